/*
 * Agreements: what they say, who signs them when, and what they open. One function control_x for each
 * control of rules/control.h, with what is allowed beside what is refused; then the rest.
 */
#include "test_qualify_kit.h"

#include <string.h>

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

static void whole_of(struct kit *k, uint8_t ret[32])
{
    qk_agreed(k, "operator", NULL, ret);
}

/* A sound agreement for developer acme, whose notice is over, under a whole grant. */
static struct sy_agreement *for_acme(struct kit *k)
{
    uint8_t whole[32], application[32];
    whole_of(k, whole);
    qk_noticed(k, "acme", application);
    return qk_agreement(k, "acme", application, whole);
}

/* A sound whole grant for the operator. */
static struct sy_agreement *for_operator(struct kit *k)
{
    uint8_t application[32];
    qk_noticed(k, "operator", application);
    return qk_agreement(k, "operator", application, NULL);
}

/* ---- before it is signed ---- */

static void control_notice_window(void **state)
{
    struct kit *k = *state;
    uint8_t application[32], id[32];
    qk_approved(k, "operator", application);
    assert_int_equal(qk_offer(k, qk_agreement(k, "operator", application, NULL), id), 0);
    k->time = qk_row(k, application)->notice_until;
    qk_refused(k, qk_accept(k, "operator", id), SY_E_STATE, "notice");
    k->time++;
    assert_int_equal(qk_accept(k, "operator", id), 0);
}

static void control_objections(void **state)
{
    struct kit *k = *state;
    uint8_t application[32], id[32];
    qk_approved(k, "operator", application);
    assert_int_equal(qk_object(k, "rival", application, ""), 0);
    assert_int_equal(qk_offer(k, qk_agreement(k, "operator", application, NULL), id), 0);
    k->time = qk_row(k, application)->notice_until + 1;
    qk_refused(k, qk_accept(k, "operator", id), SY_E_STATE, "objections");
    assert_int_equal(qk_settle(k, application, 1, "dismissed"), 0);
    assert_int_equal(qk_accept(k, "operator", id), 0);
}

static void control_commitment(void **state)
{
    struct kit *k = *state;
    struct sy_agreement_accept none = {0};
    uint8_t id[32];
    assert_int_equal(qk_offer(k, for_operator(k), id), 0);
    qk_refused(
        k, kit_call(k, "operator", "agreement.accept", &sy_agreement_accept_desc, &none, NULL, id),
        SY_E_DENIED, "commitment");
    assert_int_equal(qk_accept(k, "operator", id), 0);
}

static void an_upheld_objection_ends_the_application(void **state)
{
    struct kit *k = *state;
    uint8_t application[32], id[32];
    qk_approved(k, "operator", application);
    assert_int_equal(qk_object(k, "rival", application, ""), 0);
    assert_int_equal(qk_offer(k, qk_agreement(k, "operator", application, NULL), id), 0);
    assert_int_equal(qk_settle(k, application, 1, "upheld"), 0);
    k->time = qk_row(k, application)->notice_until + 1;
    qk_refused(k, qk_accept(k, "operator", id), SY_E_STATE, "agreement");
    qk_refused(k, qk_offer(k, qk_agreement(k, "operator", application, NULL), NULL), SY_E_STATE,
               "application");
}

static void a_later_offer_replaces_the_earlier(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_operator(k);
    uint8_t first[32], second[32];
    assert_int_equal(qk_offer(k, a, first), 0);
    qk_refused(k, qk_offer(k, a, NULL), SY_E_EXISTS, "agreement");
    a->fee = V("less");
    assert_int_equal(qk_offer(k, a, second), 0);
    qk_refused(k, qk_accept(k, "operator", first), SY_E_STATE, "agreement");
    qk_refused(k, qk_accept(k, "acme", second), SY_E_DENIED, "grantee");
    assert_int_equal(qk_accept(k, "operator", second), 0);
    qk_refused(k, qk_accept(k, "operator", second), SY_E_STATE, "agreement");
}

/* Offers stay in the ledger: an application leads to a few of them, and is then filed anew. */
static void offers_for_an_application_are_few(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_operator(k);
    uint8_t last[32];
    for (unsigned i = 0; i < 16; i++) {
        a->fee_permille = i;
        assert_int_equal(qk_offer(k, a, last), 0);
    }
    a->fee_permille++;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_LIMIT, "application");
    assert_int_equal(qk_accept(k, "operator", last), 0);
}

/* ---- what it says ---- */

static void control_ten_clauses(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_operator(k);
    a->n_clauses = 9;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_DENIED, "clauses");
    a->n_clauses = 10;
    a->clauses[9].code = V("c1"); /* one twice, one not at all */
    qk_refused(k, qk_offer(k, a, NULL), SY_E_DENIED, "clauses");
    a->clauses[9].code = V("c11");
    qk_refused(k, qk_offer(k, a, NULL), SY_E_DENIED, "clauses");
    a->clauses[9].code = V("c10");
    assert_int_equal(qk_offer(k, a, NULL), 0);
}

static void control_term_max_agreement(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_operator(k);
    a->not_after++;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_DENIED, "not_after");
    a->not_after--;
    assert_int_equal(qk_offer(k, a, NULL), 0);
}

static void control_trial_end(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_operator(k);
    a->not_before = calendar_years(NULL, KIT_START, QK_TRIAL_YEARS - 1);
    a->not_after = calendar_years(NULL, KIT_START, QK_TRIAL_YEARS) + 1;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_DENIED, "not_after");
    a->not_after--;
    assert_int_equal(qk_offer(k, a, NULL), 0);
}

static void control_parent_scope(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *w = for_operator(k);
    uint8_t whole[32], application[32];
    w->datasets = KIT_STRS(k, "persons", "streets");
    w->n_datasets = 2;
    assert_int_equal(qk_offer(k, w, whole), 0);
    assert_int_equal(qk_accept(k, "operator", whole), 0);
    assert_int_equal(qk_file(k, whole), 0);
    qk_noticed(k, "acme", application);
    struct sy_agreement *a = qk_agreement(k, "acme", application, whole);
    qk_refused(k, qk_offer(k, a, NULL), SY_E_DENIED, "datasets");
    a->datasets = KIT_STRS(k, "streets");
    a->n_datasets = 1;
    assert_int_equal(qk_offer(k, a, NULL), 0);
}

static void control_parent_term(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_acme(k);
    struct sy_agreement whole;
    check_ok(sy_record_decode(&sy_agreement_desc, qk_agreement_row(k, a->parent)->agreement,
                              &SY_MP_REQUEST, &k->arena, &whole, NULL));
    a->not_after++;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_DENIED, "not_after");
    a->not_after = whole.not_before + QK_DAY_S * 365;
    a->not_before = whole.not_before - 1;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_DENIED, "not_after");
    a->not_before++;
    assert_int_equal(qk_offer(k, a, NULL), 0);
}

static void control_parent_in_force(void **state)
{
    struct kit *k = *state;
    uint8_t application[32], whole[32], id[32];
    assert_int_equal(qk_offer(k, for_operator(k), whole), 0);
    assert_int_equal(qk_accept(k, "operator", whole), 0);
    qk_noticed(k, "acme", application);
    struct sy_agreement *a = qk_agreement(k, "acme", application, whole);
    qk_refused(k, qk_offer(k, a, NULL), SY_E_GRANT, "parent"); /* it is not on file */
    assert_int_equal(qk_file(k, whole), 0);
    assert_int_equal(qk_offer(k, a, id), 0);
    assert_int_equal(qk_accept(k, "acme", id), 0);
    assert_int_equal(qk_file(k, id), 0);
}

static void offers_are_between_the_right_two(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_acme(k);
    uint8_t parent[32];
    memcpy(parent, a->parent, 32);
    a->grantor = V("agency");
    qk_refused(k, qk_offer(k, a, NULL), SY_E_ROLE, "grantor");
    a->grantor = V("operator");
    a->grantee = V("rival");
    qk_refused(k, qk_offer(k, a, NULL), SY_E_DENIED, "grantee");
    a->grantee = V("acme");
    memset(a->parent, 0, 32);
    qk_refused(k, qk_offer(k, a, NULL), SY_E_ROLE, "grantor");
    memset(a->parent, 9, 32);
    qk_refused(k, qk_offer(k, a, NULL), SY_E_NOT_FOUND, "agreement");
    memcpy(a->parent, parent, 32);
    memset(a->prev, 9, 32);
    qk_refused(k, qk_offer(k, a, NULL), SY_E_STATE, "prev");
    memset(a->prev, 0, 32);
    a->application[0] ^= 1;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_NOT_FOUND, "application");
    a->application[0] ^= 1;
    a->domain[0] ^= 1;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_FIELD, "domain");
    a->domain[0] ^= 1;
    assert_int_equal(qk_offer(k, a, NULL), 0);
}

static void offers_are_refused_with_their_field(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_acme(k);
    struct sy_view *four = a->datasets;
    a->datasets = KIT_STRS(k, "*");
    a->n_datasets = 1;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_FIELD, "datasets");
    a->datasets = KIT_STRS(k, "streets", "streets");
    a->n_datasets = 2;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_FIELD, "datasets");
    a->datasets = KIT_STRS(k, "steets");
    a->n_datasets = 1;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_NOT_FOUND, "dataset");
    a->datasets = four;
    a->n_datasets = 4;
    a->fee_permille = 1001;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_FIELD, "fee");
    a->fee_permille = 50;
    a->clauses[3].text = V("");
    qk_refused(k, qk_offer(k, a, NULL), SY_E_FIELD, "clauses");
    a->clauses[3].text = V("agreed");
    int64_t end = a->not_after;
    int64_t begin = a->not_before;
    a->not_after = a->not_before;
    qk_refused(k, qk_offer(k, a, NULL), SY_E_FIELD, "not_after");
    a->not_before = k->time - QK_DAY_S;
    a->not_after = k->time - 1; /* over */
    qk_refused(k, qk_offer(k, a, NULL), SY_E_FIELD, "not_after");
    a->not_before = begin;
    a->not_after = end;
    assert_int_equal(qk_offer(k, a, NULL), 0);
}

/* ---- what it opens ---- */

static void control_filed(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_acme(k);
    uint8_t id[32];
    assert_int_equal(qk_offer(k, a, id), 0);
    assert_int_equal(qk_accept(k, "acme", id), 0);
    qk_refused(k, kit_apply(k, kit_proposal(k)), SY_E_GRANT, "agreement");
    assert_int_equal(qk_file(k, id), 0);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
}

static void control_agreement_in_force(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], id[32];
    whole_of(k, whole);
    qk_refused(k, kit_apply(k, kit_proposal(k)), SY_E_GRANT, "agreement");
    qk_agreed(k, "acme", whole, id);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
}

static void control_agreement_scope(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_acme(k);
    struct sy_proposal *p;
    uint8_t id[32];
    a->n_datasets = 3; /* without births */
    assert_int_equal(qk_offer(k, a, id), 0);
    assert_int_equal(qk_accept(k, "acme", id), 0);
    assert_int_equal(qk_file(k, id), 0);
    p = kit_proposal(k);
    qk_refused(k, kit_apply(k, p), SY_E_GRANT, "agreement");
    p->n_datasets = 3;
    assert_int_equal(kit_apply(k, p), 0);
}

static void control_agreement_term(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_acme(k);
    uint8_t id[32];
    struct sy_proposal *p = kit_proposal(k);
    a->not_after = p->not_after - 1;
    assert_int_equal(qk_offer(k, a, id), 0);
    assert_int_equal(qk_accept(k, "acme", id), 0);
    assert_int_equal(qk_file(k, id), 0);
    qk_refused(k, kit_apply(k, p), SY_E_GRANT, "agreement");
    p->not_after--;
    assert_int_equal(kit_apply(k, p), 0);
}

/* Made and filed ahead of its time: nothing is applied for before it begins, nor for a time before it. */
static void an_agreement_opens_nothing_before_it_begins(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_acme(k);
    uint8_t id[32];
    a->not_before += 30 * QK_DAY_S;
    assert_int_equal(qk_offer(k, a, id), 0);
    assert_int_equal(qk_accept(k, "acme", id), 0);
    assert_int_equal(qk_file(k, id), 0);
    struct sy_proposal *p = kit_proposal(k);
    p->not_before = a->not_before;
    qk_refused(k, kit_apply(k, p), SY_E_EXPIRED, "agreement");
    k->time = a->not_before;
    p->not_before--;
    qk_refused(k, kit_apply(k, p), SY_E_GRANT, "agreement");
    p->not_before++;
    assert_int_equal(kit_apply(k, p), 0);
}

static void filing_is_the_operators_and_once(void **state)
{
    struct kit *k = *state;
    uint8_t whole[32], application[32], id[32];
    struct sy_agreement_file f = {.filing_no = V("0001")};
    assert_int_equal(qk_offer(k, for_operator(k), whole), 0);
    qk_refused(k, qk_file(k, whole), SY_E_STATE, "agreement"); /* nobody has accepted it */
    assert_int_equal(qk_accept(k, "operator", whole), 0);
#define FILE_IT(party, which)                                                                      \
    kit_call(k, party, "agreement.file", &sy_agreement_file_desc, &f, NULL, which)
    qk_refused(k, FILE_IT("agency", whole), SY_E_ROLE, "header.method");
    assert_int_equal(FILE_IT("operator", whole), 0);
    qk_refused(k, FILE_IT("operator", whole), SY_E_STATE, "agreement");
    qk_noticed(k, "acme", application);
    assert_int_equal(qk_offer(k, qk_agreement(k, "acme", application, whole), id), 0);
    assert_int_equal(qk_accept(k, "acme", id), 0);
    qk_refused(k, FILE_IT("operator", id), SY_E_EXISTS, "filing_no");
    f.filing_no = V("0002");
    assert_int_equal(FILE_IT("operator", id), 0);
    assert_true(sy_view_is(qk_agreement_row(k, id)->filing_no, "0002"));
#undef FILE_IT
}

/* ---- who reads it ---- */

static bool sees(struct kit *k, const char *party, const uint8_t id[32])
{
    struct rules_key at = rules_key_id("party/", V(party));
    struct rules_key key = rules_key_hash("agreement/", id);
    struct sy_party p;
    struct sy_view value;
    check_ok(rules_state_read(k->state, rules_key_view(&at), &sy_party_desc, &k->arena, &p, NULL));
    assert_true(rules_state_get(k->state, rules_key_view(&key), &value));
    return rules_row_visible(k->state, &p, rules_key_view(&key), value);
}

static void an_agreement_concerns_its_sides_and_whose_data_it_is(void **state)
{
    struct kit *k = *state;
    struct sy_agreement *a = for_acme(k);
    uint8_t id[32];
    a->datasets = KIT_STRS(k, "persons");
    a->n_datasets = 1;
    assert_int_equal(qk_offer(k, a, id), 0);
    assert_true(sees(k, "acme", id));
    assert_true(sees(k, "operator", id));
    assert_true(sees(k, "audit", id));
    assert_true(sees(k, "health", id));
    assert_false(sees(k, "clinic", id));
    assert_false(sees(k, "rival", id));
    assert_true(sees(k, "clinic", a->parent)); /* the whole grant is about everybody's data */
    assert_false(sees(k, "rival", a->parent));
}

/* May the party read the body of the last event? */
static bool reads_last(struct kit *k, const char *party)
{
    struct rules_key at = rules_key_id("party/", V(party));
    struct sy_party p;
    struct sy_event e;
    check_ok(rules_state_read(k->state, rules_key_view(&at), &sy_party_desc, &k->arena, &p, NULL));
    check_ok(sy_record_decode(&sy_event_desc, k->events[k->entry - 1], &SY_MP_LARGE, &k->arena, &e,
                              NULL));
    return rules_event_visible(k->state, &p, &e);
}

static void acts_are_read_by_whom_they_concern(void **state)
{
    struct kit *k = *state;
    uint8_t application[32], id[32];
    qk_filed(k, "operator", application);
    assert_true(reads_last(k, "audit"));
    assert_false(reads_last(k, "acme"));
    assert_int_equal(qk_opinion(k, "agency", application), 0);
    assert_true(reads_last(k, "operator")); /* the applicant */
    assert_false(reads_last(k, "health"));
    assert_int_equal(qk_decide(k, "agency", application, "approve"), 0);
    k->time = qk_row(k, application)->notice_until + 1;
    assert_int_equal(qk_offer(k, qk_agreement(k, "operator", application, NULL), id), 0);
    assert_true(reads_last(k, "operator"));
    assert_true(reads_last(k, "health")); /* its data are in it */
    assert_false(reads_last(k, "acme"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(control_notice_window),
        T(control_objections),
        T(control_commitment),
        T(an_upheld_objection_ends_the_application),
        T(a_later_offer_replaces_the_earlier),
        T(offers_for_an_application_are_few),
        T(control_ten_clauses),
        T(control_term_max_agreement),
        T(control_trial_end),
        T(control_parent_scope),
        T(control_parent_term),
        T(control_parent_in_force),
        T(offers_are_between_the_right_two),
        T(offers_are_refused_with_their_field),
        T(control_filed),
        T(control_agreement_in_force),
        T(control_agreement_scope),
        T(control_agreement_term),
        T(an_agreement_opens_nothing_before_it_begins),
        T(filing_is_the_operators_and_once),
        T(an_agreement_concerns_its_sides_and_whose_data_it_is),
        T(acts_are_read_by_whom_they_concern),
    };
    return cmocka_run_group_tests_name("rules_scheme_agreement", tests, NULL, NULL);
}
