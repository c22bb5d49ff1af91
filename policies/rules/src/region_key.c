/*
 * Keys of cell-key blocks as partitions of the values of one field (region.h).
 */
#include "region.h"

/* Class of NULL beside parts of dates, and of what a condition leaves open. */
enum { CLS_FALSE = 0, CLS_TRUE = 1, CLS_NULL = 2 };
#define CLS_NO_DATE INT64_MAX

/* Refine what is told apart of a field. */
static sy_status divide(struct region_work *w, struct region_dim *d, struct region_list *by)
{
    region_sort(by);
    return region_refine(d->values, region_of(by), &w->pool, &d->values) ? SY_OK : region_full(w);
}

static bool add_all(struct region_list *l, struct region_set s, int64_t cls)
{
    bool fine = true;
    for (size_t i = 0; fine && i < s.n; i++) {
        fine = region_push(l, s.seg[i].lo, s.seg[i].hi, cls);
    }
    return fine;
}

/* Each value by itself, or each year, quarter, month. */
static sy_status divide_variable(struct region_work *w, const struct region_variable *v)
{
    struct region_list l = {.pool = &w->pool};
    bool whole = v->part.n == 0 || sy_view_is(v->part, "rescale");
    const struct region_seg *d = region_values(v->dim);
    struct region_set null;
    SY_TRY(region_less(w, v->dim->domain, region_not_null(v->dim), &null));
    bool fine = add_all(&l, null, whole ? RULES_REGION_EACH : CLS_NO_DATE);
    for (int64_t x = d->lo; fine && x <= d->hi;) {
        int64_t end = whole ? d->hi : region_last_upto(v, x, d->hi, region_order_at(v, x));
        fine = region_push(&l, x, end, whole ? RULES_REGION_EACH : region_value_at(v, x));
        x = end + 1;
    }
    return fine ? divide(w, v->dim, &l) : region_full(w);
}

static sy_status divide_condition(struct region_work *w, const struct region_condition *c)
{
    struct region_list l = {.pool = &w->pool};
    struct region_set rest;
    if (c->dim == NULL) {
        return SY_OK; /* the same for every row */
    }
    SY_TRY(region_less(w, c->dim->domain, c->yes, &rest));
    SY_TRY(region_less(w, rest, c->no, &rest));
    bool fine = add_all(&l, c->no, CLS_FALSE) && add_all(&l, c->yes, CLS_TRUE) &&
                add_all(&l, rest, CLS_NULL);
    return fine ? divide(w, c->dim, &l) : region_full(w);
}

static bool same_constant(const struct region_constant *a, const struct region_constant *b)
{
    return a->null == b->null && (a->null || (a->text == b->text && a->v == b->v &&
                                              (!a->text || sy_view_eq(a->s, b->s))));
}

/* The class of a result of CASE: results that are equal are one. */
static sy_status result_class(struct region_work *w, struct region_node n,
                              struct region_constant *seen, size_t *n_seen, int64_t *ret)
{
    bool known;
    size_t i = 0;
    SY_TRY(region_constant_of(w, n, &seen[*n_seen], &known));
    if (!known) {
        return region_refuse(w, "a CASE that is a key has literals as results");
    }
    if (seen[*n_seen].text) {
        seen[*n_seen].v = 0;
    }
    while (!same_constant(&seen[i], &seen[*n_seen])) {
        i++;
    }
    *n_seen += i == *n_seen ? 1 : 0;
    *ret = (int64_t)i;
    return SY_OK;
}

static sy_status divide_case(struct region_work *w, struct region_node n)
{
    struct region_list l = {.pool = &w->pool};
    const struct sy_plan_expr *e = region_expr(&n);
    struct region_constant *seen = sy_arena_alloc(w->pool.arena, e->n_args + 1, sizeof(*seen));
    struct region_dim *dim = NULL;
    struct region_set rest = {0};
    size_t n_seen = 0;
    int64_t cls;
    if (seen == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t k = 0; k + 1 < e->n_args; k += 2) {
        struct region_condition c;
        struct region_set here;
        SY_TRY(region_condition_of(w, region_arg(&n, k), &c));
        if (c.dim == NULL || (dim != NULL && c.dim != dim)) {
            return region_refuse(w, "a CASE that is a key bands one field; use two keys");
        }
        rest = dim == NULL ? c.dim->domain : rest;
        dim = c.dim;
        SY_TRY(result_class(w, region_arg(&n, k + 1), seen, &n_seen, &cls));
        SY_TRY(region_both(w, rest, c.yes, &here));
        SY_TRY(region_less(w, rest, c.yes, &rest));
        if (!add_all(&l, here, cls)) {
            return region_full(w);
        }
    }
    SY_TRY(result_class(w, region_arg(&n, e->n_args - 1), seen, &n_seen, &cls));
    return dim == NULL ? SY_OK : add_all(&l, rest, cls) ? divide(w, dim, &l) : region_full(w);
}

sy_status region_key(struct region_work *w, struct region_node n)
{
    struct region_leaf leaf;
    struct region_constant k;
    struct region_variable v;
    struct region_condition c;
    bool known;
    struct region_node at = n;
    SY_TRY(region_constant_of(w, n, &k, &known));
    if (known) {
        return SY_OK; /* one class */
    }
    SY_TRY(region_variable_of(w, n, &v, &known));
    if (known) {
        return divide_variable(w, &v);
    }
    SY_TRY(region_follow(w, &at, &leaf, &known));
    if (region_is(&at, "case")) {
        return divide_case(w, at);
    }
    if (region_is(&at, "bool_int")) {
        at = region_arg(&at, 0);
    }
    if (at.types[at.i].kind != SY_TYPE_BOOL) {
        return region_refuse(w,
                             "a key is a field, its year, quarter or month, or bands of one field");
    }
    SY_TRY(region_condition_of(w, at, &c));
    return divide_condition(w, &c);
}
