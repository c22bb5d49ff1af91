/*
 * What: takes descriptors by number. BOUNDARY: a number on a command line may name anything that
 * happens to be open, so domain, type and state of each are asked of the kernel before use.
 */
#include "gateway/handoff.h"

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

static const struct {
    const char *name;
    bool (*is)(int fd);
    bool optional;
} SLOTS[GW_FD_N] = {
    [GW_FD_LISTEN] = {"listen", is_tcp_listener, false},
    [GW_FD_WARDEN] = {"warden", is_unix_stream, false},
    [GW_FD_PUBLIC] = {"public", is_directory, false},
    [GW_FD_CONTROL] = {"control", is_unix_seqpacket, true},
};

void gw_handoff_init(struct gw_handoff *h)
{
    for (size_t i = 0; i < GW_FD_N; i++) {
        h->fds[i] = -1;
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

static bool is_taken(const struct gw_handoff *h, int fd)
{
    for (size_t i = 0; i < GW_FD_N; i++) {
        if (h->fds[i] == fd) {
            return true;
        }
    }
    return false;
}

static int find_slot(const char *arg, const char *equals)
{
    struct sy_view name = sy_view(arg, (size_t)(equals - arg));
    for (int i = 0; i < GW_FD_N; i++) {
        if (sy_view_is(name, SLOTS[i].name)) {
            return i;
        }
    }
    return -1;
}

sy_status gw_handoff_take(struct gw_handoff *h, const char *arg, struct sy_error *reterr)
{
    const char *equals = strchr(arg, '=');
    int fd = -1;
    int slot = equals == NULL ? -1 : find_slot(arg, equals);
    if (slot < 0 || h->fds[slot] != -1 || !parse_number(equals + 1, &fd) || is_taken(h, fd)) {
        return sy_fail(reterr, SY_E_FIELD, "fd", "not NAME=N of a descriptor still to be given");
    }
    if (!SLOTS[slot].is(fd) || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return sy_fail(reterr, SY_E_FIELD, "fd", "%s: not a descriptor of that kind",
                       SLOTS[slot].name);
    }
    h->fds[slot] = fd;
    return SY_OK;
}

sy_status gw_handoff_check(const struct gw_handoff *h, struct sy_error *reterr)
{
    for (size_t i = 0; i < GW_FD_N; i++) {
        if (h->fds[i] < 0 && !SLOTS[i].optional) {
            return sy_fail(reterr, SY_E_FIELD, "fd", "--fd %s=N is missing", SLOTS[i].name);
        }
    }
    return SY_OK;
}

sy_status gw_handoff_ready(const struct gw_handoff *h)
{
    uint8_t ready = READY;
    int control = h->fds[GW_FD_CONTROL];
    return control < 0 ? SY_OK : sy_send_fds(control, sy_view(&ready, 1), NULL, 0);
}

void gw_handoff_close(struct gw_handoff *h)
{
    for (size_t i = 0; i < GW_FD_N; i++) {
        sy_fd_close(&h->fds[i]);
    }
}
