/* The post stage's own exp and ln against the C library in long double, and intervals by rank. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/post_internal.h"

static uint64_t rng_state;

/* xorshift64*, from the seed that setup printed. */
static uint64_t rng(void)
{
    rng_state ^= rng_state >> 12;
    rng_state ^= rng_state << 25;
    rng_state ^= rng_state >> 27;
    return rng_state * 0x2545f4914f6cdd1du;
}

static double uniform(double lo, double hi)
{
    return lo + (hi - lo) * ((double)(rng() >> 11) * 0x1p-53);
}

static int setup(void **state)
{
    const char *seed = getenv("SHUYU_SEED");
    rng_state = (seed == NULL ? 20260801 : strtoull(seed, NULL, 0)) | 1;
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)rng_state);
    (void)state;
    return 0;
}

static bool within(double got, long double want, long double relative)
{
    return fabsl(got - want) <= relative * fabsl(want);
}

static void test_exp(void **state)
{
    (void)state;
    static const double range[] = {1e-300, 1e-9, 0.1, 1.0, 30.0, 708.0};
    for (size_t r = 0; r < sizeof range / sizeof range[0]; r++) {
        for (int i = 0; i < 20000; i++) {
            double x = uniform(-range[r], range[r]);
            if (!within(post_exp(x), expl(x), 1e-15L)) {
                fail_msg("exp(%a) = %a, want %La", x, post_exp(x), expl(x));
            }
        }
    }
}

static void test_exp_ends(void **state)
{
    (void)state;
    assert_true(post_exp(0.0) == 1.0 && post_exp(-0.0) == 1.0);
    assert_true(within(post_exp(709.78), expl(709.78L), 1e-13L));
    assert_true(post_is_null(post_exp(709.79)) && post_is_null(post_exp(1e300)));
    assert_true(within(post_exp(-708.2), expl(-708.2), 1e-14L));
    assert_true(post_exp(-708.39) >= DBL_MIN && post_exp(-708.4) == 0.0);
    assert_true(post_exp(-1e300) == 0.0 && post_exp(-745.0) == 0.0);
    assert_true(post_is_null(post_exp((double)NAN)));
}

static void test_ln(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        double x = ldexp(uniform(0.5, 1.0), (int)(rng() % 2000) - 1000);
        double near_one = 1.0 + uniform(-0.5, 0.5) * ldexp(1.0, -(int)(rng() % 50));
        if (!within(post_ln(x), logl(x), 1e-15L) ||
            !within(post_ln(near_one), logl(near_one), 1e-15L)) {
            fail_msg("ln(%a) = %a, ln(%a) = %a", x, post_ln(x), near_one, post_ln(near_one));
        }
    }
    assert_true(post_ln(1.0) == 0.0);
    assert_true(within(post_ln(DBL_TRUE_MIN), logl(DBL_TRUE_MIN), 1e-15L));
    assert_true(within(post_ln(DBL_MAX), logl(DBL_MAX), 1e-15L));
    assert_true(post_is_null(post_ln(0.0)) && post_is_null(post_ln(-1.0)));
    assert_true(post_is_null(post_ln((double)NAN)));
}

/* The same bits on every machine and with every compiler: a digest over many results. */
static void test_bits(void **state)
{
    (void)state;
    uint64_t h = 0xcbf29ce484222325u;
    for (int i = 1; i <= 10000; i++) {
        double y[] = {post_exp((i - 5000) * 0.1393), post_ln(i * i * 0.00317),
                      post_exp(post_ln(i * 0.77) * 0.3), post_round(i * 0.1235, 2)};
        for (size_t j = 0; j < 4; j++) {
            uint64_t bits;
            memcpy(&bits, &y[j], sizeof bits);
            h = (h ^ bits) * 0x100000001b3u;
        }
    }
    if (h != 0xf72d90b9d4e359bdu) {
        fail_msg("digest %016llx", (unsigned long long)h);
    }
}

static void test_round(void **state)
{
    (void)state;
    static const struct {
        double x, want;
        int64_t digits;
    } cases[] = {
        {2.5, 3.0, 0},         {-2.5, -3.0, 0},  {0.125, 0.13, 2},
        {1e300, 1e300, 9},     {-1e-12, 0.0, 9}, {149.0, 100.0, -2},
        {150.0, 200.0, -2},    {0.3, 0.3, 9},    {1e15 + 0.3, 1e15 + 0.25, 9},
        {DBL_MAX, DBL_MAX, 9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double got = post_round(cases[i].x, cases[i].digits);
        assert_memory_equal(&got, &cases[i].want, sizeof got);
    }
}

/* --- intervals -------------------------------------------------------------------------------------------------- */

/* 1..n, shuffled; the last `nulls` of them NULL. */
static double *numbers(size_t n, size_t nulls)
{
    double *v = malloc((n + 1) * sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < n; i++) {
        v[i] = i < n - nulls ? (double)(i + 1) : (double)NAN;
    }
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)(rng() % i);
        double t = v[i - 1];
        v[i - 1] = v[j];
        v[j] = t;
    }
    return v;
}

static bool interval(size_t n, size_t nulls, double *lo, double *hi)
{
    double *v = numbers(n, nulls);
    bool ok = sy_post_interval(v, n, lo, hi);
    free(v);
    return ok;
}

static void test_ranks(void **state)
{
    (void)state;
    double lo = -1.0;
    double hi = -1.0;
    assert_false(interval(0, 0, &lo, &hi));
    assert_false(interval(38, 0, &lo, &hi));
    assert_true(lo == -1.0 && hi == -1.0);
    assert_true(interval(39, 0, &lo, &hi) && lo == 1.0 && hi == 39.0);
    assert_true(interval(78, 0, &lo, &hi) && lo == 1.0 && hi == 78.0);
    assert_true(interval(79, 0, &lo, &hi) && lo == 2.0 && hi == 78.0);
    assert_true(interval(999, 0, &lo, &hi) && lo == 25.0 && hi == 975.0);
    assert_true(interval(1000, 0, &lo, &hi) && lo == 25.0 && hi == 976.0);
    /* exact expectation: (n + 1 - 2k) / (n + 1) is never below 0.95, and 1 more rank would be */
    for (size_t n = 39; n < 2000; n++) {
        assert_true(interval(n, 0, &lo, &hi));
        double coverage = (hi - lo) / (double)(n + 1);
        assert_true(coverage >= 0.95 && (hi - lo - 2.0) / (double)(n + 1) < 0.95);
    }
}

/* NULLs could have been anything: each costs a rank on both sides. */
static void test_nulls(void **state)
{
    (void)state;
    double lo;
    double hi;
    assert_true(interval(999, 1, &lo, &hi) && lo == 24.0 && hi == 975.0);
    assert_true(interval(999, 24, &lo, &hi) && lo == 1.0 && hi == 975.0);
    assert_false(interval(999, 25, &lo, &hi));
    assert_false(interval(999, 999, &lo, &hi));
}

/* Tails filled in random pieces give what the whole list gives, ties and NULLs included. */
static void test_tails(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct sy_arena arena SY_ARENA_CLEANUP = {0};
        size_t n = rng() % 500;
        double *v = numbers(n, n == 0 ? 0 : (size_t)(rng() % (n / 30 + 1)));
        struct sy_post_tails t;
        check_ok(sy_post_tails_new(2, n, &arena, &t, NULL));
        for (size_t i = 0; i < n; i++) {
            v[i] = rng() % 4 == 0 ? floor(v[i] / 10.0) : v[i];
        }
        for (size_t at = 0; at < n;) {
            double lo;
            double hi;
            size_t m = 1 + (size_t)(rng() % 64);
            m = m > n - at ? n - at : m;
            assert_false(sy_post_tails_interval(&t, 1, &lo, &hi));
            assert_true(sy_post_tails_add(&t, 1, v + at, m));
            at += m;
        }
        double extra = 1.0;
        assert_false(sy_post_tails_add(&t, 1, &extra, 1));
        double want[2] = {0};
        double got[2] = {0};
        bool ok = sy_post_tails_interval(&t, 1, &got[0], &got[1]);
        assert_true(ok == sy_post_interval(v, n, &want[0], &want[1]));
        assert_true(got[0] == want[0] && got[1] == want[1]);
        assert_true(n == 0 || !sy_post_tails_interval(&t, 0, &got[0], &got[1]));
        free(v);
    }
    struct sy_arena small SY_ARENA_CLEANUP = {.ceiling = 4096};
    struct sy_post_tails t;
    check_code(sy_post_tails_new(65536, 999, &small, &t, NULL), SY_E_NO_MEMORY);
    check_code(sy_post_tails_new(SIZE_MAX / 8, 999, &small, &t, NULL), SY_E_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp),   cmocka_unit_test(test_exp_ends), cmocka_unit_test(test_ln),
        cmocka_unit_test(test_bits),  cmocka_unit_test(test_round),    cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_nulls), cmocka_unit_test(test_tails),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
