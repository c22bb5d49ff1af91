/*
 * Relations of a plan -> SQL of the engine: each a SELECT with columns c0, c1, ...; nested where it is
 * read once in a statement, WITH ... MATERIALIZED where more often.
 */
#include "engine_internal.h"

static const struct sy_plan_rel *rel_of(const struct sql *s, size_t rel)
{
    return &s->job->def->plan.rels[rel];
}

struct sql_scope sql_scope_of(const struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    bool join = sy_view_is(r->op, "join");
    size_t n_left = join ? s->job->types->rels[r->in[0]].n_cols : SIZE_MAX;
    return (struct sql_scope){r->exprs, s->job->types->rels[rel].exprs, n_left};
}

static void rel_scan(struct sql *s, size_t rel)
{
    sql_put(s, "SELECT * FROM sy_scan(%zu)", rel);
}

static void rel_filter(struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    struct sql_scope scope = sql_scope_of(s, rel);
    sql_put(s, "SELECT * FROM ");
    sql_rel(s, (size_t)r->in[0]);
    sql_put(s, " WHERE ");
    sql_expr(s, &scope, (size_t)r->outs[0]);
}

static void rel_project(struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    struct sql_scope scope = sql_scope_of(s, rel);
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
    struct sql_scope scope = sql_scope_of(s, rel);
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

/* The type of the engine that every input's column is cast to. */
static const char *engine_type(const struct sy_type *t)
{
    static const char *const types[SY_TYPE_N] = {[SY_TYPE_INT] = "BIGINT",
                                                 [SY_TYPE_DATE] = "INTEGER",
                                                 [SY_TYPE_BOOL] = "BOOLEAN",
                                                 [SY_TYPE_STR] = "INTEGER",
                                                 [SY_TYPE_UNIT] = "UINTEGER"};
    return types[t->kind];
}

static void union_column(struct sql *s, const struct sy_type *from, const struct sy_type *to,
                         size_t i)
{
    sql_put(s, "%s(", i == 0 ? "SELECT " : ",");
    bool mapped = to->kind == SY_TYPE_STR && sql_map_open(s, from, to);
    sql_put(s, "c%zu", i);
    if (mapped) {
        sql_map_close(s);
    }
    sql_put(s, ")::%s AS c%zu", engine_type(to), i);
}

static void rel_union(struct sql *s, size_t rel)
{
    const struct sy_plan_rel *r = rel_of(s, rel);
    const struct sy_rel_types *to = &s->job->types->rels[rel];
    for (size_t k = 0; k < r->n_in; k++) {
        const struct sy_rel_types *from = &s->job->types->rels[r->in[k]];
        sql_put(s, "%s", k == 0 ? "" : " UNION ALL ");
        for (size_t i = 0; i < to->n_cols; i++) {
            union_column(s, &from->cols[i], &to->cols[i], i);
        }
        sql_put(s, " FROM ");
        sql_rel(s, (size_t)r->in[k]);
    }
}

static void put_rel(struct sql *s, size_t rel)
{
    static const struct {
        const char *op;
        void (*put)(struct sql *, size_t);
    } ops[] = {{"scan", rel_scan},    {"filter", rel_filter}, {"project", rel_project},
               {"join", rel_join},    {"union", rel_union},   {"reduce", sql_reduce},
               {"window", sql_window}};
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
    if (s->shared[rel]) {
        sql_put(s, "m%zu", rel);
        return;
    }
    sql_put(s, "(");
    put_rel(s, rel);
    sql_put(s, ")");
}

/* Mark what the block reads, and of that what is read more than once; scans are cheap to repeat. */
static void find_shared(struct sql *s, size_t root)
{
    bool read[SY_PLAN_RELS_MAX] = {false};
    memset(s->shared, 0, sizeof s->shared);
    read[root] = true;
    for (size_t i = root + 1; i-- > 0;) {
        const struct sy_plan_rel *r = rel_of(s, i);
        for (size_t k = 0; read[i] && k < r->n_in; k++) {
            size_t in = (size_t)r->in[k];
            s->shared[in] = read[in] && !sy_view_is(rel_of(s, in)->op, "scan");
            read[in] = true;
        }
    }
}

void sql_with(struct sql *s, const struct sy_plan_block *b)
{
    size_t n = 0;
    find_shared(s, (size_t)b->rel);
    for (size_t i = 0; i <= b->rel; i++) {
        if (s->shared[i]) {
            sql_put(s, "%sm%zu AS MATERIALIZED (", n++ == 0 ? "WITH " : ",", i);
            put_rel(s, i);
            sql_put(s, ")");
        }
    }
    sql_put(s, "%s", n == 0 ? "" : " ");
}
