/*
 * What: calls of products. A call knows its product (and holds the shelf that it is of), and connections know the
 * call that they wait for. Invariant: a call is out of the list before its outcome is told.
 */
#include <stdlib.h>

#include "base/log.h"
#include "bridge/answer.h"
#include "bridge/problem.h"
#include "conn.h"

struct bridge_call {
    struct bridge_call *next;
    struct bridge_server *server;
    shuyu_async_call *handle;
    struct bridge_shelf *shelf; /* held */
    const struct bridge_product *product;
    bool is_kept; /* its outcome belongs to a key */
};

static void end_call(struct bridge_call *k)
{
    struct bridge_call **at = &k->server->calls;
    while (*at != k) {
        at = &(*at)->next;
    }
    *at = k->next;
    k->server->n_calls--;
    bridge_shelf_drop(k->shelf);
    free(k);
}

/* ---- outcomes ---- */

/* Can nothing have happened at the domain? Then the same key may be used for another try. What was sent may have been
 * carried out, whatever somebody answered in clear. */
static bool is_without_effect(const shuyu_error *e)
{
    return e->code == SHUYU_E_TIMEOUT && strcmp(e->field, "connection") == 0;
}

static void tell_waiting(struct bridge_server *s, const struct bridge_call *k,
                         const struct bridge_reply *r)
{
    for (struct bridge_conn *c = s->conns; c != NULL; c = c->next) {
        if (c->call == k) {
            c->call = NULL; /* nobody leaves a call that has ended */
            bridge_conn_answer(c, r);
        }
    }
}

static void finish(struct bridge_call *k, unsigned status, const shuyu_error *e,
                   struct sy_view body)
{
    struct bridge_server *s = k->server;
    struct bridge_reply r = {.status = status,
                             .type = status == 200 ? BRIDGE_JSON : BRIDGE_PROBLEM,
                             .more = "",
                             .body = body};
    if (k->is_kept && status != 200 && is_without_effect(e)) {
        bridge_keys_forget(&s->keys, k);
    } else if (k->is_kept) {
        bridge_keys_done(&s->keys, k, status, body);
    }
    sy_log(SY_LOG_INFO, "call ended", SY_LOGF_ID("product", sy_view_str(k->product->path)),
           SY_LOGF_N("status", status));
    tell_waiting(s, k, &r);
}

/* What was granted, perhaps is no more: look again before the next call. */
static void note_refusal(struct bridge_server *s, const shuyu_error *e)
{
    if (e->category == SHUYU_CAT_DENIED || e->category == SHUYU_CAT_USAGE) {
        s->is_stale = true;
    }
}

static void got_answer(void *ctx, shuyu_status status, shuyu_answer *answer,
                       const shuyu_error *error)
{
    struct bridge_call *k = ctx;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(BRIDGE_OUTCOME_MAX);
    shuyu_error e = *error;
    b.wipe = true;
    if (status == SHUYU_OK) {
        sy_status put = bridge_put_answer(&b, k->product, answer);
        if (!sy_ok(put)) {
            status = put.code;
            e = bridge_error(put.code, "answer", "the answer is too large for the bridge");
            sy_buf_clear(&b);
        }
    }
    shuyu_answer_free(answer);
    unsigned http = status == SHUYU_OK ? 200 : bridge_status_of(status);
    if (status != SHUYU_OK) {
        note_refusal(k->server, &e);
        if (!sy_ok(bridge_put_problem(&b, http, &e))) {
            sy_buf_clear(&b);
        }
    }
    finish(k, http, &e, sy_buf_view(&b));
    end_call(k);
}

/* ---- starting and leaving ---- */

shuyu_status bridge_call_start(struct bridge_server *s, const struct bridge_product *product,
                               const struct bridge_ask *ask, struct bridge_call **ret,
                               shuyu_error *reterr)
{
    if (s->n_calls >= BRIDGE_CALLS_MAX) {
        *reterr = bridge_error(SHUYU_E_BUSY, "", "too many calls are under way");
        return SHUYU_E_BUSY;
    }
    struct bridge_call *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        *reterr = bridge_error(SHUYU_E_NO_MEMORY, "", "no memory for this call");
        return SHUYU_E_NO_MEMORY;
    }
    shuyu_product_question q = {.product = product->id,
                                .grant = product->p.grant,
                                .model = product->p.model,
                                .purpose = ask->purpose,
                                .price = product->p.price,
                                .params = ask->params,
                                .n_params = ask->n_params};
    shuyu_status status = shuyu_async_product(s->client, &q, got_answer, k, &k->handle, reterr);
    if (status != SHUYU_OK) {
        free(k);
        return status;
    }
    k->server = s;
    k->product = product;
    k->shelf = bridge_shelf_hold(s->shelf);
    k->next = s->calls;
    s->calls = k;
    s->n_calls++;
    *ret = k;
    return SHUYU_OK;
}

void bridge_call_keep(struct bridge_call *call)
{
    call->is_kept = true;
}

void bridge_call_leave(struct bridge_server *s, struct bridge_call *call)
{
    for (const struct bridge_conn *c = s->conns; c != NULL; c = c->next) {
        if (c->call == call) {
            return;
        }
    }
    if (!call->is_kept) {
        shuyu_async_cancel(call->handle);
        end_call(call);
    }
}

void bridge_calls_drop(struct bridge_server *s)
{
    while (s->calls != NULL) {
        shuyu_async_cancel(s->calls->handle);
        end_call(s->calls);
    }
}
