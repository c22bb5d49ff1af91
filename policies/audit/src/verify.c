/*
 * What: verification: needs only hashes and one public key, and nothing of what the entries mean.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ahead.h"
#include "chain.h"
#include "proof/leaf.h"

enum { KEPT_KEYS_MAX = 16 };

static sy_status at_entry(struct sy_error *err, uint64_t i, sy_status s, const struct sy_error *why)
{
    const struct sy_error e = *why; /* it may be *err */
    return sy_fail(err, s.code, e.field, "entry %" PRIu64 ": %.200s", i, e.reason);
}

/* The body opens the leaf's commitment, and is the event that the leaf says it is. */
static sy_status verify_body(struct ahead_entry *e, struct sy_arena *arena, struct sy_error *err)
{
    SY_TRY(proof_leaf_check(e->entry.leaf, e->entry.salt, e->entry.body, err));
    SY_TRY(sy_record_decode(&sy_event_desc, e->entry.body, &SY_MP_LARGE, arena, &e->event, err));
    return proof_leaf_names(e->entry.leaf, &e->event, err);
}

static sy_status prepare(const struct audit_export *x, uint64_t i, const void *how,
                         struct sy_arena *arena, struct ahead_entry *ret, struct sy_error *err)
{
    (void)how;
    SY_TRY(audit_entry(x, i, arena, &ret->entry, err));
    proof_merkle_leaf(ret->hash, ret->entry.leaf);
    return ret->entry.body.n > 0 ? verify_body(ret, arena, err) : SY_OK;
}

struct verifying {
    struct chain chain;
    const struct proof_checkpoint *kept; /* NULL: none */
    uint8_t at_kept[PROOF_HASH_BYTES];   /* root of the log at hand when it had that size */
    bool met;                            /* the kept checkpoint is of a log that was gone through */
    struct audit_summary *sum;
};

static void note_kept(struct verifying *v)
{
    if (v->kept != NULL && v->chain.tree.size == v->kept->size) {
        proof_frontier_root(&v->chain.tree, v->at_kept);
    }
}

/* The log of this name has ended. Where it was as large as the kept tree, was it that tree? */
static sy_status check_kept(struct verifying *v, const char *name, struct sy_error *err)
{
    if (v->kept == NULL || !sy_view_is(v->kept->origin, name)) {
        return SY_OK;
    }
    v->met = true;
    if (v->chain.tree.size < v->kept->size) {
        return sy_fail(err, SY_E_ROLLBACK, "kept",
                       "the log had %" PRIu64
                       " entries when the checkpoint was kept, and shows %" PRIu64 " now",
                       v->kept->size, v->chain.tree.size);
    }
    return memcmp(v->at_kept, v->kept->root, sizeof(v->at_kept)) == 0
               ? SY_OK
               : sy_fail(
                     err, SY_E_ROLLBACK, "kept",
                     "the first %" PRIu64
                     " entries are not those of the kept checkpoint: the log shows two histories",
                     v->kept->size);
}

static sy_status on_ended(void *ctx, const struct chain *c, struct sy_error *err)
{
    return check_kept(ctx, c->name, err);
}

static sy_status take(void *ctx, uint64_t i, struct ahead_entry *e, struct sy_arena *arena,
                      struct sy_error *err)
{
    struct verifying *v = ctx;
    (void)arena;
    struct sy_error why = {0};
    if (!sy_ok(e->s)) {
        return at_entry(err, i, e->s, e->why);
    }
    sy_status s = chain_take(&v->chain, i, e->entry.leaf, e->entry.body.n > 0 ? &e->event : NULL,
                             e->hash, &why);
    if (!sy_ok(s)) {
        return at_entry(err, i, s, &why);
    }
    note_kept(v);
    v->sum->n_entries++;
    v->sum->n_bodies += e->entry.body.n > 0 ? 1 : 0;
    return SY_OK;
}

static sy_status check_root(const struct audit_export *x, const struct proof_vkey *log,
                            const struct verifying *v, struct sy_error *err)
{
    struct proof_checkpoint signed_tree;
    uint8_t root[PROOF_HASH_BYTES];
    SY_TRY(proof_checkpoint_verify(audit_checkpoint(x), log, &signed_tree, err));
    SY_TRY(chain_is_of(&v->chain, log, err));
    proof_frontier_root(&v->chain.tree, root);
    if (signed_tree.size != v->chain.tree.size ||
        memcmp(root, signed_tree.root, sizeof(root)) != 0) {
        return sy_fail(err, SY_E_PROOF, "checkpoint",
                       "the %" PRIu64 " exported entries are not the %" PRIu64
                       " that the checkpoint signs",
                       v->chain.tree.size, signed_tree.size);
    }
    return SY_OK;
}

static sy_status verify(const struct audit_export *x, const struct proof_vkey *log,
                        const struct proof_checkpoint *kept, struct audit_summary *ret,
                        struct sy_error *err)
{
    struct verifying v = {.kept = kept, .sum = ret};
    v.chain.ended = on_ended;
    v.chain.ctx = &v;
    const struct ahead a = {.x = x, .prepare = prepare, .take = take, .ctx = &v};
    *ret = (struct audit_summary){0};
    note_kept(&v); /* of an empty log */
    SY_TRY(ahead_run(&a, err));
    SY_TRY(check_root(x, log, &v, err));
    SY_TRY(check_kept(&v, log->name, err));
    return kept == NULL || v.met
               ? SY_OK
               : sy_fail(err, SY_E_ROLLBACK, "kept",
                         "the kept checkpoint is of a log that this one never was");
}

sy_status audit_verify(const struct audit_export *x, const struct proof_vkey *log,
                       struct audit_summary *ret, struct sy_error *reterr)
{
    return verify(x, log, NULL, ret, reterr);
}

/* The keys may be of several logs: those of one name at a time. */
static sy_status open_kept(const struct audit_kept *kept, struct proof_checkpoint *ret,
                           struct sy_error *err)
{
    sy_status s = sy_fail(err, SY_E_USAGE, "keys", "no key is given");
    for (size_t i = 0; i < kept->n_keys; i++) {
        struct proof_vkey of_one[KEPT_KEYS_MAX];
        size_t n = 0;
        for (size_t k = 0; k < kept->n_keys && n < KEPT_KEYS_MAX; k++) {
            if (strcmp(kept->keys[k].name, kept->keys[i].name) == 0) {
                of_one[n++] = kept->keys[k];
            }
        }
        s = proof_checkpoint_verify_any(kept->note, of_one, n, ret, NULL, err);
        if (s.code != SY_E_UNSIGNED) {
            return s;
        }
    }
    return s;
}

sy_status audit_verify_since(const struct audit_export *x, const struct proof_vkey *log,
                             const struct audit_kept *kept, struct audit_summary *ret,
                             struct sy_error *reterr)
{
    struct proof_checkpoint before;
    struct sy_error why = {0};
    *ret = (struct audit_summary){0};
    sy_status s = open_kept(kept, &before, &why);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "kept", "the kept checkpoint: %.200s", why.reason);
    }
    if (before.size > audit_size(x)) {
        return sy_fail(reterr, SY_E_ROLLBACK, "kept",
                       "the log had %" PRIu64
                       " entries when the checkpoint was kept, and shows %" PRIu64 " now",
                       before.size, audit_size(x));
    }
    return verify(x, log, &before, ret, reterr);
}
