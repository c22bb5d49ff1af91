/*
 * Snapshot notes: one form only, bound to one log and one key, and never anything else that a log signs.
 */
#include "check.h"

#include <sodium.h>
#include <string.h>

#include "proof/snapshot.h"

#define ORIGIN "domain.example/log"

struct fixture {
    uint8_t secret[PROOF_SECRET_BYTES];
    struct proof_vkey key;
    struct proof_snapshot s;
};

static struct fixture F;

static int make_fixture(void **state)
{
    uint8_t seed[32] = {9}, pub[32];
    (void)state;
    crypto_sign_seed_keypair(pub, F.secret, seed);
    F.s = (struct proof_snapshot){.size = 12345};
    memset(F.s.root, 1, 32);
    memset(F.s.state, 2, 32);
    memset(F.s.rows, 3, 32);
    return sy_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &F.key)) ? 0 : -1;
}

static void encode(struct sy_buf *b)
{
    check_ok(proof_snapshot_encode(sy_view_str(ORIGIN), &F.s, b));
}

static void test_text(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_SNAPSHOT_MAX);
    struct proof_snapshot got;
    (void)state;
    encode(&b);
    assert_true(sy_view_is(sy_buf_view(&b), "shuyu-snapshot/1\n" ORIGIN "\n12345\n"
                                            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
                                            "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
                                            "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n"));
    check_ok(proof_snapshot_parse(sy_buf_view(&b), sy_view_str(ORIGIN), &got, NULL));
    assert_memory_equal(&got, &F.s, sizeof(got));
    check_code(proof_snapshot_parse(sy_buf_view(&b), sy_view_str("other"), &got, NULL), SY_E_PROOF);
    F.s.size = 0;
    check_code(proof_snapshot_encode(sy_view_str(ORIGIN), &F.s, &b), SY_E_FIELD);
    F.s.size = 1;
    check_code(proof_snapshot_encode(sy_view_str("a b"), &F.s, &b), SY_E_FIELD);
}

/* Whatever is changed, added or left out: refused, or it is the text of other content. */
static void test_one_form(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_SNAPSHOT_MAX);
    SY_BUF_CLEANUP struct sy_buf again = sy_buf(PROOF_SNAPSHOT_MAX);
    struct proof_snapshot got;
    size_t accepted = 0;
    (void)state;
    encode(&b);
    for (size_t at = 0; at < b.n; at++) {
        check_code(proof_snapshot_parse(sy_view(b.p, at), sy_view_str(ORIGIN), &got, NULL),
                   SY_E_FIELD);
        for (unsigned v = 0; v < 256; v++) {
            uint8_t was = b.p[at];
            b.p[at] = (uint8_t)v;
            if (v != was &&
                sy_ok(proof_snapshot_parse(sy_buf_view(&b), sy_view_str(ORIGIN), &got, NULL))) {
                sy_buf_clear(&again);
                check_ok(proof_snapshot_encode(sy_view_str(ORIGIN), &got, &again));
                assert_true(sy_view_eq(sy_buf_view(&again), sy_buf_view(&b)));
                accepted++;
            }
            b.p[at] = was;
        }
    }
    assert_true(accepted > 1000); /* digits and hashes can be others */
    check_ok(sy_buf_add_str(&b, "\n"));
    check_code(proof_snapshot_parse(sy_buf_view(&b), sy_view_str(ORIGIN), &got, NULL), SY_E_FIELD);
}

static void test_signature(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_SNAPSHOT_MAX);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(PROOF_SNAPSHOT_MAX);
    struct proof_snapshot got;
    struct proof_checkpoint c;
    uint8_t pub[32], secret[64];
    struct proof_vkey keys[2];
    (void)state;
    encode(&b);
    check_ok(proof_note_sign(sy_buf_view(&b), &F.key, F.secret, &note));
    check_ok(proof_snapshot_verify(sy_buf_view(&note), &F.key, 1, &got, NULL));
    assert_memory_equal(&got, &F.s, sizeof(got));
    /* never a checkpoint, whatever the log is called */
    check_code(proof_checkpoint_verify(sy_buf_view(&note), &F.key, &c, NULL), SY_E_FIELD);
    crypto_sign_keypair(pub, secret);
    check_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &keys[0]));
    check_code(proof_snapshot_verify(sy_buf_view(&note), &keys[0], 1, &got, NULL), SY_E_UNSIGNED);
    keys[1] = F.key; /* one of several */
    check_ok(proof_snapshot_verify(sy_buf_view(&note), keys, 2, &got, NULL));
    for (size_t at = 0; at < note.n; at++) {
        note.p[at] ^= 1;
        assert_false(sy_ok(proof_snapshot_verify(sy_buf_view(&note), &F.key, 1, &got, NULL)));
        note.p[at] ^= 1;
    }
}

/* A checkpoint is no snapshot either, not even of a log with our context's name. */
static void test_checkpoint_is_none(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_SNAPSHOT_MAX);
    struct proof_checkpoint c = {.origin = sy_view_str(PROOF_SNAPSHOT_CONTEXT), .size = 5};
    struct proof_snapshot got;
    (void)state;
    check_ok(proof_checkpoint_encode(&c, &b));
    check_code(proof_snapshot_parse(sy_buf_view(&b), c.origin, &got, NULL), SY_E_FIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_text, make_fixture),
        cmocka_unit_test_setup(test_one_form, make_fixture),
        cmocka_unit_test_setup(test_signature, make_fixture),
        cmocka_unit_test_setup(test_checkpoint_is_none, make_fixture),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("proof_snapshot", tests, NULL, NULL);
}
