/*
 * Units of a namespace. The vault maps a normalised identifier to a dense code 0, 1, 2, ... that is
 * the same in every dataset and version of the namespace:
 *
 *   hash = first 16 bytes of HMAC-SHA-256(unit key of the namespace, identifier)
 *
 * New identifiers of a batch get the next codes in the order of their hashes, so the codes do not
 * tell the order of the file. Normalising is the ingest worker's work; here bytes are bytes.
 *
 * The map is DIR/data/units/NS, append-only:
 *   block   "SHUYUMAP" | suite u16 | 0 x2 | bytes u32 | index u64 | nonce 12 | ciphertext | tag 16
 * Plaintext: the hashes in code order. Associated data: the block's head and the namespace. The
 * store's item units:NS holds blocks, codes, file size, a SHA-256 chain over the blocks' tags and guests (codes made by
 * data that is no department's) as of the last finished version: a map that is shorter or differs in any byte is SY_E_TAMPERED
 * (field "units/NS/block N"); what lies beyond, left by an unfinished attempt, is cut off.
 *
 * Threads: as in store.h. Source: DESIGN section 4.3.
 */
#ifndef VAULT_UNITS_H
#define VAULT_UNITS_H

#include "vault/store.h"

/* Per-unit keys that workers get as a column indexed by unit code:
 *   SELECT   orders a unit's groups and rows for contribution bounding; fresh for each salt
 *   RECORD   cell-key perturbation; permanent for the namespace, so that repeated answers do not
 *            average out: the salt must be NULL */
enum vault_unit_key {
    VAULT_UNIT_KEY_NONE = 0,
    VAULT_UNIT_KEY_SELECT,
    VAULT_UNIT_KEY_RECORD,
    VAULT_UNIT_KEY_N
};

/* Codes given out by finished versions (0 for a namespace not seen yet). SY_E_TAMPERED. */
SY_MUST sy_status vault_units(struct vault *v, struct sy_view ns, uint64_t *ret_units,
                              struct sy_error *reterr);

struct vault_unit_keys_ask {
    enum vault_unit_key kind;
    struct sy_view ns;
    const uint8_t *salt; /* 32 bytes for SELECT (the charge's salt), NULL for RECORD */
    uint64_t n_units;    /* keys wanted; usually vault_units() */
};

/* Write n_units little-endian u64 keys into fd at offset 0 (borrowed; an empty memfd): the
 * ChaCha20 stream under HKDF(key of kind and namespace, salt), key i at 8 i. The namespace's key is
 * made on first use. SY_E_USAGE for a bad kind or salt; fd is truncated to 0 on error. */
SY_MUST sy_status vault_unit_keys(struct vault *v, const struct vault_unit_keys_ask *ask, int fd,
                                  struct sy_error *reterr);

/* The permanent 32-byte key of the namespace's cell-key noise (mechanisms/cellkey.h): HKDF of the key
 * that its record keys come from. Made on first use; ret is owned by the caller. */
SY_MUST sy_status vault_cellkey(struct vault *v, struct sy_view ns, struct vault_secret *ret,
                                struct sy_error *reterr);

#endif
