/*
 * Trees: sums upwards, noise on every node, and the fit in two passes.
 *
 * Upwards, a node's estimate from its own subtree is z = S + v (y - S), where y is the noised node, S the sum
 * of its children's estimates, C the variance of S and v = C / (C + 1), which is also the variance of z.
 * Downwards, h(root) = z(root), and what h(parent) differs from the sum of its children's estimates is handed
 * to them in proportion to their variances. Proof: docs/privacy/trees.md section 4.
 *
 * Invariants: weights multiply differences of estimates of one and the same sum, never a figure itself, so
 * rounding a weight moves an estimate by noise x 2^-32 and never makes it biased; children's
 * estimates add up to their parent's exactly, because the last child takes the rest.
 *
 * Overflow: |y| < 2^63, so estimates stay below 2^64 x 2^16, a difference below 2^82, times a variance below
 * 2^33 below 2^115; sums of variances are at most 2^20 x 2^32.
 */
#include "mechanisms/tree.h"

#include <sodium.h>

#define ONE ((uint64_t)1 << MECH_TREE_ONE_BITS)

enum { FIT_BITS = 16 };

/* C / (C + 1), rounded to nearest. */
static uint64_t combined(uint64_t below)
{
    sy_u128 den = (sy_u128)below + ONE;
    return (uint64_t)((((sy_u128)below << MECH_TREE_ONE_BITS) + den / 2) / den);
}

size_t mech_tree_children(const struct mech_tree *t, size_t level, size_t i)
{
    size_t left = t->size[level - 1] - i * t->fan;
    return left < t->fan ? left : t->fan;
}

uint64_t mech_tree_variance(const struct mech_tree *t, size_t level, size_t i)
{
    return i + 1 < t->size[level] ? t->full[level] : t->last[level];
}

uint64_t mech_tree_below(const struct mech_tree *t, size_t level, size_t i)
{
    size_t n = mech_tree_children(t, level, i);
    return (n - 1) * t->full[level - 1] + mech_tree_variance(t, level - 1, i * t->fan + n - 1);
}

static void add_level(struct mech_tree *t)
{
    size_t l = t->n_levels++;
    size_t below = t->size[l - 1];
    t->start[l] = t->start[l - 1] + below;
    t->size[l] = below / t->fan + (below % t->fan != 0 ? 1 : 0);
    t->last[l] = combined(mech_tree_below(t, l, t->size[l] - 1));
    t->full[l] = combined(t->fan * t->full[l - 1]);
    t->n_nodes += t->size[l];
}

sy_status mech_tree(size_t n_leaves, size_t fan, struct mech_tree *ret)
{
    if (n_leaves < 1 || n_leaves > MECH_TREE_LEAVES_MAX || fan < 2 || fan > MECH_TREE_LEAVES_MAX) {
        return sy_status_of(SY_E_FIELD);
    }
    struct mech_tree t = {.n_leaves = n_leaves, .fan = fan, .n_levels = 1, .n_nodes = n_leaves};
    t.size[0] = n_leaves;
    t.full[0] = t.last[0] = ONE;
    while (t.size[t.n_levels - 1] > 1) {
        add_level(&t);
    }
    *ret = t;
    return SY_OK;
}

/* --- sums ------------------------------------------------------------------------------------------- */

/* Inner nodes from the leaves, in place. False when a sum leaves int64. */
static bool add_up(const struct mech_tree *t, int64_t *nodes)
{
    for (size_t l = 1; l < t->n_levels; l++) {
        for (size_t i = 0; i < t->size[l]; i++) {
            const int64_t *child = &nodes[t->start[l - 1] + i * t->fan];
            int64_t sum = 0;
            for (size_t k = 0; k < mech_tree_children(t, l, i); k++) {
                if (!sy_add_i64(sum, child[k], &sum)) {
                    return false;
                }
            }
            nodes[t->start[l] + i] = sum;
        }
    }
    return true;
}

/* --- the fit ---------------------------------------------------------------------------------------- */

/* a / b to nearest, halves up; b > 0. */
static sy_i128 round_div(sy_i128 a, sy_i128 b)
{
    sy_i128 q = a / b;
    sy_i128 r = a % b;
    r = r < 0 ? r + b : r;
    q = a % b < 0 ? q - 1 : q;
    return 2 * r >= b ? q + 1 : q;
}

static sy_i128 sum_of(const sy_i128 *z, size_t n)
{
    sy_i128 sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += z[i];
    }
    return sum;
}

/* Estimates from each node's own subtree. */
static void fit_up(const struct mech_tree *t, const int64_t *nodes, sy_i128 *z)
{
    for (size_t i = 0; i < t->n_leaves; i++) {
        z[i] = (sy_i128)nodes[i] * (1 << FIT_BITS);
    }
    for (size_t l = 1; l < t->n_levels; l++) {
        for (size_t i = 0; i < t->size[l]; i++) {
            size_t at = t->start[l] + i;
            sy_i128 sum = sum_of(&z[t->start[l - 1] + i * t->fan], mech_tree_children(t, l, i));
            sy_i128 off = (sy_i128)nodes[at] * (1 << FIT_BITS) - sum;
            z[at] = sum + round_div(off * mech_tree_variance(t, l, i), ONE);
        }
    }
}

/* Hand what the parent's estimate knows better to its children. */
static void fit_down(const struct mech_tree *t, sy_i128 *z)
{
    for (size_t l = t->n_levels; l-- > 1;) {
        for (size_t i = 0; i < t->size[l]; i++) {
            size_t n = mech_tree_children(t, l, i);
            sy_i128 *child = &z[t->start[l - 1] + i * t->fan];
            sy_i128 rest = z[t->start[l] + i] - sum_of(child, n);
            sy_i128 part = round_div(rest * t->full[l - 1], mech_tree_below(t, l, i));
            for (size_t k = 0; k + 1 < n; k++) {
                child[k] += part;
                rest -= part;
            }
            child[n - 1] += rest;
        }
    }
}

static int64_t saturate(sy_i128 v)
{
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

void mech_tree_fit(const struct mech_tree *t, const int64_t *nodes, sy_i128 *fit, int64_t *leaves)
{
    sy_i128 prefix = 0;
    sy_i128 before = 0;
    fit_up(t, nodes, fit);
    fit_down(t, fit);
    for (size_t i = 0; i < t->n_leaves; i++) {
        prefix += fit[i];
        sy_i128 now = round_div(prefix, 1 << FIT_BITS);
        leaves[i] = saturate(now - before);
        before = now;
    }
}

/* --- the release ------------------------------------------------------------------------------------ */

sy_status mech_tree_release(const struct mech_block *b, const struct mech_tree *t, size_t n_trees,
                            int64_t *leaves, int64_t *nodes, sy_i128 *fit)
{
    size_t n_nodes;
    if (b->n_figures != 1) {
        return sy_status_of(SY_E_FIELD);
    }
    if (!sy_mul_size(n_trees, t->n_nodes, &n_nodes)) {
        return sy_status_of(SY_E_OVERFLOW);
    }
    for (size_t j = 0; j < n_trees; j++) {
        int64_t *tree = &nodes[j * t->n_nodes];
        memcpy(tree, &leaves[j * t->n_leaves], t->n_leaves * sizeof(*leaves));
        if (!add_up(t, tree)) {
            sodium_memzero(nodes, n_nodes * sizeof(*nodes));
            return sy_status_of(SY_E_OVERFLOW);
        }
    }
    sy_status s = mech_release_cells(b, nodes, n_nodes);
    if (!sy_ok(s)) {
        sodium_memzero(nodes, n_nodes * sizeof(*nodes));
        return s;
    }
    for (size_t j = 0; j < n_trees; j++) {
        mech_tree_fit(t, &nodes[j * t->n_nodes], fit, &leaves[j * t->n_leaves]);
    }
    return SY_OK;
}
