/*
 * Memory for rows and nodes of a state that remembers: blocks of a few sizes, cut from slabs. A replay writes
 * half a dozen rows an entry and lets go of as many a few entries later, which malloc answers with splitting and
 * merging; here it is a list's first block. Blocks start at cache lines.
 *
 * A state shares rows with its clones, and effects and seals hold rows: so a pool stays until its state has left
 * it and the last of its blocks was given back. Under AddressSanitizer every block is malloc's own.
 *
 * Runs in: audit tool. Trusts: its caller. May block/alloc: allocates. Threads: the state's owner.
 */
#ifndef RULES_STATE_POOL_H
#define RULES_STATE_POOL_H

#include "rules/replay.h"

struct pool;

/* Under AddressSanitizer, whichever compiler's. */
#ifdef __SANITIZE_ADDRESS__
enum { POOL_BYPASSED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { POOL_BYPASSED = 1 };
#else
enum { POOL_BYPASSED = 0 };
#endif
#else
enum { POOL_BYPASSED = 0 };
#endif

enum { POOL_BLOCK_MAX = 1024 }; /* bytes; larger ones are malloc's business */

struct pool *pool_new(void); /* NULL: out of memory */

/* From now on slabs come from there first (rules/replay.h); NULL: from malloc, as at first. */
void pool_pieces(struct pool *p, const struct rules_pieces *from);

/* Its state is gone; NULL-safe. The pool goes with the last block. */
void pool_leave(struct pool *p);

/* A block of n <= POOL_BLOCK_MAX bytes, not cleared; NULL: out of memory. */
void *pool_take(struct pool *p, size_t n);

/* Give a block back to the pool that it came from. */
void pool_give(void *block);

#endif
