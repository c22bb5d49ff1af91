/*
 * The gateway's replica: rows party/ grant/ account/ model/ key/ log as notifications, all of them when the edge
 * opens, then each change. The gateway decides early on them; the warden decides again.
 */
#ifndef WARDEN_REPLICA_H
#define WARDEN_REPLICA_H

#include "warden/warden.h"

/* The log's size again, when it has grown; the caller calls it once a second (main.c). */
void warden_replica_tick(struct warden *w);

/* `head` and every row, to a gateway that has just connected. */
void warden_replica_all(struct warden *w);

/* A row as the gateway gets it: of a row key/ only that a member of the party has this certificate, not who. *ret is
 * `value`, or lies in b (the caller's, empty). False: the row is not for the gateway. */
bool warden_replica_row(struct sy_view key, struct sy_view value, struct sy_buf *b,
                        struct sy_view *ret);

/* The rows one event wrote (those under the replica's prefixes). */
void warden_replica_effect(struct warden *w, const struct rules_effect *effect);

#endif
