/*
 * What: the blocking client. Invariants: after any error of the stream the socket is closed, so
 * that no later response can be taken for an earlier one's; a repetition sends the same envelope
 * under a new frame id; no wait is longer than the call's time.
 */
#include "client/session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "base/time.h"
#include "client/reply.h"

enum {
    CONNECT_MS = 10000,
    CALL_MS = 120000,
    BACKOFF_MIN_MS = 25,
    BACKOFF_MAX_MS = 2000,
    CHUNK = 65536
};

void client_options_fill(const shuyu_options *options, shuyu_options *ret)
{
    *ret = options == NULL ? (shuyu_options){0} : *options;
    ret->connect_timeout_ms = ret->connect_timeout_ms == 0 ? CONNECT_MS : ret->connect_timeout_ms;
    ret->call_timeout_ms = ret->call_timeout_ms == 0 ? CALL_MS : ret->call_timeout_ms;
}

/* --- moving bytes ----------------------------------------------------------------------------- */

static sy_status wait_for(const shuyu_session *s, uint64_t deadline_ms, short *ret_events,
                          struct sy_error *err)
{
    short want = s->link.out.n > 0 ? POLLIN | POLLOUT : POLLIN;
    struct pollfd p = {.fd = s->fd, .events = want};
    for (;;) {
        uint64_t now = client_now_ms();
        int r = now >= deadline_ms ? 0 : poll(&p, 1, (int)sy_min_u64(deadline_ms - now, 1 << 30));
        if (r > 0) {
            *ret_events = p.revents;
            return SY_OK;
        }
        if (r == 0) {
            return sy_fail(err, SY_E_TIMEOUT, NULL, NULL);
        }
        if (errno != EINTR) {
            return sy_fail_errno(err, errno, "poll");
        }
    }
}

static sy_status write_some(shuyu_session *s, struct sy_error *err)
{
    struct sy_buf *out = client_link_output(&s->link);
    while (out->n > 0) {
        ssize_t n = send(s->fd, out->p, out->n, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return SY_OK;
        }
        if (n < 0) {
            return sy_fail(err, SY_E_CLOSED, NULL, NULL);
        }
        sy_buf_consume(out, (size_t)n);
    }
    return SY_OK;
}

static sy_status read_some(shuyu_session *s, struct sy_error *err)
{
    uint8_t chunk[CHUNK];
    ssize_t n = recv(s->fd, chunk, sizeof(chunk), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return SY_OK;
    }
    return n <= 0 ? sy_fail(err, SY_E_CLOSED, NULL, NULL)
                  : client_link_receive(&s->link, sy_view(chunk, (size_t)n), err);
}

/* One round: wait, write what can be written, read what is there. */
static sy_status pump(shuyu_session *s, uint64_t deadline_ms, struct sy_error *err)
{
    short events = 0;
    SY_TRY(wait_for(s, deadline_ms, &events, err));
    if ((events & POLLOUT) != 0) {
        SY_TRY(write_some(s, err));
    }
    return (events & (POLLIN | POLLHUP | POLLERR)) != 0 ? read_some(s, err) : SY_OK;
}

/* --- connecting ------------------------------------------------------------------------------- */

void client_disconnect(shuyu_session *s)
{
    if (s->fd >= 0) {
        client_link_deinit(&s->link);
        sy_fd_close(&s->fd);
    }
}

sy_status client_ensure(shuyu_session *s, uint64_t deadline_ms, struct sy_error *err)
{
    if (s->fd >= 0) {
        return SY_OK;
    }
    uint64_t until = client_now_ms() + s->options.connect_timeout_ms;
    until = deadline_ms < until ? deadline_ms : until;
    SY_TRY(client_connect(&s->address, until, &s->fd, err));
    sy_status st = client_link_init(&s->link, s->address.local ? NULL : s->profile, err);
    if (!sy_ok(st)) {
        sy_fd_close(&s->fd);
        return st;
    }
    while (sy_ok(st) && (!s->link.ready || s->link.out.n > 0)) {
        st = pump(s, until, err);
    }
    if (!sy_ok(st)) {
        client_disconnect(s);
    }
    return st;
}

sy_status client_session_open(struct shuyu_profile *p, const struct client_address *a,
                              const shuyu_options *options, shuyu_session **ret,
                              struct sy_error *err)
{
    struct shuyu_session *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    s->profile = p;
    s->address = *a;
    s->fd = -1;
    client_options_fill(options, &s->options);
    sy_status st = client_ensure(s, client_now_ms() + s->options.connect_timeout_ms, err);
    if (!sy_ok(st)) {
        free(s);
        return st;
    }
    *ret = s;
    return SY_OK;
}

void shuyu_close(shuyu_session *s)
{
    if (s != NULL) {
        client_disconnect(s);
        free(s);
    }
}

static sy_status open_gateway(shuyu_profile *p, const char *address, const shuyu_options *options,
                              shuyu_session **ret, struct sy_error *err)
{
    struct client_address a;
    if (p == NULL || ret == NULL) {
        return sy_fail(err, SY_E_USAGE, "profile", NULL);
    }
    const char *text = address != NULL ? address : p->pins.address;
    if (text[0] == '\0') {
        return sy_fail(err, SY_E_STATE, "address", "no address is given, and none is pinned");
    }
    SY_TRY(client_address_parse(text, &a, err));
    return client_session_open(p, &a, options, ret, err);
}

shuyu_status shuyu_open(shuyu_profile *p, const char *address, const shuyu_options *options,
                        shuyu_session **ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    return client_give(open_gateway(p, address, options, ret, &err), &err, reterr);
}

shuyu_status shuyu_open_local(shuyu_profile *p, const char *socket_path,
                              const shuyu_options *options, shuyu_session **ret,
                              shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct client_address a = {.local = true};
    if (socket_path == NULL || ret == NULL || strlen(socket_path) >= sizeof(a.host)) {
        return client_misuse(reterr, SY_E_FIELD, "socket_path", "missing or too long");
    }
    sy_view_to_cstr(sy_view_str(socket_path), a.host, sizeof(a.host));
    return client_give(client_session_open(p, &a, options, ret, &err), &err, reterr);
}

/* --- one exchange ----------------------------------------------------------------------------- */

/* The first byte of the frame carries the descriptor (wire/methods.h, dataset.ingest). */
static sy_status send_with_fd(shuyu_session *s, struct sy_view frame, int fd, struct sy_error *err)
{
    sy_status st = sy_send_fds(s->fd, sy_view(frame.p, 1), &fd, 1);
    if (!sy_ok(st)) {
        return sy_fail(err, st.code, "fd", "the descriptor cannot be passed");
    }
    return client_link_send(&s->link, sy_view(frame.p + 1, frame.n - 1), err);
}

static void tell_progress(const shuyu_session *s, const struct sy_rpc_msg *m)
{
    uint64_t rows = 0;
    uint64_t bytes = 0;
    if (s->options.on_progress != NULL && sy_view_is(m->method, "progress") &&
        m->params->via.array.size == 3 && sy_mp_u64(&m->params->via.array.ptr[1], &rows) &&
        sy_mp_u64(&m->params->via.array.ptr[2], &bytes)) {
        s->options.on_progress(s->options.progress_ctx, rows, bytes);
    }
}

/* Take frames until ours: OK, SY_E_CLOSED when there is none yet, or an error of the stream. */
static sy_status take_response(shuyu_session *s, uint32_t id, struct sy_rpc_msg *ret,
                               struct sy_error *err)
{
    for (;;) {
        SY_TRY(client_link_frame(&s->link, ret, err));
        if (ret->kind == SY_RPC_RESPONSE && ret->id == id) {
            return SY_OK;
        }
        if (ret->kind == SY_RPC_NOTIFY) {
            tell_progress(s, ret);
        }
        sy_rpc_close(ret);
    }
}

static sy_status exchange(shuyu_session *s, const struct client_ask *ask, struct sy_rpc_msg *ret,
                          struct sy_error *err)
{
    SY_TRY(ask->pass_fd >= 0 ? send_with_fd(s, ask->frame, ask->pass_fd, err)
                             : client_link_send(&s->link, ask->frame, err));
    SY_TRY(write_some(s, err));
    for (;;) {
        sy_status st = take_response(s, ask->id, ret, err);
        if (st.code != SY_E_CLOSED) {
            return st;
        }
        sy_status moved = pump(s, ask->deadline_ms, err);
        if (!sy_ok(moved)) { /* the peer may have answered before it left */
            return sy_ok(take_response(s, ask->id, ret, NULL)) ? SY_OK : moved;
        }
    }
}

sy_status client_exchange(shuyu_session *s, const struct client_ask *ask, struct sy_rpc_msg *ret,
                          struct sy_error *err)
{
    sy_status st = exchange(s, ask, ret, err);
    if (!sy_ok(st)) {
        client_disconnect(s);
    }
    return st;
}

/* --- a call with its repetitions -------------------------------------------------------------- */

static sy_status attempt(shuyu_session *s, struct client_call *c, int pass_fd, uint64_t deadline_ms,
                         shuyu_reply **ret, struct sy_error *err)
{
    SY_RPC_CLEANUP struct sy_rpc_msg response = {0};
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(2 << 20);
    struct client_ask ask = {.id = s->next_id++, .pass_fd = pass_fd, .deadline_ms = deadline_ms};
    SY_TRY(client_ensure(s, deadline_ms, err));
    SY_TRY(client_call_frame(c, ask.id, &frame));
    ask.frame = sy_buf_view(&frame);
    SY_TRY(client_exchange(s, &ask, &response, err));
    return client_call_judge(c, &response, ret, err);
}

/* Lost connections and busy domains: the same envelope once more. */
static bool again(int32_t code, const shuyu_reply *reply)
{
    return reply == NULL && (code == SY_E_CLOSED || code == SY_E_IO || client_repeat(code));
}

sy_status client_call_through(shuyu_session *s, struct client_call *c, int pass_fd,
                              shuyu_reply **ret, struct sy_error *err)
{
    uint64_t deadline = client_now_ms() + s->options.call_timeout_ms;
    uint64_t backoff = BACKOFF_MIN_MS;
    for (;;) {
        sy_status st = attempt(s, c, pass_fd, deadline, ret, err);
        uint64_t pause = backoff / 2 + randombytes_uniform((uint32_t)backoff);
        if (sy_ok(st) || pass_fd >= 0 || !again(st.code, *ret) ||
            client_now_ms() + pause >= deadline) {
            return st;
        }
        (void)poll(NULL, 0, (int)pause);
        backoff = sy_min_u64(backoff * 2, BACKOFF_MAX_MS);
        *err = (struct sy_error){0};
    }
}

static shuyu_status call(shuyu_session *s, const shuyu_request *request, int fd, shuyu_reply **ret,
                         shuyu_error *reterr)
{
    struct sy_error err = {0};
    struct client_call *c = NULL;
    shuyu_reply *reply = NULL;
    if (ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "ret", NULL);
    }
    *ret = NULL;
    if (s == NULL || request == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "session", NULL);
    }
    sy_status st = client_call_new(s->profile, request, sy_now_s(), &c, &err);
    if (sy_ok(st)) {
        st = client_call_through(s, c, fd, &reply, &err);
    }
    client_call_free(c);
    return client_give_reply(st, &err, reply, ret, reterr);
}

shuyu_status shuyu_call(shuyu_session *s, const shuyu_request *request, shuyu_reply **ret,
                        shuyu_error *reterr)
{
    return call(s, request, -1, ret, reterr);
}

shuyu_status shuyu_call_with_fd(shuyu_session *s, const shuyu_request *request, int fd,
                                shuyu_reply **ret, shuyu_error *reterr)
{
    if (s == NULL || fd < 0 || !s->address.local) {
        return client_misuse(reterr, SY_E_USAGE, "fd",
                             "a file is passed over the local socket only");
    }
    client_disconnect(s); /* sent once only, so not over a line that may have died while idle */
    return call(s, request, fd, ret, reterr);
}
