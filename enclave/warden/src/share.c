/*
 * What: shares sent, kept and erased. Invariants: a share is kept only when an event that is durable says so and still
 * stands, and only under the grant that the request's signed header names; a request that comes again after a stop keeps
 * nothing (its entry's deposit is gone from the state).
 */
#include "share.h"

#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "proof/ids.h"
#include "rules/custody.h"
#include "warden/record.h"

/* --- whose shares ------------------------------------------------------------------------------------------ */

bool warden_custody_read(const struct rules_state *s, struct sy_view dataset,
                         struct sy_arena *arena, struct warden_custody *ret)
{
    struct rules_key key = rules_key_id("dataset/", dataset);
    struct sy_row_dataset row;
    *ret = (struct warden_custody){0};
    if (!sy_ok(
            rules_state_read(s, rules_key_view(&key), &sy_row_dataset_desc, arena, &row, NULL)) ||
        row.n_keys != 1 ||
        !sy_ok(sy_record_decode(&sy_dataset_def_desc, row.def, &SY_MP_LARGE, arena, &ret->def,
                                NULL))) {
        return false;
    }
    ret->keys = row.keys[0];
    if (ret->def.custodian.n > 0) {
        ret->holders[ret->n++] = SY_HOLDER_CUSTODIAN;
    }
    if (sy_custody_third(&ret->keys)) {
        ret->holders[ret->n++] = SY_HOLDER_DEPARTMENT;
    }
    return true;
}

struct sy_view warden_holder_party(const struct warden_custody *c, enum sy_holder whose)
{
    return whose == SY_HOLDER_DEPARTMENT ? c->def.department : c->def.custodian;
}

/* The datasets of the proposal or grant that this request is about. */
static bool read_proposal(const struct rules_state *s, const uint8_t id[32], struct sy_arena *arena,
                          struct sy_proposal *ret)
{
    struct sy_row_grant grant;
    struct sy_row_proposal filed;
    struct rules_key gk = rules_key_hash("grant/", id);
    struct rules_key pk = rules_key_hash("proposal/", id);
    struct sy_view bytes = {0};
    if (sy_ok(rules_state_read(s, rules_key_view(&gk), &sy_row_grant_desc, arena, &grant, NULL))) {
        bytes = grant.proposal;
    } else if (sy_ok(rules_state_read(s, rules_key_view(&pk), &sy_row_proposal_desc, arena, &filed,
                                      NULL))) {
        bytes = filed.proposal;
    }
    struct sy_view copy = sy_arena_copy(arena, bytes);
    return copy.n > 0 &&
           sy_ok(sy_record_decode(&sy_proposal_desc, copy, &SY_MP_REQUEST, arena, ret, NULL));
}

/* --- sent ------------------------------------------------------------------------------------------------------ */

static const struct sy_share *find_share(const struct sy_shares *given, struct sy_view dataset)
{
    for (size_t i = 0; i < given->n_shares; i++) {
        if (sy_view_eq(given->shares[i].dataset, dataset)) {
            return &given->shares[i];
        }
    }
    return NULL;
}

/* The sender's share of one dataset, if it holds one: it must be there and fit; with `deposit` it is kept. */
static bool share_fits(struct warden_call *c, struct sy_view dataset, const struct sy_shares *given,
                       bool deposit)
{
    struct warden_custody at;
    const struct sy_share *share = find_share(given, dataset);
    if (!warden_custody_read(c->w->state, dataset, &c->arena, &at)) {
        return true; /* no key: nothing to keep apart */
    }
    enum sy_holder whose = sy_custody_of(&at.def, &at.keys, c->request.header.party);
    if (whose == SY_HOLDER_NONE) {
        return true; /* another's; what the sender sent for it is not looked at */
    }
    if (share == NULL || !vault_share_ok(&at.keys, whose, share->share)) {
        return false;
    }
    return !deposit || sy_ok(vault_deposit(c->w->vault, c->request.header.grant, dataset, &at.keys,
                                           whose, share->share, NULL));
}

static bool shares_fit(struct warden_call *c, bool deposit)
{
    struct sy_proposal p;
    struct sy_shares given = {0};
    if (!read_proposal(c->w->state, c->request.header.grant, &c->arena, &p) ||
        (c->opened.secret.n > 0 &&
         !sy_ok(sy_record_decode(&sy_shares_desc, c->opened.secret, &SY_MP_REQUEST, &c->arena,
                                 &given, NULL)))) {
        return false;
    }
    for (size_t i = 0; i < p.n_datasets; i++) {
        if (!share_fits(c, p.datasets[i].dataset, &given, deposit)) {
            return false;
        }
    }
    return true;
}

bool warden_share_prepare(struct warden_call *c)
{
    c->inputs.share_ok = shares_fit(c, false);
    return true;
}

/* --- kept ------------------------------------------------------------------------------------------------------ */

/* The event is in the ledger; now the shares go into the key store. If this is cut short, the holder sends them
 * again: the agency the same request, a department another consent. */
static void keep(struct warden_call *c, bool wanted)
{
    struct sy_error err = {0};
    if (wanted && !shares_fit(c, true)) {
        sy_fail(&err, SY_E_SHARE, NULL, "the shares could not be kept; send them again");
        warden_call_refuse(c, &err);
        return;
    }
    warden_note(c->w);
    warden_call_result(c, (struct sy_view){0});
}

void warden_share_done(struct warden_call *c)
{
    struct rules_key key = rules_key_hash("grant/", c->request.header.grant);
    struct sy_row_grant row;
    bool active = sy_ok(rules_state_read(c->w->state, rules_key_view(&key), &sy_row_grant_desc,
                                         &c->arena, &row, NULL)) &&
                  sy_view_is(row.status, "active");
    keep(c, active);
}

void warden_consent_done(struct warden_call *c)
{
    uint64_t entry =
        rules_deposit_entry(c->w->state, c->request.header.grant, c->request.header.party);
    keep(c, entry > 0 && c->n_entries > 0 && entry == c->entries[0]);
}

struct sy_view warden_share_missing(struct warden_call *c, const struct rules_grant *g)
{
    for (size_t i = 0; i < g->proposal.n_datasets; i++) {
        struct warden_custody at;
        struct sy_view dataset = g->proposal.datasets[i].dataset;
        if (!warden_custody_read(c->w->state, dataset, &c->arena, &at)) {
            continue;
        }
        for (size_t k = 0; k < at.n; k++) {
            if (!vault_has_deposit(c->w->vault, g->id, dataset, at.holders[k])) {
                return warden_holder_party(&at, at.holders[k]);
            }
        }
    }
    return (struct sy_view){0};
}

/* --- erased ---------------------------------------------------------------------------------------------------- */

static sy_status settle_dataset(struct warden *w, const uint8_t id[32], struct sy_view dataset,
                                bool none, struct sy_arena *arena)
{
    struct warden_custody at;
    if (!warden_custody_read(w->state, dataset, arena, &at)) {
        return SY_OK;
    }
    for (size_t k = 0; k < at.n; k++) {
        struct sy_view party = warden_holder_party(&at, at.holders[k]);
        if (vault_has_deposit(w->vault, id, dataset, at.holders[k]) &&
            (none || rules_deposit_entry(w->state, id, party) == 0)) {
            SY_TRY(vault_deposit_erase(w->vault, id, dataset, at.holders[k]));
        }
    }
    return SY_OK;
}

static sy_status settle(struct warden *w, const uint8_t id[32], const struct sy_proposal *p,
                        bool none)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    for (size_t i = 0; i < p->n_datasets; i++) {
        SY_TRY(settle_dataset(w, id, p->datasets[i].dataset, none, &arena));
    }
    return SY_OK;
}

static bool id_of(struct sy_view key, const char *prefix, uint8_t ret[32])
{
    size_t n = strlen(prefix), got = 0;
    return key.n == n + 64 &&
           sodium_hex2bin(ret, 32, (const char *)key.p + n, 64, NULL, &got, NULL) == 0 && got == 32;
}

/* A proposal that was not granted keeps what was deposited for it while it may still be; a grant that stands still,
 * what was deposited since. */
sy_status warden_shares_settle(struct warden *w, const uint8_t id[32])
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_key key = rules_key_hash("grant/", id);
    struct sy_proposal p;
    struct sy_row_grant g;
    bool none = warden_time(w) > rules_deposit_until(w->state, id);
    if (sy_ok(rules_state_read(w->state, rules_key_view(&key), &sy_row_grant_desc, &arena, &g,
                               NULL))) {
        if (sy_view_is(g.status, "active")) {
            return SY_OK;
        }
        none = !sy_view_is(g.status, "suspended") && !sy_view_is(g.status, "awaiting");
    }
    return read_proposal(w->state, id, &arena, &p) ? settle(w, id, &p, none) : SY_OK;
}

sy_status warden_shares_sweep(struct warden *w)
{
    struct sy_view prefix = sy_view_str("proposal/"), key = {0}, value;
    while (rules_state_next(w->state, prefix, key, &key, &value)) {
        uint8_t id[32];
        if (id_of(key, "proposal/", id)) {
            SY_TRY(warden_shares_settle(w, id));
        }
    }
    return SY_OK;
}

static void settle_lapsed(struct warden *w, const uint8_t id[32])
{
    if (warden_time(w) > rules_deposit_until(w->state, id) && !sy_ok(warden_shares_settle(w, id))) {
        sy_log(SY_LOG_ERROR, "shares of a lapsed application are left; tried again");
    }
}

void warden_shares_tick(struct warden *w)
{
    struct rules_key from = rules_key_hash("deposit/", w->shares_at);
    struct sy_view prefix = sy_view_str("deposit/"), key = rules_key_view(&from), value;
    size_t n = 0;
    memset(w->shares_at, 0, sizeof(w->shares_at)); /* at the end of all: from the first again */
    while (n < WARDEN_SHARES_TICK && rules_state_next(w->state, prefix, key, &key, &value)) {
        uint8_t id[32];
        if (!id_of(key, "deposit/", id)) {
            continue;
        }
        settle_lapsed(w, id);
        if (++n == WARDEN_SHARES_TICK) {
            memcpy(w->shares_at, id, sizeof(w->shares_at));
        }
    }
}
