/*
 * The steps that concern namespaces, the root folder, limits and the filter; landlock.c and
 * capabilities.c have the others, seal.c puts them in order.
 * Invariants: no step depends on a file of the host but /tmp (as a place to mount on); no id is
 * mapped into the new user namespace, so the worker is nobody there and can become no one else.
 */
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"
#include "sandbox/seal.h"

#define NAMESPACES                                                                                 \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |     \
     CLONE_NEWCGROUP)

/* libc remembers the thread's id (recursive locks compare it) and updates it in its own fork(), but
 * has no fork with namespaces. The kernel knows where: libc registered the place at start-up. A
 * stale id would sooner or later equal that of an engine thread in the new pid namespace. */
static sy_status tid_place(pid_t **ret, struct sy_error *reterr)
{
    pid_t *place = NULL;
    if (prctl(PR_GET_TID_ADDRESS, &place, 0, 0, 0) != 0) {
        return sandbox_fail(reterr, "PR_GET_TID_ADDRESS");
    }
    if (place == NULL || *place != gettid()) {
        return sy_fail(reterr, SY_E_KERNEL, "sandbox", "libc keeps the thread's id elsewhere");
    }
    *ret = place;
    return SY_OK;
}

sy_status sandbox_enter_namespaces(struct sandbox_child *ret, struct sy_error *reterr)
{
    pid_t *tid = NULL;
    SY_TRY(tid_place(&tid, reterr));
    int pidfd = -1;
    struct clone_args args = {
        .flags = NAMESPACES | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | CLONE_CHILD_SETTID |
                 CLONE_CHILD_CLEARTID,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .child_tid = (uint64_t)(uintptr_t)tid,
        .exit_signal = SIGCHLD,
    };
    long pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid < 0) {
        return sandbox_fail(reterr, "fork into new namespaces");
    }
    *ret = (struct sandbox_child){.pid = (pid_t)pid, .pidfd = pid == 0 ? -1 : pidfd};
    return SY_OK;
}

/* pivot_root(".", ".") stacks the old root on the new one, where it is unmounted. */
sy_status sandbox_enter_empty_root(struct sy_error *reterr)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return sandbox_fail(reterr, "private mounts");
    }
    if (mount("empty", "/tmp", "tmpfs", flags, "size=4k,nr_inodes=1,mode=0555") != 0) {
        return sandbox_fail(reterr, "empty file system");
    }
    if (chdir("/tmp") != 0 || syscall(SYS_pivot_root, ".", ".") != 0) {
        return sandbox_fail(reterr, "pivot_root");
    }
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) {
        return sandbox_fail(reterr, "unmounting the old root");
    }
    return SY_OK;
}

/* X(field, least, most) */
#define LIMIT_RANGES(X)                                                                            \
    X(as_bytes, 64ULL << 20, 1ULL << 40)                                                           \
    X(cpu_s, 1, 86400)                                                                             \
    X(n_files, 8, 4096)                                                                            \
    X(n_procs, 1, 256)

sy_status sandbox_limits_check(const struct sandbox_limits *limits, struct sy_error *reterr)
{
#define CHECK_RANGE(field, least, most)                                                            \
    if (limits->field < (least) || limits->field > (most)) {                                       \
        return sy_fail(reterr, SY_E_FIELD, "limits." #field, "must be %llu to %llu",               \
                       (unsigned long long)(least), (unsigned long long)(most));                   \
    }
    LIMIT_RANGES(CHECK_RANGE)
#undef CHECK_RANGE
    return SY_OK;
}

sy_status sandbox_enter_limits(const struct sandbox_limits *limits, struct sy_error *reterr)
{
    const struct {
        __rlimit_resource_t resource;
        uint64_t value; /* soft and hard */
        const char *name;
    } rows[] = {
#ifndef SY_SANITIZED
        {RLIMIT_AS, limits->as_bytes, "RLIMIT_AS"},
#endif
        {RLIMIT_CPU, limits->cpu_s, "RLIMIT_CPU"},
        {RLIMIT_NOFILE, limits->n_files, "RLIMIT_NOFILE"},
        {RLIMIT_NPROC, limits->n_procs, "RLIMIT_NPROC"},
        {RLIMIT_FSIZE, 0, "RLIMIT_FSIZE"},
        {RLIMIT_CORE, 0, "RLIMIT_CORE"},
        {RLIMIT_MEMLOCK, 0, "RLIMIT_MEMLOCK"},
        {RLIMIT_MSGQUEUE, 0, "RLIMIT_MSGQUEUE"},
        {RLIMIT_LOCKS, 0, "RLIMIT_LOCKS"},
        {RLIMIT_NICE, 0, "RLIMIT_NICE"},
        {RLIMIT_RTPRIO, 0, "RLIMIT_RTPRIO"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rlimit both = {.rlim_cur = rows[i].value, .rlim_max = rows[i].value};
        if (setrlimit(rows[i].resource, &both) != 0) {
            return sandbox_fail(reterr, rows[i].name);
        }
    }
    return SY_OK;
}

#ifdef SY_SANITIZED
/* The leak checker stops its own threads with ptrace at exit; no filter of ours allows that. */
static bool is_filtered;

int __lsan_is_turned_off(void);
__attribute__((visibility("default"))) int __lsan_is_turned_off(void)
{
    return is_filtered;
}
#endif

sy_status sandbox_enter_filter(const struct sandbox_program *program, struct sy_error *reterr)
{
    struct sock_fprog prog = {.len = program->n_ops, .filter = program->ops};
#ifdef SY_SANITIZED
    is_filtered = true;
#endif
    long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog);
    if (r > 0) {
        return sy_fail(reterr, SY_E_KERNEL, "sandbox", "seccomp: a thread could not be filtered");
    }
    if (r != 0) {
        return sandbox_fail(reterr, "seccomp");
    }
    return SY_OK;
}
