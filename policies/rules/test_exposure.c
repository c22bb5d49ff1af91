/*
 * scene.exposure: who may ask, what is read, that only a counter remembers it, and that a replayer comes to the
 * same state (kit_send compares).
 */
#include "test_kit.h"

#include "rules/exposure.h"

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

static void granted(struct kit *k)
{
    kit_catalogue(k);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
}

/* What the warden adds: the versions that would be read. */
static int32_t ask_as(struct kit *k, const char *party, const struct sy_exposure_ask *ask)
{
    struct rules_grant g;
    struct rules_exposure e;
    k->extra = (struct sy_inputs){0};
    if (sy_ok(rules_grant_read(k->state, k->grant, &k->arena, &g, NULL)) &&
        sy_ok(rules_exposure_read(&g, ask, &k->arena, &e, NULL))) {
        check_ok(
            rules_run_data(k->state, &e.plan, &k->arena, &k->extra.data, &k->extra.n_data, NULL));
    }
    int32_t code = kit_call(k, party, "scene.exposure", &sy_exposure_ask_desc, ask, k->grant, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

static void test_who_and_when(void **state)
{
    struct kit *k = *state;
    struct sy_exposure_ask ask = {0};
    struct rules_grant g;
    granted(k);
    assert_int_equal(ask_as(k, "operator", &ask), 0);
    assert_true(sy_view_is(k->type, "exposure"));
    assert_int_equal(ask_as(k, "agency", &ask), 0);
    assert_int_equal(ask_as(k, "acme", &ask), SY_E_ROLE);
    assert_int_equal(ask_as(k, "health", &ask), SY_E_ROLE);
    check_ok(rules_grant_read(k->state, k->grant, &k->arena, &g, NULL));
    assert_int_equal(g.row.exposures, 2);
    assert_int_equal(g.account.calls, 0);
    for (size_t i = 0; i < g.account.n_shares; i++) {
        assert_int_equal(g.account.shares[i].rho_spent, 0);
    }
    /* without the versions it would read: not what an honest warden sends */
    assert_int_equal(
        kit_call(k, "agency", "scene.exposure", &sy_exposure_ask_desc, &ask, k->grant, NULL),
        SY_E_INTERNAL);
    struct sy_order o = {.ground = V("incident")};
    assert_int_equal(kit_call(k, "agency", "scene.suspend", &sy_order_desc, &o, k->grant, NULL), 0);
    assert_int_equal(ask_as(k, "agency", &ask), SY_E_STATE);
    k->grant[0] ^= 1;
    assert_int_equal(ask_as(k, "agency", &ask), SY_E_GRANT);
}

static const struct sy_plan_rel *scan_of(const struct rules_exposure *e, const char *dataset,
                                         size_t *ret_first)
{
    *ret_first = 0;
    for (size_t i = 0; i < e->plan.n_rels; i++) {
        if (sy_view_is(e->plan.rels[i].source, dataset)) {
            return &e->plan.rels[i];
        }
        *ret_first += e->plan.rels[i].n_names;
    }
    return NULL;
}

/* By grade, when nothing is named; by name, and then grades 1 and 2 that are not named are not read. */
static void test_columns(void **state)
{
    struct kit *k = *state;
    struct rules_grant g;
    struct rules_exposure e;
    size_t first = 0;
    struct sy_exposure_ask ask = {0};
    granted(k);
    check_ok(rules_grant_read(k->state, k->grant, &k->arena, &g, NULL));
    check_ok(rules_exposure_read(&g, &ask, &k->arena, &e, NULL));
    assert_int_equal(e.plan.n_rels, 3); /* the streets are public */
    assert_null(scan_of(&e, "streets", &first));
    const struct sy_plan_rel *r = scan_of(&e, "persons", &first);
    static const char *const names[] = {"id", "age", "male", "weight", "street", "town"};
    static const enum sy_exposure_role roles[] = {SY_EXPOSURE_UNIT,  SY_EXPOSURE_QUASI,
                                                  SY_EXPOSURE_QUASI, SY_EXPOSURE_SECRET,
                                                  SY_EXPOSURE_QUASI, SY_EXPOSURE_QUASI};
    assert_int_equal(r->n_names, LEN(names));
    for (size_t i = 0; i < LEN(names); i++) {
        assert_true(sy_view_is(r->names[i], names[i]));
        assert_int_equal(e.roles[first + i], roles[i]);
    }
    ask = (struct sy_exposure_ask){.quasi = KIT_STRS(k, "persons.weight"), .n_quasi = 1};
    check_ok(rules_exposure_read(&g, &ask, &k->arena, &e, NULL));
    r = scan_of(&e, "persons", &first);
    assert_int_equal(r->n_names, 2);
    assert_int_equal(e.roles[first + 1], SY_EXPOSURE_QUASI);
    static const char *const bad[] = {"persons.id",    "persons.hiv",  "weight",        "persons.",
                                      "births.clinic", "streets.code", "personsXweight"};
    for (size_t i = 0; i < LEN(bad); i++) {
        ask.quasi[0] = V(bad[i]);
        struct sy_error err = {0};
        check_code(rules_exposure_read(&g, &ask, &k->arena, &e, &err), SY_E_FIELD);
        assert_string_equal(err.field, "quasi");
        assert_int_equal(ask_as(k, "agency", &ask), SY_E_FIELD);
    }
}

/* Exact figures: not for ever, not after the term, and not about classes of core data. */
static void test_bounds(void **state)
{
    struct kit *k = *state;
    struct sy_exposure_ask ask = {0};
    struct rules_grant g;
    struct rules_exposure e;
    size_t first = 0;
    granted(k);
    for (size_t i = 0; i < RULES_EXPOSURES_MAX; i++) {
        assert_int_equal(ask_as(k, "operator", &ask), 0);
    }
    assert_int_equal(ask_as(k, "operator", &ask), SY_E_LIMIT);
    assert_int_equal(ask_as(k, "agency", &ask), SY_E_LIMIT);
    check_ok(rules_grant_read(k->state, k->grant, &k->arena, &g, NULL));
    k->time = g.proposal.not_after + 1;
    assert_int_equal(ask_as(k, "agency", &ask), SY_E_EXPIRED);
    for (size_t i = 0; i < g.defs.n; i++) {
        for (size_t f = 0; f < g.defs.defs[i].n_fields; f++) {
            struct sy_field_def *field = &g.defs.defs[i].fields[f];
            field->grade = sy_view_is(field->name, "weight") ? 4 : field->grade;
        }
    }
    check_ok(rules_exposure_read(&g, &ask, &k->arena, &e, NULL));
    assert_non_null(scan_of(&e, "persons", &first));
    assert_int_equal(e.roles[first + 3], SY_EXPOSURE_SECRET);
    ask = (struct sy_exposure_ask){.quasi = KIT_STRS(k, "persons.weight"), .n_quasi = 1};
    check_code(rules_exposure_read(&g, &ask, &k->arena, &e, NULL), SY_E_FIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_and_when, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_exposure", tests, NULL, NULL);
}
