/*
 * Operators: comparison, logic, choice. A comparison with NULL is NULL, and three-valued logic goes on
 * from there as in SQL.
 */
#include "lower_dialect.h"
#include "lower_internal.h"

static sy_status compare(struct ctx *c, const char *op, size_t a, size_t b, uint64_t pos,
                         size_t *ret)
{
    SY_TRY(expr_unify(c, &a, &b, pos));
    size_t args[2] = {a, b};
    return expr_op(c, op, args, 2, pos, ret);
}

/* Equal, or both NULL: never NULL itself. */
static sy_status not_distinct(struct ctx *c, size_t a, size_t b, uint64_t pos, size_t *ret)
{
    size_t eq;
    size_t null[2];
    size_t yes;
    SY_TRY(compare(c, "eq", a, b, pos, &eq));
    SY_TRY(expr_op(c, "is_null", &a, 1, pos, &null[0]));
    SY_TRY(expr_op(c, "is_null", &b, 1, pos, &null[1]));
    SY_TRY(expr_op(c, "and", null, 2, pos, &yes));
    size_t either[2] = {eq, yes};
    SY_TRY(expr_op(c, "or", either, 2, pos, &eq));
    struct sy_plan_expr no = {.op = sy_view_str("bool")};
    SY_TRY(expr_add(c, &no, pos, &either[1]));
    either[0] = eq;
    return expr_op(c, "coalesce", either, 2, pos, ret);
}

static sy_status on_not_distinct(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    size_t a;
    size_t b;
    uint64_t pos = ast_pos(c->b, node);
    (void)op;
    SY_TRY(lower_expr(c, json_object_get(node, "left"), &a));
    SY_TRY(lower_expr(c, json_object_get(node, "right"), &b));
    return not_distinct(c, a, b, pos, ret);
}

static sy_status on_distinct(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    SY_TRY(on_not_distinct(c, node, op, ret));
    return expr_op(c, "not", ret, 1, ast_pos(c->b, node), ret);
}

static sy_status on_comparison(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    size_t a;
    size_t b;
    uint64_t pos = ast_pos(c->b, node);
    SY_TRY(lower_expr(c, json_object_get(node, "left"), &a));
    SY_TRY(lower_expr(c, json_object_get(node, "right"), &b));
    return compare(c, op, a, b, pos, ret);
}

static sy_status on_between(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    uint64_t pos = ast_pos(c->b, node);
    size_t x;
    size_t bound;
    size_t both[2];
    SY_TRY(lower_expr(c, json_object_get(node, "input"), &x));
    SY_TRY(lower_expr(c, json_object_get(node, "lower"), &bound));
    SY_TRY(compare(c, "ge", x, bound, pos, &both[0]));
    SY_TRY(lower_expr(c, json_object_get(node, "upper"), &bound));
    SY_TRY(compare(c, "le", x, bound, pos, &both[1]));
    return expr_op(c, op, both, 2, pos, ret);
}

sy_status lower_condition(struct ctx *c, const json_t *node, size_t *ret)
{
    SY_TRY(lower_expr(c, node, ret));
    if (c->list->t[*ret].kind == SY_TYPE_BOOL) {
        return SY_OK;
    }
    if (sy_view_is(c->list->e[*ret].op, "null")) {
        struct sy_type flag = {.kind = SY_TYPE_BOOL};
        return expr_null_like(c, &flag, c->b->pos, ret);
    }
    return lower_refuse(c->b, REFUSE_CONDITION, ast_pos(c->b, node));
}

/* Positions of a node's children; at least one. */
static sy_status lower_children(struct ctx *c, const json_t *node, bool conditions, size_t **ret,
                                size_t *ret_n)
{
    const json_t *children = json_object_get(node, "children");
    size_t n = json_array_size(children);
    size_t *args = sy_arena_alloc(c->b->arena, n + 1, sizeof *args);
    if (args == NULL) {
        return lower_no_memory(c->b);
    }
    if (n == 0) {
        return lower_refuse(c->b, REFUSE_NODE, ast_pos(c->b, node));
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *child = json_array_get(children, i);
        SY_TRY(conditions ? lower_condition(c, child, &args[i]) : lower_expr(c, child, &args[i]));
    }
    *ret = args;
    *ret_n = n;
    return SY_OK;
}

static sy_status on_logic(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    uint64_t pos = ast_pos(c->b, node);
    size_t *args;
    size_t n;
    SY_TRY(lower_children(c, node, true, &args, &n));
    return expr_op(c, op, args, n, pos, ret);
}

static bool is_literal(const struct ctx *c, size_t i)
{
    static const char *const ops[] = {"int", "str", "date", "bool", "param"};
    for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
        if (sy_view_is(c->list->e[i].op, ops[k])) {
            return true;
        }
    }
    return false;
}

static sy_status on_in(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    uint64_t pos = ast_pos(c->b, node);
    size_t *args;
    size_t n;
    SY_TRY(lower_children(c, node, false, &args, &n));
    for (size_t i = 1; i < n; i++) {
        if (!is_literal(c, args[i])) {
            return lower_refuse_named(c->b, REFUSE_LITERAL, pos, sy_view_str("IN"),
                                      "IN takes a list of literals and parameters");
        }
    }
    SY_TRY(expr_unify_all(c, args, n, pos));
    return expr_op(c, n == 2 ? "eq" : op, args, n, pos, ret);
}

static sy_status on_not_in(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    (void)op;
    SY_TRY(on_in(c, node, "in", ret));
    return expr_op(c, "not", ret, 1, ast_pos(c->b, node), ret);
}

static sy_status on_is_null(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    size_t *args;
    size_t n;
    uint64_t pos = ast_pos(c->b, node);
    SY_TRY(lower_children(c, node, false, &args, &n));
    return expr_op(c, op, args, n, pos, ret);
}

static sy_status on_is_not_null(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    (void)op;
    SY_TRY(on_is_null(c, node, "is_null", ret));
    return expr_op(c, "not", ret, 1, ast_pos(c->b, node), ret);
}

static sy_status on_coalesce(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    uint64_t pos = ast_pos(c->b, node);
    size_t *args;
    size_t n;
    SY_TRY(lower_children(c, node, false, &args, &n));
    SY_TRY(expr_unify_all(c, args, n, pos));
    *ret = args[0];
    return n == 1 ? SY_OK : expr_op(c, op, args, n, pos, ret);
}

/* Bring the values of a CASE (1, 3, ..., last) to one kind. */
static sy_status unify_values(struct ctx *c, size_t *args, size_t n, uint64_t pos)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 3; i < n; i += 2) {
            SY_TRY(expr_unify(c, &args[1], &args[i], pos));
        }
        SY_TRY(expr_unify(c, &args[1], &args[n - 1], pos));
    }
    return SY_OK;
}

static sy_status on_case(struct ctx *c, const json_t *node, const char *op, size_t *ret)
{
    const json_t *checks = json_object_get(node, "case_checks");
    uint64_t pos = ast_pos(c->b, node);
    size_t n = 2 * json_array_size(checks) + 1;
    size_t *args = sy_arena_alloc(c->b->arena, n, sizeof *args);
    if (args == NULL) {
        return lower_no_memory(c->b);
    }
    for (size_t i = 0; 2 * i + 1 < n; i++) {
        const json_t *check = json_array_get(checks, i);
        SY_TRY(lower_condition(c, json_object_get(check, "when_expr"), &args[2 * i]));
        SY_TRY(lower_expr(c, json_object_get(check, "then_expr"), &args[2 * i + 1]));
    }
    SY_TRY(lower_expr(c, json_object_get(node, "else_expr"), &args[n - 1]));
    if (n < 3) {
        return lower_refuse(c->b, REFUSE_NODE, pos);
    }
    SY_TRY(unify_values(c, args, n, pos));
    return expr_op(c, op, args, n, pos, ret);
}

/* --- the table ------------------------------------------------------------------------------------ */

#define PAIR    "T, T -> condition; T: int, date, bool, label, unit; text with a literal"
#define ORDERED "int, int; date, date; labels of an ascending set -> condition"
#define NULLS   "NULL on either side: NULL"

/* type NULL: whatever the class says. */
static const struct {
    const char *class, *type;
    sy_status (*lower)(struct ctx *, const json_t *, const char *, size_t *);
    const char *name, *op, *types, *errors;
} OPERATORS[] = {
    {"COMPARISON", "COMPARE_EQUAL", on_comparison, "=", "eq", PAIR, NULLS},
    {"COMPARISON", "COMPARE_NOTEQUAL", on_comparison, "<>", "ne", PAIR ", but units", NULLS},
    {"COMPARISON", "COMPARE_LESSTHAN", on_comparison, "<", "lt", ORDERED, NULLS},
    {"COMPARISON", "COMPARE_LESSTHANOREQUALTO", on_comparison, "<=", "le", ORDERED, NULLS},
    {"COMPARISON", "COMPARE_GREATERTHAN", on_comparison, ">", "gt", ORDERED, NULLS},
    {"COMPARISON", "COMPARE_GREATERTHANOREQUALTO", on_comparison, ">=", "ge", ORDERED, NULLS},
    {"COMPARISON", "COMPARE_NOT_DISTINCT_FROM", on_not_distinct, "IS NOT DISTINCT FROM", "eq", PAIR,
     "never NULL: NULL equals NULL"},
    {"COMPARISON", "COMPARE_DISTINCT_FROM", on_distinct, "IS DISTINCT FROM", "eq", PAIR,
     "never NULL: NULL equals NULL"},
    {"BETWEEN", NULL, on_between, "BETWEEN", "and", ORDERED, NULLS},
    {"CONJUNCTION", "CONJUNCTION_AND", on_logic, "AND", "and", "condition... -> condition",
     "NULL unless one is false"},
    {"CONJUNCTION", "CONJUNCTION_OR", on_logic, "OR", "or", "condition... -> condition",
     "NULL unless one is true"},
    {"OPERATOR", "OPERATOR_NOT", on_logic, "NOT", "not", "condition -> condition", "NULL: NULL"},
    {"OPERATOR", "OPERATOR_IS_NULL", on_is_null, "IS NULL", "is_null", "any -> condition",
     "never NULL"},
    {"OPERATOR", "OPERATOR_IS_NOT_NULL", on_is_not_null, "IS NOT NULL", "is_null",
     "any -> condition", "never NULL"},
    {"OPERATOR", "COMPARE_IN", on_in, "IN", "in", "T, literals and parameters -> condition",
     "NULL: NULL; a literal outside a declared set is never equal"},
    {"OPERATOR", "COMPARE_NOT_IN", on_not_in, "NOT IN", "in",
     "T, literals and parameters -> condition", "NULL: NULL"},
    {"OPERATOR", "OPERATOR_COALESCE", on_coalesce, "coalesce", "coalesce",
     "T... -> T; ifnull is the same; T: int, date, bool, label", "all NULL: NULL"},
    {"CASE", NULL, on_case, "CASE", "case", "condition, T, ..., T -> T; T: int, date, bool, label",
     "a NULL condition does not hold; no ELSE: NULL"},
};
enum { N_OPERATORS = sizeof OPERATORS / sizeof OPERATORS[0] };

sy_status lower_operator(struct ctx *c, const json_t *node, size_t *ret)
{
    for (size_t i = 0; i < N_OPERATORS; i++) {
        if (ast_is(node, "class", OPERATORS[i].class) &&
            (OPERATORS[i].type == NULL || ast_is(node, "type", OPERATORS[i].type))) {
            return OPERATORS[i].lower(c, node, OPERATORS[i].op, ret);
        }
    }
    return lower_refuse_named(c->b, REFUSE_NODE, ast_pos(c->b, node),
                              sy_view_str(ast_str(node, "type")), NULL);
}

bool lower_operator_row(size_t i, struct dialect_row *ret)
{
    if (i < N_OPERATORS) {
        *ret = (struct dialect_row){OPERATORS[i].name, OPERATORS[i].op, OPERATORS[i].types,
                                    OPERATORS[i].errors};
    }
    return i < N_OPERATORS;
}
