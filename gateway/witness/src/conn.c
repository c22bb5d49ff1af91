/*
 * A connection's life. Invariants: while an answer is on its way nothing is read, so a client that does
 * not take answers holds one of them; every phase has a deadline, and the struct is freed in on_closed.
 */
#include "conn.h"

#include <stdlib.h>

enum { IN_MAX = 1 << 17 };

static void set_deadline(struct witness_conn *c, uint64_t in_ms)
{
    c->deadline_ms = uv_now(&c->server->loop) + in_ms;
}

/* ---- opening and closing ---- */

static void unlink_conn(struct witness_conn *c)
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
    struct witness_conn *c = handle->data;
    unlink_conn(c);
    sy_buf_deinit(&c->in);
    sy_buf_deinit(&c->body);
    sy_buf_deinit(&c->out);
    free(c);
}

void witness_conn_drop(struct witness_conn *c)
{
    if (!c->is_closed) {
        c->is_closed = true;
        uv_close((uv_handle_t *)&c->tcp, on_closed);
    }
}

void witness_conn_finish(struct witness_conn *c)
{
    if (c->is_writing) {
        c->is_last = true;
    } else {
        witness_conn_drop(c);
    }
}

/* ---- reading ---- */

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct witness_server *server = ((struct witness_conn *)handle->data)->server;
    *ret = uv_buf_init(server->read_bytes, sizeof(server->read_bytes));
}

/* The client has its answer and its end; what it still sends is for nobody. */
static bool is_for_nobody(const struct witness_conn *c)
{
    return c->is_lingering || c->is_closed;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct witness_conn *c = stream->data;
    if (n < 0) {
        witness_conn_drop(c);
        return;
    }
    if (n == 0 || is_for_nobody(c)) {
        return;
    }
    if (!sy_ok(sy_buf_add(&c->in, buf->base, (size_t)n))) {
        witness_conn_drop(c);
        return;
    }
    bool was_begun = c->is_begun;
    witness_http_input(c);
    if (c->is_begun && !was_begun && !c->is_writing) {
        set_deadline(c, WITNESS_REQUEST_MS);
    }
}

static void read_on(struct witness_conn *c)
{
    if (uv_read_start((uv_stream_t *)&c->tcp, on_allocate, on_read) != 0) {
        witness_conn_drop(c);
    }
}

/* ---- answering ---- */

static void on_shutdown(uv_shutdown_t *request, int status)
{
    if (status != 0) {
        witness_conn_drop(request->handle->data);
    }
}

/* End our side, and leave the client a moment to end its own: a close with bytes unread would take the
 * answer away from it. */
static void linger(struct witness_conn *c)
{
    c->is_lingering = true;
    set_deadline(c, WITNESS_LINGER_MS);
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) != 0) {
        witness_conn_drop(c);
        return;
    }
    read_on(c);
}

static void next_request(struct witness_conn *c)
{
    c->is_begun = c->is_complete = false;
    set_deadline(c, WITNESS_IDLE_MS);
    llhttp_resume(&c->parser);
    witness_http_input(c);
    if (!c->is_writing && !c->is_closed) {
        if (c->is_begun) {
            set_deadline(c, WITNESS_REQUEST_MS);
        }
        read_on(c);
    }
}

static void on_written(uv_write_t *request, int status)
{
    struct witness_conn *c = request->handle->data;
    c->is_writing = false;
    sy_buf_clear(&c->out);
    if (status != 0) {
        witness_conn_drop(c);
    } else if (c->is_closed) {
        return;
    } else if (c->is_last) {
        linger(c);
    } else {
        next_request(c);
    }
}

void witness_conn_send(struct witness_conn *c)
{
    uv_buf_t out = uv_buf_init((char *)c->out.p, (unsigned)c->out.n);
    (void)uv_read_stop((uv_stream_t *)&c->tcp);
    c->is_writing = true;
    set_deadline(c, WITNESS_REQUEST_MS);
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &out, 1, on_written) != 0) {
        c->is_writing = false;
        witness_conn_drop(c);
    }
}

/* ---- accepting ---- */

static void link_conn(struct witness_conn *c)
{
    c->next = c->server->conns;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    c->server->conns = c;
    c->server->n_conns++;
}

void witness_conn_accept(struct witness_server *server)
{
    struct witness_conn *c = calloc(1, sizeof(*c));
    if (c == NULL || uv_tcp_init(&server->loop, &c->tcp) != 0) {
        free(c);
        return;
    }
    c->server = server;
    c->tcp.data = c;
    c->in = sy_buf(IN_MAX);
    c->out = sy_buf((size_t)2 << 20);
    link_conn(c);
    witness_http_init(c);
    set_deadline(c, WITNESS_REQUEST_MS);
    if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&c->tcp) != 0 ||
        server->n_conns > WITNESS_CONNS_MAX) {
        witness_conn_drop(c);
        return;
    }
    (void)uv_tcp_nodelay(&c->tcp, 1);
    read_on(c);
}
