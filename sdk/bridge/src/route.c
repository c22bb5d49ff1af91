/*
 * What: which request gets what. A request that needs the list of products waits for it when it is too old, and is
 * then routed on; one that calls a product waits for the call.
 */
#include <stdlib.h>
#include <strings.h>

#include "bridge/json.h"
#include "bridge/openapi.h"
#include "bridge/problem.h"
#include "conn.h"

enum what { NOTHING = 0, LIST, DOCUMENT, PRODUCT, PRODUCT_DOCUMENT };

struct target {
    enum what what;
    struct sy_view name; /* of a product */
};

/* ---- targets ---- */

static struct target target_of(struct sy_view path)
{
    static const char products[] = "/products/";
    static const char document[] = "/openapi.json";
    size_t n = sizeof(products) - 1;
    size_t n_tail = sizeof(document) - 1;
    struct target t = {NOTHING, {0}};
    if (sy_view_is(path, document)) {
        t.what = DOCUMENT;
    } else if (sy_view_is(path, "/products")) {
        t.what = LIST;
    } else if (sy_view_starts(path, sy_view_str(products)) && path.n > n) {
        t.name = sy_view(path.p + n, path.n - n);
        t.what = PRODUCT;
        if (t.name.n > n_tail && sy_view_is(sy_view(path.p + path.n - n_tail, n_tail), document)) {
            t.name.n -= n_tail;
            t.what = PRODUCT_DOCUMENT;
        }
    }
    return t;
}

static void refuse(struct bridge_conn *c, unsigned status, int code, const char *field,
                   const char *reason)
{
    shuyu_error e = bridge_error(code, field, reason);
    bridge_conn_problem(c, status, &e);
}

static void answer_json(struct bridge_conn *c, json_t *document)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(BRIDGE_OUTCOME_MAX);
    struct bridge_reply r = {.status = 200, .type = BRIDGE_JSON, .more = ""};
    if (!sy_ok(bridge_put_json(&b, document))) {
        refuse(c, 503, SHUYU_E_NO_MEMORY, "", "no memory for this document");
        return;
    }
    r.body = sy_buf_view(&b);
    bridge_conn_answer(c, &r);
}

static json_t *list_json(const struct bridge_shelf *shelf)
{
    json_t *list = json_array();
    for (size_t i = 0; i < shelf->n; i++) {
        (void)json_array_append_new(list, bridge_product_json(&shelf->products[i]));
    }
    return json_pack("{s:o}", "products", list);
}

/* ---- calls ---- */

static bool is_json(struct sy_view type)
{
    static const char json[] = "application/json";
    size_t n = sizeof(json) - 1;
    return type.n >= n && strncasecmp((const char *)type.p, json, n) == 0 &&
           (type.n == n || type.p[n] == ';' || type.p[n] == ' ');
}

static void start_call(struct bridge_conn *c, const struct bridge_product *p,
                       const struct bridge_ask *ask, struct bridge_key *key)
{
    shuyu_error e = {0};
    struct bridge_call *call = NULL;
    shuyu_status s = bridge_call_start(c->server, p, ask, &call, &e);
    if (s != SHUYU_OK) {
        if (key != NULL) {
            bridge_keys_forget(&c->server->keys, NULL);
        }
        bridge_conn_problem(c, bridge_status_of(s), &e);
        return;
    }
    if (key != NULL) {
        key->call = call;
        bridge_call_keep(call);
    }
    bridge_conn_wait(c, BRIDGE_WAITS_CALL, call);
}

/* A key that was there before: the outcome, or the wait for it. */
static void answer_again(struct bridge_conn *c, const struct bridge_key *key)
{
    if (key->state == BRIDGE_KEY_RUNNING) {
        bridge_conn_wait(c, BRIDGE_WAITS_CALL, key->call);
        return;
    }
    if (key->state == BRIDGE_KEY_BARE) {
        refuse(c, 409, SHUYU_E_STATE, "Idempotency-Key",
               "this call was made, and its outcome is not kept any more: use a new key to call "
               "again");
        return;
    }
    struct bridge_reply r = {.status = key->status,
                             .type = key->status == 200 ? BRIDGE_JSON : BRIDGE_PROBLEM,
                             .more = "Idempotency-Replayed: true\r\n",
                             .body = sy_buf_view(&key->body)};
    bridge_conn_answer(c, &r);
}

/* Was this asked before? True: it was answered. Before anything else is looked at: what was once answered does not
 * depend on what is published now. */
static bool answer_known(struct bridge_conn *c, uint8_t ret_digest[32])
{
    const struct bridge_request *q = &c->reader.request;
    struct bridge_key *key = NULL;
    bridge_key_digest(ret_digest, q->target, q->body);
    sy_status s =
        bridge_keys_find(&c->server->keys, q->headers[BRIDGE_IDEMPOTENCY_KEY], ret_digest, &key);
    if (s.code == SY_E_EXISTS) {
        answer_again(c, key);
    } else if (s.code == SY_E_DENIED) {
        refuse(c, 422, SHUYU_E_FIELD, "Idempotency-Key", "was used for another request");
    }
    return s.code != SY_E_NOT_FOUND;
}

static void call_with_key(struct bridge_conn *c, const struct bridge_product *p,
                          const struct bridge_ask *ask)
{
    uint8_t digest[32];
    struct bridge_key *key = NULL;
    if (answer_known(c, digest)) {
        return;
    }
    sy_status s = bridge_keys_add(&c->server->keys,
                                  c->reader.request.headers[BRIDGE_IDEMPOTENCY_KEY], digest, &key);
    if (sy_ok(s)) {
        start_call(c, p, ask, key);
    } else {
        refuse(c, 503, s.code, "Idempotency-Key", "no room for another key");
    }
}

static void call_product(struct bridge_conn *c, const struct bridge_product *p)
{
    const struct bridge_request *q = &c->reader.request;
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = 1 << 20};
    struct bridge_ask ask;
    shuyu_error e = {0};
    shuyu_status s = bridge_ask_read(q->body, p, &arena, &ask, &e);
    if (s != SHUYU_OK) {
        bridge_conn_problem(c, s == SHUYU_E_USAGE ? 400 : bridge_status_of(s), &e);
    } else if (q->headers[BRIDGE_IDEMPOTENCY_KEY].p == NULL) {
        start_call(c, p, &ask, NULL);
    } else {
        call_with_key(c, p, &ask);
    }
}

/* ---- requests ---- */

/* What is wrong with it, whatever the shelf holds. True: it was answered. */
static bool refuse_early(struct bridge_conn *c, struct target t)
{
    const struct bridge_request *q = &c->reader.request;
    bool has_key = q->headers[BRIDGE_IDEMPOTENCY_KEY].p != NULL;
    if (t.what == NOTHING) {
        refuse(c, 404, SHUYU_E_NOT_FOUND, "", "there is no such path here");
    } else if (q->method != BRIDGE_GET && !(q->method == BRIDGE_POST && t.what == PRODUCT)) {
        refuse(c, 405, SHUYU_E_METHOD, "", "products are called with POST, the rest is read");
    } else if (q->method == BRIDGE_POST && !is_json(q->headers[BRIDGE_CONTENT_TYPE])) {
        refuse(c, 415, SHUYU_E_USAGE, "Content-Type", "a call is application/json");
    } else if (has_key && !bridge_key_is(q->headers[BRIDGE_IDEMPOTENCY_KEY])) {
        refuse(c, 422, SHUYU_E_FIELD, "Idempotency-Key", "1 to 128 visible characters");
    } else {
        return false;
    }
    return true;
}

void bridge_route(struct bridge_conn *c)
{
    const char *reason = "";
    unsigned status = bridge_guard(&c->server->token, &c->reader.request, &reason);
    if (status != 0) {
        refuse(c, status, status == 400 ? SHUYU_E_USAGE : SHUYU_E_DENIED,
               status == 400   ? "Host"
               : status == 401 ? "Authorization"
                               : "Origin",
               reason);
        return;
    }
    uint8_t digest[32];
    bool has_key = c->reader.request.headers[BRIDGE_IDEMPOTENCY_KEY].p != NULL;
    bool is_done = refuse_early(c, target_of(c->reader.request.target)) ||
                   (has_key && c->reader.request.method == BRIDGE_POST && answer_known(c, digest));
    if (!is_done) {
        bridge_route_on(c, false);
    }
}

static bool is_fresh(const struct bridge_server *s, bool for_call)
{
    uint64_t most = for_call ? BRIDGE_SHELF_CALL_MS : BRIDGE_SHELF_LIST_MS;
    return s->shelf != NULL && !s->is_stale && uv_now(&s->loop) - s->shelf_ms < most;
}

static void wait_for_shelf(struct bridge_conn *c)
{
    bridge_conn_wait(c, BRIDGE_WAITS_SHELF, NULL);
    bridge_fetch_start(c->server);
}

void bridge_route_on(struct bridge_conn *c, bool is_new)
{
    struct bridge_server *s = c->server;
    struct target t = target_of(c->reader.request.target);
    bool for_call = c->reader.request.method == BRIDGE_POST;
    if (!is_new && !is_fresh(s, for_call)) {
        wait_for_shelf(c);
        return;
    }
    const struct bridge_product *p = t.name.n > 0 ? bridge_shelf_find(s->shelf, t.name) : NULL;
    if (t.name.n > 0 && p == NULL && !is_new) {
        wait_for_shelf(c);
    } else if (t.name.n > 0 && p == NULL) {
        refuse(c, 404, SHUYU_E_NOT_FOUND, "product",
               "there is no published product of this name that you have subscribed to");
    } else if (t.what == LIST) {
        answer_json(c, list_json(s->shelf));
    } else if (for_call) {
        call_product(c, p);
    } else {
        answer_json(c, t.what == PRODUCT ? bridge_product_json(p)
                                         : bridge_openapi(s->shelf, p, s->url));
    }
}
