/* Promotions, as far as the tree has to do with them. Threads: pure functions. */
#ifndef AUDIT_SRC_PROMOTION_H
#define AUDIT_SRC_PROMOTION_H

#include "proof/merkle.h"
#include "wire/event.h"

/* An event that promoted a standby names the history that it goes on from, which agency and operator signed
 * for: is it that of the entries before it? OK for any other event. base: entries
 * in the logs before the one whose tree that is, which the size named counts too. SY_E_PROOF, or the decoder's errors. */
SY_MUST sy_status promotion_check(const struct sy_event *event, uint64_t base,
                                  const struct proof_frontier *before, struct sy_error *reterr);

#endif
