/*
 * What: a run, from durable charge to durable answer. Invariants: the charge is on disk before a
 * worker is asked for; the run works on a private copy of the rows it was charged under, so that a
 * pack or grant that changes meanwhile changes nothing; every charge gets exactly one answer entry;
 * the caller hears nothing before the response slot ends, whatever happened (DESIGN section 4.7).
 */
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/log.h"
#include "base/time.h"
#include "mechanisms/stream.h"
#include "rules/model.h"
#include "sandbox/memfd.h"
#include "warden/job.h"
#include "warden/record.h"
#include "warden/release.h"
#include "warden/work.h"
#include "wire/plan_type.h"

enum { COLUMNS_MAX = SY_FDS_MAX - 1, ANSWER_MAX = 32 << 20, HEX_BYTES = 65, THREADS = 2 };
static const uint64_t MS = 1000000;
#ifndef SY_BENCH_BUILD
/* Time kept at the end of a slot for noise, the answer's fsync and sealing. */
static const uint64_t SLOT_TAIL_NS = 40 * 1000000;
#endif

/* One column to be filled by the feeder thread. */
struct feed {
    const struct vault_version *version;
    struct vault_ask ask;
    uint64_t scan;
    int fd;
    struct vault_column column;
};

struct warden_run {
    struct warden_run *next;
    struct warden *w;
    struct warden_call *call; /* who waits */
    uint64_t charge;          /* entry */
    uint64_t due_ns;          /* end of the response slot, monotonic */
    struct sy_arena arena;
    struct rules_state *rows; /* the rows as they were at the charge */
    struct rules_model model; /* read from `rows` */
    struct sy_row_charge row;
    struct vault_version **versions;
    size_t n_versions;
    struct feed feeds[COLUMNS_MAX];
    size_t n_feeds;
    struct sy_run_column columns[COLUMNS_MAX];
    int key_fd;               /* selection keys, -1 = none */
    uint64_t n_units;
    struct warden_job job;
    pthread_t feeder;
    bool feeding;             /* the thread has not been joined */
    sy_status fed;            /* its result */
    bool have_result;
    bool finished;            /* an outcome is settled */
    struct sy_run_result result;
    struct sy_view answer;    /* canonical, once released */
    const char *outcome;
};

static void run_free(struct warden_run *r)
{
    for (struct warden_run **at = &r->w->runs; *at != NULL; at = &(*at)->next) {
        if (*at == r) {
            *at = r->next;
            break;
        }
    }
    for (size_t i = 0; i < r->n_versions; i++) {
        vault_version_close(r->versions[i]);
    }
    for (size_t i = 0; i < r->n_feeds; i++) {
        sy_fd_close(&r->feeds[i].fd);
    }
    sy_fd_close(&r->key_fd);
    rules_state_free(r->rows);
    sy_arena_deinit(&r->arena);
    free(r);
}

/* --- the reply ------------------------------------------------------------------------------------ */

static void refuse_run(struct warden_call *c)
{
    struct sy_error err = {0};
    sy_fail(&err, SY_E_REFUSED, NULL, "the run was refused; it stays charged");
    warden_call_refuse(c, &err);
}

/* The slot has ended and the answer is durable: the one moment at which anything is said. */
static void run_say(void *ctx)
{
    struct warden_run *r = ctx;
    struct warden_call *c = r->call;
    warden_commit(r->w); /* no audit, no answer: a slot that has passed already must still wait */
    if (r->w->failed) {
        return;
    }
    if (r->answer.n > 0) {
        warden_call_result(c, r->answer);
    } else {
        refuse_run(c);
    }
    run_free(r);
}

static void answer_name(char ret[HEX_BYTES], const uint8_t commit[32])
{
    sodium_bin2hex(ret, HEX_BYTES, commit, 32);
}

/* --- settling ------------------------------------------------------------------------------------- */

static void answer_committed(struct warden_run *r, uint64_t entry)
{
    r->call->entries[1] = entry;
    r->call->n_entries = 2;
    if (warden_timer_add(r->w->loop, r->due_ns, run_say, r) == 0) {
        run_say(r);
    }
}

static sy_status store_answer(struct warden_run *r, struct sy_inputs *in)
{
    char name[HEX_BYTES];
    proof_answer_commit(in->commit, r->row.salt, r->answer); /* a refusal commits to no bytes */
    if (r->answer.n == 0) {
        return SY_OK;
    }
    answer_name(name, in->commit);
    return vault_blob_put(r->w->vault, sy_view_str(name), r->answer);
}

/* Record the outcome. The answer itself is stored before its entry is, so that whatever the ledger
 * says was answered can be answered again. */
static void run_settle(struct warden_run *r)
{
    struct sy_error err = {0};
    struct sy_inputs in = {.charge = r->charge, .outcome = sy_view_str(r->outcome)};
    sy_status s = store_answer(r, &in);
    if (!sy_ok(s)) {
        r->answer = (struct sy_view){0};
        in.outcome = sy_view_str("crash");
        proof_answer_commit(in.commit, r->row.salt, r->answer);
    }
    uint64_t entry = 0;
    s = warden_act(r->w, "job.answer", NULL, (struct sy_view){0}, &in, &entry, &err);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "answer not recorded", SY_LOGF_CODE(s.code));
        r->answer = (struct sy_view){0};
        refuse_run(r->call); /* the charge stays open: the same envelope resumes it */
        run_free(r);
        return;
    }
    answer_committed(r, entry); /* said at the slot's end, which is after this round's commit */
}

static void fill_answer(const struct warden_run *r, struct sy_answer *a)
{
    memcpy(a->grant, r->row.grant, sizeof(a->grant));
    memcpy(a->model, r->row.model, sizeof(a->model));
    a->data = r->row.data;
    a->n_data = r->row.n_data;
    a->rho = r->row.rho;
    a->delta = r->row.delta;
    a->time = r->call->inputs.time;
    const struct sy_row_grant *g = &r->model.grant.row;
    for (size_t i = 0; i < g->n_shares; i++) {
        if (sy_view_eq(g->shares[i].ns, r->model.facts.ns)) {
            a->rho_spent = g->shares[i].rho_spent;
            a->rho_left = g->shares[i].rho - g->shares[i].rho_spent;
        }
    }
}

static sy_status release_run(struct warden_run *r, struct sy_error *err)
{
    struct vault_secret key = {0};
    uint8_t seed[MECH_SEED_BYTES];
    SY_TRY(vault_noise_key(r->w->vault, vault_epoch(r->w->vault), &key));
    mech_seed(key.p, r->row.salt, r->row.question, seed);
    vault_secret_free(&key);
    struct warden_release c = {.model = &r->model, .result = &r->result, .columns = r->columns,
                               .n_columns = r->n_feeds, .seed = seed};
    struct sy_answer answer = {0};
    sy_status s = warden_release(&c, &r->arena, &answer, err);
    sodium_memzero(seed, sizeof(seed));
    SY_TRY(s);
    fill_answer(r, &answer);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(ANSWER_MAX);
    SY_TRY(sy_record_encode(&sy_answer_desc, &answer, &b));
    if (b.n > r->model.facts.answer_bytes) {
        return sy_fail(err, SY_E_INTERNAL, "answer", "longer than its plan allows");
    }
    r->answer = sy_arena_copy(&r->arena, sy_buf_view(&b));
    return r->answer.p != NULL ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

/* The worker has ended and the feeder is joined: settle by what there is. */
static void run_finish(struct warden_run *r)
{
    struct sy_error err = {0};
    if (r->finished) {
        return;
    }
    r->finished = true;
    if (r->have_result && !r->result.ok) {
        r->outcome = "cap";
    } else if (r->have_result) {
        sy_status s = release_run(r, &err);
        r->outcome = sy_ok(s) ? "ok" : "crash";
        if (!sy_ok(s)) {
            sy_log(SY_LOG_WARN, "release failed", SY_LOGF_CODE(s.code),
                   SY_LOGF_ID("field", sy_view_str(err.field)));
        }
    }
    run_settle(r);
}

/* --- the feeder thread ------------------------------------------------------------------------------ */

static sy_status fill_column(struct warden_run *r, struct feed *f)
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

static sy_status send_columns(struct warden_run *r)
{
    int fds[SY_FDS_MAX];
    struct sy_run_job job = {.cells_max = r->model.facts.cells_max, .columns = r->columns,
                             .datasets = r->model.grant.defs.defs,
                             .n_datasets = r->model.grant.defs.n,
                             .memory_mib = r->model.facts.size.memory_mib, .params = r->row.params,
                             .n_params = r->row.n_params, .plan = r->model.plan,
                             .threads = THREADS};
    size_t n = 0;
    for (; n < r->n_feeds; n++) {
        r->columns[n] = r->feeds[n].column.column;
        r->columns[n].scan = r->feeds[n].scan;
        fds[n] = r->feeds[n].fd;
    }
    if (r->key_fd >= 0) {
        r->columns[n] = (struct sy_run_column){.type = sy_view_str("key"), .width = 8,
                                               .rows = r->n_units};
        fds[n++] = r->key_fd;
    }
    job.n_columns = n;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX);
    SY_TRY(sy_record_encode(&sy_run_job_desc, &job, &b));
    return warden_job_send(&r->job, sy_buf_view(&b), fds, n);
}

static void feeder_done(void *ctx);

static void *feeder_main(void *ctx)
{
    struct warden_run *r = ctx;
    r->fed = SY_OK;
    for (size_t i = 0; i < r->n_feeds && sy_ok(r->fed); i++) {
        r->fed = fill_column(r, &r->feeds[i]);
    }
    if (sy_ok(r->fed)) {
        r->fed = send_columns(r);
    }
    while (!warden_post(r->w->loop, feeder_done, r)) { /* out of memory: the loop frees some */
    }
    return NULL;
}

static void feeder_done(void *ctx)
{
    struct warden_run *r = ctx;
    pthread_join(r->feeder, NULL);
    r->feeding = false;
    if (!sy_ok(r->fed) && !r->job.ended) {
        sy_log(SY_LOG_ERROR, "columns not fed", SY_LOGF_CODE(r->fed.code));
        warden_job_stop(&r->job);
        r->outcome = "crash";
    }
    if (r->job.ended) {
        run_finish(r);
    }
}

static bool run_message(void *ctx, struct sy_view message)
{
    struct warden_run *r = ctx;
    /* BOUNDARY: the worker's bytes; decoded strictly here, judged in release.c. */
    if (r->feeding) {
        return false; /* an answer before the question: a crash */
    }
    struct sy_view copy = sy_arena_copy(&r->arena, message);
    r->have_result = copy.p != NULL && sy_ok(sy_record_decode(&sy_run_result_desc, copy,
                                                              &SY_MP_LARGE, &r->arena, &r->result,
                                                              NULL));
    return false;
}

static const char *const end_outcomes[] = {[WARDEN_JOB_DONE] = "crash",
                                           [WARDEN_JOB_OVERRUN] = "overrun",
                                           [WARDEN_JOB_CRASH] = "crash"};

static void run_end(void *ctx, enum warden_job_end end)
{
    struct warden_run *r = ctx;
    r->outcome = end_outcomes[end];
    if (!r->feeding) {
        run_finish(r);
    } /* else feeder_done finishes: its write fails, the worker being gone */
}

/* --- starting --------------------------------------------------------------------------------------- */

/* Rows that a run stands on, copied so that later events do not move them. */
static sy_status keep_row(struct warden_run *r, struct rules_key key)
{
    struct sy_view value;
    if (!rules_state_get(r->w->state, rules_key_view(&key), &value)) {
        return SY_OK; /* the reader of the row says what is missing */
    }
    return rules_state_put_raw(r->rows, rules_key_view(&key), value);
}

static sy_status keep_rows(struct warden_run *r, struct sy_error *err)
{
    r->rows = rules_state_new();
    if (r->rows == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(keep_row(r, rules_key_id("", sy_view_str("pack"))));
    SY_TRY(keep_row(r, rules_key_hash("grant/", r->row.grant)));
    SY_TRY(keep_row(r, rules_key_hash("model/", r->row.model)));
    struct rules_grant g;
    SY_TRY(rules_grant_read(r->w->state, r->row.grant, &r->arena, &g, err));
    for (size_t i = 0; i < g.proposal.n_datasets; i++) {
        SY_TRY(keep_row(r, rules_key_id("dataset/", g.proposal.datasets[i].dataset)));
        SY_TRY(keep_row(r, rules_key_id("version/", g.proposal.datasets[i].dataset)));
    }
    return rules_model_read(r->rows, r->row.model, &r->arena, &r->model, err);
}

static sy_status open_version(struct warden_run *r, struct sy_view dataset,
                              const struct vault_version **ret, struct sy_error *err)
{
    struct rules_key dk = rules_key_id("dataset/", dataset), vk = rules_key_id("version/", dataset);
    struct sy_row_dataset d;
    struct sy_row_version *v = sy_arena_alloc(&r->arena, 1, sizeof(*v));
    if (v == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(rules_state_read(r->rows, rules_key_view(&dk), &sy_row_dataset_desc, &r->arena, &d, err));
    SY_TRY(rules_state_read(r->rows, rules_key_view(&vk), &sy_row_version_desc, &r->arena, v, err));
    struct vault_secret share = {0};
    struct sy_dataset_def def;
    SY_TRY(sy_record_decode(&sy_dataset_def_desc, d.def, &SY_MP_LARGE, &r->arena, &def, err));
    if (def.custodian.n > 0) {
        SY_TRY(vault_deposit_take(r->w->vault, r->row.grant, dataset, &share, err));
    }
    struct vault_version *ver = NULL;
    sy_status s = vault_version_open(r->w->vault, d.keys, share.p, &v->version, &ver, err);
    vault_secret_free(&share);
    SY_TRY(s);
    r->versions[r->n_versions++] = ver;
    *ret = ver;
    return SY_OK;
}

/* The catalogue's field before the mask, and the grant's mask for it. */
static sy_status field_ask(struct warden_run *r, struct sy_view dataset, struct sy_view field,
                           struct vault_ask *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("dataset/", dataset);
    struct sy_row_dataset d;
    struct sy_dataset_def def;
    SY_TRY(rules_state_read(r->rows, rules_key_view(&key), &sy_row_dataset_desc, &r->arena, &d, err));
    SY_TRY(sy_record_decode(&sy_dataset_def_desc, d.def, &SY_MP_LARGE, &r->arena, &def, err));
    for (size_t i = 0; i < def.n_fields; i++) {
        if (sy_view_eq(def.fields[i].name, field)) {
            ret->def = &def.fields[i];
        }
    }
    const struct sy_proposal *p = &r->model.grant.proposal;
    for (size_t i = 0; i < p->n_datasets; i++) {
        for (size_t k = 0; sy_view_eq(p->datasets[i].dataset, dataset) &&
                           k < p->datasets[i].n_fields; k++) {
            if (sy_view_eq(p->datasets[i].fields[k].name, field)) {
                ret->mask = p->datasets[i].fields[k].mask;
                return ret->def != NULL ? SY_OK : sy_fail(err, SY_E_INTERNAL, "field", NULL);
            }
        }
    }
    /* BOUNDARY: the rules refused a plan beyond its grant; the vault hands out nothing beyond it. */
    return sy_fail(err, SY_E_FIELD_DENIED, NULL, NULL);
}

static sy_status plan_scan(struct warden_run *r, size_t rel, struct sy_error *err)
{
    const struct sy_plan_rel *scan = &r->model.plan.rels[rel];
    const struct vault_version *version = NULL;
    SY_TRY(open_version(r, scan->source, &version, err));
    for (size_t i = 0; i < scan->n_names; i++) {
        if (r->n_feeds >= COLUMNS_MAX - 1) {
            return sy_fail(err, SY_E_LIMIT, "columns", NULL);
        }
        struct feed *f = &r->feeds[r->n_feeds];
        *f = (struct feed){.version = version, .scan = rel, .fd = -1};
        SY_TRY(field_ask(r, scan->source, scan->names[i], &f->ask, err));
        r->n_feeds++;
    }
    return SY_OK;
}

static sy_status plan_keys(struct warden_run *r, struct sy_error *err)
{
    if (r->model.facts.ns.n == 0) {
        return SY_OK;
    }
    SY_TRY(vault_units(r->w->vault, r->model.facts.ns, &r->n_units, err));
    SY_TRY(sandbox_memfd_create("keys", &r->key_fd));
    struct vault_unit_keys_ask ask = {.kind = VAULT_UNIT_KEY_SELECT, .ns = r->model.facts.ns,
                                      .salt = r->row.salt, .n_units = r->n_units};
    SY_TRY(vault_unit_keys(r->w->vault, &ask, r->key_fd, err));
    return sandbox_memfd_seal(r->key_fd, r->n_units * 8);
}

static sy_status plan_feeds(struct warden_run *r, struct sy_error *err)
{
    const struct sy_plan *p = &r->model.plan;
    r->versions = sy_arena_alloc(&r->arena, p->n_rels + 1, sizeof(*r->versions));
    if (r->versions == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < p->n_rels; i++) {
        if (sy_view_is(p->rels[i].op, "scan")) {
            SY_TRY(plan_scan(r, i, err));
        }
    }
    return plan_keys(r, err);
}

/* With slots, the worker must be done early enough for the tail; without (bench builds), only the
 * pack's wall cap holds. */
static uint64_t worker_wall_ns(const struct warden_run *r)
{
    uint64_t wall = r->model.facts.size.wall_ms * MS;
#ifndef SY_BENCH_BUILD
    uint64_t slot = r->model.facts.size.slot_ms * MS;
    uint64_t left = slot > SLOT_TAIL_NS ? slot - SLOT_TAIL_NS : slot;
    wall = left < wall ? left : wall;
#endif
    return wall;
}

static sy_status start_worker(struct warden_run *r, struct sy_error *err)
{
    const struct sy_pack_size *size = &r->model.facts.size;
    r->job.message = run_message;
    r->job.end = run_end;
    r->job.ctx = r;
    struct warden_job_caps caps = {.kind = 'r', .memory_mib = size->memory_mib,
                                   .cpu_s = size->cpu_s, .wall_ns = worker_wall_ns(r)};
    SY_TRY(warden_job_start(r->w, &r->job, &caps, err));
    if (pthread_create(&r->feeder, NULL, feeder_main, r) != 0) {
        warden_job_stop(&r->job);
        return sy_fail(err, SY_E_BUSY, NULL, NULL);
    }
    r->feeding = true;
    return SY_OK;
}

static sy_status read_charge(struct warden_run *r, struct sy_error *err)
{
    struct rules_key key = rules_key_charge(r->charge);
    struct sy_view value;
    if (!rules_state_get(r->w->state, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_INTERNAL, "charge", NULL);
    }
    struct sy_view copy = sy_arena_copy(&r->arena, value);
    return sy_record_decode(&sy_row_charge_desc, copy, &SY_MP_LARGE, &r->arena, &r->row, err);
}

static sy_status run_begin(struct warden_run *r, struct sy_error *err)
{
    SY_TRY(read_charge(r, err));
    SY_TRY(keep_rows(r, err));
    r->call->reply_bytes = r->model.facts.reply_bytes;
    r->due_ns = sy_mono_ns();
#ifndef SY_BENCH_BUILD
    r->due_ns += r->model.facts.size.slot_ms * MS;
#endif
    SY_TRY(plan_feeds(r, err));
    return start_worker(r, err);
}

/* Run the charge of entry `charge` for this call. Whatever fails from here on is an outcome of a
 * charge that is on disk: it is settled, in its slot, like any other. */
static void run_start(struct warden_call *c, uint64_t charge)
{
    struct sy_error err = {0};
    struct warden_run *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        refuse_run(c);
        return;
    }
    *r = (struct warden_run){.w = c->w, .call = c, .charge = charge, .key_fd = -1,
                             .outcome = "crash", .next = c->w->runs};
    c->w->runs = r;
    c->entries[0] = charge;
    c->n_entries = 1;
    sy_status s = run_begin(r, &err);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_WARN, "run not started", SY_LOGF_CODE(s.code),
               SY_LOGF_ID("field", sy_view_str(err.field)));
        r->job.ended = true;
        run_finish(r);
    }
}

/* --- the method ---------------------------------------------------------------------------------------- */

bool warden_run_prepare(struct warden_call *c)
{
    struct rules_model m;
    randombytes_buf(c->inputs.salt, sizeof(c->inputs.salt));
    sy_status s = rules_model_read(c->w->state, c->request.header.subject, &c->arena, &m, NULL);
    if (sy_ok(s)) {
        s = rules_run_data(c->w->state, &m.plan, &c->arena, &c->inputs.data, &c->inputs.n_data, NULL);
    }
    if (!sy_ok(s)) { /* the rules say what is missing */
        c->inputs.data = NULL;
        c->inputs.n_data = 0;
    }
    return true;
}

static bool already_running(const struct warden *w, uint64_t charge)
{
    for (const struct warden_run *r = w->runs; r != NULL; r = r->next) {
        if (r->charge == charge) {
            return true;
        }
    }
    return false;
}

/* Give a stored answer again: the bytes whose commitment the answer entry holds. */
static void give_stored(struct warden_call *c, uint64_t answer_entry)
{
    struct sy_error err = {0};
    struct sy_event event;
    char name[HEX_BYTES];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(ANSWER_MAX);
    sy_status s = warden_entry_event(c->w, answer_entry, &c->arena, &event, &err);
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    c->entries[0] = event.inputs.charge;
    c->entries[1] = answer_entry;
    c->n_entries = 2;
    if (!sy_view_is(event.inputs.outcome, "ok")) {
        refuse_run(c);
        return;
    }
    answer_name(name, event.inputs.commit);
    s = vault_blob_get(c->w->vault, sy_view_str(name), &b, &err);
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    warden_call_result(c, sy_buf_view(&b));
}

static void set_reply_length(struct warden_call *c)
{
    struct rules_model m;
    if (sy_ok(rules_model_read(c->w->state, c->request.header.subject, &c->arena, &m, NULL))) {
        c->reply_bytes = m.facts.reply_bytes;
    }
}

void warden_run_done(struct warden_call *c)
{
    if (c->decision.verdict.stored != 0) {
        set_reply_length(c);
        give_stored(c, c->decision.verdict.stored - 1);
    } else {
        run_start(c, c->entries[0]);
    }
}

void warden_run_again(struct warden_call *c)
{
    if (c->decision.kind == RULES_KIND_RESUME) {
        if (already_running(c->w, c->decision.entry)) {
            struct sy_error err = {0};
            sy_fail(&err, SY_E_BUSY, NULL, "this run is under way; ask again with the same envelope");
            warden_call_refuse(c, &err);
        } else {
            run_start(c, c->decision.entry);
        }
        return;
    }
    set_reply_length(c);
    uint64_t stored = c->decision.verdict.stored;
    give_stored(c, stored != 0 ? stored - 1 : c->decision.entry);
}

void warden_runs_stop(struct warden *w, const uint8_t grant[32])
{
    for (struct warden_run *r = w->runs, *next; r != NULL; r = next) {
        next = r->next;
        if (!r->finished && memcmp(r->row.grant, grant, 32) == 0) {
            warden_job_stop(&r->job);
            r->have_result = false;
            r->outcome = "crash";
            if (!r->feeding) {
                run_finish(r);
            }
        }
    }
}
