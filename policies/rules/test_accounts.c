/*
 * The accounts of the namespaces through random lives of a domain: whatever is allowed, they add up.
 * SHUYU_SEED=... repeats a life.
 */
#include "test_kit.h"

#include "proof/ids.h"

#include <stdlib.h>
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

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* What a grant's share of a namespace still holds, and what a charge took from it. */
static uint64_t unspent(const struct sy_row_account *a, struct sy_view ns)
{
    uint64_t left = 0;
    for (size_t i = 0; i < a->n_shares; i++) {
        assert_true(a->shares[i].rho_spent <= a->shares[i].rho);
        left += sy_view_eq(a->shares[i].ns, ns) ? a->shares[i].rho - a->shares[i].rho_spent : 0;
    }
    return left;
}

static uint64_t taken(const struct sy_row_charge *c, struct sy_view ns)
{
    uint64_t rho = 0;
    for (size_t i = 0; i < c->n_spends; i++) {
        rho += sy_view_eq(c->spends[i].ns, ns) ? c->spends[i].rho : 0;
    }
    return rho;
}

/* The account adds up: spent + held <= cap, held = what live grants have not spent, spent = charges. */
static void audit_account(struct kit *k, struct sy_view ns)
{
    struct sy_row_budget b;
    struct rules_key at = rules_key_id("budget/", ns);
    struct sy_view key = {0};
    struct sy_view value;
    uint64_t live = 0;
    uint64_t charged = 0;
    check_ok(
        rules_state_read(k->state, rules_key_view(&at), &sy_row_budget_desc, &k->arena, &b, NULL));
    while (rules_state_next(k->state, V("grant/"), key, &key, &value)) {
        struct sy_row_grant g;
        check_ok(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, &k->arena, &g, NULL));
        bool lives = sy_view_is(g.status, "active") || sy_view_is(g.status, "suspended");
        struct sy_row_account a = kit_account_of(k, key);
        live += lives ? unspent(&a, ns) : 0;
    }
    key = (struct sy_view){0};
    while (rules_state_next(k->state, V("charge/"), key, &key, &value)) {
        struct sy_row_charge c;
        check_ok(sy_record_decode(&sy_row_charge_desc, value, &SY_MP_LARGE, &k->arena, &c, NULL));
        charged += taken(&c, ns);
    }
    assert_true(b.spent_rho + b.held_rho <= b.cap_rho);
    assert_int_equal(b.held_rho, live);
    assert_int_equal(b.spent_rho, charged);
}

/* A grant's id is the hash of what was signed: whatever happened, none was changed. */
static void grants_unchanged(struct kit *k)
{
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(k->state, V("grant/"), key, &key, &value)) {
        struct sy_row_grant g;
        uint8_t id[32];
        check_ok(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, &k->arena, &g, NULL));
        proof_grant_id(id, g.proposal);
        struct rules_key want = rules_key_hash("grant/", id);
        assert_true(sy_view_eq(rules_key_view(&want), key));
        assert_true(g.n_holds == 0 || sy_view_is(g.status, "suspended"));
    }
}

/* Two models of the grant: one that persons pay, one that persons and clinics pay. */
static void grant_with_models(struct kit *k, uint8_t models[2][32])
{
    (void)kit_review(k, "operator", "scene.first_review", "approve");
    (void)kit_review(k, "health", "scene.consent", "approve");
    (void)kit_review(k, "clinic", "scene.consent", "approve");
    (void)kit_review(k, "agency", "scene.final_review", "approve");
    (void)kit_register(k, kit_model_def(k), kit_plan(k));
    (void)kit_review(k, "operator", "model.review", "approve");
    memcpy(models[0], k->model, 32);
    (void)kit_register(k, kit_births_def(k), kit_births_plan(k));
    (void)kit_review(k, "operator", "model.review", "approve");
    memcpy(models[1], k->model, 32);
}

static int32_t random_run(struct kit *k, uint8_t models[2][32], uint64_t *seed)
{
    static const char *const ages[] = {"18", "40", "60", "75", "80", "85", "90", "95", "17"};
    const struct sy_run none = {0};
    size_t which = next(seed) % 3 == 0 ? 1 : 0;
    memcpy(k->model, models[which], 32);
    return which == 1 ? kit_run_plan(k, kit_births_plan(k), &none)
                      : kit_run(k, ages[next(seed) % LEN(ages)]);
}

static void random_order(struct kit *k, uint64_t *seed)
{
    static const char *const parties[] = {"agency", "operator", "clinic", "acme"};
    static const char *const orders[] = {"scene.suspend", "scene.lift",   "scene.lift",
                                         "scene.resume",  "scene.resume", "scene.resume"};
    (void)kit_order(k, parties[next(seed) % LEN(parties)], orders[next(seed) % LEN(orders)],
                    next(seed) % 2 == 0 ? "incident" : "request");
}

/* Random acts of everybody, sound and unsound: whatever is allowed, the accounts add up, and every
 * event replays. */
static void test_random_life(void **state)
{
    enum { STEPS = 350 };
    static const char *const outcomes[] = {"ok", "ok", "ok", "refused", "refused"};
    struct kit *k = *state;
    const char *given = getenv("SHUYU_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) | 1 : 20261121;
    uint8_t models[2][32];
    uint64_t last = 0;
    size_t runs = 0;
    size_t both = 0;
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)seed);
    kit_catalogue(k);
    assert_int_equal(kit_apply(k, kit_proposal(k)), 0);
    grant_with_models(k, models);
    for (size_t i = 0; i < STEPS && k->entry < KIT_EVENTS - 10; i++) {
        uint64_t die = next(&seed) % 16;
        uint8_t old[32];
        memcpy(old, k->grant, 32);
        k->time += (int64_t)(next(&seed) % 1000);
        if (die < 7) {
            int32_t code = random_run(k, models, &seed);
            last = code == 0 && k->verdict.n_spends > 0 ? k->entry - 1 : last;
            runs += code == 0;
            both += code == 0 && k->verdict.n_spends == 2;
        } else if (die < 11) {
            (void)kit_answer(k, last, outcomes[next(&seed) % LEN(outcomes)]);
        } else if (die < 14) {
            random_order(k, &seed);
        } else if (die == 14 && next(&seed) % 4 == 0) {
            (void)kit_order(k, "acme", "scene.revoke", "request");
        } else if (die == 15 && kit_apply(k, kit_proposal(k)) != 0) {
            memcpy(k->grant, old, 32); /* one scene, one grant */
        } else if (die == 15) {
            grant_with_models(k, models);
        }
        audit_account(k, V("person"));
        audit_account(k, V("clinic"));
        grants_unchanged(k);
    }
    print_message("# %zu runs allowed, %zu paid by two, in %llu events\n", runs, both,
                  (unsigned long long)k->entry);
    assert_true(runs > 5);
    assert_true(both > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_life, setup, teardown),
    };
    return cmocka_run_group_tests_name("rules_accounts", tests, NULL, NULL);
}
