#include "reference_values.h"

#include <stdlib.h>

static size_t compared_keys; /* for qsort: one thread */

static int order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b ? 1 : 0;
}

static int by_place(const struct ref_value *a, const struct ref_value *b)
{
    int o = order(a->figure, b->figure);
    for (size_t k = 0; o == 0 && k < compared_keys; k++) {
        o = order(a->key[k], b->key[k]);
    }
    return o;
}

static int by_unit(const void *x, const void *y)
{
    const struct ref_value *a = x, *b = y;
    int o = by_place(a, b);
    o = o != 0 ? o : order(a->unit, b->unit);
    o = o != 0 ? o : order(a->rank, b->rank);
    return o != 0 ? o : a->x < b->x ? -1 : a->x > b->x ? 1 : 0;
}

static int by_value(const void *x, const void *y)
{
    const struct ref_value *a = x, *b = y;
    int o = by_place(a, b);
    return o != 0 ? o : a->x < b->x ? -1 : a->x > b->x ? 1 : 0;
}

size_t ref_values_bound(struct ref_value *v, size_t n, size_t n_keys, uint64_t rows)
{
    size_t left = 0;
    uint64_t given = 0;
    struct ref_value last = {0};
    compared_keys = n_keys;
    qsort(v, n, sizeof *v, by_unit);
    for (size_t i = 0; i < n; i++) {
        bool same = i > 0 && by_place(&last, &v[i]) == 0 && last.unit == v[i].unit;
        bool again = same && last.x == v[i].x;
        given = same ? given : 0;
        last = v[i];
        if (!again && given < rows) {
            v[left++] = v[i];
        }
        given += again ? 0 : 1;
    }
    return left;
}

size_t ref_values_merge(struct ref_value *v, size_t n, size_t n_keys)
{
    size_t left = 0;
    compared_keys = n_keys;
    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++) {
        if (left == 0 || by_value(&v[left - 1], &v[i]) != 0) {
            v[left++] = v[i];
        }
    }
    return left;
}

uint64_t ref_values_count(const struct ref_value *v, size_t n, size_t n_keys, size_t figure,
                          const uint64_t *key)
{
    struct ref_value at = {.figure = figure, .x = INT64_MIN};
    size_t lo = 0, hi = n;
    uint64_t count = 0;
    compared_keys = n_keys;
    for (size_t k = 0; k < n_keys; k++) {
        at.key[k] = key[k];
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        bool before = by_value(&v[mid], &at) < 0;
        lo = before ? mid + 1 : lo;
        hi = before ? hi : mid;
    }
    for (; lo < n && by_place(&v[lo], &at) == 0; lo++) {
        count++;
    }
    return count;
}
