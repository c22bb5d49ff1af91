/*
 * From the domain's pages to the buyer's interface: what comes onto the shelf, the generated document to the
 * letter (test_openapi.json), and which bodies it allows.
 */
#include "test_kit.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/fdio.h"
#include "bridge/json.h"
#include "bridge/openapi.h"
#include "bridge/params.h"
#include "bridge/problem.h"

/* --- the shelf ------------------------------------------------------------------------------------- */

static struct bridge_shelf *one_product(void)
{
    struct kit_page products = {0};
    struct kit_page subs = {0};
    char hex[65];
    struct sy_product p = kit_product("visits");
    kit_add_product(&products, &p, "published", hex);
    kit_subscribe(&subs, hex, "shop", "active");
    struct bridge_shelf *s = kit_shelf(&products, &subs);
    sy_arena_deinit(&products.arena);
    sy_arena_deinit(&subs.arena);
    assert_int_equal(s->n, 1);
    return s;
}

static void test_shelf(void **state)
{
    (void)state;
    struct bridge_shelf *s = one_product();
    const struct bridge_product *p = bridge_shelf_find(s, sy_view_str("visits"));
    assert_non_null(p);
    assert_string_equal(p->path, "visits");
    assert_true(sy_view_is(p->exchange, "SD-2026-7"));
    assert_true(sy_view_is(p->use, "服务规划"));
    assert_int_equal(p->p.price, 250);
    assert_ptr_equal(bridge_shelf_find(s, sy_view_str(p->hex)), p);
    assert_null(bridge_shelf_find(s, sy_view_str("visit")));
    assert_null(bridge_shelf_find(s, sy_view_str("")));
    bridge_shelf_drop(bridge_shelf_hold(s));
    assert_non_null(bridge_shelf_find(s, sy_view_str("visits")));
    bridge_shelf_drop(s);
}

/* What is not published, not subscribed to (any more, or by another), or not what its id says, is not there. */
static void test_left_out(void **state)
{
    (void)state;
    struct kit_page products = {0};
    struct kit_page subs = {0};
    char hex[8][65];
    static const char *const names[8] = {"good",  "withdrawn", "unsubscribed", "ended",
                                         "rival", "forged",    "asserted",     "last"};
    for (size_t i = 0; i < 8; i++) {
        struct sy_product p = kit_product(names[i]);
        p.params[0].asserted = i == 6;
        kit_add_product(&products, &p, i == 1 ? "withdrawn" : "published", hex[i]);
        p.params[0].asserted = false;
        if (i == 5) { /* another product under this id */
            char key[128];
            (void)snprintf(key, sizeof(key), "product/%s", hex[0]);
            memcpy((void *)(uintptr_t)products.rows[products.n - 1].key.p, key, strlen(key));
        }
        if (i != 2) {
            kit_subscribe(&subs, hex[i], i == 4 ? "rival" : "shop", i == 3 ? "ended" : "active");
        }
    }
    struct bridge_shelf *s = kit_shelf(&products, &subs);
    assert_int_equal(s->n, 2);
    assert_string_equal(s->products[0].path, "good");
    assert_string_equal(s->products[1].path, "last");
    bridge_shelf_drop(s);
    sy_arena_deinit(&products.arena);
    sy_arena_deinit(&subs.arena);
}

/* Two of one name, and one whose name is no path: all by their ids. */
static void test_paths(void **state)
{
    (void)state;
    struct kit_page products = {0};
    struct kit_page subs = {0};
    char hex[3][65];
    for (size_t i = 0; i < 3; i++) {
        struct sy_product p = kit_product(i < 2 ? "twice" : "就诊");
        p.version = sy_view_str(i == 0 ? "1" : "2");
        kit_add_product(&products, &p, "published", hex[i]);
        kit_subscribe(&subs, hex[i], "shop", "active");
    }
    struct bridge_shelf *s = kit_shelf(&products, &subs);
    assert_int_equal(s->n, 3);
    assert_null(bridge_shelf_find(s, sy_view_str("twice")));
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(bridge_shelf_find(s, sy_view_str(hex[i])));
    }
    bridge_shelf_drop(s);
    sy_arena_deinit(&products.arena);
    sy_arena_deinit(&subs.arena);
}

static void test_pages(void **state)
{
    (void)state;
    struct kit_page page = {.more = true};
    struct bridge_shelf *s = bridge_shelf_new();
    bool more = false;
    struct sy_view after = {0};
    char hex[65];
    struct sy_product p = kit_product("visits");
    kit_add_product(&page, &p, "published", hex);
    check_ok(bridge_shelf_take(s, 0, kit_bytes(&page), "shop", &more, &after));
    assert_true(more);
    assert_true(sy_view_eq(after, page.rows[0].key));
    page.n = 0; /* "more" behind nothing would never end */
    check_code(bridge_shelf_take(s, 0, kit_bytes(&page), "shop", &more, &after), SY_E_LIMIT);
    assert_false(sy_ok(bridge_shelf_take(s, 0, sy_view_str("no page"), "shop", &more, &after)));
    bridge_shelf_drop(s);
    sy_arena_deinit(&page.arena);
}

/* --- the document ------------------------------------------------------------------------------------ */

static void check_golden(json_t *now, const char *name)
{
    char path[512];
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    SY_BUF_CLEANUP struct sy_buf then = sy_buf(1 << 20);
    (void)snprintf(path, sizeof(path), "%s/sdk/bridge/%s", root != NULL ? root : ".", name);
    char *text = json_dumps(now, JSON_INDENT(2));
    assert_non_null(text);
    if (getenv("SHUYU_BRIDGE_GOLDEN") != NULL) { /* where the present document is wanted */
        assert_int_equal(json_dump_file(now, getenv("SHUYU_BRIDGE_GOLDEN"), JSON_INDENT(2)), 0);
    }
    check_ok(sy_read_file_at(AT_FDCWD, path, &then));
    check_ok(sy_buf_add(&then, "", 1));
    size_t n = strlen((const char *)then.p);
    if (n > 0 && then.p[n - 1] == '\n') {
        then.p[n - 1] = '\0';
    }
    assert_string_equal(text, (const char *)then.p);
    free(text);
}

static void test_document(void **state)
{
    (void)state;
    struct bridge_shelf *s = one_product();
    json_t *one = bridge_openapi(s, &s->products[0], "http://127.0.0.1:8470");
    json_t *all = bridge_openapi(s, NULL, "http://127.0.0.1:8470");
    json_t *post = json_object_get(json_object_get(one, "paths"), "/products/visits");
    assert_non_null(post);
    assert_true(
        json_equal(post, json_object_get(json_object_get(all, "paths"), "/products/visits")));
    assert_non_null(json_object_get(json_object_get(all, "paths"), "/products"));
    assert_true(json_equal(json_object_get(one, "components"), json_object_get(all, "components")));
    check_golden(one, "test_openapi.json");
    json_decref(one);
    json_decref(all);
    bridge_shelf_drop(s);
}

static json_t *at(json_t *from, const char *const *path)
{
    for (; *path != NULL; path++) {
        from = json_object_get(from, *path);
    }
    return from;
}

/* Every parameter's type and values, by hand. */
static void test_parameters(void **state)
{
    static const char *const want[][2] = {
        {"year", "{\"type\":\"integer\",\"enum\":[2019,2020,-3],\"x-shuyu-kind\":\"int\"}"},
        {"urban", "{\"type\":\"boolean\",\"enum\":[false,true],\"x-shuyu-kind\":\"bool\"}"},
        {"sex", "{\"type\":\"string\",\"enum\":[\"女\",\"男\\\"\"],\"x-shuyu-kind\":\"str\"}"},
        {"since", "{\"type\":\"string\",\"enum\":[\"2020-01-01\",\"2020-02-01\"],"
                  "\"x-shuyu-kind\":\"date\",\"format\":\"date\"}"}};
    (void)state;
    struct bridge_shelf *s = one_product();
    json_t *schema = bridge_schema_call(&s->products[0]);
    json_t *params = at(schema, (const char *const[]){"properties", "params", "properties", NULL});
    assert_int_equal(json_object_size(params), 6);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        json_t *w = json_loads(want[i][1], 0, NULL);
        assert_non_null(w);
        assert_true(json_equal(w, json_object_get(params, want[i][0])));
        json_decref(w);
    }
    json_t *cut = at(params, (const char *const[]){"cut", "enum", NULL});
    assert_string_equal(json_string_value(json_array_get(cut, 0)),
                        "0.50"); /* no rounding on the way */
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    json_decref(schema);
    bridge_shelf_drop(s);
}

/* --- bodies --------------------------------------------------------------------------------------------- */

#define PARAMS                                                                                     \
    "\"params\":{\"year\":-3,\"urban\":true,\"sex\":\"男\\\"\",\"since\":\"2020-02-01\","         \
    "\"when\":\"2020-Q3\",\"cut\":\"12.25\"}"

static void test_good_body(void **state)
{
    static const char *const want[6][2] = {{"year", "-3"},      {"urban", "true"},
                                           {"sex", "男\""},     {"since", "2020-02-01"},
                                           {"when", "2020-Q3"}, {"cut", "12.25"}};
    (void)state;
    struct bridge_shelf *s = one_product();
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct bridge_ask ask;
    shuyu_error e = {0};
    assert_int_equal(bridge_ask_read(sy_view_str("{\"purpose\":\"planning\"," PARAMS "}"),
                                     &s->products[0], &arena, &ask, &e),
                     0);
    assert_string_equal(ask.purpose, "planning");
    assert_int_equal(ask.n_params, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(ask.params[i].name, want[i][0]);
        assert_string_equal(ask.params[i].value, want[i][1]);
    }
    bridge_shelf_drop(s);
}

static const struct {
    const char *body;
    int code;
    const char *field;
} BAD_BODIES[] = {
    {"", SHUYU_E_USAGE, ""},
    {"{", SHUYU_E_USAGE, ""},
    {"[]", SHUYU_E_USAGE, ""},
    {"null", SHUYU_E_USAGE, ""},
    {"{\"purpose\":\"planning\"," PARAMS "} x", SHUYU_E_USAGE, ""},
    {"{\"purpose\":\"planning\",\"purpose\":\"planning\"," PARAMS "}", SHUYU_E_USAGE, ""},
    {"{\"purpose\":\"pl\\u0000\"," PARAMS "}", SHUYU_E_USAGE, ""},
    {"{\"purpose\":\"\xff\"," PARAMS "}", SHUYU_E_USAGE, ""},
    {"{" PARAMS "}", SHUYU_E_FIELD, "purpose"},
    {"{\"purpose\":7," PARAMS "}", SHUYU_E_FIELD, "purpose"},
    {"{\"purpose\":\"\"," PARAMS "}", SHUYU_E_FIELD, "purpose"},
    {"{\"purpose\":\"planning\",\"extra\":1," PARAMS "}", SHUYU_E_FIELD, "extra"},
    {"{\"purpose\":\"planning\"}", SHUYU_E_FIELD, "params.year"},
    {"{\"purpose\":\"planning\",\"params\":[]}", SHUYU_E_FIELD, "params"},
    {"{\"purpose\":\"planning\",\"params\":{\"year\":\"2020\"}}", SHUYU_E_FIELD, "params.year"},
    {"{\"purpose\":\"planning\",\"params\":{\"year\":2020.0}}", SHUYU_E_FIELD, "params.year"},
    {"{\"purpose\":\"planning\",\"params\":{\"year\":null}}", SHUYU_E_FIELD, "params.year"},
    {"{\"purpose\":\"planning\",\"params\":{\"year\":2021}}", SHUYU_E_FIELD, "params.year"},
    {"{\"purpose\":\"planning\",\"params\":{\"year\":2020,\"urban\":\"true\"}}", SHUYU_E_FIELD,
     "params.urban"},
    {"{\"purpose\":\"planning\",\"params\":{\"year\":2020,\"urban\":1}}", SHUYU_E_FIELD,
     "params.urban"},
    {"{\"purpose\":\"planning\",\"params\":{\"year\":2020,\"urban\":true,\"sex\":\"男\"}}",
     SHUYU_E_FIELD, "params.sex"},
    {"{\"purpose\":\"planning\",\"params\":{\"bogus\":1}}", SHUYU_E_FIELD, "params.bogus"},
    {"{\"purpose\":\"planning\",\"params\":{\"Year\":2020}}", SHUYU_E_FIELD, "params.Year"},
};

static void test_bad_bodies(void **state)
{
    (void)state;
    struct bridge_shelf *s = one_product();
    for (size_t i = 0; i < sizeof(BAD_BODIES) / sizeof(BAD_BODIES[0]); i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct bridge_ask ask;
        shuyu_error e = {0};
        shuyu_status code =
            bridge_ask_read(sy_view_str(BAD_BODIES[i].body), &s->products[0], &arena, &ask, &e);
        if (code != BAD_BODIES[i].code || e.code != code ||
            strcmp(e.field, BAD_BODIES[i].field) != 0) {
            fail_msg("%s: %s %s", BAD_BODIES[i].body, shuyu_error_name(code), e.field);
        }
    }
    bridge_shelf_drop(s);
}

/* --- small forms ---------------------------------------------------------------------------------------- */

static void test_json_forms(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    check_ok(bridge_put_decimal(&b, INT64_MIN, 0));
    check_ok(sy_buf_add_str(&b, " "));
    check_ok(bridge_put_decimal(&b, -5, 2));
    check_ok(sy_buf_add_str(&b, " "));
    check_ok(bridge_put_decimal(&b, INT64_MAX, 18));
    check_ok(sy_buf_add_str(&b, " "));
    check_ok(bridge_put_text(&b, sy_view_str("a\"\\\n\x7f男")));
    assert_true(sy_view_is(sy_buf_view(&b), "-9223372036854775808 -0.05 9.223372036854775807 "
                                            "\"a\\u0022\\u005c\\u000a\\u007f男\""));
    check_code(bridge_put_decimal(&b, 1, 19), SY_E_FIELD);
}

static void test_statuses(void **state)
{
    static const struct {
        int code;
        unsigned status;
    } want[] = {{SHUYU_E_DISGUISED, 403},
                {SHUYU_E_ROLE, 403},
                {SHUYU_E_SUSPENDED, 403},
                {SHUYU_E_GRANT, 403},
                {SHUYU_E_REFUSED, 403},
                {SHUYU_E_NOT_FOUND, 404},
                {SHUYU_E_STATE, 409},
                {SHUYU_E_FIELD, 422},
                {SHUYU_E_BUDGET, 429},
                {SHUYU_E_CALLS, 429},
                {SHUYU_E_RATE, 429},
                {SHUYU_E_PROOF, 502},
                {SHUYU_E_SIGNATURE, 502},
                {SHUYU_E_ROLLBACK, 502},
                {SHUYU_E_UNSIGNED, 502},
                {SHUYU_E_BUSY, 503},
                {SHUYU_E_STOPPING, 503},
                {SHUYU_E_CLOSED, 503},
                {SHUYU_E_TIMEOUT, 503},
                {SHUYU_E_INTERNAL, 500},
                {0, 500},
                {1 << 20, 500},
                {-1, 500}};
    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        assert_int_equal(bridge_status_of(want[i].code), want[i].status);
        assert_string_not_equal(bridge_phrase_of(want[i].status), "Error");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shelf),      cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_paths),      cmocka_unit_test(test_pages),
        cmocka_unit_test(test_document),   cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_good_body),  cmocka_unit_test(test_bad_bodies),
        cmocka_unit_test(test_json_forms), cmocka_unit_test(test_statuses),
    };
    return cmocka_run_group_tests_name("bridge_openapi", tests, NULL, NULL);
}
