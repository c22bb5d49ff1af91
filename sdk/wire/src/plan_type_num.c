/*
 * Types of arithmetic. Every interval is computed in 128 bits from the operands' intervals and refused
 * when it leaves +-2^62, so no run can overflow.
 */
#include "plan_type_node.h"

/* The four corners of f over two intervals, as lowest and highest. */
static void corners(const sy_i128 v[4], sy_i128 *lo, sy_i128 *hi)
{
    *lo = v[0];
    *hi = v[0];
    for (int i = 1; i < 4; i++) {
        *lo = v[i] < *lo ? v[i] : *lo;
        *hi = v[i] > *hi ? v[i] : *hi;
    }
}

sy_status plan_type_add_sub(struct node *n)
{
    bool sub = sy_view_is(n->e->op, "sub");
    const struct sy_type *a = node_arg(n, 0);
    const struct sy_type *b = node_arg(n, 1);
    bool days = a->kind == SY_TYPE_DATE && b->kind == SY_TYPE_INT && b->scale == 0;
    bool between = sub && a->kind == SY_TYPE_DATE && b->kind == SY_TYPE_DATE;
    if (!days && !between) {
        SY_TRY(node_want(n, SY_TYPE_INT, true));
    }
    node_strict(n);
    n->ret->kind = days ? SY_TYPE_DATE : SY_TYPE_INT;
    n->ret->scale = a->kind == SY_TYPE_INT ? a->scale : 0;
    if (sub) {
        return node_interval(n, (sy_i128)a->lo - b->hi, (sy_i128)a->hi - b->lo);
    }
    return node_interval(n, (sy_i128)a->lo + b->lo, (sy_i128)a->hi + b->hi);
}

sy_status plan_type_mul(struct node *n)
{
    SY_TRY(node_want(n, SY_TYPE_INT, false));
    const struct sy_type *a = node_arg(n, 0);
    const struct sy_type *b = node_arg(n, 1);
    if (a->scale + b->scale > SY_PLAN_SCALE_MAX) {
        return NODE_FAIL(n, "mul: the product has more than %d decimal digits", SY_PLAN_SCALE_MAX);
    }
    node_strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = a->scale + b->scale;
    sy_i128 v[4] = {(sy_i128)a->lo * b->lo, (sy_i128)a->lo * b->hi, (sy_i128)a->hi * b->lo,
                    (sy_i128)a->hi * b->hi};
    sy_i128 lo;
    sy_i128 hi;
    corners(v, &lo, &hi);
    return node_interval(n, lo, hi);
}

static sy_i128 pow10_i128(uint32_t digits)
{
    sy_i128 p = 1;
    for (uint32_t i = 0; i < digits; i++) {
        p *= 10;
    }
    return p;
}

/* a x 10^(k - a.scale + b.scale) / b: a divisor is a scaled integer, so it is 0 or at least 1 large. */
sy_status plan_type_div(struct node *n)
{
    SY_TRY(node_want(n, SY_TYPE_INT, false));
    const struct sy_type *a = node_arg(n, 0);
    const struct sy_type *b = node_arg(n, 1);
    uint32_t k = (uint32_t)n->e->scale;
    if (k + b->scale < a->scale) {
        return NODE_FAIL(n, "div: fewer digits than the dividend has; rescale it first");
    }
    sy_i128 p = pow10_i128(k + b->scale - a->scale);
    int64_t lo;
    int64_t hi;
    if (!plan_value(a->lo * p, &lo) || !plan_value(a->hi * p, &hi)) {
        return NODE_FAIL(n, "div: the scaled dividend could leave +-2^62");
    }
    node_strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = k;
    if (b->lo <= 0 && b->hi >= 0) {
        n->ret->nullable = true;
        sy_i128 m = -(sy_i128)lo > hi ? -(sy_i128)lo : hi;
        return node_interval(n, -m, m);
    }
    sy_i128 v[4] = {lo / b->lo, lo / b->hi, hi / b->lo, hi / b->hi};
    sy_i128 least;
    sy_i128 most;
    corners(v, &least, &most);
    /* truncation toward zero keeps the order, so the corners bound every quotient */
    return node_interval(n, least, most);
}

sy_status plan_type_mod(struct node *n)
{
    SY_TRY(node_want(n, SY_TYPE_INT, true));
    const struct sy_type *a = node_arg(n, 0);
    const struct sy_type *b = node_arg(n, 1);
    sy_i128 m = b->hi > -(sy_i128)b->lo ? b->hi : -(sy_i128)b->lo;
    m = m > 0 ? m - 1 : 0;
    node_strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = a->scale;
    n->ret->nullable = n->ret->nullable || (b->lo <= 0 && b->hi >= 0);
    sy_i128 lo = a->lo >= 0 ? 0 : (a->lo < -m ? -m : a->lo);
    sy_i128 hi = a->hi <= 0 ? 0 : (a->hi > m ? m : a->hi);
    return node_interval(n, lo, hi);
}

sy_status plan_type_neg(struct node *n)
{
    SY_TRY(node_want(n, SY_TYPE_INT, false));
    node_strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = node_arg(n, 0)->scale;
    return node_interval(n, -(sy_i128)node_arg(n, 0)->hi, -(sy_i128)node_arg(n, 0)->lo);
}

sy_status plan_type_abs(struct node *n)
{
    SY_TRY(node_want(n, SY_TYPE_INT, false));
    const struct sy_type *a = node_arg(n, 0);
    node_strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = a->scale;
    sy_i128 m = a->hi > -(sy_i128)a->lo ? a->hi : -(sy_i128)a->lo;
    if (a->lo >= 0) {
        return node_interval(n, a->lo, a->hi);
    }
    return node_interval(n, a->hi <= 0 ? -(sy_i128)a->hi : 0, m);
}

sy_status plan_type_rescale(struct node *n)
{
    SY_TRY(node_want(n, SY_TYPE_INT, false));
    const struct sy_type *a = node_arg(n, 0);
    if (n->e->i < 0 || n->e->i > SY_PLAN_SCALE_MAX) {
        return NODE_FAIL(n, "rescale: 0 to %d decimal digits", SY_PLAN_SCALE_MAX);
    }
    node_strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = (uint32_t)n->e->i;
    if (n->ret->scale >= a->scale) {
        sy_i128 p = pow10_i128(n->ret->scale - a->scale);
        return node_interval(n, a->lo * p, a->hi * p);
    }
    sy_i128 p = pow10_i128(a->scale - n->ret->scale);
    return node_interval(n, a->lo / p, a->hi / p);
}

/* NULLs are ignored: the result is one of the arguments, bounded by every one that cannot be NULL. */
sy_status plan_type_least_greatest(struct node *n)
{
    bool least = sy_view_is(n->e->op, "least");
    enum sy_type_kind kind = node_arg(n, 0)->kind == SY_TYPE_DATE ? SY_TYPE_DATE : SY_TYPE_INT;
    SY_TRY(node_want(n, kind, true));
    struct sy_type r = {
        .kind = kind, .scale = node_arg(n, 0)->scale, .nullable = true, .nothing = true};
    for (size_t j = 0; j < n->e->n_args; j++) {
        const struct sy_type *a = node_arg(n, j);
        r.nullable = r.nullable && a->nullable;
        if (!a->nothing) {
            r.lo = r.nothing ? a->lo : sy_min_i64(r.lo, a->lo);
            r.hi = r.nothing ? a->hi : sy_max_i64(r.hi, a->hi);
            r.nothing = false;
        }
    }
    for (size_t j = 0; j < n->e->n_args; j++) {
        const struct sy_type *a = node_arg(n, j);
        if (!a->nullable && least) {
            r.hi = sy_min_i64(r.hi, a->hi);
        } else if (!a->nullable) {
            r.lo = sy_max_i64(r.lo, a->lo);
        }
    }
    r.grade = n->ret->grade;
    *n->ret = r;
    return SY_OK;
}
