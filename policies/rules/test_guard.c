/*
 * The guard against differencing, through whole requests: what is too close to what, for whom, and what a
 * refusal says; cells as a budget; the linkage-risk report. Every event is replayed by a second state.
 */
#include "test_cellkey_kit.h"

#include "rules/guard.h"
#include "src/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    ck_domain(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

/* age >= n */
static struct sy_plan *from_age(struct kit *k, int64_t n)
{
    return ck_plan(k, CK(CK_COL(R_AGE), CK_INT(n), CK_F2("ge", 0, 1)), CK_NONE, NULL, 0, false);
}

static int32_t ask_from_age(struct kit *k, const char *party, int64_t n)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "from.%lld.%llu", (long long)n,
                   (unsigned long long)k->entry);
    return ck_ask(k, party, from_age(k, n), name, NULL);
}

static uint64_t number_after(struct sy_view text, const char *word)
{
    const char *at = strstr((const char *)text.p, word);
    assert_non_null(at);
    return strtoull(at + strlen(word), NULL, 10);
}

/* ---- range edges ---- */

static void test_range_edge(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ask_from_age(k, "acme", 18), 0);
    uint64_t first = k->entry - 1;
    assert_int_equal(ask_from_age(k, "acme", 20), SY_E_DIFFERENCING);
    assert_int_equal(number_after(k->verdict.reason, "entry "), first);
    assert_int_equal(ask_from_age(k, "acme", 22), SY_E_DIFFERENCING); /* 18 .. 21: four ages */
    assert_int_equal(ask_from_age(k, "acme", 23), 0);                 /* five: the grain */
    assert_int_equal(ask_from_age(k, "acme", 18), 0); /* the same population, another model */
    assert_int_equal(ask_from_age(k, "acme", 26), SY_E_DIFFERENCING); /* 23 .. 25 */
    assert_int_equal(ask_from_age(k, "acme", 16), SY_E_DIFFERENCING);
    assert_int_equal(ask_from_age(k, "acme", 0), 0); /* 0 .. 17: eighteen ages */
}

/* Article 26: what two answers together would tell about a few people is not told. */
static void control_differencing(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ask_from_age(k, "acme", 18), 0);
    assert_int_equal(ask_from_age(k, "acme", 19), SY_E_DIFFERENCING);
    assert_int_equal(ask_from_age(k, "acme", 40), 0);
}

/* A parameter is bound before it is compared: the same model, two values. */
static void test_parameter(void **state)
{
    struct kit *k = *state;
    static const char *const values[] = {"30", "31", "40"};
    ck_grant(k, "acme", NULL);
    struct sy_plan *p = ck_with_param(
        k, ck_plan(k, CK(CK_COL(R_AGE), CK_PARAM(0), CK_F2("lt", 0, 1)), CK_NONE, NULL, 0, false),
        values, LEN(values));
    assert_int_equal(ck_ask(k, "acme", p, "below", "30"), 0);
    uint64_t spent = k->entry;
    assert_int_equal(ck_run(k, "acme", p, "31"), SY_E_DIFFERENCING);
    assert_int_equal(k->entry, spent + 1); /* logged, and nothing else */
    assert_int_equal(ck_run(k, "acme", p, "40"), 0);
}

/* NULL is a value: all ages against all known ages. */
static void test_null(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ck_ask(k, "acme", ck_plan(k, CK_NONE, CK_NONE, NULL, 0, false), "all", NULL),
                     0);
    assert_int_equal(ask_from_age(k, "acme", 0), SY_E_DIFFERENCING);
    assert_int_equal(ask_from_age(k, "acme", 30), 0);
}

/* No grain declared: every difference is too small, and equal ones are none. */
static void test_no_grain(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    for (int i = 0; i < 3; i++) {
        static const int64_t from[] = {1000, 4000, 1000};
        static const int32_t code[] = {0, SY_E_DIFFERENCING, 0};
        struct sy_plan *p = ck_plan(
            k, CK(CK_COL(R_FEE), {.op = "int", .i = from[i], .scale = 2}, CK_F2("ge", 0, 1)),
            CK_NONE, NULL, 0, false);
        char name[] = "fee.0";
        name[4] = (char)('0' + i);
        assert_int_equal(ck_ask(k, "acme", p, name, NULL), code[i]);
    }
}

/* ---- several fields ---- */

/* age >= a and town in (t, u) */
static struct sy_plan *age_and_towns(struct kit *k, int64_t a, const char *t, const char *u)
{
    return ck_plan(k,
                   CK(CK_COL(R_AGE), CK_INT(a), CK_F2("ge", 0, 1), CK_COL(R_TOWN), CK_STR(t),
                      CK_STR(u), CK_F3("in", 3, 4, 5), CK_F2("and", 2, 6)),
                   CK_NONE, NULL, 0, false);
}

static void test_several_fields(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ck_ask(k, "acme", age_and_towns(k, 18, "a", "b"), "m1", NULL), 0);
    /* nobody in both */
    assert_int_equal(ck_ask(k, "acme", age_and_towns(k, 19, "c", "d"), "m2", NULL), 0);
    /* both fields differ, and they cross: one person may be in the one only, and nobody in the other */
    assert_int_equal(ck_ask(k, "acme", age_and_towns(k, 40, "b", "e"), "m3", NULL),
                     SY_E_DIFFERENCING);
    /* one field agrees */
    assert_int_equal(ck_ask(k, "acme", age_and_towns(k, 20, "b", "a"), "m4", NULL),
                     SY_E_DIFFERENCING);
    /* another union of categories: a town holds people enough, but perhaps not of that age */
    assert_int_equal(ck_ask(k, "acme", age_and_towns(k, 18, "a", "f"), "m5", NULL),
                     SY_E_DIFFERENCING);
    /* one lies within the other, in two fields */
    assert_int_equal(ck_ask(k, "acme", age_and_towns(k, 60, "a", "a"), "m6", NULL),
                     SY_E_DIFFERENCING);
}

/* Labels with a grain of their own: one that is left out, or put in, is too few. */
static void test_categories(void **state)
{
    struct kit *k = *state;
    const struct region_seg all[] = {{0, 3, 0}};
    const struct region_seg but_one[] = {{0, 1, 0}, {3, 3, 0}};
    const struct region_seg half[] = {{0, 1, 0}};
    const struct region_seg each[] = {{0, 3, RULES_REGION_EACH}};
    const struct region_seg pairs[] = {{0, 1, 0}, {2, 3, 1}};
    const struct region_seg shifted[] = {{0, 0, 1}, {1, 2, 0}, {3, 3, 1}};
#define SET(a) ((struct region_set){(a), LEN(a)})
    const struct {
        struct region_set a, b;
        uint64_t grain;
        bool apart, narrow, a_finer, b_finer;
    } cases[] = {
        {SET(all), SET(all), 2, false, false, false, false},
        {SET(all), SET(but_one), 2, true, true, false, true}, /* != */
        {SET(but_one), SET(all), 2, true, true, true, false},
        {SET(all), SET(but_one), 1, true, false, false, true}, /* a label is enough */
        {SET(all), SET(half), 2, true, false, false, true},
        {SET(but_one), SET(half), 2, true, true, false, true}, /* another union */
        {SET(all), SET(half), 3, true, true, false, true},
        {SET(each), SET(all), 2, false, false, true, false}, /* asked for one by one */
        {SET(each), SET(half), 2, false, false, true, false},
        {SET(each), SET(each), 2, false, false, false, false},
        {SET(pairs), SET(all), 2, false, false, true, false},
        {SET(pairs), SET(each), 2, false, false, false, true},
        {SET(pairs), SET(but_one), 2, true, true, true, true}, /* 2 is left of the second pair */
        {SET(pairs), SET(shifted), 2, true, true, true, true}, /* bands that cross: four atoms */
        {SET(pairs), SET(shifted), 1, true, false, true, true},
        {SET(all), SET(but_one), 0, true, true, false, true},
        {SET(pairs), SET(pairs), 0, false, false, false, false},
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct guard_meeting m;
        assert_true(guard_meet(cases[i].a, cases[i].b, cases[i].grain, &k->arena, &m));
        if (!m.overlap || m.apart != cases[i].apart || m.narrow != cases[i].narrow ||
            m.a_finer != cases[i].a_finer || m.b_finer != cases[i].b_finer) {
            fail_msg("case %zu: overlap %d apart %d narrow %d finer %d %d", i, m.overlap, m.apart,
                     m.narrow, m.a_finer, m.b_finer);
        }
    }
}

/* ---- keys ---- */

/* 0 below `edge`, 1 from it on */
static struct sy_plan *by_band(struct kit *k, int64_t edge)
{
    static const char *const labels[] = {"0", "1"};
    return ck_plan(k, CK_NONE,
                   CK(CK_COL(R_AGE), CK_INT(edge), CK_F2("lt", 0, 1), CK_INT(0), CK_INT(1),
                      CK_F3("case", 2, 3, 4)),
                   labels, LEN(labels), false);
}

static void test_bands(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ck_ask(k, "acme", by_band(k, 18), "by.18", NULL), 0);
    assert_int_equal(ck_ask(k, "acme", by_band(k, 20), "by.20", NULL), SY_E_DIFFERENCING);
    assert_int_equal(ck_ask(k, "acme", by_band(k, 65), "by.65", NULL), 0);
    assert_int_equal(ask_from_age(k, "acme", 63), SY_E_DIFFERENCING); /* 63 and 64 */
    assert_int_equal(ask_from_age(k, "acme", 65), SY_E_DIFFERENCING); /* those of unknown age */
    static const char *const towns[] = {"a", "b", "c", "d", "e", "f"};
    struct sy_plan *p = ck_plan(k, CK_NONE, CK(CK_COL(R_TOWN)), towns, LEN(towns), true);
    assert_int_equal(ck_ask(k, "acme", p, "by.town", NULL), 0);
}

/* Beside a key a grain promises nothing: a difference may be one person of one town. */
static void test_beside_a_key(void **state)
{
    struct kit *k = *state;
    static const char *const towns[] = {"a", "b", "c", "d", "e", "f"};
    static const int64_t from[] = {18, 40, 18};
    static const int32_t code[] = {0, SY_E_DIFFERENCING, 0};
    ck_grant(k, "acme", NULL);
    for (size_t i = 0; i < LEN(from); i++) {
        char name[] = "t0";
        name[1] = (char)('0' + i);
        struct sy_plan *p = ck_plan(k, CK(CK_COL(R_AGE), CK_INT(from[i]), CK_F2("ge", 0, 1)),
                                    CK(CK_COL(R_TOWN)), towns, LEN(towns), true);
        assert_int_equal(ck_ask(k, "acme", p, name, NULL), code[i]);
    }
    assert_int_equal(ask_from_age(k, "acme", 18), 0); /* what its cells add up to */
}

/* Bands of one town whose edges differ: what is between them may be one person. */
static void test_bands_of_a_town(void **state)
{
    struct kit *k = *state;
    static const char *const labels[] = {"0", "1"};
    static const int64_t edges[] = {18, 40, 18};
    static const int32_t code[] = {0, SY_E_DIFFERENCING, 0};
    ck_grant(k, "acme", NULL);
    for (size_t i = 0; i < LEN(edges); i++) {
        char name[] = "b0";
        name[1] = (char)('0' + i);
        struct sy_plan *p = ck_plan(k, CK(CK_COL(R_TOWN), CK_STR("a"), CK_F2("eq", 0, 1)),
                                    CK(CK_COL(R_AGE), CK_INT(edges[i]), CK_F2("lt", 0, 1),
                                       CK_INT(0), CK_INT(1), CK_F3("case", 2, 3, 4)),
                                    labels, LEN(labels), false);
        assert_int_equal(ck_ask(k, "acme", p, name, NULL), code[i]);
    }
}

/* age in a .. a + 40 and born in b .. b + 9000 */
static struct sy_plan *age_and_birth(struct kit *k, int64_t a, int64_t b)
{
    return ck_plan(k,
                   CK(CK_COL(R_AGE), CK_INT(a), CK_F2("ge", 0, 1), CK_INT(a + 40),
                      CK_F2("le", 0, 3), CK_COL(R_BORN), CK_DATE(b), CK_F2("ge", 5, 6),
                      CK_DATE(b + 9000), CK_F2("le", 5, 8), CK_F2("and", 2, 4), CK_F2("and", 7, 9),
                      CK_F2("and", 10, 11)),
                   CK_NONE, NULL, 0, false);
}

/* Boxes that cross in both fields, by little or by much. */
static void test_shifted(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ck_ask(k, "acme", age_and_birth(k, 18, 1000), "s1", NULL), 0);
    assert_int_equal(ck_ask(k, "acme", age_and_birth(k, 20, 1010), "s2", NULL), SY_E_DIFFERENCING);
    assert_int_equal(ck_ask(k, "acme", age_and_birth(k, 40, 5000), "s3", NULL), SY_E_DIFFERENCING);
}

/* ---- other developers ---- */

static void test_other_developer(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ask_from_age(k, "acme", 18), 0);
    ck_grant(k, "rival", NULL);
    assert_int_equal(ask_from_age(k, "rival", 20), SY_E_DIFFERENCING);
    assert_null(strstr((const char *)k->verdict.reason.p, "entry"));
    assert_null(strstr((const char *)k->verdict.reason.p, "acme"));
    assert_int_equal(ask_from_age(k, "rival", 18), 0); /* the same population */
    assert_int_equal(ask_from_age(k, "rival", 19), SY_E_DIFFERENCING);
    assert_non_null(strstr((const char *)k->verdict.reason.p, "your own")); /* one's own first */
}

/* A grant that sees bands of five years asks about the same people as one that sees years. */
static void test_masks(void **state)
{
    struct kit *k = *state;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ask_from_age(k, "acme", 18), 0);
    ck_grant(k, "rival", "band:5");
    assert_int_equal(ask_from_age(k, "rival", 17), SY_E_DIFFERENCING); /* is 20 */
    assert_int_equal(ask_from_age(k, "rival", 20), SY_E_DIFFERENCING);
    assert_int_equal(ask_from_age(k, "rival", 25), 0);
    assert_int_equal(ask_from_age(k, "rival", 22), 0); /* is 25 again */
}

/* ---- cells ---- */

static struct sy_row_budget account(struct kit *k)
{
    struct sy_row_budget b;
    struct rules_key key = rules_key_id("budget/", V("person"));
    check_ok(
        rules_state_read(k->state, rules_key_view(&key), &sy_row_budget_desc, &k->arena, &b, NULL));
    return b;
}

static void test_cells(void **state)
{
    struct kit *k = *state;
    static const char *const towns[] = {"a", "b", "c", "d", "e", "f"};
    ck_grant(k, "acme", NULL);
    assert_int_equal(account(k).cap_cells, 200);
    assert_int_equal(account(k).held_cells, 60);
    for (uint64_t i = 0; i < 9; i++) {
        char name[] = "t0";
        name[1] = (char)('0' + i);
        struct sy_plan *p = ck_plan(k, CK_NONE, CK(CK_COL(R_TOWN)), towns, LEN(towns), true);
        bool fits = i < 8; /* 8 x 7 = 56 of 60 */
        assert_int_equal(ck_ask(k, "acme", p, name, NULL), fits ? 0 : SY_E_BUDGET);
        if (fits) {
            assert_int_equal(k->verdict.n_spends, 1);
            assert_int_equal(k->verdict.spends[0].cells, 7);
            assert_int_equal(k->verdict.spends[0].rho, 0);
            assert_int_equal(account(k).spent_cells, 7 * (i + 1));
            assert_int_equal(account(k).held_cells, 60 - 7 * (i + 1));
        } else {
            assert_true(sy_view_is(k->verdict.field, "cells"));
            assert_int_equal(account(k).spent_cells, 56);
        }
    }
    assert_int_equal(kit_order(k, "agency", "scene.revoke", "request"), 0);
    assert_int_equal(account(k).held_cells, 0);
    assert_int_equal(account(k).spent_cells, 56);
    struct sy_pack *p = ck_pack(k, 2);
    p->budgets[0].cells = 201; /* for a lifetime: never raised */
    assert_int_equal(kit_adopt(k, p), SY_E_BUDGET);
    p->budgets[0].cells = 55;
    assert_int_equal(kit_adopt(k, p), SY_E_BUDGET);
    p->budgets[0].cells = 56;
    assert_int_equal(kit_adopt(k, p), 0);
    assert_int_equal(account(k).cap_cells, 56);
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* What live grants still hold, and what charges took: the account says the same. */
static void audit_cells(struct kit *k)
{
    struct sy_row_budget b = account(k);
    struct sy_view key = {0};
    struct sy_view value;
    uint64_t held = 0;
    uint64_t spent = 0;
    while (rules_state_next(k->state, V("grant/"), key, &key, &value)) {
        struct sy_row_grant g;
        check_ok(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, &k->arena, &g, NULL));
        const struct sy_row_grant_share share = kit_account_of(k, key).shares[0];
        assert_true(share.cells_spent <= share.cells);
        held += sy_view_is(g.status, "active") ? share.cells - share.cells_spent : 0;
    }
    key = (struct sy_view){0};
    while (rules_state_next(k->state, V("charge/"), key, &key, &value)) {
        struct sy_row_charge c;
        check_ok(sy_record_decode(&sy_row_charge_desc, value, &SY_MP_LARGE, &k->arena, &c, NULL));
        spent += c.spends[0].cells;
    }
    assert_int_equal(b.held_cells, held);
    assert_int_equal(b.spent_cells, spent);
    assert_true(held + spent <= b.cap_cells);
}

/* Two developers ask what comes to their minds, answers come or fail, grants end: no cell is lost or made.
 * SHUYU_SEED=... repeats it. */
static void test_random_cells(void **state)
{
    struct kit *k = *state;
    const char *given = getenv("SHUYU_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) | 1 : 20261122;
    static const char *const who[] = {"acme", "rival"};
    uint8_t grants[2][32];
    size_t allowed = 0;
    size_t refused = 0;
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < 2; i++) {
        ck_grant(k, who[i], NULL);
        memcpy(grants[i], k->grant, 32);
    }
    for (size_t i = 0; i < 100; i++) {
        size_t at = next(&seed) % 2;
        memcpy(k->grant, grants[at], 32);
        int64_t edge = (int64_t)(5 * (next(&seed) % 24));
        char name[32];
        (void)snprintf(name, sizeof(name), "bands.%zu", i);
        int32_t code = next(&seed) % 3 == 0 ? ck_ask(k, who[at], by_band(k, edge), name, NULL)
                                            : ask_from_age(k, who[at], edge);
        allowed += code == 0;
        refused += code == SY_E_DIFFERENCING || code == SY_E_BUDGET;
        assert_true(code == 0 || code == SY_E_DIFFERENCING || code == SY_E_BUDGET);
        audit_cells(k);
        if (code == 0 && k->verdict.n_spends > 0 && next(&seed) % 2 == 0) {
            assert_int_equal(kit_answer(k, k->entry - 1, i == 20 ? "refused" : "ok"), 0);
            audit_cells(k);
        }
    }
    print_message("# %zu allowed, %zu refused\n", allowed, refused);
    assert_true(allowed > 10 && refused > 5);
    memcpy(k->grant, grants[0], 32);
    assert_int_equal(kit_order(k, "agency", "scene.revoke", "request"), 0);
    audit_cells(k);
}

/* ---- the report ---- */

/* age >= 18, by town */
static struct sy_plan *grown_by_town(struct kit *k)
{
    static const char *const towns[] = {"a", "b", "c", "d", "e", "f"};
    return ck_plan(k, CK(CK_COL(R_AGE), CK_INT(18), CK_F2("ge", 0, 1)), CK(CK_COL(R_TOWN)), towns,
                   LEN(towns), true);
}

static void test_report(void **state)
{
    struct kit *k = *state;
    struct sy_risk_report r;
    ck_grant(k, "acme", NULL);
    assert_int_equal(ask_from_age(k, "acme", 18), 0);
    assert_int_equal(ck_ask(k, "acme", grown_by_town(k), "towns", NULL), 0);
    ck_grant(k, "rival", NULL);
    assert_int_equal(ask_from_age(k, "rival", 18), 0);
    assert_int_equal(ask_from_age(k, "rival", 41), SY_E_DIFFERENCING);
    assert_int_equal(ask_from_age(k, "rival", 42), SY_E_DIFFERENCING);
    uint64_t last = k->entry - 1;
    check_ok(rules_risk_report(k->state, &k->arena, &r, NULL));
    assert_int_equal(r.regions, 3);
    assert_int_equal(r.n_spaces, 2);
    assert_true(sy_view_is(r.spaces[1].ns, "person"));
    assert_int_equal(r.spaces[1].spent_cells, 9);
    assert_int_equal(r.n_pairs, 1);
    assert_true(sy_view_is(r.pairs[0].a, "rival") && sy_view_is(r.pairs[0].b, "acme"));
    assert_int_equal(r.pairs[0].n, 2);
    assert_int_equal(r.n_fields, 2);
    assert_true(sy_view_is(r.fields[0].field, "age"));
    assert_int_equal(r.fields[0].n, 3);
    assert_int_equal(r.n_refusals, 1);
    assert_true(sy_view_is(r.refusals[0].party, "rival"));
    assert_int_equal(r.refusals[0].n, 2);
    assert_int_equal(r.refusals[0].entry, last);
    struct rules_decision d;
    assert_int_equal(kit_call(k, "watch", "risk.report", NULL, NULL, NULL, NULL), 0);
    check_ok(kit_decide(k, kit_request(k, "acme", "risk.report", NULL, NULL), &d));
    assert_int_equal(d.verdict.code, SY_E_ROLE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(control_differencing), T(test_range_edge),
        T(test_parameter),       T(test_null),
        T(test_no_grain),        T(test_several_fields),
        T(test_categories),      T(test_bands),
        T(test_beside_a_key),    T(test_bands_of_a_town),
        T(test_shifted),         T(test_other_developer),
        T(test_masks),           T(test_cells),
        T(test_random_cells),    T(test_report),
    };
    return cmocka_run_group_tests_name("rules_guard", tests, NULL, NULL);
}
