/*
 * Types of the post stage's expressions: one row per operator in the table at the end. A type is a kind
 * and whether the value depends on a noised figure; every operator is total, so there is nothing to
 * prove about intervals here.
 */
#include "post_internal.h"

enum { USES_I = 1, USES_K = 2, USES_S = 4 }; /* fields of the record beside op and args */

struct node {
    const struct sy_post_typer *t;
    const struct sy_post_col *cols;
    size_t n_cols;
    const struct sy_plan_expr *exprs;
    const struct sy_plan_expr *e;
    const struct sy_post_col *types;
    struct sy_post_col *ret;
    struct sy_error *err;
};

struct op {
    const char *name;
    size_t args_min, args_max;
    unsigned uses;
    enum sy_post_kind takes; /* the kind of all arguments; NONE: checked by `type` */
    enum sy_post_kind gives; /* NONE: set by `type` */
    sy_status (*type)(struct node *);
};

#define NODE_FAIL(n, ...) PLAN_FAIL((n)->err, "", __VA_ARGS__)

static const char *const KINDS[] = {"nothing", "a number", "a label", "a condition"};

static const struct sy_post_col *arg(const struct node *n, size_t j)
{
    return &n->types[n->e->args[j]];
}

/* --- leaves ------------------------------------------------------------------------------------------- */

static sy_status type_col(struct node *n)
{
    if (n->e->i < 0 || (uint64_t)n->e->i >= n->n_cols) {
        return NODE_FAIL(n, "there is no column %lld", (long long)n->e->i);
    }
    *n->ret = n->cols[n->e->i];
    return SY_OK;
}

static sy_status type_param(struct node *n)
{
    if (n->e->i < 0 || (uint64_t)n->e->i >= n->t->n_params) {
        return NODE_FAIL(n, "there is no parameter %lld", (long long)n->e->i);
    }
    struct sy_view kind = n->t->params[n->e->i].kind;
    n->ret->kind = sy_view_is(kind, "int")    ? SY_POST_NUMBER
                   : sy_view_is(kind, "bool") ? SY_POST_BOOL
                                              : SY_POST_LABEL;
    return SY_OK;
}

static sy_status type_int(struct node *n)
{
    int64_t unused;
    return plan_value(n->e->i, &unused) ? SY_OK : NODE_FAIL(n, "the literal leaves +-2^62");
}

static sy_status type_bool(struct node *n)
{
    return n->e->i == 0 || n->e->i == 1 ? SY_OK : NODE_FAIL(n, "a boolean is 0 or 1");
}

static sy_status type_null(struct node *n)
{
    static const struct {
        const char *name;
        enum sy_post_kind kind;
    } kinds[] = {{"int", SY_POST_NUMBER}, {"str", SY_POST_LABEL}, {"bool", SY_POST_BOOL}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (sy_view_is(n->e->s, kinds[i].name)) {
            n->ret->kind = kinds[i].kind;
            return SY_OK;
        }
    }
    return NODE_FAIL(n, "NULL must be of kind int, str or bool");
}

static sy_status type_str(struct node *n)
{
    return sy_view_is_utf8(n->e->s) ? SY_OK : NODE_FAIL(n, "the text is not UTF-8");
}

/* --- operators that take any kind ------------------------------------------------------------------------ */

static sy_status same_kind(struct node *n, size_t a, size_t b)
{
    if (arg(n, a)->kind != arg(n, b)->kind) {
        return NODE_FAIL(n, "%.*s: one argument is %s, another %s", SY_PV(n->e->op),
                         KINDS[arg(n, a)->kind], KINDS[arg(n, b)->kind]);
    }
    return SY_OK;
}

static sy_status type_eq(struct node *n)
{
    return same_kind(n, 0, 1);
}

static sy_status type_round(struct node *n)
{
    return n->e->i >= -SY_PLAN_SCALE_MAX && n->e->i <= SY_PLAN_SCALE_MAX
               ? SY_OK
               : NODE_FAIL(n, "round: -%d to %d decimal digits", SY_PLAN_SCALE_MAX,
                           SY_PLAN_SCALE_MAX);
}

static bool is_literal(struct sy_view op)
{
    static const char *const ops[] = {"int", "str", "bool", "param"};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (sy_view_is(op, ops[i])) {
            return true;
        }
    }
    return false;
}

static sy_status type_in(struct node *n)
{
    for (size_t j = 1; j < n->e->n_args; j++) {
        SY_TRY(same_kind(n, 0, j));
        if (!is_literal(n->exprs[n->e->args[j]].op)) {
            return NODE_FAIL(n, "in: a value of the list is no literal and no parameter");
        }
    }
    return SY_OK;
}

static sy_status type_coalesce(struct node *n)
{
    for (size_t j = 1; j < n->e->n_args; j++) {
        SY_TRY(same_kind(n, 0, j));
    }
    n->ret->kind = arg(n, 0)->kind;
    return SY_OK;
}

static sy_status type_case(struct node *n)
{
    size_t last = n->e->n_args - 1;
    if (last % 2 != 0) {
        return NODE_FAIL(n, "case takes pairs of condition and value, and a last value");
    }
    for (size_t j = 0; j < last; j += 2) {
        if (arg(n, j)->kind != SY_POST_BOOL) {
            return NODE_FAIL(n, "case: argument %zu is %s, not a condition", j,
                             KINDS[arg(n, j)->kind]);
        }
        SY_TRY(same_kind(n, j + 1, last));
    }
    n->ret->kind = arg(n, last)->kind;
    return SY_OK;
}

/* --- the table ---------------------------------------------------------------------------------------------- */

#define ANY  SY_POST_NONE
#define NUM  SY_POST_NUMBER
#define TEXT SY_POST_LABEL
#define COND SY_POST_BOOL
#define MANY SY_PLAN_EXPRS_MAX

static const struct op OPS[] = {
    {"col", 0, 0, USES_I, ANY, ANY, type_col},
    {"param", 0, 0, USES_I, ANY, ANY, type_param},
    {"int", 0, 0, USES_I | USES_K, ANY, NUM, type_int},
    {"str", 0, 0, USES_S, ANY, TEXT, type_str},
    {"bool", 0, 0, USES_I, ANY, COND, type_bool},
    {"null", 0, 0, USES_S, ANY, ANY, type_null},
    {"add", 2, 2, 0, NUM, NUM, NULL},
    {"sub", 2, 2, 0, NUM, NUM, NULL},
    {"mul", 2, 2, 0, NUM, NUM, NULL},
    {"div", 2, 2, 0, NUM, NUM, NULL},
    {"mod", 2, 2, 0, NUM, NUM, NULL},
    {"neg", 1, 1, 0, NUM, NUM, NULL},
    {"abs", 1, 1, 0, NUM, NUM, NULL},
    {"least", 2, MANY, 0, NUM, NUM, NULL},
    {"greatest", 2, MANY, 0, NUM, NUM, NULL},
    {"round", 1, 1, USES_I, NUM, NUM, type_round},
    {"sqrt", 1, 1, 0, NUM, NUM, NULL},
    {"exp", 1, 1, 0, NUM, NUM, NULL},
    {"ln", 1, 1, 0, NUM, NUM, NULL},
    {"eq", 2, 2, 0, ANY, COND, type_eq},
    {"ne", 2, 2, 0, ANY, COND, type_eq},
    {"lt", 2, 2, 0, NUM, COND, NULL},
    {"le", 2, 2, 0, NUM, COND, NULL},
    {"gt", 2, 2, 0, NUM, COND, NULL},
    {"ge", 2, 2, 0, NUM, COND, NULL},
    {"and", 2, MANY, 0, COND, COND, NULL},
    {"or", 2, MANY, 0, COND, COND, NULL},
    {"not", 1, 1, 0, COND, COND, NULL},
    {"is_null", 1, 1, 0, ANY, COND, NULL},
    {"in", 2, MANY, 0, ANY, COND, type_in},
    {"case", 3, MANY, 0, ANY, ANY, type_case},
    {"coalesce", 2, MANY, 0, ANY, ANY, type_coalesce},
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

static sy_status check_fields(struct node *n, const struct op *op)
{
    const struct sy_plan_expr *e = n->e;
    if (e->n_args < op->args_min || e->n_args > op->args_max) {
        return NODE_FAIL(n, "%s: wrong number of arguments", op->name);
    }
    if (((op->uses & USES_I) == 0 && e->i != 0) || ((op->uses & USES_K) == 0 && e->scale != 0) ||
        ((op->uses & USES_S) == 0 && e->s.n != 0)) {
        return NODE_FAIL(n, "%s: a field is set that it does not use", op->name);
    }
    return e->scale <= SY_PLAN_SCALE_MAX
               ? SY_OK
               : NODE_FAIL(n, "%s: at most %d decimal digits", op->name, SY_PLAN_SCALE_MAX);
}

static sy_status check_args(struct node *n, const struct op *op, size_t i)
{
    for (size_t j = 0; j < n->e->n_args; j++) {
        if (n->e->args[j] >= i) {
            return NODE_FAIL(n, "%s: argument %zu is not an earlier position", op->name, j);
        }
        if (op->takes != ANY && arg(n, j)->kind != op->takes) {
            return NODE_FAIL(n, "%s takes %s; argument %zu is %s", op->name, KINDS[op->takes], j,
                             KINDS[arg(n, j)->kind]);
        }
        n->ret->noisy = n->ret->noisy || arg(n, j)->noisy;
    }
    return SY_OK;
}

static sy_status type_node(struct node *n, size_t i)
{
    const struct op *op = find_op(n->e->op);
    if (op == NULL) {
        return NODE_FAIL(n, "the post stage has no such operator");
    }
    SY_TRY(check_fields(n, op));
    SY_TRY(check_args(n, op, i));
    n->ret->kind = op->gives;
    if (op->type != NULL) {
        SY_TRY(op->type(n));
    }
    n->ret->noisy = n->ret->noisy && n->ret->kind != SY_POST_LABEL;
    return SY_OK;
}

sy_status sy_post_expr(const struct sy_post_typer *t, const struct sy_post_col *cols, size_t n_cols,
                       const struct sy_plan_expr *exprs, size_t i, struct sy_post_col *types,
                       struct sy_error *reterr)
{
    types[i] = (struct sy_post_col){0};
    struct node n = {t, cols, n_cols, exprs, &exprs[i], types, &types[i], reterr};
    return plan_path(type_node(&n, i), reterr, "e", i);
}
