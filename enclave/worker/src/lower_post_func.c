/* Literals, casts and functions of the post stage, each a row of a table; all of them total. */
#include <strings.h>

#include "lower_post.h"

/* --- literals ------------------------------------------------------------------------------------- */

bool post_whole(const json_t *node, int64_t *ret)
{
    const json_t *value = json_object_get(node, "value");
    const char *id = ast_str(json_object_get(value, "type"), "id");
    const json_t *v = json_object_get(value, "value");
    bool whole = ast_is(node, "class", "CONSTANT") && json_is_integer(v) &&
                 (strcmp(id, "INTEGER") == 0 || strcmp(id, "BIGINT") == 0);
    *ret = whole ? json_integer_value(v) : 0;
    return whole;
}

static sy_status literal_number(struct post_ctx *c, const json_t *value, uint64_t pos, size_t *ret)
{
    const json_t *type = json_object_get(value, "type");
    const json_t *v = json_object_get(value, "value");
    const json_t *scale = json_object_get(json_object_get(type, "type_info"), "scale");
    struct sy_plan_expr e = {.op = sy_view_str("int")};
    if (ast_is(type, "id", "DECIMAL") && json_is_integer(scale) && json_integer_value(scale) >= 0) {
        e.scale = (uint64_t)json_integer_value(scale);
    }
    if (!json_is_integer(v) || e.scale > SY_PLAN_SCALE_MAX) {
        return lower_refuse(c->p->b, REFUSE_LITERAL, pos);
    }
    e.i = json_integer_value(v);
    return post_add(c, &e, pos, ret);
}

static sy_status literal_text(struct post_ctx *c, const json_t *value, uint64_t pos, size_t *ret)
{
    struct sy_view v = ast_view(json_object_get(value, "value"));
    struct sy_view copy = sy_arena_copy(c->p->b->arena, v);
    if (v.n != 0 && copy.p == NULL) {
        return lower_no_memory(c->p->b);
    }
    if (v.n == 0) {
        return lower_refuse_named(c->p->b, REFUSE_LITERAL, pos, sy_view_str("''"),
                                  "no label is the empty text");
    }
    struct sy_plan_expr e = {.op = sy_view_str("str"), .s = copy};
    return post_add(c, &e, pos, ret);
}

static sy_status literal_null(struct post_ctx *c, const json_t *value, uint64_t pos, size_t *ret)
{
    (void)value;
    struct sy_plan_expr e = {.op = sy_view_str("null"), .s = sy_view_str("int")};
    return post_add(c, &e, pos, ret);
}

sy_status post_constant(struct post_ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *id;
        sy_status (*lower)(struct post_ctx *, const json_t *, uint64_t, size_t *);
    } kinds[] = {{"INTEGER", literal_number},
                 {"BIGINT", literal_number},
                 {"DECIMAL", literal_number},
                 {"VARCHAR", literal_text},
                 {"NULL", literal_null}};
    const json_t *value = json_object_get(node, "value");
    const char *id = ast_str(json_object_get(value, "type"), "id");
    uint64_t pos = ast_pos(c->p->b, node);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(id, kinds[i].id) == 0) {
            return kinds[i].lower(c, value, pos, ret);
        }
    }
    return lower_refuse_named(c->p->b, REFUSE_LITERAL, pos, sy_view_str(id), NULL);
}

/* --- casts ---------------------------------------------------------------------------------------- */

/* TRUE and FALSE as the parser writes them; conditions stay. */
static sy_status cast_bool(struct post_ctx *c, const json_t *child, uint64_t pos, size_t *ret)
{
    struct sy_view text = ast_view(json_object_get(json_object_get(child, "value"), "value"));
    bool yes = view_ieq_str(text, "t") || view_ieq_str(text, "true");
    bool no = view_ieq_str(text, "f") || view_ieq_str(text, "false");
    if (ast_is(child, "class", "CONSTANT") && (yes || no)) {
        struct sy_plan_expr e = {.op = sy_view_str("bool"), .i = yes ? 1 : 0};
        return post_add(c, &e, pos, ret);
    }
    return post_condition(c, child, ret);
}

/* To real numbers nothing needs doing; to fewer digits it is a rounding. */
static sy_status cast_number(struct post_ctx *c, const json_t *child, bool rounds, int64_t digits,
                             uint64_t pos, size_t *ret)
{
    SY_TRY(post_expr(c, child, ret));
    if (c->list->t[*ret].kind != SY_POST_NUMBER || digits > SY_PLAN_SCALE_MAX) {
        return lower_refuse(c->p->b, REFUSE_POST_CAST, pos);
    }
    uint64_t *arg = sy_arena_alloc(c->p->b->arena, 1, sizeof *arg);
    if (arg == NULL) {
        return lower_no_memory(c->p->b);
    }
    *arg = *ret;
    struct sy_plan_expr e = {.op = sy_view_str("round"), .i = digits, .args = arg, .n_args = 1};
    return rounds ? post_add(c, &e, pos, ret) : SY_OK;
}

sy_status post_cast(struct post_ctx *c, const json_t *node, size_t *ret)
{
    static const struct {
        const char *id;
        bool rounds;
    } kinds[] = {{"DOUBLE", false},
                 {"FLOAT", false},
                 {"DECIMAL", true},
                 {"BIGINT", true},
                 {"INTEGER", true}};
    const json_t *type = json_object_get(node, "cast_type");
    const json_t *child = json_object_get(node, "child");
    const json_t *scale = json_object_get(json_object_get(type, "type_info"), "scale");
    uint64_t pos = ast_pos(c->p->b, node);
    if (ast_is(type, "id", "BOOLEAN")) {
        return cast_bool(c, child, pos, ret);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (ast_is(type, "id", kinds[i].id)) {
            int64_t digits = json_is_integer(scale) ? json_integer_value(scale) : 0;
            return cast_number(c, child, kinds[i].rounds, digits, pos, ret);
        }
    }
    return lower_refuse(c->p->b, REFUSE_POST_CAST, pos);
}

/* --- functions ------------------------------------------------------------------------------------ */

struct call {
    struct post_ctx *c;
    const char *op;
    const json_t *children;
    size_t *args;
    size_t n;
    uint64_t pos;
};

static sy_status fn_plain(struct call *k, size_t *ret)
{
    SY_TRY(post_unify(k->c, k->args, k->n, k->pos));
    return post_op(k->c, k->op, k->args, k->n, k->pos, ret);
}

static sy_status fn_minus(struct call *k, size_t *ret)
{
    struct sy_plan_expr e = k->c->list->e[k->args[0]];
    if (k->n == 1 && sy_view_is(e.op, "int") && e.i != INT64_MIN) {
        e.i = -e.i;
        return post_add(k->c, &e, k->pos, ret);
    }
    k->op = k->n == 1 ? "neg" : "sub";
    return fn_plain(k, ret);
}

static sy_status fn_plus(struct call *k, size_t *ret)
{
    *ret = k->args[0];
    return k->n == 1 ? SY_OK : fn_plain(k, ret);
}

/* round(x), round(x, digits written as a whole number) */
static sy_status fn_round(struct call *k, size_t *ret)
{
    int64_t digits = 0;
    if (k->n == 2 && (!post_whole(json_array_get(k->children, 1), &digits) ||
                      digits > SY_PLAN_SCALE_MAX || digits < -SY_PLAN_SCALE_MAX)) {
        return lower_refuse_named(k->c->p->b, REFUSE_POST_FUNCTION, k->pos, sy_view_str("round"),
                                  "round takes a whole number of at most 9 digits");
    }
    uint64_t *arg = sy_arena_alloc(k->c->p->b->arena, 1, sizeof *arg);
    if (arg == NULL) {
        return lower_no_memory(k->c->p->b);
    }
    *arg = k->args[0];
    struct sy_plan_expr e = {.op = sy_view_str("round"), .i = digits, .args = arg, .n_args = 1};
    return post_add(k->c, &e, k->pos, ret);
}

/* nullif(a, b) = CASE WHEN a = b THEN NULL ELSE a END */
static sy_status fn_nullif(struct call *k, size_t *ret)
{
    size_t args[3];
    SY_TRY(post_unify(k->c, k->args, 2, k->pos));
    SY_TRY(post_op(k->c, "eq", k->args, 2, k->pos, &args[0]));
    struct sy_plan_expr null = {.op = sy_view_str("null"), .s = sy_view_str("int")};
    SY_TRY(post_add(k->c, &null, k->pos, &args[1]));
    args[2] = k->args[0];
    SY_TRY(post_unify(k->c, args + 1, 2, k->pos));
    return post_op(k->c, "case", args, 3, k->pos, ret);
}

/* x to a whole power, by squaring; an even one is of |x|, whose interval reaches zero (wire/post.h). */
static sy_status fn_power(struct call *k, size_t *ret)
{
    int64_t n;
    size_t square = k->args[0];
    bool any = false;
    if (!post_whole(json_array_get(k->children, 1), &n) || n < 1 || n > 64) {
        return lower_refuse_named(k->c->p->b, REFUSE_POST_FUNCTION, k->pos, sy_view_str("power"),
                                  "powers are whole numbers from 1 to 64");
    }
    if (n % 2 == 0) {
        SY_TRY(post_op(k->c, "abs", &square, 1, k->pos, &square));
    }
    *ret = square;
    for (; n != 0; n >>= 1) {
        size_t args[2] = {*ret, square};
        if ((n & 1) != 0) {
            if (any) {
                SY_TRY(post_op(k->c, "mul", args, 2, k->pos, ret));
            } else {
                *ret = square;
            }
            any = true;
        }
        args[0] = square;
        if (n > 1) {
            SY_TRY(post_op(k->c, "mul", args, 2, k->pos, &square));
        }
    }
    return SY_OK;
}

static const struct function {
    const char *name, *op;
    size_t min, max;
    sy_status (*lower)(struct call *, size_t *);
} FUNCTIONS[] = {
    {"+", "add", 1, 2, fn_plus},        {"-", "sub", 1, 2, fn_minus},
    {"*", "mul", 2, 2, fn_plain},       {"/", "div", 2, 2, fn_plain},
    {"%", "mod", 2, 2, fn_plain},       {"mod", "mod", 2, 2, fn_plain},
    {"abs", "abs", 1, 1, fn_plain},     {"least", "least", 2, 64, fn_plain},
    {"sqrt", "sqrt", 1, 1, fn_plain},   {"greatest", "greatest", 2, 64, fn_plain},
    {"exp", "exp", 1, 1, fn_plain},     {"ln", "ln", 1, 1, fn_plain},
    {"round", "round", 1, 2, fn_round}, {"nullif", "", 2, 2, fn_nullif},
    {"power", "", 2, 2, fn_power},      {"pow", "", 2, 2, fn_power},
    {"^", "", 2, 2, fn_power},          {"**", "", 2, 2, fn_power},
};

static sy_status call_function(struct post_ctx *c, const json_t *node, const struct function *f,
                               size_t *ret)
{
    const json_t *children = json_object_get(node, "children");
    struct call k = {.c = c,
                     .op = f->op,
                     .children = children,
                     .n = json_array_size(children),
                     .pos = ast_pos(c->p->b, node)};
    const char *schema = ast_str(node, "schema");
    bool plain = schema[0] == 0 || strcmp(schema, "main") == 0;
    if (k.n < f->min || k.n > f->max || json_is_true(json_object_get(node, "distinct")) || !plain) {
        return lower_refuse_named(c->p->b, REFUSE_POST_FUNCTION, k.pos, sy_view_str(f->name), NULL);
    }
    k.args = sy_arena_alloc(c->p->b->arena, k.n + 1, sizeof *k.args);
    if (k.args == NULL) {
        return lower_no_memory(c->p->b);
    }
    size_t values = f->lower == fn_round || f->lower == fn_power ? 1 : k.n; /* then a literal */
    for (size_t i = 0; i < values; i++) {
        SY_TRY(post_expr(c, json_array_get(children, i), &k.args[i]));
    }
    return f->lower(&k, ret);
}

sy_status post_function(struct post_ctx *c, const json_t *node, size_t *ret)
{
    const char *name = ast_str(node, "function_name");
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof FUNCTIONS[0]; i++) {
        if (strcasecmp(name, FUNCTIONS[i].name) == 0) {
            return call_function(c, node, &FUNCTIONS[i], ret);
        }
    }
    bool aggregate = ast_is_aggregate(node);
    return lower_refuse_named(c->p->b, aggregate ? REFUSE_AGGREGATE_NESTED : REFUSE_POST_FUNCTION,
                              ast_pos(c->p->b, node), sy_view_str(name), NULL);
}
