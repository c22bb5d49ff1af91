/*
 * Sealed files: key items and stored answers. A file's key derives from its name and the name is
 * associated data too, so one file put in another's place does not open. Suite and magic stand in
 * front in clear: an unknown suite is told apart from damage.
 * Invariants: plaintext is only in guarded memory or in the caller's buffer; a put is durable or
 * the old file stands.
 */
#include "item.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fdio.h"
#include "crypt.h"
#include "files.h"
#include "vault/blob.h"
#include "wire/envelope.h"

enum { MAGIC_BYTES = 8, HEAD_BYTES = 10, FILE_MAX_BYTES = VAULT_BLOB_MAX_BYTES + 4096 };

struct vault_name vault_name(const char *fmt, ...)
{
    struct vault_name name = {0};
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(name.s, sizeof(name.s), fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(name.s)) {
        sodium_misuse(); /* names are made of a fixed word and at most two checked identifiers */
    }
    return name;
}

static struct vault_name file_of(const struct vault_shelf *shelf, const char *name)
{
    return vault_name("%s%s", name, shelf->suffix);
}

/* Associated data: label || suite || name. */
static sy_status aad_of(const struct vault_shelf *shelf, const char *name, struct sy_buf *aad)
{
    static const uint8_t SUITE[2] = {SY_SUITE_INTL, 0};
    SY_TRY(sy_buf_add_str(aad, shelf->label));
    SY_TRY(sy_buf_add(aad, SUITE, sizeof(SUITE)));
    return sy_buf_add_str(aad, name);
}

static sy_status key_of(const struct vault_shelf *shelf, const char *name, struct vault_secret *ret)
{
    return vault_hkdf_named(vault_secret_view(shelf->key), (struct sy_view){0}, shelf->label,
                            sy_view_str(name), ret);
}

sy_status vault_shelf_put(const struct vault_shelf *shelf, const char *name, struct sy_view plain)
{
    static const uint8_t SUITE[2] = {SY_SUITE_INTL, 0};
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    SY_BUF_CLEANUP struct sy_buf aad = sy_buf(1024);
    SY_BUF_CLEANUP struct sy_buf file = sy_buf(FILE_MAX_BYTES);
    SY_TRY(key_of(shelf, name, &key));
    SY_TRY(aad_of(shelf, name, &aad));
    SY_TRY(sy_buf_add(&file, shelf->magic, MAGIC_BYTES));
    SY_TRY(sy_buf_add(&file, SUITE, sizeof(SUITE)));
    SY_TRY(vault_seal(vault_secret_view(&key), sy_buf_view(&aad), plain, &file));
    return sy_replace_file_at(shelf->dirfd, file_of(shelf, name).s, sy_buf_view(&file), 0600);
}

/* Read the file and check its head; *ret_sealed is what follows, in *file. */
static sy_status read_sealed(const struct vault_shelf *shelf, const char *name, struct sy_buf *file,
                             struct sy_view *ret_sealed)
{
    SY_TRY(sy_read_file_at(shelf->dirfd, file_of(shelf, name).s, file));
    if (file->n < HEAD_BYTES + CRYPT_SEAL_BYTES ||
        memcmp(file->p, shelf->magic, MAGIC_BYTES) != 0) {
        return sy_status_of(SY_E_TAMPERED);
    }
    if (file->p[MAGIC_BYTES] != SY_SUITE_INTL || file->p[MAGIC_BYTES + 1] != 0) {
        return sy_status_of(SY_E_SUITE);
    }
    *ret_sealed = sy_view(file->p + HEAD_BYTES, file->n - HEAD_BYTES);
    return SY_OK;
}

static sy_status open_sealed(const struct vault_shelf *shelf, const char *name,
                             struct sy_view sealed, uint8_t *ret)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    SY_BUF_CLEANUP struct sy_buf aad = sy_buf(1024);
    SY_TRY(key_of(shelf, name, &key));
    SY_TRY(aad_of(shelf, name, &aad));
    return vault_unseal(vault_secret_view(&key), sy_buf_view(&aad), sealed, ret);
}

sy_status vault_shelf_get(const struct vault_shelf *shelf, const char *name, struct sy_buf *b)
{
    SY_BUF_CLEANUP struct sy_buf file = sy_buf(FILE_MAX_BYTES);
    struct sy_view sealed = {0};
    SY_TRY(read_sealed(shelf, name, &file, &sealed));
    size_t n = sealed.n - CRYPT_SEAL_BYTES;
    uint8_t none[1];
    uint8_t *out = n == 0 ? none : sy_buf_reserve(b, n);
    if (out == NULL) {
        return sy_status_of(b->ceiling - b->n < n ? SY_E_LIMIT : SY_E_NO_MEMORY);
    }
    SY_TRY(open_sealed(shelf, name, sealed, out));
    b->n += n;
    return SY_OK;
}

sy_status vault_shelf_secret(const struct vault_shelf *shelf, const char *name,
                             struct vault_secret *ret)
{
    SY_BUF_CLEANUP struct sy_buf file = sy_buf(FILE_MAX_BYTES);
    VAULT_SECRET_CLEANUP struct vault_secret plain = {0};
    struct sy_view sealed = {0};
    SY_TRY(read_sealed(shelf, name, &file, &sealed));
    if (sealed.n == CRYPT_SEAL_BYTES) {
        return sy_status_of(SY_E_TAMPERED);
    }
    SY_TRY(vault_secret_new(sealed.n - CRYPT_SEAL_BYTES, &plain));
    SY_TRY(open_sealed(shelf, name, sealed, plain.p));
    *ret = plain;
    plain = (struct vault_secret){0};
    return SY_OK;
}

sy_status vault_shelf_key_only(const struct vault_shelf *shelf, const char *name,
                               struct vault_secret *ret)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    SY_TRY(vault_shelf_secret(shelf, name, &key));
    if (key.n != VAULT_KEY_BYTES) {
        return sy_status_of(SY_E_TAMPERED);
    }
    *ret = key;
    key = (struct vault_secret){0};
    return SY_OK;
}

sy_status vault_shelf_key(const struct vault_shelf *shelf, const char *name,
                          struct vault_secret *ret)
{
    sy_status s = vault_shelf_key_only(shelf, name, ret);
    if (s.code != SY_E_NOT_FOUND) {
        return s;
    }
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    SY_TRY(vault_secret_random(VAULT_KEY_BYTES, &key));
    SY_TRY(vault_shelf_put(shelf, name, vault_secret_view(&key)));
    *ret = key;
    key = (struct vault_secret){0};
    return SY_OK;
}

bool vault_shelf_has(const struct vault_shelf *shelf, const char *name)
{
    return faccessat(shelf->dirfd, file_of(shelf, name).s, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

sy_status vault_shelf_erase(const struct vault_shelf *shelf, const char *name)
{
    return vault_erase_file(shelf->dirfd, file_of(shelf, name).s);
}

static sy_status erase_if_prefix(void *ctx, int dirfd, const char *name)
{
    const char *prefix = ctx;
    return strncmp(name, prefix, strlen(prefix)) == 0 ? vault_erase_file(dirfd, name) : SY_OK;
}

sy_status vault_shelf_erase_prefix(const struct vault_shelf *shelf, const char *prefix)
{
    struct vault_name copy = vault_name("%s", prefix);
    return vault_walk(shelf->dirfd, erase_if_prefix, copy.s);
}
