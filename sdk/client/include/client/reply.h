/*
 * A verified reply, and the steps of its verification.
 */
#ifndef CLIENT_REPLY_H
#define CLIENT_REPLY_H

#include "client/call.h"
#include "proof/receipt.h"

enum {
    CLIENT_ANSWER_BYTES = 512 << 20
}; /* of a decoded answer: texts take more than on the wire */

/* One entry of the log, verified. */
struct client_entry {
    const struct sy_entry_proof *proof;
    struct sy_event event;   /* decoded from proof->body */
    struct sy_header header; /* decoded from event.request.header */
    struct proof_inclusion at;
    const char *receipt; /* NUL-terminated copy */
    bool ours;           /* the event of this very request */
    uint64_t place;      /* in its own log */
    uint64_t base;       /* entries in the logs before its own */
    bool
        closed; /* it lies in a log that was closed before the pinned one; at.index counts all logs */
};

struct shuyu_reply {
    struct proof_reply opened;
    struct sy_arena arena;
    struct client_entry *entries;
    size_t n_entries;
    const struct client_entry *own; /* the entry of this request, or NULL */
    int32_t code;                   /* 0, or the refusal's */
    bool logged;                    /* a refusal that an entry records ... */
    uint64_t entry;                 /* ... this one */
    struct sy_view answer;     /* verified: a run's or product's canonical sy_answer; else empty */
    uint64_t fen;              /* billed for it, as the result of product.call says */
    shuyu_witnessed witnessed; /* verified (witnesses.h) */
};

/* Verify every proof of an opened reply and fill entries, own. Errors: see shuyu_call. */
SY_MUST sy_status client_verify_entries(const struct client_call *c, shuyu_reply *r,
                                        struct sy_error *err);

/* Does what the log says agree with what the reply says? For runs: charge, answer, commitment, and
 * what the answer says it is of: grant, model, data, price. */
SY_MUST sy_status client_verify_outcome(const struct client_call *c, shuyu_reply *r,
                                        struct sy_error *err);
SY_MUST sy_status client_verify_run(const struct client_call *c, shuyu_reply *r,
                                    struct sy_error *err);

/* The same for product.call: this request's own entry, and the answer, which may have been made for another buyer
 * of the product; it is of the product, purpose, price and buyer of the request. */
SY_MUST sy_status client_verify_product(const struct client_call *c, shuyu_reply *r,
                                        struct sy_error *err);

/* Is this an answer by the warden? Was it made of these data? Did the log charge each namespace what it says? */
bool client_is_answer(const struct client_entry *e);
bool client_same_data(const struct sy_answer *a, const struct sy_inputs *in);
bool client_same_price(const struct sy_answer *a, const struct sy_verdict *v);

/* Public view of one entry. */
void client_entry_proof(const struct client_entry *e, shuyu_proof *ret);

/* The outcome of a call as the public functions give it: takes over `reply` (may be NULL), hands it
 * out through ret, and fills *reterr, its proof of a refusal included. */
shuyu_status client_give_reply(sy_status s, const struct sy_error *err, shuyu_reply *reply,
                               shuyu_reply **ret, shuyu_error *reterr);

#endif
