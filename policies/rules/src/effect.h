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

/* What this event has already put under a key (empty: it deletes the row); false: nothing. For accounts that
 * several parts of one event move. Borrowed until the next put. */
bool effect_pending(const struct rules_effect *e, const struct rules_key *key, struct sy_view *ret);

/* For decoding what one event touches; more than any decision of the warden's may use. */
enum { EFFECT_WORK_BYTES = 256 << 20 };

/* An effect to compute with, again and again; NULL when out of memory. */
struct rules_effect *effect_alloc(void);

/* As rules_effect_new, into an effect that is there (whatever it held and was not committed is dropped), for a
 * request that was read already. */
SY_MUST sy_status effect_compute(struct rules_effect *e, const struct rules_state *state,
                                 const struct sy_event *event, const struct rules_request *req,
                                 uint64_t entry, struct sy_arena *arena, struct sy_error *err);

/* The same, and the digest is the one that the event claims: for who compares it himself, by effect_digest. */
SY_MUST sy_status effect_fold(struct rules_effect *e, const struct rules_state *state,
                              const struct sy_event *event, const struct rules_request *req,
                              uint64_t entry, struct sy_arena *arena, struct sy_error *err);

struct state_row;

/* effect_digest of the writes as they are; and how many bytes their rows take, about. Both before the commit,
 * which takes the rows away. */
void effect_seal(const struct rules_effect *e, const uint8_t before[32], uint8_t ret[32]);
size_t effect_bytes(const struct rules_effect *e);

/* The rows to write, in key order, for who looks at them after they were committed, on whatever thread: their bytes
 * never change. The list is in the arena, each row is counted once more until effect_release, which belongs to the
 * state's thread. NULL: the arena is full. */
struct state_row **effect_hold(const struct rules_effect *e, struct sy_arena *arena, size_t *ret_n);
void effect_release(struct state_row *const *rows, size_t n);

/* digest' of rules/state.h: that of a state with the digest `before` into which these rows went. Pure. */
void effect_digest(const uint8_t before[32], struct state_row *const *rows, size_t n,
                   uint8_t ret[32]);

/* Record all writes of an event (apply.c); effect_fold is its caller. */
SY_MUST sy_status apply_event(const struct rules_state *state, const struct sy_event *event,
                              const struct rules_request *req, uint64_t entry,
                              struct sy_arena *arena, struct rules_effect *e, struct sy_error *err);

#endif
