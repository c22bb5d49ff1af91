/*
 * Bytes that must not leak: keys and shares. A secret lives in its own guarded pages (locked,
 * kept out of core files, a canary before and an unreadable page behind) and is wiped when freed.
 * It is a type of its own, so that the compiler refuses to log, encode or copy one by accident.
 *
 * What this does not cover: the cipher contexts of OpenSSL keep expanded keys on the heap for the
 * length of one call, or of one open column; OpenSSL wipes them when it frees them.
 *
 * Runs in: warden. Holds: the secret. May block/alloc: allocates guarded pages.
 * Threads: one owner at a time; reading the bytes from several threads is fine.
 * Source: libsodium, "Secure memory"; DESIGN section 2.
 */
#ifndef VAULT_SECRET_H
#define VAULT_SECRET_H

#include "base/status.h"
#include "base/view.h"

enum { VAULT_KEY_BYTES = 32 };

/* Zero-initialise before first use. p is valid until vault_secret_free. */
struct vault_secret {
    uint8_t *p; /* guarded; NULL = none */
    size_t n;   /* bytes */
};

/* n >= 1 zeroed guarded bytes. SY_E_NO_MEMORY when there is none or when the pages cannot be
 * locked into memory (RLIMIT_MEMLOCK): fails closed rather than let a key reach the swap file.
 * *ret must be empty and is untouched on error. */
SY_MUST sy_status vault_secret_new(size_t n_bytes, struct vault_secret *ret);

/* As above with n random bytes from the kernel. */
SY_MUST sy_status vault_secret_random(size_t n_bytes, struct vault_secret *ret);

/* Wipe and free; *s is then empty. NULL-safe, empty-safe. */
void vault_secret_free(struct vault_secret *s);

#define VAULT_SECRET_CLEANUP __attribute__((cleanup(vault_secret_free)))

#endif
