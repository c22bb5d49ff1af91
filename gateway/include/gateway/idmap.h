/*
 * Which client's request is behind a number on the warden's edge. Numbers on the edge are ours: a
 * slot's index with a generation above it, so that a late or invented answer finds nothing.
 *
 * Runs in: gateway. Trusts: nobody. Holds: message numbers, borrowed owners.
 * May block/alloc: allocates once. Threads: the loop's.
 */
#ifndef GATEWAY_IDMAP_H
#define GATEWAY_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

enum { GW_IDMAP_MAX = 1 << 20 };

struct gw_id_slot {
    void *owner;         /* borrowed; NULL: its connection is gone, the answer will be dropped */
    uint32_t client_id;  /* what the client called its request */
    uint32_t generation; /* of the slot's present or next use */
    uint32_t next_free;  /* index + 1 of the next free slot */
    bool used;
};

struct gw_idmap {
    struct sy_arena arena;
    struct gw_id_slot *slots;
    uint32_t n_slots;
    uint32_t n_used;
    uint32_t first_free; /* index + 1; 0 = full */
};

/* Room for n requests in flight, 1..GW_IDMAP_MAX. SY_E_NO_MEMORY, SY_E_USAGE. */
SY_MUST sy_status gw_idmap_init(struct gw_idmap *m, size_t n_slots);
void gw_idmap_deinit(struct gw_idmap *m); /* NULL-safe */

/* Note a request and get its number on the edge. SY_E_BUSY when all slots are taken. */
SY_MUST sy_status gw_idmap_put(struct gw_idmap *m, void *owner, uint32_t client_id,
                               uint32_t *ret_edge_id);

/* The request of a number, once: its slot is free afterwards. False when there is none. */
bool gw_idmap_take(struct gw_idmap *m, uint32_t edge_id, void **ret_owner, uint32_t *ret_client_id);

/* An owner is gone: its requests stay noted, without owner, until their answers come. */
void gw_idmap_forget(struct gw_idmap *m, const void *owner);

/* Take any noted request; false when there is none. For giving up on all: *cursor starts at 0 and is
 * kept between the calls, with no put in between. */
bool gw_idmap_take_any(struct gw_idmap *m, uint32_t *cursor, void **ret_owner,
                       uint32_t *ret_client_id);

#endif
