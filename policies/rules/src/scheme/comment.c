/*
 * scene.comment: questions and answers about an application, in turn. A filed proposal always waits for somebody: for
 * the next reviewer of the chain, or, after a reviewer's question, for the developer's answer. What waits for an
 * answer is not approved. The words are in the log, the row keeps their entries and whose turn it is. It does not
 * wait for ever: what nobody decides in the time that it had when it was filed lapses, and the scene is free.
 *
 * Invariant: comments alternate, a reviewer's first.
 * Source: scheme article 17.
 */
#include "scene.h"

enum { TEXT_MAX = 4096, COMMENTS_MAX = 64 };

bool proposal_lapsed(const struct sy_row_proposal *row, int64_t now)
{
    return sy_view_is(row->status, "filed") && row->due > 0 && now > row->due;
}

sy_status chain_turn(const struct rules_state *s, const struct chain *k, struct sy_arena *arena,
                     struct sy_view *ret, struct sy_error *err)
{
    struct sy_view missing;
    if (!chain_approved(k, "first_review", (struct sy_view){0})) {
        *ret = sy_view_str("operator");
        return SY_OK;
    }
    SY_TRY(chain_consent_missing(s, k, arena, &missing, err));
    *ret = sy_view_str(missing.n > 0 ? "department" : "agency");
    return SY_OK;
}

static sy_status turn_check(struct ask *c, const struct chain *k)
{
    bool developer = sy_view_is(c->party.role, "developer");
    bool asked = sy_view_is(k->row.turn, "developer");
    if (!control(RULES_CTL_TURN, developer == asked)) {
        return sy_fail(c->err, SY_E_STATE, "turn",
                       developer ? "nobody asked; it is the turn of the %.*s"
                                 : "the answer of the %.*s is awaited",
                       SY_PV(k->row.turn));
    }
    return SY_OK;
}

sy_status decide_comment(struct ask *c)
{
    const struct sy_comment *a = c->args;
    struct chain k;
    SY_TRY(chain_read(c->state, c->req->header.grant, c->arena, &k, c->err));
    SY_TRY(chain_concerns(c, &k));
    if (k.scene == NULL || !sy_view_is(k.row.status, "filed") ||
        proposal_lapsed(&k.row, c->in->time)) {
        return sy_fail(c->err, SY_E_STATE, "proposal",
                       "comments are for filed applications, under a pack with a scene section");
    }
    if (!is_text(a->text, TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "text", "1 to %d bytes of text", TEXT_MAX);
    }
    if (k.row.n_comments >= COMMENTS_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "proposal", "at most %d comments", COMMENTS_MAX);
    }
    return turn_check(c, &k);
}

sy_status apply_comment(struct change *x)
{
    struct chain k;
    const uint8_t *id = x->req->header.grant;
    SY_TRY(chain_read(x->state, id, x->arena, &k, x->err));
    uint64_t *all = sy_arena_alloc(x->arena, k.row.n_comments + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < k.row.n_comments; i++) {
        all[i] = k.row.comments[i];
    }
    all[k.row.n_comments++] = x->entry;
    k.row.comments = all;
    if (sy_view_eq(x->req->header.party, k.proposal.developer)) {
        SY_TRY(chain_turn(x->state, &k, x->arena, &k.row.turn, x->err));
    } else {
        k.row.turn = sy_view_str("developer");
    }
    struct rules_key key = rules_key_hash("proposal/", id);
    return effect_put(x->effect, &key, &sy_row_proposal_desc, &k.row, x->err);
}
