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
    uint64_t n_entries, n_bodies;
};

/*
 * Verify without trusting the operator: every body opens its leaf's commitment and is the event whose
 * type and day the leaf shows, the leaves give the root, and the checkpoint over that root is signed by
 * `log`. SY_E_DIGEST (an entry's body), SY_E_TAMPERED (field "leaf": another type or day; "entries": no
 * entry, or out of order), the decoder's errors for a body that is no event, SY_E_PROOF (root or size),
 * SY_E_UNSIGNED, SY_E_SIGNATURE; reterr->reason names the entry. Uses all processors.
 */
SY_MUST sy_status audit_verify(const struct audit_export *x, const struct proof_vkey *log,
                               struct audit_summary *ret, struct sy_error *reterr);

/* A checkpoint of this log that the auditor saw before: the signed note, and the keys it may be signed by (the
 * log's, now and before they were changed). */
struct audit_kept {
    struct sy_view note;
    const struct proof_vkey *keys;
    size_t n_keys;
};

/*
 * The same against what was seen before. SY_E_ROLLBACK (field "kept") when the export is shorter, or begins
 * with other entries than that checkpoint signs: the log was rolled back or rewritten, or two auditors are
 * shown two. Errors of proof_checkpoint_verify_any (field "kept") for a checkpoint that is none of this log's.
 */
SY_MUST sy_status audit_verify_since(const struct audit_export *x, const struct proof_vkey *log,
                                     const struct audit_kept *kept, struct audit_summary *ret,
                                     struct sy_error *reterr);

#endif
