#include "plan_date.h"

#include "base/arith.h"
#include "base/time.h"

enum { MONTHS = 12, MONTHS_MIN = MONTHS, MONTHS_MAX = 10000 * MONTHS - 1 }; /* 0001-01 .. 9999-12 */

struct civil {
    int months; /* 12 x year + month - 1 */
    int day;
};

static struct civil civil_of(int64_t day)
{
    int y;
    int m;
    struct civil c;
    sy_date_of_days((int32_t)day, &y, &m, &c.day);
    c.months = y * MONTHS + m - 1;
    return c;
}

/* This day of the month, or the month's last. */
static int64_t day_in(int months, int day)
{
    int32_t ret = 0;
    while (day > 1 && !sy_days_of_date(months / MONTHS, months % MONTHS + 1, day, &ret)) {
        day--;
    }
    (void)sy_days_of_date(months / MONTHS, months % MONTHS + 1, day, &ret);
    return ret;
}

bool plan_add_months(int64_t day, int64_t months, int64_t *ret)
{
    struct civil c = civil_of(day);
    int64_t to;
    if (!sy_add_i64(c.months, months, &to) || to < MONTHS_MIN || to > MONTHS_MAX) {
        return false;
    }
    *ret = day_in((int)to, c.day);
    return true;
}

int64_t plan_months(int64_t a, int64_t b)
{
    if (a > b) {
        return -plan_months(b, a);
    }
    struct civil from = civil_of(a);
    struct civil to = civil_of(b);
    bool reached = day_in(to.months, from.day) <= b;
    return to.months - from.months - (reached ? 0 : 1);
}

int64_t plan_trunc(int64_t day, enum plan_trunc to)
{
    enum { WEEK = 7, MONDAY = 3 }; /* 1970-01-01 was a Thursday, three days after one */
    static const int width[] = {
        [PLAN_TRUNC_MONTH] = 1, [PLAN_TRUNC_QUARTER] = 3, [PLAN_TRUNC_YEAR] = MONTHS};
    if (to == PLAN_TRUNC_WEEK) {
        int64_t after = (day + MONDAY) % WEEK;
        return day - (after < 0 ? after + WEEK : after);
    }
    int months = civil_of(day).months;
    return day_in(months - months % width[to], 1);
}
