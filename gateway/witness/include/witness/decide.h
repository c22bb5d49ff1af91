/*
 * What a witness answers to a request, as a pure function: what it knows of a log, and the request, in;
 * the HTTP status and what it knows from now on, out. Clock, disk and network are elsewhere.
 *
 * Runs in: witness. Trusts: nobody; requests come from strangers. Holds: nothing. May block/alloc:
 * allocates briefly. Threads: pure functions.
 * Source: C2SP tlog-witness v1.0.0; reference/audit-log 1.8.
 */
#ifndef WITNESS_DECIDE_H
#define WITNESS_DECIDE_H

#include "proof/witness.h"

/* What the witness has cosigned last of one log. */
struct witness_known {
    struct proof_tree tree;
    uint64_t time_s; /* stated in that cosignature; 0 = it never cosigned */
};

/* Before the first cosignature: the empty tree. */
void witness_known_nothing(struct witness_known *ret);

/* A request whose form is good. Views of the body. */
struct witness_request {
    struct proof_witness_ask ask;
    struct proof_note note; /* of ask.checkpoint */
    struct proof_checkpoint checkpoint;
};

/* BOUNDARY: read a request's body. SY_E_FIELD, SY_E_LIMIT with a reason: the answer is 400. *ret untouched
 * then. Nothing is verified. */
SY_MUST sy_status witness_request_parse(struct sy_view body, struct witness_request *ret,
                                        struct sy_error *reterr);

enum {
    WITNESS_OK = 200,
    WITNESS_BAD_REQUEST = 400, /* the old size is beyond the checkpoint's */
    WITNESS_FORBIDDEN = 403,   /* not signed by the log */
    WITNESS_NOT_FOUND = 404,   /* a log that is not followed */
    WITNESS_CONFLICT = 409, /* the old size is not the one known; the answer's body is that one */
    WITNESS_INCONSISTENT = 422, /* the proof does not show that the log has only grown */
    WITNESS_FAILED = 500,       /* what is known could not be stored */
};

/* What is to be done. */
struct witness_verdict {
    unsigned status;    /* one of the above; 404 is the caller's */
    const char *reason; /* a sentence for people; "" with 200 and 409 */
    struct witness_known
        next;     /* with 200: to be durable before the cosignature leaves; else as known */
    bool is_news; /* with 200: next is not what is known already */
    bool is_fork; /* whatever the status: the log has signed two histories, and known and
                                  request prove it (proof/fork.h) */
};

/*
 * Decide about a request of the log that has these keys (one origin, which is the checkpoint's). The time
 * stated never goes back: with a clock that was set back it stays where it was. A size that was cosigned
 * before gets a fresh time; twice in one second it gets the same answer, and nothing is to be stored.
 */
void witness_decide(const struct proof_vkey *keys, size_t n_keys, const struct witness_known *known,
                    const struct witness_request *request, uint64_t now_s,
                    struct witness_verdict *ret);

#endif
