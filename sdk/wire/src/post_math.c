/*
 * The post stage's numbers: the same bits on every machine. + - * / are correctly rounded by IEEE 754
 * (the library is built with -ffp-contract=off, so that no multiplication and addition melt into one);
 * frexp, ldexp, floor, round and fmod are exact; sqrt is correctly rounded by the same standard, so
 * the C library's may be used. exp and ln are not fixed by any standard: they are our own series here.
 */
#include "post_internal.h"

/* ln 2 in two parts: the upper has its last 32 bits zero, so that a multiple of it by an exponent is
 * exact. */
static const double LN2_HI = 0x1.62e42feep-1;
static const double LN2_LO = 0x1.a39ef35793c76p-33;
static const double INV_LN2 = 0x1.71547652b82fep+0;

static const double TENS[SY_PLAN_SCALE_MAX + 1] = {1.0, 1e1, 1e2, 1e3, 1e4,
                                                   1e5, 1e6, 1e7, 1e8, 1e9};

double post_canon(double x)
{
    return isfinite(x) ? x + 0.0 : POST_NULL; /* -0 + 0 is +0 */
}

bool post_is_null(double x)
{
    return isnan(x);
}

/* e^r for |r| <= ln 2 / 2: the Taylor series; the first term left out is below 5e-18. */
static double exp_series(double r)
{
    double sum = 1.0;
    for (int k = 13; k > 0; k--) {
        sum = 1.0 + r * sum / k;
    }
    return sum;
}

/* x = k ln 2 + r: e^x = 2^k e^r. */
double post_exp(double x)
{
    if (isnan(x) || x > 710.0) {
        return POST_NULL;
    }
    if (x < -708.0) {
        /* around the least normal number and below; ldexp could round twice here */
        double y = x < -709.0 ? 0.0 : post_exp(x + 1.0) / 0x1.5bf0a8b145769p+1;
        return y < 0x1p-1022 ? 0.0 : y;
    }
    double k = floor(x * INV_LN2 + 0.5);
    double r = (x - k * LN2_HI) - k * LN2_LO;
    return post_canon(ldexp(exp_series(r), (int)k));
}

/* x = m 2^e with m in [sqrt(1/2), sqrt(2)): ln m = 2 artanh(s), s = (m - 1) / (m + 1), |s| <= 0.172; the
 * first term left out of the series is below 1e-18 of the sum. */
double post_ln(double x)
{
    if (isnan(x) || x <= 0.0) {
        return POST_NULL;
    }
    int e;
    double m = frexp(x, &e);
    if (m < 0x1.6a09e667f3bcdp-1) {
        m *= 2.0;
        e--;
    }
    double s = (m - 1.0) / (m + 1.0);
    double z = s * s;
    double sum = 0.0;
    for (int k = 21; k > 1; k -= 2) {
        sum = z * (sum + 1.0 / k);
    }
    return post_canon(e * LN2_HI + (2.0 * s + (2.0 * s * sum + e * LN2_LO)));
}

double post_round(double x, int64_t digits)
{
    double p = TENS[digits < 0 ? -digits : digits];
    if (digits < 0) {
        return post_canon(round(x / p) * p);
    }
    double y = x * p;
    /* from 2^52 on every double is an integer, and x is as near to its decimals as can be */
    return post_canon(!(fabs(y) < 0x1p52) ? x : round(y) / p);
}

double post_decimal(int64_t x, uint64_t digits)
{
    return (double)x / TENS[digits];
}
