/* Open addressing with linear probing, at most three quarters full. */
#include "ingest_unit_rows.h"

#include <stdlib.h>

#include "base/arith.h"

#define FIRST_SLOTS ((size_t)1024)

/* A bijection of 64 bits with good avalanche (the finaliser of MurmurHash3, public domain). */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

/* Two chains over the words that share nothing but the words. */
static struct ingest_unit_slot hash_of(struct sy_view id)
{
    uint64_t a = id.n;
    uint64_t b = mix(~(uint64_t)id.n);
    for (size_t i = 0; i < id.n; i += 8) {
        uint64_t word = 0;
        memcpy(&word, id.p + i, sy_min_u64(8, id.n - i));
        a = mix(a ^ word);
        b = mix(b + word);
    }
    return (struct ingest_unit_slot){.hash = a, .more = (uint32_t)b};
}

/* The slot of these bits, or the free one where they would go. n_slots > 0. */
static struct ingest_unit_slot *find(const struct ingest_unit_rows *u,
                                     const struct ingest_unit_slot *wanted)
{
    size_t i = (size_t)wanted->hash & (u->n_slots - 1);
    while (u->slots[i].rows != 0 &&
           (u->slots[i].hash != wanted->hash || u->slots[i].more != wanted->more)) {
        i = (i + 1) & (u->n_slots - 1);
    }
    return &u->slots[i];
}

bool ingest_unit_rows_left(const struct ingest_unit_rows *u, struct sy_view id)
{
    if (u->n_slots == 0) {
        return true;
    }
    struct ingest_unit_slot wanted = hash_of(id);
    const struct ingest_unit_slot *at = find(u, &wanted);
    return at->rows < u->cap && at->rows < UINT32_MAX;
}

static sy_status grow(struct ingest_unit_rows *u)
{
    struct ingest_unit_rows bigger = *u;
    bigger.n_slots = u->n_slots == 0 ? FIRST_SLOTS : 2 * u->n_slots;
    bigger.slots = calloc(bigger.n_slots, sizeof(*bigger.slots));
    if (bigger.slots == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < u->n_slots; i++) {
        if (u->slots[i].rows != 0) {
            *find(&bigger, &u->slots[i]) = u->slots[i];
        }
    }
    free(u->slots);
    *u = bigger;
    return SY_OK;
}

sy_status ingest_unit_rows_add(struct ingest_unit_rows *u, struct sy_view id)
{
    if (4 * u->used >= 3 * u->n_slots) {
        SY_TRY(grow(u));
    }
    struct ingest_unit_slot wanted = hash_of(id);
    struct ingest_unit_slot *at = find(u, &wanted);
    if (at->rows == 0) {
        *at = wanted;
        u->used++;
    }
    at->rows++;
    return SY_OK;
}

void ingest_unit_rows_deinit(struct ingest_unit_rows *u)
{
    free(u->slots);
    *u = (struct ingest_unit_rows){.cap = u->cap};
}
