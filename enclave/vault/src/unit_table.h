/* The unit map in memory: 16-byte keyed hashes to dense codes. Private to the vault. */
#ifndef VAULT_SRC_UNIT_TABLE_H
#define VAULT_SRC_UNIT_TABLE_H

#include <stddef.h>

#include "base/status.h"

struct unit_hash {
    uint8_t b[16];
};

/* Zero-initialise before first use. */
struct unit_table {
    struct unit_hash *hashes; /* by code */
    uint32_t n;               /* codes given out */
    uint32_t cap;
    uint32_t *slots; /* code + 1, 0 = free; open addressing */
    size_t n_slots;  /* a power of two, at least twice n; or 0 */
};

enum { UNIT_ABSENT = -1 };

/* The code of a hash, or UNIT_ABSENT. */
int64_t unit_table_find(const struct unit_table *t, const struct unit_hash *hash);

/* Make room for n_more hashes, so that adding them cannot fail. SY_E_LIMIT past 2^32 - 1 codes. */
SY_MUST sy_status unit_table_reserve(struct unit_table *t, size_t n_more);

/* Give a hash the next code; room must be reserved. False when it is there already. */
bool unit_table_add(struct unit_table *t, const struct unit_hash *hash);

void unit_table_deinit(struct unit_table *t);

#endif
