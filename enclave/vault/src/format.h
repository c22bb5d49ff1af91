/* Bytes of column and version files (vault/column.h), encoded and parsed. Private to the vault. */
#ifndef VAULT_SRC_FORMAT_H
#define VAULT_SRC_FORMAT_H

#include "base/buf.h"
#include "crypt.h"
#include "wire/catalog.h"
#include "wire/job.h"

enum {
    COLUMN_HEAD_BYTES = 128,
    CHUNK_HEAD_BYTES = 16,
    WRAPPED_BYTES = 80, /* a version key in a sealed box */
    COLUMNS_MAX = 1024,
    VERSION_FILE_MAX_BYTES = 1 << 18,
    DICT_MAX_BYTES = 32 << 20, /* labels of a text column; they travel in one job message */
};

/* Field types as numbers in files: never reuse one. 0 = unknown. */
enum column_type {
    COLUMN_NONE = 0,
    COLUMN_INT32 = 1,
    COLUMN_INT64 = 2,
    COLUMN_DECIMAL = 3,
    COLUMN_DATE = 4,
    COLUMN_BOOL = 5,
    COLUMN_ENUM = 6,
    COLUMN_TEXT = 7,
    COLUMN_UNIT = 8,
    COLUMN_TYPE_N
};
enum column_type column_type_of(struct sy_view type);

/* Is it a number or a date, for which ranges are kept and values are signed? */
static inline bool column_is_number(enum column_type t)
{
    return t >= COLUMN_INT32 && t <= COLUMN_DATE;
}

enum chunk_kind { CHUNK_VALUES = 1, CHUNK_NULLS = 2, CHUNK_LABELS = 3, CHUNK_RANGES = 4, CHUNK_N };

struct column_head {
    uint8_t type;
    uint8_t width;
    bool has_nulls;
    uint64_t version;
    uint64_t rows;
    uint64_t bytes; /* of the file */
    uint64_t chunks;
    uint8_t attempt[16];
    uint8_t identity[32];
    uint8_t salt[32];
};
void column_head_encode(const struct column_head *h, uint8_t ret[COLUMN_HEAD_BYTES]);
/* SY_E_TAMPERED for wrong magic or fill bytes, SY_E_SUITE. */
SY_MUST sy_status column_head_parse(const uint8_t b[COLUMN_HEAD_BYTES], struct column_head *ret);
SY_MUST sy_status column_head_digest(const uint8_t b[COLUMN_HEAD_BYTES], uint8_t ret[32]);

/* What the associated data of every chunk names, as one digest. */
SY_MUST sy_status column_identity(struct sy_view dataset, struct sy_view name,
                                  const struct column_head *h, uint8_t ret[32]);
/* The key of one attempt's column. */
SY_MUST sy_status column_key(const struct vault_secret *version_key, struct sy_view name,
                             const uint8_t salt[32], struct vault_secret *ret);

struct chunk_head {
    uint8_t kind;
    uint32_t bytes;
    uint64_t nth;
};
void chunk_head_encode(const struct chunk_head *h, uint8_t ret[CHUNK_HEAD_BYTES]);
struct chunk_head chunk_head_parse(const uint8_t b[CHUNK_HEAD_BYTES]);
/* Start sealing or opening chunk number `number` of the file, whose head is b. */
SY_MUST sy_status chunk_start(struct vault_cipher *c, const uint8_t identity[32],
                              const uint8_t b[CHUNK_HEAD_BYTES], uint64_t number);

/* File name of column i: "c0000". */
struct column_file {
    char s[16];
};
struct column_file column_file(size_t i);

/* The version file of a finished version and its key, wrapped. */
SY_MUST sy_status version_encode(const struct sy_dataset_version *version,
                                 const uint8_t wrapped[WRAPPED_BYTES], struct sy_buf *b);
SY_MUST sy_status version_digest(struct sy_view file, uint8_t ret[32]);
/* Where the wrapped key stands. The caller has compared the whole file with what it must be. */
enum { VERSION_WRAPPED_AT = 8 + 2 + 2 + 8 + 8 + 16 + 32 };

#endif
