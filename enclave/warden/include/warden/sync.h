/*
 * The platforms beside the domain (wire/sync.h), from the warden's side: what waits in a platform's outbox is sent, one
 * item at a time and oldest first, until its signed receipt is in the log; what the platform announces is read, as
 * often as the pack says. All through the courier (warden/courier.h). A platform that is away costs nothing but
 * its own items: they wait, and are tried again.
 *
 * Runs in: warden. Trusts: nothing that comes back (rules/sync.h verifies it before it is recorded). Holds: no secret.
 * May block/alloc: allocates. Threads: the loop's. Source: scheme articles 16, 19.
 */
#ifndef WARDEN_SYNC_H
#define WARDEN_SYNC_H

#include "warden/warden.h"

/* Once a second: ask whoever is due. Cheap when the pack names no platform. */
void warden_sync_tick(struct warden *w);

#endif
