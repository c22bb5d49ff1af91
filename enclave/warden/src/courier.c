/*
 * What: errands, that is requests under way at the courier. Invariants: an errand has one timer as long as
 * it lives, and ends only in that timer's callback or with its answer's frame, so never inside
 * warden_courier_http, not even when the edge breaks while it is written; a dead edge turns the timers
 * of all errands to "now". An errand outlives its deadline by the courier's own, which comes first.
 */
#include "warden/courier.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/time.h"
#include "warden/warden.h"

enum { FRAME_EXTRA = 4096, GRACE_MS = 2000 };
static const uint64_t MS = 1000000;

struct warden_errand {
    struct warden_errand *next;
    struct warden *w;
    uint32_t id;
    int32_t code; /* what it ends with when its timer comes */
    uint64_t timer;
    warden_courier_fn fn;
    void *ctx;
};

/* ---- ending ---- */

static void unlink_errand(struct warden_errand *e)
{
    struct warden_courier *c = &e->w->courier;
    struct warden_errand **at = &c->errands;
    while (*at != e) {
        at = &(*at)->next;
    }
    *at = e->next;
    c->n_errands--;
}

static void end_errand(struct warden_errand *e, sy_status s, const struct sy_courier_answer *answer)
{
    struct warden_errand ended = *e;
    unlink_errand(e);
    warden_timer_cancel(e->w->loop, e->timer);
    free(e);
    ended.fn(ended.ctx, s, (unsigned)answer->status, answer->body);
}

static void on_timer(void *ctx)
{
    struct warden_errand *e = ctx;
    e->timer = 0;
    end_errand(e, sy_status_of(e->code), &(struct sy_courier_answer){0});
}

/* False only for an errand that had no timer yet: cancelling makes the room. */
static bool end_at(struct warden_errand *e, int32_t code, uint64_t at_ns)
{
    warden_timer_cancel(e->w->loop, e->timer);
    e->code = code;
    e->timer = warden_timer_add(e->w->loop, at_ns, on_timer, e);
    return e->timer != 0;
}

void warden_courier_gone(struct warden *w)
{
    w->courier.conn = NULL;
    for (struct warden_errand *e = w->courier.errands; e != NULL; e = e->next) {
        (void)end_at(e, SY_E_CLOSED, sy_mono_ns());
    }
}

void warden_courier_attach(struct warden *w, struct warden_conn *conn)
{
    w->courier.conn = conn;
}

void warden_courier_close(struct warden *w)
{
    while (w->courier.errands != NULL) {
        struct warden_errand *e = w->courier.errands;
        unlink_errand(e);
        warden_timer_cancel(w->loop, e->timer);
        free(e);
    }
}

/* ---- asking ---- */

static sy_status new_errand(struct warden *w, const struct warden_errand *like,
                            struct warden_errand **ret)
{
    if (w->courier.n_errands == SY_COURIER_AT_ONCE) {
        return sy_status_of(SY_E_BUSY);
    }
    struct warden_errand *e = calloc(1, sizeof(*e));
    if (e == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    *e = *like;
    e->next = w->courier.errands;
    w->courier.errands = e;
    w->courier.n_errands++;
    *ret = e;
    return SY_OK;
}

static sy_status put_errand(struct warden *w, const struct warden_errand *like, uint64_t at_ns)
{
    struct warden_errand *e = NULL;
    SY_TRY(new_errand(w, like, &e));
    if (!end_at(e, w->courier.conn == NULL ? SY_E_CLOSED : SY_E_TIMEOUT, at_ns)) {
        unlink_errand(e);
        free(e);
        return sy_status_of(SY_E_NO_MEMORY);
    }
    return SY_OK;
}

sy_status warden_courier_http(struct warden *w, const char *verb, const char *url,
                              const char *content_type, struct sy_view body, unsigned timeout_ms,
                              warden_courier_fn fn, void *ctx, struct sy_error *reterr)
{
    struct warden_courier *c = &w->courier;
    struct sy_courier_ask ask = {.verb = sy_view_str(verb),
                                 .url = sy_view_str(url),
                                 .content_type = sy_view_str(content_type),
                                 .body = body,
                                 .timeout_ms = timeout_ms};
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(SY_COURIER_BODY_MAX + FRAME_EXTRA);
    struct warden_errand like = {.w = w, .id = ++c->last_id, .fn = fn, .ctx = ctx};
    uint64_t wait_ms = c->conn == NULL ? 0 : timeout_ms + (uint64_t)GRACE_MS;
    SY_TRY(sy_courier_ask_check(&ask, reterr));
    SY_TRY(sy_courier_put_ask(&frame, like.id, &ask));
    SY_TRY(put_errand(w, &like, sy_mono_ns() + wait_ms * MS));
    if (c->conn != NULL) {
        warden_conn_send(c->conn, sy_buf_view(&frame)); /* may drop it: warden_courier_gone */
    }
    return SY_OK;
}

/* ---- answers ---- */

/* BOUNDARY: the courier talks with strangers, and may be one by now. Its answer is within the limits and
 * belongs to something that was asked, or its edge is cut; what the answer says is checked by whoever
 * asked. */
static sy_status take_answer(struct warden *w, const struct sy_rpc_msg *m)
{
    struct sy_courier_answer answer = {0};
    struct warden_errand *e = w->courier.errands;
    sy_status s = sy_courier_get_answer(m, &answer, NULL);
    if (s.code == SY_E_FRAME || m->id > w->courier.last_id) {
        return sy_status_of(SY_E_FRAME);
    }
    while (e != NULL && e->id != m->id) {
        e = e->next;
    }
    if (e != NULL) { /* else it came too late */
        end_errand(e, s, &answer);
    }
    return SY_OK;
}

void warden_courier_frame(struct warden *w, struct sy_view frame)
{
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    struct warden_conn *conn = w->courier.conn;
    sy_status s = sy_rpc_parse(frame, &SY_COURIER_FRAME, &m, NULL);
    if (sy_ok(s)) {
        s = take_answer(w, &m);
    }
    if (!sy_ok(s) && conn != NULL) {
        sy_log(SY_LOG_ERROR, "the courier broke the rules of its edge", SY_LOGF_CODE(s.code));
        warden_conn_drop(conn);
    }
}
