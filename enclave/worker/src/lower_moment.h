/*
 * Aggregates of a block that are arithmetic over released figures: variance, standard deviation,
 * covariance, correlation and least squares. In the block each becomes bounded integer figures: the rows
 * on which all arguments are there, sums of the arguments and sums of their products, every one centred on
 * the middle of its declared interval, which makes its sensitivity least (docs/privacy/moments.md). The
 * rest is post stage: nothing exact is ever divided.
 */
#ifndef WORKER_LOWER_MOMENT_H
#define WORKER_LOWER_MOMENT_H

#include "lower_block.h"
#include "lower_dialect.h"

enum {
    MOMENT_VARS_MAX = 7,   /* y and six x */
    MOMENT_DOF_MIN = 10,   /* units beyond the parameters of a regression */
    MOMENT_PARAMS_MAX = 33 /* parameters in a hundred units, at most */
};

/* A mean over the rows that count: mid x 10^-scale + column / rows. */
struct moment_mean {
    size_t col; /* of the block: the centred sum */
    int64_t mid;
    uint64_t scale;
};

/* An argument: its declared interval and digits. */
struct moment_var {
    int64_t lo, hi;
    uint64_t scale;
};

struct moment_fn;

/* A call, as columns of its block. Variable 0 is the only one, or y; those after it are x. */
struct moment {
    struct derived derived; /* first */
    const struct moment_fn *fn;
    size_t n_vars;
    size_t coef;  /* regr_coef: which one, 0 the intercept */
    size_t rows;  /* column: rows on which all variables are there */
    size_t units; /* column: units that have such a row (regressions) */
    struct moment_var vars[MOMENT_VARS_MAX];
    struct moment_mean means[MOMENT_VARS_MAX]; /* of each centred variable; mid: its own centre */
    struct moment_mean products[MOMENT_VARS_MAX]
                               [MOMENT_VARS_MAX]; /* [i][j], i <= j, of centred ones */
};

/* What a function reads. */
enum {
    MOMENT_MEANS = 1,      /* of all variables */
    MOMENT_MEAN_X = 2,     /* of variable 1 only */
    MOMENT_MEAN_Y = 4,     /* of variable 0 only */
    MOMENT_SQUARES = 8,    /* of all variables */
    MOMENT_SQUARES_X = 16, /* of all but variable 0 */
    MOMENT_PRODUCTS = 32,  /* of different variables */
    MOMENT_UNITS = 64
};

/* name: as SQL writes it; a call has a literal, then from `least` to `most` variables. */
struct moment_fn {
    const char *name;
    size_t literals, least, most;
    unsigned needs;
    sy_status (*lower)(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret);
    const char *types, *errors;
};

/* The function of a call, or NULL. */
const struct moment_fn *moment_find(const json_t *node);
/* Its figures and columns of the block; ret->derived is set (regr_count: ret->col). */
sy_status block_moment(struct block *k, const json_t *call, const struct moment_fn *f,
                       struct known *ret);

/* What each is made of, over the block's columns (lower_moment_post.c): `derived` of a moment. */
sy_status moment_variance(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret);
sy_status moment_variance_samp(struct post_ctx *c, const struct derived *d, uint64_t pos,
                               size_t *ret);
sy_status moment_deviation(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret);
sy_status moment_deviation_samp(struct post_ctx *c, const struct derived *d, uint64_t pos,
                                size_t *ret);
sy_status moment_covariance(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret);
sy_status moment_covariance_samp(struct post_ctx *c, const struct derived *d, uint64_t pos,
                                 size_t *ret);
sy_status moment_correlation(struct post_ctx *c, const struct derived *d, uint64_t pos,
                             size_t *ret);
sy_status moment_r2(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret);
sy_status moment_mean_x(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret);
sy_status moment_mean_y(struct post_ctx *c, const struct derived *d, uint64_t pos, size_t *ret);
/* Coefficient `coef` of least squares (slope 1, intercept 0). */
sy_status moment_coefficient(struct post_ctx *c, const struct derived *d, uint64_t pos,
                             size_t *ret);

#endif
