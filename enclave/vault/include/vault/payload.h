/*
 * Personal payloads: what a request said of one subject, sealed apart from the ledger under a key of that
 * subject's own. The subject can be told who asked, an auditor what an entry is about, until the key is
 * destroyed; the ledger needs neither before nor after.
 *
 *   DIR/keys/store/asked:P.key      one subject: name (32 random bytes) | key (32 random bytes)
 *   DIR/payloads/NAME/P.ENTRY.pay   one payload: of the ledger's entry ENTRY (20 digits)
 *
 * P = HMAC-SHA-256(key subject:NS, "shuyu-who-1" || identifier), in hex: without the domain's keys nobody
 * can say whose it is. The ledger knows the subject by its random name (hex NAME) alone, under which questions
 * are counted too. So one erased item destroys the key and the only link between name and identifier: the
 * payloads are noise then, what was counted is linked to nobody, and the next question gets a new name.
 *
 * A payload file is sealed as store.h says of items, magic "SHUYUPAY", under the subject's key, file key =
 * HKDF(key, "shuyu-payload-1" || P.ENTRY); its plaintext is padded to a multiple of 1,024 bytes. So a file put
 * in another's place, or under another name, does not open.
 *
 * Crashes. A payload is put before its entry is written: one whose entry never came, or became another's, is
 * taken back at once, or swept at the next start. The ledger says that a subject is erased before anything is destroyed, and the start destroys again
 * whatever the ledger says is erased; each step of it can be repeated.
 *
 * Identifiers are bytes here, in the form that ingest stores (wire/unit_id.h). Making a name costs the same
 * disk operations whether the subject has one or not, so that time does not tell whether anybody asked before.
 * Threads: as in store.h. May block: on fsyncs.
 * Source: DESIGN section 3; docs/privacy/subject.md.
 */
#ifndef VAULT_PAYLOAD_H
#define VAULT_PAYLOAD_H

#include "base/arena.h"
#include "base/buf.h"
#include "vault/store.h"

enum { VAULT_PAYLOAD_MAX_BYTES = 1 << 15, VAULT_NAME_BYTES = 32 };

/* The name of a subject (identifier: 1..64 bytes), made together with its key when it has none; durable on
 * OK. SY_E_FIELD, SY_E_TAMPERED, SY_E_IO, SY_E_NO_SPACE; *ret is untouched then. */
SY_MUST sy_status vault_payload_who(struct vault *v, struct sy_view ns, struct sy_view id,
                                    uint8_t ret[VAULT_NAME_BYTES], struct sy_error *reterr);

/* The same, but SY_E_NOT_FOUND when it has none. Nothing is written. */
SY_MUST sy_status vault_payload_find(struct vault *v, struct sy_view ns, struct sy_view id,
                                     uint8_t ret[VAULT_NAME_BYTES], struct sy_error *reterr);

/* Keep bytes of the ledger's entry `entry` for a subject that has a name (SY_E_NOT_FOUND else); durable on OK,
 * replaces what a crash left under this entry. SY_E_LIMIT above VAULT_PAYLOAD_MAX_BYTES. */
SY_MUST sy_status vault_payload_put(struct vault *v, struct sy_view ns, struct sy_view id,
                                    uint64_t entry, struct sy_view bytes, struct sy_error *reterr);

/* Append the payload of an entry, kept under this name, to *b (make it wipe; unchanged on error).
 * SY_E_NOT_FOUND; SY_E_TAMPERED, field "payloads", also when the file is there and its key is not. */
SY_MUST sy_status vault_payload_get(struct vault *v, const uint8_t who[VAULT_NAME_BYTES],
                                    uint64_t entry, struct sy_buf *b, struct sy_error *reterr);

/* The entries of which payloads are kept under a name, ascending, in the arena; none: *ret_n is 0. */
SY_MUST sy_status vault_payload_list(struct vault *v, const uint8_t who[VAULT_NAME_BYTES],
                                     struct sy_arena *arena, uint64_t **ret, size_t *ret_n,
                                     struct sy_error *reterr);

/* Destroy a subject's key (overwritten, unlinked, folder fsynced), then its payloads. OK when they are gone
 * already; on an error call it again, nothing is in the way. A key made since for the same subject stays. */
SY_MUST sy_status vault_payload_shred(struct vault *v, const uint8_t who[VAULT_NAME_BYTES]);

/* Destroy the key that an identifier has now, wherever its payloads are. OK when it has none. */
SY_MUST sy_status vault_payload_forget(struct vault *v, struct sy_view ns, struct sy_view id);

/* Does the ledger have this entry, of a question about this subject? Not OK: it cannot be told. */
typedef sy_status vault_payload_belongs_fn(void *ctx, const uint8_t who[VAULT_NAME_BYTES],
                                           uint64_t entry, bool *ret);

/* Remove payloads that belong to no entry, and what else a crash left; a subject of whom nothing is left loses
 * its key. For the start, before anything is served. Asks more than once about an entry. Stops at the first
 * error, of `belongs` too; may be called again. */
SY_MUST sy_status vault_payload_sweep(struct vault *v, vault_payload_belongs_fn *belongs, void *ctx,
                                      uint64_t *ret_removed);

/* The same for one payload, of an entry that was not written after all. OK when it is not there. */
SY_MUST sy_status vault_payload_take_back(struct vault *v, const uint8_t who[VAULT_NAME_BYTES],
                                          uint64_t entry);

#endif
