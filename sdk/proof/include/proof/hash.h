/*
 * SHA-256, the only hash of logged and signed things. By way of libcrypto, which uses the
 * processor's instructions (about nine times libsodium's speed).
 *
 * Runs in: every process but the worker. Trusts: nobody. Holds: nothing between calls.
 * May block/alloc: one small allocation a hasher, none else. A hash cannot fail: when there is no memory for
 * a hasher the process is aborted, for no caller could go on safely.
 * Threads: any.
 * Source: FIPS 180-4.
 */
#ifndef PROOF_HASH_H
#define PROOF_HASH_H

#include "base/view.h"

enum { PROOF_HASH_BYTES = 32 };

/* SHA-256 of the concatenation of parts[0..n_parts); n_parts may be 0 (hash of nothing). Parts are
 * borrowed; ret may overlap them. State that may hold secrets is wiped. */
void proof_sha256(uint8_t ret[PROOF_HASH_BYTES], const struct sy_view *parts, size_t n_parts);

/* SHA-256 of one view. */
void proof_sha256_one(uint8_t ret[PROOF_HASH_BYTES], struct sy_view bytes);

/* SHA-256(prefix || v...): prefix is a C string (a context such as "shuyu-body-1"), the rest are
 * views. For instance PROOF_SHA256(ret, "shuyu-body-1", sy_view(salt, 32), body). */
#define PROOF_SHA256(ret, prefix, ...)                                                             \
    proof_sha256((ret), (const struct sy_view[]){sy_view_str(prefix), __VA_ARGS__},                \
                 sizeof((const struct sy_view[]){sy_view_str(prefix), __VA_ARGS__}) /              \
                     sizeof(struct sy_view))

/* The same in pieces, for what does not lie in memory at once. */
struct proof_hasher;

/* Never NULL. End it with proof_hasher_end or proof_hasher_drop. */
struct proof_hasher *proof_hasher_new(void);
void proof_hasher_add(struct proof_hasher *h, struct sy_view bytes);

/* SHA-256 of all that was added and of `bytes` after it, which are not added. */
void proof_hasher_peek(const struct proof_hasher *h, struct sy_view bytes,
                       uint8_t ret[PROOF_HASH_BYTES]);

/* SHA-256 of all that was added; h is freed. */
void proof_hasher_end(struct proof_hasher *h, uint8_t ret[PROOF_HASH_BYTES]);

/* Free it without a result. NULL-safe. */
void proof_hasher_drop(struct proof_hasher *h);

#endif
