/*
 * The keys of the log, one after the other. Items: the first is "domain:log", made with the domain; later
 * ones are "log:2", "log:3"; "logpub:N" is what is left of number N when it was erased: its public half.
 * Invariants: the public half is durable before the secret goes, so that a log can be read for ever; where
 * both are found, a crash came between, and opening ends what was begun; numbers have no gap.
 */
#include <sodium.h>

#include "crypt.h"
#include "vault_state.h"

static struct vault_name secret_name(size_t i)
{
    return i == 0 ? vault_name("domain:log") : vault_name("log:%zu", i + 1);
}

static struct vault_name public_name(size_t i)
{
    return vault_name("logpub:%zu", i + 1);
}

static void forget(struct vault *v, size_t i)
{
    v->log_keys[i].secret = NULL;
    vault_secret_free(&v->log_secrets[i]);
}

static sy_status load_public(struct vault *v, size_t i)
{
    SY_TRY(vault_item_fixed(v, public_name(i).s, v->log_keys[i].pub, sizeof(v->log_keys[i].pub)));
    return vault_shelf_has(&v->items, secret_name(i).s)
               ? vault_shelf_erase(&v->items, secret_name(i).s)
               : SY_OK;
}

static sy_status load_secret(struct vault *v, size_t i)
{
    struct vault_secret *s = &v->log_secrets[i];
    SY_TRY(vault_shelf_secret(&v->items, secret_name(i).s, s));
    if (s->n != crypto_sign_SECRETKEYBYTES) {
        return sy_status_of(SY_E_TAMPERED);
    }
    (void)crypto_sign_ed25519_sk_to_pk(v->log_keys[i].pub, s->p);
    v->log_keys[i].secret = s->p;
    return SY_OK;
}

sy_status vault_log_keys_load(struct vault *v, struct sy_error *reterr)
{
    for (size_t i = 0; i < VAULT_LOG_KEYS_MAX; i++) {
        sy_status s = SY_OK;
        if (vault_shelf_has(&v->items, public_name(i).s)) {
            s = load_public(v, i);
        } else if (i == 0 || vault_shelf_has(&v->items, secret_name(i).s)) {
            s = load_secret(v, i);
        } else {
            break;
        }
        SY_TRY(vault_blame(s, secret_name(i).s, reterr));
        v->n_log_keys = i + 1;
    }
    v->domain.log = v->log_keys[0];
    return SY_OK;
}

void vault_log_keys_free(struct vault *v)
{
    for (size_t i = 0; i < VAULT_LOG_KEYS_MAX; i++) {
        forget(v, i);
    }
}

size_t vault_log_keys(const struct vault *v, const struct vault_sign_key **ret)
{
    *ret = v->log_keys;
    return v->n_log_keys;
}

sy_status vault_log_key_make(struct vault *v, struct sy_error *reterr)
{
    size_t i = v->n_log_keys;
    uint8_t pub[crypto_sign_PUBLICKEYBYTES];
    VAULT_SECRET_CLEANUP struct vault_secret sk = {0};
    if (i == VAULT_LOG_KEYS_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "log", "the log has had as many keys as it can");
    }
    SY_TRY(vault_blame(vault_secret_new(crypto_sign_SECRETKEYBYTES, &sk), "log", reterr));
    (void)crypto_sign_keypair(pub, sk.p);
    SY_TRY(vault_blame(vault_shelf_put(&v->items, secret_name(i).s, vault_secret_view(&sk)), "log",
                       reterr));
    SY_TRY(vault_blame(load_secret(v, i), "log", reterr));
    v->n_log_keys = i + 1;
    return SY_OK;
}

sy_status vault_log_key_erase(struct vault *v, size_t i, struct sy_error *reterr)
{
    if (i >= v->n_log_keys) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "log", "the log has no such key");
    }
    if (v->log_keys[i].secret == NULL) {
        return SY_OK;
    }
    struct sy_view pub = sy_view(v->log_keys[i].pub, sizeof(v->log_keys[i].pub));
    sy_status s = vault_shelf_put(&v->items, public_name(i).s, pub);
    if (sy_ok(s)) {
        s = vault_shelf_erase(&v->items, secret_name(i).s);
    }
    SY_TRY(vault_blame(s, secret_name(i).s, reterr));
    forget(v, i);
    v->domain.log = v->log_keys[0];
    return SY_OK;
}
