/*
 * Plan -> SQL of the engine. Only this text runs, never a model's. Labels are ordinals of the type's
 * label set; parameters are literals by now. Every operator is total: arithmetic is 64-bit on intervals
 * that typing bounds, division by zero gives NULL, no cast can fail.
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

/* One expression in its list. */
struct at {
    struct sql *s;
    const struct sql_scope *scope;
    size_t i;
    size_t depth;
};

static void put_expr(const struct at *a, size_t i);

static const struct sy_plan_expr *expr_of(const struct at *a)
{
    return &a->scope->exprs[a->i];
}

static const struct sy_type *type_of(const struct at *a, size_t arg)
{
    return &a->scope->types[expr_of(a)->args[arg]];
}

static void put_arg(const struct at *a, size_t arg)
{
    put_expr(a, (size_t)expr_of(a)->args[arg]);
}

/* --- labels --------------------------------------------------------------------------------------- */

/* The text of a literal or of a parameter's value of this run; false for anything else. */
static bool literal_text(const struct at *a, size_t i, struct sy_view *ret)
{
    const struct sy_plan_expr *e = &a->scope->exprs[i];
    const struct sy_run_job *job = a->s->job->def;
    if (sy_view_is(e->op, "str")) {
        *ret = e->s;
        return true;
    }
    if (sy_view_is(e->op, "param")) {
        *ret = job->plan.params[e->i].values[job->params[e->i]];
        return true;
    }
    return false;
}

static int64_t position(const struct sy_view *labels, size_t n, struct sy_view text)
{
    for (size_t i = 0; i < n; i++) {
        if (sy_view_eq(labels[i], text)) {
            return (int64_t)i;
        }
    }
    return -1; /* no code: never equal */
}

/* The code of a text among the values of type `to`: declared labels, or the run's dictionary. */
static int64_t code_of(const struct at *a, const struct sy_type *to, struct sy_view text)
{
    if (!to->open) {
        return position(to->labels, to->n_labels, text);
    }
    const struct sy_plan_rel *scan = &a->s->job->def->plan.rels[to->scan];
    const struct engine_column *c =
        engine_find_column(a->s->job, to->scan, scan->names[to->scan_col], NULL);
    return c == NULL ? -1 : position(c->def->dict, c->def->n_dict, text);
}

static bool starts_with(const struct sy_type *whole, const struct sy_type *part)
{
    if (whole->open || part->open || whole->labels == part->labels) {
        return true;
    }
    for (size_t i = 0; i < part->n_labels; i++) {
        if (i >= whole->n_labels || !sy_view_eq(whole->labels[i], part->labels[i])) {
            return false;
        }
    }
    return true;
}

/* Expression i as an ordinal among the labels of `to`. */
static void put_label(const struct at *a, size_t i, const struct sy_type *to)
{
    const struct sy_type *from = &a->scope->types[i];
    struct sy_view text;
    if (literal_text(a, i, &text)) {
        sql_put(a->s, "%" PRId64, code_of(a, to, text));
        return;
    }
    if (from->nothing || starts_with(to, from)) {
        put_expr(a, i);
        return;
    }
    sql_put(a->s, "[");
    for (size_t k = 0; k < from->n_labels; k++) {
        sql_put(a->s, "%s%" PRId64, k == 0 ? "" : ",",
                position(to->labels, to->n_labels, from->labels[k]));
    }
    sql_put(a->s, "][");
    put_expr(a, i);
    sql_put(a->s, "::BIGINT+1]");
}

/* --- operators ------------------------------------------------------------------------------------ */

static void on_col(const struct at *a)
{
    size_t i = (size_t)expr_of(a)->i;
    size_t n_left = a->scope->n_left;
    if (n_left == SIZE_MAX) {
        sql_put(a->s, "c%zu", i);
    } else {
        sql_put(a->s, "%s.c%zu", i < n_left ? "l" : "r", i < n_left ? i : i - n_left);
    }
}

static void put_value(const struct at *a, enum sy_type_kind kind, int64_t v)
{
    if (kind == SY_TYPE_BOOL) {
        sql_put(a->s, "%s", v != 0 ? "true" : "false");
    } else {
        sql_put(a->s, "(%" PRId64 ")", v);
    }
}

static void on_literal(const struct at *a)
{
    put_value(a, a->scope->types[a->i].kind, expr_of(a)->i);
}

static void on_param(const struct at *a)
{
    const struct sy_run_job *job = a->s->job->def;
    size_t p = (size_t)expr_of(a)->i;
    int64_t v = 0;
    if (!sy_plan_param_value(&job->plan.params[p], job->params[p], &v)) {
        a->s->st = sy_status_of(SY_E_FIELD);
    }
    put_value(a, a->scope->types[a->i].kind, v);
}

static void on_str(const struct at *a)
{
    sql_put(a->s, "0"); /* the only label of its own type */
}

static void on_null(const struct at *a)
{
    static const char *const types[SY_TYPE_N] = {[SY_TYPE_INT] = "BIGINT",
                                                 [SY_TYPE_DATE] = "INTEGER",
                                                 [SY_TYPE_BOOL] = "BOOLEAN",
                                                 [SY_TYPE_STR] = "INTEGER"};
    sql_put(a->s, "NULL::%s", types[a->scope->types[a->i].kind]);
}

/* Comparison; of labels in the set of the side that is not a literal. */
static void compare(const struct at *a, const char *op)
{
    const struct sy_plan_expr *e = expr_of(a);
    struct sy_view unused;
    size_t base = literal_text(a, (size_t)e->args[0], &unused) ? 1 : 0;
    bool labels = type_of(a, 0)->kind == SY_TYPE_STR;
    sql_put(a->s, "(");
    for (size_t k = 0; k < 2; k++) {
        sql_put(a->s, "%s", k == 0 ? "" : op);
        if (labels) {
            put_label(a, (size_t)e->args[k], type_of(a, base));
        } else {
            put_arg(a, k);
        }
    }
    sql_put(a->s, ")");
}

static void on_in(const struct at *a)
{
    const struct sy_plan_expr *e = expr_of(a);
    bool labels = type_of(a, 0)->kind == SY_TYPE_STR;
    sql_put(a->s, "(");
    put_arg(a, 0);
    for (size_t k = 1; k < e->n_args; k++) {
        sql_put(a->s, "%s", k == 1 ? " IN (" : ",");
        if (labels) {
            put_label(a, (size_t)e->args[k], type_of(a, 0));
        } else {
            put_arg(a, k);
        }
    }
    sql_put(a->s, "))");
}

static void put_choice(const struct at *a, size_t arg)
{
    const struct sy_type *to = &a->scope->types[a->i];
    if (to->kind == SY_TYPE_STR) {
        put_label(a, (size_t)expr_of(a)->args[arg], to);
    } else {
        put_arg(a, arg);
    }
}

static void on_case(const struct at *a)
{
    size_t n = expr_of(a)->n_args;
    sql_put(a->s, "(CASE");
    for (size_t k = 0; k + 1 < n; k += 2) {
        sql_put(a->s, " WHEN ");
        put_arg(a, k);
        sql_put(a->s, " THEN ");
        put_choice(a, k + 1);
    }
    sql_put(a->s, " ELSE ");
    put_choice(a, n - 1);
    sql_put(a->s, " END)");
}

static void on_coalesce(const struct at *a)
{
    for (size_t k = 0; k < expr_of(a)->n_args; k++) {
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
static void on_div(const struct at *a)
{
    uint32_t more = (uint32_t)expr_of(a)->scale + type_of(a, 1)->scale - type_of(a, 0)->scale;
    sql_put(a->s, "(((");
    put_arg(a, 0);
    sql_put(a->s, ")::BIGINT*%" PRId64 ")//(", power(more));
    put_arg(a, 1);
    sql_put(a->s, ")::BIGINT)");
}

static void on_rescale(const struct at *a)
{
    uint32_t to = (uint32_t)expr_of(a)->i;
    uint32_t from = type_of(a, 0)->scale;
    sql_put(a->s, "((");
    put_arg(a, 0);
    sql_put(a->s, ")::BIGINT%s%" PRId64 ")", to >= from ? "*" : "//",
            power(to >= from ? to - from : from - to));
}

static void arithmetic(const struct at *a, const char *op)
{
    bool date = a->scope->types[a->i].kind == SY_TYPE_DATE;
    sql_put(a->s, "((");
    put_arg(a, 0);
    sql_put(a->s, ")::BIGINT%s(", op);
    put_arg(a, 1);
    sql_put(a->s, ")::BIGINT)%s", date ? "::INTEGER" : "");
}

static void date_part(const struct at *a, const char *fn)
{
    sql_put(a->s, "%s(DATE '1970-01-01'+(", fn);
    put_arg(a, 0);
    sql_put(a->s, "))");
}

static void list(const struct at *a, const char *open, const char *between)
{
    sql_put(a->s, "%s(", open);
    for (size_t k = 0; k < expr_of(a)->n_args; k++) {
        sql_put(a->s, "%s(", k == 0 ? "" : between);
        put_arg(a, k);
        sql_put(a->s, ")");
    }
    sql_put(a->s, ")");
}

static void suffix(const struct at *a, const char *text)
{
    sql_put(a->s, "((");
    put_arg(a, 0);
    sql_put(a->s, ")%s)", text);
}

static void prefix(const struct at *a, const char *text)
{
    sql_put(a->s, "(%s(", text);
    put_arg(a, 0);
    sql_put(a->s, ")::BIGINT)");
}

static void on_not(const struct at *a)
{
    sql_put(a->s, "(NOT ");
    put_arg(a, 0);
    sql_put(a->s, ")");
}

static void on_and(const struct at *a)
{
    list(a, "", " AND ");
}

static void on_or(const struct at *a)
{
    list(a, "", " OR ");
}

static const struct {
    const char *op;
    void (*plain)(const struct at *);
    void (*with)(const struct at *, const char *);
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
    {"neg", NULL, prefix, "-"},
    {"abs", NULL, prefix, "@"},
    {"eq", NULL, compare, "="},
    {"ne", NULL, compare, "<>"},
    {"lt", NULL, compare, "<"},
    {"le", NULL, compare, "<="},
    {"gt", NULL, compare, ">"},
    {"ge", NULL, compare, ">="},
    {"and", on_and, NULL, NULL},
    {"or", on_or, NULL, NULL},
    {"not", on_not, NULL, NULL},
    {"is_null", NULL, suffix, " IS NULL"},
    {"bool_int", NULL, suffix, "::BIGINT"},
    {"in", on_in, NULL, NULL},
    {"case", on_case, NULL, NULL},
    {"coalesce", on_coalesce, NULL, NULL},
    {"year", NULL, date_part, "year"},
    {"month", NULL, date_part, "month"},
    {"day", NULL, date_part, "day"},
};

static void on_extreme(const struct at *a)
{
    char fn[16];
    sy_view_to_cstr(expr_of(a)->op, fn, sizeof fn);
    for (size_t k = 0; k < expr_of(a)->n_args; k++) {
        sql_put(a->s, "%s%s", k == 0 ? fn : "", k == 0 ? "(" : ",");
        put_arg(a, k);
    }
    sql_put(a->s, ")");
}

static void put_expr(const struct at *from, size_t i)
{
    struct at a = {from->s, from->scope, i, from->depth + 1};
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
    struct at a = {s, scope, 0, 0};
    put_expr(&a, i);
}

/* --- relations ------------------------------------------------------------------------------------ */

static const struct sy_plan_rel *rel_of(const struct sql *s, size_t rel)
{
    return &s->job->def->plan.rels[rel];
}

static struct sql_scope scope_of(const struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    bool join = r->n_in == 2;
    size_t n_left = join ? s->job->types->rels[r->in[0]].n_cols : SIZE_MAX;
    return (struct sql_scope){r->exprs, s->job->types->rels[rel].exprs, n_left};
}

static size_t uses(const struct sql *s, size_t rel)
{
    size_t n = 0;
    const struct sy_plan *p = &s->job->def->plan;
    for (size_t i = 0; i < p->n_rels; i++) {
        for (size_t k = 0; k < p->rels[i].n_in; k++) {
            n += p->rels[i].in[k] == rel ? 1 : 0;
        }
    }
    return n;
}

static bool shared(const struct sql *s, size_t rel)
{
    return uses(s, rel) > 1 && !sy_view_is(rel_of(s, rel)->op, "scan");
}

static void rel_scan(struct sql *s, size_t rel)
{
    sql_put(s, "SELECT * FROM sy_scan(%zu)", rel);
}

static void rel_filter(struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    struct sql_scope scope = scope_of(s, rel);
    sql_put(s, "SELECT * FROM ");
    sql_rel(s, (size_t)r->in[0]);
    sql_put(s, " WHERE ");
    sql_expr(s, &scope, (size_t)r->outs[0]);
}

static void rel_project(struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    struct sql_scope scope = scope_of(s, rel);
    for (size_t i = 0; i < r->n_outs; i++) {
        sql_put(s, "%s", i == 0 ? "SELECT " : ",");
        sql_expr(s, &scope, (size_t)r->outs[i]);
        sql_put(s, " AS c%zu", i);
    }
    sql_put(s, " FROM ");
    sql_rel(s, (size_t)r->in[0]);
}

static void join_columns(struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    size_t n_left = s->job->types->rels[r->in[0]].n_cols;
    for (size_t i = 0; i < s->job->types->rels[rel].n_cols; i++) {
        bool left = i < n_left;
        sql_put(s, "%s%s.c%zu AS c%zu", i == 0 ? "SELECT " : ",", left ? "l" : "r",
                left ? i : i - n_left, i);
    }
}

static void rel_join(struct sql *s, size_t rel)
{
    static const struct {
        const char *kind, *sql;
    } kinds[] = {{"inner", "INNER"}, {"left", "LEFT"}, {"semi", "SEMI"}, {"anti", "ANTI"}};
    const struct sy_plan_rel *r = rel_of(s, rel);
    struct sql_scope scope = scope_of(s, rel);
    join_columns(s, rel);
    sql_put(s, " FROM ");
    sql_rel(s, (size_t)r->in[0]);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (sy_view_is(r->kind, kinds[i].kind)) {
            sql_put(s, " AS l %s JOIN ", kinds[i].sql);
        }
    }
    sql_rel(s, (size_t)r->in[1]);
    sql_put(s, " AS r ON ");
    sql_expr(s, &scope, (size_t)r->outs[0]);
}

static void reduce_column(struct sql *s, const struct sy_plan_rel *r, const struct sql_scope *scope,
                          size_t i)
{
    char fn[16] = "";
    bool key = i < r->n_keys;
    bool sum = !key && sy_view_is(r->fns[i - r->n_keys], "sum");
    if (!key) {
        sy_view_to_cstr(r->fns[i - r->n_keys], fn, sizeof fn);
    }
    sql_put(s, "%s%s(", i == 0 ? "SELECT " : ",", fn);
    sql_expr(s, scope, (size_t)r->outs[i]);
    sql_put(s, "%s)%s AS c%zu", sum ? "::BIGINT" : "", sum ? "::BIGINT" : "", i);
}

static void rel_reduce(struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    struct sql_scope scope = scope_of(s, rel);
    for (size_t i = 0; i < r->n_outs; i++) {
        reduce_column(s, r, &scope, i);
    }
    sql_put(s, " FROM ");
    sql_rel(s, (size_t)r->in[0]);
    for (size_t i = 0; i < r->n_keys; i++) {
        sql_put(s, "%s%zu", i == 0 ? " GROUP BY " : ",", i + 1);
    }
}

static void put_rel(struct sql *s, size_t rel)
{
    static const struct {
        const char *op;
        void (*put)(struct sql *, size_t);
    } ops[] = {{"scan", rel_scan},
               {"filter", rel_filter},
               {"project", rel_project},
               {"join", rel_join},
               {"reduce", rel_reduce}};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (sy_view_is(rel_of(s, rel)->op, ops[i].op)) {
            ops[i].put(s, rel);
            return;
        }
    }
    s->st = sy_status_of(SY_E_PLAN);
}

void sql_rel(struct sql *s, size_t rel)
{
    if (!sy_ok(s->st)) {
        return;
    }
    if (shared(s, rel)) {
        sql_put(s, "m%zu", rel);
        return;
    }
    sql_put(s, "(");
    put_rel(s, rel);
    sql_put(s, ")");
}

void sql_with(struct sql *s, const struct sy_plan_block *b)
{
    size_t n = 0;
    for (size_t i = 0; i <= b->rel; i++) {
        if (shared(s, i)) {
            sql_put(s, "%sm%zu AS MATERIALIZED (", n++ == 0 ? "WITH " : ",", i);
            put_rel(s, i);
            sql_put(s, ")");
        }
    }
    sql_put(s, "%s", n == 0 ? "" : " ");
}
