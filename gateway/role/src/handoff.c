/*
 * What: takes descriptors by number. BOUNDARY: a number on a command line may name anything that
 * happens to be open, so domain, type and state of each are asked of the kernel before use.
 */
#include "role/handoff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"

#define READY 'r'

static int socket_option(int fd, int option)
{
    int value = -1;
    socklen_t n = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, option, &value, &n) == 0 ? value : -1;
}

static bool is_tcp_listener(int fd)
{
    int domain = socket_option(fd, SO_DOMAIN);
    return (domain == AF_INET || domain == AF_INET6) && socket_option(fd, SO_TYPE) == SOCK_STREAM &&
           socket_option(fd, SO_ACCEPTCONN) == 1;
}

static bool is_unix_peer(int fd, int type)
{
    struct sockaddr_storage peer;
    socklen_t n = sizeof(peer);
    return socket_option(fd, SO_DOMAIN) == AF_UNIX && socket_option(fd, SO_TYPE) == type &&
           getpeername(fd, (struct sockaddr *)&peer, &n) == 0;
}

static bool is_unix_stream(int fd)
{
    return is_unix_peer(fd, SOCK_STREAM);
}

static bool is_unix_seqpacket(int fd)
{
    return is_unix_peer(fd, SOCK_SEQPACKET);
}

static bool is_directory(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool (*const IS[ROLE_FD_TYPE_N])(int fd) = {
    [ROLE_FD_TCP_LISTENER] = is_tcp_listener,
    [ROLE_FD_UNIX_STREAM] = is_unix_stream,
    [ROLE_FD_UNIX_SEQPACKET] = is_unix_seqpacket,
    [ROLE_FD_DIRECTORY] = is_directory,
};

void role_fds_init(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fds[i] = -1;
    }
}

static bool parse_number(const char *text, int *ret)
{
    char *end = NULL;
    if (text[0] < '1' || text[0] > '9' || strlen(text) > 6) {
        return false;
    }
    *ret = (int)strtol(text, &end, 10);
    return *end == '\0' && *ret > STDERR_FILENO;
}

static bool is_taken(const int *fds, size_t n, int fd)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i] == fd) {
            return true;
        }
    }
    return false;
}

/* n when there is none. */
static size_t find_name(const struct role_fd *table, size_t n, const char *arg)
{
    struct sy_view name = sy_view(arg, strcspn(arg, "="));
    size_t i = 0;
    while (i < n && !sy_view_is(name, table[i].name)) {
        i++;
    }
    return arg[name.n] == '=' ? i : n;
}

sy_status role_fd_take(const struct role_fd *table, int *fds, size_t n, const char *arg,
                       struct sy_error *reterr)
{
    int fd = -1;
    size_t i = find_name(table, n, arg);
    if (i == n || fds[i] != -1 || !parse_number(strchr(arg, '=') + 1, &fd) ||
        is_taken(fds, n, fd)) {
        return sy_fail(reterr, SY_E_FIELD, "fd", "not NAME=N of a descriptor still to be given");
    }
    if (!IS[table[i].type](fd) || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return sy_fail(reterr, SY_E_FIELD, "fd", "%s: not a descriptor of that kind",
                       table[i].name);
    }
    fds[i] = fd;
    return SY_OK;
}

sy_status role_fds_check(const struct role_fd *table, const int *fds, size_t n,
                         struct sy_error *reterr)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i] < 0 && !table[i].optional) {
            return sy_fail(reterr, SY_E_FIELD, "fd", "--fd %s=N is missing", table[i].name);
        }
    }
    return SY_OK;
}

sy_status role_say_ready(int control)
{
    uint8_t ready = READY;
    return control < 0 ? SY_OK : sy_send_fds(control, sy_view(&ready, 1), NULL, 0);
}

bool role_told_to_stop(int control)
{
    uint8_t byte;
    return recv(control, &byte, 1, MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}

void role_fds_close(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sy_fd_close(&fds[i]);
    }
}
