/*
 * Epsilon of a zCDP budget: fixed values computed with fifty digits by another program, the ends of the
 * range, and that it grows with rho and falls with delta.
 */
#include "check.h"

#include "wire/zcdp.h"

static const struct {
    uint64_t rho, delta, epsilon; /* the least number of 1e-9 that is not below the minimum */
} KNOWN[] = {
    {UINT64_C(1), UINT64_C(1000000), UINT64_C(181951)},
    {UINT64_C(20000000), UINT64_C(1000000), UINT64_C(1163287327)},
    {UINT64_C(500000000), UINT64_C(1000000), UINT64_C(6474070021)},
    {UINT64_C(6000000000), UINT64_C(100000000), UINT64_C(24590716204)},
    {UINT64_C(6000000000), UINT64_C(1000000), UINT64_C(27298632604)},
    {UINT64_C(123456789), UINT64_C(3), UINT64_C(3950582419)},
    {UINT64_C(1000000000000), UINT64_C(1000000), UINT64_C(1284903036460)},
    {UINT64_C(1000000000000000), UINT64_C(10000000000), UINT64_C(1006779452636266)},
};

static void known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
        uint64_t got = sy_zcdp_epsilon(KNOWN[i].rho, KNOWN[i].delta);
        if (got < KNOWN[i].epsilon || got > KNOWN[i].epsilon + 2 + (KNOWN[i].epsilon >> 33)) {
            fail_msg("rho %llu: %llu", (unsigned long long)KNOWN[i].rho, (unsigned long long)got);
        }
    }
}

static void ends(void **state)
{
    (void)state;
    assert_true(sy_zcdp_epsilon(0, 0) == 0);
    assert_true(sy_zcdp_epsilon(1, 0) == UINT64_MAX);
    assert_true(sy_zcdp_epsilon(1, UINT64_C(1000000000000000)) == UINT64_MAX);
    assert_true(sy_zcdp_epsilon(UINT64_MAX, SY_ZCDP_DELTA) == UINT64_MAX);
    assert_true(sy_zcdp_epsilon((uint64_t)1 << 60, 1) > (uint64_t)1 << 60);
    assert_true(sy_zcdp_epsilon(1, UINT64_C(999999999999999)) < 1000);
}

static void monotone(void **state)
{
    (void)state;
    for (uint64_t rho = 1; rho < UINT64_C(1) << 50; rho *= 2) {
        uint64_t e = sy_zcdp_epsilon(rho, SY_ZCDP_DELTA);
        assert_true(e <= sy_zcdp_epsilon(rho + rho / 3 + 1, SY_ZCDP_DELTA));
        assert_true(e <= sy_zcdp_epsilon(rho, SY_ZCDP_DELTA / 10));
        assert_true(e >= sy_zcdp_epsilon(rho, SY_ZCDP_DELTA * 10));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known),
        cmocka_unit_test(ends),
        cmocka_unit_test(monotone),
    };
    return cmocka_run_group_tests_name("zcdp", tests, NULL, NULL);
}
