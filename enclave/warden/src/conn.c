/*
 * What: framed stream connections. Invariants: `in` holds at most one incomplete frame plus what one
 * read brought; a descriptor passed by a peer is owned by exactly one place and closed when nobody takes it.
 */
#include "warden/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "wire/mp.h"

/* Requests are one envelope; few values make looking at an unfinished frame again cheap. */
static const struct sy_mp_limits EDGE = {.bytes = 5 << 20, .depth = 8, .values = 4096};

enum { READ_BYTES = 65536, OUT_MAX = 128 << 20 };

struct warden_conn {
    struct warden_loop *loop;
    struct warden_watch *watch;
    int fd;
    int passed_fd;
    enum warden_conn_kind kind;
    uint64_t id;
    const struct warden_conn_ops *ops;
    void *ctx;
    struct sy_buf in, out;
    bool dropped;
    int busy; /* inside frame callbacks: free later */
};

static void conn_free(struct warden_conn *c)
{
    sy_buf_deinit(&c->in);
    sy_buf_deinit(&c->out);
    free(c);
}

/* Cut it off; the memory stays until nobody is inside (conn_leave). */
static void conn_cut(struct warden_conn *c)
{
    if (c->dropped) {
        return;
    }
    c->dropped = true;
    c->ops->gone(c->ctx, c);
    warden_watch_remove(c->watch);
    sy_fd_close(&c->fd);
    sy_fd_close(&c->passed_fd);
}

static void conn_leave(struct warden_conn *c)
{
    c->busy--;
    if (c->dropped && c->busy == 0) {
        conn_free(c);
    }
}

void warden_conn_drop(struct warden_conn *c)
{
    c->busy++;
    conn_cut(c);
    conn_leave(c);
}

static int take_passed(struct warden_conn *c)
{
    int fd = c->passed_fd;
    c->passed_fd = -1;
    return fd;
}

/* Hand over every whole frame; false when the connection was dropped meanwhile. */
static bool deliver(struct warden_conn *c)
{
    while (!c->dropped && c->in.n > 0) {
        size_t n = 0;
        sy_status s = sy_mp_frame(sy_buf_view(&c->in), &EDGE, &n, NULL);
        if (s.code == SY_E_CLOSED) {
            return true; /* an envelope is one bin: looking again costs a few values, not its bytes */
        }
        if (!sy_ok(s)) {
            return false;
        }
        c->ops->frame(c->ctx, c, sy_view(c->in.p, n), take_passed(c));
        if (!c->dropped) {
            sy_buf_consume(&c->in, n);
        }
    }
    return !c->dropped;
}

static bool read_some(struct warden_conn *c)
{
    uint8_t *to = sy_buf_reserve(&c->in, READ_BYTES);
    if (to == NULL) {
        return false;
    }
    size_t n = 0, n_fds = 0;
    int fd = -1;
    size_t max_fds = c->kind == WARDEN_CONN_LOCAL ? 1 : 0;
    sy_status s = sy_recv_fds(c->fd, to, READ_BYTES, &n, &fd, max_fds, &n_fds);
    if (!sy_ok(s)) {
        return s.code == SY_E_TIMEOUT; /* nothing more to read for now */
    }
    c->in.n += n;
    if (n_fds == 1) {
        sy_fd_close(&c->passed_fd); /* the one before was never claimed by a frame */
        c->passed_fd = fd;
    }
    return deliver(c);
}

static bool write_some(struct warden_conn *c)
{
    while (c->out.n > 0) {
        ssize_t n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno == EAGAIN || errno == EINTR) {
                break;
            }
            return false;
        }
        sy_buf_consume(&c->out, (size_t)n);
    }
    warden_watch_events(c->watch, c->out.n > 0 ? POLLIN | POLLOUT : POLLIN);
    return true;
}

static void conn_ready(void *ctx, short revents)
{
    struct warden_conn *c = ctx;
    c->busy++;
    bool alive = true;
    if ((revents & POLLOUT) != 0) {
        alive = write_some(c);
    }
    if (alive && (revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        alive = read_some(c);
    }
    if (!alive) {
        conn_cut(c);
    }
    conn_leave(c);
}

struct warden_conn *warden_conn_open(struct warden_loop *loop, int fd, enum warden_conn_kind kind,
                                     uint64_t id, const struct warden_conn_ops *ops, void *ctx)
{
    struct warden_conn *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        close(fd);
        return NULL;
    }
    *c = (struct warden_conn){.loop = loop,
                              .fd = fd,
                              .passed_fd = -1,
                              .kind = kind,
                              .id = id,
                              .ops = ops,
                              .ctx = ctx,
                              .in = sy_buf(EDGE.bytes + READ_BYTES),
                              .out = sy_buf(OUT_MAX)};
    int flags = fcntl(fd, F_GETFL);
    c->watch = warden_watch_add(loop, fd, POLLIN, conn_ready, c);
    if (c->watch == NULL || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        warden_watch_remove(c->watch);
        close(fd);
        conn_free(c);
        return NULL;
    }
    return c;
}

uint64_t warden_conn_id(const struct warden_conn *c)
{
    return c->id;
}

enum warden_conn_kind warden_conn_kind(const struct warden_conn *c)
{
    return c->kind;
}

void warden_conn_send(struct warden_conn *c, struct sy_view frame)
{
    if (c->dropped) {
        return;
    }
    c->busy++;
    if (!sy_ok(sy_buf_add_view(&c->out, frame)) || !write_some(c)) {
        conn_cut(c);
    }
    conn_leave(c);
}
