/*
 * Snapshots of the state beside the log, so that a start need not read what lies before the newest one.
 *
 *   DIR/snapshots/N.rows   canonical rows of the state after the first N entries (rules/snapshot.h); to the
 *                          ledger they are bytes
 *   DIR/snapshots/N.note   the statement over them, signed as checkpoints are (proof/snapshot.h)
 *
 * The note is written last: rows without one are left over, and go. The two newest are kept. All of it can
 * be thrown away: the next start then reads the whole log.
 *
 * What is believed of a snapshot: nothing before the log's key has signed its note, its root is that of the
 * ledger, and its rows have the digest that the note states. A snapshot that fails in any of this is
 * passed over. One that is signed and does not fit the ledger is another thing: it proves that the segments were
 * rolled back or replaced, and ledger_open refuses.
 *
 * Runs in: warden. Trusts: nothing in its folder. Holds: borrows the log's signing keys. May block/alloc:
 * everything may block on the disk.
 * Threads: as said at each function; the rest of the ledger may be used meanwhile.
 * Source: DESIGN section 3; docs/internals.md "Snapshots".
 */
#ifndef LEDGER_SNAPSHOT_H
#define LEDGER_SNAPSHOT_H

#include "ledger/ledger.h"
#include "proof/snapshot.h"

/* --- making one -------------------------------------------------------------------------------- */

/* One being made; one at a time for each ledger. */
struct ledger_snapshot;

/* Begin a snapshot of what is committed now. On the ledger's thread. SY_E_STATE (entries are pending, or
 * there are none), SY_E_NO_SPACE, SY_E_IO, SY_E_NO_MEMORY. The ledger must outlive it. */
SY_MUST sy_status ledger_snapshot_begin(struct ledger *l, struct ledger_snapshot **ret,
                                        struct sy_error *reterr);

/* Entries that it covers. */
uint64_t ledger_snapshot_size(const struct ledger_snapshot *s);

/* Write the next bytes of the rows; then make them durable under their name, and remove older snapshots
 * but the newest. On any one thread, which need not be the ledger's. SY_E_NO_SPACE, SY_E_IO, SY_E_READ_ONLY
 * (a sync failed: the ledger acknowledges nothing from then on); the first failure stays. */
SY_MUST sy_status ledger_snapshot_add(struct ledger_snapshot *s, struct sy_view bytes);
SY_MUST sy_status ledger_snapshot_sync(struct ledger_snapshot *s);

/*
 * Sign and write the note: the snapshot counts from here on. state: digest after its last entry. On the
 * ledger's thread, once the other one is done, however that went: returns its failure, or SY_E_STATE (not
 * synced), SY_E_NO_SPACE, SY_E_NO_MEMORY, SY_E_USAGE (nobody signs). SY_E_READ_ONLY: a sync failed, and the ledger takes
 * no more, as after ledger_commit. In any case *s is gone.
 */
SY_MUST sy_status ledger_snapshot_sign(struct ledger *l, struct ledger_snapshot *s,
                                       const uint8_t state[PROOF_HASH_BYTES],
                                       struct sy_error *reterr);

/* Give it up; nothing is left of it but what the next one removes. NULL-safe. */
void ledger_snapshot_drop(struct ledger_snapshot *s);

/* --- using one --------------------------------------------------------------------------------- */

/* The largest snapshot of less than `below` entries (UINT64_MAX: any) whose note is signed and agrees with the ledger.
 * False when there is none. On the ledger's thread, like all below. */
bool ledger_snapshot_next(const struct ledger *l, uint64_t below, struct proof_snapshot *ret);

/* The rows of one, being read. */
struct ledger_rows;

/* SY_E_NOT_FOUND, SY_E_IO, SY_E_NO_MEMORY. */
SY_MUST sy_status ledger_rows_open(const struct ledger *l, const struct proof_snapshot *s,
                                   struct ledger_rows **ret, struct sy_error *reterr);

/* Exactly the next n bytes, borrowed until the next call. SY_E_TAMPERED (not so many are left), SY_E_IO, SY_E_NO_MEMORY. */
SY_MUST sy_status ledger_rows_take(struct ledger_rows *r, size_t n, struct sy_view *ret);

/* OK when all was taken, and it had the digest of the note: only then may what was taken be used. SY_E_TAMPERED.
 * In any case *r is gone. */
SY_MUST sy_status ledger_rows_close(struct ledger_rows *r, struct sy_error *reterr);

/* --- what a start has not read ------------------------------------------------------------------ */

/* Entries that ledger_open took from the public tiles, proved by the newest signed snapshot, and has not read: 0 when it
 * read all, and after ledger_reread has come to the end. */
uint64_t ledger_unread(const struct ledger *l);

/*
 * Read the next few of them (at most 256), as ledger_open would have: frame, leaf, body against the tree; and make the
 * bundle of them anew where the public one is missing or altered. Takes about a millisecond, now and then
 * as long as reading a segment.
 * SY_E_TAMPERED (an entry is not what was committed: stop serving), SY_E_NO_SPACE, SY_E_IO, SY_E_NO_MEMORY (call
 * again later).
 */
SY_MUST sy_status ledger_reread(struct ledger *l, struct sy_error *reterr);

#endif
