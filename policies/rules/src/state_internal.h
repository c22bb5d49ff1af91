/* What effect.c needs of the map beyond rules/state.h: rows made beforehand, so that a commit can't
 * fail half way. */
#ifndef RULES_STATE_INTERNAL_H
#define RULES_STATE_INTERNAL_H

#include "rules/state.h"

struct state_row; /* one key and its value, owned */
struct rules_pieces;

/* A row for this state (NULL: for any), in its memory. NULL when out of memory or out of range; an empty value makes
 * the row a deletion. */
struct state_row *state_row_new(const struct rules_state *s, struct sy_view key,
                                struct sy_view value);
/* Let go of a row, which is freed when nobody holds it; NULL-safe. Held once more, returned. Both count, which is the
 * business of the state's owner, whoever else reads the row's bytes meanwhile. */
void state_row_free(struct state_row *r);
struct state_row *state_row_hold(struct state_row *r);
struct sy_view state_row_key(const struct state_row *r);
struct sy_view state_row_value(const struct state_row *r);

/* Make sure that these rows can be placed, in this order, without allocating. SY_E_NO_MEMORY. */
SY_MUST sy_status state_reserve(struct rules_state *s, struct state_row *const *rows, size_t n);

/* Place a row, taking ownership; room has been reserved. */
void state_place(struct rules_state *s, struct state_row *r);

/* Soon to be looked up or placed: have memory fetch the way to these keys, and what is there of their rows, all at
 * once. That takes a fraction of the time of one search after the other, so it is worth while for a few dozen keys
 * of which not much is at hand. Any keys, there or not. Changes nothing. */
void state_warm(const struct rules_state *s, const struct sy_view *keys, size_t n);

/* rules_state_read in two steps: the row (NULL: none), and its record. */
const struct state_row *state_find(const struct rules_state *s, struct sy_view key);
SY_MUST sy_status state_decode(const struct rules_state *s, const struct state_row *row,
                               const struct sy_desc *desc, struct sy_arena *arena, void *ret_row,
                               struct sy_error *reterr);

/* Counts the placements ever made: tells whether a state changed in between. */
uint64_t state_generation(const struct rules_state *s);

/* The same for the rows that plans are judged under: pack, catalogue, versions, models and all else that does
 * not come with every run. */
uint64_t state_catalogue(const struct rules_state *s);

/* Of a state that remembers: where memory for its rows comes from first; NULL: from malloc. */
void state_pieces(struct rules_state *s, const struct rules_pieces *from);

/* What the state remembers of plans (memo.h); NULL unless rules_state_remember was called. */
struct rules_memo *state_memo(const struct rules_state *s);

#endif
