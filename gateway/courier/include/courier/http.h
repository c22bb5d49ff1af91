/*
 * One HTTP/1.1 exchange in bytes: the request, and a response within limits that are checked before
 * anything is kept. The connection serves one request and ends.
 *
 * BOUNDARY: a response is a stranger's. llhttp reads it strictly (no lenient flag); what it does not
 * understand, and every response out of its limits, ends the exchange.
 *
 * Runs in: courier. Trusts: nobody. Holds: one body. May block/alloc: allocates up to its limits.
 * Threads: one owner at a time. Source: RFC 9110, RFC 9112.
 */
#ifndef COURIER_HTTP_H
#define COURIER_HTTP_H

#include <llhttp.h>

#include "base/buf.h"
#include "wire/courier.h"

enum {
    COURIER_HEAD_MAX = 16 << 10, /* bytes of names and values in a response's head and tail */
    COURIER_RAW_MAX = 640 << 10, /* bytes of a response in all, chunk heads and what not included */
    COURIER_INTERIM_MAX = 8,     /* 1xx responses before the real one */
    COURIER_FIELD_MAX = 16,      /* longest name of a field that is looked at, with some room */
};

/* Append the request. Errors of the buffer. */
SY_MUST sy_status courier_request_put(struct sy_buf *b, const struct sy_url *url,
                                      const struct sy_courier_ask *ask);

struct courier_response {
    llhttp_t parser;
    struct sy_buf body; /* owned */
    char type[SY_COURIER_TYPE_MAX + 1];
    char field[COURIER_FIELD_MAX]; /* beginning of the current field's name, for comparing */
    size_t n_field;                /* its length, may be more than is kept */
    size_t n_type;                 /* likewise of the Content-Type */
    size_t n_head;
    size_t n_raw;
    unsigned n_interim;
    bool has_type;
    bool is_complete;
    int32_t code; /* why a callback gave up; 0 = llhttp's own reason */
};

void courier_response_init(struct courier_response *r);
void courier_response_deinit(struct courier_response *r); /* NULL-safe */

/* The next bytes. OK: see is_complete; bytes after the end are not looked at. SY_E_IO (not HTTP, or a switch
 * of protocols), SY_E_LIMIT, SY_E_NO_MEMORY. */
SY_MUST sy_status courier_response_feed(struct courier_response *r, struct sy_view bytes,
                                        struct sy_error *reterr);

/* The connection has ended; is_clean: the other side said so, in a way that nobody between could forge. OK: the
 * response is complete, also one whose length only the end tells. SY_E_CLOSED: cut off. */
SY_MUST sy_status courier_response_end(struct courier_response *r, bool is_clean,
                                       struct sy_error *reterr);

/* What a complete response says; views into it. */
struct sy_courier_answer courier_response_answer(const struct courier_response *r);

#endif
