/*
 * The descriptors that the supervisor hands over by number (--fd NAME=N): taken once, checked to be
 * what their name says, closed on exec. And the control edge's one word.
 *
 * Runs in: gateway. Trusts: the supervisor, but checks. Holds: descriptors. May block/alloc: never.
 * Threads: before the loop starts. Source: docs/internals.md "Edges"; socket(7).
 */
#ifndef GATEWAY_HANDOFF_H
#define GATEWAY_HANDOFF_H

#include "base/status.h"

enum gw_fd {
    GW_FD_LISTEN = 0, /* TCP, listening */
    GW_FD_WARDEN,     /* connected unix stream: the warden's edge */
    GW_FD_PUBLIC,     /* directory: checkpoint and tile/ */
    GW_FD_CONTROL,    /* connected unix seqpacket: ready, stop; may be absent */
    GW_FD_N
};

struct gw_handoff {
    int fds[GW_FD_N]; /* owned; -1 = not given */
};

/* No descriptor yet. */
void gw_handoff_init(struct gw_handoff *h);

/* Take one "NAME=N": a known name, once, and an open descriptor of the right type above 2. SY_E_FIELD;
 * *h unchanged then. */
SY_MUST sy_status gw_handoff_take(struct gw_handoff *h, const char *arg, struct sy_error *reterr);

/* Is all there but what may be absent? SY_E_FIELD naming the first that is not. */
SY_MUST sy_status gw_handoff_check(const struct gw_handoff *h, struct sy_error *reterr);

/* Tell the supervisor that we serve. OK when there is no control edge. */
SY_MUST sy_status gw_handoff_ready(const struct gw_handoff *h);

/* Close what is still owned. */
void gw_handoff_close(struct gw_handoff *h);

#endif
