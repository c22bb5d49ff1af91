/*
 * The release of one block's table: bounded exact figures go in, noised figures come out in the
 * same memory, so that afterwards no exact figure is left where a sender could pick it up.
 *
 * Privacy: with a Gaussian of scale sigma a figure whose vector over all cells changes by at most
 * D in the L2 norm when one unit is added or removed costs rho = D^2 / (2 sigma^2) of zCDP; with a
 * Laplace of scale t and L1 bound D it costs eps = D / t of pure DP. Figures add up. Undeclared
 * keys cost a delta on top (below). The scales, the threshold and their cost are the accountant's;
 * what is released here is exactly the figures of the cells that stay.
 *
 * Runs in: warden. Trusts: its caller for seed, scales and threshold (checked plan) and for the
 * figures' ranges. Holds: exact figures and noise seeds during a call.
 * May block/alloc: never blocks; mech_release_open sorts with qsort, which may allocate.
 * Threads: a call owns the memory it is given.
 * Source: DESIGN sections 3 and 4; docs/privacy/mechanisms.md.
 */
#ifndef MECHANISMS_RELEASE_H
#define MECHANISMS_RELEASE_H

#include "mechanisms/sampler.h"

#define MECH_FIGURES_MAX 4096 /* figures in a cell */

/* How one figure is protected; the same in every cell of a block. */
struct mech_figure {
    enum mech_kind kind;
    uint64_t scale; /* 1..MECH_SCALE_MAX, in units of the figure */
};

/* What the plan fixes about a block, and the charge's seed. Everything is borrowed. */
struct mech_block {
    const uint8_t *seed;               /* MECH_SEED_BYTES, from mech_seed */
    uint32_t block;                    /* the block's number within its plan; never two alike */
    const struct mech_figure *figures; /* n_figures */
    size_t n_figures;                  /* 1..MECH_FIGURES_MAX */
};

/*
 * Add noise to a table of declared cells. values: n_cells x n_figures, row-major, every declared
 * cell present (zero-filled where no unit is). Cell i draws its figures in order from its own
 * stream (seed, block, i). Sums saturate at the ends of int64, which is post-processing.
 * n_cells may be 0. SY_E_FIELD when the block is malformed, SY_E_OVERFLOW when n_cells x n_figures
 * does not fit size_t; then values are untouched. Once past the checks it cannot fail.
 */
SY_MUST sy_status mech_release_cells(const struct mech_block *b, int64_t *values, size_t n_cells);

/* A cell whose key was not declared beforehand, but found in the data. */
struct mech_open_cell {
    struct sy_view key; /* borrowed; canonical bytes of the group key, unique in the table */
    int64_t n_units;    /* distinct units: exact (>= 1) going in, noised coming out */
    int64_t *values;    /* borrowed; n_figures, exact going in, noised coming out */
};

/* When such a cell may be shown. */
struct mech_open_rule {
    struct mech_figure count; /* noise of the distinct-unit count */
    int64_t tau;              /* shown iff noised count >= tau */
};

/*
 * Noise, threshold and order a table of undeclared keys, in place. A cell's noise depends on seed,
 * block and its key alone: not on which other cells exist, nor on their order. Its stream has seed
 * K1 and nonce = first 96 bits of HMAC-SHA-256(K2, key), where K1 || K2 = HKDF-SHA-256 of the seed
 * with no salt and info = "shuyu-open-cells-1" || 32-bit little-endian block.
 *
 * The first draw is for n_units; a cell stays iff the noised count is at least tau. On success
 * cells[0..*ret_n_kept) are the kept ones in bytewise order of their keys, with noised n_units and
 * values (the noised count may be released: it is paid for); the figures of the other cells are
 * wiped, and the rest of the array is zeroed, so nothing says how many fell or why. Their key
 * bytes belong to the caller, who must not show them.
 *
 * If one unit touches at most k keys, a key that only it holds has count 1 and is shown with
 * probability at most exp(-(tau-1)^2 / (2 sigma^2)) (Gaussian count of scale sigma, tau > 1);
 * delta = k times that. The accountant chooses tau; nothing here does.
 *
 * SY_E_FIELD when block or rule is malformed, a cell has n_units < 1 or no values, or two cells
 * have the same key (they would share noise); then figures are as they were, but the cells may
 * have been reordered. BOUNDARY: the list comes from a worker, so this is checked here.
 */
SY_MUST sy_status mech_release_open(const struct mech_block *b, const struct mech_open_rule *rule,
                                    struct mech_open_cell *cells, size_t n_cells,
                                    size_t *ret_n_kept);

#endif
