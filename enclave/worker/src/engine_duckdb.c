/*
 * The embedded engine: DuckDB behind its C API. Opened single-threaded in the zygote with external
 * access, extension loading and spilling off; settings are locked in each worker before the filter.
 * An error of the engine becomes a status without a text.
 */
#include <stdio.h>
#include <stdlib.h>

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
    SY_TRY(command(e, "SET nested_loop_join_threshold=1000")); /* range joins to code tables */
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

/* Selection keys ("key") or record keys ("record") of a namespace's units. */
static const struct engine_column *find_key(const struct engine_job *job, struct sy_view ns,
                                            const char *type)
{
    for (size_t i = 0; i < job->def->n_columns; i++) {
        const struct sy_run_column *c = &job->def->columns[i];
        if (c->field.n == 0 && sy_view_is(c->type, type) && sy_view_eq(c->ns, ns)) {
            return &job->columns[i];
        }
    }
    return NULL;
}

static sy_status run_statement(struct engine *e, size_t block, struct sy_buf *text,
                               struct sy_arena *arena, struct sy_run_block *ret, size_t n_rets)
{
    duckdb_result result = {0};
    sy_status st = SY_OK;
    SY_TRY(sy_buf_add(text, "", 1));
    if (duckdb_query(e->con, (const char *)text->p, &result) != DuckDBSuccess) {
        st = sy_status_of(SY_E_INTERNAL);
        /* result's message may quote cells: nobody reads it */
    }
    if (sy_ok(st)) {
        st = engine_result_read(e->job, block, result, arena, ret, n_rets);
    }
    duckdb_destroy_result(&result);
    return st;
}

static sy_status run_block(struct engine *e, size_t block, struct sy_arena *arena,
                           struct sy_run_block *ret, size_t n_rets)
{
    struct sql_shape h = sql_shape_of(e->job, block);
    e->key = find_key(e->job, h.b->ns, h.cellkey ? "record" : "key");
    if (((h.limited || h.cellkey) && e->key == NULL) ||
        !engine_distinct_ready(e->job, &h, e->key)) {
        /* without its selection keys a limited block would choose predictably: refuse */
        return sy_status_of(SY_E_FIELD);
    }
    struct sql s = {.job = e->job, .buf = sy_buf(SQL_TEXT_MAX), .st = SY_OK};
    sql_block(&s, block);
    sy_status st =
        sy_ok(s.st) ? run_statement(e, block, &s.buf, arena, ret, h.worlds ? n_rets : 1) : s.st;
    sy_buf_deinit(&s.buf);
    for (size_t w = 1; sy_ok(st) && !h.worlds && w < n_rets; w++) {
        ret[w] = ret[0];
    }
    return st;
}

/* ret: block by block, n_worlds results each. */
static sy_status run_blocks(struct engine *e, const struct engine_job *job, size_t n_worlds,
                            struct sy_arena *arena, struct sy_run_block *ret)
{
    sy_status st = SY_OK;
    e->job = job;
    for (size_t i = 0; sy_ok(st) && i < job->def->plan.n_blocks; i++) {
        st = run_block(e, i, arena, &ret[i * n_worlds], n_worlds);
    }
    e->job = NULL;
    e->key = NULL;
    return st;
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
    return run_blocks(e, job, 1, arena, ret->blocks);
}

sy_status engine_duckdb_worlds(struct engine *e, const struct engine_job *job, size_t n_worlds,
                               struct sy_arena *arena, struct sy_run_block **ret)
{
    *ret = sy_arena_alloc(arena, job->def->plan.n_blocks * n_worlds, sizeof **ret);
    return *ret == NULL ? sy_status_of(SY_E_NO_MEMORY) : run_blocks(e, job, n_worlds, arena, *ret);
}

const struct engine_ops engine_duckdb = {
    .name = "duckdb",
    .open = duck_open,
    .prepare = duck_prepare,
    .parse = duck_parse,
    .run = duck_run,
    .close = duck_close,
};
