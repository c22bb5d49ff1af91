/*
 * apply: from an event to the rows it writes. Every event writes the clock and, for a party's
 * request, its nonce (the first envelope keeps it); an allowed one also what its method's row of
 * the table says. The warden's own acts have no nonce rows: the rows they change already refuse a
 * second time (a charge is closed once, a version published once, a grant expired once).
 *
 * Nothing here judges: decide did, and rules_replay compares. But every row is recomputed from the
 * event and the state before it, never copied from anything the event claims about the state.
 */
#include "guard.h"
#include "proof/hash.h"

/* For decoding what one event touches; more than any decision of the warden's may use. */
enum { WORK_BYTES = 256 << 20 };

static sy_status put_clock(struct change *x)
{
    struct sy_row_clock row = {.entry = x->entry, .time = x->in->time};
    struct rules_key key = rules_key_id("", sy_view_str("clock"));
    return effect_put(x->effect, &key, &sy_row_clock_desc, &row, x->err);
}

static sy_status put_nonce(struct change *x)
{
    struct sy_view party = x->req->header.party;
    struct rules_key key = rules_key_nonce(party, x->req->header.nonce);
    struct sy_view value;
    if (sy_view_is(party, "warden") || rules_state_get(x->state, rules_key_view(&key), &value)) {
        return SY_OK;
    }
    bool charge = sy_view_is(x->event->type, "charge");
    struct sy_row_nonce row = {.entry = x->entry, .open = charge};
    proof_sha256_one(row.header, x->req->header_bytes);
    return effect_put(x->effect, &key, &sy_row_nonce_desc, &row, x->err);
}

static sy_status apply_allowed(struct change *x)
{
    const struct method *m = method_find(x->req->header.method);
    if (m == NULL || (m->pub.flags & RULES_M_READ) != 0) {
        return sy_fail(x->err, SY_E_INTERNAL, "method", "no method makes such an event");
    }
    if (m->pub.args != NULL) {
        void *args = sy_arena_alloc(x->arena, 1, m->pub.args->size_bytes);
        if (args == NULL) {
            return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
        }
        SY_TRY(sy_record_decode(m->pub.args, x->req->args, &SY_MP_REQUEST, x->arena, args, x->err));
        x->args = args;
    }
    return m->apply == NULL ? SY_OK : m->apply(x);
}

sy_status apply_event(const struct rules_state *state, const struct sy_event *event, uint64_t entry,
                      struct rules_effect *e, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = WORK_BYTES};
    struct rules_request req;
    struct sy_error own = {0};
    struct change x = {.state = state,
                       .event = event,
                       .req = &req,
                       .in = &event->inputs,
                       .arena = &arena,
                       .entry = entry,
                       .effect = e,
                       .err = &own};
    sy_status s = rules_request_of_event(event, &arena, &req, &own);
    s = sy_ok(s) ? put_clock(&x) : s;
    s = sy_ok(s) ? put_nonce(&x) : s;
    s = sy_ok(s) && event->verdict.code == 0 ? apply_allowed(&x) : s;
    s = sy_ok(s) && event->verdict.code == SY_E_DIFFERENCING ? guard_refused(&x) : s;
    if (sy_ok(s)) {
        return s;
    }
    bool memory = s.code == SY_E_NO_MEMORY;
    return sy_fail(err, memory ? SY_E_NO_MEMORY : SY_E_INTERNAL, own.field,
                   "the event can't follow this state: %s", own.reason);
}

sy_status rules_apply(struct rules_state *state, const struct sy_event *event, uint64_t entry,
                      struct sy_error *reterr)
{
    RULES_EFFECT_CLEANUP struct rules_effect *e = NULL;
    SY_TRY(rules_effect_new(state, event, entry, &e, reterr));
    return rules_effect_commit(state, e);
}

static bool same_spends(const struct sy_verdict *a, const struct sy_verdict *b)
{
    bool same = a->n_spends == b->n_spends;
    for (size_t i = 0; same && i < a->n_spends; i++) {
        const struct sy_spend *x = &a->spends[i];
        const struct sy_spend *y = &b->spends[i];
        same = sy_view_eq(x->ns, y->ns) && x->rho == y->rho && x->delta == y->delta &&
               x->cells == y->cells && x->cells_left == y->cells_left &&
               x->cells_spent == y->cells_spent && x->left == y->left && x->spent == y->spent;
    }
    return same;
}

static bool same_verdict(const struct sy_verdict *a, const struct sy_verdict *b)
{
    return a->code == b->code && same_spends(a, b) && a->stored == b->stored &&
           sy_view_eq(a->field, b->field) && sy_view_eq(a->reason, b->reason);
}

/* The decision that this event claims must be the one these rules take. */
static sy_status redecide(const struct rules_state *state, const struct sy_event *event,
                          struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = WORK_BYTES};
    struct rules_request req;
    struct rules_decision d;
    SY_TRY(rules_request_of_event(event, &arena, &req, reterr));
    SY_TRY(rules_decide(state, &req, &event->inputs, &arena, &d, reterr));
    if (event->schema != SY_EVENT_SCHEMA || event->rules != SY_RULES_VERSION) {
        return sy_fail(reterr, SY_E_TAMPERED, "rules", "an unknown schema or rules version");
    }
    if (d.kind != RULES_KIND_EVENT || !sy_view_eq(d.type, event->type)) {
        return sy_fail(reterr, SY_E_TAMPERED, "type",
                       "these rules make another kind of event of it");
    }
    if (!same_verdict(&d.verdict, &event->verdict)) {
        return sy_fail(reterr, SY_E_TAMPERED, "verdict", "these rules say %s (%s), the log says %s",
                       sy_code_name((int32_t)d.verdict.code),
                       d.verdict.reason.n > 0 ? (const char *)d.verdict.reason.p : "allowed",
                       sy_code_name((int32_t)event->verdict.code));
    }
    return SY_OK;
}

sy_status rules_replay(struct rules_state *state, const struct sy_event *event, uint64_t entry,
                       struct sy_error *reterr)
{
    SY_TRY(redecide(state, event, reterr));
    RULES_EFFECT_CLEANUP struct rules_effect *e = NULL;
    SY_TRY(rules_effect_new(state, event, entry, &e, reterr));
    if (memcmp(rules_effect_digest(e), event->state, 32) != 0) {
        return sy_fail(reterr, SY_E_TAMPERED, "state", "the state after it has another digest");
    }
    return rules_effect_commit(state, e);
}
