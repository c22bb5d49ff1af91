/*
 * Frame reassembly: bytes in, whole MessagePack objects out, within limits that are checked before
 * anything is parsed or allocated for the claim of a header.
 *
 * Our frames are flat (kind, id, method, one or four values), so they get far fewer values and levels
 * than SY_MP_REQUEST or SY_MP_LARGE would allow: looking for the end of an unfinished frame costs at
 * most GW_FRAME_VALUES steps, however slowly its bytes drip in.
 *
 * Runs in: gateway. Trusts: nobody. Holds: at most one unfinished frame and one read's bytes.
 * May block/alloc: allocates up to its ceiling. Threads: one owner at a time.
 */
#ifndef GATEWAY_FRAMES_H
#define GATEWAY_FRAMES_H

#include "base/buf.h"
#include "wire/mp.h"

enum { GW_READ_BYTES = 65536, GW_FRAME_VALUES = 512, GW_FRAME_DEPTH = 8 };

extern const struct sy_mp_limits GW_FRAME_CLIENT; /* as large as SY_MP_REQUEST */
extern const struct sy_mp_limits GW_FRAME_WARDEN; /* SY_MP_LARGE and a frame around it */

struct gw_frames {
    struct sy_buf in;
    size_t start; /* bytes of `in` that were handed out already */
    const struct sy_mp_limits *limits;
};

void gw_frames_init(struct gw_frames *f, const struct sy_mp_limits *limits);
void gw_frames_deinit(struct gw_frames *f); /* NULL-safe */

/* What came and was not handed out; valid until the next add or reserve. */
struct sy_view gw_frames_rest(const struct gw_frames *f);

/* Room for n more bytes (add to in.n what was filled), n <= GW_READ_BYTES; NULL when out of memory or
 * past the ceiling. Frames handed out before become invalid. */
uint8_t *gw_frames_reserve(struct gw_frames *f, size_t n_bytes);
SY_MUST sy_status gw_frames_add(struct gw_frames *f, struct sy_view bytes);

/* Forget the first n bytes of the rest. */
void gw_frames_skip(struct gw_frames *f, size_t n_bytes);

/* The next whole frame, valid until the next add or reserve. SY_E_CLOSED: more bytes are needed;
 * anything else: this can never become a frame (SY_E_LIMIT, SY_E_NOT_CANONICAL). */
SY_MUST sy_status gw_frames_next(struct gw_frames *f, struct sy_view *ret, struct sy_error *reterr);

#endif
