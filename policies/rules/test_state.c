/*
 * The map: order, deletion, prefixes, clones, size; the running digest by its definition; rows.h's
 * records; the method table, printed.
 */
#include "test_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sy_view key_of(uint32_t i, char buf[24])
{
    (void)snprintf(buf, 24, "row/%08x", i * 2654435761u);
    return V(buf);
}

static void test_many_rows(void **state)
{
    enum { ROWS = 100000 };
    char text[24];
    RULES_STATE_CLEANUP struct rules_state *s = rules_state_new();
    (void)state;
    for (uint32_t i = 0; i < ROWS; i++) {
        check_ok(rules_state_put_raw(s, key_of(i, text), sy_view(&i, sizeof(i))));
    }
    assert_int_equal(rules_state_n_rows(s), ROWS);
    for (uint32_t i = 0; i < ROWS; i++) {
        struct sy_view v;
        assert_true(rules_state_get(s, key_of(i, text), &v));
        assert_memory_equal(v.p, &i, sizeof(i));
    }
    RULES_STATE_CLEANUP struct rules_state *copy = rules_state_clone(s);
    for (uint32_t i = 0; i < ROWS; i += 2) {
        check_ok(rules_state_put_raw(s, key_of(i, text), (struct sy_view){0}));
    }
    struct sy_view key = {0};
    struct sy_view last = {0};
    struct sy_view value;
    size_t n = 0;
    while (rules_state_next(s, V("row/"), key, &key, &value)) {
        assert_true(n == 0 || sy_view_cmp(last, key) < 0);
        last = key;
        n++;
    }
    assert_int_equal(n, ROWS / 2);
    assert_int_equal(rules_state_n_rows(s), ROWS / 2);
    assert_int_equal(rules_state_n_rows(copy), ROWS);
    for (uint32_t i = 1; i < ROWS; i += 2) {
        check_ok(rules_state_put_raw(s, key_of(i, text), (struct sy_view){0}));
    }
    assert_int_equal(rules_state_n_rows(s), 0);
    assert_false(rules_state_next(s, V(""), (struct sy_view){0}, &key, &value));
}

static void test_prefixes(void **state)
{
    RULES_STATE_CLEANUP struct rules_state *s = rules_state_new();
    struct sy_view key = {0};
    struct sy_view value;
    (void)state;
    check_ok(rules_state_put_raw(s, V("grant/b"), V("2")));
    check_ok(rules_state_put_raw(s, V("grant/a"), V("1")));
    check_ok(rules_state_put_raw(s, V("grants"), V("x")));
    check_ok(rules_state_put_raw(s, V("grant"), V("y")));
    check_ok(rules_state_put_raw(s, V("grant/a"), V("3")));
    assert_true(rules_state_next(s, V("grant/"), (struct sy_view){0}, &key, &value));
    assert_true(sy_view_is(key, "grant/a") && sy_view_is(value, "3"));
    assert_true(rules_state_next(s, V("grant/"), key, &key, &value));
    assert_true(sy_view_is(key, "grant/b"));
    assert_false(rules_state_next(s, V("grant/"), key, &key, &value));
    assert_true(rules_state_next(s, V("grant"), (struct sy_view){0}, &key, &value));
    assert_true(sy_view_is(key, "grant"));
    assert_false(rules_state_next(s, V("h"), (struct sy_view){0}, &key, &value));
    assert_false(rules_state_next(s, V("a"), (struct sy_view){0}, &key, &value));
    char wide[RULES_KEY_MAX + 1];
    memset(wide, 'k', sizeof(wide));
    check_code(rules_state_put_raw(s, sy_view(wide, sizeof(wide)), V("v")), SY_E_LIMIT);
    check_code(rules_state_put_raw(s, V(""), V("v")), SY_E_LIMIT);
}

/* digest' by hand from the rows that genesis writes. */
static void test_digest(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k);
    assert_int_equal(kit_genesis(&k), 0);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct sy_view key = {0};
    struct sy_view value;
    uint8_t digest[32];
    uint8_t zero[32] = {0};
    while (rules_state_next(k.state, (struct sy_view){0}, key, &key, &value)) {
        uint8_t n[16];
        sy_store_le64(n, key.n);
        sy_store_le64(n + 8, value.n);
        check_ok(sy_buf_add(&b, n, sizeof(n)));
        check_ok(sy_buf_add_view(&b, key));
        check_ok(sy_buf_add_view(&b, value));
    }
    assert_int_equal(rules_state_n_rows(k.state), 6);
    PROOF_SHA256(digest, "shuyu-state-2", sy_view(zero, 32), sy_buf_view(&b));
    assert_memory_equal(digest, rules_state_digest(k.state), 32);
    kit_free(&k);
}

/* An effect is for the state it was computed from, once, and changes nothing before its commit. */
static void test_effect(void **state)
{
    struct kit k;
    struct rules_decision d;
    struct sy_event event;
    struct rules_effect *e = NULL;
    struct rules_effect *late = NULL;
    (void)state;
    kit_init(&k);
    assert_int_equal(kit_genesis(&k), 0);
    struct sy_pack_adopt a = {.pack = kit_encode(&k, &sy_pack_desc, kit_pack_record(&k, 1))};
    struct rules_request *r = kit_request(&k, "agency", "pack.adopt", &sy_pack_adopt_desc, &a);
    struct sy_inputs in = {.time = k.time};
    check_ok(kit_decide(&k, r, &d));
    rules_event_fill(r, &in, &d, &event);
    check_ok(rules_effect_new(k.state, &event, 1, &e, NULL));
    check_ok(rules_effect_new(k.state, &event, 1, &late, NULL));
    uint8_t before[32];
    memcpy(before, rules_state_digest(k.state), 32);
    struct sy_view key;
    struct sy_view value;
    size_t n = 0;
    while (rules_effect_row(e, n, &key, &value)) {
        n++;
    }
    assert_int_equal(n, 5); /* two budgets, clock, nonce, pack */
    assert_memory_equal(before, rules_state_digest(k.state), 32);
    check_ok(rules_effect_commit(k.state, e));
    assert_memory_equal(rules_effect_digest(e), rules_state_digest(k.state), 32);
    check_code(rules_effect_commit(k.state, late), SY_E_STATE);
    check_code(rules_effect_commit(k.shadow, late), SY_E_STATE);
    rules_effect_free(e);
    rules_effect_free(late);
    kit_free(&k);
}

/* A state that remembers where rows are finds what one that does not finds, whatever is placed and taken away. */
static void test_remembers(void **state)
{
    static const char *const KEYS[] = {"pack",       "log",       "epoch",     "party/acme",
                                       "party/acne", "grant/1",   "version/p", "clock",
                                       "charge/1",   "meter/1",   "genesis",   "guard/acme",
                                       "model/1",    "scene/a/b", "misuse/1"};
    RULES_STATE_CLEANUP struct rules_state *plain = rules_state_new();
    RULES_STATE_CLEANUP struct rules_state *remembers = rules_state_new();
    uint32_t chance = 20251122;
    (void)state;
    check_ok(rules_state_remember(remembers));
    for (uint32_t i = 0; i < 20000; i++) {
        chance = chance * 1664525 + 1013904223;
        const struct sy_view key = V(KEYS[(chance >> 8) % LEN(KEYS)]);
        const struct sy_view value =
            chance >> 28 < 4 ? (struct sy_view){0} : sy_view(&i, sizeof(i));
        struct sy_view a = {0}, b = {0};
        if (chance >> 16 & 1) {
            check_ok(rules_state_put_raw(plain, key, value));
            check_ok(rules_state_put_raw(remembers, key, value));
        }
        const bool there = rules_state_get(plain, key, &a);
        assert_int_equal(rules_state_get(remembers, key, &b), there);
        assert_true(sy_view_eq(a, b));
    }
}

static void test_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < rules_n_rows; i++) {
        const char *bad = sy_record_check(rules_rows[i]);
        if (bad != NULL) {
            fail_msg("%s: %s", rules_rows[i]->name, bad);
        }
    }
    uint8_t hash[32] = {0xab};
    struct rules_key key = rules_key_hash("grant/", hash);
    assert_int_equal(key.n, 70);
    assert_true(sy_view_starts(rules_key_view(&key), V("grant/ab00")));
    key = rules_key_charge(42);
    assert_string_equal(key.text, "charge/00000000000000000042");
    assert_int_equal(rules_number_of_key(rules_key_view(&key)), 42);
    key = rules_key_answer(UINT64_MAX);
    assert_string_equal(key.text, "answer/18446744073709551615");
    assert_true(rules_number_of_key(rules_key_view(&key)) == UINT64_MAX);
    char wide[RULES_KEY_CAP];
    memset(wide, 'a', sizeof(wide));
    key = rules_key_id("party/", sy_view(wide, sizeof(wide)));
    assert_int_equal(key.n, 0);
    key = rules_key_id("party/", (struct sy_view){0});
    assert_int_equal(key.n, 0);
}

/* The permit list: a change of rights must change this table too. */
static void test_methods(void **state)
{
    static const char *const golden[] = {
        "agreement.accept|operator developer|32|agreement",
        "agreement.file|operator|32|agreement",
        "agreement.offer|agency operator|0|agreement",
        "agreement.terminate|agency operator developer|32|terminate",
        "audit.reran|warden|4|reran",
        "audit.rerun|agency auditor|2|rerun",
        "budget.recover|agency|0|recover",
        "catalog.approve|agency|0|catalogue",
        "catalog.describe|department|0|catalogue",
        "catalog.offer|operator|0|catalogue",
        "catalog.unoffer|operator|0|catalogue",
        "catalog.withdraw|agency department|0|catalogue",
        "dataset.define|department|0|dataset",
        "dataset.ingest|department|2|ingest",
        "dataset.publish|warden|4|publish",
        "dataset.share|agency department|1|",
        "demand.file|operator|0|demand",
        "demand.review|agency department|0|demand",
        "disclose.publish|agency operator|0|disclosure",
        "domain.promote|agency|2|promote",
        "drill.record|agency|0|drill",
        "due.list||1|",
        "emergency.plan|agency|0|drill",
        "evaluate.record|agency|0|evaluation",
        "genesis|agency|64|genesis",
        "grant.expire|warden|20|expire",
        "incident.close|agency|0|incident",
        "incident.report||0|incident",
        "incident.update||0|incident",
        "inspect.close|agency department security|0|inspection",
        "inspect.finding|agency department security|0|inspection",
        "inspect.mend|developer operator|0|inspection",
        "inspect.open|agency department security|0|inspection",
        "job.answer|warden|4|answer",
        "log.close|agency|2|close",
        "log.entries||1|",
        "log.growth||1|",
        "log.keys||1|",
        "log.open|warden|4|open",
        "log.receipt||1|",
        "log.rotate|agency operator|0|log",
        "model.check|developer operator agency|1|",
        "model.register|developer|144|model",
        "model.review|operator|32|review",
        "model.run|developer|176|charge",
        "order.cancel|agency|0|correction",
        "order.correct|agency department|0|correction",
        "order.mend|developer operator|0|correction",
        "order.mended|agency department|0|correction",
        "own.confirm|operator|16|own",
        "own.define|developer|0|own",
        "own.erased|warden|20|own",
        "own.put|developer|152|own",
        "pack.adopt|agency|0|pack",
        "party.enrol|developer department security auditor buyer issuer|64|enrol",
        "party.revoke|agency|0|party",
        "party.rotate||0|party",
        "payload.erase|agency|8|erase",
        "payload.read|agency auditor|0|disclose",
        "product.call|buyer|48|charge",
        "product.publish|agency|32|product",
        "product.register|agency operator|32|product",
        "product.report|agency security|32|product",
        "product.review|agency security|32|review",
        "product.statement|buyer developer operator agency auditor|33|",
        "product.submit|developer operator|16|product",
        "product.subscribe|buyer|32|subscribe",
        "product.test|agency operator|32|product",
        "product.tested|warden|4|product",
        "product.unsubscribe|buyer agency|32|subscribe",
        "product.withdraw|developer agency security department|32|product",
        "qualify.announce|agency operator|0|announce",
        "qualify.apply|operator developer|0|qualify",
        "qualify.decide|agency operator|32|decide",
        "qualify.object||32|object",
        "qualify.opinion|agency operator|32|opinion",
        "qualify.settle|agency|32|settle",
        "qualify.withdraw|operator developer|32|qualify",
        "report.annual|operator|0|annual",
        "risk.report|agency operator security|1|",
        "scene.apply|developer|0|apply",
        "scene.comment|developer operator department agency|16|comment",
        "scene.consent|department|24|review",
        "scene.exposure|agency operator|16|exposure",
        "scene.final_review|agency|24|review",
        "scene.first_review|operator|16|review",
        "scene.lift|agency operator department security developer|16|lift",
        "scene.meter|agency operator department developer|17|",
        "scene.resume|agency|24|resume",
        "scene.revoke|agency operator department security developer|16|revoke",
        "scene.suspend|agency operator department security developer|16|suspend",
        "staff.enrol||320|staff",
        "staff.revoke||0|staff",
        "staff.rotate||0|staff",
        "staff.train||0|staff",
        "state.list||1|",
        "status.domain||1|",
        "subject.ask|developer|184|charge",
        "subject.trail|agency|8|disclose",
        "ticket.close|agency developer operator|0|ticket",
        "ticket.fix|department|0|ticket",
        "ticket.open|developer operator|16|ticket",
        "sync.delivered|warden|4|sync",
        "sync.pulled|warden|4|sync",
        "witness.adopt|agency|0|witness",
        "witness.status||1|"};
    size_t i = 0;
    (void)state;
    for (const struct rules_method *m; (m = rules_method_at(i)) != NULL; i++) {
        char line[256];
        (void)snprintf(line, sizeof(line), "%s|%s|%u|%s", m->name, m->roles, m->flags, m->type);
        assert_true(i < LEN(golden));
        assert_string_equal(line, golden[i]);
        assert_ptr_equal(rules_method_find(V(m->name)), m);
    }
    assert_int_equal(i, LEN(golden));
    assert_null(rules_method_find(V("status.ping")));
    assert_null(rules_method_find(V("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_rows), cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_digest),    cmocka_unit_test(test_effect),
        cmocka_unit_test(test_records),   cmocka_unit_test(test_remembers),
        cmocka_unit_test(test_methods),
    };
    return cmocka_run_group_tests_name("rules_state", tests, NULL, NULL);
}
