/* Values and bits within the bytes of a column; inline, since they are the inner loops. */
#ifndef VAULT_SRC_COLUMN_VALUE_H
#define VAULT_SRC_COLUMN_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arith.h"

/* Value i of a column of width 1, 2, 4 or 8; signed for numbers and dates. */
static inline int64_t column_load(const uint8_t *p, uint64_t width, bool is_signed, uint64_t i)
{
    const uint8_t *at = p + i * width;
    if (width == 8) {
        return (int64_t)sy_load_le64(at);
    }
    if (width == 4) {
        return is_signed ? (int32_t)sy_load_le32(at) : (int64_t)sy_load_le32(at);
    }
    return width == 2 ? at[0] | at[1] << 8 : at[0];
}

static inline void column_store(uint8_t *p, uint64_t width, uint64_t i, int64_t value)
{
    uint8_t bytes[8];
    sy_store_le64(bytes, (uint64_t)value);
    switch (width) { /* constant sizes, so that each is one store */
    case 8:
        memcpy(p + 8 * i, bytes, 8);
        break;
    case 4:
        memcpy(p + 4 * i, bytes, 4);
        break;
    case 2:
        memcpy(p + 2 * i, bytes, 2);
        break;
    default:
        p[i] = bytes[0];
        break;
    }
}

static inline bool column_bit(const uint8_t *bits, uint64_t i)
{
    return (bits[i / 8] >> (i % 8) & 1) != 0;
}

#endif
