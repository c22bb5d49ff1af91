/*
 * A question about one subject as a request. Threads: pure functions.
 */
#ifndef CLIENT_SUBJECT_H
#define CLIENT_SUBJECT_H

#include "base/arena.h"
#include "base/buf.h"
#include "client/error.h"
#include "wire/consent.h"

/* What a request is made of. Zero-initialise with CLIENT_SUBJECT_ASK; end with client_subject_deinit, which
 * wipes the secret. */
struct client_subject_ask {
    struct sy_buf args, secret;
    struct sy_arena arena;
    shuyu_request request; /* borrows the others */
    uint8_t grant[32], model[32];
};
enum { CLIENT_SUBJECT_MAX = 1 << 18 };

void client_subject_init(struct client_subject_ask *a);
void client_subject_deinit(struct client_subject_ask *a);

/* Fill *a from a question. SY_E_USAGE, SY_E_FIELD. */
SY_MUST sy_status client_subject_make(const shuyu_subject_question *q, struct client_subject_ask *a,
                                      struct sy_error *err);

#endif
