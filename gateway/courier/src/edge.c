/*
 * What: the warden's edge. Invariants: each request gets exactly one answer; a broken edge, or a broken rule
 * on it, stops the courier (the supervisor starts a fresh one); answers that the warden does not take are
 * bounded.
 */
#include "courier/courier.h"

#include <stdlib.h>

#include "base/log.h"

enum {
    EXIT_EDGE = 1,
    FRAME_EXTRA = 8192,
    UNREAD_MAX = 32 << 20, /* bytes of answers that wait for the warden */
};

struct edge_write {
    uv_write_t request;
    struct courier *courier;
    struct sy_buf bytes;
};

static void broken(struct courier *c, const char *why, int32_t code)
{
    if (c->is_edge_open && !c->is_stopping) {
        sy_log(SY_LOG_ERROR, why, SY_LOGF_CODE(code));
        courier_stop(c, EXIT_EDGE);
    }
}

/* ---- to the warden ---- */

static void on_written(uv_write_t *request, int status)
{
    struct edge_write *w = request->data;
    struct courier *c = w->courier;
    sy_buf_deinit(&w->bytes);
    free(w);
    if (status != 0) {
        broken(c, "the warden's edge is gone", SY_E_CLOSED);
    }
}

/* Takes over the bytes. */
static void send_frame(struct courier *c, struct sy_buf *bytes)
{
    struct edge_write *w = c->is_edge_open ? calloc(1, sizeof(*w)) : NULL;
    size_t n_unread = c->is_edge_open ? uv_stream_get_write_queue_size((uv_stream_t *)&c->edge) : 0;
    if (w == NULL || n_unread > UNREAD_MAX) {
        sy_buf_deinit(bytes);
        free(w);
        broken(c, "an answer cannot be given", SY_E_LIMIT);
        return;
    }
    *w = (struct edge_write){.courier = c, .bytes = *bytes};
    w->request.data = w;
    uv_buf_t buf = uv_buf_init((char *)w->bytes.p, (unsigned)w->bytes.n);
    if (uv_write(&w->request, (uv_stream_t *)&c->edge, &buf, 1, on_written) != 0) {
        on_written(&w->request, UV_EPIPE);
    }
}

void courier_edge_refuse(struct courier *c, uint32_t id, const struct sy_error *e)
{
    struct sy_buf b = sy_buf(FRAME_EXTRA);
    sy_status s = sy_rpc_put_error(&b, id, e);
    if (sy_ok(s)) {
        send_frame(c, &b);
    } else {
        sy_buf_deinit(&b);
        broken(c, "an answer cannot be given", s.code);
    }
}

void courier_edge_answer(struct courier *c, uint32_t id, const struct sy_courier_answer *answer)
{
    struct sy_buf b = sy_buf(SY_COURIER_BODY_MAX + FRAME_EXTRA);
    struct sy_error e = {0};
    sy_status s = sy_courier_put_answer(&b, id, answer);
    if (sy_ok(s)) {
        send_frame(c, &b);
        return;
    }
    sy_buf_deinit(&b);
    (void)sy_fail(&e, s.code, "response", NULL);
    courier_edge_refuse(c, id, &e);
}

/* ---- from the warden ---- */

static sy_status on_frame(struct courier *c, struct sy_view frame)
{
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    struct sy_courier_ask ask;
    struct sy_error e = {0};
    SY_TRY(sy_rpc_parse(frame, &SY_COURIER_FRAME, &m, NULL));
    if (m.kind != SY_RPC_REQUEST) {
        return sy_status_of(SY_E_FRAME);
    }
    if (sy_ok(sy_courier_get_ask(&m, &ask, &e))) {
        courier_errand_start(c, m.id, &ask);
    } else {
        courier_edge_refuse(c, m.id, &e);
    }
    return SY_OK;
}

static sy_status take_frames(struct courier *c)
{
    while (c->in.n > 0 && !c->is_stopping) {
        size_t n = 0;
        sy_status s = sy_mp_frame(sy_buf_view(&c->in), &SY_COURIER_FRAME, &n, NULL);
        if (s.code == SY_E_CLOSED) {
            return SY_OK;
        }
        SY_TRY(s);
        SY_TRY(on_frame(c, sy_view(c->in.p, n)));
        sy_buf_consume(&c->in, n);
    }
    return SY_OK;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct courier *c = stream->data;
    if (n < 0) {
        broken(c, "the warden's edge is gone", SY_E_CLOSED);
    }
    if (n <= 0 || c->is_stopping) {
        return;
    }
    sy_status s = sy_buf_add(&c->in, buf->base, (size_t)n);
    if (sy_ok(s)) {
        s = take_frames(c);
    }
    if (!sy_ok(s)) {
        broken(c, "the warden's edge broke the rules", s.code);
    }
}

sy_status courier_edge_open(struct courier *c, int fd, struct sy_error *reterr)
{
    c->in = sy_buf(SY_COURIER_FRAME.bytes + COURIER_READ_BYTES);
    int e = uv_pipe_init(&c->loop, &c->edge, 0);
    c->edge.data = c;
    e = e != 0 ? e : uv_pipe_open(&c->edge, fd);
    e = e != 0 ? e : uv_read_start((uv_stream_t *)&c->edge, courier_read_buffer, on_read);
    c->is_edge_open = e == 0;
    return e == 0 ? SY_OK : sy_fail(reterr, SY_E_IO, "warden", "edge: %s", uv_strerror(e));
}

void courier_edge_close(struct courier *c)
{
    if (c->is_edge_open) {
        c->is_edge_open = false;
        uv_close((uv_handle_t *)&c->edge, NULL);
    }
}
