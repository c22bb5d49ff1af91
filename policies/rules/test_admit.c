/*
 * The gateway's early decision over its replica, and who sees which row and entry. The replica here
 * is what the warden would send: the rows party/, grant/, account/ and model/, nothing else.
 */
#include "test_kit.h"

#include <string.h>

static struct rules_state *replica_of(struct kit *k)
{
    static const char *const prefixes[] = {"party/", "grant/", "account/", "model/"};
    struct rules_state *r = rules_state_new();
    for (size_t i = 0; i < LEN(prefixes); i++) {
        struct sy_view key = {0};
        struct sy_view value;
        while (rules_state_next(k->state, V(prefixes[i]), key, &key, &value)) {
            check_ok(rules_state_put_raw(r, key, value));
        }
    }
    return r;
}

static struct sy_header header(struct kit *k, const char *party, const char *method)
{
    struct sy_header h = {.ctx = V(SY_REQUEST_CONTEXT),
                          .expiry = k->time + 60,
                          .method = V(method),
                          .party = V(party),
                          .suite = SY_SUITE_INTL};
    memcpy(h.grant, k->grant, 32);
    memcpy(h.subject, k->model, 32);
    return h;
}

static int32_t admit(struct kit *k, const struct rules_state *r, const struct sy_header *h)
{
    const uint8_t *tls = kit_party(k, "acme")->tls;
    for (size_t i = 0; i < k->n_parties; i++) {
        tls = sy_view_is(h->party, k->parties[i].id) ? k->parties[i].tls : tls;
    }
    return rules_admit(r, h, tls, k->time, &k->err).code;
}

static void test_admit(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k);
    kit_granted(&k);
    assert_int_equal(kit_register(&k, kit_model_def(&k), kit_plan(&k)), 0);
    RULES_STATE_CLEANUP struct rules_state *r = replica_of(&k);
    struct sy_header h = header(&k, "acme", "model.run");
    assert_int_equal(admit(&k, r, &h), SY_E_REVIEW);
    assert_int_equal(kit_review(&k, "operator", "model.review", "approve"), 0);
    RULES_STATE_CLEANUP struct rules_state *r2 = replica_of(&k);
    assert_int_equal(admit(&k, r2, &h), 0);
    check_code(rules_admit(r2, &h, kit_party(&k, "rival")->tls, k.time, NULL), SY_E_PARTY);
    check_code(rules_admit(r2, &h, kit_party(&k, "acme")->tls, k.time + 61, NULL), SY_E_EXPIRED);
    h.suite = 9;
    assert_int_equal(admit(&k, r2, &h), SY_E_SUITE);
    h = header(&k, "rival", "model.run");
    assert_int_equal(admit(&k, r2, &h), SY_E_GRANT);
    h = header(&k, "acme", "model.run");
    h.grant[0] ^= 1;
    assert_int_equal(admit(&k, r2, &h), SY_E_GRANT);
    h = header(&k, "acme", "model.run");
    h.subject[0] ^= 1;
    assert_int_equal(admit(&k, r2, &h), SY_E_NOT_FOUND);
    h = header(&k, "acme", "pack.adopt");
    assert_int_equal(admit(&k, r2, &h), SY_E_ROLE);
    h = header(&k, "nobody", "scene.apply");
    assert_int_equal(admit(&k, r2, &h), SY_E_PARTY);
    h = header(&k, "nobody", "party.enrol");
    assert_int_equal(admit(&k, r2, &h), 0);
    h = header(&k, "health", "dataset.ingest");
    assert_int_equal(admit(&k, r2, &h), SY_E_METHOD);
    h = header(&k, "warden", "job.answer");
    assert_int_equal(admit(&k, r2, &h), SY_E_METHOD);
    h = header(&k, "agency", "genesis");
    assert_int_equal(admit(&k, r2, &h), SY_E_METHOD);
    h = header(&k, "acme", "status.ping");
    assert_int_equal(admit(&k, r2, &h), SY_E_METHOD);
    h = header(&k, "acme", "state.list");
    assert_int_equal(admit(&k, r2, &h), 0);
    kit_free(&k);
}

/* What the warden would refuse for the grant's sake, the gateway refuses with the same code. */
static void test_admit_follows_grant(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k);
    kit_ready(&k);
    struct sy_header h = header(&k, "acme", "model.run");
    assert_int_equal(kit_order(&k, "agency", "scene.suspend", "incident"), 0);
    RULES_STATE_CLEANUP struct rules_state *suspended = replica_of(&k);
    assert_int_equal(admit(&k, suspended, &h), kit_run(&k, "40"));
    assert_int_equal(kit_order(&k, "agency", "scene.resume", "incident"), 0);
    static const char *const ages[] = {"18", "40", "60", "75", "80"};
    for (size_t i = 0; i < LEN(ages); i++) {
        assert_int_equal(kit_run(&k, ages[i]), 0);
    }
    RULES_STATE_CLEANUP struct rules_state *spent = replica_of(&k);
    assert_int_equal(admit(&k, spent, &h), SY_E_CALLS);
    assert_int_equal(kit_order(&k, "acme", "scene.revoke", "request"), 0);
    RULES_STATE_CLEANUP struct rules_state *revoked = replica_of(&k);
    assert_int_equal(admit(&k, revoked, &h), SY_E_GRANT);
    h.method = V("model.register");
    assert_int_equal(admit(&k, revoked, &h), SY_E_GRANT);
    kit_free(&k);
}

/* A model that reads more than the grant (a replica gone wrong) is stopped on the replica too. */
static void test_admit_fields(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k);
    kit_ready(&k);
    RULES_STATE_CLEANUP struct rules_state *r = replica_of(&k);
    struct rules_key key = rules_key_hash("model/", k.model);
    struct sy_row_model m;
    check_ok(rules_state_read(r, rules_key_view(&key), &sy_row_model_desc, &k.arena, &m, NULL));
    assert_int_equal(m.n_reads, 2);
    m.reads[0].fields[3] = V("hiv");
    check_ok(rules_state_put_raw(r, rules_key_view(&key), kit_encode(&k, &sy_row_model_desc, &m)));
    struct sy_header h = header(&k, "acme", "model.run");
    assert_int_equal(admit(&k, r, &h), SY_E_FIELD_DENIED);
    kit_free(&k);
}

static bool sees(struct kit *k, const char *id, const char *role, const char *prefix)
{
    struct sy_party p = {.party = V(id), .role = V(role)};
    struct sy_view key;
    struct sy_view value;
    assert_true(rules_state_next(k->state, V(prefix), (struct sy_view){0}, &key, &value));
    return rules_row_visible(k->state, &p, key, value);
}

static void test_visible_rows(void **state)
{
    static const char *const own[] = {"proposal/", "grant/", "account/", "model/"};
    struct kit k;
    (void)state;
    kit_init(&k);
    kit_ready(&k);
    assert_int_equal(kit_run(&k, "40"), 0);
    for (size_t i = 0; i < LEN(own); i++) {
        assert_true(sees(&k, "acme", "developer", own[i]));
        assert_true(sees(&k, "operator", "operator", own[i]));
        assert_true(sees(&k, "audit", "auditor", own[i]));
        assert_false(sees(&k, "rival", "developer", own[i]));
        assert_int_equal(sees(&k, "health", "department", own[i]), i < 3);
        assert_false(sees(&k, "other", "department", own[i]));
    }
    assert_true(sees(&k, "rival", "developer", "party/"));
    assert_true(sees(&k, "rival", "developer", "dataset/"));
    assert_true(sees(&k, "rival", "developer", "pack"));
    assert_false(sees(&k, "acme", "developer", "budget/"));
    assert_true(sees(&k, "agency", "agency", "budget/"));
    assert_false(sees(&k, "agency", "agency", "nonce/"));
    assert_false(sees(&k, "agency", "agency", "charge/"));
    assert_int_equal(kit_answer(&k, k.entry - 1, "ok"), 0);
    assert_false(sees(&k, "agency", "agency", "answer/"));
    kit_free(&k);
}

static void test_visible_entries(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k);
    kit_ready(&k);
    assert_int_equal(kit_run(&k, "40"), 0);
    assert_int_equal(kit_answer(&k, k.entry - 1, "ok"), 0);
    for (uint64_t i = k.entry - 2; i < k.entry; i++) {
        struct sy_event e;
        const struct sy_party acme = {.party = V("acme"), .role = V("developer")};
        const struct sy_party rival = {.party = V("rival"), .role = V("developer")};
        const struct sy_party health = {.party = V("health"), .role = V("department")};
        const struct sy_party audit = {.party = V("audit"), .role = V("auditor")};
        check_ok(sy_record_decode(&sy_event_desc, k.events[i], &SY_MP_LARGE, &k.arena, &e, NULL));
        assert_true(rules_event_visible(k.state, &acme, &e));
        assert_true(rules_event_visible(k.state, &audit, &e));
        assert_false(rules_event_visible(k.state, &rival, &e));
        assert_false(rules_event_visible(k.state, &health, &e));
    }
    kit_free(&k);
}

static void test_reads(void **state)
{
    struct kit k;
    struct rules_decision d;
    (void)state;
    kit_init(&k);
    kit_catalogue(&k);
    uint64_t entry = k.entry;
    struct sy_list list = {.prefix = V("dataset/")};
    struct rules_request *r = kit_request(&k, "rival", "state.list", &sy_list_desc, &list);
    check_ok(kit_decide(&k, r, &d));
    assert_int_equal(d.kind, RULES_KIND_READ);
    assert_int_equal(kit_send(&k, r), 0);
    list.prefix = V("nonce/");
    assert_int_equal(kit_call(&k, "rival", "state.list", &sy_list_desc, &list, NULL, NULL),
                     SY_E_FIELD);
    struct sy_dataset_ref ref = {.dataset = V("persons")};
    assert_int_equal(
        kit_call(&k, "agency", "dataset.share", &sy_dataset_ref_desc, &ref, NULL, NULL), 0);
    assert_int_equal(
        kit_call(&k, "health", "dataset.share", &sy_dataset_ref_desc, &ref, NULL, NULL),
        SY_E_NOT_FOUND); /* its data, but no share of the key */
    assert_int_equal(kit_call(&k, "acme", "dataset.share", &sy_dataset_ref_desc, &ref, NULL, NULL),
                     SY_E_ROLE);
    struct sy_log_range range = {.n = 1001};
    assert_int_equal(kit_call(&k, "audit", "log.entries", &sy_log_range_desc, &range, NULL, NULL),
                     SY_E_FIELD);
    assert_int_equal(kit_call(&k, "audit", "status.domain", NULL, NULL, NULL, NULL), 0);
    assert_int_equal(k.entry, entry + 4); /* only the refusals are logged */
    kit_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admit),           cmocka_unit_test(test_admit_follows_grant),
        cmocka_unit_test(test_admit_fields),    cmocka_unit_test(test_visible_rows),
        cmocka_unit_test(test_visible_entries), cmocka_unit_test(test_reads),
    };
    return cmocka_run_group_tests_name("rules_admit", tests, NULL, NULL);
}
