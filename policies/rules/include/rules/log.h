/*
 * The log's keys as the state knows them: which key signs checkpoints, and which one follows it.
 *
 *   single ── announce ──> announced ── overlap ──> overlap ── retire ──> single, with the next key
 *   single ── log.close ──> closed ── log.open ──> single, the first key of the next log (rules/shard.h)
 *
 * Each step is asked for by the operator and takes effect with the agency's request of the same
 * arguments. A checkpoint is signed by the keys that the state under it names: `key`; in the overlap by
 * `key` and `next`.
 *
 * Runs in: warden, audit tool. Holds: nothing. May block/alloc: the arena. Threads: pure.
 * Source: DESIGN section 3; proof/handover.h.
 */
#ifndef RULES_LOG_H
#define RULES_LOG_H

#include "rules/rows.h"
#include "rules/state.h"

/* The row `log`; before the first rotation what genesis says. Views live in the arena. SY_E_STATE before
 * genesis, the decoder's errors. */
SY_MUST sy_status rules_log_read(const struct rules_state *s, struct sy_arena *arena,
                                 struct sy_row_log *ret, struct sy_error *reterr);

/* Do `next` and `key` both sign? */
bool rules_log_overlaps(const struct sy_row_log *row);

enum {
    RULES_LOG_KEYS_MAX = 16,    /* that one log can have */
    RULES_DOMAIN_KEYS_MAX = 64, /* that all logs of a domain can have */
};

/* Is this log closed? Then nothing but log.open comes next (rules/shard.h). */
bool rules_log_closed(const struct sy_row_log *row);

/* The number of this log's first key. */
uint64_t rules_log_first(const struct sy_row_log *row);

/* The hand-over that retired key `number` (from 1). SY_E_NOT_FOUND. */
SY_MUST sy_status rules_handover_read(const struct rules_state *s, uint64_t number,
                                      struct sy_arena *arena, struct sy_row_handover *ret,
                                      struct sy_error *reterr);

#endif
