/*
 * What: the warden's edge. Invariants: every request sent has a slot in gw->ids until its answer comes,
 * even when its client has gone; answers keep their bytes after the message number; a broken edge or a
 * broken rule on it stops the gateway (the supervisor starts a fresh one, with a fresh replica).
 */
#include "gateway/relay.h"

#include <stdlib.h>

#include "base/log.h"
#include "gateway/rpc.h"

enum { FRAME_EXTRA = 256, HEAD_MAX = 16, MIB = 1 << 20, EXIT_EDGE = 1 };

struct edge_write {
    uv_write_t request;
    struct gw *gw;
    struct sy_buf bytes;
};

static void edge_broken(struct gw *gw, const char *why, int32_t code)
{
    if (gw->edge.open) {
        gw->edge.open = false;
        sy_log(SY_LOG_ERROR, why, SY_LOGF_CODE(code));
        gw_stop(gw, EXIT_EDGE);
    }
}

/* ---- to the warden ---- */

/* Clients wait while the queue is over the limit, and go on when half of it is gone. */
static void note_queue(struct gw *gw)
{
    size_t n = uv_stream_get_write_queue_size((uv_stream_t *)&gw->edge.pipe);
    size_t limit = gw->limits.edge_mib * MIB;
    bool was_full = gw->edge.full;
    gw->edge.full = n > (was_full ? limit / 2 : limit);
    if (was_full && !gw->edge.full) {
        for (struct gw_conn *c = gw->conns; c != NULL; c = c->next) {
            gw_conn_work(c);
        }
    }
}

static void on_edge_written(uv_write_t *request, int status)
{
    struct edge_write *w = request->data;
    struct gw *gw = w->gw;
    sy_buf_deinit(&w->bytes);
    free(w);
    if (status != 0) {
        edge_broken(gw, "the warden's edge is gone", SY_E_CLOSED);
        return;
    }
    note_queue(gw);
}

static sy_status put_relay(struct sy_buf *b, uint32_t edge_id, const struct gw_relay_request *r)
{
    SY_TRY(sy_rpc_put_request(b, edge_id, "relay", 4));
    SY_TRY(sy_mp_put_bin(b, sy_view(r->fingerprint, GW_FINGERPRINT_BYTES)));
    SY_TRY(sy_mp_put_str(b, r->method));
    SY_TRY(sy_mp_put_bin(b, r->envelope));
    return sy_mp_put_i64(b, r->early);
}

static sy_status write_relay(struct gw *gw, uint32_t edge_id, const struct gw_relay_request *r)
{
    struct edge_write *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    *w = (struct edge_write){.gw = gw, .bytes = sy_buf(r->envelope.n + FRAME_EXTRA)};
    w->request.data = w;
    sy_status s = put_relay(&w->bytes, edge_id, r);
    uv_buf_t buf = uv_buf_init((char *)w->bytes.p, (unsigned)w->bytes.n);
    if (sy_ok(s) &&
        uv_write(&w->request, (uv_stream_t *)&gw->edge.pipe, &buf, 1, on_edge_written) != 0) {
        s = sy_status_of(SY_E_STOPPING);
    }
    if (!sy_ok(s)) {
        sy_buf_deinit(&w->bytes);
        free(w);
    }
    return s;
}

sy_status gw_relay_send(struct gw_conn *c, uint32_t client_id,
                        const struct gw_relay_request *request)
{
    struct gw *gw = c->gw;
    uint32_t edge_id = 0;
    void *owner = NULL;
    if (!gw->edge.open || gw->is_stopping) {
        return sy_status_of(SY_E_STOPPING);
    }
    SY_TRY(gw_idmap_put(&gw->ids, c, client_id, &edge_id));
    sy_status s = write_relay(gw, edge_id, request);
    if (!sy_ok(s)) {
        (void)gw_idmap_take(&gw->ids, edge_id, &owner, &client_id);
        return s;
    }
    c->n_in_flight++;
    gw->stats.relayed++;
    note_queue(gw);
    return SY_OK;
}

/* ---- from the warden ---- */

/* The bytes of a response after its number: error and result as the warden packed them. */
static bool find_tail(struct sy_view frame, struct sy_view *ret)
{
    static const uint8_t sizes[] = {[0xCC - 0xCC] = 1, [0xCD - 0xCC] = 2, [0xCE - 0xCC] = 4};
    if (frame.n < 4 || frame.p[0] != 0x94 || frame.p[1] != SY_RPC_RESPONSE) {
        return false;
    }
    uint8_t first = frame.p[2];
    bool wide = first >= 0xCC && first <= 0xCE;
    size_t at = 3 + (wide ? sizes[first - 0xCC] : 0U);
    if ((!wide && first > 0x7F) || frame.n <= at) {
        return false;
    }
    *ret = sy_view(frame.p + at, frame.n - at);
    return true;
}

static void pass_on(struct gw_conn *c, uint32_t client_id, struct sy_view tail)
{
    struct sy_buf b = sy_buf(tail.n + HEAD_MAX);
    gw_conn_answered(c);
    if (!sy_ok(sy_mp_put_array(&b, 4)) || !sy_ok(sy_mp_put_u64(&b, SY_RPC_RESPONSE)) ||
        !sy_ok(sy_mp_put_u64(&b, client_id)) || !sy_ok(sy_buf_add_view(&b, tail))) {
        sy_buf_deinit(&b);
        gw_conn_drop(c);
        return;
    }
    gw_conn_send(c, &b);
    gw_conn_work(c);
}

static sy_status on_answer(struct gw *gw, const struct sy_rpc_msg *m, struct sy_view frame,
                           struct sy_error *reterr)
{
    void *owner = NULL;
    uint32_t client_id = 0;
    struct sy_view tail;
    if (!find_tail(frame, &tail)) {
        return sy_fail(reterr, SY_E_FRAME, "answer", NULL);
    }
    if (!gw_idmap_take(&gw->ids, m->id, &owner, &client_id)) {
        return sy_fail(reterr, SY_E_STATE, "answer", "it answers no request");
    }
    if (owner == NULL) {
        gw->stats.answers_dropped++;
        return SY_OK;
    }
    gw->stats.answers++;
    pass_on(owner, client_id, tail);
    return SY_OK;
}

static sy_status on_notification(struct gw *gw, const struct sy_rpc_msg *m, struct sy_view frame,
                                 struct sy_error *reterr)
{
    (void)frame;
    return gw_replica_notify(&gw->replica, m, reterr);
}

static sy_status on_request(struct gw *gw, const struct sy_rpc_msg *m, struct sy_view frame,
                            struct sy_error *reterr)
{
    (void)gw;
    (void)m;
    (void)frame;
    return sy_fail(reterr, SY_E_METHOD, NULL, "the warden asks nothing of the gateway");
}

static sy_status on_frame(struct gw *gw, struct sy_view frame, struct sy_error *reterr)
{
    static sy_status (*const take[])(struct gw *, const struct sy_rpc_msg *, struct sy_view,
                                     struct sy_error *) = {
        [SY_RPC_REQUEST] = on_request,
        [SY_RPC_RESPONSE] = on_answer,
        [SY_RPC_NOTIFY] = on_notification,
    };
    SY_RPC_CLEANUP struct sy_rpc_msg m;
    SY_TRY(sy_rpc_parse(frame, &GW_FRAME_WARDEN, &m, reterr));
    return take[m.kind](gw, &m, frame, reterr);
}

static sy_status take_frames(struct gw *gw, struct sy_error *reterr)
{
    struct sy_view frame;
    sy_status s = gw_frames_next(&gw->edge.in, &frame, reterr);
    while (sy_ok(s)) {
        SY_TRY(on_frame(gw, frame, reterr));
        s = gw_frames_next(&gw->edge.in, &frame, reterr);
    }
    return s.code == SY_E_CLOSED ? SY_OK : s;
}

static void on_edge_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct gw *gw = stream->data;
    struct sy_error err = {0};
    if (n < 0) {
        edge_broken(gw, "the warden's edge is gone", SY_E_CLOSED);
    }
    if (n <= 0 || !gw->edge.open) {
        return;
    }
    sy_status s = gw_frames_add(&gw->edge.in, sy_view(buf->base, (size_t)n));
    if (sy_ok(s)) {
        s = take_frames(gw, &err);
    }
    if (!sy_ok(s)) {
        edge_broken(gw, "the warden's edge broke the rules", s.code);
    }
}

sy_status gw_relay_open(struct gw *gw, int fd, struct sy_error *reterr)
{
    struct gw_edge *edge = &gw->edge;
    gw_frames_init(&edge->in, &GW_FRAME_WARDEN);
    int e = uv_pipe_init(&gw->loop, &edge->pipe, 0);
    edge->pipe.data = gw;
    e = e != 0 ? e : uv_pipe_open(&edge->pipe, fd);
    e = e != 0 ? e : uv_read_start((uv_stream_t *)&edge->pipe, gw_read_buffer, on_edge_read);
    edge->open = e == 0;
    return e == 0 ? SY_OK : sy_fail(reterr, SY_E_IO, "warden", "edge: %s", uv_strerror(e));
}

void gw_relay_give_up(struct gw *gw)
{
    struct sy_error err = {0};
    void *owner = NULL;
    uint32_t client_id = 0;
    uint32_t cursor = 0;
    (void)sy_fail(&err, SY_E_STOPPING, NULL,
                  "the domain is stopping; send the same envelope again to get its outcome");
    gw->edge.open = false;
    while (gw_idmap_take_any(&gw->ids, &cursor, &owner, &client_id)) {
        if (owner != NULL) {
            gw_conn_answered(owner);
            gw_rpc_send_error(owner, client_id, &err);
        }
    }
}
