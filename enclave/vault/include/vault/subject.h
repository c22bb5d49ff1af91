/*
 * One subject of a question (g4): its code. Under which name questions about it are counted, and what is
 * kept of them, is payload.h.
 *
 * Finding the code reads the whole unit map and compares every hash, in the same steps whether the unit
 * is there or not; it may take long in a large namespace, so it is done on any thread, from a handle that
 * was opened before.
 *
 * Identifiers are bytes here, in the form that ingest stores (wire/unit_id.h).
 * Threads: as in store.h, but vault_subject_code: any thread, one at a time for each handle.
 * Source: DESIGN section 4.4 (g4); docs/privacy/subject.md.
 */
#ifndef VAULT_SUBJECT_H
#define VAULT_SUBJECT_H

#include "vault/store.h"

/* No unit has this code: codes are below 2^32 - 1. */
#define VAULT_SUBJECT_NOBODY UINT64_C(0xFFFFFFFF)

struct vault_subject;

/* Get ready to find an identifier among the units of finished versions. The handle owns what it needs
 * and outlives changes of the map. Errors as vault_units; on error *ret is untouched. */
SY_MUST sy_status vault_subject_open(struct vault *v, struct sy_view ns, struct sy_view id,
                                     struct vault_subject **ret, struct sy_error *reterr);

/* The unit's code; VAULT_SUBJECT_NOBODY when no finished version has it. Once for each handle.
 * SY_E_TAMPERED. */
SY_MUST sy_status vault_subject_code(struct vault_subject *s, uint64_t *ret_code);

/* Wipe and free. NULL-safe. */
void vault_subject_close(struct vault_subject *s);

#endif
