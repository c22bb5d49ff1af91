/*
 * A developer's own data (wire/own.h) as the warden carries it out: the keys of own.define, the parts of own.put, and
 * the end of it all. When its grant is over, for whatever reason, everything that could open or show the data is
 * erased, and then the warden's act own.erased says so in the log: files, both key shares, deposits, parts on their
 * way, an ingest under way, what a run under way has opened. What cannot be erased is tried again every second, and at the next start; the act is
 * recorded only when nothing is left, so that it is the proof.
 *
 * Runs in: warden. Trusts: the rules' rows. Holds: nothing beside w->stagings. May block/alloc: overwrites and syncs
 * files. Threads: the loop's. Source: the scheme, articles 18 and 22; docs/scheme/fusion.md.
 */
#ifndef WARDEN_OWN_H
#define WARDEN_OWN_H

#include "warden/call.h"

/* own.put. prepare: what the warden would hold with this part, as input; ends the call when there is no room. done:
 * the part is durable as an entry: keep it, and take the file in when it was the last one. again: the same envelope:
 * it is never taken in twice. */
bool warden_own_prepare(struct warden_call *c);
void warden_own_done(struct warden_call *c);
void warden_own_again(struct warden_call *c);

/* Erase what belongs to grants that are over and record it. Cheap when there is nothing to do. What is left, if
 * anything, is noted in w->own_due. */
void warden_own_erase(struct warden *w);

/* Once a second: what is left is tried again, and files that nobody goes on with are given up. */
void warden_own_tick(struct warden *w);

/* At start, before anybody is served: of data that the log calls erased nothing lies here, as it may in a folder that
 * was a standby; what is over and not erased is due. */
SY_MUST sy_status warden_own_settle(struct warden *w);

#endif
