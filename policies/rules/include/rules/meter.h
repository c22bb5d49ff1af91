/*
 * The minimum-necessity meter of a grant (wire/application.h, sy_meter): the fields it gives against the fields that
 * its models read, and that models which were really run have read. It follows from the state alone, so that an
 * auditor's replay has the same figures.
 *
 * Runs in: warden, audit tool. Trusts: nothing. Holds: nothing. May block/alloc: allocates; time grows with the number
 * of models and charges of the domain. Threads: pure over a state nobody writes meanwhile.
 * Source: scheme article 18.
 */
#ifndef RULES_METER_H
#define RULES_METER_H

#include "rules/rows.h"
#include "rules/state.h"

/* Measure grant `id`, whatever its status. Views are borrowed from the state, lists live in the arena. SY_E_GRANT
 * when there is none; SY_E_NO_MEMORY, SY_E_INTERNAL; *ret is zeroed then. */
SY_MUST sy_status rules_meter(const struct rules_state *s, const uint8_t id[32],
                              struct sy_arena *arena, struct sy_meter *ret,
                              struct sy_error *reterr);

#endif
