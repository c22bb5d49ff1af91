/*
 * The post stage of a world's run, as the release does it but without noise: the blocks' tables from
 * the worker's exact cells, and the answer.
 */
#ifndef WORKER_TEST_POST_KIT_H
#define WORKER_TEST_POST_KIT_H

#include "test_world.h"
#include "wire/post.h"

/* The answer of a plan that has run. */
void post_answer(const struct world_run *r, const uint64_t *params, struct sy_post_table *ret,
                 struct sy_arena *arena);
/* Lower, run and answer; the model must be accepted and have a post stage. */
void post_ask(struct world *w, const struct world_model *m, const uint64_t *params,
              struct world_run *r, struct sy_post_table *ret, struct sy_arena *arena);
/* A number of the answer; NaN for NULL. */
double post_number(const struct sy_post_table *t, size_t row, size_t col);
/* Equal but for the last digits of a double. */
void post_near(double got, double want);
bool post_is(const struct sy_post_table *t, size_t row, size_t col, const char *label);

/* Blocks over a world that post stages of tests are about: pop, town, total, bands, weights. */
enum { POST_BLOCKS = 5 };
extern const struct sy_model_block post_blocks[POST_BLOCKS];
/* Those that a stage names behind FROM or JOIN and a space behind them, so that none is unread. */
size_t post_pick(const char *post, struct sy_model_block ret[POST_BLOCKS]);

#endif
