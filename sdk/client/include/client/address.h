/*
 * Addresses as people write them. Threads: pure functions.
 */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include "base/status.h"

struct client_address {
    char host[256]; /* name or number, without brackets; a socket's path when local */
    char port[6];   /* decimal; "" when local */
    bool local;
};

/* "host:port", "[v6]:port", or "unix:PATH". SY_E_FIELD; *ret untouched. */
SY_MUST sy_status client_address_parse(const char *text, struct client_address *ret,
                                       struct sy_error *err);

#endif
