/* What: finding and becoming `shuyu`. */
#include "online.h"

#include <libgen.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

enum { WORDS_MAX = 64 };

void online_find(char ret[ONLINE_PATH_BYTES])
{
    static const char *const places[] = {"shuyu", "../../sdk/cli/shuyu"};
    char self[ONLINE_PATH_BYTES];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n < 0 ? 0 : n] = '\0';
    const char *here = n < 0 ? "." : dirname(self);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int len = snprintf(ret, ONLINE_PATH_BYTES, "%s/%s", here, places[i]);
        if (len > 0 && len < ONLINE_PATH_BYTES && access(ret, X_OK) == 0) {
            return;
        }
    }
    (void)snprintf(ret, ONLINE_PATH_BYTES, "shuyu");
}

int online_erase(char *const *words)
{
    static char payload[] = "payload", erase[] = "erase", name[] = "shuyu";
    char path[ONLINE_PATH_BYTES];
    char *all[WORDS_MAX] = {name, payload, erase};
    size_t n = 3;
    for (; *words != NULL; words++) {
        if (n == WORDS_MAX - 1) {
            fprintf(stderr, "shuyu-audit: too many arguments\n");
            return 2;
        }
        all[n++] = *words;
    }
    online_find(path);
    execvp(path, all);
    fprintf(stderr, "shuyu-audit: shuyu is not installed\n");
    return 2;
}
