/* Demand that the catalogue does not meet: filed by the operator, approved by two, met by an entry. */
#include "test_catalogue_kit.h"

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

static struct sy_demand sound(void)
{
    return (struct sy_demand){.developer = V("acme"),
                              .items = V("门诊预约记录"),
                              .scene = V("预约取消原因分析"),
                              .sector = V("health"),
                              .title = V("预约数据")};
}

static int32_t file(struct kit *k, const struct sy_demand *d)
{
    return kit_call(k, "operator", "demand.file", &sy_demand_desc, d, NULL, NULL);
}

static int32_t review(struct kit *k, const char *party, uint64_t demand, const char *decision)
{
    const struct sy_demand_review a = {
        .decision = V(decision), .demand = demand, .opinion = V("seen")};
    return kit_call(k, party, "demand.review", &sy_demand_review_desc, &a, NULL, NULL);
}

static uint64_t filed(struct kit *k)
{
    struct sy_demand d = sound();
    assert_int_equal(file(k, &d), 0);
    return k->entry - 1;
}

/* An entry of persons that says it meets the demand. */
static int32_t meet(struct kit *k, uint64_t demand)
{
    struct sy_entry *e = cat_entry(k, kit_persons(k));
    e->demands = &demand;
    e->n_demands = 1;
    return cat_describe(k, e);
}

static bool is(struct kit *k, uint64_t demand, const char *status)
{
    return sy_view_is(cat_demand_row(k, demand).status, status);
}

static void test_file(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    struct sy_demand d = sound();
    d.developer = V("health");
    assert_int_equal(file(k, &d), SY_E_ROLE);
    d = sound();
    d.sector = V("acme");
    assert_int_equal(file(k, &d), SY_E_ROLE);
    d = sound();
    d.sector = V("nobody");
    assert_int_equal(file(k, &d), SY_E_PARTY);
    d = sound();
    d.items = V("");
    assert_int_equal(file(k, &d), SY_E_FIELD);
    d = sound();
    assert_int_equal(file(k, &d), 0);
    assert_true(sy_view_is(k->type, "demand"));
    assert_true(is(k, k->entry - 1, "filed"));
}

/* Both: whichever comes first. Only then may an entry say that it meets the demand. */
static void control_demand_both(void **state)
{
    static const char *const orders[][2] = {{"agency", "health"}, {"health", "agency"}};
    struct kit *k = *state;
    cat_domain(k);
    for (size_t i = 0; i < LEN(orders); i++) {
        uint64_t demand = filed(k);
        assert_int_equal(meet(k, demand), SY_E_STATE);
        assert_int_equal(review(k, orders[i][0], demand, "approve"), 0);
        assert_true(is(k, demand, "filed"));
        assert_int_equal(meet(k, demand), SY_E_STATE);
        assert_int_equal(review(k, orders[i][0], demand, "approve"), SY_E_EXISTS);
        assert_int_equal(review(k, orders[i][1], demand, "approve"), 0);
        assert_true(is(k, demand, "approved"));
        assert_int_equal(review(k, orders[i][1], demand, "reject"), SY_E_STATE);
        assert_int_equal(meet(k, demand), 0);
    }
}

static void test_reject(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    uint64_t demand = filed(k);
    assert_int_equal(review(k, "clinic", demand, "approve"), SY_E_DENIED);
    assert_int_equal(review(k, "health", demand, "perhaps"), SY_E_FIELD);
    assert_int_equal(review(k, "agency", demand + 1, "approve"), SY_E_NOT_FOUND);
    assert_int_equal(review(k, "health", demand, "reject"), 0);
    assert_true(is(k, demand, "rejected"));
    assert_int_equal(review(k, "agency", demand, "approve"), SY_E_STATE);
    assert_int_equal(meet(k, demand), SY_E_STATE);
}

/* Met with the agency's approval of the entry, and by one dataset. */
static void test_met(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    uint64_t demand = filed(k);
    assert_int_equal(review(k, "agency", demand, "approve"), 0);
    assert_int_equal(review(k, "health", demand, "approve"), 0);
    assert_int_equal(meet(k, demand), 0);
    assert_true(is(k, demand, "approved"));
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    assert_true(is(k, demand, "met"));
    assert_true(sy_view_is(cat_demand_row(k, demand).met, "persons"));
    assert_int_equal(meet(k, demand), 0); /* the next version of the same entry */
    struct sy_entry *e = cat_entry(k, kit_events(k));
    e->demands = &demand;
    e->n_demands = 1;
    assert_int_equal(cat_describe(k, e), SY_E_STATE);
}

static void test_visible(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    struct rules_key key = rules_key_number("demand/", filed(k));
    assert_true(cat_sees(k, "acme", key.text));
    assert_true(cat_sees(k, "health", key.text));
    assert_true(cat_sees(k, "operator", key.text));
    assert_false(cat_sees(k, "rival", key.text));
    assert_false(cat_sees(k, "clinic", key.text));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_file), T(control_demand_both), T(test_reject), T(test_met), T(test_visible),
    };
    return cmocka_run_group_tests_name("rules_scheme_demand", tests, NULL, NULL);
}
