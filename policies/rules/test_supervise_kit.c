#include "test_supervise_kit.h"

#include <stdio.h>
#include <string.h>

#include "wire/catalogue.h"

static struct sy_pack_calendar CALENDAR = {.utc_offset_s = 28800};

int64_t sup_date(int64_t year, int64_t month, int64_t day)
{
    return calendar_date(&CALENDAR, year, month, day);
}

static struct sy_pack_supervise *supervise(struct kit *k)
{
    struct sy_pack_supervise *s = kit_alloc(k, 1, sizeof(*s));
    *s = (struct sy_pack_supervise){.disclosure_day = 31,
                                    .disclosure_month = 3,
                                    .drill_months = 12,
                                    .incident_days = 5,
                                    .n_grounds = 3,
                                    .n_sectors = 2,
                                    .report_day = 31,
                                    .report_hours = SUP_HOURS,
                                    .report_month = 1};
    s->grounds = kit_alloc(k, 3, sizeof(*s->grounds));
    s->grounds[0].code = V("harm");
    s->grounds[1].code = V("security");
    s->grounds[2].code = V("other");
    s->sectors = kit_alloc(k, 2, sizeof(*s->sectors));
    s->sectors[0] = (struct sy_pack_sector){.code = V("health"),
                                            .department = V("health"),
                                            .departments = KIT_STRS(k, "clinic"),
                                            .n_departments = 1};
    s->sectors[1] = (struct sy_pack_sector){.code = V("roads"), .department = V("roads")};
    return s;
}

struct sy_pack *sup_pack(struct kit *k, uint64_t version)
{
    struct sy_pack *p = kit_pack_record(k, version);
    p->scheme = kit_alloc(k, 1, sizeof(*p->scheme));
    p->n_scheme = 1;
    p->scheme[0].calendar = kit_alloc(k, 1, sizeof(*p->scheme[0].calendar));
    p->scheme[0].calendar[0] = CALENDAR;
    p->scheme[0].n_calendar = 1;
    p->scheme[0].supervise = supervise(k);
    p->scheme[0].n_supervise = 1;
    return p;
}

static void supervised_domain(struct kit *k)
{
    assert_int_equal(kit_enrol(k, "watch", "security"), 0);
    assert_int_equal(kit_enrol(k, "roads", "department"), 0);
    assert_int_equal(kit_enrol(k, "shop", "buyer"), 0);
    assert_int_equal(kit_adopt(k, sup_pack(k, 2)), 0);
}

void sup_granted(struct kit *k)
{
    kit_granted(k);
    supervised_domain(k);
}

void sup_ready(struct kit *k)
{
    kit_ready(k);
    supervised_domain(k);
}

void sup_second(struct kit *k, uint8_t ret[32])
{
    uint8_t first[32];
    struct sy_proposal *p = kit_proposal(k);
    memcpy(first, k->grant, 32);
    p->scene = V("second");
    p->n_datasets--; /* without births */
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    memcpy(ret, k->grant, 32);
    memcpy(k->grant, first, 32);
}

/* ---- acts ---- */

int32_t sup_open(struct kit *k, const char *by, const char *party)
{
    const struct sy_inspect_open a = {.party = V(party),
                                      .scope = KIT_STRS(k, "system", "security"),
                                      .n_scope = 2,
                                      .title = V("yearly inspection")};
    return kit_call(k, by, "inspect.open", &sy_inspect_open_desc, &a, NULL, NULL);
}

int32_t sup_finding(struct kit *k, const char *by, uint64_t inspection, uint64_t days)
{
    const struct sy_inspect_finding a = {
        .days = days, .inspection = inspection, .text = V("keys lie on a shared disk")};
    return kit_call(k, by, "inspect.finding", &sy_inspect_finding_desc, &a, NULL, NULL);
}

int32_t sup_mend(struct kit *k, const char *by, uint64_t inspection, uint64_t finding)
{
    const struct sy_inspect_mend a = {
        .finding = finding, .inspection = inspection, .text = V("they lie in a safe now")};
    return kit_call(k, by, "inspect.mend", &sy_inspect_mend_desc, &a, NULL, NULL);
}

int32_t sup_close(struct kit *k, const char *by, uint64_t inspection)
{
    const struct sy_inspect_close a = {.inspection = inspection};
    return kit_call(k, by, "inspect.close", &sy_inspect_close_desc, &a, NULL, NULL);
}

int32_t sup_order(struct kit *k, const char *by, const char *party, const char *ground)
{
    const struct sy_order_correct a = {
        .days = 10, .ground = V(ground), .party = V(party), .text = V("name an officer")};
    return kit_call(k, by, "order.correct", &sy_order_correct_desc, &a, NULL, NULL);
}

int32_t sup_order_mend(struct kit *k, const char *by, uint64_t order)
{
    struct sy_order_mend a = {.order = order, .text = V("done")};
    memset(a.digest, 0x51, 32);
    return kit_call(k, by, "order.mend", &sy_order_mend_desc, &a, NULL, NULL);
}

int32_t sup_order_mended(struct kit *k, const char *by, uint64_t order, const char *decision)
{
    const struct sy_order_mended a = {.decision = V(decision), .order = order};
    return kit_call(k, by, "order.mended", &sy_order_mended_desc, &a, NULL, NULL);
}

int32_t sup_order_cancel(struct kit *k, uint64_t order)
{
    const struct sy_order_cancel a = {.order = order};
    return kit_call(k, "agency", "order.cancel", &sy_order_cancel_desc, &a, NULL, NULL);
}

int32_t sup_incident(struct kit *k, const char *by, const struct sy_affected *affected,
                     int64_t found)
{
    const struct sy_incident_report a = {.affected =
                                             affected == NULL ? (struct sy_affected){0} : *affected,
                                         .found = found,
                                         .kind = V("linkage"),
                                         .text = V("two answers single a village out")};
    return kit_call(k, by, "incident.report", &sy_incident_report_desc, &a, NULL, NULL);
}

int32_t sup_evaluate(struct kit *k, const char *party, const char *outcome)
{
    struct sy_evaluation_score score = {.item = V("security"), .of = 100, .score = 40};
    struct sy_evaluate a = {.departments = KIT_STRS(k, "health"),
                            .n_departments = 1,
                            .from = k->time - 365 * SUP_DAY,
                            .outcome = V(outcome),
                            .party = V(party),
                            .scores = &score,
                            .n_scores = 1,
                            .to = k->time};
    memset(a.digest, 0x52, 32);
    return kit_call(k, "agency", "evaluate.record", &sy_evaluate_desc, &a, NULL, NULL);
}

int32_t sup_annual(struct kit *k, uint64_t year)
{
    struct sy_annual_report a = {.revenue = 123456, .year = year};
    memset(a.digest, 0x53, 32);
    check_ok(rules_annual_figures(k->state, year, &k->arena, &a.figures, NULL));
    return kit_call(k, "operator", "report.annual", &sy_annual_report_desc, &a, NULL, NULL);
}

int32_t sup_disclose(struct kit *k, const char *by, uint64_t year)
{
    struct sy_disclose_publish a = {.entries = k->entry, .year = year};
    memset(a.digest, 0x54, 32);
    return kit_call(k, by, "disclose.publish", &sy_disclose_publish_desc, &a, NULL, NULL);
}

/* ---- rows ---- */

struct sy_row_grant sup_grant(struct kit *k, const uint8_t id[32])
{
    struct rules_key key = rules_key_hash("grant/", id);
    struct sy_row_grant g;
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_row_grant_desc, &k->arena, &g, NULL));
    return g;
}

bool sup_is(struct kit *k, const uint8_t id[32], const char *status)
{
    return sy_view_is(sup_grant(k, id).status, status);
}

struct sy_inspection sup_inspection(struct kit *k, uint64_t entry)
{
    struct rules_key key = rules_key_number("inspection/", entry);
    struct sy_inspection row;
    check_ok(rules_state_read(k->state, rules_key_view(&key), &sy_inspection_desc, &k->arena, &row,
                              NULL));
    return row;
}

struct sy_correction sup_correction(struct kit *k, uint64_t entry)
{
    struct rules_key key = rules_key_number("correction/", entry);
    struct sy_correction row;
    check_ok(rules_state_read(k->state, rules_key_view(&key), &sy_correction_desc, &k->arena, &row,
                              NULL));
    return row;
}

struct sy_incident sup_incident_row(struct kit *k, uint64_t entry)
{
    struct rules_key key = rules_key_number("incident/", entry);
    struct sy_incident row;
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_incident_desc, &k->arena, &row, NULL));
    return row;
}

uint64_t sup_closed(struct kit *k, const char *party)
{
    struct rules_key key = rules_key_id("standing/", V(party));
    struct sy_row_standing row = {0};
    struct sy_view value;
    if (rules_state_get(k->state, rules_key_view(&key), &value)) {
        check_ok(
            sy_record_decode(&sy_row_standing_desc, value, &SY_MP_LARGE, &k->arena, &row, NULL));
    }
    return row.closed;
}

const struct sy_due_item *sup_due(struct kit *k, const char *caller, uint64_t within_s,
                                  const char *code, const char *id)
{
    struct rules_key key = rules_key_id("party/", V(caller));
    struct sy_party party;
    struct sy_due_list list;
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_party_desc, &k->arena, &party, NULL));
    check_ok(rules_due(k->state, &party, k->time, within_s, &k->arena, &list, NULL));
    for (size_t i = 0; i < list.n_items; i++) {
        if (sy_view_is(list.items[i].code, code) && sy_view_is(list.items[i].id, id)) {
            return &list.items[i];
        }
    }
    return NULL;
}
