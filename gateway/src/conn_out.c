/*
 * What: a connection's output. Answers wait in clear as chunks (they are sealed already) and are
 * encrypted record by record only while less than WRITING_BYTES are on their way, so a large answer
 * costs its own size once. Invariants: n_out is the sum of what chunks still hold, and part of
 * gw->n_output_bytes; n_writing is what libuv still holds; each write owns its bytes until its callback.
 */
#include <stdlib.h>

#include "gateway/conn.h"

enum { WRITING_BYTES = 256 << 10, WRITE_CEILING = 1 << 20, MIB = 1 << 20 };

struct write {
    uv_write_t request;
    struct gw_conn *conn; /* outlives the write: libuv calls back before the close callback */
    struct sy_buf bytes;
};

static void chunk_free(struct gw_conn *c, struct gw_chunk *chunk)
{
    size_t rest = chunk->bytes.n - chunk->n_sent;
    c->n_out -= rest;
    c->gw->n_output_bytes -= rest;
    sy_buf_deinit(&chunk->bytes);
    free(chunk);
}

void gw_conn_out_deinit(struct gw_conn *c)
{
    while (c->out_first != NULL) {
        struct gw_chunk *chunk = c->out_first;
        c->out_first = chunk->next;
        chunk_free(c, chunk);
    }
    c->out_last = NULL;
}

bool gw_conn_is_flushed(const struct gw_conn *c)
{
    return c->n_out == 0 && c->n_writing == 0;
}

static bool has_room(const struct gw_conn *c, size_t n)
{
    const struct gw *gw = c->gw;
    return c->n_out + n <= gw->limits.output_mib * MIB &&
           gw->n_output_bytes + n <= gw->limits.output_all_mib * MIB;
}

void gw_conn_send(struct gw_conn *c, struct sy_buf *bytes)
{
    struct gw_chunk *chunk = c->state == GW_CLOSED ? NULL : calloc(1, sizeof(*chunk));
    if (chunk == NULL || !has_room(c, bytes->n)) {
        free(chunk);
        sy_buf_deinit(bytes);
        gw_conn_drop(c);
        return;
    }
    chunk->bytes = *bytes;
    *bytes = (struct sy_buf){0};
    c->n_out += chunk->bytes.n;
    c->gw->n_output_bytes += chunk->bytes.n;
    if (c->out_last != NULL) {
        c->out_last->next = chunk;
    } else {
        c->out_first = chunk;
    }
    c->out_last = chunk;
}

/* Encrypt the next record's worth of the first chunk. */
static bool encrypt_some(struct gw_conn *c)
{
    struct gw_chunk *chunk = c->out_first;
    size_t n = chunk->bytes.n - chunk->n_sent;
    n = n < GW_TLS_RECORD_BYTES ? n : GW_TLS_RECORD_BYTES;
    if (n > 0 && !sy_ok(role_tls_write(&c->tls.wire, sy_view(chunk->bytes.p + chunk->n_sent, n)))) {
        return false;
    }
    chunk->n_sent += n;
    c->n_out -= n;
    c->gw->n_output_bytes -= n;
    if (chunk->n_sent == chunk->bytes.n) {
        c->out_first = chunk->next;
        c->out_last = c->out_first == NULL ? NULL : c->out_last;
        chunk_free(c, chunk);
    }
    return true;
}

static void on_written(uv_write_t *request, int status)
{
    struct write *w = request->data;
    struct gw_conn *c = w->conn;
    c->n_writing -= w->bytes.n;
    sy_buf_deinit(&w->bytes);
    free(w);
    if (c->state == GW_CLOSED) {
        return;
    }
    if (status != 0) {
        gw_conn_drop(c);
        return;
    }
    c->progress_ms = c->active_ms = uv_now(&c->gw->loop);
    gw_conn_work(c);
}

/* Hand what TLS has for the socket to libuv. */
static bool write_drained(struct gw_conn *c)
{
    struct write *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return false;
    }
    *w = (struct write){.conn = c, .bytes = sy_buf(WRITE_CEILING)};
    w->request.data = w;
    bool drained = sy_ok(role_tls_drain(&c->tls.wire, &w->bytes));
    uv_buf_t buf = uv_buf_init((char *)w->bytes.p, (unsigned)w->bytes.n);
    if (!drained || w->bytes.n == 0 ||
        uv_write(&w->request, (uv_stream_t *)&c->tcp, &buf, 1, on_written) != 0) {
        bool nothing = drained && w->bytes.n == 0;
        sy_buf_deinit(&w->bytes);
        free(w);
        return nothing;
    }
    if (c->n_writing == 0) {
        c->progress_ms = uv_now(&c->gw->loop);
    }
    c->n_writing += w->bytes.n;
    return true;
}

bool gw_conn_flush(struct gw_conn *c)
{
    size_t n_new = 0;
    while (c->out_first != NULL && c->n_writing + n_new < WRITING_BYTES) {
        if (!encrypt_some(c)) {
            return false;
        }
        n_new += GW_TLS_RECORD_BYTES;
    }
    return !role_tls_has_output(&c->tls.wire) || write_drained(c);
}
