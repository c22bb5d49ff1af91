/*
 * Tests of the writer in one pass: it writes what the reference appends, for every combination of optional fields
 * and at every boundary of a head, and where it gives up (too little room, no encoding) nothing beyond the room is
 * touched and the reference has the last word.
 */
#include "test_record.h"

#include <stdlib.h>

#include "src/schema_write.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { CAP = 4096, SLACK = 32, GUARD = 0xA5, RANDOM_RECORDS = 400 };

/* By the reference: a buffer that has no room yet is not written in one pass. */
static struct sy_buf by_reference(const struct sy_desc *desc, const void *record)
{
    struct sy_buf b = sy_buf((size_t)1 << 20);
    check_ok(sy_record_encode(desc, record, &b));
    return b;
}

/* At every size of the room: all of it or nothing, and nothing behind it. */
static void check_rooms(const struct sy_desc *desc, const void *record)
{
    static uint8_t to[CAP];
    SY_BUF_CLEANUP struct sy_buf want = by_reference(desc, record);
    assert_true(want.n + SLACK < sizeof(to));
    for (size_t cap = 0; cap <= want.n + SLACK; cap++) {
        memset(to, GUARD, sizeof(to));
        size_t n = sy_schema_write(desc, record, to, cap);
        assert_true(n == want.n || (n == 0 && cap < want.n + SLACK));
        assert_true(n == 0 || memcmp(to, want.p, n) == 0);
        assert_true(n <= cap && to[cap] == GUARD);
    }
}

static void test_every_room(void **state)
{
    (void)state;
    struct sy_t_all r = full_record();
    check_rooms(&sy_t_all_desc, &r);
    r = bare_record();
    check_rooms(&sy_t_all_desc, &r);
    const struct sy_t_tree nothing = {.v = 0};
    check_rooms(&sy_t_tree_desc, &nothing);
    assert_int_equal(sy_schema_write(&sy_t_tree_desc, &nothing, NULL, 0), 0);
}

static void check_same(const struct sy_desc *desc, const void *record)
{
    SY_BUF_CLEANUP struct sy_buf want = by_reference(desc, record);
    uint8_t *to = malloc(want.n + SLACK);
    assert_non_null(to);
    assert_int_equal(sy_schema_write(desc, record, to, want.n + SLACK), want.n);
    assert_memory_equal(to, want.p, want.n);
    free(to);
}

/* Numbers around every power of two, with either sign. */
static void test_numbers(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int64_t by = -34; by <= 34; by++) {
            struct sy_t_all r = full_record();
            r.u64 = (UINT64_C(1) << bit) + (uint64_t)by;
            r.i64 = (int64_t)r.u64;
            check_same(&sy_t_all_desc, &r);
            r.i64 = (int64_t)(0 - r.u64);
            check_same(&sy_t_all_desc, &r);
        }
    }
}

/* Texts, bytes and lists around every length at which the head changes. */
static void test_lengths(void **state)
{
    static const size_t AT[] = {0, 15, 31, 255, 65535, 70000};
    static uint8_t text[70004];
    static uint64_t numbers[70004];
    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < LEN(AT); i++) {
        for (size_t n = AT[i]; n < AT[i] + 3; n++) {
            struct sy_t_all r = full_record();
            r.str = r.bin = sy_view(text, n);
            r.u64s = numbers;
            r.n_u64s = n;
            check_same(&sy_t_all_desc, &r);
        }
    }
}

/* Optional fields come or not, as drawn. */
static void test_random_records(void **state)
{
    uint64_t seed = 20260731;
    (void)state;
    for (size_t i = 0; i < RANDOM_RECORDS; i++) {
        struct sy_t_all r = full_record();
        const struct sy_t_all bare = bare_record();
        for (size_t k = 0; k < sy_t_all_desc.n_fields; k++) {
            const struct sy_field *f = &sy_t_all_desc.fields[k];
            const size_t at = f->n_offset != 0 ? f->n_offset : f->offset;
            const size_t n = f->n_offset != 0 ? sizeof(size_t) : 1;
            if ((f->flags & SY_OPT) != 0 && (f->n_offset != 0 || f->kind == SY_KIND_bool) &&
                next_random(&seed) % 2 == 0) {
                memcpy((uint8_t *)&r + at, (const uint8_t *)&bare + at, n);
            }
        }
        r.o_u64 = next_random(&seed) % 2;
        r.o_i64 = -(int64_t)(next_random(&seed) % 2);
        r.o_str.n = next_random(&seed) % 2 == 0 ? 0 : r.o_str.n;
        r.o_b32[next_random(&seed) % 32] ^= 1;
        check_same(&sy_t_all_desc, &r);
    }
}

/* What has no encoding is not written, and the reference says why. */
static void test_refusals(void **state)
{
    static uint8_t to[CAP];
    (void)state;
    struct sy_t_all bad[5];
    for (size_t i = 0; i < LEN(bad); i++) {
        bad[i] = full_record();
    }
    bad[0].str = sy_view("\xff", 1);
    bad[1].raw = sy_view("\xc1", 1);
    bad[2].raw = sy_view("\xcc\x01", 2);
    bad[3].n_u64s = SY_LIST_MAX + 1;
    bad[4].u64s = NULL;
    for (size_t i = 0; i < LEN(bad); i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(CAP);
        assert_non_null(sy_buf_reserve(&b, CAP));
        assert_int_equal(sy_schema_write(&sy_t_all_desc, &bad[i], to, sizeof(to)), 0);
        check_code(sy_record_encode(&sy_t_all_desc, &bad[i], &b), SY_E_FIELD);
        assert_int_equal(b.n, 0);
    }
    struct sy_t_tree loop = {.n_kids = 1};
    loop.kids = &loop;
    assert_int_equal(sy_schema_write(&sy_t_tree_desc, &loop, to, sizeof(to)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_room), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_lengths),    cmocka_unit_test(test_random_records),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
