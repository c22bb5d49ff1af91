/* Consent tokens. Each commitment has a context of its own, so that none can stand for another. */
#include "proof/consent.h"

#include "proof/envelope.h"

enum { ASSERTED_MAX = 1 << 18 };

void proof_subject_commit(uint8_t ret[PROOF_HASH_BYTES], const uint8_t salt[PROOF_HASH_BYTES],
                          struct sy_view id)
{
    PROOF_SHA256(ret, "shuyu-subject-1", sy_view(salt, PROOF_HASH_BYTES), id);
}

sy_status proof_asserted_commit(uint8_t ret[PROOF_HASH_BYTES], const uint8_t salt[PROOF_HASH_BYTES],
                                const struct sy_asserted *asserted)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(ASSERTED_MAX);
    memset(ret, 0, PROOF_HASH_BYTES);
    if (asserted->n_values == 0) {
        return SY_OK;
    }
    for (size_t i = 1; i < asserted->n_values; i++) {
        if (sy_view_cmp(asserted->values[i - 1].name, asserted->values[i].name) >= 0) {
            return sy_status_of(SY_E_FIELD);
        }
    }
    b.wipe = true;
    SY_TRY(sy_record_encode(&sy_asserted_desc, asserted, &b));
    PROOF_SHA256(ret, "shuyu-asserted-1", sy_view(salt, PROOF_HASH_BYTES), sy_buf_view(&b));
    return SY_OK;
}

sy_status proof_consent_read(struct sy_view token, struct sy_arena *arena, struct sy_consent *ret,
                             struct sy_error *reterr)
{
    struct sy_consent decoded;
    SY_TRY(sy_record_decode(&sy_consent_desc, token, &SY_MP_REQUEST, arena, &decoded, reterr));
    if (!sy_view_is(decoded.ctx, SY_CONSENT_CONTEXT)) {
        return sy_fail(reterr, SY_E_FIELD, "token.ctx", "not the context of a consent token");
    }
    *ret = decoded;
    return SY_OK;
}

sy_status proof_consent_verify(struct sy_view token, struct sy_view sig,
                               const uint8_t issuer_key[PROOF_KEY_BYTES], struct sy_error *reterr)
{
    return sy_ok(proof_verify(sig, token, issuer_key))
               ? SY_OK
               : sy_fail(reterr, SY_E_SIGNATURE, "sig", "the issuer has not signed this token");
}
