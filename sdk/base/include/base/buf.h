/*
 * Owned bytes with a ceiling: every buffer names, at creation, how large it may ever get, so that
 * no peer can make a process hold more. Growth doubles up to the ceiling; past it appends fail
 * and leave the content as it was. A buffer made with `wipe` zeroes memory it gives up.
 * Pointers into a buffer (sy_buf_view) are valid until the next append or deinit.
 * Threads: one owner at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/status.h"
#include "base/view.h"

struct sy_buf {
    uint8_t *p;     /* NULL until the first append */
    size_t n;       /* bytes in use */
    size_t cap;     /* bytes allocated */
    size_t ceiling; /* bytes at most */
    bool wipe;      /* zero before free or move */
};

/* An empty buffer; nothing is allocated. ceiling_bytes > 0. */
static inline struct sy_buf sy_buf(size_t ceiling_bytes)
{
    return (struct sy_buf){.ceiling = ceiling_bytes};
}

static inline struct sy_view sy_buf_view(const struct sy_buf *b)
{
    return sy_view(b->p, b->n);
}

/* Append bytes. SY_E_LIMIT past the ceiling, SY_E_NO_MEMORY; on error the buffer is unchanged. */
SY_MUST sy_status sy_buf_add(struct sy_buf *b, const void *p, size_t n_bytes);
SY_MUST sy_status sy_buf_add_view(struct sy_buf *b, struct sy_view v);
SY_MUST sy_status sy_buf_add_str(struct sy_buf *b, const char *s);
SY_MUST sy_status sy_buf_printf(struct sy_buf *b, const char *fmt, ...) SY_PRINTF(2, 3);

/* Make room for n more bytes at the end and return where; the caller fills them and then adds to
 * b->n. NULL on SY_E_LIMIT or out of memory, buffer unchanged. */
uint8_t *sy_buf_reserve(struct sy_buf *b, size_t n_bytes);

/* Drop the first n bytes (n <= b->n), moving the rest to the front. */
void sy_buf_consume(struct sy_buf *b, size_t n_bytes);

/* Forget the content (wiping it when asked), keep the allocation. */
void sy_buf_clear(struct sy_buf *b);

/* Free; the buffer is empty and usable again with the same ceiling. NULL-safe. */
void sy_buf_deinit(struct sy_buf *b);

#define SY_BUF_CLEANUP __attribute__((cleanup(sy_buf_deinit)))

#endif
