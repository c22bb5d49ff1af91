/*
 * What: the answer of a plan with a post stage. The stage is run on the released figures and, beside them,
 * on simulated lanes (release_lanes.h), a chunk of lanes at a time so that memory stays bounded; the middle
 * 95 % of a figure's lanes are its interval. Invariant: which rows and labels there are is lane 0's word
 * alone, that is, a function of released figures; how many lanes are simulated is the plan's.
 */
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "release_lanes.h"

/* Lanes that are simulated for an interval, and how many a chunk of the stage has. */
enum { SIMULATED_MAX = 1000, SIMULATED_MIN = 80, LANES_MAX = 64, LANES_MIN = 8 };
/* Values that may be computed for intervals, and that a chunk may keep in memory: plans of more than
 * that get fewer lanes. */
static const uint64_t WORK_MAX = UINT64_C(1) << 26, KEPT_MAX = UINT64_C(1) << 23;

struct post {
    const struct rules_model *model;
    const uint64_t *params;
    struct release_lanes lanes;
    const struct sy_post_rel_types *answer; /* the last relation */
    size_t n_outs, simulated, lanes_a_chunk;
    struct sy_arena *arena;
    size_t n_rows;
    struct sy_post_column *points; /* per out: lane 0 */
    struct sy_post_tails *tails; /* per out: of the other lanes; no cells where all are the same */
};

static const struct sy_post_col *type_of(const struct post *p, size_t out)
{
    return &p->answer->cols[p->model->plan.post[0].outs[out].col];
}

/* --- how many lanes -------------------------------------------------------------------------------------- */

/* As many as fit, between least and most. By the plan, not by the data. */
static size_t choose(uint64_t budget, uint64_t each, size_t least, size_t most)
{
    uint64_t n = each == 0 ? most : budget / each;
    return n < least ? least : n > most ? most : (size_t)n;
}

/* --- collecting lanes ------------------------------------------------------------------------------------- */

static sy_status keep_texts(struct post *p, const struct sy_post_column *from,
                            struct sy_post_column *to, struct sy_error *err)
{
    to->texts = sy_arena_alloc(p->arena, p->n_rows + 1, sizeof(*to->texts));
    if (to->texts == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t row = 0; row < p->n_rows; row++) {
        if (from->texts[row].p != NULL) {
            to->texts[row] = sy_arena_copy(p->arena, from->texts[row]);
            if (to->texts[row].p == NULL) {
                return warden_release_no_memory(err);
            }
        }
    }
    return SY_OK;
}

static sy_status keep_point(struct post *p, size_t out, const struct sy_post_column *from,
                            struct sy_error *err)
{
    struct sy_post_column *to = &p->points[out];
    to->kind = from->kind;
    if (from->kind == SY_POST_LABEL) {
        return keep_texts(p, from, to, err);
    }
    to->lanes = sy_arena_alloc(p->arena, p->n_rows + 1, sizeof(double));
    if (to->lanes == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t row = 0; row < p->n_rows; row++) {
        to->lanes[row] = from->lanes[row * p->lanes_a_chunk];
    }
    return type_of(p, out)->noisy
               ? sy_post_tails_new(p->n_rows, p->simulated, p->arena, &p->tails[out], err)
               : SY_OK;
}

static sy_status keep_points(struct post *p, const struct sy_post_table *t, struct sy_error *err)
{
    p->n_rows = t->n_rows;
    if (t->n_rows > p->model->facts.rows_out) {
        return sy_fail(err, SY_E_LIMIT, "rows", NULL);
    }
    for (size_t i = 0; i < p->n_outs; i++) {
        SY_TRY(keep_point(p, i, &t->cols[i], err));
    }
    return SY_OK;
}

static sy_status keep_lanes(struct post *p, const struct sy_post_table *t, uint64_t done,
                            struct sy_error *err)
{
    size_t n = p->simulated - done;
    n = n < p->lanes_a_chunk - 1 ? n : p->lanes_a_chunk - 1;
    for (size_t i = 0; i < p->n_outs; i++) {
        for (size_t row = 0; row < p->tails[i].n_cells; row++) {
            if (!sy_post_tails_add(&p->tails[i], row, &t->cols[i].lanes[row * p->lanes_a_chunk + 1],
                                   n)) {
                return sy_fail(err, SY_E_INTERNAL, "post", NULL);
            }
        }
    }
    return SY_OK;
}

static sy_status run_chunk(struct post *p, uint64_t chunk, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_post_table *blocks, answer;
    const struct rules_model *m = p->model;
    size_t n_lanes = p->lanes_a_chunk;
    SY_TRY(release_lanes_chunk(&p->lanes, chunk, n_lanes, &arena, &blocks, err));
    SY_TRY(sy_post_run(&m->plan, &m->facts.post, p->params, blocks, n_lanes, &arena, &answer, err));
    if (answer.n_cols != p->n_outs || (chunk > 0 && answer.n_rows != p->n_rows)) {
        return sy_fail(err, SY_E_INTERNAL, "post", NULL);
    }
    if (chunk == 0) {
        SY_TRY(keep_points(p, &answer, err));
    }
    return keep_lanes(p, &answer, chunk * (n_lanes - 1), err);
}

static sy_status run_chunks(struct post *p, struct sy_error *err)
{
    p->points = sy_arena_alloc(p->arena, p->n_outs + 1, sizeof(*p->points));
    p->tails = sy_arena_alloc(p->arena, p->n_outs + 1, sizeof(*p->tails));
    if (p->points == NULL || p->tails == NULL) {
        return warden_release_no_memory(err);
    }
    for (uint64_t chunk = 0; chunk * (p->lanes_a_chunk - 1) < p->simulated; chunk++) {
        SY_TRY(run_chunk(p, chunk, err));
    }
    return SY_OK;
}

/* --- columns of the answer -------------------------------------------------------------------------------- */

static int64_t saturate(double v)
{
    const double end = 9223372036854775808.0; /* 2^63 */
    return v >= end ? INT64_MAX : v < -end ? INT64_MIN : (int64_t)v;
}

static double unit_of(const struct sy_plan_post_out *o)
{
    double unit = 1;
    for (uint64_t i = 0; i < o->scale; i++) {
        unit *= 10;
    }
    return unit;
}

/* A number that is a key: its decimal text. */
static sy_status number_text(struct post *p, double v, const struct sy_plan_post_out *o,
                             struct sy_view *ret, struct sy_error *err)
{
    if (isnan(v)) {
        *ret = sy_view_str(RELEASE_NULL_TEXT);
        return SY_OK;
    }
    uint64_t unit = (uint64_t)unit_of(o);
    int64_t n = saturate(round(v * unit_of(o)));
    uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    const char *sign = n < 0 ? "-" : "";
    char *text = o->scale == 0 ? sy_arena_printf(p->arena, "%s%" PRIu64, sign, size)
                               : sy_arena_printf(p->arena, "%s%" PRIu64 ".%0*" PRIu64, sign,
                                                 size / unit, (int)o->scale, size % unit);
    *ret = text != NULL ? sy_view_str(text) : (struct sy_view){0};
    return text != NULL ? SY_OK : warden_release_no_memory(err);
}

static sy_status text_column(struct post *p, size_t out, struct sy_answer_column *ret,
                             struct sy_error *err)
{
    const struct sy_post_column *from = &p->points[out];
    ret->kind = sy_view_str("key");
    ret->texts = sy_arena_alloc(p->arena, p->n_rows + 1, sizeof(*ret->texts));
    if (ret->texts == NULL) {
        return warden_release_no_memory(err);
    }
    ret->n_texts = p->n_rows;
    for (size_t row = 0; row < p->n_rows; row++) {
        if (from->kind != SY_POST_LABEL) {
            SY_TRY(number_text(p, from->lanes[row], &p->model->plan.post[0].outs[out],
                               &ret->texts[row], err));
        } else {
            struct sy_view text = from->texts[row];
            ret->texts[row] = text.p != NULL ? text : sy_view_str(RELEASE_NULL_TEXT);
        }
    }
    return SY_OK;
}

/* The interval of one figure: of its lanes, and never without the figure itself. False: there is none. */
static bool interval(struct post *p, size_t out, size_t row, double *ret_lo, double *ret_hi)
{
    double point = p->points[out].lanes[row];
    *ret_lo = *ret_hi = point;
    if (isnan(point)) {
        return false;
    }
    if (!type_of(p, out)->noisy) {
        return true;
    }
    double lo, hi;
    if (!sy_post_tails_interval(&p->tails[out], row, &lo, &hi)) {
        return false;
    }
    *ret_lo = fmin(lo, point);
    *ret_hi = fmax(hi, point);
    return true;
}

static sy_status figure_column(struct post *p, size_t out, struct sy_answer_column *ret,
                               struct sy_error *err)
{
    const struct sy_plan_post_out *o = &p->model->plan.post[0].outs[out];
    double unit = unit_of(o), lo, hi;
    ret->kind = sy_view_str("figure");
    ret->mechanism = sy_view_str("post");
    ret->scale = o->scale;
    SY_TRY(warden_release_figures(p->arena, p->n_rows, ret, err));
    for (size_t row = 0; row < p->n_rows; row++) {
        if (!interval(p, out, row, &lo, &hi)) {
            ret->withheld[ret->n_withheld++] = row;
            continue;
        }
        ret->values[row] = saturate(round(p->points[out].lanes[row] * unit));
        bool noisy = type_of(p, out)->noisy;
        ret->lo[row] = noisy ? saturate(floor(lo * unit)) : ret->values[row];
        ret->hi[row] = noisy ? saturate(ceil(hi * unit)) : ret->values[row];
    }
    return SY_OK;
}

static sy_status answer_columns(struct post *p, struct sy_answer *ret, struct sy_error *err)
{
    ret->columns = sy_arena_alloc(p->arena, p->n_outs + 1, sizeof(*ret->columns));
    if (ret->columns == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t i = 0; i < p->n_outs; i++) {
        struct sy_answer_column *c = &ret->columns[i];
        c->name = p->model->plan.post[0].outs[i].name;
        c->shaped = p->model->facts.shaped[i];
        bool text = p->points[i].kind == SY_POST_LABEL || type_of(p, i)->key;
        SY_TRY(text ? text_column(p, i, c, err) : figure_column(p, i, c, err));
    }
    ret->n_columns = p->n_outs;
    ret->rows = p->n_rows;
    return SY_OK;
}

sy_status warden_release_post(const struct release_table *tables, const struct sy_plan_types *types,
                              struct sy_answer *ret, struct sy_error *err)
{
    const struct warden_release *c = tables[0].release;
    const struct rules_plan_facts *f = &c->model->facts;
    const struct sy_plan_post *post = &c->model->plan.post[0];
    if (f->post.n_rels == 0) {
        return sy_fail(err, SY_E_INTERNAL, "post", NULL);
    }
    struct post p = {.model = c->model,
                     .params = c->params,
                     .answer = &f->post.rels[f->post.n_rels - 1],
                     .n_outs = post->n_outs,
                     .simulated = choose(WORK_MAX, f->post.work, SIMULATED_MIN, SIMULATED_MAX),
                     .lanes_a_chunk = choose(KEPT_MAX, f->post.values, LANES_MIN, LANES_MAX),
                     .arena = tables[0].arena};
    sy_status s = release_lanes_begin(tables, types, p.arena, &p.lanes, err);
    if (sy_ok(s)) {
        s = run_chunks(&p, err);
    }
    sodium_memzero(p.lanes.seed, sizeof(p.lanes.seed));
    SY_TRY(s);
    return answer_columns(&p, ret, err);
}
