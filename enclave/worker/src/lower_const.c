/*
 * Literals and casts. A cast that could fail or drop digits for some value is refused, so that nothing
 * a query gives depends on a row's failing.
 */
#include "base/weak.h"
#include "lower_dialect.h"
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

static const struct {
    const char *id;
    sy_status (*lower)(struct ctx *, const json_t *, uint64_t, size_t *);
    const char *name, *op, *types;
} CASTS[] = {
    {"DATE", cast_date, "CAST AS DATE", "date", "literal 'YYYY-MM-DD' -> date; date -> date"},
    {"BOOLEAN", cast_bool, "CAST AS BOOLEAN", "bool", "TRUE, FALSE; condition -> condition"},
    {"INTEGER", cast_integer, "CAST AS INTEGER", "bool_int",
     "whole within 32 bits -> whole; condition -> 0 or 1"},
    {"BIGINT", cast_bigint, "CAST AS BIGINT", "bool_int", "whole -> whole; condition -> 0 or 1"},
};
enum { N_CASTS = sizeof CASTS / sizeof CASTS[0] };

sy_status lower_cast(struct ctx *c, const json_t *node, size_t *ret)
{
    const char *id = ast_str(json_object_get(node, "cast_type"), "id");
    uint64_t pos = ast_pos(c->b, node);
    for (size_t i = 0; i < N_CASTS; i++) {
        if (strcmp(id, CASTS[i].id) == 0) {
            return CASTS[i].lower(c, node, pos, ret);
        }
    }
    if (sy_weak(SY_WEAK_LOOSE_CAST)) {
        return lower_expr(c, json_object_get(node, "child"), ret);
    }
    return lower_refuse(c->b, REFUSE_CAST, pos);
}

bool lower_cast_row(size_t i, struct dialect_row *ret)
{
    if (i < N_CASTS) {
        *ret = (struct dialect_row){CASTS[i].name, CASTS[i].op, CASTS[i].types,
                                    "what could fail or drop digits is refused before any run"};
    }
    return i < N_CASTS;
}
