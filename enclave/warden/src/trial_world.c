/*
 * What: the two worlds of one unit's case: which cells its rows change, block by block, and what that may cost under the
 * noise that the plan states. BOUNDARY: both worlds are a worker's word; each cell is held against the plan here, and
 * again by every release that is drawn from it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "release_table.h"
#include "trial_world.h"

static const double RHO_ONE = 1e9, DELTA_ONE = 1e15;

/* ---- cells that differ ---- */

static int by_key(const void *a, const void *b)
{
    const struct sy_run_cell *x = *(const struct sy_run_cell *const *)a;
    const struct sy_run_cell *y = *(const struct sy_run_cell *const *)b;
    for (size_t k = 0; k < x->n_key; k++) {
        if (x->key[k] != y->key[k]) {
            return x->key[k] < y->key[k] ? -1 : 1;
        }
    }
    return 0;
}

/* The cells of one world in the order of their keys, each once. */
static sy_status sorted(const struct trial_case *c, const struct release_table *t,
                        const struct sy_run_block *in, const struct sy_run_cell ***ret)
{
    const struct sy_run_cell **all =
        sy_arena_alloc(c->scratch, in->n_cells + 1, sizeof(const struct sy_run_cell *));
    if (all == NULL) {
        return warden_release_no_memory(c->err);
    }
    for (size_t i = 0; i < in->n_cells; i++) {
        SY_TRY(warden_release_check_cell(t, &in->cells[i], c->err));
        all[i] = &in->cells[i];
    }
    qsort(all, in->n_cells, sizeof(const struct sy_run_cell *), by_key);
    for (size_t i = 1; i < in->n_cells; i++) {
        if (by_key(&all[i - 1], &all[i]) == 0) {
            return warden_release_misfit(c->err, "a cell comes twice");
        }
    }
    *ret = all;
    return SY_OK;
}

static bool same_cell(const struct sy_run_cell *a, const struct sy_run_cell *b)
{
    return a->units == b->units &&
           memcmp(a->figures, b->figures, a->n_figures * sizeof(*a->figures)) == 0;
}

/* Walk both worlds' cells side by side and keep those that are not alike. */
static sy_status compare(struct trial_case *c, struct sy_arena *arena, struct trial_block *b)
{
    const struct sy_run_block *with = &c->with->blocks[b->ordinal];
    const struct sy_run_block *without = &c->without->blocks[b->ordinal];
    const struct sy_run_cell **x = NULL, **y = NULL;
    struct release_table t;
    trial_table(c, b->ordinal, c->t->release, &t);
    SY_TRY(sorted(c, &t, with, &x));
    SY_TRY(sorted(c, &t, without, &y));
    b->cells = sy_arena_alloc(arena, with->n_cells + without->n_cells + 1, sizeof(*b->cells));
    if (b->cells == NULL) {
        return warden_release_no_memory(c->err);
    }
    for (size_t i = 0, j = 0; i < with->n_cells || j < without->n_cells;) {
        int order = i == with->n_cells ? 1 : j == without->n_cells ? -1 : by_key(&x[i], &y[j]);
        struct trial_cell cell = {.with = order <= 0 ? x[i++] : NULL,
                                  .without = order >= 0 ? y[j++] : NULL};
        if (order != 0 || !same_cell(cell.with, cell.without)) {
            b->cells[b->n_cells++] = cell;
        }
    }
    return SY_OK;
}

sy_status trial_compare(struct trial_case *c, struct sy_arena *arena)
{
    const struct rules_model *m = c->t->release->model;
    c->blocks = sy_arena_alloc(arena, m->plan.n_blocks + 1, sizeof(*c->blocks));
    if (c->blocks == NULL) {
        return warden_release_no_memory(c->err);
    }
    for (size_t i = 0; i < m->plan.n_blocks; i++) {
        struct trial_block b = {.ordinal = i};
        if (!sy_view_eq(m->facts.blocks[i].ns, c->t->units[c->unit].ns)) {
            continue; /* its rows are nobody's, or another kind of unit's */
        }
        sy_arena_clear(c->scratch);
        SY_TRY(compare(c, arena, &b));
        if (b.n_cells > 0) {
            c->blocks[c->n_blocks++] = b;
        }
    }
    return SY_OK;
}

/* ---- what it may cost ---- */

double trial_part(const struct rules_block_facts *f, const struct trial_cell *x, size_t figure)
{
    double a = x->with == NULL ? 0 : (double)x->with->figures[figure];
    double b = x->without == NULL ? 0 : (double)x->without->figures[figure];
    return (a - b) * (f->tree.leaves > 0 ? (double)f->figures[figure].reach.bound : 1);
}

double trial_units_part(const struct trial_cell *x)
{
    return (x->with == NULL ? 0 : (double)x->with->units) -
           (x->without == NULL ? 0 : (double)x->without->units);
}

/* One noised number that moves by `part`: of zCDP's rho (Gaussian), or of epsilon (Laplace). */
struct cost {
    double rho, epsilon, delta;
};

static void add_cost(struct cost *to, enum rules_noise kind, double part, uint64_t noise)
{
    double z = noise == 0 ? (part != 0 ? INFINITY : 0) : part / (double)noise;
    if (kind == RULES_NOISE_LAPLACE) {
        to->epsilon += fabs(z);
    } else {
        to->rho += z * z / 2;
    }
}

/* Of a tree the nodes above a leaf move too: its price is the block's. */
static void add_block(const struct rules_block_facts *f, const struct trial_block *b,
                      struct cost *to)
{
    to->rho += f->tree.leaves > 0 ? (double)f->rho / RHO_ONE : 0;
    to->delta += f->open ? (double)f->delta / DELTA_ONE : 0;
    for (size_t i = 0; f->tree.leaves == 0 && i < b->n_cells; i++) {
        for (size_t k = 0; k < f->n_figures; k++) {
            add_cost(to, f->kind, trial_part(f, &b->cells[i], k), f->figures[k].noise);
        }
        if (f->open) {
            add_cost(to, f->kind, trial_units_part(&b->cells[i]), f->units_noise);
        }
    }
}

/* Total variation that rho, epsilon and delta allow (rules' product_report.c). */
static double variation(const struct cost *c)
{
    return sqrt(c->rho / 2) + c->epsilon / 2 + c->delta;
}

static double spend_bound(const struct sy_spend *s)
{
    struct cost c = {.rho = (double)s->rho / RHO_ONE, .delta = (double)s->delta / DELTA_ONE};
    return variation(&c);
}

double trial_price(const struct rules_plan_facts *facts, bool *ret_noised)
{
    double most = 0;
    *ret_noised = false;
    for (size_t i = 0; i < facts->n_spends; i++) {
        double v = spend_bound(&facts->spends[i]);
        most = v > most ? v : most;
    }
    for (size_t i = 0; i < facts->n_blocks; i++) {
        most = facts->blocks[i].cellkey ? 1 : most;
        *ret_noised = *ret_noised || (facts->blocks[i].ns.n > 0 && !facts->blocks[i].cellkey);
    }
    return most;
}

double trial_bound(const struct trial_case *c)
{
    const struct rules_plan_facts *facts = &c->t->release->model->facts;
    struct cost own = {0};
    double plan = 0;
    for (size_t i = 0; i < c->n_blocks; i++) {
        const struct rules_block_facts *f = &facts->blocks[c->blocks[i].ordinal];
        if (!f->cellkey) {
            add_block(f, &c->blocks[i], &own);
        }
    }
    for (size_t i = 0; i < facts->n_spends; i++) {
        if (sy_view_eq(facts->spends[i].ns, c->t->units[c->unit].ns)) {
            plan = spend_bound(&facts->spends[i]);
        }
    }
    double a = variation(&own);
    return a < plan ? a : plan;
}
