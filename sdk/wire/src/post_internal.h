/* What the files of the post stage share (wire/post.h): join pairs for typing and running, the numbers'
 * own functions, the columns of a run. */
#ifndef WIRE_POST_INTERNAL_H
#define WIRE_POST_INTERNAL_H

#include <math.h>

#include "plan_type_internal.h"
#include "wire/post.h"

/* --- shared by typing and running ------------------------------------------------------------------- */

struct post_pair {
    size_t left, right; /* columns of the left, of the right relation */
};

/* The equalities of a join's predicate; `bool 1` alone is none. *ret has room for n_exprs pairs; false
 * when the predicate is anything else. Its expressions are typed: arguments are earlier positions. */
bool post_join_pairs(const struct sy_plan_rel *r, size_t n_left, struct post_pair *ret,
                     size_t *ret_n, bool *seen);

/* --- numbers (post_math.c) ---------------------------------------------------------------------------- */

#define POST_NULL ((double)NAN)

/* NULL for what is not finite, and no negative zero. */
double post_canon(double x);

bool post_is_null(double x);

/* Natural exponential and logarithm; NaN where the result is not a finite number. */
double post_exp(double x);
double post_ln(double x);

/* x to `digits` decimal digits, halves away from zero. */
double post_round(double x, int64_t digits);

/* x / 10^digits, digits <= 9. */
double post_decimal(int64_t x, uint64_t digits);

/* --- reduce's function `quantile` ------------------------------------------------------------------------ */

enum { POST_QUANTILE_ARGS = 3 }; /* value, weight, q */

#endif
