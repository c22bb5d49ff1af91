/*
 * Parsing and answering. Invariants: the parser pauses after each request, so a pipelined one waits in
 * `in` until the answer before it is written; what llhttp does not understand, and every request out of
 * its limits, ends the connection after its answer, so no byte is ever read in two ways.
 */
#include "conn.h"

#include "base/time.h"

#define ADD_CHECKPOINT "/add-checkpoint"
#define CHECKPOINT     "/checkpoint"
#define TEXT           "text/plain; charset=utf-8"

enum { NOT_ALLOWED = 405, TOO_LARGE = 413, TOO_LONG = 414, HEAD = 431 };

static const struct {
    unsigned status;
    const char *phrase;
} PHRASES[] = {
    {WITNESS_OK, "OK"},
    {WITNESS_BAD_REQUEST, "Bad Request"},
    {WITNESS_FORBIDDEN, "Forbidden"},
    {WITNESS_NOT_FOUND, "Not Found"},
    {NOT_ALLOWED, "Method Not Allowed"},
    {WITNESS_CONFLICT, "Conflict"},
    {TOO_LARGE, "Content Too Large"},
    {TOO_LONG, "URI Too Long"},
    {WITNESS_INCONSISTENT, "Unprocessable Entity"},
    {HEAD, "Request Header Fields Too Large"},
    {WITNESS_FAILED, "Internal Server Error"},
};

static const char *phrase_of(unsigned status)
{
    for (size_t i = 0; i < sizeof(PHRASES) / sizeof(PHRASES[0]); i++) {
        if (PHRASES[i].status == status) {
            return PHRASES[i].phrase;
        }
    }
    return "Error";
}

/* ---- parsing ---- */

static int on_begin(llhttp_t *parser)
{
    struct witness_conn *c = parser->data;
    sy_buf_clear(&c->body);
    c->n_target = c->n_head = 0;
    c->is_begun = true;
    return 0;
}

/* Part of a head that nobody reads. */
static int on_piece(llhttp_t *parser, const char *at, size_t n)
{
    struct witness_conn *c = parser->data;
    (void)at;
    c->n_head += n;
    return c->n_head > WITNESS_HEAD_MAX ? -1 : 0;
}

static int on_target(llhttp_t *parser, const char *at, size_t n)
{
    struct witness_conn *c = parser->data;
    for (size_t i = 0; i < n; i++, c->n_target++) {
        if (c->n_target < sizeof(c->target)) {
            c->target[c->n_target] = at[i];
        }
    }
    return on_piece(parser, at, n);
}

static int too_large(struct witness_conn *c)
{
    c->is_too_large = true;
    return -1;
}

static int on_head(llhttp_t *parser)
{
    struct witness_conn *c = parser->data;
    bool announced = (parser->flags & F_CONTENT_LENGTH) != 0;
    return announced && parser->content_length > PROOF_WITNESS_ASK_MAX ? too_large(c) : 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
    struct witness_conn *c = parser->data;
    return sy_ok(sy_buf_add(&c->body, at, n)) ? 0 : too_large(c);
}

static int on_complete(llhttp_t *parser)
{
    ((struct witness_conn *)parser->data)->is_complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t *settings(void)
{
    static llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_message_begin = on_begin;
    s.on_url = on_target;
    s.on_header_field = on_piece;
    s.on_header_value = on_piece;
    s.on_headers_complete = on_head;
    s.on_body = on_body;
    s.on_message_complete = on_complete;
    return &s;
}

void witness_http_init(struct witness_conn *c)
{
    llhttp_init(&c->parser, HTTP_REQUEST, settings());
    c->parser.data = c;
    c->body = sy_buf(PROOF_WITNESS_ASK_MAX);
}

/* ---- what is served ---- */

static void answer_checkpoint(struct witness_conn *c, struct sy_view target,
                              struct witness_answer *ret)
{
    size_t n_tail = strlen(CHECKPOINT);
    struct sy_view hex = {0};
    if (target.n == 1 + WITNESS_HEX_BYTES + n_tail &&
        memcmp(target.p + target.n - n_tail, CHECKPOINT, n_tail) == 0) {
        hex = sy_view(target.p + 1, WITNESS_HEX_BYTES);
    }
    witness_get_checkpoint(c->server->witness, hex, ret);
}

static unsigned route(struct witness_conn *c, struct witness_answer *ret)
{
    struct sy_view target = sy_view(c->target, c->n_target);
    bool reads = c->parser.method == HTTP_GET || c->parser.method == HTTP_HEAD;
    if (c->n_target > sizeof(c->target)) {
        return TOO_LONG;
    }
    if (sy_view_is(target, ADD_CHECKPOINT)) {
        if (c->parser.method != HTTP_POST) {
            return NOT_ALLOWED;
        }
        int64_t now_s = sy_now_s();
        witness_add_checkpoint(c->server->witness, sy_buf_view(&c->body),
                               now_s > 0 ? (uint64_t)now_s : 0, ret);
        return ret->status;
    }
    if (!reads) {
        return NOT_ALLOWED;
    }
    if (sy_view_is(target, "/")) {
        witness_get_about(c->server->witness, ret);
    } else {
        answer_checkpoint(c, target, ret);
    }
    return ret->status;
}

/* ---- answering ---- */

static sy_status put_answer(struct witness_conn *c, const struct witness_answer *a)
{
    SY_TRY(sy_buf_printf(&c->out,
                         "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                         "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                         "Connection: %s\r\n\r\n",
                         a->status, phrase_of(a->status), a->type, a->body.n,
                         c->is_last ? "close" : "keep-alive"));
    return c->parser.method == HTTP_HEAD && c->is_complete
               ? SY_OK
               : sy_buf_add_view(&c->out, sy_buf_view(&a->body));
}

/* The answer to what is no request of ours. */
static sy_status put_fault(unsigned status, struct witness_answer *ret)
{
    ret->status = status;
    ret->type = TEXT;
    return sy_buf_printf(&ret->body, "%s.\n", phrase_of(status));
}

void witness_conn_answer(struct witness_conn *c, unsigned status)
{
    struct witness_answer a = {.body = sy_buf(WITNESS_TARGET_MAX)};
    if (status == 0) {
        status = route(c, &a);
    }
    c->is_last = c->server->is_stopping || !c->is_complete || c->parser.upgrade != 0 ||
                 llhttp_should_keep_alive(&c->parser) == 0;
    sy_status s = a.type == NULL ? put_fault(status, &a) : SY_OK;
    if (sy_ok(s)) {
        s = put_answer(c, &a);
    }
    sy_buf_deinit(&a.body);
    if (!sy_ok(s)) {
        witness_conn_drop(c);
        return;
    }
    witness_conn_send(c);
}

/* ---- input ---- */

/* How much of the input the parser took before it stopped. */
static size_t n_parsed(const struct witness_conn *c, struct sy_view rest, llhttp_errno_t e)
{
    return e == HPE_OK ? rest.n
                       : (size_t)((const uint8_t *)llhttp_get_error_pos(&c->parser) - rest.p);
}

static unsigned fault_of(const struct witness_conn *c, llhttp_errno_t e)
{
    if (c->is_too_large) {
        return TOO_LARGE;
    }
    if (c->n_head > WITNESS_HEAD_MAX) {
        return HEAD;
    }
    bool fine = e == HPE_OK || (e == HPE_PAUSED && c->is_complete);
    return fine ? 0 : WITNESS_BAD_REQUEST;
}

void witness_http_input(struct witness_conn *c)
{
    struct sy_view rest = sy_buf_view(&c->in);
    if (rest.n == 0) {
        return;
    }
    llhttp_errno_t e = llhttp_execute(&c->parser, (const char *)rest.p, rest.n);
    size_t n = n_parsed(c, rest, e);
    sy_buf_consume(&c->in, n);
    unsigned fault = fault_of(c, e);
    if (fault != 0 || c->is_complete) {
        witness_conn_answer(c, fault);
    }
}
