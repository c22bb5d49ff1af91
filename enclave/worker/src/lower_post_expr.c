/*
 * Expressions of the post stage: real numbers, labels and conditions. A node that is a column already
 * (an aggregate, a group key, a window function) is looked up; everything else is arithmetic.
 */
#include "lower_post.h"

/* --- appending ------------------------------------------------------------------------------------ */

static bool expr_eq(const struct sy_plan_expr *a, const struct sy_plan_expr *b)
{
    return a->i == b->i && a->scale == b->scale && a->n_args == b->n_args &&
           sy_view_eq(a->op, b->op) && sy_view_eq(a->s, b->s) &&
           (a->n_args == 0 || memcmp(a->args, b->args, a->n_args * sizeof *a->args) == 0);
}

static sy_status list_room(struct post_ctx *c)
{
    struct post_list *l = c->list;
    struct builder *b = c->p->b;
    size_t caps[3] = {l->cap, l->cap, l->cap};
    l->e = lower_grow(b, l->e, l->n, &caps[0], sizeof *l->e);
    l->t = lower_grow(b, l->t, l->n, &caps[1], sizeof *l->t);
    l->h = lower_grow(b, l->h, l->n, &caps[2], sizeof *l->h);
    if (l->e == NULL || l->t == NULL || l->h == NULL) {
        return lower_no_memory(b);
    }
    l->cap = caps[0];
    return l->n < SY_PLAN_EXPRS_MAX ? SY_OK : lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
}

static uint8_t more_digits(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* Digits of an operator that shows exactly what its arguments from `first` on, every `step`, show. */
static uint8_t widest(const struct post_list *l, const struct sy_plan_expr *e, size_t first,
                      size_t step)
{
    uint8_t digits = 0;
    for (size_t i = first; i < e->n_args; i += step) {
        digits = more_digits(digits, l->h[e->args[i]].digits);
    }
    return digits;
}

static uint8_t digits_of(const struct post_list *l, const struct sy_plan_expr *e)
{
    static const char *const keep[] = {"add", "sub", "neg", "abs", "least", "greatest", "coalesce"};
    for (size_t i = 0; i < sizeof keep / sizeof keep[0]; i++) {
        if (sy_view_is(e->op, keep[i])) {
            return widest(l, e, 0, 1);
        }
    }
    if (sy_view_is(e->op, "case")) {
        return more_digits(widest(l, e, 1, 2), l->h[e->args[e->n_args - 1]].digits);
    }
    if (sy_view_is(e->op, "mul")) {
        unsigned sum = l->h[e->args[0]].digits + l->h[e->args[1]].digits;
        return sum <= SY_PLAN_SCALE_MAX ? (uint8_t)sum : POST_DIGITS_UNKNOWN;
    }
    if (sy_view_is(e->op, "int")) {
        return (uint8_t)e->scale;
    }
    if (sy_view_is(e->op, "round")) {
        return e->i > 0 ? (uint8_t)e->i : 0;
    }
    return sy_view_is(e->op, "null") ? 0 : POST_DIGITS_UNKNOWN;
}

static struct post_hint hint_of(const struct post_ctx *c, const struct sy_plan_expr *e)
{
    if (sy_view_is(e->op, "col")) {
        return c->hints[e->i];
    }
    if (sy_view_is(e->op, "param")) {
        const struct sy_plan_param *p = &c->p->typer.params[e->i];
        bool number = sy_view_is(p->kind, "int");
        return (struct post_hint){number ? (uint8_t)p->scale : 0, false};
    }
    return (struct post_hint){digits_of(c->list, e), false};
}

sy_status post_add(struct post_ctx *c, const struct sy_plan_expr *e, uint64_t pos, size_t *ret)
{
    struct builder *b = c->p->b;
    for (size_t i = 0; i < c->list->n; i++) {
        if (expr_eq(&c->list->e[i], e)) {
            *ret = i;
            return SY_OK;
        }
    }
    SY_TRY(list_room(c));
    struct post_list *l = c->list;
    l->e[l->n] = *e;
    struct sy_error err = {0};
    sy_status st = sy_post_expr(&c->p->typer, c->cols, c->n_cols, l->e, l->n, l->t, &err);
    if (st.code == SY_E_PLAN) {
        return lower_refuse_named(b, REFUSE_POST_TYPE, pos, (struct sy_view){0}, err.reason);
    }
    SY_TRY(st);
    l->h[l->n] = hint_of(c, e);
    *ret = l->n++;
    return SY_OK;
}

sy_status post_op(struct post_ctx *c, const char *op, const size_t *args, size_t n, uint64_t pos,
                  size_t *ret)
{
    uint64_t *copy = sy_arena_alloc(c->p->b->arena, n + 1, sizeof *copy);
    if (copy == NULL) {
        return lower_no_memory(c->p->b);
    }
    for (size_t i = 0; i < n; i++) {
        copy[i] = args[i];
    }
    struct sy_plan_expr e = {.op = sy_view_str(op), .args = n == 0 ? NULL : copy, .n_args = n};
    return post_add(c, &e, pos, ret);
}

sy_status post_col(struct post_ctx *c, size_t ord, uint64_t pos, size_t *ret)
{
    struct sy_plan_expr e = {.op = sy_view_str("col"), .i = (int64_t)ord};
    return post_add(c, &e, pos, ret);
}

/* --- fitting -------------------------------------------------------------------------------------- */

static sy_status fit(struct post_ctx *c, size_t *i, size_t to, uint64_t pos)
{
    static const char *const names[] = {
        [SY_POST_NUMBER] = "int", [SY_POST_LABEL] = "str", [SY_POST_BOOL] = "bool"};
    struct sy_plan_expr e = c->list->e[*i];
    enum sy_post_kind kind = c->list->t[to].kind;
    if (sy_view_is(e.op, "null") && c->list->t[*i].kind != kind) {
        struct sy_plan_expr null = {.op = e.op, .s = sy_view_str(names[kind])};
        return post_add(c, &null, pos, i);
    }
    if (sy_view_is(e.op, "bool") && c->list->h[to].flag) {
        struct sy_plan_expr label = {.op = sy_view_str("str"),
                                     .s = sy_view_str(e.i != 0 ? "true" : "false")};
        return post_add(c, &label, pos, i);
    }
    return SY_OK;
}

sy_status post_unify(struct post_ctx *c, size_t *args, size_t n, uint64_t pos)
{
    size_t like = 0;
    for (size_t i = 0; i < n; i++) {
        bool null = sy_view_is(c->list->e[args[like]].op, "null");
        like = null || c->list->h[args[i]].flag ? i : like;
    }
    size_t to = n == 0 ? 0 : args[like];
    for (size_t i = 0; i < n; i++) {
        SY_TRY(fit(c, &args[i], to, pos));
    }
    return SY_OK;
}

/* --- leaves --------------------------------------------------------------------------------------- */

static sy_status on_column(struct post_ctx *c, const json_t *node, size_t *ret)
{
    size_t ord = 0;
    bool found = false;
    uint64_t pos = ast_pos(c->p->b, node);
    SY_TRY(lower_column(&c->names, node, &ord, &found));
    if (!found) {
        return lower_refuse_named(c->p->b, REFUSE_POST_COLUMN, pos, lower_item_name(c->p->b, node),
                                  NULL);
    }
    return post_col(c, ord, pos, ret);
}

static sy_status on_parameter(struct post_ctx *c, const json_t *node, size_t *ret)
{
    struct builder *b = c->p->b;
    struct sy_view name = ast_view(json_object_get(node, "identifier"));
    const struct sy_model_def *m = &b->job->model;
    for (size_t i = 0; i < m->n_params; i++) {
        if (view_ieq(m->params[i].name, name)) {
            b->param_used[i] = true;
            struct sy_plan_expr e = {.op = sy_view_str("param"), .i = (int64_t)i};
            return post_add(c, &e, ast_pos(b, node), ret);
        }
    }
    return lower_refuse_named(b, REFUSE_PARAM_UNKNOWN, ast_pos(b, node), name, NULL);
}

/* --- comparison, logic, choice -------------------------------------------------------------------- */

static sy_status compare(struct post_ctx *c, const char *op, size_t a, size_t b, uint64_t pos,
                         size_t *ret)
{
    size_t args[2] = {a, b};
    SY_TRY(post_unify(c, args, 2, pos));
    return post_op(c, op, args, 2, pos, ret);
}

static sy_status on_comparison(struct post_ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *type, *op;
    } ops[] = {{"COMPARE_EQUAL", "eq"},       {"COMPARE_NOTEQUAL", "ne"},
               {"COMPARE_LESSTHAN", "lt"},    {"COMPARE_LESSTHANOREQUALTO", "le"},
               {"COMPARE_GREATERTHAN", "gt"}, {"COMPARE_GREATERTHANOREQUALTO", "ge"}};
    uint64_t pos = ast_pos(c->p->b, node);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (ast_is(node, "type", ops[i].type)) {
            size_t a;
            size_t b;
            SY_TRY(post_expr(c, json_object_get(node, "left"), &a));
            SY_TRY(post_expr(c, json_object_get(node, "right"), &b));
            return compare(c, ops[i].op, a, b, pos, ret);
        }
    }
    return lower_refuse(c->p->b, REFUSE_IS_DISTINCT, pos);
}

static sy_status on_between(struct post_ctx *c, const json_t *node, size_t *ret)
{
    uint64_t pos = ast_pos(c->p->b, node);
    size_t x;
    size_t bound;
    size_t both[2];
    SY_TRY(post_expr(c, json_object_get(node, "input"), &x));
    SY_TRY(post_expr(c, json_object_get(node, "lower"), &bound));
    SY_TRY(compare(c, "ge", x, bound, pos, &both[0]));
    SY_TRY(post_expr(c, json_object_get(node, "upper"), &bound));
    SY_TRY(compare(c, "le", x, bound, pos, &both[1]));
    return post_op(c, "and", both, 2, pos, ret);
}

/* A copied flag is a label, "true" or "false". */
sy_status post_condition(struct post_ctx *c, const json_t *node, size_t *ret)
{
    SY_TRY(post_expr(c, node, ret));
    uint64_t pos = ast_pos(c->p->b, node);
    if (c->list->t[*ret].kind == SY_POST_BOOL) {
        return SY_OK;
    }
    if (c->list->h[*ret].flag) {
        struct sy_plan_expr yes = {.op = sy_view_str("str"), .s = sy_view_str("true")};
        size_t args[2] = {*ret, 0};
        SY_TRY(post_add(c, &yes, pos, &args[1]));
        return post_op(c, "eq", args, 2, pos, ret);
    }
    if (sy_view_is(c->list->e[*ret].op, "null")) {
        struct sy_plan_expr null = {.op = sy_view_str("null"), .s = sy_view_str("bool")};
        return post_add(c, &null, pos, ret);
    }
    return lower_refuse(c->p->b, REFUSE_CONDITION, pos);
}

static sy_status lower_children(struct post_ctx *c, const json_t *node, bool conditions,
                                size_t **ret, size_t *ret_n)
{
    const json_t *children = json_object_get(node, "children");
    size_t n = json_array_size(children);
    size_t *args = sy_arena_alloc(c->p->b->arena, n + 1, sizeof *args);
    if (args == NULL) {
        return lower_no_memory(c->p->b);
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *child = json_array_get(children, i);
        SY_TRY(conditions ? post_condition(c, child, &args[i]) : post_expr(c, child, &args[i]));
    }
    *ret = args;
    *ret_n = n;
    return SY_OK;
}

static sy_status on_conjunction(struct post_ctx *c, const json_t *node, size_t *ret)
{
    size_t *args;
    size_t n;
    const char *op = ast_is(node, "type", "CONJUNCTION_AND") ? "and" : "or";
    SY_TRY(lower_children(c, node, true, &args, &n));
    return post_op(c, op, args, n, ast_pos(c->p->b, node), ret);
}

static sy_status negate(struct post_ctx *c, size_t i, uint64_t pos, size_t *ret)
{
    return post_op(c, "not", &i, 1, pos, ret);
}

static sy_status on_not(struct post_ctx *c, const json_t *node, size_t *ret)
{
    size_t *args;
    size_t n;
    SY_TRY(lower_children(c, node, true, &args, &n));
    return n != 1 ? lower_refuse(c->p->b, REFUSE_NODE, c->p->b->pos)
                  : negate(c, args[0], ast_pos(c->p->b, node), ret);
}

static sy_status op_is_null(struct post_ctx *c, size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    return post_op(c, "is_null", args, n, pos, ret);
}

static sy_status op_is_not_null(struct post_ctx *c, size_t *args, size_t n, uint64_t pos,
                                size_t *ret)
{
    SY_TRY(op_is_null(c, args, n, pos, ret));
    return negate(c, *ret, pos, ret);
}

static sy_status op_in(struct post_ctx *c, size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    SY_TRY(post_unify(c, args, n, pos));
    return post_op(c, "in", args, n, pos, ret);
}

static sy_status op_not_in(struct post_ctx *c, size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    SY_TRY(op_in(c, args, n, pos, ret));
    return negate(c, *ret, pos, ret);
}

static sy_status op_coalesce(struct post_ctx *c, size_t *args, size_t n, uint64_t pos, size_t *ret)
{
    SY_TRY(post_unify(c, args, n, pos));
    *ret = args[0];
    return n == 1 ? SY_OK : post_op(c, "coalesce", args, n, pos, ret);
}

static sy_status on_operator(struct post_ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *type;
        sy_status (*lower)(struct post_ctx *, size_t *, size_t, uint64_t, size_t *);
    } ops[] = {{"OPERATOR_IS_NULL", op_is_null},
               {"OPERATOR_IS_NOT_NULL", op_is_not_null},
               {"COMPARE_IN", op_in},
               {"COMPARE_NOT_IN", op_not_in},
               {"OPERATOR_COALESCE", op_coalesce}};
    struct builder *b = c->p->b;
    uint64_t pos = ast_pos(b, node);
    if (ast_is(node, "type", "OPERATOR_NOT")) {
        return on_not(c, node, ret);
    }
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (ast_is(node, "type", ops[i].type)) {
            size_t *args;
            size_t n = 0;
            SY_TRY(lower_children(c, node, false, &args, &n));
            return n == 0 ? lower_refuse(b, REFUSE_NODE, pos) : ops[i].lower(c, args, n, pos, ret);
        }
    }
    return lower_refuse_named(b, REFUSE_NODE, pos, sy_view_str(ast_str(node, "type")), NULL);
}

/* Values stand at 1, 3, ... and last. */
static sy_status unify_values(struct post_ctx *c, size_t *args, size_t n, uint64_t pos)
{
    size_t *values = sy_arena_alloc(c->p->b->arena, n, sizeof *values);
    if (values == NULL) {
        return lower_no_memory(c->p->b);
    }
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (i % 2 == 1 || i == n - 1) {
            values[m++] = args[i];
        }
    }
    SY_TRY(post_unify(c, values, m, pos));
    for (size_t i = n; i-- > 0;) {
        args[i] = i % 2 == 1 || i == n - 1 ? values[--m] : args[i];
    }
    return SY_OK;
}

static sy_status on_case(struct post_ctx *c, const json_t *node, size_t *ret)
{
    const json_t *checks = json_object_get(node, "case_checks");
    uint64_t pos = ast_pos(c->p->b, node);
    size_t n = 2 * json_array_size(checks) + 1;
    size_t *args = sy_arena_alloc(c->p->b->arena, n, sizeof *args);
    if (args == NULL) {
        return lower_no_memory(c->p->b);
    }
    for (size_t i = 0; 2 * i + 1 < n; i++) {
        const json_t *check = json_array_get(checks, i);
        SY_TRY(post_condition(c, json_object_get(check, "when_expr"), &args[2 * i]));
        SY_TRY(post_expr(c, json_object_get(check, "then_expr"), &args[2 * i + 1]));
    }
    SY_TRY(post_expr(c, json_object_get(node, "else_expr"), &args[n - 1]));
    if (n < 3) {
        return lower_refuse(c->p->b, REFUSE_NODE, pos);
    }
    SY_TRY(unify_values(c, args, n, pos));
    return post_op(c, "case", args, n, pos, ret);
}

static sy_status on_subquery(struct post_ctx *c, const json_t *node, size_t *ret)
{
    (void)ret;
    return lower_refuse(c->p->b, REFUSE_POST_SUBQUERY, ast_pos(c->p->b, node));
}

static sy_status on_window(struct post_ctx *c, const json_t *node, size_t *ret)
{
    (void)ret; /* those of the select list, QUALIFY and ORDER BY are columns */
    return lower_refuse_named(c->p->b, REFUSE_POST_WINDOW, ast_pos(c->p->b, node),
                              sy_view_str(ast_str(node, "function_name")),
                              "window functions stand in the select list, QUALIFY and ORDER BY");
}

/* --- dispatch ------------------------------------------------------------------------------------- */

static sy_status dispatch(struct post_ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *class;
        sy_status (*lower)(struct post_ctx *, const json_t *, size_t *);
    } classes[] = {{"COLUMN_REF", on_column},     {"CONSTANT", post_constant},
                   {"PARAMETER", on_parameter},   {"FUNCTION", post_function},
                   {"COMPARISON", on_comparison}, {"CONJUNCTION", on_conjunction},
                   {"OPERATOR", on_operator},     {"CASE", on_case},
                   {"BETWEEN", on_between},       {"CAST", post_cast},
                   {"SUBQUERY", on_subquery},     {"WINDOW", on_window}};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (ast_is(node, "class", classes[i].class)) {
            return classes[i].lower(c, node, ret);
        }
    }
    return lower_refuse(c->p->b, REFUSE_NODE, c->p->b->pos);
}

static sy_status lower_known(struct post_ctx *c, const json_t *node, size_t *ret)
{
    const struct known *k = known_find(c->known, node);
    if (k == NULL) {
        return dispatch(c, node, ret);
    }
    if (k->derived != NULL) {
        return k->derived->lower(c, k->derived, ast_pos(c->p->b, node), ret);
    }
    return k->item != NULL ? post_expr(c, k->item, ret)
                           : post_col(c, k->col, ast_pos(c->p->b, node), ret);
}

sy_status post_expr(struct post_ctx *c, const json_t *node, size_t *ret)
{
    struct builder *b = c->p->b;
    SY_TRY(ast_check(b, node));
    if (b->depth >= LOWER_DEPTH_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, b->pos);
    }
    b->depth++;
    sy_status st = lower_known(c, node, ret);
    b->depth--;
    return st;
}
