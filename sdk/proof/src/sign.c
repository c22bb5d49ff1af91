/*
 * Signatures of parties over requests and invitations. Signed messages are canonical records that
 * carry a context string. Invariant: what a caller goes on to read (the decoded record) is exactly
 * what was signed (the bytes), and its context is the one expected.
 */
#include <sodium.h>

#include "proof/envelope.h"

#define INVITE_CONTEXT "shuyu-invite-1"

void proof_sign(uint8_t ret[PROOF_SIGNATURE_BYTES], struct sy_view message, const uint8_t *secret)
{
    (void)crypto_sign_detached(ret, NULL, message.p, message.n, secret);
}

sy_status proof_verify(struct sy_view sig, struct sy_view message,
                       const uint8_t key[PROOF_KEY_BYTES])
{
    bool ok = sig.n == PROOF_SIGNATURE_BYTES &&
              crypto_sign_verify_detached(sig.p, message.p, message.n, key) == 0;
    return ok ? SY_OK : sy_status_of(SY_E_SIGNATURE);
}

/* Does the record encode to these bytes? Canonical bytes make that equality of meaning. */
static sy_status check_encodes(struct sy_view bytes, const struct sy_header *header,
                               struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf again = sy_buf(bytes.n == 0 ? 1 : bytes.n);
    sy_status s = sy_record_encode(&sy_header_desc, header, &again);
    if (s.code == SY_E_NO_MEMORY) {
        return sy_fail(reterr, s.code, NULL, NULL);
    }
    if (!sy_ok(s) || !sy_view_eq(sy_buf_view(&again), bytes)) {
        return sy_fail(reterr, SY_E_FIELD, "header", "the header is not what was signed");
    }
    return SY_OK;
}

static sy_status verify_by_key(struct sy_view message, const struct sy_signature *sigs,
                               size_t n_sigs, const uint8_t *key, struct sy_error *reterr)
{
    bool any = false;
    for (size_t i = 0; i < n_sigs; i++) {
        if (memcmp(sigs[i].key, key, PROOF_KEY_BYTES) != 0) {
            continue;
        }
        if (!sy_ok(proof_verify(sigs[i].sig, message, key))) {
            return sy_fail(reterr, SY_E_SIGNATURE, "sigs", "the signature does not verify");
        }
        any = true;
    }
    return any ? SY_OK
               : sy_fail(reterr, SY_E_UNSIGNED, "sigs", "the party's key has not signed this");
}

sy_status proof_verify_request(struct sy_view header_bytes, const struct sy_header *header,
                               const struct sy_signature *sigs, size_t n_sigs,
                               const uint8_t sign_key[PROOF_KEY_BYTES], struct sy_error *reterr)
{
    SY_TRY(proof_header_check(header, reterr));
    SY_TRY(check_encodes(header_bytes, header, reterr));
    return verify_by_key(header_bytes, sigs, n_sigs, sign_key, reterr);
}

sy_status proof_invite_verify(struct sy_view invite, struct sy_view sig,
                              const uint8_t agency_key[PROOF_KEY_BYTES], struct sy_arena *arena,
                              struct sy_invite *ret, struct sy_error *reterr)
{
    struct sy_invite decoded;
    SY_TRY(sy_record_decode(&sy_invite_desc, invite, &SY_MP_REQUEST, arena, &decoded, reterr));
    if (!sy_view_is(decoded.ctx, INVITE_CONTEXT)) {
        return sy_fail(reterr, SY_E_FIELD, "invite.ctx", "not the context of an invitation");
    }
    if (!sy_ok(proof_verify(sig, invite, agency_key))) {
        return sy_fail(reterr, SY_E_SIGNATURE, "invite_sig", "the agency has not signed this");
    }
    *ret = decoded;
    return SY_OK;
}
