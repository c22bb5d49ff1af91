/*
 * A call: one request from frame to reply. It owns a copy of its envelope, what was opened from it
 * (wiped on free), and the decision. It may outlive its connection: the outcome is in the ledger, and
 * the caller gets it by sending the same envelope again.
 */
#ifndef WARDEN_CALL_H
#define WARDEN_CALL_H

#include "warden/warden.h"

struct warden_method;

struct warden_call {
    struct warden_call *next;                 /* in w->waiting */
    struct warden_call *live_next, **live_at; /* in w->calls, as long as it lives */
    struct warden *w;
    uint64_t conn; /* where the reply goes, if it is still there */
    uint32_t rpc_id;
    int passed_fd; /* owned; -1 = none */
    struct sy_arena arena;
    struct proof_envelope envelope;
    struct proof_opened opened;
    struct rules_request request;
    struct sy_inputs inputs;
    struct rules_decision decision;
    uint8_t box[32]; /* the party's box key: replies are sealed to it */
    const struct warden_method *method;
    uint64_t entries[3]; /* entries that record the outcome: proofs of the reply */
    size_t n_entries;
    size_t reply_bytes; /* fixed reply length; 0 = the smallest that fits */
    uint64_t
        kept_at; /* entry + 1 of the payload that was put for this question, until the question is recorded */
    uint8_t kept_who[32];
    bool waits; /* what a run gave is told only when a quorum covers its entries (hold.c) */
    bool held;  /* it does wait, and nothing else of it is to be done (hold.c) */
};

/* Where a frame came from. */
struct warden_origin {
    uint64_t conn;
    uint32_t rpc_id;
    uint8_t tls[32]; /* zero on the local socket */
    int32_t early;   /* the gateway's early refusal, 0 = none */
    int passed_fd;   /* owned by the callee; -1 = none */
};

/* Serve one request frame. Never fails: whatever is wrong becomes the reply. */
void warden_call_start(struct warden *w, const struct warden_origin *origin, struct sy_view method,
                       struct sy_view envelope);

/* Inputs are ready: decide, record, and go on after the commit. */
void warden_call_decide(struct warden_call *c);

/* Run the waiting calls whose entries are durable now. */
void warden_calls_committed(struct warden *w);

/* End the call with a sealed result (canonical record bytes) or a sealed refusal; frees it. */
void warden_call_result(struct warden_call *c, struct sy_view result);
void warden_call_refuse(struct warden_call *c, const struct sy_error *e);

/* How many calls of a method may live at once, in all and of one party. */
struct warden_room {
    size_t in_all, of_party;
};

/* Is there room for this call among those of its method, and of others that lead to the same work? Else end
 * it in clear with SY_E_BUSY, before it is decided and charged (the same envelope may come again), free it,
 * and return false. Counts calls from their first frame on, so that requests sent in one burst are counted
 * too; not those that are held, whose work is done: hold.c bounds them. */
bool warden_call_room(struct warden_call *c, const struct warden_room *room);

/* End the call in clear before it was decided: nothing was charged or logged. Frees it. */
void warden_call_clear(struct warden_call *c, int32_t code, const char *reason);

/* Encode a record and end the call with it; an encoding failure becomes an internal error. */
void warden_call_record(struct warden_call *c, const struct sy_desc *desc, const void *record);

/* What a method adds around the rules. All may be NULL.
 *   prepare  fill c->inputs; true = decide now, false = it goes on by itself (warden_call_decide) or has ended
 *   done     allowed and durable: carry out the effect, and end the call
 *   read     allowed read: end the call
 *   again    the same envelope was recorded as entry c->decision.entry: end the call */
struct warden_method {
    const char *name;
    bool (*prepare)(struct warden_call *c);
    void (*done)(struct warden_call *c);
    void (*read)(struct warden_call *c);
    void (*again)(struct warden_call *c);
};

/* The table of methods (method.c). NULL when there is none. */
const struct warden_method *warden_method_find(struct sy_view name);

#endif
