/*
 * How an identifier of a unit is written: the one normal form that stands behind a unit's code, a consent
 * token's commitment and the counters of questions about one subject. Whoever ingests a table and
 * whoever asks about one person must mean the same bytes, so they call the same function.
 *
 * Trimmed of ASCII white space and U+3000; full-width forms (U+FF01..U+FF5E, U+3000) to ASCII; ASCII
 * letters to capitals; 1..SY_UNIT_ID_BYTES bytes of UTF-8 then. An identifier of several columns is its
 * parts, each in normal form, with the byte SY_UNIT_ID_BREAK between them.
 *
 * Threads: pure. May block/alloc: never. Source: sdk/wire/catalog.h (type `unit`, `sources`).
 */
#ifndef WIRE_UNIT_ID_H
#define WIRE_UNIT_ID_H

#include "base/status.h"
#include "base/view.h"

enum {
    SY_UNIT_ID_BYTES = 64,
    SY_UNIT_ID_SCRATCH = 256, /* at least 3 x SY_UNIT_ID_BYTES: as it may be written */
    SY_UNIT_ID_PARTS_MAX = SY_UNIT_ID_BYTES / 2, /* with their breaks they fill it */
    SY_UNIT_ID_BREAK = 0x1F
};

/* Without ASCII white space and U+3000 at both ends. */
struct sy_view sy_unit_id_trim(struct sy_view v);

/* The normal form of `text`, which is trimmed already. *ret: the text itself where it is normal, else in
 * scratch. OK; SY_E_LIMIT: too long; SY_E_FIELD: not UTF-8. An empty text is OK and stays empty. */
SY_MUST sy_status sy_unit_id_normalise(struct sy_view text, uint8_t scratch[SY_UNIT_ID_SCRATCH],
                                       struct sy_view *ret);

/* The whole identifier of n parts as they were written (trimming included), into ret. SY_E_FIELD: no part,
 * too many, an empty one, one that is not UTF-8, or, of several, one that holds the break; SY_E_LIMIT: too
 * long. *ret_n is 0 then. */
SY_MUST sy_status sy_unit_id_join(const struct sy_view *parts, size_t n,
                                  uint8_t ret[SY_UNIT_ID_BYTES], size_t *ret_n);

/* The form that ingest stores of a normal identifier, given the class of the unit's field: of a number
 * that names a person its one form (wire/identity.h), of anything else itself. What is no such number stays
 * as it is: no file that was taken in has it. id.n <= SY_UNIT_ID_BYTES, and so is *ret_n. */
void sy_unit_id_stored(struct sy_view klass, struct sy_view id, uint8_t ret[SY_UNIT_ID_BYTES],
                       size_t *ret_n);

#endif
