/*
 * Moments over released figures. A formula reads like one: each helper appends an expression to the
 * post stage and returns its position; the first error sticks. Nothing here divides by what may be zero
 * without a condition above it, and every comparison is written so that a NULL (a figure that was
 * withheld) gives NULL.
 */
#include "base/weak.h"
#include "lower_moment.h"
#include "lower_post.h"

struct calc {
    struct post_ctx *c;
    const struct moment *m;
    uint64_t pos;
    sy_status st;
};

static struct calc calc_of(struct post_ctx *c, const struct derived *d, uint64_t pos)
{
    return (struct calc){.c = c, .m = (const struct moment *)d, .pos = pos, .st = SY_OK};
}

static sy_status done(const struct calc *k, size_t at, size_t *ret)
{
    *ret = at;
    return k->st;
}

/* --- expressions -------------------------------------------------------------------------------------- */

static size_t op(struct calc *k, const char *name, const size_t *args, size_t n)
{
    size_t ret = 0;
    if (sy_ok(k->st)) {
        k->st = post_op(k->c, name, args, n, k->pos, &ret);
    }
    return ret;
}

static size_t op2(struct calc *k, const char *name, size_t a, size_t b)
{
    size_t args[2] = {a, b};
    return op(k, name, args, 2);
}

static size_t number(struct calc *k, int64_t v, uint64_t scale)
{
    size_t ret = 0;
    struct sy_plan_expr e = {.op = sy_view_str("int"), .i = v, .scale = scale};
    if (sy_ok(k->st)) {
        k->st = post_add(k->c, &e, k->pos, &ret);
    }
    return ret;
}

static size_t column(struct calc *k, size_t col)
{
    size_t ret = 0;
    if (sy_ok(k->st)) {
        k->st = post_col(k->c, col, k->pos, &ret);
    }
    return ret;
}

/* v where the condition holds, else NULL. */
static size_t when(struct calc *k, size_t condition, size_t v)
{
    size_t args[3] = {condition, v, 0};
    struct sy_plan_expr null = {.op = sy_view_str("null"), .s = sy_view_str("int")};
    if (sy_ok(k->st)) {
        k->st = post_add(k->c, &null, k->pos, &args[2]);
    }
    return op(k, "case", args, 3);
}

/* least and greatest would turn NULL into a bound. */
static size_t clamp(struct calc *k, size_t v, size_t lo, size_t hi)
{
    size_t args[5] = {op2(k, "lt", v, lo), lo, op2(k, "gt", v, hi), hi, v};
    return op(k, "case", args, 5);
}

/* --- moments ------------------------------------------------------------------------------------------ */

static size_t rows(struct calc *k)
{
    return column(k, k->m->rows);
}

static size_t enough_rows(struct calc *k, int64_t n)
{
    return op2(k, "ge", rows(k), number(k, n, 0));
}

/* Of the centred variable. */
static size_t offset(struct calc *k, size_t i)
{
    return op2(k, "div", column(k, k->m->means[i].col), rows(k));
}

/* Of the variable itself. */
static size_t mean(struct calc *k, size_t i)
{
    const struct moment_mean *m = &k->m->means[i];
    return op2(k, "add", number(k, m->mid, m->scale), offset(k, i));
}

static size_t raw_covariance(struct calc *k, size_t i, size_t j)
{
    const struct moment_mean *m = &k->m->products[i < j ? i : j][i < j ? j : i];
    size_t product = op2(k, "div", column(k, m->col), rows(k));
    if (m->mid != 0) {
        product = op2(k, "add", number(k, m->mid, m->scale), product);
    }
    return op2(k, "sub", product, op2(k, "mul", offset(k, i), offset(k, j)));
}

/* Half of the declared interval: no value is further from the middle. */
static size_t half(struct calc *k, size_t i)
{
    const struct moment_var *v = &k->m->vars[i];
    return op2(k, "div", number(k, v->hi - v->lo, v->scale), number(k, 2, 0));
}

/* |covariance| is at most the product of the halves, a variance also at least 0. */
static size_t covariance(struct calc *k, size_t i, size_t j)
{
    size_t most = op2(k, "mul", half(k, i), half(k, j));
    size_t least = i == j ? number(k, 0, 0) : op(k, "neg", &most, 1);
    return clamp(k, raw_covariance(k, i, j), least, most);
}

/* n / (n - 1) of it. */
static size_t of_sample(struct calc *k, size_t v)
{
    size_t n = rows(k);
    return op2(k, "mul", v, op2(k, "div", n, op2(k, "sub", n, number(k, 1, 0))));
}

static size_t correlation(struct calc *k)
{
    size_t zero = number(k, 0, 0), one = number(k, 1, 0), minus = number(k, -1, 0);
    size_t y = covariance(k, 0, 0), x = covariance(k, 1, 1);
    size_t ok[3] = {enough_rows(k, 2), op2(k, "gt", y, zero), op2(k, "gt", x, zero)};
    size_t both = op2(k, "mul", y, x);
    size_t r = op2(k, "div", raw_covariance(k, 0, 1), op(k, "sqrt", &both, 1));
    return when(k, op(k, "and", ok, 3), clamp(k, r, minus, one));
}

/* --- functions of one and two variables ---------------------------------------------------------------- */

sy_status moment_variance(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret)
{
    struct calc k = calc_of(c, d, pos);
    return done(&k, when(&k, enough_rows(&k, 2), covariance(&k, 0, 0)), ret);
}

sy_status moment_variance_samp(struct post_ctx *c, const struct derived *d, uint64_t pos,
                               size_t *ret)
{
    struct calc k = calc_of(c, d, pos);
    size_t v = of_sample(&k, covariance(&k, 0, 0));
    return done(&k, when(&k, enough_rows(&k, 2), v), ret);
}

static sy_status root(struct post_ctx *c, sy_status st, uint64_t pos, size_t *ret)
{
    SY_TRY(st);
    return post_op(c, "sqrt", ret, 1, pos, ret);
}

sy_status moment_deviation(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret)
{
    return root(c, moment_variance(c, d, pos, ret), pos, ret);
}

sy_status moment_deviation_samp(struct post_ctx *c, const struct derived *d, uint64_t pos,
                                size_t *ret)
{
    return root(c, moment_variance_samp(c, d, pos, ret), pos, ret);
}

sy_status moment_covariance(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret)
{
    struct calc k = calc_of(c, d, pos);
    return done(&k, when(&k, enough_rows(&k, 2), covariance(&k, 0, 1)), ret);
}

sy_status moment_covariance_samp(struct post_ctx *c, const struct derived *d, uint64_t pos,
                                 size_t *ret)
{
    struct calc k = calc_of(c, d, pos);
    size_t v = of_sample(&k, covariance(&k, 0, 1));
    return done(&k, when(&k, enough_rows(&k, 2), v), ret);
}

sy_status moment_correlation(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret)
{
    struct calc k = calc_of(c, d, pos);
    return done(&k, correlation(&k), ret);
}

static sy_status clamped_mean(struct post_ctx *c, const struct derived *d, size_t i, uint64_t pos,
                              size_t *ret)
{
    struct calc k = calc_of(c, d, pos);
    const struct moment_var *v = &k.m->vars[i];
    size_t lo = number(&k, v->lo, v->scale), hi = number(&k, v->hi, v->scale);
    return done(&k, when(&k, enough_rows(&k, 1), clamp(&k, mean(&k, i), lo, hi)), ret);
}

sy_status moment_mean_x(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret)
{
    return clamped_mean(c, d, 1, pos, ret);
}

sy_status moment_mean_y(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret)
{
    return clamped_mean(c, d, 0, pos, ret);
}

/* --- least squares ------------------------------------------------------------------------------------- */

/* A model with nearly as many parameters as units would repeat their values: so many units it takes. */
static size_t enough_units(struct calc *k)
{
    int64_t params = (int64_t)k->m->n_vars; /* slopes and the intercept */
    int64_t least = params + MOMENT_DOF_MIN;
    int64_t share = (100 * params + MOMENT_PARAMS_MAX - 1) / MOMENT_PARAMS_MAX;
    least = least > share ? least : share;
    return op2(k, "ge", column(k, k->m->units), number(k, sy_weak(SY_WEAK_NO_DOF) ? 0 : least, 0));
}

sy_status moment_r2(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret)
{
    struct calc k = calc_of(c, d, pos);
    size_t r = correlation(&k);
    size_t size =
        op(&k, "abs", &r, 1); /* so that the interval of a small r reaches 0 (wire/post.h) */
    return done(&k, when(&k, enough_units(&k), op2(&k, "mul", size, size)), ret);
}

/* The normal equations of centred variables: a symmetric matrix of covariances of x, upper triangle, and
 * their covariances with y. Rows and columns count from 1, as the variables do. */
struct equations {
    size_t a[MOMENT_VARS_MAX][MOMENT_VARS_MAX], b[MOMENT_VARS_MAX];
    size_t ok[MOMENT_VARS_MAX]; /* [0]: enough units; [i]: pivot i is far from zero */
};

static void fill_equations(struct calc *k, struct equations *e)
{
    for (size_t i = 1; i < k->m->n_vars; i++) {
        for (size_t j = i; j < k->m->n_vars; j++) {
            e->a[i][j] = raw_covariance(k, i, j);
        }
        e->b[i] = raw_covariance(k, 0, i);
    }
}

/* What is left of x_i's variance after the x before it: a thousandth or less means that they tell it, or
 * that it is noise. */
static void check_pivot(struct calc *k, struct equations *e, size_t i, size_t whole)
{
    size_t least = i == 1 ? number(k, 0, 0) : op2(k, "mul", whole, number(k, 1, 3));
    size_t ok = op2(k, "gt", e->a[i][i], least);
    if (i > 1) {
        ok = op2(k, "and", ok, op2(k, "gt", whole, number(k, 0, 0)));
    }
    e->ok[i] = ok;
}

/* Gaussian elimination, written out. */
static void eliminate(struct calc *k, struct equations *e)
{
    size_t n = k->m->n_vars, whole[MOMENT_VARS_MAX] = {0};
    for (size_t i = 1; i < n; i++) {
        whole[i] = e->a[i][i];
    }
    for (size_t i = 1; i < n; i++) {
        check_pivot(k, e, i, whole[i]);
        for (size_t j = i + 1; j < n; j++) {
            size_t f = op2(k, "div", e->a[i][j], e->a[i][i]);
            for (size_t l = j; l < n; l++) {
                e->a[j][l] = op2(k, "sub", e->a[j][l], op2(k, "mul", f, e->a[i][l]));
            }
            e->b[j] = op2(k, "sub", e->b[j], op2(k, "mul", f, e->b[i]));
        }
    }
}

/* b becomes the slopes. */
static void substitute(struct calc *k, struct equations *e)
{
    for (size_t i = k->m->n_vars; i-- > 1;) {
        for (size_t j = i + 1; j < k->m->n_vars; j++) {
            e->b[i] = op2(k, "sub", e->b[i], op2(k, "mul", e->a[i][j], e->b[j]));
        }
        e->b[i] = op2(k, "div", e->b[i], e->a[i][i]);
    }
}

static size_t intercept(struct calc *k, const struct equations *e)
{
    size_t v = mean(k, 0);
    for (size_t i = 1; i < k->m->n_vars; i++) {
        v = op2(k, "sub", v, op2(k, "mul", e->b[i], mean(k, i)));
    }
    return v;
}

sy_status moment_coefficient(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret)
{
    struct calc k = calc_of(c, d, pos);
    struct equations *e = sy_arena_alloc(c->p->b->arena, 1, sizeof *e);
    if (e == NULL) {
        return lower_no_memory(c->p->b);
    }
    e->ok[0] = enough_units(&k);
    fill_equations(&k, e);
    eliminate(&k, e);
    substitute(&k, e);
    size_t v = k.m->coef == 0 ? intercept(&k, e) : e->b[k.m->coef];
    return done(&k, when(&k, op(&k, "and", e->ok, k.m->n_vars), v), ret);
}
