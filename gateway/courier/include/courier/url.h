/*
 * URLs that the courier fetches: http:// or https://, a host, perhaps a port, a path. Stricter than RFC
 * 3986: no user information, no fragment, nothing but visible ASCII, so that no two readers of a URL (ours,
 * the resolver, the server, a person in a log) can take it for different ones.
 *
 * Runs in: courier. Trusts: nobody. Threads: pure functions. Source: RFC 3986, RFC 9110 section 4.2.
 */
#ifndef COURIER_URL_H
#define COURIER_URL_H

#include "base/status.h"
#include "base/view.h"
#include "wire/courier.h"

enum { COURIER_HOST_MAX = 253 };

struct courier_url {
    bool is_tls;
    bool is_address;                    /* host is an IPv4 or IPv6 address */
    char host[COURIER_HOST_MAX + 1];    /* without brackets */
    char port[6];                       /* decimal, 1..65535; the scheme's when none is given */
    char authority[SY_COURIER_URL_MAX]; /* for the Host field: as it stands in the URL */
    char target[SY_COURIER_URL_MAX];    /* path and query; begins with '/' */
};

/* SY_E_FIELD with field "url" and what is wrong; *ret is undefined then. */
SY_MUST sy_status courier_url_parse(struct sy_view text, struct courier_url *ret,
                                    struct sy_error *reterr);

#endif
