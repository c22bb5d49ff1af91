/* What: the bridge's confinement over role/confine.h. */
#include "bridge/confine.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <uv.h>

#include "base/fdio.h"
#include "role/confine.h"

enum { OPEN_FILES = 256, N_FILES = 5 };

#define POOL_THREADS "2" /* names are looked up in them */

static const char *const FILES[N_FILES] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
                                           "/etc/host.conf", "/etc/gai.conf"};

static const unsigned ALLOWED[] = {
    SYS_accept4, SYS_accept,   SYS_connect,           SYS_sendmmsg,        SYS_uname,
    SYS_flock,   SYS_pwrite64, SYS_sched_getaffinity, SYS_set_robust_list,
};
static const unsigned KILLED[] = {SYS_listen};
static const struct role_call_if ALLOWED_IF[] = {{SYS_socket, 0, {AF_INET, AF_INET6}}};

sy_status bridge_confine_process(struct sy_error *reterr)
{
    const int none = -1; /* nothing was handed over */
    return role_confine_process(&none, 1, reterr);
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void has_started(uv_work_t *work, int status)
{
    *(bool *)work->data = status == 0;
}

/* The pool starts all its threads with the first work that it is given; the filter allows no more. */
static sy_status start_threads(void)
{
    uv_loop_t loop;
    bool is_done = false;
    uv_work_t work = {.data = &is_done};
    if (setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 1) != 0 || uv_loop_init(&loop) != 0) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (uv_queue_work(&loop, &work, do_nothing, has_started) == 0) {
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    }
    (void)uv_loop_close(&loop);
    return is_done ? SY_OK : sy_status_of(SY_E_KERNEL);
}

static sy_status confine_files(struct sy_error *reterr)
{
    int fds[N_FILES];
    for (size_t i = 0; i < N_FILES; i++) {
        fds[i] = open(FILES[i], O_PATH | O_CLOEXEC);
    }
    sy_status s = role_confine_files(fds, N_FILES, true, reterr);
    for (size_t i = 0; i < N_FILES; i++) {
        sy_fd_close(&fds[i]);
    }
    return s;
}

sy_status bridge_confine(struct sy_error *reterr)
{
    static const struct role_filter filter = {
        .allowed = {ALLOWED, sizeof(ALLOWED) / sizeof(ALLOWED[0])},
        .killed = {KILLED, sizeof(KILLED) / sizeof(KILLED[0])},
        .allowed_if = ALLOWED_IF,
        .n_allowed_if = sizeof(ALLOWED_IF) / sizeof(ALLOWED_IF[0]),
    };
    SY_TRY(role_confine_identity(BRIDGE_UID, OPEN_FILES, reterr));
    SY_TRY(confine_files(reterr));
    SY_TRY(start_threads());
    return role_confine_calls(&filter, reterr);
}
