/*
 * Noise on a tree of counts, and the leaves that agree with it best.
 *
 * The exact figures are the leaves of a tree; every inner node is the sum of its children. Each node is
 * noised by itself (mechanisms/release.h), with the same kind and scale, and then the leaves are fitted to
 * all noised nodes by least squares: of all unbiased linear estimates of any sum of leaves the one with the
 * smallest variance. What is released are the fitted leaves; sums of them are as good as the noised nodes
 * that cover the same range. Two shapes are used: a binary tree over ordered bins (fan 2), where a range is
 * covered by 2 log2 n nodes, and a total over its parts (fan = number of parts).
 *
 * Privacy: each level is a release of one figure over cells that a unit can reach together, so a level costs
 * what that figure costs, and levels add up (docs/privacy/trees.md). Fitting is post-processing.
 *
 * Arithmetic: integers only, so that every machine fits alike. Variances (in units of a node's) are rounded
 * to 2^-32, estimates to 2^-16; of the fitted leaves each prefix sum is rounded once to a whole unit and a
 * leaf is the difference of two, so that every range of leaves adds up to within one unit of its estimate.
 *
 * Runs in: warden. Trusts: its caller for the exact figures' range. Holds: exact figures during a call.
 * May block/alloc: never. Threads: a call owns the memory it is given.
 * Source: Hay, Rastogi, Miklau, Suciu, "Boosting the Accuracy of Differentially Private Histograms Through
 * Consistency", VLDB 2010, section 4 (two passes); here for trees that are not full.
 */
#ifndef MECHANISMS_TREE_H
#define MECHANISMS_TREE_H

#include "mechanisms/release.h"

enum {
    MECH_TREE_LEVELS_MAX = 32,
    MECH_TREE_LEAVES_MAX = 1 << 20,
    MECH_TREE_ONE_BITS = 32 /* variances: 2^32 is that of a noised node */
};

/* A shape; made by mech_tree. Level 0 are the leaves; a node of level l + 1 sums `fan` neighbours of level
 * l, the last node of a level perhaps fewer; the last level has one node. Nodes are numbered level by
 * level from the leaves. All nodes of a level but the last have full subtrees. */
struct mech_tree {
    size_t n_leaves, fan, n_levels, n_nodes;
    size_t start[MECH_TREE_LEVELS_MAX]; /* number of the first node of a level */
    size_t size[MECH_TREE_LEVELS_MAX];  /* nodes in it */
    /* Variance of the estimate of a node from its own subtree: of a full one, of the level's last. */
    uint64_t full[MECH_TREE_LEVELS_MAX], last[MECH_TREE_LEVELS_MAX];
};

/* The tree over n_leaves (1..MECH_TREE_LEAVES_MAX) leaves with `fan` (2..MECH_TREE_LEAVES_MAX) children a
 * node. SY_E_FIELD otherwise; *ret is then untouched. */
SY_MUST sy_status mech_tree(size_t n_leaves, size_t fan, struct mech_tree *ret);

/* Number of children of node i of a level >= 1; the first of them is node i x fan of the level below. */
size_t mech_tree_children(const struct mech_tree *t, size_t level, size_t i);

/* The variance (x 2^32) of node i of a level, as above; and the sum of its children's, for level >= 1. */
uint64_t mech_tree_variance(const struct mech_tree *t, size_t level, size_t i);
uint64_t mech_tree_below(const struct mech_tree *t, size_t level, size_t i);

/*
 * Release n_trees trees of one shape that stand in one block. b: one figure, as for mech_release_cells,
 * with the noise of a node. leaves: n_trees x n_leaves exact figures going in, fitted ones coming out, in
 * units of the figure. nodes: room for n_trees x n_nodes, noised nodes afterwards (the caller wipes or
 * forgets them: they are released figures). fit: room for n_nodes. Node k of tree j draws from the stream of
 * cell j x n_nodes + k of the block. SY_E_FIELD when the block is malformed, SY_E_OVERFLOW when a sum
 * leaves int64; leaves are then untouched.
 */
SY_MUST sy_status mech_tree_release(const struct mech_block *b, const struct mech_tree *t,
                                    size_t n_trees, int64_t *leaves, int64_t *nodes, sy_i128 *fit);

/* The fit of one tree alone: n_nodes noised nodes to n_leaves leaves. fit: room for n_nodes. */
void mech_tree_fit(const struct mech_tree *t, const int64_t *nodes, sy_i128 *fit, int64_t *leaves);

#endif
