/*
 * How a checked block is noised and how large its figures can be: noise scales, intervals and
 * thresholds by the accountant, and the range of each bounded figure (the warden compares the
 * worker's cells with it). All of it is fixed before the run by plan, catalogue and pack, which is
 * why none of it can tell about data.
 */
#include "plan_internal.h"
#include "wire/identity.h"

static sy_status too_large(struct plan_work *w, size_t i)
{
    return sy_fail(w->err, SY_E_LIMIT, check_path(w, "blocks", i, "f"),
                   "it could leave the range of 62 bits");
}

/* a x b x c when it stays below 2^62. */
static bool product(uint64_t a, uint64_t b, uint64_t c, uint64_t *ret)
{
    uint64_t r;
    if (!sy_mul_u64(a, b, &r) || !sy_mul_u64(r, c, &r) || r >= (uint64_t)SY_PLAN_VALUE_MAX) {
        return false;
    }
    *ret = r;
    return true;
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v;
}

/* ---- one figure ---- */

/* What one row may count for, downwards and upwards. */
static void row_range(const struct sy_plan_figure *f, uint64_t *ret_down, uint64_t *ret_up)
{
    bool sum = sy_view_is(f->fn, "sum");
    *ret_down = sum && f->lo < 0 ? magnitude(f->lo) : 0;
    *ret_up = !sum ? 1 : f->hi > 0 ? magnitude(f->hi) : 0;
}

/* Different values that the argument of `distinct` can have, saturating: no cell has more. A unit of another
 * namespace is one of 2^32 codes at most, which is no bound worth having. */
static uint64_t values_max(const struct plan_work *w, size_t i, const struct sy_plan_figure *f)
{
    const struct sy_type *t = &w->types.blocks[i].exprs[f->expr];
    if (t->kind == SY_TYPE_STR) {
        return t->n_labels;
    }
    if (t->kind == SY_TYPE_BOOL) {
        return 2;
    }
    return t->kind == SY_TYPE_UNIT ? UINT64_MAX : (uint64_t)t->hi - (uint64_t)t->lo + 1;
}

struct sy_view plan_values_ns(const struct plan_work *w, size_t i, const struct sy_plan_figure *f)
{
    bool distinct = sy_view_is(f->fn, "distinct") && w->c->plan->blocks[i].ns.n > 0;
    const struct sy_type *t = distinct ? &w->types.blocks[i].exprs[f->expr] : NULL;
    return t != NULL && t->kind == SY_TYPE_UNIT ? t->ns : (struct sy_view){0};
}

/* Range of the whole cell: as many units as there can be, each with all it may contribute. */
static sy_status cell_range(struct plan_work *w, size_t i, const struct sy_plan_figure *f,
                            struct rules_figure_facts *ret)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    const struct sy_track *t = w->tracks[i];
    bool units = sy_view_is(f->fn, "units");
    uint64_t n_units = t != NULL ? t->units_max : 1;
    uint64_t rows = units ? 1 : t != NULL ? b->rows : w->types.rels[b->rel].rows;
    uint64_t down;
    uint64_t up;
    row_range(f, &down, &up);
    if (!product(n_units, rows, down, &down) || !product(n_units, rows, up, &up)) {
        return too_large(w, i);
    }
    ret->lo = -(int64_t)down;
    ret->hi = (int64_t)(sy_view_is(f->fn, "distinct") ? sy_min_u64(up, values_max(w, i, f)) : up);
    return SY_OK;
}

static sy_status one_figure(struct plan_work *w, size_t i, size_t j, struct rules_block_facts *k)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    const struct sy_plan_figure *f = &b->figures[j];
    struct rules_figure_facts *ret = &k->figures[j];
    bool sum = sy_view_is(f->fn, "sum");
    uint64_t worst;
    ret->reach =
        (struct rules_reach){.groups = b->groups,
                             .rows = sy_view_is(f->fn, "units") ? 1 : b->rows,
                             .bound = sum ? sy_max_u64(magnitude(f->lo), magnitude(f->hi)) : 1};
    ret->scale = (uint32_t)f->scale;
    ret->grade = w->types.blocks[i].figures[j].grade;
    ret->values_ns = plan_values_ns(w, i, f);
    SY_TRY(cell_range(w, i, f, ret));
    if (k->cellkey) {
        return plan_cellkey_figure(w, i, j, ret);
    }
    if (k->kind == RULES_NOISE_NONE) {
        return SY_OK;
    }
    if (k->tree.leaves > 0) {
        return plan_tree_figure(w, i, k, ret);
    }
    if (!product(k->units_max, ret->reach.rows, ret->reach.bound, &worst)) {
        return too_large(w, i);
    }
    ret->rho = rules_rho_share(b->rho, b->n_figures, k->open);
    SY_TRY(rules_noise_scale(k->kind, &ret->reach, ret->rho, &ret->noise, w->err));
    return rules_half_width(k->kind, ret->noise, &ret->half, w->err);
}

/* ---- the block ---- */

static sy_status threshold(struct plan_work *w, const struct sy_plan_block *b,
                           struct rules_block_facts *k)
{
    struct rules_reach one = {.groups = b->groups, .rows = 1, .bound = 1};
    uint64_t share = rules_rho_share(b->rho, b->n_figures, true);
    SY_TRY(rules_noise_scale(k->kind, &one, share, &k->units_noise, w->err));
    return rules_tau(k->kind, k->units_noise, b->groups, b->delta, &k->tau, w->err);
}

static void key_facts(const struct sy_plan_block *b, struct rules_block_facts *k)
{
    for (size_t i = 0; i < b->n_keys; i++) {
        const struct sy_plan_key *key = &b->keys[i];
        k->keys[i].open = key->open;
        k->keys[i].n_cells = key->open ? 0 : key->n_labels + (key->nullable ? 1 : 0);
    }
}

/* How identifiers of the block's units are written: as in the tables that are read, because behind a union or
 * an outer join a column is no table's any more. Any of them that checks its numbers knows their one form. */
static struct sy_view unit_klass(const struct plan_work *w, size_t i)
{
    struct sy_view ns = w->c->plan->blocks[i].ns;
    for (size_t r = 0; r < w->c->plan->n_rels; r++) {
        const struct sy_rel_types *t = &w->types.rels[r];
        for (size_t c = 0; t->def != NULL && c < t->n_cols; c++) {
            const struct sy_type *col = &t->cols[c];
            if (col->kind == SY_TYPE_UNIT && sy_view_eq(col->ns, ns) && col->field != NULL &&
                sy_klass_is_number(sy_klass_of(col->field->klass))) {
                return col->field->klass;
            }
        }
    }
    return (struct sy_view){0};
}

static sy_status one_block(struct plan_work *w, size_t i, struct rules_block_facts *k)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    const struct sy_block_types *t = &w->types.blocks[i];
    k->ns = b->ns;
    k->track = w->tracks[i];
    k->kind = plan_noise(b->mechanism);
    k->cellkey = plan_is_cellkey(w, i);
    k->subject = plan_is_subject(b);
    k->klass = unit_klass(w, i);
    k->open = t->open;
    k->tree = plan_tree(b);
    k->n_cells = t->open ? w->c->pack->cells_max : t->n_cells;
    k->units_max = k->track != NULL ? k->track->units_max : 0;
    k->rho = b->rho;
    k->delta = b->delta;
    k->grade = sy_max_u64(t->grade, 1);
    k->n_keys = b->n_keys;
    k->n_figures = b->n_figures;
    k->keys = sy_arena_alloc(w->arena, b->n_keys + 1, sizeof(*k->keys));
    k->figures = sy_arena_alloc(w->arena, b->n_figures + 1, sizeof(*k->figures));
    if (k->keys == NULL || k->figures == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    key_facts(b, k);
    for (size_t j = 0; j < b->n_figures; j++) {
        SY_TRY(one_figure(w, i, j, k));
    }
    return k->open && k->kind != RULES_NOISE_NONE ? threshold(w, b, k) : SY_OK;
}

sy_status plan_blocks(struct plan_work *w, struct rules_plan_facts *ret)
{
    const struct sy_plan *plan = w->c->plan;
    ret->n_blocks = plan->n_blocks;
    ret->blocks = sy_arena_alloc(w->arena, plan->n_blocks + 1, sizeof(*ret->blocks));
    if (ret->blocks == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < plan->n_blocks; i++) {
        SY_TRY(one_block(w, i, &ret->blocks[i]));
        ret->grade = sy_max_u64(ret->grade, ret->blocks[i].grade);
        ret->cells_max += ret->blocks[i].n_cells; /* each at most SY_PLAN_CELLS_MAX */
    }
    return SY_OK;
}
