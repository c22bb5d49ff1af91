/* One column of a write attempt, as streams of chunks. Private to the vault. */
#ifndef VAULT_SRC_COLUMN_WRITER_H
#define VAULT_SRC_COLUMN_WRITER_H

#include "format.h"
#include "unit_map.h"
#include "unit_table.h"

struct column_stream {
    struct sy_buf buf; /* plaintext that waits for its chunk to be full */
    uint64_t nth;
};

struct column_writer {
    const struct sy_field_def *def;
    enum column_type type;
    int64_t lo, hi;       /* values allowed now; of text: labels so far */
    struct unit_map *map; /* unit fields: a reference; else NULL */
    bool guest;           /* what the map does not know yet is coded as guests */
    struct column_head head;
    struct vault_cipher cipher;
    int fd;
    struct column_stream streams[CHUNK_N];
    uint64_t dict_bytes;
    struct unit_table labels;   /* hashes of the labels so far: at most SY_LIST_MAX x 24 bytes */
    uint8_t label_key[16];      /* of these hashes: nobody can choose labels that collide */
    int64_t range_lo, range_hi; /* of the morsel under way; lo > hi: nothing yet */
    uint8_t null_bits;          /* the last rows % 8 bits of the bitmap */
};

/* Make the file and the keys. head has version and attempt. */
SY_MUST sy_status column_writer_open(struct column_writer *c, int dirfd, size_t index,
                                     struct sy_view dataset,
                                     const struct vault_secret *version_key);

/* Does the batch's column fit? Changes nothing; SY_E_DATA, *ret_why a reason without any value. */
SY_MUST sy_status column_check(const struct column_writer *c, const struct sy_ingest_column *in,
                               uint64_t n_rows, const char **ret_why);

/* The keyed hash by which labels are told apart (SipHash-2-4, 128 bits). */
struct unit_hash column_label_hash(const struct column_writer *c, struct sy_view label);

/* Append a checked column. scratch: 8 x n_rows bytes. */
SY_MUST sy_status column_add(struct column_writer *c, const struct sy_ingest_column *in,
                             uint64_t n_rows, uint8_t *scratch);

/* Write what is left, the header, and fsync; fills *ret but its name. */
SY_MUST sy_status column_finish(struct column_writer *c, struct sy_column_version *ret);

void column_writer_close(struct column_writer *c);

#endif
