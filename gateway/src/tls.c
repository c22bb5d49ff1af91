/*
 * What: the server's settings, and who is at the other end. Invariant: the fingerprint is all that is kept of
 * the peer's certificate.
 */
#include "gateway/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "proof/hash.h"

enum { PEER_CHAIN_BYTES = 16384 };

static sy_status tls_fail(struct sy_error *reterr, const char *step)
{
    ERR_clear_error();
    return sy_fail(reterr, SY_E_TLS, "tls", "%s failed", step);
}

/* ---- the server ---- */

/* Any chain will do: who holds this key is looked up in the ledger, not in a directory of issuers. */
static int accept_any_chain(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

/* http/1.1 if it is among the offers; otherwise the first bytes will tell (conn.c). */
static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_n,
                           const unsigned char *offers, unsigned n_offers, void *arg)
{
    static const unsigned char http[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    unsigned char n_chosen = 0;
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, &n_chosen, http, sizeof(http) - 1, offers, n_offers) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *ret = chosen;
    *ret_n = n_chosen;
    return SSL_TLSEXT_ERR_OK;
}

static sy_status configure(SSL_CTX *ctx, struct sy_error *reterr)
{
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_num_tickets(ctx, 0) != 1) {
        return tls_fail(reterr, "TLS 1.3");
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(ctx, PEER_CHAIN_BYTES);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, accept_any_chain, NULL);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    return SY_OK;
}

static sy_status load_identity(SSL_CTX *ctx, const char *cert_path, const char *key_path,
                               struct sy_error *reterr)
{
    if (cert_path == NULL || key_path == NULL) {
        return sy_fail(reterr, SY_E_FIELD, "tls", "give both --tls-cert and --tls-key, or neither");
    }
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_path) != 1) {
        return tls_fail(reterr, "reading the certificate of --tls-cert");
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1) {
        return tls_fail(reterr, "reading the key of --tls-key, or matching it with --tls-cert,");
    }
    return SY_OK;
}

sy_status gw_tls_server_new(const char *cert_path, const char *key_path, SSL_CTX **ret,
                            struct sy_error *reterr)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL) {
        return tls_fail(reterr, "OpenSSL");
    }
    sy_status s = configure(ctx, reterr);
    if (sy_ok(s)) {
        s = cert_path == NULL && key_path == NULL ? gw_tls_make_identity(ctx, reterr)
                                                  : load_identity(ctx, cert_path, key_path, reterr);
    }
    if (!sy_ok(s)) {
        SSL_CTX_free(ctx);
        return s;
    }
    *ret = ctx;
    return SY_OK;
}

/* ---- one connection ---- */

sy_status gw_tls_init(struct gw_tls *t, SSL_CTX *server)
{
    *t = (struct gw_tls){0};
    SY_TRY(role_tls_init(&t->wire, server));
    SSL_set_accept_state(t->wire.ssl);
    return SY_OK;
}

static void note_peer(struct gw_tls *t)
{
    X509 *peer = SSL_get0_peer_certificate(t->wire.ssl);
    unsigned n = 0;
    t->has_certificate = peer != NULL && X509_digest(peer, EVP_sha256(), t->fingerprint, &n) == 1 &&
                         n == GW_FINGERPRINT_BYTES;
    if (!t->has_certificate) {
        proof_sha256_one(t->fingerprint, (struct sy_view){0});
    }
    const unsigned char *protocol = NULL;
    unsigned n_protocol = 0;
    SSL_get0_alpn_selected(t->wire.ssl, &protocol, &n_protocol);
    t->is_http = n_protocol > 0;
    t->established = true;
}

enum role_tls_result gw_tls_handshake(struct gw_tls *t)
{
    enum role_tls_result result = role_tls_handshake(&t->wire);
    if (result == ROLE_TLS_OK) {
        note_peer(t);
    }
    return result;
}

void gw_tls_say_end(struct gw_tls *t)
{
    ERR_clear_error();
    if (t->established) {
        (void)SSL_shutdown(t->wire.ssl);
    }
    ERR_clear_error();
}
