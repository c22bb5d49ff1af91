/*
 * What: OpenSSL behind two memory BIOs. Invariants: OpenSSL's error queue is empty before each call, so
 * that what it reports belongs to this connection; a broken connection is never read or written again; no
 * byte of a request is encrypted before the handshake, and with it the check of the certificate, is over.
 */
#include "courier/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

enum { CHAIN_BYTES = 65536, CHAIN_DEPTH = 8 };

static sy_status tls_fail(struct sy_error *reterr, const char *step)
{
    ERR_clear_error();
    return sy_fail(reterr, SY_E_TLS, "tls", "%s failed", step);
}

/* ---- shared ---- */

static sy_status configure(SSL_CTX *ctx, const char *ca_path, bool *ret_trusts,
                           struct sy_error *reterr)
{
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
        return tls_fail(reterr, "TLS 1.2");
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ctx, CHAIN_BYTES);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_verify_depth(ctx, CHAIN_DEPTH);
    *ret_trusts = access(ca_path, F_OK) == 0;
    if (*ret_trusts && SSL_CTX_load_verify_file(ctx, ca_path) != 1) {
        return tls_fail(reterr, "reading the authorities of --ca");
    }
    return SY_OK;
}

sy_status courier_tls_new(const char *ca_path, SSL_CTX **ret, bool *ret_trusts,
                          struct sy_error *reterr)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    sy_status s =
        ctx == NULL ? tls_fail(reterr, "OpenSSL") : configure(ctx, ca_path, ret_trusts, reterr);
    if (!sy_ok(s)) {
        SSL_CTX_free(ctx);
        return s;
    }
    *ret = ctx;
    return SY_OK;
}

/* ---- one connection ---- */

/* Who must be at the other end. */
static bool expect(SSL *ssl, const struct courier_url *url)
{
    static const unsigned char http[] = "\x08http/1.1";
    if (SSL_set_alpn_protos(ssl, http, sizeof(http) - 1) != 0) {
        return false;
    }
    if (url->is_address) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), url->host) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, url->host) == 1 && SSL_set_tlsext_host_name(ssl, url->host) == 1;
}

sy_status courier_tls_init(struct courier_tls *t, SSL_CTX *shared, const struct courier_url *url)
{
    ERR_clear_error();
    *t = (struct courier_tls){
        .ssl = SSL_new(shared), .in = BIO_new(BIO_s_mem()), .out = BIO_new(BIO_s_mem())};
    if (t->ssl == NULL || t->in == NULL || t->out == NULL) {
        SSL_free(t->ssl);
        BIO_free(t->in);
        BIO_free(t->out);
        *t = (struct courier_tls){0};
        return sy_status_of(SY_E_NO_MEMORY);
    }
    BIO_set_mem_eof_return(t->in, -1); /* empty means "later", not "over" */
    BIO_set_mem_eof_return(t->out, -1);
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_connect_state(t->ssl);
    return expect(t->ssl, url) ? SY_OK : sy_status_of(SY_E_TLS);
}

void courier_tls_deinit(struct courier_tls *t)
{
    if (t != NULL) {
        SSL_free(t->ssl);
        *t = (struct courier_tls){0};
    }
}

sy_status courier_tls_feed(struct courier_tls *t, struct sy_view bytes)
{
    size_t n = 0;
    ERR_clear_error();
    return BIO_write_ex(t->in, bytes.p, bytes.n, &n) == 1 && n == bytes.n
               ? SY_OK
               : sy_status_of(SY_E_NO_MEMORY);
}

static enum courier_tls_result result_of(struct courier_tls *t, int r)
{
    static const struct {
        int error;
        enum courier_tls_result result;
    } results[] = {
        {SSL_ERROR_NONE, COURIER_TLS_OK},
        {SSL_ERROR_WANT_READ, COURIER_TLS_MORE},
        {SSL_ERROR_ZERO_RETURN, COURIER_TLS_END},
    };
    int error = SSL_get_error(t->ssl, r);
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        if (results[i].error == error) {
            return results[i].result;
        }
    }
    ERR_clear_error();
    return COURIER_TLS_BROKEN;
}

enum courier_tls_result courier_tls_handshake(struct courier_tls *t, struct sy_error *reterr)
{
    ERR_clear_error();
    enum courier_tls_result result = result_of(t, SSL_do_handshake(t->ssl));
    long verdict = SSL_get_verify_result(t->ssl);
    if (result == COURIER_TLS_OK) {
        t->is_established = true;
    } else if (result != COURIER_TLS_MORE) {
        (void)sy_fail(reterr, SY_E_TLS, "tls", "the handshake failed%s%s",
                      verdict == X509_V_OK ? "" : ": ",
                      verdict == X509_V_OK ? "" : X509_verify_cert_error_string(verdict));
        result = COURIER_TLS_BROKEN;
    }
    return result;
}

enum courier_tls_result courier_tls_read(struct courier_tls *t, uint8_t *ret, size_t cap,
                                         size_t *ret_n)
{
    ERR_clear_error();
    return result_of(t, SSL_read_ex(t->ssl, ret, cap, ret_n));
}

sy_status courier_tls_write(struct courier_tls *t, struct sy_view bytes)
{
    size_t n = 0;
    ERR_clear_error();
    bool is_done = SSL_write_ex(t->ssl, bytes.p, bytes.n, &n) == 1 && n == bytes.n;
    ERR_clear_error();
    return is_done ? SY_OK : sy_status_of(SY_E_TLS);
}

sy_status courier_tls_drain(struct courier_tls *t, struct sy_buf *b)
{
    size_t n = BIO_ctrl_pending(t->out);
    if (n == 0) {
        return SY_OK;
    }
    uint8_t *to = sy_buf_reserve(b, n);
    size_t n_read = 0;
    if (to == NULL || BIO_read_ex(t->out, to, n, &n_read) != 1) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    b->n += n_read;
    return SY_OK;
}
