/*
 * The samplers against their exact distributions, and negative controls: noise that is wrong by a
 * tenth, shifted by one, or of the other kind must be rejected by the very same test.
 */
#include "check.h"

#include "mechanisms/sampler.h"
#include "test_stats.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>

static const uint8_t zero_nonce[MECH_NONCE_BYTES];

static void open_lane(struct mech_stream *s, uint32_t lane)
{
    uint8_t seed[MECH_SEED_BYTES];
    stats_seed(lane, seed);
    mech_stream_open(s, seed, zero_nonce);
}

/* Which check rejects n draws of (kind, scale) + shift against d? NULL when none does. */
static const char *misfit(struct mech_stream *s, enum mech_kind kind, uint64_t scale, int64_t shift,
                          const struct stats_dist *d)
{
    int64_t *sample = calloc(STATS_N, sizeof(sample[0]));
    assert_non_null(sample);
    for (size_t i = 0; i < STATS_N; i++) {
        sample[i] = shift + (kind == MECH_GAUSS ? mech_gauss(s, scale) : mech_laplace(s, scale));
    }
    const char *which = stats_misfit(d, sample, STATS_N);
    free(sample);
    return which;
}

/* Chi-square of 60,000 draws below each small bound; bound 1 must not read the stream. */
static void uniform_is_uniform(void **state)
{
    (void)state;
    static const unsigned bounds[] = {1, 2, 3, 5, 6, 7, 10, 127, 128, 129, 255, 256, 257, 1000};
    struct mech_stream s;
    open_lane(&s, 1);
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        size_t hits[1000] = {0};
        for (size_t n = 0; n < STATS_N; n++) {
            sy_u128 v = mech_uniform(&s, bounds[i]);
            assert_true(v < bounds[i]);
            hits[(size_t)v]++;
        }
        long double stat = 0;
        long double expected = (long double)STATS_N / bounds[i];
        for (unsigned v = 0; v < bounds[i]; v++) {
            long double off = (long double)hits[v] - expected;
            stat += off * off / expected;
        }
        assert_true(bounds[i] > 1 ? stats_chi2_tail(stat, bounds[i] - 1) > STATS_ALPHA : stat == 0);
        assert_true(bounds[i] > 1 || s.next_block == 0);
    }
}

/* Wide bounds: never reached, and sixteen equal slices equally full (a modulo would not be). */
static void uniform_of_wide_bounds(void **state)
{
    (void)state;
    const sy_u128 bounds[] = {((sy_u128)1 << 64) + 1, ((sy_u128)3 << 62), ((sy_u128)5 << 120) + 3,
                              ((sy_u128)1 << 127) + ((sy_u128)1 << 126), ~(sy_u128)0};
    struct mech_stream s;
    open_lane(&s, 2);
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        size_t hits[16] = {0};
        sy_u128 slice = bounds[i] / 16 + 1; /* the last is narrower by less than 2^-58 */
        for (size_t n = 0; n < STATS_N; n++) {
            sy_u128 v = mech_uniform(&s, bounds[i]);
            assert_true(v < bounds[i]);
            hits[(size_t)(v / slice)]++;
        }
        long double stat = 0;
        for (size_t k = 0; k < 16; k++) {
            long double off = (long double)hits[k] - STATS_N / 16.0L;
            stat += off * off / (STATS_N / 16.0L);
        }
        assert_true(stats_chi2_tail(stat, 15) > STATS_ALPHA);
    }
}

static void coin_has_its_probability(void **state)
{
    (void)state;
    const sy_u128 pairs[][2] = {{0, 1},
                                {0, 7},
                                {1, 1},
                                {5, 5},
                                {1, 2},
                                {3, 2},
                                {7, 3},
                                {1, 1000},
                                {10, 1},
                                {999, 1000},
                                {25, 4},
                                {200, 1},
                                {2, 3},
                                {1000000000001, 1000000000000},
                                {MECH_EXP_DENOMINATOR_MAX / 3, MECH_EXP_DENOMINATOR_MAX},
                                {MECH_EXP_DENOMINATOR_MAX * 2 - 1, MECH_EXP_DENOMINATOR_MAX},
                                {~(sy_u128)0, MECH_EXP_DENOMINATOR_MAX}};
    struct mech_stream s;
    open_lane(&s, 3);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        size_t n_true = 0;
        for (size_t n = 0; n < STATS_N; n++) {
            n_true += mech_bernoulli_exp(&s, pairs[i][0], pairs[i][1]);
        }
        long double p = expl(-(long double)pairs[i][0] / (long double)pairs[i][1]);
        assert_false(stats_binomial_off(n_true, STATS_N, p));
    }
}

static void draws_fit(void **state)
{
    (void)state;
    static const uint64_t scales[] = {
        1, 2, 5, 25, 1000, 1000000, (uint64_t)1 << 39, MECH_SCALE_MAX};
    for (uint32_t kind = MECH_GAUSS; kind < MECH_KIND_N; kind++) {
        for (uint32_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
            struct mech_stream s;
            struct stats_dist d = stats_dist(kind, scales[i]);
            open_lane(&s, 100 * kind + i);
            const char *which = misfit(&s, kind, scales[i], 0, &d);
            if (which != NULL) {
                fail_msg("kind %u scale %llu: %s", kind, (unsigned long long)scales[i], which);
            }
            stats_free(&d);
        }
    }
}

/* What is drawn, and against what it is held: each must be rejected. */
static void negative_controls_are_rejected(void **state)
{
    (void)state;
    static const struct {
        uint64_t scale;
        int64_t shift;
        uint64_t ref_scale;
        enum mech_kind kind;
        enum mech_kind ref_kind;
    } controls[] = {
        {9, 0, 10, MECH_GAUSS, MECH_GAUSS},         {900, 0, 1000, MECH_GAUSS, MECH_GAUSS},
        {21, 0, 20, MECH_GAUSS, MECH_GAUSS},        {5, 1, 5, MECH_GAUSS, MECH_GAUSS},
        {25, -1, 25, MECH_GAUSS, MECH_GAUSS},       {9, 0, 10, MECH_LAPLACE, MECH_LAPLACE},
        {900, 0, 1000, MECH_LAPLACE, MECH_LAPLACE}, {5, 1, 5, MECH_LAPLACE, MECH_LAPLACE},
        {5, 0, 5, MECH_GAUSS, MECH_LAPLACE},        {7, 0, 5, MECH_GAUSS, MECH_LAPLACE},
        {5, 0, 7, MECH_LAPLACE, MECH_GAUSS},        {1414, 0, 1000, MECH_GAUSS, MECH_LAPLACE},
    };
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        struct mech_stream s;
        struct stats_dist d = stats_dist(controls[i].ref_kind, controls[i].ref_scale);
        open_lane(&s, 1000 + (uint32_t)i);
        const char *which = misfit(&s, controls[i].kind, controls[i].scale, controls[i].shift, &d);
        if (which == NULL) {
            fail_msg("control %zu passed", i);
        }
        stats_free(&d);
    }
}

/* Same seed and nonce, same draws; and the pinned ones, which no later version may change. The
 * values come from an independent implementation in Python of the header's description. */
static void draws_are_pinned(void **state)
{
    (void)state;
    static const int64_t gauss_25[] = {40, 3, -17, -19, 62, -57, 10, -18, 25, -4, -42, -13};
    static const int64_t gauss_1e6[] = {-976040, -668756, 390772,  -881497, 201798,   -569748,
                                        -655232, 704929,  -690574, 1756872, -1588672, -1042196};
    static const int64_t laplace_25[] = {-75, 0, -5, -25, -21, -39, -10, -1, 44, -38, -41, 32};
    uint8_t seed[MECH_SEED_BYTES];
    struct mech_stream s;
    for (uint8_t i = 0; i < MECH_SEED_BYTES; i++) {
        seed[i] = i;
    }
    mech_stream_open(&s, seed, zero_nonce);
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(mech_gauss(&s, 25), gauss_25[i]);
    }
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(mech_gauss(&s, 1000000), gauss_1e6[i]);
    }
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(mech_laplace(&s, 25), laplace_25[i]);
    }
}

static void scales_are_checked(void **state)
{
    (void)state;
    assert_true(mech_noise_ok(MECH_GAUSS, 1));
    assert_true(mech_noise_ok(MECH_LAPLACE, MECH_SCALE_MAX));
    assert_false(mech_noise_ok(MECH_GAUSS, 0));
    assert_false(mech_noise_ok(MECH_LAPLACE, MECH_SCALE_MAX + 1));
    assert_false(mech_noise_ok(MECH_INVALID, 1));
    assert_false(mech_noise_ok(MECH_KIND_N, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_is_uniform),
        cmocka_unit_test(uniform_of_wide_bounds),
        cmocka_unit_test(coin_has_its_probability),
        cmocka_unit_test(draws_fit),
        cmocka_unit_test(negative_controls_are_rejected),
        cmocka_unit_test(draws_are_pinned),
        cmocka_unit_test(scales_are_checked),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
