/*
 * What a budget of zero-concentrated differential privacy is as (epsilon, delta), for people who think in
 * those: rho-zCDP implies (epsilon, delta)-DP for every delta, with
 *
 *   epsilon = min over alpha > 1 of  alpha rho + (ln(1 / delta) - ln alpha) / (alpha - 1)
 *                                              + ln(1 - 1 / alpha)
 *
 * Every alpha gives a true bound, so the search for the best one can only make the figure larger, never
 * wrong; logarithms are integers with error bounds, and everything rounds up. A budget that has a delta of
 * its own (approximate zCDP) is (epsilon, delta + its own)-DP.
 *
 * Units: rho in 1e-9, epsilon in 1e-9, delta in 1e-15. Threads: pure. May block/alloc: never.
 * Source: Canonne, Kamath, Steinke 2020, "The Discrete Gaussian for Differential Privacy", corollary 13;
 * Bun, Steinke 2016, section 8. docs/privacy/guarantee.md.
 */
#ifndef WIRE_ZCDP_H
#define WIRE_ZCDP_H

#include <stdint.h>

/* The delta at which budgets are shown: 1e-9, far below one in any population. */
#define SY_ZCDP_DELTA UINT64_C(1000000)

/* The epsilon of `rho` at `delta` (1 .. 1e15 - 1): never below the true minimum, and within 2e-9 of it
 * while rho is at most 1000, within a 1e-10th of it beyond. 0 for rho 0; UINT64_MAX for a rho above 2^60 units or a delta
 * out of range. */
uint64_t sy_zcdp_epsilon(uint64_t rho, uint64_t delta);

#endif
