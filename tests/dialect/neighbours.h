/*
 * The property that noise relies on, for one accepted model: without one unit (all the rows that it owns
 * through any unit column, in all tables) the bounded aggregates move by at most the sensitivity that
 * the price was computed from. Many worlds in one run of the engine; some again one by one, and one in
 * a sealed worker, which must give the same: that a world gives the same alone and among others is itself
 * half of the property, since rows of other units must not matter.
 */
#ifndef DIALECT_NEIGHBOURS_H
#define DIALECT_NEIGHBOURS_H

#include "asking.h"

struct neighbours {
    size_t pairs, alone; /* all; how many of them are run again on their own, at most 50 */
    bool sealed;         /* the first world also in a sealed worker */
    size_t moved;        /* out: pairs whose aggregates differ at all */
};

/* a: accepted. n->pairs in batches of 50 worlds' pairs, those alone and sealed in the first. False:
 * *ret_why says what moved too far. */
bool neighbours_check(struct bench *b, struct asking *a, uint64_t seed, struct neighbours *n,
                      const char **ret_why);

/* Run the job in a forked and sealed worker (dialect/sealed.c). */
void sealed_run(struct bench *b, struct asking *a, struct sy_run_result *ret);

#endif
