/*
 * Subqueries that stand for a value: IN (SELECT ...) and EXISTS under OR, NOT, CASE or in a select list,
 * and scalar subqueries with one aggregate. Each is reduced by what ties it to the outer row (over
 * protected rows: the unit), so a row finds at most one row of it, and joined to the left of it; the
 * node's value is then a column. Nothing is multiplied and nothing is lost.
 */
#include "lower_internal.h"

/* --- what a condition reads ----------------------------------------------------------------------- */

static sy_status reads_column(struct reading *r, const json_t *node)
{
    bool mine = false;
    bool theirs = false;
    size_t ord = 0;
    SY_TRY(lower_column(r->own, node, &ord, &mine));
    if (!mine) {
        SY_TRY(lower_column(r->outer, node, &ord, &theirs));
    }
    r->mine = r->mine || mine;
    r->theirs = r->theirs || theirs;
    r->unknown = r->unknown || (!mine && !theirs);
    return SY_OK;
}

sy_status lower_reads(struct reading *r, const json_t *node)
{
    if (json_is_array(node)) {
        for (size_t i = 0; i < json_array_size(node); i++) {
            SY_TRY(lower_reads(r, json_array_get(node, i)));
        }
        return SY_OK;
    }
    if (ast_is(node, "class", "COLUMN_REF")) {
        return reads_column(r, node);
    }
    json_t *o = json_is_object(node) ? (json_t *)(uintptr_t)node : NULL;
    bool query = ast_is(node, "class", "SUBQUERY");
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        if (!query || strcmp(json_object_iter_key(it), "subquery") != 0) {
            SY_TRY(lower_reads(r, json_object_iter_value(it)));
        }
    }
    return SY_OK;
}

/* --- joining the reduced rows --------------------------------------------------------------------- */

/* A subquery under way: its reduced rows, and the outer query's side of each equality. */
struct lifting {
    struct builder *b;
    const json_t *node;
    uint64_t pos;
    struct relval inner;
    struct correlated by;
    const json_t **outer;
};

static sy_status open_sides(struct lifting *x, size_t n)
{
    x->by.inner = sy_arena_alloc(x->b->arena, n + 1, sizeof *x->by.inner);
    x->by.at = sy_arena_alloc(x->b->arena, n + 1, sizeof *x->by.at);
    x->outer = sy_arena_alloc(x->b->arena, n + 1, sizeof *x->outer);
    bool full = x->by.inner == NULL || x->by.at == NULL || x->outer == NULL;
    return full ? lower_no_memory(x->b) : SY_OK;
}

static sy_status equality(struct joining *j, const json_t *outer, size_t key, uint64_t pos,
                          size_t *ret)
{
    size_t args[2];
    SY_TRY(lower_expr(&j->ctx, outer, &args[0]));
    SY_TRY(
        expr_col(&j->ctx, j->ctx.n_cols - j->ctx.b->types[j->r->rel].n_cols + key, pos, &args[1]));
    SY_TRY(expr_unify(&j->ctx, &args[0], &args[1], pos));
    return expr_op(&j->ctx, "eq", args, 2, pos, ret);
}

/* v LEFT JOIN the reduced rows; the value's columns are then v's. */
static sy_status join_value(struct lifting *x, struct lifted *l, struct relval *v)
{
    struct builder *b = x->b;
    struct relval *left = sy_arena_alloc(b->arena, 1, sizeof *left);
    struct joining *j = sy_arena_alloc(b->arena, 1, sizeof *j);
    size_t *all = sy_arena_alloc(b->arena, x->by.n + 1, sizeof *all);
    size_t on;
    if (left == NULL || j == NULL || all == NULL) {
        return lower_no_memory(b);
    }
    *left = *v;
    SY_TRY(join_open(b, left, &x->inner, j));
    j->ctx.n_names = left->n_names;
    j->ctx.lifted = left->lifted;
    for (size_t i = 0; i < x->by.n; i++) {
        SY_TRY(equality(j, x->outer[i], x->by.at[i], x->pos, &all[i]));
    }
    SY_TRY(expr_and(&j->ctx, all, x->by.n, x->pos, &on));
    SY_TRY(join_close(b, j, "left", on, x->pos, &v->rel));
    size_t n_left = b->types[left->rel].n_cols;
    l->node = x->node;
    l->ties = x->outer;
    l->n_ties = x->by.n;
    l->ord[0] += n_left;
    l->ord[1] += n_left;
    l->next = v->lifted;
    v->lifted = l;
    return SY_OK;
}

/* Reduce and join; protected rows that are not tied by their unit are refused here. */
static sy_status close_lifting(struct lifting *x, struct relval *v)
{
    struct lifted *l = sy_arena_alloc(x->b->arena, 1, sizeof *l);
    if (l == NULL) {
        return lower_no_memory(x->b);
    }
    x->b->pos = x->pos;
    x->b->untracked = REFUSE_SEMI_UNIT;
    SY_TRY(lower_reduce_by(x->b, &x->by, &x->inner, l));
    SY_TRY(join_value(x, l, v));
    x->b->untracked = 0;
    return SY_OK;
}

/* --- IN (SELECT ...) ------------------------------------------------------------------------------ */

/* Away from the top of a WHERE it matters that SQL's IN is NULL when a NULL is met. */
static sy_status check_in_nulls(struct lifting *x, const struct sy_type *in, const struct relval *v)
{
    struct exprs *list = sy_arena_alloc(x->b->arena, 1, sizeof *list);
    if (list == NULL) {
        return lower_no_memory(x->b);
    }
    struct ctx c = rel_ctx(x->b, v, list);
    size_t at;
    SY_TRY(lower_expr(&c, x->outer[0], &at));
    if (in->kind == SY_TYPE_UNIT || (!in->nullable && !list->t[at].nullable)) {
        return SY_OK;
    }
    return lower_refuse_named(x->b, REFUSE_TYPE, x->pos, sy_view_str("IN (SELECT)"),
                              "one side may be NULL; write EXISTS");
}

/* The subquery's one column, as a node that its own rows can be reduced by. */
static sy_status in_column(struct lifting *x)
{
    static const char key[] = "in";
    json_t *ref = json_pack("{s:s, s:s, s:[s]}", "class", "COLUMN_REF", "type", "COLUMN_REF",
                            "column_names", key);
    if (ref == NULL || json_array_append_new(x->b->trees, ref) != 0) {
        return lower_no_memory(x->b);
    }
    x->inner.names[0].name = sy_view_str(key);
    x->inner.names[0].table = (struct sy_view){0};
    x->inner.names[0].qualified_only = false;
    x->by.inner[0] = ref;
    x->by.n = 1;
    return SY_OK;
}

static sy_status lift_in(struct lifting *x, const json_t *query, struct relval *v)
{
    if (!ast_is(x->node, "comparison_type", "COMPARE_EQUAL")) {
        return lower_refuse(x->b, REFUSE_SUBQUERY_PLACE, x->pos);
    }
    SY_TRY(lower_query(x->b, query, &x->inner));
    if (x->inner.n_names != 1) {
        return lower_refuse(x->b, REFUSE_SUBQUERY_COLUMN, x->pos);
    }
    SY_TRY(open_sides(x, 1));
    x->outer[0] = json_object_get(x->node, "child");
    SY_TRY(in_column(x));
    struct sy_type in = x->b->types[x->inner.rel].cols[x->inner.names[0].ord];
    SY_TRY(close_lifting(x, v));
    return check_in_nulls(x, &in, v);
}

/* --- EXISTS and scalar subqueries ----------------------------------------------------------------- */

static sy_status reads_one(struct lifting *x, const struct relval *v, const json_t *node,
                           bool *ret_mine, bool *ret_theirs)
{
    struct ctx own = rel_ctx(x->b, &x->inner, NULL);
    struct ctx outer = rel_ctx(x->b, v, NULL);
    struct reading r = {.own = &own, .outer = &outer};
    SY_TRY(lower_reads(&r, node));
    *ret_mine = r.mine;
    *ret_theirs = r.theirs;
    return SY_OK;
}

/* inner = outer, in either order. */
static sy_status split(struct lifting *x, const struct relval *v, const json_t *condition)
{
    const json_t *side[2] = {json_object_get(condition, "left"),
                             json_object_get(condition, "right")};
    bool mine[2];
    bool theirs[2];
    SY_TRY(ast_check(x->b, condition));
    if (!ast_is(condition, "type", "COMPARE_EQUAL")) {
        return lower_refuse(x->b, REFUSE_SUBQUERY_TIE, x->b->pos);
    }
    for (size_t i = 0; i < 2; i++) {
        SY_TRY(reads_one(x, v, side[i], &mine[i], &theirs[i]));
    }
    size_t inner = mine[0] && !theirs[0] ? 0 : 1;
    if (theirs[inner] || !mine[inner] || mine[1 - inner] || !theirs[1 - inner]) {
        return lower_refuse(x->b, REFUSE_SUBQUERY_TIE, x->b->pos);
    }
    x->by.inner[x->by.n] = side[inner];
    x->outer[x->by.n++] = side[1 - inner];
    return SY_OK;
}

static sy_status lift_correlated(struct lifting *x, const json_t *correlated, struct relval *v)
{
    size_t n = json_array_size(correlated);
    if (n == 0) {
        return lower_refuse(x->b, REFUSE_SUBQUERY_UNTIED, x->pos);
    }
    SY_TRY(open_sides(x, n));
    for (size_t i = 0; i < n; i++) {
        SY_TRY(split(x, v, json_array_get(correlated, i)));
    }
    return close_lifting(x, v);
}

static sy_status lift_exists(struct lifting *x, const json_t *query, json_t *correlated,
                             struct relval *v)
{
    SY_TRY(lower_exists_inner(x->b, query, v, correlated, &x->inner));
    return lift_correlated(x, correlated, v);
}

/* One aggregate alone: of no rows it is NULL (a count: 0), as the join then says. An expression around
 * it could turn that into something else, and belongs outside. */
static sy_status check_scalar(struct lifting *x, const json_t *query)
{
    const json_t *items = json_object_get(query, "select_list");
    const json_t *call = json_array_get(items, 0);
    SY_TRY(ast_check(x->b, query));
    bool grouped = json_array_size(json_object_get(query, "group_expressions")) != 0 ||
                   ast_is(query, "aggregate_handling", "FORCE_AGGREGATES");
    if (!ast_is(query, "type", "SELECT_NODE") || json_array_size(items) != 1 || grouped ||
        !ast_is_aggregate(call)) {
        return lower_refuse(x->b, REFUSE_SCALAR_SUBQUERY, x->pos);
    }
    x->by.call = call;
    return SY_OK;
}

static sy_status lift_scalar(struct lifting *x, const json_t *query, json_t *correlated,
                             struct relval *v)
{
    struct builder *b = x->b;
    SY_TRY(check_scalar(x, query));
    struct cte *before = b->ctes;
    SY_TRY(lower_with(b, query));
    SY_TRY(lower_from(b, json_object_get(query, "from_table"), &x->inner));
    SY_TRY(lower_where(b, json_object_get(query, "where_clause"), v, correlated, &x->inner));
    SY_TRY(lower_with_end(b, before));
    return lift_correlated(x, correlated, v);
}

static sy_status lift_kind(struct lifting *x, json_t *correlated, struct relval *v)
{
    const json_t *query = json_object_get(json_object_get(x->node, "subquery"), "node");
    if (ast_is(x->node, "subquery_type", "ANY")) {
        return lift_in(x, query, v);
    }
    if (ast_is(x->node, "subquery_type", "SCALAR")) {
        return lift_scalar(x, query, correlated, v);
    }
    if (ast_is(x->node, "subquery_type", "EXISTS")) {
        return lift_exists(x, query, correlated, v);
    }
    return lower_refuse(x->b, REFUSE_SUBQUERY_PLACE, x->pos);
}

static sy_status lift(struct builder *b, const json_t *node, struct relval *v)
{
    struct lifting *x = sy_arena_alloc(b->arena, 1, sizeof *x);
    if (x == NULL) {
        return lower_no_memory(b);
    }
    SY_TRY(ast_check(b, node));
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    x->b = b;
    x->node = node;
    x->pos = b->pos;
    json_t *correlated = json_array();
    if (correlated == NULL || json_array_append_new(b->trees, correlated) != 0) {
        return lower_no_memory(b);
    }
    b->depth++;
    sy_status st = lift_kind(x, correlated, v);
    b->depth--;
    return st;
}

sy_status lower_lift_subqueries(struct builder *b, const json_t *node, struct relval *v)
{
    if (json_is_array(node)) {
        for (size_t i = 0; i < json_array_size(node); i++) {
            SY_TRY(lower_lift_subqueries(b, json_array_get(node, i), v));
        }
        return SY_OK;
    }
    if (ast_is(node, "class", "SUBQUERY")) {
        return lift(b, node, v);
    }
    json_t *o = json_is_object(node) ? (json_t *)(uintptr_t)node : NULL;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        SY_TRY(lower_lift_subqueries(b, json_object_iter_value(it), v));
    }
    return SY_OK;
}
