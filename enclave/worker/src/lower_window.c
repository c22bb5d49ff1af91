/*
 * Window functions inside a query: each becomes a column of a `window` relation over the rows at hand;
 * calls with one partition, order and frame share a relation. Over protected rows the partition holds
 * the unit, so what a window looks at is one person's rows.
 */
#include <strings.h>

#include "lower_dialect.h"
#include "lower_internal.h"

enum { WINDOW_KEYS_MAX = 16 };

/* What may be asked of a window. Ranks and neighbours ignore the frame, first_value needs its start. */
enum frame_use { FRAME_NONE, FRAME_START, FRAME_WHOLE };

#define RANKS "partition, order -> whole"
#define ROW   "int, date, bool or label, partition, order -> the same"
#define WHOLE "as the aggregate, partition, order, frame -> as the aggregate"
#define NONE  "NULLs are skipped; none in the frame: NULL"
#define ZERO  "NULLs are skipped; none in the frame: 0"

static const struct call {
    const char *name, *op;
    enum frame_use frame;
    bool ordered; /* without ORDER BY the answer would be any row's */
    enum finish finish;
    const char *types, *errors;
} CALLS[] = {
    {"row_number", "row_number", FRAME_NONE, true, FINISH_COLUMN, RANKS,
     "ties: by every column of the rows"},
    {"rank", "rank", FRAME_NONE, true, FINISH_COLUMN, RANKS, "NULLs come last"},
    {"dense_rank", "dense_rank", FRAME_NONE, true, FINISH_COLUMN, RANKS, "NULLs come last"},
    {"lag", "lag", FRAME_NONE, true, FINISH_COLUMN, ROW, "no row before: NULL"},
    {"lead", "lead", FRAME_NONE, true, FINISH_COLUMN, ROW, "no row after: NULL"},
    {"first_value", "first", FRAME_START, true, FINISH_COLUMN, ROW, "NULL if the row has NULL"},
    {"first", "first", FRAME_START, true, FINISH_COLUMN, ROW, "NULL if the row has NULL"},
    {"count", "count", FRAME_WHOLE, false, FINISH_COLUMN, WHOLE, ZERO},
    {"count_star", "count", FRAME_WHOLE, false, FINISH_COLUMN, WHOLE, ZERO},
    {"count_if", "count", FRAME_WHOLE, false, FINISH_COLUMN, WHOLE, ZERO},
    {"countif", "count", FRAME_WHOLE, false, FINISH_COLUMN, WHOLE, ZERO},
    {"sum", "sum", FRAME_WHOLE, false, FINISH_COLUMN, WHOLE, NONE},
    {"min", "min", FRAME_WHOLE, false, FINISH_COLUMN, WHOLE, NONE},
    {"max", "max", FRAME_WHOLE, false, FINISH_COLUMN, WHOLE, NONE},
    {"bool_and", "min", FRAME_WHOLE, false, FINISH_FLAG, WHOLE, NONE},
    {"bool_or", "max", FRAME_WHOLE, false, FINISH_FLAG, WHOLE, NONE},
    {"avg", "sum", FRAME_WHOLE, false, FINISH_RATIO, WHOLE, NONE},
    {"mean", "sum", FRAME_WHOLE, false, FINISH_RATIO, WHOLE, NONE},
};
enum { N_CALLS = sizeof CALLS / sizeof CALLS[0] };

/* Partition and order of a call, as positions of its relation's list. */
struct spec {
    size_t keys[2 * WINDOW_KEYS_MAX]; /* partition, then order */
    size_t n_keys, n_order;
    bool desc[WINDOW_KEYS_MAX];
    const char *kind;
};

/* A window relation under construction, and the nodes whose values are its columns. */
struct window {
    struct window *next;
    struct ctx c;
    struct exprs list;
    struct spec spec;
    struct sy_view *fns;
    size_t *args; /* one per function; none: LOWER_NO_ARG */
    size_t n_fns, cap_fns, cap_args;
    struct lifted *lifted; /* ord counts from the first function */
};

#define LOWER_NO_ARG SIZE_MAX

struct windows {
    struct ctx *c;              /* what expressions below a call are lowered over */
    const json_t *const *nodes; /* all that is lowered over the windows */
    size_t n_nodes;
    struct window *first;
};

static sy_status refuse(struct builder *b, const json_t *node, const char *reason)
{
    return lower_refuse_named(b, REFUSE_WINDOW_OPTION, ast_pos(b, node),
                              sy_view_str(ast_str(node, "function_name")), reason);
}

/* --- frames --------------------------------------------------------------------------------------- */

static sy_status frame_kind(struct builder *b, const json_t *node, const struct call *call,
                            const char **ret)
{
    bool ordered = json_array_size(json_object_get(node, "orders")) != 0;
    bool start = ast_is(node, "start", "UNBOUNDED_PRECEDING");
    const char *end = ast_str(node, "end");
    bool peers = strcmp(end, "CURRENT_ROW_RANGE") == 0 || strcmp(end, "CURRENT_ROW_GROUPS") == 0;
    bool rows = strcmp(end, "CURRENT_ROW_ROWS") == 0;
    bool all = strcmp(end, "UNBOUNDED_FOLLOWING") == 0;
    *ret = "all";
    if (!ast_is(node, "exclude_clause", "NO_OTHER")) {
        return refuse(b, node, "EXCLUDE is not in the dialect");
    }
    if (call->frame == FRAME_NONE) {
        return SY_OK;
    }
    if (!start || !(peers || rows || all)) {
        return refuse(b, node,
                      "a frame begins at the partition's first row and ends at the current "
                      "or the last row");
    }
    if (call->frame == FRAME_START) {
        return SY_OK;
    }
    if (rows && !ordered) {
        return refuse(b, node, "ROWS without ORDER BY: which rows come before is not said");
    }
    *ret = all || !ordered ? "all" : rows ? "rows" : "range";
    return SY_OK;
}

static sy_status check_options(struct builder *b, const json_t *node, const struct call *call)
{
    if (json_is_true(json_object_get(node, "distinct"))) {
        return refuse(b, node, "DISTINCT is not for windows");
    }
    if (json_is_true(json_object_get(node, "ignore_nulls"))) {
        return refuse(b, node, "IGNORE NULLS is not in the dialect; filter them in a subquery");
    }
    if (call->ordered && json_array_size(json_object_get(node, "orders")) == 0) {
        return refuse(b, node, "without ORDER BY it would be any row's; add ORDER BY");
    }
    SY_TRY(lower_call_unordered(b, node));
    bool filter = json_is_object(json_object_get(node, "filter_expr"));
    return filter && call->frame != FRAME_WHOLE ? refuse(b, node, "FILTER is for aggregates")
                                                : SY_OK;
}

/* lag and lead look one row away, and find nothing beyond the partition. */
static sy_status check_offset(struct builder *b, const json_t *node)
{
    const json_t *offset = json_object_get(node, "offset_expr");
    const json_t *other = json_object_get(node, "default_expr");
    const json_t *v = json_object_get(json_object_get(offset, "value"), "value");
    if (json_is_object(offset) && !(json_is_integer(v) && json_integer_value(v) == 1)) {
        return refuse(b, node, "one row away only; lag the lagged value in an outer query");
    }
    const json_t *type = json_object_get(json_object_get(other, "value"), "type");
    if (json_is_object(other) && !ast_is(type, "id", "NULL")) {
        return refuse(b, node, "no default but NULL; use coalesce around it");
    }
    return SY_OK;
}

/* --- partition and order -------------------------------------------------------------------------- */

static sy_status order_key(struct ctx *c, const json_t *order, struct spec *s)
{
    const json_t *key = json_object_get(order, "expression");
    if (ast_is(order, "null_order", "NULLS FIRST")) {
        return lower_refuse_named(c->b, REFUSE_WINDOW_OPTION, ast_pos(c->b, key),
                                  sy_view_str("NULLS FIRST"), "NULLs come last");
    }
    s->desc[s->n_order] = ast_is(order, "type", "DESCENDING");
    SY_TRY(lower_expr(c, key, &s->keys[s->n_keys + s->n_order]));
    s->n_order++;
    return SY_OK;
}

/* A frame over the whole partition needs no order, but ranks and neighbours do. */
static sy_status lower_spec(struct ctx *c, const json_t *node, const struct call *call,
                            struct spec *s)
{
    const json_t *parts = json_object_get(node, "partitions");
    const json_t *orders = json_object_get(node, "orders");
    SY_TRY(frame_kind(c->b, node, call, &s->kind));
    bool unordered = !call->ordered && strcmp(s->kind, "all") == 0;
    size_t n_order = unordered ? 0 : json_array_size(orders);
    if (json_array_size(parts) > WINDOW_KEYS_MAX || n_order > WINDOW_KEYS_MAX) {
        return lower_refuse(c->b, REFUSE_TOO_LARGE, ast_pos(c->b, node));
    }
    for (size_t i = 0; i < json_array_size(parts); i++) {
        SY_TRY(lower_expr(c, json_array_get(parts, i), &s->keys[s->n_keys]));
        s->n_keys++;
    }
    for (size_t i = 0; i < n_order; i++) {
        SY_TRY(order_key(c, json_array_get(orders, i), s));
    }
    return SY_OK;
}

static bool same_spec(const struct spec *a, const struct spec *b)
{
    return a->n_keys == b->n_keys && a->n_order == b->n_order && strcmp(a->kind, b->kind) == 0 &&
           memcmp(a->keys, b->keys, (a->n_keys + a->n_order) * sizeof *a->keys) == 0 &&
           memcmp(a->desc, b->desc, a->n_order * sizeof *a->desc) == 0;
}

/* --- calls ---------------------------------------------------------------------------------------- */

static sy_status add_fn(struct window *w, const char *op, size_t arg, size_t *ret)
{
    struct builder *b = w->c.b;
    for (*ret = 0; *ret < w->n_fns; (*ret)++) {
        if (sy_view_is(w->fns[*ret], op) && w->args[*ret] == arg) {
            return SY_OK;
        }
    }
    w->fns = lower_grow(b, w->fns, w->n_fns, &w->cap_fns, sizeof *w->fns);
    w->args = lower_grow(b, w->args, w->n_fns, &w->cap_args, sizeof *w->args);
    if (w->fns == NULL || w->args == NULL) {
        return lower_no_memory(b);
    }
    w->fns[w->n_fns] = sy_view_str(op);
    w->args[w->n_fns++] = arg;
    return SY_OK;
}

static sy_status call_arg(struct ctx *c, const json_t *node, const struct call *call, size_t *ret)
{
    size_t n = json_array_size(json_object_get(node, "children"));
    bool rank = call->frame == FRAME_NONE && !ast_is(node, "type", "WINDOW_LAG") &&
                !ast_is(node, "type", "WINDOW_LEAD");
    *ret = LOWER_NO_ARG;
    if (rank) {
        return n == 0 ? SY_OK : refuse(c->b, node, "it takes no argument");
    }
    if (call->frame == FRAME_WHOLE) {
        return lower_call_arg(c, node, ret);
    }
    SY_TRY(check_offset(c->b, node));
    return n == 1 ? lower_expr(c, json_array_get(json_object_get(node, "children"), 0), ret)
                  : refuse(c->b, node, "it takes one argument");
}

/* All and any of a condition are its least and greatest, as 0 and 1. */
static sy_status call_finish(struct ctx *c, const json_t *node, const struct call *call,
                             enum finish *ret)
{
    bool extreme = strcmp(call->op, "min") == 0 || strcmp(call->op, "max") == 0;
    size_t raw;
    *ret = call->finish;
    if (!extreme) {
        return SY_OK;
    }
    SY_TRY(lower_expr(c, json_array_get(json_object_get(node, "children"), 0), &raw));
    bool flag = c->list->t[raw].kind == SY_TYPE_BOOL;
    if (*ret == FINISH_FLAG && !flag) {
        return lower_refuse(c->b, REFUSE_CONDITION, ast_pos(c->b, node));
    }
    *ret = flag ? FINISH_FLAG : FINISH_COLUMN;
    return SY_OK;
}

static sy_status add_call(struct window *w, const json_t *node, const struct call *call)
{
    struct lifted *l = sy_arena_alloc(w->c.b->arena, 1, sizeof *l);
    size_t arg;
    if (l == NULL) {
        return lower_no_memory(w->c.b);
    }
    SY_TRY(call_arg(&w->c, node, call, &arg));
    SY_TRY(call_finish(&w->c, node, call, &l->finish));
    SY_TRY(add_fn(w, call->op, arg, &l->ord[0]));
    if (call->finish == FINISH_RATIO) {
        SY_TRY(add_fn(w, "count", arg, &l->ord[1]));
    }
    l->node = node;
    l->lo = arg == LOWER_NO_ARG ? 0 : w->list.t[arg].lo;
    l->hi = arg == LOWER_NO_ARG ? 0 : w->list.t[arg].hi;
    l->next = w->lifted;
    w->lifted = l;
    return SY_OK;
}

static const struct call *find_call(const json_t *node)
{
    for (size_t i = 0; i < N_CALLS; i++) {
        if (strcasecmp(ast_str(node, "function_name"), CALLS[i].name) == 0) {
            return &CALLS[i];
        }
    }
    return NULL;
}

static sy_status new_window(struct windows *all, struct window **ret)
{
    struct builder *b = all->c->b;
    struct window *w = sy_arena_alloc(b->arena, 1, sizeof *w);
    if (w == NULL) {
        return lower_no_memory(b);
    }
    w->c = *all->c;
    w->c.list = &w->list;
    *ret = w;
    return SY_OK;
}

/* To the relation with this partition, order and frame, or a new one after the others. */
static sy_status place(struct windows *all, const json_t *node, const struct call *call)
{
    struct window **at = &all->first;
    for (; *at != NULL; at = &(*at)->next) {
        struct spec s = {0};
        SY_TRY(lower_spec(&(*at)->c, node, call, &s));
        if (same_spec(&s, &(*at)->spec)) {
            return add_call(*at, node, call);
        }
    }
    SY_TRY(new_window(all, at));
    SY_TRY(lower_spec(&(*at)->c, node, call, &(*at)->spec));
    return add_call(*at, node, call);
}

static sy_status on_window(struct windows *all, const json_t *node)
{
    struct builder *b = all->c->b;
    SY_TRY(ast_check(b, node));
    const struct call *call = find_call(node);
    if (call == NULL) {
        return lower_refuse_named(b, REFUSE_WINDOW_FUNCTION, ast_pos(b, node),
                                  sy_view_str(ast_str(node, "function_name")), NULL);
    }
    SY_TRY(check_options(b, node, call));
    return place(all, node, call);
}

static sy_status find_windows(struct windows *all, const json_t *node)
{
    if (json_is_array(node)) {
        for (size_t i = 0; i < json_array_size(node); i++) {
            SY_TRY(find_windows(all, json_array_get(node, i)));
        }
        return SY_OK;
    }
    if (ast_is(node, "class", "WINDOW")) {
        return on_window(all, node);
    }
    json_t *o = json_is_object(node) && !ast_is(node, "class", "SUBQUERY")
                    ? (json_t *)(uintptr_t)node
                    : NULL;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        SY_TRY(find_windows(all, json_object_iter_value(it)));
    }
    return SY_OK;
}

/* --- the relation --------------------------------------------------------------------------------- */

static sy_status window_rel(struct builder *b, const struct window *w, struct sy_plan_rel *r)
{
    const struct spec *s = &w->spec;
    size_t n = s->n_keys + s->n_order;
    r->kind = sy_view_str(s->kind);
    r->n_keys = s->n_keys;
    r->n_order = s->n_order;
    r->fns = w->fns;
    r->n_fns = w->n_fns;
    r->outs = sy_arena_alloc(b->arena, n + w->n_fns + 1, sizeof *r->outs);
    r->desc = sy_arena_alloc(b->arena, s->n_order + 1, sizeof *r->desc);
    if (r->outs == NULL || r->desc == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < n; i++) {
        r->outs[r->n_outs++] = s->keys[i];
    }
    for (size_t i = 0; i < w->n_fns; i++) {
        if (w->args[i] != LOWER_NO_ARG) {
            r->outs[r->n_outs++] = w->args[i];
        }
    }
    for (size_t i = 0; i < s->n_order; i++) {
        r->desc[i] = s->desc[i] ? 1 : 0;
    }
    r->n_desc = s->n_order;
    return SY_OK;
}

/* Rows equal in the order are told apart by all their columns. Where those of other units forbid that
 * but are not used, they are left out: the refusal is taken back. */
static sy_status place_rel(const struct windows *all, struct window *w, uint64_t pos,
                           struct relval *v)
{
    struct builder *b = all->c->b;
    struct sy_lower_result before = *b->ret;
    struct sy_plan_rel r = {0};
    bool narrower = false;
    SY_TRY(window_rel(b, w, &r));
    SY_TRY(rel_over(b, "window", v, &w->list, &r));
    sy_status st = rel_add(b, &r, pos, &v->rel);
    if (!b->refused || all->c->reducing != NULL || !lower_by_unit(b, &r)) {
        return st;
    }
    struct sy_lower_result refusal = *b->ret;
    b->refused = false;
    *b->ret = before;
    SY_TRY(lower_narrow(all->c, all->nodes, all->n_nodes, v, &narrower));
    if (!narrower) {
        b->refused = true;
        *b->ret = refusal;
        return st;
    }
    SY_TRY(rel_over(b, "window", v, &w->list, &r));
    return rel_add(b, &r, pos, &v->rel);
}

static sy_status add_window(const struct windows *all, struct window *w, uint64_t pos,
                            struct relval *v)
{
    size_t n_in = all->c->b->types[v->rel].n_cols;
    SY_TRY(place_rel(all, w, pos, v));
    while (w->lifted != NULL) {
        struct lifted *l = w->lifted;
        w->lifted = (struct lifted *)(uintptr_t)l->next;
        l->ord[0] += n_in;
        l->ord[1] += n_in;
        l->next = v->lifted;
        v->lifted = l;
    }
    return SY_OK;
}

sy_status lower_lift_windows(struct ctx *c, const json_t *const *nodes, size_t n, struct relval *v)
{
    struct builder *b = c->b;
    struct windows all = {.c = c, .nodes = nodes, .n_nodes = n};
    for (size_t i = 0; i < n; i++) {
        SY_TRY(find_windows(&all, nodes[i]));
    }
    for (struct window *w = all.first; w != NULL; w = w->next) {
        SY_TRY(add_window(&all, w, ast_pos(b, w->lifted->node), v));
    }
    return SY_OK;
}

bool lower_window_row(size_t i, struct dialect_row *ret)
{
    if (i < N_CALLS) {
        *ret = (struct dialect_row){CALLS[i].name, CALLS[i].op, CALLS[i].types, CALLS[i].errors};
    }
    return i < N_CALLS;
}
