/*
 * Keys of a log. Invariants: all have the log's name; a signer's secret is that of its public key, so what
 * is signed verifies; whoever signs is known.
 */
#include "keys.h"

#include <string.h>

/* Its place among the known ones; n_known: it is none. */
static size_t place_of(const struct keys *k, const struct proof_vkey *vkey)
{
    size_t i = 0;
    while (i < k->n_known && memcmp(k->known[i].key, vkey->key, sizeof(vkey->key)) != 0) {
        i++;
    }
    return i;
}

static sy_status check(const struct keys *k, const struct ledger_key *key, struct sy_error *reterr)
{
    const struct proof_vkey *v = &key->vkey;
    if (v->type != PROOF_SIG_ED25519 || (k->n_known > 0 && strcmp(v->name, keys_name(k)) != 0)) {
        return sy_fail(reterr, SY_E_USAGE, "log", "not a key of this log");
    }
    if (key->secret != NULL &&
        memcmp(key->secret + PROOF_SECRET_BYTES - PROOF_KEY_BYTES, v->key, PROOF_KEY_BYTES) != 0) {
        return sy_fail(reterr, SY_E_USAGE, "log", "the signing key is not that of the log");
    }
    return SY_OK;
}

static sy_status learn(struct keys *k, const struct ledger_key *key, struct sy_error *reterr)
{
    SY_TRY(check(k, key, reterr));
    size_t i = place_of(k, &key->vkey);
    if (i == LEDGER_KEYS_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "log", "the log has had as many keys as it can");
    }
    if (i == k->n_known) {
        k->known[k->n_known++] = key->vkey;
    }
    k->live[i] = k->live[i] || key->secret != NULL;
    return SY_OK;
}

sy_status keys_init(struct keys *k, const struct ledger_options *o, struct sy_error *reterr)
{
    *k = (struct keys){0};
    struct ledger_key first = {*o->log, o->secret};
    SY_TRY(learn(k, &first, reterr));
    for (size_t i = 0; i < o->n_others; i++) {
        SY_TRY(learn(k, &o->others[i], reterr));
    }
    return o->secret == NULL ? SY_OK : keys_sign_by(k, &first, 1, reterr);
}

sy_status keys_sign_by(struct keys *k, const struct ledger_key *keys, size_t n_keys,
                       struct sy_error *reterr)
{
    struct keys next = *k;
    if (n_keys < 1 || n_keys > LEDGER_SIGNERS_MAX) {
        return sy_fail(reterr, SY_E_USAGE, "log", "a checkpoint is signed by one or two keys");
    }
    for (size_t i = 0; i < n_keys; i++) {
        if (keys[i].secret == NULL) {
            return sy_fail(reterr, SY_E_USAGE, "log", "a key that was retired signs nothing");
        }
        SY_TRY(learn(&next, &keys[i], reterr));
        next.signers[i] = keys[i];
    }
    next.n_signers = n_keys;
    *k = next;
    return SY_OK;
}

const char *keys_name(const struct keys *k)
{
    return k->known[0].name;
}

static sy_status add_note(const struct keys *k, struct sy_view text, struct sy_buf *b)
{
    SY_TRY(proof_note_sign(text, &k->signers[0].vkey, k->signers[0].secret, b));
    for (size_t i = 1; i < k->n_signers; i++) {
        SY_TRY(proof_note_sign_line(text, &k->signers[i].vkey, k->signers[i].secret, 0, b));
    }
    return SY_OK;
}

sy_status keys_sign(const struct keys *k, struct sy_view text, struct sy_buf *b)
{
    size_t before = b->n;
    if (k->n_signers == 0) {
        return sy_status_of(SY_E_USAGE);
    }
    sy_status s = add_note(k, text, b);
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}

sy_status keys_verify(const struct keys *k, struct sy_view bytes, struct proof_note *ret,
                      struct sy_error *reterr)
{
    return proof_note_verify(bytes, k->known, k->n_known, ret, NULL, reterr);
}

sy_status keys_verify_live(const struct keys *k, struct sy_view bytes, struct proof_note *ret)
{
    struct proof_vkey live[LEDGER_KEYS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < k->n_known; i++) {
        if (k->live[i]) {
            live[n++] = k->known[i];
        }
    }
    return n == 0 ? sy_status_of(SY_E_UNSIGNED)
                  : proof_note_verify(bytes, live, n, ret, NULL, NULL);
}

sy_status keys_checkpoint(const struct keys *k, struct sy_view bytes, struct proof_checkpoint *ret)
{
    return proof_checkpoint_verify_any(bytes, k->known, k->n_known, ret, NULL, NULL);
}
