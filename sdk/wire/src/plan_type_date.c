/*
 * Types of the operators on dates. Each is monotone in each argument (plan_date.h), so the ends of the
 * operands' intervals give the ends of the result.
 */
#include "base/time.h"
#include "plan_date.h"
#include "plan_type_node.h"

static sy_status type_year(struct node *n)
{
    int lo;
    int hi;
    int month;
    int day;
    sy_date_of_days((int32_t)node_arg(n, 0)->lo, &lo, &month, &day);
    sy_date_of_days((int32_t)node_arg(n, 0)->hi, &hi, &month, &day);
    return node_interval(n, lo, hi);
}

sy_status plan_type_date_part(struct node *n)
{
    static const struct {
        const char *name;
        int hi;
    } parts[] = {{"quarter", 4}, {"month", 12}, {"day", 31}, {"isodow", 7}};
    SY_TRY(node_want(n, SY_TYPE_DATE, false));
    node_strict(n);
    n->ret->kind = SY_TYPE_INT;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (sy_view_is(n->e->op, parts[i].name)) {
            return node_interval(n, 1, parts[i].hi);
        }
    }
    return type_year(n);
}

sy_status plan_type_trunc(struct node *n)
{
    static const struct {
        const char *name;
        enum plan_trunc to;
    } units[] = {{"week", PLAN_TRUNC_WEEK},
                 {"month", PLAN_TRUNC_MONTH},
                 {"quarter", PLAN_TRUNC_QUARTER},
                 {"year", PLAN_TRUNC_YEAR}};
    SY_TRY(node_want(n, SY_TYPE_DATE, false));
    node_strict(n);
    n->ret->kind = SY_TYPE_DATE;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (sy_view_is(n->e->s, units[i].name)) {
            return node_interval(n, plan_trunc(node_arg(n, 0)->lo, units[i].to),
                                 plan_trunc(node_arg(n, 0)->hi, units[i].to));
        }
    }
    return NODE_FAIL(n, "trunc: to year, quarter, month or week");
}

/* months and years; truncation toward zero keeps the order. */
sy_status plan_type_months(struct node *n)
{
    SY_TRY(node_want(n, SY_TYPE_DATE, false));
    const struct sy_type *a = node_arg(n, 0);
    const struct sy_type *b = node_arg(n, 1);
    int64_t per = sy_view_is(n->e->op, "years") ? 12 : 1;
    node_strict(n);
    n->ret->kind = SY_TYPE_INT;
    return node_interval(n, plan_months(a->hi, b->lo) / per, plan_months(a->lo, b->hi) / per);
}

sy_status plan_type_add_months(struct node *n)
{
    const struct sy_type *d = node_arg(n, 0);
    const struct sy_type *m = node_arg(n, 1);
    if (d->kind != SY_TYPE_DATE || m->kind != SY_TYPE_INT || m->scale != 0) {
        return NODE_FAIL(n, "add_months takes a date and whole months");
    }
    node_strict(n);
    n->ret->kind = SY_TYPE_DATE;
    int64_t lo;
    int64_t hi;
    if (n->ret->nothing) {
        return SY_OK;
    }
    if (!plan_add_months(d->lo, m->lo, &lo) || !plan_add_months(d->hi, m->hi, &hi)) {
        return NODE_FAIL(n, "add_months: the date could leave the years 1 to 9999");
    }
    return node_interval(n, lo, hi);
}

sy_status plan_type_period(struct node *n)
{
    bool is_param = n->e->i >= 0 && (uint64_t)n->e->i < n->t->n_params;
    const struct sy_type *days =
        sy_view_is(n->e->op, "pstart") ? n->t->first_days : n->t->last_days;
    if (!is_param || days[n->e->i].kind != SY_TYPE_DATE) {
        return NODE_FAIL(n, "%.*s takes a parameter of kind period", SY_PV(n->e->op));
    }
    *n->ret = days[n->e->i];
    return SY_OK;
}
