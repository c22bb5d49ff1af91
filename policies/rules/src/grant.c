/*
 * A grant's life after it is signed: suspend, resume, revoke, expire. One party stops it, on a
 * ground that the pack gives its role; only the agency starts it again, and only with the
 * custodians' shares, for the keys were erased when it stopped. Revocation and expiry are final and
 * give back what of the reservation was not spent.
 *
 * Invariants: active <-> suspended; either -> revoked | expired, from which nothing leads away. A
 * grant with more overruns than allowed counts as stopped until the agency resumes it, which sets
 * the count to zero.
 * Source: scheme articles 15, 18, 32; DESIGN sections 2, 4.7.
 */
#include "method.h"

sy_status grant_row(const struct rules_state *s, const uint8_t id[32], struct sy_arena *arena,
                    struct sy_row_grant *ret, struct sy_proposal *ret_proposal,
                    struct sy_error *err)
{
    struct rules_key key = rules_key_hash("grant/", id);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_GRANT, "header.grant", "there is no such grant");
    }
    SY_TRY(rules_state_read(s, rules_key_view(&key), &sy_row_grant_desc, arena, ret, err));
    return sy_record_decode(&sy_proposal_desc, ret->proposal, &SY_MP_REQUEST, arena, ret_proposal,
                            err);
}

static bool overran(const struct sy_row_grant *g, const struct sy_proposal *p)
{
    return g->overruns > p->overruns;
}

sy_status rules_grant_in_force(const struct sy_row_grant *row, const struct sy_proposal *proposal,
                               int64_t now, struct sy_error *reterr)
{
    if (sy_view_is(row->status, "suspended")) {
        return sy_fail(reterr, SY_E_SUSPENDED, "header.grant", NULL);
    }
    if (sy_view_is(row->status, "revoked")) {
        return sy_fail(reterr, SY_E_GRANT, "header.grant", "the grant was revoked");
    }
    if (sy_view_is(row->status, "expired") || now > proposal->not_after) {
        return sy_fail(reterr, SY_E_EXPIRED, "header.grant", "the grant's term is over");
    }
    if (!sy_view_is(row->status, "active")) {
        return sy_fail(reterr, SY_E_GRANT, "header.grant", NULL);
    }
    if (now < proposal->not_before) {
        return sy_fail(reterr, SY_E_EXPIRED, "header.grant", "the grant's term has not begun");
    }
    if (overran(row, proposal)) {
        return sy_fail(reterr, SY_E_OVERRUN, "header.grant",
                       "the scene is stopped until the agency has looked at its overruns");
    }
    return SY_OK;
}

sy_status grant_usable(struct ask *c, const struct sy_row_grant *g, const struct sy_proposal *p)
{
    if (!sy_view_eq(g->developer, c->party.party)) {
        return sy_fail(c->err, SY_E_GRANT, "header.grant", "the grant is another developer's");
    }
    return rules_grant_in_force(g, p, c->in->time, c->err);
}

sy_status rules_grant_read(const struct rules_state *s, const uint8_t id[32],
                           struct sy_arena *arena, struct rules_grant *ret, struct sy_error *reterr)
{
    memset(ret, 0, sizeof(*ret));
    struct rules_grant g = {0};
    memcpy(g.id, id, 32);
    SY_TRY(grant_row(s, id, arena, &g.row, &g.proposal, reterr));
    SY_TRY(proposal_defs(s, &g.proposal, arena, &g.defs, reterr));
    SY_TRY(pack_read(s, arena, &g.pack, reterr));
    *ret = g;
    return SY_OK;
}

/* BOUNDARY: the warden says whether the shares it was sent fit the ledger's commitments; that they
 * are needed at all is decided here, from the catalogue. */
sy_status shares_given(struct ask *c, const struct sy_proposal *p)
{
    struct sy_view *spaces;
    size_t n;
    SY_TRY(proposal_spaces(c->state, p, c->arena, &spaces, &n, c->err));
    if (n > 0 && !c->in->share_ok) {
        return sy_fail(c->err, SY_E_SHARE, "secret",
                       "send the custodian's key share of each protected dataset");
    }
    return SY_OK;
}

/* ---- orders ---- */

struct order_case {
    struct sy_row_grant row;
    struct sy_proposal proposal;
    struct sy_pack pack;
};

sy_status ground_check(struct ask *c, const struct sy_pack *pack, struct sy_view ground)
{
    for (size_t i = 0; i < pack->n_grounds; i++) {
        const struct sy_pack_ground *g = &pack->grounds[i];
        if (sy_view_eq(g->code, ground)) {
            return view_in(c->party.role, g->roles, g->n_roles)
                       ? SY_OK
                       : sy_fail(c->err, SY_E_ROLE, "ground",
                                 "the pack gives this ground to others");
        }
    }
    return sy_fail(c->err, SY_E_FIELD, "ground", "the pack has no such ground");
}

/* Departments and developers act on what is theirs; the others supervise all. */
static sy_status concerned(struct ask *c, const struct order_case *k)
{
    if (sy_view_is(c->party.role, "developer") && !sy_view_eq(c->party.party, k->row.developer)) {
        return sy_fail(c->err, SY_E_GRANT, "header.grant", "the grant is another developer's");
    }
    if (!sy_view_is(c->party.role, "department")) {
        return SY_OK;
    }
    for (size_t i = 0; i < k->proposal.n_datasets; i++) {
        struct dataset d;
        SY_TRY(dataset_read(c->state, k->proposal.datasets[i].dataset, c->arena, &d, c->err));
        if (sy_view_eq(d.def.department, c->party.party)) {
            return SY_OK;
        }
    }
    return sy_fail(c->err, SY_E_DENIED, "header.grant",
                   "none of its datasets is this department's");
}

static sy_status order_read(struct ask *c, struct order_case *k)
{
    const struct sy_order *a = c->args;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &k->row, &k->proposal, c->err));
    SY_TRY(pack_read(c->state, c->arena, &k->pack, c->err));
    SY_TRY(concerned(c, k));
    return ground_check(c, &k->pack, a->ground);
}

static sy_status wrong_state(struct ask *c, const struct sy_row_grant *g)
{
    return sy_fail(c->err, SY_E_STATE, "header.grant", "the grant is %.*s", SY_PV(g->status));
}

sy_status decide_suspend(struct ask *c)
{
    struct order_case k;
    SY_TRY(order_read(c, &k));
    return sy_view_is(k.row.status, "active") ? SY_OK : wrong_state(c, &k.row);
}

sy_status decide_resume(struct ask *c)
{
    struct order_case k;
    SY_TRY(order_read(c, &k));
    bool stopped = sy_view_is(k.row.status, "suspended") ||
                   (sy_view_is(k.row.status, "active") && overran(&k.row, &k.proposal));
    if (!stopped) {
        return wrong_state(c, &k.row);
    }
    if (c->in->time > k.proposal.not_after) {
        return sy_fail(c->err, SY_E_EXPIRED, "header.grant", "the grant's term is over");
    }
    return shares_given(c, &k.proposal);
}

sy_status decide_revoke(struct ask *c)
{
    struct order_case k;
    SY_TRY(order_read(c, &k));
    return word_in(k.row.status, "active suspended") ? SY_OK : wrong_state(c, &k.row);
}

sy_status decide_expire(struct ask *c)
{
    struct order_case k;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &k.row, &k.proposal, c->err));
    if (!word_in(k.row.status, "active suspended")) {
        return wrong_state(c, &k.row);
    }
    if (c->in->time <= k.proposal.not_after) {
        return sy_fail(c->err, SY_E_STATE, "header.grant", "the grant's term is not over");
    }
    return SY_OK;
}

/* ---- apply ---- */

/* The row with its new status; ground as the order says, none for expiry. */
static sy_status restate(struct change *x, const char *status, struct sy_row_grant *ret)
{
    const struct sy_order *a = x->args;
    struct sy_proposal p;
    SY_TRY(grant_row(x->state, x->req->header.grant, x->arena, ret, &p, x->err));
    ret->status = sy_view_str(status);
    ret->ground = a == NULL ? (struct sy_view){0} : a->ground;
    return SY_OK;
}

static sy_status put_grant(struct change *x, const struct sy_row_grant *g)
{
    struct rules_key key = rules_key_hash("grant/", x->req->header.grant);
    return effect_put(x->effect, &key, &sy_row_grant_desc, g, x->err);
}

sy_status apply_suspend(struct change *x)
{
    struct sy_row_grant g;
    SY_TRY(restate(x, "suspended", &g));
    return put_grant(x, &g);
}

sy_status apply_resume(struct change *x)
{
    struct sy_row_grant g;
    SY_TRY(restate(x, "active", &g));
    g.overruns = 0;
    return put_grant(x, &g);
}

static sy_status end(struct change *x, const char *status)
{
    struct sy_row_grant g;
    SY_TRY(restate(x, status, &g));
    SY_TRY(budget_release(x, &g));
    return put_grant(x, &g);
}

sy_status apply_revoke(struct change *x)
{
    return end(x, "revoked");
}

sy_status apply_expire(struct change *x)
{
    return end(x, "expired");
}
