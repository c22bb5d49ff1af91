/* See test_region_eval.h. */
#include "test_region_eval.h"

#include "base/time.h"

struct value cell(const struct row *r, int64_t column)
{
    return column == R_AGE    ? r->age
           : column == R_TOWN ? r->town
           : column == R_MALE ? r->male
                              : r->born;
}

static const struct value NULL_VALUE = {.null = true};

static struct value boolean(bool b)
{
    return (struct value){.v = b};
}

int order(const struct value *a, const struct value *b)
{
    if (a->s.p != NULL || b->s.p != NULL) {
        return sy_view_cmp(a->s, b->s);
    }
    return (a->v > b->v) - (a->v < b->v);
}

static struct value compared(struct sy_view op, struct value a, struct value b)
{
    if (a.null || b.null) {
        return NULL_VALUE;
    }
    int c = order(&a, &b);
    return boolean(sy_view_is(op, "eq")   ? c == 0
                   : sy_view_is(op, "ne") ? c != 0
                   : sy_view_is(op, "lt") ? c < 0
                   : sy_view_is(op, "le") ? c <= 0
                   : sy_view_is(op, "gt") ? c > 0
                                          : c >= 0);
}

static struct value logic(bool is_or, const struct value *v, const struct sy_plan_expr *e)
{
    bool open = false;
    for (size_t j = 0; j < e->n_args; j++) {
        const struct value *a = &v[e->args[j]];
        if (!a->null && (a->v != 0) == is_or) {
            return boolean(is_or);
        }
        open = open || a->null;
    }
    return open ? NULL_VALUE : boolean(!is_or);
}

static struct value dated(const struct sy_plan_expr *e, struct value a)
{
    int y;
    int m;
    int d;
    int32_t first;
    if (a.null) {
        return a;
    }
    sy_date_of_days((int32_t)a.v, &y, &m, &d);
    if (sy_view_is(e->op, "trunc")) {
        int from = sy_view_is(e->s, "year")      ? 1
                   : sy_view_is(e->s, "quarter") ? (m - 1) / 3 * 3 + 1
                                                 : m;
        if (sy_view_is(e->s, "week")) {
            return (struct value){.v = a.v - (a.v + 3) % 7};
        }
        assert_true(sy_days_of_date(y, from, 1, &first));
        return (struct value){.v = first};
    }
    return (struct value){.v = sy_view_is(e->op, "year")    ? y
                               : sy_view_is(e->op, "month") ? m
                                                            : (m + 2) / 3};
}

static struct value in_list(const struct value *v, const struct sy_plan_expr *e)
{
    bool open = v[e->args[0]].null;
    for (size_t j = 1; j < e->n_args; j++) {
        struct value eq = compared(V("eq"), v[e->args[0]], v[e->args[j]]);
        if (!eq.null && eq.v == 1) {
            return eq;
        }
        open = open || eq.null;
    }
    return open ? NULL_VALUE : boolean(false);
}

static struct value chosen(const struct value *v, const struct sy_plan_expr *e)
{
    for (size_t j = 0; j + 1 < e->n_args; j += 2) {
        const struct value *c = &v[e->args[j]];
        if (!c->null && c->v == 1) {
            return v[e->args[j + 1]];
        }
    }
    return v[e->args[e->n_args - 1]];
}

static struct value evaluate(const struct sy_plan_expr *all, size_t i, const struct value *v,
                             const struct row *r)
{
    const struct sy_plan_expr *e = &all[i];
    struct sy_view op = e->op;
    if (sy_view_is(op, "col")) {
        return cell(r, e->i);
    }
    if (sy_view_is(op, "null")) {
        return NULL_VALUE;
    }
    if (sy_view_is(op, "str")) {
        return (struct value){.s = e->s};
    }
    if (e->n_args == 0) {
        return (struct value){.v = e->i}; /* int date bool */
    }
    const struct value *a = &v[e->args[0]];
    if (sy_view_is(op, "is_null")) {
        return boolean(a->null);
    }
    if (sy_view_is(op, "not")) {
        return a->null ? *a : boolean(a->v == 0);
    }
    if (sy_view_is(op, "and") || sy_view_is(op, "or")) {
        return logic(sy_view_is(op, "or"), v, e);
    }
    if (sy_view_is(op, "in")) {
        return in_list(v, e);
    }
    if (sy_view_is(op, "case")) {
        return chosen(v, e);
    }
    if (sy_view_is(op, "add")) {
        const struct value *b = &v[e->args[1]];
        return a->null || b->null ? NULL_VALUE : (struct value){.v = a->v + b->v};
    }
    bool date = sy_view_is(op, "year") || sy_view_is(op, "quarter") || sy_view_is(op, "month") ||
                sy_view_is(op, "trunc");
    return date ? dated(e, *a) : compared(op, *a, v[e->args[1]]);
}

struct value value_of(const struct sy_plan_expr *e, size_t n, const struct row *r)
{
    struct value v[64];
    assert_true(n <= LEN(v));
    for (size_t i = 0; i < n; i++) {
        v[i] = evaluate(e, i, v, r);
    }
    return v[n - 1];
}
