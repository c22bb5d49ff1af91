/* Functions over groups (reduce) and over ordered partitions (window), lane by lane, in the order of
 * rows: sums and products depend on it in their last bits. */
#include "post_run_internal.h"

/* --- accumulating functions -------------------------------------------------------------------------------- */

struct acc {
    double v;
    double n; /* values that were not NULL */
};

typedef double add_fn(double v, double x);

static double add_sum(double v, double x)
{
    return v + x;
}

static double add_min(double v, double x)
{
    return x < v ? x : v;
}

static double add_max(double v, double x)
{
    return x > v ? x : v;
}

static double add_product(double v, double x)
{
    return v * x;
}

static const struct agg {
    const char *name;
    add_fn *add; /* from the second value on; the first is the value itself */
    bool counts;
    bool divides;
} AGGS[] = {
    {"count", NULL, true, false},   {"sum", add_sum, false, false},
    {"avg", add_sum, false, true},  {"min", add_min, false, false},
    {"max", add_max, false, false}, {"product", add_product, false, false},
};

static const struct agg *find_agg(struct sy_view name)
{
    for (size_t i = 0; i < sizeof AGGS / sizeof AGGS[0]; i++) {
        if (sy_view_is(name, AGGS[i].name)) {
            return &AGGS[i];
        }
    }
    return NULL;
}

static void step(const struct agg *f, struct acc *a, double x)
{
    if (post_is_null(x)) {
        return;
    }
    if (!f->counts) {
        a->v = a->n == 0.0 ? x : f->add(a->v, x);
    }
    a->n += 1.0;
}

static double result(const struct agg *f, const struct acc *a)
{
    if (f->counts) {
        return a->n;
    }
    if (a->n == 0.0) {
        return POST_NULL;
    }
    return post_canon(f->divides ? a->v / a->n : a->v);
}

/* --- reduce -------------------------------------------------------------------------------------------------- */

static sy_status reduce_fn(struct post_run *run, const struct agg *f, const struct post_column *arg,
                           const size_t *group, size_t n_rows, size_t n_groups,
                           struct post_column *ret)
{
    size_t width = ret->width;
    struct acc *acc;
    SY_TRY(post_alloc(run, n_groups * width, sizeof *acc, &acc));
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t lane = 0; lane < width; lane++) {
            step(f, &acc[group[row] * width + lane], arg->v[row * width + lane]);
        }
    }
    for (size_t i = 0; i < n_groups * width; i++) {
        ret->v[i] = result(f, &acc[i]);
    }
    return SY_OK;
}

static sy_status keys_of(struct post_run *run, const struct sy_plan_rel *r,
                         const struct post_table *outs, struct post_key **ret)
{
    size_t n = (size_t)(r->n_keys + r->n_order);
    SY_TRY(post_alloc(run, n, sizeof **ret, ret));
    for (size_t i = 0; i < n; i++) {
        (*ret)[i] =
            (struct post_key){&outs->cols[i], i >= r->n_keys && r->desc[i - r->n_keys] == 1};
    }
    return SY_OK;
}

/* Each group's keys, from any of its rows. */
static void put_keys(const struct post_table *outs, size_t n_keys, const size_t *group,
                     struct post_table *ret)
{
    for (size_t row = 0; row < outs->n_rows; row++) {
        for (size_t c = 0; c < n_keys; c++) {
            post_copy(&ret->cols[c], group[row], &outs->cols[c], row);
        }
    }
}

sy_status post_run_reduce(struct post_run *run, size_t i)
{
    const struct sy_plan_rel *r = &run->post->rels[i];
    const struct sy_post_rel_types *types = &run->types->rels[i];
    struct post_table *ret = &run->rels[i];
    size_t n_keys = (size_t)r->n_keys;
    struct post_table outs;
    struct post_key *keys;
    size_t *group;
    size_t n_groups;
    SY_TRY(post_eval(run, i, &run->rels[r->in[0]], &outs));
    SY_TRY(keys_of(run, r, &outs, &keys));
    SY_TRY(post_groups(run, keys, n_keys, outs.n_rows, &group, &n_groups));
    n_groups = n_keys == 0 ? 1 : n_groups;
    SY_TRY(post_new_table(run, types->cols, types->n_cols, n_groups, ret));
    put_keys(&outs, n_keys, group, ret);
    const struct post_column *args = &outs.cols[n_keys];
    for (size_t f = 0; f < r->n_fns; f++) {
        const struct agg *agg = find_agg(r->fns[f]);
        struct post_column *to = &ret->cols[n_keys + f];
        SY_TRY(agg == NULL ? post_quantile(run, args, group, outs.n_rows, n_groups, to)
                           : reduce_fn(run, agg, args, group, outs.n_rows, n_groups, to));
        args += agg == NULL ? POST_QUANTILE_ARGS : 1;
    }
    return SY_OK;
}

/* --- window ---------------------------------------------------------------------------------------------------- */

enum frame { FRAME_ALL, FRAME_ROWS, FRAME_BEFORE };

/* One partition in one lane: its values in order, and what the function makes of each. */
struct part {
    const double *x;
    double *y;
    size_t n;
    enum frame frame;
};

/* How many rows of the partition stand in the frame of row i. */
static size_t frame_end(const struct part *p, size_t i)
{
    return p->frame == FRAME_ALL ? p->n : p->frame == FRAME_ROWS ? i + 1 : i;
}

static void run_agg(const struct agg *f, const struct part *p)
{
    struct acc acc = {0};
    size_t done = 0;
    for (size_t i = 0; i < p->n; i++) {
        for (; done < frame_end(p, i); done++) {
            step(f, &acc, p->x[done]);
        }
        p->y[i] = result(f, &acc);
    }
}

typedef double pick_fn(const struct part *p, size_t i);

static double pick_first(const struct part *p, size_t i)
{
    return frame_end(p, i) == 0 ? POST_NULL : p->x[0];
}

static double pick_last(const struct part *p, size_t i)
{
    size_t end = frame_end(p, i);
    return end == 0 ? POST_NULL : p->x[end - 1];
}

static double pick_lag(const struct part *p, size_t i)
{
    return i == 0 ? POST_NULL : p->x[i - 1];
}

static double pick_lead(const struct part *p, size_t i)
{
    return i + 1 == p->n ? POST_NULL : p->x[i + 1];
}

static double pick_row_number(const struct part *p, size_t i)
{
    (void)p;
    return (double)(i + 1);
}

static const struct pick {
    const char *name;
    pick_fn *pick;
    bool no_arg;
} PICKS[] = {
    {"first", pick_first, false},
    {"last", pick_last, false},
    {"lag", pick_lag, false},
    {"lead", pick_lead, false},
    {"row_number", pick_row_number, true},
};

static const struct pick *find_pick(struct sy_view name)
{
    for (size_t i = 0; i < sizeof PICKS / sizeof PICKS[0]; i++) {
        if (sy_view_is(name, PICKS[i].name)) {
            return &PICKS[i];
        }
    }
    return NULL;
}

struct window {
    const size_t *sorted; /* rows by partition, then by order keys */
    size_t *starts;       /* of partitions in `sorted`, and the end */
    size_t n_parts;
    enum frame frame;
    double *x, *y; /* room for the largest partition */
};

/* One function over one partition in one lane; arg NULL: it takes none. */
static void window_lane(const struct window *w, size_t part, struct sy_view fn,
                        const struct post_column *arg, size_t lane, struct post_column *ret)
{
    const size_t *rows = w->sorted + w->starts[part];
    struct part p = {w->x, w->y, w->starts[part + 1] - w->starts[part], w->frame};
    for (size_t i = 0; arg != NULL && i < p.n; i++) {
        w->x[i] = arg->v[rows[i] * arg->width + lane];
    }
    const struct agg *agg = find_agg(fn);
    if (agg != NULL) {
        run_agg(agg, &p);
    }
    const struct pick *pick = find_pick(fn);
    for (size_t i = 0; i < p.n; i++) {
        ret->v[rows[i] * ret->width + lane] = agg != NULL ? p.y[i] : pick->pick(&p, i);
    }
}

static void window_fn(const struct window *w, struct sy_view fn, const struct post_column *arg,
                      struct post_column *ret)
{
    for (size_t part = 0; part < w->n_parts; part++) {
        for (size_t lane = 0; lane < ret->width; lane++) {
            window_lane(w, part, fn, arg, lane, ret);
        }
    }
}

static sy_status open_window(struct post_run *run, const struct sy_plan_rel *r,
                             const struct post_table *outs, struct window *w)
{
    struct post_key *keys;
    size_t *sorted;
    size_t n = outs->n_rows;
    SY_TRY(keys_of(run, r, outs, &keys));
    SY_TRY(post_sorted(run, keys, (size_t)(r->n_keys + r->n_order), n, &sorted));
    SY_TRY(post_alloc(run, n + 1, sizeof *w->starts, &w->starts));
    SY_TRY(post_alloc(run, n, sizeof *w->x, &w->x));
    SY_TRY(post_alloc(run, n, sizeof *w->y, &w->y));
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || post_compare(keys, (size_t)r->n_keys, sorted[i - 1], sorted[i]) != 0) {
            w->starts[w->n_parts++] = i;
        }
    }
    w->starts[w->n_parts] = n;
    w->sorted = sorted;
    w->frame = sy_view_is(r->kind, "all")    ? FRAME_ALL
               : sy_view_is(r->kind, "rows") ? FRAME_ROWS
                                             : FRAME_BEFORE;
    return SY_OK;
}

/* The input's columns stay as they are: only the new ones are made. */
static sy_status window_table(struct post_run *run, size_t i, const struct post_table *in,
                              struct post_table *ret)
{
    const struct sy_post_rel_types *types = &run->types->rels[i];
    struct post_table made;
    SY_TRY(post_new_table(run, types->cols + in->n_cols, types->n_cols - in->n_cols, in->n_rows,
                          &made));
    *ret = (struct post_table){.n_rows = in->n_rows, .n_cols = types->n_cols};
    SY_TRY(post_alloc(run, ret->n_cols, sizeof *ret->cols, &ret->cols));
    memcpy(ret->cols, in->cols, in->n_cols * sizeof *ret->cols);
    memcpy(ret->cols + in->n_cols, made.cols, made.n_cols * sizeof *ret->cols);
    return SY_OK;
}

sy_status post_run_window(struct post_run *run, size_t i)
{
    const struct sy_plan_rel *r = &run->post->rels[i];
    const struct post_table *in = &run->rels[r->in[0]];
    struct post_table outs;
    struct window w = {0};
    SY_TRY(post_eval(run, i, in, &outs));
    SY_TRY(open_window(run, r, &outs, &w));
    SY_TRY(window_table(run, i, in, &run->rels[i]));
    size_t at = (size_t)(r->n_keys + r->n_order);
    for (size_t f = 0; f < r->n_fns; f++) {
        const struct pick *pick = find_pick(r->fns[f]);
        bool takes = pick == NULL || !pick->no_arg;
        window_fn(&w, r->fns[f], takes ? &outs.cols[at] : NULL, &run->rels[i].cols[in->n_cols + f]);
        at += takes ? 1 : 0;
    }
    return SY_OK;
}
