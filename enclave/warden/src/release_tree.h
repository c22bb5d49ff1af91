/*
 * Blocks whose cells are the leaves of trees (docs/privacy/trees.md): noise on every node, and leaves fitted
 * to all of them; and the same fit for simulated lanes, so that their leaves hang together as the released
 * ones do.
 */
#ifndef WARDEN_RELEASE_TREE_H
#define WARDEN_RELEASE_TREE_H

#include "mechanisms/tree.h"
#include "release_table.h"
#include "wire/post.h"

/* The shape of the block's trees. SY_E_INTERNAL when it is not the one that the price was made for. */
SY_MUST sy_status release_tree_shape(const struct release_table *t, struct mech_tree *ret,
                                     struct sy_error *err);

/* t->values: every declared cell's exact count going in, in whole counts; fitted leaves coming out, in units
 * of the figure's scale. When it fails, what is left in t->values must not be released. */
SY_MUST sy_status release_tree(struct release_table *t, struct sy_error *err);

/* Fill nodes[k x n_lanes + lane] of one tree, lanes of leaves first, with noise of the nodes; afterwards the
 * first n_leaves rows are what that noise does to the fitted leaves. In binary floating point: simulated
 * lanes are no release. */
void release_tree_fit_lanes(const struct mech_tree *t, double *nodes, size_t n_lanes);

#endif
