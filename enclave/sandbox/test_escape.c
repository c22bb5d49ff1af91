/*
 * Escape attempts from inside a sealed worker. Each act is chosen so that it would end differently
 * if it were allowed (succeed, or fail over its deliberately bad argument), so that "blocked" can
 * be told from "failed anyway"; the same act runs in an unsealed child as the negative control and
 * must not look blocked there. Source: the idea is bubblewrap's tests/try-syscall.
 */
#include "test_sealed.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "sandbox/memfd.h"

/* ---- one bare system call ---- */

struct call {
    const char *name;
    long nr; /* -1: not on this architecture */
    long args[6];
    int blocked; /* KILLED or the errno of a refusal */
};

static int do_call(void *arg, int sock)
{
    (void)sock;
    const struct call *c = arg;
    long r = syscall(c->nr, c->args[0], c->args[1], c->args[2], c->args[3], c->args[4], c->args[5]);
    return r == -1 ? errno : 0;
}

#define P(x) ((long)(intptr_t)(x))
#ifdef __x86_64__
#define X86(nr) (nr)
#define X32_BIT 0x40000000L
#else
#define X86(nr) (-1)
#define X32_BIT 0L
#endif

/* Paths and structures are the bad pointer 1, descriptors -1, unless the call is harmless. */
static const struct call CALLS[] = {
    /* files */
    {"openat: a file", SYS_openat, {AT_FDCWD, P("/etc/passwd"), O_RDONLY}, EACCES},
    {"openat: bad pointer", SYS_openat, {AT_FDCWD, 1, O_RDONLY}, EACCES},
    {"openat: memory of a process", SYS_openat, {AT_FDCWD, P("/proc/self/mem"), O_RDWR}, EACCES},
    {"openat2", SYS_openat2, {AT_FDCWD, 1, 1, 24}, KILLED},
    {"open", X86(2), {1, O_RDONLY}, EACCES},
    {"creat", X86(85), {1, 0}, KILLED},
    {"access", X86(21), {1, R_OK}, EACCES},
    {"faccessat", SYS_faccessat, {AT_FDCWD, 1, R_OK}, EACCES},
    {"readlinkat", SYS_readlinkat, {AT_FDCWD, 1, 1, 1}, EACCES},
    {"newfstatat", SYS_newfstatat, {AT_FDCWD, 1, 1, 0}, EACCES},
    {"statx", SYS_statx, {AT_FDCWD, 1, 0, 0, 1}, EACCES},
    {"getdents64", SYS_getdents64, {-1, 1, 1}, KILLED},
    {"getcwd", SYS_getcwd, {1, 1}, KILLED},
    {"chdir", SYS_chdir, {1}, KILLED},
    {"fchdir", SYS_fchdir, {-1}, KILLED},
    {"mkdirat", SYS_mkdirat, {AT_FDCWD, 1, 0}, KILLED},
    {"unlinkat", SYS_unlinkat, {AT_FDCWD, 1, 0}, KILLED},
    {"renameat2", SYS_renameat2, {AT_FDCWD, 1, AT_FDCWD, 1, 0}, KILLED},
    {"symlinkat", SYS_symlinkat, {1, AT_FDCWD, 1}, KILLED},
    {"linkat", SYS_linkat, {AT_FDCWD, 1, AT_FDCWD, 1, 0}, KILLED},
    {"mknodat", SYS_mknodat, {AT_FDCWD, 1, 0, 0}, KILLED},
    {"truncate", SYS_truncate, {1, 0}, KILLED},
    {"ftruncate", SYS_ftruncate, {-1, 0}, KILLED},
    {"fallocate", SYS_fallocate, {-1, 0, 0, 1}, KILLED},
    {"name_to_handle_at", SYS_name_to_handle_at, {AT_FDCWD, 1, 1, 1, 0}, KILLED},
    {"open_by_handle_at", SYS_open_by_handle_at, {-1, 1, 0}, KILLED},
    {"inotify_init1", SYS_inotify_init1, {-1}, KILLED},
    {"fanotify_init", SYS_fanotify_init, {-1, 0}, KILLED},
    /* descriptors */
    {"lseek", SYS_lseek, {-1, 0, 0}, KILLED},
    {"pread64", SYS_pread64, {-1, 1, 1, 0}, KILLED},
    {"pwrite64", SYS_pwrite64, {-1, 1, 1, 0}, KILLED},
    {"readv", SYS_readv, {-1, 1, 1}, KILLED},
    {"writev", SYS_writev, {-1, 1, 1}, KILLED},
    {"dup", SYS_dup, {-1}, KILLED},
    {"dup3", SYS_dup3, {-1, 5, 0}, KILLED},
    {"fcntl: F_DUPFD", SYS_fcntl, {-1, F_DUPFD, 0}, KILLED},
    {"fcntl: F_SETFD", SYS_fcntl, {-1, F_SETFD, 0}, KILLED},
    {"fcntl: F_SETOWN", SYS_fcntl, {-1, F_SETOWN, 1}, KILLED},
    {"fcntl: F_ADD_SEALS", SYS_fcntl, {-1, F_ADD_SEALS, 0}, KILLED},
    {"fcntl: F_GET_SEALS, high bits", SYS_fcntl, {-1, F_GET_SEALS | 1L << 32, 0}, KILLED},
    {"ioctl", SYS_ioctl, {-1, 0x5401, 1}, ENOTTY},
    {"sendfile", SYS_sendfile, {-1, -1, 0, 1}, KILLED},
    {"splice", SYS_splice, {-1, 0, -1, 0, 1, 0}, KILLED},
    {"vmsplice", SYS_vmsplice, {-1, 1, 1, 0}, KILLED},
    {"copy_file_range", SYS_copy_file_range, {-1, 0, -1, 0, 1, 0}, KILLED},
    {"pipe2", SYS_pipe2, {1, 0}, KILLED},
    {"eventfd2", SYS_eventfd2, {0, -1}, KILLED},
    {"epoll_create1", SYS_epoll_create1, {-1}, KILLED},
    {"timerfd_create", SYS_timerfd_create, {-1, 0}, KILLED},
    {"signalfd4", SYS_signalfd4, {-1, 1, 8, 0}, KILLED},
    {"memfd_create", SYS_memfd_create, {1, 0}, KILLED},
    {"memfd_secret", 447, {-1}, KILLED},
    {"io_uring_setup", SYS_io_uring_setup, {1, 1}, KILLED},
    {"io_uring_enter", SYS_io_uring_enter, {-1, 0, 0, 0}, KILLED},
    {"io_setup", SYS_io_setup, {0, 1}, KILLED},
    /* sockets */
    {"socket: internet", SYS_socket, {AF_INET, SOCK_STREAM, 0}, KILLED},
    {"socket: internet 6", SYS_socket, {AF_INET6, SOCK_DGRAM, 0}, KILLED},
    {"socket: unix", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}, KILLED},
    {"socket: netlink", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}, KILLED},
    {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, 1}, KILLED},
    {"connect", SYS_connect, {-1, 1, 1}, KILLED},
    {"bind", SYS_bind, {-1, 1, 1}, KILLED},
    {"listen", SYS_listen, {-1, 1}, KILLED},
    {"accept4", SYS_accept4, {-1, 0, 0, 0}, KILLED},
    {"sendto", SYS_sendto, {-1, 1, 1, 0, 0, 0}, KILLED},
    {"sendmmsg", SYS_sendmmsg, {-1, 1, 1, 0}, KILLED},
    {"recvfrom", SYS_recvfrom, {-1, 1, 1, 0, 0, 0}, KILLED},
    {"setsockopt", SYS_setsockopt, {-1, SOL_SOCKET, SO_PASSCRED, 1, 4}, KILLED},
    {"getpeername", SYS_getpeername, {-1, 1, 1}, KILLED},
    /* programs, processes, other processes */
    {"execve", SYS_execve, {1, 1, 1}, KILLED},
    {"execveat", SYS_execveat, {-1, 1, 1, 1, 0}, KILLED},
    {"clone: bad flags", SYS_clone, {CLONE_SIGHAND, 0, 0, 0, 0}, KILLED},
    {"clone: thread, bad flags", SYS_clone, {CLONE_THREAD, 0, 0, 0, 0}, KILLED},
    {"clone3", SYS_clone3, {1, 64}, KILLED},
    {"fork, as x32", X86(57 | X32_BIT), {0}, KILLED},
    {"kill: process 1", SYS_kill, {1, 0}, KILLED},
    {"tkill", SYS_tkill, {1, 0}, KILLED},
    {"tgkill", SYS_tgkill, {1, 1, 0}, KILLED},
    {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {1, 0, 1}, KILLED},
    {"pidfd_open", SYS_pidfd_open, {1, 0}, KILLED},
    {"pidfd_send_signal", SYS_pidfd_send_signal, {-1, 0, 0, 0}, KILLED},
    {"pidfd_getfd", SYS_pidfd_getfd, {-1, 0, 0}, KILLED},
    {"ptrace", SYS_ptrace, {PTRACE_TRACEME, 0, 0, 0}, KILLED},
    {"process_vm_readv", SYS_process_vm_readv, {1, 1, 1, 1, 1, 0}, KILLED},
    {"process_vm_writev", SYS_process_vm_writev, {1, 1, 1, 1, 1, 0}, KILLED},
    {"kcmp", SYS_kcmp, {1, 1, 0, 0, 0}, KILLED},
    {"wait4", SYS_wait4, {-1, 0, WNOHANG, 0}, KILLED},
    /* identity, limits, this filter */
    {"prctl: get", SYS_prctl, {PR_GET_DUMPABLE}, KILLED},
    {"prctl: set", SYS_prctl, {PR_SET_DUMPABLE, 1}, KILLED},
    {"seccomp", SYS_seccomp, {1, 0, 1}, KILLED},
    {"landlock_create_ruleset", SYS_landlock_create_ruleset, {1, 8, 0}, KILLED},
    {"setuid", SYS_setuid, {0}, KILLED},
    {"setgroups", SYS_setgroups, {-1, 1}, KILLED},
    {"capset", SYS_capset, {1, 1}, KILLED},
    {"capget", SYS_capget, {1, 1}, KILLED},
    {"prlimit64", SYS_prlimit64, {0, 7, 0, 1}, KILLED},
    {"personality", SYS_personality, {0xffffffff}, KILLED},
    {"getpid", SYS_getpid, {0}, KILLED},
    {"getuid", SYS_getuid, {0}, KILLED},
    {"uname", SYS_uname, {1}, KILLED},
    {"sysinfo", SYS_sysinfo, {1}, EPERM},
    {"rt_sigaction", SYS_rt_sigaction, {SIGUSR1, 1, 0, 8}, KILLED},
    {"sched_getaffinity", SYS_sched_getaffinity, {0, 128, 1}, EPERM},
    {"sched_setaffinity", SYS_sched_setaffinity, {0, 8, 1}, KILLED},
    {"getrandom", SYS_getrandom, {1, 1, 0}, ENOSYS},
    /* mounts, namespaces, the machine */
    {"mount", SYS_mount, {1, 1, 1, 0, 1}, KILLED},
    {"umount2", SYS_umount2, {1, 0}, KILLED},
    {"pivot_root", SYS_pivot_root, {1, 1}, KILLED},
    {"chroot", SYS_chroot, {1}, KILLED},
    {"fsopen", SYS_fsopen, {1, 0}, KILLED},
    {"open_tree", SYS_open_tree, {-1, 1, 0}, KILLED},
    {"unshare", SYS_unshare, {0}, KILLED},
    {"setns", SYS_setns, {-1, 0}, KILLED},
    {"keyctl", SYS_keyctl, {0, -3, 0}, KILLED},
    {"add_key", SYS_add_key, {1, 1, 1, 1, 0}, KILLED},
    {"request_key", SYS_request_key, {1, 1, 1, 0}, KILLED},
    {"bpf", SYS_bpf, {-1, 1, 1}, KILLED},
    {"perf_event_open", SYS_perf_event_open, {1, 0, -1, -1, 0}, KILLED},
    {"userfaultfd", SYS_userfaultfd, {-1}, KILLED},
    {"shmget", SYS_shmget, {0, 0, 0}, KILLED},
    {"msgget", SYS_msgget, {1, 0}, KILLED},
    {"semget", SYS_semget, {1, 0, 0}, KILLED},
    {"mq_open", SYS_mq_open, {1, 0, 0, 0}, KILLED},
    {"syslog", SYS_syslog, {-1, 1, 1}, KILLED},
    {"init_module", SYS_init_module, {1, 0, 1}, KILLED},
    {"kexec_load", SYS_kexec_load, {0, 0, 0, -1}, KILLED},
    {"reboot", SYS_reboot, {0, 0, 0, 0}, KILLED},
    {"settimeofday", SYS_settimeofday, {1, 1}, KILLED},
    {"clock_settime", SYS_clock_settime, {-1, 1}, KILLED},
    {"timer_create", SYS_timer_create, {-1, 1, 1}, KILLED},
    /* memory */
    {"mremap", SYS_mremap, {1, 1, 1, 0}, ENOMEM},
    {"mlock", SYS_mlock, {4096, 4096}, KILLED},
    {"pkey_mprotect", SYS_pkey_mprotect, {1, 1, 0, 0}, KILLED},
    {"remap_file_pages", SYS_remap_file_pages, {1, 1, 0, 0, 0}, KILLED},
    {"process_madvise", SYS_process_madvise, {-1, 1, 1, 0, 0}, KILLED},
    {"mmap: writable and executable",
     SYS_mmap,
     {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
     KILLED},
    {"mmap: executable",
     SYS_mmap,
     {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0},
     KILLED},
    {"mprotect: executable", SYS_mprotect, {1, 4096, PROT_READ | PROT_EXEC}, KILLED},
    /* what the kernel does not know yet */
    {"a call of the future", 600, {0}, KILLED},
};
#define N_CALLS (sizeof(CALLS) / sizeof(CALLS[0]))

static int try_sealed(sealed_act act, const void *arg)
{
    struct sealed_job job = {.act = act, .arg = (void *)(uintptr_t)arg};
    struct sandbox_limits limits = sealed_limits();
    return run_sealed(&job, &limits);
}

static void check_call(const struct call *c)
{
    int sealed = try_sealed(do_call, c);
    int open = run_unsealed(do_call, (void *)(uintptr_t)c);
    if (sealed != c->blocked || open == c->blocked) {
        fail_msg("%s: sealed %d (want %d), unsealed %d", c->name, sealed, c->blocked, open);
    }
}

static void test_every_call_is_blocked(void **state)
{
    (void)state;
    plain_builds_only();
    for (size_t i = 0; i < N_CALLS; i++) {
        if (CALLS[i].nr >= 0) {
            check_call(&CALLS[i]);
        }
    }
    print_message("# %zu calls tried sealed and unsealed\n", N_CALLS);
}

/* ---- every number there is ---- */

#define LAST_NUMBER 520 /* beyond the kernel's own last */

/* What the table says of a number: 0 allowed (not tried here), KILLED, or the errno. */
static int verdict_of(long nr)
{
    for (size_t i = 0; i < sandbox_filter_worker.n_rules; i++) {
        const struct sandbox_rule *r = &sandbox_filter_worker.rules[i];
        if (seccomp_syscall_resolve_name(r->syscall) == nr) {
            return r->verdict == SANDBOX_ALLOW ? 0 : r->err;
        }
    }
    return KILLED;
}

/* Newer kernels keep two numbers of x86-64 from every filter, for the trampolines that they
 * themselves put into a probed process (Linux 6.14, 6.18), and turn any other caller away: with
 * SIGILL, with ENXIO. Nothing can be reached by them. */
static bool is_turned_away(long nr, int got)
{
    return X32_BIT != 0 &&
           ((nr == 335 && got == DIED_BASE + SIGILL) || (nr == 336 && got == ENXIO));
}

static void test_every_number_is_as_the_table_says(void **state)
{
    (void)state;
    plain_builds_only();
    for (long nr = 0; nr <= LAST_NUMBER; nr++) {
        struct call c = {.name = "by number", .nr = nr, .args = {-1, -1, -1, -1, -1, -1}};
        int want = verdict_of(nr);
        int got = want == 0 ? 0 : try_sealed(do_call, &c);
        if (got != want && !is_turned_away(nr, got)) {
            fail_msg("system call %ld: %d, want %d", nr, got, want);
        }
    }
}

/* ---- acts that are more than one call ---- */

/* What the acts reach for; made before the fork, so an unsealed child has it all. */
struct reach {
    int other_column; /* descriptor of a column that the job is not given */
    int own_column;   /* descriptor of the one it is given (sealed) */
    int plain_memfd;  /* the same, unsealed: for the negative control */
};

#define COLUMN "column-bytes"

static int act_fork(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? errno : 0;
}

static void *do_nothing(void *arg)
{
    return arg;
}

static int act_thread(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    pthread_t t;
    int e = pthread_create(&t, NULL, do_nothing, NULL);
    return e != 0 ? e : pthread_join(t, NULL);
}

static int act_exec(void *arg, int sock)
{
    (void)arg;
    char *const argv[] = {(char[]){"/bin/true"}, NULL};
    int32_t started = 0; /* reports before it turns into another program */
    sy_status ignored = sy_write_all(sock, &started, sizeof(started));
    (void)ignored;
    (void)execve(argv[0], argv, argv + 1);
    return errno;
}

/* Every descriptor number the kernel would give it: above its own socket nothing is open. */
static int act_read_other_descriptors(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    for (int fd = SANDBOX_JOB_FD + 1; fd < 1024; fd++) {
        uint8_t b;
        if (read(fd, &b, 1) >= 0 || errno != EBADF) {
            return fd;
        }
    }
    return EBADF;
}

/* The three standard ones are /dev/null: they give nothing, and writing to them goes nowhere. */
static int act_standard_descriptors(void *arg, int sock)
{
    (void)arg;
    if (sock != SANDBOX_JOB_FD) {
        return 0;
    }
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        uint8_t b;
        struct stat st;
        if (read(fd, &b, 1) != 0 || write(fd, "x", 1) != 1 || syscall(SYS_fstat, fd, &st) != 0 ||
            st.st_rdev != makedev(1, 3)) {
            return 100 + fd;
        }
    }
    return EBADF;
}

static int act_read_other_column(void *arg, int sock)
{
    (void)sock;
    const struct reach *r = arg;
    uint8_t b;
    return read(r->other_column, &b, 1) < 0 ? errno : 0;
}

/* Through the kernel's names for descriptors. */
static int act_open_by_proc(void *arg, int sock)
{
    (void)sock;
    const struct reach *r = arg;
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", r->other_column);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? errno : 0;
}

/* Receive a column as a job does. */
static int receive_column(int sock)
{
    uint8_t b;
    size_t n;
    size_t n_fds = 0;
    int fd = -1;
    return sy_ok(sy_recv_fds(sock, &b, 1, &n, &fd, 1, &n_fds)) && n_fds == 1 ? fd : -1;
}

static uint8_t *map_of(int fd)
{
    void *p = mmap(NULL, sizeof(COLUMN), PROT_READ, MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

static int act_mprotect_column(void *arg, int sock)
{
    const struct reach *r = arg;
    uint8_t *p = map_of(sock == SANDBOX_JOB_FD ? receive_column(sock) : r->plain_memfd);
    return mprotect(p, sizeof(COLUMN), PROT_READ | PROT_WRITE) != 0 ? errno : 0;
}

static int act_map_column_writable(void *arg, int sock)
{
    const struct reach *r = arg;
    int fd = sock == SANDBOX_JOB_FD ? receive_column(sock) : r->plain_memfd;
    void *p = mmap(NULL, sizeof(COLUMN), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? errno : 0;
}

static int act_write_descriptor(void *arg, int sock)
{
    const struct reach *r = arg;
    int fd = sock == SANDBOX_JOB_FD ? receive_column(sock) : r->plain_memfd;
    return write(fd, "x", 1) < 0 ? errno : 0;
}

/* The compiler must not see through it. */
static int act_write_mapping(void *arg, int sock)
{
    const struct reach *r = arg;
    int fd = sock == SANDBOX_JOB_FD ? receive_column(sock) : r->plain_memfd;
    volatile uint8_t *p = map_of(fd);
    if (sock != SANDBOX_JOB_FD) {
        p = mmap(NULL, sizeof(COLUMN), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    p[0] = 'X';
    return 0;
}

#ifdef __x86_64__
/* getpid of the 32-bit system call table, whose numbers mean other calls. */
static int act_int80(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    long r = 20;
    __asm__ volatile("int $0x80" : "+a"(r) : : "memory", "r8", "r9", "r10", "r11");
    return r > 0 ? 0 : (int)-r;
}
#endif

static const struct act {
    const char *name;
    sealed_act act;
    int blocked;
} ACTS[] = {
    {"fork", act_fork, KILLED},
    {"start a thread", act_thread, KILLED},
    {"run a program", act_exec, KILLED},
    {"read any other descriptor", act_read_other_descriptors, EBADF},
    {"use a standard descriptor", act_standard_descriptors, EBADF},
    {"read another column", act_read_other_column, EBADF},
    {"open another column by name", act_open_by_proc, EACCES},
    {"make the column's mapping writable", act_mprotect_column, EACCES},
    {"map the column writable", act_map_column_writable, EPERM},
    {"write to the column's descriptor", act_write_descriptor, EFBIG}, /* limits, then seals */
    {"write to the column's mapping", act_write_mapping, CRASHED},
#ifdef __x86_64__
    {"32-bit system call", act_int80, KILLED},
#endif
};

static int setup_reach(void **state)
{
    static struct reach r;
    SY_FD_CLEANUP int low = -1;
    check_ok(sandbox_memfd_make("other", sy_view_str("secret"), &low));
    r.other_column = fcntl(low, F_DUPFD_CLOEXEC, 40); /* no number that a worker has */
    assert_true(r.other_column >= 40);
    check_ok(sandbox_memfd_make("own", sy_view(COLUMN, sizeof(COLUMN)), &r.own_column));
    check_ok(sandbox_memfd_create("plain", &r.plain_memfd));
    check_ok(sandbox_memfd_append(r.plain_memfd, sy_view(COLUMN, sizeof(COLUMN))));
    *state = &r;
    return 0;
}

static int teardown_reach(void **state)
{
    struct reach *r = *state;
    sy_fd_close(&r->other_column);
    sy_fd_close(&r->own_column);
    sy_fd_close(&r->plain_memfd);
    return 0;
}

/* As try_sealed, with the job's own column sent after the fork, as the warden does. */
static int try_act_sealed(const struct act *a, struct reach *r)
{
    struct sealed_job job = {.act = a->act, .arg = r};
    struct sandbox_limits limits = sealed_limits();
    struct sandbox_child child = {.pidfd = -1};
    SY_FD_CLEANUP int sock = -1;
    sealed_start(&job, &limits, &child, &sock);
    sy_status ignored = sy_send_fds(sock, sy_view_str("c"), &r->own_column, 1);
    (void)ignored; /* it may have died of its attempt already */
    int32_t result = 0;
    bool reported = sy_ok(sy_read_all(sock, &result, sizeof(result)));
    int status = 0;
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    sy_fd_close(&child.pidfd);
    assert_true(reported || WIFSIGNALED(status));
    return WIFSIGNALED(status) ? DIED_BASE + WTERMSIG(status) : result;
}

static void test_every_act_is_blocked(void **state)
{
    struct reach *r = *state;
    plain_builds_only();
    for (size_t i = 0; i < sizeof(ACTS) / sizeof(ACTS[0]); i++) {
        int sealed = try_act_sealed(&ACTS[i], r);
        int open = run_unsealed(ACTS[i].act, r);
        if (sealed != ACTS[i].blocked || open == ACTS[i].blocked) {
            fail_msg("%s: sealed %d (want %d), unsealed %d", ACTS[i].name, sealed, ACTS[i].blocked,
                     open);
        }
    }
}

/* ---- each wall by itself, without the filter in front of it ---- */

static int open_passwd(void)
{
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? errno : 0;
}

/* Landlock: no file although the path is there and root asks; no TCP; no signal to the parent. */
static int act_landlock_only(void *arg, int sock)
{
    (void)arg;
    (void)sock;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    if (!sy_ok(sandbox_enter_no_privileges(NULL)) || !sy_ok(sandbox_enter_landlock(NULL))) {
        return 1;
    }
    int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (open_passwd() != EACCES) {
        return 2;
    }
    if (connect(tcp, (struct sockaddr *)&to, sizeof(to)) == 0 || errno != EACCES) {
        return 3;
    }
    return kill(getppid(), 0) == 0 || errno != EPERM ? 4 : 0;
}

/* Namespaces and root: an empty, read-only folder, a network without even a loopback that is up,
 * no other process, no id that could be changed to. */
static int check_namespaces_only(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (!sy_ok(sandbox_enter_empty_root(NULL))) {
        return 1;
    }
    int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(tcp, (struct sockaddr *)&to, sizeof(to)) == 0 || errno != ENETUNREACH) {
        return 2;
    }
    if (open_passwd() != ENOENT || mkdir("/x", 0700) == 0 || errno != EROFS) {
        return 3;
    }
    if (chdir("../../../..") != 0 || access("etc", F_OK) == 0) {
        return 4;
    }
    return getpid() != 1 || getppid() != 0 || setuid(0) == 0 ? 5 : 0;
}

static void test_namespaces_alone_hide_everything(void **state)
{
    (void)state;
    struct sandbox_child child = {.pidfd = -1};
    struct sy_error e = {0};
    check_ok(sandbox_enter_namespaces(&child, &e));
    if (child.pid == 0) {
        _exit(check_namespaces_only());
    }
    int status = 0;
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    sy_fd_close(&child.pidfd);
    assert_int_equal(status, 0);
}

static void test_landlock_alone_denies_everything(void **state)
{
    (void)state;
    assert_int_equal(run_unsealed(act_landlock_only, NULL), 0);
}

/* Capabilities: in the new user namespace the child has all; after the step it cannot even use one
 * that needs no file, and the sets cannot be refilled. */
static int check_capabilities_only(void)
{
    if (sethostname("x", 1) != 0) {
        return 1;
    }
    if (!sy_ok(sandbox_enter_no_capabilities(true, NULL))) {
        return 2;
    }
    if (sethostname("y", 1) == 0 || errno != EPERM) {
        return 3;
    }
    if (prctl(PR_CAPBSET_READ, 21 /* CAP_SYS_ADMIN */, 0, 0, 0) != 0) {
        return 4;
    }
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0) == 0 ? 5 : 0;
}

static void test_capabilities_are_gone(void **state)
{
    (void)state;
    struct sandbox_child child = {.pidfd = -1};
    struct sy_error e = {0};
    check_ok(sandbox_enter_namespaces(&child, &e));
    if (child.pid == 0) {
        _exit(check_capabilities_only());
    }
    int status = 0;
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    sy_fd_close(&child.pidfd);
    assert_int_equal(status, 0);
}

/* ---- order ---- */

static void test_steps_are_in_order(void **state)
{
    (void)state;
    static const char *const want[] = {"parent",       "descriptors", "root",     "limits",
                                       "capabilities", "privileges",  "landlock", "prepare",
                                       "silence",      "seccomp"};
    size_t n = sizeof(want) / sizeof(want[0]);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(sandbox_step_name(i), want[i]);
    }
    assert_null(sandbox_step_name(n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_is_blocked),
        cmocka_unit_test(test_every_number_is_as_the_table_says),
        cmocka_unit_test_setup_teardown(test_every_act_is_blocked, setup_reach, teardown_reach),
        cmocka_unit_test(test_namespaces_alone_hide_everything),
        cmocka_unit_test(test_landlock_alone_denies_everything),
        cmocka_unit_test(test_capabilities_are_gone),
        cmocka_unit_test(test_steps_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
