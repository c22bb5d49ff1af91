/*
 * What: a snapshot by replay. Invariant: what is written is the fold of entries that this program decided as
 * the log says they were decided; the first that differs ends it.
 */
#include "audit/snapshot.h"

#include "audit/record.h"
#include "chain.h"
#include "proof/merkle.h"
#include "rules/decide.h"

struct folding {
    const struct audit_export *x;
    struct rules_state *state;
    struct chain chain;
};

static sy_status fold_entry(struct folding *f, uint64_t i, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_record r;
    uint8_t hash[PROOF_HASH_BYTES];
    SY_TRY(audit_record_read(f->x, i, &arena, &r, err));
    if (!r.open) {
        return sy_fail(err, SY_E_DENIED, "entries",
                       "entry %llu has no body: this needs an auditor's or the agency's export",
                       (unsigned long long)i);
    }
    audit_record_hash(&r, hash);
    SY_TRY(chain_take(&f->chain, i, r.entry.leaf, &r.event, hash, err));
    struct sy_error what = {0};
    sy_status s = rules_replay(f->state, &r.event, i, &what);
    return sy_ok(s) ? s
                    : sy_fail(err, s.code, what.field, "entry %llu does not replay: %.150s",
                              (unsigned long long)i, what.reason);
}

/* The rows on their way out, hashed. */
struct passing {
    rules_snapshot_sink sink;
    void *ctx;
    struct proof_hasher *hasher;
};

static sy_status pass_on(void *ctx, struct sy_view bytes)
{
    struct passing *p = ctx;
    proof_hasher_add(p->hasher, bytes);
    return p->sink(p->ctx, bytes);
}

static sy_status write_rows(const struct rules_state *state, rules_snapshot_sink sink, void *ctx,
                            uint8_t ret[PROOF_HASH_BYTES])
{
    struct passing p = {sink, ctx, proof_hasher_new()};
    sy_status s = rules_snapshot_write(state, pass_on, &p);
    proof_hasher_end(p.hasher, ret);
    return s;
}

sy_status audit_snapshot(const struct audit_export *x, uint64_t size, rules_snapshot_sink sink,
                         void *ctx, struct proof_snapshot *ret, struct sy_error *reterr)
{
    RULES_STATE_CLEANUP struct rules_state *state = rules_state_new();
    struct folding f = {.x = x, .state = state};
    struct proof_snapshot snap = {.size = size};
    if (state == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (uint64_t i = 0; i < size; i++) {
        SY_TRY(fold_entry(&f, i, reterr));
    }
    snap.size = f.chain.tree.size; /* of the log that it ends in */
    proof_frontier_root(&f.chain.tree, snap.root);
    memcpy(snap.state, rules_state_digest(state), sizeof(snap.state));
    sy_status s = write_rows(state, sink, ctx, snap.rows);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "rows", "the rows cannot be written");
    }
    *ret = snap;
    return SY_OK;
}
