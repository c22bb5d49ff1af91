/*
 * Private to the records: the writer in one pass.
 *
 * Threads: pure functions.
 */
#ifndef WIRE_SRC_SCHEMA_WRITE_H
#define WIRE_SRC_SCHEMA_WRITE_H

#include "wire/schema.h"

/*
 * Write the record's canonical map into `cap` bytes at `to` (NULL: there are none). How many were written: those
 * that the reference encoder appends. 0: it gave up, for want of room or because the record has no encoding, and
 * the bytes there are anything; only the reference decides which.
 */
size_t sy_schema_write(const struct sy_desc *desc, const void *record, uint8_t *to, size_t cap);

#endif
