/*
 * Label sets that a plan makes, and the least type that holds two others, for CASE, COALESCE and union. Label sets unite in order of appearance;
 * all unions of a plan together may make SY_PLAN_LABELS_TOTAL labels, so a hostile plan costs no more.
 */
#include <stdlib.h>

#include "plan_type_internal.h"

static int by_text(const void *a, const void *b)
{
    const struct sy_view *const *x = a;
    const struct sy_view *const *y = b;
    int c = sy_view_cmp(**x, **y);
    return c != 0 ? c : (*x > *y) - (*x < *y);
}

sy_status plan_labels_new(struct sy_typer *t, size_t n, struct sy_view **ret, struct sy_error *err)
{
    if (n > SY_PLAN_LABELS_TOTAL - t->labels_made) {
        return PLAN_FAIL(err, "", "the label sets of this plan are too large");
    }
    t->labels_made += n;
    *ret = sy_arena_alloc(t->arena, n == 0 ? 1 : n, sizeof **ret);
    return *ret == NULL ? sy_fail(err, SY_E_NO_MEMORY, NULL, NULL) : SY_OK;
}

/* Sort pointers into the list by (text, position), mark repeats. */
sy_status plan_labels_distinct(struct sy_view *all, size_t n, size_t *ret_n, struct sy_error *err)
{
    const struct sy_view **sorted = calloc(n + 1, sizeof *sorted);
    bool *repeat = calloc(n + 1, sizeof *repeat);
    bool done = sorted != NULL && repeat != NULL;
    for (size_t i = 0; done && i < n; i++) {
        sorted[i] = &all[i];
    }
    if (done && n > 1) {
        qsort(sorted, n, sizeof *sorted, by_text);
    }
    for (size_t i = 1; done && i < n; i++) {
        repeat[sorted[i] - all] = sy_view_eq(*sorted[i], *sorted[i - 1]);
    }
    size_t kept = 0;
    for (size_t i = 0; done && i < n; i++) {
        if (!repeat[i]) {
            all[kept++] = all[i];
        }
    }
    free(repeat);
    free(sorted);
    *ret_n = kept;
    return done ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

/* The union in order of appearance. */
static sy_status unite(struct sy_typer *t, const struct sy_type *a, const struct sy_type *b,
                       struct sy_type *ret, struct sy_error *err)
{
    struct sy_view *all;
    size_t n = a->n_labels + b->n_labels;
    SY_TRY(plan_labels_new(t, n, &all, err));
    for (size_t i = 0; i < n; i++) {
        all[i] = i < a->n_labels ? a->labels[i] : b->labels[i - a->n_labels];
    }
    ret->labels = all;
    return plan_labels_distinct(all, n, &ret->n_labels, err);
}

static bool same_labels(const struct sy_type *a, const struct sy_type *b)
{
    return a->labels == b->labels && a->n_labels == b->n_labels;
}

sy_status plan_merge(struct sy_typer *t, const struct sy_type *a, const struct sy_type *b,
                     struct sy_type *ret, struct sy_error *err)
{
    if (a->kind != b->kind || a->scale != b->scale) {
        return PLAN_FAIL(err, "", "the values to choose from differ in kind or decimal digits");
    }
    if (a->open || b->open || a->kind == SY_TYPE_UNIT) {
        return PLAN_FAIL(err, "", "undeclared text and units cannot be chosen from");
    }
    const struct sy_type *one = a->nothing ? b : a;
    const struct sy_type *other = a->nothing ? a : b;
    ret->kind = one->kind;
    ret->scale = one->scale;
    ret->nothing = one->nothing;
    ret->lo = other->nothing ? one->lo : sy_min_i64(one->lo, other->lo);
    ret->hi = other->nothing ? one->hi : sy_max_i64(one->hi, other->hi);
    if (one->kind != SY_TYPE_STR || other->nothing || same_labels(one, other)) {
        ret->labels = one->labels;
        ret->n_labels = one->n_labels;
        return SY_OK;
    }
    return unite(t, one, other, ret, err);
}
