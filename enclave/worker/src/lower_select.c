/*
 * Queries inside a query: common table expressions, subqueries in FROM and behind IN. Without groups
 * they are projections; with GROUP BY they reduce rows to one per unit (count, sum, min, max), and stay
 * row-level because the unit is among the keys. A selected expression over aggregates and keys becomes
 * a projection of the reduced columns.
 */
#include <strings.h>

#include "lower_internal.h"

struct fn {
    struct sy_view op; /* count sum min max */
    size_t arg;        /* in the input list */
};

struct reducing {
    struct ctx in; /* over the rows before grouping */
    size_t *keys;
    size_t n_keys;
    struct fn *fns;
    size_t n_fns, cap_fns;
};

/* --- WITH ----------------------------------------------------------------------------------------- */

static sy_status add_cte(struct builder *b, const json_t *entry)
{
    const json_t *value = json_object_get(entry, "value");
    struct sy_view name = ast_view(json_object_get(entry, "key"));
    const json_t *keys = json_object_get(value, "key_targets");
    uint64_t pos = b->pos;
    struct cte *cte = sy_arena_alloc(b->arena, 1, sizeof *cte);
    if (cte == NULL) {
        return lower_no_memory(b);
    }
    if (!ast_is(value, "materialized", "CTE_MATERIALIZE_DEFAULT") || json_array_size(keys) != 0) {
        return lower_refuse(b, REFUSE_CTE_OPTION,
                            lower_find(b->job->model.sql, pos, "MATERIALIZED"));
    }
    cte->prev = b->ctes;
    cte->name = sy_arena_copy(b->arena, name);
    cte->node = json_object_get(json_object_get(value, "query"), "node");
    cte->aliases = json_object_get(value, "aliases");
    b->ctes = cte;
    if (ast_is(cte->node, "type", "RECURSIVE_CTE_NODE")) {
        return lower_refuse(b, REFUSE_RECURSIVE, lower_find(b->job->model.sql, pos, "RECURSIVE"));
    }
    return SY_OK;
}

sy_status lower_with(struct builder *b, const json_t *node)
{
    const json_t *map = json_object_get(json_object_get(node, "cte_map"), "map");
    for (size_t i = 0; i < json_array_size(map); i++) {
        SY_TRY(add_cte(b, json_array_get(map, i)));
    }
    return SY_OK;
}

sy_status lower_with_end(struct builder *b, struct cte *before)
{
    for (struct cte *cte = b->ctes; cte != before; cte = cte->prev) {
        if (!cte->lowered) {
            char name[LOWER_NAME_MAX];
            sy_view_to_cstr(cte->name, name, sizeof name);
            uint64_t at = lower_find(b->job->model.sql, 0, name);
            return lower_refuse_named(b, REFUSE_UNUSED_CTE, at, cte->name, NULL);
        }
    }
    b->ctes = before;
    return SY_OK;
}

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
    return lower_refuse(b, REFUSE_GROUPING_SETS, lower_find(b->job->model.sql, b->pos, "GROUP"));
}

static const json_t *item_with_alias(const json_t *items, struct sy_view name)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        struct sy_view alias = ast_view(json_object_get(item, "alias"));
        if (alias.n != 0 && view_ieq(alias, name)) {
            return item;
        }
    }
    return NULL;
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
        const json_t *item = item_with_alias(items, ast_view(json_array_get(parts, 0)));
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

struct sy_view lower_item_name(struct builder *b, const json_t *item)
{
    struct sy_view alias = ast_view(json_object_get(item, "alias"));
    if (alias.n != 0) {
        return sy_arena_copy(b->arena, alias);
    }
    if (ast_is(item, "class", "COLUMN_REF")) {
        const json_t *parts = json_object_get(item, "column_names");
        return sy_arena_copy(b->arena, ast_view(json_array_get(parts, json_array_size(parts) - 1)));
    }
    const char *fn = ast_str(item, "function_name");
    bool letters = fn[0] != 0 && ((fn[0] | 32) >= 'a' && (fn[0] | 32) <= 'z');
    const char *name = strcmp(fn, "count_star") == 0 ? "count" : letters ? fn : "value";
    return sy_arena_copy(b->arena, sy_view_str(name));
}

/* --- aggregates per unit -------------------------------------------------------------------------- */

static sy_status aggregate_arg(struct ctx *in, const json_t *node, const char *fn, size_t *ret)
{
    const json_t *children = json_object_get(node, "children");
    uint64_t pos = ast_pos(in->b, node);
    if (json_array_size(children) == 0) {
        struct sy_plan_expr one = {.op = sy_view_str("bool"), .i = 1};
        return expr_add(in, &one, pos, ret);
    }
    if (json_array_size(children) != 1) {
        return lower_refuse_named(in->b, REFUSE_AGGREGATE_INNER, pos, sy_view_str(fn), NULL);
    }
    if (ast_has_aggregate(children)) {
        return lower_refuse_named(in->b, REFUSE_AGGREGATE_NESTED, pos, sy_view_str(fn), NULL);
    }
    SY_TRY(lower_expr(in, json_array_get(children, 0), ret));
    bool flag = in->list->t[*ret].kind == SY_TYPE_BOOL;
    return flag && strcmp(fn, "count") != 0 ? expr_op(in, "bool_int", ret, 1, pos, ret) : SY_OK;
}

/* Function and argument of an aggregate inside a query. */
static sy_status inner_aggregate(struct ctx *in, const json_t *node, struct fn *ret)
{
    static const char *const fns[] = {"count", "sum", "min", "max"};
    const char *name = ast_str(node, "function_name");
    uint64_t pos = ast_pos(in->b, node);
    SY_TRY(ast_check(in->b, node));
    if (json_is_true(json_object_get(node, "distinct"))) {
        return lower_refuse(in->b, REFUSE_AGG_OPTION, pos);
    }
    name = strcasecmp(name, "count_star") == 0 ? "count" : name;
    for (size_t i = 0; i < sizeof fns / sizeof fns[0]; i++) {
        if (strcasecmp(name, fns[i]) == 0) {
            ret->op = sy_view_str(fns[i]);
            return aggregate_arg(in, node, fns[i], &ret->arg);
        }
    }
    return lower_refuse_named(in->b, REFUSE_AGGREGATE_INNER, pos, sy_view_str(name), NULL);
}

static size_t find_fn(const struct reducing *g, const struct fn *f)
{
    size_t i = 0;
    while (i < g->n_fns && !(sy_view_eq(g->fns[i].op, f->op) && g->fns[i].arg == f->arg)) {
        i++;
    }
    return i;
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
    if (!ast_is_aggregate(node)) {
        json_t *o = (json_t *)(uintptr_t)node;
        for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
            SY_TRY(collect(g, json_object_iter_value(it)));
        }
        return SY_OK;
    }
    struct fn f = {0};
    SY_TRY(inner_aggregate(&g->in, node, &f));
    if (find_fn(g, &f) < g->n_fns) {
        return SY_OK;
    }
    g->fns = lower_grow(g->in.b, g->fns, g->n_fns, &g->cap_fns, sizeof *g->fns);
    if (g->fns == NULL) {
        return lower_no_memory(g->in.b);
    }
    g->fns[g->n_fns++] = f;
    return SY_OK;
}

/* Second pass: an aggregate is a column of the reduced relation. */
sy_status lower_aggregate_column(struct ctx *c, const json_t *node, size_t *ret)
{
    struct reducing *g = c->reducing;
    struct fn f = {0};
    SY_TRY(inner_aggregate(&g->in, node, &f));
    return expr_col(c, g->n_keys + find_fn(g, &f), ast_pos(c->b, node), ret);
}

/* So is a group key; any other column has no one value in a group. */
sy_status lower_key_column(struct ctx *c, const json_t *node, size_t *ret, bool *ret_found)
{
    struct reducing *g = c->reducing;
    *ret_found = false;
    if (ast_is(node, "class", "CONSTANT") || ast_is(node, "class", "PARAMETER") ||
        ast_has_aggregate(node)) {
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
    if (ast_is(node, "class", "COLUMN_REF")) {
        struct sy_view name = lower_item_name(c->b, node);
        return lower_refuse_named(c->b, REFUSE_NOT_GROUPED, ast_pos(c->b, node), name, NULL);
    }
    return SY_OK;
}

static sy_status group_keys(struct reducing *g, const json_t *node)
{
    const json_t **nodes;
    size_t n;
    struct builder *b = g->in.b;
    SY_TRY(lower_group_nodes(&g->in, node, &nodes, &n));
    g->keys = sy_arena_alloc(b->arena, n + 1, sizeof *g->keys);
    if (g->keys == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < n; i++) {
        size_t at;
        SY_TRY(lower_expr(&g->in, nodes[i], &at));
        size_t k = 0;
        while (k < g->n_keys && g->keys[k] != at) {
            k++;
        }
        g->keys[k] = at;
        g->n_keys += k == g->n_keys ? 1 : 0;
    }
    return SY_OK;
}

/* Which reduced columns equal the unit; at least one must, over protected rows. */
static sy_status reduced_units(struct reducing *g, const struct relval *v, uint64_t pos,
                               struct relval *ret)
{
    struct builder *b = g->in.b;
    bool any = false;
    *ret = (struct relval){.protected_ = v->protected_, .ns = v->ns};
    ret->is_unit = sy_arena_alloc(b->arena, g->n_keys + g->n_fns + 1, sizeof *ret->is_unit);
    if (ret->is_unit == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < g->n_keys; i++) {
        const struct sy_plan_expr *e = &g->in.list->e[g->keys[i]];
        ret->is_unit[i] = sy_view_is(e->op, "col") && v->is_unit[e->i];
        any = any || ret->is_unit[i];
    }
    bool fits = g->n_keys > 0 && (any || !v->protected_);
    return fits ? SY_OK : lower_refuse(b, REFUSE_INNER_GROUP, pos);
}

static sy_status add_reduce(struct reducing *g, const struct relval *v, uint64_t pos, size_t *ret)
{
    struct builder *b = g->in.b;
    size_t n = g->n_keys + g->n_fns;
    struct sy_plan_rel r = {.n_keys = g->n_keys, .n_fns = g->n_fns, .n_outs = n, .n_names = n};
    r.fns = sy_arena_alloc(b->arena, g->n_fns + 1, sizeof *r.fns);
    r.outs = sy_arena_alloc(b->arena, n + 1, sizeof *r.outs);
    r.names = sy_arena_alloc(b->arena, n + 1, sizeof *r.names);
    if (r.fns == NULL || r.outs == NULL || r.names == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < n; i++) {
        bool key = i < g->n_keys;
        r.outs[i] = key ? g->keys[i] : g->fns[i - g->n_keys].arg;
        r.names[i] =
            sy_view_str(sy_arena_printf(b->arena, key ? "k%zu" : "f%zu", key ? i : i - g->n_keys));
        if (!key) {
            r.fns[i - g->n_keys] = g->fns[i - g->n_keys].op;
        }
    }
    r.fns = g->n_fns == 0 ? NULL : r.fns;
    SY_TRY(rel_over(b, "reduce", v, g->in.list, &r));
    return rel_add(b, &r, pos, ret);
}

/* --- the select list ------------------------------------------------------------------------------ */

static sy_status add_project(struct builder *b, const struct exprs *list, const size_t *outs,
                             size_t n, struct relval *v)
{
    struct sy_plan_rel r = {.n_outs = n, .n_names = n};
    r.outs = sy_arena_alloc(b->arena, n + 1, sizeof *r.outs);
    r.names = sy_arena_alloc(b->arena, n + 1, sizeof *r.names);
    bool *is_unit = sy_arena_alloc(b->arena, n + 1, sizeof *is_unit);
    if (r.outs == NULL || r.names == NULL || is_unit == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < n; i++) {
        const struct sy_plan_expr *e = &list->e[outs[i]];
        r.outs[i] = outs[i];
        r.names[i] = v->names[i].name;
        v->names[i].ord = i;
        is_unit[i] = sy_view_is(e->op, "col") && v->is_unit[e->i];
    }
    SY_TRY(rel_over(b, "project", v, list, &r));
    SY_TRY(rel_add(b, &r, b->pos, &v->rel));
    v->is_unit = is_unit;
    return SY_OK;
}

/* Lower the items over v; plain columns only rename, anything else projects. */
static sy_status select_items(struct ctx *c, const json_t *items, struct relval *v)
{
    struct builder *b = c->b;
    size_t n = json_array_size(items);
    struct name *names = sy_arena_alloc(b->arena, n + 1, sizeof *names);
    size_t *outs = sy_arena_alloc(b->arena, n + 1, sizeof *outs);
    bool plain = true;
    if (names == NULL || outs == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(items, i);
        SY_TRY(lower_expr(c, item, &outs[i]));
        const struct sy_plan_expr *e = &c->list->e[outs[i]];
        bool column = sy_view_is(e->op, "col");
        names[i] =
            (struct name){.name = lower_item_name(b, item), .ord = column ? (size_t)e->i : 0};
        plain = plain && column;
    }
    v->names = names;
    v->n_names = n;
    return plain ? SY_OK : add_project(b, c->list, outs, n, v);
}

static sy_status select_groups(struct builder *b, const json_t *node, struct exprs *lists,
                               struct relval *v)
{
    const json_t *items = json_object_get(node, "select_list");
    struct reducing g = {.in = rel_ctx(b, v, &lists[0])};
    struct relval reduced;
    uint64_t pos = b->pos;
    SY_TRY(group_keys(&g, node));
    SY_TRY(collect(&g, items));
    SY_TRY(reduced_units(&g, v, pos, &reduced));
    SY_TRY(add_reduce(&g, v, pos, &reduced.rel));
    struct ctx c = rel_ctx(b, &reduced, &lists[1]);
    c.reducing = &g;
    SY_TRY(select_items(&c, items, &reduced));
    *v = reduced;
    return SY_OK;
}

static sy_status lower_select(struct builder *b, const json_t *node, struct relval *ret)
{
    struct cte *before = b->ctes;
    struct exprs *lists = sy_arena_alloc(b->arena, 2, sizeof *lists);
    if (lists == NULL) {
        return lower_no_memory(b);
    }
    SY_TRY(ast_check(b, node));
    SY_TRY(lower_with(b, node));
    SY_TRY(lower_from(b, json_object_get(node, "from_table"), ret));
    SY_TRY(lower_where(b, json_object_get(node, "where_clause"), NULL, NULL, ret));
    const json_t *items = json_object_get(node, "select_list");
    bool groups = json_array_size(json_object_get(node, "group_expressions")) != 0 ||
                  ast_is(node, "aggregate_handling", "FORCE_AGGREGATES") ||
                  ast_has_aggregate(items);
    if (groups) {
        SY_TRY(select_groups(b, node, lists, ret));
    } else {
        SY_TRY(check_group_sets(b, node, 0));
        struct ctx c = rel_ctx(b, ret, &lists[0]);
        SY_TRY(select_items(&c, items, ret));
    }
    return lower_with_end(b, before);
}

sy_status lower_query(struct builder *b, const json_t *node, struct relval *ret)
{
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    b->depth++;
    *ret = (struct relval){0};
    sy_status st = lower_select(b, node, ret);
    b->depth--;
    return st;
}
