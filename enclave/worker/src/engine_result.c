/*
 * The rows of a block's statement -> cells. Everything is read as integers and checked: positions of
 * keys, unit counts, figures within +-2^62, the number of cells, the world.
 */
#include <stdlib.h>

#include "base/arith.h"
#include "engine_internal.h"

/* One block's results under construction. */
struct reading {
    const struct engine_job *job;
    struct sql_shape h;
    struct sy_arena *arena;
    struct sy_run_block *rets;
    size_t *caps; /* of each result's cells */
    size_t n_rets;
};

/* Room for one more cell. */
static sy_status grow(struct reading *r, size_t world)
{
    struct sy_run_block *ret = &r->rets[world];
    size_t cap = r->caps[world] == 0 ? 64 : 2 * r->caps[world];
    if (ret->n_cells < r->caps[world]) {
        return SY_OK;
    }
    struct sy_run_cell *more = sy_arena_alloc(r->arena, cap, sizeof *more);
    if (more == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (ret->n_cells != 0) {
        memcpy(more, ret->cells, ret->n_cells * sizeof *more);
    }
    ret->cells = more;
    r->caps[world] = cap;
    return SY_OK;
}

static sy_status add_cell(struct reading *r, size_t world, struct sy_run_cell **ret)
{
    const struct sy_plan_block *b = r->h.b;
    if (r->rets[world].n_cells >= r->job->def->cells_max) {
        return sy_status_of(SY_E_LIMIT);
    }
    SY_TRY(grow(r, world));
    struct sy_run_cell *c = &r->rets[world].cells[r->rets[world].n_cells];
    c->key = sy_arena_alloc(r->arena, b->n_keys + 1, sizeof *c->key);
    c->figures = sy_arena_alloc(r->arena, b->n_figures, sizeof *c->figures);
    c->n_tops = r->h.cellkey ? 2 * b->n_figures : 0;
    c->tops = sy_arena_alloc(r->arena, c->n_tops + 1, sizeof *c->tops);
    if (c->key == NULL || c->figures == NULL || c->tops == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    c->n_key = b->n_keys;
    c->n_figures = b->n_figures;
    r->rets[world].n_cells++;
    *ret = c;
    return SY_OK;
}

static bool read_i64(duckdb_data_chunk chunk, size_t column, idx_t row, int64_t *ret)
{
    duckdb_vector v = duckdb_data_chunk_get_vector(chunk, column);
    const uint64_t *valid = duckdb_vector_get_validity(v);
    *ret = ((const int64_t *)duckdb_vector_get_data(v))[row];
    return valid == NULL || (valid[row / 64] >> (row % 64) & 1) != 0;
}

static bool read_huge(duckdb_data_chunk chunk, size_t column, idx_t row, int64_t *ret)
{
    duckdb_vector v = duckdb_data_chunk_get_vector(chunk, column);
    const uint64_t *valid = duckdb_vector_get_validity(v);
    duckdb_hugeint h = ((const duckdb_hugeint *)duckdb_vector_get_data(v))[row];
    sy_i128 x = (sy_i128)((sy_u128)(uint64_t)h.upper << 64 | h.lower);
    bool fits = x >= -(sy_i128)SY_PLAN_VALUE_MAX && x <= (sy_i128)SY_PLAN_VALUE_MAX;
    *ret = fits ? (int64_t)x : 0;
    return fits && (valid == NULL || (valid[row / 64] >> (row % 64) & 1) != 0);
}

/* Positions of each key from the cell's ordinal. */
static bool split_cell(const struct reading *r, int64_t cell, uint64_t *key)
{
    if (cell < 0 || (uint64_t)cell >= r->h.t->n_cells) {
        return false;
    }
    uint64_t rest = (uint64_t)cell;
    for (size_t k = r->h.b->n_keys; k-- > 0;) {
        uint64_t n = r->h.b->keys[k].n_labels + (r->h.b->keys[k].nullable ? 1 : 0);
        key[k] = rest % n;
        rest /= n;
    }
    return true;
}

/* Keys from column `at` on. */
static bool read_keys(const struct reading *r, duckdb_data_chunk chunk, size_t at, idx_t row,
                      uint64_t *key)
{
    int64_t v;
    if (!r->h.apart) {
        return read_i64(chunk, at, row, &v) && split_cell(r, v, key);
    }
    for (size_t k = 0; k < r->h.b->n_keys; k++) {
        if (!read_i64(chunk, at + k, row, &v) || v < 0) {
            return false;
        }
        key[k] = (uint64_t)v;
    }
    return true;
}

static sy_status read_row(struct reading *r, duckdb_data_chunk chunk, idx_t row)
{
    struct sy_run_cell *c;
    int64_t world = 0;
    int64_t units;
    size_t at = r->h.worlds ? 1 : 0;
    if (at != 0 && (!read_i64(chunk, 0, row, &world) || world < 0)) {
        return sy_status_of(SY_E_OVERFLOW);
    }
    if ((uint64_t)world >= r->n_rets) {
        return sy_status_of(SY_E_OVERFLOW);
    }
    SY_TRY(add_cell(r, (size_t)world, &c));
    bool ok = read_keys(r, chunk, at, row, c->key);
    at += r->h.n_key_columns;
    ok = ok && read_i64(chunk, at, row, &units) && units >= 0;
    c->units = ok ? (uint64_t)units : 0;
    for (size_t i = 0; ok && i < r->h.b->n_figures; i++) {
        ok = read_huge(chunk, at + 1 + i, row, &c->figures[i]);
    }
    if (ok && r->h.cellkey) {
        ok = engine_cellkey_read(chunk, at + 1 + r->h.b->n_figures, row, c);
    }
    return ok ? SY_OK : sy_status_of(SY_E_OVERFLOW);
}

static sy_status read_result(struct reading *r, duckdb_result result)
{
    sy_status st = SY_OK;
    for (;;) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
        if (chunk == NULL) {
            return st;
        }
        idx_t n = duckdb_data_chunk_get_size(chunk);
        for (idx_t i = 0; sy_ok(st) && i < n; i++) {
            st = read_row(r, chunk, i);
        }
        duckdb_destroy_data_chunk(&chunk);
        if (!sy_ok(st)) {
            return st;
        }
    }
}

static int by_key(const void *a, const void *b)
{
    const struct sy_run_cell *x = a;
    const struct sy_run_cell *y = b;
    for (size_t k = 0; k < x->n_key; k++) {
        if (x->key[k] != y->key[k]) {
            return x->key[k] < y->key[k] ? -1 : 1;
        }
    }
    return 0;
}

sy_status engine_result_read(const struct engine_job *job, size_t block, duckdb_result result,
                             struct sy_arena *arena, struct sy_run_block *ret, size_t n_rets)
{
    struct reading r = {.job = job,
                        .h = sql_shape_of(job, block),
                        .arena = arena,
                        .rets = ret,
                        .caps = sy_arena_alloc(arena, n_rets, sizeof *r.caps),
                        .n_rets = n_rets};
    if (r.caps == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    memset(ret, 0, n_rets * sizeof *ret);
    SY_TRY(read_result(&r, result));
    for (size_t i = 0; i < n_rets; i++) {
        if (ret[i].n_cells > 1) { /* order would tell about threads and hashes */
            qsort(ret[i].cells, ret[i].n_cells, sizeof *ret[i].cells, by_key);
        }
    }
    return SY_OK;
}
