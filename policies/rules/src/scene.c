/*
 * scene.apply: a developer files a proposal. Its hash, fixed here, is what every review signs and
 * what becomes the grant's id; a change is a new proposal. One scene, one grant: while a proposal
 * or grant of the same scene of the same developer lives, a second is refused, but for one that asks for
 * less and takes the live grant's place when it is approved (scheme/shrink.c). After a return the scene is
 * free for the proposal that corrects what was returned, and names it.
 *
 * Invariants: a proposal is filed once, so that what was granted is never filed, reviewed or granted
 * again; the scene's row names its last proposal, and while that would shrink a grant, that grant.
 * Source: scheme articles 17, 18; DESIGN section 2 ("approval is a key").
 */
#include "scheme/scene.h"
#include "scheme/own.h"

#include "proof/ids.h"

/* How a scene of this developer stands. */
struct standing {
    bool known; /* somebody applied for it before */
    struct sy_row_scene row;
    struct sy_row_proposal last;
    uint8_t live[32]; /* its live grant; zero: none */
};

static sy_status live_grant(struct ask *c, const uint8_t id[32], struct standing *ret)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(c->state, id, c->arena, &g, &p, c->err));
    if (word_in(g.status, "active awaiting suspended")) {
        memcpy(ret->live, id, 32);
    }
    return SY_OK;
}

static sy_status standing_of(struct ask *c, const struct sy_proposal *p, struct standing *ret)
{
    struct rules_key at = rules_key_scene(p->developer, p->scene);
    struct sy_view value;
    *ret = (struct standing){.known = rules_state_get(c->state, rules_key_view(&at), &value)};
    if (!ret->known) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(c->state, rules_key_view(&at), &sy_row_scene_desc, c->arena, &ret->row,
                            c->err));
    struct rules_key key = rules_key_hash("proposal/", ret->row.proposal);
    SY_TRY(rules_state_read(c->state, rules_key_view(&key), &sy_row_proposal_desc, c->arena,
                            &ret->last, c->err));
    if (sy_view_is(ret->last.status, "granted")) {
        return live_grant(c, ret->row.proposal, ret);
    }
    return is_zero32(ret->row.grant) ? SY_OK : live_grant(c, ret->row.grant, ret);
}

/* Does it name what was returned, if and only if something was? */
static sy_status replaces_check(struct ask *c, const struct sy_proposal *p,
                                const struct standing *k)
{
    static const uint8_t none[32] = {0};
    const struct sy_application *a = proposal_application(p);
    bool returned = k->known && sy_view_is(k->last.status, "returned");
    const uint8_t *want = returned ? k->row.proposal : none;
    if (memcmp(a == NULL ? none : a->replaces, want, 32) != 0) {
        return sy_fail(c->err, SY_E_STATE, "application.replaces",
                       returned ? "name the application that was returned"
                                : "no application of this scene was returned");
    }
    return SY_OK;
}

/* Is the scene free for this proposal? */
static sy_status scene_free(struct ask *c, const struct sy_proposal *p)
{
    struct standing k;
    SY_TRY(standing_of(c, p, &k));
    const uint8_t *shrinks = proposal_shrinks(p);
    bool open = sy_view_is(k.last.status, "filed") && !proposal_lapsed(&k.last, c->in->time);
    bool live = !is_zero32(k.live);
    bool takes_place = shrinks != NULL && memcmp(shrinks, k.live, 32) == 0;
    if (!control(RULES_CTL_ONE_SCENE_ONE_GRANT, !open && (!live || takes_place))) {
        return sy_fail(c->err, SY_E_EXISTS, "scene", "one scene, one grant: this one is live");
    }
    if (shrinks != NULL && !takes_place) {
        return sy_fail(c->err, SY_E_STATE, "application.shrinks",
                       "it is not the live grant of this scene");
    }
    return replaces_check(c, p, &k);
}

sy_status proposal_own(struct ask *c, const struct sy_proposal *p)
{
    if (!sy_view_eq(p->developer, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "developer", "a developer applies for itself");
    }
    if (memcmp(p->domain, c->req->header.domain, 32) != 0) {
        return sy_fail(c->err, SY_E_FIELD, "domain", "the proposal is for another domain");
    }
    return SY_OK;
}

/* BOUNDARY: a proposal's hash is its name, so this alone keeps a granted one from being filed anew. */
static sy_status never_filed(struct ask *c)
{
    uint8_t id[32];
    struct sy_view value;
    proof_grant_id(id, c->req->args);
    struct rules_key key = rules_key_hash("proposal/", id);
    bool fresh = !rules_state_get(c->state, rules_key_view(&key), &value);
    return control(RULES_CTL_GRANT_IMMUTABLE, fresh)
               ? SY_OK
               : sy_fail(c->err, SY_E_EXISTS, "proposal", "this very proposal was filed before");
}

sy_status decide_scene(struct ask *c)
{
    const struct sy_proposal *p = c->args;
    struct sy_pack pack;
    uint8_t id[32];
    proof_grant_id(id, c->req->args);
    SY_TRY(proposal_own(c, p));
    SY_TRY(never_filed(c));
    SY_TRY(shrink_check(c, p));
    SY_TRY(proposal_check(c->state, p, c->in->time, c->arena, c->err));
    SY_TRY(pack_read(c->state, c->arena, &pack, c->err));
    SY_TRY(application_check(scheme_scene(&pack), p, c->err));
    SY_TRY(own_named(c, &pack, p, id));
    SY_TRY(application_offered(c, &pack, p));
    SY_TRY(application_allowed(c, &pack, p));
    return scene_free(c, p);
}

/* What the pack of that day adds to a proposal's row: that consent is needed, which no later pack takes away; and what
 * its section for scenes says. */
static sy_status begin(struct change *x, struct sy_row_proposal *row)
{
    struct sy_pack pack;
    SY_TRY(pack_read(x->state, x->arena, &pack, x->err));
    const struct sy_pack_scene *s = scheme_scene(&pack);
    row->consent = pack.consent && pack.consent_of.n == 0;
    if (s != NULL) {
        row->due = calendar_deadline(scheme_calendar(&pack), x->in->time, s->review_days);
        row->turn = sy_view_str("operator");
    }
    return SY_OK;
}

/* What goes on from the application that this one corrects: how often the scene was returned; no review. */
static sy_status go_on(struct change *x, const struct sy_application *a, const struct rules_key *at,
                       struct sy_row_scene *scene, struct sy_row_proposal *row)
{
    struct sy_row_scene old;
    struct sy_row_proposal returned;
    if (a == NULL || is_zero32(a->replaces)) {
        return SY_OK;
    }
    struct rules_key key = rules_key_hash("proposal/", a->replaces);
    SY_TRY(
        rules_state_read(x->state, rules_key_view(at), &sy_row_scene_desc, x->arena, &old, x->err));
    SY_TRY(rules_state_read(x->state, rules_key_view(&key), &sy_row_proposal_desc, x->arena,
                            &returned, x->err));
    scene->returns = old.returns;
    if (control(RULES_CTL_RETURN_RESETS, false)) { /* in a weak build: as if nothing had changed */
        row->reviews = returned.reviews;
        row->n_reviews = returned.n_reviews;
    }
    return SY_OK;
}

sy_status apply_scene(struct change *x)
{
    const struct sy_proposal *p = x->args;
    const uint8_t *shrinks = proposal_shrinks(p);
    struct sy_row_scene scene = {0};
    proof_grant_id(scene.proposal, x->req->args);
    struct rules_key at_scene = rules_key_scene(p->developer, p->scene);
    struct rules_key at_proposal = rules_key_hash("proposal/", scene.proposal);
    struct sy_row_proposal row = {
        .entry = x->entry, .proposal = x->req->args, .status = sy_view_str("filed")};
    if (shrinks != NULL) {
        memcpy(scene.grant, shrinks, 32);
    }
    SY_TRY(begin(x, &row));
    SY_TRY(go_on(x, proposal_application(p), &at_scene, &scene, &row));
    SY_TRY(own_bind(x, p, scene.proposal, false));
    SY_TRY(effect_put(x->effect, &at_scene, &sy_row_scene_desc, &scene, x->err));
    return effect_put(x->effect, &at_proposal, &sy_row_proposal_desc, &row, x->err);
}
