/*
 * What article 10 asks of everybody who would run or develop: sound business, no negative list, a team, somebody
 * who answers for security, and years without an incident. The domain can't know whether a statement is true; it
 * sees that each is made, rests on a paper whose digest is on record, and says what the article demands.
 *
 * Source: scheme articles 10, 12 (2), 13 (2).
 */
#include "qualify.h"
#include "wire/catalogue.h"

bool codes_named(const struct sy_pack_code *codes, size_t n_codes, const void *list, size_t n,
                 code_at_fn *at, struct sy_view *ret_code)
{
    for (size_t i = 0; i < n_codes; i++) {
        size_t found = 0;
        for (size_t k = 0; k < n; k++) {
            found += sy_view_eq(at(list, k), codes[i].code) ? 1 : 0;
        }
        *ret_code = codes[i].code;
        if (found != 1) {
            return false;
        }
    }
    for (size_t k = 0; k < n; k++) {
        bool known = false;
        *ret_code = at(list, k);
        for (size_t i = 0; i < n_codes; i++) {
            known = known || sy_view_eq(*ret_code, codes[i].code);
        }
        if (!known) {
            return false;
        }
    }
    return true;
}

static struct sy_view list_code(const void *list, size_t i)
{
    return ((const struct sy_qualify_list *)list)[i].code;
}

static bool all_clear(const struct sy_qualify_apply *a, struct sy_view *ret_code)
{
    for (size_t i = 0; i < a->n_lists; i++) {
        *ret_code = a->lists[i].code;
        if (!a->lists[i].clear || is_zero32(a->lists[i].evidence)) {
            return false;
        }
    }
    return true;
}

static sy_status lists_check(struct ask *c, const struct qualify_terms *t,
                             const struct sy_qualify_apply *a)
{
    struct sy_view code = {0};
    bool clear = codes_named(t->q->lists, t->q->n_lists, a->lists, a->n_lists, list_code, &code) &&
                 all_clear(a, &code);
    return control(RULES_CTL_NEGATIVE_LISTS, clear)
               ? SY_OK
               : sy_fail(c->err, SY_E_DENIED, "lists",
                         "%.*s: one statement, with evidence, that the applicant is not on it",
                         SY_PV(code));
}

/* No incident within the years that the pack names, and a paper that says there were no others. */
static sy_status incidents_check(struct ask *c, const struct qualify_terms *t,
                                 const struct sy_qualify_apply *a)
{
    int64_t since = calendar_years(t->calendar, c->in->time, -(int64_t)t->q->incident_years);
    bool free = !is_zero32(a->incidents_evidence);
    for (size_t i = 0; i < a->n_incidents; i++) {
        if (!is_text(a->incidents[i].text, QUALIFY_TEXT_MAX) ||
            a->incidents[i].time > c->in->time) {
            return sy_fail(c->err, SY_E_FIELD, "incidents", "what happened, and when it did");
        }
        free = free && a->incidents[i].time < since;
    }
    return control(RULES_CTL_INCIDENT_FREE, free)
               ? SY_OK
               : sy_fail(c->err, SY_E_DENIED, "incidents",
                         "%llu years without a security incident, stated with evidence",
                         (unsigned long long)t->q->incident_years);
}

static sy_status papers_check(struct ask *c, const struct sy_qualify_apply *a)
{
    for (size_t i = 0; i < a->n_evidence; i++) {
        if (!is_text(a->evidence[i].title, QUALIFY_NAME_MAX) || is_zero32(a->evidence[i].digest)) {
            return sy_fail(c->err, SY_E_FIELD, "evidence", "each paper has a title and a digest");
        }
    }
    return control(RULES_CTL_EVIDENCE, a->n_evidence >= 1)
               ? SY_OK
               : sy_fail(c->err, SY_E_DENIED, "evidence", "supporting papers are missing");
}

static sy_status form_check(struct ask *c, const struct sy_qualify_apply *a)
{
    if (!is_text(a->subject, QUALIFY_NAME_MAX) || !sy_org_code_ok(a->credit_code)) {
        return sy_fail(c->err, SY_E_FIELD, "credit_code",
                       "registered name and unified social credit code");
    }
    if (a->n_evidence > QUALIFY_LIST_MAX || a->n_incidents > QUALIFY_LIST_MAX ||
        a->n_lists > QUALIFY_LIST_MAX) {
        return sy_fail(c->err, SY_E_FIELD, "evidence", "at most %d of each", QUALIFY_LIST_MAX);
    }
    return SY_OK;
}

sy_status condition_check(struct ask *c, const struct qualify_terms *t,
                          const struct sy_qualify_apply *a)
{
    bool developer = sy_view_is(c->party.role, "developer");
    SY_TRY(form_check(c, a));
    SY_TRY(lists_check(c, t, a));
    if (!control(RULES_CTL_SOUND_BUSINESS, is_text(a->operations, QUALIFY_TEXT_MAX))) {
        return sy_fail(c->err, SY_E_DENIED, "operations", "say how the business stands");
    }
    if (!control(RULES_CTL_PROFESSIONAL_TEAM, is_text(a->team, QUALIFY_TEXT_MAX))) {
        return sy_fail(c->err, SY_E_DENIED, "team", "describe the team and what it can do");
    }
    if (!control(RULES_CTL_SECURITY_OFFICER, is_text(a->officer, QUALIFY_NAME_MAX) &&
                                                 is_text(a->officer_unit, QUALIFY_NAME_MAX))) {
        return sy_fail(c->err, SY_E_DENIED, "officer",
                       "who answers for data security, and which unit manages it");
    }
    SY_TRY(incidents_check(c, t, a));
    SY_TRY(papers_check(c, a));
    return control(RULES_CTL_INITIAL_PLAN, !developer || is_text(a->plan, QUALIFY_TEXT_MAX))
               ? SY_OK
               : sy_fail(c->err, SY_E_DENIED, "plan", "a developer files a first plan of scenes");
}
