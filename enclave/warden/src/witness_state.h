/*
 * Private to witness.c (policy, candidate, quorum, who waits), witness_ask.c (one witness: the
 * request, the answer) and witness_evidence.c (what it must show to stop the domain). Invariants: a witness has at most one request in flight; what is under the
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
    WITNESS_CLAIMS,
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
    uint64_t
        claimed; /* entries of this log when it said that it saw another; 0: no such word is open */
};

struct witness_waiter {
    uint64_t entry;
    warden_fn fn;
    void *ctx;
};

enum { WITNESS_WAITERS_MAX = 64, WITNESS_ASK_MS = 10000, WITNESS_URL_MAX = 512 };

struct warden_witnesses {
    struct warden *w;
    uint64_t load; /* counts the policies: an answer to one of an earlier policy is dropped */
    struct sy_arena arena; /* of text and policy */
    struct sy_view text;
    struct proof_policy policy;
    struct witness_peer peers[PROOF_POLICY_WITNESSES_MAX];
    bool has_quorum; /* the policy asks for one */
    bool carried; /* a claim was open when the policy was loaded: open until all were asked again */

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

/* It did not cosign: its state, why, and when it is asked again. */
void witness_failed(struct warden_witnesses *s, struct witness_peer *p, enum witness_state state,
                    int64_t code);

/* It says that it saw a log of this size which is not this one: nothing is charged while that is open
 * (warden_witness_claimed). Ask for the checkpoint, and stop if that is evidence. */
void witness_claim(struct warden_witnesses *s, struct witness_peer *p, uint64_t their_size);

/* What it claimed is answered: by its own cosignature, or by a quorum's. Nothing when nothing is open. */
void witness_unclaim(struct witness_peer *p);

/* base and path, joined by one slash, and a NUL. SY_E_LIMIT, SY_E_NO_MEMORY. */
SY_MUST sy_status witness_url(struct sy_view base, const char *path, struct sy_buf *b);

/* This log was rolled back, or forked, and there is evidence of this size: stop. */
void witness_stop(struct warden_witnesses *s, const struct witness_peer *p, uint64_t their_size);

#endif
