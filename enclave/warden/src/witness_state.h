/*
 * Private to witness.c (policy, candidate, quorum, who waits) and witness_ask.c (one witness: the
 * request, the answer). Invariants: a witness has at most one request in flight; what is under the
 * candidate verified under the witness's key; `known` is only a belief, the next answer corrects it.
 */
#ifndef WARDEN_SRC_WITNESS_STATE_H
#define WARDEN_SRC_WITNESS_STATE_H

#include "base/arena.h"
#include "proof/policy.h"
#include "warden/witness.h"

/* How a witness stands; the words are wire/methods.h's. */
enum witness_state {
    WITNESS_NEW = 0,
    WITNESS_GOOD,
    WITNESS_SILENT,
    WITNESS_REFUSES,
    WITNESS_STALE,
    WITNESS_N
};

struct witness_peer {
    const struct proof_policy_witness *who; /* in the policy */
    enum witness_state state;
    bool asking;           /* a request is in flight */
    bool ended;            /* asked to the end once since the load */
    bool took;             /* it has cosigned the candidate */
    uint64_t known;        /* the size that it is believed to have seen last */
    uint64_t asking_size;  /* of the checkpoint in flight */
    uint64_t size, time_s; /* of its last cosignature */
    uint64_t at_ns;        /* when it may be asked, monotonic */
    unsigned failures;     /* one after the other */
    unsigned conflicts;    /* 409 one after the other */
};

struct witness_waiter {
    uint64_t entry;
    warden_fn fn;
    void *ctx;
};

enum { WITNESS_WAITERS_MAX = 64 };

struct warden_witnesses {
    struct warden *w;
    uint64_t load; /* counts the policies: an answer to one of an earlier policy is dropped */
    struct sy_arena arena; /* of text and policy */
    struct sy_view text;
    struct proof_policy policy;
    struct witness_peer peers[PROOF_POLICY_WITNESSES_MAX];
    bool has_quorum; /* the policy asks for one */

    struct sy_buf plain; /* the candidate: the ledger's checkpoint as it was signed */
    struct sy_buf lines; /* cosignatures of it */
    uint64_t size;       /* of its tree; 0 = no candidate */
    uint64_t begun_s;
    bool met; /* a quorum has cosigned it */

    struct sy_buf note; /* the newest with a quorum */
    size_t plain_bytes; /* of it, what the log itself signed */
    uint64_t quorum_size, quorum_time_s;

    struct witness_waiter waiters[WITNESS_WAITERS_MAX];
    size_t n_waiters;
    warden_fn started; /* NULL: nobody waits for the start */
    void *started_ctx;
    uint64_t started_timer;
};

/* Ask a witness about the candidate. Who cannot be asked now counts as silent. */
void witness_ask(struct warden_witnesses *s, struct witness_peer *p);

/* Lines were added under the candidate: is its quorum met? Then tell whoever waits. */
void witness_judge(struct warden_witnesses *s);

/* A witness has been asked to the end: ask whoever is next; was it the last one that the start waits for? */
void witness_ended(struct warden_witnesses *s, struct witness_peer *p);

/* This log was rolled back, or forked: stop. */
void witness_stop(struct warden_witnesses *s, const struct witness_peer *p, uint64_t their_size);

#endif
