/*
 * Private to the records: what the reader and the writer in one pass share, numbers in network order a word at a
 * time, and the sizes of keys and elements. Compilers make one instruction of each loop that is written out here.
 *
 * Threads: pure functions.
 */
#ifndef WIRE_SRC_SCHEMA_BYTES_H
#define WIRE_SRC_SCHEMA_BYTES_H

#include "wire/schema.h"

/* The eight bytes at p, which must be there. */
static inline uint64_t sy_load_be64(const uint8_t *p)
{
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
           (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
           (uint64_t)p[6] << 8 | (uint64_t)p[7];
}

/* Into eight bytes at p, for which there must be room. */
static inline void sy_store_be64(uint8_t *p, uint64_t v)
{
    p[0] = (uint8_t)(v >> 56);
    p[1] = (uint8_t)(v >> 48);
    p[2] = (uint8_t)(v >> 40);
    p[3] = (uint8_t)(v >> 32);
    p[4] = (uint8_t)(v >> 24);
    p[5] = (uint8_t)(v >> 16);
    p[6] = (uint8_t)(v >> 8);
    p[7] = (uint8_t)v;
}

/* Are the n bytes at p, whole words of them, all zero? */
static inline bool sy_is_zero_words(const void *p, size_t n)
{
    uint64_t any = 0, w;
    for (size_t i = 0; i < n; i += sizeof(w)) {
        memcpy(&w, (const char *)p + i, sizeof(w));
        any |= w;
    }
    return any == 0;
}

/* Bytes of an encoded key, its head included. */
static inline size_t sy_key_bytes(const struct sy_key *key)
{
    return 1 + (size_t)(key->head & 0x1F);
}

/* Bytes of one element of a list, in memory. */
static inline size_t sy_element_bytes(const struct sy_field *f)
{
    switch (f->kind) {
    case SY_KIND_strs:
    case SY_KIND_bins:
        return sizeof(struct sy_view);
    case SY_KIND_u64s:
    case SY_KIND_i64s:
        return sizeof(uint64_t);
    default:
        return f->sub->size_bytes;
    }
}

#endif
