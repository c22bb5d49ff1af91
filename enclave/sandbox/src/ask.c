/*
 * The asker's side of the zygote: one request, one answer, in step. An exchange that fails half-way
 * leaves the socket out of step, so every such failure is final for that zygote (the supervisor
 * then stops the domain); refusals in an answer are not.
 * Invariant: a struct sandbox_job is either null or owns two descriptors of one worker.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "base/fdio.h"
#include "message.h"
#include "sandbox/zygote.h"

#define ANSWER_TIMEOUT_MS 10000 /* the zygote only forks; this is a broken zygote, not a slow one */

/* Hand on what a cleanup would close. */
static int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

static sy_status wait_readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;
    do {
        n = poll(&p, 1, timeout_ms);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return sy_status_of(SY_E_IO);
    }
    return n == 0 ? sy_status_of(SY_E_TIMEOUT) : SY_OK;
}

/* Send, wait, receive. *ret_fd gets the answer's descriptor or -1. */
static sy_status exchange(int sock, const struct request *r, const int *fds, size_t n_fds,
                          struct answer *ret, int *ret_fd)
{
    uint8_t bytes[REQUEST_BYTES];
    uint8_t back[ANSWER_BYTES];
    size_t n = 0;
    size_t n_back = 0;
    int fd = -1;
    request_encode(r, bytes);
    SY_TRY(sy_send_fds(sock, sy_view(bytes, sizeof(bytes)), fds, n_fds));
    SY_TRY(wait_readable(sock, ANSWER_TIMEOUT_MS));
    SY_TRY(sy_recv_fds(sock, back, sizeof(back), &n, &fd, 1, &n_back));
    *ret_fd = n_back == 1 ? fd : -1;
    /* BOUNDARY: the zygote's answer is checked for form, id and size before anything is used. */
    if (!answer_parse(back, n, ret) || ret->id != ANSWER_TO(r->id)) {
        sy_fd_close(ret_fd);
        return sy_status_of(SY_E_FRAME);
    }
    return SY_OK;
}

static sy_status ask_spawn(int zygote_sock, const struct request *r, int worker_end,
                           uint32_t *ret_number, int *ret_pidfd)
{
    struct answer a = {0};
    SY_FD_CLEANUP int pidfd = -1;
    SY_TRY(exchange(zygote_sock, r, &worker_end, 1, &a, &pidfd));
    if (a.code != 0) {
        return sy_status_of(a.code);
    }
    if (pidfd < 0 || a.job == 0) {
        return sy_status_of(SY_E_FRAME);
    }
    *ret_number = a.job;
    *ret_pidfd = take_fd(&pidfd);
    return SY_OK;
}

sy_status sandbox_spawn(int zygote_sock, const struct sandbox_limits *limits, uint8_t kind,
                        struct sandbox_job *ret)
{
    SY_TRY(sandbox_limits_check(limits, NULL));
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return sy_status_of(SY_E_IO);
    }
    SY_FD_CLEANUP int ours = ends[0];
    SY_FD_CLEANUP int theirs = ends[1];
    struct sandbox_job job = {.sock = -1, .pidfd = -1, .zygote_sock = zygote_sock};
    struct request r = {.id = REQUEST_SPAWN, .kind = kind, .limits = *limits};
    SY_TRY(ask_spawn(zygote_sock, &r, theirs, &job.number, &job.pidfd));
    job.sock = take_fd(&ours);
    *ret = job;
    return SY_OK;
}

static sy_status ask_kill(const struct sandbox_job *job)
{
    struct answer a = {0};
    int fd = -1;
    struct request r = {.id = REQUEST_KILL, .job = job->number};
    SY_TRY(exchange(job->zygote_sock, &r, NULL, 0, &a, &fd));
    sy_fd_close(&fd);
    return a.code == 0 || a.code == SY_E_NOT_FOUND ? SY_OK : sy_status_of(a.code);
}

sy_status sandbox_kill(const struct sandbox_job *job)
{
    if (job->number == 0 || sy_ok(sandbox_job_wait(job, 0)) ||
        pidfd_send_signal(job->pidfd, SIGKILL, NULL, 0) == 0 || errno == ESRCH) {
        return SY_OK;
    }
    return ask_kill(job);
}

sy_status sandbox_job_wait(const struct sandbox_job *job, int timeout_ms)
{
    return job->number == 0 ? SY_OK : wait_readable(job->pidfd, timeout_ms);
}

void sandbox_job_close(struct sandbox_job *job)
{
    if (job == NULL || job->number == 0) {
        return;
    }
    /* A zygote that cannot be asked is gone, and its workers with it. */
    sy_status ignored = sandbox_kill(job);
    (void)ignored;
    sy_fd_close(&job->sock);
    sy_fd_close(&job->pidfd);
    *job = SANDBOX_JOB_NULL;
}
