/*
 * Types of the operators on dates: no value ever leaves the typed interval, and its ends are reached,
 * against a calendar that is counted day by day.
 */
#include "test_plan_kit.h"

#include "test_bytes.h"

/* --- a calendar counted day by day -------------------------------------------------------------------- */

struct civil {
    int16_t year;
    int8_t month, day, dow;
};

enum { N_DAYS = SY_PLAN_DATE_MAX - SY_PLAN_DATE_MIN + 1 };

static int days_of(int year, int month)
{
    bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
    return month == 2                                              ? (leap ? 29 : 28)
           : month == 4 || month == 6 || month == 9 || month == 11 ? 30
                                                                   : 31;
}

/* From 0001-01-01, a Monday. */
static struct civil *count_days(void)
{
    struct civil *c = calloc(N_DAYS, sizeof *c);
    struct civil at = {1, 1, 1, 1};
    assert_non_null(c);
    for (size_t i = 0; i < N_DAYS; i++) {
        c[i] = at;
        at.dow = (int8_t)(at.dow % 7 + 1);
        if (++at.day > days_of(at.year, at.month)) {
            at.day = 1;
            at.year = (int16_t)(at.year + (at.month == 12 ? 1 : 0));
            at.month = (int8_t)(at.month % 12 + 1);
        }
    }
    return c;
}

static const struct civil *calendar;

static const struct civil *at(int64_t day)
{
    return &calendar[day - SY_PLAN_DATE_MIN];
}

static bool before(struct civil a, struct civil b)
{
    return a.year != b.year     ? a.year < b.year
           : a.month != b.month ? a.month < b.month
                                : a.day < b.day;
}

/* One month at a time. False past the years 1 to 9999. */
static bool ref_add(struct civil c, int64_t n, struct civil *ret)
{
    int day = c.day;
    for (; n != 0 && c.year >= 1 && c.year <= 9999; n += n > 0 ? -1 : 1) {
        int month = c.month + (n > 0 ? 1 : -1);
        c.year = (int16_t)(c.year + (month > 12 ? 1 : month < 1 ? -1 : 0));
        c.month = (int8_t)(month > 12 ? 1 : month < 1 ? 12 : month);
    }
    c.day = (int8_t)(day > days_of(c.year, c.month) ? days_of(c.year, c.month) : day);
    *ret = c;
    return c.year >= 1 && c.year <= 9999;
}

/* By the definition: the greatest n with add_months(a, n) <= b. Days are near. */
static int64_t ref_months(int64_t a, int64_t b)
{
    struct civil c;
    int64_t n = 0;
    if (a > b) {
        return -ref_months(b, a);
    }
    while (ref_add(*at(a), n + 1, &c) && !before(*at(b), c)) {
        n++;
    }
    return n;
}

static int64_t ref_trunc(int64_t day, int to)
{
    int64_t first = day;
    while (to == 0   ? at(first)->dow != 1
           : to == 1 ? at(first)->day != 1
           : to == 2 ? at(first)->day != 1 || at(first)->month % 3 != 1
                     : at(first)->day != 1 || at(first)->month != 1) {
        first--;
    }
    return first;
}

/* --- intervals hold every value ------------------------------------------------------------------------ */

struct range {
    int64_t lo, hi;
};

static struct range random_days(uint64_t *seed, int64_t span)
{
    int64_t lo = SY_PLAN_DATE_MIN + (int64_t)below(seed, N_DAYS);
    switch (below(seed, 8)) {
    case 0:
        lo = SY_PLAN_DATE_MIN + (int64_t)below(seed, 800);
        break;
    case 1:
        lo = SY_PLAN_DATE_MAX - (int64_t)below(seed, 800);
        break;
    default:
        break;
    }
    int64_t hi = lo + (int64_t)below(seed, (uint64_t)span);
    return (struct range){lo, hi > SY_PLAN_DATE_MAX ? SY_PLAN_DATE_MAX : hi};
}

/* Type `text` over two columns of these intervals. */
static sy_status type_over(struct kit *k, const char *text, struct range a, enum sy_type_kind kind,
                           struct range b, struct sy_type *ret)
{
    struct sy_type cols[2] = {{.kind = SY_TYPE_DATE, .lo = a.lo, .hi = a.hi},
                              {.kind = kind, .lo = b.lo, .hi = b.hi}};
    struct sy_type types[3];
    size_t n;
    struct sy_plan_expr *e = kit_exprs(k, text, &n);
    struct sy_expr_scope scope = {cols, 2, e, types};
    for (size_t i = 0; i < n; i++) {
        SY_TRY(sy_type_expr(&k->typer, &scope, i, &k->err));
    }
    *ret = types[n - 1];
    return SY_OK;
}

/* What was seen: inside what was typed, and the ends both seen where every value was. */
static void check_range(const char *op, struct range seen, const struct sy_type *t, bool exact)
{
    if (seen.lo < t->lo || seen.hi > t->hi || (exact && (seen.lo > t->lo || seen.hi < t->hi))) {
        fail_msg("%s: saw [%lld, %lld], typed [%lld, %lld]", op, (long long)seen.lo,
                 (long long)seen.hi, (long long)t->lo, (long long)t->hi);
    }
}

static void see(struct range *r, int64_t v)
{
    r->lo = v < r->lo ? v : r->lo;
    r->hi = v > r->hi ? v : r->hi;
}

static const struct range NONE = {INT64_MAX, INT64_MIN};

static int64_t ref_part(int64_t day, size_t part)
{
    const struct civil *c = at(day);
    return ((const int[]){c->year, (c->month + 2) / 3, c->month, c->day, c->dow})[part];
}

static void test_parts_and_truncations_hold_every_day(void **state)
{
    (void)state;
    static const char *const parts[] = {"col:0 year(0)", "col:0 quarter(0)", "col:0 month(0)",
                                        "col:0 day(0)", "col:0 isodow(0)"};
    static const char *const truncs[] = {"col:0 trunc~week(0)", "col:0 trunc~month(0)",
                                         "col:0 trunc~quarter(0)", "col:0 trunc~year(0)"};
    KIT_CLEANUP struct kit k;
    uint64_t seed = start_random();
    kit_start(&k, NULL, 0);
    for (int round = 0; round < 300; round++) {
        struct range a = random_days(&seed, 1000);
        for (size_t p = 0; p < N_OF(parts) + N_OF(truncs); p++) {
            bool part = p < N_OF(parts);
            const char *text = part ? parts[p] : truncs[p - N_OF(parts)];
            struct sy_type t = {0};
            struct range seen = NONE;
            check_ok(type_over(&k, text, a, SY_TYPE_DATE, a, &t));
            for (int64_t d = a.lo; d <= a.hi; d += part ? 1 : 97) {
                see(&seen, part ? ref_part(d, p) : ref_trunc(d, (int)(p - N_OF(parts))));
            }
            if (!part) {
                see(&seen, ref_trunc(a.hi, (int)(p - N_OF(parts))));
            }
            check_range(text, seen, &t, !part || p == 0);
        }
    }
}

static void test_months_hold_every_pair(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    uint64_t seed = start_random();
    kit_start(&k, NULL, 0);
    for (int round = 0; round < 300; round++) {
        struct range a = random_days(&seed, 70);
        struct range b = {a.lo + (int64_t)below(&seed, 900) - 450, 0};
        b.lo = b.lo < SY_PLAN_DATE_MIN   ? SY_PLAN_DATE_MIN
               : b.lo > SY_PLAN_DATE_MAX ? SY_PLAN_DATE_MAX
                                         : b.lo;
        b.hi = b.lo + (int64_t)below(&seed, 70);
        b.hi = b.hi > SY_PLAN_DATE_MAX ? SY_PLAN_DATE_MAX : b.hi;
        struct sy_type t = {0};
        struct range months = NONE;
        struct range years = NONE;
        for (int64_t d = a.lo; d <= a.hi; d++) {
            for (int64_t e = b.lo; e <= b.hi; e += d == a.lo || d == a.hi ? 1 : 5) {
                int64_t m = ref_months(d, e);
                see(&months, m);
                see(&years, m / 12);
            }
        }
        check_ok(type_over(&k, "col:0 col:1 months(0,1)", a, SY_TYPE_DATE, b, &t));
        check_range("months", months, &t, true);
        check_ok(type_over(&k, "col:0 col:1 years(0,1)", a, SY_TYPE_DATE, b, &t));
        check_range("years", years, &t, true);
    }
}

/* Where no value leaves the years 1 to 9999 it is typed, and where one does it is refused. */
static void test_add_months_holds_every_pair(void **state)
{
    (void)state;
    KIT_CLEANUP struct kit k;
    uint64_t seed = start_random();
    int refused = 0;
    kit_start(&k, NULL, 0);
    for (int round = 0; round < 400; round++) {
        struct range a = random_days(&seed, 70);
        struct range n = {(int64_t)below(&seed, 60) - 30, 0};
        n.hi = n.lo + (int64_t)below(&seed, 8);
        struct sy_type t = {0};
        struct range seen = NONE; /* as one number that orders as dates do */
        bool stays = true;
        for (int64_t d = a.lo; d <= a.hi; d++) {
            for (int64_t m = n.lo; m <= n.hi; m++) {
                struct civil c;
                stays = ref_add(*at(d), m, &c) && stays;
                see(&seen, (c.year * 12 + c.month) * 32 + c.day);
            }
        }
        sy_status st = type_over(&k, "col:0 col:1 add_months(0,1)", a, SY_TYPE_INT, n, &t);
        check_code(st, stays ? 0 : SY_E_PLAN);
        refused += stays ? 0 : 1;
        if (stays) {
            struct civil lo = *at(t.lo);
            struct civil hi = *at(t.hi);
            assert_int_equal(seen.lo, (lo.year * 12 + lo.month) * 32 + lo.day);
            assert_int_equal(seen.hi, (hi.year * 12 + hi.month) * 32 + hi.day);
        }
    }
    assert_true(refused > 0);
}

static int count_setup(void **state)
{
    (void)state;
    calendar = count_days();
    return calendar[N_DAYS - 1].year == 9999 && calendar[N_DAYS - 1].month == 12 ? 0 : -1;
}

static int count_teardown(void **state)
{
    (void)state;
    free((void *)(uintptr_t)calendar);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_and_truncations_hold_every_day),
        cmocka_unit_test(test_months_hold_every_pair),
        cmocka_unit_test(test_add_months_holds_every_pair),
    };
    return cmocka_run_group_tests_name("wire_plan_dates", tests, count_setup, count_teardown);
}
