/*
 * Calls of a product against a server thread: genuine answers, first and stored, and each single lie about one,
 * blocking and asynchronous.
 */
#include "test_server.h"

#include <uv.h>

#include "shuyu/async.h"

static const uint8_t PRODUCT[32] = {5, 5, 5};
static const uint8_t GRANT[32] = {1, 2, 3};
static const uint8_t MODEL[32] = {9, 8, 7};
static const shuyu_param PARAMS[2] = {{"year", "2020"}, {"sex", "女"}};
static const shuyu_product_question QUESTION = {PRODUCT, GRANT, MODEL, "planning", 250, PARAMS, 2};

static shuyu_session *open_session(void)
{
    shuyu_session *s = NULL;
    shuyu_error e = {0};
    shuyu_status code = S.tls ? shuyu_open(H.profile, NULL, NULL, &s, &e)
                              : shuyu_open_local(H.profile, S.path, NULL, &s, &e);
    if (code != 0) {
        fail_msg("open: %s", e.reason);
    }
    return s;
}

static void check_answer(const shuyu_answer *a, bool stored)
{
    int64_t v = 0;
    shuyu_facts facts;
    shuyu_proof proof;
    struct sy_answer decoded;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    shuyu_bytes bytes = shuyu_answer_bytes(a);
    assert_int_equal(shuyu_answer_value(a, 1, 0, &v), 0);
    assert_int_equal(v, 120);
    shuyu_answer_facts(a, &facts);
    assert_int_equal(facts.fen, 250);
    assert_int_equal(facts.stored, stored);
    assert_memory_equal(facts.model, MODEL, 32);
    assert_memory_equal(facts.grant, GRANT, 32);
    assert_true(stored ? facts.answer < facts.charge : facts.answer > facts.charge);
    check_ok(sy_record_decode(&sy_answer_desc, sy_view(bytes.data, bytes.n), &SY_MP_LARGE, &arena,
                              &decoded, NULL)); /* the answer itself, not what it came in */
    assert_int_equal(shuyu_answer_proof(a, 1, &proof), 0);
    assert_int_equal(shuyu_receipt_verify(S.f.vkey, &proof, NULL, NULL, NULL), 0);
    assert_int_equal(shuyu_answer_proof(a, 2, &proof), SHUYU_E_NOT_FOUND);
}

static void ask_well(shuyu_session *s, bool stored)
{
    shuyu_answer *a = NULL;
    shuyu_error e = {0};
    S.f.product_stored = stored;
    if (shuyu_product_call(s, &QUESTION, &a, &e) != 0) {
        fail_msg("%s %s %s", shuyu_error_name(e.code), e.field, e.reason);
    }
    check_answer(a, stored);
    shuyu_answer_free(a);
}

static void test_answers(void **state)
{
    (void)state;
    shuyu_session *s = open_session();
    ask_well(s, false);
    ask_well(s, true);
    S.f.busy = 1;
    S.f.hang_up = 1;
    unsigned before = S.f.served;
    ask_well(s, false);
    assert_int_equal(S.f.served, before + 1); /* one envelope, however often it is sent */
    shuyu_close(s);
}

static shuyu_status ask_badly(shuyu_session *s, shuyu_error *e)
{
    shuyu_answer *a = NULL;
    shuyu_status code = shuyu_product_call(s, &QUESTION, &a, e);
    assert_null(a);
    return code;
}

/* Of the product: what the domain may not say, in its own name. */
static void test_product_lies(void **state)
{
    (void)state;
    shuyu_session *s = open_session();
    for (unsigned stored = 0; stored < 2; stored++) {
        S.f.product_stored = stored == 1;
        for (S.f.product_lie = 1; S.f.product_lie <= FAKE_PRODUCT_LIES; S.f.product_lie++) {
            if ((S.f.product_lie == 11 || S.f.product_lie == 13) && stored == 1) {
                continue; /* nothing else than what is logged can be said of it */
            }
            shuyu_error e = {0};
            shuyu_status code = ask_badly(s, &e);
            if (e.category != SHUYU_CAT_CRYPTO) {
                fail_msg("lie %u, stored %u: %s", S.f.product_lie, stored, shuyu_error_name(code));
            }
        }
    }
    S.f.product_lie = 0;
    ask_well(s, false);
    shuyu_close(s);
}

/* What a run's answer may not say holds for a product's. */
static void test_run_lies(void **state)
{
    static const enum fake_lie LIES[] = {
        LIE_RESULT,   LIE_COMMIT,    LIE_SALT,     LIE_BODY,    LIE_LEAF,   LIE_PATH,
        LIE_INDEX,    LIE_SIGNATURE, LIE_NO_PROOF, LIE_CHARGE,  LIE_SIGNER, LIE_TYPE,
        LIE_MODEL,    LIE_GRANT,     LIE_RHO,      LIE_DELTA,   LIE_NS,     LIE_SWAPPED,
        LIE_OUTCOME,  LIE_DATASET,   LIE_FORGED,   LIE_VERSION, LIE_HEADER, LIE_N_DATA,
        LIE_N_SPENDS, LIE_ONE_PROOF};
    (void)state;
    shuyu_session *s = open_session();
    for (size_t i = 0; i < sizeof(LIES) / sizeof(LIES[0]); i++) {
        shuyu_error e = {0};
        S.f.lie = LIES[i];
        shuyu_status code = ask_badly(s, &e);
        if (e.category != SHUYU_CAT_CRYPTO && code != SHUYU_E_UNSIGNED) {
            fail_msg("lie %d: %s", (int)LIES[i], shuyu_error_name(code));
        }
    }
    S.f.lie = LIE_NONE;
    ask_well(s, false);
    shuyu_close(s);
}

static void test_refused_run(void **state)
{
    (void)state;
    shuyu_session *s = open_session();
    shuyu_error e = {0};
    S.f.overran = true;
    assert_int_equal(ask_badly(s, &e), SHUYU_E_REFUSED);
    assert_true(e.logged);
    S.f.overran = false;
    shuyu_close(s);
}

static void test_misuse(void **state)
{
    (void)state;
    shuyu_session *s = open_session();
    shuyu_answer *a = NULL;
    shuyu_product_question q = QUESTION;
    q.purpose = NULL;
    assert_int_equal(shuyu_product_call(s, &q, &a, NULL), SHUYU_E_USAGE);
    q = QUESTION;
    q.model = NULL;
    assert_int_equal(shuyu_product_call(s, &q, &a, NULL), SHUYU_E_USAGE);
    q = QUESTION;
    q.n_params = 65;
    assert_int_equal(shuyu_product_call(s, &q, &a, NULL), SHUYU_E_FIELD);
    assert_int_equal(shuyu_product_call(NULL, &QUESTION, &a, NULL), SHUYU_E_USAGE);
    assert_int_equal(shuyu_product_call(s, &QUESTION, NULL, NULL), SHUYU_E_USAGE);
    assert_null(a);
    assert_int_equal(S.f.served, 0);
    shuyu_close(s);
}

/* --- asynchronous --------------------------------------------------------------------------------- */

struct outcome {
    shuyu_async *client;
    unsigned n;
    shuyu_status code;
    char field[64];
};

static void got(void *ctx, shuyu_status code, shuyu_answer *a, const shuyu_error *e)
{
    struct outcome *o = ctx;
    o->n++;
    o->code = code;
    (void)snprintf(o->field, sizeof(o->field), "%s", e->field);
    if (code == 0) {
        check_answer(a, false);
    }
    shuyu_answer_free(a);
    shuyu_async_close(o->client, NULL, NULL);
}

static shuyu_status ask_async(void)
{
    uv_loop_t loop;
    struct outcome o = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(shuyu_async_open(&loop, H.profile, NULL, NULL, &o.client, NULL), 0);
    assert_int_equal(shuyu_async_product(o.client, NULL, got, &o, NULL, NULL), SHUYU_E_USAGE);
    assert_int_equal(shuyu_async_product(o.client, &QUESTION, got, &o, NULL, NULL), 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(o.n, 1);
    return o.code;
}

static void test_async(void **state)
{
    (void)state;
    assert_int_equal(ask_async(), 0);
    S.f.product_lie = 3;
    assert_int_equal(ask_async(), SHUYU_E_PROOF);
    S.f.product_lie = 0;
}

/* Out of time: it says whether anything was sent. */
static void check_timeout(const char *address, const char *field)
{
    uv_loop_t loop;
    struct outcome o = {0};
    shuyu_options soon = {.call_timeout_ms = 400};
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(shuyu_async_open(&loop, H.profile, address, &soon, &o.client, NULL), 0);
    assert_int_equal(shuyu_async_product(o.client, &QUESTION, got, &o, NULL, NULL), 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(o.code, SHUYU_E_TIMEOUT);
    assert_string_equal(o.field, field);
}

static void test_timeouts(void **state)
{
    (void)state;
    check_timeout("127.0.0.1:1", "connection");
    S.f.busy = 1000;
    check_timeout(NULL, "answer");
    S.f.busy = 0;
}

/* A call that is answered so in clear, once; hang_up: after a first send whose reply was lost. */
static struct outcome refused_in_clear(unsigned hang_up, int32_t code, const char *field)
{
    uv_loop_t loop;
    struct outcome o = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    S.f.hang_up = hang_up;
    S.f.busy = 1;
    (void)sy_fail(&S.f.clear, code, field, "so it says");
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(shuyu_async_open(&loop, H.profile, NULL, NULL, &o.client, NULL), 0);
    assert_int_equal(shuyu_async_product(o.client, &QUESTION, got, &o, NULL, NULL), 0);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(S.f.busy, 0);
    return o;
}

/* Whoever is in between cannot make a call that was sent before look as if it had come to nothing. */
static void test_claims(void **state)
{
    static const int32_t CODES[] = {SY_E_RATE, SY_E_READ_ONLY, SY_E_SHARE, SY_E_TIMEOUT};
    (void)state;
    for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++) {
        struct outcome o = refused_in_clear(1, CODES[i], "connection");
        assert_int_equal(o.code, SHUYU_E_TIMEOUT);
        assert_string_equal(o.field, "answer");
        o = refused_in_clear(0, CODES[i], "connection");
        assert_int_equal(o.code, CODES[i]);
        assert_string_equal(o.field, CODES[i] == SY_E_TIMEOUT ? "answer" : "connection");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, start_tls_server, stop),
        cmocka_unit_test_setup_teardown(test_answers, start_unix, stop),
        cmocka_unit_test_setup_teardown(test_product_lies, start_tls_server, stop),
        cmocka_unit_test_setup_teardown(test_run_lies, start_tls_server, stop),
        cmocka_unit_test_setup_teardown(test_refused_run, start_tls_server, stop),
        cmocka_unit_test_setup_teardown(test_misuse, start_tls_server, stop),
        cmocka_unit_test_setup_teardown(test_async, start_tls_server, stop),
        cmocka_unit_test_setup_teardown(test_timeouts, start_tls_server, stop),
        cmocka_unit_test_setup_teardown(test_claims, start_tls_server, stop),
    };
    return cmocka_run_group_tests_name("client_product", tests, NULL, NULL);
}
