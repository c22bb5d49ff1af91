/*
 * audit.rerun and audit.reran: who may ask, of which answers, under which grants; that an outcome is said once,
 * and changes nothing but itself; and what a charge names of all that its run stands on. A replayer comes to
 * the same state (kit_send compares).
 */
#include "test_kit.h"

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

static int32_t rerun_as(struct kit *k, const char *party, uint64_t charge)
{
    struct sy_rerun a = {.charge = charge};
    return kit_call(k, party, "audit.rerun", &sy_rerun_desc, &a, NULL, NULL);
}

static int32_t reran(struct kit *k, const struct sy_reran *a)
{
    return kit_call(k, "warden", "audit.reran", &sy_reran_desc, a, NULL, NULL);
}

/* An answered charge; its entry. */
static uint64_t answered(struct kit *k, const char *age)
{
    assert_int_equal(kit_run(k, age), 0);
    uint64_t charge = k->entry - 1;
    assert_int_equal(kit_answer(k, charge, "ok"), 0);
    return charge;
}

static struct sy_row_rerun rerun_row(struct kit *k, uint64_t entry)
{
    struct rules_key key = rules_key_rerun(entry);
    struct sy_row_rerun row;
    check_ok(rules_state_read(k->state, rules_key_view(&key), &sy_row_rerun_desc, &k->arena, &row,
                              NULL));
    return row;
}

static struct sy_row_charge charge_row(struct kit *k, uint64_t entry)
{
    struct rules_key key = rules_key_charge(entry);
    struct sy_row_charge row;
    check_ok(rules_state_read(k->state, rules_key_view(&key), &sy_row_charge_desc, &k->arena, &row,
                              NULL));
    return row;
}

static void test_who(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    uint64_t charge = answered(k, "40");
    assert_int_equal(rerun_as(k, "audit", charge), 0);
    assert_true(sy_view_is(k->type, "rerun"));
    assert_int_equal(rerun_as(k, "agency", charge), 0);
    assert_int_equal(rerun_as(k, "operator", charge), SY_E_ROLE);
    assert_int_equal(rerun_as(k, "health", charge), SY_E_ROLE);
    assert_int_equal(rerun_as(k, "acme", charge), SY_E_ROLE);
    memcpy(k->extra.tls, kit_party(k, "audit")->tls, 32); /* through the gateway */
    assert_int_equal(rerun_as(k, "audit", charge), SY_E_DENIED);
    assert_true(sy_view_is(k->verdict.field, "tls"));
    k->extra = (struct sy_inputs){0};
}

static void test_which(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    uint64_t charge = answered(k, "40");
    assert_int_equal(rerun_as(k, "audit", charge + 1), SY_E_NOT_FOUND); /* the answer's entry */
    assert_int_equal(rerun_as(k, "audit", UINT64_MAX), SY_E_NOT_FOUND);
    assert_int_equal(rerun_as(k, "audit", 0), SY_E_NOT_FOUND);
    assert_int_equal(kit_run(k, "60"), 0);
    charge = k->entry - 1;
    assert_int_equal(rerun_as(k, "audit", charge), SY_E_STATE);
    assert_int_equal(kit_answer(k, charge, "refused"), 0);
    assert_int_equal(rerun_as(k, "audit", charge), SY_E_STATE);
    assert_true(sy_view_is(k->verdict.field, "charge"));
}

static void test_grant(void **state)
{
    static const char OVER[] = "cannot be re-run any more: the grant is over";
    struct kit *k = *state;
    kit_ready(k);
    uint64_t charge = answered(k, "40");
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0);
    assert_int_equal(rerun_as(k, "audit", charge), SY_E_SUSPENDED);
    assert_int_equal(kit_order(k, "agency", "scene.resume", "incident"), 0);
    assert_int_equal(rerun_as(k, "audit", charge), 0);
    struct rules_grant g;
    check_ok(rules_grant_read(k->state, k->grant, &k->arena, &g, NULL));
    k->time = g.proposal.not_after;
    assert_int_equal(rerun_as(k, "audit", charge), 0);
    k->time++; /* before anybody has marked it */
    assert_int_equal(rerun_as(k, "audit", charge), SY_E_EXPIRED);
    assert_true(sy_view_is(k->verdict.reason, OVER));
    assert_int_equal(kit_order(k, "agency", "scene.revoke", "incident"), 0);
    assert_int_equal(rerun_as(k, "audit", charge), SY_E_GRANT);
    assert_true(sy_view_is(k->verdict.reason, OVER));
}

static void test_outcome(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    uint64_t charge = answered(k, "40");
    assert_int_equal(rerun_as(k, "audit", charge), 0);
    uint64_t entry = k->entry - 1;
    struct sy_reran good = {.charge = charge, .outcome = V("mismatch"), .rerun = entry};
    assert_int_equal(rerun_row(k, entry).outcome.n, 0);
    struct sy_reran bad = good;
    bad.rerun = charge;
    assert_int_equal(reran(k, &bad), SY_E_NOT_FOUND);
    bad = good;
    bad.charge++;
    assert_int_equal(reran(k, &bad), SY_E_STATE);
    bad = good;
    bad.outcome = V("ok");
    assert_int_equal(reran(k, &bad), SY_E_FIELD);
    bad.outcome = V("unable"); /* and why? */
    assert_int_equal(reran(k, &bad), SY_E_FIELD);
    bad = good;
    bad.code = SY_E_SHARE; /* a comparison that was made has no code */
    assert_int_equal(reran(k, &bad), SY_E_FIELD);
    assert_int_equal(reran(k, &good), 0);
    assert_true(sy_view_is(k->type, "reran"));
    struct sy_row_rerun row = rerun_row(k, entry);
    assert_true(sy_view_is(row.outcome, "mismatch"));
    assert_int_equal(row.reran, k->entry - 1);
    good.outcome = V("match");
    assert_int_equal(reran(k, &good), SY_E_STATE); /* it was said */
    assert_int_equal(kit_call(k, "audit", "audit.reran", &sy_reran_desc, &good, NULL, NULL),
                     SY_E_ROLE);
}

/* The value of every row of a prefix, one after the other. */
static struct sy_view rows_of(struct kit *k, const char *prefix)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct sy_view key = {0}, value;
    while (rules_state_next(k->state, V(prefix), key, &key, &value)) {
        check_ok(sy_buf_add_view(&b, value));
    }
    assert_true(b.n > 0);
    return sy_arena_copy(&k->arena, sy_buf_view(&b));
}

/* A re-run is free, and neither of its entries moves what later decisions rest on. */
static void test_costs_nothing(void **state)
{
    static const char *const PREFIXES[] = {"budget/", "grant/", "charge/", "question/", "model/"};
    struct sy_view before[LEN(PREFIXES)];
    struct kit *k = *state;
    kit_ready(k);
    uint64_t charge = answered(k, "40");
    for (size_t i = 0; i < LEN(PREFIXES); i++) {
        before[i] = rows_of(k, PREFIXES[i]);
    }
    assert_int_equal(rerun_as(k, "audit", charge), 0);
    struct sy_reran a = {
        .charge = charge, .code = SY_E_REFUSED, .outcome = V("unable"), .rerun = k->entry - 1};
    assert_int_equal(reran(k, &a), 0);
    for (size_t i = 0; i < LEN(PREFIXES); i++) {
        assert_true(sy_view_eq(before[i], rows_of(k, PREFIXES[i])));
    }
}

/* The entry of the newest event of a type. */
static uint64_t newest(struct kit *k, const char *type)
{
    for (uint64_t i = k->entry; i-- > 0;) {
        struct sy_event e;
        check_ok(sy_record_decode(&sy_event_desc, k->events[i], &SY_MP_LARGE, &k->arena, &e, NULL));
        if (sy_view_is(e.type, type)) {
            return i;
        }
    }
    fail_msg("no %s", type);
    return 0;
}

/* The charge names the pack, the versions and the standing of its own time, and keeps them. */
static void test_stands_on(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    struct rules_grant g;
    uint64_t first = answered(k, "40");
    struct sy_row_charge old = charge_row(k, first);
    assert_int_equal(old.pack, newest(k, "pack"));
    assert_int_equal(old.n_published, old.n_data);
    assert_true(old.n_spends > 0);
    check_ok(rules_grant_read(k->state, k->grant, &k->arena, &g, NULL));
    assert_int_equal(old.spends[0].spent, g.account.shares[0].rho_spent);
    assert_int_equal(old.spends[0].left, g.account.shares[0].rho - g.account.shares[0].rho_spent);

    assert_int_equal(kit_publish(k, kit_persons(k), 2), 0);
    uint64_t published = k->entry - 1;
    assert_int_equal(kit_adopt(k, kit_pack_record(k, 2)), 0);
    uint64_t adopted = k->entry - 1;
    uint64_t second = answered(k, "40");
    struct sy_row_charge new = charge_row(k, second);
    assert_int_equal(new.pack, adopted);
    for (size_t i = 0; i < new.n_data; i++) {
        bool persons = sy_view_is(new.data[i].dataset, "persons");
        assert_int_equal(new.published[i], persons ? published : old.published[i]);
    }
    assert_int_equal(new.spends[0].spent, old.spends[0].spent + new.spends[0].rho);
    struct sy_row_charge still = charge_row(k, first);
    assert_int_equal(still.pack, old.pack);
    assert_int_equal(still.published[0], old.published[0]);
    assert_int_equal(still.spends[0].left, old.spends[0].left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who, setup, teardown),
        cmocka_unit_test_setup_teardown(test_which, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grant, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outcome, setup, teardown),
        cmocka_unit_test_setup_teardown(test_costs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stands_on, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
