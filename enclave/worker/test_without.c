/*
 * The same cells without one unit (`without` of a run's job): for every unit of a random world they are those of the
 * world that never had it, over selections, joins and chosen groups; a code that nobody has changes nothing; and jobs that
 * leave somebody out of what protects nobody are refused.
 */
#include "test_world.h"

#include <string.h>

enum { UNITS = 24, EVENTS = 200, ABSENT = 63 };

static struct world all, fewer;

static const struct world_model MODELS[] = {
    {.sql = "SELECT event, count(*) AS n FROM events GROUP BY 1"},
    {.sql = "SELECT event, count(DISTINCT id) AS u FROM events GROUP BY 1", .groups = 2, .rows = 3},
    {.sql = "SELECT p.male, e.event, count(*) AS n FROM events e JOIN persons p USING (id) "
            "GROUP BY 1, 2",
     .groups = 1,
     .rows = 2},
};
enum { MODELS_N = sizeof(MODELS) / sizeof(MODELS[0]) };

static bool same_block(const struct sy_run_block *a, const struct sy_run_block *b)
{
    bool same = a->n_cells == b->n_cells;
    for (size_t i = 0; same && i < a->n_cells; i++) {
        const struct sy_run_cell *x = &a->cells[i], *y = &b->cells[i];
        same = x->units == y->units && x->n_key == y->n_key && x->n_figures == y->n_figures &&
               memcmp(x->key, y->key, x->n_key * sizeof(*x->key)) == 0 &&
               memcmp(x->figures, y->figures, x->n_figures * sizeof(*x->figures)) == 0;
    }
    return same;
}

static const uint64_t NO_PARAMS[1];

/* The cells of a model on `w`, with 1 + code of a unit left out (0: nobody). */
static struct sy_run_block cells(const struct world_model *m, struct world *w, uint64_t without,
                                 struct sy_arena *arena)
{
    struct world_run r;
    world_job(w, world_lower(m, arena).plan, &r, arena);
    r.def.without = &without;
    r.def.n_without = 1;
    world_run_job(&r, NO_PARAMS, arena);
    return r.result.blocks[0];
}

static void test_neighbours(void **state)
{
    size_t moved = 0;
    (void)state;
    for (size_t m = 0; m < MODELS_N; m++) {
        for (uint64_t unit = 0; unit < UNITS; unit++) {
            SY_ARENA_CLEANUP struct sy_arena arena = {0};
            world_fill(&all, 3 + m, UNITS, EVENTS);
            memcpy(&fewer, &all, sizeof(fewer));
            world_without(&fewer, "person", (int64_t)unit);
            struct sy_run_block got = cells(&MODELS[m], &all, unit + 1, &arena);
            struct sy_run_block want = cells(&MODELS[m], &fewer, 0, &arena);
            struct sy_run_block whole = cells(&MODELS[m], &all, 0, &arena);
            if (!same_block(&got, &want)) {
                fail_msg("model %zu without unit %llu", m, (unsigned long long)unit);
            }
            moved += same_block(&got, &whole) ? 0 : 1;
        }
    }
    assert_true(moved > MODELS_N * UNITS / 2); /* and they were there */
}

static void test_nobody(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    (void)state;
    world_fill(&all, 9, UNITS, EVENTS);
    struct sy_run_block got = cells(&MODELS[0], &all, ABSENT + 1, &arena);
    struct sy_run_block whole = cells(&MODELS[0], &all, 0, &arena);
    assert_true(same_block(&got, &whole));
}

static void refused(const struct world_model *m, uint64_t *without, size_t n)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    world_fill(&all, 9, UNITS, EVENTS);
    world_job(&all, world_lower(m, &arena).plan, &r, &arena);
    assert_true(sy_ok(engine_check_job(&r.def)));
    r.def.without = without;
    r.def.n_without = n;
    assert_int_equal(engine_check_job(&r.def).code, SY_E_FIELD);
}

static void test_refused(void **state)
{
    static const struct world_model PUBLIC = {
        .sql = "SELECT town, count(*) AS n FROM towns GROUP BY 1", .mechanism = "exact"};
    uint64_t units[] = {1, 1};
    (void)state;
    refused(&PUBLIC, units, 1);
    refused(&MODELS[0], units, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("worker_without", tests, NULL, NULL);
}
