/*
 * The state that decide() reads and apply() writes: a sorted map from text keys to canonical
 * records (rules/rows.h), with a running digest, so that two machines which folded the same log
 * agree byte for byte. A snapshot is the map and the digest; the gateway's replica is six of its
 * prefixes, fed row by row.
 *
 * Digest: 32 zero bytes at first; after an event
 *   digest' = SHA-256("shuyu-state-2" || digest || for each row written, in key order:
 *                     u64le len(key) || u64le len(value) || key || value)
 * where a deleted row has the empty value (no record is empty).
 *
 * Runs in: warden, gateway (replica), audit tool. Trusts: its caller. Holds: no secret.
 * May block/alloc: allocates, never blocks. Threads: one owner at a time, who also owns all clones;
 * any number of readers of a state while nobody writes to that state. Source: DESIGN section 3; docs/internals.md "State is rows".
 */
#ifndef RULES_STATE_H
#define RULES_STATE_H

#include "base/arena.h"
#include "base/status.h"
#include "base/view.h"
#include "wire/schema.h"

enum {
    RULES_KEY_MAX = 192,      /* bytes of a key, at least 1 */
    RULES_VALUE_MAX = 8 << 20 /* bytes of a row */
};

struct rules_state;

/* An empty state with the zero digest; NULL when out of memory. */
struct rules_state *rules_state_new(void);

/*
 * From now on the state remembers how plans and proposals decode and what the plan check said, for as long as
 * the rows that they were judged under stay: a replay of many runs of few models needs it. Reading then
 * writes to that memory, so from now on readers too are the owner's thread only. Results are the same.
 * A clone remembers nothing. SY_E_NO_MEMORY.
 */
SY_MUST sy_status rules_state_remember(struct rules_state *s);

/* A copy, digest included; NULL when out of memory. The two share what neither has changed since, so
 * that this is cheap: O(1). Making and freeing a clone is its owner's business; another thread
 * may read it while the owner goes on writing to the original. */
struct rules_state *rules_state_clone(const struct rules_state *s);

/* NULL-safe. */
void rules_state_free(struct rules_state *s);
static inline void rules_state_freep(struct rules_state **s)
{
    rules_state_free(*s);
}
#define RULES_STATE_CLEANUP __attribute__((cleanup(rules_state_freep)))

/* The value of `key` (borrowed until the next write); false, *ret untouched, when there is none.
 * O(log rows). */
bool rules_state_get(const struct rules_state *s, struct sy_view key, struct sy_view *ret);

/* Decode the row `key` by its descriptor. Views in *ret_row point into the state (borrowed until
 * the next write); lists live in the arena. SY_E_NOT_FOUND (reterr names the key's first part as
 * field), or the errors of sy_record_decode; *ret_row is then zeroed. */
SY_MUST sy_status rules_state_read(const struct rules_state *s, struct sy_view key,
                                   const struct sy_desc *desc, struct sy_arena *arena,
                                   void *ret_row, struct sy_error *reterr);

/* The first row whose key starts with `prefix` and is greater than `after` (empty: from the first).
 * False when there is no further one. Both results are borrowed until the next write. */
bool rules_state_next(const struct rules_state *s, struct sy_view prefix, struct sy_view after,
                      struct sy_view *ret_key, struct sy_view *ret_value);

size_t rules_state_n_rows(const struct rules_state *s);

/* Bytes of all keys and values. */
uint64_t rules_state_n_bytes(const struct rules_state *s);

/* The running digest; 32 bytes, borrowed, always current. */
const uint8_t *rules_state_digest(const struct rules_state *s);

/* Put (or, when `value` is empty, delete) one row without touching the digest: for replicas and for
 * restoring a snapshot. Both are copied. SY_E_LIMIT for keys or values out of range,
 * SY_E_NO_MEMORY; the state is then unchanged. */
SY_MUST sy_status rules_state_put_raw(struct rules_state *s, struct sy_view key,
                                      struct sy_view value);

/* Set the digest that a snapshot recorded. */
void rules_state_set_digest(struct rules_state *s, const uint8_t digest[32]);

#endif
