/*
 * Attacks on noise and price, many questions fast: through the rules' decision and charge, and the warden's
 * release (charges.h).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"
#include "votes.h"

enum { VALUES = CHARGES_CELLS * CHARGES_FIGURES };

/* rho 0.5: one figure of one unit stands out of the noise by its standard deviation. */
static const struct charges_model GAUSS = {
    .mechanism = "gauss", .rho = 500000000, .groups = 1, .n_figures = 1, .budget_runs = 1000000};

static double worst(double a, double b)
{
    return a > b ? a : b;
}

/* --- what neighbours tell --------------------------------------------------------------------------- */

static struct attack_verdict neighbour(void)
{
    static const struct votes_form one = {.n = 1, .sign = {1}, .target = {1}};
    struct charges_model wide = GAUSS, laplace = GAUSS;
    wide.groups = 2;
    wide.n_figures = CHARGES_FIGURES;
    laplace.mechanism = "laplace";
    laplace.rho = 603474480; /* (ln 3)^2 / 2, rounded down */
    double excess = votes_excess(&GAUSS, &one);
    excess = worst(excess, votes_excess(&wide, &one));
    excess = worst(excess, votes_excess(&laplace, &one));
    return attack_at_most("likelier than paid for, median of nine votes", excess,
                          votes_tolerance());
}

static struct attack_verdict differencing(void)
{
    static const struct votes_form minus = {.n = 2, .sign = {1, -1}, .target = {1, 0}};
    return attack_at_most("difference of two releases: likelier than paid for",
                          votes_excess(&GAUSS, &minus), votes_tolerance());
}

/* q(C or T) + q(C or not T) - q(all), and the same with a total that is known. */
static struct attack_verdict tracker(void)
{
    static const struct votes_form three = {.n = 3, .sign = {1, 1, -1}, .target = {1, 1, 1}};
    static const struct votes_form known = {.n = 2, .sign = {1, 1}, .target = {1, 0}};
    double excess = worst(votes_excess(&GAUSS, &three), votes_excess(&GAUSS, &known));
    return attack_at_most("sum of tracker releases: likelier than paid for", excess,
                          votes_tolerance());
}

/* A total in four releases, and what two cells of one release say about each other. */
static struct attack_verdict split(void)
{
    static const struct votes_form parts = {.n = 4, .sign = {1, 1, 1, 1}, .target = {1, 1, 1, 1}};
    static const struct votes_form apart = {.n = 2, .sign = {1, -1}, .target = {1, 0}};
    struct votes_form beside = apart;
    beside.cells = true;
    double excess = worst(votes_excess(&GAUSS, &parts), votes_excess(&GAUSS, &beside));
    excess = worst(excess, votes_excess(&GAUSS, &apart));
    return attack_at_most("sums and differences of parts: likelier than paid for", excess,
                          votes_tolerance());
}

/* --- what asking again gives --------------------------------------------------------------------------- */

static void fill(const struct charges *c, int64_t shift, int64_t *exact)
{
    for (size_t i = 0; i < CHARGES_CELLS * c->model.n_figures; i++) {
        exact[i] = (int64_t)c->base[i % c->model.n_figures] + shift;
    }
}

/* Ask until the budget is gone: how many are charged, when nothing is stored. */
static size_t charged_before_end(uint64_t budget_runs)
{
    static struct charges c;
    static int64_t exact[VALUES], out[VALUES];
    struct charges_model m = GAUSS;
    size_t n = 0;
    m.budget_runs = budget_runs;
    charges_open(&c, &m);
    fill(&c, 0, exact);
    for (size_t i = 0; i < 3 * budget_runs; i++) {
        n += charges_ask(&c, i % CHARGES_PARAMS, exact, out) == 0;
    }
    charges_close(&c);
    return n;
}

/* Every question as often as one likes; the mean of everything that came back. */
static double mean_square(struct charges *c, size_t repeats)
{
    static int64_t exact[VALUES], out[VALUES], last[CHARGES_PARAMS][VALUES];
    static double sums[CHARGES_CELLS];
    size_t n = 0;
    memset(sums, 0, sizeof sums);
    fill(c, 0, exact);
    for (size_t r = 0; r < repeats; r++) {
        for (size_t p = 0; p < CHARGES_PARAMS; p++, n++) {
            assert_int_equal(charges_ask(c, p, exact, out), 0);
            if (!c->stored) {
                memcpy(last[p], out, sizeof out);
                assert_int_equal(charges_answer(c, "ok"), 0);
            }
            for (size_t i = 0; i < CHARGES_CELLS; i++) {
                sums[i] += (double)(last[p][i] - exact[i]);
            }
        }
    }
    double square = 0;
    for (size_t i = 0; i < CHARGES_CELLS; i++) {
        square += sums[i] / (double)n * (sums[i] / (double)n) / CHARGES_CELLS;
    }
    return square;
}

static struct attack_verdict averaging(void)
{
    static struct charges c;
    const uint64_t budget = 10;
    charges_open(&c, &GAUSS);
    double square = mean_square(&c, attack_number(50, 1250));
    double scale = (double)c.reach[0] / sqrt(2 * (double)GAUSS.rho / 1e9);
    double charged = (double)charges_spent(&c) / (double)GAUSS.rho;
    charges_close(&c);
    double left = square / (scale * scale / charged);
    if (charged_before_end(budget) != budget) {
        left = 0;
    }
    return (struct attack_verdict){"variance of the mean over noise per charged run", left, 0.75,
                                   left >= 0.75};
}

/* What a run costs in a world where it is answered, and in one where the data makes it fail. */
static struct attack_verdict spending(void)
{
    static struct charges c;
    static int64_t exact[VALUES], out[VALUES];
    double differ = 0;
    for (uint64_t run = 0; run < 20; run++) {
        uint64_t spent[2];
        for (int world = 0; world < 2; world++) {
            charges_open(&c, &GAUSS);
            fill(&c, world * (int64_t)c.reach[0], exact);
            assert_int_equal(charges_ask(&c, run % CHARGES_PARAMS, exact, out), 0);
            assert_int_equal(charges_answer(&c, world == 0 ? "ok" : "refused"), 0);
            spent[world] = charges_spent(&c);
            charges_close(&c);
        }
        differ += spent[0] != spent[1];
    }
    return attack_at_most("runs whose price differs between neighbours", differ, 0);
}

/* --- what the last bits tell --------------------------------------------------------------------------- */

enum { RESIDUES = 16, CHARGES = 50, CHARGES_FULL = 700, ODD = 5997 };

/* So cheap that noise is large: floats have no last bits there. */
static const struct charges_model CHEAP = {
    .mechanism = "gauss", .rho = 1, .groups = 1, .n_figures = 1, .budget_runs = 1000000};

/* Released values of both worlds, whose exact ones differ by an odd number. */
static size_t many(int64_t *ret[2], int64_t base[2])
{
    static struct charges c;
    static int64_t exact[VALUES], out[VALUES];
    size_t n = attack_number(CHARGES, CHARGES_FULL), at = 0;
    charges_open(&c, &CHEAP);
    for (int world = 0; world < 2; world++) {
        ret[world] = malloc(n * CHARGES_CELLS * sizeof(int64_t));
        assert_non_null(ret[world]);
    }
    for (size_t i = 0; i < n; i++, at += CHARGES_CELLS) {
        for (int world = 0; world < 2; world++) {
            base[world] = (int64_t)c.base[0] - world * ODD;
            fill(&c, -world * ODD, exact);
            assert_int_equal(charges_ask(&c, i % CHARGES_PARAMS, exact, out), 0);
            memcpy(ret[world] + at, out, CHARGES_CELLS * sizeof(int64_t));
        }
    }
    charges_close(&c);
    return at;
}

/* Which residues do answers of one world have that those of the other have not, or less often? */
static struct attack_verdict lattice(void)
{
    int64_t *y[2], base[2];
    size_t n = many(y, base);
    double counts[2][RESIDUES] = {{0}}, far = 0;
    for (int world = 0; world < 2; world++) {
        for (size_t i = 0; i < n; i++) {
            counts[world][(uint64_t)y[world][i] % RESIDUES]++;
        }
        free(y[world]);
    }
    for (size_t r = 0; r < RESIDUES; r++) {
        double both = counts[0][r] + counts[1][r];
        far = worst(far, both > 0 ? fabs(counts[0][r] - counts[1][r]) / sqrt(both) : 0);
    }
    return attack_at_most("standard deviations between the worlds' residues", far, 5.5);
}

static int zeros(int64_t v)
{
    return v == 0 ? 64 : __builtin_ctzll((uint64_t)v);
}

/* The world whose exact value leaves more trailing zeros. */
static struct attack_verdict trailing(void)
{
    int64_t *y[2], base[2];
    size_t n = many(y, base), right = 0;
    for (int world = 0; world < 2; world++) {
        for (size_t i = 0; i < n; i++) {
            int a = zeros(y[world][i] - base[0]), b = zeros(y[world][i] - base[1]);
            int guess = a == b ? (int)attack_below(2) : b > a;
            right += guess == world;
        }
        free(y[world]);
    }
    double rate = (double)right / (double)(2 * n);
    return attack_at_most("worlds guessed from trailing zeros", rate,
                          0.5 + 2.5 / sqrt((double)(2 * n)));
}

/* --- how the parts of a release hang together ------------------------------------------------------------- */

struct pair {
    double sum;
    size_t n;
};

static void meet(struct pair *p, double a, double b)
{
    p->sum += a * b;
    p->n++;
}

/* Correlations, in standard deviations: neighbouring cells, the first cell and all, figures of a cell,
 * a cell in one charge and the next; of the noise, and of its square. */
static struct attack_verdict cells(void)
{
    static struct charges c;
    static int64_t exact[VALUES], out[VALUES];
    static double now[VALUES], before[VALUES];
    struct pair pairs[8] = {{0, 0}};
    struct charges_model m = GAUSS;
    m.n_figures = CHARGES_FIGURES;
    charges_open(&c, &m);
    fill(&c, 0, exact);
    for (size_t i = 0; i < attack_number(100, 1400); i++) {
        assert_int_equal(charges_ask(&c, i % CHARGES_PARAMS, exact, out), 0);
        memcpy(before, now, sizeof now);
        for (size_t v = 0; v < VALUES; v++) {
            double scale = ceil((double)c.reach[v % 3] / sqrt(2 * (double)(m.rho / 3) / 1e9));
            now[v] = (double)(out[v] - exact[v]) / scale;
        }
        for (size_t v = 0; v + 3 < VALUES; v++) {
            double a = now[v], b = now[v + 3], s = sqrt(2.0);
            meet(&pairs[0], a, b);
            meet(&pairs[1], (a * a - 1) / s, (b * b - 1) / s);
            meet(&pairs[2], now[v % 3], b);
            meet(&pairs[3], now[v - v % 3], now[v - v % 3 + 1 + v % 2]);
            if (i > 0) {
                meet(&pairs[4], a, before[v]);
                meet(&pairs[5], (a * a - 1) / s, (before[v] * before[v] - 1) / s);
            }
        }
    }
    charges_close(&c);
    double far = 0;
    for (size_t i = 0; i < 6; i++) {
        if (i != 2) { /* the first cell's part is the same in all of one charge's pairs */
            double size = i == 3 ? 2.5 : 1; /* each pair of figures comes once or twice */
            far = worst(far, fabs(pairs[i].sum) / sqrt((double)pairs[i].n) / size);
        }
    }
    far =
        worst(far, fabs(pairs[2].sum) / sqrt((double)pairs[2].n) / 26); /* 726 cells in one draw */
    return attack_at_most("correlation in standard deviations", far, 5.5);
}

/* --- a classifier ---------------------------------------------------------------------------------------- */

/* A thousand trials, each the release of one world or the other; by the mean, and by the spread around
 * it. Both are beaten by nobody who does not beat the price: Phi(mu / 2), and one half. */
static struct attack_verdict classifier(void)
{
    static struct charges c;
    static int64_t exact[VALUES], out[VALUES];
    struct charges_model m = GAUSS;
    m.rho = 2000000000;
    size_t trials = 0, right = 0, spread_right = 0, wanted = attack_number(20000, 200000);
    charges_open(&c, &m);
    double scale = (double)c.reach[0] / 2, mu = 2;
    while (trials < wanted) {
        static int world[CHARGES_CELLS];
        fill(&c, 0, exact);
        for (size_t i = 0; i < CHARGES_CELLS; i++) {
            world[i] = (int)attack_below(2);
            exact[i] += world[i] * (int64_t)c.reach[0];
        }
        assert_int_equal(charges_ask(&c, trials % CHARGES_PARAMS, exact, out), 0);
        for (size_t i = 0; i < CHARGES_CELLS; i++, trials++) {
            double z = (double)(out[i] - (int64_t)c.base[0]) / scale;
            double around = z - mu * world[i];
            right += (z > mu / 2) == (world[i] == 1);
            spread_right += (around * around > 0.4549) == (world[i] == 1);
        }
    }
    charges_close(&c);
    double n = (double)trials, bound = attack_normal(mu / 2);
    double far = ((double)right / n - bound) / sqrt(bound * (1 - bound) / n);
    double wide = (fabs((double)spread_right / n - 0.5)) / (0.5 / sqrt(n));
    return attack_at_most("guesses above the bound, in standard deviations", worst(far, wide), 4.5);
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"T01", "differencing two releases", differencing},
        {"T02", "general tracker", tracker},
        {"T03", "averaging one question", averaging},
        {"T04", "split averaging", split},
        {"T18", "spending that depends on data", spending},
        {"T21", "which values floats can reach", lattice},
        {"T22", "trailing bits", trailing},
        {"NEIGHBOUR", "neighbours, nine votes at epsilon ln 3", neighbour},
        {"CELLS", "independence of a release's cells", cells},
        {"PAC", "a classifier over a thousand trials", classifier},
    };
    return attack_main(argc, argv, attacks, sizeof attacks / sizeof attacks[0]);
}
