/*
 * Reads: what the rules allowed is answered from the state or the log, row by row as visible to the
 * caller. Nothing is logged and nothing changes.
 */
#ifndef WARDEN_READS_H
#define WARDEN_READS_H

#include "warden/call.h"

void warden_read_list(struct warden_call *c);      /* state.list */
void warden_read_log(struct warden_call *c);       /* log.entries */
void warden_read_growth(struct warden_call *c);    /* log.growth */
void warden_read_receipt(struct warden_call *c);   /* log.receipt */
void warden_read_witnesses(struct warden_call *c); /* witness.status */
void warden_read_share(struct warden_call *c);     /* dataset.share */
void warden_read_due(struct warden_call *c);       /* due.list */
void warden_read_risk(struct warden_call *c);      /* risk.report */
void warden_read_meter(struct warden_call *c);     /* scene.meter */
void warden_read_status(struct warden_call *c);    /* status.domain */

/* The clear answer to status.ping. */
void warden_ping_fill(const struct warden *w, struct sy_ping *ret);

#endif
