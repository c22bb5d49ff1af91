/*
 * Giving back spent budget: who may, how much, how often, and that nothing else ever does. The kit's pack
 * allows persons 0.3 of rho and 1e-12 of delta a year, clinics nothing; a run costs persons 0.2.
 */
#include "test_kit.h"

#include <stdlib.h>

enum { PRICE = 200000000, YEARLY = 300000000, YEARLY_DELTA = 1000, YEAR_S = 365 * 86400 };

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static struct sy_row_budget account(struct kit *k)
{
    struct sy_row_budget b;
    check_ok(
        rules_state_read(k->state, V("budget/person"), &sy_row_budget_desc, &k->arena, &b, NULL));
    return b;
}

static int32_t recover(struct kit *k, const char *party, uint64_t rho)
{
    struct sy_recover a = {.ground = V("incident"), .ns = V("person"), .rho = rho};
    return kit_call(k, party, "budget.recover", &sy_recover_desc, &a, NULL, NULL);
}

static void test_who(void **state)
{
    static const char *const others[] = {"operator", "health", "acme", "audit"};
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_run(k, "18"), 0);
    for (size_t i = 0; i < LEN(others); i++) {
        assert_int_equal(recover(k, others[i], 1), SY_E_ROLE);
    }
    assert_int_equal(account(k).recovered_rho, 0);
    assert_int_equal(recover(k, "agency", 1), 0);
    assert_true(sy_view_is(k->type, "recover"));
    assert_int_equal(account(k).recovered_rho, 1);
}

static void test_form(void **state)
{
    static const struct {
        const char *ground, *ns;
        uint64_t rho, delta;
        int32_t code;
    } cases[] = {
        {"nonsense", "person", 1, 0, SY_E_FIELD},
        {"", "person", 1, 0, SY_E_FIELD},
        {"incident", "nobody", 1, 0, SY_E_BUDGET},
        {"incident", "P", 1, 0, SY_E_FIELD},
        {"incident", "person", 0, 0, SY_E_FIELD},
        {"incident", "clinic", 1, 0, SY_E_BUDGET},
        {"incident", "person", 0, 1, SY_E_BUDGET}, /* no delta was spent */
        {"incident", "person", UINT64_MAX, 0, SY_E_BUDGET},
    };
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_run(k, "18"), 0);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sy_recover a = {.ground = V(cases[i].ground),
                               .ns = V(cases[i].ns),
                               .rho = cases[i].rho,
                               .delta = cases[i].delta};
        assert_int_equal(kit_call(k, "agency", "budget.recover", &sy_recover_desc, &a, NULL, NULL),
                         cases[i].code);
    }
    assert_int_equal(account(k).recovered_rho, 0);
}

/* The year begins with the first use; within it the cap is the cap, after it there is a new one. */
static void test_years(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_run(k, "18"), 0);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(account(k).spent_rho, 2 * PRICE);
    assert_int_equal(recover(k, "agency", YEARLY + 1), SY_E_BUDGET);
    assert_int_equal(recover(k, "agency", YEARLY - 1), 0);
    k->time += YEAR_S - 1;
    assert_int_equal(recover(k, "agency", 2), SY_E_BUDGET);
    assert_int_equal(recover(k, "agency", 1), 0);
    assert_int_equal(recover(k, "agency", 1), SY_E_BUDGET);
    k->time += 1;
    assert_int_equal(recover(k, "agency", 2 * PRICE - YEARLY + 1), SY_E_BUDGET); /* never spent */
    assert_int_equal(recover(k, "agency", 2 * PRICE - YEARLY), 0);
    assert_int_equal(account(k).cap_rho, UINT64_C(4000000000) + 2 * PRICE);
    assert_int_equal(account(k).spent_rho, 2 * PRICE);
}

/* What was recovered can be reserved and spent again, and survives the next pack. */
static void test_caps(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_run(k, "18"), 0);
    assert_int_equal(recover(k, "agency", PRICE), 0);
    struct sy_pack *p = kit_pack_record(k, 2);
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(account(k).cap_rho, UINT64_C(4000000000) + PRICE);
    p->version = 3;
    p->budgets[0].rho += 1;
    assert_int_equal(kit_adopt(k, p), SY_E_BUDGET);
    p->budgets[0].rho -= 1;
    p->budgets[0].recover_rho = YEARLY + 1;
    assert_int_equal(kit_adopt(k, p), SY_E_BUDGET);
    p->budgets[0].recover_rho = YEARLY;
    p->budgets[1].recover_rho = 1; /* a namespace that was first named without */
    assert_int_equal(kit_adopt(k, p), SY_E_BUDGET);
    p->budgets[1].recover_rho = 0;
    p->budgets[0].recover_rho = PRICE; /* lowered: the year's is used up */
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(recover(k, "agency", 1), SY_E_BUDGET);
    p->version = 4;
    p->budgets[0].recover_rho = YEARLY;
    assert_int_equal(kit_adopt(k, p), SY_E_BUDGET);
}

/* No outcome gives anything back: not a refused run, not a revoked grant beyond what it had left. */
static void test_outcomes(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_run(k, "18"), 0);
    uint64_t charge = k->entry - 1;
    struct sy_row_budget before = account(k);
    assert_int_equal(kit_answer(k, charge, "refused"), 0);
    assert_int_equal(account(k).spent_rho, before.spent_rho);
    assert_int_equal(account(k).cap_rho, before.cap_rho);
    assert_int_equal(kit_order(k, "operator", "scene.revoke", "incident"), 0);
    assert_int_equal(account(k).spent_rho, before.spent_rho);
    assert_int_equal(account(k).held_rho, 0);
    assert_int_equal(account(k).recovered_rho, 0);
}

/* Random amounts at random times: in any 365 days that begin with a year at most the yearly cap, in all at
 * most what was spent. SHUYU_SEED=... repeats it. */
static void test_random(void **state)
{
    enum { TRIES = 200 };
    static const char *const ages[] = {"18", "40", "60", "75", "80"};
    const char *given = getenv("SHUYU_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : 20261122;
    struct kit *k = *state;
    uint64_t granted = 0;
    size_t runs = 0;
    print_message("# SHUYU_SEED=%u\n", seed);
    kit_ready(k);
    int64_t start = k->time;
    for (size_t i = 0; i < TRIES; i++) {
        uint64_t rho = (uint64_t)rand_r(&seed) % YEARLY + 1;
        if (runs < LEN(ages) && rand_r(&seed) % 16 == 0) {
            runs += kit_run(k, ages[runs]) == 0;
        }
        k->time += rand_r(&seed) % (YEAR_S / 12);
        granted += recover(k, "agency", rho) == 0 ? rho : 0;
        uint64_t years = (uint64_t)((k->time - start) / YEAR_S) + 1;
        assert_int_equal(account(k).recovered_rho, granted);
        assert_true(granted <= years * YEARLY && granted <= account(k).spent_rho);
        assert_int_equal(account(k).cap_rho, UINT64_C(4000000000) + granted);
    }
    assert_true(granted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who, setup, teardown),
        cmocka_unit_test_setup_teardown(test_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_years, setup, teardown),
        cmocka_unit_test_setup_teardown(test_caps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outcomes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_recover", tests, NULL, NULL);
}
