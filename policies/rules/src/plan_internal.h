/* Private to the plan check: what its parts hand each other. */
#ifndef RULES_PLAN_INTERNAL_H
#define RULES_PLAN_INTERNAL_H

#include "rules/plan_check.h"

/* A check in progress. */
struct plan_work {
    const struct rules_plan_case *c;
    struct sy_plan_types types;
    struct sy_rel_units *units;     /* per relation */
    const struct sy_track **tracks; /* per block: whose rows it bounds; NULL: public */
    struct sy_arena *arena;
    struct sy_error *err;
};

/* "blocks[i].part", for an error's field. */
const char *check_path(struct plan_work *w, const char *list, size_t i, const char *part);

/* Noise, ranges and thresholds of every block (plan_cost.c). */
SY_MUST sy_status plan_blocks(struct plan_work *w, struct rules_plan_facts *ret);

/* What a run costs each namespace whose units own rows (plan_price.c). */
SY_MUST sy_status plan_price(struct plan_work *w, struct rules_plan_facts *ret);

/* The post stage, the slot, and the length of the answer (plan_size.c). */
SY_MUST sy_status plan_sizes(struct plan_work *w, struct rules_plan_facts *ret);

/* Kind of noise of a mechanism name; NONE for "exact" and unknown words. */
enum rules_noise plan_noise(struct sy_view mechanism);

#endif
