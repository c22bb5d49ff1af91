/*
 * What: the system call filter, written straight as the kernel's own small program: tables, each row one
 * comparison. A call in KILLED, or killed by the role, ends the process; one in ALLOWED, or allowed by the
 * role, goes through; any other fails with EPERM, which libraries that probe can cope with.
 *
 * Invariants: another architecture (x32 too) is killed before a number is looked at; memory never
 * becomes executable; nothing that makes a socket is in the tables here.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "role/confine.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "the filter knows x86-64 and arm64"
#endif

enum { X32_BIT = 0x40000000, OPS_MAX = 320 };

static const unsigned KILLED[] = {
    SYS_execve,
    SYS_execveat,
    SYS_clone,
    SYS_clone3,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_getfd,
    SYS_kcmp,
    SYS_perf_event_open,
    SYS_bpf,
    SYS_userfaultfd,
    SYS_setns,
    SYS_unshare,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_by_handle_at,
    SYS_bind,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_personality,
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
};

/* Allowed unless argument 2 (the protection) asks for executable memory. */
static const unsigned ALLOWED_UNLESS_EXEC[] = {SYS_mmap, SYS_mprotect};

static const unsigned ALLOWED[] = {
    /* the loop */
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_ppoll,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_sendto,
    SYS_sendmsg,
    SYS_shutdown,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_getsockname,
    SYS_getpeername,
    SYS_ioctl,
    SYS_fcntl,
    SYS_close,
    /* files that Landlock lets it open */
    SYS_openat,
    SYS_openat2,
    SYS_fstat,
    SYS_newfstatat,
    SYS_lseek,
    SYS_pread64,
    /* memory, time, randomness */
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_gettimeofday,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_getrandom,
    SYS_futex,
    /* signals and the end */
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_getpid,
    SYS_gettid,
    SYS_tgkill,
    SYS_exit,
    SYS_exit_group,
    SYS_rseq,
    SYS_sched_yield,
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
    SYS_poll,
    SYS_time,
#endif
};

#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))

struct program {
    struct sock_filter ops[OPS_MAX];
    unsigned short n;
};

static void add(struct program *p, struct sock_filter op)
{
    if (p->n < OPS_MAX) {
        p->ops[p->n] = op;
    }
    p->n++;
}

static void add_load(struct program *p, size_t offset)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

static void add_return(struct program *p, unsigned verdict)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

/* verdict for each call of the table */
static void add_table(struct program *p, struct role_calls table, unsigned verdict)
{
    for (size_t i = 0; i < table.n; i++) {
        add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, table.calls[i], 0, 1));
        add_return(p, verdict);
    }
}

/* An argument that the kernel takes as int: its low word decides. */
static void add_if(struct program *p, const struct role_call_if *c)
{
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c->call, 0, 5));
    add_load(p, offsetof(struct seccomp_data, args[0]) + c->arg * sizeof(uint64_t));
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c->values[0], 2, 0));
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c->values[1], 1, 0));
    add_return(p, SECCOMP_RET_ERRNO | EPERM);
    add_return(p, SECCOMP_RET_ALLOW);
}

/* The low word of argument 2 holds the protection; the number is loaded again after looking at it. */
static void add_no_exec(struct program *p, unsigned call)
{
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4));
    add_load(p, offsetof(struct seccomp_data, args[2]));
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
    add_return(p, SECCOMP_RET_KILL_PROCESS);
    add_return(p, SECCOMP_RET_ALLOW);
}

#define TABLE(table) ((struct role_calls){(table), LENGTH(table)})

static void build(struct program *p, const struct role_filter *role)
{
    add_load(p, offsetof(struct seccomp_data, arch));
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
    add_return(p, SECCOMP_RET_KILL_PROCESS);
    add_load(p, offsetof(struct seccomp_data, nr));
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
    add_return(p, SECCOMP_RET_KILL_PROCESS);
    add_table(p, TABLE(KILLED), SECCOMP_RET_KILL_PROCESS);
    add_table(p, role->killed, SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < LENGTH(ALLOWED_UNLESS_EXEC); i++) {
        add_no_exec(p, ALLOWED_UNLESS_EXEC[i]);
    }
    for (size_t i = 0; i < role->n_allowed_if; i++) {
        add_if(p, &role->allowed_if[i]);
    }
    add_table(p, TABLE(ALLOWED), SECCOMP_RET_ALLOW);
    add_table(p, role->allowed, SECCOMP_RET_ALLOW);
#ifdef SY_SANITIZED
    add_return(p, SECCOMP_RET_ALLOW);
#else
    add_return(p, SECCOMP_RET_ERRNO | EPERM);
#endif
}

#ifdef SY_SANITIZED
/* The leak checker stops its own threads with ptrace at exit; the filter does not allow that. */
static bool is_filtered;

int __lsan_is_turned_off(void);
__attribute__((visibility("default"))) int __lsan_is_turned_off(void)
{
    return is_filtered;
}
#endif

sy_status role_confine_calls(const struct role_filter *filter, struct sy_error *reterr)
{
    struct program p = {0};
    build(&p, filter);
    if (p.n > OPS_MAX) {
        return sy_fail(reterr, SY_E_INTERNAL, "confine", "the filter is too long");
    }
    struct sock_fprog prog = {.len = p.n, .filter = p.ops};
#ifdef SY_SANITIZED
    is_filtered = true;
#endif
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog) != 0) {
        return sy_fail(reterr, SY_E_KERNEL, "confine", "seccomp failed");
    }
    return SY_OK;
}
