/*
 * What: the courier's edge in bytes. Both ends use the same checks, so that what one writes the other
 * takes; each applies them to what it reads, because the other may be somebody else by then.
 */
#include "wire/courier.h"

const struct sy_mp_limits SY_COURIER_FRAME = {
    .bytes = SY_COURIER_BODY_MAX + 8192, .depth = 4, .values = 32};

const char SY_COURIER_METHOD[] = "http";

enum { N_ASK = 5, N_ANSWER = 3, STATUS_LEAST = 200, STATUS_MOST = 599 };

/* Bytes that mean themselves in a header line: no control character, nothing above ASCII. */
static bool is_line(struct sy_view v, size_t most)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < 0x20 || v.p[i] > 0x7E) {
            return false;
        }
    }
    return v.n <= most;
}

sy_status sy_courier_ask_check(const struct sy_courier_ask *ask, struct sy_error *reterr)
{
    bool is_get = sy_view_is(ask->verb, "GET");
    if (!is_get && !sy_view_is(ask->verb, "POST")) {
        return sy_fail(reterr, SY_E_FIELD, "verb", "GET or POST");
    }
    if (ask->url.n == 0 || !is_line(ask->url, SY_COURIER_URL_MAX)) {
        return sy_fail(reterr, SY_E_FIELD, "url", "1 to %d bytes of plain ASCII",
                       SY_COURIER_URL_MAX);
    }
    if (!is_line(ask->content_type, SY_COURIER_TYPE_MAX)) {
        return sy_fail(reterr, SY_E_FIELD, "content_type", "at most %d bytes of plain ASCII",
                       SY_COURIER_TYPE_MAX);
    }
    if (ask->timeout_ms == 0 || ask->timeout_ms > SY_COURIER_TIMEOUT_MAX_MS) {
        return sy_fail(reterr, SY_E_FIELD, "timeout", "1 to %d ms", SY_COURIER_TIMEOUT_MAX_MS);
    }
    if (ask->body.n > SY_COURIER_BODY_MAX || (is_get && ask->body.n > 0)) {
        return sy_fail(reterr, SY_E_LIMIT, "body", "at most %d bytes, and none with GET",
                       SY_COURIER_BODY_MAX);
    }
    return SY_OK;
}

static sy_status answer_check(const struct sy_courier_answer *answer)
{
    bool good = answer->status >= STATUS_LEAST && answer->status <= STATUS_MOST &&
                is_line(answer->content_type, SY_COURIER_TYPE_MAX) &&
                answer->body.n <= SY_COURIER_BODY_MAX;
    return good ? SY_OK : sy_status_of(SY_E_FIELD);
}

/* ---- writing ---- */

static sy_status put_ask(struct sy_buf *b, uint32_t id, const struct sy_courier_ask *ask)
{
    SY_TRY(sy_courier_ask_check(ask, NULL));
    SY_TRY(sy_rpc_put_request(b, id, SY_COURIER_METHOD, N_ASK));
    SY_TRY(sy_mp_put_str(b, ask->verb));
    SY_TRY(sy_mp_put_str(b, ask->url));
    SY_TRY(sy_mp_put_str(b, ask->content_type));
    SY_TRY(sy_mp_put_bin(b, ask->body));
    return sy_mp_put_u64(b, ask->timeout_ms);
}

static sy_status put_answer(struct sy_buf *b, uint32_t id, const struct sy_courier_answer *answer)
{
    SY_TRY(answer_check(answer));
    SY_TRY(sy_rpc_put_result_head(b, id));
    SY_TRY(sy_mp_put_array(b, N_ANSWER));
    SY_TRY(sy_mp_put_u64(b, answer->status));
    SY_TRY(sy_mp_put_str(b, answer->content_type));
    return sy_mp_put_bin(b, answer->body);
}

static sy_status keep_or_undo(struct sy_buf *b, size_t before, sy_status s)
{
    b->n = sy_ok(s) ? b->n : before;
    return s;
}

sy_status sy_courier_put_ask(struct sy_buf *b, uint32_t id, const struct sy_courier_ask *ask)
{
    size_t before = b->n;
    return keep_or_undo(b, before, put_ask(b, id, ask));
}

sy_status sy_courier_put_answer(struct sy_buf *b, uint32_t id,
                                const struct sy_courier_answer *answer)
{
    size_t before = b->n;
    return keep_or_undo(b, before, put_answer(b, id, answer));
}

/* ---- reading ---- */

sy_status sy_courier_get_ask(const struct sy_rpc_msg *m, struct sy_courier_ask *ret,
                             struct sy_error *reterr)
{
    struct sy_courier_ask ask = {0};
    if (m->kind != SY_RPC_REQUEST || !sy_view_is(m->method, SY_COURIER_METHOD)) {
        return sy_fail(reterr, SY_E_METHOD, NULL, NULL);
    }
    const msgpack_object *p = m->params->via.array.ptr;
    if (m->params->via.array.size != N_ASK || !sy_mp_str(&p[0], &ask.verb) ||
        !sy_mp_str(&p[1], &ask.url) || !sy_mp_str(&p[2], &ask.content_type) ||
        !sy_mp_bin(&p[3], &ask.body) || !sy_mp_u64(&p[4], &ask.timeout_ms)) {
        return sy_fail(reterr, SY_E_FRAME, "params", NULL);
    }
    SY_TRY(sy_courier_ask_check(&ask, reterr));
    *ret = ask;
    return SY_OK;
}

sy_status sy_courier_get_answer(const struct sy_rpc_msg *m, struct sy_courier_answer *ret,
                                struct sy_error *reterr)
{
    struct sy_courier_answer answer = {0};
    struct sy_error told = {0};
    if (m->kind == SY_RPC_RESPONSE && sy_rpc_error(m->error, &told)) {
        int32_t code = told.code == SY_E_FRAME ? SY_E_IO : told.code;
        return sy_fail(reterr, code, told.field, "%s", told.reason);
    }
    bool is_answer = m->kind == SY_RPC_RESPONSE && m->result->type == MSGPACK_OBJECT_ARRAY &&
                     m->result->via.array.size == N_ANSWER;
    const msgpack_object *p = is_answer ? m->result->via.array.ptr : NULL;
    if (!is_answer || !sy_mp_u64(&p[0], &answer.status) ||
        !sy_mp_str(&p[1], &answer.content_type) || !sy_mp_bin(&p[2], &answer.body) ||
        !sy_ok(answer_check(&answer))) {
        return sy_fail(reterr, SY_E_FRAME, "courier", "not an answer of the courier");
    }
    *ret = answer;
    return SY_OK;
}
