/*
 * The state: a tree of rows (state_tree.h), what they add up to, and the running digest.
 *
 * States share rows and nodes until one of them changes (copy on write), so that a clone costs nothing
 * but what is written afterwards. Counts belong to the one thread that owns all the states that share:
 * another thread may read a clone meanwhile.
 *
 * Invariants: n_rows and n_bytes count what the tree holds. Placing a row can't fail once room is reserved,
 * which is what makes commits atomic.
 */
#include "state_internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "memo.h"
#include "state_pool.h"
#include "state_row.h"
#include "state_tree.h"

struct rules_state {
    struct tree tree;
    size_t n_rows;
    uint64_t n_bytes; /* of keys and values */
    uint64_t generation;
    uint64_t catalogue;      /* generation of what plans are judged under */
    struct rules_memo *memo; /* NULL: nothing is remembered */
    uint8_t digest[32];
};

struct state_row *state_row_new(const struct rules_state *s, struct sy_view key,
                                struct sy_view value)
{
    if (key.n == 0 || key.n > RULES_KEY_MAX || value.n > RULES_VALUE_MAX) {
        return NULL;
    }
    const size_t n = sizeof(struct state_row) + key.n + value.n;
    const bool pooled = s != NULL && s->tree.pool != NULL && n <= POOL_BLOCK_MAX;
    struct state_row *r = pooled ? pool_take(s->tree.pool, n) : malloc(n);
    if (r == NULL) {
        return NULL;
    }
    r->item =
        (struct item){.refs = 1, .is_row = 1, .pooled = pooled ? 1 : 0, .n_key = (uint16_t)key.n};
    r->n_value = (uint32_t)value.n;
    r->reads = 0;
    r->seen = NULL;
    memcpy(r->bytes, key.p, key.n);
    if (value.n > 0) {
        memcpy(r->bytes + key.n, value.p, value.n);
    }
    return r;
}

void state_row_free(struct state_row *r)
{
    if (r == NULL || --r->item.refs > 0) {
        return;
    }
    free(r->seen);
    if (r->item.pooled != 0) {
        pool_give(r);
    } else {
        free(r);
    }
}

struct state_row *state_row_hold(struct state_row *r)
{
    r->item.refs++;
    return r;
}

struct sy_view state_row_key(const struct state_row *r)
{
    return sy_view(r->bytes, r->item.n_key);
}

struct sy_view state_row_value(const struct state_row *r)
{
    return sy_view(r->bytes + r->item.n_key, r->n_value);
}

static uint64_t row_bytes(const struct state_row *r)
{
    return (uint64_t)r->item.n_key + r->n_value;
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
    memo_free(s->memo);
    tree_free(&s->tree);
    pool_leave(s->tree.pool);
    free(s);
}

sy_status rules_state_remember(struct rules_state *s)
{
    if (s->memo == NULL) {
        s->memo = memo_new();
    }
    if (s->tree.pool == NULL) {
        s->tree.pool = pool_new();
    }
    return s->memo == NULL || s->tree.pool == NULL ? sy_status_of(SY_E_NO_MEMORY) : SY_OK;
}

struct rules_memo *state_memo(const struct rules_state *s)
{
    return s->memo;
}

void state_pieces(struct rules_state *s, const struct rules_pieces *from)
{
    if (s->tree.pool != NULL) {
        pool_pieces(s->tree.pool, from);
    }
}

uint64_t state_catalogue(const struct rules_state *s)
{
    return s->catalogue;
}

/* ---- finding ---- */

/* Rows that come with every run. All others may be what a plan is judged under, or a grant. By first letters: a row is
 * placed for each of them. */
static const char *const OF_RUNS[]['z' - 'a' + 1] = {
    {['a' - 'a'] = "account/",
     ['b' - 'a'] = "budget/",
     ['c' - 'a'] = "charge/",
     ['g' - 'a'] = "guard/",
     ['m' - 'a'] = "meter/",
     ['n' - 'a'] = "nonce/",
     ['q' - 'a'] = "question/",
     ['r' - 'a'] = "region/",
     ['s' - 'a'] = "scene/"},
    {['a' - 'a'] = "answer/",
     ['c' - 'a'] = "clock",
     ['r' - 'a'] = "rerun/",
     ['s' - 'a'] = "subject/"},
    {['a' - 'a'] = "asker/", ['c' - 'a'] = "consent/"},
};

static bool is_of_runs(struct sy_view key)
{
    const uint8_t letter = key.p[0];
    bool found = false;
    for (size_t i = 0; !found && i < sizeof(OF_RUNS) / sizeof(OF_RUNS[0]); i++) {
        const char *prefix = letter < 'a' || letter > 'z' ? NULL : OF_RUNS[i][letter - 'a'];
        if (prefix == NULL) {
            return false;
        }
        found = sy_view_starts(key, sy_view_str(prefix));
    }
    return found;
}

/* Every event asks for the same few rows (log, party, pack), which hardly ever change. */
const struct state_row *state_find(const struct rules_state *s, struct sy_view key)
{
    struct memo_find *kept =
        s->memo == NULL || key.n == 0 || key.n > MEMO_KEY_MAX || is_of_runs(key)
            ? NULL
            : memo_find(s->memo, key);
    if (kept == NULL) {
        return tree_get(&s->tree, key);
    }
    if (kept->catalogue != s->catalogue || !sy_view_eq(sy_view(kept->key, kept->n), key)) {
        kept->row = tree_get(&s->tree, key);
        kept->catalogue = s->catalogue;
        kept->n = key.n;
        memcpy(kept->key, key.p, key.n);
    }
    return kept->row;
}

bool rules_state_get(const struct rules_state *s, struct sy_view key, struct sy_view *ret)
{
    const struct state_row *r = state_find(s, key);
    if (r == NULL) {
        return false;
    }
    *ret = state_row_value(r);
    return true;
}

/* ---- reading ---- */

/* How a row decodes. A row that is read for the third time is one of those that every event reads (domain,
 * parties): its record is kept with it, if it is flat, for as long as the row is. */
struct row_record {
    const struct sy_desc *desc;
    _Alignas(max_align_t) unsigned char record[];
};

enum { READS_TO_KEEP = 3 };

static void keep_record(struct state_row *r, const struct sy_desc *desc, const void *record)
{
    struct row_record *seen = malloc(sizeof(*seen) + desc->size_bytes);
    if (seen != NULL) { /* else it is decoded the next time too */
        seen->desc = desc;
        memcpy(seen->record, record, desc->size_bytes);
        r->seen = seen;
    }
}

sy_status state_decode(const struct rules_state *s, const struct state_row *row,
                       const struct sy_desc *desc, struct sy_arena *arena, void *ret_row,
                       struct sy_error *reterr)
{
    struct state_row *r =
        (struct state_row *)(uintptr_t)row; /* only what is remembered is written */
    if (s->memo != NULL && r->seen != NULL && r->seen->desc == desc) {
        memcpy(ret_row, r->seen->record, desc->size_bytes);
        return SY_OK;
    }
    const size_t used = arena->used;
    SY_TRY(sy_record_decode(desc, state_row_value(r), &SY_MP_LARGE, arena, ret_row, reterr));
    if (s->memo != NULL && r->seen == NULL && arena->used == used && ++r->reads == READS_TO_KEEP) {
        keep_record(r, desc, ret_row);
    }
    return SY_OK;
}

sy_status rules_state_read(const struct rules_state *s, struct sy_view key,
                           const struct sy_desc *desc, struct sy_arena *arena, void *ret_row,
                           struct sy_error *reterr)
{
    const struct state_row *row = state_find(s, key);
    if (row != NULL) {
        return state_decode(s, row, desc, arena, ret_row, reterr);
    }
    memset(ret_row, 0, desc->size_bytes);
    size_t n = 0;
    while (n < key.n && key.p[n] != '/') {
        n++;
    }
    char field[RULES_KEY_MAX + 1];
    sy_view_to_cstr(sy_view(key.p, n), field, sizeof(field));
    return sy_fail(reterr, SY_E_NOT_FOUND, field, NULL);
}

void state_warm(const struct rules_state *s, const struct sy_view *keys, size_t n)
{
    for (size_t from = 0; from < n; from += TREE_WARM_MAX) {
        tree_warm(&s->tree, keys + from, n - from < TREE_WARM_MAX ? n - from : TREE_WARM_MAX);
    }
}

/* ---- the rest ---- */

bool rules_state_next(const struct rules_state *s, struct sy_view prefix, struct sy_view after,
                      struct sy_view *ret_key, struct sy_view *ret_value)
{
    bool beyond = sy_view_cmp(after, prefix) >= 0;
    const struct state_row *r = tree_after(&s->tree, beyond ? after : prefix, !beyond);
    if (r == NULL || !sy_view_starts(state_row_key(r), prefix)) {
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

uint64_t rules_state_n_bytes(const struct rules_state *s)
{
    return s->n_bytes;
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

sy_status state_reserve(struct rules_state *s, struct state_row *const *rows, size_t n)
{
    return tree_reserve(&s->tree, rows, n);
}

void state_place(struct rules_state *s, struct state_row *r)
{
    const bool gone = r->n_value == 0;
    s->generation++;
    s->catalogue += is_of_runs(state_row_key(r)) ? 0 : 1;
    struct state_row *old = gone ? tree_take(&s->tree, state_row_key(r)) : tree_put(&s->tree, r);
    s->n_rows += gone ? 0 : 1;
    s->n_bytes += gone ? 0 : row_bytes(r);
    if (old != NULL) {
        s->n_rows--;
        s->n_bytes -= row_bytes(old);
        state_row_free(old);
    }
    if (gone) {
        state_row_free(r);
    }
}

sy_status rules_state_put_raw(struct rules_state *s, struct sy_view key, struct sy_view value)
{
    if (key.n == 0 || key.n > RULES_KEY_MAX || value.n > RULES_VALUE_MAX) {
        return sy_status_of(SY_E_LIMIT);
    }
    struct state_row *r = state_row_new(s, key, value);
    if (r == NULL || !sy_ok(state_reserve(s, &r, 1))) {
        state_row_free(r);
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
    tree_share((struct tree *)(uintptr_t)&s->tree, &copy->tree); /* no row of it changes */
    copy->n_rows = s->n_rows;
    copy->n_bytes = s->n_bytes;
    copy->generation = s->generation;
    memcpy(copy->digest, s->digest, sizeof(copy->digest));
    return copy;
}
