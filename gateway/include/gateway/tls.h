/*
 * TLS 1.3 as a server, over role/tls.h. A client certificate is asked for and may be absent; any certificate,
 * self-signed too, is taken, because identity is its fingerprint (SHA-256 of the DER) as enrolled in
 * the ledger: TLS proves that the peer holds its key, `rules_admit` and the warden judge whose it is.
 *
 * The server's own certificate proves nothing about the domain. Clients pin the domain's box key and
 * log key: bodies are sealed to the one, checkpoints and receipts verify under the other. Whoever
 * replaces the gateway can drop and delay, as the gateway itself can (DESIGN section 2).
 *
 * No session tickets and no resumption: each connection proves its key anew. No early data, no TLS 1.2.
 *
 * Runs in: gateway. Trusts: nobody. Holds: the TLS key, session keys. May block/alloc: allocates;
 * gw_tls_server_new reads files. Threads: the loop's. Source: RFC 8446; SSL_new(3), BIO_s_mem(3).
 */
#ifndef GATEWAY_TLS_H
#define GATEWAY_TLS_H

#include "role/tls.h"

enum { GW_FINGERPRINT_BYTES = 32, GW_TLS_RECORD_BYTES = 16384 };

/* What all connections share: the key, the certificate, the settings. With both paths NULL a P-256 key
 * and a certificate CN=shuyu-gateway are made in memory. SY_E_TLS naming the step, SY_E_FIELD for one
 * path without the other. The caller frees it with SSL_CTX_free. */
SY_MUST sy_status gw_tls_server_new(const char *cert_path, const char *key_path, SSL_CTX **ret,
                                    struct sy_error *reterr);

/* A P-256 key and a self-signed certificate of ten years into a context (tls_cert.c). */
SY_MUST sy_status gw_tls_make_identity(SSL_CTX *ctx, struct sy_error *reterr);

struct gw_tls {
    struct role_tls wire; /* freed by role_tls_deinit */
    bool established;
    bool is_http; /* ALPN chose http/1.1 */
    bool has_certificate;
    uint8_t fingerprint[GW_FINGERPRINT_BYTES]; /* of the peer's certificate; without one SHA-256 of
                                                  nothing, which is nobody's and not zero */
};

SY_MUST sy_status gw_tls_init(struct gw_tls *t, SSL_CTX *server);

/* Go on with the handshake; at OK the fields above are set. */
enum role_tls_result gw_tls_handshake(struct gw_tls *t);

/* Say that we send no more. */
void gw_tls_say_end(struct gw_tls *t);

#endif
