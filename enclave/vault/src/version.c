/*
 * Opening a version: the ledger's record decides what the files must be.
 * Invariants: the version file is compared byte for byte with the one that the record describes, so
 * it is never parsed; the dataset's private key exists only while the version key is unwrapped.
 */
#include "version.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/fdio.h"
#include "dataset_secret.h"
#include "files.h"
#include "format.h"
#include "vault_state.h"
#include "wire/envelope.h"

/* BOUNDARY: names of the record become file names. */
static sy_status check_record(const struct sy_dataset_version *record, struct sy_error *reterr)
{
    if (record->suite != SY_SUITE_INTL) {
        return sy_fail(reterr, SY_E_SUITE, "suite", NULL);
    }
    if (!sy_ok(vault_check_id(record->dataset)) || record->n_columns > COLUMNS_MAX) {
        return sy_fail(reterr, SY_E_FIELD, "dataset", NULL);
    }
    return SY_OK;
}

static sy_status changed(const struct sy_dataset_version *record, struct sy_error *reterr)
{
    struct vault_name at =
        vault_name("%.*s/%" PRIu64 "/header", SY_PV(record->dataset), record->version);
    return sy_fail(reterr, SY_E_TAMPERED, at.s, "%s is missing or was changed", at.s);
}

static sy_status open_attempt(const struct vault *v, struct vault_version *ver)
{
    SY_FD_CLEANUP int folder = -1;
    char dataset[65], attempt[33];
    sy_view_to_cstr(ver->record->dataset, dataset, sizeof(dataset));
    vault_hex(ver->record->attempt, sizeof(ver->record->attempt), attempt);
    SY_TRY(vault_folder(v->data_fd, dataset, false, &folder));
    return vault_folder(folder, attempt, false, &ver->fd);
}

/* The file must be what the record says, with any wrapped key; the digest then fixes that too. */
static sy_status check_file(const struct vault_version *ver, uint8_t ret_wrapped[WRAPPED_BYTES])
{
    SY_BUF_CLEANUP struct sy_buf file = sy_buf(VERSION_FILE_MAX_BYTES);
    SY_BUF_CLEANUP struct sy_buf want = sy_buf(VERSION_FILE_MAX_BYTES);
    uint8_t digest[32];
    SY_TRY(sy_read_file_at(ver->fd, "version", &file));
    if (file.n < VERSION_WRAPPED_AT + WRAPPED_BYTES) {
        return sy_status_of(SY_E_TAMPERED);
    }
    memcpy(ret_wrapped, file.p + VERSION_WRAPPED_AT, WRAPPED_BYTES);
    SY_TRY(version_encode(ver->record, ret_wrapped, &want));
    SY_TRY(version_digest(sy_buf_view(&file), digest));
    bool same = sy_view_eq(sy_buf_view(&file), sy_buf_view(&want)) &&
                memcmp(digest, ver->record->header, sizeof(digest)) == 0;
    return same ? SY_OK : sy_status_of(SY_E_TAMPERED);
}

static sy_status unwrap(struct vault *v, const struct sy_dataset_keys *keys,
                        const struct vault_holders *shares, const uint8_t wrapped[WRAPPED_BYTES],
                        struct vault_version *ver, struct sy_error *reterr)
{
    VAULT_SECRET_CLEANUP struct vault_secret sk = {0};
    SY_TRY(vault_dataset_secret(v, ver->record->dataset, keys, shares, &sk, reterr));
    SY_TRY(vault_blame(vault_secret_new(VAULT_KEY_BYTES, &ver->key), "version key", reterr));
    if (crypto_box_seal_open(ver->key.p, wrapped, WRAPPED_BYTES, keys->pub, sk.p) != 0) {
        return changed(ver->record, reterr);
    }
    return SY_OK;
}

static sy_status open_version(struct vault *v, const struct sy_dataset_keys *keys,
                              const struct vault_holders *shares, struct vault_version *ver,
                              struct sy_error *reterr)
{
    uint8_t wrapped[WRAPPED_BYTES];
    SY_TRY(check_record(ver->record, reterr));
    sy_status s = open_attempt(v, ver);
    s = sy_ok(s) ? check_file(ver, wrapped) : s;
    if (s.code == SY_E_NOT_FOUND || s.code == SY_E_TAMPERED || s.code == SY_E_LIMIT) {
        return changed(ver->record, reterr);
    }
    SY_TRY(vault_blame(s, "version", reterr));
    return unwrap(v, keys, shares, wrapped, ver, reterr);
}

sy_status vault_version_open(struct vault *v, const struct sy_dataset_keys *keys,
                             const struct vault_holders *shares,
                             const struct sy_dataset_version *version, struct vault_version **ret,
                             struct sy_error *reterr)
{
    struct vault_version *ver = calloc(1, sizeof(*ver));
    if (ver == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    *ver = (struct vault_version){.record = version, .fd = -1};
    sy_status s = open_version(v, keys, shares, ver, reterr);
    if (!sy_ok(s)) {
        vault_version_close(ver);
        return s;
    }
    *ret = ver;
    return SY_OK;
}

void vault_version_close(struct vault_version *ver)
{
    if (ver == NULL) {
        return;
    }
    vault_secret_free(&ver->key);
    sy_fd_close(&ver->fd);
    free(ver);
}
