/*
 * Simulated worlds for the post stage: what the blocks released, and beside it the same figures with fresh
 * noise of the distribution that is already on them. A figure computed in all of these lanes spreads as
 * far as the noise could have moved it.
 *
 * Why this costs no privacy: lanes are a function of released figures, of the plan's noise scales and of a
 * random stream that is independent of the data and of the release noise (its seed is derived from the
 * release's by HKDF under another info, and the two keystreams are independent as long as either HKDF or
 * ChaCha20 is sound). That is post-processing: whoever holds the released figures could do it at home. It
 * cannot weaken the release either: the released figure is fixed before a lane is made and stays lane 0,
 * and nothing of the lanes leaves but the ends of an interval.
 */
#ifndef WARDEN_RELEASE_LANES_H
#define WARDEN_RELEASE_LANES_H

#include "release_table.h"
#include "wire/post.h"

/* Draws of one distribution. Lanes pick from them with a random sign, which keeps their mean at zero
 * however many are added up: exact draws are dear, and a plan has few distributions. */
struct release_pool {
    enum mech_kind kind;
    uint64_t scale;
    double *draws;
};

struct release_lanes {
    const struct release_table *tables;
    const struct sy_post_block *blocks; /* as the post stage sees them */
    size_t n_blocks;
    struct release_pool *pools; /* one per distribution */
    size_t n_pools;
    uint8_t seed[MECH_SEED_BYTES]; /* of the lanes, not of the release */
};

/* tables: the plan's blocks, released. Lists in the arena. */
SY_MUST sy_status release_lanes_begin(const struct release_table *tables,
                                      const struct sy_plan_types *types, struct sy_arena *arena,
                                      struct release_lanes *ret, struct sy_error *err);

/* The blocks' tables in chunk number `chunk`: lane 0 is what was released, the other n_lanes - 1 are
 * simulated, other ones in every chunk. */
SY_MUST sy_status release_lanes_chunk(const struct release_lanes *l, uint64_t chunk, size_t n_lanes,
                                      struct sy_arena *arena, struct sy_post_table **ret,
                                      struct sy_error *err);

#endif
