/*
 * The controls of products (articles 11, 19-22; rules/control.h), one test function each with what is allowed beside
 * what is refused.
 */
#include "test_product_kit.h"
#include "test_qualify_kit.h"

#include <string.h>

enum { JANUARY_2027 = 202701 };

/* ---- filing ---- */

static void control_operator_no_products(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_submit_by(p, "operator", product_record(&p->k)), SY_E_ROLE);
    assert_string_equal(sy_arena_printf(&p->k.arena, "%.*s", SY_PV(p->k.verdict.reason)),
                        "the operator files no products");
    assert_int_equal(product_submit(p, product_record(&p->k)), 0);
}

static void control_product_model(void **state)
{
    struct product_kit *p = *state;
    struct sy_model_def *def = kit_model_def(&p->k);
    def->name = V("another");
    assert_int_equal(kit_register(&p->k, def, kit_plan(&p->k)), 0);
    assert_int_equal(product_submit(p, product_record(&p->k)), SY_E_REVIEW);
    assert_int_equal(kit_review(&p->k, "operator", "model.review", "approve"), 0);
    assert_int_equal(product_submit(p, product_record(&p->k)), 0);
}

static void control_six_forms(void **state)
{
    static const char *const forms[] = {"component", "model",  "verification",
                                        "service",   "report", "tool"};
    struct product_kit *p = *state;
    struct sy_product *r = product_record(&p->k);
    r->form = V("dataset"); /* data as such is no product */
    assert_int_equal(product_submit(p, r), SY_E_FIELD);
    for (size_t i = 0; i < LEN(forms); i++) {
        r->form = V(forms[i]);
        assert_int_equal(product_submit(p, r), 0);
    }
}

static void control_scope_of_grant(void **state)
{
    struct product_kit *p = *state;
    struct sy_product *r = product_record(&p->k);
    r->purpose = V("marketing");
    assert_int_equal(product_submit(p, r), SY_E_FIELD);
    r = product_record(&p->k);
    r->scene = V("other");
    assert_int_equal(product_submit(p, r), SY_E_FIELD);
    assert_int_equal(product_submit(p, product_record(&p->k)), 0);
}

static void control_sources_named(void **state)
{
    struct product_kit *p = *state;
    struct sy_product *r = product_record(&p->k);
    r->n_sources = 1; /* one is kept quiet */
    assert_int_equal(product_submit(p, r), SY_E_FIELD);
    r = product_record(&p->k);
    r->sources[1].dataset = V("births"); /* one that it does not read */
    assert_int_equal(product_submit(p, r), SY_E_FIELD);
    r = product_record(&p->k);
    r->sources[0].basis = V("");
    assert_int_equal(product_submit(p, r), SY_E_FIELD);
    assert_int_equal(product_submit(p, product_record(&p->k)), 0);
}

/* ---- prices ---- */

static void control_price_class(void **state)
{
    struct product_kit *p = *state;
    struct sy_product *r = product_record(&p->k);
    r->price = 0;
    assert_int_equal(product_submit(p, r), SY_E_LIMIT);
    r->klass = V("public");
    r->price = PRODUCT_PUBLIC_MAX + 1;
    assert_int_equal(product_submit(p, r), SY_E_LIMIT);
    r->price = PRODUCT_PUBLIC_MAX;
    assert_int_equal(product_submit(p, r), 0);
    r->price = 0;
    assert_int_equal(product_submit(p, r), 0);
}

static void control_price_cap(void **state)
{
    struct product_kit *p = *state;
    struct sy_product *r = product_record(&p->k);
    r->price = PRODUCT_PRICE_MAX + 1;
    assert_int_equal(product_submit(p, r), SY_E_LIMIT);
    r->price = PRODUCT_PRICE_MAX;
    assert_int_equal(product_submit(p, r), 0);
}

static void control_fee_cap(void **state)
{
    struct product_kit *p = *state;
    struct sy_product *r = product_record(&p->k);
    r->fee_permille = PRODUCT_FEE_MAX + 1;
    assert_int_equal(product_submit(p, r), SY_E_LIMIT);
    r->fee_permille = PRODUCT_FEE_MAX;
    assert_int_equal(product_submit(p, r), 0);
}

/* A domain that wants agreements. */
static int setup_agreed(void **state)
{
    static struct product_kit p;
    memset(&p, 0, sizeof(p));
    struct kit *k = &p.k;
    uint8_t whole[32];
    uint8_t agreement[32];
    kit_init(k);
    qk_domain(k);
    qk_ready(k, whole, agreement);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    struct sy_pack *pack = qk_pack(k, 3);
    pack->scheme[0].product = product_pack(k, 3)->scheme[0].product;
    pack->scheme[0].n_product = 1;
    assert_int_equal(kit_adopt(k, pack), 0);
    *state = &p;
    return 0;
}

static void control_fee_agreed(void **state)
{
    struct product_kit *p = *state;
    struct sy_product *r = product_record(&p->k);
    uint64_t agreed = qk_agreement(&p->k, "acme", p->k.grant, NULL)->fee_permille;
    r->fee_permille = agreed + 1;
    assert_int_equal(product_submit(p, r), SY_E_FIELD);
    r->fee_permille = agreed;
    assert_int_equal(product_submit(p, r), 0);
}

/* ---- reports and reviews ---- */

static void control_report_attempts(void **state)
{
    struct product_kit *p = *state;
    for (int i = 0; i < PRODUCT_REPORTS; i++) {
        assert_int_equal(product_report(p, i == 1 ? "guard" : "agency"), 0);
    }
    assert_int_equal(product_report(p, "agency"), SY_E_LIMIT);
}

/* A pack that asks for less than the product tells: the fourth check fails, and nobody may approve. */
static void control_five_checks(void **state)
{
    struct product_kit *p = *state;
    struct sy_pack *strict = product_pack(&p->k, 3);
    strict->scheme[0].product[0].advantage_max = 100;
    assert_int_equal(kit_adopt(&p->k, strict), 0);
    assert_int_equal(product_report(p, "agency"), 0);
    assert_int_equal(product_review(p, "guard", "approve"), SY_E_REVIEW);
    strict = product_pack(&p->k, 4);
    strict->scheme[0].product[0].advantage_max = 317;
    assert_int_equal(kit_adopt(&p->k, strict), 0);
    assert_int_equal(product_report(p, "agency"), 0);
    assert_int_equal(product_review(p, "guard", "approve"), 0);
}

static void control_security_review(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_report(p, "agency"), 0);
    assert_int_equal(product_review(p, "agency", "approve"), 0);
    assert_int_equal(product_act(p, "agency", "product.publish"), SY_E_REVIEW);
    assert_int_equal(product_review(p, "guard", "approve"), 0);
    assert_int_equal(product_act(p, "agency", "product.publish"), 0);
}

static void control_agency_release(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_report(p, "agency"), 0);
    assert_int_equal(product_review(p, "guard", "approve"), 0);
    assert_int_equal(product_act(p, "agency", "product.publish"), SY_E_REVIEW);
    assert_int_equal(product_review(p, "agency", "approve"), 0);
    assert_int_equal(product_act(p, "agency", "product.publish"), 0);
}

/* Grant, model and report: whoever names another one gets nothing. */
static void control_product_bound(void **state)
{
    struct product_kit *p = *state;
    struct sy_product_call c = product_args(&p->k, "planning", "40");
    c.model[0] ^= 1;
    assert_int_equal(product_call_with(p, "shop", &c, NULL), SY_E_STATE);
    c = product_args(&p->k, "planning", "40");
    uint8_t other[32] = {1};
    assert_int_equal(product_call_with(p, "shop", &c, other), SY_E_DISGUISED);
    assert_int_equal(product_call_with(p, "shop", &c, NULL), 0);
    struct sy_product *r = product_record(&p->k);
    r->version = V("2");
    r->grant[0] ^= 1;
    assert_int_equal(product_submit(p, r), SY_E_GRANT);
    r->grant[0] ^= 1;
    assert_int_equal(product_submit(p, r), 0);
    assert_int_equal(product_report(p, "agency"), 0);
    p->report[0] ^= 1;
    assert_int_equal(product_review(p, "guard", "approve"), SY_E_DIGEST);
    p->report[0] ^= 1;
    assert_int_equal(product_review(p, "guard", "approve"), 0);
}

/* ---- sale ---- */

static void control_registered(void **state)
{
    struct product_kit *p = *state;
    product_release(p);
    assert_int_equal(product_subscribe(p, "shop", "planning"), SY_E_STATE);
    assert_int_equal(product_register(p, "JN-2026-001", ""), 0);
    assert_int_equal(product_subscribe(p, "shop", "planning"), SY_E_STATE);
    assert_int_equal(product_register(p, "JN-2026-002", ""), SY_E_EXISTS);
    assert_int_equal(product_register(p, "", "370812-0001"), 0);
    assert_int_equal(product_subscribe(p, "shop", "planning"), 0);
}

static void control_no_transfer(void **state)
{
    struct product_kit *p = *state;
    struct sy_subscribe s = {.price = PRODUCT_PRICE, .purpose = V("planning")};
    assert_int_equal(
        kit_call(&p->k, "store", "product.subscribe", &sy_subscribe_desc, &s, NULL, p->id),
        SY_E_FIELD);
    assert_int_equal(product_subscribe(p, "store", "planning"), 0);
}

static void control_buyer_subscribed(void **state)
{
    struct product_kit *p = *state;
    struct sy_unsubscribe end = {.buyer = V("store")};
    assert_int_equal(product_call(p, "store", "", "40"), SY_E_DISGUISED);
    assert_int_equal(product_misuse(p, "store").n, 1);
    assert_int_equal(product_subscribe(p, "store", "planning"), 0);
    assert_int_equal(product_call(p, "store", "planning", "40"), 0);
    assert_int_equal(
        kit_call(&p->k, "shop", "product.unsubscribe", &sy_unsubscribe_desc, &end, NULL, p->id),
        SY_E_DENIED);
    assert_int_equal(
        kit_call(&p->k, "agency", "product.unsubscribe", &sy_unsubscribe_desc, &end, NULL, p->id),
        0);
    assert_int_equal(product_call(p, "store", "planning", "60"), SY_E_DISGUISED);
    assert_int_equal(product_misuse(p, "store").n, 2);
}

static void control_purpose_bound(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_subscribe(p, "store", "advertising"), SY_E_FIELD);
    assert_int_equal(product_call(p, "shop", "research", "40"), SY_E_DISGUISED);
    struct sy_product_misuse m = product_misuse(p, "shop");
    assert_int_equal(m.n, 1);
    assert_int_equal(m.entry, p->k.entry - 1);
    assert_true(sy_view_is(m.field, "purpose"));
    assert_int_equal(product_meter(p, "shop", JANUARY_2027).calls, 0);
    assert_int_equal(product_call(p, "shop", "planning", "40"), 0);
}

static void control_withdrawn_stops(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_call(p, "shop", "planning", "40"), 0);
    assert_int_equal(product_order(p, "guard", "incident"), SY_E_ROLE); /* not its ground */
    assert_int_equal(product_order(p, "rival", "request"), SY_E_DENIED);
    assert_int_equal(product_order(p, "clinic", "incident"), 0); /* of a source */
    assert_int_equal(product_call(p, "shop", "planning", "60"), SY_E_STATE);
    assert_int_equal(product_order(p, "agency", "incident"), SY_E_STATE);
    assert_int_equal(product_subscribe(p, "store", "planning"), SY_E_STATE);
}

#define WITH(setup, f) cmocka_unit_test_setup_teardown(f, setup, product_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(product_setup, control_operator_no_products),
        WITH(product_setup, control_product_model),
        WITH(product_setup, control_six_forms),
        WITH(product_setup, control_scope_of_grant),
        WITH(product_setup, control_sources_named),
        WITH(product_setup, control_price_class),
        WITH(product_setup, control_price_cap),
        WITH(product_setup, control_fee_cap),
        WITH(setup_agreed, control_fee_agreed),
        WITH(product_setup_filed, control_report_attempts),
        WITH(product_setup_filed, control_five_checks),
        WITH(product_setup_filed, control_security_review),
        WITH(product_setup_filed, control_agency_release),
        WITH(product_setup_sold, control_product_bound),
        WITH(product_setup_filed, control_registered),
        WITH(product_setup_sold, control_no_transfer),
        WITH(product_setup_sold, control_buyer_subscribed),
        WITH(product_setup_sold, control_purpose_bound),
        WITH(product_setup_sold, control_withdrawn_stops),
    };
    return cmocka_run_group_tests_name("rules_scheme_product", tests, NULL, NULL);
}
