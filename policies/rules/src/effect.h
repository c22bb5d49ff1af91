/*
 * The writes of one event, collected before any is done. A later write of the same key replaces the
 * earlier one, and reads inside the event see the state before it, so order does not matter.
 */
#ifndef RULES_EFFECT_H
#define RULES_EFFECT_H

#include "rules/decide.h"

/* Put a record under a key. SY_E_INTERNAL (it does not encode or fit), SY_E_NO_MEMORY. */
SY_MUST sy_status effect_put(struct rules_effect *e, const struct rules_key *key,
                             const struct sy_desc *desc, const void *record, struct sy_error *err);

/* Put canonical bytes; empty bytes delete the row. */
SY_MUST sy_status effect_put_bytes(struct rules_effect *e, const struct rules_key *key,
                                   struct sy_view value, struct sy_error *err);

/* Record all writes of an event (apply.c); rules_effect_new is its caller. */
SY_MUST sy_status apply_event(const struct rules_state *state, const struct sy_event *event,
                              uint64_t entry, struct rules_effect *e, struct sy_error *err);

#endif
