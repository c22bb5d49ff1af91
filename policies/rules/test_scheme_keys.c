/*
 * Keys of parties and of their staff: each is somebody's for ever; how they are changed, and how a party's enrolment ends
 * with everything that hung on it.
 * Source: scheme articles 9, 15, 24, 32.
 */
#include "proof/handover.h"
#include "test_staff_kit.h"

#include <sodium.h>
#include <string.h>

#include "wire/event.h"

static const struct sy_pack_staff PLAIN = {.separated = true};

/* Another key of the kit's log. */
static char NEXT_LOG[400];

static int make_next_log(void **state)
{
    uint8_t seed[32], pub[32], secret[64];
    struct proof_vkey key;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(sizeof(NEXT_LOG));
    (void)state;
    memset(seed, 9, sizeof(seed));
    crypto_sign_seed_keypair(pub, secret, seed);
    check_ok(proof_vkey_make(V("PeterNeumann"), PROOF_SIG_ED25519, pub, &key));
    check_ok(proof_vkey_format(&key, &b));
    sy_view_to_cstr(sy_buf_view(&b), NEXT_LOG, sizeof(NEXT_LOG));
    return 0;
}

static int32_t rotate(struct rota *r, const char *party, const char *method,
                      const struct kit_party *old, const struct kit_party *next)
{
    struct sy_new_keys keys = rota_new_keys(next);
    struct rota_act act = {.party = party,
                           .method = method,
                           .desc = &sy_new_keys_desc,
                           .args = &keys,
                           .by = old,
                           .with = next};
    return rota_send(r, &act);
}

static void control_keys_unique(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    rota_join(&r, "acme", "lin", "business");
    struct kit_party *twin = rota_keys(&r, "twin");
    const struct kit_party fresh = *twin;
    struct sy_staff_invite v = rota_invite(&r, "acme", "twin", "business");
    memcpy(twin->tls, kit_party(&r.k, "rival")->tls, 32); /* another party's certificate */
    assert_int_equal(rota_enrol(&r, &v, kit_party(&r.k, "acme")), SY_E_EXISTS);
    memcpy(twin->tls, rota_keys(&r, "lin")->tls, 32); /* a colleague's: box and certificate */
    assert_int_equal(rota_enrol(&r, &v, kit_party(&r.k, "acme")), SY_E_EXISTS);
    *twin = fresh;
    assert_int_equal(rota_enrol(&r, &v, kit_party(&r.k, "acme")), 0);
    /* a member's keys never become a party's, nor another member's: not even when they are free again */
    assert_int_equal(rota_revoke(&r, "acme", "twin", kit_party(&r.k, "acme")), 0);
    struct kit_party *p = kit_new_party(&r.k, "guild");
    memcpy(p->sign, fresh.sign, 32);
    memcpy(p->secret, fresh.secret, 64);
    struct sy_invite guild = kit_invite(&r.k, "guild", "auditor");
    assert_int_equal(kit_enrol_by(&r.k, "guild", &guild), SY_E_EXISTS);
    kit_free(&r.k);
}

static void test_member_rotates(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    rota_join(&r, "acme", "lin", "business");
    const struct kit_party *old = rota_keys(&r, "lin"), *next = rota_keys(&r, "lin2");
    struct rota_act one = {
        .party = "acme", .method = "staff.rotate", .desc = &sy_new_keys_desc, .by = old};
    struct sy_new_keys keys = rota_new_keys(next);
    one.args = &keys;
    assert_int_equal(rota_send(&r, &one), SY_E_UNSIGNED); /* the new key has to sign as well */
    assert_int_equal(rotate(&r, "acme", "staff.rotate", old, rota_keys(&r, "lin")), SY_E_EXISTS);
    assert_int_equal(rotate(&r, "acme", "staff.rotate", kit_party(&r.k, "acme"), next), SY_E_ROLE);
    assert_int_equal(rotate(&r, "acme", "staff.rotate", old, next), 0);
    assert_int_equal(rota_apply(&r, "old", "lin"), SY_E_PARTY);
    assert_int_equal(rota_apply(&r, "new", "lin2"), 0);
    assert_int_equal(rotate(&r, "acme", "staff.rotate", next, old), SY_E_EXISTS); /* never again */
    /* still the same member */
    assert_int_equal(rota_revoke(&r, "acme", "lin", kit_party(&r.k, "acme")), 0);
    assert_int_equal(rota_apply(&r, "gone", "lin2"), SY_E_PARTY);
    kit_free(&r.k);
}

static void test_party_rotates(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    const struct kit_party *own = kit_party(&r.k, "acme"), *next = rota_keys(&r, "acme2");
    assert_int_equal(rotate(&r, "acme", "party.rotate", own, next), 0); /* without staff too */
    assert_int_equal(rotate(&r, "acme", "party.rotate", own, rota_keys(&r, "x")), SY_E_PARTY);
    struct rules_request *q = rota_request(&r, &(struct rota_act){.party = "acme",
                                                                  .method = "scene.apply",
                                                                  .desc = &sy_proposal_desc,
                                                                  .args = kit_proposal(&r.k),
                                                                  .by = next});
    assert_int_equal(kit_send(&r.k, q), 0);
    r.k.extra = (struct sy_inputs){0};
    assert_int_equal(
        rotate(&r, "agency", "party.rotate", kit_party(&r.k, "agency"), rota_keys(&r, "y")), 0);
    kit_free(&r.k);
}

/* ---- the agency's key, and the log's ---- */

static int32_t log_step(struct rota *r, const char *party, const char *stage, struct sy_view log,
                        const struct kit_party *by, struct sy_view *links, size_t n)
{
    struct sy_log_rotate a = {.agency = links, .n_agency = n, .log = log, .stage = V(stage)};
    struct rota_act act = {
        .party = party, .method = "log.rotate", .desc = &sy_log_rotate_desc, .args = &a, .by = by};
    r->last = rota_request(r, &act);
    r->k.extra = (struct sy_inputs){.log = strcmp(stage, "announce") == 0 ? V(NEXT_LOG) : V("")};
    int32_t code = kit_send(&r->k, r->last);
    r->k.extra = (struct sy_inputs){0};
    return code;
}

/* Whoever knows only genesis must come to the key that orders another log key: the order says how. */
static void test_order_of_later_key(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    const struct kit_party *first = kit_party(&r.k, "agency"), *next = rota_keys(&r, "agency2");
    const struct kit_party *operator_ = kit_party(&r.k, "operator");
    struct sy_view none = {0};
    assert_int_equal(rotate(&r, "agency", "party.rotate", first, next), 0);
    struct sy_logged_request q = {.args = r.last->args,
                                  .header = r.last->header_bytes,
                                  .sigs = (struct sy_signature *)(uintptr_t)r.last->sigs,
                                  .n_sigs = r.last->n_sigs};
    memcpy(q.salt, r.last->salt, 32);
    struct sy_view link = kit_encode(&r.k, &sy_logged_request_desc, &q);
    assert_int_equal(log_step(&r, "operator", "announce", none, operator_, NULL, 0), 0);
    assert_int_equal(log_step(&r, "agency", "announce", none, next, NULL, 0), 0);
    assert_int_equal(log_step(&r, "operator", "overlap", V(NEXT_LOG), operator_, NULL, 0), 0);
    assert_int_equal(log_step(&r, "agency", "overlap", V(NEXT_LOG), next, NULL, 0), SY_E_FIELD);
    assert_int_equal(log_step(&r, "agency", "overlap", V(NEXT_LOG), next, &link, 1), 0);
    kit_free(&r.k);
}

/* ---- the end of an enrolment ---- */

static int32_t revoke_party(struct rota *r, const char *party, const char *ground)
{
    struct sy_party_revoke a = {.ground = V(ground), .party = V(party), .text = V("dissolved")};
    return kit_call(&r->k, "agency", "party.revoke", &sy_party_revoke_desc, &a, NULL, NULL);
}

static void control_party_revoked(void **state)
{
    struct rota r;
    struct sy_row_grant g;
    struct sy_row_budget before, after;
    (void)state;
    rota_init(&r, &PLAIN);
    assert_int_equal(kit_apply(&r.k, kit_proposal(&r.k)), 0);
    assert_int_equal(kit_review(&r.k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(&r.k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(&r.k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(&r.k, "agency", "scene.final_review", "approve"), 0);
    struct rules_key key = rules_key_hash("grant/", r.k.grant);
    struct sy_view budget = V("budget/person");
    check_ok(rules_state_read(r.k.state, budget, &sy_row_budget_desc, &r.k.arena, &before, NULL));
    rota_join(&r, "acme", "lin", "business");
    assert_int_equal(revoke_party(&r, "nobody", "incident"), SY_E_NOT_FOUND);
    assert_int_equal(revoke_party(&r, "operator", "incident"), SY_E_DENIED);
    assert_int_equal(revoke_party(&r, "acme", "whim"), SY_E_FIELD);
    assert_int_equal(rota_apply(&r, "before", "lin"), 0);
    assert_int_equal(revoke_party(&r, "acme", "incident"), 0);
    check_ok(rules_state_read(r.k.state, rules_key_view(&key), &sy_row_grant_desc, &r.k.arena, &g,
                              NULL));
    assert_true(sy_view_is(g.status, "revoked"));
    check_ok(rules_state_read(r.k.state, budget, &sy_row_budget_desc, &r.k.arena, &after, NULL));
    assert_true(before.held_rho > 0 && after.held_rho == 0);
    assert_int_equal(rota_apply(&r, "after", "lin"), SY_E_PARTY); /* its members with it */
    assert_int_equal(kit_apply(&r.k, kit_proposal(&r.k)), SY_E_PARTY);
    kit_free(&r.k);
}

/* What a revoked party held, the agency may start again: nobody else could ever lift it. */
static void test_revoked_holder(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    assert_int_equal(kit_apply(&r.k, kit_proposal(&r.k)), 0);
    assert_int_equal(kit_review(&r.k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(&r.k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(&r.k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(&r.k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(kit_order(&r.k, "health", "scene.suspend", "incident"), 0);
    assert_int_equal(kit_order(&r.k, "clinic", "scene.suspend", "incident"), 0);
    assert_int_equal(revoke_party(&r, "clinic", "incident"), 0);
    assert_int_equal(kit_order(&r.k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
    assert_int_equal(kit_order(&r.k, "health", "scene.lift", "incident"), 0);
    assert_int_equal(kit_order(&r.k, "agency", "scene.resume", "incident"), 0);
    kit_free(&r.k);
}

/* An application does not outlive its applicant's enrolment. */
static void test_revoked_applicant(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    assert_int_equal(kit_apply(&r.k, kit_proposal(&r.k)), 0);
    assert_int_equal(kit_review(&r.k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(&r.k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(&r.k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(revoke_party(&r, "acme", "incident"), 0);
    assert_int_equal(kit_review(&r.k, "agency", "scene.final_review", "approve"), SY_E_PARTY);
    assert_true(sy_view_is(r.k.verdict.field, "developer"));
    assert_int_equal(kit_review(&r.k, "agency", "scene.final_review", "reject"), 0);
    kit_free(&r.k);
}

/* Outsiders follow 64 changes of the agency's key: there is no 65th. */
static void test_agency_links_room(void **state)
{
    struct rota r;
    uint8_t id[32] = {0x5a};
    struct rules_key key;
    (void)state;
    rota_init(&r, &PLAIN);
    struct kit_party *own = kit_party(&r.k, "agency"), *next = rota_keys(&r, "next");
    struct sy_held_key row = {.party = V("agency"), .use = V("sign")};
    for (uint8_t i = 0; i < PROOF_AGENCY_LINKS_MAX; i++) {
        id[31] = i;
        key = rules_key_hash("key/", id);
        check_ok(rules_state_put_raw(r.k.state, rules_key_view(&key),
                                     kit_encode(&r.k, &sy_held_key_desc, &row)));
    }
    struct sy_new_keys keys = rota_new_keys(next);
    struct rota_act act = {.party = "agency",
                           .method = "party.rotate",
                           .desc = &sy_new_keys_desc,
                           .args = &keys,
                           .by = own,
                           .with = next};
    struct rules_decision d;
    struct rules_request *q = rota_request(&r, &act);
    check_ok(kit_decide(&r.k, q, &d));
    assert_int_equal(d.verdict.code, SY_E_LIMIT);
    check_ok(rules_state_put_raw(r.k.state, rules_key_view(&key), (struct sy_view){0}));
    check_ok(kit_decide(&r.k, q, &d));
    assert_int_equal(d.verdict.code, 0);
    r.k.extra = (struct sy_inputs){0};
    kit_free(&r.k);
}

/* ---- without the section ---- */

static void test_no_section(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, NULL);
    struct sy_staff_invite v = rota_invite(&r, "acme", "lin", "business");
    assert_int_equal(rota_enrol(&r, &v, kit_party(&r.k, "acme")), SY_E_STATE);
    assert_int_equal(revoke_party(&r, "acme", "incident"), SY_E_STATE);
    assert_int_equal(rota_adopt(&r, &PLAIN), 0);
    rota_join(&r, "acme", "lin", "business");
    assert_int_equal(rota_apply(&r, "one", "lin"), 0);
    assert_int_equal(rota_adopt(&r, NULL), 0); /* the rota sleeps: the party's own key is all */
    assert_int_equal(rota_apply(&r, "two", "lin"), SY_E_UNSIGNED);
    struct sy_proposal *p = kit_proposal(&r.k);
    p->scene = V("three");
    assert_int_equal(kit_apply(&r.k, p), 0);
    kit_free(&r.k);
}

/* ---- invitations ---- */

static void test_invitations(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    const struct kit_party *own = kit_party(&r.k, "acme");
    struct sy_staff_invite v = rota_invite(&r, "acme", "lin", "business");
    assert_int_equal(rota_enrol(&r, &v, kit_party(&r.k, "rival")), SY_E_PARTY);
    v.expiry = r.k.time - 1;
    assert_int_equal(rota_enrol(&r, &v, own), SY_E_EXPIRED);
    v = rota_invite(&r, "acme", "lin", "business audit"); /* not ascending */
    assert_int_equal(rota_enrol(&r, &v, own), SY_E_FIELD);
    v = rota_invite(&r, "acme", "lin", "king");
    assert_int_equal(rota_enrol(&r, &v, own), SY_E_FIELD);
    v = rota_invite(&r, "acme", "lin", "business");
    v.warden[0] ^= 1;
    assert_int_equal(rota_enrol(&r, &v, own), SY_E_FIELD);
    v = rota_invite(&r, "acme", "lin", "business");
    v.role = V("agency");
    assert_int_equal(rota_enrol(&r, &v, own), SY_E_PARTY);
    assert_true(r.k.entry > 0);
    uint64_t entries = r.k.entry;
    v = rota_invite(&r, "acme", "lin", "business");
    v.ctx = V("shuyu-invite-1");
    assert_int_equal(rota_enrol(&r, &v, own), SY_E_FIELD);
    assert_true(r.k.entry == entries); /* a newcomer's failures have no entry */
    rota_join(&r, "acme", "sys", "system");
    rota_join(&r, "acme", "biz", "business");
    v = rota_invite(&r, "acme", "lin", "business");
    assert_int_equal(rota_enrol(&r, &v, rota_keys(&r, "biz")), SY_E_ROLE);
    assert_int_equal(rota_enrol(&r, &v, rota_keys(&r, "sys")), 0);
    /* the same envelope has its outcome; another one is a known member's, and is on record */
    struct rules_decision d;
    memcpy(r.k.extra.tls, rota_keys(&r, "lin")->tls, 32);
    check_ok(kit_decide(&r.k, r.last, &d));
    assert_int_equal(d.kind, RULES_KIND_RECORDED);
    r.k.extra = (struct sy_inputs){0};
    entries = r.k.entry;
    assert_int_equal(rota_enrol(&r, &v, rota_keys(&r, "sys")), SY_E_EXISTS);
    assert_true(r.k.entry == entries + 1);
    kit_free(&r.k);
}

/* The agency's staff invite parties, once it has staff. */
static void test_agency_staff_invites(void **state)
{
    struct rota r;
    (void)state;
    rota_init(&r, &PLAIN);
    rota_join(&r, "agency", "sys", "system");
    rota_join(&r, "agency", "biz", "business");
    (void)kit_new_party(&r.k, "guild");
    struct kit_party *agency = kit_party(&r.k, "agency");
    const struct kit_party own = *agency;
    struct sy_invite v = kit_invite(&r.k, "guild", "auditor");
    assert_int_equal(kit_enrol_by(&r.k, "guild", &v), SY_E_SIGNATURE);
    memcpy(agency->secret, rota_keys(&r, "biz")->secret, 64);
    assert_int_equal(kit_enrol_by(&r.k, "guild", &v), SY_E_SIGNATURE);
    memcpy(agency->secret, rota_keys(&r, "sys")->secret, 64);
    assert_int_equal(kit_enrol_by(&r.k, "guild", &v), 0);
    *agency = own;
    kit_free(&r.k);
}

/* Replies go to the box key of who signed first; the same envelope has one outcome. */
static void test_reply_box(void **state)
{
    struct rota r;
    uint8_t box[32], want[32];
    (void)state;
    rota_init(&r, &PLAIN);
    struct rota_act act = {.party = "acme",
                           .method = "scene.apply",
                           .desc = &sy_proposal_desc,
                           .args = kit_proposal(&r.k),
                           .by = kit_party(&r.k, "acme")};
    struct rules_request *own = rota_request(&r, &act);
    r.k.extra = (struct sy_inputs){0};
    assert_true(rules_reply_box(r.k.state, own, &r.k.arena, box));
    memset(want, 5, 32); /* the kit's parties have one box */
    assert_memory_equal(box, want, 32);
    rota_join(&r, "acme", "lin", "business");
    act.by = rota_keys(&r, "lin");
    struct rules_request *q = rota_request(&r, &act);
    assert_true(rules_reply_box(r.k.state, q, &r.k.arena, box));
    rota_box(act.by, want);
    assert_memory_equal(box, want, 32);
    struct rules_decision d;
    assert_int_equal(kit_send(&r.k, q), 0);
    check_ok(kit_decide(&r.k, q, &d));
    assert_int_equal(d.kind, RULES_KIND_RECORDED);
    r.k.extra = (struct sy_inputs){0};
    act.by = rota_keys(&r, "nobody");
    q = rota_request(&r, &act);
    assert_false(rules_reply_box(r.k.state, q, &r.k.arena, box));
    r.k.extra = (struct sy_inputs){0};
    kit_free(&r.k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_keys_unique),    cmocka_unit_test(test_member_rotates),
        cmocka_unit_test(test_party_rotates),     cmocka_unit_test(control_party_revoked),
        cmocka_unit_test(test_no_section),        cmocka_unit_test(test_order_of_later_key),
        cmocka_unit_test(test_invitations),       cmocka_unit_test(test_agency_staff_invites),
        cmocka_unit_test(test_reply_box),         cmocka_unit_test(test_revoked_holder),
        cmocka_unit_test(test_revoked_applicant), cmocka_unit_test(test_agency_links_room),
    };
    return cmocka_run_group_tests(tests, make_next_log, NULL);
}
