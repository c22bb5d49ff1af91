/* Calls of moments in a block: their arguments, and the figures that are released for them. */
#include "lower_moment.h"

#include <stdio.h>
#include <strings.h>

#include "base/arith.h"
#include "lower_post.h"

#define PAIR "number y, number x -> real"
#define FEW  "fewer than two rows released: NULL"
#define FLAT "fewer than two rows released, or no spread: NULL"
#define DOF  "units - p - 1 < 10, or p + 1 beyond 33 in 100 units, or no spread in x: NULL"

static const struct moment_fn FNS[] = {
    {"var_pop", 0, 1, 1, MOMENT_MEANS | MOMENT_SQUARES, moment_variance, "number -> real", FEW},
    {"var_samp", 0, 1, 1, MOMENT_MEANS | MOMENT_SQUARES, moment_variance_samp, "number -> real",
     FEW},
    {"variance", 0, 1, 1, MOMENT_MEANS | MOMENT_SQUARES, moment_variance_samp, "number -> real",
     FEW},
    {"stddev_pop", 0, 1, 1, MOMENT_MEANS | MOMENT_SQUARES, moment_deviation, "number -> real", FEW},
    {"stddev_samp", 0, 1, 1, MOMENT_MEANS | MOMENT_SQUARES, moment_deviation_samp, "number -> real",
     FEW},
    {"stddev", 0, 1, 1, MOMENT_MEANS | MOMENT_SQUARES, moment_deviation_samp, "number -> real",
     FEW},
    {"covar_pop", 0, 2, 2, MOMENT_MEANS | MOMENT_PRODUCTS, moment_covariance, PAIR, FEW},
    {"covar_samp", 0, 2, 2, MOMENT_MEANS | MOMENT_PRODUCTS, moment_covariance_samp, PAIR, FEW},
    {"corr", 0, 2, 2, MOMENT_MEANS | MOMENT_SQUARES | MOMENT_PRODUCTS, moment_correlation, PAIR,
     FLAT},
    {"regr_count", 0, 2, 2, 0, NULL, "number y, number x -> whole", "0"},
    {"regr_avgx", 0, 2, 2, MOMENT_MEAN_X, moment_mean_x, PAIR, "no row released: NULL"},
    {"regr_avgy", 0, 2, 2, MOMENT_MEAN_Y, moment_mean_y, PAIR, "no row released: NULL"},
    {"regr_slope", 0, 2, 2, MOMENT_MEANS | MOMENT_SQUARES_X | MOMENT_PRODUCTS | MOMENT_UNITS,
     moment_coefficient, PAIR, DOF},
    {"regr_intercept", 0, 2, 2, MOMENT_MEANS | MOMENT_SQUARES_X | MOMENT_PRODUCTS | MOMENT_UNITS,
     moment_coefficient, PAIR, DOF},
    {"regr_r2", 0, 2, 2, MOMENT_MEANS | MOMENT_SQUARES | MOMENT_PRODUCTS | MOMENT_UNITS, moment_r2,
     PAIR, DOF},
    {"regr_coef", 1, 2, MOMENT_VARS_MAX,
     MOMENT_MEANS | MOMENT_SQUARES_X | MOMENT_PRODUCTS | MOMENT_UNITS, moment_coefficient,
     "literal i, number y, numbers x1 ... xp (p <= 6) -> real; i = 0: the intercept", DOF},
};

const struct moment_fn *moment_find(const json_t *node)
{
    const char *name = ast_is_aggregate(node) ? ast_str(node, "function_name") : "";
    for (size_t i = 0; i < sizeof FNS / sizeof FNS[0]; i++) {
        if (strcasecmp(name, FNS[i].name) == 0) {
            return &FNS[i];
        }
    }
    return NULL;
}

bool lower_moment_row(size_t i, struct dialect_row *ret)
{
    if (i >= sizeof FNS / sizeof FNS[0]) {
        return false;
    }
    const char *plan = FNS[i].lower == NULL ? "count" : "sum";
    *ret = (struct dialect_row){FNS[i].name, plan, FNS[i].types, FNS[i].errors};
    return true;
}

/* --- a call ------------------------------------------------------------------------------------------- */

/* A call while its figures are made. */
struct site {
    struct block *k;
    const json_t *call;
    uint64_t pos;
    struct sy_view name; /* of the item: figures and columns are called after it */
    struct moment *m;
    size_t raw[MOMENT_VARS_MAX]; /* the arguments as written */
    size_t z[MOMENT_VARS_MAX];   /* centred, NULL on rows that do not count */
    bool conditional; /* a row counts only if `counts` holds; else where raw[0] is there */
    size_t counts;
};

static sy_status refuse(const struct site *s, enum lower_refusal why, const char *reason)
{
    return lower_refuse_named(s->k->b, why, s->pos, sy_view_str(ast_str(s->call, "function_name")),
                              reason);
}

static sy_status check_call(const struct site *s)
{
    const struct moment_fn *f = s->m->fn;
    const json_t *children = json_object_get(s->call, "children");
    size_t n = json_array_size(children);
    if (json_is_true(json_object_get(s->call, "distinct"))) {
        return refuse(s, REFUSE_AGG_OPTION, NULL);
    }
    if (n < f->literals + f->least || n > f->literals + f->most) {
        return refuse(s, REFUSE_AGGREGATE, "it takes another number of arguments");
    }
    return ast_has_aggregate(children) ? refuse(s, REFUSE_AGGREGATE_NESTED, NULL) : SY_OK;
}

static sy_status read_coefficient(struct site *s)
{
    int64_t i = strcasecmp(s->m->fn->name, "regr_slope") == 0 ? 1 : 0;
    const json_t *first = json_array_get(json_object_get(s->call, "children"), 0);
    if (s->m->fn->literals == 1 &&
        (!post_whole(first, &i) || i < 0 || (uint64_t)i >= s->m->n_vars)) {
        return refuse(s, REFUSE_AGGREGATE,
                      "the first argument says which coefficient: a whole number from 0, the "
                      "intercept, to the number of x");
    }
    s->m->coef = (size_t)i;
    return SY_OK;
}

static sy_status read_variable(struct site *s, size_t i)
{
    struct ctx *c = &s->k->c;
    const json_t *children = json_object_get(s->call, "children");
    size_t *at = &s->raw[i];
    SY_TRY(lower_expr(c, json_array_get(children, s->m->fn->literals + i), at));
    if (c->list->t[*at].kind == SY_TYPE_BOOL) {
        SY_TRY(expr_op(c, "bool_int", at, 1, s->pos, at));
    }
    const struct sy_type *t = &c->list->t[*at];
    if (t->kind != SY_TYPE_INT || t->nothing) {
        return refuse(s, REFUSE_SUM_TYPE, "it takes bounded numbers");
    }
    s->m->vars[i] = (struct moment_var){t->lo, t->hi, t->scale};
    return SY_OK;
}

/* Which rows count: those where FILTER holds and all variables are there. */
static sy_status read_condition(struct site *s)
{
    struct ctx *c = &s->k->c;
    size_t conds[MOMENT_VARS_MAX + 1];
    size_t n = 0;
    const json_t *filter = json_object_get(s->call, "filter");
    for (size_t i = 0; i < s->m->n_vars; i++) {
        if (c->list->t[s->raw[i]].nullable) {
            SY_TRY(expr_op(c, "is_null", &s->raw[i], 1, s->pos, &conds[n]));
            SY_TRY(expr_op(c, "not", &conds[n], 1, s->pos, &conds[n]));
            n++;
        }
    }
    s->conditional = n > 0 && s->m->n_vars > 1;
    if (json_is_object(filter)) {
        s->conditional = true;
        SY_TRY(lower_condition(c, filter, &conds[n++]));
    }
    return s->conditional ? expr_and(c, conds, n, s->pos, &s->counts) : SY_OK;
}

/* --- figures ------------------------------------------------------------------------------------------ */

/* A column of a figure, called `name_part`. */
static sy_status column_of(struct site *s, size_t figure, size_t *ret)
{
    struct sy_plan_out o = {.op = sy_view_str("figure"), .a = figure};
    return block_out(s->k, &o, s->pos, ret);
}

static sy_status call_part(struct site *s, const char *part)
{
    const char *name = sy_arena_printf(s->k->b->arena, "%.*s_%s", SY_PV(s->name), part);
    if (name == NULL) {
        return lower_no_memory(s->k->b);
    }
    s->k->name = sy_view_str(name);
    return SY_OK;
}

static int64_t middle(int64_t lo, int64_t hi)
{
    sy_i128 sum = (sy_i128)lo + hi;
    return (int64_t)(sum / 2 - (sum % 2 < 0 ? 1 : 0));
}

/* expr - mid, whose values lie in [lo, hi]; ret: the expression. */
static sy_status centre(struct site *s, size_t expr, int64_t mid, uint64_t scale, size_t *ret)
{
    struct ctx *c = &s->k->c;
    size_t args[2] = {expr, 0};
    *ret = expr;
    if (mid == 0) {
        return SY_OK;
    }
    SY_TRY(expr_int(c, mid, (uint32_t)scale, s->pos, &args[1]));
    return expr_op(c, "sub", args, 2, s->pos, ret);
}

static sy_status sum_of(struct site *s, size_t expr, const struct moment_var *bounds,
                        const char *part, struct moment_mean *ret)
{
    size_t figure;
    struct sy_plan_figure f = {.fn = sy_view_str("sum"),
                               .has_arg = true,
                               .expr = expr,
                               .lo = bounds->lo,
                               .hi = bounds->hi,
                               .scale = bounds->scale};
    SY_TRY(call_part(s, part));
    SY_TRY(block_figure(s->k, &f, &figure));
    return column_of(s, figure, &ret->col);
}

/* Variable i minus its middle, NULL on rows that do not count. */
static sy_status centre_variable(struct site *s, size_t i)
{
    struct ctx *c = &s->k->c;
    const struct moment_var *v = &s->m->vars[i];
    struct moment_mean *mean = &s->m->means[i];
    mean->mid = middle(v->lo, v->hi);
    mean->scale = v->scale;
    SY_TRY(centre(s, s->raw[i], mean->mid, v->scale, &s->z[i]));
    if (!s->conditional) {
        return SY_OK;
    }
    size_t null;
    struct sy_type t = c->list->t[s->z[i]];
    SY_TRY(expr_null_like(c, &t, s->pos, &null));
    return expr_choose(c, s->counts, s->z[i], null, s->pos, &s->z[i]);
}

/* "x", or "x3" of several; y of a pair, x when it is alone. */
static const char *var_name(const struct site *s, size_t i, char ret[8])
{
    size_t n = s->m->n_vars;
    if (i == 0 || n == 2) {
        return i == 0 && n > 1 ? "y" : "x";
    }
    ret[0] = 'x';
    ret[1] = (char)('0' + i);
    ret[2] = 0;
    return ret;
}

static sy_status add_mean(struct site *s, size_t i)
{
    char text[8];
    const struct moment_var *v = &s->m->vars[i];
    struct moment_mean *mean = &s->m->means[i];
    struct moment_var bounds = {v->lo - mean->mid, v->hi - mean->mid, v->scale};
    return sum_of(s, s->z[i], &bounds, var_name(s, i, text), mean);
}

/* z_i z_j, in [-h, h]; a square, which is never negative, is centred once more. */
static sy_status add_product(struct site *s, size_t i, size_t j)
{
    struct ctx *c = &s->k->c;
    struct moment_mean *mean = &s->m->products[i][j];
    char first[8], second[8], part[24];
    size_t args[2] = {s->z[i], s->z[j]}, product, centred;
    SY_TRY(expr_op(c, "mul", args, 2, s->pos, &product));
    const struct sy_type t = c->list->t[product];
    bool square = s->z[i] == s->z[j];
    struct moment_var bounds = {square ? 0 : t.lo, t.hi, t.scale};
    mean->mid = middle(bounds.lo, bounds.hi);
    mean->scale = t.scale;
    SY_TRY(centre(s, product, mean->mid, t.scale, &centred));
    bounds.lo -= mean->mid;
    bounds.hi -= mean->mid;
    snprintf(part, sizeof part, "%s%s", var_name(s, i, first), var_name(s, j, second));
    return sum_of(s, centred, &bounds, part, mean);
}

/* The rows that count, and the units that have one. Where a unit has one row at most in a cell, as it
 * has in a block of `rows: 1`, these are the same. */
static sy_status add_counts(struct site *s)
{
    struct block *k = s->k;
    size_t figure, arg = s->raw[0];
    bool any = !s->conditional && !k->list.t[arg].nullable;
    if (s->conditional) {
        SY_TRY(lower_true_or_null(&k->c, s->counts, s->pos, &arg));
    }
    SY_TRY(s->m->fn->lower == NULL ? SY_OK : call_part(s, "n"));
    SY_TRY(block_count(k, arg, &figure));
    SY_TRY(column_of(s, figure, &s->m->rows));
    s->m->units = s->m->rows;
    if ((s->m->fn->needs & MOMENT_UNITS) == 0 || k->track == NULL || k->m->rows == 1) {
        return SY_OK;
    }
    struct sy_plan_figure f = {.fn = sy_view_str("units"), .has_arg = !any, .expr = any ? 0 : arg};
    SY_TRY(call_part(s, "units"));
    SY_TRY(block_figure(k, &f, &figure));
    return column_of(s, figure, &s->m->units);
}

static bool needs_mean(unsigned needs, size_t i)
{
    return (needs & MOMENT_MEANS) != 0 || (i == 0 && (needs & MOMENT_MEAN_Y) != 0) ||
           (i == 1 && (needs & MOMENT_MEAN_X) != 0);
}

static bool needs_product(unsigned needs, size_t i, size_t j)
{
    unsigned square = i == 0 ? MOMENT_SQUARES : MOMENT_SQUARES | MOMENT_SQUARES_X;
    return (needs & (i == j ? square : MOMENT_PRODUCTS)) != 0;
}

static sy_status add_sums(struct site *s)
{
    unsigned needs = s->m->fn->needs;
    for (size_t i = 0; i < s->m->n_vars; i++) {
        SY_TRY(centre_variable(s, i));
    }
    for (size_t i = 0; i < s->m->n_vars; i++) {
        if (needs_mean(needs, i)) {
            SY_TRY(add_mean(s, i));
        }
    }
    for (size_t i = 0; i < s->m->n_vars; i++) {
        for (size_t j = i; j < s->m->n_vars; j++) {
            if (needs_product(needs, i, j)) {
                SY_TRY(add_product(s, i, j));
            }
        }
    }
    return SY_OK;
}

static sy_status add_figures(struct site *s)
{
    struct block *k = s->k;
    size_t n_named = k->n_named;
    SY_TRY(check_call(s));
    s->m->n_vars = json_array_size(json_object_get(s->call, "children")) - s->m->fn->literals;
    SY_TRY(read_coefficient(s));
    for (size_t i = 0; i < s->m->n_vars; i++) {
        SY_TRY(read_variable(s, i));
    }
    SY_TRY(read_condition(s));
    k->n_named = s->m->fn->lower == NULL ? n_named : 0; /* each part has a name of its own */
    SY_TRY(add_counts(s));
    SY_TRY(add_sums(s));
    k->n_named = n_named;
    return SY_OK;
}

sy_status block_moment(struct block *k, const json_t *call, const struct moment_fn *f,
                       struct known *ret)
{
    struct moment *m = sy_arena_alloc(k->b->arena, 1, sizeof *m);
    struct site *s = sy_arena_alloc(k->b->arena, 1, sizeof *s);
    if (m == NULL || s == NULL) {
        return lower_no_memory(k->b);
    }
    *m = (struct moment){.derived = {f->lower}, .fn = f};
    *s = (struct site){.k = k, .call = call, .pos = ast_pos(k->b, call), .name = k->name, .m = m};
    SY_TRY(add_figures(s));
    k->name = s->name;
    ret->col = m->rows;
    ret->derived = f->lower == NULL ? NULL : &m->derived;
    return SY_OK;
}
