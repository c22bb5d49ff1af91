/*
 * Lowering of the post stage (wire/post.h): a SELECT over the blocks' names, or what stands around the
 * aggregates of a model's only block. Nothing here is private: it binds, types and orders arithmetic over
 * figures that are released anyway. Relations are struct relval as in a block; `rel` is a position in
 * the post stage's own list.
 */
#ifndef WORKER_LOWER_POST_H
#define WORKER_LOWER_POST_H

#include "lower_known.h"
#include "wire/post.h"

/* The SELECT of a block, when it says more than a block can (else NULL): known: its columns by position
 * among the block's outs. */
struct implicit {
    const json_t *select;
    struct knowns known;
    const struct quantiles *quantiles; /* known: positions behind post_quantiles; NULL: none */
};

enum { POST_DIGITS = 6, POST_DIGITS_UNKNOWN = UINT8_MAX };

/* What a kind does not say. digits: decimal digits that show a number exactly, as far as they are known
 * (a count 0, round(x, 2) 2); flag: a label that is "true" or "false". */
struct post_hint {
    uint8_t digits;
    bool flag;
};

/* Expressions of one relation, with types and hints; equal ones are shared. */
struct post_list {
    struct sy_plan_expr *e;
    struct sy_post_col *t;
    struct post_hint *h;
    size_t n, cap;
};

struct post {
    struct builder *b;
    struct sy_post_typer typer;
    struct sy_plan_rel *rels;
    struct sy_post_rel_types *types;
    struct post_hint **hints; /* [rel][column] */
    size_t n_rels, cap_rels, cap_types, cap_hints;
    struct post_hint **block_hints; /* [block][column] */
    bool *block_used;
};

/* Where an expression is lowered: the columns and names it may use, and the nodes that are columns. */
struct post_ctx {
    struct post *p;
    struct ctx names; /* b, names: what lower_column reads */
    const struct sy_post_col *cols;
    const struct post_hint *hints;
    size_t n_cols;
    struct post_list *list;
    const struct knowns *known;
};

/* --- entries (lower_post.c): both set b->plan.post -------------------------------------------------- */
sy_status lower_post_explicit(struct builder *b, const struct sy_plan_types *types,
                              const json_t *root);
sy_status lower_post_implicit(struct builder *b, const struct sy_plan_types *types);

/* --- relations (lower_post.c) ------------------------------------------------------------------------ */
/* Append a relation and type it. hints: one per column. */
sy_status post_rel_add(struct post *p, const struct sy_plan_rel *r, struct post_hint *hints,
                       uint64_t pos, size_t *ret);
/* A relation over one input with a list of expressions: op, in, exprs; outs has room for n. */
sy_status post_rel_over(struct post *p, const char *op, const struct relval *v,
                        const struct post_list *list, size_t n_outs, struct sy_plan_rel *r);
struct post_ctx post_ctx_of(struct post *p, const struct relval *v, struct post_list *list);
sy_status post_block(struct post *p, struct sy_view name, uint64_t pos, struct relval *ret,
                     bool *found);
/* The figures of block `at`, whose columns *v is, as its manifest shapes them (lower_shape.c). */
sy_status post_shape(struct post *p, size_t at, uint64_t pos, struct relval *v);

/* --- expressions (lower_post_expr.c, lower_post_func.c) ----------------------------------------------- */
sy_status post_expr(struct post_ctx *c, const json_t *node, size_t *ret);
sy_status post_condition(struct post_ctx *c, const json_t *node, size_t *ret);
sy_status post_add(struct post_ctx *c, const struct sy_plan_expr *e, uint64_t pos, size_t *ret);
sy_status post_op(struct post_ctx *c, const char *op, const size_t *args, size_t n, uint64_t pos,
                  size_t *ret);
sy_status post_col(struct post_ctx *c, size_t ord, uint64_t pos, size_t *ret);
/* NULLs, and TRUE and FALSE that meet labels, take the kind of the others. */
sy_status post_unify(struct post_ctx *c, size_t *args, size_t n, uint64_t pos);
sy_status post_function(struct post_ctx *c, const json_t *node, size_t *ret);
sy_status post_constant(struct post_ctx *c, const json_t *node, size_t *ret);
sy_status post_cast(struct post_ctx *c, const json_t *node, size_t *ret);
/* A whole number written as such; false for anything else. */
bool post_whole(const json_t *node, int64_t *ret);

/* --- queries --------------------------------------------------------------------------------------------- */
sy_status post_from(struct post *p, const json_t *node, struct relval *ret); /* lower_post_from.c */
sy_status post_query(struct post *p, const json_t *node,
                     struct relval *ret); /* lower_post_select.c */
/* A SELECT over *v from HAVING on: its expressions meet `known` columns. */
sy_status post_tail(struct post *p, const json_t *select, struct knowns *known, struct relval *v);
/* GROUP BY of a SELECT over *v; grouped nodes are added to *known (lower_post_group.c). */
sy_status post_group(struct post *p, const json_t *select, struct knowns *known, struct relval *v);
/* A column onto *v, and an entry of *known, for each window function below a node
 * (lower_post_window.c). */
sy_status post_windows(struct post *p, const json_t *node, struct knowns *known, struct relval *v);
/* ORDER BY keys of a list, as positions and directions; also of a window. */
sy_status post_orders(struct post_ctx *c, const json_t *orders, size_t *ret_at, uint64_t *ret_desc);

#endif
