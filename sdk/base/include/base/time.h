/*
 * Times: UTC seconds since 1970 in records, RFC 3339 for people, days since 1970 for dates.
 * Source: RFC 3339; the civil-date arithmetic is the proleptic Gregorian calendar.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "base/status.h"
#include "base/view.h"

/* Seconds since 1970-01-01T00:00:00Z on the system clock. */
int64_t sy_now_s(void);

/* Nanoseconds of the monotonic clock, for measuring only. */
uint64_t sy_mono_ns(void);

/* "2026-11-21T22:00:00Z"; years 0001..9999, others clamped. Always writes 20 characters and a NUL. */
void sy_time_format(int64_t utc_s, char ret[21]);

/* Parse RFC 3339 (any offset, fractional seconds dropped, second 60 only at the end of a UTC day) or
 * a bare date (= midnight UTC). SY_E_FIELD for anything else, *ret_utc_s untouched. */
SY_MUST sy_status sy_time_parse(struct sy_view text, int64_t *ret_utc_s);

/* Days since 1970-01-01 of a civil date; false when the date does not exist (year 1..9999). */
bool sy_days_of_date(int year, int month, int day, int32_t *ret_days);

/* The civil date of a day number within years 1..9999; others are clamped. */
void sy_date_of_days(int32_t days, int *ret_year, int *ret_month, int *ret_day);

#endif
