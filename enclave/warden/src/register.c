/*
 * What: model.register. The SQL is lowered by a worker that holds no data; the plan that comes back goes
 * into the request's inputs, and policies/rules judges it. Invariant: who may not register is refused before
 * a worker is spent.
 */
#include <string.h>

#include "lower.h"
#include "rules/render.h"
#include "warden/record.h"
#include "warden/work.h"

enum { TEXT_MAX = 1 << 20 };

static void set_error(struct warden_call *c, struct sy_view code, const char *field,
                      const char *reason)
{
    struct sy_lower_error *e = sy_arena_alloc(&c->arena, 1, sizeof(*e));
    if (e != NULL) {
        *e = (struct sy_lower_error){
            .code = code, .field = sy_view_str(field), .reason = sy_view_str(reason)};
        c->inputs.lower = e;
        c->inputs.n_lower = 1;
    }
}

/* One line of text, as the ledger keeps it. */
static const char *refusal_text(struct warden_call *c, const struct sy_lower_result *r)
{
    struct sy_arena *a = &c->arena;
    if (r->construct.n == 0) {
        return sy_arena_printf(a, "%.*s", SY_PV(r->reason));
    }
    const char *block = sy_arena_printf(a, "%s%.*s%s", r->block.n > 0 ? "block " : "",
                                        SY_PV(r->block), r->block.n > 0 ? ", " : "");
    return sy_arena_printf(a, "%sat byte %llu, %.*s: %.*s; %.*s", block != NULL ? block : "",
                           (unsigned long long)r->pos, SY_PV(r->construct), SY_PV(r->reason),
                           SY_PV(r->hint));
}

static void register_lowered(struct warden_call *c, const struct sy_lower_result *r)
{
    c->inputs.plan = r->plan;
    if (r->plan.n == 0) {
        const char *text = refusal_text(c, r);
        set_error(c, r->code, "sql", text != NULL ? text : "");
    }
    warden_call_decide(c);
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

static sy_status start(struct warden_call *c, struct sy_error *err)
{
    struct rules_grant grant;
    struct sy_model_def model;
    SY_TRY(rules_grant_read(c->w->state, c->request.header.grant, &c->arena, &grant, err));
    SY_TRY(sy_record_decode(&sy_model_def_desc, c->request.args, &SY_MP_REQUEST, &c->arena, &model,
                            err));
    return warden_lower(c, &model, &grant.defs, register_lowered, err);
}

bool warden_register_prepare(struct warden_call *c)
{
    struct sy_error err = {0};
    if (!warden_call_room(c, &warden_lower_room)) {
        return false;
    }
    if (!plan_wanted(c)) {
        return true;
    }
    sy_status s = start(c, &err);
    if (sy_ok(s)) {
        return false;
    }
    set_error(c, sy_view_str(sy_code_name(s.code)), "", sy_code_text(s.code));
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
