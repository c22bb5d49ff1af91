/*
 * Owned bytes with a ceiling. Growing doubles, so that n appends cost O(n).
 * Invariants: n <= cap <= ceiling; a failed append changes nothing; a wiping buffer never leaves
 * its bytes in memory that it gave up, which is why it moves by copy and not by realloc.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAP_BYTES ((size_t)64)

static size_t next_cap(const struct sy_buf *b, size_t need)
{
    size_t cap = b->cap < FIRST_CAP_BYTES ? FIRST_CAP_BYTES : b->cap;
    while (cap < need && cap <= b->ceiling / 2) {
        cap *= 2;
    }
    return cap < need || cap > b->ceiling ? b->ceiling : cap;
}

static uint8_t *move_to(struct sy_buf *b, size_t cap)
{
    if (!b->wipe) {
        return realloc(b->p, cap);
    }
    uint8_t *p = malloc(cap);
    if (p != NULL && b->p != NULL) {
        memcpy(p, b->p, b->n);
        explicit_bzero(b->p, b->cap);
        free(b->p);
    }
    return p;
}

static sy_status make_room(struct sy_buf *b, size_t n_bytes)
{
    if (n_bytes > b->ceiling - b->n) {
        return sy_status_of(SY_E_LIMIT);
    }
    size_t need = b->n + n_bytes;
    if (need <= b->cap && b->p != NULL) {
        return SY_OK;
    }
    size_t cap = next_cap(b, need);
    uint8_t *p = move_to(b, cap);
    if (p == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    b->p = p;
    b->cap = cap;
    return SY_OK;
}

sy_status sy_buf_add(struct sy_buf *b, const void *p, size_t n_bytes)
{
    if (n_bytes == 0) {
        return SY_OK;
    }
    SY_TRY(make_room(b, n_bytes));
    memcpy(b->p + b->n, p, n_bytes);
    b->n += n_bytes;
    return SY_OK;
}

sy_status sy_buf_add_view(struct sy_buf *b, struct sy_view v)
{
    return sy_buf_add(b, v.p, v.n);
}

sy_status sy_buf_add_str(struct sy_buf *b, const char *s)
{
    return sy_buf_add_view(b, sy_view_str(s));
}

/* By way of a string of its own: formatting in place would need a byte past the ceiling for NUL. */
sy_status sy_buf_printf(struct sy_buf *b, const char *fmt, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, fmt);
    int n = vasprintf(&text, fmt, args);
    va_end(args);
    if (n < 0) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status s = sy_buf_add(b, text, (size_t)n);
    if (b->wipe) {
        explicit_bzero(text, (size_t)n);
    }
    free(text);
    return s;
}

uint8_t *sy_buf_reserve(struct sy_buf *b, size_t n_bytes)
{
    return sy_ok(make_room(b, n_bytes)) ? b->p + b->n : NULL;
}

void sy_buf_consume(struct sy_buf *b, size_t n_bytes)
{
    if (n_bytes >= b->n) {
        sy_buf_clear(b);
        return;
    }
    if (n_bytes == 0) {
        return;
    }
    size_t left = b->n - n_bytes;
    memmove(b->p, b->p + n_bytes, left);
    if (b->wipe) {
        explicit_bzero(b->p + left, n_bytes);
    }
    b->n = left;
}

/* The whole allocation, because a caller of reserve may have written past n. */
void sy_buf_clear(struct sy_buf *b)
{
    if (b->wipe && b->p != NULL) {
        explicit_bzero(b->p, b->cap);
    }
    b->n = 0;
}

void sy_buf_deinit(struct sy_buf *b)
{
    if (b == NULL) {
        return;
    }
    sy_buf_clear(b);
    free(b->p);
    b->p = NULL;
    b->cap = 0;
}
