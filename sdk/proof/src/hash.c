/*
 * SHA-256 by libcrypto's own block function, through the interface that hashes into memory of the caller:
 * the interface of algorithm objects allocates and looks up for every hash, which costs several times what
 * hashing a row or a leaf does, and would make hashing something that can fail.
 * Invariant: a call either returns the right digest or does not return; its state is wiped.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "proof/hash.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

void proof_sha256(uint8_t ret[PROOF_HASH_BYTES], const struct sy_view *parts, size_t n_parts)
{
    SHA256_CTX ctx;
    int ok = SHA256_Init(&ctx);
    for (size_t i = 0; ok == 1 && i < n_parts; i++) {
        ok = parts[i].n == 0 ? 1 : SHA256_Update(&ctx, parts[i].p, parts[i].n);
    }
    if (ok != 1 || SHA256_Final(ret, &ctx) != 1) {
        abort();
    }
    explicit_bzero(&ctx, sizeof(ctx));
}

void proof_sha256_one(uint8_t ret[PROOF_HASH_BYTES], struct sy_view bytes)
{
    proof_sha256(ret, &bytes, 1);
}

struct proof_hasher {
    SHA256_CTX ctx;
};

struct proof_hasher *proof_hasher_new(void)
{
    struct proof_hasher *h = calloc(1, sizeof(*h));
    if (h == NULL || SHA256_Init(&h->ctx) != 1) {
        abort();
    }
    return h;
}

void proof_hasher_add(struct proof_hasher *h, struct sy_view bytes)
{
    if (bytes.n > 0 && SHA256_Update(&h->ctx, bytes.p, bytes.n) != 1) {
        abort();
    }
}

void proof_hasher_peek(const struct proof_hasher *h, struct sy_view bytes,
                       uint8_t ret[PROOF_HASH_BYTES])
{
    struct proof_hasher copy = *h;
    proof_hasher_add(&copy, bytes);
    if (SHA256_Final(ret, &copy.ctx) != 1) {
        abort();
    }
    explicit_bzero(&copy, sizeof(copy));
}

void proof_hasher_end(struct proof_hasher *h, uint8_t ret[PROOF_HASH_BYTES])
{
    if (SHA256_Final(ret, &h->ctx) != 1) {
        abort();
    }
    proof_hasher_drop(h);
}

void proof_hasher_drop(struct proof_hasher *h)
{
    if (h != NULL) {
        explicit_bzero(&h->ctx, sizeof(h->ctx));
        free(h);
    }
}
