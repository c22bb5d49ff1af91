/*
 * Snapshots of the state: made now and then while the domain serves, used when it starts, so that a start
 * decides again only what came since (ledger/snapshot.h, rules/snapshot.h).
 *
 * Making one takes the loop's thread a copy of the state's outline (rules_state_clone) and, at the end, one
 * signature and two syncs of small files; a thread of its own encodes, hashes and writes. What a start from a
 * snapshot has not read is read afterwards, 4 ms of each tenth of a second; an entry that is not what was committed
 * stops the domain.
 *
 * Trusts: a snapshot only under the log's signature, and with the digest that its last entry states.
 * Threads: the loop's; one more that only reads the frozen copy and writes its file.
 */
#ifndef WARDEN_SNAPSHOT_H
#define WARDEN_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct warden;
struct warden_making;

enum { WARDEN_SNAPSHOT_EVERY = 10000 };

/* In struct warden. Zero: nothing made, nothing tried, the default interval. */
struct warden_snapshots {
    uint64_t
        every; /* entries between two at least; 0: WARDEN_SNAPSHOT_EVERY. A long log has them at longer
                     * intervals, a 32nd of its length, so that what is written for each entry stays bounded */
    uint64_t last;                /* entries of the newest, or of the last attempt */
    struct warden_making *making; /* NULL: none is under way */
    bool rereading;               /* a timer goes on with what the start has not read */
};

/*
 * Make w->state the newest snapshot's that can be believed; it was empty. *ret_from: entries that need no deciding
 * again; 0 when there is no such snapshot, and the state is still empty. One that cannot be used is passed
 * over, with a line in the log of the process. w->last_time becomes that of the last entry covered.
 * SY_E_NO_MEMORY.
 */
SY_MUST sy_status warden_snapshot_restore(struct warden *w, uint64_t *ret_from,
                                          struct sy_error *reterr);

/* After a round of the loop: begin one if it is time, and state and committed log agree. */
void warden_snapshot_round(struct warden *w);

/* Every second: see to it that what the start has not read is read; sets w->failed and stops when it was
 * altered. */
void warden_snapshot_tick(struct warden *w);

/* Give up the one under way, at the end of the process. */
void warden_snapshot_close(struct warden *w);

#endif
