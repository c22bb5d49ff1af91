/*
 * Hostile and late witnesses, and who waits for them: nobody hostile gets more than silence, and no claim
 * without evidence stops the domain; nothing starts, and nothing is told, before its time.
 */
#include "test_witness_kit.h"

#include <sodium.h>
#include <unistd.h>

#include "warden/run.h"

/* ---- hostile answers ---- */

static void test_refusals(void **state)
{
    static const struct {
        unsigned status;
        const char *body, *state;
    } cases[] = {
        {200, "", "refuses"},
        {200, "nonsense\n", "refuses"},
        {200, "\xe2\x80\x94 w0.example AAAA\n", "refuses"},
        {400, "", "refuses"},
        {403, "", "refuses"},
        {404, "", "refuses"},
        {409, "", "refuses"},
        {409, "-1\n", "refuses"},
        {409, "0\n", "refuses"}, /* that is what we said */
        {409, "99999999999999999999999\n", "refuses"},
        {204, "", "silent"},
        {302, "", "silent"},
        {429, "", "silent"},
        {500, "", "silent"},
    };
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        (void)scene_teardown(NULL);
        (void)scene_setup(NULL);
        begin(3);
        say(0, cases[i].status, cases[i].body);
        check_state(0, cases[i].state);
        check_stopped(false);
        size_t n = W.n;
        warden_witness_tick(&W.w);
        grow(1);
        warden_witness_tick(&W.w);
        assert_int_equal(W.n, n); /* it is left alone for a while */
        honest(1);
        honest(2); /* the other two are enough */
        assert_true(warden_witness_covers(&W.w, 2));
    }
}

/* Cosignatures that are none: each of w0, with w1 honest; the quorum must not be met by them. */
static void lie(size_t i, const struct witness *by, size_t over, const char *want)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    cosign(by, over, &b);
    end_with(i, SY_OK, 200, sy_buf_view(&b));
    check_state(asked(i), want);
    check_stopped(false);
}

static void test_lies(void **state)
{
    (void)state;
    begin(3);
    struct witness stranger = W.witnesses[0];
    uint8_t pub[32];
    crypto_sign_keypair(pub, stranger.secret); /* the name, another key */
    lie(0, &stranger, 0, "refuses");
    lie(1, &W.witnesses[0], 1, "refuses"); /* w1 repeats what w0 might have said */
    honest(2);
    assert_false(warden_witness_covers(&W.w, 0));
    grow(1);
    warden_witness_tick(&W.w);
    assert_int_equal(W.n, 4);
    lie(3, &W.witnesses[2], 2, "refuses"); /* over the checkpoint before */
    assert_int_equal(peer(2).size, 3);
    assert_false(warden_witness_covers(&W.w, 0));
}

/* Each line verifies; but a reply has room for one of each witness. */
static void test_two_lines(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    begin(3);
    cosign(&W.witnesses[0], 0, &b);
    W.witnesses[0].clock = -5;
    cosign(&W.witnesses[0], 0, &b);
    end_with(0, SY_OK, 200, sy_buf_view(&b));
    check_state(0, "refuses");
    honest(1);
    assert_false(warden_witness_covers(&W.w, 2));
    honest(2);
    assert_true(warden_witness_covers(&W.w, 2));
}

static void test_times(void **state)
{
    static const struct {
        int64_t clock;
        const char *state;
    } cases[] = {
        {-WARDEN_WITNESS_AGE_S - 5, "stale"},  {-WARDEN_WITNESS_AGE_S + 5, "good"},
        {WARDEN_WITNESS_AHEAD_S + 5, "stale"}, {WARDEN_WITNESS_AHEAD_S - 5, "good"},
        {INT64_C(1) << 40, "stale"},
    };
    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        (void)scene_teardown(NULL);
        (void)scene_setup(NULL);
        begin(3);
        W.witnesses[0].clock = cases[i].clock;
        honest(0);
        honest(1);
        check_state(0, cases[i].state);
        bool good = strcmp(cases[i].state, "good") == 0;
        assert_int_equal(warden_witness_covers(&W.w, 2), good);
        honest(2);
        assert_true(warden_witness_covers(&W.w, 2));
    }
}

/* Of a policy that is no more in force: not looked at. */
static void test_late_evidence(void **state)
{
    (void)state;
    begin(3);
    say(0, 409, "9\n");
    adopt("quorum w2\n");
    show(3, &(struct proof_tree){.size = 9}, true);
    check_stopped(false);
    check_state(0, "new");
}

/* Another size with every answer: it is not asked for ever. */
static void test_endless_conflict(void **state)
{
    (void)state;
    begin(9);
    size_t last = 0;
    for (unsigned i = 0; i < 20 && W.requests[last].fn != NULL; i++) {
        size_t n = W.n;
        say(last, 409, i % 2 == 0 ? "1\n" : "2\n");
        last = W.n > n ? W.n - 1 : last;
    }
    assert_in_range(W.n, 4, 3 + 4);
    check_state(0, "refuses");
    check_stopped(false);
}

/* ---- who waits, and the start ---- */

static void test_waiters(void **state)
{
    (void)state;
    check_code(warden_witness_wait(&W.w, 0, count, &W), SY_E_STATE); /* there is no policy */
    begin(3);
    check_ok(warden_witness_wait(&W.w, 1, count, &W));
    check_ok(warden_witness_wait(&W.w, 2, count, &W));
    check_ok(warden_witness_wait(&W.w, 3, count, &W)); /* not there yet */
    check_ok(warden_witness_wait(&W.w, 0, nothing, &W));
    warden_witness_forget(&W.w, nothing, &W);
    warden_witness_forget(&W.w, nothing, &W);
    honest_round(2);
    assert_int_equal(W.called, 2);
    grow(1);
    warden_witness_tick(&W.w);
    honest_round(2);
    assert_int_equal(W.called, 3);
    size_t n = 0;
    while (sy_ok(warden_witness_wait(&W.w, 99, nothing, &W))) {
        n++;
    }
    assert_in_range(n, 16, 1000);
}

/* Another policy: what was asked under the first counts for nothing, nor what it had covered. */
static void test_new_policy(void **state)
{
    (void)state;
    begin(3);
    honest(0);
    honest(1);
    assert_true(warden_witness_covers(&W.w, 0));
    adopt("quorum w2\n");
    assert_false(warden_witness_covers(&W.w, 0));
    say(2, 409, "99\n"); /* an answer to the first: not looked at */
    check_stopped(false);
    assert_int_equal(W.n, 3);
    warden_witness_tick(&W.w);
    assert_int_equal(W.n, 6);
    honest(3);
    honest(4);
    assert_false(warden_witness_covers(&W.w, 0));
    honest(5);
    assert_true(warden_witness_covers(&W.w, 0));
}

static void started(void *ctx)
{
    count(ctx);
    warden_loop_stop(W.w.loop);
}

static void test_start(void **state)
{
    (void)state;
    check_ok(warden_witness_load(&W.w, NULL)); /* no policy: nobody to ask */
    check_ok(warden_witness_start(&W.w, 60000, count, &W));
    assert_int_equal(W.called, 1);
    grow(4);
    know(1, 2);
    adopt(TWO);
    check_ok(warden_witness_start(&W.w, 60000, count, &W));
    assert_int_equal(W.n, 3);
    honest(0);
    honest(1); /* 409: asked again, not at its end */
    end_with(2, sy_status_of(SY_E_CLOSED), 0, (struct sy_view){0});
    assert_int_equal(W.called, 1);
    honest(3);
    assert_int_equal(W.called, 2);
    check_state(2, "silent");
}

static void test_start_rolled_back(void **state)
{
    (void)state;
    grow(4);
    adopt(TWO);
    check_ok(warden_witness_start(&W.w, 60000, count, &W));
    honest(0);
    honest(1);
    say(2, 409, "5\n");
    assert_int_equal(
        W.called,
        0); /* two are well, and still nothing is served before it has shown what it saw */
    show(3, &(struct proof_tree){.size = 5}, true);
    assert_int_equal(W.called, 0);
    check_stopped(true);
}

/* A witness's word alone keeps no domain from starting. */
static void test_start_claimed(void **state)
{
    (void)state;
    grow(4);
    adopt(TWO);
    check_ok(warden_witness_start(&W.w, 60000, count, &W));
    honest(0);
    say(2, 409, "5\n");
    check_held(true);
    end_with(1, sy_status_of(SY_E_TIMEOUT), 0, (struct sy_view){0});
    assert_int_equal(W.called, 0);
    say(3, 404, "");
    assert_int_equal(W.called, 1); /* the doors open, and nothing is charged */
    check_stopped(false);
    check_held(true);
}

static void test_start_silent(void **state)
{
    (void)state;
    grow(1);
    adopt(TWO);
    check_ok(warden_witness_start(&W.w, WAIT_MS, started, &W));
    uint64_t before = sy_mono_ns();
    warden_loop_run(W.w.loop);
    assert_int_equal(W.called, 1);
    assert_true(sy_mono_ns() - before >= (uint64_t)WAIT_MS * 900000);
    honest_round(WITNESSES); /* late, but not lost, and nothing starts twice */
    assert_int_equal(W.called, 1);
    assert_true(warden_witness_covers(&W.w, 0));
}

/* A witness that was away is asked again, later each time. */
static void test_again(void **state)
{
    (void)state;
    begin(2);
    end_with(0, sy_status_of(SY_E_CLOSED), 0, (struct sy_view){0});
    honest(1);
    warden_witness_tick(&W.w);
    assert_int_equal(W.n, 3);
    usleep(1100000);
    warden_witness_tick(&W.w);
    assert_int_equal(W.n, 4);
    honest(3);
    assert_true(warden_witness_covers(&W.w, 1));
    check_state(0, "good");
}

/* ---- calls that wait ---- */

static struct warden_call *call_of(bool waits, uint64_t a, uint64_t b)
{
    struct warden_call *c = calloc(1, sizeof(*c));
    assert_non_null(c);
    *c = (struct warden_call){
        .w = &W.w, .waits = waits, .entries = {a, b}, .n_entries = 2, .passed_fd = -1};
    c->live_at = &W.w.calls;
    c->live_next = W.w.calls;
    if (c->live_next != NULL) {
        c->live_next->live_at = &c->live_next;
    }
    W.w.calls = c;
    return c;
}

static void give(struct warden_call *c)
{
    assert_int_equal(c->n_entries, 2);
    W.called++;
    warden_call_clear(c, SY_E_BUSY, "given");
}

/* Not before its last entry, the answer, is covered: the charge's would not do. */
static void test_hold(void **state)
{
    (void)state;
    begin(4);
    honest_round(2);
    struct warden_call *c = call_of(true, 2, 5);
    assert_true(warden_witness_covers(&W.w, 2));
    assert_true(warden_hold(c, give));
    assert_int_equal(W.called, 0);
    grow(1); /* entry 4 */
    warden_witness_tick(&W.w);
    honest_round(2);
    assert_true(warden_witness_covers(&W.w, 4));
    assert_int_equal(W.called, 0);
    grow(1); /* entry 5 */
    warden_witness_tick(&W.w);
    honest_round(2);
    assert_int_equal(W.called, 1);
    assert_null(W.w.calls);
    c = call_of(true, 2, 5); /* covered by now */
    assert_false(warden_hold(c, give));
    warden_call_clear(c, SY_E_BUSY, "over");
    c = call_of(false, 2, 99); /* nobody asks for it */
    assert_false(warden_hold(c, give));
    warden_call_clear(c, SY_E_BUSY, "over");
}

/* When too many wait, one more is told "not yet", at once; its entries are not shown. */
static void test_hold_full(void **state)
{
    static uint8_t secret[64], pub[32];
    (void)state;
    begin(1);
    crypto_sign_keypair(pub, secret);
    W.w.keys.sign_secret = secret;
    while (sy_ok(warden_witness_wait(&W.w, 99, nothing, &W))) {
    }
    assert_true(warden_hold(call_of(true, 2, 5), give));
    assert_null(W.w.calls);
    assert_int_equal(W.called, 0);
}

/* A call of a party, held. */
static void hold_of(const char *party)
{
    struct warden_call *c = call_of(true, 2, 5);
    c->request.header.party = sy_view_str(party);
    assert_true(warden_hold(c, give));
}

static size_t n_calls(void)
{
    size_t n = 0;
    for (const struct warden_call *c = W.w.calls; c != NULL; c = c->live_next) {
        n++;
    }
    return n;
}

/* Who waits for witnesses takes no run's place, of nobody; and nobody takes all the places to wait. */
static void test_hold_room(void **state)
{
    static const struct warden_room room = {.in_all = 2, .of_party = 1};
    static uint8_t secret[64], pub[32];
    (void)state;
    begin(1);
    crypto_sign_keypair(pub, secret);
    W.w.keys.sign_secret = secret;
    for (unsigned i = 0; i < 5; i++) {
        hold_of("dev");
    }
    assert_int_equal(n_calls(), 5);
    struct warden_call *run = call_of(false, 0, 0); /* in work, of another party */
    run->request.header.party = V("other");
    assert_true(warden_call_room(run, &room));
    struct warden_call *own = call_of(false, 0, 0);
    own->request.header.party = V("dev");
    assert_true(warden_call_room(own, &room));
    struct warden_call *third = call_of(false, 0, 0); /* runs are still counted */
    third->request.header.party = V("third");
    assert_false(warden_call_room(third, &room));
    warden_call_clear(own, SY_E_BUSY, "over");
    warden_call_clear(run, SY_E_BUSY, "over");
    size_t before = 0;
    for (before = n_calls(); before < 40 && n_calls() == before; before++) {
        hold_of("dev");
    }
    assert_int_equal(n_calls(), 16); /* the next of it was told "not yet", at once */
    hold_of("other");
    assert_int_equal(n_calls(), 17);
    assert_int_equal(W.called, 0);
    grow(5);
    warden_witness_tick(&W.w);
    honest_round(2);
    forget_answered();
    honest_round(2);
    assert_int_equal(W.called, 17);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refusals),     TEST(lies),          TEST(times),         TEST(endless_conflict),
        TEST(waiters),      TEST(new_policy),    TEST(start),         TEST(start_rolled_back),
        TEST(start_silent), TEST(again),         TEST(hold),          TEST(hold_full),
        TEST(hold_room),    TEST(late_evidence), TEST(start_claimed), TEST(two_lines)};
    return cmocka_run_group_tests_name("warden_witness_wait", tests, NULL, NULL);
}
