/*
 * The loop: timers in time order, completions posted by threads in theirs, watches that go while
 * callbacks run, and one `after` to end each round (that is one commit).
 */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "warden/loop.h"

enum { MS = 1000000, MANY = 200, THREADS = 4, POSTS = 500 };

/* What callbacks write down. */
struct diary {
    struct warden_loop *loop;
    int lines[2048];
    size_t n;
    size_t rounds;
    size_t stop_after; /* rounds; 0 = somebody else stops it */
};

static void write_down(struct diary *d, int line)
{
    assert_true(d->n < sizeof(d->lines) / sizeof(d->lines[0]));
    d->lines[d->n++] = line;
}

static void after(void *ctx)
{
    struct diary *d = ctx;
    d->rounds++;
    if (d->rounds == d->stop_after) {
        warden_loop_stop(d->loop);
    }
}

static int setup(void **state)
{
    struct diary *d = calloc(1, sizeof(*d));
    assert_non_null(d);
    d->loop = warden_loop_new(after, d);
    assert_non_null(d->loop);
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    struct diary *d = *state;
    assert_null(warden_loop_free(d->loop));
    free(d);
    return 0;
}

static void stop(void *ctx)
{
    warden_loop_stop(((struct diary *)ctx)->loop);
}

/* One event with a number, for any callback. */
struct note {
    struct diary *d;
    int line;
    uint64_t cancel; /* a timer to take away */
};

static void note_down(void *ctx)
{
    struct note *n = ctx;
    write_down(n->d, n->line);
    warden_timer_cancel(n->d->loop, n->cancel);
}

/* ---- timers ---- */

static void test_timers_fire_in_time_order(void **state)
{
    struct diary *d = *state;
    static struct note notes[MANY];
    uint64_t now = sy_mono_ns();
    for (int i = 0; i < MANY; i++) {
        int at = i * 37 % MANY; /* a permutation: 37 does not divide it */
        notes[i] = (struct note){.d = d, .line = at};
        assert_true(warden_timer_add(d->loop, now + (uint64_t)at * MS / 10, note_down, &notes[i]) !=
                    0);
    }
    assert_true(warden_timer_add(d->loop, now + 25 * MS, stop, d) != 0);
    warden_loop_run(d->loop);
    assert_int_equal(d->n, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(d->lines[i], i);
    }
    assert_true(sy_mono_ns() - now >= 25 * MS);
}

static void test_cancelled_timers_do_not_fire(void **state)
{
    struct diary *d = *state;
    struct note notes[4];
    uint64_t ids[4], now = sy_mono_ns();
    for (int i = 0; i < 4; i++) {
        notes[i] = (struct note){.d = d, .line = i};
        ids[i] = warden_timer_add(d->loop, now + (uint64_t)i, note_down, &notes[i]);
    }
    warden_timer_cancel(d->loop, ids[1]);
    warden_timer_cancel(d->loop, ids[1]);
    warden_timer_cancel(d->loop, 0);
    warden_timer_cancel(d->loop, 999);
    notes[0].cancel = ids[3]; /* due already when the first one fires */
    d->stop_after = 1;
    warden_loop_run(d->loop);
    assert_int_equal(d->n, 2);
    assert_int_equal(d->lines[0], 0);
    assert_int_equal(d->lines[1], 2);
}

static void chain(void *ctx)
{
    struct note *n = ctx;
    write_down(n->d, n->line);
    if (n->line++ < 5) {
        assert_true(warden_timer_add(n->d->loop, sy_mono_ns() + MS, chain, n) != 0);
    } else {
        stop(n->d);
    }
}

static void test_timers_may_be_added_by_timers(void **state)
{
    struct diary *d = *state;
    struct note n = {.d = d};
    assert_true(warden_timer_add(d->loop, 0, chain, &n) != 0);
    warden_loop_run(d->loop);
    assert_int_equal(d->n, 6);
    assert_true(d->rounds >= 6);
}

static void test_no_more_than_the_most_timers(void **state)
{
    struct diary *d = *state;
    struct note n = {.d = d};
    size_t taken = 0;
    while (warden_timer_add(d->loop, UINT64_MAX, note_down, &n) != 0) {
        taken++;
        assert_true(taken < 1 << 20);
    }
    assert_true(taken >= 256);
    warden_timer_cancel(d->loop, 1);
    assert_true(warden_timer_add(d->loop, 0, stop, d) != 0);
    warden_loop_run(d->loop);
    assert_int_equal(d->n, 0);
}

/* ---- posts ---- */

static void test_posts_of_one_round_end_in_one_after(void **state)
{
    struct diary *d = *state;
    struct note notes[50];
    for (int i = 0; i < 50; i++) {
        notes[i] = (struct note){.d = d, .line = i};
        assert_true(warden_post(d->loop, note_down, &notes[i]));
    }
    d->stop_after = 1;
    warden_loop_run(d->loop);
    assert_int_equal(d->n, 50);
    assert_int_equal(d->rounds, 1);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(d->lines[i], i);
    }
}

struct poster {
    struct note notes[POSTS];
    struct diary *d;
    pthread_t thread;
};

static void *post_many(void *ctx)
{
    struct poster *p = ctx;
    for (int i = 0; i < POSTS; i++) {
        if (!warden_post(p->d->loop, note_down, &p->notes[i])) {
            return p;
        }
    }
    return NULL;
}

static void stop_when_all(void *ctx)
{
    struct diary *d = ctx;
    if (d->n == THREADS * POSTS) {
        stop(d);
    } else {
        assert_true(warden_timer_add(d->loop, sy_mono_ns() + MS, stop_when_all, d) != 0);
    }
}

static void start_posters(struct poster *p, struct diary *d)
{
    for (int t = 0; t < THREADS; t++) {
        p[t].d = d;
        for (int i = 0; i < POSTS; i++) {
            p[t].notes[i] = (struct note){.d = d, .line = t * POSTS + i};
        }
        assert_int_equal(pthread_create(&p[t].thread, NULL, post_many, &p[t]), 0);
    }
}

/* From several threads: each comes once, and every thread's own in its order. */
static void test_posts_from_threads(void **state)
{
    struct diary *d = *state;
    static struct poster posters[THREADS];
    int next[THREADS] = {0};
    start_posters(posters, d);
    stop_when_all(d);
    warden_loop_run(d->loop);
    for (int t = 0; t < THREADS; t++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(posters[t].thread, &failed), 0);
        assert_null(failed);
    }
    for (size_t i = 0; i < d->n; i++) {
        int t = d->lines[i] / POSTS;
        assert_int_equal(d->lines[i] % POSTS, next[t]++);
    }
    assert_true(d->rounds < d->n);
}

static void post_again(void *ctx)
{
    struct note *n = ctx;
    write_down(n->d, (int)n->d->rounds);
    if (n->line-- > 0) {
        assert_true(warden_post(n->d->loop, post_again, n));
    } else {
        stop(n->d);
    }
}

/* A post from a post belongs to the next round: `after` is never starved. */
static void test_posts_from_posts_wait_a_round(void **state)
{
    struct diary *d = *state;
    struct note n = {.d = d, .line = 4};
    assert_true(warden_post(d->loop, post_again, &n));
    warden_loop_run(d->loop);
    assert_int_equal(d->n, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(d->lines[i], i);
    }
}

static void test_posts_left_at_the_end_are_freed(void **state)
{
    struct diary *d = *state;
    struct note n = {.d = d};
    for (int i = 0; i < 3; i++) {
        assert_true(warden_post(d->loop, note_down, &n));
    }
    assert_int_equal(d->n, 0); /* teardown frees; the leak checker looks */
}

/* ---- watches ---- */

struct end {
    struct diary *d;
    struct warden_watch *watch;
    struct end *kills; /* removed when this one is ready */
    int ours, theirs;
    int line;
    bool keep;
};

static void on_ready(void *ctx, short revents)
{
    struct end *e = ctx;
    uint8_t b;
    write_down(e->d, e->line);
    if ((revents & POLLIN) != 0) {
        ssize_t n = read(e->ours, &b, 1);
        assert_true(n >= 0);
    }
    if (!e->keep) {
        warden_watch_remove(e->watch);
    }
    if (e->kills != NULL) {
        warden_watch_remove(e->kills->watch);
        close(e->kills->ours);
        e->kills->ours = -1;
    }
}

static void end_open(struct end *e, struct diary *d, int line)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    *e = (struct end){.d = d, .ours = ends[0], .theirs = ends[1], .line = line};
    e->watch = warden_watch_add(d->loop, e->ours, POLLIN, on_ready, e);
    assert_non_null(e->watch);
}

static void end_close(struct end *e)
{
    if (e->ours >= 0) {
        close(e->ours);
    }
    close(e->theirs);
}

static void poke(const struct end *e)
{
    assert_int_equal(write(e->theirs, "x", 1), 1);
}

static void test_removed_watch_is_not_called(void **state)
{
    struct diary *d = *state;
    struct end ends[3];
    for (int i = 0; i < 3; i++) {
        end_open(&ends[i], d, i);
        poke(&ends[i]);
    }
    ends[0].kills = &ends[1]; /* both ready in the same round */
    d->stop_after = 3;
    assert_true(warden_timer_add(d->loop, sy_mono_ns() + 2 * MS, note_down,
                                 &(struct note){.d = d, .line = 9}) != 0);
    assert_true(warden_timer_add(d->loop, sy_mono_ns() + 4 * MS, stop, d) != 0);
    warden_loop_run(d->loop);
    const int want[] = {0, 2, 9};
    assert_int_equal(d->n, 3);
    assert_memory_equal(d->lines, want, sizeof(want));
    for (int i = 0; i < 3; i++) {
        end_close(&ends[i]);
    }
}

static void replace(void *ctx, short revents)
{
    struct end *e = ctx;
    (void)revents;
    write_down(e->d, e->line++);
    warden_watch_remove(e->watch);
    e->watch = warden_watch_add(e->d->loop, e->ours, POLLIN, replace, e);
    assert_non_null(e->watch);
}

/* A watch that replaces itself: the old one is gone, the new one waits for the next round. */
static void test_watch_replaced_in_its_callback(void **state)
{
    struct diary *d = *state;
    struct end e;
    end_open(&e, d, 0);
    warden_watch_remove(e.watch);
    e.watch = warden_watch_add(d->loop, e.ours, POLLIN, replace, &e);
    poke(&e);
    d->stop_after = 5;
    warden_loop_run(d->loop);
    assert_int_equal(d->n, 5);
    end_close(&e);
}

static void test_hang_up_is_reported(void **state)
{
    struct diary *d = *state;
    struct end e;
    end_open(&e, d, 7);
    warden_watch_events(e.watch, 0);
    close(e.theirs);
    d->stop_after = 1;
    warden_loop_run(d->loop);
    assert_int_equal(d->n, 1);
    close(e.ours);
    warden_watch_remove(NULL);
}

static void test_after_ends_every_round(void **state)
{
    struct diary *d = *state;
    struct end ends[8];
    for (int i = 0; i < 8; i++) {
        end_open(&ends[i], d, i);
        ends[i].keep = true;
        poke(&ends[i]);
        poke(&ends[i]);
    }
    d->stop_after = 2; /* 8 ready callbacks a round, one byte each */
    warden_loop_run(d->loop);
    assert_int_equal(d->n, 16);
    assert_int_equal(d->rounds, 2);
    for (int i = 0; i < 8; i++) {
        end_close(&ends[i]);
    }
}

#define WITH_LOOP(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOOP(test_timers_fire_in_time_order),
        WITH_LOOP(test_cancelled_timers_do_not_fire),
        WITH_LOOP(test_timers_may_be_added_by_timers),
        WITH_LOOP(test_no_more_than_the_most_timers),
        WITH_LOOP(test_posts_of_one_round_end_in_one_after),
        WITH_LOOP(test_posts_from_threads),
        WITH_LOOP(test_posts_from_posts_wait_a_round),
        WITH_LOOP(test_posts_left_at_the_end_are_freed),
        WITH_LOOP(test_removed_watch_is_not_called),
        WITH_LOOP(test_watch_replaced_in_its_callback),
        WITH_LOOP(test_hang_up_is_reported),
        WITH_LOOP(test_after_ends_every_round),
    };
    return cmocka_run_group_tests_name("warden_loop", tests, NULL, NULL);
}
