/*
 * Trees under the plan check: what a block with one must be, what noise its nodes need, by hand and for
 * every shape never less than what its levels cost; the interval of a leaf against the fit's own variance;
 * what is shown of it, and that a manifest says it.
 */
#include "test_kit.h"

#include <math.h>
#include <string.h>

#include "rules/model.h"
#include "rules/render.h"

static int setup(void **state)
{
    static struct kit k;
    kit_init(&k);
    kit_granted(&k);
    *state = &k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static struct world tree_world(struct kit *k)
{
    struct world w = kit_world(k);
    w.plan = kit_tree_plan(k);
    return w;
}

static const struct rules_block_facts *passes(struct world *w, struct rules_plan_facts *ret)
{
    sy_status s = kit_check(w, ret);
    if (!sy_ok(s)) {
        fail_msg("%s %s %s", sy_code_name(s.code), w->k->err.field, w->k->err.reason);
    }
    return &ret->blocks[0];
}

/* ---- noise ---- */

/* Two groups of three rows: one node may move by six persons, on each of eight levels. */
static void test_noise_is_for_a_whole_node(void **state)
{
    struct world w = tree_world(*state);
    struct rules_plan_facts f;
    w.plan->blocks[0].groups = 2;
    w.plan->blocks[0].rows = 3;
    const struct rules_figure_facts *n = &passes(&w, &f)->figures[0];
    assert_int_equal(n->reach.groups, 1);
    assert_int_equal(n->reach.rows, 6);
    assert_int_equal(n->reach.bound, 1000);
    assert_int_equal(n->noise, 268329); /* 6000 / sqrt(2 x 0.002 / 8) = 268328.2 */
    assert_int_equal(n->hi, 3 * (int64_t)f.blocks[0].units_max);
    assert_int_equal(f.spends[0].rho, 2000000);
    w.plan->blocks[0].figures[0].fn =
        V("units"); /* a unit counts once in a cell, in two cells twice */
    n = &passes(&w, &f)->figures[0];
    assert_int_equal(n->reach.rows, 2);
}

/* The sum over levels of what a level costs, with the noise that it gets, is at most rho. */
static void test_levels_cost_no_more_than_rho(void **state)
{
    static const uint64_t groups[] = {1, 2, 3, 16};
    struct world w = tree_world(*state);
    struct rules_plan_facts f;
    for (size_t i = 0; i < 24; i++) {
        struct sy_plan_block *b = &w.plan->blocks[0];
        b->groups = groups[i % 4];
        b->rows = 1 + i % 5;
        b->tree = i % 3 == 0 ? V("total") : V("bins");
        b->mechanism = i % 2 == 0 ? V("gauss") : V("laplace");
        w.proposal->mechanisms = KIT_STRS(w.k, "gauss", "laplace");
        w.proposal->n_mechanisms = 2;
        const struct rules_block_facts *k = passes(&w, &f);
        long double d = 1000.0L * (long double)(b->groups * b->rows);
        long double t = (long double)k->figures[0].noise;
        long double level = d * d / (2 * t * t); /* Laplace: eps = d / t costs eps^2 / 2 */
        assert_true(level * (long double)k->tree.levels <= 2e-3L * (1 + 1e-12L));
        assert_true(level * (long double)k->tree.levels > 2e-3L * 0.999L);
    }
}

/* ---- the interval of a leaf ---- */

/* Variance of a leaf of a full tree, from the definition: of all leaves the first, by the normal equations'
 * symmetry: solved level by level in long double (docs/privacy/trees.md, section 4). */
static long double leaf_variance(uint64_t levels, long double fan)
{
    long double v[32] = {1};
    for (uint64_t l = 1; l < levels; l++) {
        v[l] = fan * v[l - 1] / (fan * v[l - 1] + 1);
    }
    long double p = v[levels - 1];
    for (uint64_t l = levels - 1; l-- > 0;) {
        p = v[l] - v[l] / fan + p / (fan * fan);
    }
    return p;
}

static void test_a_leafs_interval(void **state)
{
    static const struct {
        const char *tree, *mechanism;
        long double z, more;
    } cases[] = {{"bins", "gauss", 1.959964L, 18},
                 {"total", "gauss", 1.959964L, 18},
                 {"bins", "laplace", 5.86L, 2},
                 {"total", "laplace", 5.86L, 2}};
    struct world w = tree_world(*state);
    struct rules_plan_facts f;
    w.proposal->mechanisms = KIT_STRS(w.k, "gauss", "laplace");
    w.proposal->n_mechanisms = 2;
    for (size_t i = 0; i < 4; i++) {
        w.plan->blocks[0].tree = V(cases[i].tree);
        w.plan->blocks[0].mechanism = V(cases[i].mechanism);
        const struct rules_block_facts *k = passes(&w, &f);
        long double s = sqrtl(leaf_variance(k->tree.levels, (long double)k->tree.fan));
        long double smooth = i < 2 ? 2 : 0;
        long double want =
            ceill(cases[i].z * s * ((long double)k->figures[0].noise + smooth)) + cases[i].more;
        assert_true(fabsl((long double)k->figures[0].half - want) <= 1);
        assert_true(k->tree.leaves == 121 && s < 1);
    }
}

/* ---- limits and what is shown ---- */

static void test_nodes_count_as_cells(void **state)
{
    struct world w = tree_world(*state);
    struct rules_plan_facts f;
    w.pack->cells_max = 3 * 244;
    (void)passes(&w, &f);
    assert_int_equal(f.rows_out, 363);
    w.pack->cells_max = 3 * 244 - 1;
    check_code(kit_check(&w, &f), SY_E_LIMIT);
    assert_string_equal(w.k->err.field, "blocks[0].k");
    w.plan->blocks[0].tree = V("total");
    w.pack->cells_max = 3 * 122;
    (void)passes(&w, &f);
}

static void test_rendering(void **state)
{
    static const struct {
        const char *tree, *line;
    } cases[] = {{"bins", "sums over age are noised too: 8 levels of pairs"},
                 {"total", "sums over age are noised too: 2 levels of cells and their total"}};
    struct world w = tree_world(*state);
    struct rules_plan_facts f;
    for (size_t i = 0; i < 2; i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(RULES_RENDER_MAX);
        w.plan->blocks[0].tree = V(cases[i].tree);
        (void)passes(&w, &f);
        struct rules_plan_case c = {w.plan, &w.defs, w.pack, w.proposal};
        check_ok(rules_plan_render(&c, &f, &w.k->arena, &b));
        check_ok(sy_buf_add(&b, "", 1));
        assert_non_null(strstr((const char *)b.p, cases[i].line));
        assert_non_null(strstr((const char *)b.p, "figure n := count  noise scale "));
    }
}

/* ---- refusals ---- */

typedef void mutate(struct world *w, struct sy_plan_block *b);

#define M(name, ...)                                                                               \
    static void name(struct world *w, struct sy_plan_block *b)                                     \
    {                                                                                              \
        (void)w;                                                                                   \
        (void)b;                                                                                   \
        __VA_ARGS__                                                                                \
    }

M(m_word, b->tree = V("quad");)
M(m_exact, b->mechanism = V("exact");)
M(m_cellkey, b->mechanism = V("cellkey");)
M(m_subject, b->mechanism = V("subject");)
M(m_no_keys, b->n_keys = 0; w->plan->outs += 2; w->plan->n_outs = 1;)
M(m_town_bins, b->n_keys = 1; w->plan->outs[1] = w->plan->outs[2]; w->plan->n_outs = 2;)
M(m_sparse, b->sparse = true; b->delta = 1000000;)
M(m_two, b->figures[1] = b->figures[0]; b->figures[1].name = V("m"); b->n_figures = 2;)
M(m_sum, b->figures[0] = (struct sy_plan_figure){
             .expr = 1, .fn = V("sum"), .has_arg = true, .hi = 120, .name = V("n")};)
M(m_distinct, b->figures[0].fn = V("distinct"); b->figures[0].has_arg = true;
  b->figures[0].expr = 1;)
M(m_ratio, w->plan->outs[2].op = V("ratio"); w->plan->outs[2].hi = 1;)
M(m_cheap, b->rho = 7;)
M(m_large, b->groups = b->rows = INT32_MAX; w->pack->groups_max = w->pack->rows_max = INT32_MAX;)

static void test_refusals(void **state)
{
    static const struct {
        const char *name;
        mutate *spoil;
        int32_t code;
        const char *field;
    } cases[] = {
#define C(f, code, field) {#f, f, code, field}
        C(m_word, SY_E_PLAN, "blocks[0].t"),    C(m_exact, SY_E_PLAN, "blocks[0].t"),
        C(m_cellkey, SY_E_PLAN, "blocks[0].t"), C(m_subject, SY_E_PLAN, NULL),
        C(m_no_keys, SY_E_PLAN, "blocks[0].t"), C(m_town_bins, SY_E_PLAN, "blocks[0].t"),
        C(m_sparse, SY_E_PLAN, "blocks[0].t"),  C(m_two, SY_E_PLAN, "blocks[0].t"),
        C(m_sum, SY_E_PLAN, "blocks[0].t"),     C(m_distinct, SY_E_PLAN, "blocks[0].t"),
        C(m_ratio, SY_E_PLAN, "outs[2].o"),     C(m_cheap, SY_E_BUDGET, "rho"),
        C(m_large, SY_E_LIMIT, "blocks[0].f"),
#undef C
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w = tree_world(*state);
        struct rules_plan_facts f;
        cases[i].spoil(&w, &w.plan->blocks[0]);
        sy_status s = kit_check(&w, &f);
        bool at = cases[i].field == NULL || strcmp(w.k->err.field, cases[i].field) == 0;
        if (s.code != cases[i].code || !at) {
            fail_msg("%s: %s %s %s", cases[i].name, sy_code_name(s.code), w.k->err.field,
                     w.k->err.reason);
        }
    }
}

/* ---- the manifest ---- */

static bool fits(struct kit *k, const char *manifest, const char *plan)
{
    struct sy_model_block b = {.groups = 1,
                               .mechanism = V("gauss"),
                               .name = V("b"),
                               .rho = 2000000,
                               .rows = 1,
                               .sql = V("SELECT ..."),
                               .tree = V(manifest)};
    struct sy_model_def def = {.blocks = &b, .n_blocks = 1, .name = V("m"), .title = V("m")};
    struct rules_grant *g = kit_alloc(k, 1, sizeof(*g));
    struct sy_plan *p = kit_tree_plan(k);
    struct sy_check_result r;
    p->blocks[0].tree = V(plan);
    check_ok(rules_grant_read(k->state, k->grant, &k->arena, g, &k->err));
    check_ok(rules_check_plan(g, &def, kit_encode(k, &sy_plan_desc, p), &k->arena, &r, &k->err));
    assert_true(!r.refused || sy_view_is(r.construct, "blocks[0].tree"));
    return !r.refused;
}

static void test_the_manifest_says_it(void **state)
{
    assert_true(fits(*state, "bins", "bins"));
    assert_true(fits(*state, "total", "total"));
    assert_true(fits(*state, "", ""));
    assert_true(fits(*state, "", "bins")); /* what a quantile in the SELECT list makes */
    assert_false(fits(*state, "", "total"));
    assert_false(fits(*state, "bins", ""));
    assert_false(fits(*state, "bins", "total"));
    assert_false(fits(*state, "total", "bins"));
}

#define WITH_KIT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(test_noise_is_for_a_whole_node),
        WITH_KIT(test_levels_cost_no_more_than_rho),
        WITH_KIT(test_a_leafs_interval),
        WITH_KIT(test_nodes_count_as_cells),
        WITH_KIT(test_rendering),
        WITH_KIT(test_refusals),
        WITH_KIT(test_the_manifest_says_it),
    };
    return cmocka_run_group_tests_name("rules_plan_tree", tests, NULL, NULL);
}
