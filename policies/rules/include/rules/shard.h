/*
 * Logs of a domain, one after the other. A log that has grown long is closed by agency and operator (log.close):
 * its last entry names the first key of the next log, and with it the next log's origin; after it, it takes
 * nothing any more, not even a refusal. The next log has its own tree, from size 0, and its first entry
 * (log.open, by the warden) names the closed log's last checkpoint, and digests of the state that is carried over.
 * decide goes on from exactly that state.
 *
 * Entries are numbered through all logs of a domain: what the state calls entry n is the (n - base)-th of the log
 * that begins at `base` (sy_row_log), so a number of an earlier log means what it always meant. Receipts state
 * the place in their own log's tree.
 *
 * Runs in: warden, audit tool. Trusts: its caller. Holds: nothing. May block/alloc: allocates. Threads: pure.
 * Source: DESIGN section 3; reference/audit-log section 3 (sharding); docs/shards.md.
 */
#ifndef RULES_SHARD_H
#define RULES_SHARD_H

#include "proof/note.h"
#include "rules/log.h"

/* SHA-256 of the state as rules/snapshot.h writes it. O(rows). SY_E_NO_MEMORY. */
SY_MUST sy_status rules_state_sum(const struct rules_state *s, uint8_t ret[32],
                                  struct sy_error *reterr);

/*
 * Is this note the last checkpoint of the closed log that `closed` stands for: signed by its key, covering its close
 * as the last entry? BOUNDARY: that its root is the tree's is for who has the entries. *ret: what it states.
 * SY_E_PROOF (another origin or size), errors of proof_checkpoint_verify.
 */
SY_MUST sy_status rules_shard_checkpoint(const struct sy_row_log *closed, struct sy_view note,
                                         struct proof_checkpoint *ret, struct sy_error *reterr);

#endif
