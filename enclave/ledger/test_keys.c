/*
 * The keys of a ledger: who signs when, what is accepted when it is opened again, under which keys a
 * receipt is read, and what of it a crash may leave.
 */
#include "test_fixture.h"

#include "proof/handover.h"

struct other {
    struct proof_vkey vkey;
    uint8_t secret[PROOF_SECRET_BYTES];
};

static struct other next, third;

static void make_other(struct other *o, const char *name)
{
    uint8_t pub[32];
    crypto_sign_keypair(pub, o->secret);
    check_ok(proof_vkey_make(sy_view_str(name), PROOF_SIG_ED25519, pub, &o->vkey));
}

static int setup(void **state)
{
    if (make_fixture(state) != 0) {
        return -1;
    }
    make_other(&next, ORIGIN);
    make_other(&third, ORIGIN);
    return 0;
}

/* Does the checkpoint carry exactly these lines? */
static void check_lines(struct sy_view note, bool old_line, bool new_line)
{
    struct proof_checkpoint c;
    struct proof_note parsed;
    size_t n = 0;
    check_ok(proof_note_parse(note, &parsed, NULL));
    for (size_t i = 0; i < parsed.lines.n; i++) {
        n += parsed.lines.p[i] == '\n';
    }
    assert_int_equal(n, (size_t)old_line + (size_t)new_line);
    check_code(proof_checkpoint_verify(note, &F.log, &c, NULL), old_line ? 0 : SY_E_UNSIGNED);
    check_code(proof_checkpoint_verify(note, &next.vkey, &c, NULL), new_line ? 0 : SY_E_UNSIGNED);
}

static sy_status sign_by(const struct proof_vkey *a, const uint8_t *a_secret,
                         const struct proof_vkey *b, const uint8_t *b_secret)
{
    struct ledger_key keys[2] = {{*a, a_secret}, {b == NULL ? *a : *b, b_secret}};
    return ledger_sign_by(F.l, keys, b == NULL ? 1 : 2, NULL);
}

/* Open with the keys as a vault would have them. */
static sy_status open_with(const uint8_t *first, const struct other *other, const uint8_t *secret)
{
    struct ledger_key others[1] = {{.secret = secret}};
    struct ledger_options o = {
        .log = &F.log, .secret = first, .segment_bytes = F.segment_bytes, .others = others};
    if (other != NULL) {
        others[0].vkey = other->vkey;
        o.n_others = 1;
    }
    return ledger_open(F.dir, &o, &F.l, NULL);
}

static void check_receipt(const struct proof_vkey *key, uint64_t i, int32_t want)
{
    struct made m;
    uint8_t hash[PROOF_HASH_BYTES];
    struct proof_inclusion in;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_RECEIPT_MAX);
    make_entry(i, &m);
    proof_merkle_leaf(hash, sy_buf_view(&m.leaf));
    sy_buf_deinit(&m.leaf);
    check_ok(ledger_receipt(F.l, i, &text));
    check_code(proof_receipt_verify(sy_buf_view(&text), key, hash, &in, NULL), want);
}

static void test_rotation(void **state)
{
    (void)state;
    grow(3);
    check_lines(ledger_checkpoint(F.l), true, false);
    check_ok(sign_by(&F.log, F.secret, &next.vkey, next.secret));
    check_lines(ledger_checkpoint(F.l), true, false); /* what is signed stays as it was signed */
    grow(2);
    check_lines(ledger_checkpoint(F.l), true, true);
    check_receipt(&F.log, 1, 0);
    check_receipt(&next.vkey, 1, 0);
    check_ok(ledger_publish(F.l, NULL));
    uint8_t file[4096];
    size_t n = read_file("public/checkpoint", file, sizeof(file));
    check_lines(sy_view(file, n), true, true);
    check_ok(sign_by(&next.vkey, next.secret, NULL, NULL));
    grow(1);
    check_lines(ledger_checkpoint(F.l), false, true);
    check_receipt(&F.log, 1, SY_E_UNSIGNED);
    check_receipt(&next.vkey, 5, 0);
}

/* Opened again after each part, whoever still has which secret. */
static void test_reopened(void **state)
{
    (void)state;
    grow(2);
    check_ok(sign_by(&F.log, F.secret, &next.vkey, next.secret));
    grow(2);
    close_ledger();
    check_ok(open_with(F.secret, &next, next.secret));
    assert_int_equal(ledger_size(F.l), 4);
    grow(1); /* by the first key, until it is said otherwise */
    check_lines(ledger_checkpoint(F.l), true, false);
    check_ok(sign_by(&next.vkey, next.secret, NULL, NULL));
    grow(1);
    close_ledger();
    check_ok(open_with(NULL, &next, next.secret)); /* the first was retired */
    assert_int_equal(ledger_size(F.l), 6);
    check_ok(try_append(6));
    check_code(ledger_commit(F.l, NULL), SY_E_USAGE); /* nobody signs */
    assert_int_equal(ledger_size(F.l), 6);
    check_ok(sign_by(&next.vkey, next.secret, NULL, NULL));
    check_ok(ledger_commit(F.l, NULL));
    check_lines(ledger_checkpoint(F.l), false, true);
    assert_int_equal(ledger_size(F.l), 7);
}

/* A ledger that a key has signed is not opened without that key. */
static void test_unknown_key(void **state)
{
    (void)state;
    grow(2);
    check_ok(sign_by(&next.vkey, next.secret, NULL, NULL));
    grow(2);
    close_ledger();
    check_code(open_with(F.secret, NULL, NULL), SY_E_TAMPERED);
    check_code(open_with(F.secret, &third, third.secret), SY_E_TAMPERED);
    check_ok(open_with(F.secret, &next, NULL));
    assert_int_equal(ledger_size(F.l), 4);
}

static void test_signers(void **state)
{
    (void)state;
    struct other odd;
    struct ledger_key many[3] = {
        {F.log, F.secret}, {next.vkey, next.secret}, {third.vkey, third.secret}};
    make_other(&odd, "domain.example/other");
    check_code(sign_by(&odd.vkey, odd.secret, NULL, NULL), SY_E_USAGE);
    check_code(sign_by(&next.vkey, third.secret, NULL, NULL), SY_E_USAGE);
    check_code(sign_by(&next.vkey, NULL, NULL, NULL), SY_E_USAGE);
    check_code(ledger_sign_by(F.l, many, 3, NULL), SY_E_USAGE);
    check_code(ledger_sign_by(F.l, many, 0, NULL), SY_E_USAGE);
    grow(1);
    check_lines(ledger_checkpoint(F.l), true, false); /* none of that changed anything */
    for (size_t i = 1; i < LEDGER_KEYS_MAX; i++) {
        make_other(&odd, ORIGIN);
        check_ok(sign_by(&odd.vkey, odd.secret, NULL, NULL));
    }
    make_other(&odd, ORIGIN);
    check_code(sign_by(&odd.vkey, odd.secret, NULL, NULL), SY_E_LIMIT);
    close_ledger();
    struct ledger_key wrong = {odd.vkey, third.secret};
    struct ledger_options o = {.log = &F.log, .secret = F.secret, .others = &wrong, .n_others = 1};
    check_code(ledger_open(F.dir, &o, &F.l, NULL), SY_E_USAGE);
    F.l = NULL;
}

/* An entry shown to those who know only the retired key, by the checkpoint that both signed. */
static void test_kept_checkpoint(void **state)
{
    (void)state;
    grow(5);
    check_ok(sign_by(&F.log, F.secret, &next.vkey, next.secret));
    grow(4);
    SY_BUF_CLEANUP struct sy_buf kept = sy_buf(4096), text = sy_buf(PROOF_RECEIPT_MAX);
    check_ok(sy_buf_add_view(&kept, ledger_checkpoint(F.l)));
    check_ok(sign_by(&next.vkey, next.secret, NULL, NULL));
    for (int i = 0; i < 6; i++) {
        grow(40);
    }
    struct made m;
    uint8_t hash[PROOF_HASH_BYTES];
    struct proof_inclusion in;
    check_ok(ledger_receipt_under(F.l, 7, sy_buf_view(&kept), &text));
    make_entry(7, &m);
    proof_merkle_leaf(hash, sy_buf_view(&m.leaf));
    sy_buf_deinit(&m.leaf);
    check_ok(proof_receipt_verify(sy_buf_view(&text), &F.log, hash, &in, NULL));
    assert_true(in.index == 7 && in.tree.size == 9);
    check_code(ledger_receipt_under(F.l, 9, sy_buf_view(&kept), &text), SY_E_NOT_FOUND);
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(1024), forged = sy_buf(4096);
    struct proof_checkpoint c = {.origin = sy_view_str(ORIGIN), .size = 9};
    check_ok(proof_checkpoint_encode(&c, &body)); /* of the right size, with another root */
    check_ok(proof_note_sign(sy_buf_view(&body), &F.log, F.secret, &forged));
    check_code(ledger_receipt_under(F.l, 7, sy_buf_view(&forged), &text), SY_E_PROOF);
}

/* The torn batch of an overlap is cut as any other, and what comes then is signed by who signs then. */
static void test_torn_overlap(void **state)
{
    (void)state;
    grow(2);
    check_ok(sign_by(&F.log, F.secret, &next.vkey, next.secret));
    grow(2);
    close_ledger();
    uint8_t *bytes = calloc(1, LEDGER_SEGMENT_MIN);
    assert_non_null(bytes);
    size_t n = read_file("segments/00000001", bytes, LEDGER_SEGMENT_MIN);
    size_t last = n;
    while (bytes[last - 1] == 0) {
        last--;
    }
    memset(bytes + (last - 600) / 512 * 512, 0, n - (last - 600) / 512 * 512);
    write_file("segments/00000001", bytes, n);
    free(bytes);
    check_ok(open_with(F.secret, &next, next.secret));
    assert_int_equal(ledger_size(F.l), 2);
    check_lines(ledger_checkpoint(F.l), true, false);
    check_ok(sign_by(&F.log, F.secret, &next.vkey, next.secret));
    grow(2);
    check_lines(ledger_checkpoint(F.l), true, true);
}

#define keys_test(f) cmocka_unit_test_setup_teardown(f, setup, drop_fixture)

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        keys_test(test_rotation), keys_test(test_reopened),        keys_test(test_unknown_key),
        keys_test(test_signers),  keys_test(test_kept_checkpoint), keys_test(test_torn_overlap),
    };
    return cmocka_run_group_tests_name("ledger_keys", tests, NULL, NULL);
}
