/*
 * Noise by cell keys: the same for the same cell, independent for any other; drawn from the table as the
 * table says, which a slightly wrong table must not pass; rounding to the nearest multiple.
 */
#include "check.h"

#include "mechanisms/cellkey.h"
#include "test_stats.h"

#include <sodium.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { DRAWS = 200000 };

static const int64_t noise[] = {-4, -2, -1, 0, 1, 3, 5};
/* probabilities 0.03 0.12 0.2 0.3 0.2 0.1 0.05 of 2^32 */
static const uint64_t cum[] = {128849019,  644245094,  1503238553, 2791728742,
                               3650722202, 4080218931, 4294967296};
static const struct mech_row row = {noise, cum, LEN(noise)};
static uint8_t key[MECH_KEY_BYTES], measure[MECH_MEASURE_BYTES];

static struct mech_cell cell_of(uint64_t ck)
{
    return (struct mech_cell){.ck = ck, .units = 20, .measure = measure, .value = 20};
}

static int64_t draw(const uint8_t *under, const struct mech_cell *cell)
{
    MECH_STREAM_CLEANUP struct mech_stream s;
    mech_cellkey_stream(under, cell, &s);
    return mech_cellkey_draw(&s, &row);
}

/* --- who depends on what ------------------------------------------------------------------------------------ */

static void test_the_same_cell_has_the_same_noise(void **state)
{
    (void)state;
    for (uint64_t ck = 0; ck < 1000; ck++) {
        struct mech_cell a = cell_of(ck), b = cell_of(ck);
        uint8_t copy[MECH_MEASURE_BYTES];
        memcpy(copy, measure, sizeof(copy));
        b.measure = copy;
        assert_int_equal(draw(key, &a), draw(key, &b));
    }
}

/* How many of a thousand cells have the same noise when one thing about them is another. By chance it is
 * the sum of the squared probabilities, 0.1978 (0.03^2 + 0.12^2 + 0.2^2 + 0.3^2 + 0.2^2 + 0.1^2 + 0.05^2). */
static size_t same_noise(void (*change)(struct mech_cell *c, uint8_t *under, uint8_t *what))
{
    size_t same = 0;
    for (uint64_t ck = 0; ck < DRAWS; ck++) {
        uint8_t under[MECH_KEY_BYTES], what[MECH_MEASURE_BYTES];
        memcpy(under, key, sizeof(under));
        memcpy(what, measure, sizeof(what));
        struct mech_cell a = cell_of(ck * 0x9e3779b97f4a7c15u), b = a;
        b.measure = what;
        change(&b, under, what);
        same += draw(key, &a) == draw(under, &b) ? 1 : 0;
    }
    return same;
}

static void nothing(struct mech_cell *c, uint8_t *under, uint8_t *what)
{
    (void)c, (void)under, (void)what;
}

static void other_units(struct mech_cell *c, uint8_t *under, uint8_t *what)
{
    (void)under, (void)what;
    c->units++;
}

static void other_key(struct mech_cell *c, uint8_t *under, uint8_t *what)
{
    (void)under, (void)what;
    c->ck ^= UINT64_C(1) << 63;
}

static void other_value(struct mech_cell *c, uint8_t *under, uint8_t *what)
{
    (void)under, (void)what;
    c->value--;
}

static void other_measure(struct mech_cell *c, uint8_t *under, uint8_t *what)
{
    (void)c, (void)under;
    what[15] ^= 1;
}

static void other_space(struct mech_cell *c, uint8_t *under, uint8_t *what)
{
    (void)c, (void)what;
    under[0] ^= 1;
}

static void test_any_other_cell_has_independent_noise(void **state)
{
    (void)state;
    void (*const changes[])(struct mech_cell *, uint8_t *, uint8_t *) = {
        other_units, other_key, other_value, other_measure, other_space};
    for (size_t i = 0; i < LEN(changes); i++) {
        assert_false(stats_binomial_off(same_noise(changes[i]), DRAWS, 0.1978L));
    }
    assert_int_equal(same_noise(nothing), DRAWS);
}

/* --- the table ------------------------------------------------------------------------------------------------ */

/* The chance of so much misfit, or more, between draws and a table. */
static long double fit(const struct mech_row *drawn, const struct mech_row *claimed)
{
    size_t hits[LEN(noise)] = {0};
    long double stat = 0;
    for (uint64_t ck = 0; ck < DRAWS; ck++) {
        struct mech_cell c = cell_of(ck);
        MECH_STREAM_CLEANUP struct mech_stream s;
        mech_cellkey_stream(key, &c, &s);
        int64_t v = mech_cellkey_draw(&s, drawn);
        size_t i = 0;
        while (i < LEN(noise) && noise[i] != v) {
            i++;
        }
        assert_true(i < LEN(noise));
        hits[i]++;
    }
    for (size_t i = 0; i < claimed->n; i++) {
        uint64_t chance = claimed->cum[i] - (i == 0 ? 0 : claimed->cum[i - 1]);
        long double want = (long double)DRAWS * (long double)chance / 4294967296.0L;
        long double off = (long double)hits[i] - want;
        stat += off * off / want;
    }
    return stats_chi2_tail(stat, (unsigned)claimed->n - 1);
}

static void test_draws_follow_the_table(void **state)
{
    (void)state;
    uint64_t wrong[LEN(cum)];
    memcpy(wrong, cum, sizeof(cum));
    wrong[3] -= wrong[3] / 50; /* the control: two hundredths of the middle moved */
    struct mech_row other = {noise, wrong, LEN(noise)};
    assert_true(fit(&row, &row) > STATS_ALPHA);
    assert_true(fit(&other, &row) < STATS_ALPHA);
}

static void test_rows_that_are_none(void **state)
{
    (void)state;
    static const int64_t flat[] = {0, 0}, falling[] = {1, 0}, rising[] = {0, 1};
    static const uint64_t whole[] = {1, UINT64_C(1) << 32}, part[] = {1, UINT32_MAX},
                          twice[] = {UINT64_C(1) << 32, UINT64_C(1) << 32},
                          none[] = {0, UINT64_C(1) << 32};
    const struct mech_row bad[] = {{flat, whole, 2},   {falling, whole, 2}, {rising, part, 2},
                                   {rising, twice, 2}, {rising, none, 2},   {rising, whole, 0},
                                   {NULL, whole, 2},   {rising, NULL, 2}};
    struct mech_row sound = {rising, whole, 2};
    assert_true(mech_row_ok(&sound) && mech_row_ok(&row));
    for (size_t i = 0; i < LEN(bad); i++) {
        assert_false(mech_row_ok(&bad[i]));
    }
}

/* --- sums ----------------------------------------------------------------------------------------------------- */

static void test_sums_have_the_scale_of_the_largest_contribution(void **state)
{
    (void)state;
    static const struct {
        int64_t top;
        uint64_t sigma256, scale;
    } cases[] = {{1, 1, 1}, {100, 256, 100}, {100, 64, 25}, {101, 64, 26}, {7, 512, 14}};
    for (size_t i = 0; i < LEN(cases); i++) {
        struct stats_dist d = stats_dist(MECH_GAUSS, cases[i].scale);
        struct stats_dist off = stats_dist(MECH_GAUSS, cases[i].scale * 11 / 10 + 1);
        static int64_t sample[STATS_N], copy[STATS_N];
        for (size_t n = 0; n < STATS_N; n++) {
            struct mech_cell c = cell_of(n);
            MECH_STREAM_CLEANUP struct mech_stream s;
            mech_cellkey_stream(key, &c, &s);
            sample[n] = mech_cellkey_gauss(&s, cases[i].top, cases[i].sigma256);
        }
        memcpy(copy, sample, sizeof(copy));
        assert_null(stats_misfit(&d, sample, STATS_N));
        assert_non_null(stats_misfit(&off, copy, STATS_N));
        stats_free(&d);
        stats_free(&off);
    }
}

static void test_rounding(void **state)
{
    (void)state;
    static const struct {
        int64_t v;
        uint64_t step;
        int64_t want;
    } cases[] = {{7, 1, 7},
                 {-7, 1, -7},
                 {7, 5, 5},
                 {8, 5, 10},
                 {-7, 5, -5},
                 {-8, 5, -10},
                 {5, 10, 10},
                 {-5, 10, 0},
                 {4, 10, 0},
                 {-6, 10, -10},
                 {0, 10, 0},
                 {INT64_MAX, 2, INT64_MAX},
                 {INT64_MIN, 3, INT64_MIN},
                 {INT64_MIN, 7, INT64_MIN + 1}};
    for (size_t i = 0; i < LEN(cases); i++) {
        assert_int_equal(mech_round(cases[i].v, cases[i].step), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_cell_has_the_same_noise),
        cmocka_unit_test(test_any_other_cell_has_independent_noise),
        cmocka_unit_test(test_draws_follow_the_table),
        cmocka_unit_test(test_rows_that_are_none),
        cmocka_unit_test(test_sums_have_the_scale_of_the_largest_contribution),
        cmocka_unit_test(test_rounding),
    };
    if (sodium_init() < 0) {
        return 1;
    }
    uint8_t seed[MECH_SEED_BYTES];
    stats_seed(0, seed);
    memcpy(key, seed, sizeof(key));
    return cmocka_run_group_tests_name("mechanisms_cellkey", tests, NULL, NULL);
}
