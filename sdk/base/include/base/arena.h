/*
 * A bump allocator for decoded messages: allocate many, free once. Memory is zeroed. Each arena
 * has a ceiling, so that a hostile message cannot make a decoder hold more. One thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/view.h"

struct sy_arena_block;

struct sy_arena {
    struct sy_arena_block *head;
    size_t used;    /* bytes handed out */
    size_t ceiling; /* bytes at most; 0 = 64 MiB */
    bool wipe;      /* zero every block before it is freed */
    bool failed;    /* something could not be had since it was last empty */
};

/* n x size zeroed bytes aligned for any type; NULL past the ceiling, on overflow or no memory. */
void *sy_arena_alloc(struct sy_arena *a, size_t n, size_t size_bytes);

/* A copy of v (NUL-terminated beyond its n, so that .p is also a C string); {NULL,0} on failure
 * of a non-empty v. */
struct sy_view sy_arena_copy(struct sy_arena *a, struct sy_view v);

/* A NUL-terminated printf-formatted string; NULL on failure. */
char *sy_arena_printf(struct sy_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Forget everything and keep some memory for the next round: for an arena that serves one message after the
 * other. What was handed out is gone (and wiped when asked). */
void sy_arena_clear(struct sy_arena *a);

/* Free everything; the arena is usable again. NULL-safe. */
void sy_arena_deinit(struct sy_arena *a);

#define SY_ARENA_CLEANUP __attribute__((cleanup(sy_arena_deinit)))

#endif
