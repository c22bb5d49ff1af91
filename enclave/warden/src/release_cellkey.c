/*
 * What: the release of a cellkey block: which cells are withheld, and noise by cell keys on the others
 * (docs/privacy/cellkey.md). Invariants: what is withheld for its own sake is computed here from the exact
 * figures; the worker's boxes can only add to it, and each is checked; noise is a function of who is in a
 * cell, of the measure and of its exact value, so a re-run gives the same; when it returns, nothing exact
 * is left in `in` or in the table.
 */
#include <sodium.h>
#include <string.h>

#include "base/weak.h"
#include "mechanisms/cellkey.h"
#include "release_table.h"
#include "wire/cellkey.h"

struct cellkey {
    struct release_table *t;
    const struct sy_pack_cellkey *pack;
    const uint8_t *key; /* MECH_KEY_BYTES */
    struct sy_run_cellkey rules;
    struct sy_cellkey_table exact;
    uint64_t *cks; /* per cell */
};

static bool is_sum(const struct release_table *t, size_t f)
{
    return sy_view_is(t->block->figures[f].fn, "sum");
}

/* A count that one unit moves by one: its noise is the pack's table. */
static bool is_tabled(const struct release_table *t, size_t f)
{
    return !is_sum(t, f) && t->facts->figures[f].reach.rows == 1;
}

/* --- the worker's word ---------------------------------------------------------------------------------- */

/* What one unit can add to a figure. */
static sy_i128 most_of(const struct release_table *t, size_t f)
{
    const struct sy_plan_figure *figure = &t->block->figures[f];
    sy_i128 rows = sy_view_is(figure->fn, "units") ? 1 : (sy_i128)t->block->rows;
    return is_sum(t, f) ? rows * figure->hi : rows;
}

/* Can units contribute to a figure like this? A unit that is in the cell has at least one row there. */
static bool tops_fit(const struct release_table *t, const struct sy_run_cell *cell, size_t f)
{
    const struct sy_plan_figure *figure = &t->block->figures[f];
    sy_i128 v = cell->figures[f], a = cell->tops[2 * f], b = cell->tops[2 * f + 1];
    sy_i128 units = (sy_i128)cell->units;
    bool fits = b >= 0 && a >= b && a <= most_of(t, f) && a + b <= v && v <= a + b * (units - 1);
    if (!is_sum(t, f) && !figure->has_arg) {
        fits = fits && v >= units && (v == units || !sy_view_is(figure->fn, "units"));
    }
    return fits;
}

/* BOUNDARY: every number that withholding or noise depends on. */
static sy_status take_cell(struct cellkey *c, const struct sy_run_cell *cell, struct sy_error *err)
{
    size_t at = 0;
    SY_TRY(warden_release_check_cell(c->t, cell, err));
    if (!sy_cellkey_put(&c->exact, cell, &at)) {
        return warden_release_misfit(err, "key, or a cell comes twice");
    }
    for (size_t f = 0; f < c->t->facts->n_figures; f++) {
        if (!tops_fit(c->t, cell, f)) {
            return warden_release_misfit(err, "largest contributions");
        }
    }
    c->cks[at] = cell->ck;
    return SY_OK;
}

static sy_status take_cells(struct cellkey *c, const struct sy_run_block *in, struct sy_error *err)
{
    const struct release_table *t = c->t;
    sy_status s = sy_cellkey_table_new(t->block, &c->rules, t->arena, &c->exact);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, "blocks", NULL);
    }
    c->cks = sy_arena_alloc(t->arena, c->exact.n_cells + 1, sizeof(*c->cks));
    if (c->cks == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t i = 0; i < in->n_cells; i++) {
        SY_TRY(take_cell(c, &in->cells[i], err));
    }
    return c->exact.n_cells == t->n_rows ? SY_OK : warden_release_misfit(err, "cells");
}

/* --- withholding ---------------------------------------------------------------------------------------- */

/* BOUNDARY: a box must hide a cell that has to be hidden, and hide it well enough. */
static sy_status take_box(struct cellkey *c, const struct sy_run_box *at, struct sy_error *err)
{
    struct sy_cellkey_box box;
    if (!sy_cellkey_box(&c->exact, at->p, at->q, &box) || !sy_cellkey_primary(&c->exact, box.p) ||
        !sy_cellkey_protects(&c->exact, &box)) {
        return warden_release_misfit(err, "box");
    }
    for (size_t i = 0; i < (size_t)1 << box.n_keys; i++) {
        c->t->withheld[sy_cellkey_corner(&box, i)] = 1;
    }
    return SY_OK;
}

/* BOUNDARY: boxes come in the order of their cells, one for each primary cell, or there is none at all. */
static sy_status take_boxes(struct cellkey *c, const struct sy_run_block *in, struct sy_error *err)
{
    size_t n = 0;
    for (size_t cell = 0; cell < c->exact.n_cells; cell++) {
        if (!sy_cellkey_primary(&c->exact, cell)) {
            continue;
        }
        if (n == in->n_boxes || in->boxes[n].p != cell) {
            return warden_release_misfit(err, "a cell without a box");
        }
        SY_TRY(take_box(c, &in->boxes[n++], err));
    }
    return n == in->n_boxes ? SY_OK : warden_release_misfit(err, "a box without a cell");
}

/* What needs no box, and what needs one; is there any of the latter? */
static bool withhold_hidden(struct cellkey *c)
{
    bool any = false;
    for (size_t cell = 0; cell < c->exact.n_cells; cell++) {
        c->t->withheld[cell] = sy_cellkey_hidden(&c->exact, cell) ? 1 : 0;
        any = any || sy_cellkey_primary(&c->exact, cell);
    }
    return any;
}

/* No boxes: nothing needs one, or they cannot be found, and the whole table is withheld. */
static sy_status withhold(struct cellkey *c, const struct sy_run_block *in, struct sy_error *err)
{
    c->t->withheld = sy_arena_alloc(c->t->arena, c->exact.n_cells + 1, 1);
    if (c->t->withheld == NULL) {
        return warden_release_no_memory(err);
    }
    bool any = withhold_hidden(c);
    if (sy_weak(SY_WEAK_NO_COMPLEMENT)) {
        return SY_OK;
    }
    if (in->n_boxes > 0) {
        return take_boxes(c, in, err);
    }
    if (any) {
        memset(c->t->withheld, 1, c->exact.n_cells);
    }
    return SY_OK;
}

/* --- noise ---------------------------------------------------------------------------------------------- */

static int64_t draw(const struct cellkey *c, struct mech_stream *s, size_t at, size_t f)
{
    size_t value = at * c->t->facts->n_figures + f;
    if (is_tabled(c->t, f)) {
        uint64_t row = sy_min_u64((uint64_t)c->exact.values[value], c->pack->n_table - 1);
        const struct sy_pack_ptable *p = &c->pack->table[row];
        return mech_cellkey_draw(s, &(struct mech_row){p->noise, p->cum, p->n_noise});
    }
    int64_t top = c->exact.tops[2 * value];
    return top < 1 ? 0 : mech_cellkey_gauss(s, top, c->pack->sum_sigma);
}

static int64_t released(const struct cellkey *c, size_t at, size_t f)
{
    const struct rules_figure_facts *facts = &c->t->facts->figures[f];
    int64_t exact = c->exact.values[at * c->t->facts->n_figures + f];
    struct mech_cell cell = {
        .ck = c->cks[at], .units = c->exact.units[at], .measure = facts->measure, .value = exact};
    MECH_STREAM_CLEANUP struct mech_stream s;
    mech_cellkey_stream(c->key, &cell, &s);
    int64_t noise = draw(c, &s, at, f);
    int64_t sum = noise < 0 ? INT64_MIN : INT64_MAX; /* where it saturates */
    (void)sy_add_i64(exact, noise, &sum);
    return is_sum(c->t, f) ? sum : mech_round(sum, c->pack->round);
}

static void fill_rows(const struct cellkey *c)
{
    size_t n = c->t->facts->n_figures;
    for (size_t at = 0; at < c->exact.n_cells; at++) {
        for (size_t f = 0; f < n; f++) {
            c->t->values[at * n + f] = c->t->withheld[at] ? 0 : released(c, at, f);
        }
    }
}

/* --- how wide the noise can be -------------------------------------------------------------------------- */

/* The least whole number whose square is not less. */
static uint64_t root_up(sy_u128 v)
{
    uint64_t lo = 0, hi = MECH_SCALE_MAX;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if ((sy_u128)mid * mid < v) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* Mean square of a row's noise, times 2^32; at most 2^96 when noise is below 2^32. */
static sy_u128 square_of(const struct sy_pack_ptable *p)
{
    sy_u128 sum = 0;
    for (size_t i = 0; i < p->n_noise; i++) {
        uint64_t chance = p->cum[i] - (i == 0 ? 0 : p->cum[i - 1]);
        sum += (sy_u128)((sy_i128)p->noise[i] * p->noise[i]) * chance;
    }
    return sum;
}

/* Standard deviation of a tabled count, rounding included, rounded up. */
static uint64_t table_scale(const struct sy_pack_cellkey *pack)
{
    sy_u128 worst = 0;
    for (size_t i = 0; i < pack->n_table; i++) {
        sy_u128 v = square_of(&pack->table[i]);
        worst = v > worst ? v : worst;
    }
    sy_u128 rounding = (sy_u128)pack->round * pack->round / 12 + 1;
    return sy_max_u64(root_up((worst >> 32) + 1 + (pack->round > 1 ? rounding : 0)), 1);
}

static uint64_t sum_scale(const struct cellkey *c, size_t f)
{
    sy_u128 scale = ((sy_u128)most_of(c->t, f) * c->pack->sum_sigma + 255) / 256;
    scale += is_sum(c->t, f) ? 0 : c->pack->round;
    return scale > MECH_SCALE_MAX ? MECH_SCALE_MAX : scale < 1 ? 1 : (uint64_t)scale;
}

static sy_status set_worst(struct cellkey *c, struct sy_error *err)
{
    struct release_table *t = c->t;
    t->worst = sy_arena_alloc(t->arena, t->facts->n_figures + 1, sizeof(*t->worst));
    if (t->worst == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t f = 0; f < t->facts->n_figures; f++) {
        uint64_t scale = is_tabled(t, f) ? table_scale(c->pack) : sum_scale(c, f);
        t->worst[f] = (struct mech_figure){.kind = MECH_GAUSS, .scale = scale};
    }
    return SY_OK;
}

static uint64_t table_reach(const struct sy_pack_cellkey *pack)
{
    uint64_t reach = 0;
    for (size_t i = 0; i < pack->n_table; i++) {
        const struct sy_pack_ptable *p = &pack->table[i];
        reach = sy_max_u64(reach, sy_max_u64((uint64_t)-sy_min_i64(p->noise[0], 0),
                                             (uint64_t)sy_max_i64(p->noise[p->n_noise - 1], 0)));
    }
    return reach;
}

uint64_t warden_cellkey_width(const struct release_table *t, size_t f, enum mech_level level)
{
    const struct sy_pack_cellkey *pack = &t->release->model->grant.pack.cellkey[0];
    uint64_t w = 0;
    if (level == MECH_LEVEL_950) {
        return t->facts->figures[f].half;
    }
    if (is_tabled(t, f)) {
        return table_reach(pack) + pack->round / 2; /* all of it */
    }
    if (!sy_ok(mech_half_width(t->worst[f].kind, t->worst[f].scale, level, &w))) {
        return UINT64_C(1) << 62; /* never narrower than the truth */
    }
    return w + (is_sum(t, f) ? 0 : pack->round / 2);
}

/* --- a block -------------------------------------------------------------------------------------------- */

static const uint8_t *key_of(const struct warden_release *r, struct sy_view ns)
{
    for (size_t i = 0; i < r->n_cellkeys; i++) {
        if (sy_view_eq(r->cellkeys[i].ns, ns)) {
            return r->cellkeys[i].key;
        }
    }
    return NULL;
}

/* Nothing may be drawn from a table that is none: the rules have refused such a pack. */
static bool pack_ok(const struct sy_pack_cellkey *pack)
{
    bool ok = pack->n_table > 0 && pack->round >= 1;
    for (size_t i = 0; ok && i < pack->n_table; i++) {
        const struct sy_pack_ptable *p = &pack->table[i];
        ok =
            p->n_noise == p->n_cum && mech_row_ok(&(struct mech_row){p->noise, p->cum, p->n_noise});
    }
    return ok;
}

static void wipe(struct cellkey *c, const struct sy_run_block *in)
{
    size_t n = c->exact.n_cells, figures = c->t->facts->n_figures;
    sodium_memzero(c->exact.units, n * sizeof(*c->exact.units));
    sodium_memzero(c->exact.values, n * figures * sizeof(*c->exact.values));
    sodium_memzero(c->exact.tops, 2 * n * figures * sizeof(*c->exact.tops));
    sodium_memzero(c->cks, n * sizeof(*c->cks));
    for (size_t i = 0; i < in->n_cells; i++) {
        struct sy_run_cell *cell = &in->cells[i];
        sodium_memzero(cell->figures, cell->n_figures * sizeof(*cell->figures));
        sodium_memzero(cell->tops, cell->n_tops * sizeof(*cell->tops));
        cell->ck = cell->units = 0;
    }
}

sy_status warden_release_cellkey(struct release_table *t, const struct sy_run_block *in,
                                 struct sy_error *err)
{
    const struct sy_pack *pack = &t->release->model->grant.pack;
    struct cellkey c = {.t = t, .pack = pack->cellkey, .key = key_of(t->release, t->facts->ns)};
    if (pack->n_cellkey != 1 || c.key == NULL || !pack_ok(c.pack)) {
        return sy_fail(err, SY_E_INTERNAL, "cellkey", NULL);
    }
    c.key = sy_weak(SY_WEAK_CELLKEY_FRESH) ? t->release->seed : c.key;
    c.rules = sy_cellkey_rules(c.pack);
    SY_TRY(warden_release_declared_rows(t, err));
    SY_TRY(take_cells(&c, in, err));
    SY_TRY(withhold(&c, in, err));
    SY_TRY(set_worst(&c, err));
    fill_rows(&c);
    wipe(&c, in);
    return SY_OK;
}
