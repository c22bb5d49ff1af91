/*
 * Going through the entries of all logs of a domain, one log after the other (rules/shard.h): the tree of the log at
 * hand, and whether the next log begins where the one before it ended. An export holds them in one row,
 * numbered through; its checkpoint signs the last log.
 *
 * Runs in: the auditor's machine. Trusts: nothing but the bytes; that the last tree is signed is the caller's to
 * check, and what the last log's first entry says of the one before is then as good as signed. Threads: none.
 */
#ifndef AUDIT_SRC_CHAIN_H
#define AUDIT_SRC_CHAIN_H

#include "audit/export.h"
#include "proof/merkle.h"

struct chain {
    struct proof_frontier tree;    /* of the log at hand */
    uint64_t base;                 /* entries in the logs before it */
    char name[PROOF_NAME_MAX + 1]; /* its origin; "": of the first log, before it has ended */
    char next[PROOF_NAME_MAX + 1]; /* closed: the origin that its last entry names; else "" */
    /* Told when a log has ended, before the next one begins; NULL: nobody. */
    sy_status (*ended)(void *ctx, const struct chain *c, struct sy_error *reterr);
    void *ctx;
};

/* Entry i, whose leaf has this hash; event: when its body is there and was checked against the leaf, else NULL. SY_E_PROOF
 * (field "shard": an entry behind a close, a log that begins without one, or that names another size, root or key
 * of the log before; field "root": a promotion of another history), SY_E_DENIED (such an entry without body), the
 * decoder's errors, those of a checkpoint. */
SY_MUST sy_status chain_take(struct chain *c, uint64_t i, struct sy_view leaf,
                             const struct sy_event *event, const uint8_t hash[PROOF_HASH_BYTES],
                             struct sy_error *reterr);

/* Entries of all logs so far. */
static inline uint64_t chain_size(const struct chain *c)
{
    return c->base + c->tree.size;
}

/* Does this entry end a log, or begin one? As its leaf says. */
bool chain_turns(struct sy_view leaf);

/* The log at hand is the one that `key` signs: by its origin. SY_E_PROOF, field "shard". */
SY_MUST sy_status chain_is_of(const struct chain *c, const struct proof_vkey *key,
                              struct sy_error *reterr);

/* Where in the export the log of this origin lies: its first entry, how many, and a key that signed its end (of the last log:
 * `last`). O(entries). SY_E_NOT_FOUND. */
SY_MUST sy_status chain_find(const struct audit_export *x, struct sy_view origin,
                             const struct proof_vkey *last, uint64_t *ret_base, uint64_t *ret_size,
                             struct proof_vkey *ret_key, struct sy_error *reterr);

#endif
