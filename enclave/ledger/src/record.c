/*
 * Records: encode and parse. Invariants: what record_parse accepts lies within the bytes given and
 * has every field in its only form, so a record has one encoding; the chain moves only past records
 * that were accepted.
 */
#include "record.h"

#include "base/arith.h"
#include "crc32c.h"
#include "proof/leaf.h"

#define HEAD_MAGIC "shuyu-ledger-1\0" /* 16 bytes with the terminator */

enum {
    AT_CRC = 4,
    AT_SEQ = 8,
    AT_KIND = 16,
    AT_HEAD_CRC = 20,
    AT_PREV = 24,
    HEAD_FIXED = 16 + 3 * 8,
};

static const uint8_t NO_SALT[LEDGER_SALT_BYTES];

size_t record_bytes(size_t n_payload)
{
    return (RECORD_HEAD_BYTES + n_payload + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1);
}

static size_t total(const struct sy_view *parts, size_t n_parts)
{
    size_t n = 0;
    for (size_t i = 0; i < n_parts; i++) {
        n += parts[i].n;
    }
    return n;
}

/* The frame's own checksum, its place taken as zeros. */
static uint32_t head_crc(const uint8_t *p)
{
    uint8_t frame[RECORD_HEAD_BYTES];
    memcpy(frame, p, sizeof(frame));
    memset(frame + AT_HEAD_CRC, 0, 4);
    return crc32c(sy_view(frame, sizeof(frame)));
}

static void fill(uint8_t *p, const struct chain *chain, enum record_kind kind,
                 const struct sy_view *parts, size_t n_parts)
{
    size_t at = RECORD_HEAD_BYTES;
    size_t n = total(parts, n_parts);
    memset(p, 0, record_bytes(n));
    sy_store_le32(p, (uint32_t)n);
    sy_store_le64(p + AT_SEQ, chain->seq + 1);
    sy_store_le32(p + AT_KIND, (uint32_t)kind);
    memcpy(p + AT_PREV, chain->prev, PROOF_HASH_BYTES);
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].n > 0) {
            memcpy(p + at, parts[i].p, parts[i].n);
            at += parts[i].n;
        }
    }
    sy_store_le32(p + AT_CRC, crc32c(sy_view(p + RECORD_HEAD_BYTES, n)));
    sy_store_le32(p + AT_HEAD_CRC, head_crc(p));
}

static void move_on(struct chain *chain, const uint8_t *p, size_t n_payload)
{
    proof_sha256_one(chain->prev, sy_view(p, RECORD_HEAD_BYTES + n_payload));
    chain->seq++;
}

sy_status record_add(struct sy_buf *b, struct chain *chain, enum record_kind kind,
                     const struct sy_view *parts, size_t n_parts)
{
    size_t n = total(parts, n_parts);
    uint8_t *p = sy_buf_reserve(b, record_bytes(n));
    if (p == NULL) {
        return sy_status_of(record_bytes(n) > b->ceiling - b->n ? SY_E_LIMIT : SY_E_NO_MEMORY);
    }
    fill(p, chain, kind, parts, n_parts);
    move_on(chain, p, n);
    b->n += record_bytes(n);
    return SY_OK;
}

static bool is_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

bool record_frame(struct sy_view bytes, size_t *ret_n)
{
    if (bytes.n < RECORD_HEAD_BYTES) {
        return false;
    }
    size_t n = sy_load_le32(bytes.p);
    uint32_t kind = sy_load_le32(bytes.p + AT_KIND);
    if (n == 0 || n > bytes.n - RECORD_HEAD_BYTES || record_bytes(n) > bytes.n ||
        kind == RECORD_NONE || kind >= RECORD_N ||
        head_crc(bytes.p) != sy_load_le32(bytes.p + AT_HEAD_CRC)) {
        return false;
    }
    *ret_n = n;
    return true;
}

enum record_kind record_frame_kind(struct sy_view bytes)
{
    return (enum record_kind)sy_load_le32(bytes.p + AT_KIND);
}

bool record_parse(struct sy_view bytes, struct record *ret)
{
    size_t n = 0;
    if (!record_frame(bytes, &n)) {
        return false;
    }
    const uint8_t *p = bytes.p;
    size_t end = RECORD_HEAD_BYTES + n;
    if (!is_zero(p + end, record_bytes(n) - end) ||
        crc32c(sy_view(p + RECORD_HEAD_BYTES, n)) != sy_load_le32(p + AT_CRC)) {
        return false;
    }
    *ret = (struct record){.kind = (enum record_kind)sy_load_le32(p + AT_KIND),
                           .seq = sy_load_le64(p + AT_SEQ),
                           .payload = sy_view(p + RECORD_HEAD_BYTES, n)};
    memcpy(ret->prev, p + AT_PREV, PROOF_HASH_BYTES);
    return true;
}

bool record_follows(const struct record *r, struct sy_view bytes, struct chain *chain)
{
    if (r->seq != chain->seq + 1 || memcmp(r->prev, chain->prev, PROOF_HASH_BYTES) != 0) {
        return false;
    }
    move_on(chain, bytes.p, r->payload.n);
    return true;
}

sy_status record_add_head(struct sy_buf *b, struct chain *chain, const struct record_head *head)
{
    uint8_t fixed[HEAD_FIXED];
    memcpy(fixed, HEAD_MAGIC, 16);
    sy_store_le64(fixed + 16, head->number);
    sy_store_le64(fixed + 24, head->first_entry);
    sy_store_le64(fixed + 32, head->segment_bytes);
    const struct sy_view parts[] = {sy_view(fixed, sizeof(fixed)), head->origin};
    return record_add(b, chain, RECORD_HEAD, parts, 2);
}

bool record_parse_head(struct sy_view payload, struct record_head *ret)
{
    if (payload.n < HEAD_FIXED || memcmp(payload.p, HEAD_MAGIC, 16) != 0) {
        return false;
    }
    *ret = (struct record_head){.number = sy_load_le64(payload.p + 16),
                                .first_entry = sy_load_le64(payload.p + 24),
                                .segment_bytes = sy_load_le64(payload.p + 32),
                                .origin = sy_view(payload.p + HEAD_FIXED, payload.n - HEAD_FIXED)};
    return true;
}

size_t record_entry_bytes(const struct ledger_entry *entry)
{
    return record_bytes(RECORD_ENTRY_FIXED + entry->leaf.n + entry->body.n);
}

sy_status record_add_entry(struct sy_buf *b, struct chain *chain, const struct ledger_entry *entry)
{
    uint8_t n_leaf[4];
    sy_store_le32(n_leaf, (uint32_t)entry->leaf.n);
    const uint8_t *salt = entry->salt == NULL ? NO_SALT : entry->salt;
    const struct sy_view parts[] = {sy_view(n_leaf, sizeof(n_leaf)),
                                    sy_view(salt, LEDGER_SALT_BYTES), entry->leaf, entry->body};
    return record_add(b, chain, RECORD_ENTRY, parts, 4);
}

bool record_parse_entry(struct sy_view payload, struct ledger_entry *ret)
{
    if (payload.n <= RECORD_ENTRY_FIXED) {
        return false;
    }
    size_t n_rest = payload.n - RECORD_ENTRY_FIXED;
    size_t n_leaf = sy_load_le32(payload.p);
    if (n_leaf == 0 || n_leaf > LEDGER_LEAF_MAX || n_leaf > n_rest ||
        n_rest - n_leaf > LEDGER_BODY_MAX) {
        return false;
    }
    const uint8_t *leaf = payload.p + RECORD_ENTRY_FIXED;
    *ret = (struct ledger_entry){sy_view(leaf, n_leaf), payload.p + 4,
                                 sy_view(leaf + n_leaf, n_rest - n_leaf)};
    return true;
}

sy_status record_check_entry(const struct ledger_entry *entry)
{
    struct proof_leaf leaf;
    if (sy_ok(proof_leaf_parse(entry->leaf, &leaf, NULL))) {
        return entry->salt != NULL &&
                       sy_ok(proof_leaf_check(entry->leaf, entry->salt, entry->body, NULL))
                   ? SY_OK
                   : sy_status_of(SY_E_DIGEST);
    }
    bool is_bare = entry->body.n == 0 &&
                   (entry->salt == NULL || memcmp(entry->salt, NO_SALT, LEDGER_SALT_BYTES) == 0);
    return is_bare ? SY_OK : sy_status_of(SY_E_DIGEST);
}
