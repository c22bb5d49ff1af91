/*
 * A witness's folder: its key, and for every log the checkpoint that it cosigned last. One process has
 * the folder to itself, by a lock that ends with it.
 *
 *   DIR/key                     0600: "PRIVATE+KEY+name+id+base64(type || seed)"
 *   DIR/lock
 *   DIR/HEX.checkpoint          HEX: SHA-256 of the log's origin; checkpoint, the log's line, our cosignature
 *   DIR/evidence/HEX-SIZE-DIGEST.fork    two checkpoints that cannot both be true (proof/fork.h)
 *
 * A checkpoint is replaced as a whole: temp file, fsync, rename, fsync of the folder. It carries our own
 * signature, so a file that was damaged or written by somebody else is noticed when it is read.
 *
 * Runs in: witness. Trusts: the folder's owner; what is read is verified. Holds: two descriptors and the
 * key, in guarded memory. May block: on the disk. Threads: one.
 */
#ifndef WITNESS_STORE_H
#define WITNESS_STORE_H

#include "base/buf.h"
#include "proof/fork.h"
#include "proof/note.h"
#include "witness/decide.h"

enum {
    WITNESS_HEX_BYTES = 64,           /* of an origin's name in files and URLs */
    WITNESS_EVIDENCE_MAX = 100,       /* files kept of one log; the first ones matter */
    WITNESS_CHECKPOINT_MAX = 1 << 14, /* bytes of a stored checkpoint */
};

/* An open folder. Zero-initialise before first use. */
struct witness_store {
    int dirfd; /* -1 when closed */
    int lockfd;
    struct proof_vkey key; /* of type PROOF_SIG_COSIGNATURE */
    uint8_t *secret;       /* PROOF_SECRET_BYTES, sodium_malloc */
};

/* Make the folder (0700) if it is not there, and a fresh key in it under this name. SY_E_EXISTS (it has a
 * key), SY_E_FIELD (name), SY_E_IO. ret_key: the public side. */
SY_MUST sy_status witness_store_init(const char *folder, struct sy_view name,
                                     struct proof_vkey *ret_key, struct sy_error *reterr);

/* Open and lock. SY_E_NOT_FOUND (no folder, no key), SY_E_BUSY (another process has it), SY_E_FIELD (the
 * key file's form), SY_E_DENIED (others may read the key), SY_E_IO. On success the caller owes
 * witness_store_close. sodium_init() has been called. */
SY_MUST sy_status witness_store_open(const char *folder, struct witness_store *ret,
                                     struct sy_error *reterr);

/* Wipe, unlock, close. NULL-safe. */
void witness_store_close(struct witness_store *store);

/* The name of an origin: lower-case hex of its SHA-256, and a NUL. */
void witness_hex(struct sy_view origin, char ret[WITNESS_HEX_BYTES + 1]);

/* What is known of this origin. The note goes to *note (empty when there is none). SY_E_TAMPERED: the file
 * is not one that this witness wrote for this origin; SY_E_IO. */
SY_MUST sy_status witness_store_load(const struct witness_store *store, const char *origin,
                                     struct sy_buf *note, struct witness_known *ret,
                                     struct sy_error *reterr);

/* Make this note what is known of the origin; durable on OK. After an error it is unknown which of the two
 * the disk has: the process must cosign nothing more, and be started again. */
SY_MUST sy_status witness_store_save(const struct witness_store *store, const char *origin,
                                     struct sy_view note);

/* Keep evidence. SY_E_EXISTS: the same is kept already; SY_E_LIMIT: there is enough of this log; errors of
 * proof_fork_format; SY_E_IO. */
SY_MUST sy_status witness_store_evidence(const struct witness_store *store, const char *origin,
                                         uint64_t size, const struct proof_fork *fork);

#endif
