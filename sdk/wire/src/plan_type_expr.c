/*
 * Types of expressions: one row per operator in the table at the end, one short function per shape.
 * Invariants: an argument is always an earlier position, so its type is known; every interval that is
 * written was computed in 128 bits and lies within +-2^62; a value that can only be NULL ("nothing")
 * has the interval [0, 0] and no labels, and makes every strict operator's result nothing too.
 */
#include "base/time.h"
#include "plan_type_internal.h"

enum { USES_I = 1, USES_K = 2, USES_S = 4 }; /* fields of the record beside op and args */

/* One expression under typing. */
struct node {
    struct sy_typer *t;
    const struct sy_expr_scope *scope;
    const struct sy_plan_expr *e;
    struct sy_error *err;
    struct sy_type *ret;
};

struct op {
    const char *name;
    size_t args_min, args_max;
    unsigned uses;
    sy_status (*type)(struct node *);
};

static const struct sy_type *arg(const struct node *n, size_t j)
{
    return &n->scope->types[n->e->args[j]];
}

static bool arg_is_literal(const struct node *n, size_t j)
{
    static const char *const ops[] = {"int", "str", "date", "bool", "param"};
    struct sy_view op = n->scope->exprs[n->e->args[j]].op;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (sy_view_is(op, ops[i])) {
            return true;
        }
    }
    return false;
}

#define NODE_FAIL(n, ...) PLAN_FAIL((n)->err, "", __VA_ARGS__)

/* --- shared pieces ------------------------------------------------------------------------------ */

bool plan_value(sy_i128 v, int64_t *ret)
{
    if (v < -(sy_i128)SY_PLAN_VALUE_MAX || v > (sy_i128)SY_PLAN_VALUE_MAX) {
        return false;
    }
    *ret = (int64_t)v;
    return true;
}

static sy_status set_interval(struct node *n, sy_i128 lo, sy_i128 hi)
{
    if (n->ret->nothing) {
        return SY_OK;
    }
    if (!plan_value(lo, &n->ret->lo) || !plan_value(hi, &n->ret->hi)) {
        return NODE_FAIL(n, "%.*s: its values could leave +-2^62; narrow the operands first",
                         SY_PV(n->e->op));
    }
    if (n->ret->kind == SY_TYPE_DATE &&
        (n->ret->lo < SY_PLAN_DATE_MIN || n->ret->hi > SY_PLAN_DATE_MAX)) {
        return NODE_FAIL(n, "%.*s: the date could leave the years 1 to 9999", SY_PV(n->e->op));
    }
    return SY_OK;
}

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

/* Every argument must be of this kind; INT arguments of one scale when `same_scale`. */
static sy_status want(struct node *n, enum sy_type_kind kind, bool same_scale)
{
    static const char *const names[SY_TYPE_N] = {"?", "integer", "date", "boolean", "text", "unit"};
    for (size_t j = 0; j < n->e->n_args; j++) {
        if (arg(n, j)->kind != kind) {
            return NODE_FAIL(n, "%.*s takes %s arguments; argument %zu is %s", SY_PV(n->e->op),
                             names[kind], j, names[arg(n, j)->kind]);
        }
        if (same_scale && arg(n, j)->scale != arg(n, 0)->scale) {
            return NODE_FAIL(n, "%.*s: arguments have %u and %u decimal digits; rescale one",
                             SY_PV(n->e->op), arg(n, 0)->scale, arg(n, j)->scale);
        }
    }
    return SY_OK;
}

/* NULL when any argument is. */
static void strict(struct node *n)
{
    for (size_t j = 0; j < n->e->n_args; j++) {
        n->ret->nullable = n->ret->nullable || arg(n, j)->nullable;
        n->ret->nothing = n->ret->nothing || arg(n, j)->nothing;
    }
}

static sy_status as_bool(struct node *n)
{
    n->ret->kind = SY_TYPE_BOOL;
    n->ret->hi = n->ret->nothing ? 0 : 1;
    return SY_OK;
}

/* --- leaves ------------------------------------------------------------------------------------- */

static sy_status type_col(struct node *n)
{
    if (n->e->i < 0 || (uint64_t)n->e->i >= n->scope->n_cols) {
        return NODE_FAIL(n, "there is no column %lld", (long long)n->e->i);
    }
    *n->ret = n->scope->cols[n->e->i];
    return SY_OK;
}

static sy_status type_param(struct node *n)
{
    if (n->e->i < 0 || (uint64_t)n->e->i >= n->t->n_params) {
        return NODE_FAIL(n, "there is no parameter %lld", (long long)n->e->i);
    }
    *n->ret = n->t->params[n->e->i];
    return SY_OK;
}

static sy_status type_int(struct node *n)
{
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = (uint32_t)n->e->scale;
    return set_interval(n, n->e->i, n->e->i);
}

static sy_status type_date(struct node *n)
{
    n->ret->kind = SY_TYPE_DATE;
    return set_interval(n, n->e->i, n->e->i);
}

static sy_status type_bool(struct node *n)
{
    if (n->e->i != 0 && n->e->i != 1) {
        return NODE_FAIL(n, "a boolean is 0 or 1");
    }
    n->ret->kind = SY_TYPE_BOOL;
    n->ret->lo = n->e->i;
    n->ret->hi = n->e->i;
    return SY_OK;
}

static sy_status type_str(struct node *n)
{
    struct sy_view *label = sy_arena_alloc(n->t->arena, 1, sizeof *label);
    if (label == NULL) {
        return sy_fail(n->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    *label = n->e->s;
    n->ret->kind = SY_TYPE_STR;
    n->ret->labels = label;
    n->ret->n_labels = 1;
    return SY_OK;
}

static sy_status type_null(struct node *n)
{
    static const struct {
        const char *name;
        enum sy_type_kind kind;
    } kinds[] = {
        {"int", SY_TYPE_INT}, {"date", SY_TYPE_DATE}, {"bool", SY_TYPE_BOOL}, {"str", SY_TYPE_STR}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (sy_view_is(n->e->s, kinds[i].name)) {
            n->ret->kind = kinds[i].kind;
        }
    }
    if (n->ret->kind == SY_TYPE_NONE || (n->ret->kind != SY_TYPE_INT && n->e->scale != 0)) {
        return NODE_FAIL(n, "NULL must be of kind int, date, bool or str");
    }
    n->ret->scale = (uint32_t)n->e->scale;
    n->ret->nullable = true;
    n->ret->nothing = true;
    return SY_OK;
}

/* --- arithmetic --------------------------------------------------------------------------------- */

static sy_status type_add_sub(struct node *n)
{
    bool sub = sy_view_is(n->e->op, "sub");
    const struct sy_type *a = arg(n, 0);
    const struct sy_type *b = arg(n, 1);
    bool days = a->kind == SY_TYPE_DATE && b->kind == SY_TYPE_INT && b->scale == 0;
    bool between = sub && a->kind == SY_TYPE_DATE && b->kind == SY_TYPE_DATE;
    if (!days && !between) {
        SY_TRY(want(n, SY_TYPE_INT, true));
    }
    strict(n);
    n->ret->kind = days ? SY_TYPE_DATE : SY_TYPE_INT;
    n->ret->scale = a->kind == SY_TYPE_INT ? a->scale : 0;
    if (sub) {
        return set_interval(n, (sy_i128)a->lo - b->hi, (sy_i128)a->hi - b->lo);
    }
    return set_interval(n, (sy_i128)a->lo + b->lo, (sy_i128)a->hi + b->hi);
}

static sy_status type_mul(struct node *n)
{
    SY_TRY(want(n, SY_TYPE_INT, false));
    const struct sy_type *a = arg(n, 0);
    const struct sy_type *b = arg(n, 1);
    if (a->scale + b->scale > SY_PLAN_SCALE_MAX) {
        return NODE_FAIL(n, "mul: the product has more than %d decimal digits", SY_PLAN_SCALE_MAX);
    }
    strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = a->scale + b->scale;
    sy_i128 v[4] = {(sy_i128)a->lo * b->lo, (sy_i128)a->lo * b->hi, (sy_i128)a->hi * b->lo,
                    (sy_i128)a->hi * b->hi};
    sy_i128 lo;
    sy_i128 hi;
    corners(v, &lo, &hi);
    return set_interval(n, lo, hi);
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
static sy_status type_div(struct node *n)
{
    SY_TRY(want(n, SY_TYPE_INT, false));
    const struct sy_type *a = arg(n, 0);
    const struct sy_type *b = arg(n, 1);
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
    strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = k;
    if (b->lo <= 0 && b->hi >= 0) {
        n->ret->nullable = true;
        sy_i128 m = -(sy_i128)lo > hi ? -(sy_i128)lo : hi;
        return set_interval(n, -m, m);
    }
    sy_i128 v[4] = {lo / b->lo, lo / b->hi, hi / b->lo, hi / b->hi};
    sy_i128 least;
    sy_i128 most;
    corners(v, &least, &most);
    /* truncation toward zero keeps the order, so the corners bound every quotient */
    return set_interval(n, least, most);
}

static sy_status type_mod(struct node *n)
{
    SY_TRY(want(n, SY_TYPE_INT, true));
    const struct sy_type *a = arg(n, 0);
    const struct sy_type *b = arg(n, 1);
    sy_i128 m = b->hi > -(sy_i128)b->lo ? b->hi : -(sy_i128)b->lo;
    m = m > 0 ? m - 1 : 0;
    strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = a->scale;
    n->ret->nullable = n->ret->nullable || (b->lo <= 0 && b->hi >= 0);
    sy_i128 lo = a->lo >= 0 ? 0 : (a->lo < -m ? -m : a->lo);
    sy_i128 hi = a->hi <= 0 ? 0 : (a->hi > m ? m : a->hi);
    return set_interval(n, lo, hi);
}

static sy_status type_neg(struct node *n)
{
    SY_TRY(want(n, SY_TYPE_INT, false));
    strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = arg(n, 0)->scale;
    return set_interval(n, -(sy_i128)arg(n, 0)->hi, -(sy_i128)arg(n, 0)->lo);
}

static sy_status type_abs(struct node *n)
{
    SY_TRY(want(n, SY_TYPE_INT, false));
    const struct sy_type *a = arg(n, 0);
    strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = a->scale;
    sy_i128 m = a->hi > -(sy_i128)a->lo ? a->hi : -(sy_i128)a->lo;
    if (a->lo >= 0) {
        return set_interval(n, a->lo, a->hi);
    }
    return set_interval(n, a->hi <= 0 ? -(sy_i128)a->hi : 0, m);
}

static sy_status type_rescale(struct node *n)
{
    SY_TRY(want(n, SY_TYPE_INT, false));
    const struct sy_type *a = arg(n, 0);
    if (n->e->i < 0 || n->e->i > SY_PLAN_SCALE_MAX) {
        return NODE_FAIL(n, "rescale: 0 to %d decimal digits", SY_PLAN_SCALE_MAX);
    }
    strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = (uint32_t)n->e->i;
    if (n->ret->scale >= a->scale) {
        sy_i128 p = pow10_i128(n->ret->scale - a->scale);
        return set_interval(n, a->lo * p, a->hi * p);
    }
    sy_i128 p = pow10_i128(a->scale - n->ret->scale);
    return set_interval(n, a->lo / p, a->hi / p);
}

/* NULLs are ignored: the result is one of the arguments, bounded by every one that cannot be NULL. */
static sy_status type_least_greatest(struct node *n)
{
    bool least = sy_view_is(n->e->op, "least");
    enum sy_type_kind kind = arg(n, 0)->kind == SY_TYPE_DATE ? SY_TYPE_DATE : SY_TYPE_INT;
    SY_TRY(want(n, kind, true));
    struct sy_type r = {.kind = kind, .scale = arg(n, 0)->scale, .nullable = true, .nothing = true};
    for (size_t j = 0; j < n->e->n_args; j++) {
        const struct sy_type *a = arg(n, j);
        r.nullable = r.nullable && a->nullable;
        if (!a->nothing) {
            r.lo = r.nothing ? a->lo : sy_min_i64(r.lo, a->lo);
            r.hi = r.nothing ? a->hi : sy_max_i64(r.hi, a->hi);
            r.nothing = false;
        }
    }
    for (size_t j = 0; j < n->e->n_args; j++) {
        const struct sy_type *a = arg(n, j);
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

/* --- comparison and logic ----------------------------------------------------------------------- */

static sy_status type_compare(struct node *n)
{
    bool equality = sy_view_is(n->e->op, "eq") || sy_view_is(n->e->op, "ne");
    const struct sy_type *a = arg(n, 0);
    const struct sy_type *b = arg(n, 1);
    SY_TRY(want(n, a->kind, true));
    if (!equality && a->kind != SY_TYPE_INT && a->kind != SY_TYPE_DATE) {
        return NODE_FAIL(n, "%.*s: only integers and dates have an order", SY_PV(n->e->op));
    }
    if (a->kind == SY_TYPE_UNIT && (sy_view_is(n->e->op, "ne") || !sy_view_eq(a->ns, b->ns))) {
        return NODE_FAIL(n, "units are compared by eq only, within one namespace");
    }
    if ((a->open && !arg_is_literal(n, 1) && !b->nothing) ||
        (b->open && !arg_is_literal(n, 0) && !a->nothing)) {
        return NODE_FAIL(n, "undeclared text is compared with literals and parameters only");
    }
    strict(n);
    return as_bool(n);
}

static sy_status type_in(struct node *n)
{
    if (arg(n, 0)->kind == SY_TYPE_UNIT) {
        return NODE_FAIL(n, "a unit is never compared with a list");
    }
    SY_TRY(want(n, arg(n, 0)->kind, true));
    for (size_t j = 1; j < n->e->n_args; j++) {
        if (!arg_is_literal(n, j)) {
            return NODE_FAIL(n, "in: argument %zu must be a literal or a parameter", j);
        }
    }
    strict(n);
    return as_bool(n);
}

static sy_status type_logic(struct node *n)
{
    SY_TRY(want(n, SY_TYPE_BOOL, false));
    for (size_t j = 0; j < n->e->n_args; j++) {
        n->ret->nullable = n->ret->nullable || arg(n, j)->nullable;
    }
    return as_bool(n);
}

static sy_status type_is_null(struct node *n)
{
    return as_bool(n);
}

static sy_status type_bool_int(struct node *n)
{
    SY_TRY(want(n, SY_TYPE_BOOL, false));
    strict(n);
    n->ret->kind = SY_TYPE_INT;
    n->ret->lo = arg(n, 0)->lo;
    n->ret->hi = arg(n, 0)->hi;
    return SY_OK;
}

/* --- choice ------------------------------------------------------------------------------------- */

/* Merge arguments first, first + step, ... and the last one; *nullable_any / all over them. */
static sy_status merge_args(struct node *n, size_t first, size_t step)
{
    size_t last = n->e->n_args - 1;
    struct sy_type r = *arg(n, first);
    if (r.open || r.kind == SY_TYPE_UNIT) {
        return NODE_FAIL(n, "%.*s: undeclared text and units cannot be chosen from",
                         SY_PV(n->e->op));
    }
    bool any = r.nullable;
    bool all = r.nullable;
    for (size_t j = first; j < last;) {
        j = j + step > last ? last : j + step;
        struct sy_type next = r;
        SY_TRY(plan_merge(n->t, &r, arg(n, j), &next, n->err));
        any = any || arg(n, j)->nullable;
        all = all && arg(n, j)->nullable;
        r = next;
    }
    r.nullable = first == 0 ? all : any;
    r.grade = n->ret->grade;
    r.def = NULL;
    r.field = NULL;
    r.scan = 0;
    r.scan_col = 0;
    *n->ret = r;
    return SY_OK;
}

static sy_status type_case(struct node *n)
{
    if (n->e->n_args % 2 == 0) {
        return NODE_FAIL(n, "case takes pairs and an else");
    }
    for (size_t j = 0; j + 1 < n->e->n_args; j += 2) {
        if (arg(n, j)->kind != SY_TYPE_BOOL) {
            return NODE_FAIL(n, "case: argument %zu must be a condition", j);
        }
    }
    return merge_args(n, 1, 2);
}

static sy_status type_coalesce(struct node *n)
{
    return merge_args(n, 0, 1);
}

/* --- dates -------------------------------------------------------------------------------------- */

static sy_status type_date_part(struct node *n)
{
    SY_TRY(want(n, SY_TYPE_DATE, false));
    strict(n);
    n->ret->kind = SY_TYPE_INT;
    if (sy_view_is(n->e->op, "month")) {
        return set_interval(n, 1, 12);
    }
    if (sy_view_is(n->e->op, "day")) {
        return set_interval(n, 1, 31);
    }
    int lo;
    int hi;
    int month;
    int day;
    sy_date_of_days((int32_t)arg(n, 0)->lo, &lo, &month, &day);
    sy_date_of_days((int32_t)arg(n, 0)->hi, &hi, &month, &day);
    return set_interval(n, lo, hi);
}

/* --- the table ---------------------------------------------------------------------------------- */

static const struct op OPS[] = {
    {"col", 0, 0, USES_I, type_col},
    {"param", 0, 0, USES_I, type_param},
    {"int", 0, 0, USES_I | USES_K, type_int},
    {"str", 0, 0, USES_S, type_str},
    {"date", 0, 0, USES_I, type_date},
    {"bool", 0, 0, USES_I, type_bool},
    {"null", 0, 0, USES_S | USES_K, type_null},
    {"add", 2, 2, 0, type_add_sub},
    {"sub", 2, 2, 0, type_add_sub},
    {"mul", 2, 2, 0, type_mul},
    {"neg", 1, 1, 0, type_neg},
    {"abs", 1, 1, 0, type_abs},
    {"least", 2, SY_PLAN_EXPRS_MAX, 0, type_least_greatest},
    {"greatest", 2, SY_PLAN_EXPRS_MAX, 0, type_least_greatest},
    {"div", 2, 2, USES_K, type_div},
    {"mod", 2, 2, 0, type_mod},
    {"rescale", 1, 1, USES_I, type_rescale},
    {"eq", 2, 2, 0, type_compare},
    {"ne", 2, 2, 0, type_compare},
    {"lt", 2, 2, 0, type_compare},
    {"le", 2, 2, 0, type_compare},
    {"gt", 2, 2, 0, type_compare},
    {"ge", 2, 2, 0, type_compare},
    {"and", 2, SY_PLAN_EXPRS_MAX, 0, type_logic},
    {"or", 2, SY_PLAN_EXPRS_MAX, 0, type_logic},
    {"not", 1, 1, 0, type_logic},
    {"is_null", 1, 1, 0, type_is_null},
    {"in", 2, SY_PLAN_EXPRS_MAX, 0, type_in},
    {"case", 3, SY_PLAN_EXPRS_MAX, 0, type_case},
    {"coalesce", 2, SY_PLAN_EXPRS_MAX, 0, type_coalesce},
    {"year", 1, 1, 0, type_date_part},
    {"month", 1, 1, 0, type_date_part},
    {"day", 1, 1, 0, type_date_part},
    {"bool_int", 1, 1, 0, type_bool_int},
};

static const struct op *find_op(struct sy_view name)
{
    for (size_t i = 0; i < sizeof OPS / sizeof OPS[0]; i++) {
        if (sy_view_is(name, OPS[i].name)) {
            return &OPS[i];
        }
    }
    return NULL;
}

static sy_status check_form(struct node *n, const struct op *op, size_t i)
{
    const struct sy_plan_expr *e = n->e;
    if (op == NULL) {
        return NODE_FAIL(n, "unknown operator");
    }
    if (e->n_args < op->args_min || e->n_args > op->args_max) {
        return NODE_FAIL(n, "%s: wrong number of arguments", op->name);
    }
    if (((op->uses & USES_I) == 0 && e->i != 0) || ((op->uses & USES_K) == 0 && e->scale != 0) ||
        ((op->uses & USES_S) == 0 && e->s.n != 0)) {
        return NODE_FAIL(n, "%s: a field is set that it does not use", op->name);
    }
    if (e->scale > SY_PLAN_SCALE_MAX) {
        return NODE_FAIL(n, "%s: at most %d decimal digits", op->name, SY_PLAN_SCALE_MAX);
    }
    for (size_t j = 0; j < e->n_args; j++) {
        if (e->args[j] >= i) {
            return NODE_FAIL(n, "%s: argument %zu is not an earlier position", op->name, j);
        }
        n->ret->grade = sy_max_u64(n->ret->grade, arg(n, j)->grade);
    }
    return SY_OK;
}

static sy_status type_node(struct node *n, size_t i)
{
    const struct op *op = find_op(n->e->op);
    SY_TRY(check_form(n, op, i));
    return op->type(n);
}

sy_status sy_type_expr(struct sy_typer *t, const struct sy_expr_scope *scope, size_t i,
                       struct sy_error *reterr)
{
    struct sy_type *ret = &scope->types[i];
    *ret = (struct sy_type){0};
    struct node n = {t, scope, &scope->exprs[i], reterr, ret};
    return plan_path(type_node(&n, i), reterr, "e", i);
}

sy_status plan_exprs(struct sy_typer *t, const struct sy_expr_scope *scope, size_t n,
                     struct sy_error *reterr)
{
    if (n > SY_PLAN_EXPRS_MAX) {
        return PLAN_FAIL(reterr, "e", "more than %d expressions", SY_PLAN_EXPRS_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        SY_TRY(sy_type_expr(t, scope, i, reterr));
    }
    return SY_OK;
}
