/* Quantiles in the post stage: typing, the value at which weights reach q, sums that do not ascend, lanes. */
#include "test_post_kit.h"

static struct kit_key STREET = {"a b c", SY_TYPE_STR, false};
static struct kit_key AGE = {"0 10 20 30 40", SY_TYPE_INT, true};

/* c0 street, c1 age, c2 n */
static void source(struct kit *k, const char *table)
{
    kit_source(k, "t", "person", (struct kit_key[]){STREET, AGE}, 2, 1);
    kit_table(k, 0, table);
}

static void test_quantiles_of_weights(void **state)
{
    struct kit *k = *state;
    source(k, "a 30 2; b 10 7; a 10 3; a 0 1; b - 100; c 0 0; a 40 4");
    KIT(k, .op = "reduce", .in = "0", .keys = 1, .fns = "quantile quantile sum quantile quantile",
        .e = "c0 c1 c2 i1k1 c1 c2 i5k1 c2 c1 c2 i6k1 c1 c2 i601k3");
    /* of 10: 1 at 0, 3 at 10, 2 at 30, 4 at 40; 0.6 of them are reached at 30, one thousandth more is not */
    kit_expect(k, 0, "a 0 30 10 30 40; b 10 10 107 10 10; c - - 0 - -");
}

static void test_without_groups_and_rows(void **state)
{
    struct kit *k = *state;
    source(k, "a 30 2; b 10 7; a 20 -2");
    KIT(k, .op = "reduce", .in = "0", .fns = "quantile", .e = "c1 c2 i5k1");
    kit_expect(k, 0, "10");
    kit_table(k, 0, "");
    kit_expect(k, 0, "-");
    kit_table(k, 0, "a 10 -; b 20 -3; b 30 3");
    kit_expect(k, 0, "-");
}

/* Equal values are one step, in whatever order their rows come. */
static void test_equal_values_are_one(void **state)
{
    struct kit *k = *state;
    source(k, "a 20 5; b 10 1; a 10 2; c 10 3");
    KIT(k, .op = "reduce", .in = "0", .fns = "quantile quantile", .e = "c1 c2 i55k2 c1 c2 i54k2");
    kit_expect(k, 0, "20 10");
}

/* Sums 4 2 6 of values 0 10 20: repaired 4 4 6 from above, 2 2 6 from below, 3 3 6 in the middle. Half of 6 is
 * reached at 0 in the middle, which the released lane takes, and 0.55 of it at 20. */
static void test_sums_are_made_to_ascend(void **state)
{
    struct kit *k = *state;
    source(k, "a 0 4; a 10 -2; a 20 4");
    KIT(k, .op = "reduce", .in = "0", .fns = "quantile quantile quantile",
        .e = "c1 c2 i5k1 c1 c2 i55k2 c1 c2 i3k1");
    kit_expect(k, 0, "0 20 0");
}

/* Of many lanes some take the curve above and some that below: 0 and 20 above. Both have to be there, or the
 * interval would depend on the repair. */
static void test_lanes_take_both_curves(void **state)
{
    struct kit *k = *state;
    size_t low = 0;
    size_t high = 0;
    k->n_lanes = 8;
    source(k, "a 0 4|4.001|4.002|4.003|4.004|4.005|4.006|4.007; a 10 -2; a 20 4");
    KIT(k, .op = "reduce", .in = "0", .fns = "quantile", .e = "c1 c2 i5k1");
    check_ok(kit_type(k));
    check_ok(kit_run(k));
    for (size_t lane = 0; lane < k->n_lanes; lane++) {
        double v = kit_number(k, 0, 0, lane);
        assert_true(v == 0 || v == 20);
        low += v == 0 ? 1 : 0;
        high += v == 20 ? 1 : 0;
    }
    assert_true(kit_number(k, 0, 0, 0) == 0);
    assert_true(low >= 2 && high >= 2);
}

/* A lane's value is a function of the lane and not of where it stands. */
static void test_lanes_do_not_know_their_number(void **state)
{
    struct kit *k = *state;
    k->n_lanes = 3;
    source(k, "a 0 4|4.25|4.001; a 10 -2; a 20 4");
    KIT(k, .op = "reduce", .in = "0", .fns = "quantile", .e = "c1 c2 i5k1");
    check_ok(kit_type(k));
    check_ok(kit_run(k));
    double first = kit_number(k, 0, 0, 1);
    double second = kit_number(k, 0, 0, 2);
    kit_table(k, 0, "a 0 4|4.001|4.25; a 10 -2; a 20 4");
    check_ok(kit_run(k));
    assert_true(kit_number(k, 0, 0, 1) == second && kit_number(k, 0, 0, 2) == first);
}

static void test_types(void **state)
{
    struct kit *k = *state;
    source(k, "a 0 4");
    KIT(k, .op = "reduce", .in = "0", .keys = 1, .fns = "quantile quantile",
        .e = "c0 c1 c2 i5k1 c1 i1 i5k1");
    check_ok(kit_type(k));
    assert_int_equal(k->typed.rels[1].cols[1].kind, SY_POST_NUMBER);
    assert_true(k->typed.rels[1].cols[1].noisy);
    assert_false(k->typed.rels[1].cols[2].noisy); /* of equal weights without noise */
}

static void test_refusals(void **state)
{
    static const struct {
        const char *e, *reason;
    } cases[] = {
        {"c1 c2 i0", "between 0 and 1"},    {"c1 c2 i1", "between 0 and 1"},
        {"c1 c2 i10k1", "between 0 and 1"}, {"c1 c2 i-5k1", "between 0 and 1"},
        {"c1 c2 c1", "between 0 and 1"},    {"c1 c2 i1 i2 div", "between 0 and 1"},
        {"c2 c1 i5k1", "without noise"},    {"c2 c2 add c2 i5k1", "without noise"},
        {"c1 c0 i5k1", "and weights"},      {"c1 c2 i5 gt i5k1", ""},
        {"c0 c2 i5k1", "takes a number"},   {"c1 c2", "lacks its argument"},
        {"c1 c2 i5k1 c2", "one argument"},
    };
    struct kit *k = *state;
    source(k, "a 0 4");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        k->post.n_rels = 1;
        k->post.n_outs = 0;
        KIT(k, .op = "reduce", .in = "0", .fns = "quantile", .e = cases[i].e);
        print_message("# %s\n", cases[i].e);
        kit_refused(k, "post.rels[1].f", cases[i].reason);
    }
    k->post.n_rels = 1;
    KIT(k, .op = "window", .in = "0", .kind = "all", .fns = "quantile", .e = "c1 c2 i5k1");
    kit_refused(k, "post.rels[1].f", "unknown");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_quantiles_of_weights),
        TEST(test_without_groups_and_rows),
        TEST(test_equal_values_are_one),
        TEST(test_sums_are_made_to_ascend),
        TEST(test_lanes_take_both_curves),
        TEST(test_lanes_do_not_know_their_number),
        TEST(test_types),
        TEST(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
