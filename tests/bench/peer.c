/*
 * What Shuyu is compared with: DuckDB in this process, on a native table of small integers and an
 * enumeration, warm. The statement bounds as the engine does (a person counts in VISIT_GROUPS towns,
 * with VISIT_ROWS visits to each, chosen by a hash); there is no protection, log or boundary.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "bench.h"
#include "duckdb_api.h"

enum { SQL_MAX = 4096 };

struct peer {
    duckdb_database db;
    duckdb_connection con;
    struct sy_buf statement;
};

static void run(struct peer *p, const char *sql, duckdb_result *ret)
{
    if (duckdb_query(p->con, sql, ret) != DuckDBSuccess) {
        bench_die("the peer: %s", duckdb_result_error(ret));
    }
}

static void command(struct peer *p, const char *sql)
{
    duckdb_result r;
    run(p, sql, &r);
    duckdb_destroy_result(&r);
}

static void command_of(struct peer *p, const struct sy_buf *sql)
{
    char text[SQL_MAX];
    snprintf(text, sizeof(text), "%.*s", (int)sql->n, (const char *)sql->p);
    command(p, text);
}

static void open_database(struct peer *p)
{
    duckdb_config config;
    if (duckdb_create_config(&config) != DuckDBSuccess ||
        duckdb_set_config(config, "autoinstall_known_extensions", "false") != DuckDBSuccess ||
        duckdb_set_config(config, "autoload_known_extensions", "false") != DuckDBSuccess ||
        duckdb_open_ext(NULL, &p->db, config, NULL) != DuckDBSuccess ||
        duckdb_connect(p->db, &p->con) != DuckDBSuccess) {
        bench_die("the peer does not open");
    }
    duckdb_destroy_config(&config);
}

static void make_type(struct peer *p)
{
    SY_BUF_CLEANUP struct sy_buf sql = sy_buf(SQL_MAX);
    bench_ok(sy_buf_add_str(&sql, "CREATE TYPE town AS ENUM ("), NULL, "peer");
    for (unsigned i = 0; i < TOWNS; i++) {
        bench_ok(sy_buf_printf(&sql, "%s'T%02u'", i == 0 ? "" : ",", i), NULL, "peer");
    }
    bench_ok(sy_buf_add_str(&sql, ")"), NULL, "peer");
    command_of(p, &sql);
}

static void make_table(struct peer *p, const char *file)
{
    SY_BUF_CLEANUP struct sy_buf sql = sy_buf(SQL_MAX);
    bench_ok(
        sy_buf_printf(&sql,
                      "CREATE TABLE visits AS SELECT id, town::town AS town FROM read_csv('%s', "
                      "header = true, columns = {'id': 'UINTEGER', 'town': 'VARCHAR'})",
                      file),
        NULL, "peer");
    command_of(p, &sql);
}

static void make_statement(struct peer *p)
{
    p->statement = sy_buf(SQL_MAX);
    bench_ok(sy_buf_printf(
                 &p->statement,
                 "SELECT k, count(*), sum(CASE WHEN n > %d THEN %d ELSE n END)::BIGINT FROM ("
                 "SELECT *, row_number() OVER (PARTITION BY u ORDER BY hash(u, k)) AS rn FROM ("
                 "SELECT id AS u, town AS k, count(*) AS n FROM visits WHERE id IS NOT NULL "
                 "GROUP BY u, k)) WHERE rn <= %d GROUP BY k%c",
                 VISIT_ROWS, VISIT_ROWS, VISIT_GROUPS, '\0'),
             NULL, "peer");
}

struct peer *peer_open(const char *file, unsigned threads)
{
    struct peer *p = calloc(1, sizeof(*p));
    char set[64];
    if (p == NULL) {
        bench_die("out of memory");
    }
    bench_say("reading the rows into the peer");
    open_database(p);
    snprintf(set, sizeof(set), "SET threads = %u", threads);
    command(p, set);
    make_type(p);
    make_table(p, file);
    make_statement(p);
    return p;
}

static int64_t sum_chunk(duckdb_data_chunk chunk)
{
    const int64_t *figures = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 2));
    int64_t sum = 0;
    for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk); i++) {
        sum += figures[i];
    }
    return sum;
}

double peer_ask(struct peer *p, int64_t *ret_total)
{
    duckdb_result r;
    duckdb_data_chunk chunk;
    double start = bench_now();
    *ret_total = 0;
    run(p, (const char *)p->statement.p, &r);
    while ((chunk = duckdb_fetch_chunk(r)) != NULL) {
        *ret_total += sum_chunk(chunk);
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&r);
    return bench_now() - start;
}

void peer_close(struct peer *p)
{
    duckdb_disconnect(&p->con);
    duckdb_close(&p->db);
    sy_buf_deinit(&p->statement);
    free(p);
}
