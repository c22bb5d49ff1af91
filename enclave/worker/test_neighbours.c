/*
 * The property that noise relies on: without one unit (all its rows in all tables), at most `groups`
 * cells of the bounded aggregates change, each figure by at most its declared bound, each unit count by
 * at most one. Random worlds, random models of a list, tight and loose bounds; the seed is printed and
 * can be set with SHUYU_SEED.
 */
#include "test_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_WORLDS = 12, N_UNITS = 24 };

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
    "SELECT note, sum(least(greatest(cost, 5), 50)) s FROM events WHERE note IN "
    "('fall','odd','gout') "
    "GROUP BY note",
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

/* One cell of either world against the other: did it change, and within bounds? */
static bool cell_changed(const struct sy_plan_block *b, const struct sy_run_cell *x,
                         const struct sy_run_cell *y)
{
    int64_t units = (int64_t)x->units - (y == NULL ? 0 : (int64_t)y->units);
    bool changed = units != 0;
    assert_true(units >= -1 && units <= 1);
    for (size_t i = 0; i < b->n_figures; i++) {
        int64_t d = x->figures[i] - (y == NULL ? 0 : y->figures[i]);
        int64_t bound = figure_bound(b, &b->figures[i]);
        assert_true(d >= -bound && d <= bound);
        changed = changed || d != 0;
    }
    return changed;
}

static void check_neighbours(const struct world_run *whole, const struct world_run *without)
{
    const struct sy_plan_block *b = &whole->def.plan.blocks[0];
    const struct sy_run_block *x = &whole->result.blocks[0];
    const struct sy_run_block *y = &without->result.blocks[0];
    uint64_t changed = 0;
    for (size_t i = 0; i < x->n_cells; i++) {
        changed += cell_changed(b, &x->cells[i], find_cell(y, &x->cells[i])) ? 1 : 0;
    }
    for (size_t i = 0; i < y->n_cells; i++) {
        if (find_cell(x, &y->cells[i]) == NULL) {
            changed += cell_changed(b, &y->cells[i], NULL) ? 1 : 0;
        }
    }
    assert_true(changed <= b->groups);
}

static void one_world(uint64_t seed, const struct world_model *m, struct sy_view plan, int64_t unit)
{
    static struct world w;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run whole;
    struct world_run without;
    (void)m;
    world_fill(&w, seed, N_UNITS, 300);
    world_job(&w, plan, &whole, &arena);
    world_run_job(&whole, NULL, &arena);
    world_without(&w, unit);
    world_job(&w, plan, &without, &arena);
    world_run_job(&without, NULL, &arena);
    check_neighbours(&whole, &without);
}

static void test_one_unit_moves_little(void **state)
{
    (void)state;
    static const uint64_t bounds[][2] = {{1, 1}, {2, 3}, {4, 50}};
    const char *set = getenv("SHUYU_SEED");
    uint64_t seed = set != NULL ? strtoull(set, NULL, 10) : (uint64_t)time(NULL);
    print_message("SHUYU_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < sizeof MODELS / sizeof MODELS[0]; i++) {
        for (size_t k = 0; k < N_WORLDS; k++) {
            SY_ARENA_CLEANUP struct sy_arena arena = {0};
            struct world_model m = {
                .sql = MODELS[i], .groups = bounds[k % 3][0], .rows = bounds[k % 3][1]};
            struct sy_lower_result l = world_lower(&m, &arena);
            if (l.plan.n == 0) {
                fail_msg("%s: %.*s %.*s", m.sql, SY_PV(l.construct), SY_PV(l.reason));
            }
            uint64_t s = seed + 1000 * i + k;
            one_world(s, &m, l.plan, (int64_t)(world_random(&s) % N_UNITS));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_unit_moves_little)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
