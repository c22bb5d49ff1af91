/* Switching a control off; compiled in weak builds only. */
#include "rules/control.h"

#include <string.h>

#include "base/weak.h"

static const char *const names[RULES_CTL_N] = {
#define NAME(name, text, articles, zh, en) [RULES_CTL_##name] = text,
    RULES_CONTROLS(NAME)
#undef NAME
};

/* A control that is misspelt must not pass for one that nothing depends on. */
static enum rules_control control_off(const char *name)
{
    for (enum rules_control i = RULES_CTL_NONE + 1; i < RULES_CTL_N; i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    sy_weak_unknown();
}

bool control(enum rules_control which, bool holds)
{
    const char *off = sy_weak_control();
    return holds || (off != NULL && control_off(off) == which);
}
