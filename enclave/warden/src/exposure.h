/*
 * What: scene.exposure: how closely a grant's masked columns describe single units, counted in a sealed worker
 * and told to the reviewer who asked, and to nobody else (wire/exposure.h). Its columns are opened as a run's
 * are (run.h), with the grant's masks and deposited shares; there is no plan to release, no charge and no
 * answer entry, and nothing of the figures is kept.
 *
 * Threads: the loop's; columns are filled by a thread of the report's own.
 */
#ifndef WARDEN_EXPOSURE_H
#define WARDEN_EXPOSURE_H

#include "warden/call.h"

/* prepare: one report at a time in the whole domain; the data versions that it will read. done: the event is
 * durable: count. again: the same envelope: refused, a report is not kept. */
bool warden_exposure_prepare(struct warden_call *c);
void warden_exposure_done(struct warden_call *c);
void warden_exposure_again(struct warden_call *c);

/* Stop every report about a grant, at once: its call is refused. */
void warden_exposures_stop(struct warden *w, const uint8_t grant[32]);

/* Does one hold open what it read under this grant? */
bool warden_exposures_hold(const struct warden *w, const uint8_t grant[32]);

#endif
