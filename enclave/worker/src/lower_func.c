/*
 * Literals, casts and scalar functions of the dialect, each a row of a table. Everything here is total:
 * what could fail for some value (a narrowing cast, a pattern, a parse of text) is refused.
 */
#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "lower_internal.h"

/* --- literals ------------------------------------------------------------------------------------- */

static sy_status literal_number(struct ctx *c, const json_t *value, uint64_t pos, size_t *ret)
{
    const json_t *type = json_object_get(value, "type");
    const json_t *v = json_object_get(value, "value");
    struct sy_plan_expr e = {.op = sy_view_str("int")};
    const json_t *scale = json_object_get(json_object_get(type, "type_info"), "scale");
    if (ast_is(type, "id", "DECIMAL") && json_is_integer(scale) && json_integer_value(scale) >= 0) {
        e.scale = (uint64_t)json_integer_value(scale);
    }
    if (!json_is_integer(v) || e.scale > SY_PLAN_SCALE_MAX) {
        return lower_refuse(c->b, REFUSE_LITERAL, pos);
    }
    e.i = json_integer_value(v);
    return expr_add(c, &e, pos, ret);
}

static sy_status literal_text(struct ctx *c, const json_t *value, uint64_t pos, size_t *ret)
{
    struct sy_view v = ast_view(json_object_get(value, "value"));
    struct sy_view copy = sy_arena_copy(c->b->arena, v);
    if (v.n != 0 && copy.p == NULL) {
        return lower_no_memory(c->b);
    }
    if (v.n == 0) {
        return lower_refuse_named(c->b, REFUSE_LITERAL, pos, sy_view_str("''"),
                                  "no label is the empty text");
    }
    struct sy_plan_expr e = {.op = sy_view_str("str"), .s = copy};
    return expr_add(c, &e, pos, ret);
}

static sy_status literal_null(struct ctx *c, const json_t *value, uint64_t pos, size_t *ret)
{
    (void)value;
    struct sy_plan_expr e = {.op = sy_view_str("null"), .s = sy_view_str("int")};
    return expr_add(c, &e, pos, ret);
}

sy_status lower_constant(struct ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *id;
        sy_status (*lower)(struct ctx *, const json_t *, uint64_t, size_t *);
    } kinds[] = {{"INTEGER", literal_number},
                 {"BIGINT", literal_number},
                 {"DECIMAL", literal_number},
                 {"VARCHAR", literal_text},
                 {"NULL", literal_null}};
    const json_t *value = json_object_get(node, "value");
    const char *id = ast_str(json_object_get(value, "type"), "id");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(id, kinds[i].id) == 0) {
            return kinds[i].lower(c, value, ast_pos(c->b, node), ret);
        }
    }
    return lower_refuse_named(c->b, REFUSE_LITERAL, ast_pos(c->b, node), sy_view_str(id), NULL);
}

/* --- casts ---------------------------------------------------------------------------------------- */

static bool text_literal(const json_t *node, struct sy_view *ret)
{
    const json_t *value = json_object_get(node, "value");
    *ret = ast_view(json_object_get(value, "value"));
    return ast_is(node, "class", "CONSTANT") &&
           ast_is(json_object_get(value, "type"), "id", "VARCHAR");
}

static sy_status cast_date(struct ctx *c, const json_t *node, uint64_t pos, size_t *ret)
{
    const json_t *child = json_object_get(node, "child");
    struct sy_view text;
    if (text_literal(child, &text)) {
        struct sy_plan_param p = {.kind = sy_view_str("date"), .values = &text, .n_values = 1};
        struct sy_plan_expr e = {.op = sy_view_str("date")};
        if (!sy_plan_param_value(&p, 0, &e.i)) {
            return lower_refuse_named(c->b, REFUSE_LITERAL, ast_pos(c->b, child), text,
                                      "not a date YYYY-MM-DD");
        }
        return expr_add(c, &e, pos, ret);
    }
    SY_TRY(lower_expr(c, child, ret));
    return c->list->t[*ret].kind == SY_TYPE_DATE ? SY_OK : lower_refuse(c->b, REFUSE_CAST, pos);
}

static sy_status cast_bool(struct ctx *c, const json_t *node, uint64_t pos, size_t *ret)
{
    const json_t *child = json_object_get(node, "child");
    struct sy_view text;
    if (text_literal(child, &text)) { /* how the parser writes TRUE and FALSE */
        bool yes = view_ieq_str(text, "t") || view_ieq_str(text, "true");
        if (!yes && !view_ieq_str(text, "f") && !view_ieq_str(text, "false")) {
            return lower_refuse(c->b, REFUSE_CAST, pos);
        }
        struct sy_plan_expr e = {.op = sy_view_str("bool"), .i = yes ? 1 : 0};
        return expr_add(c, &e, pos, ret);
    }
    SY_TRY(lower_expr(c, child, ret));
    return c->list->t[*ret].kind == SY_TYPE_BOOL ? SY_OK : lower_refuse(c->b, REFUSE_CAST, pos);
}

/* To integers of `bits` bits: only what fits whatever the row. */
static sy_status cast_int(struct ctx *c, const json_t *node, int64_t max, uint64_t pos, size_t *ret)
{
    size_t x;
    SY_TRY(lower_expr(c, json_object_get(node, "child"), &x));
    struct sy_type t = c->list->t[x];
    if (t.kind == SY_TYPE_BOOL) {
        return expr_op(c, "bool_int", &x, 1, pos, ret);
    }
    *ret = x;
    bool fits = t.kind == SY_TYPE_INT && t.scale == 0 && t.lo >= -max - 1 && t.hi <= max;
    return fits ? SY_OK : lower_refuse(c->b, REFUSE_CAST, pos);
}

static sy_status cast_integer(struct ctx *c, const json_t *node, uint64_t pos, size_t *ret)
{
    return cast_int(c, node, INT32_MAX, pos, ret);
}

static sy_status cast_bigint(struct ctx *c, const json_t *node, uint64_t pos, size_t *ret)
{
    return cast_int(c, node, INT64_MAX, pos, ret);
}

sy_status lower_cast(struct ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *id;
        sy_status (*lower)(struct ctx *, const json_t *, uint64_t, size_t *);
    } kinds[] = {{"DATE", cast_date},
                 {"BOOLEAN", cast_bool},
                 {"INTEGER", cast_integer},
                 {"BIGINT", cast_bigint}};
    const char *id = ast_str(json_object_get(node, "cast_type"), "id");
    uint64_t pos = ast_pos(c->b, node);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(id, kinds[i].id) == 0) {
            return kinds[i].lower(c, node, pos, ret);
        }
    }
    return lower_refuse(c->b, REFUSE_CAST, pos);
}

/* --- functions ------------------------------------------------------------------------------------ */

struct call {
    struct ctx *c;
    const char *op; /* of the plan */
    const json_t *node;
    size_t *args;
    size_t n;
    uint64_t pos;
};

/* Arithmetic that wants equal scales; dates go through untouched. */
static sy_status fn_even(struct call *k, size_t *ret)
{
    struct ctx *c = k->c;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 1; i < k->n; i++) {
            bool dates = c->list->t[k->args[0]].kind == SY_TYPE_DATE &&
                         c->list->t[k->args[i]].kind == SY_TYPE_INT;
            if (!dates) {
                SY_TRY(expr_unify(c, &k->args[0], &k->args[i], k->pos));
            }
        }
    }
    return expr_op(c, k->op, k->args, k->n, k->pos, ret);
}

static sy_status fn_plain(struct call *k, size_t *ret)
{
    return expr_op(k->c, k->op, k->args, k->n, k->pos, ret);
}

static sy_status fn_minus(struct call *k, size_t *ret)
{
    struct sy_plan_expr e = k->c->list->e[k->args[0]];
    if (k->n == 1 && sy_view_is(e.op, "int") && e.i != INT64_MIN) {
        e.i = -e.i;
        return expr_add(k->c, &e, k->pos, ret);
    }
    k->op = k->n == 1 ? "neg" : "sub";
    return k->n == 1 ? fn_plain(k, ret) : fn_even(k, ret);
}

static sy_status fn_plus(struct call *k, size_t *ret)
{
    *ret = k->args[0];
    return k->n == 1 ? SY_OK : fn_even(k, ret);
}

/* x / y has three digits more than x; x // y none. Both truncate toward zero, NULL for y = 0. */
static sy_status divide(struct call *k, uint32_t digits, size_t *ret)
{
    uint64_t *args = sy_arena_alloc(k->c->b->arena, 2, sizeof *args);
    if (args == NULL) {
        return lower_no_memory(k->c->b);
    }
    args[0] = k->args[0];
    args[1] = k->args[1];
    uint32_t scale = k->c->list->t[k->args[0]].scale;
    uint32_t want = scale + digits > SY_PLAN_SCALE_MAX ? SY_PLAN_SCALE_MAX : scale + digits;
    struct sy_plan_expr e = {.op = sy_view_str("div"), .scale = want, .args = args, .n_args = 2};
    return expr_add(k->c, &e, k->pos, ret);
}

static sy_status fn_divide(struct call *k, size_t *ret)
{
    return divide(k, 3, ret);
}

static sy_status fn_int_divide(struct call *k, size_t *ret)
{
    for (size_t i = 0; i < 2; i++) {
        if (k->c->list->t[k->args[i]].scale != 0) {
            return lower_refuse_named(k->c->b, REFUSE_TYPE, k->pos, sy_view_str("//"),
                                      "// takes whole numbers");
        }
    }
    return divide(k, 0, ret);
}

/* date_part('year', d), which is also extract(year FROM d). */
static sy_status fn_date_part(struct call *k, size_t *ret)
{
    static const char *const parts[] = {"year", "month", "day"};
    struct sy_plan_expr part = k->c->list->e[k->args[0]];
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (sy_view_is(part.op, "str") && view_ieq_str(part.s, parts[i])) {
            return expr_op(k->c, parts[i], &k->args[1], 1, k->pos, ret);
        }
    }
    return lower_refuse_named(k->c->b, REFUSE_FUNCTION, k->pos, part.s,
                              "of a date only year, month and day");
}

/* datediff('day', a, b) = b - a */
static sy_status fn_datediff(struct call *k, size_t *ret)
{
    struct sy_plan_expr part = k->c->list->e[k->args[0]];
    if (!sy_view_is(part.op, "str") || !view_ieq_str(part.s, "day") ||
        k->c->list->t[k->args[1]].kind != SY_TYPE_DATE) {
        return lower_refuse_named(k->c->b, REFUSE_FUNCTION, k->pos, part.s,
                                  "differences of dates are in days");
    }
    SY_TRY(expr_unify(k->c, &k->args[1], &k->args[2], k->pos));
    size_t swapped[2] = {k->args[2], k->args[1]};
    return expr_op(k->c, "sub", swapped, 2, k->pos, ret);
}

/* nullif(a, b) = CASE WHEN a = b THEN NULL ELSE a END */
static sy_status fn_nullif(struct call *k, size_t *ret)
{
    struct ctx *c = k->c;
    size_t args[3];
    SY_TRY(expr_unify(c, &k->args[0], &k->args[1], k->pos));
    SY_TRY(expr_op(c, "eq", k->args, 2, k->pos, &args[0]));
    struct sy_plan_expr null = {.op = sy_view_str("null"), .s = sy_view_str("int")};
    SY_TRY(expr_add(c, &null, k->pos, &args[1]));
    args[2] = k->args[0];
    SY_TRY(expr_unify(c, &args[1], &args[2], k->pos));
    return expr_op(c, "case", args, 3, k->pos, ret);
}

static const struct function {
    const char *name, *op;
    size_t min, max;
    sy_status (*lower)(struct call *, size_t *);
} FUNCTIONS[] = {
    {"+", "add", 1, 2, fn_plus},          {"-", "sub", 1, 2, fn_minus},
    {"*", "mul", 2, 2, fn_plain},         {"/", "div", 2, 2, fn_divide},
    {"//", "div", 2, 2, fn_int_divide},   {"%", "mod", 2, 2, fn_even},
    {"mod", "mod", 2, 2, fn_even},        {"abs", "abs", 1, 1, fn_plain},
    {"least", "least", 2, 64, fn_even},   {"greatest", "greatest", 2, 64, fn_even},
    {"year", "year", 1, 1, fn_plain},     {"month", "month", 1, 1, fn_plain},
    {"day", "day", 1, 1, fn_plain},       {"date_part", "", 2, 2, fn_date_part},
    {"datepart", "", 2, 2, fn_date_part}, {"date_diff", "", 3, 3, fn_datediff},
    {"datediff", "", 3, 3, fn_datediff},  {"nullif", "", 2, 2, fn_nullif},
};

/* Known names that get a reason of their own. */
static const struct {
    const char *name;
    enum lower_refusal why;
} REFUSED[] = {
    {"random", REFUSE_VOLATILE},
    {"uuid", REFUSE_VOLATILE},
    {"gen_random_uuid", REFUSE_VOLATILE},
    {"setseed", REFUSE_VOLATILE},
    {"now", REFUSE_VOLATILE},
    {"today", REFUSE_VOLATILE},
    {"get_current_time", REFUSE_VOLATILE},
    {"get_current_timestamp", REFUSE_VOLATILE},
    {"current_date", REFUSE_VOLATILE},
    {"nextval", REFUSE_VOLATILE},
    {"current_setting", REFUSE_VOLATILE},
    {"getvariable", REFUSE_VOLATILE},
    {"~~", REFUSE_PATTERN},
    {"!~~", REFUSE_PATTERN},
    {"~~*", REFUSE_PATTERN},
    {"!~~*", REFUSE_PATTERN},
    {"~~~", REFUSE_PATTERN},
    {"like_escape", REFUSE_PATTERN},
    {"not_like_escape", REFUSE_PATTERN},
    {"ilike_escape", REFUSE_PATTERN},
    {"regexp_matches", REFUSE_PATTERN},
    {"regexp_full_match", REFUSE_PATTERN},
    {"regexp_extract", REFUSE_PATTERN},
    {"regexp_replace", REFUSE_PATTERN},
    {"similar_to", REFUSE_PATTERN},
    {"prefix", REFUSE_PATTERN},
    {"suffix", REFUSE_PATTERN},
    {"contains", REFUSE_PATTERN},
    {"starts_with", REFUSE_PATTERN},
    {"ends_with", REFUSE_PATTERN},
    {"^@", REFUSE_PATTERN},
    {"~", REFUSE_PATTERN},
    {"list_value", REFUSE_LAMBDA},
    {"list_transform", REFUSE_LAMBDA},
    {"list_filter", REFUSE_LAMBDA},
    {"struct_pack", REFUSE_LAMBDA},
    {"row", REFUSE_LAMBDA},
};

static sy_status refuse_function(struct ctx *c, const json_t *node)
{
    const char *name = ast_str(node, "function_name");
    uint64_t pos = ast_pos(c->b, node);
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        if (strcasecmp(REFUSED[i].name, name) == 0) {
            return lower_refuse_named(c->b, REFUSED[i].why, pos, sy_view_str(name), NULL);
        }
    }
    if (ast_is_aggregate(node)) {
        return lower_refuse_named(c->b, REFUSE_AGGREGATE_NESTED, pos, sy_view_str(name), NULL);
    }
    return lower_refuse_named(c->b, REFUSE_FUNCTION, pos, sy_view_str(name), NULL);
}

static sy_status call_function(struct ctx *c, const json_t *node, const struct function *f,
                               size_t *ret)
{
    const json_t *children = json_object_get(node, "children");
    struct call k = {.c = c,
                     .op = f->op,
                     .node = node,
                     .n = json_array_size(children),
                     .pos = ast_pos(c->b, node)};
    const char *schema = ast_str(node, "schema");
    if (k.n < f->min || k.n > f->max || json_is_true(json_object_get(node, "distinct")) ||
        (schema[0] != 0 && strcmp(schema, "main") != 0)) {
        return refuse_function(c, node);
    }
    k.args = sy_arena_alloc(c->b->arena, k.n + 1, sizeof *k.args);
    if (k.args == NULL) {
        return lower_no_memory(c->b);
    }
    for (size_t i = 0; i < k.n; i++) {
        SY_TRY(lower_expr(c, json_array_get(children, i), &k.args[i]));
    }
    return f->lower(&k, ret);
}

sy_status lower_function(struct ctx *c, const json_t *node, size_t *ret)
{
    const char *name = ast_str(node, "function_name");
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof FUNCTIONS[0]; i++) {
        if (strcasecmp(name, FUNCTIONS[i].name) == 0) {
            return call_function(c, node, &FUNCTIONS[i], ret);
        }
    }
    return refuse_function(c, node);
}
