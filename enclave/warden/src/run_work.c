/*
 * What: the work of a run outside the loop's thread: one thread fills memfds and sends them to the worker,
 * and, once the worker has answered, another decodes and releases. Why: both take time that depends on
 * the data, and the loop's thread must not (a stalled loop is a clock for everybody). Invariants: one
 * work thread at a time (`busy`); a result is looked at only when the question was sent in full; nothing
 * here touches the vault but vault_column_read, nor the state, the ledger or the call.
 */
#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"
#include "base/log.h"
#include "mechanisms/stream.h"
#include "proof/hash.h"
#include "sandbox/memfd.h"
#include "warden/release.h"
#include "warden/run.h"
#include "wire/cellkey.h"
#include "wire/consent.h"

enum { THREADS = 2, MS = 1000000 };

/* --- feeding ---------------------------------------------------------------------------------------- */

static sy_status fill_column(struct warden_run *r, struct warden_feed *f)
{
    struct sy_error err = {0};
    SY_TRY(sandbox_memfd_create("column", &f->fd));
    SY_TRY(vault_column_read(f->version, &f->ask, f->fd, &r->arena, &f->column, &err));
    const struct sy_run_column *c = &f->column.column;
    uint64_t bytes = c->width * c->rows;
    if (c->nulls) {
        bytes = ((bytes + 63) & ~UINT64_C(63)) + (c->rows + 7) / 8;
    }
    return sandbox_memfd_seal(f->fd, bytes);
}

sy_status warden_run_fill(struct warden_run *r)
{
    for (size_t i = 0; i < r->n_feeds; i++) {
        SY_TRY(fill_column(r, &r->feeds[i]));
    }
    return SY_OK;
}

static struct sy_view key_type(enum vault_unit_key kind)
{
    return sy_view_str(kind == VAULT_UNIT_KEY_RECORD ? "record" : "key");
}

static struct sy_run_cellkey cellkey_rules(const struct sy_pack *pack)
{
    return pack->n_cellkey > 0 ? sy_cellkey_rules(&pack->cellkey[0]) : (struct sy_run_cellkey){0};
}

/* Whose rows count, and what is asserted of them. Finding the code takes the same steps for everybody;
 * nobody's code is one that no row has, so that the worker does the same work for it. */
static sy_status name_subject(struct warden_run *r, struct sy_run_job *job)
{
    uint64_t code;
    if (r->subject == NULL) {
        return SY_OK;
    }
    SY_TRY(vault_subject_code(r->subject, &code));
    job->subject = code + 1;
    job->asserted = r->asserted;
    job->n_asserted = r->n_asserted;
    return SY_OK;
}

sy_status warden_run_send(struct warden_run *r)
{
    int fds[SY_FDS_MAX];
    struct sy_run_job job = {.cellkey = cellkey_rules(&r->model.grant.pack),
                             .cells_max = r->model.facts.worker_cells,
                             .columns = r->columns,
                             .datasets = r->model.grant.defs.defs,
                             .n_datasets = r->model.grant.defs.n,
                             .memory_mib = r->model.facts.size.memory_mib,
                             .params = r->row.params,
                             .n_params = r->row.n_params,
                             .plan = r->model.plan,
                             .threads = THREADS,
                             .without = r->without,
                             .n_without = r->without == NULL ? 0 : r->model.plan.n_blocks};
    size_t n = 0;
    SY_TRY(name_subject(r, &job));
    for (; n < r->n_feeds; n++) {
        r->columns[n] = r->feeds[n].column.column;
        r->columns[n].scan = r->feeds[n].scan;
        fds[n] = r->feeds[n].fd;
    }
    for (size_t i = 0; i < r->n_keys; i++) {
        r->columns[n] = (struct sy_run_column){.ns = r->keys[i].ns,
                                               .type = key_type(r->keys[i].kind),
                                               .width = 8,
                                               .rows = r->keys[i].n_units};
        fds[n++] = r->keys[i].fd;
    }
    job.n_columns = n;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX);
    b.wipe = true; /* a subject and what is asserted of it may pass here */
    SY_TRY(sy_record_encode(&sy_run_job_desc, &job, &b));
    return warden_job_send(r->feed_sock, sy_buf_view(&b), fds, n);
}

/* --- releasing -------------------------------------------------------------------------------------- */

/* All of it follows from the charge, so that the same bytes can be made again. */
static void fill_answer(const struct warden_run *r, struct sy_answer *a)
{
    PROOF_SHA256(a->blind, "shuyu-blind-1", sy_view(r->seed.p, MECH_SEED_BYTES));
    memcpy(a->grant, r->row.grant, sizeof(a->grant));
    memcpy(a->model, r->row.model, sizeof(a->model));
    a->data = r->row.data;
    a->n_data = r->row.n_data;
    a->spends = r->row.spends;
    a->n_spends = r->row.n_spends;
    a->time = r->time;
}

static sy_status release(struct warden_run *r, const struct sy_run_result *result,
                         struct sy_error *err)
{
    struct warden_release c = {.model = &r->model,
                               .result = result,
                               .columns = r->columns,
                               .n_columns = r->n_feeds,
                               .seed = r->seed.p,
                               .params = r->row.params};
    struct warden_cellkey cellkeys[WARDEN_KEYS_MAX];
    c.cellkeys = cellkeys;
    for (size_t i = 0; i < r->n_keys; i++) {
        if (r->keys[i].kind == VAULT_UNIT_KEY_RECORD) {
            cellkeys[c.n_cellkeys++] =
                (struct warden_cellkey){.ns = r->keys[i].ns, .key = r->keys[i].noise.p};
        }
    }
    struct sy_answer answer = {0};
    SY_TRY(warden_release(&c, &r->arena, &answer, err));
    fill_answer(r, &answer);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(WARDEN_ANSWER_MAX);
    b.wipe = true;
    SY_TRY(sy_record_encode(&sy_answer_desc, &answer, &b));
    if (b.n > r->model.facts.answer_bytes) {
        return sy_fail(err, SY_E_INTERNAL, "answer", "longer than its plan allows");
    }
    r->unknown = r->subject != NULL && sy_view_is(answer.columns[0].texts[0], SY_SUBJECT_UNKNOWN);
    r->made = sy_arena_copy(&r->arena, sy_buf_view(&b));
    return r->made.p != NULL ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

/* BOUNDARY: the worker's bytes; decoded strictly here, judged in release.c. */
static sy_status take_result(struct warden_run *r, struct sy_error *err)
{
    struct sy_run_result result;
    SY_TRY(sy_record_decode(&sy_run_result_desc, sy_buf_view(&r->early), &SY_MP_LARGE, &r->arena,
                            &result, err));
    return result.ok ? release(r, &result, err) : sy_fail(err, SY_E_LIMIT, "cap", NULL);
}

static void *releaser_main(void *ctx);
static void *feeder_main(void *ctx);

static sy_status start_thread(struct warden_run *r, void *(*body)(void *))
{
    if (pthread_create(&r->thread, NULL, body, r) != 0) {
        return sy_status_of(SY_E_BUSY);
    }
    r->busy = true;
    return SY_OK;
}

/* The worker has ended and no thread is at work: release what it sent, if it sent anything. */
static void work_on(struct warden_run *r)
{
    if (r->cause == NULL && r->early.n == 0) {
        r->cause = "crash";
    }
    if (r->cause == NULL && sy_ok(start_thread(r, releaser_main))) {
        return;
    }
    r->cause = r->cause != NULL ? r->cause : "thread";
    warden_run_ready(r);
}

/* Join; false when the run was settled meanwhile (and is freed if nobody needs it any more). */
static bool come_back(struct warden_run *r)
{
    pthread_join(r->thread, NULL);
    r->busy = false;
    if (r->finished) {
        warden_run_let_go(r);
        warden_run_free(r);
        return false;
    }
    return true;
}

static void releaser_done(void *ctx)
{
    struct warden_run *r = ctx;
    if (!come_back(r)) {
        return;
    }
    if (!sy_ok(r->worked)) {
        r->cause = "release";
        sy_log(SY_LOG_DEBUG, "not released", SY_LOGF_CODE(r->worked.code));
    }
    warden_run_ready(r);
}

static void feeder_done(void *ctx)
{
    struct warden_run *r = ctx;
    if (!come_back(r)) {
        return;
    }
    if (!sy_ok(r->worked)) {
        if (!r->job.ended) {
            sy_log(SY_LOG_ERROR, "columns not fed", SY_LOGF_CODE(r->worked.code));
            warden_job_stop(&r->job);
        }
        r->cause = "feed"; /* an answer to a question that was never fully sent is worth nothing */
    }
    if (r->job.ended) {
        work_on(r);
    }
}

static void post_back(struct warden_run *r, warden_fn done)
{
    while (!warden_post(r->w->loop, done, r)) { /* out of memory: the loop frees some */
    }
}

static void *releaser_main(void *ctx)
{
    struct warden_run *r = ctx;
    struct sy_error err = {0};
    r->worked = take_result(r, &err);
    post_back(r, releaser_done);
    return NULL;
}

static void *feeder_main(void *ctx)
{
    struct warden_run *r = ctx;
    r->worked = warden_run_fill(r);
    if (sy_ok(r->worked)) {
        r->worked = warden_run_send(r);
    }
    post_back(r, feeder_done);
    return NULL;
}

/* --- the worker -------------------------------------------------------------------------------------- */

/* Kept as it came: what is in it is looked at by the work thread. */
static bool run_message(void *ctx, struct sy_view message)
{
    struct warden_run *r = ctx;
    if (!sy_ok(sy_buf_add_view(&r->early, message))) {
        r->cause = "memory";
    }
    return false;
}

static void run_end(void *ctx, enum warden_job_end end)
{
    static const char *const causes[] = {
        [WARDEN_JOB_DONE] = NULL, [WARDEN_JOB_OVERRUN] = "overrun", [WARDEN_JOB_CRASH] = "crash"};
    struct warden_run *r = ctx;
    r->cause = r->cause != NULL ? r->cause : causes[end];
    if (!r->busy) {
        work_on(r);
    }
}

/* The feeder gets its own descriptor: the job's may be closed, and its number used again for another
 * peer, while a column is still being written. */
static sy_status start_feeder(struct warden_run *r)
{
    r->feed_sock = fcntl(r->job.worker.sock, F_DUPFD_CLOEXEC, 3);
    return r->feed_sock < 0 ? sy_status_of(SY_E_BUSY) : start_thread(r, feeder_main);
}

sy_status warden_run_work(struct warden_run *r, struct sy_error *err)
{
    const struct sy_pack_size *size = &r->model.facts.size;
    r->job.message = run_message;
    r->job.end = run_end;
    r->job.ctx = r;
    struct warden_job_caps caps = {.kind = 'r',
                                   .memory_mib = size->memory_mib,
                                   .cpu_s = size->cpu_s,
                                   .wall_ns = size->wall_ms * MS};
    SY_TRY(warden_job_start(r->w, &r->job, &caps, err));
    sy_status s = start_feeder(r);
    if (!sy_ok(s)) {
        warden_job_stop(&r->job);
        return sy_fail(err, s.code, NULL, NULL);
    }
    return SY_OK;
}
