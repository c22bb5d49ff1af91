/*
 * Different values of a block, computed once more by plain loops: of each unit the kept cells, in each
 * the values of lowest rank, and how many different ones all units give a cell. Random worlds, tight and
 * loose bounds; and what the engine does without the keys it needs. SHUYU_SEED sets the seed.
 */
#include "test_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_UNITS = 24, N_EVENTS = 400 };

static struct world world;
static uint64_t seed;

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

static uint64_t rank_of(int64_t unit, uint64_t what)
{
    return mix(mix(world.keys[unit] + UINT64_C(0x9e3779b97f4a7c15)) ^ what);
}

/* Rows: whose, in which cell, with which value (WORLD_NULL: none). */
struct given {
    size_t n;
    int64_t unit[WORLD_ROWS], cell[WORLD_ROWS], value[WORLD_ROWS];
    bool units; /* values are units: ranked by their keys */
    int64_t lo;
};

static struct given given;

static uint64_t value_rank(int64_t unit, int64_t v)
{
    return rank_of(unit, given.units ? world.keys[v] : (uint64_t)(v - given.lo));
}

/* How many of a unit's things of lower rank than `mine` there are, each once. */
static uint64_t below(const uint64_t *ranks, size_t n, uint64_t mine)
{
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++) {
            again = again || ranks[k] == ranks[i];
        }
        count += !again && ranks[i] < mine ? 1 : 0;
    }
    return count;
}

static bool keeps_cell(size_t row, uint64_t groups)
{
    uint64_t ranks[WORLD_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < given.n; i++) {
        if (given.unit[i] == given.unit[row]) {
            ranks[n++] = rank_of(given.unit[i], (uint64_t)given.cell[i]);
        }
    }
    return below(ranks, n, rank_of(given.unit[row], (uint64_t)given.cell[row])) < groups;
}

static bool keeps_value(size_t row, uint64_t rows)
{
    uint64_t ranks[WORLD_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < given.n; i++) {
        if (given.unit[i] == given.unit[row] && given.cell[i] == given.cell[row] &&
            given.value[i] != WORLD_NULL) {
            ranks[n++] = value_rank(given.unit[i], given.value[i]);
        }
    }
    return below(ranks, n, value_rank(given.unit[row], given.value[row])) < rows;
}

static int64_t different(int64_t cell, uint64_t groups, uint64_t rows)
{
    int64_t seen[WORLD_ROWS];
    int64_t n = 0;
    for (size_t i = 0; i < given.n; i++) {
        if (given.cell[i] != cell || given.value[i] == WORLD_NULL || !keeps_cell(i, groups) ||
            !keeps_value(i, rows)) {
            continue;
        }
        bool again = false;
        for (int64_t k = 0; k < n; k++) {
            again = again || seen[k] == given.value[i];
        }
        if (!again) {
            seen[n++] = given.value[i];
        }
    }
    return n;
}

static void give(int64_t unit, int64_t cell, int64_t value)
{
    if (unit != WORLD_NULL) {
        given.unit[given.n] = unit;
        given.cell[given.n] = cell;
        given.value[given.n++] = value;
    }
}

/* --- models ------------------------------------------------------------------------------------------- */

static void codes(size_t i)
{
    int64_t event = world.event[1].v[i];
    give(world.event[0].v[i], event == WORLD_NULL ? 4 : event, world.event[5].v[i]);
}

static void costs(size_t i)
{
    int64_t event = world.event[1].v[i];
    give(world.event[0].v[i], event == WORLD_NULL ? 4 : event, world.event[3].v[i]);
}

static void days(size_t i)
{
    give(world.event[0].v[i], 0, world.event[2].v[i]);
}

static void dear(size_t i)
{
    int64_t cost = world.event[3].v[i];
    int64_t event = world.event[1].v[i];
    give(world.event[0].v[i], event == WORLD_NULL ? 4 : event,
         cost == WORLD_NULL ? WORLD_NULL : cost > 50000);
}

static void orgs(size_t i)
{
    give(world.stay[0].v[i], (world.stay[2].v[i] + 3) % 7, world.stay[1].v[i]);
}

static const struct {
    const char *sql;
    size_t figure, n_cells;
    bool stays, units;
    int64_t lo;
    void (*row)(size_t i);
} MODELS[] = {
    {"SELECT event, count(*) n, count(DISTINCT code) k FROM events GROUP BY event", 1, 5, false,
     false, 0, codes},
    {"SELECT event, count(DISTINCT cost) k, sum(cost) s FROM events GROUP BY event", 0, 5, false,
     false, -1000, costs},
    {"SELECT count(DISTINCT id) u, count(DISTINCT day) k FROM events", 1, 1, false, false, 0, days},
    {"SELECT event, count(DISTINCT cost > 50000) k FROM events GROUP BY event", 0, 5, false, false,
     0, dear},
    {"SELECT isodow(day) d, count(DISTINCT id) u, count(DISTINCT org) k FROM stays GROUP BY d", 1,
     7, true, true, 0, orgs},
};

static void fill_given(size_t m)
{
    given.n = 0;
    given.units = MODELS[m].units;
    given.lo = MODELS[m].lo;
    for (size_t i = 0; i < (MODELS[m].stays ? world.n_stays : world.n_events); i++) {
        MODELS[m].row(i);
    }
}

static int64_t engine_figure(const struct sy_run_block *b, uint64_t cell, size_t figure)
{
    for (size_t i = 0; i < b->n_cells; i++) {
        if (b->cells[i].n_key == 0 || b->cells[i].key[0] == cell) {
            return b->cells[i].figures[figure];
        }
    }
    return 0;
}

static void check_model(size_t m, uint64_t groups, uint64_t rows)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct world_model model = {.sql = MODELS[m].sql, .groups = groups, .rows = rows};
    world_fill(&world, seed++, N_UNITS, N_EVENTS);
    world_ask(&world, &model, NULL, &r, &arena);
    fill_given(m);
    for (size_t cell = 0; cell < MODELS[m].n_cells; cell++) {
        int64_t got = engine_figure(&r.result.blocks[0], cell, MODELS[m].figure);
        int64_t want = different((int64_t)cell, groups, rows);
        if (got != want) {
            fail_msg("%s, %llu groups, %llu rows, cell %zu: %lld, want %lld", MODELS[m].sql,
                     (unsigned long long)groups, (unsigned long long)rows, cell, (long long)got,
                     (long long)want);
        }
    }
}

static void test_values_are_bounded_and_counted(void **state)
{
    (void)state;
    static const uint64_t bounds[][2] = {{1, 1}, {2, 3}, {3, 1}, {100, 2}, {100, 1000}};
    for (size_t m = 0; m < sizeof MODELS / sizeof MODELS[0]; m++) {
        for (size_t k = 0; k < sizeof bounds / sizeof bounds[0]; k++) {
            check_model(m, bounds[k][0], bounds[k][1]);
        }
    }
}

/* One unit with fifty values of its own moves the count by its bound, not by fifty (T38). */
static void test_a_unit_with_many_values_counts_as_its_bound(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run with, without;
    struct world_model m = {.sql = "SELECT count(DISTINCT cost) k FROM events", .rows = 4};
    world_fill(&world, 11, N_UNITS, 60);
    for (size_t i = 0; i < 60; i++) {
        world.event[0].v[i] = i < 50 ? 3 : 5;
        world.event[3].v[i] = i < 50 ? (int64_t)(1000 + i) : 7;
    }
    world_ask(&world, &m, NULL, &with, &arena);
    world_without(&world, "person", 3);
    world_ask(&world, &m, NULL, &without, &arena);
    assert_int_equal(with.result.blocks[0].cells[0].figures[0], 5);
    assert_int_equal(without.result.blocks[0].cells[0].figures[0], 1);
}

/* Values at both ends of what a number may be: their distance leaves 63 bits, and an error would say that
 * somebody has the upper one (T10). */
static void test_values_at_both_ends_are_counted(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct world_model m = {
        .sql = "SELECT count(DISTINCT CASE WHEN cost > 1000 THEN 4611686018427387904 ELSE "
               "-4611686018427387904 END) k FROM events"};
    world_fill(&world, 12, N_UNITS, 60);
    world.event[3].v[0] = 999;
    world.event[3].v[1] = 1001;
    world.event[0].v[0] = 1;
    world.event[0].v[1] = 2;
    world_ask(&world, &m, NULL, &r, &arena);
    assert_int_equal(r.result.blocks[0].cells[0].figures[0], 2);
}

/* --- keys --------------------------------------------------------------------------------------------- */

static void drop_key(struct world_run *r, const char *ns)
{
    for (size_t i = 0; i < r->def.n_columns; i++) {
        if (r->def.columns[i].field.n == 0 && sy_view_is(r->def.columns[i].ns, ns)) {
            r->def.n_columns--;
            r->def.columns[i] = r->def.columns[r->def.n_columns];
            r->columns[i] = r->columns[r->def.n_columns];
            return;
        }
    }
    fail();
}

/* Without keys a choice would be predictable: the run is refused instead. */
static void test_nothing_is_chosen_without_keys(void **state)
{
    (void)state;
    static const char *const spaces[] = {"person", "org"};
    for (size_t i = 0; i < 2; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_run r;
        struct sy_error err = {0};
        struct world_model m = {.sql = MODELS[4].sql, .groups = 100, .rows = 2};
        struct sy_lower_result l = world_lower(&m, &arena);
        world_fill(&world, 5, N_UNITS, N_EVENTS);
        world_job(&world, l.plan, &r, &arena);
        drop_key(&r, spaces[i]);
        check_ok(sy_plan_type(&r.def.plan, world_defs, WORLD_DATASETS, &arena, &r.types, &err));
        check_ok(engine_check_job(&r.def));
        struct engine_job job = {.def = &r.def, .types = &r.types, .columns = r.columns};
        check_code(engine_duckdb.run(world_engine(), &job, &arena, &r.result), SY_E_FIELD);
    }
}

/* Keys of a namespace that no dataset of the job names, or that no figure counts. */
static void test_foreign_keys_are_refused(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct world_model m = {.sql = MODELS[4].sql};
    struct sy_lower_result l = world_lower(&m, &arena);
    world_fill(&world, 5, N_UNITS, N_EVENTS);
    world_job(&world, l.plan, &r, &arena);
    check_ok(engine_check_job(&r.def));
    for (size_t i = 0; i < r.def.n_columns; i++) {
        if (sy_view_is(r.def.columns[i].ns, "org")) {
            r.def.columns[i].ns = sy_view_str("nobody");
            check_code(engine_check_job(&r.def), SY_E_FIELD);
            r.def.columns[i].ns = sy_view_str("org");
        }
    }
    r.def.plan.blocks[0].figures[1].fn = sy_view_str("count");
    check_code(engine_check_job(&r.def), SY_E_FIELD);
}

int main(void)
{
    const char *set = getenv("SHUYU_SEED");
    seed = set != NULL ? strtoull(set, NULL, 10) : (uint64_t)time(NULL);
    print_message("SHUYU_SEED=%llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_bounded_and_counted),
        cmocka_unit_test(test_a_unit_with_many_values_counts_as_its_bound),
        cmocka_unit_test(test_values_at_both_ends_are_counted),
        cmocka_unit_test(test_nothing_is_chosen_without_keys),
        cmocka_unit_test(test_foreign_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
