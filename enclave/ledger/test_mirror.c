/*
 * Mirrors: what a live ledger wrote is taken piece by piece, and is the same ledger; and whatever is not its
 * continuation, or was changed on the way, is refused and leaves the mirror as it was.
 */
#include "test_fixture.h"

#include "base/arith.h"
#include "ledger/mirror.h"
#include "src/crc32c.h"

enum { PIECE = 5000, ENTRIES = 400, PADDING = 16 }; /* a record may end in zeros */

static struct {
    char path[64];
    int dir;
    struct ledger_mirror *m;
    struct ledger_where from; /* what is read next */
    uint64_t seen;
} M;

static void see(void *ctx, uint64_t index, const struct ledger_entry *entry)
{
    (void)ctx;
    (void)entry;
    M.seen = index + 1;
}

static sy_status open_mirror(struct sy_error *err)
{
    const struct ledger_seen seen = {.entry = see};
    return ledger_mirror_open(M.dir, &F.log, 1, &seen, &M.m, err);
}

static int setup(void **state)
{
    if (make_fixture(state) != 0) {
        return -1;
    }
    memset(&M, 0, sizeof(M));
    (void)snprintf(M.path, sizeof(M.path), "%s/mirror-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    M.dir = mkdtemp(M.path) == NULL ? -1 : open(M.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    M.from = (struct ledger_where){1, 0};
    return M.dir < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    ledger_mirror_close(M.m);
    (void)close(M.dir);
    remove_tree(AT_FDCWD, M.path);
    return drop_fixture(state);
}

/* The next piece of F, or an empty buffer. */
static void read_piece(struct sy_buf *b)
{
    check_ok(ledger_piece_read(F.dir, &M.from, ledger_size(F.l), PIECE, b, NULL));
}

/* All that F has and the mirror has not. */
static void copy_all(void)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    for (read_piece(&b); b.n > 0; read_piece(&b)) {
        check_ok(ledger_mirror_take(M.m, M.from, sy_buf_view(&b), NULL));
        M.from = ledger_where_after(M.from, b.n);
    }
    assert_int_equal(ledger_mirror_tree(M.m).size, ledger_size(F.l));
}

static void close_mirror(void)
{
    ledger_mirror_close(M.m);
    M.m = NULL;
}

/* The mirror's folder, opened as the ledger that it is: content, checkpoint, and it can go on. */
static void check_as_ledger(uint64_t n)
{
    struct ledger *kept = F.l;
    int dir = F.dir;
    close_mirror();
    F.dir = M.dir;
    check_ok(open_ledger(false, NULL));
    check_content(n);
    grow(3);
    close_ledger();
    F.l = kept;
    F.dir = dir;
}

/* --- taking ---------------------------------------------------------------------------------------------- */

static void test_whole(void **state)
{
    (void)state;
    check_ok(open_mirror(NULL));
    for (size_t i = 0; i < 40; i++) {
        grow(ENTRIES / 40);
        if (i % 7 == 0) {
            copy_all();
        }
    }
    copy_all();
    assert_true(ledger_mirror_where(M.m).segment > 2);
    assert_int_equal(M.seen, ENTRIES);
    check_as_ledger(ENTRIES);
}

/* Closed and opened at any moment, begun again from the start, each piece twice: nothing changes. */
static void test_again(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    (void)state;
    grow(50);
    for (size_t i = 0; i < 40; i++) {
        grow(3);
    }
    check_ok(open_mirror(NULL));
    for (read_piece(&b); b.n > 0; read_piece(&b)) {
        check_ok(ledger_mirror_take(M.m, M.from, sy_buf_view(&b), NULL));
        close_mirror();
        check_ok(open_mirror(NULL));
        check_ok(ledger_mirror_take(M.m, M.from, sy_buf_view(&b), NULL));
        M.from = ledger_where_after(M.from, b.n);
    }
    struct proof_tree before = ledger_mirror_tree(M.m);
    M.from = (struct ledger_where){1, 0};
    grow(5);
    copy_all();
    assert_int_equal(before.size, 170);
    check_as_ledger(175);
}

/* Only what is published is asked for: a checkpoint beyond it stays where it is. */
static void test_limit(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    (void)state;
    grow(4);
    grow(4);
    check_ok(open_mirror(NULL));
    check_ok(ledger_piece_read(F.dir, &M.from, 7, 1 << 20, &b, NULL));
    check_ok(ledger_mirror_take(M.m, M.from, sy_buf_view(&b), NULL));
    assert_int_equal(ledger_mirror_tree(M.m).size, 4);
    M.from = ledger_where_after(M.from, b.n);
    check_ok(ledger_piece_read(F.dir, &M.from, 7, 1 << 20, &b, NULL));
    assert_int_equal(b.n, 0);
}

/* The first segment of the mirror has zeros there. */
static void assert_zeros(uint64_t at, size_t n)
{
    static uint8_t got[LEDGER_SEGMENT_MIN];
    int fd = openat(M.dir, "segments/00000001", O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, got, n, (off_t)at), (ssize_t)n);
    (void)close(fd);
    assert_true(sodium_is_zero(got, n));
}

/* A write of the mirror that was cut short, anywhere: opened again it is where it was, and takes it then. */
static void test_torn(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX), cut = sy_buf(LEDGER_SEGMENT_MAX);
    (void)state;
    grow(10);
    check_ok(open_mirror(NULL));
    copy_all();
    grow(6);
    struct ledger_where at = M.from;
    read_piece(&b);
    for (size_t n = 1; n < b.n; n += 97) {
        close_mirror();
        int fd = openat(M.dir, "segments/00000001", O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, b.p, n, (off_t)at.at), (ssize_t)n);
        (void)close(fd);
        check_ok(open_mirror(NULL));
        assert_int_equal(ledger_mirror_tree(M.m).size, 10);
        assert_zeros(at.at, n);
    }
    check_ok(ledger_mirror_take(M.m, at, sy_buf_view(&b), NULL));
    check_as_ledger(16);
}

/* --- torn, while the log changes its key ------------------------------------------------------------------ */

static struct ledger_key next_key;
static uint8_t next_secret[PROOF_SECRET_BYTES];

/* As the copier does: a key that entries name counts once a checkpoint of a trusted key covers them. */
static void trust_next(void *ctx, struct ledger_mirror *m)
{
    (void)ctx;
    if (M.seen >= 13) {
        check_ok(ledger_mirror_trust(m, &next_key.vkey, NULL));
    }
}

static void open_knowing_first(void)
{
    const struct ledger_seen seen = {.entry = see, .checkpoint = trust_next};
    check_ok(ledger_mirror_open(M.dir, &F.log, 1, &seen, &M.m, NULL));
}

static void write_torn(struct ledger_where at, const struct sy_buf *piece, size_t n)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "segments/%08u", at.segment);
    int fd = openat(M.dir, name, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, piece->p, n, (off_t)at.at), (ssize_t)n);
    (void)close(fd);
}

/* The next three entries, torn at any byte: each time what was held is held, and the rest is taken then. */
static void tear_next(uint64_t held)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    grow(3);
    struct ledger_where at = M.from;
    read_piece(&b);
    for (size_t n = 1; n + PADDING < b.n; n += 41) {
        close_mirror();
        write_torn(at, &b, n);
        open_knowing_first();
        assert_int_equal(ledger_mirror_tree(M.m).size, held);
    }
    check_ok(ledger_mirror_take(M.m, at, sy_buf_view(&b), NULL));
    M.from = ledger_where_after(at, b.n);
}

/* Three entries more at the other end, of which a piece of n bytes came here; then this folder is the ledger. */
static void check_promoted(size_t n)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    struct ledger *kept = F.l;
    struct ledger_options o = {.log = &F.log, .others = &next_key, .n_others = 1};
    read_piece(&b);
    assert_true(n + PADDING < b.n);
    write_torn(M.from, &b, n);
    o.n_others = 0; /* what an unknown key signed is nobody's torn tail */
    check_code(ledger_open(M.dir, &o, &F.l, NULL), SY_E_TAMPERED);
    o.n_others = 1;
    check_ok(ledger_open(M.dir, &o, &F.l, NULL));
    assert_int_equal(ledger_size(F.l), 16);
    check_ok(ledger_each(F.l, 0, check_one, NULL, NULL));
    check_ok(ledger_sign_by(F.l, &next_key, 1, NULL));
    ledger_close(F.l);
    F.l = kept;
}

static void test_torn_in_rotation(void **state)
{
    uint8_t pub[32];
    (void)state;
    crypto_sign_keypair(pub, next_secret);
    check_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &next_key.vkey));
    next_key.secret = next_secret;
    struct ledger_key both[2] = {{F.log, F.secret}, next_key};
    grow(10);
    open_knowing_first();
    copy_all();
    check_ok(ledger_sign_by(F.l, both, 2, NULL));
    tear_next(10); /* the first checkpoint of both */
    check_ok(ledger_sign_by(F.l, &next_key, 1, NULL));
    tear_next(13); /* the first of the new key alone */
    assert_int_equal(ledger_mirror_tree(M.m).size, 16);
    close_mirror();
    grow(3);
    for (size_t n = 1; n < 400; n += 57) {
        check_promoted(n);
    }
}

/* --- refusing --------------------------------------------------------------------------------------------- */

static void refuse(int32_t code, struct ledger_where at, struct sy_view piece)
{
    struct proof_tree before = ledger_mirror_tree(M.m);
    struct ledger_where where = ledger_mirror_where(M.m);
    check_code(ledger_mirror_take(M.m, at, piece, NULL), code);
    struct proof_tree after = ledger_mirror_tree(M.m);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.root, after.root, sizeof(before.root));
    assert_int_equal(ledger_mirror_where(M.m).at, where.at);
}

static void test_gap(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    (void)state;
    grow(5);
    check_ok(open_mirror(NULL));
    copy_all();
    grow(5);
    read_piece(&b);
    struct ledger_where later = M.from;
    later.at += 8;
    refuse(SY_E_STATE, later, sy_buf_view(&b));
    later = (struct ledger_where){M.from.segment + 2, 0};
    refuse(SY_E_STATE, later, sy_buf_view(&b));
    refuse(SY_E_TAMPERED, M.from, sy_view(b.p, b.n - 8)); /* no checkpoint at the end */
    later = (struct ledger_where){M.from.segment + 1, 0};
    refuse(SY_E_TAMPERED, later, sy_buf_view(&b)); /* a segment begins with its head */
    check_ok(ledger_mirror_take(M.m, M.from, sy_buf_view(&b), NULL));
}

/* Every byte of a piece, changed: not taken, with whatever code, and the true one still is. */
static void test_flips(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    (void)state;
    grow(3);
    check_ok(open_mirror(NULL));
    copy_all();
    grow(2);
    read_piece(&b);
    for (size_t i = 0; i < b.n; i++) {
        struct proof_tree before = ledger_mirror_tree(M.m);
        b.p[i] ^= 1;
        sy_status s = ledger_mirror_take(M.m, M.from, sy_buf_view(&b), NULL);
        b.p[i] ^= 1;
        if (sy_ok(s) || ledger_mirror_tree(M.m).size != before.size) {
            fail_msg("byte %zu of %zu: a changed piece was taken", i, b.n);
        }
    }
    check_ok(ledger_mirror_take(M.m, M.from, sy_buf_view(&b), NULL));
    check_as_ledger(5);
}

/* Records that are right in themselves and out of their place: what recovery would not open is not taken. */
static void test_chain(void **state)
{
    enum { SEQ = 8, HEAD_CRC = 20, PREV = 24, HEAD = 56 };
    static const size_t at[] = {SEQ, PREV, PREV + 31};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    (void)state;
    grow(3);
    check_ok(open_mirror(NULL));
    copy_all();
    grow(2);
    read_piece(&b);
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        uint8_t head[HEAD];
        memcpy(head, b.p, sizeof(head));
        b.p[at[i]] ^= 1;
        memset(b.p + HEAD_CRC, 0, 4);
        sy_store_le32(b.p + HEAD_CRC, crc32c(sy_view(b.p, HEAD)));
        refuse(SY_E_ROLLBACK, M.from, sy_buf_view(&b));
        memcpy(b.p, head, sizeof(head));
    }
    check_ok(ledger_mirror_take(M.m, M.from, sy_buf_view(&b), NULL));
}

/* The same log's key, another history: from the first entry on, after a common beginning, and shorter. */
static void test_fork(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    (void)state;
    grow(4);
    check_ok(open_mirror(NULL));
    copy_all();
    struct ledger_where common = M.from;
    grow(4);
    copy_all();
    start_over();
    grow(4);
    struct made m;
    make_entry(1000, &m);
    struct ledger_entry other = {sy_buf_view(&m.leaf), m.salt, sy_view(m.body, m.n_body)};
    uint64_t index = 0;
    check_ok(ledger_append(F.l, &other, &index, NULL));
    check_ok(ledger_commit(F.l, NULL));
    sy_buf_deinit(&m.leaf);
    grow(5);
    M.from = common;
    read_piece(&b);
    refuse(SY_E_ROLLBACK, M.from, sy_buf_view(&b)); /* other bytes where it has some */
    M.from = ledger_mirror_where(M.m);
    check_ok(ledger_piece_read(F.dir, &M.from, 1000, PIECE, &b, NULL));
    if (b.n > 0) {
        refuse(SY_E_ROLLBACK, M.from, sy_buf_view(&b));
    }
}

/* Signed by somebody else. */
static void test_key(void **state)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MAX);
    struct proof_vkey other = F.log;
    uint8_t pub[32], secret[64];
    (void)state;
    grow(2);
    crypto_sign_keypair(pub, secret);
    check_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &other));
    check_ok(ledger_mirror_open(M.dir, &other, 1, NULL, &M.m, NULL));
    read_piece(&b);
    refuse(SY_E_UNSIGNED, M.from, sy_buf_view(&b));
    check_code(ledger_mirror_open(M.dir, &F.log, 1, NULL, &M.m, NULL), SY_E_BUSY);
    check_code(ledger_mirror_open(M.dir, &F.log, 0, NULL, &M.m, NULL), SY_E_USAGE);
}

static void flip(uint32_t segment, off_t at)
{
    char name[32];
    uint8_t byte = 0;
    (void)snprintf(name, sizeof(name), "segments/%08u", segment);
    int fd = openat(M.dir, name, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    (void)close(fd);
}

/* A byte on the mirror's own disk. In the last segment the rest is taken again; before it, it is damage. */
static void test_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        grow(2);
    }
    check_ok(open_mirror(NULL));
    copy_all();
    assert_true(ledger_mirror_where(M.m).segment > 1);
    uint32_t last = ledger_mirror_where(M.m).segment;
    for (uint32_t s = 1; s <= last; s++) {
        close_mirror();
        flip(s, 700);
        sy_status opened = open_mirror(NULL);
        flip(s, 700);
        check_code(opened, s < last ? SY_E_TAMPERED : SY_OK.code);
        if (s < last) {
            check_ok(open_mirror(NULL));
        }
    }
    assert_true(ledger_mirror_tree(M.m).size < 200);
    close_mirror();
    flip(1, 700); /* nor when what follows is no record any more */
    for (uint32_t s = 2; s <= last; s++) {
        flip(s, 10);
    }
    check_code(open_mirror(NULL), SY_E_TAMPERED);
    flip(1, 700);
    for (uint32_t s = 2; s <= last; s++) {
        flip(s, 10);
    }
    check_ok(open_mirror(NULL));
    M.from = ledger_mirror_where(M.m);
    copy_all();
    check_as_ledger(200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torn_in_rotation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flips, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fork, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("ledger_mirror", tests, NULL, NULL);
}
