/* See test_lives.h: from an announcement to an agreement on file. */
#include "test_lives.h"
#include "test_qualify_kit.h"

#include <string.h>

/* ---- qualification ---- */

static struct or_announcement *announcement_for(struct gen *g, size_t party, bool complete)
{
    for (size_t i = g->o.n_announcements; i > 0; i--) {
        struct or_announcement *a = &g->o.announcements[i - 1];
        bool whole = a->agency && (a->operator_ || !a->developer);
        if (a->developer == (party != OR_OPERATOR) && g->k.time <= a->closes && whole == complete) {
            return a;
        }
    }
    return NULL;
}

static void announce(struct gen *g, size_t party)
{
    const struct or_announcement *half = announcement_for(g, party, false);
    for (size_t i = 0; half != NULL && i < g->n_notes; i++) {
        if (memcmp(g->note_ids[i], half->id, 32) == 0) {
            (void)qk_announce(&g->k, by(g, half->agency ? OR_OPERATOR : OR_AGENCY), g->notes[i],
                              NULL);
            return;
        }
    }
    if (g->n_notes < LIVES_NOTES) {
        const char *kind = party == OR_OPERATOR ? "operator" : "developer";
        g->notes[g->n_notes] = qk_announcement(&g->k, kind);
        (void)qk_announce(&g->k, by(g, OR_AGENCY), g->notes[g->n_notes], g->note_ids[g->n_notes]);
        g->n_notes++;
    }
}

static struct or_application *application_of(struct gen *g, size_t party)
{
    for (size_t i = g->o.n_applications; i > 0; i--) {
        if (g->o.applications[i - 1].party == party) {
            return &g->o.applications[i - 1];
        }
    }
    return NULL;
}

static struct or_agreement *agreement_of(struct gen *g, size_t application)
{
    for (size_t i = g->o.n_agreements; i > 0; i--) {
        if (g->o.agreements[i - 1].application == application) {
            return &g->o.agreements[i - 1];
        }
    }
    return NULL;
}

const struct or_agreement *whole_of(struct gen *g)
{
    for (size_t i = g->o.n_agreements; i > 0; i--) {
        struct or_agreement *a = &g->o.agreements[i - 1];
        if (a->whole && a->told_filed && !a->ended) {
            return a;
        }
    }
    return NULL;
}

static void apply_to_qualify(struct gen *g, size_t party)
{
    const struct or_announcement *a = announcement_for(g, party, !chance(g, 5));
    if (a != NULL && g->o.n_applications + 2 < OR_MANY) {
        struct sy_qualify_apply *q = qk_application(&g->k, g->o.parties[party], a->id);
        q->lists[0].clear = !chance(g, 5);
        (void)qk_apply(&g->k, q, NULL);
    }
}

static void offer_agreement(struct gen *g, size_t party, const struct or_application *q)
{
    static const uint8_t none[32] = {1};
    const struct or_agreement *whole = whole_of(g);
    if (g->o.n_agreements + 2 >= OR_MANY) {
        return;
    }
    if (party == OR_OPERATOR) {
        struct sy_agreement *a = qk_agreement(&g->k, "operator", q->id, NULL);
        a->not_after = chance(g, 50) ? a->not_after : g->k.time + 500 * LIVES_DAY;
        (void)qk_offer(&g->k, a, NULL);
    } else if (whole != NULL) {
        struct sy_agreement *a = qk_agreement(&g->k, g->o.parties[party], q->id, whole->id);
        a->not_after += chance(g, 5) ? 400 * LIVES_DAY : 0;
        a->not_after = chance(g, 30) ? g->k.time + 60 * LIVES_DAY : a->not_after;
        if (chance(g, 3)) {
            memcpy(a->parent, none, 32);
        }
        (void)qk_offer(&g->k, a, NULL);
    }
}

/* Decisions, objections, notice: what the application needs next. */
static void judge(struct gen *g, size_t party, struct or_application *q)
{
    size_t experts = party == OR_OPERATOR ? OR_AGENCY : OR_OPERATOR;
    const char *yes = chance(g, 95) ? "approve" : "reject";
    if (!q->opinion && !chance(g, 8)) {
        (void)qk_opinion(&g->k, by(g, experts), q->id);
    } else if (!q->agency) {
        (void)qk_decide(&g->k, by(g, OR_AGENCY), q->id, yes);
    } else if (party != OR_OPERATOR && !q->operator_) {
        (void)qk_decide(&g->k, by(g, OR_OPERATOR), q->id, yes);
    }
}

static bool undecided(const struct or_application *q)
{
    return !q->agency || (q->party != OR_OPERATOR && !q->operator_);
}

static size_t open_objection(const struct or_application *q)
{
    size_t i = 0;
    while (i < q->objections && !q->open[i]) {
        i++;
    }
    return i;
}

static void agree(struct gen *g, size_t party, struct or_application *q)
{
    size_t open = open_objection(q);
    const struct or_agreement *a = agreement_of(g, (size_t)(q - g->o.applications));
    if (open < q->objections && chance(g, 80)) {
        (void)qk_settle(&g->k, q->id, open + 1, chance(g, 90) ? "dismissed" : "upheld");
    } else if (g->k.time <= q->notice && chance(g, 80)) {
        g->k.time = q->notice + (int64_t)below(g, 3) - 1; /* at the edge, on both sides */
    } else if (a == NULL) {
        offer_agreement(g, party, q);
    } else if (!a->told_accepted) {
        (void)qk_accept(&g->k, by(g, party), a->id);
    } else {
        (void)qk_file(&g->k, a->id);
    }
}

void qualify(struct gen *g, size_t party)
{
    struct or_application *q = application_of(g, party);
    const struct or_agreement *a =
        q == NULL ? NULL : agreement_of(g, (size_t)(q - g->o.applications));
    bool done = q == NULL || q->over || (a != NULL && (a->ended || a->told_filed));
    if (!done) {
        undecided(q) && !chance(g, 3) ? judge(g, party, q) : agree(g, party, q);
    } else if (announcement_for(g, party, true) == NULL) {
        announce(g, party);
    } else {
        apply_to_qualify(g, party);
    }
}
