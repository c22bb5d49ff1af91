/*
 * Plans of two blocks and a post stage, for releases: "parts" by town, and "whole".
 */
#ifndef WARDEN_TEST_POST_PLANS_H
#define WARDEN_TEST_POST_PLANS_H

#include "test_kit.h"

enum { TOWNS = 3 };

/* A key of the three towns, by expression `expr` of its block. */
struct sy_plan_key towns(struct world *w, uint64_t expr);

/* An out of the plan: `op` "key" or "figure", number `a` of a block. */
void add_out(struct world *w, uint64_t block, const char *op, uint64_t a, const char *name);

/* A column of the answer: `col` of the post stage's last relation. */
void add_shown(struct world *w, uint64_t col, const char *name, uint64_t scale);

/* parts x whole, whose one row every part finds. */
void join_whole(struct world *w);

/* A further relation: these expressions over the last one, of which `outs` are kept. */
void project(struct world *w, const struct sy_plan_expr *e, size_t n, uint64_t *outs,
             size_t n_outs);

/* town, share of the area in percent, area per row, running area. */
void hand_computed(struct world *w);

/* Persons and weight by town, persons in all; both noised. */
void noised_blocks(struct world *w);

/* town, n, all, n / all. */
void shares_of(struct world *w);

void noised_shares(struct world *w);

/* The same, the parts' n at least 0 and in steps of 50. */
void shaped_shares(struct world *w);

#endif
