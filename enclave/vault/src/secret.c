/*
 * Guarded memory. libsodium places the bytes at the end of their own pages, between an unreadable
 * page and a canary; it also asks the kernel to lock them, but ignores a refusal, so that is asked
 * again here: a key that might be written to the swap file is an error, not a warning.
 */
#include "vault/secret.h"

#include <sodium.h>
#include <sys/mman.h>

sy_status vault_secret_new(size_t n_bytes, struct vault_secret *ret)
{
    if (n_bytes == 0 || sodium_init() < 0) {
        return sy_status_of(SY_E_USAGE);
    }
    uint8_t *p = sodium_malloc(n_bytes);
    if (p == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (mlock(p, n_bytes) != 0) {
        sodium_free(p);
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sodium_memzero(p, n_bytes);
    *ret = (struct vault_secret){p, n_bytes};
    return SY_OK;
}

sy_status vault_secret_random(size_t n_bytes, struct vault_secret *ret)
{
    SY_TRY(vault_secret_new(n_bytes, ret));
    randombytes_buf(ret->p, n_bytes);
    return SY_OK;
}

void vault_secret_free(struct vault_secret *s)
{
    if (s == NULL) {
        return;
    }
    sodium_free(s->p);
    *s = (struct vault_secret){0};
}
