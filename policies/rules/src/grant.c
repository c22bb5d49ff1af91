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

static sy_status proposal_keep(struct memo_grant *kept, struct sy_view bytes, struct sy_error *err)
{
    kept->proposal_bytes = (struct sy_view){0};
    sy_arena_clear(&kept->arena);
    struct sy_view copy = sy_arena_copy(&kept->arena, bytes);
    if (copy.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(sy_record_decode(&sy_proposal_desc, copy, &SY_MP_REQUEST, &kept->arena, &kept->proposal,
                            err));
    kept->proposal_bytes = copy;
    return SY_OK;
}

static sy_status grant_keep(struct memo_grant *kept, struct sy_view bytes, struct sy_error *err)
{
    memo_clear(&kept->at);
    kept->bytes = sy_arena_copy(&kept->at.arena, bytes);
    if (kept->bytes.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(sy_record_decode(&sy_row_grant_desc, kept->bytes, &SY_MP_LARGE, &kept->at.arena,
                            &kept->row, err));
    if (!sy_view_eq(kept->proposal_bytes, kept->row.proposal)) {
        SY_TRY(proposal_keep(kept, kept->row.proposal, err));
    }
    kept->at.valid = true;
    return SY_OK;
}

/* A kept grant; the shares are the caller's to change. */
static sy_status grant_of(const struct memo_grant *kept, struct sy_arena *arena,
                          struct sy_row_grant *ret, struct sy_proposal *ret_proposal,
                          struct sy_error *err)
{
    const size_t n = kept->row.n_shares;
    *ret = kept->row;
    *ret_proposal = kept->proposal;
    ret->shares = sy_arena_alloc(arena, n, sizeof(*ret->shares));
    if (ret->shares == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    if (n > 0) {
        memcpy(ret->shares, kept->row.shares, n * sizeof(*ret->shares));
    }
    return SY_OK;
}

/* Was this grant's row read on this very state? */
static bool kept_now(const struct memo_grant *kept, const uint8_t id[32], uint64_t generation)
{
    return memo_same_state(&kept->at, generation) && memcmp(kept->id, id, 32) == 0;
}

sy_status grant_row(const struct rules_state *s, const uint8_t id[32], struct sy_arena *arena,
                    struct sy_row_grant *ret, struct sy_proposal *ret_proposal,
                    struct sy_error *err)
{
    struct memo_grant *kept = state_memo(s) == NULL ? NULL : memo_grant(state_memo(s), id);
    struct rules_key key;
    struct sy_view value;
    if (kept != NULL && kept_now(kept, id, state_generation(s))) {
        return grant_of(kept, arena, ret, ret_proposal, err);
    }
    key = rules_key_hash("grant/", id);
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_GRANT, "header.grant", "there is no such grant");
    }
    bool same = kept != NULL && kept->at.valid && sy_view_eq(kept->bytes, value);
    if (kept == NULL || (!same && !memo_free_for(&kept->at, state_generation(s)))) {
        return grant_decode(value, arena, ret, ret_proposal, err);
    }
    if (!same) {
        SY_TRY(grant_keep(kept, value, err));
    }
    memcpy(kept->id, id, 32);
    kept->at.used = state_generation(s);
    return grant_of(kept, arena, ret, ret_proposal, err);
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
    SY_TRY(judged_under(s, arena, &g, reterr));
    *ret = g;
    return SY_OK;
}

sy_status grant_read_apart(const struct rules_state *s, const uint8_t id[32],
                           struct sy_arena *arena, struct rules_grant *ret, struct sy_error *err)
{
    struct sy_proposal passing;
    struct rules_grant g = {0};
    memcpy(g.id, id, 32);
    SY_TRY(grant_row(s, id, arena, &g.row, &passing, err));
    g.row.proposal = sy_arena_copy(arena, g.row.proposal);
    if (g.row.proposal.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(sy_record_decode(&sy_proposal_desc, g.row.proposal, &SY_MP_REQUEST, arena, &g.proposal,
                            err));
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
    SY_TRY(budget_release(x, &g));
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
