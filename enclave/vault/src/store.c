/*
 * Opening the vault: folders, master key, domain keys, noise epochs, checkpoint memory.
 * Invariants: the master key is read from its file straight into guarded memory, and only when the
 * file is private; creation commits by writing it last; every secret is wiped by vault_close,
 * whatever step of opening failed; remembered values (epoch, checkpoint) change in memory only
 * after they are durable.
 */
#include "vault/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "crypt.h"
#include "files.h"
#include "unit_map.h"
#include "vault_state.h"

#define MASTER "master.key"

enum { CHECKPOINT_BYTES = 40, EPOCH_BYTES = 8, SEAT_BYTES = 32 };

/* Texts that help where the general text of a code would not. */
static const char *advice(int32_t code)
{
    switch (code) {
    case SY_E_TAMPERED:
        return "was changed, or belongs to another master key: restore it from a backup";
    case SY_E_SUITE:
        return "is of a cryptographic suite that this program does not know";
    default:
        return sy_code_text(code);
    }
}

void vault_explain(int32_t code, const char *name, struct sy_error *reterr)
{
    (void)sy_fail(reterr, code, name, "%s: %s", name, advice(code));
}

sy_status vault_item_fixed(const struct vault *v, const char *name, void *ret, size_t n)
{
    VAULT_SECRET_CLEANUP struct vault_secret item = {0};
    SY_TRY(vault_shelf_secret(&v->items, name, &item));
    if (item.n != n) {
        return sy_status_of(SY_E_TAMPERED);
    }
    memcpy(ret, item.p, n);
    return SY_OK;
}

/* --- the master key --------------------------------------------------------------------------- */

/* BOUNDARY: a key that others may read or replace is no key, whoever installed it. */
static sy_status check_private(int fd, struct sy_error *reterr)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return sy_fail_errno(reterr, errno, "stat keys/" MASTER);
    }
    bool ok = S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0600 && st.st_uid == geteuid() &&
              st.st_size == VAULT_KEY_BYTES;
    return ok ? SY_OK
              : sy_fail(reterr, SY_E_DENIED, "keys/" MASTER,
                        "the master key must be a plain file of %d bytes that belongs to this "
                        "user, with mode 0600 (chmod 600)",
                        VAULT_KEY_BYTES);
}

static sy_status read_master(struct vault *v, struct sy_error *reterr)
{
    SY_FD_CLEANUP int fd = openat(v->keys_fd, MASTER, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT  ? sy_fail(reterr, SY_E_NOT_FOUND, "keys/" MASTER,
                                          "there is no master key: create the domain first")
               : errno == ELOOP ? sy_fail(reterr, SY_E_DENIED, "keys/" MASTER,
                                          "the master key must be a plain file, not a link")
                                : sy_fail_errno(reterr, errno, "open keys/" MASTER);
    }
    SY_TRY(check_private(fd, reterr));
    SY_TRY(vault_blame(vault_secret_new(VAULT_KEY_BYTES, &v->master), "keys/" MASTER, reterr));
    return vault_blame(sy_read_all(fd, v->master.p, v->master.n), "keys/" MASTER, reterr);
}

/* --- making and opening ----------------------------------------------------------------------- */

static void set_shelves(struct vault *v)
{
    v->items = (struct vault_shelf){v->store_fd, &v->master, "SHUYUKEY", "shuyu-item-1", ".key"};
    v->blobs =
        (struct vault_shelf){v->answers_fd, &v->answers, "SHUYUBLB", "shuyu-blob-1", ".blob"};
}

static sy_status open_folders(struct vault *v, int dirfd, bool make)
{
    SY_TRY(vault_folder(dirfd, "keys", make, &v->keys_fd));
    SY_TRY(vault_folder(v->keys_fd, "store", make, &v->store_fd));
    SY_TRY(vault_folder(dirfd, "data", make, &v->data_fd));
    SY_TRY(vault_folder(v->data_fd, "units", make, &v->units_fd));
    SY_TRY(vault_folder(dirfd, "answers", make, &v->answers_fd));
    return vault_folder(dirfd, "payloads", make, &v->payloads_fd);
}

static struct vault *new_vault(void)
{
    struct vault *v = calloc(1, sizeof(*v));
    if (v != NULL) {
        v->keys_fd = v->store_fd = v->data_fd = v->units_fd = v->answers_fd = v->payloads_fd = -1;
    }
    return v;
}

static sy_status make_sign_key(const struct vault *v, const char *name)
{
    VAULT_SECRET_CLEANUP struct vault_secret sk = {0};
    uint8_t pub[crypto_sign_PUBLICKEYBYTES];
    SY_TRY(vault_secret_new(crypto_sign_SECRETKEYBYTES, &sk));
    (void)crypto_sign_keypair(pub, sk.p);
    return vault_shelf_put(&v->items, name, vault_secret_view(&sk));
}

static sy_status make_random_key(const struct vault *v, const char *name)
{
    VAULT_SECRET_CLEANUP struct vault_secret key = {0};
    SY_TRY(vault_secret_random(VAULT_KEY_BYTES, &key));
    return vault_shelf_put(&v->items, name, vault_secret_view(&key));
}

static sy_status put_epoch(const struct vault *v, uint64_t epoch)
{
    uint8_t bytes[EPOCH_BYTES];
    sy_store_le64(bytes, epoch);
    return vault_shelf_put(&v->items, "epoch", sy_view(bytes, sizeof(bytes)));
}

static sy_status put_checkpoint(const struct vault *v, uint64_t size, const uint8_t root[32])
{
    uint8_t bytes[CHECKPOINT_BYTES];
    sy_store_le64(bytes, size);
    memcpy(bytes + 8, root, 32);
    return vault_shelf_put(&v->items, "checkpoint", sy_view(bytes, sizeof(bytes)));
}

static sy_status make_items(const struct vault *v)
{
    static const uint8_t NO_ROOT[32], NO_SEAT[SEAT_BYTES];
    SY_TRY(make_sign_key(v, "domain:log"));
    SY_TRY(make_sign_key(v, "domain:warden"));
    SY_TRY(make_random_key(v, "domain:box"));
    SY_TRY(make_random_key(v, "answers"));
    SY_TRY(make_random_key(v, "noise:1"));
    SY_TRY(put_epoch(v, 1));
    SY_TRY(put_checkpoint(v, 0, NO_ROOT));
    SY_TRY(vault_shelf_put(&v->items, "seat", sy_view(NO_SEAT, sizeof(NO_SEAT))));
    return sy_replace_file_at(v->keys_fd, MASTER, vault_secret_view(&v->master), 0600);
}

static sy_status load_secret(const struct vault *v, const char *name, size_t n,
                             struct vault_secret *ret, struct sy_error *reterr)
{
    SY_TRY(vault_blame(vault_shelf_secret(&v->items, name, ret), name, reterr));
    return ret->n == n ? SY_OK : vault_blame(sy_status_of(SY_E_TAMPERED), name, reterr);
}

static sy_status load_keys(struct vault *v, struct sy_error *reterr)
{
    SY_TRY(vault_log_keys_load(v, reterr));
    SY_TRY(load_secret(v, "domain:warden", crypto_sign_SECRETKEYBYTES, &v->warden, reterr));
    SY_TRY(load_secret(v, "domain:box", VAULT_KEY_BYTES, &v->box, reterr));
    SY_TRY(load_secret(v, "answers", VAULT_KEY_BYTES, &v->answers, reterr));
    v->domain.warden.secret = v->warden.p;
    v->domain.box.secret = v->box.p;
    (void)crypto_sign_ed25519_sk_to_pk(v->domain.warden.pub, v->warden.p);
    (void)crypto_scalarmult_base(v->domain.box.pub, v->box.p);
    return SY_OK;
}

static sy_status load_memory(struct vault *v, struct sy_error *reterr)
{
    uint8_t epoch[EPOCH_BYTES];
    uint8_t checkpoint[CHECKPOINT_BYTES];
    SY_TRY(vault_blame(vault_item_fixed(v, "epoch", epoch, sizeof(epoch)), "epoch", reterr));
    SY_TRY(vault_blame(vault_item_fixed(v, "checkpoint", checkpoint, sizeof(checkpoint)),
                       "checkpoint", reterr));
    v->epoch = sy_load_le64(epoch);
    v->checkpoint_size = sy_load_le64(checkpoint);
    memcpy(v->checkpoint_root, checkpoint + 8, 32);
    return SY_OK;
}

static sy_status open_into(struct vault *v, int dirfd, struct sy_error *reterr)
{
    SY_TRY(vault_blame(open_folders(v, dirfd, false), "keys", reterr));
    SY_TRY(read_master(v, reterr));
    set_shelves(v);
    SY_TRY(vault_blame(vault_walk(v->store_fd, vault_erase_if_temp, NULL), "keys/store", reterr));
    SY_TRY(vault_blame(vault_walk(v->answers_fd, vault_erase_if_temp, NULL), "answers", reterr));
    SY_TRY(load_keys(v, reterr));
    return load_memory(v, reterr);
}

static sy_status create_into(struct vault *v, int dirfd, struct sy_error *reterr)
{
    SY_TRY(vault_blame(open_folders(v, dirfd, true), "keys", reterr));
    if (faccessat(v->keys_fd, MASTER, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return sy_fail(reterr, SY_E_EXISTS, "keys/" MASTER, "this folder holds a domain already");
    }
    SY_TRY(vault_blame(vault_secret_random(VAULT_KEY_BYTES, &v->master), "keys/" MASTER, reterr));
    set_shelves(v);
    return vault_blame(make_items(v), "keys", reterr);
}

sy_status vault_create(int dirfd, struct vault **ret, struct sy_error *reterr)
{
    struct vault *v = sodium_init() < 0 ? NULL : new_vault();
    if (v == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    sy_status s = create_into(v, dirfd, reterr);
    vault_close(v);
    return sy_ok(s) ? vault_open(dirfd, ret, reterr) : s;
}

sy_status vault_open(int dirfd, struct vault **ret, struct sy_error *reterr)
{
    struct vault *v = sodium_init() < 0 ? NULL : new_vault();
    if (v == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    sy_status s = open_into(v, dirfd, reterr);
    if (!sy_ok(s)) {
        vault_close(v);
        return s;
    }
    *ret = v;
    return SY_OK;
}

void vault_close(struct vault *v)
{
    if (v == NULL) {
        return;
    }
    vault_maps_free(v);
    vault_log_keys_free(v);
    struct vault_secret *secrets[] = {&v->master, &v->warden, &v->box, &v->answers};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        vault_secret_free(secrets[i]);
    }
    int *fds[] = {&v->keys_fd,  &v->store_fd,   &v->data_fd,
                  &v->units_fd, &v->answers_fd, &v->payloads_fd};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        sy_fd_close(fds[i]);
    }
    free(v);
}

const struct vault_domain_keys *vault_domain_keys(const struct vault *v)
{
    return &v->domain;
}

/* --- who leads -------------------------------------------------------------------------------- */

sy_status vault_seat(const struct vault *v, uint8_t ret[SEAT_BYTES])
{
    return vault_item_fixed(v, "seat", ret, SEAT_BYTES);
}

sy_status vault_seat_set(struct vault *v, const uint8_t seat[SEAT_BYTES])
{
    return vault_shelf_put(&v->items, "seat", sy_view(seat, SEAT_BYTES));
}

/* --- noise epochs ----------------------------------------------------------------------------- */

uint64_t vault_epoch(const struct vault *v)
{
    return v->epoch;
}

sy_status vault_epoch_start(struct vault *v, uint64_t *ret_epoch)
{
    struct vault_name name = vault_name("noise:%" PRIu64, v->epoch + 1);
    if (!vault_shelf_has(&v->items, name.s)) {
        SY_TRY(make_random_key(v, name.s));
    }
    SY_TRY(put_epoch(v, v->epoch + 1));
    *ret_epoch = ++v->epoch;
    return SY_OK;
}

sy_status vault_epoch_reach(struct vault *v, uint64_t epoch)
{
    uint64_t now = v->epoch;
    while (now < epoch) {
        SY_TRY(vault_epoch_start(v, &now));
    }
    return SY_OK;
}

sy_status vault_noise_key(struct vault *v, uint64_t epoch, struct vault_secret *ret)
{
    return vault_shelf_key_only(&v->items, vault_name("noise:%" PRIu64, epoch).s, ret);
}

bool vault_noise_has(const struct vault *v, uint64_t epoch)
{
    return vault_shelf_has(&v->items, vault_name("noise:%" PRIu64, epoch).s);
}

sy_status vault_noise_destroy(struct vault *v, uint64_t epoch)
{
    if (epoch == v->epoch) {
        return sy_status_of(SY_E_STATE);
    }
    return vault_shelf_erase(&v->items, vault_name("noise:%" PRIu64, epoch).s);
}

/* --- checkpoint memory ------------------------------------------------------------------------ */

sy_status vault_note_checkpoint(struct vault *v, uint64_t size, const uint8_t root[32])
{
    bool same_root = memcmp(root, v->checkpoint_root, 32) == 0;
    if (size < v->checkpoint_size || (size == v->checkpoint_size && size > 0 && !same_root)) {
        return sy_status_of(SY_E_ROLLBACK);
    }
    if (size == v->checkpoint_size && same_root) {
        return SY_OK;
    }
    SY_TRY(put_checkpoint(v, size, root));
    v->checkpoint_size = size;
    memcpy(v->checkpoint_root, root, 32);
    return SY_OK;
}

void vault_last_checkpoint(const struct vault *v, uint64_t *ret_size, uint8_t ret_root[32])
{
    *ret_size = v->checkpoint_size;
    memcpy(ret_root, v->checkpoint_root, 32);
}

/* --- pseudonyms ------------------------------------------------------------------------------- */

sy_status vault_scene_key(struct vault *v, struct sy_view scene, struct vault_secret *ret)
{
    SY_TRY(vault_check_id(scene));
    return vault_shelf_key(&v->items, vault_name("pseudonym:%.*s", SY_PV(scene)).s, ret);
}

sy_status vault_scene_forget(struct vault *v, struct sy_view scene)
{
    SY_TRY(vault_check_id(scene));
    return vault_shelf_erase(&v->items, vault_name("pseudonym:%.*s", SY_PV(scene)).s);
}
