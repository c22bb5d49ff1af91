/*
 * Canonical MessagePack over msgpack-c. msgpack-c unpacks any form and packs only shortest forms,
 * so "pack again and compare" is the whole check of canonicity but for what it cannot know: map
 * keys, UTF-8, floats and ext are checked while packing. Invariants: nothing is unpacked before the
 * pre-scan passed; comparing streams over the original and allocates nothing; a writer that fails
 * leaves its buffer as it was.
 */
#include "wire/mp.h"

/* Values cost 24 bytes each once unpacked: these bound the zone to 1.5 MiB and 96 MiB. */
const struct sy_mp_limits SY_MP_REQUEST = {(size_t)1 << 20, 16, (size_t)1 << 16};
const struct sy_mp_limits SY_MP_LARGE = {(size_t)64 << 20, 16, (size_t)1 << 23};

/* Deeper than any message may be; bounds the recursion over objects of other origin. */
enum { DEPTH_MAX = 16 };

/* Where packed bytes go: appended to a buffer, or compared with what is expected next. The first
 * error sticks. */
struct sink {
    struct sy_buf *b;
    size_t before;
    struct sy_view expected;
    sy_status s;
};

static int append(void *data, const char *p, size_t n)
{
    struct sink *k = data;
    if (sy_ok(k->s)) {
        k->s = sy_buf_add(k->b, p, n);
    }
    return sy_ok(k->s) ? 0 : -1;
}

static int compare(void *data, const char *p, size_t n)
{
    struct sink *k = data;
    if (!sy_ok(k->s) || !sy_view_starts(k->expected, sy_view(p, n))) {
        k->s = sy_status_of(SY_E_NOT_CANONICAL);
        return -1;
    }
    k->expected = sy_view(k->expected.p + n, k->expected.n - n);
    return 0;
}

static msgpack_packer begin(struct sink *k, struct sy_buf *b)
{
    msgpack_packer pk;
    *k = (struct sink){.b = b, .before = b->n};
    msgpack_packer_init(&pk, k, append);
    return pk;
}

static sy_status end(struct sink *k)
{
    if (!sy_ok(k->s)) {
        k->b->n = k->before;
    }
    return k->s;
}

static bool pack(msgpack_packer *pk, const msgpack_object *o, unsigned depth);

static bool pack_str(msgpack_packer *pk, const msgpack_object_str *v)
{
    return sy_view_is_utf8(sy_view(v->ptr, v->size)) && msgpack_pack_str(pk, v->size) == 0 &&
           msgpack_pack_str_body(pk, v->ptr, v->size) == 0;
}

static bool pack_array(msgpack_packer *pk, const msgpack_object_array *v, unsigned depth)
{
    bool ok = msgpack_pack_array(pk, v->size) == 0;
    for (uint32_t i = 0; ok && i < v->size; i++) {
        ok = pack(pk, &v->ptr[i], depth);
    }
    return ok;
}

/* Keys must ascend, which also makes them unique. */
static bool pack_map(msgpack_packer *pk, const msgpack_object_map *v, unsigned depth)
{
    struct sy_view last = {0};
    bool ok = msgpack_pack_map(pk, v->size) == 0;
    for (uint32_t i = 0; ok && i < v->size; i++) {
        struct sy_view key;
        ok = sy_mp_str(&v->ptr[i].key, &key) && (i == 0 || sy_view_cmp(last, key) < 0) &&
             pack(pk, &v->ptr[i].key, depth) && pack(pk, &v->ptr[i].val, depth);
        last = key;
    }
    return ok;
}

/* False when the value has no canonical form or the sink failed. */
static bool pack(msgpack_packer *pk, const msgpack_object *o, unsigned depth)
{
    switch (o->type) {
    case MSGPACK_OBJECT_NIL:
        return msgpack_pack_nil(pk) == 0;
    case MSGPACK_OBJECT_BOOLEAN:
        return (o->via.boolean ? msgpack_pack_true(pk) : msgpack_pack_false(pk)) == 0;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return msgpack_pack_uint64(pk, o->via.u64) == 0;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return msgpack_pack_int64(pk, o->via.i64) == 0;
    case MSGPACK_OBJECT_STR:
        return pack_str(pk, &o->via.str);
    case MSGPACK_OBJECT_BIN:
        return msgpack_pack_bin(pk, o->via.bin.size) == 0 &&
               msgpack_pack_bin_body(pk, o->via.bin.ptr, o->via.bin.size) == 0;
    case MSGPACK_OBJECT_ARRAY:
        return depth < DEPTH_MAX && pack_array(pk, &o->via.array, depth + 1);
    case MSGPACK_OBJECT_MAP:
        return depth < DEPTH_MAX && pack_map(pk, &o->via.map, depth + 1);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
    case MSGPACK_OBJECT_EXT:
        break;
    }
    return false;
}

static bool is_canonical(const msgpack_object *o, struct sy_view bytes)
{
    struct sink k = {.expected = bytes};
    msgpack_packer pk;
    msgpack_packer_init(&pk, &k, compare);
    return pack(&pk, o, 0) && k.expected.n == 0;
}

sy_status sy_mp_open_loose(struct sy_view bytes, const struct sy_mp_limits *limits,
                           struct sy_mp_doc *ret, struct sy_error *reterr)
{
    *ret = (struct sy_mp_doc){0};
    SY_TRY(sy_mp_scan(bytes, limits, reterr));
    ret->zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    if (ret->zone == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    size_t at = 0;
    msgpack_unpack_return r =
        msgpack_unpack((const char *)bytes.p, bytes.n, &at, ret->zone, &ret->root);
    if (r == MSGPACK_UNPACK_SUCCESS && at == bytes.n) {
        return SY_OK;
    }
    /* The scan accepted it, so what remains is memory, or a parser that disagrees with the scan. */
    sy_mp_close(ret);
    return sy_fail(reterr, r == MSGPACK_UNPACK_NOMEM_ERROR ? SY_E_NO_MEMORY : SY_E_NOT_CANONICAL,
                   NULL, NULL);
}

sy_status sy_mp_open(struct sy_view bytes, const struct sy_mp_limits *limits, struct sy_mp_doc *ret,
                     struct sy_error *reterr)
{
    SY_TRY(sy_mp_open_loose(bytes, limits, ret, reterr));
    if (!is_canonical(&ret->root, bytes)) {
        sy_mp_close(ret);
        return sy_fail(reterr, SY_E_NOT_CANONICAL, NULL, NULL);
    }
    return SY_OK;
}

void sy_mp_close(struct sy_mp_doc *doc)
{
    if (doc == NULL) {
        return;
    }
    if (doc->zone != NULL) {
        msgpack_zone_free(doc->zone);
    }
    *doc = (struct sy_mp_doc){0};
}

/* ---- writing: the shortest head, by hand, for it is the most frequent thing of all ---- */

enum { HEAD_MAX = 9 };

/* `first` and n big-endian bytes of v; the length of the head. */
static size_t put_be(uint8_t head[HEAD_MAX], uint8_t first, uint64_t v, size_t n)
{
    head[0] = first;
    for (size_t i = 0; i < n; i++) {
        head[1 + i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    }
    return 1 + n;
}

static size_t head_u64(uint8_t head[HEAD_MAX], uint64_t v)
{
    if (v <= 0x7F) {
        head[0] = (uint8_t)v;
        return 1;
    }
    return v <= UINT8_MAX    ? put_be(head, 0xCC, v, 1)
           : v <= UINT16_MAX ? put_be(head, 0xCD, v, 2)
           : v <= UINT32_MAX ? put_be(head, 0xCE, v, 4)
                             : put_be(head, 0xCF, v, 8);
}

static size_t head_i64(uint8_t head[HEAD_MAX], int64_t v)
{
    const uint64_t bits = (uint64_t)v;
    if (v >= 0) {
        return head_u64(head, bits);
    }
    if (v >= -32) {
        head[0] = (uint8_t)bits;
        return 1;
    }
    return v >= INT8_MIN    ? put_be(head, 0xD0, bits, 1)
           : v >= INT16_MIN ? put_be(head, 0xD1, bits, 2)
           : v >= INT32_MIN ? put_be(head, 0xD2, bits, 4)
                            : put_be(head, 0xD3, bits, 8);
}

/* Heads of what has a length or a count: the short form holds it up to a limit, then come one (not for
 * arrays and maps), two and four bytes. */
struct counted {
    uint8_t fixed, fixed_max; /* 0, 0: no short form */
    uint8_t one, two, four;   /* 0: no such form */
};
static const struct counted STR = {0xA0, 31, 0xD9, 0xDA, 0xDB};
static const struct counted BIN = {0, 0, 0xC4, 0xC5, 0xC6};
static const struct counted ARRAY = {0x90, 15, 0, 0xDC, 0xDD};
static const struct counted MAP = {0x80, 15, 0, 0xDE, 0xDF};

static size_t head_counted(uint8_t head[HEAD_MAX], const struct counted *f, size_t n)
{
    if (f->fixed != 0 && n <= f->fixed_max) {
        head[0] = (uint8_t)(f->fixed | n);
        return 1;
    }
    return f->one != 0 && n <= UINT8_MAX ? put_be(head, f->one, n, 1)
           : n <= UINT16_MAX             ? put_be(head, f->two, n, 2)
                                         : put_be(head, f->four, n, 4);
}

static sy_status put_counted(struct sy_buf *b, const struct counted *f, size_t n,
                             struct sy_view body)
{
    uint8_t head[HEAD_MAX];
    size_t before = b->n;
    if (n > UINT32_MAX) {
        return sy_status_of(SY_E_LIMIT);
    }
    sy_status s = sy_buf_add(b, head, head_counted(head, f, n));
    s = sy_ok(s) ? sy_buf_add_view(b, body) : s;
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}

sy_status sy_mp_put_nil(struct sy_buf *b)
{
    return sy_buf_add(b, "\xC0", 1);
}

sy_status sy_mp_put_bool(struct sy_buf *b, bool v)
{
    return sy_buf_add(b, v ? "\xC3" : "\xC2", 1);
}

sy_status sy_mp_put_u64(struct sy_buf *b, uint64_t v)
{
    uint8_t head[HEAD_MAX];
    return sy_buf_add(b, head, head_u64(head, v));
}

sy_status sy_mp_put_i64(struct sy_buf *b, int64_t v)
{
    uint8_t head[HEAD_MAX];
    return sy_buf_add(b, head, head_i64(head, v));
}

sy_status sy_mp_put_str(struct sy_buf *b, struct sy_view v)
{
    if (v.n <= UINT32_MAX && !sy_view_is_utf8(v)) {
        return sy_status_of(SY_E_NOT_CANONICAL);
    }
    return put_counted(b, &STR, v.n, v);
}

sy_status sy_mp_put_bin(struct sy_buf *b, struct sy_view v)
{
    return put_counted(b, &BIN, v.n, v);
}

sy_status sy_mp_put_array(struct sy_buf *b, size_t n)
{
    return put_counted(b, &ARRAY, n, (struct sy_view){0});
}

sy_status sy_mp_put_map(struct sy_buf *b, size_t n)
{
    return put_counted(b, &MAP, n, (struct sy_view){0});
}

sy_status sy_mp_put_raw(struct sy_buf *b, struct sy_view canonical)
{
    return sy_buf_add_view(b, canonical);
}

sy_status sy_mp_put_object(struct sy_buf *b, const msgpack_object *o)
{
    struct sink k;
    msgpack_packer pk = begin(&k, b);
    if (!pack(&pk, o, 0) && sy_ok(k.s)) {
        k.s = sy_status_of(SY_E_NOT_CANONICAL);
    }
    return end(&k);
}

bool sy_mp_u64(const msgpack_object *o, uint64_t *ret)
{
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER) {
        return false;
    }
    *ret = o->via.u64;
    return true;
}

bool sy_mp_i64(const msgpack_object *o, int64_t *ret)
{
    bool positive = o->type == MSGPACK_OBJECT_POSITIVE_INTEGER && o->via.u64 <= INT64_MAX;
    if (!positive && o->type != MSGPACK_OBJECT_NEGATIVE_INTEGER) {
        return false;
    }
    *ret = positive ? (int64_t)o->via.u64 : o->via.i64;
    return true;
}

bool sy_mp_bool(const msgpack_object *o, bool *ret)
{
    if (o->type != MSGPACK_OBJECT_BOOLEAN) {
        return false;
    }
    *ret = o->via.boolean;
    return true;
}

bool sy_mp_str(const msgpack_object *o, struct sy_view *ret)
{
    if (o->type != MSGPACK_OBJECT_STR) {
        return false;
    }
    *ret = sy_view(o->via.str.ptr, o->via.str.size);
    return true;
}

bool sy_mp_bin(const msgpack_object *o, struct sy_view *ret)
{
    if (o->type != MSGPACK_OBJECT_BIN) {
        return false;
    }
    *ret = sy_view(o->via.bin.ptr, o->via.bin.size);
    return true;
}

bool sy_mp_text_or_bin(const msgpack_object *o, struct sy_view *ret)
{
    return sy_mp_str(o, ret) || sy_mp_bin(o, ret);
}

const msgpack_object *sy_mp_get(const msgpack_object *map, const char *key)
{
    if (map == NULL || map->type != MSGPACK_OBJECT_MAP) {
        return NULL;
    }
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *kv = &map->via.map.ptr[i];
        struct sy_view k;
        if (sy_mp_str(&kv->key, &k) && sy_view_is(k, key)) {
            return &kv->val;
        }
    }
    return NULL;
}
