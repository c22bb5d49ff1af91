/*
 * The rows as a radix tree over the bytes of their keys, shared between states (copy on write). Private to
 * state.c, which owns digest and counts.
 *
 * A node stands at the first byte in which the keys below it differ and has an edge for each value of that
 * byte, and one for the key that ends there. So a look-up costs a step for each byte that tells keys apart,
 * about five in a million nonces, and no opponent can choose keys that cost more than their own length.
 *
 * Nodes and rows are counted by the trees and nodes that hold them; one that is shared is never written but
 * for its count. Counts belong to the one thread that owns all the trees that share.
 */
#ifndef RULES_STATE_TREE_H
#define RULES_STATE_TREE_H

#include "state_internal.h"

struct item; /* a node or a row */
struct node;
struct pool;

enum { TREE_CLASSES = 5 };

struct tree {
    struct item *root;
    struct node *spares[TREE_CLASSES]; /* lists of nodes made beforehand */
    size_t n_spares[TREE_CLASSES];
    bool shared;       /* it may have nodes in common with another tree */
    struct pool *pool; /* for new nodes; NULL: malloc's */
};

/* Let go of rows, nodes and spares. */
void tree_free(struct tree *t);

/* A second tree with the same rows; *ret has no spares and no pool. Cannot fail. */
void tree_share(struct tree *t, struct tree *ret);

/* NULL: no such row. */
const struct state_row *tree_get(const struct tree *t, struct sy_view key);

/* Have memory fetch the way to each of these keys (at most TREE_WARM_MAX). Changes nothing. */
enum { TREE_WARM_MAX = 64 };
void tree_warm(const struct tree *t, const struct sy_view *keys, size_t n);

/* The first row whose key is greater than `key` (or_equal: or equal); NULL when there is none. */
const struct state_row *tree_after(const struct tree *t, struct sy_view key, bool or_equal);

/* Room for placing n rows with these keys, one after the other. SY_E_NO_MEMORY; the rows are unchanged. */
SY_MUST sy_status tree_reserve(struct tree *t, struct state_row *const *rows, size_t n);

/* Put a row in its place, taking ownership; returns the one that was there (its owner is the caller), or
 * NULL. Room has been reserved. */
struct state_row *tree_put(struct tree *t, struct state_row *row);

/* Take a row out; the caller owns it. NULL: no such row. Room has been reserved. */
struct state_row *tree_take(struct tree *t, struct sy_view key);

#endif
