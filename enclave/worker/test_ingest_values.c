/*
 * Each type's good and bad values, alone (ingest_value_read) and in a file with a nullable and a
 * not nullable field, and the counts that the quality report shows for them.
 */
#include "test_ingest.h"

#include <stdio.h>

#include "ingest_value.h"

struct value_case {
    const char *cell;
    enum ingest_rule rule;
    int64_t n;
    enum ingest_rule how;
};

static void check_cases(const struct sy_field_def *def, const struct value_case *cases, size_t n)
{
    struct ingest_spec spec;
    struct ingest_value v;
    check_ok(ingest_spec_init(def, &spec));
    for (size_t i = 0; i < n; i++) {
        enum ingest_rule rule = ingest_value_read(&spec, sy_view_str(cases[i].cell), &v);
        if (rule != cases[i].rule) {
            fail_msg("'%s': %s, want %s", cases[i].cell, ingest_rule_name(rule),
                     ingest_rule_name(cases[i].rule));
        }
        if (rule == INGEST_FINE && (v.n != cases[i].n || v.how != cases[i].how)) {
            fail_msg("'%s': %lld (%s)", cases[i].cell, (long long)v.n, ingest_rule_name(v.how));
        }
    }
    ingest_spec_deinit(&spec);
}

static void test_int32(void **state)
{
    (void)state;
    const struct sy_field_def def = {.type = STR("int32"), .lo = -20, .hi = 120};
    static const struct value_case cases[] = {
        {"0", INGEST_FINE, 0, 0},
        {"120", INGEST_FINE, 120, 0},
        {"-20", INGEST_FINE, -20, 0},
        {"+7", INGEST_FINE, 7, 0},
        {"007", INGEST_FINE, 7, 0},
        {" 7\t", INGEST_FINE, 7, 0},
        {"　7　", INGEST_FINE, 7, 0},
        {"-0", INGEST_FINE, 0, 0},
        {"121", INGEST_BOUNDS, 0, 0},
        {"-21", INGEST_BOUNDS, 0, 0},
        {"4294967296", INGEST_BOUNDS, 0, 0},
        {"18446744073709551616", INGEST_BOUNDS, 0, 0},
        {"99999999999999999999999999999999", INGEST_BOUNDS, 0, 0},
        {"", INGEST_MISSING, 0, 0},
        {" ", INGEST_MISSING, 0, 0},
        {"　", INGEST_MISSING, 0, 0},
        {"-", INGEST_TYPE, 0, 0},
        {"+", INGEST_TYPE, 0, 0},
        {"1.0", INGEST_TYPE, 0, 0},
        {"1e2", INGEST_TYPE, 0, 0},
        {"0x1", INGEST_TYPE, 0, 0},
        {"--1", INGEST_TYPE, 0, 0},
        {"1 2", INGEST_TYPE, 0, 0},
        {"NA", INGEST_TYPE, 0, 0},
        {"９", INGEST_TYPE, 0, 0},
        {"7\xFF", INGEST_ENCODING, 0, 0},
        {"\xE3\x80", INGEST_ENCODING, 0, 0},
    };
    check_cases(&def, cases, N_OF(cases));
}

static void test_int64(void **state)
{
    (void)state;
    const struct sy_field_def def = {.type = STR("int64")};
    static const struct value_case cases[] = {
        {"9223372036854775807", INGEST_FINE, INT64_MAX, 0},
        {"-9223372036854775808", INGEST_FINE, INT64_MIN, 0},
        {"9223372036854775808", INGEST_BOUNDS, 0, 0},
        {"-9223372036854775809", INGEST_BOUNDS, 0, 0},
    };
    check_cases(&def, cases, N_OF(cases));
}

static void test_decimal(void **state)
{
    (void)state;
    const struct sy_field_def def = {.type = STR("decimal"), .scale = 1, .lo = -1000, .hi = 3000};
    static const struct value_case cases[] = {
        {"70.4", INGEST_FINE, 704, 0},
        {"60", INGEST_FINE, 600, 0},
        {"60.", INGEST_FINE, 600, 0},
        {".5", INGEST_FINE, 5, 0},
        {"-.5", INGEST_FINE, -5, 0},
        {"60.00", INGEST_FINE, 600, 0},
        {"22.6909394821587", INGEST_FINE, 227, INGEST_ROUNDING},
        {"0.05", INGEST_FINE, 1, INGEST_ROUNDING},
        {"-0.05", INGEST_FINE, -1, INGEST_ROUNDING},
        {"0.049999999999999999999999999", INGEST_FINE, 0, INGEST_ROUNDING},
        {"9.95", INGEST_FINE, 100, INGEST_ROUNDING},
        {"-9.95", INGEST_FINE, -100, INGEST_ROUNDING},
        {"300.04", INGEST_FINE, 3000, INGEST_ROUNDING},
        {"300.05", INGEST_BOUNDS, 0, 0},
        {"-100.1", INGEST_BOUNDS, 0, 0},
        {"99999999999999999999.9", INGEST_BOUNDS, 0, 0},
        {"9223372036854775807", INGEST_BOUNDS, 0, 0},
        {".", INGEST_TYPE, 0, 0},
        {"-.", INGEST_TYPE, 0, 0},
        {"1.2.3", INGEST_TYPE, 0, 0},
        {"1,2", INGEST_TYPE, 0, 0},
        {"1e3", INGEST_TYPE, 0, 0},
        {"1.2e3", INGEST_TYPE, 0, 0},
        {"nan", INGEST_TYPE, 0, 0},
        {"inf", INGEST_TYPE, 0, 0},
        {"1.-2", INGEST_TYPE, 0, 0},
    };
    check_cases(&def, cases, N_OF(cases));
    const struct sy_field_def whole = {.type = STR("decimal"), .scale = 0};
    static const struct value_case at_ends[] = {
        {"9223372036854775807", INGEST_FINE, INT64_MAX, 0},
        {"9223372036854775807.4", INGEST_FINE, INT64_MAX, INGEST_ROUNDING},
        {"9223372036854775807.5", INGEST_BOUNDS, 0, 0},
        {"-9223372036854775808.4", INGEST_FINE, INT64_MIN, INGEST_ROUNDING},
    };
    check_cases(&whole, at_ends, N_OF(at_ends));
}

static void test_date(void **state)
{
    (void)state;
    const struct sy_field_def def = {.type = STR("date"), .lo = -1, .hi = 20000};
    static const struct value_case cases[] = {
        {"1970-01-01", INGEST_FINE, 0, 0},   {"19700102", INGEST_FINE, 1, 0},
        {"1969-12-31", INGEST_FINE, -1, 0},  {"2024-02-29", INGEST_FINE, 19782, 0},
        {"1969-12-30", INGEST_BOUNDS, 0, 0}, {"2200-01-01", INGEST_BOUNDS, 0, 0},
        {"2023-02-29", INGEST_TYPE, 0, 0},   {"2023-13-01", INGEST_TYPE, 0, 0},
        {"2023-00-01", INGEST_TYPE, 0, 0},   {"2023-1-1", INGEST_TYPE, 0, 0},
        {"2023/01/01", INGEST_TYPE, 0, 0},   {"230101", INGEST_TYPE, 0, 0},
        {"2023-01-0a", INGEST_TYPE, 0, 0},   {"2023-01-01T00:00:00Z", INGEST_TYPE, 0, 0},
        {"0000-01-01", INGEST_TYPE, 0, 0},
    };
    check_cases(&def, cases, N_OF(cases));
}

static void test_bool_and_enum(void **state)
{
    (void)state;
    const struct sy_field_def flag = {.type = STR("bool"), .lo = 1, .hi = 1};
    static const struct value_case flags[] = {
        {"0", INGEST_FINE, 0, 0},     {"1", INGEST_FINE, 1, 0},   {"true", INGEST_FINE, 1, 0},
        {"FALSE", INGEST_FINE, 0, 0}, {"是", INGEST_FINE, 1, 0},  {"否", INGEST_FINE, 0, 0},
        {"2", INGEST_TYPE, 0, 0},     {"yes", INGEST_TYPE, 0, 0}, {"不", INGEST_TYPE, 0, 0},
    };
    check_cases(&flag, flags, N_OF(flags));
    struct sy_view values[] = {STR("男"), STR("cardiac arrest"), STR("a,b")};
    const struct sy_field_def set = {.type = STR("enum"), .values = values, .n_values = 3};
    static const struct value_case labels[] = {
        {"男", INGEST_FINE, 0, 0},
        {" cardiac arrest ", INGEST_FINE, 1, 0},
        {"a,b", INGEST_FINE, 2, 0},
        {"女", INGEST_VALUE_SET, 0, 0},
        {"Cardiac arrest", INGEST_VALUE_SET, 0, 0},
        {"\xE7\x94", INGEST_ENCODING, 0, 0},
    };
    check_cases(&set, labels, N_OF(labels));
}

static void check_id(const char *cell, enum ingest_rule rule, const char *want,
                     enum ingest_rule how)
{
    const struct sy_field_def def = {.type = STR("unit")};
    struct ingest_spec spec;
    struct ingest_value v;
    check_ok(ingest_spec_init(&def, &spec));
    assert_int_equal(ingest_value_read(&spec, sy_view_str(cell), &v), rule);
    if (rule == INGEST_FINE) {
        assert_true(sy_view_is(v.text, want));
        assert_int_equal(v.how, how);
    }
    ingest_spec_deinit(&spec);
}

static void test_identifiers_are_normalised(void **state)
{
    (void)state;
    char longest[70] = "";
    char wide[400] = "";
    memset(longest, 'X', 65);
    for (size_t i = 0; i < 64; i++) {
        memcpy(wide + 3 * i, "Ａ", 3);
    }
    check_id("A1", INGEST_FINE, "A1", INGEST_FINE);
    check_id("a1 ", INGEST_FINE, "A1", INGEST_NORMALISED);
    check_id("Ａ１", INGEST_FINE, "A1", INGEST_NORMALISED);
    check_id("　ａ１　 ", INGEST_FINE, "A1", INGEST_NORMALISED);
    check_id(" A1", INGEST_FINE, "A1", INGEST_NORMALISED);
    check_id("A 1", INGEST_FINE, "A 1", INGEST_FINE);
    check_id("A　1", INGEST_FINE, "A 1", INGEST_NORMALISED);
    check_id("！～｀＿", INGEST_FINE, "!~`_", INGEST_NORMALISED);
    check_id("区370882ｘ", INGEST_FINE, "区370882X", INGEST_NORMALISED);
    check_id("｟", INGEST_FINE, "｟", INGEST_FINE); /* U+FF5F: not one of them */
    check_id(" 　", INGEST_MISSING, "", 0);
    check_id(longest, INGEST_BOUNDS, "", 0);
    longest[64] = '\0';
    check_id(longest, INGEST_FINE, longest, INGEST_FINE);
    memset(longest, 'A', 64);
    check_id(wide, INGEST_FINE, longest, INGEST_NORMALISED);
    memcpy(wide + 192, "Ａ", 3);
    check_id(wide, INGEST_BOUNDS, "", 0);
    check_id("A\xFF", INGEST_ENCODING, "", 0);
}

static void test_entries_that_cannot_be_read(void **state)
{
    (void)state;
    struct sy_view twice[] = {STR("a"), STR("a")};
    const struct sy_field_def bad[] = {
        {.type = STR("float")},
        {.type = STR("")},
        {.type = STR("enum")},
        {.type = STR("enum"), .values = twice, .n_values = 2},
        {.type = STR("int32"), .lo = 2, .hi = 1},
        {.type = STR("int32"), .lo = 0, .hi = (int64_t)1 << 40},
        {.type = STR("decimal"), .scale = 19},
    };
    for (size_t i = 0; i < N_OF(bad); i++) {
        struct ingest_spec spec;
        check_code(ingest_spec_init(&bad[i], &spec), SY_E_FIELD);
    }
    struct sy_field_def fields[] = {{.name = STR("good"), .type = STR("bool")},
                                    {.name = STR("evil"), .type = STR("float")}};
    struct sy_dataset_def def = def_of(fields, 2);
    struct ingest *in = NULL;
    struct sy_error e = {0};
    check_code(ingest_new(&def, run_sink, NULL, &in, &e), SY_E_FIELD);
    assert_string_equal(e.field, "evil");
    def.n_fields = 0;
    check_code(ingest_new(&def, run_sink, NULL, &in, &e), SY_E_FIELD);
    def.n_fields = 1;
    def.encoding = sy_view_str("latin-1");
    check_code(ingest_new(&def, run_sink, NULL, &in, &e), SY_E_FIELD);
    assert_string_equal(e.field, "encoding");
    assert_null(in);
}

/* Every type twice: as it is and nullable. */
static void test_nulled_rejected_and_coerced_are_counted(void **state)
{
    (void)state;
    struct sy_view values[] = {STR("x"), STR("y")};
    struct sy_field_def fields[] = {
        {.name = STR("id"), .type = STR("unit")},
        {.name = STR("n"), .type = STR("int32"), .lo = 0, .hi = 9},
        {.name = STR("m"), .type = STR("int32"), .lo = 0, .hi = 9, .nullable = true},
        {.name = STR("d"), .type = STR("decimal"), .scale = 2, .nullable = true},
        {.name = STR("e"), .type = STR("enum"), .values = values, .n_values = 2, .nullable = true},
        {.name = STR("t"), .type = STR("text"), .nullable = true},
    };
    struct sy_dataset_def def = def_of(fields, N_OF(fields));
    RUN_CLEANUP struct run r;
    run_file(&r, &def,
             TEXT_OF("id,n,m,d,e,t\n"
                     "A1,1,1,1.25,x,one\n"        /* 0 */
                     "a1,2,,,,\n"                 /* 1: five NULLs that nobody counts */
                     "\"A1 \",3,10,1.255,z,two\n" /* 2: bounds, rounding, value_set */
                     "B,4,?,-1.255,y,one\n"       /* 3: type */
                     ",5,1,1,x,lost\n"            /* missing */
                     "C,,1,1.999,z,lost\n"        /* missing; its coercions do not count */
                     "C,10,1,1,x,lost\n"          /* bounds */
                     "C,x,1,1,x,lost\n"           /* type */
                     "C,6,1,1,x,\xFF\n"           /* encoding, though nullable */
                     "\"C\x00\",6,1,1,x,u\n"      /* a NUL byte */
                     "D,6,1,1,x\n"                /* too few */
                     "D,6,1,1,x,u,v\n"            /* too many */
                     "D,7,7,7,y,three\n"          /* 4 */
                     "D,8,8,8,y,a\t\x7f数\n"),    /* 5: control characters in a text */
             0);
    run_expect_rows(&r, 14, 6);
    assert_int_equal(run_count(&r, "id", "normalised").coerced, 2);
    assert_int_equal(run_count(&r, "id", "missing").rejected, 1);
    assert_int_equal(run_count(&r, "id", "encoding").rejected, 1);
    assert_int_equal(run_count(&r, "n", "missing").rejected, 1);
    assert_int_equal(run_count(&r, "n", "bounds").rejected, 1);
    assert_int_equal(run_count(&r, "n", "type").rejected, 1);
    assert_int_equal(run_count(&r, "m", "bounds").nulled, 1);
    assert_int_equal(run_count(&r, "m", "type").nulled, 1);
    assert_int_equal(run_count(&r, "d", "rounding").coerced, 2);
    assert_int_equal(run_count(&r, "e", "value_set").nulled, 1);
    assert_int_equal(run_count(&r, "t", "encoding").rejected, 1);
    assert_int_equal(run_count(&r, "t", "normalised").coerced, 1);
    assert_int_equal(run_count(&r, "", "columns").rejected, 2);
    for (size_t row = 0; row < 3; row++) {
        assert_true(sy_view_is(run_id(&r, 0, row), "A1"));
    }
    assert_int_equal(run_number(&r, 3, 2), 126);
    assert_int_equal(run_number(&r, 3, 3), -126);
    for (size_t column = 2; column < 6; column++) {
        assert_true(run_null(&r, column, 1));
        assert_int_equal(run_number(&r, column, 1), 0);
        assert_false(run_null(&r, column, 0) || run_null(&r, column, 4));
    }
    assert_true(run_null(&r, 2, 2) && run_null(&r, 2, 3) && run_null(&r, 4, 2));
    assert_true(sy_view_is(run_text(&r, 5, 3), "one"));
    assert_true(sy_view_is(run_text(&r, 5, 4), "three"));
    assert_true(sy_view_is(run_text(&r, 5, 5), "a  数"));
    assert_int_equal(r.batches[0].columns[5].n_dict, 4); /* "lost" left no label */
}

static void test_widths_of_the_batch(void **state)
{
    (void)state;
    static struct sy_view many[300];
    static char names[300][8];
    for (size_t i = 0; i < N_OF(many); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "v%zu", i);
        many[i] = sy_view_str(names[i]);
    }
    struct sy_field_def fields[] = {
        {.name = STR("a"), .type = STR("int64"), .lo = -5, .hi = 5},
        {.name = STR("b"), .type = STR("bool")},
        {.name = STR("c"), .type = STR("enum"), .values = many, .n_values = 300},
        {.name = STR("d"), .type = STR("date"), .nullable = true},
        {.name = STR("e"), .type = STR("unit"), .nullable = true},
    };
    static const uint64_t widths[] = {8, 1, 2, 4, 4};
    struct sy_dataset_def def = def_of(fields, N_OF(fields));
    RUN_CLEANUP struct run r;
    run_file(&r, &def, TEXT_OF("a,b,c,d,e\n-5,1,v299,1969-12-31,\n5,否,v0,,x\n"), 0);
    run_expect_rows(&r, 2, 2);
    for (size_t i = 0; i < N_OF(widths); i++) {
        assert_int_equal(r.batches[0].columns[i].width, widths[i]);
    }
    assert_int_equal(run_number(&r, 0, 0), -5);
    assert_int_equal(run_number(&r, 2, 0), 299);
    assert_int_equal(run_number(&r, 3, 0), -1);
    assert_true(run_null(&r, 3, 1));
    assert_int_equal(r.batches[0].columns[0].nulls.n, 0);
    assert_int_equal(r.batches[0].columns[4].data.n, 0);
    assert_int_equal(run_id(&r, 4, 0).n, 0);
    assert_true(sy_view_is(run_id(&r, 4, 1), "X"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int32),
        cmocka_unit_test(test_int64),
        cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_date),
        cmocka_unit_test(test_bool_and_enum),
        cmocka_unit_test(test_identifiers_are_normalised),
        cmocka_unit_test(test_entries_that_cannot_be_read),
        cmocka_unit_test(test_nulled_rejected_and_coerced_are_counted),
        cmocka_unit_test(test_widths_of_the_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
