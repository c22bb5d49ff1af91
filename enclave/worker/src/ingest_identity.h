/*
 * Values of identifiers that name people: a unit whose class is an identity or telephone number is
 * checked and brought to one form; a derived field gets what was derived of the identifier, never the
 * identifier itself (wire/identity.h). Rules that a cell can break, beside those of ingest_value.h:
 * identity-form, identity-checksum; value_set where no declared value fits; bounds for a birth date
 * outside them.
 * Threads: as ingest_value.h.
 */
#ifndef WORKER_INGEST_IDENTITY_H
#define WORKER_INGEST_IDENTITY_H

#include "ingest_value.h"

/* The reader of such a field, for ingest_spec.read; NULL for every other field. */
ingest_read_fn *ingest_identity_reader(const struct sy_field_def *def);

#endif
