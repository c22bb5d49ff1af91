/*
 * A plain DuckDB beside the engine under test: the raw tables with natural types, and the reference
 * queries over them. Test code only: here an error message may be read.
 */
#ifndef DIALECT_PLAIN_H
#define DIALECT_PLAIN_H

#include "base/arena.h"
#include "src/duckdb_api.h"

struct plain {
    duckdb_database db;
    duckdb_connection con;
};

/* Every cell as text, row-major; p NULL is NULL. */
struct plain_rows {
    size_t n, n_columns;
    struct sy_view *cells;
};

void plain_open(struct plain *p);
void plain_close(struct plain *p);

/* Run statements; the test fails with the engine's message when they do not run. */
void plain_exec(struct plain *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Run one query. False: *ret_error is the engine's message (in the arena). */
bool plain_query(struct plain *p, struct sy_view sql, struct sy_arena *arena,
                 struct plain_rows *ret, const char **ret_error);

#endif
