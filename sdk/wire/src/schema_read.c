/*
 * Records in one pass over their bytes: most of what is ever decoded is canonical and sound, and needs
 * neither a tree of objects nor a second writing to compare with.
 *
 * Invariants: nothing is accepted that the reference (schema.c, mp.c) would refuse: shortest heads, text in
 * UTF-8, keys in the order of the list and no others, limits counted as sy_mp_scan counts them. What is not
 * so ends the reading with false, which is not an error yet; a test compares both over random bytes.
 */
#include "schema_read.h"

enum { DEPTH_MAX = 16 };

struct reader {
    const uint8_t *p;
    const uint8_t *end;
    size_t depth, depth_max;
    size_t values; /* that may still be announced */
    struct sy_arena *arena;
};

static bool left(const struct reader *r, uint64_t n)
{
    return (uint64_t)(r->end - r->p) >= n;
}

/* n big-endian bytes, which must not have fitted a shorter form. */
static bool take_be(struct reader *r, size_t n, uint64_t least, uint64_t *ret)
{
    uint64_t v = 0;
    if (!left(r, n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | r->p[i];
    }
    r->p += n;
    *ret = v;
    return v >= least;
}

/* ---- numbers ---- */

static bool read_unsigned(struct reader *r, uint8_t first, uint64_t *ret)
{
    static const uint64_t LEAST[] = {0x80, UINT64_C(1) << 8, UINT64_C(1) << 16, UINT64_C(1) << 32};
    if (first <= 0x7F) {
        *ret = first;
        return true;
    }
    return first >= 0xCC && first <= 0xCF &&
           take_be(r, (size_t)1 << (first - 0xCC), LEAST[first - 0xCC], ret);
}

/* Sign-extended from n bytes; must not have fitted a shorter form. */
static bool read_negative(struct reader *r, uint8_t first, int64_t *ret)
{
    static const int64_t MOST[] = {-33, INT8_MIN - 1, INT16_MIN - 1, (int64_t)INT32_MIN - 1};
    uint64_t v = first;
    unsigned bits = 8;
    if (first < 0xE0) {
        if (first < 0xD0 || first > 0xD3 || !take_be(r, (size_t)1 << (first - 0xD0), 0, &v)) {
            return false;
        }
        bits = 8u << (first - 0xD0);
    }
    if (v >> (bits - 1) == 0) {
        return false; /* not negative: has a shorter form */
    }
    v = bits == 64 ? v : v | UINT64_MAX << bits;
    *ret = (int64_t)v;
    return first >= 0xE0 || *ret <= MOST[first - 0xD0];
}

static bool read_u64(struct reader *r, uint64_t *ret)
{
    return left(r, 1) && read_unsigned(r, *r->p++, ret);
}

static bool read_i64(struct reader *r, int64_t *ret)
{
    uint64_t v;
    if (!left(r, 1)) {
        return false;
    }
    uint8_t first = *r->p++;
    if (first >= 0xD0) {
        return read_negative(r, first, ret);
    }
    if (!read_unsigned(r, first, &v) || v > INT64_MAX) {
        return false;
    }
    *ret = (int64_t)v;
    return true;
}

static bool read_bool(struct reader *r, bool *ret)
{
    if (!left(r, 1) || (*r->p != 0xC2 && *r->p != 0xC3)) {
        return false;
    }
    *ret = *r->p++ == 0xC3;
    return true;
}

/* ---- what has a length or a count ---- */

/* The short form, and the first byte of those with 1, 2 and 4 bytes (0: there is none). */
struct counted {
    uint8_t fixed, fixed_max;
    uint8_t first[3];
};
static const struct counted STR = {0xA0, 31, {0xD9, 0xDA, 0xDB}};
static const struct counted BIN = {0, 0, {0xC4, 0xC5, 0xC6}};
static const struct counted ARRAY = {0x90, 15, {0, 0xDC, 0xDD}};
static const struct counted MAP = {0x80, 15, {0, 0xDE, 0xDF}};

/* What follows a first byte that is not the short form. */
static bool read_long_count(struct reader *r, const struct counted *f, uint8_t first, uint64_t *ret)
{
    const uint64_t least[3] = {(uint64_t)f->fixed_max + (f->fixed == 0 ? 0 : 1),
                               f->first[0] == 0 ? (uint64_t)f->fixed_max + 1 : UINT64_C(1) << 8,
                               UINT64_C(1) << 16};
    for (size_t i = 0; i < 3; i++) {
        if (f->first[i] != 0 && first == f->first[i]) {
            return take_be(r, (size_t)1 << i, least[i], ret);
        }
    }
    return false;
}

static inline bool read_count(struct reader *r, const struct counted *f, uint64_t *ret)
{
    if (!left(r, 1)) {
        return false;
    }
    uint8_t first = *r->p++;
    if (f->fixed != 0 && (first & ~(unsigned)f->fixed_max) == f->fixed) {
        *ret = first & f->fixed_max;
        return true;
    }
    return read_long_count(r, f, first, ret);
}

static inline bool read_blob(struct reader *r, const struct counted *f, struct sy_view *ret)
{
    uint64_t n;
    if (!read_count(r, f, &n) || !left(r, n)) {
        return false;
    }
    *ret = sy_view(r->p, (size_t)n);
    r->p += n;
    return true;
}

static bool read_str(struct reader *r, struct sy_view *ret)
{
    return read_blob(r, &STR, ret) && sy_view_is_utf8(*ret);
}

/* Exactly n bytes, 0 < n < 256: then there is one form for their head. */
static inline bool read_bytes(struct reader *r, uint8_t *to, size_t n)
{
    if (!left(r, 2 + n) || r->p[0] != BIN.first[0] || r->p[1] != n) {
        return false;
    }
    memcpy(to, r->p + 2, n);
    r->p += 2 + n;
    return true;
}

/* A container of `n` values opens; close with r->depth--. */
static bool open_container(struct reader *r, uint64_t n)
{
    if (r->depth == r->depth_max || n > r->values || !left(r, n)) {
        return false;
    }
    r->values -= (size_t)n;
    r->depth++;
    return true;
}

/* ---- any canonical value ---- */

static bool skip(struct reader *r);

static bool skip_array(struct reader *r)
{
    uint64_t n;
    bool fine = read_count(r, &ARRAY, &n) && open_container(r, n);
    for (uint64_t i = 0; fine && i < n; i++) {
        fine = skip(r);
    }
    r->depth -= fine ? 1 : 0;
    return fine;
}

static bool skip_map(struct reader *r)
{
    uint64_t n;
    struct sy_view last = {0}, key = {0};
    bool fine = read_count(r, &MAP, &n) && open_container(r, 2 * n);
    for (uint64_t i = 0; fine && i < n; i++) {
        fine = read_str(r, &key) && (i == 0 || sy_view_cmp(last, key) < 0) && skip(r);
        last = key;
    }
    r->depth -= fine ? 1 : 0;
    return fine;
}

static bool skip(struct reader *r)
{
    struct sy_view v;
    int64_t i;
    uint64_t u;
    bool b;
    if (!left(r, 1)) {
        return false;
    }
    uint8_t first = *r->p;
    if (first <= 0x7F || (first >= 0xCC && first <= 0xCF)) {
        return read_u64(r, &u);
    }
    if (first >= 0xE0 || (first >= 0xD0 && first <= 0xD3)) {
        return read_i64(r, &i);
    }
    if (first <= 0x8F || first >= 0xDE) {
        return skip_map(r);
    }
    if (first <= 0x9F || first >= 0xDC) {
        return skip_array(r);
    }
    if (first <= 0xBF || first >= 0xD9) {
        return read_str(r, &v);
    }
    if (first == 0xC0) { /* nil */
        r->p++;
        return true;
    }
    return first <= 0xC3 ? read_bool(r, &b) : read_blob(r, &BIN, &v);
}

static bool read_raw(struct reader *r, struct sy_view *ret)
{
    const uint8_t *from = r->p;
    if (!skip(r)) {
        return false;
    }
    *ret = sy_arena_copy(r->arena, sy_view(from, (size_t)(r->p - from)));
    return ret->p != NULL;
}

/* ---- records ---- */

static bool read_record(struct reader *r, const struct sy_desc *desc, void *record);
static bool read_list(struct reader *r, const struct sy_field *f, void *record);

/* The value at `at`, but for lists, which are fields only. */
static bool read_value(struct reader *r, const struct sy_field *f, void *at)
{
    switch (f->kind) {
    case SY_KIND_u64:
        return read_u64(r, at);
    case SY_KIND_i64:
        return read_i64(r, at);
    case SY_KIND_bool:
        return read_bool(r, at);
    case SY_KIND_str:
        return read_str(r, at);
    case SY_KIND_bin:
        return read_blob(r, &BIN, at);
    case SY_KIND_raw:
        return read_raw(r, at);
    case SY_KIND_b16:
        return read_bytes(r, at, 16);
    case SY_KIND_b32:
        return read_bytes(r, at, 32);
    case SY_KIND_sub:
        return read_record(r, f->sub, at);
    default:
        return false;
    }
}

/* What is optional does not come when it is zero. */
static bool read_field(struct reader *r, const struct sy_field *f, void *record)
{
    bool fine;
    switch (f->kind) {
    case SY_KIND_strs:
    case SY_KIND_bins:
    case SY_KIND_u64s:
    case SY_KIND_i64s:
    case SY_KIND_list:
        fine = read_list(r, f, record);
        break;
    default:
        fine = read_value(r, f, (char *)record + f->offset);
    }
    return fine && ((f->flags & SY_OPT) == 0 || sy_schema_present(record, f));
}

static bool read_list(struct reader *r, const struct sy_field *f, void *record)
{
    const struct sy_field element = sy_schema_element(f);
    const size_t width = sy_schema_width(&element);
    uint64_t count;
    if (!read_count(r, &ARRAY, &count) || count > SY_LIST_MAX || !open_container(r, count)) {
        return false;
    }
    const size_t n = (size_t)count;
    char *p = n == 0 ? NULL : sy_arena_alloc(r->arena, n, width);
    bool fine = n == 0 || p != NULL;
    for (size_t i = 0; fine && i < n; i++) {
        fine = read_value(r, &element, p + i * width);
    }
    if (fine && n > 0) {
        memcpy((char *)record + f->offset, &p, sizeof(p));
        memcpy((char *)record + f->n_offset, &n, sizeof(n));
    }
    r->depth -= fine ? 1 : 0;
    return fine;
}

/* Is this the key that is due? Anything else is another's, or unknown: then nobody is left who takes it. */
static bool is_key(struct sy_view came, const char *due)
{
    for (size_t i = 0; i < came.n; i++) {
        if (came.p[i] != (uint8_t)due[i] || came.p[i] == 0) {
            return false;
        }
    }
    return due[came.n] == '\0';
}

/* Keys that are due and do not come are absent; the one that comes must be found among the rest. */
static bool read_record(struct reader *r, const struct sy_desc *desc, void *record)
{
    uint64_t n;
    struct sy_view key = {0};
    if (!read_count(r, &MAP, &n) || !open_container(r, 2 * n) ||
        (n > 0 && !read_blob(r, &STR, &key))) {
        return false;
    }
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct sy_field *f = &desc->fields[i];
        if (n == 0 || !is_key(key, f->key)) {
            if ((f->flags & SY_OPT) == 0) {
                return false;
            }
            continue;
        }
        n--;
        if (!read_field(r, f, record) || (n > 0 && !read_blob(r, &STR, &key))) {
            return false;
        }
    }
    r->depth--;
    return n == 0;
}

bool sy_schema_read(const struct sy_desc *desc, struct sy_view bytes,
                    const struct sy_mp_limits *limits, struct sy_arena *arena, void *record)
{
    if (bytes.n == 0 || bytes.n > limits->bytes || limits->values == 0) {
        return false;
    }
    struct reader r = {.p = bytes.p,
                       .end = bytes.p + bytes.n,
                       .depth_max = limits->depth < DEPTH_MAX ? limits->depth : DEPTH_MAX,
                       .values = limits->values - 1,
                       .arena = arena};
    return read_record(&r, desc, record) && r.p == r.end;
}
