/*
 * What a block protects, and how: the unit whose contributions are bounded, bounds narrower than the
 * catalogue's, the mechanism, and whether cells leave through thresholds.
 */
#include <stdio.h>

#include "lower_block.h"

/* --- the unit ------------------------------------------------------------------------------------- */

/* The column of a count(DISTINCT column), or of a CASE around it; else NULL. */
static const json_t *distinct_column(const json_t *node)
{
    if (!ast_is_aggregate(node) || !json_is_true(json_object_get(node, "distinct"))) {
        return NULL;
    }
    const json_t *arg = json_array_get(json_object_get(node, "children"), 0);
    const json_t *check = json_array_get(json_object_get(arg, "case_checks"), 0);
    arg = check != NULL ? json_object_get(check, "then_expr") : arg;
    return ast_is(arg, "class", "COLUMN_REF") ? arg : NULL;
}

/* The track of the first unit column that is counted below a node; NULL: none is. */
static sy_status counted_track(struct block *k, const struct sy_rel_units *u, const json_t *node,
                               const struct sy_track **ret)
{
    const json_t *column = distinct_column(node);
    if (column != NULL) {
        size_t ord = 0;
        bool found = false;
        SY_TRY(lower_column(&k->c, column, &ord, &found));
        *ret = found ? sy_unit_track(u, ord) : NULL;
        return SY_OK;
    }
    for (size_t i = 0; *ret == NULL && json_is_array(node) && i < json_array_size(node); i++) {
        SY_TRY(counted_track(k, u, json_array_get(node, i), ret));
    }
    json_t *o = (json_t *)(uintptr_t)node;
    for (void *it = json_object_iter(o); *ret == NULL && it != NULL;
         it = json_object_iter_next(o, it)) {
        SY_TRY(counted_track(k, u, json_object_iter_value(it), ret));
    }
    return SY_OK;
}

/* "m.mother_id" as the tree writes it. */
static json_t *column_node(struct builder *b, struct sy_view name)
{
    const uint8_t *dot = name.n == 0 ? NULL : memchr(name.p, '.', name.n);
    size_t n = dot == NULL ? 0 : (size_t)(dot - name.p);
    struct sy_view column = dot == NULL ? name : sy_view(dot + 1, name.n - n - 1);
    json_t *node =
        json_pack("{s:s, s:s, s:[]}", "class", "COLUMN_REF", "type", "COLUMN_REF", "column_names");
    json_t *parts = json_object_get(node, "column_names");
    bool ok = node != NULL && json_array_append_new(b->trees, node) == 0;
    if (ok && dot != NULL) {
        ok = json_array_append_new(parts, json_stringn((const char *)name.p, n)) == 0;
    }
    ok = ok && json_array_append_new(parts, json_stringn((const char *)column.p, column.n)) == 0;
    return ok ? node : NULL;
}

static sy_status named_unit(struct block *k, const struct sy_rel_units *u)
{
    struct builder *b = k->b;
    json_t *node = column_node(b, k->m->unit);
    size_t ord = 0;
    bool found = false;
    b->pos = 0;
    if (node == NULL) { /* no memory, or bytes that are not text */
        return lower_refuse_named(b, REFUSE_UNIT_NAME, 0, k->m->unit, NULL);
    }
    SY_TRY(lower_column(&k->c, node, &ord, &found));
    k->track = found ? sy_unit_track(u, ord) : NULL;
    if (k->track == NULL) {
        return lower_refuse_named(b, REFUSE_UNIT_NAME, 0, k->m->unit, NULL);
    }
    k->plan.unit = ord;
    return SY_OK;
}

sy_status block_unit(struct block *k)
{
    const struct sy_rel_units *u = &k->b->units[k->v.rel];
    if (!u->is_protected) {
        return k->m->unit.n == 0
                   ? SY_OK
                   : lower_refuse_named(k->b, REFUSE_UNIT_NAME, 0, k->m->unit,
                                        "the block reads public data only, which has no unit");
    }
    if (k->m->unit.n != 0) {
        return named_unit(k, u);
    }
    k->track = &u->tracks[0];
    const struct sy_track *counted = NULL;
    if (u->n_tracks > 1) {
        SY_TRY(counted_track(k, u, k->select, &counted));
    }
    k->track = counted != NULL ? counted : k->track;
    k->plan.unit = sy_track_column(k->track, u->n_cols);
    return SY_OK;
}

/* --- clamps --------------------------------------------------------------------------------------- */

/* The sum behind the column of this name; n_figures when there is none. */
static size_t clamped_figure(const struct block *k, struct sy_view name)
{
    const struct sy_plan *p = &k->b->plan;
    for (size_t i = 0; i < p->n_outs; i++) {
        const struct sy_plan_out *o = &p->outs[i];
        bool mine = o->block == k->ordinal && !sy_view_is(o->op, "key");
        if (mine && sy_view_eq(o->name, name) && sy_view_is(k->plan.figures[o->a].fn, "sum")) {
            return (size_t)o->a;
        }
    }
    return k->plan.n_figures;
}

/* v x 10^-scale as text. */
static void decimal(int64_t v, uint64_t scale, char ret[32])
{
    uint64_t one = 1;
    for (uint64_t i = 0; i < scale; i++) {
        one *= 10;
    }
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    int n = snprintf(ret, 32, "%s%llu", v < 0 ? "-" : "", (unsigned long long)(u / one));
    if (scale > 0) {
        snprintf(ret + n, 32 - (size_t)n, ".%0*llu", (int)scale, (unsigned long long)(u % one));
    }
}

static sy_status refuse_range(struct block *k, const struct sy_model_clamp *c,
                              const struct sy_plan_figure *f)
{
    char lo[32];
    char hi[32];
    char why[128];
    decimal(f->lo, f->scale, lo);
    decimal(f->hi, f->scale, hi);
    snprintf(why, sizeof why, "bounds are lo <= hi within %s and %s, with %llu decimal digits", lo,
             hi, (unsigned long long)f->scale);
    return lower_refuse_named(k->b, REFUSE_CLAMP, 0, c->figure, why);
}

static sy_status set_clamp(struct block *k, const struct sy_model_clamp *c, bool *clamped)
{
    size_t i = clamped_figure(k, c->figure);
    int64_t lo;
    int64_t hi;
    if (i == k->plan.n_figures) {
        return lower_refuse_named(k->b, REFUSE_CLAMP, 0, c->figure, NULL);
    }
    struct sy_plan_figure *f = &k->plan.figures[i];
    uint32_t scale = (uint32_t)f->scale;
    bool valid = sy_decimal_parse(c->lo, scale, &lo) && sy_decimal_parse(c->hi, scale, &hi);
    if (clamped[i] && !(valid && lo == f->lo && hi == f->hi)) {
        return lower_refuse_named(k->b, REFUSE_CLAMP, 0, c->figure,
                                  "the sum behind this column has other bounds already");
    }
    if (!valid || lo > hi || lo < f->lo || hi > f->hi) {
        return refuse_range(k, c, f);
    }
    clamped[i] = true;
    f->lo = lo;
    f->hi = hi;
    return SY_OK;
}

static sy_status set_clamps(struct block *k)
{
    bool *clamped = sy_arena_alloc(k->b->arena, k->plan.n_figures + 1, sizeof *clamped);
    if (clamped == NULL) {
        return lower_no_memory(k->b);
    }
    for (size_t i = 0; i < k->m->n_clamps; i++) {
        SY_TRY(set_clamp(k, &k->m->clamps[i], clamped));
    }
    struct sy_plan *p = &k->b->plan;
    for (size_t i = 0; i < p->n_outs; i++) {
        if (p->outs[i].block == k->ordinal && sy_view_is(p->outs[i].op, "ratio")) {
            block_ratio(&k->plan.figures[p->outs[i].a], &p->outs[i]);
        }
    }
    return SY_OK;
}

/* --- thresholds and mechanism --------------------------------------------------------------------- */

/* Cells of the declared keys, saturating; *ret_open: some key is not declared. */
static uint64_t declared_cells(const struct block *k, bool *ret_open)
{
    uint64_t n = 1;
    *ret_open = false;
    for (size_t i = 0; i < k->plan.n_keys; i++) {
        const struct sy_plan_key *key = &k->plan.keys[i];
        uint64_t labels = key->n_labels + (key->nullable ? 1 : 0);
        *ret_open = *ret_open || key->open;
        if (!key->open && __builtin_mul_overflow(n, labels, &n)) {
            return UINT64_MAX;
        }
    }
    return n;
}

static sy_status set_sparse(struct block *k)
{
    bool open;
    uint64_t cells = declared_cells(k, &open);
    bool sparse = k->m->threshold || (!open && cells > SY_PLAN_CELLS_MAX);
    if (k->track == NULL) {
        return k->m->threshold ? lower_refuse(k->b, REFUSE_THRESHOLD_PUBLIC, 0) : SY_OK;
    }
    if (k->m->delta == 0 && (sparse || open)) {
        return lower_refuse_named(k->b, REFUSE_SPARSE_DELTA,
                                  k->plan.n_keys == 0 ? 0 : lower_find(k->b->sql, 0, "GROUP"),
                                  (struct sy_view){0},
                                  k->m->threshold ? NULL
                                  : open ? "groups without declared values can leave only through "
                                           "noisy thresholds, which need a delta"
                                         : "so many cells can leave only through noisy "
                                           "thresholds, which need a delta");
    }
    k->plan.sparse = sparse;
    return SY_OK;
}

static sy_status check_mechanism(const struct block *k)
{
    static const char *const known[] = {"exact", "gauss", "laplace", "cellkey", "subject"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (sy_view_is(k->m->mechanism, known[i])) {
            return SY_OK;
        }
    }
    return lower_refuse_named(k->b, REFUSE_MECHANISM, 0, k->m->mechanism, NULL);
}

sy_status block_bounds(struct block *k)
{
    const struct sy_model_block *m = k->m;
    bool exact = sy_view_is(m->mechanism, "exact");
    k->plan.mechanism = m->mechanism;
    k->plan.tree = m->tree.n != 0 ? m->tree : k->plan.tree;
    SY_TRY(check_mechanism(k));
    SY_TRY(set_clamps(k));
    SY_TRY(set_sparse(k));
    if (k->track == NULL) {
        return exact ? SY_OK : lower_refuse_named(k->b, REFUSE_NOISY_PUBLIC, 0, m->mechanism, NULL);
    }
    if (exact) {
        return lower_refuse_named(k->b, REFUSE_EXACT_PROTECTED, 0, m->mechanism, NULL);
    }
    k->plan.ns = k->track->ns;
    k->plan.groups = m->groups;
    k->plan.rows = m->rows;
    k->plan.rho = m->rho;
    k->plan.delta = m->delta;
    return SY_OK;
}
