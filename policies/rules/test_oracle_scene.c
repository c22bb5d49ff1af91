/* See test_oracle.h: scenes, models, offers, correction orders, incidents. */
#include "test_oracle_see.h"

/* ---- scenes ---- */

enum { CONSENTS = 1 << OR_HEALTH | 1 << OR_CLINIC };

void see_scene(const struct seen *s)
{
    const struct sy_proposal *p = s->args;
    struct or_grant *g = ADD(s->o, grants);
    *g = (struct or_grant){.developer = s->party,
                           .due = oracle_deadline(s->now, OR_REVIEW_DAYS),
                           .not_after = p->not_after,
                           .not_before = p->not_before,
                           .offered = true};
    proof_grant_id(g->id, s->r->args);
    sy_view_to_cstr(p->scene, g->scene, sizeof(g->scene));
    for (size_t i = 0; i < p->n_datasets; i++) {
        unsigned set = set_of(p->datasets[i].dataset);
        assert_int_not_equal(set, 0);
        g->sets |= set;
    }
    for (unsigned i = 0; i < OR_SETS; i++) {
        g->offered = g->offered && ((g->sets & 1U << i) == 0 || s->o->offered[i]);
    }
}

static struct or_grant *reviewed(const struct seen *s, bool *ret_yes)
{
    const struct sy_review *a = s->args;
    struct or_grant *g = oracle_grant(s->o, s->r->header.grant);
    assert_non_null(g);
    *ret_yes = sy_view_is(a->decision, "approve") && !g->over && s->now <= g->due;
    g->over = g->over || !sy_view_is(a->decision, "approve");
    return g;
}

void see_first(const struct seen *s)
{
    bool yes;
    struct or_grant *g = reviewed(s, &yes);
    g->first = g->first || (yes && s->party == OR_OPERATOR);
}

void see_consent(const struct seen *s)
{
    bool yes;
    struct or_grant *g = reviewed(s, &yes);
    g->consents |= yes && g->first ? 1U << s->party & CONSENTS : 0;
}

void see_final(const struct seen *s)
{
    bool yes;
    struct or_grant *g = reviewed(s, &yes);
    unsigned wanted = departments(g->sets);
    bool offered = g->offered;
    for (unsigned i = 0; i < OR_SETS; i++) {
        offered = offered && ((g->sets & 1U << i) == 0 || s->o->offered[i]);
    }
    g->told = g->told || sy_view_is(((const struct sy_review *)s->args)->decision, "approve");
    g->granted = yes && g->first && (g->consents & wanted) == wanted && s->party == OR_AGENCY &&
                 s->in->share_ok && offered && in_standing(s, g->developer) &&
                 oracle_uncovered(s->o, g->developer, g->sets, s->now, g->not_after) == NULL;
}

void see_suspend(const struct seen *s)
{
    struct or_grant *g = oracle_grant(s->o, s->r->header.grant);
    assert_non_null(g);
    stop_grant(s, g);
}

void see_lift(const struct seen *s)
{
    struct or_grant *g = oracle_grant(s->o, s->r->header.grant);
    assert_non_null(g);
    g->holds &= ~(1U << s->party);
}

/* One party stops, all must start: it goes on only when nobody but the agency itself still holds it. */
void see_resume(const struct seen *s)
{
    struct or_grant *g = oracle_grant(s->o, s->r->header.grant);
    assert_non_null(g);
    bool free = (g->holds & ~(1U << OR_AGENCY)) == 0 && s->in->share_ok && s->party == OR_AGENCY;
    g->stopped = g->stopped && !free;
    g->holds = free ? 0 : g->holds;
}

void see_end(const struct seen *s)
{
    struct or_grant *g = oracle_grant(s->o, s->r->header.grant);
    assert_non_null(g);
    g->ended = true;
}

void see_run(const struct seen *s)
{
    struct or_grant *g = oracle_grant(s->o, s->r->header.grant);
    assert_non_null(g);
    g->runs++;
}

void see_register(const struct seen *s)
{
    struct or_model *m = ADD(s->o, models);
    *m = (struct or_model){0};
    memcpy(m->grant, s->r->header.grant, 32);
    proof_model_id(m->id, m->grant, s->in->plan, s->r->args);
}

void see_model(const struct seen *s)
{
    const struct sy_review *a = s->args;
    struct or_model *m = FIND(s->o, models, s->r->header.subject);
    assert_non_null(m);
    m->reviewed = sy_view_is(a->decision, "approve") && s->party == OR_OPERATOR;
}

void see_offered(const struct seen *s)
{
    const struct sy_offer *a = s->args;
    for (unsigned i = 0; i < OR_SETS; i++) {
        s->o->offered[i] = s->o->offered[i] || set_of(a->dataset) == 1U << i;
    }
}

void see_unoffered(const struct seen *s)
{
    const struct sy_dataset_ref *a = s->args;
    for (unsigned i = 0; i < OR_SETS; i++) {
        s->o->offered[i] = s->o->offered[i] && set_of(a->dataset) != 1U << i;
    }
}

/* ---- supervision ---- */

static struct or_order *order_of(struct oracle *o, uint64_t entry)
{
    for (size_t i = 0; i < o->n_orders; i++) {
        if (o->orders[i].entry == entry) {
            return &o->orders[i];
        }
    }
    fail_msg("no order of entry %llu", (unsigned long long)entry);
    return NULL;
}

void see_correct(const struct seen *s)
{
    const struct sy_order_correct *a = s->args;
    struct or_order *r = ADD(s->o, orders);
    *r = (struct or_order){.by = s->party,
                           .closes = true,
                           .due = oracle_deadline(s->now, (unsigned)a->days),
                           .entry = s->entry,
                           .open = true,
                           .party = oracle_party(s->o, a->party)};
    for (size_t i = 0; i < s->o->n_grants; i++) {
        struct or_grant *g = &s->o->grants[i];
        if (r->party == OR_OPERATOR || g->developer == r->party) {
            stop_grant(s, g);
        }
    }
}

void see_mend(const struct seen *s)
{
    const struct sy_order_mend *a = s->args;
    struct or_order *r = order_of(s->o, a->order);
    r->reported = r->party == s->party && (!r->open || s->now <= r->due) ? s->now : 0;
}

void see_mended(const struct seen *s)
{
    const struct sy_order_mended *a = s->args;
    struct or_order *r = order_of(s->o, a->order);
    if (!sy_view_is(a->decision, "accept") || r->reported == 0 ||
        (s->party != r->by && s->party != OR_AGENCY)) {
        r->reported = 0;
        return;
    }
    r->closes = false;
    r->open = false;
    for (size_t i = 0; i < s->o->n_grants; i++) {
        struct or_grant *g = &s->o->grants[i];
        for (size_t p = 0; p < OR_PARTIES; p++) {
            bool its = (g->holds & 1U << p) != 0 && g->hold_of[p] == r->entry;
            g->holds &= its ? ~(1U << p) : ~0U;
        }
    }
}

void see_cancel(const struct seen *s)
{
    const struct sy_order_cancel *a = s->args;
    struct or_order *r = order_of(s->o, a->order);
    r->open = false;
    r->cancelled = true;
    end_grants(s, r->party);
}

static void stop_affected(const struct seen *s, const struct sy_affected *a)
{
    for (size_t i = 0; i < s->o->n_grants; i++) {
        struct or_grant *g = &s->o->grants[i];
        bool hit = a->all;
        for (size_t k = 0; k < a->n_datasets; k++) {
            hit = hit || (g->sets & set_of(a->datasets[k])) != 0;
        }
        for (size_t k = 0; k < a->n_grants; k++) {
            hit = hit || (a->grants[k].n == 32 && memcmp(a->grants[k].p, g->id, 32) == 0);
        }
        if (hit) {
            stop_grant(s, g);
        }
    }
}

void see_incident(const struct seen *s)
{
    const struct sy_incident_report *a = s->args;
    stop_affected(s, &a->affected);
}

void see_update(const struct seen *s)
{
    const struct sy_incident_update *a = s->args;
    stop_affected(s, &a->affected);
}
