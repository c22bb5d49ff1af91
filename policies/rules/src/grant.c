/*
 * A grant's life after it is signed: suspend, lift, resume, revoke, expire. One party stops it, on a
 * ground that the pack gives its role, and holds it until it lifts that itself; when nobody else holds
 * it the agency starts it again, and only with the holders' shares, for the keys were erased when it
 * stopped: departments deposit theirs first (custody.c), the agency's come with its resumption. After a promotion (promote.c) a grant awaits
 * its shares, as if it had been suspended. Revocation and expiry are final and give back what of the
 * reservation was not spent.
 *
 * Invariants: active <-> suspended; awaiting -> active | suspended; each of them -> revoked | expired, from
 * which nothing leads away. A
 * grant with more overruns than allowed counts as stopped until the agency resumes it, which sets
 * the count to zero. Each party holds a grant once; only suspended grants are held. What was granted, the
 * proposal, never changes.
 * Source: scheme articles 15, 18, 32; DESIGN sections 2, 4.7.
 */
#include "base/weak.h"
#include "memo.h"
#include "scheme/scene.h"
#include "state_internal.h"

static sy_status grant_decode(struct sy_view bytes, struct sy_arena *arena,
                              struct sy_row_grant *ret, struct sy_proposal *ret_proposal,
                              struct sy_error *err)
{
    SY_TRY(sy_record_decode(&sy_row_grant_desc, bytes, &SY_MP_LARGE, arena, ret, err));
    return sy_record_decode(&sy_proposal_desc, ret->proposal, &SY_MP_REQUEST, arena, ret_proposal,
                            err);
}

/* Into the memory, from a copy: the row may go before it. */
static sy_status grant_keep(struct memo_grant *kept, const uint8_t id[32], struct sy_view bytes,
                            struct sy_error *err)
{
    memo_clear(&kept->at);
    struct sy_view copy = sy_arena_copy(&kept->at.arena, bytes);
    if (copy.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(grant_decode(copy, &kept->at.arena, &kept->row, &kept->proposal, err));
    memcpy(kept->id, id, 32);
    kept->at.valid = true;
    return SY_OK;
}

/* Canonical bytes of a grant's row. */
static sy_status grant_bytes(const struct rules_state *s, const uint8_t id[32], struct sy_view *ret,
                             struct sy_error *err)
{
    struct rules_key key = rules_key_hash("grant/", id);
    return rules_state_get(s, rules_key_view(&key), ret)
               ? SY_OK
               : sy_fail(err, SY_E_GRANT, "header.grant", "there is no such grant");
}

sy_status grant_row(const struct rules_state *s, const uint8_t id[32], struct sy_arena *arena,
                    struct sy_row_grant *ret, struct sy_proposal *ret_proposal,
                    struct sy_error *err)
{
    struct memo_grant *kept = state_memo(s) == NULL ? NULL : memo_grant(state_memo(s), id);
    bool same = kept != NULL && kept->at.valid && kept->catalogue == state_catalogue(s) &&
                memcmp(kept->id, id, 32) == 0;
    if (!same) {
        struct sy_view value;
        SY_TRY(grant_bytes(s, id, &value, err));
        if (kept == NULL || !memo_free_for(&kept->at, state_generation(s))) {
            return grant_decode(value, arena, ret, ret_proposal, err);
        }
        SY_TRY(grant_keep(kept, id, value, err));
        kept->catalogue = state_catalogue(s);
    }
    kept->at.used = state_generation(s);
    *ret = kept->row;
    *ret_proposal = kept->proposal;
    return SY_OK;
}

static bool overran(const struct sy_row_grant *g, const struct sy_proposal *p)
{
    return g->overruns > p->overruns;
}

sy_status rules_grant_in_force(const struct sy_row_grant *row, const struct sy_proposal *proposal,
                               int64_t now, struct sy_error *reterr)
{
    if (!control(RULES_CTL_GRANT_STOPPED, !sy_view_is(row->status, "suspended"))) {
        return sy_fail(reterr, SY_E_SUSPENDED, "header.grant", NULL);
    }
    if (sy_view_is(row->status, "awaiting")) {
        return sy_fail(
            reterr, SY_E_SHARE, "header.grant",
            "a standby was promoted: the agency must resume the scene, with the key shares");
    }
    if (!control(RULES_CTL_GRANT_REVOKED, !sy_view_is(row->status, "revoked"))) {
        return sy_fail(reterr, SY_E_GRANT, "header.grant", "the grant was revoked");
    }
    bool over = sy_view_is(row->status, "expired") || now > proposal->not_after;
    if (!control(RULES_CTL_GRANT_EXPIRED, !over)) {
        return sy_fail(reterr, SY_E_EXPIRED, "header.grant", "the grant's term is over");
    }
    if (!word_in(row->status, "active suspended revoked expired")) { /* the last three end above */
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
    if (!control(RULES_CTL_OWN_GRANT, sy_view_eq(g->developer, c->party.party))) {
        return sy_fail(c->err, SY_E_GRANT, "header.grant", "the grant is another developer's");
    }
    return rules_grant_in_force(g, p, c->in->time, c->err);
}

/* Catalogue and pack, which with the proposal make a grant. */
static sy_status judged_under(const struct rules_state *s, struct sy_arena *arena,
                              struct rules_grant *g, struct sy_error *err)
{
    SY_TRY(proposal_defs(s, &g->proposal, arena, &g->defs, err));
    return pack_read(s, arena, &g->pack, err);
}

sy_status rules_grant_read(const struct rules_state *s, const uint8_t id[32],
                           struct sy_arena *arena, struct rules_grant *ret, struct sy_error *reterr)
{
    memset(ret, 0, sizeof(*ret));
    struct rules_grant g = {0};
    memcpy(g.id, id, 32);
    SY_TRY(grant_row(s, id, arena, &g.row, &g.proposal, reterr));
    SY_TRY(account_row(s, id, arena, &g.account, reterr));
    SY_TRY(judged_under(s, arena, &g, reterr));
    *ret = g;
    return SY_OK;
}

sy_status grant_read_apart(const struct rules_state *s, const uint8_t id[32],
                           struct sy_arena *arena, struct rules_grant *ret, struct sy_error *err)
{
    struct rules_grant g = {0};
    struct sy_view bytes;
    memcpy(g.id, id, 32);
    SY_TRY(grant_bytes(s, id, &bytes, err));
    bytes = sy_arena_copy(arena, bytes);
    if (bytes.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(grant_decode(bytes, arena, &g.row, &g.proposal, err));
    SY_TRY(judged_under(s, arena, &g, err));
    *ret = g;
    return SY_OK;
}

/* BOUNDARY: the warden says whether the shares it was sent fit the ledger's commitments; that they
 * are needed at all is decided here, from the catalogue. A refusal is in the log with its words, and decided again
 * word by word: these have to stay. */
sy_status shares_given(struct ask *c, const struct sy_proposal *p)
{
    struct sy_view *spaces;
    size_t n;
    SY_TRY(proposal_spaces(c->state, p, c->arena, &spaces, &n, c->err));
    if (!control(RULES_CTL_CUSTODY, n == 0 || c->in->share_ok)) {
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
            return control(RULES_CTL_GROUNDS, view_in(c->party.role, g->roles, g->n_roles))
                       ? SY_OK
                       : sy_fail(c->err, SY_E_ROLE, "ground",
                                 "the pack gives this ground to others");
        }
    }
    return control(RULES_CTL_GROUNDS, false)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "ground", "the pack has no such ground");
}

sy_status grant_concerns_asker(struct ask *c, const struct sy_row_grant *g,
                               const struct sy_proposal *p)
{
    if (sy_view_is(c->party.role, "developer") && !sy_view_eq(c->party.party, g->developer)) {
        return sy_fail(c->err, SY_E_GRANT, "header.grant", "the grant is another developer's");
    }
    if (!sy_view_is(c->party.role, "department")) {
        return SY_OK;
    }
    for (size_t i = 0; i < p->n_datasets; i++) {
        struct dataset d;
        SY_TRY(dataset_read(c->state, p->datasets[i].dataset, c->arena, &d, c->err));
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
    SY_TRY(grant_concerns_asker(c, &k->row, &k->proposal));
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
    if (hold_of(&k.row, c->party.party)) {
        return sy_fail(c->err, SY_E_STATE, "header.grant", "it is suspended by this party");
    }
    return word_in(k.row.status, "active awaiting suspended") ? SY_OK : wrong_state(c, &k.row);
}

sy_status decide_lift(struct ask *c)
{
    struct order_case k;
    SY_TRY(order_read(c, &k));
    if (!hold_of(&k.row, c->party.party) || !sy_view_is(k.row.status, "suspended")) {
        return sy_fail(c->err, SY_E_STATE, "header.grant", "this party does not hold it");
    }
    return SY_OK;
}

/* One party stops, all must start. */
static sy_status free_to_start(struct ask *c, const struct sy_row_grant *g)
{
    if (!control(RULES_CTL_ALL_MUST_START, hold_only_of(g, c->party.party))) {
        size_t i = sy_view_eq(g->holds[0].party, c->party.party) ? 1 : 0;
        return sy_fail(c->err, SY_E_SUSPENDED, "holds", "%.*s has not lifted its suspension",
                       SY_PV(g->holds[i].party));
    }
    return SY_OK;
}

sy_status decide_resume(struct ask *c)
{
    struct order_case k;
    SY_TRY(order_read(c, &k));
    bool stopped = word_in(k.row.status, "suspended awaiting") ||
                   (sy_view_is(k.row.status, "active") && overran(&k.row, &k.proposal));
    if (!stopped) {
        return wrong_state(c, &k.row);
    }
    if (c->in->time > k.proposal.not_after) {
        return sy_fail(c->err, SY_E_EXPIRED, "header.grant", "the grant's term is over");
    }
    SY_TRY(free_to_start(c, &k.row));
    SY_TRY(application_allowed(c, &k.pack, &k.proposal));
    SY_TRY(deposits_there(c, &k.proposal));
    return shares_given(c, &k.proposal);
}

sy_status decide_revoke(struct ask *c)
{
    struct order_case k;
    SY_TRY(order_read(c, &k));
    return word_in(k.row.status, "active awaiting suspended") ? SY_OK : wrong_state(c, &k.row);
}

sy_status decide_expire(struct ask *c)
{
    struct order_case k;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &k.row, &k.proposal, c->err));
    if (!word_in(k.row.status, "active awaiting suspended")) {
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

/* A weak build's: was it ordered before? The row's ground is that of the last order. */
static bool suspended_before(struct change *x)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    return sy_ok(grant_row(x->state, x->req->header.grant, x->arena, &g, &p, x->err)) &&
           g.ground.n > 0;
}

sy_status apply_suspend(struct change *x)
{
    const struct sy_order *a = x->args;
    struct sy_row_grant g;
    SY_TRY(restate(x, "suspended", &g));
    if (sy_weak(SY_WEAK_LIE_SUSPEND) && !suspended_before(x)) {
        g.status = sy_view_str("active");
        return put_grant(x, &g);
    }
    SY_TRY(grant_hold(x, &g, a->ground));
    SY_TRY(deposits_drop(x, x->req->header.grant));
    return put_grant(x, &g);
}

sy_status apply_lift(struct change *x)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(x->state, x->req->header.grant, x->arena, &g, &p, x->err));
    SY_TRY(hold_drop(x, &g, x->req->header.party));
    return put_grant(x, &g);
}

sy_status apply_resume(struct change *x)
{
    struct sy_row_grant g;
    SY_TRY(restate(x, "active", &g));
    g.overruns = 0;
    g.n_holds = 0;
    return put_grant(x, &g);
}

static sy_status end(struct change *x, const char *status)
{
    struct sy_row_grant g;
    SY_TRY(restate(x, status, &g));
    SY_TRY(deposits_drop(x, x->req->header.grant));
    struct sy_row_account a;
    SY_TRY(account_row(x->state, x->req->header.grant, x->arena, &a, x->err));
    SY_TRY(budget_release(x, &a));
    g.n_holds = 0;
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
