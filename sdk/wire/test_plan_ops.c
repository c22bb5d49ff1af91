/* Types of the operators on dates, periods and labels: what each gives, and what it refuses. */
#include "test_plan_kit.h"

#include "test_bytes.h"

/* --- columns and parameters ----------------------------------------------------------------------- */

static struct sy_view prefixes[] = {WORLD_V("数字"), WORLD_V("数据"), WORLD_V("域"),
                                    WORLD_V("数字a")};
static struct sy_view periods[] = {WORLD_V("2020"), WORLD_V("2020-Q3"), WORLD_V("2021-03")};
static struct sy_view texts[] = {WORLD_V("B10"), WORLD_V("zz"), WORLD_V("A")};
static struct sy_view days[] = {WORLD_V("1970-01-02")};
static const struct sy_plan_param params[] = {
    {.name = WORLD_V("p"), .kind = WORLD_V("period"), .values = periods, .n_values = 3},
    {.name = WORLD_V("q"),
     .kind = WORLD_V("period"),
     .calendar = WORLD_V("10-01"),
     .values = periods,
     .n_values = 3},
    {.name = WORLD_V("t"), .kind = WORLD_V("str"), .values = texts, .n_values = 3},
    {.name = WORLD_V("d"), .kind = WORLD_V("date"), .values = days, .n_values = 1},
};

enum {
    DAY,
    DAY_NULL,
    NUM,
    DEC,
    CODE,
    CODE2,
    SEX,
    OPEN,
    PUBLIC,
    YES,
    UNIT,
    EVER,
    HANZI,
    NOTHING,
    N_COLS
};

static const struct sy_type columns[N_COLS] = {
    [DAY] = {.kind = SY_TYPE_DATE, .lo = 10000, .hi = 20000, .grade = 2},
    [DAY_NULL] = {.kind = SY_TYPE_DATE, .lo = 15000, .hi = 20000, .nullable = true, .grade = 3},
    [NUM] = {.kind = SY_TYPE_INT, .lo = -10, .hi = 20},
    [DEC] = {.kind = SY_TYPE_INT, .scale = 2, .hi = 5},
    [CODE] = {.kind = SY_TYPE_STR, .labels = world_codes, .n_labels = 5, .grade = 3},
    [CODE2] = {.kind = SY_TYPE_STR, .labels = world_codes, .n_labels = 4, .nullable = true},
    [SEX] = {.kind = SY_TYPE_STR, .labels = world_sexes, .n_labels = 2},
    [OPEN] = {.kind = SY_TYPE_STR, .open = true, .def = &world_defs[0], .field = &world_birth[6]},
    [PUBLIC] = {.kind = SY_TYPE_STR, .open = true, .def = &world_defs[3], .field = &world_day[3]},
    [YES] = {.kind = SY_TYPE_BOOL, .hi = 1},
    [UNIT] = {.kind = SY_TYPE_UNIT, .ns = WORLD_V("person")},
    [EVER] = {.kind = SY_TYPE_DATE, .lo = SY_PLAN_DATE_MIN, .hi = SY_PLAN_DATE_MAX},
    [HANZI] = {.kind = SY_TYPE_STR, .labels = prefixes, .n_labels = 4},
    [NOTHING] = {.kind = SY_TYPE_DATE, .nullable = true, .nothing = true},
};

/* Columns in the texts below by letter: %D is col:0 and so on, in the order of the enum. */
static char *spell(struct kit *k, const char *text)
{
    static const char letters[N_COLS + 1] = "DENFCcSOPYUVHX";
    char *out = sy_arena_alloc(&k->arena, 4 * strlen(text) + 1, 1);
    size_t n = 0;
    for (; *text != 0; text++) {
        const char *at = *text == '%' ? strchr(letters, text[1]) : NULL;
        if (at != NULL && text[1] != 0) {
            n += (size_t)snprintf(out + n, 8, "col:%d", (int)(at - letters));
            text++;
        } else {
            out[n++] = *text;
        }
    }
    return out;
}

/* Type the list; the last one's type. */
static sy_status type_list(struct kit *k, const char *text, struct sy_type *ret)
{
    size_t n;
    struct sy_plan_expr *e = kit_exprs(k, spell(k, text), &n);
    struct sy_type *types = sy_arena_alloc(&k->arena, n + 1, sizeof *types);
    struct sy_expr_scope scope = {columns, N_COLS, e, types};
    k->err = (struct sy_error){0};
    for (size_t i = 0; i < n; i++) {
        SY_TRY(sy_type_expr(&k->typer, &scope, i, &k->err));
        *ret = types[i];
    }
    return SY_OK;
}

/* --- what each gives and refuses -------------------------------------------------------------------- */

struct given {
    const char *text;
    enum sy_type_kind kind;
    int64_t lo, hi;
    bool nullable;
};

static const struct given GIVEN[] = {
    {"%D quarter(0)", SY_TYPE_INT, 1, 4, false},
    {"%E isodow(0)", SY_TYPE_INT, 1, 7, true},
    {"%X isodow(0)", SY_TYPE_INT, 0, 0, true},
    {"%D trunc~year(0)", SY_TYPE_DATE, 9862, 19723, false}, /* 1997-01-01, 2024-01-01 */
    {"%D trunc~quarter(0)", SY_TYPE_DATE, 9952, 19997, false},
    {"%D trunc~month(0)", SY_TYPE_DATE, 9982, 19997, false},
    {"%D trunc~week(0)", SY_TYPE_DATE, 10000, 19996, false}, /* a Monday, a Friday */
    {"%V trunc~week(0)", SY_TYPE_DATE, SY_PLAN_DATE_MIN, SY_PLAN_DATE_MAX - 4, false},
    {"%D %E months(0,1)", SY_TYPE_INT, -164, 328, true},
    {"%D %E years(0,1)", SY_TYPE_INT, -13, 27, true},
    {"%X %D months(0,1)", SY_TYPE_INT, 0, 0, true},
    {"%D int:1 add_months(0,1)", SY_TYPE_DATE, 10031, 20031, false},
    {"date:19387 int:1 add_months(0,1)", SY_TYPE_DATE, 19416, 19416, false}, /* 2023-01-30 */
    {"date:19752 int:1 add_months(0,1)", SY_TYPE_DATE, 19782, 19782, false}, /* 2024-01-30 */
    {"date:19782 int:-12 add_months(0,1)", SY_TYPE_DATE, 19416, 19416, false},
    {"%X int:999999999 add_months(0,1)", SY_TYPE_DATE, 0, 0, true},
    {"pstart:0", SY_TYPE_DATE, 18262, 18687, false}, /* 2020-01-01, 2021-03-01 */
    {"pend:0", SY_TYPE_DATE, 18535, 18717, false},   /* 2020-09-30, 2021-03-31 */
    {"pstart:1", SY_TYPE_DATE, 18170, 18597, false}, /* 2019-10-01, 2020-12-01 */
    {"pend:1", SY_TYPE_DATE, 18443, 18627, false},   /* 2020-06-30, 2020-12-31 */
    {"%C like~A%(0)", SY_TYPE_BOOL, 0, 1, false},
    {"%c like~_1_(0)", SY_TYPE_BOOL, 0, 1, true},
    {"str~abc like(0)", SY_TYPE_BOOL, 0, 1, false},
    {"%C str~B le(0,1)", SY_TYPE_BOOL, 0, 1, false},
    {"param:2 %C gt(0,1)", SY_TYPE_BOOL, 0, 1, false}, /* the parameter's values need no order */
    {"str~b str~a lt(0,1)", SY_TYPE_BOOL, 0, 1, false},
    {"%C %C lt(0,1)", SY_TYPE_BOOL, 0, 1, false},
    {"null~str %C lt(0,1)", SY_TYPE_BOOL, 0, 0, true},
    {"%O is_null(0)", SY_TYPE_BOOL, 0, 1, false},
    {"%O null~str eq(0,1)", SY_TYPE_BOOL, 0, 0, true},
    {"%P str~a eq(0,1)", SY_TYPE_BOOL, 0, 1, false},
    {"param:2 %P ne(0,1)", SY_TYPE_BOOL, 0, 1, false},
    {"%P str~a param:2 in(0,1,2)", SY_TYPE_BOOL, 0, 1, false},
};

static void test_what_each_operator_gives(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, params, N_OF(params));
    for (size_t i = 0; i < N_OF(GIVEN); i++) {
        const struct given *g = &GIVEN[i];
        struct sy_type t = {0};
        sy_status st = type_list(&k, g->text, &t);
        if (!sy_ok(st) || t.kind != g->kind || t.lo != g->lo || t.hi != g->hi ||
            t.nullable != g->nullable || t.scale != 0) {
            fail_msg("%s: %s kind %d [%lld, %lld] %d", g->text, k.err.reason, (int)t.kind,
                     (long long)t.lo, (long long)t.hi, t.nullable);
        }
    }
}

static const struct {
    const char *text, *why;
} REFUSED[] = {
    {"%N quarter(0)", "takes date"},
    {"%D isodow:1(0)", "does not use"},
    {"%D trunc(0)", "to year"},
    {"%D trunc~day(0)", "to year"},
    {"%N trunc~year(0)", "takes date"},
    {"%D %N months(0,1)", "takes date"},
    {"%D years(0)", "number of arguments"},
    {"%D %F add_months(0,1)", "whole months"},
    {"%N %N add_months(0,1)", "whole months"},
    {"%V int:1 add_months(0,1)", "years 1 to 9999"},
    {"%V int:-1 add_months(0,1)", "years 1 to 9999"},
    {"%D int:4611686018427387904 add_months(0,1)", "years 1 to 9999"},
    {"%D int:-4611686018427387904 add_months(0,1)", "years 1 to 9999"},
    {"param:0", "not a value"},
    {"pstart:3", "kind period"},
    {"pend:4", "kind period"},
    {"pend:-1", "kind period"},
    {"%O like~a(0)", "no public value set"},
    {"%P like~a(0)", "no public value set"},
    {"%N like~a(0)", "takes text"},
    {"%P prefix:1(0)", "no public value set"},
    {"%C prefix(0)", "characters"},
    {"%C prefix:-1(0)", "characters"},
    {"%C prefix:257(0)", "characters"},
    {"%C %c lt(0,1)", "two different sets"},
    {"%S str~m lt(0,1)", "bytewise order"},
    {"str~m %S ge(0,1)", "bytewise order"},
    {"%S %S lt(0,1)", "bytewise order"},
    {"%P str~m lt(0,1)", "no order"},
    {"%O str~m lt(0,1)", "no order"},
    {"%Y %Y lt(0,1)", "have an order"},
    {"%U %U lt(0,1)", "have an order"},
    {"%O str~a eq(0,1)", "protected"},
    {"str~a %O ne(0,1)", "protected"},
    {"%O param:2 eq(0,1)", "protected"},
    {"%O %O eq(0,1)", "protected"},
    {"%O str~a in(0,1)", "protected"},
    {"%O null~str str~a in(0,1,2)", "must be a literal"},
    {"%P %C eq(0,1)", "literals and parameters only"},
    {"%P %O eq(0,1)", "literals and parameters only"},
};

static void test_what_each_operator_refuses(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    kit_start(&k, params, N_OF(params));
    for (size_t i = 0; i < N_OF(REFUSED); i++) {
        struct sy_type t;
        sy_status st = type_list(&k, REFUSED[i].text, &t);
        if (st.code != SY_E_PLAN || strstr(k.err.reason, REFUSED[i].why) == NULL) {
            fail_msg("%s: %s: %s", REFUSED[i].text, sy_code_name(st.code), k.err.reason);
        }
    }
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    char *list = sy_arena_alloc(&arena, 1024, 1);
    for (size_t n = SY_LABEL_BYTES_MAX; n <= SY_LABEL_BYTES_MAX + 1; n++) {
        struct sy_type t;
        snprintf(list, 1024, "%%C like~%0*d(0)", (int)n, 0);
        check_code(type_list(&k, list, &t), n <= SY_LABEL_BYTES_MAX ? 0 : SY_E_PLAN);
    }
}

static void test_results_carry_the_grades_of_their_arguments(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t grade;
    } cases[] = {{"%D %E months(0,1)", 3}, {"%C prefix:1(0)", 3}, {"%C like~A(0)", 3},
                 {"%D trunc~year(0)", 2},  {"pstart:0", 0},       {"%C str~A lt(0,1)", 3}};
    KIT_CLEANUP struct kit k;
    kit_start(&k, params, N_OF(params));
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct sy_type t;
        check_ok(type_list(&k, cases[i].text, &t));
        assert_int_equal(t.grade, cases[i].grade);
        assert_null(t.def);
    }
}

/* --- labels ----------------------------------------------------------------------------------------- */

static void check_labels(const struct sy_type *t, const char *const *want, size_t n)
{
    assert_int_equal(t->n_labels, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(sy_view_is(t->labels[i], want[i]));
    }
}

static void test_prefixes_are_of_characters_in_order_of_appearance(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    struct sy_type t;
    kit_start(&k, params, N_OF(params));
    check_ok(type_list(&k, "%C prefix:1(0)", &t));
    check_labels(&t, (const char *[]){"A", "B", "I"}, 3);
    check_ok(type_list(&k, "%H prefix:1(0)", &t));
    check_labels(&t, (const char *[]){"数", "域"}, 2);
    check_ok(type_list(&k, "%H prefix:2(0)", &t));
    check_labels(&t, (const char *[]){"数字", "数据", "域"}, 3);
    check_ok(type_list(&k, "%S prefix:256(0)", &t));
    check_labels(&t, (const char *[]){"m", "f"}, 2);
    check_ok(type_list(&k, "%c prefix:2(0)", &t));
    assert_true(t.nullable && !t.open);
    check_ok(type_list(&k, "null~str prefix:2(0)", &t));
    assert_true(t.nothing && t.n_labels == 0);
}

/* Sets that plans make, and sets that plans look at, are bounded in sum. */
static void test_label_sets_are_bounded(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    struct sy_type t;
    kit_start(&k, params, N_OF(params));
    k.typer.labels_made = SY_PLAN_LABELS_TOTAL - 9;
    check_ok(type_list(&k, "%C prefix:1(0)", &t));
    check_code(type_list(&k, "%C prefix:1(0)", &t), SY_E_PLAN);
    k.typer.labels_read = SY_PLAN_LABELS_READ - 9;
    check_ok(type_list(&k, "%C str~B lt(0,1)", &t));
    check_ok(type_list(&k, "%C str~B lt(0,1) %C %C ge(3,4)", &t)); /* the same set costs nothing */
    check_code(type_list(&k, "%c str~B lt(0,1)", &t), 0);
    check_code(type_list(&k, "%C str~B lt(0,1)", &t), SY_E_PLAN);
}

/* --- periods ---------------------------------------------------------------------------------------- */

/* Day number of "YYYY-MM-DD", through the parser of date parameters. */
static int64_t day_of(const char *text)
{
    struct sy_view v = sy_view_str(text);
    struct sy_plan_param p = {.kind = sy_view_str("date"), .values = &v, .n_values = 1};
    int64_t ret = 0;
    assert_true(sy_plan_param_value(&p, 0, &ret));
    return ret;
}

static const struct {
    const char *value, *calendar, *first, *last; /* first NULL: none */
} PERIODS[] = {
    {"2020", "", "2020-01-01", "2020-12-31"},
    {"2020", "01-01", "2020-01-01", "2020-12-31"},
    {"2020-Q1", "", "2020-01-01", "2020-03-31"},
    {"2020-Q4", "", "2020-10-01", "2020-12-31"},
    {"2020-02", "", "2020-02-01", "2020-02-29"},
    {"2021-02", "", "2021-02-01", "2021-02-28"},
    {"2020", "10-01", "2019-10-01", "2020-09-30"},
    {"2020-Q1", "10-01", "2019-10-01", "2019-12-31"},
    {"2020-Q2", "10-01", "2020-01-01", "2020-03-31"},
    {"2020-01", "10-01", "2019-10-01", "2019-10-31"},
    {"2020-12", "10-01", "2020-09-01", "2020-09-30"},
    {"2020", "01-02", "2019-01-02", "2020-01-01"},
    {"2020", "12-31", "2019-12-31", "2020-12-30"},
    {"2020-03", "12-31", "2020-02-29", "2020-03-30"},
    {"2020-02", "12-31", "2020-01-31", "2020-02-28"},
    {"0001", "", "0001-01-01", "0001-12-31"},
    {"9999", "", "9999-01-01", "9999-12-31"},
    {"9999-12", "", "9999-12-01", "9999-12-31"},
    {"9999-Q4", "", "9999-10-01", "9999-12-31"},
    {"9999", "10-01", "9998-10-01", "9999-09-30"},
    {"0002", "10-01", "0001-10-01", "0002-09-30"},
    {"0001", "10-01", NULL, NULL}, /* would begin in the year 0 */
    {"0000", "", NULL, NULL},
    {"2020-Q0", "", NULL, NULL},
    {"2020-Q5", "", NULL, NULL},
    {"2020-00", "", NULL, NULL},
    {"2020-13", "", NULL, NULL},
    {"2020-3", "", NULL, NULL},
    {"2020-003", "", NULL, NULL},
    {"2020-Q", "", NULL, NULL},
    {"2020-Q12", "", NULL, NULL},
    {"2020-", "", NULL, NULL},
    {"202", "", NULL, NULL},
    {"20201", "", NULL, NULL},
    {"2020/03", "", NULL, NULL},
    {"+020", "", NULL, NULL},
    {"", "", NULL, NULL},
    {"2020", "02-29", NULL, NULL}, /* not in every year */
    {"2021", "02-29", NULL, NULL}, /* even where there is one */
    {"2020", "13-01", NULL, NULL},
    {"2020", "1-1", NULL, NULL},
    {"2020", "10-1", NULL, NULL},
    {"2020", "10/01", NULL, NULL},
    {"2020", "10-00", NULL, NULL},
};

static void test_periods_have_a_first_and_a_last_day(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(PERIODS); i++) {
        struct sy_view v = sy_view_str(PERIODS[i].value);
        struct sy_plan_param p = {.name = WORLD_V("p"),
                                  .kind = WORLD_V("period"),
                                  .calendar = sy_view_str(PERIODS[i].calendar),
                                  .values = &v,
                                  .n_values = 1};
        int64_t day[2] = {7, 7};
        int64_t position = -1;
        bool want = PERIODS[i].first != NULL;
        bool got = sy_plan_period(&p, 0, &day[0], &day[1]);
        int64_t first = want ? day_of(PERIODS[i].first) : 7;
        int64_t last = want ? day_of(PERIODS[i].last) : 7;
        if (got != want || day[0] != first || day[1] != last) {
            fail_msg("%s of '%s': %d, %lld .. %lld", PERIODS[i].value, PERIODS[i].calendar, got,
                     (long long)day[0], (long long)day[1]);
        }
        assert_int_equal(sy_plan_param_value(&p, 0, &position), want);
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_typer t;
        check_code(sy_typer_init(&t, &p, 1, NULL, 0, &arena, NULL), want ? 0 : SY_E_PLAN);
    }
    int64_t unused;
    assert_false(sy_plan_period(&params[0], 3, &unused, &unused));
    assert_false(sy_plan_period(&params[3], 0, &unused, &unused));
}

static void test_only_periods_have_a_calendar(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_typer t;
    struct sy_error err = {0};
    struct sy_plan_param p = params[3];
    p.calendar = sy_view_str("10-01");
    check_code(sy_typer_init(&t, &p, 1, NULL, 0, &arena, &err), SY_E_PLAN);
    assert_string_equal(err.field, "params[0].c");
    p = params[1];
    p.calendar = sy_view_str("02-30");
    check_code(sy_typer_init(&t, &p, 1, NULL, 0, &arena, &err), SY_E_PLAN);
    assert_string_equal(err.field, "params[0].c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_each_operator_gives),
        cmocka_unit_test(test_what_each_operator_refuses),
        cmocka_unit_test(test_results_carry_the_grades_of_their_arguments),
        cmocka_unit_test(test_prefixes_are_of_characters_in_order_of_appearance),
        cmocka_unit_test(test_label_sets_are_bounded),
        cmocka_unit_test(test_periods_have_a_first_and_a_last_day),
        cmocka_unit_test(test_only_periods_have_a_calendar),
    };
    return cmocka_run_group_tests_name("wire_plan_ops", tests, NULL, NULL);
}
