/*
 * The outcome of a re-run is believed only when the log says it too: as the warden's own act, about this
 * request and this charge. Whatever else a reply says is no outcome.
 */
#include "test_server.h"

enum { CHARGE = 41 };

static shuyu_session *open_session(void)
{
    shuyu_session *s = NULL;
    int code = S.tls ? shuyu_open(H.profile, NULL, NULL, &s, NULL)
                     : shuyu_open_local(H.profile, S.path, NULL, &s, NULL);
    assert_int_equal(code, 0);
    return s;
}

static int ask(shuyu_session *s, shuyu_reply **ret)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(256);
    struct sy_rerun args = {.charge = CHARGE};
    check_ok(sy_record_encode(&sy_rerun_desc, &args, &b));
    shuyu_request r = {.method = "audit.rerun", .args = {b.p, b.n}};
    return shuyu_call(s, &r, ret, NULL);
}

static void test_believed(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    shuyu_session *s = open_session();
    struct sy_rerun_result said;
    shuyu_reply *reply = NULL;
    S.f.rerun_lie = 0;
    assert_int_equal(ask(s, &reply), 0);
    shuyu_bytes got = shuyu_reply_result(reply);
    check_ok(sy_record_decode(&sy_rerun_result_desc, sy_view(got.data, got.n), &SY_MP_REQUEST,
                              &arena, &said, NULL));
    assert_true(sy_view_is(said.outcome, "match"));
    assert_int_equal(said.charge, CHARGE);
    shuyu_reply_free(reply);
    shuyu_close(s);
}

static void test_lies(void **state)
{
    (void)state;
    int codes[FAKE_RERUN_LIES + 1] = {0};
    shuyu_session *s = open_session();
    for (unsigned lie = 1; lie <= FAKE_RERUN_LIES; lie++) {
        shuyu_reply *reply = NULL;
        S.f.rerun_lie = lie;
        codes[lie] = ask(s, &reply);
        shuyu_reply_free(reply);
    }
    S.f.rerun_lie = 0;
    shuyu_close(s); /* first: the server waits for it */
    for (unsigned lie = 1; lie <= FAKE_RERUN_LIES; lie++) {
        if (codes[lie] != SHUYU_E_PROOF) {
            fail_msg("lie %u: %s", lie, shuyu_error_name(codes[lie]));
        }
    }
}

#define UNIX(f) cmocka_unit_test_setup_teardown(f, start_unix, stop)
#define TLS(f)                                                                                     \
    {                                                                                              \
#f "_tls", f, start_tls_server, stop, NULL                                                 \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {UNIX(test_believed), UNIX(test_lies), TLS(test_lies)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
