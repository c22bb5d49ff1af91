/* Running the post stage: every operator and every rule of wire/post.h on small tables. */
#include "test_post_kit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct kit_key AGE = {"0-4 5-9 10-14", SY_TYPE_STR, false};
static struct kit_key SEX = {"m f", SY_TYPE_STR, true};
static struct kit_key YEAR = {"2018 2019 2020", SY_TYPE_INT, true};
static struct kit_key DRUG = {NULL, SY_TYPE_STR, false};

/* --- expressions: one row, one expression ---------------------------------------------------------------------- */

/* The one column of a one-row table (x 7, y 2, z NULL; text label) */
static void expect_expr(struct kit *k, const char *e, const char *want)
{
    k->post.n_rels = 1;
    k->post.n_outs = 0;
    KIT(k, .op = "project", .in = "0", .e = e);
    print_message("# %s is %s\n", e, want); /* the last one printed is the one that fails */
    kit_expect(k, 0, want);
}

static void test_expressions(void **state)
{
    /* c0 = '5-9', c1 = 7, c2 = 2, c3 = NULL, c4 = -3.5, c5 = 0 */
    static const struct {
        const char *e, *want;
    } cases[] = {
        {"c0", "5-9"},
        {"c3", "-"},
        {"i15k1", "1.5"},
        {"i-12345k3", "-12.345"},
        {"'text", "text"},
        {"b1", "1"},
        {"nint", "-"},
        {"nstr", "-"},
        {"nbool", "-"},
        {"c1 c2 add", "9"},
        {"c1 c2 sub", "5"},
        {"c1 c2 mul", "14"},
        {"c1 c2 div", "3.5"},
        {"c1 c5 div", "-"},
        {"c5 neg c1 div", "0"},
        {"c1 c5 neg div", "-"},
        {"c1 c2 mod", "1"},
        {"c4 c2 mod", "-1.5"},
        {"c1 c5 mod", "-"},
        {"c4 neg", "3.5"},
        {"c4 abs", "3.5"},
        {"c1 c3 add", "-"},
        {"c3 c1 mul", "-"},
        {"c3 neg", "-"},
        {"c1 c2 c3 least/3", "2"},
        {"c1 c2 c3 greatest/3", "7"},
        {"c3 c4 least", "-3.5"},
        {"c3 c3 greatest", "-"},
        {"c4 round:0", "-4"},
        {"i25k1 round:0", "3"},
        {"i1234567k4 round:2", "123.46"},
        {"i1234567k4 round:-1", "120"},
        {"i4611686018427387904 round:9", "4611686018427387904"},
        {"c3 round:0", "-"},
        {"c2 sqrt", "1.4142135623730950488"},
        {"c4 sqrt", "-"},
        {"c5 sqrt", "0"},
        {"c2 exp", "7.3890560989306502272"},
        {"i710 exp", "-"},
        {"c2 ln", "0.69314718055994530942"},
        {"c5 ln", "-"},
        {"c4 ln", "-"},
        {"c1 c2 eq", "0"},
        {"c1 i7 eq", "1"},
        {"c1 c3 eq", "-"},
        {"c0 '5-9 eq", "1"},
        {"c0 '0-4 ne", "1"},
        {"c0 'other eq", "0"},
        {"b1 b0 ne", "1"},
        {"c1 c2 ne", "1"},
        {"c1 c2 lt", "0"},
        {"c2 c1 lt", "1"},
        {"c1 i7 le", "1"},
        {"c1 c2 le", "0"},
        {"c1 c2 gt", "1"},
        {"c1 i7 gt", "0"},
        {"c1 i7 ge", "1"},
        {"c2 c1 ge", "0"},
        {"c3 c1 lt", "-"},
        {"c5 neg c5 lt", "0"},
        {"b1 b1 and", "1"},
        {"b1 b0 and", "0"},
        {"b1 nbool and", "-"},
        {"nbool b0 b1 and/3", "0"},
        {"b0 b0 or", "0"},
        {"b0 b1 or", "1"},
        {"b0 nbool or", "-"},
        {"nbool b0 b1 or/3", "1"},
        {"b1 not", "0"},
        {"nbool not", "-"},
        {"c3 is_null", "1"},
        {"c1 is_null", "0"},
        {"c0 is_null", "0"},
        {"c1 i1 i7 in/3", "1"},
        {"c1 i1 i2 in/3", "0"},
        {"c3 i1 in", "-"},
        {"c0 '0-4 '5-9 in/3", "1"},
        {"c0 '0-4 'x in/3", "0"},
        {"c1 c2 gt 'more 'less case/3", "more"},
        {"nbool 'more 'less case/3", "less"},
        {"b0 i1 b1 i2 i3 case/5", "2"},
        {"b0 i1 b0 i2 i3 case/5", "3"},
        {"c3 c1 coalesce", "7"},
        {"c3 c3 i4 coalesce/3", "4"},
        {"nstr c0 coalesce", "5-9"},
        {"nstr nstr coalesce", "-"},
        {"i4000000000000000000 i4000000000000000000 mul i4000000000000000000 mul "
         "i4000000000000000000 mul i4000000000000000000 mul i4000000000000000000 mul exp",
         "-"},
    };
    struct kit *k = *state;
    kit_source(k, "b", "person", &AGE, 1, 5);
    kit_table(k, 0, "5-9 7 2 - -3.5 0");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_expr(k, cases[i].e, cases[i].want);
    }
}

/* Neither the sign of a zero nor what is inside a NaN is seen outside, also not from the tables. */
static void test_canonical(void **state)
{
    struct kit *k = *state;
    kit_source(k, "b", "person", NULL, 0, 4);
    KIT(k, .op = "project", .in = "0", .e = "c0 c1 c2 c3 c0 neg i0 c1 mul");
    check_ok(kit_type(k));
    kit_table(k, 0, "-0 -0 0 0");
    uint64_t payload = 0xfff8000000001234u;
    memcpy(&k->tables[0].cols[2].lanes[0], &payload, sizeof payload);
    k->tables[0].cols[3].lanes[0] = (double)-INFINITY;
    check_ok(kit_run(k));
    double zero = 0.0;
    double null = (double)NAN;
    const double *want[] = {&zero, &zero, &null, &null, &zero, &zero};
    for (size_t c = 0; c < 6; c++) {
        double got = kit_number(k, 0, c, 0);
        assert_memory_equal(&got, want[c], sizeof got);
    }
}

static void test_params(void **state)
{
    struct kit *k = *state;
    kit_param(k, "n", "int", "125 250");
    kit_param(k, "yes", "bool", "false true");
    kit_param(k, "year", "period", "2019 2020");
    k->params[0].scale = 1;
    kit_source(k, "b", "", NULL, 0, 1);
    kit_table(k, 0, "1");
    KIT(k, .op = "project", .in = "0", .e = "p0 p1 p2 p2 '2020 eq");
    k->positions[0] = k->positions[1] = k->positions[2] = 1;
    kit_expect(k, 0, "250 1 2020 1");
    k->positions[0] = k->positions[1] = k->positions[2] = 0;
    kit_expect(k, 0, "125 0 2019 0");
    k->positions[2] = 2;
    check_code(kit_run(k), SY_E_FIELD);
    assert_string_equal(k->err.field, "params");
}

/* --- relations ------------------------------------------------------------------------------------------------------ */

static void test_filter_by_lane_0(void **state)
{
    struct kit *k = *state;
    k->n_lanes = 3;
    kit_source(k, "b", "person", &AGE, 1, 1);
    kit_table(k, 0, "0-4 1|9|9; 5-9 6|1|-; 10-14 -|9|9");
    KIT(k, .op = "filter", .in = "0", .e = "c1 i5 gt");
    kit_expect(k, 0, "5-9 6");
    kit_expect(k, 1, "5-9 1");
    kit_expect(k, 2, "5-9 -");
}

/* Lanes beyond zero count as zero: what may be on either side of it may be nothing. */
static void test_sizes_reach_zero(void **state)
{
    struct kit *k = *state;
    k->n_lanes = 4;
    kit_source(k, "b", "person", &AGE, 1, 1);
    kit_table(k, 0, "0-4 2|-1|5|-; 5-9 -3|-4|2|0; 10-14 0|2|-2|1");
    KIT(k, .op = "project", .in = "0", .e = "c1 abs c1 abs c1 abs mul");
    kit_expect(k, 0, "2 4; 3 9; 0 0");
    kit_expect(k, 1, "0 0; 4 16; 2 4");
    kit_expect(k, 2, "5 25; 0 0; 2 4");
    kit_expect(k, 3, "- -; 0 0; 1 1");
}

static void test_label_case_by_lane_0(void **state)
{
    struct kit *k = *state;
    k->n_lanes = 2;
    kit_source(k, "b", "person", NULL, 0, 1);
    kit_table(k, 0, "3|9");
    KIT(k, .op = "project", .in = "0", .e = "c0 i5 gt 'high 'low case/3 c0 i5 gt i1 i0 case/3");
    kit_expect(k, 0, "low 0");
    kit_expect(k, 1, "low 1");
}

static void test_join(void **state)
{
    struct kit *k = *state;
    k->n_lanes = 2;
    kit_source(k, "a", "person", (struct kit_key[]){AGE, SEX}, 2, 1);
    kit_source(k, "p", "", (struct kit_key[]){SEX, AGE}, 2, 1);
    kit_table(k, 0, "10-14 f 1|2; 0-4 m 3|4; 5-9 - 5; 5-9 m 6");
    kit_table(k, 1, "f 10-14 100; m 10-14 200; m 0-4 300; - 5-9 400; - 0-4 500; - 10-14 600");
    KIT(k, .op = "join", .in = "0 1", .kind = "inner", .e = "c4 c0 eq c1 c3 eq and");
    kit_expect(k, 0, "10-14 f 1 f 10-14 100; 0-4 m 3 m 0-4 300");
    kit_expect(k, 1, "10-14 f 2 f 10-14 100; 0-4 m 4 m 0-4 300");
    k->post.n_rels = 2;
    KIT(k, .op = "join", .in = "0 1", .kind = "left", .e = "c4 c0 eq c1 c3 eq and");
    kit_expect(k, 1, "10-14 f 2 f 10-14 100; 0-4 m 4 m 0-4 300; 5-9 - 5 - - -; 5-9 m 6 - - -");
}

static void test_join_one_row(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "person", &AGE, 1, 1);
    kit_source(k, "t", "person", NULL, 0, 1);
    kit_table(k, 0, "0-4 1; 5-9 3");
    kit_table(k, 1, "4");
    KIT(k, .op = "join", .in = "0 1", .kind = "inner", .e = "b1");
    KIT(k, .op = "project", .in = "2", .e = "c0 c1 c2 div");
    kit_expect(k, 0, "0-4 0.25; 5-9 0.75");
    kit_table(k, 1, ""); /* no row: nothing for inner, NULL for left */
    kit_expect(k, 0, "");
    k->rels[2].kind = sy_view_str("left");
    kit_expect(k, 0, "0-4 -; 5-9 -");
}

static void test_join_numbers(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "person", &YEAR, 1, 1);
    kit_source(k, "b", "person", &YEAR, 1, 1);
    kit_table(k, 0, "2020 1; - 2; 2018 3");
    kit_table(k, 1, "2018 10; 2019 20; 2020 30; - 40");
    KIT(k, .op = "join", .in = "0 1", .kind = "left", .e = "c0 c2 eq");
    kit_expect(k, 0, "2020 1 2020 30; - 2 - -; 2018 3 2018 10");
}

/* A reduced right side: its group keys, here a computed label. */
static void test_join_reduced(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "person", &AGE, 1, 1);
    kit_table(k, 0, "0-4 1; 5-9 2; 10-14 4");
    KIT(k, .op = "project", .in = "0", .e = "c0 c0 '0-4 eq 'infant 'child case/3 c1");
    KIT(k, .op = "reduce", .in = "1", .e = "c1 c2", .fns = "sum", .keys = 1);
    KIT(k, .op = "join", .in = "1 2", .kind = "inner", .e = "c1 c3 eq");
    KIT(k, .op = "project", .in = "3", .e = "c0 c2 c4 div");
    kit_expect(k, 0, "0-4 1; 5-9 0.333333333333333333; 10-14 0.666666666666666666");
}

static void test_reduce(void **state)
{
    struct kit *k = *state;
    k->n_lanes = 2;
    kit_source(k, "a", "person", (struct kit_key[]){AGE, SEX}, 2, 1);
    kit_table(k, 0, "10-14 f 2|1; 0-4 m 3|-; 0-4 - 4|4; 10-14 m -|5; 10-14 - 6|-; 5-9 m -");
    KIT(k, .op = "reduce", .in = "0", .e = "c0 c2 c2 c2 c2 c2 c2 b1",
        .fns = "count sum avg min max product count", .keys = 1);
    kit_expect(k, 0, "10-14 2 8 4 2 6 12 3; 0-4 2 7 3.5 3 4 12 2; 5-9 0 - - - - - 1");
    kit_expect(k, 1, "10-14 2 6 3 1 5 5 3; 0-4 1 4 4 4 4 4 2; 5-9 0 - - - - - 1");
    k->post.n_outs = 0;
    KIT(k, .op = "reduce", .in = "0", .e = "c1 c2 c1", .fns = "sum count", .keys = 1);
    kit_expect(k, 0, "f 2 1; m 3 3; - 10 0"); /* NULLs are one group */
}

static void test_reduce_without_keys(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "person", &AGE, 1, 1);
    kit_table(k, 0, "0-4 2; 5-9 3");
    KIT(k, .op = "reduce", .in = "0", .e = "c1 c0", .fns = "sum count");
    kit_expect(k, 0, "5 2");
    kit_table(k, 0, "");
    kit_expect(k, 0, "- 0");
}

/* A group key has lane 0's value in every lane: it says which row this is. */
static void test_group_keys_by_lane_0(void **state)
{
    struct kit *k = *state;
    k->n_lanes = 2;
    kit_source(k, "a", "person", &AGE, 1, 1);
    kit_table(k, 0, "0-4 2|7; 5-9 3|8; 10-14 2|9");
    KIT(k, .op = "reduce", .in = "0", .e = "c1 c1", .fns = "sum", .keys = 1);
    kit_expect(k, 1, "2 16; 3 8");
}

static void test_window_frames(void **state)
{
    struct kit *k = *state;
    k->n_lanes = 2;
    kit_source(k, "a", "person", (struct kit_key[]){AGE, SEX}, 2, 1);
    kit_table(k, 0, "10-14 m 4|40; 0-4 f 5; 0-4 m 1|10; 5-9 m -|20; 5-9 f 7");
    const char *e = "c1 c0 c2 c2 c2 c2 c2 c2 c2 c2";
    const char *fns = "sum product min max count avg first last";
    KIT(k, .op = "window", .in = "0", .e = e, .fns = fns, .kind = "rows", .keys = 1, .desc = "0");
    kit_expect(k, 0,
               "10-14 m 4 5 4 1 4 2 2.5 1 4; 0-4 f 5 5 5 5 5 1 5 5 5; 0-4 m 1 1 1 1 1 1 1 1 1;"
               "5-9 m - 1 1 1 1 1 1 1 -; 5-9 f 7 12 35 5 7 2 6 5 7");
    kit_expect(k, 1,
               "10-14 m 40 70 8000 10 40 3 23.33333333333333333 10 40; 0-4 f 5 5 5 5 5 1 5 5 5;"
               "0-4 m 10 10 10 10 10 1 10 10 10; 5-9 m 20 30 200 10 20 2 15 10 20;"
               "5-9 f 7 12 35 5 7 2 6 5 7");
    k->rels[1].kind = sy_view_str("before");
    kit_expect(k, 0,
               "10-14 m 4 1 1 1 1 1 1 1 -; 0-4 f 5 - - - - 0 - - -; 0-4 m 1 - - - - 0 - - -;"
               "5-9 m - 1 1 1 1 1 1 1 1; 5-9 f 7 5 5 5 5 1 5 5 5");
    k->rels[1].kind = sy_view_str("all");
    kit_expect(k, 0,
               "10-14 m 4 5 4 1 4 2 2.5 1 4; 0-4 f 5 12 35 5 7 2 6 5 7; 0-4 m 1 5 4 1 4 2 2.5 1 4;"
               "5-9 m - 5 4 1 4 2 2.5 1 4; 5-9 f 7 12 35 5 7 2 6 5 7");
}

static void test_window_picks(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "person", (struct kit_key[]){AGE, SEX}, 2, 1);
    kit_table(k, 0, "10-14 m 4; 0-4 f 5; 0-4 m 1; 5-9 m 2; 5-9 f 7");
    KIT(k, .op = "window", .in = "0", .e = "c1 c0 c2 c2 c0", .fns = "lag lead row_number lag",
        .kind = "all", .keys = 1, .desc = "0");
    kit_expect(k, 0,
               "10-14 m 4 2 - 3 5-9; 0-4 f 5 - 7 1 -; 0-4 m 1 - 2 1 -; 5-9 m 2 1 4 2 0-4;"
               "5-9 f 7 5 - 2 0-4");
    k->post.n_rels = 1;
    k->post.n_outs = 0;
    /* no keys at all: one partition, in the order of rows */
    KIT(k, .op = "window", .in = "0", .e = "c2", .fns = "sum row_number", .kind = "rows");
    kit_expect(k, 0, "10-14 m 4 4 1; 0-4 f 5 9 2; 0-4 m 1 10 3; 5-9 m 2 12 4; 5-9 f 7 19 5");
}

static void test_union(void **state)
{
    struct kit *k = *state;
    k->n_lanes = 2;
    kit_source(k, "a", "person", &AGE, 1, 1);
    kit_source(k, "b", "", &AGE, 1, 1);
    kit_table(k, 0, "5-9 1|2");
    kit_table(k, 1, "5-9 3; 0-4 4");
    KIT(k, .op = "union", .in = "1 0 1");
    kit_expect(k, 0, "5-9 3; 0-4 4; 5-9 1; 5-9 3; 0-4 4");
    kit_expect(k, 1, "5-9 3; 0-4 4; 5-9 2; 5-9 3; 0-4 4");
}

static void test_union_limit(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "", &YEAR, 1, 1);
    for (int i = 0; i < 15; i++) {
        char in[32];
        snprintf(in, sizeof in, "%d %d", i, i);
        KIT(k, .op = "union", .in = in);
    }
    kit_table(k, 0, "2018 1; 2019 2"); /* 2 x 2^15 rows: just fit */
    check_ok(kit_type(k));
    check_ok(kit_run(k));
    assert_int_equal(k->answer.n_rows, SY_POST_ROWS_MAX);
    kit_table(k, 0, "2018 1; 2019 2; 2020 3");
    check_code(kit_run(k), SY_E_LIMIT);
    assert_null(k->answer.cols);
}

static void test_sort(void **state)
{
    struct kit *k = *state;
    k->n_lanes = 2;
    kit_source(k, "a", "person", (struct kit_key[]){AGE, SEX}, 2, 1);
    kit_table(k, 0, "10-14 m 4|0; 0-4 f -; 0-4 m 1|9; 5-9 m 4|1; 5-9 f 7");
    KIT(k, .op = "sort", .in = "0", .e = "c2", .desc = "1");
    kit_expect(k, 0, "5-9 f 7; 10-14 m 4; 5-9 m 4; 0-4 m 1; 0-4 f -"); /* stable, NULL last */
    k->rels[1].desc[0] = 0;
    kit_expect(k, 1, "0-4 m 9; 10-14 m 0; 5-9 m 1; 5-9 f 7; 0-4 f -");
    k->post.n_rels = 1;
    KIT(k, .op = "sort", .in = "0", .e = "c0 c1", .desc = "01");
    kit_expect(k, 0, "0-4 f -; 0-4 m 1; 5-9 f 7; 5-9 m 4; 10-14 m 4");
}

static void test_top_k(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "person", &AGE, 1, 1);
    kit_table(k, 0, "0-4 5; 5-9 9; 10-14 7");
    KIT(k, .op = "sort", .in = "0", .e = "c1", .desc = "1", .limit = 2);
    kit_expect(k, 0, "5-9 9; 10-14 7");
    k->rels[1].limit = 5;
    kit_expect(k, 0, "5-9 9; 10-14 7; 0-4 5");
    k->post.n_rels = 1;
    KIT(k, .op = "sort", .in = "0", .limit = 1);
    kit_expect(k, 0, "0-4 5");
}

/* Declared labels in their order, then literals in theirs, then what only a table has, bytewise. */
static void test_label_order(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "person", &DRUG, 1, 1);
    kit_source(k, "b", "", &AGE, 1, 1);
    kit_table(k, 0, "zinc 1; 10-14 2; aspirin 3; low 4; 5-9 5; high 6");
    kit_table(k, 1, "0-4 0");
    KIT(k, .op = "filter", .in = "0", .e = "c0 'low 'high in/3 b1 or");
    KIT(k, .op = "sort", .in = "2", .e = "c0", .desc = "0");
    kit_expect(k, 0, "5-9 5; 10-14 2; low 4; high 6; aspirin 3; zinc 1");
    k->rels[3].desc[0] = 1;
    kit_expect(k, 0, "zinc 1; aspirin 3; high 6; low 4; 10-14 2; 5-9 5");
}

/* --- what a caller may get wrong ------------------------------------------------------------------------------------ */

static void expect_unfit(struct kit *k, const char *reason)
{
    check_code(kit_run(k), SY_E_FIELD);
    if (strcmp(k->err.field, "blocks") != 0 || strstr(k->err.reason, reason) == NULL) {
        fail_msg("%s: %s", k->err.field, k->err.reason);
    }
    assert_null(k->answer.cols);
}

static void test_tables_are_checked(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "person", &AGE, 1, 1);
    kit_table(k, 0, "0-4 1; 5-9 2");
    check_ok(kit_type(k));
    check_ok(kit_run(k));
    k->tables[0].n_cols = 1;
    expect_unfit(k, "other columns");
    k->tables[0].n_cols = 2;
    k->tables[0].cols[1].kind = SY_POST_BOOL;
    expect_unfit(k, "another kind");
    k->tables[0].cols[1].kind = SY_POST_NUMBER;
    k->tables[0].cols[0].texts = NULL;
    expect_unfit(k, "another kind");
    kit_table(k, 0, "0-4 1; 5-9 2; 10-14 3; 0-4 4");
    expect_unfit(k, "more rows");
    kit_table(k, 0, "0-4 1; 15-19 2");
    expect_unfit(k, "not declared");
    kit_table(k, 0, "0-4 1; 0-4 2");
    expect_unfit(k, "the same keys");
    kit_table(k, 0, "0-4 1");
    k->n_lanes = 0;
    check_code(kit_run(k), SY_E_FIELD);
    k->n_lanes = SY_POST_LANES_MAX + 1;
    check_code(kit_run(k), SY_E_FIELD);
}

static void test_no_memory(void **state)
{
    struct kit *k = *state;
    kit_source(k, "a", "person", &AGE, 1, 1);
    kit_table(k, 0, "0-4 1; 5-9 2; 10-14 3");
    KIT(k, .op = "join", .in = "0 0", .kind = "left", .e = "c0 c2 eq");
    KIT(k, .op = "window", .in = "1", .e = "c0 c1", .fns = "sum", .kind = "rows", .desc = "0");
    KIT(k, .op = "reduce", .in = "2", .e = "c0 c1", .fns = "sum", .keys = 1);
    KIT(k, .op = "sort", .in = "3", .e = "c1", .desc = "1");
    KIT(k, .op = "union", .in = "3 4");
    check_ok(kit_type(k));
    size_t refused = 0;
    size_t n = 0;
    for (size_t ceiling = 1; ceiling < 16384; ceiling += 16, n++) {
        struct sy_arena small SY_ARENA_CLEANUP = {.ceiling = ceiling};
        struct sy_post_table t;
        sy_status st = sy_post_run(&k->plan, &k->typed, NULL, k->tables, 1, &small, &t, NULL);
        assert_true(sy_ok(st) ? t.n_rows == 6 : st.code == SY_E_NO_MEMORY && t.cols == NULL);
        refused += sy_ok(st) ? 0 : 1;
    }
    assert_true(refused > 50 && refused < n);
}

/* --- size ---------------------------------------------------------------------------------------------------------------- */

/* 10,000 rows with 64 lanes: shares of a group, ranked, and their running sum. */
static void test_large(void **state)
{
    enum { ROWS = 10000, GROUPS = 100, LANES = 64 };
    struct kit *k = *state;
    k->n_lanes = LANES;
    kit_source(k, "a", "person", (struct kit_key[]){DRUG, DRUG}, 2, 1);
    kit_table(k, 0, "x x 1");
    struct sy_post_table *t = &k->tables[0];
    t->n_rows = ROWS;
    for (size_t c = 0; c < 3; c++) {
        t->cols[c].texts = sy_arena_alloc(&k->arena, ROWS, sizeof(struct sy_view));
        t->cols[c].lanes = sy_arena_alloc(&k->arena, ROWS * LANES, sizeof(double));
        assert_true(t->cols[c].texts != NULL && t->cols[c].lanes != NULL);
    }
    for (size_t row = 0; row < ROWS; row++) {
        const char *g = sy_arena_printf(&k->arena, "g%zu", row % GROUPS);
        const char *i = sy_arena_printf(&k->arena, "i%zu", row / GROUPS);
        t->cols[0].texts[row] = sy_view_str(g);
        t->cols[1].texts[row] = sy_view_str(i);
        for (size_t lane = 0; lane < LANES; lane++) {
            t->cols[2].lanes[row * LANES + lane] = (double)(row / GROUPS + lane);
        }
    }
    KIT(k, .op = "reduce", .in = "0", .e = "c0 c2", .fns = "sum", .keys = 1);
    KIT(k, .op = "join", .in = "0 1", .kind = "inner", .e = "c0 c3 eq");
    KIT(k, .op = "project", .in = "2", .e = "c0 c1 c2 c4 div");
    KIT(k, .op = "window", .in = "3", .e = "c0 c2 c2", .fns = "sum", .kind = "rows", .keys = 1,
        .desc = "0");
    check_ok(kit_type(k));
    check_ok(kit_run(k));
    assert_int_equal(k->answer.n_rows, ROWS);
    for (size_t row = 0; row < ROWS; row += 37) {
        for (size_t lane = 0; lane < LANES; lane += 7) {
            double i = (double)(row / GROUPS);
            double total = 100.0 * 99.0 / 2.0 + 100.0 * (double)lane;
            double sum = (i * (i + 1.0) / 2.0 + (i + 1.0) * (double)lane) / total;
            assert_true(fabs(kit_number(k, row, 3, lane) - sum) < 1e-12);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_expressions),
        TEST(test_canonical),
        TEST(test_params),
        TEST(test_filter_by_lane_0),
        TEST(test_sizes_reach_zero),
        TEST(test_label_case_by_lane_0),
        TEST(test_join),
        TEST(test_join_one_row),
        TEST(test_join_numbers),
        TEST(test_join_reduced),
        TEST(test_reduce),
        TEST(test_reduce_without_keys),
        TEST(test_group_keys_by_lane_0),
        TEST(test_window_frames),
        TEST(test_window_picks),
        TEST(test_union),
        TEST(test_union_limit),
        TEST(test_sort),
        TEST(test_top_k),
        TEST(test_label_order),
        TEST(test_tables_are_checked),
        TEST(test_no_memory),
        TEST(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
