/*
 * From a key that is trusted to the one that signed an export. Invariant: a key is taken on only when the key
 * before it signed the root of the very entries that are in this export up to there.
 */
#include "audit/log_key.h"

#include <string.h>

#include "proof/handover.h"
#include "proof/leaf.h"
#include "proof/merkle.h"

struct walk {
    const struct audit_export *x;
    struct proof_vkey key; /* trusted so far */
    uint64_t ordered;      /* entry of the agency's last order of an overlap; UINT64_MAX = none */
    uint64_t base;         /* first entry of the log at hand */
    uint64_t closed;       /* entry of a close; UINT64_MAX = none since */
};

/* The event of an entry whose body is there and opens its leaf; false: it is not there. */
static sy_status open_event(const struct audit_export *x, uint64_t i, struct sy_arena *arena,
                            bool *ret_there, struct sy_event *ret, struct sy_error *err)
{
    struct sy_log_entry e;
    SY_TRY(audit_entry(x, i, arena, &e, err));
    *ret_there = e.body.n > 0;
    if (!*ret_there) {
        return SY_OK;
    }
    SY_TRY(proof_leaf_check(e.leaf, e.salt, e.body, err));
    SY_TRY(sy_record_decode(&sy_event_desc, e.body, &SY_MP_LARGE, arena, ret, err));
    return proof_leaf_names(e.leaf, ret, err);
}

/* The root of the log's first n entries, from `base` on, is what the checkpoint states. */
static sy_status check_root(const struct audit_export *x, uint64_t base,
                            const struct proof_checkpoint *c, struct sy_error *err)
{
    struct proof_frontier f = {0};
    uint8_t hash[PROOF_HASH_BYTES];
    if (c->size > audit_size(x) - base) {
        return sy_fail(err, SY_E_PROOF, "checkpoint", "a hand-over lies beyond the export");
    }
    for (uint64_t i = 0; i < c->size; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_log_entry e;
        SY_TRY(audit_entry(x, base + i, &arena, &e, err));
        proof_merkle_leaf(hash, e.leaf);
        proof_frontier_add(&f, hash);
    }
    proof_frontier_root(&f, hash);
    return memcmp(hash, c->root, sizeof(hash)) == 0
               ? SY_OK
               : sy_fail(err, SY_E_PROOF, "checkpoint",
                         "the checkpoint of a hand-over is of other entries");
}

/* Genesis, as the order must agree with it. */
static sy_status read_genesis(const struct audit_export *x, struct sy_arena *arena,
                              struct sy_view *ret, struct sy_error *err)
{
    struct sy_event event;
    bool there = false;
    SY_TRY(open_event(x, 0, arena, &there, &event, err));
    if (!there) {
        return sy_fail(err, SY_E_DENIED, "entries", "the body of entry 0 is not in this export");
    }
    *ret = event.request.args;
    return SY_OK;
}

/* A hand-over ordered by entry `order`, proved by the checkpoint in a later one: if it is of the trusted key, go on to
 * the key that the order names. */
static sy_status take_over(struct walk *w, uint64_t order, struct sy_view checkpoint,
                           struct sy_arena *arena, struct sy_error *err)
{
    struct sy_event ordered;
    struct proof_vkey to;
    struct proof_checkpoint c;
    struct sy_view genesis;
    struct sy_error why = {0};
    bool there = false;
    if (order == UINT64_MAX) {
        return sy_fail(err, SY_E_PROOF, "entries", "a key was retired that no order replaces");
    }
    SY_TRY(read_genesis(w->x, arena, &genesis, err));
    SY_TRY(open_event(w->x, order, arena, &there, &ordered, err));
    if (!there) {
        return sy_fail(err, SY_E_DENIED, "entries", "the body of an order is not in this export");
    }
    sy_status s = proof_handover_order(&ordered, genesis, &w->key, arena, &to, &why);
    if (s.code == SY_E_FIELD && strcmp(why.field, "log") == 0) {
        return SY_OK; /* the hand-over that led to this very key, which has signed there too */
    }
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, why.field, "%s", why.reason);
    }
    SY_TRY(proof_handover_checkpoint(checkpoint, &w->key, &to, order - w->base, &c, err));
    SY_TRY(check_root(w->x, w->base, &c, err));
    w->key = to;
    return SY_OK;
}

/* The next log begins: from the closed one's last key to its first, if the last one is trusted. */
static sy_status take_log(struct walk *w, uint64_t i, const struct sy_event *event,
                          struct sy_arena *arena, struct sy_error *err)
{
    struct sy_log_open a;
    struct proof_vkey last;
    SY_TRY(
        sy_record_decode(&sy_log_open_desc, event->request.args, &SY_MP_REQUEST, arena, &a, err));
    SY_TRY(proof_vkey_parse(a.log, &last, err));
    if (strcmp(last.name, w->key.name) == 0 &&
        memcmp(last.key, w->key.key, sizeof(last.key)) == 0) {
        SY_TRY(take_over(w, w->closed, a.checkpoint, arena, err));
    }
    w->base = i;
    w->ordered = w->closed = UINT64_MAX;
    return SY_OK;
}

/* What of the log's keys an entry says: an order of an overlap, or a retirement by the trusted key. */
static sy_status take_entry(struct walk *w, uint64_t i, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_event event;
    struct sy_log_rotate args;
    struct proof_note_match match;
    struct proof_checkpoint c;
    bool there = false;
    SY_TRY(open_event(w->x, i, &arena, &there, &event, err));
    if (!there || event.verdict.code != 0) {
        return SY_OK;
    }
    if (sy_view_is(event.type, "open")) {
        return take_log(w, i, &event, &arena, err);
    }
    w->closed = sy_view_is(event.type, "close") ? i : w->closed;
    if (!sy_view_is(event.type, "log")) {
        return SY_OK;
    }
    SY_TRY(sy_record_decode(&sy_log_rotate_desc, event.request.args, &SY_MP_REQUEST, &arena, &args,
                            err));
    if (sy_view_is(args.stage, "overlap")) {
        w->ordered = i; /* the operator's first, then the agency's: the last one counts */
    }
    bool retires =
        event.inputs.checkpoint.n > 0 &&
        sy_ok(proof_checkpoint_verify_any(event.inputs.checkpoint, &w->key, 1, &c, &match, NULL));
    return retires ? take_over(w, w->ordered, event.inputs.checkpoint, &arena, err) : SY_OK;
}

sy_status audit_log_key(const struct audit_export *x, struct proof_vkey *key,
                        struct sy_error *reterr)
{
    struct walk w = {.x = x, .key = *key, .ordered = UINT64_MAX, .closed = UINT64_MAX};
    struct proof_checkpoint c;
    sy_status s = proof_checkpoint_verify(audit_checkpoint(x), key, &c, NULL);
    if (s.code != SY_E_UNSIGNED) {
        return SY_OK; /* it is for audit_verify to say what is wrong with it */
    }
    for (uint64_t i = 0; i < audit_size(x); i++) {
        SY_TRY(take_entry(&w, i, reterr));
    }
    *key = w.key;
    return SY_OK;
}
