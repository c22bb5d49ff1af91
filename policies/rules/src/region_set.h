/*
 * Sets of values of one field, and partitions of such sets: ascending, disjoint segments, each with the
 * class that its values belong to. A plain set has one class, 0. NULL is a value of its own, below all
 * others (RULES_REGION_NULL). Private to the rules; see region.h.
 *
 * Memory: everything lives in the arena of the caller. Threads: pure.
 */
#ifndef RULES_REGION_SET_H
#define RULES_REGION_SET_H

#include "base/arena.h"
#include "base/status.h"
#include "rules/rows.h"

enum {
    REGION_SEGS_MAX = 16384,    /* of one field */
    REGION_POOL_SEGS = 1 << 18, /* made on the way, all together */
};

/* Where segments are made, and how many still may be: so that what is too much is too much on every
 * machine. */
struct region_pool {
    struct sy_arena *arena;
    size_t left;
};

struct region_seg {
    int64_t lo, hi; /* inclusive */
    int64_t cls;    /* >= 0, or RULES_REGION_EACH: each value is a class of its own */
};

struct region_set {
    const struct region_seg *seg;
    size_t n;
};

/* A list of segments in the making; ascending. */
struct region_list {
    struct region_seg *seg;
    size_t n, cap;
    struct region_pool *pool;
};

/* Append (merging with a neighbour of the same class); false: more than the maxima, or
 * no memory. An empty range (hi < lo) is no segment. */
bool region_push(struct region_list *l, int64_t lo, int64_t hi, int64_t cls);

/* Bring segments that were pushed out of order (disjoint all the same) into order. */
void region_sort(struct region_list *l);

static inline struct region_set region_of(const struct region_list *l)
{
    return (struct region_set){l->seg, l->n};
}

/* What two sets have in common, piece by piece; {0} before the first. False: no further piece. */
struct region_common {
    const struct region_seg *a, *b; /* the segments that it is a piece of */
    int64_t lo, hi;
    size_t i, j; /* where the next one is looked for */
};
bool region_common(struct region_set a, struct region_set b, struct region_common *at);

/* The values in both; classes of `a`. False as region_push. */
bool region_and(struct region_set a, struct region_set b, struct region_pool *pool,
                struct region_set *ret);

/* The values of `a` that are not in `b`; classes of `a`. */
bool region_minus(struct region_set a, struct region_set b, struct region_pool *pool,
                  struct region_set *ret);

/* The common refinement on the values in both: two values are of one class when they are in `a` and in
 * `b`. */
bool region_refine(struct region_set a, struct region_set b, struct region_pool *pool,
                   struct region_set *ret);

bool region_eq(struct region_set a, struct region_set b);

#endif
