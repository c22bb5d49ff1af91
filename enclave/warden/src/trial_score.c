/* What: scores of two worlds' draws, and what an attacker who sees them gains over a guess. */
#include <math.h>
#include <stdlib.h>

#include "trial.h"

/* A sound release is beyond its limit with a chance below e^-EXPONENT. */
static const double EXPONENT = 16;

double trial_slack(size_t n)
{
    return sqrt(EXPONENT / (double)n);
}

double trial_slack_one(size_t n)
{
    return sqrt(EXPONENT / (2 * (double)n));
}

void trial_worse(struct trial_mark *worst, struct trial_mark m)
{
    m.limit = m.limit < 1 ? m.limit : 1;
    if (m.value - m.limit > worst->value - worst->limit) {
        *worst = m;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The cut that gains most on sorted scores: "with" from it on. */
static double best_cut(const double *with, const double *without, size_t n)
{
    double best = INFINITY;
    int64_t gain = 0;
    size_t j = 0;
    for (size_t i = 0; i < n; i++) {
        for (; j < n && without[j] < with[i]; j++) {
        }
        int64_t g = (int64_t)(n - i) - (int64_t)(n - j);
        if (g > gain) {
            gain = g;
            best = with[i];
        }
    }
    return best;
}

static size_t at_least(const double *v, size_t n, double cut)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        k += v[i] >= cut ? 1 : 0;
    }
    return k;
}

double trial_advantage(double *with, double *without, size_t n)
{
    size_t half = n / 2;
    qsort(with, half, sizeof(*with), by_value);
    qsort(without, half, sizeof(*without), by_value);
    double cut = best_cut(with, without, half);
    double right = (double)at_least(with + half, n - half, cut);
    double wrong = (double)at_least(without + half, n - half, cut);
    double gain = (right - wrong) / (double)(n - half);
    return gain > 0 ? gain : 0;
}
