/*
 * scene.apply: a developer files a proposal. Its hash, fixed here, is what every review signs and
 * what becomes the grant's id; a change is a new proposal. One scene, one grant: while a proposal
 * or grant of the same scene of the same developer lives, a second is refused.
 *
 * Source: scheme articles 17, 18; DESIGN section 2 ("approval is a key").
 */
#include "method.h"
#include "proof/ids.h"

/* Is the scene's last proposal still open, or its grant still alive? */
static sy_status scene_free(struct ask *c, const struct sy_proposal *p)
{
    struct rules_key at = rules_key_scene(p->developer, p->scene);
    struct sy_view value;
    if (!rules_state_get(c->state, rules_key_view(&at), &value)) {
        return SY_OK;
    }
    struct sy_row_scene scene;
    struct sy_row_proposal last;
    SY_TRY(rules_state_read(c->state, rules_key_view(&at), &sy_row_scene_desc, c->arena, &scene,
                            c->err));
    struct rules_key key = rules_key_hash("proposal/", scene.proposal);
    SY_TRY(rules_state_read(c->state, rules_key_view(&key), &sy_row_proposal_desc, c->arena, &last,
                            c->err));
    bool lives = sy_view_is(last.status, "filed");
    if (sy_view_is(last.status, "granted")) {
        struct sy_row_grant g;
        struct sy_proposal old;
        SY_TRY(grant_row(c->state, scene.proposal, c->arena, &g, &old, c->err));
        lives = word_in(g.status, "active awaiting suspended");
    }
    return lives ? sy_fail(c->err, SY_E_EXISTS, "scene", "one scene, one grant: this one is live")
                 : SY_OK;
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

sy_status decide_scene(struct ask *c)
{
    const struct sy_proposal *p = c->args;
    SY_TRY(proposal_own(c, p));
    uint8_t id[32];
    proof_grant_id(id, c->req->args);
    struct rules_key key = rules_key_hash("proposal/", id);
    struct sy_view value;
    if (rules_state_get(c->state, rules_key_view(&key), &value)) {
        return sy_fail(c->err, SY_E_EXISTS, "proposal", "this very proposal was filed before");
    }
    SY_TRY(proposal_check(c->state, p, c->in->time, c->arena, c->err));
    return scene_free(c, p);
}

sy_status apply_scene(struct change *x)
{
    const struct sy_proposal *p = x->args;
    struct sy_row_scene scene;
    proof_grant_id(scene.proposal, x->req->args);
    struct rules_key at_scene = rules_key_scene(p->developer, p->scene);
    struct rules_key at_proposal = rules_key_hash("proposal/", scene.proposal);
    struct sy_row_proposal row = {
        .entry = x->entry, .proposal = x->req->args, .status = sy_view_str("filed")};
    SY_TRY(effect_put(x->effect, &at_scene, &sy_row_scene_desc, &scene, x->err));
    return effect_put(x->effect, &at_proposal, &sy_row_proposal_desc, &row, x->err);
}
