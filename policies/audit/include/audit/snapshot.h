/*
 * The snapshot that a log's first entries give: the same rows, byte for byte, and the same statement as the
 * domain's (DIR/ledger/snapshots), made by replay on the auditor's machine. A domain that starts from a
 * snapshot believes its own signature; this is how somebody else finds out whether it may.
 *
 * Runs in: the auditor's machine. Trusts: nobody. Holds: bodies, in memory. Threads: one.
 * Source: rules/snapshot.h; proof/snapshot.h.
 */
#ifndef AUDIT_SNAPSHOT_H
#define AUDIT_SNAPSHOT_H

#include "audit/export.h"
#include "proof/snapshot.h"
#include "rules/snapshot.h"

/*
 * Decide entries 0..size-1 again, and write the rows of the state after them to `sink`. 1 <= size <= audit_size(x).
 * SY_E_TAMPERED (an entry does not replay; reterr->reason names it), SY_E_DENIED (bodies are missing), the decoder's errors, those of
 * the sink, SY_E_NO_MEMORY. *ret is filled on OK; it is not signed. The export should be verified first.
 */
SY_MUST sy_status audit_snapshot(const struct audit_export *x, uint64_t size,
                                 rules_snapshot_sink sink, void *ctx, struct proof_snapshot *ret,
                                 struct sy_error *reterr);

#endif
