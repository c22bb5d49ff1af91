/*
 * Approval is a key. Each dataset has an X25519 key pair; version keys are wrapped to its public
 * half, so ingest needs no secret. The private key exists only as two shares, whose exclusive or it
 * is: the platform's, sealed in the key store, and the custodian's, of which the store keeps only a
 * sealed box that the custodian alone opens. Each share by itself is uniformly random, so neither
 * says anything about the key. The ledger holds commitments to both,
 * SHA-256("shuyu-share-1" || share).
 *
 * A custodian who approves a grant sends its share; the vault keeps it as that grant's deposit,
 * until suspension, revocation or expiry erases it. Erasing overwrites the file, unlinks it and
 * fsyncs the folder; blocks that a solid-state disk or a copy-on-write file system kept elsewhere
 * are out of reach, and stay sealed under the master key.
 *
 * Datasets without a unit namespace (grade g1) may be made without a custodian: then the platform
 * holds both shares and no deposit is needed.
 *
 * Threads: as in store.h. Source: DESIGN section 2; libsodium sealed boxes (X25519,
 * XSalsa20-Poly1305, BLAKE2b nonce).
 */
#ifndef VAULT_DATASET_H
#define VAULT_DATASET_H

#include "base/buf.h"
#include "vault/store.h"
#include "wire/event.h"

/* Make the dataset's key pair. custodian_box: the custodian's X25519 public key, or NULL for a
 * dataset without a custodian. *ret_keys goes into the ledger. Made only once: SY_E_EXISTS when the
 * dataset has keys; vault_dataset_keys gives them again. SY_E_FIELD for a bad id ("units" is
 * reserved) or a custodian_box that is no curve point of large order. */
SY_MUST sy_status vault_dataset_create(struct vault *v, struct sy_view dataset,
                                       const uint8_t *custodian_box,
                                       struct sy_dataset_keys *ret_keys, struct sy_error *reterr);

/* The public key and commitments of a dataset made before. SY_E_NOT_FOUND, SY_E_TAMPERED. Lets a
 * definition that was cut short before it reached the ledger be repeated. */
SY_MUST sy_status vault_dataset_keys(struct vault *v, struct sy_view dataset,
                                     struct sy_dataset_keys *ret_keys, struct sy_error *reterr);

/* Append the custodian's sealed share (80 bytes) to *b, for the custodian to open with
 * crypto_box_seal_open. SY_E_NOT_FOUND when the dataset has none. */
SY_MUST sy_status vault_custodian_share(struct vault *v, struct sy_view dataset, struct sy_buf *b,
                                        struct sy_error *reterr);

/* Does the share fit the ledger's commitment to the custodian's? Pure. */
bool vault_share_ok(const struct sy_dataset_keys *keys, const uint8_t share[32]);

/* Keep a grant's copy of the custodian's share, bound to the grant (durable on OK). Replaces an
 * older one. SY_E_SHARE when it does not fit keys->custodian: nothing is kept then. */
SY_MUST sy_status vault_deposit(struct vault *v, const uint8_t grant[32], struct sy_view dataset,
                                const struct sy_dataset_keys *keys, const uint8_t share[32],
                                struct sy_error *reterr);

/* Has the grant a deposit for the dataset? */
bool vault_has_deposit(const struct vault *v, const uint8_t grant[32], struct sy_view dataset);

/* Take a copy of a deposit, for vault_version_open. SY_E_SHARE when there is none (never made, or
 * erased); SY_E_TAMPERED when it does not open as this grant's and this dataset's. */
SY_MUST sy_status vault_deposit_take(struct vault *v, const uint8_t grant[32],
                                     struct sy_view dataset, struct vault_secret *ret_share,
                                     struct sy_error *reterr);

/* Erase every deposit of a grant (suspension, revocation, expiry). OK when there is none; on an IO
 * error some may be left: call again. */
SY_MUST sy_status vault_erase_grant(struct vault *v, const uint8_t grant[32]);

#endif
