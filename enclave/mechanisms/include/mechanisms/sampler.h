/*
 * Exact integer noise: the discrete Laplace and the discrete Gaussian distribution, drawn by
 * rejection from uniform integers. No floating point anywhere, so there is no rounding by which a
 * released figure could betray its true value (attacks T21 and T22 of the privacy notes).
 *
 * A scale is a positive integer below 2^40, in units of the figure it is added to (one person, one
 * fen, one day ...). Whoever computes it rounds UP; a larger scale never costs more privacy.
 *
 * Exactness: each function's output has exactly the stated distribution if the stream's bytes are
 * uniform and independent, apart from two loop ceilings which together are reached with
 * probability below 2^-3,000,000 a draw (src/sampler.c has the arithmetic). What ChaCha20 bytes
 * add to that is the assumption that ChaCha20 is a pseudo-random function.
 *
 * Work per draw is not constant: it depends on the random bytes (never on the figure). It is
 * bounded in expectation: 1.32 attempts of the Gaussian, 1.58 of the Laplace inside. Response
 * slots cover what a clock could see.
 *
 * The byte order in which draws consume the stream is part of the re-run promise: a change here
 * needs a new info string in mech_seed. tests pin it.
 *
 * Runs in: warden. Trusts: nothing. Holds: nothing. May block/alloc: never.
 * Threads: pure functions of their stream. A broken precondition ends the process
 * (sodium_misuse): noise of a wrong scale must not be released.
 * Source: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy", 2020,
 * arXiv 2004.00010, Algorithms 1-3. Proofs: docs/privacy/mechanisms.md.
 */
#ifndef MECHANISMS_SAMPLER_H
#define MECHANISMS_SAMPLER_H

#include "mechanisms/stream.h"

#define MECH_SCALE_MAX           (((uint64_t)1 << 40) - 1)
#define MECH_NOISE_MAX           (((int64_t)1 << 62) - 1) /* |noise| never exceeds this */
#define MECH_EXP_DENOMINATOR_MAX ((sy_u128)1 << 96)

/* Numbers stand in plans: never reuse one. */
enum mech_kind {
    MECH_INVALID = 0,
    MECH_GAUSS = 1,   /* P(x) proportional to exp(-x^2 / (2 scale^2)) */
    MECH_LAPLACE = 2, /* P(x) proportional to exp(-|x| / scale) */
    MECH_KIND_N
};

/* Is this a kind and a scale that the samplers accept? */
bool mech_noise_ok(enum mech_kind kind, uint64_t scale);

/* A uniform integer in 0..bound-1 by rejection, so without modulo bias. bound >= 1; bound 1 reads
 * nothing. Reads ceil(log2(bound) / 8) bytes a try, fewer than two tries on average. */
sy_u128 mech_uniform(struct mech_stream *s, sy_u128 bound);

/* True with probability exp(-a / b), exactly. Any a; 1 <= b <= MECH_EXP_DENOMINATOR_MAX. */
bool mech_bernoulli_exp(struct mech_stream *s, sy_u128 a, sy_u128 b);

/* One discrete Laplace value; scale in 1..MECH_SCALE_MAX. */
int64_t mech_laplace(struct mech_stream *s, uint64_t scale);

/* One discrete Gaussian value; scale (sigma) in 1..MECH_SCALE_MAX. */
int64_t mech_gauss(struct mech_stream *s, uint64_t scale);

/* One value of the kind; what a release draws. mech_noise_ok(kind, scale) must hold. */
int64_t mech_draw(struct mech_stream *s, enum mech_kind kind, uint64_t scale);

#endif
