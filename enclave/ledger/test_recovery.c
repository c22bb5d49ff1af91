/*
 * Recovery: every way in which the last write can be incomplete, and every change that is no
 * incomplete write. After each the ledger must either be exactly what it was at a durable
 * checkpoint, or refuse to open and say where.
 *
 * "Acknowledged" below means that ledger_commit returned. A write that never returned may be lost.
 */
#include "test_fixture.h"

#define SEGMENT "segments/00000001"

enum { SECTOR = 512 };

/* The segment before the last batch, after it, and where the batch lies. */
struct image {
    uint8_t before[LEDGER_SEGMENT_MIN];
    uint8_t after[LEDGER_SEGMENT_MIN];
    size_t start;
    size_t end;
    uint64_t n_before;
    uint64_t n_after;
};

static struct image I;

/* Commit batches of these sizes; the last one is what is played with. */
static void make_image(const size_t *batches, size_t n_batches)
{
    for (size_t i = 0; i + 1 < n_batches; i++) {
        grow(batches[i]);
    }
    I.n_before = ledger_size(F.l);
    assert_int_equal(read_file(SEGMENT, I.before, sizeof(I.before)), sizeof(I.before));
    grow(batches[n_batches - 1]);
    I.n_after = ledger_size(F.l);
    (void)read_file(SEGMENT, I.after, sizeof(I.after));
    close_ledger();
    I.start = 0;
    while (I.before[I.start] == I.after[I.start]) {
        I.start++;
    }
    I.start -= I.start % 8;
    I.end = sizeof(I.after);
    while (I.after[I.end - 1] == 0) {
        I.end--;
    }
}

static void put_image(const uint8_t *p, size_t n)
{
    write_file(SEGMENT, p, n);
}

/* The ledger opens with `want` entries, goes on from there, and opens again. */
static void expect_size(uint64_t want)
{
    check_ok(open_ledger(false, NULL));
    check_content(want);
    grow(2);
    close_ledger();
    check_ok(open_ledger(false, NULL));
    check_content(want + 2);
    close_ledger();
}

static void expect_tampered(void)
{
    struct sy_error err = {0};
    check_code(open_ledger(false, &err), SY_E_TAMPERED);
    assert_null(F.l);
    assert_string_equal(err.field, SEGMENT);
    assert_non_null(strstr(err.reason, "byte "));
}

static const size_t ONE[] = {3, 1};
static const size_t MANY[] = {1, 6};

/* --- acknowledged batches: nothing may change silently -------------------------------------------- */
static void flip_each_byte(const size_t *batches, bool from_start)
{
    static uint8_t p[LEDGER_SEGMENT_MIN];
    make_image(batches, 2);
    for (size_t i = from_start ? 0 : I.start; i < I.end + 600; i++) {
        memcpy(p, I.after, sizeof(p));
        p[i] ^= (uint8_t)(1U << (i % 8));
        put_image(p, sizeof(p));
        if (i < I.end) {
            expect_tampered();
            continue;
        }
        /* Behind the last record: at most padding. Refused, or all acknowledged entries there. */
        struct sy_error err = {0};
        sy_status s = open_ledger(false, &err);
        if (sy_ok(s)) {
            check_content(I.n_after);
            close_ledger();
        } else {
            check_code(s, SY_E_TAMPERED);
        }
    }
    put_image(I.after, sizeof(I.after)); /* the control */
    expect_size(I.n_after);
}

static void test_flip_each_byte_of_one(void **state)
{
    (void)state;
    flip_each_byte(ONE, true);
}

static void test_flip_each_byte_of_many(void **state)
{
    (void)state;
    flip_each_byte(MANY, false);
}

/* Overwriting a byte with 0 or 0xFF as well: 0 is what an unwritten byte looks like. */
static void test_overwrite_each_byte(void **state)
{
    (void)state;
    static uint8_t p[LEDGER_SEGMENT_MIN];
    make_image(MANY, 2);
    for (size_t i = I.start; i < I.end; i++) {
        for (unsigned v = 0; v < 256; v += 255) {
            memcpy(p, I.after, sizeof(p));
            p[i] = (uint8_t)v;
            put_image(p, sizeof(p));
            if (p[i] == I.after[i]) {
                continue;
            }
            sy_status s = open_ledger(false, NULL);
            /* The very last byte as 0 cannot be told from a write that stopped before it. */
            if (v == 0 && i == I.end - 1) {
                check_ok(s);
                check_content(I.n_before);
                close_ledger();
            } else {
                check_code(s, SY_E_TAMPERED);
            }
        }
    }
}

/* --- a write that was cut short ------------------------------------------------------------------- */
static void zero_from_each_byte(bool truncate)
{
    static uint8_t p[LEDGER_SEGMENT_MIN];
    make_image(MANY, 2);
    for (size_t i = I.start; i <= I.end; i++) {
        memcpy(p, I.after, sizeof(p));
        memset(p + i, 0, sizeof(p) - i);
        put_image(p, truncate ? i : sizeof(p));
        uint64_t want = i == I.end ? I.n_after : I.n_before;
        if (i % 16 == 0 || i == I.end) {
            expect_size(want);
        } else {
            check_ok(open_ledger(false, NULL));
            assert_int_equal(ledger_size(F.l), want);
            close_ledger();
        }
    }
}

static void test_zero_from_each_byte(void **state)
{
    (void)state;
    zero_from_each_byte(false);
}

static void test_truncate_at_each_byte(void **state)
{
    (void)state;
    zero_from_each_byte(true);
}

/* Into what was acknowledged earlier a cut must not reach: losing the end of the last batch but one
 * while the last one's checkpoint stands is no torn write. */
static void test_cut_into_older_batch(void **state)
{
    (void)state;
    static uint8_t p[LEDGER_SEGMENT_MIN];
    static const size_t BATCHES[] = {3, 6, 6};
    make_image(BATCHES, 3);
    for (size_t i = 0; i < I.start; i++) {
        memcpy(p, I.after, sizeof(p));
        size_t end = i + SECTOR - i % SECTOR;
        end = end < I.start ? end : I.start;
        memset(p + i, 0, end - i);
        put_image(p, sizeof(p));
        if (memcmp(p, I.after, sizeof(p)) != 0) {
            expect_tampered();
        }
    }
}

/* --- a write of which some sectors are missing ---------------------------------------------------- */
static void drop_sectors(uint8_t *p, uint64_t mask)
{
    memcpy(p, I.after, LEDGER_SEGMENT_MIN);
    size_t first = I.start / SECTOR;
    for (size_t s = first; s * SECTOR < I.end; s++) {
        if ((mask >> (s - first) & 1) != 0) {
            memcpy(p + s * SECTOR, I.before + s * SECTOR, SECTOR);
        }
    }
}

/* Any subset of the batch's sectors, its checkpoint's among them: back to the checkpoint before. */
static void test_torn_sectors(void **state)
{
    (void)state;
    static uint8_t p[LEDGER_SEGMENT_MIN];
    make_image(MANY, 2);
    size_t n = (I.end - 1) / SECTOR - I.start / SECTOR + 1;
    assert_in_range(n, 6, 20); /* else this shows little */
    for (size_t i = 0; i < n; i++) {
        drop_sectors(p, 1ULL << i);
        put_image(p, sizeof(p));
        expect_size(I.n_before);
    }
    for (int i = 0; i < 100; i++) {
        uint64_t mask = (randombytes_random() % ((1U << n) - 1)) + 1;
        drop_sectors(p, mask);
        put_image(p, sizeof(p));
        expect_size(I.n_before);
    }
    drop_sectors(p, 0);
    put_image(p, sizeof(p));
    expect_size(I.n_after);
}

/* The same damage once the batch's checkpoint was published, or another batch followed it: then it
 * had been acknowledged, and is missed. */
static void test_torn_but_acknowledged(void **state)
{
    (void)state;
    static uint8_t p[LEDGER_SEGMENT_MIN];
    make_image(MANY, 2);
    check_ok(open_ledger(false, NULL));
    check_ok(ledger_publish(F.l, NULL));
    close_ledger();
    for (uint64_t i = 0; i < 6; i++) {
        drop_sectors(p, 1ULL << i);
        put_image(p, sizeof(p));
        check_code(open_ledger(false, NULL), SY_E_ROLLBACK);
    }
    memcpy(p, I.after, sizeof(p));
    memset(p + I.start, 0, sizeof(p) - I.start);
    put_image(p, sizeof(p));
    check_code(open_ledger(false, NULL), SY_E_ROLLBACK);
    (void)unlinkat(F.dir, "public/checkpoint", 0); /* the control */
    expect_size(I.n_before);
}

static void test_forged_public_checkpoint_is_ignored(void **state)
{
    (void)state;
    static uint8_t p[4096];
    grow(5);
    check_ok(ledger_publish(F.l, NULL));
    close_ledger();
    size_t n = read_file("public/checkpoint", p, sizeof(p));
    p[strlen(ORIGIN) + 1] = '9';
    write_file("public/checkpoint", p, n);
    check_ok(open_ledger(false, NULL));
    check_content(5);
    check_ok(ledger_publish(F.l, NULL));
    assert_int_equal(read_file("public/checkpoint", p, sizeof(p)), ledger_checkpoint(F.l).n);
}

/* The same size, signed over other entries: somebody ran this key elsewhere. */
static void test_split_view_is_noticed(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(4096);
    struct proof_checkpoint c = {.origin = sy_view_str(ORIGIN), .size = 3, .root = {1}};
    grow(5);
    close_ledger();
    check_ok(proof_checkpoint_encode(&c, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), &F.log, F.secret, &note));
    write_file("public/checkpoint", note.p, note.n);
    check_code(open_ledger(false, NULL), SY_E_TAMPERED);
}

/* --- several segments ----------------------------------------------------------------------------- */
static void fill_segments(unsigned n)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "segments/%08u", n);
    while (!has_file(name)) {
        grow(7);
    }
}

static void test_missing_segment(void **state)
{
    (void)state;
    struct sy_error err = {0};
    fill_segments(3);
    uint64_t n = ledger_size(F.l);
    close_ledger();
    assert_int_equal(renameat(F.dir, "segments/00000002", F.dir, "aside"), 0);
    check_code(open_ledger(false, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, "00000002");
    assert_int_equal(renameat(F.dir, "aside", F.dir, "segments/00000002"), 0);
    check_ok(open_ledger(false, NULL));
    check_content(n);
}

static void test_swapped_segments(void **state)
{
    (void)state;
    fill_segments(4);
    close_ledger();
    assert_int_equal(renameat(F.dir, "segments/00000002", F.dir, "aside"), 0);
    assert_int_equal(renameat(F.dir, "segments/00000003", F.dir, "segments/00000002"), 0);
    assert_int_equal(renameat(F.dir, "aside", F.dir, "segments/00000003"), 0);
    check_code(open_ledger(false, NULL), SY_E_TAMPERED);
}

static void test_zeroed_segment(void **state)
{
    (void)state;
    static uint8_t zeros[LEDGER_SEGMENT_MIN];
    static uint8_t saved[LEDGER_SEGMENT_MIN];
    fill_segments(3);
    uint64_t n = ledger_size(F.l);
    close_ledger();
    (void)read_file("segments/00000002", saved, sizeof(saved));
    write_file("segments/00000002", zeros, sizeof(zeros));
    struct sy_error err = {0};
    check_code(open_ledger(false, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, "segments/00000002");
    write_file("segments/00000002", saved, sizeof(saved));
    check_ok(open_ledger(false, NULL));
    check_content(n);
}

/* What looks torn at the end of a segment cannot be, once the next one is in use: that was only
 * written after this had been synced. */
static void test_torn_older_segment(void **state)
{
    (void)state;
    static uint8_t p[LEDGER_SEGMENT_MIN];
    struct sy_error err = {0};
    fill_segments(2);
    close_ledger();
    size_t end = read_file(SEGMENT, p, sizeof(p));
    while (p[end - 1] == 0) {
        end--;
    }
    memset(p + end - end % SECTOR, 0, SECTOR);
    write_file(SEGMENT, p, sizeof(p));
    check_code(open_ledger(false, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, SEGMENT);
}

/* A torn first batch of a new segment goes, and the segment is used again. */
static void test_torn_new_segment(void **state)
{
    (void)state;
    static uint8_t p[LEDGER_SEGMENT_MIN];
    for (size_t s = 0; s < 4; s++) {
        uint64_t before = 0;
        start_over();
        while (!has_file("segments/00000002")) {
            before = ledger_size(F.l);
            grow(7);
        }
        close_ledger();
        (void)read_file("segments/00000002", p, sizeof(p));
        memset(p + s * SECTOR, 0, SECTOR);
        write_file("segments/00000002", p, sizeof(p));
        expect_size(before);
    }
}

/* A prepared segment that was never used, of whatever length, is no trouble. */
static void test_prepared_segment(void **state)
{
    (void)state;
    static uint8_t zeros[LEDGER_SEGMENT_MIN];
    grow(4);
    close_ledger();
    write_file("segments/00000002", zeros, 100);
    write_file("segments/next.tmp", zeros, 100);
    expect_size(4);
    assert_false(has_file("segments/next.tmp"));
    check_ok(open_ledger(false, NULL));
    fill_segments(3);
    check_content(ledger_size(F.l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ledger_test(test_flip_each_byte_of_one),
        ledger_test(test_flip_each_byte_of_many),
        ledger_test(test_overwrite_each_byte),
        ledger_test(test_zero_from_each_byte),
        ledger_test(test_truncate_at_each_byte),
        ledger_test(test_cut_into_older_batch),
        ledger_test(test_torn_sectors),
        ledger_test(test_torn_but_acknowledged),
        ledger_test(test_forged_public_checkpoint_is_ignored),
        ledger_test(test_split_view_is_noticed),
        ledger_test(test_missing_segment),
        ledger_test(test_swapped_segments),
        ledger_test(test_zeroed_segment),
        ledger_test(test_torn_older_segment),
        ledger_test(test_torn_new_segment),
        ledger_test(test_prepared_segment),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
