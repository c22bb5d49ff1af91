/*
 * Who leads the domain, and under which noise: both follow from the log. Epoch 1 begins with genesis, and
 * the folder that the domain was born in leads it; each promotion of a standby (domain.promote) begins the
 * next one, in which the folder that it names by its seat leads. A folder whose seat is not the one named
 * here serves nothing.
 *
 * Runs in: warden, auditor. Trusts: its caller. Holds: nothing. May block/alloc: allocates briefly.
 * Threads: pure functions. Source: DESIGN section 3; tests/model/README.md (ROLE_OUTSIDE).
 */
#ifndef RULES_EPOCH_H
#define RULES_EPOCH_H

#include "rules/state.h"

struct rules_epoch {
    uint64_t number;  /* from 1; the noise key of that number is its own */
    uint64_t entry;   /* of the promotion that began it; 0: genesis did */
    uint8_t seat[32]; /* of the folder that leads; zero: where the domain was born */
};

/* The epoch that this state is in. SY_E_NO_MEMORY, or the decoder's errors. */
SY_MUST sy_status rules_epoch_read(const struct rules_state *s, struct rules_epoch *ret,
                                   struct sy_error *reterr);

#endif
