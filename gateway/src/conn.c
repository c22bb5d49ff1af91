/*
 * What: a connection's states, its reading and its timeouts. Invariants: every change of state is a row
 * of STATES (a change that is not is our bug and ends the process); input functions only take from
 * `in` and queue output, everything else happens in gw_conn_work; the struct is freed in on_closed.
 */
#include "gateway/conn.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "gateway/rpc.h"

enum { OUTPUT_PAUSE_BYTES = 1 << 20, LINGER_MS = 2000, KEEPALIVE_S = 60 };

static enum gw_step handshake_input(struct gw_conn *c);
static enum gw_step sniff_input(struct gw_conn *c);

#define MAY(state) (1U << (state))

static const struct {
    unsigned next;                           /* states it may become */
    enum gw_step (*input)(struct gw_conn *); /* takes what was read; NULL: reads nothing */
    bool decrypts;                           /* is input decrypted for it? */
} STATES[GW_STATE_N] = {
    [GW_HANDSHAKE] = {MAY(GW_SNIFF) | MAY(GW_CLOSING) | MAY(GW_CLOSED), handshake_input, false},
    [GW_SNIFF] = {MAY(GW_RPC) | MAY(GW_HTTP) | MAY(GW_CLOSING) | MAY(GW_CLOSED), sniff_input, true},
    [GW_RPC] = {MAY(GW_CLOSING) | MAY(GW_CLOSED), gw_rpc_input, true},
    [GW_HTTP] = {MAY(GW_CLOSING) | MAY(GW_CLOSED), gw_http_input, true},
    [GW_CLOSING] = {MAY(GW_CLOSED), NULL, false},
    [GW_CLOSED] = {0, NULL, false},
};

static void move_to(struct gw_conn *c, enum gw_state state)
{
    if ((STATES[c->state].next & MAY(state)) == 0) {
        sy_log(SY_LOG_ERROR, "forbidden change of state", SY_LOGF_N("from", c->state),
               SY_LOGF_N("to", state));
        abort();
    }
    c->state = state;
}

static uint64_t now_ms(const struct gw_conn *c)
{
    return uv_now(&c->gw->loop);
}

/* ---- opening and closing ---- */

static void unlink_conn(struct gw_conn *c)
{
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        c->gw->conns = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    c->gw->n_conns--;
}

static void on_closed(uv_handle_t *handle)
{
    struct gw_conn *c = handle->data;
    unlink_conn(c);
    gw_conn_out_deinit(c);
    gw_frames_deinit(&c->in);
    role_tls_deinit(&c->tls.wire);
    free(c);
}

static void forget_requests(struct gw_conn *c)
{
    if (c->n_in_flight > 0) {
        gw_idmap_forget(&c->gw->ids, c);
        c->n_in_flight = 0;
    }
}

void gw_conn_drop(struct gw_conn *c)
{
    if (c->state != GW_CLOSED) {
        move_to(c, GW_CLOSED);
        forget_requests(c);
        uv_close((uv_handle_t *)&c->tcp, on_closed);
    }
}

/* Whatever the status: a peer that has not ended its side has LINGER_MS to do so. */
static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct gw_conn *c = request->handle->data;
    (void)status;
    if (c->socket_ended) {
        gw_conn_drop(c);
    }
}

/* CLOSING, one step: say the end once all is encrypted, end our side once all is written. */
static void close_step(struct gw_conn *c)
{
    if (!c->has_said_end && c->n_out == 0) {
        c->has_said_end = true;
        gw_tls_say_end(&c->tls);
        if (!gw_conn_flush(c)) {
            gw_conn_drop(c);
            return;
        }
    }
    if (c->has_said_end && gw_conn_is_flushed(c) && c->ended_ms == 0) {
        c->ended_ms = now_ms(c);
        if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) != 0) {
            gw_conn_drop(c);
        }
    }
}

void gw_conn_close(struct gw_conn *c)
{
    if (c->state == GW_CLOSING || c->state == GW_CLOSED) {
        return;
    }
    move_to(c, GW_CLOSING);
    forget_requests(c);
    gw_conn_work(c);
}

static size_t count_of_address(const struct gw *gw, const uint8_t key[GW_KEY_BYTES])
{
    size_t n = 0;
    for (const struct gw_conn *c = gw->conns; c != NULL; c = c->next) {
        n += memcmp(c->address, key, GW_KEY_BYTES) == 0;
    }
    return n;
}

/* Put in the list; from here on on_closed undoes everything. */
static void link_conn(struct gw *gw, struct gw_conn *c)
{
    c->next = gw->conns;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    gw->conns = c;
    gw->n_conns++;
    gw->stats.accepted++;
}

static bool is_welcome(struct gw_conn *c)
{
    struct gw *gw = c->gw;
    struct sockaddr_storage peer = {0};
    int n = sizeof(peer);
    if (uv_accept((uv_stream_t *)&gw->listener, (uv_stream_t *)&c->tcp) != 0 ||
        uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&peer, &n) != 0) {
        return false;
    }
    gw_address_key((struct sockaddr *)&peer, c->address);
    bool room = gw->n_conns <= gw->limits.max_conns && !gw->is_stopping &&
                count_of_address(gw, c->address) <= gw->limits.max_per_address;
    gw->stats.turned_away += !room;
    return room && sy_ok(gw_tls_init(&c->tls, gw->tls));
}

static void start_reading(struct gw_conn *c);

void gw_conn_accept(struct gw *gw)
{
    struct gw_conn *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        gw_stop(gw, 1); /* libuv would listen no more: better a new process */
        return;
    }
    *c = (struct gw_conn){.gw = gw, .state = GW_HANDSHAKE, .opened_ms = uv_now(&gw->loop)};
    gw_frames_init(&c->in, &GW_FRAME_CLIENT);
    (void)uv_tcp_init(&gw->loop, &c->tcp); /* makes no descriptor, so it cannot fail */
    c->tcp.data = c;
    link_conn(gw, c);
    if (!is_welcome(c)) {
        gw_conn_drop(c);
        return;
    }
    (void)uv_tcp_nodelay(&c->tcp, 1);
    (void)uv_tcp_keepalive(&c->tcp, 1, KEEPALIVE_S);
    start_reading(c);
}

/* ---- input ---- */

static enum gw_step handshake_input(struct gw_conn *c)
{
    switch (gw_tls_handshake(&c->tls)) {
    case ROLE_TLS_OK:
        c->active_ms = now_ms(c);
        move_to(c, GW_SNIFF);
        return GW_STEP_AGAIN;
    case ROLE_TLS_MORE:
        return GW_STEP_MORE;
    default:
        c->gw->stats.bad_handshakes++;
        gw_conn_close(c); /* with the alert that OpenSSL left */
        return GW_STEP_MORE;
    }
}

/* No request of MessagePack-RPC begins with a capital letter, every method of HTTP does. */
static enum gw_step sniff_input(struct gw_conn *c)
{
    struct sy_view rest = gw_frames_rest(&c->in);
    if (rest.n == 0 && !c->tls.is_http) {
        return GW_STEP_MORE;
    }
    if (c->tls.is_http || (rest.p[0] >= 'A' && rest.p[0] <= 'Z')) {
        gw_http_init(&c->http);
        move_to(c, GW_HTTP);
    } else {
        move_to(c, GW_RPC);
    }
    return GW_STEP_AGAIN;
}

bool gw_conn_may_read(const struct gw_conn *c)
{
    const struct gw *gw = c->gw;
    return STATES[c->state].input != NULL && !(gw->edge.full && c->state == GW_RPC) &&
           c->n_in_flight < gw->limits.max_in_flight &&
           c->n_out + c->n_writing < OUTPUT_PAUSE_BYTES;
}

/* Decrypt one record's worth into `in`. True: there is something new. */
static bool decrypt_some(struct gw_conn *c)
{
    size_t n = 0;
    uint8_t *to = gw_frames_reserve(&c->in, GW_TLS_RECORD_BYTES);
    if (to == NULL) {
        gw_conn_drop(c);
        return false;
    }
    enum role_tls_result result = role_tls_read(&c->tls.wire, to, GW_TLS_RECORD_BYTES, &n);
    if (result == ROLE_TLS_OK) {
        c->in.in.n += n;
    } else if (result == ROLE_TLS_END) {
        c->input_ended = true;
    } else if (result == ROLE_TLS_BROKEN) {
        gw_conn_drop(c);
    }
    return result == ROLE_TLS_OK;
}

static void take_input(struct gw_conn *c)
{
    while (gw_conn_may_read(c)) {
        enum gw_state state = c->state;
        if (STATES[state].input(c) == GW_STEP_MORE &&
            !(STATES[c->state].decrypts && decrypt_some(c))) {
            return;
        }
    }
}

/* An unfinished request's time runs from its first byte, and not while we are the slow ones. */
static void note_unfinished(struct gw_conn *c)
{
    bool unfinished = gw_conn_may_read(c) && (gw_frames_rest(&c->in).n > 0 || c->http.is_begun);
    if (!unfinished) {
        c->request_ms = 0;
    } else if (c->request_ms == 0) {
        c->request_ms = now_ms(c);
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct gw_conn *c = stream->data;
    if (n == 0 || c->state == GW_CLOSED) {
        return;
    }
    if (n < 0 && (n != UV_EOF || c->state == GW_CLOSING || c->state == GW_HANDSHAKE)) {
        c->gw->stats.bad_handshakes += c->state == GW_HANDSHAKE;
        gw_conn_drop(c);
        return;
    }
    if (c->state == GW_CLOSING) {
        return; /* read and forgotten, so that the kernel does not answer it with a reset */
    }
    if (n == UV_EOF) {
        c->input_ended = c->socket_ended = true;
        c->is_reading = false; /* libuv has stopped */
    } else if (!sy_ok(role_tls_feed(&c->tls.wire, sy_view(buf->base, (size_t)n)))) {
        gw_conn_drop(c);
        return;
    }
    gw_conn_work(c);
}

static void start_reading(struct gw_conn *c)
{
    bool want = (gw_conn_may_read(c) && !c->input_ended) || c->state == GW_CLOSING;
    want = want && !c->socket_ended;
    if (want && !c->is_reading) {
        if (uv_read_start((uv_stream_t *)&c->tcp, gw_read_buffer, on_read) != 0) {
            gw_conn_drop(c);
            return;
        }
    } else if (!want && c->is_reading) {
        (void)uv_read_stop((uv_stream_t *)&c->tcp);
    }
    c->is_reading = want;
}

/* ---- work ---- */

void gw_conn_answered(struct gw_conn *c)
{
    c->n_in_flight--;
    c->active_ms = now_ms(c);
}

void gw_conn_work(struct gw_conn *c)
{
    take_input(c);
    note_unfinished(c);
    if (c->state != GW_CLOSED && !gw_conn_flush(c)) {
        gw_conn_drop(c);
    }
    if (c->input_ended && c->n_in_flight == 0 && c->n_out == 0 && gw_conn_may_read(c)) {
        gw_conn_close(c); /* all that it asked is answered; this comes back here once */
    } else if (c->state == GW_CLOSING) {
        close_step(c);
    }
    if (c->state != GW_CLOSED) {
        start_reading(c);
    }
}

/* ---- time ---- */

static bool is_over(uint64_t since_ms, uint64_t limit_ms, uint64_t now)
{
    return since_ms != 0 && now - since_ms > limit_ms;
}

void gw_conn_check_time(struct gw_conn *c)
{
    const struct gw_limits *l = &c->gw->limits;
    uint64_t now = now_ms(c);
    bool serving = c->state == GW_SNIFF || c->state == GW_RPC || c->state == GW_HTTP;
    bool idle = serving && c->n_in_flight == 0 && gw_conn_is_flushed(c);
    bool stalled = c->n_writing > 0 && is_over(c->progress_ms, l->stall_ms, now);
    bool lingered = is_over(c->ended_ms, LINGER_MS, now);
    bool handshake = c->state == GW_HANDSHAKE && is_over(c->opened_ms, l->handshake_ms, now);
    bool request = serving && is_over(c->request_ms, l->request_ms, now);
    if (stalled || lingered || handshake) {
        c->gw->stats.timeouts += !lingered;
        gw_conn_drop(c);
    } else if (request || (idle && is_over(c->active_ms, l->idle_ms, now))) {
        c->gw->stats.timeouts++;
        gw_conn_close(c);
    }
}
