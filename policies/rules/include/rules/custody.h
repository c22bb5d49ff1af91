/*
 * Custody as the state has it: whom the pack in force asks for a share, and what was deposited for a grant (row
 * deposit/HEX). A department's deposit is an act of its own, its consent; the agency's comes with its final review or
 * with the resumption. Deposits end with every stop of the grant, and with the epoch in which they were made.
 *
 * Runs in: warden, auditor, tests. Pure. Source: DESIGN section 2 ("approval is a key"); wire/custody.h.
 */
#ifndef RULES_CUSTODY_H
#define RULES_CUSTODY_H

#include "rules/state.h"
#include "wire/custody.h"

/* Does the pack in force ask for a third share of this definition's key, its department's? False without a pack, for
 * data that has no custodian, and for a developer's own data. */
bool rules_custody_third(const struct rules_state *s, const struct sy_dataset_def *def);

/* The entry with which `party` deposited its shares for this proposal or grant; 0: it has not, or the grant was stopped
 * since, or the domain promoted. What was sent before a stop never counts after it. */
uint64_t rules_deposit_entry(const struct rules_state *s, const uint8_t grant[32],
                             struct sy_view party);

/* Until when deposits for a proposal that nobody has decided are kept (UTC s, inclusive), and from then on not.
 * INT64_MAX: as long as it is filed, or it was granted; INT64_MIN: it was turned down, or there is none. */
int64_t rules_deposit_until(const struct rules_state *s, const uint8_t proposal[32]);

#endif
