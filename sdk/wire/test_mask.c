/* Masks: words, entries after the mask, values and merged labels. */
#include "check.h"

#include <string.h>

#include "base/time.h"
#include "wire/mask.h"

static struct sy_mask mask_of(const char *text)
{
    struct sy_mask mask = {0};
    check_ok(sy_mask_parse(sy_view_str(text), &mask, NULL));
    return mask;
}

static struct sy_field_def field(const char *type, int64_t lo, int64_t hi)
{
    return (struct sy_field_def){
        .name = sy_view_str("f"), .type = sy_view_str(type), .lo = lo, .hi = hi, .grade = 3};
}

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sy_mask_kind kind;
        int64_t n;
    } GOOD[] = {
        {"", SY_MASK_NONE, 0},
        {"drop", SY_MASK_DROP, 0},
        {"band:1", SY_MASK_BAND, 1},
        {"pseudonym", SY_MASK_PSEUDONYM, 0},
        {"band:10", SY_MASK_BAND, 10},
        {"date:month", SY_MASK_MONTH, 0},
        {"prefix:64", SY_MASK_PREFIX, 64},
        {"date:year", SY_MASK_YEAR, 0},
        {"date:years:100", SY_MASK_YEARS, 100},
        {"band:9223372036854775807", SY_MASK_BAND, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
        struct sy_mask m = mask_of(GOOD[i].text);
        assert_int_equal(m.kind, GOOD[i].kind);
        assert_int_equal(m.n, GOOD[i].n);
    }
    static const char *const BAD[] = {
        "none",         "Drop",           "drop ",
        "band",         "band:",          "band:0",
        "band:-5",      "band:+5",        "band:05",
        "band:5x",      "band: 5",        "date",
        "date:day",     "prefix:65",      "prefix:0",
        "pseudonym:",   "drop:1",         "band:9223372036854775808",
        "date:month1",  "prefix:",        "date:years",
        "date:years:0", "date:years:101",
    };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct sy_mask m = {SY_MASK_NONE, 7};
        struct sy_error e = {0};
        check_code(sy_mask_parse(sy_view_str(BAD[i]), &m, &e), SY_E_FIELD);
        assert_string_equal(e.field, "mask");
        assert_int_equal(m.n, 7);
    }
}

static void bands(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_field_def age = field("int32", 18, 99);
    struct sy_mask m = mask_of("band:10");
    struct sy_field_def masked;
    check_ok(sy_mask_def(&age, &m, &a, &masked, NULL));
    assert_int_equal(masked.lo, 18);
    assert_int_equal(masked.hi, 98);
    static const int64_t IN[] = {18, 27, 28, 97, 98, 99, -5, 500};
    static const int64_t OUT[] = {18, 18, 28, 88, 98, 98, 18, 98};
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(sy_mask_i64(&age, &m, IN[i]), OUT[i]);
    }
    struct sy_field_def all = field("int64", INT64_MIN, INT64_MAX);
    m = mask_of("band:9223372036854775807");
    assert_int_equal(sy_mask_i64(&all, &m, INT64_MAX), INT64_MAX - 1);
    assert_int_equal(sy_mask_i64(&all, &m, INT64_MIN), INT64_MIN);
    assert_int_equal(sy_mask_i64(&all, &m, -2), INT64_MIN);
    assert_int_equal(sy_mask_i64(&all, &m, 0), -1);
}

static int32_t day(int y, int m, int d)
{
    int32_t days = 0;
    assert_true(sy_days_of_date(y, m, d, &days));
    return days;
}

static void dates(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_field_def born = field("date", day(1920, 5, 17), day(2020, 2, 29));
    struct sy_mask month = mask_of("date:month"), year = mask_of("date:year");
    struct sy_field_def masked;
    check_ok(sy_mask_def(&born, &month, &a, &masked, NULL));
    assert_int_equal(masked.lo, day(1920, 5, 1));
    assert_int_equal(masked.hi, day(2020, 2, 1));
    check_ok(sy_mask_def(&born, &year, &a, &masked, NULL));
    assert_int_equal(masked.lo, day(1920, 1, 1));
    assert_int_equal(masked.hi, day(2020, 1, 1));
    assert_int_equal(sy_mask_i64(&born, &month, day(1969, 12, 31)), day(1969, 12, 1));
    assert_int_equal(sy_mask_i64(&born, &year, day(1969, 12, 31)), day(1969, 1, 1));
    assert_int_equal(sy_mask_i64(&born, &year, day(2024, 7, 1)), day(2020, 1, 1));
}

/* Bands of years start at multiples of N, also where lo and hi do not. */
static void bands_of_years(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_field_def born = field("date", day(1923, 5, 17), day(2020, 2, 29));
    struct sy_mask five = mask_of("date:years:5"), one = mask_of("date:years:1");
    struct sy_mask year = mask_of("date:year");
    struct sy_field_def masked;
    check_ok(sy_mask_def(&born, &five, &a, &masked, NULL));
    assert_int_equal(masked.lo, day(1920, 1, 1));
    assert_int_equal(masked.hi, day(2020, 1, 1));
    assert_int_equal(sy_mask_i64(&born, &five, day(1987, 5, 17)), day(1985, 1, 1));
    assert_int_equal(sy_mask_i64(&born, &five, day(1984, 12, 31)), day(1980, 1, 1));
    assert_int_equal(sy_mask_i64(&born, &five, day(1900, 1, 1)), day(1920, 1, 1)); /* clamped */
    int64_t before = INT64_MIN;
    for (int32_t d = day(1923, 5, 17); d <= day(2020, 2, 29); d++) {
        int64_t m = sy_mask_i64(&born, &five, d);
        assert_true(m >= before && m >= masked.lo && m <= d);
        assert_int_equal(sy_mask_i64(&born, &one, d), sy_mask_i64(&born, &year, d));
        before = m;
    }
    struct sy_field_def old = field("date", day(1, 1, 1), day(120, 2, 1));
    struct sy_mask century = mask_of("date:years:100");
    assert_int_equal(sy_mask_i64(&old, &century, day(50, 7, 1)), day(1, 1, 1)); /* no year 0 */
    assert_int_equal(sy_mask_i64(&old, &century, day(119, 7, 1)), day(100, 1, 1));
}

/* Before the mask: A01, B07 and A02; cut to one character A01 and A02 are one. */
static void prefixes(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_view values[] = {sy_view_str("A01"),    sy_view_str("B07"),    sy_view_str("A02"),
                               sy_view_str("杭州市"), sy_view_str("杭锦旗"), sy_view_str("")};
    struct sy_field_def code = field("enum", 0, 0);
    code.values = values;
    code.n_values = 6;
    struct sy_mask m = mask_of("prefix:1");
    struct sy_field_def masked;
    check_ok(sy_mask_def(&code, &m, &a, &masked, NULL));
    assert_int_equal(masked.n_values, 4);
    assert_true(sy_view_is(masked.values[0], "A"));
    assert_true(sy_view_is(masked.values[1], "B"));
    assert_true(sy_view_is(masked.values[2], "杭"));
    assert_true(sy_view_is(masked.values[3], ""));
    assert_int_equal(code.n_values, 6);
    assert_true(sy_view_is(sy_mask_prefix(sy_view_str("杭州市"), 2), "杭州"));
    assert_true(sy_view_is(sy_mask_prefix(sy_view_str("杭州市"), 9), "杭州市"));

    uint32_t map[6];
    struct sy_view *merged = NULL;
    size_t n = 0;
    struct sy_view twice[] = {sy_view_str("b"), sy_view_str("a"), sy_view_str("b"),
                              sy_view_str("a"), sy_view_str("c"), sy_view_str("b")};
    check_ok(sy_mask_merge(twice, 6, &a, &merged, &n, map));
    assert_int_equal(n, 3);
    static const uint32_t WANT[] = {0, 1, 0, 1, 2, 0};
    assert_memory_equal(map, WANT, sizeof(WANT));
    check_ok(sy_mask_merge(NULL, 0, &a, &merged, &n, map));
    assert_int_equal(n, 0);
}

static void refused(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    static const struct {
        const char *type, *mask;
        int32_t code;
    } CASES[] = {
        {"int32", "pseudonym", SY_E_FIELD},  {"int64", "prefix:2", SY_E_FIELD},
        {"date", "band:7", SY_E_FIELD},      {"int32", "date:year", SY_E_FIELD},
        {"bool", "band:2", SY_E_FIELD},      {"unit", "band:2", SY_E_FIELD},
        {"text", "band:2", SY_E_FIELD},      {"float", "", SY_E_FIELD},
        {"enum", "drop", SY_E_FIELD_DENIED}, {"int32", "drop", SY_E_FIELD_DENIED},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct sy_field_def def = field(CASES[i].type, 1, 9), masked = {0};
        struct sy_mask m = mask_of(CASES[i].mask);
        struct sy_error e = {0};
        check_code(sy_mask_def(&def, &m, &a, &masked, &e), CASES[i].code);
        assert_string_equal(e.field, "f");
        assert_null(masked.name.p);
    }
    struct sy_field_def open = field("int32", 0, 0), masked;
    struct sy_mask m = mask_of("band:5");
    check_code(sy_mask_def(&open, &m, &a, &masked, NULL), SY_E_FIELD); /* no bounds declared */
    m = (struct sy_mask){0};
    check_code(sy_mask_def(&open, &m, &a, &masked, NULL), SY_E_FIELD);
}

static void pseudonyms_and_widths(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena a = {0};
    struct sy_view *values = sy_arena_alloc(&a, 65536, sizeof(*values));
    struct sy_field_def code = field("enum", 0, 0), masked;
    code.values = values;
    static const struct {
        size_t n;
        uint64_t width;
    } ENUMS[] = {{1, 1}, {255, 1}, {256, 2}, {65535, 2}, {65536, 4}};
    for (size_t i = 0; i < sizeof(ENUMS) / sizeof(ENUMS[0]); i++) {
        code.n_values = ENUMS[i].n;
        assert_int_equal(sy_field_width(&code), ENUMS[i].width);
    }
    struct sy_mask m = mask_of("pseudonym");
    check_ok(sy_mask_def(&code, &m, &a, &masked, NULL));
    assert_true(sy_view_is(masked.type, "text"));
    assert_int_equal(masked.n_values, 0);
    assert_int_equal(sy_field_width(&masked), 4);
    struct sy_field_def unit = field("unit", 0, 0), odd = field("blob", 0, 0);
    check_ok(sy_mask_def(&unit, &m, &a, &masked, NULL));
    assert_true(sy_view_is(masked.type, "unit"));
    assert_int_equal(sy_field_width(&odd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),          cmocka_unit_test(bands),
        cmocka_unit_test(dates),          cmocka_unit_test(prefixes),
        cmocka_unit_test(refused),        cmocka_unit_test(pseudonyms_and_widths),
        cmocka_unit_test(bands_of_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
