/*
 * Signed notes, keys, checkpoints and receipts: published vectors, byte by byte tampering, and the
 * forms that other verifiers refuse.
 */
#include "test_support.h"

#include "proof/receipt.h"

/* --- published notes (reference/audit-log 1.10 C and E) ----------------------------------------- */
#define NEUMANN_VKEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define NEUMANN_SEED "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173"
#define NEUMANN_TEXT                                                                               \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define NEUMANN_LINE                                                                               \
    "— PeterNeumann "                                                                            \
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb"               \
    "6KE6RyyBwJnAM=\n"
#define ENOCH_VKEY "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define ENOCH_LINE                                                                                 \
    "— EnochRoot "                                                                               \
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33W"            \
    "Wd1RvMc+QQ=\n"
#define FOO_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define FOO_NOTE                                                                                   \
    "This is an example message.\n\n"                                                              \
    "— example.com/foo "                                                                         \
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKu"                  \
    "wHjG1Yu72IneyaQM=\n"
#define SUM_VKEY "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
#define ARCHE_VKEY                                                                                 \
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/"                                 \
    "PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
#define REMORA_VKEY "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
#define ARCHE_NOTE                                                                                 \
    "arche2025h1.staging.ct.transparency.dev\n1432088532\n"                                        \
    "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n"                                             \
    "— arche2025h1.staging.ct.transparency.dev "                                                 \
    "ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3N"                                          \
    "ygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"                                                  \
    "— remora.n621.de "                                                                          \
    "2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sX"                 \
    "Tynk5XeU/zZ0WBxtqB0DrAWfBw==\n"

static struct proof_vkey vkey(const char *text)
{
    struct proof_vkey k;
    check_ok(proof_vkey_parse(sy_view_str(text), &k, NULL));
    return k;
}

static void secret_of(const char *seed_hex, uint8_t ret[PROOF_SECRET_BYTES])
{
    uint8_t seed[32];
    uint8_t pub[32];
    (void)from_hex(seed_hex, seed, sizeof(seed));
    (void)crypto_sign_seed_keypair(pub, ret, seed);
}

static void test_vkeys(void **state)
{
    (void)state;
    static const char *const KEYS[] = {NEUMANN_VKEY, ENOCH_VKEY, FOO_VKEY,
                                       SUM_VKEY,     ARCHE_VKEY, REMORA_VKEY};
    for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(512);
        struct proof_vkey k = vkey(KEYS[i]);
        check_ok(proof_vkey_format(&k, &b));
        assert_true(sy_view_is(sy_buf_view(&b), KEYS[i]));
    }
    struct proof_vkey remora = vkey(REMORA_VKEY);
    assert_int_equal(remora.type, PROOF_SIG_COSIGNATURE);
    assert_int_equal(remora.id, 0xda77ade7);
}

/* Any flipped byte breaks a key: the id covers name, type and key. */
static void test_vkey_every_byte(void **state)
{
    (void)state;
    char text[] = NEUMANN_VKEY;
    struct proof_vkey k;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ (1 << bit));
            assert_false(sy_ok(proof_vkey_parse(sy_view(text, sizeof(text) - 1), &k, NULL)));
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
    check_ok(proof_vkey_parse(sy_view_str(text), &k, NULL));
}

static void test_names(void **state)
{
    (void)state;
    static const char *const BAD[] = {"",
                                      "a b",
                                      "a+b",
                                      "a\tb",
                                      "a\nb",
                                      "a\xc2\xa0"
                                      "b",
                                      "a\xe2\x80\xa8",
                                      "\xe3\x80\x80",
                                      "\xff",
                                      "a\xe2\x80\x85",
                                      "\xc2\x85",
                                      "a\x7f"};
    static const char *const GOOD[] = {"a", "example.com/log", "数域", "Ā", "€"};
    uint8_t key[PROOF_KEY_BYTES] = {0};
    struct proof_vkey k;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        check_code(proof_vkey_make(sy_view_str(BAD[i]), PROOF_SIG_ED25519, key, &k), SY_E_FIELD);
    }
    for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
        check_ok(proof_vkey_make(sy_view_str(GOOD[i]), PROOF_SIG_ED25519, key, &k));
    }
    check_code(proof_vkey_make(sy_view_str("a"), (enum proof_sig_type)6, key, &k), SY_E_SUITE);
}

static void test_sign_published(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    uint8_t secret[PROOF_SECRET_BYTES];
    struct proof_vkey k = vkey(NEUMANN_VKEY);
    secret_of(NEUMANN_SEED, secret);
    check_ok(proof_note_sign(sy_view_str(NEUMANN_TEXT), &k, secret, &b));
    k = vkey(ENOCH_VKEY);
    secret_of("0000000000000000000000000000000000000000000000000000000000000000", secret);
    check_ok(proof_note_sign_line(sy_view_str(NEUMANN_TEXT), &k, secret, 0, &b));
    assert_true(sy_view_is(sy_buf_view(&b), NEUMANN_TEXT "\n" NEUMANN_LINE ENOCH_LINE));
}

static void check_note(const char *note, const char *key, int32_t want)
{
    struct proof_vkey k = vkey(key);
    struct proof_note n;
    struct proof_note_match m;
    check_code(proof_note_verify(sy_view_str(note), &k, 1, &n, &m, NULL), want);
}

static void test_verify_published(void **state)
{
    (void)state;
    check_note(NEUMANN_TEXT "\n" NEUMANN_LINE, NEUMANN_VKEY, 0);
    check_note(NEUMANN_TEXT "\n" NEUMANN_LINE ENOCH_LINE, NEUMANN_VKEY, 0);
    check_note(NEUMANN_TEXT "\n" NEUMANN_LINE ENOCH_LINE, ENOCH_VKEY, 0);
    check_note(FOO_NOTE, FOO_VKEY, 0);
    check_note(ARCHE_NOTE, ARCHE_VKEY, 0);
    check_note(ARCHE_NOTE, REMORA_VKEY, 0);
    check_note(FOO_NOTE, NEUMANN_VKEY, SY_E_UNSIGNED);
    check_note(NEUMANN_TEXT "\n" ENOCH_LINE, NEUMANN_VKEY, SY_E_UNSIGNED);
    check_note("Another text.\n\n" NEUMANN_LINE, NEUMANN_VKEY, SY_E_SIGNATURE);
}

static void test_cosignature(void **state)
{
    (void)state;
    struct proof_vkey keys[3] = {vkey(ARCHE_VKEY), vkey(NEUMANN_VKEY), vkey(REMORA_VKEY)};
    struct proof_note_match m[3];
    struct proof_note note;
    struct proof_checkpoint c;
    check_ok(proof_note_verify(sy_view_str(ARCHE_NOTE), keys, 3, &note, m, NULL));
    assert_true(m[0].valid && !m[1].valid && m[2].valid);
    assert_int_equal(m[0].time_s, 0);
    assert_int_equal(m[2].time_s, 0x6a122120);
    check_ok(proof_checkpoint_verify(sy_view_str(ARCHE_NOTE), &keys[0], &c, NULL));
    assert_int_equal(c.size, 1432088532);
    check_code(proof_checkpoint_verify(sy_view_str(ARCHE_NOTE), &keys[2], &c, NULL), SY_E_PROOF);
}

static void test_cosign_and_rotate(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    uint8_t pub[32];
    uint8_t secret[PROOF_SECRET_BYTES];
    struct proof_vkey k[2];
    struct proof_note note;
    struct proof_note_match m[2];
    struct sy_view text = sy_view_str(NEUMANN_TEXT);
    crypto_sign_keypair(pub, secret);
    check_ok(proof_vkey_make(sy_view_str("log"), PROOF_SIG_ED25519, pub, &k[0]));
    check_ok(proof_vkey_make(sy_view_str("wit"), PROOF_SIG_COSIGNATURE, pub, &k[1]));
    check_ok(proof_note_sign(text, &k[0], secret, &b));
    check_ok(proof_note_sign_line(text, &k[1], secret, 7, &b));
    check_ok(proof_note_sign_line(text, &k[1], secret, 5, &b));
    check_ok(proof_note_verify(sy_buf_view(&b), k, 2, &note, m, NULL));
    assert_true(m[0].valid && m[1].valid && m[1].time_s == 7);
    check_code(proof_note_sign(text, &k[1], secret, &b), SY_E_FIELD);
    check_code(proof_note_sign(sy_view_str("no end"), &k[0], secret, &b), SY_E_FIELD);
    check_code(proof_note_sign(sy_view_str("a\tb\n"), &k[0], secret, &b), SY_E_FIELD);
    /* One bad line of a known key spoils the note although another line of it verifies. */
    check_ok(proof_note_sign_line(sy_view_str("other\n"), &k[1], secret, 9, &b));
    check_code(proof_note_verify(sy_buf_view(&b), k, 2, &note, m, NULL), SY_E_SIGNATURE);
    check_ok(proof_note_verify(sy_buf_view(&b), k, 1, &note, m, NULL));
}

static void test_note_every_byte(void **state)
{
    (void)state;
    char note[] = ARCHE_NOTE;
    struct proof_vkey k[2] = {vkey(ARCHE_VKEY), vkey(REMORA_VKEY)};
    struct proof_note n;
    struct proof_note_match m[2];
    for (size_t i = 0; i < sizeof(note) - 1; i++) {
        note[i] ^= 1;
        sy_status s = proof_note_verify(sy_view(note, sizeof(note) - 1), k, 2, &n, m, NULL);
        assert_false(sy_ok(s) && m[0].valid && m[1].valid);
        note[i] ^= 1;
    }
    check_ok(proof_note_verify(sy_view_str(note), k, 2, &n, m, NULL));
}

static void test_malformed_notes(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "\n",
        "\n\n",
        NEUMANN_TEXT,
        NEUMANN_TEXT "\n",
        NEUMANN_TEXT NEUMANN_LINE,
        "\n" NEUMANN_LINE,
        "no line end\n\n— PeterNeumann x08go/ZJ",
        "control\x01\n\n" NEUMANN_LINE,
        "not utf8 \xff\n\n" NEUMANN_LINE,
        NEUMANN_TEXT "\n- PeterNeumann x08go/ZJ\n",
        NEUMANN_TEXT "\n— Peter Neumann x08go/ZJ\n",
        NEUMANN_TEXT "\n— PeterNeumann x08g\n",
        NEUMANN_TEXT "\n— PeterNeumann x08go/Z\n",
        NEUMANN_TEXT "\n— PeterNeumann\n",
        NEUMANN_TEXT "\n" NEUMANN_LINE "x",
        NEUMANN_TEXT "\n" NEUMANN_LINE "\n",
    };
    struct proof_note n;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct sy_error err = {0};
        check_code(proof_note_parse(sy_view_str(BAD[i]), &n, &err), SY_E_FIELD);
        assert_int_equal(err.code, SY_E_FIELD);
    }
    /* A text may have blank lines; the last one splits. */
    check_ok(proof_note_parse(sy_view_str("a\n\nb\n\n" NEUMANN_LINE), &n, NULL));
    assert_true(sy_view_is(n.text, "a\n\nb\n"));
}

static void test_line_limit(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct proof_note n;
    check_ok(sy_buf_add_str(&b, NEUMANN_TEXT "\n"));
    for (size_t i = 0; i < PROOF_NOTE_LINES_MAX; i++) {
        check_ok(sy_buf_add_str(&b, ENOCH_LINE));
    }
    check_ok(proof_note_parse(sy_buf_view(&b), &n, NULL));
    check_ok(sy_buf_add_str(&b, ENOCH_LINE));
    check_code(proof_note_parse(sy_buf_view(&b), &n, NULL), SY_E_FIELD);
}

/* --- checkpoints -------------------------------------------------------------------------------- */
#define EMPTY_B64 "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static void test_checkpoint_form(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(512);
    struct proof_checkpoint c = {.origin = sy_view_str("example.com/log")};
    struct proof_checkpoint back;
    proof_merkle_empty(c.root);
    check_ok(proof_checkpoint_encode(&c, &b));
    assert_true(sy_view_is(sy_buf_view(&b), "example.com/log\n0\n" EMPTY_B64 "\n"));
    check_ok(proof_checkpoint_parse(sy_buf_view(&b), &back, NULL));
    assert_true(sy_view_eq(back.origin, c.origin) && back.size == 0);
    c.origin = sy_view_str("has space");
    check_code(proof_checkpoint_encode(&c, &b), SY_E_FIELD);
}

static void test_checkpoint_refusals(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "log\n",
        "log\n0\n",
        "log\n0\n" EMPTY_B64,
        "\n0\n" EMPTY_B64 "\n",
        "log\n00\n" EMPTY_B64 "\n",
        "log\n01\n" EMPTY_B64 "\n",
        "log\n+1\n" EMPTY_B64 "\n",
        "log\n-1\n" EMPTY_B64 "\n",
        "log\n1 \n" EMPTY_B64 "\n",
        "log\n\n" EMPTY_B64 "\n",
        "log\n18446744073709551616\n" EMPTY_B64 "\n",
        "log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n",
        "log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n",
        "log\n0\n47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "log\n0\nAAAA\n",
        "log\n0\n47DEQpj8HBSa+\xafTImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "log\n0\n" EMPTY_B64 "\nextension\n",
        "log\n0\n" EMPTY_B64 "\n\n",
        "my log\n0\n" EMPTY_B64 "\n",
    };
    struct proof_checkpoint c;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        check_code(proof_checkpoint_parse(sy_view_str(BAD[i]), &c, NULL), SY_E_FIELD);
    }
    check_ok(proof_checkpoint_parse(sy_view_str("log\n18446744073709551615\n" EMPTY_B64 "\n"), &c,
                                    NULL));
    assert_true(c.size == UINT64_MAX);
}

/* --- receipts ----------------------------------------------------------------------------------- */
struct receipts {
    struct proof_vkey log;
    uint8_t secret[PROOF_SECRET_BYTES];
    uint8_t leaf[5][PROOF_HASH_BYTES];
    struct sy_buf checkpoint;
    struct sy_buf text; /* receipt of entry 2 */
};

static void make_receipts(struct receipts *r, const char *extra)
{
    uint8_t pub[32];
    struct proof_receipt rec = {.index = 2, .extra = sy_view_str(extra)};
    struct proof_checkpoint c = {.origin = sy_view_str("example.com/log"), .size = 5};
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(512);
    *r = (struct receipts){.checkpoint = sy_buf(4096), .text = sy_buf(8192)};
    crypto_sign_keypair(pub, r->secret);
    check_ok(proof_vkey_make(c.origin, PROOF_SIG_ED25519, pub, &r->log));
    for (uint8_t i = 0; i < 5; i++) {
        proof_merkle_leaf(r->leaf[i], sy_view(&i, 1));
    }
    slow_root((const uint8_t(*)[PROOF_HASH_BYTES])r->leaf, 5, c.root);
    slow_path((const uint8_t(*)[PROOF_HASH_BYTES])r->leaf, 5, 2, &rec.path);
    check_ok(proof_checkpoint_encode(&c, &body));
    check_ok(proof_note_sign(sy_buf_view(&body), &r->log, r->secret, &r->checkpoint));
    rec.checkpoint = sy_buf_view(&r->checkpoint);
    check_ok(proof_receipt_format(&rec, &r->text));
}

static void drop_receipts(struct receipts *r)
{
    sy_buf_deinit(&r->checkpoint);
    sy_buf_deinit(&r->text);
}

static void test_receipt_round_trip(void **state)
{
    (void)state;
    static const char *const EXTRAS[] = {"", "aGVsbG8="};
    for (size_t i = 0; i < 2; i++) {
        SY_BUF_CLEANUP struct sy_buf again = sy_buf(8192);
        struct receipts r;
        struct proof_inclusion in;
        struct proof_receipt parsed;
        make_receipts(&r, EXTRAS[i]);
        check_ok(proof_receipt_verify(sy_buf_view(&r.text), &r.log, r.leaf[2], &in, NULL));
        assert_true(in.index == 2 && in.tree.size == 5);
        check_code(proof_receipt_verify(sy_buf_view(&r.text), &r.log, r.leaf[3], &in, NULL),
                   SY_E_PROOF);
        check_ok(proof_receipt_parse(sy_buf_view(&r.text), &parsed, NULL));
        assert_true(sy_view_is(parsed.extra, EXTRAS[i]) && parsed.path.n == 3);
        check_ok(proof_receipt_format(&parsed, &again));
        assert_true(sy_view_eq(sy_buf_view(&again), sy_buf_view(&r.text)));
        drop_receipts(&r);
    }
}

/* Flip every bit, cut at every length: nothing verifies. */
static void test_receipt_every_byte(void **state)
{
    (void)state;
    struct receipts r;
    struct proof_inclusion in;
    make_receipts(&r, "");
    for (size_t i = 0; i < r.text.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            r.text.p[i] ^= (uint8_t)(1U << bit);
            assert_false(
                sy_ok(proof_receipt_verify(sy_buf_view(&r.text), &r.log, r.leaf[2], &in, NULL)));
            r.text.p[i] ^= (uint8_t)(1U << bit);
        }
        assert_false(
            sy_ok(proof_receipt_verify(sy_view(r.text.p, i), &r.log, r.leaf[2], &in, NULL)));
    }
    check_ok(proof_receipt_verify(sy_buf_view(&r.text), &r.log, r.leaf[2], &in, NULL));
    drop_receipts(&r);
}

static void test_receipt_wrong_key(void **state)
{
    (void)state;
    struct receipts r;
    struct receipts other;
    struct proof_inclusion in;
    make_receipts(&r, "");
    make_receipts(&other, "");
    check_code(proof_receipt_verify(sy_buf_view(&r.text), &other.log, r.leaf[2], &in, NULL),
               SY_E_UNSIGNED);
    /* The same key under another log's name is another key. */
    check_ok(
        proof_vkey_make(sy_view_str("other.example"), PROOF_SIG_ED25519, r.log.key, &other.log));
    check_code(proof_receipt_verify(sy_buf_view(&r.text), &other.log, r.leaf[2], &in, NULL),
               SY_E_UNSIGNED);
    drop_receipts(&r);
    drop_receipts(&other);
}

/* Signed by the log's key, but a statement about another log. */
static void test_checkpoint_of_other_origin(void **state)
{
    (void)state;
    struct receipts r;
    struct proof_checkpoint c;
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
    make_receipts(&r, "");
    check_ok(
        proof_note_sign(sy_view_str("other.example\n0\n" EMPTY_B64 "\n"), &r.log, r.secret, &note));
    check_code(proof_checkpoint_verify(sy_buf_view(&note), &r.log, &c, NULL), SY_E_PROOF);
    drop_receipts(&r);
}

static void test_receipt_limits(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct proof_receipt r;
    check_ok(sy_buf_add_str(&b, "c2sp.org/tlog-proof@v1\nindex 0\n"));
    for (size_t i = 0; i <= PROOF_PATH_MAX; i++) {
        check_ok(sy_buf_add_str(&b, EMPTY_B64 "\n"));
    }
    check_ok(sy_buf_add_str(&b, "\n" FOO_NOTE));
    check_code(proof_receipt_parse(sy_buf_view(&b), &r, NULL), SY_E_FIELD);
    while (b.n <= PROOF_RECEIPT_MAX) {
        check_ok(sy_buf_add_str(&b, EMPTY_B64 "\n"));
    }
    check_code(proof_receipt_parse(sy_buf_view(&b), &r, NULL), SY_E_LIMIT);
    struct proof_receipt bad = {.checkpoint = sy_view_str("no note")};
    check_code(proof_receipt_format(&bad, &b), SY_E_FIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vkeys),
        cmocka_unit_test(test_vkey_every_byte),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_sign_published),
        cmocka_unit_test(test_verify_published),
        cmocka_unit_test(test_cosignature),
        cmocka_unit_test(test_cosign_and_rotate),
        cmocka_unit_test(test_note_every_byte),
        cmocka_unit_test(test_malformed_notes),
        cmocka_unit_test(test_line_limit),
        cmocka_unit_test(test_checkpoint_form),
        cmocka_unit_test(test_checkpoint_refusals),
        cmocka_unit_test(test_receipt_round_trip),
        cmocka_unit_test(test_receipt_every_byte),
        cmocka_unit_test(test_receipt_wrong_key),
        cmocka_unit_test(test_checkpoint_of_other_origin),
        cmocka_unit_test(test_receipt_limits),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
