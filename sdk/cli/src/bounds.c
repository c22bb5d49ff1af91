/*
 * Published distributions and what clamps do to them. Invariant: nothing here has seen data; it is arithmetic
 * on a file that a person wrote.
 */
#include "bounds.h"

#include <math.h>
#include <stdlib.h>

#include "cli/yaml.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

struct bounds_file {
    struct cli_bounds b;
    struct sy_view of;
    const yaml_node_t *values;
};

struct point_file {
    struct sy_view value, share;
};

static const struct cli_key file_keys[] = {
    {"figure", CLI_TEXT, true, offsetof(struct bounds_file, b.figure), 0},
    {"block", CLI_TEXT, false, offsetof(struct bounds_file, b.block), 0},
    {"population", CLI_COUNT, true, offsetof(struct bounds_file, b.population), 0},
    {"of", CLI_TEXT, false, offsetof(struct bounds_file, of), 0},
    {"values", CLI_NODE, true, offsetof(struct bounds_file, values), 0},
};
static const struct cli_key point_keys[] = {
    {"value", CLI_TEXT, true, offsetof(struct point_file, value), 0},
    {"share", CLI_TEXT, true, offsetof(struct point_file, share), 0},
};

static bool read_number(struct sy_view text, double *ret)
{
    char copy[64], *end;
    if (text.n == 0 || text.n >= sizeof(copy)) {
        return false;
    }
    sy_view_to_cstr(text, copy, sizeof(copy));
    *ret = strtod(copy, &end);
    return *end == '\0' && isfinite(*ret);
}

static int by_value(const void *a, const void *b)
{
    double x = ((const struct cli_bounds_point *)a)->value;
    double y = ((const struct cli_bounds_point *)b)->value;
    return (x > y) - (x < y);
}

static sy_status read_points(struct cli_yaml *y, const yaml_node_t *seq, struct sy_arena *arena,
                             struct cli_bounds *b, struct sy_error *err)
{
    double sum = 0;
    SY_TRY(cli_yaml_items(y, seq, &b->n_points, err));
    if (b->n_points < 2 || b->n_points > CLI_BOUNDS_VALUES_MAX) {
        return cli_yaml_fail(y, seq, err, "values: 2 to %d points", CLI_BOUNDS_VALUES_MAX);
    }
    b->points = sy_arena_alloc(arena, b->n_points, sizeof(*b->points));
    if (b->points == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < b->n_points; i++) {
        const yaml_node_t *at = cli_yaml_item(y, seq, i);
        struct point_file f = {0};
        SY_TRY(cli_yaml_fill(y, at, point_keys, N(point_keys), arena, &f, err));
        struct cli_bounds_point *p = &b->points[i];
        p->text = f.value;
        if (!read_number(f.value, &p->value) || !read_number(f.share, &p->share) || p->share < 0) {
            return cli_yaml_fail(y, at, err, "value and share are numbers, no share is negative");
        }
        sum += p->share;
    }
    if (sum < 0.98 || sum > 1.02) {
        return cli_yaml_fail(y, seq, err, "shares add up to %.4f, not to 1", sum);
    }
    for (size_t i = 0; i < b->n_points; i++) {
        b->points[i].share /= sum;
    }
    qsort(b->points, b->n_points, sizeof(*b->points), by_value);
    return SY_OK;
}

sy_status cli_bounds_read(const char *path, struct sy_arena *arena, struct cli_bounds *ret,
                          struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct bounds_file f = {0};
    SY_TRY(cli_yaml_open(path, &y, reterr));
    SY_TRY(cli_yaml_fill(&y, cli_yaml_root(&y), file_keys, N(file_keys), arena, &f, reterr));
    f.b.average = sy_view_is(f.of, "average");
    if (!f.b.average && f.of.n > 0 && !sy_view_is(f.of, "sum")) {
        return cli_yaml_fail(&y, cli_yaml_root(&y), reterr, "of: sum or average");
    }
    if (f.b.population == 0) {
        return cli_yaml_fail(&y, cli_yaml_root(&y), reterr, "population: at least 1");
    }
    SY_TRY(read_points(&y, f.values, arena, &f.b, reterr));
    *ret = f.b;
    return SY_OK;
}

static double scale_of(const struct cli_bounds *b)
{
    return b->average ? 1 : (double)b->population;
}

double cli_bounds_bias(const struct cli_bounds *b, double lo, double hi)
{
    double bias = 0;
    for (size_t i = 0; i < b->n_points; i++) {
        double v = b->points[i].value;
        bias += b->points[i].share * ((v < lo ? lo : v > hi ? hi : v) - v);
    }
    return bias * scale_of(b);
}

double cli_bounds_expected(const struct cli_bounds *b)
{
    double mean = 0;
    for (size_t i = 0; i < b->n_points; i++) {
        mean += b->points[i].share * b->points[i].value;
    }
    return mean * scale_of(b);
}

static size_t median_of(const struct cli_bounds *b)
{
    double below = 0;
    size_t i = 0;
    for (; i + 1 < b->n_points; i++) {
        below += b->points[i].share;
        if (below >= 0.5) {
            break;
        }
    }
    return i;
}

size_t cli_bounds_steps(const struct cli_bounds *b, bool upper, size_t ret[CLI_BOUNDS_STEPS_MAX])
{
    size_t median = median_of(b);
    size_t n = upper ? b->n_points - median : median + 1;
    size_t steps = n < CLI_BOUNDS_STEPS_MAX ? n : CLI_BOUNDS_STEPS_MAX;
    for (size_t i = 0; i < steps; i++) {
        size_t away = steps == 1 ? n - 1 : i * (n - 1) / (steps - 1);
        ret[i] = upper ? median + away : median - away;
    }
    return steps;
}
