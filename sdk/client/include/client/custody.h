/*
 * Box keys that a profile keeps beside its own, in its file custody.keys (0600, 32 bytes each): those it had before it
 * changed keys, and, at a member of staff, the party's own, handed over by whoever has it. A dataset's share is sealed to
 * the box key that its custodian had when the dataset was defined; whoever opens it needs that one.
 *
 * Runs in: SDK. Holds: secret keys, in buffers that wipe. May block: on the profile's small files.
 * Source: docs/scheme/staff.md, "Custody".
 */
#ifndef CLIENT_CUSTODY_H
#define CLIENT_CUSTODY_H

#include "client/profile.h"

/* Append what one of the kept keys opens. SY_E_SEAL: none does. */
SY_MUST sy_status client_custody_unseal(const struct shuyu_profile *p, struct sy_view sealed,
                                        struct sy_buf *b, struct sy_error *err);

/* Keep these as well (n of 32 bytes each), durably; those that are there already once. SY_E_LIMIT: too many. */
SY_MUST sy_status client_custody_add(const struct shuyu_profile *p, const uint8_t *keys, size_t n,
                                     struct sy_error *err);

#endif
