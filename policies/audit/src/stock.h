/*
 * Pieces of memory made ready for the thread that decides (rules_replayer_pieces) by those that have nothing better to
 * do. Runs in: audit tool. May block/alloc: both. Threads: any, at once.
 */
#ifndef AUDIT_SRC_STOCK_H
#define AUDIT_SRC_STOCK_H

#include <stddef.h>

struct stock;

/* Of pieces of `bytes`, each aligned to `align` (a power of two). NULL: out of memory. */
struct stock *stock_new(size_t align, size_t bytes);
void stock_free(struct stock *s); /* NULL-safe */
static inline void stock_freep(struct stock **s)
{
    stock_free(*s);
}
#define STOCK_CLEANUP __attribute__((cleanup(stock_freep)))

/* Make ready what is missing; out of memory, less. Costs nothing when nothing is. */
void stock_fill(struct stock *s);

/* A piece, whose memory is the caller's to free; NULL: none is ready. stock: a struct stock. */
void *stock_take(void *stock);

#endif
