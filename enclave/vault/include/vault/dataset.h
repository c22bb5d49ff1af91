/*
 * Approval is a key. Each dataset has an X25519 key pair; version keys are wrapped to its public
 * half, so ingest needs no secret. The private key exists only as shares, whose exclusive or it
 * is: the platform's, sealed in the key store, and the custodian's, of which the store keeps only a
 * sealed box that the custodian alone opens; and, where a pack asks for two custodians, a third, of which
 * it keeps only a box that the dataset's department opens. Any of them but one are uniformly random, whatever the key,
 * so nothing less than all says anything about it. The ledger holds commitments: to the platform's and the custodian's
 * SHA-256("shuyu-share-1" || share), to the department's SHA-256("shuyu-share-department-1" || share): no share passes
 * for the other.
 *
 * A holder who approves a grant sends its share; the vault keeps it as that grant's deposit,
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
#include "wire/custody.h"

/* 32 bytes of each holder: its box key, or its share. NULL: the dataset has no such holder. A department's only
 * beside a custodian's. Borrowed for the call. */
struct vault_holders {
    const uint8_t *custodian;
    const uint8_t *department;
};

/* Make the dataset's key pair. boxes: the holders' X25519 public keys, or NULL for a
 * dataset without a custodian. *ret_keys goes into the ledger. Made only once: SY_E_EXISTS when the
 * dataset has keys; vault_dataset_keys gives them again. SY_E_FIELD for a bad id ("units" is
 * reserved), a box key that is no curve point of large order, or a department's without a custodian's. */
SY_MUST sy_status vault_dataset_create(struct vault *v, struct sy_view dataset,
                                       const struct vault_holders *boxes,
                                       struct sy_dataset_keys *ret_keys, struct sy_error *reterr);

/* The public key and commitments of a dataset made before, whose shares are sealed to the holders that it was made with.
 * SY_E_NOT_FOUND, SY_E_TAMPERED. */
SY_MUST sy_status vault_dataset_keys(struct vault *v, struct sy_view dataset,
                                     struct sy_dataset_keys *ret_keys, struct sy_error *reterr);

/* Append a holder's sealed share (80 bytes) to *b, for the holder to open with
 * crypto_box_seal_open. SY_E_NOT_FOUND when the dataset has no such holder. */
SY_MUST sy_status vault_sealed_share(struct vault *v, struct sy_view dataset, enum sy_holder whose,
                                     struct sy_buf *b, struct sy_error *reterr);

/* Does the share fit the ledger's commitment to that holder's? Pure. False where there is no such holder. */
bool vault_share_ok(const struct sy_dataset_keys *keys, enum sy_holder whose,
                    const uint8_t share[32]);

/* Keep a grant's copy of a holder's share, bound to the grant, the dataset and the holder (durable on OK). Replaces
 * an older one. SY_E_SHARE when it does not fit the commitment in keys: nothing is kept then. */
SY_MUST sy_status vault_deposit(struct vault *v, const uint8_t grant[32], struct sy_view dataset,
                                const struct sy_dataset_keys *keys, enum sy_holder whose,
                                const uint8_t share[32], struct sy_error *reterr);

/* Has the grant this holder's deposit for the dataset? */
bool vault_has_deposit(const struct vault *v, const uint8_t grant[32], struct sy_view dataset,
                       enum sy_holder whose);

/* Take a copy of a deposit, for vault_version_open. SY_E_SHARE when there is none (never made, or
 * erased); SY_E_TAMPERED when it does not open as this grant's, this dataset's and this holder's. */
SY_MUST sy_status vault_deposit_take(struct vault *v, const uint8_t grant[32],
                                     struct sy_view dataset, enum sy_holder whose,
                                     struct vault_secret *ret_share, struct sy_error *reterr);

/* Erase one deposit. OK when there is none. */
SY_MUST sy_status vault_deposit_erase(struct vault *v, const uint8_t grant[32],
                                      struct sy_view dataset, enum sy_holder whose);

/* Erase every deposit of a grant (suspension, revocation, expiry). OK when there is none; on an IO
 * error some may be left: call again. */
SY_MUST sy_status vault_erase_grant(struct vault *v, const uint8_t grant[32]);

/* End a dataset for good: erase its keys, all shares and every deposit of them, then every file of every
 * attempt (overwritten, unlinked, folders fsynced). The platform's share was part of a one-time pad, so without it no
 * copy of the files elsewhere opens either, whatever the holders keep. Codes that its units got stay: they
 * are keyed, and say nothing of it. OK when nothing is left, also when nothing was there; after an IO error
 * call again. No writer of it may be open; of a version that is, nothing more can be read. SY_E_FIELD for a bad
 * identifier. */
SY_MUST sy_status vault_dataset_shred(struct vault *v, struct sy_view dataset,
                                      struct sy_error *reterr);

/* Is there anything that vault_dataset_shred would erase but deposits: keys of it, or a folder? */
bool vault_dataset_is_there(const struct vault *v, struct sy_view dataset);

#endif
