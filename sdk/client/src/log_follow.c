/*
 * What: from the log key that a profile pins to the one that signs today, hand-over by hand-over
 * (proof/handover.h). Invariants: nothing of the domain's answer is believed that the key pinned so far and
 * the agency have not signed; pins change as a whole, durably, or not at all.
 */
#include "client/log_follow.h"

#include <stdio.h>
#include <string.h>

#include "client/session.h"
#include "proof/handover.h"
#include "proof/ids.h"
#include "proof/leaf.h"
#include "proof/receipt.h"

/* One hand-over as it came, and what it leads to. */
struct handover {
    const struct sy_entry_proof *proof;
    struct proof_receipt receipt;
    struct proof_vkey to;
};

static sy_status open_handover(const struct sy_entry_proof *proof, struct sy_view genesis,
                               const struct proof_vkey *from, struct sy_arena *arena,
                               struct handover *ret, struct sy_error *err)
{
    struct sy_event event;
    ret->proof = proof;
    SY_TRY(proof_receipt_parse(proof->receipt, &ret->receipt, err));
    SY_TRY(proof_leaf_check(proof->leaf, proof->salt, proof->body, err));
    SY_TRY(sy_record_decode(&sy_event_desc, proof->body, &SY_MP_LARGE, arena, &event, err));
    SY_TRY(proof_leaf_names(proof->leaf, &event, err));
    return proof_handover_order(&event, genesis, from, arena, &ret->to, err);
}

/* Is the order in the log under a checkpoint of both keys? SY_E_UNSIGNED: not a hand-over from this key. */
static sy_status check_handover(const struct handover *h, const struct proof_vkey *from,
                                struct sy_error *err)
{
    struct proof_checkpoint c;
    uint8_t leaf[PROOF_HASH_BYTES];
    const struct proof_receipt *r = &h->receipt;
    SY_TRY(proof_handover_checkpoint(r->checkpoint, from, &h->to, r->index, &c, err));
    proof_merkle_leaf(leaf, h->proof->leaf);
    return sy_ok(proof_merkle_check_inclusion(r->index, c.size, leaf, &r->path, c.root))
               ? SY_OK
               : sy_fail(err, SY_E_PROOF, "log.keys", "the order is not in the log");
}

/* --- pins ------------------------------------------------------------------------------------- */

/* The keys before `log`, the newest first; the oldest are forgotten when there is no room. */
static void remember(struct client_pins *pins)
{
    char was[sizeof(pins->log_was)];
    const char *space = pins->log_was[0] != '\0' ? " " : "";
    int n = snprintf(was, sizeof(was), "%s%s%s", pins->log, space, pins->log_was);
    if (n < 0 || (size_t)n >= sizeof(was)) {
        char *last = strrchr(was, ' ');
        if (last != NULL) {
            *last = '\0';
        }
    }
    memcpy(pins->log_was, was, sizeof(was));
}

static sy_status trust(struct client_pins *pins, const struct proof_vkey *key)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(CLIENT_VKEY_MAX - 1);
    SY_TRY(proof_vkey_format(key, &text));
    remember(pins);
    sy_view_to_cstr(sy_buf_view(&text), pins->log, sizeof(pins->log));
    return SY_OK;
}

/* Was it pinned before? In an overlap the old key signs too, so the order that once led to it would lead back. */
static bool is_past(const struct client_pins *pins, const struct proof_vkey *key)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(CLIENT_VKEY_MAX);
    bool good = sy_ok(proof_vkey_format(key, &text)) && sy_ok(sy_buf_add(&text, "", 1));
    return !good || strstr(pins->log_was, (const char *)text.p) != NULL;
}

/* One hand-over, if it is one from *key. Those of other keys are passed over. */
static sy_status step(const struct sy_entry_proof *proof, struct sy_view genesis,
                      const struct client_pins *pins, struct sy_arena *arena,
                      struct proof_vkey *key, bool *ret_followed, struct sy_error *err)
{
    struct handover h;
    *ret_followed = false;
    sy_status s = open_handover(proof, genesis, key, arena, &h, err);
    if (s.code == SY_E_FIELD && strcmp(err->field, "log") == 0) {
        return SY_OK; /* the one that led to this very key */
    }
    SY_TRY(s);
    if (is_past(pins, &h.to)) {
        return SY_OK;
    }
    s = check_handover(&h, key, err);
    if (s.code == SY_E_UNSIGNED) {
        return SY_OK;
    }
    SY_TRY(s);
    *key = h.to;
    *ret_followed = true;
    return SY_OK;
}

/* All of them, oldest first. */
static sy_status follow(const struct sy_log_keys *keys, struct sy_arena *arena,
                        struct proof_vkey *key, struct client_pins *pins, size_t *ret_n,
                        struct sy_error *err)
{
    for (size_t i = 0; i < keys->n_proofs; i++) {
        struct sy_error why = {0};
        bool followed = false;
        sy_status s = step(&keys->proofs[i], keys->genesis, pins, arena, key, &followed, &why);
        if (!sy_ok(s)) {
            return sy_fail(err, s.code, why.field, "%s", why.reason);
        }
        if (followed) {
            SY_TRY(trust(pins, key));
            (*ret_n)++;
        }
    }
    return SY_OK;
}

/* --- asking ----------------------------------------------------------------------------------- */

sy_status client_log_follow(struct shuyu_profile *p, struct sy_view result, size_t *ret_n,
                            struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_log_keys keys;
    struct proof_vkey key = p->log_key;
    struct client_pins next = p->pins;
    uint8_t domain[PROOF_HASH_BYTES];
    *ret_n = 0;
    SY_TRY(sy_record_decode(&sy_log_keys_desc, result, &SY_MP_LARGE, &arena, &keys, err));
    proof_domain_id(domain, keys.genesis);
    if (memcmp(domain, p->pins.domain, sizeof(domain)) != 0) {
        return sy_fail(err, SY_E_DIGEST, "genesis", "not the genesis of the pinned domain");
    }
    SY_TRY(follow(&keys, &arena, &key, &next, ret_n, err));
    return *ret_n > 0 ? client_profile_set(p, &next, true, err) : SY_OK;
}

shuyu_status shuyu_log_follow(shuyu_session *s, size_t *ret_n, shuyu_error *reterr)
{
    struct sy_error err = {0};
    shuyu_reply *reply = NULL;
    const shuyu_request request = {.method = "log.keys"};
    size_t n = 0;
    shuyu_status called = shuyu_call(s, &request, &reply, reterr);
    if (called != SHUYU_OK) {
        shuyu_reply_free(reply);
        return called;
    }
    shuyu_bytes result = shuyu_reply_result(reply);
    sy_status st = client_log_follow(s->profile, sy_view(result.data, result.n), &n, &err);
    shuyu_reply_free(reply);
    if (sy_ok(st) && ret_n != NULL) {
        *ret_n = n;
    }
    return client_give(st, &err, reterr);
}
