/*
 * How a party qualifies: announcement, application, experts, decisions, public notice. One function control_x for
 * each control of rules/control.h, with what is allowed beside what is refused; then what follows from time and role.
 */
#include "test_qualify_kit.h"

#include <string.h>

#include "proof/ids.h"

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

/* ---- announcements ---- */

static void control_joint_announcement(void **state)
{
    struct kit *k = *state;
    const struct sy_announcement *a = qk_announcement(k, "developer");
    uint8_t id[32];
    assert_int_equal(qk_announce(k, "operator", a, id), 0);
    qk_refused(k, qk_apply(k, qk_application(k, "acme", id), NULL), SY_E_REVIEW, "announcement");
    assert_int_equal(qk_announce(k, "agency", a, NULL), 0);
    assert_int_equal(qk_apply(k, qk_application(k, "acme", id), NULL), 0);
}

static void control_announced(void **state)
{
    struct kit *k = *state;
    struct sy_announcement *a = qk_announcement(k, "operator");
    uint8_t id[32];
    a->opens = k->time + 10;
    a->closes = k->time + 20;
    assert_int_equal(qk_announce(k, "agency", a, id), 0);
    k->time += 9;
    qk_refused(k, qk_apply(k, qk_application(k, "operator", id), NULL), SY_E_EXPIRED,
               "announcement");
    k->time += 12;
    qk_refused(k, qk_apply(k, qk_application(k, "operator", id), NULL), SY_E_EXPIRED,
               "announcement");
    a = qk_announcement(k, "operator");
    assert_int_equal(qk_announce(k, "agency", a, id), 0);
    k->time = a->closes;
    assert_int_equal(qk_apply(k, qk_application(k, "operator", id), NULL), 0);
}

static void announcements_are_as_they_were_said(void **state)
{
    struct kit *k = *state;
    struct sy_announcement *a = qk_announcement(k, "operator");
    uint8_t id[32];
    qk_refused(k, qk_announce(k, "operator", a, NULL), SY_E_ROLE, "kind");
    qk_refused(k, qk_announce(k, "acme", a, NULL), SY_E_ROLE, "header.method");
    a->kind = V("buyer");
    qk_refused(k, qk_announce(k, "agency", a, NULL), SY_E_FIELD, "kind");
    a->kind = V("operator");
    a->closes = a->opens;
    qk_refused(k, qk_announce(k, "agency", a, NULL), SY_E_FIELD, "closes");
    a->opens = k->time - 20;
    a->closes = k->time - 10;
    qk_refused(k, qk_announce(k, "agency", a, NULL), SY_E_FIELD, "closes");
    a->closes = k->time + 10;
    a->conditions = V("");
    qk_refused(k, qk_announce(k, "agency", a, NULL), SY_E_FIELD, "conditions");
    a->conditions = V("sound");
    a->domain[0] ^= 1;
    qk_refused(k, qk_announce(k, "agency", a, NULL), SY_E_FIELD, "domain");
    a->domain[0] ^= 1;
    assert_int_equal(qk_announce(k, "agency", a, id), 0);
    qk_refused(k, qk_announce(k, "agency", a, NULL), SY_E_EXISTS, "announcement");
    qk_refused(k, qk_apply(k, qk_application(k, "acme", id), NULL), SY_E_ROLE, "announcement");
    id[0] ^= 1;
    qk_refused(k, qk_apply(k, qk_application(k, "operator", id), NULL), SY_E_NOT_FOUND,
               "announcement");
}

/* ---- article 10 ---- */

/* A sound developer's application under an open announcement. */
static struct sy_qualify_apply *sound(struct kit *k)
{
    uint8_t id[32];
    qk_open(k, "developer", id);
    return qk_application(k, "acme", id);
}

static void control_negative_lists(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_apply *a = sound(k);
    a->lists[1].clear = false;
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "lists");
    assert_non_null(strstr(sy_arena_printf(&k->arena, "%.*s", SY_PV(k->verdict.reason)), "tax"));
    a->lists[1].clear = true;
    memset(a->lists[2].evidence, 0, 32);
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "lists");
    memset(a->lists[2].evidence, 1, 32);
    a->n_lists = 2; /* nothing is said of the third */
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "lists");
    a->n_lists = 3;
    a->lists[2].code = a->lists[1].code; /* twice of the second */
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "lists");
    a->lists[2].code = V("violation");
    struct sy_qualify_list four[4] = {a->lists[0], a->lists[1], a->lists[2], a->lists[0]};
    struct sy_qualify_list *three = a->lists;
    a->lists = four; /* the first said twice */
    a->n_lists = 4;
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "lists");
    four[3].code = V("other"); /* one that the pack has not */
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "lists");
    a->lists = three;
    a->n_lists = 3;
    assert_int_equal(qk_apply(k, a, NULL), 0);
}

static void control_sound_business(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_apply *a = sound(k);
    a->operations = V("");
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "operations");
    a->operations = V("in profit for five years");
    assert_int_equal(qk_apply(k, a, NULL), 0);
}

static void control_professional_team(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_apply *a = sound(k);
    a->team = V("");
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "team");
    a->team = V("statisticians and engineers");
    assert_int_equal(qk_apply(k, a, NULL), 0);
}

static void control_security_officer(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_apply *a = sound(k);
    a->officer = V("");
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "officer");
    a->officer = V("s01");
    a->officer_unit = V("");
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "officer");
    a->officer_unit = V("office of security");
    assert_int_equal(qk_apply(k, a, NULL), 0);
}

static void control_incident_free(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_apply *a = sound(k);
    struct sy_qualify_incident one = {.text = V("a laptop was lost")};
    const int64_t since = calendar_years(NULL, k->time, -QK_INCIDENT_YEARS);
    a->incidents = &one;
    a->n_incidents = 1;
    one.time = since;
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "incidents");
    one.time = since - 1;
    memset(a->incidents_evidence, 0, 32);
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "incidents");
    memset(a->incidents_evidence, 2, 32);
    assert_int_equal(qk_apply(k, a, NULL), 0);
}

static void control_evidence(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_apply *a = sound(k);
    a->n_evidence = 0;
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "evidence");
    a->n_evidence = 1;
    assert_int_equal(qk_apply(k, a, NULL), 0);
}

static void control_initial_plan(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_apply *a = sound(k);
    uint8_t id[32];
    a->plan = V("");
    qk_refused(k, qk_apply(k, a, NULL), SY_E_DENIED, "plan");
    qk_open(k, "operator", id);
    struct sy_qualify_apply *o = qk_application(k, "operator", id);
    o->plan = V(""); /* the operator develops nothing */
    assert_int_equal(qk_apply(k, o, NULL), 0);
    a->plan = V("health indicators");
    assert_int_equal(qk_apply(k, a, NULL), 0);
}

static void applications_are_refused_with_their_field(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_apply *a = sound(k);
    a->party = V("rival");
    struct rules_request *r = kit_request(k, "acme", "qualify.apply", &sy_qualify_apply_desc, a);
    qk_refused(k, kit_send(k, r), SY_E_DENIED, "party");
    a->party = V("acme");
    a->credit_code = V("91370882MA3CQX5W01"); /* another check character */
    qk_refused(k, qk_apply(k, a, NULL), SY_E_FIELD, "credit_code");
    a->credit_code = V("91370882MA3CQX5W00");
    a->domain[3] ^= 1;
    qk_refused(k, qk_apply(k, a, NULL), SY_E_FIELD, "domain");
    a->domain[3] ^= 1;
    struct sy_qualify_incident later = {.text = V("x"), .time = k->time + 1};
    a->incidents = &later;
    a->n_incidents = 1;
    qk_refused(k, qk_apply(k, a, NULL), SY_E_FIELD, "incidents");
    a->n_incidents = 0;
    memset(a->evidence[0].digest, 0, 32);
    qk_refused(k, qk_apply(k, a, NULL), SY_E_FIELD, "evidence");
    memset(a->evidence[0].digest, 1, 32);
    assert_int_equal(qk_apply(k, a, NULL), 0);
    qk_refused(k, qk_apply(k, a, NULL), SY_E_EXISTS, "application");
    a->team = V("others"); /* another application, while the first is on its way */
    qk_refused(k, qk_apply(k, a, NULL), SY_E_EXISTS, "application");
}

static void a_withdrawn_application_makes_room(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_withdraw w = {.text = V("not now")};
    uint8_t id[32];
    qk_filed(k, "acme", id);
    qk_refused(k, kit_call(k, "rival", "qualify.withdraw", &sy_qualify_withdraw_desc, &w, NULL, id),
               SY_E_DENIED, "application");
    assert_int_equal(
        kit_call(k, "acme", "qualify.withdraw", &sy_qualify_withdraw_desc, &w, NULL, id), 0);
    qk_refused(k, qk_opinion(k, "operator", id), SY_E_STATE, "application");
    qk_filed(k, "acme", id);
}

/* Applications stay in the ledger: a party files a few under one announcement. */
static void applications_under_an_announcement_are_few(void **state)
{
    struct kit *k = *state;
    const struct sy_qualify_withdraw w = {.text = V("not now")};
    uint8_t announcement[32], id[32];
    qk_open(k, "developer", announcement);
    for (unsigned i = 0; i < 8; i++) {
        struct sy_qualify_apply *a = qk_application(k, "acme", announcement);
        a->plan = V(sy_arena_printf(&k->arena, "plan %u", i));
        assert_int_equal(qk_apply(k, a, id), 0);
        assert_int_equal(
            kit_call(k, "acme", "qualify.withdraw", &sy_qualify_withdraw_desc, &w, NULL, id), 0);
    }
    qk_refused(k, qk_apply(k, qk_application(k, "acme", announcement), NULL), SY_E_LIMIT,
               "announcement");
    assert_int_equal(qk_apply(k, qk_application(k, "rival", announcement), NULL), 0);
    qk_filed(k, "acme", id); /* under another one */
}

/* ---- experts and decisions ---- */

static void control_expert_opinion(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];
    qk_filed(k, "operator", id);
    qk_refused(k, qk_decide(k, "agency", id, "approve"), SY_E_REVIEW, "opinion");
    assert_int_equal(qk_opinion(k, "agency", id), 0);
    assert_int_equal(qk_decide(k, "agency", id, "approve"), 0);
}

static void control_collective_decision(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_decide alone = {.decision = V("approve")};
    uint8_t id[32];
    qk_filed(k, "operator", id);
    assert_int_equal(qk_opinion(k, "agency", id), 0);
    qk_refused(k,
               kit_call(k, "agency", "qualify.decide", &sy_qualify_decide_desc, &alone, NULL, id),
               SY_E_REVIEW, "minutes");
    assert_int_equal(qk_decide(k, "agency", id, "approve"), 0);
}

static void control_joint_decision(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];
    qk_filed(k, "acme", id);
    assert_int_equal(qk_opinion(k, "operator", id), 0);
    assert_int_equal(qk_decide(k, "operator", id, "approve"), 0);
    assert_true(sy_view_is(qk_row(k, id)->status, "filed"));
    qk_refused(k, qk_object(k, "rival", id, ""), SY_E_STATE, "application");
    assert_int_equal(qk_decide(k, "agency", id, "approve"), 0);
    assert_true(sy_view_is(qk_row(k, id)->status, "notice"));
}

static void experts_and_deciders_keep_their_turn(void **state)
{
    struct kit *k = *state;
    struct sy_qualify_opinion o = {.experts = 5};
    uint8_t of_operator[32], of_acme[32];
    qk_filed(k, "operator", of_operator);
    qk_filed(k, "acme", of_acme);
    qk_refused(k, qk_opinion(k, "operator", of_operator), SY_E_ROLE, "application");
    qk_refused(k, qk_opinion(k, "agency", of_acme), SY_E_ROLE, "application");
    qk_refused(k, qk_decide(k, "operator", of_operator, "approve"), SY_E_ROLE, "application");
    memset(o.digest, 1, 32);
    qk_refused(
        k, kit_call(k, "operator", "qualify.opinion", &sy_qualify_opinion_desc, &o, NULL, of_acme),
        SY_E_FIELD, "scores"); /* aspects of the pack are not scored */
    assert_int_equal(qk_opinion(k, "operator", of_acme), 0);
    assert_int_equal(qk_row(k, of_acme)->opinions[0].points, 75);
    qk_refused(k, qk_decide(k, "agency", of_acme, "perhaps"), SY_E_FIELD, "decision");
    assert_int_equal(qk_decide(k, "agency", of_acme, "approve"), 0);
    qk_refused(k, qk_decide(k, "agency", of_acme, "reject"), SY_E_EXISTS, "decision");
    qk_refused(k, qk_opinion(k, "operator", of_acme), SY_E_STATE, "opinion");
    assert_int_equal(qk_decide(k, "operator", of_acme, "reject"), 0);
    assert_true(sy_view_is(qk_row(k, of_acme)->status, "rejected"));
    qk_refused(k, qk_decide(k, "operator", of_acme, "approve"), SY_E_STATE, "application");
    of_acme[0] ^= 1;
    qk_refused(k, qk_decide(k, "operator", of_acme, "approve"), SY_E_NOT_FOUND, "application");
}

/* ---- the public notice ---- */

/* Approved on Friday, 2027-01-15 16:00; Monday is a holiday: the fifth working day is Monday, the 25th. */
static void the_notice_counts_the_districts_working_days(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];
    assert_int_equal(k->time, 1800000000);
    qk_approved(k, "acme", id);
    const int64_t until = calendar_date(NULL, 2027, 1, 26) - 1;
    assert_int_equal(qk_row(k, id)->notice_until, until);
    struct rules_key key = rules_key_hash("notice/", id);
    struct sy_row_notice n;
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_row_notice_desc, &k->arena, &n, NULL));
    assert_int_equal(n.until, until);
    assert_int_equal(n.from, k->time);
    assert_true(sy_view_is(n.party, "acme"));
    k->time = until;
    assert_int_equal(qk_object(k, "rival", id, ""), 0);
    k->time = until + 1;
    qk_refused(k, qk_object(k, "audit", id, ""), SY_E_EXPIRED, "notice");
}

static void objections_are_heard_once_and_settled_once(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];
    qk_approved(k, "acme", id);
    qk_refused(k, qk_object(k, "acme", id, ""), SY_E_ROLE, "party");
    qk_refused(k, qk_object(k, "agency", id, ""), SY_E_FIELD, "behalf");
    qk_refused(k, qk_object(k, "rival", id, "letter 7"), SY_E_FIELD, "behalf");
    assert_int_equal(qk_object(k, "rival", id, ""), 0);
    qk_refused(k, qk_object(k, "rival", id, ""), SY_E_EXISTS, "objection");
    assert_int_equal(qk_object(k, "agency", id, "letter 7"), 0);
    assert_int_equal(qk_object(k, "agency", id, "letter 8"), 0);
    qk_refused(k, qk_settle(k, id, 0, "dismissed"), SY_E_NOT_FOUND, "objection");
    qk_refused(k, qk_settle(k, id, 4, "dismissed"), SY_E_NOT_FOUND, "objection");
    qk_refused(k, qk_settle(k, id, 1, "maybe"), SY_E_FIELD, "outcome");
    assert_int_equal(qk_settle(k, id, 1, "dismissed"), 0);
    qk_refused(k, qk_settle(k, id, 1, "upheld"), SY_E_EXISTS, "objection");
    assert_int_equal(qk_settle(k, id, 3, "upheld"), 0);
    assert_true(sy_view_is(qk_row(k, id)->status, "upheld"));
    qk_refused(k, qk_settle(k, id, 2, "dismissed"), SY_E_STATE, "application");
    qk_filed(k, "acme", id); /* it may try again */
}

/* ---- who reads it ---- */

static bool sees(struct kit *k, const char *party, const struct rules_key *key)
{
    struct rules_key at = rules_key_id("party/", V(party));
    struct sy_party p;
    struct sy_view value;
    check_ok(rules_state_read(k->state, rules_key_view(&at), &sy_party_desc, &k->arena, &p, NULL));
    assert_true(rules_state_get(k->state, rules_key_view(key), &value));
    return rules_row_visible(k->state, &p, rules_key_view(key), value);
}

static void an_application_is_the_applicants_business(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];
    qk_approved(k, "acme", id);
    struct rules_key file = rules_key_hash("qualify/", id);
    struct rules_key notice = rules_key_hash("notice/", id);
    assert_true(sees(k, "acme", &file));
    assert_true(sees(k, "agency", &file));
    assert_true(sees(k, "operator", &file));
    assert_true(sees(k, "audit", &file));
    assert_false(sees(k, "rival", &file));
    assert_false(sees(k, "health", &file));
    assert_true(sees(k, "rival", &notice));
    assert_true(sees(k, "health", &notice));
}

static void without_the_section_there_is_nothing_to_qualify_for(void **state)
{
    struct kit *k = *state;
    assert_int_equal(kit_adopt(k, kit_pack_record(k, 3)), 0);
    qk_refused(k, qk_announce(k, "agency", qk_announcement(k, "operator"), NULL), SY_E_STATE,
               "pack.scheme.qualify");
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0); /* and nothing is asked of a developer */
}

static void a_pack_says_what_it_asks(void **state)
{
    struct kit *k = *state;
    struct sy_pack *p = qk_pack(k, 3);
    struct sy_pack_qualify *q = p->scheme->qualify;
    q->n_lists = 0;
    qk_refused(k, kit_adopt(k, p), SY_E_FIELD, "pack.scheme.qualify.lists");
    q->n_lists = 3;
    q->aspects[1].code = q->aspects[0].code;
    qk_refused(k, kit_adopt(k, p), SY_E_FIELD, "pack.scheme.qualify.aspects");
    q->aspects[1].code = V("risk");
    q->endings[2].code = V("violation");
    qk_refused(k, kit_adopt(k, p), SY_E_FIELD, "pack.scheme.qualify.endings");
    q->endings[2].code = V("policy");
    assert_int_equal(kit_adopt(k, p), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(control_joint_announcement),
        T(control_announced),
        T(announcements_are_as_they_were_said),
        T(control_negative_lists),
        T(control_sound_business),
        T(control_professional_team),
        T(control_security_officer),
        T(control_incident_free),
        T(control_evidence),
        T(control_initial_plan),
        T(applications_are_refused_with_their_field),
        T(a_withdrawn_application_makes_room),
        T(applications_under_an_announcement_are_few),
        T(control_expert_opinion),
        T(control_collective_decision),
        T(control_joint_decision),
        T(experts_and_deciders_keep_their_turn),
        T(the_notice_counts_the_districts_working_days),
        T(objections_are_heard_once_and_settled_once),
        T(an_application_is_the_applicants_business),
        T(without_the_section_there_is_nothing_to_qualify_for),
        T(a_pack_says_what_it_asks),
    };
    return cmocka_run_group_tests_name("rules_scheme_qualify", tests, NULL, NULL);
}
