/*
 * Checked arithmetic: every helper returns true on success and leaves *ret untouched on overflow.
 * 128-bit integers are a compiler extension that gcc and clang share on our targets.
 */
#ifndef BASE_ARITH_H
#define BASE_ARITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 sy_i128;
__extension__ typedef unsigned __int128 sy_u128;

#define SY_DEF_CHECKED(suffix, type)                                                               \
    static inline bool sy_add_##suffix(type a, type b, type *ret)                                  \
    {                                                                                              \
        type r;                                                                                    \
        if (__builtin_add_overflow(a, b, &r)) {                                                    \
            return false;                                                                          \
        }                                                                                          \
        *ret = r;                                                                                  \
        return true;                                                                               \
    }                                                                                              \
    static inline bool sy_sub_##suffix(type a, type b, type *ret)                                  \
    {                                                                                              \
        type r;                                                                                    \
        if (__builtin_sub_overflow(a, b, &r)) {                                                    \
            return false;                                                                          \
        }                                                                                          \
        *ret = r;                                                                                  \
        return true;                                                                               \
    }                                                                                              \
    static inline bool sy_mul_##suffix(type a, type b, type *ret)                                  \
    {                                                                                              \
        type r;                                                                                    \
        if (__builtin_mul_overflow(a, b, &r)) {                                                    \
            return false;                                                                          \
        }                                                                                          \
        *ret = r;                                                                                  \
        return true;                                                                               \
    }

SY_DEF_CHECKED(u64, uint64_t)
SY_DEF_CHECKED(i64, int64_t)
SY_DEF_CHECKED(size, size_t)
SY_DEF_CHECKED(i128, sy_i128)
SY_DEF_CHECKED(u128, sy_u128)
#undef SY_DEF_CHECKED

static inline uint64_t sy_min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t sy_max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline int64_t sy_min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t sy_max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Smallest r with r * r >= x (exact); UINT64_MAX when that r is 2^64, i.e. x > UINT64_MAX^2. */
uint64_t sy_isqrt_ceil_u128(sy_u128 x);

/* Little- and big-endian loads and stores of possibly unaligned bytes. */
static inline uint32_t sy_load_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t sy_load_le64(const uint8_t *p)
{
    return (uint64_t)sy_load_le32(p) | (uint64_t)sy_load_le32(p + 4) << 32;
}

static inline void sy_store_le32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static inline void sy_store_le64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

#endif
