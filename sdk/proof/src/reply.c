/*
 * Sealed boxes and replies. A reply is padded before it is sealed, to a length that was fixed
 * before its content was known: sodium_pad with the whole length as its block. Invariant: the
 * sealed length is a function of length_bytes alone, and a reply that does not fit is an error
 * instead of a longer message.
 */
#include <sodium.h>

#include "proof/envelope.h"

_Static_assert(PROOF_SEAL_BYTES == crypto_box_SEALBYTES, "length of a sealed box");
_Static_assert(PROOF_BOX_BYTES == crypto_box_PUBLICKEYBYTES, "length of a box key");
_Static_assert(PROOF_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "length of a signing key");

/* Longest reply: what fits a large message. */
#define REPLY_MAX ((size_t)64 << 20)

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
    return (n_bytes / SY_REPLY_BLOCK + 1) * SY_REPLY_BLOCK;
}

sy_status proof_reply_seal(const struct sy_reply *reply, size_t length_bytes,
                           const uint8_t party_box[PROOF_BOX_BYTES], struct sy_buf *b)
{
    if (length_bytes == 0 || length_bytes % SY_REPLY_BLOCK != 0 || length_bytes > REPLY_MAX) {
        return sy_status_of(SY_E_USAGE);
    }
    SY_BUF_CLEANUP struct sy_buf clear = sy_buf(length_bytes);
    clear.wipe = true;
    size_t padded = 0;
    SY_TRY(sy_record_encode(&sy_reply_desc, reply, &clear));
    if (sy_buf_reserve(&clear, length_bytes - clear.n) == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (sodium_pad(&padded, clear.p, clear.n, length_bytes, length_bytes) != 0) {
        return sy_status_of(SY_E_LIMIT); /* no room for the one byte that padding needs */
    }
    return proof_seal(sy_view(clear.p, padded), party_box, b);
}

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

static sy_status read_reply(struct sy_view sealed, const uint8_t *box_public,
                            const uint8_t *box_secret, struct proof_reply *ret,
                            struct sy_error *reterr)
{
    sy_status s = proof_unseal(sealed, box_public, box_secret, &ret->plain);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "reply", NULL);
    }
    s = unpad(&ret->plain);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "reply", "the reply's length is not as fixed");
    }
    return sy_record_decode(&sy_reply_desc, sy_buf_view(&ret->plain), &SY_MP_LARGE, &ret->arena,
                            &ret->reply, reterr);
}

sy_status proof_reply_open(struct sy_view sealed, const uint8_t box_public[PROOF_BOX_BYTES],
                           const uint8_t *box_secret, struct proof_reply *ret,
                           struct sy_error *reterr)
{
    *ret = (struct proof_reply){.plain = sy_buf(REPLY_MAX + PROOF_SEAL_BYTES)};
    ret->plain.wipe = true;
    sy_status s = read_reply(sealed, box_public, box_secret, ret, reterr);
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
