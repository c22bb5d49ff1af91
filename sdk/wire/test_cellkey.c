/*
 * Withholding: each rule at its edge, and boxes against what they claim. Moving e along a box must leave
 * every margin as it is, for every e of the interval; a test with random tables says so by adding up.
 * SHUYU_SEED sets the seed.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "wire/cellkey.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { CELLS_MAX = 256, KEYS_MAX = 4 };

static struct sy_view labels[16];
static struct sy_plan_figure figures[] = {{.fn = {(const uint8_t *)"units", 5}},
                                          {.fn = {(const uint8_t *)"sum", 3}}};
static struct sy_plan_key keys[KEYS_MAX];
static const struct sy_run_cellkey rules = {
    .nk_n = 2, .nk_permille = 900, .p_permille = 100, .protect = 10, .units_min = 10};

static struct sy_plan_block block_of(const uint64_t *sizes, size_t n_keys)
{
    for (size_t k = 0; k < n_keys; k++) {
        keys[k] = (struct sy_plan_key){.labels = labels, .n_labels = sizes[k]};
    }
    return (struct sy_plan_block){
        .figures = figures, .n_figures = 2, .keys = keys, .n_keys = n_keys};
}

static struct sy_cellkey_table table_of(const struct sy_plan_block *b, struct sy_arena *arena)
{
    struct sy_cellkey_table t;
    check_ok(sy_cellkey_table_new(b, &rules, arena, &t));
    return t;
}

static void put(struct sy_cellkey_table *t, size_t cell, uint64_t units, int64_t sum, int64_t a,
                int64_t b)
{
    t->units[cell] = units;
    t->values[2 * cell] = (int64_t)units;
    t->values[2 * cell + 1] = sum;
    memcpy(&t->tops[4 * cell], (int64_t[]){1, 1, a, b}, 4 * sizeof(int64_t));
}

/* --- primary ---------------------------------------------------------------------------------------------- */

static void test_dominance_at_its_edges(void **state)
{
    (void)state;
    static const struct {
        uint64_t n, permille, p;
        int64_t value, a, b;
        bool dominated;
    } cases[] = {
        {2, 900, 0, 1000, 500, 400, false},
        {2, 900, 0, 1000, 500, 401, true},
        {1, 900, 0, 1000, 900, 100, false},
        {1, 900, 0, 1000, 901, 99, true},
        {0, 0, 100, 1000, 500, 450, false},
        {0, 0, 100, 1000, 500, 451, true},
        {0, 0, 0, 1000, 1000, 0, false},
        {0, 0, 0, 0, 0, 0, true},
        {2, 900, 100, 1000, 100, 100, false},
        {2, 1000, 0, INT64_C(1) << 62, INT64_C(1) << 61, INT64_C(1) << 61, false},
        {2, 999, 0, INT64_C(1) << 62, INT64_C(1) << 61, INT64_C(1) << 61, true},
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sy_run_cellkey r = {
            .nk_n = cases[i].n, .nk_permille = cases[i].permille, .p_permille = cases[i].p};
        int64_t top[2] = {cases[i].a, cases[i].b};
        assert_int_equal(sy_cellkey_dominated(&r, cases[i].value, top), cases[i].dominated);
    }
}

static void test_primary(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan_block b = block_of((uint64_t[]){6}, 1);
    struct sy_cellkey_table t = table_of(&b, &arena);
    put(&t, 1, 9, 9000, 1000, 1000);
    put(&t, 2, 10, 10000, 1000, 1000);
    put(&t, 3, 50, 10000, 9500, 10); /* one has nearly all of it */
    put(&t, 4, 50, 0, 0, 0);         /* everybody has nothing */
    put(&t, 5, 1, 1000, 1000, 0);
    static const bool want[] = {false, true, false, true, true, true};
    for (size_t i = 0; i < LEN(want); i++) {
        assert_int_equal(sy_cellkey_primary(&t, i), want[i]);
        assert_int_equal(sy_cellkey_hidden(&t, i), want[i] || i == 0);
    }
}

/* --- tables ----------------------------------------------------------------------------------------------- */

static void test_shapes(void **state)
{
    (void)state;
    struct sy_cellkey_table t;
    struct sy_plan_block b = block_of((uint64_t[]){3, 1, 4}, 3);
    keys[2].nullable = true;
    assert_true(sy_cellkey_shape(&b, &t));
    assert_int_equal(t.n_cells, 15);
    assert_int_equal(t.n_keys, 2); /* the key of one cell says nothing */
    b = block_of((uint64_t[]){256, 256}, 2);
    assert_true(sy_cellkey_shape(&b, &t));
    b = block_of((uint64_t[]){256, 257}, 2);
    assert_false(sy_cellkey_shape(&b, &t));
    struct sy_plan_key many[16];
    b.keys = many;
    for (b.n_keys = 0; b.n_keys < LEN(many); b.n_keys++) {
        /* 4^n cells-corners x 3: within 2^26 for up to 12 keys of two labels */
        many[b.n_keys] = (struct sy_plan_key){.labels = labels, .n_labels = 2};
        assert_int_equal(sy_cellkey_shape(&b, &t), b.n_keys <= 12);
    }
}

static void test_cells_are_put_once_and_fit(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan_block b = block_of((uint64_t[]){2, 3}, 2);
    struct sy_cellkey_table t = table_of(&b, &arena);
    uint64_t key[] = {1, 2};
    int64_t values[] = {7, 70}, tops[] = {1, 1, 20, 10};
    struct sy_run_cell sound = {.key = key,
                                .n_key = 2,
                                .figures = values,
                                .n_figures = 2,
                                .tops = tops,
                                .n_tops = 4,
                                .units = 7};
    struct sy_run_cell c = sound;
    size_t at = 99;
    c.n_key = 1;
    assert_false(sy_cellkey_put(&t, &c, &at));
    c = sound;
    c.n_figures = 1;
    assert_false(sy_cellkey_put(&t, &c, &at));
    c = sound;
    c.n_tops = 3;
    assert_false(sy_cellkey_put(&t, &c, &at));
    key[1] = 3;
    assert_false(sy_cellkey_put(&t, &sound, &at));
    key[1] = 2;
    assert_int_equal(at, 99);
    assert_true(sy_cellkey_put(&t, &sound, &at));
    assert_int_equal(at, 5);
    assert_true(t.units[5] == 7 && t.values[11] == 70 && t.tops[22] == 20 && t.tops[23] == 10);
    assert_false(sy_cellkey_put(&t, &sound, &at));
}

/* --- boxes ------------------------------------------------------------------------------------------------ */

static void test_boxes_in_a_small_table(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan_block b = block_of((uint64_t[]){2, 3}, 2);
    struct sy_cellkey_table t = table_of(&b, &arena);
    struct sy_cellkey_box box;
    assert_false(sy_cellkey_box(&t, 0, 1, &box)); /* the same row */
    assert_false(sy_cellkey_box(&t, 0, 3, &box)); /* the same column */
    assert_false(sy_cellkey_box(&t, 0, 6, &box));
    assert_true(sy_cellkey_box(&t, 0, 4, &box));
    static const size_t corners[] = {0, 3, 1, 4};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(sy_cellkey_corner(&box, i), corners[i]);
    }
    put(&t, 0, 3, 300, 100, 100);
    put(&t, 1, 7, 800, 200, 200);
    put(&t, 3, 8, 700, 200, 200);
    put(&t, 4, 30, 9000, 2000, 1000);
    assert_true(sy_cellkey_protects(&t, &box)); /* 3 + 7 units */
    put(&t, 3, 6, 700, 200, 200);
    assert_false(sy_cellkey_protects(&t, &box));
    put(&t, 3, 8, 700, 200, 200);
    put(&t, 0, 3, 300, 300, 0);
    t.tops[2] = 10001; /* a tenth of it is more than 300 + 700 */
    assert_false(sy_cellkey_protects(&t, &box));
    t.tops[2] = 10000;
    assert_true(sy_cellkey_protects(&t, &box));
    struct sy_plan_block scalar = block_of(NULL, 0);
    t = table_of(&scalar, &arena);
    assert_false(sy_cellkey_box(&t, 0, 0, &box));
}

static uint64_t random_of(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

/* The sum over all cells that agree with `cell` in the keys of `mask`. */
static int64_t margin(const struct sy_cellkey_table *t, const int64_t *v, size_t cell,
                      unsigned mask)
{
    int64_t sum = 0;
    for (size_t i = 0; i < t->n_cells; i++) {
        bool same = true;
        for (size_t k = 0; k < t->n_keys; k++) {
            same = same && ((mask >> k & 1) == 0 ||
                            i / t->strides[k] % t->cells[k] == cell / t->strides[k] % t->cells[k]);
        }
        sum += same ? v[i] : 0;
    }
    return sum;
}

static void check_margins(const struct sy_cellkey_table *t, const int64_t *before,
                          const int64_t *after)
{
    for (unsigned mask = 0; mask < (1u << t->n_keys) - 1;
         mask++) { /* all but the cells themselves */
        for (size_t c = 0; c < t->n_cells; c++) {
            assert_int_equal(margin(t, before, c, mask), margin(t, after, c, mask));
        }
    }
}

/* If a box protects p, there are tables with the same margins, nobody missing outside the box and nowhere
 * fewer than nobody, whose p lie at least `protect` apart. */
static void check_interval(const struct sy_cellkey_table *t, const struct sy_cellkey_box *box)
{
    int64_t before[CELLS_MAX], after[CELLS_MAX], least[2] = {INT64_MAX, INT64_MAX};
    for (size_t c = 0; c < t->n_cells; c++) {
        before[c] = (int64_t)t->units[c];
    }
    for (size_t i = 0; i < (size_t)1 << box->n_keys; i++) {
        int64_t v = before[sy_cellkey_corner(box, i)];
        int64_t *of = &least[__builtin_popcountll(i) % 2];
        *of = v < *of ? v : *of;
    }
    int64_t ends[] = {-least[0], least[1]};
    for (size_t end = 0; end < 2; end++) {
        memcpy(after, before, sizeof(after));
        for (size_t i = 0; i < (size_t)1 << box->n_keys; i++) {
            size_t c = sy_cellkey_corner(box, i);
            after[c] += __builtin_popcountll(i) % 2 != 0 ? -ends[end] : ends[end];
            assert_true(after[c] >= 0);
        }
        check_margins(t, before, after);
    }
    assert_int_equal(sy_cellkey_protects(t, box), ends[1] - ends[0] >= (int64_t)t->rules->protect);
}

static void test_boxes_leave_margins_alone(void **state)
{
    (void)state;
    const char *text = getenv("SHUYU_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) | 1 : 20261;
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)seed);
    struct sy_plan_figure units = figures[0];
    for (size_t n = 0; n < 300; n++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        uint64_t sizes[KEYS_MAX];
        size_t n_keys = 1 + random_of(&seed) % KEYS_MAX;
        for (size_t k = 0; k < n_keys; k++) {
            sizes[k] = 2 + random_of(&seed) % 3;
        }
        struct sy_plan_block b = block_of(sizes, n_keys);
        b.figures = &units;
        b.n_figures = 1;
        struct sy_cellkey_table t = table_of(&b, &arena);
        for (size_t c = 0; c < t.n_cells; c++) {
            t.units[c] = random_of(&seed) % 16;
        }
        struct sy_cellkey_box box;
        for (size_t i = 0; i < 8; i++) {
            if (sy_cellkey_box(&t, random_of(&seed) % t.n_cells, random_of(&seed) % t.n_cells,
                               &box)) {
                check_interval(&t, &box);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dominance_at_its_edges),
        cmocka_unit_test(test_primary),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_cells_are_put_once_and_fit),
        cmocka_unit_test(test_boxes_in_a_small_table),
        cmocka_unit_test(test_boxes_leave_margins_alone),
    };
    for (size_t i = 0; i < LEN(labels); i++) {
        labels[i] = sy_view_str("x");
    }
    return cmocka_run_group_tests_name("wire_cellkey", tests, NULL, NULL);
}
