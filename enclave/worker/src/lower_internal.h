/*
 * What the parts of lowering share. One builder per job; everything lives in the job's arena. The way
 * of a query: lower_ast.c (text -> checked tree) -> lower_from.c (tables and joins) -> lower_where.c
 * (filters, semi and anti joins) -> lower_select.c (subqueries) or lower_block.c (the outermost
 * SELECT), with lower_expr.c for expressions -> lower_prune.c (only what is used) -> the plan.
 *
 * A refusal is recorded once, in the builder, and travels up as SY_E_SQL.
 */
#ifndef WORKER_LOWER_INTERNAL_H
#define WORKER_LOWER_INTERNAL_H

#include <jansson.h>

#include "lower.h"
#include "lower_refuse.h"
#include "wire/plan_type.h"

enum {
    LOWER_SQL_MAX = 64 << 10, /* bytes of model text */
    LOWER_DEPTH_MAX = 100,    /* nesting of expressions and of subqueries */
    LOWER_NAME_MAX = 256      /* bytes of a name shown */
};

/* Sentinel: no position known. */
#define LOWER_NO_POS UINT64_MAX

/* A list of expressions under construction, with their types; equal expressions are shared. */
struct exprs {
    struct sy_plan_expr *e;
    struct sy_type *t;
    size_t n, cap;
};

/* A column by name: of table `table`, at ordinal `ord` of the relation. */
struct name {
    struct sy_view table;
    struct sy_view name;
    size_t ord;
    bool qualified_only; /* the right side's copy of a USING column */
};

/* A relation under names: what a FROM item or a subquery is. */
struct relval {
    size_t rel;
    struct name *names;
    size_t n_names;
    bool protected_; /* some row of it belongs to a unit */
    struct sy_view ns;
    bool *is_unit; /* per column of the relation: equal to the unit of the row */
};

/* A common table expression; `prev` is what its own query may read besides datasets. */
struct cte {
    struct cte *prev;
    struct sy_view name;
    const json_t *node;
    const json_t *aliases;
    bool lowered;
    struct relval val;
};

struct builder {
    const struct sy_lower_job *job;
    struct sy_arena *arena;
    struct sy_lower_result *ret;
    struct sy_typer typer;
    struct sy_plan plan;
    struct sy_rel_types *types; /* one per plan.rels */
    size_t cap_rels, cap_types;
    struct cte *ctes; /* those in scope */
    bool *param_used;
    uint64_t pos; /* of the nearest construct whose position is known */
    size_t depth;
    bool refused;
};

/* Aggregates and keys of a reduce under construction (lower_select.c). */
struct reducing;

/* Where an expression is lowered: the list it goes to, the columns and names it may use. Names of an
 * outer query count only when no own name fits. */
struct ctx {
    struct builder *b;
    struct exprs *list;
    const struct sy_type *cols;
    size_t n_cols;
    const struct name *names;
    size_t n_names;
    const struct name *outer;
    size_t n_outer;
    struct reducing *reducing; /* set: aggregates and group keys become columns */
};

/* --- refusals (lower_refuse.c) --- */
sy_status lower_refuse(struct builder *b, enum lower_refusal why, uint64_t pos);
/* With the construct's own name, and detail in place of the table's reason (either may be empty). */
sy_status lower_refuse_named(struct builder *b, enum lower_refusal why, uint64_t pos,
                             struct sy_view construct, const char *reason);
sy_status lower_no_memory(struct builder *b);
/* First position at or after `from` of a keyword outside text, names and comments; else `from`. */
uint64_t lower_find(struct sy_view sql, uint64_t from, const char *keyword);

/* --- the tree (lower_ast.c) --- */
sy_status ast_parse(struct builder *b, worker_parse_fn *parse, void *parser, json_t **ret);
/* Check a node's properties against the whitelist of its shape; sets b->pos when it has one. */
sy_status ast_check(struct builder *b, const json_t *node);
const char *ast_str(const json_t *node, const char *key); /* "" when absent */
struct sy_view ast_view(const json_t *s);
bool ast_is(const json_t *node, const char *key, const char *value);
uint64_t ast_pos(const struct builder *b, const json_t *node); /* own or nearest */
bool ast_is_aggregate(const json_t *node);                     /* a call of an aggregate function */
bool ast_has_aggregate(const json_t *node); /* it or anything below, subqueries apart */
bool view_ieq(struct sy_view a, struct sy_view b);
bool view_ieq_str(struct sy_view a, const char *s);

/* --- expressions (lower_expr.c) --- */
sy_status lower_expr(struct ctx *c, const json_t *node, size_t *ret);
/* Lower; it must be a condition. */
sy_status lower_condition(struct ctx *c, const json_t *node, size_t *ret);
/* Append (or find) an expression; a type error is refused at pos. */
sy_status expr_add(struct ctx *c, const struct sy_plan_expr *e, uint64_t pos, size_t *ret);
sy_status expr_op(struct ctx *c, const char *op, const size_t *args, size_t n, uint64_t pos,
                  size_t *ret);
sy_status expr_col(struct ctx *c, size_t ord, uint64_t pos, size_t *ret);
/* and of n conditions; `bool 1` for none. */
sy_status expr_and(struct ctx *c, const size_t *args, size_t n, uint64_t pos, size_t *ret);
/* Bring both to one kind and scale. */
sy_status expr_unify(struct ctx *c, size_t *a, size_t *b, uint64_t pos);
/* Ordinal of the column a COLUMN_REF names. `found` NULL: refused when it is not there. */
sy_status lower_column(struct ctx *c, const json_t *node, size_t *ret_ord, bool *found);
sy_status lower_function(struct ctx *c, const json_t *node, size_t *ret);
sy_status lower_constant(struct ctx *c, const json_t *node, size_t *ret);
sy_status lower_cast(struct ctx *c, const json_t *node, size_t *ret);
sy_status lower_aggregate_column(struct ctx *c, const json_t *node, size_t *ret);
sy_status lower_key_column(struct ctx *c, const json_t *node, size_t *ret, bool *ret_found);

/* --- relations --- */
/* Append a relation and type it. */
sy_status rel_add(struct builder *b, const struct sy_plan_rel *r, uint64_t pos, size_t *ret);
/* A relation over v with these expressions and outs. */
sy_status rel_over(struct builder *b, const char *op, const struct relval *v,
                   const struct exprs *list, struct sy_plan_rel *r);
struct ctx rel_ctx(struct builder *b, const struct relval *v, struct exprs *list);
sy_status lower_from(struct builder *b, const json_t *node, struct relval *ret);

/* A join under construction: both sides' columns and names; the predicate is lowered over them. */
struct joining {
    const struct relval *l, *r;
    struct sy_type *cols;
    struct name *names; /* left's, then right's with shifted ordinals */
    struct exprs list;
    struct ctx ctx;
};
sy_status join_open(struct builder *b, const struct relval *l, const struct relval *r,
                    struct joining *ret);
/* Does the condition (a position of j->list) demand equality of both sides' units? */
bool join_on_unit(const struct joining *j, size_t condition);
sy_status join_close(struct builder *b, struct joining *j, const char *kind, size_t condition,
                     uint64_t pos, size_t *ret_rel);

/* Filters, semi and anti joins of a WHERE clause onto *v. outer and correlated: the outer query of an
 * EXISTS, and where conditions that read it are put; both NULL otherwise. */
sy_status lower_where(struct builder *b, const json_t *where, const struct relval *outer,
                      json_t *correlated, struct relval *v);

/* An inner query: its relation, named by its select list. */
sy_status lower_query(struct builder *b, const json_t *node, struct relval *ret);
/* Put a query's common table expressions in scope; close checks that all were read. */
sy_status lower_with(struct builder *b, const json_t *node);
sy_status lower_with_end(struct builder *b, struct cte *before);

/* GROUP BY: the nodes of the keys (ordinals and aliases resolved), over the columns of c. */
sy_status lower_group_nodes(struct ctx *c, const json_t *select, const json_t ***ret,
                            size_t *ret_n);
/* The alias, else the column's name, else the function's; `n` for the rest. */
struct sy_view lower_item_name(struct builder *b, const json_t *item);

/* The outermost SELECT: block and outs. */
sy_status lower_block(struct builder *b, const json_t *node);
/* Drop what is not used and renumber. */
sy_status lower_prune(struct builder *b);

void *lower_grow(struct builder *b, void *p, size_t n, size_t *cap, size_t size);

#endif
