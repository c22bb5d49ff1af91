/*
 * Consent tokens and questions about one subject: a token says what was consented to and holds neither
 * identifier nor value; a request's secret opens it and has a length that tells nothing; the answer is
 * verified as every run's, blocking and asynchronous.
 */
#include "test_server.h"

#include "base/time.h"
#include "client/async.h"
#include "client/subject.h"
#include "proof/consent.h"
#include "wire/unit_id.h"

static const uint8_t GRANT[32] = {1, 2, 3};
static const uint8_t MODEL[32] = {9, 8, 7};
static const char *const ID[] = {" ab-1001"};
static const shuyu_param SAID[] = {{"least", "4000"}, {"city", "杭州"}};

static shuyu_consent consent(void)
{
    return (shuyu_consent){.grant = GRANT,
                           .model = MODEL,
                           .id = ID,
                           .n_id = 1,
                           .asserted = SAID,
                           .n_asserted = 2,
                           .lifetime_s = 600};
}

static shuyu_buffer issue(void)
{
    shuyu_consent what = consent();
    shuyu_buffer file = {0};
    assert_int_equal(shuyu_consent_issue(H.profile, &what, &file, NULL), 0);
    return file;
}

static shuyu_subject_question question(const shuyu_buffer *file)
{
    return (shuyu_subject_question){
        .consent = {file->data, file->n}, .id = ID, .n_id = 1, .asserted = SAID, .n_asserted = 2};
}

/* ---- tokens ---- */

static bool holds(shuyu_buffer b, const char *text)
{
    return memmem(b.data, b.n, text, strlen(text)) != NULL;
}

static void test_token(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_consent_file file;
    struct sy_consent t;
    uint8_t commit[32];
    struct sy_run_param values[] = {{sy_view_str("city"), sy_view_str("杭州")},
                                    {sy_view_str("least"), sy_view_str("4000")}};
    struct sy_asserted all = {.values = values, .n_values = 2};
    int64_t now = sy_now_s();
    shuyu_buffer b = issue(), c = issue();
    check_ok(sy_record_decode(&sy_consent_file_desc, sy_view(b.data, b.n), &SY_MP_REQUEST, &arena,
                              &file, NULL));
    check_ok(proof_consent_verify(file.token, file.sig, shuyu_profile_sign_key(H.profile), NULL));
    check_ok(proof_consent_read(file.token, &arena, &t, NULL));
    assert_memory_equal(t.domain, S.f.domain, 32);
    assert_memory_equal(t.grant, GRANT, 32);
    assert_memory_equal(t.model, MODEL, 32);
    assert_true(sy_view_is(t.issuer, "acme"));
    assert_true(t.not_before >= now && t.not_before <= now + 60);
    assert_int_equal(t.not_after, t.not_before + 600);
    proof_subject_commit(commit, file.salt, sy_view_str("AB-1001"));
    assert_memory_equal(commit, t.subject, 32);
    check_ok(proof_asserted_commit(commit, file.salt, &all));
    assert_memory_equal(commit, t.asserted, 32);
    assert_false(holds(b, "1001") || holds(b, "4000") || holds(b, "杭州"));
    assert_true(b.n != c.n || memcmp(b.data, c.data, b.n) != 0); /* nonce and salt are new */
    shuyu_buffer_free(&b);
    shuyu_buffer_free(&c);
}

static void refused(const shuyu_consent *what, int want, const char *why)
{
    shuyu_buffer b = {0};
    int code = shuyu_consent_issue(H.profile, what, &b, NULL);
    if (code != want || b.data != NULL) {
        fail_msg("%s: %s", why, shuyu_error_name(code));
    }
}

static void test_bad_tokens(void **state)
{
    (void)state;
    static const char *const blank[] = {" "};
    static const char *const longest[] = {
        "01234567890123456789012345678901234567890123456789012345678901234"};
    static const shuyu_param twice[] = {{"least", "1"}, {"least", "2"}};
    static const shuyu_param empty[] = {{"least", NULL}, {"more", "1"}};
#define BAD(code, change)                                                                          \
    do {                                                                                           \
        shuyu_consent w = consent();                                                               \
        w.change;                                                                                  \
        refused(&w, code, #change);                                                                \
    } while (0)
    BAD(SHUYU_E_FIELD, grant = NULL);
    BAD(SHUYU_E_FIELD, model = NULL);
    BAD(SHUYU_E_FIELD, lifetime_s = 0);
    BAD(SHUYU_E_FIELD, lifetime_s = INT64_MAX);
    BAD(SHUYU_E_FIELD, id = NULL);
    BAD(SHUYU_E_FIELD, n_id = 0);
    BAD(SHUYU_E_FIELD, id = blank);
    BAD(SHUYU_E_LIMIT, id = longest);
    BAD(SHUYU_E_FIELD, asserted = twice);
    BAD(SHUYU_E_FIELD, asserted = NULL);
    BAD(SHUYU_E_FIELD, asserted = empty);
    BAD(SHUYU_E_FIELD, n_asserted = 65);
#undef BAD
    struct home lone;
    shuyu_consent what = consent();
    shuyu_buffer b = {0};
    home_make(&lone, "lone");
    assert_int_equal(shuyu_consent_issue(lone.profile, &what, &b, NULL), SHUYU_E_STATE);
    home_remove(&lone);
    assert_int_equal(shuyu_consent_issue(NULL, &what, &b, NULL), SHUYU_E_USAGE);
}

/* ---- requests ---- */

static void test_secret(void **state)
{
    (void)state;
    shuyu_buffer file = issue();
    size_t first = 0;
    for (size_t n = 1; n <= SY_UNIT_ID_BYTES; n++) {
        char text[SY_UNIT_ID_BYTES + 1] = {0};
        const char *const id[] = {text};
        memset(text, 'A', n);
        shuyu_subject_question q = question(&file);
        struct client_subject_ask a;
        struct sy_subject_secret s;
        q.id = id;
        client_subject_init(&a);
        check_ok(client_subject_make(&q, &a, NULL));
        assert_int_equal(a.secret.n % SY_SUBJECT_SECRET_BLOCK, 0);
        first = first == 0 ? a.secret.n : first;
        assert_in_range(a.secret.n, first, first + SY_SUBJECT_SECRET_BLOCK);
        check_ok(sy_record_decode(&sy_subject_secret_desc, sy_buf_view(&a.secret), &SY_MP_REQUEST,
                                  &a.arena, &s, NULL));
        assert_int_equal(s.n_id, 1);
        assert_true(sy_view_is(s.id[0], text));
        assert_int_equal(s.asserted.n_values, 2);
        assert_true(sy_view_is(s.asserted.values[0].name, "city"));
        assert_true(sy_view_is(s.asserted.values[1].value, "4000"));
        assert_string_equal(a.request.method, "subject.ask");
        assert_memory_equal(a.request.grant, GRANT, 32);
        assert_memory_equal(a.request.subject, MODEL, 32);
        client_subject_deinit(&a);
    }
    shuyu_buffer_free(&file);
}

static shuyu_session *open_session(void)
{
    shuyu_session *s = NULL;
    int code = S.tls ? shuyu_open(H.profile, NULL, NULL, &s, NULL)
                     : shuyu_open_local(H.profile, S.path, NULL, &s, NULL);
    assert_int_equal(code, 0);
    return s;
}

static void test_ask(void **state)
{
    (void)state;
    shuyu_session *s = open_session();
    shuyu_buffer file = issue();
    shuyu_subject_question q = question(&file);
    shuyu_answer *a = NULL;
    shuyu_facts facts;
    S.f.busy = 1;
    assert_int_equal(shuyu_subject_ask(s, &q, &a, NULL), 0);
    assert_non_null(shuyu_answer_text(a, 0, 0));
    shuyu_answer_facts(a, &facts);
    assert_memory_equal(facts.model, MODEL, 32);
    shuyu_answer_free(a);
    static const enum fake_lie lies[] = {LIE_RESULT, LIE_NO_PROOF, LIE_ONE_PROOF, LIE_MODEL};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        S.f.lie = lies[i];
        a = NULL;
        assert_int_not_equal(shuyu_subject_ask(s, &q, &a, NULL), 0);
        assert_null(a);
    }
    S.f.lie = LIE_NONE;
    q.consent.n--;
    assert_int_equal(shuyu_subject_ask(s, &q, &a, NULL), SHUYU_E_NOT_CANONICAL);
    q = question(&file);
    q.n_id = 0;
    assert_int_equal(shuyu_subject_ask(s, &q, &a, NULL), SHUYU_E_FIELD);
    assert_int_equal(shuyu_subject_ask(s, NULL, &a, NULL), SHUYU_E_USAGE);
    shuyu_close(s);
    shuyu_buffer_free(&file);
}

/* ---- asynchronous ---- */

struct watch {
    shuyu_async *client;
    unsigned done;
    int code;
};

static void on_answer(void *ctx, shuyu_status status, shuyu_answer *answer,
                      const shuyu_error *error)
{
    struct watch *w = ctx;
    assert_int_equal(error->code, status);
    assert_true((answer != NULL) == (status == 0));
    shuyu_answer_free(answer);
    w->code = status;
    w->done++;
    shuyu_async_close(w->client, NULL, NULL);
}

static void test_async(void **state)
{
    (void)state;
    struct watch w = {0};
    uv_loop_t loop;
    shuyu_buffer file = issue();
    shuyu_subject_question q = question(&file);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(shuyu_async_open(&loop, H.profile, NULL, NULL, &w.client, NULL), 0);
    assert_int_equal(shuyu_async_subject(w.client, NULL, on_answer, &w, NULL, NULL), SHUYU_E_USAGE);
    assert_int_equal(shuyu_async_subject(w.client, &q, on_answer, &w, NULL, NULL), 0);
    shuyu_buffer_free(&file); /* the arguments were copied */
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.code, 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

#define UNIX(f) cmocka_unit_test_setup_teardown(f, start_unix, stop)
#define TLS(f)                                                                                     \
    {                                                                                              \
#f "_tls", f, start_tls_server, stop, NULL                                                 \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {UNIX(test_token), UNIX(test_bad_tokens), UNIX(test_secret),
                                       UNIX(test_ask),   TLS(test_ask),         TLS(test_async)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
