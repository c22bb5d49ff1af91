/* See test_oracle.h: announcements, applications, agreements. */
#include "test_oracle_see.h"

void see_announce(const struct seen *s)
{
    const struct sy_announcement *a = s->args;
    uint8_t id[32];
    proof_announcement_id(id, s->r->args);
    struct or_announcement *n = FIND(s->o, announcements, id);
    if (n == NULL) {
        n = ADD(s->o, announcements);
        *n = (struct or_announcement){
            .developer = sy_view_is(a->kind, "developer"), .opens = a->opens, .closes = a->closes};
        memcpy(n->id, id, 32);
    }
    n->agency = n->agency || s->party == OR_AGENCY;
    n->operator_ = n->operator_ || s->party == OR_OPERATOR;
}

bool in_standing(const struct seen *s, size_t party)
{
    return s->now >= s->o->ban_until[party] && !oracle_closed(s->o, party) &&
           !oracle_closed(s->o, OR_OPERATOR);
}

void see_apply(const struct seen *s)
{
    const struct sy_qualify_apply *a = s->args;
    struct or_application *q = ADD(s->o, applications);
    const struct or_announcement *n = FIND(s->o, announcements, a->announcement);
    *q = (struct or_application){.party = s->party};
    proof_qualify_id(q->id, s->r->args);
    q->sound = n != NULL && n->agency && (n->operator_ || !n->developer) && s->now >= n->opens &&
               s->now <= n->closes && n->developer == (s->party != OR_OPERATOR) &&
               in_standing(s, s->party);
}

void see_opinion(const struct seen *s)
{
    struct or_application *q = FIND(s->o, applications, s->r->header.subject);
    assert_non_null(q);
    q->opinion = q->opinion || (!q->agency && !q->operator_);
}

void see_decide(const struct seen *s)
{
    const struct sy_qualify_decide *a = s->args;
    struct or_application *q = FIND(s->o, applications, s->r->header.subject);
    assert_non_null(q);
    bool yes = sy_view_is(a->decision, "approve");
    q->over = q->over || !yes;
    q->agency = q->agency || s->party == OR_AGENCY;
    q->operator_ = q->operator_ || s->party == OR_OPERATOR;
    if (q->agency && (q->operator_ || q->party == OR_OPERATOR) && q->notice == 0) {
        q->notice = oracle_deadline(s->now, OR_NOTICE_DAYS);
    }
}

void see_object(const struct seen *s)
{
    struct or_application *q = FIND(s->o, applications, s->r->header.subject);
    assert_non_null(q);
    assert_true(q->objections < LEN(q->open));
    q->open[q->objections++] = true;
}

void see_settle(const struct seen *s)
{
    const struct sy_qualify_settle *a = s->args;
    struct or_application *q = FIND(s->o, applications, s->r->header.subject);
    assert_non_null(q);
    assert_in_range(a->objection, 1, q->objections);
    q->open[a->objection - 1] = false;
    q->over = q->over || sy_view_is(a->outcome, "upheld");
}

void see_withdraw(const struct seen *s)
{
    struct or_application *q = FIND(s->o, applications, s->r->header.subject);
    assert_non_null(q);
    q->over = true;
}

void see_offer(const struct seen *s)
{
    const struct sy_agreement *a = s->args;
    struct or_agreement *g = ADD(s->o, agreements);
    const struct or_application *q = FIND(s->o, applications, a->application);
    assert_non_null(q);
    *g = (struct or_agreement){.application = (size_t)(q - s->o->applications),
                               .grantee = oracle_party(s->o, a->grantee),
                               .not_before = a->not_before,
                               .not_after = a->not_after,
                               .whole = s->party == OR_AGENCY};
    proof_agreement_id(g->id, s->r->args);
    memcpy(g->parent, a->parent, 32);
    for (size_t i = 0; i < a->n_datasets; i++) {
        g->sets |= sy_view_is(a->datasets[i], SY_AGREEMENT_ALL) ? (1U << OR_SETS) - 1
                                                                : set_of(a->datasets[i]);
    }
}

/* The application that it stands on: announced, judged, approved, noticed, with nothing open against it. */
static bool carries(const struct seen *s, const struct or_application *q)
{
    bool open = q->over || !q->sound || !q->opinion || q->notice == 0 || s->now <= q->notice;
    for (size_t i = 0; i < q->objections; i++) {
        open = open || q->open[i];
    }
    return !open;
}

void see_accept(const struct seen *s)
{
    struct or_agreement *g = FIND(s->o, agreements, s->r->header.subject);
    assert_non_null(g);
    const struct or_application *q = &s->o->applications[g->application];
    g->told_accepted = true;
    g->accepted = s->party == g->grantee && q->party == g->grantee && carries(s, q);
}

void see_file(const struct seen *s)
{
    struct or_agreement *g = FIND(s->o, agreements, s->r->header.subject);
    assert_non_null(g);
    g->told_filed = true;
    g->filed = g->accepted;
}

/* Grants of a developer, or of everybody, end or stop. */
void end_grants(const struct seen *s, size_t developer)
{
    for (size_t i = 0; i < s->o->n_grants; i++) {
        struct or_grant *g = &s->o->grants[i];
        g->ended =
            g->ended || (g->granted && (developer == OR_OPERATOR || g->developer == developer));
    }
}

void stop_grant(const struct seen *s, struct or_grant *g)
{
    if (!g->granted || g->ended) {
        return;
    }
    g->stopped = true;
    if ((g->holds & 1U << s->party) == 0) {
        g->holds |= 1U << s->party;
        g->hold_of[s->party] = s->entry;
    }
}

void see_terminate(const struct seen *s)
{
    const struct sy_agreement_end *a = s->args;
    const struct or_agreement *end = FIND(s->o, agreements, s->r->header.subject);
    assert_non_null(end);
    size_t of = end->grantee;
    for (size_t i = 0; i < s->o->n_agreements; i++) {
        struct or_agreement *g = &s->o->agreements[i];
        g->ended = g->ended || g->grantee == of || of == OR_OPERATOR;
    }
    if (sy_view_is(a->ground, "violation")) {
        int64_t until = years_later(s->now, OR_BAN_YEARS);
        s->o->ban_until[of] = until > s->o->ban_until[of] ? until : s->o->ban_until[of];
    }
    end_grants(s, of);
}
