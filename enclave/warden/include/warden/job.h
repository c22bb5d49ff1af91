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
    uint8_t kind; /* 'l', 'r' or 'i' */
    uint64_t memory_mib, cpu_s;
    uint64_t wall_ns; /* 0 = none (ingest: the file decides) */
};

/* Ask the zygote for a worker and start watching its socket. job->message, end and ctx are set by
 * the caller before. On error nothing was started and `end` is not called. */
SY_MUST sy_status warden_job_start(struct warden *w, struct warden_job *job,
                                   const struct warden_job_caps *caps, struct sy_error *reterr);

/* Send one message with descriptors (borrowed). Blocks until the worker took it: from any thread,
 * one at a time. */
SY_MUST sy_status warden_job_send(const struct warden_job *job, struct sy_view record,
                                  const int *fds, size_t n_fds);

/* End it now, without calling `end`. NULL-safe, idempotent. */
void warden_job_stop(struct warden_job *job);

#endif
