/*
 * Dates: parts, boundaries crossed and whole units between two of them, intervals, and the first and
 * last day of a declared period. A date has no time of day and no zone, so all of it is calendar
 * arithmetic on days.
 */
#include <stdio.h>
#include <strings.h>

#include "lower_func.h"

static sy_status op_int(struct ctx *c, const char *op, size_t x, int64_t n, uint64_t pos,
                        size_t *ret)
{
    size_t args[2] = {x};
    SY_TRY(expr_int(c, n, 0, pos, &args[1]));
    return expr_op(c, op, args, 2, pos, ret);
}

/* --- parts ---------------------------------------------------------------------------------------- */

static sy_status part_plain(struct call *k, size_t d, size_t *ret)
{
    return expr_op(k->c, k->op, &d, 1, k->pos, ret);
}

/* Sunday 0 .. Saturday 6. */
static sy_status part_dow(struct call *k, size_t d, size_t *ret)
{
    SY_TRY(expr_op(k->c, "isodow", &d, 1, k->pos, ret));
    return op_int(k->c, "mod", *ret, 7, k->pos, ret);
}

static sy_status fn_dow(struct call *k, size_t *ret)
{
    return part_dow(k, k->args[0], ret);
}

/* date_part('year', d), which is also extract(year FROM d). */
static sy_status fn_date_part(struct call *k, size_t *ret)
{
    static const struct {
        const char *name, *op;
        sy_status (*lower)(struct call *, size_t, size_t *);
    } parts[] = {{"year", "year", part_plain},     {"quarter", "quarter", part_plain},
                 {"month", "month", part_plain},   {"day", "day", part_plain},
                 {"isodow", "isodow", part_plain}, {"dow", "", part_dow},
                 {"dayofweek", "", part_dow},      {"weekday", "", part_dow},
                 {"dayofmonth", "day", part_plain}};
    struct sy_view part;
    bool text = fn_text(k, 0, &part);
    for (size_t i = 0; text && i < sizeof parts / sizeof parts[0]; i++) {
        if (view_ieq_str(part, parts[i].name)) {
            k->op = parts[i].op;
            return parts[i].lower(k, k->args[1], ret);
        }
    }
    return lower_refuse_named(k->c->b, REFUSE_FUNCTION, k->pos, part,
                              "of a date year, quarter, month, day, isodow and dow");
}

static sy_status trunc_to(struct call *k, const char *unit, size_t d, size_t *ret)
{
    uint64_t *arg = sy_arena_alloc(k->c->b->arena, 1, sizeof *arg);
    if (arg == NULL) {
        return lower_no_memory(k->c->b);
    }
    *arg = d;
    struct sy_plan_expr e = {
        .op = sy_view_str("trunc"), .s = sy_view_str(unit), .args = arg, .n_args = 1};
    return expr_add(k->c, &e, k->pos, ret);
}

static sy_status fn_date_trunc(struct call *k, size_t *ret)
{
    static const char *const units[] = {"year", "quarter", "month", "week"};
    struct sy_view part;
    bool text = fn_text(k, 0, &part);
    for (size_t i = 0; text && i < sizeof units / sizeof units[0]; i++) {
        if (view_ieq_str(part, units[i])) {
            return trunc_to(k, units[i], k->args[1], ret);
        }
    }
    *ret = k->args[1];
    if (text && view_ieq_str(part, "day") && k->c->list->t[k->args[1]].kind == SY_TYPE_DATE) {
        return SY_OK;
    }
    return lower_refuse_named(k->c->b, REFUSE_FUNCTION, k->pos, part,
                              "to a date's year, quarter, month, week or day");
}

static sy_status fn_last_day(struct call *k, size_t *ret)
{
    SY_TRY(trunc_to(k, "month", k->args[0], ret));
    SY_TRY(op_int(k->c, "add_months", *ret, 1, k->pos, ret));
    return op_int(k->c, "sub", *ret, 1, k->pos, ret);
}

/* --- differences ---------------------------------------------------------------------------------- */

/* A date as a count of years, quarters, months or weeks since some beginning. */
static sy_status ordinal(struct call *k, const char *part, int64_t per_year, size_t d, size_t *ret)
{
    struct ctx *c = k->c;
    if (per_year == 0) {
        return trunc_to(k, "week", d, ret);
    }
    size_t args[2];
    SY_TRY(expr_op(c, "year", &d, 1, k->pos, &args[0]));
    *ret = args[0];
    if (per_year == 1) {
        return SY_OK;
    }
    SY_TRY(op_int(c, "mul", args[0], per_year, k->pos, &args[0]));
    SY_TRY(expr_op(c, part, &d, 1, k->pos, &args[1]));
    return expr_op(c, "add", args, 2, k->pos, ret);
}

static sy_status between(struct call *k, size_t a, size_t b, size_t *ret)
{
    size_t swapped[2] = {b, a};
    return expr_op(k->c, "sub", swapped, 2, k->pos, ret);
}

/* Boundaries crossed from a to b. */
static sy_status count_boundaries(struct call *k, const char *part, int64_t per_year, size_t *ret)
{
    size_t a;
    size_t b;
    SY_TRY(ordinal(k, part, per_year, k->args[1], &a));
    SY_TRY(ordinal(k, part, per_year, k->args[2], &b));
    SY_TRY(between(k, a, b, ret));
    if (per_year != 0) {
        return SY_OK;
    }
    SY_TRY(expr_int(k->c, 7, 0, k->pos, &a));
    return expr_div(k->c, *ret, a, 0, k->pos, ret);
}

static sy_status check_dates(struct call *k)
{
    SY_TRY(expr_unify(k->c, &k->args[1], &k->args[2], k->pos));
    for (size_t i = 1; i < 3; i++) {
        if (k->c->list->t[k->args[i]].kind != SY_TYPE_DATE) {
            return fn_refuse(k, "it takes two dates");
        }
    }
    return SY_OK;
}

static sy_status fn_date_diff(struct call *k, size_t *ret)
{
    static const struct {
        const char *name;
        int64_t per_year;
    } parts[] = {{"year", 1}, {"quarter", 4}, {"month", 12}, {"week", 0}};
    struct sy_view part;
    bool text = fn_text(k, 0, &part);
    SY_TRY(check_dates(k));
    if (text && view_ieq_str(part, "day")) {
        return between(k, k->args[1], k->args[2], ret);
    }
    for (size_t i = 0; text && i < sizeof parts / sizeof parts[0]; i++) {
        if (view_ieq_str(part, parts[i].name)) {
            return count_boundaries(k, parts[i].name, parts[i].per_year, ret);
        }
    }
    return lower_refuse_named(k->c->b, REFUSE_FUNCTION, k->pos, part,
                              "differences are in years, quarters, months, weeks or days");
}

/* Whole units from a to b: `op` of both, divided by how many of it make one. */
static sy_status fn_date_sub(struct call *k, size_t *ret)
{
    static const struct {
        const char *name, *op;
        int64_t per;
    } parts[] = {{"year", "years", 1},
                 {"quarter", "months", 3},
                 {"month", "months", 1},
                 {"week", NULL, 7},
                 {"day", NULL, 1}};
    struct sy_view part;
    bool text = fn_text(k, 0, &part);
    SY_TRY(check_dates(k));
    for (size_t i = 0; text && i < sizeof parts / sizeof parts[0]; i++) {
        if (!view_ieq_str(part, parts[i].name)) {
            continue;
        }
        SY_TRY(parts[i].op == NULL ? between(k, k->args[1], k->args[2], ret)
                                   : expr_op(k->c, parts[i].op, &k->args[1], 2, k->pos, ret));
        size_t per;
        SY_TRY(expr_int(k->c, parts[i].per, 0, k->pos, &per));
        return parts[i].per == 1 ? SY_OK : expr_div(k->c, *ret, per, 0, k->pos, ret);
    }
    return lower_refuse_named(k->c->b, REFUSE_FUNCTION, k->pos, part,
                              "differences are in years, quarters, months, weeks or days");
}

/* --- periods -------------------------------------------------------------------------------------- */

/* period_start($p): the argument is the parameter itself, not a value of it. */
static sy_status fn_period(struct call *k, size_t *ret)
{
    const json_t *child = json_array_get(json_object_get(k->node, "children"), 0);
    struct builder *b = k->c->b;
    size_t i;
    SY_TRY(ast_check(b, child));
    if (!ast_is(child, "class", "PARAMETER")) {
        return fn_refuse(k, "it takes a parameter of kind period");
    }
    SY_TRY(lower_parameter(b, child, &i));
    if (!sy_view_is(b->job->model.params[i].kind, "period")) {
        return fn_refuse(k, "it takes a parameter of kind period");
    }
    struct sy_plan_expr e = {.op = sy_view_str(k->op), .i = (int64_t)i};
    return expr_add(k->c, &e, k->pos, ret);
}

/* --- intervals ------------------------------------------------------------------------------------ */

/* Units of an interval, as so many months or days. */
static const struct {
    const char *call, *word;
    int64_t months, days;
    const char *name;
} UNITS[] = {
    {"to_years", "year", 12, 0, "INTERVAL n YEAR"},
    {"to_quarters", "quarter", 3, 0, "INTERVAL n QUARTER"},
    {"to_months", "month", 1, 0, "INTERVAL n MONTH"},
    {"to_weeks", "week", 0, 7, "INTERVAL n WEEK"},
    {"to_days", "day", 0, 1, "INTERVAL n DAY"},
};
enum { N_UNITS = sizeof UNITS / sizeof UNITS[0] };

struct interval {
    size_t unit;
    const json_t *count; /* of the unit; NULL: `whole` */
    int64_t whole;
};

static bool whole_text(struct sy_view text, int64_t *ret)
{
    return sy_decimal_parse(text, 0, ret);
}

/* INTERVAL '2 years': a whole number, a space, a unit. */
static bool text_interval(struct sy_view text, struct interval *ret)
{
    size_t at = 0;
    while (at < text.n && text.p[at] != ' ') {
        at++;
    }
    struct sy_view word = at < text.n ? sy_view(text.p + at + 1, text.n - at - 1) : text;
    ret->count = NULL;
    for (ret->unit = 0; ret->unit < N_UNITS; ret->unit++) {
        char plural[16];
        snprintf(plural, sizeof plural, "%ss", UNITS[ret->unit].word);
        if (view_ieq_str(word, UNITS[ret->unit].word) || view_ieq_str(word, plural)) {
            return whole_text(sy_view(text.p, at), &ret->whole);
        }
    }
    return false;
}

/* The parser writes INTERVAL n YEAR as to_years(CAST(trunc(CAST(n AS DOUBLE)) AS INTEGER)). */
static const json_t *unwrap(const json_t *count)
{
    const json_t *call = json_object_get(count, "child");
    const json_t *inner = json_array_get(json_object_get(call, "children"), 0);
    bool written = ast_is(count, "class", "CAST") && ast_is(call, "function_name", "trunc") &&
                   ast_is(inner, "class", "CAST") &&
                   ast_is(json_object_get(count, "cast_type"), "id", "INTEGER") &&
                   ast_is(json_object_get(inner, "cast_type"), "id", "DOUBLE");
    return written ? json_object_get(inner, "child") : count;
}

static struct sy_view text_constant(const json_t *node)
{
    const json_t *value = json_object_get(node, "value");
    bool text = ast_is(node, "class", "CONSTANT") &&
                ast_is(json_object_get(value, "type"), "id", "VARCHAR");
    return text ? ast_view(json_object_get(value, "value")) : (struct sy_view){0};
}

static bool is_interval(const json_t *node)
{
    const char *name = ast_str(node, "function_name");
    if (ast_is(node, "class", "CAST")) {
        return ast_is(json_object_get(node, "cast_type"), "id", "INTERVAL");
    }
    return ast_is(node, "class", "FUNCTION") && strncasecmp(name, "to_", 3) == 0;
}

/* What an interval says; false when its unit or number is not in the dialect. */
static bool read_interval(const json_t *node, struct interval *ret)
{
    if (ast_is(node, "class", "CAST")) {
        return text_interval(text_constant(json_object_get(node, "child")), ret);
    }
    const json_t *children = json_object_get(node, "children");
    const char *name = ast_str(node, "function_name");
    ret->unit = 0;
    while (ret->unit < N_UNITS && strcasecmp(UNITS[ret->unit].call, name) != 0) {
        ret->unit++;
    }
    ret->count = unwrap(json_array_get(children, 0));
    struct sy_view text = text_constant(ret->count);
    if (text.n != 0) {
        ret->count = NULL;
        return ret->unit < N_UNITS && whole_text(text, &ret->whole);
    }
    return ret->unit < N_UNITS && json_array_size(children) == 1;
}

/* So many months or days, negative for a subtraction. */
static sy_status interval_count(struct ctx *c, const struct interval *v, bool minus, uint64_t pos,
                                size_t *ret)
{
    int64_t per = UNITS[v->unit].months + UNITS[v->unit].days;
    per = minus ? -per : per;
    if (v->count == NULL) {
        SY_TRY(expr_int(c, v->whole, 0, pos, ret));
    } else {
        SY_TRY(lower_expr(c, v->count, ret));
    }
    struct sy_plan_expr e = c->list->e[*ret];
    int64_t folded;
    if (c->list->t[*ret].scale != 0) {
        return lower_refuse_named(c->b, REFUSE_TYPE, pos, sy_view_str("INTERVAL"),
                                  "an interval is a whole number of its unit");
    }
    if (sy_view_is(e.op, "int") && !__builtin_mul_overflow(e.i, per, &folded)) {
        return expr_int(c, folded, 0, pos, ret);
    }
    return per == 1 ? SY_OK : op_int(c, "mul", *ret, per, pos, ret);
}

static sy_status add_interval(struct ctx *c, const json_t *date, const json_t *interval, bool minus,
                              uint64_t pos, size_t *ret)
{
    struct interval v = {0};
    size_t args[2];
    SY_TRY(ast_check(c->b, interval));
    if (!read_interval(interval, &v)) {
        return lower_refuse_named(c->b, REFUSE_LITERAL, ast_pos(c->b, interval),
                                  sy_view_str("INTERVAL"),
                                  "an interval is a whole number of years, quarters, months, weeks "
                                  "or days");
    }
    SY_TRY(lower_expr(c, date, &args[0]));
    SY_TRY(expr_date(c, &args[0], pos));
    SY_TRY(interval_count(c, &v, minus, pos, &args[1]));
    return expr_op(c, UNITS[v.unit].months != 0 ? "add_months" : "add", args, 2, pos, ret);
}

sy_status lower_interval(struct ctx *c, const json_t *node, size_t *ret, bool *ret_found)
{
    const json_t *children = json_object_get(node, "children");
    const json_t *x = json_array_get(children, 0);
    const json_t *y = json_array_get(children, 1);
    bool plus = ast_is(node, "function_name", "+");
    bool minus = ast_is(node, "function_name", "-");
    uint64_t pos = ast_pos(c->b, node);
    *ret_found = (plus || minus) && y != NULL && (is_interval(x) || is_interval(y));
    if (!*ret_found) {
        return SY_OK;
    }
    bool first = is_interval(x);
    if ((first && minus) || (first && is_interval(y))) {
        return lower_refuse_named(c->b, REFUSE_TYPE, pos, sy_view_str("INTERVAL"),
                                  "an interval is added to or taken from a date");
    }
    return add_interval(c, first ? y : x, first ? x : y, minus, pos, ret);
}

#define YEARS_REFUSED "a date that could leave the years 1 to 9999 is refused before any run"

const struct function LOWER_DATES[] = {
    {"year", "year", 1, 1, fn_plain, "date -> whole", "none", false},
    {"quarter", "quarter", 1, 1, fn_plain, "date -> 1..4", "none", false},
    {"month", "month", 1, 1, fn_plain, "date -> 1..12", "none", false},
    {"day", "day", 1, 1, fn_plain, "date -> 1..31", "none", false},
    {"dayofmonth", "day", 1, 1, fn_plain, "date -> 1..31", "none", false},
    {"isodow", "isodow", 1, 1, fn_plain, "date -> Monday 1 .. Sunday 7", "none", false},
    {"dayofweek", "mod(isodow, 7)", 1, 1, fn_dow, "date -> Sunday 0 .. Saturday 6", "none", false},
    {"weekday", "mod(isodow, 7)", 1, 1, fn_dow, "date -> Sunday 0 .. Saturday 6", "none", false},
    {"date_part", "year quarter month day isodow", 2, 2, fn_date_part,
     "part, date -> whole; also extract(part FROM date), dow", "none", false},
    {"datepart", "year quarter month day isodow", 2, 2, fn_date_part, "part, date -> whole", "none",
     false},
    {"date_trunc", "trunc", 2, 2, fn_date_trunc,
     "year/quarter/month/week (Monday)/day, date -> date", "none", false},
    {"datetrunc", "trunc", 2, 2, fn_date_trunc, "as date_trunc", "none", false},
    {"last_day", "add_months", 1, 1, fn_last_day, "date -> last day of its month", YEARS_REFUSED,
     false},
    {"date_diff", "sub", 3, 3, fn_date_diff,
     "year/quarter/month/week/day, date a, date b -> boundaries crossed from a to b", "none",
     false},
    {"datediff", "sub", 3, 3, fn_date_diff, "as date_diff", "none", false},
    {"date_sub", "years months sub", 3, 3, fn_date_sub,
     "year/quarter/month/week/day, date a, date b -> whole units from a to b", "none", false},
    {"datesub", "years months sub", 3, 3, fn_date_sub, "as date_sub", "none", false},
    {"period_start", "pstart", 1, 1, fn_period, "period parameter -> its first day", "none", true},
    {"period_end", "pend", 1, 1, fn_period, "period parameter -> its last day", "none", true},
};
const size_t LOWER_N_DATES = sizeof LOWER_DATES / sizeof LOWER_DATES[0];

/* The functions, then the units of an interval. */
bool lower_date_row(size_t i, struct dialect_row *ret)
{
    if (i < LOWER_N_DATES) {
        const struct function *f = &LOWER_DATES[i];
        *ret = (struct dialect_row){f->name, f->op, f->types, f->errors};
        return true;
    }
    i -= LOWER_N_DATES;
    if (i < N_UNITS) {
        *ret = (struct dialect_row){UNITS[i].name, UNITS[i].months != 0 ? "add_months" : "add",
                                    "added to or taken from a date, n whole -> date; a month that "
                                    "is too short: its last day",
                                    YEARS_REFUSED};
    }
    return i < N_UNITS;
}
