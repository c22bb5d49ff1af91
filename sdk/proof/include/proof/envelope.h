/*
 * Envelopes and replies: sign, verify, seal, open. The records are those of wire/envelope.h.
 *
 * A request: the args (and a secret, if any) go with a random salt into a sy_body, sealed to the
 * domain's box key; the header carries their digest and is signed. Signed message = the canonical
 * header bytes; they hold a context string, as an invitation's do, so neither can stand for the
 * other. A reply: signed by the warden together with the request's header, padded to a length fixed
 * beforehand, then sealed to the party's box key, so that its size says nothing.
 *
 * Runs in: SDK (make, open reply), warden (open, verify, seal reply), auditor (verify).
 * Trusts: nobody. Holds: nothing between calls; secret keys are borrowed for the call and belong
 * into the caller's guarded memory. May block/alloc: allocates; takes randomness from the kernel.
 * Threads: pure functions. sodium_init() has been called.
 * Source: wire/envelope.h; DESIGN section 2; libsodium documentation, "Sealed boxes", "Padding".
 */
#ifndef PROOF_ENVELOPE_H
#define PROOF_ENVELOPE_H

#include "proof/ids.h"
#include "proof/note.h"
#include "wire/envelope.h"
#include "wire/methods.h"

enum {
    PROOF_BOX_BYTES = 32,  /* X25519 public or secret key */
    PROOF_SEAL_BYTES = 48, /* what a sealed box is longer than its content */
};

/* --- signatures -------------------------------------------------------------------------------- */

/* Ed25519 over message. secret: PROOF_SECRET_BYTES, borrowed. */
void proof_sign(uint8_t ret[PROOF_SIGNATURE_BYTES], struct sy_view message, const uint8_t *secret);

/* OK or SY_E_SIGNATURE (wrong length included). */
SY_MUST sy_status proof_verify(struct sy_view sig, struct sy_view message,
                               const uint8_t key[PROOF_KEY_BYTES]);

/* Are context and suite those of a request? SY_E_FIELD ("header.ctx"), SY_E_SUITE. */
SY_MUST sy_status proof_header_check(const struct sy_header *header, struct sy_error *reterr);

/*
 * Did the holder of `sign_key` sign this request? `header` must be what header_bytes encodes (it is
 * checked) and carry the context and the suite of requests. A list may hold other keys' signatures
 * (genesis has two); those are not looked at: call again with the other key. Expiry, domain, method
 * and nonce are the caller's to judge.
 * SY_E_FIELD (header and bytes differ, or context), SY_E_SUITE, SY_E_UNSIGNED (no signature by this
 * key), SY_E_SIGNATURE (one by this key does not verify), SY_E_NO_MEMORY.
 */
SY_MUST sy_status proof_verify_request(struct sy_view header_bytes, const struct sy_header *header,
                                       const struct sy_signature *sigs, size_t n_sigs,
                                       const uint8_t sign_key[PROOF_KEY_BYTES],
                                       struct sy_error *reterr);

/* Decode an invitation and verify the agency's signature over its bytes. Expiry, domain and nonce
 * are the caller's to judge. ret: views into `invite`. Errors of sy_record_decode, SY_E_FIELD
 * (context), SY_E_SIGNATURE; *ret untouched then. */
SY_MUST sy_status proof_invite_verify(struct sy_view invite, struct sy_view sig,
                                      const uint8_t agency_key[PROOF_KEY_BYTES],
                                      struct sy_arena *arena, struct sy_invite *ret,
                                      struct sy_error *reterr);

/* --- requests ---------------------------------------------------------------------------------- */

/* header.body: SHA-256("shuyu-args-1" || salt || SHA-256(args) || SHA-256(secret)). secret_digest:
 * SHA-256(secret) as the log keeps it; NULL or all zero = no secret, for which SHA-256("") stands. */
void proof_args_digest(uint8_t ret[PROOF_HASH_BYTES], const uint8_t salt[PROOF_HASH_BYTES],
                       struct sy_view args, const uint8_t *secret_digest);

/* What makes a request; all borrowed. */
struct proof_request {
    struct sy_view args;           /* canonical bytes of the method's arguments */
    struct sy_view secret;         /* never logged; empty = none */
    const uint8_t *domain_box;     /* PROOF_BOX_BYTES: the domain's public box key */
    const uint8_t *const *secrets; /* n_secrets signing keys of PROOF_SECRET_BYTES each */
    size_t n_secrets;              /* usually 1; 0 gives an envelope without signatures */
};

/*
 * Append the bytes of an envelope. *header comes with domain, expiry, method, party and, where they
 * apply, grant and subject; ctx, suite and body are filled in here, and so is a nonce that is all
 * zero (random). Keep the bytes: sending the same again is how a request is repeated safely.
 * SY_E_FIELD (text that is not UTF-8; a domain key that is no curve point), SY_E_LIMIT,
 * SY_E_NO_MEMORY: buffer unchanged, *header unspecified.
 */
SY_MUST sy_status proof_envelope_make(const struct proof_request *request, struct sy_header *header,
                                      struct sy_buf *b);

/* An envelope in clear: what anyone on the way may read. */
struct proof_envelope {
    struct sy_envelope outer; /* header bytes, sealed body, signatures */
    struct sy_header header;  /* outer.header decoded */
};

/* Decode envelope and header and check context and suite; nothing is verified or opened. Views
 * point into bytes, the signature list into the arena. Errors of sy_record_decode, SY_E_FIELD
 * ("header.ctx"), SY_E_SUITE; *ret untouched then. */
SY_MUST sy_status proof_envelope_parse(struct sy_view bytes, struct sy_arena *arena,
                                       struct proof_envelope *ret, struct sy_error *reterr);

/* A request as the warden works with it. args and secret point into `plain`, which is wiped by
 * proof_opened_deinit. Zero-initialise before first use. */
struct proof_opened {
    struct sy_buf plain; /* owned; the unsealed body */
    struct sy_view args;
    struct sy_view secret; /* empty = none */
    uint8_t salt[PROOF_HASH_BYTES];
    uint8_t secret_digest[PROOF_HASH_BYTES]; /* for the log; all zero = no secret */
};

/*
 * Unseal the body of a parsed envelope with the domain's box key pair and check it against
 * header.body. Signatures are verified apart (proof_verify_request), for the key to expect depends
 * on the state. SY_E_SEAL (not for this key, or changed), SY_E_NOT_CANONICAL, SY_E_FIELD (body is
 * no sy_body), SY_E_DIGEST (not the body that was signed), SY_E_LIMIT, SY_E_NO_MEMORY; *ret is
 * empty then. On success the caller owes proof_opened_deinit.
 */
SY_MUST sy_status proof_envelope_open(const struct proof_envelope *envelope,
                                      const uint8_t box_public[PROOF_BOX_BYTES],
                                      const uint8_t *box_secret, struct proof_opened *ret,
                                      struct sy_error *reterr);

/* Wipe and free. NULL-safe. */
void proof_opened_deinit(struct proof_opened *opened);
#define PROOF_OPENED_CLEANUP __attribute__((cleanup(proof_opened_deinit)))

/* --- replies ----------------------------------------------------------------------------------- */

/* The smallest length that a reply fits which is n encoded bytes without nonce and signature: a
 * multiple of SY_REPLY_BLOCK. For methods whose length is fixed beforehand this is for choosing it,
 * never for the reply itself. */
size_t proof_reply_length(size_t n_bytes);

/* How a reply is closed; all borrowed. */
struct proof_reply_seal {
    const struct proof_envelope *request; /* what is answered */
    const uint8_t *warden_secret;         /* PROOF_SECRET_BYTES: the domain's warden key */
    const uint8_t *party_box;             /* PROOF_BOX_BYTES: public box key of the party */
    size_t length_bytes;                  /* padded to exactly this, a multiple of SY_REPLY_BLOCK */
};

/* Append the sealed reply: sign for the request (reply's own nonce and sig are not looked at), encode,
 * pad, seal. Adds length_bytes + PROOF_SEAL_BYTES, whatever the content. SY_E_USAGE (length),
 * SY_E_LIMIT (the reply does not fit), SY_E_FIELD (the reply's text; the box key is no curve point),
 * SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status proof_reply_seal(const struct sy_reply *reply, const struct proof_reply_seal *how,
                                   struct sy_buf *b);

/* A reply as the party reads it. Owns what its views point into. Zero-initialise before first use. */
struct proof_reply {
    struct sy_reply reply;
    struct sy_buf plain;   /* owned; the clear bytes */
    struct sy_arena arena; /* owned; the list of proofs */
};

/* Who reads a reply, and whose word counts; all borrowed. */
struct proof_reply_open {
    const struct proof_envelope *request; /* the one that was sent */
    const uint8_t *warden;                /* PROOF_KEY_BYTES: the domain's warden key, as pinned */
    const uint8_t *box_public;            /* PROOF_BOX_BYTES each: the party's key pair */
    const uint8_t *box_secret;
};

/* Open a sealed reply and verify that the warden signed it for this very request. SY_E_SEAL,
 * SY_E_FRAME (length or padding), errors of sy_record_decode, SY_E_UNSIGNED (no signature),
 * SY_E_SIGNATURE (another's, of other bytes, or for another request); *ret is empty then, so that
 * nothing of an unauthenticated reply can be used. On success the caller owes proof_reply_deinit. */
SY_MUST sy_status proof_reply_open(struct sy_view sealed, const struct proof_reply_open *how,
                                   struct proof_reply *ret, struct sy_error *reterr);

/* Wipe and free. NULL-safe. */
void proof_reply_deinit(struct proof_reply *reply);
#define PROOF_REPLY_CLEANUP __attribute__((cleanup(proof_reply_deinit)))

/* --- plain sealed boxes ------------------------------------------------------------------------ */

/* Append content sealed to a box key: content.n + PROOF_SEAL_BYTES bytes (a custodian's share, a
 * quality report). SY_E_FIELD (no curve point), SY_E_LIMIT, SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status proof_seal(struct sy_view content, const uint8_t box_public[PROOF_BOX_BYTES],
                             struct sy_buf *b);

/* Append the content of a sealed box; give *b `wipe` when it is secret. SY_E_SEAL, SY_E_LIMIT,
 * SY_E_NO_MEMORY: buffer unchanged. */
SY_MUST sy_status proof_unseal(struct sy_view sealed, const uint8_t box_public[PROOF_BOX_BYTES],
                               const uint8_t *box_secret, struct sy_buf *b);

#endif
