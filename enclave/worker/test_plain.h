/*
 * A plain database with the tables of a world in native types (text, dates, decimals), which shares no
 * line with lowering or bounding. Its errors end the test.
 */
#ifndef WORKER_TEST_PLAIN_H
#define WORKER_TEST_PLAIN_H

#include "src/duckdb_api.h"
#include "test_world.h"

enum { ROWS_MAX = 8192, ROW_TEXT = 256 };

struct rows {
    char text[ROWS_MAX][ROW_TEXT];
    size_t n;
};

/* The tables, anew. all: also rows whose unit (the first column) is NULL, which blocks never count. */
void plain_world(struct world *w, bool all);
duckdb_result plain_query(const char *sql);
/* A value of a VARCHAR column; false for NULL. */
bool plain_value(duckdb_data_chunk chunk, size_t column, idx_t row, char ret[ROW_TEXT]);
/* Every column of a result of VARCHAR columns, "a|b|", sorted; NULL is "NULL". Frees the result. */
void plain_text_rows(duckdb_result *r, size_t n_columns, struct rows *ret);
/* Put a value and "|" behind a row's text. */
void plain_append(char *row, const char *s, size_t n);
void plain_sort(struct rows *r);

#endif
