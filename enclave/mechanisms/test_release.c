/*
 * Releases: the noise of a whole table has its distribution, no two cells, figures or blocks share
 * noise, open cells do not influence each other, thresholds cut exactly where they say, and
 * nothing exact is left behind.
 */
#include "check.h"

#include "mechanisms/release.h"
#include "test_stats.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>

static const struct mech_figure gauss_25[] = {{MECH_GAUSS, 25}};
static const struct mech_figure mixed[] = {
    {MECH_GAUSS, 25}, {MECH_LAPLACE, 5}, {MECH_GAUSS, 1000}, {MECH_GAUSS, 25}};

static uint8_t seed[MECH_SEED_BYTES];

static struct mech_block a_block(const struct mech_figure *figures, size_t n_figures)
{
    return (struct mech_block){.seed = seed, .figures = figures, .n_figures = n_figures};
}

static int64_t *zeros(size_t n)
{
    int64_t *v = calloc(n, sizeof(v[0]));
    assert_non_null(v);
    return v;
}

/* The noise of each figure over 60,000 cells fits its own distribution. */
static void table_noise_fits(void **state)
{
    (void)state;
    struct mech_block b = a_block(mixed, 4);
    int64_t *values = zeros((size_t)4 * STATS_N);
    int64_t *column = zeros(STATS_N);
    check_ok(mech_release_cells(&b, values, STATS_N));
    for (size_t f = 0; f < 4; f++) {
        for (size_t i = 0; i < STATS_N; i++) {
            column[i] = values[4 * i + f];
        }
        struct stats_dist d = stats_dist(mixed[f].kind, mixed[f].scale);
        const char *which = stats_misfit(&d, column, STATS_N);
        if (which != NULL) {
            fail_msg("figure %zu: %s", f, which);
        }
        stats_free(&d);
    }
    free(column);
    free(values);
}

/* |correlation| of two lists of noise of scale 25, as a z value. */
static long double correlation_z(const int64_t *a, const int64_t *b, size_t n, size_t stride)
{
    long double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (long double)a[i * stride] * (long double)b[i * stride];
    }
    return fabsl(sum) / (25 * 25 * sqrtl((long double)n));
}

/* Neighbouring cells, the two equal figures of a cell, other blocks and other seeds share no
 * noise: uncorrelated, and equal no more often than chance. */
static void noise_is_not_shared(void **state)
{
    (void)state;
    const struct mech_figure two[] = {{MECH_GAUSS, 25}, {MECH_GAUSS, 25}};
    const size_t n = 20000;
    struct mech_block b = a_block(two, 2);
    int64_t *v = zeros(2 * n);
    int64_t *other_block = zeros(2 * n);
    int64_t *other_seed = zeros(2 * n);
    uint8_t seed_2[MECH_SEED_BYTES] = {1, 2, 3};
    check_ok(mech_release_cells(&b, v, n));
    b.block = 1;
    check_ok(mech_release_cells(&b, other_block, n));
    b.block = 0;
    b.seed = seed_2;
    check_ok(mech_release_cells(&b, other_seed, n));
    assert_true(correlation_z(v, v + 2, n - 1, 2) < STATS_Z);
    assert_true(correlation_z(v, v + 1, n, 2) < STATS_Z);
    assert_true(correlation_z(v, other_block, n, 2) < STATS_Z);
    assert_true(correlation_z(v, other_seed, n, 2) < STATS_Z);
    size_t n_same = 0;
    for (size_t i = 0; i < 2 * n; i++) {
        n_same += v[i] == other_block[i];
        n_same += v[i] == other_seed[i];
    }
    assert_false(stats_binomial_off(n_same, 4 * n, 1 / (2 * 25 * sqrtl(3.14159265358979324L))));
    free(other_seed);
    free(other_block);
    free(v);
}

/* Noise does not depend on the figures or on how many cells follow, and is exactly what the
 * cell's own stream gives. */
static void cells_are_repeatable(void **state)
{
    (void)state;
    struct mech_block b = a_block(mixed, 4);
    b.block = 3;
    int64_t exact[5 * 4];
    int64_t plain[5 * 4] = {0};
    int64_t noisy[5 * 4];
    for (size_t i = 0; i < 20; i++) {
        exact[i] = noisy[i] = (int64_t)(1000 * i) - 7;
    }
    check_ok(mech_release_cells(&b, plain, 5));
    check_ok(mech_release_cells(&b, noisy, 2));
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(noisy[i] - exact[i], i < 8 ? plain[i] : 0);
    }
    struct mech_stream s;
    uint8_t nonce[MECH_NONCE_BYTES];
    mech_cell_nonce(3, 4, nonce);
    mech_stream_open(&s, seed, nonce);
    for (size_t f = 0; f < 4; f++) {
        assert_int_equal(plain[16 + f], mech_draw(&s, mixed[f].kind, mixed[f].scale));
    }
}

/* A sum past the end of int64 stops there; the widest noise there is cannot overflow. */
static void sums_saturate(void **state)
{
    (void)state;
    const struct mech_figure wide[] = {{MECH_LAPLACE, MECH_SCALE_MAX}};
    struct mech_block b = a_block(wide, 1);
    int64_t noise[64] = {0};
    int64_t high[64];
    int64_t low[64];
    for (size_t i = 0; i < 64; i++) {
        high[i] = INT64_MAX - 1000;
        low[i] = INT64_MIN + 1000;
    }
    check_ok(mech_release_cells(&b, noise, 64));
    check_ok(mech_release_cells(&b, high, 64));
    check_ok(mech_release_cells(&b, low, 64));
    for (size_t i = 0; i < 64; i++) {
        assert_true(noise[i] < -1000 || noise[i] > 1000);
        assert_int_equal(high[i], noise[i] > 0 ? INT64_MAX : INT64_MAX - 1000 + noise[i]);
        assert_int_equal(low[i], noise[i] < 0 ? INT64_MIN : INT64_MIN + 1000 + noise[i]);
    }
}

static void bad_blocks_change_nothing(void **state)
{
    (void)state;
    static const struct mech_figure wrong[][1] = {{{MECH_INVALID, 5}},
                                                  {{MECH_KIND_N, 5}},
                                                  {{MECH_GAUSS, 0}},
                                                  {{MECH_LAPLACE, MECH_SCALE_MAX + 1}}};
    const struct mech_block bad[] = {a_block(wrong[0], 1), a_block(wrong[1], 1),
                                     a_block(wrong[2], 1), a_block(wrong[3], 1),
                                     a_block(NULL, 1),     a_block(gauss_25, MECH_FIGURES_MAX + 1),
                                     a_block(gauss_25, 0), {.figures = gauss_25, .n_figures = 1}};
    int64_t v[2] = {11, 12};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check_code(mech_release_cells(&bad[i], v, 2), SY_E_FIELD);
    }
    struct mech_block b = a_block(mixed, 4);
    check_code(mech_release_cells(&b, v, SIZE_MAX / 2), SY_E_OVERFLOW);
    check_code(mech_release_cells(&b, NULL, 1), SY_E_FIELD);
    check_ok(mech_release_cells(&b, NULL, 0));
    assert_int_equal(v[0], 11);
    assert_int_equal(v[1], 12);
}

/* Open cells. */

#define OPEN_N 8
static const char *const keys[OPEN_N] = {"", "a", "aa", "b", "ab", "流感", "\x01", "zz"};
static const char *const sorted_keys[OPEN_N] = {"", "\x01", "a", "aa", "ab", "b", "zz", "流感"};
static const struct mech_figure open_figures[] = {{MECH_GAUSS, 25}, {MECH_LAPLACE, 5}};

struct open_table {
    struct mech_open_cell cells[OPEN_N];
    int64_t values[OPEN_N][2];
    size_t n;
};

/* Cell of key k: 100 + k units, figures 1000 + k and 2000 + k. */
static void add_cell(struct open_table *t, size_t k)
{
    t->values[t->n][0] = 1000 + (int64_t)k;
    t->values[t->n][1] = 2000 + (int64_t)k;
    t->cells[t->n] =
        (struct mech_open_cell){sy_view_str(keys[k]), 100 + (int64_t)k, t->values[t->n]};
    t->n++;
}

static size_t release_all(struct open_table *t, uint32_t block, int64_t tau)
{
    struct mech_block b = a_block(open_figures, 2);
    struct mech_open_rule rule = {{MECH_GAUSS, 10}, tau};
    size_t n_kept = 0;
    b.block = block;
    check_ok(mech_release_open(&b, &rule, t->cells, t->n, &n_kept));
    return n_kept;
}

static void assert_same_cell(const struct mech_open_cell *a, const struct mech_open_cell *b)
{
    assert_true(sy_view_eq(a->key, b->key));
    assert_int_equal(a->n_units, b->n_units);
    assert_memory_equal(a->values, b->values, 2 * sizeof(int64_t));
}

static void open_order_is_that_of_keys(void **state)
{
    (void)state;
    struct open_table up = {0};
    struct open_table down = {0};
    for (size_t k = 0; k < OPEN_N; k++) {
        add_cell(&up, k);
        add_cell(&down, OPEN_N - 1 - k);
    }
    assert_int_equal(release_all(&up, 0, INT64_MIN), OPEN_N);
    assert_int_equal(release_all(&down, 0, INT64_MIN), OPEN_N);
    for (size_t i = 0; i < OPEN_N; i++) {
        assert_true(sy_view_is(up.cells[i].key, sorted_keys[i]));
        assert_same_cell(&up.cells[i], &down.cells[i]);
    }
}

/* Whichever other cells are there, a cell's noise is the same; another block's is another. */
static void open_noise_depends_on_key_only(void **state)
{
    (void)state;
    struct open_table whole = {0};
    for (size_t k = 0; k < OPEN_N; k++) {
        add_cell(&whole, k);
    }
    assert_int_equal(release_all(&whole, 0, INT64_MIN), OPEN_N);
    for (unsigned subset = 1; subset < 1U << OPEN_N; subset++) {
        struct open_table part = {0};
        for (size_t k = OPEN_N; k-- > 0;) {
            if ((subset >> k & 1) != 0) {
                add_cell(&part, k);
            }
        }
        assert_int_equal(release_all(&part, 0, INT64_MIN), part.n);
        for (size_t i = 0, j = 0; i < part.n; i++, j++) {
            while (!sy_view_eq(whole.cells[j].key, part.cells[i].key)) {
                j++;
            }
            assert_same_cell(&whole.cells[j], &part.cells[i]);
        }
    }
    struct open_table again = {0};
    add_cell(&again, 0);
    assert_int_equal(release_all(&again, 1, INT64_MIN), 1);
    assert_memory_not_equal(again.values, whole.cells[0].values, sizeof(again.values[0]));
}

/* An auditor's re-run must find the same: keys and nonces are derived as the header says. */
static void open_streams_are_as_documented(void **state)
{
    (void)state;
    struct open_table t = {0};
    uint8_t okm[64];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state st;
    struct mech_stream s;
    add_cell(&t, 5);
    assert_int_equal(release_all(&t, 7, INT64_MIN), 1);
    check_ok(mech_hkdf((struct sy_view){0}, sy_view(seed, sizeof(seed)),
                       sy_view("shuyu-open-cells-1\x07\0\0\0", 22), okm, sizeof(okm)));
    crypto_auth_hmacsha256_init(&st, okm + 32, 32);
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)keys[5], strlen(keys[5]));
    crypto_auth_hmacsha256_final(&st, mac);
    mech_stream_open(&s, okm, mac);
    assert_int_equal(t.cells[0].n_units, 105 + mech_gauss(&s, 10));
    assert_int_equal(t.values[0][0], 1005 + mech_gauss(&s, 25));
    assert_int_equal(t.values[0][1], 2005 + mech_laplace(&s, 5));
}

/* A cell is kept at tau = noised count and gone at one more, without a trace of its figures. */
static void threshold_is_exact(void **state)
{
    (void)state;
    for (size_t k = 0; k < OPEN_N; k++) {
        struct open_table free_of_it = {0};
        struct open_table on = {0};
        struct open_table above = {0};
        add_cell(&free_of_it, k);
        add_cell(&on, k);
        add_cell(&above, k);
        assert_int_equal(release_all(&free_of_it, 0, INT64_MIN), 1);
        int64_t noised_count = free_of_it.cells[0].n_units;
        assert_int_equal(release_all(&on, 0, noised_count), 1);
        assert_same_cell(&on.cells[0], &free_of_it.cells[0]);
        assert_int_equal(release_all(&above, 0, noised_count + 1), 0);
        assert_true(sodium_is_zero((const uint8_t *)&above, sizeof(above) - sizeof(above.n)));
    }
}

/* Of 8 cells exactly those at or over tau stay; what follows them is zeroed. */
static void dropped_cells_leave_nothing(void **state)
{
    (void)state;
    struct open_table whole = {0};
    struct open_table cut = {0};
    for (size_t k = 0; k < OPEN_N; k++) {
        add_cell(&whole, k);
        add_cell(&cut, k);
    }
    assert_int_equal(release_all(&whole, 0, INT64_MIN), OPEN_N);
    size_t n_kept = release_all(&cut, 0, 104);
    size_t n_want = 0;
    for (size_t i = 0; i < OPEN_N; i++) {
        if (whole.cells[i].n_units >= 104) {
            assert_same_cell(&cut.cells[n_want], &whole.cells[i]);
            n_want++;
        }
    }
    assert_int_equal(n_kept, n_want);
    assert_true(n_kept > 0 && n_kept < OPEN_N);
    for (size_t i = n_kept; i < OPEN_N; i++) {
        assert_true(sodium_is_zero((const uint8_t *)&cut.cells[i], sizeof(cut.cells[i])));
    }
    size_t n_wiped = 0; /* every row of figures is noised or zero */
    for (size_t i = 0; i < OPEN_N; i++) {
        n_wiped += sodium_is_zero((const uint8_t *)cut.values[i], sizeof(cut.values[i])) != 0;
    }
    assert_int_equal(n_wiped, OPEN_N - n_kept);
}

/* Refused, with figures and count untouched. */
static void assert_open_refused(uint64_t count_scale, struct mech_open_cell *cells, size_t n_cells)
{
    struct mech_block b = a_block(open_figures, 2);
    struct mech_open_rule rule = {{MECH_GAUSS, count_scale}, 50};
    size_t n_kept = 99;
    check_code(mech_release_open(&b, &rule, cells, n_cells, &n_kept), SY_E_FIELD);
    assert_int_equal(n_kept, 99);
}

static void bad_open_tables_are_refused(void **state)
{
    (void)state;
    struct open_table t = {0};
    add_cell(&t, 1);
    add_cell(&t, 2);
    add_cell(&t, 1); /* twice the same key */
    assert_open_refused(10, t.cells, 3);
    assert_open_refused(0, t.cells, 1);
    assert_open_refused(MECH_SCALE_MAX + 1, t.cells, 0);
    assert_open_refused(10, NULL, 1);
    t.cells[0].n_units = 0;
    assert_open_refused(10, t.cells, 1);
    t.cells[0].n_units = 1;
    t.cells[0].values = NULL;
    assert_open_refused(10, t.cells, 1);
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(t.values[i][0], i == 1 ? 1002 : 1001);
    }
    t.n = 0;
    assert_int_equal(release_all(&t, 0, 50), 0);
}

/* 60,000 keys of one unit each, noised and cut at tau; the kept counts, minus the one unit, come
 * back in *ret_counts (STATS_N). Returns how many were kept. */
static size_t release_singletons(int64_t tau, int64_t *ret_counts)
{
    struct mech_block b = a_block(gauss_25, 1);
    struct mech_open_rule rule = {{MECH_GAUSS, 10}, tau};
    struct mech_open_cell *cells = calloc(STATS_N, sizeof(cells[0]));
    int64_t *values = zeros(STATS_N);
    int64_t *names = zeros(STATS_N);
    size_t n_kept = 0;
    assert_non_null(cells);
    for (int64_t i = 0; i < STATS_N; i++) {
        names[i] = i;
        cells[i] = (struct mech_open_cell){sy_view(&names[i], sizeof(names[i])), 1, &values[i]};
    }
    check_ok(mech_release_open(&b, &rule, cells, STATS_N, &n_kept));
    for (size_t i = 0; i < n_kept; i++) {
        ret_counts[i] = cells[i].n_units - 1;
    }
    free(names);
    free(values);
    free(cells);
    return n_kept;
}

/* Counts have the count's distribution, the kept share is the exact tail probability, and that
 * stays under the published bound exp(-(tau-1)^2 / (2 sigma^2)). */
static void open_counts_fit(void **state)
{
    (void)state;
    struct stats_dist d = stats_dist(MECH_GAUSS, 10);
    int64_t *counts = zeros(STATS_N);
    assert_int_equal(release_singletons(INT64_MIN, counts), STATS_N);
    assert_null(stats_misfit(&d, counts, STATS_N));
    size_t n_kept = release_singletons(26, counts);
    long double p = 1 - stats_cdf(&d, 24);
    assert_false(stats_binomial_off(n_kept, STATS_N, p));
    assert_true(p <= expl(-25.0L * 25 / (2 * 10 * 10)));
    stats_free(&d);
    free(counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_noise_fits),
        cmocka_unit_test(noise_is_not_shared),
        cmocka_unit_test(cells_are_repeatable),
        cmocka_unit_test(sums_saturate),
        cmocka_unit_test(bad_blocks_change_nothing),
        cmocka_unit_test(open_order_is_that_of_keys),
        cmocka_unit_test(open_noise_depends_on_key_only),
        cmocka_unit_test(open_streams_are_as_documented),
        cmocka_unit_test(threshold_is_exact),
        cmocka_unit_test(dropped_cells_leave_nothing),
        cmocka_unit_test(bad_open_tables_are_refused),
        cmocka_unit_test(open_counts_fit),
    };
    if (sodium_init() < 0) {
        return 1;
    }
    stats_seed(2000, seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
