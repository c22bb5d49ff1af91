/*
 * Records in one pass into room that is there already: most of what is ever encoded is a row of the state, into
 * a buffer that has held many, and needs neither growing nor a look at every byte twice.
 *
 * Each writer is given where the room ends and where the next byte goes, and returns where the one after its own
 * goes, NULL when it gives up. Room is asked for once a field, as much as any key and head need: short ones are then written a word at a
 * time, with bytes behind them that the next field overwrites.
 *
 * Invariants: what is written is what the reference (schema.c) would append, byte for byte; what does not fit the
 * room, and what the reference would refuse, ends the writing with NULL, which is not an error yet. A test
 * encodes the same records both ways.
 */
#include "schema_write.h"

#include "schema_bytes.h"
#include "schema_read.h"

enum { DEPTH_MAX = 16, HEAD_MAX = 9, FIXED_MAX = 2 + 32 };
/* For any field but what comes behind the head of a text, of bytes, of a list or of a record. */
enum { FIELD_MAX = sizeof(struct sy_key) + FIXED_MAX };

static inline bool room(const uint8_t *end, const uint8_t *p, size_t n)
{
    return (size_t)(end - p) >= n;
}

/* ---- heads: there is room for HEAD_MAX bytes ---- */

/* The last n bytes of v (1, 2, 4 or 8). */
static inline uint8_t *put_be(uint8_t *p, uint8_t first, uint64_t v, size_t n)
{
    *p = first;
    sy_store_be64(p + 1, v << (64 - 8 * n));
    return p + 1 + n;
}

static inline uint8_t *put_u64(uint8_t *p, uint64_t v)
{
    if (v <= 0x7F) {
        *p = (uint8_t)v;
        return p + 1;
    }
    const int form = (v > UINT8_MAX) + (v > UINT16_MAX) + (v > UINT32_MAX);
    return put_be(p, (uint8_t)(0xCC + form), v, (size_t)1 << form);
}

static inline uint8_t *put_i64(uint8_t *p, int64_t v)
{
    if (v >= 0) {
        return put_u64(p, (uint64_t)v);
    }
    if (v >= -32) {
        *p = (uint8_t)v;
        return p + 1;
    }
    const int form = (v < INT8_MIN) + (v < INT16_MIN) + (v < INT32_MIN);
    return put_be(p, (uint8_t)(0xD0 + form), (uint64_t)v, (size_t)1 << form);
}

/* The forms of a head with a length or a count: up to `fixed_max` in the first byte, then one (0: there is no
 * such form), two and four bytes. */
struct counted {
    uint8_t fixed, fixed_max;
    uint8_t one, two, four;
};
static const struct counted STR = {0xA0, 31, 0xD9, 0xDA, 0xDB};
static const struct counted BIN = {0, 0, 0xC4, 0xC5, 0xC6};
static const struct counted ARRAY = {0x90, 15, 0, 0xDC, 0xDD};
static const struct counted MAP = {0x80, 15, 0, 0xDE, 0xDF};

static inline uint8_t *put_count(uint8_t *p, const struct counted *f, size_t n)
{
    if (f->fixed != 0 && n <= f->fixed_max) {
        *p = (uint8_t)(f->fixed | n);
        return p + 1;
    }
    if (f->one != 0 && n <= UINT8_MAX) {
        return put_be(p, f->one, n, 1);
    }
    return n <= UINT16_MAX ? put_be(p, f->two, n, 2) : put_be(p, f->four, n, 4);
}

/* ---- values: there is room for FIXED_MAX bytes ---- */

static uint8_t *write_record(const uint8_t *end, uint8_t *head, const struct sy_desc *desc,
                             const void *record, int depth);

static inline uint8_t *put_fixed(uint8_t *p, const void *at, size_t n)
{
    p[0] = BIN.one;
    p[1] = (uint8_t)n;
    memcpy(p + 2, at, n);
    return p + 2 + n;
}

static inline uint8_t *write_blob(const uint8_t *end, uint8_t *p, const struct counted *f,
                                  const struct sy_view *v)
{
    if (v->n > UINT32_MAX || !room(end, p, HEAD_MAX + v->n)) {
        return NULL;
    }
    p = put_count(p, f, v->n);
    if (v->n > 0) {
        memcpy(p, v->p, v->n);
    }
    return p + v->n;
}

static uint8_t *write_bin(const uint8_t *end, uint8_t *p, const struct sy_view *v)
{
    return write_blob(end, p, &BIN, v);
}

static uint8_t *write_str(const uint8_t *end, uint8_t *p, const struct sy_view *v)
{
    return sy_view_is_utf8(*v) ? write_blob(end, p, &STR, v) : NULL;
}

/* One canonical value, or the whole record would be unreadable. */
static uint8_t *write_raw(const uint8_t *end, uint8_t *p, const struct sy_view *v)
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    if (!room(end, p, v->n) || !sy_ok(sy_mp_open(*v, &SY_MP_LARGE, &doc, NULL))) {
        return NULL;
    }
    memcpy(p, v->p, v->n);
    return p + v->n;
}

static uint8_t *write_element(const uint8_t *end, uint8_t *p, const struct sy_field *f,
                              const void *at, int depth)
{
    if (!room(end, p, HEAD_MAX)) {
        return NULL;
    }
    switch (f->kind) {
    case SY_KIND_strs:
        return write_str(end, p, at);
    case SY_KIND_bins:
        return write_bin(end, p, at);
    case SY_KIND_u64s:
        return put_u64(p, *(const uint64_t *)at);
    case SY_KIND_i64s:
        return put_i64(p, *(const int64_t *)at);
    default:
        return write_record(end, p, f->sub, at, depth + 1);
    }
}

static inline size_t count_at(const void *record, const struct sy_field *f)
{
    size_t n;
    memcpy(&n, (const char *)record + f->n_offset, sizeof(n));
    return n;
}

static uint8_t *write_list(const uint8_t *end, uint8_t *p, const struct sy_field *f,
                           const void *record, int depth)
{
    const size_t n = count_at(record, f), width = sy_element_bytes(f);
    const char *from;
    memcpy(&from, (const char *)record + f->offset, sizeof(from));
    if (depth >= DEPTH_MAX || n > SY_LIST_MAX || (n > 0 && from == NULL)) {
        return NULL;
    }
    p = put_count(p, &ARRAY, n);
    for (size_t i = 0; p != NULL && i < n; i++) {
        p = write_element(end, p, f, from + i * width, depth + 1);
    }
    return p;
}

/* ---- records ---- */

/* Key and value; nothing, and where it was, for an optional field that is zero or empty: what was written is then
 * overwritten. */
static inline uint8_t *write_field(const uint8_t *end, uint8_t *start, const struct sy_field *f,
                                   const void *record, int depth)
{
    const void *at = (const char *)record + f->offset;
    const struct sy_view *v = at;
    bool some; /* it is neither zero nor empty */
    if (!room(end, start, FIELD_MAX)) {
        return NULL;
    }
    memcpy(start, &f->coded, sizeof(f->coded));
    uint8_t *p = start + sy_key_bytes(&f->coded);
    switch (f->kind) {
    case SY_KIND_u64:
        some = *(const uint64_t *)at != 0;
        p = put_u64(p, *(const uint64_t *)at);
        break;
    case SY_KIND_i64:
        some = *(const int64_t *)at != 0;
        p = put_i64(p, *(const int64_t *)at);
        break;
    case SY_KIND_bool:
        some = *(const bool *)at;
        *p++ = some ? 0xC3 : 0xC2;
        break;
    case SY_KIND_str:
        some = v->n != 0;
        p = write_str(end, p, v);
        break;
    case SY_KIND_bin:
        some = v->n != 0;
        p = write_bin(end, p, v);
        break;
    case SY_KIND_b16:
        some = !sy_is_zero_words(at, 16);
        p = put_fixed(p, at, 16);
        break;
    case SY_KIND_b32:
        some = !sy_is_zero_words(at, 32);
        p = put_fixed(p, at, 32);
        break;
    case SY_KIND_raw:
        some = v->n != 0;
        p = some ? write_raw(end, p, v) : NULL;
        break;
    case SY_KIND_sub:
        some = sy_schema_present(record, f);
        p = some ? write_record(end, p, f->sub, at, depth + 1) : start;
        break;
    default: /* a list */
        some = count_at(record, f) != 0;
        p = write_list(end, p, f, record, depth);
    }
    return some || (f->flags & SY_OPT) == 0 ? p : start;
}

/* For so many entries that the head takes more than the byte in front of them, which was left for it. */
static uint8_t *write_long_head(const uint8_t *end, uint8_t *head, uint8_t *p, size_t n)
{
    uint8_t form[HEAD_MAX];
    const size_t more = (size_t)(put_count(form, &MAP, n) - form) - 1;
    if (!room(end, p, more)) {
        return NULL;
    }
    memmove(head + 1 + more, head + 1, (size_t)(p - head) - 1);
    memcpy(head, form, 1 + more);
    return p + more;
}

/* How many fields come is known, and the head written, when they have. */
static uint8_t *write_record(const uint8_t *end, uint8_t *head, const struct sy_desc *desc,
                             const void *record, int depth)
{
    size_t n = 0;
    if (depth > DEPTH_MAX || !room(end, head, 1)) {
        return NULL;
    }
    uint8_t *p = head + 1;
    for (size_t i = 0; i < desc->n_fields; i++) {
        uint8_t *next = write_field(end, p, &desc->fields[i], record, depth);
        if (next == NULL) {
            return NULL;
        }
        n += next != p;
        p = next;
    }
    if (n > MAP.fixed_max) {
        return write_long_head(end, head, p, n);
    }
    *head = (uint8_t)(MAP.fixed | n);
    return p;
}

size_t sy_schema_write(const struct sy_desc *desc, const void *record, uint8_t *to, size_t cap)
{
    const uint8_t *p = to == NULL ? NULL : write_record(to + cap, to, desc, record, 1);
    return p == NULL ? 0 : (size_t)(p - to);
}
