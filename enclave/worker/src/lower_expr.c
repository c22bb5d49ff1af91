/*
 * Expressions: syntax tree -> flat typed list. Equal expressions are appended once, so that equality of
 * two expressions (a selected column and a group key) is equality of positions. Every append is typed;
 * what does not type is refused at its place in the text.
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

sy_status lower_parameter(struct builder *b, const json_t *node, size_t *ret)
{
    struct sy_view name = ast_view(json_object_get(node, "identifier"));
    const struct sy_model_def *m = &b->job->model;
    for (*ret = 0; *ret < m->n_params; (*ret)++) {
        if (view_ieq(m->params[*ret].name, name)) {
            b->param_used[*ret] = true;
            return SY_OK;
        }
    }
    return lower_refuse_named(b, REFUSE_PARAM_UNKNOWN, ast_pos(b, node), name, NULL);
}

static sy_status on_parameter(struct ctx *c, const json_t *node, size_t *ret)
{
    size_t i;
    SY_TRY(lower_parameter(c->b, node, &i));
    struct sy_plan_expr e = {.op = sy_view_str("param"), .i = (int64_t)i};
    return expr_add(c, &e, ast_pos(c->b, node), ret);
}

/* --- dispatch ------------------------------------------------------------------------------------- */

/* A subquery or window function: a column by now, where it may stand. */
static sy_status on_lifted(struct ctx *c, const json_t *node, enum lower_refusal why, size_t *ret)
{
    for (const struct lifted *l = c->lifted; l != NULL; l = l->next) {
        if (l->node == node) {
            return expr_finish(c, l, ast_pos(c->b, node), ret);
        }
    }
    return lower_refuse(c->b, why, ast_pos(c->b, node));
}

static sy_status on_subquery(struct ctx *c, const json_t *node, size_t *ret)
{
    return on_lifted(c, node, REFUSE_SUBQUERY_PLACE, ret);
}

static sy_status on_window(struct ctx *c, const json_t *node, size_t *ret)
{
    return on_lifted(c, node, REFUSE_WINDOW, ret);
}

static sy_status dispatch(struct ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *class;
        sy_status (*lower)(struct ctx *, const json_t *, size_t *);
    } classes[] = {{"COLUMN_REF", on_column},      {"CONSTANT", lower_constant},
                   {"PARAMETER", on_parameter},    {"FUNCTION", lower_function},
                   {"COMPARISON", lower_operator}, {"CONJUNCTION", lower_operator},
                   {"OPERATOR", lower_operator},   {"CASE", lower_operator},
                   {"BETWEEN", lower_operator},    {"CAST", lower_cast},
                   {"SUBQUERY", on_subquery},      {"WINDOW", on_window}};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (ast_is(node, "class", classes[i].class)) {
            return classes[i].lower(c, node, ret);
        }
    }
    return lower_refuse(c->b, REFUSE_NODE, c->b->pos);
}

/* A name that is no column may be a selected item's. Inside the item its own aliases do not count. */
static sy_status lower_alias(struct ctx *c, const json_t *node, size_t *ret, bool *ret_found)
{
    const json_t *parts = json_object_get(node, "column_names");
    const json_t *aliases = c->aliases;
    bool column = false;
    size_t ord = 0;
    if (!ast_is(node, "class", "COLUMN_REF") || json_array_size(parts) != 1) {
        return SY_OK;
    }
    SY_TRY(lower_column(lower_rows_ctx(c), node, &ord, &column));
    const json_t *item = ast_aliased(aliases, ast_view(json_array_get(parts, 0)));
    if (column || item == NULL) {
        return SY_OK;
    }
    *ret_found = true;
    c->aliases = NULL;
    SY_TRY(lower_expr(c, item, ret));
    c->aliases = aliases;
    return SY_OK;
}

static sy_status lower_known(struct ctx *c, const json_t *node, size_t *ret)
{
    bool found = false;
    if (c->aliases != NULL) {
        SY_TRY(lower_alias(c, node, ret, &found));
    }
    if (found) {
        return SY_OK;
    }
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
