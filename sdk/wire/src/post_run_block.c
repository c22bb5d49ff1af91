/* A block's table, as the caller gave it, checked against what the plan says of the block. */
#include "post_run_internal.h"

static sy_status unfit(struct post_run *run, const struct sy_plan_rel *r, const char *what)
{
    return sy_fail(run->err, SY_E_FIELD, "blocks", "the table of block %.*s has %s",
                   SY_PV(r->source), what);
}

sy_status post_check_block(struct post_run *run, size_t i)
{
    const struct sy_post_rel_types *types = &run->types->rels[i];
    const struct sy_plan_rel *r = &run->post->rels[i];
    const struct sy_post_table *t = &run->tables[post_block_of(run, r)];
    if (t->n_cols != types->n_cols || t->n_rows > types->rows) {
        return unfit(run, r, "other columns or more rows");
    }
    for (size_t c = 0; c < t->n_cols; c++) {
        const struct sy_post_column *col = &t->cols[c];
        const void *values = col->kind == SY_POST_LABEL ? (void *)col->texts : (void *)col->lanes;
        if (col->kind != types->cols[c].kind || (values == NULL && t->n_rows > 0)) {
            return unfit(run, r, "a column of another kind");
        }
    }
    return SY_OK;
}

static bool load_labels(struct post_run *run, const struct sy_post_column *src, size_t n_rows,
                        struct post_column *dst)
{
    for (size_t row = 0; row < n_rows; row++) {
        dst->v[row] = POST_NULL;
        if (src->texts[row].p != NULL &&
            !post_label_id(&run->labels, src->texts[row], &dst->v[row])) {
            return false;
        }
    }
    return true;
}

static void load_numbers(const struct post_run *run, const struct sy_post_column *src,
                         size_t n_rows, struct post_column *dst)
{
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t lane = 0; lane < dst->width; lane++) {
            dst->v[row * dst->width + lane] = post_canon(src->lanes[row * run->n_lanes + lane]);
        }
    }
}

/* Joins rely on it that no two rows have the same keys. */
static sy_status check_keys(struct post_run *run, size_t i)
{
    const struct post_table *t = &run->rels[i];
    struct post_key *keys;
    size_t n_keys = 0;
    size_t *group;
    size_t n_groups;
    SY_TRY(post_alloc(run, t->n_cols, sizeof *keys, &keys));
    for (size_t c = 0; c < t->n_cols; c++) {
        if (run->types->rels[i].cols[c].key) {
            keys[n_keys++].col = &t->cols[c];
        }
    }
    SY_TRY(post_groups(run, keys, n_keys, t->n_rows, &group, &n_groups));
    return n_keys == 0 || n_groups == t->n_rows
               ? SY_OK
               : unfit(run, &run->post->rels[i], "two rows with the same keys");
}

sy_status post_run_block(struct post_run *run, size_t i)
{
    const struct sy_plan_rel *r = &run->post->rels[i];
    const struct sy_post_table *t = &run->tables[post_block_of(run, r)];
    struct post_table *ret = &run->rels[i];
    SY_TRY(post_new_table(run, run->types->rels[i].cols, t->n_cols, t->n_rows, ret));
    for (size_t c = 0; c < t->n_cols; c++) {
        if (t->cols[c].kind != SY_POST_LABEL) {
            load_numbers(run, &t->cols[c], t->n_rows, &ret->cols[c]);
        } else if (!load_labels(run, &t->cols[c], t->n_rows, &ret->cols[c])) {
            return unfit(run, r, "a label that is not declared");
        }
    }
    return check_keys(run, i);
}
