/*
 * How many kept rows each identifier of one unit column has, for a field's cap (`rows` in wire/catalog.h).
 * Identifiers are told apart by 96 bits of a hash: two of the 10^7 of a large file meet with a probability
 * below 10^-14, and a meeting can only count too much, never let a unit pass its cap. One slot of 16
 * bytes for each identifier, so memory is bounded by the rows kept, at most max_rows.
 * Threads: one owner.
 */
#ifndef WORKER_INGEST_UNIT_ROWS_H
#define WORKER_INGEST_UNIT_ROWS_H

#include "base/status.h"
#include "base/view.h"

struct ingest_unit_slot {
    uint64_t hash;
    uint32_t more; /* of the hash */
    uint32_t rows; /* 0: free */
};

struct ingest_unit_rows {
    uint64_t cap; /* 0: no cap; nothing is counted */
    struct ingest_unit_slot *slots;
    size_t n_slots; /* a power of two; 0 = none yet */
    size_t used;
};

/* May this identifier have one more row? */
bool ingest_unit_rows_left(const struct ingest_unit_rows *u, struct sy_view id);

/* It has one more; only where one was left. SY_E_NO_MEMORY: not counted. */
SY_MUST sy_status ingest_unit_rows_add(struct ingest_unit_rows *u, struct sy_view id);

/* Free; empty and usable again. */
void ingest_unit_rows_deinit(struct ingest_unit_rows *u);

#endif
