/*
 * The signed statement of a snapshot: what the state of a log's first `size` entries is.
 *
 *   "shuyu-snapshot/1" "\n" origin "\n" size "\n" base64(root) "\n" base64(state digest) "\n"
 *   base64(SHA-256 of the rows) "\n"          the text of a note, signed by the log's key
 *
 * root: of the tree of these entries; state digest: the running digest after the last of them, which
 * that entry states too (rules/state.h); rows: the canonical rows (rules/snapshot.h). Nothing in it
 * depends on when or where it was made, and Ed25519 is deterministic: whoever folds the same log
 * writes the same text, and who holds the key the same bytes. Six lines are never a checkpoint's three.
 *
 * Runs in: warden (signs), auditor (verifies, compares). Trusts: nobody; notes come from disks.
 * Holds: nothing. May block/alloc: allocates briefly. Threads: pure functions.
 * Source: C2SP signed-note v1.0.0; DESIGN section 3.
 */
#ifndef PROOF_SNAPSHOT_H
#define PROOF_SNAPSHOT_H

#include "proof/note.h"

#define PROOF_SNAPSHOT_CONTEXT "shuyu-snapshot/1"

enum { PROOF_SNAPSHOT_MAX = 4096 /* bytes of a signed note of ours */ };

struct proof_snapshot {
    uint64_t size; /* entries, at least 1 */
    uint8_t root[PROOF_HASH_BYTES];
    uint8_t state[PROOF_HASH_BYTES];
    uint8_t rows[PROOF_HASH_BYTES];
};

/* Append the text. origin: the log's name. SY_E_FIELD (origin, or size 0), SY_E_LIMIT, SY_E_NO_MEMORY: buffer
 * unchanged. */
SY_MUST sy_status proof_snapshot_encode(struct sy_view origin, const struct proof_snapshot *s,
                                        struct sy_buf *b);

/* Parse a note's text, which must be of this origin. SY_E_FIELD (malformed), SY_E_PROOF (another log);
 * *ret untouched on error. */
SY_MUST sy_status proof_snapshot_parse(struct sy_view text, struct sy_view origin,
                                       struct proof_snapshot *ret, struct sy_error *reterr);

/* Verify a signed note: one of the log's keys (n_log of them, all of the same name) has signed it, and the
 * text is of that log. Errors of proof_note_verify and proof_snapshot_parse. */
SY_MUST sy_status proof_snapshot_verify(struct sy_view bytes, const struct proof_vkey *log,
                                        size_t n_log, struct proof_snapshot *ret,
                                        struct sy_error *reterr);

#endif
