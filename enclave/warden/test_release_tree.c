/*
 * The release of trees: noise is that of the tree the price was made for, what a worker says is held against
 * the plan, leaves keep their interval, and intervals of totals, ranges and quantiles hold as often as they
 * say. Negative controls: lanes of half the noise, and lanes that were not fitted to their tree.
 */
#include "test_kit.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "mechanisms/calibrate.h"
#include "mechanisms/tree.h"
#include "warden/release.h"

enum { TOWNS = 3, AGES = 121, CELLS = TOWNS * AGES, SEEDS = 150, RUNS = 4000 };

typedef sy_status release_fn(const struct warden_release *c, struct sy_arena *arena,
                             struct sy_answer *ret, struct sy_error *reterr);
release_fn warden_release_halved, warden_release_unfitted;

/* A checked plan of one block, counts by town and age, and what a worker says of them. */
struct scene {
    struct world w;
    struct rules_model model;
    struct sy_run_cell cells[CELLS + 1];
    uint64_t keys[CELLS + 1][2];
    int64_t figures[CELLS + 1][1];
    struct sy_run_block block;
    struct sy_run_result result;
    struct warden_release release;
    uint8_t seed[MECH_SEED_BYTES];
    struct sy_error err;
};

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

static uint64_t start_random(void)
{
    const char *given = getenv("SHUYU_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : sy_mono_ns();
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* ---- plans ---- */

/* Persons by town and age; each in one cell. */
static void counts(struct world *w)
{
    w->plan = kit_tree_plan(w->k);
}

static void laplace(struct world *w)
{
    counts(w);
    w->plan->blocks[0].mechanism = V("laplace");
    w->proposal->mechanisms = KIT_STRS(w->k, "laplace");
    w->proposal->n_mechanisms = 1;
}

static void total(struct world *w)
{
    counts(w);
    w->plan->blocks[0].tree = V("total");
}

/* By town: total, those of 20 to 64, median, the value that 15 % reach. */
static void read_off(struct world *w)
{
    counts(w);
    struct sy_plan *p = w->plan;
    const struct kit_expr e[] = {{.op = "col", .i = 0},
                                 {.op = "col", .i = 1},
                                 {.op = "col", .i = 2},
                                 {.op = "int", .i = 20},
                                 {.op = "ge", .args = {1, 3}, .n_args = 2},
                                 {.op = "int", .i = 64},
                                 {.op = "le", .args = {1, 5}, .n_args = 2},
                                 {.op = "and", .args = {4, 6}, .n_args = 2},
                                 {.op = "null", .s = "int"},
                                 {.op = "case", .args = {7, 2, 8}, .n_args = 3},
                                 {.op = "int", .i = 5, .scale = 1},
                                 {.op = "int", .i = 15, .scale = 2}};
    p->post = kit_alloc(w->k, 1, sizeof(*p->post));
    p->n_post = 1;
    p->post->rels = kit_alloc(w->k, 2, sizeof(*p->post->rels));
    p->post->n_rels = 2;
    p->post->rels[0] = (struct sy_plan_rel){.op = V("block"), .source = V("b")};
    p->post->rels[1] =
        (struct sy_plan_rel){.exprs = kit_exprs(w->k, e, 12),
                             .n_exprs = 12,
                             .fns = KIT_STRS(w->k, "sum", "sum", "quantile", "quantile"),
                             .n_fns = 4,
                             .in = NUMS(w, 0),
                             .n_in = 1,
                             .n_keys = 1,
                             .names = KIT_STRS(w->k, "town", "all", "grown", "median", "low"),
                             .n_names = 5,
                             .op = V("reduce"),
                             .outs = NUMS(w, 0, 2, 9, 1, 2, 10, 1, 2, 11),
                             .n_outs = 9};
    p->post->outs = kit_alloc(w->k, 5, sizeof(*p->post->outs));
    for (size_t i = 0; i < 5; i++) {
        p->post->outs[i] = (struct sy_plan_post_out){
            .col = i, .name = p->post->rels[1].names[i], .scale = i == 1 || i == 2 ? 3 : 0};
    }
    p->post->n_outs = 5;
}

/* ---- scenes ---- */

/* How many persons of a town are of an age: many young and some old, a gap between; town c is empty. */
static int64_t people(size_t town, size_t age)
{
    int64_t young = age < 60 ? 40 - (int64_t)age / 2 : 0;
    int64_t old = age > 75 && age < 100 ? 12 : 0;
    return town == 2 ? 0 : (young + old) * (town == 0 ? 1 : 5);
}

static void add_cell(struct scene *s, size_t town, size_t age, int64_t n)
{
    size_t i = s->block.n_cells++;
    s->keys[i][0] = town;
    s->keys[i][1] = age;
    s->figures[i][0] = n;
    s->cells[i] = (struct sy_run_cell){.figures = s->figures[i],
                                       .n_figures = 1,
                                       .key = s->keys[i],
                                       .n_key = 2,
                                       .units = (uint64_t)(n > 0 ? n : 1)};
}

/* The worker's word anew: a release wipes it. */
static void fill(struct scene *s)
{
    s->block.n_cells = 0;
    for (size_t i = 0; i < CELLS; i++) {
        if (people(i / AGES, i % AGES) != 0) {
            add_cell(s, i / AGES, i % AGES, people(i / AGES, i % AGES));
        }
    }
}

static struct scene *scene_new(struct kit *k, void (*make)(struct world *w))
{
    struct scene *s = kit_alloc(k, 1, sizeof(*s));
    s->w = kit_world(k);
    make(&s->w);
    sy_status st = kit_check(&s->w, &s->model.facts);
    if (!sy_ok(st)) {
        fail_msg("plan: %s %s %s", sy_code_name(st.code), k->err.field, k->err.reason);
    }
    s->model.plan = *s->w.plan;
    s->model.grant.defs = s->w.defs;
    s->block.cells = s->cells;
    s->result = (struct sy_run_result){.blocks = &s->block, .n_blocks = 1, .ok = true};
    s->release = (struct warden_release){.model = &s->model, .result = &s->result, .seed = s->seed};
    memset(s->seed, 42, sizeof(s->seed));
    fill(s);
    return s;
}

static struct sy_answer released_by(struct scene *s, release_fn *release, struct sy_arena *arena)
{
    struct sy_answer a = {0};
    fill(s);
    sy_status st = release(&s->release, arena, &a, &s->err);
    if (!sy_ok(st)) {
        fail_msg("%s %s %s", sy_code_name(st.code), s->err.field, s->err.reason);
    }
    return a;
}

/* ---- noise ---- */

/* Node noise from the accountant's formula by hand: 8 levels share rho 0.002, D = 1000 thousandths. */
static void test_price(void **state)
{
    struct scene *s = scene_new(*state, counts);
    const struct rules_block_facts *b = &s->model.facts.blocks[0];
    assert_int_equal(b->tree.leaves, AGES);
    assert_int_equal(b->tree.levels, 8);
    assert_int_equal(b->tree.nodes, 121 + 61 + 31 + 16 + 8 + 4 + 2 + 1);
    assert_int_equal(b->figures[0].scale, 3);
    assert_int_equal(b->figures[0].noise, 44722); /* 1000 / sqrt(2 x 0.002 / 8) = 44721.4 */
    assert_int_equal(b->figures[0].lo, 0);
    s = scene_new(*state, total);
    b = &s->model.facts.blocks[0];
    assert_int_equal(b->tree.levels, 2);
    assert_int_equal(b->tree.nodes, 122);
    assert_int_equal(b->figures[0].noise, 22361);
    s = scene_new(*state, laplace);
    assert_int_equal(s->model.facts.blocks[0].figures[0].noise, 44722);
}

/* The release is mech_tree_release over all declared cells, and the column says what it is. */
static void test_noise_is_the_trees(void **state)
{
    struct scene *s = scene_new(*state, counts);
    struct mech_figure noise = {MECH_GAUSS, s->model.facts.blocks[0].figures[0].noise};
    struct mech_block b = {.seed = s->seed, .figures = &noise, .n_figures = 1};
    struct mech_tree t;
    static int64_t leaves[CELLS], nodes[TOWNS * 256];
    static sy_i128 fit[256];
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_answer a = released_by(s, warden_release, &arena);
    for (size_t i = 0; i < CELLS; i++) {
        leaves[i] = people(i / AGES, i % AGES) * 1000;
    }
    check_ok(mech_tree(AGES, 2, &t));
    check_ok(mech_tree_release(&b, &t, TOWNS, leaves, nodes, fit));
    assert_int_equal(a.rows, CELLS);
    assert_int_equal(a.columns[2].scale, 3);
    assert_int_equal(a.columns[2].noise, noise.scale);
    assert_memory_equal(a.columns[2].values, leaves, sizeof(leaves));
    for (size_t i = 0; i < s->block.n_cells; i++) {
        assert_int_equal(s->figures[i][0], 0); /* the worker's copy is wiped */
    }
}

/* ---- what a worker says ---- */

static void expect_refused(struct scene *s)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_answer a = {0};
    check_code(warden_release(&s->release, &arena, &a, &s->err), SY_E_FIELD);
    assert_int_equal(a.n_columns, 0);
    fill(s);
}

static void test_boundary(void **state)
{
    struct scene *s = scene_new(*state, counts);
    int64_t most = s->model.facts.blocks[0].figures[0].hi;
    s->figures[3][0] = -1;
    expect_refused(s);
    s->figures[3][0] = most + 1;
    expect_refused(s);
    s->figures[3][0] = most; /* each cell may hold all units, two of them may not */
    expect_refused(s);
    s->keys[5][1] = AGES;
    expect_refused(s);
    s->keys[5][1] = s->keys[4][1];
    expect_refused(s);
    s->cells[7].n_key = 1;
    expect_refused(s);
}

/* A shape that the rules did not price is refused, whoever made it. */
static void test_other_levels(void **state)
{
    struct scene *s = scene_new(*state, counts);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_answer a = {0};
    s->model.facts.blocks[0].tree.levels--;
    check_code(warden_release(&s->release, &arena, &a, &s->err), SY_E_INTERNAL);
}

/* ---- what is learnt about one person ---- */

enum { TOWN = 1, AGE = 30, LEARNT = 1700 };

/* The best test of "is there one more person of this age?" that released leaves allow: fitted leaves have the
 * inverse of A'A as their covariance, so it is A'A of that leaf times the leaves: the sums above it. */
static double statistic(const struct sy_answer *a)
{
    double sum = 0;
    for (size_t width = 1; width < 2 * AGES; width *= 2) {
        size_t first = AGE / width * width;
        for (size_t i = first; i < first + width && i < AGES; i++) {
            sum += (double)a->columns[2].values[TOWN * AGES + i];
        }
    }
    return sum;
}

static double learn(struct scene *s, bool one_more)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_answer a = {0};
    fill(s);
    for (size_t i = 0; one_more && i < s->block.n_cells; i++) {
        s->figures[i][0] += s->keys[i][0] == TOWN && s->keys[i][1] == AGE ? 1 : 0;
    }
    check_ok(warden_release(&s->release, &arena, &a, &s->err));
    return statistic(&a);
}

/* Its distance in deviations, from pairs of releases with one noise, is the square root of 2 rho: all levels
 * together spend what was paid, and no more. Within four standard errors (1.7 % each); a sensitivity wrong by
 * 1.175 would be ten away. */
static void test_what_is_learnt_is_what_was_paid(void **state)
{
    struct scene *s = scene_new(*state, counts);
    uint64_t from = start_random();
    double mean = 0, square = 0, shift = 0;
    for (uint64_t i = 0; i < LEARNT; i++) {
        uint64_t seed = from + i;
        memcpy(s->seed, &seed, sizeof(seed));
        double without = learn(s, false);
        shift += (learn(s, true) - without) / LEARNT;
        mean += without / LEARNT;
        square += without * without / LEARNT;
    }
    double paid = sqrt(2 * (double)s->model.plan.blocks[0].rho / 1e9);
    double learnt = shift / sqrt(square - mean * mean);
    print_message("# learnt %.4f deviations, paid %.4f\n", learnt, paid);
    assert_true(fabs(learnt / paid - 1) < 4 / sqrt(2.0 * LEARNT));
}

/* ---- intervals ---- */

/* 95 % of the leaves of as many trees, and not much more where the bound is meant to be close. */
static void leaves_hold(void *kit, void (*make)(struct world *w), double most, uint64_t from)
{
    struct scene *s = scene_new(kit, make);
    size_t held = 0, n = 0;
    for (uint64_t i = 0; i < RUNS / CELLS; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        uint64_t seed = from + i;
        memcpy(s->seed, &seed, sizeof(seed));
        struct sy_answer a = released_by(s, warden_release, &arena);
        const struct sy_answer_column *c = &a.columns[2];
        for (size_t k = 0; k < CELLS; k++, n++) {
            int64_t truth = people(k / AGES, k % AGES) * 1000;
            held += c->lo[k] <= truth && truth <= c->hi[k] ? 1 : 0;
        }
    }
    double share = (double)held / (double)n;
    print_message("# %zu of %zu leaves within their interval\n", held, n);
    assert_true(share >= 0.95 - 4 * sqrt(0.95 * 0.05 / (double)n) && share <= most);
}

static void test_leaves_hold(void **state)
{
    uint64_t seed = start_random();
    leaves_hold(*state, counts, 0.97, seed);
    leaves_hold(*state, total, 0.97, seed + RUNS);
    leaves_hold(*state, laplace, 1, seed + 2 * RUNS);
}

static int64_t true_sum(size_t town, size_t from, size_t to)
{
    int64_t n = 0;
    for (size_t age = from; age <= to; age++) {
        n += people(town, age) * 1000;
    }
    return n;
}

/* The least age that a share of the town's people is not above. */
static int64_t true_quantile(size_t town, int64_t percent)
{
    int64_t all = true_sum(town, 0, AGES - 1);
    size_t age = 0;
    while (true_sum(town, 0, age) * 100 < all * percent) {
        age++;
    }
    return (int64_t)age;
}

/* held[column]: how often the intervals of towns a and b hold the truth, in all. */
static void count_held(struct scene *s, release_fn *release, uint64_t from, size_t held[5])
{
    memset(held, 0, 5 * sizeof(held[0]));
    for (uint64_t i = 0; i < SEEDS; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        uint64_t seed = from + i;
        memcpy(s->seed, &seed, sizeof(seed));
        struct sy_answer a = released_by(s, release, &arena);
        assert_int_equal(a.n_columns, 5);
        for (size_t town = 0; town < 2; town++) {
            int64_t truth[] = {0, true_sum(town, 0, AGES - 1), true_sum(town, 20, 64),
                               true_quantile(town, 50), true_quantile(town, 15)};
            for (size_t k = 1; k < 5; k++) {
                const struct sy_answer_column *c = &a.columns[k];
                held[k] += c->lo[town] <= truth[k] && truth[k] <= c->hi[town] ? 1 : 0;
            }
        }
    }
}

/* 95 % of 300 less four standard errors (3.8 each) are 270; lanes of half the noise hold sums in 67 %. */
static void test_intervals_hold(void **state)
{
    struct scene *s = scene_new(*state, read_off);
    uint64_t seed = start_random();
    size_t held[5], halved[5];
    count_held(s, warden_release, seed, held);
    count_held(s, warden_release_halved, seed, halved);
    print_message(
        "# of 300: total %zu, range %zu, median %zu, low %zu; with half the noise %zu %zu %zu "
        "%zu\n",
        held[1], held[2], held[3], held[4], halved[1], halved[2], halved[3], halved[4]);
    for (size_t k = 1; k < 5; k++) {
        assert_true(held[k] >= 270);
        assert_true(k > 2 || halved[k] < 270);
    }
}

/* A total is as good as its own node, not as bad as 121 cells: its interval says so, and is three times as
 * wide where lanes are not fitted. */
static void test_totals_are_narrow(void **state)
{
    struct scene *s = scene_new(*state, read_off);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    double node = (double)s->model.facts.blocks[0].figures[0].noise;
    struct sy_answer a = released_by(s, warden_release, &arena);
    double width = (double)(a.columns[1].hi[0] - a.columns[1].lo[0]) / 2;
    assert_true(width < 2.4 * node);
    assert_true(true_sum(0, 0, AGES - 1) > 0);
    struct sy_answer b = released_by(s, warden_release_unfitted, &arena);
    double loose = (double)(b.columns[1].hi[0] - b.columns[1].lo[0]) / 2;
    print_message("# half widths of a total: %.0f, unfitted %.0f, node noise %.0f\n", width, loose,
                  node);
    assert_true(loose > 3 * width);
}

/* Nobody lives in town c: what is asked about it is withheld or has an interval, never an error. */
static void test_an_empty_town(void **state)
{
    struct scene *s = scene_new(*state, read_off);
    for (uint64_t i = 0; i < 50; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        memcpy(s->seed, &i, sizeof(i));
        struct sy_answer a = released_by(s, warden_release, &arena);
        assert_int_equal(a.rows, TOWNS);
        assert_true(a.columns[1].lo[2] <= 0 && a.columns[1].hi[2] >= -3000000);
    }
}

#define WITH_KIT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        WITH_KIT(test_price),
        WITH_KIT(test_noise_is_the_trees),
        WITH_KIT(test_what_is_learnt_is_what_was_paid),
        WITH_KIT(test_boundary),
        WITH_KIT(test_other_levels),
        WITH_KIT(test_leaves_hold),
        WITH_KIT(test_intervals_hold),
        WITH_KIT(test_totals_are_narrow),
        WITH_KIT(test_an_empty_town),
    };
    cmocka_set_test_filter(getenv("SHUYU_TEST_FILTER"));
    return cmocka_run_group_tests_name("warden_release_tree", tests, NULL, NULL);
}
