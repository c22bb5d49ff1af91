/*
 * The filter tables. Each row of the worker's list was found by running the engine sealed and by
 * taking rows away (engine.md section 2/6), or has its reason beside it.
 * Invariants: nothing here opens, connects, starts a process, changes an identity or makes memory
 * executable; a call is REFUSEd rather than killed only where a library is known to try it and to
 * go on without.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "sandbox/filter.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
#define YES(call)                    {call, SANDBOX_ALLOW, 0, SANDBOX_ALWAYS, 0, 0, 0}
#define NO(call, e)                  {call, SANDBOX_REFUSE, e, SANDBOX_ALWAYS, 0, 0, 0}
#define DIE(call)                    {call, SANDBOX_KILL, 0, SANDBOX_ALWAYS, 0, 0, 0}
#define YES_IF(call, a, mask, value) {call, SANDBOX_ALLOW, 0, SANDBOX_ARG_IS, a, mask, value}
#define DIE_IF(call, a, mask, value) {call, SANDBOX_KILL, 0, SANDBOX_ARG_IS, a, mask, value}
#define NO_UNLESS(call, e, a, value) {call, SANDBOX_REFUSE, e, SANDBOX_ARG_IS_NOT, a, 0, value}

static const struct sandbox_rule WORKER[] = {
    /* bytes and descriptors over what it holds already; a raw file is only ever read() */
    YES("read"),
    YES("write"),
    YES("recvmsg"),
    YES("sendmsg"),
    YES("close"),
    YES("fstat"),                                /* size of a received memory file */
    YES_IF("fcntl", 1, UINT64_MAX, F_GET_SEALS), /* its seals */
    /* memory, never executable */
    YES_IF("mmap", 2, PROT_EXEC, 0),
    YES_IF("mprotect", 2, PROT_EXEC, 0),
    YES("munmap"),
    YES("madvise"),
    YES("brk"),
    /* threads that run already, or are still starting while the filter is put on them: without any
     * one of rseq, set_robust_list and rt_sigprocmask these die */
    YES("futex"),
    YES("rt_sigprocmask"),
    YES("rseq"),
    YES("set_robust_list"),
    YES("sched_yield"),
    YES("clock_nanosleep"),
    YES("restart_syscall"), /* a sleep or timed wait that a freeze or stop interrupted */
    YES("clock_gettime"),   /* where the vDSO cannot answer */
    YES("exit"),
    YES("exit_group"),
    /* tried by libraries, which go on without */
    NO("openat", EACCES),           /* malloc reads vm.overcommit_memory for a new arena */
    NO("open", EACCES),
    NO("access", EACCES),           /* the engine's own listing of secrets */
    NO("faccessat", EACCES),
    NO("faccessat2", EACCES),
    NO("readlink", EACCES),
    NO("readlinkat", EACCES),
    NO("stat", EACCES),
    NO("lstat", EACCES),
    NO("newfstatat", EACCES),       /* stdio's first use of a stream */
    NO("statx", EACCES),
    NO("ioctl", ENOTTY),            /* the same */
    NO("sysinfo", EPERM),           /* qsort() asks for the size of memory */
    NO("sched_getaffinity", EPERM), /* number of processors */
    NO("mremap", ENOMEM),           /* realloc() copies instead */
    NO("getrandom", ENOSYS),        /* randomness that matters is never a worker's */
};
/* clang-format on */

const struct sandbox_filter sandbox_filter_worker = {
    .name = "worker", .otherwise = SANDBOX_KILL, .rules = WORKER, .n_rules = N_OF(WORKER)};

/* clang-format off */
static const struct sandbox_rule DAEMON[] = {
    /* no other program, no other process; threads may start */
    DIE("execve"),
    DIE("execveat"),
    DIE("fork"),
    DIE("vfork"),
    DIE_IF("clone", 0, CLONE_THREAD, 0),
    NO("clone3", ENOSYS), /* its flags are out of a filter's sight: libc falls back to clone */
    /* no look into another process */
    DIE("ptrace"),
    DIE("process_vm_readv"),
    DIE("process_vm_writev"),
    DIE("process_madvise"),
    DIE("pidfd_getfd"),
    DIE("kcmp"),
    DIE("perf_event_open"),
    DIE("bpf"),
    DIE("userfaultfd"),
    /* no way around this filter or out of the mounts */
    NO("io_uring_setup", ENOSYS),
    NO("io_uring_enter", ENOSYS),
    NO("io_uring_register", ENOSYS),
    DIE("setns"),
    DIE("unshare"),
    DIE("mount"),
    DIE("umount2"),
    DIE("move_mount"),
    DIE("open_tree"),
    DIE("fsopen"),
    DIE("fsmount"),
    DIE("mount_setattr"),
    DIE("pivot_root"),
    DIE("chroot"),
    DIE("open_by_handle_at"),
    /* no network: what it serves was opened for it */
    NO_UNLESS("socket", EACCES, 0, AF_UNIX),
    /* no new code: neither writable and executable pages nor pages made executable later */
    DIE_IF("mmap", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC),
    DIE_IF("mprotect", 2, PROT_EXEC, PROT_EXEC),
    DIE_IF("pkey_mprotect", 2, PROT_EXEC, PROT_EXEC),
    /* nothing of the machine's own */
    DIE("keyctl"),
    DIE("add_key"),
    DIE("request_key"),
    DIE("init_module"),
    DIE("finit_module"),
    DIE("delete_module"),
    DIE("kexec_load"),
    DIE("kexec_file_load"),
    DIE("reboot"),
    DIE("swapon"),
    DIE("swapoff"),
    DIE("acct"),
    DIE("settimeofday"),
    DIE("clock_settime"),
    DIE("clock_adjtime"),
    DIE("adjtimex"),
    DIE("iopl"),
    DIE("ioperm"),
    DIE("modify_ldt"),
    DIE("personality"),
};
/* clang-format on */

const struct sandbox_filter sandbox_filter_daemon = {
    .name = "daemon", .otherwise = SANDBOX_ALLOW, .rules = DAEMON, .n_rules = N_OF(DAEMON)};

#ifdef SY_SANITIZED
/* What AddressSanitizer's runtime does on its own, found by taking rows away. */
static const struct sandbox_rule SANITIZED[] = {
    YES("sigaltstack"),       /* end of a thread */
    YES("gettid"),            /* start of a thread */
    YES("sched_getaffinity"), /* its allocator's caches */
    YES("getpid"),            /* head of a report */
    YES("prlimit64"),         /* bounds of the main thread's stack */
};

const struct sandbox_filter sandbox_filter_sanitized = {.name = "sanitized",
                                                        .otherwise = SANDBOX_KILL,
                                                        .base = &sandbox_filter_worker,
                                                        .rules = SANITIZED,
                                                        .n_rules = N_OF(SANITIZED)};
#endif

const struct sandbox_filter *sandbox_worker_filter(void)
{
#ifdef SY_SANITIZED
    return &sandbox_filter_sanitized;
#else
    return &sandbox_filter_worker;
#endif
}
