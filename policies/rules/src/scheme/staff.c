/*
 * The rota: who joins a party's staff, leaves it, changes keys, was trained. The new member makes the keys on a machine
 * of their own; the invitation says who they will be and what they may do, so that nothing but one file goes from the
 * party to the member, and nothing at all back by hand.
 *
 * Invariants: a member's id, name and duties never change (revoke, and invite under another id); an id is used once;
 * status active -> revoked, from which nothing leads back.
 * Source: scheme articles 9, 10, 16, 24, 25.
 */
#include "staff.h"
#include "proof/envelope.h"

enum {
    NAME_BYTES = 256,
    COURSE_MAX = 256,
    TEXT_MAX = 2000,
    SECONDS_A_DAY = 86400,
    ROTA_MAX = 1024 /* of one party, those who left included: their rows stay */
};

sy_status staff_asked(struct ask *c)
{
    const struct sy_pack_staff *terms;
    SY_TRY(staff_terms(c->state, c->arena, &terms, c->err));
    return terms != NULL
               ? SY_OK
               : sy_fail(c->err, SY_E_STATE, "pack.scheme.staff", "the pack has no rota of staff");
}

static sy_status staff_put(struct change *x, const struct sy_staff *m)
{
    struct rules_key key = rules_key_staff(m->party, m->id);
    return effect_put(x->effect, &key, &sy_staff_desc, m, x->err);
}

/* A member of the asker's own party, who is still one. */
static sy_status member_read(const struct rules_state *s, struct sy_view party, struct sy_view id,
                             struct sy_arena *arena, struct sy_staff *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_staff(party, id);
    struct sy_view value;
    if (!is_id(id) || !rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_NOT_FOUND, "id", "the party has no such member");
    }
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_staff_desc, arena, ret, err));
    return sy_view_is(ret->status, "active")
               ? SY_OK
               : sy_fail(err, SY_E_STATE, "id", "the member's enrolment was revoked");
}

/* ---- staff.enrol ---- */

/* A live member with the duty, or the party's own key. */
static sy_status inviter_may(struct ask *c, const uint8_t key[32],
                             const struct sy_pack_staff *terms)
{
    const struct duty *d = duty_of(c->req->header.method);
    const struct sy_staff *m;
    if (memcmp(key, c->party.sign, 32) == 0) {
        return SY_OK;
    }
    SY_TRY(member_of_key(c->state, c->party.party, key, c->arena, &m, NULL, c->err));
    if (m == NULL) {
        return sy_fail(c->err, SY_E_PARTY, "invite_key",
                       "nobody of this party's staff has this key");
    }
    return member_may(m, terms, d->duties, c->in->time, c->err);
}

static sy_status invite_for(struct ask *c, const struct sy_staff_invite *v)
{
    if (!sy_view_eq(v->party, c->party.party) || !sy_view_eq(v->role, c->party.role)) {
        return sy_fail(c->err, SY_E_PARTY, "invite.party", "the invitation is to another party");
    }
    if (v->expiry < c->in->time) {
        return sy_fail(c->err, SY_E_EXPIRED, "invite.expiry", "the invitation is out of date");
    }
    if (!is_id(v->id) || !is_text(v->name, NAME_BYTES)) {
        return sy_fail(c->err, SY_E_FIELD, "invite.id", "name or identifier can't be used");
    }
    return duties_sound(v->duties, v->n_duties)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "invite.duties", "some of: " SY_STAFF_DUTIES);
}

static sy_status invite_read(struct ask *c, const struct sy_staff_enrol *e,
                             struct sy_staff_invite *ret)
{
    SY_TRY(
        sy_record_decode(&sy_staff_invite_desc, e->invite, &SY_MP_REQUEST, c->arena, ret, c->err));
    if (!sy_view_is(ret->ctx, SY_STAFF_CONTEXT)) {
        return sy_fail(c->err, SY_E_FIELD, "invite.ctx", "this invites nobody to a party's staff");
    }
    if (!sy_ok(proof_verify(e->invite_sig, e->invite, e->invite_key))) {
        return sy_fail(c->err, SY_E_SIGNATURE, "invite_sig", NULL);
    }
    const struct domain_named d = {ret->domain, ret->box, ret->warden, ret->log};
    return domain_is_ours(c, &d);
}

/* The new member and their place in the rota: nobody has been there. */
static sy_status place_free(struct ask *c, const struct sy_staff_invite *v)
{
    struct rules_key at = rules_key_staff(c->party.party, v->id);
    struct rules_key nonce = rules_key_nonce(c->party.party, c->req->header.nonce);
    struct sy_view value;
    if (rules_state_get(c->state, rules_key_view(&at), &value)) {
        return sy_fail(c->err, SY_E_EXISTS, "invite.id", "the party has, or had, such a member");
    }
    return rules_state_get(c->state, rules_key_view(&nonce), &value)
               ? sy_fail(c->err, SY_E_REPLAYED, "header.nonce", NULL)
               : SY_OK;
}

static sy_status rota_room(struct ask *c)
{
    struct rules_key prefix = rules_key_staff(c->party.party, (struct sy_view){0});
    struct sy_view key = {0}, value;
    size_t n = 0;
    while (rules_state_next(c->state, rules_key_view(&prefix), key, &key, &value)) {
        n++;
    }
    return n < ROTA_MAX ? SY_OK
                        : sy_fail(c->err, SY_E_LIMIT, "invite.party",
                                  "a party's rota has room for %d members", ROTA_MAX);
}

static sy_status signed_by_new(struct ask *c, const struct sy_staff_enrol *e)
{
    if (!is_zero32(c->in->tls) && memcmp(c->in->tls, e->tls, 32) != 0) {
        return sy_fail(c->err, SY_E_PARTY, "tls", "the connection has another certificate");
    }
    return proof_verify_request(c->req->header_bytes, &c->req->header, c->req->sigs, c->req->n_sigs,
                                e->sign, c->err);
}

sy_status decide_staff_enrol(struct ask *c)
{
    const struct sy_staff_enrol *e = c->args;
    struct sy_staff_invite v;
    const struct sy_pack_staff *terms;
    if (c->known) {
        return sy_fail(c->err, SY_E_EXISTS, "header.party", "this key is enrolled already");
    }
    if (c->party.role.n == 0) {
        return sy_fail(c->err, SY_E_PARTY, "header.party", NULL);
    }
    SY_TRY(staff_asked(c));
    SY_TRY(staff_terms(c->state, c->arena, &terms, c->err));
    SY_TRY(signed_by_new(c, e));
    SY_TRY(invite_read(c, e, &v));
    SY_TRY(invite_for(c, &v));
    SY_TRY(inviter_may(c, e->invite_key, terms));
    bool mixed = terms->separated && duties_mixed(v.duties, v.n_duties);
    if (!control(RULES_CTL_STAFF_SEPARATED, !mixed)) {
        return sy_fail(c->err, SY_E_DENIED, "invite.duties",
                       "system, security and audit administrators are different people");
    }
    struct sy_new_keys keys = new_keys_of(e->sign, e->box, e->tls);
    SY_TRY(place_free(c, &v));
    SY_TRY(rota_room(c));
    return keys_fresh(c, &keys);
}

sy_status apply_staff_enrol(struct change *x)
{
    const struct sy_staff_enrol *e = x->args;
    struct sy_staff_invite v;
    struct sy_party p;
    SY_TRY(
        sy_record_decode(&sy_staff_invite_desc, e->invite, &SY_MP_REQUEST, x->arena, &v, x->err));
    SY_TRY(party_active(x->state, v.party, x->arena, &p, x->err));
    struct sy_staff m = {.duties = v.duties,
                         .n_duties = v.n_duties,
                         .entry = x->entry,
                         .id = v.id,
                         .name = v.name,
                         .party = v.party,
                         .status = sy_view_str("active")};
    struct sy_new_keys keys = new_keys_of(e->sign, e->box, e->tls);
    memcpy(m.confidential, v.confidential, 32);
    memcpy(m.sign, e->sign, 32);
    memcpy(m.box, e->box, 32);
    memcpy(m.tls, e->tls, 32);
    p.staff = true;
    SY_TRY(put_party(x, &p));
    SY_TRY(keys_put(x, &keys, v.party, v.id, true));
    return staff_put(x, &m);
}

/* ---- staff.revoke ---- */

sy_status decide_staff_revoke(struct ask *c)
{
    const struct sy_staff_revoke *a = c->args;
    struct sy_staff m;
    SY_TRY(staff_asked(c));
    if (a->text.n > 0 && !is_text(a->text, TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "text", "at most %d bytes of text", TEXT_MAX);
    }
    return member_read(c->state, c->party.party, a->id, c->arena, &m, c->err);
}

sy_status apply_staff_revoke(struct change *x)
{
    const struct sy_staff_revoke *a = x->args;
    struct sy_staff m;
    SY_TRY(member_read(x->state, x->req->header.party, a->id, x->arena, &m, x->err));
    struct sy_new_keys keys = new_keys_of(m.sign, m.box, m.tls);
    m.status = sy_view_str("revoked");
    SY_TRY(keys_put(x, &keys, m.party, m.id, false));
    return staff_put(x, &m);
}

/* ---- staff.rotate ---- */

sy_status decide_staff_rotate(struct ask *c)
{
    const struct sy_new_keys *a = c->args;
    SY_TRY(staff_asked(c));
    if (c->staff == NULL) {
        return sy_fail(c->err, SY_E_ROLE, "sigs", "a member changes their own keys: party.rotate");
    }
    SY_TRY(keys_fresh(c, a));
    return proof_verify_request(c->req->header_bytes, &c->req->header, c->req->sigs, c->req->n_sigs,
                                a->sign, c->err);
}

sy_status apply_staff_rotate(struct change *x)
{
    const struct sy_new_keys *a = x->args;
    struct sy_view id;
    struct sy_staff m;
    SY_TRY(change_member(x, &id));
    SY_TRY(member_read(x->state, x->req->header.party, id, x->arena, &m, x->err));
    struct sy_new_keys old = new_keys_of(m.sign, m.box, m.tls);
    SY_TRY(keys_put(x, &old, m.party, m.id, false));
    SY_TRY(keys_put(x, a, m.party, m.id, true));
    memcpy(m.sign, a->sign, 32);
    memcpy(m.box, a->box, 32);
    memcpy(m.tls, a->tls, 32);
    return staff_put(x, &m);
}

/* ---- staff.train ---- */

static sy_status training_sound(struct ask *c, const struct sy_staff_train *a)
{
    const struct sy_pack_staff *terms;
    int64_t life;
    SY_TRY(staff_terms(c->state, c->arena, &terms, c->err));
    uint64_t days = terms->training_days;
    if (!is_text(a->course, COURSE_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "course", "1 to %d bytes of text", COURSE_MAX);
    }
    if (!sy_sub_i64(a->until, c->in->time, &life) || life <= 0 ||
        (days > 0 && (uint64_t)life > days * SECONDS_A_DAY)) {
        return sy_fail(c->err, SY_E_FIELD, "until",
                       "after now, and within the pack's training_days");
    }
    return SY_OK;
}

sy_status decide_staff_train(struct ask *c)
{
    const struct sy_staff_train *a = c->args;
    struct sy_staff m;
    SY_TRY(staff_asked(c));
    SY_TRY(training_sound(c, a));
    SY_TRY(member_read(c->state, c->party.party, a->id, c->arena, &m, c->err));
    return own_filing(c, m.party, m.id); /* nobody certifies themself */
}

sy_status apply_staff_train(struct change *x)
{
    const struct sy_staff_train *a = x->args;
    struct sy_staff m;
    SY_TRY(member_read(x->state, x->req->header.party, a->id, x->arena, &m, x->err));
    m.course = a->course;
    m.trained_until = a->until;
    if (!is_zero32(a->confidential)) {
        memcpy(m.confidential, a->confidential, 32);
    }
    return staff_put(x, &m);
}
