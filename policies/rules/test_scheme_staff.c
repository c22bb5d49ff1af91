/*
 * Staff of a party: what each duty signs, who is kept apart from whom, training and confidentiality, two persons under
 * one header. Each control has its test under its own name, with what it lets through and what it stops.
 * Source: scheme articles 10, 16, 17, 24, 25.
 */
#include "scheme/staff.h"
#include "test_staff_kit.h"

#include <stdio.h>
#include <string.h>

static const struct sy_pack_staff PLAIN = {.separated = true};

static int32_t list_parties(struct rota *r, const struct kit_party *by)
{
    struct sy_list a = {.prefix = V("party/")};
    struct rota_act act = {
        .party = "acme", .method = "state.list", .desc = &sy_list_desc, .args = &a, .by = by};
    return rota_send(r, &act);
}

static void control_staff_duty(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    assert_int_equal(kit_apply(&r.k, kit_proposal(&r.k)), 0); /* no staff yet: its own key */
    rota_join(&r, "acme", "sys", "system");
    rota_join(&r, "acme", "biz", "business");
    assert_int_equal(rota_apply(&r, "by-business", "biz"), 0);
    assert_int_equal(rota_apply(&r, "by-system", "sys"), SY_E_ROLE);
    assert_true(sy_view_is(r.k.verdict.field, "staff.duties"));
    assert_int_equal(rota_revoke(&r, "acme", "sys", rota_keys(&r, "biz")), SY_E_ROLE);
    struct sy_proposal *p = kit_proposal(&r.k); /* the party's own key is for the safe now */
    p->scene = V("by-own-key");
    assert_int_equal(kit_apply(&r.k, p), SY_E_ROLE);
    assert_int_equal(list_parties(&r, rota_keys(&r, "sys")), 0);
    assert_int_equal(rota_revoke(&r, "acme", "biz", kit_party(&r.k, "acme")), 0);
    kit_free(&r.k);
}

static void control_staff_separated(void **state)
{
    static const struct sy_pack_staff loose = {.separated = false};
    struct rota r;
    (void)state;
    rota_init(&r, &loose);
    rota_join(&r, "acme", "jack", "audit business security system"); /* of all trades */
    rota_join(&r, "acme", "rest", "business");
    assert_int_equal(rota_revoke(&r, "acme", "rest", rota_keys(&r, "jack")), 0);
    assert_int_equal(rota_adopt(&r, &PLAIN), 0);
    struct sy_staff_invite v = rota_invite(&r, "acme", "both", "audit security");
    assert_int_equal(rota_enrol(&r, &v, kit_party(&r.k, "acme")), SY_E_DENIED);
    v = rota_invite(&r, "acme", "one", "business security");
    assert_int_equal(rota_enrol(&r, &v, kit_party(&r.k, "acme")), 0);
    /* whoever had several before the pack said so has none of them now, but business */
    assert_int_equal(rota_revoke(&r, "acme", "one", rota_keys(&r, "jack")), SY_E_ROLE);
    assert_int_equal(rota_apply(&r, "by-jack", "jack"), 0);
    kit_free(&r.k);
}

static struct rules_state *keys_replica(struct rota *r)
{
    static const char *const prefixes[] = {"party/", "key/"};
    struct rules_state *s = rules_state_new();
    for (size_t i = 0; i < LEN(prefixes); i++) {
        struct sy_view key = {0}, value;
        while (rules_state_next(r->k.state, V(prefixes[i]), key, &key, &value)) {
            check_ok(rules_state_put_raw(s, key, value));
        }
    }
    return s;
}

/* What the gateway says of a header of acme over this certificate. */
static int32_t admit(struct rota *r, const char *method, const uint8_t tls[32])
{
    RULES_STATE_CLEANUP struct rules_state *replica = keys_replica(r);
    struct sy_header h = {.ctx = V(SY_REQUEST_CONTEXT),
                          .expiry = r->k.time + 60,
                          .method = V(method),
                          .party = V("acme"),
                          .suite = SY_SUITE_INTL};
    return rules_admit(replica, &h, tls, r->k.time, NULL).code;
}

static void control_staff_revoked(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    rota_join(&r, "acme", "lin", "business");
    const struct kit_party *lin = rota_keys(&r, "lin");
    assert_int_equal(rota_apply(&r, "one", "lin"), 0);
    assert_int_equal(admit(&r, "scene.apply", lin->tls), 0);
    assert_int_equal(admit(&r, "scene.apply", rota_keys(&r, "nobody")->tls), SY_E_PARTY);
    assert_int_equal(admit(&r, "staff.enrol", rota_keys(&r, "nobody")->tls), 0); /* a newcomer */
    assert_int_equal(rota_revoke(&r, "acme", "lin", kit_party(&r.k, "acme")), 0);
    uint64_t entries = r.k.entry;
    assert_int_equal(rota_apply(&r, "two", "lin"), SY_E_PARTY);
    assert_true(r.k.entry == entries); /* nobody known has signed: nothing is logged */
    assert_int_equal(admit(&r, "scene.apply", lin->tls), SY_E_PARTY);
    assert_int_equal(rota_revoke(&r, "acme", "lin", kit_party(&r.k, "acme")), SY_E_STATE);
    struct sy_staff_invite v = rota_invite(&r, "acme", "lin", "business"); /* the id is used up */
    assert_int_equal(rota_enrol(&r, &v, kit_party(&r.k, "acme")), SY_E_EXISTS);
    kit_free(&r.k);
}

static void control_staff_trained(void **state)
{
    static const struct sy_pack_staff terms = {.separated = true, .training_days = ROTA_DAYS};
    struct rota r;
    (void)state;
    rota_init(&r, &terms);
    rota_join(&r, "acme", "sec", "security");
    rota_join(&r, "acme", "lin", "business");
    struct sy_staff_invite v = rota_invite(&r, "acme", "wei", "business");
    memset(v.confidential, 0x55, 32); /* signed before the invitation */
    assert_int_equal(rota_enrol(&r, &v, kit_party(&r.k, "acme")), 0);
    assert_int_equal(rota_apply(&r, "one", "wei"), SY_E_DENIED);
    assert_true(sy_view_is(r.k.verdict.field, "staff.trained_until"));
    assert_int_equal(rota_train(&r, "acme", "wei", "sec", false), 0);
    assert_int_equal(rota_apply(&r, "two", "wei"), 0);
    r.k.time += (int64_t)31 * DAY_S;
    assert_int_equal(rota_apply(&r, "three", "wei"), SY_E_DENIED);
    assert_int_equal(rota_train(&r, "acme", "wei", "lin", false), SY_E_ROLE);
    kit_free(&r.k);
}

static void control_staff_confidential(void **state)
{
    static const struct sy_pack_staff terms = {.training_days = ROTA_DAYS};
    struct rota r;
    (void)state;
    rota_init(&r, &terms);
    rota_join(&r, "acme", "sec", "security");
    rota_join(&r, "acme", "lin", "business");
    assert_int_equal(rota_train(&r, "acme", "lin", "sec", false), 0);
    assert_int_equal(rota_apply(&r, "one", "lin"), SY_E_DENIED);
    assert_true(sy_view_is(r.k.verdict.field, "staff.confidential"));
    assert_int_equal(rota_train(&r, "acme", "lin", "sec", true), 0);
    assert_int_equal(rota_apply(&r, "two", "lin"), 0);
    kit_free(&r.k);
}

/* ---- two persons ---- */

static int32_t apply_by(struct rota *r, const char *scene, const struct kit_party *by,
                        const struct kit_party *with)
{
    struct sy_proposal *p = kit_proposal(&r->k);
    p->scene = V(scene);
    struct rota_act act = {.party = "acme",
                           .method = "scene.apply",
                           .desc = &sy_proposal_desc,
                           .args = p,
                           .by = by,
                           .with = with};
    return rota_send(r, &act);
}

static void control_two_person(void **state)
{
    struct rota r;
    (void)state;
    struct sy_view named[] = {V("scene.apply")};
    const struct sy_pack_staff terms = {.two_person = named, .n_two_person = 1};
    rota_init(&r, &terms);
    const struct kit_party *own = kit_party(&r.k, "acme");
    assert_int_equal(kit_apply(&r.k, kit_proposal(&r.k)), SY_E_UNSIGNED); /* nobody to sign it */
    rota_join(&r, "acme", "lin", "business");
    rota_join(&r, "acme", "wei", "business");
    rota_join(&r, "acme", "sys", "system");
    const struct kit_party *lin = rota_keys(&r, "lin"), *wei = rota_keys(&r, "wei");
    assert_int_equal(apply_by(&r, "one", lin, NULL), SY_E_UNSIGNED);
    assert_int_equal(apply_by(&r, "two", lin, lin), SY_E_UNSIGNED); /* twice the same is one */
    assert_int_equal(apply_by(&r, "three", lin, kit_party(&r.k, "rival")), SY_E_UNSIGNED);
    assert_int_equal(apply_by(&r, "four", lin, rota_keys(&r, "sys")), SY_E_ROLE);
    assert_int_equal(apply_by(&r, "five", lin, wei), 0);
    assert_int_equal(apply_by(&r, "six", own, wei), 0);
    assert_int_equal(apply_by(&r, "seven", own, NULL), SY_E_UNSIGNED);
    kit_free(&r.k);
}

/* The second signature is verified like the first. */
static void test_second_signature(void **state)
{
    struct rota r;
    (void)state;
    struct sy_view named[] = {V("scene.apply")};
    const struct sy_pack_staff terms = {.two_person = named, .n_two_person = 1};
    rota_init(&r, &terms);
    rota_join(&r, "acme", "lin", "business");
    rota_join(&r, "acme", "wei", "business");
    struct rota_act act = {.party = "acme",
                           .method = "scene.apply",
                           .desc = &sy_proposal_desc,
                           .args = kit_proposal(&r.k),
                           .by = rota_keys(&r, "lin"),
                           .with = rota_keys(&r, "wei")};
    struct rules_request *q = rota_request(&r, &act);
    uint8_t *forged = (uint8_t *)(uintptr_t)q->sigs[1].sig.p;
    forged[3] ^= 1;
    assert_int_equal(kit_send(&r.k, q), SY_E_SIGNATURE);
    forged[3] ^= 1;
    memset(r.k.extra.tls, 0x12, 32); /* and the connection is the first signer's */
    assert_int_equal(kit_send(&r.k, q), SY_E_PARTY);
    memcpy(r.k.extra.tls, rota_keys(&r, "wei")->tls, 32);
    assert_int_equal(kit_send(&r.k, q), SY_E_PARTY);
    memcpy(r.k.extra.tls, rota_keys(&r, "lin")->tls, 32);
    assert_int_equal(kit_send(&r.k, q), 0);
    kit_free(&r.k);
}

static void control_own_filing(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    rota_join(&r, "acme", "sec", "security");
    rota_join(&r, "acme", "sol", "security");
    assert_int_equal(rota_train(&r, "acme", "sec", "sec", true), SY_E_ROLE); /* certifies herself */
    assert_true(sy_view_is(r.k.verdict.field, "staff.id"));
    /* nor as the second of two */
    struct sy_staff_train t = {
        .course = V("data safety"), .id = V("sec"), .until = r.k.time + DAY_S};
    struct rota_act act = {.party = "acme",
                           .method = "staff.train",
                           .desc = &sy_staff_train_desc,
                           .args = &t,
                           .by = rota_keys(&r, "sol"),
                           .with = rota_keys(&r, "sec")};
    assert_int_equal(rota_send(&r, &act), SY_E_ROLE);
    assert_int_equal(rota_train(&r, "acme", "sec", "sol", true), 0);
    kit_free(&r.k);
}

/* ---- a known nonce ---- */

/* The same header, sent by another member over their own connection. */
static void send_again(struct rota *r, struct rules_request *q, const struct kit_party *by,
                       struct rules_decision *ret)
{
    kit_sign(&r->k, q, by);
    memcpy(r->k.extra.tls, by->tls, 32);
    check_ok(kit_decide(&r->k, q, ret));
    r->k.extra = (struct sy_inputs){0};
}

/* Signatures are not in the header: what is on record is told to nobody who may not sign it. */
static void test_outcome_by_duty(void **state)
{
    struct rota r;
    struct rules_decision d;
    (void)state;
    rota_init(&r, &PLAIN);
    rota_join(&r, "acme", "biz", "business");
    rota_join(&r, "acme", "sys", "system");
    struct rota_act act = {.party = "acme",
                           .method = "scene.apply",
                           .desc = &sy_proposal_desc,
                           .args = kit_proposal(&r.k),
                           .by = rota_keys(&r, "biz")};
    struct rules_request *q = rota_request(&r, &act);
    assert_int_equal(kit_send(&r.k, q), 0);
    uint64_t entries = r.k.entry;
    send_again(&r, q, rota_keys(&r, "sys"), &d);
    assert_int_equal(d.kind, RULES_KIND_REFUSED); /* no entry of its own */
    assert_int_equal(d.verdict.code, SY_E_ROLE);
    send_again(&r, q, kit_party(&r.k, "acme"), &d);
    assert_int_equal(d.verdict.code, SY_E_ROLE);
    send_again(&r, q, rota_keys(&r, "biz"), &d);
    assert_int_equal(d.kind, RULES_KIND_RECORDED);
    assert_true(r.k.entry == entries);
    kit_free(&r.k);
}

/* Nor does a run that waits for its answer go on for them. */
static void test_run_by_duty(void **state)
{
    struct rota r = {0};
    struct rules_decision d;
    (void)state;
    kit_init(&r.k);
    kit_ready(&r.k);
    assert_int_equal(rota_adopt(&r, &PLAIN), 0);
    rota_join(&r, "acme", "biz", "business");
    rota_join(&r, "acme", "sys", "system");
    struct sy_run_param param = {.name = V("min_age"), .value = V("40")};
    struct sy_run run = {.params = &param, .n_params = 1};
    struct rota_act act = {.party = "acme",
                           .method = "model.run",
                           .desc = &sy_run_desc,
                           .args = &run,
                           .grant = r.k.grant,
                           .subject = r.k.model,
                           .by = rota_keys(&r, "biz")};
    struct rules_request *q = rota_request(&r, &act);
    memset(r.k.extra.salt, 0x31, 32);
    check_ok(rules_run_data(r.k.state, kit_plan(&r.k), &r.k.arena, &r.k.extra.data,
                            &r.k.extra.n_data, NULL));
    assert_int_equal(kit_send(&r.k, q), 0);
    send_again(&r, q, rota_keys(&r, "sys"), &d);
    assert_int_equal(d.kind, RULES_KIND_REFUSED);
    assert_int_equal(d.verdict.code, SY_E_ROLE);
    send_again(&r, q, rota_keys(&r, "biz"), &d);
    assert_int_equal(d.kind, RULES_KIND_RESUME);
    kit_free(&r.k);
}

/* ---- room ---- */

static void test_rota_room(void **state)
{
    struct rota r;
    char id[16];
    (void)state;
    rota_init(&r, &PLAIN);
    rota_join(&r, "acme", "biz", "business");
    struct rules_key key = rules_key_staff(V("acme"), V("biz"));
    struct sy_view row;
    assert_true(rules_state_get(r.k.state, rules_key_view(&key), &row));
    row = sy_arena_copy(&r.k.arena, row);
    for (int i = 1; i < 1024; i++) {
        (void)snprintf(id, sizeof(id), "m%d", i);
        key = rules_key_staff(V("acme"), V(id));
        check_ok(rules_state_put_raw(r.k.state, rules_key_view(&key), row));
    }
    struct sy_staff_invite v = rota_invite(&r, "acme", "late", "business");
    assert_int_equal(rota_enrol(&r, &v, kit_party(&r.k, "acme")), SY_E_LIMIT);
    check_ok(rules_state_put_raw(r.k.state, rules_key_view(&key), (struct sy_view){0}));
    struct sy_staff_invite other = rota_invite(&r, "rival", "early", "business");
    assert_int_equal(rota_enrol(&r, &other, kit_party(&r.k, "acme")), SY_E_PARTY);
    kit_free(&r.k);
}

/* ---- the table ---- */

/* Is there a method that this row is about? */
static bool is_about_one(const struct duty *d)
{
    for (size_t i = 0; rules_method_at(i) != NULL; i++) {
        if (duty_of(V(rules_method_at(i)->name)) == d) {
            return true;
        }
    }
    return false;
}

/* Every right of every duty: a change of them shows here. */
static void test_duties(void **state)
{
    static const char *const golden[] = {
        "audit.|audit|0",
        "domain.promote||1",
        "due.list|*|1",
        "incident.report|*|0",
        "incident.|business security|0",
        "inspect.|business security|0",
        "log.entries|audit business security|1",
        "log.growth|*|1",
        "log.keys|*|1",
        "log.receipt|*|1",
        "log.rotate||1",
        "order.|business security|0",
        "party.enrol|system|0",
        "party.revoke|security system|1",
        "party.rotate||1",
        "payload.read|audit|0",
        "product.report|business security|0",
        "product.review|business security|0",
        "product.test|business security|0",
        "product.withdraw|business security|0",
        "risk.report|audit business security|0",
        "scene.exposure|business security|0",
        "scene.lift|business security|0",
        "scene.revoke|business security|0",
        "scene.suspend|business security|0",
        "staff.enrol|system|1",
        "staff.revoke|system|1",
        "staff.rotate|*|0",
        "staff.train|security|0",
        "state.list|*|1",
        "status.domain|*|1",
        "witness.adopt|system|0",
        "witness.status|*|1",
    };
    size_t i = 0;
    (void)state;
    for (const struct duty *d; (d = duty_at(i)) != NULL; i++) {
        char line[128];
        (void)snprintf(line, sizeof(line), "%s|%s|%d", d->methods, d->duties, d->own);
        assert_true(i < LEN(golden));
        assert_string_equal(line, golden[i]);
        if (!is_about_one(d)) {
            fail_msg("no method is %s", d->methods);
        }
    }
    assert_int_equal(i, LEN(golden));
    assert_string_equal(duty_of(V("scene.apply"))->duties, "business");
    /* a pack may ask for two people under an application, not under every run */
    struct rota r;
    struct sy_view hot[] = {V("model.run")};
    const struct sy_pack_staff terms = {.two_person = hot, .n_two_person = 1};
    rota_init(&r, &PLAIN);
    assert_int_equal(rota_adopt(&r, &terms), SY_E_FIELD);
    hot[0] = V("product.call");
    assert_int_equal(rota_adopt(&r, &terms), SY_E_FIELD);
    hot[0] = V("pack.adopt");
    assert_int_equal(rota_adopt(&r, &terms), 0);
    kit_free(&r.k);
    assert_string_equal(duty_of(V("log.entriesX"))->duties, "business");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_staff_duty),
        cmocka_unit_test(control_staff_separated),
        cmocka_unit_test(control_staff_revoked),
        cmocka_unit_test(control_staff_trained),
        cmocka_unit_test(control_staff_confidential),
        cmocka_unit_test(control_two_person),
        cmocka_unit_test(test_second_signature),
        cmocka_unit_test(control_own_filing),
        cmocka_unit_test(test_outcome_by_duty),
        cmocka_unit_test(test_run_by_duty),
        cmocka_unit_test(test_rota_room),
        cmocka_unit_test(test_duties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
