/*
 * Products in a domain with a catalogue: the lawful basis of a source is the catalogue's, and what is no longer on offer
 * is a finding of the second check.
 */
#include "test_catalogue_kit.h"
#include "test_product_kit.h"

#include <string.h>

#define BASIS "《基本医疗卫生与健康促进法》第九十六条" /* of the kit's entries */

/* The catalogue's pack with a section for products. */
static int setup(void **state)
{
    static struct product_kit p;
    memset(&p, 0, sizeof(p));
    struct kit *k = &p.k;
    kit_init(k);
    cat_granted(k);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    struct sy_pack *pack = cat_pack(k, 3);
    pack->scheme[0].product = product_pack(k, 3)->scheme[0].product;
    pack->scheme[0].n_product = 1;
    assert_int_equal(kit_adopt(k, pack), 0);
    *state = &p;
    return 0;
}

static struct sy_product *with_basis(struct product_kit *p, const char *basis)
{
    struct sy_product *r = product_record(&p->k);
    r->sources[0].basis = V(basis);
    r->sources[1].basis = V(basis);
    return r;
}

static void the_basis_is_the_catalogues(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_submit(p, product_record(&p->k)), SY_E_FIELD); /* a basis of its own */
    assert_int_equal(product_submit(p, with_basis(p, BASIS)), 0);
}

static const struct sy_product_check *sources_check(const struct sy_product_report *r)
{
    assert_int_equal(r->n_checks, SY_PRODUCT_CHECKS);
    assert_true(sy_view_is(r->checks[1].code, "sources"));
    return &r->checks[1];
}

static void what_is_not_offered_is_a_finding(void **state)
{
    struct product_kit *p = *state;
    assert_int_equal(product_submit(p, with_basis(p, BASIS)), 0);
    assert_int_equal(product_report(p, "agency"), 0);
    struct sy_product_report r = product_last_report(p);
    assert_true(sources_check(&r)->passed);
    assert_int_equal(cat_withdraw(&p->k, "clinic", "events"), 0);
    assert_int_equal(product_report(p, "agency"), 0);
    r = product_last_report(p);
    assert_false(sources_check(&r)->passed);
    assert_int_equal(sources_check(&r)->n_findings, 1);
    assert_int_equal(product_review(p, "agency", "approve"), SY_E_REVIEW);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, product_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(the_basis_is_the_catalogues),
                                       TEST(what_is_not_offered_is_a_finding)};
    return cmocka_run_group_tests_name("rules_scheme_product_sources", tests, NULL, NULL);
}
