/*
 * agreement.terminate: a qualification ends before its time, on one of the grounds that the pack lists. With it end
 * all agreements of the party and every live grant under them, in the same entry: the operator's take all developers'
 * along, because each stands under the whole grant. A ground that is the party's fault bans it for years.
 *
 * Invariant: a terminated agreement stays so; grants that it ended are revoked, never resumed.
 * Source: scheme article 15; DESIGN section 2.
 */
#include "proof/ids.h"
#include "qualify.h"
#include "supervise.h"

static const struct sy_pack_ending *ending_find(const struct sy_pack_qualify *q,
                                                struct sy_view ground)
{
    for (size_t i = 0; i < q->n_endings; i++) {
        if (sy_view_eq(q->endings[i].code, ground)) {
            return &q->endings[i];
        }
    }
    return NULL;
}

/* Some grounds need an evaluation that says so (article 30). */
static sy_status found_unable(struct ask *c, struct sy_view party)
{
    bool failed;
    SY_TRY(evaluation_failed(c->state, party, c->arena, &failed, c->err));
    return failed ? SY_OK
                  : sy_fail(c->err, SY_E_STATE, "evaluation",
                            "the party's last evaluation is not a failing one");
}

sy_status decide_agreement_end(struct ask *c)
{
    const struct sy_agreement_end *a = c->args;
    struct qualify_terms t;
    struct agreement g;
    bool agency = sy_view_is(c->party.role, "agency");
    SY_TRY(qualify_terms(c->state, c->arena, &t, c->err));
    SY_TRY(agreement_read(c->state, c->req->header.subject, c->arena, &g, c->err));
    if (!agency && !sy_view_eq(g.said.grantee, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "agreement", "the agreement is another party's");
    }
    if (!word_in(g.row.status, "accepted filed")) {
        return sy_fail(c->err, SY_E_STATE, "agreement", "the agreement is %.*s",
                       SY_PV(g.row.status));
    }
    if (a->text.n > 0 && !is_text(a->text, QUALIFY_TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "text", "one line of text");
    }
    const struct sy_pack_ending *e = ending_find(t.q, a->ground);
    bool ground = e != NULL && (agency || e->own);
    if (!control(RULES_CTL_TERMINATION_GROUND, ground)) {
        return sy_fail(c->err, SY_E_DENIED, "ground",
                       "the pack has no such ground, or not for this party");
    }
    return e != NULL && e->evaluated ? found_unable(c, g.said.grantee) : SY_OK;
}

/* ---- apply ---- */

struct ending {
    const struct agreement *of;
    struct sy_view ground;
    bool whole; /* the operator's: everything under it ends too */
};

static sy_status end_one(struct change *x, const struct ending *e, struct sy_view bytes)
{
    struct agreement g;
    SY_TRY(sy_record_decode(&sy_row_agreement_desc, bytes, &SY_MP_LARGE, x->arena, &g.row, x->err));
    SY_TRY(sy_record_decode(&sy_agreement_desc, g.row.agreement, &SY_MP_REQUEST, x->arena, &g.said,
                            x->err));
    bool own = sy_view_eq(g.said.grantee, e->of->said.grantee);
    bool under = e->whole && sy_view_eq(g.said.grantor, e->of->said.grantee);
    if (!word_in(g.row.status, "offered accepted filed") || (!own && !under)) {
        return SY_OK;
    }
    proof_agreement_id(g.id, g.row.agreement);
    if (under) {
        memcpy(g.row.cascade, e->of->id, 32);
    }
    g.row.ended = x->in->time;
    g.row.ground = e->ground;
    g.row.status = sy_view_str("terminated");
    return agreement_put(x, &g);
}

static sy_status end_all(struct change *x, const struct ending *e)
{
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(x->state, sy_view_str("agreement/"), key, &key, &value)) {
        SY_TRY(end_one(x, e, value));
    }
    return SY_OK;
}

static sy_status ban(struct change *x, const struct qualify_terms *t, struct sy_view party,
                     struct sy_view ground)
{
    struct sy_row_standing standing;
    const struct sy_pack_ending *e = ending_find(t->q, ground);
    if (e == NULL || !e->cause) {
        return SY_OK;
    }
    SY_TRY(standing_read(x->state, party, x->arena, &standing, x->err));
    int64_t until = calendar_years(t->calendar, x->in->time, (int64_t)t->q->ban_years);
    standing.ban_until = until > standing.ban_until ? until : standing.ban_until;
    return standing_put(x, party, &standing);
}

sy_status apply_agreement_end(struct change *x)
{
    const struct sy_agreement_end *a = x->args;
    struct qualify_terms t;
    struct agreement g;
    SY_TRY(qualify_terms(x->state, x->arena, &t, x->err));
    SY_TRY(agreement_read(x->state, x->req->header.subject, x->arena, &g, x->err));
    const bool whole = is_zero32(g.said.parent);
    const bool apart = control(RULES_CTL_CASCADE, false); /* true only where the control is off */
    const struct ending e = {.of = &g, .ground = a->ground, .whole = whole && !apart};
    const struct stop grants = {.developer = whole ? (struct sy_view){0} : g.said.grantee,
                                .for_good = true,
                                .ground = a->ground};
    SY_TRY(end_all(x, &e));
    SY_TRY(ban(x, &t, g.said.grantee, a->ground));
    return apart ? SY_OK : grants_stop(x, &grants);
}
