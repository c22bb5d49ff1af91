/*
 * Shaping: what a manifest has done to the released figures of a block (sy_model_block.shape), so that a
 * table looks as readers expect: "nonnegative" puts 0 for what is below, "round:N" takes the nearest
 * multiple of N (halves away from zero). It is post-processing: it costs no privacy and hides nothing.
 *
 * Shaped are the figures that cannot be negative: counts, units, different values, and sums of values that
 * are all at least 0. Averages and sums of signed values stay as they were released. A block that is
 * shaped is read by the post stage through one generated `project`, right behind its `block`; lowering
 * puts it there, and the rules refuse a plan that says anything else than its manifest.
 *
 * Intervals. The simulated figures go the same way as the released one, so the interval of a shaped
 * figure is the interval of the figure, shaped: it holds the true figure, *shaped likewise*, with 95 %.
 * Rounding moves a figure by at most N / 2, so the true figure itself may lie that much outside.
 *
 * Pure; memory in the arena. Source: docs/privacy/moments.md, section 6.
 */
#ifndef WIRE_POST_SHAPE_H
#define WIRE_POST_SHAPE_H

#include "wire/post.h"

/* round: in units of 10^-scale, 0: no rounding. All zero: not shaped. */
struct sy_shape {
    bool nonnegative;
    int64_t round;
    uint32_t scale;
};

/* ["nonnegative"], ["round:5"], ["nonnegative", "round:0.5"], or nothing. SY_E_FIELD ("shape") for anything
 * else; *ret is zeroed then. */
SY_MUST sy_status sy_shape_parse(const struct sy_view *list, size_t n, struct sy_shape *ret,
                                 struct sy_error *reterr);

bool sy_shape_is_none(const struct sy_shape *s);

/* Is this column of a block, when it is shaped, changed by it? */
bool sy_shape_acts(const struct sy_plan *plan, const struct sy_plan_out *o);

/* The generated relation over post relation `in`, which is `block` of plan.blocks[block]: its columns in
 * order, under their names. Views are borrowed. False when the arena is full. */
SY_MUST bool sy_shape_project(const struct sy_plan *plan, size_t block, const struct sy_shape *s,
                              uint64_t in, struct sy_arena *arena, struct sy_plan_rel *ret);

/* How the plan shapes a block: every reading of it in the post stage is followed by the generated
 * relation of *ret, and some figure is changed by it. False and all zero: it does not (or the arena is
 * full). From the plan alone: what a developer writes out by hand counts too. */
bool sy_shape_of(const struct sy_plan *plan, size_t block, struct sy_arena *arena,
                 struct sy_shape *ret);

/* Does the plan shape the block so? Of an empty shape always true. */
bool sy_shape_kept(const struct sy_plan *plan, size_t block, const struct sy_shape *s,
                   struct sy_arena *arena);

/* "nonnegative, rounded to 10"; empty for no shape. p NULL: the arena is full. */
struct sy_view sy_shape_text(const struct sy_shape *s, struct sy_arena *arena);

/* For each column of the answer what was done to the figures it is made of (empty: nothing). types: of
 * the post stage, which there is. ret: one per plan.post[0].outs. SY_E_NO_MEMORY. */
SY_MUST sy_status sy_shape_labels(const struct sy_plan *plan, const struct sy_post_types *types,
                                  struct sy_arena *arena, struct sy_view *ret,
                                  struct sy_error *reterr);

#endif
