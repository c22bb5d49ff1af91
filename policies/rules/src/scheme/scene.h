/*
 * Private to the rules: applications on their way to a grant, as scene.c and review.c see them too. What is said of
 * the pack's section for scenes holds only where the pack has one (chain.scene).
 */
#ifndef RULES_SCHEME_SCENE_H
#define RULES_SCHEME_SCENE_H

#include "scheme.h"

/* A filed proposal with all that its reviews look at. */
struct chain {
    struct sy_row_proposal row;
    struct sy_proposal proposal;
    struct sy_pack pack;
    const struct sy_pack_scene *scene; /* NULL: the pack demands nothing more */
};

/* Read proposal `id`. SY_E_NOT_FOUND (review.c). */
SY_MUST sy_status chain_read(const struct rules_state *s, const uint8_t id[32],
                             struct sy_arena *arena, struct chain *ret, struct sy_error *err);

/* Was this step approved (by that party, when one is named; review.c)? */
bool chain_approved(const struct chain *k, const char *step, struct sy_view by);

/* The first department whose consent the pack asks for and that has not given it; empty: none (review.c). */
SY_MUST sy_status chain_consent_missing(const struct rules_state *s, const struct chain *k,
                                        struct sy_arena *arena, struct sy_view *ret,
                                        struct sy_error *err);

/* Is the party concerned: the proposal's developer, or with a dataset of it a department; operator and agency
 * always. SY_E_DENIED (review.c). */
SY_MUST sy_status chain_concerns(struct ask *c, const struct chain *k);

/* ---- application.c ---- */

/* The proposal's application; NULL: it has none. */
const struct sy_application *proposal_application(const struct sy_proposal *p);

/* Is what it says complete: the application, a reason for every field? SY_E_FIELD. */
SY_MUST sy_status application_check(const struct sy_pack_scene *want, const struct sy_proposal *p,
                                    struct sy_error *err);

/* May a grant over these datasets be given now? Each is on offer, where the pack has a catalogue. offer_check's errors. */
SY_MUST sy_status application_offered(struct ask *c, const struct sy_pack *pack,
                                      const struct sy_proposal *p);

/* May the developer have this grant, when it is applied for, given or started again? Its standing is good, and where
 * the pack has a section for qualification an agreement covers it. Their errors. */
SY_MUST sy_status application_allowed(struct ask *c, const struct sy_pack *pack,
                                      const struct sy_proposal *p);

/* ---- comment.c ---- */

/* Has nobody decided within the time that it had? Its scene is free then. */
bool proposal_lapsed(const struct sy_row_proposal *row, int64_t now);

/* Whose turn it is when nobody waits for an answer: operator, department, agency. */
SY_MUST sy_status chain_turn(const struct rules_state *s, const struct chain *k,
                             struct sy_arena *arena, struct sy_view *ret, struct sy_error *err);

/* ---- ../custody.c ---- */

/* Does this party hold a share of the dataset's key? Of the key of any dataset of the proposal? */
bool custody_holds(const struct dataset *d, struct sy_view party);
SY_MUST sy_status custody_holds_any(const struct rules_state *s, const struct sy_proposal *p,
                                    struct sy_view party, struct sy_arena *arena, bool *ret,
                                    struct sy_error *err);

/* Did the asker, a department, send what it holds? SY_E_SHARE, field "secret". OK when it holds nothing. */
SY_MUST sy_status deposit_given(struct ask *c, const struct sy_proposal *p);

/* Has every holder but the asker deposited since the grant was last stopped? SY_E_SHARE, field "deposit": its reason
 * names the first who has not. */
SY_MUST sy_status deposits_there(struct ask *c, const struct sy_proposal *p);

/* May the asker, who holds a share, consent again to what was granted, and deposit with that? SY_E_SUSPENDED: somebody
 * else has not lifted its suspension. */
SY_MUST sy_status deposit_again(struct ask *c);

/* Apply side: note the requester's deposit for proposal or grant `id`; forget all of them. */
SY_MUST sy_status deposit_put(struct change *x, const uint8_t id[32]);

/* ---- hold.c ---- */

/* Does this party hold the grant? Does nobody else? */
bool hold_of(const struct sy_row_grant *g, struct sy_view party);
bool hold_only_of(const struct sy_row_grant *g, struct sy_view party);

/* The holds without that of this party, in a list of its own with room for one more. */
SY_MUST sy_status hold_drop(struct change *x, struct sy_row_grant *g, struct sy_view party);

/* ---- shrink.c ---- */

/* The grant that a proposal shrinks (its id); NULL: none. */
const uint8_t *proposal_shrinks(const struct sy_proposal *p);

/* Does it ask for less than that grant, of the same scene and developer, in everything? SY_E_FIELD, SY_E_GRANT.
 * OK for a proposal that shrinks nothing. */
SY_MUST sy_status shrink_check(struct ask *c, const struct sy_proposal *p);

/* May the larger grant be replaced now? SY_E_STATE unless it is active or waits for its shares: a hold on it is not
 * shaken off by asking for less. SY_E_LIMIT, field "application.shrinks": it has not so much left. */
SY_MUST sy_status shrink_ready(struct ask *c, const struct sy_proposal *p);

/* End the larger grant, in the event that begins the smaller one (before its budget is held). */
SY_MUST sy_status shrink_end(struct change *x, const struct sy_proposal *p);

#endif
