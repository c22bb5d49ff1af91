/*
 * Errands: each gets one completion, later, whatever the courier does: answers in any order, refuses, says
 * nothing, says nonsense, dies with many under way; and a domain without one asks in vain at once.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "warden/warden.h"

enum { MS = 1000000, PATIENCE_MS = 20000 };

/* What the courier of the test does with a request. */
enum mode { ANSWER = 1, REFUSE, HOLD, REVERSE, NONSENSE, UNASKED, DIE };

struct world {
    struct warden w;
    int peer; /* the courier's end; -1 when it is gone */
    struct warden_watch *watch;
    enum mode mode;
    size_t reverse_at; /* how many requests are held before they are answered, the last first */
    uint32_t held[SY_COURIER_AT_ONCE];
    size_t n_held;
    size_t done;   /* completions so far */
    size_t wanted; /* then comes the next phase, or the end */
    void (*next)(struct world *t);
    struct errand *of_next;
    bool is_asking; /* inside warden_courier_http */
    size_t again;   /* completions that ask again */
};

struct errand {
    struct world *world;
    size_t completions;
    int32_t code;
    unsigned http_status;
    char body[64];
    size_t at; /* its place among the completions, from 1 */
};

static void nothing(void *ctx)
{
    (void)ctx;
}

static void too_long(void *ctx)
{
    warden_loop_stop(ctx);
}

/* ---- the courier of the test ---- */

static void hang_up(struct world *t)
{
    warden_watch_remove(t->watch);
    sy_fd_close(&t->peer);
}

static void send_bytes(struct world *t, struct sy_view bytes)
{
    check_ok(sy_write_all(t->peer, bytes.p, bytes.n));
}

static void answer(struct world *t, uint32_t id)
{
    char body[32];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    (void)snprintf(body, sizeof(body), "to %u", id);
    struct sy_courier_answer a = {.status = 409, .body = sy_view_str(body)};
    check_ok(sy_courier_put_answer(&b, id, &a));
    send_bytes(t, sy_buf_view(&b));
}

static void refuse(struct world *t, uint32_t id)
{
    struct sy_error e = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    (void)sy_fail(&e, SY_E_TLS, "tls", "no");
    check_ok(sy_rpc_put_error(&b, id, &e));
    send_bytes(t, sy_buf_view(&b));
}

static void hold(struct world *t, uint32_t id)
{
    t->held[t->n_held++] = id;
}

static void reverse(struct world *t, uint32_t id)
{
    hold(t, id);
    bool is_enough = t->n_held >= t->reverse_at;
    for (; is_enough && t->n_held > 0; t->n_held--) {
        answer(t, t->held[t->n_held - 1]);
    }
}

static void say_nonsense(struct world *t, uint32_t id)
{
    (void)id;
    send_bytes(t, sy_view("\x94\x01\x01\xC0\xC0", 5));
}

static void answer_unasked(struct world *t, uint32_t id)
{
    answer(t, id + 1);
}

static void die(struct world *t, uint32_t id)
{
    (void)id;
    hang_up(t);
}

static void (*const DOES[])(struct world *t, uint32_t id) = {
    [ANSWER] = answer,         [REFUSE] = refuse,          [HOLD] = hold, [REVERSE] = reverse,
    [NONSENSE] = say_nonsense, [UNASKED] = answer_unasked, [DIE] = die,
};

static void on_peer(void *ctx, short revents)
{
    struct world *t = ctx;
    static uint8_t bytes[1 << 20];
    (void)revents;
    ssize_t n = recv(t->peer, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n <= 0) {
        hang_up(t);
        return;
    }
    for (size_t at = 0, len = 0; t->peer >= 0 && at < (size_t)n; at += len) {
        SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
        struct sy_courier_ask ask;
        struct sy_view rest = sy_view(bytes + at, (size_t)n - at);
        check_ok(sy_mp_frame(rest, &SY_COURIER_FRAME, &len, NULL));
        check_ok(sy_rpc_parse(sy_view(rest.p, len), &SY_COURIER_FRAME, &m, NULL));
        check_ok(sy_courier_get_ask(&m, &ask, NULL));
        assert_true(sy_view_is(ask.url, "http://w.example/"));
        DOES[t->mode](t, m.id);
    }
}

/* ---- the warden's side ---- */

static void on_frame(void *ctx, struct warden_conn *conn, struct sy_view frame, int passed_fd)
{
    struct world *t = ctx;
    (void)conn;
    assert_int_equal(passed_fd, -1);
    warden_courier_frame(&t->w, frame);
}

static void on_gone(void *ctx, struct warden_conn *conn)
{
    struct world *t = ctx;
    assert_true(conn == t->w.courier.conn);
    warden_courier_gone(&t->w);
}

static const struct warden_conn_ops OPS = {on_frame, on_gone};

static void attach(struct world *t, enum mode mode)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    t->mode = mode;
    t->peer = ends[1];
    t->watch = warden_watch_add(t->w.loop, t->peer, POLLIN, on_peer, t);
    warden_courier_attach(&t->w,
                          warden_conn_open(t->w.loop, ends[0], WARDEN_CONN_COURIER, 1, &OPS, t));
    assert_non_null(t->w.courier.conn);
}

static struct world *world_new(void)
{
    struct world *t = test_calloc(1, sizeof(*t));
    t->peer = -1;
    t->w.loop = warden_loop_new(nothing, NULL);
    assert_non_null(t->w.loop);
    return t;
}

static void world_free(struct world *t)
{
    warden_courier_close(&t->w);
    if (t->w.courier.conn != NULL) {
        warden_conn_drop(t->w.courier.conn);
    }
    if (t->peer >= 0) {
        hang_up(t);
    }
    warden_loop_free(t->w.loop);
    test_free(t);
}

static sy_status ask(struct world *t, struct errand *e, unsigned timeout_ms);

static void on_done(void *ctx, sy_status s, unsigned http_status, struct sy_view body)
{
    struct errand *e = ctx;
    struct world *t = e->world;
    assert_false(t->is_asking);
    e->completions++;
    e->code = s.code;
    e->http_status = http_status;
    e->at = ++t->done;
    sy_view_to_cstr(body, e->body, sizeof(e->body));
    if (t->again > 0) {
        t->again--;
        check_ok(ask(t, e, 1000));
    }
    void (*next)(struct world *) = t->next;
    if (t->done == t->wanted && next != NULL) {
        t->next = NULL;
        t->wanted++;
        next(t);
    } else if (t->done == t->wanted) {
        warden_loop_stop(t->w.loop);
    }
}

static sy_status ask(struct world *t, struct errand *e, unsigned timeout_ms)
{
    e->world = t;
    t->is_asking = true;
    sy_status s = warden_courier_http(&t->w, "POST", "http://w.example/", "text/plain",
                                      sy_view_str("body"), timeout_ms, on_done, e, NULL);
    t->is_asking = false;
    return s;
}

/* Until n completions were seen, and those of the next phase, if there is one. */
static void run(struct world *t, size_t n)
{
    size_t n_in_all = n + (t->next != NULL);
    t->wanted = n;
    uint64_t at = sy_mono_ns() + (uint64_t)PATIENCE_MS * MS;
    assert_true(warden_timer_add(t->w.loop, at, too_long, t->w.loop) != 0);
    warden_loop_run(t->w.loop);
    assert_int_equal(t->done, n_in_all);
}

/* ---- cases ---- */

static void test_answer(void **state)
{
    (void)state;
    struct world *t = world_new();
    struct errand e = {0};
    attach(t, ANSWER);
    check_ok(ask(t, &e, 1000));
    run(t, 1);
    assert_int_equal(e.completions, 1);
    assert_int_equal(e.code, 0);
    assert_int_equal(e.http_status, 409);
    assert_string_equal(e.body, "to 1");
    assert_int_equal(t->w.courier.n_errands, 0);
    world_free(t);
}

static void test_refusal(void **state)
{
    (void)state;
    struct world *t = world_new();
    struct errand e = {0};
    attach(t, REFUSE);
    check_ok(ask(t, &e, 1000));
    run(t, 1);
    assert_int_equal(e.code, SY_E_TLS);
    assert_int_equal(e.http_status, 0);
    assert_string_equal(e.body, "");
    assert_non_null(t->w.courier.conn);
    world_free(t);
}

static void test_any_order(void **state)
{
    (void)state;
    struct world *t = world_new();
    struct errand e[8] = {0};
    attach(t, REVERSE);
    t->reverse_at = 8;
    for (size_t i = 0; i < 8; i++) {
        check_ok(ask(t, &e[i], 1000));
    }
    run(t, 8);
    for (size_t i = 0; i < 8; i++) {
        char want[32];
        (void)snprintf(want, sizeof(want), "to %zu", i + 1);
        assert_string_equal(e[i].body, want);
        assert_int_equal(e[i].at, 8 - i);
    }
    world_free(t);
}

/* The courier says nothing: the warden's own clock ends the errand. */
static void test_silence(void **state)
{
    (void)state;
    struct world *t = world_new();
    struct errand e = {0};
    attach(t, HOLD);
    check_ok(ask(t, &e, 1));
    uint64_t from = sy_mono_ns();
    run(t, 1);
    assert_int_equal(e.code, SY_E_TIMEOUT);
    assert_true(sy_mono_ns() - from < 10000ULL * MS);
    assert_non_null(t->w.courier.conn);
    world_free(t);
}

static void test_late_answer(void **state)
{
    (void)state;
    struct world *t = world_new();
    struct errand e[2] = {0};
    attach(t, ANSWER);
    check_ok(ask(t, &e[0], 1000));
    answer(t, 1); /* twice, with the one that on_peer gives */
    check_ok(ask(t, &e[1], 1000));
    run(t, 2);
    assert_int_equal(e[0].completions, 1);
    assert_int_equal(e[1].completions, 1);
    assert_string_equal(e[1].body, "to 2");
    assert_non_null(t->w.courier.conn); /* a late answer is no offence */
    world_free(t);
}

static void test_no_courier(void **state)
{
    (void)state;
    struct world *t = world_new();
    struct errand e = {0};
    check_ok(ask(t, &e, 30000));
    assert_int_equal(e.completions, 0);
    run(t, 1);
    assert_int_equal(e.code, SY_E_CLOSED);
    world_free(t);
}

/* The next courier has come. */
static void ask_another(struct world *t)
{
    assert_null(t->w.courier.conn);
    if (t->peer >= 0) {
        hang_up(t);
    }
    attach(t, ANSWER);
    check_ok(ask(t, t->of_next, 1000));
}

static void check_all_closed(enum mode mode)
{
    struct world *t = world_new();
    struct errand e[SY_COURIER_AT_ONCE] = {0}, other = {0};
    attach(t, mode);
    t->again = 3; /* asked again from within a completion, when there is no courier any more */
    t->next = ask_another;
    t->of_next = &other;
    for (size_t i = 0; i < SY_COURIER_AT_ONCE; i++) {
        check_ok(ask(t, &e[i], 30000));
    }
    run(t, SY_COURIER_AT_ONCE + 3);
    for (size_t i = 0; i < SY_COURIER_AT_ONCE; i++) {
        assert_true(e[i].completions >= 1);
        assert_int_equal(e[i].code, SY_E_CLOSED);
    }
    assert_int_equal(other.code, 0);
    assert_int_equal(other.http_status, 409);
    assert_int_equal(t->w.courier.n_errands, 0);
    world_free(t);
}

static void test_death(void **state)
{
    (void)state;
    check_all_closed(DIE);
}

static void test_nonsense(void **state)
{
    (void)state;
    check_all_closed(NONSENSE);
}

static void test_unasked(void **state)
{
    (void)state;
    struct world *t = world_new();
    struct errand e = {0};
    attach(t, UNASKED);
    check_ok(ask(t, &e, 30000));
    run(t, 1);
    assert_int_equal(e.code, SY_E_CLOSED);
    assert_null(t->w.courier.conn);
    world_free(t);
}

/* The edge breaks while the request is written: the completion still comes later. */
static void test_dead_edge(void **state)
{
    (void)state;
    struct world *t = world_new();
    struct errand e = {0};
    attach(t, HOLD);
    hang_up(t);
    check_ok(ask(t, &e, 30000));
    assert_int_equal(e.completions, 0);
    run(t, 1);
    assert_int_equal(e.code, SY_E_CLOSED);
    world_free(t);
}

/* When the others are done there is room. */
static void ask_once_more(struct world *t)
{
    t->reverse_at = 1;
    check_ok(ask(t, t->of_next, 1000));
}

static void test_too_many(void **state)
{
    (void)state;
    struct world *t = world_new();
    struct errand e[SY_COURIER_AT_ONCE] = {0}, more = {0};
    attach(t, REVERSE);
    t->reverse_at = SY_COURIER_AT_ONCE;
    for (size_t i = 0; i < SY_COURIER_AT_ONCE; i++) {
        check_ok(ask(t, &e[i], 1000));
    }
    check_code(ask(t, &more, 1000), SY_E_BUSY);
    t->next = ask_once_more;
    t->of_next = &more;
    run(t, SY_COURIER_AT_ONCE);
    assert_int_equal(more.completions, 1);
    assert_int_equal(more.at, SY_COURIER_AT_ONCE + 1);
    world_free(t);
}

static void test_bad_requests(void **state)
{
    (void)state;
    struct world *t = world_new();
    struct sy_error err = {0};
    attach(t, ANSWER);
    check_code(warden_courier_http(&t->w, "GET", "http://a/\r\n", "", (struct sy_view){0}, 1000,
                                   on_done, NULL, &err),
               SY_E_FIELD);
    assert_string_equal(err.field, "url");
    check_code(warden_courier_http(&t->w, "GET", "http://a/", "", (struct sy_view){0}, 30001,
                                   on_done, NULL, &err),
               SY_E_FIELD);
    assert_int_equal(t->w.courier.n_errands, 0);
    world_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),      cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_any_order),   cmocka_unit_test(test_silence),
        cmocka_unit_test(test_late_answer), cmocka_unit_test(test_no_courier),
        cmocka_unit_test(test_death),       cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_unasked),     cmocka_unit_test(test_dead_edge),
        cmocka_unit_test(test_too_many),    cmocka_unit_test(test_bad_requests),
    };
    return cmocka_run_group_tests_name("warden_courier", tests, NULL, NULL);
}
