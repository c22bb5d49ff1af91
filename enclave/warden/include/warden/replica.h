/*
 * The gateway's replica: rows party/ grant/ model/ as notifications, all of them when the edge
 * opens, then each change. The gateway decides early on them; the warden decides again.
 */
#ifndef WARDEN_REPLICA_H
#define WARDEN_REPLICA_H

#include "warden/warden.h"

/* The log's size again, when it has grown; the caller calls it once a second (main.c). */
void warden_replica_tick(struct warden *w);

/* `head` and every row, to a gateway that has just connected. */
void warden_replica_all(struct warden *w);

/* The rows one event wrote (those under the replica's prefixes). */
void warden_replica_effect(struct warden *w, const struct rules_effect *effect);

#endif
