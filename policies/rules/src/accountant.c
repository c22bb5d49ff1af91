/*
 * The accountant's arithmetic, formulas and sources in rules/accountant.h. Everything is an
 * integer; every rounding is against the asker (shares and eps down, scales and thresholds up), so
 * what is charged is never less than what is spent. Quantities that could leave 128 bits are
 * refused, not wrapped: such prices are far too small for any scale the samplers accept.
 */
#include "rules/accountant.h"

#include "base/weak.h"

/* ceil(ln 2 x 2^62). */
#define LN2_Q62 UINT64_C(3196577161300663915)

static sy_status too_small(struct sy_error *err)
{
    return sy_fail(err, SY_E_BUDGET, "rho", "the price is too small for any noise scale");
}

static sy_u128 div_ceil(sy_u128 a, sy_u128 b)
{
    return a / b + (a % b != 0 ? 1 : 0);
}

uint64_t rules_rho_share(uint64_t rho, size_t n_figures, bool open)
{
    size_t shares = n_figures + (open ? 1 : 0);
    return shares == 0 ? 0 : rho / shares;
}

uint64_t rules_eps_of_rho(uint64_t rho)
{
    sy_u128 square = (sy_u128)rho * 2 * RULES_RHO_ONE;
    uint64_t e = sy_isqrt_ceil_u128(square);
    return (sy_u128)e * e > square ? e - 1 : e;
}

static sy_status gauss_scale(const struct rules_reach *r, uint64_t rho, uint64_t *ret,
                             struct sy_error *err)
{
    sy_u128 reach = (sy_u128)r->rows * r->bound;
    sy_u128 square;
    if (!sy_mul_u128(reach, reach, &square) || !sy_mul_u128(square, r->groups, &square) ||
        !sy_mul_u128(square, RULES_RHO_ONE, &square)) {
        return too_small(err);
    }
    *ret = sy_isqrt_ceil_u128(div_ceil(square, (sy_u128)rho * 2));
    return SY_OK;
}

static sy_status laplace_scale(const struct rules_reach *r, uint64_t rho, uint64_t *ret,
                               struct sy_error *err)
{
    uint64_t eps = rules_eps_of_rho(rho);
    sy_u128 reach = (sy_u128)r->rows * r->bound;
    if (eps == 0 || !sy_mul_u128(reach, r->groups, &reach) ||
        !sy_mul_u128(reach, RULES_RHO_ONE, &reach)) {
        return too_small(err);
    }
    sy_u128 t = div_ceil(reach, eps);
    *ret = t > UINT64_MAX ? UINT64_MAX : (uint64_t)t;
    return SY_OK;
}

sy_status rules_noise_scale(enum rules_noise kind, const struct rules_reach *reach, uint64_t rho,
                            uint64_t *ret, struct sy_error *reterr)
{
    uint64_t scale = 0;
    if (reach->groups == 0 || reach->rows == 0 ||
        (kind != RULES_NOISE_GAUSS && kind != RULES_NOISE_LAPLACE)) {
        return sy_fail(reterr, SY_E_FIELD, "reach", "no such reach or kind of noise");
    }
    if (rho == 0) {
        return too_small(reterr);
    }
    SY_TRY(kind == RULES_NOISE_GAUSS ? gauss_scale(reach, rho, &scale, reterr)
                                     : laplace_scale(reach, rho, &scale, reterr));
    if (scale > RULES_SCALE_MAX) {
        return too_small(reterr);
    }
    scale = sy_weak(SY_WEAK_SENSITIVITY_1175) ? scale * 1000 / 1175 : scale;
    *ret = sy_max_u64(scale, 1);
    return SY_OK;
}

/* Mantissa of num / (den << k), which lies in [1, 2], x 2^62, rounded up. */
static uint64_t mantissa_ceil(sy_u128 num, sy_u128 den)
{
    uint64_t m = 1;
    sy_u128 rest = num - den;
    for (int i = 0; i < 62; i++) {
        rest <<= 1;
        m <<= 1;
        if (rest >= den) {
            rest -= den;
            m |= 1;
        }
    }
    return rest > 0 ? m + 1 : m;
}

/* log2 bit by bit: square the mantissa; a result of 2 or more is a one bit. Every step rounds up.
 * */
uint64_t rules_ln_ceil_q32(sy_u128 num, uint64_t den)
{
    sy_u128 d = den;
    uint64_t whole = 0;
    if (den == 0 || num < d || num >> 120 != 0) {
        return UINT64_MAX; /* outside the contract: an answer that refuses everything */
    }
    while (num - d >= d) {
        d <<= 1;
        whole++;
    }
    sy_u128 m = mantissa_ceil(num, d);
    uint64_t bits = 0;
    for (int i = 0; i < 32; i++) {
        m = div_ceil(m * m, (sy_u128)1 << 62);
        bits <<= 1;
        if (m >> 63 != 0) {
            bits |= 1;
            m = div_ceil(m, 2);
        }
    }
    sy_u128 log2 = ((sy_u128)whole << 32) + bits + 1;
    return (uint64_t)div_ceil(log2 * LN2_Q62, (sy_u128)1 << 62);
}

sy_status rules_tau(enum rules_noise kind, uint64_t scale, uint64_t groups, uint64_t delta,
                    int64_t *ret, struct sy_error *reterr)
{
    if (delta == 0) {
        return sy_fail(reterr, SY_E_BUDGET, "delta",
                       "undeclared keys leave only through a threshold, which needs a delta");
    }
    if (scale == 0 || scale > RULES_SCALE_MAX || groups == 0 || groups > RULES_SCALE_MAX ||
        delta >= RULES_DELTA_ONE || (kind != RULES_NOISE_GAUSS && kind != RULES_NOISE_LAPLACE)) {
        return sy_fail(reterr, SY_E_FIELD, "tau", "scale, groups or delta out of range");
    }
    const sy_u128 one = (sy_u128)1 << 32;
    sy_u128 ln = rules_ln_ceil_q32((sy_u128)groups * RULES_DELTA_ONE, delta);
    uint64_t above = kind == RULES_NOISE_GAUSS
                         ? sy_isqrt_ceil_u128(div_ceil((sy_u128)scale * scale * 2 * ln, one))
                         : (uint64_t)div_ceil(scale * ln, one);
    *ret = 1 + (int64_t)above;
    return SY_OK;
}

sy_status rules_half_width(enum rules_noise kind, uint64_t scale, uint64_t *ret,
                           struct sy_error *reterr)
{
    /* the two-sided normal quantile 1.95996398...; ln 20 = 2.99573227... */
    static const uint64_t Z[RULES_NOISE_N] = {
        [RULES_NOISE_GAUSS] = 1959964, [RULES_NOISE_LAPLACE] = 2995733};
    const uint64_t million = 1000000;
    if ((kind != RULES_NOISE_GAUSS && kind != RULES_NOISE_LAPLACE) || scale == 0 ||
        scale > RULES_SCALE_MAX) {
        return sy_fail(reterr, SY_E_FIELD, "scale", "no such noise");
    }
    /* below 2 x 2^22 x 2^40; 2 z >= 1, so the difference is positive */
    uint64_t doubled = 2 * Z[kind] * scale - million;
    *ret = doubled / (2 * million) + (doubled % (2 * million) != 0 ? 1 : 0);
    return SY_OK;
}
