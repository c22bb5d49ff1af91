/*
 * Scalar functions of the dialect: the call by name, and the rows about numbers and choice. Everything
 * here is total: what could fail for some value is refused or gives NULL.
 */
#include <strings.h>

#include "base/weak.h"
#include "lower_func.h"

/* --- arguments ------------------------------------------------------------------------------------ */

sy_status fn_plain(struct call *k, size_t *ret)
{
    return expr_op(k->c, k->op, k->args, k->n, k->pos, ret);
}

sy_status fn_refuse(const struct call *k, const char *reason)
{
    return lower_refuse_named(k->c->b, REFUSE_FUNCTION, k->pos,
                              sy_view_str(ast_str(k->node, "function_name")), reason);
}

bool fn_text(const struct call *k, size_t i, struct sy_view *ret)
{
    const struct sy_plan_expr *e = &k->c->list->e[k->args[i]];
    bool text = sy_view_is(e->op, "str");
    *ret = text ? e->s : (struct sy_view){0};
    return text;
}

bool fn_whole(const struct call *k, size_t i, int64_t *ret)
{
    const struct sy_plan_expr *e = &k->c->list->e[k->args[i]];
    bool whole = sy_view_is(e->op, "int") && e->scale == 0;
    *ret = whole ? e->i : 0;
    return whole;
}

/* --- numbers -------------------------------------------------------------------------------------- */

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

static sy_status fn_minus(struct call *k, size_t *ret)
{
    struct sy_plan_expr e = k->c->list->e[k->args[0]];
    if (k->n == 1 && sy_view_is(e.op, "int") && e.i != INT64_MIN) {
        return expr_int(k->c, -e.i, (uint32_t)e.scale, k->pos, ret);
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
static sy_status fn_divide(struct call *k, size_t *ret)
{
    return expr_div(k->c, k->args[0], k->args[1], 3, k->pos, ret);
}

static sy_status fn_int_divide(struct call *k, size_t *ret)
{
    for (size_t i = 0; i < 2; i++) {
        if (k->c->list->t[k->args[i]].scale != 0) {
            return lower_refuse_named(k->c->b, REFUSE_TYPE, k->pos, sy_view_str("//"),
                                      "// takes whole numbers");
        }
    }
    return expr_div(k->c, k->args[0], k->args[1], 0, k->pos, ret);
}

static sy_status against_zero(struct call *k, const char *op, size_t *ret)
{
    size_t args[2] = {k->args[0]};
    SY_TRY(expr_int(k->c, 0, k->c->list->t[args[0]].scale, k->pos, &args[1]));
    return expr_op(k->c, op, args, 2, k->pos, ret);
}

/* Half a unit of the digit that stays, away from zero, then the rest is cut off. */
static sy_status fn_round(struct call *k, size_t *ret)
{
    struct ctx *c = k->c;
    int64_t digits = 0;
    uint32_t scale = c->list->t[k->args[0]].scale;
    if (c->list->t[k->args[0]].kind != SY_TYPE_INT ||
        (k->n == 2 && (!fn_whole(k, 1, &digits) || digits < 0))) {
        return fn_refuse(k, "it takes a number and, as a literal, how many digits stay");
    }
    *ret = k->args[0];
    if (digits >= scale) {
        return SY_OK;
    }
    int64_t half = 5;
    for (uint32_t i = (uint32_t)digits + 1; i < scale; i++) {
        half *= 10;
    }
    size_t up;
    size_t down;
    size_t negative;
    SY_TRY(expr_int(c, half, scale, k->pos, &up));
    SY_TRY(expr_int(c, -half, scale, k->pos, &down));
    SY_TRY(against_zero(k, "lt", &negative));
    SY_TRY(expr_choose(c, negative, down, up, k->pos, &up));
    size_t sum[2] = {k->args[0], up};
    SY_TRY(expr_op(c, "add", sum, 2, k->pos, ret));
    return expr_rescale(c, ret, (uint32_t)digits, k->pos);
}

static sy_status fn_sign(struct call *k, size_t *ret)
{
    size_t args[5];
    if (k->c->list->t[k->args[0]].kind != SY_TYPE_INT) {
        return fn_refuse(k, "it takes a number");
    }
    SY_TRY(against_zero(k, "lt", &args[0]));
    SY_TRY(expr_int(k->c, -1, 0, k->pos, &args[1]));
    SY_TRY(against_zero(k, "gt", &args[2]));
    SY_TRY(expr_int(k->c, 1, 0, k->pos, &args[3]));
    SY_TRY(expr_int(k->c, 0, 0, k->pos, &args[4]));
    SY_TRY(expr_op(k->c, "case", args, 5, k->pos, ret));
    if (!k->c->list->t[k->args[0]].nullable) {
        return SY_OK;
    }
    size_t null;
    SY_TRY(expr_op(k->c, "is_null", k->args, 1, k->pos, &args[0]));
    SY_TRY(expr_null_like(k->c, &k->c->list->t[*ret], k->pos, &null));
    return expr_choose(k->c, args[0], null, *ret, k->pos, ret);
}

/* --- choice --------------------------------------------------------------------------------------- */

/* nullif(a, b) = CASE WHEN a = b THEN NULL ELSE a END */
static sy_status fn_nullif(struct call *k, size_t *ret)
{
    struct ctx *c = k->c;
    size_t same;
    size_t null;
    SY_TRY(expr_unify(c, &k->args[0], &k->args[1], k->pos));
    SY_TRY(expr_op(c, "eq", k->args, 2, k->pos, &same));
    SY_TRY(expr_null_like(c, &c->list->t[k->args[0]], k->pos, &null));
    return expr_choose(c, same, null, k->args[0], k->pos, ret);
}

static sy_status fn_iff(struct call *k, size_t *ret)
{
    size_t cond;
    const json_t *children = json_object_get(k->node, "children");
    SY_TRY(lower_condition(k->c, json_array_get(children, 0), &cond));
    return expr_choose(k->c, cond, k->args[1], k->args[2], k->pos, ret);
}

#define OVERFLOW_REFUSED "an interval beyond +-2^62 is refused before any run"

const struct function LOWER_NUMBERS[] = {
    {"+", "add", 1, 2, fn_plus, "int, int -> int; date, int days -> date; int -> int",
     OVERFLOW_REFUSED, false},
    {"-", "sub neg", 1, 2, fn_minus,
     "int, int -> int; date, date -> int days; date, int days -> date; int -> int",
     OVERFLOW_REFUSED, false},
    {"*", "mul", 2, 2, fn_plain, "int, int -> int of both operands' digits", OVERFLOW_REFUSED,
     false},
    {"/", "div", 2, 2, fn_divide, "int, int -> int of three digits more, truncated",
     "divisor 0: NULL", false},
    {"//", "div", 2, 2, fn_int_divide, "whole, whole -> whole, truncated toward zero",
     "divisor 0: NULL", false},
    {"%", "mod", 2, 2, fn_even, "int, int -> int with the dividend's sign", "divisor 0: NULL",
     false},
    {"mod", "mod", 2, 2, fn_even, "int, int -> int with the dividend's sign", "divisor 0: NULL",
     false},
    {"abs", "abs", 1, 1, fn_plain, "int -> int", OVERFLOW_REFUSED, false},
    {"sign", "case", 1, 1, fn_sign, "int -> -1, 0 or 1", "none", false},
    {"round", "rescale", 1, 2, fn_round, "int, literal digits -> int, half away from zero",
     OVERFLOW_REFUSED, false},
    {"least", "least", 2, 64, fn_even, "int... -> int; date... -> date",
     "NULLs are ignored; all NULL: NULL", false},
    {"greatest", "greatest", 2, 64, fn_even, "int... -> int; date... -> date",
     "NULLs are ignored; all NULL: NULL", false},
    {"nullif", "case", 2, 2, fn_nullif, "T, T -> T", "equal: NULL; second NULL: the first", false},
    {"iff", "case", 3, 3, fn_iff, "condition, T, T -> T", "condition NULL: the last", false},
};
const size_t LOWER_N_NUMBERS = sizeof LOWER_NUMBERS / sizeof LOWER_NUMBERS[0];

/* --- calls by name -------------------------------------------------------------------------------- */

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
    {"~~*", REFUSE_PATTERN},
    {"!~~*", REFUSE_PATTERN},
    {"~~~", REFUSE_PATTERN},
    {"like_escape", REFUSE_PATTERN},
    {"not_like_escape", REFUSE_PATTERN},
    {"ilike_escape", REFUSE_PATTERN},
    {"not_ilike_escape", REFUSE_PATTERN},
    {"regexp_matches", REFUSE_PATTERN},
    {"regexp_full_match", REFUSE_PATTERN},
    {"regexp_extract", REFUSE_PATTERN},
    {"regexp_replace", REFUSE_PATTERN},
    {"similar_to", REFUSE_PATTERN},
    {"suffix", REFUSE_PATTERN},
    {"contains", REFUSE_PATTERN},
    {"ends_with", REFUSE_PATTERN},
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
    for (size_t i = 0; i < k.n && !f->raw; i++) {
        SY_TRY(lower_expr(c, json_array_get(children, i), &k.args[i]));
    }
    return f->lower(&k, ret);
}

static const struct function *find_function(const char *name)
{
    const struct {
        const struct function *rows;
        size_t n;
    } parts[] = {{LOWER_NUMBERS, LOWER_N_NUMBERS},
                 {LOWER_DATES, LOWER_N_DATES},
                 {LOWER_LABELS, LOWER_N_LABELS}};
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        for (size_t i = 0; i < parts[p].n; i++) {
            if (strcasecmp(name, parts[p].rows[i].name) == 0) {
                return &parts[p].rows[i];
            }
        }
    }
    return NULL;
}

sy_status lower_function(struct ctx *c, const json_t *node, size_t *ret)
{
    bool interval = false;
    SY_TRY(lower_interval(c, node, ret, &interval));
    if (interval) {
        return SY_OK;
    }
    const struct function *f = find_function(ast_str(node, "function_name"));
    const json_t *first = json_array_get(json_object_get(node, "children"), 0);
    if (f == NULL && first != NULL && sy_weak(SY_WEAK_ANY_FUNCTION)) {
        return lower_expr(c, first, ret);
    }
    return f == NULL ? refuse_function(c, node) : call_function(c, node, f, ret);
}

/* --- for the reader ------------------------------------------------------------------------------- */

static bool row_of(const struct function *rows, size_t n, size_t i, struct dialect_row *ret)
{
    if (i < n) {
        *ret = (struct dialect_row){rows[i].name, rows[i].op, rows[i].types, rows[i].errors};
    }
    return i < n;
}

bool lower_function_row(size_t i, struct dialect_row *ret)
{
    return row_of(LOWER_NUMBERS, LOWER_N_NUMBERS, i, ret);
}

bool lower_label_row(size_t i, struct dialect_row *ret)
{
    return row_of(LOWER_LABELS, LOWER_N_LABELS, i, ret);
}
