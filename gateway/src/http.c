/*
 * What: answers one HTTP request at a time from the published log. Invariants: the parser pauses after
 * each request, so a pipelined one waits in `in` until the answer before it is queued and there is
 * room (gw_conn_may_read); what llhttp does not understand, and every request with a body, ends the
 * connection after its answer, so no byte is ever read in two ways.
 */
#include "gateway/http.h"

#include <stdlib.h>

#include "gateway/conn.h"

enum { ANSWER_HEAD_MAX = 1024, ABOUT_MAX = 8192 };

/* ---- parsing ---- */

static struct gw_http *of_parser(llhttp_t *parser)
{
    return parser->data;
}

static int on_begin(llhttp_t *parser)
{
    struct gw_http *h = of_parser(parser);
    h->n_target = 0;
    h->has_body = h->is_complete = false;
    h->is_begun = true;
    return 0;
}

static int on_target(llhttp_t *parser, const char *at, size_t n)
{
    struct gw_http *h = of_parser(parser);
    for (size_t i = 0; i < n && h->n_target < sizeof(h->target); i++) {
        h->target[h->n_target++] = at[i];
    }
    return 0;
}

/* 1: whatever the head says of a body, the message ends here. */
static int on_head(llhttp_t *parser)
{
    of_parser(parser)->has_body =
        parser->content_length > 0 || (parser->flags & (F_CHUNKED | F_TRANSFER_ENCODING)) != 0;
    return of_parser(parser)->has_body ? 1 : 0;
}

static int on_complete(llhttp_t *parser)
{
    of_parser(parser)->is_complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t *settings(void)
{
    static llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_message_begin = on_begin;
    s.on_url = on_target;
    s.on_headers_complete = on_head;
    s.on_message_complete = on_complete;
    return &s;
}

void gw_http_init(struct gw_http *h)
{
    *h = (struct gw_http){0};
    llhttp_init(&h->parser, HTTP_REQUEST, settings());
    h->parser.data = h;
}

/* ---- answering ---- */

/* One answer: status, headers, and a body that HEAD leaves out. */
struct answer {
    const char *status;
    const char *type;
    const char *cache;
    struct sy_buf body; /* owned */
    size_t n_body;      /* announced; body may be empty for HEAD */
    bool keep;
};

#define TEXT  "text/plain; charset=utf-8"
#define BYTES "application/octet-stream"

static void send_answer(struct gw_conn *c, struct answer *a)
{
    struct sy_buf head = sy_buf(ANSWER_HEAD_MAX);
    sy_status s =
        sy_buf_printf(&head,
                      "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                      "Cache-Control: %s\r\nX-Content-Type-Options: nosniff\r\n"
                      "Allow: GET, HEAD\r\nConnection: %s\r\n\r\n",
                      a->status, a->type, a->n_body, a->cache, a->keep ? "keep-alive" : "close");
    if (!sy_ok(s)) {
        sy_buf_deinit(&head);
        sy_buf_deinit(&a->body);
        gw_conn_drop(c);
        return;
    }
    gw_conn_send(c, &head);
    gw_conn_send(c, &a->body);
}

static bool wants_body(const struct gw_conn *c)
{
    return c->http.parser.method == HTTP_GET;
}

static void send_text(struct gw_conn *c, const char *status, const char *text, bool keep)
{
    struct answer a = {.status = status,
                       .type = TEXT,
                       .cache = "no-store",
                       .body = sy_buf(ABOUT_MAX),
                       .n_body = strlen(text),
                       .keep = keep};
    if (wants_body(c) && !sy_ok(sy_buf_add_str(&a.body, text))) {
        a.n_body = 0;
    }
    send_answer(c, &a);
}

/* ---- what is served ---- */

static sy_status put_hex(struct sy_buf *b, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        SY_TRY(sy_buf_printf(b, "%02x", p[i]));
    }
    return SY_OK;
}

static sy_status put_about(const struct gw_replica *r, struct sy_buf *b)
{
    const struct sy_genesis *g = &r->genesis;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_view log = gw_replica_log(r, &arena);
    SY_TRY(sy_buf_printf(b, "Shuyu data domain %.*s (%.*s)\n\ndomain  ", SY_PV(g->name),
                         SY_PV(g->purpose)));
    SY_TRY(put_hex(b, r->domain, sizeof(r->domain)));
    SY_TRY(sy_buf_printf(b, "\nlog     %.*s\nentries %llu\n\n", SY_PV(log),
                         (unsigned long long)r->size));
    return sy_buf_add_str(
        b, "GET /checkpoint             the newest signed checkpoint of the log\n"
           "GET /tile/L/N[.p/W]         its hash tiles (c2sp.org/tlog-tiles)\n"
           "GET /tile/entries/N[.p/W]   its entry bundles\n"
           "GET /next                   of a closed log: the key and the place of the next\n"
           "GET /log/N/...              the same of the domain's N-th log\n"
           "MessagePack-RPC, same port  everything else; status.ping needs no certificate\n\n"
           "The TLS certificate of this port proves nothing. Pin the domain id and the log key "
           "above,\n"
           "as they stand in your invitation: bodies are sealed to the domain and checkpoints "
           "signed.\n");
}

static void serve_about(struct gw_conn *c, bool keep)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(ABOUT_MAX);
    bool ready = c->gw->replica.has_head && sy_ok(put_about(&c->gw->replica, &text)) &&
                 sy_ok(sy_buf_add(&text, "", 1));
    if (ready) {
        send_text(c, "200 OK", (const char *)text.p, keep);
    } else {
        send_text(c, "503 Service Unavailable", "The domain is starting.\n", keep);
    }
}

static const struct {
    const char *type;
    const char *cache;
} FILES[GW_PATH_N] = {
    [GW_PATH_CHECKPOINT] = {TEXT, "no-cache"},
    [GW_PATH_FULL] = {BYTES, "public, max-age=31536000, immutable"},
    [GW_PATH_PARTIAL] = {BYTES, "public, max-age=3600"},
};

static void serve_file(struct gw_conn *c, enum gw_path_kind kind, const char *path, bool keep)
{
    struct answer a = {.status = "200 OK",
                       .type = FILES[kind].type,
                       .cache = FILES[kind].cache,
                       .body = sy_buf(GW_HTTP_FILE_MAX),
                       .keep = keep};
    sy_status s =
        gw_http_read_file(c->gw->public_dirfd, path, wants_body(c) ? &a.body : NULL, &a.n_body);
    if (sy_ok(s)) {
        send_answer(c, &a);
        return;
    }
    sy_buf_deinit(&a.body);
    if (s.code == SY_E_NOT_FOUND) {
        send_text(c, "404 Not Found", "There is no such file in this log.\n", keep);
    } else {
        send_text(c, "500 Internal Server Error", "The file could not be read.\n", keep);
    }
}

static void serve_path(struct gw_conn *c, bool keep)
{
    struct gw_http *h = &c->http;
    char path[GW_PATH_MAX + 1];
    struct sy_view target = sy_view(h->target, h->n_target);
    enum gw_path_kind kind = gw_path_classify(target);
    if (kind == GW_PATH_NONE) {
        send_text(c, "404 Not Found", "Only /, /checkpoint and /tile/... are served here.\n", keep);
    } else if (kind == GW_PATH_ABOUT) {
        serve_about(c, keep);
    } else {
        sy_view_to_cstr(target, path, sizeof(path));
        serve_file(c, kind, path + 1, keep);
    }
}

static bool is_over_rate(struct gw_conn *c)
{
    uint64_t wait_ms = 0;
    bool over =
        !gw_buckets_take(c->gw->buckets, c->address, GW_COST_PAGE, uv_now(&c->gw->loop), &wait_ms);
    c->gw->stats.over_rate += over;
    return over;
}

/* Answer the request that the parser has completed. Returns whether the connection goes on. */
static bool answer(struct gw_conn *c)
{
    struct gw_http *h = &c->http;
    bool served = h->parser.method == HTTP_GET || h->parser.method == HTTP_HEAD;
    bool keep = served && !h->has_body && !h->parser.upgrade &&
                llhttp_should_keep_alive(&h->parser) != 0 && h->n_target < sizeof(h->target);
    c->gw->stats.pages++;
    if (!served) {
        send_text(c, "405 Method Not Allowed", "", false);
    } else if (h->has_body) {
        send_text(c, "413 Content Too Large", "A request here has no body.\n", false);
    } else if (h->n_target >= sizeof(h->target)) {
        send_text(c, "414 URI Too Long", "The path is too long.\n", false);
    } else if (is_over_rate(c)) {
        send_text(c, "429 Too Many Requests", "Too many requests; try again in a second.\n", keep);
    } else {
        serve_path(c, keep);
    }
    return keep;
}

/* ---- input ---- */

static enum gw_step end_with(struct gw_conn *c, const char *status)
{
    c->gw->stats.bad_frames++;
    c->http.parser.method = HTTP_GET;
    send_text(c, status, "", false);
    gw_conn_close(c);
    return GW_STEP_MORE;
}

/* How much of the input the parser took before it stopped. */
static size_t n_parsed(struct gw_http *h, struct sy_view rest, llhttp_errno_t e)
{
    return e == HPE_OK ? rest.n
                       : (size_t)((const uint8_t *)llhttp_get_error_pos(&h->parser) - rest.p);
}

enum gw_step gw_http_input(struct gw_conn *c)
{
    struct gw_http *h = &c->http;
    struct sy_view rest = gw_frames_rest(&c->in);
    if (rest.n == 0) {
        return GW_STEP_MORE;
    }
    llhttp_errno_t e = llhttp_execute(&h->parser, (const char *)rest.p, rest.n);
    size_t n = n_parsed(h, rest, e);
    h->n_head += n;
    gw_frames_skip(&c->in, n);
    if (h->n_head > GW_HTTP_HEAD_MAX) {
        return end_with(c, "431 Request Header Fields Too Large");
    }
    if (e != HPE_OK && !(e == HPE_PAUSED && h->is_complete)) {
        return end_with(c, "400 Bad Request");
    }
    if (!h->is_complete) {
        return GW_STEP_MORE;
    }
    bool keep = answer(c);
    h->n_head = 0;
    h->is_begun = h->is_complete = false;
    c->active_ms = uv_now(&c->gw->loop);
    c->request_ms = 0;
    if (!keep) {
        gw_conn_close(c);
        return GW_STEP_MORE;
    }
    llhttp_resume(&h->parser);
    return GW_STEP_AGAIN;
}
