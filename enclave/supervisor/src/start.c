/*
 * Starting one role: a fork, its descriptors at their fixed numbers, a clean environment, exec.
 * Invariants: the new program has standard error, /dev/null twice, and what ROLES grants it, and
 * nothing else; it dies with the supervisor.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "supervisor.h"

#define OUT_OF_THE_WAY 64 /* above every fixed number */

static int number_of(size_t handed)
{
    return HANDED_FIRST_FD + (int)handed;
}

static bool is_granted(enum role role, size_t handed)
{
    return (ROLES[role].grants & (1U << handed)) != 0;
}

/* Program, --fd NAME=N per grant, the extra arguments, NULL. */
struct arguments {
    const char *argv[1 + 2 * N_HANDED + ROLE_ARGS_MAX + 1];
    char fds[N_HANDED][32];
};

static void build_arguments(const struct supervisor *s, enum role role, struct arguments *ret)
{
    size_t n = 0;
    memset(ret, 0, sizeof(*ret));
    ret->argv[n++] = s->programs[role];
    for (size_t i = 0; i < N_HANDED; i++) {
        if (is_granted(role, i)) {
            (void)snprintf(ret->fds[i], sizeof(ret->fds[i]), "%s=%d", HANDED[i].name, number_of(i));
            ret->argv[n++] = "--fd";
            ret->argv[n++] = ret->fds[i];
        }
    }
    for (size_t i = 0; i < s->settings->n_args[role]; i++) {
        ret->argv[n++] = s->settings->args[role][i];
    }
}

/* Two rounds, so that no number is overwritten while it is still to be read. */
static bool place_descriptors(const struct supervisor *s, enum role role)
{
    int away[N_HANDED];
    for (size_t i = 0; i < N_HANDED; i++) {
        away[i] =
            is_granted(role, i) ? fcntl(s->held[role][i], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY) : -1;
        if (is_granted(role, i) && away[i] < 0) {
            return false;
        }
    }
    if (close_range(HANDED_FIRST_FD, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        return false;
    }
    for (size_t i = 0; i < N_HANDED; i++) {
        if (away[i] >= 0 && dup2(away[i], number_of(i)) < 0) {
            return false;
        }
    }
    return true;
}

/* Standard input and output lead nowhere; our standard output is for "ready" alone. */
static bool place_standard(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0;
}

/* A session of its own, so that the terminal's Ctrl-C reaches the supervisor only. */
static bool leave_parent(pid_t parent)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)setsid();
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_DFL);
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent &&
           sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

/* Is this variable the tester's: in a sanitizer build how to report, in a weak one which weakness? */
static bool is_passed_on(const char *variable)
{
#ifdef SY_WEAK_BUILD
    if (strncmp(variable, "SHUYU_WEAK=", 11) == 0) {
        return true;
    }
#endif
#ifdef SY_SANITIZED
    const char *equals = strstr(variable, "SAN_OPTIONS=");
    return equals != NULL && equals < strchr(variable, '=');
#else
    (void)variable;
    return false;
#endif
}

#define ENVIRONMENT_MAX 8

static void build_environment(const char *ret[ENVIRONMENT_MAX])
{
    size_t n = 0;
    ret[n++] = "PATH=/usr/bin:/bin";
    ret[n++] = "LANG=C.UTF-8";
    ret[n++] = "TZ=UTC";
    for (char **e = environ; *e != NULL && n + 1 < ENVIRONMENT_MAX; e++) {
        if (is_passed_on(*e)) {
            ret[n++] = *e;
        }
    }
    ret[n] = NULL;
}

__attribute__((noreturn)) static void become(const struct supervisor *s, enum role role,
                                             pid_t parent)
{
    struct arguments a;
    const char *environment[ENVIRONMENT_MAX];
    build_arguments(s, role, &a);
    build_environment(environment);
    if (leave_parent(parent) && place_standard() && place_descriptors(s, role)) {
        (void)execve(a.argv[0], (char *const *)(uintptr_t)a.argv,
                     (char *const *)(uintptr_t)environment);
    }
    _exit(127);
}

static void close_edges(struct supervisor *s, enum role role)
{
    for (size_t i = 0; i < N_HANDED; i++) {
        if (HANDED[i].is_edge) {
            sy_fd_close(&s->held[role][i]);
        }
    }
}

/* The child, with a descriptor to watch it by; without one it is not kept. */
static sy_status fork_role(struct supervisor *s, enum role role, int *ret_pidfd, pid_t *ret_pid)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become(s, role, parent);
    }
    if (pid < 0) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    *ret_pid = pid;
    *ret_pidfd = pidfd_open(pid, 0);
    if (*ret_pidfd < 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return sy_status_of(SY_E_KERNEL);
    }
    return SY_OK;
}

sy_status start_role(struct supervisor *s, enum role role, struct sy_error *reterr)
{
    struct process *p = &s->processes[role];
    sy_status st = fork_role(s, role, &p->pidfd, &p->pid);
    close_edges(s, role);
    if (!sy_ok(st)) {
        return sy_fail(reterr, st.code, ROLES[role].name, "the process cannot be started");
    }
    unsigned ready_ms = ROLES[role].ready_ms;
    p->state = STATE_STARTING;
    p->deadline_ns = ready_ms == 0 ? 0 : sy_mono_ns() + ready_ms * 1000000ULL;
    st = place_write_pid(s, ROLES[role].name, p->pid);
    return sy_ok(st) ? st : sy_fail(reterr, st.code, "run", "the pid file cannot be written");
}
