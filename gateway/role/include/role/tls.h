/*
 * One TLS connection over memory, as server or client: bytes from the socket go in with feed, bytes for the
 * socket come out with drain; this layer does no I/O. Which side it is, whom it trusts and what it keeps
 * of the peer is its owner's to say (gateway/tls.h, courier/tls.h).
 *
 * OpenSSL's error queue is empty before each call, so that what it reports belongs to this connection; a
 * broken connection must not be read or written again (OpenSSL asks for that).
 *
 * Runs in: gateway, courier. Trusts: nobody. Holds: session keys. May block/alloc: allocates.
 * Threads: the loop's. Source: RFC 8446; SSL_new(3), BIO_s_mem(3).
 */
#ifndef ROLE_TLS_H
#define ROLE_TLS_H

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/status.h"

enum role_tls_result {
    ROLE_TLS_OK = 1,
    ROLE_TLS_MORE,   /* needs bytes from the peer */
    ROLE_TLS_END,    /* the peer said that it sends no more */
    ROLE_TLS_BROKEN, /* of no more use; an alert may wait in drain */
    ROLE_TLS_RESULT_N
};

/* Zero: none. */
struct role_tls {
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
};

/* A connection of neither side yet: the owner calls SSL_set_accept_state or SSL_set_connect_state.
 * SY_E_NO_MEMORY: *t is zero. */
SY_MUST sy_status role_tls_init(struct role_tls *t, SSL_CTX *shared);
void role_tls_deinit(struct role_tls *t); /* NULL-safe; idempotent */

/* Bytes from the socket. SY_E_NO_MEMORY. */
SY_MUST sy_status role_tls_feed(struct role_tls *t, struct sy_view bytes);

/* Go on with the handshake. */
enum role_tls_result role_tls_handshake(struct role_tls *t);

/* Up to cap decrypted bytes; *ret_n > 0 only with OK. */
enum role_tls_result role_tls_read(struct role_tls *t, uint8_t *ret, size_t cap, size_t *ret_n);

/* Encrypt all of these bytes (at least 1); SY_E_TLS. */
SY_MUST sy_status role_tls_write(struct role_tls *t, struct sy_view bytes);

/* Does anything wait for the socket? */
bool role_tls_has_output(const struct role_tls *t);

/* Move what waits for the socket to the end of *b. SY_E_NO_MEMORY. */
SY_MUST sy_status role_tls_drain(struct role_tls *t, struct sy_buf *b);

#endif
