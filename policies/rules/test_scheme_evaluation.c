/* Evaluations feed the end of agreements (articles 15 (5), 30). */
#include "test_qualify_kit.h"

#include <string.h>

#include "wire/supervise.h"

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

/* The pack in which the ground `policy` needs an evaluation. */
static void adopt(struct kit *k)
{
    struct sy_pack *p = qk_pack(k, 3);
    struct sy_pack_qualify *q = p->scheme[0].qualify;
    for (size_t i = 0; i < q->n_endings; i++) {
        q->endings[i].evaluated = sy_view_is(q->endings[i].code, "policy");
    }
    assert_int_equal(kit_adopt(k, p), 0);
}

static int32_t evaluate(struct kit *k, const char *party, const char *outcome)
{
    struct sy_evaluation_score score = {.item = V("capability"), .of = 100, .score = 40};
    struct sy_evaluate a = {.from = k->time - QK_DAY_S,
                            .outcome = V(outcome),
                            .party = V(party),
                            .scores = &score,
                            .n_scores = 1,
                            .third = V("an institute"),
                            .to = k->time};
    memset(a.digest, 0x52, 32);
    return kit_call(k, "agency", "evaluate.record", &sy_evaluate_desc, &a, NULL, NULL);
}

/* The last evaluation counts, and only the party's own. */
static void control_evaluation_feeds(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], agreement[32];
    qk_domain(k);
    qk_ready(k, whole, agreement);
    adopt(k);
    assert_int_equal(qk_end(k, "agency", agreement, "policy"), SY_E_STATE);
    assert_int_equal(evaluate(k, "operator", "fail"), 0);
    assert_int_equal(qk_end(k, "agency", agreement, "policy"), SY_E_STATE);
    assert_int_equal(evaluate(k, "acme", "fail"), 0);
    assert_int_equal(evaluate(k, "acme", "improve"), 0);
    assert_int_equal(qk_end(k, "agency", agreement, "policy"), SY_E_STATE);
    assert_int_equal(evaluate(k, "acme", "fail"), 0);
    assert_int_equal(qk_end(k, "agency", agreement, "policy"), 0);
}

/* Other grounds ask for none. */
static void test_other_grounds(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], agreement[32];
    qk_domain(k);
    qk_ready(k, whole, agreement);
    adopt(k);
    assert_int_equal(qk_end(k, "agency", agreement, "violation"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(control_evaluation_feeds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_grounds, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_scheme_evaluation", tests, NULL, NULL);
}
