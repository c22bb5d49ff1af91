/*
 * Applications for scenes under a pack with a section for them: what they say, who reviews what in which turn, returns,
 * lapses; and that without the section all is as it was.
 */
#include "test_scheme_scene_kit.h"

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

/* ---- what an application says ---- */

typedef void spoil_fn(struct sy_application *a);

static void no_benefit(struct sy_application *a)
{
    a->benefit = (struct sy_view){0};
}
static void no_domain(struct sy_application *a)
{
    a->domain = (struct sy_view){0};
}
static void no_market(struct sy_application *a)
{
    a->market = (struct sy_view){0};
}
static void no_revenue(struct sy_application *a)
{
    a->revenue_plan = V("two\nlines");
}
static void no_route(struct sy_application *a)
{
    a->route = (struct sy_view){0};
}
static void other_class(struct sy_application *a)
{
    a->class_ = V("free");
}
static void no_form(struct sy_application *a)
{
    a->n_products_planned = 0;
}
static void other_form(struct sy_application *a)
{
    a->products_planned[0] = V("dataset");
}
static void same_form(struct sy_application *a)
{
    a->products_planned[1] = a->products_planned[0];
}
static void same_own(struct sy_application *a)
{
    a->own_data[1] = a->own_data[0];
}

static void control_scene_application(void **state)
{
    static spoil_fn *const spoil[] = {no_benefit,  no_domain, no_market,  no_revenue, no_route,
                                      other_class, no_form,   other_form, same_form,  same_own};
    struct kit *k = *state;
    scene_begin(k);
    struct sy_proposal *p = scene_proposal(k);
    p->n_application = 0;
    assert_int_equal(kit_apply(k, p), SY_E_FIELD);
    assert_true(sy_view_is(k->verdict.field, "application"));
    for (size_t i = 0; i < LEN(spoil); i++) {
        p = scene_proposal(k);
        spoil[i](p->application);
        assert_int_equal(kit_apply(k, p), SY_E_FIELD);
        assert_true(sy_view_starts(k->verdict.field, V("application.")));
    }
    p = scene_proposal(k);
    p->n_application = 2;
    assert_int_equal(kit_apply(k, p), SY_E_FIELD);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
}

static void control_necessity_reason(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    struct sy_proposal *p = scene_proposal(k);
    struct sy_prop_field *f = &p->datasets[2].fields[2]; /* grade 1: streets.area */
    f->reason = V("人口密度");                           /* four characters, twelve bytes */
    assert_int_equal(kit_apply(k, p), SY_E_FIELD);
    assert_true(sy_view_is(k->verdict.field, "reason"));
    f->reason = (struct sy_view){0};
    assert_int_equal(kit_apply(k, p), SY_E_FIELD);
    f->mask = V("drop");
    assert_int_equal(kit_apply(k, p), 0);
    struct sy_proposal *other = scene_proposal(k);
    other->scene = V("other");
    other->datasets[2].fields[2].reason = V("计算人口密度所需");
    assert_int_equal(kit_apply(k, other), 0);
}

/* ---- the chain ---- */

static void control_first_review(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    assert_int_equal(scene_judge(k, "health", "scene.consent", "approve"), SY_E_REVIEW);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_REVIEW);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "reject"), SY_E_REVIEW);
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(scene_judge(k, "health", "scene.consent", "approve"), 0);
}

static void control_four_points(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    for (size_t i = 0; i < 4; i++) {
        struct sy_review r = scene_words("approve");
        struct sy_view *const points[] = {&r.feasibility, &r.compliance, &r.risk, &r.value};
        *points[i] = (struct sy_view){0};
        assert_int_equal(scene_send(k, "operator", "scene.first_review", &r), SY_E_FIELD);
        r.decision = V("reject");
        assert_int_equal(scene_send(k, "operator", "scene.first_review", &r), SY_E_FIELD);
    }
    struct sy_review r = scene_words("approve");
    assert_int_equal(scene_send(k, "operator", "scene.first_review", &r), 0);
}

static void control_consent(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_REVIEW);
    assert_int_equal(scene_judge(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_REVIEW);
    assert_true(sy_view_is(k->verdict.field, "consent"));
    assert_int_equal(scene_judge(k, "clinic", "scene.consent", "reject"), 0);
    assert_true(sy_view_is(scene_row(k).status, "rejected")); /* one refusal ends it */
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_STATE);
    assert_int_equal(kit_apply(k, scene_other(k)), 0);
    scene_reviewed(k);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), 0);
}

/* A pack that asks no more for consent changes nothing for what was filed before it. */
static void test_consent_outlives_the_pack(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "approve"), 0);
    struct sy_pack *p = kit_pack_record(k, 3);
    p->consent = false;
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_REVIEW);
    assert_true(sy_view_is(k->verdict.field, "consent"));
    assert_int_equal(scene_judge(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(scene_judge(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), 0);
    p = kit_pack_record(k, 4);
    struct sy_proposal *next = scene_proposal(k);
    next->scene = V("second");
    assert_int_equal(kit_apply(k, next), 0); /* filed when nobody had to consent */
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(scene_judge(k, "health", "scene.consent", "approve"), SY_E_STATE);
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_REVIEW);
}

static void control_final_review(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    scene_reviewed(k);
    assert_false(scene_has_grant(k));
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), SY_E_GRANT);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), 0);
    assert_true(scene_has_grant(k));
    assert_int_equal(kit_register(k, kit_model_def(k), kit_plan(k)), 0);
}

/* Who decides says why: the final review always, the others when they do not approve. */
static void control_review_opinion(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    struct sy_review r = scene_words("reject");
    r.opinion = (struct sy_view){0};
    assert_int_equal(scene_send(k, "operator", "scene.first_review", &r), SY_E_FIELD);
    r.decision = V("return");
    assert_int_equal(scene_send(k, "operator", "scene.first_review", &r), SY_E_FIELD);
    r.decision = V("approve");
    assert_int_equal(scene_send(k, "operator", "scene.first_review", &r), 0);
    assert_int_equal(scene_send(k, "health", "scene.consent", &r), 0);
    assert_int_equal(scene_send(k, "clinic", "scene.consent", &r), 0);
    assert_int_equal(scene_send(k, "agency", "scene.final_review", &r), SY_E_FIELD);
    assert_true(sy_view_is(k->verdict.field, "opinion"));
    r.opinion = V("同意");
    assert_int_equal(scene_send(k, "agency", "scene.final_review", &r), 0);
}

/* Its row, as if this party had filed it. */
static struct sy_view filed_by(struct kit *k, struct sy_proposal *p, const char *party)
{
    struct sy_row_proposal row = scene_row(k);
    p->developer = V(party);
    row.proposal = kit_encode(k, &sy_proposal_desc, p);
    return kit_encode(k, &sy_row_proposal_desc, &row);
}

/* Roles differ, so that no party could file and review by itself; should one ever, the chain stops it. */
static void control_own_review(void **state)
{
    struct kit *k = *state;
    struct rules_decision d;
    scene_begin(k);
    struct sy_proposal *p = scene_proposal(k);
    assert_int_equal(kit_apply(k, p), 0);
    struct rules_key key = rules_key_hash("proposal/", k->grant);
    struct sy_view own = filed_by(k, p, "operator"), acme = filed_by(k, p, "acme");
    struct sy_review r = scene_words("approve");
    struct rules_request *q = kit_request(k, "operator", "scene.first_review", &sy_review_desc, &r);
    memcpy(q->header.grant, k->grant, 32);
    kit_sign(k, q, kit_party(k, "operator"));
    check_ok(rules_state_put_raw(k->state, rules_key_view(&key), own));
    check_ok(kit_decide(k, q, &d));
    assert_int_equal(d.verdict.code, SY_E_ROLE);
    check_ok(rules_state_put_raw(k->state, rules_key_view(&key), acme));
    check_ok(kit_decide(k, q, &d));
    assert_int_equal(d.verdict.code, 0);
}

/* ---- returned for correction ---- */

/* The application that corrects what was returned. */
static struct sy_proposal *corrected(struct kit *k, const uint8_t returned[32], uint64_t calls)
{
    struct sy_proposal *p = scene_proposal(k);
    p->calls = calls;
    memcpy(p->application->replaces, returned, 32);
    return p;
}

static void control_return_resets(void **state)
{
    struct kit *k = *state;
    uint8_t first[32];
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    memcpy(first, k->grant, 32);
    scene_reviewed(k);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "return"), 0);
    assert_true(sy_view_is(scene_row(k).status, "returned"));
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_STATE);
    assert_int_equal(kit_apply(k, scene_other(k)), SY_E_STATE); /* it names nothing */
    assert_true(sy_view_is(k->verdict.field, "application.replaces"));
    assert_int_equal(kit_apply(k, corrected(k, first, 4)), 0);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), SY_E_REVIEW);
    assert_int_equal(scene_row(k).n_reviews, 0);
    scene_reviewed(k);
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), 0);
    struct sy_proposal *p = corrected(k, first, 3); /* once it is corrected, nothing is */
    p->scene = V("another");
    assert_int_equal(kit_apply(k, p), SY_E_STATE);
}

static void control_rounds(void **state)
{
    struct kit *k = *state;
    uint8_t last[32];
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    for (uint64_t i = 0; i < SCENE_ROUNDS; i++) {
        memcpy(last, k->grant, 32);
        assert_int_equal(scene_judge(k, "operator", "scene.first_review", "return"), 0);
        assert_int_equal(kit_apply(k, corrected(k, last, 10 + i)), 0);
    }
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "return"), SY_E_LIMIT);
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "reject"), 0);
    assert_int_equal(kit_apply(k, scene_other(k)), 0); /* applied for anew, it counts anew */
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "return"), 0);
}

/* ---- turns ---- */

static void control_turn(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    assert_int_equal(scene_say(k, "acme", "May I add something?"), SY_E_STATE);
    assert_int_equal(scene_say(k, "operator", "Why streets?"), 0);
    assert_true(sy_view_is(scene_row(k).turn, "developer"));
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "approve"), SY_E_STATE);
    assert_true(sy_view_is(k->verdict.field, "turn"));
    assert_int_equal(scene_say(k, "agency", "And why events?"), SY_E_STATE);
    assert_int_equal(scene_say(k, "acme", "For density."), 0);
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "approve"), 0);
}

/* Whose turn it is, through a whole chain; the comments' entries; who may comment at all. */
static void test_turns(void **state)
{
    struct kit *k = *state;
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    assert_true(sy_view_is(scene_row(k).turn, "operator"));
    assert_int_equal(scene_say(k, "rival", "Let me see."), SY_E_DENIED);
    assert_int_equal(scene_say(k, "audit", "Let me see."), SY_E_ROLE);
    assert_int_equal(scene_say(k, "operator", ""), SY_E_FIELD);
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "approve"), 0);
    assert_true(sy_view_is(scene_row(k).turn, "department"));
    assert_int_equal(scene_say(k, "clinic", "Why births?"), 0);
    uint64_t asked = k->entry - 1;
    assert_int_equal(scene_say(k, "acme", "For mothers' age."), 0);
    assert_true(sy_view_is(scene_row(k).turn, "department"));
    assert_int_equal(scene_row(k).n_comments, 2);
    assert_int_equal(scene_row(k).comments[0], asked);
    assert_int_equal(scene_row(k).comments[1], asked + 1);
    assert_int_equal(scene_judge(k, "clinic", "scene.consent", "approve"), 0);
    assert_true(sy_view_is(scene_row(k).turn, "department"));
    assert_int_equal(scene_judge(k, "health", "scene.consent", "approve"), 0);
    assert_true(sy_view_is(scene_row(k).turn, "agency"));
    assert_int_equal(scene_judge(k, "agency", "scene.final_review", "approve"), 0);
    assert_int_equal(scene_row(k).turn.n, 0);
    assert_int_equal(scene_say(k, "operator", "Too late."), SY_E_STATE);
}

/* Everybody of the chain reads what is said, nobody else does. */
static void test_who_reads(void **state)
{
    static const struct {
        const char *party;
        bool reads;
    } cases[] = {{"acme", true},   {"operator", true}, {"health", true},
                 {"agency", true}, {"audit", true},    {"rival", false}};
    struct kit *k = *state;
    struct sy_event e;
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    assert_int_equal(scene_say(k, "clinic", "Why births?"), 0);
    assert_int_equal(scene_say(k, "acme", "For mothers' age."), 0);
    check_ok(sy_record_decode(&sy_event_desc, k->events[k->entry - 1], &SY_MP_LARGE, &k->arena, &e,
                              NULL));
    for (size_t i = 0; i < LEN(cases); i++) {
        struct rules_key key = rules_key_id("party/", V(cases[i].party));
        struct sy_party p;
        check_ok(
            rules_state_read(k->state, rules_key_view(&key), &sy_party_desc, &k->arena, &p, NULL));
        assert_int_equal(rules_event_visible(k->state, &p, &e), cases[i].reads);
    }
}

/* ---- time ---- */

static void control_lapse(void **state)
{
    struct kit *k = *state;
    uint8_t old[32];
    scene_begin(k);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
    memcpy(old, k->grant, 32);
    int64_t due = scene_row(k).due;
    assert_int_equal(due, calendar_deadline(NULL, k->time, SCENE_DAYS));
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "approve"), 0);
    k->time = due;
    assert_int_equal(kit_apply(k, scene_other(k)), SY_E_EXISTS);
    memcpy(k->grant, old, 32);
    assert_int_equal(scene_judge(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(scene_say(k, "clinic", "Still there?"), 0);
    k->time = due + 1;
    assert_int_equal(scene_say(k, "acme", "Yes."), SY_E_STATE);
    assert_int_equal(scene_judge(k, "clinic", "scene.consent", "reject"), SY_E_EXPIRED);
    assert_int_equal(kit_apply(k, scene_other(k)), 0); /* the scene is free */
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "approve"), 0);
}

/* ---- as it was ---- */

/* A pack without the section demands nothing of all this, and offers nothing of it. */
static void test_without_section(void **state)
{
    struct kit *k = *state;
    kit_catalogue(k);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(scene_row(k).due, 0);
    assert_int_equal(scene_row(k).turn.n, 0);
    assert_int_equal(scene_say(k, "operator", "Why?"), SY_E_STATE);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "return"), SY_E_FIELD);
    k->time += 86400 * 300;
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(scene_judge(k, "operator", "scene.first_review", "reject"), SY_E_EXISTS);
}

/* An application may be given all the same; then it is sound, and what it replaces was returned. */
static void test_application_without_section(void **state)
{
    struct kit *k = *state;
    kit_catalogue(k);
    struct sy_proposal *p = scene_proposal(k);
    p->application->domain = (struct sy_view){0};
    assert_int_equal(kit_apply(k, p), SY_E_FIELD);
    p = scene_proposal(k);
    p->application->replaces[0] = 1;
    assert_int_equal(kit_apply(k, p), SY_E_STATE);
    assert_int_equal(kit_apply(k, scene_proposal(k)), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(control_scene_application),
        T(control_necessity_reason),
        T(control_first_review),
        T(control_four_points),
        T(control_consent),
        T(test_consent_outlives_the_pack),
        T(control_final_review),
        T(control_review_opinion),
        T(control_own_review),
        T(control_return_resets),
        T(control_rounds),
        T(control_turn),
        T(control_lapse),
        T(test_turns),
        T(test_who_reads),
        T(test_without_section),
        T(test_application_without_section),
    };
#undef T
    return cmocka_run_group_tests_name("rules_scheme_scene", tests, NULL, NULL);
}
