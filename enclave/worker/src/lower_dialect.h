/*
 * What the dialect accepts, as rows for the reader of tests/golden/dialect_functions.txt. The rows are
 * those that lowering works from.
 */
#ifndef WORKER_LOWER_DIALECT_H
#define WORKER_LOWER_DIALECT_H

#include <stdbool.h>
#include <stddef.h>

/* name: as SQL writes it. plan: operator(s) of the plan. types: arguments -> result. errors: what it
 * gives for NULL, zero, out of range; every function gives NULL for NULL unless it says otherwise. */
struct dialect_row {
    const char *name, *plan, *types, *errors;
};

/* Row i of a section; false past the last one. */
typedef bool dialect_rows(size_t i, struct dialect_row *ret);

dialect_rows lower_operator_row, lower_function_row, lower_date_row, lower_label_row,
    lower_cast_row, lower_aggregate_row, lower_window_row, lower_moment_row, lower_figure_row;

#endif
