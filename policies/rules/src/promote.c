/*
 * domain.promote: from this entry on, the folder with another seat leads the domain, in a new epoch of the
 * noise. Agency and operator sign it together, as they signed genesis: neither the one who runs the
 * machines nor the one who supervises them moves a domain alone. The request names how far the log had
 * come, size and root, so that what is promoted is one history and no other; the rules know the size, the
 * root is for who can see the tree (warden, auditor).
 *
 * What a standby never had are the custodians' shares: a grant that needs one waits for it, as after a
 * suspension, and keeps everything else: what it spent, its pseudonyms, its term.
 *
 * Invariants: epochs count up by one; a seat never follows itself; a promotion changes no budget.
 * Source: DESIGN sections 2 and 3; tests/model/README.md.
 */
#include "method.h"
#include "proof/envelope.h"
#include "rules/epoch.h"

enum { TEXT_MAX = 2000 };

sy_status rules_epoch_read(const struct rules_state *s, struct rules_epoch *ret,
                           struct sy_error *reterr)
{
    struct sy_view key = sy_view_str("epoch"), value;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_row_epoch row;
    *ret = (struct rules_epoch){.number = 1};
    if (!rules_state_get(s, key, &value)) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(s, key, &sy_row_epoch_desc, &arena, &row, reterr));
    ret->number = row.number;
    ret->entry = row.entry;
    memcpy(ret->seat, row.seat, sizeof(ret->seat));
    return SY_OK;
}

/* Genesis names who the operator is; the row has the key. */
sy_status operator_signed(struct ask *c)
{
    struct sy_genesis g;
    struct sy_party operator_;
    SY_TRY(genesis_read(c->state, c->arena, &g, c->err));
    SY_TRY(party_active(c->state, g.operator_.party, c->arena, &operator_, c->err));
    return proof_verify_request(c->req->header_bytes, &c->req->header, c->req->sigs, c->req->n_sigs,
                                operator_.sign, c->err);
}

/* The log that is gone on from ends where this state does. */
static sy_status size_check(struct ask *c, uint64_t size)
{
    struct sy_row_clock row;
    SY_TRY(rules_state_read(c->state, sy_view_str("clock"), &sy_row_clock_desc, c->arena, &row,
                            c->err));
    if (size != row.entry + 1) {
        return sy_fail(c->err, SY_E_STATE, "size", "the log has %llu entries",
                       (unsigned long long)row.entry + 1);
    }
    return SY_OK;
}

sy_status decide_promote(struct ask *c)
{
    const struct sy_promote *a = c->args;
    struct rules_epoch e;
    SY_TRY(operator_signed(c));
    if (a->text.n > 0 && !is_text(a->text, TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "text", "at most %d bytes of text", TEXT_MAX);
    }
    SY_TRY(rules_epoch_read(c->state, &e, c->err));
    if (a->epoch != e.number + 1) {
        return sy_fail(c->err, SY_E_STATE, "epoch", "the next epoch is %llu",
                       (unsigned long long)e.number + 1);
    }
    if (is_zero32(a->seat) || memcmp(a->seat, e.seat, 32) == 0) {
        return sy_fail(c->err, SY_E_STATE, "seat", "another folder's than the one that leads");
    }
    return size_check(c, a->size);
}

/* A grant in force whose datasets have custodians: their shares lie with the old leader, if anywhere. */
static sy_status await_deposit(struct change *x, struct sy_view key, bool *ret_waits,
                               struct sy_row_grant *ret)
{
    struct sy_proposal p;
    struct sy_view *spaces;
    size_t n = 0;
    SY_TRY(rules_state_read(x->state, key, &sy_row_grant_desc, x->arena, ret, x->err));
    *ret_waits = sy_view_is(ret->status, "active");
    if (!*ret_waits) {
        return SY_OK;
    }
    SY_TRY(
        sy_record_decode(&sy_proposal_desc, ret->proposal, &SY_MP_REQUEST, x->arena, &p, x->err));
    SY_TRY(proposal_spaces(x->state, &p, x->arena, &spaces, &n, x->err));
    *ret_waits = n > 0;
    ret->status = sy_view_str("awaiting");
    return SY_OK;
}

static sy_status await_deposits(struct change *x)
{
    struct sy_view prefix = sy_view_str("grant/"), key = {0}, value;
    while (rules_state_next(x->state, prefix, key, &key, &value)) {
        struct sy_row_grant g;
        bool waits = false;
        struct rules_key at = rules_key_id("", key);
        SY_TRY(await_deposit(x, key, &waits, &g));
        if (waits) {
            SY_TRY(effect_put(x->effect, &at, &sy_row_grant_desc, &g, x->err));
        }
    }
    return SY_OK;
}

sy_status apply_promote(struct change *x)
{
    const struct sy_promote *a = x->args;
    struct sy_row_epoch row = {.entry = x->entry, .number = a->epoch};
    struct rules_key key = rules_key_id("", sy_view_str("epoch"));
    memcpy(row.seat, a->seat, sizeof(row.seat));
    SY_TRY(effect_put(x->effect, &key, &sy_row_epoch_desc, &row, x->err));
    return await_deposits(x);
}
