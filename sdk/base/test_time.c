/* Tests of times: RFC 3339 in its forms, what is refused, and every day of ten thousand years. */
#include "check.h"

#include <time.h>

#include "base/time.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static void test_times_round_trip(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t utc_s;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59Z", -1},
        {"2000-02-29T12:34:56Z", 951827696},
        {"2000-03-01T00:00:00Z", 951868800},
        {"1900-02-28T23:59:59Z", -2203891201},
        {"2038-01-19T03:14:08Z", INT64_C(2147483648)},
        {"2026-11-21T22:00:00Z", 1795298400},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
        {"0001-01-01T00:00:00Z", INT64_C(-62135596800)},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        char text[21];
        int64_t t = 1;
        sy_time_format(cases[i].utc_s, text);
        assert_string_equal(text, cases[i].text);
        check_ok(sy_time_parse(sy_view_str(cases[i].text), &t));
        assert_int_equal(t, cases[i].utc_s);
    }
    char text[21];
    sy_time_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    sy_time_format(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
}

static void test_time_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t utc_s;
    } cases[] = {
        {"1970-01-01", 0},
        {"2000-02-29", 951782400},
        {"1970-01-01T08:00:00+08:00", 0},
        {"1969-12-31T18:30:00-05:30", 0},
        {"1970-01-01T00:00:00-00:00", 0},
        {"1970-01-01T23:59:00+23:59", 0},
        {"1970-01-01t00:00:01.999999999z", 1},
        {"1970-01-01 00:00:02.5Z", 2},
        {"2016-12-31T23:59:60Z", 1483228800},
        {"2017-01-01T07:59:60+08:00", 1483228800},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        int64_t t = 1;
        check_ok(sy_time_parse(sy_view_str(cases[i].text), &t));
        assert_int_equal(t, cases[i].utc_s);
    }
}

static void test_bad_times_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "1970",
        "1970-01",
        "1970-1-1",
        "1970-01-01T",
        "1970-01-01T00:00Z",
        "1970-01-01T00:00:00",
        "1970-01-01T00:00:00ZZ",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00+0800",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+08:60",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:61Z",
        "1970-01-01T12:00:60Z",
        "2016-12-31T23:59:60+08:00",
        "1970-01-01Z",
        "1970-00-01",
        "1970-13-01",
        "1970-01-00",
        "1970-01-32",
        "1970-04-31",
        "1900-02-29",
        "2001-02-29",
        "0000-01-01",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "+970-01-01",
        " 1970-01-01",
        "1970-01-01 ",
        "1970/01/01",
        "19700-01-01",
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        int64_t t = 42;
        sy_status s = sy_time_parse(sy_view_str(cases[i]), &t);
        if (s.code != SY_E_FIELD || t != 42) {
            fail_msg("accepted or wrote: %s", cases[i]);
        }
    }
    int64_t t = 42;
    check_code(sy_time_parse(sy_view("1970-01-01\0", 11), &t), SY_E_FIELD);
}

static void test_every_day_round_trips(void **state)
{
    (void)state;
    int32_t expected = 0;
    assert_true(sy_days_of_date(1, 1, 1, &expected));
    assert_int_equal(expected, -719162);
    int last_month = 0;
    for (int32_t days = expected; days <= 2932896; days++) {
        int y = 0;
        int m = 0;
        int d = 0;
        int32_t back = 0;
        sy_date_of_days(days, &y, &m, &d);
        if (!sy_days_of_date(y, m, d, &back) || back != days || (d == 1) != (m != last_month)) {
            fail_msg("day %d is %d-%d-%d", (int)days, y, m, d);
        }
        last_month = m;
    }
    int y = 0;
    int m = 0;
    int d = 0;
    sy_date_of_days(INT32_MAX, &y, &m, &d);
    assert_true(y == 9999 && m == 12 && d == 31);
    sy_date_of_days(INT32_MIN, &y, &m, &d);
    assert_true(y == 1 && m == 1 && d == 1);
    assert_false(sy_days_of_date(10000, 1, 1, &expected));
}

static void test_clocks_agree_with_the_system(void **state)
{
    (void)state;
    time_t now = time(NULL);
    assert_true(sy_now_s() - (int64_t)now <= 1);
    uint64_t before = sy_mono_ns();
    assert_true(sy_mono_ns() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_round_trip),
        cmocka_unit_test(test_time_forms),
        cmocka_unit_test(test_bad_times_are_refused),
        cmocka_unit_test(test_every_day_round_trips),
        cmocka_unit_test(test_clocks_agree_with_the_system),
    };
    return cmocka_run_group_tests_name("base_time", tests, NULL, NULL);
}
