#include "test_support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "proof/ids.h"
#include "wire/event.h"

enum { LARGE = 80 << 20, WAIT_MS = 10000 };

const char *gateway_program;
extern char **environ;

void sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

/* ---- the fake warden ---- */

static void edge_send(struct gateway *g, struct sy_buf *frame)
{
    sy_status gone = sy_write_all(g->edge, frame->p, frame->n); /* it may have ended */
    (void)gone;
    sy_buf_deinit(frame);
}

static void answer(struct gateway *g, const struct fake_relay *r)
{
    struct sy_buf b = sy_buf(LARGE);
    if (g->mode == FAKE_ERROR) {
        check_ok(sy_mp_put_array(&b, 4));
        check_ok(sy_mp_put_u64(&b, 1));
        check_ok(sy_mp_put_u64(&b, r->id));
        check_ok(sy_buf_add(&b, FAKE_ERROR_TAIL, sizeof(FAKE_ERROR_TAIL) - 1));
    } else {
        check_ok(sy_rpc_put_result_head(&b, g->mode == FAKE_LIE ? r->id ^ 1U << 19 : r->id));
        if (g->mode == FAKE_LARGE) {
            struct sy_buf large = sy_buf(LARGE);
            assert_non_null(sy_buf_reserve(&large, FAKE_LARGE_BYTES));
            memset(large.p, 7, FAKE_LARGE_BYTES);
            check_ok(sy_mp_put_bin(&b, sy_view(large.p, FAKE_LARGE_BYTES)));
            sy_buf_deinit(&large);
        } else {
            check_ok(sy_mp_put_bin(&b, sy_buf_view(&r->envelope)));
        }
    }
    edge_send(g, &b);
}

static void answer_held(struct gateway *g)
{
    while (g->n_held > 0) {
        struct fake_relay *r = &g->held[--g->n_held];
        answer(g, r);
        sy_buf_deinit(&r->envelope);
    }
}

static void on_relay(struct gateway *g, const struct sy_rpc_msg *m)
{
    const msgpack_object *at = m->params->via.array.ptr;
    struct fake_relay r = {.id = m->id, .envelope = sy_buf(2 << 20)};
    struct sy_view fingerprint;
    struct sy_view method;
    struct sy_view envelope;
    assert_int_equal(m->params->via.array.size, 4);
    assert_true(sy_mp_bin(&at[0], &fingerprint) && fingerprint.n == 32);
    assert_true(sy_mp_str(&at[1], &method) && sy_mp_bin(&at[2], &envelope));
    assert_true(sy_mp_i64(&at[3], &r.early));
    memcpy(r.fingerprint, fingerprint.p, 32);
    sy_view_to_cstr(method, r.method, sizeof(r.method));
    check_ok(sy_buf_add_view(&r.envelope, envelope));
    g->n_relays++;
    g->last = r;
    g->last.envelope = (struct sy_buf){0};
    bool hold = g->mode == FAKE_HOLD || g->mode == FAKE_PAIRS;
    if (!hold) {
        answer(g, &r);
        sy_buf_deinit(&r.envelope);
        return;
    }
    assert_true(g->n_held < FAKE_HELD_MAX);
    g->held[g->n_held++] = r;
    if (g->mode == FAKE_PAIRS && g->n_held == 2) {
        answer_held(g);
    }
}

static void take_frames(struct gateway *g, struct sy_buf *in)
{
    size_t n = 0;
    while (in->n > 0 && sy_ok(sy_mp_frame(sy_buf_view(in), &SY_MP_REQUEST, &n, NULL))) {
        struct sy_rpc_msg m;
        check_ok(sy_rpc_parse(sy_view(in->p, n), &SY_MP_REQUEST, &m, NULL));
        assert_true(sy_view_is(m.method, "relay"));
        on_relay(g, &m);
        sy_rpc_close(&m);
        sy_buf_consume(in, n);
    }
}

static enum fake_mode mode_of(struct gateway *g)
{
    pthread_mutex_lock(&g->lock);
    enum fake_mode mode = g->mode;
    pthread_mutex_unlock(&g->lock);
    return mode;
}

static void *warden_main(void *arg)
{
    struct gateway *g = arg;
    struct sy_buf in = sy_buf(4 << 20);
    for (;;) {
        while (mode_of(g) == FAKE_DEAF) {
            sleep_ms(10);
        }
        uint8_t *to = sy_buf_reserve(&in, 65536);
        ssize_t n = recv(g->edge, to, 65536, 0);
        if (n <= 0) {
            break;
        }
        in.n += (size_t)n;
        pthread_mutex_lock(&g->lock);
        take_frames(g, &in);
        pthread_mutex_unlock(&g->lock);
    }
    sy_buf_deinit(&in);
    return NULL;
}

void fake_set(struct gateway *g, enum fake_mode mode)
{
    pthread_mutex_lock(&g->lock);
    g->mode = mode;
    if (mode != FAKE_HOLD) {
        answer_held(g);
    }
    pthread_mutex_unlock(&g->lock);
}

size_t fake_count(struct gateway *g)
{
    pthread_mutex_lock(&g->lock);
    size_t n = g->n_relays;
    pthread_mutex_unlock(&g->lock);
    return n;
}

void fake_await(struct gateway *g, size_t n)
{
    for (int i = 0; i < WAIT_MS / 10 && fake_count(g) < n; i++) {
        sleep_ms(10);
    }
    assert_int_equal(fake_count(g), n);
}

static void send_head(struct gateway *g)
{
    struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_rpc_put_notify(&b, "head", 2));
    check_ok(sy_mp_put_bin(&b, sy_buf_view(&g->genesis)));
    check_ok(sy_mp_put_u64(&b, 42));
    edge_send(g, &b);
}

static void send_row(struct gateway *g, const char *key, struct sy_view value)
{
    struct sy_buf b = sy_buf(1 << 20);
    check_ok(sy_rpc_put_notify(&b, "replica", 2));
    check_ok(sy_mp_put_str(&b, sy_view_str(key)));
    check_ok(sy_mp_put_bin(&b, value));
    pthread_mutex_lock(&g->lock);
    edge_send(g, &b);
    pthread_mutex_unlock(&g->lock);
    sleep_ms(50); /* notifications have no answer */
}

void fake_party(struct gateway *g, const char *party, const char *role, const struct identity *id)
{
    char key[80];
    SY_BUF_CLEANUP struct sy_buf row = sy_buf(4096);
    struct sy_party p = {.name = sy_view_str(party),
                         .party = sy_view_str(party),
                         .role = sy_view_str(role),
                         .status = sy_view_str("active")};
    (void)snprintf(key, sizeof(key), "party/%s", party);
    memset(p.box, 9, sizeof(p.box));
    memcpy(p.sign, id->sign_public, sizeof(p.sign));
    memcpy(p.tls, id->fingerprint, sizeof(p.tls));
    if (role[0] != '\0') {
        check_ok(sy_record_encode(&sy_party_desc, &p, &row));
    }
    send_row(g, key, sy_buf_view(&row));
}

static void make_genesis(struct gateway *g)
{
    uint8_t secret[32];
    crypto_box_keypair(g->box_public, secret);
    struct sy_genesis genesis = {.log = sy_view_str("shuyu.test/log+00000000+AA"),
                                 .name = sy_view_str("test domain"),
                                 .purpose = sy_view_str("test"),
                                 .time = 1};
    memcpy(genesis.box, g->box_public, 32);
    memset(genesis.warden, 0x3A, 32);
    g->genesis = sy_buf(4096);
    check_ok(sy_record_encode(&sy_genesis_desc, &genesis, &g->genesis));
    proof_domain_id(g->domain, sy_buf_view(&g->genesis));
}

/* ---- the program ---- */

static int listen_anywhere(uint16_t *ret_port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0 &&
                listen(fd, 64) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
    *ret_port = ntohs(in.sin_port);
    return fd;
}

static int keep_to_ourselves(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
    return fd;
}

static void make_public(struct gateway *g)
{
    (void)snprintf(g->public_dir, sizeof(g->public_dir), "/tmp/gateway-test-XXXXXX");
    assert_non_null(mkdtemp(g->public_dir));
    assert_int_equal(chmod(g->public_dir, 0755), 0);
    g->public_dirfd = open(g->public_dir, O_RDONLY | O_DIRECTORY);
    assert_true(g->public_dirfd >= 0);
}

void public_file(struct gateway *g, const char *path, const char *content)
{
    char part[128];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
        assert_true(mkdirat(g->public_dirfd, part, 0755) == 0 || errno == EEXIST);
    }
    int fd = openat(g->public_dirfd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    check_ok(sy_write_all(fd, content, strlen(content)));
    close(fd);
}

static void spawn(struct gateway *g, const char *const *options, const int fds[4])
{
    static const char *const names[] = {"listen", "warden", "public", "control"};
    char texts[4][32];
    const char *argv[40] = {gateway_program};
    size_t n = 1;
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "%s=%d", names[i], fds[i]);
        argv[n++] = "--fd";
        argv[n++] = texts[i];
    }
    for (; options != NULL && *options != NULL && n < 39; options++) {
        argv[n++] = *options;
    }
    assert_int_equal(
        posix_spawn(&g->pid, gateway_program, NULL, NULL, (char *const *)argv, environ), 0);
}

struct gateway *gateway_start(const char *const *options, bool with_head)
{
    struct gateway *g = calloc(1, sizeof(*g));
    int edge[2];
    int control[2];
    char ready = 0;
    assert_non_null(g);
    assert_true(sodium_init() >= 0);
    (void)signal(SIGPIPE, SIG_IGN);
    *g = (struct gateway){.mode = FAKE_ECHO};
    make_public(g);
    make_genesis(g);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, edge), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
    g->edge = keep_to_ourselves(edge[0]);
    g->control = keep_to_ourselves(control[0]);
    const int fds[4] = {listen_anywhere(&g->port), edge[1], g->public_dirfd, control[1]};
    spawn(g, options, fds);
    close(fds[0]);
    close(edge[1]);
    close(control[1]);
    assert_int_equal(pthread_mutex_init(&g->lock, NULL), 0);
    assert_int_equal(recv(g->control, &ready, 1, 0), 1);
    assert_int_equal(ready, 'r');
    if (with_head) {
        send_head(g);
        sleep_ms(50);
    }
    assert_int_equal(pthread_create(&g->warden, NULL, warden_main, g), 0);
    return g;
}

static void remove_tree(const char *dir)
{
    char command[128];
    (void)snprintf(command, sizeof(command), "%s", dir);
    const char *argv[] = {"rm", "-rf", command, NULL};
    pid_t pid;
    int status;
    assert_int_equal(posix_spawnp(&pid, "rm", NULL, NULL, (char *const *)argv, environ), 0);
    (void)waitpid(pid, &status, 0);
}

int gateway_wait(struct gateway *g)
{
    int status = 0;
    pid_t got = 0;
    for (int i = 0; i < WAIT_MS / 10 && got == 0; i++) {
        got = waitpid(g->pid, &status, WNOHANG);
        sleep_ms(10);
    }
    if (got == 0) {
        (void)kill(g->pid, SIGKILL);
        fail_msg("the gateway did not end");
    }
    (void)shutdown(g->edge, SHUT_RDWR);
    fake_set(g, FAKE_ECHO);
    (void)pthread_join(g->warden, NULL);
    close(g->edge);
    close(g->control);
    close(g->public_dirfd);
    remove_tree(g->public_dir);
    sy_buf_deinit(&g->genesis);
    pthread_mutex_destroy(&g->lock);
    free(g);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void gateway_stop(struct gateway *g)
{
    (void)shutdown(g->control, SHUT_RDWR);
    assert_int_equal(gateway_wait(g), 0);
}

/* ---- identities ---- */

struct identity *identity_new(void)
{
    struct identity *id = calloc(1, sizeof(*id));
    unsigned n = 0;
    assert_non_null(id);
    id->key = EVP_EC_gen("P-256");
    id->cert = X509_new();
    X509_NAME *name = X509_get_subject_name(id->cert);
    assert_true(ASN1_INTEGER_set(X509_get_serialNumber(id->cert), 1) == 1 &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"party", -1,
                                           -1, 0) == 1 &&
                X509_set_issuer_name(id->cert, name) == 1 &&
                X509_gmtime_adj(X509_getm_notBefore(id->cert), 0) != NULL &&
                X509_gmtime_adj(X509_getm_notAfter(id->cert), 3600) != NULL &&
                X509_set_pubkey(id->cert, id->key) == 1 &&
                X509_sign(id->cert, id->key, EVP_sha256()) > 0 &&
                X509_digest(id->cert, EVP_sha256(), id->fingerprint, &n) == 1);
    crypto_sign_keypair(id->sign_public, id->sign_secret);
    return id;
}

void identity_free(struct identity *id)
{
    X509_free(id->cert);
    EVP_PKEY_free(id->key);
    free(id);
}

/* ---- clients ---- */

int socket_open(const struct gateway *g)
{
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(g->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval limit = {.tv_sec = WAIT_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    return fd;
}

struct client *client_open(const struct gateway *g, const struct identity *id)
{
    struct client *c = calloc(1, sizeof(*c));
    assert_non_null(c);
    *c = (struct client){
        .ctx = SSL_CTX_new(TLS_client_method()), .fd = socket_open(g), .in = sy_buf(LARGE)};
    if (id != NULL) {
        assert_int_equal(SSL_CTX_use_certificate(c->ctx, id->cert), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(c->ctx, id->key), 1);
    }
    c->ssl = SSL_new(c->ctx);
    assert_int_equal(SSL_set_fd(c->ssl, c->fd), 1);
    if (SSL_connect(c->ssl) != 1) {
        fail_msg("no TLS: %s", ERR_error_string(ERR_get_error(), NULL));
    }
    return c;
}

void client_free(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
    sy_buf_deinit(&c->in);
    free(c);
    ERR_clear_error();
}

void client_send(struct client *c, const void *p, size_t n)
{
    size_t done = 0;
    assert_int_equal(SSL_write_ex(c->ssl, p, n, &done), 1);
    assert_int_equal(done, n);
}

static bool receive_some(struct client *c)
{
    size_t n = 0;
    uint8_t *to = sy_buf_reserve(&c->in, 16384);
    assert_non_null(to);
    ERR_clear_error();
    if (SSL_read_ex(c->ssl, to, 16384, &n) != 1) {
        return false;
    }
    c->in.n += n;
    return true;
}

bool client_ends(struct client *c)
{
    uint64_t start = sy_mono_ns();
    while (receive_some(c)) {
    }
    return sy_mono_ns() - start < (uint64_t)WAIT_MS * 1000000;
}

void client_receive(struct client *c, struct sy_rpc_msg *ret, size_t *ret_n)
{
    while (!sy_ok(sy_mp_frame(sy_buf_view(&c->in), &SY_MP_LARGE, ret_n, NULL))) {
        if (!receive_some(c)) {
            fail_msg("the connection ended where an answer was expected");
        }
    }
    check_ok(sy_rpc_parse(sy_view(c->in.p, *ret_n), &SY_MP_LARGE, ret, NULL));
    assert_int_equal(ret->kind, SY_RPC_RESPONSE);
}

void client_next(struct client *c, size_t n)
{
    sy_buf_consume(&c->in, n);
}

void client_expect_error(struct client *c, uint32_t id, int32_t code)
{
    struct sy_rpc_msg m;
    struct sy_error err = {0};
    size_t n = 0;
    client_receive(c, &m, &n);
    assert_int_equal(m.id, id);
    assert_true(sy_rpc_error(m.error, &err));
    assert_string_equal(sy_code_name(err.code), sy_code_name(code));
    sy_rpc_close(&m);
    client_next(c, n);
}

void client_expect_result(struct client *c, uint32_t id, struct sy_view result)
{
    struct sy_rpc_msg m;
    struct sy_view got;
    size_t n = 0;
    client_receive(c, &m, &n);
    assert_int_equal(m.id, id);
    assert_int_equal(m.error->type, MSGPACK_OBJECT_NIL);
    assert_true(sy_mp_bin(m.result, &got) && sy_view_eq(got, result));
    sy_rpc_close(&m);
    client_next(c, n);
}

void client_ping(struct client *c)
{
    static const char ping[] = "\x94\x00\x05\xABstatus.ping\x90";
    struct sy_rpc_msg m;
    size_t n = 0;
    client_send(c, ping, sizeof(ping) - 1);
    client_receive(c, &m, &n);
    assert_int_equal(m.id, 5);
    assert_int_equal(m.result->type, MSGPACK_OBJECT_MAP);
    sy_rpc_close(&m);
    client_next(c, n);
}

struct sy_buf envelope_make(const struct gateway *g, const struct identity *id, const char *party,
                            const char *method, size_t n_sigs)
{
    const uint8_t *secrets[] = {id->sign_secret};
    struct sy_header header = {
        .expiry = sy_now_s() + 600, .method = sy_view_str(method), .party = sy_view_str(party)};
    struct proof_request request = {
        .domain_box = g->box_public, .secrets = secrets, .n_secrets = n_sigs};
    struct sy_buf b = sy_buf(1 << 20);
    memcpy(header.domain, g->domain, sizeof(header.domain));
    check_ok(proof_envelope_make(&request, &header, &b));
    return b;
}

void client_call(struct client *c, uint32_t id, const char *method, struct sy_view envelope)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4 << 20);
    check_ok(sy_rpc_put_request(&b, id, method, 1));
    check_ok(sy_mp_put_bin(&b, envelope));
    client_send(c, b.p, b.n);
}
