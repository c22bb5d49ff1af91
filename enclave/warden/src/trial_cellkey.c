/*
 * What: cell-key blocks on trial. Their noise is a function of who is in a cell and has no bound of membership (who
 * knows everybody else in a cell of just enough units knows that the cell shows only with the last of them), so what
 * is tried is what the method does promise: no cell of too few units is shown, the same contributors have the same
 * noise, and two tables that differ in one unit have noise that is independent wherever they differ, so that their difference
 * is not the unit's part. Drawn under fresh keys, never under the namespace's own.
 * Source: docs/privacy/cellkey.md.
 */
#include <string.h>

#include "release_table.h"
#include "trial.h"

enum { SUM_PERMILLE = 400, TABLE_KEY = 2, FIRST, SECOND };

static const double CUM_ONE = 4294967296.0;

/* Most that one outcome of a figure's noise may weigh: of the pack's rows for cells that are shown, and of a discrete
 * Gaussian of scale 1. */
static double most_likely(const struct sy_pack_cellkey *p)
{
    double most = SUM_PERMILLE / 1000.0;
    double step = p->round > 0 ? (double)p->round : 1;
    for (size_t i = p->n_table > p->units_min ? p->units_min : p->n_table - 1; i < p->n_table;
         i++) {
        uint64_t before = 0;
        for (size_t k = 0; k < p->table[i].n_cum; k++) {
            double weight = step * (double)(p->table[i].cum[k] - before) / CUM_ONE;
            most = weight > most ? weight : most;
            before = p->table[i].cum[k];
        }
    }
    return most < 1 ? most : 1;
}

/* One table under one key, as one of many releases: each has a seed of its own, which its noise must not look at. */
static sy_status draw(const struct trial_case *c, size_t ordinal, const struct sy_run_block *from,
                      uint8_t keys[2][32], struct release_table *ret)
{
    struct warden_cellkey *k = sy_arena_alloc(c->scratch, 1, sizeof(*k));
    struct warden_release *r = sy_arena_alloc(c->scratch, 1, sizeof(*r));
    struct sy_run_block in;
    if (k == NULL || r == NULL) {
        return sy_fail(c->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    *k = (struct warden_cellkey){.ns = c->t->units[c->unit].ns, .key = keys[0]};
    *r = *c->t->release;
    r->seed = keys[1];
    r->cellkeys = k;
    r->n_cellkeys = 1;
    SY_TRY(trial_copy(c, from, &in));
    trial_table(c, ordinal, r, ret);
    return warden_release_cells(ret, &in, c->err);
}

static size_t row_of(const struct release_table *t, const struct sy_run_cell *cell)
{
    size_t at = 0;
    for (size_t k = 0; k < t->facts->n_keys; k++) {
        at = at * t->facts->keys[k].n_cells + cell->key[k];
    }
    return at;
}

/* Is a cell shown that has too few units? */
static bool shows_few(const struct release_table *t, const struct sy_run_block *exact,
                      uint64_t units_min)
{
    bool few = false;
    for (size_t i = 0; i < exact->n_cells; i++) {
        size_t row = row_of(t, &exact->cells[i]);
        few = few || (!t->withheld[row] && exact->cells[i].units < units_min);
    }
    return few;
}

static bool same_table(const struct release_table *a, const struct release_table *b)
{
    return a->n_rows == b->n_rows && memcmp(a->withheld, b->withheld, a->n_rows) == 0 &&
           memcmp(a->values, b->values, a->n_rows * a->facts->n_figures * sizeof(*a->values)) == 0;
}

/* Is the difference of the tables the unit's part, in the first figure that it changes of a cell shown in both? *counted:
 * there is one. */
static bool restores(const struct trial_block *b, const struct release_table *with,
                     const struct release_table *without, bool *counted)
{
    size_t n = with->facts->n_figures;
    for (size_t i = 0; i < b->n_cells; i++) {
        const struct trial_cell *x = &b->cells[i];
        size_t row = x->with == NULL ? 0 : row_of(with, x->with);
        bool shown = x->with != NULL && x->without != NULL && !with->withheld[row] &&
                     !without->withheld[row];
        for (size_t f = 0; shown && f < n; f++) {
            int64_t part = x->with->figures[f] - x->without->figures[f];
            int64_t seen = with->values[row * n + f] - without->values[row * n + f];
            if (part != 0) {
                *counted = true;
                return seen == part;
            }
        }
    }
    return false;
}

static sy_status try_block(const struct trial_case *c, const struct trial_block *b,
                           struct trial_mark *recall)
{
    const struct sy_pack_cellkey *pack = &c->t->release->model->grant.pack.cellkey[0];
    const struct sy_run_block *with = &c->with->blocks[b->ordinal];
    const struct sy_run_block *without = &c->without->blocks[b->ordinal];
    struct release_table one, again, other;
    bool broken = false, counted = false;
    size_t hits = 0;
    for (size_t i = 0; i < TRIAL_TABLES; i++) {
        uint8_t keys[2][32];
        sy_arena_clear(c->scratch);
        trial_seed(c, i, TABLE_KEY, keys[0]);
        trial_seed(c, i, FIRST, keys[1]);
        SY_TRY(draw(c, b->ordinal, with, keys, &one));
        trial_seed(c, i, SECOND, keys[1]);
        SY_TRY(draw(c, b->ordinal, with, keys, &again));
        SY_TRY(draw(c, b->ordinal, without, keys, &other));
        broken = broken || !same_table(&one, &again) || shows_few(&one, with, pack->units_min) ||
                 shows_few(&other, without, pack->units_min);
        hits += restores(b, &one, &other, &counted) ? 1 : 0;
    }
    double limit = most_likely(pack) + trial_slack_one(TRIAL_TABLES);
    trial_worse(recall, (struct trial_mark){counted ? (double)hits / TRIAL_TABLES : 0, limit});
    if (broken) {
        *recall = (struct trial_mark){1, 0};
    }
    return SY_OK;
}

sy_status trial_cellkey(const struct trial_case *c, struct trial_mark *recall)
{
    for (size_t i = 0; i < c->n_blocks; i++) {
        if (c->t->release->model->facts.blocks[c->blocks[i].ordinal].cellkey) {
            SY_TRY(try_block(c, &c->blocks[i], recall));
        }
    }
    return SY_OK;
}
