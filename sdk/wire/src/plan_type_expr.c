/*
 * Types of expressions: one row per operator in the table at the end; leaves and the pieces that all
 * operators share are here, the operators in plan_type_num.c, plan_type_logic.c, plan_type_date.c and
 * plan_type_text.c. Invariants: an argument is always an earlier position, so its type is known; every
 * interval that is written lies within +-2^62; a value that can only be NULL ("nothing") has the
 * interval [0, 0] and no labels, and makes every strict operator's result nothing too.
 */
#include "plan_type_node.h"

struct op {
    const char *name;
    size_t args_min, args_max;
    unsigned uses;
    sy_status (*type)(struct node *);
};

enum { USES_I = 1, USES_K = 2, USES_S = 4 }; /* fields of the record beside op and args */

/* --- shared pieces ------------------------------------------------------------------------------ */

bool plan_value(sy_i128 v, int64_t *ret)
{
    if (v < -(sy_i128)SY_PLAN_VALUE_MAX || v > (sy_i128)SY_PLAN_VALUE_MAX) {
        return false;
    }
    *ret = (int64_t)v;
    return true;
}

sy_status node_interval(struct node *n, sy_i128 lo, sy_i128 hi)
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

bool node_arg_literal(const struct node *n, size_t j)
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

sy_status node_want(struct node *n, enum sy_type_kind kind, bool same_scale)
{
    static const char *const names[SY_TYPE_N] = {"?", "integer", "date", "boolean", "text", "unit"};
    for (size_t j = 0; j < n->e->n_args; j++) {
        if (node_arg(n, j)->kind != kind) {
            return NODE_FAIL(n, "%.*s takes %s arguments; argument %zu is %s", SY_PV(n->e->op),
                             names[kind], j, names[node_arg(n, j)->kind]);
        }
        if (same_scale && node_arg(n, j)->scale != node_arg(n, 0)->scale) {
            return NODE_FAIL(n, "%.*s: arguments have %u and %u decimal digits; rescale one",
                             SY_PV(n->e->op), node_arg(n, 0)->scale, node_arg(n, j)->scale);
        }
    }
    return SY_OK;
}

void node_strict(struct node *n)
{
    for (size_t j = 0; j < n->e->n_args; j++) {
        n->ret->nullable = n->ret->nullable || node_arg(n, j)->nullable;
        n->ret->nothing = n->ret->nothing || node_arg(n, j)->nothing;
    }
}

sy_status node_bool(struct node *n)
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
    return n->ret->kind == SY_TYPE_NONE
               ? NODE_FAIL(n, "a period is not a value: use its first or last day")
               : SY_OK;
}

static sy_status type_int(struct node *n)
{
    n->ret->kind = SY_TYPE_INT;
    n->ret->scale = (uint32_t)n->e->scale;
    return node_interval(n, n->e->i, n->e->i);
}

static sy_status type_date(struct node *n)
{
    n->ret->kind = SY_TYPE_DATE;
    return node_interval(n, n->e->i, n->e->i);
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

/* --- the table ---------------------------------------------------------------------------------- */

static const struct op OPS[] = {
    {"col", 0, 0, USES_I, type_col},
    {"param", 0, 0, USES_I, type_param},
    {"int", 0, 0, USES_I | USES_K, type_int},
    {"str", 0, 0, USES_S, type_str},
    {"date", 0, 0, USES_I, type_date},
    {"bool", 0, 0, USES_I, type_bool},
    {"null", 0, 0, USES_S | USES_K, type_null},
    {"add", 2, 2, 0, plan_type_add_sub},
    {"sub", 2, 2, 0, plan_type_add_sub},
    {"mul", 2, 2, 0, plan_type_mul},
    {"neg", 1, 1, 0, plan_type_neg},
    {"abs", 1, 1, 0, plan_type_abs},
    {"least", 2, SY_PLAN_EXPRS_MAX, 0, plan_type_least_greatest},
    {"greatest", 2, SY_PLAN_EXPRS_MAX, 0, plan_type_least_greatest},
    {"div", 2, 2, USES_K, plan_type_div},
    {"mod", 2, 2, 0, plan_type_mod},
    {"rescale", 1, 1, USES_I, plan_type_rescale},
    {"eq", 2, 2, 0, plan_type_compare},
    {"ne", 2, 2, 0, plan_type_compare},
    {"lt", 2, 2, 0, plan_type_compare},
    {"le", 2, 2, 0, plan_type_compare},
    {"gt", 2, 2, 0, plan_type_compare},
    {"ge", 2, 2, 0, plan_type_compare},
    {"and", 2, SY_PLAN_EXPRS_MAX, 0, plan_type_logic},
    {"or", 2, SY_PLAN_EXPRS_MAX, 0, plan_type_logic},
    {"not", 1, 1, 0, plan_type_logic},
    {"is_null", 1, 1, 0, plan_type_is_null},
    {"in", 2, SY_PLAN_EXPRS_MAX, 0, plan_type_in},
    {"case", 3, SY_PLAN_EXPRS_MAX, 0, plan_type_case},
    {"coalesce", 2, SY_PLAN_EXPRS_MAX, 0, plan_type_coalesce},
    {"year", 1, 1, 0, plan_type_date_part},
    {"quarter", 1, 1, 0, plan_type_date_part},
    {"month", 1, 1, 0, plan_type_date_part},
    {"day", 1, 1, 0, plan_type_date_part},
    {"isodow", 1, 1, 0, plan_type_date_part},
    {"trunc", 1, 1, USES_S, plan_type_trunc},
    {"months", 2, 2, 0, plan_type_months},
    {"years", 2, 2, 0, plan_type_months},
    {"add_months", 2, 2, 0, plan_type_add_months},
    {"pstart", 0, 0, USES_I, plan_type_period},
    {"pend", 0, 0, USES_I, plan_type_period},
    {"like", 1, 1, USES_S, plan_type_like},
    {"prefix", 1, 1, USES_I, plan_type_prefix},
    {"bool_int", 1, 1, 0, plan_type_bool_int},
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
        n->ret->grade = sy_max_u64(n->ret->grade, node_arg(n, j)->grade);
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
