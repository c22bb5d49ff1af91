/*
 * What: jansson reads, tables decide. A value of the declared list is looked up by its text, so what is signed is
 * the product's own spelling.
 */
#include "bridge/params.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/json.h"
#include "bridge/problem.h"

enum { PURPOSE_MAX = 64 };

#define EXACT_MAX (INT64_C(1) << 53) /* integers that every reader of JSON keeps */

static shuyu_status bad(shuyu_error *reterr, const char *field, const char *why)
{
    *reterr = bridge_error(SHUYU_E_FIELD, field, why);
    return SHUYU_E_FIELD;
}

static shuyu_status bad_param(shuyu_error *reterr, struct sy_view name, const char *why)
{
    char field[64];
    char text[48];
    sy_view_to_cstr(name, text, sizeof(text));
    (void)snprintf(field, sizeof(field), "params.%s", text);
    return bad(reterr, field, why);
}

bool bridge_is_integer(struct sy_view text, int64_t *ret)
{
    char digits[24];
    char again[24];
    char *end = NULL;
    sy_view_to_cstr(text, digits, sizeof(digits));
    int64_t v = strtoll(digits, &end, 10);
    (void)snprintf(again, sizeof(again), "%" PRId64, v);
    if (!sy_view_is(text, again) || v > EXACT_MAX || v < -EXACT_MAX) {
        return false;
    }
    *ret = v;
    return true;
}

const char *bridge_param_type(const struct sy_plan_param *p)
{
    int64_t v = 0;
    if (sy_view_is(p->kind, "bool")) {
        return "boolean";
    }
    if (!sy_view_is(p->kind, "int") || p->scale != 0) {
        return "string";
    }
    for (size_t i = 0; i < p->n_values; i++) {
        if (!bridge_is_integer(p->values[i], &v)) {
            return "string";
        }
    }
    return "integer";
}

/* The text form of a JSON value of the right type; false when it is of another. */
static bool text_of(const struct sy_plan_param *p, const json_t *value, char ret[320])
{
    const char *type = bridge_param_type(p);
    ret[0] = '\0';
    if (json_is_boolean(value) && strcmp(type, "boolean") == 0) {
        (void)snprintf(ret, 320, "%s", json_is_true(value) ? "true" : "false");
    } else if (json_is_integer(value) && strcmp(type, "integer") == 0) {
        (void)snprintf(ret, 320, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_string(value) && strcmp(type, "string") == 0) {
        (void)snprintf(ret, 320, "%s", json_string_value(value));
    } else {
        return false;
    }
    return true;
}

static const char *declared(const struct sy_plan_param *p, const char *text, struct sy_arena *arena)
{
    for (size_t i = 0; i < p->n_values; i++) {
        if (sy_view_is(p->values[i], text)) {
            return (const char *)sy_arena_copy(arena, p->values[i]).p;
        }
    }
    return NULL;
}

static shuyu_status read_param(const struct sy_plan_param *p, const json_t *value,
                               struct sy_arena *arena, shuyu_param *ret, shuyu_error *reterr)
{
    char text[320];
    if (value == NULL) {
        return bad_param(reterr, p->name, "is missing");
    }
    if (!text_of(p, value, text)) {
        return bad_param(reterr, p->name, "is of another type: the product's openapi.json has it");
    }
    const char *name = (const char *)sy_arena_copy(arena, p->name).p;
    const char *of_list = declared(p, text, arena);
    if (of_list == NULL || name == NULL) {
        return arena->failed ? SHUYU_E_NO_MEMORY
                             : bad_param(reterr, p->name,
                                         "is none of the declared values: the product's "
                                         "openapi.json lists them");
    }
    *ret = (shuyu_param){.name = name, .value = of_list};
    return SHUYU_OK;
}

static bool is_declared(const struct sy_product *p, const char *name)
{
    for (size_t i = 0; i < p->n_params; i++) {
        if (sy_view_is(p->params[i].name, name)) {
            return true;
        }
    }
    return false;
}

static shuyu_status read_params(const json_t *given, const struct sy_product *p,
                                struct sy_arena *arena, struct bridge_ask *ret, shuyu_error *reterr)
{
    const char *name = NULL;
    json_t *value = NULL;
    if (p->n_params > BRIDGE_PARAMS_MAX) {
        return bad(reterr, "params", "more parameters than a product may have");
    }
    json_object_foreach((json_t *)(uintptr_t)given, name, value)
    {
        if (!is_declared(p, name)) {
            return bad_param(reterr, sy_view_str(name), "is not a parameter of this product");
        }
    }
    for (size_t i = 0; i < p->n_params; i++) {
        char key[256];
        sy_view_to_cstr(p->params[i].name, key, sizeof(key));
        shuyu_status s =
            read_param(&p->params[i], json_object_get(given, key), arena, &ret->params[i], reterr);
        if (s != SHUYU_OK) {
            return s;
        }
    }
    ret->n_params = p->n_params;
    return SHUYU_OK;
}

/* The purpose as it is given: another one than was subscribed to is disguised use, which the domain refuses and
 * records; the bridge does not keep it from being seen. */
static shuyu_status read_purpose(const json_t *given, struct sy_arena *arena,
                                 struct bridge_ask *ret, shuyu_error *reterr)
{
    if (!json_is_string(given) ||
        !sy_view_is_text(sy_view_str(json_string_value(given)), PURPOSE_MAX)) {
        return bad(reterr, "purpose", "is missing: the code of what the answer is for");
    }
    ret->purpose = (const char *)sy_arena_copy(arena, sy_view_str(json_string_value(given))).p;
    return ret->purpose != NULL ? SHUYU_OK : SHUYU_E_NO_MEMORY;
}

static shuyu_status read_object(const json_t *body, const struct bridge_product *product,
                                struct sy_arena *arena, struct bridge_ask *ret, shuyu_error *reterr)
{
    const char *name = NULL;
    json_t *value = NULL;
    if (!json_is_object(body)) {
        *reterr = bridge_error(SHUYU_E_USAGE, "", "the body is not a JSON object");
        return SHUYU_E_USAGE;
    }
    json_object_foreach((json_t *)(uintptr_t)body, name, value)
    {
        if (strcmp(name, "purpose") != 0 && strcmp(name, "params") != 0) {
            return bad(reterr, name, "is unknown: a call has purpose and params");
        }
    }
    const json_t *params = json_object_get(body, "params");
    if (params != NULL && !json_is_object(params)) {
        return bad(reterr, "params", "is not an object");
    }
    shuyu_status s = read_purpose(json_object_get(body, "purpose"), arena, ret, reterr);
    return s == SHUYU_OK ? read_params(params, &product->p, arena, ret, reterr) : s;
}

shuyu_status bridge_ask_read(struct sy_view body, const struct bridge_product *product,
                             struct sy_arena *arena, struct bridge_ask *ret, shuyu_error *reterr)
{
    json_error_t why;
    json_t *j =
        body.n == 0 ? NULL : json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &why);
    if (j == NULL) {
        *reterr = bridge_error(SHUYU_E_USAGE, "", "the body is not JSON, or says something twice");
        return SHUYU_E_USAGE;
    }
    *ret = (struct bridge_ask){0};
    shuyu_status s = read_object(j, product, arena, ret, reterr);
    if (s == SHUYU_E_NO_MEMORY) {
        *reterr = bridge_error(s, "", "no memory for this request");
    }
    json_decref(j);
    return s;
}
