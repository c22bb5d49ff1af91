/*
 * Plans that were met, for threads that work ahead of a replay: a model's id is a hash over its plan, so what is known
 * once is known for good, and nobody has to look at the state for it.
 *
 * Runs in: audit tool. Trusts: its caller for what the plan of a model is. May block/alloc: allocates. Threads: adding
 * is one thread's, finding is any's, at any time in between.
 */
#ifndef RULES_PLANS_MET_H
#define RULES_PLANS_MET_H

#include "wire/plan.h"

struct plans_met;

struct plans_met *plans_met_new(void);    /* NULL: out of memory */
void plans_met_free(struct plans_met *k); /* NULL-safe; nobody finds any more */

/* There is room for a thousand; what finds none, or no memory, is left out. plan: canonical, of that model. */
void plans_met_add(struct plans_met *k, const uint8_t model[32], struct sy_view plan);

/* NULL: not known. It lives as long as `k`. */
const struct sy_plan *plans_met_find(const struct plans_met *k, const uint8_t model[32]);

#endif
