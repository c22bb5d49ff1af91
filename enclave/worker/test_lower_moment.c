/*
 * Moments of a block: which figures they become, and that the arithmetic over them is the function's
 * definition. Random worlds go through the engine and the post stage without noise; the same figures are
 * computed from the rows by a plain loop in long double, least squares by a pivoting elimination over raw
 * (uncentred) sums. The seed is printed and can be set with SHUYU_SEED.
 */
#include "test_post_kit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_UNITS = 60, N_EVENTS = 100, N_TOWNS = 3, VARS = 4 };

static struct world world;

static uint64_t first_seed(void)
{
    const char *set = getenv("SHUYU_SEED");
    uint64_t seed = set != NULL ? strtoull(set, NULL, 10) : (uint64_t)time(NULL);
    print_message("SHUYU_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* --- by hand ------------------------------------------------------------------------------------------ */

/* Rows on which all variables are there. */
struct sample {
    size_t n, n_vars;
    long double v[N_UNITS][VARS];
};

/* Variables of a person: a(ge), b(mi), m(ale), s(quare of age), t(hree times age). */
static bool person_value(size_t i, char var, long double *ret)
{
    int64_t age = world.person[2].v[i];
    int64_t bmi = world.person[3].v[i];
    bool missing = var == 'b' ? bmi == WORLD_NULL : var != 'm' && age == WORLD_NULL;
    *ret = var == 'b'   ? (long double)bmi / 10
           : var == 'm' ? (long double)world.person[1].v[i]
           : var == 's' ? (long double)age * age
           : var == 't' ? 3 * (long double)age
                        : (long double)age;
    return !missing;
}

/* town -1: all. */
static struct sample take(const char *vars, int64_t town, bool male_only)
{
    struct sample s = {.n_vars = strlen(vars)};
    for (size_t i = 0; i < world.n_persons; i++) {
        bool all =
            (town < 0 || world.person[5].v[i] == town) && (!male_only || world.person[1].v[i] == 1);
        for (size_t k = 0; k < s.n_vars; k++) {
            all = person_value(i, vars[k], &s.v[s.n][k]) && all;
        }
        s.n += all ? 1 : 0;
    }
    return s;
}

static long double mean(const struct sample *s, size_t k)
{
    long double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        sum += s->v[i][k];
    }
    return sum / (long double)s->n;
}

/* In two passes. */
static long double cov(const struct sample *s, size_t j, size_t k, long double less)
{
    long double mj = mean(s, j), mk = mean(s, k), sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        sum += (s->v[i][j] - mj) * (s->v[i][k] - mk);
    }
    return sum / ((long double)s->n - less);
}

static void swap_rows(long double *x, long double *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        long double t = x[i];
        x[i] = y[i];
        y[i] = t;
    }
}

/* Least squares of variable 0 by the others and 1: ret[0] the intercept. */
static void solve(const struct sample *s, long double ret[VARS])
{
    long double a[VARS][VARS + 1] = {{0}};
    size_t n = s->n_vars;
    for (size_t r = 0; r < s->n; r++) {
        for (size_t i = 0; i < n; i++) {
            long double zi = i == 0 ? 1 : s->v[r][i];
            for (size_t j = 0; j < n; j++) {
                a[i][j] += zi * (j == 0 ? 1 : s->v[r][j]);
            }
            a[i][n] += zi * s->v[r][0];
        }
    }
    for (size_t i = 0; i < n; i++) {
        size_t best = i;
        for (size_t r = i + 1; r < n; r++) {
            best = fabsl(a[r][i]) > fabsl(a[best][i]) ? r : best;
        }
        swap_rows(a[i], a[best], n + 1);
        for (size_t r = 0; r < n; r++) {
            long double f = r == i ? 0 : a[r][i] / a[i][i];
            for (size_t c = i; c <= n; c++) {
                a[r][c] -= f * a[i][c];
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        ret[i] = a[i][n] / a[i][i];
    }
}

/* --- models ------------------------------------------------------------------------------------------- */

static struct sy_plan lower(const char *sql, uint64_t rows, struct sy_arena *arena)
{
    struct sy_plan plan;
    struct sy_error err = {0};
    struct world_model m = {.sql = sql, .rows = rows};
    struct sy_lower_result r = world_lower(&m, arena);
    if (r.plan.n == 0) {
        fail_msg("%s: %.*s: %.*s", sql, SY_PV(r.construct), SY_PV(r.reason));
    }
    check_ok(sy_record_decode(&sy_plan_desc, r.plan, &SY_MP_REQUEST, arena, &plan, &err));
    return plan;
}

static void answer(const char *sql, struct sy_post_table *t, struct sy_arena *arena)
{
    struct world_run r;
    struct world_model m = {.sql = sql};
    post_ask(&world, &m, NULL, &r, t, arena);
}

/* The only number of a query's answer. */
static double one(const char *sql)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_post_table t;
    answer(sql, &t, &arena);
    assert_int_equal(t.n_rows, 1);
    return post_number(&t, 0, t.n_cols - 1);
}

static double coef(const char *args)
{
    char sql[512];
    snprintf(sql, sizeof sql, "SELECT regr_coef(%s) AS c FROM persons", args);
    return one(sql);
}

static void near(double got, long double want, const char *what)
{
    if (!(fabsl((long double)got - want) <= 1e-7L * fmaxl(1, fabsl(want)))) {
        fail_msg("%s: %.12g, want %.12Lg", what, got, want);
    }
}

/* --- figures ------------------------------------------------------------------------------------------ */

static void check_figure(const struct sy_plan *p, size_t i, const char *fn, const char *name,
                         int64_t lo, int64_t hi, uint64_t scale)
{
    const struct sy_plan_figure *f = &p->blocks[0].figures[i];
    if (!sy_view_is(f->fn, fn) || !sy_view_is(f->name, name) || f->lo != lo || f->hi != hi ||
        f->scale != scale) {
        fail_msg("figure %zu: %.*s %.*s [%lld, %lld] %llu", i, SY_PV(f->fn), SY_PV(f->name),
                 (long long)f->lo, (long long)f->hi, (unsigned long long)f->scale);
    }
}

/* bmi is 10.0 to 80.0: centred, +-35.0; its square 0 to 1225.00, centred once more. */
static void test_figures_are_centred_on_their_intervals(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan p = lower("SELECT var_samp(bmi) AS v FROM persons", 1, &arena);
    assert_int_equal(p.blocks[0].n_figures, 3);
    check_figure(&p, 0, "count", "v_n", 0, 0, 0);
    check_figure(&p, 1, "sum", "v_x", -350, 350, 1);
    check_figure(&p, 2, "sum", "v_xx", -61250, 61250, 2);
    assert_int_equal(p.n_outs, 3);
    assert_int_equal(p.n_post, 1);
    assert_int_equal(p.post[0].n_outs, 1);
}

static void test_equal_figures_are_noised_once(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan p = lower("SELECT var_pop(bmi) a, stddev(bmi) b, variance(bmi) c, avg(bmi) m, "
                             "count(bmi) n FROM persons",
                             1, &arena);
    assert_int_equal(p.blocks[0].n_figures, 4); /* n, centred sum and squares, plain sum */
    p = lower("SELECT regr_slope(bmi, age) s, regr_intercept(bmi, age) i, corr(bmi, age) r, "
              "regr_count(bmi, age) n FROM persons",
              1, &arena);
    assert_int_equal(p.blocks[0].n_figures, 6); /* n, x, y, xx, xy, yy */
}

/* Where a unit may have several rows, units are counted by themselves. */
static void test_a_regression_counts_units(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_plan p =
        lower("SELECT regr_slope(cost, year(day)) s FROM events WHERE cost > 5", 9, &arena);
    bool found = false;
    for (size_t i = 0; i < p.blocks[0].n_figures; i++) {
        found = found || sy_view_is(p.blocks[0].figures[i].fn, "units");
    }
    assert_true(found);
    assert_int_equal(p.blocks[0].n_figures, 6);
    p = lower("SELECT regr_coef(6, bmi, age, age + 1, age + 2, age + 3, age + 4, age + 5) c FROM "
              "persons",
              1, &arena);
    assert_int_equal(p.blocks[0].n_figures, 1 + 7 + 6 + 21);
    p = lower(
        "SELECT regr_coef(0, bmi, age, age, age, age, age, age) a, regr_coef(6, bmi, age, age, "
        "age, age, age, age) b FROM persons",
        1, &arena);
    assert_int_equal(p.blocks[0].n_figures, 1 + 2 + 2); /* n, x, y, xx, xy: all six are one */
}

static void test_public_rows_have_no_units(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct world_model m = {.sql = "SELECT var_pop(pop) v, regr_slope(pop, pop) s FROM towns",
                            .mechanism = "exact"};
    post_ask(&world, &m, NULL, &r, &t, &arena);
    near(post_number(&t, 0, 0), 20000.0L / 3, "100, 200, 300");
    assert_true(isnan(post_number(&t, 0, 1))); /* three rows are too few */
}

/* --- values ------------------------------------------------------------------------------------------- */

enum definition { VAR, DEV, COV, CORR, R2, MEAN_X, MEAN_Y, COUNT };

static const struct {
    const char *fn, *vars;
    enum definition what;
    int less; /* 1: of a sample */
} FNS[] = {
    {"var_pop(bmi)", "b", VAR, 0},
    {"var_samp(bmi)", "b", VAR, 1},
    {"variance(age)", "a", VAR, 1},
    {"VAR_POP(male)", "m", VAR, 0},
    {"stddev_pop(age)", "a", DEV, 0},
    {"stddev_samp(bmi)", "b", DEV, 1},
    {"stddev(bmi)", "b", DEV, 1},
    {"covar_pop(bmi, age)", "ba", COV, 0},
    {"covar_samp(age, male)", "am", COV, 1},
    {"corr(bmi, age)", "ba", CORR, 0},
    {"corr(age, age * age)", "as", CORR, 0},
    {"regr_r2(bmi, age)", "ba", R2, 0},
    {"regr_avgx(bmi, age)", "ba", MEAN_X, 0},
    {"regr_avgy(bmi, age)", "ba", MEAN_Y, 0},
    {"regr_count(bmi, age)", "ba", COUNT, 0},
};

static long double by_definition(enum definition what, const struct sample *s, int less)
{
    long double r = s->n_vars < 2 ? 0 : cov(s, 0, 1, 0) / sqrtl(cov(s, 0, 0, 0) * cov(s, 1, 1, 0));
    switch (what) {
    case VAR:
        return cov(s, 0, 0, less);
    case DEV:
        return sqrtl(cov(s, 0, 0, less));
    case COV:
        return cov(s, 0, 1, less);
    case CORR:
        return r;
    case R2:
        return r * r;
    case MEAN_X:
        return mean(s, 1);
    case MEAN_Y:
        return mean(s, 0);
    default:
        return (long double)s->n;
    }
}

static void test_values_are_those_of_the_definition(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FNS / sizeof FNS[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_post_table t;
        char sql[256];
        snprintf(sql, sizeof sql, "SELECT town, %s + 0 AS v FROM persons GROUP BY town", FNS[i].fn);
        answer(sql, &t, &arena);
        assert_int_equal(t.n_rows, N_TOWNS);
        for (size_t town = 0; town < N_TOWNS; town++) {
            struct sample s = take(FNS[i].vars, (int64_t)town, false);
            double got = post_number(&t, town, 1);
            if (FNS[i].what == R2 && s.n < 12) {
                assert_true(isnan(got));
                continue;
            }
            near(got, by_definition(FNS[i].what, &s, FNS[i].less), sql);
        }
    }
}

static void test_filters_and_arithmetic(void **state)
{
    (void)state;
    struct sample s = take("ba", -1, true);
    near(one("SELECT corr(bmi, age) FILTER (WHERE male) AS r FROM persons"),
         by_definition(CORR, &s, 0), "corr of men");
    struct sample b = take("b", -1, false);
    near(one("SELECT stddev_pop(bmi) / (sum(bmi) / count(bmi)) * 100 AS v FROM persons"),
         100 * sqrtl(cov(&b, 0, 0, 0)) / mean(&b, 0), "coefficient of variation");
    struct sample m = take("m", -1, false);
    near(one("SELECT avg(male) + 0 AS share FROM persons"), mean(&m, 0), "a proportion");
    assert_true(isnan(one("SELECT var_pop(bmi) AS v FROM persons WHERE age > 110 AND age < 5")));
}

/* --- least squares ------------------------------------------------------------------------------------- */

static void test_coefficients_solve_the_normal_equations(void **state)
{
    (void)state;
    static const struct {
        const char *args, *vars;
        size_t coef;
    } cases[] = {
        {"0, bmi, age", "ba", 0},
        {"1, bmi, age", "ba", 1},
        {"0, bmi, age, male", "bam", 0},
        {"1, bmi, age, male", "bam", 1},
        {"2, bmi, age, male", "bam", 2},
        {"3, bmi, age, male, age * age", "bams", 3},
        {"0, bmi, age, male, age * age", "bams", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample s = take(cases[i].vars, -1, false);
        long double want[VARS];
        solve(&s, want);
        near(coef(cases[i].args), want[cases[i].coef], cases[i].args);
    }
    near(one("SELECT regr_slope(bmi, age) AS s FROM persons"), coef("1, bmi, age"), "slope");
    near(one("SELECT regr_intercept(bmi, age) AS s FROM persons"), coef("0, bmi, age"),
         "intercept");
}

/* bmi = 20 + age / 5 + 3 male, exactly. */
static void test_a_known_plane_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < world.n_persons; i++) {
        int64_t age = world.person[2].v[i], male = world.person[1].v[i];
        world.person[3].v[i] = age == WORLD_NULL ? WORLD_NULL : 200 + 2 * age + 30 * male;
    }
    near(coef("0, bmi, age, male"), 20, "intercept");
    near(coef("1, bmi, age, male"), 0.2L, "age");
    near(coef("2, bmi, age, male"), 3, "male");
    near(one("SELECT regr_r2(bmi, bmi) AS r FROM persons"), 1, "itself");
}

/* A column that the others tell, or that does not vary, has no coefficient. */
static void test_degenerate_designs_are_null(void **state)
{
    (void)state;
    static const char *const args[] = {
        "1, bmi, age, 3 * age", "0, bmi, age, 3 * age",
        "2, bmi, age, 3 * age", "1, bmi, 7",
        "2, bmi, age, 5",       "3, bmi, age, male, age + CASE WHEN male THEN 1 ELSE 0 END"};
    for (size_t i = 0; i < sizeof args / sizeof args[0]; i++) {
        if (!isnan(coef(args[i]))) {
            fail_msg("%s: %.12g", args[i], coef(args[i]));
        }
    }
    assert_true(isnan(one("SELECT corr(bmi, 5) AS r FROM persons")));
    assert_true(isnan(one("SELECT regr_slope(bmi, 5) AS r FROM persons")));
    near(one("SELECT var_samp(5) AS r FROM persons"), 0, "no spread");
}

/* Units beyond the parameters: 10 at least, and three for each parameter. */
static void test_few_units_give_no_model(void **state)
{
    (void)state;
    static const struct {
        const char *args;
        size_t least;
    } cases[] = {{"1, age, male", 12},
                 {"1, age, male, male", 0},
                 {"2, age, male, bmi", 13},
                 {"1, age, male, bmi, age, 1, 2, 3", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t n = 9; n <= 24; n++) {
            world_fill(&world, 7 + n, n, 10);
            for (size_t k = 0; k < n; k++) {
                world.person[1].v[k] = (int64_t)(k % 2);
                world.person[2].v[k] = (int64_t)(k * k % 31);
                world.person[3].v[k] = (int64_t)(100 + k * k * k % 401);
            }
            bool there = !isnan(coef(cases[i].args));
            if (there != (cases[i].least != 0 && n >= cases[i].least)) {
                fail_msg("%s with %zu units: %d", cases[i].args, n, there);
            }
        }
    }
}

/* Fewer than two rows: no variance; none: no mean. */
static void test_few_rows_give_no_moment(void **state)
{
    (void)state;
    world_fill(&world, 3, 1, 0);
    world.person[2].v[0] = 50;
    world.person[3].v[0] = 300;
    assert_true(isnan(one("SELECT var_pop(bmi) AS v FROM persons")));
    assert_true(isnan(one("SELECT stddev_samp(bmi) AS v FROM persons")));
    assert_true(isnan(one("SELECT covar_pop(bmi, age) AS v FROM persons")));
    near(one("SELECT regr_avgx(bmi, age) AS v FROM persons"), 50, "one row has a mean");
    world.person[2].v[0] = WORLD_NULL;
    assert_true(isnan(one("SELECT regr_avgx(bmi, age) AS v FROM persons")));
}

/* --- beside a post stage ------------------------------------------------------------------------------- */

static void test_blocks_with_arithmetic_beside_post(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    const struct sy_model_block blocks[2] = {
        {.name = V("spread"),
         .sql = V("SELECT town, stddev_pop(bmi) AS sd, sum(bmi) / count(bmi) AS mean FROM persons "
                  "GROUP BY town")},
        {.name = V("all_towns"), .sql = V("SELECT stddev_pop(bmi) AS sd FROM persons")}};
    struct world_model m = {
        .blocks = blocks,
        .n_blocks = 2,
        .post = "SELECT s.town, s.sd / a.sd AS relative, s.mean, o.sd AS again FROM spread s "
                "CROSS JOIN all_towns a JOIN spread o ON o.town = s.town ORDER BY s.town"};
    post_ask(&world, &m, NULL, &r, &t, &arena);
    struct sample all = take("b", -1, false);
    assert_int_equal(t.n_rows, N_TOWNS);
    for (size_t i = 0; i < N_TOWNS; i++) {
        struct sample s = take("b", (int64_t)i, false);
        near(post_number(&t, i, 1), sqrtl(cov(&s, 0, 0, 0) / cov(&all, 0, 0, 0)), "relative");
        near(post_number(&t, i, 2), mean(&s, 0), "mean");
        near(post_number(&t, i, 3), sqrtl(cov(&s, 0, 0, 0)), "again");
    }
}

/* --- refusals ------------------------------------------------------------------------------------------ */

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *construct;
    } cases[] = {
        {"SELECT var_pop(DISTINCT bmi) FROM persons", "var_pop"},
        {"SELECT var_pop(town) FROM persons", "var_pop"},
        {"SELECT var_pop(birth) FROM persons", "var_pop"},
        {"SELECT corr(bmi) FROM persons", "corr"},
        {"SELECT corr(bmi, town) FROM persons", "corr"},
        {"SELECT var_pop(sum(bmi)) FROM persons", "var_pop"},
        {"SELECT regr_coef(2, bmi, age) FROM persons", "regr_coef"},
        {"SELECT regr_coef(-1, bmi, age) FROM persons", "regr_coef"},
        {"SELECT regr_coef(age, bmi, age) FROM persons", "regr_coef"},
        {"SELECT regr_coef(1, bmi) FROM persons", "regr_coef"},
        {"SELECT regr_coef(1, bmi, age, age, age, age, age, age, age) FROM persons", "regr_coef"},
        {"SELECT regr_sxx(bmi, age) FROM persons", "regr_sxx"},
        {"SELECT var_pop(cost * cost * cost * cost) FROM events", "expression"},
        {"SELECT sum(v) FROM (SELECT id, var_pop(cost) v FROM events GROUP BY id)", "var_pop"},
        {"SELECT var_pop(bmi ORDER BY age) FROM persons", "ORDER BY"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_model m = {.sql = cases[i].sql};
        struct sy_lower_result r = world_lower(&m, &arena);
        if (r.plan.n != 0 || !sy_view_is(r.construct, cases[i].construct)) {
            fail_msg("%s: [%.*s] %.*s", cases[i].sql, SY_PV(r.construct), SY_PV(r.reason));
        }
    }
}

static int fill(void **state)
{
    static uint64_t seed;
    seed = seed == 0 ? first_seed() : seed;
    (void)state;
    world_fill(&world, seed++, N_UNITS, N_EVENTS);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_are_centred_on_their_intervals),
        cmocka_unit_test(test_equal_figures_are_noised_once),
        cmocka_unit_test(test_a_regression_counts_units),
        cmocka_unit_test_setup(test_public_rows_have_no_units, fill),
        cmocka_unit_test_setup(test_values_are_those_of_the_definition, fill),
        cmocka_unit_test_setup(test_filters_and_arithmetic, fill),
        cmocka_unit_test_setup(test_coefficients_solve_the_normal_equations, fill),
        cmocka_unit_test_setup(test_a_known_plane_is_found, fill),
        cmocka_unit_test_setup(test_degenerate_designs_are_null, fill),
        cmocka_unit_test_setup(test_few_units_give_no_model, fill),
        cmocka_unit_test_setup(test_few_rows_give_no_moment, fill),
        cmocka_unit_test_setup(test_blocks_with_arithmetic_beside_post, fill),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
