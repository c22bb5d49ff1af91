/*
 * The catalogue: describe, approve, withdraw, offer; who may, what an entry must say, and what a grant may cover. One
 * function named control_x for each control, which fails when that control is switched off.
 */
#include "test_catalogue_kit.h"

#include "proof/hash.h"

#include <string.h>

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

/* Described as it is, and refused with this code when it is spoilt. */
typedef void spoil_fn(struct kit *k, struct sy_entry *e);

static void refused(struct kit *k, spoil_fn *spoil, int32_t code, const char *field)
{
    struct sy_entry *e = cat_entry(k, kit_persons(k));
    spoil(k, e);
    int32_t got = cat_describe(k, e);
    if (got != code || !sy_view_is(k->verdict.field, field)) {
        fail_msg("%s, wanted %s: %.*s %.*s", sy_code_name(got), sy_code_name(code),
                 SY_PV(k->verdict.field), SY_PV(k->verdict.reason));
    }
}

#define E(name, ...)                                                                               \
    static void name(struct kit *k, struct sy_entry *e)                                            \
    {                                                                                              \
        (void)k;                                                                                   \
        __VA_ARGS__                                                                                \
    }

/* ---- life of an entry ---- */

static void test_life(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    assert_true(sy_view_is(k->type, "catalogue"));
    struct sy_entry_row row = cat_entry_row(k, "persons");
    assert_true(row.approved == 0 && row.described == 1 && sy_view_is(row.status, "described"));
    assert_int_equal(cat_decide(k, "persons", "return"), 0);
    assert_int_equal(cat_decide(k, "persons", "approve"), SY_E_STATE); /* it has been returned */
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    assert_int_equal(cat_decide(k, "persons", "approve"), SY_E_STATE);
    row = cat_entry_row(k, "persons");
    assert_true(row.approved == 2 && sy_view_is(row.status, "approved"));
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    row = cat_entry_row(k, "persons");
    assert_true(row.approved == 2 && row.described == 3); /* the old one stays until then */
    assert_int_equal(cat_decide(k, "persons", "return"), 0);
    assert_int_equal(cat_entry_row(k, "persons").approved, 2);
    assert_int_equal(cat_withdraw(k, "clinic", "persons"), SY_E_DENIED);
    assert_int_equal(cat_withdraw(k, "health", "persons"), 0);
    assert_int_equal(cat_withdraw(k, "agency", "persons"), SY_E_STATE);
    assert_int_equal(cat_entry_row(k, "persons").approved, 0);
    assert_int_equal(cat_withdraw(k, "agency", "events"), SY_E_NOT_FOUND);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0); /* and again */
    assert_int_equal(cat_entry_row(k, "persons").described, 4);
}

/* What the agency signs is the version that waits, and nothing else. */
static void test_digest(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    struct sy_entry *e = cat_entry(k, kit_persons(k));
    assert_int_equal(cat_describe(k, e), 0);
    struct sy_entry_row row = cat_entry_row(k, "persons");
    struct sy_entry_review a = {
        .dataset = V("persons"), .decision = V("approve"), .version = row.described};
    assert_int_equal(
        kit_call(k, "agency", "catalog.approve", &sy_entry_review_desc, &a, NULL, NULL),
        SY_E_DIGEST);
    proof_sha256_one(a.digest, kit_encode(k, &sy_entry_desc, e));
    a.decision = V("maybe");
    assert_int_equal(
        kit_call(k, "agency", "catalog.approve", &sy_entry_review_desc, &a, NULL, NULL),
        SY_E_FIELD);
    a.decision = V("return"); /* without saying why */
    assert_int_equal(
        kit_call(k, "agency", "catalog.approve", &sy_entry_review_desc, &a, NULL, NULL),
        SY_E_FIELD);
    a.decision = V("approve");
    assert_int_equal(
        kit_call(k, "agency", "catalog.approve", &sy_entry_review_desc, &a, NULL, NULL), 0);
}

/* A pack without the section demands nothing, and keeps no catalogue. */
static void test_no_section(void **state)
{
    struct kit *k = *state;
    kit_catalogue(k);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), SY_E_STATE);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
}

/* ---- articles 2, 6, 7 ---- */

E(as_secret, e->secret = true;)
E(as_credit, e->credit = true;)
E(no_basis, e->lawful_basis = V("");)
E(bad_cycle, e->update_cycle = V("fortnightly");)

static void control_state_secret(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    refused(k, as_secret, SY_E_DENIED, "secret");
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
}

static void control_credit_data(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    refused(k, as_credit, SY_E_DENIED, "credit");
    struct sy_pack *p = cat_pack(k, 3);
    cat_terms(p)->credit = true;
    assert_int_equal(kit_adopt(k, p), 0);
    struct sy_entry *e = cat_entry(k, kit_persons(k));
    e->credit = true;
    assert_int_equal(cat_describe(k, e), 0);
}

static void control_lawful_basis(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    refused(k, no_basis, SY_E_FIELD, "lawful_basis");
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
}

/* The pack's list counts when the agency decides, too. */
static void control_update_cycle(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    refused(k, bad_cycle, SY_E_FIELD, "update_cycle");
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    struct sy_pack *p = cat_pack(k, 3);
    cat_terms(p)->cycles++;
    cat_terms(p)->n_cycles--;
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(cat_decide(k, "persons", "approve"), SY_E_FIELD);
    assert_int_equal(kit_adopt(k, cat_pack(k, 4)), 0);
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
}

static void control_own_entry(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    struct sy_entry *e = cat_entry(k, kit_persons(k));
    assert_int_equal(kit_call(k, "clinic", "catalog.describe", &sy_entry_desc, e, NULL, NULL),
                     SY_E_DENIED);
    assert_int_equal(kit_call(k, "health", "catalog.describe", &sy_entry_desc, e, NULL, NULL), 0);
}

E(c_abstract, e->abstract = V("");)
E(c_class, e->n_class_path = 0;)
E(c_classes, e->class_path = KIT_STRS(k, "a", "b", "c", "d", "e"); e->n_class_path = 5;)
E(c_step, e->class_path = KIT_STRS(k, "a", "\n");)
E(c_provider, e->provider = V("");)
E(c_code, e->provider_code = V("91350100M000100Y4Z");)
E(c_res, e->res_code = V("code with blanks");)
E(c_format, e->format = V("");)
E(c_system, e->source_system = V("");)
E(c_region, e->region = V("3708121");)
E(c_region_text, e->region = V("兖州");)
E(c_from, e->time_from = V("2019-13");)
E(c_from_day, e->time_from = V("2019-02-29");)
E(c_to, e->time_to = V("2018");)
E(c_to_form, e->time_to = V("today");)
E(c_published, e->published = KIT_START / CAT_DAY_S + 2;)
E(c_share, e->share.kind = V("maybe");)
E(c_share_why, e->share.condition = V("");)
E(c_open_free, e->open.kind = V("unconditional");)
E(c_related, e->related = KIT_STRS(k, "a", "a"); e->n_related = 2;)
E(c_related_self, e->related = &e->res_code; e->n_related = 1;)
E(c_items, e->n_items--;)
E(c_items_twice, e->items[1].field = e->items[0].field;)
E(c_items_other, e->items[1].field = V("shoes");)
E(c_item_name, e->items[1].name = V("");)
E(c_item_code, e->items[1].code = V("a b");)
E(c_item_from, e->items[1].from = V("events");)

static void control_core_metadata(void **state)
{
    static const struct {
        spoil_fn *spoil;
        const char *field;
    } cases[] = {{c_abstract, "abstract"},   {c_class, "class_path"},   {c_classes, "class_path"},
                 {c_step, "class_path"},     {c_provider, "provider"},  {c_code, "provider_code"},
                 {c_res, "res_code"},        {c_format, "format"},      {c_system, "source_system"},
                 {c_region, "region"},       {c_region_text, "region"}, {c_from, "time_from"},
                 {c_from_day, "time_from"},  {c_to, "time_to"},         {c_to_form, "time_to"},
                 {c_published, "published"}, {c_share, "share"},        {c_share_why, "share"},
                 {c_open_free, "open"},      {c_related, "related"},    {c_related_self, "related"},
                 {c_items, "items"},         {c_items_twice, "items"},  {c_items_other, "items"},
                 {c_item_name, "items"},     {c_item_code, "items"},    {c_item_from, "items"}};
    struct kit *k = *state;
    cat_domain(k);
    for (size_t i = 0; i < LEN(cases); i++) {
        refused(k, cases[i].spoil, SY_E_FIELD, cases[i].field);
    }
    struct sy_entry *e = cat_entry(k, kit_persons(k));
    e->time_from = V("2019-06");
    e->time_to = V("2019"); /* the whole year: not before June */
    assert_int_equal(cat_describe(k, e), 0);
}

static void control_entry_chain(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    struct sy_entry *e = cat_entry(k, kit_persons(k));
    e->prev[0] ^= 1;
    assert_int_equal(cat_describe(k, e), SY_E_DIGEST);
    e->prev[0] ^= 1;
    e->version = 3;
    assert_int_equal(cat_describe(k, e), SY_E_STATE);
    e->version = 2;
    assert_int_equal(cat_describe(k, e), 0);
    assert_int_equal(cat_describe(k, e), SY_E_STATE); /* somebody else was faster */
}

static void control_res_code(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    struct sy_entry *e = cat_entry(k, kit_events(k));
    struct sy_view own = e->res_code;
    e->res_code = V("307030/persons");
    assert_int_equal(cat_describe(k, e), SY_E_EXISTS);
    e->res_code = own;
    assert_int_equal(cat_describe(k, e), 0);
    e = cat_entry(k, kit_persons(k));
    e->res_code = V("307030/other");
    assert_int_equal(cat_describe(k, e), SY_E_STATE);
    assert_int_equal(cat_withdraw(k, "health", "persons"), 0); /* for good: not free again */
    e = cat_entry(k, kit_streets(k));
    e->res_code = V("307030/persons");
    assert_int_equal(cat_describe(k, e), SY_E_EXISTS);
}

/* One source: claimed, refused to another, taken over, and free again once it is out of the catalogue. */
static void control_one_source(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    struct sy_entry *mine = cat_entry(k, kit_persons(k));
    struct sy_entry *other = cat_entry(k, kit_events(k));
    mine->items[0].code = V("DE02.01.030.00");
    other->items[0].code = V("DE02.01.030.00");
    assert_int_equal(cat_describe(k, mine), 0);
    assert_int_equal(cat_describe(k, other), SY_E_EXISTS);
    other->items[0].from = V("streets");
    assert_int_equal(cat_describe(k, other), SY_E_EXISTS);
    other->items[0].from = V("persons");
    assert_int_equal(cat_describe(k, other), 0);
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    mine = cat_entry(k, kit_persons(k)); /* a version without the claim, not yet approved */
    assert_int_equal(cat_describe(k, mine), 0);
    other = cat_entry(k, kit_births(k));
    other->items[0].code = V("DE02.01.030.00");
    assert_int_equal(cat_describe(k, other), SY_E_EXISTS);
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    assert_false(cat_has_row(k, "source/DE02.01.030.00"));
    assert_int_equal(cat_decide(k, "events", "approve"), SY_E_EXISTS); /* its source is gone */
    assert_int_equal(cat_describe(k, other), 0);
    assert_true(cat_has_row(k, "source/DE02.01.030.00"));
    assert_int_equal(cat_decide(k, "births", "return"), 0);
    assert_false(cat_has_row(k, "source/DE02.01.030.00"));
}

/* ---- article 17: the operation catalogue ---- */

static void control_agency_catalogue(void **state)
{
    struct kit *k = *state;
    cat_domain(k);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    assert_int_equal(cat_offer(k, "persons"), SY_E_STATE);
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    assert_int_equal(cat_offer(k, "persons"), 0);
    assert_int_equal(cat_offer(k, "events"), SY_E_NOT_FOUND);
}

static void test_offer(void **state)
{
    struct kit *k = *state;
    cat_approved(k);
    struct sy_offer *o = cat_offer_of(k, "persons");
    o->version = 2;
    assert_int_equal(kit_call(k, "operator", "catalog.offer", &sy_offer_desc, o, NULL, NULL),
                     SY_E_STATE);
    o->version = 1;
    o->digest[0] ^= 1;
    assert_int_equal(kit_call(k, "operator", "catalog.offer", &sy_offer_desc, o, NULL, NULL),
                     SY_E_STATE);
    o->digest[0] ^= 1;
    o->n_scenes = 0;
    assert_int_equal(kit_call(k, "operator", "catalog.offer", &sy_offer_desc, o, NULL, NULL),
                     SY_E_FIELD);
    o->n_scenes = 2;
    assert_int_equal(kit_call(k, "operator", "catalog.offer", &sy_offer_desc, o, NULL, NULL), 0);
    const struct sy_dataset_ref a = {.dataset = V("persons")};
    assert_int_equal(
        kit_call(k, "operator", "catalog.unoffer", &sy_dataset_ref_desc, &a, NULL, NULL), 0);
    assert_int_equal(
        kit_call(k, "operator", "catalog.unoffer", &sy_dataset_ref_desc, &a, NULL, NULL),
        SY_E_NOT_FOUND);
    assert_int_equal(cat_offer(k, "persons"), 0);
    assert_int_equal(cat_withdraw(k, "agency", "persons"), 0);
    assert_false(cat_has_row(k, "offer/persons")); /* the offer goes with the entry */
}

static void control_offered_only(void **state)
{
    struct kit *k = *state;
    cat_approved(k);
    assert_int_equal(kit_apply(k, kit_proposal(k)), SY_E_DENIED);
    assert_true(sy_view_is(k->verdict.field, "datasets"));
    assert_int_equal(cat_offer(k, "persons"), 0);
    assert_int_equal(cat_offer(k, "events"), 0);
    assert_int_equal(cat_offer(k, "births"), 0);
    assert_int_equal(kit_apply(k, kit_proposal(k)), SY_E_DENIED);
    assert_int_equal(cat_offer(k, "streets"), 0);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
}

/* An entry that changes between filing and final review stops the approval, until it is offered anew. */
static void control_offer_current(void **state)
{
    struct kit *k = *state;
    cat_offered(k);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), SY_E_STATE);
    assert_int_equal(cat_offer(k, "persons"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
}

/* The kit's data are of KIT_START; streets were never published. */
static void control_fresh_data(void **state)
{
    struct kit *k = *state;
    cat_offered(k);
    struct sy_pack *p = cat_pack(k, 3);
    cat_terms(p)->stale_blocks = true;
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(kit_apply(k, kit_proposal(k)), SY_E_STATE); /* streets: no data at all */
    assert_int_equal(kit_publish(k, kit_streets(k), 1), 0);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "reject"), 0);
    k->time += (int64_t)CAT_DAY_S * (CAT_MONTH_DAYS + 1);
    assert_int_equal(kit_apply(k, kit_proposal(k)), SY_E_STATE);
    assert_true(sy_view_is(k->verdict.field, "datasets"));
    assert_int_equal(kit_publish(k, kit_persons(k), 2), 0);
    assert_int_equal(kit_publish(k, kit_events(k), 2), 0);
    assert_int_equal(kit_publish(k, kit_births(k), 2), 0);
    assert_int_equal(kit_publish(k, kit_streets(k), 2), 0);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
}

/* Stale data are told of, and nothing else, unless the pack says so. */
static void test_stale_allowed(void **state)
{
    struct kit *k = *state;
    cat_offered(k);
    k->time += (int64_t)CAT_DAY_S * 400;
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
}

/* ---- who sees what ---- */

static void test_visible(void **state)
{
    static const char waiting[] = "described/persons/00000000000000000002";
    struct kit *k = *state;
    cat_domain(k);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    assert_false(cat_sees(k, "acme", "entry/persons"));
    assert_false(cat_sees(k, "clinic", "entry/persons"));
    assert_true(cat_sees(k, "health", "entry/persons"));
    assert_true(cat_sees(k, "agency", "entry/persons"));
    assert_int_equal(cat_decide(k, "persons", "approve"), 0);
    assert_int_equal(cat_describe(k, cat_entry(k, kit_persons(k))), 0);
    assert_true(cat_sees(k, "acme", "entry/persons"));
    assert_true(cat_sees(k, "acme", "described/persons/00000000000000000001"));
    assert_false(cat_sees(k, "acme", waiting));
    assert_false(cat_sees(k, "clinic", waiting));
    assert_true(cat_sees(k, "health", waiting));
    assert_true(cat_sees(k, "operator", waiting));
    assert_int_equal(cat_offer(k, "persons"), 0);
    assert_true(cat_sees(k, "acme", "offer/persons"));
    assert_true(cat_sees(k, "acme", "updated/persons"));
    assert_false(cat_sees(k, "acme", "version/persons")); /* how many rows: not theirs to know */
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_life),
        T(test_digest),
        T(test_no_section),
        T(control_state_secret),
        T(control_credit_data),
        T(control_lawful_basis),
        T(control_update_cycle),
        T(control_own_entry),
        T(control_core_metadata),
        T(control_entry_chain),
        T(control_res_code),
        T(control_one_source),
        T(control_agency_catalogue),
        T(test_offer),
        T(control_offered_only),
        T(control_offer_current),
        T(control_fresh_data),
        T(test_stale_allowed),
        T(test_visible),
    };
    return cmocka_run_group_tests_name("rules_scheme_catalogue", tests, NULL, NULL);
}
