/*
 * Public leaves. They are read by strangers' tools and hashed as they are, so they are canonical
 * msgpack to the byte. Invariant: a leaf that parses encodes to the same bytes again.
 */
#include "proof/leaf.h"

enum { N_ELEMENTS = 4, DAY_S = 86400 };

static const struct sy_mp_limits LEAF_LIMITS = {PROOF_LEAF_MAX, 1, 1 + N_ELEMENTS};

void proof_body_commit(uint8_t ret[PROOF_HASH_BYTES], const uint8_t salt[PROOF_SALT_BYTES],
                       struct sy_view body)
{
    PROOF_SHA256(ret, "shuyu-body-1", sy_view(salt, PROOF_SALT_BYTES), body);
}

static bool is_type(struct sy_view v)
{
    return v.n >= 1 && v.n <= PROOF_LEAF_TYPE_MAX && sy_view_is_utf8(v);
}

static sy_status put_leaf(const struct proof_leaf *leaf, struct sy_buf *b)
{
    SY_TRY(sy_mp_put_array(b, N_ELEMENTS));
    SY_TRY(sy_mp_put_u64(b, SY_LEAF_SCHEMA));
    SY_TRY(sy_mp_put_str(b, leaf->type));
    SY_TRY(sy_mp_put_u64(b, leaf->utc_day));
    return sy_mp_put_bin(b, sy_view(leaf->commitment, sizeof(leaf->commitment)));
}

sy_status proof_leaf_encode(const struct proof_leaf *leaf, struct sy_buf *b)
{
    if (!is_type(leaf->type)) {
        return sy_status_of(SY_E_FIELD);
    }
    size_t before = b->n;
    sy_status s = put_leaf(leaf, b);
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}

sy_status proof_leaf_make(struct sy_view type, uint32_t utc_day,
                          const uint8_t salt[PROOF_SALT_BYTES], struct sy_view body,
                          struct sy_buf *b)
{
    struct proof_leaf leaf = {.type = type, .utc_day = utc_day};
    proof_body_commit(leaf.commitment, salt, body);
    return proof_leaf_encode(&leaf, b);
}

static bool read_leaf(const msgpack_object *o, struct proof_leaf *ret)
{
    uint64_t schema = 0;
    uint64_t day = 0;
    struct sy_view commitment = {0};
    if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size != N_ELEMENTS) {
        return false;
    }
    const msgpack_object *e = o->via.array.ptr;
    if (!sy_mp_u64(&e[0], &schema) || schema != SY_LEAF_SCHEMA || !sy_mp_str(&e[1], &ret->type) ||
        !is_type(ret->type) || !sy_mp_u64(&e[2], &day) || day > UINT32_MAX ||
        !sy_mp_bin(&e[3], &commitment) || commitment.n != PROOF_HASH_BYTES) {
        return false;
    }
    ret->utc_day = (uint32_t)day;
    memcpy(ret->commitment, commitment.p, PROOF_HASH_BYTES);
    return true;
}

/* Leaves of our time, in one look: a day of two bytes, a short type. Anything else is parsed in full. */
static bool read_usual(struct sy_view v, struct proof_leaf *ret)
{
    enum { HEAD = 3, DAY = 3, BIN = 2, TYPE_AT = 3 };
    const size_t n = v.n < HEAD ? 0 : v.p[2] & 0x1FU;
    if (v.n != HEAD + n + DAY + BIN + PROOF_HASH_BYTES || v.p[0] != (0x90 | N_ELEMENTS) ||
        v.p[1] != SY_LEAF_SCHEMA || (v.p[2] & 0xE0U) != 0xA0) {
        return false;
    }
    const uint8_t *day = v.p + TYPE_AT + n;
    const uint8_t *bin = day + DAY;
    ret->type = sy_view(v.p + TYPE_AT, n);
    ret->utc_day = (uint32_t)day[1] << 8 | day[2];
    memcpy(ret->commitment, bin + BIN, PROOF_HASH_BYTES);
    return day[0] == 0xCD && ret->utc_day > UINT8_MAX && bin[0] == 0xC4 &&
           bin[1] == PROOF_HASH_BYTES && is_type(ret->type);
}

sy_status proof_leaf_parse(struct sy_view bytes, struct proof_leaf *ret, struct sy_error *reterr)
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    struct proof_leaf leaf = {0};
    if (read_usual(bytes, &leaf)) {
        *ret = leaf;
        return SY_OK;
    }
    leaf = (struct proof_leaf){0};
    SY_TRY(sy_mp_open(bytes, &LEAF_LIMITS, &doc, reterr));
    if (!read_leaf(&doc.root, &leaf)) {
        return sy_fail(reterr, SY_E_FIELD, "leaf", "not a leaf [1, type, day, commitment]");
    }
    *ret = leaf;
    return SY_OK;
}

sy_status proof_leaf_check(struct sy_view bytes, const uint8_t salt[PROOF_SALT_BYTES],
                           struct sy_view body, struct sy_error *reterr)
{
    struct proof_leaf leaf;
    uint8_t want[PROOF_HASH_BYTES];
    SY_TRY(proof_leaf_parse(bytes, &leaf, reterr));
    proof_body_commit(want, salt, body);
    if (memcmp(want, leaf.commitment, sizeof(want)) != 0) {
        return sy_fail(reterr, SY_E_DIGEST, "leaf", "salt and body are not what the leaf names");
    }
    return SY_OK;
}

sy_status proof_leaf_names(struct sy_view bytes, const struct sy_event *event,
                           struct sy_error *reterr)
{
    struct proof_leaf leaf = {0};
    SY_TRY(proof_leaf_parse(bytes, &leaf, reterr));
    if (!sy_view_eq(leaf.type, event->type) || event->inputs.time < 0 ||
        leaf.utc_day != (uint64_t)event->inputs.time / DAY_S) {
        return sy_fail(reterr, SY_E_TAMPERED, "leaf", "the leaf's type or day is not the event's");
    }
    return SY_OK;
}
