/* Quantiles in the post stage: a reduction of a block's bins by its group keys. */
#include "lower_quantile.h"

struct reading_off {
    struct post *p;
    const struct quantiles *q;
    struct post_list *list;
    struct post_ctx c;
    struct sy_plan_rel r;
    struct post_hint *hints;
    uint64_t pos;
};

static sy_status number(struct reading_off *k, int64_t i, uint64_t scale, size_t *ret)
{
    struct sy_plan_expr e = {.op = sy_view_str("int"), .i = i, .scale = scale};
    return post_add(&k->c, &e, k->pos, ret);
}

static sy_status op_int(struct reading_off *k, const char *op, size_t a, int64_t i, size_t *ret)
{
    size_t args[2] = {a, 0};
    SY_TRY(number(k, i, 0, &args[1]));
    return post_op(&k->c, op, args, 2, k->pos, ret);
}

/* (base + bin x width) / 10^scale: whole numbers until the division, which rounds once. */
static sy_status bin_value(struct reading_off *k, size_t *ret)
{
    const struct quantiles *q = k->q;
    int64_t one = 1;
    for (uint32_t i = 0; i < q->scale; i++) {
        one *= 10;
    }
    SY_TRY(post_col(&k->c, q->n_keys, k->pos, ret));
    if (q->width != 1) {
        SY_TRY(op_int(k, "mul", *ret, q->width, ret));
    }
    if (q->base != 0) {
        SY_TRY(op_int(k, "add", *ret, q->base, ret));
    }
    return one == 1 ? SY_OK : op_int(k, "div", *ret, one, ret);
}

static sy_status add_keys(struct reading_off *k, const struct relval *v)
{
    for (size_t i = 0; i < k->q->n_keys; i++) {
        size_t at;
        SY_TRY(post_col(&k->c, i, k->pos, &at));
        k->r.outs[i] = at;
        k->r.names[i] = v->names[i].name;
        k->hints[i] = k->list->h[at];
    }
    return SY_OK;
}

static sy_status add_functions(struct reading_off *k)
{
    const struct quantiles *q = k->q;
    size_t value;
    size_t weight;
    size_t at;
    SY_TRY(bin_value(k, &value));
    SY_TRY(post_col(&k->c, q->n_keys + 1, k->pos, &weight));
    for (size_t i = 0; i < q->n; i++) {
        uint64_t *outs = &k->r.outs[q->n_keys + 3 * i];
        SY_TRY(number(k, q->at[i].i, q->at[i].scale, &at));
        outs[0] = value;
        outs[1] = weight;
        outs[2] = at;
        k->r.fns[i] = sy_view_str("quantile");
        k->r.names[q->n_keys + i] = sy_view_str("quantile");
        k->hints[q->n_keys + i].digits = (uint8_t)q->scale;
    }
    return SY_OK;
}

sy_status post_quantiles(struct post *p, size_t at, uint64_t pos, struct relval *v)
{
    struct sy_arena *arena = p->b->arena;
    const struct quantiles *q = p->b->implicit[at].quantiles;
    if (q == NULL) {
        return SY_OK;
    }
    size_t n = q->n_keys + q->n;
    struct reading_off k = {.p = p, .q = q, .pos = pos};
    k.list = sy_arena_alloc(arena, 1, sizeof *k.list);
    k.hints = sy_arena_alloc(arena, n + 1, sizeof *k.hints);
    if (k.list == NULL || k.hints == NULL) {
        return lower_no_memory(p->b);
    }
    k.c = post_ctx_of(p, v, k.list);
    SY_TRY(post_rel_over(p, "reduce", v, k.list, q->n_keys + 3 * q->n, &k.r));
    k.r.names = sy_arena_alloc(arena, n + 1, sizeof *k.r.names);
    k.r.fns = sy_arena_alloc(arena, q->n + 1, sizeof *k.r.fns);
    if (k.r.names == NULL || k.r.fns == NULL) {
        return lower_no_memory(p->b);
    }
    SY_TRY(add_keys(&k, v));
    SY_TRY(add_functions(&k));
    k.r.n_keys = q->n_keys;
    k.r.n_fns = q->n;
    k.r.n_names = n;
    k.r.exprs = k.list->e;
    k.r.n_exprs = k.list->n;
    *v = (struct relval){.rel = v->rel}; /* everything further on is a known node */
    return post_rel_add(p, &k.r, k.hints, pos, &v->rel);
}
