/*
 * Tests of products inside the domain, as the rules see them: who asks, how often, what is recorded of each, who sees it,
 * and that a pack may want one that has passed.
 */
#include "test_product_kit.h"

#include <string.h>

#include "wire/product_test.h"

enum { TESTS = 2, ASKED_MS = 20000 };

static uint64_t asked; /* entry of the last test asked for */

/* A pack that wants tests. */
static void want_tests(struct product_kit *p)
{
    struct sy_pack *strict = product_pack(&p->k, 3);
    strict->scheme[0].product[0].test_asked = true;
    strict->scheme[0].product[0].tests_max = TESTS;
    strict->scheme[0].product[0].test_ms = ASKED_MS;
    assert_int_equal(rules_product_test_ms(strict), ASKED_MS);
    assert_int_equal(kit_adopt(&p->k, strict), 0);
}

static int32_t ask_with(struct product_kit *p, const char *party, const struct sy_inputs *in)
{
    p->k.extra = *in;
    int32_t code = product_act(p, party, "product.test");
    p->k.extra = (struct sy_inputs){0};
    asked = code == 0 ? p->k.entry - 1 : asked;
    return code;
}

static struct sy_inputs inputs(struct product_kit *p)
{
    struct sy_inputs in = {0};
    memset(in.salt, (int)(p->k.entry % 250) + 1, 32);
    check_ok(rules_run_data(p->k.state, kit_plan(&p->k), &p->k.arena, &in.data, &in.n_data, NULL));
    return in;
}

static int32_t ask(struct product_kit *p, const char *party)
{
    struct sy_inputs in = inputs(p);
    return ask_with(p, party, &in);
}

/* A sound record of the last test asked for. */
static struct sy_product_tested record(struct product_kit *p, const char *outcome)
{
    struct sy_product_tested t = {.outcome = V(outcome), .test = asked};
    memcpy(t.product, p->id, 32);
    if (strcmp(outcome, "unable") != 0) {
        t.limit = 20;
        t.membership = V("bounded");
        t.draws = 8192;
        t.units = SY_PRODUCT_TEST_UNITS;
        memset(t.commit, 9, 32);
    }
    return t;
}

static int32_t tell(struct product_kit *p, const struct sy_product_tested *t)
{
    return kit_call(&p->k, "warden", "product.tested", &sy_product_tested_desc, t, NULL, NULL);
}

static void tested(struct product_kit *p, const char *outcome)
{
    assert_int_equal(ask(p, "agency"), 0);
    struct sy_product_tested t = record(p, outcome);
    assert_int_equal(tell(p, &t), 0);
}

static struct sy_product_test_row tries(struct product_kit *p)
{
    struct rules_key key = rules_key_hash("product_test/", p->id);
    struct sy_product_test_row row;
    check_ok(rules_state_read(p->k.state, rules_key_view(&key), &sy_product_test_row_desc,
                              &p->k.arena, &row, NULL));
    return row;
}

/* ---- controls ---- */

static void control_test_attempts(void **state)
{
    struct product_kit *p = *state;
    want_tests(p);
    tested(p, "failed");
    assert_int_equal(ask(p, "operator"), 0); /* without an outcome it counts too */
    assert_int_equal(ask(p, "agency"), SY_E_LIMIT);
    assert_int_equal(tries(p).n_tries, TESTS);
    struct sy_product *renamed = product_record(&p->k); /* another product, and the same answers */
    renamed->title = V("other words");
    assert_int_equal(product_submit(p, renamed), 0);
    assert_int_equal(ask(p, "agency"), SY_E_LIMIT);
}

static void control_product_tested(void **state)
{
    struct product_kit *p = *state;
    want_tests(p);
    assert_int_equal(product_report(p, "agency"), 0);
    assert_int_equal(product_review(p, "guard", "approve"), SY_E_REVIEW);
    assert_true(sy_view_is(p->k.verdict.field, "test"));
    tested(p, "failed");
    assert_int_equal(product_review(p, "guard", "approve"), SY_E_REVIEW);
    tested(p, "passed");
    assert_int_equal(product_review(p, "guard", "approve"), 0);
    assert_int_equal(product_review(p, "agency", "approve"), 0);
}

/* ---- beside them ---- */

static void the_last_test_decides(void **state)
{
    struct product_kit *p = *state;
    want_tests(p);
    assert_int_equal(product_report(p, "agency"), 0);
    tested(p, "passed");
    assert_int_equal(ask(p, "agency"), 0);
    assert_int_equal(product_review(p, "guard", "approve"), SY_E_REVIEW); /* it has no outcome */
    struct sy_product_tested t = record(p, "unable");
    assert_int_equal(tell(p, &t), 0);
    assert_int_equal(product_review(p, "guard", "approve"), SY_E_REVIEW);
    assert_int_equal(product_review(p, "guard", "return"), 0);
}

/* Nobody asks for tests: a product is approved without, and three may be made. */
static void a_pack_need_not_ask(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_report(p, "agency"), 0);
    tested(p, "failed");
    assert_int_equal(product_review(p, "guard", "approve"), 0);
    tested(p, "unable");
    tested(p, "passed");
    assert_int_equal(ask(p, "agency"), SY_E_LIMIT);
    assert_int_equal(tries(p).n_tries, SY_PRODUCT_TESTS_DEFAULT);
}

static void who_asks_and_for_what(void **state)
{
    static const char *const OTHERS[] = {"acme", "guard", "health", "audit", "shop"};
    struct product_kit *p = *state;
    for (size_t i = 0; i < LEN(OTHERS); i++) {
        assert_int_equal(ask(p, OTHERS[i]), SY_E_ROLE);
    }
    struct sy_inputs in = inputs(p), none = {0};
    memset(in.salt, 0, 32);
    assert_int_equal(ask_with(p, "agency", &in), SY_E_INTERNAL);
    assert_int_equal(ask_with(p, "agency", &none), SY_E_INTERNAL);
    assert_int_equal(kit_order(&p->k, "agency", "scene.suspend", "incident"), 0);
    assert_int_equal(ask(p, "agency"), SY_E_SUSPENDED);
    p->id[0] ^= 1;
    assert_int_equal(ask(p, "agency"), SY_E_NOT_FOUND);
}

static void a_published_product_is_tested_no_more(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(ask(p, "agency"), SY_E_STATE);
}

/* One outcome each, by the warden only, and one that its figures bear out. */
static void outcomes(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(ask(p, "agency"), 0);
    struct sy_product_tested good = record(p, "passed"), t = good;
    assert_int_equal(
        kit_call(&p->k, "agency", "product.tested", &sy_product_tested_desc, &good, NULL, NULL),
        SY_E_ROLE);
    t.limit = SY_PRODUCT_UNBOUNDED; /* a limit that bounds nothing is called so */
    assert_int_equal(tell(p, &t), SY_E_FIELD);
    t.limit = 101;
    t.membership = V("unbounded");
    assert_int_equal(tell(p, &t), SY_E_FIELD);
    t = good;
    t.membership = V("unbounded");
    assert_int_equal(tell(p, &t), SY_E_FIELD);
    t = good;
    t.units--; /* how many there were is the data's */
    assert_int_equal(tell(p, &t), SY_E_FIELD);
    t = good;
    t.outcome = V("unable");
    assert_int_equal(tell(p, &t), SY_E_FIELD);
    t.outcome = V("fine");
    assert_int_equal(tell(p, &t), SY_E_FIELD);
    t = good;
    t.test++;
    assert_int_equal(tell(p, &t), SY_E_STATE);
    t = good;
    t.product[0] ^= 1;
    assert_int_equal(tell(p, &t), SY_E_STATE);
    assert_int_equal(tell(p, &good), 0);
    uint64_t entry = p->k.entry - 1;
    assert_int_equal(tell(p, &good), SY_E_STATE);
    assert_int_equal(tries(p).tries[0].entry, entry);
    assert_int_equal(tries(p).tries[0].asked, asked);
}

static bool sees(struct product_kit *p, const char *party, struct sy_view key, struct sy_view value)
{
    struct rules_key pk = rules_key_id("party/", V(party));
    struct sy_party caller;
    check_ok(rules_state_read(p->k.state, rules_key_view(&pk), &sy_party_desc, &p->k.arena, &caller,
                              NULL));
    return rules_row_visible(p->k.state, &caller, key, value);
}

/* Not the developer whose product it is, nor its department: before a decision, and after it. */
static void only_reviewers_see(void **state)
{
    static const struct {
        const char *party;
        bool sees;
    } WHO[] = {{"agency", true}, {"operator", true}, {"guard", true},  {"audit", true},
               {"acme", false},  {"shop", false},    {"health", false}};
    struct product_kit *p = *state;
    want_tests(p);
    tested(p, "passed");
    struct rules_key key = rules_key_hash("product_test/", p->id);
    struct sy_view value;
    for (int done = 0; done < 2; done++) { /* on review, and on sale */
        assert_true(rules_state_get(p->k.state, rules_key_view(&key), &value));
        for (size_t i = 0; i < LEN(WHO); i++) {
            assert_int_equal(sees(p, WHO[i].party, rules_key_view(&key), value), WHO[i].sees);
        }
        if (done == 0) {
            product_release(p);
        }
    }
}

/* What packs were refused for before there were tests, they are refused for in the same words: logs have them. */
static void words_of_old_logs(void **state)
{
    static const char OLD[] = "reviewers, reports, and a fee of at most 1000";
    struct product_kit *p = *state;
    struct sy_pack *bad = product_pack(&p->k, 3);
    bad->scheme[0].product[0].fee_permille_max = 1001;
    assert_int_equal(kit_adopt(&p->k, bad), SY_E_FIELD);
    assert_true(sy_view_is(p->k.verdict.reason, OLD));
    bad = product_pack(&p->k, 3);
    bad->scheme[0].product[0].test_ms = 600001;
    assert_int_equal(kit_adopt(&p->k, bad), SY_E_FIELD);
    assert_false(sy_view_is(p->k.verdict.reason, OLD));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, product_setup_filed, product_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(control_test_attempts),
        TEST(control_product_tested),
        TEST(the_last_test_decides),
        TEST(a_pack_need_not_ask),
        TEST(who_asks_and_for_what),
        cmocka_unit_test_setup_teardown(a_published_product_is_tested_no_more, product_setup_sold,
                                        product_teardown),
        TEST(outcomes),
        TEST(only_reviewers_see),
        TEST(words_of_old_logs),
    };
    return cmocka_run_group_tests_name("rules_scheme_product_test", tests, NULL, NULL);
}
