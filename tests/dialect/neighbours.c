#include "neighbours.h"

#include <string.h>

#include "base/arith.h"
#include "check.h"
#include "src/engine_internal.h"
#include "worlds.h"

enum { BATCH = 50 };

struct checking {
    struct bench *b;
    struct asking *a;
    struct worlds w;
    uint64_t params[SY_PLAN_PARAMS_MAX];
    const char *why;
};

static bool fault(struct checking *c, size_t block, size_t figure, const char *what)
{
    const struct sy_plan_block *k = &c->a->plan.blocks[block];
    c->why = sy_arena_printf(
        &c->a->arena, "block %.*s, figure %.*s: %s", SY_PV(k->name),
        SY_PV(figure < k->n_figures ? k->figures[figure].name : sy_view_str("(units)")), what);
    return false;
}

/* --- how far a unit of this namespace may move a block ---------------------------------------------- */

/* The factor F of rules/plan_check.h: 0 = not at all. */
static uint64_t factor(const struct checking *c, size_t block, struct sy_view ns)
{
    const struct sy_track *t = c->a->facts.blocks[block].track;
    if (t == NULL) {
        return 0;
    }
    uint64_t f = sy_view_eq(t->ns, ns) ? 1 : 0;
    for (size_t i = 0; i < t->n_others; i++) {
        f += sy_view_eq(t->others[i].ns, ns) ? 2 * t->others[i].units : 0;
    }
    return f;
}

struct moves {
    sy_i128 l1, l2; /* sums over cells of |d| and d x d */
    uint64_t cells; /* cells that moved */
    sy_i128 most;   /* largest |d| of one cell */
};

static int by_key(const struct sy_run_cell *x, const struct sy_run_cell *y)
{
    for (size_t k = 0; k < x->n_key; k++) {
        if (x->key[k] != y->key[k]) {
            return x->key[k] < y->key[k] ? -1 : 1;
        }
    }
    return 0;
}

static void add_move(struct moves *m, sy_i128 d)
{
    sy_i128 a = d < 0 ? -d : d;
    m->l1 += a;
    m->l2 += a * a;
    m->cells += a != 0 ? 1 : 0;
    m->most = a > m->most ? a : m->most;
}

static sy_i128 value(const struct sy_run_cell *x, size_t figure)
{
    return figure < x->n_figures ? x->figures[figure] : (sy_i128)x->units;
}

/* Figure `figure` (n_figures: the count of units) over both worlds' cells, which are ordered by key. */
static struct moves measure(const struct sy_run_block *x, const struct sy_run_block *y,
                            size_t figure)
{
    struct moves m = {0};
    for (size_t i = 0, k = 0; i < x->n_cells || k < y->n_cells;) {
        int order = i == x->n_cells ? 1 : k == y->n_cells ? -1 : by_key(&x->cells[i], &y->cells[k]);
        sy_i128 a = order <= 0 ? value(&x->cells[i], figure) : 0;
        sy_i128 b = order >= 0 ? value(&y->cells[k], figure) : 0;
        add_move(&m, a - b);
        i += order <= 0 ? 1 : 0;
        k += order >= 0 ? 1 : 0;
    }
    return m;
}

/* Are both below the same node, `width` leaves wide, of the same tree? */
static bool same_node(const struct sy_run_cell *x, const struct sy_run_cell *y, uint64_t width)
{
    size_t last = x->n_key - 1;
    return memcmp(x->key, y->key, last * sizeof *x->key) == 0 &&
           x->key[last] / width == y->key[last] / width;
}

/* The only figure of a block of trees, summed over nodes of that many leaves, in its own units. */
static struct moves measure_level(const struct rules_figure_facts *f, const struct sy_run_block *x,
                                  const struct sy_run_block *y, uint64_t width)
{
    struct moves m = {0};
    for (size_t i = 0, k = 0; i < x->n_cells || k < y->n_cells;) {
        bool first = k == y->n_cells || (i < x->n_cells && by_key(&x->cells[i], &y->cells[k]) < 0);
        const struct sy_run_cell *node = first ? &x->cells[i] : &y->cells[k];
        sy_i128 d = 0;
        for (; i < x->n_cells && same_node(&x->cells[i], node, width); i++) {
            d += value(&x->cells[i], 0);
        }
        for (; k < y->n_cells && same_node(&y->cells[k], node, width); k++) {
            d -= value(&y->cells[k], 0);
        }
        add_move(&m, d * f->reach.bound);
    }
    return m;
}

static bool within(struct checking *c, size_t block, size_t figure, const struct moves *m,
                   uint64_t f)
{
    const struct rules_block_facts *k = &c->a->facts.blocks[block];
    struct rules_reach one = {.groups = c->a->plan.blocks[block].groups, .rows = 1, .bound = 1};
    const struct rules_reach *r = figure < k->n_figures ? &k->figures[figure].reach : &one;
    sy_i128 cell = (sy_i128)r->rows * r->bound;
    if (f == 0 && m->cells > 0) {
        return fault(c, block, figure, "moved by a unit that owns no row of it");
    }
    if (m->l2 > (sy_i128)f * f * r->groups * cell * cell) {
        return fault(c, block, figure, "moved further than its sensitivity (L2)");
    }
    if (m->l1 > (sy_i128)f * r->groups * cell) {
        return fault(c, block, figure, "moved further than its sensitivity (L1)");
    }
    uint64_t cells = k->tree.leaves > 0 ? c->a->plan.blocks[block].groups : r->groups;
    if (f == 1 && (m->cells > cells || m->most > cell)) {
        return fault(c, block, figure, "one unit moved too many cells, or one cell too far");
    }
    return true;
}

/* Noise is added on every level of a tree, and each has the reach that its noise was made for. */
static bool levels_within(struct checking *c, const struct sy_run_block *x,
                          const struct sy_run_block *y, size_t block, uint64_t f)
{
    const struct rules_block_facts *k = &c->a->facts.blocks[block];
    uint64_t width = 1;
    for (uint64_t level = 0; level < k->tree.levels; level++) {
        struct moves m = measure_level(&k->figures[0], x, y, width);
        if (!within(c, block, 0, &m, f)) {
            return false;
        }
        width *= k->tree.fan;
    }
    return true;
}

static bool check_pair(struct checking *c, const struct sy_run_block *x,
                       const struct sy_run_block *y, size_t block, struct sy_view ns, bool *moved)
{
    uint64_t f = factor(c, block, ns);
    for (size_t i = 0; i <= c->a->plan.blocks[block].n_figures; i++) {
        struct moves m = measure(x, y, i);
        *moved = *moved || m.cells > 0;
        if (!within(c, block, i, &m, f)) {
            return false;
        }
    }
    return levels_within(c, x, y, block, f);
}

/* --- running ---------------------------------------------------------------------------------------- */

static bool same_block(const struct sy_run_block *x, const struct sy_run_block *y)
{
    bool same = x->n_cells == y->n_cells;
    for (size_t i = 0; same && i < x->n_cells; i++) {
        same = by_key(&x->cells[i], &y->cells[i]) == 0 && x->cells[i].units == y->cells[i].units &&
               memcmp(x->cells[i].figures, y->cells[i].figures,
                      x->cells[i].n_figures * sizeof(int64_t)) == 0;
    }
    return same;
}

/* World `world` on its own must give what it gave among the others. */
static bool run_alone(struct checking *c, const struct sy_run_block *all, size_t world, bool sealed)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = (size_t)1 << 30};
    struct tables one;
    struct tables *before = c->b->ts;
    struct asking again = *c->a;
    size_t n_worlds = 2 * c->w.n_pairs;
    again.arena = (struct sy_arena){.ceiling = (size_t)1 << 30};
    worlds_one(&c->w, world, &one, &arena);
    for (size_t i = 0; i < one.n_spaces; i++) {
        one.spaces[i].ids.n = WORLD_UNITS;
    }
    c->b->ts = &one;
    ask_feed(c->b, &again);
    again.job.params = c->params;
    again.job.n_params = again.plan.n_params;
    if (sealed) {
        sealed_run(c->b, &again, &again.result);
    } else {
        ask_run(c->b, &again, c->params);
    }
    c->b->ts = before;
    bool same = true;
    for (size_t i = 0; same && i < c->a->plan.n_blocks; i++) {
        same = same_block(&again.result.blocks[i], &all[i * n_worlds + world]);
        (void)(same || fault(c, i, SIZE_MAX,
                             sealed ? "a sealed worker gives something else"
                                    : "alone it gives something else"));
    }
    ask_end(&again);
    return same;
}

static void run_all(struct checking *c, struct sy_run_block **ret)
{
    struct tables *before = c->b->ts;
    for (size_t i = 0; i < c->a->plan.n_blocks; i++) {
        struct sy_view ns = c->a->plan.blocks[i].ns;
        if (ns.n != 0) {
            tables_space(&c->w.ts, ns)->ids.n = WORLD_UNITS;
        }
    }
    c->b->ts = &c->w.ts;
    ask_feed(c->b, c->a);
    c->b->ts = before;
    c->a->job.params = c->params;
    c->a->job.n_params = c->a->plan.n_params;
    check_ok(engine_check_job(&c->a->job));
    struct engine_job job = {.def = &c->a->job,
                             .types = &c->a->types,
                             .columns = c->a->columns,
                             .worlds_units = WORLD_UNITS};
    check_ok(engine_duckdb_worlds(c->b->engine, &job, 2 * c->w.n_pairs, &c->a->arena, ret));
}

static bool check_all(struct checking *c, struct neighbours *n)
{
    struct sy_run_block *all = NULL;
    size_t n_worlds = 2 * c->w.n_pairs;
    run_all(c, &all);
    for (size_t pair = 0; pair < c->w.n_pairs; pair++) {
        bool moved = false;
        for (size_t i = 0; i < c->a->plan.n_blocks; i++) {
            const struct sy_run_block *x = &all[i * n_worlds + 2 * pair];
            if (!check_pair(c, x, x + 1, i, c->w.absent[pair].ns, &moved)) {
                return false;
            }
        }
        n->moved += moved ? 1 : 0;
    }
    for (size_t i = 0; i < 2 * n->alone; i++) {
        if (!run_alone(c, all, i, false)) {
            return false;
        }
    }
    return !n->sealed || run_alone(c, all, 0, true);
}

static bool check_batch(struct bench *b, struct asking *a, uint64_t seed, struct neighbours *n,
                        const char **ret_why)
{
    struct checking c = {.b = b, .a = a};
    for (size_t i = 0; i < a->plan.n_params; i++) {
        c.params[i] = (seed >> i % 32) % a->plan.params[i].n_values;
    }
    worlds_make(&c.w, b->ts, &a->plan, c.params, n->pairs, seed);
    bool ok = check_all(&c, n);
    worlds_free(&c.w);
    *ret_why = c.why;
    return ok;
}

bool neighbours_check(struct bench *b, struct asking *a, uint64_t seed, struct neighbours *n,
                      const char **ret_why)
{
    bool ok = true;
    for (size_t from = 0; ok && from < n->pairs; from += BATCH) {
        struct neighbours some = {.pairs = n->pairs - from < BATCH ? n->pairs - from : BATCH};
        some.alone = from > 0 ? 0 : n->alone < some.pairs ? n->alone : some.pairs;
        some.sealed = from == 0 && n->sealed;
        ok = check_batch(b, a, seed + from, &some, ret_why);
        n->moved += some.moved;
    }
    return ok;
}
