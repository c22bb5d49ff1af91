/* Samples, medians, the JSON line, and how the bench speaks and gives up. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "bench.h"

double bench_now(void)
{
    return (double)sy_mono_ns() / 1e9;
}

void bench_say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("bench: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

void bench_die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("bench: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

void bench_ok(sy_status s, const struct sy_error *e, const char *what)
{
    if (!sy_ok(s)) {
        bench_die("%s: %s: %s %s", what, sy_code_text(s.code), e != NULL ? e->field : "",
                  e != NULL ? e->reason : "");
    }
}

/* --- samples ---------------------------------------------------------------------------------- */

void samples_add(struct samples *s, double v)
{
    if (s->n == SAMPLES_MAX) {
        bench_die("more than %d samples", SAMPLES_MAX);
    }
    s->v[s->n++] = v;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which a share of the samples lies, between neighbours in proportion. */
static double quantile(const struct samples *s, double share)
{
    if (s->n == 0) {
        return NAN;
    }
    struct samples sorted = *s;
    qsort(sorted.v, sorted.n, sizeof(sorted.v[0]), by_value);
    double at = share * (double)(sorted.n - 1);
    size_t low = (size_t)at;
    size_t high = low + 1 < sorted.n ? low + 1 : low;
    return sorted.v[low] + (at - (double)low) * (sorted.v[high] - sorted.v[low]);
}

double samples_median(const struct samples *s)
{
    return quantile(s, 0.5);
}

double samples_p99(const struct samples *s)
{
    return s->n < P99_MIN ? NAN : quantile(s, 0.99);
}

/* --- figures ---------------------------------------------------------------------------------- */

void figure_times(struct figure *f, const struct samples *s)
{
    f->value = samples_median(s);
    f->p99 = samples_p99(s);
    f->runs = s->n;
}

void figure_rates(struct figure *f, const struct samples *seconds, double work)
{
    f->value = work / samples_median(seconds);
    f->p99 = work / samples_p99(seconds);
    f->runs = seconds->n;
}

static void print_number(const char *key, double v)
{
    if (isnan(v)) {
        printf(",\"%s\":null", key);
    } else {
        printf(",\"%s\":%.6g", key, v);
    }
}

static void print_text(const char *key, const char *text)
{
    if (text == NULL) {
        printf(",\"%s\":null", key);
    } else {
        printf(",\"%s\":\"%s\"", key, text);
    }
}

void figure_print(const struct figure *f)
{
    printf("{\"figure\":\"%s\"", f->name);
    print_number("value", f->value);
    print_text("unit", f->unit);
    print_number("p99", f->p99);
    print_text("peer", f->peer);
    print_number("peer_value", f->peer_value);
    print_number("ratio", f->ratio);
    print_number("runs", f->runs == 0 ? NAN : (double)f->runs);
    if (!isnan(f->p99_ms)) {
        print_number("p50_ms", f->p50_ms);
        print_number("p99_ms", f->p99_ms);
    }
    printf("}\n");
    fflush(stdout);
}
