/*
 * What a cellkey block needs beside its figures: of each cell the sum of its units' record keys, and of
 * each figure the two largest contributions of one unit, after bounding.
 */
#include "base/arith.h"
#include "engine_internal.h"

enum { TOPS = 2 };

void sql_cellkey(struct sql *s, const struct sql_shape *h)
{
    sql_put(s, ",sum(sy_record(u))::HUGEINT"); /* below 2^64 x 2^32 */
    for (size_t i = 0; i < h->b->n_figures; i++) {
        for (int top = 1; top <= TOPS; top++) {
            sql_put(s, ",coalesce((max(");
            sql_contribution(s, h, i);
            sql_put(s, ",%d))[%d],0)::HUGEINT", TOPS, top);
        }
    }
}

static bool read_huge(duckdb_data_chunk chunk, size_t column, idx_t row, sy_i128 *ret)
{
    duckdb_vector v = duckdb_data_chunk_get_vector(chunk, column);
    const uint64_t *valid = duckdb_vector_get_validity(v);
    duckdb_hugeint h = ((const duckdb_hugeint *)duckdb_vector_get_data(v))[row];
    *ret = (sy_i128)((sy_u128)(uint64_t)h.upper << 64 | h.lower);
    return valid == NULL || (valid[row / 64] >> (row % 64) & 1) != 0;
}

bool engine_cellkey_read(duckdb_data_chunk chunk, size_t at, idx_t row, struct sy_run_cell *ret)
{
    sy_i128 v;
    bool ok = read_huge(chunk, at, row, &v);
    ret->ck = ok ? (uint64_t)v : 0;
    for (size_t i = 0; ok && i < ret->n_tops; i++) {
        ok = read_huge(chunk, at + 1 + i, row, &v) && v >= -(sy_i128)SY_PLAN_VALUE_MAX &&
             v <= (sy_i128)SY_PLAN_VALUE_MAX;
        ret->tops[i] = ok ? (int64_t)v : 0;
    }
    return ok;
}
