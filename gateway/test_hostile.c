/* The real gateway and clients that mean it harm: after each, an honest client is still served. */
#include "test_support.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"

struct world {
    struct gateway *g;
    struct identity *dev;
};

/* clang-format off */
static const char *const QUICK[] = {
    "--handshake-ms", "500", "--idle-ms", "1500", "--request-ms", "500", "--stall-ms", "1000",
    "--rate", "1000000", "--burst", "1000000", "--edge-mib", "1", "--max-per-address", "1000",
    NULL,
};
/* clang-format on */

static int setup_with(void **state, const char *const *options)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->g = gateway_start(options, true);
    w->dev = identity_new();
    fake_party(w->g, "dev", "developer", w->dev);
    *state = w;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, QUICK);
}

/* The gateway lives, answers, and stops as asked. */
static int teardown(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, NULL);
    client_ping(c);
    client_free(c);
    gateway_stop(w->g);
    identity_free(w->dev);
    free(w);
    return 0;
}

static bool socket_ends(int fd)
{
    uint8_t bytes[4096];
    uint64_t start = sy_mono_ns();
    while (recv(fd, bytes, sizeof(bytes), 0) > 0) {
    }
    return sy_mono_ns() - start < 9000000000ULL;
}

static uint64_t elapsed_ms(uint64_t start_ns)
{
    return (sy_mono_ns() - start_ns) / 1000000;
}

/* ---- before and during the handshake ---- */

static void garbage_before_the_handshake(void **state)
{
    struct world *w = *state;
    static const char *const rows[] = {"GET / HTTP/1.1\r\n\r\n", "\x94\x00\x01\xABstatus.ping\x90",
                                       "\x16\x03\x01\xFF\xFF", "SSH-2.0-x\r\n"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = socket_open(w->g);
        (void)send(fd, rows[i], strlen(rows[i]), MSG_NOSIGNAL);
        assert_true(socket_ends(fd));
        close(fd);
    }
}

static void silence_before_the_handshake(void **state)
{
    struct world *w = *state;
    int fd = socket_open(w->g);
    uint64_t start = sy_mono_ns();
    assert_true(socket_ends(fd));
    assert_in_range(elapsed_ms(start), 400, 2000);
    close(fd);
}

static void gone_during_the_handshake(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 200; i++) {
        int fd = socket_open(w->g);
        (void)send(fd, "\x16\x03\x01\x00\x50", 5, MSG_NOSIGNAL);
        close(fd);
    }
}

/* ---- frames ---- */

static void hostile_frames(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *bytes;
        size_t n;
    } rows[] = {
        {"\xDD\x0F\xFF\xFF\xFF", 5},
        {"\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91", 18},
        {"\xC1", 1},
        {"\x94\x01\x00\xC0\xC0", 5}, /* an answer to nothing */
        {"\x01", 1},
        {"\x90", 1},
        {"\x94\x05\x00\xC0\xC0", 5},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct client *c = client_open(w->g, NULL);
        client_send(c, rows[i].bytes, rows[i].n);
        assert_true(client_ends(c));
        client_free(c);
    }
}

/* Two mebibytes are refused at the header that claims them, with an answer to the request. */
static void frame_of_two_mebibytes(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, w->dev);
    static const char head[] = "\x94\x00\x2A\xAAstate.list\x91\xC6\x00\x20\x00\x00";
    static const uint8_t body[65536];
    client_send(c, head, sizeof(head) - 1);
    for (int i = 0; i < 4; i++) {
        size_t n = 0;
        (void)SSL_write_ex(c->ssl, body, sizeof(body), &n); /* it may have hung up by now */
    }
    client_expect_error(c, 42, SY_E_LIMIT);
    assert_true(client_ends(c));
    client_free(c);
}

static void frame_byte_by_byte(void **state)
{
    struct world *w = *state;
    static const char ping[] = "\x94\x00\x05\xABstatus.ping\x90";
    struct client *c = client_open(w->g, NULL);
    for (size_t i = 0; i < sizeof(ping) - 1; i++) {
        client_send(c, ping + i, 1);
        sleep_ms(5);
    }
    struct sy_rpc_msg m;
    size_t n = 0;
    client_receive(c, &m, &n);
    sy_rpc_close(&m);
    client_free(c);
}

/* A byte now and then keeps no request open: its time runs from the first one. */
static void dripping(void **state)
{
    struct world *w = *state;
    static const char *const starts[] = {"\x94\x01\x05\xABstatus.ping\x91\xC4\xC8",
                                         "GET /checkpoint HTTP/1.1\r\nX: "};
    for (size_t i = 0; i < 2; i++) {
        struct client *c = client_open(w->g, NULL);
        uint64_t start = sy_mono_ns();
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        client_send(c, starts[i], strlen(starts[i]));
        while (poll(&p, 1, 50) == 0 && elapsed_ms(start) < 5000) {
            size_t n = 0;
            (void)SSL_write_ex(c->ssl, "p", 1, &n);
        }
        assert_in_range(elapsed_ms(start), 400, 2000);
        assert_true(client_ends(c));
        client_free(c);
    }
}

static void idle(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, NULL);
    uint64_t start = sy_mono_ns();
    client_ping(c);
    assert_true(client_ends(c));
    assert_in_range(elapsed_ms(start), 1400, 3500);
    client_free(c);
}

/* Bytes at random, and good frames with a byte changed. */
static void noise(void **state)
{
    struct world *w = *state;
    static const uint8_t ping[] = "\x94\x00\x05\xABstatus.ping\x90";
    uint32_t x = 12345;
    for (int i = 0; i < 150; i++) {
        uint8_t bytes[64];
        struct client *c = client_open(w->g, i % 2 == 0 ? NULL : w->dev);
        for (size_t k = 0; k < sizeof(bytes); k++) {
            x = x * 1664525 + 1013904223;
            bytes[k] = i % 3 == 0 ? (uint8_t)(x >> 24) : ping[k % (sizeof(ping) - 1)];
        }
        bytes[(x >> 8) % sizeof(bytes)] ^= (uint8_t)(x >> 16);
        client_send(c, bytes, sizeof(bytes));
        client_free(c);
    }
}

/* ---- back-pressure ---- */

/* More requests than may be in flight wait in the socket; all are answered in the end. */
static void too_many_in_flight(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, w->dev);
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    bool seen[100] = {false};
    fake_set(w->g, FAKE_HOLD);
    for (uint32_t i = 0; i < 100; i++) {
        client_call(c, i, "state.list", sy_buf_view(&e));
    }
    sleep_ms(300);
    assert_int_equal(fake_count(w->g), 32);
    fake_set(w->g, FAKE_ECHO);
    for (size_t i = 0; i < 100; i++) {
        struct sy_rpc_msg m;
        size_t n = 0;
        client_receive(c, &m, &n);
        assert_true(m.id < 100 && !seen[m.id]);
        seen[m.id] = true;
        sy_rpc_close(&m);
        client_next(c, n);
    }
    client_free(c);
}

static size_t resident_kib(const struct gateway *g)
{
    char path[64];
    char line[256];
    unsigned long kib = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)g->pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        (void)sscanf(line, "VmHWM: %lu", &kib);
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return kib;
}

/* A client that asks for 256 MiB of answers and reads none is dropped; others are served meanwhile. */
static void never_reads(void **state)
{
    struct world *w = *state;
    struct client *greedy = client_open(w->g, w->dev);
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    fake_set(w->g, FAKE_LARGE);
    for (uint32_t i = 0; i < 32; i++) {
        client_call(greedy, i, "state.list", sy_buf_view(&e));
    }
    struct client *other = client_open(w->g, NULL);
    client_ping(other);
    client_free(other);
    sleep_ms(2000);
    while (SSL_read(greedy->ssl, (uint8_t[65536]){0}, 65536) > 0) {
    }
    client_free(greedy);
    assert_true(resident_kib(w->g) < 400 << 10);
}

/* A warden that reads nothing: clients are no longer read, nothing is lost when it goes on. */
static void deaf_warden(void **state)
{
    enum { CLIENTS = 8, EACH = 2, BYTES = 600000 };
    struct world *w = *state;
    struct client *c[CLIENTS];
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(BYTES);
    assert_non_null(sy_buf_reserve(&args, BYTES));
    memset(args.p, 1, BYTES);
    const uint8_t *secrets[] = {w->dev->sign_secret};
    struct proof_request request = {.args = sy_view(args.p, BYTES),
                                    .domain_box = w->g->box_public,
                                    .secrets = secrets,
                                    .n_secrets = 1};
    struct sy_header header = {.expiry = sy_now_s() + 600,
                               .method = sy_view_str("state.list"),
                               .party = sy_view_str("dev")};
    memcpy(header.domain, w->g->domain, 32);
    SY_BUF_CLEANUP struct sy_buf e = sy_buf(1 << 20);
    check_ok(proof_envelope_make(&request, &header, &e));
    fake_set(w->g, FAKE_DEAF);
    for (size_t i = 0; i < CLIENTS; i++) {
        c[i] = client_open(w->g, w->dev);
        for (uint32_t k = 0; k < EACH; k++) {
            client_call(c[i], k, "state.list", sy_buf_view(&e));
        }
    }
    sleep_ms(300);
    fake_set(w->g, FAKE_ECHO);
    for (size_t i = 0; i < CLIENTS; i++) {
        for (uint32_t k = 0; k < EACH; k++) {
            client_expect_result(c[i], k, sy_buf_view(&e));
        }
        client_free(c[i]);
    }
}

/* Requests whose clients hang up: their answers find nobody, and their places are free again. */
static void hit_and_run(void **state)
{
    struct world *w = *state;
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    fake_set(w->g, FAKE_HOLD);
    for (size_t i = 0; i < 50; i++) {
        struct client *c = client_open(w->g, w->dev);
        client_call(c, 1, "state.list", sy_buf_view(&e));
        client_call(c, 2, "state.list", sy_buf_view(&e));
        fake_await(w->g, 2 * (i + 1));
        client_free(c);
    }
    fake_set(w->g, FAKE_ECHO);
    struct client *c = client_open(w->g, w->dev);
    client_call(c, 3, "state.list", sy_buf_view(&e));
    client_expect_result(c, 3, sy_buf_view(&e));
    client_free(c);
}

/* A client that says it sends no more still gets the answers it waits for. */
static void half_closed(void **state)
{
    struct world *w = *state;
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    for (int with_notify = 0; with_notify < 2; with_notify++) {
        struct client *c = client_open(w->g, w->dev);
        size_t before = fake_count(w->g);
        fake_set(w->g, FAKE_HOLD);
        client_call(c, 1, "state.list", sy_buf_view(&e));
        if (with_notify == 1) {
            (void)SSL_shutdown(c->ssl);
        }
        assert_int_equal(shutdown(c->fd, SHUT_WR), 0);
        fake_await(w->g, before + 1);
        sleep_ms(100);
        fake_set(w->g, FAKE_ECHO);
        client_expect_result(c, 1, sy_buf_view(&e));
        assert_true(client_ends(c));
        client_free(c);
    }
}

/* ---- how many ---- */

static int setup_few(void **state)
{
    static const char *const few[] = {"--max-per-address", "2", NULL};
    return setup_with(state, few);
}

static void too_many_connections(void **state)
{
    struct world *w = *state;
    struct client *a = client_open(w->g, NULL);
    struct client *b = client_open(w->g, NULL);
    int third = socket_open(w->g);
    assert_true(socket_ends(third));
    close(third);
    client_ping(a);
    client_free(a);
    client_free(b);
    sleep_ms(100);
}

/* ---- HTTPS ---- */

static void long_requests(void **state)
{
    struct world *w = *state;
    static char head[20000];
    static const struct {
        const char *start;
        const char *status;
    } rows[] = {{"GET /checkpoint HTTP/1.1\r\nX: ", "431"}, {"GET /", "4"}};
    for (size_t i = 0; i < 2; i++) {
        struct client *c = client_open(w->g, NULL);
        memset(head, 'a', sizeof(head));
        memcpy(head, rows[i].start, strlen(rows[i].start));
        client_send(c, head, sizeof(head));
        assert_true(client_ends(c));
        assert_true(c->in.n > 12);
        assert_memory_equal(c->in.p + 9, rows[i].status, strlen(rows[i].status));
        client_free(c);
    }
    struct client *c = client_open(w->g, NULL);
    memset(head, 'a', 400);
    memcpy(head, "GET /", 5);
    memcpy(head + 400, " HTTP/1.1\r\n\r\n", 14);
    client_send(c, head, 413);
    assert_true(client_ends(c));
    assert_memory_equal(c->in.p + 9, "414", 3);
    client_free(c);
}

/* A thousand pipelined requests, the answers read only afterwards. */
static void https_flood(void **state)
{
    struct world *w = *state;
    static const char get[] = "GET /checkpoint HTTP/1.1\r\n\r\n";
    public_file(w->g, "checkpoint", "shuyu.test/log\n");
    struct client *c = client_open(w->g, NULL);
    for (int i = 0; i < 1000; i++) {
        client_send(c, get, sizeof(get) - 1);
    }
    (void)SSL_shutdown(c->ssl);
    assert_true(client_ends(c));
    check_ok(sy_buf_add(&c->in, "", 1));
    size_t n = 0;
    for (const char *p = (const char *)c->in.p; (p = strstr(p, "HTTP/1.1 200")) != NULL; p++) {
        n++;
    }
    assert_int_equal(n, 1000);
    client_free(c);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(int argc, char **argv)
{
    assert_int_equal(argc, 2);
    gateway_program = argv[1];
    const struct CMUnitTest tests[] = {
        IN_WORLD(garbage_before_the_handshake),
        IN_WORLD(silence_before_the_handshake),
        IN_WORLD(gone_during_the_handshake),
        IN_WORLD(hostile_frames),
        IN_WORLD(frame_of_two_mebibytes),
        IN_WORLD(frame_byte_by_byte),
        IN_WORLD(dripping),
        IN_WORLD(idle),
        IN_WORLD(noise),
        IN_WORLD(too_many_in_flight),
        IN_WORLD(never_reads),
        IN_WORLD(deaf_warden),
        IN_WORLD(hit_and_run),
        IN_WORLD(half_closed),
        cmocka_unit_test_setup_teardown(too_many_connections, setup_few, teardown),
        IN_WORLD(long_requests),
        IN_WORLD(https_flood),
    };
    return cmocka_run_group_tests_name("gateway-hostile", tests, NULL, NULL);
}
