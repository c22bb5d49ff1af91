/*
 * Quantiles of a bounded number: median(x), quantile_disc(x, q) beside the group keys of a block. The block
 * becomes a tree of counts over bins of x (docs/privacy/trees.md), and the quantiles are read off its
 * released cells in the post stage.
 *
 * Bins: every value of x where it is an integer of few values; else x rounded down to a multiple of the least
 * 1, 2 or 5 times a power of ten (in its last digits) that leaves few enough bins. What is released is the
 * value that a bin begins with.
 */
#ifndef WORKER_LOWER_QUANTILE_H
#define WORKER_LOWER_QUANTILE_H

#include "lower_block.h"
#include "lower_post.h"

enum {
    QUANTILE_BINS_MAX = 1024,  /* of one tree */
    QUANTILE_LEVELS = 12,      /* that it has at most */
    QUANTILE_NODES_MAX = 8192, /* of all trees of a block: what packs allow for */
    QUANTILE_BINS_MIN = 16,    /* fewer say nothing: rather fewer groups */
    QUANTILES_MAX = 64         /* of one block */
};

/* q = i / 10^scale */
struct quantile_at {
    int64_t i;
    uint64_t scale;
};

/* A block's quantiles. Its released columns are n_keys group keys, the bin's number, and the count; the
 * value of bin b is (base + b x width) / 10^scale. */
struct quantiles {
    const json_t *call, *arg; /* as first written, and its x */
    size_t expr;              /* in the block's list */
    struct quantile_at at[QUANTILES_MAX];
    size_t n;
    size_t n_keys;
    int64_t base, width;
    uint32_t scale;
};

/* Is the call a quantile? Others, such as quantile_cont, are so to say too: they are refused here. */
bool quantile_is(const json_t *call);

/* Note the call; *ret stands for a column that block_quantiles_end numbers. */
sy_status block_quantile(struct block *k, const json_t *call, struct known *ret);

/* Make key, figure and columns of the block's quantiles; nothing when it has none. After all items. */
sy_status block_quantiles_end(struct block *k);

/* Replace *v, the released columns of block `at`, by its group keys and quantiles; leaves *v as it is when the
 * block has none. */
sy_status post_quantiles(struct post *p, size_t at, uint64_t pos, struct relval *v);

#endif
