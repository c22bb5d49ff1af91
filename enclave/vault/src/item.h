/* Items of the key store: one sealed file each (format: vault/store.h). Private to the vault. */
#ifndef VAULT_SRC_ITEM_H
#define VAULT_SRC_ITEM_H

#include "base/buf.h"
#include "vault/secret.h"

/* Where sealed files of one kind live and under which key. */
struct vault_shelf {
    int dirfd;
    const struct vault_secret *key; /* file keys derive from it */
    const char *magic;              /* 8 characters */
    const char *label;              /* of key derivation and associated data */
    const char *suffix;             /* of file names; keeps them apart from temp files */
};

/* A name, formatted from checked identifiers. */
struct vault_name {
    char s[192];
};
struct vault_name vault_name(const char *fmt, ...) SY_PRINTF(1, 2);

/* Seal and write durably. */
SY_MUST sy_status vault_shelf_put(const struct vault_shelf *shelf, const char *name,
                                  struct sy_view plain);

/* Append the plaintext to *b (make it wipe). SY_E_NOT_FOUND, SY_E_TAMPERED, SY_E_SUITE, IO. */
SY_MUST sy_status vault_shelf_get(const struct vault_shelf *shelf, const char *name,
                                  struct sy_buf *b);

/* As vault_shelf_get, into a fresh secret. An empty item is SY_E_TAMPERED. */
SY_MUST sy_status vault_shelf_secret(const struct vault_shelf *shelf, const char *name,
                                     struct vault_secret *ret);

/* A 32-byte key; SY_E_NOT_FOUND without one, SY_E_TAMPERED for another length. */
SY_MUST sy_status vault_shelf_key_only(const struct vault_shelf *shelf, const char *name,
                                       struct vault_secret *ret);

/* A 32-byte key: read, or made at random and kept when there is none. */
SY_MUST sy_status vault_shelf_key(const struct vault_shelf *shelf, const char *name,
                                  struct vault_secret *ret);

bool vault_shelf_has(const struct vault_shelf *shelf, const char *name);

SY_MUST sy_status vault_shelf_erase(const struct vault_shelf *shelf, const char *name);
SY_MUST sy_status vault_shelf_erase_prefix(const struct vault_shelf *shelf, const char *prefix);

#endif
