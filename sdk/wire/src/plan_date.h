/* Arithmetic of the calendar, as the plan's operators define it (wire/plan.h). Days since 1970-01-01. */
#ifndef WIRE_PLAN_DATE_H
#define WIRE_PLAN_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* The same day `months` later (earlier when negative), or that month's last day; false when it leaves
 * the years 1 to 9999. `day` lies within them. Never decreases when day or months grows. */
bool plan_add_months(int64_t day, int64_t months, int64_t *ret);

/* Whole months from a to b: the greatest n with plan_add_months(a, n) <= b, and -plan_months(b, a) when
 * a > b. Never decreases when b grows, never grows with a. */
int64_t plan_months(int64_t a, int64_t b);

/* First day of the date's week (Monday), month, quarter or year. */
enum plan_trunc { PLAN_TRUNC_WEEK, PLAN_TRUNC_MONTH, PLAN_TRUNC_QUARTER, PLAN_TRUNC_YEAR };
int64_t plan_trunc(int64_t day, enum plan_trunc to);

#endif
