/*
 * What: dataset.ingest. A department's file reaches the domain as a descriptor and goes on to a sealed
 * worker; typed rows come back and are encrypted as they come. Invariants: the warden never reads the
 * file; a version exists only through its publish entry, so whatever ends early leaves nothing; the
 * quality report is sealed to the department and only its commitment is logged.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/log.h"
#include "ingest_caps.h"
#include "proof/hash.h"
#include "warden/job.h"
#include "warden/record.h"
#include "warden/work.h"
#include "wire/job.h"
#include "wire/rpc.h"

enum { INGEST_MIB = 1024, INGEST_CPU_S = 36000 };

struct ingest {
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
};

static void ingest_free(struct ingest *g)
{
    vault_writer_abort(g->writer);
    warden_caps_free(g->caps);
    sy_arena_deinit(&g->arena);
    free(g);
}

/* "progress" [attempt, rows, bytes] to the client that waits (wire/methods.h). */
static void tell_progress(struct ingest *g, uint64_t bytes)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    struct warden *w = g->call->w;
    for (size_t i = 0; i < w->n_conns; i++) {
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
static sy_status take_end(struct ingest *g)
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

static sy_status take_batch(struct ingest *g, struct sy_view message, bool *ret_more)
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
    struct ingest *g = ctx;
    bool more = false;
    sy_status s = take_batch(g, message, &more);
    if (!sy_ok(s) && g->err.code == 0) {
        sy_fail(&g->err, s.code, NULL, NULL);
    }
    return sy_ok(s) && more;
}

/* --- publishing ------------------------------------------------------------------------------------- */

static sy_status finish_version(struct ingest *g, struct sy_ingest_result *res,
                                struct sy_inputs *in)
{
    struct sy_dataset_version *v = sy_arena_alloc(&g->arena, 1, sizeof(*v));
    if (v == NULL) {
        return sy_fail(&g->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    struct vault_writer *writer = g->writer;
    g->writer = NULL; /* gone whatever happens */
    SY_TRY(vault_writer_finish(writer, &g->arena, v, &g->err));
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

static sy_status publish(struct ingest *g, struct sy_ingest_result *res)
{
    struct sy_inputs in = {0};
    SY_TRY(finish_version(g, res, &in));
    uint64_t entry = 0;
    SY_TRY(
        warden_act(g->call->w, "dataset.publish", NULL, (struct sy_view){0}, &in, &entry, &g->err));
    g->call->entries[g->call->n_entries++] = entry;
    return SY_OK;
}

static void ingest_end(void *ctx, enum warden_job_end end)
{
    struct ingest *g = ctx;
    struct warden_call *c = g->call;
    struct sy_ingest_result res = {0};
    if (end != WARDEN_JOB_DONE && g->err.code == 0) {
        sy_fail(&g->err, SY_E_DATA, NULL, "the ingest worker ended early; nothing was published");
    }
    sy_status s = g->complete ? publish(g, &res) : sy_status_of(g->err.code);
    if (!sy_ok(s)) {
        if (g->err.code == 0) {
            sy_fail(&g->err, s.code, NULL, NULL);
        }
        warden_call_refuse(c, &g->err);
    } else {
        warden_commit(c->w); /* durable before the department hears of it */
        if (!c->w->failed) {
            warden_call_record(c, &sy_ingest_result_desc, &res);
        }
    }
    ingest_free(g);
}

/* --- starting ------------------------------------------------------------------------------------------ */

static sy_status read_def(struct ingest *g)
{
    struct warden_call *c = g->call;
    struct sy_ingest args;
    SY_TRY(sy_record_decode(&sy_ingest_desc, c->request.args, &SY_MP_REQUEST, &g->arena, &args,
                            &g->err));
    struct rules_key key = rules_key_id("dataset/", args.dataset);
    struct sy_view value;
    if (!rules_state_get(c->w->state, rules_key_view(&key), &value)) {
        return sy_fail(&g->err, SY_E_NOT_FOUND, "dataset", NULL);
    }
    struct sy_view copy = sy_arena_copy(&g->arena, value);
    SY_TRY(sy_record_decode(&sy_row_dataset_desc, copy, &SY_MP_LARGE, &g->arena, &g->row, &g->err));
    return sy_record_decode(&sy_dataset_def_desc, g->row.def, &SY_MP_LARGE, &g->arena, &g->def,
                            &g->err);
}

static uint64_t next_version(struct ingest *g)
{
    struct rules_key key = rules_key_id("version/", g->def.id);
    struct sy_row_version row;
    sy_status s = rules_state_read(g->call->w->state, rules_key_view(&key), &sy_row_version_desc,
                                   &g->arena, &row, NULL);
    return sy_ok(s) ? row.version.version + 1 : 1;
}

static sy_status begin_writer(struct ingest *g)
{
    struct vault_attempt attempt = {
        .def = &g->def, .keys = g->row.keys, .version = next_version(g)};
    memcpy(attempt.def_digest, g->row.digest, sizeof(attempt.def_digest));
    return vault_writer_begin(g->call->w->vault, &attempt, &g->writer, &g->err);
}

static sy_status send_job(struct ingest *g)
{
    struct sy_ingest_job job = {.def = g->def};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX);
    SY_TRY(sy_record_encode(&sy_ingest_job_desc, &job, &b));
    return warden_job_send(g->job.worker.sock, sy_buf_view(&b), &g->call->passed_fd, 1);
}

static sy_status ingest_begin(struct ingest *g)
{
    SY_TRY(read_def(g));
    if (g->call->passed_fd < 0) {
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
    sy_status s = send_job(g);
    sy_fd_close(&g->call->passed_fd); /* the worker has its own */
    if (!sy_ok(s)) {
        warden_job_stop(&g->job);
        return sy_fail(&g->err, s.code, NULL, NULL);
    }
    return SY_OK;
}

void warden_ingest_done(struct warden_call *c)
{
    struct ingest *g = calloc(1, sizeof(*g));
    if (g == NULL) {
        struct sy_error err = {0};
        sy_fail(&err, SY_E_NO_MEMORY, NULL, NULL);
        warden_call_refuse(c, &err);
        return;
    }
    g->call = c;
    if (!sy_ok(ingest_begin(g))) {
        warden_call_refuse(c, &g->err);
        ingest_free(g);
    }
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
