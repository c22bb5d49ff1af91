/*
 * From zCDP to (epsilon, delta), in integers. alpha is 1 + a / 2^20; the bound as a function of alpha falls
 * and then rises, so a search by thirds around the best power of two finds its minimum; should it stop
 * beside it, the figure is a little too large, which is the safe side.
 */
#include "wire/zcdp.h"

#include "base/arith.h"

#define ALPHA_ONE ((uint64_t)1 << 20)
#define DELTA_ONE UINT64_C(1000000000000000)
#define NANO      UINT64_C(1000000000)
#define LN2_Q60   UINT64_C(799144290325165978) /* ln 2 x 2^60, rounded down */
#define LN_SLACK  512 /* more than all roundings of one logarithm together, in 2^-60 */

enum { ALPHA_BITS = 44, LN_TERMS = 45, THIRDS = 90 };

/* ln(num / den) x 2^60 for den <= num < 2^63: rounded down by less than LN_SLACK. ln m = 2 atanh(z) with
 * z = (m - 1) / (m + 1), m in [1, 2). */
static sy_i128 ln_q60(uint64_t num, uint64_t den)
{
    sy_u128 n = num, d = den, sum = 0;
    sy_i128 whole = 0;
    while (n >= 2 * d) {
        d *= 2;
        whole++;
    }
    sy_u128 z = ((n - d) << 60) / (n + d), square = z * z >> 60;
    for (unsigned i = 1; i <= LN_TERMS; i += 2) {
        sum += z / i;
        z = z * square >> 60;
    }
    return 2 * (sy_i128)sum + whole * (sy_i128)LN2_Q60;
}

/* a / b rounded up, b > 0. */
static sy_i128 div_up(sy_i128 a, sy_i128 b)
{
    return a / b + (a > 0 && a % b != 0 ? 1 : 0);
}

/* The bound at alpha = 1 + a / 2^20, in 1e-9 x 2^-20, rounded up. */
static sy_i128 at_alpha(uint64_t rho, uint64_t delta, uint64_t a)
{
    uint64_t alpha = ALPHA_ONE + a;
    sy_i128 logs = ln_q60(DELTA_ONE, delta) + LN_SLACK - ln_q60(alpha, ALPHA_ONE);
    sy_i128 part = div_up(logs * (sy_i128)ALPHA_ONE, (sy_i128)a) - ln_q60(alpha, a);
    return (sy_i128)rho * (sy_i128)alpha + div_up(part * (sy_i128)NANO, (sy_i128)1 << 40);
}

/* The a of the least bound among powers of two. */
static uint64_t best_power(uint64_t rho, uint64_t delta)
{
    uint64_t best = 1;
    for (unsigned i = 1; i <= ALPHA_BITS; i++) {
        uint64_t a = (uint64_t)1 << i;
        best = at_alpha(rho, delta, a) < at_alpha(rho, delta, best) ? a : best;
    }
    return best;
}

static sy_i128 least(uint64_t rho, uint64_t delta)
{
    uint64_t best = best_power(rho, delta);
    uint64_t from = sy_max_u64(best / 2, 1), to = 2 * best;
    for (int i = 0; i < THIRDS && to - from > 2; i++) {
        uint64_t low = from + (to - from) / 3, high = to - (to - from) / 3;
        if (at_alpha(rho, delta, low) <= at_alpha(rho, delta, high)) {
            to = high;
        } else {
            from = low;
        }
    }
    return at_alpha(rho, delta, from + (to - from) / 2);
}

uint64_t sy_zcdp_epsilon(uint64_t rho, uint64_t delta)
{
    if (rho == 0) {
        return 0;
    }
    if (rho > (uint64_t)1 << 60 || delta == 0 || delta >= DELTA_ONE) {
        return UINT64_MAX;
    }
    sy_i128 bound = div_up(least(rho, delta), (sy_i128)ALPHA_ONE);
    return bound < 0 ? 0 : bound > (sy_i128)UINT64_MAX ? UINT64_MAX : (uint64_t)bound;
}
