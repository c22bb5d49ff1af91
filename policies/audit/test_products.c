/*
 * What the log says of products to an auditor: which model an entry is about, and whom a year's disclosure counts a
 * refused question for. Nobody is counted for what others send in its name.
 */
#include "../rules/test_product_kit.h"
#include "test_log_kit.h"

#include <jansson.h>
#include <sodium.h>

#include "audit/disclose.h"
#include "audit/record.h"

static struct log_kit L;
static struct product_kit *P;

/* A domain with a product on sale, whose log is L's. */
static int setup(void **state)
{
    void *kit = NULL;
    (void)state;
    log_kit_init(&L, "example.org/log");
    kit_free(&L.k);
    int failed = product_setup_sold(&kit);
    P = kit;
    L.k = P->k;
    return failed;
}

static int teardown(void **state)
{
    (void)state;
    L.k = P->k; /* which log_kit_free frees */
    log_kit_free(&L);
    return 0;
}

static struct audit_export *exported(void)
{
    L.k = P->k;
    log_kit_entries(&L);
    struct audit_export *x = log_kit_open(&L, L.n);
    P->k = L.k; /* with what its arena has grown by */
    return x;
}

static int32_t run_by(const char *party, const uint8_t *grant)
{
    struct sy_run run = {.params = kit_alloc(&P->k, 1, sizeof(*run.params)), .n_params = 1};
    run.params[0] = (struct sy_run_param){.name = V("min_age"), .value = V("40")};
    return kit_call(&P->k, party, "model.run", &sy_run_desc, &run, grant, P->k.model);
}

/* ---- models ---- */

static void test_models(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    (void)state;
    uint64_t before = P->k.entry;
    assert_int_equal(product_call(P, "shop", "planning", "40"), 0);
    assert_int_equal(product_call(P, "store", "planning", "40"), SY_E_DISGUISED);
    assert_int_equal(product_subscribe(P, "store", "research"), 0);
    assert_int_equal(run_by("rival", P->k.grant), SY_E_GRANT);
    struct sy_unsubscribe end = {.buyer = V("store")};
    assert_int_equal(
        kit_call(&P->k, "store", "product.unsubscribe", &sy_unsubscribe_desc, &end, NULL, P->id),
        0);
    static const bool has_model[] = {true, false, false, true, false};
    struct audit_export *x = exported();
    for (size_t i = 0; i < LEN(has_model); i++) {
        struct audit_record r;
        check_ok(audit_record_read(x, before + i, &arena, &r, NULL));
        assert_int_equal(!audit_is_zero(r.model), has_model[i]);
        if (has_model[i]) {
            assert_memory_equal(r.model, L.k.model, 32);
        }
    }
    audit_close(x);
}

/* An agreement's or an application's number is no model. */
static void test_other_subjects(void **state)
{
    static const char *const methods[] = {"agreement.terminate", "qualify.decide"};
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    uint8_t id[32] = {7};
    (void)state;
    uint64_t before = P->k.entry;
    for (size_t i = 0; i < LEN(methods); i++) {
        assert_int_not_equal(kit_call(&P->k, "agency", methods[i], NULL, NULL, NULL, id), 0);
        assert_int_equal(P->k.entry, before + i + 1); /* logged */
    }
    struct audit_export *x = exported();
    for (size_t i = 0; i < LEN(methods); i++) {
        struct audit_record r;
        check_ok(audit_record_read(x, before + i, &arena, &r, NULL));
        assert_memory_equal(r.header.subject, id, 32);
        assert_true(audit_is_zero(r.model));
    }
    audit_close(x);
}

/* ---- denials ---- */

static json_int_t figure(const json_t *usage, const char *grantee, const char *key)
{
    for (size_t i = 0; i < json_array_size(usage); i++) {
        const json_t *row = json_array_get(usage, i);
        if (strcmp(json_string_value(json_object_get(row, "grantee")), grantee) == 0) {
            return json_integer_value(json_object_get(row, key));
        }
    }
    return -1;
}

static json_t *disclosed(struct audit_export *x)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure d;
    check_ok(audit_disclose(x, 2027, &arena, &d, NULL));
    assert_string_equal(d.files[0].name, "disclosure.json");
    json_t *j = json_loadb((const char *)d.files[0].bytes.p, d.files[0].bytes.n, 0, NULL);
    assert_non_null(j);
    return j;
}

static void test_denials(void **state)
{
    const uint8_t other[32] = {9};
    (void)state;
    struct sy_product_call c = product_args(&P->k, "planning", "40");
    assert_int_equal(product_call(P, "shop", "planning", "40"), 0);
    assert_int_equal(product_call(P, "shop", "research", "40"), SY_E_DISGUISED); /* acme's */
    assert_int_equal(product_call_with(P, "shop", &c, other), SY_E_DISGUISED);   /* nobody's */
    assert_int_equal(product_call(P, "store", "planning", "40"), SY_E_DISGUISED);
    assert_int_equal(product_call(P, "rival", "planning", "40"), SY_E_ROLE);
    assert_int_equal(run_by("rival", P->k.grant), SY_E_GRANT); /* rival's */
    assert_int_equal(run_by("shop", P->k.grant), SY_E_ROLE);
    assert_int_equal(run_by("acme", other), SY_E_GRANT); /* acme's */
    P->k.time = 1830384000;                              /* 2028 */
    assert_int_equal(kit_adopt(&P->k, product_pack(&P->k, 3)), 0);
    struct audit_export *x = exported();
    json_t *j = disclosed(x);
    const json_t *usage = json_object_get(j, "usage");
    assert_int_equal(json_array_size(usage), 2);
    assert_int_equal(figure(usage, "acme", "calls"), 1);
    assert_int_equal(figure(usage, "acme", "denials"), 2);
    assert_int_equal(figure(usage, "rival", "denials"), 1);
    json_decref(j);
    audit_close(x);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(test_models), TEST(test_other_subjects),
                                       TEST(test_denials)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("audit_products", tests, NULL, NULL);
}
