/*
 * Records: struct <-> canonical map, driven by the descriptors that the X-macro lists make.
 * Both directions walk the fields in key order, which is the order of the map, so decoding is a
 * merge: a key that is not the one due is unknown, a field whose key does not come is absent.
 * Invariants: every record has exactly one encoding (optional fields are absent exactly when they
 * are zero); a failed encode leaves the buffer, a failed decode zeroes the record; recursion is
 * bounded by the message's depth limit. Details name fields by their path, never by content.
 *
 * Both are the reference, decoding by way of parsed objects; sound bytes never come to it, for
 * schema_read.c reads them in one pass, nor do records for which there is room, which schema_write.c writes.
 */
#include "schema_read.h"

#include <stdio.h>

#include "schema_write.h"

enum { DEPTH_MAX = 16 };

/* Where in the record we are: a chain on the stack, read only when something is wrong. */
struct path {
    const struct path *up;
    const char *key; /* NULL: an element of a list */
    size_t index;
};

struct decoder {
    struct sy_arena *arena;
    struct sy_error *reterr;
};

typedef sy_status put_fn(const struct sy_field *f, const void *at, struct sy_buf *b, int depth);
typedef sy_status get_fn(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                         const struct path *path, void *at);

struct kind_ops {
    size_t width;         /* bytes of one value in the struct; 0: as the sub-record says */
    enum sy_kind element; /* of a list; NONE when it is none */
    put_fn *put;
    get_fn *get;
};

static const struct kind_ops KINDS[SY_KIND_N];

static bool is_list(const struct sy_field *f)
{
    return KINDS[f->kind].element != SY_KIND_NONE;
}

static size_t width_of(const struct sy_field *f)
{
    return f->kind == SY_KIND_sub ? f->sub->size_bytes : KINDS[f->kind].width;
}

/* A list's element, seen as a field of its own. */
static struct sy_field element_of(const struct sy_field *f)
{
    return (struct sy_field){.key = f->key, .kind = KINDS[f->kind].element, .sub = f->sub};
}

static const void *value_at(const void *record, const struct sy_field *f)
{
    return (const char *)record + f->offset;
}

static size_t count_at(const void *record, const struct sy_field *f)
{
    size_t n;
    memcpy(&n, (const char *)record + f->n_offset, sizeof(n));
    return n;
}

static bool is_zero_bytes(const uint8_t *p, size_t n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) {
        any |= p[i];
    }
    return any == 0;
}

static bool is_zero(const void *record, const struct sy_field *f);

static bool is_zero_record(const struct sy_desc *desc, const void *record)
{
    for (size_t i = 0; i < desc->n_fields; i++) {
        if (!is_zero(record, &desc->fields[i])) {
            return false;
        }
    }
    return true;
}

/* Zero is what "absent" decodes to. Views and lists count by their size, not by their pointer. */
static bool is_zero(const void *record, const struct sy_field *f)
{
    const void *at = value_at(record, f);
    switch (f->kind) {
    case SY_KIND_u64:
    case SY_KIND_i64:
        return *(const uint64_t *)at == 0;
    case SY_KIND_bool:
        return !*(const bool *)at;
    case SY_KIND_str:
    case SY_KIND_bin:
    case SY_KIND_raw:
        return ((const struct sy_view *)at)->n == 0;
    case SY_KIND_b16:
        return is_zero_bytes(at, 16);
    case SY_KIND_b32:
        return is_zero_bytes(at, 32);
    case SY_KIND_sub:
        return is_zero_record(f->sub, at);
    default:
        return count_at(record, f) == 0; /* of a list */
    }
}

bool sy_schema_present(const void *record, const struct sy_field *f)
{
    return (f->flags & SY_OPT) == 0 || !is_zero(record, f);
}

/* ---- encoding ---- */

static sy_status put_record(const struct sy_desc *desc, const void *record, struct sy_buf *b,
                            int depth);

static sy_status put_u64(const struct sy_field *f, const void *at, struct sy_buf *b, int depth)
{
    (void)f, (void)depth;
    return sy_mp_put_u64(b, *(const uint64_t *)at);
}

static sy_status put_i64(const struct sy_field *f, const void *at, struct sy_buf *b, int depth)
{
    (void)f, (void)depth;
    return sy_mp_put_i64(b, *(const int64_t *)at);
}

static sy_status put_bool(const struct sy_field *f, const void *at, struct sy_buf *b, int depth)
{
    (void)f, (void)depth;
    return sy_mp_put_bool(b, *(const bool *)at);
}

static sy_status put_str(const struct sy_field *f, const void *at, struct sy_buf *b, int depth)
{
    (void)f, (void)depth;
    return sy_mp_put_str(b, *(const struct sy_view *)at);
}

static sy_status put_bin(const struct sy_field *f, const void *at, struct sy_buf *b, int depth)
{
    (void)f, (void)depth;
    return sy_mp_put_bin(b, *(const struct sy_view *)at);
}

/* Checked, because one raw field that is not canonical would make the whole record unreadable. */
static sy_status put_raw(const struct sy_field *f, const void *at, struct sy_buf *b, int depth)
{
    (void)f, (void)depth;
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    const struct sy_view *v = at;
    SY_TRY(sy_mp_open(*v, &SY_MP_LARGE, &doc, NULL));
    return sy_mp_put_raw(b, *v);
}

static sy_status put_fixed(const struct sy_field *f, const void *at, struct sy_buf *b, int depth)
{
    (void)depth;
    return sy_mp_put_bin(b, sy_view(at, width_of(f)));
}

static sy_status put_sub(const struct sy_field *f, const void *at, struct sy_buf *b, int depth)
{
    return put_record(f->sub, at, b, depth + 1);
}

static sy_status put_list(const struct sy_field *f, const void *record, struct sy_buf *b, int depth)
{
    const struct sy_field element = element_of(f);
    size_t n = count_at(record, f);
    const char *p;
    memcpy(&p, value_at(record, f), sizeof(p));
    if (depth >= DEPTH_MAX || n > SY_LIST_MAX || (n > 0 && p == NULL)) {
        return sy_status_of(SY_E_FIELD);
    }
    SY_TRY(sy_mp_put_array(b, n));
    for (size_t i = 0; i < n; i++) {
        SY_TRY(KINDS[element.kind].put(&element, p + i * width_of(&element), b, depth + 1));
    }
    return SY_OK;
}

/* Keys are short and plain (sy_record_check): one byte of head. */
static sy_status put_key(struct sy_buf *b, const char *key)
{
    enum { SHORT = 31, SHORT_STR = 0xA0 };
    const size_t n = strlen(key);
    uint8_t *p = n > SHORT ? NULL : sy_buf_reserve(b, 1 + n);
    if (p == NULL) {
        return sy_mp_put_str(b, sy_view_str(key));
    }
    p[0] = (uint8_t)(SHORT_STR | n);
    memcpy(p + 1, key, n);
    b->n += 1 + n;
    return SY_OK;
}

static sy_status put_field(const struct sy_field *f, const void *record, struct sy_buf *b,
                           int depth)
{
    SY_TRY(put_key(b, f->key));
    /* A list needs its count as well, so it is given the whole record. */
    return KINDS[f->kind].put(f, is_list(f) ? record : value_at(record, f), b, depth);
}

static sy_status put_record(const struct sy_desc *desc, const void *record, struct sy_buf *b,
                            int depth)
{
    size_t n = 0;
    if (depth > DEPTH_MAX) {
        return sy_status_of(SY_E_FIELD);
    }
    for (size_t i = 0; i < desc->n_fields; i++) {
        n += sy_schema_present(record, &desc->fields[i]) ? 1 : 0;
    }
    SY_TRY(sy_mp_put_map(b, n));
    for (size_t i = 0; i < desc->n_fields; i++) {
        if (sy_schema_present(record, &desc->fields[i])) {
            SY_TRY(put_field(&desc->fields[i], record, b, depth));
        }
    }
    return SY_OK;
}

sy_status sy_record_encode(const struct sy_desc *desc, const void *record, struct sy_buf *b)
{
    size_t before = b->n;
    b->n += b->p == NULL ? 0 : sy_schema_write(desc, record, b->p + b->n, b->cap - b->n);
    if (b->n > before) {
        return SY_OK;
    }
    sy_status s = put_record(desc, record, b, 1);
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s.code == SY_E_NOT_CANONICAL ? sy_status_of(SY_E_FIELD) : s;
}

/* ---- decoding ---- */

static void print_path(const struct path *path, char *ret, size_t cap)
{
    if (path == NULL || cap <= 1) {
        return;
    }
    print_path(path->up, ret, cap);
    size_t n = strlen(ret);
    const char *dot = n == 0 ? "" : ".";
    if (path->key == NULL) {
        (void)snprintf(ret + n, cap - n, "[%zu]", path->index);
    } else {
        (void)snprintf(ret + n, cap - n, "%s%s", dot, path->key);
    }
}

static sy_status refuse(struct decoder *d, const struct path *path, int32_t code, const char *why)
{
    char field[sizeof(((struct sy_error *)NULL)->field)] = "";
    print_path(path, field, sizeof(field));
    return sy_fail(d->reterr, code, field, "%s", why);
}

static sy_status get_record(struct decoder *d, const struct sy_desc *desc, const msgpack_object *o,
                            const struct path *path, void *record);

static sy_status get_u64(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                         const struct path *path, void *at)
{
    (void)f;
    return sy_mp_u64(o, at) ? SY_OK : refuse(d, path, SY_E_FIELD, "not a number from 0 to 2^64-1");
}

static sy_status get_i64(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                         const struct path *path, void *at)
{
    (void)f;
    return sy_mp_i64(o, at) ? SY_OK : refuse(d, path, SY_E_FIELD, "not a signed 64-bit number");
}

static sy_status get_bool(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                          const struct path *path, void *at)
{
    (void)f;
    return sy_mp_bool(o, at) ? SY_OK : refuse(d, path, SY_E_FIELD, "not true or false");
}

static sy_status get_str(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                         const struct path *path, void *at)
{
    (void)f;
    return sy_mp_str(o, at) ? SY_OK : refuse(d, path, SY_E_FIELD, "not text");
}

static sy_status get_bin(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                         const struct path *path, void *at)
{
    (void)f;
    return sy_mp_bin(o, at) ? SY_OK : refuse(d, path, SY_E_FIELD, "not bytes");
}

/* A parsed object does not know its bytes; canonical ones come back by packing it again. */
static sy_status get_raw(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                         const struct path *path, void *at)
{
    (void)f;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_MP_LARGE.bytes);
    sy_status s = sy_mp_put_object(&b, o);
    if (!sy_ok(s)) {
        return refuse(d, path, s.code, "not one canonical value");
    }
    struct sy_view copy = sy_arena_copy(d->arena, sy_buf_view(&b));
    if (copy.p == NULL) {
        return refuse(d, path, SY_E_LIMIT, "larger than a decoder may hold");
    }
    *(struct sy_view *)at = copy;
    return SY_OK;
}

static sy_status get_fixed(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                           const struct path *path, void *at)
{
    struct sy_view v;
    if (!sy_mp_bin(o, &v) || v.n != width_of(f)) {
        return refuse(d, path, SY_E_FIELD, "not bytes of the required length");
    }
    memcpy(at, v.p, v.n);
    return SY_OK;
}

static sy_status get_sub(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                         const struct path *path, void *at)
{
    return get_record(d, f->sub, o, path, at);
}

static sy_status get_elements(struct decoder *d, const struct sy_field *element,
                              const msgpack_object_array *list, const struct path *path, char *p)
{
    for (uint32_t i = 0; i < list->size; i++) {
        const struct path here = {.up = path, .index = i};
        SY_TRY(
            KINDS[element->kind].get(d, element, &list->ptr[i], &here, p + i * width_of(element)));
    }
    return SY_OK;
}

static sy_status get_list(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                          const struct path *path, void *record)
{
    const struct sy_field element = element_of(f);
    if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size > SY_LIST_MAX) {
        return refuse(d, path, SY_E_FIELD, "not a list, or a list that is too long");
    }
    size_t n = o->via.array.size;
    if (n == 0) {
        return SY_OK;
    }
    char *p = sy_arena_alloc(d->arena, n, width_of(&element));
    if (p == NULL) {
        return refuse(d, path, SY_E_LIMIT, "larger than a decoder may hold");
    }
    SY_TRY(get_elements(d, &element, &o->via.array, path, p));
    memcpy((char *)record + f->offset, &p, sizeof(p));
    memcpy((char *)record + f->n_offset, &n, sizeof(n));
    return SY_OK;
}

static sy_status get_field(struct decoder *d, const struct sy_field *f, const msgpack_object *o,
                           const struct path *path, void *record)
{
    void *at = is_list(f) ? record : (char *)record + f->offset;
    SY_TRY(KINDS[f->kind].get(d, f, o, path, at));
    if (!sy_schema_present(record, f)) {
        return refuse(d, path, SY_E_FIELD, "zero or empty; leave the field out instead");
    }
    return SY_OK;
}

/* How entry i of the map stands to the key that is due: <0 before it (so it is unknown), 0 it is
 * the one, >0 after it or there is no more (so the field is absent). */
static int compare_due(const msgpack_object_map *map, uint32_t i, const char *key)
{
    struct sy_view k;
    if (i >= map->size) {
        return 1;
    }
    return sy_mp_str(&map->ptr[i].key, &k) ? sy_view_cmp(k, sy_view_str(key)) : -1;
}

static sy_status get_record(struct decoder *d, const struct sy_desc *desc, const msgpack_object *o,
                            const struct path *path, void *record)
{
    if (o->type != MSGPACK_OBJECT_MAP) {
        return refuse(d, path, SY_E_FIELD, "not a map");
    }
    const msgpack_object_map *map = &o->via.map;
    uint32_t taken = 0;
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct sy_field *f = &desc->fields[i];
        const struct path here = {.up = path, .key = f->key};
        int order = compare_due(map, taken, f->key);
        if (order == 0) {
            SY_TRY(get_field(d, f, &map->ptr[taken].val, &here, record));
            taken++;
        } else if (order < 0) {
            break;
        } else if ((f->flags & SY_OPT) == 0) {
            return refuse(d, &here, SY_E_FIELD, "missing");
        }
    }
    return taken == map->size ? SY_OK : refuse(d, path, SY_E_FIELD, "an unknown field");
}

sy_status sy_record_decode_object(const struct sy_desc *desc, const msgpack_object *o,
                                  struct sy_arena *arena, void *ret_record, struct sy_error *reterr)
{
    struct decoder d = {arena, reterr};
    memset(ret_record, 0, desc->size_bytes);
    sy_status s = get_record(&d, desc, o, NULL, ret_record);
    if (!sy_ok(s)) {
        memset(ret_record, 0, desc->size_bytes);
    }
    return s;
}

sy_status sy_record_decode(const struct sy_desc *desc, struct sy_view bytes,
                           const struct sy_mp_limits *limits, struct sy_arena *arena,
                           void *ret_record, struct sy_error *reterr)
{
    memset(ret_record, 0, desc->size_bytes);
    if (sy_schema_read(desc, bytes, limits, arena, ret_record)) {
        return SY_OK;
    }
    /* Whatever is wrong with it, the reference finds and names it. */
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    memset(ret_record, 0, desc->size_bytes);
    SY_TRY(sy_mp_open(bytes, limits, &doc, reterr));
    return sy_record_decode_object(desc, &doc.root, arena, ret_record, reterr);
}

static const struct kind_ops KINDS[SY_KIND_N] = {
    [SY_KIND_u64] = {sizeof(uint64_t), SY_KIND_NONE, put_u64, get_u64},
    [SY_KIND_i64] = {sizeof(int64_t), SY_KIND_NONE, put_i64, get_i64},
    [SY_KIND_bool] = {sizeof(bool), SY_KIND_NONE, put_bool, get_bool},
    [SY_KIND_str] = {sizeof(struct sy_view), SY_KIND_NONE, put_str, get_str},
    [SY_KIND_bin] = {sizeof(struct sy_view), SY_KIND_NONE, put_bin, get_bin},
    [SY_KIND_raw] = {sizeof(struct sy_view), SY_KIND_NONE, put_raw, get_raw},
    [SY_KIND_b16] = {16, SY_KIND_NONE, put_fixed, get_fixed},
    [SY_KIND_b32] = {32, SY_KIND_NONE, put_fixed, get_fixed},
    [SY_KIND_strs] = {sizeof(void *), SY_KIND_str, put_list, get_list},
    [SY_KIND_bins] = {sizeof(void *), SY_KIND_bin, put_list, get_list},
    [SY_KIND_u64s] = {sizeof(void *), SY_KIND_u64, put_list, get_list},
    [SY_KIND_i64s] = {sizeof(void *), SY_KIND_i64, put_list, get_list},
    [SY_KIND_sub] = {0, SY_KIND_NONE, put_sub, get_sub},
    [SY_KIND_list] = {sizeof(void *), SY_KIND_sub, put_list, get_list},
};

/* ---- the rules for descriptors ---- */

static const char *check_desc(const struct sy_desc *desc, int depth);

static bool fits_struct(const struct sy_desc *desc, size_t offset, size_t n)
{
    return offset <= desc->size_bytes && n <= desc->size_bytes - offset;
}

/* The key twice: as a string and as it is encoded. */
static bool is_coded(const struct sy_key *coded, struct sy_view key)
{
    return key.n <= SY_KEY_MAX && coded->head == (0xA0 | key.n) &&
           memcmp(coded->text, key.p, key.n) == 0;
}

static bool is_field_sound(const struct sy_desc *desc, const struct sy_field *f)
{
    if (f->kind <= SY_KIND_NONE || f->kind >= SY_KIND_N || (f->flags & ~(unsigned)SY_OPT) != 0) {
        return false;
    }
    bool nested = f->kind == SY_KIND_sub || f->kind == SY_KIND_list;
    if (nested != (f->sub != NULL) || !fits_struct(desc, f->offset, width_of(f))) {
        return false;
    }
    struct sy_view key = sy_view_str(f->key);
    return key.n > 0 && sy_view_is_utf8(key) && is_coded(&f->coded, key) &&
           (!is_list(f) || (f->n_offset != 0 && fits_struct(desc, f->n_offset, sizeof(size_t))));
}

/* The bound stops at records that contain lists of themselves. */
static const char *check_field(const struct sy_desc *desc, size_t i, int depth)
{
    const struct sy_field *f = &desc->fields[i];
    bool ascends = i == 0 || strcmp(desc->fields[i - 1].key, f->key) < 0;
    if (!is_field_sound(desc, f) || !ascends) {
        return f->key == NULL ? "(no key)" : f->key;
    }
    return f->sub == NULL || depth == 0 ? NULL : check_desc(f->sub, depth - 1);
}

static const char *check_desc(const struct sy_desc *desc, int depth)
{
    for (size_t i = 0; i < desc->n_fields; i++) {
        const char *key = check_field(desc, i, depth);
        if (key != NULL) {
            return key;
        }
    }
    return NULL;
}

const char *sy_record_check(const struct sy_desc *desc)
{
    return check_desc(desc, DEPTH_MAX);
}
