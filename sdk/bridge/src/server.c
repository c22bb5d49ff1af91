/*
 * The loop's handles and the way they start and end. Invariants: handles of the server itself are closed once, in
 * stop or in close_rest; the SDK's client is closed when no connection is left, and the sweep with it; the loop
 * ends when every handle is closed.
 */
#include "bridge/server.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "conn.h"

enum { BACKLOG = 64, SWEEP_MS = 100 };

static sy_status uv_fail(struct sy_error *reterr, const char *what, int e)
{
    return sy_fail(reterr, SY_E_IO, "listen", "%s: %s", what, uv_strerror(e));
}

/* ---- stopping ---- */

void bridge_server_stop(struct bridge_server *s)
{
    if (s->is_stopping) {
        return;
    }
    s->is_stopping = true;
    uv_close((uv_handle_t *)&s->listener, NULL);
    uv_close((uv_handle_t *)&s->term, NULL);
    uv_close((uv_handle_t *)&s->interrupt, NULL);
    for (struct bridge_conn *c = s->conns; c != NULL; c = c->next) {
        bridge_conn_finish(c);
    }
}

static void on_signal(uv_signal_t *handle, int signal)
{
    (void)signal;
    sy_log(SY_LOG_INFO, "stopping");
    bridge_server_stop(handle->data);
}

/* The end of a stop's time: nobody waits any more. */
static void on_stop_time(uv_timer_t *timer)
{
    struct bridge_server *s = timer->data;
    bridge_fetch_expire(s, true);
    for (struct bridge_conn *c = s->conns; c != NULL; c = c->next) {
        if (!c->is_writing) {
            bridge_conn_drop(c);
        }
    }
}

/* No connection is left; calls that only a key waits for go too. */
static void close_rest(struct bridge_server *s)
{
    s->is_closed = true;
    bridge_fetch_expire(s, true);
    bridge_calls_drop(s);
    shuyu_async_close(s->client, NULL, NULL);
    uv_close((uv_handle_t *)&s->sweep, NULL);
    uv_close((uv_handle_t *)&s->stop_timer, NULL);
}

static void on_sweep(uv_timer_t *timer)
{
    struct bridge_server *s = timer->data;
    uint64_t now_ms = uv_now(&s->loop);
    bridge_fetch_expire(s, false);
    for (struct bridge_conn *c = s->conns; c != NULL; c = c->next) {
        if (now_ms >= c->deadline_ms) {
            bridge_conn_expire(c);
        }
    }
    if (s->is_stopping && !uv_is_active((uv_handle_t *)&s->stop_timer)) {
        (void)uv_timer_start(&s->stop_timer, on_stop_time, BRIDGE_STOP_MS, SWEEP_MS);
    }
    if (s->is_stopping && s->n_conns == 0 && !s->is_closed) {
        close_rest(s);
    }
}

/* ---- opening ---- */

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) {
        bridge_conn_accept(listener->data);
    }
}

static int bound_address(struct bridge_server *s)
{
    struct sockaddr_storage at;
    int n = sizeof(at);
    char host[48] = "";
    int e = uv_tcp_getsockname(&s->listener, (struct sockaddr *)&at, &n);
    bool is_six = at.ss_family == AF_INET6;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&at;
    const struct sockaddr_in *four = (const struct sockaddr_in *)&at;
    if (e == 0) {
        e = is_six ? uv_ip6_name(six, host, sizeof(host)) : uv_ip4_name(four, host, sizeof(host));
    }
    (void)snprintf(s->address, sizeof(s->address), is_six ? "[%s]:%u" : "%s:%u", host,
                   ntohs(is_six ? six->sin6_port : four->sin_port));
    (void)snprintf(s->url, sizeof(s->url), "http://%s", s->address);
    return e;
}

static int open_handles(struct bridge_server *s)
{
    int e = uv_tcp_init(&s->loop, &s->listener);
    s->listener.data = s->term.data = s->interrupt.data = s->sweep.data = s->stop_timer.data = s;
    e = e != 0 ? e : uv_signal_init(&s->loop, &s->term);
    e = e != 0 ? e : uv_signal_init(&s->loop, &s->interrupt);
    e = e != 0 ? e : uv_timer_init(&s->loop, &s->sweep);
    return e != 0 ? e : uv_timer_init(&s->loop, &s->stop_timer);
}

static int start(struct bridge_server *s, const struct sockaddr *at)
{
    int e = uv_tcp_bind(&s->listener, at, 0);
    e = e != 0 ? e : uv_listen((uv_stream_t *)&s->listener, BACKLOG, on_connection);
    e = e != 0 ? e : bound_address(s);
    e = e != 0 ? e : uv_signal_start(&s->term, on_signal, SIGTERM);
    e = e != 0 ? e : uv_signal_start(&s->interrupt, on_signal, SIGINT);
    return e != 0 ? e : uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

static sy_status start_client(struct bridge_server *s, const char *address, struct sy_error *reterr)
{
    shuyu_options options = {.call_timeout_ms = BRIDGE_CALL_MS};
    shuyu_error e = {0};
    shuyu_status status = shuyu_async_open(&s->loop, s->profile, address, &options, &s->client, &e);
    return status == SHUYU_OK ? SY_OK : sy_fail(reterr, status, e.field, "%s", e.reason);
}

/* For a start that failed: close what is open. */
static void abandon(struct bridge_server *s)
{
    bridge_server_stop(s);
    close_rest(s);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&s->loop);
}

sy_status bridge_server_open(struct bridge_server *ret, const struct bridge_setup *setup,
                             struct sy_error *reterr)
{
    struct sockaddr_storage at = {0};
    SY_TRY(bridge_address_parse(setup->listen, &at, reterr));
    *ret = (struct bridge_server){.profile = setup->profile, .wait_ms = setup->wait_ms};
    int e = uv_loop_init(&ret->loop);
    e = e != 0 ? e : open_handles(ret);
    if (e != 0) {
        return uv_fail(reterr, "the event loop", e);
    }
    sy_status s = SY_OK;
    e = start(ret, (const struct sockaddr *)&at);
    if (e != 0) {
        s = uv_fail(reterr, setup->listen, e);
    } else {
        s = start_client(ret, setup->address, reterr);
    }
    if (!sy_ok(s)) {
        abandon(ret);
        return s;
    }
    ret->token = setup->token;
    return SY_OK;
}

void bridge_server_run(struct bridge_server *s)
{
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&s->loop);
    bridge_shelf_drop(s->shelf);
    s->shelf = NULL;
    bridge_keys_deinit(&s->keys);
    bridge_token_deinit(&s->token);
}
