/*
 * The courier without its network: the request's bytes; responses whole,
 * byte by byte, cut off at every byte, too large, damaged at random (SHUYU_SEED).
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "courier/http.h"
#include "wire/url.h"

/* ---- requests ---- */

static void test_request(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    struct sy_url u;
    struct sy_courier_ask ask = {.verb = sy_view_str("POST"),
                                 .content_type = sy_view_str("text/plain"),
                                 .body = sy_view("a\0b", 3)};
    static const char want[] = "POST /x?y HTTP/1.1\r\nHost: a:81\r\nUser-Agent: shuyu-courier\r\n"
                               "Accept-Encoding: identity\r\nConnection: close\r\n"
                               "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\na\0b";
    check_ok(sy_url_parse(sy_view_str("http://a:81/x?y"), &u, NULL));
    check_ok(courier_request_put(&b, &u, &ask));
    assert_int_equal(b.n, sizeof(want) - 1);
    assert_memory_equal(b.p, want, sizeof(want) - 1);
    sy_buf_clear(&b);
    ask = (struct sy_courier_ask){.verb = sy_view_str("GET")};
    check_ok(courier_request_put(&b, &u, &ask));
    assert_true(sy_view_starts(sy_buf_view(&b), sy_view_str("GET /x?y HTTP/1.1\r\n")));
    check_ok(sy_buf_add(&b, "", 1));
    assert_null(strstr((const char *)b.p, "Content-"));
}

/* ---- responses ---- */

struct outcome {
    int32_t code; /* of the first call that failed; SY_E_CLOSED when it was cut off */
    unsigned status;
    char type[SY_COURIER_TYPE_MAX + 1];
    char body[64];
};

/* Feed in pieces of `step` bytes, then the connection's end. */
static struct outcome take(struct sy_view bytes, size_t step, bool is_clean)
{
    struct courier_response r;
    struct outcome o = {0};
    sy_status s = SY_OK;
    courier_response_init(&r);
    for (size_t at = 0; sy_ok(s) && at < bytes.n; at += step) {
        size_t n = bytes.n - at < step ? bytes.n - at : step;
        uint8_t *copy = test_malloc(n); /* so that a sanitizer sees a step beyond */
        memcpy(copy, bytes.p + at, n);
        s = courier_response_feed(&r, sy_view(copy, n), NULL);
        test_free(copy);
    }
    if (sy_ok(s)) {
        s = courier_response_end(&r, is_clean, NULL);
    }
    o.code = s.code;
    if (sy_ok(s)) {
        struct sy_courier_answer a = courier_response_answer(&r);
        o.status = (unsigned)a.status;
        sy_view_to_cstr(a.content_type, o.type, sizeof(o.type));
        sy_view_to_cstr(a.body, o.body, sizeof(o.body));
    }
    courier_response_deinit(&r);
    return o;
}

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

static const struct {
    const char *text;
    int32_t code;
    unsigned status;
    const char *type, *body;
} RESPONSES[] = {
    {OK_HEAD "Content-Length: 3\r\nContent-Type: text/plain\r\n\r\nabc", 0, 200, "text/plain",
     "abc"},
    {OK_HEAD "content-type:  text/x.tlog.size \r\ncontent-length: 2\r\n\r\n5\n", 0, 200,
     "text/x.tlog.size ", "5\n"},
    {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: t\r\n\r\n", 0, 200,
     "", "abc"},
    {OK_HEAD "\r\nuntil the end", 0, 200, "", "until the end"},
    {"HTTP/1.0 200 OK\r\n\r\nold", 0, 200, "", "old"},
    {"HTTP/1.1 204 No Content\r\n\r\n", 0, 204, "", ""},
    {"HTTP/1.1 302 Found\r\nLocation: http://b/\r\nContent-Length: 0\r\n\r\n", 0, 302, "", ""},
    {"HTTP/1.1 100 Continue\r\n\r\n" OK_HEAD "Content-Length: 1\r\n\r\nx", 0, 200, "", "x"},
    {"HTTP/1.1 103 Early Hints\r\nContent-Type: a/b\r\n\r\n" OK_HEAD "Content-Length: 1\r\n\r\nx",
     0, 200, "", "x"},
    {OK_HEAD "Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n\r\n", 0, 200, "a/b",
     ""},
    {OK_HEAD "Content-Type: a/\xC3\xA9\r\nContent-Length: 0\r\n\r\n", 0, 200, "", ""},
    {OK_HEAD "Content-Length: 1\r\n\r\nx and more", 0, 200, "", "x"},
    /* no HTTP, or read by others in another way */
    {"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", SY_E_IO, 0, "", ""},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", SY_E_IO, 0,
     "", ""},
    {"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", SY_E_IO, 0, "", ""},
    {"SSH-2.0-OpenSSH\r\n", SY_E_IO, 0, "", ""},
    {"GET / HTTP/1.1\r\n\r\n", SY_E_IO, 0, "", ""},
    {OK_HEAD "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy", SY_E_IO, 0, "", ""},
    {OK_HEAD "Content-Length: -1\r\n\r\n", SY_E_IO, 0, "", ""},
    {OK_HEAD "Content-Length: 99999999999999999999999\r\n\r\n", SY_E_IO, 0, "", ""},
    {OK_HEAD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", SY_E_IO, 0, "",
     ""},
    {OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n", SY_E_IO, 0, "", ""},
    {OK_HEAD "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", SY_E_IO, 0, "", ""},
    {OK_HEAD "A: b\r\n folded\r\nB\x01: c\r\n\r\n", SY_E_IO, 0, "", ""},
    /* cut off */
    {"", SY_E_CLOSED, 0, "", ""},
    {"HTTP/1.1 100 Continue\r\n\r\n", SY_E_CLOSED, 0, "", ""},
    {OK_HEAD "Content-Length: 3\r\n\r\nab", SY_E_CLOSED, 0, "", ""},
    {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", SY_E_CLOSED, 0, "", ""},
    /* too large */
    {OK_HEAD "Content-Length: 262145\r\n\r\n", SY_E_LIMIT, 0, "", ""},
};
enum { N_RESPONSES = sizeof(RESPONSES) / sizeof(RESPONSES[0]) };

static void test_responses(void **state)
{
    (void)state;
    static const size_t steps[] = {1 << 20, 1, 2, 7};
    for (size_t i = 0; i < N_RESPONSES; i++) {
        for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
            struct outcome o = take(sy_view_str(RESPONSES[i].text), steps[k], true);
            if (o.code != RESPONSES[i].code || o.status != RESPONSES[i].status ||
                strcmp(o.type, RESPONSES[i].type) != 0 || strcmp(o.body, RESPONSES[i].body) != 0) {
                fail_msg("%s by %zu: %s, %u, %s, %s", RESPONSES[i].text, steps[k],
                         sy_code_name(o.code), o.status, o.type, o.body);
            }
        }
    }
}

/* A response that says how long it is is never complete before that, however it is cut; and one that the
 * connection's end ends is complete only when that end can be believed. */
static void test_cut_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sy_view whole = sy_view_str(RESPONSES[i].text);
        for (size_t n = 0; n < whole.n; n++) {
            assert_int_equal(take(sy_view(whole.p, n), 5, true).code, SY_E_CLOSED);
        }
        assert_int_equal(take(whole, 5, false).code, 0);
    }
    assert_int_equal(take(sy_view_str(RESPONSES[3].text), 5, false).code, SY_E_CLOSED);
}

/* Endless is what a server can make of anything. */
static void test_endless(void **state)
{
    (void)state;
    static const struct {
        const char *head, *again;
    } rows[] = {
        {"", "\r\n"},
        {"HTTP/1.1 200 ", "O"},
        {OK_HEAD, "A: b\r\n"},
        {OK_HEAD "A", "A"},
        {OK_HEAD "A: ", "b"},
        {OK_HEAD "A: b", " "},
        {"", "HTTP/1.1 100 Continue\r\n\r\n"},
        {OK_HEAD "\r\n", "b"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1;", "x"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n", "T: t\r\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct courier_response r;
        courier_response_init(&r);
        sy_status s = courier_response_feed(&r, sy_view_str(rows[i].head), NULL);
        size_t n = 0;
        while (sy_ok(s) && n < 4 * (size_t)COURIER_RAW_MAX) {
            s = courier_response_feed(&r, sy_view_str(rows[i].again), NULL);
            n += strlen(rows[i].again);
        }
        if (s.code != SY_E_LIMIT && s.code != SY_E_IO) {
            fail_msg("row %zu went on for %zu bytes", i, n);
        }
        assert_true(r.body.n <= SY_COURIER_BODY_MAX);
        courier_response_deinit(&r);
    }
}

static void test_largest_body(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct courier_response r;
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
        check_ok(sy_buf_add_str(&b, OK_HEAD "\r\n"));
        for (size_t i = 0; i < SY_COURIER_BODY_MAX + more; i++) {
            check_ok(sy_buf_add(&b, "x", 1));
        }
        courier_response_init(&r);
        sy_status s = courier_response_feed(&r, sy_buf_view(&b), NULL);
        check_code(s, more == 0 ? 0 : SY_E_LIMIT);
        courier_response_deinit(&r);
    }
}

static unsigned seed(void)
{
    const char *set = getenv("SHUYU_SEED");
    unsigned value = set != NULL ? (unsigned)strtoul(set, NULL, 10) : (unsigned)time(NULL);
    print_message("# SHUYU_SEED=%u\n", value);
    return value;
}

static uint32_t draw(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*state >> 33);
}

/* Damaged anywhere: whatever comes of it, it comes however the bytes are cut. */
static void test_damaged(void **state)
{
    (void)state;
    uint64_t chance = seed();
    for (size_t round = 0; round < 20000; round++) {
        char text[256];
        const char *from = RESPONSES[draw(&chance) % N_RESPONSES].text;
        size_t n = strlen(from);
        memcpy(text, from, n);
        for (size_t i = draw(&chance) % 4; n > 0 && i > 0; i--) {
            text[draw(&chance) % n] = (char)draw(&chance);
        }
        struct outcome whole = take(sy_view(text, n), n + 1, true);
        struct outcome bytes = take(sy_view(text, n), 1, true);
        assert_int_equal(whole.code, bytes.code);
        assert_int_equal(whole.status, bytes.status);
        assert_string_equal(whole.type, bytes.type);
        assert_string_equal(whole.body, bytes.body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),      cmocka_unit_test(test_responses),
        cmocka_unit_test(test_cut_off),      cmocka_unit_test(test_endless),
        cmocka_unit_test(test_largest_body), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("courier", tests, NULL, NULL);
}
