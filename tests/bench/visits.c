/*
 * Ten million visits of 557,000 persons to 50 towns: three in five visits are to the person's own
 * town, the others anywhere, so that a person has been to some eight. The same rows in every run.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

static struct {
    const char *file;
    uint64_t bytes;
    double ingest; /* seconds; 0: not done yet */
    struct model models[LARGE_MODELS];
    bool have_models;
} visits;

/* Equal inputs give equal rows; the finaliser of MurmurHash3 (public domain). */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

static void write_row(FILE *f, uint64_t i)
{
    uint64_t h = mix(i + 1);
    unsigned person = (unsigned)(h % VISITORS);
    unsigned home = (unsigned)(mix(person) % TOWNS);
    unsigned other = (unsigned)(h >> 40) % TOWNS;
    unsigned town = (h >> 32) % 5 < 3 ? home : other;
    fprintf(f, "%u,T%02u\n", person, town);
}

const char *visits_file(uint64_t *ret_bytes)
{
    if (visits.file == NULL) {
        bench_say("writing %d rows", VISITS);
        visits.file = bench_work("visits.csv");
        FILE *f = fopen(visits.file, "w");
        if (f == NULL) {
            bench_die("%s: %s", visits.file, strerror(errno));
        }
        fputs("id,town\n", f);
        for (uint64_t i = 0; i < VISITS; i++) {
            write_row(f, i);
        }
        visits.bytes = (uint64_t)ftello(f);
        if (fclose(f) != 0) {
            bench_die("%s: %s", visits.file, strerror(errno));
        }
    }
    if (ret_bytes != NULL) {
        *ret_bytes = visits.bytes;
    }
    return visits.file;
}

double visits_ingest(void)
{
    if (visits.ingest == 0) {
        const char *file = visits_file(NULL);
        (void)domain_session();
        (void)domain_do("define", NULL);
        bench_say("ingesting %.0f MB", (double)visits.bytes / 1e6);
        double start = bench_now();
        (void)domain_do("ingest", file);
        visits.ingest = bench_now() - start;
    }
    return visits.ingest;
}

static void make_models(void)
{
    char n[24];
    (void)visits_ingest();
    snprintf(n, sizeof(n), "%d", LARGE_MODELS);
    const char *text = domain_do("large", n);
    for (size_t i = 0; i < LARGE_MODELS; i++) {
        domain_hash(text, "grant", 0, visits.models[i].grant);
        domain_hash(text, "model", i, visits.models[i].id);
    }
    visits.have_models = true;
}

double visits_ask(size_t n, int64_t *ret_total)
{
    shuyu_answer *a = NULL;
    if (!visits.have_models) {
        make_models();
    }
    double seconds = domain_ask(&visits.models[n], NULL, 0, &a);
    size_t column = shuyu_answer_find(a, "visits");
    *ret_total = 0;
    for (size_t row = 0; row < shuyu_answer_rows(a); row++) {
        int64_t v = 0;
        if (shuyu_answer_value(a, column, row, &v) != SHUYU_OK) {
            bench_die("the answer has no figures");
        }
        *ret_total += v;
    }
    shuyu_answer_free(a);
    return seconds;
}
