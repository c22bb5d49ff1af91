/*
 * Dataset keys as two shares, and grants' deposits of the custodian's.
 * Invariants: the private key is whole only inside make_pair and vault_dataset_secret, in guarded
 * memory; platform share = private key xor custodian share, with the custodian share uniformly
 * random, so each alone is a one-time pad's half; the custodian's item is written before the
 * dataset's, which is what makes the dataset exist; keys that the ledger names are compared in
 * constant time against what the shares give before anything is opened with them.
 */
#include "vault/dataset.h"

#include <sodium.h>

#include "crypt.h"
#include "dataset_secret.h"
#include "files.h"
#include "vault_state.h"

enum { BOX_BYTES = 32 + crypto_box_SEALBYTES };

/* The item "dataset:ID". */
struct record {
    uint8_t pub[32];
    uint8_t custodian[32]; /* commitment */
    uint8_t platform_share[32];
    uint8_t other_share[32]; /* zero when a custodian holds it */
    uint8_t has_custodian;
};
_Static_assert(sizeof(struct record) == 129, "bytes only, so that it is stored as it is");

static struct vault_name item_of(const char *kind, struct sy_view dataset)
{
    return vault_name("%s:%.*s", kind, SY_PV(dataset));
}

static struct vault_name deposit_of(const uint8_t grant[32], struct sy_view dataset)
{
    char hex[65];
    vault_hex(grant, 32, hex);
    return vault_name("deposit:%s:%.*s", hex, SY_PV(dataset));
}

/* BOUNDARY: "units" would be the folder of the unit maps. */
static sy_status check_dataset(struct sy_view dataset, struct sy_error *reterr)
{
    sy_status s = vault_check_id(dataset);
    if (!sy_ok(s) || sy_view_is(dataset, "units")) {
        (void)sy_fail(reterr, SY_E_FIELD, "dataset",
                      "an identifier is 1 to 64 of a-z 0-9 . _ -, not beginning with a dot, "
                      "and not \"units\"");
        return sy_status_of(SY_E_FIELD);
    }
    return SY_OK;
}

static sy_status commit_to(const uint8_t share[32], uint8_t ret[32])
{
    struct sy_view parts[] = {sy_view_str("shuyu-share-1"), sy_view(share, 32)};
    return vault_sha256(parts, 2, ret);
}

static sy_status keys_of(const struct record *r, struct sy_dataset_keys *ret)
{
    SY_TRY(commit_to(r->platform_share, ret->platform));
    memcpy(ret->pub, r->pub, 32);
    memcpy(ret->custodian, r->custodian, 32);
    return SY_OK;
}

/* The record in guarded memory. */
static sy_status load_record(const struct vault *v, struct sy_view dataset,
                             struct vault_secret *ret, struct sy_error *reterr)
{
    SY_TRY(check_dataset(dataset, reterr));
    struct vault_name name = item_of("dataset", dataset);
    VAULT_SECRET_CLEANUP struct vault_secret item = {0};
    SY_TRY(vault_blame(vault_shelf_secret(&v->items, name.s, &item), name.s, reterr));
    if (item.n != sizeof(struct record)) {
        return vault_blame(sy_status_of(SY_E_TAMPERED), name.s, reterr);
    }
    *ret = item;
    item = (struct vault_secret){0};
    return SY_OK;
}

static void xor32(uint8_t *ret, const uint8_t *a, const uint8_t *b)
{
    for (int i = 0; i < 32; i++) {
        ret[i] = a[i] ^ b[i];
    }
}

/* Fill *r and, in guarded memory, the second share. */
static sy_status make_pair(struct record *r, struct vault_secret *ret_share)
{
    VAULT_SECRET_CLEANUP struct vault_secret sk = {0};
    SY_TRY(vault_secret_random(32, &sk));
    SY_TRY(vault_secret_random(32, ret_share));
    (void)crypto_scalarmult_base(r->pub, sk.p);
    xor32(r->platform_share, sk.p, ret_share->p);
    return commit_to(ret_share->p, r->custodian);
}

/* Give the second share to the custodian, or keep it when there is none. */
static sy_status place_share(const struct vault *v, struct sy_view dataset,
                             const uint8_t *custodian_box, struct vault_secret *share,
                             struct record *r)
{
    uint8_t box[BOX_BYTES];
    if (custodian_box == NULL) {
        memcpy(r->other_share, share->p, 32);
        return SY_OK;
    }
    r->has_custodian = 1;
    if (crypto_box_seal(box, share->p, 32, custodian_box) != 0) {
        return sy_status_of(SY_E_FIELD);
    }
    return vault_shelf_put(&v->items, item_of("custodian", dataset).s, sy_view(box, sizeof(box)));
}

sy_status vault_dataset_create(struct vault *v, struct sy_view dataset,
                               const uint8_t *custodian_box, struct sy_dataset_keys *ret_keys,
                               struct sy_error *reterr)
{
    SY_TRY(check_dataset(dataset, reterr));
    struct vault_name name = item_of("dataset", dataset);
    if (vault_shelf_has(&v->items, name.s)) {
        return sy_fail(reterr, SY_E_EXISTS, "dataset", "the dataset has its keys already");
    }
    VAULT_SECRET_CLEANUP struct vault_secret item = {0}, share = {0};
    SY_TRY(vault_blame(vault_secret_new(sizeof(struct record), &item), name.s, reterr));
    struct record *r = (struct record *)(void *)item.p; /* bytes only: any alignment will do */
    SY_TRY(vault_blame(make_pair(r, &share), name.s, reterr));
    SY_TRY(vault_blame(place_share(v, dataset, custodian_box, &share, r), "custodian", reterr));
    struct sy_dataset_keys keys;
    SY_TRY(vault_blame(keys_of(r, &keys), name.s, reterr));
    SY_TRY(
        vault_blame(vault_shelf_put(&v->items, name.s, vault_secret_view(&item)), name.s, reterr));
    *ret_keys = keys;
    return SY_OK;
}

sy_status vault_dataset_keys(struct vault *v, struct sy_view dataset,
                             struct sy_dataset_keys *ret_keys, struct sy_error *reterr)
{
    VAULT_SECRET_CLEANUP struct vault_secret item = {0};
    SY_TRY(load_record(v, dataset, &item, reterr));
    struct sy_dataset_keys keys;
    SY_TRY(vault_blame(keys_of((const struct record *)(const void *)item.p, &keys), "dataset",
                       reterr));
    *ret_keys = keys;
    return SY_OK;
}

sy_status vault_custodian_share(struct vault *v, struct sy_view dataset, struct sy_buf *b,
                                struct sy_error *reterr)
{
    SY_TRY(check_dataset(dataset, reterr));
    struct vault_name name = item_of("custodian", dataset);
    return vault_blame(vault_shelf_get(&v->items, name.s, b), name.s, reterr);
}

bool vault_share_ok(const struct sy_dataset_keys *keys, const uint8_t share[32])
{
    uint8_t commitment[32];
    return sy_ok(commit_to(share, commitment)) &&
           sodium_memcmp(commitment, keys->custodian, 32) == 0;
}

/* --- the whole private key -------------------------------------------------------------------- */

static sy_status bad_share(struct sy_error *reterr)
{
    return sy_fail(reterr, SY_E_SHARE, "share",
                   "the key shares do not fit the dataset's key in the ledger");
}

/* BOUNDARY: the shares are checked against the ledger's record, whoever checked them before: the
 * warden at review, the store by its seal. */
static sy_status recombine(const struct record *r, const struct sy_dataset_keys *keys,
                           const uint8_t *share, struct vault_secret *sk, struct sy_error *reterr)
{
    uint8_t commitment[32], pub[32];
    if (!sy_ok(commit_to(r->platform_share, commitment)) ||
        sodium_memcmp(commitment, keys->platform, 32) != 0 || !vault_share_ok(keys, share)) {
        return bad_share(reterr);
    }
    xor32(sk->p, r->platform_share, share);
    (void)crypto_scalarmult_base(pub, sk->p);
    return sodium_memcmp(pub, keys->pub, 32) == 0 ? SY_OK : bad_share(reterr);
}

sy_status vault_dataset_secret(struct vault *v, struct sy_view dataset,
                               const struct sy_dataset_keys *keys, const uint8_t *share,
                               struct vault_secret *ret, struct sy_error *reterr)
{
    VAULT_SECRET_CLEANUP struct vault_secret item = {0}, sk = {0};
    SY_TRY(load_record(v, dataset, &item, reterr));
    const struct record *r = (const struct record *)(const void *)item.p;
    if (share == NULL && r->has_custodian != 0) {
        return sy_fail(reterr, SY_E_SHARE, "share", "no custodian's share: nobody approved this");
    }
    SY_TRY(vault_blame(vault_secret_new(32, &sk), "dataset", reterr));
    SY_TRY(recombine(r, keys, share == NULL ? r->other_share : share, &sk, reterr));
    *ret = sk;
    sk = (struct vault_secret){0};
    return SY_OK;
}

/* --- deposits --------------------------------------------------------------------------------- */

sy_status vault_deposit(struct vault *v, const uint8_t grant[32], struct sy_view dataset,
                        const struct sy_dataset_keys *keys, const uint8_t share[32],
                        struct sy_error *reterr)
{
    SY_TRY(check_dataset(dataset, reterr));
    if (!vault_share_ok(keys, share)) {
        return bad_share(reterr);
    }
    struct vault_name name = deposit_of(grant, dataset);
    return vault_blame(vault_shelf_put(&v->items, name.s, sy_view(share, 32)), "deposit", reterr);
}

bool vault_has_deposit(const struct vault *v, const uint8_t grant[32], struct sy_view dataset)
{
    return sy_ok(check_dataset(dataset, NULL)) &&
           vault_shelf_has(&v->items, deposit_of(grant, dataset).s);
}

sy_status vault_deposit_take(struct vault *v, const uint8_t grant[32], struct sy_view dataset,
                             struct vault_secret *ret_share, struct sy_error *reterr)
{
    SY_TRY(check_dataset(dataset, reterr));
    sy_status s = vault_shelf_key_only(&v->items, deposit_of(grant, dataset).s, ret_share);
    if (s.code == SY_E_NOT_FOUND) {
        return sy_fail(reterr, SY_E_SHARE, "share",
                       "the grant holds no custodian's share for this dataset");
    }
    return vault_blame(s, "deposit", reterr);
}

sy_status vault_erase_grant(struct vault *v, const uint8_t grant[32])
{
    char hex[65];
    vault_hex(grant, 32, hex);
    return vault_shelf_erase_prefix(&v->items, vault_name("deposit:%s:", hex).s);
}
