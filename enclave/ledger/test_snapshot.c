/*
 * Starting from a snapshot: what lies before it is not read, is there all the same, and is checked when it is
 * read. Whatever is wrong with a snapshot, or with what replaces the reading, leads to a full reading; a
 * signed snapshot that the ledger contradicts leads to a refusal.
 */
#include "test_snapshot_kit.h"

#include <inttypes.h>

#include "src/record.h"

enum {
    OLD = 700,  /* entries before the snapshot: several segments of the smallest size */
    TAIL = 300, /* after it */
};

/* OLD entries, published, a snapshot, TAIL entries more. */
static void make_old(void)
{
    for (int i = 0; i < OLD / 10; i++) {
        grow(10);
    }
    check_ok(ledger_publish(F.l, NULL));
    snapshot();
    for (int i = 0; i < TAIL / 10; i++) {
        grow(10);
    }
    check_ok(ledger_publish(F.l, NULL));
}

static void reread_all(void)
{
    while (ledger_unread(F.l) > 0) {
        uint64_t before = ledger_unread(F.l);
        check_ok(ledger_reread(F.l, NULL));
        assert_true(ledger_unread(F.l) < before);
    }
}

/* All of it, whether it was read at the start or not, and it goes on. */
static void expect_whole(bool from_snapshot)
{
    if ((ledger_unread(F.l) > 0) != from_snapshot) {
        fail_msg("%" PRIu64 " entries unread", ledger_unread(F.l));
    }
    check_content(OLD + TAIL);
    grow(5);
    check_ok(ledger_publish(F.l, NULL));
    reread_all();
    check_content(OLD + TAIL + 5);
}

/* --- as it should be ---------------------------------------------------------------------------- */

static void test_start(void **state)
{
    (void)state;
    make_old();
    uint8_t old_root[32], root[32];
    check_ok(ledger_root(F.l, OLD - 1, old_root));
    reopen();
    assert_true(ledger_unread(F.l) > OLD / 2 && ledger_unread(F.l) <= OLD);
    check_ok(ledger_root(F.l, OLD - 1, root));
    assert_memory_equal(root, old_root, 32);
    struct proof_snapshot s;
    assert_true(ledger_snapshot_next(F.l, UINT64_MAX, &s));
    assert_int_equal(s.size, OLD);
    check_ok(try_rows(&s));
    assert_false(ledger_snapshot_next(F.l, s.size, &s));
    expect_whole(true);
    reopen();
    assert_true(ledger_unread(F.l) > 0);
    check_content(OLD + TAIL + 5);
}

/* Where everything lies in one segment there is nothing to skip. */
static void test_small(void **state)
{
    (void)state;
    assert_int_equal(newest(), 0);
    check_code(try_snapshot(NULL), SY_E_STATE); /* nothing to keep */
    grow(3);
    check_ok(try_append(3));
    check_code(try_snapshot(NULL), SY_E_STATE); /* not committed */
    check_ok(ledger_commit(F.l, NULL));
    snapshot();
    reopen();
    assert_int_equal(ledger_unread(F.l), 0);
    assert_int_equal(newest(), 4);
    check_content(4);
}

static void test_two_are_kept(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 4; i++) {
        grow(1);
        snapshot();
        assert_int_equal(newest(), i);
    }
    assert_true(has_file("snapshots/4.rows") && has_file("snapshots/4.note"));
    assert_true(has_file("snapshots/3.rows") && has_file("snapshots/3.note"));
    assert_false(has_file("snapshots/2.rows") || has_file("snapshots/2.note"));
    assert_false(has_file("snapshots/1.rows") || has_file("snapshots/1.note"));
    snapshot(); /* the same again */
    assert_true(has_file("snapshots/4.rows") && has_file("snapshots/4.note"));
    assert_true(has_file("snapshots/3.rows") && has_file("snapshots/3.note"));
}

/* Rows whose note never came are not a snapshot, and go with the next one. */
static void test_unsigned_rows(void **state)
{
    struct ledger_snapshot *s = NULL;
    (void)state;
    grow(1);
    check_ok(ledger_snapshot_begin(F.l, &s, NULL));
    check_ok(ledger_snapshot_add(s, sy_view_str("rows")));
    check_ok(ledger_snapshot_sync(s));
    ledger_snapshot_drop(s);
    reopen();
    assert_true(has_file("snapshots/1.rows"));
    assert_int_equal(newest(), 0);
    grow(1);
    snapshot();
    assert_int_equal(newest(), 2);
    assert_false(has_file("snapshots/1.rows") || has_file("snapshots/next.tmp"));
}

/* The same entries and rows give the same bytes, whoever makes the snapshot and when. */
static void test_reproducible(void **state)
{
    (void)state;
    static uint8_t first[1 << 16], again[1 << 16];
    grow(20);
    snapshot();
    size_t n = read_file("snapshots/20.note", first, sizeof(first));
    close_ledger();
    remove_tree(F.dir, "segments");
    remove_tree(F.dir, "public");
    remove_tree(F.dir, "snapshots");
    check_ok(open_ledger(true, NULL));
    for (int i = 0; i < 20; i++) {
        grow(1);
    }
    snapshot();
    assert_int_equal(read_file("snapshots/20.note", again, sizeof(again)), n);
    assert_memory_equal(first, again, n);
}

/* --- what replaces the reading is not there, or is not right -------------------------------------- */

static void test_missing_tile(void **state)
{
    (void)state;
    make_old();
    close_ledger();
    remove_tree(F.dir, "public/tile/0/000");
    check_ok(open_ledger(true, NULL));
    expect_whole(false);
    assert_true(has_file("public/tile/0/000")); /* made again */
}

static void test_altered_tile(void **state)
{
    (void)state;
    make_old();
    for (size_t at = 0; at < 8192; at += 8191) {
        close_ledger();
        flip("public/tile/0/001", at);
        check_ok(open_ledger(true, NULL));
        assert_int_equal(ledger_unread(F.l), 0);
        check_content(OLD + TAIL);
        check_ok(ledger_publish(F.l, NULL));
    }
    reopen();
    assert_true(ledger_unread(F.l) > 0); /* the tile is right again */
}

/* The newest hashes are in a partial tile only. */
static void test_partial_tile(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        grow(10);
    }
    check_ok(ledger_publish(F.l, NULL));
    snapshot();
    reopen();
    assert_true(ledger_unread(F.l) > 0 && ledger_unread(F.l) < 200);
    check_content(200);
    close_ledger();
    remove_tree(F.dir, "public/tile/0/000.p");
    check_ok(open_ledger(true, NULL));
    assert_int_equal(ledger_unread(F.l), 0);
    check_content(200);
    check_ok(ledger_publish(F.l, NULL));
    reopen();
    assert_true(ledger_unread(F.l) > 0);
}

static void test_no_public_folder(void **state)
{
    (void)state;
    make_old();
    close_ledger();
    remove_tree(F.dir, "public");
    check_ok(open_ledger(true, NULL));
    expect_whole(false);
}

/* A start that skipped still repairs what is public: tiles of upper levels and partial ones at once,
 * bundles when their entries are read. */
static void test_public_is_repaired(void **state)
{
    static const char *const NAMES[] = {"public/tile/1/000.p/3", "public/tile/entries/001",
                                        "public/tile/entries/003.p/232"};
    static uint8_t before[1 << 20], after[1 << 20];
    (void)state;
    make_old();
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        size_t n = read_file(NAMES[i], before, sizeof(before));
        flip(NAMES[i], n / 2);
        reopen();
        assert_true(ledger_unread(F.l) > 0);
        check_ok(ledger_publish(F.l, NULL));
        reread_all();
        assert_int_equal(read_file(NAMES[i], after, sizeof(after)), n);
        assert_memory_equal(before, after, n);
        close_ledger();
        remove_tree(F.dir, NAMES[i]);
        check_ok(open_ledger(true, NULL));
        check_ok(ledger_publish(F.l, NULL));
        reread_all();
        assert_int_equal(read_file(NAMES[i], after, sizeof(after)), n);
        assert_memory_equal(before, after, n);
    }
}

/* The start itself reads no bundle of what it skips; partial tiles of checkpoints that it skipped are there
 * for whoever holds one of these. */
static void test_what_publishing_looks_at(void **state)
{
    static uint8_t before[1 << 20], after[1 << 20];
    (void)state;
    make_old();
    size_t n = read_file("public/tile/entries/000", before, sizeof(before));
    close_ledger();
    flip("public/tile/entries/000", n / 2);
    remove_tree(F.dir, "public/tile/1/000.p/1");
    check_ok(open_ledger(true, NULL));
    assert_true(ledger_unread(F.l) >= 256);
    check_ok(ledger_publish(F.l, NULL));
    assert_true(has_file("public/tile/1/000.p/1"));
    (void)read_file("public/tile/entries/000", after, sizeof(after));
    assert_memory_not_equal(before, after, n);
    check_ok(ledger_reread(F.l, NULL));
    (void)read_file("public/tile/entries/000", after, sizeof(after));
    assert_memory_equal(before, after, n);
}

/* --- old segments -------------------------------------------------------------------------------- */

enum { FIRST_RECORD = 56 + 40 + sizeof(ORIGIN) - 1 };

/* An old entry that was altered is found when it is read, and by a full start as ever. */
static void test_altered_old_body(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_READ_MAX);
    struct ledger_entry e;
    struct sy_error err = {0};
    make_old();
    close_ledger();
    flip("segments/00000001", 2000);
    check_ok(open_ledger(true, NULL));
    assert_true(ledger_unread(F.l) > 0);
    sy_status s = SY_OK;
    for (uint64_t i = 0; sy_ok(s) && i < 40; i++) {
        s = ledger_read(F.l, i, &b, &e, &err);
    }
    check_code(s, SY_E_TAMPERED);
    assert_string_equal(err.field, "00000001");
    check_code(ledger_reread(F.l, NULL), SY_E_TAMPERED);
    close_ledger();
    remove_tree(F.dir, "snapshots");
    check_code(open_ledger(false, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, "segments/00000001");
}

/* Every byte of two old records: nothing else comes out of them than what was committed. */
static void test_no_altered_byte_is_read(void **state)
{
    static uint8_t segment[LEDGER_SEGMENT_MIN];
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_READ_MAX);
    make_old();
    (void)read_file("segments/00000001", segment, sizeof(segment));
    for (size_t at = 400; at < 1400; at += 3) {
        close_ledger();
        segment[at] ^= 0x10;
        write_file("segments/00000001", segment, sizeof(segment));
        segment[at] ^= 0x10;
        check_ok(open_ledger(true, NULL));
        assert_true(ledger_unread(F.l) > 0);
        size_t bad = 0;
        for (uint64_t i = 0; i < 8; i++) {
            struct ledger_entry e;
            sy_status s = ledger_read(F.l, i, &b, &e, NULL);
            if (sy_ok(s)) {
                check_ok(check_one(NULL, i, &e));
            } else {
                check_code(s, SY_E_TAMPERED);
                bad++;
            }
        }
        sy_status s = ledger_reread(F.l, NULL);
        assert_true(bad == 0 || s.code == SY_E_TAMPERED);
    }
    write_file("segments/00000001", segment, sizeof(segment));
    reopen();
    reread_all();
}

/* An old entry replaced by another that is right in itself, frame and all: the tree knows it is another. */
static void test_replaced_old_entry(void **state)
{
    static uint8_t p[LEDGER_SEGMENT_MIN];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_READ_MAX);
    SY_BUF_CLEANUP struct sy_buf forged = sy_buf(LEDGER_SEGMENT_MIN);
    struct record rec;
    struct ledger_entry e;
    struct made m;
    size_t at = 0;
    (void)state;
    make_old();
    close_ledger();
    (void)read_file("segments/00000001", p, sizeof(p));
    for (unsigned entries = 0; entries < 3; at += record_bytes(rec.payload.n)) { /* to entry 2 */
        assert_true(record_parse(sy_view(p + at, sizeof(p) - at), &rec));
        entries += rec.kind == RECORD_ENTRY;
    }
    at -= record_bytes(rec.payload.n);
    struct chain chain = {.seq = rec.seq - 1};
    memcpy(chain.prev, rec.prev, sizeof(chain.prev));
    make_entry(2 + 7, &m); /* of the same length */
    struct ledger_entry other = {sy_buf_view(&m.leaf), m.salt, sy_view(m.body, m.n_body)};
    check_ok(record_add_entry(&forged, &chain, &other));
    sy_buf_deinit(&m.leaf);
    assert_int_equal(forged.n, record_bytes(rec.payload.n));
    memcpy(p + at, forged.p, forged.n);
    write_file("segments/00000001", p, sizeof(p));
    check_ok(open_ledger(true, NULL));
    check_ok(ledger_read(F.l, 1, &b, &e, NULL));
    check_code(ledger_read(F.l, 2, &b, &e, NULL), SY_E_TAMPERED);
    check_code(ledger_reread(F.l, NULL), SY_E_TAMPERED);
}

static void test_missing_old_segment(void **state)
{
    (void)state;
    struct sy_error err = {0};
    make_old();
    close_ledger();
    remove_tree(F.dir, "segments/00000002");
    check_code(open_ledger(false, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, "00000002");
}

/* While it runs: the segment goes after the start. */
static void test_segment_goes_later(void **state)
{
    (void)state;
    make_old();
    reopen();
    remove_tree(F.dir, "segments/00000001");
    check_code(ledger_reread(F.l, NULL), SY_E_TAMPERED);
}

static void test_altered_old_head(void **state)
{
    (void)state;
    struct sy_error err = {0};
    make_old();
    close_ledger();
    flip("segments/00000002", FIRST_RECORD / 2 + 30);
    check_code(open_ledger(false, &err), SY_E_TAMPERED); /* as a full reading finds it */
}

/* Behind the snapshot everything is judged as without one. */
static void test_tail(void **state)
{
    static uint8_t p[LEDGER_SEGMENT_MIN], torn[LEDGER_SEGMENT_MIN];
    char name[32];
    (void)state;
    make_old();
    uint32_t last = 1;
    do {
        (void)snprintf(name, sizeof(name), "segments/%08u", ++last);
    } while (has_file(name) && read_file(name, p, sizeof(p)) > 0 && p[0] != 0);
    (void)snprintf(name, sizeof(name), "segments/%08u", last - 1);
    (void)read_file(name, p, sizeof(p));
    grow(1);
    (void)read_file(name, torn, sizeof(torn));
    size_t at = sizeof(p);
    while (torn[at - 1] == 0) {
        at--;
    }
    close_ledger();
    remove_tree(F.dir, "public/checkpoint"); /* it was not acknowledged to anybody */
    memset(torn + at - 100, 0, 100);
    write_file(name, torn, sizeof(torn));
    check_ok(open_ledger(true, NULL));
    assert_true(ledger_unread(F.l) > 0);
    check_content(OLD + TAIL); /* the torn batch is cut */
    close_ledger();
    p[FIRST_RECORD + 3000] ^= 1; /* an acknowledged entry */
    write_file(name, p, sizeof(p));
    check_code(open_ledger(true, NULL), SY_E_TAMPERED);
}

/* --- the snapshot itself -------------------------------------------------------------------------- */

/* Two snapshots, at OLD / 2 and at OLD. */
static void make_two(void)
{
    for (int i = 0; i < OLD / 20; i++) {
        grow(10);
    }
    check_ok(ledger_publish(F.l, NULL));
    snapshot();
    for (int i = 0; i < OLD / 20; i++) {
        grow(10);
    }
    check_ok(ledger_publish(F.l, NULL));
    snapshot();
}

static void test_altered_note(void **state)
{
    static uint8_t note[4096];
    (void)state;
    make_two();
    size_t n = read_file("snapshots/700.note", note, sizeof(note));
    for (size_t at = 0; at < n; at++) {
        close_ledger();
        note[at] ^= 1;
        write_file("snapshots/700.note", note, n);
        note[at] ^= 1;
        check_ok(open_ledger(true, NULL));
        if (newest() != OLD / 2) {
            fail_msg("byte %zu of the note can be changed", at);
        }
        assert_true(ledger_unread(F.l) > 0 && ledger_unread(F.l) <= OLD / 2);
    }
    check_content(OLD);
    close_ledger();
    write_file("snapshots/700.note", note, 0);
    check_ok(open_ledger(true, NULL));
    assert_int_equal(newest(), OLD / 2);
}

static void test_altered_rows(void **state)
{
    struct proof_snapshot s;
    static uint8_t rows[ROWS_BYTES + 1];
    (void)state;
    make_two();
    (void)read_file("snapshots/700.rows", rows, ROWS_BYTES);
    reopen();
    assert_true(ledger_snapshot_next(F.l, UINT64_MAX, &s));
    check_ok(try_rows(&s));
    for (size_t at = 0; at < ROWS_BYTES; at += ROWS_BYTES - 1) {
        flip("snapshots/700.rows", at);
        check_code(try_rows(&s), SY_E_TAMPERED);
        write_file("snapshots/700.rows", rows, ROWS_BYTES);
    }
    write_file("snapshots/700.rows", rows, ROWS_BYTES - 1);
    check_code(try_rows(&s), SY_E_TAMPERED);
    write_file("snapshots/700.rows", rows, ROWS_BYTES + 1);
    check_code(try_rows(&s), SY_E_TAMPERED);
    write_file("snapshots/700.rows", rows, 0);
    check_code(try_rows(&s), SY_E_TAMPERED);
    remove_tree(F.dir, "snapshots/700.rows");
    check_code(try_rows(&s), SY_E_NOT_FOUND);
    assert_true(ledger_snapshot_next(F.l, s.size, &s)); /* the older one is there */
    assert_int_equal(s.size, OLD / 2);
    check_ok(try_rows(&s));
}

/* Rows that nobody asked for are not what was signed to be all. */
static void test_rows_left_over(void **state)
{
    struct proof_snapshot s;
    struct ledger_rows *r = NULL;
    struct sy_view v;
    (void)state;
    grow(3);
    snapshot();
    assert_true(ledger_snapshot_next(F.l, UINT64_MAX, &s));
    check_ok(ledger_rows_open(F.l, &s, &r, NULL));
    check_ok(ledger_rows_take(r, ROWS_BYTES - 1, &v));
    check_code(ledger_rows_close(r, NULL), SY_E_TAMPERED);
    check_ok(ledger_rows_open(F.l, &s, &r, NULL));
    check_ok(ledger_rows_take(r, ROWS_BYTES, &v));
    check_code(ledger_rows_take(r, 1, &v), SY_E_TAMPERED);
    check_ok(ledger_rows_close(r, NULL));
}

/* Sign a note with other content, or another key, in the place of the one of OLD entries. */
static void forge(const char *origin, uint64_t size, uint8_t root_bit, const uint8_t *secret,
                  const struct proof_vkey *key)
{
    struct proof_snapshot s;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_SNAPSHOT_MAX);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(PROOF_SNAPSHOT_MAX);
    assert_true(ledger_snapshot_next(F.l, UINT64_MAX, &s));
    s.size = size;
    s.root[0] ^= root_bit;
    check_ok(proof_snapshot_encode(sy_view_str(origin), &s, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), key, secret, &note));
    char name[64];
    (void)snprintf(name, sizeof(name), "snapshots/%" PRIu64 ".note", size);
    write_file(name, note.p, note.n);
    close_ledger();
}

/* Of another domain: by another key, or another log's name under the same one. */
static void test_other_domain(void **state)
{
    uint8_t pub[32], secret[64];
    struct proof_vkey key;
    (void)state;
    make_two();
    crypto_sign_keypair(pub, secret);
    check_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &key));
    forge(ORIGIN, OLD, 0, secret, &key);
    check_ok(open_ledger(true, NULL));
    assert_int_equal(newest(), OLD / 2);
    check_content(OLD);
    forge("other.example/log", OLD, 0, F.secret, &F.log);
    check_ok(open_ledger(true, NULL));
    assert_int_equal(newest(), OLD / 2);
    check_content(OLD);
}

/* By a key that was retired since: whoever got hold of it could have made it. */
static void test_retired_key(void **state)
{
    uint8_t pub[32], secret[64];
    struct ledger_key next = {.secret = secret};
    (void)state;
    make_old();
    close_ledger();
    crypto_sign_keypair(pub, secret);
    check_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &next.vkey));
    struct ledger_options o = {.log = &F.log,
                               .secret = F.secret,
                               .segment_bytes = F.segment_bytes,
                               .others = &next,
                               .n_others = 1};
    check_ok(ledger_open(F.dir, &o, &F.l, NULL));
    assert_int_equal(newest(), OLD); /* the old key signs still */
    close_ledger();
    o.secret = NULL;
    check_ok(ledger_open(F.dir, &o, &F.l, NULL));
    assert_int_equal(newest(), 0);
    assert_int_equal(ledger_unread(F.l), 0);
    check_content(OLD + TAIL);
}

/* The right key signed it, and the ledger says something else: somebody replaced one of them. */
static void test_contradiction(void **state)
{
    struct sy_error err = {0};
    (void)state;
    make_two();
    forge(ORIGIN, OLD, 1, F.secret, &F.log);
    check_code(open_ledger(true, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, "snapshots");
}

static void test_beyond_the_ledger(void **state)
{
    struct sy_error err = {0};
    (void)state;
    make_two();
    forge(ORIGIN, OLD + 1, 0, F.secret, &F.log);
    check_code(open_ledger(true, &err), SY_E_ROLLBACK);
    assert_string_equal(err.field, "snapshots");
    remove_tree(F.dir, "snapshots/701.note");
    check_ok(open_ledger(true, NULL));
    check_content(OLD);
}

/* A note under the name of another size is none. */
static void test_renamed_note(void **state)
{
    (void)state;
    make_two();
    close_ledger();
    assert_int_equal(renameat(F.dir, "snapshots/700.note", F.dir, "snapshots/690.note"), 0);
    check_ok(open_ledger(true, NULL));
    assert_int_equal(newest(), OLD / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ledger_test(test_start),
        ledger_test(test_small),
        ledger_test(test_two_are_kept),
        ledger_test(test_unsigned_rows),
        ledger_test(test_reproducible),
        ledger_test(test_missing_tile),
        ledger_test(test_altered_tile),
        ledger_test(test_partial_tile),
        ledger_test(test_no_public_folder),
        ledger_test(test_public_is_repaired),
        ledger_test(test_what_publishing_looks_at),
        ledger_test(test_altered_old_body),
        ledger_test(test_no_altered_byte_is_read),
        ledger_test(test_replaced_old_entry),
        ledger_test(test_missing_old_segment),
        ledger_test(test_segment_goes_later),
        ledger_test(test_altered_old_head),
        ledger_test(test_tail),
        ledger_test(test_altered_note),
        ledger_test(test_altered_rows),
        ledger_test(test_rows_left_over),
        ledger_test(test_other_domain),
        ledger_test(test_retired_key),
        ledger_test(test_contradiction),
        ledger_test(test_beyond_the_ledger),
        ledger_test(test_renamed_note),
    };
    return sodium_init() < 0 ? 1
                             : cmocka_run_group_tests_name("ledger_snapshot", tests, NULL, NULL);
}
