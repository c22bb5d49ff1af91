/*
 * Custody of key shares: whom a pack lets be custodian, what a department deposits with its consent, and that nothing it
 * sent before a stop counts after it.
 */
#include "check.h"

#include "rules/control.h"
#include "rules/custody.h"
#include "test_kit.h"
#include "wire/staff.h"

static struct sy_pack *pack_of(struct kit *k, const char *custody, uint64_t version)
{
    struct sy_pack *p = kit_pack_record(k, version);
    p->custody = V(custody);
    p->consent = true;
    p->scheme = kit_alloc(k, 1, sizeof(*p->scheme)); /* parties can be revoked */
    p->n_scheme = 1;
    p->scheme->staff = kit_alloc(k, 1, sizeof(*p->scheme->staff));
    p->scheme->n_staff = 1;
    p->scheme->staff->separated = true;
    return p;
}

static struct sy_dataset_keys keys_with(bool third)
{
    struct sy_dataset_keys keys = {.pub = {1}, .platform = {1}, .custodian = {1}};
    keys.department[0] = third ? 1 : 0;
    return keys;
}

/* Define with a key of two shares or three. */
static int32_t define(struct kit *k, struct sy_dataset_def *d, const char *custodian, bool third)
{
    struct sy_dataset_keys keys = keys_with(third);
    char department[RULES_ID_MAX + 1];
    sy_view_to_cstr(d->department, department, sizeof(department));
    d->custodian = V(custodian);
    k->extra = (struct sy_inputs){.keys = &keys, .n_keys = 1};
    int32_t code = kit_call(k, department, "dataset.define", &sy_dataset_def_desc, d, NULL, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

/* A domain whose pack asks for this custody, with the catalogue of the kit under it. */
static void found(struct kit *k, const char *custody)
{
    struct sy_dataset_def *const defs[] = {kit_persons(k), kit_events(k), kit_births(k)};
    bool both = strcmp(custody, "both") == 0;
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_enrol(k, "health", "department"), 0);
    assert_int_equal(kit_enrol(k, "clinic", "department"), 0);
    assert_int_equal(kit_enrol(k, "acme", "developer"), 0);
    assert_int_equal(kit_adopt(k, pack_of(k, custody, 1)), 0);
    for (size_t i = 0; i < LEN(defs); i++) {
        char department[RULES_ID_MAX + 1];
        sy_view_to_cstr(defs[i]->department, department, sizeof(department));
        bool own = strcmp(custody, "department") == 0;
        assert_int_equal(define(k, defs[i], own ? department : "agency", both), 0);
        assert_int_equal(kit_publish(k, defs[i], 1), 0);
    }
    assert_int_equal(kit_define(k, kit_streets(k)), 0);
    assert_int_equal(kit_publish(k, kit_streets(k), 1), 0);
}

static int32_t judge(struct kit *k, const char *party, const char *step, const char *decision,
                     bool share_ok)
{
    struct sy_review a = {.compliance = V("lawful"),
                          .decision = V(decision),
                          .feasibility = V("it can be done"),
                          .opinion = V("seen"),
                          .risk = V("small"),
                          .value = V("large")};
    k->extra = (struct sy_inputs){.share_ok = share_ok};
    int32_t code = kit_call(k, party, step, &sy_review_desc, &a, k->grant, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

static int32_t consent(struct kit *k, const char *party, bool share_ok)
{
    return judge(k, party, "scene.consent", "approve", share_ok);
}

static int32_t final(struct kit *k)
{
    return judge(k, "agency", "scene.final_review", "approve", true);
}

static int32_t resume(struct kit *k)
{
    struct sy_order o = {.ground = V("incident")};
    k->extra = (struct sy_inputs){.share_ok = true};
    int32_t code = kit_call(k, "agency", "scene.resume", &sy_order_desc, &o, k->grant, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

/* Filed and reviewed by the operator. */
static void filed(struct kit *k)
{
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
}

/* Granted, with a reviewed model. */
static void granted(struct kit *k)
{
    filed(k);
    assert_int_equal(consent(k, "health", true), 0);
    assert_int_equal(consent(k, "clinic", true), 0);
    assert_int_equal(final(k), 0);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan_here(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
}

static bool reason_has(const struct kit *k, const char *words)
{
    char text[512];
    sy_view_to_cstr(k->verdict.reason, text, sizeof(text));
    return strstr(text, words) != NULL;
}

static bool reason_is(const struct kit *k, const char *words)
{
    return sy_view_is(k->verdict.reason, words);
}

/* ---- packs and definitions ---- */

static void test_packs(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_genesis(k), 0);
    struct sy_pack *p = pack_of(k, "department", 1);
    p->consent = false;
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    assert_true(sy_view_is(k->verdict.field, "pack.custody"));
    p = pack_of(k, "both", 1);
    p->consent = false;
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    assert_int_equal(kit_adopt(k, pack_of(k, "operator", 1)), SY_E_FIELD);
    p = pack_of(k, "agency", 1);
    p->consent_of = V("custodians");
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    assert_true(sy_view_is(k->verdict.field, "pack.consent_of"));
    p = pack_of(k, "both", 1);
    p->consent_of = V("some");
    assert_int_equal(kit_adopt(k, p), SY_E_FIELD);
    p->consent_of = V("custodians");
    assert_int_equal(kit_adopt(k, p), 0);
}

/* The refusal says whom the pack wants; the key has as many shares as the custody. */
static void test_definitions(void **state)
{
    static const struct {
        const char *custody, *custodian, *reason;
        bool third;
        int32_t code;
    } cases[] = {
        {"agency", "health", "name the agency", false, SY_E_PARTY},
        {"agency", "agency", NULL, false, 0},
        {"agency", "agency", NULL, true, SY_E_STATE},
        {"department", "agency", "dataset's own department", false, SY_E_PARTY},
        {"department", "clinic", "dataset's own department", false, SY_E_PARTY},
        {"department", "health", NULL, false, 0},
        {"department", "health", NULL, true, SY_E_STATE},
        {"both", "health", "two custodians", true, SY_E_PARTY},
        {"both", "agency", NULL, false, SY_E_STATE},
        {"both", "agency", NULL, true, 0},
    };
    struct kit *k = *state;
    assert_int_equal(kit_genesis(k), 0);
    assert_int_equal(kit_enrol(k, "health", "department"), 0);
    assert_int_equal(kit_enrol(k, "clinic", "department"), 0);
    for (size_t i = 0; i < LEN(cases); i++) {
        assert_int_equal(kit_adopt(k, pack_of(k, cases[i].custody, i + 1)), 0);
        struct sy_dataset_def *d = kit_persons(k);
        char id[] = "persons.a";
        id[sizeof(id) - 2] = (char)('a' + i);
        d->id = sy_view_str(id);
        int32_t code = define(k, d, cases[i].custodian, cases[i].third);
        if (code != cases[i].code || (cases[i].reason != NULL && !reason_has(k, cases[i].reason))) {
            fail_msg("case %zu: %s %.*s", i, sy_code_name(code), SY_PV(k->verdict.reason));
        }
    }
}

static int32_t share_of(struct kit *k, const char *party, const char *dataset)
{
    struct sy_dataset_ref ref = {.dataset = V(dataset)};
    return kit_call(k, party, "dataset.share", &sy_dataset_ref_desc, &ref, NULL, NULL);
}

/* Each holder gets its own sealed share and nobody another's. */
static void test_whose_share(void **state)
{
    struct kit *k = *state;
    found(k, "both");
    assert_int_equal(share_of(k, "agency", "persons"), 0);
    assert_int_equal(share_of(k, "health", "persons"), 0);
    assert_int_equal(share_of(k, "clinic", "persons"), SY_E_DENIED);
    assert_int_equal(kit_adopt(k, pack_of(k, "department", 2)), 0);
    struct sy_dataset_def *d = kit_persons(k);
    d->id = V("persons.dept");
    assert_int_equal(define(k, d, "health", false), 0);
    assert_int_equal(share_of(k, "health", "persons.dept"), 0);
    assert_int_equal(share_of(k, "agency", "persons.dept"), SY_E_NOT_FOUND);
    assert_int_equal(share_of(k, "operator", "persons.dept"), SY_E_ROLE);
    assert_int_equal(share_of(k, "agency", "persons"),
                     0); /* what was defined before stays as it was */
}

/* ---- consent and grant ---- */

/* A department that holds shares consents with them, or does not consent; nor does an approval without its deposit. */
static void control_custody_department(void **state)
{
    struct kit *k = *state;
    found(k, "both");
    filed(k);
    assert_int_equal(consent(k, "health", false), SY_E_SHARE);
    assert_true(sy_view_is(k->verdict.field, "secret"));
    assert_int_equal(consent(k, "health", true), 0);
    assert_int_equal(consent(k, "clinic", true), 0);
    assert_int_equal(final(k), 0);
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0);
    assert_int_equal(resume(k), SY_E_SHARE);
    assert_true(sy_view_is(k->verdict.field, "deposit"));
    assert_true(reason_has(k, "health"));
    assert_int_equal(consent(k, "health", true), 0);
    assert_int_equal(consent(k, "clinic", true), 0);
    assert_int_equal(resume(k), 0);
}

static void test_all_modes_run(void **state)
{
    struct kit *k = *state;
    found(k, "department");
    granted(k);
    assert_int_equal(kit_run(k, "40"), 0);
}

/* One stop, and every deposit is needed again; nobody's old consent stands in for it. */
static void test_after_a_stop(void **state)
{
    struct kit *k = *state;
    found(k, "department");
    granted(k);
    uint64_t before = rules_deposit_entry(k->state, k->grant, V("health"));
    assert_true(before > 0);
    assert_int_equal(kit_order(k, "operator", "scene.suspend", "incident"), 0);
    assert_int_equal(rules_deposit_entry(k->state, k->grant, V("health")), 0);
    assert_int_equal(consent(k, "health", true), SY_E_SUSPENDED); /* the operator still holds it */
    assert_int_equal(kit_order(k, "operator", "scene.lift", "incident"), 0);
    assert_int_equal(consent(k, "health", false), SY_E_SHARE);
    assert_int_equal(judge(k, "health", "scene.consent", "reject", true), SY_E_FIELD);
    assert_int_equal(consent(k, "health", true), 0);
    assert_true(rules_deposit_entry(k->state, k->grant, V("health")) > before);
    assert_int_equal(resume(k), SY_E_SHARE);
    assert_true(reason_has(k, "clinic"));
    assert_int_equal(kit_run(k, "40"), SY_E_SUSPENDED);
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0); /* a second stop */
    assert_int_equal(rules_deposit_entry(k->state, k->grant, V("health")), 0);
    assert_int_equal(consent(k, "clinic", true), 0);
    assert_int_equal(resume(k), SY_E_SHARE);
    assert_true(reason_has(k, "health"));
    assert_int_equal(consent(k, "health", true), 0);
    assert_int_equal(resume(k), 0);
    assert_int_equal(kit_run(k, "40"), 0);
}

/* A deposit for one proposal is none for another, and goes when that is turned down. */
static void test_other_proposals(void **state)
{
    struct kit *k = *state;
    uint8_t first[32];
    found(k, "both");
    filed(k);
    assert_int_equal(consent(k, "health", true), 0);
    assert_int_equal(rules_deposit_until(k->state, k->grant), INT64_MAX);
    memcpy(first, k->grant, 32);
    struct sy_proposal *p = kit_proposal(k);
    p->scene = V("other");
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(rules_deposit_entry(k->state, k->grant, V("health")), 0);
    assert_int_equal(final(k), SY_E_REVIEW);
    memcpy(k->grant, first, 32);
    assert_int_equal(judge(k, "clinic", "scene.consent", "reject", true), 0);
    assert_int_equal(rules_deposit_entry(k->state, k->grant, V("health")), 0);
    assert_int_equal(rules_deposit_until(k->state, k->grant), INT64_MIN);
    assert_int_equal(consent(k, "health", true), SY_E_STATE);
}

static struct sy_proposal *with_application(struct kit *k)
{
    struct sy_proposal *p = kit_proposal(k);
    p->application = kit_alloc(k, 1, sizeof(*p->application));
    p->n_application = 1;
    *p->application = (struct sy_application){.benefit = V("lower costs"),
                                              .class_ = V("public"),
                                              .domain = V("health"),
                                              .market = V("three insurers"),
                                              .products_planned = KIT_STRS(k, "report"),
                                              .n_products_planned = 1,
                                              .revenue_plan = V("half"),
                                              .route = V("counts")};
    return p;
}

/* What was deposited for an application that nobody decides is kept until it lapses, and no longer. */
static void test_lapse(void **state)
{
    struct kit *k = *state;
    struct sy_pack *p = pack_of(k, "both", 2);
    found(k, "both");
    p->scheme->n_scene = 1;
    p->scheme->scene = kit_alloc(k, 1, sizeof(*p->scheme->scene));
    *p->scheme->scene = (struct sy_pack_scene){.reason_min = 1, .review_days = 5, .rounds_max = 2};
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(kit_apply(k, with_application(k)), 0);
    assert_int_equal(judge(k, "operator", "scene.first_review", "approve", false), 0);
    assert_int_equal(consent(k, "health", true), 0);
    int64_t until = rules_deposit_until(k->state, k->grant);
    assert_true(until > k->time && until < k->time + 30 * 86400);
    k->time = until + 1;
    assert_int_equal(consent(k, "clinic", true), SY_E_EXPIRED);
    assert_true(k->time > rules_deposit_until(k->state, k->grant));
    uint8_t nothing[32] = {7};
    assert_int_equal(rules_deposit_until(k->state, nothing), INT64_MIN);
}

/* Consent twice: who holds shares deposits them again, and cannot take it back so. */
static void test_twice(void **state)
{
    struct kit *k = *state;
    found(k, "both");
    filed(k);
    assert_int_equal(consent(k, "health", true), 0);
    uint64_t before = rules_deposit_entry(k->state, k->grant, V("health"));
    assert_int_equal(judge(k, "health", "scene.consent", "reject", true), SY_E_EXISTS);
    assert_int_equal(consent(k, "health", true), 0);
    assert_true(rules_deposit_entry(k->state, k->grant, V("health")) > before);
    assert_int_equal(consent(k, "clinic", true), 0);
    assert_int_equal(final(k), 0);
    assert_int_equal(consent(k, "health", true), 0); /* of a grant in force: nothing else changes */
    assert_int_equal(kit_order(k, "agency", "scene.revoke", "incident"), 0);
    assert_int_equal(consent(k, "health", true), SY_E_STATE);
}

/* A row of deposits does not outlive what it was made for. */
static void test_gone_with_its_grant(void **state)
{
    struct kit *k = *state;
    struct sy_view value;
    found(k, "both");
    for (int expires = 0; expires < 2; expires++) {
        struct sy_proposal *p = kit_proposal(k);
        p->scene = V(expires == 0 ? "first" : "second");
        assert_int_equal(kit_apply(k, p), 0);
        assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
        assert_int_equal(consent(k, "health", true), 0);
        assert_int_equal(consent(k, "clinic", true), 0);
        assert_int_equal(final(k), 0);
        struct rules_key key = rules_key_hash("deposit/", k->grant);
        assert_true(rules_state_get(k->state, rules_key_view(&key), &value));
        if (expires == 0) {
            assert_int_equal(kit_order(k, "agency", "scene.revoke", "incident"), 0);
        } else {
            k->time = p->not_after + 1;
            assert_int_equal(kit_order(k, "warden", "grant.expire", ""), 0);
        }
        assert_false(rules_state_get(k->state, rules_key_view(&key), &value));
    }
}

/* Where no department holds shares, refusals say what they said before there was any other custody: logs have these
 * words, and are decided again word by word. */
static void test_words_of_old_logs(void **state)
{
    struct kit *k = *state;
    struct sy_order o = {.ground = V("incident")};
    found(k, "agency");
    filed(k);
    assert_int_equal(consent(k, "health", false), 0);
    assert_int_equal(consent(k, "clinic", false), 0);
    assert_int_equal(judge(k, "agency", "scene.final_review", "approve", false), SY_E_SHARE);
    assert_true(reason_is(k, "send the custodian's key share of each protected dataset"));
    assert_int_equal(final(k), 0);
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0);
    assert_int_equal(kit_call(k, "agency", "scene.resume", &sy_order_desc, &o, k->grant, NULL),
                     SY_E_SHARE);
    assert_true(reason_is(k, "send the custodian's key share of each protected dataset"));
    struct sy_pack *p = pack_of(k, "agency", 2);
    p->consent = false;
    assert_int_equal(kit_adopt(k, p), 0);
    struct sy_proposal *other = kit_proposal(k);
    other->scene = V("other");
    assert_int_equal(kit_apply(k, other), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(consent(k, "health", false), SY_E_STATE);
    assert_true(reason_is(k, "the pack asks for no department's consent"));
}

/* Custodians only: a department with public data is not asked. A later pack does not free a dataset of its holders. */
static void test_who_consents(void **state)
{
    struct kit *k = *state;
    found(k, "both");
    struct sy_pack *p = pack_of(k, "both", 2);
    p->consent_of = V("custodians");
    assert_int_equal(kit_adopt(k, p), 0);
    struct sy_proposal *a = kit_proposal(k);
    assert_true(a->n_datasets > 0);
    assert_int_equal(kit_apply(k, a), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(final(k), SY_E_REVIEW);
    assert_true(reason_has(k, "health"));
    p = pack_of(k, "agency", 3);
    p->consent = false;
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(final(k), SY_E_REVIEW); /* the key is still in three */
    assert_int_equal(consent(k, "health", true), 0);
    (void)consent(k, "clinic", true); /* if it holds a share here */
    assert_int_equal(final(k), 0);
}

/* ---- a department that leaves ---- */

static void test_revoked_department(void **state)
{
    struct kit *k = *state;
    struct sy_party_revoke a = {.ground = V("incident"), .party = V("health")};
    found(k, "both");
    granted(k);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_order(k, "health", "scene.suspend", "incident"), 0);
    assert_int_equal(kit_order(k, "health", "scene.lift", "incident"), 0);
    assert_int_equal(consent(k, "health", true), 0);
    assert_int_equal(consent(k, "clinic", true), 0);
    assert_int_equal(resume(k), 0);
    assert_int_equal(kit_call(k, "agency", "party.revoke", &sy_party_revoke_desc, &a, NULL, NULL),
                     0);
    assert_int_equal(kit_run(k, "60"), SY_E_SUSPENDED);
    assert_int_equal(rules_deposit_entry(k->state, k->grant, V("clinic")), 0);
    assert_int_equal(consent(k, "clinic", true), 0);
    assert_int_equal(resume(k), SY_E_SHARE); /* for ever: nobody else has its share */
    assert_true(reason_has(k, "health"));
}

/* It holds the grant itself when it goes: its hold goes along, the grant stays stopped. */
static void test_revoked_holder(void **state)
{
    struct kit *k = *state;
    struct sy_party_revoke a = {.ground = V("incident"), .party = V("health")};
    found(k, "both");
    granted(k);
    assert_int_equal(kit_order(k, "health", "scene.suspend", "incident"), 0);
    assert_int_equal(kit_call(k, "agency", "party.revoke", &sy_party_revoke_desc, &a, NULL, NULL),
                     0);
    struct rules_key key = rules_key_hash("grant/", k->grant);
    struct sy_row_grant g;
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_row_grant_desc, &k->arena, &g, NULL));
    assert_true(sy_view_is(g.status, "suspended"));
    assert_int_equal(g.n_holds, 1);
    assert_true(sy_view_is(g.holds[0].party, "agency"));
}

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

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_packs),
        T(test_definitions),
        T(test_whose_share),
        T(control_custody_department),
        T(test_all_modes_run),
        T(test_after_a_stop),
        T(test_other_proposals),
        T(test_lapse),
        T(test_twice),
        T(test_gone_with_its_grant),
        T(test_words_of_old_logs),
        T(test_who_consents),
        T(test_revoked_department),
        T(test_revoked_holder),
    };
    return cmocka_run_group_tests_name("rules_custody", tests, NULL, NULL);
}
