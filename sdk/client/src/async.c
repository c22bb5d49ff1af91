/*
 * What: the connection of an asynchronous client on the caller's loop. One timer does all that is
 * not an answer of libuv: first try, repetitions, times out. Invariants: a user's callback is never
 * run from within a public function; after it, c->closing is looked at before anything else is
 * touched; the memory is freed when the last handle and request has ended.
 */
#include "client/async.h"

#include <stdlib.h>

#include "base/arith.h"

enum { BACKOFF_MIN_MS = 50, BACKOFF_MAX_MS = 4000 };

static void tick(uv_timer_t *timer);
static void try_next(struct shuyu_async *c);

/* --- life ------------------------------------------------------------------------------------- */

static void unpend(struct shuyu_async *c)
{
    if (--c->pending > 0 || !c->closing) {
        return;
    }
    shuyu_async_close_fn on_closed = c->on_closed;
    void *ctx = c->closed_ctx;
    free(c);
    if (on_closed != NULL) {
        on_closed(ctx);
    }
}

static void timer_closed(uv_handle_t *h)
{
    unpend(h->data);
}

static void wake_at(struct shuyu_async *c, uint64_t at_ms)
{
    uint64_t now = client_now_ms();
    uv_update_time(c->loop);
    (void)uv_timer_start(&c->timer, tick, at_ms > now ? at_ms - now : 0, 0);
}

void client_async_wake(struct shuyu_async *c)
{
    if (!c->closing) {
        wake_at(c, 0);
    }
}

static sy_status async_new(uv_loop_t *loop, shuyu_profile *p, const char *address,
                           const shuyu_options *options, shuyu_async **ret, struct sy_error *err)
{
    const char *text = address != NULL ? address : p->pins.address;
    struct client_address a;
    if (text[0] == '\0') {
        return sy_fail(err, SY_E_STATE, "address", "no address is given, and none is pinned");
    }
    SY_TRY(client_address_parse(text, &a, err));
    if (a.local) {
        return sy_fail(err, SY_E_FIELD, "address", "the local socket is for blocking sessions");
    }
    struct shuyu_async *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    c->loop = loop;
    c->profile = p;
    c->address = a;
    c->state = CLIENT_ASYNC_DOWN;
    c->backoff_ms = BACKOFF_MIN_MS;
    client_options_fill(options, &c->options);
    (void)uv_timer_init(loop, &c->timer); /* cannot fail */
    c->timer.data = c;
    c->pending = 1;
    *ret = c;
    return SY_OK;
}

shuyu_status shuyu_async_open(struct uv_loop_s *loop, shuyu_profile *p, const char *address,
                              const shuyu_options *options, shuyu_async **ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct shuyu_async *c = NULL;
    if (loop == NULL || p == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "loop", NULL);
    }
    sy_status s = async_new(loop, p, address, options, &c, &err);
    if (c != NULL) {
        client_async_wake(c);
        *ret = c;
    }
    return client_give(s, &err, reterr);
}

void shuyu_async_on_open(shuyu_async *c, shuyu_async_open_fn on_open, void *ctx)
{
    c->on_open = on_open;
    c->open_ctx = ctx;
}

static void tell_open(struct shuyu_async *c, sy_status s, const struct sy_error *err)
{
    if (!c->told && !c->closing) {
        shuyu_error error = {0};
        shuyu_status code = client_give(s, err, &error);
        c->told = true;
        if (c->on_open != NULL) {
            c->on_open(c, c->open_ctx, code, &error);
        }
    }
}

/* --- losing the connection -------------------------------------------------------------------- */

static void free_found(struct shuyu_async *c)
{
    uv_freeaddrinfo(c->found);
    c->found = NULL;
    c->trying = NULL;
}

static void go_down(struct shuyu_async *c)
{
    c->state = CLIENT_ASYNC_DOWN;
    c->retry_ms = client_now_ms() + c->backoff_ms;
    c->backoff_ms = sy_min_u64(c->backoff_ms * 2, BACKOFF_MAX_MS);
    client_async_wake(c);
}

static void tcp_closed(uv_handle_t *h)
{
    struct shuyu_async *c = h->data;
    client_link_deinit(&c->link);
    if (!c->closing && c->trying != NULL && c->trying->ai_next != NULL) {
        c->trying = c->trying->ai_next;
        try_next(c);
    } else if (!c->closing) {
        free_found(c);
        go_down(c);
    }
    unpend(c);
}

/* The socket is of no more use. keep_trying: the host's next address may be. */
static void lose(struct shuyu_async *c, bool keep_trying)
{
    if (c->state != CLIENT_ASYNC_CONNECTING && c->state != CLIENT_ASYNC_UP) {
        return;
    }
    c->state = CLIENT_ASYNC_DROPPING;
    client_async_unsend(c);
    if (!keep_trying) {
        free_found(c);
    }
    uv_close((uv_handle_t *)&c->tcp, tcp_closed);
}

static void fail_open(struct shuyu_async *c, const struct sy_error *err, bool keep_trying)
{
    bool more = keep_trying && c->trying != NULL && c->trying->ai_next != NULL;
    lose(c, keep_trying);
    if (!more) {
        tell_open(c, sy_status_of(err->code), err);
    }
}

/* --- moving bytes ----------------------------------------------------------------------------- */

struct write {
    uv_write_t req;
    uint8_t *p;
};

static void written(uv_write_t *req, int status)
{
    struct write *w = (struct write *)req; /* its first member */
    (void)status;                          /* a broken socket shows when reading */
    free(w->p);
    free(w);
}

/* Hand the link's output to libuv. */
static sy_status flush(struct shuyu_async *c, struct sy_error *err)
{
    struct sy_buf *out = client_link_output(&c->link);
    if (out->n == 0) {
        return SY_OK;
    }
    struct write *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    uv_buf_t b = uv_buf_init((char *)out->p, (unsigned)out->n);
    w->p = out->p;
    *out = sy_buf(out->ceiling);
    if (uv_write(&w->req, (uv_stream_t *)&c->tcp, &b, 1, written) != 0) {
        free(w->p);
        free(w);
        return sy_fail(err, SY_E_CLOSED, NULL, NULL);
    }
    return SY_OK;
}

/* OK while there may be more; SY_E_CLOSED: no whole frame is there. */
static sy_status take_frame(struct shuyu_async *c, struct sy_error *err)
{
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    SY_TRY(client_link_frame(&c->link, &m, err));
    if (m.kind == SY_RPC_RESPONSE) {
        client_async_response(c, &m);
    }
    return SY_OK;
}

static sy_status take_frames(struct shuyu_async *c, struct sy_error *err)
{
    sy_status s = SY_OK;
    while (sy_ok(s) && !c->closing && c->state == CLIENT_ASYNC_UP) {
        s = take_frame(c, err);
    }
    return s.code == SY_E_CLOSED ? SY_OK : s;
}

static sy_status received(struct shuyu_async *c, struct sy_view bytes, struct sy_error *err)
{
    sy_status s = client_link_receive(&c->link, bytes, err);
    if (c->state == CLIENT_ASYNC_CONNECTING && sy_ok(s) && c->link.ready) {
        c->state = CLIENT_ASYNC_UP;
        c->backoff_ms = BACKOFF_MIN_MS;
        free_found(c);
        client_async_wake(c); /* sends what waits */
    }
    if (c->link.ready && c->state == CLIENT_ASYNC_UP) {
        sy_status t = take_frames(c, err);
        s = sy_ok(s) ? t : s;
    }
    if (sy_ok(s) && !c->closing) {
        s = flush(c, err);
    }
    return s;
}

static void on_alloc(uv_handle_t *h, size_t want, uv_buf_t *ret)
{
    struct shuyu_async *c = h->data;
    (void)want;
    *ret = uv_buf_init(c->chunk, sizeof(c->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct shuyu_async *c = stream->data;
    struct sy_error err = {0};
    bool was_up = c->state == CLIENT_ASYNC_UP;
    if (n == 0) {
        return;
    }
    sy_status s = n < 0 ? sy_fail(&err, SY_E_CLOSED, NULL, NULL)
                        : received(c, sy_view(b->base, (size_t)n), &err);
    if (c->closing) {
        return;
    }
    if (sy_ok(s) && c->state == CLIENT_ASYNC_UP) {
        tell_open(c, SY_OK, &err);
    } else if (!sy_ok(s) && was_up) {
        lose(c, false);
    } else if (!sy_ok(s)) {
        err.code = s.code;
        fail_open(c, &err, n < 0);
    }
}

/* --- connecting ------------------------------------------------------------------------------- */

static void on_connect(uv_connect_t *req, int status)
{
    struct shuyu_async *c = req->data;
    struct sy_error err = {0};
    if (c->closing || c->state != CLIENT_ASYNC_CONNECTING) {
        return;
    }
    sy_status s = status == 0 ? client_link_init(&c->link, c->profile, &err)
                              : sy_fail(&err, SY_E_CLOSED, "address", "nobody listens there");
    if (sy_ok(s)) {
        s = flush(c, &err);
    }
    if (sy_ok(s) && uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0) {
        s = sy_fail(&err, SY_E_IO, "address", NULL);
    }
    if (!sy_ok(s)) {
        fail_open(c, &err, status != 0);
    }
}

static void try_next(struct shuyu_async *c)
{
    struct sy_error err = {0};
    (void)uv_tcp_init(c->loop, &c->tcp); /* without a socket yet: cannot fail */
    (void)uv_tcp_nodelay(&c->tcp, 1);
    c->tcp.data = c;
    c->connecting.data = c;
    c->pending++;
    c->state = CLIENT_ASYNC_CONNECTING;
    c->connect_by_ms = client_now_ms() + c->options.connect_timeout_ms;
    if (uv_tcp_connect(&c->connecting, &c->tcp, c->trying->ai_addr, on_connect) != 0) {
        (void)sy_fail(&err, SY_E_IO, "address", NULL);
        fail_open(c, &err, true);
    }
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct shuyu_async *c = req->data;
    struct sy_error err = {0};
    if (c->closing) {
        uv_freeaddrinfo(list);
    } else if (status != 0 || list == NULL) {
        (void)sy_fail(&err, SY_E_NOT_FOUND, "address", "there is no such host");
        go_down(c);
        tell_open(c, sy_status_of(err.code), &err);
    } else {
        c->found = list;
        c->trying = list;
        try_next(c);
    }
    unpend(c);
}

static void resolve(struct shuyu_async *c)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    c->resolving.data = c;
    if (uv_getaddrinfo(c->loop, &c->resolving, on_resolved, c->address.host, c->address.port,
                       &hints) != 0) {
        go_down(c);
        return;
    }
    c->state = CLIENT_ASYNC_RESOLVING;
    c->pending++;
}

/* --- the timer -------------------------------------------------------------------------------- */

static void tick_connection(struct shuyu_async *c, uint64_t now)
{
    struct sy_error err = {0};
    if (c->state == CLIENT_ASYNC_DOWN && now >= c->retry_ms && (c->calls != NULL || !c->told)) {
        resolve(c);
    } else if (c->state == CLIENT_ASYNC_CONNECTING && now >= c->connect_by_ms) {
        (void)sy_fail(&err, SY_E_TIMEOUT, "address", "no connection in time");
        fail_open(c, &err, true);
    } else if (c->state == CLIENT_ASYNC_UP) {
        sy_status s = client_async_send_due(c, now, &err);
        if (!sy_ok(s) || !sy_ok(flush(c, &err))) {
            lose(c, false);
        }
    }
}

static uint64_t next_tick(const struct shuyu_async *c)
{
    uint64_t next = client_async_next_ms(c);
    if (c->state == CLIENT_ASYNC_DOWN && (c->calls != NULL || !c->told)) {
        next = sy_min_u64(next, c->retry_ms);
    }
    if (c->state == CLIENT_ASYNC_CONNECTING) {
        next = sy_min_u64(next, c->connect_by_ms);
    }
    return next;
}

static void tick(uv_timer_t *timer)
{
    struct shuyu_async *c = timer->data;
    uint64_t now = client_now_ms();
    client_async_expire(c, now);
    if (!c->closing) {
        tick_connection(c, now);
    }
    uint64_t next = c->closing ? UINT64_MAX : next_tick(c);
    if (next != UINT64_MAX) {
        wake_at(c, next > now ? next : now + 1);
    }
}

void shuyu_async_close(shuyu_async *c, shuyu_async_close_fn on_closed, void *ctx)
{
    if (c == NULL || c->closing) {
        return;
    }
    client_async_drop_calls(c);
    if (c->state == CLIENT_ASYNC_RESOLVING) {
        (void)uv_cancel((uv_req_t *)&c->resolving); /* its callback comes in any case */
    }
    lose(c, false);
    free_found(c);
    c->closing = true;
    c->on_closed = on_closed;
    c->closed_ctx = ctx;
    uv_close((uv_handle_t *)&c->timer, timer_closed);
}
