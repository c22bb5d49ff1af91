/*
 * Thin, must-use wrappers around OpenSSL's SHA-256, HKDF, HMAC and AES-256-GCM.
 * Invariants: keys go straight from guarded pages into OpenSSL's contexts, which wipe themselves
 * when freed; plaintext of a message whose tag does not verify is never handed out by vault_unseal;
 * a nonce is either random under a key that seals few messages (vault_seal), or the caller's
 * counter under a key that is used by one writer once (columns).
 */
#include "crypt.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>

static sy_status failed(void)
{
    return sy_status_of(SY_E_NO_MEMORY); /* the only way these calls fail with fixed arguments */
}

/* --- digests ---------------------------------------------------------------------------------- */

sy_status vault_sha256(const struct sy_view *parts, size_t n_parts, uint8_t ret[32])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; ok && i < n_parts; i++) {
        ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1;
    }
    ok = ok && EVP_DigestFinal_ex(ctx, ret, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok ? SY_OK : failed();
}

/* OpenSSL's parameters are not const, though it only reads them. */
static OSSL_PARAM octets(const char *name, struct sy_view v)
{
    static unsigned char none;
    union {
        const uint8_t *in;
        void *out;
    } p = {.in = v.p == NULL ? &none : v.p};
    return OSSL_PARAM_construct_octet_string(name, p.out, v.n);
}

static bool derive(EVP_KDF_CTX *ctx, struct sy_view key, struct sy_view salt, struct sy_view info,
                   struct vault_secret *out)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        octets(OSSL_KDF_PARAM_KEY, key),
        octets(OSSL_KDF_PARAM_SALT, salt),
        octets(OSSL_KDF_PARAM_INFO, info),
        OSSL_PARAM_construct_end(),
    };
    return ctx != NULL && EVP_KDF_derive(ctx, out->p, out->n, params) == 1;
}

sy_status vault_hkdf(struct sy_view key, struct sy_view salt, struct sy_view info,
                     struct vault_secret *ret)
{
    VAULT_SECRET_CLEANUP struct vault_secret out = {0};
    SY_TRY(vault_secret_new(VAULT_KEY_BYTES, &out));
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    bool ok = derive(ctx, key, salt, info, &out);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    if (!ok) {
        return failed();
    }
    *ret = out;
    out = (struct vault_secret){0};
    return SY_OK;
}

sy_status vault_hkdf_named(struct sy_view key, struct sy_view salt, const char *label,
                           struct sy_view name, struct vault_secret *ret)
{
    SY_BUF_CLEANUP struct sy_buf info = sy_buf(1024);
    SY_TRY(sy_buf_add_str(&info, label));
    SY_TRY(sy_buf_add_view(&info, name));
    return vault_hkdf(key, salt, sy_buf_view(&info), ret);
}

/* --- HMAC ------------------------------------------------------------------------------------- */

sy_status vault_hmac_open(struct sy_view key, struct vault_hmac *ret)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    if (ctx == NULL || EVP_MAC_init(ctx, key.p, key.n, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        return failed();
    }
    ret->ctx = ctx;
    return SY_OK;
}

/* Starting with no key keeps the key that is set: the two padded blocks are hashed only once. */
sy_status vault_hmac(struct vault_hmac *h, struct sy_view in, uint8_t ret[32])
{
    size_t n = 0;
    bool ok = EVP_MAC_init(h->ctx, NULL, 0, NULL) == 1 && EVP_MAC_update(h->ctx, in.p, in.n) == 1 &&
              EVP_MAC_final(h->ctx, ret, &n, 32) == 1;
    return ok && n == 32 ? SY_OK : failed();
}

void vault_hmac_close(struct vault_hmac *h)
{
    EVP_MAC_CTX_free(h->ctx);
    h->ctx = NULL;
}

/* --- AES-256-GCM ------------------------------------------------------------------------------ */

sy_status vault_cipher_open(struct sy_view key, bool seals, struct vault_cipher *ret)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (key.n != VAULT_KEY_BYTES || ctx == NULL ||
        EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key.p, NULL, seals ? 1 : 0) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        return failed();
    }
    *ret = (struct vault_cipher){ctx, seals};
    return SY_OK;
}

sy_status vault_cipher_start(struct vault_cipher *c, const uint8_t nonce[CRYPT_NONCE_BYTES],
                             struct sy_view aad)
{
    int n = 0;
    bool ok = aad.n <= INT_MAX &&
              EVP_CipherInit_ex(c->ctx, NULL, NULL, NULL, nonce, c->seals ? 1 : 0) == 1 &&
              EVP_CipherUpdate(c->ctx, NULL, &n, aad.p, (int)aad.n) == 1;
    return ok ? SY_OK : failed();
}

sy_status vault_cipher_update(struct vault_cipher *c, uint8_t *data, size_t n_bytes)
{
    int n = 0;
    if (n_bytes == 0) {
        return SY_OK;
    }
    if (n_bytes > INT_MAX || EVP_CipherUpdate(c->ctx, data, &n, data, (int)n_bytes) != 1) {
        return failed();
    }
    return SY_OK;
}

sy_status vault_cipher_seal_end(struct vault_cipher *c, uint8_t ret_tag[CRYPT_TAG_BYTES])
{
    uint8_t none[CRYPT_TAG_BYTES];
    int n = 0;
    bool ok = EVP_CipherFinal_ex(c->ctx, none, &n) == 1 &&
              EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_GET_TAG, CRYPT_TAG_BYTES, ret_tag) == 1;
    return ok ? SY_OK : failed();
}

sy_status vault_cipher_open_end(struct vault_cipher *c, const uint8_t tag[CRYPT_TAG_BYTES])
{
    uint8_t copy[CRYPT_TAG_BYTES];
    uint8_t none[CRYPT_TAG_BYTES];
    int n = 0;
    memcpy(copy, tag, sizeof(copy));
    bool ok = EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_SET_TAG, CRYPT_TAG_BYTES, copy) == 1 &&
              EVP_CipherFinal_ex(c->ctx, none, &n) == 1;
    return ok ? SY_OK : sy_status_of(SY_E_TAMPERED);
}

void vault_cipher_close(struct vault_cipher *c)
{
    EVP_CIPHER_CTX_free(c->ctx);
    c->ctx = NULL;
}

/* --- whole messages --------------------------------------------------------------------------- */

sy_status vault_seal(struct sy_view key, struct sy_view aad, struct sy_view plain, struct sy_buf *b)
{
    CIPHER_CLEANUP struct vault_cipher c = {0};
    SY_TRY(vault_cipher_open(key, true, &c));
    uint8_t *nonce = sy_buf_reserve(b, plain.n + CRYPT_SEAL_BYTES);
    if (nonce == NULL) {
        return sy_status_of(b->ceiling - b->n < plain.n + CRYPT_SEAL_BYTES ? SY_E_LIMIT
                                                                           : SY_E_NO_MEMORY);
    }
    uint8_t *body = nonce + CRYPT_NONCE_BYTES;
    randombytes_buf(nonce, CRYPT_NONCE_BYTES);
    if (plain.n > 0) {
        memcpy(body, plain.p, plain.n);
    }
    sy_status s = vault_cipher_start(&c, nonce, aad);
    s = sy_ok(s) ? vault_cipher_update(&c, body, plain.n) : s;
    s = sy_ok(s) ? vault_cipher_seal_end(&c, body + plain.n) : s;
    if (!sy_ok(s)) {
        sodium_memzero(nonce, plain.n + CRYPT_SEAL_BYTES);
        return s;
    }
    b->n += plain.n + CRYPT_SEAL_BYTES;
    return SY_OK;
}

sy_status vault_unseal(struct sy_view key, struct sy_view aad, struct sy_view sealed, uint8_t *ret)
{
    if (sealed.n < CRYPT_SEAL_BYTES) {
        return sy_status_of(SY_E_TAMPERED);
    }
    CIPHER_CLEANUP struct vault_cipher c = {0};
    SY_TRY(vault_cipher_open(key, false, &c));
    size_t n = sealed.n - CRYPT_SEAL_BYTES;
    const uint8_t *body = sealed.p + CRYPT_NONCE_BYTES;
    if (n > 0) {
        memcpy(ret, body, n);
    }
    SY_TRY(vault_cipher_start(&c, sealed.p, aad));
    sy_status s = vault_cipher_update(&c, ret, n);
    s = sy_ok(s) ? vault_cipher_open_end(&c, body + n) : s;
    if (!sy_ok(s) && n > 0) {
        sodium_memzero(ret, n);
    }
    return s;
}
