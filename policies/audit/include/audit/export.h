/*
 * An exported log on disk (`shuyu log export`):
 *   DIR/entries      records: 4-byte little-endian length, canonical sy_log_entry; in order
 *   DIR/checkpoint   the signed checkpoint that covers exactly these entries
 *   DIR/log.vkey     the verifier key the exporter pinned; --log overrides it
 *
 * Runs in: the auditor's machine. Trusts: the verifier key alone. Threads: one.
 */
#ifndef AUDIT_EXPORT_H
#define AUDIT_EXPORT_H

#include "base/arena.h"
#include "proof/note.h"
#include "wire/event.h"

struct audit_export;

/* Open and map an export. SY_E_NOT_FOUND, SY_E_FIELD, SY_E_TAMPERED (entries cut off). */
SY_MUST sy_status audit_open(const char *dir, struct audit_export **ret, struct sy_error *reterr);
void audit_close(struct audit_export *x);

uint64_t audit_size(const struct audit_export *x);
struct sy_view audit_checkpoint(const struct audit_export *x);
struct sy_view audit_vkey(const struct audit_export *x);

/* Entry i; views point into the map, lists into the arena. SY_E_TAMPERED when it does not decode or
 * carries another index. */
SY_MUST sy_status audit_entry(const struct audit_export *x, uint64_t i, struct sy_arena *arena,
                              struct sy_log_entry *ret, struct sy_error *reterr);

/* What verification found. */
struct audit_summary {
    uint64_t n_entries, n_bodies, n_mismatches;
};

/*
 * Verify without trusting the operator: every body opens its leaf's commitment and is the event whose
 * type and day the leaf shows, the leaves give the root, and the checkpoint over that root is signed by
 * `log`. SY_E_DIGEST (an entry's body), SY_E_TAMPERED (field "leaf": another type or day; "entries": no
 * entry, or out of order), the decoder's errors for a body that is no event, SY_E_PROOF (root or size),
 * SY_E_UNSIGNED, SY_E_SIGNATURE; reterr->reason names the entry.
 */
SY_MUST sy_status audit_verify(const struct audit_export *x, const struct proof_vkey *log,
                               struct audit_summary *ret, struct sy_error *reterr);

/* Told about each entry that does not replay. */
typedef void audit_mismatch_fn(void *ctx, uint64_t entry, const struct sy_event *event,
                               const struct sy_error *what);

/*
 * Decide every entry again with this program's own rules, and compare verdict, reason, budget, state
 * digest and the leaf's public part (DESIGN section 3). Needs every body (auditor or agency). Goes on after a mismatch as
 * long as the event can be applied, so that each one is named. OK when all agree; SY_E_TAMPERED
 * otherwise; SY_E_DENIED when bodies are missing.
 */
SY_MUST sy_status audit_replay(const struct audit_export *x, audit_mismatch_fn *mismatch, void *ctx,
                               struct audit_summary *ret, struct sy_error *reterr);

#endif
