/*
 * The one weakness of a weak build. It is read before main, because programs clear their environment;
 * this file is compiled in weak builds only.
 */
#include "base/weak.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_UNKNOWN = 70 };

static const char control_prefix[] = "control.";

static enum sy_weakness weakness;
static const char *weak_control;

static const struct {
    enum sy_weakness which;
    const char *name;
} known[] = {
#define ROW(enumerator, text) {SY_WEAK_##enumerator, text},
    SY_WEAKNESSES(ROW)
#undef ROW
};

void sy_weak_unknown(void)
{
    static const char sorry[] = "SHUYU_WEAK names no weakness\n";
    (void)!write(STDERR_FILENO, sorry, sizeof(sorry) - 1);
    _exit(EXIT_UNKNOWN);
}

__attribute__((constructor)) static void read_weakness(void)
{
    const char *name = getenv("SHUYU_WEAK");
    if (name == NULL || name[0] == '\0') {
        return;
    }
    if (strncmp(name, control_prefix, sizeof(control_prefix) - 1) == 0) {
        weak_control = strdup(name + sizeof(control_prefix) - 1);
        return;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(name, known[i].name) == 0) {
            weakness = known[i].which;
            return;
        }
    }
    sy_weak_unknown();
}

bool sy_weak(enum sy_weakness which)
{
    return which != SY_WEAK_NONE && which == weakness;
}

const char *sy_weak_control(void)
{
    return weak_control;
}
