/*
 * The post stage from its own SELECT: what it may say, checked by its numbers. Blocks run on a world,
 * their exact cells go through the stage as a release would send them, and each answer is compared with
 * what a plain loop over the rows gives.
 */
#include "test_post_kit.h"

#include <math.h>

enum { N_UNITS = 64, N_EVENTS = 200, N_TOWNS = 3, N_BANDS = 5 };

static struct world world;

static void ask(const char *post, struct world_run *r, struct sy_post_table *t,
                struct sy_arena *arena)
{
    struct sy_model_block blocks[POST_BLOCKS];
    struct world_model m = {.blocks = blocks, .post = post};
    m.n_blocks = post_pick(post, blocks);
    post_ask(&world, &m, NULL, r, t, arena);
}

/* --- the same, by hand ---------------------------------------------------------------------------- */

struct counts {
    double pop[N_TOWNS][2], town[N_TOWNS], band[N_BANDS], band_male[N_BANDS];
};

static struct counts by_hand(void)
{
    struct counts c = {0};
    for (size_t i = 0; i < world.n_persons; i++) {
        size_t town = (size_t)world.person[5].v[i];
        size_t male = (size_t)world.person[1].v[i];
        c.pop[town][male]++;
        c.town[town]++;
        if (world.person[2].v[i] != WORLD_NULL) {
            size_t band = (size_t)world.person[2].v[i] / 30;
            c.band[band]++;
            c.band_male[band] += (double)male;
        }
    }
    return c;
}

/* --- whole models --------------------------------------------------------------------------------- */

static void test_a_ratio_across_blocks(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct counts c = by_hand();
    ask("SELECT p.town, p.male, round(p.n / t.n * 1000, 3) AS permille, p.n / x.n s FROM pop p "
        "JOIN town t ON p.town = t.town JOIN total x ON true WHERE p.male",
        &r, &t, &arena);
    assert_int_equal(t.n_rows, N_TOWNS);
    for (size_t i = 0; i < N_TOWNS; i++) {
        assert_true(post_is(&t, i, 1, "true"));
        post_near(post_number(&t, i, 2), round(c.pop[i][1] / c.town[i] * 1e6) / 1e3);
        post_near(post_number(&t, i, 3), c.pop[i][1] / N_UNITS);
    }
}

/* The side that can be found may stand on the left. */
static void test_joins_turn_round(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct counts c = by_hand();
    ask("SELECT pop.town, pop.male, pop.n / town.n AS share FROM town JOIN pop USING (town) "
        "ORDER BY 1, 2",
        &r, &t, &arena);
    assert_int_equal(t.n_rows, 2 * N_TOWNS);
    for (size_t i = 0; i < 2 * N_TOWNS; i++) {
        post_near(post_number(&t, i, 2), c.pop[i / 2][i % 2] / c.town[i / 2]);
    }
}

#define LIFE                                                                                       \
    "WITH q AS (SELECT band, d, n, d / n AS q FROM bands WHERE band IS NOT NULL) SELECT band, q, " \
    "coalesce(product(1 - q) OVER (ORDER BY band ROWS BETWEEN UNBOUNDED PRECEDING AND 1 "          \
    "PRECEDING), 1) AS alive, sum(n) OVER (ORDER BY band) AS so_far, n - lag(n) OVER (ORDER BY "   \
    "band) AS change, first_value(n) OVER (ORDER BY band) AS f, row_number() OVER (ORDER BY n "    \
    "DESC, band) AS place FROM q ORDER BY band DESC"

static size_t place_of(const struct counts *c, size_t band)
{
    size_t place = 1;
    for (size_t i = 0; i < N_BANDS; i++) {
        place += c->band[i] > c->band[band] || (c->band[i] == c->band[band] && i < band) ? 1 : 0;
    }
    return place;
}

static void test_a_life_table(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct counts c = by_hand();
    double alive = 1;
    double so_far = 0;
    ask(LIFE, &r, &t, &arena);
    assert_int_equal(t.n_rows, N_BANDS);
    for (size_t i = 0; i < N_BANDS; i++) {
        size_t row = N_BANDS - 1 - i;
        double q = c.band_male[i] / c.band[i];
        so_far += c.band[i];
        post_near(post_number(&t, row, 0), (double)i);
        if (c.band[i] > 0) {
            post_near(post_number(&t, row, 1), q);
        }
        post_near(post_number(&t, row, 2), alive);
        post_near(post_number(&t, row, 3), so_far);
        if (i == 0) {
            assert_true(isnan(post_number(&t, row, 4)));
        } else {
            post_near(post_number(&t, row, 4), c.band[i] - c.band[i - 1]);
        }
        post_near(post_number(&t, row, 5), c.band[0]);
        post_near(post_number(&t, row, 6), (double)place_of(&c, i));
        alive *= c.band[i] > 0 ? 1 - q : 1;
    }
}

static void test_direct_standardisation_with_public_weights(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct counts c = by_hand();
    ask("SELECT sum(p.n / t.n * w.w) / sum(w.w) AS rate, count(*) k, max(t.n) m FROM pop p JOIN "
        "town t USING (town) JOIN weights w ON w.town = p.town WHERE NOT p.male",
        &r, &t, &arena);
    double sum = 0;
    double most = 0;
    for (size_t i = 0; i < N_TOWNS; i++) {
        sum += c.pop[i][0] / c.town[i] * 100 * (double)(i + 1);
        most = fmax(most, c.town[i]);
    }
    assert_int_equal(t.n_rows, 1);
    post_near(post_number(&t, 0, 0), sum / 600);
    post_near(post_number(&t, 0, 1), N_TOWNS);
    post_near(post_number(&t, 0, 2), most);
}

static void test_groups_having_and_filters(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct counts c = by_hand();
    ask("SELECT CASE WHEN town = 'south' THEN 's' ELSE 'rest' END AS side, sum(n) AS n, "
        "sum(n) FILTER (WHERE male) AS boys, count_if(n > 5) big, min(n) + 0.5 AS least_ FROM pop "
        "GROUP BY side HAVING sum(n) > 0 ORDER BY side",
        &r, &t, &arena);
    assert_int_equal(t.n_rows, 2);
    for (size_t row = 0; row < 2; row++) {
        bool south = post_is(&t, row, 0, "s");
        double n = 0;
        double boys = 0;
        double big = 0;
        double least = INFINITY;
        for (size_t i = 0; i < N_TOWNS; i++) {
            for (size_t k = 0; k < 2 && (i == 1) == south; k++) {
                n += c.pop[i][k];
                boys += k == 1 ? c.pop[i][k] : 0;
                big += c.pop[i][k] > 5 ? 1 : 0;
                least = fmin(least, c.pop[i][k]);
            }
        }
        post_near(post_number(&t, row, 1), n);
        post_near(post_number(&t, row, 2), boys);
        post_near(post_number(&t, row, 3), big);
        post_near(post_number(&t, row, 4), least + 0.5);
    }
}

static void test_unions_subqueries_and_qualify(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct counts c = by_hand();
    ask("SELECT town AS area, n FROM town UNION ALL SELECT 'all', n FROM total "
        "UNION ALL SELECT x.town, y.n + 1000 FROM (SELECT town, n AS k FROM town ) x (town, j) "
        "LEFT JOIN town y ON y.town = x.town ORDER BY n DESC LIMIT 4",
        &r, &t, &arena);
    assert_int_equal(t.n_rows, 4);
    double most = fmax(c.town[0], fmax(c.town[1], c.town[2]));
    post_near(post_number(&t, 0, 1), most + 1000);
    assert_true(post_is(&t, 3, 0, "all"));
    post_near(post_number(&t, 3, 1), N_UNITS);
    ask("SELECT town, male, n FROM pop QUALIFY row_number() OVER (PARTITION BY town ORDER BY n "
        "DESC, male) = 1",
        &r, &t, &arena);
    assert_int_equal(t.n_rows, N_TOWNS);
    for (size_t i = 0; i < N_TOWNS; i++) {
        post_near(post_number(&t, i, 2), fmax(c.pop[i][0], c.pop[i][1]));
    }
}

static void test_parameters(void **state)
{
    (void)state;
    static struct sy_view halves[] = {V("0.5"), V("1.5")};
    static struct sy_view towns[] = {V("north"), V("south")};
    static struct sy_view periods[] = {V("2019"), V("2020")};
    struct sy_plan_param params[] = {
        {.name = V("k"), .kind = V("int"), .scale = 1, .values = halves, .n_values = 2},
        {.name = V("t"), .kind = V("str"), .values = towns, .n_values = 2},
        {.name = V("y"), .kind = V("period"), .values = periods, .n_values = 2}};
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct counts c = by_hand();
    struct world_model m = {.blocks = &post_blocks[1],
                            .n_blocks = 1,
                            .params = params,
                            .n_params = 3,
                            .post = "SELECT n * $k AS x, $y AS year FROM town WHERE town = $t"};
    post_ask(&world, &m, (const uint64_t[]){1, 1, 0}, &r, &t, &arena);
    assert_int_equal(t.n_rows, 1);
    post_near(post_number(&t, 0, 0), 1.5 * c.town[1]);
    assert_true(post_is(&t, 0, 1, "2019"));
    assert_int_equal(r.def.plan.post[0].outs[0].scale, 1);
}

/* --- expressions ---------------------------------------------------------------------------------- */

static void test_expressions(void **state)
{
    (void)state;
    static const struct {
        const char *expr;
        double want; /* NaN: NULL */
        uint64_t scale;
    } cases[] = {
        {"n", N_UNITS, 0},
        {"n + 1", N_UNITS + 1, 0},
        {"-n", -N_UNITS, 0},
        {"+n", N_UNITS, 0},
        {"n - 0.25", N_UNITS - 0.25, 2},
        {"n * 1.5", N_UNITS * 1.5, 1},
        {"n / 7", N_UNITS / 7.0, 6},
        {"1 / 4", 0.25, 6}, /* never integer division */
        {"n / 0", NAN, 6},
        {"n % 7", N_UNITS % 7, 6},
        {"round(n / 7)", 9, 0},
        {"round(n / 7, 2)", 9.14, 2},
        {"round(n, -1)", 60, 0},
        {"round(n / 7, 2) * 100", 914, 2},
        {"sqrt(n)", 8, 6},
        {"ln(exp(2))", 2, 6},
        {"ln(0)", NAN, 6},
        {"sqrt(-1)", NAN, 6},
        {"exp(1)", 2.718281828459045, 6},
        {"power(n, 3)", 262144, 0},
        {"n ** 1", N_UNITS, 0},
        {"n ^ 5 / power(n, 4)", N_UNITS, 6},
        {"abs(3 - n)", N_UNITS - 3, 0},
        {"least(n, 3, 5.5)", 3, 1},
        {"greatest(n, 100)", 100, 0},
        {"coalesce(NULL, n)", N_UNITS, 0},
        {"coalesce(1 / 0, 7)", 7, 6},
        {"ifnull(NULL, 3)", 3, 0},
        {"nullif(n, 64)", NAN, 0},
        {"nullif(n, 63)", N_UNITS, 0},
        {"CASE WHEN n > 3 THEN 1 ELSE 0 END", 1, 0},
        {"CASE WHEN n > 3 AND NOT (n = 4 OR n <> 64) THEN n END", N_UNITS, 0},
        {"CASE n WHEN 64 THEN 5 ELSE 6 END", 5, 0},
        {"CASE WHEN n BETWEEN 64 AND 70 THEN 1 ELSE 0 END", 1, 0},
        {"CASE WHEN n IN (1, 64) THEN 1 ELSE 0 END", 1, 0},
        {"CASE WHEN n NOT IN (1, 64) THEN 1 ELSE 0 END", 0, 0},
        {"CASE WHEN n IS NULL THEN 1 ELSE 0 END", 0, 0},
        {"CASE WHEN 1 / 0 IS NOT NULL THEN 1 ELSE 0 END", 0, 0},
        {"CASE WHEN NULL THEN 1 ELSE 0 END", 0, 0},
        {"CASE WHEN n >= 64 AND n <= 64 AND TRUE THEN 1 ELSE 0 END", 1, 0},
        {"CAST(n AS DOUBLE) / 7", N_UNITS / 7.0, 6},
        {"CAST(n / 7 AS INTEGER)", 9, 0},
        {"(n / 7)::DECIMAL(10, 1)", 9.1, 1},
        {"1000000 * n", 64000000, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_run r;
        struct sy_post_table t;
        char post[256];
        snprintf(post, sizeof post, "SELECT %s AS x FROM total ", cases[i].expr);
        ask(post, &r, &t, &arena);
        double got = post_number(&t, 0, 0);
        if (isnan(cases[i].want) ? !isnan(got) : !(fabs(got - cases[i].want) < 1e-7)) {
            fail_msg("%s: %.12g, want %.12g", cases[i].expr, got, cases[i].want);
        }
        if (r.def.plan.post[0].outs[0].scale != cases[i].scale) {
            fail_msg("%s: %llu digits, want %llu", cases[i].expr,
                     (unsigned long long)r.def.plan.post[0].outs[0].scale,
                     (unsigned long long)cases[i].scale);
        }
    }
}

/* Digits go with a figure through groups, windows, unions and joins. */
static void test_digits_of_columns(void **state)
{
    (void)state;
    static const struct {
        const char *post;
        uint64_t scale;
    } cases[] = {
        {"SELECT b FROM total ", 1},
        {"SELECT b FROM town ", 4},
        {"SELECT sum(b) x FROM town ", 4},
        {"SELECT avg(n) x FROM town ", 6},
        {"SELECT count(b) x FROM town ", 0},
        {"SELECT max(b) OVER () x FROM town ", 4},
        {"SELECT lag(n) OVER (ORDER BY town) x FROM town ", 0},
        {"SELECT product(n) OVER () x FROM town ", 6},
        {"SELECT b FROM total UNION ALL SELECT n FROM town ", 1},
        {"SELECT t.b FROM town t LEFT JOIN town u ON u.town = t.town", 4},
        {"SELECT band FROM bands ", 0},
        {"SELECT town FROM town ", 0},
        {"SELECT x FROM (SELECT round(n / 3, 1) AS x FROM total ) y", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct world_run r;
        struct sy_post_table t;
        ask(cases[i].post, &r, &t, &arena);
        if (r.def.plan.post[0].outs[0].scale != cases[i].scale) {
            fail_msg("%s: %llu digits", cases[i].post,
                     (unsigned long long)r.def.plan.post[0].outs[0].scale);
        }
    }
}

static void test_a_plan_is_canonical(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_model_block blocks[POST_BLOCKS];
    struct world_model m = {.blocks = blocks, .post = LIFE};
    struct sy_plan plan;
    struct sy_error err = {0};
    m.n_blocks = post_pick(m.post, blocks);
    struct sy_view bytes = world_lower(&m, &arena).plan;
    check_ok(sy_record_decode(&sy_plan_desc, bytes, &SY_MP_REQUEST, &arena, &plan, &err));
    SY_BUF_CLEANUP struct sy_buf buf = sy_buf(SY_MP_REQUEST.bytes);
    check_ok(sy_record_encode(&sy_plan_desc, &plan, &buf));
    assert_true(sy_view_eq(sy_buf_view(&buf), bytes));
    m.post = "select N, d from BANDS";
    struct sy_view a = world_lower(&m, &arena).plan;
    m.post = "SELECT b.n AS n, b.d AS d FROM bands AS b -- the same";
    struct sy_view b = world_lower(&m, &arena).plan;
    assert_true(a.n != 0 && b.n != 0);
    assert_false(sy_view_eq(a, b)); /* N is a name of the answer's column */
    m.post = "select n, D as d from BANDS";
    assert_true(sy_view_eq(world_lower(&m, &arena).plan, b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ratio_across_blocks),
        cmocka_unit_test(test_joins_turn_round),
        cmocka_unit_test(test_a_life_table),
        cmocka_unit_test(test_direct_standardisation_with_public_weights),
        cmocka_unit_test(test_groups_having_and_filters),
        cmocka_unit_test(test_unions_subqueries_and_qualify),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_digits_of_columns),
        cmocka_unit_test(test_a_plan_is_canonical),
    };
    world_fill(&world, 2020, N_UNITS, N_EVENTS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
