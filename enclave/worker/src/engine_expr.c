/*
 * Expressions of a plan -> SQL of the engine. Only this text runs, never a model's. Labels are ordinals
 * of the type's label set, dates are days since 1970-01-01, parameters are literals by now. Every
 * operator is total: arithmetic is 64-bit on intervals that typing bounds, division by zero gives NULL,
 * no cast can fail.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine_internal.h"

enum { SQL_DEPTH_MAX = 900 };

void sql_put(struct sql *s, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!sy_ok(s->st)) {
        return;
    }
    s->st = n < 0 || (size_t)n >= sizeof text ? sy_status_of(SY_E_INTERNAL)
                                              : sy_buf_add(&s->buf, text, (size_t)n);
}

const struct sy_plan_expr *sql_at_expr(const struct sql_at *a)
{
    return &a->scope->exprs[a->i];
}

const struct sy_type *sql_at_type(const struct sql_at *a, size_t arg)
{
    return &a->scope->types[sql_at_expr(a)->args[arg]];
}

void sql_put_arg(const struct sql_at *a, size_t arg)
{
    sql_put_expr(a, (size_t)sql_at_expr(a)->args[arg]);
}

/* --- operators ------------------------------------------------------------------------------------ */

static void on_col(const struct sql_at *a)
{
    size_t i = (size_t)sql_at_expr(a)->i;
    size_t n_left = a->scope->n_left;
    if (n_left == SIZE_MAX) {
        sql_put(a->s, "c%zu", i);
    } else {
        sql_put(a->s, "%s.c%zu", i < n_left ? "l" : "r", i < n_left ? i : i - n_left);
    }
}

static void put_value(const struct sql_at *a, enum sy_type_kind kind, int64_t v)
{
    if (kind == SY_TYPE_BOOL) {
        sql_put(a->s, "%s", v != 0 ? "true" : "false");
    } else {
        sql_put(a->s, "(%" PRId64 ")", v);
    }
}

static void on_literal(const struct sql_at *a)
{
    put_value(a, a->scope->types[a->i].kind, sql_at_expr(a)->i);
}

static void on_param(const struct sql_at *a)
{
    const struct sy_run_job *job = a->s->job->def;
    size_t p = (size_t)sql_at_expr(a)->i;
    int64_t v = 0;
    const struct sy_plan_param *def = &job->plan.params[p];
    bool valid = def->asserted ? sy_plan_asserted_value(def, engine_asserted(job, p), &v)
                               : sy_plan_param_value(def, job->params[p], &v);
    if (!valid) {
        a->s->st = sy_status_of(SY_E_FIELD);
    }
    put_value(a, a->scope->types[a->i].kind, v);
}

static void on_str(const struct sql_at *a)
{
    sql_put(a->s, "0"); /* the only label of its own type */
}

static void on_null(const struct sql_at *a)
{
    static const char *const types[SY_TYPE_N] = {[SY_TYPE_INT] = "BIGINT",
                                                 [SY_TYPE_DATE] = "INTEGER",
                                                 [SY_TYPE_BOOL] = "BOOLEAN",
                                                 [SY_TYPE_STR] = "INTEGER"};
    sql_put(a->s, "NULL::%s", types[a->scope->types[a->i].kind]);
}

/* Comparison; of labels in the set of the side that is not a literal. */
static void compare(const struct sql_at *a, const char *op)
{
    const struct sy_plan_expr *e = sql_at_expr(a);
    struct sy_view unused;
    size_t base = sql_literal_text(a, (size_t)e->args[0], &unused) ? 1 : 0;
    bool labels = sql_at_type(a, 0)->kind == SY_TYPE_STR;
    sql_put(a->s, "(");
    for (size_t k = 0; k < 2; k++) {
        sql_put(a->s, "%s", k == 0 ? "" : op);
        if (labels) {
            sql_put_label(a, (size_t)e->args[k], sql_at_type(a, base));
        } else {
            sql_put_arg(a, k);
        }
    }
    sql_put(a->s, ")");
}

static void order(const struct sql_at *a, const char *op)
{
    if (sql_at_type(a, 0)->kind == SY_TYPE_STR) {
        sql_put_label_order(a, op);
    } else {
        compare(a, op);
    }
}

static void on_in(const struct sql_at *a)
{
    const struct sy_plan_expr *e = sql_at_expr(a);
    bool labels = sql_at_type(a, 0)->kind == SY_TYPE_STR;
    sql_put(a->s, "(");
    sql_put_arg(a, 0);
    for (size_t k = 1; k < e->n_args; k++) {
        sql_put(a->s, "%s", k == 1 ? " IN (" : ",");
        if (labels) {
            sql_put_label(a, (size_t)e->args[k], sql_at_type(a, 0));
        } else {
            sql_put_arg(a, k);
        }
    }
    sql_put(a->s, "))");
}

static void put_choice(const struct sql_at *a, size_t arg)
{
    const struct sy_type *to = &a->scope->types[a->i];
    if (to->kind == SY_TYPE_STR) {
        sql_put_label(a, (size_t)sql_at_expr(a)->args[arg], to);
    } else {
        sql_put_arg(a, arg);
    }
}

static void on_case(const struct sql_at *a)
{
    size_t n = sql_at_expr(a)->n_args;
    sql_put(a->s, "(CASE");
    for (size_t k = 0; k + 1 < n; k += 2) {
        sql_put(a->s, " WHEN ");
        sql_put_arg(a, k);
        sql_put(a->s, " THEN ");
        put_choice(a, k + 1);
    }
    sql_put(a->s, " ELSE ");
    put_choice(a, n - 1);
    sql_put(a->s, " END)");
}

static void on_coalesce(const struct sql_at *a)
{
    for (size_t k = 0; k < sql_at_expr(a)->n_args; k++) {
        sql_put(a->s, "%s", k == 0 ? "coalesce(" : ",");
        put_choice(a, k);
    }
    sql_put(a->s, ")");
}

static int64_t power(uint32_t digits)
{
    int64_t p = 1;
    for (uint32_t i = 0; i < digits; i++) {
        p *= 10;
    }
    return p;
}

/* typing made the scaled dividend fit: at most 18 digits more */
static void on_div(const struct sql_at *a)
{
    uint32_t more =
        (uint32_t)sql_at_expr(a)->scale + sql_at_type(a, 1)->scale - sql_at_type(a, 0)->scale;
    sql_put(a->s, "(((");
    sql_put_arg(a, 0);
    sql_put(a->s, ")::BIGINT*%" PRId64 ")//(", power(more));
    sql_put_arg(a, 1);
    sql_put(a->s, ")::BIGINT)");
}

static void on_rescale(const struct sql_at *a)
{
    uint32_t to = (uint32_t)sql_at_expr(a)->i;
    uint32_t from = sql_at_type(a, 0)->scale;
    sql_put(a->s, "((");
    sql_put_arg(a, 0);
    sql_put(a->s, ")::BIGINT%s%" PRId64 ")", to >= from ? "*" : "//",
            power(to >= from ? to - from : from - to));
}

static void arithmetic(const struct sql_at *a, const char *op)
{
    bool date = a->scope->types[a->i].kind == SY_TYPE_DATE;
    sql_put(a->s, "((");
    sql_put_arg(a, 0);
    sql_put(a->s, ")::BIGINT%s(", op);
    sql_put_arg(a, 1);
    sql_put(a->s, ")::BIGINT)%s", date ? "::INTEGER" : "");
}

static void list(const struct sql_at *a, const char *open, const char *between)
{
    sql_put(a->s, "%s(", open);
    for (size_t k = 0; k < sql_at_expr(a)->n_args; k++) {
        sql_put(a->s, "%s(", k == 0 ? "" : between);
        sql_put_arg(a, k);
        sql_put(a->s, ")");
    }
    sql_put(a->s, ")");
}

static void after(const struct sql_at *a, const char *text)
{
    sql_put(a->s, "((");
    sql_put_arg(a, 0);
    sql_put(a->s, ")%s)", text);
}

static void before(const struct sql_at *a, const char *text)
{
    sql_put(a->s, "(%s(", text);
    sql_put_arg(a, 0);
    sql_put(a->s, ")::BIGINT)");
}

static void on_not(const struct sql_at *a)
{
    sql_put(a->s, "(NOT ");
    sql_put_arg(a, 0);
    sql_put(a->s, ")");
}

static void on_and(const struct sql_at *a)
{
    list(a, "", " AND ");
}

static void on_or(const struct sql_at *a)
{
    list(a, "", " OR ");
}

/* --- dates ---------------------------------------------------------------------------------------- */

static void put_date(const struct sql_at *a, size_t arg)
{
    sql_put(a->s, "(DATE '1970-01-01'+(");
    sql_put_arg(a, arg);
    sql_put(a->s, ")::INTEGER)");
}

static void date_part(const struct sql_at *a, const char *fn)
{
    sql_put(a->s, "%s", fn);
    put_date(a, 0);
}

/* Whole units from one date to another, as the engine's date_sub counts them (wire/plan.h). */
static void date_span(const struct sql_at *a, const char *unit)
{
    sql_put(a->s, "date_sub('%s',", unit);
    put_date(a, 0);
    sql_put(a->s, ",");
    put_date(a, 1);
    sql_put(a->s, ")");
}

static void on_trunc(const struct sql_at *a)
{
    static const char *const units[] = {"year", "quarter", "month", "week"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (sy_view_is(sql_at_expr(a)->s, units[i])) {
            sql_put(a->s, "(date_trunc('%s',", units[i]);
            put_date(a, 0);
            sql_put(a->s, ")::DATE-DATE '1970-01-01')::INTEGER");
            return;
        }
    }
    a->s->st = sy_status_of(SY_E_PLAN);
}

static void on_add_months(const struct sql_at *a)
{
    sql_put(a->s, "((");
    put_date(a, 0);
    sql_put(a->s, "+to_months((");
    sql_put_arg(a, 1);
    sql_put(a->s, ")::INTEGER))::DATE-DATE '1970-01-01')::INTEGER");
}

static void put_period(const struct sql_at *a, bool last)
{
    const struct sy_run_job *job = a->s->job->def;
    size_t p = (size_t)sql_at_expr(a)->i;
    int64_t day[2] = {0, 0};
    if (!sy_plan_period(&job->plan.params[p], job->params[p], &day[0], &day[1])) {
        a->s->st = sy_status_of(SY_E_FIELD);
    }
    put_value(a, SY_TYPE_DATE, day[last ? 1 : 0]);
}

static void on_period_start(const struct sql_at *a)
{
    put_period(a, false);
}

static void on_period_end(const struct sql_at *a)
{
    put_period(a, true);
}

/* --- all of them ---------------------------------------------------------------------------------- */

static const struct {
    const char *op;
    void (*plain)(const struct sql_at *);
    void (*with)(const struct sql_at *, const char *);
    const char *text;
} OPS[] = {
    {"col", on_col, NULL, NULL},
    {"param", on_param, NULL, NULL},
    {"int", on_literal, NULL, NULL},
    {"date", on_literal, NULL, NULL},
    {"bool", on_literal, NULL, NULL},
    {"str", on_str, NULL, NULL},
    {"null", on_null, NULL, NULL},
    {"add", NULL, arithmetic, "+"},
    {"sub", NULL, arithmetic, "-"},
    {"mul", NULL, arithmetic, "*"},
    {"mod", NULL, arithmetic, "%"},
    {"div", on_div, NULL, NULL},
    {"rescale", on_rescale, NULL, NULL},
    {"neg", NULL, before, "-"},
    {"abs", NULL, before, "@"},
    {"eq", NULL, compare, "="},
    {"ne", NULL, compare, "<>"},
    {"lt", NULL, order, "<"},
    {"le", NULL, order, "<="},
    {"gt", NULL, order, ">"},
    {"ge", NULL, order, ">="},
    {"and", on_and, NULL, NULL},
    {"or", on_or, NULL, NULL},
    {"not", on_not, NULL, NULL},
    {"is_null", NULL, after, " IS NULL"},
    {"bool_int", NULL, after, "::BIGINT"},
    {"in", on_in, NULL, NULL},
    {"case", on_case, NULL, NULL},
    {"coalesce", on_coalesce, NULL, NULL},
    {"year", NULL, date_part, "year"},
    {"month", NULL, date_part, "month"},
    {"day", NULL, date_part, "day"},
    {"quarter", NULL, date_part, "quarter"},
    {"isodow", NULL, date_part, "isodow"},
    {"years", NULL, date_span, "year"},
    {"months", NULL, date_span, "month"},
    {"trunc", on_trunc, NULL, NULL},
    {"add_months", on_add_months, NULL, NULL},
    {"pstart", on_period_start, NULL, NULL},
    {"pend", on_period_end, NULL, NULL},
    {"like", sql_put_like, NULL, NULL},
    {"prefix", sql_put_prefix, NULL, NULL},
};

static void on_extreme(const struct sql_at *a)
{
    char fn[16];
    sy_view_to_cstr(sql_at_expr(a)->op, fn, sizeof fn);
    for (size_t k = 0; k < sql_at_expr(a)->n_args; k++) {
        sql_put(a->s, "%s%s", k == 0 ? fn : "", k == 0 ? "(" : ",");
        sql_put_arg(a, k);
    }
    sql_put(a->s, ")");
}

void sql_put_expr(const struct sql_at *from, size_t i)
{
    struct sql_at a = {from->s, from->scope, i, from->depth + 1};
    struct sy_view op = a.scope->exprs[i].op;
    if (a.depth > SQL_DEPTH_MAX || !sy_ok(a.s->st)) {
        a.s->st = sy_ok(a.s->st) ? sy_status_of(SY_E_LIMIT) : a.s->st;
        return;
    }
    if (sy_view_is(op, "least") || sy_view_is(op, "greatest")) {
        on_extreme(&a);
        return;
    }
    for (size_t k = 0; k < sizeof OPS / sizeof OPS[0]; k++) {
        if (sy_view_is(op, OPS[k].op)) {
            if (OPS[k].plain != NULL) {
                OPS[k].plain(&a);
            } else {
                OPS[k].with(&a, OPS[k].text);
            }
            return;
        }
    }
    a.s->st = sy_status_of(SY_E_PLAN);
}

void sql_expr(struct sql *s, const struct sql_scope *scope, size_t i)
{
    struct sql_at a = {s, scope, 0, 0};
    sql_put_expr(&a, i);
}
