/*
 * Profiles and invitations: what lies on disk and who may read it, what is refused, and that an
 * invitation says to the invited exactly what the agency's profile pins.
 */
#include <sys/stat.h>

#include "test_domain.h"

#include "base/time.h"
#include "client/invite.h"

static struct fake F;
static struct home H;

static int setup(void **state)
{
    (void)state;
    fake_init(&F);
    home_make(&H, "agency");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sy_arena_deinit(&F.arena);
    home_remove(&H);
    return 0;
}

static char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", H.dir, name);
    return path;
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static int reopen(void)
{
    shuyu_profile *p = NULL;
    int code = shuyu_profile_open(H.dir, &p, NULL);
    shuyu_profile_close(p);
    return code;
}

static void test_permissions(void **state)
{
    (void)state;
    static const char *const FILES[] = {"profile", "sign.key", "box.key",
                                        "tls.key", "tls.pem",  "seen"};
    assert_int_equal(mode_of(H.dir), 0700);
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
        assert_int_equal(mode_of(path_of(FILES[i])), 0600);
    }
    assert_int_equal(chmod(path_of("sign.key"), 0640), 0);
    assert_int_equal(reopen(), SHUYU_E_DENIED);
    assert_int_equal(chmod(path_of("sign.key"), 0600), 0);
    assert_int_equal(chmod(H.dir, 0755), 0);
    assert_int_equal(reopen(), SHUYU_E_DENIED);
    assert_int_equal(chmod(H.dir, 0700), 0);
    assert_int_equal(reopen(), 0);
}

static void test_same_keys(void **state)
{
    (void)state;
    shuyu_profile *p = NULL;
    assert_int_equal(shuyu_profile_open(H.dir, &p, NULL), 0);
    assert_memory_equal(shuyu_profile_sign_key(p), shuyu_profile_sign_key(H.profile), 32);
    assert_memory_equal(shuyu_profile_box_key(p), shuyu_profile_box_key(H.profile), 32);
    assert_memory_equal(shuyu_profile_tls(p), shuyu_profile_tls(H.profile), 32);
    assert_string_equal(shuyu_profile_party(p), "agency");
    assert_string_equal(shuyu_profile_role(p), "");
    assert_null(shuyu_profile_domain(p));
    shuyu_profile_close(p);
}

static void test_refused_folders(void **state)
{
    (void)state;
    shuyu_profile *p = NULL;
    shuyu_error e = {0};
    assert_int_equal(shuyu_profile_create(H.dir, "other", &p, &e), SHUYU_E_EXISTS);
    assert_int_equal(reopen(), 0); /* and it was left as it is */
    assert_int_equal(shuyu_profile_create("/tmp/shuyu-none", "No Spaces", &p, &e), SHUYU_E_FIELD);
    assert_string_equal(e.field, "party");
    assert_int_equal(access("/tmp/shuyu-none", F_OK), -1);
    assert_int_equal(shuyu_profile_open("/tmp/shuyu-none", &p, &e), SHUYU_E_NOT_FOUND);
    assert_null(p);
}

static void test_damaged(void **state)
{
    (void)state;
    assert_int_equal(truncate(path_of("sign.key"), 31), 0);
    assert_int_equal(reopen(), SHUYU_E_TAMPERED);
    assert_int_equal(truncate(path_of("sign.key"), 32), 0);
    assert_int_equal(reopen(), 0);
    assert_int_equal(truncate(path_of("seen"), 7), 0);
    assert_int_equal(reopen(), SHUYU_E_TAMPERED);
    assert_int_equal(truncate(path_of("seen"), 0), 0);
    assert_int_equal(truncate(path_of("tls.pem"), 100), 0);
    assert_int_equal(reopen(), SHUYU_E_TAMPERED);
}

static void test_text(void **state)
{
    (void)state;
    static const char *const BAD[] = {"",
                                      "party = a b\n",
                                      "party = x\nparty = y\n",
                                      "party = x\ncolour = red\n",
                                      "party = x\nrole=y\n",
                                      "party = x\nbox = 12\n",
                                      "party = x\nrole = \xff\n"};
    struct client_pins pins = {0};
    struct client_pins back = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(8192);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        check_code(client_pins_parse(sy_view_str(BAD[i]), &back, NULL), SY_E_FIELD);
    }
    (void)snprintf(pins.party, sizeof(pins.party), "acme");
    (void)snprintf(pins.address, sizeof(pins.address), "[::1]:7000");
    (void)snprintf(pins.log, sizeof(pins.log), "%s", F.vkey);
    memset(pins.warden, 0xAC, 32);
    pins.has_warden = true;
    memset(pins.gateway, 0xAB, 32);
    pins.has_gateway = true;
    check_ok(client_pins_format(&pins, &b));
    check_ok(client_pins_parse(sy_buf_view(&b), &back, NULL));
    assert_memory_equal(&pins, &back, sizeof(pins));
}

static void test_pins(void **state)
{
    (void)state;
    uint8_t gateway[32] = {5};
    shuyu_pins bad = {.log = "not a key"};
    shuyu_pins more = {.gateway = gateway};
    shuyu_pins moved = {.address = "elsewhere:1"};
    struct proof_tree tree = {.size = 7};
    home_pin(&H, &F, "host:1");
    assert_int_equal(shuyu_profile_pin(H.profile, &bad, NULL), SHUYU_E_FIELD);
    assert_string_equal(shuyu_profile_log(H.profile), F.vkey);
    assert_int_equal(shuyu_profile_pin(H.profile, &more, NULL), 0);
    assert_memory_equal(shuyu_profile_gateway(H.profile), gateway, 32);
    assert_memory_equal(shuyu_profile_domain(H.profile), F.domain, 32);
    assert_int_equal(shuyu_profile_pin(H.profile, &moved, NULL), 0);
    assert_null(shuyu_profile_gateway(H.profile));
    check_ok(client_seen_note(H.profile, &tree, NULL));
    tree.root[0] = 1;
    check_code(client_seen_note(H.profile, &tree, NULL), SY_E_ROLLBACK);
    F.domain[0] ^= 1; /* another domain starts from nothing */
    home_pin(&H, &F, "host:1");
    check_ok(client_seen_note(H.profile, &tree, NULL));
}

/* --- invitations ------------------------------------------------------------------------------ */

static sy_status parse(shuyu_buffer b, const char *party, int64_t now, struct sy_arena *arena,
                       struct sy_invite *v)
{
    struct client_invite i;
    sy_status s = client_invite_parse(sy_view(b.data, b.n), party, now, arena, &i, NULL);
    *v = i.says;
    return s;
}

static void test_invite(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_invite_file file;
    struct sy_invite v;
    shuyu_buffer b = {0};
    shuyu_invitation what = {"acme", "developer", "某市卫生数据公司 Ärzte", 3600};
    assert_int_equal(shuyu_profile_invite(H.profile, &what, &b, NULL), SHUYU_E_STATE);
    home_pin(&H, &F, "host:1");
    assert_int_equal(shuyu_profile_invite(H.profile, &what, &b, NULL), 0);
    check_ok(parse(b, "acme", sy_now_s(), &arena, &v));
    assert_true(sy_view_is(v.name, "某市卫生数据公司 Ärzte"));
    assert_true(sy_view_is(v.log, F.vkey));
    assert_memory_equal(v.box, F.box_public, 32);
    assert_memory_equal(v.warden, F.warden, 32);
    check_code(parse(b, "other", sy_now_s(), &arena, &v), SY_E_PARTY);
    check_code(parse(b, "acme", sy_now_s() + 3601, &arena, &v), SY_E_EXPIRED);
    check_ok(sy_record_decode(&sy_invite_file_desc, sy_view(b.data, b.n), &SY_MP_REQUEST, &arena,
                              &file, NULL));
    check_ok(proof_invite_verify(file.invite, file.sig, shuyu_profile_sign_key(H.profile), &arena,
                                 &v, NULL));
    b.data[b.n - 1] ^= 1;
    check_ok(sy_record_decode(&sy_invite_file_desc, sy_view(b.data, b.n), &SY_MP_REQUEST, &arena,
                              &file, NULL));
    check_code(proof_invite_verify(file.invite, file.sig, shuyu_profile_sign_key(H.profile), &arena,
                                   &v, NULL),
               SY_E_SIGNATURE);
    shuyu_buffer_free(&b);
}

static void test_invite_refused(void **state)
{
    (void)state;
    shuyu_buffer b = {0};
    static const shuyu_invitation BAD[] = {
        {"A b", "developer", "x", 60}, {"acme", "", "x", 60},
        {"acme", "developer", "", 60}, {"acme", "developer", "\xc3\x28", 60},
        {"acme", "developer", "x", 0}, {"acme", "developer", "x", 91 * 86400}};
    home_pin(&H, &F, "host:1");
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        assert_int_equal(shuyu_profile_invite(H.profile, &BAD[i], &b, NULL), SHUYU_E_FIELD);
        assert_null(b.data);
    }
}

/* --- keys at work ----------------------------------------------------------------------------- */

static void test_unseal(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1024);
    shuyu_buffer b = {0};
    check_ok(proof_seal(sy_view_str("a share"), shuyu_profile_box_key(H.profile), &sealed));
    shuyu_bytes in = {sealed.p, sealed.n};
    assert_int_equal(shuyu_unseal(H.profile, in, &b, NULL), 0);
    assert_int_equal(b.n, 7);
    assert_memory_equal(b.data, "a share", 7);
    shuyu_buffer_free(&b);
    sealed.p[sealed.n - 1] ^= 1;
    assert_int_equal(shuyu_unseal(H.profile, in, &b, NULL), SHUYU_E_SEAL);
    assert_null(b.data);
}

/* A genesis: two parties sign one header, apart. */
static void test_cosign(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf head = sy_buf(1024);
    SY_BUF_CLEANUP struct sy_buf bytes = sy_buf(4096);
    struct home other;
    shuyu_buffer one = {0}, two = {0}, again = {0};
    struct sy_logged_request r = {.args = sy_view_str("genesis args")};
    struct sy_header h = {.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                          .suite = SY_SUITE_INTL,
                          .method = sy_view_str("genesis"),
                          .party = sy_view_str("agency")};
    home_make(&other, "operator");
    memset(r.salt, 3, 32);
    memset(h.domain, 4, 32);
    memset(h.nonce, 5, 16);
    proof_args_digest(h.body, r.salt, r.args, NULL);
    check_ok(sy_record_encode(&sy_header_desc, &h, &head));
    r.header = sy_buf_view(&head);
    check_ok(sy_record_encode(&sy_logged_request_desc, &r, &bytes));
    shuyu_bytes in = {bytes.p, bytes.n};
    assert_int_equal(shuyu_sign_logged_request(H.profile, in, &one, NULL), 0);
    shuyu_bytes in1 = {one.data, one.n};
    assert_int_equal(shuyu_sign_logged_request(other.profile, in1, &two, NULL), 0);
    shuyu_bytes in2 = {two.data, two.n};
    assert_int_equal(shuyu_sign_logged_request(other.profile, in2, &again, NULL), 0);
    assert_int_equal(again.n, two.n);
    check_ok(sy_record_decode(&sy_logged_request_desc, sy_view(two.data, two.n), &SY_MP_REQUEST,
                              &arena, &r, NULL));
    assert_int_equal(r.n_sigs, 2);
    check_ok(
        proof_verify_request(r.header, &h, r.sigs, 2, shuyu_profile_sign_key(H.profile), NULL));
    check_ok(
        proof_verify_request(r.header, &h, r.sigs, 2, shuyu_profile_sign_key(other.profile), NULL));
    r.args = sy_view_str("other args"); /* a header that is not over these arguments */
    sy_buf_clear(&bytes);
    check_ok(sy_record_encode(&sy_logged_request_desc, &r, &bytes));
    shuyu_bytes in3 = {bytes.p, bytes.n};
    assert_int_equal(shuyu_sign_logged_request(H.profile, in3, &again, NULL), SHUYU_E_DIGEST);
    shuyu_buffer_free(&one);
    shuyu_buffer_free(&two);
    shuyu_buffer_free(&again);
    home_remove(&other);
}

static void test_record(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_party p;
    shuyu_buffer b = {0};
    assert_int_equal(shuyu_profile_record(H.profile, "大数据局", "agency", &b, NULL), 0);
    check_ok(
        sy_record_decode(&sy_party_desc, sy_view(b.data, b.n), &SY_MP_REQUEST, &arena, &p, NULL));
    assert_true(sy_view_is(p.party, "agency") && sy_view_is(p.status, "active"));
    assert_memory_equal(p.tls, shuyu_profile_tls(H.profile), 32);
    shuyu_buffer_free(&b);
    assert_int_equal(shuyu_profile_record(H.profile, "", "agency", &b, NULL), SHUYU_E_FIELD);
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const BAD[] = {"",        "host",     "host:", ":1",   "host:0",
                                      "h:65536", "::1:7000", "[::1]", "h:1x", "unix:"};
    struct client_address a;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        check_code(client_address_parse(BAD[i], &a, NULL), SY_E_FIELD);
    }
    check_ok(client_address_parse("[::1]:7000", &a, NULL));
    assert_string_equal(a.host, "::1");
    assert_string_equal(a.port, "7000");
    check_ok(client_address_parse("unix:/run/x.sock", &a, NULL));
    assert_true(a.local);
}

static void test_error_names(void **state)
{
    (void)state;
    assert_string_equal(shuyu_error_name(SHUYU_E_BUDGET), "budget");
    assert_string_equal(shuyu_error_name(0), "ok");
    assert_string_equal(shuyu_error_name(12345), "unknown");
    assert_string_equal(shuyu_category_name(SHUYU_CAT_QUOTA), "quota");
    assert_true(shuyu_error_retryable(SHUYU_E_BUSY));
    assert_false(shuyu_error_retryable(SHUYU_E_BUDGET));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_permissions), CASE(test_same_keys),      CASE(test_refused_folders),
        CASE(test_damaged),     CASE(test_text),           CASE(test_pins),
        CASE(test_invite),      CASE(test_invite_refused), CASE(test_unseal),
        CASE(test_cosign),      CASE(test_record),         CASE(test_addresses),
        CASE(test_error_names)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
