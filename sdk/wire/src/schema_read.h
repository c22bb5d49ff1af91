/*
 * Private to the records: the reader in one pass, and what it shares with the reference decoder.
 *
 * Threads: pure functions.
 */
#ifndef WIRE_SRC_SCHEMA_READ_H
#define WIRE_SRC_SCHEMA_READ_H

#include "wire/schema.h"

/*
 * Read canonical bytes straight into a zeroed record. True: it is what the reference decoder makes of them
 * (wire/schema.h), with views into the bytes and lists in the arena. False: it gave up, and the record holds
 * anything; the bytes are then as a rule not this record, but only the reference decides that.
 */
bool sy_schema_read(const struct sy_desc *desc, struct sy_view bytes,
                    const struct sy_mp_limits *limits, struct sy_arena *arena, void *record);

/* Does the field appear in the encoding: is it required, or not zero? */
bool sy_schema_present(const void *record, const struct sy_field *f);

#endif
