/*
 * What: the loop's handles and the way they start and end. Invariants: handles of struct gw itself are
 * closed in stop_now and nowhere else; the loop ends when every handle, connections included, has had
 * its close callback; gw_stop only arms a timer, so it may be called from any depth.
 */
#include "gateway/gateway.h"

#include <string.h>

#include "base/log.h"
#include "gateway/conn.h"
#include "gateway/relay.h"
#include "role/handoff.h"

enum { SWEEP_MS = 250, STOP_TICK_MS = 20, STOP_WAIT_MS = 2000, BACKLOG = 511, STATS_MS = 60000 };

void gw_read_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct gw *gw = handle->loop->data;
    *ret = uv_buf_init((char *)gw->read_bytes, sizeof(gw->read_bytes));
}

static sy_status uv_fail(struct sy_error *reterr, const char *what, int e)
{
    return sy_fail(reterr, SY_E_IO, NULL, "%s: %s", what, uv_strerror(e));
}

/* ---- counters ---- */

static void log_stats(struct gw *gw)
{
#define STAT_LOG(field) SY_LOGF_N(#field, gw->stats.field),
    const struct sy_log_field fields[] = {SY_LOGF_N("connections", gw->n_conns),
                                          GW_STATS(STAT_LOG)};
#undef STAT_LOG
    sy_log_write(SY_LOG_INFO, "counts", fields, sizeof(fields) / sizeof(fields[0]));
    gw->logged = gw->stats;
    gw->logged_ms = uv_now(&gw->loop);
}

static bool stats_changed(const struct gw *gw)
{
#define STAT_DIFFERS(field) || gw->stats.field != gw->logged.field
    return false GW_STATS(STAT_DIFFERS);
#undef STAT_DIFFERS
}

static void on_sweep(uv_timer_t *timer)
{
    struct gw *gw = timer->data;
    for (struct gw_conn *c = gw->conns; c != NULL; c = c->next) {
        gw_conn_check_time(c);
    }
    if (stats_changed(gw) && uv_now(&gw->loop) - gw->logged_ms >= STATS_MS) {
        log_stats(gw);
    }
}

/* ---- stopping ---- */

static void close_handle(uv_handle_t *handle)
{
    if (handle->data != NULL && !uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* No longer wait for clients that do not take their last words. */
static void on_stop_over(uv_timer_t *timer)
{
    struct gw *gw = timer->data;
    for (struct gw_conn *c = gw->conns; c != NULL; c = c->next) {
        gw_conn_drop(c);
    }
    close_handle((uv_handle_t *)&gw->sweep);
    close_handle((uv_handle_t *)&gw->edge.pipe);
    close_handle((uv_handle_t *)timer);
}

static void on_stop_tick(uv_timer_t *timer)
{
    struct gw *gw = timer->data;
    if (gw->n_conns == 0 || uv_now(&gw->loop) - gw->stop_ms >= STOP_WAIT_MS) {
        on_stop_over(timer);
    }
}

static void stop_now(uv_timer_t *timer)
{
    struct gw *gw = timer->data;
    gw->stop_ms = uv_now(&gw->loop);
    close_handle((uv_handle_t *)&gw->listener);
    close_handle((uv_handle_t *)&gw->control);
    close_handle((uv_handle_t *)&gw->term);
    gw_relay_give_up(gw);
    for (struct gw_conn *c = gw->conns; c != NULL; c = c->next) {
        gw_conn_close(c);
    }
    uv_timer_start(timer, on_stop_tick, 0, STOP_TICK_MS);
}

void gw_stop(struct gw *gw, int exit_code)
{
    if (!gw->is_stopping) {
        gw->is_stopping = true;
        gw->exit_code = exit_code;
        uv_timer_start(&gw->stopping, stop_now, 0, 0);
    }
}

static void on_term(uv_signal_t *handle, int signal)
{
    (void)signal;
    gw_stop(handle->data, 0);
}

/* The supervisor says nothing to a gateway but goodbye, by hanging up. */
static void on_control(uv_poll_t *handle, int status, int events)
{
    uv_os_fd_t fd = -1;
    (void)events;
    bool later =
        status == 0 && uv_fileno((uv_handle_t *)handle, &fd) == 0 && !role_told_to_stop(fd);
    if (!later) {
        gw_stop(handle->data, 0);
    }
}

/* ---- opening ---- */

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) {
        gw_conn_accept(listener->data);
    }
}

static int take_fd(struct gw_handoff *h, enum gw_fd which)
{
    int fd = h->fds[which];
    h->fds[which] = -1;
    return fd;
}

static sy_status open_listener(struct gw *gw, struct gw_handoff *h, struct sy_error *reterr)
{
    int e = uv_tcp_init(&gw->loop, &gw->listener);
    gw->listener.data = gw;
    e = e != 0 ? e : uv_tcp_open(&gw->listener, take_fd(h, GW_FD_LISTEN));
    e = e != 0 ? e : uv_listen((uv_stream_t *)&gw->listener, BACKLOG, on_connection);
    return e == 0 ? SY_OK : uv_fail(reterr, "listening", e);
}

/* The control descriptor stays the handoff's to close: libuv only polls it. */
static sy_status open_control(struct gw *gw, const struct gw_handoff *h, struct sy_error *reterr)
{
    if (h->fds[GW_FD_CONTROL] < 0) {
        return SY_OK;
    }
    int e = uv_poll_init(&gw->loop, &gw->control, h->fds[GW_FD_CONTROL]);
    gw->control.data = gw;
    e = e != 0 ? e : uv_poll_start(&gw->control, UV_READABLE | UV_DISCONNECT, on_control);
    return e == 0 ? SY_OK : uv_fail(reterr, "control edge", e);
}

static sy_status open_timers(struct gw *gw, struct sy_error *reterr)
{
    int e = uv_timer_init(&gw->loop, &gw->sweep);
    e = e != 0 ? e : uv_timer_init(&gw->loop, &gw->stopping);
    e = e != 0 ? e : uv_signal_init(&gw->loop, &gw->term);
    gw->sweep.data = gw->stopping.data = gw->term.data = gw;
    e = e != 0 ? e : uv_timer_start(&gw->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    e = e != 0 ? e : uv_signal_start(&gw->term, on_term, SIGTERM);
    return e == 0 ? SY_OK : uv_fail(reterr, "timers", e);
}

static sy_status open_memory(struct gw *gw, struct sy_error *reterr)
{
    gw->buckets = gw_buckets_new(gw->limits.rate, gw->limits.burst);
    if (gw->buckets == NULL || !sy_ok(gw_replica_init(&gw->replica)) ||
        !sy_ok(gw_idmap_init(&gw->ids, gw->limits.max_conns * gw->limits.max_in_flight))) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    int e = uv_loop_init(&gw->loop);
    gw->loop.data = gw;
    gw->logged_ms = uv_now(&gw->loop);
    return e == 0 ? SY_OK : uv_fail(reterr, "event loop", e);
}

sy_status gw_open(struct gw *gw, const struct gw_limits *limits, SSL_CTX *tls, struct gw_handoff *h,
                  struct sy_error *reterr)
{
    gw->limits = *limits;
    gw->tls = tls;
    gw->public_dirfd = h->fds[GW_FD_PUBLIC];
    SY_TRY(open_memory(gw, reterr));
    SY_TRY(open_timers(gw, reterr));
    SY_TRY(open_control(gw, h, reterr));
    SY_TRY(gw_relay_open(gw, take_fd(h, GW_FD_WARDEN), reterr));
    return open_listener(gw, h, reterr);
}

int gw_run(struct gw *gw)
{
    (void)uv_run(&gw->loop, UV_RUN_DEFAULT);
    log_stats(gw);
    (void)uv_loop_close(&gw->loop);
    gw_frames_deinit(&gw->edge.in);
    gw_idmap_deinit(&gw->ids);
    gw_buckets_free(gw->buckets);
    gw_replica_deinit(&gw->replica);
    SSL_CTX_free(gw->tls);
    return gw->exit_code;
}
