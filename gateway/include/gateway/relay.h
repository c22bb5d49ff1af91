/*
 * The warden's edge. Out: [0, id', "relay", [bin fingerprint, str method, bin envelope, int early]].
 * In: the answers, whose error and result are passed on byte for byte (results are sealed; nothing here
 * could read them), and the replica's notifications.
 *
 * Runs in: gateway. Trusts: the warden, but checks the shape of what it says; a violation ends the
 * gateway. Holds: requests and answers on their way. May block/alloc: allocates. Threads: the loop's.
 */
#ifndef GATEWAY_RELAY_H
#define GATEWAY_RELAY_H

#include "gateway/conn.h"

/* Take over the connected descriptor and start reading. SY_E_IO. */
SY_MUST sy_status gw_relay_open(struct gw *gw, int fd, struct sy_error *reterr);

/* What a relay says about a request. */
struct gw_relay_request {
    const uint8_t *fingerprint; /* GW_FINGERPRINT_BYTES, never zero: that means the local socket */
    struct sy_view method;
    struct sy_view envelope;
    int32_t early; /* the code the gateway would refuse with; 0 = none */
};

/* Send one request of `c` to the warden. SY_E_BUSY (too many in flight), SY_E_NO_MEMORY,
 * SY_E_STOPPING; nothing was sent then. */
SY_MUST sy_status gw_relay_send(struct gw_conn *c, uint32_t client_id,
                                const struct gw_relay_request *request);

/* Answer everything in flight with SY_E_STOPPING. */
void gw_relay_give_up(struct gw *gw);

#endif
