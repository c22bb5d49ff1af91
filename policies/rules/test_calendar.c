/* The district's calendar, against dates that anybody can look up. */
#include "check.h"

#include "rules/calendar.h"

/* 2025-09-26 12:00 in the district (a Friday); then came 国庆节 and 中秋节, 1 to 8 October, with Sunday 28 September and
 * Saturday 11 October worked. */
enum { DAY_S = 86400 };
static int64_t holidays[] = {20362, 20363, 20364, 20365, 20366, 20367, 20368, 20369};
static int64_t workdays[] = {20359, 20372};
static const struct sy_pack_calendar autumn = {.utc_offset_s = 28800,
                                               .holidays = holidays,
                                               .n_holidays = 8,
                                               .workdays = workdays,
                                               .n_workdays = 2};

static int64_t at(int64_t year, int64_t month, int64_t day)
{
    return calendar_date(NULL, year, month, day);
}

static void dates_are_the_published_ones(void **state)
{
    (void)state;
    assert_int_equal(at(1970, 1, 1), -28800);
    assert_int_equal(at(2025, 3, 4),
                     1741017600); /* the scheme was issued; date -d 2025-03-04T00:00+08 +%s */
    assert_int_equal(at(2000, 3, 1) - at(2000, 2, 28), 2 * DAY_S);
    assert_int_equal(at(2100, 3, 1) - at(2100, 2, 28), DAY_S);
    assert_int_equal(calendar_day(NULL, at(2025, 10, 1)), 20362);
    assert_int_equal(calendar_day(NULL, at(2025, 10, 1) - 1), 20361);
    assert_int_equal(calendar_year(NULL, at(2026, 1, 1)), 2026);
    assert_int_equal(calendar_year(NULL, at(2026, 1, 1) - 1), 2025);
}

static void every_day_of_four_centuries_comes_once(void **state)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t next = at(1900, 1, 1);
    (void)state;
    for (int64_t y = 1900; y < 2301; y++) {
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        for (int64_t m = 1; m <= 12; m++) {
            int64_t n = days[m - 1] + (m == 2 && leap ? 1 : 0);
            for (int64_t d = 1; d <= n; d++, next += DAY_S) {
                assert_int_equal(at(y, m, d), next);
                assert_int_equal(calendar_year(NULL, next), y);
                assert_int_equal(calendar_months(NULL, next, 0), next);
            }
        }
    }
}

static void weekends_and_holidays_do_not_count(void **state)
{
    const int64_t friday = at(2025, 9, 26) + DAY_S / 2;
    (void)state;
    assert_false(calendar_works(NULL, calendar_day(NULL, at(2025, 9, 28)))); /* a Sunday */
    assert_true(calendar_works(&autumn, calendar_day(NULL, at(2025, 9, 28))));
    assert_false(calendar_works(&autumn, calendar_day(NULL, at(2025, 10, 1))));
    assert_int_equal(calendar_deadline(NULL, friday, 1), at(2025, 9, 30) - 1);
    assert_int_equal(calendar_deadline(&autumn, friday, 1), at(2025, 9, 29) - 1);
    assert_int_equal(calendar_deadline(&autumn, friday, 4), at(2025, 10, 10) - 1);
    assert_int_equal(calendar_deadline(&autumn, friday, 6), at(2025, 10, 12) - 1);
    assert_int_equal(calendar_deadline(&autumn, friday, 0), at(2025, 9, 27) - 1);
}

static void months_keep_the_day_or_take_the_last(void **state)
{
    (void)state;
    assert_int_equal(calendar_months(NULL, at(2025, 1, 31) + 5, 1), at(2025, 2, 28) + 5);
    assert_int_equal(calendar_months(NULL, at(2024, 1, 31), 1), at(2024, 2, 29));
    assert_int_equal(calendar_months(NULL, at(2025, 3, 15), -3), at(2024, 12, 15));
    assert_int_equal(calendar_months(NULL, at(2025, 3, 31), -13), at(2024, 2, 29));
    assert_int_equal(calendar_years(NULL, at(2025, 3, 4), 5), at(2030, 3, 4));
    assert_int_equal(calendar_years(NULL, at(2024, 2, 29), 1), at(2025, 2, 28));
}

static void the_ends_of_time_are_ends(void **state)
{
    const int64_t last = calendar_months(NULL, INT64_MAX, 0);
    (void)state;
    assert_int_equal(calendar_years(NULL, INT64_MAX, INT64_MAX), last);
    assert_int_equal(calendar_deadline(NULL, INT64_MAX, UINT64_MAX), last);
    assert_true(calendar_years(NULL, INT64_MIN, INT64_MIN) <= at(1, 1, 1) + DAY_S);
    assert_true(calendar_deadline(NULL, at(2025, 1, 1), UINT64_MAX) > at(2100, 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_the_published_ones),
        cmocka_unit_test(every_day_of_four_centuries_comes_once),
        cmocka_unit_test(weekends_and_holidays_do_not_count),
        cmocka_unit_test(months_keep_the_day_or_take_the_last),
        cmocka_unit_test(the_ends_of_time_are_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
