/*
 * What: a profile's key files. sign.key holds the 32-byte Ed25519 seed and box.key the X25519
 * secret, raw; tls.key and tls.pem are PEM. Invariants: files are made 0600 and only for the first
 * time; a secret is copied nowhere but into guarded memory, and buffers it passes through are
 * wiped.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/fdio.h"
#include "client/profile.h"

enum { SEED_BYTES = crypto_sign_SEEDBYTES, PEM_MAX = 16384 };
_Static_assert(SEED_BYTES == 32 && crypto_box_SECRETKEYBYTES == 32, "length of the key files");

static sy_status put_file(int dirfd, const char *name, struct sy_view content, struct sy_error *err)
{
    sy_status s = sy_replace_file_at(dirfd, name, content, 0600);
    return sy_ok(s) ? s : sy_fail(err, s.code, name, "the key file cannot be written");
}

static sy_status make_raw(int dirfd, const char *name, struct sy_error *err)
{
    uint8_t secret[32];
    randombytes_buf(secret, sizeof(secret));
    sy_status s = put_file(dirfd, name, sy_view(secret, sizeof(secret)), err);
    sodium_memzero(secret, sizeof(secret));
    return s;
}

sy_status client_keys_make(int dirfd, const char *party, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf key = sy_buf(PEM_MAX);
    SY_BUF_CLEANUP struct sy_buf cert = sy_buf(PEM_MAX);
    key.wipe = true;
    SY_TRY(make_raw(dirfd, "sign.key", err));
    SY_TRY(make_raw(dirfd, "box.key", err));
    SY_TRY(client_certificate_make(party, &key, &cert, err));
    SY_TRY(put_file(dirfd, "tls.key", sy_buf_view(&key), err));
    return put_file(dirfd, "tls.pem", sy_buf_view(&cert), err);
}

/* Read a file that only its owner may read. */
static sy_status get_file(int dirfd, const char *name, struct sy_buf *b, struct sy_error *err)
{
    SY_FD_CLEANUP int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return sy_fail(err, SY_E_NOT_FOUND, name, "the profile lacks this key file");
    }
    if ((st.st_mode & 077) != 0) {
        return sy_fail(err, SY_E_DENIED, name, "the key file is open to others: chmod 600");
    }
    sy_status s = sy_read_to_end(fd, b);
    return sy_ok(s) ? s : sy_fail(err, s.code, name, "the key file cannot be read");
}

static sy_status get_raw(int dirfd, const char *name, uint8_t *ret, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(33);
    b.wipe = true;
    sy_status s = get_file(dirfd, name, &b, err);
    if (s.code == SY_E_LIMIT || (sy_ok(s) && b.n != 32)) {
        return sy_fail(err, SY_E_TAMPERED, name, "the key file does not hold 32 bytes");
    }
    SY_TRY(s);
    memcpy(ret, b.p, 32);
    return SY_OK;
}

static sy_status load_sign(struct shuyu_profile *p, struct sy_error *err)
{
    uint8_t *seed = sodium_malloc(SEED_BYTES);
    p->sign_secret = sodium_malloc(PROOF_SECRET_BYTES);
    if (seed == NULL || p->sign_secret == NULL) {
        sodium_free(seed);
        return sy_fail(err, SY_E_NO_MEMORY, NULL, "no locked memory (ulimit -l)");
    }
    sy_status s = get_raw(p->dirfd, "sign.key", seed, err);
    if (sy_ok(s)) {
        crypto_sign_seed_keypair(p->sign_public, p->sign_secret, seed);
        sodium_mprotect_readonly(p->sign_secret);
    }
    sodium_free(seed);
    return s;
}

static sy_status load_box(struct shuyu_profile *p, struct sy_error *err)
{
    p->box_secret = sodium_malloc(PROOF_BOX_BYTES);
    if (p->box_secret == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, "no locked memory (ulimit -l)");
    }
    SY_TRY(get_raw(p->dirfd, "box.key", p->box_secret, err));
    crypto_scalarmult_base(p->box_public, p->box_secret);
    sodium_mprotect_readonly(p->box_secret);
    return SY_OK;
}

static sy_status load_tls(struct shuyu_profile *p, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf key = sy_buf(PEM_MAX);
    SY_BUF_CLEANUP struct sy_buf cert = sy_buf(PEM_MAX);
    key.wipe = true;
    SY_TRY(get_file(p->dirfd, "tls.key", &key, err));
    SY_TRY(get_file(p->dirfd, "tls.pem", &cert, err));
    return client_certificate_load(sy_buf_view(&key), sy_buf_view(&cert), p, err);
}

sy_status client_keys_load(struct shuyu_profile *p, struct sy_error *err)
{
    SY_TRY(load_sign(p, err));
    SY_TRY(load_box(p, err));
    return load_tls(p, err);
}

void client_keys_free(struct shuyu_profile *p)
{
    sodium_free(p->sign_secret); /* wipes; NULL is fine */
    sodium_free(p->box_secret);
    EVP_PKEY_free(p->tls_key);
    X509_free(p->tls_cert);
    p->sign_secret = NULL;
    p->box_secret = NULL;
    p->tls_key = NULL;
    p->tls_cert = NULL;
}
