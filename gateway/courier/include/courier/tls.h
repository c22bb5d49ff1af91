/*
 * TLS as a client, over memory: bytes from the socket go in with feed, bytes for the socket come out with
 * drain; this layer does no I/O. TLS 1.2 or later; the server's chain must end in a trusted authority and
 * its certificate must be for the host of the URL, name or address. No client certificate, no session is
 * resumed, no early data.
 *
 * The trusted authorities are read once, at the start: afterwards the process can open no such file.
 *
 * Runs in: courier. Trusts: the authorities, for nothing but who is at the other end. Holds: session keys.
 * May block/alloc: allocates; courier_tls_new reads a file. Threads: the loop's.
 * Source: RFC 8446, RFC 9110 section 4.3.4; SSL_set1_host(3), BIO_s_mem(3).
 */
#ifndef COURIER_TLS_H
#define COURIER_TLS_H

#include <openssl/ssl.h>

#include "base/buf.h"
#include "courier/url.h"

/* What all connections share. ca_path: PEM file of trusted authorities; when there is no such file nobody is
 * trusted, and https:// fails. SY_E_TLS. The caller frees it with SSL_CTX_free. */
SY_MUST sy_status courier_tls_new(const char *ca_path, SSL_CTX **ret, bool *ret_trusts,
                                  struct sy_error *reterr);

enum courier_tls_result {
    COURIER_TLS_OK = 1,
    COURIER_TLS_MORE,   /* needs bytes from the peer */
    COURIER_TLS_END,    /* the peer said that it sends no more */
    COURIER_TLS_BROKEN, /* of no more use; an alert may wait in drain */
};

/* Zero: none. */
struct courier_tls {
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    bool is_established;
};

SY_MUST sy_status courier_tls_init(struct courier_tls *t, SSL_CTX *shared,
                                   const struct courier_url *url);
void courier_tls_deinit(struct courier_tls *t); /* NULL-safe; idempotent */

/* Bytes from the socket. SY_E_NO_MEMORY. */
SY_MUST sy_status courier_tls_feed(struct courier_tls *t, struct sy_view bytes);

/* Go on with the handshake. BROKEN: *reterr says why, as far as that is known. */
enum courier_tls_result courier_tls_handshake(struct courier_tls *t, struct sy_error *reterr);

/* Up to cap decrypted bytes; *ret_n > 0 only with OK. */
enum courier_tls_result courier_tls_read(struct courier_tls *t, uint8_t *ret, size_t cap,
                                         size_t *ret_n);

/* Encrypt all of these bytes; SY_E_TLS. */
SY_MUST sy_status courier_tls_write(struct courier_tls *t, struct sy_view bytes);

/* Move what waits for the socket to the end of *b. SY_E_LIMIT, SY_E_NO_MEMORY. */
SY_MUST sy_status courier_tls_drain(struct courier_tls *t, struct sy_buf *b);

#endif
