/*
 * The bridge as a whole, over the real SDK, between HTTP clients of the test and a domain in its own process
 * (sdk/client/test_server.h), which can be busy, hang up, refuse and lie.
 */
#include "../client/test_server.h"

#include <jansson.h>

#include "base/time.h"
#include "bridge/server.h"
#include "test_kit.h"

static struct bridge_server B;
static pthread_t bridge_thread;
static uint8_t *token;
static char product_hex[65];
static unsigned lists; /* pages of products that were asked for */
static bool withdrawn; /* the domain lists no product any more */

/* --- the domain's lists ---------------------------------------------------------------------------- */

static struct sy_view list_rows(struct fake *f, struct sy_view args)
{
    struct sy_list list;
    struct kit_page page = {0};
    struct kit_page none = {0};
    struct sy_product p = kit_product("visits");
    check_ok(sy_record_decode(&sy_list_desc, args, &SY_MP_REQUEST, &f->arena, &list, NULL));
    if (sy_view_is(list.prefix, "product/")) {
        kit_add_product(&page, &p, withdrawn ? "withdrawn" : "published", product_hex);
        lists++;
    } else {
        kit_add_product(&none, &p, "published", product_hex);
        kit_subscribe(&page, product_hex, "shop", "active");
    }
    struct sy_view bytes = sy_arena_copy(&f->arena, kit_bytes(&page));
    sy_arena_deinit(&page.arena);
    sy_arena_deinit(&none.arena);
    return bytes;
}

/* --- the bridge -------------------------------------------------------------------------------------- */

static void *bridge_main(void *arg)
{
    (void)arg;
    bridge_server_run(&B);
    return NULL;
}

static void start_bridge(unsigned long wait_ms)
{
    token = sodium_malloc(BRIDGE_TOKEN_MAX);
    memset(token, 't', 40);
    struct bridge_setup setup = {.listen = "127.0.0.1:0",
                                 .profile = H.profile,
                                 .token = {.text = token, .n = 40},
                                 .wait_ms = wait_ms};
    check_ok(bridge_server_open(&B, &setup, NULL));
    assert_int_equal(pthread_create(&bridge_thread, NULL, bridge_main, NULL), 0);
}

static int start_all(void **state)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)state;
    start("shop", true);
    S.f.list = list_rows;
    lists = 0;
    withdrawn = false;
    start_bridge(20000);
    return 0;
}

/* As a service manager does it. */
static void stop_bridge(void)
{
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(pthread_join(bridge_thread, NULL), 0);
}

static int stop_all(void **state)
{
    stop_bridge();
    return stop(state);
}

/* --- clients ---------------------------------------------------------------------------------------- */

static int dial(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 30};
    a.sin_port = htons((uint16_t)atoi(strchr(B.address, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    check_ok(sy_write_all(fd, text, strlen(text)));
}

struct answer {
    unsigned status;
    char head[2048];
    json_t *body;
};

/* Read one answer, and not a byte more. */
static struct answer hear(int fd)
{
    struct answer a = {0};
    size_t n = 0;
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(1 << 20);
    while (n < 4 || memcmp(a.head + n - 4, "\r\n\r\n", 4) != 0) {
        if (n >= sizeof(a.head) - 1 || recv(fd, a.head + n, 1, 0) != 1) {
            return a;
        }
        n++;
    }
    const char *length = strstr(a.head, "Content-Length: ");
    assert_non_null(length);
    size_t left = strtoul(length + 16, NULL, 10);
    uint8_t *to = sy_buf_reserve(&body, left + 1);
    assert_non_null(to);
    check_ok(sy_read_all(fd, to, left));
    a.status = (unsigned)strtoul(a.head + 9, NULL, 10);
    a.body = json_loadb((const char *)to, left, 0, NULL);
    assert_non_null(a.body);
    return a;
}

static const char *text_at(const struct answer *a, const char *key)
{
    const char *text = json_string_value(json_object_get(a->body, key));
    return text != NULL ? text : "";
}

#define AUTH "Authorization: Bearer tttttttttttttttttttttttttttttttttttttttt\r\n"
#define GOOD_BODY                                                                                  \
    "{\"purpose\":\"planning\",\"params\":{\"year\":2020,\"urban\":true,\"sex\":\"女\","          \
    "\"since\":\"2020-02-01\",\"when\":\"2020-Q3\",\"cut\":\"12.25\"}}"

static void say_call(int fd, const char *key, const char *body)
{
    char text[2048];
    (void)snprintf(text, sizeof(text),
                   "POST /products/visits HTTP/1.1\r\nHost: localhost\r\n" AUTH
                   "Content-Type: application/json; charset=utf-8\r\n%s%s%sContent-Length: "
                   "%zu\r\n\r\n%s",
                   key != NULL ? "Idempotency-Key: " : "", key != NULL ? key : "",
                   key != NULL ? "\r\n" : "", strlen(body), body);
    say(fd, text);
}

static void say_get(int fd, const char *path)
{
    char text[512];
    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: localhost:1\r\n" AUTH "\r\n",
                   path);
    say(fd, text);
}

/* One request on a connection of its own; the status, and the code of a problem. */
static unsigned ask(void (*put)(int fd, const char *a), const char *a, char *ret_code)
{
    int fd = dial();
    put(fd, a);
    struct answer r = hear(fd);
    (void)snprintf(ret_code, 32, "%s", text_at(&r, "code"));
    json_decref(r.body);
    (void)close(fd);
    return r.status;
}

/* --- answers --------------------------------------------------------------------------------------- */

static void check_answer(const struct answer *a)
{
    assert_int_equal(a->status, 200);
    assert_non_null(strstr(a->head, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(a->head, "Cache-Control: no-store\r\n"));
    assert_string_equal(text_at(a, "id"), product_hex);
    assert_string_equal(text_at(a, "purpose"), "planning");
    assert_int_equal(json_integer_value(json_object_get(a->body, "price_fen")), 250);
    json_t *row = json_array_get(json_object_get(a->body, "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "性别")), "女");
    json_t *mean = json_object_get(row, "mean");
    assert_true(json_real_value(json_object_get(mean, "value")) == -12.5);
    assert_true(json_real_value(json_object_get(mean, "lo")) == -13.0);
    assert_true(json_is_false(json_object_get(mean, "withheld")));
    json_t *held = json_object_get(json_array_get(json_object_get(a->body, "rows"), 1), "n");
    assert_true(json_is_true(json_object_get(held, "withheld")));
    assert_true(json_is_null(json_object_get(held, "value")));
    json_t *column = json_array_get(json_object_get(a->body, "columns"), 1);
    assert_string_equal(json_string_value(json_object_get(column, "title")), "人数");
    assert_int_equal(json_integer_value(json_object_get(column, "noise")), 5);
    json_t *receipt = json_object_get(a->body, "receipt");
    assert_non_null(
        strstr(json_string_value(json_object_get(receipt, "text")), "c2sp.org/tlog-proof"));
}

/* Lists, documents and calls over one connection, which stays. */
static void test_one_connection(void **state)
{
    (void)state;
    int fd = dial();
    say_get(fd, "/products");
    struct answer list = hear(fd);
    assert_int_equal(list.status, 200);
    json_t *first = json_array_get(json_object_get(list.body, "products"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "path")), "visits");
    json_decref(list.body);
    say_get(fd, "/products/visits/openapi.json");
    struct answer document = hear(fd);
    assert_string_equal(text_at(&document, "openapi"), "3.1.0");
    assert_non_null(strstr(B.url, "http://127.0.0.1:"));
    json_decref(document.body);
    for (unsigned i = 0; i < 3; i++) {
        say_call(fd, NULL, GOOD_BODY);
        struct answer a = hear(fd);
        check_answer(&a);
        json_decref(a.body);
    }
    assert_int_equal(lists, 1); /* the shelf is kept */
    assert_int_equal(S.f.served, 2 + 3);
    (void)close(fd);
}

/* Two requests at once on one connection are answered in turn. */
static void test_pipelined(void **state)
{
    (void)state;
    int fd = dial();
    say_call(fd, NULL, GOOD_BODY);
    say_get(fd, "/nothing");
    struct answer a = hear(fd);
    check_answer(&a);
    json_decref(a.body);
    a = hear(fd);
    assert_int_equal(a.status, 404);
    json_decref(a.body);
    (void)close(fd);
}

static void test_parallel(void **state)
{
    (void)state;
    int fds[20];
    for (size_t i = 0; i < 20; i++) {
        fds[i] = dial();
        say_call(fds[i], NULL, GOOD_BODY);
    }
    for (size_t i = 0; i < 20; i++) {
        struct answer a = hear(fds[i]);
        check_answer(&a);
        json_decref(a.body);
        (void)close(fds[i]);
    }
    assert_int_equal(lists, 1);
}

/* --- one outcome for one key ------------------------------------------------------------------------- */

static void put_keyed(int fd, const char *key)
{
    say_call(fd, key, GOOD_BODY);
}

static void test_idempotency(void **state)
{
    (void)state;
    char code[32];
    int fds[4];
    for (size_t i = 0; i < 4; i++) { /* at the same time */
        fds[i] = dial();
        say_call(fds[i], "k-1", GOOD_BODY);
    }
    for (size_t i = 0; i < 4; i++) {
        struct answer a = hear(fds[i]);
        check_answer(&a);
        json_decref(a.body);
        (void)close(fds[i]);
    }
    int fd = dial();
    say_call(fd, "k-1", GOOD_BODY); /* and later */
    struct answer again = hear(fd);
    check_answer(&again);
    assert_non_null(strstr(again.head, "Idempotency-Replayed: true\r\n"));
    json_decref(again.body);
    say_call(fd, "k-1",
             "{\"purpose\":\"planning\",\"params\":{\"year\":2019,\"urban\":true,\"sex\":\"女\","
             "\"since\":\"2020-02-01\",\"when\":\"2020-Q3\",\"cut\":\"12.25\"}}");
    again = hear(fd);
    assert_int_equal(again.status, 422);
    assert_string_equal(text_at(&again, "field"), "Idempotency-Key");
    json_decref(again.body);
    (void)close(fd);
    assert_int_equal(S.f.served, 2 + 1); /* two lists, one call */
    assert_int_equal(ask(put_keyed, "k-2", code), 200);
    assert_int_equal(S.f.served, 2 + 2);
}

/* A final outcome stays, refusals too: the call was made. */
static void test_refused_key(void **state)
{
    (void)state;
    char code[32];
    S.f.overran = true;
    assert_int_equal(ask(put_keyed, "k", code), 403);
    assert_string_equal(code, "refused");
    S.f.overran = false;
    assert_int_equal(ask(put_keyed, "k", code), 403);
    assert_int_equal(ask(put_keyed, "other", code), 200);
}

/* What was answered once stays the outcome of its key, whatever becomes of the product. */
static void test_withdrawn(void **state)
{
    (void)state;
    char code[32];
    assert_int_equal(ask(put_keyed, "k-1", code), 200);
    withdrawn = true;
    S.f.overran = true; /* a refusal makes the bridge look at the list again */
    assert_int_equal(ask(put_keyed, "k-2", code), 403);
    S.f.overran = false;
    assert_int_equal(ask(put_keyed, "k-3", code), 404);
    assert_int_equal(ask(put_keyed, "k-1", code), 200);
    assert_int_equal(ask(say_get, "/products/visits", code), 404);
}

/* Lost lines and a busy domain: the same envelope again. */
static void test_repeats(void **state)
{
    (void)state;
    char code[32];
    S.f.busy = 2;
    S.f.hang_up = 2;
    assert_int_equal(ask(put_keyed, "k", code), 200);
    assert_int_equal(S.f.served, 2 + 1);
}

/* A call that was sent may have been billed, whatever was answered in clear: its key asks nothing anew. */
static void test_claims(void **state)
{
    static const struct {
        unsigned hang_up;
        int32_t code;
        unsigned status;
        const char *said;
    } cases[] = {{0, SY_E_RATE, 429, "rate"},
                 {0, SY_E_READ_ONLY, 503, "read_only"},
                 {0, SY_E_TIMEOUT, 503, "timeout"},
                 {1, SY_E_RATE, 503, "timeout"},
                 {1, SY_E_READ_ONLY, 503, "timeout"}};
    (void)state;
    char code[32];
    assert_int_equal(ask(say_get, "/products", code), 200);
    unsigned before = S.f.served;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char key[] = {'k', (char)('0' + i), '\0'};
        S.f.hang_up = cases[i].hang_up;
        (void)sy_fail(&S.f.clear, cases[i].code, "connection", "so it says");
        S.f.busy = 1;
        for (unsigned times = 0; times < 2; times++) {
            assert_int_equal(ask(put_keyed, key, code), cases[i].status);
            assert_string_equal(code, cases[i].said);
        }
        assert_int_equal(S.f.busy, 0);
    }
    assert_int_equal(S.f.served, before);
}

/* --- nothing that does not verify ---------------------------------------------------------------------- */

static void test_lies(void **state)
{
    static const enum fake_lie lies[] = {LIE_RESULT,   LIE_COMMIT, LIE_PATH,  LIE_SIGNATURE,
                                         LIE_NO_PROOF, LIE_MODEL,  LIE_FORGED};
    (void)state;
    char code[32];
    assert_int_equal(ask(say_get, "/products", code), 200);
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        int fd = dial();
        S.f.lie = lies[i];
        say_call(fd, NULL, GOOD_BODY);
        struct answer a = hear(fd);
        S.f.lie = LIE_NONE;
        assert_int_equal(a.status, 502);
        assert_null(json_object_get(a.body, "rows"));
        json_decref(a.body);
        (void)close(fd);
    }
    for (S.f.product_lie = 1; S.f.product_lie <= 6; S.f.product_lie++) {
        assert_int_equal(ask(put_keyed, "k", code), 502); /* and stays so for this key */
    }
    S.f.product_lie = 0;
    assert_int_equal(ask(put_keyed, "k2", code), 200);
}

/* A list that somebody else made is no list. */
static void test_forged_list(void **state)
{
    (void)state;
    char code[32];
    S.f.lie = LIE_FORGED;
    assert_int_equal(ask(say_get, "/products", code), 502);
    S.f.lie = LIE_NONE;
    assert_int_equal(ask(say_get, "/products", code), 200);
}

/* --- who is refused before anything is signed ------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *text;
    unsigned status;
} STRANGERS[] = {
    {"no token", "GET /products HTTP/1.1\r\nHost: localhost\r\n\r\n", 401},
    {"another token",
     "GET /products HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
     "uttttttttttttttttttttttttttttttttttttttt\r\n\r\n",
     401},
    {"basic", "GET /products HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic dDp0\r\n\r\n",
     401},
    {"the token in the path", "GET /products?access_token=tttt HTTP/1.1\r\nHost: localhost\r\n\r\n",
     401},
    {"a rebound name", "GET /products HTTP/1.1\r\nHost: evil.example:8470\r\n" AUTH "\r\n", 400},
    {"no host", "GET /products HTTP/1.1\r\n" AUTH "\r\n", 400},
    {"a page", "GET /products HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n" AUTH "\r\n", 403},
    {"a page's question",
     "OPTIONS /products HTTP/1.1\r\nHost: localhost\r\nOrigin: http://x\r\n\r\n", 403},
    {"a method", "DELETE /products/visits HTTP/1.1\r\nHost: localhost\r\n" AUTH "\r\n", 405},
    {"a post to a list",
     "POST /products HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" AUTH "\r\n", 405},
    {"a form",
     "POST /products/visits HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
     "application/x-www-form-urlencoded\r\nContent-Length: 0\r\n" AUTH "\r\n",
     415},
    {"text",
     "POST /products/visits HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
     "Content-Length: 0\r\n" AUTH "\r\n",
     415},
    {"no type",
     "POST /products/visits HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" AUTH "\r\n", 415},
    {"a key with blanks",
     "POST /products/visits HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
     "application/json\r\nIdempotency-Key: a b\r\nContent-Length: 0\r\n" AUTH "\r\n",
     422},
    {"a path", "GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\n" AUTH "\r\n", 404},
    {"both lengths",
     "POST /products/visits HTTP/1.1\r\nHost: localhost\r\n" AUTH
     "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /products "
     "HTTP/1.1\r\n\r\n",
     400},
};

static void test_strangers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(STRANGERS) / sizeof(STRANGERS[0]); i++) {
        int fd = dial();
        say(fd, STRANGERS[i].text);
        struct answer a = hear(fd);
        if (a.status != STRANGERS[i].status) {
            fail_msg("%s: %u", STRANGERS[i].name, a.status);
        }
        assert_non_null(strstr(a.head, "Content-Type: application/problem+json\r\n"));
        assert_null(strstr(a.head, "Access-Control"));
        assert_int_equal(a.status == 401, strstr(a.head, "WWW-Authenticate: Bearer") != NULL);
        json_decref(a.body);
        (void)close(fd);
    }
    assert_int_equal(S.f.served, 0);
}

static void put_body(int fd, const char *body)
{
    say_call(fd, NULL, body);
}

static void test_bad_calls(void **state)
{
    (void)state;
    char code[32];
    assert_int_equal(ask(put_body, "{", code), 400);
    assert_int_equal(ask(put_body, "{\"purpose\":\"planning\",\"params\":{\"year\":1}}", code),
                     422);
    assert_string_equal(code, "field");
    assert_int_equal(ask(say_get, "/products/other", code), 404);
    assert_string_equal(code, "not_found");
    assert_int_equal(S.f.served, 2 + 2); /* lists alone: again for the name that was not there */
}

/* After what cannot be understood the connection ends; after a refusal it does not. */
static void test_after_faults(void **state)
{
    (void)state;
    char c = 0;
    int fd = dial();
    say(fd, "GET /products HTTP/1.1\r\nHost: localhost\r\n\r\n");
    struct answer a = hear(fd);
    assert_int_equal(a.status, 401);
    json_decref(a.body);
    say(fd, "nonsense\r\n\r\n");
    a = hear(fd);
    assert_int_equal(a.status, 400);
    assert_non_null(strstr(a.head, "Connection: close\r\n"));
    json_decref(a.body);
    assert_int_equal(recv(fd, &c, 1, 0), 0);
    (void)close(fd);
}

/* More connections than there may be: the first ones are served. */
static void test_many_connections(void **state)
{
    (void)state;
    enum { MORE = BRIDGE_CONNS_MAX + 40 };
    int fds[MORE];
    size_t gone = 0;
    for (size_t i = 0; i < MORE; i++) {
        fds[i] = dial();
    }
    for (size_t i = 0; i < MORE; i++) {
        char c = 0;
        if (i >= BRIDGE_CONNS_MAX) {
            gone += recv(fds[i], &c, 1, 0) <= 0;
        }
    }
    assert_int_equal(gone, MORE - BRIDGE_CONNS_MAX);
    say_get(fds[0], "/nothing");
    struct answer a = hear(fds[0]);
    assert_int_equal(a.status, 404);
    json_decref(a.body);
    for (size_t i = 0; i < MORE; i++) {
        (void)close(fds[i]);
    }
}

/* --- time --------------------------------------------------------------------------------------------- */

/* A request that does not arrive, byte by byte, ends; others are answered meanwhile. */
static void test_slow_client(void **state)
{
    (void)state;
    static const char text[] = "GET /products HTTP/1.1\r\nHost: localhost\r\n" AUTH;
    char code[32];
    char c = 0;
    int fd = dial();
    uint64_t begin = sy_mono_ns();
    for (size_t i = 0;; i++) {
        if (send(fd, text + i % (sizeof(text) - 1), 1, MSG_NOSIGNAL) != 1) {
            break;
        }
        (void)usleep(200000);
        if (i == 3) {
            assert_int_equal(ask(say_get, "/nothing", code), 404);
        }
        if (recv(fd, &c, 1, MSG_DONTWAIT) == 0) {
            break;
        }
        assert_true(sy_mono_ns() - begin < 20000000000ULL);
    }
    assert_true(sy_mono_ns() - begin > 9000000000ULL);
    (void)close(fd);
}

/* The domain is away: a request waits for as long as it may, and says so; the same key waits on, and gets the
 * outcome of the one call that was made. */
static void test_wait(void **state)
{
    (void)state;
    char code[32];
    assert_int_equal(ask(say_get, "/products", code), 200);
    stop_bridge();
    start_bridge(600);
    assert_int_equal(ask(say_get, "/products", code), 200);
    unsigned before = S.f.served;
    S.f.busy = 9; /* for some seconds */
    assert_int_equal(ask(put_keyed, "k", code), 503);
    assert_string_equal(code, "timeout");
    unsigned status = 503;
    for (size_t i = 0; i < 100 && status == 503; i++) {
        status = ask(put_keyed, "k", code);
    }
    assert_int_equal(status, 200);
    assert_int_equal(S.f.served, before + 1);
}

/* A stop lets a call that is waited for end, and takes no new connection. */
static void test_stop(void **state)
{
    (void)state;
    char code[32];
    assert_int_equal(ask(say_get, "/products", code), 200);
    int idle = dial();
    int fd = dial();
    S.f.busy = 3;
    say_call(fd, NULL, GOOD_BODY);
    (void)usleep(100000);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    struct answer a = hear(fd);
    check_answer(&a);
    assert_non_null(strstr(a.head, "Connection: close\r\n"));
    json_decref(a.body);
    char c = 0;
    assert_int_equal(recv(idle, &c, 1, 0), 0);
    (void)close(fd);
    (void)close(idle);
    assert_int_equal(pthread_join(bridge_thread, NULL), 0);
    start_bridge(1000); /* for the teardown to stop */
}

#define BRIDGE_TEST(f) cmocka_unit_test_setup_teardown(f, start_all, stop_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BRIDGE_TEST(test_one_connection), BRIDGE_TEST(test_pipelined),
        BRIDGE_TEST(test_parallel),       BRIDGE_TEST(test_idempotency),
        BRIDGE_TEST(test_refused_key),    BRIDGE_TEST(test_withdrawn),
        BRIDGE_TEST(test_repeats),        BRIDGE_TEST(test_claims),
        BRIDGE_TEST(test_lies),           BRIDGE_TEST(test_forged_list),
        BRIDGE_TEST(test_strangers),      BRIDGE_TEST(test_bad_calls),
        BRIDGE_TEST(test_after_faults),   BRIDGE_TEST(test_many_connections),
        BRIDGE_TEST(test_slow_client),    BRIDGE_TEST(test_wait),
        BRIDGE_TEST(test_stop),
    };
    return cmocka_run_group_tests_name("bridge_server", tests, NULL, NULL);
}
