/*
 * What recovery need not read: the segments before the one that holds the last entry of a signed snapshot.
 * Their leaf hashes come from the public tiles, and are believed only once a signed root over them, and over
 * what is read behind them, was found right. Where their entries lie is looked up when one is asked for.
 * Threads: one at a time, as the ledger.
 */
#ifndef LEDGER_SRC_SKIP_H
#define LEDGER_SRC_SKIP_H

#include "ledger_private.h"

/*
 * Put an empty ledger in memory where it stands at the beginning of the segment that holds entry size - 1: tree, chain,
 * committed, places. *ret_first: its number; 1, and the ledger is still empty, when that is the first one. n_segments:
 * files there are. Nothing on disk is changed.
 * SY_E_TAMPERED, SY_E_NOT_FOUND, SY_E_IO, SY_E_NO_MEMORY: the ledger in memory is of no use but for skip_nothing.
 */
SY_MUST sy_status skip_to(struct ledger *l, uint64_t size, uint32_t n_segments, uint32_t *ret_first,
                          struct sy_error *reterr);

/* Make the ledger in memory empty again. */
void skip_nothing(struct ledger *l);

/* Where an entry of a segment that was skipped lies; index < skipped.n. SY_E_TAMPERED, SY_E_NOT_FOUND (segment), SY_E_IO,
 * SY_E_NO_MEMORY. */
SY_MUST sy_status skip_place(struct ledger *l, uint64_t index, struct place *ret,
                             struct sy_error *reterr);

#endif
