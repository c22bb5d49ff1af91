/*
 * What: the list of products, page by page. A fetch makes a shelf of its own and installs it when it is whole, so
 * nobody ever sees half of one.
 */
#include "base/log.h"
#include "bridge/problem.h"
#include "conn.h"

static void ask_page(struct bridge_server *s, struct sy_view after);

/* ---- ending ---- */

/* Everyone who waits for the shelf; routing may close connections, which stay in the list until later. */
static void tell_waiting(struct bridge_server *s, const shuyu_error *e)
{
    for (struct bridge_conn *c = s->conns; c != NULL; c = c->next) {
        if (c->waits != BRIDGE_WAITS_SHELF) {
            continue;
        }
        if (e == NULL) {
            c->waits = BRIDGE_WAITS_NOT;
            bridge_route_on(c, true);
        } else {
            bridge_conn_problem(c, bridge_status_of(e->code), e);
        }
    }
}

static void fail(struct bridge_server *s, const shuyu_error *e)
{
    bridge_shelf_drop(s->fetch.shelf);
    s->fetch = (struct bridge_fetch){0};
    sy_log(SY_LOG_WARN, "no list of products", SY_LOGF_CODE(e->code));
    tell_waiting(s, e);
}

static void fail_code(struct bridge_server *s, int code)
{
    shuyu_error e = bridge_error(code, "products", shuyu_error_text(code));
    fail(s, &e);
}

static void install(struct bridge_server *s)
{
    sy_status made = bridge_shelf_close(s->fetch.shelf);
    if (!sy_ok(made)) {
        fail_code(s, made.code);
        return;
    }
    bridge_shelf_drop(s->shelf);
    s->shelf = s->fetch.shelf;
    s->shelf_ms = uv_now(&s->loop);
    s->is_stale = false;
    s->fetch = (struct bridge_fetch){0};
    tell_waiting(s, NULL);
}

/* ---- pages ---- */

static void got_page(void *ctx, shuyu_status status, shuyu_reply *reply, const shuyu_error *error)
{
    struct bridge_server *s = ctx;
    bool more = false;
    struct sy_view after = {0};
    s->fetch.call = NULL;
    if (status != SHUYU_OK) {
        shuyu_reply_free(reply);
        fail(s, error);
        return;
    }
    shuyu_bytes page = shuyu_reply_result(reply);
    sy_status taken = bridge_shelf_take(s->fetch.shelf, s->fetch.prefix, sy_view(page.data, page.n),
                                        shuyu_profile_party(s->profile), &more, &after);
    shuyu_reply_free(reply);
    if (!sy_ok(taken)) {
        fail_code(s, taken.code);
    } else if (more) {
        ask_page(s, after);
    } else if (bridge_shelf_prefix(++s->fetch.prefix) != NULL) {
        ask_page(s, (struct sy_view){0});
    } else {
        install(s);
    }
}

static void ask_page(struct bridge_server *s, struct sy_view after)
{
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(4096);
    shuyu_error e = {0};
    struct sy_list list = {.prefix = sy_view_str(bridge_shelf_prefix(s->fetch.prefix)),
                           .after = after};
    sy_status encoded = sy_record_encode(&sy_list_desc, &list, &args);
    if (!sy_ok(encoded)) {
        fail_code(s, encoded.code);
        return;
    }
    shuyu_request request = {.method = "state.list", .args = {args.p, args.n}};
    if (shuyu_async_send(s->client, &request, got_page, s, &s->fetch.call, &e) != SHUYU_OK) {
        fail(s, &e);
    }
}

void bridge_fetch_start(struct bridge_server *s)
{
    if (s->fetch.shelf != NULL) {
        return;
    }
    s->fetch = (struct bridge_fetch){.shelf = bridge_shelf_new(),
                                     .deadline_ms = uv_now(&s->loop) + BRIDGE_FETCH_MS};
    if (s->fetch.shelf == NULL) {
        fail_code(s, SHUYU_E_NO_MEMORY);
        return;
    }
    ask_page(s, (struct sy_view){0});
}

void bridge_fetch_expire(struct bridge_server *s, bool at_once)
{
    if (s->fetch.shelf != NULL && (at_once || uv_now(&s->loop) >= s->fetch.deadline_ms)) {
        shuyu_async_cancel(s->fetch.call);
        fail_code(s, at_once ? SHUYU_E_STOPPING : SHUYU_E_TIMEOUT);
    }
}
