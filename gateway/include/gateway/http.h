/*
 * HTTPS without a certificate: the published log (path.h) and a page that says what this is. GET and
 * HEAD only, no bodies, keep-alive. Parsing is llhttp's; the target is the only thing kept of a request.
 *
 * Runs in: gateway. Trusts: nobody. Holds: one target. May block/alloc: reads one file of the public
 * directory per request (tiles are at most 8 KiB, bundles a few tens). Threads: the loop's.
 * Source: RFC 9110, RFC 9112, c2sp.org/tlog-tiles.
 */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include <llhttp.h>

#include "gateway/gateway.h"
#include "gateway/path.h"

enum {
    GW_HTTP_TARGET_MAX = 256,    /* bytes; longer is 414 */
    GW_HTTP_HEAD_MAX = 8192,     /* request line and header; longer is 431 */
    GW_HTTP_FILE_MAX = 17 << 20, /* a bundle of 256 entries of 65,535 bytes, and their lengths */
};

struct gw_http {
    llhttp_t parser;
    char target[GW_HTTP_TARGET_MAX];
    size_t n_target;  /* may count past the maximum */
    size_t n_head;    /* bytes of this request's head so far */
    bool is_begun;    /* a request is unfinished */
    bool is_complete; /* a request waits for its answer */
    bool has_body;
};

void gw_http_init(struct gw_http *h);

/* The input function of the state HTTP (conn.h): one request, answered. */
enum gw_step gw_http_input(struct gw_conn *c);

/* Append the content of a public file: SY_E_NOT_FOUND, SY_E_LIMIT, SY_E_IO. `path` is relative and was
 * classified. With `b` NULL only *ret_n is set. */
SY_MUST sy_status gw_http_read_file(int dirfd, const char *path, struct sy_buf *b, size_t *ret_n);

#endif
