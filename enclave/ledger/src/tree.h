/*
 * The Merkle tree of a log in memory: the hashes of all full subtrees, about 64 bytes a leaf, so
 * that roots, paths and tiles of any size so far cost O(log size).
 * Threads: one at a time; reading functions do not write.
 */
#ifndef LEDGER_SRC_TREE_H
#define LEDGER_SRC_TREE_H

#include "base/buf.h"
#include "proof/merkle.h"

struct tree {
    uint64_t size;
    struct sy_buf level[PROOF_PATH_MAX]; /* hash i of level l: leaves [i x 2^l, (i + 1) x 2^l) */
};

/* Empty; nothing is allocated. */
void tree_init(struct tree *t);
void tree_deinit(struct tree *t);

/* Append a leaf by its hash. SY_E_NO_MEMORY: unchanged. */
SY_MUST sy_status tree_add(struct tree *t, const uint8_t leaf_hash[PROOF_HASH_BYTES]);

/* Go back to the first `size` leaves; size <= t->size. */
void tree_truncate(struct tree *t, uint64_t size);

/* Root of the first `size` leaves; size <= t->size. */
void tree_root(const struct tree *t, uint64_t size, uint8_t ret[PROOF_HASH_BYTES]);

/* Path of a leaf in the tree of the first `size` leaves; index < size <= t->size. */
void tree_path(const struct tree *t, uint64_t index, uint64_t size, struct proof_path *ret);

/* Proof from `before` to `after` leaves; 1 <= before <= after <= t->size. */
void tree_consistency(const struct tree *t, uint64_t before, uint64_t after,
                      struct proof_path *ret);

/* n hashes of full subtrees of 2^level leaves, from number `first` on, as they lie in a tile. */
struct sy_view tree_hashes(const struct tree *t, unsigned level, uint64_t first, uint64_t n);

#endif
