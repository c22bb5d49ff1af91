/*
 * A run of the post stage: its relations in order, each a table of columns (post_run_internal.h), then
 * the columns of the answer. The plan was checked by sy_post_type; what the caller gives beside it, the
 * blocks' tables and the parameters' positions, is checked here.
 */
#include "post_run_internal.h"

sy_status post_alloc(struct post_run *run, size_t n, size_t size_bytes, void *ret_pointer)
{
    void *p = sy_arena_alloc(run->arena, n + 1, size_bytes);
    memcpy(ret_pointer, &p, sizeof p);
    return p == NULL ? sy_fail(run->err, SY_E_NO_MEMORY, NULL, NULL) : SY_OK;
}

sy_status post_new_table(struct post_run *run, const struct sy_post_col *cols, size_t n_cols,
                         size_t n_rows, struct post_table *ret)
{
    *ret = (struct post_table){.n_rows = n_rows, .n_cols = n_cols};
    SY_TRY(post_alloc(run, n_cols, sizeof *ret->cols, &ret->cols));
    for (size_t c = 0; c < n_cols; c++) {
        struct post_column *col = &ret->cols[c];
        col->kind = cols[c].kind;
        col->width = cols[c].noisy ? run->n_lanes : 1;
        SY_TRY(post_alloc(run, n_rows * col->width, sizeof *col->v, &col->v));
    }
    return SY_OK;
}

void post_copy(struct post_column *dst, size_t dst_row, const struct post_column *src,
               size_t src_row)
{
    for (size_t lane = 0; lane < dst->width; lane++) {
        dst->v[dst_row * dst->width + lane] =
            src_row == SIZE_MAX ? POST_NULL
                                : src->v[src_row * src->width + (src->width == 1 ? 0 : lane)];
    }
}

size_t post_block_of(const struct post_run *run, const struct sy_plan_rel *r)
{
    size_t b = 0;
    while (!sy_view_eq(run->plan->blocks[b].name, r->source)) {
        b++;
    }
    return b;
}

/* --- simple relations ------------------------------------------------------------------------------------- */

/* These rows of the first input, in this order. */
static sy_status gather(struct post_run *run, size_t i, const size_t *rows, size_t n)
{
    const struct sy_post_rel_types *types = &run->types->rels[i];
    const struct post_table *in = &run->rels[run->post->rels[i].in[0]];
    struct post_table *ret = &run->rels[i];
    SY_TRY(post_new_table(run, types->cols, types->n_cols, n, ret));
    for (size_t c = 0; c < ret->n_cols; c++) {
        for (size_t row = 0; row < n; row++) {
            post_copy(&ret->cols[c], row, &in->cols[c], rows[row]);
        }
    }
    return SY_OK;
}

static sy_status run_filter(struct post_run *run, size_t i)
{
    const struct post_table *in = &run->rels[run->post->rels[i].in[0]];
    struct post_table outs;
    size_t *rows;
    size_t n = 0;
    SY_TRY(post_eval(run, i, in, &outs));
    SY_TRY(post_alloc(run, in->n_rows, sizeof *rows, &rows));
    for (size_t row = 0; row < in->n_rows; row++) {
        if (outs.cols[0].v[row * outs.cols[0].width] == 1.0) {
            rows[n++] = row;
        }
    }
    return gather(run, i, rows, n);
}

static sy_status run_project(struct post_run *run, size_t i)
{
    return post_eval(run, i, &run->rels[run->post->rels[i].in[0]], &run->rels[i]);
}

static sy_status run_sort(struct post_run *run, size_t i)
{
    const struct sy_plan_rel *r = &run->post->rels[i];
    const struct post_table *in = &run->rels[r->in[0]];
    struct post_table outs;
    struct post_key *keys;
    size_t *rows;
    SY_TRY(post_eval(run, i, in, &outs));
    SY_TRY(post_alloc(run, r->n_outs, sizeof *keys, &keys));
    for (size_t k = 0; k < r->n_outs; k++) {
        keys[k] = (struct post_key){&outs.cols[k], r->desc[k] == 1};
    }
    SY_TRY(post_sorted(run, keys, r->n_outs, in->n_rows, &rows));
    bool cut = r->limit != 0 && r->limit < in->n_rows;
    return gather(run, i, rows, cut ? (size_t)r->limit : in->n_rows);
}

static void append(const struct post_table *in, struct post_table *ret, size_t at)
{
    for (size_t c = 0; c < ret->n_cols; c++) {
        for (size_t row = 0; row < in->n_rows; row++) {
            post_copy(&ret->cols[c], at + row, &in->cols[c], row);
        }
    }
}

static sy_status run_union(struct post_run *run, size_t i)
{
    const struct sy_plan_rel *r = &run->post->rels[i];
    const struct sy_post_rel_types *types = &run->types->rels[i];
    size_t n = 0;
    for (size_t j = 0; j < r->n_in; j++) {
        n += run->rels[r->in[j]].n_rows;
    }
    if (n > SY_POST_ROWS_MAX) {
        return sy_fail(run->err, SY_E_LIMIT, "post.rels", "relation %zu has more than %d rows", i,
                       SY_POST_ROWS_MAX);
    }
    SY_TRY(post_new_table(run, types->cols, types->n_cols, n, &run->rels[i]));
    size_t at = 0;
    for (size_t j = 0; j < r->n_in; j++) {
        append(&run->rels[r->in[j]], &run->rels[i], at);
        at += run->rels[r->in[j]].n_rows;
    }
    return SY_OK;
}

static const struct {
    const char *name;
    sy_status (*run)(struct post_run *, size_t);
} OPS[] = {
    {"block", post_run_block}, {"filter", run_filter},      {"project", run_project},
    {"join", post_run_join},   {"reduce", post_run_reduce}, {"window", post_run_window},
    {"union", run_union},      {"sort", run_sort},
};

static sy_status run_rel(struct post_run *run, size_t i)
{
    for (size_t k = 0; k < sizeof OPS / sizeof OPS[0]; k++) {
        if (sy_view_is(run->post->rels[i].op, OPS[k].name)) {
            return OPS[k].run(run, i);
        }
    }
    return sy_fail(run->err, SY_E_INTERNAL, "post", NULL); /* typing has refused it */
}

/* --- all of it ---------------------------------------------------------------------------------------------- */

static sy_status check_inputs(struct post_run *run)
{
    if (run->n_lanes == 0 || run->n_lanes > SY_POST_LANES_MAX) {
        return sy_fail(run->err, SY_E_FIELD, "n_lanes", "1 to %d lanes", SY_POST_LANES_MAX);
    }
    for (size_t i = 0; i < run->plan->n_params; i++) {
        if (run->params[i] >= run->plan->params[i].n_values) {
            return sy_fail(run->err, SY_E_FIELD, "params", "parameter %zu has no such value", i);
        }
    }
    for (size_t i = 0; i < run->post->n_rels; i++) {
        if (sy_view_is(run->post->rels[i].op, "block")) {
            SY_TRY(post_check_block(run, i));
        }
    }
    return SY_OK;
}

static sy_status put_texts(struct post_run *run, const struct post_column *src, size_t n_rows,
                           struct sy_post_column *ret)
{
    SY_TRY(post_alloc(run, n_rows, sizeof *ret->texts, &ret->texts));
    for (size_t row = 0; row < n_rows; row++) {
        if (!post_is_null(src->v[row])) {
            ret->texts[row] = run->labels.by_id[(size_t)src->v[row]];
        }
    }
    return SY_OK;
}

static sy_status put_lanes(struct post_run *run, const struct post_column *src, size_t n_rows,
                           struct sy_post_column *ret)
{
    struct post_column full = {src->kind, run->n_lanes, NULL};
    SY_TRY(post_alloc(run, n_rows * run->n_lanes, sizeof *full.v, &full.v));
    for (size_t row = 0; row < n_rows; row++) {
        post_copy(&full, row, src, row);
    }
    ret->lanes = full.v;
    return SY_OK;
}

static sy_status put_answer(struct post_run *run, struct sy_post_table *ret)
{
    const struct post_table *last = &run->rels[run->post->n_rels - 1];
    struct sy_post_table t = {.n_rows = last->n_rows, .n_cols = run->post->n_outs};
    SY_TRY(post_alloc(run, t.n_cols, sizeof *t.cols, &t.cols));
    for (size_t i = 0; i < t.n_cols; i++) {
        const struct post_column *src = &last->cols[run->post->outs[i].col];
        t.cols[i].kind = src->kind;
        SY_TRY(src->kind == SY_POST_LABEL ? put_texts(run, src, t.n_rows, &t.cols[i])
                                          : put_lanes(run, src, t.n_rows, &t.cols[i]));
    }
    *ret = t;
    return SY_OK;
}

static sy_status run_all(struct post_run *run, struct sy_post_table *ret)
{
    SY_TRY(check_inputs(run));
    SY_TRY(post_labels_init(run));
    SY_TRY(post_alloc(run, run->post->n_rels, sizeof *run->rels, &run->rels));
    for (size_t i = 0; i < run->post->n_rels; i++) {
        SY_TRY(run_rel(run, i));
    }
    return put_answer(run, ret);
}

sy_status sy_post_run(const struct sy_plan *plan, const struct sy_post_types *types,
                      const uint64_t *params, const struct sy_post_table *blocks, size_t n_lanes,
                      struct sy_arena *arena, struct sy_post_table *ret, struct sy_error *reterr)
{
    *ret = (struct sy_post_table){0};
    struct post_run run = {.plan = plan,
                           .post = &plan->post[0],
                           .types = types,
                           .params = params,
                           .tables = blocks,
                           .n_lanes = n_lanes,
                           .arena = arena,
                           .err = reterr};
    return run_all(&run, ret);
}
