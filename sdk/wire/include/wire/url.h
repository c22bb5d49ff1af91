/*
 * URLs that the domain may be told to fetch: http:// or https://, a host, perhaps a port, a path. Stricter than RFC
 * 3986: no user information, no fragment, nothing but visible ASCII, so that no two readers of a URL (ours,
 * the resolver, the server, a person in a log) can take it for different ones.
 *
 * The one parser: the rules refuse by it what the courier could not take when it is adopted, and the courier takes
 * by it what it is asked for.
 *
 * Trusts: nobody. May block/alloc: neither. Threads: pure functions. Source: RFC 3986, RFC 9110 section 4.2.
 */
#ifndef WIRE_URL_H
#define WIRE_URL_H

#include "base/status.h"
#include "base/view.h"

enum {
    SY_URL_MAX = 2048, /* longer by two than the longest that is taken: room for a '/' and a NUL */
    SY_URL_HOST_MAX = 253,
};

struct sy_url {
    bool is_tls;
    bool is_address;                /* host is an IPv4 or IPv6 address */
    char host[SY_URL_HOST_MAX + 1]; /* without brackets */
    char port[6];                   /* decimal, 1..65535; the scheme's when none is given */
    char authority[SY_URL_MAX];     /* for the Host field: as it stands in the URL */
    char target[SY_URL_MAX];        /* path and query; begins with '/' */
};

/* SY_E_FIELD with field "url" and what is wrong; *ret is undefined then. */
SY_MUST sy_status sy_url_parse(struct sy_view text, struct sy_url *ret, struct sy_error *reterr);

/* May paths be asked for under this URL? As sy_url_parse, at most max bytes and without a query, so that a path
 * of SY_URL_MAX - max - 2 bytes can be put behind it. SY_E_FIELD with field "url". */
SY_MUST sy_status sy_url_base_check(struct sy_view text, size_t max, struct sy_error *reterr);

#endif
