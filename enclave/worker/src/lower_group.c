/*
 * One row per unit: GROUP BY inside a query, with its aggregates and HAVING, and the reduction behind a
 * subquery that stands for a value. Over protected rows the unit is among the keys, so the result stays
 * row-level. A selected expression over aggregates and keys becomes an expression over the reduced
 * columns; what SQL computes from two aggregates (an average) is two columns and a division.
 */
#include "lower_aggregate.h"

struct reducing {
    struct ctx in; /* over the rows before grouping */
    size_t *keys;
    size_t n_keys;
    struct fn *fns;
    size_t n_fns, cap_fns;
};

/* --- GROUP BY ------------------------------------------------------------------------------------- */

static sy_status check_group_sets(struct builder *b, const json_t *select, size_t n)
{
    const json_t *sets = json_object_get(select, "group_sets");
    size_t n_sets = json_array_size(sets);
    const char *how = ast_str(select, "aggregate_handling");
    bool plain = n_sets == 0 || (n_sets == 1 && json_array_size(json_array_get(sets, 0)) == n);
    bool known = strcmp(how, "STANDARD_HANDLING") == 0 || strcmp(how, "FORCE_AGGREGATES") == 0;
    if (plain && known) {
        return SY_OK;
    }
    return lower_refuse(b, REFUSE_GROUPING_SETS, lower_find(b->sql, b->pos, "GROUP"));
}

/* A key: an ordinal or alias stands for the selected expression. */
static sy_status group_node(struct ctx *c, const json_t *items, const json_t *key,
                            const json_t **ret)
{
    *ret = key;
    SY_TRY(ast_check(c->b, key));
    const json_t *parts = json_object_get(key, "column_names");
    if (ast_is(key, "class", "CONSTANT")) {
        const json_t *v = json_object_get(json_object_get(key, "value"), "value");
        json_int_t at = json_is_integer(v) ? json_integer_value(v) : 0;
        if (at < 1 || (size_t)at > json_array_size(items)) {
            return lower_refuse(c->b, REFUSE_GROUP_ORDINAL, c->b->pos);
        }
        *ret = json_array_get(items, (size_t)at - 1);
    } else if (ast_is(key, "class", "COLUMN_REF") && json_array_size(parts) == 1) {
        bool found = false;
        size_t ord = 0;
        SY_TRY(lower_column(c, key, &ord, &found));
        const json_t *item = ast_aliased(items, ast_view(json_array_get(parts, 0)));
        *ret = found || item == NULL ? key : item;
    }
    return SY_OK;
}

sy_status lower_group_nodes(struct ctx *c, const json_t *select, const json_t ***ret, size_t *ret_n)
{
    const json_t *items = json_object_get(select, "select_list");
    const json_t *groups = json_object_get(select, "group_expressions");
    size_t n = json_array_size(groups);
    SY_TRY(check_group_sets(c->b, select, n));
    bool all = n == 0 && ast_is(select, "aggregate_handling", "FORCE_AGGREGATES");
    size_t most = all ? json_array_size(items) : n;
    const json_t **nodes = sy_arena_alloc(c->b->arena, most + 1, sizeof(json_t *));
    if (nodes == NULL) {
        return lower_no_memory(c->b);
    }
    size_t kept = 0;
    for (size_t i = 0; i < most; i++) {
        if (!all) {
            SY_TRY(group_node(c, items, json_array_get(groups, i), &nodes[kept++]));
        } else if (!ast_has_aggregate(json_array_get(items, i))) {
            nodes[kept++] = json_array_get(items, i);
        }
    }
    for (size_t i = 0; i < kept; i++) {
        if (ast_has_aggregate(nodes[i])) {
            return lower_refuse(c->b, REFUSE_AGGREGATE_NESTED, ast_pos(c->b, nodes[i]));
        }
    }
    *ret = nodes;
    *ret_n = kept;
    return SY_OK;
}

bool lower_groups(const json_t *select)
{
    return json_array_size(json_object_get(select, "group_expressions")) != 0 ||
           ast_is(select, "aggregate_handling", "FORCE_AGGREGATES") ||
           json_is_object(json_object_get(select, "having")) ||
           ast_has_aggregate(json_object_get(select, "select_list"));
}

/* --- columns of the reduction --------------------------------------------------------------------- */

static bool same_fn(const struct fn *a, const struct fn *b)
{
    return sy_view_eq(a->op, b->op) && a->n == b->n && a->args[0] == b->args[0] &&
           a->args[1] == b->args[1];
}

/* Position among the functions, appended when it is new. */
static sy_status add_fn(struct reducing *g, const struct fn *f, size_t *ret)
{
    for (*ret = 0; *ret < g->n_fns; (*ret)++) {
        if (same_fn(&g->fns[*ret], f)) {
            return SY_OK;
        }
    }
    g->fns = lower_grow(g->in.b, g->fns, g->n_fns, &g->cap_fns, sizeof *g->fns);
    if (g->fns == NULL) {
        return lower_no_memory(g->in.b);
    }
    g->fns[g->n_fns++] = *f;
    return SY_OK;
}

/* The columns of an aggregate after the reduction, its functions added where they are new. */
static sy_status aggregate_columns(struct reducing *g, const json_t *call, struct lifted *ret)
{
    struct aggregate a = {0};
    SY_TRY(lower_aggregate(&g->in, call, &a));
    const struct sy_type *t = &g->in.list->t[a.parts[0].args[0]];
    *ret = (struct lifted){.node = call, .finish = a.finish, .lo = t->lo, .hi = t->hi};
    for (size_t i = 0; i < a.n; i++) {
        SY_TRY(add_fn(g, &a.parts[i], &ret->ord[i]));
    }
    return SY_OK;
}

/* First pass: every aggregate below, once each. */
static sy_status collect(struct reducing *g, const json_t *node)
{
    if (json_is_array(node)) {
        for (size_t i = 0; i < json_array_size(node); i++) {
            SY_TRY(collect(g, json_array_get(node, i)));
        }
        return SY_OK;
    }
    if (!json_is_object(node) || !ast_has_aggregate(node)) {
        return SY_OK;
    }
    if (ast_is_aggregate(node)) {
        struct lifted unused;
        return aggregate_columns(g, node, &unused);
    }
    json_t *o = (json_t *)(uintptr_t)node;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        SY_TRY(collect(g, json_object_iter_value(it)));
    }
    return SY_OK;
}

/* Second pass: an aggregate is a column of the reduced relation. */
sy_status lower_aggregate_column(struct ctx *c, const json_t *node, size_t *ret)
{
    struct reducing *g = c->reducing;
    struct lifted l;
    SY_TRY(aggregate_columns(g, node, &l));
    l.ord[0] += g->n_keys;
    l.ord[1] += g->n_keys;
    return expr_finish(c, &l, ast_pos(c->b, node), ret);
}

/* So is a group key; any other column has no one value in a group. */
sy_status lower_key_column(struct ctx *c, const json_t *node, size_t *ret, bool *ret_found)
{
    struct reducing *g = c->reducing;
    *ret_found = false;
    if (ast_is(node, "class", "CONSTANT") || ast_is(node, "class", "PARAMETER") ||
        ast_has_aggregate(node) || ast_has_window(node)) {
        return SY_OK;
    }
    bool column = ast_is(node, "class", "COLUMN_REF");
    struct reading r = {.own = &g->in, .outer = &g->in};
    SY_TRY(column ? SY_OK : lower_reads(&r, node));
    if (r.unknown) { /* an alias below: not over the rows before grouping */
        return SY_OK;
    }
    size_t at;
    SY_TRY(lower_expr(&g->in, node, &at));
    for (size_t i = 0; i < g->n_keys; i++) {
        if (g->keys[i] == at) {
            *ret_found = true;
            return expr_col(c, i, ast_pos(c->b, node), ret);
        }
    }
    bool query = ast_is(node, "class", "SUBQUERY");
    if (column || query) {
        struct sy_view name = query ? sy_view_str("subquery") : lower_item_name(c->b, node);
        return lower_refuse_named(c->b, REFUSE_NOT_GROUPED, ast_pos(c->b, node), name, NULL);
    }
    return SY_OK;
}

struct ctx *lower_rows_ctx(struct ctx *c)
{
    return c->reducing == NULL ? c : &c->reducing->in;
}

/* --- the relation --------------------------------------------------------------------------------- */

static sy_status open_reduce(struct builder *b, const struct relval *v, size_t n_keys,
                             struct reducing **ret)
{
    struct reducing *g = sy_arena_alloc(b->arena, 1, sizeof *g);
    struct exprs *list = sy_arena_alloc(b->arena, 1, sizeof *list);
    size_t n_lifted = 0; /* each may become a key (add_tied) */
    for (const struct lifted *l = v->lifted; l != NULL; l = l->next) {
        n_lifted++;
    }
    size_t *keys = sy_arena_alloc(b->arena, n_keys + n_lifted + 1, sizeof *keys);
    if (g == NULL || list == NULL || keys == NULL) {
        return lower_no_memory(b);
    }
    g->in = rel_ctx(b, v, list);
    g->keys = keys;
    *ret = g;
    return SY_OK;
}

/* Column of a key, appended when it is new. */
static size_t add_key(struct reducing *g, size_t expr)
{
    size_t k = 0;
    while (k < g->n_keys && g->keys[k] != expr) {
        k++;
    }
    g->keys[k] = expr;
    g->n_keys += k == g->n_keys ? 1 : 0;
    return k;
}

static bool is_key(const struct reducing *g, size_t expr)
{
    size_t k = 0;
    while (k < g->n_keys && g->keys[k] != expr) {
        k++;
    }
    return k < g->n_keys;
}

/* A subquery that is tied to keys alone has one value in each group: a key that splits no group. */
static sy_status add_tied(struct reducing *g, const struct lifted *l)
{
    size_t at;
    for (size_t i = 0; i < l->n_ties; i++) {
        SY_TRY(lower_expr(&g->in, l->ties[i], &at));
        if (!is_key(g, at)) {
            return SY_OK;
        }
    }
    SY_TRY(lower_expr(&g->in, l->node, &at));
    (void)add_key(g, at);
    return SY_OK;
}

/* All of them below a node, outside aggregates. */
static sy_status add_all_tied(struct reducing *g, const json_t *node)
{
    for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++) {
        SY_TRY(add_all_tied(g, json_array_get(node, i)));
    }
    if (!json_is_object(node) || ast_is_aggregate(node)) {
        return SY_OK;
    }
    if (ast_is(node, "class", "SUBQUERY")) {
        const struct lifted *l = g->in.lifted;
        while (l != NULL && l->node != node) {
            l = l->next;
        }
        return l == NULL ? SY_OK : add_tied(g, l);
    }
    json_t *o = (json_t *)(uintptr_t)node;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        SY_TRY(add_all_tied(g, json_object_iter_value(it)));
    }
    return SY_OK;
}

/* Names, outs and functions of the reduce: keys, then the functions' arguments. */
static sy_status reduce_outs(const struct reducing *g, struct sy_plan_rel *r)
{
    struct sy_arena *arena = g->in.b->arena;
    r->n_keys = g->n_keys;
    r->n_fns = g->n_fns;
    r->n_names = g->n_keys + g->n_fns;
    r->fns = sy_arena_alloc(arena, g->n_fns + 1, sizeof *r->fns);
    r->outs = sy_arena_alloc(arena, g->n_keys + 2 * g->n_fns + 1, sizeof *r->outs);
    r->names = sy_arena_alloc(arena, r->n_names + 1, sizeof *r->names);
    if (r->fns == NULL || r->outs == NULL || r->names == NULL) {
        return lower_no_memory(g->in.b);
    }
    for (size_t i = 0; i < g->n_keys; i++) {
        r->outs[r->n_outs++] = g->keys[i];
        r->names[i] = sy_view_str(sy_arena_printf(arena, "k%zu", i));
    }
    for (size_t i = 0; i < g->n_fns; i++) {
        r->fns[i] = g->fns[i].op;
        r->names[g->n_keys + i] = sy_view_str(sy_arena_printf(arena, "f%zu", i));
        for (size_t k = 0; k < g->fns[i].n; k++) {
            r->outs[r->n_outs++] = g->fns[i].args[k];
        }
    }
    r->fns = g->n_fns == 0 ? NULL : r->fns;
    return SY_OK;
}

/* v becomes its reduction, without names. */
static sy_status add_reduce(struct reducing *g, uint64_t pos, struct relval *v)
{
    struct builder *b = g->in.b;
    struct sy_plan_rel r = {0};
    if (g->n_keys == 0) {
        return lower_refuse(b, REFUSE_INNER_GROUP, pos);
    }
    SY_TRY(reduce_outs(g, &r));
    SY_TRY(rel_over(b, "reduce", v, g->in.list, &r));
    *v = (struct relval){0};
    return rel_add(b, &r, pos, &v->rel);
}

static sy_status having(struct builder *b, const json_t *select, struct relval *v, struct ctx *c)
{
    const json_t *node = json_object_get(select, "having");
    struct exprs *list = sy_arena_alloc(b->arena, 1, sizeof *list);
    if (list == NULL) {
        return lower_no_memory(b);
    }
    if (!json_is_object(node)) {
        return SY_OK;
    }
    c->list = list;
    c->aliases = json_object_get(select, "select_list");
    size_t cond;
    SY_TRY(lower_condition(c, node, &cond));
    c->aliases = NULL;
    return lower_filter(b, list, &cond, 1, v);
}

sy_status lower_grouped(struct builder *b, const json_t *select, struct relval *v, struct ctx *c)
{
    const json_t *items = json_object_get(select, "select_list");
    bool keyed = json_array_size(json_object_get(select, "group_expressions")) != 0;
    uint64_t first = ast_pos(b, json_array_get(items, 0));
    uint64_t pos = keyed ? lower_find(b->sql, first, "GROUP") : first;
    struct reducing *g;
    const json_t **nodes;
    size_t n;
    struct ctx rows = rel_ctx(b, v, NULL);
    SY_TRY(lower_group_nodes(&rows, select, &nodes, &n));
    SY_TRY(open_reduce(b, v, n, &g));
    for (size_t i = 0; i < n; i++) {
        size_t at;
        SY_TRY(lower_expr(&g->in, nodes[i], &at));
        (void)add_key(g, at);
    }
    const json_t *const parts[] = {items, json_object_get(select, "having"),
                                   json_object_get(select, "qualify")};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        SY_TRY(add_all_tied(g, parts[i]));
        SY_TRY(collect(g, parts[i]));
    }
    SY_TRY(add_reduce(g, pos, v));
    *c = rel_ctx(b, v, NULL);
    c->reducing = g;
    return having(b, select, v, c);
}

/* Distinct rows: groups of all selected columns. */
sy_status lower_distinct(struct builder *b, struct relval *v, enum lower_refusal why, uint64_t pos)
{
    struct reducing *g;
    struct relval from = *v;
    SY_TRY(open_reduce(b, v, v->n_names, &g));
    for (size_t i = 0; i < v->n_names; i++) {
        size_t at;
        SY_TRY(expr_col(&g->in, v->names[i].ord, pos, &at));
        from.names[i].ord = add_key(g, at);
    }
    b->untracked = why;
    SY_TRY(add_reduce(g, pos, v));
    b->untracked = 0;
    v->names = from.names;
    v->n_names = from.n_names;
    return SY_OK;
}

/* --- behind a subquery ---------------------------------------------------------------------------- */

/* Its rows are there or not: a count of them. */
static sy_status presence(struct reducing *g, uint64_t pos, struct lifted *ret)
{
    size_t one;
    struct sy_plan_expr e = {.op = sy_view_str("bool"), .i = 1};
    SY_TRY(expr_add(&g->in, &e, pos, &one));
    struct fn f = lower_fn("count", one);
    ret->finish = FINISH_PRESENT;
    return add_fn(g, &f, &ret->ord[0]);
}

sy_status lower_reduce_by(struct builder *b, const struct correlated *k, struct relval *v,
                          struct lifted *ret)
{
    struct reducing *g;
    uint64_t pos = b->pos;
    SY_TRY(open_reduce(b, v, k->n, &g));
    for (size_t i = 0; i < k->n; i++) {
        size_t at;
        SY_TRY(lower_expr(&g->in, k->inner[i], &at));
        k->at[i] = add_key(g, at);
    }
    if (k->call == NULL) {
        SY_TRY(presence(g, pos, ret));
    } else {
        SY_TRY(aggregate_columns(g, k->call, ret));
        struct sy_view op = g->fns[ret->ord[0]].op;
        bool count = sy_view_is(op, "count") || sy_view_is(op, "count_distinct");
        ret->finish = count ? FINISH_ZERO : ret->finish;
    }
    ret->ord[0] += g->n_keys;
    ret->ord[1] += g->n_keys;
    return add_reduce(g, pos, v);
}
