/*
 * The controls of the scheme that requests, parties, grants and accounts stand on (rules/control.h, "spine"): one
 * test function each, with what is allowed beside what is refused. tests/scheme/switches.py runs them with the
 * control off too, and then the function must fail.
 */
#include "test_kit.h"

#include <string.h>

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    *state = &k;
    return 0;
}

static int setup_catalogue(void **state)
{
    (void)setup(state);
    kit_catalogue(*state);
    return 0;
}

static int setup_ready(void **state)
{
    (void)setup(state);
    kit_ready(*state);
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* Reject the proposal that k->grant names; a request that anybody signed for the operator. */
static struct rules_request *first_review(struct kit *k)
{
    struct sy_review a = {.decision = V("reject"), .opinion = V("seen")};
    struct rules_request *r = kit_request(k, "operator", "scene.first_review", &sy_review_desc, &a);
    memcpy(r->header.grant, k->grant, 32);
    kit_sign(k, r, kit_party(k, "operator"));
    return r;
}

/* ---- requests ---- */

static void control_signed(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    struct rules_request *r = first_review(k);
    struct kit_party forger = *kit_party(k, "acme");
    memcpy(forger.sign, kit_party(k, "operator")->sign, 32); /* what it says, not what it is */
    kit_sign(k, r, &forger);
    assert_int_equal(kit_send(k, r), SY_E_SIGNATURE);
    assert_int_equal(kit_send(k, first_review(k)), 0);
}

static void control_signed_body(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    struct sy_review other = {.decision = V("approve"), .opinion = V("seen")};
    struct rules_request *r = first_review(k);
    r->args = kit_encode(k, &sy_review_desc, &other);
    assert_int_equal(kit_send(k, r), SY_E_DIGEST);
    assert_int_equal(kit_send(k, first_review(k)), 0);
}

static void control_nonce(void **state)
{
    struct kit *k = *state;
    struct rules_request *r =
        kit_request(k, "acme", "scene.apply", &sy_proposal_desc, kit_proposal(k));
    assert_int_equal(kit_send(k, r), 0);
    uint64_t entries = k->entry;
    struct rules_decision d;
    check_ok(kit_decide(k, r, &d)); /* a copy: its outcome is on record */
    assert_int_equal(d.kind, RULES_KIND_RECORDED);
    assert_int_equal(d.entry, entries - 1);
    r->header.expiry++; /* another request under the same nonce */
    kit_sign(k, r, kit_party(k, "acme"));
    check_ok(kit_decide(k, r, &d));
    assert_int_equal(d.kind, RULES_KIND_REFUSED);
    assert_int_equal(d.verdict.code, SY_E_REPLAYED);
}

static void control_request_life(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    struct rules_request *r = first_review(k);
    r->header.expiry = k->time - 1;
    kit_sign(k, r, kit_party(k, "operator"));
    assert_int_equal(kit_send(k, r), SY_E_EXPIRED);
    r = first_review(k);
    r->header.expiry = k->time + SY_ENVELOPE_LIFE_MAX_S + 1;
    kit_sign(k, r, kit_party(k, "operator"));
    assert_int_equal(kit_send(k, r), SY_E_FIELD);
    r = first_review(k);
    r->header.expiry = k->time;
    kit_sign(k, r, kit_party(k, "operator"));
    assert_int_equal(kit_send(k, r), 0);
}

static void control_certificate(void **state)
{
    struct kit *k = *state;
    struct sy_proposal *p = kit_proposal(k);
    memset(k->extra.tls, 0x77, 32);
    assert_int_equal(kit_apply(k, p), SY_E_PARTY);
    memset(k->extra.tls, 0, 32);
    assert_int_equal(kit_apply(k, p), 0);
}

/* Who asks is who may: nobody does another role's work. */
static void control_roles(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "health", "scene.first_review", "approve"), SY_E_ROLE);
    assert_int_equal(kit_review(k, "agency", "scene.first_review", "approve"), SY_E_ROLE);
    assert_int_equal(kit_review(k, "operator", "scene.final_review", "approve"), SY_E_ROLE);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
}

static void control_local_only(void **state)
{
    struct kit *k = *state;
    struct sy_ingest a = {.dataset = V("persons")};
    memcpy(k->extra.tls, kit_party(k, "health")->tls, 32); /* through the gateway */
    assert_int_equal(kit_call(k, "health", "dataset.ingest", &sy_ingest_desc, &a, NULL, NULL),
                     SY_E_DENIED);
    memset(k->extra.tls, 0, 32); /* the local socket */
    assert_int_equal(kit_call(k, "health", "dataset.ingest", &sy_ingest_desc, &a, NULL, NULL), 0);
}

/* ---- parties ---- */

static int32_t enrol_uninvited(struct kit *k, const char *id, const struct sy_invite *v)
{
    const struct kit_party *p = kit_party(k, id);
    struct sy_enrol e = {.invite = kit_encode(k, &sy_invite_desc, v)};
    uint8_t *sig = kit_alloc(k, 64, 1);
    proof_sign(sig, e.invite, p->secret); /* its own invitation */
    e.invite_sig = sy_view(sig, 64);
    memset(e.box, 5, 32);
    memcpy(e.sign, p->sign, 32);
    memcpy(e.tls, p->tls, 32);
    return kit_call(k, id, "party.enrol", &sy_enrol_desc, &e, NULL, NULL);
}

static void control_invitation(void **state)
{
    struct kit *k = *state;
    (void)kit_new_party(k, "novel");
    struct sy_invite v = kit_invite(k, "novel", "developer");
    assert_int_equal(enrol_uninvited(k, "novel", &v), SY_E_SIGNATURE);
    v.expiry = k->time - 1;
    assert_int_equal(kit_enrol_by(k, "novel", &v), SY_E_EXPIRED);
    v.expiry = k->time;
    assert_int_equal(kit_enrol_by(k, "novel", &v), 0);
}

static void control_one_key(void **state)
{
    struct kit *k = *state;
    struct kit_party *p = kit_new_party(k, "novel");
    struct kit_party own = *p;
    struct sy_invite v = kit_invite(k, "novel", "department");
    memcpy(p->sign, kit_party(k, "acme")->sign, 32); /* the same people in two roles */
    memcpy(p->secret, kit_party(k, "acme")->secret, 64);
    assert_int_equal(kit_enrol_by(k, "novel", &v), SY_E_EXISTS);
    *p = own;
    assert_int_equal(kit_enrol_by(k, "novel", &v), 0);
}

static int32_t define_as(struct kit *k, const char *party, const struct sy_dataset_def *d)
{
    struct sy_dataset_keys keys;
    memset(&keys, 0x11, sizeof(keys));
    memset(keys.department, 0, sizeof(keys.department));
    k->extra = (struct sy_inputs){.keys = &keys, .n_keys = 1};
    int32_t code = kit_call(k, party, "dataset.define", &sy_dataset_def_desc, d, NULL, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

static void control_own_data(void **state)
{
    struct kit *k = *state;
    struct sy_ingest a = {.dataset = V("persons")};
    struct sy_dataset_def *d = kit_persons(k);
    d->id = V("persons.2");
    assert_int_equal(define_as(k, "clinic", d), SY_E_DENIED);
    assert_int_equal(define_as(k, "health", d), 0);
    assert_int_equal(kit_call(k, "clinic", "dataset.ingest", &sy_ingest_desc, &a, NULL, NULL),
                     SY_E_DENIED);
    assert_int_equal(kit_call(k, "health", "dataset.ingest", &sy_ingest_desc, &a, NULL, NULL), 0);
}

/* ---- grants ---- */

static void control_grant_term(void **state)
{
    struct kit *k = *state;
    struct sy_proposal *p = kit_proposal(k);
    p->not_after = p->not_before + (int64_t)kit_pack_record(k, 1)->term_max_s + 1;
    assert_int_equal(kit_apply(k, p), SY_E_FIELD);
    p->not_after--;
    assert_int_equal(kit_apply(k, p), 0);
}

static void control_grant_expired(void **state)
{
    struct kit *k = *state;
    k->time = kit_proposal(k)->not_after;
    assert_int_equal(kit_run(k, "40"), 0);
    k->time++;
    assert_int_equal(kit_run(k, "60"), SY_E_EXPIRED);
    assert_int_equal(kit_order(k, "warden", "grant.expire", ""), 0);
    assert_int_equal(kit_run(k, "60"), SY_E_EXPIRED);
}

static void control_grant_stopped(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_order(k, "operator", "scene.suspend", "incident"), 0);
    assert_int_equal(kit_run(k, "60"), SY_E_SUSPENDED);
}

static void control_grant_revoked(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    assert_int_equal(kit_order(k, "agency", "scene.revoke", "incident"), 0);
    assert_int_equal(kit_run(k, "40"), SY_E_GRANT); /* not even what was answered before */
}

static void control_grounds(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_order(k, "operator", "scene.suspend", "request"), SY_E_ROLE);
    assert_int_equal(kit_order(k, "operator", "scene.suspend", "whim"), SY_E_FIELD);
    assert_int_equal(kit_order(k, "operator", "scene.suspend", "incident"), 0);
}

static void control_own_grant(void **state)
{
    struct kit *k = *state;
    struct sy_model_def *d = kit_model_def(k);
    d->name = V("another");
    k->extra = (struct sy_inputs){.plan = kit_encode(k, &sy_plan_desc, kit_plan(k))};
    assert_int_equal(kit_call(k, "rival", "model.register", &sy_model_def_desc, d, k->grant, NULL),
                     SY_E_GRANT);
    assert_int_equal(kit_call(k, "acme", "model.register", &sy_model_def_desc, d, k->grant, NULL),
                     0);
}

static void control_custody(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    struct sy_review a = {.decision = V("approve"), .opinion = V("seen")};
    assert_int_equal(
        kit_call(k, "agency", "scene.final_review", &sy_review_desc, &a, k->grant, NULL),
        SY_E_SHARE);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
}

/* ---- runs ---- */

static void control_model_reviewed(void **state)
{
    struct kit *k = *state;
    struct sy_model_def *d = kit_model_def(k);
    d->name = V("another");
    assert_int_equal(kit_register(k, d, kit_plan(k)), 0);
    assert_int_equal(kit_run(k, "40"), SY_E_REVIEW);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    assert_int_equal(kit_run(k, "40"), 0);
}

/* Two scenes of one developer, with one model each: neither model serves the other scene. */
static void control_model_of_grant(void **state)
{
    struct kit *k = *state;
    uint8_t first[32];
    memcpy(first, k->grant, 32);
    struct sy_proposal *p = kit_proposal(k);
    p->scene = V("other");
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(kit_run(k, "40"), SY_E_GRANT); /* the second grant, the first one's model */
    memcpy(k->grant, first, 32);
    assert_int_equal(kit_run(k, "40"), 0);
}

static void control_calls(void **state)
{
    static const char *const ages[] = {"18", "40", "60", "75"};
    struct kit *k = *state;
    struct sy_proposal *p = kit_proposal(k);
    p->calls = LEN(ages) - 1;
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    for (size_t i = 0; i < LEN(ages); i++) {
        assert_int_equal(kit_run(k, ages[i]), i < p->calls ? 0 : SY_E_CALLS);
    }
}

/* ---- accounts ---- */

static void control_budget_held(void **state)
{
    struct kit *k = *state;
    struct sy_proposal *p = kit_proposal(k);
    p->rho = kit_pack_record(k, 1)->budgets[0].rho + 1;
    assert_int_equal(kit_apply(k, p), SY_E_BUDGET);
    p->rho--;
    assert_int_equal(kit_apply(k, p), 0);
}

static void control_budget_share(void **state)
{
    static const char *const ages[] = {"18", "40", "60", "75", "80", "85"};
    struct kit *k = *state;
    struct sy_proposal *p = kit_proposal(k);
    p->calls = 50;
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    for (size_t i = 0; i < LEN(ages); i++) { /* a share of 1.0, and 0.2 a run */
        assert_int_equal(kit_run(k, ages[i]), i < 5 ? 0 : SY_E_BUDGET);
    }
}

static void control_budget_for_life(void **state)
{
    struct kit *k = *state;
    struct sy_pack *p = kit_pack_record(k, 2);
    p->budgets[0].rho++;
    assert_int_equal(kit_adopt(k, p), SY_E_BUDGET);
    p->budgets[0].rho -= 2;
    assert_int_equal(kit_adopt(k, p), 0);
}

int main(void)
{
#define C(name) cmocka_unit_test_setup_teardown(control_##name, setup_catalogue, teardown)
#define R(name) cmocka_unit_test_setup_teardown(control_##name, setup_ready, teardown)
    const struct CMUnitTest tests[] = {
        C(signed),      C(signed_body),   C(nonce),           C(request_life),   C(certificate),
        C(roles),       C(local_only),    C(invitation),      C(one_key),        C(own_data),
        C(grant_term),  R(grant_expired), R(grant_stopped),   R(grant_revoked),  R(grounds),
        R(own_grant),   C(custody),       R(model_reviewed),  R(model_of_grant), C(calls),
        C(budget_held), C(budget_share),  C(budget_for_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
