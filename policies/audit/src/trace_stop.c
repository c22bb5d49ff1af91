/*
 * What: ends of a grant that its own entries do not show: an incident, an order to correct, the end of a party or of
 * an agreement, and a smaller grant in its place, each of which names the grant in another way than by its id in the
 * header. Invariant: an act is a step only when its arguments, by the rules' own reading (rules: scheme/stop.c), name this
 * grant; whether it was stopped before already is what the steps beside it tell.
 */
#include "trace.h"
#include "wire/application.h"
#include "wire/qualify.h"
#include "wire/staff.h"
#include "wire/supervise.h"

/* The grant whose ends are looked for. */
struct ending {
    struct tracing *t;
    const uint8_t *grant;
    const struct sy_proposal *proposal;
    size_t of; /* the proposal's step */
};

/* What an act says, when it names the grant; *ret NULL: it does not. */
typedef sy_status names_fn(const struct ending *e, const struct audit_record *r, const char **ret);

/* --- by party --------------------------------------------------------------------------------------- */

/* An order against the operator is one against everybody. */
static sy_status is_operator(struct tracing *t, struct sy_view party, bool *ret)
{
    struct audit_record r;
    struct sy_genesis g;
    SY_TRY(trace_read(t, 0, &r));
    *ret = r.open && audit_record_args(&r, &sy_genesis_desc, t->arena, &g) &&
           sy_view_eq(g.operator_.party, party);
    return SY_OK;
}

static sy_status order_names(const struct ending *e, const struct audit_record *r, const char **ret)
{
    struct sy_order_correct a;
    bool all = false;
    if (!audit_record_args(r, &sy_order_correct_desc, e->t->arena, &a)) {
        return SY_OK;
    }
    SY_TRY(is_operator(e->t, a.party, &all));
    if (all || sy_view_eq(a.party, e->proposal->developer)) {
        *ret = trace_text(e->t, "%.*s: %.*s, %.*s", SY_PV(r->event.type), SY_PV(a.ground),
                          SY_PV(a.text));
    }
    return SY_OK;
}

static sy_status cancel_names(const struct ending *e, const struct audit_record *r,
                              const char **ret)
{
    struct sy_order_cancel a;
    struct audit_record order;
    const char *named = NULL;
    if (!audit_record_args(r, &sy_order_cancel_desc, e->t->arena, &a) || a.order >= e->t->before) {
        return SY_OK;
    }
    SY_TRY(trace_read(e->t, a.order, &order));
    if (order.open && audit_record_did(&order, "order.correct")) {
        SY_TRY(order_names(e, &order, &named));
    }
    if (named != NULL) {
        *ret = trace_text(e->t, "%.*s: %llu%s%.*s", SY_PV(r->event.type),
                          (unsigned long long)a.order, a.text.n > 0 ? ", " : "", SY_PV(a.text));
    }
    return SY_OK;
}

static sy_status party_names(const struct ending *e, const struct audit_record *r, const char **ret)
{
    struct sy_party_revoke a;
    if (audit_record_args(r, &sy_party_revoke_desc, e->t->arena, &a) &&
        sy_view_eq(a.party, e->proposal->developer)) {
        *ret = trace_text(e->t, "%.*s: %.*s%s%.*s", SY_PV(r->event.type), SY_PV(a.ground),
                          a.text.n > 0 ? ", " : "", SY_PV(a.text));
    }
    return SY_OK;
}

/* --- by agreement ----------------------------------------------------------------------------------- */

/* Looked for among the offers: the agreement of this id, when it is the developer's, or everybody's. */
struct offered {
    const struct ending *e;
    const uint8_t *id;
    bool names;
};

static sy_status see_offer(void *ctx, uint64_t entry, struct sy_error *err)
{
    struct offered *o = ctx;
    uint8_t id[32];
    struct audit_record r;
    struct sy_agreement a;
    (void)err;
    SY_TRY(trace_read(o->e->t, entry, &r));
    if (r.open && audit_record_args(&r, &sy_agreement_desc, o->e->t->arena, &a)) {
        proof_agreement_id(id, r.event.request.args);
        bool whole = audit_is_zero(a.parent);
        o->names = o->names || (memcmp(id, o->id, sizeof(id)) == 0 &&
                                (whole || sy_view_eq(a.grantee, o->e->proposal->developer)));
    }
    return SY_OK;
}

static sy_status agreement_names(const struct ending *e, const struct audit_record *r,
                                 const char **ret)
{
    struct sy_agreement_end a;
    struct audit_filter offers = {.method = "agreement.offer",
                                  .verdict = "allowed",
                                  .has_range = true,
                                  .last = r->entry.index};
    struct offered o = {e, r->header.subject, false};
    if (!audit_record_args(r, &sy_agreement_end_desc, e->t->arena, &a)) {
        return SY_OK;
    }
    SY_TRY(audit_index_find(e->t->index, &offers, see_offer, &o, e->t->err));
    if (o.names) {
        *ret = trace_text(e->t, "%.*s: %.*s%s%.*s", SY_PV(r->event.type), SY_PV(a.ground),
                          a.text.n > 0 ? ", " : "", SY_PV(a.text));
    }
    return SY_OK;
}

/* --- by what an incident affects -------------------------------------------------------------------- */

static bool has_dataset(const struct sy_proposal *p, struct sy_view dataset)
{
    for (size_t i = 0; i < p->n_datasets; i++) {
        if (sy_view_eq(p->datasets[i].dataset, dataset)) {
            return true;
        }
    }
    return false;
}

static bool affects(const struct ending *e, const struct sy_affected *a)
{
    bool named = a->all;
    for (size_t i = 0; i < a->n_grants; i++) {
        named = named || sy_view_eq(a->grants[i], sy_view(e->grant, 32));
    }
    for (size_t i = 0; i < a->n_datasets; i++) {
        named = named || has_dataset(e->proposal, a->datasets[i]);
    }
    return named;
}

static sy_status report_names(const struct ending *e, const struct audit_record *r,
                              const char **ret)
{
    struct sy_incident_report a;
    if (audit_record_args(r, &sy_incident_report_desc, e->t->arena, &a) &&
        affects(e, &a.affected)) {
        *ret = trace_text(e->t, "%.*s: %.*s, %.*s", SY_PV(r->event.type), SY_PV(a.kind),
                          SY_PV(a.text));
    }
    return SY_OK;
}

static sy_status update_names(const struct ending *e, const struct audit_record *r,
                              const char **ret)
{
    struct sy_incident_update a;
    if (audit_record_args(r, &sy_incident_update_desc, e->t->arena, &a) &&
        affects(e, &a.affected)) {
        *ret = trace_text(e->t, "%.*s: %llu, %.*s", SY_PV(r->event.type),
                          (unsigned long long)a.incident, SY_PV(a.text));
    }
    return SY_OK;
}

/* --- by a smaller grant ------------------------------------------------------------------------------ */

static bool shrinks(const struct sy_proposal *p, const uint8_t grant[32])
{
    return p->n_application == 1 && memcmp(p->application[0].shrinks, grant, 32) == 0;
}

/* The final review that puts another grant in its place. */
static sy_status smaller_names(const struct ending *e, const struct audit_record *r,
                               const char **ret)
{
    char hex[65];
    uint64_t entry;
    struct audit_record apply;
    struct sy_review v;
    struct sy_proposal p;
    audit_hex32(hex, r->header.grant);
    if (!audit_record_args(r, &sy_review_desc, e->t->arena, &v) ||
        !sy_view_is(v.decision, "approve") ||
        !audit_index_origin(e->t->index, AUDIT_OF_GRANT, sy_view(hex, 64), 0, &entry)) {
        return SY_OK;
    }
    SY_TRY(trace_read(e->t, entry, &apply));
    if (apply.open && audit_record_did(&apply, "scene.apply") &&
        audit_record_args(&apply, &sy_proposal_desc, e->t->arena, &p) && shrinks(&p, e->grant)) {
        *ret = trace_text(e->t, "shrunk -> %s", hex);
    }
    return SY_OK;
}

/* --- all of them --------------------------------------------------------------------------------------- */

static const struct ends {
    const char *method;
    names_fn *names;
} ENDS[] = {
    {"incident.report", report_names},     {"incident.update", update_names},
    {"order.correct", order_names},        {"order.cancel", cancel_names},
    {"party.revoke", party_names},         {"agreement.terminate", agreement_names},
    {"scene.final_review", smaller_names},
};

struct looking {
    const struct ending *e;
    const struct ends *by;
};

static sy_status see_act(void *ctx, uint64_t entry, struct sy_error *err)
{
    const struct looking *l = ctx;
    struct tracing *t = l->e->t;
    const char *said = NULL;
    struct audit_record r;
    (void)err;
    SY_TRY(trace_read(t, entry, &r));
    if (!r.open) {
        return SY_OK; /* whom it names is not known here */
    }
    if (!audit_record_did(&r, l->by->method)) {
        return trace_lied(t, entry, "an act of that method");
    }
    SY_TRY(l->by->names(l->e, &r, &said));
    if (said == NULL) {
        return SY_OK;
    }
    struct trace_from from = {0};
    trace_after(&from, l->e->of);
    return trace_done(t, trace_step(t, AUDIT_STEP_ORDER, &r, l->e->grant, said, &from));
}

sy_status trace_ends(struct tracing *t, const uint8_t grant[32], const struct sy_proposal *proposal,
                     size_t of)
{
    const struct ending e = {t, grant, proposal, of};
    for (size_t i = 0; t->before > 0 && i < sizeof(ENDS) / sizeof(ENDS[0]); i++) {
        struct looking l = {&e, &ENDS[i]};
        struct audit_filter f = {.method = ENDS[i].method,
                                 .verdict = "allowed",
                                 .has_range = true,
                                 .last = t->before - 1};
        SY_TRY(audit_index_find(t->index, &f, see_act, &l, t->err));
    }
    return SY_OK;
}
