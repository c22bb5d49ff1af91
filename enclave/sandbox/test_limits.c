/*
 * Caps and races of the sealed worker: address space, processor time, descriptors and threads hold;
 * a worker that ignores its socket dies by its pidfd; and engine threads that are still starting
 * when the filter is put on all threads survive it (engine.md section 2/6: without rseq,
 * set_robust_list and rt_sigprocmask one in four jobs died).
 */
#include "test_sealed.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "base/time.h"
#include "sandbox/memfd.h"

#define RACE_ROUNDS 100

/* ---- memory ---- */

static int act_eat_memory(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    for (int n_mib = 0; n_mib < 4096; n_mib++) {
        void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            return n_mib;
        }
    }
    return 4096;
}

static void test_address_space_is_capped(void **state)
{
    (void)state;
    plain_builds_only();
    struct sealed_job job = {.act = act_eat_memory};
    struct sandbox_limits limits = sealed_limits();
    limits.as_bytes = 256ULL << 20;
    int got_mib = run_sealed(&job, &limits);
    assert_in_range(got_mib, 100, 256);
}

/* ---- processor time ---- */

static int act_spin(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    volatile uint64_t i = 1;
    while (i != 0) {
        i += 2;
    }
    return 0;
}

static void test_processor_time_is_capped(void **state)
{
    (void)state;
    plain_builds_only();
    struct sealed_job job = {.act = act_spin};
    struct sandbox_limits limits = sealed_limits();
    limits.cpu_s = 1;
    uint64_t from = sy_mono_ns();
    assert_int_equal(run_sealed(&job, &limits), DIED_BASE + SIGKILL);
    assert_true(sy_mono_ns() - from >= 900000000U);
}

static void test_hanging_worker_dies_by_its_pidfd(void **state)
{
    (void)state;
    plain_builds_only();
    struct sealed_job job = {.act = act_spin};
    struct sandbox_limits limits = sealed_limits();
    struct sandbox_child child = {.pidfd = -1};
    SY_FD_CLEANUP int sock = -1;
    sealed_start(&job, &limits, &child, &sock);
    struct timespec a_moment = {.tv_nsec = 50000000};
    (void)nanosleep(&a_moment, NULL);
    uint64_t from = sy_mono_ns();
    assert_int_equal(pidfd_send_signal(child.pidfd, SIGKILL, NULL, 0), 0);
    assert_int_equal(sealed_outcome(sock, child.pid), DIED_BASE + SIGKILL);
    assert_true(sy_mono_ns() - from < 1000000000U);
    sy_fd_close(&child.pidfd);
}

/* ---- descriptors ---- */

/* Take what comes until the kernel installs no more; truncation closes that message's. */
static int act_hoard_descriptors(void *arg, int sock)
{
    (void)arg;
    for (int n_taken = 0; n_taken < 64; n_taken++) {
        uint8_t b;
        size_t n;
        size_t n_fds = 0;
        int fd = -1;
        sy_status s = sy_recv_fds(sock, &b, 1, &n, &fd, 1, &n_fds);
        if (!sy_ok(s) || n_fds != 1) {
            return s.code == SY_E_FRAME || sy_ok(s) ? n_taken : 1000;
        }
    }
    return 64;
}

static void test_descriptors_are_capped(void **state)
{
    (void)state;
    plain_builds_only();
    struct sealed_job job = {.act = act_hoard_descriptors};
    struct sandbox_limits limits = sealed_limits();
    struct sandbox_child child = {.pidfd = -1};
    SY_FD_CLEANUP int sock = -1;
    SY_FD_CLEANUP int column = -1;
    limits.n_files = 16;
    check_ok(sandbox_memfd_make("column", sy_view_str("x"), &column));
    sealed_start(&job, &limits, &child, &sock);
    for (int i = 0; i < 20; i++) {
        check_ok(sy_send_fds(sock, sy_view_str("c"), &column, 1));
    }
    assert_int_equal(sealed_outcome(sock, child.pid), 16 - 4);
    sy_fd_close(&child.pidfd);
}

/* ---- threads ---- */

static atomic_int n_started; /* in the child: a copy of its own */

static void *idle(void *arg)
{
    atomic_fetch_add(&n_started, 1);
    for (;;) {
        struct timespec long_time = {.tv_sec = 1000};
        (void)nanosleep(&long_time, NULL);
    }
    return arg;
}

static sy_status prepare_many_threads(void *ctx, uint8_t kind, const struct sandbox_limits *limits)
{
    (void)ctx;
    (void)kind;
    pthread_t t;
    uint32_t n = 1; /* the first thread is there already */
    while (n < 100 && pthread_create(&t, NULL, idle, NULL) == 0) {
        n++;
    }
    return n == limits->n_procs ? SY_OK : sy_status_of(SY_E_LIMIT);
}

static int act_nothing(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    return 0;
}

static void test_threads_are_capped(void **state)
{
    (void)state;
    plain_builds_only();
    struct sealed_job job = {.act = act_nothing, .prepare = prepare_many_threads};
    struct sandbox_limits limits = sealed_limits();
    limits.n_procs = 5;
    assert_int_equal(run_sealed(&job, &limits), 0);
}

static pthread_t engine_threads[2];

/* What engine threads do: allocate (a new arena), fault pages in, give way, sleep, end. */
static void *engine_thread(void *arg)
{
    for (int i = 0; i < 20; i++) {
        uint8_t *p = malloc((size_t)200 << 10);
        if (p != NULL) {
            memset(p, i, (size_t)200 << 10);
        }
        free(p);
        (void)sched_yield();
        struct timespec a_moment = {.tv_nsec = 1000};
        (void)nanosleep(&a_moment, NULL);
    }
    return arg;
}

static sy_status prepare_engine(void *ctx, uint8_t kind, const struct sandbox_limits *limits)
{
    (void)ctx;
    (void)kind;
    (void)limits;
    for (size_t i = 0; i < 2; i++) {
        if (pthread_create(&engine_threads[i], NULL, engine_thread, NULL) != 0) {
            return sy_status_of(SY_E_NO_MEMORY);
        }
    }
    return SY_OK;
}

static int act_join_engine(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    for (size_t i = 0; i < 2; i++) {
        if (pthread_join(engine_threads[i], NULL) != 0) {
            return 1;
        }
    }
    return 0;
}

static void test_starting_threads_survive_the_filter(void **state)
{
    (void)state;
    plain_builds_only();
    struct sealed_job job = {.act = act_join_engine, .prepare = prepare_engine};
    struct sandbox_limits limits = sealed_limits();
    for (int round = 0; round < RACE_ROUNDS; round++) {
        int outcome = run_sealed(&job, &limits);
        if (outcome != 0) {
            fail_msg("round %d: %d", round, outcome);
        }
    }
}

/* The filter covers threads that were there before it: a forbidden call on one of them kills. */
static void *forbidden_later(void *arg)
{
    struct timespec a_moment = {.tv_nsec = 20000000};
    (void)nanosleep(&a_moment, NULL);
    (void)getppid();
    return arg;
}

static sy_status prepare_forbidden(void *ctx, uint8_t kind, const struct sandbox_limits *limits)
{
    (void)ctx;
    (void)kind;
    (void)limits;
    pthread_t *t = &engine_threads[0];
    return pthread_create(t, NULL, forbidden_later, NULL) == 0 ? SY_OK : sy_status_of(SY_E_IO);
}

static int act_join_first(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    return pthread_join(engine_threads[0], NULL);
}

static void test_filter_covers_older_threads(void **state)
{
    (void)state;
    plain_builds_only();
    struct sealed_job job = {.act = act_join_first, .prepare = prepare_forbidden};
    struct sandbox_limits limits = sealed_limits();
    assert_int_equal(run_sealed(&job, &limits), KILLED);
}

/* ---- stopped and continued ---- */

static int act_sleep_a_little(void *arg, int sock)
{
    (void)arg;
    struct timespec a_little = {.tv_nsec = 200000000};
    sy_status ignored = sy_write_all(sock, "s", 1);
    (void)ignored;
    return nanosleep(&a_little, NULL) == 0 ? 0 : errno;
}

/* As a freezer, a debugger or a suspended machine does; the kernel resumes a sleep through
 * restart_syscall. */
static void test_stopped_worker_goes_on(void **state)
{
    (void)state;
    plain_builds_only();
    struct sealed_job job = {.act = act_sleep_a_little};
    struct sandbox_limits limits = sealed_limits();
    struct sandbox_child child = {.pidfd = -1};
    SY_FD_CLEANUP int sock = -1;
    uint8_t b;
    struct timespec a_moment = {.tv_nsec = 50000000};
    sealed_start(&job, &limits, &child, &sock);
    check_ok(sy_read_all(sock, &b, 1));
    (void)nanosleep(&a_moment, NULL);
    assert_int_equal(pidfd_send_signal(child.pidfd, SIGSTOP, NULL, 0), 0);
    (void)nanosleep(&a_moment, NULL);
    assert_int_equal(pidfd_send_signal(child.pidfd, SIGCONT, NULL, 0), 0);
    assert_int_equal(sealed_outcome(sock, child.pid), 0);
    sy_fd_close(&child.pidfd);
}

/* ---- libc in a worker ---- */

/* libc's note of the main thread's id is the new namespace's, not the zygote's: recursive locks
 * depend on it. An error-checking lock tells: it must see its owner again. */
static int act_lock_twice(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    pthread_mutexattr_t kind;
    pthread_mutex_t lock;
    (void)pthread_mutexattr_init(&kind);
    (void)pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
    (void)pthread_mutex_init(&lock, &kind);
    (void)pthread_mutex_lock(&lock);
    return lock.__data.__owner == 1 ? pthread_mutex_lock(&lock) : -1;
}

static int compare_bytes(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* Ordinary library calls of a job: growing allocations, sorting, formatting, the clock. */
static int act_ordinary_work(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    char text[64];
    uint8_t *p = NULL;
    for (size_t n = 1; n <= (size_t)8 << 20; n *= 2) {
        uint8_t *q = realloc(p, n);
        if (q == NULL) {
            free(p);
            return 1;
        }
        p = q;
        memset(p, (int)n, n);
    }
    qsort(p, (size_t)1 << 20, 1, compare_bytes);
    free(p);
    time_t now = time(NULL);
    struct tm tm;
    (void)gmtime_r(&now, &tm);
    return snprintf(text, sizeof(text), "%d %.3f", tm.tm_year, (double)now) > 0 ? 0 : 2;
}

static void test_libc_works_in_a_worker(void **state)
{
    (void)state;
    plain_builds_only();
    struct sandbox_limits limits = sealed_limits();
    struct sealed_job lock = {.act = act_lock_twice};
    struct sealed_job work = {.act = act_ordinary_work};
    assert_int_equal(run_sealed(&lock, &limits), EDEADLK);
    assert_int_equal(run_sealed(&work, &limits), 0);
}

/* The kernel never caps root's threads; a zygote is not root, so neither is this test. */
static int setup_nobody(void **state)
{
    (void)state;
    return geteuid() != 0 || sy_ok(sandbox_drop_to(65534, 65534, NULL)) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_space_is_capped),
        cmocka_unit_test(test_processor_time_is_capped),
        cmocka_unit_test(test_hanging_worker_dies_by_its_pidfd),
        cmocka_unit_test(test_descriptors_are_capped),
        cmocka_unit_test(test_threads_are_capped),
        cmocka_unit_test(test_starting_threads_survive_the_filter),
        cmocka_unit_test(test_filter_covers_older_threads),
        cmocka_unit_test(test_stopped_worker_goes_on),
        cmocka_unit_test(test_libc_works_in_a_worker),
    };
    return cmocka_run_group_tests(tests, setup_nobody, NULL);
}
