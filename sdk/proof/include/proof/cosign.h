/*
 * Cosignatures: what a witness adds to a log's checkpoint. A line of type 04 states: at this time, the
 * tree of this checkpoint was the largest consistent one that the cosigner had seen of this origin.
 *
 * Runs in: witness (signs), warden, SDK, auditor (verify, by proof_note_verify). Trusts: nobody; notes
 * come from outside. Holds: nothing; secret keys are borrowed for the call. May block/alloc: allocates
 * briefly. Threads: pure functions.
 * Source: C2SP tlog-cosignature v1.0.1; reference/audit-log 1.6.
 */
#ifndef PROOF_COSIGN_H
#define PROOF_COSIGN_H

#include "proof/note.h"

/* Append one cosignature line over the text of a checkpoint. key's type must be PROOF_SIG_COSIGNATURE;
 * time_s: UTC seconds, not 0. secret: PROOF_SECRET_BYTES, borrowed. SY_E_FIELD (the text is no checkpoint
 * of three lines, the key's type, the time), SY_E_LIMIT, SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status proof_cosign(struct sy_view text, const struct proof_vkey *key,
                               const uint8_t *secret, uint64_t time_s, struct sy_buf *b);

/* Append the signature lines of a note that verify under one of these keys, and leave out all others:
 * whoever handed the note over may have added lines of any content. A line that is there
 * twice is kept once. n_keys <= PROOF_NOTE_LINES_MAX.
 * SY_E_FIELD (no note), SY_E_UNSIGNED (no such line), SY_E_LIMIT, SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status proof_note_keep_lines(struct sy_view note, const struct proof_vkey *keys,
                                        size_t n_keys, struct sy_buf *b);

#endif
