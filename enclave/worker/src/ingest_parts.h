/*
 * Identifiers of several columns (a field's `sources`): the parts of the current row's identifier. Each
 * is normalised as an identifier of its own (ingest_value.h); the whole is the parts in the order of
 * `sources` with the byte INGEST_PART_BREAK between them, 1..INGEST_ID_BYTES bytes. What a part breaks
 * the whole breaks: an empty part makes it missing. A part that contains the break itself is no
 * identifier (INGEST_TYPE), since two rows must not meet in one key by chance of their cells.
 * Threads: one owner. Allocates: only ingest_parts_init.
 */
#ifndef WORKER_INGEST_PARTS_H
#define WORKER_INGEST_PARTS_H

#include "ingest_value.h"

enum { INGEST_PART_BREAK = 0x1F };

struct ingest_part {
    size_t n;
    uint8_t bytes[INGEST_ID_BYTES];
};

struct ingest_parts {
    struct ingest_part *all;
    size_t n;                /* 0: not a composite field */
    enum ingest_rule broken; /* by the parts of this row so far */
    bool normalised;
};

/* For a field of n parts (0: none; owns nothing). SY_E_NO_MEMORY. */
SY_MUST sy_status ingest_parts_init(struct ingest_parts *p, size_t n);
void ingest_parts_deinit(struct ingest_parts *p);

/* Part i of the current row; `scratch` is used. */
void ingest_parts_set(struct ingest_parts *p, size_t i, const struct ingest_spec *spec,
                      struct sy_view cell, struct ingest_value *scratch);

/* The whole, all parts set: as ingest_value_read. */
enum ingest_rule ingest_parts_join(const struct ingest_parts *p, struct ingest_value *ret);

/* Forget the row. */
void ingest_parts_clear(struct ingest_parts *p);

#endif
