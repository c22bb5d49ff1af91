/*
 * Receipts: a text that proves, offline, that an entry is number `index` of the signed log.
 *
 *   c2sp.org/tlog-proof@v1
 *   [extra <base64>]                not authenticated; ours have none
 *   index <i>
 *   <base64 hash>                   inclusion path, the leaf's sibling first
 *   ...
 *                                   (blank line)
 *   <checkpoint, as signed>
 *
 * Runs in: warden (formats), SDK and auditor (verify). Trusts: nobody but the pinned log key.
 * Holds: nothing. May block/alloc: allocates briefly. Threads: pure functions.
 * Source: C2SP tlog-proof; reference/audit-log 1.7.
 */
#ifndef PROOF_RECEIPT_H
#define PROOF_RECEIPT_H

#include "proof/merkle.h"
#include "proof/note.h"

enum { PROOF_RECEIPT_MAX = 1 << 16 }; /* bytes of a receipt */

/* A receipt in its parts; views into the text. */
struct proof_receipt {
    uint64_t index;
    struct sy_view extra; /* base64 as given, not authenticated; empty when absent */
    struct proof_path path;
    struct sy_view checkpoint; /* the signed note, verbatim */
};

/* Append the text of a receipt (extra is written when not empty). `checkpoint` must be a note;
 * the caller vouches for path and index. SY_E_FIELD, SY_E_LIMIT, SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status proof_receipt_format(const struct proof_receipt *r, struct sy_buf *b);

/* Parse, strictly, without verifying anything. SY_E_FIELD; SY_E_LIMIT past PROOF_RECEIPT_MAX.
 * *ret untouched on error. */
SY_MUST sy_status proof_receipt_parse(struct sy_view text, struct proof_receipt *ret,
                                      struct sy_error *reterr);

/* What a verified receipt says. */
struct proof_inclusion {
    uint64_t index;         /* of the entry in the log */
    struct proof_tree tree; /* size and root of the signed checkpoint */
};

/*
 * Verify: the text is well formed, the checkpoint is signed by the pinned key `log` and of its
 * origin, and the leaf with this hash (proof_merkle_leaf of the entry's bytes) is entry `index` of
 * that tree. Witness lines are carried along; to judge them give checkpoint and keys to
 * proof_note_verify. SY_E_FIELD, SY_E_LIMIT, SY_E_UNSIGNED, SY_E_SIGNATURE, SY_E_PROOF; *ret
 * untouched then.
 */
SY_MUST sy_status proof_receipt_verify(struct sy_view text, const struct proof_vkey *log,
                                       const uint8_t leaf_hash[PROOF_HASH_BYTES],
                                       struct proof_inclusion *ret, struct sy_error *reterr);

#endif
