/*
 * What: columns of an answer made of one block's released table. Invariant: everything here is
 * post-processing of released figures; an interval is never narrower than the noise.
 */
#include <string.h>

#include "mechanisms/calibrate.h"
#include "release_table.h"

/* --- columns of the answer -------------------------------------------------------------------------- */

sy_status warden_release_figures(struct sy_arena *arena, size_t n_rows,
                                 struct sy_answer_column *ret, struct sy_error *err)
{
    int64_t **lists[] = {&ret->values, &ret->lo, &ret->hi};
    size_t *counts[] = {&ret->n_values, &ret->n_lo, &ret->n_hi};
    for (size_t i = 0; i < 3; i++) {
        *lists[i] = sy_arena_alloc(arena, n_rows + 1, sizeof(int64_t));
        if (*lists[i] == NULL) {
            return warden_release_no_memory(err);
        }
        *counts[i] = n_rows;
    }
    ret->withheld = sy_arena_alloc(arena, n_rows + 1, sizeof(*ret->withheld));
    return ret->withheld != NULL ? SY_OK : warden_release_no_memory(err);
}

static int64_t saturate(sy_i128 v)
{
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

static uint64_t half_width(const struct release_table *t, size_t figure, enum mech_level level)
{
    uint64_t w = 0;
    if (t->facts->cellkey) {
        return warden_cellkey_width(t, figure, level);
    }
    if (t->facts->tree.leaves > 0) {
        return t->facts->figures[figure].half; /* 95 %; a tree has no ratios, which take more */
    }
    if (t->noise != NULL &&
        !sy_ok(mech_half_width(t->noise[figure].kind, t->noise[figure].scale, level, &w))) {
        return UINT64_C(1) << 62; /* never narrower than the truth */
    }
    return w;
}

static sy_status key_column(struct release_table *t, const struct sy_plan_out *o,
                            struct sy_answer_column *out, struct sy_error *err)
{
    out->kind = sy_view_str("key");
    out->mechanism = t->facts->subject ? t->block->mechanism : (struct sy_view){0};
    out->texts = sy_arena_alloc(t->arena, t->n_rows + 1, sizeof(*out->texts));
    if (out->texts == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t row = 0; row < t->n_rows; row++) {
        struct sy_view label = t->labels[o->a][row];
        out->texts[row] = label.p != NULL ? label : sy_view_str(RELEASE_NULL_TEXT);
    }
    out->n_texts = t->n_rows;
    return SY_OK;
}

/* List a row that the cell-key method withholds; its figures are zero. */
static bool withhold(const struct release_table *t, size_t row, struct sy_answer_column *out)
{
    bool withheld = t->withheld != NULL && t->withheld[row];
    if (withheld) {
        out->withheld[out->n_withheld++] = row;
    }
    return withheld;
}

static sy_status figure_column(struct release_table *t, const struct sy_plan_out *o,
                               struct sy_answer_column *out, struct sy_error *err)
{
    out->kind = sy_view_str("figure");
    out->mechanism = t->block->mechanism;
    out->noise = t->noise == NULL ? 0 : t->noise[o->a].scale;
    out->scale = t->facts->figures[o->a].scale;
    SY_TRY(warden_release_figures(t->arena, t->n_rows, out, err));
    sy_i128 w = (sy_i128)half_width(t, o->a, MECH_LEVEL_950);
    for (size_t row = 0; row < t->n_rows; row++) {
        if (withhold(t, row, out)) {
            continue;
        }
        int64_t v = t->values[row * t->facts->n_figures + o->a];
        out->values[row] = v;
        out->lo[row] = saturate((sy_i128)v - w);
        out->hi[row] = saturate((sy_i128)v + w);
    }
    return SY_OK;
}

struct span {
    sy_i128 lo, hi;
};

static sy_i128 clamp128(sy_i128 v, sy_i128 lo, sy_i128 hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static sy_i128 floor_div(sy_i128 a, sy_i128 b) /* b > 0 */
{
    return a / b - (a % b != 0 && a < 0);
}

static sy_i128 ceil_div(sy_i128 a, sy_i128 b)
{
    return -floor_div(-a, b);
}

static sy_i128 round_div(sy_i128 a, sy_i128 b)
{
    return floor_div(2 * a + b, 2 * b);
}

/* All quotients of a box with a positive divisor lie between those of its corners. */
static struct span quotient_span(struct span a, struct span b)
{
    sy_i128 low = a.lo < 0 ? floor_div(a.lo, b.lo) : floor_div(a.lo, b.hi);
    sy_i128 high = a.hi < 0 ? ceil_div(a.hi, b.hi) : ceil_div(a.hi, b.lo);
    return (struct span){low, high};
}

static sy_i128 power10(uint64_t n)
{
    sy_i128 p = 1;
    for (uint64_t i = 0; i < n; i++) {
        p *= 10;
    }
    return p;
}

sy_status warden_release_ratio(const struct release_table *t, const struct sy_plan_out *o,
                               struct release_ratio *ret, struct sy_error *err)
{
    const struct rules_figure_facts *f = t->facts->figures;
    if (o->scale + f[o->b].scale < f[o->a].scale) {
        return warden_release_misfit(err, "scale");
    }
    *ret = (struct release_ratio){.out = o,
                                  .factor = power10(o->scale + f[o->b].scale - f[o->a].scale)};
    return SY_OK;
}

bool warden_release_quotient(const struct release_ratio *r, int64_t a, int64_t b, int64_t *ret)
{
    if (b <= 0) {
        return false;
    }
    *ret = (int64_t)clamp128(round_div((sy_i128)a * r->factor, b), r->out->lo, r->out->hi);
    return true;
}

/* Where the true quotient is when figures are within wa and wb of the released ones. Those are half widths
 * at 97.5 %: both hold together at 95 % (Bonferroni). */
static struct span ratio_span(const struct release_ratio *r, struct span a, struct span b)
{
    sy_i128 lo = r->out->lo, hi = r->out->hi;
    if (b.lo <= 0) {
        return (struct span){lo, hi};
    }
    struct span q = quotient_span((struct span){a.lo * r->factor, a.hi * r->factor}, b);
    return (struct span){clamp128(q.lo, lo, hi), clamp128(q.hi, lo, hi)};
}

static struct span around(int64_t v, uint64_t w)
{
    return (struct span){(sy_i128)v - w, (sy_i128)v + w};
}

static sy_status ratio_column(struct release_table *t, const struct sy_plan_out *o,
                              struct sy_answer_column *out, struct sy_error *err)
{
    struct release_ratio r = {0};
    uint64_t wa = half_width(t, o->a, MECH_LEVEL_975), wb = half_width(t, o->b, MECH_LEVEL_975);
    SY_TRY(warden_release_ratio(t, o, &r, err));
    SY_TRY(warden_release_figures(t->arena, t->n_rows, out, err));
    out->kind = sy_view_str("figure");
    out->mechanism = t->block->mechanism;
    out->scale = o->scale;
    for (size_t row = 0; row < t->n_rows; row++) {
        if (withhold(t, row, out)) {
            continue;
        }
        const int64_t *figures = &t->values[row * t->facts->n_figures];
        int64_t a = figures[o->a], b = figures[o->b];
        struct span q = ratio_span(&r, around(a, wa), around(b, wb));
        out->lo[row] = (int64_t)q.lo;
        out->hi[row] = (int64_t)q.hi;
        if (!warden_release_quotient(&r, a, b, &out->values[row])) {
            out->withheld[out->n_withheld++] = row;
        }
    }
    return SY_OK;
}

typedef sy_status column_fn(struct release_table *t, const struct sy_plan_out *o,
                            struct sy_answer_column *out, struct sy_error *err);

static const struct {
    const char *op;
    column_fn *make;
} columns[] = {{"key", key_column}, {"figure", figure_column}, {"ratio", ratio_column}};

sy_status warden_release_column(struct release_table *t, const struct sy_plan_out *o,
                                struct sy_answer_column *out, struct sy_error *err)
{
    out->name = o->name;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        if (sy_view_is(o->op, columns[i].op)) {
            return columns[i].make(t, o, out, err);
        }
    }
    return warden_release_misfit(err, "output");
}
