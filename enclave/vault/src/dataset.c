/*
 * Dataset keys as two shares or three, and grants' deposits of the holders'.
 * Invariants: the private key is whole only inside make_pair and vault_dataset_secret, in guarded
 * memory; platform share = private key xor custodian share (xor department share), with each holder's share uniformly
 * random, so any less than all are a one-time pad; the holders' items are written before the
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
    uint8_t department[32]; /* commitment; zero: there is no third share */
};
/* Bytes only, so that it is stored as it is. Without a third share its commitment is not stored either. */
enum { RECORD_OF_TWO = 129, RECORD_OF_THREE = 161 };
_Static_assert(sizeof(struct record) == RECORD_OF_THREE, "no padding");
_Static_assert(offsetof(struct record, department) == RECORD_OF_TWO, "at the end");

static struct vault_name item_of(const char *kind, struct sy_view dataset)
{
    return vault_name("%s:%.*s", kind, SY_PV(dataset));
}

/* The names are associated data of what is sealed under them: a deposit moved to another grant, dataset or holder does
 * not open. */
static struct vault_name deposit_of(const uint8_t grant[32], struct sy_view dataset,
                                    enum sy_holder whose)
{
    char hex[65];
    vault_hex(grant, 32, hex);
    return vault_name("deposit:%s:%s%.*s", hex, whose == SY_HOLDER_DEPARTMENT ? "department:" : "",
                      SY_PV(dataset));
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

static sy_status commit_to(const char *context, const uint8_t share[32], uint8_t ret[32])
{
    struct sy_view parts[] = {sy_view_str(context), sy_view(share, 32)};
    return vault_sha256(parts, 2, ret);
}

/* By holder: item of the sealed share, context of the commitment. */
static const struct {
    const char *item, *context;
} HOLDERS[] = {
    [SY_HOLDER_NONE] = {"none", "shuyu-share-1"}, /* the platform's commitment */
    [SY_HOLDER_CUSTODIAN] = {"custodian", "shuyu-share-1"},
    [SY_HOLDER_DEPARTMENT] = {"department", "shuyu-share-department-1"},
};

static sy_status keys_of(const struct record *r, struct sy_dataset_keys *ret)
{
    SY_TRY(commit_to(HOLDERS[SY_HOLDER_NONE].context, r->platform_share, ret->platform));
    memcpy(ret->pub, r->pub, 32);
    memcpy(ret->custodian, r->custodian, 32);
    memcpy(ret->department, r->department, 32);
    return SY_OK;
}

/* The record in guarded memory. */
static sy_status load_record(const struct vault *v, struct sy_view dataset,
                             struct vault_secret *ret, struct sy_error *reterr)
{
    SY_TRY(check_dataset(dataset, reterr));
    struct vault_name name = item_of("dataset", dataset);
    VAULT_SECRET_CLEANUP struct vault_secret item = {0}, whole = {0};
    SY_TRY(vault_blame(vault_shelf_secret(&v->items, name.s, &item), name.s, reterr));
    if (item.n != RECORD_OF_TWO && item.n != RECORD_OF_THREE) {
        return vault_blame(sy_status_of(SY_E_TAMPERED), name.s, reterr);
    }
    SY_TRY(vault_blame(vault_secret_new(sizeof(struct record), &whole), name.s, reterr));
    memset(whole.p, 0, whole.n);
    memcpy(whole.p, item.p, item.n);
    *ret = whole;
    whole = (struct vault_secret){0};
    return SY_OK;
}

/* What of the record is stored. */
static struct sy_view stored(const struct vault_secret *item)
{
    const struct record *r = (const struct record *)(const void *)item->p;
    return sy_view(item->p, sodium_is_zero(r->department, 32) ? RECORD_OF_TWO : RECORD_OF_THREE);
}

static void xor32(uint8_t *ret, const uint8_t *a, const uint8_t *b)
{
    for (int i = 0; i < 32; i++) {
        ret[i] = a[i] ^ b[i];
    }
}

/* The shares of the holders while the pair is made, in guarded memory. */
struct pair {
    struct vault_secret custodian, department;
};

static void pair_free(struct pair *p)
{
    vault_secret_free(&p->custodian);
    vault_secret_free(&p->department);
}

/* A third share: random too, and taken off the platform's. */
static sy_status make_third(struct record *r, struct vault_secret *ret_share)
{
    SY_TRY(vault_secret_random(32, ret_share));
    xor32(r->platform_share, r->platform_share, ret_share->p);
    return commit_to(HOLDERS[SY_HOLDER_DEPARTMENT].context, ret_share->p, r->department);
}

/* Fill *r and the holders' shares. */
static sy_status make_pair(struct record *r, bool third, struct pair *ret)
{
    VAULT_SECRET_CLEANUP struct vault_secret sk = {0};
    SY_TRY(vault_secret_random(32, &sk));
    SY_TRY(vault_secret_random(32, &ret->custodian));
    (void)crypto_scalarmult_base(r->pub, sk.p);
    xor32(r->platform_share, sk.p, ret->custodian.p);
    SY_TRY(commit_to(HOLDERS[SY_HOLDER_CUSTODIAN].context, ret->custodian.p, r->custodian));
    return third ? make_third(r, &ret->department) : SY_OK;
}

static sy_status seal_share(const struct vault *v, struct sy_view dataset, enum sy_holder whose,
                            const uint8_t *holder_box, const struct vault_secret *share)
{
    uint8_t box[BOX_BYTES];
    if (crypto_box_seal(box, share->p, 32, holder_box) != 0) {
        return sy_status_of(SY_E_FIELD);
    }
    return vault_shelf_put(&v->items, item_of(HOLDERS[whose].item, dataset).s,
                           sy_view(box, sizeof(box)));
}

/* Give the holders their shares, or keep the second when there is no custodian. */
static sy_status place_shares(const struct vault *v, struct sy_view dataset,
                              const struct vault_holders *boxes, const struct pair *p,
                              struct record *r)
{
    if (boxes == NULL || boxes->custodian == NULL) {
        memcpy(r->other_share, p->custodian.p, 32);
        return SY_OK;
    }
    r->has_custodian = 1;
    SY_TRY(seal_share(v, dataset, SY_HOLDER_CUSTODIAN, boxes->custodian, &p->custodian));
    return boxes->department == NULL
               ? SY_OK
               : seal_share(v, dataset, SY_HOLDER_DEPARTMENT, boxes->department, &p->department);
}

static sy_status make_keys(struct vault *v, struct sy_view dataset,
                           const struct vault_holders *boxes, struct pair *p,
                           struct vault_secret *item, struct sy_error *reterr)
{
    struct record *r = (struct record *)(void *)item->p; /* bytes only: any alignment will do */
    memset(item->p, 0, item->n);
    bool third = boxes != NULL && boxes->department != NULL;
    SY_TRY(vault_blame(make_pair(r, third, p), "dataset", reterr));
    return vault_blame(place_shares(v, dataset, boxes, p, r), "custodian", reterr);
}

sy_status vault_dataset_create(struct vault *v, struct sy_view dataset,
                               const struct vault_holders *boxes, struct sy_dataset_keys *ret_keys,
                               struct sy_error *reterr)
{
    SY_TRY(check_dataset(dataset, reterr));
    struct vault_name name = item_of("dataset", dataset);
    if (boxes != NULL && boxes->custodian == NULL && boxes->department != NULL) {
        return sy_fail(reterr, SY_E_FIELD, "custodian", "a third share is beside a custodian's");
    }
    if (vault_shelf_has(&v->items, name.s)) {
        return sy_fail(reterr, SY_E_EXISTS, "dataset", "the dataset has its keys already");
    }
    VAULT_SECRET_CLEANUP struct vault_secret item = {0};
    struct pair p = {0};
    struct sy_dataset_keys keys;
    SY_TRY(vault_blame(vault_secret_new(sizeof(struct record), &item), name.s, reterr));
    sy_status s = make_keys(v, dataset, boxes, &p, &item, reterr);
    pair_free(&p);
    SY_TRY(s);
    SY_TRY(
        vault_blame(keys_of((const struct record *)(const void *)item.p, &keys), name.s, reterr));
    SY_TRY(vault_blame(vault_shelf_put(&v->items, name.s, stored(&item)), name.s, reterr));
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

sy_status vault_sealed_share(struct vault *v, struct sy_view dataset, enum sy_holder whose,
                             struct sy_buf *b, struct sy_error *reterr)
{
    SY_TRY(check_dataset(dataset, reterr));
    if (whose == SY_HOLDER_NONE) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "dataset", "the platform's share leaves to nobody");
    }
    struct vault_name name = item_of(HOLDERS[whose].item, dataset);
    return vault_blame(vault_shelf_get(&v->items, name.s, b), name.s, reterr);
}

bool vault_share_ok(const struct sy_dataset_keys *keys, enum sy_holder whose,
                    const uint8_t share[32])
{
    uint8_t commitment[32];
    const uint8_t *want = whose == SY_HOLDER_DEPARTMENT ? keys->department : keys->custodian;
    return whose != SY_HOLDER_NONE && sy_ok(commit_to(HOLDERS[whose].context, share, commitment)) &&
           sodium_memcmp(commitment, want, 32) == 0;
}

/* --- the whole private key -------------------------------------------------------------------- */

static sy_status bad_share(struct sy_error *reterr)
{
    return sy_fail(reterr, SY_E_SHARE, "share",
                   "the key shares do not fit the dataset's key in the ledger");
}

/* Is everybody's share there: the custodian's, and the department's where the ledger has a commitment to one? */
static bool all_given(const struct record *r, const struct sy_dataset_keys *keys,
                      const struct vault_holders *shares)
{
    return (shares->custodian != NULL || r->has_custodian == 0) &&
           (shares->department != NULL || !sy_custody_third(keys));
}

/* BOUNDARY: the shares are checked against the ledger's record, whoever checked them before: the
 * warden at review, the store by its seal. */
static sy_status recombine(const struct record *r, const struct sy_dataset_keys *keys,
                           const struct vault_holders *shares, struct vault_secret *sk,
                           struct sy_error *reterr)
{
    uint8_t commitment[32], pub[32];
    const uint8_t *second = r->has_custodian != 0 ? shares->custodian : r->other_share;
    if (!sy_ok(commit_to(HOLDERS[SY_HOLDER_NONE].context, r->platform_share, commitment)) ||
        sodium_memcmp(commitment, keys->platform, 32) != 0 ||
        !vault_share_ok(keys, SY_HOLDER_CUSTODIAN, second)) {
        return bad_share(reterr);
    }
    xor32(sk->p, r->platform_share, second);
    if (sy_custody_third(keys)) {
        if (!vault_share_ok(keys, SY_HOLDER_DEPARTMENT, shares->department)) {
            return bad_share(reterr);
        }
        xor32(sk->p, sk->p, shares->department);
    }
    (void)crypto_scalarmult_base(pub, sk->p);
    return sodium_memcmp(pub, keys->pub, 32) == 0 ? SY_OK : bad_share(reterr);
}

sy_status vault_dataset_secret(struct vault *v, struct sy_view dataset,
                               const struct sy_dataset_keys *keys,
                               const struct vault_holders *shares, struct vault_secret *ret,
                               struct sy_error *reterr)
{
    VAULT_SECRET_CLEANUP struct vault_secret item = {0}, sk = {0};
    const struct vault_holders none = {0};
    SY_TRY(load_record(v, dataset, &item, reterr));
    const struct record *r = (const struct record *)(const void *)item.p;
    shares = shares == NULL ? &none : shares;
    if (!all_given(r, keys, shares)) {
        return sy_fail(reterr, SY_E_SHARE, "share",
                       "a holder's share is missing: not everybody approved this");
    }
    SY_TRY(vault_blame(vault_secret_new(32, &sk), "dataset", reterr));
    SY_TRY(recombine(r, keys, shares, &sk, reterr));
    *ret = sk;
    sk = (struct vault_secret){0};
    return SY_OK;
}

/* --- deposits --------------------------------------------------------------------------------- */

sy_status vault_deposit(struct vault *v, const uint8_t grant[32], struct sy_view dataset,
                        const struct sy_dataset_keys *keys, enum sy_holder whose,
                        const uint8_t share[32], struct sy_error *reterr)
{
    SY_TRY(check_dataset(dataset, reterr));
    if (!vault_share_ok(keys, whose, share)) {
        return bad_share(reterr);
    }
    struct vault_name name = deposit_of(grant, dataset, whose);
    return vault_blame(vault_shelf_put(&v->items, name.s, sy_view(share, 32)), "deposit", reterr);
}

bool vault_has_deposit(const struct vault *v, const uint8_t grant[32], struct sy_view dataset,
                       enum sy_holder whose)
{
    return sy_ok(check_dataset(dataset, NULL)) &&
           vault_shelf_has(&v->items, deposit_of(grant, dataset, whose).s);
}

sy_status vault_deposit_take(struct vault *v, const uint8_t grant[32], struct sy_view dataset,
                             enum sy_holder whose, struct vault_secret *ret_share,
                             struct sy_error *reterr)
{
    SY_TRY(check_dataset(dataset, reterr));
    sy_status s = vault_shelf_key_only(&v->items, deposit_of(grant, dataset, whose).s, ret_share);
    if (s.code == SY_E_NOT_FOUND) {
        return sy_fail(reterr, SY_E_SHARE, "share",
                       "the grant does not hold every share of this dataset's key");
    }
    return vault_blame(s, "deposit", reterr);
}

sy_status vault_deposit_erase(struct vault *v, const uint8_t grant[32], struct sy_view dataset,
                              enum sy_holder whose)
{
    SY_TRY(check_dataset(dataset, NULL));
    return vault_shelf_erase(&v->items, deposit_of(grant, dataset, whose).s);
}

sy_status vault_erase_grant(struct vault *v, const uint8_t grant[32])
{
    char hex[65];
    vault_hex(grant, 32, hex);
    return vault_shelf_erase_prefix(&v->items, vault_name("deposit:%s:", hex).s);
}
