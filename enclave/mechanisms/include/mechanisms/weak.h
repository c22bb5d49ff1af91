/*
 * The weakness switch of this library, for negative controls: a test bench that cannot tell a
 * build with SY_WEAK_NOISE_090 (every scale x 0.9, so the privacy loss is under-counted by a fifth
 * in rho) from a correct one proves nothing. Off unless the macro is given, and then refused
 * outside test and bench builds, which open test domains only.
 */
#ifndef MECHANISMS_WEAK_H
#define MECHANISMS_WEAK_H

#include <stdint.h>

#ifdef SY_WEAK_NOISE_090
#if !defined(SY_BENCH_BUILD) && !defined(SY_TEST_BUILD)
#error "SY_WEAK_NOISE_090 weakens the noise: it needs SY_BENCH_BUILD or SY_TEST_BUILD"
#endif
#define MECH_WEAK_NUMERATOR 9
#else
#define MECH_WEAK_NUMERATOR 10
#endif

/* The scale itself, or in a weakened build nine tenths of it, rounded down but at least 1. */
static inline uint64_t mech_weak_scale(uint64_t scale)
{
    uint64_t weak = scale * MECH_WEAK_NUMERATOR / 10;
    return weak == 0 ? 1 : weak;
}

#endif
