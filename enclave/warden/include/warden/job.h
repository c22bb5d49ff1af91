/*
 * One worker and its socket: messages of wire/job.h in, a deadline, and one end. Used by runs,
 * lowering and ingest alike.
 */
#ifndef WARDEN_JOB_H
#define WARDEN_JOB_H

#include "sandbox/zygote.h"
#include "warden/warden.h"

enum warden_job_end {
    WARDEN_JOB_DONE = 1, /* the owner said it has all it wants */
    WARDEN_JOB_OVERRUN,  /* deadline */
    WARDEN_JOB_CRASH,    /* the worker ended or broke the framing */
};

struct warden_job {
    struct warden *w;
    struct sandbox_job worker;
    struct warden_watch *watch;
    struct sy_buf in;
    uint64_t timer;
    bool ended;
    /* One whole message; true = more to come, false = done. `message` is valid during the call. */
    bool (*message)(void *ctx, struct sy_view message);
    /* Called exactly once, the worker is gone then. */
    void (*end)(void *ctx, enum warden_job_end end);
    void *ctx;
};

/* What a job may use. */
struct warden_job_caps {
    uint8_t kind; /* SY_JOB_LOWER, _RUN, _INGEST or _EXPOSURE (wire/job.h) */
    uint64_t memory_mib, cpu_s;
    uint64_t wall_ns; /* 0 = none (ingest: the file decides) */
};

/* Ask the zygote for a worker and start watching its socket. job->message, end and ctx are set by
 * the caller before. On error nothing was started and `end` is not called. */
SY_MUST sy_status warden_job_start(struct warden *w, struct warden_job *job,
                                   const struct warden_job_caps *caps, struct sy_error *reterr);

/* Send one message with descriptors (all borrowed) to a job's socket. Blocks until the worker took
 * it. From another thread than the loop's only on a duplicate of the socket: the loop may close the
 * job's own, and its number may then be another peer's. */
SY_MUST sy_status warden_job_send(int sock, struct sy_view record, const int *fds, size_t n_fds);

/* End it now, without calling `end`. NULL-safe, idempotent. */
void warden_job_stop(struct warden_job *job);

#endif
