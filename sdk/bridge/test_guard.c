/*
 * Who may come in, where the bridge may listen, and whose file a token may stand in.
 */
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "bridge/guard.h"

static char dir[] = "/tmp/shuyu-bridge-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL || sodium_init() < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

static void write_file(const char *path, const char *text, unsigned mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* --- tokens ---------------------------------------------------------------------------------- */

static void test_token_made(void **state)
{
    (void)state;
    struct bridge_token t = {0};
    char path[64];
    char value[128];
    struct stat st;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(128);
    SY_FD_CLEANUP int fd = open(dir, O_RDONLY | O_DIRECTORY);
    check_ok(bridge_token_make(fd, "bridge.token", &t, NULL));
    (void)snprintf(path, sizeof(path), "%s/bridge.token", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    check_ok(sy_read_file_at(AT_FDCWD, path, &text));
    assert_int_equal(text.n, 65);
    (void)snprintf(value, sizeof(value), "Bearer %.64s", (const char *)text.p);
    assert_true(bridge_token_is(&t, sy_view_str(value)));
    struct bridge_token again = {0};
    check_ok(bridge_token_make(fd, "bridge.token", &again, NULL));
    assert_false(bridge_token_is(&again, sy_view_str(value))); /* a new one each time */
    bridge_token_deinit(&t);
    bridge_token_deinit(&again);
    assert_int_equal(unlink(path), 0);
}

#define GOOD "0123456789abcdefghijABCDEFGHIJ-._~+/="

/* Every single bit, every prefix, every addition. */
static void test_token_compared(void **state)
{
    (void)state;
    struct bridge_token t = {0};
    char path[64];
    static const char right[] = "Bearer " GOOD;
    size_t n = sizeof(right) - 1;
    (void)snprintf(path, sizeof(path), "%s/token", dir);
    write_file(path, GOOD "\n", 0600);
    check_ok(bridge_token_load(path, &t, NULL));
    assert_true(bridge_token_is(&t, sy_view_str(right)));
    assert_true(bridge_token_is(&t, sy_view_str("bearer " GOOD)));
    for (size_t i = 7 * 8; i < n * 8; i++) {
        char wrong[sizeof(right)];
        memcpy(wrong, right, sizeof(right));
        wrong[i / 8] = (char)(wrong[i / 8] ^ 1 << i % 8);
        assert_false(bridge_token_is(&t, sy_view(wrong, n)));
    }
    for (size_t i = 0; i < n; i++) {
        assert_false(bridge_token_is(&t, sy_view(right, i)));
    }
    assert_false(bridge_token_is(&t, sy_view_str("Bearer " GOOD " ")));
    assert_false(bridge_token_is(&t, sy_view_str("Basic  " GOOD)));
    assert_false(bridge_token_is(&t, (struct sy_view){0}));
    bridge_token_deinit(&t);
    assert_false(bridge_token_is(&t, sy_view_str(right))); /* without a token nobody comes in */
    assert_false(bridge_token_is(&t, sy_view_str("Bearer ")));
    assert_int_equal(unlink(path), 0);
}

static void test_token_files(void **state)
{
    static const struct {
        const char *text;
        unsigned mode;
        int code;
    } rows[] = {{GOOD, 0600, 0},
                {GOOD "\n", 0400, 0},
                {GOOD "\n", 0640, SY_E_DENIED},
                {GOOD "\n", 0604, SY_E_DENIED},
                {GOOD "\n", 0620, SY_E_DENIED},
                {"short\n", 0600, SY_E_FIELD},
                {"", 0600, SY_E_FIELD},
                {GOOD "\n" GOOD "\n", 0600, SY_E_FIELD},
                {"0123456789 0123456789 0123456789 0123456789", 0600, SY_E_FIELD},
                {"0123456789\"0123456789\"0123456789\"0123456789", 0600, SY_E_FIELD}};
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/token", dir);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bridge_token t = {0};
        write_file(path, rows[i].text, rows[i].mode);
        assert_int_equal(bridge_token_load(path, &t, NULL).code, rows[i].code);
        bridge_token_deinit(&t);
        assert_int_equal(unlink(path), 0);
    }
    struct bridge_token t = {0};
    assert_int_equal(bridge_token_load(path, &t, NULL).code, SY_E_NOT_FOUND);
    assert_int_equal(bridge_token_load(dir, &t, NULL).code, SY_E_IO);
    SY_BUF_CLEANUP struct sy_buf longest = sy_buf(1024);
    for (size_t i = 0; i <= BRIDGE_TOKEN_MAX; i++) {
        check_ok(sy_buf_add_str(&longest, "a"));
    }
    check_ok(sy_buf_add(&longest, "", 1));
    write_file(path, (const char *)longest.p, 0600);
    assert_int_equal(bridge_token_load(path, &t, NULL).code, SY_E_FIELD);
    write_file(path, (const char *)longest.p + 1, 0600);
    check_ok(bridge_token_load(path, &t, NULL));
    bridge_token_deinit(&t);
    assert_int_equal(unlink(path), 0);
}

/* --- Host and Origin -------------------------------------------------------------------------- */

static void test_hosts(void **state)
{
    static const char *const good[] = {"127.0.0.1",   "127.0.0.1:8470", "localhost",
                                       "LocalHost:1", "[::1]:65535",    "[::1]"};
    static const char *const bad[] = {"",
                                      "evil.example",
                                      "127.0.0.1.evil.example",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:8470:1",
                                      "127.0.0.1:+1",
                                      "127.0.0.2",
                                      "localhost.evil.example",
                                      "localhost.",
                                      "[::2]",
                                      "::1",
                                      "0.0.0.0",
                                      "127.1",
                                      "2130706433",
                                      " 127.0.0.1",
                                      "127.0.0.1@evil.example"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(bridge_host_is_loopback(sy_view_str(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (bridge_host_is_loopback(sy_view_str(bad[i]))) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void test_guard(void **state)
{
    (void)state;
    uint8_t secret[4] = {'a', 'b', 'c', 'd'};
    struct bridge_token t = {.text = secret, .n = 4};
    struct bridge_request q = {0};
    const char *why = NULL;
    assert_int_equal(bridge_guard(&t, &q, &why), 400);
    q.headers[BRIDGE_HOST] = sy_view_str("localhost:1");
    assert_int_equal(bridge_guard(&t, &q, &why), 401);
    q.headers[BRIDGE_AUTHORIZATION] = sy_view_str("Bearer abcd");
    assert_int_equal(bridge_guard(&t, &q, &why), 0);
    q.headers[BRIDGE_ORIGIN] = sy_view_str("http://localhost:1");
    assert_int_equal(bridge_guard(&t, &q, &why), 403);
    q.headers[BRIDGE_ORIGIN] = sy_view("", 0); /* there, and empty */
    assert_int_equal(bridge_guard(&t, &q, &why), 403);
    q.headers[BRIDGE_ORIGIN] = (struct sy_view){0};
    q.headers[BRIDGE_HOST] = sy_view_str("rebound.example");
    assert_int_equal(bridge_guard(&t, &q, &why), 400);
    assert_non_null(why);
}

/* --- where to listen --------------------------------------------------------------------------- */

static void test_addresses(void **state)
{
    static const char *const bad[] = {
        "0.0.0.0:1",     "192.168.0.1:1",       "[::]:1",          "[::2]:1",      "::1:1",
        "127.0.0.1",     "127.0.0.1:",          "127.0.0.1:65536", "localhost:1",  ":1",
        "[127.0.0.1]:1", "127.0.0.2:1",         "[fe80::1%lo]:1",  "127.0.0.1:1x", "",
        "[]:1",          "[::ffff:127.0.0.1]:1"};
    struct sockaddr_storage at;
    struct sy_error e = {0};
    (void)state;
    check_ok(bridge_address_parse("127.0.0.1:8470", &at, NULL));
    assert_int_equal(at.ss_family, AF_INET);
    assert_int_equal(ntohs(((struct sockaddr_in *)&at)->sin_port), 8470);
    check_ok(bridge_address_parse("[::1]:0", &at, NULL));
    assert_int_equal(at.ss_family, AF_INET6);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (bridge_address_parse(bad[i], &at, &e).code != SY_E_FIELD) {
            fail_msg("%s", bad[i]);
        }
        assert_string_equal(e.field, "listen");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_made),  cmocka_unit_test(test_token_compared),
        cmocka_unit_test(test_token_files), cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_guard),       cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests_name("bridge_guard", tests, make_dir, remove_dir);
}
