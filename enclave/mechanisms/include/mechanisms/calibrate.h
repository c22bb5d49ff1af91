/*
 * The half-width of the interval that goes with a noised figure: how far, at a stated level, the
 * released figure may lie from the exact one because of the noise. Integers only; depends on the
 * mechanism and its scale, never on data, so it costs no privacy.
 *
 * Runs in: warden. Trusts: nothing. Holds: nothing. May block/alloc: never. Threads: pure.
 * Source: docs/privacy/mechanisms.md section 6 (proof); exhaustive check in test_bounds.c.
 */
#ifndef MECHANISMS_CALIBRATE_H
#define MECHANISMS_CALIBRATE_H

#include "mechanisms/sampler.h"

enum mech_level {
    MECH_LEVEL_INVALID = 0,
    MECH_LEVEL_950 = 1, /* 95 %: one figure */
    MECH_LEVEL_975 = 2, /* 97.5 %: each of two figures, so that both hold at 95 % (Bonferroni) */
    MECH_LEVEL_N
};

/*
 * A w with P(|noise| <= w) >= level: w = ceil(z x scale - 1/2), where z is a rational upper bound
 * of the normal quantile (Gaussian) or of ln(1 / (1 - level)) (Laplace). It holds for every scale;
 * it is the smallest such integer at each Gaussian scale 1..2000, and at all but 2 (95 %) and 3
 * (97.5 %) of the Laplace scales 1..2000, where it is one more.
 * On success 1 <= *ret_w < 2^42. SY_E_FIELD when kind, scale or level is out of range, *ret_w
 * untouched.
 */
SY_MUST sy_status mech_half_width(enum mech_kind kind, uint64_t scale, enum mech_level level,
                                  uint64_t *ret_w);

#endif
