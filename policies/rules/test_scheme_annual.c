/* The yearly report, public disclosure (article 31), and the list of what is due. */
#include "test_supervise_kit.h"

#include <stdio.h>
#include <string.h>

enum { WEEK = 7 * SUP_DAY };

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k); /* the domain is founded in January 2027 */
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static struct sy_annual annual(struct kit *k, const char *year)
{
    struct rules_key key = rules_key_id("annual/", V(year));
    struct sy_annual row;
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_annual_desc, &k->arena, &row, NULL));
    return row;
}

static struct sy_disclosure disclosure(struct kit *k, const char *key)
{
    struct sy_disclosure row;
    check_ok(rules_state_read(k->state, V(key), &sy_disclosure_desc, &k->arena, &row, NULL));
    return row;
}

/* ---- reports ---- */

/* By the end of 31 January, in the district's time; what replaces a report does not make it punctual. */
static void control_annual_report(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_annual(k, 2027), SY_E_FIELD); /* the year is not over */
    k->time = sup_date(2028, 2, 1) - 1;
    assert_int_equal(sup_annual(k, 2027), 0);
    assert_false(annual(k, "2027").late);
    k->time = sup_date(2029, 2, 1);
    assert_int_equal(sup_annual(k, 2027), 0); /* a better one, a year later */
    assert_false(annual(k, "2027").late);
    assert_int_equal(annual(k, "2027").first, sup_date(2028, 2, 1) - 1);
    assert_int_equal(sup_annual(k, 2028), 0);
    assert_true(annual(k, "2028").late);
    assert_int_equal(sup_annual(k, 1999), SY_E_FIELD);
}

/* A figure that the ledger does not count is refused, each of them. */
static void control_annual_figures(void **state)
{
    struct kit *k = *state;
    sup_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(sup_incident(k, "acme", NULL, k->time), 0);
    assert_int_equal(sup_order(k, "agency", "acme", "harm"), 0);
    assert_int_equal(sup_open(k, "agency", "acme"), 0);
    assert_int_equal(sup_evaluate(k, "acme", "pass"), 0);
    k->time = sup_date(2028, 1, 10);
    struct sy_annual_report a = {.year = 2027};
    memset(a.digest, 1, 32);
    check_ok(rules_annual_figures(k->state, 2027, &k->arena, &a.figures, NULL));
    const struct sy_annual_figures want = {.corrections = 1,
                                           .datasets = 4,
                                           .developers = 2,
                                           .evaluations = 1,
                                           .incidents = 1,
                                           .inspections = 1,
                                           .runs = 1,
                                           .scenes = 1};
    assert_memory_equal(&a.figures, &want, sizeof(want));
    for (size_t i = 0; i < sy_annual_figures_desc.n_fields; i++) {
        struct sy_annual_report other = a;
        uint64_t *figure =
            (void *)((uint8_t *)&other.figures + sy_annual_figures_desc.fields[i].offset);
        (*figure)++;
        assert_int_equal(
            kit_call(k, "operator", "report.annual", &sy_annual_report_desc, &other, NULL, NULL),
            SY_E_FIELD);
    }
    assert_int_equal(
        kit_call(k, "operator", "report.annual", &sy_annual_report_desc, &a, NULL, NULL), 0);
    assert_int_equal(kit_call(k, "agency", "report.annual", &sy_annual_report_desc, &a, NULL, NULL),
                     SY_E_ROLE);
    check_ok(rules_annual_figures(k->state, 2028, &k->arena, &a.figures, NULL));
    assert_int_equal(a.figures.incidents, 0);
    assert_int_equal(a.figures.scenes, 1);
}

/* Runs go on while the report is counted and signed: it may have the number of a moment ago, not of long ago. */
static void test_runs_go_on(void **state)
{
    struct kit *k = *state;
    struct sy_annual_report a = {.year = 2027};
    sup_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    memset(a.digest, 1, 32);
    check_ok(rules_annual_figures(k->state, 2027, &k->arena, &a.figures, NULL));
    assert_int_equal(a.figures.runs, 1);
    assert_int_equal(kit_run(k, "60"), 0);
    k->time = sup_date(2028, 1, 10);
    assert_int_equal(
        kit_call(k, "operator", "report.annual", &sy_annual_report_desc, &a, NULL, NULL), 0);
    assert_int_equal(annual(k, "2027").report.figures.runs, 1);
    for (size_t i = 0; i < 256; i++) {
        assert_int_equal(sup_annual(k, 2027), 0);
    }
    assert_int_equal(
        kit_call(k, "operator", "report.annual", &sy_annual_report_desc, &a, NULL, NULL),
        SY_E_FIELD);
    assert_int_equal(sup_annual(k, 2027), 0);
}

static void control_disclosure_due(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_int_equal(sup_disclose(k, "agency", 2027), SY_E_FIELD);
    k->time = sup_date(2028, 4, 1) - 1;
    assert_int_equal(sup_disclose(k, "agency", 2027), 0);
    assert_false(disclosure(k, "disclosure/2027/agency").late);
    k->time++;
    assert_int_equal(sup_disclose(k, "operator", 2027), 0);
    assert_true(disclosure(k, "disclosure/2027/operator").late);
    assert_int_equal(sup_disclose(k, "acme", 2027), SY_E_ROLE);
    struct sy_disclose_publish a = {.entries = k->entry + 1, .year = 2027};
    memset(a.digest, 1, 32);
    assert_int_equal(
        kit_call(k, "agency", "disclose.publish", &sy_disclose_publish_desc, &a, NULL, NULL),
        SY_E_FIELD);
    a.entries = k->entry;
    memset(a.digest, 0, 32);
    assert_int_equal(
        kit_call(k, "agency", "disclose.publish", &sy_disclose_publish_desc, &a, NULL, NULL),
        SY_E_FIELD);
}

/* ---- what is due ---- */

static void test_due_yearly(void **state)
{
    struct kit *k = *state;
    sup_granted(k);
    assert_null(sup_due(k, "agency", 0, "annual_report", "2027"));
    k->time = sup_date(2028, 1, 1);
    const struct sy_due_item *item = sup_due(k, "agency", 31 * SUP_DAY, "annual_report", "2027");
    assert_non_null(item);
    assert_int_equal(item->due, sup_date(2028, 2, 1) - 1);
    assert_false(item->over);
    assert_true(sy_view_is(item->party, "operator"));
    assert_null(sup_due(k, "agency", WEEK, "annual_report", "2027"));
    k->time = sup_date(2028, 2, 1);
    assert_true(sup_due(k, "agency", WEEK, "annual_report", "2027")->over);
    assert_int_equal(sup_annual(k, 2027), 0);
    assert_null(sup_due(k, "agency", WEEK, "annual_report", "2027"));
    k->time = sup_date(2028, 4, 1);
    assert_true(sup_due(k, "operator", WEEK, "disclosure", "2027")->over);
    assert_int_equal(sup_disclose(k, "agency", 2027), 0);
    item = sup_due(k, "agency", WEEK, "disclosure", "2027");
    assert_true(item != NULL && sy_view_is(item->party, "operator"));
    assert_int_equal(sup_disclose(k, "operator", 2027), 0);
    assert_null(sup_due(k, "agency", WEEK, "disclosure", "2027"));
    assert_null(sup_due(k, "acme", WEEK, "drill", "2028"));
    assert_non_null(sup_due(k, "agency", WEEK, "drill", "2028")); /* twelve months, and none yet */
}

static void test_due_acts(void **state)
{
    struct kit *k = *state;
    char id[32];
    sup_granted(k);
    assert_int_equal(sup_open(k, "agency", "acme"), 0);
    uint64_t n = k->entry - 1;
    assert_int_equal(sup_finding(k, "agency", n, 3), 0);
    (void)snprintf(id, sizeof(id), "%llu.1", (unsigned long long)n);
    assert_false(sup_due(k, "acme", 0, "finding", id)->over);
    assert_null(sup_due(k, "rival", 0, "finding", id));
    k->time += WEEK;
    assert_true(sup_due(k, "acme", 0, "finding", id)->over);
    assert_int_equal(sup_mend(k, "acme", n, 1), 0);
    assert_null(sup_due(k, "acme", 0, "finding", id));
    assert_int_equal(sup_order(k, "agency", "acme", "harm"), 0);
    (void)snprintf(id, sizeof(id), "%llu", (unsigned long long)(k->entry - 1));
    assert_int_equal(sup_due(k, "acme", 0, "correction", id)->due,
                     sup_correction(k, k->entry - 1).due);
    assert_int_equal(sup_incident(k, "acme", NULL, k->time), 0);
    (void)snprintf(id, sizeof(id), "%llu", (unsigned long long)(k->entry - 1));
    assert_non_null(sup_due(k, "watch", 0, "incident", id));
}

/* In order, the same twice, and nothing without a pack. */
static void test_due_order(void **state)
{
    struct kit *k = *state;
    struct sy_due_list list;
    check_ok(rules_due(k->state, NULL, k->time, 0, &k->arena, &list, NULL));
    assert_int_equal(list.n_items, 0);
    sup_granted(k);
    for (size_t i = 0; i < 40; i++) {
        k->time += 3600;
        assert_int_equal(sup_incident(k, "acme", NULL, k->time), 0);
    }
    check_ok(rules_due(k->state, NULL, k->time, 0, &k->arena, &list, NULL));
    assert_true(list.n_items >= 40);
    for (size_t i = 1; i < list.n_items; i++) {
        assert_true(list.items[i - 1].due <= list.items[i].due);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(control_annual_report),  TEST(control_annual_figures),
                                       TEST(control_disclosure_due), TEST(test_runs_go_on),
                                       TEST(test_due_yearly),        TEST(test_due_acts),
                                       TEST(test_due_order)};
    return cmocka_run_group_tests_name("rules_scheme_annual", tests, NULL, NULL);
}
