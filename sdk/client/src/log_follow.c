/*
 * What: from the log key that a profile pins to the one that signs today, hand-over by hand-over
 * (proof/handover.h). Invariants: nothing of the domain's answer is believed that the key pinned so far and
 * the agency have not signed; nothing that was remembered of a closed log is left behind without having been found in it;
 * pins change as a whole, durably, or not at all.
 */
#include "client/log_follow.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "client/call.h"
#include "client/log_check.h"
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
    SY_TRY(proof_handover_order(&event, genesis, from, arena, &ret->to, err));
    return proof_handover_place(&event, ret->receipt.index, &ret->receipt.path, arena, err);
}

/* Is the order in the log under a checkpoint of both keys? SY_E_UNSIGNED: not a hand-over from this key. */
static sy_status check_handover(const struct handover *h, const struct proof_vkey *from,
                                struct proof_tree *ret, struct sy_error *err)
{
    struct proof_checkpoint c;
    uint8_t leaf[PROOF_HASH_BYTES];
    const struct proof_receipt *r = &h->receipt;
    SY_TRY(proof_handover_checkpoint(r->checkpoint, from, &h->to, r->index, &c, err));
    proof_merkle_leaf(leaf, h->proof->leaf);
    *ret = (struct proof_tree){.size = c.size};
    memcpy(ret->root, c.root, sizeof(c.root));
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

/* The log of this key was closed: what it was is kept, and what is counted of entries goes on behind its last one. */
static sy_status cross(struct client_pins *pins, const struct proof_vkey *key,
                       const struct proof_tree *tree, struct sy_error *err)
{
    struct client_closed closed = {.key = *key, .tree = *tree};
    if (!client_log_base(pins, &closed.base)) {
        return sy_fail(err, SY_E_PROOF, "log.keys",
                       "it is not known which log of the domain it is");
    }
    SY_TRY(client_closed_add(pins, &closed));
    client_log_base_set(pins, closed.base + tree->size);
    return SY_OK;
}

/* One hand-over, if it is one from *key. Those of other keys are passed over. */
static sy_status step(const struct sy_entry_proof *proof, struct sy_view genesis,
                      struct client_pins *pins, struct sy_arena *arena, struct proof_vkey *key,
                      bool *ret_followed, struct sy_error *err)
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
    struct proof_tree tree;
    s = check_handover(&h, key, &tree, err);
    if (s.code == SY_E_UNSIGNED) {
        return SY_OK;
    }
    SY_TRY(s);
    if (strcmp(key->name, h.to.name) != 0) {
        SY_TRY(cross(pins, key, &tree, err));
    }
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

/* --- the past ---------------------------------------------------------------------------------- */

static bool same_key(const struct proof_vkey *a, const struct proof_vkey *b)
{
    return strcmp(a->name, b->name) == 0 && memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

/* From the key of the genesis record on, which the domain's id pins: *past ends at the pinned key, or where
 * nothing leads on. */
static sy_status follow_from_genesis(const struct sy_log_keys *keys, struct sy_arena *arena,
                                     const struct proof_vkey *pinned, struct client_pins *past,
                                     struct proof_vkey *key, struct sy_error *err)
{
    struct sy_genesis g;
    SY_TRY(sy_record_decode(&sy_genesis_desc, keys->genesis, &SY_MP_REQUEST, arena, &g, err));
    SY_TRY(proof_vkey_parse(g.log, key, err));
    sy_view_to_cstr(g.log, past->log, sizeof(past->log));
    past->log_was[0] = past->log_base[0] = past->log_closed[0] = '\0';
    for (size_t i = 0; i < keys->n_proofs && !same_key(key, pinned); i++) {
        bool followed = false;
        SY_TRY(step(&keys->proofs[i], keys->genesis, past, arena, key, &followed, err));
        if (followed) {
            SY_TRY(trust(past, key));
        }
    }
    return SY_OK;
}

/*
 * A profile that was invited at a later key knows none before it: so what those signed would be nobody's, and,
 * what is worse, an order that once led to one of them would lead back to it. Learn them, or believe no hand-over.
 */
static sy_status learn_past(const struct sy_log_keys *keys, struct sy_arena *arena,
                            const struct proof_vkey *pinned, struct client_pins *pins,
                            struct sy_error *err)
{
    struct client_pins past = *pins;
    struct proof_vkey key;
    struct sy_error why = {0};
    sy_status s = follow_from_genesis(keys, arena, pinned, &past, &key, &why);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, why.field, "%s", why.reason);
    }
    if (!same_key(&key, pinned)) {
        return sy_fail(err, SY_E_PROOF, "log.keys",
                       "the domain does not show how its log came to the pinned key");
    }
    memcpy(pins->log_was, past.log_was, sizeof(pins->log_was));
    memcpy(pins->log_base, past.log_base, sizeof(pins->log_base));
    memcpy(pins->log_closed, past.log_closed, sizeof(pins->log_closed));
    return SY_OK;
}

/* No key before the pinned one is known, or not which log it is of, or not what the logs before it were. */
static bool lacks_past(const struct client_pins *pins)
{
    uint64_t base = 0;
    bool known = client_log_base(pins, &base);
    return pins->log_was[0] == '\0' || !known || (base > 0 && pins->log_closed[0] == '\0');
}

static bool same_past(const struct client_pins *a, const struct client_pins *b)
{
    return strcmp(a->log_was, b->log_was) == 0 && strcmp(a->log_base, b->log_base) == 0 &&
           strcmp(a->log_closed, b->log_closed) == 0;
}

/* --- what is remembered of closed logs ------------------------------------------------------------ */

/* The closed log's last checkpoint, as it came with the close. */
static struct sy_view closing_note(const struct sy_log_keys *keys,
                                   const struct client_closed *closed)
{
    for (size_t i = 0; i < keys->n_proofs; i++) {
        struct proof_receipt r;
        struct proof_checkpoint c;
        if (sy_ok(proof_receipt_parse(keys->proofs[i].receipt, &r, NULL)) &&
            sy_ok(proof_checkpoint_verify(r.checkpoint, &closed->key, &c, NULL)) &&
            c.size == closed->tree.size && memcmp(c.root, closed->tree.root, sizeof(c.root)) == 0) {
            return r.checkpoint;
        }
    }
    return (struct sy_view){0};
}

/* Each of them was what is remembered of it, and its last checkpoint is remembered from here on: of what is never
 * shown again, because the pins come after this, it is the whole. */
static sy_status settle_closed(const struct shuyu_profile *p, const struct client_pins *next,
                               const struct sy_log_keys *keys, const struct client_growth *from,
                               struct sy_error *err)
{
    struct client_closed closed;
    for (const char *at = next->log_closed; client_closed_next(&at, &closed);) {
        bool known = false;
        SY_TRY(client_closed_check(p, next, &closed, from, &known, err));
        struct sy_view note = closing_note(keys, &closed);
        if (!known && note.n > 0) {
            SY_TRY(client_closed_keep(p, next, &closed, note, err));
        }
    }
    return SY_OK;
}

/* --- asking ----------------------------------------------------------------------------------- */

sy_status client_log_follow(struct shuyu_profile *p, struct sy_view result,
                            const struct client_growth *from, size_t *ret_n, struct sy_error *err)
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
    if (lacks_past(&next)) {
        SY_TRY(learn_past(&keys, &arena, &key, &next, err));
    }
    SY_TRY(follow(&keys, &arena, &key, &next, ret_n, err));
    SY_TRY(settle_closed(p, &next, &keys, from, err));
    return *ret_n > 0 || !same_past(&next, &p->pins) ? client_profile_set(p, &next, true, err)
                                                     : SY_OK;
}

static sy_status ask_growth(void *ctx, struct sy_view log, uint64_t since, struct sy_arena *arena,
                            struct sy_view *ret, struct sy_error *err)
{
    shuyu_session *s = ctx;
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(1024);
    const struct sy_log_since of = {.log = log, .since = since};
    struct client_call *c = NULL;
    shuyu_reply *reply = NULL;
    SY_TRY(sy_record_encode(&sy_log_since_desc, &of, &args));
    const shuyu_request request = {.method = "log.growth", .args = {args.p, args.n}};
    SY_TRY(client_call_new(s->profile, &request, sy_now_s(), &c, err));
    sy_status st = client_call_through(s, c, -1, &reply, err);
    if (sy_ok(st)) {
        *ret = sy_arena_copy(arena, client_view(shuyu_reply_result(reply)));
        st = ret->p != NULL ? st : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    shuyu_reply_free(reply);
    client_call_free(c);
    return st;
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
    const struct client_growth from = {.ctx = s, .ask = ask_growth};
    sy_status st = client_log_follow(s->profile, sy_view(result.data, result.n), &from, &n, &err);
    shuyu_reply_free(reply);
    if (sy_ok(st) && ret_n != NULL) {
        *ret_n = n;
    }
    return client_give(st, &err, reterr);
}
