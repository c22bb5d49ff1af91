/*
 * Hygiene of long-running processes and the roles' last step. Everything here is done by the
 * process to itself: the supervisor that started it has no part in it, so a role started by hand
 * is just as closed.
 * Invariants: a step that fails leaves the process only more restricted, never less, and its caller
 * must end it; nothing here can be undone.
 */
#include "sandbox/process.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "fail.h"
#include "kernel.h"
#include "landlock.h"
#include "sandbox/seal.h"

#define KEEP_MAX 32

sy_status sandbox_no_dumps(struct sy_error *reterr)
{
    const struct rlimit none = {0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return sandbox_fail(reterr, "core dumps cannot be switched off");
    }
    return SY_OK;
}

sy_status sandbox_clear_env(struct sy_error *reterr)
{
    if (clearenv() != 0 || setenv("PATH", "/usr/bin:/bin", 1) != 0 ||
        setenv("LANG", "C.UTF-8", 1) != 0 || setenv("TZ", "UTC", 1) != 0) {
        return sandbox_fail(reterr, "environment");
    }
    return SY_OK;
}

static int compare_fds(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;
    return (x > y) - (x < y);
}

/* The gaps between the kept ones, in ascending order. */
sy_status sandbox_close_others(const int *keep, size_t n_keep, struct sy_error *reterr)
{
    int sorted[KEEP_MAX];
    unsigned from = STDERR_FILENO + 1;
    if (n_keep > KEEP_MAX) {
        return sy_fail(reterr, SY_E_USAGE, "keep", NULL);
    }
    if (n_keep > 0) {
        memcpy(sorted, keep, n_keep * sizeof(int));
        qsort(sorted, n_keep, sizeof(int), compare_fds);
    }
    for (size_t i = 0; i < n_keep; i++) {
        unsigned fd = (unsigned)sorted[i];
        if (sorted[i] >= 0 && fd > from && close_range(from, fd - 1, 0) != 0) {
            return sandbox_fail(reterr, "close_range");
        }
        from = sorted[i] >= 0 && fd >= from ? fd + 1 : from;
    }
    return close_range(from, ~0U, 0) == 0 ? SY_OK : sandbox_fail(reterr, "close_range");
}

/* A task folder has one entry per thread besides "." and ".."; its link count says so. */
sy_status sandbox_check_single_threaded(struct sy_error *reterr)
{
    struct stat st = {0};
    if (stat("/proc/self/task", &st) != 0) {
        return sandbox_fail(reterr, "/proc");
    }
    if (st.st_nlink != 3) {
        return sy_fail(reterr, SY_E_STATE, "sandbox", "the process has threads already");
    }
    return SY_OK;
}

static bool is_wholly(uid_t uid, gid_t gid)
{
    uid_t u[3] = {0};
    gid_t g[3] = {0};
    return getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0 &&
           u[0] == uid && u[1] == uid && u[2] == uid && g[0] == gid && g[1] == gid && g[2] == gid;
}

/* Changing ids makes the kernel forget the signal; a parent that died meanwhile shows as a new
 * parent. */
static sy_status restore_death_signal(int signal, pid_t parent, struct sy_error *reterr)
{
    if (signal != 0 && (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0 || getppid() != parent)) {
        return sandbox_fail(reterr, "the parent is gone");
    }
    return SY_OK;
}

sy_status sandbox_drop_to(uid_t uid, gid_t gid, struct sy_error *reterr)
{
    if (geteuid() != 0) {
        return is_wholly(uid, gid) ? SY_OK : sy_fail(reterr, SY_E_DENIED, "uid", NULL);
    }
    int signal = 0;
    pid_t parent = getppid();
    if (prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0) != 0 || setgroups(0, NULL) != 0 ||
        setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
        return sandbox_fail(reterr, "dropping root");
    }
    if (!is_wholly(uid, gid) || (uid != 0 && setuid(0) == 0)) {
        return sy_fail(reterr, SY_E_KERNEL, "sandbox", "root came back after dropping it");
    }
    return restore_death_signal(signal, parent, reterr);
}

static size_t list_taken(const struct sandbox_fd_slot *slots, size_t n_slots, int *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < n_slots && n < KEEP_MAX; i++) {
        if (slots[i].fd >= 0) {
            ret[n++] = slots[i].fd;
        }
    }
    return n;
}

sy_status sandbox_enter_process(const struct sandbox_fd_slot *slots, size_t n_slots,
                                struct sy_error *reterr)
{
    int keep[KEEP_MAX];
    size_t n_keep = list_taken(slots, n_slots, keep);
    SY_TRY(sandbox_check_single_threaded(reterr));
    SY_TRY(sandbox_no_dumps(reterr));
    SY_TRY(sandbox_clear_env(reterr));
    SY_TRY(sandbox_close_others(keep, n_keep, reterr));
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
        return sandbox_fail(reterr, "ambient capabilities");
    }
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    return SY_OK;
}

/* ---- the warden ---- */

#define FOLDER_BITS                                                                                \
    (KERNEL_FS_READ_FILE | KERNEL_FS_READ_DIR | KERNEL_FS_WRITE_FILE | KERNEL_FS_TRUNCATE |        \
     KERNEL_FS_MAKE_REG | KERNEL_FS_MAKE_DIR | KERNEL_FS_REMOVE_FILE | KERNEL_FS_REMOVE_DIR |      \
     KERNEL_FS_REFER)

static sy_status enter_daemon_filter(struct sy_error *reterr)
{
    struct sandbox_program program = {0};
    SY_TRY(sandbox_program_compile(&sandbox_filter_daemon, &program, reterr));
    sy_status s = sandbox_enter_filter(&program, reterr);
    sandbox_program_free(&program);
    return s;
}

/* Threads first of all: Landlock would not hold for those that exist. */
sy_status sandbox_enter_warden(int data_dirfd, struct sy_error *reterr)
{
    struct sandbox_beneath beneath = {.dirfd = data_dirfd, .allowed = FOLDER_BITS};
    SY_TRY(sandbox_check_single_threaded(reterr));
    SY_TRY(sandbox_fd_check(data_dirfd, SANDBOX_FD_DIRECTORY, reterr));
    SY_TRY(sandbox_no_dumps(reterr));
    SY_TRY(sandbox_enter_no_capabilities(false, reterr));
    SY_TRY(sandbox_enter_no_privileges(reterr));
    SY_TRY(sandbox_landlock_restrict(&beneath, 1, reterr));
    return enter_daemon_filter(reterr);
}

/* ---- control edge ---- */

sy_status sandbox_control_send(int control, uint8_t what, int fd)
{
    return sy_send_fds(control, sy_view(&what, 1), &fd, fd >= 0 ? 1 : 0);
}

sy_status sandbox_control_ready(int control)
{
    return sandbox_control_send(control, SANDBOX_CONTROL_READY, -1);
}

sy_status sandbox_control_next(int control, uint8_t *ret_what, int *ret_fd)
{
    uint8_t what = 0;
    size_t n = 0;
    size_t n_fds = 0;
    int fd = -1;
    SY_TRY(sy_recv_fds(control, &what, 1, &n, &fd, ret_fd != NULL ? 1 : 0, &n_fds));
    if (ret_fd != NULL) {
        *ret_fd = n_fds == 1 ? fd : -1;
    }
    *ret_what = what;
    return SY_OK;
}
