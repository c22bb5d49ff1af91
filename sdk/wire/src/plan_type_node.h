/* One expression under typing, and what the operators' functions share. */
#ifndef WIRE_PLAN_TYPE_NODE_H
#define WIRE_PLAN_TYPE_NODE_H

#include "plan_type_internal.h"

struct node {
    struct sy_typer *t;
    const struct sy_expr_scope *scope;
    const struct sy_plan_expr *e;
    struct sy_error *err;
    struct sy_type *ret; /* its grade is set already */
};

#define NODE_FAIL(n, ...) PLAN_FAIL((n)->err, "", __VA_ARGS__)

static inline const struct sy_type *node_arg(const struct node *n, size_t j)
{
    return &n->scope->types[n->e->args[j]];
}

/* Is argument j a literal or a parameter? */
bool node_arg_literal(const struct node *n, size_t j);

/* The result's interval, checked: integers within +-2^62, dates within the years 1 to 9999. */
sy_status node_interval(struct node *n, sy_i128 lo, sy_i128 hi);

/* Every argument must be of this kind; INT arguments of one scale when `same_scale`. */
sy_status node_want(struct node *n, enum sy_type_kind kind, bool same_scale);

/* The result is NULL when any argument is. */
void node_strict(struct node *n);

/* The result is a condition. */
sy_status node_bool(struct node *n);

/* The operators; which function types which is in the table of plan_type_expr.c. */
sy_status plan_type_add_sub(struct node *n);
sy_status plan_type_mul(struct node *n);
sy_status plan_type_div(struct node *n);
sy_status plan_type_mod(struct node *n);
sy_status plan_type_neg(struct node *n);
sy_status plan_type_abs(struct node *n);
sy_status plan_type_rescale(struct node *n);
sy_status plan_type_least_greatest(struct node *n);
sy_status plan_type_bool_int(struct node *n);

sy_status plan_type_compare(struct node *n);
sy_status plan_type_in(struct node *n);
sy_status plan_type_logic(struct node *n);
sy_status plan_type_is_null(struct node *n);
sy_status plan_type_case(struct node *n);
sy_status plan_type_coalesce(struct node *n);

sy_status plan_type_date_part(struct node *n);
sy_status plan_type_trunc(struct node *n);
sy_status plan_type_months(struct node *n);
sy_status plan_type_add_months(struct node *n);
sy_status plan_type_period(struct node *n);

sy_status plan_type_like(struct node *n);
sy_status plan_type_prefix(struct node *n);

/* May these two texts be ordered (lt, le, gt, ge)? */
sy_status plan_text_order(struct node *n);

#endif
