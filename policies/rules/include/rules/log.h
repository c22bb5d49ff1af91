/*
 * The log's keys as the state knows them: which key signs checkpoints, and which one follows it.
 *
 *   single ── announce ──> announced ── overlap ──> overlap ── retire ──> single, with the next key
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

/* The hand-over that retired key `number` (from 1). SY_E_NOT_FOUND. */
SY_MUST sy_status rules_handover_read(const struct rules_state *s, uint64_t number,
                                      struct sy_arena *arena, struct sy_row_handover *ret,
                                      struct sy_error *reterr);

#endif
