/*
 * Sealed boxes and replies. A reply is padded before it is sealed, to a length that was fixed
 * before its content was known: sodium_pad with the whole length as its block. Invariants: the
 * sealed length is a function of length_bytes alone, and a reply that does not fit is an error
 * instead of a longer message; no reply is handed out that the warden did not sign for the request
 * it is read as the answer to.
 */
#include <sodium.h>
#include <string.h>

#include "proof/envelope.h"
#include "proof/hash.h"

_Static_assert(PROOF_SEAL_BYTES == crypto_box_SEALBYTES, "length of a sealed box");
_Static_assert(PROOF_BOX_BYTES == crypto_box_PUBLICKEYBYTES, "length of a box key");
_Static_assert(PROOF_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "length of a signing key");

/* Longest reply: what fits a large message. */
#define REPLY_MAX ((size_t)64 << 20)

/* What nonce and sig add to a reply: their keys, heads of two bytes, and 16 and 64 bytes. */
enum { SIGNED_BYTES = 6 + 2 + 16 + 4 + 2 + PROOF_SIGNATURE_BYTES };

/* Context, digest of the request's header, digest of the reply without sig. */
enum {
    CONTEXT_BYTES = sizeof(SY_REPLY_CONTEXT) - 1,
    MESSAGE_BYTES = CONTEXT_BYTES + 2 * PROOF_HASH_BYTES
};

/* Room at the end of b, with the reason when there is none. */
static sy_status reserve(struct sy_buf *b, size_t n_bytes, uint8_t **ret)
{
    if (n_bytes > b->ceiling - b->n) {
        return sy_status_of(SY_E_LIMIT);
    }
    *ret = sy_buf_reserve(b, n_bytes);
    return *ret != NULL ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

sy_status proof_seal(struct sy_view content, const uint8_t box_public[PROOF_BOX_BYTES],
                     struct sy_buf *b)
{
    uint8_t *at = NULL;
    if (content.n > SIZE_MAX - PROOF_SEAL_BYTES) {
        return sy_status_of(SY_E_LIMIT);
    }
    SY_TRY(reserve(b, content.n + PROOF_SEAL_BYTES, &at));
    if (crypto_box_seal(at, content.p, content.n, box_public) != 0) {
        return sy_status_of(SY_E_FIELD);
    }
    b->n += content.n + PROOF_SEAL_BYTES;
    return SY_OK;
}

sy_status proof_unseal(struct sy_view sealed, const uint8_t box_public[PROOF_BOX_BYTES],
                       const uint8_t *box_secret, struct sy_buf *b)
{
    uint8_t *at = NULL;
    if (sealed.n < PROOF_SEAL_BYTES) {
        return sy_status_of(SY_E_SEAL);
    }
    /* One byte more, so that an empty content has somewhere to be written too. */
    SY_TRY(reserve(b, sealed.n - PROOF_SEAL_BYTES + 1, &at));
    if (crypto_box_seal_open(at, sealed.p, sealed.n, box_public, box_secret) != 0) {
        return sy_status_of(SY_E_SEAL);
    }
    b->n += sealed.n - PROOF_SEAL_BYTES;
    return SY_OK;
}

size_t proof_reply_length(size_t n_bytes)
{
    return ((n_bytes + SIGNED_BYTES) / SY_REPLY_BLOCK + 1) * SY_REPLY_BLOCK;
}

/* --- the warden's signature --------------------------------------------------------------------- */

/* The message that is signed: `reply` with its nonce, whatever its sig, as the answer to a header.
 * max: most bytes that the reply may have. */
static sy_status reply_message(const struct sy_reply *reply, struct sy_view header, size_t max,
                               uint8_t ret[MESSAGE_BYTES])
{
    SY_BUF_CLEANUP struct sy_buf bytes = sy_buf(max);
    bytes.wipe = true;
    struct sy_reply bare = *reply;
    bare.sig = (struct sy_view){0};
    SY_TRY(sy_record_encode(&sy_reply_desc, &bare, &bytes));
    struct sy_view encoded = sy_buf_view(&bytes);
    memcpy(ret, SY_REPLY_CONTEXT, CONTEXT_BYTES);
    proof_sha256(ret + CONTEXT_BYTES, &header, 1);
    proof_sha256(ret + CONTEXT_BYTES + PROOF_HASH_BYTES, &encoded, 1);
    return SY_OK;
}

static sy_status check_signature(const struct sy_reply *reply, const struct proof_reply_open *how)
{
    uint8_t message[MESSAGE_BYTES];
    if (reply->sig.n == 0) {
        return sy_status_of(SY_E_UNSIGNED);
    }
    SY_TRY(reply_message(reply, how->request->outer.header, REPLY_MAX, message));
    SY_TRY(proof_verify(reply->sig, sy_view(message, sizeof(message)), how->warden));
    /* Signed for this header, so a different nonce is not the attacker's work: fail closed. */
    return memcmp(reply->nonce, how->request->header.nonce, sizeof(reply->nonce)) == 0
               ? SY_OK
               : sy_status_of(SY_E_SIGNATURE);
}

/* --- sealing ------------------------------------------------------------------------------------ */

/* The bytes of the reply with nonce and signature. */
static sy_status encode_signed(const struct sy_reply *reply, const struct proof_reply_seal *how,
                               struct sy_buf *b)
{
    struct sy_reply out = *reply;
    uint8_t message[MESSAGE_BYTES];
    uint8_t sig[PROOF_SIGNATURE_BYTES];
    memcpy(out.nonce, how->request->header.nonce, sizeof(out.nonce));
    SY_TRY(reply_message(&out, how->request->outer.header, how->length_bytes, message));
    proof_sign(sig, sy_view(message, sizeof(message)), how->warden_secret);
    out.sig = sy_view(sig, sizeof(sig));
    return sy_record_encode(&sy_reply_desc, &out, b);
}

sy_status proof_reply_seal(const struct sy_reply *reply, const struct proof_reply_seal *how,
                           struct sy_buf *b)
{
    size_t length = how->length_bytes;
    if (length == 0 || length % SY_REPLY_BLOCK != 0 || length > REPLY_MAX) {
        return sy_status_of(SY_E_USAGE);
    }
    SY_BUF_CLEANUP struct sy_buf clear = sy_buf(length);
    clear.wipe = true;
    size_t padded = 0;
    SY_TRY(encode_signed(reply, how, &clear));
    if (sy_buf_reserve(&clear, length - clear.n) == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (sodium_pad(&padded, clear.p, clear.n, length, length) != 0) {
        return sy_status_of(SY_E_LIMIT); /* no room for the one byte that padding needs */
    }
    return proof_seal(sy_view(clear.p, padded), how->party_box, b);
}

/* --- opening ------------------------------------------------------------------------------------ */

static sy_status unpad(struct sy_buf *plain)
{
    size_t n = 0;
    if (plain->n == 0 || plain->n % SY_REPLY_BLOCK != 0 ||
        sodium_unpad(&n, plain->p, plain->n, plain->n) != 0) {
        return sy_status_of(SY_E_FRAME);
    }
    plain->n = n;
    return SY_OK;
}

static sy_status read_reply(struct sy_view sealed, const struct proof_reply_open *how,
                            struct proof_reply *ret, struct sy_error *reterr)
{
    sy_status s = proof_unseal(sealed, how->box_public, how->box_secret, &ret->plain);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "reply", NULL);
    }
    s = unpad(&ret->plain);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "reply", "the reply's length is not as fixed");
    }
    SY_TRY(sy_record_decode(&sy_reply_desc, sy_buf_view(&ret->plain), &SY_MP_LARGE, &ret->arena,
                            &ret->reply, reterr));
    s = check_signature(&ret->reply, how);
    return sy_ok(s)
               ? s
               : sy_fail(reterr, s.code, "reply.sig",
                         "the domain's warden did not sign this as the answer to this request");
}

sy_status proof_reply_open(struct sy_view sealed, const struct proof_reply_open *how,
                           struct proof_reply *ret, struct sy_error *reterr)
{
    *ret = (struct proof_reply){.plain = sy_buf(REPLY_MAX + PROOF_SEAL_BYTES)};
    ret->plain.wipe = true;
    sy_status s = read_reply(sealed, how, ret, reterr);
    if (!sy_ok(s)) {
        proof_reply_deinit(ret);
    }
    return s;
}

void proof_reply_deinit(struct proof_reply *reply)
{
    if (reply == NULL) {
        return;
    }
    sy_buf_deinit(&reply->plain);
    sy_arena_deinit(&reply->arena);
    *reply = (struct proof_reply){0};
}
