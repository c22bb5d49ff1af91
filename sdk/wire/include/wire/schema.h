/*
 * Records: a C struct and its canonical msgpack map from one X-macro list.
 *
 *   #define SY_POINT_FIELDS(F, S, L)                                                        \
 *       F(str, name, "name", SY_OPT)                                                        \
 *       F(i64, x, "x", 0)
 *   SY_RECORD(point, SY_POINT_FIELDS)            // in the header: struct sy_point, sy_point_desc
 *   SY_RECORD_DESC(point, SY_POINT_FIELDS)       // in one .c, with SY_T defined, see below
 *
 * Rules, checked by sy_record_check in a test for every record: keys ascend bytewise in the list.
 * A field is required unless SY_OPT; an optional field whose value is zero, false, empty or an
 * empty list is *absent* in the encoding, and an explicit zero there is refused, so that a record
 * too has exactly one encoding. Unknown keys are refused. Decoded views point into the input bytes
 * (borrowed); lists, their records and raw values live in the arena.
 *
 * Kinds and what they declare:
 *   u64 i64 bool  -> uint64_t / int64_t / bool         str bin raw -> struct sy_view (raw: any one
 *   b16 b32       -> uint8_t[16] / [32] (bin of            canonical value, kept as its bytes)
 *                    exactly that length; optional =   strs bins   -> struct sy_view *, n_<name>
 *                    all zero)                         u64s i64s   -> uint64_t * / int64_t *, n_
 *   S(type, ...)  -> struct sy_<type>; optional =      L(type, ...) -> struct sy_<type> *, n_<name>
 *                    all its fields zero
 */
#ifndef WIRE_SCHEMA_H
#define WIRE_SCHEMA_H

#include <stddef.h>

#include "wire/mp.h"

enum sy_kind {
    SY_KIND_NONE = 0,
    SY_KIND_u64,
    SY_KIND_i64,
    SY_KIND_bool,
    SY_KIND_str,
    SY_KIND_bin,
    SY_KIND_raw,
    SY_KIND_b16,
    SY_KIND_b32,
    SY_KIND_strs,
    SY_KIND_bins,
    SY_KIND_u64s,
    SY_KIND_i64s,
    SY_KIND_sub,  /* one nested record */
    SY_KIND_list, /* array of nested records */
    SY_KIND_N
};

enum { SY_OPT = 1 };

/* Longest key of a record, in bytes: a longer one does not compile. */
enum { SY_KEY_MAX = 23 };

/* A key as the encoding has it, the head of a short text and its bytes, to be compared and copied as they are. */
struct sy_key {
    uint8_t head;
    char text[SY_KEY_MAX]; /* zeroes behind it */
};

/* The first two members of a field, from a literal. */
#define SY_KEY(key)                                                                                \
    key,                                                                                           \
    {                                                                                              \
        (uint8_t)(0xA0 | (sizeof(key) - 1)), key                                                   \
    }

struct sy_desc;

struct sy_field {
    const char *key;
    struct sy_key coded;
    enum sy_kind kind;
    unsigned flags;
    size_t offset;             /* of the value (or list pointer) in the struct */
    size_t n_offset;           /* of the element count for lists; 0 otherwise */
    const struct sy_desc *sub; /* for sub and list */
};

struct sy_desc {
    const char *name;
    size_t size_bytes; /* of the struct */
    const struct sy_field *fields;
    size_t n_fields;
};

/* A list must hold at most this many elements. */
enum { SY_LIST_MAX = 1 << 20 };

/* Declarations inside the struct, by kind. Scalars and views: */
#define SY_DECL_u64(name)  uint64_t name;
#define SY_DECL_i64(name)  int64_t name;
#define SY_DECL_bool(name) bool name;
#define SY_DECL_str(name)  struct sy_view name;
#define SY_DECL_bin(name)  struct sy_view name;
#define SY_DECL_raw(name)  struct sy_view name;
#define SY_DECL_b16(name)  uint8_t name[16];
#define SY_DECL_b32(name)  uint8_t name[32];
#define SY_DECL_strs(name)                                                                         \
    struct sy_view *name;                                                                          \
    size_t n_##name;
#define SY_DECL_bins(name)                                                                         \
    struct sy_view *name;                                                                          \
    size_t n_##name;
#define SY_DECL_u64s(name)                                                                         \
    uint64_t *name;                                                                                \
    size_t n_##name;
#define SY_DECL_i64s(name)                                                                         \
    int64_t *name;                                                                                 \
    size_t n_##name;

/* The list takes three column macros: F(kind, name, key, flags) for plain kinds,
 * S(type, name, key, flags) for one sub-record, L(type, name, key, flags) for a list of them. */
#define SY_STRUCT_F(kind, name, key, flags) SY_DECL_##kind(name)
#define SY_STRUCT_S(type, name, key, flags) struct sy_##type name;
#define SY_STRUCT_L(type, name, key, flags)                                                        \
    struct sy_##type *name;                                                                        \
    size_t n_##name;

#define SY_RECORD(type, FIELDS)                                                                    \
    struct sy_##type {                                                                             \
        FIELDS(SY_STRUCT_F, SY_STRUCT_S, SY_STRUCT_L)                                              \
    };                                                                                             \
    extern const struct sy_desc sy_##type##_desc;

#define SY_NOFF_u64(T, name)  0
#define SY_NOFF_i64(T, name)  0
#define SY_NOFF_bool(T, name) 0
#define SY_NOFF_str(T, name)  0
#define SY_NOFF_bin(T, name)  0
#define SY_NOFF_raw(T, name)  0
#define SY_NOFF_b16(T, name)  0
#define SY_NOFF_b32(T, name)  0
#define SY_NOFF_strs(T, name) offsetof(T, n_##name)
#define SY_NOFF_bins(T, name) offsetof(T, n_##name)
#define SY_NOFF_u64s(T, name) offsetof(T, n_##name)
#define SY_NOFF_i64s(T, name) offsetof(T, n_##name)

#define SY_DESC_F(kind, name, key, flags)                                                          \
    {SY_KEY(key), SY_KIND_##kind, flags, offsetof(SY_T, name), SY_NOFF_##kind(SY_T, name), NULL},
#define SY_DESC_S(type, name, key, flags)                                                          \
    {SY_KEY(key), SY_KIND_sub, flags, offsetof(SY_T, name), 0, &sy_##type##_desc},
#define SY_DESC_L(type, name, key, flags)                                                          \
    {SY_KEY(key),      SY_KIND_list, flags, offsetof(SY_T, name), offsetof(SY_T, n_##name),        \
     &sy_##type##_desc},

/* In one .c, with SY_T defined as the struct:
 *   #define SY_T struct sy_point
 *   SY_RECORD_DESC(point, SY_POINT_FIELDS)
 *   #undef SY_T */
#define SY_RECORD_DESC(type, FIELDS)                                                               \
    static const struct sy_field sy_##type##_fields[] = {FIELDS(SY_DESC_F, SY_DESC_S, SY_DESC_L)}; \
    const struct sy_desc sy_##type##_desc = {#type, sizeof(SY_T), sy_##type##_fields,              \
                                             sizeof(sy_##type##_fields) /                          \
                                                 sizeof(sy_##type##_fields[0])};

/* Append the record's canonical map. SY_E_FIELD for text that is not UTF-8, raw bytes that are not
 * one canonical value, lists that are too long or records nested too deep; SY_E_LIMIT past the
 * buffer's ceiling. On error the buffer is unchanged. */
SY_MUST sy_status sy_record_encode(const struct sy_desc *desc, const void *record,
                                   struct sy_buf *b);

/* Decode canonical bytes. *ret_record must be at least desc->size_bytes; it is overwritten, and
 * zeroed on error. Errors: those of sy_mp_open, SY_E_FIELD with the dotted path of the field
 * ("datasets[0].fields"; of the record for an unknown key), SY_E_LIMIT when the arena is full. */
SY_MUST sy_status sy_record_decode(const struct sy_desc *desc, struct sy_view bytes,
                                   const struct sy_mp_limits *limits, struct sy_arena *arena,
                                   void *ret_record, struct sy_error *reterr);

/* Decode from an object that sy_mp_open parsed; its bytes must outlive the record. */
SY_MUST sy_status sy_record_decode_object(const struct sy_desc *desc, const msgpack_object *o,
                                          struct sy_arena *arena, void *ret_record,
                                          struct sy_error *reterr);

/* NULL when the descriptor keeps the rules above, else the offending key. For tests. */
const char *sy_record_check(const struct sy_desc *desc);

#endif
