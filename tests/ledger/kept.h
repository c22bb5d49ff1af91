/*
 * Snapshots in a world that crashes: made of what a ledger holds, so that anyone can tell later what must be
 * in them, and judged: each that counts has its rows, whole; what a start from one has not read is right.
 *
 * Threads: one at a time.
 */
#ifndef TESTS_LEDGER_KEPT_H
#define TESTS_LEDGER_KEPT_H

#include "history.h"

/* Make a snapshot of what is committed. Errors of ledger/snapshot.h; SY_E_STATE when there is nothing to keep. */
SY_MUST sy_status kept_make(struct ledger *l);

/* Are all snapshots of an open ledger what they must be? If not, *why says what is wrong. *ret_n (may be NULL): how many
 * there are. */
bool kept_holds(struct ledger *l, char why[HISTORY_WHY_MAX], unsigned *ret_n);

/* Read what the start has not read; *ret_n (may be NULL): entries. False: *why. */
bool kept_reread(struct ledger *l, char why[HISTORY_WHY_MAX], uint64_t *ret_n);

#endif
