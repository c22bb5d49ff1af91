/*
 * The messages between a log and a witness, for both sides: the body of POST add-checkpoint, and what
 * comes back.
 *
 *   old <size>\n
 *   <base64 hash>\n            consistency proof from that size, 0..63 lines
 *   \n
 *   <checkpoint, as signed>
 *
 * A log asks with the size that it believes the witness saw last. 200 brings signature lines
 * (proof_witness_take), 409 the size that the witness did see (proof_witness_size): with it the log asks
 * again; and a log that has just started and finds there a size beyond its own has lost its tail. "old 0"
 * asks for that size when nothing is known.
 *
 * Runs in: courier or warden (make, take), witness (parse). Trusts: nobody, the messages come from
 * outside. Holds: nothing. May block/alloc: allocates briefly. Threads: pure functions.
 * Source: C2SP tlog-witness v1.0.0; reference/audit-log 1.8.
 */
#ifndef PROOF_WITNESS_H
#define PROOF_WITNESS_H

#include "proof/merkle.h"
#include "proof/note.h"

enum {
    PROOF_WITNESS_HASHES_MAX = 63,      /* hash lines of a request */
    PROOF_WITNESS_ASK_MAX = 64 << 10,   /* bytes of a request's body that are accepted */
    PROOF_WITNESS_ANSWER_MAX = 1 << 14, /* bytes of an answer's body that are accepted */
};

/* A request in its parts. */
struct proof_witness_ask {
    uint64_t old_size;      /* of the checkpoint cosigned last; 0 = none, or not known */
    struct proof_path path; /* from old_size to the checkpoint's; empty when either is equal or 0 */
    struct sy_view checkpoint; /* the signed note, verbatim; a view */
};

/* Append the body. The caller vouches for the path. SY_E_FIELD (the checkpoint is no note, too many
 * hashes), SY_E_LIMIT (also past PROOF_WITNESS_ASK_MAX), SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status proof_witness_ask_format(const struct proof_witness_ask *ask, struct sy_buf *b);

/* Parse a body, strictly, up to the checkpoint, which is only a view yet: not even its form was looked at.
 * SY_E_FIELD; SY_E_LIMIT past PROOF_WITNESS_ASK_MAX. *ret untouched on error. */
SY_MUST sy_status proof_witness_ask_parse(struct sy_view body, struct proof_witness_ask *ret,
                                          struct sy_error *reterr);

/* The size in the body of a 409: a decimal and "\n". SY_E_FIELD; *ret_size untouched. */
SY_MUST sy_status proof_witness_size(struct sy_view body, uint64_t *ret_size,
                                     struct sy_error *reterr);

/*
 * From the body of a 200 append to *b the witness's cosignature lines over this checkpoint (a signed
 * note), ready to stand under it; lines of other keys are left out. *ret_time_s: the latest time that
 * they state; whether that is fresh is the caller's to judge. SY_E_FIELD, SY_E_LIMIT, SY_E_UNSIGNED (no
 * line of this witness), SY_E_SIGNATURE (one does not verify), SY_E_NO_MEMORY: nothing is written.
 */
SY_MUST sy_status proof_witness_take(struct sy_view checkpoint, struct sy_view answer,
                                     const struct proof_vkey *witness, struct sy_buf *b,
                                     uint64_t *ret_time_s, struct sy_error *reterr);

#endif
