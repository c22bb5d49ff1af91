/*
 * Statistics for the noise tests: exact reference distributions in long double, and one
 * goodness-of-fit test that correct samplers must pass and the negative controls must fail.
 *
 * Every check inside has a false-alarm probability of at most about 1e-6, so that a fresh seed
 * (environment variable SHUYU_TEST_SEED) may be used on every run. Seeds are printed.
 */
#ifndef MECHANISMS_TEST_STATS_H
#define MECHANISMS_TEST_STATS_H

#include "mechanisms/sampler.h"

#include <stddef.h>

#define STATS_ALPHA    1e-6L
#define STATS_Z        6.0L /* bound on |z| for moments: 2e-9 if normal, slack for skewed tails */
#define STATS_N        60000
#define STATS_EXACT_TO 2000 /* Gaussian scales up to here use an exact table */

/* Reference distribution of a kind and scale. */
struct stats_dist {
    enum mech_kind kind;
    uint64_t scale;
    long double *cdf; /* P(X <= k) for k in -reach..reach, or NULL: closed form or erfc */
    int64_t reach;    /* beyond it the probability is below 1e-30 */
    long double m2;   /* second and fourth moment */
    long double m4;
};

/* Allocate tables; stats_free releases them. */
struct stats_dist stats_dist(enum mech_kind kind, uint64_t scale);
void stats_free(struct stats_dist *d);

/* P(X <= k). */
long double stats_cdf(const struct stats_dist *d, int64_t k);

/* Upper tail of the chi-square distribution with df degrees of freedom. */
long double stats_chi2_tail(long double x, unsigned df);

/* Are n_hits of n trials too few or too many for probability p? Rigorous for every n (Chernoff):
 * false alarm at most STATS_ALPHA. */
bool stats_binomial_off(size_t n_hits, size_t n, long double p);

/* NULL when the sample fits, else the name of the check that rejects it. Sorts the sample. */
const char *stats_misfit(const struct stats_dist *d, int64_t *sample, size_t n);

/* The test's own random seed, `lane` apart: SHUYU_TEST_SEED (number) or a fixed default; printed
 * once per program as a TAP comment. */
void stats_seed(uint32_t lane, uint8_t ret_seed[MECH_SEED_BYTES]);

#endif
