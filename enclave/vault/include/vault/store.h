/*
 * The vault: opened over a domain's folder, it alone touches keys, columns and stored answers.
 *
 *   DIR/keys/master.key   0600, exactly 32 bytes; wraps everything below
 *   DIR/keys/store/       one file per item, sealed as written below
 *   DIR/data/             encrypted columns (column.h) and unit codes (units.h)
 *   DIR/answers/          small sealed results (blob.h)
 *   DIR/payloads/         what requests said of one subject (payload.h)
 *
 * Item file: "SHUYUKEY" | suite u16 | nonce 12 | AES-256-GCM ciphertext | tag 16, key =
 * HKDF-SHA-256(master key, info = "shuyu-item-1" || name), random nonce, associated data =
 * suite || name. So an item cannot be read under another name, and each is durable when the call
 * that wrote it returns. Items (":" is in no identifier, so names never collide):
 *
 *   domain:log domain:warden domain:box answers     keys made by vault_create
 *   log:N logpub:N                                  the log's later keys; the public half of a retired one
 *   checkpoint epoch noise:N                        checkpoint memory; noise keys of epochs
 *   dataset:ID                                      public key and the platform's share
 *   custodian:ID department:ID                      the other shares: boxes that only their holders open
 *   deposit:GRANT:ID deposit:GRANT:department:ID    a holder's share, while a grant is in force
 *   select:NS record:NS unit:NS units:NS            keys of a unit namespace; size of its unit map
 *   subject:NS asked:HEX                            key of the pseudonyms HEX of subjects; a subject's name and
 *                                                   the key of its payloads (payload.h; `asked` alone: a decoy)
 *   pseudonym:SCENE                                 key of a scene's pseudonyms (SCENE: its grant in hex)
 *
 * An older copy of an item, put back by someone who can write the disk, does verify: what stops it
 * is the ledger (checkpoints remembered here and by witnesses), not the store.
 *
 * Identifiers given to the vault (datasets, namespaces, scenes, blobs): 1..64 bytes of [a-z0-9._-],
 * not beginning with '.'; SY_E_FIELD otherwise. They become file names, so this is re-checked here.
 *
 * Runs in: warden. Trusts: nothing on the disk but what verifies under the master key.
 * Holds: every key of the domain. May block/alloc: yes, reads and fsyncs files.
 * Threads: one thread at a time for each vault, but vault_column_read (any number of threads, also
 * beside one other call on the vault).
 * Processes: one for each folder; the caller keeps that by its own lock.
 * Source: DESIGN sections 2 and 3; NIST SP 800-38D; RFC 5869.
 */
#ifndef VAULT_STORE_H
#define VAULT_STORE_H

#include "base/status.h"
#include "base/view.h"
#include "vault/secret.h"

struct vault;

/* The domain's own keys. The secrets are borrowed: valid until vault_close. */
struct vault_sign_key {
    uint8_t pub[32];
    const uint8_t *secret; /* 64 bytes, guarded: Ed25519 seed || public key, as libsodium has it */
};
struct vault_box_key {
    uint8_t pub[32];
    const uint8_t *secret; /* 32 bytes, guarded: X25519 */
};
struct vault_domain_keys {
    struct vault_sign_key log;    /* the log's first key; its secret is NULL once it was erased */
    struct vault_sign_key warden; /* signs the warden's own acts */
    struct vault_box_key box;     /* opens request bodies */
};

/* Make a new vault below `dirfd` (the domain's folder, borrowed, must exist): folders, master key,
 * domain keys, first noise epoch. The master key is written last, so a creation that was cut short
 * can simply be repeated. SY_E_EXISTS when a master key is there: nothing is touched then. */
SY_MUST sy_status vault_create(int dirfd, struct vault **ret, struct sy_error *reterr);

/* Open the vault below `dirfd` (borrowed). Refuses a master key file that is not a regular file of
 * this user with mode 0600 and 32 bytes (SY_E_DENIED, field "keys/master.key"); SY_E_NOT_FOUND
 * without one; SY_E_TAMPERED, field = the item's name, when a key item does not verify (also: the
 * wrong master key); SY_E_SUITE for an item of an unknown suite. Wipes and removes temp files that
 * a crash left in the store. On error *ret is untouched. */
SY_MUST sy_status vault_open(int dirfd, struct vault **ret, struct sy_error *reterr);

/* Wipe every key and free. Writers, versions and secrets taken from it must be gone. NULL-safe. */
void vault_close(struct vault *v);

/* Borrowed until vault_close; never NULL. */
const struct vault_domain_keys *vault_domain_keys(const struct vault *v);

/* --- keys of the log -------------------------------------------------------------------------- */

enum { VAULT_LOG_KEYS_MAX = 64 };

/* The keys that the log has had, in order, as far as they were made; the first is vault_domain_keys' log.
 * How many there are; *ret: borrowed until vault_close, a key's secret until it is erased. secret NULL: was
 * erased, the public half stays. Which of them signs is in the ledger (row `log`), not here. */
size_t vault_log_keys(const struct vault *v, const struct vault_sign_key **ret);

/* Make the next one, durable on OK. SY_E_LIMIT: there are VAULT_LOG_KEYS_MAX. */
SY_MUST sy_status vault_log_key_make(struct vault *v, struct sy_error *reterr);

/* Erase the secret of number i (from 0): overwritten, unlinked, folder fsynced; nobody may use it any more.
 * OK when it is gone already; SY_E_NOT_FOUND. After a failure or a crash vault_open ends what was begun. */
SY_MUST sy_status vault_log_key_erase(struct vault *v, size_t i, struct sy_error *reterr);

/* --- who leads -------------------------------------------------------------------------------- */

/*
 * The seat that this key store leads from: 32 zeros in the folder that the domain was founded in, else what its
 * promotion named. It never leaves the folder: no copier carries it. So a copy of a domain does not lead because a
 * file that says "standby" is gone: its key store says nothing. ret: SY_E_NOT_FOUND (a copy), SY_E_TAMPERED, SY_E_IO.
 * set: durable on OK.
 */
SY_MUST sy_status vault_seat(const struct vault *v, uint8_t ret[32]);
SY_MUST sy_status vault_seat_set(struct vault *v, const uint8_t seat[32]);

/* --- noise keys ------------------------------------------------------------------------------- */

/* The current epoch, from 1. A new one begins after a restore or a promotion of a standby, so that
 * a forked ledger can never draw the same noise for two questions. */
uint64_t vault_epoch(const struct vault *v);
SY_MUST sy_status vault_epoch_start(struct vault *v, uint64_t *ret_epoch);

/* Start epochs until the current one is `epoch`, or later already. A key that is there, made before a crash or
 * copied from another folder, stays what it is: it may have been drawn from. */
SY_MUST sy_status vault_epoch_reach(struct vault *v, uint64_t epoch);

/* A copy of an epoch's 32-byte noise key. SY_E_NOT_FOUND when it never was or was destroyed. */
SY_MUST sy_status vault_noise_key(struct vault *v, uint64_t epoch, struct vault_secret *ret);

/* Is an epoch's key there? */
bool vault_noise_has(const struct vault *v, uint64_t epoch);

/* Destroy a past epoch's noise key (overwritten, unlinked, folder fsynced), after its audit window: when no
 * charge of it can be resumed or run again (warden/run.h, warden_history_forget).
 * SY_E_STATE for the current epoch; OK when it is gone already. */
SY_MUST sy_status vault_noise_destroy(struct vault *v, uint64_t epoch);

/* --- checkpoint memory ------------------------------------------------------------------------ */

/* Remember that the ledger had this size and root (durable on OK). SY_E_ROLLBACK when a larger
 * size, or another root at this size, is remembered already; the memory is unchanged then. */
SY_MUST sy_status vault_note_checkpoint(struct vault *v, uint64_t size, const uint8_t root[32]);

/* The checkpoint remembered; size 0 and a zero root when none was noted yet. */
void vault_last_checkpoint(const struct vault *v, uint64_t *ret_size, uint8_t ret_root[32]);

/* --- pseudonyms ------------------------------------------------------------------------------- */

/* A copy of a scene's 32-byte pseudonym key, made on first use. Give it to vault_column_read. */
SY_MUST sy_status vault_scene_key(struct vault *v, struct sy_view scene, struct vault_secret *ret);

/* Destroy it: after this nobody can link the scene's pseudonyms to labels. OK when it is gone. */
SY_MUST sy_status vault_scene_forget(struct vault *v, struct sy_view scene);

#endif
