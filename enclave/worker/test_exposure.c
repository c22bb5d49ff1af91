/*
 * Exposure figures against a plain count: every pair of rows compared, no sorting. Random small tables with
 * NULLs, units of several rows and rows of nobody; and two tables whose figures are known.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "exposure.h"

enum { ROWS_MAX = 40, COLUMNS_MAX = 3, ROUNDS = 400 };

struct column {
    uint8_t values[ROWS_MAX * 8];
    uint8_t nulls[ROWS_MAX / 8 + 1];
    uint64_t width;
};

struct table {
    uint64_t rows;
    struct column unit, quasi[COLUMNS_MAX], secrets[COLUMNS_MAX];
    size_t n_quasi, n_secrets;
};

static uint64_t state;

static uint64_t draw(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

static bool null_at(const struct column *c, uint64_t row)
{
    return (c->nulls[row / 8] >> (row % 8) & 1) != 0;
}

static void put(struct column *c, uint64_t row, int64_t value) /* negative: NULL */
{
    uint64_t v = value < 0 ? 0 : (uint64_t)value;
    memcpy(c->values + row * c->width, &v, c->width);
    c->nulls[row / 8] = (uint8_t)(c->nulls[row / 8] | (value < 0 ? 1U << (row % 8) : 0));
}

static int64_t get(const struct column *c, uint64_t row)
{
    uint64_t v = 0;
    memcpy(&v, c->values + row * c->width, c->width);
    return null_at(c, row) ? -1 : (int64_t)v;
}

static struct exposure_column view(const struct column *c)
{
    return (struct exposure_column){c->values, c->nulls, c->width};
}

static void run(const struct table *t, struct sy_arena *a, struct sy_exposure_table *ret)
{
    struct exposure_column quasi[COLUMNS_MAX], secrets[COLUMNS_MAX];
    for (size_t i = 0; i < COLUMNS_MAX; i++) {
        quasi[i] = view(&t->quasi[i]);
        secrets[i] = view(&t->secrets[i]);
    }
    struct exposure_input in = {t->rows, view(&t->unit), quasi, t->n_quasi, secrets, t->n_secrets};
    check_ok(worker_exposure(&in, a, ret));
}

/* --- the plain count ------------------------------------------------------------------------------ */

static bool same_class(const struct table *t, uint64_t a, uint64_t b)
{
    bool same = !null_at(&t->unit, a) && !null_at(&t->unit, b);
    for (size_t i = 0; i < t->n_quasi; i++) {
        same = same && get(&t->quasi[i], a) == get(&t->quasi[i], b);
    }
    return same;
}

/* Different values of a column among the rows of a row's class. */
static uint64_t different(const struct table *t, const struct column *c, uint64_t row)
{
    uint64_t n = 0;
    for (uint64_t b = 0; b < t->rows; b++) {
        bool seen = !same_class(t, row, b);
        for (uint64_t before = 0; !seen && before < b; before++) {
            seen = same_class(t, row, before) && get(c, before) == get(c, b);
        }
        n += seen ? 0 : 1;
    }
    return n;
}

static void check_figure(const struct table *t, const struct column *c,
                         const struct sy_exposure_figure *f)
{
    static const uint64_t steps[SY_EXPOSURE_N_STEPS] = SY_EXPOSURE_STEPS;
    uint64_t fewest = 0, below[SY_EXPOSURE_N_STEPS] = {0};
    for (uint64_t row = 0; row < t->rows; row++) {
        if (null_at(&t->unit, row)) {
            continue;
        }
        uint64_t least = UINT64_MAX;
        bool first = true;
        for (uint64_t b = 0; b < t->rows; b++) {
            if (get(&t->unit, b) != get(&t->unit, row)) {
                continue;
            }
            uint64_t n = different(t, c, b);
            least = n < least ? n : least;
            first = first && b >= row;
        }
        fewest = fewest == 0 || least < fewest ? least : fewest;
        for (size_t i = 0; first && i < SY_EXPOSURE_N_STEPS; i++) {
            below[i] += least < steps[i];
        }
    }
    assert_int_equal(f->fewest, fewest);
    assert_int_equal(f->n_below, SY_EXPOSURE_N_STEPS);
    assert_memory_equal(f->below, below, sizeof(below));
}

static void fill(struct column *c, uint64_t rows, uint64_t n_values, bool unit)
{
    static const uint64_t widths[] = {1, 2, 4, 8};
    memset(c, 0, sizeof(*c));
    c->width = unit ? 4 : widths[draw(4)];
    for (uint64_t row = 0; row < rows; row++) {
        put(c, row, draw(10) == 0 ? -1 : (int64_t)draw(n_values));
    }
}

static void as_counted_plainly(void **unused)
{
    (void)unused;
    const char *seed = getenv("SHUYU_SEED");
    state = seed != NULL ? strtoull(seed, NULL, 10) : 20261122;
    print_message("# seed %llu\n", (unsigned long long)state);
    for (int round = 0; round < ROUNDS; round++) {
        static struct table t;
        SY_ARENA_CLEANUP struct sy_arena a = {0};
        struct sy_exposure_table got;
        t.rows = draw(ROWS_MAX + 1);
        t.n_quasi = draw(COLUMNS_MAX + 1);
        t.n_secrets = draw(COLUMNS_MAX + 1);
        fill(&t.unit, t.rows, 1 + draw(30), true);
        for (size_t i = 0; i < COLUMNS_MAX; i++) {
            fill(&t.quasi[i], t.rows, 1 + draw(4), false);
            fill(&t.secrets[i], t.rows, 1 + draw(6), false);
        }
        run(&t, &a, &got);
        check_figure(&t, &t.unit, &got.k);
        assert_int_equal(got.n_l, t.n_secrets);
        for (size_t i = 0; i < t.n_secrets; i++) {
            check_figure(&t, &t.secrets[i], &got.l[i]);
        }
    }
}

/* Six people, one of them alone in her class; a class of two with one disease between them. */
static void known_figures(void **unused)
{
    (void)unused;
    static const int64_t rows[][3] = {/* unit, band, disease */
                                      {0, 1, 7}, {1, 1, 8}, {2, 1, 7},  {3, 2, 7},
                                      {4, 2, 7}, {5, 3, 9}, {-1, 4, 1}, {0, 1, 7}};
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct table t = {.rows = 8, .n_quasi = 1, .n_secrets = 1};
    struct sy_exposure_table got;
    t.unit.width = 4;
    t.quasi[0].width = t.secrets[0].width = 1;
    for (uint64_t i = 0; i < t.rows; i++) {
        put(&t.unit, i, rows[i][0]);
        put(&t.quasi[0], i, rows[i][1]);
        put(&t.secrets[0], i, rows[i][2]);
    }
    run(&t, &a, &got);
    static const uint64_t k[] = {1, 3, 6, 6, 6, 6}, l[] = {3, 6, 6, 6, 6, 6};
    assert_int_equal(got.units, 6);
    assert_int_equal(got.classes, 3);
    assert_int_equal(got.k.fewest, 1);
    assert_memory_equal(got.k.below, k, sizeof(k));
    assert_int_equal(got.l[0].fewest, 1);
    assert_memory_equal(got.l[0].below, l, sizeof(l));
}

static void nobody(void **unused)
{
    (void)unused;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct table t = {0};
    struct sy_exposure_table got;
    t.unit.width = 4;
    run(&t, &a, &got);
    assert_int_equal(got.units + got.classes + got.k.fewest + got.k.below[5], 0);
    t.rows = 3;
    for (uint64_t i = 0; i < t.rows; i++) {
        put(&t.unit, i, -1);
    }
    run(&t, &a, &got);
    assert_int_equal(got.units + got.classes + got.k.fewest + got.k.below[5], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_counted_plainly),
                                       cmocka_unit_test(known_figures), cmocka_unit_test(nobody)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
