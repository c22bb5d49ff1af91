/*
 * Descriptors: whole reads and writes, atomic replacement of files, descriptors over unix sockets.
 * Invariants: every descriptor opened or received here is close-on-exec; a call that fails owns
 * nothing afterwards (received descriptors closed, temp file unlinked). A peer may send more
 * descriptors than asked for: the kernel installs what the control buffer holds, so each one that
 * arrives is counted, and closed if it is too many.
 */
#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"

#define CHUNK_BYTES  ((size_t)64 << 10)
#define IO_MAX_BYTES ((size_t)1 << 30) /* of one system call; Linux takes at most 2 GiB */

/* Errors that mean something to callers beyond "the machine failed". */
static const struct {
    int err;
    int32_t code;
} ERRNO_CODES[] = {
    {EPIPE, SY_E_CLOSED},     {ECONNRESET, SY_E_CLOSED}, {EAGAIN, SY_E_TIMEOUT},
    {ENOENT, SY_E_NOT_FOUND}, {EMSGSIZE, SY_E_LIMIT},
};

static sy_status fail(const char *what)
{
    int saved = errno;
    for (size_t i = 0; i < sizeof(ERRNO_CODES) / sizeof(ERRNO_CODES[0]); i++) {
        if (ERRNO_CODES[i].err == saved) {
            return sy_status_of(ERRNO_CODES[i].code);
        }
    }
    return sy_fail_errno(NULL, saved, what);
}

void sy_fd_close(int *fd)
{
    if (fd == NULL || *fd < 0) {
        return;
    }
    int saved = errno;
    (void)close(*fd);
    *fd = -1;
    errno = saved;
}

sy_status sy_write_all(int fd, const void *p, size_t n_bytes)
{
    const uint8_t *at = p;
    while (n_bytes > 0) {
        ssize_t n = write(fd, at, sy_min_u64(n_bytes, IO_MAX_BYTES));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 ? sy_status_of(SY_E_IO) : fail("write");
        }
        at += n;
        n_bytes -= (size_t)n;
    }
    return SY_OK;
}

/* One read that goes on after EINTR; 0 bytes = end of file. */
static sy_status read_some(int fd, void *p, size_t cap, size_t *ret_n)
{
    ssize_t n;
    do {
        n = read(fd, p, sy_min_u64(cap, IO_MAX_BYTES));
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return fail("read");
    }
    *ret_n = (size_t)n;
    return SY_OK;
}

sy_status sy_read_all(int fd, void *p, size_t n_bytes)
{
    uint8_t *at = p;
    while (n_bytes > 0) {
        size_t n = 0;
        SY_TRY(read_some(fd, at, n_bytes, &n));
        if (n == 0) {
            return sy_status_of(SY_E_CLOSED);
        }
        at += n;
        n_bytes -= n;
    }
    return SY_OK;
}

/* Append one chunk. At the ceiling one more byte is asked for, to tell a file that just fits from
 * one that does not. */
static sy_status read_chunk(int fd, struct sy_buf *b, bool *ret_end)
{
    uint8_t probe;
    size_t n = 0;
    size_t room = sy_min_u64(b->ceiling - b->n, CHUNK_BYTES);
    if (room == 0) {
        SY_TRY(read_some(fd, &probe, 1, &n));
        *ret_end = n == 0;
        return n == 0 ? SY_OK : sy_status_of(SY_E_LIMIT);
    }
    uint8_t *at = sy_buf_reserve(b, room);
    if (at == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    SY_TRY(read_some(fd, at, room, &n));
    b->n += n;
    *ret_end = n == 0;
    return SY_OK;
}

sy_status sy_read_to_end(int fd, struct sy_buf *b)
{
    size_t before = b->n;
    bool end = false;
    while (!end) {
        sy_status s = read_chunk(fd, b, &end);
        if (!sy_ok(s)) {
            b->n = before;
            return s;
        }
    }
    return SY_OK;
}

sy_status sy_read_file_at(int dirfd, const char *name, struct sy_buf *b)
{
    SY_FD_CLEANUP int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return fail("open");
    }
    return sy_read_to_end(fd, b);
}

/* The temp file's name is fixed, so that a crash leaves at most one behind, which the next
 * replacement removes. O_EXCL after unlink refuses a link that someone else put there. */
static sy_status write_temp(int dirfd, const char *temp, struct sy_view content, unsigned mode)
{
    if (unlinkat(dirfd, temp, 0) != 0 && errno != ENOENT) {
        return fail("unlink temp file");
    }
    SY_FD_CLEANUP int fd =
        openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, (mode_t)mode) != 0) {
        return fail("create temp file");
    }
    SY_TRY(sy_write_all(fd, content.p, content.n));
    return fsync(fd) == 0 ? SY_OK : fail("fsync temp file");
}

/* Flush the directory that holds `name`, which may itself have folders in it. */
static sy_status sync_parent(int dirfd, const char *name)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(name, '/');
    size_t n = slash == NULL ? 1 : (size_t)(slash - name) + 1;
    if (n >= sizeof(parent)) {
        return sy_status_of(SY_E_USAGE);
    }
    memcpy(parent, slash == NULL ? "." : name, n);
    parent[n] = '\0';
    SY_FD_CLEANUP int fd = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return fail("fsync directory");
    }
    return SY_OK;
}

sy_status sy_replace_file_at(int dirfd, const char *name, struct sy_view content, unsigned mode)
{
    char temp[PATH_MAX];
    int n = snprintf(temp, sizeof(temp), "%s.tmp", name);
    if (n < 0 || (size_t)n >= sizeof(temp)) {
        return sy_status_of(SY_E_USAGE);
    }
    sy_status s = write_temp(dirfd, temp, content, mode);
    if (sy_ok(s) && renameat(dirfd, temp, dirfd, name) != 0) {
        s = fail("rename temp file");
    }
    if (!sy_ok(s)) {
        (void)unlinkat(dirfd, temp, 0);
        return s;
    }
    return sync_parent(dirfd, name);
}

/* Control data must be aligned as its header is. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * SY_FDS_MAX)];
};

static void put_rights(struct msghdr *msg, union control *control, const int *fds, size_t n_fds)
{
    memset(control, 0, sizeof(*control));
    msg->msg_control = control->bytes;
    msg->msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
    struct cmsghdr *head = CMSG_FIRSTHDR(msg);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
    memcpy(CMSG_DATA(head), fds, sizeof(int) * n_fds);
}

static sy_status send_once(int sock, struct msghdr *msg, size_t *ret_n)
{
    ssize_t n;
    do {
        n = sendmsg(sock, msg, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return fail("sendmsg");
    }
    *ret_n = (size_t)n;
    return SY_OK;
}

sy_status sy_send_fds(int sock, struct sy_view bytes, const int *fds, size_t n_fds)
{
    if (bytes.n == 0 || n_fds > SY_FDS_MAX) {
        return sy_status_of(SY_E_USAGE);
    }
    union control control;
    struct iovec iov = {0};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (n_fds > 0) {
        put_rights(&msg, &control, fds, n_fds);
    }
    /* A stream may take the message in pieces: the descriptors go with the first, once. */
    for (size_t sent = 0, n = 0; sent < bytes.n; sent += n) {
        iov.iov_base = (void *)(uintptr_t)(bytes.p + sent);
        iov.iov_len = bytes.n - sent;
        SY_TRY(send_once(sock, &msg, &n));
        msg.msg_control = NULL;
        msg.msg_controllen = 0;
    }
    return SY_OK;
}

/* What came with one message. The control buffer's padding has room for one more than the most. */
struct received {
    int fds[SY_FDS_MAX + 1];
    size_t n;
    bool too_many;
};

static void take_rights(struct received *r, struct cmsghdr *head)
{
    size_t n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < n; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
        if (r->n < sizeof(r->fds) / sizeof(r->fds[0])) {
            r->fds[r->n++] = fd;
        } else {
            r->too_many = true;
            sy_fd_close(&fd);
        }
    }
}

static void take_control(struct received *r, struct msghdr *msg)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h != NULL; h = CMSG_NXTHDR(msg, h)) {
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
            take_rights(r, h);
        }
    }
}

static void close_received(struct received *r)
{
    for (size_t i = 0; i < r->n; i++) {
        sy_fd_close(&r->fds[i]);
    }
    r->n = 0;
}

static sy_status receive(int sock, struct msghdr *msg, struct received *r, size_t *ret_n)
{
    ssize_t n;
    do {
        n = recvmsg(sock, msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return fail("recvmsg");
    }
    take_control(r, msg);
    if (n == 0) {
        return sy_status_of(SY_E_CLOSED);
    }
    if ((msg->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return sy_status_of(SY_E_FRAME);
    }
    *ret_n = (size_t)n;
    return SY_OK;
}

sy_status sy_recv_fds(int sock, uint8_t *ret, size_t cap, size_t *ret_n, int *ret_fds,
                      size_t max_fds, size_t *ret_n_fds)
{
    union control control;
    struct iovec iov = {.iov_base = ret, .iov_len = cap};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    struct received r = {.n = 0};
    size_t n = 0;
    sy_status s = receive(sock, &msg, &r, &n);
    if (sy_ok(s) && (r.too_many || r.n > max_fds)) {
        s = sy_status_of(SY_E_FRAME);
    }
    if (!sy_ok(s)) {
        close_received(&r);
        return s;
    }
    if (r.n > 0) {
        memcpy(ret_fds, r.fds, r.n * sizeof(int));
    }
    *ret_n = n;
    *ret_n_fds = r.n;
    return SY_OK;
}
