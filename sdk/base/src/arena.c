/*
 * The arena: a list of zeroed blocks, of which only the first has room. A value that does not fit
 * opens a new block; what is left of the old one is wasted, so blocks start at 4 KiB. A new block is twice
 * as large as all before it, up to a limit: so an arena that is cleared and filled again soon does with the one it
 * keeps (were it as large, two of them would take turns for ever).
 * Invariants: every pointer handed out is aligned for any type; `used` counts rounded sizes and
 * never passes the ceiling, whatever the caller multiplies.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arith.h"

#define DEFAULT_CEILING_BYTES ((size_t)64 << 20)
#define BLOCK_BYTES           ((size_t)4096)
#define BLOCK_BYTES_MAX       ((size_t)256 << 10)

struct sy_arena_block {
    struct sy_arena_block *next;
    size_t cap;
    size_t used;
    _Alignas(max_align_t) unsigned char data[];
};

static bool round_up(size_t n, size_t *ret)
{
    const size_t mask = _Alignof(max_align_t) - 1;
    size_t padded;
    if (!sy_add_size(n == 0 ? 1 : n, mask, &padded)) {
        return false;
    }
    *ret = padded & ~mask;
    return true;
}

/* Make the first block have room for n bytes. calloc gives the zeroes that callers rely on. */
static bool make_room(struct sy_arena *a, size_t n)
{
    if (a->head != NULL && n <= a->head->cap - a->head->used) {
        return true;
    }
    size_t cap = a->used < BLOCK_BYTES           ? BLOCK_BYTES
                 : a->used < BLOCK_BYTES_MAX / 2 ? a->used * 2
                                                 : BLOCK_BYTES_MAX;
    cap = cap < n ? n : cap;
    size_t total;
    if (!sy_add_size(sizeof(struct sy_arena_block), cap, &total)) {
        return false;
    }
    struct sy_arena_block *block = calloc(1, total);
    if (block == NULL) {
        return false;
    }
    block->next = a->head;
    block->cap = cap;
    a->head = block;
    return true;
}

void *sy_arena_alloc(struct sy_arena *a, size_t n, size_t size_bytes)
{
    size_t ceiling = a->ceiling == 0 ? DEFAULT_CEILING_BYTES : a->ceiling;
    size_t want;
    if (!sy_mul_size(n, size_bytes, &want) || !round_up(want, &want) || a->used > ceiling ||
        want > ceiling - a->used || !make_room(a, want)) {
        a->failed = true;
        return NULL;
    }
    void *p = a->head->data + a->head->used;
    a->head->used += want;
    a->used += want;
    return p;
}

struct sy_view sy_arena_copy(struct sy_arena *a, struct sy_view v)
{
    size_t n;
    if (!sy_add_size(v.n, 1, &n)) {
        return (struct sy_view){0};
    }
    uint8_t *p = sy_arena_alloc(a, n, 1);
    if (p == NULL) {
        return (struct sy_view){0};
    }
    if (v.n > 0) {
        memcpy(p, v.p, v.n);
    }
    return sy_view(p, v.n);
}

char *sy_arena_printf(struct sy_arena *a, const char *fmt, ...)
{
    va_list args;
    va_list again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *p = n < 0 ? NULL : sy_arena_alloc(a, (size_t)n + 1, 1);
    if (p != NULL) {
        (void)vsnprintf(p, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    return p;
}

/* The newest block stays: calloc zeroed what was never handed out, so only the rest is zeroed again. */
void sy_arena_clear(struct sy_arena *a)
{
    struct sy_arena_block *keep = a->head;
    if (keep == NULL) {
        return;
    }
    a->head = keep->next;
    sy_arena_deinit(a);
    if (a->wipe) {
        explicit_bzero(keep->data, keep->used);
    } else {
        memset(keep->data, 0, keep->used);
    }
    keep->next = NULL;
    keep->used = 0;
    a->head = keep;
}

void sy_arena_deinit(struct sy_arena *a)
{
    if (a == NULL) {
        return;
    }
    struct sy_arena_block *block = a->head;
    while (block != NULL) {
        struct sy_arena_block *next = block->next;
        if (a->wipe) {
            explicit_bzero(block->data, block->used);
        }
        free(block);
        block = next;
    }
    a->head = NULL;
    a->used = 0;
    a->failed = false;
}
