/*
 * Records in one pass into room that is there already: most of what is ever encoded is a row of the state, into
 * a buffer that has held many, and needs neither growing nor a look at every byte twice.
 *
 * Invariants: what is written is what the reference (schema.c) would append, byte for byte; what does not fit the
 * room, and what the reference would refuse, ends the writing with false, which is not an error yet. A test
 * encodes the same records both ways.
 */
#include "schema_write.h"

#include "schema_read.h"

enum { DEPTH_MAX = 16, HEAD_MAX = 9, FIELDS_MAX = 64, KEY_MAX = 31 };

struct writer {
    uint8_t *p;
    const uint8_t *end;
};

static bool room(const struct writer *w, size_t n)
{
    return (size_t)(w->end - w->p) >= n;
}

/* ---- heads: there is room for HEAD_MAX bytes ---- */

static void put_be(struct writer *w, uint8_t first, uint64_t v, size_t n)
{
    *w->p++ = first;
    for (size_t i = n; i > 0; i--) {
        *w->p++ = (uint8_t)(v >> (8 * (i - 1)));
    }
}

static void put_u64(struct writer *w, uint64_t v)
{
    if (v <= 0x7F) {
        *w->p++ = (uint8_t)v;
    } else if (v <= UINT8_MAX) {
        put_be(w, 0xCC, v, 1);
    } else if (v <= UINT16_MAX) {
        put_be(w, 0xCD, v, 2);
    } else if (v <= UINT32_MAX) {
        put_be(w, 0xCE, v, 4);
    } else {
        put_be(w, 0xCF, v, 8);
    }
}

static void put_i64(struct writer *w, int64_t v)
{
    if (v >= 0) {
        put_u64(w, (uint64_t)v);
    } else if (v >= -32) {
        *w->p++ = (uint8_t)v;
    } else if (v >= INT8_MIN) {
        put_be(w, 0xD0, (uint64_t)v, 1);
    } else if (v >= INT16_MIN) {
        put_be(w, 0xD1, (uint64_t)v, 2);
    } else if (v >= INT32_MIN) {
        put_be(w, 0xD2, (uint64_t)v, 4);
    } else {
        put_be(w, 0xD3, (uint64_t)v, 8);
    }
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

static void put_count(struct writer *w, const struct counted *f, size_t n)
{
    if (f->fixed != 0 && n <= f->fixed_max) {
        *w->p++ = (uint8_t)(f->fixed | n);
    } else if (f->one != 0 && n <= UINT8_MAX) {
        put_be(w, f->one, n, 1);
    } else if (n <= UINT16_MAX) {
        put_be(w, f->two, n, 2);
    } else {
        put_be(w, f->four, n, 4);
    }
}

/* ---- values ---- */

static bool write_record(struct writer *w, const struct sy_desc *desc, const void *record,
                         int depth);

static bool write_blob(struct writer *w, const struct counted *f, const uint8_t *p, size_t n)
{
    if (n > UINT32_MAX || !room(w, HEAD_MAX + n)) {
        return false;
    }
    put_count(w, f, n);
    if (n > 0) {
        memcpy(w->p, p, n);
    }
    w->p += n;
    return true;
}

/* One canonical value, or the whole record would be unreadable. */
static bool write_raw(struct writer *w, const struct sy_view *v)
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    if (!room(w, v->n) || !sy_ok(sy_mp_open(*v, &SY_MP_LARGE, &doc, NULL))) {
        return false;
    }
    memcpy(w->p, v->p, v->n);
    w->p += v->n;
    return true;
}

/* A value at `at`, but for lists, which are fields only. */
static bool write_value(struct writer *w, const struct sy_field *f, const void *at, int depth)
{
    const struct sy_view *v = at;
    if (!room(w, HEAD_MAX)) {
        return false;
    }
    switch (f->kind) {
    case SY_KIND_u64:
        put_u64(w, *(const uint64_t *)at);
        return true;
    case SY_KIND_i64:
        put_i64(w, *(const int64_t *)at);
        return true;
    case SY_KIND_bool:
        *w->p++ = *(const bool *)at ? 0xC3 : 0xC2;
        return true;
    case SY_KIND_str:
        return sy_view_is_utf8(*v) && write_blob(w, &STR, v->p, v->n);
    case SY_KIND_bin:
        return write_blob(w, &BIN, v->p, v->n);
    case SY_KIND_raw:
        return write_raw(w, v);
    case SY_KIND_b16:
        return write_blob(w, &BIN, at, 16);
    case SY_KIND_b32:
        return write_blob(w, &BIN, at, 32);
    case SY_KIND_sub:
        return write_record(w, f->sub, at, depth + 1);
    default:
        return false;
    }
}

static bool write_list(struct writer *w, const struct sy_field *f, const void *record, int depth)
{
    const struct sy_field element = sy_schema_element(f);
    const size_t width = sy_schema_width(&element);
    const char *p;
    size_t n;
    memcpy(&p, (const char *)record + f->offset, sizeof(p));
    memcpy(&n, (const char *)record + f->n_offset, sizeof(n));
    if (depth >= DEPTH_MAX || n > SY_LIST_MAX || (n > 0 && p == NULL) || !room(w, HEAD_MAX)) {
        return false;
    }
    put_count(w, &ARRAY, n);
    bool fine = true;
    for (size_t i = 0; fine && i < n; i++) {
        fine = write_value(w, &element, p + i * width, depth + 1);
    }
    return fine;
}

/* Keys are plain and short (sy_record_check), mostly too short for calling anything. */
static bool write_key(struct writer *w, const char *key)
{
    size_t n = 0;
    if (!room(w, 1 + KEY_MAX)) {
        return false;
    }
    while (key[n] != '\0' && n < KEY_MAX) {
        w->p[1 + n] = (uint8_t)key[n];
        n++;
    }
    w->p[0] = (uint8_t)(STR.fixed | n);
    w->p += 1 + n;
    return key[n] == '\0';
}

static bool write_field(struct writer *w, const struct sy_field *f, const void *record, int depth)
{
    if (!write_key(w, f->key)) {
        return false;
    }
    switch (f->kind) {
    case SY_KIND_strs:
    case SY_KIND_bins:
    case SY_KIND_u64s:
    case SY_KIND_i64s:
    case SY_KIND_list:
        return write_list(w, f, record, depth);
    default:
        return write_value(w, f, (const char *)record + f->offset, depth);
    }
}

/* Which fields come is asked once: the head says how many, the loop which. */
static bool write_record(struct writer *w, const struct sy_desc *desc, const void *record,
                         int depth)
{
    uint64_t present = 0;
    size_t n = 0;
    if (depth > DEPTH_MAX || desc->n_fields > FIELDS_MAX || !room(w, HEAD_MAX)) {
        return false;
    }
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct sy_field *f = &desc->fields[i];
        const bool comes = (f->flags & SY_OPT) == 0 || sy_schema_present(record, f);
        present |= (uint64_t)comes << i;
        n += comes;
    }
    put_count(w, &MAP, n);
    bool fine = true;
    for (size_t i = 0; fine && i < desc->n_fields; i++) {
        fine = (present >> i & 1) == 0 || write_field(w, &desc->fields[i], record, depth);
    }
    return fine;
}

size_t sy_schema_write(const struct sy_desc *desc, const void *record, uint8_t *to, size_t cap)
{
    if (to == NULL) {
        return 0;
    }
    struct writer w = {to, to + cap};
    return write_record(&w, desc, record, 1) ? (size_t)(w.p - to) : 0;
}
