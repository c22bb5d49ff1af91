/*
 * Which cells of a table of the cell-key method are withheld: the arithmetic that the sealed worker uses
 * to find boxes and the warden to check them. Integers only.
 *
 * Primary. A cell that somebody is in is withheld when it has fewer than units_min distinct units, or when
 * one of its sums or counts is dominated: its largest nk_n contributors hold more than nk_permille of it,
 * or all but the two largest together hold less than p_permille of the largest (the second largest would
 * know the largest too well), or it is zero (it would say what everybody in it has). Contributions are
 * those of distinct units after bounding.
 *
 * Empty cells are withheld too: a shown 0 beside a withheld cell would tell what the people in that have in
 * common. They need no box: that a cell is empty is not about anybody.
 *
 * Complementary. Whoever knows every other cell and every margin exactly (a margin: the sum over some of
 * the keys) must still not know a primary cell p. Take a cell q that differs from p in every key which has
 * more than one cell. The 2^d cells that have in each key p's or q's position are a box; a corner is even
 * when it has q's position in an even number of keys. Adding e to all even corners and taking e from all
 * odd ones leaves every margin as it is, so if all corners are withheld, p may be anything between
 * p - min(even corners) and p + min(odd corners), for all that margins say (no figure is negative). A box
 * protects p when this is at least `protect` units wide, and for each sum or count as wide as the p% rule
 * wants the largest contribution to be hidden, at least 1.
 *
 * Threads: pure over their arguments. May block/alloc: never.
 * Source: docs/privacy/cellkey.md (proof); Hundepool et al., "Statistical Disclosure Control", 2012,
 * chapter 4 (dominance, p%, hypercube method).
 */
#ifndef WIRE_CELLKEY_H
#define WIRE_CELLKEY_H

#include "base/arena.h"
#include "wire/job.h"

/* Enough for every table within SY_CELLKEY_WORK_MAX. */
enum { SY_CELLKEY_KEYS_MAX = 16 };

/* Cells x corners of a box x (figures + 1): what checking one box for each cell costs. */
#define SY_CELLKEY_WORK_MAX (UINT64_C(1) << 26)

/* A full table, empty cells included. Cells stand in mixed-radix order, last key fastest. */
struct sy_cellkey_table {
    const struct sy_run_cellkey *rules;    /* borrowed */
    const struct sy_plan_block *block;     /* borrowed */
    uint64_t cells[SY_CELLKEY_KEYS_MAX];   /* of each key that has more than one */
    uint64_t strides[SY_CELLKEY_KEYS_MAX]; /* of each such key: ordinals between neighbours */
    size_t n_keys;                         /* of those */
    size_t n_cells;                        /* their product */
    uint64_t *units;                       /* [cell]: distinct units */
    int64_t *values;                       /* [cell][figure]: exact, not negative */
    int64_t *tops; /* [cell][figure][2]: the two largest contributions, largest first */
};

/* The cells that have in each key p's or q's position. */
struct sy_cellkey_box {
    size_t p;
    int64_t steps[SY_CELLKEY_KEYS_MAX]; /* of each key: from p's position to q's */
    size_t n_keys;
};

/* Set block, keys and n_cells of *t from a block with declared keys. False: too many cells or keys. */
bool sy_cellkey_shape(const struct sy_plan_block *b, struct sy_cellkey_table *t);

/* A table without units, after sy_cellkey_shape. SY_E_FIELD: not such a block; SY_E_NO_MEMORY. */
SY_MUST sy_status sy_cellkey_table_new(const struct sy_plan_block *b,
                                       const struct sy_run_cellkey *rules, struct sy_arena *arena,
                                       struct sy_cellkey_table *ret);

/* Put a cell into the table. *ret: where. False, and nothing is changed: its lists are not as long as
 * keys, figures and tops are, a position is none of its key's, or it is there already. */
bool sy_cellkey_put(struct sy_cellkey_table *t, const struct sy_run_cell *cell, size_t *ret);

/* The parameters that withholding depends on, of a pack's. */
struct sy_run_cellkey sy_cellkey_rules(const struct sy_pack_cellkey *pack);

/* Is a sum of `value`, with these two largest contributions, dominated? */
bool sy_cellkey_dominated(const struct sy_run_cellkey *rules, int64_t value, const int64_t top[2]);

/* Is the cell one that somebody is in and that is withheld for its own sake? It needs a box. */
bool sy_cellkey_primary(const struct sy_cellkey_table *t, size_t cell);

/* Is it withheld whatever the boxes are: primary, or empty? */
bool sy_cellkey_hidden(const struct sy_cellkey_table *t, size_t cell);

/* The box of p and q. False: one does not exist, or they agree in a key (always in tables without). */
bool sy_cellkey_box(const struct sy_cellkey_table *t, uint64_t p, uint64_t q,
                    struct sy_cellkey_box *ret);

/* Corner number i of a box, 0 <= i < 2^n_keys: q's position in the keys whose bits are set in i, so
 * corner 0 is p. */
size_t sy_cellkey_corner(const struct sy_cellkey_box *box, size_t i);

/* Does the box protect its p? Cost: 2^n_keys x figures. */
bool sy_cellkey_protects(const struct sy_cellkey_table *t, const struct sy_cellkey_box *box);

#endif
