/*
 * What: the blocks' tables with simulated lanes (release_lanes.h). Invariant: only released figures are
 * read here; a block without noise has the same figures in all lanes.
 */
#include "release_lanes.h"
#include "release_tree.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* POOL_BITS and a sign make one pick of 16 bits of keystream. */
enum { POOL_BITS = 13, POOL = 1 << POOL_BITS, PICK_BYTES = 2 };
static const uint32_t POOL_STREAMS = UINT32_MAX; /* no block has this number */

static double power10(uint64_t n)
{
    double p = 1; /* exact to 10^22 */
    for (uint64_t i = 0; i < n; i++) {
        p *= 10;
    }
    return p;
}

/* What is simulated on a block's figures; NULL: nothing. */
static const struct mech_figure *noise_of(const struct release_table *t)
{
    return t->worst != NULL ? t->worst : t->noise;
}

/* --- pools ------------------------------------------------------------------------------------------ */

static const struct release_pool *pool_of(const struct release_lanes *l,
                                          const struct mech_figure *noise)
{
    for (size_t i = 0; i < l->n_pools; i++) {
        if (l->pools[i].kind == noise->kind && l->pools[i].scale == noise->scale) {
            return &l->pools[i];
        }
    }
    return NULL;
}

static sy_status add_pool(struct release_lanes *l, const struct mech_figure *noise,
                          struct sy_arena *arena, struct sy_error *err)
{
    MECH_STREAM_CLEANUP struct mech_stream s;
    uint8_t nonce[MECH_NONCE_BYTES];
    struct release_pool *p = &l->pools[l->n_pools];
    *p = (struct release_pool){.kind = noise->kind,
                               .scale = noise->scale,
                               .draws = sy_arena_alloc(arena, POOL, sizeof(double))};
    mech_cell_nonce(POOL_STREAMS, l->n_pools, nonce);
    mech_stream_open(&s, l->seed, nonce);
    if (p->draws == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t i = 0; i < POOL; i++) {
        p->draws[i] = (double)mech_draw(&s, noise->kind, noise->scale);
    }
    l->n_pools++;
    return SY_OK;
}

static sy_status fill_pools(struct release_lanes *l, struct sy_arena *arena, struct sy_error *err)
{
    size_t n = 0;
    for (size_t b = 0; b < l->n_blocks; b++) {
        n += l->tables[b].facts->n_figures;
    }
    l->pools = sy_arena_alloc(arena, n + 1, sizeof(*l->pools));
    if (l->pools == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t b = 0; b < l->n_blocks; b++) {
        const struct release_table *t = &l->tables[b];
        const struct mech_figure *noise = noise_of(t);
        for (size_t f = 0; noise != NULL && f < t->facts->n_figures; f++) {
            if (pool_of(l, &noise[f]) == NULL) {
                SY_TRY(add_pool(l, &noise[f], arena, err));
            }
        }
    }
    return SY_OK;
}

sy_status release_lanes_begin(const struct release_table *tables, const struct sy_plan_types *types,
                              struct sy_arena *arena, struct release_lanes *ret,
                              struct sy_error *err)
{
    const struct warden_release *c = tables[0].release;
    struct sy_post_block *blocks;
    size_t n_blocks;
    SY_TRY(sy_post_blocks(&c->model->plan, types, arena, &blocks, &n_blocks, err));
    *ret = (struct release_lanes){.tables = tables, .blocks = blocks, .n_blocks = n_blocks};
    SY_TRY(mech_hkdf((struct sy_view){0}, sy_view(c->seed, MECH_SEED_BYTES),
                     sy_view_str("shuyu-post-lanes-1"), ret->seed, sizeof(ret->seed)));
    return fill_pools(ret, arena, err);
}

/* --- lanes of figures ---------------------------------------------------------------------------------- */

/* What all columns of one chunk share. */
struct chunk {
    const struct release_lanes *l;
    const struct release_table *t;
    uint64_t number;
    size_t n_lanes;
    struct sy_arena *arena;
};

static double *alloc_lanes(const struct chunk *k)
{
    return sy_arena_alloc(k->arena, k->t->n_rows * k->n_lanes + 1, sizeof(double));
}

static void noise_row(const struct release_pool *pool, struct mech_stream *s, double *row,
                      size_t n_lanes)
{
    uint8_t picks[SY_POST_LANES_MAX * PICK_BYTES];
    mech_stream_read(s, picks, (n_lanes - 1) * PICK_BYTES);
    for (size_t lane = 1; lane < n_lanes; lane++) {
        const uint8_t *p = &picks[(lane - 1) * PICK_BYTES];
        double x = pool->draws[(p[0] | (size_t)p[1] << 8) & (POOL - 1)];
        row[lane] += (p[1] & 0x80) != 0 ? -x : x;
    }
}

/* Withheld by the cell-key method: NULL in every lane. */
static bool is_withheld(const struct release_table *t, size_t row)
{
    return t->withheld != NULL && t->withheld[row];
}

/* Noise on every node of each tree, and what the fit makes of it in the leaves. */
static bool noise_trees(const struct chunk *k, const struct release_pool *pool,
                        struct mech_stream *s, double *lanes)
{
    struct mech_tree shape;
    if (!sy_ok(release_tree_shape(k->t, &shape, NULL))) {
        return false;
    }
    size_t width = shape.n_leaves * k->n_lanes;
    double *nodes = sy_arena_alloc(k->arena, shape.n_nodes * k->n_lanes, sizeof(*nodes));
    for (size_t at = 0; nodes != NULL && at < k->t->n_rows * k->n_lanes; at += width) {
        memset(nodes, 0, shape.n_nodes * k->n_lanes * sizeof(*nodes));
        for (size_t i = 0; i < shape.n_nodes; i++) {
            noise_row(pool, s, &nodes[i * k->n_lanes], k->n_lanes);
        }
        release_tree_fit_lanes(&shape, nodes, k->n_lanes);
        for (size_t i = 0; i < width; i++) {
            lanes[at + i] += nodes[i];
        }
    }
    return nodes != NULL;
}

/* Every lane of a figure, in its own units (no decimals): the released value, and noise on all but the
 * first. */
static double *figure_lanes(const struct chunk *k, size_t figure)
{
    const struct release_table *t = k->t;
    MECH_STREAM_CLEANUP struct mech_stream s;
    uint8_t nonce[MECH_NONCE_BYTES];
    double *lanes = alloc_lanes(k);
    mech_cell_nonce((uint32_t)t->ordinal, k->number * MECH_FIGURES_MAX + figure, nonce);
    mech_stream_open(&s, k->l->seed, nonce);
    const struct mech_figure *noise = noise_of(t);
    const struct release_pool *pool = noise == NULL ? NULL : pool_of(k->l, &noise[figure]);
    bool tree = t->facts->tree.leaves > 0;
    for (size_t row = 0; lanes != NULL && row < t->n_rows; row++) {
        double *at = &lanes[row * k->n_lanes];
        for (size_t lane = 0; lane < k->n_lanes; lane++) {
            at[lane] =
                is_withheld(t, row) ? NAN : (double)t->values[row * t->facts->n_figures + figure];
        }
        if (pool != NULL && !tree) {
            noise_row(pool, &s, at, k->n_lanes);
        }
    }
    bool ok = lanes == NULL || pool == NULL || !tree || noise_trees(k, pool, &s, lanes);
    return ok ? lanes : NULL;
}

/* --- columns of a block ----------------------------------------------------------------------------------- */

typedef sy_status fill_fn(const struct chunk *k, double *const *figures,
                          const struct sy_plan_out *o, struct sy_post_column *ret,
                          struct sy_error *err);

/* An integer's label, as a number in every lane. */
static sy_status number_key(const struct chunk *k, const struct sy_view *labels,
                            struct sy_post_column *ret, struct sy_error *err)
{
    ret->lanes = alloc_lanes(k);
    if (ret->lanes == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t row = 0; row < k->t->n_rows; row++) {
        char text[32];
        sy_view_to_cstr(labels[row], text, sizeof(text));
        double v = labels[row].p == NULL ? NAN : (double)strtoll(text, NULL, 10);
        for (size_t lane = 0; lane < k->n_lanes; lane++) {
            ret->lanes[row * k->n_lanes + lane] = v;
        }
    }
    return SY_OK;
}

static sy_status fill_key(const struct chunk *k, double *const *figures,
                          const struct sy_plan_out *o, struct sy_post_column *ret,
                          struct sy_error *err)
{
    (void)figures;
    if (ret->kind == SY_POST_NUMBER) {
        return number_key(k, k->t->labels[o->a], ret, err);
    }
    ret->texts = k->t->labels[o->a];
    return SY_OK;
}

static sy_status fill_figure(const struct chunk *k, double *const *figures,
                             const struct sy_plan_out *o, struct sy_post_column *ret,
                             struct sy_error *err)
{
    double unit = power10(k->t->facts->figures[o->a].scale);
    ret->lanes = alloc_lanes(k);
    if (ret->lanes == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t i = 0; i < k->t->n_rows * k->n_lanes; i++) {
        ret->lanes[i] = figures[o->a][i] / unit;
    }
    return SY_OK;
}

/* A simulated quotient: as the released one is made, but for the rounding. */
static double lane_quotient(const struct release_ratio *r, double a, double b)
{
    double lo = (double)r->out->lo, hi = (double)r->out->hi;
    double q = b > 0 ? a / b * (double)r->factor : NAN;
    return q < lo ? lo : q > hi ? hi : q;
}

static sy_status fill_ratio(const struct chunk *k, double *const *figures,
                            const struct sy_plan_out *o, struct sy_post_column *ret,
                            struct sy_error *err)
{
    const struct release_table *t = k->t;
    struct release_ratio r = {0};
    double unit = power10(o->scale);
    SY_TRY(warden_release_ratio(t, o, &r, err));
    ret->lanes = alloc_lanes(k);
    if (ret->lanes == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t i = 0; i < t->n_rows * k->n_lanes; i++) {
        ret->lanes[i] = lane_quotient(&r, figures[o->a][i], figures[o->b][i]) / unit;
    }
    for (size_t row = 0; row < t->n_rows; row++) {
        const int64_t *v = &t->values[row * t->facts->n_figures];
        int64_t q;
        bool shown = !is_withheld(t, row) && warden_release_quotient(&r, v[o->a], v[o->b], &q);
        ret->lanes[row * k->n_lanes] = shown ? (double)q / unit : NAN;
    }
    return SY_OK;
}

static const struct {
    const char *op;
    fill_fn *fill;
} fillers[] = {{"key", fill_key}, {"figure", fill_figure}, {"ratio", fill_ratio}};

static sy_status fill_column(const struct chunk *k, double *const *figures,
                             const struct sy_plan_out *o, struct sy_post_column *ret,
                             struct sy_error *err)
{
    for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++) {
        if (sy_view_is(o->op, fillers[i].op)) {
            return fillers[i].fill(k, figures, o, ret, err);
        }
    }
    return warden_release_misfit(err, "output");
}

static sy_status fill_figures(const struct chunk *k, double ***ret, struct sy_error *err)
{
    size_t n = k->t->facts->n_figures;
    double **figures = sy_arena_alloc(k->arena, n + 1, sizeof(*figures));
    for (size_t f = 0; figures != NULL && f < n; f++) {
        figures[f] = figure_lanes(k, f);
        if (figures[f] == NULL) {
            return warden_release_no_memory(err);
        }
    }
    *ret = figures;
    return figures != NULL ? SY_OK : warden_release_no_memory(err);
}

static sy_status block_table(const struct chunk *k, struct sy_post_table *ret, struct sy_error *err)
{
    const struct sy_plan *plan = &k->t->release->model->plan;
    const struct sy_post_block *block = &k->l->blocks[k->t->ordinal];
    double **figures;
    SY_TRY(fill_figures(k, &figures, err));
    *ret = (struct sy_post_table){.n_rows = k->t->n_rows};
    ret->cols = sy_arena_alloc(k->arena, block->n_cols + 1, sizeof(*ret->cols));
    if (ret->cols == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t i = 0; i < plan->n_outs; i++) {
        if (plan->outs[i].block == k->t->ordinal && ret->n_cols < block->n_cols) {
            struct sy_post_column *col = &ret->cols[ret->n_cols];
            col->kind = block->cols[ret->n_cols++].kind;
            SY_TRY(fill_column(k, figures, &plan->outs[i], col, err));
        }
    }
    return ret->n_cols == block->n_cols ? SY_OK : warden_release_misfit(err, "columns");
}

sy_status release_lanes_chunk(const struct release_lanes *l, uint64_t chunk, size_t n_lanes,
                              struct sy_arena *arena, struct sy_post_table **ret,
                              struct sy_error *err)
{
    struct sy_post_table *tables = sy_arena_alloc(arena, l->n_blocks, sizeof(*tables));
    if (tables == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t b = 0; b < l->n_blocks; b++) {
        struct chunk k = {
            .l = l, .t = &l->tables[b], .number = chunk, .n_lanes = n_lanes, .arena = arena};
        SY_TRY(block_table(&k, &tables[b], err));
    }
    *ret = tables;
    return SY_OK;
}
