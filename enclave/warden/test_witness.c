/*
 * The warden and its witnesses: what makes a quorum and what is published of it, how they catch up, and
 * what stops the domain: an older disk, a second history.
 */
#include "test_witness_kit.h"

#include <stdio.h>

#include "base/fdio.h"
#include "proof/policy.h"

/* ---- quorum ---- */

static void test_quorum(void **state)
{
    (void)state;
    begin(5);
    assert_true(warden_witness_asked(&W.w));
    assert_int_equal(W.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(parsed(i).old_size, 0);
        assert_int_equal(parsed(i).path.n, 0);
    }
    check_ok(warden_witness_wait(&W.w, 4, count, &W));
    honest(0);
    assert_false(warden_witness_covers(&W.w, 0)); /* one of three */
    assert_int_equal(warden_witness_quorum(&W.w).size, 0);
    assert_int_equal(W.called, 0);
    honest(1);
    assert_true(warden_witness_covers(&W.w, 4));
    assert_false(warden_witness_covers(&W.w, 5));
    assert_int_equal(W.called, 1);
    struct warden_quorum q = warden_witness_quorum(&W.w);
    assert_int_equal(q.size, 5);
    assert_in_range(q.time_s, sy_now_s() - 5, sy_now_s());
    assert_true(sy_view_eq(q.plain, ledger_checkpoint(W.w.ledger)));
    assert_true(sy_view_starts(q.note, q.plain));
    honest(2); /* one more line is no harm */
    assert_true(warden_witness_quorum(&W.w).note.n > q.note.n);
    assert_int_equal(W.called, 1);
    assert_int_equal(n_open(), 0);
    for (size_t i = 0; i < 3; i++) {
        check_state(i, "good");
        assert_int_equal(peer(i).size, 5);
    }
}

/* What is published is the note, judged by anybody. */
static void check_published(const char *name, uint64_t size, size_t cosigned)
{
    struct proof_policy policy;
    struct proof_policy_verdict v;
    struct sy_witness_status s;
    char path[128];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    snprintf(path, sizeof(path), "public/%s", name);
    check_ok(sy_read_file_at(W.dir, path, &b));
    check_ok(warden_witness_report(&W.w, &W.k.arena, &s, NULL));
    check_ok(proof_policy_parse(s.policy, &W.k.arena, &policy, NULL));
    struct proof_policy_when when = {.now_s = (uint64_t)sy_now_s(), .max_age_s = 60};
    check_ok(proof_policy_judge(&policy, NULL, sy_buf_view(&b), &when, &v, NULL));
    assert_int_equal(v.checkpoint.size, size);
    assert_int_equal(v.n_cosigned, cosigned);
}

static void test_published(void **state)
{
    (void)state;
    begin(3);
    honest_round(2);
    check_published("checkpoint.cosigned", 3, 2);
    check_published("checkpoint", 3, 2); /* it is the newest */
    grow(2);
    check_published("checkpoint", 5, 0);
    check_published("checkpoint.cosigned", 3, 2); /* as long as there is no better one */
    honest(2);
    check_published("checkpoint", 5, 0); /* a line more for the old one */
    check_published("checkpoint.cosigned", 3, 3);
}

/* The log grows while they are asked: everybody is asked about one size at a time, and each proof holds. */
static void test_growth(void **state)
{
    (void)state;
    begin(1);
    for (uint64_t size = 1; size < 40; size += 3) {
        grow(3);
        warden_witness_tick(&W.w);
        assert_int_equal(n_open(), 3); /* no second request to anybody */
        honest_round(WITNESSES);
        assert_true(warden_witness_covers(&W.w, size - 1));
        forget_answered();
    }
    honest_round(WITNESSES);
    for (size_t i = 0; i < WITNESSES; i++) {
        assert_true(W.witnesses[i].tree.size >= 37);
    }
}

/* A slow third does not hold up the others, and its answer to an old candidate does no harm. */
static void test_slow(void **state)
{
    (void)state;
    begin(2);
    honest(0);
    honest(1);
    grow(2);
    warden_witness_tick(&W.w);
    assert_int_equal(W.n, 5);
    honest(3);
    honest(4);
    assert_int_equal(warden_witness_quorum(&W.w).size, 4);
    honest(2);
    assert_int_equal(peer(2).size, 2);
    assert_int_equal(warden_witness_quorum(&W.w).size, 4);
    assert_int_equal(W.n, 6); /* now it is asked about the present one, from where it stands */
    assert_int_equal(parsed(5).old_size, 2);
    honest(5);
    assert_int_equal(peer(2).size, 4);
}

/* Cosignatures of two sizes do not add up. */
static void test_two_sizes(void **state)
{
    (void)state;
    begin(2);
    honest(0);
    end_with(1, sy_status_of(SY_E_TIMEOUT), 0, (struct sy_view){0});
    grow(1);
    end_with(2, sy_status_of(SY_E_TIMEOUT), 0, (struct sy_view){0});
    assert_int_equal(W.n, 4); /* nobody is left for the first candidate: w0 about the next */
    assert_int_equal(asked(3), 0);
    honest(3);
    assert_false(warden_witness_covers(&W.w, 0));
    check_state(1, "silent");
}

static void test_quorum_none(void **state)
{
    (void)state;
    grow(2);
    adopt("quorum none\n");
    warden_witness_tick(&W.w);
    assert_false(warden_witness_asked(&W.w));
    honest_round(WITNESSES);
    check_state(0, "good"); /* they are asked, so that a rollback is seen */
    assert_false(warden_witness_covers(&W.w, 0));
    assert_int_equal(warden_witness_quorum(&W.w).size, 0);
}

/* ---- what they know ---- */

static void test_conflict(void **state)
{
    (void)state;
    grow(7);
    know(0, 3);
    know(1, 7);
    adopt(TWO);
    warden_witness_tick(&W.w);
    honest(0);
    honest(1);
    assert_int_equal(W.n, 5);
    assert_int_equal(parsed(3).old_size, 3);
    assert_true(parsed(3).path.n > 0);
    assert_int_equal(parsed(4).old_size, 7);
    assert_int_equal(parsed(4).path.n, 0);
    honest(3);
    honest(4);
    assert_true(warden_witness_covers(&W.w, 6));
}

static void test_rollback(void **state)
{
    (void)state;
    begin(4);
    honest(0);
    check_stopped(false);
    say(1, 409, "5\n");
    check_stopped(false); /* so far that is a word */
    assert_int_equal(W.n, 4);
    show(3, &(struct proof_tree){.size = 5}, true);
    check_stopped(true);
    size_t n = W.n;
    warden_witness_tick(&W.w);
    assert_int_equal(W.n, n); /* nobody is asked any more */
}

static void test_fork(void **state)
{
    (void)state;
    grow(6);
    know(0, 4);
    W.witnesses[0].tree.root[5] ^= 1; /* it saw another fourth entry */
    adopt(TWO);
    warden_witness_tick(&W.w);
    honest(0);
    honest(3);
    check_stopped(
        false); /* so far it only said that it stands at 4, and that nothing has grown from there */
    honest(4);
    check_stopped(true);
}

/* The same size, another root. */
static void test_fork_of_one_size(void **state)
{
    (void)state;
    grow(6);
    know(2, 6);
    W.witnesses[2].tree.root[0] ^= 1;
    adopt(TWO);
    warden_witness_tick(&W.w);
    honest(2);
    honest(3);
    check_stopped(false);
    honest(4);
    check_stopped(true);
}

/* Later, too: a copy of this domain runs somewhere else. */
static void test_overtaken(void **state)
{
    (void)state;
    begin(2);
    honest_round(WITNESSES);
    check_stopped(false);
    grow(1);
    warden_witness_tick(&W.w);
    W.witnesses[0].tree.size = 9; /* by the copy */
    honest(3);
    check_stopped(false);
    honest(W.n - 1);
    check_stopped(true);
}

/* ---- what they only say ---- */

/* Claims of another log, without evidence: each leaves the domain as it was, and two others are enough. */
enum evidence { NONE, SILENCE, NONSENSE, STRANGERS, OURS };

static void show_what(enum evidence what, size_t i)
{
    struct proof_tree tree = {.size = 9};
    if (what == NONE) {
        say(i, 404, "");
    } else if (what == SILENCE) {
        end_with(i, sy_status_of(SY_E_TIMEOUT), 0, (struct sy_view){0});
    } else if (what == NONSENSE) {
        say(i, 200, "another log, believe me\n");
    } else if (what == STRANGERS) { /* of the right name, and not this log's key */
        show(i, &tree, false);
    } else { /* signed by this log, and no other than it is */
        tree.size = 2;
        check_ok(ledger_root(W.w.ledger, tree.size, tree.root));
        show(i, &tree, true);
    }
}

static void test_claims(void **state)
{
    static const struct {
        unsigned status;
        const char *body;
    } claims[] = {{409, "9\n"}, {422, ""}};
    (void)state;
    for (size_t k = 0; k < LEN(claims) * (OURS + 1); k++) {
        (void)scene_teardown(NULL);
        (void)scene_setup(NULL);
        begin(3);
        say(0, claims[k % LEN(claims)].status, claims[k % LEN(claims)].body);
        check_stopped(false);
        assert_int_equal(W.n, 4); /* it is asked what it has seen, and nothing else meanwhile */
        assert_true(W.requests[3].is_get);
        warden_witness_tick(&W.w);
        assert_int_equal(W.n, 4);
        show_what((enum evidence)(k / LEN(claims)), 3);
        check_state(0, "claims");
        check_stopped(false);
        check_held(true); /* whatever it shows, or does not */
        honest(1);
        check_held(true);
        honest(2);
        assert_true(warden_witness_covers(&W.w, 2));
        check_held(false);
    }
}

/* The size of a claim is that of its time: what a quorum saw before answers nothing. */
static void test_claims_later(void **state)
{
    (void)state;
    begin(3);
    honest_round(2);
    say(2, 409, "3\n"); /* asked on from there: no claim */
    check_held(false);
    grow(1);
    size_t n = W.n;
    say(n - 1, 409, "9\n");
    say(n, 404, "");
    check_state(2, "claims");
    check_held(true);
    warden_witness_tick(&W.w);
    honest_round(2);
    assert_true(warden_witness_covers(&W.w, 3));
    check_held(false);
}

/* The word stands while its witness is silent, and ends with its own cosignature; no quorum is needed for that. */
static void test_claims_none(void **state)
{
    (void)state;
    grow(3);
    adopt("quorum none\n");
    warden_witness_tick(&W.w);
    check_held(false);
    say(0, 422, "");
    say(3, 404, "");
    honest(1);
    honest(2);
    check_held(true);
    for (int answer = 0; answer < 2; answer++) {
        size_t n = W.n;
        for (uint64_t end = sy_mono_ns() + UINT64_C(30000000000); W.n == n && sy_mono_ns() < end;) {
            warden_witness_tick(&W.w);
        }
        assert_int_equal(asked(n), 0);
        if (answer == 0) {
            end_with(n, sy_status_of(SY_E_TIMEOUT), 0, (struct sy_view){0});
            check_state(0, "silent");
            check_held(true);
        } else {
            honest(n);
        }
    }
    check_state(0, "good");
    check_held(false);
}

/* To load the policy again ends no claim, before all were asked again. */
static void test_claims_loaded(void **state)
{
    (void)state;
    begin(3);
    say(0, 409, "9\n");
    say(3, 404, "");
    check_held(true);
    check_ok(warden_witness_load(&W.w, NULL));
    check_held(true);
    check_ok(warden_witness_load(&W.w, NULL));
    check_held(true);
    forget_answered();
    warden_witness_tick(&W.w);
    for (size_t i = 0, n = W.n; i < n; i++) {
        end_with(i, sy_status_of(SY_E_TIMEOUT), 0, (struct sy_view){0});
    }
    check_held(false); /* as at a start that reaches nobody */
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(quorum),       TEST(published),        TEST(growth),       TEST(slow),
        TEST(two_sizes),    TEST(quorum_none),      TEST(conflict),     TEST(rollback),
        TEST(fork),         TEST(fork_of_one_size), TEST(overtaken),    TEST(claims),
        TEST(claims_later), TEST(claims_none),      TEST(claims_loaded)};
    return cmocka_run_group_tests_name("warden_witness", tests, NULL, NULL);
}
