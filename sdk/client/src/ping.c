/*
 * What: status.ping, the one method without an envelope: anybody may ask, and nothing is proven.
 */
#include "client/session.h"

/* The key that the profile pins, or one before it: both sign while one follows the other. */
static bool is_log_known(const struct client_pins *pins, struct sy_view log)
{
    const char *at = pins->log_was;
    if (sy_view_is(log, pins->log)) {
        return true;
    }
    while (*at != '\0') {
        size_t n = strcspn(at, " ");
        if (sy_view_eq(log, sy_view(at, n))) {
            return true;
        }
        at += n + (at[n] == ' ' ? 1 : 0);
    }
    return false;
}

static void fill(const struct shuyu_profile *p, const struct sy_ping *ping, shuyu_pong *ret)
{
    *ret = (shuyu_pong){.entries = ping->size, .time = ping->time};
    memcpy(ret->domain, ping->domain, 32);
    memcpy(ret->box, ping->box, 32);
    memcpy(ret->warden, ping->warden, 32);
    sy_view_to_cstr(ping->log, ret->log, sizeof(ret->log));
    sy_view_to_cstr(ping->purpose, ret->purpose, sizeof(ret->purpose));
    sy_view_to_cstr(ping->version, ret->version, sizeof(ret->version));
    ret->is_pinned =
        p != NULL && client_profile_pinned(p) && memcmp(p->pins.domain, ping->domain, 32) == 0 &&
        memcmp(p->pins.box, ping->box, 32) == 0 && memcmp(p->pins.warden, ping->warden, 32) == 0 &&
        is_log_known(&p->pins, ping->log);
}

static sy_status take(const shuyu_session *s, const struct sy_rpc_msg *m, shuyu_pong *ret,
                      struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_ping ping;
    if (sy_rpc_error(m->error, err)) {
        return sy_status_of(err->code);
    }
    if (m->result->type != MSGPACK_OBJECT_MAP) {
        return sy_fail(err, SY_E_FIELD, "result", "this is not the answer to a ping");
    }
    SY_TRY(sy_record_decode_object(&sy_ping_desc, m->result, &arena, &ping, err));
    fill(s->profile, &ping, ret);
    return SY_OK;
}

static sy_status ping(shuyu_session *s, shuyu_pong *ret, struct sy_error *err)
{
    SY_RPC_CLEANUP struct sy_rpc_msg response = {0};
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(256);
    struct client_ask ask = {.id = s->next_id++,
                             .pass_fd = -1,
                             .deadline_ms = client_now_ms() + s->options.call_timeout_ms};
    SY_TRY(client_ensure(s, ask.deadline_ms, err));
    SY_TRY(sy_rpc_put_request(&frame, ask.id, "status.ping", 0));
    ask.frame = sy_buf_view(&frame);
    SY_TRY(client_exchange(s, &ask, &response, err));
    return take(s, &response, ret, err);
}

shuyu_status shuyu_ping(shuyu_session *s, shuyu_pong *ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    if (s == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "session", NULL);
    }
    sy_status st = ping(s, ret, &err);
    if (st.code == SY_E_CLOSED) { /* a connection that lay idle: once more, on a new one */
        err = (struct sy_error){0};
        st = ping(s, ret, &err);
    }
    return client_give(st, &err, reterr);
}
