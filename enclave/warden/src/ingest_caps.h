/*
 * Unit caps of a dataset under ingest: how many rows of the file each unit has in a column that declares
 * `rows` (wire/catalog.h). The price of a model stands on these caps, so the warden counts for itself what the
 * worker was to enforce. Units are told apart by a keyed hash of their identifiers (SipHash-2-4, 128 bits,
 * a key of this ingest), one entry for each, as their codes are the vault's affair.
 */
#ifndef WARDEN_INGEST_CAPS_H
#define WARDEN_INGEST_CAPS_H

#include "wire/job.h"

struct warden_caps;

/* Counters for the unit fields of `def` (borrowed) that have a cap. */
SY_MUST sy_status warden_caps_new(const struct sy_dataset_def *def, struct warden_caps **ret,
                                  struct sy_error *err);

/* Count a batch that the vault took (so its identifiers are well formed). SY_E_DATA with the field's name
 * when a unit has more rows than its cap; SY_E_NO_MEMORY. */
SY_MUST sy_status warden_caps_add(struct warden_caps *c, const struct sy_ingest_batch *batch,
                                  struct sy_error *err);

/* NULL-safe. */
void warden_caps_free(struct warden_caps *c);

#endif
