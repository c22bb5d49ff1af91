/*
 * Tests of MessagePack-RPC frames as clients really send them: ids from 0, methods as bin, errors
 * of any shape, and broken frames, of which the sender must still be told.
 */
#include "test_bytes.h"

#include "wire/rpc.h"

static void test_rpc_requests(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        uint32_t id;
        const char *method;
        uint32_t n_params;
    } cases[] = {
        {"94 00 00 a3666f6f 90", 0, "foo", 0},                    /* ids start at 0 */
        {"94 00 07 c403666f6f 92 01 02", 7, "foo", 2},            /* the method as bin (pynvim) */
        {"94 00 ceffffffff a3612e62 91c0", UINT32_MAX, "a.b", 1}, /* the largest id */
        {"94 00 cc01 a1 61 90", 1, "a", 0},                       /* numbers in longer forms */
        {"dc0004 00 d005 d9035f6130 dd00000001 ca00000000", 5, "_a0", 1},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i].hex);
        SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
        check_ok(sy_rpc_parse(view_of(&in), &SY_MP_REQUEST, &m, NULL));
        assert_int_equal(m.kind, SY_RPC_REQUEST);
        assert_int_equal(m.id, cases[i].id);
        assert_true(sy_view_is(m.method, cases[i].method));
        assert_int_equal(m.params->via.array.size, cases[i].n_params);
        assert_null(m.error);
        assert_null(m.result);
    }
}

static void test_rpc_notifications_and_responses(void **state)
{
    (void)state;
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    struct bytes in = unhex("93 02 a3666f6f 91 01");
    check_ok(sy_rpc_parse(view_of(&in), &SY_MP_REQUEST, &m, NULL));
    assert_int_equal(m.kind, SY_RPC_NOTIFY);
    assert_true(sy_view_is(m.method, "foo"));
    assert_int_equal(m.params->via.array.size, 1);
    sy_rpc_close(&m);
    in = unhex("94 01 00 c0 a26f6b");
    check_ok(sy_rpc_parse(view_of(&in), &SY_MP_REQUEST, &m, NULL));
    assert_int_equal(m.kind, SY_RPC_RESPONSE);
    assert_int_equal(m.id, 0);
    struct sy_error e = {0};
    assert_false(sy_rpc_error(m.error, &e));
    struct sy_view ok = {0};
    assert_true(sy_mp_str(m.result, &ok) && sy_view_is(ok, "ok"));
    assert_null(m.params);
    sy_rpc_close(&m);
    in = unhex("94 01 09 c0 c0"); /* a result that is nil is no error */
    check_ok(sy_rpc_parse(view_of(&in), &SY_MP_REQUEST, &m, NULL));
    sy_rpc_close(&m);
    sy_rpc_close(NULL);
}

static void test_rpc_bad_frames_say_whom_to_answer(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int32_t code;
        enum sy_rpc_kind kind;
        uint32_t id;
    } cases[] = {
        {"94 00 05 a0 90", SY_E_FRAME, SY_RPC_REQUEST, 5},       /* method empty */
        {"94 00 05 a3466f6f 90", SY_E_FRAME, SY_RPC_REQUEST, 5}, /* a capital */
        {"94 00 05 a3662f6f 90", SY_E_FRAME, SY_RPC_REQUEST, 5}, /* a slash */
        {"94 00 05 a3660a6f 90", SY_E_FRAME, SY_RPC_REQUEST, 5}, /* a newline */
        {"94 00 05 01 90", SY_E_FRAME, SY_RPC_REQUEST, 5},       /* a number */
        {"94 00 05 a161 80", SY_E_FRAME, SY_RPC_REQUEST, 5},     /* params a map */
        {"94 00 05 a161 c0", SY_E_FRAME, SY_RPC_REQUEST, 5},     /* params nil */
        {"94 00 cd0102 a161 c1", SY_E_NOT_CANONICAL, SY_RPC_REQUEST, 258},
        {"94 00 ce01020304 a161", SY_E_NOT_CANONICAL, SY_RPC_REQUEST, 0x01020304},
        {"94 00 cc80 a161 dd0fffffff", SY_E_LIMIT, SY_RPC_REQUEST, 128},
        {"94 00 05 a161 90 90", SY_E_NOT_CANONICAL, SY_RPC_REQUEST, 5}, /* bytes follow */
        {"dc0004 00 05 a0 90", SY_E_FRAME, SY_RPC_REQUEST, 5},          /* id read after parsing */
        {"94 00 ff a161 90", SY_E_FRAME, SY_RPC_NOTIFY, 0},             /* id negative */
        {"94 00 a130 a161 90", SY_E_FRAME, SY_RPC_NOTIFY, 0},           /* id text */
        {"94 00 cf0000000100000000 a161 90", SY_E_FRAME, SY_RPC_NOTIFY, 0}, /* id too large */
        {"94 00 ce0102", SY_E_NOT_CANONICAL, SY_RPC_NOTIFY, 0},             /* id cut */
        {"93 00 05 a161", SY_E_FRAME, SY_RPC_NOTIFY, 0},                    /* three elements */
        {"95 00 05 a161 90 c0", SY_E_FRAME, SY_RPC_NOTIFY, 0},              /* five */
        {"93 02 a0 90", SY_E_FRAME, SY_RPC_NOTIFY, 0},
        {"93 02 a161 01", SY_E_FRAME, SY_RPC_NOTIFY, 0},
        {"94 02 05 a161 90", SY_E_FRAME, SY_RPC_NOTIFY, 0},
        {"93 01 05 c0", SY_E_FRAME, SY_RPC_NOTIFY, 0},
        {"94 01 c0 c0 c0", SY_E_FRAME, SY_RPC_NOTIFY, 0},   /* response without id */
        {"94 01 05 a165 01", SY_E_FRAME, SY_RPC_NOTIFY, 0}, /* error and result */
        {"94 03 05 a161 90", SY_E_FRAME, SY_RPC_NOTIFY, 0}, /* no such kind */
        {"94 ff 05 a161 90", SY_E_FRAME, SY_RPC_NOTIFY, 0},
        {"94 c0 05 a161 90", SY_E_FRAME, SY_RPC_NOTIFY, 0},
        {"90", SY_E_FRAME, SY_RPC_NOTIFY, 0},
        {"80", SY_E_FRAME, SY_RPC_NOTIFY, 0},
        {"c0", SY_E_FRAME, SY_RPC_NOTIFY, 0},
        {"", SY_E_NOT_CANONICAL, SY_RPC_NOTIFY, 0},
        {"474554202f20", SY_E_NOT_CANONICAL, SY_RPC_NOTIFY, 0}, /* "GET / " */
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i].hex);
        struct sy_rpc_msg m;
        struct sy_error e = {0};
        sy_status s = sy_rpc_parse(view_of(&in), &SY_MP_REQUEST, &m, &e);
        if (s.code != cases[i].code || m.kind != cases[i].kind || m.id != cases[i].id) {
            fail_msg("%s: %s kind %d id %u", cases[i].hex, sy_code_name(s.code), (int)m.kind, m.id);
        }
        assert_int_equal(e.code, s.code);
        assert_null(m.doc.zone);
        assert_null(m.params);
        assert_int_equal(m.method.n, 0);
    }
}

static void test_rpc_method_length(void **state)
{
    (void)state;
    for (size_t n = 64; n <= 65; n++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(256);
        char method[66];
        memset(method, 'm', n);
        method[n] = '\0';
        check_code(sy_rpc_put_request(&b, 1, method, 0), n == 64 ? 0 : SY_E_USAGE);
        sy_buf_clear(&b);
        check_ok(sy_mp_put_array(&b, 4));
        check_ok(sy_mp_put_u64(&b, 0));
        check_ok(sy_mp_put_u64(&b, 1));
        check_ok(sy_mp_put_str(&b, sy_view_str(method)));
        check_ok(sy_mp_put_array(&b, 0));
        SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
        check_code(sy_rpc_parse(sy_buf_view(&b), &SY_MP_REQUEST, &m, NULL),
                   n == 64 ? 0 : SY_E_FRAME);
    }
}

static void test_rpc_writers(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(256);
    check_ok(sy_rpc_put_request(&b, 300, "run", 2));
    check_hex(&b, "94 00 cd012c a372756e 92");
    sy_buf_clear(&b);
    check_ok(sy_rpc_put_notify(&b, "run", 0));
    check_hex(&b, "93 02 a372756e 90");
    check_code(sy_rpc_put_notify(&b, "", 0), SY_E_USAGE);
    check_code(sy_rpc_put_request(&b, 1, "Run", 0), SY_E_USAGE);
    check_hex(&b, "93 02 a372756e 90");
    sy_buf_clear(&b);
    check_ok(sy_rpc_put_result_head(&b, 0));
    check_hex(&b, "94 01 00 c0");
}

static void test_rpc_writers_append_all_or_nothing(void **state)
{
    (void)state;
    const struct sy_error e = {.code = SY_E_BUDGET, .field = "f", .reason = "r"};
    SY_BUF_CLEANUP struct sy_buf whole = sy_buf(256);
    check_ok(sy_rpc_put_error(&whole, 1, &e));
    for (size_t room = 1; room < whole.n; room++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(room);
        check_code(sy_rpc_put_error(&b, 1, &e), SY_E_LIMIT);
        assert_int_equal(b.n, 0);
        sy_status request = sy_rpc_put_request(&b, 1, "run", 1);
        assert_int_equal(request.code, room < 8 ? SY_E_LIMIT : 0);
        assert_int_equal(b.n, room < 8 ? 0 : 8);
        sy_buf_clear(&b);
        sy_status result = sy_rpc_put_result_head(&b, 1);
        assert_int_equal(result.code, room < 4 ? SY_E_LIMIT : 0);
        assert_int_equal(b.n, room < 4 ? 0 : 4);
    }
}

/* Send an error and read it back. */
static struct sy_error pass_error(const struct sy_error *e)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    struct sy_error back = {0};
    check_ok(sy_rpc_put_error(&b, 7, e));
    struct sy_mp_doc doc;
    check_ok(sy_mp_open(sy_buf_view(&b), &SY_MP_REQUEST, &doc, NULL)); /* ours are canonical */
    sy_mp_close(&doc);
    check_ok(sy_rpc_parse(sy_buf_view(&b), &SY_MP_REQUEST, &m, NULL));
    assert_int_equal(m.kind, SY_RPC_RESPONSE);
    assert_int_equal(m.id, 7);
    assert_int_equal(m.result->type, MSGPACK_OBJECT_NIL);
    assert_true(sy_rpc_error(m.error, &back));
    struct sy_view category = {0};
    assert_true(sy_mp_str(sy_mp_get(m.error, "category"), &category));
    assert_true(sy_view_is(category, sy_category_name(sy_category_of(back.code))));
    return back;
}

static void test_rpc_every_error_passes(void **state)
{
    (void)state;
#define CODE(code, cat, n, name, text) code,
    static const int32_t codes[] = {SY_ERRORS(CODE)};
#undef CODE
    for (size_t i = 0; i < N_OF(codes); i++) {
        struct sy_error e = {0};
        check_code(sy_fail(&e, codes[i], "plan.nodes[3]", "%s", "why \xE6\x95\xB0"), codes[i]);
        struct sy_error back = pass_error(&e);
        assert_int_equal(back.code, e.code);
        assert_string_equal(back.field, e.field);
        assert_string_equal(back.reason, e.reason);
    }
}

static void test_rpc_odd_errors_stay_readable(void **state)
{
    (void)state;
    struct sy_error e = {.code = 0};
    struct sy_error back = pass_error(&e);
    assert_int_equal(back.code, SY_E_INTERNAL); /* "no error" sent as an error is a bug */
    e = (struct sy_error){.code = 0x7FFF, .reason = "x"};
    back = pass_error(&e);
    assert_int_equal(back.code, SY_E_INTERNAL);
    e = (struct sy_error){.code = SY_E_DATA, .field = "\xFF", .reason = "bad \xC3"};
    back = pass_error(&e);
    assert_string_equal(back.field, "");
    assert_string_equal(back.reason, sy_code_text(SY_E_DATA));
    e = (struct sy_error){.code = SY_E_DATA, .reason = "a\x1B[2Jb\n"};
    back = pass_error(&e);
    assert_string_equal(back.reason, "a?[2Jb?");
}

static void test_rpc_foreign_errors(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int32_t code;
        const char *reason;
    } cases[] = {
        {"a4626f6f6d", SY_E_INTERNAL, NULL},             /* a text */
        {"92 01 a4626f6f6d", SY_E_INTERNAL, NULL},       /* neovim's pair */
        {"80", SY_E_INTERNAL, NULL},                     /* an empty map */
        {"81 a4636f6465 a462757379", SY_E_BUSY, NULL},   /* a code alone */
        {"81 a4636f6465 a3796573", SY_E_INTERNAL, NULL}, /* unknown */
        {"81 a4636f6465 05", SY_E_INTERNAL, NULL},       /* a number */
        {"82 a4636f6465 a462757379 a6726561736f6e a26869", SY_E_BUSY, "hi"},
        {"82 a4636f6465 a462757379 a6726561736f6e a1ff", SY_E_BUSY, NULL}, /* not text */
        {"82 a4636f6465 a462757379 a6726561736f6e c4026869", SY_E_BUSY, NULL},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i].hex);
        SY_MP_CLEANUP struct sy_mp_doc doc = {0};
        struct sy_error e = {0};
        check_ok(sy_mp_open_loose(view_of(&in), &SY_MP_REQUEST, &doc, NULL));
        assert_true(sy_rpc_error(&doc.root, &e));
        assert_int_equal(e.code, cases[i].code);
        assert_string_equal(e.reason,
                            cases[i].reason == NULL ? sy_code_text(e.code) : cases[i].reason);
    }
}

static void test_rpc_random_bytes_never_crash(void **state)
{
    (void)state;
    uint64_t seed = start_random();
    for (int i = 0; i < 100000; i++) {
        struct bytes in = random_bytes(&seed);
        if (in.n > 2 && i % 2 == 0) {
            in.p[0] = (uint8_t)(0x93 + i / 2 % 2);
            in.p[1] = (uint8_t)(i / 4 % 3);
        }
        struct sy_rpc_msg m;
        struct sy_error e = {0};
        sy_status s = sy_rpc_parse(view_of(&in), &SY_MP_REQUEST, &m, &e);
        assert_int_equal(s.code, e.code);
        assert_true(sy_ok(s) || m.doc.zone == NULL);
        sy_rpc_close(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rpc_requests),
        cmocka_unit_test(test_rpc_notifications_and_responses),
        cmocka_unit_test(test_rpc_bad_frames_say_whom_to_answer),
        cmocka_unit_test(test_rpc_method_length),
        cmocka_unit_test(test_rpc_writers),
        cmocka_unit_test(test_rpc_writers_append_all_or_nothing),
        cmocka_unit_test(test_rpc_every_error_passes),
        cmocka_unit_test(test_rpc_odd_errors_stay_readable),
        cmocka_unit_test(test_rpc_foreign_errors),
        cmocka_unit_test(test_rpc_random_bytes_never_crash),
    };
    return cmocka_run_group_tests_name("wire_rpc", tests, NULL, NULL);
}
