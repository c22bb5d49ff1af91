/*
 * Cell keys in the worker: what the engine says beside the figures, against a plain loop over the rows; and
 * the boxes, against an exhaustive search. SHUYU_SEED sets the seed of the random tables.
 */
#include "test_plan_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "src/cellkey.h"
#include "wire/cellkey.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { EVENTS_N = 5, FIGURES_N = 3 }; /* four kinds of events and NULL; units, rows, cost */

static struct world w;

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- the engine ------------------------------------------------------------------------------------------- */

static void run(uint64_t groups, uint64_t rows, struct world_run *r, struct sy_arena *arena)
{
    struct sy_plan plan = {0};
    char *text = sy_arena_alloc(arena, 256, 1); /* names are borrowed from it */
    assert_non_null(text);
    snprintf(
        text, 256,
        "scan events id event cost\nblock 0 0 person %llu %llu full 1 units count sum=0,50000 : "
        "(col 1) (col 2)",
        (unsigned long long)groups, (unsigned long long)rows);
    plan_text(text, arena, &plan);
    plan_text_finish(&plan, arena);
    plan.blocks[0].mechanism = sy_view_str("cellkey");
    world_columns(&w, &plan, r, arena);
    world_run_job(r, NULL, arena);
}

/* What one unit's rows in one cell come to. */
struct share {
    uint64_t rows, valued;
    int64_t cost;
};

static int64_t contribution(const struct share *s, size_t figure, uint64_t rows)
{
    int64_t cost = s->valued > rows ? s->cost * (int64_t)rows / (int64_t)s->valued : s->cost;
    return figure == 0 ? 1 : figure == 1 ? (int64_t)min_u64(s->rows, rows) : cost;
}

static void plain_shares(struct share shares[WORLD_UNITS][EVENTS_N])
{
    memset(shares, 0, sizeof(struct share) * WORLD_UNITS * EVENTS_N);
    for (size_t i = 0; i < w.n_events; i++) {
        int64_t unit = w.event[0].v[i], event = w.event[1].v[i], cost = w.event[3].v[i];
        if (unit == WORLD_NULL) {
            continue;
        }
        struct share *s = &shares[unit][event == WORLD_NULL ? EVENTS_N - 1 : event];
        s->rows++;
        s->valued += cost == WORLD_NULL ? 0 : 1;
        s->cost += cost == WORLD_NULL || cost < 0 ? 0 : cost > 50000 ? 50000 : cost;
    }
}

static void plain_cell(struct share shares[WORLD_UNITS][EVENTS_N], size_t event, uint64_t rows,
                       struct sy_run_cell *ret)
{
    ret->ck = ret->units = 0;
    memset(ret->figures, 0, FIGURES_N * sizeof(int64_t));
    memset(ret->tops, 0, 2 * FIGURES_N * sizeof(int64_t));
    for (size_t u = 0; u < WORLD_UNITS; u++) {
        if (shares[u][event].rows == 0) {
            continue;
        }
        ret->ck += w.keys[u];
        ret->units++;
        for (size_t f = 0; f < FIGURES_N; f++) {
            int64_t v = contribution(&shares[u][event], f, rows), *top = &ret->tops[2 * f];
            ret->figures[f] += v;
            top[1] = v > top[0] ? top[0] : v > top[1] ? v : top[1];
            top[0] = v > top[0] ? v : top[0];
        }
    }
}

static void test_keys_and_tops_are_those_of_a_plain_loop(void **state)
{
    (void)state;
    static struct share shares[WORLD_UNITS][EVENTS_N];
    static const uint64_t rows[] = {1, 2, 7, 4096};
    for (uint64_t seed = 0; seed < 12; seed++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_run r;
        world_fill(&w, 500 + seed, 30 + seed, 200 + 300 * seed);
        plain_shares(shares);
        run(9, rows[seed % LEN(rows)], &r, &arena);
        const struct sy_run_block *got = &r.result.blocks[0];
        assert_true(got->n_cells >= 4);
        for (size_t i = 0; i < got->n_cells; i++) {
            const struct sy_run_cell *c = &got->cells[i];
            int64_t figures[FIGURES_N], tops[2 * FIGURES_N];
            struct sy_run_cell want = {.figures = figures, .tops = tops};
            plain_cell(shares, c->key[0], rows[seed % LEN(rows)], &want);
            assert_true(c->ck == want.ck && c->units == want.units);
            assert_int_equal(c->n_tops, 2 * FIGURES_N);
            assert_memory_equal(c->figures, figures, sizeof figures);
            assert_memory_equal(c->tops, tops, sizeof tops);
        }
    }
}

/* Which cells a unit keeps, should a block cut, is the record key's word, and so the same in every run. */
static void test_kept_cells_are_permanent(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run first, again;
    world_fill(&w, 77, 40, 2000);
    run(1, 3, &first, &arena);
    run(1, 3, &again, &arena);
    const struct sy_run_block *a = &first.result.blocks[0], *b = &again.result.blocks[0];
    uint64_t units = 0;
    assert_int_equal(a->n_cells, b->n_cells);
    for (size_t i = 0; i < a->n_cells; i++) {
        assert_true(a->cells[i].ck == b->cells[i].ck);
        units += a->cells[i].units;
    }
    assert_true(units > 0 && units <= 40);
}

static void test_record_keys_are_wanted_by_cellkey_blocks_only(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    world_fill(&w, 78, 20, 200);
    run(9, 3, &r, &arena);
    size_t last = r.def.n_columns - 1;
    assert_true(sy_view_is(r.def.columns[last].type, "record"));
    r.def.columns[last].type = sy_view_str("key"); /* nobody here selects */
    check_code(engine_check_job(&r.def), SY_E_FIELD);
    r.def.n_columns--;
    check_ok(engine_check_job(&r.def));
    struct engine_job job = {.def = &r.def, .types = &r.types, .columns = r.columns};
    check_code(engine_duckdb.run(world_engine(), &job, &arena, &r.result), SY_E_FIELD);
}

/* --- boxes ------------------------------------------------------------------------------------------------ */

enum { KEYS_N = 3, CELLS_N = 1 << 16 };

static const struct sy_run_cellkey rules = {
    .nk_n = 2, .nk_permille = 900, .p_permille = 100, .protect = 10, .units_min = 10};

/* A table of counts and one sum, as a worker's result. */
struct table {
    struct sy_plan_block block;
    struct sy_plan_key keys[KEYS_N];
    struct sy_plan_figure figures[2];
    struct sy_run_cell *cells;
    struct sy_run_block result;
};

static void table_new(struct table *t, const uint64_t *sizes, size_t n_keys)
{
    *t = (struct table){.figures = {{.fn = sy_view_str("units")}, {.fn = sy_view_str("sum")}}};
    for (size_t k = 0; k < n_keys; k++) {
        t->keys[k].n_labels = sizes[k];
    }
    t->block = (struct sy_plan_block){
        .keys = t->keys, .n_keys = n_keys, .figures = t->figures, .n_figures = 2};
    t->result.cells = calloc(CELLS_N, sizeof *t->cells);
    assert_non_null(t->result.cells);
    t->cells = t->result.cells;
}

static void table_put(struct table *t, size_t cell, uint64_t units, int64_t top,
                      struct sy_arena *arena)
{
    struct sy_run_cell *c = &t->cells[t->result.n_cells++];
    int64_t second = units > 1 ? top / 2 : 0;
    int64_t sum = top + second * (int64_t)(units - 1);
    *c =
        (struct sy_run_cell){.units = units, .n_key = t->block.n_keys, .n_figures = 2, .n_tops = 4};
    c->key = sy_arena_alloc(arena, c->n_key + 1, sizeof *c->key);
    c->figures = sy_arena_alloc(arena, 2, sizeof *c->figures);
    c->tops = sy_arena_alloc(arena, 4, sizeof *c->tops);
    assert_true(c->key != NULL && c->figures != NULL && c->tops != NULL);
    memcpy(c->figures, (int64_t[]){(int64_t)units, sum}, 2 * sizeof(int64_t));
    memcpy(c->tops, (int64_t[]){1, units > 1, top, second}, 4 * sizeof(int64_t));
    for (size_t k = c->n_key; k-- > 0;) {
        c->key[k] = cell % t->keys[k].n_labels;
        cell /= t->keys[k].n_labels;
    }
}

static struct sy_cellkey_table exact_of(const struct table *t, struct sy_arena *arena)
{
    struct sy_cellkey_table exact;
    check_ok(sy_cellkey_table_new(&t->block, &rules, arena, &exact));
    for (size_t i = 0; i < t->result.n_cells; i++) {
        size_t at;
        assert_true(sy_cellkey_put(&exact, &t->result.cells[i], &at));
    }
    return exact;
}

static bool any_box(const struct sy_cellkey_table *t, size_t p)
{
    struct sy_cellkey_box box;
    bool any = false;
    for (size_t q = 0; !any && q < t->n_cells; q++) {
        any = sy_cellkey_box(t, p, q, &box) && sy_cellkey_protects(t, &box);
    }
    return any;
}

/* Every primary cell has its box and it protects; or there are none, because one has none. */
static size_t check_boxes(const struct table *t, struct sy_arena *arena)
{
    struct sy_cellkey_table exact = exact_of(t, arena);
    size_t n = 0, n_primary = 0;
    bool all = true;
    for (size_t c = 0; c < exact.n_cells; c++) {
        if (!sy_cellkey_primary(&exact, c)) {
            continue;
        }
        n_primary++;
        all = all && any_box(&exact, c);
        if (t->result.n_boxes > 0) {
            struct sy_cellkey_box box;
            assert_true(n < t->result.n_boxes);
            const struct sy_run_box *at = &t->result.boxes[n++];
            assert_int_equal(at->p, c);
            assert_true(sy_cellkey_box(&exact, at->p, at->q, &box));
            assert_true(sy_cellkey_protects(&exact, &box));
        }
    }
    assert_int_equal(n, t->result.n_boxes);
    assert_int_equal(n, all ? n_primary : 0);
    return n;
}

static void test_random_tables_get_their_boxes(void **state)
{
    (void)state;
    const char *text = getenv("SHUYU_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 20262;
    size_t boxes = 0, without = 0;
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)seed);
    for (size_t n = 0; n < 400; n++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct table t;
        uint64_t sizes[KEYS_N], cells = 1;
        size_t n_keys = world_random(&seed) % (KEYS_N + 1);
        for (size_t k = 0; k < n_keys; k++) {
            sizes[k] = 1 + world_random(&seed) % 5;
            cells *= sizes[k];
        }
        table_new(&t, sizes, n_keys);
        uint64_t most = 5 + world_random(&seed) % 60;
        for (size_t c = 0; c < cells; c++) {
            uint64_t units = world_random(&seed) % most;
            if (units > 0) {
                table_put(&t, c, units, (int64_t)(1 + world_random(&seed) % 1000), &arena);
            }
        }
        check_ok(worker_cellkey(&t.block, &rules, &arena, &t.result));
        size_t found = check_boxes(&t, &arena);
        boxes += found;
        without += found == 0 ? 1 : 0;
        free(t.cells);
    }
    assert_true(boxes > 500 && without > 20); /* both happen */
}

/* Of all opposites the cheapest: the fewest cells that are not withheld yet, and of those the smallest. */
static void test_the_cheapest_box(void **state)
{
    (void)state;
    static const uint64_t units[] = {3, 100, 60, 200, 90, 70, 100, 30, 80};
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct table t;
    table_new(&t, (uint64_t[]){3, 3}, 2);
    for (size_t c = 0; c < LEN(units); c++) {
        table_put(&t, c, units[c], 10, &arena);
    }
    check_ok(worker_cellkey(&t.block, &rules, &arena, &t.result));
    assert_int_equal(t.result.n_boxes, 1);
    assert_true(t.result.boxes[0].p == 0 && t.result.boxes[0].q == 7); /* 100 + 100 + 30 units */
    free(t.cells);
}

/* Time is bounded by the shape: the largest tables, nearly every cell of which needs a box. */
static void test_large_tables_end(void **state)
{
    (void)state;
    static const uint64_t shapes[][KEYS_N] = {{256, 256, 1}, {65536, 1, 1}, {40, 40, 40}};
    for (size_t i = 0; i < LEN(shapes); i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct table t;
        uint64_t seed = 4 + i, cells = shapes[i][0] * shapes[i][1] * shapes[i][2];
        table_new(&t, shapes[i], KEYS_N);
        for (size_t c = 0; c < cells; c++) {
            table_put(&t, c, 1 + world_random(&seed) % 14, 10, &arena);
        }
        clock_t begin = clock();
        check_ok(worker_cellkey(&t.block, &rules, &arena, &t.result));
        double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
        print_message("# %zu boxes: %.1f s\n", t.result.n_boxes, seconds);
        assert_true(t.result.n_boxes > 0);
        assert_true(seconds < 30);
        free(t.cells);
    }
}

static void test_what_is_no_table(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct table t;
    table_new(&t, (uint64_t[]){2, 2}, 2);
    table_put(&t, 1, 5, 10, &arena);
    table_put(&t, 1, 5, 10, &arena);
    check_code(worker_cellkey(&t.block, &rules, &arena, &t.result), SY_E_FIELD);
    t.keys[0].n_labels = t.keys[1].n_labels = 300;
    check_code(worker_cellkey(&t.block, &rules, &arena, &t.result), SY_E_FIELD);
    free(t.cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_and_tops_are_those_of_a_plain_loop),
        cmocka_unit_test(test_kept_cells_are_permanent),
        cmocka_unit_test(test_record_keys_are_wanted_by_cellkey_blocks_only),
        cmocka_unit_test(test_random_tables_get_their_boxes),
        cmocka_unit_test(test_the_cheapest_box),
        cmocka_unit_test(test_large_tables_end),
        cmocka_unit_test(test_what_is_no_table),
    };
    return cmocka_run_group_tests_name("worker_cellkey", tests, NULL, NULL);
}
