/*
 * What the files of a post stage's run share. Inside a run a label is its number in the run's list of
 * labels, whose order is the order of labels (wire/post.h), so that every value is a double: equality
 * and order of rows are those of doubles. A column that is the same in all lanes is kept once.
 */
#ifndef WIRE_POST_RUN_INTERNAL_H
#define WIRE_POST_RUN_INTERNAL_H

#include "post_internal.h"

struct post_column {
    enum sy_post_kind kind;
    size_t width; /* n_lanes, or 1 when all lanes are the same */
    double *v;    /* v[row * width + lane]; NaN is NULL */
};

struct post_table {
    size_t n_rows, n_cols;
    struct post_column *cols;
};

struct post_label {
    struct sy_view text;
    size_t at; /* where it first stands */
    size_t id;
};

struct post_labels {
    size_t n;
    struct post_label *by_text; /* ascending bytewise */
    struct sy_view *by_id;
};

struct post_run {
    const struct sy_plan *plan;
    const struct sy_plan_post *post;
    const struct sy_post_types *types;
    const uint64_t *params;
    const struct sy_post_table *tables; /* the caller's, one per block */
    size_t n_lanes;
    struct sy_arena *arena;
    struct sy_error *err;
    struct post_labels labels;
    struct post_table *rels;
};

/* n x size zeroed bytes of the arena; also for n = 0. */
SY_MUST sy_status post_alloc(struct post_run *run, size_t n, size_t size_bytes, void *ret_pointer);

/* A table with columns as typed, its values not yet set. */
SY_MUST sy_status post_new_table(struct post_run *run, const struct sy_post_col *cols,
                                 size_t n_cols, size_t n_rows, struct post_table *ret);

/* Copy a cell, to all lanes where only the target has them. src_row SIZE_MAX: NULL. */
void post_copy(struct post_column *dst, size_t dst_row, const struct post_column *src,
               size_t src_row);

/* Which block a relation reads; the plan is checked, so there is one. */
size_t post_block_of(const struct post_run *run, const struct sy_plan_rel *r);

/* --- labels (post_run_label.c) --------------------------------------------------------------------------- */

SY_MUST sy_status post_labels_init(struct post_run *run);

/* The label's number; false when the list has no such text. */
bool post_label_id(const struct post_labels *l, struct sy_view text, double *ret);

/* --- expressions (post_run_expr.c) ------------------------------------------------------------------------- */

/* relation i's outs over the rows of `in`: one column each. */
SY_MUST sy_status post_eval(struct post_run *run, size_t i, const struct post_table *in,
                            struct post_table *ret);

/* --- order (post_run_order.c) --------------------------------------------------------------------------------- */

struct post_key {
    const struct post_column *col; /* its lane 0 */
    bool desc;
};

/* <0, 0, >0 by the keys of two rows; NULLs are equal, and last. */
int post_compare(const struct post_key *keys, size_t n, size_t row_a, size_t row_b);

/* The rows in the order of the keys, else of their positions. */
SY_MUST sy_status post_sorted(struct post_run *run, const struct post_key *keys, size_t n_keys,
                              size_t n_rows, size_t **ret);

/* Which group each row is in; groups are numbered as their first rows come. */
SY_MUST sy_status post_groups(struct post_run *run, const struct post_key *keys, size_t n_keys,
                              size_t n_rows, size_t **ret_group, size_t *ret_n);

/* --- quantiles (post_run_quantile.c) --------------------------------------------------------------------------- */

/* Of each group; args: values (their lane 0 counts), weights, q. */
SY_MUST sy_status post_quantile(struct post_run *run, const struct post_column *args,
                                const size_t *group, size_t n_rows, size_t n_groups,
                                struct post_column *ret);

/* --- relations ---------------------------------------------------------------------------------------------------- */

/* Has block relation i's table the columns, kinds and rows of its type? (post_run_block.c) */
SY_MUST sy_status post_check_block(struct post_run *run, size_t i);

/* Make run->rels[i]; its inputs are made. */
SY_MUST sy_status post_run_block(struct post_run *run, size_t i);  /* post_run_block.c */
SY_MUST sy_status post_run_join(struct post_run *run, size_t i);   /* post_run_join.c */
SY_MUST sy_status post_run_reduce(struct post_run *run, size_t i); /* post_run_fn.c */
SY_MUST sy_status post_run_window(struct post_run *run, size_t i);

#endif
