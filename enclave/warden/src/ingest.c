/*
 * What: taking a file in. It reaches this place as a descriptor and goes on to a sealed
 * worker; typed rows come back and are encrypted as they come. Invariants: the warden never reads the
 * file; a version exists only through its publish entry, so whatever ends early leaves nothing; the
 * quality report is sealed to whose file it is and only its commitment is logged. With a slot nobody hears how
 * long it took: coding units that a namespace knows takes another time than coding new ones.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/time.h"
#include "ingest_caps.h"
#include "proof/hash.h"
#include "warden/ingest.h"
#include "warden/job.h"
#include "warden/record.h"
#include "warden/work.h"
#include "wire/job.h"
#include "wire/own.h"
#include "wire/rpc.h"

enum { INGEST_MIB = 1024, INGEST_CPU_S = 36000 };

struct warden_ingest {
    struct warden_ingest *next; /* in w->ingests */
    struct warden_job job;
    struct warden_call *call;
    struct sy_dataset_def def;
    struct sy_row_dataset row;
    struct vault_writer *writer;
    struct warden_caps *caps;
    struct sy_arena arena;       /* of the end message and the version */
    struct sy_ingest_batch last; /* the end message */
    struct sy_error err;         /* first failure */
    bool complete;
    bool progress;
    uint64_t began_ns, slot_ns;
    void (*over)(struct warden_call *c);
    struct sy_ingest_result result;
};

static void ingest_free(struct warden_ingest *g)
{
    vault_writer_abort(g->writer);
    warden_caps_free(g->caps);
    sy_arena_deinit(&g->arena);
    free(g);
}

/* "progress" [attempt, rows, bytes] to the client that waits (wire/methods.h). */
static void tell_progress(struct warden_ingest *g, uint64_t bytes)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    struct warden *w = g->call->w;
    for (size_t i = 0; g->progress && i < w->n_conns; i++) {
        if (warden_conn_id(w->conns[i]) == g->call->conn &&
            sy_ok(sy_rpc_put_notify(&b, "progress", 3)) &&
            sy_ok(
                sy_mp_put_bin(&b, sy_view(vault_writer_attempt(g->writer), VAULT_ATTEMPT_BYTES))) &&
            sy_ok(sy_mp_put_u64(&b, vault_writer_rows(g->writer))) &&
            sy_ok(sy_mp_put_u64(&b, bytes))) {
            warden_conn_send(w->conns[i], sy_buf_view(&b));
            return;
        }
    }
}

/* BOUNDARY: an `end` comes from a worker that has read raw data: only counts, a code and names of the
 * catalogue are taken from it, never free text. */
static sy_status take_end(struct warden_ingest *g)
{
    if (g->last.error.n > 0) {
        char code[32], field[64];
        sy_view_to_cstr(g->last.error, code, sizeof(code));
        int32_t known = sy_code_of_name(code);
        field[0] = '\0';
        for (size_t i = 0; i < g->def.n_fields; i++) {
            if (sy_view_eq(g->def.fields[i].name, g->last.field)) {
                sy_view_to_cstr(g->last.field, field, sizeof(field));
            }
        }
        return sy_fail(
            &g->err, known != 0 ? known : SY_E_DATA, field,
            "the file does not fit the catalogue entry; see the field's type, bounds and "
            "source column");
    }
    g->complete = g->last.n_quality == 1;
    return g->complete ? SY_OK : sy_fail(&g->err, SY_E_DATA, NULL, NULL);
}

static sy_status take_batch(struct warden_ingest *g, struct sy_view message, bool *ret_more)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_ingest_batch batch;
    SY_TRY(sy_record_decode(&sy_ingest_batch_desc, message, &SY_MP_LARGE, &arena, &batch, &g->err));
    if (!batch.end) {
        *ret_more = true;
        SY_TRY(vault_writer_add(g->writer, &batch, &g->err));
        SY_TRY(warden_caps_add(g->caps, &batch, &g->err));
        tell_progress(g, batch.bytes);
        return SY_OK;
    }
    struct sy_view copy = sy_arena_copy(&g->arena, message);
    SY_TRY(
        sy_record_decode(&sy_ingest_batch_desc, copy, &SY_MP_LARGE, &g->arena, &g->last, &g->err));
    return take_end(g);
}

static bool ingest_message(void *ctx, struct sy_view message)
{
    struct warden_ingest *g = ctx;
    bool more = false;
    sy_status s = take_batch(g, message, &more);
    if (!sy_ok(s) && g->err.code == 0) {
        sy_fail(&g->err, s.code, NULL, NULL);
    }
    return sy_ok(s) && more;
}

/* --- publishing ------------------------------------------------------------------------------------- */

static sy_status finish_version(struct warden_ingest *g, struct sy_inputs *in)
{
    struct sy_dataset_version *v = sy_arena_alloc(&g->arena, 1, sizeof(*v));
    if (v == NULL) {
        return sy_fail(&g->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    struct vault_writer *writer = g->writer;
    g->writer = NULL; /* gone whatever happens */
    SY_TRY(vault_writer_finish(writer, &g->arena, v, &g->err));
    struct sy_ingest_result *res = &g->result;
    res->quality = g->last.quality[0];
    res->rows = v->rows;
    res->version = v->version;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    SY_TRY(sy_record_encode(&sy_quality_desc, &res->quality, &b));
    struct sy_view parts[] = {sy_view_str("shuyu-report-1"), sy_view(v->attempt, 16),
                              sy_buf_view(&b)};
    proof_sha256(v->report, parts, 3);
    in->version = v;
    in->n_version = 1;
    return SY_OK;
}

static sy_status publish(struct warden_ingest *g)
{
    struct sy_inputs in = {0};
    SY_TRY(finish_version(g, &in));
    uint64_t entry = 0;
    SY_TRY(
        warden_act(g->call->w, "dataset.publish", NULL, (struct sy_view){0}, &in, &entry, &g->err));
    g->call->entries[g->call->n_entries++] = entry;
    return SY_OK;
}

/* --- the end ------------------------------------------------------------------------------------------ */

static void reply(void *ctx)
{
    struct warden_ingest *g = ctx;
    if (g->err.code != 0) {
        warden_call_refuse(g->call, &g->err);
    } else {
        warden_call_record(g->call, &sy_ingest_result_desc, &g->result);
    }
    ingest_free(g);
}

static uint64_t reply_at(const struct warden_ingest *g)
{
    uint64_t slots = (sy_mono_ns() - g->began_ns) / g->slot_ns + 1;
    return g->began_ns + slots * g->slot_ns;
}

static void reply_in_slot(struct warden_ingest *g)
{
    struct warden_loop *loop = g->call->w->loop;
    if (g->slot_ns == 0) {
        reply(g);
    } else if (warden_timer_add(loop, reply_at(g), reply, g) == 0) {
        struct warden_call *c = g->call; /* no timer: the same words whatever came of it */
        ingest_free(g);
        warden_call_clear(c, SY_E_BUSY, "too much at once; look whether the data came in");
    }
}

/* Nothing is under way any more, and what was begun in vain is gone. */
static void settle(struct warden_ingest *g)
{
    struct warden_ingest **at = &g->call->w->ingests;
    while (*at != NULL && *at != g) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = g->next;
    }
    vault_writer_abort(g->writer);
    g->writer = NULL;
    if (g->over != NULL) {
        g->over(g->call);
    }
}

static void ingest_end(void *ctx, enum warden_job_end end)
{
    struct warden_ingest *g = ctx;
    struct warden *w = g->call->w;
    if (end != WARDEN_JOB_DONE && g->err.code == 0) {
        sy_fail(&g->err, SY_E_DATA, NULL, "the ingest worker ended early; nothing was published");
    }
    sy_status s = g->complete ? publish(g) : sy_status_of(g->err.code);
    if (!sy_ok(s) && g->err.code == 0) {
        sy_fail(&g->err, s.code, NULL, NULL);
    }
    settle(g);
    if (sy_ok(s)) {
        g->err = (struct sy_error){0};
        warden_commit(w); /* durable before anybody hears of it */
    }
    if (!w->failed) {
        reply_in_slot(g);
    } else {
        ingest_free(g);
    }
}

void warden_ingests_stop(struct warden *w, const uint8_t grant[32])
{
    for (struct warden_ingest *g = w->ingests, *next; g != NULL; g = next) {
        next = g->next;
        if (memcmp(g->call->request.header.grant, grant, 32) == 0) {
            warden_job_stop(&g->job);
            sy_fail(&g->err, SY_E_GRANT, "header.grant", "the grant is over: nothing was taken in");
            settle(g);
            reply_in_slot(g);
        }
    }
}

/* --- starting ------------------------------------------------------------------------------------------ */

static sy_status read_def(struct warden_ingest *g, struct sy_view dataset)
{
    struct rules_key key = rules_key_id("dataset/", dataset);
    struct sy_view value;
    if (!rules_state_get(g->call->w->state, rules_key_view(&key), &value)) {
        return sy_fail(&g->err, SY_E_NOT_FOUND, "dataset", NULL);
    }
    struct sy_view copy = sy_arena_copy(&g->arena, value);
    SY_TRY(sy_record_decode(&sy_row_dataset_desc, copy, &SY_MP_LARGE, &g->arena, &g->row, &g->err));
    return sy_record_decode(&sy_dataset_def_desc, g->row.def, &SY_MP_LARGE, &g->arena, &g->def,
                            &g->err);
}

static uint64_t next_version(struct warden_ingest *g)
{
    struct rules_key key = rules_key_id("version/", g->def.id);
    struct sy_row_version row;
    sy_status s = rules_state_read(g->call->w->state, rules_key_view(&key), &sy_row_version_desc,
                                   &g->arena, &row, NULL);
    return sy_ok(s) ? row.version.version + 1 : 1;
}

static sy_status begin_writer(struct warden_ingest *g)
{
    struct vault_attempt attempt = {.def = &g->def,
                                    .keys = g->row.keys,
                                    .version = next_version(g),
                                    .guest = sy_is_own(g->def.id)};
    memcpy(attempt.def_digest, g->row.digest, sizeof(attempt.def_digest));
    return vault_writer_begin(g->call->w->vault, &attempt, &g->writer, &g->err);
}

static sy_status send_job(struct warden_ingest *g, int fd)
{
    struct sy_ingest_job job = {.def = g->def};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX);
    SY_TRY(sy_record_encode(&sy_ingest_job_desc, &job, &b));
    return warden_job_send(g->job.worker.sock, sy_buf_view(&b), &fd, 1);
}

static sy_status ingest_begin(struct warden_ingest *g, const struct warden_ingest_ask *ask)
{
    SY_TRY(read_def(g, ask->dataset));
    if (*ask->fd < 0) {
        return sy_fail(&g->err, SY_E_USAGE, "file", "no file descriptor came with the request");
    }
    SY_TRY(begin_writer(g));
    SY_TRY(warden_caps_new(&g->def, &g->caps, &g->err));
    g->job.message = ingest_message;
    g->job.end = ingest_end;
    g->job.ctx = g;
    struct warden_job_caps caps = {
        .kind = SY_JOB_INGEST, .memory_mib = INGEST_MIB, .cpu_s = INGEST_CPU_S};
    SY_TRY(warden_job_start(g->call->w, &g->job, &caps, &g->err));
    sy_status s = send_job(g, *ask->fd);
    if (!sy_ok(s)) {
        warden_job_stop(&g->job);
        return sy_fail(&g->err, s.code, NULL, NULL);
    }
    return SY_OK;
}

void warden_ingest_start(struct warden_call *c, const struct warden_ingest_ask *ask)
{
    struct warden_ingest *g = calloc(1, sizeof(*g));
    if (g == NULL) {
        struct sy_error err = {0};
        sy_fail(&err, SY_E_NO_MEMORY, NULL, NULL);
        sy_fd_close(ask->fd);
        warden_call_refuse(c, &err);
        return;
    }
    *g = (struct warden_ingest){.call = c,
                                .next = c->w->ingests,
                                .progress = ask->progress,
                                .began_ns = sy_mono_ns(),
                                .slot_ns = ask->slot_ns,
                                .over = ask->over};
    c->w->ingests = g;
    sy_status s = ingest_begin(g, ask);
    sy_fd_close(ask->fd); /* the worker has its own */
    if (!sy_ok(s)) {
        if (g->err.code == 0) {
            sy_fail(&g->err, s.code, NULL, NULL);
        }
        settle(g);
        reply_in_slot(g);
    }
}

/* --- dataset.ingest ----------------------------------------------------------------------------------- */

void warden_ingest_done(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_ingest args;
    sy_status s =
        sy_record_decode(&sy_ingest_desc, c->request.args, &SY_MP_REQUEST, &c->arena, &args, &err);
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    struct warden_ingest_ask ask = {.dataset = args.dataset, .fd = &c->passed_fd, .progress = true};
    warden_ingest_start(c, &ask);
}

/* A recorded ingest is not started twice: its outcome is the publish entry, or there is none. */
void warden_ingest_again(struct warden_call *c)
{
    struct sy_error err = {0};
    sy_fail(&err, SY_E_STATE, "nonce",
            "this ingest was started before; see the dataset's version, and "
            "send the file with a new request if it is not there");
    warden_call_refuse(c, &err);
}

/* A department passes a regular file or a pipe; anything else (a folder, a device, a socket) is
 * refused before the request is even recorded. */
bool warden_ingest_prepare(struct warden_call *c)
{
    static const struct warden_room room = {.in_all = 4, .of_party = 1};
    struct stat st;
    if (!warden_call_room(c, &room)) {
        return false;
    }
    if (c->passed_fd >= 0 &&
        (fstat(c->passed_fd, &st) != 0 || !(S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode)))) {
        sy_fd_close(&c->passed_fd);
    }
    return true;
}
