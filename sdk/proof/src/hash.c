/*
 * SHA-256 by libcrypto's EVP interface. Looking an algorithm up costs more than hashing a short
 * entry, so it is fetched once, before the first hash, and kept as long as the process lives.
 * Invariant: a call either returns the right digest or does not return.
 */
#include "proof/hash.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (sha256 == NULL) {
        abort();
    }
}

void proof_sha256(uint8_t ret[PROOF_HASH_BYTES], const struct sy_view *parts, size_t n_parts)
{
    (void)pthread_once(&sha256_once, fetch_sha256);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx != NULL && EVP_DigestInit_ex2(ctx, sha256, NULL) == 1;
    for (size_t i = 0; ok && i < n_parts; i++) {
        ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1;
    }
    if (!ok || EVP_DigestFinal_ex(ctx, ret, NULL) != 1) {
        abort();
    }
    EVP_MD_CTX_free(ctx);
}

void proof_sha256_one(uint8_t ret[PROOF_HASH_BYTES], struct sy_view bytes)
{
    proof_sha256(ret, &bytes, 1);
}
