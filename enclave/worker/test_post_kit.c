/* Tables of exact cells: declared cells in label order, zero where the worker has none. */
#include "test_post_kit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t n_labels(const struct sy_plan_key *k)
{
    return k->n_labels + (k->nullable ? 1 : 0);
}

/* The position of cell number `cell` along each key, the last key fastest. */
static void cell_key(const struct sy_plan_block *b, size_t cell, uint64_t *ret)
{
    for (size_t i = b->n_keys; i-- > 0;) {
        ret[i] = cell % n_labels(&b->keys[i]);
        cell /= (size_t)n_labels(&b->keys[i]);
    }
}

static const struct sy_run_cell *find_cell(const struct sy_run_block *cells, const uint64_t *key,
                                           size_t n_keys)
{
    for (size_t i = 0; i < cells->n_cells; i++) {
        if (n_keys == 0 || memcmp(cells->cells[i].key, key, n_keys * sizeof *key) == 0) {
            return &cells->cells[i];
        }
    }
    return NULL;
}

static double figure(const struct sy_plan_block *b, const struct sy_run_cell *cell, uint64_t i)
{
    double v = cell == NULL ? 0 : (double)cell->figures[i];
    return v / pow(10, (double)b->figures[i].scale);
}

static double out_number(const struct sy_plan_block *b, const struct sy_plan_out *o,
                         const struct sy_run_cell *cell)
{
    double a = figure(b, cell, o->a);
    if (sy_view_is(o->op, "figure")) {
        return a;
    }
    double n = figure(b, cell, o->b);
    return n == 0 ? NAN : a / n;
}

static void fill_key(struct sy_post_column *c, size_t row, const struct sy_plan_key *k,
                     uint64_t position)
{
    bool null = position == k->n_labels;
    if (c->kind == SY_POST_LABEL) {
        c->texts[row] = null ? (struct sy_view){0} : k->labels[position];
    } else {
        char text[32];
        sy_view_to_cstr(null ? sy_view_str("nan") : k->labels[position], text, sizeof text);
        c->lanes[row] = strtod(text, NULL);
    }
}

static void fill_row(const struct world_run *r, size_t block, size_t row, struct sy_post_table *t)
{
    const struct sy_plan_block *b = &r->def.plan.blocks[block];
    uint64_t key[SY_PLAN_KEYS_MAX];
    cell_key(b, row, key);
    const struct sy_run_cell *cell = find_cell(&r->result.blocks[block], key, b->n_keys);
    size_t col = 0;
    for (size_t i = 0; i < r->def.plan.n_outs; i++) {
        const struct sy_plan_out *o = &r->def.plan.outs[i];
        if (o->block != block) {
            continue;
        }
        if (sy_view_is(o->op, "key")) {
            fill_key(&t->cols[col], row, &b->keys[o->a], key[o->a]);
        } else {
            t->cols[col].lanes[row] = out_number(b, o, cell);
        }
        col++;
    }
}

static void fill_block(const struct world_run *r, size_t block, const struct sy_post_block *shape,
                       struct sy_post_table *t, struct sy_arena *arena)
{
    const struct sy_plan_block *b = &r->def.plan.blocks[block];
    t->n_rows = 1;
    for (size_t i = 0; i < b->n_keys; i++) {
        t->n_rows *= (size_t)n_labels(&b->keys[i]);
    }
    t->n_cols = shape->n_cols;
    t->cols = sy_arena_alloc(arena, t->n_cols + 1, sizeof *t->cols);
    assert_non_null(t->cols);
    for (size_t i = 0; i < t->n_cols; i++) {
        t->cols[i].kind = shape->cols[i].kind;
        t->cols[i].lanes = sy_arena_alloc(arena, t->n_rows + 1, sizeof(double));
        t->cols[i].texts = sy_arena_alloc(arena, t->n_rows + 1, sizeof(struct sy_view));
        assert_true(t->cols[i].lanes != NULL && t->cols[i].texts != NULL);
    }
    for (size_t row = 0; row < t->n_rows; row++) {
        fill_row(r, block, row, t);
    }
}

void post_answer(const struct world_run *r, const uint64_t *params, struct sy_post_table *ret,
                 struct sy_arena *arena)
{
    struct sy_post_types types;
    struct sy_post_block *shapes;
    size_t n;
    struct sy_error err = {0};
    check_ok(sy_post_type(&r->def.plan, &r->types, arena, &types, &err));
    check_ok(sy_post_blocks(&r->def.plan, &r->types, arena, &shapes, &n, &err));
    struct sy_post_table *tables = sy_arena_alloc(arena, n + 1, sizeof *tables);
    assert_non_null(tables);
    for (size_t i = 0; i < n; i++) {
        fill_block(r, i, &shapes[i], &tables[i], arena);
    }
    check_ok(sy_post_run(&r->def.plan, &types, params, tables, 1, arena, ret, &err));
}

void post_ask(struct world *w, const struct world_model *m, const uint64_t *params,
              struct world_run *r, struct sy_post_table *ret, struct sy_arena *arena)
{
    world_ask(w, m, params, r, arena);
    assert_int_equal(r->def.plan.n_post, 1);
    post_answer(r, params, ret, arena);
}

double post_number(const struct sy_post_table *t, size_t row, size_t col)
{
    assert_true(row < t->n_rows && col < t->n_cols);
    assert_int_equal(t->cols[col].kind, SY_POST_NUMBER);
    return t->cols[col].lanes[row];
}

void post_near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-9 * fmax(1, fabs(want)))) {
        fail_msg("%.12g, want %.12g", got, want);
    }
}

bool post_is(const struct sy_post_table *t, size_t row, size_t col, const char *label)
{
    assert_true(row < t->n_rows && col < t->n_cols);
    assert_int_equal(t->cols[col].kind, SY_POST_LABEL);
    return sy_view_is(t->cols[col].texts[row], label);
}

/* --- blocks to be over ---------------------------------------------------------------------------- */

const struct sy_model_block post_blocks[POST_BLOCKS] = {
    {.name = V("pop"), .sql = V("SELECT town, male, count(*) n FROM persons GROUP BY town, male")},
    {.name = V("town"), .sql = V("SELECT town, count(*) n, avg(bmi) b FROM persons GROUP BY town")},
    {.name = V("total"), .sql = V("SELECT count(*) n, sum(bmi) b FROM persons")},
    {.name = V("bands"),
     .sql = V("SELECT age // 30 AS band, count(*) n, count_if(male) d FROM persons GROUP BY 1")},
    {.name = V("weights"),
     .sql = V("SELECT town, sum(pop) w FROM towns GROUP BY town"),
     .mechanism = V("exact")},
};

size_t post_pick(const char *post, struct sy_model_block ret[POST_BLOCKS])
{
    size_t n = 0;
    for (size_t i = 0; i < POST_BLOCKS; i++) {
        char from[64];
        char join[64];
        snprintf(from, sizeof from, "FROM %.*s ", SY_PV(post_blocks[i].name));
        snprintf(join, sizeof join, "JOIN %.*s ", SY_PV(post_blocks[i].name));
        if (strstr(post, from) != NULL || strstr(post, join) != NULL) {
            ret[n++] = post_blocks[i];
        }
    }
    return n;
}
