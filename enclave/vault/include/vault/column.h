/*
 * Reading a published version: encrypted columns in, masked plaintext columns out.
 *
 * Files of a write attempt, DIR/data/DATASET/ATTEMPT (32 hex digits)/; all numbers little-endian:
 *
 *   version    "SHUYUVER" | suite u16 | n_columns u16 | version u64 | rows u64 | attempt 16 |
 *              def 32 | wrapped version key 80 | dataset (u8 n, bytes) |
 *              per column: header digest 32 | name (u8 n, bytes)
 *              sy_dataset_version.header = SHA-256("shuyu-version-1" || this file)
 *   cNNNN      column number NNNN, in the order of the definition's fields:
 *     header   "SHUYUCOL" | suite u16 | type u8 | width u8 | has_nulls u8 | 0 x3 | version u64 |
 *              rows u64 | bytes u64 | chunks u64 | attempt 16 | identity 32 | salt 32; 128 bytes.
 *              sy_column_version.header = SHA-256("shuyu-column-1" || header)
 *     chunk    kind u8 | 0 x3 | bytes u32 | n-th of its kind u64 | ciphertext | tag 16
 *
 * Chunks of the four kinds (values, null bitmap, labels of a text column, min/max per morsel) stand
 * in the order in which they became full, each at most SY_CHUNK_BYTES of plaintext. Keys:
 *
 *   column key  = HKDF(version key, info = "shuyu-column-key-1" || name)
 *   key of the attempt's column = HKDF(column key, salt of the header, "shuyu-attempt-key-1")
 *   nonce = number of the chunk in the file (96 bits)
 *   associated data = suite || identity || kind || n-th of its kind || bytes || number in the file
 *   identity = SHA-256("shuyu-identity-1" || dataset || version || attempt || name || type ||
 *              width), the two names with their lengths in front
 *
 * The ledger's publish entry (sy_dataset_version) fixes the digests, so a header, and by its salt
 * every chunk, of another column, attempt or version does not verify; chunk count and file size
 * stand in the header and in the entry, so nothing can be cut off or added. Whatever bytes were
 * changed, the error is SY_E_TAMPERED with field and reason naming "DATASET/VERSION/COLUMN/chunk N"
 * (N counts the chunks of the file from 0), ".../header", or "DATASET/VERSION/header". (The field
 * holds 63 bytes; the reason always has the whole name.)
 *
 * Threads: vault_version_open and _close as in store.h; an open version is read-only, and
 * vault_column_read may run in any number of threads at once.
 * Source: DESIGN sections 2 and 4; wire/job.h for the layout written; wire/mask.h for the masks.
 */
#ifndef VAULT_COLUMN_H
#define VAULT_COLUMN_H

#include "base/arena.h"
#include "vault/dataset.h"
#include "wire/catalog.h"
#include "wire/job.h"

struct vault_version;

/* Open one version for one job: recombine the dataset's private key from the platform's share and
 * `shares` (NULL for a dataset without a custodian), check all commitments and the public
 * key against `keys` (from the ledger), unwrap the version key and wipe the private key again.
 * `version`, the ledger's record, is borrowed until vault_version_close. Errors: SY_E_SHARE (the
 * share is missing or does not fit), SY_E_TAMPERED, SY_E_SUITE, SY_E_NOT_FOUND (no such dataset
 * keys). On error *ret is untouched. */
SY_MUST sy_status vault_version_open(struct vault *v, const struct sy_dataset_keys *keys,
                                     const struct vault_holders *shares,
                                     const struct sy_dataset_version *version,
                                     struct vault_version **ret, struct sy_error *reterr);

/* Wipe the version key and free. NULL-safe. */
void vault_version_close(struct vault_version *ver);

/* What to read. All borrowed for the call. */
struct vault_ask {
    const struct sy_field_def *def;       /* the catalogue's entry, before the mask */
    struct sy_view mask;                  /* of the grant; "" = none */
    const struct vault_secret *scene_key; /* for mask "pseudonym"; else may be NULL */
};

/* Smallest and largest value of the SY_MORSEL_ROWS rows of one morsel; lo > hi: all NULL. */
struct vault_range {
    int64_t lo;
    int64_t hi;
};

struct vault_column {
    struct sy_run_column column; /* field, type, width, rows, nulls, dict; scan is left 0 */
    struct vault_range *ranges;  /* one per morsel, masked as the values are; NULL = not kept */
    size_t n_ranges;
};

/* Decrypt, verify, mask and write one column into `fd` at offset 0 (borrowed; an empty memfd that
 * the caller made, and seals after): the layout of wire/job.h. Type, width and dictionary are those
 * after the mask (sy_mask_def). nulls is true only when some row is NULL; without, there is no
 * bitmap. Ranges are kept for int32, int64, decimal and date. Views of *ret are in `arena` (labels
 * of a text column: up to 32 MiB, and some more while they are masked) or are those of ask->def.
 * Errors: SY_E_TAMPERED (see above); SY_E_FIELD for an unknown or unfitting mask and for a field
 * that is not in the version or has another type; SY_E_FIELD_DENIED for mask "drop"; SY_E_USAGE
 * for "pseudonym" without a key; SY_E_NO_MEMORY; SY_E_IO. On error *ret is untouched and fd is
 * truncated to 0.
 * Cost: one pass; about 0.7 s per GB, thrice that with a mask on numbers or codes; 1 MiB of
 * plaintext at a time outside fd, wiped after. */
SY_MUST sy_status vault_column_read(const struct vault_version *ver, const struct vault_ask *ask,
                                    int fd, struct sy_arena *arena, struct vault_column *ret,
                                    struct sy_error *reterr);

#endif
