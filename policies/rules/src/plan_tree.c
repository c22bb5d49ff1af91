/*
 * Trees (docs/privacy/trees.md): how many levels a block's tree has, what noise its nodes need, and how far
 * a fitted leaf can be from the exact one. The figure is in thousandths of a unit, so that noise and fit
 * are finer than what is counted.
 *
 * Reach. On one level of the tree a unit's at most `groups` cells of at most `rows` rows each may lie below
 * one node, so that the level moves by at most groups x rows in one node: its L1 and L2 norms. A level costs
 * its share of the block's rho, and there are as many shares as levels.
 */
#include "plan_internal.h"

/* What one row is in a leaf's units. */
enum { LEAF_ONE = 1000 };
_Static_assert(SY_PLAN_TREE_SCALE == 3, "10^3");

/* Variances in units of a node's, rounded up. */
static const uint64_t ONE = (uint64_t)1 << 32;

static uint64_t up(sy_u128 a, sy_u128 b)
{
    return (uint64_t)(a / b + (a % b != 0 ? 1 : 0));
}

struct rules_tree_facts plan_tree(const struct sy_plan_block *b)
{
    struct rules_tree_facts t = {0};
    if (b->tree.n == 0 || b->n_keys == 0) {
        return t;
    }
    const struct sy_plan_key *last = &b->keys[b->n_keys - 1];
    t.leaves = last->n_labels + (last->nullable ? 1 : 0);
    t.fan = sy_view_is(b->tree, "bins") ? 2 : sy_max_u64(t.leaves, 2);
    for (uint64_t n = t.leaves; n > 0; n = n > 1 ? up(n, t.fan) : 0) {
        t.levels++;
        t.nodes += n;
    }
    return t;
}

/* Variance of a fitted leaf in a full tree: what its subtree says of a node, upwards (v), then what the rest
 * of the tree adds, downwards. Knowing that some leaves are not there cannot make it larger. */
static uint64_t leaf_variance(const struct rules_tree_facts *t)
{
    uint64_t v[64] = {ONE};
    size_t top = (size_t)t->levels - 1;
    for (size_t l = 1; l <= top; l++) {
        sy_u128 below = (sy_u128)v[l - 1] * t->fan;
        v[l] = up(below * ONE, below + ONE);
    }
    uint64_t p = v[top];
    for (size_t l = top; l-- > 0;) {
        p = up((sy_u128)v[l] * (t->fan - 1), t->fan) + up(p, (sy_u128)t->fan * t->fan);
    }
    return sy_min_u64(p, ONE);
}

/* ceil(z x sqrt(variance) x scale), z in millionths, variance x 2^32. */
static uint64_t spread(uint64_t z, uint64_t variance, uint64_t scale)
{
    uint64_t root = sy_isqrt_ceil_u128((sy_u128)variance << 28); /* x 2^30 */
    return up((sy_u128)z * root * scale, (sy_u128)1000000 << 30);
}

/* Half-width of the 95 % interval of a leaf (docs/privacy/trees.md, section 5: theorems 4 and 5). */
static uint64_t half_width(const struct rules_tree_facts *t, enum rules_noise kind, uint64_t scale)
{
    static const struct {
        uint64_t z, smooth, more;
    } bounds[RULES_NOISE_N] = {
        [RULES_NOISE_GAUSS] = {1959964, 2, 18}, [RULES_NOISE_LAPLACE] = {5860000, 0, 2}};
    return spread(bounds[kind].z, leaf_variance(t), scale + bounds[kind].smooth) +
           bounds[kind].more;
}

sy_status plan_tree_figure(struct plan_work *w, size_t i, const struct rules_block_facts *k,
                           struct rules_figure_facts *ret)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    uint64_t all = b->groups * ret->reach.rows; /* both below 2^31 */
    uint64_t root;
    if (!sy_mul_u64(all, k->units_max, &root) || !sy_mul_u64(root, LEAF_ONE, &root) ||
        root >= (uint64_t)SY_PLAN_VALUE_MAX) {
        return sy_fail(w->err, SY_E_LIMIT, check_path(w, "blocks", i, "f"),
                       "its total could leave the range of 62 bits");
    }
    ret->reach = (struct rules_reach){.groups = 1, .rows = all, .bound = LEAF_ONE};
    ret->scale = SY_PLAN_TREE_SCALE;
    ret->rho = b->rho;
    SY_TRY(rules_noise_scale(k->kind, &ret->reach, b->rho / k->tree.levels, &ret->noise, w->err));
    ret->half = half_width(&k->tree, k->kind, ret->noise);
    return SY_OK;
}

uint64_t plan_noised_cells(const struct sy_plan_block *b, uint64_t n_cells)
{
    struct rules_tree_facts t = plan_tree(b);
    return t.leaves == 0 ? n_cells : n_cells / t.leaves * t.nodes;
}
