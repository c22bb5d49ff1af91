/*
 * What: the client's settings, and who must be at the other end. Invariant: no byte of a request is encrypted
 * before the handshake, and with it the check of the certificate, is over (errand.c).
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
static bool expect(SSL *ssl, const struct sy_url *url)
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

sy_status courier_tls_init(struct courier_tls *t, SSL_CTX *shared, const struct sy_url *url)
{
    *t = (struct courier_tls){0};
    SY_TRY(role_tls_init(&t->wire, shared));
    SSL_set_connect_state(t->wire.ssl);
    return expect(t->wire.ssl, url) ? SY_OK : sy_status_of(SY_E_TLS);
}

enum role_tls_result courier_tls_handshake(struct courier_tls *t, struct sy_error *reterr)
{
    enum role_tls_result result = role_tls_handshake(&t->wire);
    long verdict = SSL_get_verify_result(t->wire.ssl);
    if (result == ROLE_TLS_OK) {
        t->is_established = true;
    } else if (result != ROLE_TLS_MORE) {
        (void)sy_fail(reterr, SY_E_TLS, "tls", "the handshake failed%s%s",
                      verdict == X509_V_OK ? "" : ": ",
                      verdict == X509_V_OK ? "" : X509_verify_cert_error_string(verdict));
        result = ROLE_TLS_BROKEN;
    }
    return result;
}
