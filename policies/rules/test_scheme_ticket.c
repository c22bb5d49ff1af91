/* Tickets about the quality of data: who opens them, what they may say, when they are due, what fixes them. */
#include "test_catalogue_kit.h"

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

static int32_t fix(struct kit *k, const char *party, uint64_t ticket, uint64_t version)
{
    const struct sy_ticket_fix a = {.dataset = V("persons"), .ticket = ticket, .version = version};
    return kit_call(k, party, "ticket.fix", &sy_ticket_fix_desc, &a, NULL, NULL);
}

static int32_t finish(struct kit *k, const char *party, uint64_t ticket, const char *outcome)
{
    const struct sy_ticket_close a = {
        .dataset = V("persons"), .outcome = V(outcome), .ticket = ticket};
    return kit_call(k, party, "ticket.close", &sy_ticket_close_desc, &a, NULL, NULL);
}

static uint64_t opened(struct kit *k, const char *rule)
{
    assert_int_equal(cat_open(k, "acme", cat_ticket(k, rule)), 0);
    return k->entry - 1;
}

static bool is(struct kit *k, uint64_t ticket, const char *status)
{
    return sy_view_is(cat_ticket_row(k, "persons", ticket).status, status);
}

/* Under a grant that covers it, and under one's own. */
static void test_open(void **state)
{
    struct kit *k = *state;
    cat_granted(k);
    struct sy_ticket *t = cat_ticket(k, NULL);
    assert_int_equal(cat_open(k, "rival", t), SY_E_GRANT);
    assert_int_equal(cat_open(k, "health", t), SY_E_ROLE);
    t->field = V("hiv"); /* not granted */
    assert_int_equal(cat_open(k, "acme", t), SY_E_FIELD_DENIED);
    t->field = V("weight");
    t->quality = V("beauty");
    assert_int_equal(cat_open(k, "acme", t), SY_E_FIELD);
    t->quality = V("accuracy");
    t->found_by = V("chance");
    assert_int_equal(cat_open(k, "acme", t), SY_E_FIELD);
    t->found_by = V("run");
    t->rule = V("No Code");
    assert_int_equal(cat_open(k, "acme", t), SY_E_FIELD);
    t->rule = V("bounds");
    assert_int_equal(cat_open(k, "acme", t), 0);
    uint64_t ticket = k->entry - 1;
    assert_int_equal(cat_open(k, "operator", t), SY_E_EXISTS); /* one problem, one ticket */
    assert_int_equal(cat_open(k, "operator", cat_ticket(k, "nulls")), 0);
    struct sy_ticket_row row = cat_ticket_row(k, "persons", ticket);
    assert_true(row.data == 1 && sy_view_is(row.department, "health") &&
                sy_view_is(row.party, "acme"));
    assert_int_equal(finish(k, "acme", ticket, "withdrawn"), 0);
    assert_int_equal(cat_open(k, "operator", t), 0); /* and again, once that is over */
    assert_int_equal(kit_order(k, "operator", "scene.revoke", "incident"), 0);
    assert_int_equal(cat_open(k, "acme", cat_ticket(k, "later")), SY_E_GRANT);
}

static void control_ticket_no_values(void **state)
{
    struct kit *k = *state;
    cat_granted(k);
    struct sy_ticket *t = cat_ticket(k, NULL);
    t->text = V("身份证号 11010519491231002X 的体重有误");
    assert_int_equal(cat_open(k, "acme", t), SY_E_DENIED);
    t->text = V("");
    t->rule = V("r-110105194912");
    assert_int_equal(cat_open(k, "acme", t), SY_E_DENIED);
    t->rule = V("bounds");
    t->text = V("2019-12-31 前约 12345 行");
    assert_int_equal(cat_open(k, "acme", t), 0);
    char wide[SY_TICKET_TEXT_MAX + 2];
    memset(wide, 'x', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    t->rule = V("other");
    t->text = V(wide);
    assert_int_equal(cat_open(k, "acme", t), SY_E_FIELD);
}

/* KIT_START is a Friday in the district, 2027-01-15: ten working days later it is Friday the 29th. The pack lets an
 * overdue ticket stop new grants. */
static void control_ticket_deadline(void **state)
{
    struct kit *k = *state;
    cat_granted(k);
    struct sy_pack *p = cat_pack(k, 3);
    cat_terms(p)->ticket_blocks = true;
    assert_int_equal(kit_adopt(k, p), 0);
    uint64_t ticket = opened(k, NULL);
    struct sy_ticket_row row = cat_ticket_row(k, "persons", ticket);
    int64_t offset = 8 * 3600;
    int64_t day = (KIT_START + offset) / CAT_DAY_S;
    assert_int_equal(row.deadline, (day + 15) * CAT_DAY_S - offset - 1);
    assert_int_equal(kit_order(k, "operator", "scene.revoke", "incident"), 0);
    k->time = row.deadline;
    assert_false(sy_ticket_overdue(&row, k->time));
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "reject"), 0);
    k->time = row.deadline + 1;
    assert_true(sy_ticket_overdue(&row, k->time));
    assert_int_equal(kit_apply(k, kit_proposal(k)), SY_E_STATE);
    assert_true(sy_view_is(k->verdict.field, "datasets"));
    assert_int_equal(kit_publish(k, kit_persons(k), 2), 0);
    assert_int_equal(kit_apply(k, kit_proposal(k)), SY_E_STATE); /* data alone mend nothing */
    assert_int_equal(fix(k, "health", ticket, 2), 0);            /* late, and mended */
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
}

static void test_overdue_tells(void **state)
{
    struct kit *k = *state;
    cat_granted(k);
    (void)opened(k, NULL);
    k->time += (int64_t)CAT_DAY_S * 60;
    assert_int_equal(kit_order(k, "operator", "scene.revoke", "incident"), 0);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0); /* the pack does not let it block */
}

static void control_ticket_fixed_by_version(void **state)
{
    struct kit *k = *state;
    cat_granted(k);
    uint64_t ticket = opened(k, NULL);
    assert_int_equal(fix(k, "health", ticket, 1), SY_E_STATE); /* the data that it is about */
    assert_int_equal(fix(k, "health", ticket, 2), SY_E_STATE); /* not published */
    assert_int_equal(kit_publish(k, kit_persons(k), 2), 0);
    assert_int_equal(fix(k, "clinic", ticket, 2), SY_E_DENIED);
    assert_int_equal(fix(k, "health", ticket, 3), SY_E_STATE);
    assert_int_equal(fix(k, "health", ticket, 2), 0);
    assert_true(is(k, ticket, "fixed"));
    assert_int_equal(fix(k, "health", ticket, 2), SY_E_STATE);
}

/* Who opened it, or the agency, says whether it is solved; what was not is open again, for a later version. */
static void test_close(void **state)
{
    struct kit *k = *state;
    cat_granted(k);
    uint64_t ticket = opened(k, NULL);
    int64_t deadline = cat_ticket_row(k, "persons", ticket).deadline;
    assert_int_equal(finish(k, "acme", ticket, "solved"), SY_E_STATE);
    assert_int_equal(finish(k, "health", ticket, "withdrawn"), SY_E_ROLE);
    assert_int_equal(finish(k, "rival", ticket, "withdrawn"), SY_E_DENIED);
    assert_int_equal(kit_publish(k, kit_persons(k), 2), 0);
    assert_int_equal(fix(k, "health", ticket, 2), 0);
    assert_int_equal(finish(k, "acme", ticket, "withdrawn"), SY_E_STATE);
    assert_int_equal(finish(k, "acme", ticket, "unsolved"), 0);
    assert_true(is(k, ticket, "open"));
    assert_int_equal(cat_ticket_row(k, "persons", ticket).deadline, deadline);
    assert_int_equal(fix(k, "health", ticket, 2), SY_E_STATE); /* the fix that was none */
    assert_int_equal(kit_publish(k, kit_persons(k), 3), 0);
    assert_int_equal(fix(k, "health", ticket, 3), 0);
    assert_int_equal(finish(k, "operator", ticket, "solved"), SY_E_DENIED);
    assert_int_equal(finish(k, "agency", ticket, "solved"), 0);
    assert_true(is(k, ticket, "solved"));
    assert_int_equal(finish(k, "acme", ticket, "unsolved"), SY_E_STATE);
    assert_int_equal(fix(k, "health", ticket + 1, 3), SY_E_NOT_FOUND);
}

static void test_visible(void **state)
{
    struct kit *k = *state;
    cat_granted(k);
    struct rules_key key = rules_key_numbered("ticket/", V("persons"), opened(k, NULL));
    assert_true(cat_sees(k, "acme", key.text));
    assert_true(cat_sees(k, "health", key.text));
    assert_true(cat_sees(k, "agency", key.text));
    assert_false(cat_sees(k, "clinic", key.text));
    assert_false(cat_sees(k, "rival", key.text));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_open),          T(control_ticket_no_values),        T(control_ticket_deadline),
        T(test_overdue_tells), T(control_ticket_fixed_by_version), T(test_close),
        T(test_visible),
    };
    return cmocka_run_group_tests_name("rules_scheme_ticket", tests, NULL, NULL);
}
