#include "votes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"

enum { VOTES = 9, BINS = 96, ROUNDS_OF_A_DOMAIN = 100, DRAWS = 50000, DRAWS_FULL = 1000000 };

static const double WIDEST = 6.0; /* the outermost bins, in standard deviations of the statistic */

struct sides {
    size_t counts[2][BINS];
    size_t n[2];
};

double votes_tolerance(void)
{
    return 0.0025 * sqrt((double)DRAWS_FULL / (double)attack_number(DRAWS, DRAWS_FULL));
}

/* What the price says about figure f: the scale of its noise, as if it were exact. */
static double paid_scale(const struct charges *c, size_t f)
{
    double rho = (double)(c->model.rho / c->model.n_figures) / 1e9;
    double reach = (double)c->reach[f];
    bool gauss = strcmp(c->model.mechanism, "gauss") == 0;
    return gauss ? reach * sqrt((double)c->model.groups / (2 * rho))
                 : reach * (double)c->model.groups / sqrt(2 * rho);
}

/* The part of figure f in the log of the likelihood ratio: x is released minus exact without the target. */
static double evidence(const struct charges *c, size_t f, double x)
{
    double scale = paid_scale(c, f), reach = (double)c->reach[f];
    if (strcmp(c->model.mechanism, "gauss") == 0) {
        return x * reach / (scale * scale);
    }
    return (fabs(x) - fabs(x - reach)) / scale;
}

static size_t bin_of(double z)
{
    double at = (z + WIDEST) / (2 * WIDEST) * BINS;
    return at < 0 ? 0 : at >= BINS ? BINS - 1 : (size_t)at;
}

/* One ask of the form with the target in `in` of it; adds the sign-weighted release to sums. */
static void one_ask(struct charges *c, int sign, int in, int64_t *sums)
{
    static int64_t exact[CHARGES_CELLS * CHARGES_FIGURES], out[CHARGES_CELLS * CHARGES_FIGURES];
    size_t n = c->model.n_figures;
    for (size_t i = 0; i < CHARGES_CELLS * n; i++) {
        exact[i] = (int64_t)c->base[i % n] + in * (int64_t)c->reach[i % n];
    }
    assert_int_equal(charges_ask(c, attack_below(CHARGES_PARAMS), exact, out), 0);
    for (size_t i = 0; i < CHARGES_CELLS * n; i++) {
        sums[i] += sign * (out[i] - (int64_t)c->base[i % n]);
    }
}

/* n cells beside each other, of one release in which the target is in those the form says. */
static void cells_ask(struct charges *c, const struct votes_form *form, bool there, int64_t *sums)
{
    static int64_t exact[CHARGES_CELLS * CHARGES_FIGURES], out[CHARGES_CELLS * CHARGES_FIGURES];
    size_t n = c->model.n_figures, used = CHARGES_CELLS - CHARGES_CELLS % form->n;
    for (size_t i = 0; i < CHARGES_CELLS * n; i++) {
        int in = there && i / n < used ? form->target[i / n % form->n] : 0;
        exact[i] = (int64_t)c->base[i % n] + in * (int64_t)c->reach[i % n];
    }
    assert_int_equal(charges_ask(c, attack_below(CHARGES_PARAMS), exact, out), 0);
    for (size_t i = 0; i < used * n; i++) {
        size_t group = i / n / form->n;
        sums[group * n + i % n] += form->sign[i / n % form->n] * (out[i] - (int64_t)c->base[i % n]);
    }
}

/* As many draws as one round of asks gives. */
static void round_of(struct charges *c, const struct votes_form *form, bool there, double unit,
                     struct sides *s)
{
    static int64_t sums[CHARGES_CELLS * CHARGES_FIGURES];
    size_t n = c->model.n_figures, groups = c->model.groups;
    size_t each = form->cells ? form->n : groups;
    memset(sums, 0, sizeof sums);
    for (size_t i = 0; i < form->n && !form->cells; i++) {
        one_ask(c, form->sign[i], there ? form->target[i] : 0, sums);
    }
    if (form->cells) {
        cells_ask(c, form, there, sums);
    }
    for (size_t i = 0; i < CHARGES_CELLS / each; i++) {
        double z = 0;
        size_t cells = form->cells ? 1 : groups;
        for (size_t k = 0; k < cells * n; k++) {
            z += evidence(c, k % n, (double)sums[i * cells * n + k]);
        }
        s->counts[there][bin_of(z / unit)]++;
        s->n[there]++;
    }
}

static double divergence(const struct sides *s, int from)
{
    double sum = 0;
    for (size_t i = 0; i < BINS; i++) {
        double p = (double)s->counts[from][i] / (double)s->n[from];
        double q = (double)s->counts[!from][i] / (double)s->n[!from];
        sum += fmax(0, p - exp(VOTES_EPSILON) * q);
    }
    return sum;
}

/* What the form may tell at most, by what was paid: a Gaussian's mean in standard deviations. */
static double paid_mu(const struct charges_model *m, const struct votes_form *form)
{
    double shift = 0;
    for (size_t i = 0; i < form->n; i++) {
        shift += form->sign[i] * form->target[i];
    }
    double cells = form->cells ? (double)m->groups : 1; /* such a unit has one of its cells here */
    return fabs(shift) * sqrt(2 * (double)m->rho / 1e9 / cells / (double)form->n);
}

static double one_vote(struct charges *c, const struct votes_form *form, double delta)
{
    struct sides s = {0};
    const struct charges_model model = c->model;
    size_t draws = attack_number(DRAWS, DRAWS_FULL);
    double mu = paid_mu(&c->model, form);
    double unit = strcmp(c->model.mechanism, "gauss") == 0 ? fmax(mu, 0.5) * sqrt((double)form->n)
                                                           : VOTES_EPSILON / WIDEST;
    for (size_t round = 0; s.n[1] < draws; round++) {
        if (round % ROUNDS_OF_A_DOMAIN ==
            ROUNDS_OF_A_DOMAIN - 1) { /* logs that grow slow a round down */
            charges_close(c);
            charges_open(c, &model);
        }
        round_of(c, form, false, unit, &s);
        round_of(c, form, true, unit, &s);
    }
    return fmax(divergence(&s, 0), divergence(&s, 1)) - delta;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double votes_excess(const struct charges_model *model, const struct votes_form *form)
{
    static struct charges c;
    double votes[VOTES];
    bool gauss = strcmp(model->mechanism, "gauss") == 0;
    double delta = gauss ? attack_gauss_delta(VOTES_EPSILON, paid_mu(model, form)) : 0;
    for (size_t i = 0; i < VOTES; i++) {
        charges_open(&c, model);
        votes[i] = one_vote(&c, form, delta);
        charges_close(&c);
    }
    qsort(votes, VOTES, sizeof votes[0], by_size);
    return votes[VOTES / 2];
}
