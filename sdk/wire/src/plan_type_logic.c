/*
 * Types of comparisons, conditions and choices (CASE, COALESCE). Text is compared as what it is: labels
 * of declared sets, which are public, by equality and, where the set is in order, by order; undeclared
 * text of a protected dataset not at all, because the literals of a plan would be guesses at it.
 */
#include "plan_type_node.h"

/* --- comparison and logic ----------------------------------------------------------------------- */

/* May argument j, if undeclared text, be compared with argument k? */
static sy_status open_text(struct node *n, size_t j, size_t k)
{
    const struct sy_type *a = node_arg(n, j);
    if (!a->open || node_arg(n, k)->nothing) {
        return SY_OK;
    }
    if (a->def == NULL || a->def->ns.n > 0) {
        return NODE_FAIL(n, "undeclared text of a protected dataset is compared with NULL only");
    }
    return node_arg_literal(n, k)
               ? SY_OK
               : NODE_FAIL(n, "undeclared text is compared with literals and parameters only");
}

sy_status plan_type_compare(struct node *n)
{
    bool equality = sy_view_is(n->e->op, "eq") || sy_view_is(n->e->op, "ne");
    const struct sy_type *a = node_arg(n, 0);
    const struct sy_type *b = node_arg(n, 1);
    SY_TRY(node_want(n, a->kind, true));
    bool ordered = a->kind == SY_TYPE_INT || a->kind == SY_TYPE_DATE || a->kind == SY_TYPE_STR;
    if (!equality && !ordered) {
        return NODE_FAIL(n, "%.*s: only integers, dates and labels have an order", SY_PV(n->e->op));
    }
    if (a->kind == SY_TYPE_UNIT && (sy_view_is(n->e->op, "ne") || !sy_view_eq(a->ns, b->ns))) {
        return NODE_FAIL(n, "units are compared by eq only, within one namespace");
    }
    if (!equality && a->kind == SY_TYPE_STR) {
        SY_TRY(plan_text_order(n));
    } else {
        SY_TRY(open_text(n, 0, 1));
        SY_TRY(open_text(n, 1, 0));
    }
    node_strict(n);
    return node_bool(n);
}

sy_status plan_type_in(struct node *n)
{
    if (node_arg(n, 0)->kind == SY_TYPE_UNIT) {
        return NODE_FAIL(n, "a unit is never compared with a list");
    }
    SY_TRY(node_want(n, node_arg(n, 0)->kind, true));
    for (size_t j = 1; j < n->e->n_args; j++) {
        if (!node_arg_literal(n, j)) {
            return NODE_FAIL(n, "in: argument %zu must be a literal or a parameter", j);
        }
        SY_TRY(open_text(n, 0, j));
    }
    node_strict(n);
    return node_bool(n);
}

sy_status plan_type_logic(struct node *n)
{
    SY_TRY(node_want(n, SY_TYPE_BOOL, false));
    for (size_t j = 0; j < n->e->n_args; j++) {
        n->ret->nullable = n->ret->nullable || node_arg(n, j)->nullable;
    }
    return node_bool(n);
}

sy_status plan_type_is_null(struct node *n)
{
    return node_bool(n);
}

sy_status plan_type_bool_int(struct node *n)
{
    SY_TRY(node_want(n, SY_TYPE_BOOL, false));
    node_strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->lo = node_arg(n, 0)->lo;
    n->ret->hi = node_arg(n, 0)->hi;
    return SY_OK;
}

/* --- choice ------------------------------------------------------------------------------------- */

/* Merge arguments first, first + step, ... and the last one; *nullable_any / all over them. */
static sy_status merge_args(struct node *n, size_t first, size_t step)
{
    size_t last = n->e->n_args - 1;
    struct sy_type r = *node_arg(n, first);
    if (r.open || r.kind == SY_TYPE_UNIT) {
        return NODE_FAIL(n, "%.*s: undeclared text and units cannot be chosen from",
                         SY_PV(n->e->op));
    }
    bool any = r.nullable;
    bool all = r.nullable;
    for (size_t j = first; j < last;) {
        j = j + step > last ? last : j + step;
        struct sy_type next = r;
        SY_TRY(plan_merge(n->t, &r, node_arg(n, j), &next, n->err));
        any = any || node_arg(n, j)->nullable;
        all = all && node_arg(n, j)->nullable;
        r = next;
    }
    r.nullable = first == 0 ? all : any;
    r.grade = n->ret->grade;
    plan_forget_source(&r);
    *n->ret = r;
    return SY_OK;
}

sy_status plan_type_case(struct node *n)
{
    if (n->e->n_args % 2 == 0) {
        return NODE_FAIL(n, "case takes pairs and an else");
    }
    for (size_t j = 0; j + 1 < n->e->n_args; j += 2) {
        if (node_arg(n, j)->kind != SY_TYPE_BOOL) {
            return NODE_FAIL(n, "case: argument %zu must be a condition", j);
        }
    }
    return merge_args(n, 1, 2);
}

sy_status plan_type_coalesce(struct node *n)
{
    return merge_args(n, 0, 1);
}
