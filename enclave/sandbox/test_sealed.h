/*
 * For the tests that look at a worker from inside: run a function in a really sealed child, or in
 * an unsealed one as the negative control, and tell how it ended.
 */
#ifndef SANDBOX_TEST_SEALED_H
#define SANDBOX_TEST_SEALED_H

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "sandbox/process.h"
#include "sandbox/seal.h"

/* What a child reports over its socket, or how it died instead. */
#define DIED_BASE 1000
#define KILLED    (DIED_BASE + SIGSYS) /* by the filter */
#define CRASHED   (DIED_BASE + SIGSEGV)

/* The act of a child: 0 or a positive errno-like number. job_sock is where to receive from. */
typedef int (*sealed_act)(void *arg, int job_sock);

struct sealed_job {
    sealed_act act;
    void *arg;
    sy_status (*prepare)(void *ctx, uint8_t kind, const struct sandbox_limits *limits);
};

static inline int sealed_report(sealed_act act, void *arg, int sock)
{
    int32_t result = act(arg, sock);
    return sy_ok(sy_write_all(sock, &result, sizeof(result))) ? 0 : 1;
}

static inline int sealed_run(void *ctx, uint8_t kind, int job_sock)
{
    (void)kind;
    const struct sealed_job *job = ctx;
    return sealed_report(job->act, job->arg, job_sock);
}

static inline struct sandbox_limits sealed_limits(void)
{
    return (struct sandbox_limits){
        .as_bytes = 1ULL << 32, .cpu_s = 20, .n_files = 64, .n_procs = 8};
}

/* The result that came, or DIED_BASE + signal. Anything else fails the test. */
static inline int sealed_outcome(int sock, pid_t pid)
{
    int32_t result = 0;
    bool reported = sy_ok(sy_read_all(sock, &result, sizeof(result)));
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        return DIED_BASE + WTERMSIG(status);
    }
    if (!reported) {
        fail_msg("the child exited with %d and said nothing", WEXITSTATUS(status));
    }
    return result;
}

/* Fork and seal; the caller owns *ret_sock and reaps *ret. */
static inline void sealed_start(struct sealed_job *job, const struct sandbox_limits *limits,
                                struct sandbox_child *ret, int *ret_sock)
{
    struct sandbox_program program = {0};
    struct sy_error e = {0};
    int ends[2];
    struct sandbox_worker_ops ops = {.prepare = job->prepare, .run = sealed_run};
    check_ok(sandbox_program_compile(sandbox_worker_filter(), &program, &e));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    SY_FD_CLEANUP int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    SY_FD_CLEANUP int self = pidfd_open(getpid(), 0);
    struct sandbox_sealing sealing = {.limits = limits,
                                      .program = &program,
                                      .ops = &ops,
                                      .ctx = job,
                                      .job_sock = ends[1],
                                      .null_fd = null_fd,
                                      .parent_pidfd = self};
    check_ok(sandbox_fork_sealed(&sealing, ret, &e));
    assert_int_equal(close(ends[1]), 0);
    sandbox_program_free(&program);
    *ret_sock = ends[0];
}

static inline int run_sealed(struct sealed_job *job, const struct sandbox_limits *limits)
{
    struct sandbox_child child = {.pidfd = -1};
    SY_FD_CLEANUP int sock = -1;
    sealed_start(job, limits, &child, &sock);
    int outcome = sealed_outcome(sock, child.pid);
    sy_fd_close(&child.pidfd);
    return outcome;
}

static inline int run_unsealed(sealed_act act, void *arg)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(sealed_report(act, arg, ends[1]));
    }
    assert_int_equal(close(ends[1]), 0);
    int outcome = sealed_outcome(ends[0], pid);
    assert_int_equal(close(ends[0]), 0);
    return outcome;
}

/* Skip, visibly, in sanitizer builds: their workers run under another filter. */
static inline void plain_builds_only(void)
{
#ifdef SY_SANITIZED
    print_message("# skipped: sanitizer builds do not run the shipped filter\n");
    skip();
#endif
}

#endif
