/*
 * Civil dates by integers. A year is counted from March here, so that the odd day comes at its end and the
 * months before it have a regular length.
 */
#include "rules/calendar.h"

enum {
    DAY_S = 86400,
    UTC8_S = 28800,
    ERA_DAYS = 146097, /* of 400 years */
    EPOCH = 719468,    /* days from 0000-03-01 to 1970-01-01 */
    YEAR_MAX = 9999,
    WORKING_MAX = 36600
};

struct date {
    int64_t year, month, day;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

static int64_t day_of(struct date d)
{
    int64_t y = d.month <= 2 ? d.year - 1 : d.year;
    int64_t era = floor_div(y, 400);
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH;
}

static struct date date_of(int64_t day)
{
    int64_t z = day + EPOCH;
    int64_t era = floor_div(z, ERA_DAYS);
    int64_t doe = z - era * ERA_DAYS;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t m = (5 * doy + 2) / 153;
    struct date d = {.year = yoe + era * 400,
                     .month = m < 10 ? m + 3 : m - 9,
                     .day = doy - (153 * m + 2) / 5 + 1};
    d.year += d.month <= 2 ? 1 : 0;
    return d;
}

static int64_t month_days(int64_t year, int64_t month)
{
    struct date first = {year, month, 1};
    struct date next = {month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1};
    return day_of(next) - day_of(first);
}

static int64_t offset_of(const struct sy_pack_calendar *c)
{
    return c == NULL ? UTC8_S : c->utc_offset_s;
}

/* Times that no calendar here has are taken for the ends of what it has. */
static int64_t within(const struct sy_pack_calendar *c, int64_t t)
{
    const int64_t first = day_of((struct date){1, 1, 1}) * DAY_S - offset_of(c);
    const int64_t last = day_of((struct date){YEAR_MAX + 1, 1, 1}) * DAY_S - offset_of(c) - 1;
    return t < first ? first : t > last ? last : t;
}

int64_t calendar_day(const struct sy_pack_calendar *c, int64_t t)
{
    return floor_div(within(c, t) + offset_of(c), DAY_S);
}

int64_t calendar_year(const struct sy_pack_calendar *c, int64_t t)
{
    return date_of(calendar_day(c, t)).year;
}

static struct date fit(struct date d)
{
    d.year = d.year < 1 ? 1 : d.year > YEAR_MAX ? YEAR_MAX : d.year;
    d.month = d.month < 1 ? 1 : d.month > 12 ? 12 : d.month;
    int64_t last = month_days(d.year, d.month);
    d.day = d.day < 1 ? 1 : d.day > last ? last : d.day;
    return d;
}

int64_t calendar_date(const struct sy_pack_calendar *c, int64_t year, int64_t month, int64_t day)
{
    return day_of(fit((struct date){year, month, day})) * DAY_S - offset_of(c);
}

static bool listed(const int64_t *list, size_t n, int64_t day)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i] == day) {
            return true;
        }
    }
    return false;
}

bool calendar_works(const struct sy_pack_calendar *c, int64_t day)
{
    if (c != NULL && listed(c->workdays, c->n_workdays, day)) {
        return true;
    }
    if (c != NULL && listed(c->holidays, c->n_holidays, day)) {
        return false;
    }
    int64_t of_week =
        day + 3 - floor_div(day + 3, 7) * 7; /* 1970-01-01 was a Thursday; 0: Monday */
    return of_week < 5;
}

int64_t calendar_deadline(const struct sy_pack_calendar *c, int64_t from, uint64_t n)
{
    int64_t day = calendar_day(c, from);
    const int64_t last = calendar_day(c, INT64_MAX);
    uint64_t left = n > WORKING_MAX ? WORKING_MAX : n;
    while (left > 0 && day < last) {
        day++;
        left -= calendar_works(c, day) ? 1 : 0;
    }
    return (day + 1) * DAY_S - offset_of(c) - 1;
}

int64_t calendar_months(const struct sy_pack_calendar *c, int64_t from, int64_t months)
{
    enum { MONTHS_MAX = 12 * 10000 };
    int64_t t = within(c, from);
    int64_t day = calendar_day(c, t);
    struct date d = date_of(day);
    int64_t step = months < -MONTHS_MAX ? -MONTHS_MAX : months > MONTHS_MAX ? MONTHS_MAX : months;
    int64_t whole = d.year * 12 + (d.month - 1) + step;
    d.year = floor_div(whole, 12);
    d.month = whole - d.year * 12 + 1;
    if (d.year > YEAR_MAX) {
        return within(c, INT64_MAX);
    }
    return t + (day_of(fit(d)) - day) * DAY_S;
}

int64_t calendar_years(const struct sy_pack_calendar *c, int64_t from, int64_t years)
{
    enum { YEARS_MAX = 10000 };
    int64_t n = years < -YEARS_MAX ? -YEARS_MAX : years > YEARS_MAX ? YEARS_MAX : years;
    return calendar_months(c, from, n * 12);
}
