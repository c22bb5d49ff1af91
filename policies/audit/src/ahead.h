/*
 * Entries in order, prepared ahead by a pool of threads. What needs no entry before it (decoding, hashing,
 * signatures) is done by all of the machine; what does (the tree, decide) is done by the caller alone, one
 * entry after the other; what is left of an entry then and is its own affair again (the digest of the rows that
 * it wrote) by all. The caller's thread does its part of both whenever it would wait.
 *
 * Runs in: the auditor's machine. Trusts: nothing. May block/alloc: both. Threads: its own; `prepare` and
 * `settle` run on any of them, `take` and `retire` on the caller's only, for each entry in this order.
 */
#ifndef AUDIT_SRC_AHEAD_H
#define AUDIT_SRC_AHEAD_H

#include "audit/export.h"
#include "proof/merkle.h"
#include "rules/replay.h"

/* Entries are handed out in batches of so many at most. */
enum { AHEAD_BATCH = 64 };

/* One entry. The first status that is not OK, and why; what came before it is filled. */
struct ahead_entry {
    sy_status s;
    struct sy_error *why; /* in the arena; NULL: OK */
    struct sy_log_entry entry;
    struct sy_event event; /* when entry.body is there */
    struct rules_facts facts;
    struct rules_request request;
    struct told *told;              /* what was found (replay.c); NULL: nothing */
    bool leaf_names_it;             /* the leaf shows the event's type and day */
    struct rules_seal seal;         /* once it was replayed */
    uint8_t hash[PROOF_HASH_BYTES]; /* of the leaf */
};

typedef sy_status ahead_prepare_fn(const struct audit_export *x, uint64_t i, const void *how,
                                   struct sy_arena *arena, struct ahead_entry *ret,
                                   struct sy_error *reterr);

/* A status that is not OK ends it, after the entries before were settled and retired. What `e` points to lives,
 * like what is put into the arena, until the entry is retired. */
typedef sy_status ahead_take_fn(void *ctx, uint64_t i, struct ahead_entry *e,
                                struct sy_arena *arena, struct sy_error *reterr);

/* These entries are taken next. */
typedef void ahead_expect_fn(void *ctx, const struct ahead_entry *entries, size_t n);

typedef void ahead_settle_fn(void *ctx, struct ahead_entry *e);
typedef void ahead_retire_fn(void *ctx, uint64_t i, struct ahead_entry *e);

struct ahead {
    const struct audit_export *x;
    unsigned threads; /* with the caller's; 0: as many as there are processors */
    ahead_prepare_fn *prepare;
    const void *how;
    ahead_expect_fn *expect; /* NULL: nobody asks */
    ahead_take_fn *take;
    ahead_settle_fn *settle; /* NULL, like the next: there is nothing left to do */
    ahead_retire_fn *retire;
    void *ctx;
};

/* Every entry of the export, in order. What `take` returns; SY_E_NO_MEMORY. */
SY_MUST sy_status ahead_run(const struct ahead *a, struct sy_error *reterr);

#endif
