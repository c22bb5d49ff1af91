/*
 * Shares of datasets' keys on their way through the warden: what a holder sends with a consent, a final review or a
 * resumption is compared with the ledger's commitments before it is decided, and kept as the grant's deposit once the
 * decision is durable. What the state does not stand behind is erased.
 *
 * Runs in: warden, its loop's thread. Trusts: the rules' decision, the vault's commitments. Holds: shares, as long as a
 * call lives. May block/alloc: writes the key store. Source: DESIGN section 2 ("approval is a key"); rules/custody.h.
 */
#ifndef WARDEN_SHARE_H
#define WARDEN_SHARE_H

#include "rules/model.h"
#include "vault/dataset.h"
#include "warden/call.h"

/* Whose deposits opening a dataset takes: its row's definition and key; *ret_n of them. */
struct warden_custody {
    struct sy_dataset_def def;
    struct sy_dataset_keys keys;
    enum sy_holder holders[2];
    size_t n;
};

/* Of the dataset in this state. False when there is no such dataset, or it has no key. */
bool warden_custody_read(const struct rules_state *s, struct sy_view dataset,
                         struct sy_arena *arena, struct warden_custody *ret);

/* The party of a holder. */
struct sy_view warden_holder_party(const struct warden_custody *c, enum sy_holder whose);

/* prepare: inputs.share_ok = the sender's shares are there and fit. */
bool warden_share_prepare(struct warden_call *c);

/* done of final review and resumption: the sender's shares become deposits, if the grant is active. */
void warden_share_done(struct warden_call *c);

/* done of a consent: likewise, if the state still has the deposit that this very entry made. */
void warden_consent_done(struct warden_call *c);

/* The first party whose deposit the grant lacks for one of these datasets; empty: none. */
struct sy_view warden_share_missing(struct warden_call *c, const struct rules_grant *g);

/* Erase what lies in the key store for this proposal or grant without a deposit of the state behind it: everything for
 * what was turned down, has lapsed or is over, nothing for an active grant. OK when nothing is left to erase. */
SY_MUST sy_status warden_shares_settle(struct warden *w, const uint8_t id[32]);

/* At start: settle every proposal and grant. */
SY_MUST sy_status warden_shares_sweep(struct warden *w);

/* With the clock: settle the proposals that lapsed with deposits made for them. A call looks at this many rows of deposits,
 * the next one goes on behind them: with n rows a lapse is seen within n / WARDEN_SHARES_TICK + 1 calls. */
enum { WARDEN_SHARES_TICK = 64 };
void warden_shares_tick(struct warden *w);

#endif
