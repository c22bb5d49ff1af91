/*
 * Shapes: what they do to released figures, that only the figures that cannot be negative are touched,
 * which columns of an answer say so, and what is no shape.
 */
#include "test_post_kit.h"
#include "wire/post_shape.h"

#include <math.h>

enum { N_TOWNS = 3 };

static struct world world;

static struct sy_view SHAPE[] = {V("nonnegative"), V("round:10")};
static struct sy_view TENTHS[] = {V("round:0.5")};
static struct sy_view ABOVE[] = {V("nonnegative")};

static const struct sy_model_block BLOCK = {
    .name = V("towns"),
    .sql =
        V("SELECT town, count(*) AS n, sum(age) AS years, avg(age) AS mean, sum(age - 60) AS off "
          "FROM persons GROUP BY town"),
    .shape = SHAPE,
    .n_shape = 2};

static void ask(const struct sy_model_block *blocks, size_t n, const char *post,
                struct world_run *r, struct sy_post_table *t, struct sy_arena *arena)
{
    struct world_model m = {.blocks = blocks, .n_blocks = n, .post = post};
    post_ask(&world, &m, NULL, r, t, arena);
}

static void by_hand(int64_t town, double ret[4])
{
    double there = 0;
    memset(ret, 0, 4 * sizeof *ret);
    for (size_t i = 0; i < world.n_persons; i++) {
        if (world.person[5].v[i] != town) {
            continue;
        }
        ret[0]++;
        if (world.person[2].v[i] != WORLD_NULL) {
            there++;
            ret[1] += (double)world.person[2].v[i];
            ret[3] += (double)world.person[2].v[i] - 60;
        }
    }
    ret[2] = ret[1] / there;
}

/* Counts and sums of ages to tens; the average and the signed sum as they were. */
static void test_figures_are_rounded_and_others_stay(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    ask(&BLOCK, 1, NULL, &r, &t, &arena);
    assert_int_equal(t.n_rows, N_TOWNS);
    assert_int_equal(t.n_cols, 5);
    for (size_t i = 0; i < N_TOWNS; i++) {
        double want[4];
        by_hand((int64_t)i, want);
        post_near(post_number(&t, i, 1), round(want[0] / 10) * 10);
        post_near(post_number(&t, i, 2), round(want[1] / 10) * 10);
        post_near(post_number(&t, i, 3), want[2]);
        post_near(post_number(&t, i, 4), want[3]);
    }
    assert_int_equal(r.def.plan.post[0].outs[1].scale, 0);
}

/* A step has digits of its own; values below zero, as noise makes them, and withheld ones. */
static void test_single_values(void **state)
{
    (void)state;
    static const struct {
        double in, want;
        struct sy_view *shape;
        size_t n;
    } cases[] = {
        {-3, 0, SHAPE, 2},       {-3, 0, ABOVE, 1},     {4, 0, SHAPE, 2},   {5, 10, SHAPE, 2},
        {14.9, 10, SHAPE, 2},    {-3, -3, TENTHS, 1},   {7, 7, ABOVE, 1},   {1.3, 1.5, TENTHS, 1},
        {-1.2, -1.0, TENTHS, 1}, {-5, 0, SHAPE, 2},     {25, 30, SHAPE, 2}, {NAN, NAN, SHAPE, 2},
        {NAN, NAN, ABOVE, 1},    {NAN, NAN, TENTHS, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_model_block b = {.name = V("everyone"),
                                   .sql = V("SELECT count(*) AS n FROM persons"),
                                   .shape = cases[i].shape,
                                   .n_shape = cases[i].n};
        struct world_model m = {.blocks = &b, .n_blocks = 1};
        struct world_run r;
        struct sy_post_types types;
        struct sy_post_table in = {.n_rows = 1, .n_cols = 1}, out;
        double lane = cases[i].in;
        struct sy_post_column column = {.kind = SY_POST_NUMBER, .lanes = &lane};
        struct sy_error err = {0};
        world_ask(&world, &m, NULL, &r, &arena);
        check_ok(sy_post_type(&r.def.plan, &r.types, &arena, &types, &err));
        in.cols = &column;
        check_ok(sy_post_run(&r.def.plan, &types, NULL, &in, 1, &arena, &out, &err));
        double got = post_number(&out, 0, 0);
        if (isnan(cases[i].want) ? !isnan(got) : got != cases[i].want) {
            fail_msg("case %zu: %g, want %g", i, got, cases[i].want);
        }
    }
}

/* --- labels -------------------------------------------------------------------------------------------- */

static void check_labels(const struct sy_model_block *blocks, size_t n, const char *post,
                         const char *const *want, size_t n_want)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_run r;
    struct sy_post_table t;
    struct sy_post_types types;
    struct sy_view labels[16];
    struct sy_error err = {0};
    ask(blocks, n, post, &r, &t, &arena);
    check_ok(sy_post_type(&r.def.plan, &r.types, &arena, &types, &err));
    assert_int_equal(r.def.plan.post[0].n_outs, n_want);
    check_ok(sy_shape_labels(&r.def.plan, &types, &arena, labels, &err));
    for (size_t i = 0; i < n_want; i++) {
        if (!sy_view_is(labels[i], want[i])) {
            fail_msg("%s: column %zu: '%.*s', want '%s'", post == NULL ? "" : post, i,
                     SY_PV(labels[i]), want[i]);
        }
    }
}

static void test_labels_follow_what_columns_are_made_of(void **state)
{
    (void)state;
    static const char *const tens = "nonnegative, rounded to 10";
    const struct sy_model_block two[2] = {
        BLOCK,
        {.name = V("everyone"),
         .sql = V("SELECT count(*) AS n, avg(bmi) AS b FROM persons"),
         .shape = TENTHS,
         .n_shape = 1}};
    check_labels(&BLOCK, 1, NULL, (const char *const[]){"", tens, tens, "", ""}, 5);
    check_labels(
        two, 2,
        "SELECT t.town, t.n / a.n AS share, a.n AS n, a.b AS b FROM towns t CROSS JOIN everyone a",
        (const char *const[]){"", "shaped in several ways", "rounded to 0.5", ""}, 4);
    check_labels(&BLOCK, 1,
                 "SELECT t.town, t.mean, sum(t.years) OVER () AS s, lag(t.off) OVER (ORDER BY "
                 "t.town) AS l FROM towns t ORDER BY t.n",
                 (const char *const[]){"", "", tens, ""}, 4);
    check_labels(&BLOCK, 1, "SELECT max(t.n) AS m, min(t.mean) AS k FROM towns t",
                 (const char *const[]){tens, ""}, 2);
    check_labels(&BLOCK, 1,
                 "SELECT t.n AS v FROM towns t UNION ALL SELECT t.mean AS v FROM towns t",
                 (const char *const[]){tens}, 1);
    check_labels(&BLOCK, 1,
                 "SELECT CASE WHEN t.town = 'north' THEN t.n END AS v FROM towns t WHERE t.n > 5",
                 (const char *const[]){tens}, 1);
}

/* --- no shapes ----------------------------------------------------------------------------------------- */

static void test_refusals(void **state)
{
    (void)state;
    static struct sy_view bad[][2] = {{V("round:0"), V("")},
                                      {V("round:-5"), V("")},
                                      {V("round:"), V("")},
                                      {V("round:1.0000000001"), V("")},
                                      {V("round:5."), V("")},
                                      {V("positive"), V("")},
                                      {V("round:5"), V("nonnegative")},
                                      {V("round:5"), V("round:5")},
                                      {V("nonnegative"), V("nonnegative")}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_model_block b = BLOCK;
        struct world_model m = {.blocks = &b, .n_blocks = 1};
        b.shape = bad[i];
        b.n_shape = bad[i][1].n == 0 ? 1 : 2;
        struct sy_lower_result r = world_lower(&m, &arena);
        if (r.plan.n != 0 || !sy_view_is(r.construct, "towns")) {
            fail_msg("%.*s: %.*s", SY_PV(bad[i][0]), SY_PV(r.construct));
        }
    }
}

/* Nothing that could be shaped: said rather than done in silence. */
static void test_a_shape_must_act(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_model_block b = BLOCK;
    struct world_model m = {.blocks = &b, .n_blocks = 1};
    b.sql = sy_view_str("SELECT town, avg(age) AS mean FROM persons GROUP BY town");
    assert_int_equal(world_lower(&m, &arena).plan.n, 0);
}

/* Bins raised to zero would move every quantile that is read off them, and parts no longer make their total. */
static void test_trees_have_no_shape(void **state)
{
    (void)state;
    static struct sy_view shapes[] = {V("nonnegative"), V("round:5")};
    for (size_t i = 0; i < 4; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_model_block b = {
            .name = V("bins"),
            .sql =
                V("SELECT town, coalesce(age, 0) AS age, count(*) AS n FROM persons GROUP BY 1, 2"),
            .tree = sy_view_str(i < 2 ? "bins" : "total"),
            .shape = &shapes[i % 2],
            .n_shape = 1};
        struct world_model m = {.blocks = &b, .n_blocks = 1};
        struct sy_lower_result r = world_lower(&m, &arena);
        if (r.plan.n != 0 || !sy_view_is(r.construct, "bins")) {
            fail_msg("let in, or for another reason: %.*s", SY_PV(r.reason));
        }
        b.n_shape = 0;
        assert_int_not_equal(world_lower(&m, &arena).plan.n, 0);
    }
}

static int fill(void **state)
{
    (void)state;
    world_fill(&world, 20, 60, 50);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_are_rounded_and_others_stay),
        cmocka_unit_test(test_single_values),
        cmocka_unit_test(test_labels_follow_what_columns_are_made_of),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_shape_must_act),
        cmocka_unit_test(test_trees_have_no_shape),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
