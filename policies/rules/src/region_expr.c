/*
 * What the conditions and keys of a cell-key block are about (region.h): columns followed to the fields
 * they are copies of, literals and parameters as values, parts of dates as functions of a field.
 */
#include "region.h"

#include "base/time.h"
#include "method.h"

#define HINT "; or use gauss or laplace"

sy_status region_refuse(struct region_work *w, const char *why)
{
    return sy_fail(w->err, SY_E_PRIVACY, w->path, "cellkey: %s" HINT, why);
}

sy_status region_full(struct region_work *w)
{
    return sy_fail(w->err, SY_E_LIMIT, w->path,
                   "it has more separate ranges of values than can be compared");
}

/* ---- from a column to where it comes from ---- */

static size_t width(const struct region_work *w, uint64_t rel)
{
    return w->c->types->rels[rel].n_cols;
}

/* Step from a column of `rel` to its scan (*ret_leaf true) or to the expression of a project. */
static sy_status origin(struct region_work *w, uint64_t rel, size_t col, struct region_node *n,
                        struct region_leaf *leaf, bool *ret_leaf)
{
    for (;;) {
        const struct sy_plan_rel *r = &w->c->plan->rels[rel];
        if (++w->steps > REGION_STEPS_MAX) {
            return region_full(w);
        }
        if (sy_view_is(r->op, "scan")) {
            *leaf = (struct region_leaf){rel, col};
            *ret_leaf = true;
            return SY_OK;
        }
        if (sy_view_is(r->op, "project")) {
            *n = (struct region_node){.exprs = r->exprs,
                                      .types = w->c->types->rels[rel].exprs,
                                      .in = {r->in[0]},
                                      .n_in = 1,
                                      .i = (size_t)r->outs[col],
                                      .depth = n->depth + 1};
            *ret_leaf = false;
            return SY_OK;
        }
        if (sy_view_is(r->op, "join") && col >= width(w, r->in[0])) {
            col -= width(w, r->in[0]);
            rel = r->in[1];
        } else if (sy_view_is(r->op, "filter") || sy_view_is(r->op, "join")) {
            rel = r->in[0];
        } else {
            return region_refuse(w, "a column that is computed over groups or windows of rows");
        }
    }
}

/* Follow copies: *n becomes an expression that is no `col`, or *ret_leaf says that it is a field. */
sy_status region_follow(struct region_work *w, struct region_node *n, struct region_leaf *leaf,
                        bool *ret_leaf)
{
    *ret_leaf = false;
    while (!*ret_leaf && region_is(n, "col")) {
        size_t col = (size_t)region_expr(n)->i;
        size_t side = n->n_in == 2 && col >= width(w, n->in[0]) ? 1 : 0;
        SY_TRY(
            origin(w, n->in[side], col - (side == 1 ? width(w, n->in[0]) : 0), n, leaf, ret_leaf));
    }
    if (++w->steps > REGION_STEPS_MAX || n->depth > REGION_DEPTH_MAX) {
        return region_refuse(w, "an expression too deep to compare");
    }
    return SY_OK;
}

/* ---- dimensions ---- */

static bool domain_of(const struct sy_field_def *f, struct region_pool *pool,
                      struct region_set *ret)
{
    struct region_list l = {.pool = pool};
    bool boolean = sy_view_is(f->type, "bool");
    bool labels = sy_view_is(f->type, "enum");
    int64_t lo = boolean || labels ? 0 : f->lo;
    int64_t hi = boolean ? 1 : labels ? (int64_t)f->n_values - 1 : f->hi;
    bool fine = (!f->nullable || region_push(&l, RULES_REGION_NULL, RULES_REGION_NULL, 0)) &&
                region_push(&l, lo, hi, 0);
    *ret = region_of(&l);
    return fine;
}

static sy_status dim_new(struct region_work *w, const struct region_leaf *leaf,
                         struct region_dim **ret)
{
    const struct sy_type *t = &w->c->types->rels[leaf->rel].cols[leaf->col];
    struct region *r = w->ret;
    if (t->field == NULL || t->kind == SY_TYPE_UNIT) {
        return region_refuse(w, "a unit is no condition and no key");
    }
    if (t->open) {
        return region_refuse(w, "text without a declared value set; have its values declared");
    }
    if (r->n_dims == REGION_DIMS_MAX) {
        return region_full(w);
    }
    struct region_dim *d = &r->dims[r->n_dims];
    *d = (struct region_dim){.scan = leaf->rel, .col = leaf->col, .def = t->def, .field = t->field};
    if (!domain_of(t->field, &w->pool, &d->domain)) {
        return region_full(w);
    }
    d->values = d->domain;
    r->n_dims++;
    *ret = d;
    return SY_OK;
}

sy_status region_dim_of(struct region_work *w, const struct region_leaf *leaf,
                        struct region_dim **ret)
{
    for (size_t i = 0; i < w->ret->n_dims; i++) {
        if (w->ret->dims[i].scan == leaf->rel && w->ret->dims[i].col == leaf->col) {
            *ret = &w->ret->dims[i];
            return SY_OK;
        }
    }
    return dim_new(w, leaf, ret);
}

/* ---- constants ---- */

static bool param_value(const struct region_work *w, const struct sy_plan_expr *e,
                        struct region_constant *ret)
{
    const struct sy_plan_param *p = &w->c->plan->params[e->i];
    uint64_t at = w->c->params == NULL ? 0 : w->c->params[e->i];
    int64_t first;
    int64_t last;
    if (sy_view_is(p->kind, "period")) {
        bool fine = sy_plan_period(p, at, &first, &last);
        ret->v = !fine ? 0 : sy_view_is(e->op, "pstart") ? first : last;
        return fine;
    }
    ret->text = sy_view_is(p->kind, "str");
    if (!sy_plan_param_value(p, at, &ret->v)) {
        return false;
    }
    ret->s = ret->text ? p->values[at] : (struct sy_view){0};
    return true;
}

static int64_t power(uint64_t digits)
{
    int64_t p = 1;
    while (digits-- > 0) {
        p *= 10;
    }
    return p;
}

/* To the digits of `rescale`, as the engine does: down truncates toward zero. */
static bool rescaled(int64_t v, uint32_t from, uint32_t to, int64_t *ret)
{
    if (from > SY_PLAN_SCALE_MAX || to > SY_PLAN_SCALE_MAX) {
        return false;
    }
    if (to < from) {
        *ret = v / power(from - to);
        return true;
    }
    return sy_mul_i64(v, power(to - from), ret);
}

/* *ret says whether it is a literal, a parameter, or one with other digits or sign. */
sy_status region_constant_of(struct region_work *w, struct region_node n, struct region_constant *k,
                             bool *ret)
{
    struct region_leaf leaf;
    bool is_leaf;
    *k = (struct region_constant){0};
    *ret = false;
    SY_TRY(region_follow(w, &n, &leaf, &is_leaf));
    if (is_leaf) {
        return SY_OK;
    }
    const struct sy_plan_expr *e = region_expr(&n);
    k->v = e->i;
    k->s = e->s;
    k->null = sy_view_is(e->op, "null");
    k->text = sy_view_is(e->op, "str");
    *ret = k->null || k->text || word_in(e->op, "int date bool");
    if (word_in(e->op, "param pstart pend")) {
        *ret = param_value(w, e, k);
    }
    if (word_in(e->op, "neg rescale")) {
        struct region_node a = region_arg(&n, 0);
        SY_TRY(region_constant_of(w, a, k, ret));
        bool neg = sy_view_is(e->op, "neg");
        bool fine = neg ? sy_sub_i64(0, k->v, &k->v)
                        : rescaled(k->v, a.types[a.i].scale, n.types[n.i].scale, &k->v);
        *ret = *ret && (k->null || fine);
    }
    return SY_OK;
}

/* ---- one field, or a part of its date ---- */

sy_status region_variable_of(struct region_work *w, struct region_node n, struct region_variable *v,
                             bool *ret)
{
    struct region_leaf leaf;
    *v = (struct region_variable){.as = &n.types[n.i]};
    SY_TRY(region_follow(w, &n, &leaf, ret));
    if (*ret) {
        return region_dim_of(w, &leaf, &v->dim);
    }
    const struct sy_plan_expr *e = region_expr(&n);
    if (!word_in(e->op, "rescale year quarter month trunc")) {
        return SY_OK;
    }
    struct region_node a = region_arg(&n, 0);
    v->part = e->op;
    v->unit = e->s;
    v->from = a.types[a.i].scale;
    v->to = n.types[n.i].scale;
    SY_TRY(region_follow(w, &a, &leaf, ret));
    return *ret ? region_dim_of(w, &leaf, &v->dim) : SY_OK;
}

static int64_t first_of(int year, int month, int64_t otherwise)
{
    int32_t day;
    return sy_days_of_date(year, month, 1, &day) ? day : otherwise;
}

static int64_t truncated(struct sy_view unit, int64_t day)
{
    enum { WEEK = 7, MONDAY = 3 }; /* 1970-01-01 was a Thursday */
    int y;
    int m;
    int d;
    sy_date_of_days((int32_t)day, &y, &m, &d);
    if (sy_view_is(unit, "week")) {
        int64_t past = (day + MONDAY) % WEEK;
        return day - (past < 0 ? past + WEEK : past);
    }
    if (sy_view_is(unit, "month")) {
        return first_of(y, m, day);
    }
    return first_of(y, sy_view_is(unit, "quarter") ? (m - 1) / 3 * 3 + 1 : 1, day);
}

/* The variable's value where the field is x (not NULL). */
int64_t region_value_at(const struct region_variable *v, int64_t x)
{
    int y;
    int m;
    int d;
    int64_t r;
    if (v->part.n == 0) {
        return x;
    }
    if (sy_view_is(v->part, "rescale")) {
        return rescaled(x, v->from, v->to, &r) ? r : x; /* typing keeps it within 62 bits */
    }
    if (sy_view_is(v->part, "trunc")) {
        return truncated(v->unit, x);
    }
    sy_date_of_days((int32_t)x, &y, &m, &d);
    return sy_view_is(v->part, "year") ? y : sy_view_is(v->part, "month") ? m : (m + 2) / 3;
}

/* Something that ascends with x and is constant only where the value is. */
int64_t region_order_at(const struct region_variable *v, int64_t x)
{
    int y;
    int m;
    int d;
    if (!word_in(v->part, "quarter month")) {
        return region_value_at(v, x);
    }
    sy_date_of_days((int32_t)x, &y, &m, &d);
    return y * INT64_C(12) + m;
}

/* The last x <= hi with region_order_at(x) <= o, given that lo is one. */
int64_t region_last_upto(const struct region_variable *v, int64_t lo, int64_t hi, int64_t o)
{
    while (lo < hi) {
        int64_t mid = (int64_t)((uint64_t)lo + ((uint64_t)hi - (uint64_t)lo + 1) / 2);
        if (region_order_at(v, mid) <= o) {
            lo = mid;
        } else {
            hi = mid - 1;
        }
    }
    return lo;
}

/* ---- sets ---- */

sy_status region_less(struct region_work *w, struct region_set a, struct region_set b,
                      struct region_set *ret)
{
    return region_minus(a, b, &w->pool, ret) ? SY_OK : region_full(w);
}

sy_status region_both(struct region_work *w, struct region_set a, struct region_set b,
                      struct region_set *ret)
{
    return region_and(a, b, &w->pool, ret) ? SY_OK : region_full(w);
}
