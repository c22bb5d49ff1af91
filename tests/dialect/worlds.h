/*
 * Small random worlds for neighbour tests: worlds 2k and 2k + 1 differ in one unit, taken out of every
 * table in which any of its unit columns names it. Values are drawn so that a plan's conditions are met
 * often: near its constants, from its labels, else from a few values of the field's declared set.
 */
#ifndef DIALECT_WORLDS_H
#define DIALECT_WORLDS_H

#include "asking.h"

enum { WORLD_UNITS = 12, WORLD_ROWS = 36 };

/* The unit that is missing from world 2k + 1. */
struct absent {
    struct sy_view ns;
    uint64_t unit; /* 0 .. WORLD_UNITS - 1 */
};

struct worlds {
    struct tables ts; /* all worlds one after another; unit codes: world x WORLD_UNITS + unit */
    size_t n_pairs;
    struct absent *absent; /* per pair */
    size_t **first;        /* [table][world]: its first row; one more at the end */
};

/* Worlds for the tables that the plan reads, with the parameters it will run with. */
void worlds_make(struct worlds *w, const struct tables *catalogue, const struct sy_plan *plan,
                 const uint64_t *params, size_t n_pairs, uint64_t seed);
void worlds_free(struct worlds *w);

/* One world alone, its unit codes 0 .. WORLD_UNITS - 1; lists in the arena. */
void worlds_one(const struct worlds *w, size_t world, struct tables *ret, struct sy_arena *arena);

#endif
