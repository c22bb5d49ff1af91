/*
 * Conditions and keys over one row of residents (test_cellkey_kit.h), evaluated the plain way: what regions are
 * compared with.
 */
#ifndef RULES_TEST_REGION_EVAL_H
#define RULES_TEST_REGION_EVAL_H

#include "test_cellkey_kit.h"

/* A value, or NULL. */
struct value {
    bool null;
    int64_t v;
    struct sy_view s;
};

struct row {
    struct value age, town, male, born;
};

/* The row's value in a column of the scan. */
struct value cell(const struct row *r, int64_t column);

/* <0, 0, >0; neither is NULL. */
int order(const struct value *a, const struct value *b);

/* What the last of n expressions (at most 64) is for this row. */
struct value value_of(const struct sy_plan_expr *e, size_t n, const struct row *r);

#endif
