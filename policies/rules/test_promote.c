/*
 * Promotions: who may, from which log, into which epoch; what a grant waits for afterwards, and that
 * nothing that was spent, charged or answered before is different after it.
 */
#include "test_kit.h"

#include "rules/epoch.h"

enum { PRICE = 200000000 };

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

static struct sy_promote right(struct kit *k, uint8_t seat)
{
    struct sy_promote a = {.epoch = 2, .size = k->entry};
    memset(a.seat, seat, sizeof(a.seat));
    memset(a.root, 9, sizeof(a.root));
    return a;
}

/* Signed by the two named parties; NULL: by one only. */
static struct rules_request *request(struct kit *k, const struct sy_promote *a, const char *first,
                                     const char *second)
{
    struct rules_request *r = kit_request(k, first, "domain.promote", &sy_promote_desc, a);
    if (second == NULL) {
        return r;
    }
    struct sy_signature *sigs = kit_alloc(k, 2, sizeof(*sigs));
    uint8_t *bytes = kit_alloc(k, 64, 1);
    sigs[0] = r->sigs[0];
    proof_sign(bytes, r->header_bytes, kit_party(k, second)->secret);
    memcpy(sigs[1].key, kit_party(k, second)->sign, 32);
    sigs[1].sig = sy_view(bytes, 64);
    r->sigs = sigs;
    r->n_sigs = 2;
    return r;
}

static int32_t promote(struct kit *k, const struct sy_promote *a)
{
    return kit_send(k, request(k, a, "agency", "operator"));
}

static struct rules_epoch epoch(struct kit *k)
{
    struct rules_epoch e;
    check_ok(rules_epoch_read(k->state, &e, NULL));
    return e;
}

static struct sy_row_grant grant(struct kit *k)
{
    struct rules_key key = rules_key_hash("grant/", k->grant);
    struct sy_row_grant g;
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_row_grant_desc, &k->arena, &g, NULL));
    return g;
}

static struct sy_row_charge charge(struct kit *k, uint64_t entry)
{
    struct rules_key key = rules_key_charge(entry);
    struct sy_row_charge row;
    check_ok(rules_state_read(k->state, rules_key_view(&key), &sy_row_charge_desc, &k->arena, &row,
                              NULL));
    return row;
}

static int32_t resume(struct kit *k, bool share_ok)
{
    struct sy_order o = {.ground = V("incident")};
    k->extra = (struct sy_inputs){.share_ok = share_ok};
    int32_t code = kit_call(k, "agency", "scene.resume", &sy_order_desc, &o, k->grant, NULL);
    k->extra = (struct sy_inputs){0};
    return code;
}

static void test_who(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    struct sy_promote a = right(k, 1);
    assert_int_equal(epoch(k).number, 1);
    assert_int_equal(kit_send(k, request(k, &a, "agency", NULL)), SY_E_UNSIGNED);
    a = right(k, 1);
    assert_int_equal(kit_send(k, request(k, &a, "agency", "health")), SY_E_UNSIGNED);
    a = right(k, 1);
    assert_int_equal(kit_send(k, request(k, &a, "operator", "agency")), SY_E_ROLE);
    a = right(k, 1);
    assert_int_equal(kit_send(k, request(k, &a, "acme", "operator")), SY_E_ROLE);
    a = right(k, 1);
    memset(k->extra.tls, 5, 32); /* not on the domain's own host */
    int32_t remote = kit_send(k, request(k, &a, "agency", "operator"));
    memset(k->extra.tls, 0, 32);
    assert_true(remote == SY_E_DENIED || remote == SY_E_PARTY);
    assert_int_equal(epoch(k).number, 1);
    a = right(k, 1);
    assert_int_equal(promote(k, &a), 0);
    assert_true(sy_view_is(k->type, "promote"));
}

static void test_what(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    const struct {
        uint64_t epoch, ahead;
        uint8_t seat;
        const char *field;
    } cases[] = {
        {1, 0, 1, "epoch"}, {3, 0, 1, "epoch"}, {0, 0, 1, "epoch"},
        {2, 1, 1, "size"},  {2, 0, 0, "seat"},  {2, (uint64_t)-1, 1, "size"},
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct sy_promote a = right(k, cases[i].seat);
        a.epoch = cases[i].epoch;
        a.size += cases[i].ahead;
        assert_int_equal(promote(k, &a), SY_E_STATE);
        assert_true(sy_view_is(k->verdict.field, cases[i].field));
    }
    struct sy_promote a = right(k, 1);
    a.text = V("a line\nand another");
    assert_int_equal(promote(k, &a), SY_E_FIELD);
}

/* One seat after the other, each from where the log stands; the same seat never follows itself. */
static void test_again(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    struct sy_promote a = right(k, 1);
    uint64_t at = k->entry;
    assert_int_equal(promote(k, &a), 0);
    struct rules_epoch e = epoch(k);
    assert_int_equal(e.number, 2);
    assert_int_equal(e.entry, at);
    assert_memory_equal(e.seat, a.seat, 32);
    a = right(k, 1);
    a.epoch = 3;
    assert_int_equal(promote(k, &a), SY_E_STATE);
    a = right(k, 2);
    a.epoch = 3;
    assert_int_equal(promote(k, &a), 0);
    assert_int_equal(epoch(k).number, 3);
}

/* The shares did not come along: nothing runs, and nothing else of the grant is lost. */
static void test_deposit(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    struct sy_promote a = right(k, 1);
    assert_int_equal(promote(k, &a), 0);
    assert_true(sy_view_is(grant(k).status, "awaiting"));
    assert_int_equal(kit_account(k).calls, 1);
    assert_int_equal(kit_account(k).shares[0].rho_spent, PRICE);
    assert_int_equal(kit_run(k, "60"), SY_E_SHARE);
    assert_int_equal(kit_run(k, "40"),
                     SY_E_SHARE); /* stored, and still the grant is not in force */
    assert_int_equal(kit_apply(k, kit_proposal(k)), SY_E_EXISTS);
    assert_int_equal(resume(k, false), SY_E_SHARE);
    assert_int_equal(resume(k, true), 0);
    assert_true(sy_view_is(grant(k).status, "active"));
    assert_int_equal(kit_run(k, "40"), 0);
    assert_true(k->verdict.stored > 0);
    assert_int_equal(kit_run(k, "60"), 0);
    assert_int_equal(kit_account(k).shares[0].rho_spent, 2 * PRICE);
}

/* It can be stopped, and ended, while it waits. */
static void test_orders(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    struct sy_promote a = right(k, 1);
    assert_int_equal(promote(k, &a), 0);
    assert_int_equal(kit_order(k, "operator", "scene.suspend", "incident"), 0);
    assert_int_equal(kit_run(k, "40"), SY_E_SUSPENDED);
    a = right(k, 2);
    a.epoch = 3;
    assert_int_equal(promote(k, &a), 0);
    assert_true(sy_view_is(grant(k).status, "suspended"));
    assert_int_equal(resume(k, true), SY_E_SUSPENDED); /* a promotion lifts nobody's hold */
    assert_int_equal(kit_order(k, "operator", "scene.lift", "incident"), 0);
    assert_int_equal(resume(k, true), 0);
    a = right(k, 3);
    a.epoch = 4;
    assert_int_equal(promote(k, &a), 0);
    assert_int_equal(kit_order(k, "agency", "scene.revoke", "incident"), 0);
    assert_true(sy_view_is(grant(k).status, "revoked"));
}

/* A charge keeps the epoch that it was made in: what was open is answered under that noise. */
static void test_epoch_of_charge(void **state)
{
    struct kit *k = *state;
    kit_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    uint64_t old = k->entry - 1;
    assert_int_equal(charge(k, old).epoch, 0);
    struct sy_promote a = right(k, 1);
    assert_int_equal(promote(k, &a), 0);
    assert_int_equal(resume(k, true), 0);
    assert_int_equal(kit_answer(k, old, "ok"), 0);
    assert_int_equal(charge(k, old).epoch, 0);
    assert_int_equal(kit_run(k, "60"), 0);
    assert_int_equal(charge(k, k->entry - 1).epoch, 2);
    assert_int_equal(kit_run(k, "40"), 0); /* the old one's answer, at no charge */
    assert_true(k->verdict.stored > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what, setup, teardown),
        cmocka_unit_test_setup_teardown(test_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deposit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_epoch_of_charge, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_promote", tests, NULL, NULL);
}
