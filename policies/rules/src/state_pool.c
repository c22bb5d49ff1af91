/*
 * A slab is cut into blocks of one size and aligned to its own size, so that a block knows its slab. Invariants:
 * a slab is in its size's list exactly when it has a block to hand out; a slab without blocks in use is freed,
 * unless it is alone there, so that taking and giving one block over and over costs nothing.
 */
#include "state_pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { LINE = 64, SIZES = POOL_BLOCK_MAX / LINE, SLAB_ALIGN = RULES_PIECE_ALIGN };
/* The room between two slabs is what malloc needs for itself: so they lie side by side. */
enum { SLAB_BYTES = RULES_PIECE_BYTES };

struct block {
    struct block *next;
};

struct slab {
    struct pool *pool;
    struct slab *next, *prev; /* in the list of its size */
    struct block *given;      /* back; NULL: none */
    uint32_t size;            /* of a block */
    uint32_t fresh;           /* where the blocks start that nobody had yet */
    uint32_t used;            /* blocks */
    bool listed;
};

struct pool {
    struct slab *open[SIZES + 1]; /* slabs with a block to hand out, by lines of a block */
    size_t n_slabs;
    struct rules_pieces pieces; /* no `take`: none */
    bool left;
};

_Static_assert(sizeof(struct slab) <= LINE, "blocks start at the second line of a slab");

struct pool *pool_new(void)
{
    return calloc(1, sizeof(struct pool));
}

void pool_pieces(struct pool *p, const struct rules_pieces *from)
{
    p->pieces = from == NULL ? (struct rules_pieces){0} : *from;
}

static void list(struct slab *s)
{
    struct slab **first = &s->pool->open[s->size / LINE];
    s->next = *first;
    s->prev = NULL;
    if (*first != NULL) {
        (*first)->prev = s;
    }
    *first = s;
    s->listed = true;
}

static void unlist(struct slab *s)
{
    if (s->prev != NULL) {
        s->prev->next = s->next;
    } else {
        s->pool->open[s->size / LINE] = s->next;
    }
    if (s->next != NULL) {
        s->next->prev = s->prev;
    }
    s->listed = false;
}

static void slab_free(struct slab *s)
{
    struct pool *p = s->pool;
    unlist(s);
    free(s);
    if (--p->n_slabs == 0 && p->left) {
        free(p);
    }
}

void pool_leave(struct pool *p)
{
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i <= SIZES; i++) {
        struct slab *next;
        for (struct slab *s = p->open[i]; s != NULL; s = next) {
            next = s->next;
            if (s->used == 0) {
                slab_free(s);
            }
        }
    }
    p->left = true;
    if (p->n_slabs == 0) {
        free(p);
    }
}

static struct slab *slab_new(struct pool *p, uint32_t size)
{
    void *memory = p->pieces.take == NULL ? NULL : p->pieces.take(p->pieces.ctx);
    if (memory == NULL && posix_memalign(&memory, SLAB_ALIGN, SLAB_BYTES) != 0) {
        return NULL;
    }
    struct slab *s = memory;
    *s = (struct slab){.pool = p, .size = size, .fresh = LINE};
    list(s);
    p->n_slabs++;
    return s;
}

void *pool_take(struct pool *p, size_t n)
{
    if (POOL_BYPASSED) {
        return calloc(1, n);
    }
    const size_t lines = (n + LINE - 1) / LINE;
    struct slab *s =
        p->open[lines] != NULL ? p->open[lines] : slab_new(p, (uint32_t)(lines * LINE));
    if (s == NULL) {
        return NULL;
    }
    struct block *b = s->given;
    if (b != NULL) {
        s->given = b->next;
    } else {
        b = (struct block *)(void *)((char *)s + s->fresh);
        s->fresh += s->size;
    }
    s->used++;
    if (s->given == NULL && s->fresh + s->size > SLAB_BYTES) {
        unlist(s);
    }
    return b;
}

void pool_give(void *block)
{
    if (POOL_BYPASSED) {
        free(block);
        return;
    }
    struct slab *s = (struct slab *)((uintptr_t)block & ~(uintptr_t)(SLAB_ALIGN - 1));
    struct block *b = block;
    b->next = s->given;
    s->given = b;
    s->used--;
    if (!s->listed) {
        list(s);
    }
    if (s->used == 0 && (s->pool->left || s->prev != NULL || s->next != NULL)) {
        slab_free(s);
    }
}
