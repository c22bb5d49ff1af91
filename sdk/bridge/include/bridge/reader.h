/*
 * Requests of HTTP/1.1, from bytes. Stricter than the standard asks: a head is taken as a whole, with CR LF at
 * every line's end and nowhere else, and is then parsed by llhttp; a body has a Content-Length, no transfer
 * coding; a header that means something here occurs once. So no byte can be read in two ways, whoever
 * stands between the client and us.
 *
 * Runs in: bridge. Trusts: nobody. Holds: one request. May block/alloc: allocates up to the limits below.
 * Threads: one. Source: RFC 9110, RFC 9112.
 */
#ifndef BRIDGE_READER_H
#define BRIDGE_READER_H

#include "base/buf.h"

enum {
    BRIDGE_HEAD_MAX = 8192,  /* bytes of a request's line and headers; more is 431 */
    BRIDGE_TARGET_MAX = 160, /* bytes of a path; more is 414 */
    BRIDGE_BODY_MAX = 65536, /* bytes of a body; more is 413 */
};

/* Headers that mean something here. */
enum bridge_header {
    BRIDGE_AUTHORIZATION,
    BRIDGE_CONTENT_ENCODING,
    BRIDGE_CONTENT_TYPE,
    BRIDGE_EXPECT,
    BRIDGE_HOST,
    BRIDGE_IDEMPOTENCY_KEY,
    BRIDGE_ORIGIN,
    BRIDGE_TRANSFER_ENCODING,
    BRIDGE_HEADER_N
};

enum bridge_method { BRIDGE_OTHER = 0, BRIDGE_GET, BRIDGE_POST };

/* Views are of the reader's memory, until bridge_reader_next. */
struct bridge_request {
    enum bridge_method method;
    bool keep_alive;
    struct sy_view target;
    struct sy_view headers[BRIDGE_HEADER_N]; /* values; {NULL, 0}: not there */
    uint64_t length;                         /* of the body, as it was announced */
    struct sy_view body;
};

/* What came of the bytes so far. */
enum bridge_read {
    BRIDGE_READ_MORE = 1, /* a request is not whole yet */
    BRIDGE_READ_DONE,     /* `request` is */
    BRIDGE_READ_FAULT,    /* `status` says what is wrong; nothing more can be read here */
};

/* Zero-initialise, then bridge_reader_next before first use. */
struct bridge_reader {
    struct sy_buf head;
    struct sy_buf body;
    struct bridge_request request;
    bool has_head;
    unsigned status;    /* of a fault: an HTTP status ... */
    const char *reason; /* ... and a sentence */
};

/* Make ready for the next request; what the last one held is wiped. */
void bridge_reader_next(struct bridge_reader *r);
void bridge_reader_deinit(struct bridge_reader *r); /* NULL-safe */

/* Has a byte of a request come? */
bool bridge_reader_is_begun(const struct bridge_reader *r);

/*
 * BOUNDARY: take bytes from a stranger. *ret_n: how many were taken; with DONE and FAULT fewer than there are,
 * perhaps. Not to be called again after these two, but for bridge_reader_next after DONE.
 */
enum bridge_read bridge_reader_feed(struct bridge_reader *r, struct sy_view bytes, size_t *ret_n);

#endif
