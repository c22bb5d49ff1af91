/* Private to rendering: expressions as text. */
#ifndef RULES_RENDER_INTERNAL_H
#define RULES_RENDER_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/plan.h"

enum { RENDER_EXPR_MAX = 4096 }; /* bytes of one expression's text; the rest is cut, and says so */

/* Where an expression lives. */
struct render_scope {
    const struct sy_plan *plan;
    const struct sy_plan_expr *exprs;
    size_t n_exprs;
    const struct sy_view *cols; /* texts of the columns in scope */
    size_t n_cols;
    struct sy_arena *arena;
};

/* The infix text of exprs[at]; {NULL, 0} when out of memory. */
struct sy_view render_expr(const struct render_scope *s, uint64_t at);

/* A copy without control characters, at most `max` bytes. {NULL, 0} when out of memory. */
struct sy_view render_clean(struct sy_arena *arena, struct sy_view v, size_t max);

/* "-12.50" of -1250 with scale 2. NULL when out of memory. */
char *render_decimal(struct sy_arena *arena, int64_t v, uint64_t scale);

#endif
