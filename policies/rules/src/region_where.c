/*
 * Conditions of cell-key blocks as sets of values of one field (region.h). A condition has two sets, where it
 * is true and where it is false; elsewhere it is NULL, as SQL's logic has it.
 *
 * Invariant: whatever is accepted means exactly the set that is returned. What this file does not know is
 * refused, never approximated.
 */
#include "region.h"

#include "method.h"

/* ---- comparisons ---- */

static bool holds(struct sy_view op, int64_t a, int64_t b)
{
    return sy_view_is(op, "eq")   ? a == b
           : sy_view_is(op, "ne") ? a != b
           : sy_view_is(op, "lt") ? a < b
           : sy_view_is(op, "le") ? a <= b
           : sy_view_is(op, "gt") ? a > b
                                  : a >= b;
}

/* Labels are compared with a text one by one: the list is short, and public. */
static bool labels_where(const struct region_variable *v, struct sy_view op, struct sy_view text,
                         struct region_list *l)
{
    const struct sy_field_def *f = v->dim->field;
    bool fine = true;
    for (size_t i = 0; fine && i < f->n_values; i++) {
        bool in = holds(op, sy_view_cmp(f->values[i], text), 0);
        fine = !in || region_push(l, (int64_t)i, (int64_t)i, 0);
    }
    return fine;
}

/* A value that ascends with the field: below c, at c, above c are three ranges. */
static bool ordered_where(const struct region_variable *v, struct sy_view op, int64_t c,
                          struct region_list *l)
{
    const struct region_seg *d = region_values(v->dim);
    int64_t below =
        region_value_at(v, d->lo) < c ? region_last_upto(v, d->lo, d->hi, c - 1) : d->lo - 1;
    int64_t upto =
        region_value_at(v, d->lo) <= c ? region_last_upto(v, d->lo, d->hi, c) : d->lo - 1;
    return (!holds(op, 0, 1) || region_push(l, d->lo, below, 0)) &&
           (!holds(op, 0, 0) || region_push(l, below + 1, upto, 0)) &&
           (!holds(op, 1, 0) || region_push(l, upto + 1, d->hi, 0));
}

/* Quarters and months come again each year. */
static bool periodic_where(const struct region_variable *v, struct sy_view op, int64_t c,
                           struct region_list *l)
{
    const struct region_seg *d = region_values(v->dim);
    bool fine = true;
    for (int64_t x = d->lo; fine && x <= d->hi;) {
        int64_t end = region_last_upto(v, x, d->hi, region_order_at(v, x));
        fine = !holds(op, region_value_at(v, x), c) || region_push(l, x, end, 0);
        x = end + 1;
    }
    return fine;
}

static sy_status where(struct region_work *w, const struct region_variable *v, struct sy_view op,
                       const struct region_constant *k, struct region_set *ret)
{
    struct region_list l = {.pool = &w->pool};
    bool labels = v->as->kind == SY_TYPE_STR;
    bool fine = true;
    if (k->null) {
        fine = true; /* NULL for every value */
    } else if (labels) {
        fine = labels_where(v, op, k->s, &l);
    } else if (word_in(v->part, "quarter month")) {
        fine = periodic_where(v, op, k->v, &l);
    } else {
        fine = ordered_where(v, op, k->v, &l);
    }
    *ret = region_of(&l);
    return fine ? SY_OK : region_full(w);
}

/* ---- conditions ---- */

/* x op constant; the other way round it is mirrored. */
static sy_status compare(struct region_work *w, struct region_node n, struct region_condition *ret)
{
    static const char *const mirrored[][2] = {
        {"lt", "gt"}, {"gt", "lt"}, {"le", "ge"}, {"ge", "le"}};
    struct sy_view op = region_expr(&n)->op;
    struct region_constant k;
    struct region_variable v;
    bool is_const;
    bool is_var;
    SY_TRY(region_constant_of(w, region_arg(&n, 1), &k, &is_const));
    size_t at = is_const ? 0 : 1;
    if (!is_const) {
        SY_TRY(region_constant_of(w, region_arg(&n, 0), &k, &is_const));
        for (size_t i = 0; i < 4; i++) {
            if (sy_view_is(region_expr(&n)->op, mirrored[i][0])) {
                op = sy_view_str(mirrored[i][1]);
            }
        }
    }
    if (!is_const) {
        return region_refuse(w, "compare a field with literals and parameters only");
    }
    SY_TRY(region_variable_of(w, region_arg(&n, at), &v, &is_var));
    if (!is_var) {
        return region_refuse(w, "compare a field itself, or its year, quarter, month or trunc");
    }
    ret->dim = v.dim;
    SY_TRY(where(w, &v, op, &k, &ret->yes));
    return k.null ? SY_OK : region_less(w, region_not_null(v.dim), ret->yes, &ret->no);
}

/* x IN (a, b, NULL): where it is none of them, NULL leaves it open. */
static sy_status in_list(struct region_work *w, struct region_node n, struct region_condition *ret)
{
    struct region_variable v;
    bool known;
    bool open = false;
    SY_TRY(region_variable_of(w, region_arg(&n, 0), &v, &known));
    if (!known) {
        return region_refuse(w, "IN takes a field itself, or its year, quarter, month or trunc");
    }
    struct region_set rest = region_not_null(v.dim);
    for (size_t j = 1; j < region_expr(&n)->n_args; j++) {
        struct region_constant k;
        struct region_set one;
        SY_TRY(region_constant_of(w, region_arg(&n, j), &k, &known));
        if (!known) {
            return region_refuse(w, "compare a field with literals and parameters only");
        }
        SY_TRY(where(w, &v, sy_view_str("eq"), &k, &one));
        SY_TRY(region_less(w, rest, one, &rest));
        open = open || k.null;
    }
    ret->dim = v.dim;
    ret->no = open ? (struct region_set){0} : rest;
    return region_less(w, region_not_null(v.dim), rest, &ret->yes);
}

static sy_status null_test(struct region_work *w, struct region_node n,
                           struct region_condition *ret)
{
    struct region_leaf leaf;
    bool known;
    struct region_node a = region_arg(&n, 0);
    SY_TRY(region_follow(w, &a, &leaf, &known));
    if (!known) {
        return region_refuse(w, "IS NULL takes a field itself");
    }
    SY_TRY(region_dim_of(w, &leaf, &ret->dim));
    ret->no = region_not_null(ret->dim);
    return region_less(w, ret->dim->domain, ret->no, &ret->yes);
}

/* A boolean field, or a condition that is the same for all. */
static sy_status truth(struct region_work *w, struct region_node n, struct region_condition *ret)
{
    struct region_constant k;
    struct region_variable v;
    bool known;
    SY_TRY(region_constant_of(w, n, &k, &known));
    if (known) {
        ret->is_true = !k.null && k.v == 1;
        ret->is_false = !k.null && k.v == 0;
        return SY_OK;
    }
    SY_TRY(region_variable_of(w, n, &v, &known));
    if (!known) {
        return region_refuse(w, "a condition over anything but one field and literals");
    }
    const struct region_constant one = {.v = 1};
    ret->dim = v.dim;
    SY_TRY(where(w, &v, sy_view_str("eq"), &one, &ret->yes));
    return region_less(w, region_not_null(v.dim), ret->yes, &ret->no);
}

/* The same for all rows, said over a field. */
static void over(struct region_condition *c, struct region_dim *dim)
{
    if (c->dim == NULL && dim != NULL) {
        *c = (struct region_condition){.dim = dim,
                                       .yes = c->is_true ? dim->domain : (struct region_set){0},
                                       .no = c->is_false ? dim->domain : (struct region_set){0}};
    }
}

/* a AND b; OR is this with the sets exchanged: what either has is all but what neither has. */
static sy_status conjunction(struct region_work *w, const struct region_condition *a,
                             const struct region_condition *b, struct region_condition *ret)
{
    struct region_set neither;
    struct region_set all = a->dim->domain;
    struct region_set not_b;
    ret->dim = a->dim;
    SY_TRY(region_both(w, a->yes, b->yes, &ret->yes));
    SY_TRY(region_less(w, all, a->no, &neither));
    SY_TRY(region_less(w, all, b->no, &not_b));
    SY_TRY(region_both(w, neither, not_b, &neither));
    return region_less(w, all, neither, &ret->no);
}

static struct region_condition negated(struct region_condition c)
{
    return (struct region_condition){c.dim, c.no, c.yes, c.is_false, c.is_true};
}

static sy_status combine(struct region_work *w, bool is_or, struct region_condition *a,
                         struct region_condition b)
{
    struct region_condition x = is_or ? negated(*a) : *a;
    struct region_condition y = is_or ? negated(b) : b;
    struct region_condition r = {0};
    over(&x, y.dim);
    over(&y, x.dim);
    if (x.dim != y.dim) {
        return region_refuse(w,
                             "OR and NOT join conditions on one field only; ask one question each");
    }
    if (x.dim == NULL) {
        r.is_true = x.is_true && y.is_true;
        r.is_false = x.is_false || y.is_false;
    } else {
        SY_TRY(conjunction(w, &x, &y, &r));
    }
    *a = is_or ? negated(r) : r;
    return SY_OK;
}

sy_status region_condition_of(struct region_work *w, struct region_node n,
                              struct region_condition *ret)
{
    struct region_leaf leaf;
    bool is_leaf;
    *ret = (struct region_condition){0};
    struct region_node at = n;
    SY_TRY(region_follow(w, &at, &leaf, &is_leaf));
    if (is_leaf) {
        return truth(w, n, ret);
    }
    struct sy_view op = region_expr(&at)->op;
    if (word_in(op, "eq ne lt le gt ge")) {
        return compare(w, at, ret);
    }
    if (sy_view_is(op, "in")) {
        return in_list(w, at, ret);
    }
    if (sy_view_is(op, "is_null")) {
        return null_test(w, at, ret);
    }
    if (sy_view_is(op, "not")) {
        struct region_condition c;
        SY_TRY(region_condition_of(w, region_arg(&at, 0), &c));
        *ret = negated(c);
        return SY_OK;
    }
    if (!word_in(op, "and or")) {
        return truth(w, at, ret);
    }
    SY_TRY(region_condition_of(w, region_arg(&at, 0), ret));
    for (size_t k = 1; k < region_expr(&at)->n_args; k++) {
        struct region_condition c;
        SY_TRY(region_condition_of(w, region_arg(&at, k), &c));
        SY_TRY(combine(w, sy_view_is(op, "or"), ret, c));
    }
    return SY_OK;
}

sy_status region_where(struct region_work *w, struct region_node n)
{
    struct region_leaf leaf;
    struct region_condition c;
    bool is_leaf;
    struct region_node at = n;
    SY_TRY(region_follow(w, &at, &leaf, &is_leaf));
    if (!is_leaf && region_is(&at, "and")) {
        for (size_t k = 0; k < region_expr(&at)->n_args; k++) {
            SY_TRY(region_where(w, region_arg(&at, k)));
        }
        return SY_OK;
    }
    SY_TRY(region_condition_of(w, n, &c));
    if (c.dim == NULL) {
        return c.is_true ? SY_OK : region_refuse(w, "a condition that holds for no row");
    }
    return region_both(w, c.dim->values, c.yes, &c.dim->values);
}
