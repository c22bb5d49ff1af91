/*
 * Custody: the pack says who holds the shares of datasets' keys beside the platform, and what a department holds it
 * deposits with its consent. The warden says whether the shares that it was sent fit the ledger's commitments; whose are
 * needed, and whether they were sent since the grant was last stopped, is decided here from the log alone.
 *
 * Invariants: a row of deposits names each party once; it is gone after every event that stops or ends the grant or turns
 * its proposal down, but for a promotion, and a lapse, which is no event; a deposit of an earlier epoch counts for nothing, since key stores do not travel with the log.
 * Source: DESIGN section 2 ("approval is a key"); scheme articles 3, 5, 16, 18.
 */
#include "rules/custody.h"

#include "rules/epoch.h"
#include "scheme/own.h"
#include "scheme/scene.h"

/* ---- what the pack asks for ---- */

/* Before a pack is adopted, and for a developer's own data under any: the agency. */
static sy_status custody_wanted(const struct rules_state *s, const struct sy_dataset_def *d,
                                struct sy_arena *arena, struct sy_view *ret, struct sy_error *err)
{
    struct sy_view value;
    struct sy_pack pack;
    *ret = sy_view_str(SY_CUSTODY_AGENCY);
    if (sy_is_own(d->id) || !rules_state_get(s, sy_view_str("pack"), &value)) {
        return SY_OK;
    }
    SY_TRY(pack_read(s, arena, &pack, err));
    *ret = pack.custody.n > 0 ? pack.custody : *ret;
    return SY_OK;
}

sy_status custody_pack_check(const struct sy_pack *p, struct sy_error *err)
{
    bool department = word_in(p->custody, SY_CUSTODY_DEPARTMENT " " SY_CUSTODY_BOTH);
    if (p->custody.n > 0 && !department && !sy_view_is(p->custody, SY_CUSTODY_AGENCY)) {
        return sy_fail(err, SY_E_FIELD, "pack.custody", "agency, department or both");
    }
    if (department && !p->consent) {
        return sy_fail(
            err, SY_E_FIELD, "pack.custody",
            "a department deposits its key share with its consent: consent must be true");
    }
    if (p->consent_of.n > 0 && (!department || !sy_view_is(p->consent_of, "custodians"))) {
        return sy_fail(
            err, SY_E_FIELD, "pack.consent_of",
            "custodians, where custody is the department's or both's; else leave it out");
    }
    return SY_OK;
}

bool rules_custody_third(const struct rules_state *s, const struct sy_dataset_def *def)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_view want;
    return def->custodian.n > 0 && sy_ok(custody_wanted(s, def, &arena, &want, NULL)) &&
           sy_view_is(want, SY_CUSTODY_BOTH);
}

static const char *wanted_custodian(struct sy_view want)
{
    return sy_view_is(want, SY_CUSTODY_DEPARTMENT)
               ? "the pack puts custody with the departments: name the dataset's own department"
           : sy_view_is(want, SY_CUSTODY_BOTH)
               ? "the pack asks for two custodians: name the agency; the dataset's department has "
                 "the third key share without being named"
               : "name the agency: the custodian of protected data holds the second key share";
}

sy_status custody_check(struct ask *c, const struct sy_dataset_def *d)
{
    struct sy_party p;
    struct sy_view want;
    if (!is_protected(d) && d->custodian.n == 0) {
        return SY_OK; /* nothing to keep apart */
    }
    SY_TRY(custody_wanted(c->state, d, c->arena, &want, c->err));
    bool fine = sy_ok(party_active(c->state, d->custodian, c->arena, &p, NULL)) &&
                (sy_view_is(want, SY_CUSTODY_DEPARTMENT) ? sy_view_eq(d->custodian, d->department)
                                                         : sy_view_is(p.role, "agency"));
    return fine ? SY_OK : sy_fail(c->err, SY_E_PARTY, "custodian", "%s", wanted_custodian(want));
}

sy_status custody_keys_check(struct ask *c, const struct sy_dataset_def *d)
{
    bool third = c->in->n_keys == 1 && sy_custody_third(&c->in->keys[0]);
    if (c->in->n_keys == 1 && third != rules_custody_third(c->state, d)) {
        return sy_fail(c->err, SY_E_STATE, "id",
                       "a key was made for it under another custody: use a new identifier");
    }
    return SY_OK;
}

/* ---- who holds what ---- */

static const struct sy_dataset_keys *keys_of(const struct dataset *d)
{
    return d->row.n_keys == 1 ? &d->row.keys[0] : NULL;
}

bool custody_holds(const struct dataset *d, struct sy_view party)
{
    return sy_custody_of(&d->def, keys_of(d), party) != SY_HOLDER_NONE;
}

sy_status custody_holds_any(const struct rules_state *s, const struct sy_proposal *p,
                            struct sy_view party, struct sy_arena *arena, bool *ret,
                            struct sy_error *err)
{
    *ret = false;
    for (size_t i = 0; !*ret && i < p->n_datasets; i++) {
        struct dataset d;
        SY_TRY(dataset_read(s, p->datasets[i].dataset, arena, &d, err));
        *ret = custody_holds(&d, party);
    }
    return SY_OK;
}

/* ---- deposits ---- */

static struct sy_view deposits_value(const struct rules_state *s, const uint8_t id[32])
{
    struct rules_key key = rules_key_hash("deposit/", id);
    struct sy_view value = {0};
    return rules_state_get(s, rules_key_view(&key), &value) ? value : (struct sy_view){0};
}

static sy_status deposits_read(const struct rules_state *s, const uint8_t id[32],
                               struct sy_arena *arena, struct sy_row_deposits *ret,
                               struct sy_error *err)
{
    struct sy_view value = deposits_value(s, id);
    *ret = (struct sy_row_deposits){0};
    return value.n == 0
               ? SY_OK
               : sy_record_decode(&sy_row_deposits_desc, value, &SY_MP_LARGE, arena, ret, err);
}

static const struct sy_row_deposit *deposit_of(const struct sy_row_deposits *row,
                                               struct sy_view party, uint64_t epoch)
{
    for (size_t i = 0; i < row->n_deposits; i++) {
        if (sy_view_eq(row->deposits[i].party, party) && row->deposits[i].epoch == epoch) {
            return &row->deposits[i];
        }
    }
    return NULL;
}

/* Has a holder deposited in this epoch, and is it still a party? */
static bool has_deposited(struct ask *c, const struct sy_row_deposits *row, struct sy_view party,
                          uint64_t epoch)
{
    struct sy_party p;
    return deposit_of(row, party, epoch) != NULL &&
           sy_ok(party_active(c->state, party, c->arena, &p, NULL));
}

/* The first holder of a share of this dataset, but the asker, who has deposited nothing; empty: none. */
static struct sy_view holder_missing(struct ask *c, const struct dataset *d,
                                     const struct sy_row_deposits *row, uint64_t epoch)
{
    const struct sy_view parties[] = {d->def.custodian, d->def.department};
    for (size_t i = 0; i < sizeof(parties) / sizeof(parties[0]); i++) {
        if (custody_holds(d, parties[i]) && !sy_view_eq(parties[i], c->party.party) &&
            !has_deposited(c, row, parties[i], epoch)) {
            return parties[i];
        }
    }
    return (struct sy_view){0};
}

static sy_status deposit_missing(struct ask *c, const struct sy_proposal *p, struct sy_view *ret)
{
    struct sy_row_deposits row;
    struct rules_epoch epoch;
    *ret = (struct sy_view){0};
    SY_TRY(deposits_read(c->state, c->req->header.grant, c->arena, &row, c->err));
    SY_TRY(rules_epoch_read(c->state, &epoch, c->err));
    for (size_t i = 0; ret->n == 0 && i < p->n_datasets; i++) {
        struct dataset d;
        SY_TRY(dataset_read(c->state, p->datasets[i].dataset, c->arena, &d, c->err));
        *ret = holder_missing(c, &d, &row, epoch.number);
    }
    return SY_OK;
}

sy_status deposits_there(struct ask *c, const struct sy_proposal *p)
{
    struct sy_view missing;
    SY_TRY(deposit_missing(c, p, &missing));
    if (!control(RULES_CTL_CUSTODY_DEPARTMENT, missing.n == 0)) {
        return sy_fail(c->err, SY_E_SHARE, "deposit",
                       "the key share of department %.*s is missing: it consents again (scene "
                       "consent), and deposits it with that",
                       SY_PV(missing));
    }
    return SY_OK;
}

sy_status deposit_given(struct ask *c, const struct sy_proposal *p)
{
    bool holds;
    SY_TRY(custody_holds_any(c->state, p, c->party.party, c->arena, &holds, c->err));
    if (!control(RULES_CTL_CUSTODY_DEPARTMENT, !holds || c->in->share_ok)) {
        return sy_fail(c->err, SY_E_SHARE, "secret",
                       "send the department's key share of each dataset of which it holds one");
    }
    return SY_OK;
}

/* Shares come last: while anybody but the agency, whose hold ends as it resumes, holds a grant, nothing is deposited. */
static sy_status others_lifted(struct ask *c, const struct sy_row_grant *g)
{
    struct sy_genesis founders;
    SY_TRY(genesis_read(c->state, c->arena, &founders, c->err));
    if (!hold_only_of(g, founders.agency.party)) {
        size_t i = sy_view_eq(g->holds[0].party, founders.agency.party) ? 1 : 0;
        return sy_fail(c->err, SY_E_SUSPENDED, "holds",
                       "%.*s has not lifted its suspension: a key share is deposited after that",
                       SY_PV(g->holds[i].party));
    }
    return SY_OK;
}

sy_status deposit_again(struct ask *c)
{
    const struct sy_review *a = c->args;
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &g, &p, c->err));
    if (!sy_view_is(a->decision, "approve")) {
        return sy_fail(c->err, SY_E_FIELD, "decision",
                       "the scene was granted: approve, which deposits the key shares again, or "
                       "suspend it");
    }
    if (!word_in(g.status, "active awaiting suspended")) {
        return sy_fail(c->err, SY_E_STATE, "header.grant", "the grant is %.*s", SY_PV(g.status));
    }
    if (c->in->time > p.not_after) {
        return sy_fail(c->err, SY_E_EXPIRED, "header.grant", "the grant's term is over");
    }
    SY_TRY(others_lifted(c, &g));
    return deposit_given(c, &p);
}

/* ---- apply ---- */

sy_status deposit_put(struct change *x, const uint8_t id[32])
{
    struct rules_key key = rules_key_hash("deposit/", id);
    struct sy_view party = x->req->header.party;
    struct sy_row_deposits row;
    struct rules_epoch epoch;
    size_t n = 0;
    SY_TRY(rules_epoch_read(x->state, &epoch, x->err));
    SY_TRY(deposits_read(x->state, id, x->arena, &row, x->err));
    struct sy_row_deposit *all = sy_arena_alloc(x->arena, row.n_deposits + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < row.n_deposits; i++) {
        if (!sy_view_eq(row.deposits[i].party, party)) {
            all[n++] = row.deposits[i];
        }
    }
    all[n++] = (struct sy_row_deposit){.entry = x->entry, .epoch = epoch.number, .party = party};
    row = (struct sy_row_deposits){.deposits = all, .n_deposits = n};
    return effect_put(x->effect, &key, &sy_row_deposits_desc, &row, x->err);
}

sy_status deposits_drop(struct change *x, const uint8_t id[32])
{
    struct rules_key key = rules_key_hash("deposit/", id);
    return deposits_value(x->state, id).n == 0
               ? SY_OK
               : effect_put_bytes(x->effect, &key, (struct sy_view){0}, x->err);
}

/* The datasets of whose keys the party holds a share, as a list for grants_stop. */
static sy_status held_by(struct change *x, struct sy_view party, struct sy_view **ret,
                         size_t *ret_n)
{
    struct sy_view prefix = sy_view_str("dataset/"), key = {0}, value;
    size_t cap = 0;
    *ret_n = 0;
    while (rules_state_next(x->state, prefix, key, &key, &value)) {
        cap++;
    }
    *ret = sy_arena_alloc(x->arena, cap + 1, sizeof(**ret));
    key = (struct sy_view){0};
    while (*ret != NULL && rules_state_next(x->state, prefix, key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena scratch = {0};
        struct dataset d;
        SY_TRY(dataset_read(x->state, sy_view(key.p + prefix.n, key.n - prefix.n), &scratch, &d,
                            x->err));
        if (custody_holds(&d, party)) {
            (*ret)[(*ret_n)++] = sy_arena_copy(x->arena, d.def.id);
        }
    }
    return *ret == NULL ? sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL) : SY_OK;
}

sy_status custody_lost(struct change *x, struct sy_view party, struct sy_view ground)
{
    struct stop which = {.ground = ground};
    struct sy_view *held;
    SY_TRY(held_by(x, party, &held, &which.n_datasets));
    which.datasets = held;
    return which.n_datasets == 0 ? SY_OK : grants_stop(x, &which);
}

/* ---- for the warden ---- */

uint64_t rules_deposit_entry(const struct rules_state *s, const uint8_t grant[32],
                             struct sy_view party)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_row_deposits row;
    struct rules_epoch epoch;
    if (!sy_ok(deposits_read(s, grant, &arena, &row, NULL)) ||
        !sy_ok(rules_epoch_read(s, &epoch, NULL))) {
        return 0;
    }
    const struct sy_row_deposit *d = deposit_of(&row, party, epoch.number);
    return d == NULL ? 0 : d->entry;
}

int64_t rules_deposit_until(const struct rules_state *s, const uint8_t proposal[32])
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_key key = rules_key_hash("proposal/", proposal);
    struct sy_row_proposal row;
    if (!sy_ok(
            rules_state_read(s, rules_key_view(&key), &sy_row_proposal_desc, &arena, &row, NULL)) ||
        !word_in(row.status, "filed granted")) {
        return INT64_MIN;
    }
    return sy_view_is(row.status, "filed") && row.due > 0 ? row.due : INT64_MAX;
}
