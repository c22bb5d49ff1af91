/*
 * Borrowed bytes: a const pointer and a size. A view never owns and never outlives what it shows.
 * (NULL, 0) is the empty view. Parsers take a view and must end exactly at its end.
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sy_view {
    const uint8_t *p;
    size_t n; /* bytes */
};

static inline struct sy_view sy_view(const void *p, size_t n_bytes)
{
    return (struct sy_view){(const uint8_t *)p, n_bytes};
}

/* The bytes of a C string without its terminator; NULL gives the empty view. */
static inline struct sy_view sy_view_str(const char *s)
{
    return s == NULL ? (struct sy_view){0} : sy_view(s, strlen(s));
}

/* Equality of public bytes; not constant time (use sodium_memcmp for secrets). Most words differ in the first byte
 * or in the last, and then nothing is called. */
static inline bool sy_view_eq(struct sy_view a, struct sy_view b)
{
    return a.n == b.n && (a.n == 0 || (a.p[0] == b.p[0] && a.p[a.n - 1] == b.p[a.n - 1] &&
                                       memcmp(a.p, b.p, a.n) == 0));
}

static inline bool sy_view_is(struct sy_view a, const char *s)
{
    return sy_view_eq(a, sy_view_str(s));
}

/* Bytewise order, shorter first on a common prefix: <0, 0, >0. */
static inline int sy_view_cmp(struct sy_view a, struct sy_view b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);
    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static inline bool sy_view_starts(struct sy_view a, struct sy_view prefix)
{
    return a.n >= prefix.n && (prefix.n == 0 || memcmp(a.p, prefix.p, prefix.n) == 0);
}

/* For printf: ("%.*s", SY_PV(view)). */
#define SY_PV(v) (int)(v).n, (const char *)((v).p == NULL ? (const uint8_t *)"" : (v).p)

/* Copy into a C string of `cap` bytes, truncated at a UTF-8 boundary, always terminated. cap >= 1. */
void sy_view_to_cstr(struct sy_view v, char *ret, size_t cap);

/* Is `v` valid UTF-8 (no surrogates, no overlongs, no NUL)? Source: RFC 3629. */
bool sy_view_is_utf8(struct sy_view v);

/* Is `v` plain text: 1..max bytes of UTF-8 without control characters (below U+0020, U+007F)? */
bool sy_view_is_text(struct sy_view v, size_t max);

#endif
