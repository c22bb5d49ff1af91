/*
 * What: verification: needs only hashes and one public key, and nothing of what the entries mean.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ahead.h"
#include "promotion.h"
#include "proof/leaf.h"

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
    struct proof_frontier tree;
    const struct proof_checkpoint *kept; /* NULL: none */
    struct audit_summary *sum;
};

/* Where the export was as large as the kept tree, was it that tree? */
static sy_status check_kept(const struct verifying *v, struct sy_error *err)
{
    uint8_t root[PROOF_HASH_BYTES];
    if (v->kept == NULL || v->tree.size != v->kept->size) {
        return SY_OK;
    }
    proof_frontier_root(&v->tree, root);
    return memcmp(root, v->kept->root, sizeof(root)) == 0
               ? SY_OK
               : sy_fail(
                     err, SY_E_ROLLBACK, "kept",
                     "the first %" PRIu64
                     " entries are not those of the kept checkpoint: the log shows two histories",
                     v->kept->size);
}

static sy_status take(void *ctx, uint64_t i, const struct ahead_entry *e, struct sy_error *err)
{
    struct verifying *v = ctx;
    struct sy_error why = {0};
    if (!sy_ok(e->s)) {
        return at_entry(err, i, e->s, e->why);
    }
    sy_status s = e->entry.body.n > 0 ? promotion_check(&e->event, &v->tree, &why) : SY_OK;
    if (!sy_ok(s)) {
        return at_entry(err, i, s, &why);
    }
    proof_frontier_add(&v->tree, e->hash);
    v->sum->n_entries++;
    v->sum->n_bodies += e->entry.body.n > 0 ? 1 : 0;
    return check_kept(v, err);
}

static sy_status check_root(const struct audit_export *x, const struct proof_vkey *log,
                            const struct verifying *v, struct sy_error *err)
{
    struct proof_checkpoint signed_tree;
    uint8_t root[PROOF_HASH_BYTES];
    SY_TRY(proof_checkpoint_verify(audit_checkpoint(x), log, &signed_tree, err));
    proof_frontier_root(&v->tree, root);
    if (signed_tree.size != v->tree.size || memcmp(root, signed_tree.root, sizeof(root)) != 0) {
        return sy_fail(err, SY_E_PROOF, "checkpoint",
                       "the %" PRIu64 " exported entries are not the %" PRIu64
                       " that the checkpoint signs",
                       v->tree.size, signed_tree.size);
    }
    return SY_OK;
}

static sy_status verify(const struct audit_export *x, const struct proof_vkey *log,
                        const struct proof_checkpoint *kept, struct audit_summary *ret,
                        struct sy_error *err)
{
    struct verifying v = {.kept = kept, .sum = ret};
    const struct ahead a = {.x = x, .prepare = prepare, .take = take, .ctx = &v};
    *ret = (struct audit_summary){0};
    SY_TRY(check_kept(&v, err)); /* of an empty log */
    SY_TRY(ahead_run(&a, err));
    return check_root(x, log, &v, err);
}

sy_status audit_verify(const struct audit_export *x, const struct proof_vkey *log,
                       struct audit_summary *ret, struct sy_error *reterr)
{
    return verify(x, log, NULL, ret, reterr);
}

sy_status audit_verify_since(const struct audit_export *x, const struct proof_vkey *log,
                             const struct audit_kept *kept, struct audit_summary *ret,
                             struct sy_error *reterr)
{
    struct proof_checkpoint before;
    struct sy_error why = {0};
    *ret = (struct audit_summary){0};
    sy_status s =
        proof_checkpoint_verify_any(kept->note, kept->keys, kept->n_keys, &before, NULL, &why);
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
