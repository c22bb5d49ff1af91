/*
 * Whom a cell-key block asks about: its *region*. What such a block may be is so narrow (plan_cellkey.c)
 * that the rows it reads are a box: for each field a set of values, and nothing that mixes two fields; and
 * its cells divide the box field by field. So two questions can be compared by their text alone. This part
 * builds the box from plan, catalogue and the run's parameters; whatever would not be a box is refused
 * with SY_E_PRIVACY, path and advice. Private to the rules.
 *
 * Conditions: AND of atoms, each over one field: the field, its year, quarter, month or trunc, or a copy
 * with other digits, compared with literals or parameters by = <> < <= > >= IN, IS NULL, a boolean field;
 * AND, OR, NOT of those over the same field. Keys: a field, its year, quarter or month, a condition, or a
 * CASE of such conditions over one field with literal results.
 * Relations: scan, filter, project, inner join by one equation with a column that is declared rows: 1 of one
 * table; each dataset once.
 *
 * Values are those after the grant's mask: guard.c takes them back to before.
 *
 * BOUNDARY: the plan comes from a worker. It is typed before it comes here (wire/plan_type.h); what is walked
 * is bounded in depth and steps. Threads: pure. Source: docs/privacy/cellkey.md.
 */
#ifndef RULES_REGION_H
#define RULES_REGION_H

#include "region_set.h"
#include "wire/plan_type.h"

enum {
    REGION_DIMS_MAX = 64,
    REGION_SOURCES_MAX = 16,
    REGION_DEPTH_MAX = 48,   /* of an expression, through projects */
    REGION_STEPS_MAX = 20000 /* nodes looked at, all together */
};

/* One field: which of its values are asked for, and which of them are told apart. */
struct region_dim {
    size_t scan, col; /* the relation that scans it, and the column there */
    const struct sy_dataset_def *def;
    const struct sy_field_def *field; /* as the mask leaves it */
    struct region_set domain;         /* every value it can have */
    struct region_set values;         /* with classes */
};

struct region {
    struct region_dim *dims;
    size_t n_dims;
    const struct sy_dataset_def *sources[REGION_SOURCES_MAX];
    size_t n_sources;
    uint64_t cap; /* most rows of one unit, by the catalogue; UINT64_MAX: no bound */
};

/* What a region is built from; all borrowed. */
struct region_case {
    const struct sy_plan *plan;
    const struct sy_plan_types *types;
    const uint64_t *params; /* positions in the declared values; NULL: the first of each */
    size_t block;
};

/* Build it. SY_E_PRIVACY: not a box. SY_E_LIMIT: more segments or steps than the maxima. SY_E_NO_MEMORY. */
SY_MUST sy_status region_build(const struct region_case *c, struct sy_arena *arena,
                               struct region *ret, struct sy_error *err);

/* ---- between region.c, region_expr.c, region_where.c and region_key.c ---- */

struct region_work {
    const struct region_case *c;
    struct region *ret;
    struct region_pool pool;
    struct sy_error *err;
    const char *path; /* of what is being read, for errors */
    size_t steps;
};

/* One expression, in the list it stands in; `in`: the relations whose columns it reads. */
struct region_node {
    const struct sy_plan_expr *exprs;
    const struct sy_type *types;
    uint64_t in[2];
    size_t n_in;
    size_t i;
    size_t depth;
};

/* A literal or a parameter. */
struct region_constant {
    bool null;
    bool text; /* s, else v */
    int64_t v;
    struct sy_view s;
};

/* One field, or a part of its date. */
struct region_variable {
    struct region_dim *dim;
    struct sy_view part;      /* "" itself; rescale; year, quarter, month; trunc */
    struct sy_view unit;      /* trunc */
    uint32_t from, to;        /* rescale */
    const struct sy_type *as; /* the type it has here */
};

/* A condition: over one field, or (dim NULL) the same for every row. */
struct region_condition {
    struct region_dim *dim;
    struct region_set yes, no;
    bool is_true, is_false; /* dim NULL */
};

/* *ret says whether the node is one. */
SY_MUST sy_status region_constant_of(struct region_work *w, struct region_node n,
                                     struct region_constant *k, bool *ret);
SY_MUST sy_status region_variable_of(struct region_work *w, struct region_node n,
                                     struct region_variable *v, bool *ret);
SY_MUST sy_status region_condition_of(struct region_work *w, struct region_node n,
                                      struct region_condition *ret);

/* Column `col` of scan `rel`. */
struct region_leaf {
    uint64_t rel;
    size_t col;
};

/* Follow copies: *n becomes an expression that is no `col`, or *ret_leaf says that it is the field *leaf. */
SY_MUST sy_status region_follow(struct region_work *w, struct region_node *n,
                                struct region_leaf *leaf, bool *ret_leaf);
SY_MUST sy_status region_dim_of(struct region_work *w, const struct region_leaf *leaf,
                                struct region_dim **ret);

/* The variable's value where the field is x (not NULL). */
int64_t region_value_at(const struct region_variable *v, int64_t x);
/* The last x in lo .. hi up to which the variable keeps the value (ascending ones: stays at most at o;
 * quarters and months: within the one that x = lo is in). */
int64_t region_last_upto(const struct region_variable *v, int64_t lo, int64_t hi, int64_t o);
int64_t region_order_at(const struct region_variable *v, int64_t x);

/* The values of a field that are not NULL: one segment. */
static inline const struct region_seg *region_values(const struct region_dim *d)
{
    return &d->domain.seg[d->domain.n - 1]; /* NULL, if there, comes first */
}
static inline struct region_set region_not_null(const struct region_dim *d)
{
    return (struct region_set){region_values(d), 1};
}

/* region_minus and region_and with a typed refusal. */
SY_MUST sy_status region_less(struct region_work *w, struct region_set a, struct region_set b,
                              struct region_set *ret);
SY_MUST sy_status region_both(struct region_work *w, struct region_set a, struct region_set b,
                              struct region_set *ret);

static inline const struct sy_plan_expr *region_expr(const struct region_node *n)
{
    return &n->exprs[n->i];
}
static inline bool region_is(const struct region_node *n, const char *op)
{
    return sy_view_is(region_expr(n)->op, op);
}
static inline struct region_node region_arg(const struct region_node *n, size_t k)
{
    struct region_node a = *n;
    a.i = (size_t)region_expr(n)->args[k];
    a.depth++;
    return a;
}

/* Narrow the field that a condition is about to where it holds; every part of a conjunction by itself. */
SY_MUST sy_status region_where(struct region_work *w, struct region_node n);

/* Divide the field that a key is about. */
SY_MUST sy_status region_key(struct region_work *w, struct region_node n);

SY_MUST sy_status region_refuse(struct region_work *w, const char *why);
SY_MUST sy_status region_full(struct region_work *w);

#endif
