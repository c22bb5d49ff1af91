/*
 * The fork server of sealed workers, and how the warden asks it for one. One worker per job: the
 * zygote has the engine open and warm, so a worker is there in a few milliseconds; a worker never
 * serves two jobs.
 *
 *   warden --- SOCK_SEQPACKET ---> zygote           spawn + job socket -> job number + pidfd; kill
 *   warden <-- SOCK_STREAM (the job socket) --> worker                 the job's own protocol
 *
 * Permit table (request ids even, answers odd; anything else ends the zygote):
 *   2 spawn   limits, kind   1 descriptor (the worker's end)   -> 3 code, job number [pidfd]
 *   4 kill    job number     no descriptor                     -> 5 code
 *
 * Source: DESIGN section 2; engine.md sections 0.2, 0.3.
 */
#ifndef SANDBOX_ZYGOTE_H
#define SANDBOX_ZYGOTE_H

#include "base/status.h"
#include "sandbox/seal.h"

#define SANDBOX_JOBS_MAX 64 /* live workers of one zygote */

/* ---- In the worker program. Runs in: zygote. Holds: no key, no data, ever. ---- */

/* Fork one worker, seal it, let it report and exit: can this kernel seal workers at all?
 * SY_E_KERNEL with what is missing. Single-threaded callers only; about 5 ms. */
SY_MUST sy_status sandbox_zygote_trial(struct sy_error *reterr);

/* Serve until `sock` (SOCK_SEQPACKET, borrowed) or ops->control_fd hangs up: SY_OK. In order:
 * drops to uid and gid 65534 when it is root; refuses to serve with threads (SY_E_STATE); makes a
 * trial; says ready on the control edge. At the end every worker is killed and reaped.
 * SY_E_FRAME: the warden or supervisor broke the protocol. SY_E_KERNEL: workers cannot be sealed
 * (logged with the reason). ops and ctx are borrowed. Never returns in a worker. */
SY_MUST sy_status sandbox_zygote_serve(int sock, const struct sandbox_worker_ops *ops, void *ctx);

/* ---- In the warden. One call at a time on one zygote socket. ---- */

/* A worker, as its asker sees it. */
struct sandbox_job {
    uint32_t number; /* the zygote's name for it; 0 = no job */
    int sock;        /* our end of the job socket (SOCK_STREAM, blocking, close-on-exec) */
    int pidfd;       /* readable when the worker is gone */
    int zygote_sock; /* borrowed from sandbox_spawn's caller: outlives the job */
};
#define SANDBOX_JOB_NULL ((struct sandbox_job){0, -1, -1, -1})

/* Ask for a worker of `kind`. Returns as soon as it is forked: its sealing overlaps with what the
 * caller does next, and bytes and descriptors sent to ret->sock wait until it is sealed. A worker
 * that cannot be sealed shows as end of file on ret->sock. The caller owns *ret
 * (sandbox_job_close); on error it is untouched and nothing is left behind.
 * SY_E_FIELD: a limit out of range. SY_E_BUSY: SANDBOX_JOBS_MAX workers live, or no process left.
 * SY_E_CLOSED, SY_E_TIMEOUT (10 s), SY_E_FRAME: the zygote is gone or broken; stop using it. */
SY_MUST sy_status sandbox_spawn(int zygote_sock, const struct sandbox_limits *limits, uint8_t kind,
                                struct sandbox_job *ret);

/* End the worker now: by its pidfd, or where the caller may not signal it (another uid, Landlock)
 * by asking the zygote. OK also when it is gone already. Other statuses as sandbox_spawn. */
SY_MUST sy_status sandbox_kill(const struct sandbox_job *job);

/* Wait until the worker is gone; timeout_ms 0 = only look. SY_E_TIMEOUT: it lives. */
SY_MUST sy_status sandbox_job_wait(const struct sandbox_job *job, int timeout_ms);

/* Kill the worker if it still lives, close the descriptors, set to SANDBOX_JOB_NULL. NULL-safe. */
void sandbox_job_close(struct sandbox_job *job);
#define SANDBOX_JOB_CLEANUP __attribute__((cleanup(sandbox_job_close)))

#endif
