/*
 * Writing a version: one write attempt, in a folder of its own, under keys of its own. It needs the
 * dataset's public key only. Batches stream in, in constant memory: one chunk per column and kind
 * is held. Nothing is visible until the caller's publish entry names the attempt; an attempt that
 * no entry names is garbage, which vault_sweep removes at start. Files: see column.h.
 *
 * A batch comes from an ingest worker and is untrusted: BOUNDARY checks are made on every value.
 *
 * Threads: as in store.h. Several writers may be open at once.
 * Source: DESIGN sections 2 to 4; wire/job.h for batches.
 */
#ifndef VAULT_WRITER_H
#define VAULT_WRITER_H

#include "base/arena.h"
#include "vault/store.h"
#include "wire/catalog.h"
#include "wire/event.h"
#include "wire/job.h"

struct vault_writer;

/* Of an attempt that is a guest: every unit that it brings along stays, and every run has a key for each. Rows, not units
 * that are new: who brings them must not learn whom the namespace knew. */
enum { VAULT_GUEST_ROWS_MAX = 1 << 20 };

struct vault_attempt {
    const struct sy_dataset_def *def;   /* borrowed until finish or abort */
    const struct sy_dataset_keys *keys; /* of the ledger; borrowed for the call, only pub is used */
    uint64_t version;                   /* number it will have, from 1 */
    uint8_t def_digest[32];             /* of the catalogue entry, bound into the version */
    bool guest; /* data that is no department's: units that it brings along are counted apart */
};

/* Start an attempt: folder, version key, unit maps loaded. SY_E_FIELD for a definition that cannot
 * be stored (type, identifier, number of fields, two fields of one name), SY_E_TAMPERED when a unit
 * map does not verify. On error nothing is left behind. */
SY_MUST sy_status vault_writer_begin(struct vault *v, const struct vault_attempt *attempt,
                                     struct vault_writer **ret, struct sy_error *reterr);

enum { VAULT_ATTEMPT_BYTES = 16 };

/* The attempt's id, VAULT_ATTEMPT_BYTES; its folder is named by it in hex. Borrowed until finish or
 * abort. */
const uint8_t *vault_writer_attempt(const struct vault_writer *w);

/* Rows taken so far. */
uint64_t vault_writer_rows(const struct vault_writer *w);

/* Append one batch (not an `end` message). SY_E_DATA with the field's name when a value, width,
 * size, code or identifier does not fit the definition, or rows pass def->max_rows or a
 * guest's VAULT_GUEST_ROWS_MAX: nothing of the
 * batch is written then, and the caller aborts. SY_E_LIMIT when the namespace holds 2^32 - 1 units.
 * After any other error (IO) too only abort is possible. */
SY_MUST sy_status vault_writer_add(struct vault_writer *w, const struct sy_ingest_batch *batch,
                                   struct sy_error *reterr);

/* Close the attempt: last chunks, headers, version file, all fsynced with their folder, the unit
 * codes used made durable before. Fills *ret (columns, views in `arena`) but its `report`, which
 * the caller commits to. `nulls` of the columns stays 0: an exact count of missing values must not
 * enter the ledger. SY_E_DATA, field "units": the dataset's namespace would hold more units that
 * are no guests than def->units. The writer is gone afterwards, on error as after vault_writer_abort. */
SY_MUST sy_status vault_writer_finish(struct vault_writer *w, struct sy_arena *arena,
                                      struct sy_dataset_version *ret, struct sy_error *reterr);

/* Remove the attempt and free. NULL-safe. Codes that new units got may stay: they are never given
 * to another unit. */
void vault_writer_abort(struct vault_writer *w);

/* Remove every attempt that no element of keep[n_keep] (dataset, attempt) names. Call it at start,
 * after the ledger was checked against the checkpoint memory: an old ledger would not name what a
 * newer one published. No writer may be open. *ret_removed (may be NULL): how many. */
SY_MUST sy_status vault_sweep(struct vault *v, const struct sy_dataset_version *keep, size_t n_keep,
                              uint64_t *ret_removed, struct sy_error *reterr);

#endif
