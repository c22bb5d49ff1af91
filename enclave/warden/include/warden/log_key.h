/*
 * The keys that sign the log's checkpoints, and how one follows another (log.rotate; rules/log.h,
 * proof/handover.h, docs/log-keys.md). The secrets lie in the vault, in the order in which they were made; which
 * of them sign is in the state: a checkpoint is signed by exactly the keys that the state under it names, so
 * that it can be checked at every start and by every auditor.
 *
 * Runs in: warden. Trusts: the ledger after replay; the vault for the secrets alone: a key that the log does
 * not name signs nothing. Holds: the log's keys, borrowed from the vault. May block: on the key store's fsync.
 * Threads: the loop's.
 */
#ifndef WARDEN_LOG_KEY_H
#define WARDEN_LOG_KEY_H

#include "warden/call.h"

/* The keys that the vault has, under the log's name, from number `first` (from 1) on, as many as a log can have
 * had. *ret_n >= 1. SY_E_TAMPERED: it has no such key. */
SY_MUST sy_status warden_log_known(const struct vault *v, struct sy_view name, uint64_t first,
                                   struct ledger_key ret[LEDGER_KEYS_MAX], size_t *ret_n,
                                   struct sy_error *reterr);

/* The vault's first key that no log knows, whose own are `number`: made now, unless a crash left one. *ret_pub:
 * borrowed from the vault. SY_E_TAMPERED: the vault has fewer keys than the logs. */
SY_MUST sy_status warden_log_next_key(struct warden *w, uint64_t number, const uint8_t **ret_pub,
                                      struct sy_error *reterr);

/* Have the ledger sign as the state says, from the next commit on; w->log_vkey is the key in force. Called
 * when the state has been folded, and after every `log` event, before it is committed. SY_E_TAMPERED: the
 * vault has not the keys that the log names. */
SY_MUST sy_status warden_log_sign(struct warden *w, struct sy_error *reterr);

/* At start, when the log is folded: sign as it says, make sure that its newest checkpoint was signed so
 * (SY_E_TAMPERED), and erase secrets of retired keys that a crash left. */
SY_MUST sy_status warden_log_open(struct warden *w, struct sy_error *reterr);

/* log.rotate. prepare: make the key of an announcement that would be accepted (or take up one that a crash
 * kept from the log); for a retirement, make sure that both keys have signed a checkpoint. done: erase the
 * retired secret; tell how the log stands. */
bool warden_rotate_prepare(struct warden_call *c);
void warden_rotate_done(struct warden_call *c);

/* log.keys */
void warden_read_log_keys(struct warden_call *c);

#endif
