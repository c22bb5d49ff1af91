/*
 * Shrinking a grant: the developer applies for less in the same scene, with a new proposal that goes through all
 * reviews. When it is approved the larger grant is revoked in the same event, so that one scene keeps one grant, and
 * what it had left of its budget is there for the smaller one.
 *
 * Invariant: whatever the smaller grant allows, the larger one still allowed when it ended: of its fields, masks and term,
 * and of what was left of its runs, overruns and budget.
 * Source: scheme article 18 (minimum necessity, one scene one grant).
 */
#include "scene.h"

const uint8_t *proposal_shrinks(const struct sy_proposal *p)
{
    const struct sy_application *a = proposal_application(p);
    return a == NULL || is_zero32(a->shrinks) ? NULL : a->shrinks;
}

static size_t granted(const struct sy_proposal *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_datasets; i++) {
        for (size_t k = 0; k < p->datasets[i].n_fields; k++) {
            n += !sy_view_is(p->datasets[i].fields[k].mask, "drop");
        }
    }
    return n;
}

/* Each field that is asked for was granted, as it is. */
static bool fields_within(const struct sy_proposal *p, const struct sy_proposal *old)
{
    bool within = true;
    for (size_t i = 0; i < p->n_datasets; i++) {
        const struct sy_prop_dataset *was = proposal_dataset(old, p->datasets[i].dataset);
        for (size_t k = 0; k < p->datasets[i].n_fields; k++) {
            const struct sy_prop_field *f = &p->datasets[i].fields[k];
            const struct sy_prop_field *g = was == NULL ? NULL : proposal_field(was, f->name);
            within = within && g != NULL &&
                     (sy_view_eq(f->mask, g->mask) || sy_view_is(f->mask, "drop"));
        }
    }
    return within;
}

static bool all_in(const struct sy_view *list, size_t n, const struct sy_view *of, size_t n_of)
{
    bool all = true;
    for (size_t i = 0; i < n; i++) {
        all = all && view_in(list[i], of, n_of);
    }
    return all;
}

/* The scene's own words, and what may be fused. */
static bool same_scene(const struct sy_proposal *p, const struct sy_proposal *old)
{
    const struct sy_application *a = proposal_application(p);
    const struct sy_application *b = proposal_application(old);
    bool fuses_less = a == NULL || a->n_own_data == 0 ||
                      (b != NULL && all_in(a->own_data, a->n_own_data, b->own_data, b->n_own_data));
    return sy_view_eq(p->scene, old->scene) && sy_view_eq(p->purpose, old->purpose) && fuses_less;
}

static bool limits_within(const struct sy_proposal *p, const struct sy_proposal *old)
{
    return p->not_after <= old->not_after && p->calls <= old->calls &&
           p->overruns <= old->overruns && p->rho <= old->rho && p->delta <= old->delta &&
           p->cells <= old->cells &&
           all_in(p->mechanisms, p->n_mechanisms, old->mechanisms, old->n_mechanisms);
}

sy_status shrink_check(struct ask *c, const struct sy_proposal *p)
{
    const uint8_t *id = proposal_shrinks(p);
    struct sy_row_grant g;
    struct sy_proposal old;
    if (id == NULL) {
        return SY_OK;
    }
    SY_TRY(grant_row(c->state, id, c->arena, &g, &old, c->err));
    if (!sy_view_eq(g.developer, p->developer)) {
        return sy_fail(c->err, SY_E_GRANT, "application.shrinks", "it is another developer's");
    }
    bool smaller = same_scene(p, &old) && limits_within(p, &old) && fields_within(p, &old) &&
                   granted(p) < granted(&old);
    if (!control(RULES_CTL_SHRINK_SMALLER, smaller)) {
        return sy_fail(c->err, SY_E_FIELD, "application.shrinks",
                       "the same scene and purpose, with fewer of its fields, their masks as they "
                       "are, and no limit raised");
    }
    return SY_OK;
}

/* What the larger grant has left of one namespace's budget. */
static bool share_left(const struct sy_proposal *p, const struct sy_row_account *a,
                       struct sy_view ns)
{
    const struct sy_row_grant_share *s = grant_share(a, ns);
    return s != NULL && p->rho <= s->rho - s->rho_spent && p->delta <= s->delta - s->delta_spent &&
           p->cells <= s->cells - s->cells_spent;
}

/* A smaller grant renews nothing that was used. */
static sy_status left_check(struct ask *c, const struct sy_proposal *p,
                            const struct sy_row_grant *g, const struct sy_proposal *old)
{
    struct sy_view *spaces;
    size_t n;
    struct sy_row_account a;
    SY_TRY(account_row(c->state, proposal_shrinks(p), c->arena, &a, c->err));
    bool left = g->overruns <= old->overruns && p->overruns <= old->overruns - g->overruns &&
                a.calls <= old->calls && p->calls <= old->calls - a.calls;
    SY_TRY(proposal_spaces(c->state, p, c->arena, &spaces, &n, c->err));
    for (size_t i = 0; i < n; i++) {
        left = left && share_left(p, &a, spaces[i]);
    }
    return control(RULES_CTL_SHRINK_SMALLER, left)
               ? SY_OK
               : sy_fail(c->err, SY_E_LIMIT, "application.shrinks",
                         "more than the larger grant has left of runs, overruns or budget");
}

sy_status shrink_ready(struct ask *c, const struct sy_proposal *p)
{
    const uint8_t *id = proposal_shrinks(p);
    struct sy_row_grant g;
    struct sy_proposal old;
    if (id == NULL) {
        return SY_OK;
    }
    SY_TRY(grant_row(c->state, id, c->arena, &g, &old, c->err));
    if (!word_in(g.status, "active awaiting")) {
        return sy_fail(c->err, SY_E_STATE, "application.shrinks", "the larger grant is %.*s",
                       SY_PV(g.status));
    }
    return left_check(c, p, &g, &old);
}

sy_status shrink_end(struct change *x, const struct sy_proposal *p)
{
    const uint8_t *id = proposal_shrinks(p);
    const struct sy_view larger = sy_view(id, id == NULL ? 0 : 32);
    const struct stop which = {
        .grants = &larger, .n_grants = 1, .for_good = true, .ground = sy_view_str("shrunk")};
    bool kept = control(RULES_CTL_SHRINK_REPLACES, false); /* never, but in a weak build */
    return id == NULL || kept ? SY_OK : grants_stop(x, &which);
}
