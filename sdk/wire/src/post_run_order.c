/* Sorting and grouping of rows by lane 0 of key columns. Ties go by position, so that the result does not
 * depend on the sorting algorithm. */
#include <stdlib.h>

#include "post_run_internal.h"

static int compare_values(double a, double b, bool desc)
{
    bool no_a = post_is_null(a);
    bool no_b = post_is_null(b);
    if (no_a || no_b) {
        return (int)no_a - (int)no_b;
    }
    int c = (a > b) - (a < b);
    return desc ? -c : c;
}

int post_compare(const struct post_key *keys, size_t n, size_t row_a, size_t row_b)
{
    for (size_t i = 0; i < n; i++) {
        const struct post_column *col = keys[i].col;
        int c =
            compare_values(col->v[row_a * col->width], col->v[row_b * col->width], keys[i].desc);
        if (c != 0) {
            return c;
        }
    }
    return 0;
}

struct keys {
    const struct post_key *keys;
    size_t n;
};

static int compare_rows(const void *pa, const void *pb, void *ctx)
{
    const struct keys *k = ctx;
    size_t a = *(const size_t *)pa;
    size_t b = *(const size_t *)pb;
    int c = post_compare(k->keys, k->n, a, b);
    return c != 0 ? c : (a > b) - (a < b);
}

sy_status post_sorted(struct post_run *run, const struct post_key *keys, size_t n_keys,
                      size_t n_rows, size_t **ret)
{
    struct keys k = {keys, n_keys};
    SY_TRY(post_alloc(run, n_rows, sizeof **ret, ret));
    for (size_t i = 0; i < n_rows; i++) {
        (*ret)[i] = i;
    }
    qsort_r(*ret, n_rows, sizeof **ret, compare_rows, &k);
    return SY_OK;
}

sy_status post_groups(struct post_run *run, const struct post_key *keys, size_t n_keys,
                      size_t n_rows, size_t **ret_group, size_t *ret_n)
{
    size_t *sorted;
    size_t *leader;
    SY_TRY(post_sorted(run, keys, n_keys, n_rows, &sorted));
    SY_TRY(post_alloc(run, n_rows, sizeof *leader, &leader));
    SY_TRY(post_alloc(run, n_rows, sizeof **ret_group, ret_group));
    for (size_t i = 0; i < n_rows; i++) {
        bool same = i > 0 && post_compare(keys, n_keys, sorted[i - 1], sorted[i]) == 0;
        leader[sorted[i]] = same ? leader[sorted[i - 1]] : sorted[i];
    }
    *ret_n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        (*ret_group)[i] = leader[i] == i ? (*ret_n)++ : (*ret_group)[leader[i]];
    }
    return SY_OK;
}
