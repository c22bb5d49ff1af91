/*
 * Per-unit keys: one ChaCha20 stream per (kind, namespace, salt), cut into 64-bit numbers, of which
 * unit code i gets the i-th. Selection keys are fresh for every charge; record keys never change.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "crypt.h"
#include "files.h"
#include "vault/units.h"
#include "vault_state.h"

enum { SALT_BYTES = 32, PIECE_BYTES = 1 << 18, BLOCK_BYTES = 64 };

static const struct {
    const char *item;
    const char *label;
    bool salted;
} KINDS[VAULT_UNIT_KEY_N] = {
    [VAULT_UNIT_KEY_SELECT] = {"select", "shuyu-select-1", true},
    [VAULT_UNIT_KEY_RECORD] = {"record", "shuyu-record-1", false},
};

static bool ask_ok(const struct vault_unit_keys_ask *ask)
{
    return ask->kind > VAULT_UNIT_KEY_NONE && ask->kind < VAULT_UNIT_KEY_N &&
           (ask->salt != NULL) == KINDS[ask->kind].salted && ask->n_units <= UINT32_MAX;
}

/* The namespace's own key of a kind. */
static sy_status space_key(struct vault *v, enum vault_unit_key kind, struct sy_view ns,
                           struct vault_secret *ret)
{
    SY_TRY(vault_check_id(ns));
    struct vault_name name = vault_name("%s:%.*s", KINDS[kind].item, SY_PV(ns));
    return vault_shelf_key(&v->items, name.s, ret);
}

static sy_status stream_key(struct vault *v, const struct vault_unit_keys_ask *ask,
                            struct vault_secret *ret)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    SY_TRY(space_key(v, ask->kind, ask->ns, &key));
    struct sy_view salt = sy_view(ask->salt, ask->salt == NULL ? 0 : SALT_BYTES);
    return vault_hkdf_named(vault_secret_view(&key), salt, KINDS[ask->kind].label,
                            (struct sy_view){0}, ret);
}

/* The keys are pseudo-random bytes, so their byte order is what the stream gives. */
static sy_status write_stream(const struct vault_secret *key, uint64_t bytes, int fd)
{
    static const uint8_t NONCE[crypto_stream_chacha20_NONCEBYTES];
    uint8_t *piece = calloc(1, PIECE_BYTES);
    sy_status s = piece == NULL ? sy_status_of(SY_E_NO_MEMORY) : SY_OK;
    for (uint64_t at = 0; sy_ok(s) && at < bytes; at += PIECE_BYTES) {
        size_t n = (size_t)sy_min_u64(bytes - at, PIECE_BYTES);
        memset(piece, 0, n);
        (void)crypto_stream_chacha20_xor_ic(piece, piece, n, NONCE, at / BLOCK_BYTES, key->p);
        s = sy_write_all(fd, piece, n);
    }
    if (piece != NULL) {
        sodium_memzero(piece, PIECE_BYTES);
    }
    free(piece);
    return s;
}

sy_status vault_unit_keys(struct vault *v, const struct vault_unit_keys_ask *ask, int fd,
                          struct sy_error *reterr)
{
    if (!ask_ok(ask)) {
        return sy_fail(reterr, SY_E_USAGE, "kind",
                       "select keys need a salt, record keys have none");
    }
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    SY_TRY(vault_blame(stream_key(v, ask, &key), "unit keys", reterr));
    sy_status s = lseek(fd, 0, SEEK_SET) < 0 ? sy_fail_errno(NULL, errno, "seek") : SY_OK;
    s = sy_ok(s) ? write_stream(&key, ask->n_units * 8, fd) : s;
    if (!sy_ok(s) && ftruncate(fd, 0) != 0) {
        s = sy_fail_errno(NULL, errno, "truncate");
    }
    return vault_blame(s, "unit keys", reterr);
}

sy_status vault_cellkey(struct vault *v, struct sy_view ns, struct vault_secret *ret,
                        struct sy_error *reterr)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    SY_TRY(vault_blame(space_key(v, VAULT_UNIT_KEY_RECORD, ns, &key), "cell key", reterr));
    return vault_blame(vault_hkdf_named(vault_secret_view(&key), (struct sy_view){0},
                                        "shuyu-cellkey-noise-1", (struct sy_view){0}, ret),
                       "cell key", reterr);
}
