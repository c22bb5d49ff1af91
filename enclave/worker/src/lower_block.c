/*
 * The outermost SELECT: group keys become declared cells, aggregates become bounded figures, and each
 * selected item one output column, in order. An average is a sum and a count, divided after both were
 * released. Whatever is neither a key nor an aggregate would be a row, and is refused.
 */
#include <strings.h>

#include "lower_internal.h"

struct block {
    struct builder *b;
    struct relval v;
    struct ctx c;
    struct exprs list;
    struct sy_plan_block plan;
    bool *key_out; /* which keys are selected */
    size_t cap_figures;
};

static sy_status add_out(struct block *k, const struct sy_plan_out *o, uint64_t pos)
{
    struct sy_plan *p = &k->b->plan;
    for (size_t i = 0; i < p->n_outs; i++) {
        if (sy_view_eq(p->outs[i].name, o->name)) {
            return lower_refuse_named(k->b, REFUSE_DUPLICATE_NAME, pos, o->name, NULL);
        }
    }
    p->outs[p->n_outs++] = *o;
    return SY_OK;
}

/* --- keys ----------------------------------------------------------------------------------------- */

static sy_status add_key(struct block *k, const json_t *node)
{
    struct builder *b = k->b;
    size_t at;
    SY_TRY(lower_expr(&k->c, node, &at));
    uint64_t pos = ast_pos(b, node);
    for (size_t i = 0; i < k->plan.n_keys; i++) {
        if (k->plan.keys[i].expr == at) {
            return SY_OK;
        }
    }
    const struct sy_type *t = &k->list.t[at];
    if (t->kind == SY_TYPE_UNIT) {
        return lower_refuse_named(b, REFUSE_UNIT_OUTPUT, pos, lower_item_name(b, node), NULL);
    }
    const struct sy_view *labels;
    size_t n;
    struct sy_error err = {0};
    sy_status st = sy_type_labels(t, b->arena, &labels, &n, &err);
    if (st.code == SY_E_PLAN) {
        return lower_refuse_named(b, REFUSE_KEY, pos, lower_item_name(b, node), err.reason);
    }
    SY_TRY(st);
    k->plan.keys[k->plan.n_keys++] =
        (struct sy_plan_key){.expr = at,
                             .labels = (struct sy_view *)(uintptr_t)labels,
                             .n_labels = n,
                             .nullable = t->nullable,
                             .open = t->open};
    return SY_OK;
}

static sy_status add_keys(struct block *k, const json_t *node)
{
    const json_t **nodes;
    size_t n;
    SY_TRY(lower_group_nodes(&k->c, node, &nodes, &n));
    k->plan.keys = sy_arena_alloc(k->b->arena, n + 1, sizeof *k->plan.keys);
    k->key_out = sy_arena_alloc(k->b->arena, n + 1, sizeof *k->key_out);
    if (k->plan.keys == NULL || k->key_out == NULL) {
        return lower_no_memory(k->b);
    }
    for (size_t i = 0; i < n; i++) {
        SY_TRY(add_key(k, nodes[i]));
    }
    return SY_OK;
}

/* --- figures -------------------------------------------------------------------------------------- */

static bool same_figure(const struct sy_plan_figure *a, const struct sy_plan_figure *b)
{
    return sy_view_eq(a->fn, b->fn) && a->has_arg == b->has_arg && a->expr == b->expr;
}

static sy_status add_figure(struct block *k, const struct sy_plan_figure *f, size_t *ret)
{
    for (size_t i = 0; i < k->plan.n_figures; i++) {
        if (same_figure(&k->plan.figures[i], f)) {
            *ret = i;
            return SY_OK;
        }
    }
    k->plan.figures = lower_grow(k->b, k->plan.figures, k->plan.n_figures, &k->cap_figures,
                                 sizeof *k->plan.figures);
    if (k->plan.figures == NULL) {
        return lower_no_memory(k->b);
    }
    *ret = k->plan.n_figures;
    k->plan.figures[k->plan.n_figures++] = *f;
    return SY_OK;
}

/* An aggregate of the select list. */
struct call {
    const json_t *node;
    const char *fn;
    struct sy_view name;
    bool distinct;
    uint64_t pos;
};

static sy_status call_arg(struct block *k, const struct call *a, size_t *ret)
{
    const json_t *children = json_object_get(a->node, "children");
    if (json_array_size(children) != 1) {
        return lower_refuse_named(k->b, REFUSE_AGGREGATE, a->pos, sy_view_str(a->fn), NULL);
    }
    if (ast_has_aggregate(children)) {
        return lower_refuse_named(k->b, REFUSE_AGGREGATE_NESTED, a->pos, sy_view_str(a->fn), NULL);
    }
    return lower_expr(&k->c, json_array_get(children, 0), ret);
}

/* Rows, or rows where the argument is not NULL. */
static sy_status figure_count(struct block *k, const struct call *a, const size_t *arg, size_t *ret)
{
    struct sy_plan_figure f = {.fn = sy_view_str("count"), .name = a->name};
    if (arg != NULL && k->list.t[*arg].nullable) {
        f.has_arg = true;
        f.expr = *arg;
    }
    return add_figure(k, &f, ret);
}

static sy_status figure_out(struct block *k, const struct call *a, size_t figure)
{
    struct sy_plan_out o = {.op = sy_view_str("figure"), .name = a->name, .a = figure};
    return add_out(k, &o, a->pos);
}

static sy_status count_units(struct block *k, const struct call *a)
{
    size_t arg;
    size_t figure;
    SY_TRY(call_arg(k, a, &arg));
    const struct sy_plan_expr *e = &k->list.e[arg];
    if (!k->v.protected_ || !sy_view_is(e->op, "col") || !k->v.is_unit[e->i]) {
        return lower_refuse(k->b, REFUSE_COUNT_DISTINCT, a->pos);
    }
    struct sy_plan_figure f = {.fn = sy_view_str("units"), .name = a->name};
    SY_TRY(add_figure(k, &f, &figure));
    return figure_out(k, a, figure);
}

static sy_status on_count(struct block *k, const struct call *a)
{
    size_t figure;
    size_t arg;
    if (a->distinct) {
        return count_units(k, a);
    }
    if (json_array_size(json_object_get(a->node, "children")) == 0) {
        SY_TRY(figure_count(k, a, NULL, &figure));
        return figure_out(k, a, figure);
    }
    SY_TRY(call_arg(k, a, &arg));
    SY_TRY(figure_count(k, a, &arg, &figure));
    return figure_out(k, a, figure);
}

/* The sum of a bounded number; booleans count as 0 and 1. */
static sy_status figure_sum(struct block *k, const struct call *a, size_t *arg, size_t *ret)
{
    SY_TRY(call_arg(k, a, arg));
    if (k->list.t[*arg].kind == SY_TYPE_BOOL) {
        SY_TRY(expr_op(&k->c, "bool_int", arg, 1, a->pos, arg));
    }
    const struct sy_type *t = &k->list.t[*arg];
    if (t->kind != SY_TYPE_INT || t->nothing || a->distinct) {
        return lower_refuse_named(k->b, a->distinct ? REFUSE_AGG_OPTION : REFUSE_SUM_TYPE, a->pos,
                                  sy_view_str(a->fn), NULL);
    }
    struct sy_plan_figure f = {.fn = sy_view_str("sum"),
                               .name = a->name,
                               .has_arg = true,
                               .expr = *arg,
                               .lo = t->lo,
                               .hi = t->hi,
                               .scale = t->scale};
    return add_figure(k, &f, ret);
}

static sy_status on_sum(struct block *k, const struct call *a)
{
    size_t arg;
    size_t figure;
    SY_TRY(figure_sum(k, a, &arg, &figure));
    return figure_out(k, a, figure);
}

static bool times(int64_t v, uint32_t digits, int64_t *ret)
{
    for (uint32_t i = 0; i < digits; i++) {
        if (__builtin_mul_overflow(v, 10, &v)) {
            return false;
        }
    }
    *ret = v;
    return v >= -SY_PLAN_VALUE_MAX && v <= SY_PLAN_VALUE_MAX;
}

/* Three digits more than the values have, fewer where the interval would not fit. */
static sy_status on_avg(struct block *k, const struct call *a)
{
    size_t arg;
    size_t sum;
    size_t count;
    SY_TRY(figure_sum(k, a, &arg, &sum));
    SY_TRY(figure_count(k, a, &arg, &count));
    struct sy_type t = k->list.t[arg];
    struct sy_plan_out o = {.op = sy_view_str("ratio"), .name = a->name, .a = sum, .b = count};
    uint32_t more = t.scale + 3 > SY_PLAN_SCALE_MAX ? SY_PLAN_SCALE_MAX - t.scale : 3;
    while (more > 0 && (!times(t.lo, more, &o.lo) || !times(t.hi, more, &o.hi))) {
        more--;
    }
    o.scale = t.scale + more;
    o.lo = more == 0 ? t.lo : o.lo;
    o.hi = more == 0 ? t.hi : o.hi;
    return add_out(k, &o, a->pos);
}

static sy_status add_aggregate(struct block *k, const json_t *item)
{
    static const struct {
        const char *name;
        sy_status (*lower)(struct block *, const struct call *);
    } fns[] = {{"count", on_count},
               {"count_star", on_count},
               {"sum", on_sum},
               {"avg", on_avg},
               {"mean", on_avg}};
    struct call a = {item, ast_str(item, "function_name"), lower_item_name(k->b, item),
                     json_is_true(json_object_get(item, "distinct")), ast_pos(k->b, item)};
    for (size_t i = 0; i < sizeof fns / sizeof fns[0]; i++) {
        if (strcasecmp(a.fn, fns[i].name) == 0) {
            return fns[i].lower(k, &a);
        }
    }
    return lower_refuse_named(k->b, REFUSE_AGGREGATE, a.pos, sy_view_str(a.fn), NULL);
}

/* --- items ---------------------------------------------------------------------------------------- */

static sy_status key_item(struct block *k, const json_t *item)
{
    struct builder *b = k->b;
    size_t at;
    SY_TRY(lower_expr(&k->c, item, &at));
    uint64_t pos = ast_pos(b, item);
    struct sy_plan_out o = {.op = sy_view_str("key"), .name = lower_item_name(b, item)};
    for (size_t i = 0; i < k->plan.n_keys; i++) {
        if (k->plan.keys[i].expr == at) {
            k->plan.keys[i].name = k->key_out[i] ? k->plan.keys[i].name : o.name;
            k->key_out[i] = true;
            o.a = i;
            return add_out(k, &o, pos);
        }
    }
    return lower_refuse_named(b, REFUSE_NOT_GROUPED, pos, o.name, NULL);
}

static sy_status add_item(struct block *k, const json_t *item)
{
    SY_TRY(ast_check(k->b, item));
    if (ast_is_aggregate(item)) {
        return add_aggregate(k, item);
    }
    if (ast_has_aggregate(item)) {
        return lower_refuse(k->b, REFUSE_AGGREGATE_PLACE, ast_pos(k->b, item));
    }
    return key_item(k, item);
}

static sy_status add_items(struct block *k, const json_t *node)
{
    const json_t *items = json_object_get(node, "select_list");
    size_t n = json_array_size(items);
    k->b->plan.outs = sy_arena_alloc(k->b->arena, n + 1, sizeof *k->b->plan.outs);
    if (k->b->plan.outs == NULL) {
        return lower_no_memory(k->b);
    }
    for (size_t i = 0; i < n; i++) {
        SY_TRY(add_item(k, json_array_get(items, i)));
    }
    for (size_t i = 0; i < k->plan.n_keys; i++) {
        if (!k->key_out[i]) {
            uint64_t at = lower_find(k->b->job->model.sql, ast_pos(k->b, node), "GROUP");
            return lower_refuse(k->b, REFUSE_KEY_UNSELECTED, at);
        }
    }
    return SY_OK;
}

/* Rows instead of aggregates? Said first, whatever else is wrong with the list. */
static sy_status check_rows(struct builder *b, const json_t *node)
{
    const json_t *items = json_object_get(node, "select_list");
    if (ast_has_aggregate(items) || ast_is(json_object_get(node, "from_table"), "type", "EMPTY")) {
        return SY_OK;
    }
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (!ast_is(item, "class", "STAR")) {
            SY_TRY(ast_check(b, item));
        }
    }
    return lower_refuse(b, REFUSE_ROW_LEVEL, ast_pos(b, json_array_get(items, 0)));
}

/* --- unit, bounds, mechanism ---------------------------------------------------------------------- */

static sy_status set_bounds(struct block *k)
{
    const struct sy_model_def *m = &k->b->job->model;
    bool exact = sy_view_is(m->mechanism, "exact");
    k->plan.mechanism = m->mechanism;
    if (!k->v.protected_) {
        return exact ? SY_OK : lower_refuse_named(k->b, REFUSE_NOISY_PUBLIC, 0, m->mechanism, NULL);
    }
    if (exact) {
        return lower_refuse_named(k->b, REFUSE_EXACT_PROTECTED, 0, m->mechanism, NULL);
    }
    k->plan.ns = k->v.ns;
    while (!k->v.is_unit[k->plan.unit]) { /* tracked: there is one */
        k->plan.unit++;
    }
    k->plan.groups = m->groups;
    k->plan.rows = m->rows;
    k->plan.rho = m->rho;
    k->plan.delta = m->delta;
    return SY_OK;
}

static sy_status finish(struct block *k)
{
    struct builder *b = k->b;
    SY_TRY(set_bounds(k));
    k->plan.name = sy_view_str("main");
    k->plan.rel = k->v.rel;
    k->plan.exprs = k->list.e;
    k->plan.n_exprs = k->list.n;
    b->plan.blocks = sy_arena_alloc(b->arena, 1, sizeof *b->plan.blocks);
    if (b->plan.blocks == NULL) {
        return lower_no_memory(b);
    }
    b->plan.blocks[0] = k->plan;
    b->plan.n_blocks = 1;
    return SY_OK;
}

sy_status lower_block(struct builder *b, const json_t *node)
{
    struct block *k = sy_arena_alloc(b->arena, 1, sizeof *k);
    if (k == NULL) {
        return lower_no_memory(b);
    }
    k->b = b;
    SY_TRY(ast_check(b, node));
    SY_TRY(check_rows(b, node));
    struct cte *before = b->ctes;
    SY_TRY(lower_with(b, node));
    SY_TRY(lower_from(b, json_object_get(node, "from_table"), &k->v));
    SY_TRY(lower_where(b, json_object_get(node, "where_clause"), NULL, NULL, &k->v));
    k->c = rel_ctx(b, &k->v, &k->list);
    SY_TRY(add_keys(k, node));
    SY_TRY(add_items(k, node));
    SY_TRY(lower_with_end(b, before));
    return finish(k);
}
