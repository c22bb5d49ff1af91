/*
 * A log is believed to continue what was seen of it only with proof: whatever a domain that holds the log's
 * true key may show instead, the check fails, what was kept stays, and two signed histories leave evidence.
 */
#include "test_server.h"

#include "proof/fork.h"

/* What the domain shows, beside the truth. */
enum lie {
    TRUTH,
    BAD_PATH,
    ODD_PATH,
    NO_PATH,
    LONG_PATH,
    OTHER_KEY,
    OTHER_NAME,
    NO_RECORD,
    N_LIES,
    TWO_FACES, /* to who asks from 7 on, another history */
    NO_REST    /* the same, and one entry more each time */
};
static enum lie lie;
static struct proof_vkey other_key;
static uint8_t other_secret[PROOF_SECRET_BYTES];

/* Entries from..to; a history is told from others by its letter. */
static void write_log(uint64_t from, uint64_t to, char history)
{
    for (uint64_t i = from; i < to; i++) {
        uint8_t entry[9] = {(uint8_t)history};
        memcpy(entry + 1, &i, sizeof(i));
        proof_merkle_leaf(S.f.hashes[i], sy_view(entry, sizeof(entry)));
    }
    S.f.n = to;
}

static void sign_size(uint64_t size, const struct proof_vkey *key, const uint8_t *secret,
                      struct sy_buf *ret)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1024);
    struct proof_checkpoint c = {.origin = sy_view_str(key->name), .size = size};
    slow_root((const uint8_t(*)[PROOF_HASH_BYTES])S.f.hashes, size, c.root);
    check_ok(proof_checkpoint_encode(&c, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), key, secret, ret));
}

static void lie_about_path(struct proof_path *p, struct sy_log_growth *g)
{
    static uint8_t bytes[PROOF_HASH_BYTES * 70];
    memset(bytes, 7, sizeof(bytes));
    memcpy(bytes, p->hash, p->n * PROOF_HASH_BYTES);
    g->path = sy_view(bytes, p->n * PROOF_HASH_BYTES);
    bytes[0] ^= lie == BAD_PATH;
    g->path.n += lie == ODD_PATH;
    g->path.n = lie == NO_PATH ? 0 : lie == LONG_PATH ? sizeof(bytes) : g->path.n;
}

static struct sy_view growth(struct fake *f, struct sy_view args)
{
    struct sy_log_since ask;
    struct sy_log_growth g = {0};
    struct proof_path path = {0};
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    bool is_true = lie != OTHER_KEY && lie != OTHER_NAME;
    check_ok(sy_record_decode(&sy_log_since_desc, args, &SY_MP_REQUEST, &f->arena, &ask, NULL));
    if (lie > N_LIES) {
        write_log(5, lie == NO_REST ? f->n + 1 : 9, ask.since == 7 ? 'b' : 'a');
    }
    if (ask.since > 0 && ask.since < f->n) {
        slow_proof((const uint8_t(*)[PROOF_HASH_BYTES])f->hashes, f->n, ask.since, true, &path);
    }
    sign_size(f->n, is_true ? &f->log : &other_key, is_true ? f->log_secret : other_secret, &note);
    g.checkpoint = sy_buf_view(&note);
    lie_about_path(&path, &g);
    if (lie == NO_RECORD) {
        return sy_view("\x80", 1);
    }
    check_ok(sy_record_encode(&sy_log_growth_desc, &g, &b));
    return sy_arena_copy(&f->arena, sy_buf_view(&b));
}

static int check(const char *kept, shuyu_log_checked *ret)
{
    shuyu_session *s = NULL;
    *ret = (shuyu_log_checked){0};
    S.f.growth = growth;
    int opened = S.tls ? shuyu_open(H.profile, NULL, NULL, &s, NULL)
                       : shuyu_open_local(H.profile, S.path, NULL, &s, NULL);
    assert_int_equal(opened, 0);
    int code = shuyu_log_check(s, kept, ret, NULL);
    shuyu_close(s);
    return code;
}

static void read_file(const char *name, struct sy_buf *ret)
{
    check_ok(sy_read_file_at(H.profile->dirfd, name, ret));
}

static bool has_file(const char *name)
{
    return faccessat(H.profile->dirfd, name, F_OK, 0) == 0;
}

/* The file of the pinned log. */
static const char *checked(void)
{
    static char name[CLIENT_MEMORY_NAME_MAX];
    const struct client_pins *pins = &H.profile->pins;
    client_memory_name(pins, "checked", client_log_name(pins), name);
    return name;
}

/* A true log of n entries, checked once. */
static void begin(uint64_t n)
{
    shuyu_log_checked r;
    lie = TRUTH;
    write_log(0, n, 'a');
    assert_int_equal(check(NULL, &r), 0);
    assert_int_equal(r.size, n);
    assert_int_equal(r.since, 0);
}

static void test_growth(void **state)
{
    (void)state;
    shuyu_log_checked r;
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096), kept = sy_buf(4096);
    begin(5);
    write_log(5, 9, 'a');
    assert_int_equal(check(NULL, &r), 0);
    assert_int_equal(r.size, 9);
    assert_int_equal(r.since, 5);
    assert_int_equal(check(NULL, &r), 0); /* the same size again */
    assert_int_equal(r.since, 9);
    sign_size(9, &S.f.log, S.f.log_secret, &note);
    read_file(checked(), &kept);
    assert_true(sy_view_eq(sy_buf_view(&note), sy_buf_view(&kept)));
    assert_false(has_file("fork"));
}

/* It fails with this code, and what was kept is as before. */
static void check_refused(const char *kept, int code)
{
    shuyu_log_checked r;
    SY_BUF_CLEANUP struct sy_buf before = sy_buf(4096), after = sy_buf(4096);
    read_file(checked(), &before);
    int got = check(kept, &r);
    if (got != code) {
        fail_msg("%s, want %s", shuyu_error_name(got), shuyu_error_name(code));
    }
    read_file(checked(), &after);
    assert_true(sy_view_eq(sy_buf_view(&before), sy_buf_view(&after)));
}

static void test_older(void **state)
{
    (void)state;
    begin(9);
    write_log(0, 8, 'a');
    check_refused(NULL, SHUYU_E_ROLLBACK);
    assert_false(has_file("fork"));
}

/* Another history: longer, or of the same size. Evidence where the notes can show it. */
static void test_forks(void **state)
{
    (void)state;
    static const struct {
        uint64_t before, from, now;
        bool evidence;
    } rows[] = {{5, 4, 9, true},
                {5, 0, 9, true},
                {7, 6, 200, true},
                {6, 3, 6, true},
                {8, 8 - 1, 12, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        SY_BUF_CLEANUP struct sy_buf fork = sy_buf(PROOF_FORK_MAX);
        (void)unlinkat(H.profile->dirfd, "fork", 0);
        check_ok(client_seen_forget(H.profile, NULL));
        (void)unlinkat(H.profile->dirfd, checked(), 0);
        begin(rows[i].before);
        write_log(rows[i].from, rows[i].now, 'b');
        check_refused(NULL, SHUYU_E_ROLLBACK);
        check_refused(NULL, SHUYU_E_ROLLBACK); /* asking again changes nothing */
        assert_int_equal(has_file("fork"), rows[i].evidence);
        if (rows[i].evidence) {
            read_file("fork", &fork);
            check_ok(proof_fork_verify(sy_buf_view(&fork), &S.f.log, 1, NULL));
        }
        write_log(0, rows[i].now, 'a'); /* the true one is still right */
        shuyu_log_checked r;
        assert_int_equal(check(NULL, &r), 0);
    }
}

/* What a reply was proven under counts too, although no note of it is kept. */
static void test_seen(void **state)
{
    (void)state;
    struct proof_tree tree = {.size = 7};
    begin(5);
    write_log(5, 9, 'a');
    slow_root((const uint8_t(*)[PROOF_HASH_BYTES])S.f.hashes, 7, tree.root);
    tree.root[0] ^= 1;
    check_ok(client_seen_note(H.profile, &tree, NULL));
    check_refused(NULL, SHUYU_E_ROLLBACK);
}

/* Each of two kept trees is shown a log that continues it, and not the same one. */
static void test_two_faces(void **state)
{
    (void)state;
    struct proof_tree tree = {.size = 7};
    begin(5);
    write_log(5, 9, 'b');
    slow_root((const uint8_t(*)[PROOF_HASH_BYTES])S.f.hashes, 7, tree.root);
    check_ok(client_seen_note(H.profile, &tree, NULL));
    lie = NO_REST;
    check_refused(NULL, SHUYU_E_BUSY);
    assert_false(has_file("fork"));
    lie = TWO_FACES;
    check_refused(NULL, SHUYU_E_ROLLBACK);
    assert_true(has_file("fork"));
}

static void test_kept_elsewhere(void **state)
{
    (void)state;
    shuyu_log_checked r;
    SY_BUF_CLEANUP struct sy_buf good = sy_buf(4096), forked = sy_buf(4096), other = sy_buf(4096);
    begin(5);
    write_log(5, 11, 'b');
    sign_size(11, &S.f.log, S.f.log_secret, &forked);
    write_log(5, 11, 'a');
    sign_size(11, &S.f.log, S.f.log_secret, &good);
    sign_size(11, &other_key, other_secret, &other);
    check_ok(sy_buf_add(&good, "", 1));
    check_ok(sy_buf_add(&forked, "", 1));
    check_ok(sy_buf_add(&other, "", 1));
    write_log(11, 12, 'a');
    assert_int_equal(check((const char *)good.p, &r), 0);
    assert_int_equal(r.size, 12);
    check_refused((const char *)forked.p, SHUYU_E_ROLLBACK);
    assert_true(has_file("fork"));
    check_refused((const char *)other.p, SHUYU_E_UNSIGNED);
    check_refused("not a note\n", SHUYU_E_FIELD);
    check_refused("", SHUYU_E_FIELD);
    write_log(0, 10, 'a');
    check_refused((const char *)good.p, SHUYU_E_ROLLBACK);
}

static void test_kept_receipt(void **state)
{
    (void)state;
    shuyu_log_checked r;
    struct sy_entry_proof proof = {0};
    char text[PROOF_RECEIPT_MAX];
    begin(5);
    S.f.entries[3] = (struct fake_entry){.leaf = {1}, .n_leaf = 1, .body = {1}, .n_body = 1};
    fake_prove(&S.f, 3, 5, &proof);
    sy_view_to_cstr(proof.receipt, text, sizeof(text));
    write_log(5, 6, 'a');
    assert_int_equal(check(text, &r), 0);
    write_log(4, 9, 'b');
    check_refused(text, SHUYU_E_ROLLBACK);
}

static void test_lies(void **state)
{
    (void)state;
    static const int codes[N_LIES] = {
        [BAD_PATH] = SHUYU_E_ROLLBACK,  [ODD_PATH] = SHUYU_E_FIELD,
        [NO_PATH] = SHUYU_E_ROLLBACK,   [LONG_PATH] = SHUYU_E_FIELD,
        [OTHER_KEY] = SHUYU_E_UNSIGNED, [OTHER_NAME] = SHUYU_E_UNSIGNED,
        [NO_RECORD] = SHUYU_E_FIELD};
    shuyu_log_checked r;
    begin(5);
    write_log(5, 11, 'a');
    for (size_t i = TRUTH + 1; i < N_LIES; i++) {
        uint8_t public[PROOF_KEY_BYTES];
        lie = (enum lie)i;
        crypto_sign_keypair(public, other_secret);
        check_ok(proof_vkey_make(
            sy_view_str(lie == OTHER_NAME ? "example.org/other" : "example.org/log"),
            PROOF_SIG_ED25519, public, &other_key));
        check_refused(NULL, codes[i]);
        assert_false(has_file("fork"));
    }
    lie = TRUTH;
    assert_int_equal(check(NULL, &r), 0);
}

/* The profile's own note: damaged it is refused, for another domain it is forgotten. */
static void test_own_file(void **state)
{
    (void)state;
    shuyu_log_checked r;
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
    begin(5);
    read_file(checked(), &note);
    note.p[note.n - 10] ^= 1;
    check_ok(sy_replace_file_at(H.profile->dirfd, checked(), sy_buf_view(&note), 0600));
    check_refused(NULL, SHUYU_E_TAMPERED);
    S.f.domain[0] ^= 1;
    home_pin(&H, &S.f, "none:1");
    assert_false(has_file(checked()));
    assert_int_equal(check(NULL, &r), 0);
    assert_int_equal(r.since, 0);
}

/* The log has another key by now, which the profile has followed: what the one before signed still counts. */
static void test_after_rotation(void **state)
{
    (void)state;
    shuyu_log_checked r;
    SY_BUF_CLEANUP struct sy_buf fork = sy_buf(PROOF_FORK_MAX);
    uint8_t public[PROOF_KEY_BYTES];
    struct proof_vkey keys[2] = {S.f.log};
    begin(5);
    (void)snprintf(H.profile->pins.log_was, sizeof(H.profile->pins.log_was), "%s", S.f.vkey);
    crypto_sign_keypair(public, S.f.log_secret);
    check_ok(proof_vkey_make(sy_view_str("example.org/log"), PROOF_SIG_ED25519, public, &keys[1]));
    S.f.log = H.profile->log_key = keys[1];
    write_log(4, 9, 'b');
    check_refused(NULL, SHUYU_E_ROLLBACK);
    read_file("fork", &fork);
    check_ok(proof_fork_verify(sy_buf_view(&fork), keys, 2, NULL));
    write_log(0, 9, 'a');
    assert_int_equal(check(NULL, &r), 0);
    assert_int_equal(r.since, 5);
}

#define UNIX(f) cmocka_unit_test_setup_teardown(f, start_unix, stop)
#define TLS(f)                                                                                     \
    {                                                                                              \
#f "_tls", f, start_tls_server, stop, NULL                                                 \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIX(test_growth),         UNIX(test_older),        UNIX(test_forks), UNIX(test_seen),
        UNIX(test_kept_elsewhere), UNIX(test_kept_receipt), UNIX(test_lies),  UNIX(test_own_file),
        UNIX(test_after_rotation), UNIX(test_two_faces),    TLS(test_growth)};
    uint8_t public[PROOF_KEY_BYTES];
    if (sodium_init() < 0) {
        return 1;
    }
    crypto_sign_keypair(public, other_secret);
    if (!sy_ok(proof_vkey_make(sy_view_str("example.org/log"), PROOF_SIG_ED25519, public,
                               &other_key))) {
        return 1;
    }
    return cmocka_run_group_tests_name("client_log_check", tests, NULL, NULL);
}
