/*
 * The search for boxes (cellkey.h). Of a cell p, each key offers its other positions, best first: those
 * whose cell next to p along that key is large enough, the smallest and the withheld ones first; then
 * those that are too small, the largest first. All combinations of the first few are tried.
 */
#include "cellkey.h"

#include <stdlib.h>

#include "base/arith.h"

/* Corners that a search may look at, times figures; and positions that it may rank; over all cells of the
 * table. */
#define SEARCH_MAX (UINT64_C(1) << 28)
#define RANK_MAX   (UINT64_C(1) << 25)

enum { POSITION_BITS = 16, CLASS_BIT = 60 };
static const uint64_t UNITS_MASK = (UINT64_C(1) << (CLASS_BIT - POSITION_BITS)) - 1;

struct search {
    const struct sy_cellkey_table *t;
    uint8_t *withheld;
    uint64_t
        *offers[SY_CELLKEY_KEYS_MAX]; /* of each key, best first; the position in the low bits */
    uint64_t n_offers[SY_CELLKEY_KEYS_MAX]; /* of those, how many are tried */
};

/* What a box adds to what is withheld. */
struct cost {
    uint64_t cells, units;
};

static bool is_less(struct cost a, struct cost b)
{
    return a.cells != b.cells ? a.cells < b.cells : a.units < b.units;
}

static struct cost cost_of(const struct search *s, const struct sy_cellkey_box *box)
{
    struct cost ret = {0};
    for (size_t i = 0; i < (size_t)1 << box->n_keys; i++) {
        size_t c = sy_cellkey_corner(box, i);
        ret.cells += s->withheld[c] ? 0 : 1;
        ret.units += s->withheld[c] ? 0 : s->t->units[c];
    }
    return ret;
}

/* --- what is tried -------------------------------------------------------------------------------------- */

static uint64_t boxes_of(const struct sy_cellkey_table *t, uint64_t most)
{
    uint64_t n = 1;
    for (size_t k = 0; k < t->n_keys; k++) {
        n *= sy_min_u64(t->cells[k] - 1, most); /* at most the number of cells */
    }
    return n;
}

static uint64_t ranked_of(const struct sy_cellkey_table *t)
{
    return sy_max_u64(RANK_MAX / t->n_cells, 1);
}

/* As many positions of each key as the table's shape allows, at least one. */
static void set_offers(struct search *s)
{
    const struct sy_cellkey_table *t = s->t;
    uint64_t a_box = (uint64_t)(t->block->n_figures + 1) << t->n_keys;
    uint64_t boxes = SEARCH_MAX / (a_box * t->n_cells);
    uint64_t most = 1;
    while (most < t->n_cells && boxes_of(t, most + 1) <= boxes) {
        most++;
    }
    for (size_t k = 0; k < t->n_keys; k++) {
        s->n_offers[k] = sy_min_u64(t->cells[k] - 1, sy_min_u64(most, ranked_of(t)));
    }
}

static sy_status search_new(struct search *s, struct sy_arena *arena)
{
    s->withheld = sy_arena_alloc(arena, s->t->n_cells, 1);
    if (s->withheld == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t k = 0; k < s->t->n_keys; k++) {
        s->offers[k] = sy_arena_alloc(arena, s->t->cells[k], sizeof *s->offers[k]);
        if (s->offers[k] == NULL) {
            return sy_status_of(SY_E_NO_MEMORY);
        }
    }
    set_offers(s);
    return SY_OK;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The less, the better; no two positions are equal. */
static uint64_t rank(const struct search *s, size_t cell, uint64_t position)
{
    uint64_t units = sy_min_u64(s->t->units[cell], UNITS_MASK);
    bool enough = units >= s->t->rules->protect;
    uint64_t of_class = !enough ? 2 : s->withheld[cell] ? 0 : 1;
    return of_class << CLASS_BIT | (enough ? units : UNITS_MASK - units) << POSITION_BITS |
           position;
}

/* The positions that come next behind p's own, round the end of the key: as many as may be ranked. */
static void fill_offers(struct search *s, size_t p)
{
    const struct sy_cellkey_table *t = s->t;
    for (size_t k = 0; k < t->n_keys; k++) {
        uint64_t own = p / t->strides[k] % t->cells[k];
        size_t n = (size_t)sy_min_u64(t->cells[k] - 1, ranked_of(t));
        for (uint64_t i = 0; i < n; i++) {
            uint64_t at = (own + 1 + i) % t->cells[k];
            size_t cell = (size_t)(p - own * t->strides[k] + at * t->strides[k]);
            s->offers[k][i] = rank(s, cell, at);
        }
        qsort(s->offers[k], n, sizeof *s->offers[k], by_number);
    }
}

/* Opposite number `choice` of those that are tried. */
static uint64_t opposite(const struct search *s, uint64_t choice)
{
    const uint64_t mask = (UINT64_C(1) << POSITION_BITS) - 1;
    uint64_t q = 0;
    for (size_t k = s->t->n_keys; k-- > 0;) {
        q += (s->offers[k][choice % s->n_offers[k]] & mask) * s->t->strides[k];
        choice /= s->n_offers[k];
    }
    return q;
}

/* --- boxes ---------------------------------------------------------------------------------------------- */

/* The cheapest box that protects p. */
static bool find_box(struct search *s, size_t p, struct sy_run_box *ret)
{
    struct cost least = {UINT64_MAX, UINT64_MAX};
    uint64_t n = s->t->n_keys == 0 ? 0 : 1;
    fill_offers(s, p);
    for (size_t k = 0; k < s->t->n_keys; k++) {
        n *= s->n_offers[k];
    }
    for (uint64_t i = 0; i < n; i++) {
        struct sy_cellkey_box box;
        uint64_t q = opposite(s, i);
        if (!sy_cellkey_box(s->t, p, q, &box)) {
            continue;
        }
        struct cost c = cost_of(s, &box);
        if (is_less(c, least) && sy_cellkey_protects(s->t, &box)) {
            least = c;
            *ret = (struct sy_run_box){.p = p, .q = q};
        }
    }
    return least.cells != UINT64_MAX;
}

static void withhold_box(struct search *s, const struct sy_run_box *at)
{
    struct sy_cellkey_box box;
    if (sy_cellkey_box(s->t, at->p, at->q, &box)) {
        for (size_t i = 0; i < (size_t)1 << box.n_keys; i++) {
            s->withheld[sy_cellkey_corner(&box, i)] = 1;
        }
    }
}

static sy_status find_boxes(struct search *s, struct sy_arena *arena, struct sy_run_block *ret)
{
    size_t n_primary = 0;
    for (size_t c = 0; c < s->t->n_cells; c++) {
        s->withheld[c] = sy_cellkey_hidden(s->t, c) ? 1 : 0;
        n_primary += sy_cellkey_primary(s->t, c) ? 1 : 0;
    }
    ret->n_boxes = 0;
    ret->boxes = sy_arena_alloc(arena, n_primary + 1, sizeof *ret->boxes);
    if (ret->boxes == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t c = 0; c < s->t->n_cells; c++) {
        if (!sy_cellkey_primary(s->t, c)) {
            continue;
        }
        if (!find_box(s, c, &ret->boxes[ret->n_boxes])) {
            ret->n_boxes = 0; /* withhold everything */
            return SY_OK;
        }
        withhold_box(s, &ret->boxes[ret->n_boxes++]);
    }
    return SY_OK;
}

sy_status worker_cellkey(const struct sy_plan_block *block, const struct sy_run_cellkey *rules,
                         struct sy_arena *arena, struct sy_run_block *ret)
{
    struct sy_cellkey_table t;
    struct search s = {.t = &t};
    SY_TRY(sy_cellkey_table_new(block, rules, arena, &t));
    for (size_t i = 0; i < ret->n_cells; i++) {
        size_t at;
        if (!sy_cellkey_put(&t, &ret->cells[i], &at)) {
            return sy_status_of(SY_E_FIELD);
        }
    }
    SY_TRY(search_new(&s, arena));
    return find_boxes(&s, arena, ret);
}
