/*
 * Periods: years, quarters and months of a calendar whose year may begin on any day that every year has.
 * A year that begins later than 01-01 is named by the year it ends in; quarters and months count from
 * its begin, each to the day before the next one's.
 */
#include "base/time.h"
#include "plan_date.h"
#include "plan_type_internal.h"

enum { MONTHS_OF_YEAR = 12, MONTHS_OF_QUARTER = 3 };

/* n digits as a number. */
static bool number(struct sy_view text, size_t at, size_t n, int *ret)
{
    *ret = 0;
    for (size_t i = at; i < at + n; i++) {
        if (i >= text.n || text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        *ret = *ret * 10 + (text.p[i] - '0');
    }
    return true;
}

/* "2020", "2020-Q3", "2020-03": the year, and from which month of it how many. */
static bool parse(struct sy_view text, int *ret_year, int *ret_from, int *ret_n)
{
    int part = 1;
    bool year = number(text, 0, 4, ret_year);
    if (!year || text.n == 4) {
        *ret_from = 0;
        *ret_n = MONTHS_OF_YEAR;
        return year;
    }
    bool dash = text.n == 7 && text.p[4] == '-';
    if (dash && text.p[5] == 'Q') {
        *ret_n = MONTHS_OF_QUARTER;
        dash = number(text, 6, 1, &part);
    } else {
        *ret_n = 1;
        dash = dash && number(text, 5, 2, &part);
    }
    *ret_from = (part - 1) * *ret_n;
    return dash && part >= 1 && *ret_from < MONTHS_OF_YEAR;
}

/* "MM-DD"; "" is 01-01. Not 02-29, which most years lack. */
static bool parse_calendar(struct sy_view text, int *ret_month, int *ret_day)
{
    enum { COMMON_YEAR = 2001 };
    int32_t unused;
    *ret_month = 1;
    *ret_day = 1;
    return text.n == 0 || (text.n == 5 && text.p[2] == '-' && number(text, 0, 2, ret_month) &&
                           number(text, 3, 2, ret_day) &&
                           sy_days_of_date(COMMON_YEAR, *ret_month, *ret_day, &unused));
}

bool plan_calendar(struct sy_view text)
{
    int month;
    int day;
    return parse_calendar(text, &month, &day);
}

/* The day before month m of the year begins; month 12 is the next year's first. The month after 9999-12
 * would begin on no date, but the day before it is one. */
static bool day_before(int32_t year_begins, int m, int64_t *ret)
{
    enum { DAYS_OF_DECEMBER = 31 };
    if (plan_add_months(year_begins, m, ret)) {
        *ret -= 1;
        return true;
    }
    if (!plan_add_months(year_begins, m - 1, ret)) {
        return false;
    }
    *ret += DAYS_OF_DECEMBER - 1;
    return *ret == SY_PLAN_DATE_MAX;
}

bool sy_plan_period(const struct sy_plan_param *p, uint64_t position, int64_t *ret_first,
                    int64_t *ret_last)
{
    int year;
    int from;
    int n;
    int month;
    int day;
    int32_t begins;
    int64_t first;
    int64_t last;
    if (!sy_view_is(p->kind, "period") || position >= p->n_values ||
        !parse(p->values[position], &year, &from, &n) ||
        !parse_calendar(p->calendar, &month, &day)) {
        return false;
    }
    year -= month > 1 || day > 1 ? 1 : 0;
    if (!sy_days_of_date(year, month, day, &begins) || !plan_add_months(begins, from, &first) ||
        !day_before(begins, from + n, &last)) {
        return false;
    }
    *ret_first = first;
    *ret_last = last;
    return true;
}

sy_status plan_period_type(const struct sy_plan_param *p, struct sy_type *ret_first,
                           struct sy_type *ret_last, struct sy_error *err)
{
    struct sy_type days[2] = {{.kind = SY_TYPE_DATE}, {.kind = SY_TYPE_DATE}};
    for (size_t i = 0; i < p->n_values; i++) {
        int64_t day[2];
        if (!sy_plan_period(p, i, &day[0], &day[1])) {
            return PLAN_FAIL(err, "v", "value %zu is not a valid period", i);
        }
        for (size_t k = 0; k < 2; k++) {
            days[k].lo = i == 0 ? day[k] : sy_min_i64(days[k].lo, day[k]);
            days[k].hi = i == 0 ? day[k] : sy_max_i64(days[k].hi, day[k]);
        }
    }
    *ret_first = days[0];
    *ret_last = days[1];
    return SY_OK;
}
