/*
 * Tests of the writer in one pass: it writes what the reference appends, for every combination of optional fields
 * and at every boundary of a head, and where it gives up (too little room, no encoding) nothing beyond the room is
 * touched and the reference has the last word.
 */
#include "test_record.h"

#include <stdlib.h>

#include "src/schema_write.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { CAP = 4096, SLACK = 64, GUARD = 0xA5, RANDOM_RECORDS = 400 };

/* Each of them is the last thing of its encoding when it comes alone. */
#define SY_T_ENDS_FIELDS(F, S, L)                                                                  \
    F(bin, a, "a", SY_OPT)                                                                         \
    F(u64s, b, "b", SY_OPT)                                                                        \
    F(str, c, "c", SY_OPT)                                                                         \
    F(strs, d, "d", SY_OPT)                                                                        \
    F(raw, e, "e", SY_OPT)
SY_RECORD(t_ends, SY_T_ENDS_FIELDS)
#define SY_T struct sy_t_ends
SY_RECORD_DESC(t_ends, SY_T_ENDS_FIELDS)
#undef SY_T

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
    static uint8_t to[CAP], guard[SLACK];
    memset(guard, GUARD, sizeof(guard));
    SY_BUF_CLEANUP struct sy_buf want = by_reference(desc, record);
    assert_true(want.n + SLACK + sizeof(guard) < sizeof(to));
    for (size_t cap = 0; cap <= want.n + SLACK; cap++) {
        memset(to, GUARD, sizeof(to));
        size_t n = sy_schema_write(desc, record, to, cap);
        assert_true(n == want.n || (n == 0 && cap < want.n + SLACK));
        assert_true(n == 0 || memcmp(to, want.p, n) == 0);
        assert_true(n <= cap);
        assert_memory_equal(to + cap, guard, sizeof(guard));
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

/* Room that is just not enough for what comes behind the first bytes of the last field. */
static void test_every_room_at_the_end(void **state)
{
    static uint64_t numbers[SLACK];
    static uint8_t raw[2 + SLACK] = {0xC4, SLACK};
    static uint8_t text[300];
    static struct sy_view texts[] = {{text, 60}, {text, 3}, {text, 300}, {NULL, 0}, {text, 1}};
    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < LEN(numbers); i++) {
        numbers[i] = UINT64_MAX >> i;
    }
    const struct sy_t_ends ends[] = {
        {.a = sy_view(text, 31)},        {.a = sy_view(text, 60)},
        {.a = sy_view(text, 300)},       {.c = sy_view(text, 31)},
        {.c = sy_view(text, 60)},        {.c = sy_view(text, 300)},
        {.b = numbers, .n_b = 8},        {.b = numbers, .n_b = LEN(numbers)},
        {.d = texts, .n_d = LEN(texts)}, {.e = sy_view(raw, sizeof(raw))},
    };
    for (size_t i = 0; i < LEN(ends); i++) {
        check_rooms(&sy_t_ends_desc, &ends[i]);
    }
    struct sy_t_all all = full_record(); /* its head takes more than was left for it */
    all.u64s = numbers;
    all.n_u64s = 8;
    check_rooms(&sy_t_all_desc, &all);
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

/* Keys of every length, and as many at once as the first byte of the head can count, and more. */
static void test_keys(void **state)
{
    (void)state;
    struct sy_t_keys some = {0};
    for (size_t i = 0; i < sy_t_keys_desc.n_fields; i++) {
        struct sy_t_keys one = {0};
        set_key(&one, i, 1);
        check_rooms(&sy_t_keys_desc, &one);
        set_key(&some, i, 1 + 100 * i);
        check_rooms(&sy_t_keys_desc, &some);
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
        cmocka_unit_test(test_every_room), cmocka_unit_test(test_every_room_at_the_end),
        cmocka_unit_test(test_keys),       cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_lengths),    cmocka_unit_test(test_random_records),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
