/*
 * One worker and its socket, from the warden's side: messages are cut by their length however they
 * arrive, and every end (the owner's word, the deadline, a hang-up, a broken frame) is told once, with
 * the worker gone and nothing left open.
 */
#include "test_fake.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "base/time.h"
#include "sandbox/memfd.h"
#include "warden/job.h"
#include "wire/job.h"

enum { MS = 1000000, MESSAGES = 32 };

static const struct warden_job_caps CAPS = {
    .kind = 'r', .memory_mib = 64, .cpu_s = 20, .wall_ns = (uint64_t)20000 * MS};

/* What the warden saw of one job. */
struct seen {
    struct warden w;
    struct warden_job job;
    struct fake zygote;
    size_t lengths[MESSAGES];
    uint8_t first[MESSAGES];
    size_t n;
    size_t wanted; /* messages after which the owner has all it wants; 0 = never */
    size_t ends;
    enum warden_job_end end;
    bool stops; /* the owner stops the job inside a message */
};

static void nothing(void *ctx)
{
    (void)ctx;
}

static bool on_message(void *ctx, struct sy_view m)
{
    struct seen *s = ctx;
    assert_true(s->n < MESSAGES);
    s->lengths[s->n] = m.n;
    s->first[s->n++] = m.p[0];
    if (s->stops) {
        warden_job_stop(&s->job);
        warden_loop_stop(s->w.loop);
        return false;
    }
    return s->n != s->wanted;
}

static void on_end(void *ctx, enum warden_job_end end)
{
    struct seen *s = ctx;
    assert_int_equal(s->job.worker.number, 0); /* gone before it is told */
    s->ends++;
    s->end = end;
    warden_loop_stop(s->w.loop);
}

static struct seen *begin(fake_worker *run)
{
    struct seen *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    fake_start(&s->zygote, run, NULL);
    s->w.loop = warden_loop_new(nothing, NULL);
    s->w.zygote = s->zygote.sock;
    s->job.message = on_message;
    s->job.end = on_end;
    s->job.ctx = s;
    return s;
}

static void finish(struct seen *s)
{
    warden_job_stop(&s->job);
    warden_job_stop(&s->job);
    fake_stop(&s->zygote);
    warden_loop_free(s->w.loop);
    free(s);
}

/* Start with these caps, run to the end, and be back with as many descriptors as before. */
static struct seen *live(fake_worker *run, struct warden_job_caps caps, size_t wanted)
{
    struct seen *s = begin(run);
    struct sy_error err = {0};
    size_t before = fake_open_descriptors();
    s->wanted = wanted;
    check_ok(warden_job_start(&s->w, &s->job, &caps, &err));
    warden_loop_run(s->w.loop);
    assert_int_equal(s->ends, 1);
    assert_int_equal(fake_open_descriptors(), before);
    return s;
}

/* ---- framing ---- */

static void two_at_once(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    static const uint8_t bytes[] = {3, 0, 0,   0, 'a', 'b', 'c', 1,   0,
                                    0, 0, 'z', 2, 0,   0,   0,   'q', 'q'};
    (void)ctx;
    (void)number;
    if (kind == 'r') {
        (void)sy_ok(sy_write_all(sock, bytes, sizeof(bytes)));
    }
    fake_hang();
}

static void check_three(const struct seen *s)
{
    const size_t lengths[] = {3, 1, 2};
    assert_int_equal(s->n, 3);
    assert_memory_equal(s->lengths, lengths, sizeof(lengths));
    assert_memory_equal(s->first, "azq", 3);
    assert_int_equal(s->end, WARDEN_JOB_DONE);
}

static void test_messages_in_one_write(void **state)
{
    (void)state;
    struct seen *s = live(two_at_once, CAPS, 3);
    check_three(s);
    finish(s);
}

static void byte_by_byte(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    static const uint8_t bytes[] = {3, 0, 0,   0, 'a', 'b', 'c', 1,   0,
                                    0, 0, 'z', 2, 0,   0,   0,   'q', 'q'};
    (void)ctx;
    (void)kind;
    (void)number;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        (void)sy_ok(sy_write_all(sock, bytes + i, 1));
        usleep(1000);
    }
    fake_hang();
}

static void test_messages_byte_by_byte(void **state)
{
    (void)state;
    struct seen *s = live(byte_by_byte, CAPS, 3);
    check_three(s);
    finish(s);
}

/* What comes behind the message that the owner was waiting for is not looked at. */
static void test_owner_has_all_it_wants(void **state)
{
    (void)state;
    struct seen *s = live(two_at_once, CAPS, 1);
    assert_int_equal(s->n, 1);
    assert_int_equal(s->end, WARDEN_JOB_DONE);
    finish(s);
}

static void largest(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    static uint8_t zeros[1 << 20];
    const uint8_t prefix[4] = {0, 0, 0, 4};
    (void)ctx;
    (void)kind;
    (void)number;
    (void)sy_ok(sy_write_all(sock, prefix, 4));
    for (size_t i = 0; i < SY_JOB_MESSAGE_MAX >> 20; i++) {
        (void)sy_ok(sy_write_all(sock, zeros, sizeof(zeros)));
    }
    (void)sy_ok(sy_write_all(sock, "\1\0\0\0z", 5));
    fake_hang();
}

static void test_largest_message(void **state)
{
    (void)state;
    struct seen *s = live(largest, CAPS, 2);
    assert_int_equal(s->n, 2);
    assert_int_equal(s->lengths[0], SY_JOB_MESSAGE_MAX);
    assert_int_equal(s->first[1], 'z');
    finish(s);
}

/* ---- what breaks it ---- */

#define SAYS(name, text)                                                                           \
    static void name(void *ctx, uint8_t kind, uint32_t number, int sock)                           \
    {                                                                                              \
        (void)ctx;                                                                                 \
        (void)kind;                                                                                \
        (void)number;                                                                              \
        (void)sy_ok(sy_write_all(sock, text, sizeof(text) - 1));                                   \
    }
SAYS(w_leaves_at_once, "")
SAYS(w_half_a_prefix, "\5\0")
SAYS(w_prefix_alone, "\5\0\0\0")
SAYS(w_half_a_message, "\5\0\0\0ab")
SAYS(w_no_length, "\0\0\0\0")
SAYS(w_too_long, "\1\0\0\4")
SAYS(w_much_too_long, "\xff\xff\xff\xff")
SAYS(w_one_then_no_length, "\1\0\0\0a\0\0\0\0")

static void w_killed(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    (void)ctx;
    (void)kind;
    (void)number;
    (void)sock;
    (void)raise(SIGKILL);
}

static void test_broken_streams_are_crashes(void **state)
{
    (void)state;
    static fake_worker *const workers[] = {w_leaves_at_once, w_half_a_prefix,      w_prefix_alone,
                                           w_half_a_message, w_no_length,          w_too_long,
                                           w_much_too_long,  w_one_then_no_length, w_killed};
    for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
        struct seen *s = live(workers[i], CAPS, 0);
        if (s->end != WARDEN_JOB_CRASH || s->n != (workers[i] == w_one_then_no_length)) {
            fail_msg("worker %zu: end %d after %zu messages", i, s->end, s->n);
        }
        finish(s);
    }
}

/* ---- deadline, stop ---- */

static void silent(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    (void)ctx;
    (void)kind;
    (void)number;
    (void)sock;
    fake_hang();
}

static void trickles(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    (void)ctx;
    (void)kind;
    (void)number;
    (void)sy_ok(sy_write_all(sock, "\xff\xff\0\0", 4));
    while (sy_ok(sy_write_all(sock, "x", 1))) {
        usleep(2000);
    }
}

static void test_deadline(void **state)
{
    (void)state;
    static fake_worker *const workers[] = {silent, trickles};
    for (size_t i = 0; i < 2; i++) {
        struct warden_job_caps caps = CAPS;
        caps.wall_ns = (uint64_t)60 * MS;
        uint64_t from = sy_mono_ns();
        struct seen *s = live(workers[i], caps, 0);
        uint64_t took = sy_mono_ns() - from;
        assert_int_equal(s->end, WARDEN_JOB_OVERRUN);
        assert_int_equal(s->n, 0);
        assert_true(took >= 60 * MS && took < (uint64_t)10000 * MS);
        finish(s);
    }
}

/* Stopped by its owner: nothing is told, nothing is left, the worker is dead. */
static void test_stop(void **state)
{
    (void)state;
    struct seen *s = begin(silent);
    size_t before = fake_open_descriptors();
    check_ok(warden_job_start(&s->w, &s->job, &CAPS, NULL));
    SY_FD_CLEANUP int pidfd = dup(s->job.worker.pidfd);
    struct sandbox_job worker = s->job.worker;
    worker.pidfd = pidfd;
    warden_job_stop(&s->job);
    check_ok(sandbox_job_wait(&worker, 10000));
    sy_fd_close(&pidfd);
    assert_int_equal(s->ends, 0);
    assert_int_equal(fake_open_descriptors(), before);
    warden_job_stop(NULL);
    finish(s);
}

static void test_stop_inside_a_message(void **state)
{
    (void)state;
    struct seen *s = begin(two_at_once);
    s->stops = true;
    check_ok(warden_job_start(&s->w, &s->job, &CAPS, NULL));
    warden_loop_run(s->w.loop);
    assert_int_equal(s->n, 1);
    assert_int_equal(s->ends, 0);
    finish(s);
}

static void test_no_zygote(void **state)
{
    (void)state;
    struct seen *s = begin(silent);
    struct sy_error err = {0};
    size_t before = fake_open_descriptors();
    fake_stop(&s->zygote);
    s->w.zygote = -1;
    assert_false(sy_ok(warden_job_start(&s->w, &s->job, &CAPS, &err)));
    assert_true(err.code != 0);
    assert_int_equal(s->ends, 0);
    s->job.ended = true;
    assert_int_equal(fake_open_descriptors(), before - 1);
    finish(s);
}

/* ---- descriptors ---- */

/* Says how many came with the job, and the job's length. */
static void counts(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    size_t n_fds = 0;
    (void)ctx;
    (void)kind;
    (void)number;
    if (fake_hear(sock, &b, &n_fds)) {
        uint8_t said[2] = {(uint8_t)n_fds, 0};
        fake_say(sock, sy_view(said, b.n == 1000 ? 2 : 1));
    }
    fake_hang();
}

static void test_send_with_descriptors(void **state)
{
    (void)state;
    uint8_t record[1000] = {0};
    int fds[SY_FDS_MAX];
    struct seen *s = begin(counts);
    for (size_t i = 0; i < SY_FDS_MAX; i++) {
        fds[i] = STDIN_FILENO;
    }
    s->wanted = 1;
    check_ok(warden_job_start(&s->w, &s->job, &CAPS, NULL));
    check_code(warden_job_send(s->job.worker.sock, sy_view(record, 0), NULL, 0), SY_E_LIMIT);
    check_code(warden_job_send(s->job.worker.sock, sy_view(record, (size_t)SY_JOB_MESSAGE_MAX + 1),
                               NULL, 0),
               SY_E_LIMIT);
    check_ok(warden_job_send(s->job.worker.sock, sy_view(record, sizeof(record)), fds, SY_FDS_MAX));
    warden_loop_run(s->w.loop);
    assert_int_equal(s->n, 1);
    assert_int_equal(s->first[0], SY_FDS_MAX);
    assert_int_equal(s->lengths[0], 2);
    finish(s);
}

/* Sends descriptors with every message. */
static void passes(void *ctx, uint8_t kind, uint32_t number, int sock)
{
    int fds[3] = {STDIN_FILENO, STDIN_FILENO, sock};
    (void)ctx;
    (void)kind;
    (void)number;
    for (int i = 0; i < 10; i++) {
        (void)sy_ok(sy_send_fds(sock, sy_view("\1\0\0\0f", 5), fds, 3));
    }
    fake_hang();
}

static void test_descriptors_from_a_worker_are_dropped(void **state)
{
    (void)state;
    struct seen *s = live(passes, CAPS, 10);
    assert_int_equal(s->n, 10);
    assert_int_equal(s->end, WARDEN_JOB_DONE);
    finish(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_in_one_write),
        cmocka_unit_test(test_messages_byte_by_byte),
        cmocka_unit_test(test_owner_has_all_it_wants),
        cmocka_unit_test(test_largest_message),
        cmocka_unit_test(test_broken_streams_are_crashes),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stop_inside_a_message),
        cmocka_unit_test(test_no_zygote),
        cmocka_unit_test(test_send_with_descriptors),
        cmocka_unit_test(test_descriptors_from_a_worker_are_dropped),
    };
    return cmocka_run_group_tests_name("warden_job", tests, NULL, NULL);
}
