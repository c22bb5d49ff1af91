/*
 * The sealing order as a table, and the child that walks it. A child is in one of three states:
 * not sealed (walking; any failure ends it with the step's number), sealed (running the job), gone.
 * There is no way back and no way to skip: the walk has no branches.
 * Why this order: namespaces give the capabilities that the root step needs; Landlock forbids
 * mounting, so it comes after; threads would escape Landlock, so `prepare` comes after that; the
 * filter forbids nearly all that the other steps do, so it comes last. No data reaches the child
 * before the filter is on: the job's socket is not read until ops->run.
 */
#include "sandbox/seal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "fail.h"

#define NULL_FD (SANDBOX_JOB_FD + 1)

/* PR_SET_PDEATHSIG misses a parent that died before the call: its pidfd tells. */
static sy_status enter_parent(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    struct pollfd parent = {.fd = s->parent_pidfd, .events = POLLIN};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || poll(&parent, 1, 0) != 0) {
        return sandbox_fail(reterr, "the parent is gone");
    }
    return SY_OK;
}

/* Both are first moved out of the way of the numbers they are to have. */
static sy_status enter_descriptors(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    int job = fcntl(s->job_sock, F_DUPFD_CLOEXEC, NULL_FD + 1);
    int null = fcntl(s->null_fd, F_DUPFD_CLOEXEC, NULL_FD + 1);
    if (job < 0 || null < 0 || dup3(job, SANDBOX_JOB_FD, O_CLOEXEC) < 0 ||
        dup3(null, NULL_FD, O_CLOEXEC) < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0) {
        return sandbox_fail(reterr, "descriptors");
    }
    if (close_range(NULL_FD + 1, ~0U, 0) != 0) {
        return sandbox_fail(reterr, "close_range");
    }
    return SY_OK;
}

static sy_status enter_root(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    (void)s;
    return sandbox_enter_empty_root(reterr);
}

static sy_status enter_limits(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    /* BOUNDARY: the zygote checked them; a limit of 0 would mean none at all for some of them. */
    SY_TRY(sandbox_limits_check(s->limits, reterr));
    return sandbox_enter_limits(s->limits, reterr);
}

static sy_status enter_capabilities(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    (void)s;
    return sandbox_enter_no_capabilities(true, reterr);
}

static sy_status enter_privileges(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    (void)s;
    return sandbox_enter_no_privileges(reterr);
}

static sy_status enter_landlock(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    (void)s;
    return sandbox_enter_landlock(reterr);
}

static sy_status enter_prepare(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    if (s->trial || s->ops->prepare == NULL) {
        return SY_OK;
    }
    sy_status st = s->ops->prepare(s->ctx, s->kind, s->limits);
    return sy_ok(st) ? SY_OK : sy_fail(reterr, st.code, "prepare", NULL);
}

static sy_status enter_silence(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    (void)s;
    if (dup2(NULL_FD, STDERR_FILENO) < 0 || close(NULL_FD) != 0) {
        return sandbox_fail(reterr, "standard error");
    }
    return SY_OK;
}

static sy_status enter_seccomp(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    return sandbox_enter_filter(s->program, reterr);
}

static const struct step {
    const char *name;
    sy_status (*enter)(const struct sandbox_sealing *s, struct sy_error *reterr);
} STEPS[] = {
    {"parent", enter_parent},
    {"descriptors", enter_descriptors},
    {"root", enter_root},
    {"limits", enter_limits},
    {"capabilities", enter_capabilities},
    {"privileges", enter_privileges},
    {"landlock", enter_landlock},
    {"prepare", enter_prepare},
    {"silence", enter_silence},
    {"seccomp", enter_seccomp},
};
#define N_STEPS (sizeof(STEPS) / sizeof(STEPS[0]))

const char *sandbox_step_name(size_t i)
{
    return i < N_STEPS ? STEPS[i].name : NULL;
}

/* Walk the table; returns how many steps were taken. */
static size_t take_steps(const struct sandbox_sealing *s, struct sy_error *reterr)
{
    size_t i = 0;
    while (i < N_STEPS && sy_ok(STEPS[i].enter(s, reterr))) {
        i++;
    }
    return i;
}

/* Before the descriptors step the job's socket still has its old number. */
static void report_trial(const struct sandbox_sealing *s, size_t taken, const struct sy_error *e)
{
    int fd = taken > 1 ? SANDBOX_JOB_FD : s->job_sock;
    if (s->trial && !sy_ok(sy_write_all(fd, e, sizeof(*e)))) {
        _exit(SANDBOX_EXIT_UNSEALED);
    }
}

__attribute__((noreturn)) static void be_worker(const struct sandbox_sealing *s)
{
    struct sy_error e = {0};
    size_t taken = take_steps(s, &e);
    report_trial(s, taken, &e);
    if (taken < N_STEPS) {
        sy_log(SY_LOG_ERROR, "worker not sealed",
               SY_LOGF_ID("step", sy_view_str(STEPS[taken].name)), SY_LOGF_CODE(e.code));
        _exit(SANDBOX_EXIT_UNSEALED + (int)taken);
    }
    int result = s->trial ? 0 : s->ops->run(s->ctx, s->kind, SANDBOX_JOB_FD);
    _exit(result >= 0 && result < SANDBOX_EXIT_UNSEALED ? result : SANDBOX_EXIT_UNSEALED - 1);
}

sy_status sandbox_fork_sealed(const struct sandbox_sealing *sealing, struct sandbox_child *ret,
                              struct sy_error *reterr)
{
    struct sandbox_child child = {.pidfd = -1};
    SY_TRY(sandbox_enter_namespaces(&child, reterr));
    if (child.pid == 0) {
        be_worker(sealing);
    }
    *ret = child;
    return SY_OK;
}
