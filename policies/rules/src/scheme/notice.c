/*
 * qualify.object and qualify.settle: while an approved application is under public notice, everybody enrolled may
 * object, and the agency does so for people who are not. The agency settles each objection; one that is upheld ends
 * the application. Nothing is signed before the window is over and every objection settled.
 *
 * Invariant: an objection is settled once.
 * Source: scheme articles 12 (4)(5), 13 (4)(5).
 */
#include "qualify.h"

sy_status notice_over(struct ask *c, const struct qualification *q)
{
    bool open = false;
    for (size_t i = 0; i < q->row.n_objections; i++) {
        open = open || q->row.objections[i].settled == 0;
    }
    if (!control(RULES_CTL_NOTICE_WINDOW, c->in->time > q->row.notice_until)) {
        return sy_fail(c->err, SY_E_STATE, "notice", "the public notice is not over");
    }
    return control(RULES_CTL_OBJECTIONS, !open)
               ? SY_OK
               : sy_fail(c->err, SY_E_STATE, "objections", "an objection is not settled yet");
}

/* A party objects once for itself; the agency as often as somebody writes to it. */
static bool objected(const struct qualification *q, const struct sy_party *who)
{
    for (size_t i = 0; i < q->row.n_objections; i++) {
        if (sy_view_eq(q->row.objections[i].party, who->party) &&
            !sy_view_is(who->role, "agency")) {
            return true;
        }
    }
    return false;
}

sy_status decide_qualify_object(struct ask *c)
{
    const struct sy_qualify_object *a = c->args;
    struct qualification q;
    bool agency = sy_view_is(c->party.role, "agency");
    SY_TRY(qualification_in(c, "notice", &q));
    if (c->in->time > q.row.notice_until) {
        return sy_fail(c->err, SY_E_EXPIRED, "notice", "the public notice is over");
    }
    if (sy_view_eq(q.row.party, c->party.party)) {
        return sy_fail(c->err, SY_E_ROLE, "party", "the applicant withdraws; others object");
    }
    if (agency ? !is_text(a->behalf, QUALIFY_NAME_MAX) : a->behalf.n > 0) {
        return sy_fail(c->err, SY_E_FIELD, "behalf",
                       "the agency says for whom it objects; others object for themselves");
    }
    if (!is_text(a->text, QUALIFY_NAME_MAX * 8)) {
        return sy_fail(c->err, SY_E_FIELD, "text", "say what speaks against the applicant");
    }
    if (objected(&q, &c->party) || q.row.n_objections >= QUALIFY_LIST_MAX) {
        return sy_fail(c->err, SY_E_EXISTS, "objection",
                       "a party objects once, and %d objections are enough", QUALIFY_LIST_MAX);
    }
    return SY_OK;
}

sy_status apply_qualify_object(struct change *x)
{
    const struct sy_qualify_object *a = x->args;
    struct qualification q;
    SY_TRY(qualification_read(x->state, x->req->header.subject, x->arena, &q, x->err));
    struct sy_row_qualify_objection *all =
        sy_arena_alloc(x->arena, q.row.n_objections + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < q.row.n_objections; i++) {
        all[i] = q.row.objections[i];
    }
    all[q.row.n_objections++] = (struct sy_row_qualify_objection){
        .behalf = a->behalf, .entry = x->entry, .party = x->req->header.party, .text = a->text};
    q.row.objections = all;
    return qualification_put(x, &q);
}

sy_status decide_qualify_settle(struct ask *c)
{
    const struct sy_qualify_settle *a = c->args;
    struct qualification q;
    SY_TRY(qualification_in(c, "notice", &q));
    if (a->objection < 1 || a->objection > q.row.n_objections) {
        return sy_fail(c->err, SY_E_NOT_FOUND, "objection", "there is no objection of that number");
    }
    if (q.row.objections[a->objection - 1].settled != 0) {
        return sy_fail(c->err, SY_E_EXISTS, "objection", "it was settled before");
    }
    return word_in(a->outcome, "upheld dismissed") && is_text(a->text, QUALIFY_TEXT_MAX)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "outcome", "upheld or dismissed, and why");
}

sy_status apply_qualify_settle(struct change *x)
{
    const struct sy_qualify_settle *a = x->args;
    struct qualification q;
    SY_TRY(qualification_read(x->state, x->req->header.subject, x->arena, &q, x->err));
    struct sy_row_qualify_objection *o = &q.row.objections[a->objection - 1];
    o->outcome = a->outcome;
    o->settled = x->entry;
    if (sy_view_is(a->outcome, "upheld")) {
        q.row.status = sy_view_str("upheld");
    }
    return qualification_put(x, &q);
}
