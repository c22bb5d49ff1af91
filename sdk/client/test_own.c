/*
 * A file in parts against a server thread: every byte once and in order, lost connections, a domain that was started
 * anew between two parts, refusals.
 */
#include "test_server.h"

#include <sys/mman.h>

#include "wire/own.h"

enum { TAIL = 100, PARTS = 3, BYTES = 2 * SY_OWN_PART_MAX + TAIL };

static const uint8_t GRANT[32] = {1, 2, 3};

/* What the domain holds, and how it behaves. */
static struct {
    uint8_t *bytes;
    size_t n;
    uint64_t parts;
    unsigned restarts;    /* before a second part it has lost all, so many times */
    unsigned requests;    /* own.put */
    const char *refusal;  /* field of the last part's */
    uint64_t sent, calls; /* as told to the caller */
} D;

static const char *put_part(struct fake *f, struct sy_view args, struct sy_view part)
{
    struct sy_own_put put;
    check_ok(sy_record_decode(&sy_own_put_desc, args, &SY_MP_REQUEST, &f->arena, &put, NULL));
    assert_true(sy_view_is(put.dataset, "own.list"));
    assert_int_equal(put.parts, PARTS);
    D.requests++;
    if (put.part == 1 && D.restarts > 0) {
        D.restarts--;
        D.parts = 0;
    }
    if (put.part == 0) {
        D.parts = D.n = 0;
    }
    if (put.part != D.parts) {
        return "part";
    }
    if (put.part + 1 == PARTS && D.refusal != NULL) {
        return D.refusal;
    }
    memcpy(D.bytes + D.n, part.p, part.n);
    D.n += part.n;
    D.parts++;
    return NULL;
}

static void on_progress(void *ctx, uint64_t sent, uint64_t of)
{
    assert_ptr_equal(ctx, &D);
    assert_int_equal(of, BYTES);
    D.sent = sent;
    D.calls++;
}

static int make_file(size_t n)
{
    int fd = memfd_create("own", MFD_CLOEXEC);
    for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
        uint64_t v = i * 2654435761U;
        check_ok(sy_write_all(fd, &v, n - i < sizeof(v) ? n - i : sizeof(v)));
    }
    return fd; /* at its end: it is read from the beginning all the same */
}

static shuyu_session *open_session(void)
{
    shuyu_session *s = NULL;
    shuyu_error e = {0};
    assert_int_equal(shuyu_open(H.profile, NULL, NULL, &s, &e), 0);
    return s;
}

static shuyu_status put_file(size_t n, shuyu_reply **ret, shuyu_error *e)
{
    shuyu_session *s = open_session();
    shuyu_own_file file = {GRANT, "own.list", make_file(n), on_progress, &D};
    *ret = NULL;
    memset(e, 0, sizeof(*e));
    shuyu_status code = shuyu_own_put(s, &file, ret, e);
    (void)close(file.fd);
    shuyu_close(s);
    return code;
}

static void check_arrived(void)
{
    int fd = make_file(BYTES);
    uint8_t *want = malloc(BYTES);
    assert_non_null(want);
    assert_int_equal(pread(fd, want, BYTES, 0), BYTES);
    assert_int_equal(D.n, BYTES);
    assert_memory_equal(D.bytes, want, BYTES);
    free(want);
    (void)close(fd);
}

static int begin(void **state)
{
    memset(&D, 0, sizeof(D));
    D.bytes = malloc(BYTES + 1);
    int failed = start_tls_server(state);
    S.f.put = put_part;
    return failed || D.bytes == NULL;
}

static int end(void **state)
{
    free(D.bytes);
    return stop(state);
}

static void test_whole(void **state)
{
    shuyu_reply *r = NULL;
    shuyu_error e;
    (void)state;
    assert_int_equal(put_file(BYTES, &r, &e), 0);
    check_arrived();
    assert_int_equal(D.requests, PARTS);
    assert_int_equal(D.calls, PARTS);
    assert_int_equal(D.sent, BYTES);
    assert_non_null(r);
    assert_int_equal(shuyu_reply_proofs(r), 1);
    shuyu_reply_free(r);
}

static void test_lost_connections(void **state)
{
    shuyu_reply *r = NULL;
    shuyu_error e;
    (void)state;
    S.f.hang_up = 2;
    S.f.busy = 2;
    assert_int_equal(put_file(BYTES, &r, &e), 0);
    check_arrived();
    assert_int_equal(S.f.served, PARTS); /* the same envelopes again, not others */
    shuyu_reply_free(r);
}

static void test_restart(void **state)
{
    shuyu_reply *r = NULL;
    shuyu_error e;
    (void)state;
    D.restarts = 1;
    assert_int_equal(put_file(BYTES, &r, &e), 0);
    check_arrived();
    assert_int_equal(D.requests, 2 + PARTS);
    shuyu_reply_free(r);
    D.restarts = 2; /* once again, not for ever */
    assert_int_equal(put_file(BYTES, &r, &e), SHUYU_E_STATE);
    assert_string_equal(e.field, "part");
    assert_true(e.logged);
    shuyu_reply_free(r);
}

static void test_refusals(void **state)
{
    static const char *const fields[] = {"dataset", "secret"};
    shuyu_reply *r = NULL;
    shuyu_error e;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        D.refusal = fields[i];
        D.requests = 0;
        assert_int_equal(put_file(BYTES, &r, &e), SHUYU_E_STATE);
        assert_string_equal(e.field, fields[i]);
        assert_int_equal(D.requests, PARTS); /* not sent again */
        assert_non_null(r);
        shuyu_reply_free(r);
    }
    assert_int_equal(put_file(0, &r, &e), SHUYU_E_USAGE);
    assert_null(r);
    shuyu_session *s = open_session();
    shuyu_own_file file = {GRANT, "own.list", S.listener, NULL, NULL};
    assert_int_equal(shuyu_own_put(s, &file, &r, &e), SHUYU_E_USAGE); /* no plain file */
    assert_string_equal(e.field, "fd");
    shuyu_close(s);
}

static void test_misuse(void **state)
{
    shuyu_reply *r = NULL;
    shuyu_error e;
    (void)state;
    shuyu_session *s = open_session();
    shuyu_own_file file = {NULL, "own.list", make_file(BYTES), NULL, NULL};
    assert_int_equal(shuyu_own_put(s, &file, &r, &e), SHUYU_E_USAGE);
    file.grant = GRANT;
    file.dataset = NULL;
    assert_int_equal(shuyu_own_put(s, &file, &r, &e), SHUYU_E_USAGE);
    file.dataset = "own.list";
    assert_int_equal(shuyu_own_put(NULL, &file, &r, &e), SHUYU_E_USAGE);
    assert_int_equal(shuyu_own_put(s, &file, NULL, &e), SHUYU_E_USAGE);
    assert_int_equal(shuyu_own_put(s, NULL, &r, &e), SHUYU_E_USAGE);
    assert_int_equal(D.requests, 0);
    (void)close(file.fd);
    shuyu_close(s);
}

/* *ctx: the file, of which nothing is left once a part is sent. */
static void cut(void *ctx, uint64_t sent, uint64_t of)
{
    (void)sent;
    (void)of;
    assert_int_equal(ftruncate(*(int *)ctx, 0), 0);
}

static void test_shorter(void **state)
{
    shuyu_reply *r = NULL;
    shuyu_error e;
    (void)state;
    shuyu_session *s = open_session();
    shuyu_own_file file = {GRANT, "own.list", make_file(BYTES), cut, &file.fd};
    assert_int_equal(shuyu_own_put(s, &file, &r, &e), SHUYU_E_DATA);
    assert_string_equal(e.field, "fd");
    assert_int_equal(D.requests, 1);
    (void)close(file.fd);
    shuyu_close(s);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {T(test_whole),    T(test_lost_connections), T(test_restart),
                                       T(test_refusals), T(test_misuse),           T(test_shorter)};
#undef T
    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("client_own", tests, NULL, NULL);
}
