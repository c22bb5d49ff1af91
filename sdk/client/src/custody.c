/*
 * What: the keys of custody, and how they go from the party's own profile to a member's: sealed to the member's box key,
 * so that the file in between is worth nothing to anybody else. Invariant: no key is ever dropped from custody.keys.
 */
#include "client/custody.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/fdio.h"
#include "client/buffer.h"
#include "shuyu/staff.h"

#define FILE_NAME "custody.keys"
#define CONTEXT   "shuyu-custody-1"

enum { KEYS_MAX = 64, KEY_BYTES = 32, CLEAR_MAX = 4096 };

#define SY_CUSTODY_FIELDS(F, S, L)                                                                 \
    F(str, ctx, "ctx", 0)                                                                          \
    F(bin, keys, "keys", 0)                                                                        \
    F(str, party, "party", 0)
SY_RECORD(custody, SY_CUSTODY_FIELDS)
#define SY_T struct sy_custody
SY_RECORD_DESC(custody, SY_CUSTODY_FIELDS)
#undef SY_T

/* The file's content; none is none. */
static sy_status read_keys(const struct shuyu_profile *p, struct sy_buf *b, struct sy_error *err)
{
    struct stat st;
    if (fstatat(p->dirfd, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return SY_OK;
    }
    if ((st.st_mode & 077) != 0) {
        return sy_fail(err, SY_E_DENIED, FILE_NAME, "the key file is open to others: chmod 600");
    }
    sy_status s = sy_read_file_at(p->dirfd, FILE_NAME, b);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, FILE_NAME, "the key file cannot be read");
    }
    return b->n % KEY_BYTES == 0
               ? SY_OK
               : sy_fail(err, SY_E_TAMPERED, FILE_NAME, "the key file holds keys of 32 bytes");
}

sy_status client_custody_unseal(const struct shuyu_profile *p, struct sy_view sealed,
                                struct sy_buf *b, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf keys = sy_buf(KEYS_MAX * KEY_BYTES);
    keys.wipe = true;
    SY_TRY(read_keys(p, &keys, err));
    sy_status s = sy_status_of(SY_E_SEAL);
    for (size_t i = 0; i < keys.n && s.code == SY_E_SEAL; i += KEY_BYTES) {
        uint8_t pub[KEY_BYTES];
        (void)crypto_scalarmult_base(pub, keys.p + i);
        s = proof_unseal(sealed, pub, keys.p + i, b);
    }
    return s;
}

static bool has(const struct sy_buf *b, const uint8_t *key)
{
    for (size_t i = 0; i < b->n; i += KEY_BYTES) {
        if (sodium_memcmp(b->p + i, key, KEY_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

sy_status client_custody_add(const struct shuyu_profile *p, const uint8_t *keys, size_t n,
                             struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(KEYS_MAX * KEY_BYTES);
    b.wipe = true;
    SY_TRY(read_keys(p, &b, err));
    for (size_t i = 0; i < n; i++) {
        const uint8_t *key = keys + i * KEY_BYTES;
        sy_status s = has(&b, key) ? SY_OK : sy_buf_add(&b, key, KEY_BYTES);
        if (!sy_ok(s)) {
            return sy_fail(err, s.code, FILE_NAME, "too many keys");
        }
    }
    sy_status s = sy_replace_file_at(p->dirfd, FILE_NAME, sy_buf_view(&b), 0600);
    return sy_ok(s) ? s : sy_fail(err, s.code, FILE_NAME, "the key file cannot be written");
}

/* --- from the party's own profile to a member's --------------------------------------------------- */

static sy_status give(const shuyu_profile *p, const uint8_t *box, struct sy_buf *b,
                      struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf keys = sy_buf((KEYS_MAX + 1) * KEY_BYTES);
    SY_BUF_CLEANUP struct sy_buf clear = sy_buf(CLEAR_MAX);
    keys.wipe = true;
    clear.wipe = true;
    SY_TRY(sy_buf_add(&keys, p->box_secret, KEY_BYTES));
    SY_TRY(read_keys(p, &keys, err));
    struct sy_custody what = {.ctx = sy_view_str(CONTEXT),
                              .keys = sy_buf_view(&keys),
                              .party = sy_view_str(p->pins.party)};
    SY_TRY(sy_record_encode(&sy_custody_desc, &what, &clear));
    return proof_seal(sy_buf_view(&clear), box, b);
}

shuyu_status shuyu_custody_give(const shuyu_profile *p, const uint8_t *box, shuyu_buffer *ret,
                                shuyu_error *reterr)
{
    struct sy_error err = {0};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(CLEAR_MAX + PROOF_SEAL_BYTES);
    if (p == NULL || box == NULL || ret == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    shuyu_status code = client_give(give(p, box, &b, &err), &err, reterr);
    if (code == SHUYU_OK) {
        client_buffer_take(&b, ret);
    }
    return code;
}

static sy_status take(const shuyu_profile *p, struct sy_view sealed, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf clear = sy_buf(CLEAR_MAX);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_custody what;
    clear.wipe = true;
    SY_TRY(proof_unseal(sealed, p->box_public, p->box_secret, &clear));
    SY_TRY(sy_record_decode(&sy_custody_desc, sy_buf_view(&clear), &SY_MP_REQUEST, &arena, &what,
                            err));
    if (!sy_view_is(what.ctx, CONTEXT) || what.keys.n % KEY_BYTES != 0) {
        return sy_fail(err, SY_E_FIELD, "custody", "this hands over no keys");
    }
    if (!sy_view_is(what.party, p->pins.party)) {
        return sy_fail(err, SY_E_PARTY, "custody.party", "these are another party's keys");
    }
    return client_custody_add(p, what.keys.p, what.keys.n / KEY_BYTES, err);
}

shuyu_status shuyu_custody_take(const shuyu_profile *p, shuyu_bytes sealed, shuyu_error *reterr)
{
    struct sy_error err = {0};
    if (p == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    return client_give(take(p, client_view(sealed), &err), &err, reterr);
}
