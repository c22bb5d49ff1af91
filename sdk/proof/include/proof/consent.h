/*
 * Consent tokens: commit, sign, verify. The record is wire/consent.h's.
 *
 * Runs in: SDK (make), rules (verify), warden (open the commitments). Trusts: nobody. Holds: nothing
 * between calls. May block/alloc: as proof_sha256. Threads: pure functions. sodium_init() has been called.
 */
#ifndef PROOF_CONSENT_H
#define PROOF_CONSENT_H

#include "proof/hash.h"
#include "proof/note.h"
#include "wire/consent.h"

/* SHA-256("shuyu-subject-1" || salt || id). salt: 32 bytes; id: in normal form. */
void proof_subject_commit(uint8_t ret[PROOF_HASH_BYTES], const uint8_t salt[PROOF_HASH_BYTES],
                          struct sy_view id);

/* SHA-256("shuyu-asserted-1" || salt || canonical sy_asserted); all zero when there are no values.
 * SY_E_FIELD (names not ascending, or text that is not UTF-8), SY_E_NO_MEMORY. */
SY_MUST sy_status proof_asserted_commit(uint8_t ret[PROOF_HASH_BYTES],
                                        const uint8_t salt[PROOF_HASH_BYTES],
                                        const struct sy_asserted *asserted);

/* Decode a token and its context; nothing is verified. Views into `token`. Errors of sy_record_decode,
 * SY_E_FIELD (context); *ret untouched then. */
SY_MUST sy_status proof_consent_read(struct sy_view token, struct sy_arena *arena,
                                     struct sy_consent *ret, struct sy_error *reterr);

/* Did the holder of `issuer_key` sign these bytes? SY_E_SIGNATURE, field "sig". */
SY_MUST sy_status proof_consent_verify(struct sy_view token, struct sy_view sig,
                                       const uint8_t issuer_key[PROOF_KEY_BYTES],
                                       struct sy_error *reterr);

#endif
