/*
 * The chain of reviews: operator first, then (where the pack asks, or asked when the proposal was filed) the department
 * of every dataset, then the agency. Each step looks at all steps before it, so no order of messages skips one; a
 * rejection at any step ends the proposal, and so does a return for correction: what is corrected is a new
 * proposal, reviewed from the start. The final approval checks the proposal again against the
 * pack and the budgets of that day, needs the holders' shares for protected data, and creates
 * the grant with its share of the budget held. A department that holds shares deposits them with its consent (custody.c),
 * and again when a grant is to be resumed; the agency's come with its final review.
 *
 * Invariants: a proposal's reviews are in chain order, each party's once; status granted exactly
 * when a grant row exists. Nobody reviews what they filed (roles differ, and keys are unique:
 * party.c). Source: scheme articles 17, 18; DESIGN section 2.
 */
#include "base/weak.h"
#include "scheme/own.h"
#include "scheme/scene.h"

enum { TEXT_MAX = 4096 };

sy_status chain_read(const struct rules_state *s, const uint8_t id[32], struct sy_arena *arena,
                     struct chain *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_hash("proposal/", id);
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_row_proposal_desc, arena, &ret->row, err));
    SY_TRY(sy_record_decode(&sy_proposal_desc, ret->row.proposal, &SY_MP_REQUEST, arena,
                            &ret->proposal, err));
    SY_TRY(pack_read(s, arena, &ret->pack, err));
    ret->scene = scheme_scene(&ret->pack);
    return SY_OK;
}

bool chain_approved(const struct chain *k, const char *step, struct sy_view by)
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

static bool first_approved(const struct chain *k)
{
    return chain_approved(k, "first_review", (struct sy_view){0});
}

/* A pack that asks no more for consent does not change what was filed before it. */
static bool wants_all(const struct chain *k)
{
    return (k->pack.consent && k->pack.consent_of.n == 0) || k->row.consent;
}

/* Must its department consent? Where the pack asks all of them, or where it holds a share of the key: whatever the pack
 * of the day says, nobody opens the dataset without it. */
static bool wants_consent(const struct chain *k, const struct dataset *d)
{
    return !sy_is_own(d->def.id) && (wants_all(k) || custody_holds(d, d->def.department));
}

sy_status chain_consent_missing(const struct rules_state *s, const struct chain *k,
                                struct sy_arena *arena, struct sy_view *ret, struct sy_error *err)
{
    *ret = (struct sy_view){0};
    for (size_t i = 0; i < k->proposal.n_datasets && ret->n == 0; i++) {
        struct dataset d;
        SY_TRY(dataset_read(s, k->proposal.datasets[i].dataset, arena, &d, err));
        if (wants_consent(k, &d) && !chain_approved(k, "consent", d.def.department)) {
            *ret = d.def.department;
        }
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

sy_status chain_concerns(struct ask *c, const struct chain *k)
{
    if (sy_view_is(c->party.role, "developer")) {
        return sy_view_eq(k->proposal.developer, c->party.party)
                   ? SY_OK
                   : sy_fail(c->err, SY_E_DENIED, "proposal", "it is another developer's");
    }
    return sy_view_is(c->party.role, "department") ? owns_one(c, k) : SY_OK;
}

/* ---- what a decision says ---- */

/* Returned at most so often: then it is approved or rejected. */
static sy_status rounds_check(struct ask *c, const struct chain *k)
{
    struct rules_key at = rules_key_scene(k->proposal.developer, k->proposal.scene);
    struct sy_row_scene scene;
    SY_TRY(rules_state_read(c->state, rules_key_view(&at), &sy_row_scene_desc, c->arena, &scene,
                            c->err));
    if (!control(RULES_CTL_ROUNDS, scene.returns < k->scene->rounds_max)) {
        return sy_fail(c->err, SY_E_LIMIT, "decision",
                       "returned %llu times already: approve it or reject it",
                       (unsigned long long)scene.returns);
    }
    return SY_OK;
}

static sy_status four_points(struct ask *c, const struct sy_review *a)
{
    const struct {
        const char *field;
        struct sy_view text;
    } points[] = {{"feasibility", a->feasibility},
                  {"compliance", a->compliance},
                  {"risk", a->risk},
                  {"value", a->value}};
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        if (!control(RULES_CTL_FOUR_POINTS, is_text(points[i].text, TEXT_MAX))) {
            return sy_fail(c->err, SY_E_FIELD, points[i].field,
                           "the first review speaks of feasibility, compliance, risk and value");
        }
    }
    return SY_OK;
}

/* Under a pack with a scene section: reasons, rounds, and that nobody's answer is awaited. */
static sy_status words_check(struct ask *c, const struct chain *k, const char *step)
{
    const struct sy_review *a = c->args;
    bool yes = sy_view_is(a->decision, "approve");
    bool back = sy_view_is(a->decision, "return");
    bool opinion = !yes || strcmp(step, "final_review") == 0;
    if (opinion && !control(RULES_CTL_REVIEW_OPINION, is_text(a->opinion, TEXT_MAX))) {
        return sy_fail(c->err, SY_E_FIELD, "opinion",
                       back ? "say what is to be corrected" : "say why");
    }
    if (strcmp(step, "first_review") == 0 && !back) {
        SY_TRY(four_points(c, a));
    }
    if (yes && !control(RULES_CTL_TURN, !sy_view_is(k->row.turn, "developer"))) {
        return sy_fail(c->err, SY_E_STATE, "turn", "the developer's answer is awaited");
    }
    return back ? rounds_check(c, k) : SY_OK;
}

/* What all three steps check first. */
static sy_status open_chain(struct ask *c, const char *step, struct chain *k)
{
    const struct sy_review *a = c->args;
    SY_TRY(chain_read(c->state, c->req->header.grant, c->arena, k, c->err));
    if (!sy_view_is(k->row.status, "filed")) {
        return sy_fail(c->err, SY_E_STATE, "proposal", "the proposal is %.*s",
                       SY_PV(k->row.status));
    }
    if (!control(RULES_CTL_LAPSE, !proposal_lapsed(&k->row, c->in->time))) {
        return sy_fail(c->err, SY_E_EXPIRED, "proposal",
                       "nobody decided in the time that it had; the developer applies again");
    }
    if (!word_in(a->decision, k->scene == NULL ? "approve reject" : "approve reject return")) {
        return sy_fail(c->err, SY_E_FIELD, "decision",
                       k->scene == NULL ? "approve or reject" : "approve, reject or return");
    }
    if (!control(RULES_CTL_OWN_REVIEW, !sy_view_eq(k->proposal.developer, c->party.party))) {
        return sy_fail(c->err, SY_E_ROLE, "party", "nobody reviews what they filed");
    }
    return k->scene == NULL ? SY_OK : words_check(c, k, step);
}

/* ---- decide ---- */

sy_status decide_first_review(struct ask *c)
{
    struct chain k;
    SY_TRY(open_chain(c, "first_review", &k));
    if (first_approved(&k)) {
        return sy_fail(c->err, SY_E_EXISTS, "first_review", "the first review was made");
    }
    return SY_OK;
}

/* Only who holds shares consents twice: it deposits them again. */
static sy_status consented(struct ask *c, const struct chain *k, bool holds)
{
    const struct sy_review *a = c->args;
    if (chain_approved(k, "consent", c->party.party) &&
        !(holds && sy_view_is(a->decision, "approve"))) {
        return sy_fail(c->err, SY_E_EXISTS, "consent", "the department has consented");
    }
    return sy_view_is(a->decision, "approve") ? deposit_given(c, &k->proposal) : SY_OK;
}

/* The words for a pack without consent are those that logs have, which are decided again word by word. */
static sy_status not_asked(struct ask *c, const struct chain *k)
{
    return sy_fail(c->err, SY_E_STATE, "consent", "%s",
                   k->pack.consent ? "the pack does not ask for this department's consent"
                                   : "the pack asks for no department's consent");
}

sy_status decide_consent(struct ask *c)
{
    struct chain k;
    bool holds;
    SY_TRY(chain_read(c->state, c->req->header.grant, c->arena, &k, c->err));
    SY_TRY(custody_holds_any(c->state, &k.proposal, c->party.party, c->arena, &holds, c->err));
    if (holds && sy_view_is(k.row.status, "granted")) {
        return deposit_again(c);
    }
    SY_TRY(open_chain(c, "consent", &k));
    if (!holds && !wants_all(&k)) {
        return not_asked(c, &k);
    }
    SY_TRY(owns_one(c, &k));
    if (!control(RULES_CTL_FIRST_REVIEW, first_approved(&k))) {
        return sy_fail(c->err, SY_E_REVIEW, "first_review",
                       "the operator's first review comes first");
    }
    return consented(c, &k, holds);
}

/* The world of today: catalogue, budgets, agreement, and the grant that it would replace. */
static sy_status grantable(struct ask *c, const struct chain *k)
{
    SY_TRY(proposal_check(c->state, &k->proposal, c->in->time, c->arena, c->err));
    SY_TRY(application_check(k->scene, &k->proposal, c->err));
    SY_TRY(own_named(c, &k->pack, &k->proposal, c->req->header.grant));
    SY_TRY(application_offered(c, &k->pack, &k->proposal));
    SY_TRY(application_allowed(c, &k->pack, &k->proposal));
    SY_TRY(shrink_ready(c, &k->proposal));
    SY_TRY(deposits_there(c, &k->proposal));
    return shares_given(c, &k->proposal);
}

sy_status decide_final_review(struct ask *c)
{
    const struct sy_review *a = c->args;
    struct chain k;
    struct sy_view missing;
    SY_TRY(open_chain(c, "final_review", &k));
    if (!control(RULES_CTL_FIRST_REVIEW, first_approved(&k))) {
        return sy_fail(c->err, SY_E_REVIEW, "first_review",
                       "the operator's first review is missing");
    }
    SY_TRY(chain_consent_missing(c->state, &k, c->arena, &missing, c->err));
    if (!control(RULES_CTL_CONSENT, missing.n == 0)) {
        return sy_fail(c->err, SY_E_REVIEW, "consent", "the consent of department %.*s is missing",
                       SY_PV(missing));
    }
    if (!sy_view_is(a->decision, "approve")) {
        return SY_OK;
    }
    SY_TRY(grantable(c, &k));
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

/* A share of every namespace the datasets touch, held from now on. */
static sy_status create_account(struct change *x, const struct chain *k)
{
    struct sy_view *spaces;
    struct sy_row_account a = {0};
    SY_TRY(proposal_spaces(x->state, &k->proposal, x->arena, &spaces, &a.n_shares, x->err));
    a.shares = sy_arena_alloc(x->arena, a.n_shares + 1, sizeof(*a.shares));
    if (a.shares == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < a.n_shares; i++) {
        a.shares[i] = (struct sy_row_grant_share){.cells = k->proposal.cells,
                                                  .delta = k->proposal.delta,
                                                  .ns = spaces[i],
                                                  .rho = k->proposal.rho};
    }
    SY_TRY(budget_hold(x, &a));
    return account_put(x, x->req->header.grant, &a);
}

static sy_status create_grant(struct change *x, const struct chain *k)
{
    struct sy_row_grant g = {.developer = k->proposal.developer,
                             .entry = x->entry,
                             .proposal = k->row.proposal,
                             .status = sy_view_str("active")};
    SY_TRY(own_bind(x, &k->proposal, x->req->header.grant, true));
    SY_TRY(shrink_end(x, &k->proposal)); /* first: what it had left is the new one's */
    SY_TRY(create_account(x, k));
    struct rules_key key = rules_key_hash("grant/", x->req->header.grant);
    return effect_put(x->effect, &key, &sy_row_grant_desc, &g, x->err);
}

/* One more return of this scene. */
static sy_status count_return(struct change *x, const struct chain *k)
{
    struct rules_key at = rules_key_scene(k->proposal.developer, k->proposal.scene);
    struct sy_row_scene scene;
    SY_TRY(rules_state_read(x->state, rules_key_view(&at), &sy_row_scene_desc, x->arena, &scene,
                            x->err));
    scene.returns++;
    return effect_put(x->effect, &at, &sy_row_scene_desc, &scene, x->err);
}

/* Whose turn it is after a review. */
static sy_status pass_turn(struct change *x, struct chain *k)
{
    k->row.turn = (struct sy_view){0};
    return k->scene == NULL || !sy_view_is(k->row.status, "filed")
               ? SY_OK
               : chain_turn(x->state, k, x->arena, &k->row.turn, x->err);
}

static const char *status_after(struct sy_view decision, bool last)
{
    if (!sy_view_is(decision, "approve")) {
        return sy_view_is(decision, "return") ? "returned" : "rejected";
    }
    return control(RULES_CTL_FINAL_REVIEW, last) ? "granted" : "filed";
}

/* last: its approval grants. */
static sy_status put_review(struct change *x, const char *step, bool last)
{
    const struct sy_review *a = x->args;
    const uint8_t *id = x->req->header.grant;
    struct chain k;
    SY_TRY(chain_read(x->state, id, x->arena, &k, x->err));
    k.row.reviews = reviews_with(x, k.row.reviews, k.row.n_reviews, step, a->decision);
    if (k.row.reviews == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    k.row.n_reviews++;
    k.row.status = sy_view_str(status_after(a->decision, last));
    SY_TRY(pass_turn(x, &k));
    if (sy_view_is(k.row.status, "returned")) {
        SY_TRY(count_return(x, &k));
    }
    if (word_in(k.row.status, "rejected returned")) {
        SY_TRY(deposits_drop(x, id));
    }
    struct rules_key key = rules_key_hash("proposal/", id);
    SY_TRY(effect_put(x->effect, &key, &sy_row_proposal_desc, &k.row, x->err));
    return sy_view_is(k.row.status, "granted") ? create_grant(x, &k) : SY_OK;
}

sy_status apply_first_review(struct change *x)
{
    return put_review(x, "first_review", false);
}

sy_status apply_consent(struct change *x)
{
    const struct sy_review *a = x->args;
    const uint8_t *id = x->req->header.grant;
    struct chain k;
    bool holds;
    SY_TRY(chain_read(x->state, id, x->arena, &k, x->err));
    SY_TRY(
        custody_holds_any(x->state, &k.proposal, x->req->header.party, x->arena, &holds, x->err));
    if (!chain_approved(&k, "consent", x->req->header.party)) {
        SY_TRY(put_review(x, "consent", sy_weak(SY_WEAK_LIE_REVIEW)));
    }
    return holds && sy_view_is(a->decision, "approve") ? deposit_put(x, id) : SY_OK;
}

sy_status apply_final_review(struct change *x)
{
    return put_review(x, "final_review", true);
}
