/*
 * The accountant's functions, a line in, a line out, for tests/attack/inproc/accountant.py:
 *
 *   scale KIND GROUPS ROWS BOUND RHO   tau KIND SCALE GROUPS DELTA   share RHO FIGURES OPEN   epsilon RHO DELTA
 *
 * KIND is gauss or laplace. A number comes back, or "refused".
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rules/accountant.h"
#include "wire/zcdp.h"

static enum rules_noise kind_of(const char *name)
{
    return strcmp(name, "gauss") == 0 ? RULES_NOISE_GAUSS : RULES_NOISE_LAPLACE;
}

static void say(sy_status s, uint64_t value)
{
    if (sy_ok(s)) {
        printf("%" PRIu64 "\n", value);
    } else {
        puts("refused");
    }
}

static int one_line(const char *line)
{
    char kind[16];
    uint64_t v[4] = {0}, out = 0;
    if (sscanf(line, "scale %15s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, kind, &v[0], &v[1],
               &v[2], &v[3]) == 5) {
        struct rules_reach r = {.groups = v[0], .rows = v[1], .bound = v[2]};
        sy_status s = rules_noise_scale(kind_of(kind), &r, v[3], &out, NULL);
        say(s, out);
    } else if (sscanf(line, "tau %15s %" SCNu64 " %" SCNu64 " %" SCNu64, kind, &v[0], &v[1],
                      &v[2]) == 4) {
        int64_t tau = 0;
        sy_status s = rules_tau(kind_of(kind), v[0], v[1], v[2], &tau, NULL);
        say(s, (uint64_t)tau);
    } else if (sscanf(line, "share %" SCNu64 " %" SCNu64 " %" SCNu64, &v[0], &v[1], &v[2]) == 3) {
        say(SY_OK, rules_rho_share(v[0], (size_t)v[1], v[2] != 0));
    } else if (sscanf(line, "epsilon %" SCNu64 " %" SCNu64, &v[0], &v[1]) == 2) {
        say(SY_OK, sy_zcdp_epsilon(v[0], v[1]));
    } else {
        return 2;
    }
    return 0;
}

int main(void)
{
    char line[512];
    int status = 0;
    while (status == 0 && fgets(line, sizeof line, stdin) != NULL) {
        status = one_line(line);
    }
    return status;
}
