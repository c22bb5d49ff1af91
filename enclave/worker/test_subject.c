/*
 * Models about one subject: for every unit of random worlds, and for a code that nobody has, the engine's
 * cell is the one computed by hand from that unit's rows, and there is never a second one; what the other
 * units' rows are does not matter. Jobs and SQL that are no such question are refused.
 */
#include "test_world.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_SEEDS = 3, UNITS = 24, NONE = -1, NOBODY = 99 };

static struct world the_world;

#define LATEST "(SELECT id, max(age) AS m FROM persons GROUP BY id)"
static const char VERIFY[] = "SELECT m >= $least AS ok FROM " LATEST " GROUP BY 1";
static const char BAND[] = "SELECT CASE WHEN m < 30 THEN 'young' WHEN m < 60 THEN 'middle' "
                           "WHEN m >= 60 THEN 'old' END AS band FROM " LATEST " GROUP BY 1";
static const char HAS[] = "SELECT n > 0 AS has FROM (SELECT id, sum(CASE WHEN event = $what THEN 1 "
                          "ELSE 0 END) AS n FROM events GROUP BY id) GROUP BY 1";

static struct sy_plan_param number[] = {{.asserted = true,
                                         .kind = V("int"),
                                         .name = V("least"),
                                         .values = (struct sy_view[]){V("0"), V("150")},
                                         .n_values = 2}};
static struct sy_plan_param label[] = {
    {.asserted = true,
     .kind = V("str"),
     .name = V("what"),
     .values = (struct sy_view[]){V("htn"), V("diabetes"), V("stroke")},
     .n_values = 3}};

static const struct world_column *column(const struct world_column *c, size_t n, const char *field)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(c[i].field, field) == 0) {
            return &c[i];
        }
    }
    fail();
    return NULL;
}

/* --- by hand ------------------------------------------------------------------------------------------ */

/* The greatest age of a unit: *ret_rows says whether there is a row; WORLD_NULL: none is known. */
static int64_t greatest(const struct world *w, int64_t unit, bool *ret_rows)
{
    const struct world_column *id = column(w->person, 6, "id"), *age = column(w->person, 6, "age");
    int64_t m = WORLD_NULL;
    *ret_rows = false;
    for (size_t i = 0; i < w->n_persons; i++) {
        if (id->v[i] == unit) {
            *ret_rows = true;
            m = age->v[i] > m ? age->v[i] : m;
        }
    }
    return m;
}

static int verified(const struct world *w, int64_t unit, int64_t least)
{
    bool rows;
    int64_t m = greatest(w, unit, &rows);
    return !rows ? NONE : m == WORLD_NULL ? 2 : m >= least;
}

static int banded(const struct world *w, int64_t unit)
{
    bool rows;
    int64_t m = greatest(w, unit, &rows);
    return !rows ? NONE : m == WORLD_NULL ? 3 : m < 30 ? 0 : m < 60 ? 1 : 2;
}

/* Is the label at this position of the catalogue's set among the unit's events? */
static int has(const struct world *w, int64_t unit, struct sy_view what)
{
    const struct world_column *id = column(w->event, 6, "id"), *e = column(w->event, 6, "event");
    const struct sy_field_def *f = world_field(sy_view_str("events"), sy_view_str("event"));
    int found = NONE;
    for (size_t i = 0; i < w->n_events; i++) {
        if (id->v[i] != unit) {
            continue;
        }
        bool same = e->v[i] != WORLD_NULL && sy_view_eq(f->values[e->v[i]], what);
        found = found == 1 || same ? 1 : 0;
    }
    return found;
}

/* --- by the engine ------------------------------------------------------------------------------------- */

static struct sy_view lower(const char *sql, struct sy_plan_param *params, struct sy_arena *arena)
{
    const struct sy_model_block block = {.name = V("main"),
                                         .sql = sy_view_str(sql),
                                         .mechanism = V("subject"),
                                         .groups = 1,
                                         .rows = 1};
    struct world_model m = {
        .blocks = &block, .n_blocks = 1, .params = params, .n_params = params == NULL ? 0 : 1};
    struct sy_lower_result r = world_lower(&m, arena);
    if (r.plan.n == 0) {
        fail_msg("%s: %.*s at %llu: %.*s", sql, SY_PV(r.code), (unsigned long long)r.pos,
                 SY_PV(r.reason));
    }
    return r.plan;
}

static const uint64_t POSITIONS[1];

static void prepare(struct world_run *r, struct sy_view plan, uint64_t unit,
                    struct sy_view *asserted, struct sy_arena *arena)
{
    world_job(&the_world, plan, r, arena);
    r->def.subject = unit + 1;
    r->def.asserted = asserted;
    r->def.n_asserted = asserted == NULL ? 0 : 1;
}

/* The position of the one cell; NONE when there is none. */
static int cell_of(struct sy_view plan, uint64_t unit, struct sy_view *asserted,
                   struct sy_arena *arena)
{
    struct world_run r;
    prepare(&r, plan, unit, asserted, arena);
    world_run_job(&r, POSITIONS, arena);
    const struct sy_run_block *b = &r.result.blocks[0];
    if (b->n_cells == 0) {
        return NONE;
    }
    assert_int_equal(b->n_cells, 1);
    assert_int_equal(b->cells[0].units, 1);
    assert_int_equal(b->cells[0].n_figures, 0);
    return (int)b->cells[0].key[0];
}

static void same(const char *what, uint64_t unit, int got, int want, size_t *seen)
{
    if (got != want) {
        fail_msg("%s of unit %llu: %d, want %d", what, (unsigned long long)unit, got, want);
    }
    seen[want + 1]++;
}

static uint64_t seed_of(void)
{
    const char *fixed = getenv("SHUYU_SEED");
    return fixed != NULL ? strtoull(fixed, NULL, 10) : 1;
}

static void test_every_unit(void **state)
{
    size_t seen[3][5] = {{0}};
    (void)state;
    print_message("SHUYU_SEED=%llu\n", (unsigned long long)seed_of());
    for (uint64_t seed = seed_of(); seed < seed_of() + N_SEEDS; seed++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        world_fill(&the_world, seed, UNITS, 60);
        struct sy_view verify = lower(VERIFY, number, &arena), band = lower(BAND, NULL, &arena);
        struct sy_view events = lower(HAS, label, &arena);
        for (uint64_t u = 0; u <= UNITS; u++) {
            uint64_t unit = u == UNITS ? NOBODY : u;
            struct sy_view least = sy_view_str(seed % 2 == 0 ? "40" : "61");
            same("ok", unit, cell_of(verify, unit, &least, &arena),
                 verified(&the_world, (int64_t)unit, seed % 2 == 0 ? 40 : 61), seen[0]);
            same("band", unit, cell_of(band, unit, NULL, &arena), banded(&the_world, (int64_t)unit),
                 seen[1]);
            struct sy_view *what = &label[0].values[seed % 3];
            same("has", unit, cell_of(events, unit, what, &arena),
                 has(&the_world, (int64_t)unit, *what), seen[2]);
        }
    }
    for (size_t i = 0; i < 3; i++) { /* every answer came up: none, no, yes */
        assert_true(seen[i][0] > 0 && seen[i][1] > 0 && seen[i][2] > 0);
    }
}

/* --- what is no such job -------------------------------------------------------------------------------- */

static void check_refused(struct world_run *r)
{
    r->def.params = (uint64_t *)(uintptr_t)POSITIONS;
    r->def.n_params = r->def.plan.n_params;
    check_code(engine_check_job(&r->def), SY_E_FIELD);
}

static void test_jobs(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_view two[] = {V("40"), V("41")};
    (void)state;
    world_fill(&the_world, 5, UNITS, 60);
    struct sy_view verify = lower(VERIFY, number, &arena);
    prepare(&r, verify, 3, two, &arena);
    r.def.subject = 0; /* everybody */
    check_refused(&r);
    prepare(&r, verify, 3, NULL, &arena);
    check_refused(&r);
    prepare(&r, verify, 3, two, &arena);
    r.def.n_asserted = 2;
    check_refused(&r);
    static const char *const bad[] = {"151", "-1", "40.5", "", "forty", "4e1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sy_view text = sy_view_str(bad[i]);
        prepare(&r, verify, 3, &text, &arena);
        check_refused(&r);
    }
    struct sy_view stranger = V("plague");
    prepare(&r, lower(HAS, label, &arena), 3, &stranger, &arena);
    check_refused(&r);
    struct world_model counts = {.sql = "SELECT count(*) FROM persons"};
    world_job(&the_world, world_lower(&counts, &arena).plan, &r, &arena);
    r.def.subject = 4;
    check_refused(&r);
}

static void test_shapes(void **state)
{
    static const char *const bad[] = {
        "SELECT m >= 40 AS ok, count(*) FROM " LATEST " GROUP BY 1",
        "SELECT m >= 40 AS ok, m < 20 AS young FROM " LATEST " GROUP BY 1, 2",
        "SELECT m >= 40 AS ok, m >= 40 AS again FROM " LATEST " GROUP BY 1",
        "SELECT m >= 40 AS ok FROM " LATEST,
        "SELECT m >= 40 AS ok FROM " LATEST " GROUP BY 1 ORDER BY 1",
        "SELECT m >= 40 AS ok FROM " LATEST " GROUP BY 1 HAVING count(*) > 1",
        "SELECT max(m) AS ok FROM " LATEST " GROUP BY m",
    };
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct sy_model_block block = {.name = V("main"),
                                             .sql = sy_view_str(bad[i]),
                                             .mechanism = V("subject"),
                                             .groups = 1,
                                             .rows = 1};
        struct world_model m = {.blocks = &block, .n_blocks = 1};
        struct sy_lower_result r = world_lower(&m, &arena);
        if (r.plan.n != 0 || !sy_view_is(r.code, "privacy") ||
            !sy_view_is(r.reason, "a question about one subject has one answer")) {
            fail_msg("%s: %.*s %.*s", bad[i], SY_PV(r.code), SY_PV(r.reason));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_unit),
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
