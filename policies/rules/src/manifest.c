/*
 * The manifest beside the plan. A developer writes the manifest, a worker makes the plan; here is
 * decided that the plan says nothing else, so that the reviewer may believe the manifest: blocks with
 * mechanism, bounds, thresholds and prices, shapes, clamps, parameters, and whether there is a post stage. The
 * unit's column and the SQL itself stand in the rendering, which is made from the plan.
 *
 * Invariant: what is compared is compared exactly, but for clamps, where the plan may be narrower (the
 * catalogue's bounds, and arithmetic in the SQL, narrow them too).
 * Source: DESIGN section 4.1; wire/methods.h.
 */
#include "method.h"
#include "wire/post_shape.h"

static bool same_texts(const struct sy_view *a, size_t n_a, const struct sy_view *b, size_t n_b)
{
    bool same = n_a == n_b;
    for (size_t i = 0; same && i < n_a; i++) {
        same = sy_view_eq(a[i], b[i]);
    }
    return same;
}

static bool same_params(const struct sy_plan *plan, const struct sy_model_def *def)
{
    bool same = plan->n_params == def->n_params;
    for (size_t i = 0; same && i < plan->n_params; i++) {
        const struct sy_plan_param *a = &plan->params[i];
        const struct sy_plan_param *b = &def->params[i];
        same = sy_view_eq(a->kind, b->kind) && sy_view_eq(a->name, b->name) &&
               sy_view_eq(a->calendar, b->calendar) && a->scale == b->scale &&
               a->asserted == b->asserted && a->support == b->support &&
               same_texts(a->values, a->n_values, b->values, b->n_values);
    }
    return same;
}

/* ---- clamps ---- */

/* The figure that a block's column shows (of an average: what is summed); NULL when there is none. */
static const struct sy_plan_figure *figure_of(const struct sy_plan *plan, size_t block,
                                              struct sy_view column)
{
    for (size_t i = 0; i < plan->n_outs; i++) {
        const struct sy_plan_out *o = &plan->outs[i];
        if (o->block == block && sy_view_eq(o->name, column) && !sy_view_is(o->op, "key")) {
            return &plan->blocks[block].figures[o->a];
        }
    }
    return NULL;
}

static bool clamp_kept(const struct sy_plan *plan, size_t block, const struct sy_model_clamp *c)
{
    const struct sy_plan_figure *f = figure_of(plan, block, c->figure);
    int64_t lo;
    int64_t hi;
    return f != NULL && sy_view_is(f->fn, "sum") &&
           sy_decimal_parse(c->lo, (uint32_t)f->scale, &lo) &&
           sy_decimal_parse(c->hi, (uint32_t)f->scale, &hi) && lo <= f->lo && f->hi <= hi;
}

/* ---- blocks ---- */

/* A block over public data has neither bounds nor a price, whatever its manifest says. */
static bool is_public(const struct sy_plan_block *b)
{
    return b->ns.n == 0;
}

static bool same_bounds(const struct sy_plan_block *b, const struct sy_model_block *d)
{
    return is_public(b) || (b->groups == d->groups && b->rows == d->rows);
}

/* Cells of the declared keys, saturating; *ret_open: some key is not declared. */
static uint64_t declared_cells(const struct sy_plan_block *b, bool *ret_open)
{
    uint64_t n = 1;
    *ret_open = false;
    for (size_t i = 0; i < b->n_keys; i++) {
        const struct sy_plan_key *k = &b->keys[i];
        uint64_t labels = k->open ? 1 : k->n_labels + (k->nullable ? 1 : 0);
        *ret_open = *ret_open || k->open;
        n = sy_mul_u64(n, labels, &n) ? n : UINT64_MAX;
    }
    return n;
}

/* Thresholds are what was asked for, or what undeclared keys and too many cells take anyway. */
static bool same_threshold(const struct sy_plan_block *b, const struct sy_model_block *d)
{
    bool open;
    bool many = declared_cells(b, &open) > SY_PLAN_CELLS_MAX;
    return d->threshold ? b->sparse || open : !b->sparse || many;
}

/* A shaped block is read through exactly the relation that its shape stands for. */
static bool same_shape(const struct sy_plan *plan, const struct sy_model_def *def, size_t i,
                       struct sy_arena *arena)
{
    const struct sy_model_block *d = &def->blocks[i];
    struct sy_shape s;
    struct sy_error ignored = {0};
    return sy_ok(sy_shape_parse(d->shape, d->n_shape, &s, &ignored)) &&
           sy_shape_kept(plan, i, &s, arena);
}

/* Bins may also be what a quantile in the SELECT list asks for. */
static bool same_tree(const struct sy_plan_block *b, const struct sy_model_block *d)
{
    return sy_view_eq(b->tree, d->tree) || (d->tree.n == 0 && sy_view_is(b->tree, "bins"));
}

static const char *block_differs(const struct sy_plan *plan, const struct sy_model_def *def,
                                 size_t i, struct sy_arena *arena)
{
    const struct sy_plan_block *b = &plan->blocks[i];
    const struct sy_model_block *d = &def->blocks[i];
    const struct {
        bool same;
        const char *part;
    } parts[] = {
        {sy_view_eq(b->name, d->name), "name"},
        {sy_view_eq(b->mechanism, d->mechanism), "mechanism"},
        {same_bounds(b, d), "groups"},
        {is_public(b) || b->rho == d->rho, "rho"},
        {is_public(b) || b->delta == d->delta, "delta"},
        {same_threshold(b, d), "threshold"},
        {same_tree(b, d), "tree"},
        {same_shape(plan, def, i, arena), "shape"},
    };
    for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
        if (!parts[k].same) {
            return parts[k].part;
        }
    }
    for (size_t k = 0; k < d->n_clamps; k++) {
        if (!clamp_kept(plan, i, &d->clamps[k])) {
            return "clamps";
        }
    }
    return NULL;
}

static sy_status differs(struct sy_error *err, const char *field)
{
    return sy_fail(err, SY_E_PLAN, field == NULL ? "plan" : field,
                   "the plan does not say what the manifest says");
}

/* One block may come with a post stage that its SELECT list implies (arithmetic over aggregates). */
static bool same_post(const struct sy_plan *plan, const struct sy_model_def *def)
{
    bool wanted = def->post.n > 0;
    return wanted == (plan->n_post > 0) || (!wanted && def->n_blocks == 1);
}

sy_status manifest_check(const struct sy_plan *plan, const struct sy_model_def *def,
                         struct sy_arena *arena, struct sy_error *err)
{
    if (plan->n_blocks != def->n_blocks) {
        return differs(err, "blocks");
    }
    for (size_t i = 0; i < plan->n_blocks; i++) {
        const char *part = block_differs(plan, def, i, arena);
        if (part != NULL) {
            return differs(err, sy_arena_printf(arena, "blocks[%zu].%s", i, part));
        }
    }
    if (!same_params(plan, def)) {
        return differs(err, "params");
    }
    return same_post(plan, def) ? SY_OK : differs(err, "post");
}

/* ---- the manifest by itself ---- */

/* "post" is how refusals call the post stage (sy_lower_result). */
static bool block_name(const struct sy_model_def *def, size_t i)
{
    struct sy_view name = def->blocks[i].name;
    bool fine = is_text(name, RULES_ID_MAX) && !sy_view_is(name, "post");
    for (size_t k = 0; fine && k < i; k++) {
        fine = !sy_view_eq(name, def->blocks[k].name);
    }
    return fine;
}

sy_status manifest_form(const struct sy_model_def *def, struct sy_error *err)
{
    if (!is_id(def->name) || !is_text(def->title, 1024)) {
        return sy_fail(err, SY_E_FIELD, "name", "a name and a title are required");
    }
    if (def->n_blocks == 0 || def->n_blocks > SY_PLAN_BLOCKS_MAX) {
        return sy_fail(err, SY_E_FIELD, "blocks", "1 to %d blocks", SY_PLAN_BLOCKS_MAX);
    }
    for (size_t i = 0; i < def->n_blocks; i++) {
        struct sy_shape unused;
        SY_TRY(sy_shape_parse(def->blocks[i].shape, def->blocks[i].n_shape, &unused, err));
    }
    if (def->n_blocks > 1 && def->post.n == 0) {
        return sy_fail(err, SY_E_FIELD, "post",
                       "several blocks need a post stage to make one answer");
    }
    for (size_t i = 0; i < def->n_blocks; i++) {
        if (!block_name(def, i)) {
            return sy_fail(err, SY_E_FIELD, "blocks",
                           "each block has a name of its own, other than post");
        }
    }
    return SY_OK;
}
