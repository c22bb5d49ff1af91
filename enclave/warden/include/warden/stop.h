/*
 * Stopped grants bite at once: whatever method stopped them (a suspension, a correction order, an incident, the end
 * of an agreement, a smaller grant in their place), the rows of the event say so, and the warden acts on the
 * rows. Runs of such a grant are ended and its deposited shares erased before the act is acknowledged, so that
 * nobody has to remember it method by method.
 *
 * Runs in: warden, its loop's thread. Trusts: the rules' effects. Holds: identifiers of grants. May block/alloc:
 * writes the key store. Threads: the loop's. Source: the scheme, article 32; DESIGN section 2 ("approval is a key").
 */
#ifndef WARDEN_STOP_H
#define WARDEN_STOP_H

#include "rules/decide.h"
#include "warden/warden.h"

/* Remember the grants that this effect leaves other than active; before its commit, which moves the rows.
 * SY_E_NO_MEMORY: nothing may be recorded then. */
SY_MUST sy_status warden_stops_note(struct warden *w, const struct rules_effect *effect);

/* After the round's commit, before any caller hears of it: end their runs, erase their shares. What cannot be
 * erased is logged and tried again with the next round, and erased at the next start at the latest. */
void warden_stops_bite(struct warden *w);

/* A second has passed: when a grant was stopped since, destroy the noise keys that nobody needs any more
 * (warden/run.h). That looks at every charge there is, so once a minute at most; what fails is tried again then. */
void warden_stops_tick(struct warden *w);

/* Of the grants that this entry stopped: how many have shares that could not be erased yet? After warden_stops_bite. */
uint64_t warden_stops_left(const struct warden *w, uint64_t entry);

#endif
