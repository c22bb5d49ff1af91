/*
 * Window functions of the post stage: one relation each, which adds a column. A frame is the whole
 * partition, the rows to the current one, or the rows before it; SQL's own default (to the current row
 * and its peers) is taken where no two rows can be peers.
 */
#include <strings.h>

#include "lower_post.h"

struct window {
    struct post *p;
    const json_t *node;
    const char *op;
    struct post_list list;
    struct post_ctx c;
    size_t outs[2 * SY_PLAN_KEYS_MAX + 1]; /* partition, order, argument */
    uint64_t desc[SY_PLAN_KEYS_MAX];
    size_t n_keys, n_order, n_args;
    uint64_t pos;
};

static sy_status refuse(struct window *w, const char *why)
{
    return lower_refuse_named(w->p->b, REFUSE_POST_WINDOW, w->pos,
                              sy_view_str(ast_str(w->node, "function_name")), why);
}

static bool is_null(const json_t *v)
{
    return v == NULL || json_is_null(v) || json_is_false(v) ||
           (json_is_array(v) && json_array_size(v) == 0);
}

/* --- what the call may carry ---------------------------------------------------------------------- */

static sy_status check_options(struct window *w)
{
    static const char *const none[] = {"start_expr",  "default_expr", "ignore_nulls",
                                       "filter_expr", "distinct",     "arg_orders"};
    int64_t offset = 1;
    const json_t *by = json_object_get(w->node, "offset_expr");
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (!is_null(json_object_get(w->node, none[i]))) {
            return refuse(w, NULL);
        }
    }
    if (!is_null(by) && (!post_whole(by, &offset) || offset != 1)) {
        return refuse(w, "lag and lead step by one row");
    }
    return ast_is(w->node, "exclude_clause", "NO_OTHER") ? SY_OK : refuse(w, NULL);
}

/* --- frames --------------------------------------------------------------------------------------- */

/* No two rows of a partition agree in all order keys: together they name every key column. */
static bool no_peers(const struct window *w)
{
    size_t keys = 0;
    for (size_t i = 0; i < w->c.n_cols; i++) {
        bool named = false;
        for (size_t k = 0; k < w->n_keys + w->n_order; k++) {
            const struct sy_plan_expr *e = &w->list.e[w->outs[k]];
            named = named || (sy_view_is(e->op, "col") && e->i == (int64_t)i);
        }
        keys += w->c.cols[i].key ? 1 : 0;
        if (w->c.cols[i].key && !named) {
            return false;
        }
    }
    return keys > 0;
}

static const char *frame_of(const struct window *w)
{
    int64_t before = 0;
    const json_t *end = json_object_get(w->node, "end_expr");
    if (!ast_is(w->node, "start", "UNBOUNDED_PRECEDING")) {
        return NULL;
    }
    if (ast_is(w->node, "end", "UNBOUNDED_FOLLOWING")) {
        return "all";
    }
    if (ast_is(w->node, "end", "CURRENT_ROW_ROWS")) {
        return "rows";
    }
    if (ast_is(w->node, "end", "EXPR_PRECEDING_ROWS") && post_whole(end, &before) && before == 1) {
        return "before";
    }
    if (!ast_is(w->node, "end", "CURRENT_ROW_RANGE")) {
        return NULL;
    }
    bool first = strcmp(w->op, "first") == 0; /* of any frame that has it */
    return w->n_order == 0 || first ? "all" : no_peers(w) ? "rows" : NULL;
}

/* --- the relation --------------------------------------------------------------------------------- */

static const struct fn {
    const char *name, *op;
    size_t n_args;
    bool framed, ordered;
} FNS[] = {
    {"sum", "sum", 1, true, false},
    {"product", "product", 1, true, false},
    {"min", "min", 1, true, false},
    {"max", "max", 1, true, false},
    {"avg", "avg", 1, true, false},
    {"mean", "avg", 1, true, false},
    {"count", "count", 1, true, false},
    {"count_star", "count", 0, true, false},
    {"first_value", "first", 1, true, true},
    {"first", "first", 1, true, true},
    {"last_value", "last", 1, true, true},
    {"last", "last", 1, true, true},
    {"lag", "lag", 1, false, true},
    {"lead", "lead", 1, false, true},
    {"row_number", "row_number", 0, false, true},
};

static const struct fn *find_fn(const char *name)
{
    for (size_t i = 0; i < sizeof FNS / sizeof FNS[0]; i++) {
        if (strcasecmp(name, FNS[i].name) == 0) {
            return &FNS[i];
        }
    }
    return NULL;
}

static sy_status lower_parts(struct window *w, const struct fn *f)
{
    const json_t *partitions = json_object_get(w->node, "partitions");
    const json_t *orders = json_object_get(w->node, "orders");
    const json_t *children = json_object_get(w->node, "children");
    size_t n = json_array_size(partitions);
    if (n > SY_PLAN_KEYS_MAX || json_array_size(orders) > SY_PLAN_KEYS_MAX) {
        return lower_refuse(w->p->b, REFUSE_TOO_LARGE, w->pos);
    }
    for (size_t i = 0; i < n; i++) {
        SY_TRY(post_expr(&w->c, json_array_get(partitions, i), &w->outs[i]));
    }
    w->n_keys = n;
    SY_TRY(post_orders(&w->c, orders, &w->outs[n], w->desc));
    w->n_order = json_array_size(orders);
    size_t *arg = &w->outs[n + w->n_order];
    if (strcmp(f->op, "count") == 0 && f->n_args == 0) {
        struct sy_plan_expr yes = {.op = sy_view_str("bool"), .i = 1};
        w->n_args = 1;
        return post_add(&w->c, &yes, w->pos, arg);
    }
    w->n_args = f->n_args;
    return f->n_args == 0 ? SY_OK : post_expr(&w->c, json_array_get(children, 0), arg);
}

static struct post_hint hint_of(const struct window *w)
{
    static const char *const keep[] = {"sum", "min", "max", "lag", "lead", "first", "last"};
    size_t last = w->n_keys + w->n_order;
    for (size_t i = 0; i < sizeof keep / sizeof keep[0]; i++) {
        if (strcmp(w->op, keep[i]) == 0) {
            return w->list.h[w->outs[last]];
        }
    }
    bool counts = strcmp(w->op, "count") == 0 || strcmp(w->op, "row_number") == 0;
    return (struct post_hint){counts ? 0 : POST_DIGITS_UNKNOWN, false};
}

static sy_status add_window(struct window *w, const char *frame, struct relval *v)
{
    struct post *p = w->p;
    struct sy_plan_rel r;
    size_t n = w->n_keys + w->n_order + w->n_args;
    SY_TRY(post_rel_over(p, "window", v, &w->list, n, &r));
    struct post_hint *hints = sy_arena_alloc(p->b->arena, w->c.n_cols + 1, sizeof *hints);
    r.fns = sy_arena_alloc(p->b->arena, 1, sizeof *r.fns);
    r.names = sy_arena_alloc(p->b->arena, 1, sizeof *r.names);
    r.desc = sy_arena_alloc(p->b->arena, w->n_order + 1, sizeof *r.desc);
    if (hints == NULL || r.fns == NULL || r.names == NULL || r.desc == NULL) {
        return lower_no_memory(p->b);
    }
    memcpy(hints, w->c.hints, w->c.n_cols * sizeof *hints);
    hints[w->c.n_cols] = hint_of(w);
    memcpy(r.desc, w->desc, w->n_order * sizeof *r.desc);
    for (size_t i = 0; i < n; i++) {
        r.outs[i] = w->outs[i];
    }
    r.desc = w->n_order == 0 ? NULL : r.desc;
    r.n_desc = w->n_order;
    r.n_order = w->n_order;
    r.n_keys = w->n_keys;
    r.kind = sy_view_str(frame);
    r.fns[0] = sy_view_str(w->op);
    r.n_fns = 1;
    r.names[0] = lower_item_name(p->b, w->node);
    r.n_names = 1;
    return post_rel_add(p, &r, hints, w->pos, &v->rel);
}

static sy_status lower_window(struct post *p, const json_t *node, struct knowns *known,
                              struct relval *v)
{
    struct window *w = sy_arena_alloc(p->b->arena, 1, sizeof *w);
    const struct fn *f = find_fn(ast_str(node, "function_name"));
    if (w == NULL) {
        return lower_no_memory(p->b);
    }
    *w = (struct window){.p = p, .node = node, .op = f == NULL ? "" : f->op};
    w->pos = ast_pos(p->b, node);
    w->c = post_ctx_of(p, v, &w->list);
    w->c.known = known;
    if (f == NULL || json_array_size(json_object_get(node, "children")) != f->n_args) {
        return refuse(w, NULL);
    }
    SY_TRY(check_options(w));
    SY_TRY(lower_parts(w, f));
    if (f->ordered && w->n_order == 0) {
        return refuse(w, "without ORDER BY no row comes first");
    }
    const char *frame = f->framed ? frame_of(w) : "all";
    if (frame == NULL) {
        return refuse(w, "write ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW (or AND 1 "
                         "PRECEDING, or AND UNBOUNDED FOLLOWING)");
    }
    struct known k = {.node = node, .col = w->c.n_cols};
    SY_TRY(add_window(w, frame, v));
    return known_add(p->b, known, &k);
}

sy_status post_windows(struct post *p, const json_t *node, struct knowns *known, struct relval *v)
{
    struct builder *b = p->b;
    if ((!json_is_object(node) && !json_is_array(node)) || known_find(known, node) != NULL) {
        return SY_OK;
    }
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    b->depth++;
    for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++) {
        SY_TRY(post_windows(p, json_array_get(node, i), known, v));
    }
    json_t *o = (json_t *)(uintptr_t)node;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        SY_TRY(post_windows(p, json_object_iter_value(it), known, v));
    }
    b->depth--;
    if (!ast_is(node, "class", "WINDOW")) {
        return SY_OK;
    }
    SY_TRY(ast_check(b, node));
    return lower_window(p, node, known, v);
}
