/*
 * Entries in order, prepared ahead by a pool of threads. What needs no entry before it (decoding, hashing,
 * signatures) is done by all of the machine; what does (the tree, decide) is done by the caller alone, one
 * entry after the other. The caller's thread prepares too whenever it would wait.
 *
 * Runs in: the auditor's machine. Trusts: nothing. May block/alloc: both. Threads: its own; `prepare` runs on
 * any of them, `take` on the caller's only.
 */
#ifndef AUDIT_SRC_AHEAD_H
#define AUDIT_SRC_AHEAD_H

#include "audit/export.h"
#include "proof/merkle.h"
#include "rules/replay.h"

/* One entry. The first status that is not OK, and why; what came before it is filled. */
struct ahead_entry {
    sy_status s;
    struct sy_error *why; /* in the arena; NULL: OK */
    struct sy_log_entry entry;
    struct sy_event event; /* when entry.body is there */
    struct rules_facts facts;
    struct rules_request request;
    bool leaf_names_it;             /* the leaf shows the event's type and day */
    uint8_t hash[PROOF_HASH_BYTES]; /* of the leaf */
};

typedef sy_status ahead_prepare_fn(const struct audit_export *x, uint64_t i, const void *how,
                                   struct sy_arena *arena, struct ahead_entry *ret,
                                   struct sy_error *reterr);

/* A status that is not OK ends it. What `e` points to is borrowed for the call. */
typedef sy_status ahead_take_fn(void *ctx, uint64_t i, const struct ahead_entry *e,
                                struct sy_error *reterr);

struct ahead {
    const struct audit_export *x;
    unsigned threads; /* with the caller's; 0: as many as there are processors */
    ahead_prepare_fn *prepare;
    const void *how;
    ahead_take_fn *take;
    void *ctx;
};

/* Every entry of the export, in order. What `take` returns; SY_E_NO_MEMORY. */
SY_MUST sy_status ahead_run(const struct ahead *a, struct sy_error *reterr);

#endif
