/*
 * Tests of the reader in one pass: it says what the reference says of keys and numbers of every length and of all
 * that is almost them, at the end of the bytes as in their middle, in memory that ends where the bytes do.
 */
#include "test_record.h"

#include "base/arena.h"
#include "src/schema_read.h"

#define SY_T_PAIR_FIELDS(F, S, L)                                                                  \
    F(i64, a, "a", 0)                                                                              \
    F(u64, b, "b", 0)
SY_RECORD(t_pair, SY_T_PAIR_FIELDS)
#define SY_T struct sy_t_pair
SY_RECORD_DESC(t_pair, SY_T_PAIR_FIELDS)
#undef SY_T

/* What the reference says of the bytes, and that the reader in one pass agrees: true means the same record. */
static bool both_decode(const struct sy_desc *desc, struct sy_view bytes)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    uint64_t slow[64] = {0}, fast[64] = {0};
    uint8_t *exact = malloc(bytes.n + (bytes.n == 0 ? 1 : 0));
    assert_true(exact != NULL && desc->size_bytes <= sizeof(slow));
    memcpy(exact, bytes.p, bytes.n);
    const struct sy_view in = sy_view(exact, bytes.n);
    sy_status s = sy_mp_open(in, &SY_MP_REQUEST, &doc, NULL);
    s = sy_ok(s) ? sy_record_decode_object(desc, &doc.root, &arena, slow, NULL) : s;
    if (sy_schema_read(desc, in, &SY_MP_REQUEST, &arena, fast) != sy_ok(s)) {
        fail_msg("the reference says %s", sy_code_name(s.code));
    }
    if (sy_ok(s)) {
        assert_memory_equal(slow, fast, desc->size_bytes);
    }
    free(exact);
    return sy_ok(s);
}

/* Every cut of the bytes, and every one of them changed in every bit. */
static void check_neighbours(const struct sy_desc *desc, struct sy_buf *b)
{
    for (size_t n = 0; n < b->n; n++) {
        assert_false(both_decode(desc, sy_view(b->p, n)));
    }
    for (size_t i = 0; i < 8 * b->n; i++) {
        b->p[i / 8] ^= (uint8_t)(1u << (i % 8));
        (void)both_decode(desc, sy_buf_view(b));
        b->p[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
}

static void put_entry(struct sy_buf *b, struct sy_view key, uint64_t v)
{
    check_ok(sy_mp_put_str(b, key));
    check_ok(sy_mp_put_u64(b, v));
}

static bool reads_two_keys(struct sy_view first, struct sy_view second, uint64_t v)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(256);
    check_ok(sy_mp_put_map(&b, 2));
    put_entry(&b, first, 1);
    put_entry(&b, second, v);
    return both_decode(&sy_t_keys_desc, sy_buf_view(&b));
}

/* Two keys, of every two lengths: right in their order only. The end is one byte behind the second, or nine. */
static void test_keys_of_every_length(void **state)
{
    static const char text[] = "abcdefghijklmnopqrstuvwxyz";
    (void)state;
    for (size_t n = 1; n < sizeof(text); n++) {
        for (size_t m = 1; m < sizeof(text); m++) {
            const bool right = n < m && m <= SY_KEY_MAX;
            assert_int_equal(reads_two_keys(sy_view(text, n), sy_view(text, m), 1), right);
            assert_int_equal(reads_two_keys(sy_view(text, n), sy_view(text, m), UINT64_MAX), right);
        }
    }
}

/* A key that differs in one bit, wherever it is, is another: alone at the end, and with all the others. */
static void test_keys_that_are_almost_right(void **state)
{
    (void)state;
    struct sy_t_keys all = {0};
    for (size_t i = 0; i < sy_t_keys_desc.n_fields; i++) {
        struct sy_t_keys one = {0};
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(256);
        set_key(&one, i, 1);
        set_key(&all, i, 1 + i);
        check_ok(sy_record_encode(&sy_t_keys_desc, &one, &b));
        assert_true(both_decode(&sy_t_keys_desc, sy_buf_view(&b)));
        check_neighbours(&sy_t_keys_desc, &b);
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1024);
    check_ok(sy_record_encode(&sy_t_keys_desc, &all, &b));
    assert_true(both_decode(&sy_t_keys_desc, sy_buf_view(&b)));
    check_neighbours(&sy_t_keys_desc, &b);
}

/* The head of a key in a longer form than it needs is not the key. */
static void test_keys_with_long_heads(void **state)
{
    (void)state;
    static const char *const cases[] = {"82 d90161 00 a162 00", "82 da000161 00 a162 00",
                                        "82 a161 00 d90162 00", "82 c40161 00 a162 00",
                                        "82 a161 00 db0000000162 00"};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i]);
        assert_false(both_decode(&sy_t_pair_desc, view_of(&in)));
    }
    struct bytes right = unhex("82 a161 00 a162 00");
    assert_true(both_decode(&sy_t_pair_desc, view_of(&right)));
}

/* The number in one field and zero in the other, whole and with its end cut off. */
static bool reads_number(struct sy_view a, struct sy_view b)
{
    SY_BUF_CLEANUP struct sy_buf to = sy_buf(64);
    check_ok(sy_mp_put_map(&to, 2));
    check_ok(sy_mp_put_str(&to, sy_view_str("a")));
    check_ok(sy_buf_add_view(&to, a));
    check_ok(sy_mp_put_str(&to, sy_view_str("b")));
    check_ok(sy_buf_add_view(&to, b));
    for (size_t n = 0; n < to.n; n++) {
        assert_false(both_decode(&sy_t_pair_desc, sy_view(to.p, n)));
    }
    return both_decode(&sy_t_pair_desc, sy_buf_view(&to));
}

/* A number of the given first byte, with v behind it in as many bytes as it says, for either field. */
static size_t check_number(uint8_t first, uint64_t v)
{
    const size_t n = first >= 0xCC && first <= 0xD3 ? (size_t)1 << (first & 3) : 0;
    uint8_t number[9] = {first};
    for (size_t i = 0; i < n; i++) {
        number[1 + i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    }
    const struct sy_view is = sy_view(number, 1 + n), zero = sy_view("\0", 1);
    return (size_t)reads_number(is, zero) + (size_t)reads_number(zero, is);
}

/* Around every power of two and its negative, in every form there is: one form of each number is read. */
static void test_numbers_at_every_boundary(void **state)
{
    (void)state;
    size_t n_read = 0, n_small = 0;
    for (unsigned first = 0; first <= UINT8_MAX; first++) {
        n_small += check_number((uint8_t)first, 0);
    }
    assert_int_equal(n_small, 2 * 0x80 + 0x20); /* those that are the number themselves */
    for (unsigned first = 0xCC; first <= 0xD3; first++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            for (uint64_t by = 0; by < 4; by++) {
                n_read += check_number((uint8_t)first, (UINT64_C(1) << bit) + by - 2);
                n_read += check_number((uint8_t)first, 0 - (UINT64_C(1) << bit) + by - 2);
            }
        }
    }
    assert_true(n_read > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_of_every_length),
        cmocka_unit_test(test_keys_that_are_almost_right),
        cmocka_unit_test(test_keys_with_long_heads),
        cmocka_unit_test(test_numbers_at_every_boundary),
    };
    return cmocka_run_group_tests_name("wire_record_read", tests, NULL, NULL);
}
