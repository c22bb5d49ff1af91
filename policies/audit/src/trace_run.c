/*
 * What: runs in a trace: what a charge read and cost, and what left the domain for it.
 */
#include "trace.h"

#include <inttypes.h>

#include "wire/consent.h"

/* Parameters and price. */
static const char *charge_words(struct tracing *t, const struct audit_record *r)
{
    struct sy_run run;
    const char *text = "";
    const char *sep = "";
    if (audit_record_args(r, &sy_run_desc, t->arena, &run)) {
        for (size_t i = 0; i < run.n_params; i++, sep = ", ") {
            text = trace_text(t, "%s%s%.*s = %.*s", text, sep, SY_PV(run.params[i].name),
                              SY_PV(run.params[i].value));
        }
    }
    const struct sy_verdict *v = &r->event.verdict;
    for (size_t i = 0; i < v->n_spends; i++, sep = ", ") {
        const struct sy_spend *s = &v->spends[i];
        text = trace_text(t, "%s%s%.*s: rho %" PRIu64 ".%09" PRIu64, text, i == 0 ? " | " : sep,
                          SY_PV(s->ns), s->rho / 1000000000, s->rho % 1000000000);
        text = s->cells == 0 ? text : trace_text(t, "%s cells %" PRIu64, text, s->cells);
    }
    return v->code == 0 ? text : trace_text(t, "%s %.*s", text, SY_PV(v->reason));
}

static void request_digest(const struct audit_record *r, uint8_t ret[32])
{
    proof_sha256_one(ret, r->event.request.header);
}

/* Re-runs of a charge inside the domain: what each of them found, as the warden recorded it. */
struct rerunning {
    struct tracing *t;
    uint64_t charge;
    size_t of; /* the answer's step */
};

static sy_status add_rerun(void *ctx, uint64_t entry, struct sy_error *err)
{
    const struct rerunning *a = ctx;
    struct audit_record r;
    struct sy_reran said;
    (void)err;
    SY_TRY(trace_read(a->t, entry, &r));
    if (!r.open) {
        return SY_OK; /* of which charge is not known here */
    }
    if (!audit_record_did(&r, "audit.reran") ||
        !audit_record_args(&r, &sy_reran_desc, a->t->arena, &said)) {
        return trace_lied(a->t, entry, "the outcome of a re-run");
    }
    if (said.charge != a->charge) {
        return SY_OK;
    }
    struct trace_from from = {0};
    trace_after(&from, a->of);
    const char *detail = trace_text(a->t, "%.*s (%" PRIu64 ")", SY_PV(said.outcome), said.rerun);
    return trace_done(a->t,
                      trace_step(a->t, AUDIT_STEP_RERUN, &r, r.event.inputs.commit, detail, &from));
}

static sy_status add_reruns(struct tracing *t, uint64_t charge, size_t of)
{
    struct audit_filter f = {.method = "audit.reran",
                             .verdict = "allowed",
                             .has_range = true,
                             .first = charge,
                             .last = audit_size(t->log) - 1};
    return audit_index_find(t->index, &f, add_rerun, &(struct rerunning){t, charge, of}, t->err);
}

/* The answer of a charge, when the log has one. */
static sy_status add_release(struct tracing *t, const struct audit_record *charge, size_t step)
{
    uint64_t entry;
    struct audit_record r;
    if (!audit_index_origin(t->index, AUDIT_OF_CHARGE, (struct sy_view){0}, charge->entry.index,
                            &entry)) {
        return SY_OK;
    }
    SY_TRY(trace_read(t, entry, &r));
    if (!audit_record_did(&r, "job.answer") || r.event.inputs.charge != charge->entry.index) {
        return trace_lied(t, entry, "the answer to that charge");
    }
    struct trace_from from = {0};
    trace_after(&from, step);
    const char *detail =
        trace_text(t, "%.*s -> %.*s", SY_PV(r.event.inputs.outcome), SY_PV(charge->header.party));
    size_t release = trace_step(t, AUDIT_STEP_RELEASE, &r, r.event.inputs.commit, detail, &from);
    SY_TRY(trace_done(t, release));
    return add_reruns(t, charge->entry.index, release);
}

static sy_status add_data(struct tracing *t, const struct audit_record *r, struct trace_from *ret)
{
    for (size_t i = 0; i < r->event.inputs.n_data; i++) {
        size_t step;
        SY_TRY(trace_version(t, &r->event.inputs.data[i], &step));
        trace_after(ret, step);
    }
    return SY_OK;
}

sy_status trace_run(struct tracing *t, const struct audit_record *charge, size_t *ret)
{
    uint8_t id[32];
    struct trace_from data = {0}, from = {0};
    struct trace_grant g;
    size_t model;
    t->before = charge->entry.index;
    SY_TRY(add_data(t, charge, &data));
    SY_TRY(trace_grant(t, charge->header.grant, &data, &g));
    SY_TRY(trace_model(t, charge->model, &g, &model));
    trace_after(&from, model);
    trace_after(&from, g.final);
    request_digest(charge, id);
    *ret = trace_step(t, AUDIT_STEP_CHARGE, charge, id, charge_words(t, charge), &from);
    SY_TRY(trace_done(t, *ret));
    return charge->event.verdict.code == 0 ? add_release(t, charge, *ret) : SY_OK;
}

/* --- uses ----------------------------------------------------------------------------------------- */

struct using
{
    struct tracing *t;
    size_t of;
};

static sy_status add_use(void *ctx, uint64_t entry, struct sy_error *err)
{
    const struct using *u = ctx;
    uint8_t id[32];
    struct audit_record r;
    (void)err;
    if (++u->t->out->uses > AUDIT_USES_MAX) {
        return SY_OK;
    }
    SY_TRY(trace_read(u->t, entry, &r));
    if (!r.open || r.event.verdict.code != 0 || !sy_view_is(r.event.type, "charge")) {
        return trace_lied(u->t, entry, "a charge");
    }
    struct trace_from from = {0};
    trace_after(&from, u->of);
    request_digest(&r, id);
    return trace_done(u->t, trace_step(u->t, AUDIT_STEP_USE, &r, id,
                                       trace_text(u->t, "-> %.*s", SY_PV(r.header.party)), &from));
}

sy_status trace_uses(struct tracing *t, const struct audit_filter *filter, size_t of)
{
    return audit_index_find(t->index, filter, add_use, &(struct using){t, of}, t->err);
}

sy_status trace_readers(struct tracing *t, struct sy_view dataset, uint64_t version, size_t of)
{
    return audit_index_readers(t->index, dataset, version, add_use, &(struct using){t, of}, t->err);
}
