/*
 * Queries of the post stage: a SELECT over its FROM, grouped or not, and everything that may come after
 * (HAVING, windows, QUALIFY, the select list, ORDER BY, LIMIT); and UNION ALL of such queries.
 */
#include "lower_post.h"

/* --- filters -------------------------------------------------------------------------------------- */

static sy_status add_filter(struct post *p, const json_t *node, const struct knowns *known,
                            struct relval *v)
{
    struct post_list *list = sy_arena_alloc(p->b->arena, 1, sizeof *list);
    if (list == NULL) {
        return lower_no_memory(p->b);
    }
    if (!json_is_object(node)) {
        return SY_OK;
    }
    struct post_ctx c = post_ctx_of(p, v, list);
    struct sy_plan_rel r;
    size_t condition;
    c.known = known;
    SY_TRY(post_condition(&c, node, &condition));
    uint64_t pos = ast_pos(p->b, node);
    SY_TRY(post_rel_over(p, "filter", v, list, 1, &r));
    r.outs[0] = condition;
    return post_rel_add(p, &r, p->hints[v->rel], pos, &v->rel);
}

/* --- ORDER BY and LIMIT --------------------------------------------------------------------------- */

static sy_status direction(struct builder *b, const json_t *order, uint64_t *ret_desc)
{
    bool desc = ast_is(order, "type", "DESCENDING");
    const char *nulls = ast_str(order, "null_order");
    if (!desc && !ast_is(order, "type", "ORDER_DEFAULT") && !ast_is(order, "type", "ASCENDING")) {
        return lower_refuse(b, REFUSE_NODE, b->pos);
    }
    if (strcmp(nulls, "ORDER_DEFAULT") != 0 && strcmp(nulls, "NULLS LAST") != 0) {
        return lower_refuse(b, REFUSE_POST_NULLS, lower_find(b->sql, b->pos, "NULLS"));
    }
    *ret_desc = desc ? 1 : 0;
    return SY_OK;
}

sy_status post_orders(struct post_ctx *c, const json_t *orders, size_t *ret_at, uint64_t *ret_desc)
{
    for (size_t i = 0; i < json_array_size(orders); i++) {
        const json_t *order = json_array_get(orders, i);
        SY_TRY(post_expr(c, json_object_get(order, "expression"), &ret_at[i]));
        SY_TRY(direction(c->p->b, order, &ret_desc[i]));
    }
    return SY_OK;
}

/* ORDER BY and LIMIT of a query, as positions in the list that its items are in. */
struct sorting {
    size_t at[SY_PLAN_KEYS_MAX];
    uint64_t desc[SY_PLAN_KEYS_MAX];
    size_t n;
    uint64_t limit; /* 0: all */
};

/* An ordinal or an alias is the item; the rest is an expression like any other. */
static const json_t *order_node(const json_t *items, const json_t *node, bool *ret_bad)
{
    int64_t at;
    *ret_bad = false;
    if (post_whole(node, &at)) {
        *ret_bad = at < 1 || (uint64_t)at > json_array_size(items);
        return *ret_bad ? node : json_array_get(items, (size_t)at - 1);
    }
    const json_t *parts = json_object_get(node, "column_names");
    const json_t *item = NULL;
    if (ast_is(node, "class", "COLUMN_REF") && json_array_size(parts) == 1) {
        item = ast_aliased(items, ast_view(json_array_get(parts, 0)));
    }
    return item == NULL ? node : item;
}

static sy_status add_order(struct post_ctx *c, const json_t *items, const json_t *orders,
                           struct sorting *s)
{
    struct builder *b = c->p->b;
    if (json_array_size(orders) > SY_PLAN_KEYS_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    for (size_t i = 0; i < json_array_size(orders); i++) {
        const json_t *order = json_array_get(orders, i);
        const json_t *node = json_object_get(order, "expression");
        bool bad;
        const json_t *what = order_node(items, node, &bad);
        if (bad) {
            return lower_refuse_named(b, REFUSE_GROUP_ORDINAL, ast_pos(b, node),
                                      sy_view_str("ORDER BY"), NULL);
        }
        SY_TRY(post_expr(c, what, &s->at[i]));
        b->pos = ast_pos(b, node);
        SY_TRY(direction(b, order, &s->desc[i]));
        s->n = i + 1;
    }
    return SY_OK;
}

static sy_status add_limit(struct builder *b, const json_t *modifier, struct sorting *s)
{
    int64_t limit;
    uint64_t at = lower_find(b->sql, b->pos, "LIMIT");
    bool whole = post_whole(json_object_get(modifier, "limit"), &limit) && limit > 0;
    if (!whole || !json_is_null(json_object_get(modifier, "offset")) || s->n == 0) {
        return lower_refuse(b, REFUSE_POST_LIMIT, at);
    }
    s->limit = (uint64_t)limit;
    return SY_OK;
}

static sy_status read_modifiers(struct post_ctx *c, const json_t *query, const json_t *items,
                                struct sorting *s)
{
    struct builder *b = c->p->b;
    const json_t *modifiers = json_object_get(query, "modifiers");
    for (size_t i = 0; i < json_array_size(modifiers); i++) {
        const json_t *m = json_array_get(modifiers, i);
        if (ast_is(m, "type", "ORDER_MODIFIER")) {
            SY_TRY(add_order(c, items, json_object_get(m, "orders"), s));
        } else if (ast_is(m, "type", "LIMIT_MODIFIER")) {
            SY_TRY(add_limit(b, m, s));
        } else {
            bool distinct = ast_is(m, "type", "DISTINCT_MODIFIER");
            uint64_t at = lower_find(b->sql, 0, distinct ? "DISTINCT" : "LIMIT");
            return lower_refuse(b, distinct ? REFUSE_POST_DISTINCT : REFUSE_POST_LIMIT, at);
        }
    }
    return SY_OK;
}

/* Sort by columns of *v. */
static sy_status add_sort(struct post *p, const struct sorting *s, struct relval *v)
{
    struct post_list *list = sy_arena_alloc(p->b->arena, 1, sizeof *list);
    struct sy_plan_rel r;
    if (list == NULL) {
        return lower_no_memory(p->b);
    }
    if (s->n == 0) {
        return SY_OK;
    }
    struct post_ctx c = post_ctx_of(p, v, list);
    size_t at[SY_PLAN_KEYS_MAX];
    for (size_t i = 0; i < s->n; i++) {
        SY_TRY(post_col(&c, s->at[i], p->b->pos, &at[i]));
    }
    SY_TRY(post_rel_over(p, "sort", v, list, s->n, &r));
    r.desc = sy_arena_alloc(p->b->arena, s->n, sizeof *r.desc);
    if (r.desc == NULL) {
        return lower_no_memory(p->b);
    }
    for (size_t i = 0; i < s->n; i++) {
        r.outs[i] = at[i];
        r.desc[i] = s->desc[i];
    }
    r.n_desc = s->n;
    r.n_order = s->n;
    r.limit = s->limit;
    return post_rel_add(p, &r, p->hints[v->rel], p->b->pos, &v->rel);
}

/* --- the select list ------------------------------------------------------------------------------ */

/* Lowered items and order keys: positions in one list. */
struct selection {
    struct post_list list;
    struct name *names;
    size_t *outs;
    size_t n; /* items; the sort's own expressions follow them in outs */
    size_t n_outs;
    struct sorting sort;
};

static bool is_column(const struct selection *s, size_t out)
{
    return sy_view_is(s->list.e[s->outs[out]].op, "col");
}

/* Which out has the order key; it is appended when no item is it. */
static size_t out_of(struct selection *s, size_t at)
{
    size_t i = 0;
    while (i < s->n_outs && s->outs[i] != at) {
        i++;
    }
    if (i == s->n_outs) {
        s->outs[s->n_outs++] = at;
    }
    return i;
}

static sy_status add_project(struct post *p, struct selection *s, struct relval *v)
{
    struct builder *b = p->b;
    struct sy_plan_rel r;
    SY_TRY(post_rel_over(p, "project", v, &s->list, s->n_outs, &r));
    struct post_hint *hints = sy_arena_alloc(b->arena, s->n_outs, sizeof *hints);
    r.names = sy_arena_alloc(b->arena, s->n_outs, sizeof *r.names);
    if (hints == NULL || r.names == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < s->n_outs; i++) {
        r.outs[i] = s->outs[i];
        hints[i] = s->list.h[s->outs[i]];
        r.names[i] = i < s->n ? s->names[i].name : sy_view_str("order");
    }
    r.n_names = s->n_outs;
    for (size_t i = 0; i < s->n; i++) {
        s->names[i].ord = i;
    }
    return post_rel_add(p, &r, hints, b->pos, &v->rel);
}

/* Plain columns only rename; anything else projects. Then the order. */
static sy_status finish_selection(struct post *p, struct selection *s, struct relval *v)
{
    bool plain = true;
    s->n_outs = s->n;
    for (size_t i = 0; i < s->sort.n; i++) {
        s->sort.at[i] = out_of(s, s->sort.at[i]);
    }
    for (size_t i = 0; i < s->n_outs; i++) {
        plain = plain && is_column(s, i);
    }
    for (size_t i = 0; plain && i < s->n; i++) {
        s->names[i].ord = (size_t)s->list.e[s->outs[i]].i;
    }
    for (size_t i = 0; plain && i < s->sort.n; i++) {
        s->sort.at[i] = (size_t)s->list.e[s->outs[s->sort.at[i]]].i;
    }
    if (!plain) {
        SY_TRY(add_project(p, s, v));
    }
    v->names = s->names;
    v->n_names = s->n;
    return add_sort(p, &s->sort, v);
}

static sy_status select_items(struct post *p, const json_t *select, const struct knowns *known,
                              struct relval *v)
{
    struct builder *b = p->b;
    const json_t *items = json_object_get(select, "select_list");
    struct selection *s = sy_arena_alloc(b->arena, 1, sizeof *s);
    if (s == NULL) {
        return lower_no_memory(b);
    }
    struct post_ctx c = post_ctx_of(p, v, &s->list);
    c.known = known;
    s->n = json_array_size(items);
    s->names = sy_arena_alloc(b->arena, s->n + 1, sizeof *s->names);
    s->outs = sy_arena_alloc(b->arena, s->n + SY_PLAN_KEYS_MAX, sizeof *s->outs);
    if (s->names == NULL || s->outs == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < s->n; i++) {
        const json_t *item = json_array_get(items, i);
        SY_TRY(post_expr(&c, item, &s->outs[i]));
        s->names[i] = (struct name){.name = lower_item_name(b, item)};
    }
    SY_TRY(read_modifiers(&c, select, items, &s->sort));
    return finish_selection(p, s, v);
}

sy_status post_tail(struct post *p, const json_t *select, struct knowns *known, struct relval *v)
{
    static const char *const windowed[] = {"select_list", "qualify", "modifiers"};
    SY_TRY(add_filter(p, json_object_get(select, "having"), known, v));
    for (size_t i = 0; i < sizeof windowed / sizeof windowed[0]; i++) {
        SY_TRY(post_windows(p, json_object_get(select, windowed[i]), known, v));
    }
    SY_TRY(add_filter(p, json_object_get(select, "qualify"), known, v));
    return select_items(p, select, known, v);
}

/* --- SELECT --------------------------------------------------------------------------------------- */

static bool groups(const json_t *select)
{
    return json_array_size(json_object_get(select, "group_expressions")) != 0 ||
           ast_is(select, "aggregate_handling", "FORCE_AGGREGATES") ||
           ast_has_aggregate(json_object_get(select, "select_list")) ||
           json_is_object(json_object_get(select, "having"));
}

static sy_status lower_select(struct post *p, const json_t *node, struct relval *ret)
{
    struct builder *b = p->b;
    struct cte *before = b->ctes;
    struct knowns *known = sy_arena_alloc(b->arena, 1, sizeof *known);
    if (known == NULL) {
        return lower_no_memory(b);
    }
    SY_TRY(ast_check_select(b, node, AST_POST));
    SY_TRY(lower_with(b, node));
    SY_TRY(post_from(p, json_object_get(node, "from_table"), ret));
    SY_TRY(add_filter(p, json_object_get(node, "where_clause"), NULL, ret));
    if (groups(node)) {
        SY_TRY(post_group(p, node, known, ret));
    }
    SY_TRY(post_tail(p, node, known, ret));
    return lower_with_end(b, before);
}

/* --- UNION ALL ------------------------------------------------------------------------------------ */

/* *v with exactly its named columns, in order. */
static sy_status only_named(struct post *p, struct relval *v)
{
    struct selection *s = sy_arena_alloc(p->b->arena, 1, sizeof *s);
    bool exact = v->n_names == p->types[v->rel].n_cols;
    for (size_t i = 0; i < v->n_names; i++) {
        exact = exact && v->names[i].ord == i;
    }
    if (s == NULL || exact) {
        return s == NULL ? lower_no_memory(p->b) : SY_OK;
    }
    struct post_ctx c = post_ctx_of(p, v, &s->list);
    s->n = v->n_names;
    s->n_outs = s->n;
    s->names = v->names;
    s->outs = sy_arena_alloc(p->b->arena, s->n + 1, sizeof *s->outs);
    if (s->outs == NULL) {
        return lower_no_memory(p->b);
    }
    for (size_t i = 0; i < s->n; i++) {
        SY_TRY(post_col(&c, v->names[i].ord, p->b->pos, &s->outs[i]));
    }
    return add_project(p, s, v);
}

static struct post_hint wider(struct post_hint a, struct post_hint b)
{
    return (struct post_hint){a.digits > b.digits ? a.digits : b.digits, a.flag && b.flag};
}

static sy_status add_union(struct post *p, const struct relval *parts, uint64_t pos,
                           struct relval *ret)
{
    struct builder *b = p->b;
    size_t n = p->types[parts[0].rel].n_cols;
    struct sy_plan_rel r = {.op = sy_view_str("union"), .n_in = 2};
    struct post_hint *hints = sy_arena_alloc(b->arena, n + 1, sizeof *hints);
    r.in = sy_arena_alloc(b->arena, 2, sizeof *r.in);
    if (hints == NULL || r.in == NULL) {
        return lower_no_memory(b);
    }
    if (parts[0].n_names != parts[1].n_names) {
        return lower_refuse(b, REFUSE_POST_UNION, pos);
    }
    for (size_t i = 0; i < n; i++) {
        hints[i] = wider(p->hints[parts[0].rel][i], p->hints[parts[1].rel][i]);
    }
    r.in[0] = parts[0].rel;
    r.in[1] = parts[1].rel;
    *ret = parts[0];
    return post_rel_add(p, &r, hints, pos, &ret->rel);
}

/* ORDER BY over a union names its columns, or counts them. */
static sy_status sort_union(struct post *p, const json_t *node, struct relval *v)
{
    const json_t *first = node;
    while (ast_is(first, "type", "SET_OPERATION_NODE")) {
        first = json_object_get(first, "left");
    }
    struct post_list *list = sy_arena_alloc(p->b->arena, 1, sizeof *list);
    struct sorting *s = sy_arena_alloc(p->b->arena, 1, sizeof *s);
    if (list == NULL || s == NULL) {
        return lower_no_memory(p->b);
    }
    struct post_ctx c = post_ctx_of(p, v, list);
    struct knowns known = {0};
    const json_t *items = json_object_get(first, "select_list");
    for (size_t i = 0; i < json_array_size(items) && i < v->n_names; i++) {
        struct known k = {.node = json_array_get(items, i), .col = v->names[i].ord};
        SY_TRY(known_add(p->b, &known, &k));
    }
    c.known = &known;
    SY_TRY(read_modifiers(&c, node, items, s));
    for (size_t i = 0; i < s->n; i++) {
        const struct sy_plan_expr *e = &list->e[s->at[i]];
        if (!sy_view_is(e->op, "col")) {
            return lower_refuse(p->b, REFUSE_POST_UNION_ORDER, p->b->pos);
        }
        s->at[i] = (size_t)e->i;
    }
    return add_sort(p, s, v);
}

static sy_status select_union(struct post *p, const json_t *node, struct relval *ret)
{
    struct builder *b = p->b;
    struct relval *parts = sy_arena_alloc(b->arena, 2, sizeof *parts);
    struct cte *before = b->ctes;
    uint64_t pos = lower_find(b->sql, b->pos, "UNION");
    if (parts == NULL) {
        return lower_no_memory(b);
    }
    SY_TRY(ast_check_set(b, node, AST_POST));
    if (!ast_is(node, "setop_type", "UNION") || !json_is_true(json_object_get(node, "setop_all"))) {
        return lower_refuse(b, REFUSE_POST_UNION, pos);
    }
    SY_TRY(lower_with(b, node));
    SY_TRY(post_query(p, json_object_get(node, "left"), &parts[0]));
    SY_TRY(post_query(p, json_object_get(node, "right"), &parts[1]));
    SY_TRY(only_named(p, &parts[0]));
    SY_TRY(only_named(p, &parts[1]));
    SY_TRY(add_union(p, parts, pos, ret));
    SY_TRY(lower_with_end(b, before));
    return sort_union(p, node, ret);
}

sy_status post_query(struct post *p, const json_t *node, struct relval *ret)
{
    struct builder *b = p->b;
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    b->depth++;
    *ret = (struct relval){0};
    bool set = ast_is(node, "type", "SET_OPERATION_NODE");
    sy_status st = set ? select_union(p, node, ret) : lower_select(p, node, ret);
    b->depth--;
    return st;
}
