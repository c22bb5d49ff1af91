/*
 * Aggregates of a block: bounded figures, and the columns released from them. An average is a sum and a
 * count, divided after both were released; equal figures are noised once.
 */
#include <strings.h>

#include "base/weak.h"
#include "lower_moment.h"
#include "lower_quantile.h"

struct call {
    const json_t *node;
    const char *fn;
    bool distinct;
    uint64_t pos;
};

/* --- figures -------------------------------------------------------------------------------------- */

static bool same_figure(const struct sy_plan_figure *a, const struct sy_plan_figure *b)
{
    return sy_view_eq(a->fn, b->fn) && a->has_arg == b->has_arg && a->expr == b->expr;
}

sy_status block_figure(struct block *k, const struct sy_plan_figure *f, size_t *ret)
{
    for (size_t i = 0; i < k->plan.n_figures; i++) {
        if (same_figure(&k->plan.figures[i], f)) {
            *ret = i;
            return SY_OK;
        }
    }
    k->plan.figures = lower_grow(k->b, k->plan.figures, k->plan.n_figures, &k->cap_figures,
                                 sizeof *k->plan.figures);
    if (k->plan.figures == NULL) {
        return lower_no_memory(k->b);
    }
    *ret = k->plan.n_figures;
    k->plan.figures[k->plan.n_figures] = *f;
    k->plan.figures[k->plan.n_figures++].name = k->name;
    return SY_OK;
}

/* Rows, or rows where the argument is not NULL. */
sy_status block_count(struct block *k, size_t arg, size_t *ret)
{
    struct sy_plan_figure f = {.fn = sy_view_str("count")};
    if (k->list.t[arg].nullable) {
        f.has_arg = true;
        f.expr = arg;
    }
    return block_figure(k, &f, ret);
}

/* The sum of a bounded number; conditions came as 0 and 1. */
static sy_status figure_sum(struct block *k, const struct call *a, size_t *arg, size_t *ret)
{
    SY_TRY(lower_call_arg(&k->c, a->node, arg));
    const struct sy_type *t = &k->list.t[*arg];
    if (t->kind != SY_TYPE_INT || t->nothing || a->distinct) {
        return lower_refuse_named(k->b, a->distinct ? REFUSE_AGG_OPTION : REFUSE_SUM_TYPE, a->pos,
                                  sy_view_str(a->fn), NULL);
    }
    struct sy_plan_figure f = {.fn = sy_view_str("sum"),
                               .has_arg = true,
                               .expr = *arg,
                               .lo = t->lo,
                               .hi = t->hi,
                               .scale = t->scale};
    return block_figure(k, &f, ret);
}

static sy_status figure_out(struct block *k, const struct call *a, size_t figure, size_t *ret)
{
    struct sy_plan_out o = {.op = sy_view_str("figure"), .a = figure};
    return block_out(k, &o, a->pos, ret);
}

/* --- calls ---------------------------------------------------------------------------------------- */

/* CASE WHEN c THEN x END: *node becomes x's, and c one of the conditions. */
static sy_status peel_case(struct block *k, const json_t **node, size_t *conds, size_t *n)
{
    const json_t *checks = json_object_get(*node, "case_checks");
    const json_t *check = json_array_get(checks, 0);
    size_t otherwise;
    if (!ast_is(*node, "class", "CASE") || json_array_size(checks) != 1) {
        return SY_OK;
    }
    SY_TRY(ast_check(k->b, *node));
    SY_TRY(lower_expr(&k->c, json_object_get(*node, "else_expr"), &otherwise));
    if (!sy_view_is(k->list.e[otherwise].op, "null")) {
        return SY_OK;
    }
    SY_TRY(lower_condition(&k->c, json_object_get(check, "when_expr"), &conds[(*n)++]));
    *node = json_object_get(check, "then_expr");
    return SY_OK;
}

/* The unit column that is counted, and the conditions under which a row counts: those of FILTER, those
 * of a CASE around the unit, and, of a column that an outer join may leave empty, that it is not. */
static sy_status unit_counted(struct block *k, const struct call *a, size_t *conds, size_t *n,
                              bool *ret_unit)
{
    const json_t *unit = json_array_get(json_object_get(a->node, "children"), 0);
    const json_t *filter = json_object_get(a->node, "filter");
    size_t arg;
    if (json_array_size(json_object_get(a->node, "children")) != 1) {
        return lower_refuse(k->b, REFUSE_COUNT_DISTINCT, a->pos);
    }
    if (json_is_object(filter)) {
        SY_TRY(lower_condition(&k->c, filter, &conds[(*n)++]));
    }
    SY_TRY(peel_case(k, &unit, conds, n));
    SY_TRY(lower_expr(&k->c, unit, &arg));
    const struct sy_plan_expr *e = &k->list.e[arg];
    *ret_unit = k->track != NULL && sy_view_is(e->op, "col") && k->track->maybe[e->i];
    if (*ret_unit && !k->track->unit[e->i]) {
        SY_TRY(expr_op(&k->c, "is_null", &arg, 1, a->pos, &conds[*n]));
        SY_TRY(expr_op(&k->c, "not", &conds[*n], 1, a->pos, &conds[*n]));
        (*n)++;
    }
    return SY_OK;
}

/* Different values of what is not the block's unit: each unit gives a cell so many as it may count rows
 * with. Units of another namespace are values like others. */
static sy_status count_values(struct block *k, const struct call *a, size_t *ret)
{
    size_t figure;
    struct sy_plan_figure f = {.fn = sy_view_str("distinct"), .has_arg = true};
    SY_TRY(lower_call_arg(&k->c, a->node, &f.expr));
    const struct sy_type *t = &k->list.t[f.expr];
    if (k->track != NULL && t->kind == SY_TYPE_UNIT && sy_view_eq(t->ns, k->track->ns)) {
        return lower_refuse(k->b, REFUSE_COUNT_OTHER, a->pos);
    }
    if (t->open || t->nothing) {
        return lower_refuse(k->b, REFUSE_COUNT_DISTINCT, a->pos);
    }
    SY_TRY(block_figure(k, &f, &figure));
    return figure_out(k, a, figure, ret);
}

static sy_status count_distinct(struct block *k, const struct call *a, size_t *ret)
{
    size_t conds[3];
    size_t n = 0;
    size_t figure;
    bool unit = false;
    struct sy_plan_figure f = {.fn = sy_view_str("units")};
    SY_TRY(unit_counted(k, a, conds, &n, &unit));
    if (!unit) {
        return count_values(k, a, ret);
    }
    if (n > 0) {
        size_t all;
        SY_TRY(expr_and(&k->c, conds, n, a->pos, &all));
        SY_TRY(lower_true_or_null(&k->c, all, a->pos, &all));
        f.has_arg = true;
        f.expr = all;
    }
    SY_TRY(block_figure(k, &f, &figure));
    return figure_out(k, a, figure, ret);
}

static sy_status on_count(struct block *k, const struct call *a, size_t *ret)
{
    size_t figure;
    size_t arg;
    if (a->distinct) {
        return count_distinct(k, a, ret);
    }
    SY_TRY(lower_call_arg(&k->c, a->node, &arg));
    SY_TRY(block_count(k, arg, &figure));
    return figure_out(k, a, figure, ret);
}

static sy_status on_sum(struct block *k, const struct call *a, size_t *ret)
{
    size_t arg;
    size_t figure;
    SY_TRY(figure_sum(k, a, &arg, &figure));
    return figure_out(k, a, figure, ret);
}

static bool times(int64_t v, uint64_t digits, int64_t *ret)
{
    for (uint64_t i = 0; i < digits; i++) {
        if (__builtin_mul_overflow(v, 10, &v)) {
            return false;
        }
    }
    *ret = v;
    return v >= -SY_PLAN_VALUE_MAX && v <= SY_PLAN_VALUE_MAX;
}

/* Three digits more than the values have, fewer where the interval would not fit. */
void block_ratio(const struct sy_plan_figure *sum, struct sy_plan_out *o)
{
    uint64_t more = sum->scale + 3 > SY_PLAN_SCALE_MAX ? SY_PLAN_SCALE_MAX - sum->scale : 3;
    while (more > 0 && (!times(sum->lo, more, &o->lo) || !times(sum->hi, more, &o->hi))) {
        more--;
    }
    o->scale = sum->scale + more;
    o->lo = more == 0 ? sum->lo : o->lo;
    o->hi = more == 0 ? sum->hi : o->hi;
}

static sy_status on_avg(struct block *k, const struct call *a, size_t *ret)
{
    size_t arg;
    struct sy_plan_out o = {.op = sy_view_str("ratio")};
    size_t sum;
    size_t count;
    SY_TRY(figure_sum(k, a, &arg, &sum));
    SY_TRY(block_count(k, arg, &count));
    o.a = sum;
    o.b = count;
    block_ratio(&k->plan.figures[sum], &o);
    return block_out(k, &o, a->pos, ret);
}

bool block_derives(const json_t *call)
{
    const struct moment_fn *f = moment_find(call);
    return (f != NULL && f->lower != NULL) || quantile_is(call);
}

#define MEAN "int, condition as 0 and 1 -> real, released sum / released count"
#define NONE "no row released: NULL"

static const struct {
    const char *name;
    sy_status (*lower)(struct block *, const struct call *, size_t *);
    const char *plan, *types, *errors;
} FIGURES[] = {
    {"count", on_count, "count units distinct",
     "rows; any -> whole; DISTINCT: the unit, a unit of another namespace, int, date, condition, "
     "label",
     "0"},
    {"count_star", on_count, "count", "rows -> whole", "0"},
    {"count_if", on_count, "count", "condition -> whole", "0"},
    {"countif", on_count, "count", "condition -> whole", "0"},
    {"sum", on_sum, "sum", "int, condition as 0 and 1 -> int", "0"},
    {"avg", on_avg, "sum", MEAN, NONE},
    {"mean", on_avg, "sum", MEAN, NONE},
};
enum { N_FIGURES = sizeof FIGURES / sizeof FIGURES[0] };

bool lower_figure_row(size_t i, struct dialect_row *ret)
{
    if (i >= N_FIGURES) {
        return lower_moment_row(i - N_FIGURES, ret);
    }
    *ret =
        (struct dialect_row){FIGURES[i].name, FIGURES[i].plan, FIGURES[i].types, FIGURES[i].errors};
    return true;
}

sy_status block_aggregate(void *self, const json_t *call, struct known *ret)
{
    struct block *k = self;
    struct call a = {call, ast_str(call, "function_name"),
                     json_is_true(json_object_get(call, "distinct")), ast_pos(k->b, call)};
    const struct moment_fn *moment = moment_find(call);
    struct sy_view item = k->name;
    k->name = item.n == 0 ? lower_item_name(k->b, call) : item;
    for (size_t i = 0; i < N_FIGURES; i++) {
        if (strcasecmp(a.fn, FIGURES[i].name) == 0) {
            SY_TRY(lower_call_unordered(k->b, call));
            SY_TRY(FIGURES[i].lower(k, &a, &ret->col));
            k->name = item;
            return SY_OK;
        }
    }
    if (quantile_is(call)) {
        SY_TRY(block_quantile(k, call, ret));
        k->name = item;
        return SY_OK;
    }
    if (moment != NULL) {
        SY_TRY(lower_call_unordered(k->b, call));
        SY_TRY(block_moment(k, call, moment, ret));
        k->name = item;
        return SY_OK;
    }
    if (sy_weak(SY_WEAK_ANY_FUNCTION)) {
        return on_sum(k, &a, &ret->col);
    }
    return lower_refuse_named(k->b, REFUSE_AGGREGATE, a.pos, sy_view_str(a.fn), NULL);
}
