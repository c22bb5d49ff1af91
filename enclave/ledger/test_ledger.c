/*
 * The ledger as it is meant to be used: append, commit, read, prove, reopen; and what it refuses.
 */
#include "test_fixture.h"

static void test_new_ledger(void **state)
{
    (void)state;
    check_content(0);
    close_ledger();
    check_ok(open_ledger(false, NULL));
    check_content(0);
    close_ledger();
    check_ok(open_ledger(true, NULL)); /* there is one already: it is opened */
    check_content(0);
}

static void test_not_found(void **state)
{
    (void)state;
    struct sy_error err = {0};
    close_ledger();
    remove_tree(F.dir, "segments");
    check_code(open_ledger(false, &err), SY_E_NOT_FOUND);
    check_ok(open_ledger(true, NULL));
}

static void test_append_commit_reopen(void **state)
{
    (void)state;
    static const size_t BATCHES[] = {1, 1, 5, 1, 60, 2, 1};
    uint64_t n = 0;
    for (size_t i = 0; i < sizeof(BATCHES) / sizeof(BATCHES[0]); i++) {
        grow(BATCHES[i]);
        n += BATCHES[i];
        check_content(n);
        close_ledger();
        check_ok(open_ledger(false, NULL));
        check_content(n);
    }
}

static void test_uncommitted_is_invisible(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_READ_MAX);
    struct ledger_entry e;
    uint8_t root[PROOF_HASH_BYTES];
    grow(3);
    check_ok(try_append(3));
    assert_int_equal(ledger_size(F.l), 3);
    assert_int_equal(ledger_pending(F.l), 1);
    check_code(ledger_read(F.l, 3, &b, &e, NULL), SY_E_NOT_FOUND);
    check_code(ledger_receipt(F.l, 3, &b), SY_E_NOT_FOUND);
    check_code(ledger_root(F.l, 4, root), SY_E_NOT_FOUND);
    check_content(3);
    ledger_drop(F.l);
    assert_int_equal(ledger_pending(F.l), 0);
    check_ok(ledger_commit(F.l, NULL));
    check_content(3);
    check_ok(try_append(3));
    close_ledger(); /* forgets it */
    check_ok(open_ledger(false, NULL));
    check_content(3);
    grow(2);
    check_content(5);
}

static void test_many_segments(void **state)
{
    (void)state;
    uint64_t n = 0;
    for (size_t i = 0; i < 40; i++) {
        grow(10);
        n += 10;
        if (i % 3 == 0) {
            check_ok(ledger_publish(F.l, NULL)); /* prepares segments ahead */
        }
    }
    assert_true(has_file("segments/00000004"));
    check_content(n);
    close_ledger();
    check_ok(open_ledger(false, NULL));
    check_content(n);
    grow(50);
    check_content(n + 50);
}

/* A drop may leave the ledger at the very beginning of a segment. */
static void test_drop_after_roll(void **state)
{
    (void)state;
    uint64_t n = 0;
    while (!has_file("segments/00000002")) {
        check_ok(try_append(n));
        check_ok(ledger_commit(F.l, NULL));
        n++;
    }
    n--;
    close_ledger();
    check_ok(open_ledger(false, NULL));
    check_content(n + 1);
    for (int i = 0; i < 3; i++) {
        check_ok(try_append(n + 1));
        ledger_drop(F.l);
    }
    grow(1);
    close_ledger();
    check_ok(open_ledger(false, NULL));
    check_content(n + 2);
}

static void test_full_batch(void **state)
{
    (void)state;
    uint64_t n = 0;
    sy_status s = SY_OK;
    while (sy_ok(s)) {
        s = try_append(n);
        n += sy_ok(s);
    }
    check_code(s, SY_E_BUSY);
    assert_true(n > 50);
    check_ok(ledger_commit(F.l, NULL));
    check_ok(try_append(n));
    check_ok(ledger_commit(F.l, NULL));
    check_content(n + 1);
    close_ledger();
    check_ok(open_ledger(false, NULL));
    check_content(n + 1);
}

static void test_refused_entries(void **state)
{
    (void)state;
    static uint8_t big[LEDGER_BODY_MAX + 1];
    struct made m;
    uint64_t index = 99;
    uint8_t zeros[LEDGER_SALT_BYTES] = {0};
    make_entry(0, &m);
    struct sy_view leaf = sy_buf_view(&m.leaf);
    struct sy_view body = sy_view(m.body, m.n_body);
    const struct {
        struct ledger_entry e;
        int32_t want;
    } CASES[] = {
        {{{0}, m.salt, body}, SY_E_LIMIT},
        {{sy_view(big, LEDGER_LEAF_MAX + 1), NULL, {0}}, SY_E_LIMIT},
        {{leaf, m.salt, sy_view(big, sizeof(big))}, SY_E_LIMIT},
        {{leaf, m.salt, sy_view(m.body, m.n_body - 1)}, SY_E_DIGEST},
        {{leaf, zeros, body}, SY_E_DIGEST},
        {{leaf, NULL, body}, SY_E_DIGEST},
        {{leaf, NULL, {0}}, SY_E_DIGEST},
        {{sy_view_str("bare"), m.salt, {0}}, SY_E_DIGEST},
        {{sy_view_str("bare"), NULL, sy_view_str("body")}, SY_E_DIGEST},
        {{sy_view(big, LEDGER_LEAF_MAX), NULL, {0}}, SY_E_LIMIT}, /* fits no segment of 64 KiB */
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        check_code(ledger_append(F.l, &CASES[i].e, &index, NULL), CASES[i].want);
        assert_int_equal(index, 99);
    }
    sy_buf_deinit(&m.leaf);
    assert_int_equal(ledger_pending(F.l), 0);
    grow(2);
    check_content(2);
}

static void test_large_entries(void **state)
{
    (void)state;
    static uint8_t body[LEDGER_BODY_MAX];
    SY_BUF_CLEANUP struct sy_buf leaf = sy_buf(PROOF_LEAF_MAX);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_READ_MAX);
    uint8_t salt[LEDGER_SALT_BYTES] = {1};
    uint64_t index = 0;
    memset(body, 0xAB, sizeof(body));
    F.segment_bytes = (size_t)8 << 20;
    start_over();
    check_ok(proof_leaf_make(sy_view_str("big"), 1, salt, sy_view(body, sizeof(body)), &leaf));
    struct ledger_entry e = {sy_buf_view(&leaf), salt, sy_view(body, sizeof(body))};
    for (uint64_t i = 0; i < 2; i++) {
        check_ok(ledger_append(F.l, &e, &index, NULL));
        check_ok(ledger_commit(F.l, NULL));
    }
    struct ledger_entry bare = {sy_view(body, LEDGER_LEAF_MAX), NULL, {0}};
    check_ok(ledger_append(F.l, &bare, &index, NULL));
    check_ok(ledger_commit(F.l, NULL));
    check_ok(ledger_publish(F.l, NULL));
    close_ledger();
    check_ok(open_ledger(false, NULL));
    check_ok(ledger_read(F.l, 1, &b, &e, NULL));
    assert_true(sy_view_eq(e.body, sy_view(body, sizeof(body))));
    check_ok(ledger_read(F.l, 2, &b, &e, NULL));
    assert_true(sy_view_eq(e.leaf, sy_view(body, LEDGER_LEAF_MAX)) && e.body.n == 0);
    check_ok(ledger_publish(F.l, NULL));
}

static void test_receipts(void **state)
{
    (void)state;
    grow(70);
    grow(1);
    for (uint64_t i = 0; i < 71; i++) {
        SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_RECEIPT_MAX);
        struct proof_inclusion in;
        struct made m;
        uint8_t hash[PROOF_HASH_BYTES];
        make_entry(i, &m);
        proof_merkle_leaf(hash, sy_buf_view(&m.leaf));
        sy_buf_deinit(&m.leaf);
        check_ok(ledger_receipt(F.l, i, &text));
        check_ok(proof_receipt_verify(sy_buf_view(&text), &F.log, hash, &in, NULL));
        assert_true(in.index == i && in.tree.size == 71);
        hash[0] ^= 1;
        check_code(proof_receipt_verify(sy_buf_view(&text), &F.log, hash, &in, NULL), SY_E_PROOF);
    }
}

static void test_roots_and_consistency(void **state)
{
    (void)state;
    enum { N = 67 };
    struct proof_tree tree[N + 1];
    struct proof_path path;
    for (uint64_t i = 0; i < N; i++) {
        tree[i].size = i;
        check_ok(ledger_root(F.l, i, tree[i].root));
        grow(1);
    }
    tree[N].size = N;
    check_ok(ledger_root(F.l, N, tree[N].root));
    for (uint64_t a = 1; a <= N; a++) {
        uint8_t again[PROOF_HASH_BYTES];
        check_ok(ledger_root(F.l, a, again));
        assert_memory_equal(again, tree[a].root, sizeof(again));
        for (uint64_t b = a; b <= N; b++) {
            check_ok(ledger_consistency(F.l, a, b, &path));
            check_ok(proof_merkle_check_consistency(&tree[a], &tree[b], &path));
        }
    }
    check_code(ledger_consistency(F.l, 0, 5, &path), SY_E_NOT_FOUND);
    check_code(ledger_consistency(F.l, 6, 5, &path), SY_E_NOT_FOUND);
    check_code(ledger_consistency(F.l, 1, N + 1, &path), SY_E_NOT_FOUND);
}

static void test_one_writer(void **state)
{
    (void)state;
    struct ledger_options o = {
        .log = &F.log, .secret = F.secret, .segment_bytes = F.segment_bytes, .create = true};
    struct ledger *second = NULL;
    check_code(ledger_open(F.dir, &o, &second, NULL), SY_E_BUSY);
    assert_null(second);
    grow(1);
    close_ledger();
    check_ok(ledger_open(F.dir, &o, &second, NULL));
    ledger_close(second);
}

static void test_options(void **state)
{
    (void)state;
    uint8_t other[PROOF_SECRET_BYTES];
    uint8_t pub[32];
    struct ledger *l = NULL;
    close_ledger();
    crypto_sign_keypair(pub, other);
    struct ledger_options o = {.log = &F.log, .secret = other};
    check_code(ledger_open(F.dir, &o, &l, NULL), SY_E_USAGE);
    o.secret = F.secret;
    o.segment_bytes = LEDGER_SEGMENT_MIN - 4096;
    check_code(ledger_open(F.dir, &o, &l, NULL), SY_E_USAGE);
    o.segment_bytes = LEDGER_SEGMENT_MIN + 1;
    check_code(ledger_open(F.dir, &o, &l, NULL), SY_E_USAGE);
    o.segment_bytes = 2 * LEDGER_SEGMENT_MIN; /* of new segments only: the old one goes on */
    check_ok(ledger_open(F.dir, &o, &l, NULL));
    ledger_close(l);
}

/* A ledger of another key or another name is not taken for ours. */
static void test_other_log(void **state)
{
    (void)state;
    struct proof_vkey mine = F.log;
    uint8_t pub[32];
    grow(2);
    close_ledger();
    check_ok(proof_vkey_make(sy_view_str("other.example"), PROOF_SIG_ED25519, mine.key, &F.log));
    check_code(open_ledger(false, NULL), SY_E_TAMPERED);
    crypto_sign_keypair(pub, F.secret);
    check_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &F.log));
    check_code(open_ledger(false, NULL), SY_E_TAMPERED);
}

/* What a read returns is checked, not only what open saw. */
static void test_read_notices_change(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_READ_MAX);
    static uint8_t image[LEDGER_SEGMENT_MIN];
    struct ledger_entry e;
    grow(5);
    size_t n = read_file("segments/00000001", image, sizeof(image));
    check_ok(ledger_read(F.l, 2, &b, &e, NULL));
    const uint8_t *at = memmem(image, n, e.body.p, e.body.n);
    assert_non_null(at);
    image[at - image] ^= 1;
    write_file("segments/00000001", image, n);
    check_code(ledger_read(F.l, 2, &b, &e, NULL), SY_E_TAMPERED);
    check_ok(ledger_read(F.l, 3, &b, &e, NULL));
}

static sy_status stop_at_two(void *data, uint64_t i, const struct ledger_entry *e)
{
    (void)e;
    *(uint64_t *)data = i;
    return sy_status_of(i == 2 ? SY_E_STOPPING : 0);
}

static void test_each_stops(void **state)
{
    (void)state;
    uint64_t last = 0;
    grow(5);
    check_code(ledger_each(F.l, 1, stop_at_two, &last, NULL), SY_E_STOPPING);
    assert_int_equal(last, 2);
    check_ok(ledger_each(F.l, 5, stop_at_two, &last, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ledger_test(test_new_ledger),
        ledger_test(test_not_found),
        ledger_test(test_append_commit_reopen),
        ledger_test(test_uncommitted_is_invisible),
        ledger_test(test_many_segments),
        ledger_test(test_drop_after_roll),
        ledger_test(test_full_batch),
        ledger_test(test_refused_entries),
        ledger_test(test_large_entries),
        ledger_test(test_receipts),
        ledger_test(test_roots_and_consistency),
        ledger_test(test_one_writer),
        ledger_test(test_options),
        ledger_test(test_other_log),
        ledger_test(test_read_notices_change),
        ledger_test(test_each_stops),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
