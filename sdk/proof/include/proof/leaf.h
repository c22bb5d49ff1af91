/*
 * The public leaf of a ledger entry: the canonical msgpack array
 *   [1, type, UTC day, SHA-256("shuyu-body-1" || salt32 || body)]
 * It says what kind of thing happened on which day, and commits to a body that is kept beside the
 * log. The random salt keeps a short body from being guessed.
 *
 * Runs in: warden, SDK, auditor. Trusts: nobody. Holds: nothing. May block/alloc: allocates
 * briefly. Threads: pure functions. Source: DESIGN section 3; wire/event.h.
 */
#ifndef PROOF_LEAF_H
#define PROOF_LEAF_H

#include "base/buf.h"
#include "base/status.h"
#include "proof/hash.h"
#include "wire/event.h"

enum {
    PROOF_SALT_BYTES = 32,
    PROOF_LEAF_TYPE_MAX = 64, /* bytes of a type */
    PROOF_LEAF_MAX = 128,     /* bytes of a leaf */
};

/* A leaf in its parts. */
struct proof_leaf {
    struct sy_view type; /* 1..PROOF_LEAF_TYPE_MAX bytes of UTF-8 */
    uint32_t utc_day;    /* days since 1970-01-01 */
    uint8_t commitment[PROOF_HASH_BYTES];
};

/* SHA-256("shuyu-body-1" || salt || body). */
void proof_body_commit(uint8_t ret[PROOF_HASH_BYTES], const uint8_t salt[PROOF_SALT_BYTES],
                       struct sy_view body);

/* Append the bytes of a leaf. SY_E_FIELD (type), SY_E_LIMIT, SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status proof_leaf_encode(const struct proof_leaf *leaf, struct sy_buf *b);

/* Append the leaf for a body: encode of (type, utc_day, proof_body_commit(salt, body)). */
SY_MUST sy_status proof_leaf_make(struct sy_view type, uint32_t utc_day,
                                  const uint8_t salt[PROOF_SALT_BYTES], struct sy_view body,
                                  struct sy_buf *b);

/* Parse, strictly: exactly one canonical leaf. SY_E_NOT_CANONICAL, SY_E_LIMIT, SY_E_FIELD; *ret
 * untouched. ret->type points into bytes. */
SY_MUST sy_status proof_leaf_parse(struct sy_view bytes, struct proof_leaf *ret,
                                   struct sy_error *reterr);

/* Do salt and body open the leaf's commitment? OK, SY_E_DIGEST, or an error of proof_leaf_parse. */
SY_MUST sy_status proof_leaf_check(struct sy_view bytes, const uint8_t salt[PROOF_SALT_BYTES],
                                   struct sy_view body, struct sy_error *reterr);

/* Is what the leaf says in clear, type and day, what its event says? OK, SY_E_TAMPERED (field "leaf"), or
 * an error of proof_leaf_parse. That the leaf commits to the event is proof_leaf_check's to say. */
SY_MUST sy_status proof_leaf_names(struct sy_view bytes, const struct sy_event *event,
                                   struct sy_error *reterr);

#endif
