/*
 * What: model.register. The SQL is parsed by a worker that holds no data; the warden sees only the
 * plan that comes back, as bytes, and policies/rules judges it. Invariants: who may not register is
 * refused before a worker is spent; the worker sees only the catalogue of the grant's fields.
 */
#include <stdlib.h>
#include <string.h>

#include "rules/model.h"
#include "rules/render.h"
#include "warden/job.h"
#include "warden/record.h"
#include "warden/work.h"
#include "wire/job.h"

enum { PLAN_MAX = 4 << 20, LOWER_MIB = 512, LOWER_CPU_S = 5, TEXT_MAX = 1 << 20 };
static const uint64_t LOWER_WALL_NS = UINT64_C(5000000000);

struct lower {
    struct warden_job job;
    struct warden_call *call;
    bool again; /* the second worker */
};

static void set_error(struct warden_call *c, const char *code, struct sy_view field,
                      struct sy_view reason)
{
    struct sy_lower_error *e = sy_arena_alloc(&c->arena, 1, sizeof(*e));
    if (e != NULL) {
        e->code = sy_view_str(code);
        e->field = sy_arena_copy(&c->arena, field);
        e->reason = sy_arena_copy(&c->arena, reason);
        c->inputs.lower = e;
        c->inputs.n_lower = 1;
    }
}

/* Cut at a character, without control characters. */
static void take_text(struct sy_view v, char *ret, size_t cap)
{
    sy_view_to_cstr(v, ret, cap);
    for (char *p = ret; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }
}

/* BOUNDARY: the worker's words go into the ledger and to the developer only as text of bounded
 * length under one of our codes; it has seen nothing but the developer's own SQL and the catalogue. */
static void take_refusal(struct warden_call *c, const struct sy_lower_result *r)
{
    char code[32];
    sy_view_to_cstr(r->code, code, sizeof(code));
    const char *known = sy_code_of_name(code) != 0 ? sy_code_name(sy_code_of_name(code)) : "sql";
    char construct[65], reason[257], hint[257];
    take_text(r->construct, construct, sizeof(construct));
    take_text(r->reason, reason, sizeof(reason));
    take_text(r->hint, hint, sizeof(hint));
    char *text = sy_arena_printf(&c->arena, "at byte %llu, %s: %s; %s", (unsigned long long)r->pos,
                                 construct, reason, hint);
    set_error(c, known, sy_view_str("sql"), sy_view_str(text));
}

static bool lower_message(void *ctx, struct sy_view message)
{
    struct warden_call *c = ((struct lower *)ctx)->call;
    struct sy_lower_result r;
    struct sy_view copy = sy_arena_copy(&c->arena, message);
    sy_status s = sy_record_decode(&sy_lower_result_desc, copy, &SY_MP_LARGE, &c->arena, &r, NULL);
    if (!sy_ok(s) || r.plan.n > PLAN_MAX) {
        set_error(c, "sql", sy_view_str("sql"), sy_view_str("the model could not be lowered"));
    } else if (r.plan.n > 0) {
        c->inputs.plan = r.plan;
    } else {
        take_refusal(c, &r);
    }
    return false;
}

static sy_status send_job(struct lower *l, struct sy_error *err)
{
    struct warden_call *c = l->call;
    struct rules_grant grant;
    struct sy_lower_job job = {0};
    SY_TRY(rules_grant_read(c->w->state, c->request.header.grant, &c->arena, &grant, err));
    SY_TRY(sy_record_decode(&sy_model_def_desc, c->request.args, &SY_MP_REQUEST, &c->arena,
                            &job.model, err));
    job.datasets = grant.defs.defs;
    job.n_datasets = grant.defs.n;
    job.defs = sy_arena_alloc(&c->arena, grant.defs.n + 1, sizeof(*job.defs));
    if (job.defs == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < grant.defs.n; i++) {
        job.defs[i] = sy_view(grant.defs.digests[i], 32);
    }
    job.n_defs = grant.defs.n;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX);
    SY_TRY(sy_record_encode(&sy_lower_job_desc, &job, &b));
    return warden_job_send(l->job.worker.sock, sy_buf_view(&b), NULL, 0);
}

static bool lower_message(void *ctx, struct sy_view message);
static void lower_end(void *ctx, enum warden_job_end end);

static sy_status lower_begin(struct lower *l, struct sy_error *err)
{
    l->job = (struct warden_job){.message = lower_message, .end = lower_end, .ctx = l};
    struct warden_job_caps caps = {.kind = SY_JOB_LOWER,
                                   .memory_mib = LOWER_MIB,
                                   .cpu_s = LOWER_CPU_S,
                                   .wall_ns = LOWER_WALL_NS};
    SY_TRY(warden_job_start(l->call->w, &l->job, &caps, err));
    sy_status s = send_job(l, err);
    if (!sy_ok(s)) {
        warden_job_stop(&l->job);
    }
    return s;
}

/* A worker that is gone is given one successor: it may have been ended from outside. Two that are gone
 * were ended by the model. */
static void lower_end(void *ctx, enum warden_job_end end)
{
    struct lower *l = ctx;
    struct warden_call *c = l->call;
    if (end == WARDEN_JOB_CRASH && !l->again) {
        l->again = true;
        if (sy_ok(lower_begin(l, NULL))) {
            return;
        }
    }
    if (end != WARDEN_JOB_DONE) {
        set_error(c, "limit", sy_view_str("sql"),
                  sy_view_str("the model is too large or too deep to be lowered; simplify it"));
    }
    free(l);
    warden_call_decide(c);
}

static sy_status lower_start(struct warden_call *c, struct sy_error *err)
{
    struct lower *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    l->call = c;
    sy_status s = lower_begin(l, err);
    if (!sy_ok(s)) {
        free(l);
    }
    return s;
}

/* Would the rules come to look at the plan at all? Decided on the request without one. */
static bool plan_wanted(struct warden_call *c)
{
    struct rules_decision d = {0};
    struct sy_error err = {0};
    c->inputs.time = warden_time(c->w);
    sy_status s = rules_decide(c->w->state, &c->request, &c->inputs, &c->arena, &d, &err);
    return s.code == SY_E_INTERNAL && strcmp(err.field, "inputs.plan") == 0;
}

bool warden_lower_prepare(struct warden_call *c)
{
    static const struct warden_room room = {.in_all = 4, .of_party = 1};
    struct sy_error err = {0};
    if (!warden_call_room(c, &room)) {
        return false;
    }
    if (!plan_wanted(c)) {
        return true;
    }
    sy_status s = lower_start(c, &err);
    if (sy_ok(s)) {
        return false;
    }
    set_error(c, sy_code_name(s.code), (struct sy_view){0}, sy_view_str(sy_code_text(s.code)));
    return true;
}

void warden_register_done(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_model_result r = {.plan = c->inputs.plan};
    proof_model_id(r.model, c->request.header.grant, c->inputs.plan, c->request.args);
    struct rules_model m;
    sy_status s = rules_model_read(c->w->state, r.model, &c->arena, &m, &err);
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(TEXT_MAX);
    if (sy_ok(s)) {
        struct rules_plan_case pc = {.plan = &m.plan,
                                     .defs = &m.grant.defs,
                                     .pack = &m.grant.pack,
                                     .proposal = &m.grant.proposal};
        s = rules_plan_render(&pc, &m.facts, &c->arena, &text);
    }
    if (!sy_ok(s)) {
        warden_call_refuse(c, &err);
        return;
    }
    r.rendering = sy_buf_view(&text);
    warden_call_record(c, &sy_model_result_desc, &r);
}
