/* The real gateway between a fake warden and real TLS clients: what it answers, relays and refuses. */
#include "test_support.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/methods.h"

struct world {
    struct gateway *g;
    struct identity *dev;      /* enrolled as "dev", a developer */
    struct identity *stranger; /* nobody */
};

static void setup_with(struct world *w, const char *const *options)
{
    w->g = gateway_start(options, true);
    w->dev = identity_new();
    w->stranger = identity_new();
    fake_party(w->g, "dev", "developer", w->dev);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    setup_with(w, NULL);
    *state = w;
    return 0;
}

static void free_world(struct world *w)
{
    identity_free(w->dev);
    identity_free(w->stranger);
    free(w);
}

static int teardown(void **state)
{
    struct world *w = *state;
    gateway_stop(w->g);
    free_world(w);
    return 0;
}

/* ---- ping ---- */

static void ping_without_certificate(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, NULL);
    struct sy_rpc_msg m;
    struct sy_ping ping;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    size_t n = 0;
    static const char ask[] = "\x94\x00\x00\xC4\x0Bstatus.ping\x91\x01"; /* id 0, method as bin */
    client_send(c, ask, sizeof(ask) - 1);
    client_receive(c, &m, &n);
    assert_int_equal(m.id, 0);
    check_ok(sy_record_decode_object(&sy_ping_desc, m.result, &arena, &ping, NULL));
    assert_memory_equal(ping.domain, w->g->domain, 32);
    assert_memory_equal(ping.box, w->g->box_public, 32);
    assert_true(ping.warden[0] == 0x3A && ping.warden[31] == 0x3A); /* of genesis */
    assert_true(sy_view_is(ping.purpose, "test"));
    assert_int_equal(ping.size, 42);
    assert_true(ping.time > 1700000000 && ping.version.n > 0);
    sy_rpc_close(&m);
    client_free(c);
    assert_int_equal(fake_count(w->g), 0);
}

static void ping_before_the_head(void **state)
{
    (void)state;
    struct gateway *g = gateway_start(NULL, false);
    struct client *c = client_open(g, NULL);
    static const char ask[] = "\x94\x00\x07\xABstatus.ping\x90";
    client_send(c, ask, sizeof(ask) - 1);
    client_expect_error(c, 7, SY_E_BUSY);
    client_free(c);
    gateway_stop(g);
}

/* ---- who may what ---- */

static void enrol_is_relayed(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, w->stranger);
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->stranger, "newcomer", "party.enrol", 1);
    client_call(c, 9, "party.enrol", sy_buf_view(&e));
    client_expect_result(c, 9, sy_buf_view(&e));
    assert_memory_equal(w->g->last.fingerprint, w->stranger->fingerprint, 32);
    assert_string_equal(w->g->last.method, "party.enrol");
    assert_int_equal(w->g->last.early, 0);
    client_free(c);
}

/* Without a certificate the fingerprint is nobody's, and not the zero of the local socket. */
static void enrol_without_certificate(void **state)
{
    struct world *w = *state;
    static const uint8_t zero[32];
    struct client *c = client_open(w->g, NULL);
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->stranger, "newcomer", "party.enrol", 1);
    client_call(c, 9, "party.enrol", sy_buf_view(&e));
    client_expect_result(c, 9, sy_buf_view(&e));
    assert_memory_not_equal(w->g->last.fingerprint, zero, 32);
    client_free(c);
}

static void party_is_relayed(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, w->dev);
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    client_call(c, UINT32_MAX, "state.list", sy_buf_view(&e));
    client_expect_result(c, UINT32_MAX, sy_buf_view(&e));
    assert_memory_equal(w->g->last.fingerprint, w->dev->fingerprint, 32);
    client_free(c);
}

static void strangers_are_refused(void **state)
{
    struct world *w = *state;
    const struct identity *who[] = {w->stranger, NULL};
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    for (size_t i = 0; i < 2; i++) {
        struct client *c = client_open(w->g, who[i]);
        client_call(c, 1, "state.list", sy_buf_view(&e));
        client_expect_error(c, 1, SY_E_PARTY);
        client_free(c);
    }
    assert_int_equal(fake_count(w->g), 0);
}

static void removed_party_is_refused(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, w->dev);
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    client_call(c, 1, "state.list", sy_buf_view(&e));
    client_expect_result(c, 1, sy_buf_view(&e));
    fake_party(w->g, "dev", "", w->dev);
    client_call(c, 2, "state.list", sy_buf_view(&e));
    client_expect_error(c, 2, SY_E_PARTY);
    client_free(c);
}

/* A signed refusal goes on with its code, to be logged; an unsigned one does not. */
static void early_refusals(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, w->dev);
    SY_BUF_CLEANUP struct sy_buf is_signed = envelope_make(w->g, w->dev, "dev", "pack.adopt", 1);
    SY_BUF_CLEANUP struct sy_buf is_not = envelope_make(w->g, w->dev, "dev", "pack.adopt", 0);
    client_call(c, 1, "pack.adopt", sy_buf_view(&is_signed));
    client_expect_result(c, 1, sy_buf_view(&is_signed));
    assert_int_equal(w->g->last.early, SY_E_ROLE);
    client_call(c, 2, "pack.adopt", sy_buf_view(&is_not));
    client_expect_error(c, 2, SY_E_ROLE);
    assert_int_equal(fake_count(w->g), 1);
    client_free(c);
}

static void wrong_calls(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, w->dev);
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    w->g->domain[0] ^= 1;
    SY_BUF_CLEANUP struct sy_buf other = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    static const char odd[] = "\x94\x00\x04\xAAstate.list\x90"                 /* no envelope */
                              "\x94\x00\x05\xAAstate.list\x92\xC4\x00\xC4\x00" /* two */
                              "\x94\x00\x06\xAAstate.list\x91\xC4\x00"         /* empty */
                              "\x93\x02\xABvim.connect\x90"                    /* notification */
                              "\x94\x00\x08\xA3"
                              "A b\x90"                    /* no name */
                              "\x95\x00\x09\xA1x\x90\x90"; /* five elements */
    client_call(c, 1, "no.such", sy_buf_view(&e));
    client_expect_error(c, 1, SY_E_METHOD);
    client_call(c, 2, "status.domain", sy_buf_view(&e));
    client_expect_error(c, 2, SY_E_FIELD); /* the header says state.list */
    client_call(c, 3, "state.list", sy_buf_view(&other));
    client_expect_error(c, 3, SY_E_FIELD); /* another domain */
    client_send(c, odd, sizeof(odd) - 1);
    client_expect_error(c, 4, SY_E_FIELD);
    client_expect_error(c, 5, SY_E_FIELD);
    client_expect_error(c, 6, SY_E_NOT_CANONICAL);
    client_expect_error(c, 8, SY_E_FRAME);
    assert_true(client_ends(c)); /* what is no request and no notification has no answer */
    client_free(c);
    assert_int_equal(fake_count(w->g), 0);
}

static void too_many_requests(void **state)
{
    const char *const options[] = {"--rate", "1", "--burst", "3", NULL};
    struct world *w = calloc(1, sizeof(*w));
    (void)state;
    setup_with(w, options);
    struct client *c = client_open(w->g, w->dev);
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    for (uint32_t i = 0; i < 3; i++) {
        client_call(c, i, "state.list", sy_buf_view(&e));
        client_expect_result(c, i, sy_buf_view(&e));
    }
    client_call(c, 3, "state.list", sy_buf_view(&e));
    client_expect_error(c, 3, SY_E_RATE);
    client_free(c);
    gateway_stop(w->g);
    free_world(w);
}

/* ---- answers ---- */

static void answers_out_of_order(void **state)
{
    struct world *w = *state;
    static const uint32_t ids[] = {0, 127, 128, 70000};
    struct client *c = client_open(w->g, w->dev);
    struct sy_buf e[4];
    fake_set(w->g, FAKE_PAIRS);
    for (size_t i = 0; i < 4; i++) {
        e[i] = envelope_make(w->g, w->dev, "dev", "state.list", 1);
        client_call(c, ids[i], "state.list", sy_buf_view(&e[i]));
    }
    for (size_t i = 0; i < 4; i++) {
        size_t k = i ^ 1;
        client_expect_result(c, ids[k], sy_buf_view(&e[k]));
    }
    for (size_t i = 0; i < 4; i++) {
        sy_buf_deinit(&e[i]);
    }
    client_free(c);
}

/* The warden's error reaches the client byte for byte, odd encodings included. */
static void answers_are_untouched(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, w->dev);
    struct sy_rpc_msg m;
    size_t n = 0;
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    fake_set(w->g, FAKE_ERROR);
    client_call(c, 300, "state.list", sy_buf_view(&e));
    client_receive(c, &m, &n);
    static const char want[] = "\x94\x01\xCD\x01\x2C" FAKE_ERROR_TAIL;
    assert_int_equal(n, sizeof(want) - 1);
    assert_memory_equal(c->in.p, want, n);
    sy_rpc_close(&m);
    client_free(c);
}

static void answer_of_eight_mebibytes(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, w->dev);
    struct sy_rpc_msg m;
    struct sy_view got;
    size_t n = 0;
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    fake_set(w->g, FAKE_LARGE);
    client_call(c, 1, "state.list", sy_buf_view(&e));
    client_receive(c, &m, &n);
    assert_true(sy_mp_bin(m.result, &got) && got.n == FAKE_LARGE_BYTES);
    assert_int_equal(got.p[FAKE_LARGE_BYTES - 1], 7);
    sy_rpc_close(&m);
    client_free(c);
}

/* ---- HTTPS ---- */

/* Ask and read to the end of the connection; the text is NUL-terminated in c->in. */
static const char *get(struct client *c, const char *request)
{
    client_send(c, request, strlen(request));
    assert_true(client_ends(c));
    check_ok(sy_buf_add(&c->in, "", 1));
    return (const char *)c->in.p;
}

#define CLOSE " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void https_rows(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *request;
        const char *status;
        const char *holds; /* somewhere in the answer */
    } rows[] = {
        {"GET /checkpoint" CLOSE, "200", "\r\n\r\nshuyu.test/log\n42\n"},
        {"GET /checkpoint" CLOSE, "200", "Cache-Control: no-cache\r\n"},
        {"GET /tile/0/000" CLOSE, "200", "Content-Type: application/octet-stream\r\n"},
        {"GET /tile/0/000" CLOSE, "200", "immutable\r\n"},
        {"GET /tile/entries/x001/067.p/3" CLOSE, "200", "\r\n\r\nthree"},
        {"HEAD /tile/0/000" CLOSE, "200", "Content-Length: 9\r\n"},
        {"GET /" CLOSE, "200", "test domain"},
        {"GET /tile/0/001" CLOSE, "404", ""},
        {"GET /secret" CLOSE, "404", ""},
        {"GET /tile/0/link" CLOSE, "404", ""},
        {"GET /tile/0/002" CLOSE, "404", ""}, /* a link to /etc/passwd */
        {"GET /tile/0/../../secret" CLOSE, "404", ""},
        {"GET /%2e%2e/keys" CLOSE, "404", ""},
        {"POST /checkpoint" CLOSE, "405", ""},
        {"GET /checkpoint HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "413", ""},
        {"GET /checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "413", ""},
        {"GET /checkpoint FTP/1.1\r\n\r\n", "400", ""},
    };
    public_file(w->g, "checkpoint", "shuyu.test/log\n42\nroot\n");
    public_file(w->g, "secret", "hidden");
    public_file(w->g, "tile/0/000", "full tile");
    public_file(w->g, "tile/entries/x001/067.p/3", "three");
    assert_int_equal(symlinkat("/etc/passwd", w->g->public_dirfd, "tile/0/002"), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct client *c = client_open(w->g, NULL);
        const char *text = get(c, rows[i].request);
        if (strncmp(text, "HTTP/1.1 ", 9) != 0 || strncmp(text + 9, rows[i].status, 3) != 0 ||
            strstr(text, rows[i].holds) == NULL) {
            fail_msg("%s\n-> %s", rows[i].request, text);
        }
        client_free(c);
    }
}

static void https_head_has_no_body(void **state)
{
    struct world *w = *state;
    public_file(w->g, "checkpoint", "content");
    struct client *c = client_open(w->g, NULL);
    const char *text = get(c, "HEAD /checkpoint" CLOSE);
    assert_null(strstr(text, "content\0"));
    assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
    client_free(c);
}

/* Three requests in one write, the last one in two pieces. */
static void https_pipelined(void **state)
{
    struct world *w = *state;
    public_file(w->g, "checkpoint", "shuyu.test/log\n");
    struct client *c = client_open(w->g, NULL);
    static const char two[] =
        "GET /checkpoint HTTP/1.1\r\n\r\nGET /tile/1/000 HTTP/1.1\r\n\r\nGET /che";
    client_send(c, two, sizeof(two) - 1);
    sleep_ms(50);
    const char *text = get(c, "ckpoint" CLOSE);
    const char *second = strstr(text + 1, "HTTP/1.1 404");
    assert_non_null(second);
    assert_non_null(strstr(second, "HTTP/1.1 200"));
    client_free(c);
}

static void https_by_alpn(void **state)
{
    struct world *w = *state;
    static const uint8_t offer[] = "\x02h2\x08http/1.1";
    const uint8_t *chosen = NULL;
    unsigned n = 0;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    int fd = socket_open(w->g);
    assert_int_equal(SSL_set_alpn_protos(ssl, offer, sizeof(offer) - 1), 0);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    assert_int_equal(SSL_connect(ssl), 1);
    SSL_get0_alpn_selected(ssl, &chosen, &n);
    assert_int_equal(n, 8);
    assert_memory_equal(chosen, "http/1.1", 8);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
}

/* ---- TLS, start and end ---- */

static void tls_1_2_is_refused(void **state)
{
    struct world *w = *state;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION), 1);
    SSL *ssl = SSL_new(ctx);
    int fd = socket_open(w->g);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    assert_int_not_equal(SSL_connect(ssl), 1);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    ERR_clear_error();
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
}

static void write_pem(const char *path, const struct identity *id, bool is_key)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    int done = is_key ? PEM_write_PrivateKey(f, id->key, NULL, NULL, 0, NULL, NULL)
                      : PEM_write_X509(f, id->cert);
    assert_int_equal(done, 1);
    (void)fclose(f);
}

/* The certificate of --tls-cert is the one that clients see. */
static void certificate_of_files(void **state)
{
    char dir[] = "/tmp/gateway-pem-XXXXXX";
    char cert[64];
    char key[64];
    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
    (void)snprintf(key, sizeof(key), "%s/key.pem", dir);
    struct identity *id = identity_new();
    write_pem(cert, id, false);
    write_pem(key, id, true);
    const char *const options[] = {"--tls-cert", cert, "--tls-key", key, NULL};
    struct gateway *g = gateway_start(options, true);
    struct client *c = client_open(g, NULL);
    assert_int_equal(X509_cmp(SSL_get0_peer_certificate(c->ssl), id->cert), 0);
    client_free(c);
    gateway_stop(g);
    identity_free(id);
    assert_true(unlink(cert) == 0 && unlink(key) == 0 && rmdir(dir) == 0);
}

static void no_session_is_resumed(void **state)
{
    struct world *w = *state;
    struct client *c = client_open(w->g, w->dev);
    client_ping(c);
    assert_false(SSL_SESSION_is_resumable(SSL_get0_session(c->ssl)));
    client_free(c);
}

/* The warden goes: what is in flight is told, and the process ends with 1. */
static void ends_with_the_warden(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    (void)state;
    setup_with(w, NULL);
    struct client *c = client_open(w->g, w->dev);
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    fake_set(w->g, FAKE_HOLD);
    client_call(c, 77, "state.list", sy_buf_view(&e));
    fake_await(w->g, 1);
    assert_int_equal(shutdown(w->g->edge, SHUT_RDWR), 0);
    client_expect_error(c, 77, SY_E_STOPPING);
    assert_true(client_ends(c));
    client_free(c);
    assert_int_equal(gateway_wait(w->g), 1);
    free_world(w);
}

static void ends_when_the_warden_lies(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    (void)state;
    setup_with(w, NULL);
    struct client *c = client_open(w->g, w->dev);
    SY_BUF_CLEANUP struct sy_buf e = envelope_make(w->g, w->dev, "dev", "state.list", 1);
    fake_set(w->g, FAKE_LIE);
    client_call(c, 77, "state.list", sy_buf_view(&e));
    client_expect_error(c, 77, SY_E_STOPPING);
    client_free(c);
    assert_int_equal(gateway_wait(w->g), 1);
    free_world(w);
}

static void ends_on_sigterm(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    (void)state;
    setup_with(w, NULL);
    struct client *c = client_open(w->g, NULL);
    client_ping(c);
    assert_int_equal(kill(w->g->pid, SIGTERM), 0);
    assert_true(client_ends(c));
    client_free(c);
    assert_int_equal(gateway_wait(w->g), 0);
    free_world(w);
}

static void holds(const char *text, const char *line)
{
    if (strstr(text, line) == NULL) {
        fail_msg("no %s in\n%s", line, text);
    }
}

static void is_confined(void **state)
{
    struct world *w = *state;
    char path[64];
    char text[8192] = "";
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)w->g->pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
    (void)fclose(f);
    holds(text, "Seccomp:\t2");
    holds(text, "NoNewPrivs:\t1");
    holds(text, "CapEff:\t0000000000000000");
    holds(text, "Threads:\t1");
    if (geteuid() == 0) {
        holds(text, "Uid:\t65533\t65533\t65533\t65533");
        holds(text, "Groups:\t \n");
    }
}

static void refuses_wrong_descriptors(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(2);
        execl(gateway_program, gateway_program, "--fd", "listen=0", (char *)NULL);
        _exit(99);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 64);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(int argc, char **argv)
{
    assert_int_equal(argc, 2);
    gateway_program = argv[1];
    const struct CMUnitTest tests[] = {
        IN_WORLD(ping_without_certificate),
        cmocka_unit_test(ping_before_the_head),
        IN_WORLD(enrol_is_relayed),
        IN_WORLD(enrol_without_certificate),
        IN_WORLD(party_is_relayed),
        IN_WORLD(strangers_are_refused),
        IN_WORLD(removed_party_is_refused),
        IN_WORLD(early_refusals),
        IN_WORLD(wrong_calls),
        cmocka_unit_test(too_many_requests),
        IN_WORLD(answers_out_of_order),
        IN_WORLD(answers_are_untouched),
        IN_WORLD(answer_of_eight_mebibytes),
        IN_WORLD(https_rows),
        IN_WORLD(https_head_has_no_body),
        IN_WORLD(https_pipelined),
        IN_WORLD(https_by_alpn),
        IN_WORLD(tls_1_2_is_refused),
        cmocka_unit_test(certificate_of_files),
        IN_WORLD(no_session_is_resumed),
        cmocka_unit_test(ends_with_the_warden),
        cmocka_unit_test(ends_when_the_warden_lies),
        cmocka_unit_test(ends_on_sigterm),
        IN_WORLD(is_confined),
        cmocka_unit_test(refuses_wrong_descriptors),
    };
    return cmocka_run_group_tests_name("gateway-process", tests, NULL, NULL);
}
