/* See test_trial_weak.h: compiled with the switches, and linked with samplers that are. */
#include "test_trial_weak.h"

static enum sy_weakness on;

void trial_weaken(enum sy_weakness which)
{
    on = which;
}

bool sy_weak(enum sy_weakness which)
{
    return which == on;
}
