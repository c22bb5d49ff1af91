/*
 * What every request must be before its method is asked: well-formed, for this domain, from an
 * enrolled party over that party's own connection, signed by its key over header and body, within
 * its life, by a role that may, with the identifiers and arguments its method takes.
 *
 * BOUNDARY: the gateway has looked at the same header; nothing here relies on that. Order matters:
 * what fails before the signature is checked is never logged, for nobody known said it; what fails
 * after it is.
 */
#include "proof/envelope.h"
#include "method.h"
#include "state_internal.h"

static sy_status domain_check(struct ask *c)
{
    struct sy_row_domain row;
    const struct state_row *at = state_find(c->state, sy_view_str("domain"));
    if (at != NULL) {
        SY_TRY(state_decode(c->state, at, &sy_row_domain_desc, c->arena, &row, c->err));
    } else if (sy_view_is(c->req->header.method, "genesis")) {
        proof_domain_id(row.id, c->req->args);
    } else {
        return sy_fail(c->err, SY_E_STATE, "domain", "the domain has no genesis yet");
    }
    if (memcmp(row.id, c->req->header.domain, 32) != 0) {
        return sy_fail(c->err, SY_E_FIELD, "header.domain", "the request is for another domain");
    }
    return SY_OK;
}

sy_status header_form(const struct sy_header *h, struct sy_error *err)
{
    if (h->suite != SY_SUITE_INTL) {
        return sy_fail(err, SY_E_SUITE, "header.suite", NULL);
    }
    if (!sy_view_is(h->ctx, SY_REQUEST_CONTEXT)) {
        return sy_fail(err, SY_E_FIELD, "header.ctx", "the context must be " SY_REQUEST_CONTEXT);
    }
    if (!is_id(h->party)) {
        return sy_fail(err, SY_E_FIELD, "header.party", "not an identifier");
    }
    return SY_OK;
}

sy_status ask_form(struct ask *c)
{
    SY_TRY(header_form(&c->req->header, c->err));
    return domain_check(c);
}

sy_status party_active(const struct rules_state *s, struct sy_view id, struct sy_arena *arena,
                       struct sy_party *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("party/", id);
    const struct state_row *row = state_find(s, rules_key_view(&key));
    if (row == NULL) {
        return sy_fail(err, SY_E_PARTY, "header.party", NULL);
    }
    SY_TRY(state_decode(s, row, &sy_party_desc, arena, ret, err));
    if (!control(RULES_CTL_PARTY_REVOKED, sy_view_is(ret->status, "active"))) {
        return sy_fail(err, SY_E_PARTY, "header.party", "the party's enrolment was revoked");
    }
    return SY_OK;
}

sy_status party_tls(const struct sy_party *p, const uint8_t tls[32], struct sy_error *err)
{
    bool own = is_zero32(tls) || memcmp(tls, p->tls, 32) == 0;
    if (!control(RULES_CTL_CERTIFICATE, own)) {
        return sy_fail(err, SY_E_PARTY, "tls",
                       "the connection's certificate is not bound to this party");
    }
    return SY_OK;
}

/* The warden signs its own acts with the key that genesis names, and never over a connection. */
static sy_status warden_signer(struct ask *c)
{
    struct sy_genesis g;
    SY_TRY(genesis_read(c->state, c->arena, &g, c->err));
    bool own = (c->method->pub.flags & RULES_M_WARDEN) != 0;
    if (!own || !is_zero32(c->in->tls)) {
        return sy_fail(c->err, SY_E_PARTY, "header.party", "only the warden's own acts are its");
    }
    c->known = true;
    c->party = (struct sy_party){.party = c->req->header.party,
                                 .role = sy_view_str("warden"),
                                 .status = sy_view_str("active")};
    memcpy(c->party.sign, g.warden, 32);
    return SY_OK;
}

sy_status ask_signer(struct ask *c)
{
    struct sy_view id = c->req->header.party;
    if (sy_view_is(id, "warden")) {
        return warden_signer(c);
    }
    struct rules_key key = rules_key_id("party/", id);
    struct sy_view value;
    if ((c->method->pub.flags & RULES_M_NEW) != 0 &&
        !rules_state_get(c->state, rules_key_view(&key), &value)) {
        c->party = (struct sy_party){.party = id};
        return SY_OK;
    }
    SY_TRY(party_active(c->state, id, c->arena, &c->party, c->err));
    if ((c->method->pub.flags & RULES_M_MEMBER) != 0) {
        return staff_newcomer(c);
    }
    c->known = true;
    return c->party.staff ? staff_signer(c) : party_tls(&c->party, c->in->tls, c->err);
}

/* The body that the warden opened, or the log kept, is the one that was signed. */
static sy_status body_check(struct ask *c)
{
    uint8_t digest[32];
    if (c->req->facts != NULL && c->req->facts->body) {
        return SY_OK;
    }
    proof_args_digest(digest, c->req->salt, c->req->args, c->req->secret_digest);
    if (!control(RULES_CTL_SIGNED_BODY, memcmp(digest, c->req->header.body, 32) == 0)) {
        return sy_fail(c->err, SY_E_DIGEST, "header.body",
                       "the body is not the one that was signed");
    }
    return SY_OK;
}

/* Has this key signed, and is every signature by it vouched for? */
static bool signature_known(const struct ask *c, const uint8_t by[32])
{
    const struct rules_facts *f = c->req->facts;
    bool any = false;
    for (size_t i = 0; f != NULL && i < c->req->n_sigs; i++) {
        if (memcmp(c->req->sigs[i].key, by, 32) != 0) {
            continue;
        }
        if (!f->signed_by[i]) {
            return false;
        }
        any = true;
    }
    return any;
}

sy_status signature_by(struct ask *c, const uint8_t key[32])
{
    if (signature_known(c, key)) {
        return SY_OK;
    }
    sy_status s = proof_verify_request(c->req->header_bytes, &c->req->header, c->req->sigs,
                                       c->req->n_sigs, key, c->err);
    return control(RULES_CTL_SIGNED, sy_ok(s)) ? SY_OK : s;
}

sy_status ask_signature(struct ask *c)
{
    SY_TRY(body_check(c));
    if (!c->known) {
        return SY_OK; /* whoever is new is verified by the keys in the arguments */
    }
    return c->signers != NULL ? staff_signature(c) : signature_by(c, c->party.sign);
}

sy_status header_life(const struct sy_header *h, int64_t now, bool warden, struct sy_error *err)
{
    if (!control(RULES_CTL_REQUEST_LIFE, h->expiry >= now)) {
        return sy_fail(err, SY_E_EXPIRED, "header.expiry", "the request's life is over");
    }
    if (!control(RULES_CTL_REQUEST_LIFE, warden || h->expiry - now <= SY_ENVELOPE_LIFE_MAX_S)) {
        return sy_fail(err, SY_E_FIELD, "header.expiry", "a request may live at most %d s",
                       SY_ENVELOPE_LIFE_MAX_S);
    }
    return SY_OK;
}

static sy_status ids_check(struct ask *c)
{
    const struct sy_header *h = &c->req->header;
    unsigned flags = c->method->pub.flags;
    if ((flags & RULES_M_GRANT) != 0 && is_zero32(h->grant)) {
        return sy_fail(c->err, SY_E_FIELD, "header.grant", "the method needs a grant");
    }
    if ((flags & RULES_M_SUBJECT) != 0 && is_zero32(h->subject)) {
        return sy_fail(c->err, SY_E_FIELD, "header.subject", "the method needs a model");
    }
    if ((flags & RULES_M_SECRET) == 0 && !is_zero32(c->req->secret_digest)) {
        return sy_fail(c->err, SY_E_FIELD, "secret", "the method takes no secret");
    }
    return SY_OK;
}

sy_status ask_args(struct ask *c)
{
    SY_TRY(ids_check(c));
    const struct sy_desc *desc = c->method->pub.args;
    if (desc == NULL) {
        return c->req->args.n == 0
                   ? SY_OK
                   : sy_fail(c->err, SY_E_FIELD, "args", "the method takes no arguments");
    }
    if (c->req->facts != NULL && c->req->facts->args != NULL) {
        c->args = c->req->facts->args;
        return SY_OK;
    }
    void *args = sy_arena_alloc(c->arena, 1, desc->size_bytes);
    c->args = args;
    if (args == NULL) {
        return sy_fail(c->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    return sy_record_decode(desc, c->req->args, &SY_MP_REQUEST, c->arena, args, c->err);
}

sy_status ask_gates(struct ask *c)
{
    bool warden = (c->method->pub.flags & RULES_M_WARDEN) != 0;
    SY_TRY(header_life(&c->req->header, c->in->time, warden, c->err));
    if (!control(RULES_CTL_ROLES, rules_method_allows(&c->method->pub, c->party.role))) {
        return sy_fail(c->err, SY_E_ROLE, "header.method", NULL);
    }
    bool local = is_zero32(c->in->tls) || (c->method->pub.flags & RULES_M_LOCAL) == 0;
    if (!control(RULES_CTL_LOCAL_ONLY, local)) {
        return sy_fail(c->err, SY_E_DENIED, "tls",
                       "only on the domain's host, by the local socket");
    }
    SY_TRY(staff_gate(c));
    return ask_args(c);
}
