/*
 * audit.rerun and audit.reran: an auditor, or the agency, has an answer computed again inside the domain, on
 * the data version, parameters and noise that its charge recorded, and learns whether it is the answer that
 * was given. No figure leaves, and nothing is charged: all that is told is a function of what the log holds
 * already. Possible while the grant is in force, because only then the custodians' shares lie with the
 * warden; never for a question about one subject, whose identifier nobody keeps.
 *
 * Invariants: an asked-for re-run has one outcome for ever; neither event changes budget, grant or charge.
 * Source: DESIGN section 3.
 */
#include "rules/model.h"
#include "scheme/own.h"

/* ---- decide ---- */

static sy_status was_answered(struct ask *c, uint64_t charge, const struct sy_row_charge *row)
{
    struct sy_row_answer answer;
    if (row->once) {
        return sy_fail(
            c->err, SY_E_DENIED, "charge",
            "an answer about one subject is not run again: nobody keeps whom it was about");
    }
    bool answered;
    SY_TRY(rules_charge_answer(c->state, charge, &answer, &answered, c->err));
    if (answered && answer.ok) {
        return SY_OK;
    }
    return sy_fail(c->err, SY_E_STATE, "charge", "%s",
                   answered ? "the run was refused: no figure was released"
                            : "the run has no outcome yet");
}

sy_status rules_rerun_in_force(const struct rules_state *s, const uint8_t id[32], int64_t now,
                               struct sy_arena *arena, struct sy_error *reterr)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(s, id, arena, &g, &p, reterr));
    if (word_in(g.status, "awaiting suspended")) {
        return sy_fail(reterr, SY_E_SUSPENDED, "charge",
                       "the grant's key shares are not here: again when the scene is resumed");
    }
    bool over = !sy_view_is(g.status, "active");
    if (over || now > p.not_after) { /* whoever asks may be faster than grant.expire */
        return sy_fail(reterr, over ? SY_E_GRANT : SY_E_EXPIRED, "charge",
                       "cannot be re-run any more: the grant is over");
    }
    return SY_OK;
}

sy_status decide_rerun(struct ask *c)
{
    const struct sy_rerun *a = c->args;
    struct rules_key key = rules_key_charge(a->charge);
    struct sy_view value;
    struct sy_row_charge row;
    if (!rules_state_get(c->state, rules_key_view(&key), &value)) {
        return sy_fail(c->err, SY_E_NOT_FOUND, "charge", "no charge was recorded as this entry");
    }
    SY_TRY(charge_row(c->state, a->charge, c->arena, &row, c->err));
    SY_TRY(was_answered(c, a->charge, &row));
    SY_TRY(own_left(c->state, &row, c->arena, c->err));
    return rules_rerun_in_force(c->state, row.grant, c->in->time, c->arena, c->err);
}

static sy_status rerun_row(const struct rules_state *s, uint64_t entry, struct sy_arena *arena,
                           struct sy_row_rerun *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_rerun(entry);
    return rules_state_read(s, rules_key_view(&key), &sy_row_rerun_desc, arena, ret, err);
}

sy_status decide_reran(struct ask *c)
{
    const struct sy_reran *a = c->args;
    struct sy_row_rerun row;
    SY_TRY(rerun_row(c->state, a->rerun, c->arena, &row, c->err));
    if (row.outcome.n > 0 || row.charge != a->charge) {
        return sy_fail(c->err, SY_E_STATE, "rerun", "no open re-run of this charge");
    }
    bool unable = sy_view_is(a->outcome, "unable");
    if (!word_in(a->outcome, "match mismatch unable") || unable != (a->code != 0)) {
        return sy_fail(c->err, SY_E_FIELD, "outcome", "match, mismatch, or unable with a code");
    }
    return SY_OK;
}

/* ---- apply ---- */

sy_status apply_rerun(struct change *x)
{
    const struct sy_rerun *a = x->args;
    struct rules_key key = rules_key_rerun(x->entry);
    struct sy_row_rerun row = {.charge = a->charge};
    return effect_put(x->effect, &key, &sy_row_rerun_desc, &row, x->err);
}

sy_status apply_reran(struct change *x)
{
    const struct sy_reran *a = x->args;
    struct rules_key key = rules_key_rerun(a->rerun);
    struct sy_row_rerun row = {
        .charge = a->charge, .code = a->code, .outcome = a->outcome, .reran = x->entry};
    return effect_put(x->effect, &key, &sy_row_rerun_desc, &row, x->err);
}
