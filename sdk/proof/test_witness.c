/*
 * Witnesses: cosignatures, the messages of tlog-witness, evidence of forks, and what a consistency path
 * says about the tree it starts from. Trees are those of the slow definitions in test_support.h.
 */
#include "test_support.h"

#include "proof/cosign.h"
#include "proof/fork.h"
#include "proof/witness.h"

/* --- a log and its witness ---------------------------------------------------------------------- */
enum { LEAVES = 40 };

struct signer {
    struct proof_vkey key;
    uint8_t secret[PROOF_SECRET_BYTES];
};

static void make_signer(struct signer *s, const char *name, enum proof_sig_type type)
{
    uint8_t pub[PROOF_KEY_BYTES];
    crypto_sign_keypair(pub, s->secret);
    check_ok(proof_vkey_make(sy_view_str(name), type, pub, &s->key));
}

/* Leaf hashes: entry i is the byte i, but from `differs` on another one. */
static void make_leaves(uint8_t (*leaf)[PROOF_HASH_BYTES], size_t n, size_t differs)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t entry[2] = {(uint8_t)i, i >= differs};
        proof_merkle_leaf(leaf[i], sy_view(entry, sizeof(entry)));
    }
}

#define CONST_LEAVES(leaf) ((const uint8_t(*)[PROOF_HASH_BYTES])(leaf))

static void make_text(const char *origin, uint8_t (*leaf)[PROOF_HASH_BYTES], uint64_t size,
                      struct sy_buf *b)
{
    struct proof_checkpoint c = {.origin = sy_view_str(origin), .size = size};
    slow_root(CONST_LEAVES(leaf), size, c.root);
    check_ok(proof_checkpoint_encode(&c, b));
}

static void sign_tree(const struct signer *log, uint8_t (*leaf)[PROOF_HASH_BYTES], uint64_t size,
                      struct sy_buf *b)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(512);
    make_text(log->key.name, leaf, size, &text);
    check_ok(proof_note_sign(sy_buf_view(&text), &log->key, log->secret, b));
}

/* --- cosignatures --------------------------------------------------------------------------------- */
#define ARCHE_TEXT                                                                                 \
    "arche2025h1.staging.ct.transparency.dev\n1432088532\n"                                        \
    "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n"
#define ARCHE_VKEY                                                                                 \
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/"                                 \
    "PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
#define ARCHE_LINE                                                                                 \
    "— arche2025h1.staging.ct.transparency.dev "                                                 \
    "ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3N"                                          \
    "ygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
#define REMORA_VKEY "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
#define REMORA_LINE                                                                                \
    "— remora.n621.de "                                                                          \
    "2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sX"                 \
    "Tynk5XeU/zZ0WBxtqB0DrAWfBw==\n"

/* The cosignature of a real witness, taken from its answer as a client does. */
static void test_take_published(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    struct proof_vkey remora;
    uint64_t time_s = 0;
    struct sy_view note = sy_view_str(ARCHE_TEXT "\n" ARCHE_LINE);
    check_ok(proof_vkey_parse(sy_view_str(REMORA_VKEY), &remora, NULL));
    check_ok(proof_witness_take(note, sy_view_str(REMORA_LINE), &remora, &b, &time_s, NULL));
    assert_true(sy_view_is(sy_buf_view(&b), REMORA_LINE));
    assert_int_equal(time_s, 0x6a122120);
    /* Under another checkpoint the same line is worth nothing. */
    note = sy_view_str("other\n1\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n" ARCHE_LINE);
    check_code(proof_witness_take(note, sy_view_str(REMORA_LINE), &remora, &b, &time_s, NULL),
               SY_E_SIGNATURE);
    note = sy_view_str(ARCHE_TEXT "\n" ARCHE_LINE);
    check_code(proof_witness_take(note, sy_view_str(ARCHE_LINE), &remora, &b, &time_s, NULL),
               SY_E_UNSIGNED);
    check_code(proof_witness_take(note, sy_view_str("sorry\n"), &remora, &b, &time_s, NULL),
               SY_E_FIELD);
    check_code(proof_witness_take(note, sy_view_str(""), &remora, &b, &time_s, NULL), SY_E_FIELD);
    assert_true(sy_view_is(sy_buf_view(&b), REMORA_LINE));
}

static void test_cosign(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf line = sy_buf(4096);
    uint8_t leaf[LEAVES][PROOF_HASH_BYTES];
    struct signer log;
    struct signer witness;
    struct proof_note parsed;
    uint64_t time_s = 0;
    make_signer(&log, "example.com/log", PROOF_SIG_ED25519);
    make_signer(&witness, "example.com/witness", PROOF_SIG_COSIGNATURE);
    make_leaves(leaf, LEAVES, LEAVES);
    sign_tree(&log, leaf, 5, &note);
    check_ok(proof_note_parse(sy_buf_view(&note), &parsed, NULL));
    check_ok(proof_cosign(parsed.text, &witness.key, witness.secret, 7, &line));
    SY_BUF_CLEANUP struct sy_buf kept = sy_buf(4096);
    check_ok(proof_witness_take(sy_buf_view(&note), sy_buf_view(&line), &witness.key, &kept,
                                &time_s, NULL));
    assert_true(time_s == 7 && sy_view_eq(sy_buf_view(&kept), sy_buf_view(&line)));
    size_t before = line.n;
    check_code(proof_cosign(parsed.text, &witness.key, witness.secret, 0, &line), SY_E_FIELD);
    check_code(proof_cosign(parsed.text, &log.key, log.secret, 7, &line), SY_E_FIELD);
    check_code(
        proof_cosign(sy_view_str("no\ncheckpoint\n"), &witness.key, witness.secret, 7, &line),
        SY_E_FIELD);
    assert_int_equal(line.n, before);
}

/* Lines of strangers, and lines that claim a known key, are left out. */
static void test_keep_lines(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(8192);
    SY_BUF_CLEANUP struct sy_buf line = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf kept = sy_buf(8192);
    uint8_t leaf[LEAVES][PROOF_HASH_BYTES];
    struct signer log;
    struct signer other;
    make_signer(&log, "example.com/log", PROOF_SIG_ED25519);
    make_signer(&other, "example.com/other", PROOF_SIG_ED25519);
    make_leaves(leaf, LEAVES, LEAVES);
    sign_tree(&log, leaf, 3, &note);
    struct proof_note parsed;
    check_ok(proof_note_parse(sy_buf_view(&note), &parsed, NULL));
    check_ok(sy_buf_add_view(&line, parsed.lines));
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(512);
    check_ok(sy_buf_add_view(&text, parsed.text));
    check_ok(proof_note_sign_line(sy_buf_view(&text), &other.key, other.secret, 0, &note));
    check_ok(proof_note_sign_line(sy_view_str("another\n"), &log.key, log.secret, 0, &note));
    check_ok(proof_note_sign_line(sy_buf_view(&text), &log.key, log.secret, 0, &note));
    check_ok(proof_note_keep_lines(sy_buf_view(&note), &log.key, 1, &kept));
    assert_true(sy_view_eq(sy_buf_view(&kept), sy_buf_view(&line)));
    struct signer third;
    make_signer(&third, "example.com/log", PROOF_SIG_ED25519);
    check_code(proof_note_keep_lines(sy_buf_view(&note), &third.key, 1, &kept), SY_E_UNSIGNED);
    check_code(proof_note_keep_lines(sy_view_str("no note\n"), &log.key, 1, &kept), SY_E_FIELD);
    assert_int_equal(kept.n, line.n);
}

/* --- requests ------------------------------------------------------------------------------------- */
static void test_ask_round_trip(void **state)
{
    (void)state;
    uint8_t leaf[LEAVES][PROOF_HASH_BYTES];
    struct signer log;
    make_signer(&log, "example.com/log", PROOF_SIG_ED25519);
    make_leaves(leaf, LEAVES, LEAVES);
    for (uint64_t old = 0; old <= 9; old++) {
        SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
        SY_BUF_CLEANUP struct sy_buf body = sy_buf(1 << 17);
        SY_BUF_CLEANUP struct sy_buf again = sy_buf(1 << 17);
        struct proof_witness_ask ask = {.old_size = old};
        struct proof_witness_ask back;
        sign_tree(&log, leaf, 9, &note);
        ask.checkpoint = sy_buf_view(&note);
        if (old > 0) {
            slow_proof(CONST_LEAVES(leaf), 9, old, true, &ask.path);
        }
        check_ok(proof_witness_ask_format(&ask, &body));
        check_ok(proof_witness_ask_parse(sy_buf_view(&body), &back, NULL));
        assert_true(back.old_size == old && back.path.n == ask.path.n);
        check_ok(proof_witness_ask_format(&back, &again));
        assert_true(sy_view_eq(sy_buf_view(&again), sy_buf_view(&body)));
    }
}

static void test_ask_refusals(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "\n",
        "old 1",
        "old 1\n",
        "old\n\n" ARCHE_TEXT "\n" ARCHE_LINE,
        "old  1\n\n" ARCHE_TEXT "\n" ARCHE_LINE,
        "old 01\n\n" ARCHE_TEXT "\n" ARCHE_LINE,
        "old -1\n\n" ARCHE_TEXT "\n" ARCHE_LINE,
        "Old 1\n\n" ARCHE_TEXT "\n" ARCHE_LINE,
        "old 18446744073709551616\n\n" ARCHE_TEXT "\n" ARCHE_LINE,
        "old 1\r\n\n" ARCHE_TEXT "\n" ARCHE_LINE,
        "old 1\nAAAA\n\n" ARCHE_TEXT "\n" ARCHE_LINE,
        "old 1\n U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n" ARCHE_TEXT "\n" ARCHE_LINE,
        "old 1\n" ARCHE_TEXT "\n" ARCHE_LINE,
    };
    struct proof_witness_ask ask;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct sy_error err = {0};
        check_code(proof_witness_ask_parse(sy_view_str(BAD[i]), &ask, &err), SY_E_FIELD);
        assert_int_equal(err.code, SY_E_FIELD);
    }
    check_ok(
        proof_witness_ask_parse(sy_view_str("old 1\n\n" ARCHE_TEXT "\n" ARCHE_LINE), &ask, NULL));
}

static void test_ask_limits(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct proof_witness_ask ask = {.path.n = PROOF_WITNESS_HASHES_MAX + 1,
                                    .checkpoint = sy_view_str(ARCHE_TEXT "\n" ARCHE_LINE)};
    check_code(proof_witness_ask_format(&ask, &b), SY_E_FIELD);
    ask.path.n = PROOF_WITNESS_HASHES_MAX;
    check_ok(proof_witness_ask_format(&ask, &b));
    check_ok(proof_witness_ask_parse(sy_buf_view(&b), &ask, NULL));
    assert_int_equal(ask.path.n, PROOF_WITNESS_HASHES_MAX);
    SY_BUF_CLEANUP struct sy_buf more = sy_buf(1 << 20);
    check_ok(sy_buf_add_str(&more, "old 1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"));
    check_ok(sy_buf_add(&more, b.p + sizeof("old 0\n") - 1, b.n - (sizeof("old 0\n") - 1)));
    check_code(proof_witness_ask_parse(sy_buf_view(&more), &ask, NULL), SY_E_FIELD);
    while (more.n <= PROOF_WITNESS_ASK_MAX) {
        check_ok(sy_buf_add_str(&more, ARCHE_LINE));
    }
    check_code(proof_witness_ask_parse(sy_buf_view(&more), &ask, NULL), SY_E_LIMIT);
}

static void test_size(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", "5", "5\n\n", " 5\n", "05\n", "-5\n", "five\n", "5\r\n"};
    uint64_t size = 77;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        check_code(proof_witness_size(sy_view_str(BAD[i]), &size, NULL), SY_E_FIELD);
        assert_int_equal(size, 77);
    }
    check_ok(proof_witness_size(sy_view_str("20852014\n"), &size, NULL));
    assert_int_equal(size, 20852014);
}

/* --- what a path says ----------------------------------------------------------------------------- */
static void test_prefix(void **state)
{
    (void)state;
    uint8_t leaf[LEAVES][PROOF_HASH_BYTES];
    make_leaves(leaf, LEAVES, LEAVES);
    for (uint64_t after = 1; after <= LEAVES; after++) {
        for (uint64_t size = 1; size <= after; size++) {
            struct proof_path path = {0};
            struct proof_tree tree = {.size = after};
            uint8_t want[PROOF_HASH_BYTES];
            uint8_t got[PROOF_HASH_BYTES] = {0};
            slow_root(CONST_LEAVES(leaf), after, tree.root);
            slow_root(CONST_LEAVES(leaf), size, want);
            slow_proof(CONST_LEAVES(leaf), after, size, true, &path);
            bool shown = size == after || (size & (size - 1)) != 0;
            check_code(proof_merkle_prefix(size, &tree, &path, got), shown ? 0 : SY_E_PROOF);
            assert_true(!shown || memcmp(got, want, sizeof(want)) == 0);
            /* A path that leads elsewhere shows nothing. */
            tree.root[0] ^= 1;
            if (size != after) {
                check_code(proof_merkle_prefix(size, &tree, &path, got), SY_E_PROOF);
            }
        }
    }
    /* With the old root put in front, as verifiers do for themselves, it is not that path any more. */
    struct proof_path longer = {.n = 1};
    struct proof_tree five = {.size = 5};
    slow_root(CONST_LEAVES(leaf), 4, longer.hash[0]);
    slow_root(CONST_LEAVES(leaf), 5, five.root);
    slow_proof(CONST_LEAVES(leaf), 5, 4, true, &longer);
    assert_int_equal(longer.n, 2);
    uint8_t shown[PROOF_HASH_BYTES];
    check_code(proof_merkle_prefix(4, &five, &longer, shown), SY_E_PROOF);
    struct proof_path none = {0};
    struct proof_tree tree = {.size = 3};
    uint8_t got[PROOF_HASH_BYTES];
    check_code(proof_merkle_prefix(0, &tree, &none, got), SY_E_PROOF);
    check_code(proof_merkle_prefix(4, &tree, &none, got), SY_E_PROOF);
}

/* --- evidence ------------------------------------------------------------------------------------- */
struct fork_case {
    struct signer log;
    struct sy_buf first;  /* the true log at some size */
    struct sy_buf second; /* the forked one */
    struct proof_fork fork;
    struct sy_buf text;
};

/* The log at size `a`; and at size `b` after entry `differs` was changed. */
static void make_fork(struct fork_case *f, uint64_t a, uint64_t b, size_t differs)
{
    uint8_t leaf[LEAVES][PROOF_HASH_BYTES];
    *f = (struct fork_case){.first = sy_buf(4096), .second = sy_buf(4096), .text = sy_buf(1 << 17)};
    make_signer(&f->log, "example.com/log", PROOF_SIG_ED25519);
    make_leaves(leaf, LEAVES, LEAVES);
    sign_tree(&f->log, leaf, a, &f->first);
    make_leaves(leaf, LEAVES, differs);
    sign_tree(&f->log, leaf, b, &f->second);
    slow_proof(CONST_LEAVES(leaf), b, a, true, &f->fork.path);
    f->fork.first = sy_buf_view(&f->first);
    f->fork.second = sy_buf_view(&f->second);
    check_ok(proof_fork_format(&f->fork, &f->text));
}

static void drop_fork(struct fork_case *f)
{
    sy_buf_deinit(&f->first);
    sy_buf_deinit(&f->second);
    sy_buf_deinit(&f->text);
}

static void check_fork(uint64_t a, uint64_t b, size_t differs, int32_t want)
{
    struct fork_case f;
    make_fork(&f, a, b, differs);
    check_code(proof_fork_verify(sy_buf_view(&f.text), &f.log.key, 1, NULL), want);
    drop_fork(&f);
}

static void test_fork(void **state)
{
    (void)state;
    check_fork(5, 5, 4, 0);           /* the same size, another last entry */
    check_fork(5, 9, 0, 0);           /* another first entry, seen from 5 to 9 */
    check_fork(37, 40, 36, 0);        /* the last entry of the first tree */
    check_fork(5, 9, 5, SY_E_PROOF);  /* only what came later differs: the log has just grown */
    check_fork(5, 5, 40, SY_E_PROOF); /* twice the same */
    check_fork(4, 9, 0, SY_E_PROOF);  /* a fork, but this path cannot show it */
}

static void test_fork_every_byte(void **state)
{
    (void)state;
    struct fork_case f;
    make_fork(&f, 5, 9, 2);
    for (size_t i = 0; i < f.text.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            f.text.p[i] ^= (uint8_t)(1U << bit);
            assert_false(sy_ok(proof_fork_verify(sy_buf_view(&f.text), &f.log.key, 1, NULL)));
            f.text.p[i] ^= (uint8_t)(1U << bit);
        }
        assert_false(sy_ok(proof_fork_verify(sy_view(f.text.p, i), &f.log.key, 1, NULL)));
    }
    check_ok(proof_fork_verify(sy_buf_view(&f.text), &f.log.key, 1, NULL));
    struct proof_fork back;
    SY_BUF_CLEANUP struct sy_buf again = sy_buf(1 << 17);
    check_ok(proof_fork_parse(sy_buf_view(&f.text), &back, NULL));
    check_ok(proof_fork_format(&back, &again));
    assert_true(sy_view_eq(sy_buf_view(&again), sy_buf_view(&f.text)));
    drop_fork(&f);
}

/* Nobody else's signatures make a log guilty, and no log is guilty of another's checkpoint. */
static void test_fork_of_others(void **state)
{
    (void)state;
    struct fork_case f;
    struct fork_case other;
    make_fork(&f, 5, 5, 0);
    make_fork(&other, 5, 5, 0);
    check_code(proof_fork_verify(sy_buf_view(&f.text), &other.log.key, 1, NULL), SY_E_UNSIGNED);
    f.fork.second = other.fork.second;
    sy_buf_clear(&f.text);
    check_ok(proof_fork_format(&f.fork, &f.text));
    check_code(proof_fork_verify(sy_buf_view(&f.text), &f.log.key, 1, NULL), SY_E_UNSIGNED);
    struct proof_vkey keys[2] = {f.log.key, other.log.key};
    check_ok(proof_fork_verify(sy_buf_view(&f.text), keys, 2, NULL)); /* both keys are the log's */
    check_ok(
        proof_vkey_make(sy_view_str("example.com/2"), PROOF_SIG_ED25519, keys[1].key, &keys[1]));
    check_code(proof_fork_verify(sy_buf_view(&f.text), keys, 2, NULL), SY_E_PROOF);
    drop_fork(&f);
    drop_fork(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_published), cmocka_unit_test(test_cosign),
        cmocka_unit_test(test_keep_lines),     cmocka_unit_test(test_ask_round_trip),
        cmocka_unit_test(test_ask_refusals),   cmocka_unit_test(test_ask_limits),
        cmocka_unit_test(test_size),           cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_fork),           cmocka_unit_test(test_fork_every_byte),
        cmocka_unit_test(test_fork_of_others),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
