/*
 * Days, months and years of the district, from logged times: deadlines of the scheme count its local days and
 * working days, never the machine's.
 *
 * Times are UTC seconds; a local day is numbered from 1970-01-01 and begins at midnight of the pack's clock.
 * `c` may be NULL: UTC+8, and Monday to Friday are worked. Years reach from 1 to 9999; a result past that is the
 * last second of 9999, so that a deadline which is out of range is never early.
 *
 * Runs in: warden, audit tool, command line. Trusts: nothing. Holds: nothing. May block/alloc: never. Threads: pure.
 * Source: proleptic Gregorian calendar (ISO 8601); State Council's yearly arrangement of holidays, as data of the
 * pack (wire/scheme_pack.h).
 */
#ifndef RULES_CALENDAR_H
#define RULES_CALENDAR_H

#include "wire/scheme_pack.h"

/* Number of the local day of time t. */
int64_t calendar_day(const struct sy_pack_calendar *c, int64_t t);

/* Local year of time t. */
int64_t calendar_year(const struct sy_pack_calendar *c, int64_t t);

/* First second of the local day year-month-day. A day after the month's end is its last day. */
int64_t calendar_date(const struct sy_pack_calendar *c, int64_t year, int64_t month, int64_t day);

/* Is the local day a working day? */
bool calendar_works(const struct sy_pack_calendar *c, int64_t day);

/* Last second of the n-th working day after the local day of `from`; n = 0: of that very day. At most
 * 36,600 working days count. */
int64_t calendar_deadline(const struct sy_pack_calendar *c, int64_t from, uint64_t n);

/* The same local time `months` later (negative: earlier); on a day that the month has not, its last day. */
int64_t calendar_months(const struct sy_pack_calendar *c, int64_t from, int64_t months);

/* The same local time `years` later. */
int64_t calendar_years(const struct sy_pack_calendar *c, int64_t from, int64_t years);

#endif
