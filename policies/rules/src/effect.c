/*
 * Effects: a small sorted set of rows to write, its digest, and the commit. Rows are allocated when
 * they are recorded and room is reserved before the first is placed, so a commit happens whole or
 * not at all. The digest is defined in rules/state.h; it covers old digest and rows in key order.
 */
#include "effect.h"

#include <stdlib.h>

#include "method.h"
#include "proof/hash.h"
#include "state_internal.h"

enum { ROW_ITSELF = 64 }; /* bytes that a row takes beside key and value, about */

struct rules_effect {
    struct state_row **rows; /* ascending keys; owned */
    size_t n;
    size_t cap;
    const struct rules_state *state;
    uint64_t generation;
    struct sy_buf value; /* to encode a row in */
    uint8_t digest[32];
};

static sy_status make_room(struct rules_effect *e)
{
    if (e->n < e->cap) {
        return SY_OK;
    }
    if (e->n >= RULES_EFFECT_ROWS_MAX) {
        return sy_status_of(SY_E_INTERNAL);
    }
    size_t to = e->cap == 0 ? 8 : e->cap * 2;
    struct state_row **grown = realloc(e->rows, to * sizeof(struct state_row *));
    if (grown == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    e->rows = grown;
    e->cap = to;
    return SY_OK;
}

/* Where `key` is among the rows, or belongs. */
static size_t place_of(const struct rules_effect *e, struct sy_view key, bool *ret_there)
{
    size_t from = 0;
    size_t to = e->n;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        if (sy_view_cmp(state_row_key(e->rows[at]), key) < 0) {
            from = at + 1;
        } else {
            to = at;
        }
    }
    *ret_there = from < e->n && sy_view_eq(state_row_key(e->rows[from]), key);
    return from;
}

static sy_status record(struct rules_effect *e, struct sy_view key, struct sy_view value,
                        struct sy_error *err)
{
    struct state_row *r = state_row_new(e->state, key, value);
    if (r == NULL || !sy_ok(make_room(e))) {
        state_row_free(r);
        bool fits = key.n > 0 && key.n <= RULES_KEY_MAX && value.n <= RULES_VALUE_MAX;
        return sy_fail(err, fits ? SY_E_NO_MEMORY : SY_E_INTERNAL, "row", NULL);
    }
    bool there = false;
    size_t at = place_of(e, key, &there);
    if (there) {
        state_row_free(e->rows[at]);
    } else {
        memmove(&e->rows[at + 1], &e->rows[at], (e->n - at) * sizeof(struct state_row *));
        e->n++;
    }
    e->rows[at] = r;
    return SY_OK;
}

sy_status effect_put(struct rules_effect *e, const struct rules_key *key,
                     const struct sy_desc *desc, const void *rec, struct sy_error *err)
{
    sy_buf_clear(&e->value);
    sy_status s = sy_record_encode(desc, rec, &e->value);
    if (!sy_ok(s)) {
        bool memory = s.code == SY_E_NO_MEMORY;
        return sy_fail(err, memory ? SY_E_NO_MEMORY : SY_E_INTERNAL, desc->name, NULL);
    }
    return record(e, rules_key_view(key), sy_buf_view(&e->value), err);
}

sy_status effect_put_bytes(struct rules_effect *e, const struct rules_key *key,
                           struct sy_view value, struct sy_error *err)
{
    return record(e, rules_key_view(key), value, err);
}

bool effect_pending(const struct rules_effect *e, const struct rules_key *key, struct sy_view *ret)
{
    bool there = false;
    size_t at = place_of(e, rules_key_view(key), &there);
    if (there) {
        *ret = state_row_value(e->rows[at]);
    }
    return there;
}

/* digest' of rules/state.h, a row at a time. */
static struct proof_hasher *digest_begin(const uint8_t before[32])
{
    struct proof_hasher *h = proof_hasher_new();
    proof_hasher_add(h, sy_view_str("shuyu-state-2"));
    proof_hasher_add(h, sy_view(before, 32));
    return h;
}

static void digest_add(struct proof_hasher *h, struct sy_view key, struct sy_view value)
{
    uint8_t lengths[16];
    sy_store_le64(lengths, key.n);
    sy_store_le64(lengths + 8, value.n);
    proof_hasher_add(h, sy_view(lengths, sizeof(lengths)));
    proof_hasher_add(h, key);
    proof_hasher_add(h, value);
}

void effect_digest(const uint8_t before[32], struct state_row *const *rows, size_t n,
                   uint8_t ret[32])
{
    struct proof_hasher *h = digest_begin(before);
    for (size_t i = 0; i < n; i++) {
        digest_add(h, state_row_key(rows[i]), state_row_value(rows[i]));
    }
    proof_hasher_end(h, ret);
}

struct rules_effect *effect_alloc(void)
{
    struct rules_effect *e = calloc(1, sizeof(*e));
    if (e != NULL) {
        e->value = sy_buf(RULES_VALUE_MAX);
    }
    return e;
}

static void forget_rows(struct rules_effect *e)
{
    effect_release(e->rows, e->n);
    e->n = 0;
}

sy_status effect_fold(struct rules_effect *e, const struct rules_state *state,
                      const struct sy_event *event, const struct rules_request *req, uint64_t entry,
                      struct sy_arena *arena, struct sy_error *err)
{
    forget_rows(e);
    e->state = state;
    e->generation = state_generation(state);
    memcpy(e->digest, event->state, 32);
    return apply_event(state, event, req, entry, arena, e, err);
}

sy_status effect_compute(struct rules_effect *e, const struct rules_state *state,
                         const struct sy_event *event, const struct rules_request *req,
                         uint64_t entry, struct sy_arena *arena, struct sy_error *err)
{
    SY_TRY(effect_fold(e, state, event, req, entry, arena, err));
    effect_seal(e, rules_state_digest(state), e->digest);
    return SY_OK;
}

void effect_seal(const struct rules_effect *e, const uint8_t before[32], uint8_t ret[32])
{
    effect_digest(before, e->rows, e->n, ret);
}

size_t effect_bytes(const struct rules_effect *e)
{
    size_t n = e->n * ROW_ITSELF;
    for (size_t i = 0; i < e->n; i++) {
        n += state_row_key(e->rows[i]).n + state_row_value(e->rows[i]).n;
    }
    return n;
}

struct state_row **effect_hold(const struct rules_effect *e, struct sy_arena *arena, size_t *ret_n)
{
    struct state_row **rows = sy_arena_alloc(arena, e->n, sizeof(struct state_row *));
    *ret_n = e->n;
    for (size_t i = 0; rows != NULL && i < e->n; i++) {
        rows[i] = state_row_hold(e->rows[i]);
    }
    return rows;
}

void effect_release(struct state_row *const *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        state_row_free(rows[i]);
    }
}

static sy_status request_read(const struct sy_event *event, struct sy_arena *arena,
                              struct rules_request *ret, struct sy_error *err)
{
    struct sy_error own = {0};
    sy_status s = rules_request_of_event(event, arena, ret, &own);
    return sy_ok(s) ? s
                    : sy_fail(err, s.code == SY_E_NO_MEMORY ? SY_E_NO_MEMORY : SY_E_INTERNAL,
                              own.field, "the event can't follow this state: %s", own.reason);
}

sy_status rules_effect_new(const struct rules_state *state, const struct sy_event *event,
                           uint64_t entry, struct rules_effect **ret, struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = EFFECT_WORK_BYTES};
    struct rules_request req;
    *ret = NULL;
    RULES_EFFECT_CLEANUP struct rules_effect *e = effect_alloc();
    if (e == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(request_read(event, &arena, &req, reterr));
    SY_TRY(effect_compute(e, state, event, &req, entry, &arena, reterr));
    *ret = e;
    e = NULL;
    return SY_OK;
}

const uint8_t *rules_effect_digest(const struct rules_effect *e)
{
    return e->digest;
}

bool rules_effect_row(const struct rules_effect *e, size_t i, struct sy_view *ret_key,
                      struct sy_view *ret_value)
{
    if (i >= e->n) {
        return false;
    }
    *ret_key = state_row_key(e->rows[i]);
    *ret_value = state_row_value(e->rows[i]);
    return true;
}

sy_status rules_effect_commit(struct rules_state *state, struct rules_effect *e)
{
    if (state != e->state || e->generation != state_generation(state)) {
        return sy_status_of(SY_E_STATE);
    }
    SY_TRY(state_reserve(state, e->rows, e->n));
    for (size_t i = 0; i < e->n; i++) {
        state_place(state, e->rows[i]);
    }
    rules_state_set_digest(state, e->digest);
    e->n = 0; /* the rows belong to the state now */
    return SY_OK;
}

void rules_effect_free(struct rules_effect *e)
{
    if (e == NULL) {
        return;
    }
    forget_rows(e);
    sy_buf_deinit(&e->value);
    free(e->rows);
    free(e);
}
