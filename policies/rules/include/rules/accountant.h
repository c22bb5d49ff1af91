/*
 * The budget accountant: from a price to a noise scale, in integers, always rounded so that privacy
 * is never under-counted (scales, thresholds up; shares, eps down).
 *
 * Neighbours differ in one unit, which after bounding touches at most `groups` cells, each by at
 * most rows x max|bound| (sum), rows (count) or 1 (units). Hence for one figure over all cells
 *   sum    D2^2 = groups (rows b)^2     D1 = groups rows b          b = max(|lo|, |hi|)
 *   count  D2^2 = groups rows^2         D1 = groups rows
 *   units  D2^2 = groups                D1 = groups
 *
 *   gauss    a discrete Gaussian of scale sigma costs D2^2 / (2 sigma^2) of zCDP:
 *            sigma = ceil(sqrt(D2^2 / (2 rho)))
 *   laplace  a discrete Laplace of scale t = D1 / eps is eps-DP, which costs eps^2 / 2 of zCDP:
 *            eps = sqrt(2 rho), t = ceil(D1 / eps)
 *   shares   a block's rho is split equally over its figures, plus one share for the count of units
 *            when keys are open (undeclared)
 *   tau      an open key is shown iff its noised count of units reaches tau; a key that one unit
 *            alone holds is shown with probability at most delta / groups when
 *            gauss    tau = 1 + ceil(sigma sqrt(2 ln(groups / delta)))
 *            laplace  tau = 1 + ceil(t ln(groups / delta))
 * Composition: rho adds, delta adds (delta-approximate zCDP).
 *
 * Units: rho in 1e-9 zCDP, eps in 1e-9, delta in 1e-15.
 * Threads: pure functions, no allocation.
 * Source: Canonne, Kamath, Steinke 2020 "The Discrete Gaussian" (theorem 4: zCDP of the discrete
 * Gaussian); Bun, Steinke 2016 "Concentrated Differential Privacy" (prop. 1.4, lemma 1.7, and
 * section 8 for delta-approximate zCDP); tail bounds: mechanisms/release.h; DESIGN section 4.5.
 */
#ifndef RULES_ACCOUNTANT_H
#define RULES_ACCOUNTANT_H

#include "base/arith.h"
#include "base/status.h"

#define RULES_SCALE_MAX (((uint64_t)1 << 40) - 1) /* what the samplers accept */
#define RULES_RHO_ONE   UINT64_C(1000000000)
#define RULES_DELTA_ONE UINT64_C(1000000000000000)

enum rules_noise { RULES_NOISE_NONE = 0, RULES_NOISE_GAUSS, RULES_NOISE_LAPLACE, RULES_NOISE_N };

/* One unit's reach in one figure. bound: most that one row counts for (1 for count and units);
 * rows: 1 for units. */
struct rules_reach {
    uint64_t groups; /* >= 1 */
    uint64_t rows;   /* >= 1 */
    uint64_t bound;
};

/* Each figure's part of a block's rho, rounded down. 0 when it does not reach. */
uint64_t rules_rho_share(uint64_t rho, size_t n_figures, bool open);

/* eps of a share: the largest e with (e / 1e9)^2 / 2 <= rho / 1e9. */
uint64_t rules_eps_of_rho(uint64_t rho);

/* The noise scale for a reach at a price of rho; 1 <= *ret <= RULES_SCALE_MAX. SY_E_BUDGET when rho
 * is 0 or so small that the scale leaves that range, SY_E_FIELD for a reach of 0 groups or rows or
 * an invalid kind; *ret is then untouched. A reach of 0 (bound 0) gives scale 1. */
SY_MUST sy_status rules_noise_scale(enum rules_noise kind, const struct rules_reach *reach,
                                    uint64_t rho, uint64_t *ret, struct sy_error *reterr);

/* The threshold above; delta in 1..1e15 - 1, groups >= 1, scale from rules_noise_scale for units.
 * SY_E_BUDGET when delta is 0, SY_E_FIELD otherwise; *ret untouched. 1 < *ret < 2^50. */
SY_MUST sy_status rules_tau(enum rules_noise kind, uint64_t scale, uint64_t groups, uint64_t delta,
                            int64_t *ret, struct sy_error *reterr);

/* Half-width of the 95 % interval of a figure noised at `scale` (1..RULES_SCALE_MAX), in its units:
 * ceil(z x scale - 1/2), z in millionths, rounded up: the width that the answer will show
 * (mechanisms/calibrate.h, which proves it; a test compares the two). SY_E_FIELD otherwise; *ret is
 * then untouched. */
SY_MUST sy_status rules_half_width(enum rules_noise kind, uint64_t scale, uint64_t *ret,
                                   struct sy_error *reterr);

/* An upper bound of ln(num / den) x 2^32 for num >= den >= 1, at most 2^-20 (relative to ln 2)
 * above it; 0 for num = den is allowed to come out as a small positive number. */
uint64_t rules_ln_ceil_q32(sy_u128 num, uint64_t den);

#endif
