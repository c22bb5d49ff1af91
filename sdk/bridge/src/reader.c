/*
 * What: heads are cut by their line ends, which are looked at byte by byte, and given to llhttp as a whole;
 * bodies are counted. Invariant: llhttp sees a head that ends where ours ends, or it is a fault.
 */
#include "bridge/reader.h"

#include <llhttp.h>
#include <strings.h>

static const struct {
    const char *name;
    enum bridge_header header;
} HEADERS[] = {
    {"authorization", BRIDGE_AUTHORIZATION},
    {"content-encoding", BRIDGE_CONTENT_ENCODING},
    {"content-type", BRIDGE_CONTENT_TYPE},
    {"expect", BRIDGE_EXPECT},
    {"host", BRIDGE_HOST},
    {"idempotency-key", BRIDGE_IDEMPOTENCY_KEY},
    {"origin", BRIDGE_ORIGIN},
    {"transfer-encoding", BRIDGE_TRANSFER_ENCODING},
};

enum { N_HEADERS = sizeof(HEADERS) / sizeof(HEADERS[0]), UNKNOWN = BRIDGE_HEADER_N };

/* ---- parsing a head ---- */

/* The parser's view of a head: what it calls back with is a piece of one block of bytes. */
struct parsing {
    struct bridge_reader *r;
    struct sy_view name;
    bool is_whole; /* the empty line was reached */
};

static enum bridge_read fault(struct bridge_reader *r, unsigned status, const char *reason)
{
    r->status = status;
    r->reason = reason;
    return BRIDGE_READ_FAULT;
}

/* The pieces of one span follow each other. */
static void append(struct sy_view *to, const char *at, size_t n)
{
    *to = to->p == NULL ? sy_view(at, n) : sy_view(to->p, to->n + n);
}

static int on_target(llhttp_t *parser, const char *at, size_t n)
{
    struct parsing *p = parser->data;
    append(&p->r->request.target, at, n);
    return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t n)
{
    struct parsing *p = parser->data;
    append(&p->name, at, n);
    return 0;
}

static enum bridge_header header_of(struct sy_view name)
{
    for (size_t i = 0; i < N_HEADERS; i++) {
        if (name.n == strlen(HEADERS[i].name) &&
            strncasecmp((const char *)name.p, HEADERS[i].name, name.n) == 0) {
            return HEADERS[i].header;
        }
    }
    return (enum bridge_header)UNKNOWN;
}

/* Blanks behind a value are not of it. */
static int on_value_end(llhttp_t *parser)
{
    struct parsing *p = parser->data;
    enum bridge_header h = header_of(p->name);
    struct sy_view *v = h != (enum bridge_header)UNKNOWN ? &p->r->request.headers[h] : NULL;
    while (v != NULL && v->n > 0 && (v->p[v->n - 1] == ' ' || v->p[v->n - 1] == '\t')) {
        v->n--;
    }
    p->name = (struct sy_view){0};
    return 0;
}

/* A name is complete: does the colon follow at once, and has it been there before? An empty value is there too. */
static int on_name_end(llhttp_t *parser)
{
    struct parsing *p = parser->data;
    enum bridge_header h = header_of(p->name);
    if (p->name.p[p->name.n] != ':' || memchr(p->name.p, ' ', p->name.n) != NULL) {
        (void)fault(p->r, HTTP_STATUS_BAD_REQUEST, "a blank in a header's name");
        return -1;
    }
    if (h == (enum bridge_header)UNKNOWN) {
        return 0;
    }
    if (p->r->request.headers[h].p != NULL) {
        (void)fault(p->r, HTTP_STATUS_BAD_REQUEST, "a header is there twice");
        return -1;
    }
    p->r->request.headers[h] = sy_view(p->name.p + p->name.n, 0);
    return 0;
}

/* A value may begin after blanks, behind where its name's end was noted. */
static int on_value(llhttp_t *parser, const char *at, size_t n)
{
    struct parsing *p = parser->data;
    enum bridge_header h = header_of(p->name);
    if (h != (enum bridge_header)UNKNOWN) {
        struct sy_view *v = &p->r->request.headers[h];
        *v = v->n == 0 ? sy_view(at, n) : sy_view(v->p, v->n + n);
    }
    return 0;
}

static int on_head(llhttp_t *parser)
{
    struct parsing *p = parser->data;
    struct bridge_request *q = &p->r->request;
    q->method = parser->method == HTTP_GET    ? BRIDGE_GET
                : parser->method == HTTP_POST ? BRIDGE_POST
                                              : BRIDGE_OTHER;
    q->keep_alive = llhttp_should_keep_alive(parser) != 0 && parser->upgrade == 0;
    q->length = (parser->flags & F_CONTENT_LENGTH) != 0 ? parser->content_length : 0;
    if (parser->http_major != 1 || parser->http_minor != 1) {
        (void)fault(p->r, HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 is spoken here");
    } else if (q->method == BRIDGE_POST && (parser->flags & F_CONTENT_LENGTH) == 0) {
        (void)fault(p->r, HTTP_STATUS_LENGTH_REQUIRED, "a body needs a Content-Length");
    }
    p->is_whole = true;
    return 1; /* the body is counted here */
}

static const llhttp_settings_t *settings(void)
{
    static llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = on_target;
    s.on_header_field = on_name;
    s.on_header_field_complete = on_name_end;
    s.on_header_value = on_value;
    s.on_header_value_complete = on_value_end;
    s.on_headers_complete = on_head;
    return &s;
}

/* What a head may not say, though it is well formed. */
static enum bridge_read check_request(struct bridge_reader *r)
{
    const struct bridge_request *q = &r->request;
    if (q->headers[BRIDGE_TRANSFER_ENCODING].p != NULL) {
        return fault(r, HTTP_STATUS_LENGTH_REQUIRED, "no transfer coding is taken here");
    }
    if (q->headers[BRIDGE_EXPECT].p != NULL) {
        return fault(r, HTTP_STATUS_EXPECTATION_FAILED, "nothing can be expected here");
    }
    if (q->headers[BRIDGE_CONTENT_ENCODING].p != NULL) {
        return fault(r, HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE, "no content coding is taken here");
    }
    if (q->target.n > BRIDGE_TARGET_MAX) {
        return fault(r, HTTP_STATUS_URI_TOO_LONG, "no path here is that long");
    }
    if (q->length > BRIDGE_BODY_MAX) {
        return fault(r, HTTP_STATUS_PAYLOAD_TOO_LARGE, "no request here is that large");
    }
    return q->method != BRIDGE_POST && q->length > 0
               ? fault(r, HTTP_STATUS_BAD_REQUEST, "only POST has a body here")
               : BRIDGE_READ_MORE;
}

static enum bridge_read parse_head(struct bridge_reader *r)
{
    llhttp_t parser;
    struct parsing p = {.r = r};
    llhttp_init(&parser, HTTP_REQUEST, settings());
    parser.data = &p;
    llhttp_errno_t e = llhttp_execute(&parser, (const char *)r->head.p, r->head.n);
    if (r->status != 0) {
        return BRIDGE_READ_FAULT;
    }
    /* an upgrade is asked for: no more than a wish, which is not granted */
    bool fine = e == HPE_OK || e == HPE_PAUSED_UPGRADE;
    if (!fine || !p.is_whole) {
        return fault(r, HTTP_STATUS_BAD_REQUEST, "this is not a request of HTTP/1.1");
    }
    r->has_head = true;
    return check_request(r);
}

/* ---- cutting ---- */

/* May this byte follow the head so far? CR LF are together, and no line goes on in the next. */
static bool may_follow(const struct sy_buf *head, uint8_t next)
{
    uint8_t last = head->n > 0 ? head->p[head->n - 1] : 0;
    bool folds = last == '\n' && (next == ' ' || next == '\t');
    return next != 0 && (next == '\n') == (last == '\r') && !folds;
}

static bool is_head_end(const struct sy_buf *head)
{
    return head->n >= 4 && memcmp(head->p + head->n - 4, "\r\n\r\n", 4) == 0;
}

/* Take bytes of the head, up to its end. */
static enum bridge_read take_head(struct bridge_reader *r, struct sy_view bytes, size_t *ret_n)
{
    for (size_t i = 0; i < bytes.n; i++) {
        if (!may_follow(&r->head, bytes.p[i])) {
            return fault(r, HTTP_STATUS_BAD_REQUEST, "lines end in CR LF");
        }
        if (!sy_ok(sy_buf_add(&r->head, bytes.p + i, 1))) {
            return fault(r, HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE,
                         "no head here is that large");
        }
        *ret_n = i + 1;
        if (is_head_end(&r->head)) {
            return parse_head(r);
        }
    }
    return BRIDGE_READ_MORE;
}

static enum bridge_read take_body(struct bridge_reader *r, struct sy_view bytes, size_t *ret_n)
{
    size_t left = (size_t)r->request.length - r->body.n; /* at most BRIDGE_BODY_MAX */
    size_t n = bytes.n < left ? bytes.n : left;
    if (n > 0 && !sy_ok(sy_buf_add(&r->body, bytes.p, n))) {
        return fault(r, HTTP_STATUS_SERVICE_UNAVAILABLE, "no memory for this request");
    }
    *ret_n += n;
    if (n < left) {
        return BRIDGE_READ_MORE;
    }
    r->request.body = sy_buf_view(&r->body);
    return BRIDGE_READ_DONE;
}

enum bridge_read bridge_reader_feed(struct bridge_reader *r, struct sy_view bytes, size_t *ret_n)
{
    *ret_n = 0;
    if (!r->has_head) {
        enum bridge_read read = take_head(r, bytes, ret_n);
        if (read == BRIDGE_READ_FAULT || !r->has_head) {
            return read;
        }
    }
    return take_body(r, sy_view(bytes.p + *ret_n, bytes.n - *ret_n), ret_n);
}

/* ---- life ---- */

void bridge_reader_next(struct bridge_reader *r)
{
    bridge_reader_deinit(r);
    *r = (struct bridge_reader){.head = sy_buf(BRIDGE_HEAD_MAX), .body = sy_buf(BRIDGE_BODY_MAX)};
    r->head.wipe = r->body.wipe = true; /* the token; what is asked */
}

void bridge_reader_deinit(struct bridge_reader *r)
{
    if (r != NULL) {
        sy_buf_deinit(&r->head);
        sy_buf_deinit(&r->body);
    }
}

bool bridge_reader_is_begun(const struct bridge_reader *r)
{
    return r->head.n > 0;
}
