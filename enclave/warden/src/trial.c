/* What: a trial from worlds to marks: draws of either world, an attacker's score of each, the worst of all units. */
#include "trial.h"

#include <math.h>
#include <string.h>

#include "mechanisms/stream.h"
#include "proof/hash.h"
#include "release_table.h"
#include "trial_world.h"

/* Of scores: a cell that only one world can show, shown; noised values in all that a trial of trees may draw. */
static const double CERTAIN = 1e6;
enum { TREE_VALUES = 16000000, TREE_DRAWS_MIN = 256, PARTS = 10 };

/* What one draw shows of a case. */
struct sight {
    double score;  /* log likelihood ratio of the two worlds */
    bool restored; /* the unit's part of its most exposed figure comes out, to a tenth */
    bool shown;    /* the text of its rarest found key */
};

/* The figure and the text that recall looks at. */
struct aim {
    const struct trial_cell *figure_cell, *text_cell;
    size_t figure;
    bool any; /* some block is noised: others are trial_cellkey's */
};

void trial_seed(const struct trial_case *c, uint64_t draw, uint8_t world, uint8_t ret[32])
{
    uint8_t n[17];
    sy_store_le64(n, c->unit);
    sy_store_le64(n + 8, draw);
    n[16] = world;
    PROOF_SHA256(ret, "shuyu-product-draw-1", sy_view(c->t->seed, 32), sy_view(n, sizeof(n)));
}

void trial_table(const struct trial_case *c, size_t ordinal, const struct warden_release *release,
                 struct release_table *ret)
{
    const struct rules_model *m = c->t->release->model;
    *ret = (struct release_table){.release = release,
                                  .block = &m->plan.blocks[ordinal],
                                  .facts = &m->facts.blocks[ordinal],
                                  .key_types = c->types->blocks[ordinal].keys,
                                  .ordinal = ordinal,
                                  .arena = c->scratch};
}

static int64_t *copy_of(const struct trial_case *c, const int64_t *from, size_t n)
{
    int64_t *own = sy_arena_alloc(c->scratch, n + 1, sizeof(*own));
    for (size_t i = 0; own != NULL && i < n; i++) {
        own[i] = from[i];
    }
    return own;
}

/* A release takes what is exact, and wipes it: each draw has its own. */
static bool copy_figures(const struct trial_case *c, struct sy_run_cell *cell)
{
    cell->figures = copy_of(c, cell->figures, cell->n_figures);
    cell->tops = copy_of(c, cell->tops, cell->n_tops);
    return cell->figures != NULL && cell->tops != NULL;
}

sy_status trial_copy(const struct trial_case *c, const struct sy_run_block *from,
                     struct sy_run_block *ret)
{
    *ret = *from;
    ret->cells = sy_arena_alloc(c->scratch, from->n_cells + 1, sizeof(*ret->cells));
    for (size_t i = 0; ret->cells != NULL && i < from->n_cells; i++) {
        ret->cells[i] = from->cells[i];
        if (!copy_figures(c, &ret->cells[i])) {
            ret->cells = NULL;
        }
    }
    return ret->cells != NULL ? SY_OK : warden_release_no_memory(c->err);
}

/* ---- a draw ---- */

/* The cells that differ, of one world. Cells are noised one by one, so that the others tell nothing. */
static sy_status few_cells(const struct trial_case *c, const struct trial_block *b, uint8_t world,
                           struct sy_run_block *ret)
{
    *ret = (struct sy_run_block){
        .cells = sy_arena_alloc(c->scratch, b->n_cells + 1, sizeof(*ret->cells))};
    for (size_t i = 0; ret->cells != NULL && i < b->n_cells; i++) {
        const struct sy_run_cell *from = world == 1 ? b->cells[i].with : b->cells[i].without;
        if (from != NULL) {
            ret->cells[ret->n_cells++] = *from;
        }
        if (from != NULL && !copy_figures(c, &ret->cells[ret->n_cells - 1])) {
            ret->cells = NULL;
        }
    }
    return ret->cells != NULL ? SY_OK : warden_release_no_memory(c->err);
}

/* Declared cells: a table that has the differing ones only, numbered through. */
struct small {
    struct rules_block_facts facts;
    struct rules_key_facts key_facts;
    struct sy_plan_block block;
    struct sy_plan_key key;
};

static sy_status number_cells(const struct trial_case *c, const struct trial_block *b,
                              uint8_t world, struct release_table *t, struct sy_run_block *in)
{
    struct small *s = sy_arena_alloc(c->scratch, 1, sizeof(*s));
    uint64_t *ordinals = sy_arena_alloc(c->scratch, b->n_cells + 1, sizeof(*ordinals));
    if (s == NULL || ordinals == NULL) {
        return warden_release_no_memory(c->err);
    }
    size_t n = 0;
    for (size_t i = 0; i < b->n_cells; i++) {
        if ((world == 1 ? b->cells[i].with : b->cells[i].without) != NULL) {
            ordinals[n] = i;
            in->cells[n].key = &ordinals[n];
            in->cells[n++].n_key = 1;
        }
    }
    s->facts = *t->facts;
    s->block = *t->block;
    s->key_facts.n_cells = b->n_cells;
    s->facts.keys = &s->key_facts;
    s->block.keys = &s->key;
    s->facts.n_keys = s->block.n_keys = 1;
    s->facts.n_cells = b->n_cells;
    t->facts = &s->facts;
    t->block = &s->block;
    return SY_OK;
}

static sy_status draw_block(const struct trial_case *c, const struct trial_block *b, uint8_t world,
                            const struct warden_release *release, struct release_table *ret)
{
    struct sy_run_block in;
    trial_table(c, b->ordinal, release, ret);
    bool tree = ret->facts->tree.leaves > 0;
    const struct sy_run_result *from = world == 1 ? c->with : c->without;
    SY_TRY(tree ? trial_copy(c, &from->blocks[b->ordinal], &in) : few_cells(c, b, world, &in));
    if (!tree && !ret->facts->open) {
        SY_TRY(number_cells(c, b, world, ret, &in));
    }
    return warden_release_cells(ret, &in, c->err);
}

/* ---- where a cell is in a released table ---- */

static size_t declared_row(const struct rules_block_facts *f, const struct sy_run_cell *cell)
{
    size_t at = 0;
    for (size_t k = 0; k < f->n_keys; k++) {
        at = at * f->keys[k].n_cells + cell->key[k];
    }
    return at;
}

static bool same_label(struct sy_view a, struct sy_view b)
{
    return (a.p == NULL) == (b.p == NULL) && sy_view_eq(a, b);
}

static bool has_labels(const struct release_table *t, const struct sy_run_cell *cell, size_t row)
{
    bool same = true;
    for (size_t k = 0; same && k < t->facts->n_keys; k++) {
        struct sy_view label;
        same = sy_ok(warden_release_label(t, k, cell->key[k], &label, NULL)) &&
               same_label(label, t->labels[k][row]);
    }
    return same;
}

/* The row of differing cell i, n_rows when it is not shown. */
static size_t row_of(const struct trial_case *c, const struct trial_block *b,
                     const struct release_table *t, size_t i)
{
    const struct rules_block_facts *f = &c->t->release->model->facts.blocks[b->ordinal];
    const struct sy_run_cell *cell =
        b->cells[i].with != NULL ? b->cells[i].with : b->cells[i].without;
    if (f->tree.leaves > 0) {
        return declared_row(f, cell);
    }
    size_t row = f->open ? 0 : i;
    while (f->open && row < t->n_rows && !has_labels(t, cell, row)) {
        row++;
    }
    return row;
}

/* ---- the attacker ---- */

/* How much likelier a noised y is when the exact figure is x1 than when it is x0, in logarithms. */
static double ratio(enum rules_noise kind, double noise, double y, double x1, double x0)
{
    if (kind == RULES_NOISE_LAPLACE) {
        return (fabs(y - x0) - fabs(y - x1)) / noise;
    }
    return (2 * y - x1 - x0) * (x1 - x0) / (2 * noise * noise);
}

static double before(const struct rules_block_facts *f, const struct trial_cell *x, size_t figure)
{
    struct trial_cell none = {.with = x->without};
    return trial_part(f, &none, figure);
}

/* What it tells that a found key is shown, or is not: then its count was below the threshold. */
static double presence(const struct rules_block_facts *f, const struct trial_cell *x, bool shown)
{
    if (x->with == NULL || x->without == NULL) {
        double only = x->with != NULL ? CERTAIN : -CERTAIN;
        return shown ? only : 0;
    }
    double n1 = (double)x->with->units, n0 = (double)x->without->units;
    return shown ? 0 : ratio(f->kind, (double)f->units_noise, (double)f->tau - 1, n1, n0);
}

static void look(const struct trial_case *c, const struct trial_block *b, const struct aim *aim,
                 const struct release_table *t, struct sight *s)
{
    const struct rules_block_facts *f = &c->t->release->model->facts.blocks[b->ordinal];
    for (size_t i = 0; i < b->n_cells; i++) {
        const struct trial_cell *x = &b->cells[i];
        size_t row = row_of(c, b, t, i);
        bool shown = row < t->n_rows;
        s->score += f->open ? presence(f, x, shown) : 0;
        s->shown = s->shown || (x == aim->text_cell && shown);
        for (size_t k = 0; shown && k < f->n_figures; k++) {
            double y = (double)t->values[row * f->n_figures + k];
            double part = trial_part(f, x, k), x0 = before(f, x, k);
            s->score += ratio(f->kind, (double)f->figures[k].noise, y, x0 + part, x0);
            bool near = fabs(y - x0 - part) <= floor(fabs(part) / PARTS);
            s->restored = s->restored || (x == aim->figure_cell && k == aim->figure && near);
        }
    }
}

static sy_status sight(const struct trial_case *c, const struct aim *aim, uint64_t draw,
                       uint8_t world, struct sight *ret)
{
    uint8_t seed[MECH_SEED_BYTES];
    struct warden_release release = *c->t->release;
    struct release_table t;
    *ret = (struct sight){0};
    release.seed = seed;
    trial_seed(c, draw, world, seed);
    sy_arena_clear(c->scratch);
    for (size_t i = 0; i < c->n_blocks; i++) {
        const struct trial_block *b = &c->blocks[i];
        if (c->t->release->model->facts.blocks[b->ordinal].cellkey) {
            continue;
        }
        SY_TRY(draw_block(c, b, world, &release, &t));
        look(c, b, aim, &t, ret);
    }
    return SY_OK;
}

/* ---- a unit ---- */

/* The figure that its rows move most against its noise, and the found key with fewest other units. */
static struct aim take_aim(const struct trial_case *c)
{
    struct aim a = {0};
    double most = 0, fewest = INFINITY;
    for (size_t i = 0; i < c->n_blocks; i++) {
        const struct trial_block *b = &c->blocks[i];
        const struct rules_block_facts *f = &c->t->release->model->facts.blocks[b->ordinal];
        a.any = a.any || !f->cellkey;
        for (size_t j = 0; !f->cellkey && j < b->n_cells; j++) {
            const struct trial_cell *x = &b->cells[j];
            double others = x->without == NULL ? 0 : (double)x->without->units;
            if (f->open && others < fewest) {
                fewest = others;
                a.text_cell = x;
            }
            for (size_t k = 0; k < f->n_figures; k++) {
                double z = fabs(trial_part(f, x, k)) / (double)f->figures[k].noise;
                if (z > most) {
                    most = z;
                    a.figure_cell = x;
                    a.figure = k;
                }
            }
        }
    }
    return a;
}

/* All units' draws together, whatever their cells: trees are drawn whole. As many as if there were all the units that
 * there can be: how many there are is not to be told by it. */
static size_t draws_of(const struct trial *t)
{
    const struct rules_plan_facts *facts = &t->release->model->facts;
    uint64_t values = 1;
    for (size_t i = 0; i < facts->n_blocks; i++) {
        const struct rules_tree_facts *tree = &facts->blocks[i].tree;
        values += tree->leaves > 0 ? facts->blocks[i].n_cells / tree->leaves * tree->nodes : 0;
    }
    uint64_t n = TREE_VALUES / (2 * sy_max_u64(t->units_max, 1) * values);
    n = n < TREE_DRAWS_MIN ? TREE_DRAWS_MIN : sy_min_u64(n, TRIAL_DRAWS_MAX);
    return (size_t)n & ~(size_t)1;
}

struct marks {
    struct trial_mark advantage, recall;
    double *with, *without; /* scores */
    size_t draws;
};

static sy_status try_draws(const struct trial_case *c, struct marks *m)
{
    struct aim aim = take_aim(c);
    double restored = 0, shown = 0, bound = trial_bound(c);
    if (!aim.any) {
        return SY_OK;
    }
    for (size_t i = 0; i < m->draws; i++) {
        struct sight a, b;
        SY_TRY(sight(c, &aim, i, 1, &a));
        SY_TRY(sight(c, &aim, i, 0, &b));
        m->with[i] = a.score;
        m->without[i] = b.score;
        restored += (double)a.restored - (double)b.restored;
        shown += (double)a.shown - (double)b.shown;
    }
    double n = (double)m->draws, more = restored > shown ? restored : shown;
    trial_worse(&m->advantage, (struct trial_mark){trial_advantage(m->with, m->without, m->draws),
                                                   bound + trial_slack(m->draws / 2)});
    trial_worse(&m->recall,
                (struct trial_mark){more > 0 ? more / n : 0, bound + trial_slack(m->draws)});
    return SY_OK;
}

static sy_status try_unit(const struct trial *t, size_t unit, const struct sy_plan_types *types,
                          const struct sy_run_result *worlds, struct marks *m,
                          struct sy_arena *arena, bool *counts, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena scratch = {.ceiling = SY_RESULT_BYTES, .wipe = true};
    struct trial_case c = {.t = t,
                           .unit = unit,
                           .types = types,
                           .with = &worlds[0],
                           .without = &worlds[unit + 1],
                           .scratch = &scratch,
                           .err = err};
    SY_TRY(trial_compare(&c, arena));
    if (c.n_blocks == 0) {
        return SY_OK;
    }
    *counts = true;
    SY_TRY(try_draws(&c, m));
    return trial_cellkey(&c, &m->recall);
}

/* ---- the trial ---- */

static sy_status decode(const struct trial *t, struct sy_arena *arena, struct sy_run_result **ret,
                        struct sy_error *err)
{
    struct sy_run_result *all = sy_arena_alloc(arena, t->n_units + 1, sizeof(*all));
    if (all == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t i = 0; i <= t->n_units; i++) {
        SY_TRY(
            sy_record_decode(&sy_run_result_desc, t->worlds[i], &SY_MP_LARGE, arena, &all[i], err));
        if (!all[i].ok || all[i].n_blocks != t->release->model->plan.n_blocks) {
            return warden_release_misfit(err, "blocks");
        }
    }
    *ret = all;
    return SY_OK;
}

static uint64_t up(double v)
{
    return (uint64_t)ceil((v < 1 ? v : 1) * 100);
}

static uint64_t near(double v)
{
    return (uint64_t)floor((v < 1 ? v : 1) * 100 + 0.5);
}

/* A figure is rounded to the nearest, and never up to its limit or down to it. */
static bool mark(const struct trial_mark *m, uint64_t *ret_value, uint64_t *ret_limit)
{
    bool within = m->value <= m->limit;
    *ret_limit = up(m->limit);
    *ret_value = near(m->value);
    if (!within && *ret_value <= *ret_limit) {
        *ret_limit = *ret_value > 0 ? *ret_value - 1 : 0;
    }
    return within;
}

sy_status warden_trial(const struct trial *t, struct sy_arena *arena, struct trial_outcome *ret,
                       struct sy_error *reterr)
{
    const struct rules_model *m = t->release->model;
    struct sy_plan_types types;
    struct sy_run_result *worlds = NULL;
    bool counts = false;
    struct marks all = {.advantage = {0, INFINITY}, .recall = {0, INFINITY}, .draws = draws_of(t)};
    all.with = sy_arena_alloc(arena, all.draws, sizeof(*all.with));
    all.without = sy_arena_alloc(arena, all.draws, sizeof(*all.without));
    if (all.with == NULL || all.without == NULL) {
        return warden_release_no_memory(reterr);
    }
    SY_TRY(sy_plan_type(&m->plan, m->grant.defs.defs, m->grant.defs.n, arena, &types, reterr));
    SY_TRY(decode(t, arena, &worlds, reterr));
    for (size_t i = 0; i < t->n_units; i++) {
        SY_TRY(try_unit(t, i, &types, worlds, &all, arena, &counts, reterr));
    }
    bool noised = false;
    double price = trial_price(&m->facts, &noised) + trial_slack(all.draws / 2);
    struct trial_outcome o = {
        .moot = !counts, .price = up(price), .draws = noised ? all.draws : TRIAL_TABLES};
    bool fine = mark(&all.advantage, &o.advantage, &o.limit);
    o.passed = mark(&all.recall, &o.recall, &o.recall_limit) && fine;
    *ret = o;
    return SY_OK;
}
