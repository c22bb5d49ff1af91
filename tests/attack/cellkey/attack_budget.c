/*
 * Attacks by cell keys with all that the budget of cells, which is 1/50 of the people, and the guard let through.
 * Everybody's town, age, day of birth and fee are known to the attacker, one bit is secret and true for half, so
 * guessing is right for half. T06: sums over divisions of the same people. T08: reconstruction, of 100 to 4,000
 * people.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "attack.h"
#include "cells.h"

enum { PEOPLE = 4000, CELLS_SHARE = 50 };
static const double BASELINE = 0.5, POINTS = 0.05;

/* --- T06: the same people, by sums over divisions of them --------------------------------------------------------------- */

enum { LEVELS = 4, CUTS = 8 };

/* Noise of a sum over the cells of one sex; false: refused, or something is withheld. */
static bool noise_of(struct cells *c, const struct cells_question *q, double ret[2])
{
    struct cells_answer a;
    int64_t exact[CELLS_MOST];
    bool fine = cells_ask(c, q, &a) == 0;
    cells_exact(c, q, exact);
    ret[0] = ret[1] = 0;
    for (size_t i = 0; fine && i < cells_in(q); i++) {
        fine = !a.withheld[i];
        ret[i % 2] += (double)(a.n[i] - exact[i]);
    }
    return fine;
}

/* Division i: by none, by towns, by young and old, by both; then by lists of days that have little in common. */
static struct cells_question division(const struct cells *c, size_t i)
{
    struct cells_question q = cells_all();
    q.by_male = true;
    q.by_town = i < LEVELS && i % 2 == 1;
    q.by_young = i < LEVELS && i / 2 == 1;
    if (i >= LEVELS) {
        q.days.as_key = true;
        for (size_t k = i - LEVELS; k < c->n_people && q.days.n < CELLS_LIST; k += CUTS) {
            q.days.v[q.days.n++] = c->people[k].born;
        }
    }
    return q;
}

/* How much of one answer's variance is gone when sums are averaged, each weighed by its cells; divisions that
 * follow from one another halve it at most. */
static struct attack_verdict t06(void)
{
    double one = 0, averaged = 0;
    for (size_t w = 0; w < attack_number(100, 1500); w++) {
        struct cells c;
        double sum[2] = {0}, weights = 0, noise[2];
        cells_open(&c, PEOPLE, PEOPLE / CELLS_SHARE);
        for (size_t i = 0; i < LEVELS + CUTS; i++) {
            struct cells_question q = division(&c, i);
            if (noise_of(&c, &q, noise)) {
                double weight = 2.0 / (double)cells_in(&q);
                sum[0] += weight * noise[0];
                sum[1] += weight * noise[1];
                one += i == 0 ? noise[0] * noise[0] + noise[1] * noise[1] : 0;
                weights += weight;
            }
        }
        averaged += weights == 0 ? 0 : (sum[0] * sum[0] + sum[1] * sum[1]) / (weights * weights);
        cells_close(&c);
    }
    return attack_at_most("variance of one answer that averaging takes away", 1 - averaged / one,
                          0.6);
}

/* --- T08: linear reconstruction ----------------------------------------------------------------------------------------- */

/* Everybody in boxes of equal size that share nobody: by the day of birth. What people of one box have in common is
 * all that an answer tells about them; answers about boxes that overlap tell less each, and the guard refuses
 * them. SHOWN: people in a box of which both cells are shown, nearly always. */
enum { SHOWN = 34, NOISE = 5 };

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The first days of the boxes, and the end. */
static int64_t *first_days(const struct cells *c, size_t boxes)
{
    int64_t *born = calloc(c->n_people, sizeof(*born)), *ret = calloc(boxes + 1, sizeof(*ret));
    assert_true(born != NULL && ret != NULL);
    for (size_t i = 0; i < c->n_people; i++) {
        born[i] = c->people[i].born;
    }
    qsort(born, c->n_people, sizeof(*born), by_value);
    for (size_t i = 1; i < boxes; i++) {
        ret[i] = born[i * c->n_people / boxes];
    }
    ret[boxes] = CELLS_BORN_MAX + 1;
    free(born);
    return ret;
}

/* What an answer says about secrets of -1 and 1: the surplus of one sex, in people and in fees. */
struct told {
    double surplus[2], noise[2]; /* noise: variances */
    double of[2][2];             /* of the people asked about: sums of 1, fee, fee^2 */
};

static void weigh(const struct cells_person *p, double ret[2])
{
    ret[0] = 1;
    ret[1] = (double)p->fee;
}

static struct told told_by(const struct cells *c, const struct cells_question *q,
                           const struct cells_answer *a)
{
    struct told t = {.surplus = {(double)(a->n[1] - a->n[0]), (double)(a->fees[1] - a->fees[0])},
                     .noise = {2 * NOISE, 2.0 * CELLS_FEE_MAX * CELLS_FEE_MAX}};
    for (size_t k = 0; k < c->n_people; k++) {
        double w[2];
        weigh(&c->people[k], w);
        for (size_t i = 0; i < 4 && cells_about(q, &c->people[k]); i++) {
            t.of[i / 2][i % 2] += w[i / 2] * w[i % 2];
        }
    }
    return t;
}

/* The best linear guess: weights (A A' + noise)^-1 surplus, of two figures or of the first. */
static void best_weights(const struct told *t, bool both, double ret[2])
{
    double a = t->of[0][0] + t->noise[0], b = t->of[0][1], d = t->of[1][1] + t->noise[1];
    double det = a * d - b * b;
    ret[0] = both ? (d * t->surplus[0] - b * t->surplus[1]) / det : t->surplus[0] / a;
    ret[1] = both ? (a * t->surplus[1] - b * t->surplus[0]) / det : 0;
}

/* Ask, and guess everybody's bit in the box; 0, or why it was refused. */
static int32_t guess_box(struct cells *c, const struct cells_question *q, double *scores)
{
    struct cells_answer a;
    double weights[2], w[2];
    int32_t code = cells_ask(c, q, &a);
    if (code != 0 || a.withheld[0] || a.withheld[1]) {
        return code;
    }
    struct told t = told_by(c, q, &a);
    best_weights(&t, q->sum_fees, weights);
    for (size_t k = 0; k < c->n_people; k++) {
        if (cells_about(q, &c->people[k])) {
            weigh(&c->people[k], w);
            scores[k] = w[0] * weights[0] + w[1] * weights[1];
        }
    }
    return 0;
}

/* The share of people whose bit is guessed in a world with that budget of cells, by so many boxes, one after
 * another until one is refused. */
static double reconstructed(size_t n, size_t cells, size_t boxes, bool sum_fees)
{
    struct cells c;
    size_t hits = 0;
    int32_t code = 0;
    cells_open(&c, n, cells);
    double *scores = calloc(n, sizeof(*scores));
    assert_non_null(scores);
    int64_t *days = first_days(&c, boxes);
    for (size_t i = 0; code == 0 && i < boxes; i++) {
        struct cells_question q = cells_all();
        q.born[0] = days[i];
        q.born[1] = days[i + 1] - 1;
        q.by_male = true;
        q.sum_fees = sum_fees;
        code = guess_box(&c, &q, scores);
    }
    free(days);
    for (size_t i = 0; i < n; i++) {
        bool male = fabs(scores[i]) < 1e-12 ? attack_below(2) == 1 : scores[i] > 0;
        hits += male == c.people[i].male;
    }
    free(scores);
    cells_close(&c);
    return (double)hits / (double)n;
}

/* The mean over as many worlds as make up `people`, less four standard errors: those of one box are right or
 * wrong together. */
static double over_worlds(size_t n, size_t cells, size_t boxes, bool sum_fees)
{
    size_t worlds = attack_number(30000, 400000) / n;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < worlds; i++) {
        double x = reconstructed(n, cells, boxes, sum_fees);
        sum += x;
        squares += x * x;
    }
    double mean = sum / (double)worlds;
    double error = sqrt(fmax(0, squares / (double)worlds - mean * mean) / (double)worlds);
    fprintf(stderr, "%zu people, %zu cells, %zu boxes, %s: %.4f, standard error %.4f\n", n, cells,
            boxes, sum_fees ? "two figures" : "one figure", mean, error);
    return mean - 4 * error;
}

/* With one figure or two, as many boxes as the budget pays for if figures cost nothing, and if they do; or boxes as
 * small as are shown. */
static double best(size_t n, size_t cells)
{
    size_t most = n / SHOWN, pays = cells / 2 < most ? cells / 2 : most;
    double one = fmax(over_worlds(n, cells, pays, false), over_worlds(n, cells, most, false));
    double two = fmax(over_worlds(n, cells, pays, true), over_worlds(n, cells, most, true));
    return fmax(one, fmax(two, pays > 1 ? over_worlds(n, cells, pays / 2, true) : 0));
}

static struct attack_verdict t08(void)
{
    double small = best(200, 200 / CELLS_SHARE), large = best(455, 455 / CELLS_SHARE);
    double worst = fmax(small, large);
    if (attack_full()) {
        worst = fmax(worst, best(PEOPLE, PEOPLE / CELLS_SHARE));
    }
    return attack_at_most("accuracy over all people, less four standard errors", worst,
                          BASELINE + POINTS);
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"T06", "averaging over sums of the same people", t06},
        {"T08", "linear reconstruction", t08},
    };
    return attack_main(argc, argv, attacks, LEN(attacks));
}
