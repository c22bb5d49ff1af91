/*
 * Indicators by the post stage, against the same figures computed here by other means: life tables,
 * direct standardisation, change from year to year, and whether intervals cover what they should.
 */
#include "test_post_kit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t rng_state;

static uint64_t rng(void)
{
    rng_state ^= rng_state >> 12;
    rng_state ^= rng_state << 25;
    rng_state ^= rng_state >> 27;
    return rng_state * 0x2545f4914f6cdd1du;
}

static double uniform(void)
{
    return ((double)(rng() >> 11) + 0.5) * 0x1p-53;
}

/* Box and Muller. */
static double normal(double sigma)
{
    return sigma * sqrt(-2.0 * log(uniform())) * cos(6.283185307179586 * uniform());
}

static int setup(void **state)
{
    const char *seed = getenv("SHUYU_SEED");
    rng_state = (seed == NULL ? 20260802 : strtoull(seed, NULL, 0)) | 1;
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)rng_state);
    (void)state;
    return 0;
}

/* --- life table ---------------------------------------------------------------------------------------------- */

enum { BANDS = 19 };

#define LABELS                                                                                     \
    "0 1-4 5-9 10-14 15-19 20-24 25-29 30-34 35-39 40-44 45-49 50-54 55-59 60-64 65-69 "           \
    "70-74 75-79 80-84 85+"

static const int WIDTH[BANDS] = {1, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0};

/* Gompertz mortality with a raised first year. */
static void life_figures(long *deaths, long *people)
{
    int age = 0;
    for (int i = 0; i < BANDS; i++) {
        double m = (i == 0 ? 0.005 : 0.00005 * exp(0.092 * (age + WIDTH[i] / 2.0)));
        people[i] = 40000 - 1900L * i + (i == 0 ? -32000 : 0);
        deaths[i] = (long)((double)people[i] * m) + (long)(rng() % 5);
        age += WIDTH[i];
    }
}

/* Figures by band in an order of their own, as a released table may come. */
static void put_figures(struct kit *k, size_t b, const long *v)
{
    static const char *const labels[BANDS] = {
        "0",     "1-4",   "5-9",   "10-14", "15-19", "20-24", "25-29", "30-34", "35-39", "40-44",
        "45-49", "50-54", "55-59", "60-64", "65-69", "70-74", "75-79", "80-84", "85+"};
    char text[1024] = "";
    for (int i = 0; i < BANDS; i++) {
        int band = (i * 7 + 3) % BANDS;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s %ld;", labels[band], v[band]);
    }
    kit_table(k, b, text);
}

/* age, deaths, people -> relation 3: age, width, m, q */
static void life_relations(struct kit *k)
{
    static struct kit_key age = {LABELS, SY_TYPE_STR, false};
    kit_source(k, "deaths", "person", &age, 1, 1);
    kit_source(k, "pop", "person", &age, 1, 1);
    KIT(k, .op = "join", .in = "0 1", .kind = "inner", .e = "c0 c2 eq");
    KIT(k, .op = "project", .in = "2",
        .e = "c0 c0 '0 eq i1 c0 '1-4 eq i4 i5 case/5 c1 c3 div"); /* age, width, m */
    KIT(k, .op = "project", .in = "3",
        .e = "c0 c1 c2 c0 '85+ eq i1 c1 c2 mul i1 c1 i2 div c2 mul add div case/3");
}

static void test_life_expectancy(void **state)
{
    struct kit *k = *state;
    long deaths[BANDS];
    long people[BANDS];
    life_figures(deaths, people);
    life_relations(k);
    /* l: survivors at the begin of the band */
    KIT(k, .op = "window", .in = "4", .e = "c0 i1 c3 sub", .fns = "product", .kind = "before",
        .desc = "0");
    KIT(k, .op = "project", .in = "5", .e = "c0 c1 c2 c3 c4 i1 coalesce");
    /* L: years lived in the band */
    KIT(k, .op = "project", .in = "6",
        .e = "c0 c0 '85+ eq c4 c2 div c1 c4 c4 c3 mul i2 div sub mul case/3");
    KIT(k, .op = "reduce", .in = "7", .e = "c1", .fns = "sum");
    put_figures(k, 0, deaths);
    put_figures(k, 1, people);
    check_ok(kit_type(k));
    check_ok(kit_run(k));

    long double l = 1.0L;
    long double e0 = 0.0L;
    for (int i = 0; i < BANDS; i++) {
        long double m = (long double)deaths[i] / (long double)people[i];
        long double n = WIDTH[i];
        long double q = n * m / (1.0L + n / 2.0L * m);
        e0 += i == BANDS - 1 ? l / m : n * (l - l * q / 2.0L);
        l *= 1.0L - q;
    }
    print_message("# e0 = %.12f\n", kit_number(k, 0, 0, 0));
    assert_true(e0 > 60.0L && e0 < 95.0L);
    assert_true(fabsl(kit_number(k, 0, 0, 0) - e0) < 1e-11L);
}

/* The probability to die between 30 and 70 (40q30), from bands 30-34 to 65-69. */
static void test_premature_mortality(void **state)
{
    struct kit *k = *state;
    long deaths[BANDS];
    long people[BANDS];
    life_figures(deaths, people);
    life_relations(k);
    KIT(k, .op = "filter", .in = "4",
        .e = "c0 '30-34 '35-39 '40-44 '45-49 '50-54 '55-59 '60-64 '65-69 in/9");
    KIT(k, .op = "reduce", .in = "5", .e = "i1 c3 sub", .fns = "product");
    KIT(k, .op = "project", .in = "6", .e = "i1 c0 sub");
    put_figures(k, 0, deaths);
    put_figures(k, 1, people);
    check_ok(kit_type(k));
    check_ok(kit_run(k));
    long double log_alive = 0.0L; /* another way: ln(1 - q) = log1p(-5 m / (1 + 2.5 m)) */
    for (int i = 7; i < 15; i++) {
        long double m = (long double)deaths[i] / (long double)people[i];
        log_alive += log1pl(-5.0L * m / (1.0L + 2.5L * m));
    }
    print_message("# 40q30 = %.12f\n", kit_number(k, 0, 0, 0));
    assert_true(fabsl(kit_number(k, 0, 0, 0) + expm1l(log_alive)) < 1e-14L);
}

/* With the same mortality m in every year of a closed life table, e0 is 1 / m. */
static void test_life_table_closed_form(void **state)
{
    struct kit *k = *state;
    long deaths[BANDS];
    long people[BANDS];
    for (int i = 0; i < BANDS; i++) {
        people[i] = 10000L * (i + 1);
        deaths[i] = 200L * (i + 1);
    }
    life_relations(k);
    KIT(k, .op = "window", .in = "4", .e = "c0 i1 c3 sub", .fns = "product", .kind = "before",
        .desc = "0");
    KIT(k, .op = "project", .in = "5", .e = "c3 c4 i1 coalesce mul c2 div"); /* L = d / m */
    KIT(k, .op = "reduce", .in = "6", .e = "c0", .fns = "sum");
    put_figures(k, 0, deaths);
    put_figures(k, 1, people);
    kit_expect(k, 0, "50");
}

/* --- standardisation, years --------------------------------------------------------------------------------------- */

static void test_direct_standardisation(void **state)
{
    static struct kit_key keys[] = {{"young old", SY_TYPE_STR, false}, {"a b", SY_TYPE_STR, false}};
    struct kit *k = *state;
    kit_source(k, "cases", "person", (struct kit_key[]){keys[1], keys[0]}, 2, 1); /* place, age */
    kit_source(k, "pop", "person", (struct kit_key[]){keys[1], keys[0]}, 2, 1);
    KIT(k, .op = "join", .in = "0 1", .kind = "inner", .e = "c0 c3 eq c1 c4 eq and");
    KIT(k, .op = "project", .in = "2",
        .e = "c0 c1 'young eq i3 i1 case/3 c2 c5 div c1 'young eq i3 i1 case/3 mul");
    KIT(k, .op = "reduce", .in = "3", .e = "c0 c2 c1", .fns = "sum sum", .keys = 1);
    KIT(k, .op = "project", .in = "4", .e = "c0 c1 c2 div i1000 mul");
    kit_table(k, 0, "a young 2; a old 30; b young 9; b old 8");
    kit_table(k, 1, "a young 1000; a old 500; b young 3000; b old 200");
    /* a: (3 x 2/1000 + 30/500) / 4; b: (3 x 9/3000 + 8/200) / 4 */
    kit_expect(k, 0, "a 16.5; b 12.25");
}

static void test_year_on_year(void **state)
{
    static struct kit_key keys[] = {{"x y", SY_TYPE_STR, false},
                                    {"2018 2019 2020", SY_TYPE_INT, false}};
    struct kit *k = *state;
    kit_source(k, "a", "person", keys, 2, 1);
    KIT(k, .op = "window", .in = "0", .e = "c0 c1 c2", .fns = "lag", .kind = "all", .keys = 1,
        .desc = "0");
    KIT(k, .op = "project", .in = "1", .e = "c0 c1 c2 c3 div i1 sub i100 mul round:1");
    KIT(k, .op = "sort", .in = "2", .e = "c0 c1", .desc = "01");
    kit_table(k, 0, "x 2019 110; x 2018 100; y 2018 0; x 2020 99; y 2020 5; y 2019 4");
    kit_expect(k, 0, "x 2020 -10; x 2019 10; x 2018 -; y 2020 25; y 2019 -; y 2018 -");
}

/* --- intervals --------------------------------------------------------------------------------------------------------- */

enum { TRIALS = 2000, LANES = 400, CHUNK = 80 };

/* Do the lanes, CHUNK - 1 simulated ones a run, give an interval of x / y that covers the truth? */
static bool covers(struct kit *k, double x, double y, double sigma, double lane_sigma)
{
    struct sy_arena arena SY_ARENA_CLEANUP = {0};
    struct sy_post_tails tails;
    double lane0[2] = {x + normal(sigma), y + normal(sigma)};
    double cells[2][CHUNK];
    struct sy_post_column cols[2] = {{SY_POST_NUMBER, cells[0], NULL},
                                     {SY_POST_NUMBER, cells[1], NULL}};
    struct sy_post_table t = {1, 2, cols};
    struct sy_post_table ret;
    check_ok(sy_post_tails_new(1, LANES / CHUNK * (CHUNK - 1), &arena, &tails, NULL));
    for (int chunk = 0; chunk < LANES / CHUNK; chunk++) {
        for (int c = 0; c < 2; c++) {
            for (int lane = 0; lane < CHUNK; lane++) {
                cells[c][lane] = lane0[c] + (lane == 0 ? 0.0 : normal(lane_sigma));
            }
        }
        check_ok(sy_post_run(&k->plan, &k->typed, NULL, &t, CHUNK, &arena, &ret, NULL));
        assert_true(ret.cols[0].lanes[0] == lane0[0] / lane0[1]);
        assert_true(sy_post_tails_add(&tails, 0, ret.cols[0].lanes + 1, CHUNK - 1));
    }
    double lo;
    double hi;
    assert_true(sy_post_tails_interval(&tails, 0, &lo, &hi));
    return lo <= x / y && x / y <= hi;
}

/* How many standard errors the coverage of the ratio lies above 95 %. */
static double coverage_excess(struct kit *k, double lane_factor)
{
    int hits = 0;
    for (int i = 0; i < TRIALS; i++) {
        hits += covers(k, 300.0, 9000.0, 20.0, 20.0 * lane_factor) ? 1 : 0;
    }
    print_message("# lanes with %.1f of the noise: %d of %d covered\n", lane_factor, hits, TRIALS);
    return (hits - 0.95 * TRIALS) / sqrt(TRIALS * 0.95 * 0.05);
}

static void test_ratio_interval_covers(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "person", NULL, 0, 2);
    KIT(k, .op = "project", .in = "0", .e = "c0 c1 div");
    check_ok(kit_type(k));
    assert_true(fabs(coverage_excess(k, 1.0)) < 4.0);
    assert_true(coverage_excess(k, 0.5) < -4.0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_life_expectancy),        TEST(test_premature_mortality),
        TEST(test_life_table_closed_form), TEST(test_direct_standardisation),
        TEST(test_year_on_year),           TEST(test_ratio_interval_covers),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
