/*
 * Blocks of the engine beyond one dense block (test_engine.c has those): cells too many to fill, several
 * blocks with units of several namespaces, relations that blocks share, and many worlds in one run.
 */
#include "test_plain.h"
#include "test_plan_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "src/engine_internal.h"

enum { N_WORLDS = 6 };

static struct world w;
static struct rows ours, theirs;

#define EVENTS "scan events id event day cost code\n"
#define STAYS  "scan stays id org day cost\n"

/* --- running --------------------------------------------------------------------------------------------- */

static void open_job(struct world *of, const char *text, struct world_run *r,
                     struct sy_arena *arena)
{
    struct sy_plan plan = {0};
    plan_text(text, arena, &plan);
    plan_text_finish(&plan, arena);
    world_columns(of, &plan, r, arena);
}

static void run(const char *text, struct world_run *r, struct sy_arena *arena)
{
    open_job(&w, text, r, arena);
    world_run_job(r, NULL, arena);
}

/* One cell as "label|...|units|figure|...". */
static void cell_text(const struct sy_plan_block *b, const struct sy_run_cell *c, char *row)
{
    char text[64];
    row[0] = 0;
    for (size_t k = 0; k < b->n_keys; k++) {
        bool null = c->key[k] == b->keys[k].n_labels;
        struct sy_view label = null ? sy_view_str("NULL") : b->keys[k].labels[c->key[k]];
        plain_append(row, (const char *)label.p, label.n);
    }
    plain_append(row, text,
                 (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)c->units));
    for (size_t i = 0; i < b->n_figures; i++) {
        plain_append(row, text,
                     (size_t)snprintf(text, sizeof text, "%lld", (long long)c->figures[i]));
    }
}

static void cells_text(const struct world_run *r, size_t block, struct rows *ret)
{
    const struct sy_run_block *cells = &r->result.blocks[block];
    ret->n = 0;
    for (size_t i = 0; i < cells->n_cells; i++) {
        cell_text(&r->def.plan.blocks[block], &cells->cells[i], ret->text[ret->n++]);
    }
    plain_sort(ret);
}

static void same_as_plain(const struct world_run *r, size_t block, const char *sql)
{
    char whole[2048];
    const struct sy_plan_block *b = &r->def.plan.blocks[block];
    snprintf(whole, sizeof whole, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (%s)", sql);
    duckdb_result result = plain_query(whole);
    plain_text_rows(&result, b->n_keys + 1 + b->n_figures, &theirs);
    cells_text(r, block, &ours);
    assert_int_equal(ours.n, theirs.n);
    for (size_t i = 0; i < ours.n; i++) {
        assert_string_equal(ours.text[i], theirs.text[i]);
    }
}

/* --- sparse ------------------------------------------------------------------------------------------------ */

static void test_sparse_cells_are_those_of_plain_sql(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    world_fill(&w, 11, 40, 1500);
    plain_world(&w, false);
    run(EVENTS "block 0 0 person 100000 4096 sparse 4 count sum=-1000,100000 : (col 4) (mod (abs "
               "(col 3)) (int 4000)) (year (col 2)) (col 1) (col 3)",
        &r, &arena);
    assert_true(r.types.blocks[0].n_cells > SY_PLAN_CELLS_MAX);
    same_as_plain(&r, 0,
                  "SELECT code, abs(cost) % 4000 c, year(day) y, event, count(DISTINCT id), "
                  "count(*), coalesce(sum(cost), 0) FROM events GROUP BY ALL");
}

/* Keys make one ordinal up to 2^62 cells, the most that typing allows. */
static void test_the_most_cells(void **state)
{
    (void)state;
#define DAY(k) "(mod (sub (col 2) (date 1970-01-01)) (int " k "))"
    static const char *const keys[] = {DAY("2"), "(quarter (col 2))", "(isodow (col 2))"};
    static const char *const plain[] = {"d % 2", "quarter(day)", "isodow(day)"};
    world_fill(&w, 12, 40, 1500);
    plain_world(&w, false);
    for (size_t i = 0; i < 2; i++) { /* 2^61 and 2^62; a week would be too many */
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_run r;
        char text[1024];
        char sql[1024];
        snprintf(text, sizeof text,
                 EVENTS "block 0 0 person 100000 4096 sparse 6 count : " DAY("4096") DAY("4096")
                     DAY("4096") DAY("4096") DAY("4096") "%s",
                 keys[i]);
        snprintf(
            sql, sizeof sql,
            "SELECT d %% 4096, d %% 4096, d %% 4096, d %% 4096, d %% 4096, %s, count(DISTINCT "
            "id), count(*) FROM (SELECT *, day - DATE '1970-01-01' d FROM events) GROUP BY d %% "
            "4096, %s",
            plain[i], plain[i]);
        run(text, &r, &arena);
        assert_true(r.types.blocks[0].n_cells == UINT64_C(1) << (61 + i));
        same_as_plain(&r, 0, sql);
    }
#undef DAY
}

static uint64_t total_units(const struct sy_run_block *b)
{
    uint64_t n = 0;
    for (size_t i = 0; i < b->n_cells; i++) {
        n += b->cells[i].units;
    }
    return n;
}

static void test_sparse_blocks_are_limited(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    world_fill(&w, 13, 20, 3000);
    run(EVENTS "reduce 0 1 count : (col 0) (bool 1)\nblock 1 0 person 1 1 sparse 0 count :", &r,
        &arena);
    uint64_t units = total_units(&r.result.blocks[0]);
    assert_true(units >= 10);
    run(EVENTS "block 0 0 person 3 9 sparse 2 count : (col 4) (mod (abs (col 3)) (int 4000))", &r,
        &arena);
    uint64_t kept = total_units(&r.result.blocks[0]);
    assert_true(kept <= 3 * units && kept > 2 * units);
}

/* --- several blocks -------------------------------------------------------------------------------------- */

#define TWO_NS                                                                                     \
    STAYS                                                                                          \
    "filter 0 : (ge (col 3) (int 100))\nblock 1 0 person 2 9 full 1 count : (mod (sub (col "       \
    "2) "                                                                                          \
    "(date 1970-01-01)) (int 50))\nblock 1 1 org 2 9 full 1 count : (mod (sub (col 2) (date "      \
    "1970-01-01)) (int 50))"

static bool same_cells(const struct sy_run_block *a, const struct sy_run_block *b)
{
    bool same = a->n_cells == b->n_cells;
    for (size_t i = 0; same && i < a->n_cells; i++) {
        const struct sy_run_cell *x = &a->cells[i];
        const struct sy_run_cell *y = &b->cells[i];
        same = x->units == y->units && x->n_key == y->n_key &&
               memcmp(x->key, y->key, x->n_key * sizeof *x->key) == 0 &&
               memcmp(x->figures, y->figures, x->n_figures * sizeof *x->figures) == 0;
    }
    return same;
}

/* Each block keeps groups by the keys of its own namespace. */
static void test_blocks_choose_by_their_namespace(void **state)
{
    (void)state;
    static uint64_t other[WORLD_UNITS];
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run before;
    world_fill(&w, 14, 40, 1000);
    run(TWO_NS, &before, &arena);
    for (size_t i = 0; i < WORLD_UNITS; i++) {
        other[i] = w.keys[i] ^ UINT64_C(0x5555555555555555);
    }
    for (size_t k = 0; k < 2; k++) {
        struct world_run r;
        open_job(&w, TWO_NS, &r, &arena);
        size_t at = r.def.n_columns - 2 + k; /* the keys come last, in the order of the blocks */
        assert_true(sy_view_is(r.def.columns[at].ns, k == 0 ? "person" : "org"));
        r.columns[at].values = (const uint8_t *)other;
        world_run_job(&r, NULL, &arena);
        assert_true(same_cells(&r.result.blocks[k], &before.result.blocks[k]) == false);
        assert_true(same_cells(&r.result.blocks[1 - k], &before.result.blocks[1 - k]));
    }
}

static void test_keys_must_fit(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    world_fill(&w, 14, 10, 100);
    open_job(&w, TWO_NS, &r, &arena);
    size_t n = r.def.n_columns;
    check_ok(engine_check_job(&r.def));
    r.def.columns[n - 1].ns = sy_view_str("town"); /* no block's */
    check_code(engine_check_job(&r.def), SY_E_FIELD);
    r.def.columns[n - 1].ns = sy_view_str("person"); /* twice */
    check_code(engine_check_job(&r.def), SY_E_FIELD);
    r.def.columns[n - 1].ns = (struct sy_view){0};
    check_code(engine_check_job(&r.def), SY_E_FIELD);
    r.def.columns[n - 1].ns = sy_view_str("org");
    check_ok(engine_check_job(&r.def));
}

static void test_each_limited_block_needs_its_keys(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    world_fill(&w, 14, 10, 100);
    run(TWO_NS, &r, &arena);
    r.def.n_columns--;
    struct engine_job job = {.def = &r.def, .types = &r.types, .columns = r.columns};
    check_code(engine_duckdb.run(world_engine(), &job, &arena, &r.result), SY_E_FIELD);
}

/* Blocks that share relations, one of them twice, are what each is alone. */
static void test_blocks_may_share_relations(void **state)
{
    (void)state;
#define SHARED                                                                                     \
    EVENTS                                                                                         \
    "filter 0 : (gt (col 3) (int 1000))\nreduce 1 1 count : (col 0) (bool 1)\njoin inner 1 2 "     \
    ": (eq (col 0) (col 5))\n"
    static const char *const blocks[] = {
        "block 3 0 person 9 99 full 1 count sum=0,5000 : (col 1) (col 6)",
        "block 1 0 person 2 3 full 1 units count : (col 4)",
        "block 2 0 person 1 1 full 0 sum=0,100 : (col 1)"};
    struct world_run all;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    char text[1024];
    world_fill(&w, 15, 30, 1000);
    snprintf(text, sizeof text, SHARED "%s\n%s\n%s", blocks[0], blocks[1], blocks[2]);
    run(text, &all, &arena);
    for (size_t i = 0; i < 3; i++) {
        static const char *const needs[] = {
            SHARED, EVENTS "filter 0 : (gt (col 3) (int 1000))\n",
            EVENTS "filter 0 : (gt (col 3) (int 1000))\nreduce 1 1 count : (col 0) (bool 1)\n"};
        struct world_run one;
        snprintf(text, sizeof text, "%s%s", needs[i], blocks[i]);
        run(text, &one, &arena);
        assert_true(one.result.blocks[0].n_cells > 0);
        assert_true(same_cells(&one.result.blocks[0], &all.result.blocks[i]));
    }
#undef SHARED
}

/* --- many worlds -------------------------------------------------------------------------------------------- */

static const char *const WORLD_PLANS[] = {
    EVENTS "block 0 0 person 2 3 full 1 count sum=-500,5000 units : (col 1) (col 3)",
    EVENTS "block 0 0 person 2 3 sparse 2 count : (col 4) (mod (abs (col 3)) (int 4000))",
    "scan events id event note\nblock 0 0 person 2 3 full 2 count : (col 2) (col 1)",
    EVENTS
    "window 0 1 da all row_number lag : (col 0) (col 4) (col 3) (col 2)\nfilter 1 : (le (col "
    "5) (int 3))\nblock 2 0 person 9 9 full 1 count sum=0,40000 : (col 4) (col 3)",
    STAYS "block 0 0 person 2 3 full 1 count : (isodow (col 2))\nblock 0 1 org 2 3 full 1 units "
          "count : (isodow (col 2))",
    "scan births child mother gram\nscan persons id town\njoin left 0 1 : (eq (col 1) (col "
    "3))\nblock "
    "2 0 person 1 1 full 1 count sum=300,6000 : (col 4) (col 2)\nblock 1 0 person 1 1 full 0 count "
    ":",
    "scan persons id town\nscan towns town pop\njoin inner 0 1 : (eq (col 1) (col 2))\nblock 2 0 "
    "person 1 1 full 1 count : (col 1)\nblock 1 0 - 0 0 full 1 sum=0,1000000 : (col 0) (col 1)",
};

static void test_worlds_are_single_runs(void **state)
{
    (void)state;
    static struct world one[N_WORLDS], all;
    for (size_t i = 0; i < sizeof WORLD_PLANS / sizeof WORLD_PLANS[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_run r;
        struct sy_run_block *blocks;
        for (uint64_t k = 0; k < N_WORLDS; k++) {
            world_fill(&one[k], 1000, 30, 300); /* the same keys in each */
            world_without(&one[k], "person", (int64_t)k);
            world_append(&all, &one[k], k);
        }
        open_job(&all, WORLD_PLANS[i], &r, &arena);
        world_run_many(&r, NULL, N_WORLDS, &blocks, &arena);
        for (size_t k = 0; k < N_WORLDS; k++) {
            struct world_run single;
            open_job(&one[k], WORLD_PLANS[i], &single, &arena);
            world_run_job(&single, NULL, &arena);
            for (size_t b = 0; b < r.def.plan.n_blocks; b++) {
                assert_true(single.result.blocks[b].n_cells > 0);
                assert_true(same_cells(&single.result.blocks[b], &blocks[b * N_WORLDS + k]));
            }
        }
    }
}

/* A unit code beyond the worlds is refused, not counted somewhere. */
static void test_no_further_world(void **state)
{
    (void)state;
    static struct world all;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_run_block *blocks;
    world_fill(&w, 1, 10, 100);
    world_append(&all, &w, 0);
    world_append(&all, &w, 1);
    open_job(&all, WORLD_PLANS[0], &r, &arena);
    world_run_many(&r, NULL, 2, &blocks, &arena);
    struct engine_job job = {
        .def = &r.def, .types = &r.types, .columns = r.columns, .worlds_units = WORLD_UNITS};
    check_code(engine_duckdb_worlds(world_engine(), &job, 1, &arena, &blocks), SY_E_OVERFLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sparse_cells_are_those_of_plain_sql),
        cmocka_unit_test(test_the_most_cells),
        cmocka_unit_test(test_sparse_blocks_are_limited),
        cmocka_unit_test(test_blocks_choose_by_their_namespace),
        cmocka_unit_test(test_keys_must_fit),
        cmocka_unit_test(test_each_limited_block_needs_its_keys),
        cmocka_unit_test(test_blocks_may_share_relations),
        cmocka_unit_test(test_worlds_are_single_runs),
        cmocka_unit_test(test_no_further_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
