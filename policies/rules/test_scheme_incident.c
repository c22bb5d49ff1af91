/* Incidents, the emergency plan and its drills (article 28), evaluations (article 30). */
#include "test_supervise_kit.h"

#include "proof/ids.h"
#include "rules/replay.h"
#include "scheme/scheme.h"

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

/* What names these grants. */
static struct sy_affected grants(struct kit *k, const uint8_t a[32], const uint8_t *b)
{
    struct sy_affected v = {.grants = kit_alloc(k, 2, sizeof(*v.grants)), .n_grants = 1};
    v.grants[0] = sy_view(a, 32);
    if (b != NULL) {
        v.grants[v.n_grants++] = sy_view(b, 32);
    }
    return v;
}

static struct sy_affected datasets(struct kit *k, const char *id)
{
    return (struct sy_affected){.datasets = KIT_STRS(k, id), .n_datasets = 1};
}

/* ---- incidents ---- */

/* One signed call: one event stops what it names and reports it. */
static void control_incident_freezes(void **state)
{
    struct kit *k = *state;
    uint8_t second[32];
    sup_ready(k);
    sup_second(k, second);
    assert_int_equal(kit_run(k, "40"), 0);
    struct sy_affected one = grants(k, k->grant, NULL);
    uint64_t before = k->entry;
    assert_int_equal(sup_incident(k, "watch", &one, k->time), 0);
    assert_int_equal(k->entry, before + 1);
    assert_true(sy_view_is(k->type, "incident"));
    assert_true(sup_is(k, k->grant, "suspended"));
    assert_true(sup_is(k, second, "active"));
    assert_true(sy_view_is(sup_grant(k, k->grant).ground, "linkage"));
    struct sy_incident row = sup_incident_row(k, before);
    assert_true(row.stopped == k->time && row.reported == k->time && sy_view_is(row.by, "watch"));
    assert_int_equal(kit_run(k, "60"), SY_E_SUSPENDED);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
}

/* By dataset and by "all"; a second report of the same stops nothing twice and does no harm. */
static void test_what_is_frozen(void **state)
{
    struct kit *k = *state;
    uint8_t second[32];
    sup_granted(k);
    sup_second(k, second);
    struct sy_affected some = datasets(k, "births");
    assert_int_equal(sup_incident(k, "agency", &some, k->time), 0);
    assert_true(sup_is(k, k->grant, "suspended") && sup_is(k, second, "active"));
    some = datasets(k, "persons");
    assert_int_equal(sup_incident(k, "agency", &some, k->time), 0);
    assert_true(sup_is(k, k->grant, "suspended") && sup_is(k, second, "suspended"));
    assert_int_equal(sup_grant(k, k->grant).n_holds, 1);
    struct sy_affected all = {.all = true};
    assert_int_equal(sup_incident(k, "operator", &all, k->time), 0);
    assert_int_equal(sup_grant(k, k->grant).n_holds, 2);
    all.datasets = some.datasets;
    all.n_datasets = 1;
    assert_int_equal(sup_incident(k, "agency", &all, k->time), SY_E_FIELD);
    assert_int_equal(sup_incident(k, "shop", NULL, k->time), 0); /* reports, and stops nothing */
    assert_int_equal(sup_incident_row(k, k->entry - 1).stopped, 0);
}

static void control_incident_clock(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    int64_t found = k->time;
    k->time = found + SUP_HOURS * 3600;
    assert_int_equal(sup_incident(k, "acme", NULL, found), 0);
    struct sy_incident row = sup_incident_row(k, k->entry - 1);
    assert_true(row.due == k->time && !row.late);
    assert_int_equal(row.close_by, calendar_deadline(NULL, k->time, 5));
    k->time++;
    assert_int_equal(sup_incident(k, "acme", NULL, found), 0);
    assert_true(sup_incident_row(k, k->entry - 1).late);
    assert_int_equal(sup_incident(k, "acme", NULL, k->time + 1), SY_E_FIELD);
    assert_int_equal(sup_incident(k, "acme", NULL, -1), SY_E_FIELD);
    assert_int_equal(sup_incident(k, "acme", NULL, 0), 0); /* just now */
    row = sup_incident_row(k, k->entry - 1);
    assert_true(row.report.found == k->time && !row.late);
}

/* Nobody switches off what is not theirs to stop. */
static void control_incident_scope(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    struct sy_affected own = grants(k, k->grant, NULL);
    struct sy_affected all = {.all = true};
    struct sy_affected persons = datasets(k, "persons");
    assert_int_equal(sup_incident(k, "rival", &own, k->time), SY_E_DENIED);
    assert_int_equal(sup_incident(k, "shop", &own, k->time), SY_E_DENIED);
    assert_int_equal(sup_incident(k, "audit", &all, k->time), SY_E_DENIED);
    assert_int_equal(sup_incident(k, "acme", &persons, k->time), SY_E_DENIED);
    assert_int_equal(sup_incident(k, "roads", &persons, k->time), SY_E_DENIED);
    assert_int_equal(sup_incident(k, "roads", &own, k->time), SY_E_DENIED);
    assert_true(sup_is(k, k->grant, "active"));
    assert_int_equal(sup_incident(k, "acme", &own, k->time), 0);
    assert_true(sup_is(k, k->grant, "suspended"));
    assert_int_equal(kit_order(k, "acme", "scene.lift", "request"), 0);
    assert_int_equal(sup_incident(k, "health", &persons, k->time), 0);
    assert_true(sy_view_is(sup_grant(k, k->grant).holds[0].party, "health"));
}

static int32_t update(struct kit *k, const char *by, uint64_t incident,
                      const struct sy_affected *affected)
{
    const struct sy_incident_update a = {
        .affected = *affected, .incident = incident, .text = V("it is the second scene too")};
    return kit_call(k, by, "incident.update", &sy_incident_update_desc, &a, NULL, NULL);
}

static int32_t finish(struct kit *k, const char *by, uint64_t incident)
{
    const struct sy_incident_close a = {.incident = incident,
                                        .measures = V("questions about streets are refused")};
    return kit_call(k, by, "incident.close", &sy_incident_close_desc, &a, NULL, NULL);
}

/* Report, more found, closed; what was stopped is resumed one by one, after every party that holds it. */
static void test_incident_life(void **state)
{
    struct kit *k = *state;
    uint8_t second[32];
    sup_granted(k);
    sup_second(k, second);
    struct sy_affected one = grants(k, k->grant, NULL);
    struct sy_affected two = grants(k, second, NULL);
    assert_int_equal(sup_incident(k, "acme", &one, k->time), 0);
    uint64_t n = k->entry - 1;
    assert_int_equal(update(k, "rival", n, &(struct sy_affected){0}), SY_E_DENIED);
    assert_int_equal(update(k, "acme", n + 1, &two), SY_E_NOT_FOUND);
    assert_int_equal(update(k, "watch", n, &two), 0);
    assert_true(sup_is(k, second, "suspended"));
    assert_int_equal(sup_incident_row(k, n).n_notes, 1);
    assert_int_equal(finish(k, "operator", n), SY_E_ROLE);
    assert_int_equal(finish(k, "agency", n), 0);
    assert_int_equal(finish(k, "agency", n), SY_E_STATE);
    assert_int_equal(update(k, "acme", n, &one), SY_E_STATE);
    struct sy_incident row = sup_incident_row(k, n);
    assert_true(row.closed == k->time &&
                sy_view_is(row.measures, "questions about streets are refused"));
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
    assert_int_equal(kit_order(k, "acme", "scene.lift", "request"), 0);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
}

static void test_incident_form(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    struct sy_incident_report a = {.found = k->time, .kind = V("fire"), .text = V("x")};
    assert_int_equal(
        kit_call(k, "agency", "incident.report", &sy_incident_report_desc, &a, NULL, NULL),
        SY_E_FIELD);
    struct sy_affected odd = {.grants = kit_alloc(k, 1, sizeof(*odd.grants)), .n_grants = 1};
    odd.grants[0] = V("short");
    assert_int_equal(sup_incident(k, "agency", &odd, k->time), SY_E_FIELD);
    uint8_t unknown[32] = {1};
    odd = grants(k, unknown, NULL);
    assert_int_equal(sup_incident(k, "agency", &odd, k->time), SY_E_NOT_FOUND);
    odd = datasets(k, "nothing");
    assert_int_equal(sup_incident(k, "agency", &odd, k->time), SY_E_NOT_FOUND);
    odd = grants(k, k->grant, k->grant);
    assert_int_equal(sup_incident(k, "agency", &odd, k->time), SY_E_FIELD);
    odd = datasets(k, "persons");
    odd.datasets = KIT_STRS(k, "persons", "persons");
    odd.n_datasets = 2;
    assert_int_equal(sup_incident(k, "agency", &odd, k->time), SY_E_FIELD);
    assert_true(sup_is(k, k->grant, "active"));
}

/* One act names grants and datasets: each of what they name stops, once. */
static void test_named_together(void **state)
{
    struct kit *k = *state;
    uint8_t second[32];
    sup_granted(k);
    sup_second(k, second);
    struct sy_affected both = grants(k, second, NULL);
    both.datasets = KIT_STRS(k, "births"); /* the first reads it, the second does not */
    both.n_datasets = 1;
    assert_int_equal(sup_incident(k, "agency", &both, k->time), 0);
    assert_true(sup_is(k, k->grant, "suspended") && sup_is(k, second, "suspended"));
}

/* Whatever is stopped, memory is taken for one grant at a time: there may be more than fit. */
static void test_one_at_a_time(void **state)
{
    struct kit *k = *state;
    uint8_t second[32];
    sup_granted(k);
    sup_second(k, second);
    for (int good = 0; good < 2; good++) {
        struct sy_arena arena = {0};
        struct rules_request req = {
            .header = {.method = V("incident.report"), .party = V("watch")}};
        RULES_EFFECT_CLEANUP struct rules_effect *effect = effect_alloc();
        struct change x = {.state = k->state,
                           .req = &req,
                           .arena = &arena,
                           .entry = k->entry,
                           .effect = effect,
                           .err = &k->err};
        struct sy_view key, value;
        assert_non_null(effect);
        check_ok(grants_stop(&x, &(struct stop){.for_good = good == 1, .ground = V("leak")}));
        assert_true(rules_effect_row(effect, good == 1 ? 2 : 1, &key, &value));
        assert_int_equal(arena.used, 0);
    }
}

/* ---- replay of one that stops everything ---- */

enum { BULKY = 20, BULK_BYTES = 4 << 20 };

static void put_raw(struct rules_state *s, const uint8_t id[32], struct sy_view row)
{
    struct rules_key key = rules_key_hash("grant/", id);
    check_ok(rules_state_put_raw(s, rules_key_view(&key), row));
}

/* A grant whose row is as large as a row may be, about; the text is the reason of a hold of long ago. */
static struct sy_view bulky_row(struct kit *k, struct sy_arena *arena, unsigned number,
                                uint8_t id[32])
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20), row = sy_buf(RULES_VALUE_MAX);
    struct sy_row_grant g = sup_grant(k, k->grant);
    struct sy_proposal p;
    char *text = sy_arena_alloc(arena, BULK_BYTES, 1);
    check_ok(sy_record_decode(&sy_proposal_desc, g.proposal, &SY_MP_REQUEST, arena, &p, NULL));
    p.scene = sy_view_str(sy_arena_printf(arena, "bulky-%u", number));
    check_ok(sy_record_encode(&sy_proposal_desc, &p, &b));
    g.proposal = sy_buf_view(&b);
    proof_grant_id(id, g.proposal);
    assert_non_null(text);
    memset(text, 'x', BULK_BYTES);
    g.holds = &(struct sy_row_hold){.ground = sy_view(text, BULK_BYTES), .party = V("nobody")};
    g.n_holds = 1;
    check_ok(sy_record_encode(&sy_row_grant_desc, &g, &row));
    return sy_arena_copy(arena, sy_buf_view(&row));
}

static void put_bulk(struct kit *k, struct rules_state *other)
{
    for (unsigned i = 0; i < BULKY; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        uint8_t id[32];
        struct sy_view row = bulky_row(k, &arena, i, id);
        put_raw(k->state, id, row);
        put_raw(k->shadow, id, row);
        put_raw(other, id, row);
    }
}

static void count(void *ctx, const struct rules_difference *d)
{
    assert_string_equal(d->field, "state");
    ++*(size_t *)ctx;
}

static void read_event(struct kit *k, size_t i, struct sy_event *e, struct rules_facts *facts,
                       struct rules_request *req)
{
    check_ok(sy_record_decode(&sy_event_desc, k->events[i], &SY_MP_LARGE, &k->arena, e, NULL));
    check_ok(rules_request_prepare(e, true, &k->arena, facts, req, NULL));
}

/* One event that rewrites more than an arena holds replays; its digest is compared all the same. */
static void test_replayed_whole(void **state)
{
    struct kit *k = *state;
    for (int lie = 0; lie < 4; lie++) {
        size_t n = 0;
        struct sy_event e;
        struct rules_facts facts;
        struct rules_request req;
        struct rules_seal seal;
        SY_ARENA_CLEANUP struct sy_arena full = {.ceiling = 1};
        SY_ARENA_CLEANUP struct sy_arena roomy = {0};
        kit_free(k);
        kit_init(k);
        sup_granted(k);
        struct rules_state *s = rules_state_new();
        RULES_REPLAYER_CLEANUP struct rules_replayer *r = rules_replayer_new(s);
        for (size_t i = 0; i < k->entry; i++) {
            read_event(k, i, &e, &facts, &req);
            check_ok(rules_replayer_next(r, &e, &req, i, count, &n, NULL));
        }
        put_bulk(k, s);
        struct sy_affected all = {.all = true};
        assert_int_equal(sup_incident(k, "agency", &all, k->time), 0);
        read_event(k, k->entry - 1, &e, &facts, &req);
        e.state[3] ^= lie > 0 ? 1 : 0;
        if (lie >= 2) { /* in steps: no room for a list of rows, or rows of more than may be held */
            check_ok(rules_replayer_fold(r, &e, &req, k->entry - 1, lie == 2 ? &full : &roomy,
                                         &seal, count, &n, NULL));
            assert_null(seal.rows);
            assert_true(seal.worked);
            rules_seal_work(&seal);
            assert_int_equal(n, 0);
            rules_seal_tell(&seal, count, &n);
        } else {
            check_ok(rules_replayer_next(r, &e, &req, k->entry - 1, count, &n, NULL));
        }
        assert_int_equal(n, lie > 0 ? 1 : 0);
        assert_memory_equal(rules_state_digest(s), e.state, 32);
        rules_replayer_free(r);
        r = NULL;
        rules_state_free(s);
    }
}

/* A hold of an order goes with the order; what the same party stopped later by an incident stays stopped. */
static void test_incident_outlasts_order(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_order(k, "health", "acme", "harm"), 0);
    uint64_t order = k->entry - 1;
    struct sy_affected one = grants(k, k->grant, NULL);
    assert_int_equal(sup_incident(k, "health", &one, k->time), 0);
    assert_int_equal(sup_grant(k, k->grant).n_holds, 1);
    assert_int_equal(sup_grant(k, k->grant).holds[0].entry, order + 1);
    assert_true(sy_view_is(sup_grant(k, k->grant).holds[0].ground, "linkage"));
    assert_int_equal(sup_incident(k, "health", &one, k->time), 0);
    assert_int_equal(sup_grant(k, k->grant).holds[0].entry,
                     order + 1); /* the first of them stands */
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    assert_int_equal(sup_order_mended(k, "health", order, "accept"), 0);
    assert_int_equal(sup_closed(k, "acme"), 0);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
    assert_int_equal(kit_order(k, "health", "scene.lift", "incident"), 0);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
}

/* Reports that stop nothing wait for the agency from a number on; those that stop something never do. */
static void test_quiet_reports(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    struct sy_affected own = grants(k, k->grant, NULL);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(sup_incident(k, "acme", NULL, k->time), 0);
    }
    uint64_t last = k->entry - 1;
    assert_int_equal(sup_incident(k, "acme", NULL, k->time), SY_E_LIMIT);
    assert_int_equal(sup_incident(k, "shop", NULL, k->time), 0);
    assert_int_equal(sup_incident(k, "acme", &own, k->time), 0);
    assert_int_equal(finish(k, "agency", last), 0);
    assert_int_equal(sup_incident(k, "acme", NULL, k->time), 0);
    for (int i = 0; i < 65; i++) {
        assert_int_equal(sup_incident(k, "operator", NULL, k->time), 0);
    }
}

/* ---- drills ---- */

static int32_t plan(struct kit *k, uint64_t version, int mark)
{
    struct sy_emergency_plan a = {.departments = KIT_STRS(k, "health", "watch"),
                                  .n_departments = 2,
                                  .title = V("emergency plan"),
                                  .version = version};
    memset(a.digest, mark, 32);
    return kit_call(k, "agency", "emergency.plan", &sy_emergency_plan_desc, &a, NULL, NULL);
}

static int32_t drill(struct kit *k, int mark, const char *participant)
{
    struct sy_drill_record a = {.at = k->time - SUP_DAY,
                                .participants = KIT_STRS(k, "health", participant),
                                .n_participants = 2,
                                .text = V("everything stopped in four minutes")};
    memset(a.digest, 1, 32);
    memset(a.plan, mark, 32);
    return kit_call(k, "agency", "drill.record", &sy_drill_record_desc, &a, NULL, NULL);
}

static void control_drill_plan(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(drill(k, 0x61, "operator"), SY_E_STATE); /* of no plan at all */
    assert_int_equal(plan(k, 1, 0x61), 0);
    assert_int_equal(drill(k, 0x61, "operator"), 0);
    assert_int_equal(plan(k, 1, 0x62), SY_E_EXISTS);
    assert_int_equal(plan(k, 2, 0x62), 0);
    assert_int_equal(drill(k, 0x61, "operator"), SY_E_STATE); /* of the plan before */
    assert_int_equal(drill(k, 0x62, "operator"), 0);
}

static void control_drill_parties(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(plan(k, 1, 0x61), 0);
    assert_int_equal(drill(k, 0x61, "watch"), SY_E_FIELD);
    assert_int_equal(drill(k, 0x61, "acme"), 0);
}

/* ---- evaluations ---- */

static void control_evaluation_joint(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    struct sy_evaluation_score score = {.item = V("service"), .of = 10, .score = 9};
    struct sy_evaluate a = {.from = k->time - SUP_DAY,
                            .outcome = V("pass"),
                            .party = V("acme"),
                            .scores = &score,
                            .n_scores = 1,
                            .to = k->time};
    memset(a.digest, 1, 32);
    assert_int_equal(kit_call(k, "agency", "evaluate.record", &sy_evaluate_desc, &a, NULL, NULL),
                     SY_E_FIELD);
    a.third = V("an institute");
    assert_int_equal(kit_call(k, "agency", "evaluate.record", &sy_evaluate_desc, &a, NULL, NULL),
                     0);
    a.departments = KIT_STRS(k, "acme"); /* no department */
    a.n_departments = 1;
    assert_int_equal(kit_call(k, "agency", "evaluate.record", &sy_evaluate_desc, &a, NULL, NULL),
                     SY_E_FIELD);
    a.n_departments = 0;
    score.score = 11;
    assert_int_equal(kit_call(k, "agency", "evaluate.record", &sy_evaluate_desc, &a, NULL, NULL),
                     SY_E_FIELD);
    score.score = 10;
    a.to = k->time + 1;
    assert_int_equal(kit_call(k, "agency", "evaluate.record", &sy_evaluate_desc, &a, NULL, NULL),
                     SY_E_FIELD);
}

/* Rows of supervision are seen by reviewers, and by whom they are about. */
static bool sees(struct kit *k, const char *party, const struct rules_key *key)
{
    struct rules_key at = rules_key_id("party/", V(party));
    struct sy_party row;
    struct sy_view value;
    check_ok(
        rules_state_read(k->state, rules_key_view(&at), &sy_party_desc, &k->arena, &row, NULL));
    assert_true(rules_state_get(k->state, rules_key_view(key), &value));
    return rules_row_visible(k->state, &row, rules_key_view(key), value);
}

static void test_visible(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_evaluate(k, "acme", "improve"), 0);
    struct rules_key evaluation = rules_key_numbered("evaluation/", V("acme"), k->entry - 1);
    assert_int_equal(sup_order(k, "agency", "acme", "harm"), 0);
    struct rules_key order = rules_key_number("correction/", k->entry - 1);
    assert_int_equal(sup_incident(k, "rival", NULL, k->time), 0);
    struct rules_key incident = rules_key_number("incident/", k->entry - 1);
    assert_int_equal(sup_open(k, "health", "operator"), 0);
    struct rules_key inspection = rules_key_number("inspection/", k->entry - 1);
    const struct {
        const char *party;
        bool evaluation, order, incident, inspection;
    } cases[] = {{"agency", true, true, true, true},   {"audit", true, true, true, true},
                 {"acme", true, true, false, false},   {"rival", false, false, true, false},
                 {"health", true, false, false, true}, {"shop", false, false, false, false}};
    for (size_t i = 0; i < LEN(cases); i++) {
        assert_int_equal(sees(k, cases[i].party, &evaluation), cases[i].evaluation);
        assert_int_equal(sees(k, cases[i].party, &order), cases[i].order);
        assert_int_equal(sees(k, cases[i].party, &incident), cases[i].incident);
        assert_int_equal(sees(k, cases[i].party, &inspection), cases[i].inspection);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(control_incident_freezes),
                                       TEST(test_what_is_frozen),
                                       TEST(control_incident_clock),
                                       TEST(control_incident_scope),
                                       TEST(test_incident_life),
                                       TEST(test_incident_form),
                                       TEST(test_named_together),
                                       TEST(test_one_at_a_time),
                                       TEST(test_replayed_whole),
                                       TEST(test_incident_outlasts_order),
                                       TEST(test_quiet_reports),
                                       TEST(control_drill_plan),
                                       TEST(control_drill_parties),
                                       TEST(control_evaluation_joint),
                                       TEST(test_visible)};
    return cmocka_run_group_tests_name("rules_scheme_incident", tests, NULL, NULL);
}
