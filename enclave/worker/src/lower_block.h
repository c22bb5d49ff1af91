/* A block under construction: what the files lower_block*.c share. */
#ifndef WORKER_LOWER_BLOCK_H
#define WORKER_LOWER_BLOCK_H

#include "lower_known.h"

struct block {
    struct builder *b;
    const struct sy_model_block *m;
    const json_t *select;
    size_t ordinal; /* of the plan's blocks */
    struct relval v;
    const struct sy_track *track; /* whose contributions are bounded; NULL: public */
    struct ctx c;
    struct exprs list;
    struct sy_plan_block plan;
    const json_t **keys; /* as written */
    bool *key_out;       /* which keys are selected */
    size_t cap_figures;
    struct sy_plan_out *outs; /* each once, by what it is; SY_PLAN_OUTS_MAX */
    size_t n_outs;
    struct knowns known; /* columns: positions of outs */
    struct sy_view name; /* of the item that is walked; empty: each part gives its own */
    size_t n_named;      /* 0: the item's one aggregate has its name; else the next is name_N */
    bool whole;          /* the item itself is an aggregate or a key */
    struct quantiles *quantiles; /* that its SELECT asks for (lower_quantile.h); NULL: none */
};

/* An aggregate call becomes figures, and one out or what is derived from several
 * (lower_block_figure.c, lower_moment.c); self: the block. */
sy_status block_aggregate(void *self, const json_t *call, struct known *ret);
/* Is it a call whose value is made of released columns afterwards? */
bool block_derives(const json_t *call);
/* Find or append a figure; a new one is called k->name. */
sy_status block_figure(struct block *k, const struct sy_plan_figure *f, size_t *ret);
/* The count of rows where expression `arg` is not NULL. */
sy_status block_count(struct block *k, size_t arg, size_t *ret);
/* Find or append an out that is op, a and b; its name is made from the item's. */
sy_status block_out(struct block *k, const struct sy_plan_out *o, uint64_t pos, size_t *ret);
/* The bounds and digits of an average from those of its sum. */
void block_ratio(const struct sy_plan_figure *sum, struct sy_plan_out *o);

/* Whose rows they are (before anything that depends on it), then bounds, mechanism and thresholds
 * (lower_block_bound.c). */
sy_status block_unit(struct block *k);
sy_status block_bounds(struct block *k);

#endif
