/* One relation under typing, and what the operators' functions share. */
#ifndef WIRE_PLAN_TYPE_REL_H
#define WIRE_PLAN_TYPE_REL_H

#include "plan_type_internal.h"

struct rel {
    struct sy_typer *t;
    const struct sy_plan_rel *r;
    const struct sy_rel_types **in; /* r->n_in */
    struct sy_rel_types *ret;
    size_t at; /* ordinal in the plan */
    struct sy_error *err;
};

/* Room for the relation's n columns. */
sy_status plan_rel_cols(struct rel *x, size_t n);

/* Type the expressions over these columns; every out is one of them. */
sy_status plan_rel_exprs(struct rel *x, const struct sy_type *cols, size_t n_cols);

/* One name for each of n columns. */
sy_status plan_rel_names(struct rel *x, size_t n);

/* What is known to be unique in the result (plan_type_unique.c): its first n columns together; what is in
 * its input, whose columns come first; what is in its input and copied; of a join, with the bound of its
 * rows. */
sy_status plan_unique_first(struct rel *x, size_t n);
sy_status plan_unique_kept(struct rel *x);
sy_status plan_unique_copied(struct rel *x);
sy_status plan_unique_join(struct rel *x, bool outer);

/* The operators; which function types which is in the table of plan_type_rel.c. */
sy_status plan_type_scan(struct rel *x);
sy_status plan_type_reduce(struct rel *x);
sy_status plan_type_window(struct rel *x);

#endif
