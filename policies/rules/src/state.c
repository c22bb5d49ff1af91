/*
 * A sorted map as a sorted array of sorted blocks (a B-tree of two levels): look-up is two binary
 * searches, insertion moves at most one block's pointers, and one pointer per block on a split. 256
 * rows a block keeps both levels small for millions of rows, with no balancing to get wrong and no
 * behaviour that depends on the keys an opponent chooses.
 *
 * Invariants: keys ascend strictly within and across blocks; no block is empty; n_rows counts them.
 * Placing a row can't fail once room is reserved, which is what makes commits atomic.
 */
#include "state_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"

enum { BLOCK_ROWS = 256 };

struct state_row {
    size_t n_key;
    size_t n_value;
    uint8_t bytes[]; /* key, then value */
};

struct block {
    size_t n;
    struct state_row *rows[BLOCK_ROWS];
};

struct rules_state {
    struct block **blocks;
    size_t n_blocks;
    size_t cap_blocks;
    struct block **spares; /* as many as reserved, for splits */
    size_t n_spares;
    size_t cap_spares;
    size_t n_rows;
    uint64_t generation;
    uint8_t digest[32];
};

/* Where a key is, or would be inserted. */
struct place {
    size_t block;
    size_t at;
    bool found;
};

struct state_row *state_row_new(struct sy_view key, struct sy_view value)
{
    if (key.n == 0 || key.n > RULES_KEY_MAX || value.n > RULES_VALUE_MAX) {
        return NULL;
    }
    struct state_row *r = malloc(sizeof(*r) + key.n + value.n);
    if (r == NULL) {
        return NULL;
    }
    r->n_key = key.n;
    r->n_value = value.n;
    memcpy(r->bytes, key.p, key.n);
    if (value.n > 0) {
        memcpy(r->bytes + key.n, value.p, value.n);
    }
    return r;
}

void state_row_free(struct state_row *r)
{
    free(r);
}

struct sy_view state_row_key(const struct state_row *r)
{
    return sy_view(r->bytes, r->n_key);
}

struct sy_view state_row_value(const struct state_row *r)
{
    return sy_view(r->bytes + r->n_key, r->n_value);
}

/* The last block whose first key is <= key; 0 when there is none such. */
static size_t block_of(const struct rules_state *s, struct sy_view key)
{
    size_t lo = 0;
    size_t hi = s->n_blocks;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (sy_view_cmp(state_row_key(s->blocks[mid]->rows[0]), key) <= 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo == 0 ? 0 : lo - 1;
}

static struct place find(const struct rules_state *s, struct sy_view key)
{
    struct place p = {.block = block_of(s, key)};
    if (s->n_blocks == 0) {
        return p;
    }
    const struct block *b = s->blocks[p.block];
    size_t hi = b->n;
    while (p.at < hi) {
        size_t mid = p.at + (hi - p.at) / 2;
        int c = sy_view_cmp(state_row_key(b->rows[mid]), key);
        if (c == 0) {
            return (struct place){p.block, mid, true};
        }
        if (c < 0) {
            p.at = mid + 1;
        } else {
            hi = mid;
        }
    }
    return p;
}

struct rules_state *rules_state_new(void)
{
    return calloc(1, sizeof(struct rules_state));
}

void rules_state_free(struct rules_state *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n_blocks; i++) {
        for (size_t k = 0; k < s->blocks[i]->n; k++) {
            state_row_free(s->blocks[i]->rows[k]);
        }
        free(s->blocks[i]);
    }
    for (size_t i = 0; i < s->n_spares; i++) {
        free(s->spares[i]);
    }
    free(s->blocks);
    free(s->spares);
    free(s);
}

bool rules_state_get(const struct rules_state *s, struct sy_view key, struct sy_view *ret)
{
    struct place p = find(s, key);
    if (!p.found) {
        return false;
    }
    *ret = state_row_value(s->blocks[p.block]->rows[p.at]);
    return true;
}

sy_status rules_state_read(const struct rules_state *s, struct sy_view key,
                           const struct sy_desc *desc, struct sy_arena *arena, void *ret_row,
                           struct sy_error *reterr)
{
    struct sy_view value;
    if (!rules_state_get(s, key, &value)) {
        memset(ret_row, 0, desc->size_bytes);
        size_t n = 0;
        while (n < key.n && key.p[n] != '/') {
            n++;
        }
        char field[RULES_KEY_MAX + 1];
        sy_view_to_cstr(sy_view(key.p, n), field, sizeof(field));
        return sy_fail(reterr, SY_E_NOT_FOUND, field, NULL);
    }
    return sy_record_decode(desc, value, &SY_MP_LARGE, arena, ret_row, reterr);
}

bool rules_state_next(const struct rules_state *s, struct sy_view prefix, struct sy_view after,
                      struct sy_view *ret_key, struct sy_view *ret_value)
{
    bool beyond = sy_view_cmp(after, prefix) >= 0;
    struct place p = find(s, beyond ? after : prefix);
    size_t at = p.at + (p.found && beyond ? 1 : 0);
    if (p.block < s->n_blocks && at >= s->blocks[p.block]->n) {
        p.block++;
        at = 0;
    }
    if (p.block >= s->n_blocks) {
        return false;
    }
    const struct state_row *r = s->blocks[p.block]->rows[at];
    if (!sy_view_starts(state_row_key(r), prefix)) {
        return false;
    }
    *ret_key = state_row_key(r);
    *ret_value = state_row_value(r);
    return true;
}

size_t rules_state_n_rows(const struct rules_state *s)
{
    return s->n_rows;
}

const uint8_t *rules_state_digest(const struct rules_state *s)
{
    return s->digest;
}

void rules_state_set_digest(struct rules_state *s, const uint8_t digest[32])
{
    memcpy(s->digest, digest, 32);
}

uint64_t state_generation(const struct rules_state *s)
{
    return s->generation;
}

/* Grow an array of block pointers to hold `want`. */
static bool grow(struct block ***array, size_t *cap, size_t want)
{
    if (want <= *cap) {
        return true;
    }
    size_t to = sy_max_u64(want, *cap * 2);
    size_t bytes;
    if (!sy_mul_size(to, sizeof(**array), &bytes)) {
        return false;
    }
    struct block **grown = realloc(*array, bytes);
    if (grown == NULL) {
        return false;
    }
    *array = grown;
    *cap = to;
    return true;
}

sy_status state_reserve(struct rules_state *s, size_t n)
{
    if (!grow(&s->blocks, &s->cap_blocks, s->n_blocks + n) ||
        !grow(&s->spares, &s->cap_spares, n)) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    while (s->n_spares < n) {
        struct block *b = calloc(1, sizeof(*b));
        if (b == NULL) {
            return sy_status_of(SY_E_NO_MEMORY);
        }
        s->spares[s->n_spares++] = b;
    }
    return SY_OK;
}

/* Put an empty block at index i of the array; reserved. */
static struct block *open_block(struct rules_state *s, size_t i)
{
    struct block *b = s->spares[--s->n_spares];
    memmove(&s->blocks[i + 1], &s->blocks[i], (s->n_blocks - i) * sizeof(struct block *));
    s->blocks[i] = b;
    s->n_blocks++;
    return b;
}

/* Halve a full block and say where the place is now. */
static struct place split(struct rules_state *s, struct place p)
{
    struct block *right = open_block(s, p.block + 1);
    struct block *left = s->blocks[p.block];
    const size_t half = BLOCK_ROWS / 2;
    memcpy(right->rows, &left->rows[half], (BLOCK_ROWS - half) * sizeof(struct state_row *));
    right->n = BLOCK_ROWS - half;
    left->n = half;
    return p.at <= half ? p : (struct place){p.block + 1, p.at - half, false};
}

static void insert(struct rules_state *s, struct place p, struct state_row *r)
{
    if (s->n_blocks == 0) {
        (void)open_block(s, 0);
    } else if (s->blocks[p.block]->n == BLOCK_ROWS) {
        p = split(s, p);
    }
    struct block *b = s->blocks[p.block];
    memmove(&b->rows[p.at + 1], &b->rows[p.at], (b->n - p.at) * sizeof(struct state_row *));
    b->rows[p.at] = r;
    b->n++;
    s->n_rows++;
}

static void remove_at(struct rules_state *s, struct place p)
{
    struct block *b = s->blocks[p.block];
    state_row_free(b->rows[p.at]);
    b->n--;
    s->n_rows--;
    memmove(&b->rows[p.at], &b->rows[p.at + 1], (b->n - p.at) * sizeof(struct state_row *));
    if (b->n == 0) {
        free(b);
        s->n_blocks--;
        memmove(&s->blocks[p.block], &s->blocks[p.block + 1],
                (s->n_blocks - p.block) * sizeof(struct block *));
    }
}

void state_place(struct rules_state *s, struct state_row *r)
{
    struct place p = find(s, state_row_key(r));
    s->generation++;
    if (r->n_value == 0) {
        if (p.found) {
            remove_at(s, p);
        }
        state_row_free(r);
    } else if (p.found) {
        state_row_free(s->blocks[p.block]->rows[p.at]);
        s->blocks[p.block]->rows[p.at] = r;
    } else {
        insert(s, p, r);
    }
}

sy_status rules_state_put_raw(struct rules_state *s, struct sy_view key, struct sy_view value)
{
    if (key.n == 0 || key.n > RULES_KEY_MAX || value.n > RULES_VALUE_MAX) {
        return sy_status_of(SY_E_LIMIT);
    }
    SY_TRY(state_reserve(s, 1));
    struct state_row *r = state_row_new(key, value);
    if (r == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    state_place(s, r);
    return SY_OK;
}

struct rules_state *rules_state_clone(const struct rules_state *s)
{
    struct rules_state *copy = rules_state_new();
    if (copy == NULL) {
        return NULL;
    }
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(s, (struct sy_view){0}, key, &key, &value)) {
        if (!sy_ok(rules_state_put_raw(copy, key, value))) {
            rules_state_free(copy);
            return NULL;
        }
    }
    memcpy(copy->digest, s->digest, 32);
    return copy;
}
