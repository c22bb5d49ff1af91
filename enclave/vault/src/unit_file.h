/*
 * The file of a unit map (format: vault/units.h) and what the key store remembers of it: read block by
 * block, in order, against the chain; and appended to. Private to the vault.
 */
#ifndef VAULT_SRC_UNIT_FILE_H
#define VAULT_SRC_UNIT_FILE_H

#include "crypt.h"
#include "unit_table.h"
#include "wire/job.h"

struct vault;

enum { UNIT_BLOCK_HASHES = SY_MORSEL_ROWS };

/* How far a map goes: what the key store remembers, and what was read or written. */
struct unit_extent {
    uint64_t blocks;
    uint64_t codes;
    uint64_t guests; /* of these codes, those made by data that is no department's */
    uint64_t bytes;
    uint8_t chain[32];
};

struct unit_file {
    char ns[65];
    int fd;
    struct vault_secret seal_key;
    struct vault_hmac hmac;  /* of identifiers */
    struct unit_extent kept; /* as in the key store */
    struct unit_extent now;
};

/* What the key store remembers; zero and *ret_new when the namespace was never used. SY_E_TAMPERED when
 * only the memory is gone. */
SY_MUST sy_status unit_extent_find(const struct vault *v, const char *ns, struct unit_extent *ret,
                                   bool *ret_new);
SY_MUST sy_status unit_extent_put(const struct vault *v, const char *ns,
                                  const struct unit_extent *e);

/* Open the file of f->ns (set by the caller; fd -1, the rest zero). to_write: make what is missing, and
 * take blocks by unit_file_append; else it is read only, and a namespace never used has no blocks.
 * Close it in any case. */
SY_MUST sy_status unit_file_open(struct vault *v, bool to_write, struct unit_file *f);
void unit_file_close(struct unit_file *f);

/* The hash of an identifier. */
SY_MUST sy_status unit_file_hash(struct unit_file *f, struct sy_view id, struct unit_hash *ret);

/* Read every block up to what the key store remembers, and hand its hashes to `take`, in code order.
 * SY_E_TAMPERED, and whatever `take` returns. Any thread, one at a time. */
typedef sy_status unit_take_fn(void *ctx, const struct unit_hash *hashes, size_t n);
SY_MUST sy_status unit_file_read(struct unit_file *f, unit_take_fn *take, void *ctx);

/* Append one block of hashes[n], n <= UNIT_BLOCK_HASHES; not durable yet. */
SY_MUST sy_status unit_file_append(struct unit_file *f, const struct unit_hash *hashes, size_t n);

#endif
