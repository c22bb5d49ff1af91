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

struct rules_effect {
    struct state_row **rows; /* ascending keys; owned */
    size_t n;
    size_t cap;
    const struct rules_state *state;
    uint64_t generation;
    struct sy_buf value, sealed; /* to encode a row in, and what the digest is of */
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
    struct state_row *r = state_row_new(key, value);
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

/* digest' of rules/state.h. */
static sy_status seal_digest(struct rules_effect *e, struct sy_error *err)
{
    struct sy_buf *b = &e->sealed;
    sy_buf_clear(b);
    for (size_t i = 0; i < e->n; i++) {
        struct sy_view key = state_row_key(e->rows[i]);
        uint8_t length[8];
        uint8_t value[32];
        sy_store_le64(length, key.n);
        proof_sha256_one(value, state_row_value(e->rows[i]));
        if (!sy_ok(sy_buf_add(b, length, sizeof(length))) || !sy_ok(sy_buf_add_view(b, key)) ||
            !sy_ok(sy_buf_add(b, value, sizeof(value)))) {
            return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
        }
    }
    PROOF_SHA256(e->digest, "shuyu-state-1", sy_view(rules_state_digest(e->state), 32),
                 sy_buf_view(b));
    return SY_OK;
}

struct rules_effect *effect_alloc(void)
{
    struct rules_effect *e = calloc(1, sizeof(*e));
    if (e != NULL) {
        e->value = sy_buf(RULES_VALUE_MAX);
        e->sealed = sy_buf((size_t)RULES_EFFECT_ROWS_MAX * (RULES_KEY_MAX + 64));
    }
    return e;
}

static void forget_rows(struct rules_effect *e)
{
    for (size_t i = 0; i < e->n; i++) {
        state_row_free(e->rows[i]);
    }
    e->n = 0;
}

sy_status effect_compute(struct rules_effect *e, const struct rules_state *state,
                         const struct sy_event *event, const struct rules_request *req,
                         uint64_t entry, struct sy_arena *arena, struct sy_error *err)
{
    forget_rows(e);
    e->state = state;
    e->generation = state_generation(state);
    SY_TRY(apply_event(state, event, req, entry, arena, e, err));
    return seal_digest(e, err);
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
    sy_buf_deinit(&e->sealed);
    free(e->rows);
    free(e);
}
