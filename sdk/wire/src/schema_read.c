/*
 * Records in one pass over their bytes: most of what is ever decoded is canonical and sound, and needs
 * neither a tree of objects nor a second writing to compare with.
 *
 * Each reader is given where it stands and returns where what it read ends, NULL when it gives up: so that the
 * place stays in a register, which what is stored in the record cannot change.
 *
 * Invariants: nothing is accepted that the reference (schema.c, mp.c) would refuse: shortest heads, text in
 * UTF-8, keys in the order of the list and no others, limits counted as sy_mp_scan counts them. What is not
 * so ends the reading with NULL, which is not an error yet; a test compares both over random bytes.
 */
#include "schema_read.h"

#include "schema_bytes.h"

enum { DEPTH_MAX = 16, WORD = sizeof(uint64_t) };

struct reader {
    const uint8_t *end;
    size_t depth, depth_max;
    size_t values; /* that may still be announced */
    struct sy_arena *arena;
};

static inline bool left(const struct reader *r, const uint8_t *p, uint64_t n)
{
    return (uint64_t)(r->end - p) >= n;
}

/* n big-endian bytes (1, 2, 4 or 8), which must not have fitted a shorter form. */
static inline const uint8_t *take_be(const struct reader *r, const uint8_t *p, size_t n,
                                     uint64_t least, uint64_t *ret)
{
    uint64_t v = 0;
    if (left(r, p, WORD)) {
        v = sy_load_be64(p) >> (64 - 8 * n);
    } else if (left(r, p, n)) {
        for (size_t i = 0; i < n; i++) {
            v = v << 8 | p[i];
        }
    } else {
        return NULL;
    }
    *ret = v;
    return v >= least ? p + n : NULL;
}

/* ---- numbers ---- */

/* What follows a first byte that is not the number itself. */
static inline const uint8_t *read_unsigned(const struct reader *r, const uint8_t *p, uint8_t first,
                                           uint64_t *ret)
{
    static const uint64_t LEAST[] = {0x80, UINT64_C(1) << 8, UINT64_C(1) << 16, UINT64_C(1) << 32};
    if (first < 0xCC || first > 0xCF) {
        return NULL;
    }
    return take_be(r, p, (size_t)1 << (first - 0xCC), LEAST[first - 0xCC], ret);
}

static inline const uint8_t *read_u64(const struct reader *r, const uint8_t *p, uint64_t *ret)
{
    if (p == r->end) {
        return NULL;
    }
    const uint8_t first = *p++;
    if (first <= 0x7F) {
        *ret = first;
        return p;
    }
    return read_unsigned(r, p, first, ret);
}

/* Sign-extended from its bytes; must not have fitted a shorter form. */
static const uint8_t *read_negative(const struct reader *r, const uint8_t *p, uint8_t first,
                                    int64_t *ret)
{
    static const int64_t MOST[] = {-33, INT8_MIN - 1, INT16_MIN - 1, (int64_t)INT32_MIN - 1};
    uint64_t v;
    if (first >= 0xE0) {
        *ret = (int64_t)(first | UINT64_MAX << 8);
        return p;
    }
    if (first < 0xD0 || first > 0xD3) {
        return NULL;
    }
    const unsigned bits = 8u << (first - 0xD0);
    p = take_be(r, p, bits / 8, 0, &v);
    if (p == NULL || v >> (bits - 1) == 0) {
        return NULL; /* not negative: has a shorter form */
    }
    *ret = (int64_t)(bits == 64 ? v : v | UINT64_MAX << bits);
    return *ret <= MOST[first - 0xD0] ? p : NULL;
}

static const uint8_t *read_i64(const struct reader *r, const uint8_t *p, int64_t *ret)
{
    uint64_t v = 0;
    if (p != r->end && *p >= 0xD0) {
        return read_negative(r, p + 1, *p, ret);
    }
    p = read_u64(r, p, &v);
    *ret = (int64_t)v;
    return v <= INT64_MAX ? p : NULL;
}

static inline const uint8_t *read_bool(const struct reader *r, const uint8_t *p, bool *ret)
{
    if (p == r->end || (*p != 0xC2 && *p != 0xC3)) {
        return NULL;
    }
    *ret = *p == 0xC3;
    return p + 1;
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
static const uint8_t *read_long_count(const struct reader *r, const uint8_t *p,
                                      const struct counted *f, uint8_t first, uint64_t *ret)
{
    const uint64_t least[3] = {(uint64_t)f->fixed_max + (f->fixed == 0 ? 0 : 1),
                               f->first[0] == 0 ? (uint64_t)f->fixed_max + 1 : UINT64_C(1) << 8,
                               UINT64_C(1) << 16};
    for (size_t i = 0; i < 3; i++) {
        if (f->first[i] != 0 && first == f->first[i]) {
            return take_be(r, p, (size_t)1 << i, least[i], ret);
        }
    }
    return NULL;
}

static inline const uint8_t *read_count(const struct reader *r, const uint8_t *p,
                                        const struct counted *f, uint64_t *ret)
{
    if (p == r->end) {
        return NULL;
    }
    const uint8_t first = *p++;
    if (f->fixed != 0 && (first & ~(unsigned)f->fixed_max) == f->fixed) {
        *ret = first & f->fixed_max;
        return p;
    }
    return read_long_count(r, p, f, first, ret);
}

static inline const uint8_t *read_blob(const struct reader *r, const uint8_t *p,
                                       const struct counted *f, struct sy_view *ret)
{
    uint64_t n;
    p = read_count(r, p, f, &n);
    if (p == NULL || !left(r, p, n)) {
        return NULL;
    }
    *ret = sy_view(p, (size_t)n);
    return p + n;
}

static const uint8_t *read_bin(const struct reader *r, const uint8_t *p, struct sy_view *ret)
{
    return read_blob(r, p, &BIN, ret);
}

static const uint8_t *read_str(const struct reader *r, const uint8_t *p, struct sy_view *ret)
{
    p = read_blob(r, p, &STR, ret);
    return p != NULL && sy_view_is_utf8(*ret) ? p : NULL;
}

/* Exactly n bytes, 0 < n < 256: then there is one form for their head. */
static inline const uint8_t *read_bytes(const struct reader *r, const uint8_t *p, size_t n,
                                        uint8_t *to)
{
    if (!left(r, p, 2 + n) || p[0] != BIN.first[0] || p[1] != n) {
        return NULL;
    }
    memcpy(to, p + 2, n);
    return p + 2 + n;
}

/* A container of `n` values opens at its first; close with r->depth--. */
static inline bool open_container(struct reader *r, const uint8_t *p, uint64_t n)
{
    if (r->depth == r->depth_max || n > r->values || !left(r, p, n)) {
        return false;
    }
    r->values -= (size_t)n;
    r->depth++;
    return true;
}

/* ---- any canonical value ---- */

static const uint8_t *skip(struct reader *r, const uint8_t *p);

static const uint8_t *skip_array(struct reader *r, const uint8_t *p)
{
    uint64_t n;
    p = read_count(r, p, &ARRAY, &n);
    if (p == NULL || !open_container(r, p, n)) {
        return NULL;
    }
    for (uint64_t i = 0; p != NULL && i < n; i++) {
        p = skip(r, p);
    }
    r->depth--;
    return p;
}

static const uint8_t *skip_map(struct reader *r, const uint8_t *p)
{
    uint64_t n;
    struct sy_view last = {0}, key = {0};
    p = read_count(r, p, &MAP, &n);
    if (p == NULL || !open_container(r, p, 2 * n)) {
        return NULL;
    }
    for (uint64_t i = 0; p != NULL && i < n; i++) {
        p = read_str(r, p, &key);
        p = p != NULL && (i == 0 || sy_view_cmp(last, key) < 0) ? skip(r, p) : NULL;
        last = key;
    }
    r->depth--;
    return p;
}

static const uint8_t *skip(struct reader *r, const uint8_t *p)
{
    struct sy_view v;
    int64_t i;
    uint64_t u;
    bool b;
    if (p == r->end) {
        return NULL;
    }
    const uint8_t first = *p;
    if (first <= 0x7F || (first >= 0xCC && first <= 0xCF)) {
        return read_u64(r, p, &u);
    }
    if (first >= 0xE0 || (first >= 0xD0 && first <= 0xD3)) {
        return read_i64(r, p, &i);
    }
    if (first <= 0x8F || first >= 0xDE) {
        return skip_map(r, p);
    }
    if (first <= 0x9F || first >= 0xDC) {
        return skip_array(r, p);
    }
    if (first <= 0xBF || first >= 0xD9) {
        return read_str(r, p, &v);
    }
    if (first == 0xC0) { /* nil */
        return p + 1;
    }
    return first <= 0xC3 ? read_bool(r, p, &b) : read_bin(r, p, &v);
}

static const uint8_t *read_raw(struct reader *r, const uint8_t *p, struct sy_view *ret)
{
    const uint8_t *end = skip(r, p);
    if (end == NULL) {
        return NULL;
    }
    *ret = sy_arena_copy(r->arena, sy_view(p, (size_t)(end - p)));
    return ret->p != NULL ? end : NULL;
}

/* ---- records ---- */

static const uint8_t *read_record(struct reader *r, const uint8_t *p, const struct sy_desc *desc,
                                  void *record);

static const uint8_t *read_element(struct reader *r, const uint8_t *p, const struct sy_field *f,
                                   void *at)
{
    switch (f->kind) {
    case SY_KIND_strs:
        return read_str(r, p, at);
    case SY_KIND_bins:
        return read_bin(r, p, at);
    case SY_KIND_u64s:
        return read_u64(r, p, at);
    case SY_KIND_i64s:
        return read_i64(r, p, at);
    default:
        return read_record(r, p, f->sub, at);
    }
}

static const uint8_t *read_list(struct reader *r, const uint8_t *p, const struct sy_field *f,
                                void *record, bool *ret_some)
{
    const size_t width = sy_element_bytes(f);
    uint64_t count;
    p = read_count(r, p, &ARRAY, &count);
    if (p == NULL || count > SY_LIST_MAX || !open_container(r, p, count)) {
        return NULL;
    }
    const size_t n = (size_t)count;
    char *to = n == 0 ? NULL : sy_arena_alloc(r->arena, n, width);
    p = n == 0 || to != NULL ? p : NULL;
    for (size_t i = 0; p != NULL && i < n; i++) {
        p = read_element(r, p, f, to + i * width);
    }
    memcpy((char *)record + f->offset, &to, sizeof(to));
    memcpy((char *)record + f->n_offset, &n, sizeof(n));
    r->depth--;
    *ret_some = n != 0;
    return p;
}

/* What is optional does not come when it is zero or empty. */
static inline const uint8_t *read_field(struct reader *r, const uint8_t *p,
                                        const struct sy_field *f, void *record)
{
    void *at = (char *)record + f->offset;
    bool some = true; /* it is neither zero nor empty */
    switch (f->kind) {
    case SY_KIND_u64:
        p = read_u64(r, p, at);
        some = *(const uint64_t *)at != 0;
        break;
    case SY_KIND_i64:
        p = read_i64(r, p, at);
        some = *(const int64_t *)at != 0;
        break;
    case SY_KIND_bool:
        p = read_bool(r, p, at);
        some = *(const bool *)at;
        break;
    case SY_KIND_str:
        p = read_str(r, p, at);
        some = ((const struct sy_view *)at)->n != 0;
        break;
    case SY_KIND_bin:
        p = read_bin(r, p, at);
        some = ((const struct sy_view *)at)->n != 0;
        break;
    case SY_KIND_b16:
        p = read_bytes(r, p, 16, at);
        some = !sy_is_zero_words(at, 16);
        break;
    case SY_KIND_b32:
        p = read_bytes(r, p, 32, at);
        some = !sy_is_zero_words(at, 32);
        break;
    case SY_KIND_raw:
        p = read_raw(r, p, at);
        break; /* at least a byte */
    case SY_KIND_sub:
        p = read_record(r, p, f->sub, at);
        some = sy_schema_present(record, f);
        break;
    default: /* a list */
        p = read_list(r, p, f, record, &some);
    }
    return some || (f->flags & SY_OPT) == 0 ? p : NULL;
}

/* Is this the key that is due? Anything else is another's, or unknown: then nobody is left who takes it.
 * Mostly the first word tells, of which as much counts as is the key's. */
static inline bool is_key(const struct reader *r, const uint8_t *p, const struct sy_key *key)
{
    const uint8_t *due = (const uint8_t *)key;
    const size_t n = sy_key_bytes(key);
    if (!left(r, p, WORD)) {
        return left(r, p, n) && memcmp(p, due, n) == 0;
    }
    const uint64_t other = sy_load_be64(p) ^ sy_load_be64(due);
    if (n <= WORD) {
        return other >> (64 - 8 * n) == 0;
    }
    return other == 0 && left(r, p, n) && memcmp(p + WORD, due + WORD, n - WORD) == 0;
}

/* Keys that are due and do not come are absent; the one that comes must be found among the rest. */
static const uint8_t *read_record(struct reader *r, const uint8_t *p, const struct sy_desc *desc,
                                  void *record)
{
    uint64_t n;
    p = read_count(r, p, &MAP, &n);
    if (p == NULL || !open_container(r, p, 2 * n)) {
        return NULL;
    }
    for (size_t i = 0; p != NULL && i < desc->n_fields; i++) {
        const struct sy_field *f = &desc->fields[i];
        if (n > 0 && is_key(r, p, &f->coded)) {
            p = read_field(r, p + sy_key_bytes(&f->coded), f, record);
            n--;
        } else if ((f->flags & SY_OPT) == 0) {
            return NULL;
        }
    }
    r->depth--;
    return n == 0 ? p : NULL;
}

bool sy_schema_read(const struct sy_desc *desc, struct sy_view bytes,
                    const struct sy_mp_limits *limits, struct sy_arena *arena, void *record)
{
    if (bytes.n == 0 || bytes.n > limits->bytes || limits->values == 0) {
        return false;
    }
    struct reader r = {.end = bytes.p + bytes.n,
                       .depth_max = limits->depth < DEPTH_MAX ? limits->depth : DEPTH_MAX,
                       .values = limits->values - 1,
                       .arena = arena};
    return read_record(&r, bytes.p, desc, record) == r.end;
}
