/*
 * The receiving end. May block: on the pipe and on the disk. Threads: one.
 */
#ifndef COPIER_TAKE_H
#define COPIER_TAKE_H

#include "place.h"

/* Print on `out` what the standby holds, for `send`: "shuyu-have@v1", "log SEGMENT AT", "file SIZE NAME"..., of files whose size tells which they are. */
SY_MUST sy_status take_have(const struct place *p, int out, struct sy_error *reterr);

/*
 * Take rounds from `in` until it ends between two of them (OK). Each whole round is noted, and a line "copied N entries"
 * written to `out` (-1: nowhere). What came before an error is kept, and is taken again without harm.
 * SY_E_CLOSED (the stream ended within a round), SY_E_ROLLBACK (the other ledger is another history than the
 * one held here), SY_E_DENIED (a file or key that must not come), SY_E_FIELD (no frame, or out of order),
 * and the errors of ledger_mirror_take.
 */
SY_MUST sy_status take_rounds(struct place *p, int in, int out, struct sy_error *reterr);

#endif
