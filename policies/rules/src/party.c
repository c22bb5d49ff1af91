/*
 * genesis and party.enrol: how keys become parties. The first two come with genesis, signed by both
 * (their keys are made elsewhere, so neither the machine nor one of them can found a domain alone);
 * everyone else by an invitation that the agency signed, to the very domain, box, log and warden key
 * it names. One key, one certificate, one party: otherwise one person could review their own filing. Members of a
 * party's staff have keys of their own (scheme/staff.h).
 *
 * Invariants: party ids, signing keys and certificates are unique for ever (a revoked party's too);
 * agency and operator exist once.
 * Source: scheme article 9 (roles), DESIGN section 2 (genesis, invitations).
 */
#include "proof/envelope.h"
#include "rules/log.h"
#include "scheme/staff.h"

sy_status genesis_read(const struct rules_state *s, struct sy_arena *arena, struct sy_genesis *ret,
                       struct sy_error *err)
{
    return rules_state_read(s, sy_view_str("genesis"), &sy_genesis_desc, arena, ret, err);
}

static sy_status founder_check(struct ask *c, const struct sy_party *p, const char *role)
{
    bool fine = sy_view_is(p->role, role) && sy_view_is(p->status, "active") && is_id(p->party) &&
                !sy_view_is(p->party, "warden") && is_text(p->name, 256) && !is_zero32(p->sign) &&
                !is_zero32(p->box) && !is_zero32(p->tls) && !p->staff;
    if (!fine) {
        return sy_fail(c->err, SY_E_FIELD, role, "the founding party's record is not complete");
    }
    return proof_verify_request(c->req->header_bytes, &c->req->header, c->req->sigs, c->req->n_sigs,
                                p->sign, c->err);
}

sy_status decide_genesis(struct ask *c)
{
    const struct sy_genesis *g = c->args;
    struct sy_view value;
    if (c->known || rules_state_get(c->state, sy_view_str("genesis"), &value)) {
        return sy_fail(c->err, SY_E_EXISTS, "genesis", "the domain was founded already");
    }
    if (!is_zero32(c->in->tls)) {
        return sy_fail(c->err, SY_E_DENIED, "tls", "a domain is founded on its own host");
    }
    if (!word_in(g->purpose, "production test") || !is_text(g->name, 256) || g->log.n == 0 ||
        is_zero32(g->warden) || is_zero32(g->box)) {
        return sy_fail(c->err, SY_E_FIELD, "genesis", "name, purpose, log and keys are required");
    }
    if (!sy_view_eq(c->req->header.party, g->agency.party) ||
        sy_view_eq(g->agency.party, g->operator_.party) ||
        memcmp(g->agency.sign, g->operator_.sign, 32) == 0 ||
        memcmp(g->agency.tls, g->operator_.tls, 32) == 0 ||
        memcmp(g->agency.sign, g->warden, 32) == 0 ||
        memcmp(g->operator_.sign, g->warden, 32) == 0) {
        return sy_fail(c->err, SY_E_FIELD, "genesis",
                       "agency, operator and warden must be distinct");
    }
    SY_TRY(founder_check(c, &g->agency, "agency"));
    return founder_check(c, &g->operator_, "operator");
}

sy_status put_party(struct change *x, const struct sy_party *p)
{
    struct rules_key key = rules_key_id("party/", p->party);
    return effect_put(x->effect, &key, &sy_party_desc, p, x->err);
}

sy_status apply_genesis(struct change *x)
{
    const struct sy_genesis *g = x->args;
    struct sy_row_domain domain;
    struct rules_key at_genesis = rules_key_id("", sy_view_str("genesis"));
    struct rules_key at_domain = rules_key_id("", sy_view_str("domain"));
    memcpy(domain.id, x->req->header.domain, 32);
    SY_TRY(effect_put_bytes(x->effect, &at_genesis, x->req->args, x->err));
    SY_TRY(effect_put(x->effect, &at_domain, &sy_row_domain_desc, &domain, x->err));
    SY_TRY(put_party(x, &g->agency));
    return put_party(x, &g->operator_);
}

/* No other party may hold this signing key or certificate. */
static sy_status keys_unused(struct ask *c, const struct sy_enrol *e)
{
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(c->state, sy_view_str("party/"), key, &key, &value)) {
        struct sy_party p;
        SY_TRY(rules_state_read(c->state, key, &sy_party_desc, c->arena, &p, c->err));
        bool other = memcmp(p.sign, e->sign, 32) != 0 && memcmp(p.tls, e->tls, 32) != 0;
        if (!control(RULES_CTL_ONE_KEY, other)) {
            return sy_fail(c->err, SY_E_EXISTS, "sign",
                           "another party is enrolled with this key or certificate");
        }
    }
    const struct sy_new_keys keys = new_keys_of(e->sign, e->box, e->tls);
    return keys_retired(c, &keys);
}

/* Is it a key by which this log is read: the first, or one that signs now? Who knows the first is led on by the
 * hand-overs. */
static bool is_log_key(struct ask *c, struct sy_view key, const struct sy_genesis *g)
{
    struct sy_row_log row;
    return sy_view_eq(key, g->log) ||
           (sy_ok(rules_log_read(c->state, c->arena, &row, NULL)) &&
            (sy_view_eq(key, row.key) || (rules_log_overlaps(&row) && sy_view_eq(key, row.next))));
}

sy_status domain_is_ours(struct ask *c, const struct domain_named *d)
{
    struct sy_genesis g;
    SY_TRY(genesis_read(c->state, c->arena, &g, c->err));
    if (memcmp(d->domain, c->req->header.domain, 32) != 0 || memcmp(d->box, g.box, 32) != 0 ||
        !is_log_key(c, d->log, &g) || memcmp(d->warden, g.warden, 32) != 0) {
        return sy_fail(c->err, SY_E_FIELD, "invite", "the invitation is to another domain");
    }
    return SY_OK;
}

/* Does the invitation speak of this domain, this party, now? */
static sy_status invite_check(struct ask *c, const struct sy_invite *v)
{
    const struct domain_named d = {v->domain, v->box, v->warden, v->log};
    SY_TRY(domain_is_ours(c, &d));
    if (!sy_view_eq(v->party, c->req->header.party)) {
        return sy_fail(c->err, SY_E_PARTY, "invite.party", "the invitation is for another party");
    }
    if (!control(RULES_CTL_INVITATION, v->expiry >= c->in->time)) {
        return sy_fail(c->err, SY_E_EXPIRED, "invite.expiry", "the invitation is out of date");
    }
    if (!word_in(v->role, c->method->pub.roles)) {
        return sy_fail(c->err, SY_E_ROLE, "invite.role", "no party is enrolled in this role");
    }
    if (!is_text(v->name, 256) || sy_view_is(v->party, "warden")) {
        return sy_fail(c->err, SY_E_FIELD, "invite.name", "name or identifier can't be used");
    }
    return SY_OK;
}

/* The invitation, and what is read of it by a key that signed it. */
struct invite_read {
    struct ask *c;
    const struct sy_enrol *e;
    struct sy_invite *ret;
};

static sy_status invite_by(void *ctx, const uint8_t key[32])
{
    struct invite_read *i = ctx;
    return proof_invite_verify(i->e->invite, i->e->invite_sig, key, i->c->arena, i->ret, i->c->err);
}

/* The agency signs it: with its own key, or, when it has staff, a member who may. */
static sy_status invite_verify(struct ask *c, const struct sy_genesis *g, struct sy_invite *ret)
{
    struct sy_party agency;
    struct invite_read i = {c, c->args, ret};
    SY_TRY(party_active(c->state, g->agency.party, c->arena, &agency, c->err));
    return party_vouches(c, &agency, duty_of(c->req->header.method)->duties, invite_by, &i);
}

sy_status decide_enrol(struct ask *c)
{
    const struct sy_enrol *e = c->args;
    struct sy_genesis g;
    struct sy_invite v = {0};
    if (c->known) {
        return sy_fail(c->err, SY_E_EXISTS, "header.party", "the party is enrolled already");
    }
    SY_TRY(genesis_read(c->state, c->arena, &g, c->err));
    sy_status s = invite_verify(c, &g, &v);
    if (!control(RULES_CTL_INVITATION, sy_ok(s))) {
        return s;
    }
    SY_TRY(invite_check(c, &v));
    SY_TRY(proof_verify_request(c->req->header_bytes, &c->req->header, c->req->sigs, c->req->n_sigs,
                                e->sign, c->err));
    if (is_zero32(e->tls) || is_zero32(e->box) || memcmp(e->sign, g.warden, 32) == 0) {
        return sy_fail(c->err, SY_E_FIELD, "enrol", "keys and certificate are required");
    }
    if (!is_zero32(c->in->tls) && memcmp(c->in->tls, e->tls, 32) != 0) {
        return sy_fail(c->err, SY_E_PARTY, "tls", "the connection has another certificate");
    }
    return keys_unused(c, e);
}

sy_status apply_enrol(struct change *x)
{
    const struct sy_enrol *e = x->args;
    struct sy_invite v;
    SY_TRY(sy_record_decode(&sy_invite_desc, e->invite, &SY_MP_REQUEST, x->arena, &v, x->err));
    struct sy_party p = {
        .name = v.name, .party = v.party, .role = v.role, .status = sy_view_str("active")};
    memcpy(p.box, e->box, 32);
    memcpy(p.sign, e->sign, 32);
    memcpy(p.tls, e->tls, 32);
    return put_party(x, &p);
}
