/*
 * Public blocks are exact, and ratios are exact post-processing of released figures, noised or not.
 */
#include "test_scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/time.h"

enum { MANY = 4000 };

/* ---- public blocks: exact figures, ratios ---- */

/* Streets by town: sum(area), a count and their ratio, exact; areas may be negative here. */
static void public_ratio(struct world *w)
{
    struct sy_plan *p = w->plan;
    struct sy_plan_block *b = &p->blocks[0];
    struct sy_plan_expr e[] = {col(w, 1), col(w, 0)};
    w->defs.defs[2].fields[2].lo = -4000000000;
    w->defs.defs[2].fields[2].hi = 4000000000;
    w->defs.defs[2].fields[2].type = V("int64");
    p->sources = kit_alloc(w->k, 1, sizeof(*p->sources));
    p->sources[0].dataset = V("streets");
    memcpy(p->sources[0].def, w->defs.digests[2], 32);
    p->n_sources = 1;
    p->n_params = 0;
    p->rels[0] = (struct sy_plan_rel){.names = KIT_STRS(w->k, "area", "town"),
                                      .n_names = 2,
                                      .op = V("scan"),
                                      .source = V("streets")};
    p->n_rels = 1;
    *b = (struct sy_plan_block){.exprs = list(w, e, 2),
                                .n_exprs = 2,
                                .mechanism = V("exact"),
                                .name = V("main"),
                                .figures = b->figures,
                                .n_figures = 3,
                                .keys = b->keys,
                                .n_keys = 1};
    b->figures[0] = (struct sy_plan_figure){.fn = V("count"), .name = V("rows")};
    b->figures[1] = (struct sy_plan_figure){.expr = 1,
                                            .fn = V("sum"),
                                            .has_arg = true,
                                            .lo = -4000000000,
                                            .hi = 4000000000,
                                            .name = V("area")};
    b->figures[2] =
        (struct sy_plan_figure){.expr = 1, .fn = V("count"), .has_arg = true, .name = V("n")};
    b->keys[0] = (struct sy_plan_key){
        .labels = KIT_STRS(w->k, "a", "b", "c"), .n_labels = 3, .name = V("town")};
    p->n_outs = 4;
    p->outs[0] = (struct sy_plan_out){.name = V("town"), .op = V("key")};
    p->outs[1] = (struct sy_plan_out){.a = 1, .name = V("area"), .op = V("figure")};
    p->outs[2] = (struct sy_plan_out){.a = 2, .name = V("n"), .op = V("figure")};
    p->outs[3] = (struct sy_plan_out){.a = 1,
                                      .b = 2,
                                      .lo = -4000000000000,
                                      .hi = 4000000000000,
                                      .name = V("avg"),
                                      .op = V("ratio"),
                                      .scale = 3};
}

static void test_public_is_exact(void **state)
{
    struct scene *s = scene_new(kit_of(state), public_ratio);
    put(add_cell(s, 2, 0, 0), 3, -100, 3);
    put(add_cell(s, 0, 0, 0), 2, 9, 2);
    struct sy_answer a = released(s);
    const int64_t area[] = {9, 0, -100};
    assert_int_equal(a.rows, 3);
    assert_memory_equal(a.columns[1].values, area, sizeof(area));
    assert_memory_equal(a.columns[1].lo, area, sizeof(area));
    assert_memory_equal(a.columns[1].hi, area, sizeof(area));
    assert_int_equal(a.columns[1].noise, 0);
    assert_true(sy_view_is(a.columns[1].mechanism, "exact"));
    s->seed[0] ^= 1;
    struct sy_answer other = released(s);
    assert_true(same_answer(&a, &other));
    const struct sy_answer_column *r = &a.columns[3];
    assert_int_equal(r->values[0], 4500);
    assert_int_equal(r->values[2], -33333);
    assert_int_equal(r->lo[2], -33334);
    assert_int_equal(r->hi[2], -33333);
    assert_int_equal(r->n_withheld, 1); /* no row in town b */
    assert_int_equal(r->withheld[0], 1);
}

/* The quotient's nearest neighbour, exactly: 2 (v b - a f) in (-b, b], i.e. a tie goes up. */
static void check_quotient(int64_t a, int64_t b, int64_t f, int64_t v)
{
    sy_i128 d = 2 * ((sy_i128)v * b - (sy_i128)a * f);
    if (!(d > -(sy_i128)b && d <= (sy_i128)b)) {
        fail_msg("%lld / %lld: %lld", (long long)a, (long long)b, (long long)v);
    }
    long double q = (long double)a * (long double)f / (long double)b;
    assert_true(fabsl(q - (long double)v) <= 0.5L + fabsl(q) * 1e-18L);
}

/* Deterministic "random": the seed is printed and can be put back here. */
static void start_random(uint64_t *seed)
{
    const char *given = getenv("SHUYU_TEST_SEED");
    *seed = given != NULL ? strtoull(given, NULL, 10) : sy_mono_ns();
    print_message("# SHUYU_TEST_SEED=%llu\n", (unsigned long long)*seed);
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void random_cell(struct scene *s, uint64_t *seed)
{
    static const uint64_t most[] = {3, 100, 100000};
    uint64_t rows = next(seed) % most[next(seed) % 3] + 1;
    uint64_t top = rows * UINT64_C(4000000000);
    uint64_t range = next(seed) % 2 == 0 ? 2 * top + 1 : 2001;
    int64_t sum = (int64_t)(next(seed) % range) - (int64_t)(range / 2);
    put(&s->cells[0], (int64_t)rows, sum, (int64_t)rows);
}

static void test_ratio_rounds_exactly(void **state)
{
    struct scene *s = scene_new(kit_of(state), public_ratio);
    uint64_t seed;
    start_random(&seed);
    (void)add_cell(s, 1, 0, 0);
    for (size_t i = 0; i < MANY; i++) {
        random_cell(s, &seed);
        struct sy_answer a = released(s);
        const struct sy_answer_column *r = &a.columns[3];
        check_quotient(s->figures[0][1], s->figures[0][2], 1000, r->values[1]);
        assert_true(r->lo[1] <= r->values[1] && r->values[1] <= r->hi[1]);
        assert_true(r->hi[1] - r->lo[1] <= 1);
    }
}

static void narrow_ratio(struct world *w)
{
    public_ratio(w);
    w->plan->outs[3].lo = -2000;
    w->plan->outs[3].hi = 5000;
}

static void test_ratio_clamps(void **state)
{
    struct scene *s = scene_new(kit_of(state), narrow_ratio);
    put(add_cell(s, 0, 0, 0), 2, 9, 1);  /* 9.000 */
    put(add_cell(s, 1, 0, 0), 2, -9, 3); /* -3.000 */
    put(add_cell(s, 2, 0, 0), 2, 5, 1);  /* 5.000, the end itself */
    struct sy_answer a = released(s);
    const struct sy_answer_column *r = &a.columns[3];
    const int64_t want[] = {5000, -2000, 5000};
    assert_memory_equal(r->values, want, sizeof(want));
    assert_memory_equal(r->lo, want, sizeof(want));
    assert_memory_equal(r->hi, want, sizeof(want));
    assert_int_equal(r->n_withheld, 0);
}

/* ---- noised ratios: a function of the released figures and nothing else ---- */

static void check_noised_row(const struct sy_answer *a, size_t row, size_t *withheld)
{
    int64_t sum = a->columns[3].values[row], n = a->columns[4].values[row];
    const struct sy_answer_column *r = &a->columns[5];
    assert_true(300 <= r->lo[row] && r->lo[row] <= r->hi[row] && r->hi[row] <= 2000);
    if (n <= 0) {
        assert_true(*withheld < r->n_withheld);
        assert_int_equal(r->withheld[(*withheld)++], row);
        assert_int_equal(r->values[row], 0); /* nothing behind the mark */
        assert_int_equal(r->lo[row], 300);
        assert_int_equal(r->hi[row], 2000);
        return;
    }
    long double q = floorl((long double)sum / (long double)n + 0.5L);
    q = q < 300 ? 300 : q > 2000 ? 2000 : q;
    assert_true(fabsl(q - (long double)r->values[row]) < 0.25L);
    assert_true(r->lo[row] <= r->values[row] && r->values[row] <= r->hi[row]);
}

static void test_noised_ratio(void **state)
{
    struct scene *s = scene_new(kit_of(state), show_all);
    uint64_t seed;
    size_t all_withheld = 0;
    start_random(&seed);
    struct sy_run_cell *c = add_cell(s, 1, 1, 50);
    struct sy_run_cell *d = add_cell(s, 0, 0, 40000);
    for (size_t i = 0; i < 500; i++) {
        int64_t n = (int64_t)(next(&seed) % 60), m = (int64_t)(next(&seed) % 100000);
        put(c, n, n * 650, n);
        put(d, 40000, m * 1200, m);
        memcpy(s->seed, &seed, sizeof(seed));
        struct sy_answer a = released(s);
        size_t withheld = 0;
        for (size_t row = 0; row < a.rows; row++) {
            check_noised_row(&a, row, &withheld);
        }
        assert_int_equal(withheld, a.columns[5].n_withheld);
        all_withheld += withheld;
    }
    print_message("# %zu of 3000 ratios withheld\n", all_withheld);
    assert_true(all_withheld > 100 && all_withheld < 2900);
}

/* The interval holds the true quotient about as often as it says; far below 95 % would be a bug. */
static void test_ratio_coverage(void **state)
{
    struct scene *s = scene_new(kit_of(state), show_all);
    put(add_cell(s, 1, 0, 500), 500, 500 * 700, 500);
    size_t held = 0;
    for (uint64_t i = 1; i <= 1000; i++) {
        memcpy(s->seed, &i, sizeof(i));
        struct sy_answer a = released(s);
        held += a.columns[5].lo[3] <= 700 && 700 <= a.columns[5].hi[3];
    }
    print_message("# the interval held in %zu of 1000\n", held);
    assert_true(held >= 930);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(test_public_is_exact), WITH_KIT(test_ratio_rounds_exactly),
        WITH_KIT(test_ratio_clamps),    WITH_KIT(test_noised_ratio),
        WITH_KIT(test_ratio_coverage),
    };
    return cmocka_run_group_tests_name("warden_release_ratio", tests, NULL, NULL);
}
