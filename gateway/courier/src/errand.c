/*
 * What: one request, from the name to the last byte. Invariants: an errand is answered exactly once, in
 * end_with or fail, or dropped; after that it waits for its handles and lookup and is freed by the last of
 * their callbacks; its timer's close callback is always among them, so whoever calls may still look at it.
 * Addresses are tried one after the other until one takes the connection; what goes wrong on it is final.
 */
#include "courier/courier.h"

#include <stdlib.h>

#include "courier/http.h"
#include "courier/tls.h"
#include "wire/url.h"

enum { OUT_MAX = 1 << 20, PLAIN_BYTES = 16384 };

struct courier_errand {
    struct courier *courier;
    struct courier_errand *next;
    struct courier_errand *prev;
    uint32_t id;
    struct sy_url url;
    struct sy_buf request; /* in clear */
    struct sy_buf out;     /* waits for the socket */
    struct sy_buf writing; /* the socket has it */
    struct courier_tls tls;
    struct courier_response response;
    uv_timer_t timer; /* the deadline of it all */
    uv_getaddrinfo_t lookup;
    struct addrinfo *found; /* owned */
    struct addrinfo *at;    /* to be tried next */
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    bool has_timer;
    bool is_looking;
    bool has_tcp;
    bool is_writing;
    bool is_over;         /* answered or dropped */
    struct sy_error last; /* why the address before was not it */
};

/* ---- the end ---- */

static void maybe_free(struct courier_errand *e)
{
    struct courier *c = e->courier;
    if (!e->is_over || e->has_timer || e->is_looking || e->has_tcp) {
        return;
    }
    if (e->prev != NULL) {
        e->prev->next = e->next;
    } else {
        c->errands = e->next;
    }
    if (e->next != NULL) {
        e->next->prev = e->prev;
    }
    c->n_errands--;
    uv_freeaddrinfo(e->found);
    role_tls_deinit(&e->tls.wire);
    courier_response_deinit(&e->response);
    sy_buf_deinit(&e->request);
    sy_buf_deinit(&e->out);
    sy_buf_deinit(&e->writing);
    free(e);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct courier_errand *e = handle->data;
    e->has_timer = false;
    maybe_free(e);
}

static void next_address(struct courier_errand *e);

static void on_tcp_closed(uv_handle_t *handle)
{
    struct courier_errand *e = handle->data;
    e->has_tcp = false;
    if (e->is_over) {
        maybe_free(e);
    } else {
        next_address(e);
    }
}

static void close_tcp(struct courier_errand *e)
{
    if (e->has_tcp && !uv_is_closing((uv_handle_t *)&e->tcp)) {
        uv_close((uv_handle_t *)&e->tcp, on_tcp_closed);
    }
}

static void end(struct courier_errand *e)
{
    if (e->is_over) {
        return;
    }
    e->is_over = true;
    if (e->is_looking) {
        (void)uv_cancel((uv_req_t *)&e->lookup);
    }
    close_tcp(e);
    uv_close((uv_handle_t *)&e->timer, on_timer_closed);
}

void courier_errands_drop(struct courier *c)
{
    for (struct courier_errand *e = c->errands; e != NULL; e = e->next) {
        end(e);
    }
}

static void fail(struct courier_errand *e, const struct sy_error *err)
{
    if (!e->is_over) {
        courier_edge_refuse(e->courier, e->id, err);
        end(e);
    }
}

static void fail_with(struct courier_errand *e, int32_t code, const char *field, const char *why)
{
    struct sy_error err = {0};
    (void)sy_fail(&err, code, field, "%s", why);
    fail(e, &err);
}

static void end_with_response(struct courier_errand *e)
{
    struct sy_courier_answer answer = courier_response_answer(&e->response);
    if (!e->is_over) {
        courier_edge_answer(e->courier, e->id, &answer);
        end(e);
    }
}

static void on_deadline(uv_timer_t *timer)
{
    fail_with(timer->data, SY_E_TIMEOUT, "timeout", "no whole answer in time");
}

/* ---- to the socket ---- */

static void flush(struct courier_errand *e);

/* What a broken connection means, its reading side tells: a server may answer before it has read it all. */
static void on_written(uv_write_t *request, int status)
{
    struct courier_errand *e = request->data;
    e->is_writing = false;
    sy_buf_deinit(&e->writing);
    if (status == 0 && !e->is_over) {
        flush(e);
    }
}

static void flush(struct courier_errand *e)
{
    if (e->is_writing || e->out.n == 0) {
        return;
    }
    e->writing = e->out;
    e->out = sy_buf(OUT_MAX);
    e->is_writing = true;
    uv_buf_t buf = uv_buf_init((char *)e->writing.p, (unsigned)e->writing.n);
    if (uv_write(&e->write, (uv_stream_t *)&e->tcp, &buf, 1, on_written) != 0) {
        e->is_writing = false;
        fail_with(e, SY_E_IO, "connection", "the connection broke");
    }
}

/* ---- from the socket ---- */

static sy_status take_plain(struct courier_errand *e, struct sy_view bytes, struct sy_error *err)
{
    SY_TRY(courier_response_feed(&e->response, bytes, err));
    if (e->response.is_complete) {
        end_with_response(e);
    }
    return SY_OK;
}

/* The other side sends no more; is_clean as in courier_response_end. */
static sy_status take_end(struct courier_errand *e, bool is_clean, struct sy_error *err)
{
    SY_TRY(courier_response_end(&e->response, is_clean, err));
    end_with_response(e);
    return SY_OK;
}

static sy_status read_tls(struct courier_errand *e, struct sy_error *err)
{
    uint8_t plain[PLAIN_BYTES];
    enum role_tls_result result = ROLE_TLS_OK;
    while (result == ROLE_TLS_OK && !e->is_over) {
        size_t n = 0;
        result = role_tls_read(&e->tls.wire, plain, sizeof(plain), &n);
        SY_TRY(take_plain(e, sy_view(plain, n), err));
    }
    if (result == ROLE_TLS_BROKEN) {
        return sy_fail(err, SY_E_TLS, "tls", "the connection broke the rules of TLS");
    }
    return result == ROLE_TLS_END && !e->is_over ? take_end(e, true, err) : SY_OK;
}

static sy_status go_on_with_tls(struct courier_errand *e, struct sy_error *err)
{
    sy_status s = SY_OK;
    if (!e->tls.is_established) {
        enum role_tls_result result = courier_tls_handshake(&e->tls, err);
        s = result == ROLE_TLS_BROKEN ? sy_status_of(SY_E_TLS) : SY_OK;
        if (result == ROLE_TLS_OK) {
            s = role_tls_write(&e->tls.wire, sy_buf_view(&e->request));
        }
    }
    if (sy_ok(s) && e->tls.is_established) {
        s = read_tls(e, err);
    }
    if (sy_ok(s) && !e->is_over) {
        s = role_tls_drain(&e->tls.wire, &e->out);
        flush(e);
    }
    return s;
}

/* The end of one event: what went wrong becomes the answer. */
static void settle(struct courier_errand *e, sy_status s, struct sy_error *err)
{
    if (!sy_ok(s)) {
        if (err->code == 0) {
            (void)sy_fail(err, s.code, "connection", NULL);
        }
        fail(e, err);
    }
}

static sy_status take_bytes(struct courier_errand *e, struct sy_view bytes, struct sy_error *err)
{
    if (!e->url.is_tls) {
        return take_plain(e, bytes, err);
    }
    SY_TRY(role_tls_feed(&e->tls.wire, bytes));
    return go_on_with_tls(e, err);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct courier_errand *e = stream->data;
    struct sy_error err = {0};
    sy_status s = SY_OK;
    if (e->is_over || n == 0) {
        return;
    }
    if (n > 0) {
        s = take_bytes(e, sy_view(buf->base, (size_t)n), &err);
    } else if (n == UV_EOF) { /* TLS has an end of its own, which came before, or did not */
        s = take_end(e, !e->url.is_tls, &err);
    } else {
        s = sy_fail(&err, SY_E_CLOSED, "connection", "%s", uv_strerror((int)n));
    }
    settle(e, s, &err);
}

/* ---- connecting ---- */

static sy_status begin(struct courier_errand *e, struct sy_error *err)
{
    (void)uv_tcp_nodelay(&e->tcp, 1);
    if (uv_read_start((uv_stream_t *)&e->tcp, courier_read_buffer, on_read) != 0) {
        return sy_status_of(SY_E_IO);
    }
    if (e->url.is_tls) {
        SY_TRY(courier_tls_init(&e->tls, e->courier->tls, &e->url));
        return go_on_with_tls(e, err);
    }
    SY_TRY(sy_buf_add_view(&e->out, sy_buf_view(&e->request)));
    flush(e);
    return SY_OK;
}

static void try_another(struct courier_errand *e, int uv_code)
{
    (void)sy_fail(&e->last, SY_E_IO, "connect", "no connection: %s", uv_strerror(uv_code));
    close_tcp(e);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct courier_errand *e = request->data;
    struct sy_error err = {0};
    if (e->is_over) {
        return;
    }
    if (status != 0) {
        try_another(e, status);
        return;
    }
    settle(e, begin(e, &err), &err);
}

static void next_address(struct courier_errand *e)
{
    struct addrinfo *a = e->at;
    if (a == NULL) {
        fail(e, &e->last);
        return;
    }
    e->at = a->ai_next;
    if (uv_tcp_init(&e->courier->loop, &e->tcp) != 0) {
        fail_with(e, SY_E_NO_MEMORY, "connect", "out of memory");
        return;
    }
    e->has_tcp = true;
    e->tcp.data = e->connect.data = e->write.data = e;
    int uv_code = uv_tcp_connect(&e->connect, &e->tcp, a->ai_addr, on_connected);
    if (uv_code != 0) {
        try_another(e, uv_code);
    }
}

/* ---- the name ---- */

static void on_found(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct courier_errand *e = lookup->data;
    e->is_looking = false;
    e->found = e->at = found;
    if (e->is_over) {
        maybe_free(e);
    } else if (status != 0) {
        fail_with(e, SY_E_NOT_FOUND, "host", uv_strerror(status));
    } else {
        next_address(e);
    }
}

static sy_status look_up(struct courier_errand *e, struct sy_error *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags =
                                       AI_NUMERICSERV | (e->url.is_address ? AI_NUMERICHOST : 0)};
    e->lookup.data = e;
    int uv_code =
        uv_getaddrinfo(&e->courier->loop, &e->lookup, on_found, e->url.host, e->url.port, &hints);
    e->is_looking = uv_code == 0;
    return uv_code == 0 ? SY_OK : sy_fail(err, SY_E_NOT_FOUND, "host", "%s", uv_strerror(uv_code));
}

/* ---- the beginning ---- */

static struct courier_errand *new_errand(struct courier *c, uint32_t id, uint64_t timeout_ms)
{
    struct courier_errand *e = calloc(1, sizeof(*e));
    if (e == NULL) {
        return NULL;
    }
    *e = (struct courier_errand){.courier = c,
                                 .next = c->errands,
                                 .id = id,
                                 .request = sy_buf(OUT_MAX),
                                 .out = sy_buf(OUT_MAX),
                                 .has_timer = true};
    courier_response_init(&e->response);
    (void)uv_timer_init(&c->loop, &e->timer);
    e->timer.data = e;
    (void)uv_timer_start(&e->timer, on_deadline, timeout_ms, 0);
    if (c->errands != NULL) {
        c->errands->prev = e;
    }
    c->errands = e;
    c->n_errands++;
    return e;
}

static sy_status prepare(struct courier_errand *e, const struct sy_courier_ask *ask,
                         struct sy_error *err)
{
    SY_TRY(sy_url_parse(ask->url, &e->url, err));
    SY_TRY(courier_request_put(&e->request, &e->url, ask));
    return look_up(e, err);
}

void courier_errand_start(struct courier *c, uint32_t id, const struct sy_courier_ask *ask)
{
    struct sy_error err = {0};
    bool is_room = c->n_errands < SY_COURIER_AT_ONCE;
    struct courier_errand *e = is_room ? new_errand(c, id, ask->timeout_ms) : NULL;
    if (e == NULL) {
        (void)sy_fail(&err, SY_E_BUSY, NULL, "too many requests at once");
        courier_edge_refuse(c, id, &err);
        return;
    }
    settle(e, prepare(e, ask, &err), &err);
}
