/* Inspections, orders to correct, sectors: articles 27, 29, 32. */
#include "test_supervise_kit.h"

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

/* ---- inspections ---- */

/* KIT_START is a Friday; two working days later it is Tuesday, and its last second is the deadline. */
static void control_inspection_deadline(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_open(k, "agency", "acme"), 0);
    uint64_t n = k->entry - 1;
    assert_int_equal(sup_finding(k, "agency", n, 2), 0);
    assert_int_equal(sup_finding(k, "agency", n, 2), 0);
    int64_t due = sup_inspection(k, n).findings[0].due;
    assert_int_equal(due, calendar_deadline(NULL, k->time, 2));
    k->time = due;
    assert_int_equal(sup_mend(k, "acme", n, 1), 0);
    k->time = due + 1;
    assert_int_equal(sup_mend(k, "acme", n, 2), 0);
    struct sy_inspection row = sup_inspection(k, n);
    assert_false(row.findings[0].late);
    assert_true(row.findings[1].late);
}

static void control_inspection_mended(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_open(k, "watch", "operator"), 0);
    uint64_t n = k->entry - 1;
    assert_int_equal(sup_finding(k, "watch", n, 5), 0);
    assert_int_equal(sup_close(k, "watch", n), SY_E_STATE);
    assert_int_equal(sup_mend(k, "operator", n, 1), 0);
    assert_int_equal(sup_close(k, "watch", n), 0);
    assert_true(sup_inspection(k, n).closed == k->time);
}

/* Who may do what, and what is said. */
static void test_inspection(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_open(k, "acme", "rival"), SY_E_ROLE);
    assert_int_equal(sup_open(k, "agency", "nobody"), SY_E_NOT_FOUND);
    assert_int_equal(sup_open(k, "agency", "health"), SY_E_ROLE);
    struct sy_inspect_open a = {.party = V("acme"),
                                .scope = KIT_STRS(k, "system", "system"),
                                .n_scope = 2,
                                .title = V("x")};
    assert_int_equal(kit_call(k, "agency", "inspect.open", &sy_inspect_open_desc, &a, NULL, NULL),
                     SY_E_FIELD);
    assert_int_equal(sup_open(k, "health", "acme"), 0);
    uint64_t n = k->entry - 1;
    assert_int_equal(sup_finding(k, "agency", n, 5), SY_E_DENIED);
    assert_int_equal(sup_finding(k, "health", n, 0), SY_E_FIELD);
    assert_int_equal(sup_finding(k, "health", n, SY_SUPERVISE_DAYS_MAX + 1), SY_E_FIELD);
    assert_int_equal(sup_finding(k, "health", n + 9, 5), SY_E_NOT_FOUND);
    assert_int_equal(sup_finding(k, "health", n, 5), 0);
    assert_int_equal(sup_mend(k, "rival", n, 1), SY_E_DENIED);
    assert_int_equal(sup_mend(k, "acme", n, 2), SY_E_NOT_FOUND);
    assert_int_equal(sup_mend(k, "acme", n, 0), SY_E_NOT_FOUND);
    assert_int_equal(sup_mend(k, "acme", n, 1), 0);
    assert_int_equal(sup_mend(k, "acme", n, 1), SY_E_EXISTS);
    assert_int_equal(sup_close(k, "watch", n), SY_E_DENIED);
    assert_int_equal(sup_close(k, "agency", n), 0); /* the agency may */
    assert_int_equal(sup_finding(k, "health", n, 5), SY_E_STATE);
}

static void control_sector_department(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_open(k, "roads", "acme"), SY_E_DENIED);
    assert_int_equal(sup_open(k, "clinic", "acme"), SY_E_DENIED); /* in charge of no sector */
    assert_int_equal(sup_open(k, "health", "rival"), SY_E_DENIED);
    assert_int_equal(sup_open(k, "health", "acme"), 0);
    assert_int_equal(sup_open(k, "roads", "operator"), 0); /* who serves every sector */
    assert_int_equal(sup_order(k, "roads", "acme", "harm"), SY_E_DENIED);
    assert_int_equal(kit_order(k, "acme", "scene.revoke", "request"), 0);
    assert_int_equal(sup_open(k, "health", "acme"), SY_E_DENIED); /* uses nothing any more */
}

/* ---- orders to correct ---- */

static void control_correction_ground(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_order(k, "agency", "acme", "incident"), SY_E_FIELD);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
}

/* The grants are suspended and the standing is closed, by one event. */
static void control_correction_closes(void **state)
{
    struct kit *k = *state;
    uint8_t second[32];
    sup_granted(k);
    sup_second(k, second);
    assert_true(sup_is(k, k->grant, "active") && sup_is(k, second, "active"));
    uint64_t before = k->entry;
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
    assert_int_equal(k->entry, before + 1);
    assert_int_equal(sup_closed(k, "acme"), before + 1);
    assert_true(sup_is(k, k->grant, "suspended") && sup_is(k, second, "suspended"));
    assert_true(sy_view_is(sup_grant(k, second).ground, "security"));
    assert_int_equal(sup_closed(k, "rival"), 0);
}

/* While an order is open nothing starts and nothing new is applied for. */
static void control_access_closed(void **state)
{
    struct kit *k = *state;
    sup_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
    uint64_t order = k->entry - 1;
    assert_int_equal(kit_run(k, "60"), SY_E_SUSPENDED);
    struct sy_proposal *p = kit_proposal(k);
    uint8_t grant[32];
    memcpy(grant, k->grant, 32);
    p->scene = V("another");
    assert_int_equal(kit_apply(k, p), SY_E_SUSPENDED);
    memcpy(k->grant, grant, 32);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), 0);
    assert_int_equal(sup_closed(k, "acme"), 0);
    assert_int_equal(kit_run(k, "60"), SY_E_SUSPENDED); /* open access resumes nothing */
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
    assert_int_equal(kit_run(k, "60"), 0);
    assert_int_equal(kit_apply(k, p), 0);
}

/* In time is until the last second of the deadline; after it no report is taken while the order is open. */
static void control_correction_deadline(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
    uint64_t order = k->entry - 1;
    int64_t due = sup_correction(k, order).due;
    assert_int_equal(due, calendar_deadline(NULL, k->time, 10));
    k->time = due + 1;
    assert_int_equal(sup_order_mend(k, "acme", order), SY_E_EXPIRED);
    assert_true(sup_is(k, k->grant, "suspended"));
}

/* Reported in the last second, looked at a month later: nobody loses a grant by the agency's delay. */
static void test_mended_in_time(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
    uint64_t order = k->entry - 1;
    k->time = sup_correction(k, order).due;
    assert_int_equal(sup_order_mend(k, "rival", order), SY_E_DENIED);
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    assert_int_equal(sup_order_mend(k, "acme", order), SY_E_STATE);
    k->time += 30 * SUP_DAY;
    assert_int_equal(sup_order_cancel(k, order), SY_E_STATE);
    assert_int_equal(sup_order_mended(k, "agency", order, "maybe"), SY_E_FIELD);
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), 0);
    assert_true(sy_view_is(sup_correction(k, order).status, "mended"));
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), SY_E_STATE);
    assert_int_equal(sup_order_cancel(k, order), SY_E_STATE);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
}

static void control_correction_report(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
    uint64_t order = k->entry - 1;
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), SY_E_STATE);
    assert_int_equal(sup_closed(k, "acme"), order + 1);
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    assert_int_equal(sup_order_mended(k, "agency", order, "reject"), 0);
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), SY_E_STATE);
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), 0);
}

static void control_correction_term(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
    uint64_t order = k->entry - 1;
    assert_int_equal(sup_order_cancel(k, order), SY_E_STATE);
    k->time = sup_correction(k, order).due;
    assert_int_equal(sup_order_cancel(k, order), SY_E_STATE);
    k->time++;
    assert_int_equal(sup_order_cancel(k, order), 0);
}

/* Cancelled: the grants are gone for good and their budget is given back; access stays closed, until what was wrong is
 * mended after all, and then only for new applications. */
static void control_correction_cancels(void **state)
{
    struct kit *k = *state;
    uint8_t second[32];
    sup_granted(k);
    sup_second(k, second);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
    uint64_t order = k->entry - 1;
    k->time = sup_correction(k, order).due + 1;
    assert_int_equal(sup_order_cancel(k, order), 0);
    assert_true(sup_is(k, k->grant, "revoked") && sup_is(k, second, "revoked"));
    assert_int_equal(sup_grant(k, k->grant).n_holds, 0); /* nothing that is over is held */
    struct sy_row_budget b;
    check_ok(
        rules_state_read(k->state, V("budget/person"), &sy_row_budget_desc, &k->arena, &b, NULL));
    assert_int_equal(b.held_rho, 0);
    assert_int_equal(sup_closed(k, "acme"), order + 1);
    struct sy_proposal *p = kit_proposal(k);
    p->calls = 4;
    assert_int_equal(kit_apply(k, p), SY_E_SUSPENDED);
    assert_int_equal(sup_order_mend(k, "acme", order),
                     SY_E_EXPIRED); /* in the cancellation's second */
    k->time++;
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), 0);
    assert_true(sy_view_is(sup_correction(k, order).status, "cancelled"));
    assert_int_equal(kit_apply(k, p), 0);
}

/* A rejected report leaves nothing that could hold the cancellation up. */
static void test_rejected(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
    uint64_t order = k->entry - 1;
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    k->time = sup_correction(k, order).due + 1;
    assert_int_equal(sup_order_cancel(k, order), SY_E_STATE);
    assert_int_equal(sup_order_mended(k, "agency", order, "reject"), 0);
    assert_int_equal(sup_order_mend(k, "acme", order), SY_E_EXPIRED);
    assert_int_equal(sup_order_cancel(k, order), 0);
}

/* Two orders: access opens when both are met; the department decides on its own, and leaves no hold. */
static void test_two_orders(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_order(k, "health", "acme", "harm"), 0);
    uint64_t theirs = k->entry - 1;
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
    uint64_t ours = k->entry - 1;
    assert_int_equal(sup_grant(k, k->grant).n_holds, 2);
    assert_int_equal(sup_order_mend(k, "acme", ours), 0);
    assert_int_equal(sup_order_mended(k, "health", ours, "accept"), SY_E_DENIED);
    assert_int_equal(sup_order_mended(k, "agency", ours, "accept"), 0);
    assert_int_equal(sup_closed(k, "acme"), theirs + 1);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
    assert_int_equal(sup_order_mend(k, "acme", theirs), 0);
    assert_int_equal(sup_order_mended(k, "roads", theirs, "accept"), SY_E_DENIED);
    assert_int_equal(sup_order_mended(k, "health", theirs, "accept"), 0);
    assert_int_equal(sup_closed(k, "acme"), 0);
    assert_int_equal(sup_grant(k, k->grant).n_holds, 0);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
}

/* A department that gave an order and does not answer shuts nobody out for good: the agency decides in its place. */
static void test_order_of_who_is_silent(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_order(k, "health", "acme", "harm"), 0);
    uint64_t order = k->entry - 1;
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    k->time = sup_correction(k, order).due + 1;
    assert_int_equal(sup_order_cancel(k, order), SY_E_STATE);
    assert_int_equal(sup_order_mended(k, "operator", order, "accept"), SY_E_ROLE);
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), 0);
    assert_int_equal(sup_closed(k, "acme"), 0);
    assert_int_equal(sup_grant(k, k->grant).n_holds, 0);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
}

/* Another party's suspension outlives the order. */
static void test_holds_stay(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(kit_order(k, "clinic", "scene.suspend", "incident"), 0);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
    uint64_t order = k->entry - 1;
    assert_int_equal(sup_order_mend(k, "acme", order), 0);
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), 0);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
    assert_int_equal(kit_order(k, "clinic", "scene.lift", "incident"), 0);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
}

/* The operator's access is everybody's. */
static void test_operator(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_order(k, "operator", "operator", "security"), SY_E_ROLE);
    assert_int_equal(sup_order(k, "agency", "operator", "security"), 0);
    uint64_t order = k->entry - 1;
    assert_true(sup_is(k, k->grant, "suspended"));
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), SY_E_SUSPENDED);
    assert_int_equal(sup_order_mend(k, "operator", order), 0);
    assert_int_equal(sup_order_mended(k, "agency", order, "accept"), 0);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
}

/* Without the section there is nothing to order by; and an order may rest on an inspection, of that very party. */
static void test_without_section(void **state)
{
    struct kit *k = *state;
    kit_granted(k);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), SY_E_STATE);
    assert_int_equal(kit_enrol(k, "roads", "department"), 0);
    assert_int_equal(kit_adopt(k, sup_pack(k, 2)), 0);
    assert_int_equal(sup_open(k, "agency", "operator"), 0);
    struct sy_order_correct a = {.days = 1,
                                 .ground = V("harm"),
                                 .inspection = k->entry - 1,
                                 .party = V("acme"),
                                 .text = V("as found")};
    assert_int_equal(kit_call(k, "agency", "order.correct", &sy_order_correct_desc, &a, NULL, NULL),
                     SY_E_FIELD);
    a.party = V("operator");
    assert_int_equal(kit_call(k, "agency", "order.correct", &sy_order_correct_desc, &a, NULL, NULL),
                     0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(control_inspection_deadline),
                                       TEST(control_inspection_mended),
                                       TEST(test_inspection),
                                       TEST(control_sector_department),
                                       TEST(control_correction_ground),
                                       TEST(control_correction_closes),
                                       TEST(control_access_closed),
                                       TEST(control_correction_deadline),
                                       TEST(test_mended_in_time),
                                       TEST(control_correction_report),
                                       TEST(control_correction_term),
                                       TEST(control_correction_cancels),
                                       TEST(test_rejected),
                                       TEST(test_two_orders),
                                       TEST(test_order_of_who_is_silent),
                                       TEST(test_holds_stay),
                                       TEST(test_operator),
                                       TEST(test_without_section)};
    return cmocka_run_group_tests_name("rules_scheme_supervise", tests, NULL, NULL);
}
