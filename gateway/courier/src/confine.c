/* What: the courier's confinement over role/confine.h. */
#include "courier/confine.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/syscall.h>

#include "base/fdio.h"
#include "role/confine.h"

enum { OPEN_FILES = 256 };

static const char *const FILES[COURIER_FILES_N] = {
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"};

static const unsigned ALLOWED[] = {
    SYS_connect, SYS_sendmmsg, SYS_uname, SYS_sched_getaffinity, SYS_set_robust_list,
};
static const unsigned KILLED[] = {SYS_listen, SYS_accept, SYS_accept4};
static const struct role_call_if ALLOWED_IF[] = {{SYS_socket, 0, {AF_INET, AF_INET6}}};

/* A file that is not there has no identity, until it is. */
static void identify(struct courier_files *ret)
{
    for (size_t i = 0; i < COURIER_FILES_N; i++) {
        struct stat st;
        bool is_there = stat(FILES[i], &st) == 0;
        ret->is[i].dev = is_there ? st.st_dev : 0;
        ret->is[i].ino = is_there ? st.st_ino : 0;
    }
}

bool courier_files_changed(const struct courier_files *files)
{
    struct courier_files now;
    identify(&now);
    for (size_t i = 0; i < COURIER_FILES_N; i++) {
        if (now.is[i].dev != files->is[i].dev || now.is[i].ino != files->is[i].ino) {
            return true;
        }
    }
    return false;
}

sy_status courier_confine_files(uid_t uid, struct courier_files *ret, struct sy_error *reterr)
{
    int fds[COURIER_FILES_N];
    SY_TRY(role_confine_identity(uid, OPEN_FILES, reterr));
    identify(ret);
    for (size_t i = 0; i < COURIER_FILES_N; i++) {
        fds[i] = open(FILES[i], O_PATH | O_CLOEXEC);
    }
    sy_status s = role_confine_files(fds, COURIER_FILES_N, true, reterr);
    for (size_t i = 0; i < COURIER_FILES_N; i++) {
        sy_fd_close(&fds[i]);
    }
    return s;
}

sy_status courier_confine_calls(struct sy_error *reterr)
{
    static const struct role_filter filter = {
        .allowed = {ALLOWED, sizeof(ALLOWED) / sizeof(ALLOWED[0])},
        .killed = {KILLED, sizeof(KILLED) / sizeof(KILLED[0])},
        .allowed_if = ALLOWED_IF,
        .n_allowed_if = sizeof(ALLOWED_IF) / sizeof(ALLOWED_IF[0]),
    };
    return role_confine_calls(&filter, reterr);
}
