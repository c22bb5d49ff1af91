/*
 * A developer's own data once it is in: what may run, that it ends with its grant, which products say so, who sees it.
 */
#include "test_own_kit.h"

#include <string.h>

/* ---- runs ---- */

static void rows_before_runs(void **state)
{
    struct kit *k = *state;
    own_granted(k);
    own_model(k);
    assert_int_equal(own_run(k, "40"), SY_E_STATE);
    assert_true(own_says(k, "own.events is declared"));
    assert_int_equal(own_confirm(k, "approve"), 0);
    assert_int_equal(own_put(k, 0, 1), 0);
    assert_int_equal(own_run(k, "40"), SY_E_STATE);
    assert_true(own_says(k, "own.events is confirmed"));
    assert_int_equal(own_publish(k), 0);
    own_status_is(k, "loaded");
    assert_int_equal(own_run(k, "40"), 0);
}

/* ---- the end ---- */

static int32_t rerun(struct kit *k, uint64_t charge)
{
    const struct sy_rerun a = {.charge = charge};
    return kit_call(k, "audit", "audit.rerun", &sy_rerun_desc, &a, NULL, NULL);
}

static void control_fusion_erased(void **state)
{
    struct kit *k = *state;
    uint8_t grant[32];
    own_loaded_domain(k);
    own_model(k);
    assert_int_equal(own_run(k, "40"), 0);
    uint64_t charge = k->entry - 1;
    assert_int_equal(kit_answer(k, charge, "ok"), 0);
    assert_int_equal(rerun(k, charge), 0);
    assert_int_equal(own_erased(k), SY_E_STATE); /* its grant lives */
    memcpy(grant, k->grant, 32);
    assert_int_equal(kit_order(k, "acme", "scene.revoke", "request"), 0);
    assert_int_equal(kit_apply(k, own_other_scene(k)), SY_E_STATE); /* a second life */
    memcpy(k->grant, grant, 32);
    assert_int_equal(own_erased(k), 0);
    own_status_is(k, "erased");
    assert_int_equal(own_row(k).erased, k->entry - 1);
    assert_int_equal(own_erased(k), SY_E_STATE); /* once */
    assert_int_equal(rerun(k, charge), SY_E_STATE);
    assert_true(own_says(k, "erased"));
    assert_int_equal(own_run(k, "40"), SY_E_GRANT);
    assert_int_equal(kit_apply(k, own_other_scene(k)), SY_E_STATE);
}

/* What was on its way when the grant ended is never published. */
static void late_rows(void **state)
{
    struct kit *k = *state;
    own_granted(k);
    assert_int_equal(own_confirm(k, "approve"), 0);
    assert_int_equal(own_put(k, 0, 2), 0);
    assert_int_equal(own_put(k, 1, 2), 0);
    k->time += (int64_t)86400 * 366;
    assert_int_equal(own_put(k, 0, 1), SY_E_EXPIRED);
    assert_int_equal(own_publish(k), SY_E_EXPIRED);
    assert_int_equal(kit_order(k, "warden", "grant.expire", ""), 0);
    assert_int_equal(own_publish(k), SY_E_EXPIRED);
    assert_int_equal(own_erased(k), 0); /* of no version: header zero */
    assert_int_equal(own_publish(k), SY_E_STATE);
}

/* ---- products ---- */

static void control_fusion_taint(void **state)
{
    struct product_kit *p = *state;
    struct kit *k = &p->k;
    own_loaded_domain(k);
    own_model(k);
    assert_int_equal(kit_enrol(k, "guard", "security"), 0);
    struct sy_product *r = product_record(k);
    r->klass = V("public");
    r->price = 0;
    r->sources[1].dataset = V(OWN_ID);
    assert_int_equal(product_submit(p, r), SY_E_FIELD); /* not the basis of the statement */
    r->sources[1].basis = V("购销合同第 7 条");
    assert_int_equal(product_submit(p, r), 0);
    struct sy_product_row row = product_row(p);
    assert_int_equal(row.n_fused, 1);
    assert_true(sy_view_is(row.fused[0].dataset, OWN_ID));
    assert_true(sy_view_is(row.fused[0].source, "门店会员登记"));
    assert_int_equal(product_report(p, "agency"), 0);
    struct sy_product_report report = product_last_report(p);
    assert_int_equal(report.n_fused, 1);
    assert_true(sy_view_is(report.fused[0].source, "门店会员登记"));
}

/* ---- who sees it ---- */

static bool sees(struct kit *k, const char *id, const char *role, const char *key)
{
    const struct sy_party caller = {.party = V(id), .role = V(role)};
    struct sy_view value;
    assert_true(rules_state_get(k->state, V(key), &value));
    return rules_row_visible(k->state, &caller, V(key), value);
}

static void another_developer_sees_nothing(void **state)
{
    static const char *const keys[] = {"own/" OWN_ID, "dataset/" OWN_ID, "updated/" OWN_ID,
                                       "version/" OWN_ID};
    struct kit *k = *state;
    own_loaded_domain(k);
    for (size_t i = 0; i < LEN(keys); i++) {
        assert_true(sees(k, "acme", "developer", keys[i]));
        assert_true(sees(k, "agency", "agency", keys[i]));
        assert_false(sees(k, "rival", "developer", keys[i]));
        assert_false(sees(k, "shop", "buyer", keys[i]));
    }
    assert_true(sees(k, "clinic", "department", keys[0])); /* whose data it is joined with */
    assert_false(sees(k, "tax", "department", keys[0]));
    assert_false(sees(k, "clinic", "department", keys[3])); /* how many rows there are */
    assert_true(sees(k, "rival", "developer", "dataset/events"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, own_setup, own_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(rows_before_runs), TEST(control_fusion_erased),
                                       TEST(late_rows), TEST(control_fusion_taint),
                                       TEST(another_developer_sees_nothing)};
    return cmocka_run_group_tests_name("rules_scheme_own_end", tests, NULL, NULL);
}
