/*
 * The whole life of a domain through decide and apply, with real signatures; every event is
 * replayed into a second state by test_kit. Budgets, stored answers, idempotent envelopes, orders,
 * expiry. (Random lives: test_accounts.c.)
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

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static struct sy_row_budget budget(struct kit *k)
{
    struct sy_row_budget b;
    check_ok(
        rules_state_read(k->state, V("budget/person"), &sy_row_budget_desc, &k->arena, &b, NULL));
    return b;
}

/* Of the run that was just allowed: of persons, and of nobody else. */
static uint64_t price(struct kit *k)
{
    assert_int_equal(k->verdict.n_spends, 1);
    assert_true(sy_view_is(k->verdict.spends[0].ns, "person"));
    return k->verdict.spends[0].rho;
}

static void test_happy_path(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(budget(k).held_rho, 1000000000);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_true(sy_view_is(k->type, "charge"));
    assert_int_equal(price(k), 200000000);
    uint64_t charge = k->entry - 1;
    assert_int_equal(budget(k).spent_rho, 200000000);
    assert_int_equal(budget(k).held_rho, 800000000);
    assert_int_equal(kit_answer(k, charge, "ok"), 0);
    assert_true(sy_view_is(k->type, "answer"));
    uint64_t answer = k->entry - 1;
    assert_int_equal(kit_run(k, "40"), 0); /* the same question again */
    assert_int_equal(k->verdict.stored, answer + 1);
    assert_int_equal(k->verdict.n_spends, 0);
    assert_true(sy_view_is(k->type, "answer"));
    assert_int_equal(kit_account(k).calls, 1);
    assert_int_equal(budget(k).spent_rho, 200000000);
    assert_int_equal(kit_publish(k, kit_persons(k), 2), 0); /* new data: a new question */
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(price(k), 200000000);
    assert_int_equal(kit_answer(k, charge, "ok"), SY_E_STATE);
}

/* Exactly five charges of 0.2 fit into a share of 1.0; calls are five too. */
static void test_budget_exact(void **state)
{
    static const char *const ages[] = {"18", "40", "60", "75", "80", "85"};
    struct kit *k = *state;
    kit_catalogue(k);
    struct sy_proposal *p = kit_proposal(k);
    p->calls = 50;
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(kit_run(k, ages[i]), 0);
    }
    assert_int_equal(budget(k).spent_rho, 1000000000);
    assert_int_equal(budget(k).held_rho, 0);
    assert_int_equal(kit_run(k, ages[5]), SY_E_BUDGET);
    assert_int_equal(budget(k).spent_rho, 1000000000);
    assert_int_equal(kit_account(k).shares[0].rho_spent, 1000000000);
}

static void test_calls(void **state)
{
    struct kit *k = *state;
    kit_catalogue(k);
    struct sy_proposal *p = kit_proposal(k);
    p->calls = 1;
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_run(k, "40"), SY_E_REVIEW);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    assert_int_equal(kit_run(k, "60"), SY_E_CALLS);
    assert_int_equal(kit_run(k, "40"), 0); /* the stored answer needs no call */
}

/* Two overruns where one is allowed stop the scene until the agency resumes it. */
static void test_overruns(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_run(k, "18"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "refused"), 0);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_STATE);
    assert_int_equal(kit_run(k, "18"), 0); /* no stored answer: charged again */
    assert_int_equal(price(k), 200000000);
    assert_int_equal(kit_answer(k, k->entry - 1, "refused"), 0);
    assert_int_equal(budget(k).spent_rho, 400000000);
    assert_int_equal(kit_run(k, "18"), SY_E_OVERRUN);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
    assert_int_equal(kit_run(k, "18"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "late"), SY_E_FIELD);
}

static void test_orders(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_order(k, "operator", "scene.suspend", "request"), SY_E_ROLE);
    assert_int_equal(kit_order(k, "operator", "scene.suspend", "nonsense"), SY_E_FIELD);
    assert_int_equal(kit_order(k, "rival", "scene.suspend", "request"), SY_E_GRANT);
    assert_int_equal(kit_order(k, "audit", "scene.suspend", "request"), SY_E_ROLE);
    assert_int_equal(kit_order(k, "clinic", "scene.suspend", "incident"), 0);
    assert_int_equal(kit_run(k, "40"), SY_E_SUSPENDED);
    assert_int_equal(kit_order(k, "clinic", "scene.suspend", "incident"), SY_E_STATE);
    assert_int_equal(kit_order(k, "operator", "scene.resume", "incident"), SY_E_ROLE);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
    assert_int_equal(kit_order(k, "clinic", "scene.lift", "incident"), 0);
    struct sy_order o = {.ground = V("incident")};
    assert_int_equal(kit_call(k, "agency", "scene.resume", &sy_order_desc, &o, k->grant, NULL),
                     SY_E_SHARE);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_order(k, "acme", "scene.revoke", "request"), 0);
    assert_int_equal(budget(k).held_rho, 0);
    assert_int_equal(budget(k).spent_rho, 200000000);
    assert_int_equal(kit_run(k, "60"), SY_E_GRANT);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_STATE);
    assert_int_equal(kit_order(k, "agency", "scene.revoke", "incident"), SY_E_STATE);
}

static void test_expiry(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_order(k, "warden", "grant.expire", ""), SY_E_STATE);
    k->time += 86400 * 365 + 1;
    assert_int_equal(kit_run(k, "40"), SY_E_EXPIRED);
    assert_int_equal(kit_order(k, "warden", "grant.expire", ""), 0);
    assert_int_equal(budget(k).held_rho, 0);
    assert_int_equal(kit_order(k, "warden", "grant.expire", ""), SY_E_STATE);
    struct sy_proposal *p = kit_proposal(k);
    assert_int_equal(kit_apply(k, p), 0); /* the scene is free again */
}

/* One scene, one grant; a rejected proposal frees the scene. */
static void test_one_scene(void **state)
{
    struct kit *k = *state;
    kit_catalogue(k);
    struct sy_proposal *p = kit_proposal(k);
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_apply(k, p), SY_E_EXISTS);
    p->calls = 6;
    assert_int_equal(kit_apply(k, p), SY_E_EXISTS);
    p->calls = 5;
    (void)kit_apply(k, p);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "reject"), 0);
    assert_true(sy_view_is(k->type, "review"));
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), SY_E_STATE);
    p->calls = 7;
    assert_int_equal(kit_apply(k, p), 0);
}

static void test_review_chain(void **state)
{
    struct kit *k = *state;
    kit_catalogue(k);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), SY_E_REVIEW);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), SY_E_REVIEW);
    assert_int_equal(kit_review(k, "acme", "scene.first_review", "approve"), SY_E_ROLE);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "maybe"), SY_E_FIELD);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), SY_E_EXISTS);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), SY_E_REVIEW);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), SY_E_EXISTS);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), SY_E_REVIEW);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    struct sy_review r = {.decision = V("approve")};
    assert_int_equal(
        kit_call(k, "agency", "scene.final_review", &sy_review_desc, &r, k->grant, NULL),
        SY_E_SHARE);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    assert_true(sy_view_is(k->type, "grant"));
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), SY_E_STATE);
}

/* The namespace's cap of 4.0 holds four shares of 1.0, and a fifth scene gets nothing. */
static void test_reservation(void **state)
{
    static const char *const scenes[] = {"s1", "s2", "s3", "s4", "s5"};
    struct kit *k = *state;
    kit_catalogue(k);
    for (size_t i = 0; i < 5; i++) {
        struct sy_proposal *p = kit_proposal(k);
        p->scene = V(scenes[i]);
        assert_int_equal(kit_apply(k, p), i < 4 ? 0 : SY_E_BUDGET);
        if (i == 4) {
            break;
        }
        assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
        assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
        assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
        assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    }
    assert_int_equal(budget(k).held_rho, 4000000000);
    struct sy_pack *pack = kit_pack_record(k, 2);
    pack->budgets[0].rho = 3999999999;
    assert_int_equal(kit_adopt(k, pack), SY_E_BUDGET);
    pack->budgets[0].rho = 4000000001;
    assert_int_equal(kit_adopt(k, pack), SY_E_BUDGET);
    pack->budgets[0].rho = 4000000000;
    assert_int_equal(kit_adopt(k, pack), 0);
    assert_int_equal(kit_adopt(k, pack), SY_E_EXISTS);
}

/* The same envelope: one outcome, never two charges. */
static void test_nonces(void **state)
{
    struct kit *k = *state;
    struct rules_decision d;
    kit_ready(k);
    struct sy_run_param param = {.name = V("min_age"), .value = V("40")};
    struct sy_run run = {.params = &param, .n_params = 1};
    struct rules_request *r = kit_request(k, "acme", "model.run", &sy_run_desc, &run);
    memcpy(r->header.grant, k->grant, 32);
    memcpy(r->header.subject, k->model, 32);
    kit_sign(k, r, kit_party(k, "acme"));
    memset(k->extra.salt, 1, 32);
    check_ok(
        rules_run_data(k->state, kit_plan(k), &k->arena, &k->extra.data, &k->extra.n_data, NULL));
    assert_int_equal(kit_send(k, r), 0);
    uint64_t charge = k->entry - 1;
    check_ok(kit_decide(k, r, &d));
    assert_int_equal(d.kind, RULES_KIND_RESUME);
    assert_int_equal(d.entry, charge);
    struct sy_inputs run_inputs = k->extra;
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0);
    k->extra = run_inputs;
    uint64_t logged = k->entry;
    for (size_t i = 0; i < 3; i++) { /* whoever relays it again: nothing more is logged */
        assert_int_equal(kit_send(k, r), SY_E_SUSPENDED);
        assert_int_equal(k->entry, logged);
    }
    check_ok(kit_decide(k, r, &d));
    assert_int_equal(d.kind, RULES_KIND_REFUSED);
    assert_int_equal(d.entry, charge);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
    k->extra = run_inputs;
    check_ok(kit_decide(k, r, &d));
    assert_int_equal(d.kind, RULES_KIND_RESUME);
    assert_int_equal(kit_answer(k, charge, "ok"), 0);
    k->extra = run_inputs;
    check_ok(kit_decide(k, r, &d));
    assert_int_equal(d.kind, RULES_KIND_RECORDED);
    assert_int_equal(d.entry, k->entry - 1);
    k->time += 100000; /* long after its life */
    check_ok(kit_decide(k, r, &d));
    assert_int_equal(d.kind, RULES_KIND_RECORDED);
    struct rules_request other = *r; /* the same nonce on another header */
    other.header.expiry = k->time + 60;
    kit_sign(k, &other, kit_party(k, "acme"));
    logged = k->entry;
    assert_int_equal(kit_send(k, &other), SY_E_REPLAYED);
    assert_int_equal(k->entry, logged);
    check_ok(kit_decide(k, r, &d));
    assert_int_equal(d.kind, RULES_KIND_RECORDED); /* the first still owns it */
}

/* All events again, from their bytes, into a fresh state: the same digest after each. */
static void test_replay(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    assert_int_equal(kit_run(k, "17"), SY_E_FIELD);
    assert_int_equal(kit_order(k, "acme", "scene.revoke", "request"), 0);
    RULES_STATE_CLEANUP struct rules_state *again = rules_state_new();
    for (uint64_t i = 0; i < k->entry; i++) {
        struct sy_event e;
        check_ok(sy_record_decode(&sy_event_desc, k->events[i], &SY_MP_LARGE, &k->arena, &e, NULL));
        check_ok(rules_apply(again, &e, i, NULL));
        assert_memory_equal(rules_state_digest(again), k->digests[i], 32);
        assert_memory_equal(e.state, k->digests[i], 32);
    }
    assert_int_equal(rules_state_n_rows(again), rules_state_n_rows(k->state));
}

/* A log that was changed does not replay. */
static void test_tampered_log(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    RULES_STATE_CLEANUP struct rules_state *before = rules_state_clone(k->state);
    assert_int_equal(kit_run(k, "17"), SY_E_FIELD);
    struct sy_event e;
    struct sy_event bad;
    check_ok(sy_record_decode(&sy_event_desc, k->events[k->entry - 1], &SY_MP_LARGE, &k->arena, &e,
                              NULL));
    bad = e;
    bad.verdict.code = 0;
    check_code(rules_replay(before, &bad, k->entry - 1, &k->err), SY_E_TAMPERED);
    assert_string_equal(k->err.field, "verdict");
    bad = e;
    bad.verdict.reason = V("another reason");
    check_code(rules_replay(before, &bad, k->entry - 1, &k->err), SY_E_TAMPERED);
    bad = e;
    bad.type = V("charge");
    check_code(rules_replay(before, &bad, k->entry - 1, &k->err), SY_E_TAMPERED);
    assert_string_equal(k->err.field, "type");
    bad = e;
    bad.state[0] ^= 1;
    check_code(rules_replay(before, &bad, k->entry - 1, &k->err), SY_E_TAMPERED);
    assert_string_equal(k->err.field, "state");
    bad = e;
    bad.inputs.time -= 100000;
    check_code(rules_replay(before, &bad, k->entry - 1, &k->err), SY_E_INTERNAL);
    check_ok(rules_replay(before, &e, k->entry - 1, &k->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_happy_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_budget_exact, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overruns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_scene, setup, teardown),
        cmocka_unit_test_setup_teardown(test_review_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reservation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nonces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tampered_log, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_life", tests, NULL, NULL);
}
