/*
 * Intervals from simulated values (wire/post.h). Only the k lowest and the k highest values matter, so
 * that is all that is kept of a cell: two ascending lists, and how many values were NULL.
 */
#include <stdlib.h>

#include "post_internal.h"

struct sy_post_tail {
    double *low;  /* the lowest so far, ascending */
    double *high; /* the highest so far, descending */
    size_t n;     /* values added that were not NULL; min(n, k) are in each list */
    size_t nulls;
};

static const size_t TAIL = 40; /* one in 40 on each side: 2.5 % */

static size_t rank_of(size_t n_lanes)
{
    return (n_lanes + 1) / TAIL;
}

/* Put x into a list of at most k, ascending in sign * value; what falls off its end is forgotten. */
static void insert(double *list, size_t n, size_t k, double sign, double x)
{
    size_t at = n < k ? n : k;
    while (at > 0 && sign * x < sign * list[at - 1]) {
        if (at < k) {
            list[at] = list[at - 1];
        }
        at--;
    }
    if (at < k) {
        list[at] = x;
    }
}

static void add_one(struct sy_post_tail *t, size_t k, double x)
{
    if (post_is_null(x)) {
        t->nulls++;
        return;
    }
    insert(t->low, t->n, k, 1.0, x);
    insert(t->high, t->n, k, -1.0, x);
    t->n++;
}

sy_status sy_post_tails_new(size_t n_cells, size_t n_lanes, struct sy_arena *arena,
                            struct sy_post_tails *ret, struct sy_error *reterr)
{
    size_t k = rank_of(n_lanes);
    struct sy_post_tail *cells = sy_arena_alloc(arena, n_cells + 1, sizeof *cells);
    size_t n;
    *ret = (struct sy_post_tails){0};
    double *lists = NULL;
    if (sy_mul_size(n_cells, 2 * k, &n) && n < SIZE_MAX) {
        lists = sy_arena_alloc(arena, n + 1, sizeof *lists);
    }
    if (cells == NULL || lists == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < n_cells; i++) {
        cells[i].low = lists + 2 * k * i;
        cells[i].high = cells[i].low + k;
    }
    *ret = (struct sy_post_tails){n_cells, n_lanes, k, cells};
    return SY_OK;
}

bool sy_post_tails_add(struct sy_post_tails *t, size_t cell, const double *lanes, size_t n)
{
    struct sy_post_tail *c = &t->cells[cell];
    if (n > t->n_lanes - c->n - c->nulls) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        add_one(c, t->k, post_canon(lanes[i]));
    }
    return true;
}

/* NULLs take the outermost ranks on both sides. */
bool sy_post_tails_interval(const struct sy_post_tails *t, size_t cell, double *ret_lo,
                            double *ret_hi)
{
    const struct sy_post_tail *c = &t->cells[cell];
    if (c->n + c->nulls != t->n_lanes || c->nulls >= t->k) {
        return false;
    }
    *ret_lo = c->low[t->k - 1 - c->nulls];
    *ret_hi = c->high[t->k - 1 - c->nulls];
    return true;
}

static int compare(const void *pa, const void *pb)
{
    double a = *(const double *)pa;
    double b = *(const double *)pb;
    return (a > b) - (a < b);
}

/* Move what is not NULL to the front; how many those are. */
static size_t drop_nulls(double *lanes, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        double x = post_canon(lanes[i]);
        lanes[i] = lanes[kept];
        lanes[kept] = x;
        kept += post_is_null(x) ? 0 : 1;
    }
    return kept;
}

bool sy_post_interval(double *lanes, size_t n, double *ret_lo, double *ret_hi)
{
    size_t k = rank_of(n);
    size_t kept = drop_nulls(lanes, n);
    size_t nulls = n - kept;
    if (nulls >= k) {
        return false;
    }
    qsort(lanes, kept, sizeof *lanes, compare);
    *ret_lo = lanes[k - 1 - nulls];
    *ret_hi = lanes[kept - (k - nulls)];
    return true;
}
