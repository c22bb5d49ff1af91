/*
 * WHERE: plain conditions become one filter; IN (SELECT ...) and EXISTS directly under AND become semi
 * and anti joins; subqueries anywhere else in a condition are columns before it is lowered
 * (lower_subquery.c). Membership in a set made of protected rows must be by the unit itself: any other
 * key would let one person's rows decide about another's.
 */
#include "lower_internal.h"

/* A condition under the top AND: a subquery, possibly negated, or a plain one. */
struct conjunct {
    const json_t *node;
    bool negated;
    bool subquery;
};

static sy_status add_conjunct(struct builder *b, const json_t *node, struct conjunct **list,
                              size_t *n, size_t *cap)
{
    struct conjunct k = {.node = node};
    const json_t *child = json_array_get(json_object_get(node, "children"), 0);
    if (ast_is(node, "type", "OPERATOR_NOT") && ast_is(child, "class", "SUBQUERY")) {
        k = (struct conjunct){child, true, true};
    } else if (ast_is(node, "class", "SUBQUERY") && !ast_is(node, "subquery_type", "SCALAR")) {
        k.subquery = true;
    }
    *list = lower_grow(b, *list, *n, cap, sizeof **list);
    if (*list == NULL) {
        return lower_no_memory(b);
    }
    (*list)[(*n)++] = k;
    return SY_OK;
}

static sy_status flatten(struct builder *b, const json_t *node, struct conjunct **list, size_t *n,
                         size_t *cap)
{
    if (!ast_is(node, "type", "CONJUNCTION_AND")) {
        return add_conjunct(b, node, list, n, cap);
    }
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    SY_TRY(ast_check(b, node));
    const json_t *children = json_object_get(node, "children");
    b->depth++;
    for (size_t i = 0; i < json_array_size(children); i++) {
        SY_TRY(flatten(b, json_array_get(children, i), list, n, cap));
    }
    b->depth--;
    return SY_OK;
}

/* --- plain conditions ----------------------------------------------------------------------------- */

sy_status lower_filter(struct builder *b, struct exprs *list, const size_t *args, size_t n,
                       struct relval *v)
{
    struct ctx c = rel_ctx(b, v, list);
    uint64_t pos = b->pos;
    size_t all;
    SY_TRY(expr_and(&c, args, n, pos, &all));
    struct sy_plan_rel r = {0};
    r.outs = sy_arena_alloc(b->arena, 1, sizeof *r.outs);
    if (r.outs == NULL) {
        return lower_no_memory(b);
    }
    r.outs[0] = all;
    r.n_outs = 1;
    SY_TRY(rel_over(b, "filter", v, list, &r));
    return rel_add(b, &r, pos, &v->rel);
}

/* Is it for both queries of a correlated subquery to say? Then it is kept for the join. */
static sy_status keep_correlated(struct ctx *own, struct ctx *theirs, const json_t *node,
                                 json_t *correlated, bool *ret)
{
    struct reading r = {.own = own, .outer = theirs};
    SY_TRY(lower_reads(&r, node));
    *ret = r.theirs;
    if (r.theirs && json_array_append(correlated, (json_t *)(uintptr_t)node) != 0) {
        return lower_no_memory(own->b);
    }
    return SY_OK;
}

static sy_status plain_conditions(struct builder *b, const struct conjunct *list, size_t n,
                                  const struct relval *outer, json_t *correlated, struct relval *v)
{
    struct exprs *exprs = sy_arena_alloc(b->arena, 1, sizeof *exprs);
    size_t *args = sy_arena_alloc(b->arena, n + 1, sizeof *args);
    if (exprs == NULL || args == NULL) {
        return lower_no_memory(b);
    }
    struct ctx own = rel_ctx(b, v, exprs);
    struct ctx theirs = outer == NULL ? own : rel_ctx(b, outer, exprs);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool both = false;
        if (list[i].subquery) {
            continue;
        }
        if (outer != NULL) {
            SY_TRY(keep_correlated(&own, &theirs, list[i].node, correlated, &both));
        }
        if (!both) {
            SY_TRY(lower_condition(&own, list[i].node, &args[kept]));
            kept++;
        }
    }
    return kept == 0 ? SY_OK : lower_filter(b, exprs, args, kept, v);
}

/* --- semi and anti joins -------------------------------------------------------------------------- */

static sy_status close_membership(struct builder *b, struct joining *j, const struct conjunct *k,
                                  size_t on, uint64_t pos, struct relval *v)
{
    size_t rel;
    SY_TRY(join_close(b, j, k->negated ? "anti" : "semi", on, pos, &rel));
    v->rel = rel;
    return SY_OK;
}

/* NULLs make NOT IN empty in SQL but not an anti join; units need no care, NULL units never count. */
static sy_status check_not_in(struct builder *b, const struct joining *j, const size_t args[2],
                              uint64_t pos)
{
    const struct sy_type *x = &j->list.t[args[0]];
    const struct sy_type *y = &j->list.t[args[1]];
    if (x->kind == SY_TYPE_UNIT || (!x->nullable && !y->nullable)) {
        return SY_OK;
    }
    return lower_refuse_named(b, REFUSE_TYPE, pos, sy_view_str("NOT IN"),
                              "one side may be NULL; write NOT EXISTS");
}

static sy_status lower_in(struct builder *b, const struct conjunct *k, struct relval *v)
{
    struct relval inner = {0};
    struct joining *j = sy_arena_alloc(b->arena, 1, sizeof *j);
    struct relval *left = sy_arena_alloc(b->arena, 1, sizeof *left);
    uint64_t pos = b->pos;
    if (j == NULL || left == NULL) {
        return lower_no_memory(b);
    }
    if (!ast_is(k->node, "comparison_type", "COMPARE_EQUAL")) {
        return lower_refuse(b, REFUSE_SUBQUERY_PLACE, pos);
    }
    SY_TRY(lower_query(b, json_object_get(json_object_get(k->node, "subquery"), "node"), &inner));
    if (inner.n_names != 1) {
        return lower_refuse(b, REFUSE_SUBQUERY_COLUMN, pos);
    }
    *left = *v;
    SY_TRY(join_open(b, left, &inner, j));
    j->ctx.n_names = left->n_names; /* the tested value reads the outer query only */
    size_t args[2];
    size_t on;
    SY_TRY(lower_expr(&j->ctx, json_object_get(k->node, "child"), &args[0]));
    SY_TRY(expr_col(&j->ctx, b->types[left->rel].n_cols + inner.names[0].ord, pos, &args[1]));
    SY_TRY(expr_unify(&j->ctx, &args[0], &args[1], pos));
    SY_TRY(expr_op(&j->ctx, "eq", args, 2, pos, &on));
    SY_TRY(close_membership(b, j, k, on, pos, v));
    return k->negated ? check_not_in(b, j, args, pos) : SY_OK;
}

/* The inner query of EXISTS: FROM and WHERE only; what is selected does not matter. */
sy_status lower_exists_inner(struct builder *b, const json_t *node, const struct relval *outer,
                             json_t *correlated, struct relval *ret)
{
    SY_TRY(ast_check(b, node));
    if (!ast_is(node, "type", "SELECT_NODE") || lower_groups(node)) {
        return lower_refuse_named(b, REFUSE_SUBQUERY_PLACE, b->pos, sy_view_str("EXISTS"),
                                  "EXISTS over groups or sets");
    }
    struct cte *before = b->ctes;
    SY_TRY(lower_with(b, node));
    SY_TRY(lower_from(b, json_object_get(node, "from_table"), ret));
    SY_TRY(lower_where(b, json_object_get(node, "where_clause"), outer, correlated, ret));
    return lower_with_end(b, before);
}

/* Conditions over both queries, inner names first. */
static sy_status exists_condition(struct joining *j, const json_t *correlated, uint64_t pos,
                                  size_t *ret)
{
    size_t n = json_array_size(correlated);
    size_t *args = sy_arena_alloc(j->ctx.b->arena, n + 1, sizeof *args);
    if (args == NULL) {
        return lower_no_memory(j->ctx.b);
    }
    j->ctx.outer = j->names;
    j->ctx.n_outer = j->l->n_names;
    j->ctx.names = j->names + j->l->n_names;
    j->ctx.n_names = j->r->n_names;
    for (size_t i = 0; i < n; i++) {
        SY_TRY(lower_condition(&j->ctx, json_array_get(correlated, i), &args[i]));
    }
    return expr_and(&j->ctx, args, n, pos, ret);
}

static sy_status exists_join(struct builder *b, const struct conjunct *k, json_t *correlated,
                             struct relval *v)
{
    struct relval inner = {0};
    struct joining *j = sy_arena_alloc(b->arena, 1, sizeof *j);
    struct relval *left = sy_arena_alloc(b->arena, 1, sizeof *left);
    uint64_t pos = b->pos;
    if (j == NULL || left == NULL) {
        return lower_no_memory(b);
    }
    *left = *v;
    const json_t *query = json_object_get(json_object_get(k->node, "subquery"), "node");
    SY_TRY(lower_exists_inner(b, query, left, correlated, &inner));
    SY_TRY(join_open(b, left, &inner, j));
    size_t on;
    SY_TRY(exists_condition(j, correlated, pos, &on));
    return close_membership(b, j, k, on, pos, v);
}

static sy_status lower_exists(struct builder *b, const struct conjunct *k, struct relval *v)
{
    json_t *correlated = json_array();
    if (correlated == NULL) {
        return lower_no_memory(b);
    }
    sy_status st = exists_join(b, k, correlated, v);
    json_decref(correlated);
    return st;
}

static sy_status lower_membership(struct builder *b, struct conjunct k, struct relval *v)
{
    SY_TRY(ast_check(b, k.node));
    if (ast_is(k.node, "subquery_type", "ANY")) {
        return lower_in(b, &k, v);
    }
    if (ast_is(k.node, "subquery_type", "NOT_EXISTS")) {
        k.negated = !k.negated;
    } else if (!ast_is(k.node, "subquery_type", "EXISTS")) {
        return lower_refuse(b, REFUSE_SUBQUERY_PLACE, b->pos);
    }
    return lower_exists(b, &k, v);
}

sy_status lower_where(struct builder *b, const json_t *where, const struct relval *outer,
                      json_t *correlated, struct relval *v)
{
    struct conjunct *list = NULL;
    size_t n = 0;
    size_t cap = 0;
    if (!json_is_object(where)) {
        return SY_OK;
    }
    SY_TRY(flatten(b, where, &list, &n, &cap));
    for (size_t i = 0; i < n; i++) {
        if (!list[i].subquery) {
            SY_TRY(lower_lift_subqueries(b, list[i].node, v));
        }
    }
    SY_TRY(plain_conditions(b, list, n, outer, correlated, v));
    for (size_t i = 0; i < n; i++) {
        if (list[i].subquery) {
            SY_TRY(lower_membership(b, list[i], v));
        }
    }
    return SY_OK;
}
