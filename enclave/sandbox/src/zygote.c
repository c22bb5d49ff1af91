/*
 * The fork server. It holds the warm engine, its sockets, and one pidfd per live worker; it never
 * sees a job's data, because the job's socket goes to the worker and is closed here at once.
 * Invariants: single-threaded; every child is in `jobs` from its fork until it is reaped; a request
 * gets exactly one answer, in order; the first malformed request ends the zygote, since the warden
 * never sends one (a sibling that errs is broken or taken over).
 */
#include "sandbox/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "message.h"
#include "sandbox/process.h"

#define NOBODY 65534

struct job {
    uint32_t number;
    struct sandbox_child child;
};

struct zygote {
    int sock;
    int control; /* 0 = none */
    int null_fd;
    int self_pidfd;
    const struct sandbox_worker_ops *ops;
    void *ctx;
    struct sandbox_program program;
    struct job jobs[SANDBOX_JOBS_MAX];
    size_t n_jobs;
    uint32_t last_number;
};

static void zygote_deinit(struct zygote *z)
{
    sandbox_program_free(&z->program);
    sy_fd_close(&z->null_fd);
    sy_fd_close(&z->self_pidfd);
}
#define ZYGOTE_CLEANUP __attribute__((cleanup(zygote_deinit)))

static sy_status zygote_init(struct zygote *z, struct sy_error *reterr)
{
    z->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    z->self_pidfd = pidfd_open(getpid(), 0);
    if (z->null_fd < 0 || z->self_pidfd < 0) {
        return sy_fail(reterr, SY_E_KERNEL, "sandbox", "/dev/null or pidfd_open is missing");
    }
    return sandbox_program_compile(sandbox_worker_filter(), &z->program, reterr);
}

static struct sandbox_sealing sealing_of(const struct zygote *z, const struct request *r, int sock)
{
    return (struct sandbox_sealing){.limits = &r->limits,
                                    .program = &z->program,
                                    .ops = z->ops,
                                    .ctx = z->ctx,
                                    .kind = r->kind,
                                    .job_sock = sock,
                                    .null_fd = z->null_fd,
                                    .parent_pidfd = z->self_pidfd};
}

/* What a child ended with; waits for it. */
static void reap(const struct sandbox_child *child, siginfo_t *ret)
{
    *ret = (siginfo_t){0};
    while (waitid(P_PIDFD, (id_t)child->pidfd, ret, WEXITED) != 0 && errno == EINTR) {
    }
}

/* ---- trial ---- */

/* BOUNDARY: the child wrote the struct; its strings are not yet known to end. */
static sy_status read_report(int sock, struct sy_error *reterr)
{
    struct sy_error e = {0};
    if (!sy_ok(sy_read_all(sock, &e, sizeof(e)))) {
        return sy_fail(reterr, SY_E_KERNEL, "sandbox", "the trial worker died while being sealed");
    }
    e.field[sizeof(e.field) - 1] = '\0';
    e.reason[sizeof(e.reason) - 1] = '\0';
    return e.code == 0 ? SY_OK : sy_fail(reterr, SY_E_KERNEL, e.field, "%s", e.reason);
}

static sy_status fork_trial(struct zygote *z, int report, struct sandbox_child *ret,
                            struct sy_error *reterr)
{
    const struct request r = {
        .limits = {.as_bytes = 1ULL << 40, .cpu_s = 10, .n_files = 16, .n_procs = 1}};
    struct sandbox_sealing sealing = sealing_of(z, &r, report);
    sealing.trial = true;
    return sandbox_fork_sealed(&sealing, ret, reterr);
}

static sy_status try_sealing(struct zygote *z, struct sy_error *reterr)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return sy_fail_errno(reterr, errno, "pipe");
    }
    SY_FD_CLEANUP int ours = ends[0];
    SY_FD_CLEANUP int theirs = ends[1];
    struct sandbox_child child = {.pidfd = -1};
    siginfo_t end;
    SY_TRY(fork_trial(z, theirs, &child, reterr));
    sy_fd_close(&theirs); /* so that a child which dies shows as end of file */
    sy_status s = read_report(ours, reterr);
    reap(&child, &end);
    sy_fd_close(&child.pidfd);
    if (sy_ok(s) && (end.si_code != CLD_EXITED || end.si_status != 0)) {
        return sy_fail(reterr, SY_E_KERNEL, "sandbox", "the sealed trial worker could not exit");
    }
    return s;
}

sy_status sandbox_zygote_trial(struct sy_error *reterr)
{
    ZYGOTE_CLEANUP struct zygote z = {.null_fd = -1, .self_pidfd = -1};
    SY_TRY(zygote_init(&z, reterr));
    return try_sealing(&z, reterr);
}

/* ---- requests ---- */

static sy_status start_job(struct zygote *z, const struct request *r, int sock, struct job *ret)
{
    struct sandbox_sealing sealing = sealing_of(z, r, sock);
    struct job job = {.child = {.pidfd = -1}};
    if (!sy_ok(sandbox_fork_sealed(&sealing, &job.child, NULL))) {
        return sy_status_of(SY_E_BUSY); /* the trial passed: processes or namespaces ran out */
    }
    z->last_number += z->last_number == UINT32_MAX ? 2 : 1; /* 0 names no job */
    job.number = z->last_number;
    z->jobs[z->n_jobs++] = job;
    *ret = job;
    return SY_OK;
}

/* BOUNDARY: the warden checked the limits and made the socket; both are checked here again. */
static sy_status check_spawn(const struct zygote *z, const struct request *r, int sock)
{
    SY_TRY(sandbox_limits_check(&r->limits, NULL));
    SY_TRY(sandbox_fd_check(sock, SANDBOX_FD_UNIX_STREAM, NULL));
    return z->n_jobs < SANDBOX_JOBS_MAX ? SY_OK : sy_status_of(SY_E_BUSY);
}

static sy_status answer_with(const struct zygote *z, const struct answer *a, const int *fd)
{
    uint8_t bytes[ANSWER_BYTES];
    answer_encode(a, bytes);
    return sy_send_fds(z->sock, sy_view(bytes, sizeof(bytes)), fd, fd == NULL ? 0 : 1);
}

static sy_status answer_spawn(struct zygote *z, const struct request *r, int fd)
{
    struct job job = {0};
    sy_status s = check_spawn(z, r, fd);
    if (sy_ok(s)) {
        s = start_job(z, r, fd, &job);
    }
    struct answer a = {.id = ANSWER_TO(r->id), .code = s.code, .job = job.number};
    return answer_with(z, &a, sy_ok(s) ? &job.child.pidfd : NULL);
}

static sy_status answer_kill(struct zygote *z, const struct request *r, int fd)
{
    (void)fd;
    struct answer a = {.id = ANSWER_TO(r->id), .code = SY_E_NOT_FOUND, .job = r->job};
    for (size_t i = 0; i < z->n_jobs; i++) {
        if (z->jobs[i].number == r->job) {
            (void)pidfd_send_signal(z->jobs[i].child.pidfd, SIGKILL, NULL, 0);
            a.code = 0;
        }
    }
    return answer_with(z, &a, NULL);
}

/* The permit table. */
static const struct permit {
    uint8_t id;
    size_t n_fds;
    sy_status (*answer)(struct zygote *z, const struct request *r, int fd);
} PERMITS[] = {
    {REQUEST_SPAWN, 1, answer_spawn},
    {REQUEST_KILL, 0, answer_kill},
};

static sy_status serve_request(struct zygote *z)
{
    uint8_t bytes[REQUEST_BYTES];
    size_t n = 0;
    size_t n_fds = 0;
    SY_FD_CLEANUP int fd = -1;
    struct request r = {0};
    SY_TRY(sy_recv_fds(z->sock, bytes, sizeof(bytes), &n, &fd, 1, &n_fds));
    if (!request_parse(bytes, n, &r)) {
        return sy_status_of(SY_E_FRAME);
    }
    for (size_t i = 0; i < sizeof(PERMITS) / sizeof(PERMITS[0]); i++) {
        if (PERMITS[i].id == r.id && PERMITS[i].n_fds == n_fds) {
            return PERMITS[i].answer(z, &r, fd);
        }
    }
    return sy_status_of(SY_E_FRAME);
}

/* ---- children ---- */

/* A filter kill is an attack or a gap in our list; a failure to seal is the machine's: both are for
 * the operator. How a sealed worker ended otherwise may depend on data and is not logged above
 * debug. */
static void log_end(const struct job *job, const siginfo_t *end)
{
    bool filtered = end->si_code != CLD_EXITED && end->si_status == SIGSYS;
    bool unsealed = end->si_code == CLD_EXITED && end->si_status >= SANDBOX_EXIT_UNSEALED;
    sy_log(filtered || unsealed ? SY_LOG_ERROR : SY_LOG_DEBUG, "worker ended",
           SY_LOGF_N("job", job->number), SY_LOGF_N("how", end->si_code),
           SY_LOGF_N("status", end->si_status));
}

static void forget_job(struct zygote *z, size_t i)
{
    siginfo_t end;
    reap(&z->jobs[i].child, &end);
    log_end(&z->jobs[i], &end);
    sy_fd_close(&z->jobs[i].child.pidfd);
    z->jobs[i] = z->jobs[--z->n_jobs];
}

static void end_jobs(struct zygote *z)
{
    for (size_t i = 0; i < z->n_jobs; i++) {
        (void)pidfd_send_signal(z->jobs[i].child.pidfd, SIGKILL, NULL, 0);
    }
    while (z->n_jobs > 0) {
        forget_job(z, z->n_jobs - 1);
    }
}

/* ---- loop ---- */

enum { POLL_SOCK, POLL_CONTROL, POLL_JOBS };

/* Poll entries in the order above, then one per job in the order of z->jobs. */
static nfds_t list_polled(const struct zygote *z, struct pollfd *ret)
{
    ret[POLL_SOCK] = (struct pollfd){.fd = z->sock, .events = POLLIN};
    ret[POLL_CONTROL] = (struct pollfd){.fd = z->control > 0 ? z->control : -1, .events = POLLIN};
    for (size_t i = 0; i < z->n_jobs; i++) {
        ret[POLL_JOBS + i] = (struct pollfd){.fd = z->jobs[i].child.pidfd, .events = POLLIN};
    }
    return POLL_JOBS + z->n_jobs;
}

/* The supervisor has nothing to say to a zygote but goodbye. */
static sy_status serve_control(const struct zygote *z)
{
    uint8_t what = 0;
    SY_TRY(sandbox_control_next(z->control, &what, NULL));
    return sy_status_of(SY_E_FRAME);
}

static sy_status serve_once(struct zygote *z)
{
    struct pollfd polled[POLL_JOBS + SANDBOX_JOBS_MAX];
    nfds_t n = list_polled(z, polled);
    if (poll(polled, n, -1) < 0) {
        return errno == EINTR ? SY_OK : sy_status_of(SY_E_IO);
    }
    for (size_t i = z->n_jobs; i > 0; i--) { /* from the end: forgetting moves the last one */
        if (polled[POLL_JOBS + i - 1].revents != 0) {
            forget_job(z, i - 1);
        }
    }
    if (polled[POLL_CONTROL].revents != 0) {
        SY_TRY(serve_control(z));
    }
    return polled[POLL_SOCK].revents != 0 ? serve_request(z) : SY_OK;
}

static sy_status start_serving(struct zygote *z, struct sy_error *reterr)
{
    if (geteuid() == 0) {
        SY_TRY(sandbox_drop_to(NOBODY, NOBODY, reterr));
    }
    SY_TRY(sandbox_check_single_threaded(reterr));
    SY_TRY(zygote_init(z, reterr));
    SY_TRY(try_sealing(z, reterr));
    return z->control > 0 ? sandbox_control_ready(z->control) : SY_OK;
}

sy_status sandbox_zygote_serve(int sock, const struct sandbox_worker_ops *ops, void *ctx)
{
    ZYGOTE_CLEANUP struct zygote z = {.sock = sock,
                                      .control = ops->control_fd,
                                      .null_fd = -1,
                                      .self_pidfd = -1,
                                      .ops = ops,
                                      .ctx = ctx};
    struct sy_error e = {0};
    sy_status s = start_serving(&z, &e);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "zygote not started", SY_LOGF_CODE(s.code),
               SY_LOGF_ID("reason", sy_view_str(e.reason)));
        return s;
    }
    while (sy_ok(s)) {
        s = serve_once(&z);
    }
    end_jobs(&z);
    return s.code == SY_E_CLOSED ? SY_OK : s;
}
