/*
 * Errors of the Shuyu SDK: codes, categories, and what a caller is told. Included by shuyu.h.
 *
 * A function that can fail returns a shuyu_status: 0 (SHUYU_OK) or a code. Branch on the category:
 * it says what can be done about it.
 */
#ifndef SHUYU_ERROR_H
#define SHUYU_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SHUYU_API  __attribute__((visibility("default")))
#define SHUYU_MUST __attribute__((warn_unused_result))
#else
#define SHUYU_API
#define SHUYU_MUST
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The high byte of a code: what the caller can do about it. */
enum shuyu_category {
    SHUYU_CAT_OK = 0,
    SHUYU_CAT_USAGE = 1,   /* the request is malformed or misused: correct it */
    SHUYU_CAT_DENIED = 2,  /* policy says no: apply, get reviewed, or ask for less */
    SHUYU_CAT_QUOTA = 3,   /* a budget, rate or size limit is used up */
    SHUYU_CAT_CRYPTO = 4,  /* something does not verify: trust nothing of this reply */
    SHUYU_CAT_IO = 5,      /* this machine or the network */
    SHUYU_CAT_BUSY = 6,    /* try again later */
    SHUYU_CAT_INTERNAL = 7 /* a bug: report it */
};

/* X(NAME, number): enum shuyu_code has SHUYU_E_NAME. The numbers are part of the wire format and
 * are never reused; shuyu_error_text gives each in words. */
#define SHUYU_CODES(X)                                                                             \
    X(USAGE, 0x101)         /* the call is malformed */                                            \
    X(FRAME, 0x102)         /* not a MessagePack-RPC frame */                                      \
    X(NOT_CANONICAL, 0x103) /* the bytes are not canonical msgpack */                              \
    X(LIMIT, 0x104)         /* larger or deeper than allowed */                                    \
    X(METHOD, 0x105)        /* no such method */                                                   \
    X(FIELD, 0x106)         /* a field is missing, unknown or out of range */                      \
    X(SUITE, 0x107)         /* unknown cryptographic suite */                                      \
    X(EXISTS, 0x108)        /* it exists already */                                                \
    X(NOT_FOUND, 0x109)     /* there is no such thing */                                           \
    X(STATE, 0x10a)         /* it is not in a state that allows this */                            \
    X(SQL, 0x10b)           /* the model's SQL is outside the dialect */                           \
    X(PLAN, 0x10c)          /* the plan is malformed or ill-typed */                               \
    X(DATA, 0x10d)          /* the input file does not fit the catalogue */                        \
    X(DENIED, 0x201)        /* not permitted */                                                    \
    X(UNSIGNED, 0x202)      /* no valid signature */                                               \
    X(PARTY, 0x203)         /* the party is not enrolled, or the certificate is another's */       \
    X(ROLE, 0x204)          /* the party's role does not allow this */                             \
    X(EXPIRED, 0x205)       /* request, grant or invitation is out of date */                      \
    X(GRANT, 0x206)         /* no active grant covers this */                                      \
    X(FIELD_DENIED, 0x207)  /* the field is outside the grant */                                   \
    X(ROW_LEVEL, 0x208)     /* row-level output never leaves the domain */                         \
    X(SUSPENDED, 0x209)     /* the grant is suspended */                                           \
    X(REVIEW, 0x20a)        /* a review of the chain is missing */                                 \
    X(REPLAYED, 0x20b)      /* the nonce was used for another request */                           \
    X(PRIVACY, 0x20c)       /* no mechanism protects this output */                                \
    X(REFUSED, 0x20d)       /* the run was refused; it stays charged */                            \
    X(DIFFERENCING, 0x20e)  /* too close to a population already released */                       \
    X(DISGUISED, 0x20f)     /* the product was not reviewed, or not subscribed to, for this use */ \
    X(BUDGET, 0x301)        /* the privacy budget does not cover this */                           \
    X(CALLS, 0x302)         /* the grant's calls are used up */                                    \
    X(RATE, 0x303)          /* too many requests */                                                \
    X(OVERRUN, 0x304)       /* the grant's overrun allowance is used up */                         \
    X(SIGNATURE, 0x401)     /* a signature does not verify */                                      \
    X(SEAL, 0x402)          /* a sealed body does not open */                                      \
    X(DIGEST, 0x403)        /* a digest does not match */                                          \
    X(PROOF, 0x404)         /* a Merkle proof does not verify, or is missing */                    \
    X(TAMPERED, 0x405)      /* stored bytes were changed */                                        \
    X(SHARE, 0x406)         /* a key share is missing or does not fit */                           \
    X(ROLLBACK, 0x407)      /* an older or another state in place of the one seen before */        \
    X(IO, 0x501)            /* an input or output operation failed */                              \
    X(NO_MEMORY, 0x502)     /* out of memory */                                                    \
    X(NO_SPACE, 0x503)      /* the disk is full */                                                 \
    X(CLOSED, 0x504)        /* the other side closed the connection */                             \
    X(TIMEOUT, 0x505)       /* no answer in time */                                                \
    X(TLS, 0x506)           /* the TLS connection failed */                                        \
    X(KERNEL, 0x507)        /* the kernel lacks a feature that sealing needs */                    \
    X(BUSY, 0x601)          /* the domain is busy */                                               \
    X(STOPPING, 0x602)      /* the domain is stopping */                                           \
    X(READ_ONLY, 0x603)     /* the ledger takes no new entries */                                  \
    X(INTERNAL, 0x701)      /* internal error */                                                   \
    X(OVERFLOW, 0x702)      /* an arithmetic bound was exceeded */

enum shuyu_code {
    SHUYU_OK = 0,
#define SHUYU_CODE_ENUM(name, number) SHUYU_E_##name = number,
    SHUYU_CODES(SHUYU_CODE_ENUM)
#undef SHUYU_CODE_ENUM
        SHUYU_CODE_LAST
};

typedef int shuyu_status; /* 0 or one of enum shuyu_code */

typedef struct shuyu_error {
    int code;         /* one of enum shuyu_code; 0 = none recorded */
    int category;     /* of the code */
    bool logged;      /* the domain logged this refusal, and its proof was verified: ... */
    uint64_t entry;   /* ... as this entry of the log; else 0 */
    char field[64];   /* what was wrong ("proposal.datasets[0].fields"); "" when not one field */
    char reason[256]; /* one sentence: what is wrong and what to do; safe to print */
} shuyu_error;

/* The stable wire name of a code ("budget"), "ok" for 0, or "unknown". Never NULL; static. */
SHUYU_API const char *shuyu_error_name(int code);

/* The general text of a code, and the wire name of a category ("quota"). Never NULL; static. */
SHUYU_API const char *shuyu_error_text(int code);
SHUYU_API const char *shuyu_category_name(int category);

/* May the same call succeed later, unchanged? True for the categories IO and BUSY and for rate. */
SHUYU_API bool shuyu_error_retryable(int code);

/* "0.1.0"; static. */
SHUYU_API const char *shuyu_version(void);

#ifdef __cplusplus
}
#endif

#endif
