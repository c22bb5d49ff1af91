/*
 * Calls of aggregates: their argument under FILTER, wherever they stand, and what those inside a query
 * are made of. What SQL computes from two functions (an average) is two columns and a division.
 */
#include <strings.h>

#include "lower_aggregate.h"
#include "lower_dialect.h"

/* --- calls ---------------------------------------------------------------------------------------- */

static const char *call_name(const json_t *call)
{
    const char *name = ast_str(call, "function_name");
    return strcasecmp(name, "count_star") == 0 ? "count" : name;
}

sy_status lower_call_unordered(struct builder *b, const json_t *call)
{
    bool window = ast_is(call, "class", "WINDOW");
    const json_t *orders = window ? json_object_get(call, "arg_orders")
                                  : json_object_get(json_object_get(call, "order_bys"), "orders");
    if (json_array_size(orders) == 0) {
        return SY_OK;
    }
    return lower_refuse(b, REFUSE_AGG_ORDER, lower_find(b->sql, ast_pos(b, call), "ORDER"));
}

static sy_status check_children(struct ctx *c, const json_t *call, size_t n)
{
    const json_t *children = json_object_get(call, "children");
    uint64_t pos = ast_pos(c->b, call);
    if (json_array_size(children) != n) {
        return lower_refuse_named(c->b, REFUSE_AGGREGATE_INNER, pos, sy_view_str(call_name(call)),
                                  "this aggregate takes another number of arguments");
    }
    if (ast_has_aggregate(children)) {
        return lower_refuse_named(c->b, REFUSE_AGGREGATE_NESTED, pos, sy_view_str(call_name(call)),
                                  NULL);
    }
    return SY_OK;
}

static const json_t *call_filter(const json_t *call)
{
    const char *key = ast_is(call, "class", "WINDOW") ? "filter_expr" : "filter";
    const json_t *filter = json_object_get(call, key);
    return json_is_object(filter) ? filter : NULL;
}

/* TRUE where the condition holds, else NULL. */
sy_status lower_true_or_null(struct ctx *c, size_t cond, uint64_t pos, size_t *ret)
{
    size_t yes;
    size_t null;
    struct sy_plan_expr e = {.op = sy_view_str("bool"), .i = 1};
    SY_TRY(expr_add(c, &e, pos, &yes));
    SY_TRY(expr_null_like(c, &c->list->t[yes], pos, &null));
    return expr_choose(c, cond, yes, null, pos, ret);
}

/* Where the FILTER is not true, the row has nothing: the argument is NULL there. Units and undeclared
 * text cannot be chosen from, but counting them only needs to know where they are. */
static sy_status filter_arg(struct ctx *c, const json_t *call, uint64_t pos, size_t *arg)
{
    size_t cond[2];
    size_t null;
    if (call_filter(call) == NULL) {
        return SY_OK;
    }
    SY_TRY(lower_condition(c, call_filter(call), &cond[0]));
    struct sy_type t = c->list->t[*arg];
    bool whole = strcasecmp(call_name(call), "count") == 0 &&
                 !json_is_true(json_object_get(call, "distinct"));
    if (whole && (t.kind == SY_TYPE_UNIT || t.open)) {
        SY_TRY(expr_op(c, "is_null", arg, 1, pos, &cond[1]));
        SY_TRY(expr_op(c, "not", &cond[1], 1, pos, &cond[1]));
        SY_TRY(expr_op(c, "and", cond, 2, pos, &cond[0]));
        return lower_true_or_null(c, cond[0], pos, arg);
    }
    SY_TRY(expr_null_like(c, &t, pos, &null));
    return expr_choose(c, cond[0], *arg, null, pos, arg);
}

sy_status lower_call_arg(struct ctx *c, const json_t *call, size_t *ret)
{
    const char *name = call_name(call);
    uint64_t pos = ast_pos(c->b, call);
    const json_t *child = json_array_get(json_object_get(call, "children"), 0);
    bool count = strcasecmp(name, "count") == 0;
    if (count && child == NULL) {
        struct sy_plan_expr one = {.op = sy_view_str("bool"), .i = 1};
        SY_TRY(expr_add(c, &one, pos, ret));
        return filter_arg(c, call, pos, ret);
    }
    SY_TRY(check_children(c, call, 1));
    if (strcasecmp(name, "count_if") == 0 || strcasecmp(name, "countif") == 0) {
        SY_TRY(lower_condition(c, child, ret));
        SY_TRY(lower_true_or_null(c, *ret, pos, ret));
    } else {
        SY_TRY(lower_expr(c, child, ret));
        if (c->list->t[*ret].kind == SY_TYPE_BOOL && !count) {
            SY_TRY(expr_op(c, "bool_int", ret, 1, pos, ret));
        }
    }
    return filter_arg(c, call, pos, ret);
}

/* --- aggregates per unit -------------------------------------------------------------------------- */

struct fn lower_fn(const char *op, size_t arg)
{
    return (struct fn){.op = sy_view_str(op), .args = {arg, 0}, .n = 1};
}

static sy_status agg_one(struct ctx *in, const json_t *call, const char *op, struct aggregate *ret)
{
    size_t arg;
    SY_TRY(lower_call_unordered(in->b, call));
    if (json_is_true(json_object_get(call, "distinct"))) {
        return lower_refuse(in->b, REFUSE_AGG_OPTION, ast_pos(in->b, call));
    }
    SY_TRY(lower_call_arg(in, call, &arg));
    *ret = (struct aggregate){.parts = {lower_fn(op, arg)}, .n = 1};
    return SY_OK;
}

static sy_status agg_count(struct ctx *in, const json_t *call, const char *op,
                           struct aggregate *ret)
{
    size_t arg;
    bool distinct = json_is_true(json_object_get(call, "distinct"));
    SY_TRY(lower_call_unordered(in->b, call));
    SY_TRY(lower_call_arg(in, call, &arg));
    *ret = (struct aggregate){.parts = {lower_fn(distinct ? "count_distinct" : op, arg)}, .n = 1};
    return SY_OK;
}

/* min, max: of a condition, all and any of it. */
static sy_status agg_extreme(struct ctx *in, const json_t *call, const char *op,
                             struct aggregate *ret)
{
    SY_TRY(agg_one(in, call, op, ret));
    const json_t *child = json_array_get(json_object_get(call, "children"), 0);
    size_t raw;
    SY_TRY(lower_expr(in, child, &raw));
    ret->finish = in->list->t[raw].kind == SY_TYPE_BOOL ? FINISH_FLAG : FINISH_COLUMN;
    return SY_OK;
}

static sy_status agg_flag(struct ctx *in, const json_t *call, const char *op, struct aggregate *ret)
{
    SY_TRY(agg_extreme(in, call, op, ret));
    return ret->finish == FINISH_FLAG ? SY_OK
                                      : lower_refuse(in->b, REFUSE_CONDITION, ast_pos(in->b, call));
}

static sy_status agg_average(struct ctx *in, const json_t *call, const char *op,
                             struct aggregate *ret)
{
    SY_TRY(agg_one(in, call, op, ret));
    ret->parts[1] = lower_fn("count", ret->parts[0].args[0]);
    ret->n = 2;
    ret->finish = FINISH_RATIO;
    return SY_OK;
}

static sy_status agg_by(struct ctx *in, const json_t *call, const char *op, const json_t *value,
                        const json_t *by, struct aggregate *ret)
{
    struct fn f = {.op = sy_view_str(op), .n = 2};
    SY_TRY(lower_expr(in, value, &f.args[0]));
    SY_TRY(lower_expr(in, by, &f.args[1]));
    SY_TRY(filter_arg(in, call, ast_pos(in->b, call), &f.args[0]));
    *ret = (struct aggregate){.parts = {f}, .n = 1};
    return SY_OK;
}

static sy_status agg_two(struct ctx *in, const json_t *call, const char *op, struct aggregate *ret)
{
    const json_t *children = json_object_get(call, "children");
    SY_TRY(lower_call_unordered(in->b, call));
    SY_TRY(check_children(in, call, 2));
    return agg_by(in, call, op, json_array_get(children, 0), json_array_get(children, 1), ret);
}

/* first(x ORDER BY y) and last: of the row with the least or greatest y. */
static sy_status agg_end(struct ctx *in, const json_t *call, const char *op, struct aggregate *ret)
{
    const json_t *orders = json_object_get(json_object_get(call, "order_bys"), "orders");
    const json_t *order = json_array_get(orders, 0);
    SY_TRY(check_children(in, call, 1));
    if (json_array_size(orders) != 1 || ast_has_aggregate(order)) {
        return lower_refuse_named(in->b, REFUSE_AGG_ORDER, ast_pos(in->b, call),
                                  sy_view_str(call_name(call)),
                                  "which row comes first must be said by one ORDER BY key");
    }
    bool most = (strcmp(op, "arg_max") == 0) != ast_is(order, "type", "DESCENDING");
    const json_t *value = json_array_get(json_object_get(call, "children"), 0);
    return agg_by(in, call, most ? "arg_max" : "arg_min", value,
                  json_object_get(order, "expression"), ret);
}

#define SKIPS "NULLs are skipped; none left: NULL"

#define ARGS "value int, date, bool or label; by int or date -> value"
#define ENDS "value int, date, bool or label, ORDER BY int or date -> value"
#define BY                                                                                         \
    "rows where either is NULL are skipped; ties: arg_max takes the greatest value, arg_min the "  \
    "least; none left: NULL"

static const struct {
    const char *name, *op;
    sy_status (*lower)(struct ctx *, const json_t *, const char *, struct aggregate *);
    const char *types, *errors;
} INNER[] = {
    {"count", "count", agg_count, "rows; any -> whole; DISTINCT: int, date, bool, label, unit",
     "NULLs are skipped; none left: 0"},
    {"count_if", "count", agg_count, "condition -> whole", "NULLs are skipped; none left: 0"},
    {"countif", "count", agg_count, "condition -> whole", "NULLs are skipped; none left: 0"},
    {"sum", "sum", agg_one, "int, condition as 0 and 1 -> int", SKIPS},
    {"min", "min", agg_extreme, "int, date, condition -> the same", SKIPS},
    {"max", "max", agg_extreme, "int, date, condition -> the same", SKIPS},
    {"bool_and", "min", agg_flag, "condition -> condition", SKIPS},
    {"bool_or", "max", agg_flag, "condition -> condition", SKIPS},
    {"avg", "sum", agg_average, "int -> int of three digits more, truncated", SKIPS},
    {"mean", "sum", agg_average, "int -> int of three digits more, truncated", SKIPS},
    {"arg_max", "arg_max", agg_two, ARGS, BY},
    {"argmax", "arg_max", agg_two, ARGS, BY},
    {"max_by", "arg_max", agg_two, ARGS, BY},
    {"arg_min", "arg_min", agg_two, ARGS, BY},
    {"argmin", "arg_min", agg_two, ARGS, BY},
    {"min_by", "arg_min", agg_two, ARGS, BY},
    {"first", "arg_min", agg_end, ENDS, BY},
    {"last", "arg_max", agg_end, ENDS, BY},
};
enum { N_INNER = sizeof INNER / sizeof INNER[0] };

/* Functions and arguments of an aggregate inside a query. */
sy_status lower_aggregate(struct ctx *in, const json_t *call, struct aggregate *ret)
{
    const char *name = call_name(call);
    SY_TRY(ast_check(in->b, call));
    for (size_t i = 0; i < N_INNER; i++) {
        if (strcasecmp(name, INNER[i].name) == 0) {
            return INNER[i].lower(in, call, INNER[i].op, ret);
        }
    }
    return lower_refuse_named(in->b, REFUSE_AGGREGATE_INNER, ast_pos(in->b, call),
                              sy_view_str(name), NULL);
}

bool lower_aggregate_row(size_t i, struct dialect_row *ret)
{
    if (i < N_INNER) {
        *ret = (struct dialect_row){INNER[i].name, INNER[i].op, INNER[i].types, INNER[i].errors};
    }
    return i < N_INNER;
}
