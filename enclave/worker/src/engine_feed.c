/*
 * Feeding: mapped columns become the engine's vectors by memcpy, in morsels of SY_MORSEL_ROWS rows that
 * threads take in turn. No strings enter the engine: labels are codes. Besides the table function there
 * are scalar functions. Four make the choice of kept groups and values: sy_rank(unit, cell) mixes the
 * unit's secret selection key with a cell, sy_mix combines keys of a cell, sy_label hashes a label of an
 * undeclared dictionary, sy_unit a unit that is counted as a value (codes would depend on other units'
 * rows, texts and keys do not).
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine_internal.h"

enum { SCAN_COLUMNS_MAX = SY_PLAN_COLS_MAX };

const struct engine_column *engine_find_column(const struct engine_job *job, uint64_t scan,
                                               struct sy_view field, size_t *ret_i)
{
    for (size_t i = 0; i < job->def->n_columns; i++) {
        const struct sy_run_column *c = &job->def->columns[i];
        if (c->field.n != 0 && c->scan == scan && sy_view_eq(c->field, field)) {
            if (ret_i != NULL) {
                *ret_i = i;
            }
            return &job->columns[i];
        }
    }
    return NULL;
}

const struct engine_column *engine_text_column(const struct engine_job *job,
                                               const struct sy_type *t, size_t *ret_i)
{
    const struct sy_plan_rel *scan = &job->def->plan.rels[t->scan];
    return engine_find_column(job, t->scan, scan->names[t->scan_col], ret_i);
}

static duckdb_type engine_type(const struct sy_run_column *c)
{
    static const struct {
        const char *name;
        duckdb_type type;
    } table[] = {{"int32", DUCKDB_TYPE_INTEGER},  {"int64", DUCKDB_TYPE_BIGINT},
                 {"decimal", DUCKDB_TYPE_BIGINT}, {"date", DUCKDB_TYPE_INTEGER},
                 {"bool", DUCKDB_TYPE_BOOLEAN},   {"text", DUCKDB_TYPE_UINTEGER},
                 {"unit", DUCKDB_TYPE_UINTEGER}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (sy_view_is(c->type, table[i].name)) {
            return table[i].type;
        }
    }
    return c->width == 1   ? DUCKDB_TYPE_UTINYINT
           : c->width == 2 ? DUCKDB_TYPE_USMALLINT
                           : DUCKDB_TYPE_UINTEGER;
}

/* --- the table function --------------------------------------------------------------------------- */

struct binding {
    const struct engine_column *columns[SCAN_COLUMNS_MAX];
    size_t n_columns;
    uint64_t rows;
};

struct scan {
    const struct binding *binding;
    atomic_uint_fast64_t next; /* first row that nobody took */
    size_t n_columns;
    size_t columns[SCAN_COLUMNS_MAX]; /* projected: positions in the binding */
};

struct cursor {
    uint64_t at, end; /* rows of the morsel in hand */
};

static void add_column(duckdb_bind_info info, size_t i, duckdb_type type)
{
    char name[32];
    snprintf(name, sizeof name, "c%zu", i);
    duckdb_logical_type t = duckdb_create_logical_type(type);
    duckdb_bind_add_result_column(info, name, t);
    duckdb_destroy_logical_type(&t);
}

static void scan_bind(duckdb_bind_info info)
{
    const struct engine *e = duckdb_bind_get_extra_info(info);
    duckdb_value v = duckdb_bind_get_parameter(info, 0);
    int64_t rel = duckdb_get_int64(v);
    duckdb_destroy_value(&v);
    struct binding *b = calloc(1, sizeof *b);
    if (b == NULL) {
        duckdb_bind_set_error(info, "memory");
        return;
    }
    duckdb_bind_set_bind_data(info, b, free);
    if (e->job == NULL) { /* the warm-up query */
        add_column(info, 0, DUCKDB_TYPE_UINTEGER);
        return;
    }
    const struct sy_plan_rel *r = &e->job->def->plan.rels[rel];
    for (size_t i = 0; i < r->n_names && i < SCAN_COLUMNS_MAX; i++) {
        const struct engine_column *c =
            engine_find_column(e->job, (uint64_t)rel, r->names[i], NULL);
        b->columns[b->n_columns++] = c;
        b->rows = c->def->rows;
        add_column(info, i, engine_type(c->def));
    }
    duckdb_bind_set_cardinality(info, b->rows, true);
}

static void scan_init(duckdb_init_info info)
{
    const struct binding *b = duckdb_init_get_bind_data(info);
    struct scan *s = calloc(1, sizeof *s);
    if (s == NULL) {
        duckdb_init_set_error(info, "memory");
        return;
    }
    s->binding = b;
    idx_t n = duckdb_init_get_column_count(info);
    for (idx_t i = 0; i < n && i < SCAN_COLUMNS_MAX; i++) {
        s->columns[s->n_columns++] = duckdb_init_get_column_index(info, i);
    }
    duckdb_init_set_max_threads(info, b->rows / SY_MORSEL_ROWS + 1);
    duckdb_init_set_init_data(info, s, free);
}

static void scan_local_init(duckdb_init_info info)
{
    struct cursor *c = calloc(1, sizeof *c);
    if (c == NULL) {
        duckdb_init_set_error(info, "memory");
        return;
    }
    duckdb_init_set_init_data(info, c, free);
}

/* Our bit = 1 means NULL, the engine's means valid. `at` is a multiple of 8. */
static void copy_nulls(duckdb_vector v, const uint8_t *nulls, uint64_t at, uint64_t n)
{
    duckdb_vector_ensure_validity_writable(v);
    uint8_t *mask = (uint8_t *)duckdb_vector_get_validity(v);
    const uint8_t *from = nulls + at / 8;
    for (uint64_t i = 0; i < (n + 7) / 8; i++) {
        mask[i] = (uint8_t)~from[i];
    }
}

static void copy_column(duckdb_vector v, const struct engine_column *c, uint64_t at, uint64_t n)
{
    uint64_t width = c->def->width;
    memcpy(duckdb_vector_get_data(v), c->values + at * width, n * width);
    if (c->nulls != NULL) {
        copy_nulls(v, c->nulls, at, n);
    }
}

static void scan_rows(duckdb_function_info info, duckdb_data_chunk out)
{
    struct scan *s = duckdb_function_get_init_data(info);
    struct cursor *c = duckdb_function_get_local_init_data(info);
    uint64_t rows = s->binding->rows;
    if (c->at >= c->end) {
        uint64_t first = atomic_fetch_add(&s->next, SY_MORSEL_ROWS);
        c->at = first < rows ? first : rows;
        c->end = rows - c->at < SY_MORSEL_ROWS ? rows : c->at + SY_MORSEL_ROWS;
    }
    uint64_t most = duckdb_vector_size();
    uint64_t n = c->end - c->at < most ? c->end - c->at : most;
    for (size_t i = 0; n > 0 && i < s->n_columns; i++) {
        if (s->columns[i] < s->binding->n_columns) { /* not a row id */
            copy_column(duckdb_data_chunk_get_vector(out, i), s->binding->columns[s->columns[i]],
                        c->at, n);
        }
    }
    duckdb_data_chunk_set_size(out, n);
    c->at += n;
}

static sy_status register_scan(struct engine *e)
{
    duckdb_table_function f = duckdb_create_table_function();
    duckdb_logical_type bigint = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_table_function_set_name(f, "sy_scan");
    duckdb_table_function_add_parameter(f, bigint);
    duckdb_table_function_set_extra_info(f, e, NULL);
    duckdb_table_function_set_bind(f, scan_bind);
    duckdb_table_function_set_init(f, scan_init);
    duckdb_table_function_set_local_init(f, scan_local_init);
    duckdb_table_function_set_function(f, scan_rows);
    duckdb_table_function_supports_projection_pushdown(f, true);
    duckdb_state st = duckdb_register_table_function(e->con, f);
    duckdb_destroy_logical_type(&bigint);
    duckdb_destroy_table_function(&f);
    return st == DuckDBSuccess ? SY_OK : sy_status_of(SY_E_INTERNAL);
}

/* --- scalar functions ----------------------------------------------------------------------------- */

/* A bijection of 64 bits with good avalanche (the finaliser of MurmurHash3, public domain). */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

static uint64_t mix2(uint64_t a, uint64_t b)
{
    return mix(mix(a + UINT64_C(0x9e3779b97f4a7c15)) ^ b);
}

/* keys: a column of 8 bytes a unit, or NULL. */
static uint64_t key_in(const struct engine *e, const struct engine_column *keys, uint64_t unit)
{
    uint64_t key = 0;
    if (e->job != NULL && e->job->worlds_units != 0) {
        unit %= e->job->worlds_units; /* the same unit has the same key in every world */
    }
    if (keys != NULL && keys->def->width == 8 && unit < keys->def->rows) {
        memcpy(&key, keys->values + 8 * unit, sizeof key);
    }
    return key;
}

static uint64_t key_of(const struct engine *e, uint64_t unit)
{
    return key_in(e, e->key, unit);
}

static void fn_record(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    const struct engine *e = duckdb_scalar_function_get_extra_info(info);
    const uint32_t *unit = duckdb_vector_get_data(duckdb_data_chunk_get_vector(in, 0));
    uint64_t *ret = duckdb_vector_get_data(out);
    for (idx_t i = 0; i < duckdb_data_chunk_get_size(in); i++) {
        ret[i] = key_of(e, unit[i]);
    }
}

/* For one unit the rank is a bijection of the cell: no ties, and no other unit has a say. */
static void fn_rank(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    const struct engine *e = duckdb_scalar_function_get_extra_info(info);
    const uint32_t *unit = duckdb_vector_get_data(duckdb_data_chunk_get_vector(in, 0));
    const uint64_t *cell = duckdb_vector_get_data(duckdb_data_chunk_get_vector(in, 1));
    uint64_t *ret = duckdb_vector_get_data(out);
    for (idx_t i = 0; i < duckdb_data_chunk_get_size(in); i++) {
        ret[i] = mix2(key_of(e, unit[i]), cell[i]);
    }
}

static void fn_mix(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    (void)info;
    const uint64_t *a = duckdb_vector_get_data(duckdb_data_chunk_get_vector(in, 0));
    const uint64_t *b = duckdb_vector_get_data(duckdb_data_chunk_get_vector(in, 1));
    uint64_t *ret = duckdb_vector_get_data(out);
    for (idx_t i = 0; i < duckdb_data_chunk_get_size(in); i++) {
        ret[i] = mix2(a[i], b[i]);
    }
}

static uint64_t hash_label(struct sy_view label)
{
    uint64_t h = label.n;
    for (size_t i = 0; i < label.n; i++) {
        h = mix2(h, label.p[i]);
    }
    return h;
}

static void fn_label(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    const struct engine *e = duckdb_scalar_function_get_extra_info(info);
    const uint64_t *column = duckdb_vector_get_data(duckdb_data_chunk_get_vector(in, 0));
    const uint64_t *code = duckdb_vector_get_data(duckdb_data_chunk_get_vector(in, 1));
    uint64_t *ret = duckdb_vector_get_data(out);
    for (idx_t i = 0; i < duckdb_data_chunk_get_size(in); i++) {
        ret[i] = 0;
        if (e->job != NULL && column[i] < e->job->def->n_columns) {
            const struct sy_run_column *c = &e->job->def->columns[column[i]];
            ret[i] = code[i] < c->n_dict ? hash_label(c->dict[code[i]]) : 0;
        }
    }
}

/* A function of a `first` and, if it has two parameters, a UBIGINT. */
/* The selection key of a unit that is counted as a value; column: of those keys. */
static void fn_unit(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    const struct engine *e = duckdb_scalar_function_get_extra_info(info);
    const uint64_t *column = duckdb_vector_get_data(duckdb_data_chunk_get_vector(in, 0));
    const uint64_t *unit = duckdb_vector_get_data(duckdb_data_chunk_get_vector(in, 1));
    uint64_t *ret = duckdb_vector_get_data(out);
    for (idx_t i = 0; i < duckdb_data_chunk_get_size(in); i++) {
        bool known = e->job != NULL && column[i] < e->job->def->n_columns;
        ret[i] = known ? key_in(e, &e->job->columns[column[i]], unit[i]) : 0;
    }
}

static sy_status register_scalar(struct engine *e, const char *name, duckdb_type first,
                                 size_t n_params, duckdb_scalar_function_t call)
{
    duckdb_scalar_function f = duckdb_create_scalar_function();
    duckdb_logical_type a = duckdb_create_logical_type(first);
    duckdb_logical_type b = duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
    duckdb_scalar_function_set_name(f, name);
    duckdb_scalar_function_add_parameter(f, a);
    if (n_params == 2) {
        duckdb_scalar_function_add_parameter(f, b);
    }
    duckdb_scalar_function_set_return_type(f, b);
    duckdb_scalar_function_set_extra_info(f, e, NULL);
    duckdb_scalar_function_set_function(f, call);
    duckdb_state st = duckdb_register_scalar_function(e->con, f);
    duckdb_destroy_logical_type(&a);
    duckdb_destroy_logical_type(&b);
    duckdb_destroy_scalar_function(&f);
    return st == DuckDBSuccess ? SY_OK : sy_status_of(SY_E_INTERNAL);
}

sy_status engine_feed_register(struct engine *e)
{
    SY_TRY(register_scan(e));
    SY_TRY(register_scalar(e, "sy_rank", DUCKDB_TYPE_UINTEGER, 2, fn_rank));
    SY_TRY(register_scalar(e, "sy_record", DUCKDB_TYPE_UINTEGER, 1, fn_record));
    SY_TRY(register_scalar(e, "sy_mix", DUCKDB_TYPE_UBIGINT, 2, fn_mix));
    SY_TRY(register_scalar(e, "sy_unit", DUCKDB_TYPE_UBIGINT, 2, fn_unit));
    return register_scalar(e, "sy_label", DUCKDB_TYPE_UBIGINT, 2, fn_label);
}
