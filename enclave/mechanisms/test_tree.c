/*
 * Trees: the shape, the fit against a dense least-squares solution that shares no code with it, where noise
 * comes from, and what is promised of it: no bias, the variance that theory gives for leaves and ranges.
 */
#include "check.h"

#include "mechanisms/tree.h"
#include "test_stats.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>

enum { LEAVES = 40, NODES = 96, TREES = 3000 };

static const struct mech_figure gauss_900[] = {{MECH_GAUSS, 900}};
static const struct mech_figure laplace_900[] = {{MECH_LAPLACE, 900}};

static uint8_t seed[MECH_SEED_BYTES];

static const struct {
    size_t leaves, fan;
} shapes[] = {{1, 2},  {2, 2},  {3, 2},  {5, 2},  {8, 2},  {11, 2}, {17, 2},
              {32, 2}, {33, 2}, {40, 2}, {1, 3},  {2, 3},  {7, 3},  {27, 3},
              {28, 3}, {7, 7},  {5, 40}, {40, 6}, {31, 4}, {40, 40}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static struct mech_tree shape(size_t leaves, size_t fan)
{
    struct mech_tree t;
    check_ok(mech_tree(leaves, fan, &t));
    assert_true(t.n_nodes <= NODES);
    return t;
}

/* --- an independent fit ----------------------------------------------------------------------------- */

/* Which leaves a node covers, by counting down from what each level's nodes are made of. */
static bool covers(const struct mech_tree *t, size_t node, size_t leaf)
{
    size_t width = 1;
    size_t level = 0;
    size_t first = 0;
    size_t n = t->n_leaves;
    while (node >= first + n) {
        first += n;
        n = (n + t->fan - 1) / t->fan;
        width *= t->fan;
        level++;
    }
    assert_true(level < t->n_levels);
    return leaf / width == node - first;
}

/* Solve M x = b in place by elimination with pivots; n <= LEAVES. */
static void solve(long double m[LEAVES][LEAVES], long double *b, size_t n)
{
    for (size_t c = 0; c < n; c++) {
        size_t p = c;
        for (size_t r = c + 1; r < n; r++) {
            p = fabsl(m[r][c]) > fabsl(m[p][c]) ? r : p;
        }
        for (size_t k = 0; k < n; k++) {
            long double swap = m[c][k];
            m[c][k] = m[p][k];
            m[p][k] = swap;
        }
        long double swap = b[c];
        b[c] = b[p];
        b[p] = swap;
        for (size_t r = 0; r < n; r++) {
            long double f = r == c ? 0 : m[r][c] / m[c][c];
            for (size_t k = c; k < n; k++) {
                m[r][k] -= f * m[c][k];
            }
            b[r] -= f * b[c];
        }
    }
    for (size_t c = 0; c < n; c++) {
        b[c] /= m[c][c];
    }
}

/* A'A of the matrix A that sums leaves to nodes. */
static void gram(const struct mech_tree *t, long double m[LEAVES][LEAVES])
{
    for (size_t i = 0; i < t->n_leaves; i++) {
        for (size_t j = 0; j < t->n_leaves; j++) {
            m[i][j] = 0;
            for (size_t v = 0; v < t->n_nodes; v++) {
                m[i][j] += covers(t, v, i) && covers(t, v, j) ? 1 : 0;
            }
        }
    }
}

static void dense_fit(const struct mech_tree *t, const int64_t *nodes, long double *ret)
{
    long double m[LEAVES][LEAVES];
    gram(t, m);
    for (size_t i = 0; i < t->n_leaves; i++) {
        ret[i] = 0;
        for (size_t v = 0; v < t->n_nodes; v++) {
            ret[i] += covers(t, v, i) ? (long double)nodes[v] : 0;
        }
    }
    solve(m, ret, t->n_leaves);
}

/* Variance of the sum of leaves from..to-1 of the fit, in units of a node's: q' (A'A)^-1 q. */
static long double range_variance(const struct mech_tree *t, size_t from, size_t to)
{
    long double m[LEAVES][LEAVES];
    long double x[LEAVES];
    long double v = 0;
    gram(t, m);
    for (size_t i = 0; i < t->n_leaves; i++) {
        x[i] = i >= from && i < to ? 1 : 0;
    }
    solve(m, x, t->n_leaves);
    for (size_t i = from; i < to; i++) {
        v += x[i];
    }
    return v;
}

/* --- shape and fit ---------------------------------------------------------------------------------- */

static void shapes_are_as_said(void **state)
{
    (void)state;
    struct mech_tree t = shape(11, 2);
    size_t sizes[] = {11, 6, 3, 2, 1};
    assert_int_equal(t.n_levels, 5);
    assert_int_equal(t.n_nodes, 23);
    for (size_t l = 0; l < 5; l++) {
        assert_int_equal(t.size[l], sizes[l]);
    }
    assert_int_equal(mech_tree_children(&t, 1, 5), 1);
    assert_int_equal(mech_tree_children(&t, 1, 4), 2);
    check_code(mech_tree(0, 2, &t), SY_E_FIELD);
    check_code(mech_tree(5, 1, &t), SY_E_FIELD);
    check_code(mech_tree(MECH_TREE_LEAVES_MAX + 1, 2, &t), SY_E_FIELD);
    check_code(mech_tree(5, MECH_TREE_LEAVES_MAX + 1, &t), SY_E_FIELD);
    check_ok(mech_tree(MECH_TREE_LEAVES_MAX, 2, &t));
    assert_int_equal(t.n_levels, 21);
}

static int64_t any_value(struct mech_stream *s)
{
    return (int64_t)(mech_stream_uint(s, 6) % 2000000000) - 1000000000;
}

/* Whatever the nodes say, the fit is the dense solution, but for rounding each prefix sum once. */
static void the_fit_is_least_squares(void **state)
{
    (void)state;
    uint8_t nonce[MECH_NONCE_BYTES] = {0};
    MECH_STREAM_CLEANUP struct mech_stream s;
    mech_stream_open(&s, seed, nonce);
    for (size_t k = 0; k < (size_t)20 * SHAPES; k++) {
        struct mech_tree t = shape(shapes[k % SHAPES].leaves, shapes[k % SHAPES].fan);
        int64_t nodes[NODES];
        int64_t leaves[LEAVES];
        sy_i128 fit[NODES];
        long double want[LEAVES];
        long double off = 0;
        for (size_t v = 0; v < t.n_nodes; v++) {
            nodes[v] = any_value(&s);
        }
        mech_tree_fit(&t, nodes, fit, leaves);
        dense_fit(&t, nodes, want);
        for (size_t i = 0; i < t.n_leaves; i++) {
            off += (long double)leaves[i] - want[i];
            if (fabsl(off) > 2.0L) { /* 1/2 of rounding, and weights of 2^-32 of 2 x 10^9 a level */
                fail_msg("%zu leaves, fan %zu: the first %zu are off by %Lg", t.n_leaves, t.fan,
                         i + 1, off);
            }
        }
    }
}

/* Nodes that agree already stay as they are: a public shift of all leaves moves nothing else. */
static void agreement_is_kept(void **state)
{
    (void)state;
    for (size_t k = 0; k < SHAPES; k++) {
        struct mech_tree t = shape(shapes[k].leaves, shapes[k].fan);
        int64_t nodes[NODES] = {0};
        int64_t leaves[LEAVES];
        sy_i128 fit[NODES];
        for (size_t v = 0; v < t.n_nodes; v++) {
            for (size_t i = 0; i < t.n_leaves; i++) {
                nodes[v] += covers(&t, v, i) ? (int64_t)(i * i) - 100 : 0;
            }
        }
        mech_tree_fit(&t, nodes, fit, leaves);
        for (size_t i = 0; i < t.n_leaves; i++) {
            assert_int_equal(leaves[i], (int64_t)(i * i) - 100);
        }
    }
}

/* The ends of int64 neither wrap nor trap: leaves saturate. */
static void extremes_are_safe(void **state)
{
    (void)state;
    struct mech_tree t = shape(33, 2);
    int64_t nodes[NODES];
    int64_t leaves[LEAVES];
    sy_i128 fit[NODES];
    for (int sign = 0; sign < 2; sign++) {
        for (size_t v = 0; v < t.n_nodes; v++) {
            nodes[v] = (v % 2 == 0) == (sign == 0) ? INT64_MAX : INT64_MIN;
        }
        long double want[LEAVES];
        mech_tree_fit(&t, nodes, fit, leaves);
        dense_fit(&t, nodes, want);
        for (size_t i = 0; i < t.n_leaves; i++) {
            long double clipped =
                fminl(fmaxl(want[i], (long double)INT64_MIN), (long double)INT64_MAX);
            assert_true(fabsl((long double)leaves[i] - clipped) < 1e12L); /* of 9e18 */
        }
    }
}

/* --- noise ------------------------------------------------------------------------------------------ */

/* Node k of tree j has the noise of cell j x n_nodes + k, and nothing else goes into the leaves. */
static void every_node_has_its_own_noise(void **state)
{
    (void)state;
    struct mech_tree t = shape(11, 2);
    struct mech_block b = {.seed = seed, .block = 7, .figures = gauss_900, .n_figures = 1};
    int64_t leaves[2 * 11];
    int64_t nodes[2 * NODES];
    sy_i128 fit[NODES];
    for (size_t i = 0; i < 22; i++) {
        leaves[i] = (int64_t)i * 1000;
    }
    check_ok(mech_tree_release(&b, &t, 2, leaves, nodes, fit));
    for (size_t j = 0; j < 2; j++) {
        int64_t want[NODES];
        int64_t fitted[LEAVES];
        for (size_t v = 0; v < t.n_nodes; v++) {
            MECH_STREAM_CLEANUP struct mech_stream s;
            uint8_t nonce[MECH_NONCE_BYTES];
            mech_cell_nonce(7, j * t.n_nodes + v, nonce);
            mech_stream_open(&s, seed, nonce);
            want[v] = mech_draw(&s, MECH_GAUSS, 900);
            for (size_t i = 0; i < 11; i++) {
                want[v] += covers(&t, v, i) ? (int64_t)(j * 11 + i) * 1000 : 0;
            }
            assert_int_equal(nodes[j * t.n_nodes + v], want[v]);
        }
        mech_tree_fit(&t, want, fit, fitted);
        assert_memory_equal(&leaves[j * 11], fitted, sizeof(int64_t) * 11);
    }
}

static void bad_blocks_change_nothing(void **state)
{
    (void)state;
    struct mech_tree t = shape(3, 2);
    struct mech_figure two[] = {{MECH_GAUSS, 9}, {MECH_GAUSS, 9}};
    struct mech_figure none[] = {{MECH_GAUSS, 0}};
    struct mech_block b = {.seed = seed, .figures = two, .n_figures = 2};
    int64_t leaves[] = {1, 2, 3};
    int64_t nodes[NODES];
    sy_i128 fit[NODES];
    check_code(mech_tree_release(&b, &t, 1, leaves, nodes, fit), SY_E_FIELD);
    b = (struct mech_block){.seed = seed, .figures = none, .n_figures = 1};
    check_code(mech_tree_release(&b, &t, 1, leaves, nodes, fit), SY_E_FIELD);
    int64_t zero[6] = {0};
    assert_memory_equal(nodes, zero, sizeof zero); /* nothing exact is left in the scratch */
    b.figures = gauss_900;
    int64_t large[] = {INT64_MAX, 1, 0};
    check_code(mech_tree_release(&b, &t, 1, large, nodes, fit), SY_E_OVERFLOW);
    assert_true(leaves[0] == 1 && leaves[1] == 2 && leaves[2] == 3 && large[0] == INT64_MAX);
}

/* --- what it promises ------------------------------------------------------------------------------- */

struct moments {
    long double mean, variance;
};

/* Of the error of the sum of leaves from..to-1, over TREES releases. */
static struct moments range_error(const int64_t *leaves, size_t n_leaves, size_t from, size_t to)
{
    struct moments m = {0};
    for (size_t j = 0; j < TREES; j++) {
        long double e = 0;
        for (size_t i = from; i < to; i++) {
            e += (long double)(leaves[j * n_leaves + i] - (int64_t)i * 1000);
        }
        m.mean += e / TREES;
        m.variance += e * e / TREES;
    }
    return m;
}

static int64_t *released(const struct mech_tree *t, const struct mech_figure *noise, uint32_t block)
{
    int64_t *leaves = calloc(TREES * t->n_leaves, sizeof *leaves);
    int64_t *nodes = calloc(TREES * t->n_nodes, sizeof *nodes);
    sy_i128 *fit = calloc(t->n_nodes, sizeof *fit);
    assert_true(leaves != NULL && nodes != NULL && fit != NULL);
    struct mech_block b = {.seed = seed, .block = block, .figures = noise, .n_figures = 1};
    for (size_t i = 0; i < TREES * t->n_leaves; i++) {
        leaves[i] = (int64_t)(i % t->n_leaves) * 1000;
    }
    check_ok(mech_tree_release(&b, t, TREES, leaves, nodes, fit));
    free(nodes);
    free(fit);
    return leaves;
}

/* NULL, or which moment of the range is not what a node noise of this variance gives. */
static const char *moments_misfit(const struct mech_tree *t, const int64_t *leaves, size_t from,
                                  size_t to, long double node_variance, long double kurtosis)
{
    struct moments m = range_error(leaves, t->n_leaves, from, to);
    long double v = range_variance(t, from, to) * node_variance;
    if (fabsl(m.mean) > STATS_Z * sqrtl(v / TREES)) {
        return "mean";
    }
    return fabsl(m.variance - v) > STATS_Z * v * sqrtl((kurtosis - 1) / TREES) ? "variance" : NULL;
}

/* Leaves and ranges, of both kinds of noise and both shapes. A kurtosis of 6 (one Laplace) bounds that of
 * any sum of independent ones. */
static void errors_are_as_theory_says(void **state)
{
    (void)state;
    static const size_t ranges[][2] = {{0, 1}, {10, 11}, {5, 6}, {0, 11}, {0, 8}, {3, 9}, {1, 10}};
    const struct mech_figure *kinds[] = {gauss_900, laplace_900};
    for (size_t k = 0; k < 4; k++) {
        struct mech_tree t = shape(11, k < 2 ? 2 : 11);
        struct stats_dist d = stats_dist(kinds[k % 2]->kind, kinds[k % 2]->scale);
        int64_t *leaves = released(&t, kinds[k % 2], (uint32_t)k);
        for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
            const char *why =
                moments_misfit(&t, leaves, ranges[r][0], ranges[r][1], d.m2, k % 2 == 0 ? 3 : 6);
            if (why != NULL) {
                fail_msg("case %zu, range %zu: %s", k, r, why);
            }
        }
        free(leaves);
        stats_free(&d);
    }
}

/* The same test rejects leaves that were not fitted, a fit that trusts the wrong level, and noise that is
 * nine tenths of what it should be. */
static void the_test_has_teeth(void **state)
{
    (void)state;
    struct mech_tree t = shape(11, 2);
    struct mech_tree flat = shape(1, 2);
    struct mech_figure weak[] = {{MECH_GAUSS, 810}};
    struct stats_dist d = stats_dist(MECH_GAUSS, 900);
    int64_t *leaves = calloc((size_t)TREES * 11, sizeof *leaves);
    assert_non_null(leaves);
    for (size_t i = 0; i < (size_t)TREES * 11; i++) {
        int64_t node;
        sy_i128 fit;
        leaves[i] = (int64_t)(i % 11) * 1000;
        struct mech_block b = {
            .seed = seed, .block = (uint32_t)(1000 + i), .figures = gauss_900, .n_figures = 1};
        check_ok(mech_tree_release(&b, &flat, 1, &leaves[i], &node, &fit));
    }
    assert_non_null(moments_misfit(&t, leaves, 0, 11, d.m2, 3));
    assert_non_null(moments_misfit(&t, leaves, 0, 1, d.m2, 3));
    free(leaves);
    for (size_t l = 0; l < t.n_levels; l++) {
        t.full[l] = t.last[l] = (uint64_t)1 << MECH_TREE_ONE_BITS; /* only its own noise counts */
    }
    leaves = released(&t, gauss_900, 8);
    t = shape(11, 2);
    assert_non_null(moments_misfit(&t, leaves, 3, 9, d.m2, 3));
    free(leaves);
    leaves = released(&t, weak, 9);
    assert_non_null(moments_misfit(&t, leaves, 0, 11, d.m2, 3));
    free(leaves);
    stats_free(&d);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    stats_seed(40, seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_as_said),
        cmocka_unit_test(the_fit_is_least_squares),
        cmocka_unit_test(agreement_is_kept),
        cmocka_unit_test(extremes_are_safe),
        cmocka_unit_test(every_node_has_its_own_noise),
        cmocka_unit_test(bad_blocks_change_nothing),
        cmocka_unit_test(errors_are_as_theory_says),
        cmocka_unit_test(the_test_has_teeth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
