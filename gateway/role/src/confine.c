/*
 * What: hygiene, root drop and Landlock. Invariant: a step that fails leaves the process only more
 * restricted and its caller ends it. The layering rule (nothing here uses enclave/) is why this is not
 * enclave/sandbox; the two follow the same order of steps.
 */
#include "role/confine.h"

#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fdio.h"

enum { KEEP_MAX = 16 };

static sy_status kernel_fail(struct sy_error *reterr, const char *step)
{
    return sy_fail(reterr, SY_E_KERNEL, "confine", "%s failed", step);
}

/* ---- hygiene ---- */

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;
    return (x > y) - (x < y);
}

static sy_status close_others(const int *keep, size_t n_keep, struct sy_error *reterr)
{
    int sorted[KEEP_MAX];
    unsigned from = STDERR_FILENO + 1;
    if (n_keep > KEEP_MAX) {
        return sy_fail(reterr, SY_E_USAGE, "keep", NULL);
    }
    memcpy(sorted, keep, n_keep * sizeof(int));
    qsort(sorted, n_keep, sizeof(int), compare);
    for (size_t i = 0; i < n_keep; i++) {
        unsigned fd = (unsigned)sorted[i];
        if (sorted[i] > STDERR_FILENO && fd > from && close_range(from, fd - 1, 0) != 0) {
            return kernel_fail(reterr, "close_range");
        }
        from = sorted[i] > STDERR_FILENO ? fd + 1 : from;
    }
    return close_range(from, ~0U, 0) == 0 ? SY_OK : kernel_fail(reterr, "close_range");
}

sy_status role_confine_process(const int *keep, size_t n_keep, struct sy_error *reterr)
{
    const struct rlimit none = {0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return kernel_fail(reterr, "switching off core files");
    }
    if (clearenv() != 0 || setenv("LANG", "C.UTF-8", 1) != 0 || setenv("TZ", "UTC", 1) != 0) {
        return kernel_fail(reterr, "clearing the environment");
    }
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    return close_others(keep, n_keep, reterr);
}

/* ---- root ---- */

static sy_status raise_files(size_t n_files, struct sy_error *reterr)
{
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now) != 0) {
        return kernel_fail(reterr, "RLIMIT_NOFILE");
    }
    struct rlimit want = {.rlim_cur = n_files, .rlim_max = n_files};
    if (n_files > now.rlim_max && geteuid() != 0) {
        return sy_fail(reterr, SY_E_KERNEL, "max-connections",
                       "needs %zu open files, and the limit is %llu: raise it or ask for fewer",
                       n_files, (unsigned long long)now.rlim_max);
    }
    return setrlimit(RLIMIT_NOFILE, &want) == 0 ? SY_OK : kernel_fail(reterr, "RLIMIT_NOFILE");
}

/* The kernel forgets the parent-death signal on a change of ids; put it back. */
static sy_status drop_root(uid_t uid, struct sy_error *reterr)
{
    int signal_no = 0;
    pid_t parent = getppid();
    if (geteuid() != 0) {
        return SY_OK;
    }
    if (prctl(PR_GET_PDEATHSIG, &signal_no, 0, 0, 0) != 0 || setgroups(0, NULL) != 0 ||
        setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0 || setuid(0) == 0) {
        return kernel_fail(reterr, "dropping root");
    }
    if (signal_no != 0 &&
        (prctl(PR_SET_PDEATHSIG, signal_no, 0, 0, 0) != 0 || getppid() != parent)) {
        return kernel_fail(reterr, "keeping the parent's death signal");
    }
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
               ? SY_OK
               : kernel_fail(reterr, "switching off core files");
}

/* ---- Landlock: own constants, because headers lag behind kernels ---- */

struct ruleset {
    uint64_t handled_fs, handled_net, scoped;
};
struct beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

#define LANDLOCK_VERSION     1U
#define LANDLOCK_BENEATH     1
#define FS_READ_FILE         (1ULL << 2)
#define NET_BIND             1ULL
#define NET_CONNECT          2ULL
#define ABSTRACT_AND_SIGNALS 3ULL

/* How many file system rights an ABI knows; all of them are handled, hence denied. */
static const unsigned FS_RIGHTS[] = {[1] = 13, [2] = 14, [3] = 15, [4] = 15, [5] = 16, [6] = 16};
enum { ABI_KNOWN = sizeof(FS_RIGHTS) / sizeof(FS_RIGHTS[0]) - 1, ABI_NET = 4, ABI_SCOPE = 6 };

static sy_status everything(bool may_connect, struct ruleset *ret, struct sy_error *reterr)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
    uint64_t net = may_connect ? NET_BIND : NET_BIND | NET_CONNECT;
    if (abi < 1) {
        return kernel_fail(reterr, "Landlock");
    }
    abi = abi > ABI_KNOWN ? ABI_KNOWN : abi;
    *ret = (struct ruleset){
        .handled_fs = (1ULL << FS_RIGHTS[abi]) - 1,
        .handled_net = abi >= ABI_NET ? net : 0,
        .scoped = abi >= ABI_SCOPE ? ABSTRACT_AND_SIGNALS : 0,
    };
    return SY_OK;
}

static bool allow_reading(int set, const int *readable, size_t n_readable)
{
    for (size_t i = 0; i < n_readable; i++) {
        struct beneath rule = {.allowed = FS_READ_FILE, .parent_fd = readable[i]};
        if (readable[i] >= 0 &&
            syscall(SYS_landlock_add_rule, set, LANDLOCK_BENEATH, &rule, 0) != 0) {
            return false;
        }
    }
    return true;
}

sy_status role_confine_files(const int *readable, size_t n_readable, bool may_connect,
                             struct sy_error *reterr)
{
    struct ruleset all;
    SY_TRY(everything(may_connect, &all, reterr));
    size_t n = all.scoped != 0 ? sizeof(all) : all.handled_net != 0 ? 16 : 8;
    SY_FD_CLEANUP int set = (int)syscall(SYS_landlock_create_ruleset, &all, n, 0);
    if (set < 0 || !allow_reading(set, readable, n_readable) ||
        syscall(SYS_landlock_restrict_self, set, 0) != 0) {
        return kernel_fail(reterr, "Landlock");
    }
    return SY_OK;
}

sy_status role_confine_identity(uid_t uid, size_t n_files, struct sy_error *reterr)
{
    SY_TRY(raise_files(n_files, reterr));
    SY_TRY(drop_root(uid, reterr));
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? SY_OK
                                                       : kernel_fail(reterr, "no_new_privs");
}
