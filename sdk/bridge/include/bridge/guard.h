/*
 * Who may come in. The bridge acts in the buyer's name, so every request carries a secret that only the
 * buyer's programs can read; and a page in a browser on the same machine is kept out by what browsers cannot
 * help saying: whom they think that they talk to (Host), and who sent them (Origin).
 *
 * Runs in: bridge. Trusts: whoever may read the token's file. Holds: the token. Threads: one.
 * Source: RFC 6750 (bearer tokens), RFC 9110 (Host, Origin).
 */
#ifndef BRIDGE_GUARD_H
#define BRIDGE_GUARD_H

#include <netinet/in.h>

#include "bridge/reader.h"

enum { BRIDGE_TOKEN_MIN = 32, BRIDGE_TOKEN_MAX = 256 };

/* Zero-initialise; ends with bridge_token_deinit. */
struct bridge_token {
    uint8_t *text; /* BRIDGE_TOKEN_MAX bytes, guarded memory; NULL: none, and nobody comes in */
    size_t n;
};

/* Make a token of 32 random bytes (hex) and put it into dirfd/name, mode 0600, in place of an older one.
 * SY_E_IO, SY_E_NO_SPACE, SY_E_NO_MEMORY. sodium_init() has been called. */
SY_MUST sy_status bridge_token_make(int dirfd, const char *name, struct bridge_token *ret,
                                    struct sy_error *reterr);

/* Take the token that stands in a file: one line of BRIDGE_TOKEN_MIN..MAX letters, digits and -._~+/=.
 * SY_E_DENIED (others may read or write the file, or own it), SY_E_FIELD (no such line), SY_E_NOT_FOUND,
 * SY_E_IO, SY_E_NO_MEMORY. */
SY_MUST sy_status bridge_token_load(const char *path, struct bridge_token *ret,
                                    struct sy_error *reterr);

/* Wipe. NULL-safe. */
void bridge_token_deinit(struct bridge_token *t);

/* Is this the value of an Authorization header with the token? In a time that does not depend on where the two
 * differ. */
bool bridge_token_is(const struct bridge_token *t, struct sy_view authorization);

/* Does a Host header name this machine's loopback (127.0.0.1, [::1], localhost; any port)? */
bool bridge_host_is_loopback(struct sy_view host);

/* May a request come in? 0, or the HTTP status with *ret_reason: 400 (no such Host), 403 (a browser sent it),
 * 401. */
unsigned bridge_guard(const struct bridge_token *t, const struct bridge_request *q,
                      const char **ret_reason);

/* HOST:PORT or [HOST]:PORT by numbers, of the loopback only. SY_E_FIELD "listen". */
SY_MUST sy_status bridge_address_parse(const char *text, struct sockaddr_storage *ret,
                                       struct sy_error *reterr);

#endif
