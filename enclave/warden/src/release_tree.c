/*
 * What: the release of a block whose cells are the leaves of trees. Invariants: the shape is the one whose
 * levels the rules divided rho by; exact counts live in `values` and in the scratch of this function only
 * until noise has been added in place; a sum that the plan rules out is refused before any noise.
 */
#include "release_tree.h"

#include <sodium.h>
#include <string.h>

static sy_status no_memory(struct sy_error *err)
{
    return warden_release_no_memory(err);
}

sy_status release_tree_shape(const struct release_table *t, struct mech_tree *ret,
                             struct sy_error *err)
{
    const struct rules_tree_facts *f = &t->facts->tree;
    struct mech_tree shape = {0};
    sy_status s = mech_tree((size_t)f->leaves, (size_t)f->fan, &shape);
    if (!sy_ok(s) || shape.n_levels != f->levels || shape.n_nodes != f->nodes) {
        return sy_fail(err, SY_E_INTERNAL, "tree", NULL);
    }
    *ret = shape;
    return SY_OK;
}

/* BOUNDARY: no tree's total is more than all units can contribute, each on one path of it; and leaves in the
 * figure's units. The plan keeps their product far from the ends of int64 (rules/plan_tree.c). */
static sy_status scale_tree(const struct release_table *t, int64_t *leaves, struct sy_error *err)
{
    const struct rules_figure_facts *f = &t->facts->figures[0];
    uint64_t most = f->reach.rows * t->facts->units_max;
    uint64_t sum = 0;
    for (size_t i = 0; i < t->facts->tree.leaves; i++) {
        if (leaves[i] < 0 || !sy_add_u64(sum, (uint64_t)leaves[i], &sum) || sum > most) {
            return warden_release_misfit(err, "range");
        }
        leaves[i] *= (int64_t)f->reach.bound;
    }
    return SY_OK;
}

sy_status release_tree(struct release_table *t, struct sy_error *err)
{
    struct mech_tree shape;
    SY_TRY(release_tree_shape(t, &shape, err));
    size_t n_trees = t->n_rows / shape.n_leaves;
    if (n_trees * shape.n_leaves != t->n_rows || t->facts->n_figures != 1) {
        return sy_fail(err, SY_E_INTERNAL, "tree", NULL);
    }
    for (size_t i = 0; i < n_trees; i++) {
        SY_TRY(scale_tree(t, &t->values[i * shape.n_leaves], err));
    }
    int64_t *nodes = sy_arena_alloc(t->arena, n_trees * shape.n_nodes + 1, sizeof(*nodes));
    sy_i128 *fit = sy_arena_alloc(t->arena, shape.n_nodes, sizeof(*fit));
    if (nodes == NULL || fit == NULL) {
        return no_memory(err);
    }
    struct mech_block b = {.seed = t->release->seed,
                           .block = (uint32_t)t->ordinal,
                           .figures = t->noise,
                           .n_figures = t->facts->n_figures};
    return mech_tree_release(&b, &shape, n_trees, t->values, nodes, fit);
}

/* --- simulated lanes -------------------------------------------------------------------------------- */

static double part(uint64_t variance)
{
    return (double)variance / (double)((uint64_t)1 << MECH_TREE_ONE_BITS);
}

/* Lane by lane: the sum of n rows of lanes into `sum`. */
static void sum_rows(const double *rows, size_t n, size_t n_lanes, double *sum)
{
    memset(sum, 0, n_lanes * sizeof(*sum));
    for (size_t k = 0; k < n; k++) {
        for (size_t lane = 0; lane < n_lanes; lane++) {
            sum[lane] += rows[k * n_lanes + lane];
        }
    }
}

static void fit_up(const struct mech_tree *t, size_t level, size_t i, double *nodes, size_t n_lanes)
{
    double sum[SY_POST_LANES_MAX];
    size_t n = mech_tree_children(t, level, i);
    double v = part(mech_tree_variance(t, level, i));
    double *own = &nodes[(t->start[level] + i) * n_lanes];
    sum_rows(&nodes[(t->start[level - 1] + i * t->fan) * n_lanes], n, n_lanes, sum);
    for (size_t lane = 0; lane < n_lanes; lane++) {
        own[lane] = sum[lane] + v * (own[lane] - sum[lane]);
    }
}

static void fit_down(const struct mech_tree *t, size_t level, size_t i, double *nodes,
                     size_t n_lanes)
{
    double sum[SY_POST_LANES_MAX];
    size_t n = mech_tree_children(t, level, i);
    size_t first = i * t->fan;
    double below = part(mech_tree_below(t, level, i));
    const double *own = &nodes[(t->start[level] + i) * n_lanes];
    double *child = &nodes[(t->start[level - 1] + first) * n_lanes];
    sum_rows(child, n, n_lanes, sum);
    for (size_t k = 0; k < n; k++) {
        double share = part(mech_tree_variance(t, level - 1, first + k)) / below;
        for (size_t lane = 0; lane < n_lanes; lane++) {
            child[k * n_lanes + lane] += share * (own[lane] - sum[lane]);
        }
    }
}

void release_tree_fit_lanes(const struct mech_tree *t, double *nodes, size_t n_lanes)
{
    for (size_t l = 1; l < t->n_levels; l++) {
        for (size_t i = 0; i < t->size[l]; i++) {
            fit_up(t, l, i, nodes, n_lanes);
        }
    }
    for (size_t l = t->n_levels; l-- > 1;) {
        for (size_t i = 0; i < t->size[l]; i++) {
            fit_down(t, l, i, nodes, n_lanes);
        }
    }
}
