/*
 * Different values (figure "distinct"): beside the block's cells, one more query a figure, joined by the
 * cell.
 *
 *   values  the different (unit, cell, value) of the block's rows
 *   chosen  of each unit the cells that bounding keeps (the same sy_rank of the same cell), and in each
 *           at most `rows` values, those of lowest sy_rank: a function of the unit's own values and its
 *           selection key only. What the rank goes by is the value's place in its declared interval, or
 *           the selection key of a unit of another namespace, whose code says when it was first seen
 *   cells   per cell: different values of all units together
 */
#include <inttypes.h>

#include "base/weak.h"
#include "engine_internal.h"

bool sql_is_distinct(const struct sy_plan_figure *f)
{
    return sy_view_is(f->fn, "distinct");
}

static const struct sy_type *value_type(const struct sql_shape *h, size_t i)
{
    return &h->t->exprs[h->b->figures[i].expr];
}

const struct engine_column *engine_values_key(const struct engine_job *job,
                                              const struct sql_shape *h, size_t i, size_t *ret_i)
{
    const struct sy_type *t = value_type(h, i);
    for (size_t k = 0; k < job->def->n_columns; k++) {
        const struct sy_run_column *c = &job->def->columns[k];
        if (c->field.n == 0 && sy_view_is(c->type, "key") && sy_view_eq(c->ns, t->ns)) {
            *ret_i = k;
            return &job->columns[k];
        }
    }
    return NULL;
}

bool engine_distinct_ready(const struct engine_job *job, const struct sql_shape *h,
                           const struct engine_column *own)
{
    bool ready = true;
    size_t unused;
    for (size_t i = 0; !h->exact && i < h->b->n_figures; i++) {
        if (sql_is_distinct(&h->b->figures[i])) {
            bool unit = value_type(h, i)->kind == SY_TYPE_UNIT;
            ready =
                ready && own != NULL && (!unit || engine_values_key(job, h, i, &unused) != NULL);
        }
    }
    return ready;
}

/* A value as 64 bits that depend on nothing but itself. */
static void put_value(struct sql *s, const struct sql_shape *h, size_t i)
{
    const struct sy_type *t = value_type(h, i);
    size_t column = 0;
    if (t->kind == SY_TYPE_UNIT) {
        (void)engine_values_key(s->job, h, i, &column);
        sql_put(s, "sy_unit(%zu::UBIGINT,x%zu::UBIGINT)", column, i);
        return;
    }
    bool ordered = t->kind == SY_TYPE_INT || t->kind == SY_TYPE_DATE;
    sql_put(s, "(x%zu::HUGEINT-(%" PRId64 "))::UBIGINT", i, ordered ? t->lo : 0); /* up to 2^63 */
}

static void put_ranks(struct sql *s, const struct sql_shape *h, size_t i)
{
    if (h->limited && !sy_weak(SY_WEAK_GROUPS_UNBOUNDED)) {
        sql_put(s, ",dense_rank() OVER (PARTITION BY u ORDER BY sy_rank(u,");
        sql_cell_hash(s, h);
        sql_put(s, ")) AS rn");
    } else {
        sql_put(s, ",1 AS rn");
    }
    sql_put(s, ",row_number() OVER (PARTITION BY u,");
    sql_key_names(s, h, "");
    sql_put(s, " ORDER BY x%zu IS NULL,sy_rank(u,", i);
    put_value(s, h, i);
    sql_put(s, "),x%zu) AS vn", i); /* the last only where two hashes are equal */
}

/* The cells of one figure, with its count as n. */
static void put_values(struct sql *s, const struct sql_shape *h, size_t i)
{
    uint64_t rows = sy_weak(SY_WEAK_ROWS_UNBOUNDED) ? INT64_MAX : h->b->rows;
    uint64_t groups = sy_weak(SY_WEAK_GROUPS_UNBOUNDED) ? INT64_MAX : h->b->groups;
    sql_put(s, "SELECT ");
    sql_world(s, h);
    sql_key_names(s, h, "");
    sql_put(s, ",count(DISTINCT x%zu) AS n FROM (SELECT *", i);
    put_ranks(s, h, i);
    sql_put(s, " FROM (SELECT DISTINCT u,");
    sql_key_names(s, h, "");
    sql_put(s, ",x%zu FROM (", i);
    sql_rows(s, h);
    sql_put(s, "))) WHERE rn<=%" PRIu64 " AND vn<=%" PRIu64 " GROUP BY %s", groups, rows,
            h->worlds ? "w," : "");
    sql_key_names(s, h, "");
}

void sql_distinct_open(struct sql *s, const struct sql_shape *h)
{
    sql_put(s, "SELECT %s", h->worlds ? "b.w," : "");
    sql_key_names(s, h, "b.");
    sql_put(s, ",b.n");
    for (size_t i = 0; i < h->b->n_figures; i++) {
        if (sql_is_distinct(&h->b->figures[i])) {
            sql_put(s, ",coalesce(d%zu.n,0)::HUGEINT", i);
        } else {
            sql_put(s, ",b.f%zu", i);
        }
    }
    sql_put(s, " FROM (");
}

void sql_distinct_close(struct sql *s, const struct sql_shape *h)
{
    sql_put(s, ") AS b");
    for (size_t i = 0; i < h->b->n_figures; i++) {
        if (!sql_is_distinct(&h->b->figures[i])) {
            continue;
        }
        sql_put(s, " LEFT JOIN (");
        put_values(s, h, i);
        sql_put(s, ") AS d%zu ON ", i);
        for (size_t k = 0; k < h->n_key_columns; k++) {
            sql_put(s, "%sb.k%zu=d%zu.k%zu", k == 0 ? "" : " AND ", k, i, k);
        }
        if (h->worlds) {
            sql_put(s, " AND b.w=d%zu.w", i);
        }
    }
}
