/* Private to rendering: expressions, relations, blocks and the post stage as text. */
#ifndef RULES_RENDER_INTERNAL_H
#define RULES_RENDER_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "rules/plan_check.h"

enum {
    RENDER_EXPR_MAX = 4096, /* bytes of one expression's text; the rest is cut, and says so */
    RENDER_NAME_MAX = 256   /* bytes of one name or label */
};

/* Where an expression lives. */
struct render_scope {
    const struct sy_plan *plan;
    const struct sy_plan_expr *exprs;
    size_t n_exprs;
    const struct sy_view *cols; /* texts of the columns in scope */
    size_t n_cols;
    struct sy_arena *arena;
    const struct sy_view
        *given; /* NULL, or names that stand for expressions (empty: written out) */
    bool *cut;  /* NULL, or set where a text is cut */
};

/* A list of relations being written: the plan's, or its post stage's. */
struct render_rels {
    const struct sy_plan *plan;
    const struct sy_plan_rel *list;
    size_t n;
    char letter;           /* relation 2 is called r2, or p2 */
    size_t *n_cols;        /* of each relation */
    struct sy_view **cols; /* texts of the columns of each relation, filled as it is written */
    const struct sy_view *given; /* names of steps of the relation at hand, or NULL */
    struct sy_arena *arena;
    struct sy_buf *b;
};

struct renderer {
    const struct rules_plan_case *c;
    const struct rules_plan_facts *facts;
    struct sy_plan_types types;
    struct render_rels rels;
    struct sy_arena *arena;
    struct sy_buf *b;
};

/* The infix text of exprs[at]; {NULL, 0} when out of memory. */
struct sy_view render_expr(const struct render_scope *s, uint64_t at);

/* A copy, at most `max` bytes, without characters that are not seen or that move others (control,
 * direction, width zero). {NULL, 0} when out of memory. */
struct sy_view render_clean(struct sy_arena *arena, struct sy_view v, size_t max);

/* A developer's name: clean, and in quotes unless it is a plain word, so that no name reads like a
 * formula. NULL when out of memory. */
const char *render_name(struct sy_arena *arena, struct sy_view v);

/* "-12.50" of -1250 with scale 2. NULL when out of memory. */
char *render_decimal(struct sy_arena *arena, int64_t v, uint64_t scale);

/* "0.05" of 50000000 in units of 1e-9: trailing zeros dropped. NULL when out of memory. */
char *render_fixed(struct sy_arena *arena, uint64_t v, uint64_t digits);

/* Room for `n` relations of these numbers of columns (render_rel.c). */
SY_MUST sy_status render_rels_new(struct renderer *r, const struct sy_plan_rel *list, size_t n,
                                  char letter, struct render_rels *ret);
/* Where a column of relation i, a project, would be cut: lines for what is used more than once, and
 * their names by expression; *ret NULL: written out as it is (render_steps.c). */
SY_MUST sy_status render_steps(struct render_rels *s, size_t i, const struct sy_view **ret);
/* Write relation i; those before it are written (render_rel.c). */
SY_MUST sy_status render_rel(struct render_rels *s, size_t i);

/* Block i: whose rows, bounds, mechanism, keys, figures, price, columns (render_block.c). */
SY_MUST sy_status render_block(struct renderer *r, size_t i);

/* The post stage and the answer's columns (render_post.c). */
SY_MUST sy_status render_post(struct renderer *r);

#endif
