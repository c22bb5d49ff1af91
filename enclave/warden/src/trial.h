/*
 * What: a product's release put on trial (docs/scheme/products.md): for some units, the exact cells with all rows and
 * without that unit's, the product's own release drawn afresh many times from either, and the best attacker that can
 * be made who knows all of this and sees one draw: which of the two was it (membership)? What was the unit's own
 * part of a figure, does a text of its rows show (recall)?
 *
 * The attacker decides by the likelihood ratio of the two releases; where to cut it is found on half of the
 * draws and scored on the other half, so that what it gains is no accident of the draws it was fitted to. It is held
 * against what the unit's part of the exact figures may cost under the noise that the plan states, and against the
 * plan's price, whichever is less, with an allowance for sampling that a sound release exceeds with a chance below
 * e^-16 for each unit.
 *
 * Invariants: gains, and what a unit's own part costs, are for the verdict only: `price` and `draws` are functions of the
 * plan and of units_max. Noise is drawn from the trial's seed only, never under a key that answers are drawn under; the order
 * and number of draws depend on seed, plan and worlds, so that the same seed gives the same outcome; it takes what time it
 * takes, on a thread of its own.
 * Threads: pure over what it is given. Floating point: for scores only, nothing of it is released.
 * Source: Yeom et al. 2018 (advantage); Neyman, Pearson 1933; Hoeffding 1963.
 */
#ifndef WARDEN_TRIAL_H
#define WARDEN_TRIAL_H

#include "warden/release.h"

/* Draws of noised figures; and of whole tables by cell keys, where there is nothing else. */
enum { TRIAL_DRAWS_MAX = 8192, TRIAL_TABLES = 128 };

struct trial_unit {
    struct sy_view ns;
    uint64_t code;
};

/* All borrowed. worlds: the workers' results as they came, n_units + 1; the first with all rows, then without each unit.
 * release: model, columns and parameters; nothing else of it is used. */
struct trial {
    const struct warden_release *release;
    const uint8_t *seed; /* 32 bytes */
    const struct trial_unit *units;
    size_t n_units;
    size_t units_max; /* most that n_units could have been: it sets the number of draws */
    const struct sy_view *worlds;
};

/* Gains and limits in 1/100, of the unit whose figure is furthest beyond its limit, or nearest to it: never to leave.
 * price: in 1/100, most that the plan's price lets anybody gain, sampling included; 100 where there is no bound. */
struct trial_outcome {
    bool moot; /* no unit counts in the answer: it is passed */
    bool passed;
    uint64_t advantage, limit;
    uint64_t recall, recall_limit;
    uint64_t price;
    uint64_t draws; /* of either world, for each unit */
};

/* BOUNDARY: the worlds are untrusted; SY_E_FIELD when one does not fit the plan. SY_E_NO_MEMORY; *ret is
 * untouched then. The arena holds the decoded worlds, and should wipe. */
SY_MUST sy_status warden_trial(const struct trial *t, struct sy_arena *arena,
                               struct trial_outcome *ret, struct sy_error *reterr);

/* ---- shared by the files of the trial ---- */

/* A figure against its limit, both between 0 and 1. */
struct trial_mark {
    double value, limit;
};

/* Keep the mark that is furthest beyond its limit, or nearest to it. */
void trial_worse(struct trial_mark *worst, struct trial_mark m);

/* The gain over a guess of who says "with" where a score is at least a cut: cut for the first half of the scores, gain
 * on the second. Both have n scores, n even; they are reordered. */
double trial_advantage(double *with, double *without, size_t n);

/* What sampling may add to a difference of two frequencies, of n draws each; and to one frequency. */
double trial_slack(size_t n);
double trial_slack_one(size_t n);

/* One cell that a unit's rows change: exact in both worlds, NULL where it is empty. */
struct trial_cell {
    const struct sy_run_cell *with, *without;
};

/* One block of one unit's case. */
struct trial_block {
    size_t ordinal;
    struct trial_cell *cells;
    size_t n_cells;
};

struct trial_case {
    const struct trial *t;
    size_t unit;
    const struct sy_plan_types *types;
    const struct sy_run_result *with, *without;
    struct trial_block *blocks; /* those that its rows change */
    size_t n_blocks;
    struct sy_arena *scratch; /* of one draw */
    struct sy_error *err;
};

/* Seed of one draw of a case; world 1: with the unit. */
void trial_seed(const struct trial_case *c, uint64_t draw, uint8_t world, uint8_t ret[32]);

/* The worse of *recall and what the cell-key blocks of a case show (trial_cellkey.c): a cell of too few units, other
 * noise for the same contributors, or the unit's part as the difference of the two tables more often than the pack's
 * noise allows. */
SY_MUST sy_status trial_cellkey(const struct trial_case *c, struct trial_mark *recall);

/* A table for block `ordinal`, its cells' release not yet asked for. */
struct release_table;
void trial_table(const struct trial_case *c, size_t ordinal, const struct warden_release *release,
                 struct release_table *ret);

/* Copies of a world's cells of one block with figures that a release may take: in the scratch arena. */
SY_MUST sy_status trial_copy(const struct trial_case *c, const struct sy_run_block *from,
                             struct sy_run_block *ret);

#endif
