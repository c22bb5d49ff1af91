/*
 * A connection's life. Invariants: while a request is answered nothing is read, so a client that does not take
 * answers holds one of them; every phase has a deadline; an answer is written once; the struct is freed in
 * on_closed, and a callback that may come later looks at is_closed first.
 */
#include "conn.h"

#include <stdlib.h>

#include "bridge/problem.h"

enum { IN_MAX = 1 << 17, OUT_SLACK = 4096 };

static void read_requests(struct bridge_conn *c);

static void set_deadline(struct bridge_conn *c, uint64_t in_ms)
{
    c->deadline_ms = uv_now(&c->server->loop) + in_ms;
}

/* ---- opening and closing ---- */

static void unlink_conn(struct bridge_conn *c)
{
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        c->server->conns = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    c->server->n_conns--;
}

static void on_closed(uv_handle_t *handle)
{
    struct bridge_conn *c = handle->data;
    unlink_conn(c);
    bridge_reader_deinit(&c->reader);
    sy_buf_deinit(&c->in);
    sy_buf_deinit(&c->out);
    free(c);
}

static void wait_no_more(struct bridge_conn *c)
{
    struct bridge_call *call = c->call;
    c->waits = BRIDGE_WAITS_NOT;
    c->call = NULL;
    if (call != NULL) {
        bridge_call_leave(c->server, call);
    }
}

void bridge_conn_drop(struct bridge_conn *c)
{
    if (!c->is_closed) {
        c->is_closed = true;
        wait_no_more(c);
        uv_close((uv_handle_t *)&c->tcp, on_closed);
    }
}

void bridge_conn_finish(struct bridge_conn *c)
{
    if (c->is_writing || c->waits != BRIDGE_WAITS_NOT) {
        c->is_last = true;
    } else {
        bridge_conn_drop(c);
    }
}

void bridge_conn_wait(struct bridge_conn *c, enum bridge_wait waits, struct bridge_call *call)
{
    c->waits = waits;
    c->call = call;
    set_deadline(c, c->server->wait_ms);
}

/* ---- answering ---- */

static void on_shutdown(uv_shutdown_t *request, int status)
{
    if (status != 0) {
        bridge_conn_drop(request->handle->data);
    }
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct bridge_server *s = ((struct bridge_conn *)handle->data)->server;
    *ret = uv_buf_init(s->read_bytes, sizeof(s->read_bytes));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct bridge_conn *c = stream->data;
    if (n < 0) {
        bridge_conn_drop(c);
        return;
    }
    if (n == 0 || c->is_lingering || c->is_closed) {
        return;
    }
    if (!sy_ok(sy_buf_add(&c->in, buf->base, (size_t)n))) {
        bridge_conn_drop(c);
        return;
    }
    read_requests(c);
}

static void read_on(struct bridge_conn *c)
{
    int e = uv_read_start((uv_stream_t *)&c->tcp, on_allocate, on_read);
    if (e != 0 && e != UV_EALREADY) {
        bridge_conn_drop(c);
    }
}

/* End our side, and leave the client a moment to end its own: a close with bytes unread would take the
 * answer away from it. */
static void linger(struct bridge_conn *c)
{
    c->is_lingering = true;
    set_deadline(c, BRIDGE_LINGER_MS);
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) != 0) {
        bridge_conn_drop(c);
        return;
    }
    read_on(c);
}

static void on_written(uv_write_t *request, int status)
{
    struct bridge_conn *c = request->handle->data;
    c->is_writing = false;
    sy_buf_deinit(&c->out);
    if (status != 0) {
        bridge_conn_drop(c);
    } else if (c->is_closed) {
        return;
    } else if (c->is_last) {
        linger(c);
    } else {
        bridge_reader_next(&c->reader);
        set_deadline(c, BRIDGE_IDLE_MS);
        read_requests(c);
    }
}

static void send_out(struct bridge_conn *c)
{
    uv_buf_t out = uv_buf_init((char *)c->out.p, (unsigned)c->out.n);
    (void)uv_read_stop((uv_stream_t *)&c->tcp);
    c->is_writing = true;
    set_deadline(c, BRIDGE_ANSWER_MS);
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &out, 1, on_written) != 0) {
        c->is_writing = false;
        bridge_conn_drop(c);
    }
}

/* What goes with a status. */
static const struct {
    unsigned status;
    const char *lines;
} LINES[] = {
    {401, "WWW-Authenticate: Bearer realm=\"shuyu-bridge\"\r\n"},
    {405, "Allow: GET, POST\r\n"},
    {429, "Retry-After: 5\r\n"},
    {503, "Retry-After: 5\r\n"},
};

static const char *lines_of(unsigned status)
{
    for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
        if (LINES[i].status == status) {
            return LINES[i].lines;
        }
    }
    return "";
}

static sy_status put_reply(struct bridge_conn *c, const struct bridge_reply *r)
{
    SY_TRY(sy_buf_printf(&c->out,
                         "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                         "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                         "%s%sConnection: %s\r\n\r\n",
                         r->status, bridge_phrase_of(r->status), r->type, r->body.n,
                         lines_of(r->status), r->more, c->is_last ? "close" : "keep-alive"));
    return sy_buf_add_view(&c->out, r->body);
}

void bridge_conn_answer(struct bridge_conn *c, const struct bridge_reply *reply)
{
    if (c->is_closed || c->is_writing) {
        return;
    }
    wait_no_more(c);
    c->is_last = c->is_last || c->server->is_stopping || c->reader.status != 0 ||
                 !c->reader.request.keep_alive;
    c->out = sy_buf(reply->body.n + OUT_SLACK);
    c->out.wipe = true;
    if (!sy_ok(put_reply(c, reply))) {
        bridge_conn_drop(c);
        return;
    }
    send_out(c);
}

void bridge_conn_problem(struct bridge_conn *c, unsigned status, const shuyu_error *e)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 14);
    sy_status s = bridge_put_problem(&b, status, e);
    struct bridge_reply r = {
        .status = status, .type = BRIDGE_PROBLEM, .more = "", .body = sy_buf_view(&b)};
    if (sy_ok(s)) {
        bridge_conn_answer(c, &r);
    } else {
        bridge_conn_drop(c);
    }
}

void bridge_conn_expire(struct bridge_conn *c)
{
    bool has_call = c->waits == BRIDGE_WAITS_CALL;
    if (c->waits == BRIDGE_WAITS_NOT || c->is_closed) {
        bridge_conn_drop(c);
        return;
    }
    shuyu_error e = bridge_error(
        SHUYU_E_TIMEOUT, has_call ? "answer" : "connection",
        has_call ? "no outcome yet: repeat the request with the same Idempotency-Key to wait on"
                 : "the domain does not answer");
    bridge_conn_problem(c, bridge_status_of(e.code), &e);
}

/* ---- reading ---- */

static void answer_fault(struct bridge_conn *c)
{
    bool too_large = c->reader.status == 413 || c->reader.status == 414 || c->reader.status == 431;
    shuyu_error e = bridge_error(too_large ? SHUYU_E_LIMIT : SHUYU_E_USAGE, "", c->reader.reason);
    bridge_conn_problem(c, c->reader.status, &e);
}

/* Take what came; answer at most one request. */
static void read_requests(struct bridge_conn *c)
{
    size_t n = 0;
    bool was_begun = bridge_reader_is_begun(&c->reader);
    enum bridge_read read =
        c->in.n == 0 ? BRIDGE_READ_MORE : bridge_reader_feed(&c->reader, sy_buf_view(&c->in), &n);
    sy_buf_consume(&c->in, n);
    if (read == BRIDGE_READ_MORE) {
        if (!was_begun && bridge_reader_is_begun(&c->reader)) {
            set_deadline(c, BRIDGE_REQUEST_MS);
        }
        read_on(c);
        return;
    }
    (void)uv_read_stop((uv_stream_t *)&c->tcp);
    if (read == BRIDGE_READ_FAULT) {
        answer_fault(c);
    } else {
        bridge_route(c);
    }
}

/* ---- accepting ---- */

static void link_conn(struct bridge_conn *c)
{
    c->next = c->server->conns;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    c->server->conns = c;
    c->server->n_conns++;
}

void bridge_conn_accept(struct bridge_server *s)
{
    struct bridge_conn *c = calloc(1, sizeof(*c));
    if (c == NULL || uv_tcp_init(&s->loop, &c->tcp) != 0) {
        free(c);
        return;
    }
    c->server = s;
    c->tcp.data = c;
    c->in = sy_buf(IN_MAX);
    c->in.wipe = true;
    bridge_reader_next(&c->reader);
    link_conn(c);
    set_deadline(c, BRIDGE_REQUEST_MS);
    if (uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&c->tcp) != 0 ||
        s->n_conns > BRIDGE_CONNS_MAX) {
        bridge_conn_drop(c);
        return;
    }
    (void)uv_tcp_nodelay(&c->tcp, 1);
    read_on(c);
}
