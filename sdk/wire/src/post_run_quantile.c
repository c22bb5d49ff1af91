/*
 * Quantiles of weighted values (wire/post.h, reduce, `quantile`), group by group and lane by lane.
 *
 * The weights are noised, so the sums F(x) of the weights of values up to x need not ascend. Between the
 * least curve that is nowhere below F and ascends (its running maximum) and the greatest that is nowhere
 * above (the running minimum from the right) lie all sensible repairs; the released quantile is where the
 * mean of both, the ascending curve nearest to F in the largest distance, reaches q of the total.
 *
 * An interval must not depend on the choice. Where few weights stand between noise, the two curves
 * reach q far apart; so of the simulated lanes one half takes the one and one half the other, by a coin that is
 * a function of the lane alone, and the spread of lanes covers both.
 *
 * Why negative weights are not raised to zero: that adds about 0.4 noise scales to every empty value, all of
 * the same sign, and a hundred of them outweigh the people.
 */
#include "post_run_internal.h"

/* The rows of each group, by value: rows[starts[g]..starts[g + 1]). */
struct groups {
    size_t *rows, *starts;
};

/* One group in one lane: of each different value, the sum of weights up to it, and both curves. */
struct curve {
    double *value, *up, *down;
    size_t n;
};

static sy_status rows_by_group(struct post_run *run, const struct post_column *value,
                               const size_t *group, size_t n_rows, size_t n_groups,
                               struct groups *ret)
{
    struct post_key by_value = {value, false};
    size_t *sorted;
    size_t *next;
    SY_TRY(post_sorted(run, &by_value, 1, n_rows, &sorted));
    SY_TRY(post_alloc(run, n_rows, sizeof *ret->rows, &ret->rows));
    SY_TRY(post_alloc(run, n_groups + 1, sizeof *ret->starts, &ret->starts));
    SY_TRY(post_alloc(run, n_groups + 1, sizeof *next, &next));
    for (size_t i = 0; i < n_rows; i++) {
        ret->starts[group[i] + 1]++;
    }
    for (size_t g = 0; g < n_groups; g++) {
        ret->starts[g + 1] += ret->starts[g];
        next[g] = ret->starts[g];
    }
    for (size_t i = 0; i < n_rows; i++) {
        ret->rows[next[group[sorted[i]]]++] = sorted[i];
    }
    return SY_OK;
}

/* *ret_total: the sum of all weights. NULL values and weights do not count. */
static void trace(const size_t *rows, size_t n, const struct post_column *value,
                  const struct post_column *weight, size_t lane, struct curve *c, double *ret_total)
{
    double sum = 0;
    c->n = 0;
    for (size_t i = 0; i < n; i++) {
        double x = value->v[rows[i] * value->width];
        double w = weight->v[rows[i] * weight->width + (weight->width == 1 ? 0 : lane)];
        if (post_is_null(x)) {
            break; /* they are last */
        }
        sum += post_is_null(w) ? 0 : w;
        c->n += c->n == 0 || c->value[c->n - 1] != x ? 1 : 0;
        c->value[c->n - 1] = x;
        c->down[c->n - 1] = sum;
    }
    for (size_t i = 0; i < c->n; i++) {
        c->up[i] = i > 0 && c->up[i - 1] > c->down[i] ? c->up[i - 1] : c->down[i];
    }
    for (size_t i = c->n; i-- > 1;) {
        c->down[i - 1] = c->down[i] < c->down[i - 1] ? c->down[i] : c->down[i - 1];
    }
    *ret_total = sum;
}

/* Which curve a simulated lane takes. */
static bool coin(double total)
{
    uint64_t bits;
    memcpy(&bits, &total, sizeof bits);
    return (bits * UINT64_C(0x9E3779B97F4A7C15)) >> 63 != 0;
}

/* The curve ascends and ends at the total or above, which is more than q of it. */
static double crossing(const struct curve *c, size_t lane, double q, double total)
{
    double target = q * total;
    double up = lane == 0 ? 0.5 : coin(total) ? 1 : 0;
    for (size_t i = 0; i + 1 < c->n; i++) {
        if (up * c->up[i] + (1 - up) * c->down[i] >= target) {
            return c->value[i];
        }
    }
    return c->value[c->n - 1];
}

sy_status post_quantile(struct post_run *run, const struct post_column *args, const size_t *group,
                        size_t n_rows, size_t n_groups, struct post_column *ret)
{
    struct groups g;
    struct curve c = {0};
    SY_TRY(rows_by_group(run, &args[0], group, n_rows, n_groups, &g));
    SY_TRY(post_alloc(run, n_rows, sizeof *c.value, &c.value));
    SY_TRY(post_alloc(run, n_rows, sizeof *c.up, &c.up));
    SY_TRY(post_alloc(run, n_rows, sizeof *c.down, &c.down));
    for (size_t i = 0; i < n_groups; i++) {
        for (size_t lane = 0; lane < ret->width; lane++) {
            double total = 0;
            trace(&g.rows[g.starts[i]], g.starts[i + 1] - g.starts[i], &args[0], &args[1], lane, &c,
                  &total);
            ret->v[i * ret->width + lane] =
                total > 0 ? crossing(&c, lane, args[2].v[0], total) : POST_NULL;
        }
    }
    return SY_OK;
}
