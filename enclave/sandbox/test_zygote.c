/*
 * The fork server end to end: a zygote in a child process, asked by the test as the warden asks it.
 * Also its permit table from the hostile side: each malformed request ends it, each refusable one
 * is refused and leaves it serving.
 */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "base/time.h"
#include "sandbox/memfd.h"
#include "sandbox/process.h"
#include "sandbox/zygote.h"

enum kind { KIND_ECHO = 0, KIND_COLUMN, KIND_SLEEP, KIND_BAD_PREPARE, KIND_WRONG_RESULT };

static const struct sandbox_limits LIMITS = {
    .as_bytes = 1ULL << 33, .cpu_s = 20, .n_files = 64, .n_procs = 8};

/* ---- the worker's side ---- */

static sy_status prepare(void *ctx, uint8_t kind, const struct sandbox_limits *limits)
{
    (void)ctx;
    (void)limits;
    return kind == KIND_BAD_PREPARE ? sy_status_of(SY_E_STATE) : SY_OK;
}

/* Echo bytes until end of file. */
static int run_echo(int sock)
{
    uint8_t b;
    while (sy_ok(sy_read_all(sock, &b, 1))) {
        if (!sy_ok(sy_write_all(sock, &b, 1))) {
            return 1;
        }
    }
    return 0;
}

/* Receive one column, check and map it, answer its first byte. */
static int run_column(int sock)
{
    uint8_t size = 0;
    size_t n = 0;
    size_t n_fds = 0;
    int fd = -1;
    struct sandbox_map map = {0};
    if (!sy_ok(sy_recv_fds(sock, &size, 1, &n, &fd, 1, &n_fds)) || n_fds != 1 ||
        !sy_ok(sandbox_memfd_map(fd, size, &map))) {
        return 1;
    }
    return sy_ok(sy_write_all(sock, map.p, 1)) ? 0 : 1;
}

/* As a job that hangs: it does not even look at its socket. */
static int run_sleep(int sock)
{
    if (!sy_ok(sy_write_all(sock, "s", 1))) {
        return 1;
    }
    for (;;) {
        struct timespec long_time = {.tv_sec = 1000};
        (void)nanosleep(&long_time, NULL);
    }
}

static int run(void *ctx, uint8_t kind, int sock)
{
    (void)ctx;
    if (kind == KIND_WRONG_RESULT) {
        return 1000;
    }
    if (kind == KIND_SLEEP) {
        return run_sleep(sock);
    }
    return kind == KIND_COLUMN ? run_column(sock) : run_echo(sock);
}

/* ---- fixture ---- */

struct fixture {
    pid_t pid;
    int sock;    /* as the warden */
    int control; /* as the supervisor */
};

static int start(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    int sock[2];
    int control[2];
    const int type = SOCK_SEQPACKET | SOCK_CLOEXEC;
    assert_non_null(f);
    assert_int_equal(socketpair(AF_UNIX, type, 0, sock), 0);
    assert_int_equal(socketpair(AF_UNIX, type, 0, control), 0);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (f->pid == 0) {
        (void)close(sock[0]);
        (void)close(control[0]);
        sy_log_setup("zygote", SY_LOG_ERROR);
        struct sandbox_worker_ops ops = {.prepare = prepare, .run = run, .control_fd = control[1]};
        sy_status s = sandbox_zygote_serve(sock[1], &ops, NULL);
        _exit(sy_ok(s) ? 0 : s.code == SY_E_FRAME ? 1 : 2);
    }
    (void)close(sock[1]);
    (void)close(control[1]);
    f->sock = sock[0];
    f->control = control[0];
    uint8_t what = 0;
    check_ok(sandbox_control_next(f->control, &what, NULL));
    assert_int_equal(what, SANDBOX_CONTROL_READY);
    *state = f;
    return 0;
}

/* Waits for the zygote's end; returns its exit status. */
static int await_end(struct fixture *f)
{
    int status = 0;
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    f->pid = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int stop(void **state)
{
    struct fixture *f = *state;
    sy_fd_close(&f->sock);
    if (f->pid != 0 && await_end(f) != 0) {
        return -1;
    }
    sy_fd_close(&f->control);
    free(f);
    return 0;
}

static void spawn(struct fixture *f, enum kind kind, struct sandbox_job *ret)
{
    check_ok(sandbox_spawn(f->sock, &LIMITS, (uint8_t)kind, ret));
}

static void check_echo(const struct sandbox_job *job)
{
    uint8_t back = 0;
    check_ok(sy_write_all(job->sock, "e", 1));
    check_ok(sy_read_all(job->sock, &back, 1));
    assert_int_equal(back, 'e');
}

/* ---- tests ---- */

static void test_trial_passes_here(void **state)
{
    (void)state;
    struct sy_error e = {0};
    sy_status s = sandbox_zygote_trial(&e);
    if (!sy_ok(s)) {
        fail_msg("%s", e.reason);
    }
}

static void test_job_round_trip(void **state)
{
    struct fixture *f = *state;
    SANDBOX_JOB_CLEANUP struct sandbox_job job = SANDBOX_JOB_NULL;
    spawn(f, KIND_ECHO, &job);
    check_echo(&job);
    check_code(sandbox_job_wait(&job, 0), SY_E_TIMEOUT);
    assert_int_equal(shutdown(job.sock, SHUT_WR), 0);
    check_ok(sandbox_job_wait(&job, 10000));
    sandbox_job_close(&job);
    assert_int_equal(job.sock, -1);
    sandbox_job_close(&job);
    sandbox_job_close(NULL);
}

static void test_column_arrives_sealed(void **state)
{
    struct fixture *f = *state;
    SANDBOX_JOB_CLEANUP struct sandbox_job job = SANDBOX_JOB_NULL;
    SY_FD_CLEANUP int fd = -1;
    uint8_t size = 3;
    uint8_t first = 0;
    check_ok(sandbox_memfd_make("column", sy_view_str("xyz"), &fd));
    spawn(f, KIND_COLUMN, &job);
    check_ok(sy_send_fds(job.sock, sy_view(&size, 1), &fd, 1));
    check_ok(sy_read_all(job.sock, &first, 1));
    assert_int_equal(first, 'x');
}

static void test_unsealed_column_is_refused_by_the_worker(void **state)
{
    struct fixture *f = *state;
    SANDBOX_JOB_CLEANUP struct sandbox_job job = SANDBOX_JOB_NULL;
    SY_FD_CLEANUP int fd = -1;
    uint8_t size = 3;
    uint8_t first = 0;
    check_ok(sandbox_memfd_create("column", &fd));
    check_ok(sandbox_memfd_append(fd, sy_view_str("xyz")));
    spawn(f, KIND_COLUMN, &job);
    check_ok(sy_send_fds(job.sock, sy_view(&size, 1), &fd, 1));
    check_code(sy_read_all(job.sock, &first, 1), SY_E_CLOSED);
}

static void test_jobs_are_apart(void **state)
{
    struct fixture *f = *state;
    struct sandbox_job jobs[4];
    for (size_t i = 0; i < 4; i++) {
        spawn(f, KIND_ECHO, &jobs[i]);
        assert_int_equal(jobs[i].number, i + 1);
    }
    check_ok(sandbox_kill(&jobs[1]));
    check_ok(sandbox_job_wait(&jobs[1], 10000));
    check_echo(&jobs[0]);
    check_echo(&jobs[3]);
    for (size_t i = 0; i < 4; i++) {
        sandbox_job_close(&jobs[i]);
    }
}

static uint64_t kill_after(struct sandbox_job *job)
{
    uint8_t b = 0;
    check_ok(sy_read_all(job->sock, &b, 1));
    uint64_t from = sy_mono_ns();
    check_ok(sandbox_kill(job));
    check_ok(sandbox_job_wait(job, 10000));
    return (sy_mono_ns() - from) / 1000000;
}

static void test_deadline_kill_by_pidfd(void **state)
{
    struct fixture *f = *state;
    SANDBOX_JOB_CLEANUP struct sandbox_job job = SANDBOX_JOB_NULL;
    spawn(f, KIND_SLEEP, &job);
    assert_true(kill_after(&job) < 1000);
    check_ok(sandbox_kill(&job)); /* gone already */
}

/* An asker that may not signal the worker itself asks the zygote. */
static void test_deadline_kill_by_request(void **state)
{
    struct fixture *f = *state;
    SANDBOX_JOB_CLEANUP struct sandbox_job job = SANDBOX_JOB_NULL;
    spawn(f, KIND_SLEEP, &job);
    struct sandbox_job asked = job;
    asked.pidfd = job.sock; /* not a pidfd: signalling fails, whoever the test runs as */
    uint8_t b = 0;
    check_ok(sy_read_all(job.sock, &b, 1));
    check_ok(sandbox_kill(&asked));
    check_ok(sandbox_job_wait(&job, 10000));
}

static void test_failed_prepare_ends_the_job_only(void **state)
{
    struct fixture *f = *state;
    struct sandbox_job job = SANDBOX_JOB_NULL;
    const enum kind kinds[] = {KIND_BAD_PREPARE, KIND_WRONG_RESULT};
    for (size_t i = 0; i < 2; i++) {
        uint8_t b = 0;
        spawn(f, kinds[i], &job);
        check_code(sy_read_all(job.sock, &b, 1), SY_E_CLOSED);
        sandbox_job_close(&job);
    }
    spawn(f, KIND_ECHO, &job);
    check_echo(&job);
    sandbox_job_close(&job);
}

static void test_limits_are_checked_by_the_asker(void **state)
{
    struct fixture *f = *state;
    struct sandbox_job job = SANDBOX_JOB_NULL;
    struct sandbox_limits none = {0};
    check_code(sandbox_spawn(f->sock, &none, 0, &job), SY_E_FIELD);
    assert_int_equal(job.number, 0);
}

static void test_no_more_than_the_most_jobs(void **state)
{
    struct fixture *f = *state;
    static struct sandbox_job jobs[SANDBOX_JOBS_MAX];
    struct sandbox_job one_more = SANDBOX_JOB_NULL;
    for (size_t i = 0; i < SANDBOX_JOBS_MAX; i++) {
        spawn(f, KIND_SLEEP, &jobs[i]);
    }
    check_code(sandbox_spawn(f->sock, &LIMITS, KIND_ECHO, &one_more), SY_E_BUSY);
    for (size_t i = 0; i < SANDBOX_JOBS_MAX; i++) {
        sandbox_job_close(&jobs[i]);
    }
    /* killed workers count until they are gone */
    for (int tries = 0; tries < 500 && one_more.number == 0; tries++) {
        struct timespec a_moment = {.tv_nsec = 10000000};
        (void)nanosleep(&a_moment, NULL);
        sy_status ignored = sandbox_spawn(f->sock, &LIMITS, KIND_ECHO, &one_more);
        (void)ignored;
    }
    assert_true(one_more.number > SANDBOX_JOBS_MAX);
    sandbox_job_close(&one_more);
}

static void test_workers_die_with_the_zygote(void **state)
{
    struct fixture *f = *state;
    struct sandbox_job job = SANDBOX_JOB_NULL;
    uint8_t b = 0;
    spawn(f, KIND_SLEEP, &job);
    check_ok(sy_read_all(job.sock, &b, 1));
    assert_int_equal(kill(f->pid, SIGKILL), 0);
    assert_int_equal(waitpid(f->pid, NULL, 0), f->pid);
    f->pid = 0;
    check_ok(sandbox_job_wait(&job, 10000));
    sandbox_job_close(&job);
}

static void test_hang_up_of_either_edge_ends_it(void **state)
{
    struct fixture *f = *state;
    struct sandbox_job job = SANDBOX_JOB_NULL;
    uint8_t b = 0;
    spawn(f, KIND_SLEEP, &job);
    check_ok(sy_read_all(job.sock, &b, 1));
    sy_fd_close(&f->control);
    assert_int_equal(await_end(f), 0);
    check_ok(sandbox_job_wait(&job, 0)); /* reaped before the zygote's own end */
    struct sandbox_job none = SANDBOX_JOB_NULL;
    check_code(sandbox_spawn(f->sock, &LIMITS, KIND_ECHO, &none), SY_E_CLOSED);
    sandbox_job_close(&job);
}

/* ---- hostile requests ---- */

struct hostile {
    const char *name;
    uint8_t bytes[40];
    size_t n;
    size_t n_fds;
};

static const struct hostile FATAL[] = {
    {"short", {2}, 27, 1},
    {"long", {2}, 29, 1},
    {"one byte", {2}, 1, 1},
    {"unknown id", {6}, 28, 0},
    {"an answer's id", {3}, 28, 0},
    {"padding", {2, 0, 1}, 28, 1},
    {"spawn without descriptor", {2}, 28, 0},
    {"spawn with two", {2}, 28, 2},
    {"kill with descriptor", {4}, 28, 1},
};

static void send_hostile(struct fixture *f, const struct hostile *h)
{
    int fds[2] = {STDIN_FILENO, STDIN_FILENO};
    check_ok(sy_send_fds(f->sock, sy_view(h->bytes, h->n), fds, h->n_fds));
}

static void test_malformed_requests_end_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(FATAL) / sizeof(FATAL[0]); i++) {
        struct fixture *f = NULL;
        assert_int_equal(start((void **)&f), 0);
        send_hostile(f, &FATAL[i]);
        int status = await_end(f);
        if (status != 1) {
            fail_msg("%s: exit status %d", FATAL[i].name, status);
        }
        assert_int_equal(stop((void **)&f), 0);
    }
}

/* Refusable: wrong values in a well-formed request. {limits of zero; a descriptor that is no stream
 * socket; a job that is not there}. The zygote goes on. */
static void test_wrong_values_are_refused(void **state)
{
    struct fixture *f = *state;
    struct hostile cases[] = {
        {"limits", {2}, 28, 1},
        {"descriptor",
         {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 1, 0, 0, 0, 64, 0, 0, 0, 1},
         28,
         1},
        {"job", {4, 0, 0, 0, 9}, 28, 0},
    };
    const int32_t want[] = {SY_E_FIELD, SY_E_FIELD, SY_E_NOT_FOUND};
    for (size_t i = 0; i < 3; i++) {
        uint8_t back[12] = {0};
        send_hostile(f, &cases[i]);
        check_ok(sy_read_all(f->sock, back, sizeof(back)));
        assert_int_equal(back[0], cases[i].bytes[0] + 1);
        assert_int_equal(back[4] | back[5] << 8, want[i]);
    }
    SANDBOX_JOB_CLEANUP struct sandbox_job job = SANDBOX_JOB_NULL;
    spawn(f, KIND_ECHO, &job);
    check_echo(&job);
}

/* ---- speed ---- */

static int compare_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* From asking to the first byte of a sealed worker. Not a bound on speed, but on doing something
 * foolish between fork and seal. */
static void test_spawn_is_fast(void **state)
{
    struct fixture *f = *state;
    uint64_t took[51];
    for (size_t i = 0; i < 51; i++) {
        SANDBOX_JOB_CLEANUP struct sandbox_job job = SANDBOX_JOB_NULL;
        uint64_t from = sy_mono_ns();
        spawn(f, KIND_ECHO, &job);
        check_echo(&job);
        took[i] = sy_mono_ns() - from;
    }
    qsort(took, 51, sizeof(took[0]), compare_ns);
    print_message("# spawn to first byte: median %.2f ms, least %.2f ms\n", (double)took[25] / 1e6,
                  (double)took[0] / 1e6);
    assert_true(took[25] < 250000000U);
}

#define WITH_ZYGOTE(t) cmocka_unit_test_setup_teardown(t, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trial_passes_here),
        WITH_ZYGOTE(test_job_round_trip),
        WITH_ZYGOTE(test_column_arrives_sealed),
        WITH_ZYGOTE(test_unsealed_column_is_refused_by_the_worker),
        WITH_ZYGOTE(test_jobs_are_apart),
        WITH_ZYGOTE(test_deadline_kill_by_pidfd),
        WITH_ZYGOTE(test_deadline_kill_by_request),
        WITH_ZYGOTE(test_failed_prepare_ends_the_job_only),
        WITH_ZYGOTE(test_limits_are_checked_by_the_asker),
        WITH_ZYGOTE(test_no_more_than_the_most_jobs),
        WITH_ZYGOTE(test_workers_die_with_the_zygote),
        WITH_ZYGOTE(test_hang_up_of_either_edge_ends_it),
        cmocka_unit_test(test_malformed_requests_end_it),
        WITH_ZYGOTE(test_wrong_values_are_refused),
        WITH_ZYGOTE(test_spawn_is_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
