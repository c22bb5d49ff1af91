/*
 * qualify.announce: the scheme says publicly whom it looks for. The agency alone looks for an operator; for
 * developers agency and operator announce together: each sends the very same record, and it counts when both have,
 * in whichever order. Nothing of it can be changed: another text is another announcement.
 *
 * Invariant: signed_by names each signer once.
 * Source: scheme articles 12 (1), 13 (1).
 */
#include "proof/ids.h"
#include "qualify.h"

sy_status announcement_read(const struct rules_state *s, const uint8_t id[32],
                            struct sy_arena *arena, struct announcement *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_hash("announcement/", id);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_NOT_FOUND, "announcement", "there is no such announcement");
    }
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_row_announcement_desc, arena, &ret->row,
                            err));
    return sy_record_decode(&sy_announcement_desc, ret->row.announcement, &SY_MP_REQUEST, arena,
                            &ret->said, err);
}

bool announcement_complete(const struct announcement *a)
{
    bool joint = sy_view_is(a->said.kind, "developer");
    return control(RULES_CTL_JOINT_ANNOUNCEMENT, a->row.n_signed_by >= (joint ? 2U : 1U));
}

static sy_status form_check(struct ask *c, const struct sy_announcement *a)
{
    if (!word_in(a->kind, "operator developer")) {
        return sy_fail(c->err, SY_E_FIELD, "kind", "operator or developer");
    }
    if (memcmp(a->domain, c->req->header.domain, 32) != 0) {
        return sy_fail(c->err, SY_E_FIELD, "domain", "the announcement is for another domain");
    }
    if (!is_text(a->title, QUALIFY_NAME_MAX) || !is_text(a->conditions, QUALIFY_TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "conditions",
                       "a title, and the conditions, in one line");
    }
    if (a->opens >= a->closes || a->closes < c->in->time) {
        return sy_fail(c->err, SY_E_FIELD, "closes",
                       "it opens before it closes, and not in the past");
    }
    return SY_OK;
}

sy_status decide_announce(struct ask *c)
{
    const struct sy_announcement *a = c->args;
    struct qualify_terms t;
    struct announcement known;
    uint8_t id[32];
    SY_TRY(qualify_terms(c->state, c->arena, &t, c->err));
    SY_TRY(form_check(c, a));
    if (sy_view_is(a->kind, "operator") && !sy_view_is(c->party.role, "agency")) {
        return sy_fail(c->err, SY_E_ROLE, "kind", "the agency announces whom it wants as operator");
    }
    proof_announcement_id(id, c->req->args);
    sy_status s = announcement_read(c->state, id, c->arena, &known, c->err);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    SY_TRY(s);
    return view_in(c->party.party, known.row.signed_by, known.row.n_signed_by)
               ? sy_fail(c->err, SY_E_EXISTS, "announcement", "this party has announced it already")
               : SY_OK;
}

sy_status apply_announce(struct change *x)
{
    struct announcement a;
    uint8_t id[32];
    proof_announcement_id(id, x->req->args);
    sy_status s = announcement_read(x->state, id, x->arena, &a, x->err);
    if (s.code == SY_E_NOT_FOUND) {
        a.row = (struct sy_row_announcement){.announcement = x->req->args, .entry = x->entry};
    } else {
        SY_TRY(s);
    }
    struct sy_view *all = sy_arena_alloc(x->arena, a.row.n_signed_by + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < a.row.n_signed_by; i++) {
        all[i] = a.row.signed_by[i];
    }
    all[a.row.n_signed_by++] = x->req->header.party;
    a.row.signed_by = all;
    struct rules_key key = rules_key_hash("announcement/", id);
    return effect_put(x->effect, &key, &sy_row_announcement_desc, &a.row, x->err);
}
