/*
 * The property that noise relies on: without one unit (all rows that it owns, in all tables), at most
 * `groups` cells of the bounded aggregates change, each figure by at most its declared bound, each unit
 * count by at most one; times the factor that the plan's track allows for a unit that owns rows through
 * other columns (wire/plan_unit.h). Random worlds, models as SQL and as plans, tight and loose bounds;
 * many pairs of worlds in one run of the production statement. The seed is printed and can be set with
 * SHUYU_SEED.
 */
#include "test_plan_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "wire/plan_unit.h"

enum { N_PAIRS = 10, N_UNITS = 24, N_EVENTS = 300 };

static const char *const MODELS[] = {
    "SELECT count(*) n, sum(cost) s, sum(abs(cost)) a FROM events",
    "SELECT event, count(*) n, count(cost) c, sum(cost) s FROM events GROUP BY event",
    "SELECT event, note, count(DISTINCT id) u, count(*) n FROM events GROUP BY event, note",
    "SELECT year(day) y, sum(cost) s, count(*) n FROM events GROUP BY y",
    "SELECT p.town, e.event, sum(bmi) b, avg(cost) c FROM persons p JOIN events e USING (id) "
    "GROUP BY p.town, e.event",
    "SELECT a.event, count(*) n FROM events a JOIN events b ON a.id = b.id GROUP BY a.event",
    "SELECT a.event, count(*) n, sum(b.cost) s FROM events a LEFT JOIN events b ON a.id = b.id AND "
    "a.day > b.day JOIN persons p ON p.id = a.id GROUP BY a.event",
    "SELECT town, count(*) n FROM persons WHERE id IN (SELECT id FROM events WHERE event = 'htn') "
    "GROUP BY town",
    "SELECT town, count(*) n FROM persons p WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = "
    "p.id "
    "AND e.cost > 50000) GROUP BY town",
    "SELECT least(n, 9) visits, count(*) k FROM (SELECT id, count(*) n FROM events GROUP BY id) "
    "GROUP BY visits",
    "SELECT t.coast, sum(t.pop) s FROM towns t LEFT JOIN persons p ON p.town = t.town GROUP BY "
    "t.coast",
    "SELECT sum(CASE WHEN cost > 100 THEN cost ELSE -7 END) s FROM events WHERE event <> 'mi'",
    "SELECT note, sum(least(greatest(cost, 5), 50)) s FROM events WHERE note IS NOT NULL GROUP BY "
    "note",
    "SELECT left(code, 1) c, count(*) n FROM events WHERE code LIKE '%1' OR code >= 'I' GROUP BY c",
    "SELECT least(date_sub('year', birth, day), 99) a, count(*) n FROM persons p JOIN events e "
    "USING "
    "(id) GROUP BY a",
    "SELECT code, count(*) n, sum(c) c FROM (SELECT id, arg_max(code, day) code, max(cost) c FROM "
    "events GROUP BY id) GROUP BY code",
    "SELECT code, count(*) n FROM (SELECT id, code, row_number() OVER (PARTITION BY id ORDER BY "
    "day "
    "DESC) r FROM events) WHERE r <= 2 GROUP BY code",
    "SELECT event, sum(cost - prev) d, count(*) n FROM (SELECT id, event, cost, lag(cost) OVER "
    "(PARTITION BY id ORDER BY day) prev FROM events) WHERE prev < cost GROUP BY event",
    "SELECT x, count(*) n FROM (SELECT id, event AS x FROM events UNION ALL SELECT id, town FROM "
    "persons) GROUP BY x",
    "SELECT p.town, count(*) n, sum(gram) g FROM births b JOIN persons p ON p.id = b.child GROUP "
    "BY "
    "p.town",
    "SELECT isodow(day) d, count(*) n, sum(cost) c FROM stays GROUP BY d",
    /* different values, also of units of another namespace and of rows with two owners */
    "SELECT event, count(DISTINCT code) k, count(DISTINCT cost) c, count(*) n FROM events GROUP BY "
    "event",
    "SELECT note, count(DISTINCT code) FILTER (WHERE cost > 100) k, count(DISTINCT cost > 9000) b "
    "FROM events GROUP BY note",
    "SELECT isodow(day) d, count(DISTINCT id) u, count(DISTINCT org) o FROM stays GROUP BY d",
    "SELECT count(DISTINCT org) o, count(DISTINCT id) p, count(DISTINCT day) d FROM stays",
    "SELECT quarter(day) q, count(DISTINCT gram) g, count(DISTINCT day) d FROM births GROUP BY q",
    "SELECT quarter(day) q, count(DISTINCT mother) m, count(DISTINCT gram) g FROM births GROUP BY "
    "q",
    /* moments */
    "SELECT event, var_samp(cost) v, corr(cost, year(day)) r FROM events GROUP BY event",
    "SELECT town, regr_coef(1, bmi, age, male) c, stddev(age) s FROM persons GROUP BY town",
};

/* Operators that each deserve their own: the same worlds, without lowering. */
#define EVENTS "scan events id event day cost code note\n"
#define STAYS  "scan stays id org day cost\n"
#define BIRTHS "scan births child mother day gram\n"

static const char *const PLANS[] = {
    /* labels and dates */
    EVENTS
    "filter 0 : (or (like (col 4) 'I%') (lt (col 4) (str 'B')))\nblock 1 0 person 1 1 full 1 "
    "count sum=-1000,100000 : (prefix (col 4) 1) (col 3)",
    EVENTS "block 0 0 person 1 1 full 2 count : (quarter (col 2)) (isodow (trunc (col 2) 'month'))",
    "scan persons id birth town\n" EVENTS "join inner 0 1 : (and (eq (col 0) (col 3)) (lt "
    "(add_months (col 1) (int 480)) (col 5)))\nblock 2 "
    "0 person 1 1 full 1 count sum=0,90 sum=-2000,2000 : (col 2) (years (col 1) (col 5)) (months "
    "(col "
    "5) (col 1))",
    EVENTS "block 0 0 person 1 1 full 2 count sum=0,1000 : (col 5) (like (col 4) '%1') (col 3)",
    /* windows */
    EVENTS
    "window 0 1 d all row_number rank dense_rank : (col 0) (mod (col 3) (int 5))\nblock 1 0 "
    "person 1 1 full 1 count sum=0,9 : (least (col 6) (int 12)) (least (col 7) (col 8) (int 9))",
    EVENTS
    "window 0 1 a all row_number lag lead first : (col 0) (trunc (col 2) 'year') (col 3) (col "
    "4) (col 2)\nfilter 1 : (le (col 6) (int 4))\nblock 2 0 person 1 1 full 1 count sum=0,100 "
    "sum=0,400 : (col 8) (col 7) (sub (col 2) (col 9))",
    EVENTS
    "window 0 2 a rows sum count min max : (col 0) (col 1) (col 2) (col 3) (bool 1) (col 3) "
    "(col 3)\nblock 1 0 person 1 1 full 1 sum=-500,500 sum=0,30 sum=-1000,1000 : (col 1) (col "
    "6) (col 7) (sub (col 9) (col 8))",
    EVENTS
    "window 0 1 a range sum : (col 0) (trunc (col 2) 'year') (col 3)\nwindow 1 1 - all count : "
    "(col 0) (bool 1)\nblock 2 0 person 1 1 sparse 2 count sum=-1000,1000 : (col 4) (least "
    "(col 7) (int 40)) (col 6)",
    STAYS "project 0 : (col 0) (col 2) (col 3)\nwindow 1 1 a all lag : (col 0) (col 1) (col "
          "2)\nblock 2 0 "
          "person 1 1 full 1 count sum=0,9000 : (gt (col 2) (col 3)) (col 2)",
    /* reductions */
    EVENTS
    "reduce 0 1 arg_max arg_min count_distinct : (col 0) (col 4) (col 2) (col 3) (mod (col 3) "
    "(int 7)) (col 4)\nblock 1 0 person 1 1 full 1 count sum=-900,900 sum=0,5 : (col 1) (col "
    "2) (col 3)",
    STAYS
    "reduce 0 2 count count_distinct : (col 0) (trunc (col 2) 'week') (bool 1) (col 1)\nblock 1 "
    "0 person 1 1 full 1 count : (least (col 3) (int 6))",
    /* unions */
    EVENTS STAYS
    "project 0 : (col 0) (col 4) (col 3)\nproject 1 : (col 0) (case (gt (col 3) (int "
    "9000)) (str 'big') (str 'A00')) (col 3)\nunion 2 3 2\nblock 4 0 person 1 1 full 1 "
    "count sum=-1000,60000 : (col 1) (col 2)",
    "scan persons id town\n" EVENTS
    "project 0 : (col 0) (col 1)\nproject 1 : (col 0) (null 'str')\nunion 2 3\nreduce 4 2 count : "
    "(col 0) (col 1) (bool 1)\nblock 5 0 person 1 1 full 1 count sum=0,9 : (col 1) (col 2)",
    /* rows with two owners, bounded by either */
    BIRTHS "block 0 0 person 1 1 full 1 count sum=300,6000 : (quarter (col 2)) (col 3)",
    BIRTHS "block 0 1 person 1 2 full 1 count sum=300,6000 units : (quarter (col 2)) (col 3)",
    BIRTHS "project 0 : (col 1) (col 2)\nwindow 1 1 a all row_number lag : (col 0) (col 1) (col "
           "1)\nfilter "
           "2 : (gt (col 2) (int 1))\nblock 3 0 person 1 2 full 1 count sum=0,9000 : (isodow (col "
           "1)) (sub "
           "(col 1) (col 3))",
    BIRTHS
    "scan persons id town\njoin left 0 1 : (eq (col 1) (col 4))\nreduce 2 2 count arg_max : "
    "(col 1) (col 5) (bool 1) (col 3) (col 2)\nblock 3 0 person 1 1 full 1 count sum=0,6000 : "
    "(col 1) (col 3)",
    STAYS "block 0 1 org 1 3 full 1 count sum=0,50000 : (isodow (col 2)) (col 3)",
    STAYS "block 0 0 person 2 3 full 1 count units : (mod (sub (col 2) (date 1970-01-01)) (int "
          "9))\nblock 0 1 org 1 1 full 1 units : (isodow (col 2))",
};

static const struct sy_run_cell *find_cell(const struct sy_run_block *b,
                                           const struct sy_run_cell *key)
{
    for (size_t i = 0; i < b->n_cells; i++) {
        if (memcmp(b->cells[i].key, key->key, key->n_key * sizeof *key->key) == 0) {
            return &b->cells[i];
        }
    }
    return NULL;
}

static int64_t figure_bound(const struct sy_plan_block *b, const struct sy_plan_figure *f)
{
    int64_t most = f->hi > -f->lo ? f->hi : -f->lo;
    if (sy_view_is(f->fn, "sum")) {
        return most * (int64_t)b->rows;
    }
    return sy_view_is(f->fn, "units") ? 1 : (int64_t)b->rows;
}

/* --- one unit less ------------------------------------------------------------------------------------- */

/* A unit that is taken out, and how many times a block's bound it may move. */
struct loss {
    const char *ns;
    int64_t unit;
    uint64_t factor;
};

/* One cell of either world against the other: did it change, and within bounds? */
static bool cell_changed(const struct sy_plan_block *b, uint64_t factor,
                         const struct sy_run_cell *x, const struct sy_run_cell *y)
{
    int64_t most = (int64_t)factor;
    int64_t units = (int64_t)x->units - (y == NULL ? 0 : (int64_t)y->units);
    bool changed = units != 0;
    assert_true(units >= -most && units <= most);
    for (size_t i = 0; i < b->n_figures; i++) {
        int64_t d = x->figures[i] - (y == NULL ? 0 : y->figures[i]);
        int64_t bound = figure_bound(b, &b->figures[i]) * most;
        assert_true(d >= -bound && d <= bound);
        changed = changed || d != 0;
    }
    return changed;
}

/* How many cells changed. */
static uint64_t check_neighbours(const struct sy_plan_block *b, uint64_t factor,
                                 const struct sy_run_block *x, const struct sy_run_block *y)
{
    uint64_t changed = 0;
    for (size_t i = 0; i < x->n_cells; i++) {
        changed += cell_changed(b, factor, &x->cells[i], find_cell(y, &x->cells[i])) ? 1 : 0;
    }
    for (size_t i = 0; i < y->n_cells; i++) {
        if (find_cell(x, &y->cells[i]) == NULL) {
            changed += cell_changed(b, factor, &y->cells[i], NULL) ? 1 : 0;
        }
    }
    assert_true(changed <= b->groups * factor);
    return changed;
}

/* What the plan's tracks allow a unit of `ns` to do to a block. */
static uint64_t factor_of(const struct world_run *r, size_t block, const char *ns,
                          struct sy_arena *arena)
{
    const struct sy_plan *p = &r->def.plan;
    const struct sy_plan_block *b = &p->blocks[block];
    struct sy_error err = {0};
    struct sy_rel_units *units = sy_arena_alloc(arena, p->n_rels, sizeof *units);
    assert_non_null(units);
    for (size_t i = 0; i < p->n_rels; i++) {
        if (!sy_ok(sy_unit_rel(p->rels, i, r->types.rels, units, arena, &err))) {
            fail_msg("%s: %s", err.field, err.reason);
        }
    }
    const struct sy_track *t = sy_unit_track(&units[b->rel], (size_t)b->unit);
    assert_non_null(t);
    uint64_t factor = sy_view_is(t->ns, ns) ? 1 : 0;
    for (size_t i = 0; i < t->n_others; i++) {
        factor += sy_view_is(t->others[i].ns, ns) ? 2 * t->others[i].units : 0;
    }
    return factor;
}

/* Pairs of random worlds, with and without a random unit, in one; whom each pair lost. All have the
 * selection keys of the first. */
static void fill_pairs(struct world *all, uint64_t *seed, struct loss losses[N_PAIRS])
{
    static struct world w;
    for (uint64_t k = 0; k < N_PAIRS; k++) {
        world_fill(&w, *seed + k, N_UNITS, N_EVENTS);
        bool org = world_random(seed) % 3 == 0;
        losses[k].ns = org ? "org" : "person";
        losses[k].unit = (int64_t)(world_random(seed) % (org ? WORLD_UNITS : N_UNITS));
        world_append(all, &w, 2 * k);
        world_without(&w, losses[k].ns, losses[k].unit);
        world_append(all, &w, 2 * k + 1);
    }
}

/* All pairs at once; cells that changed. */
static uint64_t check_pairs(struct world_run *r, const struct loss *losses, struct sy_arena *arena)
{
    struct sy_run_block *blocks;
    uint64_t changed = 0;
    world_run_many(r, NULL, 2 * (size_t)N_PAIRS, &blocks, arena);
    for (size_t b = 0; b < r->def.plan.n_blocks; b++) {
        for (size_t k = 0; k < N_PAIRS; k++) {
            const struct sy_run_block *pair = &blocks[(b * N_PAIRS + k) * 2];
            uint64_t factor = factor_of(r, b, losses[k].ns, arena);
            changed += check_neighbours(&r->def.plan.blocks[b], factor, &pair[0], &pair[1]);
        }
    }
    return changed;
}

/* --- models -------------------------------------------------------------------------------------------- */

static const uint64_t BOUNDS[][2] = {{1, 1}, {2, 3}, {4, 50}};
enum { N_BOUNDS = 3 };

static uint64_t first_seed(void)
{
    const char *set = getenv("SHUYU_SEED");
    uint64_t seed = set != NULL ? strtoull(set, NULL, 10) : (uint64_t)time(NULL);
    print_message("SHUYU_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static struct sy_view lower(const char *sql, size_t k, struct sy_arena *arena)
{
    struct world_model m = {.sql = sql, .groups = BOUNDS[k][0], .rows = BOUNDS[k][1]};
    struct sy_lower_result l = world_lower(&m, arena);
    if (l.plan.n == 0) {
        fail_msg("%s: %.*s %.*s", m.sql, SY_PV(l.construct), SY_PV(l.reason));
    }
    return l.plan;
}

static struct world all;

/* A list of models that shows no change at all would prove nothing. */
static void test_one_unit_moves_sql_little(void **state)
{
    (void)state;
    uint64_t seed = first_seed();
    struct loss losses[N_PAIRS];
    for (size_t i = 0; i < sizeof MODELS / sizeof MODELS[0]; i++) {
        uint64_t changed = 0;
        for (size_t k = 0; k < N_BOUNDS; k++) {
            SY_ARENA_CLEANUP struct sy_arena arena = {0};
            struct world_run r;
            fill_pairs(&all, &seed, losses);
            world_job(&all, lower(MODELS[i], k, &arena), &r, &arena);
            changed += check_pairs(&r, losses, &arena);
        }
        if (changed == 0) {
            fail_msg("%s: nothing ever changed", MODELS[i]);
        }
    }
}

static void test_one_unit_moves_plans_little(void **state)
{
    (void)state;
    uint64_t seed = first_seed();
    struct loss losses[N_PAIRS];
    for (size_t i = 0; i < sizeof PLANS / sizeof PLANS[0]; i++) {
        uint64_t changed = 0;
        for (size_t k = 0; k < N_BOUNDS; k++) {
            SY_ARENA_CLEANUP struct sy_arena arena = {0};
            struct sy_plan plan = {0};
            struct world_run r;
            plan_text(PLANS[i], &arena, &plan);
            plan_text_finish(&plan, &arena);
            for (size_t b = 0; b < plan.n_blocks; b++) {
                plan.blocks[b].groups = BOUNDS[k][0];
                plan.blocks[b].rows = BOUNDS[k][1];
            }
            fill_pairs(&all, &seed, losses);
            world_columns(&all, &plan, &r, &arena);
            changed += check_pairs(&r, losses, &arena);
        }
        if (changed == 0) {
            fail_msg("%s: nothing ever changed", PLANS[i]);
        }
    }
}

/* Without the batch: two runs of the worker's own entry. */
static void test_one_by_one(void **state)
{
    (void)state;
    static struct world w;
    uint64_t seed = first_seed();
    for (size_t i = 0; i < sizeof MODELS / sizeof MODELS[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_view plan = lower(MODELS[i], i % N_BOUNDS, &arena);
        struct world_run whole;
        struct world_run without;
        world_fill(&w, world_random(&seed), N_UNITS, N_EVENTS);
        world_job(&w, plan, &whole, &arena);
        world_run_job(&whole, NULL, &arena);
        world_without(&w, "person", (int64_t)(world_random(&seed) % N_UNITS));
        world_job(&w, plan, &without, &arena);
        world_run_job(&without, NULL, &arena);
        (void)check_neighbours(&whole.def.plan.blocks[0], factor_of(&whole, 0, "person", &arena),
                               &whole.result.blocks[0], &without.result.blocks[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_unit_moves_plans_little),
        cmocka_unit_test(test_one_unit_moves_sql_little),
        cmocka_unit_test(test_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
