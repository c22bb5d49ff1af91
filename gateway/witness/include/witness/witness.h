/*
 * The witness without its network: which logs it follows, what it knows of each, and what it answers.
 * One call decides, stores and answers a request; calls never overlap, so between the check of the old
 * size and the new state on the disk nothing else can happen.
 *
 * Runs in: witness. Trusts: the folder and the list of logs; requests come from strangers.
 * Holds: the cosigning key; of every log the last cosigned checkpoint. May block: on the disk, while
 * storing. Threads: one.
 * Source: C2SP tlog-witness v1.0.0.
 */
#ifndef WITNESS_WITNESS_H
#define WITNESS_WITNESS_H

#include "base/arena.h"
#include "proof/policy.h"
#include "witness/store.h"

/* A log that is followed. */
struct witness_log {
    const char *origin; /* the name of its keys */
    char hex[WITNESS_HEX_BYTES + 1];
    struct proof_vkey keys[PROOF_POLICY_ORIGIN_KEYS_MAX];
    size_t n_keys;
    struct witness_known known;
    struct sy_buf note; /* owned; as stored, empty before the first cosignature */
};

struct witness {
    struct witness_store store;
    struct sy_arena arena;
    struct witness_log *logs; /* in the arena */
    size_t n_logs;
    bool has_failed; /* something could not be stored: nothing is cosigned any more */
};

/* Follow the logs of this list (proof_policy_parse_logs; copied). Takes over an open store, also when it
 * fails. Errors of the list, SY_E_TAMPERED, SY_E_IO; *ret is closed then. */
SY_MUST sy_status witness_open(struct witness_store *store, struct sy_view list,
                               struct witness *ret, struct sy_error *reterr);

/* NULL-safe; idempotent. */
void witness_close(struct witness *w);

/* What goes back. Zero-initialise; the caller owes sy_buf_deinit of the body. */
struct witness_answer {
    unsigned status;  /* HTTP */
    const char *type; /* Content-Type */
    struct sy_buf body;
};

/* Answer POST add-checkpoint. now_s: UTC seconds. What a 200 promises is durable on return. */
void witness_add_checkpoint(struct witness *w, struct sy_view body, uint64_t now_s,
                            struct witness_answer *ret);

/* Answer GET HEX/checkpoint: the last cosigned checkpoint of that origin, or 404. */
void witness_get_checkpoint(const struct witness *w, struct sy_view hex,
                            struct witness_answer *ret);

/* Answer GET /: who this is, and whom it follows. */
void witness_get_about(const struct witness *w, struct witness_answer *ret);

#endif
