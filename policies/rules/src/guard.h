/* Private to the rules: the guard's part in a run (rules/guard.h). */
#ifndef RULES_GUARD_INTERNAL_H
#define RULES_GUARD_INTERNAL_H

#include "method.h"
#include "region_set.h"
#include "rules/guard.h"

/* ---- a run (guard.c) ---- */

/* May these parameters be asked? SY_E_DIFFERENCING; errors of region_build. Nothing for plans without
 * cell-key blocks. */
SY_MUST sy_status guard_check(struct ask *c, const struct rules_model *m, const uint64_t *params);
/* Its regions, one row a namespace. */
SY_MUST sy_status guard_apply(struct change *x, const struct rules_model *m,
                              const uint64_t *params);
/* A refusal by the guard, counted. */
SY_MUST sy_status guard_refused(struct change *x);

/* ---- boxes (guard_box.c) ---- */

/* The box of cell-key block i, over values before the masks, as a row keeps it. */
SY_MUST sy_status guard_box(const struct rules_state *s, const struct rules_model *m,
                            const struct sy_plan_types *types, const uint64_t *params, size_t i,
                            struct sy_arena *arena, struct sy_region_box *ret,
                            struct sy_error *err);

/* ---- comparing (guard_compare.c) ---- */

enum guard_distance { GUARD_APART, GUARD_FAR, GUARD_CLOSE };

/* How two divisions of one field meet. */
struct guard_meeting {
    bool overlap;          /* they have values in common */
    bool apart;            /* together they set a group apart that neither asked for as such */
    bool narrow;           /* and it is smaller than the grain */
    bool small;            /* some group of theirs is, set apart or not */
    bool a_finer, b_finer; /* where they overlap, the one divides or cuts a class of the other */
};

/* The tables that have changed between two questions. */
struct guard_moved {
    const struct sy_view *datasets;
    size_t n;
    uint64_t units_min; /* of the pack that the later one is asked under */
};

/* grain: as the catalogue says; 0: everything is small. False: more segments than the maxima, or no memory. */
bool guard_meet(struct region_set a, struct region_set b, uint64_t grain, struct sy_arena *arena,
                struct guard_meeting *ret);

/* APART: nobody can be in both, or they share no table that has units. */
SY_MUST sy_status guard_distance_of(const struct rules_state *s, const struct sy_region_box *a,
                                    const struct sy_region_box *b, const struct guard_moved *moved,
                                    struct sy_arena *arena, enum guard_distance *ret,
                                    struct sy_error *err);

/* The set of all values of a field (before masks); false: no memory. */
bool guard_domain(const struct sy_field_def *f, struct sy_arena *arena, struct region_set *ret);

#endif
