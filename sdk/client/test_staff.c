/*
 * Members of a party's staff: what an invitation says, what two people sign and what of it lies open, which boxes a
 * member opens. Enrolment, sending and other keys against a real domain: tests/process/staff.py.
 */
#include "test_domain.h"

#include "client/prepare.h"
#include "client/rotate.h"
#include "shuyu/staff.h"
#include "wire/staff.h"

static struct fake F;
static struct home OWN, LIN;

static int setup(void **state)
{
    (void)state;
    fake_init(&F);
    home_make(&OWN, "acme");
    home_make(&LIN, "acme");
    home_pin(&OWN, &F, "127.0.0.1:1");
    home_pin(&LIN, &F, "127.0.0.1:1");
    return 0;
}

/* What an unfinished change of keys leaves. */
static void remove_next(const struct home *h)
{
    static const char *const names[] = {"profile", "sign.key", "box.key", "tls.key",
                                        "tls.pem", "seen",     "checked"};
    char path[160];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/next/%s", h->dir, names[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof(path), "%s/next", h->dir);
    (void)rmdir(path);
}

static int teardown(void **state)
{
    (void)state;
    sy_arena_deinit(&F.arena);
    remove_next(&LIN);
    home_remove(&OWN);
    home_remove(&LIN);
    return 0;
}

static void test_invitation(void **state)
{
    (void)state;
    static const char *const duties[] = {"business", "security"};
    shuyu_staff_invitation w = {
        .id = "lin", .name = "林", .duties = duties, .n_duties = 2, .lifetime_s = 3600};
    shuyu_buffer b = {0};
    char party[65];
    assert_int_equal(shuyu_staff_invite(OWN.profile, &w, &b, NULL), 0);
    assert_int_equal(shuyu_invitation_party((shuyu_bytes){b.data, b.n}, party, NULL), 0);
    assert_string_equal(party, "acme");
    shuyu_error e = {0};
    struct home other;
    home_make(&other, "rival");
    assert_int_equal(
        shuyu_staff_enrol(other.profile, (shuyu_bytes){b.data, b.n}, "127.0.0.1:1", &e),
        SHUYU_E_PARTY);
    home_remove(&other);
    b.data[b.n / 2] ^= 1; /* whatever was changed on the way is another invitation, or none */
    assert_int_not_equal(
        shuyu_staff_enrol(LIN.profile, (shuyu_bytes){b.data, b.n}, "127.0.0.1:1", &e), 0);
    shuyu_buffer_free(&b);
    w.id = "Lin";
    assert_int_equal(shuyu_staff_invite(OWN.profile, &w, &b, NULL), SHUYU_E_FIELD);
    w.id = "lin";
    w.n_duties = 0;
    assert_int_equal(shuyu_staff_invite(OWN.profile, &w, &b, NULL), SHUYU_E_FIELD);
}

static bool holds(const shuyu_buffer *b, const char *text)
{
    return memmem(b->data, b->n, text, strlen(text)) != NULL;
}

/* The second sees the arguments, not the secret; both signatures hold over one header. */
static void test_two_persons(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    static const char args[] = "\x81\xa4text\xacplain to see";
    static const char secret[] = "\x81\xa5share\xaeonly sealed it";
    const shuyu_request r = {.method = "scene.final_review",
                             .args = {(const uint8_t *)args, sizeof(args) - 1},
                             .secret = {(const uint8_t *)secret, sizeof(secret) - 1}};
    shuyu_buffer one = {0}, two = {0};
    struct sy_prepared file;
    struct sy_header h;
    assert_int_equal(shuyu_prepare(OWN.profile, &r, &one, NULL), 0);
    assert_true(holds(&one, "plain to see"));
    assert_false(holds(&one, "only sealed it"));
    shuyu_bytes in = {one.data, one.n};
    assert_int_equal(shuyu_sign_logged_request(LIN.profile, in, &two, NULL), 0);
    check_ok(sy_record_decode(&sy_prepared_desc, sy_view(two.data, two.n), &SY_MP_REQUEST, &arena,
                              &file, NULL));
    const struct sy_logged_request *q = &file.request;
    check_ok(sy_record_decode(&sy_header_desc, q->header, &SY_MP_REQUEST, &arena, &h, NULL));
    assert_int_equal(q->n_sigs, 2);
    check_ok(
        proof_verify_request(q->header, &h, q->sigs, 2, shuyu_profile_sign_key(OWN.profile), NULL));
    check_ok(
        proof_verify_request(q->header, &h, q->sigs, 2, shuyu_profile_sign_key(LIN.profile), NULL));
    /* other arguments under the same header are signed by nobody */
    uint8_t *plain = memmem(two.data, two.n, "plain to see", 12);
    assert_non_null(plain);
    plain[0] = 'P';
    shuyu_buffer three = {0};
    assert_int_equal(
        shuyu_sign_logged_request(LIN.profile, (shuyu_bytes){two.data, two.n}, &three, NULL),
        SHUYU_E_DIGEST);
    shuyu_buffer_free(&one);
    shuyu_buffer_free(&two);
}

static shuyu_status sign_prepared(struct home *first, struct home *second, const char *method)
{
    const shuyu_request r = {.method = method};
    shuyu_buffer one = {0}, two = {0};
    assert_int_equal(shuyu_prepare(first->profile, &r, &one, NULL), 0);
    shuyu_status code =
        shuyu_sign_logged_request(second->profile, (shuyu_bytes){one.data, one.n}, &two, NULL);
    shuyu_buffer_free(&one);
    shuyu_buffer_free(&two);
    return code;
}

/* Nobody's signature makes the first one's keys the second one's, or another party's act. */
static void test_second_refuses(void **state)
{
    static const char *const keys[] = {"staff.rotate", "party.rotate", "staff.enrol",
                                       "party.enrol"};
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf bare = sy_buf(1 << 16);
    struct home other;
    shuyu_buffer one = {0}, two = {0};
    struct sy_prepared file;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_int_equal(sign_prepared(&OWN, &LIN, keys[i]), SHUYU_E_DENIED);
    }
    assert_int_equal(sign_prepared(&OWN, &LIN, "party.revoke"), 0);
    home_make(&other, "rival");
    assert_int_equal(sign_prepared(&OWN, &other, "party.revoke"), SHUYU_E_PARTY);
    home_remove(&other);
    /* nor without the file around it */
    assert_int_equal(
        shuyu_prepare(OWN.profile, &(shuyu_request){.method = "party.revoke"}, &one, NULL), 0);
    check_ok(sy_record_decode(&sy_prepared_desc, sy_view(one.data, one.n), &SY_MP_REQUEST, &arena,
                              &file, NULL));
    check_ok(sy_record_encode(&sy_logged_request_desc, &file.request, &bare));
    assert_int_equal(
        shuyu_sign_logged_request(LIN.profile, (shuyu_bytes){bare.p, bare.n}, &two, NULL),
        SHUYU_E_DENIED);
    shuyu_buffer_free(&one);
}

static void test_custody(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(1024);
    shuyu_buffer b = {0}, handed = {0};
    check_ok(proof_seal(sy_view_str("a share"), shuyu_profile_box_key(OWN.profile), &sealed));
    shuyu_bytes box = {sealed.p, sealed.n};
    assert_int_equal(shuyu_unseal(LIN.profile, box, &b, NULL), SHUYU_E_SEAL);
    assert_int_equal(
        shuyu_custody_give(OWN.profile, shuyu_profile_box_key(LIN.profile), &handed, NULL), 0);
    shuyu_bytes in = {handed.data, handed.n};
    struct home other;
    home_make(&other, "rival");
    assert_int_equal(shuyu_custody_take(other.profile, in, NULL), SHUYU_E_SEAL);
    assert_int_equal(shuyu_custody_take(LIN.profile, in, NULL), 0);
    assert_int_equal(shuyu_custody_take(LIN.profile, in, NULL), 0); /* once is enough */
    assert_int_equal(shuyu_unseal(LIN.profile, box, &b, NULL), 0);
    assert_int_equal(b.n, 7);
    shuyu_buffer_free(&b);
    shuyu_buffer_free(&handed);
    /* another party's keys are not taken, whoever seals them */
    assert_int_equal(
        shuyu_custody_give(other.profile, shuyu_profile_box_key(LIN.profile), &handed, NULL), 0);
    assert_int_equal(shuyu_custody_take(LIN.profile, (shuyu_bytes){handed.data, handed.n}, NULL),
                     SHUYU_E_PARTY);
    shuyu_buffer_free(&handed);
    home_remove(&other);
}

/* Nobody at the other end: the new keys wait, the old ones stay, and the next attempt takes the same. */
static void test_rotation_waits(void **state)
{
    (void)state;
    char path[160];
    uint8_t first[32];
    shuyu_profile *next = NULL;
    assert_int_not_equal(shuyu_rotate(LIN.profile, "127.0.0.1:1", NULL), 0);
    (void)snprintf(path, sizeof(path), "%s/next", LIN.dir);
    assert_int_equal(shuyu_profile_open(path, &next, NULL), 0);
    memcpy(first, shuyu_profile_sign_key(next), 32);
    shuyu_profile_close(next);
    assert_memory_not_equal(first, shuyu_profile_sign_key(LIN.profile), 32);
    assert_int_not_equal(shuyu_rotate(LIN.profile, "127.0.0.1:1", NULL), 0);
    assert_int_equal(shuyu_profile_open(path, &next, NULL), 0);
    assert_memory_equal(first, shuyu_profile_sign_key(next), 32);
    shuyu_profile_close(next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_invitation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_persons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_custody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rotation_waits, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
