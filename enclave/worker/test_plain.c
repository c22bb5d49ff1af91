/* The plain database of test_plain.h. */
#include "test_plain.h"

#include <stdlib.h>

static duckdb_connection plain_connection(void)
{
    static duckdb_database db;
    static duckdb_connection con;
    if (con == NULL) {
        assert_int_equal(duckdb_open_ext(NULL, &db, NULL, NULL), DuckDBSuccess);
        assert_int_equal(duckdb_connect(db, &con), DuckDBSuccess);
    }
    return con;
}

duckdb_result plain_query(const char *sql)
{
    duckdb_result r;
    if (duckdb_query(plain_connection(), sql, &r) != DuckDBSuccess) {
        fail_msg("%s: %s", sql, duckdb_result_error(&r));
    }
    return r;
}

static void plain(struct sy_buf *sql)
{
    check_ok(sy_buf_add(sql, "", 1));
    duckdb_result r = plain_query((const char *)sql->p);
    duckdb_destroy_result(&r);
    sy_buf_clear(sql);
}

/* A value of column c as a literal of plain SQL. */
static void put_literal(struct sy_buf *b, const struct world *w, struct sy_view dataset,
                        const struct world_column *c, size_t i)
{
    const struct sy_field_def *f = world_field(dataset, sy_view_str(c->field));
    int64_t v = c->v[i];
    long long n = (long long)v;
    if (v == WORLD_NULL) {
        check_ok(sy_buf_add_str(b, "NULL"));
    } else if (sy_view_is(f->type, "enum")) {
        check_ok(sy_buf_printf(b, "'%.*s'", SY_PV(f->values[v])));
    } else if (sy_view_is(f->type, "text")) {
        check_ok(sy_buf_printf(b, "'%.*s'", SY_PV(w->dict[v])));
    } else if (sy_view_is(f->type, "date")) {
        check_ok(sy_buf_printf(b, "DATE '1970-01-01' + (%lld)::INTEGER", n));
    } else if (sy_view_is(f->type, "bool")) {
        check_ok(sy_buf_printf(b, "%s", n != 0 ? "true" : "false"));
    } else if (sy_view_is(f->type, "decimal")) {
        check_ok(sy_buf_printf(b, "(%lld.0/10)::DECIMAL(12,1)", n));
    } else {
        check_ok(sy_buf_printf(b, "%lld", n));
    }
}

static void plain_table(const struct world *w, const struct world_table *t, const char *types,
                        bool all)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(16 << 20);
    size_t kept = 0;
    check_ok(sy_buf_printf(&b, "CREATE OR REPLACE TABLE %s(%s)", t->dataset, types));
    plain(&b);
    check_ok(sy_buf_printf(&b, "INSERT INTO %s VALUES ", t->dataset));
    for (size_t i = 0; i < *t->n; i++) {
        if (!all && t->c[0].v[i] == WORLD_NULL) {
            continue;
        }
        for (size_t k = 0; k < t->n_columns; k++) {
            check_ok(sy_buf_add_str(&b, k != 0 ? "," : kept == 0 ? "(" : ",("));
            put_literal(&b, w, sy_view_str(t->dataset), &t->c[k], i);
        }
        check_ok(sy_buf_add_str(&b, ")"));
        kept++;
    }
    if (kept > 0) {
        plain(&b);
    }
}

void plain_world(struct world *w, bool all)
{
    static const char *const types[] = {
        "id INT, male BOOL, age INT, bmi DECIMAL(12,1), birth DATE, town TEXT",
        "id INT, event TEXT, day DATE, cost BIGINT, note TEXT, code TEXT",
        "town TEXT, pop INT, coast BOOL, motto TEXT", "child INT, mother INT, day DATE, gram INT",
        "id INT, org INT, day DATE, cost BIGINT"};
    struct world_table t[WORLD_DATASETS];
    world_tables(w, t);
    for (size_t i = 0; i < WORLD_DATASETS; i++) {
        plain_table(w, &t[i], types[i], all);
    }
}

/* --- rows as text ------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

void plain_sort(struct rows *r)
{
    qsort(r->text, r->n, ROW_TEXT, by_text);
}

void plain_append(char *row, const char *s, size_t n)
{
    size_t at = strlen(row);
    assert_true(at + n + 2 < ROW_TEXT);
    memcpy(row + at, s, n);
    memcpy(row + at + n, "|", 2);
}

bool plain_value(duckdb_data_chunk chunk, size_t column, idx_t row, char ret[ROW_TEXT])
{
    duckdb_vector v = duckdb_data_chunk_get_vector(chunk, column);
    const uint64_t *valid = duckdb_vector_get_validity(v);
    if (valid != NULL && (valid[row / 64] >> (row % 64) & 1) == 0) {
        return false;
    }
    const duckdb_string_t *s = (const duckdb_string_t *)duckdb_vector_get_data(v) + row;
    uint32_t n = s->value.inlined.length;
    memcpy(ret, n <= 12 ? s->value.inlined.inlined : s->value.pointer.ptr, n);
    ret[n] = 0;
    return true;
}

void plain_text_rows(duckdb_result *r, size_t n_columns, struct rows *ret)
{
    ret->n = 0;
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(*r)) != NULL;) {
        for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk); i++) {
            assert_true(ret->n < ROWS_MAX);
            char *row = ret->text[ret->n++];
            row[0] = 0;
            for (size_t k = 0; k < n_columns; k++) {
                char v[ROW_TEXT] = "";
                bool there = plain_value(chunk, k, i, v);
                plain_append(row, there ? v : "NULL", there ? strlen(v) : 4);
            }
        }
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(r);
    plain_sort(ret);
}
