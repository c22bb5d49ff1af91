/*
 * What: sockets for the blocking client: non-blocking connects, each with what is left of the time.
 * Name resolution is libc's and blocks by its own rules.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "client/session.h"

uint64_t client_now_ms(void)
{
    return sy_mono_ns() / 1000000;
}

static sy_status connect_fail(int e, struct sy_error *err)
{
    if (e == ECONNREFUSED || e == ENOENT || e == ECONNRESET) {
        return sy_fail(err, SY_E_CLOSED, "address", "nobody listens there");
    }
    return e == ETIMEDOUT ? sy_fail(err, SY_E_TIMEOUT, "address", "no connection in time")
                          : sy_fail_errno(err, e, "connect");
}

static sy_status finish_connect(int fd, uint64_t deadline_ms, struct sy_error *err)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int e = 0;
    socklen_t n = sizeof(e);
    for (;;) {
        uint64_t now = client_now_ms();
        int r = now >= deadline_ms ? 0 : poll(&p, 1, (int)(deadline_ms - now));
        if (r == 0) {
            return connect_fail(ETIMEDOUT, err);
        }
        if (r > 0) {
            break;
        }
        if (errno != EINTR) {
            return connect_fail(errno, err);
        }
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) == 0 && e == 0 ? SY_OK
                                                                       : connect_fail(e, err);
}

static sy_status connect_one(const struct sockaddr *to, socklen_t n_to, uint64_t deadline_ms,
                             int *ret_fd, struct sy_error *err)
{
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;
    if (fd < 0) {
        return sy_fail_errno(err, errno, "socket");
    }
    if (to->sa_family != AF_UNIX) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    sy_status s = SY_OK;
    if (connect(fd, to, n_to) != 0) {
        bool going = errno == EINPROGRESS || errno == EAGAIN || errno == EINTR;
        s = going ? finish_connect(fd, deadline_ms, err) : connect_fail(errno, err);
    }
    if (!sy_ok(s)) {
        sy_fd_close(&fd);
        return s;
    }
    *ret_fd = fd;
    return SY_OK;
}

static sy_status connect_local(const struct client_address *a, uint64_t deadline_ms, int *ret_fd,
                               struct sy_error *err)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strlen(a->host) >= sizeof(to.sun_path)) {
        return sy_fail(err, SY_E_FIELD, "address", "the socket's path is too long");
    }
    sy_view_to_cstr(sy_view_str(a->host), to.sun_path, sizeof(to.sun_path));
    return connect_one((const struct sockaddr *)&to, sizeof(to), deadline_ms, ret_fd, err);
}

sy_status client_connect(const struct client_address *a, uint64_t deadline_ms, int *ret_fd,
                         struct sy_error *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (a->local) {
        return connect_local(a, deadline_ms, ret_fd, err);
    }
    if (getaddrinfo(a->host, a->port, &hints, &list) != 0 || list == NULL) {
        return sy_fail(err, SY_E_NOT_FOUND, "address", "there is no such host");
    }
    sy_status s = sy_status_of(SY_E_CLOSED);
    for (const struct addrinfo *i = list; i != NULL && !sy_ok(s); i = i->ai_next) {
        s = connect_one(i->ai_addr, i->ai_addrlen, deadline_ms, ret_fd, err);
    }
    freeaddrinfo(list);
    return s;
}
