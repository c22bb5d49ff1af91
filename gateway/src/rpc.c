/*
 * What: decides on a client's frame. The checks are a table, in order: cheap and certain ones first,
 * those that need the replica last. What fails before `admit` is refused here, because the warden could
 * not log it either (nobody known has signed it, or it is no request of ours); what rules_admit refuses
 * goes on with its code when it carries a signature, so that the refusal is decided and logged inside.
 *
 * BOUNDARY: everything here is decided again by the warden; a gateway that is taken over can let
 * anything through and gains nothing by it.
 */
#include "gateway/rpc.h"

#include "base/log.h"
#include "base/time.h"
#include "gateway/relay.h"
#include "proof/envelope.h"
#include "rules/decide.h"
#include "rules/methods.h"

enum { ANSWER_MAX = 4096, ENVELOPE_ARENA = 1 << 20 };

#define PING "status.ping"

/* One request while it is looked at. */
struct ask {
    struct gw_conn *c;
    const struct sy_rpc_msg *m;
    struct sy_arena arena;
    struct sy_view envelope_bytes;
    struct proof_envelope envelope;
};

void gw_rpc_send_error(struct gw_conn *c, uint32_t client_id, const struct sy_error *e)
{
    struct sy_buf b = sy_buf(ANSWER_MAX);
    c->active_ms = uv_now(&c->gw->loop);
    if (!sy_ok(sy_rpc_put_error(&b, client_id, e))) {
        sy_buf_deinit(&b);
        gw_conn_drop(c);
        return;
    }
    gw_conn_send(c, &b);
}

/* ---- checks ---- */

static sy_status take_tokens(struct gw_conn *c, const uint8_t *key, struct sy_error *err)
{
    uint64_t wait_ms = 0;
    uint64_t now = uv_now(&c->gw->loop);
    if (gw_buckets_take(c->gw->buckets, key, GW_COST_REQUEST, now, &wait_ms)) {
        return SY_OK;
    }
    c->gw->stats.over_rate++;
    return sy_fail(err, SY_E_RATE, NULL, "too many requests; try again in %llu ms",
                   (unsigned long long)wait_ms);
}

static sy_status check_rate(struct ask *a, struct sy_error *err)
{
    struct gw_conn *c = a->c;
    return take_tokens(c, c->tls.has_certificate ? c->tls.fingerprint : c->address, err);
}

static sy_status check_head(struct ask *a, struct sy_error *err)
{
    return a->c->gw->replica.has_head
               ? SY_OK
               : sy_fail(err, SY_E_BUSY, NULL, "the domain is starting; try again in a moment");
}

static sy_status check_method(struct ask *a, struct sy_error *err)
{
    return rules_method_find(a->m->method) != NULL || sy_view_is(a->m->method, PING)
               ? SY_OK
               : sy_fail(err, SY_E_METHOD, NULL, NULL);
}

/* Whoever enrols, a party or a member of its staff, has a certificate that nobody knows yet. */
static bool enrols(struct sy_view method)
{
    const struct rules_method *m = rules_method_find(method);
    return m != NULL && (m->flags & RULES_M_NEW) != 0;
}

static sy_status check_certificate(struct ask *a, struct sy_error *err)
{
    bool open_to_all = enrols(a->m->method) || sy_view_is(a->m->method, PING);
    return a->c->tls.has_certificate || open_to_all
               ? SY_OK
               : sy_fail(err, SY_E_PARTY, "tls", "connect with the party's client certificate");
}

static sy_status check_params(struct ask *a, struct sy_error *err)
{
    const msgpack_object_array *params = &a->m->params->via.array;
    if (sy_view_is(a->m->method, PING)) {
        return params->size <= 1 ? SY_OK : sy_fail(err, SY_E_FIELD, "params", "at most one");
    }
    return params->size == 1 && sy_mp_bin(&params->ptr[0], &a->envelope_bytes)
               ? SY_OK
               : sy_fail(err, SY_E_FIELD, "params", "exactly one bin: the envelope");
}

static sy_status check_envelope(struct ask *a, struct sy_error *err)
{
    if (sy_view_is(a->m->method, PING)) {
        return SY_OK;
    }
    SY_TRY(proof_envelope_parse(a->envelope_bytes, &a->arena, &a->envelope, err));
    const struct sy_header *h = &a->envelope.header;
    if (!sy_view_eq(h->method, a->m->method)) {
        return sy_fail(err, SY_E_FIELD, "header.method", "the frame names another method");
    }
    if (memcmp(h->domain, a->c->gw->replica.domain, sizeof(h->domain)) != 0) {
        return sy_fail(err, SY_E_FIELD, "header.domain", "the request is for another domain");
    }
    return SY_OK;
}

static sy_status (*const CHECKS[])(struct ask *, struct sy_error *) = {
    check_rate, check_head, check_method, check_certificate, check_params, check_envelope,
};

/* ---- outcomes ---- */

static sy_status answer_ping(struct ask *a, struct sy_error *err)
{
    struct gw_conn *c = a->c;
    struct sy_buf b = sy_buf(ANSWER_MAX);
    if (!sy_ok(sy_rpc_put_result_head(&b, a->m->id)) ||
        !sy_ok(gw_replica_put_ping(&c->gw->replica, sy_now_s(), &b))) {
        sy_buf_deinit(&b);
        return sy_fail(err, SY_E_INTERNAL, NULL, NULL);
    }
    c->gw->stats.pings++;
    gw_conn_send(c, &b);
    return SY_OK;
}

static sy_status relay(struct ask *a, int32_t early, struct sy_error *err)
{
    struct gw_relay_request r = {.fingerprint = a->c->tls.fingerprint,
                                 .method = a->m->method,
                                 .envelope = a->envelope_bytes,
                                 .early = early};
    sy_status s = gw_relay_send(a->c, a->m->id, &r);
    return sy_ok(s) ? s : sy_fail(err, s.code, NULL, NULL);
}

/* What the warden would not log: it knows neither the signer nor what was signed. */
static bool is_never_logged(int32_t code)
{
    return code == SY_E_PARTY || code == SY_E_SUITE || code == SY_E_NO_MEMORY ||
           code == SY_E_INTERNAL;
}

/* Who is refused or not yet enrolled pays from the address' bucket too: certificates cost nothing. */
static sy_status admit_or_relay(struct ask *a, struct sy_error *err)
{
    struct gw_conn *c = a->c;
    sy_status early =
        rules_admit(c->gw->replica.state, &a->envelope.header, c->tls.fingerprint, sy_now_s(), err);
    if (!sy_ok(early) && (a->envelope.outer.n_sigs == 0 || is_never_logged(early.code))) {
        return early;
    }
    if (!sy_ok(early) || enrols(a->m->method)) {
        SY_TRY(take_tokens(c, c->address, err));
    }
    return relay(a, early.code, err);
}

static sy_status serve(struct ask *a, struct sy_error *err)
{
    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++) {
        SY_TRY(CHECKS[i](a, err));
    }
    return sy_view_is(a->m->method, PING) ? answer_ping(a, err) : admit_or_relay(a, err);
}

/* Every refusal has a code, even where a callee filled in no detail. */
static void refuse(struct gw_conn *c, uint32_t client_id, sy_status s, struct sy_error *err)
{
    if (err->code != s.code) {
        (void)sy_fail(err, s.code, NULL, NULL);
    }
    c->gw->stats.refused++;
    gw_rpc_send_error(c, client_id, err);
}

static void on_request(struct gw_conn *c, const struct sy_rpc_msg *m)
{
    struct sy_error err = {0};
    struct ask a = {.c = c, .m = m, .arena = {.ceiling = ENVELOPE_ARENA}};
    sy_status s = serve(&a, &err);
    if (!sy_ok(s)) {
        refuse(c, m->id, s, &err);
    }
    sy_arena_deinit(&a.arena);
}

/* ---- frames ---- */

/* No frame will ever begin in a known place again: answer if we can, and end. */
static void end_with(struct gw_conn *c, struct sy_view bytes, sy_status s, struct sy_error *err)
{
    struct sy_rpc_msg m;
    c->gw->stats.bad_frames++;
    sy_status parsed = sy_rpc_parse(bytes, &GW_FRAME_CLIENT, &m, NULL);
    if (!sy_ok(parsed) && m.kind == SY_RPC_REQUEST) { /* its first bytes name a message number */
        refuse(c, m.id, s, err);
    }
    sy_rpc_close(&m);
    gw_conn_close(c);
}

/* A whole frame that is not to be served: a request gets its error and the connection goes on; what
 * asks for nothing is counted; an answer to a question we never asked ends the connection. */
static void on_odd_frame(struct gw_conn *c, const struct sy_rpc_msg *m, sy_status s,
                         struct sy_error *err)
{
    if (m->kind == SY_RPC_REQUEST) {
        c->gw->stats.bad_frames++;
        refuse(c, m->id, s, err);
    } else if (sy_ok(s) && m->kind == SY_RPC_NOTIFY) {
        c->gw->stats.notifications++;
    } else {
        c->gw->stats.bad_frames++;
        gw_conn_close(c);
    }
}

enum gw_step gw_rpc_input(struct gw_conn *c)
{
    struct sy_error err = {0};
    struct sy_view frame;
    sy_status s = gw_frames_next(&c->in, &frame, &err);
    if (s.code == SY_E_CLOSED) {
        return GW_STEP_MORE;
    }
    if (!sy_ok(s)) {
        end_with(c, gw_frames_rest(&c->in), s, &err);
        return GW_STEP_MORE;
    }
    SY_RPC_CLEANUP struct sy_rpc_msg m;
    s = sy_rpc_parse(frame, &GW_FRAME_CLIENT, &m, &err);
    c->request_ms = 0;
    if (sy_ok(s) && m.kind == SY_RPC_REQUEST) {
        on_request(c, &m);
    } else {
        on_odd_frame(c, &m, s, &err);
    }
    return GW_STEP_AGAIN;
}
