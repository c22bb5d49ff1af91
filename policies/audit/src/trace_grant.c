/*
 * What: grants, models and data in a trace. Invariant: an entry is taken for a proposal, a model or a version
 * only when it gives the digest by which it is referred to.
 */
#include "trace.h"
#include "wire/own.h"

static const uint8_t NOTHING[32];

/* Append to a text in the arena. */
static const char *join(struct tracing *t, const char *text, const char *sep, const char *more)
{
    return text[0] == '\0' ? more : trace_text(t, "%s%s%s", text, sep, more);
}

/* --- data ----------------------------------------------------------------------------------------- */

/* What a definition says: of a department's dataset, or of a developer's own, with where that comes from. */
sy_status trace_defined(struct tracing *t, const struct audit_record *r, struct trace_def *ret,
                        bool *ret_is)
{
    SY_BUF_CLEANUP struct sy_buf def = sy_buf(SY_MP_REQUEST.bytes);
    struct sy_dataset_def d;
    struct sy_own a;
    *ret_is = true;
    if (audit_record_did(r, "dataset.define") &&
        audit_record_args(r, &sy_dataset_def_desc, t->arena, &d)) {
        *ret = (struct trace_def){.id = d.id, .detail = trace_text(t, "%.*s", SY_PV(d.id))};
        proof_sha256_one(ret->digest, r->event.request.args);
        return SY_OK;
    }
    if (audit_record_did(r, "own.define") && audit_record_args(r, &sy_own_desc, t->arena, &a)) {
        *ret = (struct trace_def){
            .id = a.def.id,
            .detail = trace_text(t, "%.*s: %.*s", SY_PV(a.def.id), SY_PV(a.statement.source))};
        SY_TRY(sy_record_encode(&sy_dataset_def_desc, &a.def, &def));
        proof_sha256_one(ret->digest, sy_buf_view(&def));
        return SY_OK;
    }
    *ret_is = false;
    return SY_OK;
}

sy_status trace_definition(struct tracing *t, struct sy_view dataset, uint64_t at,
                           const uint8_t digest[32], size_t *ret)
{
    uint64_t entry;
    struct audit_record r;
    struct trace_def d;
    bool is;
    *ret = TRACE_NONE;
    if (!audit_index_origin(t->index, AUDIT_OF_DATASET, dataset, at, &entry)) {
        return SY_OK;
    }
    SY_TRY(trace_read(t, entry, &r));
    SY_TRY(trace_defined(t, &r, &d, &is));
    if (!is || !sy_view_eq(d.id, dataset)) {
        return trace_lied(t, entry, "the definition of that dataset");
    }
    if (memcmp(d.digest, digest, sizeof(d.digest)) != 0) {
        return SY_OK; /* another definition than the version was made by */
    }
    *ret = trace_step(t, AUDIT_STEP_DEFINITION, &r, d.digest, d.detail, NULL);
    return trace_done(t, *ret);
}

sy_status trace_version(struct tracing *t, const struct sy_data_ref *ref, size_t *ret)
{
    uint64_t entry;
    size_t definition;
    struct audit_record r;
    struct trace_from from = {0};
    const char *name =
        trace_text(t, "%.*s @ %llu", SY_PV(ref->dataset), (unsigned long long)ref->version);
    if (!audit_index_origin(t->index, AUDIT_OF_VERSION, ref->dataset, ref->version, &entry)) {
        *ret = trace_step(t, AUDIT_STEP_DATA, NULL, ref->header, name, NULL);
        return trace_done(t, *ret);
    }
    SY_TRY(trace_read(t, entry, &r));
    const struct sy_dataset_version *v = r.event.inputs.version;
    if (!audit_record_did(&r, "dataset.publish") || r.event.inputs.n_version == 0 ||
        !sy_view_eq(v->dataset, ref->dataset) || v->version != ref->version ||
        memcmp(v->header, ref->header, sizeof(v->header)) != 0) {
        return trace_lied(t, entry, "the version that was read");
    }
    SY_TRY(trace_definition(t, ref->dataset, entry, v->def, &definition));
    trace_after(&from, definition);
    *ret = trace_step(t, AUDIT_STEP_DATA, &r, ref->header, name, &from);
    return trace_done(t, *ret);
}

/* --- grants --------------------------------------------------------------------------------------- */

static sy_status add_mask(struct tracing *t, const struct audit_record *r,
                          const struct sy_prop_dataset *d, const uint8_t grant[32],
                          const struct trace_from *data, struct trace_grant *ret)
{
    const char *text = "";
    for (size_t i = 0; i < d->n_fields; i++) {
        const struct sy_prop_field *f = &d->fields[i];
        text = join(t, text, ", ",
                    trace_text(t, "%.*s: %.*s", SY_PV(f->name),
                               SY_PV(f->mask.n == 0 ? sy_view_str("-") : f->mask)));
    }
    struct trace_from from = {0};
    for (size_t i = 0; data != NULL && i < data->n; i++) {
        const char *of = t->out->steps[data->at[i]].detail;
        bool same =
            strncmp(of, (const char *)d->dataset.p, d->dataset.n) == 0 && of[d->dataset.n] == ' ';
        trace_after(&from, same ? data->at[i] : TRACE_NONE);
    }
    bool counts = data == NULL || from.n > 0; /* of a run: the datasets that it read */
    trace_after(&from, ret->proposal);
    size_t step = trace_step(t, AUDIT_STEP_MASK, r, grant,
                             trace_text(t, "%.*s { %s }", SY_PV(d->dataset), text), &from);
    trace_after(&ret->masks, counts ? step : TRACE_NONE);
    return trace_done(t, step);
}

/* *p: as it was filed; untouched when its body is not there. */
static sy_status add_proposal(struct tracing *t, const uint8_t grant[32],
                              const struct trace_from *data, struct trace_grant *ret,
                              struct sy_proposal *p)
{
    char hex[65];
    uint8_t id[32];
    uint64_t entry;
    struct audit_record r;
    audit_hex32(hex, grant);
    if (!audit_index_origin(t->index, AUDIT_OF_GRANT, sy_view(hex, 64), 0, &entry)) {
        ret->proposal = trace_step(t, AUDIT_STEP_PROPOSAL, NULL, grant, "", NULL);
        return trace_done(t, ret->proposal);
    }
    SY_TRY(trace_read(t, entry, &r));
    proof_grant_id(id, r.open ? r.event.request.args : (struct sy_view){0});
    if (!audit_record_did(&r, "scene.apply") || memcmp(id, grant, sizeof(id)) != 0 ||
        !audit_record_args(&r, &sy_proposal_desc, t->arena, p)) {
        return trace_lied(t, entry, "that grant's proposal");
    }
    ret->proposal =
        trace_step(t, AUDIT_STEP_PROPOSAL, &r, grant,
                   trace_text(t, "%.*s (%.*s)", SY_PV(p->scene), SY_PV(p->title)), NULL);
    SY_TRY(trace_done(t, ret->proposal));
    for (size_t i = 0; i < p->n_datasets; i++) {
        SY_TRY(add_mask(t, &r, &p->datasets[i], grant, data, ret));
    }
    return SY_OK;
}

/* What a review or an order says. */
static const char *words_of(struct tracing *t, const struct audit_record *r)
{
    struct sy_review v;
    struct sy_order o;
    struct sy_own_confirm own;
    struct sy_own_erased gone;
    if (audit_record_args(r, &sy_own_confirm_desc, t->arena, &own)) {
        return trace_text(t, "%.*s: %.*s: %.*s", SY_PV(own.dataset), SY_PV(own.decision),
                          SY_PV(own.opinion));
    }
    if (audit_record_args(r, &sy_own_erased_desc, t->arena, &gone)) {
        return trace_text(t, "%.*s", SY_PV(gone.dataset));
    }
    if (audit_record_args(r, &sy_review_desc, t->arena, &v)) {
        const char *said = trace_text(t, "%.*s", SY_PV(v.decision));
        return v.opinion.n == 0 ? said : trace_text(t, "%s: %.*s", said, SY_PV(v.opinion));
    }
    if (audit_record_args(r, &sy_order_desc, t->arena, &o)) {
        return trace_text(t, "%.*s: %.*s%s%.*s", SY_PV(r->event.type), SY_PV(o.ground),
                          o.text.n > 0 ? ", " : "", SY_PV(o.text));
    }
    return trace_text(t, "%.*s", SY_PV(r->event.type));
}

/* One kind of act on a grant or a model, while it is searched for. */
struct acting {
    struct tracing *t;
    enum audit_step_kind kind;
    const uint8_t *id;
    size_t of;    /* the step that it is about */
    size_t *last; /* NULL, or where to note the step */
};

static sy_status add_act(void *ctx, uint64_t entry, struct sy_error *err)
{
    const struct acting *a = ctx;
    struct audit_record r;
    (void)err;
    SY_TRY(trace_read(a->t, entry, &r));
    const uint8_t *about = a->kind == AUDIT_STEP_MODEL_REVIEW ? r.header.subject : r.header.grant;
    if (!r.open || r.event.verdict.code != 0 || memcmp(about, a->id, 32) != 0) {
        return trace_lied(a->t, entry, "an act on what it is about");
    }
    struct trace_from from = {0};
    trace_after(&from, a->of);
    size_t step = trace_step(a->t, a->kind, &r, a->id, words_of(a->t, &r), &from);
    if (a->last != NULL) {
        *a->last = step;
    }
    return trace_done(a->t, step);
}

static sy_status add_acts(struct tracing *t, const uint8_t grant[32], struct trace_grant *ret)
{
    static const struct {
        const char *method;
        enum audit_step_kind kind;
    } ACTS[] = {
        {"scene.first_review", AUDIT_STEP_FIRST_REVIEW},
        {"scene.consent", AUDIT_STEP_CONSENT},
        {"scene.final_review", AUDIT_STEP_FINAL_REVIEW},
        {"scene.exposure", AUDIT_STEP_EXPOSURE},
        {"own.confirm", AUDIT_STEP_CONFIRM},
        {"own.erased", AUDIT_STEP_ERASED},
        {"scene.suspend", AUDIT_STEP_ORDER},
        {"scene.lift", AUDIT_STEP_ORDER},
        {"scene.resume", AUDIT_STEP_ORDER},
        {"scene.revoke", AUDIT_STEP_ORDER},
        {"grant.expire", AUDIT_STEP_ORDER},
    };
    char hex[65];
    audit_hex32(hex, grant);
    for (size_t i = 0; t->before > 0 && i < sizeof(ACTS) / sizeof(ACTS[0]); i++) {
        struct audit_filter f = {.grant = hex,
                                 .method = ACTS[i].method,
                                 .verdict = "allowed",
                                 .has_range = true,
                                 .last = t->before - 1};
        bool final = ACTS[i].kind == AUDIT_STEP_FINAL_REVIEW;
        struct acting a = {t, ACTS[i].kind, grant, ret->proposal, final ? &ret->final : NULL};
        SY_TRY(audit_index_find(t->index, &f, add_act, &a, t->err));
    }
    return SY_OK;
}

sy_status trace_grant(struct tracing *t, const uint8_t grant[32], const struct trace_from *data,
                      struct trace_grant *ret)
{
    *ret = (struct trace_grant){.proposal = TRACE_NONE, .final = TRACE_NONE};
    if (memcmp(grant, NOTHING, sizeof(NOTHING)) == 0) {
        return SY_OK;
    }
    struct sy_proposal p = {0};
    SY_TRY(add_proposal(t, grant, data, ret, &p));
    SY_TRY(add_acts(t, grant, ret));
    return p.developer.n > 0 ? trace_ends(t, grant, &p, ret->proposal) : SY_OK;
}

/* --- models --------------------------------------------------------------------------------------- */

static sy_status add_model(struct tracing *t, const uint8_t model[32], uint64_t entry,
                           const struct trace_from *from, size_t *ret)
{
    uint8_t id[32] = {0};
    struct audit_record r;
    struct sy_model_def d;
    SY_TRY(trace_read(t, entry, &r));
    if (audit_record_did(&r, "model.register")) {
        proof_model_id(id, r.header.grant, r.event.inputs.plan, r.event.request.args);
    }
    if (memcmp(id, model, sizeof(id)) != 0 ||
        !audit_record_args(&r, &sy_model_def_desc, t->arena, &d)) {
        return trace_lied(t, entry, "that model's registration");
    }
    *ret = trace_step(t, AUDIT_STEP_MODEL, &r, model,
                      trace_text(t, "%.*s (%.*s)", SY_PV(d.name), SY_PV(d.title)), from);
    return trace_done(t, *ret);
}

sy_status trace_model(struct tracing *t, const uint8_t model[32], const struct trace_grant *grant,
                      size_t *ret)
{
    char hex[65];
    uint64_t entry;
    struct trace_from from = grant->masks;
    *ret = TRACE_NONE;
    if (memcmp(model, NOTHING, sizeof(NOTHING)) == 0) {
        return SY_OK;
    }
    audit_hex32(hex, model);
    if (!audit_index_origin(t->index, AUDIT_OF_MODEL, sy_view(hex, 64), 0, &entry)) {
        *ret = trace_step(t, AUDIT_STEP_MODEL, NULL, model, "", NULL);
        return trace_done(t, *ret);
    }
    SY_TRY(add_model(t, model, entry, &from, ret));
    struct audit_filter f = {.model = hex,
                             .method = "model.review",
                             .verdict = "allowed",
                             .has_range = true,
                             .last = t->before == 0 ? 0 : t->before - 1};
    struct acting a = {t, AUDIT_STEP_MODEL_REVIEW, model, *ret, NULL};
    return audit_index_find(t->index, &f, add_act, &a, t->err);
}
