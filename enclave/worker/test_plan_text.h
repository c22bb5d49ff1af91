/*
 * Relations of a plan from short text, for tests that must not depend on lowering. One relation a line:
 *
 *   scan DATASET FIELD...            join KIND LEFT RIGHT : PREDICATE
 *   filter IN : PREDICATE            union IN...
 *   project IN : EXPR...             reduce IN N_KEYS FN... : EXPR...
 *   window IN N_KEYS ORDER FRAME FN... : EXPR...     ORDER: "-", or a letter per key, a up or d down
 *   block REL UNIT NS GROUPS ROWS FILL N_KEYS FIGURE... : EXPR...
 *
 * A block's FILL is "full" or "sparse"; NS "-" (then UNIT, GROUPS and ROWS are 0) makes it exact. A
 * FIGURE is count or units, which take no EXPR, or count(x), or sum=LO,HI. Blocks come last.
 * EXPR is (op ARG...): an argument is an EXPR, an integer or YYYY-MM-DD (the field i), 'text' (s) or k=N (scale).
 */
#ifndef WORKER_TEST_PLAN_TEXT_H
#define WORKER_TEST_PLAN_TEXT_H

#include "test_world.h"

/* A plan from text; everything in the arena. Keys have no labels yet. Ends the test on a mistake. */
void plan_text(const char *text, struct sy_arena *arena, struct sy_plan *ret);

/* Give keys the labels, sums the scale that their types ask for and clamps within the type's interval,
 * and list sources and columns, so that
 * the plan passes sy_plan_type; several blocks get an empty post stage. */
void plan_text_finish(struct sy_plan *p, struct sy_arena *arena);

#endif
