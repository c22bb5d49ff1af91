/*
 * The thread that writes public files while the ledger goes on (ledger_publish_start). What is to be written
 * is collected beforehand, contents included, by the ledger's own thread; this one touches the folders, and of
 * the ledger nothing but the next segment in the making, and `read_only` when a sync of it fails. Made on first use, so that it is under whatever the
 * process has confined itself to by then.
 *
 * Threads: all functions are the ledger's thread's.
 */
#ifndef LEDGER_SRC_PUBLISHER_H
#define LEDGER_SRC_PUBLISHER_H

#include "base/buf.h"

struct ledger;
struct publisher;

/* Is a job being collected; is one given and not settled yet? */
bool publisher_collects(struct publisher *p);
bool publisher_works(struct publisher *p);

/* Begin a job; makes publisher and thread if need be. SY_E_BUSY: the last one is under way, or it is too early
 * after it; SY_E_NO_MEMORY. */
SY_MUST sy_status publisher_begin(struct ledger *l);

/* Add to the job, in order: a file, taking away the partial forms of a tile, so many bytes of the next
 * segment. SY_E_NO_MEMORY, SY_E_LIMIT: drop the job. */
SY_MUST sy_status publisher_put(struct publisher *p, const char *path, struct sy_view content);
SY_MUST sy_status publisher_drop(struct publisher *p, int level, uint64_t number);
SY_MUST sy_status publisher_prepare(struct publisher *p, size_t n_bytes);

/* Hand the job over; or forget it. */
void publisher_start(struct publisher *p);
void publisher_forget(struct publisher *p);

/* If a job is given: wait for its end, unless only `ended` ones are wanted and it has not. True: *ret is its
 * outcome, and there is none any more. */
bool publisher_settle(struct publisher *p, bool ended, sy_status *ret);

/* End the thread, after its job, and free. NULL-safe. */
struct publisher *publisher_free(struct publisher *p);

#endif
