/*
 * Bounding SQL: one statement a block.
 *
 *   rows    the block's relation, rows with a NULL unit dropped; each row's cell, its clamped values
 *   pairs   per (unit, cell): n rows, and per figure its rows and sum
 *   kept    at most `groups` cells of each unit, those with the lowest sy_rank: a function of the
 *           unit's selection key and the cell only. Left out when there are no more cells than groups
 *   cells   per cell: units, and per figure the sum over units of
 *           count min(n, rows);  sum n <= rows ? sum : sum x rows / n truncated toward zero;  units 1 (n > 0);
 *           distinct: engine_distinct.c
 *
 * Declared keys make one number, the cell's ordinal (mixed radix, the NULL cell last of each key); with
 * an open key, the keys stay apart. Blocks without a unit are plain aggregates.
 */
#include <inttypes.h>

#include "base/weak.h"
#include "engine_internal.h"

static bool any_open_key(const struct sy_plan_block *b)
{
    for (size_t k = 0; k < b->n_keys; k++) {
        if (b->keys[k].open) {
            return true;
        }
    }
    return false;
}

struct sql_shape sql_shape_of(const struct engine_job *job, size_t block)
{
    struct sql_shape h = {.b = &job->def->plan.blocks[block], .t = &job->types->blocks[block]};
    h.scope = (struct sql_scope){h.b->exprs, h.t->exprs, SIZE_MAX};
    h.exact = h.b->ns.n == 0;
    h.cellkey = !h.exact && sy_view_is(h.b->mechanism, "cellkey");
    h.subject = sy_view_is(h.b->mechanism, SY_PLAN_SUBJECT);
    h.without = job->def->n_without > 0 ? job->def->without[block] : 0;
    h.limited = !h.exact && !h.subject && (h.t->open || h.t->n_cells > h.b->groups);
    h.apart = any_open_key(h.b);
    h.worlds = job->worlds_units != 0 && !h.exact;
    h.n_key_columns = h.apart ? h.b->n_keys : 1;
    for (size_t i = 0; !h.exact && i < h.b->n_figures; i++) {
        h.distinct = h.distinct || sql_is_distinct(&h.b->figures[i]);
    }
    return h;
}

/* Cells of a declared key, the NULL cell included. */
static uint64_t key_cells(const struct sy_plan_key *k)
{
    return k->n_labels + (k->nullable ? 1 : 0);
}

static uint64_t null_ordinal(const struct sql *s, const struct sql_shape *h, size_t k)
{
    const struct sy_type *t = &h->t->keys[k];
    if (!t->open) {
        return h->b->keys[k].n_labels;
    }
    const struct engine_column *c = engine_text_column(s->job, t, NULL);
    return c == NULL ? 0 : c->def->n_dict;
}

/* Key k as its position among its labels. */
static void put_key(struct sql *s, const struct sql_shape *h, size_t k)
{
    const struct sy_type *t = &h->t->keys[k];
    sql_put(s, "coalesce((");
    sql_expr(s, &h->scope, (size_t)h->b->keys[k].expr);
    sql_put(s, ")::BIGINT-(%" PRId64 "),%" PRIu64 ")", t->kind == SY_TYPE_INT ? t->lo : 0,
            null_ordinal(s, h, k));
}

static void put_cell(struct sql *s, const struct sql_shape *h)
{
    for (size_t k = 0; h->apart && k < h->b->n_keys; k++) {
        put_key(s, h, k);
        sql_put(s, " AS k%zu,", k);
    }
    if (h->apart) {
        return;
    }
    sql_put(s, "(0::BIGINT");
    uint64_t stride = h->t->n_cells;
    for (size_t k = 0; k < h->b->n_keys; k++) {
        stride /= key_cells(&h->b->keys[k]);
        sql_put(s, "+%" PRIu64 "*", stride);
        put_key(s, h, k);
    }
    sql_put(s, ") AS k0,");
}

static bool is_sum(const struct sy_plan_figure *f)
{
    return sy_view_is(f->fn, "sum");
}

void sql_rows(struct sql *s, const struct sql_shape *h)
{
    sql_put(s, "SELECT ");
    put_cell(s, h);
    for (size_t i = 0; i < h->b->n_figures; i++) {
        const struct sy_plan_figure *f = &h->b->figures[i];
        if (!f->has_arg) {
            continue;
        }
        sql_put(s, "(");
        sql_expr(s, &h->scope, (size_t)f->expr);
        const char *type = sy_weak(SY_WEAK_RAISING) ? "::SMALLINT" : "::BIGINT";
        sql_put(s, ")%s AS x%zu,", is_sum(f) ? type : "", i);
    }
    if (h->exact) {
        sql_put(s, "0 AS u FROM ");
        sql_rel(s, (size_t)h->b->rel);
        return;
    }
    sql_put(s, "c%" PRIu64 " AS u FROM ", h->b->unit);
    sql_rel(s, (size_t)h->b->rel);
    if (!sy_weak(SY_WEAK_NULL_UNITS) || h->subject || h->without != 0) {
        sql_put(s, " WHERE c%" PRIu64 " IS NOT NULL", h->b->unit);
    }
    if (h->without != 0) { /* the same data without one unit: its neighbour */
        sql_put(s, " AND c%" PRIu64 "<>%" PRIu64, h->b->unit, h->without - 1);
    }
    if (h->subject) { /* whatever the relation holds, of one unit only */
        sql_put(s, " AND c%" PRIu64 "=%" PRIu64, h->b->unit, s->job->def->subject - 1);
    }
}

/* The clamp keeps NULL: least and greatest would ignore it. */
static void put_clamped_sum(struct sql *s, const struct sy_plan_figure *f, size_t i)
{
    if (sy_weak(SY_WEAK_CLAMP_SKIPPED) || sy_weak(SY_WEAK_FLOAT_SUMS)) {
        sql_put(s, "sum(x%zu%s)", i, sy_weak(SY_WEAK_FLOAT_SUMS) ? "::FLOAT" : "");
        return;
    }
    sql_put(s,
            "sum(CASE WHEN x%zu<(%" PRId64 ") THEN (%" PRId64 ") WHEN x%zu>(%" PRId64
            ") THEN (%" PRId64 ") ELSE x%zu END)",
            i, f->lo, f->lo, i, f->hi, f->hi, i);
}

/* Rows and sums that figure i needs of each group. */
static void put_figure_parts(struct sql *s, const struct sql_shape *h, size_t i)
{
    const struct sy_plan_figure *f = &h->b->figures[i];
    if ((sy_view_is(f->fn, "units") && !f->has_arg) || sql_is_distinct(f)) {
        return;
    }
    if (f->has_arg) {
        sql_put(s, ",count(x%zu) AS n%zu", i, i);
    } else {
        sql_put(s, ",count(*) AS n%zu", i);
    }
    if (is_sum(f)) {
        sql_put(s, ",");
        put_clamped_sum(s, f, i);
        sql_put(s, " AS s%zu", i);
    }
}

void sql_key_names(struct sql *s, const struct sql_shape *h, const char *of)
{
    for (size_t k = 0; k < h->n_key_columns; k++) {
        sql_put(s, "%s%sk%zu", k == 0 ? "" : ",", of, k);
    }
}

static void put_pairs(struct sql *s, const struct sql_shape *h)
{
    sql_put(s, "SELECT u,");
    sql_key_names(s, h, "");
    for (size_t i = 0; i < h->b->n_figures; i++) {
        put_figure_parts(s, h, i);
    }
    if (sy_weak(SY_WEAK_THRESHOLD_ROWS)) {
        sql_put(s, ",count(*) AS weak_rows");
    }
    sql_put(s, " FROM (");
    sql_rows(s, h);
    sql_put(s, ") GROUP BY u,");
    sql_key_names(s, h, "");
}

/* What ranks a cell: its ordinal, or the mix of its keys, open ones by the text of their label. */
void sql_cell_hash(struct sql *s, const struct sql_shape *h)
{
    if (!h->apart) {
        sql_put(s, "k0::UBIGINT");
        return;
    }
    for (size_t k = 0; k < h->b->n_keys; k++) {
        sql_put(s, "sy_mix(");
    }
    sql_put(s, "0::UBIGINT");
    for (size_t k = 0; k < h->b->n_keys; k++) {
        const struct sy_type *t = &h->t->keys[k];
        size_t column = 0;
        if (t->open) {
            (void)engine_text_column(s->job, t, &column);
            sql_put(s, ",sy_label(%zu::UBIGINT,k%zu::UBIGINT))", column, k);
        } else {
            sql_put(s, ",k%zu::UBIGINT)", k);
        }
    }
}

static void put_kept(struct sql *s, const struct sql_shape *h)
{
    if (!h->limited || sy_weak(SY_WEAK_GROUPS_UNBOUNDED)) {
        put_pairs(s, h);
        return;
    }
    sql_put(s, "SELECT * FROM (SELECT *,row_number() OVER (PARTITION BY u ORDER BY sy_rank(u,");
    sql_cell_hash(s, h);
    sql_put(s, ")) AS rn FROM (");
    put_pairs(s, h);
    sql_put(s, ")) WHERE rn<=%" PRIu64, h->b->groups);
}

void sql_contribution(struct sql *s, const struct sql_shape *h, size_t i)
{
    const struct sy_plan_figure *f = &h->b->figures[i];
    uint64_t rows = sy_weak(SY_WEAK_ROWS_UNBOUNDED) ? INT64_MAX : h->b->rows;
    if (sy_view_is(f->fn, "units")) {
        sql_put(s, "1");
        if (f->has_arg) {
            sql_put(s, "+CASE WHEN n%zu=0 THEN NULL ELSE 0 END", i);
        }
    } else if (is_sum(f)) {
        sql_put(s, "CASE WHEN n%zu>%" PRIu64 " THEN (s%zu*%" PRIu64 ")//n%zu ELSE s%zu END", i,
                rows, i, rows, i, i);
    } else {
        sql_put(s, "CASE WHEN n%zu>%" PRIu64 " THEN %" PRIu64 " ELSE n%zu END", i, rows, rows, i);
    }
}

static void put_cell_figure(struct sql *s, const struct sql_shape *h, size_t i)
{
    if (sql_is_distinct(&h->b->figures[i])) {
        sql_put(s, ",0 AS f%zu", i); /* in its place comes what sql_distinct_close joins */
        return;
    }
    sql_put(s, ",coalesce(sum(");
    sql_contribution(s, h, i);
    sql_put(s, "),0)::HUGEINT AS f%zu", i);
}

static void put_exact_figure(struct sql *s, const struct sql_shape *h, size_t i)
{
    const struct sy_plan_figure *f = &h->b->figures[i];
    if (is_sum(f)) {
        sql_put(s, ",coalesce(");
        put_clamped_sum(s, f, i);
        sql_put(s, ",0)::HUGEINT");
    } else if (sql_is_distinct(f)) {
        sql_put(s, ",count(DISTINCT x%zu)::HUGEINT", i);
    } else if (f->has_arg) {
        sql_put(s, ",count(x%zu)::HUGEINT", i);
    } else {
        sql_put(s, ",count(*)::HUGEINT");
    }
}

void sql_world(struct sql *s, const struct sql_shape *h)
{
    if (h->worlds) {
        sql_put(s, "(u//%" PRIu64 ")::BIGINT AS w,", s->job->worlds_units);
    }
}

void sql_block(struct sql *s, size_t block)
{
    struct sql_shape h = sql_shape_of(s->job, block);
    sql_with(s, h.b);
    if (h.distinct) {
        sql_distinct_open(s, &h);
    }
    sql_put(s, "SELECT ");
    sql_world(s, &h);
    sql_key_names(s, &h, "");
    const char *units = sy_weak(SY_WEAK_THRESHOLD_ROWS) ? "sum(weak_rows)::BIGINT" : "count(*)";
    sql_put(s, ",%s AS n", h.exact ? "0::BIGINT" : units);
    for (size_t i = 0; i < h.b->n_figures; i++) {
        if (h.exact) {
            put_exact_figure(s, &h, i);
        } else {
            put_cell_figure(s, &h, i);
        }
    }
    if (h.cellkey) {
        sql_cellkey(s, &h);
    }
    sql_put(s, " FROM (");
    if (h.exact) {
        sql_rows(s, &h);
    } else {
        put_kept(s, &h);
    }
    sql_put(s, ") GROUP BY %s", h.worlds ? "w," : "");
    sql_key_names(s, &h, "");
    if (h.distinct) {
        sql_distinct_close(s, &h);
    }
}
