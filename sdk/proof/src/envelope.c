/*
 * Requests: sealed body, signed header. Invariants: clear bodies live only in buffers that wipe
 * what they give up; a body is handed out only after its digest was found in the header, so that
 * whoever relays an envelope cannot put another body under a signed header.
 */
#include "proof/envelope.h"

#include <sodium.h>

/* A sealed body may be as long as a request. */
enum { BODY_MAX = 1 << 20 };

void proof_args_digest(uint8_t ret[PROOF_HASH_BYTES], const uint8_t salt[PROOF_HASH_BYTES],
                       struct sy_view args, const uint8_t *secret_digest)
{
    /* SHA-256 of nothing */
    static const uint8_t no_secret[PROOF_HASH_BYTES] = {
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
        0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
        0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    uint8_t args_hash[PROOF_HASH_BYTES];
    proof_sha256_one(args_hash, args);
    if (secret_digest == NULL || sodium_is_zero(secret_digest, PROOF_HASH_BYTES)) {
        secret_digest = no_secret;
    }
    PROOF_SHA256(ret, "shuyu-args-1", sy_view(salt, PROOF_HASH_BYTES),
                 sy_view(args_hash, sizeof(args_hash)), sy_view(secret_digest, PROOF_HASH_BYTES));
}

/* SHA-256(secret) as the log keeps it: all zero stands for no secret. */
static void digest_secret(uint8_t ret[PROOF_HASH_BYTES], struct sy_view secret)
{
    memset(ret, 0, PROOF_HASH_BYTES);
    if (secret.n > 0) {
        proof_sha256_one(ret, secret);
    }
}

sy_status proof_header_check(const struct sy_header *header, struct sy_error *reterr)
{
    if (!sy_view_is(header->ctx, SY_REQUEST_CONTEXT)) {
        return sy_fail(reterr, SY_E_FIELD, "header.ctx", "not the context of a request");
    }
    if (header->suite != SY_SUITE_INTL) {
        return sy_fail(reterr, SY_E_SUITE, "header.suite", NULL);
    }
    return SY_OK;
}

/* Seal args, secret and a fresh salt; fill in what the header says about them. */
static sy_status seal_body(const struct proof_request *request, struct sy_header *header,
                           struct sy_buf *sealed)
{
    SY_BUF_CLEANUP struct sy_buf clear = sy_buf(BODY_MAX);
    clear.wipe = true;
    struct sy_body body = {.args = request->args, .secret = request->secret};
    uint8_t secret_digest[PROOF_HASH_BYTES];
    randombytes_buf(body.salt, sizeof(body.salt));
    digest_secret(secret_digest, request->secret);
    proof_args_digest(header->body, body.salt, request->args, secret_digest);
    SY_TRY(sy_record_encode(&sy_body_desc, &body, &clear));
    return proof_seal(sy_buf_view(&clear), request->domain_box, sealed);
}

static sy_status sign_header(const struct proof_request *request, struct sy_view header,
                             struct sy_arena *arena, struct sy_envelope *ret)
{
    size_t n = request->n_secrets;
    struct sy_signature *sigs = sy_arena_alloc(arena, n, sizeof(*sigs));
    uint8_t(*bytes)[PROOF_SIGNATURE_BYTES] = sy_arena_alloc(arena, n, sizeof(*bytes));
    if (sigs == NULL || bytes == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    for (size_t i = 0; i < n; i++) {
        const uint8_t *secret = request->secrets[i];
        (void)crypto_sign_ed25519_sk_to_pk(sigs[i].key, secret);
        proof_sign(bytes[i], header, secret);
        sigs[i].sig = sy_view(bytes[i], sizeof(bytes[i]));
    }
    ret->sigs = sigs;
    ret->n_sigs = n;
    return SY_OK;
}

sy_status proof_envelope_make(const struct proof_request *request, struct sy_header *header,
                              struct sy_buf *b)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf sealed = sy_buf(BODY_MAX + PROOF_SEAL_BYTES);
    SY_BUF_CLEANUP struct sy_buf header_bytes = sy_buf(BODY_MAX);
    header->ctx = sy_view_str(SY_REQUEST_CONTEXT);
    header->suite = SY_SUITE_INTL;
    if (sodium_is_zero(header->nonce, sizeof(header->nonce))) {
        randombytes_buf(header->nonce, sizeof(header->nonce));
    }
    SY_TRY(seal_body(request, header, &sealed));
    SY_TRY(sy_record_encode(&sy_header_desc, header, &header_bytes));
    struct sy_envelope envelope = {.body = sy_buf_view(&sealed),
                                   .header = sy_buf_view(&header_bytes)};
    SY_TRY(sign_header(request, envelope.header, &arena, &envelope));
    return sy_record_encode(&sy_envelope_desc, &envelope, b);
}

sy_status proof_envelope_parse(struct sy_view bytes, struct sy_arena *arena,
                               struct proof_envelope *ret, struct sy_error *reterr)
{
    struct proof_envelope e;
    SY_TRY(sy_record_decode(&sy_envelope_desc, bytes, &SY_MP_REQUEST, arena, &e.outer, reterr));
    SY_TRY(sy_record_decode(&sy_header_desc, e.outer.header, &SY_MP_REQUEST, arena, &e.header,
                            reterr));
    SY_TRY(proof_header_check(&e.header, reterr));
    *ret = e;
    return SY_OK;
}

/* Fill *ret from its unsealed bytes. */
static sy_status read_body(const struct sy_header *header, struct proof_opened *ret,
                           struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_body body;
    uint8_t digest[PROOF_HASH_BYTES];
    SY_TRY(sy_record_decode(&sy_body_desc, sy_buf_view(&ret->plain), &SY_MP_REQUEST, &arena, &body,
                            reterr));
    digest_secret(ret->secret_digest, body.secret);
    proof_args_digest(digest, body.salt, body.args, ret->secret_digest);
    if (memcmp(digest, header->body, sizeof(digest)) != 0) {
        return sy_fail(reterr, SY_E_DIGEST, "header.body", "the body is not what the header names");
    }
    ret->args = body.args;
    ret->secret = body.secret;
    memcpy(ret->salt, body.salt, sizeof(ret->salt));
    return SY_OK;
}

sy_status proof_envelope_open(const struct proof_envelope *envelope,
                              const uint8_t box_public[PROOF_BOX_BYTES], const uint8_t *box_secret,
                              struct proof_opened *ret, struct sy_error *reterr)
{
    *ret = (struct proof_opened){.plain = sy_buf(BODY_MAX)};
    ret->plain.wipe = true;
    sy_status s = proof_unseal(envelope->outer.body, box_public, box_secret, &ret->plain);
    if (!sy_ok(s)) {
        (void)sy_fail(reterr, s.code, "body", NULL);
    } else {
        s = read_body(&envelope->header, ret, reterr);
    }
    if (!sy_ok(s)) {
        proof_opened_deinit(ret);
    }
    return s;
}

void proof_opened_deinit(struct proof_opened *opened)
{
    if (opened == NULL) {
        return;
    }
    sy_buf_deinit(&opened->plain);
    *opened = (struct proof_opened){0};
}
