/*
 * Requests from bytes: what is read, whole or in pieces, and what is refused, with which status.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/reader.h"

static enum bridge_read feed_all(struct bridge_reader *r, const char *text, size_t n, size_t step)
{
    enum bridge_read read = BRIDGE_READ_MORE;
    size_t at = 0;
    while (read == BRIDGE_READ_MORE && at < n) {
        size_t taken = 0;
        size_t piece = step < n - at ? step : n - at;
        read = bridge_reader_feed(r, sy_view(text + at, piece), &taken);
        assert_true(taken <= piece);
        assert_true(read != BRIDGE_READ_MORE || taken == piece);
        at += taken;
    }
    return read;
}

static void check_call(const struct bridge_request *q)
{
    assert_int_equal(q->method, BRIDGE_POST);
    assert_true(sy_view_is(q->target, "/products/burden"));
    assert_true(sy_view_is(q->headers[BRIDGE_HOST], "127.0.0.1:8470"));
    assert_true(sy_view_is(q->headers[BRIDGE_AUTHORIZATION], "Bearer abc"));
    assert_true(sy_view_is(q->headers[BRIDGE_CONTENT_TYPE], "application/json"));
    assert_true(sy_view_is(q->headers[BRIDGE_IDEMPOTENCY_KEY], "k-1"));
    assert_null(q->headers[BRIDGE_ORIGIN].p);
    assert_true(sy_view_is(q->body, "{\"a\":1}"));
    assert_true(q->keep_alive);
}

#define CALL                                                                                       \
    "POST /products/burden HTTP/1.1\r\nHost: 127.0.0.1:8470\r\nAuthorization: Bearer abc\r\n"      \
    "content-TYPE:application/json\r\nIdempotency-Key:   k-1  \r\nX-Other: no: yes\r\n"            \
    "Content-Length: 7\r\n\r\n{\"a\":1}"

static void test_whole_and_pieces(void **state)
{
    (void)state;
    for (size_t step = 1; step <= sizeof(CALL); step++) {
        struct bridge_reader r = {0};
        bridge_reader_next(&r);
        assert_false(bridge_reader_is_begun(&r));
        assert_int_equal(feed_all(&r, CALL, sizeof(CALL) - 1, step), BRIDGE_READ_DONE);
        check_call(&r.request);
        bridge_reader_deinit(&r);
    }
}

/* The second begins where the first ends, and nothing of the first is left. */
static void test_pipelined(void **state)
{
    (void)state;
    static const char two[] = CALL "GET /products HTTP/1.1\r\nHost: localhost\r\nConnection: "
                                   "close\r\n\r\n";
    struct bridge_reader r = {0};
    size_t n = 0;
    bridge_reader_next(&r);
    assert_int_equal(bridge_reader_feed(&r, sy_view(two, sizeof(two) - 1), &n), BRIDGE_READ_DONE);
    assert_int_equal(n, sizeof(CALL) - 1);
    bridge_reader_next(&r);
    struct sy_view rest = sy_view(two + n, sizeof(two) - 1 - n);
    assert_int_equal(bridge_reader_feed(&r, rest, &n), BRIDGE_READ_DONE);
    assert_int_equal(n, rest.n);
    assert_int_equal(r.request.method, BRIDGE_GET);
    assert_true(sy_view_is(r.request.target, "/products"));
    assert_false(r.request.keep_alive);
    assert_null(r.request.headers[BRIDGE_AUTHORIZATION].p);
    assert_int_equal(r.request.body.n, 0);
    bridge_reader_deinit(&r);
}

static const struct {
    const char *name;
    const char *text;
    unsigned status;
} REFUSED[] = {
    {"both lengths", "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
     400},
    {"both, the other way round",
     "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", 400},
    {"chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
    {"a coding of another name", "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\nX: 1\r\n\r\n",
     411},
    {"a coding on a read", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
    {"two lengths", "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", 400},
    {"two equal lengths", "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n", 400},
    {"a list of lengths", "POST / HTTP/1.1\r\nContent-Length: 4, 4\r\n\r\n", 400},
    {"a negative length", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
    {"a signed length", "POST / HTTP/1.1\r\nContent-Length: +4\r\n\r\n", 400},
    {"a length in hex", "POST / HTTP/1.1\r\nContent-Length: 0x4\r\n\r\n", 400},
    {"a length past all bounds", "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
     400},
    {"a long body", "POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413},
    {"no length", "POST / HTTP/1.1\r\nHost: x\r\n\r\n", 411},
    {"a body where none belongs", "GET / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", 400},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400},
    {"two tokens", "GET / HTTP/1.1\r\nAuthorization: a\r\nAuthorization: a\r\n\r\n", 400},
    {"an empty one first", "GET / HTTP/1.1\r\nHost:\r\nHost: localhost\r\n\r\n", 400},
    {"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400},
    {"one bare line feed", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
    {"a bare carriage return", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400},
    {"a folded header", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400},
    {"a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
    {"a header without a colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", 400},
    {"no version", "GET /\r\n\r\n", 505},
    {"an old version", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 505},
    {"a younger version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
    {"TLS", "\x16\x03\x01\x02\r\n\r\n", 400},
    {"nothing but line ends", "\r\n\r\n", 400},
    {"an expectation", "POST / HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", 417},
    {"a coded body", "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Encoding: gzip\r\n\r\n", 415},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++) {
        for (size_t step = 1; step < 200; step += 66) {
            struct bridge_reader r = {0};
            bridge_reader_next(&r);
            enum bridge_read read = feed_all(&r, REFUSED[i].text, strlen(REFUSED[i].text), step);
            if (read != BRIDGE_READ_FAULT || r.status != REFUSED[i].status || r.reason == NULL) {
                fail_msg("%s: result %d, status %u", REFUSED[i].name, (int)read, r.status);
            }
            bridge_reader_deinit(&r);
        }
    }
}

/* A head of n bytes; a target of n bytes. */
static unsigned status_of_head(size_t n)
{
    struct bridge_reader r = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_buf_add_str(&b, "GET / HTTP/1.1\r\nX: "));
    while (b.n < n - 4) {
        check_ok(sy_buf_add_str(&b, "x"));
    }
    check_ok(sy_buf_add_str(&b, "\r\n\r\n"));
    bridge_reader_next(&r);
    enum bridge_read read = feed_all(&r, (const char *)b.p, b.n, 1000);
    unsigned status = read == BRIDGE_READ_DONE ? 200 : r.status;
    bridge_reader_deinit(&r);
    return status;
}

static unsigned status_of_target(size_t n)
{
    struct bridge_reader r = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_buf_add_str(&b, "GET /"));
    while (b.n < n + 4) {
        check_ok(sy_buf_add_str(&b, "a"));
    }
    check_ok(sy_buf_add_str(&b, " HTTP/1.1\r\n\r\n"));
    bridge_reader_next(&r);
    enum bridge_read read = feed_all(&r, (const char *)b.p, b.n, b.n);
    unsigned status = read == BRIDGE_READ_DONE ? 200 : r.status;
    bridge_reader_deinit(&r);
    return status;
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(status_of_head(BRIDGE_HEAD_MAX), 200);
    assert_int_equal(status_of_head(BRIDGE_HEAD_MAX + 1), 431);
    assert_int_equal(status_of_head(1 << 18), 431);
    assert_int_equal(status_of_target(BRIDGE_TARGET_MAX), 200);
    assert_int_equal(status_of_target(BRIDGE_TARGET_MAX + 1), 414);
}

/* The longest body, and not a byte of the next request with it. */
static void test_body(void **state)
{
    (void)state;
    struct bridge_reader r = {0};
    size_t n = 0;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_buf_printf(&b, "POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n", BRIDGE_BODY_MAX));
    size_t head = b.n;
    for (size_t i = 0; i < BRIDGE_BODY_MAX; i++) {
        check_ok(sy_buf_add(&b, i % 2 == 0 ? "\n" : "\0", 1)); /* a body's bytes are free */
    }
    check_ok(sy_buf_add_str(&b, "GET"));
    bridge_reader_next(&r);
    assert_int_equal(bridge_reader_feed(&r, sy_buf_view(&b), &n), BRIDGE_READ_DONE);
    assert_int_equal(n, head + BRIDGE_BODY_MAX);
    assert_int_equal(r.request.body.n, BRIDGE_BODY_MAX);
    bridge_reader_deinit(&r);
}

static void test_methods(void **state)
{
    static const struct {
        const char *text;
        enum bridge_method method;
    } rows[] = {{"GET / HTTP/1.1\r\n\r\n", BRIDGE_GET},
                {"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", BRIDGE_POST},
                {"PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", BRIDGE_OTHER},
                {"DELETE / HTTP/1.1\r\n\r\n", BRIDGE_OTHER},
                {"HEAD / HTTP/1.1\r\n\r\n", BRIDGE_OTHER},
                {"OPTIONS * HTTP/1.1\r\n\r\n", BRIDGE_OTHER},
                {"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", BRIDGE_GET}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bridge_reader r = {0};
        bridge_reader_next(&r);
        assert_int_equal(feed_all(&r, rows[i].text, strlen(rows[i].text), 7), BRIDGE_READ_DONE);
        assert_int_equal(r.request.method, rows[i].method);
        bridge_reader_deinit(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_pieces),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_methods),
    };
    return cmocka_run_group_tests_name("bridge_reader", tests, NULL, NULL);
}
