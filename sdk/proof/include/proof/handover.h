/*
 * How a log comes to another key, and how whoever knows only the old one comes to trust the new one
 * (docs/log-keys.md). The domain makes the new key and announces it; the operator asks for the overlap, the
 * agency orders it, naming the new key: that order is an entry of the log. From it on every checkpoint has
 * lines of both keys; a verifier that knows the old one ignores the new one's. When the old key is
 * retired, the newest checkpoint that both have signed is kept: it proves the order to the old key for ever.
 *
 * So a hand-over from key A to key B is believed when
 *   - an entry of the log orders it: `log.rotate`, stage overlap, log = B, allowed, signed by the agency
 *     that genesis names, for this domain (proof_handover_order); when the agency has another key by now, the
 *     order carries what leads to it (proof_agency_key);
 *   - that entry is under a checkpoint that A signed, and B too (proof_handover_checkpoint): so the order was
 *     given while A was in force, and the log does hold B's secret.
 * Both keys have the log's name.
 *
 * A log that is closed hands over to the next one, of another name, in the same way: the order is the entry `log.close`,
 * log = the next log's first key; it is the last entry of the log, under the last checkpoint that A signed, and lies
 * where it was signed for: behind the history of the size and root that it names (proof_handover_place).
 *
 * Runs in: warden (rules), SDK, auditor. Trusts: the key it begins with, and the domain's id. Holds: nothing.
 * May block/alloc: allocates briefly. Threads: pure functions. sodium_init() has been called.
 * Source: C2SP signed-note v1.0.0 (key rotation by two signature lines); DESIGN section 3.
 */
#ifndef PROOF_HANDOVER_H
#define PROOF_HANDOVER_H

#include "base/arena.h"
#include "proof/merkle.h"
#include "proof/note.h"
#include "wire/event.h"

/* May `to` follow `from`: Ed25519, of the same name, another key? OK or SY_E_FIELD, field "log". */
SY_MUST sy_status proof_handover_keys(const struct proof_vkey *from, const struct proof_vkey *to,
                                      struct sy_error *reterr);

enum { PROOF_AGENCY_LINKS_MAX = 64 };

/*
 * The agency's signing key: the one that genesis names, or the last to which these changes lead. links: canonical
 * sy_logged_request of party.rotate, oldest first, each signed by the key before it and by the one that it brings, for
 * this domain. The genesis is as it was decoded; domain: its id. SY_E_PROOF (a link is something else), SY_E_UNSIGNED,
 * SY_E_SIGNATURE, SY_E_DIGEST, SY_E_LIMIT, the decoder's errors; ret untouched then.
 */
SY_MUST sy_status proof_agency_key(const struct sy_genesis *genesis,
                                   const uint8_t domain[PROOF_HASH_BYTES],
                                   const struct sy_view *links, size_t n, struct sy_arena *arena,
                                   uint8_t ret[PROOF_KEY_BYTES], struct sy_error *reterr);

/*
 * Does this logged event order the hand-over from `from`? genesis: canonical args of entry 0, which names
 * the domain (proof_domain_id is compared with the order's header) and the agency. *ret_to: the new key.
 * Lists live in the arena. That the event is in the log is for the caller (its leaf, its receipt).
 * SY_E_PROOF (it orders nothing of the kind, or was refused), SY_E_UNSIGNED, SY_E_SIGNATURE (not the
 * agency's), SY_E_DIGEST (the arguments are not those that were signed), the decoder's errors, SY_E_FIELD,
 * SY_E_SUITE (the key named); *ret_to untouched then.
 */
SY_MUST sy_status proof_handover_order(const struct sy_event *event, struct sy_view genesis,
                                       const struct proof_vkey *from, struct sy_arena *arena,
                                       struct proof_vkey *ret_to, struct sy_error *reterr);

/*
 * Is the order where it was signed for? A close names the size and the root of the log before it: without them one that
 * was signed and never carried out would end any other history of the log just as well. order: its place in the
 * log's tree; path: its inclusion path there, as the last leaf, which the caller checks against the checkpoint (the path
 * holds the root of the tree before it). An order of an overlap may stand anywhere: OK. The event is one that
 * proof_handover_order has accepted. SY_E_PROOF, the decoder's errors.
 */
SY_MUST sy_status proof_handover_place(const struct sy_event *event, uint64_t order,
                                       const struct proof_path *path, struct sy_arena *arena,
                                       struct sy_error *reterr);

/* Is this a checkpoint of the log that both keys signed, and does it cover entry `order` (its place in the log's tree)?
 * Where `to` has another name: is it one that `from` signed, with `order` as its last entry? Errors of
 * proof_checkpoint_verify_any; SY_E_UNSIGNED (one of them is missing), SY_E_PROOF (it ends before, or behind a close). */
SY_MUST sy_status proof_handover_checkpoint(struct sy_view checkpoint,
                                            const struct proof_vkey *from,
                                            const struct proof_vkey *to, uint64_t order,
                                            struct proof_checkpoint *ret, struct sy_error *reterr);

#endif
