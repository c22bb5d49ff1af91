/*
 * Quantiles of a block: the bins and the tree that they become, and that without noise the answer is the
 * quantile itself, by sorting the rows. Random worlds go through engine and post stage; the seed is printed
 * and can be set with SHUYU_SEED.
 */
#include "test_post_kit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_UNITS = 60, N_EVENTS = 300, N_TOWNS = 3 };

static struct world world;

static uint64_t first_seed(void)
{
    const char *set = getenv("SHUYU_SEED");
    uint64_t seed = set != NULL ? strtoull(set, NULL, 10) : (uint64_t)time(NULL);
    print_message("SHUYU_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static int fill(void **state)
{
    static uint64_t seed;
    seed = seed == 0 ? first_seed() : seed;
    (void)state;
    world_fill(&world, seed++, N_UNITS, N_EVENTS);
    return 0;
}

static struct sy_plan lower(const struct world_model *m, struct sy_arena *arena)
{
    struct sy_plan plan;
    struct sy_error err = {0};
    struct sy_lower_result r = world_lower(m, arena);
    if (r.plan.n == 0) {
        fail_msg("%s: %.*s: %.*s", m->sql, SY_PV(r.construct), SY_PV(r.reason));
    }
    check_ok(sy_record_decode(&sy_plan_desc, r.plan, &SY_MP_REQUEST, arena, &plan, &err));
    return plan;
}

static struct sy_plan lower_sql(const char *sql, struct sy_arena *arena)
{
    struct world_model m = {.sql = sql};
    return lower(&m, arena);
}

static void answer(const char *sql, struct sy_post_table *t, struct sy_arena *arena)
{
    struct world_run r;
    struct world_model m = {.sql = sql};
    post_ask(&world, &m, NULL, &r, t, arena);
}

/* --- by hand ------------------------------------------------------------------------------------------ */

struct list {
    int64_t v[N_UNITS + N_EVENTS];
    size_t n;
};

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Column c of persons of a town (-1: all), in whole multiples of width; NULLs left out. */
static struct list of_persons(size_t c, int64_t town, int64_t width)
{
    struct list l = {.n = 0};
    for (size_t i = 0; i < world.n_persons; i++) {
        int64_t v = world.person[c].v[i];
        if (v != WORLD_NULL && (town < 0 || world.person[5].v[i] == town)) {
            l.v[l.n++] = v / width * width; /* none below 0 here */
        }
    }
    qsort(l.v, l.n, sizeof l.v[0], ascending);
    return l;
}

/* The least value that at least q per mille of all reach. */
static double quantile(const struct list *l, size_t permille, double scale)
{
    size_t at = (l->n * permille + 999) / 1000;
    return l->n == 0 ? NAN : (double)l->v[at == 0 ? 0 : at - 1] / scale;
}

static void same(double got, double want, const char *what)
{
    if (!(isnan(got) ? isnan(want) : got == want)) {
        fail_msg("%s: %.17g, want %.17g", what, got, want);
    }
}

/* --- the plan ----------------------------------------------------------------------------------------- */

/* Every age is a bin; rows without one are left out; a tree over it, the group key outside. */
static void test_a_quantile_is_a_tree(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan p = lower_sql("SELECT median(age) AS m, town, quantile_disc(age, 0.9) AS p90, "
                                 "median(age) + 1 AS more FROM persons GROUP BY town",
                                 &arena);
    const struct sy_plan_block *b = &p.blocks[0];
    assert_true(sy_view_is(b->tree, "bins"));
    assert_int_equal(b->n_keys, 2);
    assert_int_equal(b->keys[1].n_labels, 121);
    assert_false(b->keys[1].nullable);
    assert_int_equal(b->n_figures, 1);
    assert_true(sy_view_is(b->figures[0].fn, "count"));
    assert_false(b->figures[0].has_arg);
    assert_true(sy_view_is(p.rels[b->rel].op, "filter"));
    assert_int_equal(p.n_post, 1);
    const struct sy_plan_rel *r = &p.post[0].rels[1];
    assert_int_equal(r->n_fns, 2);
    assert_int_equal(r->n_keys, 1);
    assert_int_equal(p.post[0].n_outs, 4);
}

static void check_bins(const char *sql, size_t n, const char *first)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan p = lower_sql(sql, &arena);
    const struct sy_plan_key *key = &p.blocks[0].keys[p.blocks[0].n_keys - 1];
    if (key->n_labels != n || !sy_view_is(key->labels[0], first)) {
        fail_msg("%s: %zu bins from %.*s", sql, key->n_labels, SY_PV(key->labels[0]));
    }
}

/* bmi has 701 values, of one decimal; its number of bins shrinks as groups grow. cost: 0.00 to 5000.00. */
static void test_bins_are_few_and_round(void **state)
{
    (void)state;
    check_bins("SELECT median(bmi) m FROM persons", 701, "0");
    check_bins("SELECT median(age - 60) m FROM persons", 121, "-60");
    check_bins("SELECT median(age * 100) m FROM persons", 601, "0"); /* by 20 */
    check_bins("SELECT median(age * 100 - 3) m FROM persons", 601, "0");
    check_bins("SELECT age, median(bmi) m FROM persons GROUP BY age", 15, "0"); /* by 5 */
}

/* What the block says by itself stays: bounds, price, and a tree named in the manifest. */
static void test_a_tree_may_be_named(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_model_block b[] = {
        {.name = V("b"),
         .sql = V("SELECT town, male, count(*) AS n FROM persons GROUP BY town, male"),
         .tree = V("total")}};
    struct world_model m = {.blocks = b, .n_blocks = 1};
    struct sy_plan p = lower(&m, &arena);
    assert_true(sy_view_is(p.blocks[0].tree, "total"));
    assert_int_equal(p.n_post, 0);
}

/* --- values ------------------------------------------------------------------------------------------- */

static void test_values_by_town(void **state)
{
    (void)state;
    static const size_t places[] = {500, 250, 900, 1, 999};
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_post_table t;
    answer("SELECT town, median(age) a, quantile_disc(age, 0.25) b, quantile_disc(age, 0.9) c, "
           "quantile_disc(age, 0.001) d, quantile_disc(age, 0.999) e FROM persons GROUP BY town",
           &t, &arena);
    assert_int_equal(t.n_rows, N_TOWNS);
    for (size_t town = 0; town < N_TOWNS; town++) {
        struct list l = of_persons(2, (int64_t)town, 1);
        for (size_t i = 0; i < 5; i++) {
            same(post_number(&t, town, 1 + i), quantile(&l, places[i], 1), "age");
        }
    }
}

/* As the standard writes it. */
static void test_within_group(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_post_table t;
    struct list l = of_persons(3, -1, 1);
    answer("SELECT percentile_disc(0.3) WITHIN GROUP (ORDER BY bmi) AS q, median(bmi) AS m FROM "
           "persons",
           &t, &arena);
    same(post_number(&t, 0, 0), quantile(&l, 300, 10), "bmi");
    same(post_number(&t, 0, 1), quantile(&l, 500, 10), "bmi");
    static const char *const wrong[] = {
        "SELECT percentile_disc(0.3) WITHIN GROUP (ORDER BY bmi DESC) AS q FROM persons",
        "SELECT quantile_disc(bmi, 0.3 ORDER BY bmi) AS q FROM persons",
        "SELECT quantile_disc(bmi ORDER BY age) AS q FROM persons",
        "SELECT median(bmi ORDER BY age) AS q FROM persons",
        "SELECT percentile_disc(1.0) WITHIN GROUP (ORDER BY bmi) AS q FROM persons"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct world_model m = {.sql = wrong[i]};
        if (world_lower(&m, &arena).plan.n != 0) {
            fail_msg("let in: %s", wrong[i]);
        }
    }
}

static void test_values_of_decimals_and_wide_bins(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_post_table t;
    struct list l = of_persons(3, -1, 1);
    answer("SELECT quantile_disc(bmi, 0.3) + 0 AS q FROM persons", &t, &arena);
    same(post_number(&t, 0, 0), quantile(&l, 300, 10), "bmi");
    l = of_persons(2, -1, 1);
    for (size_t i = 0; i < l.n; i++) {
        l.v[i] = (l.v[i] * 100 - 3) < 0 ? -20 : (l.v[i] * 100 - 3) / 20 * 20;
    }
    answer("SELECT median(age * 100 - 3) AS q FROM persons", &t, &arena);
    same(post_number(&t, 0, 0), quantile(&l, 500, 1), "age in twenties");
}

static void test_what_stands_around_them(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_post_table t;
    answer("SELECT town AS place, round(median(age) / 10, 1) AS tens FROM persons "
           "WHERE age IS NOT NULL AND male GROUP BY town HAVING median(age) >= 0 "
           "ORDER BY median(age) DESC",
           &t, &arena);
    assert_true(t.n_rows <= N_TOWNS);
    for (size_t i = 1; i < t.n_rows; i++) {
        assert_true(post_number(&t, i - 1, 1) >= post_number(&t, i, 1));
    }
    answer("SELECT median(age) AS m FROM persons WHERE age > 110 AND age < 5", &t, &arena);
    assert_int_equal(t.n_rows, 1);
    assert_true(isnan(post_number(&t, 0, 0)));
}

/* By hand: a tree of bins, and the quantile read off it in the post stage; the same as the short form. */
static void test_the_long_form_is_the_same(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_post_table t, u;
    struct world_run r;
    struct sy_model_block b[] = {
        {.name = V("b"),
         .sql = V("SELECT town, coalesce(age, 0) AS age, count(*) AS n FROM "
                  "persons WHERE age IS NOT NULL GROUP BY 1, 2"),
         .tree = V("bins")},
        {.name = V("c"), .sql = V("SELECT median(bmi) AS m FROM persons")}};
    struct world_model m = {
        .blocks = b,
        .n_blocks = 2,
        .post = "SELECT b.town AS town, quantile_disc(b.age, b.n, 0.25) AS q, sum(b.n) AS n, "
                "max(c.m) AS bmi FROM b CROSS JOIN c GROUP BY b.town"};
    post_ask(&world, &m, NULL, &r, &t, &arena);
    answer("SELECT town, quantile_disc(age, 0.25) AS q FROM persons GROUP BY town", &u, &arena);
    struct list l = of_persons(3, -1, 1);
    assert_int_equal(t.n_rows, u.n_rows);
    for (size_t i = 0; i < t.n_rows; i++) {
        same(post_number(&t, i, 1), post_number(&u, i, 1), "both forms");
        same(post_number(&t, i, 3), quantile(&l, 500, 10), "beside another block");
    }
}

static void test_public_rows_need_no_tree(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct world_model m = {.sql = "SELECT median(least(pop, 1000)) AS m FROM towns",
                            .mechanism = "exact"};
    struct sy_plan p = lower(&m, &arena);
    assert_int_equal(p.blocks[0].tree.n, 0);
    post_ask(&world, &m, NULL, &r, &t, &arena);
    same(post_number(&t, 0, 0), 200, "of 100, 200, 300");
}

/* --- refusals ----------------------------------------------------------------------------------------- */

static void test_refusals(void **state)
{
    (void)state;
    static struct sy_view nonnegative = V("nonnegative");
    static const struct {
        struct sy_model_block b;
        const char *post, *construct, *reason;
    } cases[] = {
        {{.sql = V("SELECT town, age, count(*) n FROM persons GROUP BY town, age"),
          .tree = V("bins")},
         NULL,
         "",
         "never NULL"},
        {{.sql = V("SELECT town, count(*) n FROM persons GROUP BY town"), .tree = V("bins")},
         NULL,
         "",
         "integer"},
        {{.sql = V("SELECT count(*) n FROM persons"), .tree = V("total")}, NULL, "", "keys"},
        {{.sql = V("SELECT male, avg(age) n FROM persons GROUP BY male"), .tree = V("total")},
         NULL,
         "",
         "one figure"},
        {{.sql = V("SELECT male, sum(age) n FROM persons GROUP BY male"), .tree = V("total")},
         NULL,
         "",
         "count or units"},
        {{.sql = V("SELECT male, count(*) n FROM persons GROUP BY male"), .tree = V("heap")},
         NULL,
         "",
         "bins or total"},
        {{.sql = V("SELECT note, count(*) n FROM events GROUP BY note"),
          .tree = V("total"),
          .delta = 1000},
         NULL,
         "",
         "declared keys only"},
        {{.sql = V("SELECT town, median(age) m FROM persons GROUP BY town"), .tree = V("total")},
         NULL,
         "median",
         "of their own"},
        {{.sql = V("SELECT town, median(age) m FROM persons GROUP BY town"),
          .shape = &nonnegative,
          .n_shape = 1},
         NULL,
         "b",
         "shape"},
        {{.sql = V("SELECT male, count(*) n FROM persons GROUP BY male")},
         "SELECT quantile_disc(n, n, 0.5) AS q FROM b",
         "",
         "without noise"},
        {{.sql = V("SELECT male, count(*) n FROM persons GROUP BY male")},
         "SELECT quantile_disc(n, 0.5) AS q FROM b",
         "quantile_disc",
         "value, weight"},
        {{.sql = V("SELECT year(birth) AS y, count(*) n FROM persons GROUP BY 1")},
         "SELECT quantile_disc(y, n, 1.0) AS q FROM b",
         "",
         "between 0 and 1"},
        {{.sql = V("SELECT year(birth) AS y, count(*) n FROM persons GROUP BY 1")},
         "SELECT quantile_disc(y, n, n) AS q FROM b",
         "",
         "between 0 and 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_model_block b = cases[i].b;
        b.name = sy_view_str("b");
        struct world_model m = {.blocks = &b, .n_blocks = 1, .post = cases[i].post};
        struct sy_lower_result r = world_lower(&m, &arena);
        char reason[256];
        sy_view_to_cstr(r.reason, reason, sizeof reason);
        bool construct = cases[i].construct[0] == 0 || sy_view_is(r.construct, cases[i].construct);
        if (r.plan.n != 0 || !construct || strstr(reason, cases[i].reason) == NULL) {
            fail_msg("case %zu: [%.*s] %s", i, SY_PV(r.construct), reason);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_quantile_is_a_tree),
        cmocka_unit_test(test_bins_are_few_and_round),
        cmocka_unit_test(test_a_tree_may_be_named),
        cmocka_unit_test_setup(test_values_by_town, fill),
        cmocka_unit_test_setup(test_within_group, fill),
        cmocka_unit_test_setup(test_values_of_decimals_and_wide_bins, fill),
        cmocka_unit_test_setup(test_what_stands_around_them, fill),
        cmocka_unit_test_setup(test_the_long_form_is_the_same, fill),
        cmocka_unit_test_setup(test_public_rows_need_no_tree, fill),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
