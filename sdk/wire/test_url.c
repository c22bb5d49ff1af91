/* Which URLs are taken and as what, and under which of them paths may be asked for. */
#include "check.h"

#include <string.h>

#include "wire/url.h"

static void test_good_urls(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *port, *authority, *target;
        bool is_tls, is_address;
    } rows[] = {
        {"http://a", "a", "80", "a", "/", false, false},
        {"https://a/", "a", "443", "a", "/", true, false},
        {"https://w.example:8443/add-checkpoint", "w.example", "8443", "w.example:8443",
         "/add-checkpoint", true, false},
        {"http://w.example?x=1&y=%20", "w.example", "80", "w.example", "/?x=1&y=%20", false, false},
        {"http://127.0.0.1:1/", "127.0.0.1", "1", "127.0.0.1:1", "/", false, true},
        {"https://[::1]:65535/a/b", "::1", "65535", "[::1]:65535", "/a/b", true, true},
        {"http://[2001:DB8::1]", "2001:DB8::1", "80", "[2001:DB8::1]", "/", false, true},
        {"http://xn--bcher-kva.example/~a!$&'()*+,;=:@", "xn--bcher-kva.example", "80",
         "xn--bcher-kva.example", "/~a!$&'()*+,;=:@", false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sy_url u;
        check_ok(sy_url_parse(sy_view_str(rows[i].text), &u, NULL));
        assert_string_equal(u.host, rows[i].host);
        assert_string_equal(u.port, rows[i].port);
        assert_string_equal(u.authority, rows[i].authority);
        assert_string_equal(u.target, rows[i].target);
        assert_int_equal(u.is_tls, rows[i].is_tls);
        assert_int_equal(u.is_address, rows[i].is_address);
    }
}

static void test_bad_urls(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "a",
        "ftp://a/",
        "HTTP://a/",
        "http:/a/",
        "http://",
        "https:///x",
        "http://:80/",
        "http://user@a/",
        "http://user:pass@a/",
        "http://a@b/",
        "http://a:80@b/",
        "http://a:0/",
        "http://a:08/",
        "http://a:65536/",
        "http://a:999999/",
        "http://a:/",
        "http://a:-1/",
        "http://a:8x/",
        "http://a b/",
        "http://a/ b",
        "http://a/\r\nX: y",
        "http://a/\x01",
        "http://a/\x7f",
        "http://a/\xc3\xa9",
        "http://a\\b/",
        "http://a/\\b",
        "http://a#f",
        "http://a/#f",
        "http://a/<",
        "http://a/\"",
        "http://[::1",
        "http://[::g]/",
        "http://[::1]x/",
        "http://[127.0.0.1]/",
        "http://[fe80::1%25eth0]/",
        "http://.a/",
        "http://-a/",
        "http://a./",
        "http://a..b/",
        "http://1.2.3/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://127.0.0.1.5/",
        "http://127.1/",
        "http://%61/",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sy_url u;
        struct sy_error e = {0};
        sy_status s = sy_url_parse(sy_view_str(rows[i]), &u, &e);
        if (s.code != SY_E_FIELD || strcmp(e.field, "url") != 0) {
            fail_msg("taken, or not typed: %s", rows[i]);
        }
    }
}

static void test_long_urls(void **state)
{
    (void)state;
    char text[SY_URL_MAX + 10];
    struct sy_url u;
    memset(text, 'a', sizeof(text));
    memcpy(text, "http://", 7);
    check_code(sy_url_parse(sy_view(text, 7 + SY_URL_HOST_MAX + 1), &u, NULL), SY_E_FIELD);
    check_ok(sy_url_parse(sy_view(text, 7 + SY_URL_HOST_MAX), &u, NULL));
    text[8] = '/';
    check_ok(sy_url_parse(sy_view(text, SY_URL_MAX - 2), &u, NULL));
    assert_int_equal(strlen(u.target), SY_URL_MAX - 2 - 8);
    check_code(sy_url_parse(sy_view(text, SY_URL_MAX - 1), &u, NULL), SY_E_FIELD);
    text[8] = '?';
    check_ok(sy_url_parse(sy_view(text, SY_URL_MAX - 2), &u, NULL));
    /* a NUL inside is no end */
    check_code(sy_url_parse(sy_view("http://a\0b/", 11), &u, NULL), SY_E_FIELD);
    check_code(sy_url_parse(sy_view("http://a/\0b", 11), &u, NULL), SY_E_FIELD);
}

/* Under a base there is room for a path behind it, and nothing that would swallow it. */
static void test_base(void **state)
{
    (void)state;
    struct sy_error e = {0};
    check_ok(sy_url_base_check(sy_view_str("https://w.example:8443/at/"), 26, NULL));
    check_code(sy_url_base_check(sy_view_str("https://w.example:8443/at/"), 25, &e), SY_E_FIELD);
    assert_string_equal(e.field, "url");
    check_code(sy_url_base_check(sy_view_str("https://w.example/?q"), 255, &e), SY_E_FIELD);
    assert_string_equal(e.reason, "the URL must not have a query");
    check_code(sy_url_base_check(sy_view_str("https://w.example?"), 255, NULL), SY_E_FIELD);
    check_code(sy_url_base_check(sy_view_str("https://me@w.example/"), 255, NULL), SY_E_FIELD);
    check_code(sy_url_base_check(sy_view_str(""), 255, NULL), SY_E_FIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_urls),
        cmocka_unit_test(test_bad_urls),
        cmocka_unit_test(test_long_urls),
        cmocka_unit_test(test_base),
    };
    return cmocka_run_group_tests_name("wire_url", tests, NULL, NULL);
}
