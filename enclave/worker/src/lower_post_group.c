/* GROUP BY in the post stage: a reduction by the keys; its aggregates and keys become columns. */
#include <strings.h>

#include "lower_post.h"

struct grouping {
    struct post *p;
    struct post_ctx in; /* over the rows before grouping */
    struct post_list list;
    size_t *keys, n_keys;
    const json_t **nodes; /* of the keys */
    struct sy_view *fns;
    struct post_hint *hints; /* of keys ++ functions */
    struct fn_args *args;
    size_t n_fns, n_args, cap_fns, cap_args; /* n_args: of all functions */
};

/* Arguments of a function: positions in the list. */
struct fn_args {
    size_t at[3];
    size_t n;
};

/* --- aggregates ----------------------------------------------------------------------------------- */

static const struct fn {
    const char *name, *op;
    bool condition; /* counts where its argument is true */
} FNS[] = {{"count", "count", false},
           {"count_star", "count", false},
           {"sum", "sum", false},
           {"avg", "avg", false},
           {"mean", "avg", false},
           {"min", "min", false},
           {"max", "max", false},
           {"product", "product", false},
           {"count_if", "count", true},
           {"countif", "count", true},
           {"quantile_disc", "quantile", false}};

static const struct fn *find_fn(const char *name)
{
    for (size_t i = 0; i < sizeof FNS / sizeof FNS[0]; i++) {
        if (strcasecmp(name, FNS[i].name) == 0) {
            return &FNS[i];
        }
    }
    return NULL;
}

/* CASE WHEN condition THEN value END */
static sy_status only_where(struct post_ctx *c, size_t condition, size_t value, uint64_t pos,
                            size_t *ret)
{
    struct sy_plan_expr null = {.op = sy_view_str("null"), .s = sy_view_str("int")};
    size_t args[3] = {condition, value, 0};
    SY_TRY(post_add(c, &null, pos, &args[2]));
    SY_TRY(post_unify(c, args + 1, 2, pos));
    return post_op(c, "case", args, 3, pos, ret);
}

static sy_status call_arg(struct grouping *g, const json_t *call, const struct fn *f, uint64_t pos,
                          size_t *ret)
{
    struct post_ctx *c = &g->in;
    const json_t *children = json_object_get(call, "children");
    const json_t *filter = json_object_get(call, "filter");
    struct sy_plan_expr yes = {.op = sy_view_str("bool"), .i = 1};
    size_t condition;
    bool rows = strcmp(f->op, "count") == 0 && json_array_size(children) == 0;
    if (!rows && json_array_size(children) != 1) {
        return lower_refuse_named(g->p->b, REFUSE_POST_AGGREGATE, pos, sy_view_str(f->name), NULL);
    }
    if (rows || f->condition) {
        SY_TRY(post_add(c, &yes, pos, ret));
    } else {
        SY_TRY(post_expr(c, json_array_get(children, 0), ret));
    }
    if (f->condition) {
        SY_TRY(post_condition(c, json_array_get(children, 0), &condition));
        SY_TRY(only_where(c, condition, *ret, pos, ret));
    }
    if (!json_is_object(filter)) {
        return SY_OK;
    }
    SY_TRY(post_condition(c, filter, &condition));
    return only_where(c, condition, *ret, pos, ret);
}

/* quantile_disc(value, weight, q): q is judged by its type. */
static sy_status quantile_args(struct grouping *g, const json_t *call, uint64_t pos,
                               struct fn_args *ret)
{
    const json_t *children = json_object_get(call, "children");
    if (json_array_size(children) != 3 || json_is_object(json_object_get(call, "filter"))) {
        return lower_refuse(g->p->b, REFUSE_POST_QUANTILE, pos);
    }
    for (ret->n = 0; ret->n < 3; ret->n++) {
        SY_TRY(post_expr(&g->in, json_array_get(children, ret->n), &ret->at[ret->n]));
    }
    return SY_OK;
}

static uint8_t fn_digits(const struct fn *f, uint8_t arg)
{
    static const char *const keep[] = {"sum", "min", "max", "quantile"};
    for (size_t i = 0; i < sizeof keep / sizeof keep[0]; i++) {
        if (strcmp(f->op, keep[i]) == 0) {
            return arg;
        }
    }
    return strcmp(f->op, "count") == 0 ? 0 : POST_DIGITS_UNKNOWN;
}

static bool same_args(const struct fn_args *a, const struct fn_args *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++) {
        same = a->at[i] == b->at[i];
    }
    return same;
}

static sy_status add_fn(struct grouping *g, const struct fn *f, const struct fn_args *args,
                        size_t *ret)
{
    struct builder *b = g->p->b;
    for (size_t i = 0; i < g->n_fns; i++) {
        if (sy_view_is(g->fns[i], f->op) && same_args(&g->args[i], args)) {
            *ret = i;
            return SY_OK;
        }
    }
    g->fns = lower_grow(b, g->fns, g->n_fns, &g->cap_fns, sizeof *g->fns);
    g->args = lower_grow(b, g->args, g->n_fns, &g->cap_args, sizeof *g->args);
    if (g->fns == NULL || g->args == NULL) {
        return lower_no_memory(b);
    }
    if (g->n_keys + g->n_fns >= SY_PLAN_COLS_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    *ret = g->n_fns;
    g->fns[g->n_fns] = sy_view_str(f->op);
    g->args[g->n_fns] = *args;
    g->n_args += args->n;
    g->hints[g->n_keys + g->n_fns++].digits = fn_digits(f, g->list.h[args->at[0]].digits);
    return SY_OK;
}

/* Found by the walk: column n_keys + i of the reduction. */
static sy_status on_aggregate(void *self, const json_t *call, struct known *ret)
{
    struct grouping *g = self;
    struct builder *b = g->p->b;
    uint64_t pos = ast_pos(b, call);
    const struct fn *f = find_fn(ast_str(call, "function_name"));
    struct fn_args args = {.n = 1};
    size_t fn = 0;
    if (f == NULL || json_is_true(json_object_get(call, "distinct"))) {
        return lower_refuse_named(b, REFUSE_POST_AGGREGATE, pos,
                                  sy_view_str(ast_str(call, "function_name")), NULL);
    }
    SY_TRY(lower_call_unordered(b, call));
    bool quantile = strcmp(f->op, "quantile") == 0;
    SY_TRY(quantile ? quantile_args(g, call, pos, &args) : call_arg(g, call, f, pos, &args.at[0]));
    SY_TRY(add_fn(g, f, &args, &fn));
    ret->col = g->n_keys + fn;
    return SY_OK;
}

static sy_status on_key(void *self, size_t key, size_t *ret_col)
{
    (void)self;
    *ret_col = key;
    return SY_OK;
}

/* --- keys ----------------------------------------------------------------------------------------- */

static sy_status open_keys(struct grouping *g, const json_t *select)
{
    struct builder *b = g->p->b;
    const json_t **nodes;
    size_t n;
    SY_TRY(lower_group_nodes(&g->in.names, select, &nodes, &n));
    g->nodes = sy_arena_alloc(b->arena, n + 1, sizeof(json_t *));
    g->keys = sy_arena_alloc(b->arena, n + 1, sizeof *g->keys);
    g->hints = sy_arena_alloc(b->arena, SY_PLAN_COLS_MAX, sizeof *g->hints);
    if (g->nodes == NULL || g->keys == NULL || g->hints == NULL) {
        return lower_no_memory(b);
    }
    if (n > SY_PLAN_KEYS_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    for (size_t i = 0; i < n; i++) {
        size_t at;
        SY_TRY(post_expr(&g->in, nodes[i], &at));
        g->nodes[i] = nodes[i];
        g->keys[i] = at;
        g->hints[i] = g->list.h[at];
    }
    g->n_keys = n;
    return SY_OK;
}

static void put_outs(const struct grouping *g, uint64_t *outs)
{
    for (size_t i = 0; i < g->n_keys; i++) {
        *outs++ = g->keys[i];
    }
    for (size_t i = 0; i < g->n_fns; i++) {
        for (size_t k = 0; k < g->args[i].n; k++) {
            *outs++ = g->args[i].at[k];
        }
    }
}

static sy_status add_reduce(struct grouping *g, uint64_t pos, struct relval *v)
{
    struct builder *b = g->p->b;
    struct sy_plan_rel r;
    size_t n = g->n_keys + g->n_fns;
    SY_TRY(post_rel_over(g->p, "reduce", v, &g->list, g->n_keys + g->n_args, &r));
    r.n_keys = g->n_keys;
    r.fns = g->n_fns == 0 ? NULL : g->fns;
    r.n_fns = g->n_fns;
    r.n_names = n;
    r.names = sy_arena_alloc(b->arena, n + 1, sizeof *r.names);
    if (r.names == NULL) {
        return lower_no_memory(b);
    }
    put_outs(g, r.outs);
    for (size_t i = 0; i < n; i++) {
        bool key = i < g->n_keys;
        r.names[i] = key ? lower_item_name(b, g->nodes[i]) : g->fns[i - g->n_keys];
    }
    SY_TRY(post_rel_add(g->p, &r, g->hints, pos, &v->rel));
    v->names = NULL; /* everything further on is a known node */
    v->n_names = 0;
    return SY_OK;
}

sy_status post_group(struct post *p, const json_t *select, struct knowns *known, struct relval *v)
{
    static const char *const tail[] = {"having", "qualify", "modifiers"};
    struct grouping *g = sy_arena_alloc(p->b->arena, 1, sizeof *g);
    uint64_t pos = p->b->pos;
    const json_t *items = json_object_get(select, "select_list");
    if (g == NULL) {
        return lower_no_memory(p->b);
    }
    g->p = p;
    g->in = post_ctx_of(p, v, &g->list);
    SY_TRY(open_keys(g, select));
    struct walker w = {.c = &g->in.names,
                       .keys = g->nodes,
                       .n_keys = g->n_keys,
                       .known = known,
                       .self = g,
                       .aggregate = on_aggregate,
                       .key = on_key};
    SY_TRY(known_walk(&w, items));
    w.aliases = items;
    for (size_t i = 0; i < sizeof tail / sizeof tail[0]; i++) {
        SY_TRY(known_walk(&w, json_object_get(select, tail[i])));
    }
    return add_reduce(g, pos, v);
}
