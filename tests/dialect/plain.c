#include "plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

const char *duckdb_result_error(duckdb_result *result);
idx_t duckdb_column_count(duckdb_result *result);

void plain_open(struct plain *p)
{
    duckdb_config config;
    char *error = NULL;
    assert_int_equal(duckdb_create_config(&config), DuckDBSuccess);
    assert_int_equal(duckdb_open_ext(NULL, &p->db, config, &error), DuckDBSuccess);
    duckdb_destroy_config(&config);
    assert_int_equal(duckdb_connect(p->db, &p->con), DuckDBSuccess);
    plain_exec(p, "SET threads=1");
}

void plain_close(struct plain *p)
{
    duckdb_disconnect(&p->con);
    duckdb_close(&p->db);
}

void plain_exec(struct plain *p, const char *fmt, ...)
{
    char *sql = NULL;
    va_list ap;
    va_start(ap, fmt);
    assert_true(vasprintf(&sql, fmt, ap) >= 0);
    va_end(ap);
    duckdb_result r;
    if (duckdb_query(p->con, sql, &r) != DuckDBSuccess) {
        print_error("%.600s\n%s\n", sql, duckdb_result_error(&r));
        fail();
    }
    duckdb_destroy_result(&r);
    free(sql);
}

static struct sy_view text_of(const duckdb_string_t *s)
{
    uint32_t n = s->value.inlined.length;
    return sy_view(n <= 12 ? s->value.inlined.inlined : s->value.pointer.ptr, n);
}

static void take_chunk(duckdb_data_chunk chunk, size_t n_columns, struct sy_view *to,
                       struct sy_arena *arena)
{
    idx_t n = duckdb_data_chunk_get_size(chunk);
    for (size_t c = 0; c < n_columns; c++) {
        duckdb_vector v = duckdb_data_chunk_get_vector(chunk, c);
        const uint64_t *valid = duckdb_vector_get_validity(v);
        const duckdb_string_t *s = duckdb_vector_get_data(v);
        for (idx_t i = 0; i < n; i++) {
            if (valid != NULL && (valid[i / 64] >> (i % 64) & 1) == 0) {
                continue;
            }
            struct sy_view t = text_of(&s[i]);
            to[i * n_columns + c] = t.n == 0 ? sy_view("", 0) : sy_arena_copy(arena, t);
        }
    }
}

/* Chunks come one by one; cells are gathered into one growing list. */
static void take_rows(duckdb_result r, struct sy_arena *arena, struct plain_rows *ret)
{
    size_t cap = 0;
    for (duckdb_data_chunk chunk = duckdb_fetch_chunk(r); chunk != NULL;
         chunk = duckdb_fetch_chunk(r)) {
        size_t n = duckdb_data_chunk_get_size(chunk);
        if (ret->n + n > cap) {
            cap = 2 * (ret->n + n) + 1024;
            struct sy_view *more = sy_arena_alloc(arena, cap * ret->n_columns, sizeof *more);
            assert_non_null(more);
            if (ret->n > 0) {
                memcpy(more, ret->cells, ret->n * ret->n_columns * sizeof *more);
            }
            ret->cells = more;
        }
        take_chunk(chunk, ret->n_columns, ret->cells + ret->n * ret->n_columns, arena);
        ret->n += n;
        duckdb_destroy_data_chunk(&chunk);
    }
}

bool plain_query(struct plain *p, struct sy_view sql, struct sy_arena *arena,
                 struct plain_rows *ret, const char **ret_error)
{
    char *text = NULL;
    duckdb_result r;
    *ret = (struct plain_rows){0};
    assert_true(asprintf(&text, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (%.*s\n)", SY_PV(sql)) >=
                0);
    bool ok = duckdb_query(p->con, text, &r) == DuckDBSuccess;
    if (ok) {
        ret->n_columns = duckdb_column_count(&r);
        take_rows(r, arena, ret);
    } else {
        *ret_error = sy_arena_printf(arena, "%s", duckdb_result_error(&r));
    }
    duckdb_destroy_result(&r);
    free(text);
    return ok;
}
