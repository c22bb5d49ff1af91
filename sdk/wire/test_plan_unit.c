/*
 * Tracks of the unit through relations: each operator's rule, kept and broken, which columns a track
 * marks, and how far other owners of the rows reach.
 */
#include "test_plan_kit.h"

#include <stdio.h>

static size_t scan(struct kit *k, const char *source, const char *names)
{
    return KIT_REL(k, .op = "scan", .source = source, .names = names);
}

/* The tracks as text: "person 0,1 units 100 hospital:500 person:20; ..." */
static const char *tracks(const struct kit *k, size_t rel)
{
    static char text[1024];
    const struct sy_rel_units *u = &k->units[rel];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", u->is_protected ? "" : "public");
    for (size_t i = 0; i < u->n_tracks; i++) {
        const struct sy_track *t = &u->tracks[i];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s ", i == 0 ? "" : "; ",
                              SY_PV(t->ns));
        for (size_t c = 0, first = 1; c < u->n_cols; c++) {
            if (t->unit[c]) {
                n += (size_t)snprintf(text + n, sizeof text - n, "%s%zu", first ? "" : ",", c);
                first = 0;
            }
        }
        n += (size_t)snprintf(text + n, sizeof text - n, " max %llu",
                              (unsigned long long)t->units_max);
        for (size_t o = 0; o < t->n_others; o++) {
            n += (size_t)snprintf(text + n, sizeof text - n, " %.*s+%llu", SY_PV(t->others[o].ns),
                                  (unsigned long long)t->others[o].units);
        }
    }
    return text;
}

static void refused(struct kit *k, const struct kit_rel *r, int32_t code, const char *why)
{
    char field[32];
    snprintf(field, sizeof field, "rels[%zu]", k->n_rels);
    check_code(kit_track(k, r), code);
    if (strstr(k->err.reason, why) == NULL || strcmp(k->err.field, field) != 0) {
        fail_msg("%s: %s", k->err.field, k->err.reason);
    }
}

#define REFUSED(k, code, why, ...) refused((k), &(const struct kit_rel){__VA_ARGS__}, (code), (why))

/* --- scans -------------------------------------------------------------------------------------- */

static void test_a_scan_has_a_track_for_each_unit_column(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    /* the dataset's unit first, wherever it stands; columns that are not read own the rows too */
    assert_string_equal(tracks(&k, scan(&k, "birth", "mother,day,child")),
                        "person 2 max 10000 person+20 hospital+500");
    assert_string_equal(tracks(&k, scan(&k, "visit", "at,person")), "person 1 max 100000");
    assert_string_equal(tracks(&k, scan(&k, "day", "day,seat")), "public");
}

/* The dataset's unit of birth may own any number of rows, so no other column can be the unit. */
static void test_a_column_without_a_cap_can_only_be_the_unit(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    REFUSED(&k, SY_E_PRIVACY, "without a unit column", .op = "scan", .source = "birth",
            .names = "mother,place");
    REFUSED(&k, SY_E_PRIVACY, "without a unit column", .op = "scan", .source = "birth",
            .names = "day");
    REFUSED(&k, SY_E_PRIVACY, "without a unit column", .op = "scan", .source = "pair",
            .names = "a,b");
    world_birth[0].rows = 1;
    size_t all = scan(&k, "birth", "place,mother,child");
    world_birth[0].rows = 0;
    assert_string_equal(tracks(&k, all), "person 2 max 10000 person+20 hospital+500; "
                                         "hospital 0 max 10000 person+21; "
                                         "person 1 max 10000 person+1 hospital+500");
    assert_ptr_equal(sy_unit_track(&k.units[all], 1), &k.units[all].tracks[2]);
    assert_null(sy_unit_track(&k.units[all], 3));
    assert_int_equal(sy_track_column(&k.units[all].tracks[1], 3), 0);
}

static void test_the_tables_of_tracks_and_namespaces_are_bounded(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    static struct sy_field_def fields[SY_TRACKS_MAX + 2];
    static const struct sy_dataset_def def = {.id = WORLD_V("many"),
                                              .fields = fields,
                                              .n_fields = SY_TRACKS_MAX + 2,
                                              .max_rows = 5,
                                              .membership = 2,
                                              .ns = WORLD_V("n0"),
                                              .unit = WORLD_V("n0")};
    char names[64] = "n0";
    size_t n = 2;
    for (size_t i = 0; i < SY_TRACKS_MAX + 2; i++) {
        struct sy_view name = sy_view_str(sy_arena_printf(&k.arena, "n%zu", i));
        fields[i] = (struct sy_field_def){
            .name = name, .type = WORLD_V("unit"), .ref = name, .grade = 2, .rows = 1};
        if (i > 0 && i < SY_TRACKS_MAX + 1) {
            n += (size_t)snprintf(names + n, sizeof names - n, ",%.*s", SY_PV(name));
            assert_true(n < sizeof names);
        }
    }
    k.typer.defs = &def;
    k.typer.n_defs = 1;
    REFUSED(&k, SY_E_LIMIT, "too many namespaces", .op = "scan", .source = "many", .names = "n0");
    for (size_t i = 0; i < SY_TRACKS_MAX + 2; i++) {
        fields[i].ref = fields[0].ref;
    }
    REFUSED(&k, SY_E_LIMIT, "too many ways", .op = "scan", .source = "many", .names = names);
    assert_int_equal(k.units[0].n_tracks, 0);
    assert_string_equal(tracks(&k, scan(&k, "many", "n0")), "n0 0 max 5 n0+9");
}

/* --- one input ---------------------------------------------------------------------------------- */

static void test_filters_keep_all_tracks_and_projections_those_that_stay(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    world_birth[0].rows = 1;
    size_t b = scan(&k, "birth", "child,mother,day,sure");
    world_birth[0].rows = 0;
    assert_int_equal(b, 0);
    size_t f = KIT_REL(&k, .op = "filter", .in = "0", .exprs = "col:3", .outs = "0");
    char before[256];
    snprintf(before, sizeof before, "%s", tracks(&k, b));
    assert_string_equal(tracks(&k, f), before);
    size_t p = KIT_REL(&k, .op = "project", .in = "1", .names = "m,d,m2", .exprs = "col:1 col:2",
                       .outs = "0,1,0");
    assert_string_equal(tracks(&k, p), "person 0,2 max 10000 person+1 hospital+500");
    REFUSED(&k, SY_E_PRIVACY, "drops the unit", .op = "project", .in = "0", .names = "d",
            .exprs = "col:2", .outs = "0");
    REFUSED(&k, SY_E_PRIVACY, "drops the unit", .op = "project", .in = "0", .names = "d",
            .exprs = "col:0 is_null(0)", .outs = "1");
}

static void test_groups_and_windows_contain_the_unit(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    world_birth[0].rows = 1;
    scan(&k, "birth", "child,mother,day");
    world_birth[0].rows = 0;
    size_t g = KIT_REL(&k, .op = "reduce", .in = "0", .names = "d,m,n", .exprs = "col:2 col:1",
                       .outs = "0,1,0", .fns = "count", .n_keys = 2);
    assert_string_equal(tracks(&k, g), "person 1 max 10000 person+1 hospital+500");
    REFUSED(&k, SY_E_PRIVACY, "GROUP BY", .op = "reduce", .in = "0", .names = "d,n",
            .exprs = "col:2 col:1", .outs = "0,1", .fns = "count", .n_keys = 1);
    size_t w = KIT_REL(&k, .op = "window", .in = "0", .exprs = "col:2 col:0", .outs = "1,0",
                       .fns = "rank", .kind = "all", .desc = "1", .n_keys = 1, .n_order = 1);
    assert_string_equal(tracks(&k, w), "person 0 max 10000 person+20 hospital+500");
    REFUSED(&k, SY_E_PRIVACY, "partitioned", .op = "window", .in = "0", .exprs = "col:2 col:0",
            .outs = "0,1", .fns = "count", .kind = "all", .n_keys = 1);
    REFUSED(&k, SY_E_PRIVACY, "partitioned", .op = "window", .in = "0", .fns = "row_number",
            .kind = "all");
    scan(&k, "day", "day,work");
    assert_string_equal(
        tracks(&k, KIT_REL(&k, .op = "window", .in = "3", .fns = "row_number", .kind = "all")),
        "public");
}

/* Two births of one mother on one day: which is first would be for the children's codes to say. */
static void test_ties_are_never_broken_by_other_units(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    world_birth[0].rows = 1;
    scan(&k, "birth", "child,mother,day");
    world_birth[0].rows = 0;
    REFUSED(&k, SY_E_PRIVACY, "not complete", .op = "window", .in = "0", .exprs = "col:1 col:2",
            .outs = "0,1", .fns = "row_number", .kind = "all", .desc = "0", .n_keys = 1,
            .n_order = 1);
    REFUSED(&k, SY_E_PRIVACY, "not complete", .op = "window", .in = "0", .exprs = "col:1 col:2",
            .outs = "0,1,1", .fns = "count", .kind = "rows", .desc = "0", .n_keys = 1,
            .n_order = 1);
    KIT_REL(&k, .op = "project", .in = "0", .names = "m,d", .exprs = "col:1 col:2", .outs = "0,1");
    KIT_REL(&k, .op = "window", .in = "1", .exprs = "col:0 col:1", .outs = "0,1",
            .fns = "row_number", .kind = "all", .desc = "0", .n_keys = 1, .n_order = 1);
    /* what an outer join left empty, or the same unit, orders nothing */
    KIT_REL(&k, .op = "join", .kind = "left", .in = "1,1", .exprs = "col:0 col:2 eq(0,1)",
            .outs = "2");
    KIT_REL(&k, .op = "window", .in = "3", .exprs = "col:0 col:1", .outs = "0,1",
            .fns = "row_number", .kind = "all", .desc = "0", .n_keys = 1, .n_order = 1);
}

/* --- union -------------------------------------------------------------------------------------- */

static void test_a_union_has_the_unit_in_one_place(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    world_birth[0].rows = 1;
    scan(&k, "birth", "child,day");    /* 0 */
    scan(&k, "birth", "mother,day");   /* 1 */
    scan(&k, "birth", "place,day");    /* 2 */
    scan(&k, "visit", "person,at");    /* 3 */
    scan(&k, "visit", "at,person");    /* 4 */
    scan(&k, "day", "seat,day");       /* 5 */
    scan(&k, "birth", "child,mother"); /* 6 */
    scan(&k, "birth", "mother,child"); /* 7 */
    world_birth[0].rows = 0;
    assert_string_equal(tracks(&k, KIT_REL(&k, .op = "union", .in = "0,1,3,3")),
                        "person 0 max 220000 person+21 hospital+1000");
    /* either column names the child in one half and the mother in the other */
    assert_string_equal(tracks(&k, KIT_REL(&k, .op = "union", .in = "6,7")),
                        "person 0 max 20000 person+21 hospital+1000; "
                        "person 1 max 20000 person+21 hospital+1000");
    REFUSED(&k, SY_E_PRIVACY, "UNION", .op = "union", .in = "2,5"); /* public hospitals' days */
    REFUSED(&k, SY_E_PRIVACY, "UNION", .op = "union", .in = "5,2");
    assert_string_equal(tracks(&k, KIT_REL(&k, .op = "union", .in = "5,5,5")), "public");
    KIT_REL(&k, .op = "project", .in = "4", .names = "a,p", .exprs = "col:0 col:1", .outs = "0,1");
    KIT_REL(&k, .op = "project", .in = "6", .names = "a,b,c", .exprs = "col:0 col:1",
            .outs = "0,1,1");
    KIT_REL(&k, .op = "project", .in = "6", .names = "a,b,c", .exprs = "col:0 col:1",
            .outs = "0,0,1");
    /* marks: what both have in common */
    assert_string_equal(tracks(&k, KIT_REL(&k, .op = "union", .in = "12,13")),
                        "person 0 max 20000 person+40 hospital+1000; "
                        "person 1 max 20000 person+21 hospital+1000; "
                        "person 2 max 20000 person+2 hospital+1000");
}

static void test_a_union_without_a_common_unit_is_lost(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    scan(&k, "birth",
         "child,mother"); /* by the child only: mothers are without bound on children */
    scan(&k, "birth", "mother,child");
    REFUSED(&k, SY_E_PRIVACY, "UNION", .op = "union", .in = "0,1");
    KIT_REL(&k, .op = "union", .in = "0,0");
}

/* --- joins -------------------------------------------------------------------------------------- */

static void test_public_rows_join_on_anything(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    scan(&k, "visit", "at,person"); /* 0 */
    scan(&k, "day", "day,work");    /* 1 */
    const struct kit_rel base = {.op = "join", .exprs = "col:0 col:2 eq(0,1)", .outs = "2"};
    static const struct {
        const char *in, *kind, *want; /* want NULL: lost */
    } cases[] = {
        {"0,1", "inner", "person 1 max 100000"},
        {"1,0", "inner", "person 3 max 100000"},
        {"0,1", "left", "person 1 max 100000"},
        {"1,0", "left", NULL},
        {"0,1", "semi", "person 1 max 100000"},
        {"1,0", "semi", NULL},
        {"0,1", "anti", "person 1 max 100000"},
        {"1,0", "anti", NULL},
        {"1,1", "left", "public"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kit_rel r = base;
        r.in = cases[i].in;
        r.kind = cases[i].kind;
        if (cases[i].want == NULL) {
            refused(&k, &r, SY_E_PRIVACY, "public rows");
        } else {
            assert_string_equal(tracks(&k, kit_rel_tracked(&k, &r)), cases[i].want);
        }
    }
}

static void test_protected_rows_join_on_their_unit(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    scan(&k, "birth", "child,day"); /* 0: columns 0, 1 */
    scan(&k, "visit", "person,at"); /* 1: columns 2, 3 */
    const struct kit_rel base = {
        .op = "join", .exprs = "col:0 col:2 eq(1,0) col:1 col:3 le(3,4) and(5,2)", .outs = "6"};
    static const struct {
        const char *in, *kind, *want;
    } cases[] = {
        {"0,1", "inner", "person 0,2 max 10000 person+20 hospital+500"},
        {"0,1", "left", "person 0 max 10000 person+20 hospital+500"},
        {"0,1", "semi", "person 0 max 10000 person+20 hospital+500"},
        {"0,1", "anti", "person 0 max 10000 person+20 hospital+500"},
        {"1,0", "left", "person 0 max 100000 person+20 hospital+500"},
        {"1,0", "semi", "person 0 max 10000 person+20 hospital+500"},
        {"1,0", "anti", "person 0 max 100000 person+20 hospital+500"},
        {"0,0", "anti", "person 0 max 10000 person+40 hospital+1000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kit_rel r = base;
        r.in = cases[i].in;
        r.kind = cases[i].kind;
        assert_string_equal(tracks(&k, kit_rel_tracked(&k, &r)), cases[i].want);
    }
}

/* The equation must hold wherever the condition does, between a marked column of each side. */
static void test_what_is_no_equation_of_units(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    scan(&k, "birth", "child,day,mother,place,sure"); /* 0: by the child only */
    scan(&k, "visit", "person,at,code");              /* 1: columns 5.. */
    static const struct {
        const char *exprs, *outs;
    } cases[] = {
        {"col:1 col:6 eq(0,1)", "2"},                             /* not the unit */
        {"col:2 col:5 eq(0,1)", "2"},                             /* another person of the row */
        {"col:0 col:5 eq(0,1) col:4 or(2,3)", "4"},               /* or */
        {"col:0 col:5 eq(0,1) not(2)", "3"},                      /* not */
        {"col:0 col:5 eq(0,1) col:4", "3"},                       /* not part of the condition */
        {"col:0 col:2 eq(0,1)", "2"},                             /* within one side */
        {"col:0 col:5 eq(0,1) bool:1 bool:0 case(2,3,4)", "5"},   /* inside something */
        {"col:0 col:5 eq(0,1) col:4 or(2,3) col:4 and(4,5)", "6"} /* or below and */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t j = 0; j < 4; j++) {
            REFUSED(&k, SY_E_PRIVACY, "join on the unit", .op = "join", .in = "0,1",
                    .kind = ((const char *[]){"inner", "left", "semi", "anti"})[j],
                    .exprs = cases[i].exprs, .outs = cases[i].outs);
        }
    }
    KIT_REL(&k, .op = "join", .in = "0,1", .kind = "inner",
            .exprs = "col:4 col:0 col:5 eq(1,2) and(0,3) col:4 and(5,4)", .outs = "6");
}

/* A mother's births and her own birth: pairs of tracks, each with its own other owners. */
static void test_each_pair_of_tracks_that_is_equated_is_one(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    world_birth[0].rows = 1;
    scan(&k, "birth", "child,mother"); /* columns 0, 1 */
    scan(&k, "birth", "child,mother"); /* columns 2, 3 */
    world_birth[0].rows = 0;
    size_t chain = KIT_REL(&k, .op = "join", .in = "0,1", .kind = "inner",
                           .exprs = "col:1 col:2 eq(0,1)", .outs = "2");
    assert_string_equal(tracks(&k, chain), "person 1,2 max 10000 person+21 hospital+1000");
    size_t same = KIT_REL(&k, .op = "join", .in = "0,1", .kind = "inner",
                          .exprs = "col:0 col:2 eq(0,1) col:1 col:3 eq(3,4) and(2,5)", .outs = "6");
    assert_string_equal(tracks(&k, same), "person 0,2 max 10000 person+40 hospital+1000; "
                                          "person 1,3 max 10000 person+2 hospital+1000");
    /* two pairs that mark the same columns of the left: the one that fewer others reach */
    size_t either = KIT_REL(&k, .op = "join", .in = "0,1", .kind = "semi",
                            .exprs = "col:0 col:2 eq(0,1) col:3 eq(0,3) and(2,4)", .outs = "5");
    assert_string_equal(tracks(&k, either), "person 0 max 10000 person+21 hospital+1000");
    REFUSED(&k, SY_E_PRIVACY, "GROUP BY", .op = "reduce", .in = "2", .names = "c,n",
            .exprs = "col:0", .outs = "0,0", .fns = "count", .n_keys = 1);
}

/* A left join's right units may be NULL, so they no longer say whose the row is. */
static void test_the_right_of_a_left_join_names_nobody(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    scan(&k, "visit", "person,at");
    scan(&k, "visit", "person,at");
    KIT_REL(&k, .op = "join", .in = "0,1", .kind = "left", .exprs = "col:0 col:2 eq(0,1)",
            .outs = "2");
    REFUSED(&k, SY_E_PRIVACY, "GROUP BY", .op = "reduce", .in = "2", .names = "p,n",
            .exprs = "col:2", .outs = "0,0", .fns = "count", .n_keys = 1);
    KIT_REL(&k, .op = "reduce", .in = "2", .names = "p,n", .exprs = "col:0", .outs = "0,0",
            .fns = "count", .n_keys = 1);
}

/* Doubling again and again must not wrap around. */
static void test_sums_of_other_owners_saturate(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    scan(&k, "birth", "child,day");
    for (size_t i = 0; i < 80; i++) {
        char in[16];
        snprintf(in, sizeof in, "%zu,%zu", i, i);
        KIT_REL(&k, .op = "union", .in = in);
    }
    const struct sy_track *t = &k.units[80].tracks[0];
    assert_int_equal(t->others[0].units, (uint64_t)SY_PLAN_VALUE_MAX);
    assert_int_equal(t->others[1].units, (uint64_t)SY_PLAN_VALUE_MAX);
    assert_int_equal(t->units_max, (uint64_t)SY_PLAN_VALUE_MAX);
}

static void test_an_unknown_operator_has_no_rule(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    scan(&k, "visit", "person,at");
    kit_put(&k, &(const struct kit_rel){.op = "sample", .in = "0"});
    k.types[1] = k.types[0];
    check_code(sy_unit_rel(k.rels, 1, k.types, k.units, &k.arena, &k.err), SY_E_PRIVACY);
    assert_int_equal(k.units[1].n_tracks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_scan_has_a_track_for_each_unit_column),
        cmocka_unit_test(test_a_column_without_a_cap_can_only_be_the_unit),
        cmocka_unit_test(test_the_tables_of_tracks_and_namespaces_are_bounded),
        cmocka_unit_test(test_filters_keep_all_tracks_and_projections_those_that_stay),
        cmocka_unit_test(test_groups_and_windows_contain_the_unit),
        cmocka_unit_test(test_ties_are_never_broken_by_other_units),
        cmocka_unit_test(test_a_union_has_the_unit_in_one_place),
        cmocka_unit_test(test_a_union_without_a_common_unit_is_lost),
        cmocka_unit_test(test_public_rows_join_on_anything),
        cmocka_unit_test(test_protected_rows_join_on_their_unit),
        cmocka_unit_test(test_what_is_no_equation_of_units),
        cmocka_unit_test(test_each_pair_of_tracks_that_is_equated_is_one),
        cmocka_unit_test(test_the_right_of_a_left_join_names_nobody),
        cmocka_unit_test(test_sums_of_other_owners_saturate),
        cmocka_unit_test(test_an_unknown_operator_has_no_rule),
    };
    return cmocka_run_group_tests_name("wire_plan_unit", tests, NULL, NULL);
}
