/*
 * What: writes a request, reads a response through llhttp's callbacks. Invariant: after an error, or once
 * complete, the parser is fed nothing more, so no byte is ever read in two ways.
 */
#include "courier/http.h"

#include <string.h>
#include <strings.h>

enum { STATUS_LEAST = 200, STATUS_MOST = 599, SWITCHING = 101 };

/* ---- request ---- */

sy_status courier_request_put(struct sy_buf *b, const struct sy_url *url,
                              const struct sy_courier_ask *ask)
{
    SY_TRY(sy_buf_printf(b, "%.*s %s HTTP/1.1\r\nHost: %s\r\n", SY_PV(ask->verb), url->target,
                         url->authority));
    SY_TRY(sy_buf_add_str(b, "User-Agent: shuyu-courier\r\nAccept-Encoding: identity\r\n"
                             "Connection: close\r\n"));
    if (ask->content_type.n > 0) {
        SY_TRY(sy_buf_printf(b, "Content-Type: %.*s\r\n", SY_PV(ask->content_type)));
    }
    if (sy_view_is(ask->verb, "POST")) {
        SY_TRY(sy_buf_printf(b, "Content-Length: %zu\r\n", ask->body.n));
    }
    SY_TRY(sy_buf_add_str(b, "\r\n"));
    return sy_buf_add_view(b, ask->body);
}

/* ---- response ---- */

static int give_up(struct courier_response *r, int32_t code)
{
    r->code = code;
    return -1;
}

static int count_head(struct courier_response *r, size_t n)
{
    r->n_head += n;
    return r->n_head > COURIER_HEAD_MAX ? give_up(r, SY_E_LIMIT) : 0;
}

/* The reason phrase: nobody reads it. */
static int on_phrase(llhttp_t *parser, const char *at, size_t n)
{
    (void)at;
    return count_head(parser->data, n);
}

static int on_field(llhttp_t *parser, const char *at, size_t n)
{
    struct courier_response *r = parser->data;
    for (size_t i = 0; i < n; i++, r->n_field++) {
        if (r->n_field < sizeof(r->field)) {
            r->field[r->n_field] = at[i];
        }
    }
    return count_head(r, n);
}

static bool is_type_field(const struct courier_response *r)
{
    static const char name[] = "content-type";
    return r->n_field == sizeof(name) - 1 && strncasecmp(r->field, name, sizeof(name) - 1) == 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t n)
{
    struct courier_response *r = parser->data;
    for (size_t i = 0; is_type_field(r) && !r->has_type && i < n; i++, r->n_type++) {
        if (r->n_type < SY_COURIER_TYPE_MAX) {
            r->type[r->n_type] = at[i];
        }
    }
    return count_head(r, n);
}

/* A type that is too long or not plain ASCII is none. */
static void finish_type(struct courier_response *r)
{
    for (size_t i = 0; i < SY_COURIER_TYPE_MAX && r->type[i] != '\0'; i++) {
        r->n_type = r->type[i] < 0x20 || r->type[i] > 0x7E ? SIZE_MAX : r->n_type;
    }
    if (r->n_type > SY_COURIER_TYPE_MAX) {
        memset(r->type, 0, sizeof(r->type));
    }
    r->has_type = true;
}

static int on_value_end(llhttp_t *parser)
{
    struct courier_response *r = parser->data;
    if (is_type_field(r) && !r->has_type) {
        finish_type(r);
    }
    r->n_field = 0;
    return 0;
}

static int on_head(llhttp_t *parser)
{
    struct courier_response *r = parser->data;
    bool announced = (parser->flags & F_CONTENT_LENGTH) != 0;
    if (parser->http_major != 1 || parser->status_code == SWITCHING ||
        parser->status_code > STATUS_MOST) {
        return give_up(r, SY_E_IO);
    }
    return announced && parser->content_length > SY_COURIER_BODY_MAX ? give_up(r, SY_E_LIMIT) : 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
    struct courier_response *r = parser->data;
    sy_status s = sy_buf_add(&r->body, at, n);
    return sy_ok(s) ? 0 : give_up(r, s.code);
}

static int on_complete(llhttp_t *parser)
{
    struct courier_response *r = parser->data;
    if (parser->status_code >= STATUS_LEAST) {
        r->is_complete = true;
        return HPE_PAUSED;
    }
    sy_buf_clear(&r->body);
    memset(r->type, 0, sizeof(r->type));
    r->has_type = false;
    r->n_type = 0;
    return ++r->n_interim > COURIER_INTERIM_MAX ? give_up(r, SY_E_LIMIT) : 0;
}

static const llhttp_settings_t *settings(void)
{
    static llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_status = on_phrase;
    s.on_header_field = on_field;
    s.on_header_value = on_value;
    s.on_header_value_complete = on_value_end;
    s.on_headers_complete = on_head;
    s.on_body = on_body;
    s.on_message_complete = on_complete;
    return &s;
}

void courier_response_init(struct courier_response *r)
{
    *r = (struct courier_response){.body = sy_buf(SY_COURIER_BODY_MAX)};
    llhttp_init(&r->parser, HTTP_RESPONSE, settings());
    r->parser.data = r;
}

void courier_response_deinit(struct courier_response *r)
{
    if (r != NULL) {
        sy_buf_deinit(&r->body);
    }
}

static sy_status refuse(const struct courier_response *r, struct sy_error *reterr)
{
    bool is_large = r->code == SY_E_LIMIT;
    return sy_fail(reterr, r->code == 0 ? SY_E_IO : r->code, "response",
                   is_large ? "the response is larger than is taken"
                            : "what came is not an HTTP response");
}

sy_status courier_response_feed(struct courier_response *r, struct sy_view bytes,
                                struct sy_error *reterr)
{
    if (r->is_complete || bytes.n == 0) {
        return SY_OK;
    }
    r->n_raw += bytes.n;
    if (r->n_raw > COURIER_RAW_MAX) {
        (void)give_up(r, SY_E_LIMIT);
        return refuse(r, reterr);
    }
    llhttp_errno_t e = llhttp_execute(&r->parser, (const char *)bytes.p, bytes.n);
    return e == HPE_OK || r->is_complete ? SY_OK : refuse(r, reterr);
}

sy_status courier_response_end(struct courier_response *r, bool is_clean, struct sy_error *reterr)
{
    if (!r->is_complete && is_clean) {
        (void)llhttp_finish(&r->parser); /* on_complete, if only the end was missing */
    }
    return r->is_complete ? SY_OK
                          : sy_fail(reterr, SY_E_CLOSED, "response", "the response was cut off");
}

struct sy_courier_answer courier_response_answer(const struct courier_response *r)
{
    return (struct sy_courier_answer){.status = (uint64_t)r->parser.status_code,
                                      .content_type = sy_view_str(r->type),
                                      .body = sy_buf_view(&r->body)};
}
