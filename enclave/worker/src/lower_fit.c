/*
 * Fitting values to each other: NULL and text literals take the kind of what they meet, numbers the
 * larger number of decimal digits; and small values built from others.
 */
#include "lower_internal.h"

static sy_status add_null(struct ctx *c, enum sy_type_kind kind, uint32_t scale, uint64_t pos,
                          size_t *ret)
{
    static const char *const names[SY_TYPE_N] = {[SY_TYPE_INT] = "int",
                                                 [SY_TYPE_DATE] = "date",
                                                 [SY_TYPE_BOOL] = "bool",
                                                 [SY_TYPE_STR] = "str"};
    if (names[kind] == NULL) {
        return lower_refuse(c->b, REFUSE_TYPE, pos);
    }
    struct sy_plan_expr e = {.op = sy_view_str("null"),
                             .s = sy_view_str(names[kind]),
                             .scale = kind == SY_TYPE_INT ? scale : 0};
    return expr_add(c, &e, pos, ret);
}

static bool parse_day(struct sy_view text, int64_t *ret)
{
    struct sy_plan_param p = {.kind = sy_view_str("date"), .values = &text, .n_values = 1};
    return sy_plan_param_value(&p, 0, ret);
}

sy_status expr_int(struct ctx *c, int64_t v, uint32_t scale, uint64_t pos, size_t *ret)
{
    struct sy_plan_expr e = {.op = sy_view_str("int"), .i = v, .scale = scale};
    return expr_add(c, &e, pos, ret);
}

sy_status expr_null_like(struct ctx *c, const struct sy_type *t, uint64_t pos, size_t *ret)
{
    return add_null(c, t->kind, t->scale, pos, ret);
}

static sy_status rescale(struct ctx *c, size_t i, uint32_t scale, uint64_t pos, size_t *ret)
{
    struct sy_plan_expr e = c->list->e[i];
    uint32_t have = c->list->t[i].scale;
    *ret = i;
    if (have == scale) {
        return SY_OK;
    }
    if (sy_view_is(e.op, "int") && scale > have) { /* a literal takes the digits it needs */
        int64_t v = e.i;
        bool fits = true;
        for (uint32_t k = have; fits && k < scale; k++) {
            fits = !__builtin_mul_overflow(v, 10, &v);
        }
        return fits ? expr_int(c, v, scale, pos, ret) : lower_refuse(c->b, REFUSE_LITERAL, pos);
    }
    uint64_t *arg = sy_arena_alloc(c->b->arena, 1, sizeof *arg);
    if (arg == NULL) {
        return lower_no_memory(c->b);
    }
    *arg = i;
    struct sy_plan_expr r = {.op = sy_view_str("rescale"), .i = scale, .args = arg, .n_args = 1};
    return expr_add(c, &r, pos, ret);
}

sy_status expr_rescale(struct ctx *c, size_t *i, uint32_t scale, uint64_t pos)
{
    return rescale(c, *i, scale, pos, i);
}

sy_status expr_fit(struct ctx *c, size_t *i, const struct sy_type *to, uint64_t pos)
{
    struct sy_type t = c->list->t[*i];
    struct sy_plan_expr e = c->list->e[*i];
    int64_t day;
    if (sy_view_is(e.op, "null") && (t.kind != to->kind || t.scale != to->scale)) {
        return add_null(c, to->kind, to->scale, pos, i);
    }
    if (to->kind == SY_TYPE_DATE && sy_view_is(e.op, "str")) {
        if (!parse_day(e.s, &day)) {
            return lower_refuse_named(c->b, REFUSE_LITERAL, pos, e.s, "not a date YYYY-MM-DD");
        }
        struct sy_plan_expr d = {.op = sy_view_str("date"), .i = day};
        return expr_add(c, &d, pos, i);
    }
    if (t.kind == SY_TYPE_INT && to->kind == SY_TYPE_INT && t.scale < to->scale) {
        return rescale(c, *i, to->scale, pos, i);
    }
    return SY_OK;
}

sy_status expr_unify(struct ctx *c, size_t *a, size_t *b, uint64_t pos)
{
    struct sy_type ta = c->list->t[*a];
    struct sy_type tb = c->list->t[*b];
    SY_TRY(expr_fit(c, a, &tb, pos));
    ta = c->list->t[*a];
    return expr_fit(c, b, &ta, pos);
}

sy_status expr_unify_all(struct ctx *c, size_t *args, size_t n, uint64_t pos)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 1; i < n; i++) {
            SY_TRY(expr_unify(c, &args[0], &args[i], pos));
        }
    }
    return SY_OK;
}

sy_status expr_date(struct ctx *c, size_t *i, uint64_t pos)
{
    struct sy_type date = {.kind = SY_TYPE_DATE};
    SY_TRY(expr_fit(c, i, &date, pos));
    return c->list->t[*i].kind == SY_TYPE_DATE
               ? SY_OK
               : lower_refuse_named(c->b, REFUSE_TYPE, pos, sy_view_str("INTERVAL"),
                                    "an interval is added to or taken from a date");
}

/* --- small values --------------------------------------------------------------------------------- */

sy_status expr_choose(struct ctx *c, size_t cond, size_t then, size_t otherwise, uint64_t pos,
                      size_t *ret)
{
    size_t args[3] = {cond, then, otherwise};
    SY_TRY(expr_unify(c, &args[1], &args[2], pos));
    return expr_op(c, "case", args, 3, pos, ret);
}

sy_status expr_div(struct ctx *c, size_t a, size_t b, uint32_t digits, uint64_t pos, size_t *ret)
{
    uint64_t *args = sy_arena_alloc(c->b->arena, 2, sizeof *args);
    if (args == NULL) {
        return lower_no_memory(c->b);
    }
    args[0] = a;
    args[1] = b;
    uint32_t scale = c->list->t[a].scale + digits;
    struct sy_plan_expr e = {.op = sy_view_str("div"),
                             .scale = scale > SY_PLAN_SCALE_MAX ? SY_PLAN_SCALE_MAX : scale,
                             .args = args,
                             .n_args = 2};
    return expr_add(c, &e, pos, ret);
}

/* v x 10^digits, within what a value may be. */
static bool shift(int64_t v, uint32_t digits, int64_t *ret)
{
    for (uint32_t i = 0; i < digits; i++) {
        if (__builtin_mul_overflow(v, 10, &v)) {
            return false;
        }
    }
    *ret = v;
    return v >= -SY_PLAN_VALUE_MAX && v <= SY_PLAN_VALUE_MAX;
}

/* NULL stays NULL; anything else is at least lo and at most hi, of r's digits. */
static sy_status within(struct ctx *c, size_t r, int64_t lo, int64_t hi, uint64_t pos, size_t *ret)
{
    uint32_t scale = c->list->t[r].scale;
    size_t x[2] = {r};
    size_t cond;
    size_t null;
    SY_TRY(expr_int(c, lo, scale, pos, &x[1]));
    SY_TRY(expr_op(c, "greatest", x, 2, pos, &x[0]));
    SY_TRY(expr_int(c, hi, scale, pos, &x[1]));
    SY_TRY(expr_op(c, "least", x, 2, pos, &x[0]));
    SY_TRY(expr_op(c, "is_null", &r, 1, pos, &cond));
    SY_TRY(expr_null_like(c, &c->list->t[r], pos, &null));
    return expr_choose(c, cond, null, x[0], pos, ret);
}

/* The sum may be as large as all rows together, the average not: its interval is said anew. Fewer digits
 * where the interval has no room for three. */
static sy_status finish_ratio(struct ctx *c, const struct lifted *l, size_t x[2], uint64_t pos,
                              size_t *ret)
{
    uint32_t digits = 3;
    int64_t lo = l->lo;
    int64_t hi = l->hi;
    size_t r;
    while (digits > 0 && (c->list->t[x[0]].scale + digits > SY_PLAN_SCALE_MAX ||
                          !shift(l->lo, digits, &lo) || !shift(l->hi, digits, &hi))) {
        digits--;
    }
    lo = digits == 0 ? l->lo : lo;
    hi = digits == 0 ? l->hi : hi;
    SY_TRY(expr_col(c, l->ord[1], pos, &x[1]));
    SY_TRY(expr_div(c, x[0], x[1], digits, pos, &r));
    return within(c, r, lo, hi, pos, ret);
}

static sy_status finish_column(struct ctx *c, const struct lifted *l, size_t x[2], uint64_t pos,
                               size_t *ret)
{
    (void)c;
    (void)l;
    (void)pos;
    *ret = x[0];
    return SY_OK;
}

static sy_status finish_flag(struct ctx *c, const struct lifted *l, size_t x[2], uint64_t pos,
                             size_t *ret)
{
    (void)l;
    SY_TRY(expr_int(c, 1, 0, pos, &x[1]));
    return expr_op(c, "eq", x, 2, pos, ret);
}

static sy_status finish_zero(struct ctx *c, const struct lifted *l, size_t x[2], uint64_t pos,
                             size_t *ret)
{
    (void)l;
    SY_TRY(expr_int(c, 0, 0, pos, &x[1]));
    return expr_op(c, "coalesce", x, 2, pos, ret);
}

static sy_status finish_present(struct ctx *c, const struct lifted *l, size_t x[2], uint64_t pos,
                                size_t *ret)
{
    (void)l;
    SY_TRY(expr_op(c, "is_null", x, 1, pos, &x[1]));
    return expr_op(c, "not", &x[1], 1, pos, ret);
}

sy_status expr_finish(struct ctx *c, const struct lifted *l, uint64_t pos, size_t *ret)
{
    static sy_status (*const table[])(struct ctx *, const struct lifted *, size_t[2], uint64_t,
                                      size_t *) = {[FINISH_COLUMN] = finish_column,
                                                   [FINISH_RATIO] = finish_ratio,
                                                   [FINISH_FLAG] = finish_flag,
                                                   [FINISH_ZERO] = finish_zero,
                                                   [FINISH_PRESENT] = finish_present};
    size_t x[2];
    SY_TRY(expr_col(c, l->ord[0], pos, &x[0]));
    return table[l->finish](c, l, x, pos, ret);
}
