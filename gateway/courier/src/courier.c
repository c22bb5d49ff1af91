/*
 * What: the loop's handles and the way they start and end. Invariants: handles of struct courier itself are
 * closed in stop_now and on_sweep and nowhere else; the loop ends when every handle and lookup has had its
 * last callback, except that a lookup which hangs is not waited for after a stop.
 */
#include "courier/courier.h"

#include <stdlib.h>

#include "base/log.h"
#include "role/handoff.h"

enum { SWEEP_MS = 1000 };
#define POOL_THREADS "8" /* lookups at once */

void courier_read_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct courier *c = handle->loop->data;
    *ret = uv_buf_init(c->read_bytes, sizeof(c->read_bytes));
}

/* ---- stopping ---- */

void courier_stop(struct courier *c, int exit_code)
{
    if (!c->is_stopping) {
        c->is_stopping = true;
        c->exit_code = exit_code;
        uv_stop(&c->loop);
    }
}

static void on_term(uv_signal_t *handle, int signal)
{
    (void)signal;
    courier_stop(handle->data, 0);
}

static void on_control(uv_poll_t *handle, int status, int events)
{
    uv_os_fd_t fd = -1;
    (void)events;
    if (status != 0 || uv_fileno((uv_handle_t *)handle, &fd) != 0 || role_told_to_stop(fd)) {
        courier_stop(handle->data, 0);
    }
}

static void on_sweep(uv_timer_t *timer)
{
    struct courier *c = timer->data;
    if (c->n_errands == 0 && courier_files_changed(&c->files)) {
        sy_log(SY_LOG_INFO, "the resolver's files are new ones: starting afresh");
        courier_stop(c, 0);
    }
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    struct courier *c = arg;
    bool is_own = handle == (uv_handle_t *)&c->control || handle == (uv_handle_t *)&c->term ||
                  handle == (uv_handle_t *)&c->sweep;
    if (is_own && !uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* Everything that ends at once ends here, and is freed; lookups in the pool's threads may not be over for a
 * long time, and the process goes without them. */
static void close_all(struct courier *c)
{
    courier_edge_close(c);
    courier_errands_drop(c);
    uv_walk(&c->loop, close_handle, c);
    (void)uv_run(&c->loop, UV_RUN_NOWAIT);
    (void)uv_run(&c->loop, UV_RUN_NOWAIT);
    (void)uv_loop_close(&c->loop);
    sy_buf_deinit(&c->in);
    SSL_CTX_free(c->tls);
}

/* ---- opening ---- */

static sy_status uv_fail(struct sy_error *reterr, const char *what, int e)
{
    return sy_fail(reterr, SY_E_IO, NULL, "%s: %s", what, uv_strerror(e));
}

static sy_status open_control(struct courier *c, int fd, struct sy_error *reterr)
{
    if (fd < 0) {
        return SY_OK;
    }
    int e = uv_poll_init(&c->loop, &c->control, fd);
    c->control.data = c;
    e = e != 0 ? e : uv_poll_start(&c->control, UV_READABLE | UV_DISCONNECT, on_control);
    return e == 0 ? SY_OK : uv_fail(reterr, "control edge", e);
}

static sy_status open_timers(struct courier *c, struct sy_error *reterr)
{
    int e = uv_timer_init(&c->loop, &c->sweep);
    e = e != 0 ? e : uv_signal_init(&c->loop, &c->term);
    c->sweep.data = c->term.data = c;
    e = e != 0 ? e : uv_timer_start(&c->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    e = e != 0 ? e : uv_signal_start(&c->term, on_term, SIGTERM);
    return e == 0 ? SY_OK : uv_fail(reterr, "timers", e);
}

sy_status courier_open(struct courier *c, SSL_CTX *tls, int fds[COURIER_FD_N],
                       struct sy_error *reterr)
{
    int edge = fds[COURIER_FD_WARDEN];
    c->tls = tls;
    fds[COURIER_FD_WARDEN] = -1;
    int e = uv_loop_init(&c->loop);
    if (e != 0) {
        return uv_fail(reterr, "event loop", e);
    }
    c->loop.data = c;
    SY_TRY(open_timers(c, reterr));
    SY_TRY(open_control(c, fds[COURIER_FD_CONTROL], reterr));
    return courier_edge_open(c, edge, reterr);
}

/* ---- running ---- */

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void has_started(uv_work_t *work, int status)
{
    *(bool *)work->data = status == 0;
}

/* On a loop of its own: nothing of the edge is read yet. The pool starts all its threads with the first
 * work that it is given. */
sy_status courier_start_threads(void)
{
    uv_loop_t loop;
    bool is_done = false;
    uv_work_t work = {.data = &is_done};
    if (setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 1) != 0 || uv_loop_init(&loop) != 0) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (uv_queue_work(&loop, &work, do_nothing, has_started) == 0) {
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    }
    (void)uv_loop_close(&loop);
    return is_done ? SY_OK : sy_status_of(SY_E_KERNEL);
}

int courier_run(struct courier *c)
{
    while (!c->is_stopping) {
        (void)uv_run(&c->loop, UV_RUN_DEFAULT);
    }
    close_all(c);
    return c->exit_code;
}
