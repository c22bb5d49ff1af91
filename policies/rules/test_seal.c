/*
 * Seals that wait: the rows of many entries are looked at after others took their place, and after the state wrote
 * them over and over; what is found is what a replay in one step finds. Nothing is left behind, which sanitized
 * builds see.
 */
#include "test_kit.h"

#include "rules/replay.h"

enum { SEALS = 256 };

static struct kit K;

/* A life whose runs write the same budgets, grant and clock. */
static int live(void **state)
{
    (void)state;
    kit_init(&K);
    kit_ready(&K);
    static const char *const ages[] = {"18", "40", "60", "75"};
    for (size_t i = 0; i < LEN(ages); i++) {
        uint64_t charge = K.entry;
        assert_int_equal(kit_run(&K, ages[i]), 0);
        assert_int_equal(kit_answer(&K, charge, "ok"), 0);
    }
    assert_true(K.entry < SEALS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    kit_free(&K);
    return 0;
}

static void count(void *ctx, const struct rules_difference *d)
{
    assert_string_equal(d->field, "state");
    ++*(size_t *)ctx;
}

/* Replay all, with another state claimed of entry `lie`; its seals stay. */
static void fold_all(struct rules_replayer *r, struct sy_arena *arena, uint64_t lie,
                     struct rules_seal seals[SEALS])
{
    size_t n = 0;
    for (size_t i = 0; i < K.entry; i++) {
        struct sy_event e;
        struct rules_facts facts;
        struct rules_request req;
        check_ok(sy_record_decode(&sy_event_desc, K.events[i], &SY_MP_LARGE, arena, &e, NULL));
        check_ok(rules_request_prepare(&e, true, arena, &facts, &req, NULL));
        e.state[7] ^= i == lie ? 1 : 0;
        check_ok(rules_replayer_fold(r, &e, &req, i, arena, &seals[i], count, &n, NULL));
        assert_false(seals[i].worked);
    }
    assert_int_equal(n, 0); /* nothing before a seal is worked out */
}

static void test_seals_wait(void **state)
{
    static struct rules_seal seals[SEALS];
    (void)state;
    for (uint64_t lie = K.entry - 3; lie <= K.entry; lie++) { /* the last: there is none */
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct rules_state *s = rules_state_new();
        struct rules_replayer *r = rules_replayer_new(s);
        fold_all(r, &arena, lie, seals);
        for (size_t i = K.entry; i-- > 0;) { /* in any order */
            size_t told = 0;
            if (i % 2 == 0) { /* or by who tells */
                rules_seal_work(&seals[i]);
            }
            rules_seal_tell(&seals[i], count, &told);
            /* the digest goes on from the one that is claimed, so the next entry's is another too */
            assert_int_equal(told, i == lie || i == lie + 1 ? 1 : 0);
            rules_seal_release(&seals[i]);
            rules_seal_release(&seals[i]);
        }
        rules_replayer_free(r);
        rules_state_free(s);
    }
}

/* Whoever gives up before the seals are worked out lets go of them all the same. */
static void test_seals_given_up(void **state)
{
    static struct rules_seal seals[SEALS];
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_state *s = rules_state_new();
    struct rules_replayer *r = rules_replayer_new(s);
    (void)state;
    fold_all(r, &arena, UINT64_MAX, seals);
    struct rules_state *clone = rules_state_clone(s); /* has rows of the state's memory */
    for (size_t i = 0; i < K.entry; i++) {
        rules_seal_release(&seals[i]);
        rules_seal_work(&seals[i]);
        assert_false(seals[i].worked);
    }
    rules_replayer_free(r);
    rules_state_free(s);
    assert_memory_equal(rules_state_digest(clone), K.digests[K.entry - 1], 32);
    assert_int_equal(rules_state_n_rows(clone), rules_state_n_rows(K.state));
    check_ok(rules_state_put_raw(clone, V("clock"), (struct sy_view){0}));
    check_ok(rules_state_put_raw(clone, V("clock"), V("later")));
    rules_state_free(clone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_seals_wait),
                                       cmocka_unit_test(test_seals_given_up)};
    return cmocka_run_group_tests_name("rules_seal", tests, live, end);
}
