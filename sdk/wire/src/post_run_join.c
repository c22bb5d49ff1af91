/*
 * Joins. The right side's rows are sorted by the columns that the predicate names; each left row then
 * finds its one row by bisection. A NULL on either side equals nothing.
 */
#include "post_run_internal.h"

struct join {
    const struct post_table *left, *right;
    struct post_pair *pairs;
    size_t n_pairs;
    size_t *sorted; /* rows of the right side that have no NULL among the named columns */
    size_t n_sorted;
};

static double at(const struct post_column *col, size_t row)
{
    return col->v[row * col->width];
}

static bool right_has_null(const struct join *j, size_t row)
{
    for (size_t i = 0; i < j->n_pairs; i++) {
        if (post_is_null(at(&j->right->cols[j->pairs[i].right], row))) {
            return true;
        }
    }
    return false;
}

static sy_status sort_right(struct post_run *run, struct join *j)
{
    struct post_key *keys;
    size_t *sorted;
    SY_TRY(post_alloc(run, j->n_pairs, sizeof *keys, &keys));
    for (size_t i = 0; i < j->n_pairs; i++) {
        keys[i].col = &j->right->cols[j->pairs[i].right];
    }
    SY_TRY(post_sorted(run, keys, j->n_pairs, j->right->n_rows, &sorted));
    for (size_t i = 0; i < j->right->n_rows; i++) {
        if (!right_has_null(j, sorted[i])) {
            sorted[j->n_sorted++] = sorted[i];
        }
    }
    j->sorted = sorted;
    return SY_OK;
}

/* The left row's values beside a right row's; a NULL on the left is above everything. */
static int compare(const struct join *j, size_t left, size_t right)
{
    for (size_t i = 0; i < j->n_pairs; i++) {
        double l = at(&j->left->cols[j->pairs[i].left], left);
        double r = at(&j->right->cols[j->pairs[i].right], right);
        if (!(l == r)) {
            return l < r ? -1 : 1;
        }
    }
    return 0;
}

/* The right row that a left row finds, SIZE_MAX for none. */
static size_t find(const struct join *j, size_t left)
{
    size_t lo = 0;
    size_t hi = j->n_sorted;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = compare(j, left, j->sorted[mid]);
        if (c == 0) {
            return j->sorted[mid];
        }
        lo = c > 0 ? mid + 1 : lo;
        hi = c > 0 ? hi : mid;
    }
    return SIZE_MAX;
}

static void put_row(const struct join *j, struct post_table *ret, size_t row, size_t left,
                    size_t right)
{
    for (size_t c = 0; c < ret->n_cols; c++) {
        bool from_left = c < j->left->n_cols;
        const struct post_column *src =
            from_left ? &j->left->cols[c] : &j->right->cols[c - j->left->n_cols];
        post_copy(&ret->cols[c], row, src, from_left ? left : right);
    }
}

static sy_status open_join(struct post_run *run, size_t i, struct join *j)
{
    const struct sy_plan_rel *r = &run->post->rels[i];
    bool *seen;
    *j = (struct join){.left = &run->rels[r->in[0]], .right = &run->rels[r->in[1]]};
    SY_TRY(post_alloc(run, r->n_exprs, sizeof *seen, &seen));
    SY_TRY(post_alloc(run, r->n_exprs, sizeof *j->pairs, &j->pairs));
    if (!post_join_pairs(r, j->left->n_cols, j->pairs, &j->n_pairs, seen)) {
        return sy_fail(run->err, SY_E_INTERNAL, "post", NULL); /* typing has refused it */
    }
    return sort_right(run, j);
}

sy_status post_run_join(struct post_run *run, size_t i)
{
    bool inner = sy_view_is(run->post->rels[i].kind, "inner");
    struct join j;
    size_t *match;
    size_t n = 0;
    SY_TRY(open_join(run, i, &j));
    SY_TRY(post_alloc(run, j.left->n_rows, sizeof *match, &match));
    for (size_t row = 0; row < j.left->n_rows; row++) {
        match[row] = find(&j, row);
        n += !inner || match[row] != SIZE_MAX ? 1 : 0;
    }
    struct post_table *ret = &run->rels[i];
    SY_TRY(post_new_table(run, run->types->rels[i].cols, run->types->rels[i].n_cols, n, ret));
    size_t at_row = 0;
    for (size_t row = 0; row < j.left->n_rows; row++) {
        if (!inner || match[row] != SIZE_MAX) {
            put_row(&j, ret, at_row++, row, match[row]);
        }
    }
    return SY_OK;
}
