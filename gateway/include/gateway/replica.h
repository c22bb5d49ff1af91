/*
 * What the gateway knows of the domain: its head (genesis, size of the log) and a read-only replica of
 * the state rows party/ grant/ account/ model/ key/ log, all as notified by the warden. With it the gateway refuses
 * early; the warden decides again, so a stale or wrong row costs a request, never a right.
 *
 * Runs in: gateway. Trusts: the warden's edge. Holds: public keys, grants and their accounts, models; no secret.
 * May block/alloc: allocates. Threads: the loop's.
 */
#ifndef GATEWAY_REPLICA_H
#define GATEWAY_REPLICA_H

#include "rules/state.h"
#include "wire/event.h"
#include "wire/rpc.h"

struct gw_replica {
    struct rules_state *state;
    bool has_head;      /* until then clients are told to come again */
    uint8_t domain[32]; /* the domain's id */
    struct sy_buf genesis_bytes;
    struct sy_arena arena;     /* of `genesis` */
    struct sy_genesis genesis; /* points into the two above */
    uint64_t size;             /* entries of the log, as of the last head */
};

SY_MUST sy_status gw_replica_init(struct gw_replica *r);
void gw_replica_deinit(struct gw_replica *r); /* NULL-safe */

/* Take over one notification of the warden: `head` [bin genesis, int size], which may come again with
 * another size but never with another genesis, or `replica` [str key, bin value]. SY_E_METHOD,
 * SY_E_FIELD, SY_E_STATE (another genesis, a row before the head), SY_E_NO_MEMORY, the record's errors. */
SY_MUST sy_status gw_replica_notify(struct gw_replica *r, const struct sy_rpc_msg *m,
                                    struct sy_error *reterr);

/* vkey of the log's key in force; lives in the arena or with the replica. The head must be there. */
struct sy_view gw_replica_log(const struct gw_replica *r, struct sy_arena *arena);

/* Append the canonical sy_ping map; the head must be there. */
SY_MUST sy_status gw_replica_put_ping(const struct gw_replica *r, int64_t now_s, struct sy_buf *b);

#endif
