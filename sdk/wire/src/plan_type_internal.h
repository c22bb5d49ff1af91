/* What the files of plan typing share: checks used by more than one, and how errors get their path. */
#ifndef WIRE_PLAN_TYPE_INTERNAL_H
#define WIRE_PLAN_TYPE_INTERNAL_H

#include "base/arith.h"
#include "wire/plan_type.h"

/* Put "outer." before the field that a failed inner check named; hands the status through. */
sy_status plan_path(sy_status st, struct sy_error *reterr, const char *list, size_t i);

/* A failed check of plan typing: SY_E_PLAN with this field. */
#define PLAN_FAIL(reterr, field, ...) sy_fail((reterr), SY_E_PLAN, (field), __VA_ARGS__)

/* *ret = v when v lies within +-2^62. */
bool plan_value(sy_i128 v, int64_t *ret);

/* a x b, at most 2^62. */
uint64_t plan_rows_mul(uint64_t a, uint64_t b);

/* Room for a set of n labels that the plan makes. */
sy_status plan_labels_new(struct sy_typer *t, size_t n, struct sy_view **ret, struct sy_error *err);

/* Drop repeats, keeping the order of appearance. */
sy_status plan_labels_distinct(struct sy_view *all, size_t n, size_t *ret_n, struct sy_error *err);

/* Are the labels of this text declared in bytewise order? */
sy_status plan_labels_ascending(struct sy_typer *t, const struct sy_type *a, struct sy_error *err);

/* The least type that holds both: same kind and scale, hull of intervals, union of labels. Neither may
 * be open text or a unit. *ret keeps its grade and nullability for the caller to set. */
sy_status plan_merge(struct sy_typer *t, const struct sy_type *a, const struct sy_type *b,
                     struct sy_type *ret, struct sy_error *reterr);

/* Type every expression of a list. */
sy_status plan_exprs(struct sy_typer *t, const struct sy_expr_scope *scope, size_t n,
                     struct sy_error *reterr);

/* What a block with a tree must be (plan_type_tree.c); its keys and figures are typed. */
sy_status plan_tree_type(const struct sy_plan_block *b, const struct sy_block_types *types,
                         struct sy_error *err);

/* This value is no longer a plain copy of a catalogued column. */
void plan_forget_source(struct sy_type *t);

/* Which expressions must hold for the condition outs[0] to hold: itself and what it joins by AND. NULL
 * when the arena is full. */
bool *plan_conjuncts(const struct sy_plan_rel *r, struct sy_arena *arena);

/* Is this a calendar of periods: "MM-DD", or ""? */
bool plan_calendar(struct sy_view text);

/* The types of the first and the last day of a period parameter. */
sy_status plan_period_type(const struct sy_plan_param *p, struct sy_type *ret_first,
                           struct sy_type *ret_last, struct sy_error *reterr);

/* The catalogue's type of a field. */
sy_status plan_field_type(const struct sy_dataset_def *def, const struct sy_field_def *f,
                          struct sy_type *ret, struct sy_error *reterr);

const struct sy_dataset_def *plan_def(const struct sy_dataset_def *defs, size_t n,
                                      struct sy_view id);

#endif
