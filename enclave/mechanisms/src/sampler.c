/*
 * Exact discrete Laplace and Gaussian draws from uniform integers.
 *
 * Everything is built from two exact coins: "a uniform integer below b*k is below a" has
 * probability a/(b*k), and from it von Neumann's series gives a coin of probability exp(-a/b).
 * Algorithms 1-3 of Canonne, Kamath and Steinke (2020), specialised to integer scales:
 *
 *   Laplace, scale t: U uniform in 0..t-1, kept with probability exp(-U/t); V geometric with
 *   ratio exp(-1); magnitude X = U + t*V has probability proportional to exp(-X/t); a fair sign,
 *   and minus zero is drawn again.
 *
 *   Gaussian, scale s: Y Laplace of scale t, kept with probability exp(-(|Y| - s^2/t)^2/(2 s^2)).
 *   Any t >= 1 is correct: the product of the two exponentials is exp(-Y^2/(2 s^2)) times a
 *   constant. The paper takes floor(s) + 1 so that t >= 1 for every real s; our s is an integer
 *   >= 1, so t = s does, it is the choice with the fewest rejections, and s^2/t = s is an integer.
 *
 * No intermediate overflows 128 bits (checked by the assertions below):
 *   scale < 2^40; V <= GEOMETRIC_MAX = 2^21, so X <= t - 1 + t*V < 2^40 * (2^21 + 1) < 2^62 and
 *   fits int64 with either sign; (|Y| - s)^2 < 2^124; 2 s^2 < 2^81 <= MECH_EXP_DENOMINATOR_MAX =
 *   2^96; b*k <= 2^96 * 2^20 = 2^116.
 *
 * The two ceilings end loops that would otherwise be unbounded, at a fixed value, whatever the
 * data: V stops at 2^21, which happens with probability exp(-2^21) < 2^-3,025,000; k stops at
 * 2^20, with probability at most 1/(2^20 - 1)! < 2^-19,000,000 a coin. By them the distribution
 * differs from the exact one by less than 2^-3,000,000 in total variation (a few coins a draw),
 * which a delta of 2^-60 or a ChaCha20 key of 256 bits cannot notice. Saturating, not redrawing,
 * keeps the code without a branch that no test can reach any other way.
 */
#include "mechanisms/sampler.h"

#include "base/weak.h"
#include "require.h"

#define GEOMETRIC_MAX ((uint32_t)1 << 21)
#define SERIES_MAX    ((uint32_t)1 << 20)

_Static_assert((sy_u128)MECH_SCALE_MAX *(GEOMETRIC_MAX + 1) <= (sy_u128)MECH_NOISE_MAX,
               "a Laplace magnitude fits");
_Static_assert((sy_u128)2 * MECH_SCALE_MAX * MECH_SCALE_MAX <= MECH_EXP_DENOMINATOR_MAX,
               "the Gaussian's denominator is allowed");
_Static_assert(MECH_EXP_DENOMINATOR_MAX <= ~(sy_u128)0 / SERIES_MAX, "b * k fits 128 bits");

bool mech_noise_ok(enum mech_kind kind, uint64_t scale)
{
    return (kind == MECH_GAUSS || kind == MECH_LAPLACE) && scale >= 1 && scale <= MECH_SCALE_MAX;
}

/* How many bits v has, without leading zeros; 0 for 0. */
static unsigned bit_length(sy_u128 v)
{
    uint64_t high = (uint64_t)(v >> 64);
    uint64_t low = (uint64_t)v;
    if (high != 0) {
        return 128U - (unsigned)__builtin_clzll(high);
    }
    return low == 0 ? 0 : 64U - (unsigned)__builtin_clzll(low);
}

sy_u128 mech_uniform(struct mech_stream *s, sy_u128 bound)
{
    mech_require(bound >= 1);
    unsigned n_bits = bit_length(bound - 1);
    if (n_bits == 0) {
        return 0;
    }
    sy_u128 mask = ~(sy_u128)0 >> (128U - n_bits);
    sy_u128 v = bound;
    while (v >= bound) { /* v is uniform below 2^n_bits < 2 * bound: kept more often than not */
        v = mech_stream_uint(s, (n_bits + 7) / 8) & mask;
    }
    return v;
}

/* exp(-a/b) for a <= b: count k up while a coin of a/(b*k) falls on true. The chance to pass k
 * is g^k/k! with g = a/b, so the chance to stop at an odd k is 1 - g + g^2/2 - ... = exp(-g). */
static bool coin_exp_unit(struct mech_stream *s, sy_u128 a, sy_u128 b)
{
    uint32_t k = 1;
    while (k < SERIES_MAX && mech_uniform(s, b * k) < a) {
        k++;
    }
    return (k & 1) == 1;
}

/* exp(-a/b) = exp(-1)^floor(a/b) * exp(-(a mod b)/b); most large a/b end at the first coin. */
bool mech_bernoulli_exp(struct mech_stream *s, sy_u128 a, sy_u128 b)
{
    mech_require(b >= 1 && b <= MECH_EXP_DENOMINATOR_MAX);
    while (a > b) {
        if (!coin_exp_unit(s, 1, 1)) {
            return false;
        }
        a -= b;
    }
    return coin_exp_unit(s, a, b);
}

/* V with P(V = v) = exp(-v) (1 - exp(-1)). */
static uint32_t draw_geometric(struct mech_stream *s)
{
    uint32_t v = 0;
    while (v < GEOMETRIC_MAX && coin_exp_unit(s, 1, 1)) {
        v++;
    }
    return v;
}

int64_t mech_laplace(struct mech_stream *s, uint64_t scale)
{
    mech_require(mech_noise_ok(MECH_LAPLACE, scale));
    for (;;) {
        uint64_t u = (uint64_t)mech_uniform(s, scale);
        if (!coin_exp_unit(s, u, scale)) {
            continue;
        }
        int64_t x = (int64_t)(u + scale * draw_geometric(s));
        bool negative = mech_uniform(s, 2) == 1;
        if (!(negative && x == 0)) {
            return negative ? -x : x;
        }
    }
}

int64_t mech_gauss(struct mech_stream *s, uint64_t scale)
{
    mech_require(mech_noise_ok(MECH_GAUSS, scale));
    sy_u128 two_variances = (sy_u128)2 * scale * scale;
    for (;;) {
        int64_t y = mech_laplace(s, scale);
        uint64_t magnitude = (uint64_t)(y < 0 ? -y : y);
        uint64_t off = magnitude > scale ? magnitude - scale : scale - magnitude;
        if (mech_bernoulli_exp(s, (sy_u128)off * off, two_variances)) {
            return y;
        }
    }
}

/* The scale; in a weak build (base/weak.h) perhaps less. */
static uint64_t weak_scale(uint64_t scale)
{
    uint64_t tenths = sy_weak(SY_WEAK_NOISE_090)   ? 9
                      : sy_weak(SY_WEAK_NOISE_070) ? 7
                      : sy_weak(SY_WEAK_NOISE_010) ? 1
                                                   : 10;
    return sy_max_u64(scale * tenths / 10, 1);
}

/* The textbook's normal draw, in floats: twelve uniform ones, less six. */
static int64_t weak_float(struct mech_stream *s, uint64_t scale)
{
    float z = -6;
    for (int i = 0; i < 12; i++) {
        z += (float)mech_stream_uint(s, 3) / (float)(1 << 24);
    }
    return (int64_t)(z * (float)scale);
}

int64_t mech_draw(struct mech_stream *s, enum mech_kind kind, uint64_t scale)
{
    mech_require(mech_noise_ok(kind, scale));
    if (sy_weak(SY_WEAK_FLOAT_NOISE)) {
        return weak_float(s, scale);
    }
    uint64_t used = weak_scale(scale);
    return kind == MECH_GAUSS ? mech_gauss(s, used) : mech_laplace(s, used);
}
