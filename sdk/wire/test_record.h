/* The records that the tests encode and decode: one field of every kind, required and optional. */
#ifndef WIRE_TEST_RECORD_H
#define WIRE_TEST_RECORD_H

#include "test_bytes.h"

#include "wire/schema.h"

#define SY_T_LEAF_FIELDS(F, S, L)                                                                  \
    F(str, label, "label", SY_OPT)                                                                 \
    F(i64, x, "x", 0)
SY_RECORD(t_leaf, SY_T_LEAF_FIELDS)
#define SY_T struct sy_t_leaf
SY_RECORD_DESC(t_leaf, SY_T_LEAF_FIELDS)
#undef SY_T

/* One required and one optional field of every kind; the keys are in order. */
#define SY_T_ALL_FIELDS(F, S, L)                                                                   \
    F(b16, b16, "b16", 0)                                                                          \
    F(b32, b32, "b32", 0)                                                                          \
    F(bin, bin, "bin", 0)                                                                          \
    F(bins, bins, "bins", 0)                                                                       \
    F(bool, flag, "bool", 0)                                                                       \
    F(i64, i64, "i64", 0)                                                                          \
    F(i64s, i64s, "i64s", 0)                                                                       \
    L(t_leaf, list, "list", 0)                                                                     \
    F(b16, o_b16, "o_b16", SY_OPT)                                                                 \
    F(b32, o_b32, "o_b32", SY_OPT)                                                                 \
    F(bin, o_bin, "o_bin", SY_OPT)                                                                 \
    F(bins, o_bins, "o_bins", SY_OPT)                                                              \
    F(bool, o_flag, "o_bool", SY_OPT)                                                              \
    F(i64, o_i64, "o_i64", SY_OPT)                                                                 \
    F(i64s, o_i64s, "o_i64s", SY_OPT)                                                              \
    L(t_leaf, o_list, "o_list", SY_OPT)                                                            \
    F(raw, o_raw, "o_raw", SY_OPT)                                                                 \
    F(str, o_str, "o_str", SY_OPT)                                                                 \
    F(strs, o_strs, "o_strs", SY_OPT)                                                              \
    S(t_leaf, o_sub, "o_sub", SY_OPT)                                                              \
    F(u64, o_u64, "o_u64", SY_OPT)                                                                 \
    F(u64s, o_u64s, "o_u64s", SY_OPT)                                                              \
    F(raw, raw, "raw", 0)                                                                          \
    F(str, str, "str", 0)                                                                          \
    F(strs, strs, "strs", 0)                                                                       \
    S(t_leaf, sub, "sub", 0)                                                                       \
    F(u64, u64, "u64", 0)                                                                          \
    F(u64s, u64s, "u64s", 0)
SY_RECORD(t_all, SY_T_ALL_FIELDS)
#define SY_T struct sy_t_all
SY_RECORD_DESC(t_all, SY_T_ALL_FIELDS)
#undef SY_T

/* Optional fields only: its smallest encoding is the empty map. */
#define SY_T_TREE_FIELDS(F, S, L)                                                                  \
    L(t_tree, kids, "kids", SY_OPT)                                                                \
    F(u64, v, "v", SY_OPT)
SY_RECORD(t_tree, SY_T_TREE_FIELDS)
#define SY_T struct sy_t_tree
SY_RECORD_DESC(t_tree, SY_T_TREE_FIELDS)
#undef SY_T

/* Keys of every length, each the beginning of those after it. */
#define SY_T_KEYS_FIELDS(F, S, L)                                                                  \
    F(u64, k1, "a", SY_OPT)                                                                        \
    F(u64, k2, "ab", SY_OPT)                                                                       \
    F(u64, k3, "abc", SY_OPT)                                                                      \
    F(u64, k4, "abcd", SY_OPT)                                                                     \
    F(u64, k5, "abcde", SY_OPT)                                                                    \
    F(u64, k6, "abcdef", SY_OPT)                                                                   \
    F(u64, k7, "abcdefg", SY_OPT)                                                                  \
    F(u64, k8, "abcdefgh", SY_OPT)                                                                 \
    F(u64, k9, "abcdefghi", SY_OPT)                                                                \
    F(u64, k10, "abcdefghij", SY_OPT)                                                              \
    F(u64, k11, "abcdefghijk", SY_OPT)                                                             \
    F(u64, k12, "abcdefghijkl", SY_OPT)                                                            \
    F(u64, k13, "abcdefghijklm", SY_OPT)                                                           \
    F(u64, k14, "abcdefghijklmn", SY_OPT)                                                          \
    F(u64, k15, "abcdefghijklmno", SY_OPT)                                                         \
    F(u64, k16, "abcdefghijklmnop", SY_OPT)                                                        \
    F(u64, k17, "abcdefghijklmnopq", SY_OPT)                                                       \
    F(u64, k18, "abcdefghijklmnopqr", SY_OPT)                                                      \
    F(u64, k19, "abcdefghijklmnopqrs", SY_OPT)                                                     \
    F(u64, k20, "abcdefghijklmnopqrst", SY_OPT)                                                    \
    F(u64, k21, "abcdefghijklmnopqrstu", SY_OPT)                                                   \
    F(u64, k22, "abcdefghijklmnopqrstuv", SY_OPT)                                                  \
    F(u64, k23, "abcdefghijklmnopqrstuvw", SY_OPT)
SY_RECORD(t_keys, SY_T_KEYS_FIELDS)
#define SY_T struct sy_t_keys
SY_RECORD_DESC(t_keys, SY_T_KEYS_FIELDS)
#undef SY_T

/* Field i of it. */
static inline void set_key(struct sy_t_keys *r, size_t i, uint64_t v)
{
    memcpy((char *)r + sy_t_keys_desc.fields[i].offset, &v, sizeof(v));
}

/* Full of values of each kind. Static storage: records borrow. */
static inline struct sy_t_all full_record(void)
{
    static struct sy_view texts[] = {{(const uint8_t *)"one", 3}, {NULL, 0}};
    static struct sy_view blobs[] = {{(const uint8_t *)"\xFF\x00", 2}};
    static uint64_t numbers[] = {0, UINT64_MAX};
    static int64_t signed_numbers[] = {INT64_MIN, 0, -1};
    static struct sy_t_leaf leaves[] = {{.x = 0}, {.label = {(const uint8_t *)"l", 1}, .x = -5}};
    return (struct sy_t_all){
        .b16 = {1},
        .b32 = {2},
        .bin = sy_view("\x00\x01", 2),
        .bins = blobs,
        .n_bins = 1,
        .flag = true,
        .i64 = -70000,
        .i64s = signed_numbers,
        .n_i64s = 3,
        .list = leaves,
        .n_list = 2,
        .o_b16 = {[15] = 1},
        .o_b32 = {[31] = 1},
        .o_bin = sy_view("b", 1),
        .o_bins = blobs,
        .n_o_bins = 1,
        .o_flag = true,
        .o_i64 = 1,
        .o_i64s = signed_numbers,
        .n_o_i64s = 1,
        .o_list = leaves,
        .n_o_list = 1,
        .o_raw = sy_view("\xC0", 1),
        .o_str = sy_view_str("\xE6\x95\xB0"),
        .o_strs = texts,
        .n_o_strs = 2,
        .o_sub = {.x = 1},
        .o_u64 = 9,
        .o_u64s = numbers,
        .n_o_u64s = 2,
        .raw = sy_view("\x92\x01\x81\xA1k\xC3", 6),
        .str = sy_view_str("text"),
        .strs = texts,
        .n_strs = 1,
        .sub = {.x = 0},
        .u64 = 300,
        .u64s = numbers,
        .n_u64s = 1,
    };
}

/* Only what must be there, all of it zero; raw has no zero and holds nil. */
static inline struct sy_t_all bare_record(void)
{
    return (struct sy_t_all){.raw = sy_view("\xC0", 1)};
}

static inline void encode_all(const struct sy_t_all *r, struct sy_buf *b)
{
    check_ok(sy_record_encode(&sy_t_all_desc, r, b));
}

#endif
