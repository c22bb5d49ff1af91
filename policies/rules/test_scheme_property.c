/*
 * Random lives of a domain under every section of the scheme. Validly signed requests of the right and of the wrong
 * parties, in the right order and in others, over hours and over years; and bytes that are no request at all. What
 * must hold whatever comes:
 *
 *   - no run is allowed that the oracle (test_oracle.h) forbids: it follows the accepted requests alone
 *   - a refused event changes nothing but the clock and the nonce
 *   - every allowed event applies, and nothing crashes (the kit would fail)
 *   - the log replays to the same digests, from nothing
 *
 * A sequence is guided towards runs, or it would hardly ever reach one: most steps are the next one that some party
 * needs, the others skip, repeat, disturb, or are done by somebody else. SHUYU_SEED repeats a run; SHUYU_FULL=1 makes
 * many sequences, SHUYU_LIVES=N so many.
 */
#include "test_catalogue_kit.h"
#include "test_lives.h"
#include "test_product_kit.h"
#include "test_qualify_kit.h"
#include "test_scheme_scene_kit.h"
#include "test_supervise_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 420, FEW = 24, MANY = 1500, ENDS = KIT_EVENTS - 8 };

/* ---- what must hold ---- */

static void complain(const struct gen *g, const char *what, uint64_t entry)
{
    fail_msg("%s; entry %llu, SHUYU_SEED=%llu", what, (unsigned long long)entry,
             (unsigned long long)g->seed);
}

/* Tell the oracle what was accepted since; of a run, ask it first. */
static void watch(struct gen *g)
{
    for (; g->seen < g->k.entry; g->seen++) {
        struct sy_event e;
        struct rules_request r;
        check_ok(sy_record_decode(&sy_event_desc, g->k.events[g->seen], &SY_MP_LARGE, &g->o.arena,
                                  &e, NULL));
        check_ok(rules_request_of_event(&e, &g->o.arena, &r, NULL));
        if (e.verdict.code != 0) {
            continue;
        }
        bool run = sy_view_is(r.header.method, "model.run");
        bool call = sy_view_is(r.header.method, "product.call");
        const char *why = run    ? oracle_forbids(&g->o, &r.header, e.inputs.time)
                          : call ? oracle_forbids_call(&g->o, &r.header, e.inputs.time)
                                 : NULL;
        if (why != NULL) {
            complain(g, why, g->seen);
        }
        g->runs += run ? 1 : 0;
        g->calls += call ? 1 : 0;
        oracle_see(&g->o, &r, &e.inputs, g->seen);
    }
}

/* A call for another purpose is refused and counted, for operator and agency to see (article 19): by design. */
static bool may_change(struct sy_view key, uint64_t code)
{
    return sy_view_is(key, "clock") || sy_view_starts(key, V("nonce/")) ||
           (code == SY_E_DISGUISED && sy_view_starts(key, V("misuse/")));
}

/* The first row that is in one of the states only, or differs; of those that may not change. */
static bool same_but(const struct rules_state *a, const struct rules_state *b, uint64_t code)
{
    struct sy_view key = {0};
    struct sy_view value, other;
    size_t n = 0;
    while (rules_state_next(a, (struct sy_view){0}, key, &key, &value)) {
        bool same = rules_state_get(b, key, &other) && sy_view_eq(value, other);
        if (!same && !may_change(key, code)) {
            return false;
        }
        n += may_change(key, code) ? 0 : 1;
    }
    key = (struct sy_view){0};
    while (rules_state_next(b, (struct sy_view){0}, key, &key, &value)) {
        n -= may_change(key, code) ? 0 : 1;
    }
    return n == 0;
}

/* From nothing, event by event: the same digests; and a refusal leaves the rows as they were. */
static void replay(const struct gen *g)
{
    struct rules_state *s = rules_state_new();
    assert_non_null(s);
    for (uint64_t i = 0; i < g->k.entry; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 64 << 20};
        struct rules_state *before = rules_state_clone(s);
        struct sy_event e;
        struct sy_error err = {0};
        check_ok(sy_record_decode(&sy_event_desc, g->k.events[i], &SY_MP_LARGE, &arena, &e, NULL));
        if (!sy_ok(rules_replay(s, &e, i, &err)) ||
            memcmp(rules_state_digest(s), g->k.digests[i], 32) != 0) {
            complain(g, "the log does not replay", i);
        }
        if (e.verdict.code != 0 && !same_but(before, s, e.verdict.code)) {
            complain(g, "a refused event changed more than clock and nonce", i);
        }
        rules_state_free(before);
    }
    rules_state_free(s);
}

/* ---- the domain ---- */

/* Every section in force: qualification, catalogue, scenes, supervision, products. */
static struct sy_pack *full_pack(struct kit *k, uint64_t version)
{
    struct sy_pack *p = qk_pack(k, version);
    p->scheme->catalogue = cat_terms(cat_pack(k, version));
    p->scheme->n_catalogue = 1;
    p->scheme->scene = kit_alloc(k, 1, sizeof(*p->scheme->scene));
    p->scheme->n_scene = 1;
    *p->scheme->scene = (struct sy_pack_scene){
        .reason_min = SCENE_REASON, .review_days = SCENE_DAYS, .rounds_max = SCENE_ROUNDS};
    p->scheme->supervise = sup_pack(k, version)->scheme->supervise;
    p->scheme->n_supervise = 1;
    p->scheme->product = product_pack(k, version)->scheme->product;
    p->scheme->n_product = 1;
    return p;
}

static unsigned live(uint64_t seed, unsigned *ret_calls)
{
    struct gen *g = calloc(1, sizeof(*g));
    assert_non_null(g);
    g->rng = g->seed = seed;
    kit_init(&g->k);
    oracle_begin(&g->o);
    cat_offered(&g->k);
    assert_int_equal(kit_enrol(&g->k, "shop", "buyer"), 0);
    assert_int_equal(kit_adopt(&g->k, full_pack(&g->k, 3)), 0);
    watch(g);
    for (size_t i = 0; i < STEPS && g->k.entry < ENDS; i++) {
        step(g);
        watch(g);
    }
    replay(g);
    unsigned runs = g->runs;
    *ret_calls += g->calls;
    oracle_end(&g->o);
    kit_free(&g->k);
    free(g);
    return runs;
}

static void test_no_run_without_a_chain(void **state)
{
    const char *given = getenv("SHUYU_SEED");
    const char *full = getenv("SHUYU_FULL");
    const char *some = getenv("SHUYU_LIVES");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : UINT64_C(20250304);
    size_t lives = full != NULL && strcmp(full, "1") == 0 ? MANY : FEW;
    lives = some != NULL ? strtoull(some, NULL, 10) : given != NULL ? 1 : lives;
    unsigned runs = 0;
    unsigned calls = 0;
    unsigned reached = 0;
    (void)state;
    for (size_t i = 0; i < lives; i++) {
        unsigned n = live(seed + i, &calls);
        runs += n;
        reached += n > 0 ? 1 : 0;
    }
    print_message("# %zu lives from seed %llu: %u with runs, %u runs, %u calls of products\n",
                  lives, (unsigned long long)seed, reached, runs, calls);
    assert_true(given != NULL ||
                (reached * 2 >= lives && calls >= lives)); /* or it would prove little */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_run_without_a_chain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
