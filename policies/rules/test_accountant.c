/*
 * The accountant against long-double arithmetic: never below the true value (privacy is never
 * under-counted), never more than one above it.
 */
#include "test_kit.h"

#include <math.h>

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* A value of random magnitude up to 2^bits. */
static uint64_t magnitude(uint64_t *seed, unsigned bits)
{
    return 1 + next(seed) % (UINT64_C(1) << (1 + next(seed) % bits));
}

static void near_above(uint64_t got, long double want)
{
    long double slack = want * 1e-15L; /* the reference's own rounding */
    if ((long double)got < want - slack || (long double)got > ceill(want) + 1 + slack) {
        fail_msg("%llu, want %Lf", (unsigned long long)got, want);
    }
}

static void test_scales(void **state)
{
    enum { ROUNDS = 20000 };
    uint64_t seed = 7;
    size_t compared = 0;
    (void)state;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct rules_reach r = {magnitude(&seed, 10), magnitude(&seed, 10), magnitude(&seed, 30)};
        uint64_t rho = magnitude(&seed, 33);
        long double d1 = (long double)r.groups * r.rows * r.bound;
        long double d2 = sqrtl((long double)r.groups) * r.rows * r.bound;
        uint64_t got;
        if (sy_ok(rules_noise_scale(RULES_NOISE_GAUSS, &r, rho, &got, NULL))) {
            near_above(got, d2 / sqrtl(2.0L * rho / 1e9L));
            compared++;
        }
        if (sy_ok(rules_noise_scale(RULES_NOISE_LAPLACE, &r, rho, &got, NULL)) && rho > 100000) {
            long double eps = floorl(sqrtl(2.0L * rho * 1e9L)) / 1e9L; /* rounded down to 1e-9 */
            near_above(got, d1 / eps);
        }
    }
    assert_true(compared > ROUNDS / 2);
}

static void test_eps(void **state)
{
    uint64_t seed = 9;
    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        uint64_t rho = magnitude(&seed, 40);
        sy_u128 square = (sy_u128)rho * 2 * RULES_RHO_ONE;
        sy_u128 e = rules_eps_of_rho(rho);
        assert_true(e * e <= square && (e + 1) * (e + 1) > square);
    }
    assert_int_equal(rules_eps_of_rho(0), 0);
    assert_int_equal(rules_eps_of_rho(500000000), 1000000000);
}

static void test_ln(void **state)
{
    uint64_t seed = 11;
    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        uint64_t den = magnitude(&seed, 50);
        sy_u128 num = (sy_u128)den + magnitude(&seed, 62);
        long double want = logl((long double)num / (long double)den) * 4294967296.0L;
        long double got = (long double)rules_ln_ceil_q32(num, den);
        assert_true(got >= want - 1e-6L && got <= want + 4096);
    }
}

static void test_tau(void **state)
{
    uint64_t seed = 13;
    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        uint64_t scale = magnitude(&seed, 20);
        uint64_t groups = magnitude(&seed, 10);
        uint64_t delta = magnitude(&seed, 40);
        long double ln = logl(groups * 1e15L / delta);
        int64_t got;
        check_ok(rules_tau(RULES_NOISE_GAUSS, scale, groups, delta, &got, NULL));
        near_above((uint64_t)got, 1 + scale * sqrtl(2 * ln));
        check_ok(rules_tau(RULES_NOISE_LAPLACE, scale, groups, delta, &got, NULL));
        near_above((uint64_t)got, 1 + scale * ln);
    }
    int64_t unused = 5;
    check_code(rules_tau(RULES_NOISE_GAUSS, 1, 1, 0, &unused, NULL), SY_E_BUDGET);
    check_code(rules_tau(RULES_NOISE_GAUSS, 1, 1, RULES_DELTA_ONE, &unused, NULL), SY_E_FIELD);
    check_code(rules_tau(RULES_NOISE_NONE, 1, 1, 1, &unused, NULL), SY_E_FIELD);
    assert_int_equal(unused, 5);
}

/* The widths that mechanisms/calibrate.h gives at 95 %: gauss ceil(1.959964 s - 1/2), laplace
 * ceil(2.995733 t - 1/2). */
static void test_half_width(void **state)
{
    static const struct {
        uint64_t scale, gauss, laplace;
    } cases[] = {
        {1, 2, 3},
        {2, 4, 6},
        {3, 6, 9},
        {10, 20, 30},
        {100, 196, 300},
        {1000, 1960, 2996},
        {2000, 3920, 5991},
        {123456789, 241970862, 369843577},
        {RULES_SCALE_MAX, 2155003208020, 3293843267209},
    };
    uint64_t got = 77;
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        check_ok(rules_half_width(RULES_NOISE_GAUSS, cases[i].scale, &got, NULL));
        assert_int_equal(got, cases[i].gauss);
        check_ok(rules_half_width(RULES_NOISE_LAPLACE, cases[i].scale, &got, NULL));
        assert_int_equal(got, cases[i].laplace);
    }
    got = 77;
    check_code(rules_half_width(RULES_NOISE_GAUSS, 0, &got, NULL), SY_E_FIELD);
    check_code(rules_half_width(RULES_NOISE_GAUSS, RULES_SCALE_MAX + 1, &got, NULL), SY_E_FIELD);
    check_code(rules_half_width(RULES_NOISE_NONE, 1, &got, NULL), SY_E_FIELD);
    assert_int_equal(got, 77);
}

static void test_edges(void **state)
{
    struct rules_reach one = {1, 1, 1};
    struct rules_reach none = {1, 1, 0};
    struct rules_reach huge = {1 << 20, UINT64_C(1) << 40, UINT64_C(1) << 62};
    struct rules_reach bad = {0, 1, 1};
    uint64_t got = 77;
    (void)state;
    check_code(rules_noise_scale(RULES_NOISE_GAUSS, &one, 0, &got, NULL), SY_E_BUDGET);
    check_code(rules_noise_scale(RULES_NOISE_GAUSS, &huge, 1, &got, NULL), SY_E_BUDGET);
    check_code(rules_noise_scale(RULES_NOISE_LAPLACE, &huge, 1, &got, NULL), SY_E_BUDGET);
    check_code(rules_noise_scale(RULES_NOISE_GAUSS, &bad, 1, &got, NULL), SY_E_FIELD);
    check_code(rules_noise_scale(RULES_NOISE_NONE, &one, 1, &got, NULL), SY_E_FIELD);
    assert_int_equal(got, 77);
    check_ok(rules_noise_scale(RULES_NOISE_GAUSS, &none, 1, &got, NULL));
    assert_int_equal(got, 1);
    check_ok(rules_noise_scale(RULES_NOISE_GAUSS, &one, RULES_RHO_ONE / 2, &got, NULL));
    assert_int_equal(got, 1);
    assert_int_equal(rules_rho_share(10, 3, false), 3);
    assert_int_equal(rules_rho_share(10, 3, true), 2);
    assert_int_equal(rules_rho_share(10, 0, false), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scales), cmocka_unit_test(test_eps),
        cmocka_unit_test(test_ln),     cmocka_unit_test(test_tau),
        cmocka_unit_test(test_edges),  cmocka_unit_test(test_half_width),
    };
    return cmocka_run_group_tests_name("rules_accountant", tests, NULL, NULL);
}
