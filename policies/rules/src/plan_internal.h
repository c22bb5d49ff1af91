/* Private to the plan check: what its parts hand each other. */
#ifndef RULES_PLAN_INTERNAL_H
#define RULES_PLAN_INTERNAL_H

#include "rules/plan_check.h"
#include "wire/plan_type.h"

/* What is known of a relation's units. When `ns` is set every row belongs to one unit of it, and
 * every column marked in `unit` holds that unit's identifier. */
struct unit_rel {
    struct sy_view ns; /* "" : public rows */
    bool *unit;        /* per column */
    size_t n_cols;
    uint64_t units_max; /* distinct units at most */
};

/* A check in progress. */
struct plan_work {
    const struct rules_plan_case *c;
    struct sy_plan_types types;
    struct unit_rel *units; /* per relation */
    struct sy_arena *arena;
    struct sy_error *err;
};

/* Track the unit through every relation (plan_units.c). SY_E_PRIVACY where it is lost. */
SY_MUST sy_status plan_units(struct plan_work *w);

/* Noise, ranges, price, slot and lengths of a checked plan (plan_cost.c). */
SY_MUST sy_status plan_cost(struct plan_work *w, struct rules_plan_facts *ret);

/* Kind of noise of a mechanism name; NONE for "exact" and unknown words. */
enum rules_noise plan_noise(struct sy_view mechanism);

#endif
