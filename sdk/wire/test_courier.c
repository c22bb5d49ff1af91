/* The courier's edge: what one end writes the other reads; what is out of the limits neither writes nor
 * takes. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "wire/courier.h"

static struct sy_courier_ask good_ask(void)
{
    return (struct sy_courier_ask){.verb = sy_view_str("POST"),
                                   .url = sy_view_str("https://witness.example/add-checkpoint"),
                                   .content_type = sy_view_str("text/plain"),
                                   .body = sy_view("old 0\n\0x", 8),
                                   .timeout_ms = 5000};
}

static void read_ask(const struct sy_buf *b, struct sy_rpc_msg *m, struct sy_courier_ask *ret)
{
    struct sy_error e = {0};
    check_ok(sy_rpc_parse(sy_buf_view(b), &SY_COURIER_FRAME, m, &e));
    check_ok(sy_courier_get_ask(m, ret, &e));
}

static void test_ask(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    struct sy_courier_ask ask = good_ask(), got;
    check_ok(sy_courier_put_ask(&b, 7, &ask));
    read_ask(&b, &m, &got);
    assert_int_equal(m.id, 7);
    assert_true(sy_view_eq(got.verb, ask.verb) && sy_view_eq(got.url, ask.url));
    assert_true(sy_view_eq(got.content_type, ask.content_type) && sy_view_eq(got.body, ask.body));
    assert_int_equal(got.timeout_ms, 5000);
}

/* The largest request and the largest answer fit a frame. */
static void test_largest(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(SY_COURIER_BODY_MAX + 1);
    SY_BUF_CLEANUP struct sy_buf url = sy_buf(SY_COURIER_URL_MAX + 1);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    struct sy_courier_ask ask = good_ask(), got;
    while (body.n < SY_COURIER_BODY_MAX) {
        check_ok(sy_buf_add(&body, "x", 1));
    }
    while (url.n < SY_COURIER_URL_MAX) {
        check_ok(sy_buf_add(&url, "u", 1));
    }
    ask.body = sy_buf_view(&body);
    ask.url = sy_buf_view(&url);
    check_ok(sy_courier_put_ask(&b, UINT32_MAX, &ask));
    read_ask(&b, &m, &got);
    assert_int_equal(got.body.n, SY_COURIER_BODY_MAX);
    check_ok(sy_buf_add(&body, "x", 1));
    ask.body = sy_buf_view(&body);
    size_t before = b.n;
    check_code(sy_courier_put_ask(&b, 1, &ask), SY_E_LIMIT);
    assert_int_equal(b.n, before);
    struct sy_courier_answer answer = {.status = 200, .body = sy_buf_view(&body)};
    check_code(sy_courier_put_answer(&b, 1, &answer), SY_E_FIELD);
    assert_int_equal(b.n, before);
}

static void test_refused_asks(void **state)
{
    (void)state;
    const struct {
        const char *verb, *url, *type, *field;
        uint64_t timeout_ms;
        size_t n_body;
        int32_t code;
    } rows[] = {
        {"PUT", "http://a/", "", "verb", 1, 0, SY_E_FIELD},
        {"", "http://a/", "", "verb", 1, 0, SY_E_FIELD},
        {"GET", "", "", "url", 1, 0, SY_E_FIELD},
        {"GET", "http://a/\r\nX: y", "", "url", 1, 0, SY_E_FIELD},
        {"GET", "http://a/\x80", "", "url", 1, 0, SY_E_FIELD},
        {"POST", "http://a/", "a\nb", "content_type", 1, 0, SY_E_FIELD},
        {"POST", "http://a/", "", "timeout", 0, 0, SY_E_FIELD},
        {"POST", "http://a/", "", "timeout", SY_COURIER_TIMEOUT_MAX_MS + 1, 0, SY_E_FIELD},
        {"GET", "http://a/", "", "body", 1, 1, SY_E_LIMIT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sy_error e = {0};
        struct sy_courier_ask ask = {.verb = sy_view_str(rows[i].verb),
                                     .url = sy_view_str(rows[i].url),
                                     .content_type = sy_view_str(rows[i].type),
                                     .body = sy_view("b", rows[i].n_body),
                                     .timeout_ms = rows[i].timeout_ms};
        check_code(sy_courier_ask_check(&ask, &e), rows[i].code);
        assert_string_equal(e.field, rows[i].field);
    }
}

static sy_status read_answer(const struct sy_buf *b, struct sy_courier_answer *ret,
                             struct sy_error *reterr)
{
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    check_ok(sy_rpc_parse(sy_buf_view(b), &SY_COURIER_FRAME, &m, NULL));
    return sy_courier_get_answer(&m, ret, reterr);
}

static void test_answer(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct sy_courier_answer answer = {
        .status = 409, .content_type = sy_view_str("text/x.tlog.size"), .body = sy_view("5\n", 2)};
    struct sy_courier_answer got = {0};
    struct sy_error e = {0};
    check_ok(sy_courier_put_answer(&b, 3, &answer));
    check_ok(read_answer(&b, &got, &e));
    assert_int_equal(got.status, 409);
    assert_true(sy_view_eq(got.content_type, answer.content_type));
    assert_true(sy_view_eq(got.body, answer.body));
}

static void test_told_error(void **state)
{
    (void)state;
    const int32_t codes[][2] = {{SY_E_TIMEOUT, SY_E_TIMEOUT}, {SY_E_FRAME, SY_E_IO}};
    for (size_t i = 0; i < 2; i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
        struct sy_error told = {0}, e = {0};
        struct sy_courier_answer got = {0};
        (void)sy_fail(&told, codes[i][0], "host", "why");
        check_ok(sy_rpc_put_error(&b, 3, &told));
        check_code(read_answer(&b, &got, &e), codes[i][1]);
        assert_string_equal(e.field, "host");
        assert_string_equal(e.reason, "why");
    }
}

/* Nothing but what put_answer writes is an answer. */
static void test_no_answers(void **state)
{
    (void)state;
    const struct {
        const char *bytes;
        size_t n;
    } rows[] = {
        {"\x94\x01\x03\xC0\xC0", 5},                          /* nil */
        {"\x94\x01\x03\xC0\x92\xCC\xC8\xA0", 8},              /* two elements */
        {"\x94\x01\x03\xC0\x93\xCC\xC8\xA0\xA0", 9},          /* a body that is text */
        {"\x94\x01\x03\xC0\x93\xCC\xC8\xC4\x00\xC4\x00", 11}, /* a type that is bytes */
        {"\x94\x01\x03\xC0\x93\x64\xA0\xC4\x00", 9},          /* status 100 */
        {"\x94\x01\x03\xC0\x93\xCD\x02\x58\xA0\xC4\x00", 11}, /* status 600 */
        {"\x94\x01\x03\xC0\x93\xFF\xA0\xC4\x00", 9},          /* status -1 */
        {"\x94\x01\x03\xC0\x93\xCC\xC8\xA1\x0A\xC4\x00", 11}, /* a type with a line's end */
        {"\x94\x00\x03\xA4http\x90", 9},                      /* a request */
        {"\x93\x02\xA4http\x90", 8},                          /* a notification */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(64);
        struct sy_courier_answer got = {0};
        check_ok(sy_buf_add(&b, rows[i].bytes, rows[i].n));
        check_code(read_answer(&b, &got, NULL), SY_E_FRAME);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ask),          cmocka_unit_test(test_largest),
        cmocka_unit_test(test_refused_asks), cmocka_unit_test(test_answer),
        cmocka_unit_test(test_told_error),   cmocka_unit_test(test_no_answers),
    };
    return cmocka_run_group_tests_name("wire_courier", tests, NULL, NULL);
}
