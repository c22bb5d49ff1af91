/*
 * What: TLS behind two memory BIOs, and frames cut from what comes out. Invariants: OpenSSL's error
 * queue is empty before each of its calls; the gateway's certificate authenticates nobody by itself
 * (DESIGN: answers are proven by the log), but a pinned one must match, and is checked in the
 * handshake, before a byte of ours is sent.
 * Source: OpenSSL manual pages SSL_set_bio(3), SSL_CTX_set_cert_verify_callback(3).
 */
#include "client/link.h"

#include <openssl/err.h>

enum { CHUNK = 16384, OUT_MAX = 80 << 20, IN_MAX = (64 << 20) + 65536 };

static sy_status tls_fail(struct sy_error *err, const char *what)
{
    ERR_clear_error();
    return sy_fail(err, SY_E_TLS, "tls", "%s", what);
}

/* --- the handshake ---------------------------------------------------------------------------- */

/* ctx: the profile. Any certificate, or the pinned one. */
static int judge_gateway(X509_STORE_CTX *store, void *ctx)
{
    const struct shuyu_profile *p = ctx;
    uint8_t fingerprint[32];
    X509 *cert = X509_STORE_CTX_get0_cert(store);
    if (p->pins.has_gateway &&
        (cert == NULL || !sy_ok(client_certificate_fingerprint(cert, fingerprint)) ||
         memcmp(fingerprint, p->pins.gateway, 32) != 0)) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
        return 0;
    }
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static bool configure(SSL_CTX *ctx, const struct shuyu_profile *p)
{
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_use_certificate(ctx, p->tls_cert) != 1 ||
        SSL_CTX_use_PrivateKey(ctx, p->tls_key) != 1) {
        return false;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, judge_gateway, (void *)(uintptr_t)p);
    return true;
}

static bool start_tls(struct client_link *l, const struct shuyu_profile *p)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx != NULL && configure(ctx, p)) {
        l->ssl = SSL_new(ctx); /* keeps ctx */
    }
    SSL_CTX_free(ctx);
    l->net_in = BIO_new(BIO_s_mem());
    l->net_out = BIO_new(BIO_s_mem());
    if (l->ssl == NULL || l->net_in == NULL || l->net_out == NULL) {
        BIO_free(l->net_in);
        BIO_free(l->net_out);
        return false;
    }
    BIO_set_mem_eof_return(l->net_in, -1); /* empty means "later" */
    SSL_set_bio(l->ssl, l->net_in, l->net_out);
    SSL_set_connect_state(l->ssl);
    return true;
}

/* What OpenSSL wants to send goes to `out`. */
static sy_status drain(struct client_link *l, struct sy_error *err)
{
    char *p = NULL;
    long n = BIO_get_mem_data(l->net_out, &p);
    if (n <= 0) {
        return SY_OK;
    }
    sy_status s = sy_buf_add(&l->out, p, (size_t)n);
    (void)BIO_reset(l->net_out);
    return sy_ok(s) ? s : sy_fail(err, s.code, NULL, NULL);
}

static sy_status write_tls(struct client_link *l, struct sy_view v, struct sy_error *err)
{
    size_t done = 0;
    ERR_clear_error();
    if (v.n > 0 && SSL_write_ex(l->ssl, v.p, v.n, &done) != 1) {
        return tls_fail(err, "the TLS connection failed while writing");
    }
    return drain(l, err);
}

static sy_status handshake(struct client_link *l, struct sy_error *err)
{
    ERR_clear_error();
    int r = SSL_do_handshake(l->ssl);
    if (r != 1 && SSL_get_error(l->ssl, r) != SSL_ERROR_WANT_READ) {
        bool pinned = SSL_get_verify_result(l->ssl) == X509_V_ERR_CERT_REJECTED;
        (void)drain(l, NULL); /* the alert is worth sending, and no more */
        return tls_fail(err, pinned ? "the gateway shows another certificate than the pinned one"
                                    : "the TLS handshake failed");
    }
    SY_TRY(drain(l, err));
    if (r != 1) {
        return SY_OK;
    }
    l->ready = true;
    SY_TRY(write_tls(l, sy_buf_view(&l->held), err));
    sy_buf_clear(&l->held);
    return SY_OK;
}

sy_status client_link_init(struct client_link *l, const struct shuyu_profile *p,
                           struct sy_error *err)
{
    *l =
        (struct client_link){.in = sy_buf(IN_MAX), .out = sy_buf(OUT_MAX), .held = sy_buf(OUT_MAX)};
    if (p == NULL) {
        l->ready = true;
        return SY_OK;
    }
    sy_status s = start_tls(l, p) ? handshake(l, err) : tls_fail(err, "TLS cannot start");
    if (!sy_ok(s)) {
        client_link_deinit(l);
    }
    return s;
}

void client_link_deinit(struct client_link *l)
{
    SSL_free(l->ssl); /* and its BIOs */
    sy_buf_deinit(&l->in);
    sy_buf_deinit(&l->out);
    sy_buf_deinit(&l->held);
    *l = (struct client_link){0};
}

/* --- bytes ------------------------------------------------------------------------------------ */

static sy_status read_tls(struct client_link *l, struct sy_error *err)
{
    for (;;) {
        size_t n = 0;
        uint8_t *at = sy_buf_reserve(&l->in, CHUNK);
        if (at == NULL) {
            return sy_fail(err, SY_E_LIMIT, NULL, "the domain sends more than a reply may have");
        }
        ERR_clear_error();
        int r = SSL_read_ex(l->ssl, at, CHUNK, &n);
        if (r == 1) {
            l->in.n += n;
            continue;
        }
        int why = SSL_get_error(l->ssl, r);
        SY_TRY(drain(l, err));
        if (why == SSL_ERROR_WANT_READ) {
            return SY_OK;
        }
        ERR_clear_error();
        return why == SSL_ERROR_ZERO_RETURN
                   ? sy_fail(err, SY_E_CLOSED, NULL, NULL)
                   : tls_fail(err, "the gateway ended the TLS connection with an alert");
    }
}

sy_status client_link_receive(struct client_link *l, struct sy_view bytes, struct sy_error *err)
{
    if (l->ssl == NULL) {
        sy_status s = sy_buf_add_view(&l->in, bytes);
        return sy_ok(s) ? s : sy_fail(err, s.code, NULL, "more than a reply may have");
    }
    if (BIO_write(l->net_in, bytes.p, (int)bytes.n) != (int)bytes.n) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    if (!l->ready) {
        SY_TRY(handshake(l, err));
    }
    return l->ready ? read_tls(l, err) : SY_OK;
}

sy_status client_link_send(struct client_link *l, struct sy_view frame, struct sy_error *err)
{
    if (l->ssl != NULL && l->ready) {
        return write_tls(l, frame, err);
    }
    sy_status s = sy_buf_add_view(l->ssl == NULL ? &l->out : &l->held, frame);
    return sy_ok(s) ? s : sy_fail(err, s.code, NULL, NULL);
}

sy_status client_link_frame(struct client_link *l, struct sy_rpc_msg *ret, struct sy_error *err)
{
    size_t n = 0;
    sy_buf_consume(&l->in, l->frame_bytes);
    l->frame_bytes = 0;
    SY_TRY(sy_mp_frame(sy_buf_view(&l->in), &CLIENT_FRAME_LIMITS, &n, err));
    SY_TRY(sy_rpc_parse(sy_view(l->in.p, n), &CLIENT_FRAME_LIMITS, ret, err));
    l->frame_bytes = n;
    return SY_OK;
}
