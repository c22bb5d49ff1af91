/*
 * agreement.terminate: a qualification ends before its time, on one of the grounds that the pack lists. With it end
 * all agreements of the party and every live grant under them, in the same entry: the operator's take all developers'
 * along, because each stands under the whole grant, and an application that one of them has on its way. A ground that
 * is the party's fault bans it for years; who left before that was known is banned when it is: the agency ends the
 * agreement again, for cause.
 *
 * Invariants: a terminated agreement stays so, with the ground that ended it; grants that it ended are revoked, never
 * resumed. An agreement is ended for cause once.
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

/* Was it ended before, and for no fault of the party's? */
static bool left_blameless(const struct qualify_terms *t, const struct agreement *g)
{
    const struct sy_pack_ending *was = ending_find(t->q, g->row.ground);
    bool blamed = was != NULL && was->cause && is_zero32(g->row.cascade);
    return sy_view_is(g->row.status, "terminated") && g->row.cause.n == 0 && !blamed;
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
    const struct sy_pack_ending *e = ending_find(t.q, a->ground);
    bool late = agency && e != NULL && e->cause && left_blameless(&t, &g);
    if (!word_in(g.row.status, "accepted filed") && !late) {
        return sy_fail(c->err, SY_E_STATE, "agreement", "the agreement is %.*s",
                       SY_PV(g.row.status));
    }
    if (a->text.n > 0 && !is_text(a->text, QUALIFY_TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "text", "one line of text");
    }
    bool ground = e != NULL && (agency || e->own);
    if (!control(RULES_CTL_TERMINATION_GROUND, ground)) {
        return sy_fail(c->err, SY_E_DENIED, "ground",
                       "the pack has no such ground, or not for this party");
    }
    return e != NULL && e->evaluated ? found_unable(c, g.said.grantee) : SY_OK;
}

/* ---- apply ---- */

struct ending {
    struct sy_view party; /* whose agreements end */
    struct sy_view ground;
    const uint8_t *
        whole; /* the operator's, which was ended: everything under it ends too; NULL: nothing is */
};

/* An application that waits for a decision or an agreement ends: who is judged anew applies anew. */
static sy_status end_application(struct change *x, struct sy_view party)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_key key = rules_key_id("applicant/", party);
    struct sy_view value;
    struct sy_row_applicant last;
    struct qualification q;
    if (!rules_state_get(x->state, rules_key_view(&key), &value)) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(x->state, rules_key_view(&key), &sy_row_applicant_desc, &arena, &last,
                            x->err));
    SY_TRY(qualification_read(x->state, last.application, &arena, &q, x->err));
    if (!word_in(q.row.status, "filed notice")) {
        return SY_OK;
    }
    q.row.status = sy_view_str("ended");
    return qualification_put(x, &q);
}

static sy_status end_one(struct change *x, const struct ending *e, struct sy_view bytes)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct agreement g;
    SY_TRY(sy_record_decode(&sy_row_agreement_desc, bytes, &SY_MP_LARGE, &arena, &g.row, x->err));
    SY_TRY(sy_record_decode(&sy_agreement_desc, g.row.agreement, &SY_MP_REQUEST, &arena, &g.said,
                            x->err));
    bool own = sy_view_eq(g.said.grantee, e->party);
    bool under = e->whole != NULL && sy_view_eq(g.said.grantor, e->party);
    if (!word_in(g.row.status, "offered accepted filed") || (!own && !under)) {
        return SY_OK;
    }
    proof_agreement_id(g.id, g.row.agreement);
    if (under) {
        memcpy(g.row.cascade, e->whole, 32);
        SY_TRY(end_application(x, g.said.grantee));
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
    return end_application(x, e->party);
}

sy_status agreements_end(struct change *x, struct sy_view party, struct sy_view ground)
{
    const struct ending e = {.party = party, .ground = ground};
    return end_all(x, &e);
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
    const struct ending e = {
        .party = g.said.grantee, .ground = a->ground, .whole = whole && !apart ? g.id : NULL};
    const struct stop grants = {.developer = whole ? (struct sy_view){0} : g.said.grantee,
                                .for_good = true,
                                .ground = a->ground};
    SY_TRY(end_all(x, &e));
    if (sy_view_is(g.row.status, "terminated")) { /* before: what ended it stands */
        g.row.cause = a->ground;
        SY_TRY(agreement_put(x, &g));
    }
    SY_TRY(ban(x, &t, g.said.grantee, a->ground));
    return apart ? SY_OK : grants_stop(x, &grants);
}
