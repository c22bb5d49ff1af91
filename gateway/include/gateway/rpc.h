/*
 * Client requests over MessagePack-RPC: each is answered here (status.ping), refused here with a typed
 * error, or relayed to the warden. The order of the checks is the table in rpc.c.
 *
 * Runs in: gateway. Trusts: nobody. Holds: nothing between calls. May block/alloc: allocates.
 * Threads: the loop's. Source: DESIGN section 2; docs/internals.md.
 */
#ifndef GATEWAY_RPC_H
#define GATEWAY_RPC_H

#include "gateway/conn.h"

/* The input function of the state RPC: one frame. */
enum gw_step gw_rpc_input(struct gw_conn *c);

/* Queue an error answer to a client's request. */
void gw_rpc_send_error(struct gw_conn *c, uint32_t client_id, const struct sy_error *e);

#endif
