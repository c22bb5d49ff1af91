/*
 * How agreements end and begin again: grounds, the cascade, bans, renewal. One function control_x for each control of
 * rules/control.h, with what is allowed beside what is refused.
 */
#include "test_qualify_kit.h"
#include "test_supervise_kit.h"

#include <string.h>

#include "wire/staff.h"

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    qk_domain(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* A sound whole grant for the operator. */
static struct sy_agreement *for_operator(struct kit *k)
{
    uint8_t application[32];
    qk_noticed(k, "operator", application);
    return qk_agreement(k, "operator", application, NULL);
}

/* ---- how it ends ---- */

static void granted(struct kit *k)
{
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
}

static struct sy_row_grant *grant_of(struct kit *k, const uint8_t id[32])
{
    struct rules_key key = rules_key_hash("grant/", id);
    struct sy_row_grant *g = kit_alloc(k, 1, sizeof(*g));
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_row_grant_desc, &k->arena, g, NULL));
    return g;
}

static uint64_t held(struct kit *k)
{
    struct sy_row_budget b;
    check_ok(
        rules_state_read(k->state, V("budget/person"), &sy_row_budget_desc, &k->arena, &b, NULL));
    return b.held_rho;
}

static void control_termination_ground(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], id[32];
    qk_ready(k, whole, id);
    qk_refused(k, qk_end(k, "agency", id, "whim"), SY_E_DENIED, "ground");
    qk_refused(k, qk_end(k, "acme", id, "violation"), SY_E_DENIED, "ground");
    assert_int_equal(qk_end(k, "acme", id, "request"), 0);
}

static void control_cascade(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], id[32], first[32];
    struct sy_proposal *p;
    qk_ready(k, whole, id);
    granted(k);
    memcpy(first, k->grant, 32);
    p = kit_proposal(k);
    p->scene = V("second");
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(held(k), 2000000000);
    assert_int_equal(qk_end(k, "agency", whole, "policy"), 0);
    assert_true(sy_view_is(grant_of(k, first)->status, "revoked"));
    assert_true(sy_view_is(grant_of(k, k->grant)->status, "revoked"));
    assert_int_equal(held(k), 0); /* both shares went back, in one event */
    assert_true(sy_view_is(qk_agreement_row(k, id)->status, "terminated"));
    assert_memory_equal(qk_agreement_row(k, id)->cascade, whole, 32);
    assert_int_equal(qk_standing(k, "acme")->ban_until, 0); /* not its fault */
}

static void the_end_of_one_developer_is_its_own(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], acme[32], rival[32];
    qk_ready(k, whole, acme);
    qk_agreed(k, "rival", whole, rival);
    granted(k);
    assert_int_equal(qk_end(k, "agency", rival, "violation"), 0);
    assert_true(sy_view_is(grant_of(k, k->grant)->status, "active"));
    qk_refused(k, qk_end(k, "rival", acme, "request"), SY_E_DENIED, "agreement");
    assert_int_equal(qk_end(k, "acme", acme, "request"), 0);
    assert_true(sy_view_is(grant_of(k, k->grant)->status, "revoked"));
    assert_true(sy_view_is(grant_of(k, k->grant)->ground, "request"));
    assert_int_equal(qk_agreement_row(k, acme)->ended, k->time);
    assert_true(sy_view_is(qk_agreement_row(k, whole)->status, "filed"));
    qk_refused(k, qk_end(k, "agency", acme, "policy"), SY_E_STATE, "agreement");
    k->time++; /* the very same proposal would be known */
    qk_refused(k, kit_apply(k, kit_proposal(k)), SY_E_GRANT, "agreement");
}

static void control_ban(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], id[32], announcement[32];
    qk_ready(k, whole, id);
    assert_int_equal(qk_end(k, "agency", id, "violation"), 0);
    const int64_t until = calendar_years(NULL, k->time, QK_BAN_YEARS);
    assert_int_equal(qk_standing(k, "acme")->ban_until, until);
    k->time = until - 1;
    qk_open(k, "developer", announcement);
    qk_refused(k, qk_apply(k, qk_application(k, "acme", announcement), NULL), SY_E_DENIED, "ban");
    assert_int_equal(qk_apply(k, qk_application(k, "rival", announcement), NULL), 0);
    k->time = until;
    assert_int_equal(qk_apply(k, qk_application(k, "acme", announcement), NULL), 0);
}

static void who_asks_to_leave_may_come_back(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], id[32];
    qk_ready(k, whole, id);
    assert_int_equal(qk_end(k, "acme", id, "request"), 0);
    qk_agreed(k, "acme", whole, id);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
}

/* A ban that comes while the papers lie ready keeps them from being signed. */
static void a_ban_stops_what_is_under_way(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], id[32], announcement[32], application[32], next[32];
    qk_ready(k, whole, id);
    struct sy_agreement a;
    check_ok(sy_record_decode(&sy_agreement_desc, qk_agreement_row(k, id)->agreement,
                              &SY_MP_REQUEST, &k->arena, &a, NULL));
    k->time = calendar_months(NULL, a.not_after, -1);
    qk_open(k, "developer", announcement);
    assert_int_equal(qk_apply(k, qk_application(k, "acme", announcement), application), 0);
    assert_int_equal(qk_opinion(k, "operator", application), 0);
    assert_int_equal(qk_decide(k, "agency", application, "approve"), 0);
    assert_int_equal(qk_decide(k, "operator", application, "approve"), 0);
    assert_int_equal(qk_offer(k, qk_agreement(k, "acme", application, whole), next), 0);
    k->time = qk_row(k, application)->notice_until + 1;
    assert_int_equal(qk_end(k, "agency", id, "violation"), 0);
    qk_refused(k, qk_accept(k, "acme", next), SY_E_STATE, "agreement"); /* it ended as well */
    qk_refused(k, qk_offer(k, qk_agreement(k, "acme", application, whole), next), SY_E_STATE,
               "application");
    assert_true(sy_view_is(qk_row(k, application)->status, "ended"));
}

/* Whoever leaves before its fault is known is banned when it is, once; what ended the agreement stands. */
static void who_left_before_is_banned_all_the_same(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], id[32], announcement[32], application[32];
    qk_ready(k, whole, id);
    assert_int_equal(qk_end(k, "acme", id, "request"), 0);
    qk_filed(k, "acme", application);
    qk_refused(k, qk_end(k, "agency", id, "policy"), SY_E_STATE, "agreement");
    qk_refused(k, qk_end(k, "acme", id, "violation"), SY_E_STATE, "agreement");
    assert_int_equal(qk_end(k, "agency", id, "violation"), 0);
    const int64_t until = calendar_years(NULL, k->time, QK_BAN_YEARS);
    assert_int_equal(qk_standing(k, "acme")->ban_until, until);
    assert_true(sy_view_is(qk_agreement_row(k, id)->ground, "request"));
    assert_true(sy_view_is(qk_agreement_row(k, id)->cause, "violation"));
    assert_true(sy_view_is(qk_row(k, application)->status, "ended"));
    qk_open(k, "developer", announcement);
    qk_refused(k, qk_apply(k, qk_application(k, "acme", announcement), NULL), SY_E_DENIED, "ban");
    k->time++;
    qk_refused(k, qk_end(k, "agency", id, "violation"), SY_E_STATE, "agreement");
}

/* The operator's fault ends everybody's agreement and bans the operator; a developer's own fault is its own. */
static void the_ban_after_a_cascade(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], acme[32], rival[32];
    qk_ready(k, whole, acme);
    qk_agreed(k, "rival", whole, rival);
    assert_int_equal(qk_end(k, "agency", whole, "violation"), 0);
    qk_refused(k, qk_end(k, "agency", whole, "violation"), SY_E_STATE, "agreement");
    assert_int_equal(qk_standing(k, "acme")->ban_until, 0);
    assert_int_equal(qk_end(k, "agency", acme, "violation"), 0);
    assert_true(qk_standing(k, "acme")->ban_until > k->time);
    assert_int_equal(qk_standing(k, "rival")->ban_until, 0);
}

/* A party that comes back, and is then found at fault for what it did before, loses what it has now. */
static void a_ban_ends_the_next_agreement(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], first[32], second[32];
    qk_ready(k, whole, first);
    assert_int_equal(qk_end(k, "acme", first, "request"), 0);
    qk_agreed(k, "acme", whole, second);
    granted(k);
    assert_int_equal(qk_end(k, "agency", first, "violation"), 0);
    assert_true(sy_view_is(qk_agreement_row(k, second)->status, "terminated"));
    assert_true(sy_view_is(grant_of(k, k->grant)->status, "revoked"));
}

/* An application that is on its way ends with the agreements: the party's own, and those under the operator's. */
static void applications_end_with_the_agreement(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], id[32], application[32];
    struct sy_agreement a;
    qk_ready(k, whole, id);
    check_ok(sy_record_decode(&sy_agreement_desc, qk_agreement_row(k, id)->agreement,
                              &SY_MP_REQUEST, &k->arena, &a, NULL));
    k->time = calendar_months(NULL, a.not_after, -1);
    qk_noticed(k, "acme", application);
    assert_int_equal(qk_end(k, "agency", whole, "policy"), 0);
    assert_true(sy_view_is(qk_row(k, application)->status, "ended"));
    qk_refused(k, qk_offer(k, qk_agreement(k, "acme", application, whole), NULL), SY_E_STATE,
               "application");
    qk_filed(k, "acme", application); /* it applies anew */
}

/* ---- what else ends it ---- */

/* With a party's enrolment end its agreement and its application; nobody else's. */
static void who_is_no_party_has_no_agreement(void **state)
{
    struct kit *k = *state;
    const struct sy_party_revoke a = {.ground = V("incident"), .party = V("acme")};
    struct sy_pack *p = qk_pack(k, 3);
    uint8_t whole[32], acme[32], rival[32], application[32];
    struct sy_agreement said;
    p->scheme->staff = kit_alloc(k, 1, sizeof(*p->scheme->staff));
    p->scheme->staff->separated = true;
    p->scheme->n_staff = 1;
    qk_ready(k, whole, acme);
    check_ok(sy_record_decode(&sy_agreement_desc, qk_agreement_row(k, acme)->agreement,
                              &SY_MP_REQUEST, &k->arena, &said, NULL));
    qk_agreed(k, "rival", whole, rival);
    assert_int_equal(kit_adopt(k, p), 0);
    k->time = calendar_months(NULL, said.not_after, -1);
    qk_noticed(k, "acme", application);
    assert_int_equal(kit_call(k, "agency", "party.revoke", &sy_party_revoke_desc, &a, NULL, NULL),
                     0);
    assert_true(sy_view_is(qk_agreement_row(k, acme)->status, "terminated"));
    assert_true(sy_view_is(qk_agreement_row(k, acme)->ground, "incident"));
    assert_true(sy_view_is(qk_row(k, application)->status, "ended"));
    assert_true(sy_view_is(qk_agreement_row(k, whole)->status, "filed"));
    assert_true(sy_view_is(qk_agreement_row(k, rival)->status, "filed"));
}

/* A later pack that ends the trial sooner holds from then on, whatever was agreed. */
static void the_trial_may_be_cut_short(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], id[32];
    struct sy_pack *sooner = qk_pack(k, 3);
    qk_ready(k, whole, id);
    struct sy_proposal *p = kit_proposal(k);
    sooner->scheme->qualify->scheme_ends = p->not_after - 1;
    assert_int_equal(kit_adopt(k, sooner), 0);
    qk_refused(k, kit_apply(k, p), SY_E_GRANT, "not_after");
    p->not_after--;
    assert_int_equal(kit_apply(k, p), 0);
}

/* A developer's agreement is nobody's parent: there is no third level. */
static void a_developer_grants_nothing(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], acme[32], application[32];
    qk_ready(k, whole, acme);
    qk_noticed(k, "rival", application);
    struct sy_agreement *a = qk_agreement(k, "rival", application, acme);
    qk_refused(k, qk_offer(k, a, NULL), SY_E_DENIED, "parent");
    a->grantor = V("acme");
    qk_refused(k, qk_offer(k, a, NULL), SY_E_ROLE, "header.method");
}

/* A proposal that waits while its agreement ends is not granted. */
static void the_final_review_looks_again(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], id[32];
    qk_ready(k, whole, id);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(qk_end(k, "agency", id, "policy"), 0);
    qk_refused(k, kit_review(k, "agency", "scene.final_review", "approve"), SY_E_GRANT,
               "agreement");
}

/* While a correction order keeps a party's access closed, it signs nothing and nothing of it is filed. */
static void closed_access_signs_nothing(void **state)
{
    struct kit *k = *state;
    struct sy_pack *p = qk_pack(k, 3);
    uint8_t whole[32], application[32], id[32];
    qk_agreed(k, "operator", NULL, whole);
    p->scheme->supervise = sup_pack(k, 3)->scheme->supervise;
    p->scheme->n_supervise = 1;
    assert_int_equal(kit_adopt(k, p), 0);
    qk_noticed(k, "acme", application);
    const struct sy_agreement *a = qk_agreement(k, "acme", application, whole);
    assert_int_equal(sup_order(k, "agency", "acme", "harm"), 0);
    qk_refused(k, qk_offer(k, a, id), SY_E_SUSPENDED, "closed");
    uint64_t order = k->entry - 2;
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), 0);
    assert_int_equal(qk_offer(k, a, id), 0);
    assert_int_equal(sup_order(k, "agency", "acme", "harm"), 0);
    qk_refused(k, qk_accept(k, "acme", id), SY_E_SUSPENDED, "closed");
    order = k->entry - 2;
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), 0);
    assert_int_equal(qk_accept(k, "acme", id), 0);
    assert_int_equal(sup_order(k, "agency", "acme", "harm"), 0);
    qk_refused(k, qk_file(k, id), SY_E_SUSPENDED, "closed");
}

/* ---- renewal ---- */

static void control_renew_window(void **state)
{
    struct kit *k = *state;
    struct sy_agreement a;
    uint8_t whole[32], announcement[32];
    qk_agreed(k, "operator", NULL, whole);
    check_ok(sy_record_decode(&sy_agreement_desc, qk_agreement_row(k, whole)->agreement,
                              &SY_MP_REQUEST, &k->arena, &a, NULL));
    const int64_t from = calendar_months(NULL, a.not_after, -QK_RENEW_MONTHS);
    k->time = from - 1;
    qk_open(k, "operator", announcement);
    qk_refused(k, qk_apply(k, qk_application(k, "operator", announcement), NULL), SY_E_STATE,
               "agreement");
    k->time = from;
    assert_int_equal(qk_apply(k, qk_application(k, "operator", announcement), NULL), 0);
}

/* While both run, the older one still covers; when it is over, the newer one does. */
static void a_renewed_agreement_follows_without_a_gap(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *w = for_operator(k);
    uint8_t whole[32], old[32], new[32], application[32];
    struct sy_proposal *p;
    w->not_after = calendar_years(NULL, k->time, 2);
    assert_int_equal(qk_offer(k, w, whole), 0);
    assert_int_equal(qk_accept(k, "operator", whole), 0);
    assert_int_equal(qk_file(k, whole), 0);
    qk_noticed(k, "acme", application);
    struct sy_agreement *a = qk_agreement(k, "acme", application, whole);
    a->not_after = calendar_years(NULL, a->not_before, 1);
    assert_int_equal(qk_offer(k, a, old), 0);
    assert_int_equal(qk_accept(k, "acme", old), 0);
    assert_int_equal(qk_file(k, old), 0);
    k->time = calendar_months(NULL, a->not_after, -2);
    qk_noticed(k, "acme", application);
    struct sy_agreement *b = qk_agreement(k, "acme", application, whole);
    assert_memory_equal(b->prev, old, 32);
    b->not_before = a->not_after + 1;
    assert_int_equal(qk_offer(k, b, new), 0);
    assert_int_equal(qk_accept(k, "acme", new), 0);
    p = kit_proposal(k);
    p->not_after = k->time + QK_DAY_S;
    assert_int_equal(kit_apply(k, p), 0); /* under the old one; the new one is not on file */
    assert_int_equal(qk_file(k, new), 0);
    p->scene = V("second");
    assert_int_equal(kit_apply(k, p), 0);
    k->time = b->not_before;
    p = kit_proposal(k);
    p->scene = V("third");
    p->not_after = k->time + QK_DAY_S;
    assert_int_equal(kit_apply(k, p), 0); /* under the new one */
    k->time = b->not_after + 1;
    p = kit_proposal(k);
    p->scene = V("fourth");
    qk_refused(k, kit_apply(k, p), SY_E_EXPIRED, "agreement");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(control_termination_ground),
        T(control_cascade),
        T(the_end_of_one_developer_is_its_own),
        T(control_ban),
        T(who_asks_to_leave_may_come_back),
        T(a_ban_stops_what_is_under_way),
        T(who_left_before_is_banned_all_the_same),
        T(the_ban_after_a_cascade),
        T(a_ban_ends_the_next_agreement),
        T(applications_end_with_the_agreement),
        T(who_is_no_party_has_no_agreement),
        T(the_trial_may_be_cut_short),
        T(a_developer_grants_nothing),
        T(the_final_review_looks_again),
        T(closed_access_signs_nothing),
        T(control_renew_window),
        T(a_renewed_agreement_follows_without_a_gap),
    };
    return cmocka_run_group_tests_name("rules_scheme_ending", tests, NULL, NULL);
}
