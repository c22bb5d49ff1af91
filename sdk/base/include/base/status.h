/*
 * The one error vocabulary of Shuyu: a must-use status, and the detail a user is shown.
 *
 * A status is a code from the table below; the high byte is its category. Callers branch on a
 * category or on a code which the callee's header names; anything else goes up unchanged (SY_TRY).
 * The detail (code, field, reason) is what crosses process borders; its reason never holds a raw
 * value, a key, or anything that depends on a protected row (DESIGN section 6, rules 3 and 6).
 *
 * Threads: pure functions; a struct sy_error belongs to one thread at a time.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

/* Categories: what a caller can do about it. */
enum sy_category {
    SY_CAT_OK = 0,
    SY_CAT_USAGE = 1,    /* the request is malformed or misused: correct it and call again */
    SY_CAT_DENIED = 2,   /* policy says no: apply, get reviewed, or ask for less */
    SY_CAT_QUOTA = 3,    /* a budget, rate or size limit is used up */
    SY_CAT_CRYPTO = 4,   /* a signature, seal, digest or key does not verify */
    SY_CAT_IO = 5,       /* the machine: files, sockets, memory */
    SY_CAT_BUSY = 6,     /* try again later: starting, stopping, too many at once */
    SY_CAT_INTERNAL = 7, /* a bug in Shuyu: report it */
    SY_CAT_N
};

/* X(CODE, category, number within the category, wire name, text for people).
 * Numbers are part of the wire format and of the ledger: never reuse one. */
#define SY_ERRORS(X)                                                                               \
    X(SY_E_USAGE, USAGE, 1, "usage", "the call is malformed")                                      \
    X(SY_E_FRAME, USAGE, 2, "frame", "not a MessagePack-RPC frame")                                \
    X(SY_E_NOT_CANONICAL, USAGE, 3, "not_canonical", "the bytes are not canonical msgpack")        \
    X(SY_E_LIMIT, USAGE, 4, "limit", "the message is larger or deeper than allowed")               \
    X(SY_E_METHOD, USAGE, 5, "method", "no such method")                                           \
    X(SY_E_FIELD, USAGE, 6, "field", "a field is missing, unknown or out of range")                \
    X(SY_E_SUITE, USAGE, 7, "suite", "unknown cryptographic suite")                                \
    X(SY_E_EXISTS, USAGE, 8, "exists", "it exists already")                                        \
    X(SY_E_NOT_FOUND, USAGE, 9, "not_found", "there is no such thing")                             \
    X(SY_E_STATE, USAGE, 10, "state", "it is not in a state that allows this")                     \
    X(SY_E_SQL, USAGE, 11, "sql", "the model's SQL is outside the dialect")                        \
    X(SY_E_PLAN, USAGE, 12, "plan", "the plan is malformed or ill-typed")                          \
    X(SY_E_DATA, USAGE, 13, "data", "the input file does not fit the catalogue")                   \
    X(SY_E_DENIED, DENIED, 1, "denied", "not permitted")                                           \
    X(SY_E_UNSIGNED, DENIED, 2, "unsigned", "the request carries no valid signature")              \
    X(SY_E_PARTY, DENIED, 3, "party", "the party is not enrolled")                                 \
    X(SY_E_ROLE, DENIED, 4, "role", "the party's role does not allow this")                        \
    X(SY_E_EXPIRED, DENIED, 5, "expired", "the request, grant or invitation is out of date")       \
    X(SY_E_GRANT, DENIED, 6, "grant", "no active grant covers this")                               \
    X(SY_E_FIELD_DENIED, DENIED, 7, "field_denied", "the field is outside the grant")              \
    X(SY_E_ROW_LEVEL, DENIED, 8, "row_level", "row-level output never leaves the domain")          \
    X(SY_E_SUSPENDED, DENIED, 9, "suspended", "the grant is suspended")                            \
    X(SY_E_REVIEW, DENIED, 10, "review", "a review of the chain is missing")                       \
    X(SY_E_REPLAYED, DENIED, 11, "replayed", "the nonce was used for another request")             \
    X(SY_E_PRIVACY, DENIED, 12, "privacy", "no mechanism protects this output")                    \
    X(SY_E_REFUSED, DENIED, 13, "refused", "the run was refused")                                  \
    X(SY_E_DIFFERENCING, DENIED, 14, "differencing", "too close to a population already released") \
    X(SY_E_DISGUISED, DENIED, 15, "disguised", "the product was not reviewed for this use")        \
    X(SY_E_BUDGET, QUOTA, 1, "budget", "the privacy budget does not cover this")                   \
    X(SY_E_CALLS, QUOTA, 2, "calls", "the grant's calls are used up")                              \
    X(SY_E_RATE, QUOTA, 3, "rate", "too many requests")                                            \
    X(SY_E_OVERRUN, QUOTA, 4, "overrun", "the grant's overrun allowance is used up")               \
    X(SY_E_SIGNATURE, CRYPTO, 1, "signature", "a signature does not verify")                       \
    X(SY_E_SEAL, CRYPTO, 2, "seal", "a sealed body does not open")                                 \
    X(SY_E_DIGEST, CRYPTO, 3, "digest", "a digest does not match")                                 \
    X(SY_E_PROOF, CRYPTO, 4, "proof", "a Merkle proof does not verify")                            \
    X(SY_E_TAMPERED, CRYPTO, 5, "tampered", "stored bytes were changed")                           \
    X(SY_E_SHARE, CRYPTO, 6, "share", "a key share is missing or does not fit")                    \
    X(SY_E_ROLLBACK, CRYPTO, 7, "rollback", "an older state was put in place of a newer one")      \
    X(SY_E_IO, IO, 1, "io", "an input or output operation failed")                                 \
    X(SY_E_NO_MEMORY, IO, 2, "no_memory", "out of memory")                                         \
    X(SY_E_NO_SPACE, IO, 3, "no_space", "the disk is full")                                        \
    X(SY_E_CLOSED, IO, 4, "closed", "the other side closed the connection")                        \
    X(SY_E_TIMEOUT, IO, 5, "timeout", "no answer in time")                                         \
    X(SY_E_TLS, IO, 6, "tls", "the TLS connection failed")                                         \
    X(SY_E_KERNEL, IO, 7, "kernel", "the kernel lacks a feature that sealing needs")               \
    X(SY_E_BUSY, BUSY, 1, "busy", "the domain is busy; try again")                                 \
    X(SY_E_STOPPING, BUSY, 2, "stopping", "the domain is stopping")                                \
    X(SY_E_READ_ONLY, BUSY, 3, "read_only", "the ledger takes no new entries")                     \
    X(SY_E_INTERNAL, INTERNAL, 1, "internal", "internal error")                                    \
    X(SY_E_OVERFLOW, INTERNAL, 2, "overflow", "an arithmetic bound was exceeded")

enum sy_code {
    SY_OK_CODE = 0,
#define SY_ERR_ENUM(code, cat, n, name, text) code = (SY_CAT_##cat << 8) | (n),
    SY_ERRORS(SY_ERR_ENUM)
#undef SY_ERR_ENUM
};

typedef struct sy_status {
    int32_t code; /* 0 or one of enum sy_code */
} sy_status;

/* What a person or program needs to act on a refusal. Zero-initialise before first use. */
struct sy_error {
    int32_t code;   /* one of enum sy_code; 0 = no error recorded */
    char field[64]; /* what was wrong, e.g. "proposal.datasets[0].fields"; "" when not one field */
    char reason[256]; /* one sentence, UTF-8, what is wrong and what to do */
};

#define SY_MUST              __attribute__((warn_unused_result))
#define SY_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#define SY_OK ((sy_status){0})

static inline bool sy_ok(sy_status s)
{
    return s.code == 0;
}

static inline sy_status sy_status_of(int32_t code)
{
    return (sy_status){code};
}

static inline enum sy_category sy_category_of(int32_t code)
{
    return (enum sy_category)((uint32_t)code >> 8);
}

/* Return from the calling function with any status that is not OK. */
#define SY_TRY(call)                                                                               \
    do {                                                                                           \
        sy_status sy_try_ = (call);                                                                \
        if (!sy_ok(sy_try_)) {                                                                     \
            return sy_try_;                                                                        \
        }                                                                                          \
    } while (0)

/* The stable wire name of a code ("budget"), "ok" for 0, or "unknown". Never NULL. */
const char *sy_code_name(int32_t code);

/* The wire name of a category ("denied"), or "unknown". Never NULL. */
const char *sy_category_name(enum sy_category category);

/* The general text of a code, or "unknown error". Never NULL. */
const char *sy_code_text(int32_t code);

/* Code of a wire name; 0 when unknown. `name` must not be NULL. */
int32_t sy_code_of_name(const char *name);

/* Fill *reterr (may be NULL) with code, field (may be NULL = "") and a printf-style reason
 * (NULL = the code's general text), truncated at a UTF-8 boundary; returns the code as a status. */
sy_status sy_fail(struct sy_error *reterr, int32_t code, const char *field, const char *fmt, ...)
    SY_PRINTF(4, 5);

/* As sy_fail with IO category chosen from errno (ENOSPC or EDQUOT, ENOMEM, else SY_E_IO); `what` names the
 * operation ("fsync segment"), never a path outside the domain's own folder. */
sy_status sy_fail_errno(struct sy_error *reterr, int saved_errno, const char *what);

#endif
