/*
 * The one integer function too long for the header. Noise scales are derived from it, so it is
 * exact: bit by bit, no floating point whose rounding could differ between machines.
 */
#include "base/arith.h"

/* Largest r with r * r <= x: try each bit from the top; r * r never passes 128 bits. */
static uint64_t isqrt_floor(sy_u128 x)
{
    uint64_t r = 0;
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t t = r | (uint64_t)1 << bit;
        if ((sy_u128)t * t <= x) {
            r = t;
        }
    }
    return r;
}

uint64_t sy_isqrt_ceil_u128(sy_u128 x)
{
    uint64_t r = isqrt_floor(x);
    return (sy_u128)r * r < x && r < UINT64_MAX ? r + 1 : r;
}
