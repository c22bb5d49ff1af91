/*
 * Consent tokens: commitments bind salt and content and never stand for one another, each is made of the
 * bytes that docs/protocol.md says (computed here by hand), and a signature is of these very bytes.
 */
#include "test_support.h"

#include "proof/consent.h"
#include "proof/envelope.h"

static const uint8_t SALT[32] = {1, 2, 3};

static struct sy_view v(const char *text)
{
    return sy_view_str(text);
}

static struct sy_run_param value(const char *name, const char *text)
{
    return (struct sy_run_param){.name = v(name), .value = v(text)};
}

static void commit(uint8_t ret[32], const uint8_t salt[32], struct sy_run_param *values, size_t n)
{
    struct sy_asserted a = {.values = values, .n_values = n};
    check_ok(proof_asserted_commit(ret, salt, &a));
}

static void subjects(void **state)
{
    uint8_t got[32], want[32], other[32] = {1, 2, 4};
    static const char head[] = "shuyu-subject-1";
    uint8_t bytes[15 + 32 + 7];
    (void)state;
    memcpy(bytes, head, 15);
    memcpy(bytes + 15, SALT, 32);
    memcpy(bytes + 47, "AB-1001", 7);
    crypto_hash_sha256(want, bytes, sizeof(bytes));
    proof_subject_commit(got, SALT, v("AB-1001"));
    assert_memory_equal(got, want, 32);
    proof_subject_commit(got, SALT, v("AB-1002"));
    assert_memory_not_equal(got, want, 32);
    proof_subject_commit(got, other, v("AB-1001"));
    assert_memory_not_equal(got, want, 32);
}

static void asserted(void **state)
{
    uint8_t none[32] = {0}, got[32], want[32], other[32] = {1, 2, 4};
    struct sy_run_param two[] = {value("a", "1"), value("b", "2")};
    struct sy_run_param back[] = {two[1], two[0]};
    struct sy_run_param twice[] = {two[0], two[0]};
    struct sy_run_param changed[] = {two[0], value("b", "3")};
    struct sy_asserted bad = {.values = back, .n_values = 2};
    (void)state;
    commit(got, SALT, NULL, 0);
    assert_memory_equal(got, none, 32);
    commit(want, SALT, two, 2);
    assert_memory_not_equal(want, none, 32);
    commit(got, SALT, changed, 2);
    assert_memory_not_equal(got, want, 32);
    commit(got, SALT, two, 1);
    assert_memory_not_equal(got, want, 32);
    commit(got, other, two, 2);
    assert_memory_not_equal(got, want, 32);
    check_code(proof_asserted_commit(got, SALT, &bad), SY_E_FIELD);
    bad.values = twice;
    check_code(proof_asserted_commit(got, SALT, &bad), SY_E_FIELD);
    /* An identifier that reads like an encoded list is no list. */
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    struct sy_asserted list = {.values = two, .n_values = 2};
    check_ok(sy_record_encode(&sy_asserted_desc, &list, &b));
    proof_subject_commit(got, SALT, sy_buf_view(&b));
    assert_memory_not_equal(got, want, 32);
}

static struct sy_consent token(void)
{
    struct sy_consent t = {
        .ctx = v(SY_CONSENT_CONTEXT), .issuer = v("issuer"), .not_before = 100, .not_after = 200};
    memset(t.domain, 1, 32);
    memset(t.grant, 2, 32);
    memset(t.model, 3, 32);
    memset(t.nonce, 4, 16);
    memset(t.subject, 5, 32);
    return t;
}

static void signatures(void **state)
{
    uint8_t seed[32] = {9}, pub[32], secret[64], other_pub[32], other_secret[64], sig[64];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_consent t = token(), got;
    struct sy_error err = {0};
    (void)state;
    crypto_sign_seed_keypair(pub, secret, seed);
    seed[0]++;
    crypto_sign_seed_keypair(other_pub, other_secret, seed);
    check_ok(sy_record_encode(&sy_consent_desc, &t, &b));
    proof_sign(sig, sy_buf_view(&b), secret);
    check_ok(proof_consent_verify(sy_buf_view(&b), sy_view(sig, 64), pub, &err));
    check_code(proof_consent_verify(sy_buf_view(&b), sy_view(sig, 64), other_pub, &err),
               SY_E_SIGNATURE);
    check_code(proof_consent_verify(sy_buf_view(&b), sy_view(sig, 63), pub, &err), SY_E_SIGNATURE);
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 1;
        check_code(proof_consent_verify(sy_buf_view(&b), sy_view(sig, 64), pub, &err),
                   SY_E_SIGNATURE);
        b.p[i] ^= 1;
    }
    check_ok(proof_consent_read(sy_buf_view(&b), &arena, &got, &err));
    assert_int_equal(got.not_after, 200);
    assert_memory_equal(got.subject, t.subject, 32);
    check_code(proof_consent_read(sy_view(b.p, b.n - 1), &arena, &got, &err), SY_E_NOT_CANONICAL);
    t.ctx = v("shuyu-invite-1");
    b.n = 0;
    check_ok(sy_record_encode(&sy_consent_desc, &t, &b));
    check_code(proof_consent_read(sy_buf_view(&b), &arena, &got, &err), SY_E_FIELD);
    assert_string_equal(err.field, "token.ctx");
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects),
        cmocka_unit_test(asserted),
        cmocka_unit_test(signatures),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
