/*
 * Expressions: syntax tree -> flat typed list. Equal expressions are appended once, so that equality of
 * two expressions (a selected column and a group key) is equality of positions. Every append is typed;
 * what does not type is refused at its place in the text. NULL and text literals take the kind of what
 * they meet.
 */
#include <stdio.h>

#include "lower_internal.h"

static bool expr_eq(const struct sy_plan_expr *a, const struct sy_plan_expr *b)
{
    return a->i == b->i && a->scale == b->scale && a->n_args == b->n_args &&
           sy_view_eq(a->op, b->op) && sy_view_eq(a->s, b->s) &&
           (a->n_args == 0 || memcmp(a->args, b->args, a->n_args * sizeof *a->args) == 0);
}

static sy_status list_room(struct ctx *c)
{
    struct exprs *l = c->list;
    size_t cap = l->cap;
    size_t cap_t = l->cap;
    l->e = lower_grow(c->b, l->e, l->n, &cap, sizeof *l->e);
    l->t = lower_grow(c->b, l->t, l->n, &cap_t, sizeof *l->t);
    if (l->e == NULL || l->t == NULL) {
        return lower_no_memory(c->b);
    }
    l->cap = cap;
    return l->n < SY_PLAN_EXPRS_MAX ? SY_OK : lower_refuse(c->b, REFUSE_TOO_LARGE, c->b->pos);
}

sy_status expr_add(struct ctx *c, const struct sy_plan_expr *e, uint64_t pos, size_t *ret)
{
    for (size_t i = 0; i < c->list->n; i++) {
        if (expr_eq(&c->list->e[i], e)) {
            *ret = i;
            return SY_OK;
        }
    }
    SY_TRY(list_room(c));
    struct exprs *l = c->list;
    l->e[l->n] = *e;
    struct sy_expr_scope scope = {c->cols, c->n_cols, l->e, l->t};
    struct sy_error err = {0};
    sy_status st = sy_type_expr(&c->b->typer, &scope, l->n, &err);
    if (st.code == SY_E_PLAN) {
        return lower_refuse_named(c->b, REFUSE_TYPE, pos, (struct sy_view){0}, err.reason);
    }
    SY_TRY(st);
    *ret = l->n++;
    return SY_OK;
}

sy_status expr_op(struct ctx *c, const char *op, const size_t *args, size_t n, uint64_t pos,
                  size_t *ret)
{
    uint64_t *copy = sy_arena_alloc(c->b->arena, n + 1, sizeof *copy);
    if (copy == NULL) {
        return lower_no_memory(c->b);
    }
    for (size_t i = 0; i < n; i++) {
        copy[i] = args[i];
    }
    struct sy_plan_expr e = {.op = sy_view_str(op), .args = n == 0 ? NULL : copy, .n_args = n};
    return expr_add(c, &e, pos, ret);
}

sy_status expr_col(struct ctx *c, size_t ord, uint64_t pos, size_t *ret)
{
    struct sy_plan_expr e = {.op = sy_view_str("col"), .i = (int64_t)ord};
    return expr_add(c, &e, pos, ret);
}

sy_status expr_and(struct ctx *c, const size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    if (n == 0) {
        struct sy_plan_expr e = {.op = sy_view_str("bool"), .i = 1};
        return expr_add(c, &e, pos, ret);
    }
    if (n == 1) {
        *ret = args[0];
        return SY_OK;
    }
    return expr_op(c, "and", args, n, pos, ret);
}

/* --- fitting one operand to another --------------------------------------------------------------- */

static sy_status add_null(struct ctx *c, enum sy_type_kind kind, uint32_t scale, uint64_t pos,
                          size_t *ret)
{
    static const char *const names[SY_TYPE_N] = {[SY_TYPE_INT] = "int",
                                                 [SY_TYPE_DATE] = "date",
                                                 [SY_TYPE_BOOL] = "bool",
                                                 [SY_TYPE_STR] = "str"};
    if (names[kind] == NULL) {
        return lower_refuse(c->b, REFUSE_TYPE, pos);
    }
    struct sy_plan_expr e = {.op = sy_view_str("null"),
                             .s = sy_view_str(names[kind]),
                             .scale = kind == SY_TYPE_INT ? scale : 0};
    return expr_add(c, &e, pos, ret);
}

static bool parse_day(struct sy_view text, int64_t *ret)
{
    struct sy_plan_param p = {.kind = sy_view_str("date"), .values = &text, .n_values = 1};
    return sy_plan_param_value(&p, 0, ret);
}

static sy_status rescale(struct ctx *c, size_t i, uint32_t scale, uint64_t pos, size_t *ret)
{
    struct sy_plan_expr e = c->list->e[i];
    uint32_t have = c->list->t[i].scale;
    *ret = i;
    if (have == scale) {
        return SY_OK;
    }
    if (sy_view_is(e.op, "int") && scale > have) { /* a literal takes the digits it needs */
        int64_t v = e.i;
        bool fits = true;
        for (uint32_t k = have; fits && k < scale; k++) {
            fits = !__builtin_mul_overflow(v, 10, &v);
        }
        struct sy_plan_expr lit = {.op = e.op, .i = v, .scale = scale};
        return fits ? expr_add(c, &lit, pos, ret) : lower_refuse(c->b, REFUSE_LITERAL, pos);
    }
    uint64_t *arg = sy_arena_alloc(c->b->arena, 1, sizeof *arg);
    if (arg == NULL) {
        return lower_no_memory(c->b);
    }
    *arg = i;
    struct sy_plan_expr r = {.op = sy_view_str("rescale"), .i = scale, .args = arg, .n_args = 1};
    return expr_add(c, &r, pos, ret);
}

/* Fit expression *i to what it meets: a kind and a number of digits that is not smaller. */
static sy_status fit(struct ctx *c, size_t *i, const struct sy_type *to, uint64_t pos)
{
    struct sy_type t = c->list->t[*i];
    struct sy_plan_expr e = c->list->e[*i];
    int64_t day;
    if (sy_view_is(e.op, "null") && (t.kind != to->kind || t.scale != to->scale)) {
        return add_null(c, to->kind, to->scale, pos, i);
    }
    if (to->kind == SY_TYPE_DATE && sy_view_is(e.op, "str")) {
        if (!parse_day(e.s, &day)) {
            return lower_refuse_named(c->b, REFUSE_LITERAL, pos, e.s, "not a date YYYY-MM-DD");
        }
        struct sy_plan_expr d = {.op = sy_view_str("date"), .i = day};
        return expr_add(c, &d, pos, i);
    }
    if (t.kind == SY_TYPE_INT && to->kind == SY_TYPE_INT && t.scale < to->scale) {
        return rescale(c, *i, to->scale, pos, i);
    }
    return SY_OK;
}

sy_status expr_unify(struct ctx *c, size_t *a, size_t *b, uint64_t pos)
{
    struct sy_type ta = c->list->t[*a];
    struct sy_type tb = c->list->t[*b];
    SY_TRY(fit(c, a, &tb, pos));
    ta = c->list->t[*a];
    return fit(c, b, &ta, pos);
}

/* All of args to one kind and scale. */
static sy_status unify_all(struct ctx *c, size_t *args, size_t n, uint64_t pos)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 1; i < n; i++) {
            SY_TRY(expr_unify(c, &args[0], &args[i], pos));
        }
    }
    return SY_OK;
}

/* --- columns and parameters ----------------------------------------------------------------------- */

static bool names_match(const struct name *n, struct sy_view table, struct sy_view column)
{
    if (table.n == 0) {
        return !n->qualified_only && view_ieq(n->name, column);
    }
    return view_ieq(n->name, column) && view_ieq(n->table, table);
}

/* How many different columns of `names` fit; the last one in *ord. */
static size_t count_hits(const struct name *names, size_t n, struct sy_view table,
                         struct sy_view column, size_t *ord)
{
    size_t hits = 0;
    for (size_t i = 0; i < n; i++) {
        if (names_match(&names[i], table, column) && (hits == 0 || names[i].ord != *ord)) {
            hits++;
            *ord = names[i].ord;
        }
    }
    return hits;
}

sy_status lower_column(struct ctx *c, const json_t *node, size_t *ret_ord, bool *found)
{
    const json_t *parts = json_object_get(node, "column_names");
    size_t n = json_array_size(parts);
    uint64_t pos = ast_pos(c->b, node);
    struct sy_view column = ast_view(json_array_get(parts, n == 0 ? 0 : n - 1));
    struct sy_view table = n == 2 ? ast_view(json_array_get(parts, 0)) : (struct sy_view){0};
    if (n == 0 || n > 2) {
        return lower_refuse(c->b, REFUSE_QUALIFIED, pos);
    }
    size_t hits = count_hits(c->names, c->n_names, table, column, ret_ord);
    if (hits == 0) {
        hits = count_hits(c->outer, c->n_outer, table, column, ret_ord);
    }
    if (found != NULL) {
        *found = hits > 0;
    }
    if (hits > 1) {
        return lower_refuse_named(c->b, REFUSE_AMBIGUOUS, pos, column, NULL);
    }
    if (hits == 0 && found == NULL) {
        return lower_refuse_named(c->b, REFUSE_UNKNOWN_FIELD, pos, column, NULL);
    }
    return SY_OK;
}

static sy_status on_column(struct ctx *c, const json_t *node, size_t *ret)
{
    size_t ord = 0;
    SY_TRY(lower_column(c, node, &ord, NULL));
    return expr_col(c, ord, ast_pos(c->b, node), ret);
}

static sy_status on_parameter(struct ctx *c, const json_t *node, size_t *ret)
{
    struct sy_view name = ast_view(json_object_get(node, "identifier"));
    const struct sy_model_def *m = &c->b->job->model;
    for (size_t i = 0; i < m->n_params; i++) {
        if (view_ieq(m->params[i].name, name)) {
            c->b->param_used[i] = true;
            struct sy_plan_expr e = {.op = sy_view_str("param"), .i = (int64_t)i};
            return expr_add(c, &e, ast_pos(c->b, node), ret);
        }
    }
    return lower_refuse_named(c->b, REFUSE_PARAM_UNKNOWN, ast_pos(c->b, node), name, NULL);
}

/* --- comparison, logic, choice -------------------------------------------------------------------- */

static sy_status compare(struct ctx *c, const char *op, size_t a, size_t b, uint64_t pos,
                         size_t *ret)
{
    SY_TRY(expr_unify(c, &a, &b, pos));
    size_t args[2] = {a, b};
    return expr_op(c, op, args, 2, pos, ret);
}

static sy_status on_comparison(struct ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *type, *op;
    } ops[] = {{"COMPARE_EQUAL", "eq"},       {"COMPARE_NOTEQUAL", "ne"},
               {"COMPARE_LESSTHAN", "lt"},    {"COMPARE_LESSTHANOREQUALTO", "le"},
               {"COMPARE_GREATERTHAN", "gt"}, {"COMPARE_GREATERTHANOREQUALTO", "ge"}};
    uint64_t pos = ast_pos(c->b, node);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (ast_is(node, "type", ops[i].type)) {
            size_t a;
            size_t b;
            SY_TRY(lower_expr(c, json_object_get(node, "left"), &a));
            SY_TRY(lower_expr(c, json_object_get(node, "right"), &b));
            return compare(c, ops[i].op, a, b, pos, ret);
        }
    }
    return lower_refuse(c->b, REFUSE_IS_DISTINCT, pos);
}

static sy_status on_between(struct ctx *c, const json_t *node, size_t *ret)
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
    return expr_op(c, "and", both, 2, pos, ret);
}

sy_status lower_condition(struct ctx *c, const json_t *node, size_t *ret)
{
    SY_TRY(lower_expr(c, node, ret));
    if (c->list->t[*ret].kind == SY_TYPE_BOOL) {
        return SY_OK;
    }
    if (sy_view_is(c->list->e[*ret].op, "null")) {
        return add_null(c, SY_TYPE_BOOL, 0, c->b->pos, ret);
    }
    return lower_refuse(c->b, REFUSE_CONDITION, ast_pos(c->b, node));
}

/* Positions of children [first, n) of a node. */
static sy_status lower_children(struct ctx *c, const json_t *node, bool conditions, size_t **ret,
                                size_t *ret_n)
{
    const json_t *children = json_object_get(node, "children");
    size_t n = json_array_size(children);
    size_t *args = sy_arena_alloc(c->b->arena, n + 1, sizeof *args);
    if (args == NULL) {
        return lower_no_memory(c->b);
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *child = json_array_get(children, i);
        SY_TRY(conditions ? lower_condition(c, child, &args[i]) : lower_expr(c, child, &args[i]));
    }
    *ret = args;
    *ret_n = n;
    return SY_OK;
}

static sy_status on_conjunction(struct ctx *c, const json_t *node, size_t *ret)
{
    uint64_t pos = ast_pos(c->b, node);
    size_t *args;
    size_t n;
    bool and = ast_is(node, "type", "CONJUNCTION_AND");
    if (!and&&!ast_is(node, "type", "CONJUNCTION_OR")) {
        return lower_refuse(c->b, REFUSE_NODE, pos);
    }
    SY_TRY(lower_children(c, node, true, &args, &n));
    return expr_op(c, and? "and" : "or", args, n, pos, ret);
}

static sy_status negate(struct ctx *c, size_t i, uint64_t pos, size_t *ret)
{
    return expr_op(c, "not", &i, 1, pos, ret);
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

static sy_status op_in(struct ctx *c, size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    for (size_t i = 1; i < n; i++) {
        if (!is_literal(c, args[i])) {
            return lower_refuse_named(c->b, REFUSE_LITERAL, pos, sy_view_str("IN"),
                                      "IN takes a list of literals and parameters");
        }
    }
    SY_TRY(unify_all(c, args, n, pos));
    if (n == 2) {
        return expr_op(c, "eq", args, 2, pos, ret);
    }
    return expr_op(c, "in", args, n, pos, ret);
}

static sy_status op_not_in(struct ctx *c, size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    SY_TRY(op_in(c, args, n, pos, ret));
    return negate(c, *ret, pos, ret);
}

static sy_status op_not(struct ctx *c, size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    (void)n;
    return c->list->t[args[0]].kind == SY_TYPE_BOOL ? negate(c, args[0], pos, ret)
                                                    : lower_refuse(c->b, REFUSE_CONDITION, pos);
}

static sy_status op_is_null(struct ctx *c, size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    return expr_op(c, "is_null", args, n, pos, ret);
}

static sy_status op_is_not_null(struct ctx *c, size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    SY_TRY(op_is_null(c, args, n, pos, ret));
    return negate(c, *ret, pos, ret);
}

static sy_status op_coalesce(struct ctx *c, size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    SY_TRY(unify_all(c, args, n, pos));
    if (n == 1) {
        *ret = args[0];
        return SY_OK;
    }
    return expr_op(c, "coalesce", args, n, pos, ret);
}

static sy_status on_operator(struct ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *type;
        sy_status (*lower)(struct ctx *, size_t *, size_t, uint64_t, size_t *);
    } ops[] = {{"OPERATOR_NOT", op_not},
               {"OPERATOR_IS_NULL", op_is_null},
               {"OPERATOR_IS_NOT_NULL", op_is_not_null},
               {"COMPARE_IN", op_in},
               {"COMPARE_NOT_IN", op_not_in},
               {"OPERATOR_COALESCE", op_coalesce}};
    uint64_t pos = ast_pos(c->b, node);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (ast_is(node, "type", ops[i].type)) {
            size_t *args;
            size_t n;
            SY_TRY(lower_children(c, node, false, &args, &n));
            return n == 0 ? lower_refuse(c->b, REFUSE_NODE, pos)
                          : ops[i].lower(c, args, n, pos, ret);
        }
    }
    return lower_refuse_named(c->b, REFUSE_NODE, pos, sy_view_str(ast_str(node, "type")), NULL);
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

static sy_status on_case(struct ctx *c, const json_t *node, size_t *ret)
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
    return expr_op(c, "case", args, n, pos, ret);
}

static sy_status on_subquery(struct ctx *c, const json_t *node, size_t *ret)
{
    (void)ret;
    bool scalar = ast_is(node, "subquery_type", "SCALAR");
    return lower_refuse(c->b, scalar ? REFUSE_SCALAR_SUBQUERY : REFUSE_SUBQUERY_PLACE,
                        ast_pos(c->b, node));
}

/* --- dispatch ------------------------------------------------------------------------------------- */

static sy_status dispatch(struct ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *class;
        sy_status (*lower)(struct ctx *, const json_t *, size_t *);
    } classes[] = {{"COLUMN_REF", on_column},     {"CONSTANT", lower_constant},
                   {"PARAMETER", on_parameter},   {"FUNCTION", lower_function},
                   {"COMPARISON", on_comparison}, {"CONJUNCTION", on_conjunction},
                   {"OPERATOR", on_operator},     {"CASE", on_case},
                   {"BETWEEN", on_between},       {"CAST", lower_cast},
                   {"SUBQUERY", on_subquery}};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (ast_is(node, "class", classes[i].class)) {
            return classes[i].lower(c, node, ret);
        }
    }
    return lower_refuse(c->b, REFUSE_NODE, c->b->pos);
}

static sy_status lower_known(struct ctx *c, const json_t *node, size_t *ret)
{
    bool found = false;
    if (c->reducing != NULL && ast_is_aggregate(node)) {
        return lower_aggregate_column(c, node, ret);
    }
    if (c->reducing != NULL) {
        SY_TRY(lower_key_column(c, node, ret, &found));
    }
    return found ? SY_OK : dispatch(c, node, ret);
}

sy_status lower_expr(struct ctx *c, const json_t *node, size_t *ret)
{
    SY_TRY(ast_check(c->b, node));
    if (c->b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(c->b, REFUSE_TOO_LARGE, c->b->pos);
    }
    c->b->depth++;
    sy_status st = lower_known(c, node, ret);
    c->b->depth--;
    return st;
}
