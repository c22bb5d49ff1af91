/*
 * Interval half-widths in integers: w = ceil(z * scale - 1/2) for a rational z.
 *
 * Both mass functions are convex beyond one scale from 0, so a tail sum is at most the integral
 * from half a step before its first term; the normaliser is at least that of the continuous
 * distribution. Hence P(|X| > w) is at most the continuous tail beyond w + 1/2 >= z * scale, for
 * every integer scale >= 1 (docs/privacy/mechanisms.md section 6). z is rounded up, in millionths.
 *
 * Overflow: 2 * 3,688,880 < 2^23 and scale < 2^40, so the product stays below 2^63.
 */
#include "mechanisms/calibrate.h"

#define MILLION       1000000U
#define QUANTILE_MAX  3688880U
#define QUANTILE_NONE 0U

_Static_assert((sy_u128)2 * QUANTILE_MAX * MECH_SCALE_MAX < (sy_u128)1 << 63, "no overflow");

/* z in millionths, rounded up. Gaussian: the two-sided normal quantile (1.95996398..., 2.24140272...);
 * Laplace: ln 20 = 2.99573227..., ln 40 = 3.68887945.... */
static const uint32_t quantiles[MECH_KIND_N][MECH_LEVEL_N] = {
    [MECH_GAUSS] = {QUANTILE_NONE, 1959964U, 2241403U},
    [MECH_LAPLACE] = {QUANTILE_NONE, 2995733U, QUANTILE_MAX},
};

sy_status mech_half_width(enum mech_kind kind, uint64_t scale, enum mech_level level,
                          uint64_t *ret_w)
{
    if (!mech_noise_ok(kind, scale) || level <= MECH_LEVEL_INVALID || level >= MECH_LEVEL_N) {
        return sy_status_of(SY_E_FIELD);
    }
    uint64_t doubled = 2 * (uint64_t)quantiles[kind][level] * scale; /* 2 z scale, in millionths */
    *ret_w = (doubled - MILLION + 2 * (uint64_t)MILLION - 1) / (2 * (uint64_t)MILLION);
    return SY_OK;
}
