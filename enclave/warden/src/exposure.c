/*
 * What: reports of exposure. Invariants: the event is on disk before a worker is asked for; the loop's thread
 * never waits for data; whoever is told is the party that signed the request, once, in an envelope sealed to
 * it. What fails is one constant refusal; why is in the warden's own log.
 */
#include "exposure.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "rules/exposure.h"
#include "warden/run.h"

enum { MS = 1000000 };

struct warden_exposure {
    struct warden_exposure *next;
    struct warden_run run; /* its sources, feeds, worker and thread */
    struct rules_exposure plan;
};

/* --- the end --------------------------------------------------------------------------------------- */

/* Told: out of the list, and gone as soon as no thread is at work. */
static void leave(struct warden_exposure *e)
{
    if (e->run.busy) {
        return;
    }
    struct warden_exposure **at = &e->run.w->exposures;
    while (*at != NULL && *at != e) {
        at = &(*at)->next;
    }
    if (*at == e) {
        *at = e->next;
    }
    warden_run_close(&e->run);
    free(e);
}

static void refuse(struct warden_exposure *e, const char *cause)
{
    struct sy_error err = {0};
    sy_log(SY_LOG_WARN, "report not made", SY_LOGF_ID("cause", sy_view_str(cause)));
    sy_fail(&err, SY_E_REFUSED, NULL, "the report could not be made");
    e->run.told = true;
    warden_job_stop(&e->run.job);
    warden_call_refuse(e->run.call, &err);
    leave(e);
}

/* BOUNDARY: the worker's counts. Shape as asked for; names are ours. */
static bool figure_fits(const struct sy_exposure_figure *f)
{
    return f->n_below == SY_EXPOSURE_N_STEPS && f->field.n == 0;
}

static bool name_table(const struct warden_exposure *e, size_t at, size_t first,
                       struct sy_exposure_table *t, struct sy_arena *arena)
{
    const struct sy_plan_rel *rel = &e->plan.plan.rels[at];
    size_t n_l = 0;
    t->quasi = sy_arena_alloc(arena, rel->n_names + 1, sizeof(*t->quasi));
    if (t->quasi == NULL || !figure_fits(&t->k)) {
        return false;
    }
    t->n_quasi = 0;
    t->dataset = rel->source;
    for (size_t i = 0; i < rel->n_names; i++) {
        enum sy_exposure_role role = e->plan.roles[first + i];
        if (role == SY_EXPOSURE_QUASI) {
            t->quasi[t->n_quasi++] = rel->names[i];
        } else if (role == SY_EXPOSURE_SECRET) {
            if (n_l >= t->n_l || !figure_fits(&t->l[n_l])) {
                return false;
            }
            t->l[n_l++].field = rel->names[i];
        }
    }
    return n_l == t->n_l;
}

static bool read_result(struct warden_exposure *e, struct sy_exposure *ret)
{
    struct warden_run *r = &e->run;
    struct sy_exposure_result result;
    size_t first = 0;
    if (!sy_ok(sy_record_decode(&sy_exposure_result_desc, sy_buf_view(&r->early), &SY_MP_REQUEST,
                                &r->arena, &result, NULL)) ||
        !result.ok || result.n_tables != e->plan.plan.n_rels) {
        return false;
    }
    for (size_t i = 0; i < result.n_tables; i++) {
        if (!name_table(e, i, first, &result.tables[i], &r->arena)) {
            return false;
        }
        first += e->plan.plan.rels[i].n_names;
    }
    *ret = (struct sy_exposure){.data = r->row.data,
                                .n_data = r->row.n_data,
                                .tables = result.tables,
                                .n_tables = result.n_tables,
                                .time = r->time};
    memcpy(ret->grant, r->row.grant, sizeof(ret->grant));
    return true;
}

/* Worker and thread are both gone: tell. */
static void conclude(struct warden_exposure *e)
{
    struct sy_exposure report;
    if (e->run.cause != NULL || !read_result(e, &report)) {
        refuse(e, e->run.cause != NULL ? e->run.cause : "result");
        return;
    }
    e->run.told = true;
    warden_call_record(e->run.call, &sy_exposure_desc, &report);
    leave(e);
}

/* --- the work -------------------------------------------------------------------------------------- */

static sy_status send_job(struct warden_exposure *e)
{
    struct warden_run *r = &e->run;
    int fds[SY_FDS_MAX];
    uint64_t roles[SY_FDS_MAX];
    struct sy_exposure_job job = {.columns = r->columns,
                                  .n_columns = r->n_feeds,
                                  .roles = roles,
                                  .n_roles = r->n_feeds,
                                  .tables = e->plan.plan.n_rels};
    for (size_t i = 0; i < r->n_feeds; i++) {
        r->columns[i] = r->feeds[i].column.column;
        r->columns[i].scan = r->feeds[i].scan;
        r->columns[i].dict = NULL; /* classes are of codes: the worker needs no labels */
        r->columns[i].n_dict = 0;
        roles[i] = e->plan.roles[i];
        fds[i] = r->feeds[i].fd;
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX);
    SY_TRY(sy_record_encode(&sy_exposure_job_desc, &job, &b));
    return warden_job_send(r->feed_sock, sy_buf_view(&b), fds, r->n_feeds);
}

static void feeder_done(void *ctx)
{
    struct warden_exposure *e = ctx;
    pthread_join(e->run.thread, NULL);
    e->run.busy = false;
    if (e->run.told) {
        leave(e); /* stopped meanwhile */
    } else if (!sy_ok(e->run.worked)) {
        refuse(e, "feed");
    } else if (e->run.job.ended) {
        conclude(e);
    }
}

static void *feeder_main(void *ctx)
{
    struct warden_exposure *e = ctx;
    e->run.worked = warden_run_fill(&e->run);
    if (sy_ok(e->run.worked)) {
        e->run.worked = send_job(e);
    }
    while (!warden_post(e->run.w->loop, feeder_done, e)) { /* out of memory: the loop frees some */
    }
    return NULL;
}

static bool take_message(void *ctx, struct sy_view message)
{
    struct warden_exposure *e = ctx;
    if (!sy_ok(sy_buf_add_view(&e->run.early, message))) {
        e->run.cause = "memory";
    }
    return false;
}

static void job_end(void *ctx, enum warden_job_end end)
{
    static const char *const causes[] = {
        [WARDEN_JOB_DONE] = NULL, [WARDEN_JOB_OVERRUN] = "overrun", [WARDEN_JOB_CRASH] = "crash"};
    struct warden_exposure *e = ctx;
    e->run.cause = e->run.cause != NULL ? e->run.cause : causes[end];
    if (!e->run.busy) {
        conclude(e);
    }
}

/* The caps of the pack's largest size class: a report is made of whole tables. */
static sy_status start_work(struct warden_exposure *e, struct sy_error *err)
{
    struct warden_run *r = &e->run;
    const struct sy_pack *pack = &r->model.grant.pack;
    const struct sy_pack_size *size = &pack->sizes[pack->n_sizes - 1];
    struct warden_job_caps caps = {.kind = SY_JOB_EXPOSURE,
                                   .memory_mib = size->memory_mib,
                                   .cpu_s = size->cpu_s,
                                   .wall_ns = size->wall_ms * MS};
    r->job.message = take_message;
    r->job.end = job_end;
    r->job.ctx = e;
    SY_TRY(warden_job_start(r->w, &r->job, &caps, err));
    r->feed_sock = fcntl(r->job.worker.sock, F_DUPFD_CLOEXEC, 3);
    if (r->feed_sock < 0 || pthread_create(&r->thread, NULL, feeder_main, e) != 0) {
        warden_job_stop(&r->job);
        return sy_fail(err, SY_E_BUSY, NULL, NULL);
    }
    r->busy = true;
    return SY_OK;
}

/* The versions that the event names, and no newer ones. */
static sy_status same_versions(struct warden_run *r, const struct sy_plan *plan,
                               struct sy_error *err)
{
    const struct sy_inputs *in = &r->call->inputs;
    SY_TRY(rules_run_data(r->rows, plan, &r->arena, &r->row.data, &r->row.n_data, err));
    bool same = r->row.n_data == in->n_data;
    for (size_t i = 0; same && i < in->n_data; i++) {
        same = memcmp(r->row.data[i].header, in->data[i].header, 32) == 0;
    }
    return same ? SY_OK : sy_fail(err, SY_E_STATE, "version", NULL);
}

static sy_status begin(struct warden_exposure *e, struct sy_error *err)
{
    struct warden_run *r = &e->run;
    struct sy_exposure_ask ask;
    SY_TRY(sy_record_decode(&sy_exposure_ask_desc, r->call->request.args, &SY_MP_REQUEST, &r->arena,
                            &ask, err));
    SY_TRY(warden_run_grant_rows(r, err));
    SY_TRY(rules_grant_read(r->rows, r->row.grant, &r->arena, &r->model.grant, err));
    SY_TRY(rules_exposure_read(&r->model.grant, &ask, &r->arena, &e->plan, err));
    SY_TRY(same_versions(r, &e->plan.plan, err));
    r->model.plan = e->plan.plan;
    SY_TRY(warden_run_sources(r, err));
    return start_work(e, err);
}

/* --- the method ------------------------------------------------------------------------------------ */

/* The rules say what is wrong with a request that names no versions. */
bool warden_exposure_prepare(struct warden_call *c)
{
    static const struct warden_room room = {.in_all = 1, .of_party = 1};
    struct sy_exposure_ask ask;
    struct rules_grant g;
    struct rules_exposure e;
    if (!warden_call_room(c, &room)) {
        return false;
    }
    sy_status s = sy_record_decode(&sy_exposure_ask_desc, c->request.args, &SY_MP_REQUEST,
                                   &c->arena, &ask, NULL);
    s = sy_ok(s) ? rules_grant_read(c->w->state, c->request.header.grant, &c->arena, &g, NULL) : s;
    s = sy_ok(s) ? rules_exposure_read(&g, &ask, &c->arena, &e, NULL) : s;
    s = sy_ok(s) ? rules_run_data(c->w->state, &e.plan, &c->arena, &c->inputs.data,
                                  &c->inputs.n_data, NULL)
                 : s;
    if (!sy_ok(s)) {
        c->inputs.data = NULL;
        c->inputs.n_data = 0;
    }
    return true;
}

void warden_exposure_done(struct warden_call *c)
{
    struct sy_error err = {0};
    struct warden_exposure *e = calloc(1, sizeof(*e));
    if (e == NULL) {
        sy_fail(&err, SY_E_NO_MEMORY, NULL, NULL);
        warden_call_refuse(c, &err);
        return;
    }
    e->run = (struct warden_run){.w = c->w,
                                 .call = c,
                                 .time = c->inputs.time,
                                 .feed_sock = -1,
                                 .arena = {.ceiling = SY_RESULT_BYTES, .wipe = true},
                                 .early = {.ceiling = SY_JOB_MESSAGE_MAX, .wipe = true}};
    memcpy(e->run.row.grant, c->request.header.grant, sizeof(e->run.row.grant));
    e->next = c->w->exposures;
    c->w->exposures = e;
    sy_status s = begin(e, &err);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_WARN, "report not started", SY_LOGF_CODE(s.code));
        e->run.job.ended = true;
        refuse(e, "start");
    }
}

void warden_exposure_again(struct warden_call *c)
{
    struct sy_error err = {0};
    sy_fail(&err, SY_E_STATE, "nonce", "a report is not kept; ask with a new request");
    warden_call_refuse(c, &err);
}

void warden_exposures_stop(struct warden *w, const uint8_t grant[32])
{
    for (struct warden_exposure *e = w->exposures, *next; e != NULL; e = next) {
        next = e->next;
        if (!e->run.told && memcmp(e->run.row.grant, grant, 32) == 0) {
            refuse(e, "stopped");
        }
    }
}

bool warden_exposures_hold(const struct warden *w, const uint8_t grant[32])
{
    const struct warden_exposure *e = w->exposures;
    while (e != NULL && !warden_run_holds(&e->run, grant)) {
        e = e->next;
    }
    return e != NULL;
}
