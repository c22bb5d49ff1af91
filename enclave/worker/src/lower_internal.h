/*
 * What the parts of lowering share. One builder per job; everything lives in the job's arena. The way
 * of a query: lower_ast.c (text -> checked tree) -> lower_from.c (tables and joins) -> lower_where.c
 * (filters, semi and anti joins) -> lower_subquery.c (subqueries that stand for a value) ->
 * lower_group.c (one row per unit) -> lower_window.c -> lower_select.c (an inner query as a whole) or
 * lower_block.c (the outermost SELECT of a block; lower_block_figure.c and lower_moment.c its
 * aggregates), with lower_expr.c and lower_func.c for expressions
 * -> lower_prune.c (only what is used) -> lower_post*.c (the post stage) -> the plan.
 *
 * Whose rows a relation's are is tracked as it is added (rel_add, wire/plan_unit.h).
 *
 * A refusal is recorded once, in the builder, and travels up as SY_E_SQL.
 */
#ifndef WORKER_LOWER_INTERNAL_H
#define WORKER_LOWER_INTERNAL_H

#include <jansson.h>

#include "lower.h"
#include "lower_refuse.h"
#include "wire/plan_type.h"
#include "wire/plan_unit.h"

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

/* How the value of a node is made of columns of the relation at hand. */
enum finish {
    FINISH_COLUMN,  /* the first column */
    FINISH_RATIO,   /* first / second: an average of values in [lo, hi], with three digits more */
    FINISH_FLAG,    /* first = 1: a condition that went through min or max as 0 and 1 */
    FINISH_ZERO,    /* first, 0 where it is NULL: a count of no rows */
    FINISH_PRESENT, /* first is not NULL: the joined row exists */
};

/* A node of the tree (a subquery, a window function) whose value the relation already has. */
struct lifted {
    const struct lifted *next;
    const json_t *node;
    size_t ord[2];
    enum finish finish;
    int64_t lo, hi;            /* of a ratio, in the digits of the first column */
    const json_t *const *ties; /* of a subquery: what its value depends on in the outer row */
    size_t n_ties;
};

/* A relation under names: what a FROM item or a subquery is. Its unit tracks: builder.units[rel]. */
struct relval {
    size_t rel;
    struct name *names;
    size_t n_names;
    const struct lifted *lifted;
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

struct implicit;

struct builder {
    const struct sy_lower_job *job;
    struct sy_view block; /* being lowered: its name, "post", or "" */
    struct sy_view sql;   /* and its text: what positions are in */
    json_t *trees;        /* of all texts */
    struct sy_arena *arena;
    struct sy_lower_result *ret;
    struct sy_typer typer;
    struct sy_plan plan;
    struct sy_rel_types *types; /* one per plan.rels */
    struct sy_rel_units *units; /* and its tracks */
    size_t cap_rels, cap_types, cap_units;
    struct cte *ctes; /* those in scope */
    bool *param_used;
    uint64_t pos; /* of the nearest construct whose position is known */
    enum lower_refusal
        untracked; /* what a relation that loses its units is refused as; 0: by operator */
    size_t depth;
    bool refused;
    struct implicit
        *implicit; /* one per block: whose SELECT says more than a block can (lower_post.h) */
};

/* Aggregates and keys of a reduce under construction (lower_group.c). */
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
    const struct lifted *lifted;
    struct reducing *reducing; /* set: aggregates and group keys become columns */
    const json_t *aliases;     /* set: a select list whose aliases count where no column fits */
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
/* Check a node's properties against the whitelist of its shape; sets b->pos when it has one. FILTER and
 * ORDER BY inside a call pass for aggregates only: whoever lowers one reads them (lower_call_arg,
 * lower_call_unordered). */
sy_status ast_check(struct builder *b, const json_t *node);
/* What a SELECT may carry beside list, FROM, WHERE and GROUP BY: the outermost one of a block nothing
 * (ast_check says the same); an inner query DISTINCT, HAVING, QUALIFY; the post stage these, ORDER BY
 * and LIMIT. */
enum ast_place { AST_BLOCK, AST_QUERY, AST_POST, AST_PLACES };
sy_status ast_check_select(struct builder *b, const json_t *node, enum ast_place place);
/* UNION, inside a query or in the post stage. */
sy_status ast_check_set(struct builder *b, const json_t *node, enum ast_place place);
/* What no other check looks at, in a whole text: functions are the built-in ones (no schema but `main`),
 * and arguments go by their place (a name would be an alias outside a select list). */
sy_status ast_check_calls(struct builder *b, const json_t *root);
const char *ast_str(const json_t *node, const char *key); /* "" when absent */
struct sy_view ast_view(const json_t *s);
bool ast_is(const json_t *node, const char *key, const char *value);
uint64_t ast_pos(const struct builder *b, const json_t *node); /* own or nearest */
bool ast_is_aggregate(const json_t *node);                     /* a call of an aggregate function */
bool ast_has_aggregate(const json_t *node); /* it or anything below, subqueries apart */
bool ast_has_window(const json_t *node);    /* likewise */
/* The item of a select list with this alias; NULL when there is none. */
const json_t *ast_aliased(const json_t *items, struct sy_view alias);
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
sy_status expr_unify_all(struct ctx *c, size_t *args, size_t n, uint64_t pos);
/* Fit expression *i to what it meets: a kind, and a number of digits that is not smaller. */
sy_status expr_fit(struct ctx *c, size_t *i, const struct sy_type *to, uint64_t pos);
/* To exactly so many decimal digits, down by truncation. */
sy_status expr_rescale(struct ctx *c, size_t *i, uint32_t scale, uint64_t pos);
/* A date, or a text literal that is one. */
sy_status expr_date(struct ctx *c, size_t *i, uint64_t pos);
sy_status expr_int(struct ctx *c, int64_t v, uint32_t scale, uint64_t pos, size_t *ret);
sy_status expr_null_like(struct ctx *c, const struct sy_type *t, uint64_t pos, size_t *ret);
/* a / b with so many digits more than a has (at most SY_PLAN_SCALE_MAX). */
sy_status expr_div(struct ctx *c, size_t a, size_t b, uint32_t digits, uint64_t pos, size_t *ret);
/* CASE WHEN cond THEN then ELSE otherwise END, both brought to one kind. */
sy_status expr_choose(struct ctx *c, size_t cond, size_t then, size_t otherwise, uint64_t pos,
                      size_t *ret);
/* The value that l makes of columns of the relation. */
sy_status expr_finish(struct ctx *c, const struct lifted *l, uint64_t pos, size_t *ret);
/* Ordinal of the column a COLUMN_REF names. `found` NULL: refused when it is not there. */
sy_status lower_column(struct ctx *c, const json_t *node, size_t *ret_ord, bool *found);
sy_status lower_function(struct ctx *c, const json_t *node, size_t *ret);
sy_status lower_operator(struct ctx *c, const json_t *node, size_t *ret);
sy_status lower_constant(struct ctx *c, const json_t *node, size_t *ret);
sy_status lower_cast(struct ctx *c, const json_t *node, size_t *ret);
sy_status lower_aggregate_column(struct ctx *c, const json_t *node, size_t *ret);
sy_status lower_key_column(struct ctx *c, const json_t *node, size_t *ret, bool *ret_found);
/* Ordinal of the parameter that a node names; it counts as used. */
sy_status lower_parameter(struct builder *b, const json_t *node, size_t *ret);
/* d + INTERVAL, d - INTERVAL (lower_date.c): *ret_found false when neither child is an interval. */
sy_status lower_interval(struct ctx *c, const json_t *node, size_t *ret, bool *ret_found);

/* --- aggregates, wherever they stand (lower_aggregate.c) --- */
/* The argument of a call of one argument, lowered, NULL where its FILTER is not true: `bool 1` for
 * count(*), a condition as 0 and 1 except in count, CASE WHEN c THEN TRUE END for count_if. */
sy_status lower_call_arg(struct ctx *c, const json_t *call, size_t *ret);
/* TRUE where the condition holds, else NULL. */
sy_status lower_true_or_null(struct ctx *c, size_t cond, uint64_t pos, size_t *ret);
/* Refuses ORDER BY inside a call. */
sy_status lower_call_unordered(struct builder *b, const json_t *call);

/* --- relations --- */
/* Append a relation, type it and track its units; a relation that loses its units is refused by its
 * operator's own row of the table. */
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
sy_status join_close(struct builder *b, struct joining *j, const char *kind, size_t condition,
                     uint64_t pos, size_t *ret_rel);

/* What the columns below a node belong to: inner names first, as SQL reads them. Queries inside it are
 * not looked into. */
struct reading {
    struct ctx *own, *outer;
    bool mine, theirs, unknown;
};
sy_status lower_reads(struct reading *r, const json_t *node);

/* Filters, semi and anti joins of a WHERE clause onto *v. outer and correlated: the outer query of an
 * EXISTS, and where conditions that read it are put; both NULL otherwise. */
sy_status lower_where(struct builder *b, const json_t *where, const struct relval *outer,
                      json_t *correlated, struct relval *v);

/* FROM and WHERE of an EXISTS (what it selects does not matter); conditions that also read the outer
 * query are appended to `correlated`. */
sy_status lower_exists_inner(struct builder *b, const json_t *node, const struct relval *outer,
                             json_t *correlated, struct relval *ret);

/* The rows of a SELECT before it groups: WITH (the caller ends it: lower_with_end), FROM, WHERE, and a
 * column for each subquery that stands for a value in its select list, groups or HAVING. */
sy_status lower_rows(struct builder *b, const json_t *select, struct relval *ret);
/* Join a column onto *v for each subquery below `node` (lower_subquery.c). */
sy_status lower_lift_subqueries(struct builder *b, const json_t *node, struct relval *v);
/* A column onto *v for each window function below the nodes, lowered over c (lower_window.c). */
sy_status lower_lift_windows(struct ctx *c, const json_t *const *nodes, size_t n, struct relval *v);
/* Is it a window whose partition holds the unit? (lower_narrow.c) */
bool lower_by_unit(const struct builder *b, const struct sy_plan_rel *r);
/* Project *v without the unit columns that nothing below the nodes reads; ordinals stay, another value
 * takes the place. *ret: were there such columns? Over rows as FROM and WHERE left them, or windows. */
sy_status lower_narrow(struct ctx *c, const json_t *const *nodes, size_t n, struct relval *v,
                       bool *ret);
/* Keep the rows of *v for which all conditions (positions of list) hold. */
sy_status lower_filter(struct builder *b, struct exprs *list, const size_t *args, size_t n,
                       struct relval *v);
/* An aggregate query per unit: GROUP BY, its aggregates and HAVING. Then *c lowers over *v: group keys
 * and aggregates are its columns. */
sy_status lower_grouped(struct builder *b, const json_t *select, struct relval *v, struct ctx *c);
/* Is it one? */
bool lower_groups(const json_t *select);
/* Over the rows before grouping, whether c groups or not. */
struct ctx *lower_rows_ctx(struct ctx *c);
/* GROUP BY over all n first names of *v, in order: distinct rows. */
sy_status lower_distinct(struct builder *b, struct relval *v, enum lower_refusal why, uint64_t pos);

/* A subquery that stands for one value of a row: aggregated by what correlates it (lower_group.c). */
struct correlated {
    const json_t **inner; /* the inner query's side of each equality */
    size_t *at;           /* and, when reduced, its column */
    size_t n;
    const json_t *call; /* the aggregate; NULL: presence, a count of rows */
};
/* Reduce *v by the inner expressions. */
sy_status lower_reduce_by(struct builder *b, const struct correlated *k, struct relval *v,
                          struct lifted *ret);

/* *v becomes these n expressions of c->list, the first n_names of them under names. */
sy_status lower_project(struct ctx *c, const size_t *outs, size_t n, const struct name *names,
                        size_t n_names, struct relval *v);
sy_status lower_union(struct builder *b, const json_t *node, struct relval *ret);
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

/* The outermost SELECT of a block: the block and its outs. */
sy_status lower_block(struct builder *b, const struct sy_model_block *m, const json_t *node);
/* Drop what is not used and renumber. */
sy_status lower_prune(struct builder *b);

void *lower_grow(struct builder *b, void *p, size_t n, size_t *cap, size_t size);

#endif
