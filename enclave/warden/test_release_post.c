/*
 * The release of plans with several blocks: every block is checked and noised for itself, the post stage
 * sees released figures only, and its intervals hold as often as they say. Two negative controls are built
 * beside the real thing: without the check of cells, and with lanes of half the noise.
 */
#include "test_post_plans.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "mechanisms/calibrate.h"
#include "mechanisms/release.h"
#include "warden/release.h"

enum { CELLS = 1024, FIGURES = 2, SEEDS = 400 };

typedef sy_status release_fn(const struct warden_release *c, struct sy_arena *arena,
                             struct sy_answer *ret, struct sy_error *reterr);
release_fn warden_release_unchecked, warden_release_halved;

/* A checked plan of two blocks, what a worker says about each, and a seed. */
struct scene {
    struct world w;
    struct rules_model model;
    struct sy_run_cell cells[2][CELLS];
    uint64_t keys[2][CELLS][3];
    int64_t figures[2][CELLS][FIGURES];
    struct sy_run_block blocks[2];
    struct sy_run_result result;
    struct warden_release release;
    uint8_t seed[MECH_SEED_BYTES];
    uint64_t params[1];
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

/* ---- scenes ---- */

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
    s->result =
        (struct sy_run_result){.blocks = s->blocks, .n_blocks = s->w.plan->n_blocks, .ok = true};
    s->release = (struct warden_release){
        .model = &s->model, .result = &s->result, .seed = s->seed, .params = s->params};
    s->blocks[0].cells = s->cells[0];
    s->blocks[1].cells = s->cells[1];
    memset(s->seed, 42, sizeof(s->seed));
    return s;
}

static struct sy_run_cell *add_cell(struct scene *s, size_t block, uint64_t key, int64_t a,
                                    int64_t b)
{
    const struct rules_block_facts *f = &s->model.facts.blocks[block];
    size_t i = s->blocks[block].n_cells++;
    assert_true(i < CELLS);
    s->keys[block][i][0] = key;
    s->figures[block][i][0] = a;
    s->figures[block][i][1] = b;
    s->cells[block][i] = (struct sy_run_cell){.figures = s->figures[block][i],
                                              .n_figures = f->n_figures,
                                              .key = s->keys[block][i],
                                              .n_key = f->n_keys,
                                              .units = f->ns.n > 0 ? (uint64_t)a : 0};
    return &s->cells[block][i];
}

static struct sy_answer released_by(struct scene *s, release_fn *release)
{
    static int64_t exact[2][CELLS][FIGURES];
    struct sy_answer a = {0};
    struct sy_error err = {0};
    memcpy(exact, s->figures, sizeof(exact));
    sy_status st = release(&s->release, &s->w.k->arena, &a, &err);
    if (!sy_ok(st)) {
        fail_msg("release: %s %s %s", sy_code_name(st.code), err.field, err.reason);
    }
    memcpy(s->figures, exact, sizeof(exact));
    return a;
}

static struct sy_answer released(struct scene *s)
{
    return released_by(s, warden_release);
}

static struct scene *people(struct kit *k, void (*make)(struct world *w))
{
    struct scene *s = scene_new(k, make);
    (void)add_cell(s, 0, 0, 5000, 0);
    (void)add_cell(s, 0, 1, 900, 0);
    (void)add_cell(s, 0, 2, 14000, 0);
    (void)add_cell(s, 1, 0, 19900, 0);
    return s;
}

/* ---- exact blocks: by hand ---- */

static void check_column(const struct sy_answer_column *c, const int64_t *want, size_t n)
{
    assert_true(sy_view_is(c->kind, "figure"));
    assert_true(sy_view_is(c->mechanism, "post"));
    assert_int_equal(c->noise, 0);
    assert_int_equal(c->n_withheld, 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(c->values[i], want[i]);
        assert_int_equal(c->lo[i], want[i]);
        assert_int_equal(c->hi[i], want[i]);
    }
}

static void test_by_hand(void **state)
{
    struct scene *s = scene_new(*state, hand_computed);
    (void)add_cell(s, 0, 2, 3, 7);
    (void)add_cell(s, 0, 0, 2, 5);
    (void)add_cell(s, 0, 1, 6, 4);
    (void)add_cell(s, 1, 0, 16, 0);
    struct sy_answer a = released(s);
    static const char *const towns_want[] = {"a", "b", "c"};
    assert_int_equal(a.rows, 3);
    assert_int_equal(a.n_columns, 4);
    for (size_t i = 0; i < 3; i++) {
        assert_true(sy_view_is(a.columns[0].kind, "key"));
        assert_true(sy_view_is(a.columns[0].texts[i], towns_want[i]));
    }
    check_column(&a.columns[1], (const int64_t[]){3125, 2500, 4375}, 3);
    check_column(&a.columns[2], (const int64_t[]){2500, 667, 2333}, 3);
    check_column(&a.columns[3], (const int64_t[]){5, 9, 16}, 3);
    s->seed[0] ^= 1; /* nothing of it is noise */
    struct sy_answer other = released(s);
    check_column(&other.columns[1], (const int64_t[]){3125, 2500, 4375}, 3);
}

/* A quotient by nothing is NULL, and withheld. */
static void test_null_is_withheld(void **state)
{
    struct scene *s = scene_new(*state, hand_computed);
    (void)add_cell(s, 0, 0, 2, 5);
    (void)add_cell(s, 0, 2, 1, 11);
    (void)add_cell(s, 1, 0, 16, 0);
    struct sy_answer a = released(s);
    const struct sy_answer_column *each = &a.columns[2];
    assert_int_equal(each->n_withheld, 1);
    assert_int_equal(each->withheld[0], 1);
    assert_int_equal(each->values[1], 0);
    assert_int_equal(each->values[0], 2500);
    assert_int_equal(each->values[2], 11000);
}

/* ---- noised blocks ---- */

/* What the mechanism itself makes of the block's figures under the same seed. */
static void mechanism_says(const struct scene *s, uint32_t block, int64_t *values, size_t cells)
{
    struct mech_figure noise = {MECH_GAUSS, s->model.facts.blocks[block].figures[0].noise};
    struct mech_block b = {.seed = s->seed, .block = block, .figures = &noise, .n_figures = 1};
    check_ok(mech_release_cells(&b, values, cells));
}

/* The post stage stands on figures released as they always are, each block under its own number. */
static void test_points_are_released_figures(void **state)
{
    struct scene *s = people(*state, noised_shares);
    int64_t parts[TOWNS] = {5000, 900, 14000}, whole[1] = {19900}, twin[1] = {19900};
    struct sy_answer a = released(s);
    mechanism_says(s, 0, parts, TOWNS);
    mechanism_says(s, 1, whole, 1);
    mechanism_says(s, 0, twin, 1);
    assert_true(twin[0] != whole[0]); /* else this test could not tell the blocks' noise apart */
    for (size_t i = 0; i < TOWNS; i++) {
        assert_int_equal(a.columns[1].values[i], parts[i]);
        assert_int_equal(a.columns[2].values[i], whole[0]);
        double share = (double)parts[i] / (double)whole[0] * 1e6;
        assert_true(share - (double)a.columns[3].values[i] <= 0.5 + 1e-6);
        assert_true((double)a.columns[3].values[i] - share <= 0.5 + 1e-6);
    }
}

static int64_t shaped_by_hand(int64_t v)
{
    return v < 0 ? 0 : (v + 25) / 50 * 50;
}

/* A shaped figure is the released one, shaped; its interval too; and the answer says so. */
static void test_shaped(void **state)
{
    struct scene *s = people(*state, shaped_shares);
    int64_t truth[TOWNS] = {5020, 0, 14000};
    size_t covered = 0;
    s->figures[0][0][0] = truth[0];
    s->blocks[0].cells[1] = s->blocks[0].cells[2]; /* nobody in the second town */
    s->blocks[0].n_cells = 2;
    for (uint64_t i = 0; i < SEEDS; i++) {
        int64_t parts[TOWNS] = {5020, 0, 14000};
        memcpy(s->seed, &i, sizeof(i));
        struct sy_answer a = released(s);
        const struct sy_answer_column *n = &a.columns[1];
        mechanism_says(s, 0, parts, TOWNS);
        assert_true(sy_view_is(n->shaped, "nonnegative, rounded to 50"));
        assert_int_equal(a.columns[2].shaped.n, 0);
        assert_true(sy_view_is(a.columns[3].shaped, "nonnegative, rounded to 50"));
        for (size_t k = 0; k < TOWNS; k++) {
            assert_int_equal(n->values[k], shaped_by_hand(parts[k]));
            assert_int_equal(n->lo[k] % 50, 0);
            assert_int_equal(n->hi[k] % 50, 0);
            assert_true(n->lo[k] >= 0 && n->hi[k] >= n->values[k]);
            int64_t want = shaped_by_hand(truth[k]);
            covered += n->lo[k] <= want && want <= n->hi[k] ? 1 : 0;
        }
    }
    /* at least 95 %, less four standard errors; rounding widens it */
    assert_true(covered * 1000 >= (950 - 4 * 6) * SEEDS * TOWNS);
}

/* Of an untouched figure the simulated interval is about the closed form's. */
static void test_simulated_width(void **state)
{
    struct scene *s = people(*state, noised_shares);
    struct sy_answer a = released(s);
    uint64_t w = 0;
    check_ok(
        mech_half_width(MECH_GAUSS, s->model.facts.blocks[0].figures[0].noise, MECH_LEVEL_950, &w));
    for (size_t i = 0; i < TOWNS; i++) {
        int64_t width = a.columns[1].hi[i] - a.columns[1].lo[i];
        assert_in_range(width, 2 * w * 85 / 100, 2 * w * 115 / 100);
        assert_true(a.columns[1].lo[i] < a.columns[1].values[i]);
        assert_true(a.columns[1].hi[i] > a.columns[1].values[i]);
    }
}

/* Lanes are a thousand different ones: from one seed to the next the width moves by about 3 % of itself
 * (standard deviation); if chunks repeated each other's 63 lanes, by 12 %. */
static void test_simulated_width_is_steady(void **state)
{
    enum { N = 100 };
    struct scene *s = people(*state, noised_shares);
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < N; i++) {
        memcpy(s->seed, &i, sizeof(i));
        struct sy_answer a = released(s);
        double width = (double)(a.columns[1].hi[0] - a.columns[1].lo[0]);
        sum += width;
        squares += width * width;
    }
    double mean = sum / N, variance = squares / N - mean * mean;
    print_message("# width %.1f, standard deviation %.2f\n", mean, sqrt(variance));
    assert_true(variance < 0.06 * mean * 0.06 * mean);
}

static bool same_figures(const struct sy_answer *a, const struct sy_answer *b)
{
    bool same = a->rows == b->rows && a->n_columns == b->n_columns;
    for (size_t i = 0; same && i < a->n_columns; i++) {
        size_t bytes = a->columns[i].n_values * sizeof(int64_t);
        same = bytes == 0 || (memcmp(a->columns[i].values, b->columns[i].values, bytes) == 0 &&
                              memcmp(a->columns[i].lo, b->columns[i].lo, bytes) == 0 &&
                              memcmp(a->columns[i].hi, b->columns[i].hi, bytes) == 0);
    }
    return same;
}

/* The same charge is released bit for bit again, lanes included; another is not. */
static void test_repeatable(void **state)
{
    struct scene *s = people(*state, noised_shares);
    struct sy_answer a = released(s), b = released(s);
    assert_true(same_figures(&a, &b));
    s->seed[31] ^= 1;
    struct sy_answer c = released(s);
    assert_false(same_figures(&a, &c));
}

/* Nothing exact is left in the worker's message. */
static void test_result_is_wiped(void **state)
{
    struct scene *s = people(*state, noised_shares);
    struct sy_answer a = {0};
    struct sy_error err = {0};
    check_ok(warden_release(&s->release, &s->w.k->arena, &a, &err));
    for (size_t i = 0; i < TOWNS; i++) {
        assert_int_equal(s->figures[0][i][0], 0);
    }
    assert_int_equal(s->figures[1][0][0], 0);
}

/* ---- coverage ---- */

static size_t times_held(struct scene *s, release_fn *release, uint64_t from)
{
    const int64_t truth = 5000 * INT64_C(1000000) / 19900;
    size_t held = 0;
    for (uint64_t i = 0; i < SEEDS; i++) {
        uint64_t seed = from + i;
        memcpy(s->seed, &seed, sizeof(seed));
        struct sy_answer a = released_by(s, release);
        held += a.columns[3].lo[0] <= truth && truth <= a.columns[3].hi[0];
    }
    return held;
}

static uint64_t start_random(void)
{
    const char *given = getenv("SHUYU_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : sy_mono_ns();
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* 95 % of 400, within four standard errors (4.36 each); lanes of half the noise hold 67 %. */
static void test_coverage(void **state)
{
    struct scene *s = people(*state, noised_shares);
    uint64_t seed = start_random();
    size_t held = times_held(s, warden_release, seed);
    size_t halved = times_held(s, warden_release_halved, seed);
    print_message("# the interval held in %zu of %d, with lanes of half the noise in %zu\n", held,
                  SEEDS, halved);
    assert_in_range(held, 363, 397);
    assert_true(halved < 363);
}

/* town, how far n is from 5000, and the square of that. */
static void distances(struct world *w)
{
    struct sy_plan_expr e[] = {col(w, 0),
                               col(w, 1),
                               {.i = 5000, .op = V("int")},
                               call(w, "sub", 1, 2),
                               {.args = NUMS(w, 3), .n_args = 1, .op = V("abs")},
                               call(w, "mul", 4, 4)};
    noised_blocks(w);
    join_whole(w);
    project(w, e, 6, NUMS(w, 0, 4, 5), 3);
    add_shown(w, 0, "town", 0);
    add_shown(w, 1, "distance", 0);
    add_shown(w, 2, "square", 0);
}

/* A distance that is really 0, or a fifth of the noise: simulated distances are all above it, so that their
 * interval would hardly ever hold it. */
static void test_distances_reach_zero(void **state)
{
    struct scene *s = people(*state, distances);
    uint64_t seed = start_random();
    const int64_t truth[TOWNS] = {0, 3, 9000};
    size_t held[TOWNS] = {0}, squares[TOWNS] = {0};
    s->figures[0][1][0] = 4997;
    for (uint64_t i = 0; i < SEEDS; i++) {
        uint64_t at = seed + i;
        memcpy(s->seed, &at, sizeof(at));
        struct sy_answer a = released(s);
        const struct sy_answer_column *d = &a.columns[1], *q = &a.columns[2];
        for (size_t k = 0; k < TOWNS; k++) {
            held[k] += d->lo[k] <= truth[k] && truth[k] <= d->hi[k] ? 1 : 0;
            squares[k] +=
                q->lo[k] <= truth[k] * truth[k] && truth[k] * truth[k] <= q->hi[k] ? 1 : 0;
            assert_true(d->lo[k] >= 0 && q->lo[k] >= 0);
        }
    }
    for (size_t k = 0; k < TOWNS; k++) {
        print_message("# of %d: distance %zu, square %zu\n", SEEDS, held[k], squares[k]);
        assert_true(held[k] >= 363 && squares[k] >= 363);
    }
}

/* ---- sparse blocks ---- */

static void sparse_parts(struct world *w)
{
    noised_blocks(w);
    w->plan->blocks[0].sparse = true;
    w->plan->blocks[0].delta = 1000000;
    shares_of(w);
}

/* Declared labels, but cells leave only past the threshold; their labels are the plan's. */
static void test_sparse(void **state)
{
    for (uint64_t i = 0; i < 50; i++) {
        struct scene *s = scene_new(*state, sparse_parts);
        const struct rules_block_facts *f = &s->model.facts.blocks[0];
        int64_t far = f->tau + (int64_t)f->units_noise * 12;
        assert_true(f->open && !f->keys[0].open && f->tau > 1);
        memcpy(s->seed, &i, sizeof(i));
        (void)add_cell(s, 0, 2, far, 0);
        (void)add_cell(s, 0, 1, 1, 0);
        (void)add_cell(s, 1, 0, 19900, 0);
        struct sy_answer a = released(s);
        assert_int_equal(a.rows, 1);
        assert_true(sy_view_is(a.columns[0].texts[0], "c"));
        assert_true(a.columns[3].lo[0] < a.columns[3].hi[0]);
    }
}

/* ---- BOUNDARY ---- */

static bool refuses(struct scene *s, release_fn *release)
{
    struct sy_answer a, before;
    struct sy_error err = {0};
    memset(&a, 0xA5, sizeof(a));
    memcpy(&before, &a, sizeof(a));
    sy_status st = release(&s->release, &s->w.k->arena, &a, &err);
    return st.code == SY_E_FIELD && memcmp(&a, &before, sizeof(a)) == 0;
}

static void b_one_block(struct scene *s)
{
    s->result.n_blocks = 1;
}

static void b_swapped(struct scene *s)
{
    struct sy_run_block parts = s->blocks[0];
    s->blocks[0] = s->blocks[1];
    s->blocks[1] = parts;
}

static void b_second_range(struct scene *s)
{
    s->figures[1][0][0] = s->model.facts.blocks[1].figures[0].hi + 1;
}

static void b_second_units(struct scene *s)
{
    s->cells[1][0].units = 0;
}

static void b_second_twice(struct scene *s)
{
    s->cells[1][1] = s->cells[1][0];
    s->blocks[1].n_cells = 2;
}

static void b_first_key(struct scene *s)
{
    s->keys[0][1][0] = TOWNS;
}

static void test_boundary(void **state)
{
    static const struct {
        void (*spoil)(struct scene *s);
        bool cell; /* what only the check of cells refuses */
    } cases[] = {{b_one_block, false},   {b_swapped, false},      {b_second_range, true},
                 {b_second_units, true}, {b_second_twice, false}, {b_first_key, false}};
    for (size_t i = 0; i < LEN(cases); i++) {
        struct scene *s = people(*state, noised_shares);
        cases[i].spoil(s);
        if (!refuses(s, warden_release)) {
            fail_msg("case %zu was not refused", i);
        }
        if (cases[i].cell) {
            s = people(*state, noised_shares);
            cases[i].spoil(s);
            assert_false(refuses(s, warden_release_unchecked));
        }
    }
}

/* ---- what it takes ---- */

/* Persons by age, sex and town: 726 cells, integers among the keys. */
static void many_cells(struct world *w)
{
    struct sy_plan *p = w->plan;
    struct sy_plan_expr keys[] = {col(w, 1), col(w, 2), col(w, 3)};
    struct sy_view *ages = kit_alloc(w->k, 121, sizeof(*ages));
    noised_blocks(w);
    for (size_t i = 0; i <= 120; i++) {
        ages[i] = V(sy_arena_printf(&w->k->arena, "%zu", i));
    }
    p->rels[0].names = KIT_STRS(w->k, "id", "age", "male", "town");
    p->rels[0].n_names = 4;
    p->blocks[0].exprs = list(w, keys, 3);
    p->blocks[0].n_exprs = 3;
    p->blocks[0].keys = kit_alloc(w->k, 3, sizeof(*p->blocks[0].keys));
    p->blocks[0].keys[0] = (struct sy_plan_key){.labels = ages, .n_labels = 121, .name = V("age")};
    p->blocks[0].keys[1] = (struct sy_plan_key){
        .expr = 1, .labels = KIT_STRS(w->k, "false", "true"), .n_labels = 2, .name = V("male")};
    p->blocks[0].keys[2] = towns(w, 2);
    p->blocks[0].n_keys = 3;
    p->n_outs = 0;
    add_out(w, 0, "key", 0, "age");
    add_out(w, 0, "key", 1, "male");
    add_out(w, 0, "key", 2, "town");
    add_out(w, 0, "figure", 0, "n");
    add_out(w, 1, "figure", 0, "all");
    struct sy_plan_expr e[] = {col(w, 0), col(w, 1), col(w, 2),
                               col(w, 3), col(w, 4), call(w, "div", 3, 4)};
    join_whole(w);
    project(w, e, 6, NUMS(w, 0, 1, 2, 3, 5), 5);
    add_shown(w, 0, "age", 0);
    add_shown(w, 1, "male", 0);
    add_shown(w, 2, "town", 0);
    add_shown(w, 3, "n", 0);
    add_shown(w, 4, "share", 6);
}

static void test_many_cells(void **state)
{
    struct scene *s = scene_new(*state, many_cells);
    for (uint64_t i = 0; i < 726; i++) {
        struct sy_run_cell *c = add_cell(s, 0, i / 6, 100, 0);
        c->key[1] = i / 3 % 2;
        c->key[2] = i % 3;
    }
    (void)add_cell(s, 1, 0, 72600, 0);
    clock_t from = clock();
    struct sy_answer a = released(s);
    print_message("# 726 cells with their intervals: %.1f ms of processor time\n",
                  (double)(clock() - from) * 1e3 / CLOCKS_PER_SEC);
    assert_int_equal(a.rows, 726);
    for (size_t i = 0; i < 726; i++) {
        char age[8];
        sy_view_to_cstr(a.columns[0].texts[i], age, sizeof(age));
        assert_int_equal(strtoull(age, NULL, 10), i / 6);
        assert_true(sy_view_is(a.columns[2].texts[i], (const char *[]){"a", "b", "c"}[i % 3]));
    }
}

#define WITH_KIT(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(test_by_hand),         WITH_KIT(test_null_is_withheld),
        WITH_KIT(test_shaped),          WITH_KIT(test_points_are_released_figures),
        WITH_KIT(test_simulated_width), WITH_KIT(test_simulated_width_is_steady),
        WITH_KIT(test_repeatable),      WITH_KIT(test_result_is_wiped),
        WITH_KIT(test_coverage),        WITH_KIT(test_distances_reach_zero),
        WITH_KIT(test_sparse),          WITH_KIT(test_boundary),
        WITH_KIT(test_many_cells),
    };
    cmocka_set_test_filter(getenv("SHUYU_TEST_FILTER"));
    return cmocka_run_group_tests_name("warden_release_post", tests, NULL, NULL);
}
