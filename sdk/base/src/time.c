/*
 * Civil time without the C library's time zone data, which a sealed process cannot read.
 * Days and dates convert with the era arithmetic of the proleptic Gregorian calendar: an era is
 * 400 years = 146097 days, and a year is counted from March, so that the leap day comes last.
 * Source: RFC 3339; Hinnant, "chrono-compatible low-level date algorithms".
 */
#include "base/time.h"

#include <stdio.h>
#include <time.h>

#include "base/arith.h"

enum {
    DAY_S = 86400,
    ERA_DAYS = 146097,
    EPOCH_SHIFT = 719468, /* days from 0000-03-01 to 1970-01-01 */
    FIRST_DAY = -719162,  /* 0001-01-01 */
    LAST_DAY = 2932896    /* 9999-12-31 */
};

int64_t sy_now_s(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec;
}

uint64_t sy_mono_ns(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int days_in_month(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : DAYS[month - 1];
}

bool sy_days_of_date(int year, int month, int day, int32_t *ret_days)
{
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month)) {
        return false;
    }
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400;
    int year_of_era = y % 400;
    int month_from_march = (month + 9) % 12;
    int day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    *ret_days = era * ERA_DAYS + day_of_era - EPOCH_SHIFT;
    return true;
}

void sy_date_of_days(int32_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int32_t clamped = days < FIRST_DAY ? FIRST_DAY : days > LAST_DAY ? LAST_DAY : days;
    int z = clamped + EPOCH_SHIFT; /* > 0, as FIRST_DAY is after the shift's origin */
    int era = z / ERA_DAYS;
    int day_of_era = z % ERA_DAYS;
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *ret_month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

void sy_time_format(int64_t utc_s, char ret[21])
{
    const int64_t first = (int64_t)FIRST_DAY * DAY_S;
    const int64_t last = (int64_t)LAST_DAY * DAY_S + DAY_S - 1;
    int64_t t = sy_max_i64(first, sy_min_i64(last, utc_s)) - first;
    int year;
    int month;
    int day;
    sy_date_of_days((int32_t)(t / DAY_S) + FIRST_DAY, &year, &month, &day);
    unsigned s = (unsigned)(t % DAY_S);
    (void)snprintf(ret, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000u,
                   (unsigned)month % 100u, (unsigned)day % 100u, s / 3600 % 100u, s / 60 % 60,
                   s % 60);
}

/* A cursor over the text: each step consumes what it recognises or says no. */
static bool take_digits(struct sy_view *v, size_t n, int *ret)
{
    int value = 0;
    if (v->n < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (v->p[i] < '0' || v->p[i] > '9') {
            return false;
        }
        value = value * 10 + (v->p[i] - '0');
    }
    *v = sy_view(v->p + n, v->n - n);
    *ret = value;
    return true;
}

static bool take_char(struct sy_view *v, const char *any_of)
{
    if (v->n == 0 || v->p[0] == '\0' || strchr(any_of, v->p[0]) == NULL) {
        return false;
    }
    *v = sy_view(v->p + 1, v->n - 1);
    return true;
}

static bool take_date(struct sy_view *v, int32_t *ret_days)
{
    int year;
    int month;
    int day;
    return take_digits(v, 4, &year) && take_char(v, "-") && take_digits(v, 2, &month) &&
           take_char(v, "-") && take_digits(v, 2, &day) &&
           sy_days_of_date(year, month, day, ret_days);
}

static bool take_fraction(struct sy_view *v)
{
    int digit;
    if (!take_char(v, ".")) {
        return true;
    }
    if (!take_digits(v, 1, &digit)) {
        return false;
    }
    while (take_digits(v, 1, &digit)) {
    }
    return true;
}

/* hh:mm:ss[.fraction]; second 60 passes here, see is_in_range. */
static bool take_clock(struct sy_view *v, int *ret_s)
{
    int h;
    int m;
    int s;
    if (!take_digits(v, 2, &h) || !take_char(v, ":") || !take_digits(v, 2, &m) ||
        !take_char(v, ":") || !take_digits(v, 2, &s) || !take_fraction(v)) {
        return false;
    }
    *ret_s = h * 3600 + m * 60 + s;
    return h <= 23 && m <= 59 && s <= 60;
}

static bool take_offset(struct sy_view *v, int *ret_s)
{
    int h;
    int m;
    *ret_s = 0;
    if (take_char(v, "Zz")) {
        return true;
    }
    bool west = v->n > 0 && v->p[0] == '-';
    if (!take_char(v, "+-") || !take_digits(v, 2, &h) || !take_char(v, ":") ||
        !take_digits(v, 2, &m) || h > 23 || m > 59) {
        return false;
    }
    *ret_s = (h * 60 + m) * (west ? -60 : 60);
    return true;
}

static bool is_in_range(int64_t t)
{
    return t >= (int64_t)FIRST_DAY * DAY_S && t < ((int64_t)LAST_DAY + 1) * DAY_S;
}

sy_status sy_time_parse(struct sy_view text, int64_t *ret_utc_s)
{
    struct sy_view v = text;
    int32_t days;
    int clock_s = 0;
    int offset_s = 0;
    if (!take_date(&v, &days)) {
        return sy_status_of(SY_E_FIELD);
    }
    bool bare = v.n == 0;
    if (!bare && (!take_char(&v, "Tt ") || !take_clock(&v, &clock_s) ||
                  !take_offset(&v, &offset_s) || v.n != 0)) {
        return sy_status_of(SY_E_FIELD);
    }
    int64_t t = (int64_t)days * DAY_S + clock_s - offset_s;
    /* Second 60 only exists as the last of a UTC day; it then equals the next day's midnight. */
    bool leap = !bare && text.p[17] == '6';
    if (!is_in_range(t) || (leap && t % DAY_S != 0)) {
        return sy_status_of(SY_E_FIELD);
    }
    *ret_utc_s = t;
    return SY_OK;
}
