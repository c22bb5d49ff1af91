/*
 * What: the two audits. Verification needs only hashes and one public key; replay needs the rules. Both
 * run on the auditor's machine with the auditor's own build.
 */
#include <stdio.h>
#include <string.h>

#include "audit/export.h"
#include "proof/leaf.h"
#include "proof/merkle.h"
#include "rules/decide.h"

static sy_status at_entry(struct sy_error *err, uint64_t i, sy_status s)
{
    return sy_fail(err, s.code, err->field, "entry %llu: %.200s", (unsigned long long)i,
                   err->reason);
}

/* The body opens the leaf's commitment, and is the event that the leaf says it is. */
static sy_status verify_body(const struct sy_log_entry *e, struct sy_arena *arena,
                             struct sy_error *err)
{
    struct sy_event event;
    SY_TRY(proof_leaf_check(e->leaf, e->salt, e->body, err));
    SY_TRY(sy_record_decode(&sy_event_desc, e->body, &SY_MP_LARGE, arena, &event, err));
    return proof_leaf_names(e->leaf, &event, err);
}

static sy_status verify_entry(const struct audit_export *x, uint64_t i, struct proof_frontier *tree,
                              struct audit_summary *sum, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_log_entry e;
    SY_TRY(audit_entry(x, i, &arena, &e, err));
    if (e.body.n > 0) {
        SY_TRY(verify_body(&e, &arena, err));
        sum->n_bodies++;
    }
    uint8_t hash[PROOF_HASH_BYTES];
    proof_merkle_leaf(hash, e.leaf);
    proof_frontier_add(tree, hash);
    sum->n_entries++;
    return SY_OK;
}

sy_status audit_verify(const struct audit_export *x, const struct proof_vkey *log,
                       struct audit_summary *ret, struct sy_error *reterr)
{
    struct proof_frontier tree = {0};
    struct proof_checkpoint signed_tree;
    uint8_t root[PROOF_HASH_BYTES];
    *ret = (struct audit_summary){0};
    for (uint64_t i = 0; i < audit_size(x); i++) {
        sy_status s = verify_entry(x, i, &tree, ret, reterr);
        if (!sy_ok(s)) {
            return at_entry(reterr, i, s);
        }
    }
    SY_TRY(proof_checkpoint_verify(audit_checkpoint(x), log, &signed_tree, reterr));
    proof_frontier_root(&tree, root);
    if (signed_tree.size != ret->n_entries || memcmp(root, signed_tree.root, sizeof(root)) != 0) {
        return sy_fail(reterr, SY_E_PROOF, "checkpoint",
                       "the %llu exported entries are not the %llu that the checkpoint signs",
                       (unsigned long long)ret->n_entries, (unsigned long long)signed_tree.size);
    }
    return SY_OK;
}

/* --- replay ---------------------------------------------------------------------------------------------- */

struct replaying {
    const struct audit_export *x;
    struct rules_state *state;
    audit_mismatch_fn *mismatch;
    void *ctx;
    struct audit_summary *sum;
};

static sy_status replay_entry(struct replaying *r, uint64_t i, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_log_entry e;
    struct sy_event event;
    struct sy_error what = {0};
    SY_TRY(audit_entry(r->x, i, &arena, &e, err));
    r->sum->n_entries++;
    if (e.body.n == 0) {
        return sy_fail(err, SY_E_DENIED, "entries",
                       "entry %llu has no body: replay needs an auditor's or the agency's export",
                       (unsigned long long)i);
    }
    SY_TRY(sy_record_decode(&sy_event_desc, e.body, &SY_MP_LARGE, &arena, &event, err));
    sy_status s = proof_leaf_names(e.leaf, &event, &what);
    s = sy_ok(s) ? rules_replay(r->state, &event, i, &what) : s;
    if (sy_ok(s)) {
        return s;
    }
    r->sum->n_mismatches++;
    if (what.code == 0) {
        sy_fail(&what, s.code, NULL, NULL);
    }
    r->mismatch(r->ctx, i, &event, &what);
    /* go on with what the log claims, so that every further mismatch is named too */
    sy_status applied = rules_apply(r->state, &event, i, err);
    rules_state_set_digest(r->state, event.state);
    return applied;
}

sy_status audit_replay(const struct audit_export *x, audit_mismatch_fn *mismatch, void *ctx,
                       struct audit_summary *ret, struct sy_error *reterr)
{
    RULES_STATE_CLEANUP struct rules_state *state = rules_state_new();
    struct replaying r = {x, state, mismatch, ctx, ret};
    *ret = (struct audit_summary){0};
    if (state == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (uint64_t i = 0; i < audit_size(x); i++) {
        SY_TRY(replay_entry(&r, i, reterr));
    }
    return ret->n_mismatches == 0
               ? SY_OK
               : sy_fail(reterr, SY_E_TAMPERED, NULL, "%llu of %llu entries do not replay",
                         (unsigned long long)ret->n_mismatches, (unsigned long long)ret->n_entries);
}
