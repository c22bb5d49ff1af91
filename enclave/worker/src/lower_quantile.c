/* Quantiles in a block: what they may be, the bins, and the tree of counts that they are read off. */
#include "lower_quantile.h"

#include <strings.h>

/* Columns of quantiles while the block's own columns are still being found. */
static const size_t LATER = SY_PLAN_OUTS_MAX;

static const struct {
    const char *name;
    bool known; /* else refused, with a hint */
} NAMES[] = {{"median", true},         {"quantile_disc", true},    {"quantile", false},
             {"quantile_cont", false}, {"approx_quantile", false}, {"reservoir_quantile", false}};

static size_t name_of(const json_t *call)
{
    size_t i = 0;
    while (i < sizeof NAMES / sizeof NAMES[0] &&
           strcasecmp(ast_str(call, "function_name"), NAMES[i].name) != 0) {
        i++;
    }
    return i;
}

bool quantile_is(const json_t *call)
{
    return ast_is_aggregate(call) && name_of(call) < sizeof NAMES / sizeof NAMES[0];
}

static sy_status refuse(struct block *k, const json_t *call, enum lower_refusal why)
{
    return lower_refuse_named(k->b, why, ast_pos(k->b, call),
                              sy_view_str(ast_str(call, "function_name")), NULL);
}

/* --- the call --------------------------------------------------------------------------------------- */

/* A call's number and its place; percentile_disc(q) WITHIN GROUP (ORDER BY x) is quantile_disc(x, q), which the
 * parser leaves as written. NULL: there is none. */
struct written {
    const json_t *x, *q;
};

static struct written read_call(const json_t *call)
{
    const json_t *children = json_object_get(call, "children");
    const json_t *orders = json_object_get(json_object_get(call, "order_bys"), "orders");
    const json_t *order = json_array_get(orders, 0);
    bool within = json_array_size(orders) == 1 && json_array_size(children) == 1 &&
                  strcasecmp(ast_str(call, "function_name"), "quantile_disc") == 0 &&
                  !ast_is(order, "type", "DESCENDING");
    return within
               ? (struct written){json_object_get(order, "expression"), json_array_get(children, 0)}
               : (struct written){json_array_get(children, 0), json_array_get(children, 1)};
}

/* A decimal literal between 0 and 1; median: 0.5. */
static bool read_at(const json_t *call, const json_t *node, struct quantile_at *ret)
{
    const json_t *children = json_object_get(call, "children");
    const json_t *value = json_object_get(node, "value");
    const json_t *type = json_object_get(value, "type");
    const json_t *digits = json_object_get(json_object_get(type, "type_info"), "scale");
    const json_t *v = json_object_get(value, "value");
    if (strcasecmp(ast_str(call, "function_name"), "median") == 0) {
        *ret = (struct quantile_at){5, 1};
        return json_array_size(children) == 1;
    }
    bool decimal = json_array_size(children) <= 2 && ast_is(node, "class", "CONSTANT") &&
                   ast_is(type, "id", "DECIMAL") && json_is_integer(v) && json_is_integer(digits);
    if (!decimal || json_integer_value(digits) < 1 ||
        json_integer_value(digits) > SY_PLAN_SCALE_MAX) {
        return false;
    }
    *ret = (struct quantile_at){json_integer_value(v), (uint64_t)json_integer_value(digits)};
    int64_t one = 1;
    for (uint64_t i = 0; i < ret->scale; i++) {
        one *= 10;
    }
    return ret->i > 0 && ret->i < one;
}

static sy_status add_quantile(struct block *k, const json_t *call, const struct quantile_at *at,
                              size_t *ret)
{
    struct quantiles *q = k->quantiles;
    for (*ret = 0; *ret < q->n; (*ret)++) {
        if (q->at[*ret].i == at->i && q->at[*ret].scale == at->scale) {
            return SY_OK;
        }
    }
    if (q->n == QUANTILES_MAX) {
        return refuse(k, call, REFUSE_TOO_LARGE);
    }
    q->at[q->n++] = *at;
    return SY_OK;
}

sy_status block_quantile(struct block *k, const json_t *call, struct known *ret)
{
    struct builder *b = k->b;
    struct written w = read_call(call);
    struct quantile_at at;
    size_t expr;
    size_t column;
    bool plain = !json_is_object(json_object_get(call, "filter")) &&
                 !json_is_true(json_object_get(call, "distinct"));
    if (!NAMES[name_of(call)].known) {
        return refuse(k, call, REFUSE_QUANTILE_KIND);
    }
    if (w.q != json_array_get(json_object_get(call, "children"), 0)) {
        SY_TRY(lower_call_unordered(b, call));
    }
    if (!plain || !read_at(call, w.q, &at) || ast_has_aggregate(w.x)) {
        return refuse(k, call, REFUSE_QUANTILE);
    }
    SY_TRY(lower_expr(&k->c, w.x, &expr));
    const struct sy_type *t = &k->list.t[expr];
    if (t->kind != SY_TYPE_INT || t->nothing) {
        return refuse(k, call, REFUSE_QUANTILE);
    }
    if (k->quantiles == NULL) {
        k->quantiles = sy_arena_alloc(b->arena, 1, sizeof *k->quantiles);
        if (k->quantiles == NULL) {
            return lower_no_memory(b);
        }
        *k->quantiles = (struct quantiles){.call = call, .arg = w.x, .expr = expr};
    }
    if (k->quantiles->expr != expr) {
        return refuse(k, call, REFUSE_QUANTILE_ALONE);
    }
    SY_TRY(add_quantile(k, call, &at, &column));
    ret->col = LATER + column;
    return SY_OK;
}

/* --- bins ------------------------------------------------------------------------------------------- */

static int64_t floor_to(int64_t v, int64_t width)
{
    int64_t q = v / width - (v % width < 0 ? 1 : 0);
    return q * width;
}

/* 1, 2, 5, 10, ...: few enough bins, each a multiple of its width. Values are below 2^62. */
static bool choose_width(struct quantiles *q, const struct sy_type *t, uint64_t bins_max)
{
    static const int64_t steps[] = {1, 2, 5};
    int64_t power = 1;
    for (size_t i = 0; power <= SY_PLAN_VALUE_MAX / 50; i++) {
        q->width = steps[i % 3] * power;
        q->base = floor_to(t->lo, q->width);
        power *= i % 3 == 2 ? 10 : 1;
        if ((uint64_t)(floor_to(t->hi, q->width) - q->base) / (uint64_t)q->width < bins_max) {
            return true;
        }
    }
    return false;
}

/* Cells of the group keys, saturating; 0: some key has no declared values. */
static uint64_t outer_cells(const struct block *k)
{
    uint64_t n = 1;
    for (size_t i = 0; i < k->plan.n_keys; i++) {
        const struct sy_plan_key *key = &k->plan.keys[i];
        if (key->open || __builtin_mul_overflow(n, key->n_labels + (key->nullable ? 1 : 0), &n)) {
            return 0;
        }
    }
    return n;
}

/* A tree has fewer nodes than twice its leaves and one more a level. */
static uint64_t most_bins(uint64_t outer)
{
    uint64_t nodes = outer == 0 ? 0 : QUANTILE_NODES_MAX / outer;
    uint64_t bins = nodes < QUANTILE_LEVELS ? 0 : (nodes - QUANTILE_LEVELS) / 2;
    return bins > QUANTILE_BINS_MAX ? QUANTILE_BINS_MAX : bins;
}

/* Rows whose x is not NULL, as SQL's quantiles ignore it. */
static sy_status drop_nulls(struct block *k)
{
    struct builder *b = k->b;
    struct exprs *list = sy_arena_alloc(b->arena, 1, sizeof *list);
    size_t cond;
    if (list == NULL) {
        return lower_no_memory(b);
    }
    struct ctx c = rel_ctx(b, &k->v, list);
    uint64_t pos = ast_pos(b, k->quantiles->arg);
    SY_TRY(lower_expr(&c, k->quantiles->arg, &cond));
    SY_TRY(expr_op(&c, "is_null", &cond, 1, pos, &cond));
    SY_TRY(expr_op(&c, "not", &cond, 1, pos, &cond));
    return lower_filter(b, list, &cond, 1, &k->v);
}

/* (x - base) / width truncated, which is not below 0; x itself where that is the same. */
static sy_status bin_expr(struct block *k, size_t *ret)
{
    struct quantiles *q = k->quantiles;
    uint64_t pos = ast_pos(k->b, q->arg);
    struct sy_type t = k->list.t[q->expr];
    size_t args[2] = {q->expr, 0};
    if (t.nullable) {
        SY_TRY(drop_nulls(k));
        SY_TRY(expr_int(&k->c, t.lo, t.scale, pos, &args[1]));
        SY_TRY(expr_op(&k->c, "coalesce", args, 2, pos, &args[0]));
    }
    if (q->width == 1 && t.scale == 0) {
        q->base = 0;
        *ret = args[0];
        return SY_OK;
    }
    if (q->base != 0) {
        SY_TRY(expr_int(&k->c, q->base, t.scale, pos, &args[1]));
        SY_TRY(expr_op(&k->c, "sub", args, 2, pos, &args[0]));
    }
    SY_TRY(expr_int(&k->c, q->width, t.scale, pos, &args[1]));
    return expr_op(&k->c, "div", args, 2, pos, ret);
}

static sy_status add_bin_key(struct block *k, size_t expr)
{
    struct builder *b = k->b;
    const struct sy_view *labels;
    size_t n;
    struct sy_error err = {0};
    sy_status st = sy_type_labels(&k->list.t[expr], b->arena, &labels, &n, &err);
    if (st.code == SY_E_PLAN) {
        return lower_refuse_named(b, REFUSE_KEY, ast_pos(b, k->quantiles->arg),
                                  lower_item_name(b, k->quantiles->arg), err.reason);
    }
    SY_TRY(st);
    k->plan.keys[k->plan.n_keys] =
        (struct sy_plan_key){.expr = expr,
                             .labels = (struct sy_view *)(uintptr_t)labels,
                             .n_labels = n,
                             .name = sy_view_str("bin")};
    struct sy_plan_out o = {.op = sy_view_str("key"), .a = k->plan.n_keys++};
    k->name = sy_view_str("bin");
    return block_out(k, &o, b->pos, &n);
}

static sy_status add_count(struct block *k)
{
    struct sy_plan_figure f = {.fn = sy_view_str("count")};
    struct sy_plan_out o = {.op = sy_view_str("figure")};
    k->name = sy_view_str("n");
    size_t figure;
    size_t out;
    SY_TRY(block_figure(k, &f, &figure));
    o.a = figure;
    return block_out(k, &o, k->b->pos, &out);
}

/* Now that the group keys are known, so are the columns of the quantiles, which follow them. */
static void number_columns(struct block *k)
{
    for (size_t i = 0; i < k->known.n; i++) {
        struct known *known = &k->known.v[i];
        known->col = known->col >= LATER ? known->col - LATER + k->quantiles->n_keys : known->col;
    }
}

sy_status block_quantiles_end(struct block *k)
{
    struct quantiles *q = k->quantiles;
    size_t expr;
    if (q == NULL) {
        return SY_OK;
    }
    uint64_t pos = ast_pos(k->b, q->arg);
    k->b->pos = pos;
    if (k->plan.n_figures != 0 || k->plan.n_keys >= SY_PLAN_KEYS_MAX ||
        sy_view_is(k->m->tree, "total")) {
        return refuse(k, q->call, REFUSE_QUANTILE_ALONE);
    }
    if (k->m->n_shape != 0) { /* weights raised to zero would move every quantile */
        return lower_refuse_named(k->b, REFUSE_SHAPE, 0, k->m->name, NULL);
    }
    uint64_t bins = most_bins(outer_cells(k));
    if (bins < QUANTILE_BINS_MIN || !choose_width(q, &k->list.t[q->expr], bins)) {
        return refuse(k, q->call, REFUSE_QUANTILE_GROUPS);
    }
    q->scale = k->list.t[q->expr].scale;
    q->n_keys = k->n_outs;
    k->n_named = 0;
    number_columns(k);
    SY_TRY(bin_expr(k, &expr));
    SY_TRY(add_bin_key(k, expr));
    SY_TRY(add_count(k));
    k->plan.tree = k->track != NULL ? sy_view_str("bins") : (struct sy_view){0};
    k->b->implicit[k->ordinal].quantiles = q;
    return SY_OK;
}
