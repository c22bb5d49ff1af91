/*
 * Between shards.c and shard.c of the warden. As warden/shard.h.
 */
#ifndef WARDEN_SRC_SHARDS_H
#define WARDEN_SRC_SHARDS_H

#include "warden/shard.h"

/* Open the log whose first key this is, and make it the log in use; the one before is closed. make: begin it when it
 * is not there. SY_E_NOT_FOUND: it is not; SY_E_TAMPERED: the vault has not its key. On error nothing changed. */
SY_MUST sy_status warden_logs_next(struct warden *w, struct sy_view vkey, bool make,
                                   struct sy_error *reterr);

/* Bring the public files of all closed logs up to date, each with the pointer to the next, which is there before the
 * checkpoint that covers the close: a copier that takes what is published never takes a close unwarned. */
SY_MUST sy_status warden_logs_point(struct warden *w, struct sy_error *reterr);

#endif
