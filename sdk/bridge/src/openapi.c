/*
 * What: the documents around the schemas (schema.c): paths, responses, and the parts that are the same for every
 * product, which stand here as JSON.
 */
#include "bridge/openapi.h"

#include <shuyu/shuyu.h>

#include "bridge/json.h"

/* Schemas of what every answer has, the one way of authorisation, and the header of idempotency. */
static const char COMPONENTS[] =
    "{\"securitySchemes\": {\"token\": {\"type\": \"http\", \"scheme\": \"bearer\"}},"
    " \"parameters\": {\"IdempotencyKey\": {\"name\": \"Idempotency-Key\", \"in\": \"header\","
    "   \"required\": false, \"description\": \"同一键的重复请求返回同一结果，只计一次。\","
    "   \"schema\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 128,"
    "     \"pattern\": \"^[!-~]+$\"}}},"
    " \"responses\": {\"Problem\": {\"description\": \"拒绝或故障\", \"content\":"
    "   {\"application/problem+json\": {\"schema\": {\"$ref\": "
    "\"#/components/schemas/Problem\"}}}}},"
    " \"schemas\": {"
    "  \"Figure\": {\"type\": \"object\", \"description\":"
    "    \"数值及其 95% 区间；withheld 为真时不可告知，其余为 null。\","
    "    \"properties\": {\"value\": {\"type\": [\"number\", \"null\"]},"
    "      \"lo\": {\"type\": [\"number\", \"null\"]}, \"hi\": {\"type\": [\"number\", \"null\"]},"
    "      \"withheld\": {\"type\": \"boolean\"}},"
    "    \"required\": [\"value\", \"lo\", \"hi\", \"withheld\"], \"additionalProperties\": false},"
    "  \"Column\": {\"type\": \"object\", \"properties\": {\"name\": {\"type\": \"string\"},"
    "      \"title\": {\"type\": \"string\"}, \"kind\": {\"enum\": [\"key\", \"figure\"]},"
    "      \"measure\": {\"type\": \"string\"}, \"mechanism\": {\"type\": \"string\"},"
    "      \"noise\": {\"type\": \"number\", \"description\": \"噪声尺度\"},"
    "      \"interval\": {\"const\": 0.95}, \"shaped\": {\"type\": \"string\"}},"
    "    \"required\": [\"name\", \"title\", \"kind\"], \"additionalProperties\": false},"
    "  \"Data\": {\"type\": \"object\", \"description\": \"所依据的数据资源版本\","
    "    \"properties\": {\"dataset\": {\"type\": \"string\"}, \"version\": {\"type\": "
    "\"integer\"},"
    "      \"header\": {\"type\": \"string\"}},"
    "    \"required\": [\"dataset\", \"version\", \"header\"], \"additionalProperties\": false},"
    "  \"Witnessed\": {\"type\": \"object\", \"description\": \"见证者的联署\","
    "    \"properties\": {\"judged\": {\"type\": \"boolean\"}, \"cosigned\": {\"type\": "
    "\"boolean\"},"
    "      \"size\": {\"type\": \"integer\"}, \"time\": {\"type\": \"integer\"}},"
    "    \"required\": [\"judged\", \"cosigned\", \"size\", \"time\"], \"additionalProperties\": "
    "false},"
    "  \"Receipt\": {\"type\": \"object\", \"description\":"
    "    \"回执：text 为 c2sp.org/tlog-proof@v1，证明该结果是签名账本的第 entry 条；request "
    "为本次请求的账目。\","
    "    \"properties\": {\"entry\": {\"type\": \"integer\"}, \"request\": {\"type\": \"integer\"},"
    "      \"text\": {\"type\": \"string\"}},"
    "    \"required\": [\"entry\", \"request\", \"text\"], \"additionalProperties\": false},"
    "  \"Problem\": {\"type\": \"object\", \"properties\": {\"type\": {\"type\": \"string\"},"
    "      \"title\": {\"type\": \"string\"}, \"status\": {\"type\": \"integer\"},"
    "      \"detail\": {\"type\": \"string\"}, \"code\": {\"type\": \"string\"},"
    "      \"category\": {\"type\": \"string\"}, \"field\": {\"type\": \"string\"},"
    "      \"retryable\": {\"type\": \"boolean\"}, \"logged\": {\"type\": \"boolean\"},"
    "      \"entry\": {\"type\": \"integer\"}},"
    "    \"required\": [\"type\", \"title\", \"status\", \"detail\", \"code\"]}"
    " }}";

/* ---- one product ---- */

static json_t *uses_json(const struct sy_product *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->n_uses; i++) {
        (void)json_array_append_new(list,
                                    json_pack("{s:o, s:o}", "code", bridge_text(p->uses[i].code),
                                              "title", bridge_text(p->uses[i].title)));
    }
    return list;
}

static json_t *hash_json(const uint8_t hash[32])
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(128);
    return sy_ok(bridge_put_hash(&b, hash)) ? json_stringn((const char *)b.p + 1, b.n - 2) : NULL;
}

json_t *bridge_product_json(const struct bridge_product *p)
{
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "path",
        p->path, "id", p->hex, "name", bridge_text(p->p.name), "title", bridge_text(p->p.title),
        "version", bridge_text(p->p.version), "form", bridge_text(p->p.form), "class",
        bridge_text(p->p.klass), "price_fen", (json_int_t)p->p.price, "purpose",
        bridge_text(p->sub.purpose), "purpose_title", bridge_text(p->use), "uses", uses_json(&p->p),
        "exchange", bridge_text(p->exchange), "registration", bridge_text(p->registration), "model",
        hash_json(p->p.model), "grant", hash_json(p->p.grant), "openapi",
        json_sprintf("/products/%s/openapi.json", p->path));
}

static void put_problems(json_t *responses)
{
    static const char *const STATUSES[] = {"400", "401", "403", "404", "409", "415",
                                           "422", "429", "500", "502", "503"};
    for (size_t i = 0; i < sizeof(STATUSES) / sizeof(STATUSES[0]); i++) {
        (void)json_object_set_new(responses, STATUSES[i],
                                  json_pack("{s:s}", "$ref", "#/components/responses/Problem"));
    }
}

static json_t *call_operation(const struct bridge_product *p)
{
    json_t *responses = json_pack("{s:{s:s, s:{s:{s:o}}}}", "200", "description", "已核验的结果",
                                  "content", "application/json", "schema", bridge_schema_answer(p));
    if (responses != NULL) {
        put_problems(responses);
    }
    return json_pack(
        "{s:o, s:o, s:o, s:[{s:s}], s:{s:b, s:{s:{s:o}}}, s:o, s:o}", "operationId",
        json_sprintf("call-%s", p->path), "summary", bridge_text(p->p.title), "description",
        json_sprintf("形态 %.*s，类别 %.*s，单价 %" JSON_INTEGER_FORMAT
                     " 分；用途 %.*s；禁止再传播。",
                     SY_PV(p->p.form), SY_PV(p->p.klass), (json_int_t)p->p.price, SY_PV(p->use)),
        "parameters", "$ref", "#/components/parameters/IdempotencyKey", "requestBody", "required",
        1, "content", "application/json", "schema", bridge_schema_call(p), "responses", responses,
        "x-shuyu", bridge_product_json(p));
}

/* ---- documents ---- */

static json_t *list_operation(void)
{
    json_t *responses = json_pack("{s:{s:s, s:{s:{s:{s:s, s:[s], s:{s:{s:s, s:{s:s}}}}}}}}", "200",
                                  "description", "已订阅的产品", "content", "application/json",
                                  "schema", "type", "object", "required", "products", "properties",
                                  "products", "type", "array", "items", "type", "object");
    if (responses != NULL) {
        put_problems(responses);
    }
    return json_pack("{s:s, s:s, s:o}", "operationId", "products", "summary", "已订阅的产品",
                     "responses", responses);
}

static void put_path(json_t *paths, const struct bridge_product *p)
{
    json_t *key = json_sprintf("/products/%s", p->path);
    if (key != NULL) {
        (void)json_object_set_new(paths, json_string_value(key),
                                  json_pack("{s:o}", "post", call_operation(p)));
    }
    json_decref(key);
}

static json_t *info(const struct bridge_product *p)
{
    return p != NULL ? json_pack("{s:o, s:o, s:s}", "title", bridge_text(p->p.title), "version",
                                 bridge_text(p->p.version), "description",
                                 "由数据域发布的产品，经 shuyu bridge 签名调用，结果核验后返回。")
                     : json_pack("{s:s, s:s, s:s}", "title", "数域产品接口", "version",
                                 shuyu_version(), "description", "已订阅产品的全部接口。");
}

json_t *bridge_openapi(const struct bridge_shelf *shelf, const struct bridge_product *product,
                       const char *server)
{
    json_t *paths = json_object();
    if (product != NULL) {
        put_path(paths, product);
    } else {
        (void)json_object_set_new(paths, "/products", json_pack("{s:o}", "get", list_operation()));
        for (size_t i = 0; i < shelf->n; i++) {
            put_path(paths, &shelf->products[i]);
        }
    }
    return json_pack("{s:s, s:s, s:o, s:[{s:s}], s:[{s:[]}], s:o, s:o}", "openapi", "3.1.0",
                     "jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema", "info",
                     info(product), "servers", "url", server, "security", "token", "paths", paths,
                     "components", json_loads(COMPONENTS, 0, NULL));
}
