/*
 * What: JSON schemas from a product. A parameter is an enumeration of what it declares; a row has a property for
 * every column. Invariant: what params.c accepts and answer.c writes is valid by these.
 */
#include "bridge/json.h"
#include "bridge/openapi.h"
#include "bridge/params.h"

/* ---- parameters ---- */

static json_t *param_value(const struct sy_plan_param *p, const char *type, struct sy_view text)
{
    int64_t v = 0;
    if (strcmp(type, "boolean") == 0) {
        return json_boolean(sy_view_is(text, "true"));
    }
    if (strcmp(type, "integer") == 0 && bridge_is_integer(text, &v)) {
        return json_integer(v);
    }
    (void)p;
    return bridge_text(text);
}

static json_t *param_schema(const struct sy_plan_param *p)
{
    const char *type = bridge_param_type(p);
    json_t *values = json_array();
    for (size_t i = 0; i < p->n_values; i++) {
        (void)json_array_append_new(values, param_value(p, type, p->values[i]));
    }
    json_t *s = json_pack("{s:s, s:o, s:o}", "type", type, "enum", values, "x-shuyu-kind",
                          bridge_text(p->kind));
    if (s != NULL && sy_view_is(p->kind, "date")) {
        (void)json_object_set_new(s, "format", json_string("date"));
    }
    if (s != NULL && sy_view_is(p->kind, "period")) {
        (void)json_object_set_new(s, "description",
                                  json_string("时间段：年 2020、季 2020-Q3 或月 2020-03"));
    }
    if (s != NULL && p->scale > 0) {
        (void)json_object_set_new(s, "description", json_string("十进制数，写作文本"));
    }
    return s;
}

static void set(json_t *object, struct sy_view key, json_t *value)
{
    char name[256];
    sy_view_to_cstr(key, name, sizeof(name));
    (void)json_object_set_new(object, name, value);
}

/* { type: object, properties, required: all of them, additionalProperties: false } */
static json_t *closed_object(json_t *properties)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_t *required = json_array();
    json_object_foreach(properties, name, value)
    {
        (void)json_array_append_new(required, json_string(name));
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
                     required, "additionalProperties", 0);
}

json_t *bridge_schema_call(const struct bridge_product *p)
{
    json_t *params = json_object();
    json_t *all = json_object();
    for (size_t i = 0; i < p->p.n_params; i++) {
        set(params, p->p.params[i].name, param_schema(&p->p.params[i]));
    }
    set(all, sy_view_str("purpose"),
        json_pack("{s:s, s:o, s:o}", "type", "string", "const", bridge_text(p->sub.purpose),
                  "title", bridge_text(p->use)));
    json_t *of_params = closed_object(params);
    if (p->p.n_params == 0) {
        json_t *s = closed_object(all);
        (void)json_object_set_new(json_object_get(s, "properties"), "params", of_params);
        return s;
    }
    set(all, sy_view_str("params"), of_params);
    return closed_object(all);
}

/* ---- the answer ---- */

static json_t *column_schema(const struct sy_product_column *c)
{
    bool is_key = sy_view_is(c->kind, "key");
    json_t *s = is_key ? json_pack("{s:s}", "type", "string")
                       : json_pack("{s:s}", "$ref", "#/components/schemas/Figure");
    if (s == NULL) {
        return NULL;
    }
    (void)json_object_set_new(s, "title", bridge_text(c->title.n > 0 ? c->title : c->name));
    if (!is_key) {
        (void)json_object_set_new(s, "x-shuyu-mechanism", bridge_text(c->mechanism));
        (void)json_object_set_new(s, "x-shuyu-scale", json_integer((json_int_t)c->scale));
    }
    if (c->measure.n > 0) {
        (void)json_object_set_new(s, "x-shuyu-measure", bridge_text(c->measure));
    }
    return s;
}

static json_t *row_schema(const struct bridge_product *p)
{
    json_t *columns = json_object();
    for (size_t i = 0; i < p->p.n_columns; i++) {
        set(columns, p->p.columns[i].name, column_schema(&p->p.columns[i]));
    }
    return closed_object(columns);
}

static json_t *ref(const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", name));
}

static json_t *list_of(json_t *items)
{
    return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

json_t *bridge_schema_answer(const struct bridge_product *p)
{
    json_t *all = json_pack(
        "{s:{s:o}, s:{s:s}, s:{s:o}, s:{s:o}, s:{s:s,s:i}, s:{s:s}, s:{s:s,s:s}, s:{s:o}, s:o, "
        "s:o, "
        "s:o, s:o, s:o}",
        "product", "const", json_string(p->path), "id", "const", p->hex, "version", "const",
        bridge_text(p->p.version), "purpose", "const", bridge_text(p->sub.purpose), "price_fen",
        "type", "integer", "minimum", 0, "stored", "type", "boolean", "time", "type", "string",
        "format", "date-time", "no_redistribution", "const", json_true(), "columns",
        list_of(ref("Column")), "rows", list_of(row_schema(p)), "data", list_of(ref("Data")),
        "witnessed", ref("Witnessed"), "receipt", ref("Receipt"));
    return all == NULL ? NULL : closed_object(all);
}
