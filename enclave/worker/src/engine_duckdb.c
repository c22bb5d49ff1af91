/*
 * The embedded engine: DuckDB behind its C API. Opened single-threaded in the zygote with external
 * access, extension loading and spilling off; settings are locked in each worker before the filter.
 * Results are read as integers and checked; an error of the engine becomes a status without a text.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arith.h"
#include "engine_internal.h"

enum { SQL_TEXT_MAX = 16 << 20, PERFECT_HASH_BITS = 20 };

/* --- opening -------------------------------------------------------------------------------------- */

static sy_status set_options(duckdb_config config)
{
    static const char *const options[][2] = {
        {"threads", "1"},
        {"temp_directory", ""}, /* before access is off: it cannot be set afterwards */
        {"enable_external_access", "false"},
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"allow_persistent_secrets", "false"},
        {"allow_community_extensions", "false"},
        {"preserve_insertion_order", "false"},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (duckdb_set_config(config, options[i][0], options[i][1]) != DuckDBSuccess) {
            return sy_status_of(SY_E_INTERNAL);
        }
    }
    return SY_OK;
}

static sy_status open_database(struct engine *e)
{
    duckdb_config config;
    char *error = NULL;
    if (duckdb_create_config(&config) != DuckDBSuccess) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status st = set_options(config);
    if (sy_ok(st) && duckdb_open_ext(NULL, &e->db, config, &error) != DuckDBSuccess) {
        duckdb_free(error);
        st = sy_status_of(SY_E_INTERNAL);
    }
    duckdb_destroy_config(&config);
    if (sy_ok(st) && duckdb_connect(e->db, &e->con) != DuckDBSuccess) {
        st = sy_status_of(SY_E_INTERNAL);
    }
    return st;
}

static sy_status command(struct engine *e, const char *sql)
{
    duckdb_result r;
    duckdb_state st = duckdb_query(e->con, sql, &r);
    duckdb_destroy_result(&r);
    return st == DuckDBSuccess ? SY_OK : sy_status_of(SY_E_INTERNAL);
}

/* Touch what every run touches, so that forked workers find it in memory. */
static sy_status warm(struct engine *e)
{
    return command(e,
                   "SELECT k,count(*)::HUGEINT,sum(CASE WHEN n>2 THEN (s*2)//n ELSE s END) FROM ("
                   "SELECT * FROM (SELECT *,row_number() OVER (PARTITION BY u ORDER BY "
                   "sy_rank(u,sy_mix(k::UBIGINT,sy_label(0::UBIGINT,k::UBIGINT)))) AS rn FROM ("
                   "SELECT l.c0 AS u,coalesce(l.c0::BIGINT%7,0) AS k,count(*) AS n,"
                   "sum(l.c0::BIGINT) AS s FROM sy_scan(0) AS l JOIN sy_scan(0) AS r ON "
                   "l.c0=r.c0 WHERE l.c0 IN (1,2,3) GROUP BY 1,2)) WHERE rn<=2) GROUP BY k");
}

static void duck_close(struct engine *e)
{
    if (e == NULL) {
        return;
    }
    if (e->con != NULL) {
        duckdb_disconnect(&e->con);
    }
    if (e->db != NULL) {
        duckdb_close(&e->db);
    }
    free(e);
}

static sy_status open_engine(struct engine *e)
{
    char perfect[64];
    snprintf(perfect, sizeof perfect, "SET perfect_ht_threshold=%d", PERFECT_HASH_BITS);
    SY_TRY(open_database(e));
    SY_TRY(engine_feed_register(e));
    SY_TRY(command(e, perfect));
    return warm(e);
}

static sy_status duck_open(struct engine **ret)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    sy_status st = open_engine(e);
    if (!sy_ok(st)) {
        duck_close(e);
        e = NULL;
    }
    *ret = e;
    return st;
}

static sy_status duck_prepare(struct engine *e, uint64_t threads, uint64_t memory_bytes)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SET memory_limit='%lluB'", (unsigned long long)memory_bytes);
    SY_TRY(command(e, sql));
    snprintf(sql, sizeof sql, "SET threads=%llu", (unsigned long long)threads);
    SY_TRY(command(e, sql));
    return command(e, "SET lock_configuration=true");
}

/* --- parsing -------------------------------------------------------------------------------------- */

static struct sy_view string_of(const duckdb_string_t *s)
{
    uint32_t n = s->value.inlined.length;
    return sy_view(n <= 12 ? s->value.inlined.inlined : s->value.pointer.ptr, n);
}

static bool read_json(duckdb_result r, struct sy_arena *arena, struct sy_view *ret)
{
    duckdb_data_chunk chunk = duckdb_fetch_chunk(r);
    bool found = false;
    if (chunk != NULL && duckdb_data_chunk_get_size(chunk) == 1) {
        duckdb_vector v = duckdb_data_chunk_get_vector(chunk, 0);
        const uint64_t *valid = duckdb_vector_get_validity(v);
        if (valid == NULL || (valid[0] & 1) != 0) {
            *ret = sy_arena_copy(arena, string_of(duckdb_vector_get_data(v)));
            found = ret->p != NULL;
        }
    }
    duckdb_destroy_data_chunk(&chunk);
    return found;
}

static bool duck_parse(void *engine, struct sy_view sql, struct sy_arena *arena,
                       struct sy_view *ret_json)
{
    struct engine *e = engine;
    duckdb_prepared_statement st = NULL;
    bool done = false;
    if (duckdb_prepare(e->con, "SELECT json_serialize_sql(?::VARCHAR)", &st) == DuckDBSuccess &&
        duckdb_bind_varchar_length(st, 1, (const char *)sql.p, sql.n) == DuckDBSuccess) {
        duckdb_result r;
        done = duckdb_execute_prepared(st, &r) == DuckDBSuccess && read_json(r, arena, ret_json);
        duckdb_destroy_result(&r);
    }
    duckdb_destroy_prepare(&st);
    return done;
}

/* --- running -------------------------------------------------------------------------------------- */

/* One block's result under construction. */
struct reading {
    const struct engine_job *job;
    const struct sy_plan_block *b;
    const struct sy_block_types *t;
    struct sy_arena *arena;
    struct sy_run_block *ret;
    size_t cap;
    size_t n_keys; /* key columns of the statement */
};

static sy_status add_cell(struct reading *r, struct sy_run_cell **ret)
{
    if (r->ret->n_cells >= r->job->def->cells_max) {
        return sy_status_of(SY_E_LIMIT);
    }
    if (r->ret->n_cells == r->cap) {
        size_t cap = r->cap == 0 ? 64 : 2 * r->cap;
        struct sy_run_cell *more = sy_arena_alloc(r->arena, cap, sizeof *more);
        if (more == NULL) {
            return sy_status_of(SY_E_NO_MEMORY);
        }
        if (r->cap != 0) {
            memcpy(more, r->ret->cells, r->cap * sizeof *more);
        }
        r->ret->cells = more;
        r->cap = cap;
    }
    struct sy_run_cell *c = &r->ret->cells[r->ret->n_cells];
    c->key = sy_arena_alloc(r->arena, r->b->n_keys + 1, sizeof *c->key);
    c->figures = sy_arena_alloc(r->arena, r->b->n_figures, sizeof *c->figures);
    if (c->key == NULL || c->figures == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    c->n_key = r->b->n_keys;
    c->n_figures = r->b->n_figures;
    r->ret->n_cells++;
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
    if (cell < 0 || (uint64_t)cell >= r->t->n_cells) {
        return false;
    }
    uint64_t rest = (uint64_t)cell;
    for (size_t k = r->b->n_keys; k-- > 0;) {
        uint64_t n = r->b->keys[k].n_labels + (r->b->keys[k].nullable ? 1 : 0);
        key[k] = rest % n;
        rest /= n;
    }
    return true;
}

static bool read_keys(const struct reading *r, duckdb_data_chunk chunk, idx_t row, uint64_t *key)
{
    int64_t v;
    if (!r->t->open) {
        return read_i64(chunk, 0, row, &v) && split_cell(r, v, key);
    }
    for (size_t k = 0; k < r->b->n_keys; k++) {
        if (!read_i64(chunk, k, row, &v) || v < 0) {
            return false;
        }
        key[k] = (uint64_t)v;
    }
    return true;
}

static sy_status read_row(struct reading *r, duckdb_data_chunk chunk, idx_t row)
{
    struct sy_run_cell *c;
    int64_t units;
    SY_TRY(add_cell(r, &c));
    bool ok =
        read_keys(r, chunk, row, c->key) && read_i64(chunk, r->n_keys, row, &units) && units >= 0;
    c->units = ok ? (uint64_t)units : 0;
    for (size_t i = 0; ok && i < r->b->n_figures; i++) {
        ok = read_huge(chunk, r->n_keys + 1 + i, row, &c->figures[i]);
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

static sy_status run_block(struct engine *e, size_t block, struct sy_arena *arena,
                           struct sy_run_block *ret)
{
    struct sql s = {.job = e->job, .buf = sy_buf(SQL_TEXT_MAX), .st = SY_OK};
    sql_block(&s, block);
    sy_status st = sy_ok(s.st) ? sy_buf_add(&s.buf, "", 1) : s.st;
    duckdb_result result = {0};
    if (sy_ok(st) && duckdb_query(e->con, (const char *)s.buf.p, &result) != DuckDBSuccess) {
        st = sy_status_of(SY_E_INTERNAL);
        /* result's message may quote cells: nobody reads it */
    }
    struct reading r = {.job = e->job,
                        .b = &e->job->def->plan.blocks[block],
                        .t = &e->job->types->blocks[block],
                        .arena = arena,
                        .ret = ret};
    r.n_keys = r.t->open ? r.b->n_keys : 1;
    st = sy_ok(st) ? read_result(&r, result) : st;
    duckdb_destroy_result(&result);
    sy_buf_deinit(&s.buf);
    if (sy_ok(st) && ret->n_cells > 1) { /* order would tell about threads and hashes */
        qsort(ret->cells, ret->n_cells, sizeof *ret->cells, by_key);
    }
    return st;
}

static const struct engine_column *find_key(const struct engine_job *job)
{
    for (size_t i = 0; i < job->def->n_columns; i++) {
        if (job->def->columns[i].field.n == 0) {
            return &job->columns[i];
        }
    }
    return NULL;
}

static bool needs_key(const struct engine_job *job, size_t block)
{
    const struct sy_plan_block *b = &job->def->plan.blocks[block];
    const struct sy_block_types *t = &job->types->blocks[block];
    return b->ns.n != 0 && (t->open || t->n_cells > b->groups);
}

static sy_status duck_run(struct engine *e, const struct engine_job *job, struct sy_arena *arena,
                          struct sy_run_result *ret)
{
    size_t n = job->def->plan.n_blocks;
    *ret = (struct sy_run_result){0};
    ret->blocks = sy_arena_alloc(arena, n, sizeof *ret->blocks);
    if (ret->blocks == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    ret->n_blocks = n;
    e->job = job;
    e->key = find_key(job);
    sy_status st = SY_OK;
    for (size_t i = 0; sy_ok(st) && i < n; i++) {
        /* without its selection keys a limited block would choose predictably: refuse */
        st = needs_key(job, i) && e->key == NULL ? sy_status_of(SY_E_FIELD)
                                                 : run_block(e, i, arena, &ret->blocks[i]);
    }
    e->job = NULL;
    e->key = NULL;
    return st;
}

const struct engine_ops engine_duckdb = {
    .name = "duckdb",
    .open = duck_open,
    .prepare = duck_prepare,
    .parse = duck_parse,
    .run = duck_run,
    .close = duck_close,
};
