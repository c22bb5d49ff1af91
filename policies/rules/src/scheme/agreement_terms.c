/*
 * What an agreement has to say, and may not: every clause the pack names, a term of at most some years inside the
 * term of the agreement above and the scheme's own trial, and a scope inside the scope above.
 *
 * Source: scheme articles 9, 14, 36.
 */
#include "qualify.h"

static bool is_whole(const struct sy_agreement *a)
{
    return is_zero32(a->parent);
}

static struct sy_view clause_code(const void *list, size_t i)
{
    return ((const struct sy_agreement_clause *)list)[i].code;
}

static sy_status clauses_check(struct ask *c, const struct qualify_terms *t,
                               const struct sy_agreement *a)
{
    struct sy_view code = {0};
    for (size_t i = 0; i < a->n_clauses; i++) {
        if (!is_text(a->clauses[i].text, QUALIFY_TEXT_MAX)) {
            return sy_fail(c->err, SY_E_FIELD, "clauses", "%.*s: one line of text",
                           SY_PV(a->clauses[i].code));
        }
    }
    bool all =
        codes_named(t->q->clauses, t->q->n_clauses, a->clauses, a->n_clauses, clause_code, &code);
    return control(RULES_CTL_TEN_CLAUSES, all)
               ? SY_OK
               : sy_fail(c->err, SY_E_DENIED, "clauses", "%.*s: each clause of the pack, once",
                         SY_PV(code));
}

static sy_status dates_check(struct ask *c, const struct qualify_terms *t,
                             const struct sy_agreement *a)
{
    int64_t longest = calendar_years(t->calendar, a->not_before, (int64_t)t->q->term_years);
    if (a->not_before >= a->not_after || a->not_after < c->in->time) {
        return sy_fail(c->err, SY_E_FIELD, "not_after", "the term is positive, and not over");
    }
    if (!control(RULES_CTL_TERM_MAX_AGREEMENT, a->not_after <= longest)) {
        return sy_fail(c->err, SY_E_DENIED, "not_after", "an agreement runs at most %llu years",
                       (unsigned long long)t->q->term_years);
    }
    return control(RULES_CTL_TRIAL_END, a->not_after <= t->q->scheme_ends)
               ? SY_OK
               : sy_fail(c->err, SY_E_DENIED, "not_after", "the scheme's trial ends before it");
}

/* Names of datasets in the catalogue, each once; or, in the whole grant, the sign for all of them alone. */
static sy_status datasets_check(struct ask *c, const struct sy_agreement *a)
{
    bool all = view_in(sy_view_str(SY_AGREEMENT_ALL), a->datasets, a->n_datasets);
    if (a->n_datasets < 1 || (all && (a->n_datasets > 1 || !is_whole(a)))) {
        return sy_fail(c->err, SY_E_FIELD, "datasets",
                       "name the datasets; * stands for all, alone and in the whole grant only");
    }
    for (size_t i = 0; !all && i < a->n_datasets; i++) {
        struct dataset d;
        SY_TRY(dataset_read(c->state, a->datasets[i], c->arena, &d, c->err));
        if (view_in(a->datasets[i], a->datasets, i)) {
            return sy_fail(c->err, SY_E_FIELD, "datasets", "each dataset once");
        }
    }
    return SY_OK;
}

/* A developer's agreement stands under the operator's own, and is no wider and no longer. */
static sy_status parent_check(struct ask *c, const struct sy_agreement *a)
{
    struct agreement parent;
    if (is_whole(a)) {
        return SY_OK;
    }
    SY_TRY(agreement_read(c->state, a->parent, c->arena, &parent, c->err));
    if (!sy_view_eq(parent.said.grantee, a->grantor)) {
        return sy_fail(c->err, SY_E_DENIED, "parent", "it is not the grantor's whole grant");
    }
    sy_status s = agreement_in_force(c, &parent, "parent");
    if (!control(RULES_CTL_PARENT_IN_FORCE, sy_ok(s))) {
        return s;
    }
    if (!control(RULES_CTL_PARENT_TERM, a->not_before >= parent.said.not_before &&
                                            a->not_after <= parent.said.not_after)) {
        return sy_fail(c->err, SY_E_DENIED, "not_after", "it runs inside the whole grant's term");
    }
    for (size_t i = 0; i < a->n_datasets; i++) {
        if (!control(RULES_CTL_PARENT_SCOPE, agreement_holds(&parent.said, a->datasets[i]))) {
            return sy_fail(c->err, SY_E_DENIED, "datasets", "%.*s is outside the whole grant",
                           SY_PV(a->datasets[i]));
        }
    }
    return SY_OK;
}

sy_status agreement_terms(struct ask *c, const struct qualify_terms *t,
                          const struct sy_agreement *a)
{
    if (a->fee_permille > 1000 || (a->fee.n > 0 && !is_text(a->fee, QUALIFY_TEXT_MAX))) {
        return sy_fail(c->err, SY_E_FIELD, "fee", "a fee in words, and at most 1000 permille");
    }
    SY_TRY(clauses_check(c, t, a));
    SY_TRY(dates_check(c, t, a));
    SY_TRY(datasets_check(c, a));
    return parent_check(c, a);
}
