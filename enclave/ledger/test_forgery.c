/*
 * A careful forger: someone who writes the segments anew with right checksums and a right chain,
 * which needs no key. What he changes must be found by what he cannot make: the commitment in a
 * leaf, the root, the signature. The control writes everything anew unchanged.
 */
#include "test_fixture.h"

#include "src/crc32c.h"
#include "src/record.h"

#define SEGMENT "segments/00000001"

enum { RECORDS_MAX = 64 };

/* The records of the segment, each with a payload of its own that a test may change. */
struct forged {
    size_t n;
    struct {
        enum record_kind kind;
        uint8_t payload[2048];
        size_t n;
    } r[RECORDS_MAX];
};

static struct forged X;

static void load_records(void)
{
    static uint8_t p[LEDGER_SEGMENT_MIN];
    struct record rec;
    size_t n = read_file(SEGMENT, p, sizeof(p));
    X.n = 0;
    for (size_t at = 0; record_parse(sy_view(p + at, n - at), &rec);
         at += record_bytes(rec.payload.n)) {
        assert_true(X.n < RECORDS_MAX && rec.payload.n <= sizeof(X.r[0].payload));
        X.r[X.n].kind = rec.kind;
        X.r[X.n].n = rec.payload.n;
        memcpy(X.r[X.n++].payload, rec.payload.p, rec.payload.n);
    }
}

static void store_records(void)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_SEGMENT_MIN);
    struct chain chain = {0};
    for (size_t i = 0; i < X.n; i++) {
        struct sy_view payload = sy_view(X.r[i].payload, X.r[i].n);
        check_ok(record_add(&b, &chain, X.r[i].kind, &payload, 1));
    }
    size_t rest = LEDGER_SEGMENT_MIN - b.n;
    uint8_t *zeros = sy_buf_reserve(&b, rest);
    assert_non_null(zeros);
    memset(zeros, 0, rest);
    b.n += rest;
    write_file(SEGMENT, b.p, b.n);
}

static void begin(void)
{
    start_over();
    grow(4);
    grow(3);
    close_ledger();
    load_records(); /* head, checkpoint, 4 entries, checkpoint, 3 entries, checkpoint */
    assert_int_equal(X.n, 11);
}

static void expect(int32_t code)
{
    store_records();
    check_code(open_ledger(false, NULL), code);
}

/* Record numbers in the segment of begin(). */
enum { HEAD = 0, FIRST_ENTRY = 2, FIRST_CHECKPOINT = 6, LAST_ENTRY = 9, LAST_CHECKPOINT = 10 };

static void drop_record(size_t at)
{
    memmove(&X.r[at], &X.r[at + 1], (X.n - at - 1) * sizeof(X.r[0]));
    X.n--;
}

static void test_control(void **state)
{
    (void)state;
    static uint8_t before[LEDGER_SEGMENT_MIN];
    static uint8_t after[LEDGER_SEGMENT_MIN];
    begin();
    (void)read_file(SEGMENT, before, sizeof(before));
    expect(0);
    check_content(7);
    (void)read_file(SEGMENT, after, sizeof(after));
    assert_memory_equal(before, after, sizeof(after));
}

static void test_other_body(void **state)
{
    (void)state;
    begin();
    X.r[LAST_ENTRY].payload[X.r[LAST_ENTRY].n - 1] ^= 1;
    expect(SY_E_TAMPERED);
}

static void test_other_salt(void **state)
{
    (void)state;
    begin();
    X.r[FIRST_ENTRY].payload[4] ^= 1;
    expect(SY_E_TAMPERED);
}

static void test_dropped_body(void **state)
{
    (void)state;
    struct ledger_entry e;
    begin();
    assert_true(record_parse_entry(sy_view(X.r[FIRST_ENTRY].payload, X.r[FIRST_ENTRY].n), &e));
    X.r[FIRST_ENTRY].n -= e.body.n;
    expect(SY_E_TAMPERED);
}

/* An entry that is right in itself, in the place of another. */
static void test_other_entry(void **state)
{
    (void)state;
    begin();
    X.r[FIRST_ENTRY] = X.r[LAST_ENTRY];
    expect(SY_E_TAMPERED);
}

static void test_dropped_and_added_entries(void **state)
{
    (void)state;
    begin();
    drop_record(FIRST_ENTRY);
    expect(SY_E_TAMPERED);
    begin();
    drop_record(LAST_ENTRY);
    expect(SY_E_TAMPERED);
    begin();
    memmove(&X.r[FIRST_ENTRY + 1], &X.r[FIRST_ENTRY], (X.n - FIRST_ENTRY) * sizeof(X.r[0]));
    X.n++;
    expect(SY_E_TAMPERED);
}

static void test_other_checkpoint(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < X.r[FIRST_CHECKPOINT].n; i += 5) {
        X.r[FIRST_CHECKPOINT].payload[i] ^= 1;
        expect(SY_E_TAMPERED);
        X.r[FIRST_CHECKPOINT].payload[i] ^= 1;
    }
    X.r[FIRST_CHECKPOINT] = X.r[LAST_CHECKPOINT]; /* signed, but of more entries */
    expect(SY_E_TAMPERED);
}

/* A signature line of another key alone does not do. */
static void test_foreign_signature(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(2048);
    struct proof_note old;
    struct proof_vkey key;
    uint8_t secret[PROOF_SECRET_BYTES];
    uint8_t pub[32];
    begin();
    crypto_sign_keypair(pub, secret);
    check_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &key));
    check_ok(proof_note_parse(sy_view(X.r[LAST_CHECKPOINT].payload, X.r[LAST_CHECKPOINT].n), &old,
                              NULL));
    check_ok(proof_note_sign(old.text, &key, secret, &note));
    memcpy(X.r[LAST_CHECKPOINT].payload, note.p, note.n);
    X.r[LAST_CHECKPOINT].n = note.n;
    expect(SY_E_TAMPERED);
}

static void test_dropped_checkpoints(void **state)
{
    (void)state;
    begin();
    drop_record(FIRST_CHECKPOINT); /* then the last one covers all, and nothing is lost */
    expect(0);
    check_content(7);
    begin();
    drop_record(LAST_CHECKPOINT); /* a batch that was never committed */
    expect(0);
    check_content(4);
}

static void test_other_head(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < 32; i += 8) { /* magic, number, first entry */
        X.r[HEAD].payload[i] ^= 1;
        expect(SY_E_TAMPERED);
        X.r[HEAD].payload[i] ^= 1;
    }
    X.r[HEAD].payload[X.r[HEAD].n - 1] ^= 1; /* origin */
    expect(SY_E_TAMPERED);
    X.r[HEAD].payload[X.r[HEAD].n - 1] ^= 1;
    struct forged good = X;
    memmove(&X.r[1], &X.r[0], X.n * sizeof(X.r[0])); /* a second head */
    X.n++;
    expect(SY_E_TAMPERED);
    X = good;
    drop_record(HEAD);
    expect(SY_E_TAMPERED);
    X = good;
    expect(0);
}

/* The chain alone: every record right, checksums right, but two of them in each other's place. */
static void test_reordered_bytes(void **state)
{
    (void)state;
    static uint8_t p[LEDGER_SEGMENT_MIN];
    static uint8_t q[LEDGER_SEGMENT_MIN];
    size_t at = 0;
    begin();
    size_t n = read_file(SEGMENT, p, sizeof(p));
    memcpy(q, p, sizeof(q));
    for (size_t i = 0; i < FIRST_ENTRY; i++) {
        at += record_bytes(X.r[i].n);
    }
    size_t a = record_bytes(X.r[FIRST_ENTRY].n);
    size_t b = record_bytes(X.r[FIRST_ENTRY + 1].n);
    memcpy(q + at, p + at + a, b);
    memcpy(q + at + b, p + at, a);
    write_file(SEGMENT, q, n);
    struct sy_error err = {0};
    check_code(open_ledger(false, &err), SY_E_TAMPERED);
    assert_non_null(strstr(err.reason, "does not follow"));
}

/* Another entry, right in itself, put in place while the ledger is open. */
static void test_read_finds_other_entry(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(LEDGER_READ_MAX);
    struct ledger_entry e;
    begin();
    expect(0);
    check_ok(ledger_read(F.l, 0, &b, &e, NULL));
    struct made m;
    make_entry(7, &m); /* as long as entry 0 */
    struct ledger_entry other = {sy_buf_view(&m.leaf), m.salt, sy_view(m.body, m.n_body)};
    SY_BUF_CLEANUP struct sy_buf rec = sy_buf(4096);
    struct chain chain = {0};
    check_ok(record_add_entry(&rec, &chain, &other));
    assert_int_equal(X.r[FIRST_ENTRY].n, RECORD_ENTRY_FIXED + m.leaf.n + m.n_body);
    memcpy(X.r[FIRST_ENTRY].payload, rec.p + RECORD_HEAD_BYTES, X.r[FIRST_ENTRY].n);
    sy_buf_deinit(&m.leaf);
    store_records();
    check_code(ledger_read(F.l, 0, &b, &e, NULL), SY_E_TAMPERED);
    check_ok(ledger_read(F.l, 1, &b, &e, NULL));
}

/* A segment that goes away under a running ledger took committed entries along: that is no "not found". */
static void test_read_misses_a_segment(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    struct ledger_entry e;
    struct sy_error err = {0};
    start_over();
    while (faccessat(F.dir, "segments/00000003", F_OK, 0) != 0) {
        grow(64);
    }
    check_ok(ledger_read(F.l, 0, &b, &e, NULL));
    check_ok(
        ledger_read(F.l, ledger_size(F.l) - 1, &b, &e, NULL)); /* so that the first is closed */
    close_ledger();
    check_ok(open_ledger(false, NULL));
    assert_int_equal(unlinkat(F.dir, SEGMENT, 0), 0);
    check_code(ledger_read(F.l, 0, &b, &e, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, "00000001");
    check_code(ledger_read(F.l, ledger_size(F.l), &b, &e, NULL), SY_E_NOT_FOUND);
    check_ok(ledger_read(F.l, ledger_size(F.l) - 1, &b, &e, NULL));
}

/* --- the pieces --------------------------------------------------------------------------------- */

static void test_crc32c(void **state)
{
    (void)state;
    uint8_t bytes[32];
    assert_int_equal(crc32c(sy_view_str("123456789")), 0xE3069283);
    assert_int_equal(crc32c((struct sy_view){0}), 0);
    memset(bytes, 0, sizeof(bytes)); /* RFC 3720 appendix B.4 */
    assert_int_equal(crc32c(sy_view(bytes, 32)), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof(bytes));
    assert_int_equal(crc32c(sy_view(bytes, 32)), 0x62A8AB43);
    for (uint8_t i = 0; i < 32; i++) {
        bytes[i] = i;
    }
    assert_int_equal(crc32c(sy_view(bytes, 32)), 0x46DD794E);
}

static void test_record_every_bit(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    struct chain chain = {0};
    struct record rec;
    struct sy_view payload = sy_view_str("thirteen byte");
    check_ok(record_add(&b, &chain, RECORD_ENTRY, &payload, 1));
    assert_int_equal(b.n, 72);
    assert_int_equal(chain.seq, 1);
    for (size_t i = 0; i < 8 * b.n; i++) {
        b.p[i / 8] ^= (uint8_t)(1U << (i % 8));
        assert_false(record_parse(sy_buf_view(&b), &rec));
        b.p[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    for (size_t n = 0; n < b.n; n++) {
        assert_false(record_parse(sy_view(b.p, n), &rec));
    }
    assert_true(record_parse(sy_buf_view(&b), &rec));
    assert_true(sy_view_eq(rec.payload, payload) && rec.seq == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ledger_test(test_control),
        ledger_test(test_other_body),
        ledger_test(test_other_salt),
        ledger_test(test_dropped_body),
        ledger_test(test_other_entry),
        ledger_test(test_dropped_and_added_entries),
        ledger_test(test_other_checkpoint),
        ledger_test(test_foreign_signature),
        ledger_test(test_dropped_checkpoints),
        ledger_test(test_other_head),
        ledger_test(test_reordered_bytes),
        ledger_test(test_read_finds_other_entry),
        ledger_test(test_read_misses_a_segment),
        cmocka_unit_test(test_crc32c),
        cmocka_unit_test(test_record_every_bit),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
