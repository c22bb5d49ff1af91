/*
 * A server thread for the drivers' tests: a unix socket, or TLS on loopback, in front of the domain
 * of test_domain.h. It can be busy, hang up and lie.
 */
#ifndef CLIENT_TEST_SERVER_H
#define CLIENT_TEST_SERVER_H

#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "test_domain.h"

#include "base/fdio.h"

/* --- the server ------------------------------------------------------------------------------- */

struct server {
    struct fake f;
    uint8_t party[32]; /* box key */
    int listener;
    volatile int stream; /* of the client that is served; -1: none */
    bool tls;
    EVP_PKEY *key;
    X509 *cert;
    pthread_t thread;
    char path[64];
    char address[64];
    int got_fd_bytes; /* length of the file that came with the last frame; -1 = none */
};

static struct server S;
static struct home H;

/* A blocking stream, plain or TLS. */
struct stream {
    int fd;
    SSL *ssl;
};

static ssize_t stream_read(struct stream *s, void *p, size_t n)
{
    return s->ssl != NULL ? SSL_read(s->ssl, p, (int)n) : recv(s->fd, p, n, 0);
}

static void stream_write(struct stream *s, struct sy_view v)
{
    ssize_t n =
        s->ssl != NULL ? SSL_write(s->ssl, v.p, (int)v.n) : send(s->fd, v.p, v.n, MSG_NOSIGNAL);
    (void)n;
}

static void reply_to(struct stream *st, const struct sy_rpc_msg *m)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct sy_error busy = {.code = SY_E_BUSY};
    struct sy_view envelope;
    if (sy_view_is(m->method, "status.ping")) {
        struct sy_ping p = {.log = sy_view_str(S.f.vkey),
                            .purpose = sy_view_str("test"),
                            .version = sy_view_str("0"),
                            .time = 1};
        memcpy(p.domain, S.f.domain, 32);
        memcpy(p.box, S.f.box_public, 32);
        memcpy(p.warden, S.f.warden, 32);
        check_ok(sy_rpc_put_result_head(&b, m->id));
        check_ok(sy_record_encode(&sy_ping_desc, &p, &b));
    } else if (S.f.busy > 0) {
        S.f.busy--;
        check_ok(sy_rpc_put_error(&b, m->id, S.f.clear.code != 0 ? &S.f.clear : &busy));
    } else {
        check_ok(sy_rpc_put_notify(&b, "progress", 3));
        check_ok(sy_mp_put_bin(&b, sy_view_str("attempt")));
        check_ok(sy_mp_put_u64(&b, 12));
        check_ok(sy_mp_put_u64(&b, 3400));
        assert_true(sy_mp_bin(&m->params->via.array.ptr[0], &envelope));
        check_ok(sy_rpc_put_result_head(&b, m->id));
        check_ok(sy_mp_put_bin(&b, fake_serve(&S.f, envelope, S.party)));
    }
    stream_write(st, sy_buf_view(&b));
}

/* Read until a whole frame is in `in`; false when the peer is gone. */
static bool read_frame(struct stream *st, struct sy_buf *in, size_t *ret_n)
{
    uint8_t chunk[4096];
    while (!sy_ok(sy_mp_frame(sy_buf_view(in), &SY_MP_REQUEST, ret_n, NULL))) {
        ssize_t n = stream_read(st, chunk, sizeof(chunk));
        if (n <= 0) {
            return false;
        }
        check_ok(sy_buf_add(in, chunk, (size_t)n));
    }
    return true;
}

static void serve_frames(struct stream *st, struct sy_buf *in)
{
    size_t n = 0;
    while (read_frame(st, in, &n)) {
        SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
        check_ok(sy_rpc_parse(sy_view(in->p, n), &SY_MP_REQUEST, &m, NULL));
        bool ping = sy_view_is(m.method, "status.ping");
        if (!ping && S.f.hang_up > 0) {
            S.f.hang_up--;
            return;
        }
        reply_to(st, &m);
        sy_rpc_close(&m);
        sy_buf_consume(in, n);
    }
}

/* The first byte may carry a descriptor. */
static void take_first(struct stream *st, struct sy_buf *in)
{
    uint8_t byte = 0;
    size_t n = 0;
    size_t n_fds = 0;
    int fd = -1;
    if (!sy_ok(sy_recv_fds(st->fd, &byte, 1, &n, &fd, 1, &n_fds))) {
        return;
    }
    check_ok(sy_buf_add(in, &byte, 1));
    S.got_fd_bytes = n_fds == 1 ? (int)lseek(fd, 0, SEEK_END) : -1;
    sy_fd_close(&fd);
}

static int any_certificate(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

static bool accept_tls(struct stream *st)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(ctx, S.cert);
    SSL_CTX_use_PrivateKey(ctx, S.key);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, any_certificate, NULL);
    st->ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SSL_set_fd(st->ssl, st->fd);
    if (SSL_accept(st->ssl) != 1) {
        return false;
    }
    X509 *peer = SSL_get1_peer_certificate(st->ssl);
    uint8_t fp[32];
    check_ok(client_certificate_fingerprint(peer, fp));
    X509_free(peer);
    assert_memory_equal(fp, shuyu_profile_tls(H.profile), 32);
    return true;
}

static void *server_main(void *arg)
{
    sigset_t pipe;
    (void)arg;
    sigemptyset(&pipe); /* for this thread alone: the blocking client must do without */
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    for (;;) {
        struct stream st = {.fd = accept(S.listener, NULL, NULL)};
        SY_BUF_CLEANUP struct sy_buf in = sy_buf(1 << 20);
        if (st.fd < 0) {
            return NULL;
        }
        S.stream = st.fd;
        if (S.tls ? accept_tls(&st) : true) {
            if (!S.tls) {
                take_first(&st, &in);
            }
            serve_frames(&st, &in);
        }
        S.stream = -1;
        SSL_free(st.ssl);
        sy_fd_close(&st.fd);
    }
}

static void listen_tcp(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    S.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(S.listener, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(getsockname(S.listener, (struct sockaddr *)&a, &n), 0);
    (void)snprintf(S.address, sizeof(S.address), "127.0.0.1:%u", ntohs(a.sin_port));
}

static void listen_unix(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(S.path, sizeof(S.path), "/tmp/shuyu-test-%d.sock", (int)getpid());
    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", S.path);
    (void)unlink(S.path);
    S.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(S.listener, (struct sockaddr *)&a, sizeof(a)), 0);
}

static void identity(void)
{
    struct shuyu_profile id = {0};
    SY_BUF_CLEANUP struct sy_buf key = sy_buf(16384);
    SY_BUF_CLEANUP struct sy_buf cert = sy_buf(16384);
    check_ok(client_certificate_make("gateway", &key, &cert, NULL));
    check_ok(client_certificate_load(sy_buf_view(&key), sy_buf_view(&cert), &id, NULL));
    S.key = id.tls_key;
    S.cert = id.tls_cert;
}

static void start(const char *party, bool tls)
{
    memset(&S, 0, sizeof(S));
    S.stream = -1;
    fake_init(&S.f);
    home_make(&H, party);
    memcpy(S.party, shuyu_profile_box_key(H.profile), 32);
    S.tls = tls;
    identity();
    if (tls) {
        listen_tcp();
    } else {
        listen_unix();
    }
    home_pin(&H, &S.f, tls ? S.address : "none:1");
    assert_int_equal(listen(S.listener, 8), 0);
    assert_int_equal(pthread_create(&S.thread, NULL, server_main, NULL), 0);
}

static inline int start_tls_server(void **state)
{
    (void)state;
    start("acme", true);
    return 0;
}

static inline int start_unix(void **state)
{
    (void)state;
    start("acme", false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    (void)shutdown(S.listener, SHUT_RDWR);
    (void)shutdown(S.stream, SHUT_RDWR); /* a test that failed left it open */
    pthread_join(S.thread, NULL);
    sy_fd_close(&S.listener);
    (void)unlink(S.path);
    EVP_PKEY_free(S.key);
    X509_free(S.cert);
    sy_arena_deinit(&S.f.arena);
    home_remove(&H);
    return 0;
}

#endif
