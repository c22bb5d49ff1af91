/*
 * What a client makes of cosigned checkpoints: only a quorum that it counts itself, under the very
 * checkpoint of all receipts, is called cosigned; and a note that does not hold spoils the reply.
 */
#include "test_domain.h"

#include "client/witnesses.h"
#include "proof/cosign.h"

enum { WITNESSES = 3, SIZE = 9, TEXT = 4096 };

struct witness {
    struct proof_vkey key;
    uint8_t secret[PROOF_SECRET_BYTES];
};

static struct fake F;
static struct home H;
static struct witness W[WITNESSES];

static int setup(void **state)
{
    (void)state;
    fake_init(&F);
    home_make(&H, "acme");
    home_pin(&H, &F, "localhost:7000");
    for (size_t i = 0; i < WITNESSES; i++) {
        char name[16];
        uint8_t pub[32];
        (void)snprintf(name, sizeof(name), "w%zu.example", i);
        crypto_sign_keypair(pub, W[i].secret);
        check_ok(proof_vkey_make(sy_view_str(name), PROOF_SIG_COSIGNATURE, pub, &W[i].key));
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sy_arena_deinit(&F.arena);
    home_remove(&H);
    return 0;
}

static const char *policy(const char *quorum)
{
    static char text[TEXT];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(TEXT - 1);
    check_ok(sy_buf_printf(&b, "log %s\n", F.vkey));
    for (size_t i = 0; i < WITNESSES; i++) {
        check_ok(sy_buf_printf(&b, "witness w%zu ", i));
        check_ok(proof_vkey_format(&W[i].key, &b));
        check_ok(sy_buf_add_str(&b, "\n"));
    }
    check_ok(sy_buf_add_str(&b, quorum));
    sy_view_to_cstr(sy_buf_view(&b), text, sizeof(text));
    return text;
}

static const char TWO[] = "group g 2 w0 w1 w2\nquorum g\n";

static void trust(const char *quorum)
{
    assert_int_equal(shuyu_profile_witnesses(H.profile, policy(quorum), NULL), 0);
}

static struct proof_tree tree(uint64_t size, uint8_t first)
{
    struct proof_tree t = {.size = size, .root = {first, 2, 3}};
    return t;
}

/* A checkpoint of that tree, signed by the log, and by the first n witnesses. */
static struct sy_view cosigned(const struct proof_tree *t, size_t n)
{
    struct proof_checkpoint c = {.origin = sy_view_str(F.log.name), .size = t->size};
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(TEXT);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(TEXT);
    memcpy(c.root, t->root, sizeof(c.root));
    check_ok(proof_checkpoint_encode(&c, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), &F.log, F.log_secret, &note));
    for (size_t i = 0; i < n; i++) {
        check_ok(proof_cosign(sy_buf_view(&text), &W[i].key, W[i].secret, 1700000000, &note));
    }
    return sy_arena_copy(&F.arena, sy_buf_view(&note));
}

/* A reply with two entries against these trees, and this note. */
static sy_status judge(struct sy_view note, const struct proof_tree *a, const struct proof_tree *b,
                       shuyu_witnessed *ret)
{
    struct client_entry entries[2] = {{.at = {.index = 3, .tree = *a}},
                                      {.at = {.index = 4, .tree = *b}}};
    struct client_call c = {.profile = H.profile};
    shuyu_reply r = {.entries = entries, .n_entries = 2};
    r.opened.reply.cosigned = note;
    r.opened.reply.cosigned_time = 1700000000;
    sy_status s = client_verify_witnessed(&c, &r, NULL);
    shuyu_reply_witnessed(&r, ret);
    return s;
}

static void expect(size_t n, bool is_cosigned)
{
    struct proof_tree t = tree(SIZE, 1);
    shuyu_witnessed w;
    check_ok(judge(cosigned(&t, n), &t, &t, &w));
    assert_int_equal(w.is_cosigned, is_cosigned);
    assert_int_equal(w.size, SIZE);
    assert_int_equal(w.time, 1700000000);
}

static void test_quorum(void **state)
{
    shuyu_witnessed w;
    struct proof_tree t = tree(SIZE, 1);
    (void)state;
    expect(3, false); /* whom nobody named, nobody counts */
    check_ok(judge((struct sy_view){0}, &t, &t, &w));
    assert_false(w.is_judged);
    trust(TWO);
    check_ok(judge((struct sy_view){0}, &t, &t, &w));
    assert_true(w.is_judged && !w.is_cosigned && w.size == 0);
    expect(0, false);
    expect(1, false);
    expect(2, true);
    expect(3, true);
    trust("quorum w2\n");
    expect(2, false);
    expect(3, true);
    trust("quorum none\n");
    expect(3, false); /* nobody is asked for, so nobody vouches */
}

/* Receipts against another checkpoint than the one that was cosigned. */
static void test_not_covered(void **state)
{
    struct proof_tree t = tree(SIZE, 1), later = tree(SIZE + 1, 7);
    shuyu_witnessed w;
    (void)state;
    trust(TWO);
    check_ok(judge(cosigned(&t, 3), &later, &later, &w));
    assert_false(w.is_cosigned);
    assert_int_equal(w.size, SIZE);
    check_ok(judge(cosigned(&t, 3), &t, &later, &w));
    assert_false(w.is_cosigned);
    check_ok(judge(cosigned(&later, 3), &later, &later, &w));
    assert_true(w.is_cosigned);
}

static void test_lies(void **state)
{
    struct proof_tree t = tree(SIZE, 1), fork = tree(SIZE, 9);
    shuyu_witnessed w;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(TEXT);
    (void)state;
    trust(TWO);
    check_code(judge(cosigned(&fork, 3), &t, &t, &w), SY_E_ROLLBACK);
    check_code(judge(cosigned(&fork, 0), &t, &t, &w), SY_E_ROLLBACK);
    check_code(judge(sy_view_str("nonsense"), &t, &t, &w), SY_E_FIELD);
    struct sy_view note = cosigned(&t, 2);
    check_ok(sy_buf_add_view(&b, note));
    b.p[b.n - 6] = (uint8_t)(b.p[b.n - 6] == 'A' ? 'B' : 'A'); /* in the second cosignature */
    check_code(judge(sy_buf_view(&b), &t, &t, &w), SY_E_SIGNATURE);
    assert_false(w.is_cosigned);
    crypto_sign_keypair(F.warden, F.log_secret); /* another key signs for the log */
    check_code(judge(cosigned(&t, 3), &t, &t, &w), SY_E_SIGNATURE);
    assert_int_equal(shuyu_profile_witnesses(H.profile, NULL, NULL), 0);
    check_code(judge(cosigned(&t, 3), &t, &t, &w), SY_E_SIGNATURE);
}

/* The newest one with a quorum is of another key of the log than the pinned one: no reason to lose the reply. */
static void test_other_key(void **state)
{
    struct proof_tree t = tree(SIZE, 1);
    shuyu_witnessed w;
    uint8_t pub[32];
    (void)state;
    crypto_sign_keypair(pub, F.log_secret);
    check_ok(proof_vkey_make(sy_view_str("example.org/log"), PROOF_SIG_ED25519, pub, &F.log));
    for (int i = 0; i < 2; i++) {
        check_ok(judge(cosigned(&t, 3), &t, &t, &w));
        assert_true(w.is_judged == (i == 1) && !w.is_cosigned && w.size == 0);
        trust(TWO);
    }
}

static void test_receipt(void **state)
{
    struct proof_tree t = tree(SIZE, 1);
    struct proof_receipt r = {.index = 3, .checkpoint = cosigned(&t, 2)};
    shuyu_witnessed w = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_RECEIPT_MAX);
    (void)state;
    check_ok(proof_receipt_format(&r, &b));
    check_ok(sy_buf_add(&b, "", 1));
    assert_int_equal(shuyu_receipt_witnessed(H.profile, (const char *)b.p, &w, NULL), 0);
    assert_true(!w.is_judged && !w.is_cosigned && w.size == SIZE);
    trust(TWO);
    assert_int_equal(shuyu_receipt_witnessed(H.profile, (const char *)b.p, &w, NULL), 0);
    assert_true(w.is_judged && w.is_cosigned);
    trust("group g all w0 w1 w2\nquorum g\n");
    assert_int_equal(shuyu_receipt_witnessed(H.profile, (const char *)b.p, &w, NULL), 0);
    assert_false(w.is_cosigned);
    assert_int_equal(shuyu_receipt_witnessed(H.profile, "none", &w, NULL), SHUYU_E_FIELD);
    assert_int_equal(shuyu_receipt_witnessed(NULL, "none", &w, NULL), SHUYU_E_USAGE);
}

/* The file: read again, whole or not at all, and gone when nobody is to count. */
static void test_file(void **state)
{
    shuyu_error err;
    shuyu_profile *again = NULL;
    char *dir = strdup(shuyu_profile_dir(H.profile));
    (void)state;
    trust(TWO);
    assert_int_equal(shuyu_profile_witnesses(H.profile, "quorum\n", &err), SHUYU_E_FIELD);
    expect(2, true);
    assert_int_equal(shuyu_profile_open(dir, &again, NULL), 0);
    assert_non_null(again->witnesses);
    shuyu_profile_close(again);
    check_ok(sy_replace_file_at(H.profile->dirfd, "witnesses", sy_view_str("group\n"), 0600));
    assert_int_equal(shuyu_profile_open(dir, &again, &err), SHUYU_E_FIELD);
    assert_string_equal(err.field, "line 1");
    assert_int_equal(shuyu_profile_witnesses(H.profile, NULL, NULL), 0);
    assert_int_equal(shuyu_profile_witnesses(H.profile, NULL, NULL), 0);
    assert_int_equal(shuyu_profile_open(dir, &again, NULL), 0);
    assert_null(again->witnesses);
    shuyu_profile_close(again);
    free(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(quorum),  TEST(not_covered), TEST(lies),
                                       TEST(receipt), TEST(file),        TEST(other_key)};
    return cmocka_run_group_tests_name("client_witnesses", tests, NULL, NULL);
}
