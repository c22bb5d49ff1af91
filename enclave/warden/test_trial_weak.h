/* Which weakness of base/weak.h the samplers of the test of trials have; the rest of the program has none. */
#ifndef WARDEN_TEST_TRIAL_WEAK_H
#define WARDEN_TEST_TRIAL_WEAK_H

#include "base/weak.h"

void trial_weaken(enum sy_weakness which);

#endif
