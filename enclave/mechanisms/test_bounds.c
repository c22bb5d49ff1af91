/*
 * The inequalities that privacy and honesty rest on, computed in long double and compared with
 * what docs/privacy/mechanisms.md proves: interval coverage, tails behind a threshold, Renyi
 * divergence of the Gaussian, likelihood ratio of the Laplace.
 */
#include "check.h"

#include "mechanisms/calibrate.h"
#include "test_stats.h"

#include <math.h>

#define PI 3.14159265358979323846264338327950288L

static const long double levels[MECH_LEVEL_N] = {0, 0.95L, 0.975L};

/* P(|X| <= w) for a discrete Gaussian by summation. The product of ratios loses w^2 roundings:
 * below 1e-11 up to scale 2000. */
static long double gauss_sum(uint64_t scale, uint64_t w)
{
    long double s = (long double)scale;
    long double z = sqrtl(2 * PI) * s * (1 + 2 * expl(-2 * PI * PI * s * s));
    long double ratio = expl(-1 / (2 * s * s)); /* f(k+1) / f(k) = ratio^(2k+1) */
    long double square = ratio * ratio;
    long double term = 1;
    long double sum = 1;
    for (uint64_t k = 1; k <= w; k++) {
        term *= ratio;
        ratio *= square;
        sum += 2 * term;
    }
    return sum / z;
}

/* The same by the midpoint integral and its second-order term; the next is of order 1/s^4. */
static long double gauss_integral(uint64_t scale, uint64_t w)
{
    long double s = (long double)scale;
    long double x = ((long double)w + 0.5L) / s;
    return erfl(x / sqrtl(2)) + x * expl(-x * x / 2) / (12 * sqrtl(2 * PI) * s * s);
}

static long double gauss_coverage(uint64_t scale, uint64_t w)
{
    return scale <= 2000 ? gauss_sum(scale, w) : gauss_integral(scale, w);
}

static long double laplace_coverage(uint64_t scale, uint64_t w)
{
    long double t = (long double)scale;
    return 1 - 2 * expl(-((long double)w + 1) / t) / (1 + expl(-1 / t));
}

static long double coverage(enum mech_kind kind, uint64_t scale, uint64_t w)
{
    return kind == MECH_GAUSS ? gauss_coverage(scale, w) : laplace_coverage(scale, w);
}

/* The half-width covers; returns 1 when one less would cover too (two less must not). */
static unsigned check_coverage(enum mech_kind kind, uint64_t scale, enum mech_level level)
{
    uint64_t w = 0;
    check_ok(mech_half_width(kind, scale, level, &w));
    long double p = coverage(kind, scale, w);
    if (p < levels[level]) {
        fail_msg("kind %d scale %llu w %llu: %.12Lf", (int)kind, (unsigned long long)scale,
                 (unsigned long long)w, p);
    }
    assert_true(w >= 1 && w < (uint64_t)1 << 42);
    assert_true(w < 2 || scale > 100000 || coverage(kind, scale, w - 2) < levels[level]);
    return coverage(kind, scale, w - 1) >= levels[level];
}

static void intervals_cover(void **state)
{
    (void)state;
    static const unsigned wider[MECH_KIND_N][MECH_LEVEL_N] = {{0}, {0, 0, 0}, {0, 2, 3}};
    for (uint32_t kind = MECH_GAUSS; kind < MECH_KIND_N; kind++) {
        for (uint32_t level = MECH_LEVEL_950; level < MECH_LEVEL_N; level++) {
            unsigned n_wider = 0;
            for (uint64_t scale = 1; scale <= 2000; scale++) {
                n_wider += check_coverage(kind, scale, level);
            }
            assert_int_equal(n_wider, wider[kind][level]);
            for (uint64_t scale = 2001; scale < MECH_SCALE_MAX; scale += scale / 7 + 1) {
                check_coverage(kind, scale, level);
            }
            check_coverage(kind, (uint64_t)1 << 39, level);
            check_coverage(kind, MECH_SCALE_MAX, level);
        }
    }
}

/* The two ways of computing coverage agree where they meet. */
static void coverage_formula_is_sound(void **state)
{
    (void)state;
    for (uint64_t w = 1000; w < 6000; w += 301) {
        assert_true(fabsl(gauss_sum(2000, w) - gauss_integral(2000, w)) < 1e-11L);
    }
}

static void half_width_is_checked(void **state)
{
    (void)state;
    static const struct {
        enum mech_kind kind;
        enum mech_level level;
        uint64_t scale;
    } bad[] = {
        {MECH_INVALID, MECH_LEVEL_950, 5},   {MECH_KIND_N, MECH_LEVEL_950, 5},
        {MECH_GAUSS, MECH_LEVEL_INVALID, 5}, {MECH_GAUSS, MECH_LEVEL_N, 5},
        {MECH_LAPLACE, MECH_LEVEL_950, 0},   {MECH_GAUSS, MECH_LEVEL_975, MECH_SCALE_MAX + 1},
    };
    uint64_t w = 77;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check_code(mech_half_width(bad[i].kind, bad[i].scale, bad[i].level, &w), SY_E_FIELD);
        assert_int_equal(w, 77);
    }
    check_ok(mech_half_width(MECH_GAUSS, 100, MECH_LEVEL_950, &w));
    assert_int_equal(w, 196);
    check_ok(mech_half_width(MECH_LAPLACE, 100, MECH_LEVEL_975, &w));
    assert_int_equal(w, 369);
}

/* P(X >= m) <= exp(-m^2 / (2 s^2)) for the Gaussian, <= exp(-m/t) / (1 + exp(-1/t)) exactly for
 * the Laplace: what tau and delta are chosen by. */
static void tails_are_bounded(void **state)
{
    (void)state;
    for (uint64_t scale = 1; scale <= 300; scale += scale / 10 + 1) {
        struct stats_dist g = stats_dist(MECH_GAUSS, scale);
        struct stats_dist l = stats_dist(MECH_LAPLACE, scale);
        long double s = (long double)scale;
        for (int64_t m = 1; m <= 10 * (int64_t)scale; m++) {
            long double x = (long double)m;
            assert_true(stats_cdf(&g, -m) <= expl(-x * x / (2 * s * s)) * (1 + 1e-12L));
            long double exact = expl(-x / s) / (1 + expl(-1 / s));
            assert_true(fabsl(stats_cdf(&l, -m) - exact) <= 1e-15L);
        }
        stats_free(&g);
        stats_free(&l);
    }
}

/* log of P(X = x)^a P(X + shift = x)^(1-a), without the normaliser. */
static long double renyi_exponent(long double s, int64_t shift, long double a, int64_t k)
{
    long double x = (long double)k;
    long double y = (long double)(k - shift);
    return -(a * x * x + (1 - a) * y * y) / (2 * s * s);
}

/* Renyi divergence of order a between X and X + shift, X discrete Gaussian; by direct sums, the
 * largest exponent taken out. */
static long double renyi(long double s, int64_t shift, long double a)
{
    int64_t reach = (int64_t)(s * 40) + (int64_t)(a * (long double)shift) + 40;
    long double top = -INFINITY;
    long double z = 0;
    long double sum = 0;
    for (int64_t k = -reach; k <= reach; k++) {
        top = fmaxl(top, renyi_exponent(s, shift, a, k));
    }
    for (int64_t k = -reach; k <= reach; k++) {
        z += expl(-(long double)(k * k) / (2 * s * s));
        sum += expl(renyi_exponent(s, shift, a, k) - top);
    }
    return (top + logl(sum / z)) / (a - 1);
}

/* D_a <= a * shift^2 / (2 s^2): zCDP with rho = shift^2 / (2 s^2), with equality at integers. A
 * scale of 0.9 breaks it, so the comparison has teeth. */
static void gauss_is_concentrated(void **state)
{
    (void)state;
    static const long double orders[] = {1.01L, 1.5L, 2, 3.7L, 8, 32};
    static const int64_t scales[] = {1, 2, 5, 25};
    static const int64_t shifts[] = {1, 2, 3, 10};
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            for (size_t k = 0; k < 6; k++) {
                long double s = (long double)scales[i];
                long double rho = (long double)(shifts[j] * shifts[j]) / (2 * s * s);
                long double d = renyi(s, shifts[j], orders[k]);
                assert_true(d <= orders[k] * rho * (1 + 1e-9L) + 1e-12L);
            }
        }
    }
    assert_true(fabsl(renyi(5, 2, 8) - 8 * 4 / 50.0L) < 1e-12L);
    assert_true(renyi(9, 1, 2) > 2 * 1 / (2 * 10.0L * 10));
}

/* P(X = x) <= exp(shift/t) P(X + shift = x): pure DP with eps = shift / t. */
static void laplace_ratio_is_bounded(void **state)
{
    (void)state;
    for (uint64_t scale = 1; scale <= 50; scale += 7) {
        struct stats_dist d = stats_dist(MECH_LAPLACE, scale);
        for (int64_t shift = 1; shift <= 20; shift += 3) {
            long double eps = (long double)shift / (long double)scale;
            for (int64_t x = -8 * (int64_t)scale; x <= 0; x++) { /* cdf differences exact here */
                long double p = stats_cdf(&d, x - 1) - stats_cdf(&d, x - 2);
                long double q = stats_cdf(&d, x - 1 - shift) - stats_cdf(&d, x - 2 - shift);
                assert_true(fabsl(logl(p / q) - eps) < 1e-9L);
            }
        }
        stats_free(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_cover),       cmocka_unit_test(coverage_formula_is_sound),
        cmocka_unit_test(half_width_is_checked), cmocka_unit_test(tails_are_bounded),
        cmocka_unit_test(gauss_is_concentrated), cmocka_unit_test(laplace_ratio_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
