/*
 * The few cryptographic operations the vault is built from; all of them are OpenSSL's or
 * libsodium's. Private to the vault.
 * Threads: a cipher belongs to one thread at a time; the rest are pure.
 */
#ifndef VAULT_SRC_CRYPT_H
#define VAULT_SRC_CRYPT_H

#include "base/buf.h"
#include "vault/secret.h"

enum { CRYPT_NONCE_BYTES = 12, CRYPT_TAG_BYTES = 16, CRYPT_SEAL_BYTES = 28 };

static inline struct sy_view vault_secret_view(const struct vault_secret *s)
{
    return sy_view(s->p, s->n);
}

/* SHA-256 over the parts one after the other. */
SY_MUST sy_status vault_sha256(const struct sy_view *parts, size_t n_parts, uint8_t ret[32]);

/* HKDF-SHA-256 into a fresh 32-byte secret; salt may be empty. Source: RFC 5869. */
SY_MUST sy_status vault_hkdf(struct sy_view key, struct sy_view salt, struct sy_view info,
                             struct vault_secret *ret);
/* The same with info = label || name. */
SY_MUST sy_status vault_hkdf_named(struct sy_view key, struct sy_view salt, const char *label,
                                   struct sy_view name, struct vault_secret *ret);

/* HMAC-SHA-256 under one key, for many short inputs. Zero-initialise; close when done. */
struct vault_hmac {
    void *ctx;
};
SY_MUST sy_status vault_hmac_open(struct sy_view key, struct vault_hmac *ret);
SY_MUST sy_status vault_hmac(struct vault_hmac *h, struct sy_view in, uint8_t ret[32]);
void vault_hmac_close(struct vault_hmac *h);
#define HMAC_CLEANUP __attribute__((cleanup(vault_hmac_close)))

/* AES-256-GCM under one key, in place. Zero-initialise; close when done. A message is start, any
 * number of updates, then seal_end (writes the tag) or open_end (checks it). */
struct vault_cipher {
    void *ctx;
    bool seals;
};
SY_MUST sy_status vault_cipher_open(struct sy_view key, bool seals, struct vault_cipher *ret);
SY_MUST sy_status vault_cipher_start(struct vault_cipher *c, const uint8_t nonce[CRYPT_NONCE_BYTES],
                                     struct sy_view aad);
SY_MUST sy_status vault_cipher_update(struct vault_cipher *c, uint8_t *data, size_t n_bytes);
SY_MUST sy_status vault_cipher_seal_end(struct vault_cipher *c, uint8_t ret_tag[CRYPT_TAG_BYTES]);
/* SY_E_TAMPERED when the tag is another: the caller discards what it decrypted. */
SY_MUST sy_status vault_cipher_open_end(struct vault_cipher *c, const uint8_t tag[CRYPT_TAG_BYTES]);
void vault_cipher_close(struct vault_cipher *c);
#define CIPHER_CLEANUP __attribute__((cleanup(vault_cipher_close)))

/* One sealed message with a random nonce, for keys that seal few messages: appends nonce |
 * ciphertext | tag, plain.n + CRYPT_SEAL_BYTES bytes, to *b. */
SY_MUST sy_status vault_seal(struct sy_view key, struct sy_view aad, struct sy_view plain,
                             struct sy_buf *b);
/* Open it into ret[sealed.n - CRYPT_SEAL_BYTES]; SY_E_TAMPERED (also when too short), ret wiped. */
SY_MUST sy_status vault_unseal(struct sy_view key, struct sy_view aad, struct sy_view sealed,
                               uint8_t *ret);

#endif
