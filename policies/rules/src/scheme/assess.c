/*
 * qualify.opinion and qualify.decide: experts first, then those who decide, as a body. The agency hears experts on an
 * operator and decides; the operator hears them on a developer, and agency and operator both decide, in either
 * order. A rejection ends the application; the approval that completes the decision opens the public notice.
 *
 * Invariant: each party decides once; status notice exactly when everybody approved who must.
 * Source: scheme articles 12 (3)(4), 13 (3)(4).
 */
#include "qualify.h"

enum { EXPERTS_MAX = 99, OPINIONS_MAX = 8, POINTS_MAX = 100 };

static bool of_operator(const struct qualification *q)
{
    return sy_view_is(q->row.kind, "operator");
}

/* ---- opinions ---- */

static struct sy_view score_aspect(const void *list, size_t i)
{
    return ((const struct sy_qualify_score *)list)[i].aspect;
}

static sy_status scores_check(struct ask *c, const struct qualify_terms *t,
                              const struct sy_qualify_opinion *a)
{
    struct sy_view aspect = {0};
    for (size_t i = 0; i < a->n_scores; i++) {
        if (a->scores[i].points > POINTS_MAX || !is_id(a->scores[i].aspect)) {
            return sy_fail(c->err, SY_E_FIELD, "scores", "0 to %d points", POINTS_MAX);
        }
    }
    return codes_named(t->q->aspects, t->q->n_aspects, a->scores, a->n_scores, score_aspect,
                       &aspect)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "scores", "%.*s: each aspect of the pack, once",
                         SY_PV(aspect));
}

sy_status decide_qualify_opinion(struct ask *c)
{
    const struct sy_qualify_opinion *a = c->args;
    struct qualify_terms t;
    struct qualification q;
    SY_TRY(qualify_terms(c->state, c->arena, &t, c->err));
    SY_TRY(qualification_in(c, "filed", &q));
    if (!sy_view_is(c->party.role, of_operator(&q) ? "agency" : "operator")) {
        return sy_fail(c->err, SY_E_ROLE, "application",
                       "the agency hears experts on an operator, the operator on a developer");
    }
    if (q.row.n_decisions > 0 || q.row.n_opinions >= OPINIONS_MAX) {
        return sy_fail(c->err, SY_E_STATE, "opinion", "experts are heard before anybody decides");
    }
    if (is_zero32(a->digest) || a->experts < 1 || a->experts > EXPERTS_MAX ||
        (a->text.n > 0 && !is_text(a->text, QUALIFY_TEXT_MAX))) {
        return sy_fail(c->err, SY_E_FIELD, "digest",
                       "the signed opinion, and how many experts sat");
    }
    return scores_check(c, &t, a);
}

static uint64_t mean_points(const struct sy_qualify_opinion *a)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < a->n_scores; i++) {
        sum += a->scores[i].points;
    }
    return a->n_scores == 0 ? 0 : sum / a->n_scores;
}

sy_status apply_qualify_opinion(struct change *x)
{
    const struct sy_qualify_opinion *a = x->args;
    struct qualification q;
    SY_TRY(qualification_read(x->state, x->req->header.subject, x->arena, &q, x->err));
    struct sy_row_qualify_opinion *all =
        sy_arena_alloc(x->arena, q.row.n_opinions + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < q.row.n_opinions; i++) {
        all[i] = q.row.opinions[i];
    }
    struct sy_row_qualify_opinion *last = &all[q.row.n_opinions++];
    *last = (struct sy_row_qualify_opinion){.entry = x->entry,
                                            .experts = a->experts,
                                            .party = x->req->header.party,
                                            .points = mean_points(a)};
    memcpy(last->digest, a->digest, 32);
    q.row.opinions = all;
    return qualification_put(x, &q);
}

/* ---- decisions ---- */

static bool decided(const struct qualification *q, struct sy_view party)
{
    for (size_t i = 0; i < q->row.n_decisions; i++) {
        if (sy_view_eq(q->row.decisions[i].party, party)) {
            return true;
        }
    }
    return false;
}

sy_status decide_qualify_decide(struct ask *c)
{
    const struct sy_qualify_decide *a = c->args;
    struct qualification q;
    SY_TRY(qualification_in(c, "filed", &q));
    if (of_operator(&q) && !sy_view_is(c->party.role, "agency")) {
        return sy_fail(c->err, SY_E_ROLE, "application", "the agency decides on an operator");
    }
    if (decided(&q, c->party.party)) {
        return sy_fail(c->err, SY_E_EXISTS, "decision", "this party has decided already");
    }
    if (!word_in(a->decision, "approve reject") ||
        (a->text.n > 0 && !is_text(a->text, QUALIFY_TEXT_MAX))) {
        return sy_fail(c->err, SY_E_FIELD, "decision", "approve or reject");
    }
    if (!control(RULES_CTL_EXPERT_OPINION, q.row.n_opinions > 0)) {
        return sy_fail(c->err, SY_E_REVIEW, "opinion", "the experts are heard first");
    }
    if (!control(RULES_CTL_COLLECTIVE_DECISION, !is_zero32(a->minutes))) {
        return sy_fail(c->err, SY_E_REVIEW, "minutes", "a body decides: give the minutes' digest");
    }
    return SY_OK;
}

/* The public notice begins with the entry that completes the decision. */
static sy_status notice_begin(struct change *x, struct qualification *q)
{
    struct qualify_terms t;
    struct rules_key key = rules_key_hash("notice/", q->id);
    SY_TRY(qualify_terms(x->state, x->arena, &t, x->err));
    q->row.status = sy_view_str("notice");
    q->row.notice_until = t.q->notice_days == 0
                              ? x->in->time
                              : calendar_deadline(t.calendar, x->in->time, t.q->notice_days);
    const struct sy_row_notice n = {.entry = x->entry,
                                    .from = x->in->time,
                                    .kind = q->row.kind,
                                    .party = q->row.party,
                                    .subject = q->said.subject,
                                    .until = q->row.notice_until};
    return effect_put(x->effect, &key, &sy_row_notice_desc, &n, x->err);
}

sy_status apply_qualify_decide(struct change *x)
{
    const struct sy_qualify_decide *a = x->args;
    struct qualification q;
    SY_TRY(qualification_read(x->state, x->req->header.subject, x->arena, &q, x->err));
    struct sy_row_qualify_decision *all =
        sy_arena_alloc(x->arena, q.row.n_decisions + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < q.row.n_decisions; i++) {
        all[i] = q.row.decisions[i];
    }
    struct sy_row_qualify_decision *last = &all[q.row.n_decisions++];
    *last = (struct sy_row_qualify_decision){
        .decision = a->decision, .entry = x->entry, .party = x->req->header.party};
    memcpy(last->minutes, a->minutes, 32);
    q.row.decisions = all;
    bool complete =
        control(RULES_CTL_JOINT_DECISION, q.row.n_decisions >= (of_operator(&q) ? 1U : 2U));
    if (sy_view_is(a->decision, "reject")) {
        q.row.status = sy_view_str("rejected");
    } else if (complete) {
        SY_TRY(notice_begin(x, &q));
    }
    return qualification_put(x, &q);
}
