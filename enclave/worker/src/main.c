/*
 * shuyu-worker: the zygote of sealed workers. It opens and warms the engine and whatever else a sealed
 * process could not load, says ready, and then only forks (sandbox/zygote.h). It holds no key and no
 * data; each worker serves one job and is gone.
 *
 *   shuyu-worker --fd control=N --fd warden=N
 *
 * The engine is opened as the unprivileged user with an empty environment, before the first fork, by
 * one thread: threads may exist only in the sealed children.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "engine.h"
#include "exposure.h"
#include "ingest.h"
#include "sandbox/process.h"
#include "sandbox/zygote.h"
#include "worker_job.h"

enum { NOBODY = 65534, THREADS_MAX = 8 };
enum { FD_CONTROL, FD_WARDEN, N_FDS };

struct worker {
    const struct engine_ops *ops;
    struct engine *engine;
    uint64_t n_cpus; /* counted before the machine's files are out of sight */
};

/* --- kinds of jobs ---------------------------------------------------------------------------------- */

static sy_status prepare_none(struct worker *w, const struct sandbox_limits *limits)
{
    (void)w;
    (void)limits;
    return SY_OK;
}

/* What the engine may take: the memory that the job was given, whatever room there is beside it. */
static uint64_t engine_bytes(const struct sandbox_limits *limits)
{
    const uint64_t slack = (uint64_t)SY_JOB_SLACK_MIB << 20;
    return limits->as_bytes > slack ? limits->as_bytes - slack : limits->as_bytes / 2;
}

static sy_status prepare_engine(struct worker *w, const struct sandbox_limits *limits)
{
    uint64_t threads = w->n_cpus < THREADS_MAX ? w->n_cpus : THREADS_MAX;
    threads = threads < limits->n_procs ? threads : limits->n_procs;
    return w->ops->prepare(w->engine, threads == 0 ? 1 : threads, engine_bytes(limits));
}

static sy_status prepare_parser(struct worker *w, const struct sandbox_limits *limits)
{
    return w->ops->prepare(w->engine, 1, engine_bytes(limits));
}

static int run_lower(struct worker *w, int sock)
{
    return worker_lower_job(w->ops, w->engine, sock);
}

static int run_query(struct worker *w, int sock)
{
    return worker_run_job(w->ops, w->engine, sock);
}

static int run_ingest(struct worker *w, int sock)
{
    (void)w;
    return worker_ingest_run(sock);
}

static int run_exposure(struct worker *w, int sock)
{
    (void)w;
    return worker_exposure_job(sock);
}

static const struct kind {
    uint8_t kind;
    sy_status (*prepare)(struct worker *, const struct sandbox_limits *);
    int (*run)(struct worker *, int);
} KINDS[] = {
    {SY_JOB_LOWER, prepare_parser, run_lower},
    {SY_JOB_RUN, prepare_engine, run_query},
    {SY_JOB_INGEST, prepare_none, run_ingest},
    {SY_JOB_EXPOSURE, prepare_none, run_exposure},
};

static const struct kind *find_kind(uint8_t kind)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (KINDS[i].kind == kind) {
            return &KINDS[i];
        }
    }
    return NULL;
}

static sy_status prepare(void *ctx, uint8_t kind, const struct sandbox_limits *limits)
{
    const struct kind *k = find_kind(kind);
    return k == NULL ? sy_status_of(SY_E_FIELD) : k->prepare(ctx, limits);
}

static int run(void *ctx, uint8_t kind, int job_sock)
{
    const struct kind *k = find_kind(kind);
    return k == NULL ? 1 : k->run(ctx, job_sock);
}

/* --- start ------------------------------------------------------------------------------------------ */

static sy_status take_fds(int argc, char **argv, struct sandbox_fd_slot *slots,
                          struct sy_error *err)
{
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--fd") != 0 || i + 1 >= argc) {
            return sy_fail(err, SY_E_USAGE, argv[i],
                           "usage: shuyu-worker --fd control=N --fd warden=N");
        }
        SY_TRY(sandbox_fd_take(argv[i + 1], slots, N_FDS, err));
    }
    return sandbox_fds_check(slots, N_FDS, err);
}

static sy_status start(struct worker *w, const struct sandbox_fd_slot *slots, struct sy_error *err)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    w->n_cpus = n < 1 ? 1 : (uint64_t)n;
    SY_TRY(sandbox_enter_process(slots, N_FDS, err));
    if (geteuid() == 0) {
        SY_TRY(sandbox_drop_to(NOBODY, NOBODY, err));
    }
    json_object_seed(0); /* reads /dev/urandom, which a sealed worker cannot */
    SY_TRY(worker_ingest_prepare());
    return w->ops->open(&w->engine);
}

int main(int argc, char **argv)
{
    struct sandbox_fd_slot slots[N_FDS] = {
        [FD_CONTROL] = {"control", SANDBOX_FD_UNIX_SEQPACKET, false, -1},
        [FD_WARDEN] = {"warden", SANDBOX_FD_UNIX_SEQPACKET, false, -1},
    };
    struct worker w = {.ops = &engine_duckdb};
    struct sy_error err = {0};
    sy_log_setup("worker", SY_LOG_INFO);
    sy_status st = take_fds(argc, argv, slots, &err);
    if (sy_ok(st)) {
        st = start(&w, slots, &err);
    }
    if (sy_ok(st)) {
        sy_log(SY_LOG_INFO, "engine open",
               SY_LOGF_ID("duckdb_sha256", sy_view_str(SHUYU_DUCKDB_SHA256)));
        struct sandbox_worker_ops ops = {prepare, run, slots[FD_CONTROL].fd};
        st = sandbox_zygote_serve(slots[FD_WARDEN].fd, &ops, &w);
    }
    if (!sy_ok(st)) {
        sy_log(SY_LOG_ERROR, "the zygote stops", SY_LOGF_CODE(st.code));
        fprintf(stderr, "shuyu-worker: %s\n",
                err.reason[0] != 0 ? err.reason : sy_code_text(st.code));
    }
    w.ops->close(w.engine);
    return sy_ok(st) ? 0 : 1;
}
