/*
 * TLS as a client, over role/tls.h. TLS 1.2 or later; the server's chain must end in a trusted authority and
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

#include "role/tls.h"
#include "wire/url.h"

/* What all connections share. ca_path: PEM file of trusted authorities; when there is no such file nobody is
 * trusted, and https:// fails. SY_E_TLS. The caller frees it with SSL_CTX_free. */
SY_MUST sy_status courier_tls_new(const char *ca_path, SSL_CTX **ret, bool *ret_trusts,
                                  struct sy_error *reterr);

/* Zero: none. */
struct courier_tls {
    struct role_tls wire; /* freed by role_tls_deinit */
    bool is_established;
};

SY_MUST sy_status courier_tls_init(struct courier_tls *t, SSL_CTX *shared,
                                   const struct sy_url *url);

/* Go on with the handshake. BROKEN: *reterr says why, as far as that is known. */
enum role_tls_result courier_tls_handshake(struct courier_tls *t, struct sy_error *reterr);

#endif
