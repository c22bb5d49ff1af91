/*
 * The loop's handles and the way they start and end. Invariants: handles of the server itself are closed
 * in stop() and nowhere else; the loop ends when every handle, connections included, is closed.
 */
#include "witness/server.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "conn.h"

enum { BACKLOG = 128, SWEEP_MS = 250, PORT_TEXT_MAX = 5 };

static sy_status uv_fail(struct sy_error *reterr, const char *what, int e)
{
    return sy_fail(reterr, SY_E_IO, "listen", "%s: %s", what, uv_strerror(e));
}

/* ---- stopping ---- */

static void stop(struct witness_server *s)
{
    if (s->is_stopping) {
        return;
    }
    s->is_stopping = true;
    uv_close((uv_handle_t *)&s->listener, NULL);
    uv_close((uv_handle_t *)&s->term, NULL);
    uv_close((uv_handle_t *)&s->interrupt, NULL);
    for (struct witness_conn *c = s->conns; c != NULL; c = c->next) {
        witness_conn_finish(c);
    }
}

static void on_signal(uv_signal_t *handle, int signal)
{
    (void)signal;
    sy_log(SY_LOG_INFO, "stopping");
    stop(handle->data);
}

/* Deadlines; and the end of a witness that can store nothing more, once its last answers are out. */
static void on_sweep(uv_timer_t *timer)
{
    struct witness_server *s = timer->data;
    uint64_t now_ms = uv_now(&s->loop);
    for (struct witness_conn *c = s->conns; c != NULL; c = c->next) {
        if (now_ms >= c->deadline_ms) {
            witness_conn_drop(c);
        }
    }
    if (s->witness->has_failed) {
        s->exit_code = 1;
        stop(s);
    }
    if (s->is_stopping && s->n_conns == 0) {
        uv_close((uv_handle_t *)timer, NULL);
    }
}

/* ---- opening ---- */

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) {
        witness_conn_accept(listener->data);
    }
}

/* HOST:PORT or [HOST]:PORT, by numbers. */
static bool parse_address(const char *text, struct sockaddr_storage *ret)
{
    char host[64];
    unsigned port = 0;
    const char *colon = strrchr(text, ':');
    size_t n = colon == NULL ? 0 : (size_t)(colon - text);
    bool is_six = n > 2 && text[0] == '[' && text[n - 1] == ']';
    size_t n_host = is_six ? n - 2 : n;
    if (n == 0 || n_host >= sizeof(host) || strlen(colon + 1) > PORT_TEXT_MAX ||
        colon[1 + strspn(colon + 1, "0123456789")] != '\0' ||
        sscanf(colon + 1, "%5u", &port) != 1 || port > UINT16_MAX) {
        return false;
    }
    memcpy(host, text + is_six, n_host);
    host[n_host] = '\0';
    return (is_six ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)ret)
                   : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)ret)) == 0;
}

static int bound_address(struct witness_server *s)
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
    return e;
}

static int open_handles(struct witness_server *s)
{
    int e = uv_tcp_init(&s->loop, &s->listener);
    s->listener.data = s->term.data = s->interrupt.data = s->sweep.data = s;
    e = e != 0 ? e : uv_signal_init(&s->loop, &s->term);
    e = e != 0 ? e : uv_signal_init(&s->loop, &s->interrupt);
    return e != 0 ? e : uv_timer_init(&s->loop, &s->sweep);
}

static int start(struct witness_server *s, const struct sockaddr *at)
{
    int e = uv_tcp_bind(&s->listener, at, 0);
    e = e != 0 ? e : uv_listen((uv_stream_t *)&s->listener, BACKLOG, on_connection);
    e = e != 0 ? e : bound_address(s);
    e = e != 0 ? e : uv_signal_start(&s->term, on_signal, SIGTERM);
    e = e != 0 ? e : uv_signal_start(&s->interrupt, on_signal, SIGINT);
    return e != 0 ? e : uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

/* For a start that failed: close what is open. */
static void abandon(struct witness_server *s)
{
    stop(s);
    uv_close((uv_handle_t *)&s->sweep, NULL);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&s->loop);
}

sy_status witness_server_open(struct witness_server *ret, struct witness *witness,
                              const char *address, struct sy_error *reterr)
{
    struct sockaddr_storage at = {0};
    *ret = (struct witness_server){.witness = witness};
    if (!parse_address(address, &at)) {
        return sy_fail(reterr, SY_E_FIELD, "listen", "%s is not HOST:PORT by numbers", address);
    }
    int e = uv_loop_init(&ret->loop);
    e = e != 0 ? e : open_handles(ret);
    if (e != 0) {
        return uv_fail(reterr, "the event loop", e);
    }
    e = start(ret, (const struct sockaddr *)&at);
    if (e != 0) {
        abandon(ret);
        return uv_fail(reterr, address, e);
    }
    return SY_OK;
}

int witness_server_run(struct witness_server *server)
{
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&server->loop);
    return server->exit_code;
}
