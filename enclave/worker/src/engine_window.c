/*
 * Functions over groups and windows -> SQL of the engine. What SQL leaves open among equals is settled
 * here as wire/plan.h says: arg_max and arg_min are the maximum and minimum of one integer made of `by`
 * and the value; windows that number or pick rows order by every column after the keys.
 */
#include <inttypes.h>

#include "base/arith.h"
#include "engine_internal.h"

static const struct sy_plan_rel *rel_of(const struct sql *s, size_t rel)
{
    return &s->job->def->plan.rels[rel];
}

static bool one_of(struct sy_view name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (sy_view_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* --- arg_max, arg_min ------------------------------------------------------------------------------------ */

/* What a type's codes can be. */
struct span {
    int64_t lo;
    uint64_t n; /* codes: lo .. lo + n - 1 */
};

static struct span span_of(const struct sy_type *t)
{
    if (t->nothing) {
        return (struct span){0, 1};
    }
    if (t->kind == SY_TYPE_STR) {
        return (struct span){0, t->n_labels};
    }
    return (struct span){t->lo, (uint64_t)t->hi - (uint64_t)t->lo + 1};
}

/* Value `v` by `by`, packed into one integer by * n + v, both counted from their least. */
struct packed {
    size_t value, by; /* expressions */
    struct span v, b;
    bool wide; /* more than 62 bits */
};

static struct packed pack(const struct sql_scope *scope, size_t value, size_t by)
{
    struct packed p = {value, by, span_of(&scope->types[value]), span_of(&scope->types[by]), true};
    uint64_t n;
    p.wide = !sy_mul_u64(p.v.n, p.b.n, &n) || n > (uint64_t)SY_PLAN_VALUE_MAX;
    return p;
}

static void put_packed(struct sql *s, const struct sql_scope *scope, const struct packed *p)
{
    const char *type = p->wide ? "HUGEINT" : "BIGINT";
    sql_put(s, "((");
    sql_expr(s, scope, p->by);
    sql_put(s, ")::%s-(%" PRId64 "))*%" PRIu64 "+((", type, p->b.lo, p->v.n);
    sql_expr(s, scope, p->value);
    sql_put(s, ")::%s-(%" PRId64 "))", type, p->v.lo);
}

/* NULL on either side makes the whole NULL, which max and min pass over. */
static void put_arg_extreme(struct sql *s, const struct sql_scope *scope, const char *fn,
                            const uint64_t *outs)
{
    struct packed p = pack(scope, (size_t)outs[0], (size_t)outs[1]);
    enum sy_type_kind kind = scope->types[p.value].kind;
    sql_put(s, "(%s(", fn);
    put_packed(s, scope, &p);
    sql_put(s, ")%%%" PRIu64 "::%s+(%" PRId64 "))::BIGINT", p.v.n, p.wide ? "HUGEINT" : "BIGINT",
            p.v.lo);
    sql_put(s, "%s", kind == SY_TYPE_INT ? "" : kind == SY_TYPE_BOOL ? "::BOOLEAN" : "::INTEGER");
}

/* --- reduce ---------------------------------------------------------------------------------------------- */

/* Put function f over outs; how many it took. */
static size_t put_function(struct sql *s, const struct sql_scope *scope, struct sy_view fn,
                           const uint64_t *outs)
{
    bool most = sy_view_is(fn, "arg_max");
    if (most || sy_view_is(fn, "arg_min")) {
        put_arg_extreme(s, scope, most ? "max" : "min", outs);
        return 2;
    }
    bool sum = sy_view_is(fn, "sum");
    bool distinct = sy_view_is(fn, "count_distinct");
    char name[16];
    sy_view_to_cstr(fn, name, sizeof name);
    sql_put(s, "%s(%s", distinct ? "count" : name, distinct ? "DISTINCT " : "");
    sql_expr(s, scope, (size_t)outs[0]);
    sql_put(s, "%s", sum ? "::BIGINT)::BIGINT" : ")");
    return 1;
}

void sql_reduce(struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    struct sql_scope scope = sql_scope_of(s, rel);
    size_t out = 0;
    for (size_t i = 0; i < r->n_keys + r->n_fns; i++) {
        sql_put(s, "%s", i == 0 ? "SELECT " : ",");
        if (i < r->n_keys) {
            sql_put(s, "(");
            sql_expr(s, &scope, (size_t)r->outs[out++]);
            sql_put(s, ")");
        } else {
            out += put_function(s, &scope, r->fns[i - r->n_keys], &r->outs[out]);
        }
        sql_put(s, " AS c%zu", i);
    }
    sql_put(s, " FROM ");
    sql_rel(s, (size_t)r->in[0]);
    for (size_t i = 0; i < r->n_keys; i++) {
        sql_put(s, "%s%zu", i == 0 ? " GROUP BY " : ",", i + 1);
    }
}

/* --- windows --------------------------------------------------------------------------------------------- */

static bool has_argument(struct sy_view fn)
{
    static const char *const none[] = {"row_number", "rank", "dense_rank"};
    return !one_of(fn, none, 3);
}

/* Functions over a frame; the others number or pick rows. */
static bool over_frame(struct sy_view fn)
{
    static const char *const frame[] = {"sum", "count", "min", "max"};
    return one_of(fn, frame, 4);
}

/* Does the order among equals matter? */
static bool needs_total_order(const struct sy_plan_rel *r, struct sy_view fn)
{
    static const char *const pick[] = {"row_number", "lag", "lead", "first"};
    return one_of(fn, pick, 4) || (over_frame(fn) && sy_view_is(r->kind, "rows"));
}

/* Is column c one of the partition's or order's expressions as it is? */
static bool is_ordered(const struct sy_plan_rel *r, size_t c)
{
    for (size_t i = 0; i < r->n_keys + r->n_order; i++) {
        const struct sy_plan_expr *e = &r->exprs[r->outs[i]];
        if (sy_view_is(e->op, "col") && (uint64_t)e->i == c) {
            return true;
        }
    }
    return false;
}

/* Every column as a further key. Undeclared text orders by a hash of the text: its code would depend on
 * other units' rows. */
static void put_ties(struct sql *s, size_t rel, size_t n)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    const struct sy_rel_types *in = &s->job->types->rels[r->in[0]];
    for (size_t c = 0; c < in->n_cols; c++) {
        size_t column = 0;
        if (is_ordered(r, c)) {
            continue;
        }
        sql_put(s, "%s", n++ == 0 ? " ORDER BY " : ",");
        if (in->cols[c].open && engine_text_column(s->job, &in->cols[c], &column) != NULL) {
            sql_put(s, "c%zu IS NULL ASC,sy_label(%zu::UBIGINT,coalesce(c%zu,0)::UBIGINT) ASC", c,
                    column, c);
        } else {
            sql_put(s, "c%zu ASC NULLS LAST", c);
        }
    }
}

static void put_frame(struct sql *s, const struct sy_plan_rel *r, struct sy_view fn)
{
    if (sy_view_is(fn, "first")) {
        sql_put(s, " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW");
    } else if (over_frame(fn)) {
        bool rows = sy_view_is(r->kind, "rows");
        bool all = sy_view_is(r->kind, "all");
        sql_put(s, " %s BETWEEN UNBOUNDED PRECEDING AND %s", rows ? "ROWS" : "RANGE",
                all ? "UNBOUNDED FOLLOWING" : "CURRENT ROW");
    }
}

static void put_over(struct sql *s, size_t rel, struct sy_view fn)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    struct sql_scope scope = sql_scope_of(s, rel);
    bool ordered = !(over_frame(fn) && sy_view_is(r->kind, "all"));
    sql_put(s, " OVER (");
    for (size_t i = 0; i < r->n_keys; i++) {
        sql_put(s, "%s", i == 0 ? "PARTITION BY " : ",");
        sql_expr(s, &scope, (size_t)r->outs[i]);
    }
    for (size_t i = 0; ordered && i < r->n_order; i++) {
        sql_put(s, "%s", i == 0 ? " ORDER BY " : ",");
        sql_expr(s, &scope, (size_t)r->outs[r->n_keys + i]);
        sql_put(s, " %s NULLS LAST", r->desc[i] != 0 ? "DESC" : "ASC");
    }
    if (needs_total_order(r, fn)) {
        put_ties(s, rel, (size_t)r->n_order);
    }
    put_frame(s, r, fn);
    sql_put(s, ")");
}

static void put_window(struct sql *s, size_t rel, struct sy_view fn, size_t arg)
{
    struct sql_scope scope = sql_scope_of(s, rel);
    bool sum = sy_view_is(fn, "sum");
    char name[16];
    sy_view_to_cstr(fn, name, sizeof name);
    sql_put(s, "%s%s(", sum ? "(" : "", sy_view_is(fn, "first") ? "first_value" : name);
    if (has_argument(fn)) {
        sql_expr(s, &scope, arg);
        sql_put(s, "%s", sum ? "::BIGINT" : "");
    }
    sql_put(s, ")");
    put_over(s, rel, fn);
    sql_put(s, "%s", sum ? ")::BIGINT" : "");
}

void sql_window(struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    size_t n_cols = s->job->types->rels[r->in[0]].n_cols;
    size_t out = (size_t)(r->n_keys + r->n_order);
    sql_put(s, "SELECT *");
    for (size_t i = 0; i < r->n_fns; i++) {
        bool argument = has_argument(r->fns[i]);
        sql_put(s, ",");
        put_window(s, rel, r->fns[i], argument ? (size_t)r->outs[out] : 0);
        sql_put(s, " AS c%zu", n_cols + i);
        out += argument ? 1 : 0;
    }
    sql_put(s, " FROM ");
    sql_rel(s, (size_t)r->in[0]);
}
