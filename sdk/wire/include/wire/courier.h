/*
 * The edge between the warden and the courier, the process that does all outbound HTTP. MessagePack-RPC
 * frames on a stream:
 *
 *   warden -> courier   [0, id, "http", [str verb, str url, str content_type, bin body, int timeout_ms]]
 *   courier -> warden   [1, id, nil, [int status, str content_type, bin body]]
 *                       [1, id, error, nil]       error as in wire/rpc.h
 *
 * Each request gets one answer, in any order. An answer says what came back, whatever it is: a redirect
 * is not followed, and its status is an answer like any other. Its body is opaque: whoever asked for it
 * checks it as what it is, a stranger's bytes (BOUNDARY).
 *
 * Errors: SY_E_FIELD (verb, url, content_type, timeout), SY_E_BUSY (too many at once), SY_E_NOT_FOUND
 * (no address of that name), SY_E_IO (no connection, or what came is not HTTP), SY_E_TLS (no TLS, or not
 * with whom it should be), SY_E_CLOSED (cut off in the middle), SY_E_LIMIT (more than is taken),
 * SY_E_TIMEOUT.
 *
 * Views point into the frame. Threads: pure functions.
 */
#ifndef WIRE_COURIER_H
#define WIRE_COURIER_H

#include "wire/rpc.h"
#include "wire/url.h"

enum {
    SY_COURIER_BODY_MAX = 256 << 10, /* bytes of a body, there and back */
    SY_COURIER_URL_MAX = SY_URL_MAX,
    SY_COURIER_TYPE_MAX = 128,
    SY_COURIER_TIMEOUT_MAX_MS = 30000, /* for everything, from the name to the last byte */
    SY_COURIER_AT_ONCE = 32,           /* requests under way; more is SY_E_BUSY */
};

/* Of every frame on this edge. */
extern const struct sy_mp_limits SY_COURIER_FRAME;

extern const char SY_COURIER_METHOD[]; /* "http" */

struct sy_courier_ask {
    struct sy_view verb; /* GET or POST; the body of a GET is empty */
    struct sy_view url;  /* http:// or https://; the courier checks it */
    struct sy_view content_type;
    struct sy_view body;
    uint64_t timeout_ms; /* 1..SY_COURIER_TIMEOUT_MAX_MS */
};

struct sy_courier_answer {
    uint64_t status;             /* 200..599 */
    struct sy_view content_type; /* plain ASCII; "" when there is none */
    struct sy_view body;
};

/* Is this a request that may be sent? SY_E_FIELD naming what is not (the URL by length only), SY_E_LIMIT
 * (body). */
SY_MUST sy_status sy_courier_ask_check(const struct sy_courier_ask *ask, struct sy_error *reterr);

/* Append a whole request, or a whole answer, to *b. SY_E_LIMIT, SY_E_FIELD, SY_E_NO_MEMORY; *b is
 * unchanged then. */
SY_MUST sy_status sy_courier_put_ask(struct sy_buf *b, uint32_t id,
                                     const struct sy_courier_ask *ask);
SY_MUST sy_status sy_courier_put_answer(struct sy_buf *b, uint32_t id,
                                        const struct sy_courier_answer *answer);

/* Read what a parsed request says, and check it as sy_courier_ask_check does. SY_E_METHOD, SY_E_FRAME. */
SY_MUST sy_status sy_courier_get_ask(const struct sy_rpc_msg *m, struct sy_courier_ask *ret,
                                     struct sy_error *reterr);

/* Read what a parsed response says: OK and *ret; the error that it carries (never SY_E_FRAME); SY_E_FRAME
 * when it is no answer within the limits. */
SY_MUST sy_status sy_courier_get_answer(const struct sy_rpc_msg *m, struct sy_courier_answer *ret,
                                        struct sy_error *reterr);

#endif
