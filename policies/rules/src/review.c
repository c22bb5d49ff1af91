/*
 * The chain of reviews: operator first, then (where the pack asks) the department of every dataset,
 * then the agency. Each step looks at all steps before it, so no order of messages skips one; a
 * rejection at any step ends the proposal. The final approval checks the proposal again against the
 * pack and the budgets of that day, needs the custodians' shares for protected data, and creates
 * the grant with its share of the budget held.
 *
 * Invariants: a proposal's reviews are in chain order, each party's once; status granted exactly
 * when a grant row exists. Nobody reviews what they filed (roles differ, and keys are unique:
 * party.c). Source: scheme articles 17, 18; DESIGN section 2.
 */
#include "base/weak.h"
#include "method.h"

struct chain {
    struct sy_row_proposal row;
    struct sy_proposal proposal;
    struct sy_pack pack;
};

static sy_status chain_read(const struct rules_state *s, const uint8_t id[32],
                            struct sy_arena *arena, struct chain *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_hash("proposal/", id);
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_row_proposal_desc, arena, &ret->row, err));
    SY_TRY(sy_record_decode(&sy_proposal_desc, ret->row.proposal, &SY_MP_REQUEST, arena,
                            &ret->proposal, err));
    return pack_read(s, arena, &ret->pack, err);
}

/* Was this step approved (by that party, when one is named)? */
static bool approved(const struct chain *k, const char *step, struct sy_view by)
{
    for (size_t i = 0; i < k->row.n_reviews; i++) {
        const struct sy_row_review *r = &k->row.reviews[i];
        if (sy_view_is(r->step, step) && sy_view_is(r->decision, "approve") &&
            (by.n == 0 || sy_view_eq(r->party, by))) {
            return true;
        }
    }
    return false;
}

/* What all three steps check first. */
static sy_status open_chain(struct ask *c, struct chain *k)
{
    const struct sy_review *a = c->args;
    SY_TRY(chain_read(c->state, c->req->header.grant, c->arena, k, c->err));
    if (!sy_view_is(k->row.status, "filed")) {
        return sy_fail(c->err, SY_E_STATE, "proposal", "the proposal is %.*s",
                       SY_PV(k->row.status));
    }
    if (!word_in(a->decision, "approve reject")) {
        return sy_fail(c->err, SY_E_FIELD, "decision", "approve or reject");
    }
    if (sy_view_eq(k->proposal.developer, c->party.party)) {
        return sy_fail(c->err, SY_E_ROLE, "party", "nobody reviews what they filed");
    }
    return SY_OK;
}

sy_status decide_first_review(struct ask *c)
{
    struct chain k;
    SY_TRY(open_chain(c, &k));
    if (approved(&k, "first_review", (struct sy_view){0})) {
        return sy_fail(c->err, SY_E_EXISTS, "first_review", "the first review was made");
    }
    return SY_OK;
}

static sy_status owns_one(struct ask *c, const struct chain *k)
{
    for (size_t i = 0; i < k->proposal.n_datasets; i++) {
        struct dataset d;
        SY_TRY(dataset_read(c->state, k->proposal.datasets[i].dataset, c->arena, &d, c->err));
        if (sy_view_eq(d.def.department, c->party.party)) {
            return SY_OK;
        }
    }
    return sy_fail(c->err, SY_E_DENIED, "datasets", "none of the datasets is this department's");
}

sy_status decide_consent(struct ask *c)
{
    struct chain k;
    SY_TRY(open_chain(c, &k));
    if (!k.pack.consent) {
        return sy_fail(c->err, SY_E_STATE, "consent", "the pack asks for no department's consent");
    }
    SY_TRY(owns_one(c, &k));
    if (!approved(&k, "first_review", (struct sy_view){0})) {
        return sy_fail(c->err, SY_E_REVIEW, "first_review",
                       "the operator's first review comes first");
    }
    if (approved(&k, "consent", c->party.party)) {
        return sy_fail(c->err, SY_E_EXISTS, "consent", "the department has consented");
    }
    return SY_OK;
}

/* Has the department of every dataset consented? */
static sy_status all_consent(struct ask *c, const struct chain *k)
{
    for (size_t i = 0; k->pack.consent && i < k->proposal.n_datasets; i++) {
        struct dataset d;
        SY_TRY(dataset_read(c->state, k->proposal.datasets[i].dataset, c->arena, &d, c->err));
        if (!approved(k, "consent", d.def.department)) {
            return sy_fail(c->err, SY_E_REVIEW, "consent",
                           "the consent of department %.*s is missing", SY_PV(d.def.department));
        }
    }
    return SY_OK;
}

sy_status decide_final_review(struct ask *c)
{
    const struct sy_review *a = c->args;
    struct chain k;
    SY_TRY(open_chain(c, &k));
    if (!approved(&k, "first_review", (struct sy_view){0})) {
        return sy_fail(c->err, SY_E_REVIEW, "first_review",
                       "the operator's first review is missing");
    }
    SY_TRY(all_consent(c, &k));
    if (sy_view_is(a->decision, "reject")) {
        return SY_OK;
    }
    SY_TRY(proposal_check(c->state, &k.proposal, c->in->time, c->arena, c->err));
    SY_TRY(shares_given(c, &k.proposal));
    c->type = "grant";
    return SY_OK;
}

/* ---- apply ---- */

struct sy_row_review *reviews_with(struct change *x, const struct sy_row_review *list, size_t n,
                                   const char *step, struct sy_view decision)
{
    struct sy_row_review *all = sy_arena_alloc(x->arena, n + 1, sizeof(*all));
    if (all == NULL) {
        (void)sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        all[i] = list[i];
    }
    all[n] = (struct sy_row_review){.decision = decision,
                                    .entry = x->entry,
                                    .party = x->req->header.party,
                                    .step = sy_view_str(step)};
    return all;
}

static sy_status put_review(struct change *x, struct chain *k, const char *step, const char *status)
{
    const struct sy_review *a = x->args;
    const uint8_t *id = x->req->header.grant;
    SY_TRY(chain_read(x->state, id, x->arena, k, x->err));
    k->row.reviews = reviews_with(x, k->row.reviews, k->row.n_reviews, step, a->decision);
    if (k->row.reviews == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    k->row.n_reviews++;
    bool rejected = sy_view_is(a->decision, "reject");
    k->row.status = sy_view_str(rejected ? "rejected" : status);
    struct rules_key key = rules_key_hash("proposal/", id);
    return effect_put(x->effect, &key, &sy_row_proposal_desc, &k->row, x->err);
}

sy_status apply_first_review(struct change *x)
{
    struct chain k;
    return put_review(x, &k, "first_review", "filed");
}

/* The new grant: a share of every namespace the datasets touch, held from now on. */
static sy_status create_grant(struct change *x, const struct chain *k)
{
    struct sy_view *spaces;
    size_t n;
    SY_TRY(proposal_spaces(x->state, &k->proposal, x->arena, &spaces, &n, x->err));
    struct sy_row_grant g = {.developer = k->proposal.developer,
                             .entry = x->entry,
                             .proposal = k->row.proposal,
                             .status = sy_view_str("active"),
                             .n_shares = n};
    g.shares = sy_arena_alloc(x->arena, n + 1, sizeof(*g.shares));
    if (g.shares == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        g.shares[i] = (struct sy_row_grant_share){.cells = k->proposal.cells,
                                                  .delta = k->proposal.delta,
                                                  .ns = spaces[i],
                                                  .rho = k->proposal.rho};
    }
    SY_TRY(budget_hold(x, &g));
    struct rules_key key = rules_key_hash("grant/", x->req->header.grant);
    return effect_put(x->effect, &key, &sy_row_grant_desc, &g, x->err);
}

sy_status apply_consent(struct change *x)
{
    const struct sy_review *a = x->args;
    struct chain k;
    if (sy_weak(SY_WEAK_LIE_REVIEW) && sy_view_is(a->decision, "approve")) {
        SY_TRY(put_review(x, &k, "consent", "granted"));
        return create_grant(x, &k);
    }
    return put_review(x, &k, "consent", "filed");
}

sy_status apply_final_review(struct change *x)
{
    const struct sy_review *a = x->args;
    struct chain k;
    SY_TRY(put_review(x, &k, "final_review", "granted"));
    return sy_view_is(a->decision, "approve") ? create_grant(x, &k) : SY_OK;
}
