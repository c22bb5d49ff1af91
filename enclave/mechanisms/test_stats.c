/*
 * Reference distributions and goodness of fit. See test_stats.h.
 *
 * The discrete Gaussian's normaliser comes from Poisson summation,
 * sum exp(-x^2/(2 s^2)) = sqrt(2 pi) s (1 + 2 exp(-2 pi^2 s^2) + ...), whose next term is below
 * 1e-34 for s >= 1. Above STATS_EXACT_TO the cdf is the normal one at k + 1/2, which differs by
 * less than 1/(24 s^2) < 1e-8: far below what 60,000 draws can see.
 */
#include "test_stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PI 3.14159265358979323846264338327950288L

static long double gauss_cdf_table(struct stats_dist *d)
{
    long double s = (long double)d->scale;
    long double z = sqrtl(2 * PI) * s * (1 + 2 * expl(-2 * PI * PI * s * s));
    long double sum = 0;
    for (int64_t k = -d->reach; k <= d->reach; k++) {
        sum += expl(-(long double)(k * k) / (2 * s * s)) / z;
        d->cdf[k + d->reach] = sum;
    }
    return sum;
}

/* Moments summed over the table's reach (Laplace: over 80 scales), or of the continuous limit. */
static void set_moments(struct stats_dist *d)
{
    long double s = (long double)d->scale;
    if (d->scale > STATS_EXACT_TO) {
        d->m2 = d->kind == MECH_GAUSS ? s * s : 2 * s * s;
        d->m4 = d->kind == MECH_GAUSS ? 3 * s * s * s * s : 24 * s * s * s * s;
        return;
    }
    for (int64_t k = 1; k <= d->reach; k++) {
        long double x2 = (long double)k * (long double)k;
        long double p = 2 * (stats_cdf(d, k) - stats_cdf(d, k - 1));
        d->m2 += p * x2;
        d->m4 += p * x2 * x2;
    }
}

struct stats_dist stats_dist(enum mech_kind kind, uint64_t scale)
{
    struct stats_dist d = {.kind = kind, .scale = scale};
    d.reach = (int64_t)scale * (kind == MECH_GAUSS ? 14 : 80);
    if (kind == MECH_GAUSS && scale <= STATS_EXACT_TO) {
        d.cdf = calloc((size_t)d.reach * 2 + 1, sizeof(d.cdf[0]));
        if (d.cdf == NULL || fabsl(gauss_cdf_table(&d) - 1) > 1e-12L) {
            abort();
        }
    }
    set_moments(&d);
    return d;
}

void stats_free(struct stats_dist *d)
{
    free(d->cdf);
    d->cdf = NULL;
}

static long double laplace_cdf(long double t, int64_t k)
{
    long double tail = 1 / (1 + expl(-1 / t)); /* P(X >= n) = tail * exp(-n/t) for n >= 1 */
    return k >= 0 ? 1 - tail * expl(-((long double)k + 1) / t) : tail * expl((long double)k / t);
}

long double stats_cdf(const struct stats_dist *d, int64_t k)
{
    if (d->kind == MECH_LAPLACE) {
        return laplace_cdf((long double)d->scale, k);
    }
    if (k < -d->reach || k > d->reach) {
        return k < 0 ? 0 : 1;
    }
    if (d->cdf != NULL) {
        return d->cdf[k + d->reach];
    }
    return erfcl(-((long double)k + 0.5L) / ((long double)d->scale * sqrtl(2))) / 2;
}

/* Closed forms for even and odd df: a Poisson sum, or erfc plus a half-integer one. */
long double stats_chi2_tail(long double x, unsigned df)
{
    long double h = x / 2;
    long double term = df % 2 == 0 ? 1 : sqrtl(h) / tgammal(1.5L);
    long double sum = 0;
    long double first = df % 2 == 0 ? 1 : 1.5L;
    for (unsigned j = 0; j < df / 2; j++) {
        sum += term;
        term *= h / (first + (long double)j);
    }
    return (df % 2 == 0 ? 0 : erfcl(sqrtl(h))) + expl(-h) * sum;
}

bool stats_binomial_off(size_t n_hits, size_t n, long double p)
{
    long double q = (long double)n_hits / (long double)n;
    long double divergence = 0;
    if (p <= 0 || p >= 1) {
        return q != p;
    }
    if (n_hits > 0) {
        divergence += q * logl(q / p);
    }
    if (n_hits < n) {
        divergence += (1 - q) * logl((1 - q) / (1 - p));
    }
    return divergence * (long double)n > logl(2 / STATS_ALPHA);
}

/* Smallest k with P(X <= k) >= p. */
static int64_t quantile(const struct stats_dist *d, long double p)
{
    int64_t low = -d->reach - 1;
    int64_t high = d->reach;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (stats_cdf(d, middle) >= p) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

/* How many values of the sorted sample are <= k. */
static size_t count_to(const int64_t *sorted, size_t n, int64_t k)
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sorted[middle] <= k) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

#define N_CUTS 107

/* Cut i of N_CUTS, as a probability: four in each tail below 1 %, whole per cents between. */
static long double cut_probability(unsigned i)
{
    static const long double tails[] = {0.0005L, 0.001L, 0.0025L, 0.005L};
    if (i < 4) {
        return tails[i];
    }
    return i < N_CUTS - 4 ? (long double)(i - 3) / 100 : 1 - tails[N_CUTS - 1 - i];
}

/* Chi-square over bins cut at quantiles, finer in the tails; the last bin is open. A cut that
 * would make a bin with fewer than 20 expected values is left out. */
static bool chi2_off(const struct stats_dist *d, const int64_t *sorted, size_t n)
{
    long double stat = 0;
    long double cdf_done = 0;
    size_t n_done = 0;
    unsigned n_bins = 0;
    for (unsigned i = 0; i <= N_CUTS; i++) {
        bool last = i == N_CUTS;
        int64_t cut = last ? d->reach : quantile(d, cut_probability(i));
        long double cdf = last ? 1 : stats_cdf(d, cut);
        long double expected = (cdf - cdf_done) * (long double)n;
        if (!last && fminl(expected, (1 - cdf) * (long double)n) < 20) {
            continue;
        }
        size_t n_to = last ? n : count_to(sorted, n, cut);
        long double off = (long double)(n_to - n_done) - expected;
        stat += off * off / expected;
        cdf_done = cdf;
        n_done = n_to;
        n_bins++;
    }
    return n_bins < 4 || stats_chi2_tail(stat, n_bins - 1) < STATS_ALPHA;
}

/* Kolmogorov-Smirnov with the continuous critical value, conservative for atoms. */
static bool ks_off(const struct stats_dist *d, const int64_t *sorted, size_t n)
{
    long double worst = 0;
    for (size_t i = 0; i < n;) {
        size_t j = count_to(sorted, n, sorted[i]);
        long double below = fabsl((long double)i / (long double)n - stats_cdf(d, sorted[i] - 1));
        long double upto = fabsl((long double)j / (long double)n - stats_cdf(d, sorted[i]));
        worst = fmaxl(worst, fmaxl(below, upto));
        i = j;
    }
    return worst * sqrtl((long double)n) > sqrtl(logl(2 / STATS_ALPHA) / 2);
}

/* How often the sample falls beyond the reference's 1 %, 0.1 % and 0.01 % points, each side. */
static bool tails_off(const struct stats_dist *d, const int64_t *sorted, size_t n)
{
    static const long double points[] = {0.01L, 0.001L, 0.0001L};
    for (size_t i = 0; i < 3; i++) {
        int64_t c = quantile(d, 1 - points[i]);
        size_t n_high = n - count_to(sorted, n, c);
        size_t n_low = count_to(sorted, n, -c - 1);
        if (stats_binomial_off(n_high, n, 1 - stats_cdf(d, c)) ||
            stats_binomial_off(n_low, n, stats_cdf(d, -c - 1))) {
            return true;
        }
    }
    return false;
}

static bool symmetry_off(const int64_t *sorted, size_t n)
{
    size_t n_negative = count_to(sorted, n, -1);
    size_t n_positive = n - count_to(sorted, n, 0);
    return stats_binomial_off(n_negative, n_negative + n_positive, 0.5L);
}

static bool mean_off(const struct stats_dist *d, const int64_t *sample, size_t n)
{
    long double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (long double)sample[i];
    }
    return fabsl(sum) > STATS_Z * sqrtl((long double)n * d->m2);
}

static bool variance_off(const struct stats_dist *d, const int64_t *sample, size_t n)
{
    long double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (long double)sample[i] * (long double)sample[i] - d->m2;
    }
    return fabsl(sum) > STATS_Z * sqrtl((long double)n * (d->m4 - d->m2 * d->m2));
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

const char *stats_misfit(const struct stats_dist *d, int64_t *sample, size_t n)
{
    qsort(sample, n, sizeof(sample[0]), by_value);
    const char *first = NULL;
    first = variance_off(d, sample, n) ? "variance" : first;
    first = mean_off(d, sample, n) ? "mean" : first;
    first = symmetry_off(sample, n) ? "symmetry" : first;
    first = tails_off(d, sample, n) ? "tails" : first;
    first = ks_off(d, sample, n) ? "Kolmogorov-Smirnov" : first;
    first = chi2_off(d, sample, n) ? "chi-square" : first;
    return first;
}

void stats_seed(uint32_t lane, uint8_t ret_seed[MECH_SEED_BYTES])
{
    static bool printed;
    const char *given = getenv("SHUYU_TEST_SEED");
    uint64_t n = given == NULL ? 20261121 : strtoull(given, NULL, 0);
    if (!printed) {
        printf("# SHUYU_TEST_SEED=%llu\n", (unsigned long long)n);
        printed = true;
    }
    memset(ret_seed, 0, MECH_SEED_BYTES);
    sy_store_le64(ret_seed, n);
    sy_store_le32(ret_seed + 8, lane);
}
