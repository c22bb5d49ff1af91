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

static sy_status put_clock(struct change *x)
{
    struct sy_row_clock row = {.entry = x->entry, .time = x->in->time};
    struct rules_key key = rules_key_id("", sy_view_str("clock"));
    return effect_put(x->effect, &key, &sy_row_clock_desc, &row, x->err);
}

static sy_status put_nonce(struct change *x)
{
    struct sy_view party = x->req->header.party;
    struct rules_key room;
    const struct rules_key *key = request_nonce(x->req, &room);
    if (sy_view_is(party, "warden") || !nonce_is_fresh(x->state, key)) {
        return SY_OK;
    }
    bool charge = sy_view_is(x->event->type, "charge");
    struct sy_row_nonce row = {.entry = x->entry, .charge = charge};
    request_hash(x->req, row.header);
    return effect_put(x->effect, key, &sy_row_nonce_desc, &row, x->err);
}

static sy_status apply_allowed(struct change *x)
{
    const struct method *m = request_method(x->req);
    if (m == NULL || (m->pub.flags & RULES_M_READ) != 0) {
        return sy_fail(x->err, SY_E_INTERNAL, "method", "no method makes such an event");
    }
    x->args = x->req->facts == NULL ? NULL : x->req->facts->args;
    if (m->pub.args != NULL && x->args == NULL) {
        void *args = sy_arena_alloc(x->arena, 1, m->pub.args->size_bytes);
        if (args == NULL) {
            return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
        }
        SY_TRY(sy_record_decode(m->pub.args, x->req->args, &SY_MP_REQUEST, x->arena, args, x->err));
        x->args = args;
    }
    return m->apply == NULL ? SY_OK : m->apply(x);
}

sy_status apply_event(const struct rules_state *state, const struct sy_event *event,
                      const struct rules_request *req, uint64_t entry, struct sy_arena *arena,
                      struct rules_effect *e, struct sy_error *err)
{
    struct sy_error own = {0};
    struct change x = {.state = state,
                       .event = event,
                       .req = req,
                       .in = &event->inputs,
                       .arena = arena,
                       .entry = entry,
                       .effect = e,
                       .err = &own};
    sy_status s = put_clock(&x);
    s = sy_ok(s) ? put_nonce(&x) : s;
    s = sy_ok(s) && event->verdict.code == 0 ? apply_allowed(&x) : s;
    s = sy_ok(s) && event->verdict.code == SY_E_DIFFERENCING ? guard_refused(&x) : s;
    s = sy_ok(s) && event->verdict.code == SY_E_DISGUISED ? product_misused(&x) : s;
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
