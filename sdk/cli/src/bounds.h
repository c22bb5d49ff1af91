/*
 * Clamps from public knowledge: what a value set's published distribution says about the error of a clamped
 * sum or average, before anybody looks at data. A wide clamp costs noise, a narrow one bias; the file says
 * how values spread, the domain's price list how much noise, and the best clamp is where both together
 * are least.
 *
 * Threads: pure, but for reading the file. Source: docs/roles/reviewer.md.
 */
#ifndef CLI_BOUNDS_H
#define CLI_BOUNDS_H

#include "base/arena.h"
#include "base/status.h"
#include "base/view.h"

enum { CLI_BOUNDS_VALUES_MAX = 10000, CLI_BOUNDS_STEPS_MAX = 16 };

/* A point of a published histogram or table of quantiles: `share` of the values are about `value`. */
struct cli_bounds_point {
    double value;
    double share; /* all together 1 */
    struct sy_view text;
};

/* population: how many values the figure is made of. average: of the values, not their sum. */
struct cli_bounds {
    struct sy_view figure, block; /* block "" = the only one */
    uint64_t population;
    bool average;
    struct cli_bounds_point *points; /* ascending by value */
    size_t n_points;
};

/* Read a YAML file: figure, block, population, of (sum or average), values ({value, share}). Shares are
 * made to add up to 1 when they are off by at most 2 % (rounding). SY_E_FIELD with file, line, column and what is
 * wrong; SY_E_NOT_FOUND; SY_E_NO_MEMORY. Lists and texts are in the arena. */
SY_MUST sy_status cli_bounds_read(const char *path, struct sy_arena *arena, struct cli_bounds *ret,
                                  struct sy_error *reterr);

/* What the clamp [lo, hi] does to the expected figure: of the sum of all values, or of their average. */
double cli_bounds_bias(const struct cli_bounds *b, double lo, double hi);

/* The figure itself, by the file. */
double cli_bounds_expected(const struct cli_bounds *b);

/* Points to try as an end of the clamp, ret[0 .. returned): at most CLI_BOUNDS_STEPS_MAX of those from
 * the median up (upper), or down to the least, always with the outermost one. */
size_t cli_bounds_steps(const struct cli_bounds *b, bool upper, size_t ret[CLI_BOUNDS_STEPS_MAX]);

#endif
