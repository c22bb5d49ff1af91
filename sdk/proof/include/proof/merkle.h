/*
 * Merkle trees of RFC 6962 over SHA-256: hashes, verification of inclusion and consistency, and a
 * compact tree that only grows. Leaf = H(0x00 || entry), node = H(0x01 || left || right); the left
 * subtree is the largest full one; an odd leaf is never doubled.
 *
 * Runs in: warden, SDK, auditor. Trusts: nobody; proofs and sizes come from outside.
 * Holds: nothing. May block/alloc: as proof_sha256. Threads: pure functions.
 * Source: RFC 6962 section 2.1; RFC 9162 sections 2.1.3.2 and 2.1.4.2; reference/audit-log 1.1.
 */
#ifndef PROOF_MERKLE_H
#define PROOF_MERKLE_H

#include "base/status.h"
#include "proof/hash.h"

enum { PROOF_PATH_MAX = 64 }; /* hashes in a proof over at most 2^64 - 1 leaves */

/* A proof: n hashes, the one nearest the leaves first. */
struct proof_path {
    size_t n; /* 0..PROOF_PATH_MAX */
    uint8_t hash[PROOF_PATH_MAX][PROOF_HASH_BYTES];
};

/* Root of the tree without leaves: SHA-256(""). */
void proof_merkle_empty(uint8_t ret[PROOF_HASH_BYTES]);

/* Hash of a leaf holding these entry bytes. */
void proof_merkle_leaf(uint8_t ret[PROOF_HASH_BYTES], struct sy_view entry);

/* Hash of an inner node. ret may be left or right. */
void proof_merkle_node(uint8_t ret[PROOF_HASH_BYTES], const uint8_t left[PROOF_HASH_BYTES],
                       const uint8_t right[PROOF_HASH_BYTES]);

/* Is the leaf with this hash number `index` of the tree of `size` leaves under `root`? OK, or
 * SY_E_PROOF for anything that does not fit, index >= size included. */
SY_MUST sy_status proof_merkle_check_inclusion(uint64_t index, uint64_t size,
                                               const uint8_t leaf_hash[PROOF_HASH_BYTES],
                                               const struct proof_path *path,
                                               const uint8_t root[PROOF_HASH_BYTES]);

/* A tree as a checkpoint states it. */
struct proof_tree {
    uint64_t size; /* leaves */
    uint8_t root[PROOF_HASH_BYTES];
};

/* Is `before` a prefix of `after`? OK or SY_E_PROOF. Sizes must satisfy 1 <= before <= after; equal
 * sizes want an empty path and equal roots. There is no proof from size 0, so it is refused here as
 * published verifiers do; proof_merkle_check_growth knows that case. */
SY_MUST sy_status proof_merkle_check_consistency(const struct proof_tree *before,
                                                 const struct proof_tree *after,
                                                 const struct proof_path *path);

/* As above, and a `before` of size 0 is a prefix of everything, provided its root is SHA-256("")
 * and the path is empty. What a monitor calls, whose memory may be empty. */
SY_MUST sy_status proof_merkle_check_growth(const struct proof_tree *before,
                                            const struct proof_tree *after,
                                            const struct proof_path *path);

/*
 * The root over the first `size` leaves of `after`, as this consistency path proves it, whatever root
 * the caller expected there. When it differs from a root that the same log signed for that size, the
 * log has forked, and path and both checkpoints show it (proof/fork.h). A path from a size that is a
 * power of two does not hold that root: SY_E_PROOF, as for a path that does not lead to after's root,
 * and sizes outside 1..after->size. *ret_root untouched then.
 */
SY_MUST sy_status proof_merkle_prefix(uint64_t size, const struct proof_tree *after,
                                      const struct proof_path *path,
                                      uint8_t ret_root[PROOF_HASH_BYTES]);

/* A tree that only grows, as the roots of its full subtrees: hash[l] is the root of 2^l leaves and
 * counts only when bit l of size is set. Zero-initialised = empty. */
struct proof_frontier {
    uint64_t size;
    uint8_t hash[PROOF_PATH_MAX][PROOF_HASH_BYTES];
};

/* Append a leaf by its hash. O(1) hashes on average, O(log size) at most. size < 2^64 - 1. */
void proof_frontier_add(struct proof_frontier *f, const uint8_t leaf_hash[PROOF_HASH_BYTES]);

/* The tree's root; O(log size). */
void proof_frontier_root(const struct proof_frontier *f, uint8_t ret[PROOF_HASH_BYTES]);

#endif
