/*
 * The drivers against a server thread: blocking over a unix socket and over TLS, and asynchronous
 * over TLS; each with a domain that is busy, one that hangs up, and one that lies.
 */
#include "test_server.h"

#include "client/async.h"

static const uint8_t GRANT[32] = {1, 2, 3};
static const uint8_t MODEL[32] = {9, 8, 7};

/* --- blocking --------------------------------------------------------------------------------- */

static shuyu_session *open_session(const shuyu_options *o)
{
    shuyu_session *s = NULL;
    shuyu_error e = {0};
    int code = S.tls ? shuyu_open(H.profile, NULL, o, &s, &e)
                     : shuyu_open_local(H.profile, S.path, o, &s, &e);
    if (code != 0) {
        fail_msg("open: %s %s", shuyu_error_name(code), e.reason);
    }
    return s;
}

static const shuyu_question QUESTION = {GRANT, MODEL, NULL, 0};

static void run_ok(shuyu_session *s)
{
    shuyu_answer *a = NULL;
    shuyu_error e = {0};
    int64_t v = 0;
    if (shuyu_run(s, &QUESTION, &a, &e) != 0) {
        fail_msg("run: %s %s %s", shuyu_error_name(e.code), e.field, e.reason);
    }
    assert_int_equal(shuyu_answer_value(a, 1, 0, &v), 0);
    assert_int_equal(v, 120);
    shuyu_answer_free(a);
}

static void test_sync(void **state)
{
    (void)state;
    shuyu_session *s = open_session(NULL);
    shuyu_pong pong;
    assert_int_equal(shuyu_ping(s, &pong, NULL), 0);
    assert_true(pong.is_pinned);
    assert_string_equal(pong.purpose, "test");
    run_ok(s);
    run_ok(s);
    assert_int_equal(S.f.served, 2);
    shuyu_close(s);
}

/* Busy twice, then the line drops twice: one request, one effect. */
static void test_sync_repeats(void **state)
{
    (void)state;
    shuyu_session *s = open_session(NULL);
    S.f.busy = 2;
    S.f.hang_up = 2;
    run_ok(s);
    assert_int_equal(S.f.served, 1);
    assert_int_equal(S.f.hang_up + S.f.busy, 0);
    shuyu_close(s);
}

static void test_sync_lie(void **state)
{
    (void)state;
    shuyu_session *s = open_session(NULL);
    shuyu_answer *a = NULL;
    shuyu_error e = {0};
    S.f.lie = LIE_PATH;
    assert_int_equal(shuyu_run(s, &QUESTION, &a, &e), SHUYU_E_PROOF);
    assert_null(a);
    assert_int_equal(e.category, SHUYU_CAT_CRYPTO);
    S.f.lie = LIE_NONE;
    run_ok(s);
    shuyu_close(s);
}

static void test_refusal(void **state)
{
    (void)state;
    shuyu_session *s = open_session(NULL);
    shuyu_reply *r = NULL;
    shuyu_proof proof;
    shuyu_error e = {0};
    shuyu_request q = {.method = "scene.revoke", .grant = GRANT};
    assert_int_equal(shuyu_call(s, &q, &r, &e), SHUYU_E_GRANT);
    assert_true(e.logged);
    assert_int_equal(shuyu_reply_proof(r, 0, &proof), 0);
    assert_int_equal(shuyu_receipt_verify(S.f.vkey, &proof, NULL, NULL, NULL), 0);
    shuyu_reply_free(r);
    q.method = "state.list";
    assert_int_equal(shuyu_call(s, &q, &r, &e), 0); /* a read: no proof is asked */
    assert_int_equal(shuyu_reply_proofs(r), 0);
    shuyu_reply_free(r);
    q.method = "no spaces";
    assert_int_equal(shuyu_call(s, &q, &r, &e), SHUYU_E_USAGE);
    shuyu_close(s);
}

static void note_progress(void *ctx, uint64_t rows, uint64_t bytes)
{
    *(bool *)ctx = rows == 12 && bytes == 3400;
}

static void test_fd_and_progress(void **state)
{
    (void)state;
    bool seen = false;
    shuyu_options o = {.on_progress = note_progress, .progress_ctx = &seen};
    shuyu_session *s = open_session(&o);
    shuyu_reply *r = NULL;
    shuyu_error e = {0};
    shuyu_request q = {.method = "dataset.ingest"};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fputs("hello", file) >= 0 && fflush(file) == 0, 1);
    if (S.tls) {
        assert_int_equal(shuyu_call_with_fd(s, &q, fileno(file), &r, &e), SHUYU_E_USAGE);
    } else {
        assert_int_equal(shuyu_call_with_fd(s, &q, fileno(file), &r, &e), 0);
        assert_int_equal(S.got_fd_bytes, 5);
        assert_true(seen);
        shuyu_reply_free(r);
    }
    fclose(file);
    shuyu_close(s);
}

static void test_pinned_gateway(void **state)
{
    (void)state;
    uint8_t right[32];
    uint8_t wrong[32] = {1};
    shuyu_session *s = NULL;
    shuyu_error e = {0};
    check_ok(client_certificate_fingerprint(S.cert, right));
    shuyu_pins pins = {.gateway = wrong};
    assert_int_equal(shuyu_profile_pin(H.profile, &pins, NULL), 0);
    assert_int_equal(shuyu_open(H.profile, NULL, NULL, &s, &e), SHUYU_E_TLS);
    assert_non_null(strstr(e.reason, "another certificate"));
    assert_null(s);
    pins.gateway = right;
    assert_int_equal(shuyu_profile_pin(H.profile, &pins, NULL), 0);
    s = open_session(NULL);
    run_ok(s);
    shuyu_close(s);
}

static void test_nobody_there(void **state)
{
    (void)state;
    shuyu_session *s = NULL;
    shuyu_options o = {.connect_timeout_ms = 200};
    assert_int_equal(shuyu_open(H.profile, "127.0.0.1:1", &o, &s, NULL), SHUYU_E_CLOSED);
    assert_int_equal(shuyu_open(H.profile, "nonsense", &o, &s, NULL), SHUYU_E_FIELD);
    assert_int_equal(shuyu_open_local(H.profile, "/tmp/no.such.sock", &o, &s, NULL),
                     SHUYU_E_CLOSED);
    assert_null(s);
}

static void test_timeout(void **state)
{
    (void)state;
    shuyu_options o = {.call_timeout_ms = 150};
    shuyu_session *s = open_session(&o);
    shuyu_answer *a = NULL;
    S.f.busy = 1000;
    assert_int_equal(shuyu_run(s, &QUESTION, &a, NULL), SHUYU_E_BUSY);
    S.f.busy = 0;
    run_ok(s);
    shuyu_close(s);
}

/* --- asynchronous ----------------------------------------------------------------------------- */

struct watch {
    shuyu_async *client;
    unsigned want, done, closed;
    int codes[8];
    int opened; /* -1 = not yet */
};

static void on_closed(void *ctx)
{
    ((struct watch *)ctx)->closed++;
}

static void on_open(shuyu_async *c, void *ctx, shuyu_status status, const shuyu_error *error)
{
    struct watch *w = ctx;
    assert_ptr_equal(c, w->client);
    assert_int_equal(status, error->code);
    w->opened = status;
}

static void on_run(void *ctx, shuyu_status status, shuyu_answer *answer, const shuyu_error *error)
{
    struct watch *w = ctx;
    int64_t v = 0;
    assert_int_equal(error->code, status);
    assert_true((answer != NULL) == (status == 0));
    if (answer != NULL) {
        assert_int_equal(shuyu_answer_value(answer, 1, 0, &v), 0);
        assert_int_equal(v, 120);
    }
    shuyu_answer_free(answer);
    w->codes[w->done++] = status;
    if (w->done == w->want) {
        shuyu_async_close(w->client, on_closed, w); /* from within its own callback */
    }
}

static void run_loop(struct watch *w, const char *address, const shuyu_options *o, unsigned n)
{
    uv_loop_t loop;
    shuyu_async_call *extra = NULL;
    (void)signal(SIGPIPE, SIG_IGN); /* as shuyu/async.h asks */
    assert_int_equal(uv_loop_init(&loop), 0);
    w->opened = -1;
    w->want = n;
    assert_int_equal(shuyu_async_open(&loop, H.profile, address, o, &w->client, NULL), 0);
    shuyu_async_on_open(w->client, on_open, w);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(shuyu_async_run(w->client, &QUESTION, on_run, w, NULL, NULL), 0);
    }
    assert_int_equal(shuyu_async_run(w->client, &QUESTION, on_run, w, &extra, NULL), 0);
    shuyu_async_cancel(extra);
    assert_int_equal(w->done, 0); /* nothing calls back from within */
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(w->done, n);
    assert_int_equal(w->closed, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_async(void **state)
{
    (void)state;
    struct watch w = {0};
    run_loop(&w, NULL, NULL, 5);
    assert_int_equal(w.opened, 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(w.codes[i], 0);
    }
    assert_int_equal(S.f.served, 5);
}

static void test_async_repeats(void **state)
{
    (void)state;
    struct watch w = {0};
    S.f.busy = 2;
    S.f.hang_up = 2;
    run_loop(&w, NULL, NULL, 1);
    assert_int_equal(w.codes[0], 0);
    assert_int_equal(S.f.served, 1);
}

static void test_async_lie(void **state)
{
    (void)state;
    struct watch w = {0};
    S.f.lie = LIE_RESULT;
    run_loop(&w, NULL, NULL, 2);
    assert_int_equal(w.codes[0], SHUYU_E_DIGEST);
    assert_int_equal(w.codes[1], SHUYU_E_DIGEST);
}

static void test_async_nobody(void **state)
{
    (void)state;
    struct watch w = {0};
    shuyu_options o = {.call_timeout_ms = 300, .connect_timeout_ms = 100};
    run_loop(&w, "127.0.0.1:1", &o, 1);
    assert_int_equal(w.opened, SHUYU_E_CLOSED);
    assert_int_equal(w.codes[0], SHUYU_E_TIMEOUT);
}

/* Closed at once, and while the host is being looked up. */
static void test_async_close_early(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct watch w = {0};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(shuyu_async_open(&loop, H.profile, NULL, NULL, &w.client, NULL), 0);
    shuyu_async_close(w.client, on_closed, &w);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(w.closed, 1);
    assert_int_equal(shuyu_async_open(&loop, H.profile, NULL, NULL, &w.client, NULL), 0);
    assert_int_equal(shuyu_async_run(w.client, &QUESTION, on_run, &w, NULL, NULL), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    shuyu_async_close(w.client, on_closed, &w);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(w.closed, 2);
    assert_int_equal(w.done, 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

#define UNIX(f) cmocka_unit_test_setup_teardown(f, start_unix, stop)
#define TLS(f)                                                                                     \
    {                                                                                              \
#f "_tls", f, start_tls_server, stop, NULL                                                 \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIX(test_sync),        UNIX(test_sync_repeats),    UNIX(test_sync_lie),
        UNIX(test_refusal),     UNIX(test_fd_and_progress), TLS(test_sync),
        TLS(test_sync_repeats), TLS(test_refusal),          TLS(test_fd_and_progress),
        TLS(test_timeout),      TLS(test_pinned_gateway),   TLS(test_nobody_there),
        TLS(test_async),        TLS(test_async_repeats),    TLS(test_async_lie),
        TLS(test_async_nobody), TLS(test_async_close_early)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
