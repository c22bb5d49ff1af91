/*
 * Open addressing with linear probing over codes, at most half full. The hashes are keyed, so
 * nobody can choose identifiers that collide in the table.
 * Invariants: slots hold every code exactly once; a failed reserve leaves the table as it was.
 */
#include "unit_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"

enum { FIRST_CAP = 1024 };

static size_t slot_of(const struct unit_table *t, const struct unit_hash *hash)
{
    return (size_t)sy_load_le64(hash->b) & (t->n_slots - 1);
}

static bool same(const struct unit_hash *a, const struct unit_hash *b)
{
    return sy_load_le64(a->b) == sy_load_le64(b->b) &&
           sy_load_le64(a->b + 8) == sy_load_le64(b->b + 8);
}

/* The slot that holds the hash, or the free one where it belongs. */
static size_t probe(const struct unit_table *t, const struct unit_hash *hash)
{
    size_t at = slot_of(t, hash);
    while (t->slots[at] != 0 && !same(&t->hashes[t->slots[at] - 1], hash)) {
        at = (at + 1) & (t->n_slots - 1);
    }
    return at;
}

int64_t unit_table_find(const struct unit_table *t, const struct unit_hash *hash)
{
    return t->n_slots == 0 ? UNIT_ABSENT : (int64_t)t->slots[probe(t, hash)] - 1;
}

static sy_status grow_slots(struct unit_table *t, size_t cap)
{
    size_t n_slots = t->n_slots == 0 ? (size_t)2 * FIRST_CAP : t->n_slots;
    while (n_slots / 2 < cap) {
        n_slots *= 2;
    }
    if (n_slots == t->n_slots) {
        return SY_OK;
    }
    uint32_t *slots = calloc(n_slots, sizeof(*slots));
    if (slots == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    for (uint32_t code = 0; code < t->n; code++) {
        t->slots[probe(t, &t->hashes[code])] = code + 1;
    }
    return SY_OK;
}

static sy_status grow_hashes(struct unit_table *t, uint32_t need)
{
    uint32_t cap = t->cap < FIRST_CAP ? FIRST_CAP : t->cap;
    if (need <= t->cap && t->hashes != NULL) {
        return SY_OK;
    }
    while (cap < need) {
        cap = cap > UINT32_MAX / 2 ? UINT32_MAX : 2 * cap;
    }
    struct unit_hash *hashes = calloc(cap, sizeof(*hashes));
    if (hashes == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (t->n > 0) {
        memcpy(hashes, t->hashes, t->n * sizeof(*hashes));
    }
    free(t->hashes);
    t->hashes = hashes;
    t->cap = cap;
    return SY_OK;
}

sy_status unit_table_reserve(struct unit_table *t, size_t n_more)
{
    if (n_more > UINT32_MAX - t->n) {
        return sy_status_of(SY_E_LIMIT);
    }
    uint32_t need = t->n + (uint32_t)n_more;
    SY_TRY(grow_hashes(t, need));
    return grow_slots(t, need);
}

bool unit_table_add(struct unit_table *t, const struct unit_hash *hash)
{
    size_t at = probe(t, hash);
    if (t->slots[at] != 0) {
        return false;
    }
    t->hashes[t->n++] = *hash;
    t->slots[at] = t->n;
    return true;
}

void unit_table_deinit(struct unit_table *t)
{
    free(t->hashes);
    free(t->slots);
    *t = (struct unit_table){0};
}
