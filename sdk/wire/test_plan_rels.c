/* Types of unions, groups and windows: what each gives, and what it refuses. */
#include "test_plan_kit.h"

#include <stdio.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static size_t typed(struct kit *k, const struct kit_rel *r)
{
    sy_status st = kit_type(k, r);
    if (!sy_ok(st)) {
        fail_msg("%s: %s: %s", r->op, k->err.field, k->err.reason);
    }
    return k->n_rels - 1;
}

#define TYPED(k, ...) typed((k), &(const struct kit_rel){__VA_ARGS__})

static void refused(struct kit *k, const struct kit_rel *r, const char *field)
{
    char want[64];
    snprintf(want, sizeof want, "rels[%zu]%s%s", k->n_rels, *field == 0 ? "" : ".", field);
    check_code(kit_type(k, r), SY_E_PLAN);
    if (strcmp(k->err.field, want) != 0 || k->err.reason[0] == 0) {
        fail_msg("%s, want %s: %s", k->err.field, want, k->err.reason);
    }
}

#define REFUSED(k, field, ...) refused((k), &(const struct kit_rel){__VA_ARGS__}, (field))

static void check_int(const struct sy_type *t, int64_t lo, int64_t hi, bool nullable,
                      uint64_t grade)
{
    assert_int_equal(t->kind, SY_TYPE_INT);
    assert_true(t->lo == lo && t->hi == hi && t->nullable == nullable);
    assert_int_equal(t->grade, grade);
    assert_null(t->def);
}

/* 0: birth child,day,weight,sex,town  1: visit person,at,code,fee  2: day day,work,code,title */
static void start(struct kit *k)
{
    kit_start(k, NULL, 0);
    TYPED(k, .op = "scan", .source = "birth", .names = "child,day,weight,sex,town");
    TYPED(k, .op = "scan", .source = "visit", .names = "person,at,code,fee");
    TYPED(k, .op = "scan", .source = "day", .names = "day,work,code,title");
}

/* --- union -------------------------------------------------------------------------------------- */

static void test_unions_hold_what_their_inputs_hold(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    start(&k);
    size_t a = TYPED(&k, .op = "project", .in = "0", .names = "u,d,w,s",
                     .exprs = "col:0 col:1 col:2 col:3", .outs = "0,1,2,3");
    size_t b = TYPED(&k, .op = "project", .in = "1", .names = "u,d,w,s",
                     .exprs = "col:0 col:1 int:-5 col:2 col:3", .outs = "0,1,2,3");
    assert_int_equal(a + b, 7);
    const struct sy_rel_types *t =
        &k.types[TYPED(&k, .op = "union", .in = "3,4,3")]; /* 10000 + 100000 + 10000 rows */
    assert_int_equal(t->rows, 120000);
    assert_int_equal(t->grade, 2);
    assert_int_equal(t->n_cols, 4);
    assert_int_equal(t->cols[0].kind, SY_TYPE_UNIT);
    assert_true(t->cols[0].def == NULL && sy_view_is(t->cols[0].ns, "person"));
    assert_true(t->cols[1].lo == 10000 && t->cols[1].hi == 20000 && t->cols[1].def == NULL);
    check_int(&t->cols[2], -5, 8000, true, 3);
    assert_int_equal(t->cols[3].n_labels, 7); /* m f, then the codes */
    assert_true(sy_view_is(t->cols[3].labels[1], "f") && sy_view_is(t->cols[3].labels[2], "A00"));
    assert_true(t->cols[3].nullable && t->cols[3].grade == 3);
    assert_true(k.types[0].cols[0].def != NULL); /* its inputs stay what they were */
}

static void test_unions_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    start(&k);
    TYPED(&k, .op = "scan", .source = "birth", .names = "child,place");
    TYPED(&k, .op = "scan", .source = "birth", .names = "place,child");
    TYPED(&k, .op = "scan", .source = "visit", .names = "person,fee");
    TYPED(&k, .op = "scan", .source = "birth", .names = "child,town");
    TYPED(&k, .op = "scan", .source = "birth", .names = "child,weight");
    REFUSED(&k, "in", .op = "union", .in = "0");
    REFUSED(&k, "in", .op = "union");
    REFUSED(&k, "in", .op = "union", .in = "0,8");
    REFUSED(&k, "in", .op = "union", .in = "0,3");
    REFUSED(&k, "c[0]", .op = "union", .in = "3,4"); /* of two namespaces */
    REFUSED(&k, "c[1]", .op = "union", .in = "3,5"); /* a unit and a number */
    REFUSED(&k, "c[1]", .op = "union", .in = "5,3");
    REFUSED(&k, "c[1]", .op = "union", .in = "5,7"); /* scales */
    REFUSED(&k, "c[1]", .op = "union", .in = "6,6"); /* undeclared text */
    REFUSED(&k, "", .op = "union", .in = "3,3", .kind = "all");
    REFUSED(&k, "", .op = "union", .in = "3,3", .names = "a,b");
}

/* --- reduce ------------------------------------------------------------------------------------- */

static void test_functions_of_groups(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    start(&k);
    const struct sy_rel_types *t = &k.types[TYPED(
        &k, .op = "reduce", .in = "1", .names = "p,n,codes,units,last,fee,first",
        .exprs = "col:0 bool:1 col:2 col:1 col:3", .outs = "0,1,2,0,2,3,4,3,3,4",
        .fns = "count,count_distinct,count_distinct,arg_max,arg_max,arg_min", .n_keys = 1)];
    assert_int_equal(t->n_cols, 7);
    assert_int_equal(t->rows, 100000);
    check_int(&t->cols[1], 0, 100000, false, 2);
    check_int(&t->cols[2], 0, 100000, false, 3);
    check_int(&t->cols[3], 0, 100000, false, 2);
    assert_int_equal(t->cols[4].n_labels, 5); /* the last code may be missing in every row */
    assert_true(t->cols[4].nullable && t->cols[4].def == NULL && t->cols[4].grade == 3);
    check_int(&t->cols[5], 0, 100000, false, 3);
    assert_int_equal(t->cols[5].scale, 2);
    assert_int_equal(t->cols[6].kind, SY_TYPE_DATE);
    assert_int_equal(t->cols[6].grade, 3); /* the day with the least fee tells about fees */
    t = &k.types[TYPED(&k, .op = "reduce", .in = "0", .names = "p,x,y",
                       .exprs = "col:0 col:1 col:2 null~int", .outs = "0,1,2,1,3",
                       .fns = "arg_max,arg_min", .n_keys = 1)];
    assert_true(t->cols[1].nullable && !t->cols[1].nothing); /* rows without a weight are skipped */
    assert_true(t->cols[2].nothing && t->cols[2].lo == 0 && t->cols[2].hi == 0);
    TYPED(&k, .op = "reduce", .in = "2", .names = "d", .exprs = "col:0", .outs = "0", .n_keys = 1);
}

static void test_functions_of_groups_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *exprs, *outs, *fns, *names, *field;
    } cases[] = {
        {"col:0 col:4", "0,1", "count_distinct", "a,b", "f"}, /* undeclared text */
        {"col:0 str~x", "0,1", "count", "a,b", "x"},
        {"col:0 str~x", "0,1", "count_distinct", "a,b", "x"},
        {"col:0 col:4 col:1", "0,1,2", "arg_max", "a,b", "f"},
        {"col:0 col:1", "0,0,1", "arg_max", "a,b", "f"}, /* a unit of another row's choosing */
        {"col:0 col:1 col:3", "0,1,2", "arg_max", "a,b", "f"}, /* by a label */
        {"col:0 col:1", "0,1", "arg_max", "a,b", "x"},         /* one argument */
        {"col:0 col:1", "0,1,1", "count", "a,b", "x"},         /* two */
        {"col:0 col:1", "0,1,1,1", "arg_max", "a,b", "x"},
        {"col:0 col:3", "0,1", "min", "a,b", "f"},
        {"col:0 col:3", "0,1", "median", "a,b", "f"},
        {"col:0 col:1", "0,1", "lag", "a,b", "f"},
        {"col:0 col:1", "0,1,1", "arg_max", "a,b,c", "n"},
        {"col:0 col:1", "0,1,1", "arg_max", "a", "n"},
    };
    KIT_CLEANUP struct kit k;
    start(&k);
    for (size_t i = 0; i < N_OF(cases); i++) {
        REFUSED(&k, cases[i].field, .op = "reduce", .in = "0", .names = cases[i].names,
                .exprs = cases[i].exprs, .outs = cases[i].outs, .fns = cases[i].fns, .n_keys = 1);
    }
    REFUSED(&k, "nk", .op = "reduce", .in = "0", .names = "a", .exprs = "col:0", .outs = "0",
            .fns = "count");
    REFUSED(&k, "nk", .op = "reduce", .in = "0", .names = "a", .exprs = "col:0", .outs = "0",
            .n_keys = 2);
    REFUSED(&k, "", .op = "reduce", .in = "0", .names = "a", .exprs = "col:0", .outs = "0",
            .n_keys = 1, .desc = "0");
    REFUSED(&k, "", .op = "reduce", .in = "0", .names = "a", .exprs = "col:0", .outs = "0",
            .n_keys = 1, .n_order = 1);
}

/* --- window ------------------------------------------------------------------------------------- */

static void test_functions_of_windows(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    start(&k);
    const struct sy_rel_types *t = &k.types[TYPED(
        &k, .op = "window", .in = "0", .exprs = "col:0 col:1 col:2", .outs = "0,1,1,2,1,2,2,1,2",
        .fns = "row_number,rank,dense_rank,lag,lead,first,sum,count,min,max", .kind = "range",
        .desc = "1", .n_keys = 1, .n_order = 1)];
    assert_int_equal(t->n_cols, 15);
    assert_int_equal(t->rows, 10000);
    assert_int_equal(t->grade, 2);
    assert_true(t->cols[0].def == &world_defs[0] && t->cols[0].kind == SY_TYPE_UNIT);
    check_int(&t->cols[5], 1, 10000, false, 3); /* ties are broken by the weight, too */
    check_int(&t->cols[6], 1, 10000, false, 2);
    check_int(&t->cols[7], 1, 10000, false, 2);
    assert_true(t->cols[8].kind == SY_TYPE_DATE && t->cols[8].nullable && t->cols[8].grade == 3);
    check_int(&t->cols[9], 300, 8000, true, 3);
    assert_true(t->cols[10].kind == SY_TYPE_DATE && !t->cols[10].nullable);
    check_int(&t->cols[11], 300, 80000000, true, 3);
    check_int(&t->cols[12], 0, 10000, false, 3);
    assert_true(t->cols[13].kind == SY_TYPE_DATE && t->cols[13].grade == 2);
    check_int(&t->cols[14], 300, 8000, true, 3);
    t = &k.types[TYPED(&k, .op = "window", .in = "0", .exprs = "col:0 col:1", .outs = "0,1",
                       .fns = "count", .kind = "rows", .n_keys = 1, .names = "n")];
    assert_int_equal(t->cols[5].grade, 3);
    t = &k.types[TYPED(&k, .op = "window", .in = "0", .exprs = "col:0 col:2 col:1", .outs = "0,1,2",
                       .fns = "count", .kind = "all", .n_keys = 1, .n_order = 1, .desc = "0")];
    assert_int_equal(t->cols[5].grade, 3); /* the order tells about weights */
    TYPED(&k, .op = "window", .in = "2", .exprs = "col:2", .outs = "0", .fns = "row_number",
          .kind = "all", .n_order = 1, .desc = "0"); /* labels in order; no partition */
}

static void test_windows_that_are_refused(void **state)
{
    (void)state;
    static const struct kit_rel base = {.op = "window",
                                        .in = "0",
                                        .exprs = "col:0 col:1 col:3 col:4 str~x",
                                        .outs = "0,1",
                                        .fns = "row_number",
                                        .kind = "all",
                                        .desc = "1",
                                        .n_keys = 1,
                                        .n_order = 1};
    KIT_CLEANUP struct kit k;
    start(&k);
    typed(&k, &base);
    static const struct {
        const char *outs, *fns, *kind, *desc, *names;
        uint64_t n_keys, n_order, limit;
        const char *field;
    } cases[] = {
        {NULL, NULL, "groups", NULL, NULL, 1, 1, 0, "k"},
        {NULL, NULL, "", NULL, NULL, 1, 1, 0, "k"},
        {NULL, NULL, "before", NULL, NULL, 1, 1, 0, "k"}, /* of the post stage only */
        {NULL, NULL, NULL, "2", NULL, 1, 1, 0, "d"},
        {NULL, NULL, NULL, "", NULL, 1, 1, 0, "d"},
        {NULL, NULL, NULL, "0,0", NULL, 1, 1, 0, "d"},
        {NULL, NULL, NULL, NULL, NULL, 1, 1, 5, ""}, /* limit */
        {NULL, "", NULL, NULL, NULL, 1, 1, 0, "n"},
        {NULL, NULL, NULL, NULL, "a,b", 1, 1, 0, "n"},
        {NULL, NULL, NULL, NULL, NULL, 3, 0, 0, "nk"},
        {NULL, NULL, NULL, NULL, NULL, 1, UINT64_MAX, 0, "nk"},
        {NULL, NULL, NULL, NULL, NULL, 0, 1, 0, "x"},
        {"0,1,1", NULL, NULL, NULL, NULL, 1, 1, 0, "x"},
        {"0,1", "lag", NULL, NULL, NULL, 1, 1, 0, "x"},
        {"0,0", NULL, NULL, NULL, NULL, 1, 1, 0, "x[1]"}, /* units have no order */
        {"0,2", NULL, NULL, NULL, NULL, 1, 1, 0, "x[1]"}, /* nor labels declared out of it */
        {"0,3", NULL, NULL, NULL, NULL, 1, 1, 0, "x[1]"}, /* nor undeclared text */
        {"0,1,0", "lag", NULL, NULL, NULL, 1, 1, 0, "f"},
        {"0,1,3", "first", NULL, NULL, NULL, 1, 1, 0, "f"},
        {"0,1,2", "sum", NULL, NULL, NULL, 1, 1, 0, "f"},
        {"0,1,4", "count", NULL, NULL, NULL, 1, 1, 0, "x"},
        {"0,1,1", "count_distinct", NULL, NULL, NULL, 1, 1, 0, "f"},
        {"0,1", "ntile", NULL, NULL, NULL, 1, 1, 0, "f"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct kit_rel r = base;
        r.outs = cases[i].outs != NULL ? cases[i].outs : r.outs;
        r.fns = cases[i].fns != NULL ? cases[i].fns : r.fns;
        r.kind = cases[i].kind != NULL ? cases[i].kind : r.kind;
        r.desc = cases[i].desc != NULL ? cases[i].desc : r.desc;
        r.names = cases[i].names;
        r.n_keys = cases[i].n_keys;
        r.n_order = cases[i].n_order;
        r.limit = cases[i].limit;
        refused(&k, &r, cases[i].field);
    }
    REFUSED(&k, "", .op = "filter", .in = "2", .exprs = "col:1", .outs = "0", .limit = 1);
    REFUSED(&k, "", .op = "filter", .in = "2", .exprs = "col:1", .outs = "0", .n_order = 1);
    REFUSED(&k, "o", .op = "sort", .in = "2");
}

/* --- how many rows a join has --------------------------------------------------------------------- */

static void start_joins(struct kit *k)
{
    kit_start(k, NULL, 0);
    TYPED(k, .op = "scan", .source = "visit", .names = "person,at");
    TYPED(k, .op = "scan", .source = "birth", .names = "child,day,mother,sure");
    TYPED(k, .op = "reduce", .in = "1", .names = "c,n", .exprs = "col:0", .outs = "0,0",
          .fns = "count", .n_keys = 1);
    TYPED(k, .op = "reduce", .in = "1", .names = "m,d", .exprs = "col:2 col:1", .outs = "0,1",
          .n_keys = 2);
    TYPED(k, .op = "project", .in = "3", .names = "d,d2,m", .exprs = "col:1 int:1 add(0,1) col:0",
          .outs = "0,2,3");
    TYPED(k, .op = "project", .in = "3", .names = "m", .exprs = "col:0", .outs = "0");
    TYPED(k, .op = "window", .in = "2", .fns = "row_number", .kind = "all");
    TYPED(k, .op = "filter", .in = "6", .exprs = "col:1 int:1 gt(0,1)", .outs = "2");
    TYPED(k, .op = "union", .in = "2,2");
}

/* Visits (0) have 100000 rows, births (1) and what is made of them 10000. */
static const struct {
    const char *in, *kind, *exprs, *outs;
    uint64_t rows;
    const char *unique; /* per column, "" when nothing is known */
} JOINS[] = {
    {"0,2", "inner", "col:0 col:2 eq(0,1)", "2", 100000, ""},
    {"0,2", "left", "col:0 col:2 eq(1,0) col:1 is_null(3) and(2,4)", "5", 100000, ""},
    {"0,7", "left", "col:0 col:2 eq(0,1)", "2", 100000, ""},
    {"2,0", "inner", "col:0 col:2 eq(0,1)", "2", 100000, ""},
    {"2,0", "left", "col:0 col:2 eq(0,1)", "2", 1000000000, ""}, /* births without a visit stay */
    {"2,2", "inner", "col:0 col:2 eq(0,1)", "2", 10000, "1000"},
    {"2,7", "left", "col:0 col:2 eq(0,1)", "2", 10000, "10000"},
    {"2,3", "inner", "col:0 col:2 eq(0,1)", "2", 10000, "0011"}, /* a birth for each key of 3 */
    {"2,3", "left", "col:0 col:2 eq(0,1)", "2", 100000000, "1011"},
    {"1,3", "inner", "col:2 col:4 eq(0,1) col:1 col:5 eq(3,4) and(2,5)", "6", 10000, ""},
    {"1,3", "inner", "col:5 date:12000 eq(0,1) col:2 col:4 eq(3,4) and(2,5)", "6", 10000, ""},
    {"1,3", "inner", "col:2 col:4 eq(0,1)", "2", 100000000, ""}, /* any day */
    {"1,3", "inner", "col:2 col:4 eq(0,1) col:1 col:5 le(3,4) and(2,5)", "6", 100000000, ""},
    {"1,3", "inner", "col:2 col:4 eq(0,1) col:1 col:5 eq(3,4) or(2,5)", "6", 100000000, ""},
    {"1,3", "inner", "col:2 col:4 eq(0,1) col:5 eq(3,3) and(2,4)", "5", 100000000, ""},
    {"1,3", "inner", "col:2 col:4 eq(0,1) col:1 col:5 least(3,4) eq(4,5) and(2,6)", "7", 100000000,
     ""}, /* what it equals is not the left row's alone */
    {"1,4", "inner", "col:2 col:6 eq(0,1) col:1 col:4 eq(3,4) and(2,5)", "6", 10000, ""},
    {"1,4", "inner", "col:2 col:6 eq(0,1) col:1 col:5 eq(3,4) and(2,5)", "6", 100000000, ""},
    {"0,8", "inner", "col:0 col:2 eq(0,1)", "2", 2000000000, ""},
    {"2,0", "semi", "col:0 col:2 eq(0,1)", "2", 10000, "10"},
    {"0,2", "anti", "col:0 col:2 eq(0,1)", "2", 100000, ""},
};

static void check_unique(const struct sy_rel_types *t, const char *want)
{
    char got[64] = "";
    for (size_t i = 0; t->unique != NULL && i < t->n_cols; i++) {
        assert_true(i + 1 < sizeof got);
        got[i] = t->unique[i] ? '1' : '0';
    }
    assert_string_equal(got, want);
}

static void test_what_is_unique(void **state)
{
    (void)state;
    static const char *const want[] = {"", "", "10", "11", "101", "", "100", "100", ""};
    KIT_CLEANUP struct kit k;
    start_joins(&k);
    for (size_t i = 0; i < N_OF(want); i++) {
        check_unique(&k.types[i], want[i]);
    }
}

/* What the catalogue declares a key is unique, and a join on it multiplies nothing. */
static void test_a_declared_key_is_unique(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, NULL, 0);
    world_birth[0].rows = 1;
    TYPED(&k, .op = "scan", .source = "birth", .names = "day,child");
    TYPED(&k, .op = "scan", .source = "birth", .names = "day");
    TYPED(&k, .op = "scan", .source = "visit", .names = "person");
    size_t j = TYPED(&k, .op = "join", .in = "2,0", .kind = "inner", .exprs = "col:0 col:2 eq(0,1)",
                     .outs = "2");
    world_birth[0].rows = 0;
    check_unique(&k.types[0], "01");
    check_unique(&k.types[1], "");
    assert_int_equal(k.types[j].rows, 100000);
}

static void test_a_join_that_finds_one_row_has_no_more_than_its_left(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    start_joins(&k);
    for (size_t i = 0; i < N_OF(JOINS); i++) {
        size_t j = TYPED(&k, .op = "join", .in = JOINS[i].in, .kind = JOINS[i].kind,
                         .exprs = JOINS[i].exprs, .outs = JOINS[i].outs);
        if (k.types[j].rows != JOINS[i].rows) {
            fail_msg("%s join %s on %s: %llu rows", JOINS[i].kind, JOINS[i].in, JOINS[i].exprs,
                     (unsigned long long)k.types[j].rows);
        }
        check_unique(&k.types[j], JOINS[i].unique);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unions_hold_what_their_inputs_hold),
        cmocka_unit_test(test_unions_that_do_not_fit_are_refused),
        cmocka_unit_test(test_functions_of_groups),
        cmocka_unit_test(test_functions_of_groups_that_are_refused),
        cmocka_unit_test(test_functions_of_windows),
        cmocka_unit_test(test_windows_that_are_refused),
        cmocka_unit_test(test_what_is_unique),
        cmocka_unit_test(test_a_declared_key_is_unique),
        cmocka_unit_test(test_a_join_that_finds_one_row_has_no_more_than_its_left),
    };
    return cmocka_run_group_tests_name("wire_plan_rels", tests, NULL, NULL);
}
