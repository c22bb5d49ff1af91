/*
 * File formats: fixed, little-endian, no optional parts. Every digest and key derivation has a
 * label of its own, and names that could run into each other carry their length.
 */
#include "format.h"

#include <stdio.h>

#include "base/arith.h"
#include "wire/envelope.h"

static const uint8_t COLUMN_MAGIC[8] = {'S', 'H', 'U', 'Y', 'U', 'C', 'O', 'L'};
static const uint8_t VERSION_MAGIC[8] = {'S', 'H', 'U', 'Y', 'U', 'V', 'E', 'R'};

enum column_type column_type_of(struct sy_view type)
{
    static const char *const NAMES[COLUMN_TYPE_N] = {
        [COLUMN_INT32] = "int32", [COLUMN_INT64] = "int64", [COLUMN_DECIMAL] = "decimal",
        [COLUMN_DATE] = "date",   [COLUMN_BOOL] = "bool",   [COLUMN_ENUM] = "enum",
        [COLUMN_TEXT] = "text",   [COLUMN_UNIT] = "unit",
    };
    for (int i = COLUMN_INT32; i < COLUMN_TYPE_N; i++) {
        if (sy_view_is(type, NAMES[i])) {
            return (enum column_type)i;
        }
    }
    return COLUMN_NONE;
}

/* --- column headers --------------------------------------------------------------------------- */

void column_head_encode(const struct column_head *h, uint8_t ret[COLUMN_HEAD_BYTES])
{
    memset(ret, 0, COLUMN_HEAD_BYTES);
    memcpy(ret, COLUMN_MAGIC, 8);
    ret[8] = SY_SUITE_INTL;
    ret[10] = h->type;
    ret[11] = h->width;
    ret[12] = h->has_nulls ? 1 : 0;
    sy_store_le64(ret + 16, h->version);
    sy_store_le64(ret + 24, h->rows);
    sy_store_le64(ret + 32, h->bytes);
    sy_store_le64(ret + 40, h->chunks);
    memcpy(ret + 48, h->attempt, 16);
    memcpy(ret + 64, h->identity, 32);
    memcpy(ret + 96, h->salt, 32);
}

sy_status column_head_parse(const uint8_t b[COLUMN_HEAD_BYTES], struct column_head *ret)
{
    struct column_head h = {
        .type = b[10],
        .width = b[11],
        .has_nulls = b[12] == 1,
        .version = sy_load_le64(b + 16),
        .rows = sy_load_le64(b + 24),
        .bytes = sy_load_le64(b + 32),
        .chunks = sy_load_le64(b + 40),
    };
    memcpy(h.attempt, b + 48, 16);
    memcpy(h.identity, b + 64, 32);
    memcpy(h.salt, b + 96, 32);
    if (memcmp(b, COLUMN_MAGIC, 8) == 0 && (b[8] != SY_SUITE_INTL || b[9] != 0)) {
        return sy_status_of(SY_E_SUITE);
    }
    uint8_t again[COLUMN_HEAD_BYTES];
    column_head_encode(&h, again);
    if (memcmp(b, again, sizeof(again)) != 0) {
        return sy_status_of(SY_E_TAMPERED);
    }
    *ret = h;
    return SY_OK;
}

sy_status column_head_digest(const uint8_t b[COLUMN_HEAD_BYTES], uint8_t ret[32])
{
    struct sy_view parts[] = {sy_view_str("shuyu-column-1"), sy_view(b, COLUMN_HEAD_BYTES)};
    return vault_sha256(parts, 2, ret);
}

sy_status column_identity(struct sy_view dataset, struct sy_view name, const struct column_head *h,
                          uint8_t ret[32])
{
    uint8_t number[8], lengths[2] = {(uint8_t)dataset.n, (uint8_t)name.n};
    sy_store_le64(number, h->version);
    struct sy_view parts[] = {
        sy_view_str("shuyu-identity-1"),
        sy_view(&lengths[0], 1),
        dataset,
        sy_view(number, sizeof(number)),
        sy_view(h->attempt, 16),
        sy_view(&lengths[1], 1),
        name,
        sy_view(&h->type, 1),
        sy_view(&h->width, 1),
    };
    return vault_sha256(parts, sizeof(parts) / sizeof(parts[0]), ret);
}

sy_status column_key(const struct vault_secret *version_key, struct sy_view name,
                     const uint8_t salt[32], struct vault_secret *ret)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    SY_TRY(vault_hkdf_named(vault_secret_view(version_key), (struct sy_view){0},
                            "shuyu-column-key-1", name, &key));
    return vault_hkdf_named(vault_secret_view(&key), sy_view(salt, 32), "shuyu-attempt-key-1",
                            (struct sy_view){0}, ret);
}

/* --- chunks ----------------------------------------------------------------------------------- */

void chunk_head_encode(const struct chunk_head *h, uint8_t ret[CHUNK_HEAD_BYTES])
{
    memset(ret, 0, CHUNK_HEAD_BYTES);
    ret[0] = h->kind;
    sy_store_le32(ret + 4, h->bytes);
    sy_store_le64(ret + 8, h->nth);
}

struct chunk_head chunk_head_parse(const uint8_t b[CHUNK_HEAD_BYTES])
{
    return (struct chunk_head){b[0], sy_load_le32(b + 4), sy_load_le64(b + 8)};
}

/* Fill bytes of the head are associated data too, so a change there is no chunk either. */
sy_status chunk_start(struct vault_cipher *c, const uint8_t identity[32],
                      const uint8_t b[CHUNK_HEAD_BYTES], uint64_t number)
{
    uint8_t aad[2 + 32 + CHUNK_HEAD_BYTES + 8] = {SY_SUITE_INTL};
    uint8_t nonce[CRYPT_NONCE_BYTES] = {0};
    memcpy(aad + 2, identity, 32);
    memcpy(aad + 34, b, CHUNK_HEAD_BYTES);
    sy_store_le64(aad + 34 + CHUNK_HEAD_BYTES, number);
    sy_store_le64(nonce, number);
    return vault_cipher_start(c, nonce, sy_view(aad, sizeof(aad)));
}

struct column_file column_file(size_t i)
{
    struct column_file f = {0};
    (void)snprintf(f.s, sizeof(f.s), "c%04zu", i);
    return f;
}

/* --- version files ---------------------------------------------------------------------------- */

static sy_status add_name(struct sy_buf *b, struct sy_view name)
{
    uint8_t n = (uint8_t)name.n;
    if (name.n > UINT8_MAX) {
        return sy_status_of(SY_E_FIELD);
    }
    SY_TRY(sy_buf_add(b, &n, 1));
    return sy_buf_add_view(b, name);
}

sy_status version_encode(const struct sy_dataset_version *version,
                         const uint8_t wrapped[WRAPPED_BYTES], struct sy_buf *b)
{
    uint8_t head[8 + 2 + 2 + 8 + 8] = {0};
    memcpy(head, VERSION_MAGIC, 8);
    head[8] = (uint8_t)version->suite;
    head[9] = (uint8_t)(version->suite >> 8);
    head[10] = (uint8_t)version->n_columns;
    head[11] = (uint8_t)(version->n_columns >> 8);
    sy_store_le64(head + 12, version->version);
    sy_store_le64(head + 20, version->rows);
    SY_TRY(sy_buf_add(b, head, sizeof(head)));
    SY_TRY(sy_buf_add(b, version->attempt, sizeof(version->attempt)));
    SY_TRY(sy_buf_add(b, version->def, sizeof(version->def)));
    SY_TRY(sy_buf_add(b, wrapped, WRAPPED_BYTES));
    SY_TRY(add_name(b, version->dataset));
    for (size_t i = 0; i < version->n_columns; i++) {
        SY_TRY(sy_buf_add(b, version->columns[i].header, 32));
        SY_TRY(add_name(b, version->columns[i].name));
    }
    return SY_OK;
}

sy_status version_digest(struct sy_view file, uint8_t ret[32])
{
    struct sy_view parts[] = {sy_view_str("shuyu-version-1"), file};
    return vault_sha256(parts, 2, ret);
}
