/*
 * What the outside of a ledger has seen, and whether the ledger still agrees with it after a crash:
 * entries that were acknowledged, receipts that were given out, checkpoints that were read.
 *
 * Entries are made from the number of the run that appends them and their own number, so that one
 * that was lost and made again by a later run is another entry: a fork shows.
 *
 * A history is a text of records, so that it can cross a socket and be kept in a file:
 *   ack RUN FIRST N INDEX\n<receipt of INDEX>   entries FIRST..FIRST+N-1 are durable
 *   note\n<signed checkpoint>                   somebody has read this
 *
 * Threads: one at a time.
 */
#ifndef TESTS_LEDGER_HISTORY_H
#define TESTS_LEDGER_HISTORY_H

#include "ledger/ledger.h"

enum {
    HISTORY_BODY_MAX = 12000,
    HISTORY_RECORD_MAX = 8192, /* bytes of a record */
    HISTORY_WHY_MAX = 256,
};

struct history {
    uint64_t n;           /* entries 0..n-1 were acknowledged */
    struct sy_buf runs;   /* uint64_t each: the run that made the entry; UINT64_MAX = not known */
    struct sy_buf texts;  /* receipts and checkpoints, end to end */
    struct sy_buf proofs; /* struct history_proof each */
};

/* The log's key: the same in all runs, it guards nothing. */
void history_key(struct proof_vkey *ret_log, uint8_t ret_secret[PROOF_SECRET_BYTES]);

/* Numbers that look random and follow from `*state`. */
uint64_t history_random(uint64_t *state);

void history_init(struct history *h);
void history_deinit(struct history *h);

/* Append the next entry of a run. Errors of ledger_append. */
SY_MUST sy_status history_append(struct ledger *l, uint64_t run, struct sy_error *reterr);

/* The record that acknowledges entries `first`..ledger_size - 1 of a run, with the receipt of the
 * one numbered `index`; appended to *b. */
SY_MUST sy_status history_ack(const struct ledger *l, uint64_t run, uint64_t first, uint64_t index,
                              struct sy_buf *b);

/* Take a record in. False: it is none. */
bool history_take(struct history *h, struct sy_view record);

/* Does an open ledger hold everything of the history? If not, *why says what is wrong. */
bool history_holds(const struct history *h, struct ledger *l, char why[HISTORY_WHY_MAX]);

#endif
