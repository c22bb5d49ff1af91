/* Private to the trial: the two worlds of one unit's case (trial.h). */
#ifndef WARDEN_TRIAL_WORLD_H
#define WARDEN_TRIAL_WORLD_H

#include "trial.h"

/* Fill c->blocks with the cells that the unit's rows change; they live in the arena. Errors of warden_trial. */
SY_MUST sy_status trial_compare(struct trial_case *c, struct sy_arena *arena);

/* The unit's part of a figure of a cell, in the units that the figure is noised in; and of its number of units. */
double trial_part(const struct rules_block_facts *f, const struct trial_cell *x, size_t figure);
double trial_units_part(const struct trial_cell *x);

/* The advantage that the plan's noise allows on this unit: by its own part, and by the plan's price at most. Cell-key
 * blocks are left out: they have no such bound. */
double trial_bound(const struct trial_case *c);

/* The advantage that the plan's price allows on anybody, whatever the data are; 1 with cell-key blocks. *ret_noised: some
 * block has such a price. */
double trial_price(const struct rules_plan_facts *facts, bool *ret_noised);

#endif
