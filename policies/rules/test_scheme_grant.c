/*
 * Grants of scenes: one for each, never changed, stopped by one and started by all, measured against what is read, and
 * replaced by a smaller one.
 */
#include "test_scheme_scene_kit.h"

#include "rules/meter.h"

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

/* A grant over all that kit_proposal asks for, under the pack's section; its id. */
static void granted(struct kit *k, uint8_t ret[32])
{
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    scene_approved(k);
    memcpy(ret, k->grant, 32);
}

static struct sy_row_budget account(struct kit *k)
{
    struct sy_row_budget b;
    check_ok(
        rules_state_read(k->state, V("budget/person"), &sy_row_budget_desc, &k->arena, &b, NULL));
    return b;
}

/* ---- one scene, one grant ---- */

static void control_one_scene_one_grant(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    memcpy(id, k->grant, 32);
    assert_int_equal(kit_apply(k, scene_other(k)), SY_E_EXISTS); /* while it is reviewed */
    memcpy(k->grant, id, 32);
    scene_approved(k);
    assert_int_equal(kit_apply(k, scene_other(k)), SY_E_EXISTS); /* while it is in force */
    memcpy(k->grant, id, 32);
    assert_int_equal(kit_order(k, "clinic", "scene.suspend", "incident"), 0);
    assert_int_equal(kit_apply(k, scene_other(k)), SY_E_EXISTS); /* while it is stopped */
    memcpy(k->grant, id, 32);
    assert_int_equal(kit_order(k, "acme", "scene.revoke", "request"), 0);
    assert_int_equal(kit_apply(k, scene_other(k)), 0);
}

/* ---- a grant never changes ---- */

/* Every act of everybody that may touch a grant: what was granted stays, to the byte. */
static void acts_leave_it(struct kit *k, const uint8_t id[32])
{
    static const char *const parties[] = {"agency", "operator", "clinic", "health", "acme"};
    static const char *const orders[] = {"scene.suspend", "scene.lift", "scene.resume"};
    static const char *const reviews[] = {"scene.first_review", "scene.consent",
                                          "scene.final_review"};
    const struct sy_view before = sy_arena_copy(&k->arena, scene_grant(k, id).proposal);
    uint8_t hash[32];
    for (size_t i = 0; i < LEN(parties); i++) {
        for (size_t o = 0; o < LEN(orders); o++) {
            (void)kit_order(k, parties[i], orders[o], "incident");
            (void)scene_judge(k, parties[i], reviews[o], "approve");
            (void)scene_judge(k, parties[i], reviews[o], "return");
        }
        (void)scene_say(k, parties[i], "May it read more?");
        assert_true(sy_view_eq(before, scene_grant(k, id).proposal));
    }
    (void)kit_run(k, "40");
    (void)kit_answer(k, k->entry - 1, "ok");
    (void)kit_order(k, "acme", "scene.revoke", "request");
    (void)kit_order(k, "warden", "grant.expire", "");
    assert_true(sy_view_eq(before, scene_grant(k, id).proposal));
    proof_grant_id(hash, scene_grant(k, id).proposal);
    assert_memory_equal(hash, id, 32); /* and it is what everybody signed */
}

static void control_grant_immutable(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];
    scene_begin(k);
    struct sy_proposal *p = scene_proposal(k);
    assert_int_equal(kit_apply(k, p), 0);
    memcpy(id, k->grant, 32);
    scene_approved(k);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    acts_leave_it(k, id);
    assert_true(sy_view_is(scene_grant(k, id).status, "revoked"));
    assert_int_equal(kit_apply(k, p), SY_E_EXISTS); /* filed again it would be granted again */
    assert_true(sy_view_is(scene_row(k).status, "granted"));
    assert_int_equal(kit_apply(k, scene_other(k)), 0); /* a change is a new application */
    assert_memory_not_equal(k->grant, id, 32);
}

/* ---- one party stops, all must start ---- */

static void control_all_must_start(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];
    granted(k, id);
    assert_int_equal(kit_order(k, "clinic", "scene.suspend", "incident"), 0);
    assert_int_equal(kit_order(k, "clinic", "scene.suspend", "incident"), SY_E_STATE);
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0); /* a second hold */
    assert_int_equal(scene_grant(k, id).n_holds, 2);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
    assert_true(sy_view_is(k->verdict.field, "holds"));
    assert_int_equal(kit_order(k, "clinic", "scene.lift", "incident"), 0);
    assert_true(sy_view_is(scene_grant(k, id).status, "suspended"));
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0); /* its own is no bar */
    assert_true(sy_view_is(scene_grant(k, id).status, "active"));
    assert_int_equal(scene_grant(k, id).n_holds, 0);
}

/* A hold is its party's own, stands from its first act, and is of a suspended grant. */
static void test_holds(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];
    granted(k, id);
    assert_int_equal(kit_order(k, "clinic", "scene.lift", "incident"), SY_E_STATE);
    assert_int_equal(kit_order(k, "clinic", "scene.suspend", "incident"), 0);
    uint64_t first = k->entry - 1;
    assert_int_equal(kit_order(k, "health", "scene.lift", "incident"), SY_E_STATE);
    assert_int_equal(kit_order(k, "agency", "scene.lift", "incident"), SY_E_STATE);
    assert_int_equal(kit_order(k, "rival", "scene.lift", "request"), SY_E_GRANT);
    assert_int_equal(kit_order(k, "audit", "scene.lift", "incident"), SY_E_ROLE);
    assert_int_equal(kit_order(k, "acme", "scene.suspend", "request"), 0);
    struct sy_row_grant g = scene_grant(k, id);
    assert_int_equal(g.n_holds, 2);
    assert_int_equal(g.holds[0].entry, first);
    assert_true(sy_view_is(g.holds[0].party, "clinic"));
    assert_true(sy_view_is(g.holds[0].ground, "incident"));
    assert_true(sy_view_is(g.holds[1].party, "acme"));
    assert_int_equal(kit_order(k, "clinic", "scene.lift", "incident"), 0);
    assert_int_equal(kit_order(k, "clinic", "scene.lift", "incident"), SY_E_STATE);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
    assert_int_equal(kit_order(k, "acme", "scene.lift", "request"), 0);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
}

/* ---- the meter ---- */

static struct sy_meter meter(struct kit *k, const uint8_t id[32])
{
    struct sy_meter m;
    check_ok(rules_meter(k->state, id, &k->arena, &m, NULL));
    return m;
}

static struct sy_meter_field meter_field(const struct sy_meter *m, size_t dataset, const char *name)
{
    const struct sy_meter_dataset *d = &m->datasets[dataset];
    for (size_t i = 0; i < d->n_fields; i++) {
        if (sy_view_is(d->fields[i].name, name)) {
            return d->fields[i];
        }
    }
    fail_msg("%s is not measured", name);
    return (struct sy_meter_field){0};
}

/* Nothing read; then a model that was approved; then the same one run twice; a rejected one counts for nothing. */
static void test_meter(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];
    granted(k, id);
    struct sy_meter m = meter(k, id);
    assert_int_equal(m.n_datasets, 4);
    assert_int_equal(m.datasets[0].granted, 6);
    assert_int_equal(m.datasets[0].read + m.models + m.runs, 0);
    assert_int_equal(m.calls_left, 5);
    assert_true(meter_field(&m, 0, "id").unit);
    assert_int_equal(kit_register(k, kit_births_def(k), kit_births_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "reject"), 0);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(meter(k, id).models, 0); /* nobody has approved it yet */
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    m = meter(k, id);
    assert_int_equal(m.models, 1);
    assert_int_equal(meter_field(&m, 0, "age").models, 1);
    assert_int_equal(meter_field(&m, 0, "age").runs, 0);
    assert_int_equal(m.datasets[0].ran, 0);
    assert_int_equal(m.datasets[3].read, 0);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    assert_int_equal(kit_run(k, "60"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "refused"), 0);
    assert_int_equal(kit_run(k, "40"), 0); /* the stored answer: no charge, and no reading */
    m = meter(k, id);
    assert_int_equal(m.runs, 2);
    assert_int_equal(meter_field(&m, 0, "age").runs, 2);
    assert_int_equal(meter_field(&m, 0, "town").runs, meter_field(&m, 0, "town").models * 2);
    assert_int_equal(m.datasets[0].ran, m.datasets[0].read);
    assert_int_equal(m.calls_left, 3);
    assert_int_equal(m.rho_left, 600000000);
    print_message("# persons: %llu granted, %llu read\n", (unsigned long long)m.datasets[0].granted,
                  (unsigned long long)m.datasets[0].read);
    assert_true(m.datasets[0].read < m.datasets[0].granted);
}

/* The developer its own, the departments theirs, operator and agency all, the others none. */
static void test_who_measures(void **state)
{
    static const struct {
        const char *party;
        int32_t code;
    } cases[] = {{"acme", 0},   {"operator", 0},       {"agency", 0},
                 {"clinic", 0}, {"rival", SY_E_GRANT}, {"audit", SY_E_ROLE}};
    struct kit *k = *state;
    uint8_t id[32];
    granted(k, id);
    for (size_t i = 0; i < LEN(cases); i++) {
        assert_int_equal(kit_call(k, cases[i].party, "scene.meter", NULL, NULL, id, NULL),
                         cases[i].code);
    }
    id[0] ^= 1;
    assert_int_equal(kit_call(k, "acme", "scene.meter", NULL, NULL, id, NULL), SY_E_GRANT);
    struct sy_meter m;
    check_code(rules_meter(k->state, id, &k->arena, &m, &k->err), SY_E_GRANT);
}

/* ---- shrinking ---- */

/* The application for less: persons without its weight, and no births. */
static struct sy_proposal *smaller(struct kit *k, const uint8_t larger[32])
{
    struct sy_proposal *p = scene_proposal(k);
    struct sy_prop_dataset *persons = &p->datasets[0];
    for (size_t i = 0; i < persons->n_fields; i++) {
        if (sy_view_is(persons->fields[i].name, "weight")) {
            persons->fields[i] = persons->fields[persons->n_fields - 1];
        }
    }
    persons->n_fields--;
    p->n_datasets = 3;
    p->calls = 3;
    p->rho = 600000000;
    p->not_after = scene_granted(k, larger)->not_after;
    memcpy(p->application->shrinks, larger, 32);
    return p;
}

typedef void grow_fn(struct kit *k, struct sy_proposal *p);

static void more_rho(struct kit *k, struct sy_proposal *p)
{
    (void)k;
    p->rho = 1000000001;
}
static void more_delta(struct kit *k, struct sy_proposal *p)
{
    (void)k;
    p->delta++;
}
static void more_cells(struct kit *k, struct sy_proposal *p)
{
    (void)k;
    p->cells = 1;
}
static void more_calls(struct kit *k, struct sy_proposal *p)
{
    (void)k;
    p->calls = 6;
}
static void more_overruns(struct kit *k, struct sy_proposal *p)
{
    (void)k;
    p->overruns = 2;
}
static void more_time(struct kit *k, struct sy_proposal *p)
{
    (void)k;
    p->not_after++;
}
static void other_purpose(struct kit *k, struct sy_proposal *p)
{
    (void)k;
    p->purpose = V("marketing");
}
static void other_mask(struct kit *k, struct sy_proposal *p)
{
    (void)k;
    p->datasets[0].fields[1].mask = V("band:5"); /* it is another column: applied for anew */
}
static void other_own_data(struct kit *k, struct sy_proposal *p)
{
    p->application->own_data = KIT_STRS(k, "wards", "salaries");
}
static void same_fields(struct kit *k, struct sy_proposal *p)
{
    struct sy_proposal *full = scene_proposal(k);
    p->datasets = full->datasets;
    p->n_datasets = full->n_datasets;
}
static void other_field(struct kit *k, struct sy_proposal *p)
{
    (void)k;
    p->datasets[1].fields[1].name = V("days"); /* of events, in place of what happened */
}

static void control_shrink_smaller(void **state)
{
    static grow_fn *const grow[] = {more_rho,      more_delta,  more_cells,    more_calls,
                                    more_overruns, more_time,   other_purpose, other_mask,
                                    other_field,   same_fields, other_own_data};
    struct kit *k = *state;
    uint8_t larger[32];
    granted(k, larger);
    for (size_t i = 0; i < LEN(grow); i++) {
        struct sy_proposal *p = smaller(k, larger);
        grow[i](k, p);
        int32_t code = kit_apply(k, p);
        if (code != SY_E_FIELD || !sy_view_is(k->verdict.field, "application.shrinks")) {
            fail_msg("case %zu: %s", i, sy_code_name(code));
        }
    }
    assert_int_equal(kit_apply(k, smaller(k, larger)), 0);
}

/* On the final approval of the smaller grant, in that very event, the larger one ends. */
static void control_shrink_replaces(void **state)
{
    struct kit *k = *state;
    uint8_t larger[32];
    granted(k, larger);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    assert_int_equal(kit_apply(k, smaller(k, larger)), 0);
    scene_reviewed(k);
    assert_true(sy_view_is(scene_grant(k, larger).status, "active")); /* until then it goes on */
    assert_int_equal(account(k).held_rho, 800000000);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), 0);
    assert_true(sy_view_is(scene_grant(k, larger).status, "revoked"));
    assert_true(sy_view_is(scene_grant(k, larger).ground, "shrunk"));
    assert_true(sy_view_is(scene_grant(k, k->grant).status, "active"));
    assert_int_equal(account(k).held_rho, 600000000);
    assert_int_equal(account(k).spent_rho, 200000000);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), SY_E_FIELD_DENIED);
    assert_int_equal(kit_apply(k, scene_other(k)), SY_E_EXISTS); /* one scene, one grant */
}

/* What the larger grant holds is free for the smaller one, even where the account has no room for both. */
static void test_shrink_in_a_full_account(void **state)
{
    static const char *const scenes[] = {"s1", "s2", "s3"};
    struct kit *k = *state;
    uint8_t larger[32];
    granted(k, larger);
    for (size_t i = 0; i < LEN(scenes); i++) {
        struct sy_proposal *p = scene_proposal(k);
        p->scene = V(scenes[i]);
        assert_int_equal(kit_apply(k, p), 0);
        scene_approved(k);
    }
    assert_int_equal(account(k).held_rho, account(k).cap_rho);
    struct sy_proposal *full = scene_proposal(k);
    full->scene = V("s4");
    assert_int_equal(kit_apply(k, full), SY_E_BUDGET);
    assert_int_equal(kit_apply(k, smaller(k, larger)), 0);
    scene_approved(k);
    assert_int_equal(account(k).held_rho, account(k).cap_rho - 400000000);
}

/* What the larger grant used is not there again for the smaller one. */
static void test_shrink_renews_nothing(void **state)
{
    struct kit *k = *state;
    uint8_t larger[32];
    granted(k, larger);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "refused"), 0);
    struct sy_meter m;
    check_ok(rules_meter(k->state, larger, &k->arena, &m, &k->err));
    assert_true(m.calls_left == 4 && m.overruns_left == 0 && m.rho_left == 800000000);
    const struct {
        uint64_t calls, overruns, rho;
        int32_t code;
    } cases[] = {{5, 0, 600000000, SY_E_LIMIT}, /* one of five calls was made, 0.2 of 1 spent */
                 {4, 0, 800000001, SY_E_LIMIT},
                 {4, 1, 800000000, SY_E_LIMIT}, /* the one overrun happened */
                 {4, 0, 800000000, 0}};
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sy_proposal *p = smaller(k, larger);
        p->calls = cases[i].calls;
        p->overruns = cases[i].overruns;
        p->rho = cases[i].rho;
        assert_int_equal(kit_apply(k, p), 0);
        scene_reviewed(k);
        if (scene_judge(k, "agency", "scene.final_review", "approve") != cases[i].code) {
            fail_msg("case %zu", i);
        }
        if (cases[i].code != 0) {
            assert_true(sy_view_is(k->verdict.field, "application.shrinks"));
            assert_int_equal(scene_judge(k, "agency", "scene.final_review", "reject"), 0);
        }
    }
}

/* A grant that stopped after too many overruns is not started again by asking for less. */
static void test_shrink_after_overruns(void **state)
{
    struct kit *k = *state;
    uint8_t larger[32];
    granted(k, larger);
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
    assert_int_equal(kit_review(k, "operator", "model.review", "approve"), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(kit_run(k, "40"), 0);
        assert_int_equal(kit_answer(k, k->entry - 1, "refused"), 0);
    }
    struct sy_proposal *p = smaller(k, larger);
    p->overruns = 0;
    p->calls = 1;
    assert_int_equal(kit_apply(k, p), 0);
    scene_reviewed(k);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_LIMIT);
}

/* A shrink that is rejected leaves the larger grant as it is, and the scene taken; whose hold stops the larger
 * grant is not got round; another developer's grant is not shrunk, nor one that is over. */
static void test_shrink_refused(void **state)
{
    struct kit *k = *state;
    uint8_t larger[32], id[32];
    granted(k, larger);
    assert_int_equal(kit_apply(k, smaller(k, larger)), 0);
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "reject"), 0);
    assert_true(sy_view_is(scene_grant(k, larger).status, "active"));
    assert_int_equal(kit_apply(k, scene_other(k)), SY_E_EXISTS);
    struct sy_proposal *p = smaller(k, larger);
    p->calls = 2;
    assert_int_equal(kit_apply(k, p), 0);
    memcpy(id, k->grant, 32);
    scene_reviewed(k);
    memcpy(k->grant, larger, 32);
    assert_int_equal(kit_order(k, "clinic", "scene.suspend", "incident"), 0);
    memcpy(k->grant, id, 32);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_STATE);
    assert_true(sy_view_is(k->verdict.field, "application.shrinks"));
    memcpy(k->grant, larger, 32);
    assert_int_equal(kit_order(k, "acme", "scene.revoke", "request"), 0);
    memcpy(k->grant, id, 32);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_STATE);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "reject"), 0);
    p->calls = 1;
    assert_int_equal(kit_apply(k, p), SY_E_STATE); /* there is nothing left to shrink */
    assert_int_equal(kit_apply(k, scene_other(k)), 0);
}

static void test_shrink_of_another(void **state)
{
    struct kit *k = *state;
    uint8_t larger[32];
    granted(k, larger);
    struct sy_proposal *p = smaller(k, larger);
    p->developer = V("rival");
    assert_int_equal(kit_call(k, "rival", "scene.apply", &sy_proposal_desc, p, NULL, NULL),
                     SY_E_GRANT);
    p = smaller(k, larger);
    p->application->shrinks[0] ^= 1;
    assert_int_equal(kit_apply(k, p), SY_E_GRANT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(control_one_scene_one_grant),
        T(control_grant_immutable),
        T(control_all_must_start),
        T(test_holds),
        T(test_meter),
        T(test_who_measures),
        T(control_shrink_smaller),
        T(control_shrink_replaces),
        T(test_shrink_in_a_full_account),
        T(test_shrink_renews_nothing),
        T(test_shrink_after_overruns),
        T(test_shrink_refused),
        T(test_shrink_of_another),
    };
#undef T
    return cmocka_run_group_tests_name("rules_scheme_grant", tests, NULL, NULL);
}
