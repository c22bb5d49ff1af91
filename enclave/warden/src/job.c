/*
 * What: a worker's life as the warden sees it. Invariants: a worker serves one job; its messages are
 * cut by their length prefix and never larger than SY_JOB_MESSAGE_MAX; whatever ends it, the process
 * is killed and its descriptors are closed before `end` is called.
 */
#include "warden/job.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "base/time.h"

enum { PREFIX_BYTES = 4, READ_BYTES = 1 << 18, FILES = 80, THREADS = 16 };

void warden_job_stop(struct warden_job *job)
{
    if (job == NULL || job->ended) {
        return;
    }
    job->ended = true;
    (void)shutdown(job->worker.sock,
                   SHUT_RDWR); /* wakes whoever writes to it from another thread */
    warden_watch_remove(job->watch);
    warden_timer_cancel(job->w->loop, job->timer);
    sandbox_job_close(&job->worker);
    sy_buf_deinit(&job->in);
}

static void job_end(struct warden_job *job, enum warden_job_end end)
{
    if (!job->ended) {
        warden_job_stop(job);
        job->end(job->ctx, end);
    }
}

static void job_deadline(void *ctx)
{
    struct warden_job *job = ctx;
    job->timer = 0;
    job_end(job, WARDEN_JOB_OVERRUN);
}

/* BOUNDARY: the length is the worker's word; it is held against the cap before anything waits. */
static bool next_message(struct warden_job *job, size_t *ret_n, bool *ret_bad)
{
    if (job->in.n < PREFIX_BYTES) {
        return false;
    }
    size_t n = sy_load_le32(job->in.p);
    *ret_bad = n == 0 || n > SY_JOB_MESSAGE_MAX;
    *ret_n = n;
    return !*ret_bad && job->in.n - PREFIX_BYTES >= n;
}

static void job_deliver(struct warden_job *job)
{
    size_t n = 0;
    bool bad = false;
    while (!job->ended && next_message(job, &n, &bad)) {
        bool more = job->message(job->ctx, sy_view(job->in.p + PREFIX_BYTES, n));
        if (job->ended) {
            return; /* its owner stopped it */
        }
        if (!more) {
            job_end(job, WARDEN_JOB_DONE);
            return;
        }
        sy_buf_consume(&job->in, PREFIX_BYTES + n);
    }
    if (bad) {
        job_end(job, WARDEN_JOB_CRASH);
    }
}

static void job_ready(void *ctx, short revents)
{
    (void)revents;
    struct warden_job *job = ctx;
    uint8_t *to = sy_buf_reserve(&job->in, READ_BYTES);
    /* BOUNDARY: no MSG_CMSG: descriptors that a worker might attach are dropped by the kernel. */
    ssize_t n = to == NULL ? 0 : recv(job->worker.sock, to, READ_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        job_end(job, WARDEN_JOB_CRASH);
        return;
    }
    job->in.n += (size_t)n;
    job_deliver(job);
}

sy_status warden_job_start(struct warden *w, struct warden_job *job,
                           const struct warden_job_caps *caps, struct sy_error *reterr)
{
    struct sandbox_limits limits = {.as_bytes = (caps->memory_mib + SY_JOB_SLACK_MIB) << 20,
                                    .cpu_s = (uint32_t)caps->cpu_s,
                                    .n_files = FILES,
                                    .n_procs = THREADS};
    job->w = w;
    job->worker = SANDBOX_JOB_NULL;
    sy_status s = sandbox_spawn(w->zygote, &limits, caps->kind, &job->worker);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, NULL, NULL);
    }
    job->in = sy_buf((size_t)SY_JOB_MESSAGE_MAX + PREFIX_BYTES + READ_BYTES);
    job->in.wipe = true; /* exact figures pass here */
    job->watch = warden_watch_add(w->loop, job->worker.sock, POLLIN, job_ready, job);
    if (job->watch == NULL) {
        sandbox_job_close(&job->worker);
        return sy_fail(reterr, SY_E_BUSY, NULL, NULL);
    }
    if (caps->wall_ns != 0) {
        job->timer = warden_timer_add(w->loop, sy_mono_ns() + caps->wall_ns, job_deadline, job);
        if (job->timer == 0) { /* no deadline, no job */
            warden_job_stop(job);
            return sy_fail(reterr, SY_E_BUSY, NULL, NULL);
        }
    }
    return SY_OK;
}

sy_status warden_job_send(int sock, struct sy_view record, const int *fds, size_t n_fds)
{
    uint8_t prefix[PREFIX_BYTES];
    if (record.n == 0 || record.n > SY_JOB_MESSAGE_MAX) {
        return sy_status_of(SY_E_LIMIT);
    }
    sy_store_le32(prefix, (uint32_t)record.n);
    SY_TRY(sy_send_fds(sock, sy_view(prefix, sizeof(prefix)), fds, n_fds));
    return sy_write_all(sock, record.p, record.n);
}
