/*
 * Queries inside a query: common table expressions, subqueries in FROM and behind IN. A query is its
 * rows (FROM, WHERE), groups of them (lower_group.c), windows over those (lower_window.c), the select
 * list, and perhaps only the distinct ones; or several queries, one after the other (UNION).
 */
#include "lower_internal.h"

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
        return lower_refuse(b, REFUSE_CTE_OPTION, lower_find(b->sql, pos, "MATERIALIZED"));
    }
    cte->prev = b->ctes;
    cte->name = sy_arena_copy(b->arena, name);
    cte->node = json_object_get(json_object_get(value, "query"), "node");
    cte->aliases = json_object_get(value, "aliases");
    b->ctes = cte;
    if (ast_is(cte->node, "type", "RECURSIVE_CTE_NODE")) {
        return lower_refuse(b, REFUSE_RECURSIVE, lower_find(b->sql, pos, "RECURSIVE"));
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
            uint64_t at = lower_find(b->sql, 0, name);
            return lower_refuse_named(b, REFUSE_UNUSED_CTE, at, cte->name, NULL);
        }
    }
    b->ctes = before;
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

/* --- the select list ------------------------------------------------------------------------------ */

/* Does a track mark one of these columns? */
static bool kept(const struct sy_track *t, const struct exprs *list, const size_t *outs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct sy_plan_expr *e = &list->e[outs[i]];
        if (sy_view_is(e->op, "col") && t->unit[e->i]) {
            return true;
        }
    }
    return false;
}

/* The unit rides along where it is not selected: one column, without a name, for each track that would
 * be lost. */
static sy_status keep_units(struct ctx *c, const struct relval *v, size_t *outs, size_t *n)
{
    const struct sy_rel_units *u = &c->b->units[v->rel];
    for (size_t i = 0; i < u->n_tracks; i++) {
        if (!kept(&u->tracks[i], c->list, outs, *n)) {
            size_t column = sy_track_column(&u->tracks[i], u->n_cols);
            SY_TRY(expr_col(c, column, c->b->pos, &outs[*n]));
            (*n)++;
        }
    }
    return SY_OK;
}

sy_status lower_project(struct ctx *c, const size_t *outs, size_t n, const struct name *names,
                        size_t n_names, struct relval *v)
{
    struct builder *b = c->b;
    struct sy_plan_rel r = {.n_outs = n, .n_names = n};
    struct relval from = *v;
    r.outs = sy_arena_alloc(b->arena, n + 1, sizeof *r.outs);
    r.names = sy_arena_alloc(b->arena, n + 1, sizeof *r.names);
    *v = (struct relval){.n_names = n_names};
    v->names = sy_arena_alloc(b->arena, n_names + 1, sizeof *v->names);
    if (r.outs == NULL || r.names == NULL || v->names == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < n; i++) {
        r.outs[i] = outs[i];
        r.names[i] = i < n_names ? names[i].name : sy_view_str("unit");
        if (i < n_names) {
            v->names[i] = (struct name){.name = names[i].name, .ord = i};
        }
    }
    SY_TRY(rel_over(b, "project", &from, c->list, &r));
    return rel_add(b, &r, b->pos, &v->rel);
}

/* Lower the items over v; plain columns only rename, anything else projects. */
static sy_status select_items(struct ctx *c, const json_t *items, struct relval *v)
{
    struct builder *b = c->b;
    size_t n = json_array_size(items);
    struct name *names = sy_arena_alloc(b->arena, n + 1, sizeof *names);
    size_t *outs = sy_arena_alloc(b->arena, n + SY_TRACKS_MAX + 1, sizeof *outs);
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
    if (plain) {
        *v = (struct relval){.rel = v->rel, .names = names, .n_names = n};
        return SY_OK;
    }
    size_t n_outs = n;
    SY_TRY(keep_units(c, v, outs, &n_outs));
    return lower_project(c, outs, n_outs, names, n, v);
}

/* --- a SELECT ------------------------------------------------------------------------------------- */

sy_status lower_rows(struct builder *b, const json_t *select, struct relval *ret)
{
    SY_TRY(lower_with(b, select));
    SY_TRY(lower_from(b, json_object_get(select, "from_table"), ret));
    SY_TRY(lower_where(b, json_object_get(select, "where_clause"), NULL, NULL, ret));
    SY_TRY(lower_lift_subqueries(b, json_object_get(select, "select_list"), ret));
    SY_TRY(lower_lift_subqueries(b, json_object_get(select, "group_expressions"), ret));
    SY_TRY(lower_lift_subqueries(b, json_object_get(select, "having"), ret));
    return lower_lift_subqueries(b, json_object_get(select, "qualify"), ret);
}

/* Over the columns that v has by now, with a list of its own. */
static sy_status renew(struct ctx *c, const struct relval *v)
{
    c->cols = c->b->types[v->rel].cols;
    c->n_cols = c->b->types[v->rel].n_cols;
    c->lifted = v->lifted;
    c->list = sy_arena_alloc(c->b->arena, 1, sizeof *c->list);
    return c->list == NULL ? lower_no_memory(c->b) : SY_OK;
}

static sy_status windows(struct ctx *c, const json_t *select, struct relval *v)
{
    const json_t *items = json_object_get(select, "select_list");
    const json_t *qualify = json_object_get(select, "qualify");
    const json_t *const nodes[] = {items, qualify};
    SY_TRY(renew(c, v));
    SY_TRY(lower_lift_windows(c, nodes, 2, v));
    SY_TRY(renew(c, v));
    if (!json_is_object(qualify)) {
        return SY_OK;
    }
    size_t cond;
    c->aliases = items;
    SY_TRY(lower_condition(c, qualify, &cond));
    c->aliases = NULL;
    SY_TRY(lower_filter(c->b, c->list, &cond, 1, v));
    return renew(c, v);
}

static sy_status ungrouped(struct builder *b, const json_t *select, const struct relval *v,
                           struct ctx *c)
{
    const json_t **nodes;
    size_t n;
    *c = rel_ctx(b, v, NULL);
    return lower_group_nodes(c, select, &nodes, &n); /* none, but grouping sets are refused */
}

static sy_status distinct(struct builder *b, const json_t *select, uint64_t from, struct relval *v)
{
    const json_t *modifiers = json_object_get(select, "modifiers");
    if (json_array_size(modifiers) == 0) {
        return SY_OK;
    }
    return lower_distinct(b, v, REFUSE_DISTINCT_UNIT, lower_find(b->sql, from, "DISTINCT"));
}

static sy_status lower_select(struct builder *b, const json_t *node, struct relval *ret)
{
    struct cte *before = b->ctes;
    struct ctx c;
    uint64_t from = b->pos;
    SY_TRY(ast_check_select(b, node, AST_QUERY));
    SY_TRY(lower_rows(b, node, ret));
    SY_TRY(lower_groups(node) ? lower_grouped(b, node, ret, &c) : ungrouped(b, node, ret, &c));
    SY_TRY(windows(&c, node, ret));
    SY_TRY(select_items(&c, json_object_get(node, "select_list"), ret));
    SY_TRY(distinct(b, node, from, ret));
    return lower_with_end(b, before);
}

/* --- a query ------------------------------------------------------------------------------------ */

sy_status lower_query(struct builder *b, const json_t *node, struct relval *ret)
{
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    b->depth++;
    *ret = (struct relval){0};
    bool set = ast_is(node, "type", "SET_OPERATION_NODE");
    sy_status st = set ? lower_union(b, node, ret) : lower_select(b, node, ret);
    b->depth--;
    return st;
}
