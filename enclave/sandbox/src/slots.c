/*
 * Descriptors that arrive as a number on the command line. A wrong number would otherwise be used
 * for whatever happens to be open there (a file taken for a socket, the control edge for the
 * gateway's), so each one is checked against what its name promises before anything else is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/process.h"

#define ANY_INET (-1) /* AF_INET or AF_INET6 */

/* What each type means: file type, and for sockets domain, type and whether they listen. */
static const struct type {
    const char *name;
    mode_t format; /* S_IF* */
    int domain;
    int socket_type;
    int listens;
} TYPES[SANDBOX_FD_TYPE_N] = {
    [SANDBOX_FD_UNIX_SEQPACKET] = {"unix seqpacket socket", S_IFSOCK, AF_UNIX, SOCK_SEQPACKET, 0},
    [SANDBOX_FD_UNIX_STREAM] = {"unix stream socket", S_IFSOCK, AF_UNIX, SOCK_STREAM, 0},
    [SANDBOX_FD_UNIX_LISTENER] = {"listening unix socket", S_IFSOCK, AF_UNIX, SOCK_STREAM, 1},
    [SANDBOX_FD_TCP_LISTENER] = {"listening TCP socket", S_IFSOCK, ANY_INET, SOCK_STREAM, 1},
    [SANDBOX_FD_DIRECTORY] = {"directory", S_IFDIR, 0, 0, 0},
    [SANDBOX_FD_FILE] = {"regular file", S_IFREG, 0, 0, 0},
};

/* A socket's option as a number; -1 when it has none. */
static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t n = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, option, &value, &n) == 0 ? value : -1;
}

static bool is_socket_of(int fd, const struct type *t)
{
    int domain = option_of(fd, SO_DOMAIN);
    bool domain_fits =
        t->domain == ANY_INET ? domain == AF_INET || domain == AF_INET6 : domain == t->domain;
    return domain_fits && option_of(fd, SO_TYPE) == t->socket_type &&
           option_of(fd, SO_ACCEPTCONN) == t->listens;
}

sy_status sandbox_fd_check(int fd, enum sandbox_fd_type type, struct sy_error *reterr)
{
    if (type < SANDBOX_FD_UNIX_SEQPACKET || type >= SANDBOX_FD_TYPE_N) {
        return sy_fail(reterr, SY_E_USAGE, "fd", NULL);
    }
    const struct type *t = &TYPES[type];
    struct stat st = {0};
    if (fstat(fd, &st) != 0 || (st.st_mode & S_IFMT) != t->format ||
        (t->format == S_IFSOCK && !is_socket_of(fd, t))) {
        return sy_fail(reterr, SY_E_FIELD, "fd", "descriptor %d is not a %s", fd, t->name);
    }
    return SY_OK;
}

/* A plain decimal above standard error; -1 otherwise. */
static int parse_number(const char *s)
{
    char *end = NULL;
    if (*s < '1' || *s > '9') {
        return -1;
    }
    errno = 0;
    long n = strtol(s, &end, 10);
    return errno == 0 && *end == '\0' && n > STDERR_FILENO && n <= INT_MAX ? (int)n : -1;
}

static struct sandbox_fd_slot *find_slot(const char *arg, struct sandbox_fd_slot *slots, size_t n)
{
    size_t name_bytes = strcspn(arg, "=");
    for (size_t i = 0; i < n; i++) {
        if (strlen(slots[i].name) == name_bytes && memcmp(slots[i].name, arg, name_bytes) == 0) {
            return &slots[i];
        }
    }
    return NULL;
}

static bool is_used(int fd, const struct sandbox_fd_slot *slots, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (slots[i].fd == fd) {
            return true;
        }
    }
    return false;
}

sy_status sandbox_fd_take(const char *arg, struct sandbox_fd_slot *slots, size_t n_slots,
                          struct sy_error *reterr)
{
    struct sandbox_fd_slot *slot = find_slot(arg, slots, n_slots);
    const char *equals = strchr(arg, '=');
    int fd = equals == NULL ? -1 : parse_number(equals + 1);
    if (slot == NULL || slot->fd >= 0 || fd < 0 || is_used(fd, slots, n_slots)) {
        return sy_fail(reterr, SY_E_FIELD, "fd",
                       "--fd %.40s: no such name, or used twice, or no "
                       "number above 2",
                       arg);
    }
    /* BOUNDARY: the supervisor put it there; what is really there is looked at here. */
    SY_TRY(sandbox_fd_check(fd, slot->type, reterr));
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return sy_fail_errno(reterr, errno, "close-on-exec");
    }
    slot->fd = fd;
    return SY_OK;
}

sy_status sandbox_fds_check(const struct sandbox_fd_slot *slots, size_t n_slots,
                            struct sy_error *reterr)
{
    for (size_t i = 0; i < n_slots; i++) {
        if (slots[i].fd < 0 && !slots[i].optional) {
            return sy_fail(reterr, SY_E_FIELD, "fd", "--fd %s=N is missing", slots[i].name);
        }
    }
    return SY_OK;
}
