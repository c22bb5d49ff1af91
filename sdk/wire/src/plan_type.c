/*
 * Typing of a whole plan: parameters, sources, relations, then each block with its keys, figures and
 * bounds, then the output columns. The pieces are in plan_type_value.c, plan_type_expr.c and
 * plan_type_rel.c. Nothing here looks at a row, and nothing recurses.
 */
#include <stdio.h>

#include "plan_type_internal.h"

/* Codes of units are 32 bits wide: no namespace holds more units than this. */
static const uint64_t UNITS_MAX = (uint64_t)1 << 32;

struct plan {
    const struct sy_plan *p;
    struct sy_typer t;
    struct sy_plan_types *ret;
    struct sy_error *err;
};

sy_status plan_path(sy_status st, struct sy_error *reterr, const char *list, size_t i)
{
    if (sy_ok(st) || reterr == NULL) {
        return st;
    }
    char inner[sizeof reterr->field];
    memcpy(inner, reterr->field, sizeof inner);
    inner[sizeof inner - 1] = 0;
    char path[2 * sizeof inner];
    snprintf(path, sizeof path, "%s[%zu]%s%s", list, i, inner[0] == 0 ? "" : ".", inner);
    memcpy(reterr->field, path, sizeof reterr->field - 1);
    reterr->field[sizeof reterr->field - 1] = 0;
    return st;
}

/* --- sources and relations ---------------------------------------------------------------------- */

static bool source_is_scanned(const struct sy_plan *p, struct sy_view dataset)
{
    for (size_t i = 0; i < p->n_rels; i++) {
        if (sy_view_is(p->rels[i].op, "scan") && sy_view_eq(p->rels[i].source, dataset)) {
            return true;
        }
    }
    return false;
}

static size_t source_position(const struct sy_plan *p, struct sy_view dataset)
{
    size_t i = 0;
    while (i < p->n_sources && !sy_view_eq(p->sources[i].dataset, dataset)) {
        i++;
    }
    return i;
}

static sy_status check_sources(struct plan *x)
{
    for (size_t i = 0; i < x->p->n_sources; i++) {
        struct sy_view id = x->p->sources[i].dataset;
        if (source_position(x->p, id) != i || !source_is_scanned(x->p, id)) {
            return PLAN_FAIL(x->err, "sources", "a source is repeated or not read");
        }
    }
    for (size_t i = 0; i < x->p->n_rels; i++) {
        const struct sy_plan_rel *r = &x->p->rels[i];
        if (sy_view_is(r->op, "scan") && source_position(x->p, r->source) == x->p->n_sources) {
            return PLAN_FAIL(x->err, "sources", "a scan reads %.*s, which is not a source",
                             SY_PV(r->source));
        }
    }
    return SY_OK;
}

static sy_status type_rels(struct plan *x)
{
    if (x->p->n_rels == 0 || x->p->n_rels > SY_PLAN_RELS_MAX) {
        return PLAN_FAIL(x->err, "rels", "1 to %d relations", SY_PLAN_RELS_MAX);
    }
    x->ret->rels = sy_arena_alloc(x->t.arena, x->p->n_rels, sizeof *x->ret->rels);
    if (x->ret->rels == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < x->p->n_rels; i++) {
        SY_TRY(sy_type_rel(&x->t, x->p->rels, i, x->ret->rels, x->err));
    }
    return SY_OK;
}

/* --- blocks ------------------------------------------------------------------------------------- */

struct block {
    struct plan *x;
    const struct sy_plan_block *b;
    const struct sy_rel_types *rel;
    struct sy_block_types *ret;
    struct sy_error *err;
};

static bool labels_eq(const struct sy_plan_key *k, const struct sy_view *labels, size_t n)
{
    if (k->n_labels != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!sy_view_eq(k->labels[i], labels[i])) {
            return false;
        }
    }
    return true;
}

static sy_status type_key(struct block *k, size_t i)
{
    const struct sy_plan_key *key = &k->b->keys[i];
    if (key->name.n == 0 || key->expr >= k->b->n_exprs) {
        return PLAN_FAIL(k->err, "e", "a key needs a name and an expression");
    }
    struct sy_type *t = &k->ret->keys[i];
    *t = k->ret->exprs[key->expr];
    const struct sy_view *labels;
    size_t n;
    SY_TRY(sy_type_labels(t, k->x->t.arena, &labels, &n, k->err));
    if (key->open != t->open || key->nullable != t->nullable || !labels_eq(key, labels, n)) {
        return PLAN_FAIL(k->err, "l", "the key's cells are not those that the catalogue declares");
    }
    k->ret->open = k->ret->open || t->open;
    uint64_t cells = t->open ? 1 : n + (t->nullable ? 1 : 0);
    if (!sy_mul_u64(k->ret->n_cells, cells, &k->ret->n_cells) ||
        k->ret->n_cells > (uint64_t)SY_PLAN_VALUE_MAX) {
        return PLAN_FAIL(k->err, "l", "more than 2^62 cells");
    }
    k->ret->grade = sy_max_u64(k->ret->grade, t->grade);
    return SY_OK;
}

/* Worst |value| of rows of this figure, times `rows`, within +-2^62? */
static bool sum_fits(const struct sy_plan_figure *f, uint64_t rows)
{
    sy_i128 m = f->hi > -(sy_i128)f->lo ? f->hi : -(sy_i128)f->lo;
    int64_t unused;
    return m <= (sy_i128)SY_PLAN_VALUE_MAX && plan_value(m * rows, &unused);
}

/* Most units that the block can see: no more than rows of the dataset that its unit column is from. */
static uint64_t units_max(const struct block *k)
{
    const struct sy_type *unit = &k->rel->cols[k->b->unit];
    return unit->def == NULL ? UNITS_MAX : sy_min_u64(UNITS_MAX, unit->def->max_rows);
}

static sy_status figure_sum(struct block *k, const struct sy_plan_figure *f, struct sy_type *ret)
{
    const struct sy_type *a = &k->ret->exprs[f->expr];
    if (!f->has_arg || a->kind != SY_TYPE_INT || f->scale != a->scale || f->lo > f->hi ||
        f->lo < a->lo || f->hi > a->hi) {
        return PLAN_FAIL(k->err, "e",
                         "sum takes an integer, at its scale, clamped within its interval");
    }
    bool exact = k->b->ns.n == 0;
    uint64_t cell = k->rel->rows;
    if (!exact) {
        cell = sy_min_u64(cell, plan_rows_mul(units_max(k), k->b->rows));
    }
    uint64_t rows = exact ? k->rel->rows : k->b->rows;
    if (!sum_fits(f, sy_max_u64(cell, rows))) {
        return PLAN_FAIL(k->err, "hi",
                         "the worst case of this sum leaves +-2^62; narrow the bounds");
    }
    ret->scale = (uint32_t)f->scale;
    ret->lo = f->lo < 0 ? f->lo * (int64_t)rows : 0;
    ret->hi = f->hi > 0 ? f->hi * (int64_t)rows : 0;
    return SY_OK;
}

static sy_status figure_count(struct block *k, const struct sy_plan_figure *f, struct sy_type *ret)
{
    (void)f;
    ret->hi = (int64_t)(k->b->ns.n == 0 ? k->rel->rows : k->b->rows);
    return SY_OK;
}

static sy_status figure_units(struct block *k, const struct sy_plan_figure *f, struct sy_type *ret)
{
    (void)f;
    if (k->b->ns.n == 0) {
        return PLAN_FAIL(k->err, "g",
                         "units counts the block's own units, and public rows have none");
    }
    ret->hi = 1;
    return SY_OK;
}

/* Different values: of what has few enough kinds of equality to be counted. The block's own units are
 * counted by `units`; other units of their namespace would be counted under the wrong bound. */
static sy_status figure_distinct(struct block *k, const struct sy_plan_figure *f,
                                 struct sy_type *ret)
{
    const struct sy_type *a = f->has_arg ? &k->ret->exprs[f->expr] : NULL;
    bool own = a != NULL && a->kind == SY_TYPE_UNIT && sy_view_eq(a->ns, k->b->ns);
    if (a == NULL || own || a->open || a->nothing) {
        return PLAN_FAIL(k->err, "e",
                         "distinct takes a declared label, an integer, a date, a condition or a "
                         "unit of another namespace");
    }
    if (!sy_view_is(k->b->mechanism, "exact") && !sy_view_is(k->b->mechanism, "gauss") &&
        !sy_view_is(k->b->mechanism, "laplace")) {
        return PLAN_FAIL(k->err, "f", "different values are counted exactly or with noise only");
    }
    return figure_count(k, f, ret);
}

static sy_status type_figure(struct block *k, size_t i)
{
    static const struct {
        const char *name;
        sy_status (*type)(struct block *, const struct sy_plan_figure *, struct sy_type *);
        bool clamps;
    } fns[] = {{"count", figure_count, false},
               {"units", figure_units, false},
               {"sum", figure_sum, true},
               {"distinct", figure_distinct, false}};
    const struct sy_plan_figure *f = &k->b->figures[i];
    struct sy_type *ret = &k->ret->figures[i];
    if (f->name.n == 0 || (f->has_arg ? f->expr >= k->b->n_exprs : f->expr != 0)) {
        return PLAN_FAIL(k->err, "e", "a figure needs a name and an argument that exists");
    }
    for (size_t j = 0; j < sizeof fns / sizeof fns[0]; j++) {
        if (sy_view_is(f->fn, fns[j].name)) {
            if (!fns[j].clamps && (f->lo != 0 || f->hi != 0 || f->scale != 0)) {
                return PLAN_FAIL(k->err, "", "only a sum has clamps and a scale");
            }
            ret->kind = SY_TYPE_INT;
            k->ret->grade =
                sy_max_u64(k->ret->grade, f->has_arg ? k->ret->exprs[f->expr].grade : 0);
            ret->grade = f->has_arg ? k->ret->exprs[f->expr].grade : 0;
            return fns[j].type(k, f, ret);
        }
    }
    return PLAN_FAIL(k->err, "f", "a figure is count, units, sum or distinct");
}

static sy_status check_unit(struct block *k)
{
    const struct sy_plan_block *b = k->b;
    if (b->ns.n == 0) {
        return b->unit == 0 && b->groups == 0 && b->rows == 0 && sy_view_is(b->mechanism, "exact")
                   ? SY_OK
                   : PLAN_FAIL(k->err, "ns", "a block without a unit is exact and has no bounds");
    }
    if (b->unit >= k->rel->n_cols || k->rel->cols[b->unit].kind != SY_TYPE_UNIT ||
        !sy_view_eq(k->rel->cols[b->unit].ns, b->ns)) {
        return PLAN_FAIL(k->err, "u", "the unit is not a column of this namespace");
    }
    if (b->groups == 0 || b->rows == 0 || b->groups > (uint64_t)INT32_MAX ||
        b->rows > (uint64_t)INT32_MAX) {
        return PLAN_FAIL(k->err, "g", "groups and rows per unit are at least 1");
    }
    k->ret->grade = sy_max_u64(k->ret->grade, k->rel->cols[b->unit].grade);
    return SY_OK;
}

static sy_status alloc_block(struct block *k)
{
    const struct sy_plan_block *b = k->b;
    bool subject = sy_view_is(b->mechanism, SY_PLAN_SUBJECT);
    if (subject && (b->n_keys != 1 || b->n_figures != 0)) {
        return PLAN_FAIL(k->err, "k", "an answer about one subject is one key, and no figure");
    }
    if (b->n_keys > SY_PLAN_KEYS_MAX || (b->n_figures == 0 && !subject) ||
        b->n_figures > SY_PLAN_FIGURES_MAX) {
        return PLAN_FAIL(k->err, "f", "at most %d keys, and 1 to %d figures", SY_PLAN_KEYS_MAX,
                         SY_PLAN_FIGURES_MAX);
    }
    struct sy_arena *a = k->x->t.arena;
    k->ret->exprs = sy_arena_alloc(a, b->n_exprs + 1, sizeof *k->ret->exprs);
    k->ret->keys = sy_arena_alloc(a, b->n_keys + 1, sizeof *k->ret->keys);
    k->ret->figures = sy_arena_alloc(a, b->n_figures + 1, sizeof *k->ret->figures);
    if (k->ret->exprs == NULL || k->ret->keys == NULL || k->ret->figures == NULL) {
        return sy_fail(k->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    return SY_OK;
}

/* Every cell's presence tells about the rows and about all keys. */
static void raise_grades(struct block *k)
{
    uint64_t shape =
        sy_max_u64(k->rel->grade, k->b->ns.n == 0 ? 0 : k->rel->cols[k->b->unit].grade);
    for (size_t i = 0; i < k->b->n_keys; i++) {
        shape = sy_max_u64(shape, k->ret->keys[i].grade);
    }
    for (size_t i = 0; i < k->b->n_keys; i++) {
        k->ret->keys[i].grade = shape;
    }
    for (size_t i = 0; i < k->b->n_figures; i++) {
        k->ret->figures[i].grade = sy_max_u64(shape, k->ret->figures[i].grade);
    }
}

static sy_status type_block(struct block *k)
{
    const struct sy_plan_block *b = k->b;
    if (b->name.n == 0 || b->rel >= k->x->p->n_rels) {
        return PLAN_FAIL(k->err, "r", "a block needs a name and a relation");
    }
    k->rel = &k->x->ret->rels[b->rel];
    k->ret->grade = k->rel->grade;
    k->ret->n_cells = 1;
    SY_TRY(alloc_block(k));
    struct sy_expr_scope scope = {k->rel->cols, k->rel->n_cols, b->exprs, k->ret->exprs};
    SY_TRY(plan_exprs(&k->x->t, &scope, b->n_exprs, k->err));
    SY_TRY(check_unit(k));
    for (size_t i = 0; i < b->n_keys; i++) {
        SY_TRY(plan_path(type_key(k, i), k->err, "k", i));
    }
    k->ret->open = k->ret->open || b->sparse;
    if (!k->ret->open && k->ret->n_cells > SY_PLAN_CELLS_MAX) {
        return PLAN_FAIL(k->err, "k", "more than %d cells; let them leave through thresholds",
                         SY_PLAN_CELLS_MAX);
    }
    for (size_t i = 0; i < b->n_figures; i++) {
        SY_TRY(plan_path(type_figure(k, i), k->err, "f", i));
    }
    SY_TRY(plan_tree_type(b, k->ret, k->err));
    raise_grades(k);
    return SY_OK;
}

static sy_status type_blocks(struct plan *x)
{
    if (x->p->n_blocks == 0 || x->p->n_blocks > SY_PLAN_BLOCKS_MAX) {
        return PLAN_FAIL(x->err, "blocks", "1 to %d blocks", SY_PLAN_BLOCKS_MAX);
    }
    x->ret->blocks = sy_arena_alloc(x->t.arena, x->p->n_blocks, sizeof *x->ret->blocks);
    if (x->ret->blocks == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < x->p->n_blocks; i++) {
        for (size_t j = 0; j < i; j++) {
            if (sy_view_eq(x->p->blocks[i].name, x->p->blocks[j].name)) {
                return PLAN_FAIL(x->err, "blocks", "two blocks have one name");
            }
        }
        struct block k = {x, &x->p->blocks[i], NULL, &x->ret->blocks[i], x->err};
        SY_TRY(plan_path(type_block(&k), x->err, "blocks", i));
    }
    return SY_OK;
}

/* --- output columns ----------------------------------------------------------------------------- */

static sy_status check_ratio(const struct sy_plan_out *o, const struct sy_plan_block *b,
                             struct sy_error *err)
{
    int64_t unused;
    if (o->a >= b->n_figures || o->b >= b->n_figures || sy_view_is(b->figures[o->b].fn, "sum")) {
        return PLAN_FAIL(err, "a", "a ratio divides a figure by a count");
    }
    if (b->tree.n != 0) {
        return PLAN_FAIL(err, "o", "a tree releases its cells, not ratios");
    }
    if (o->scale > SY_PLAN_SCALE_MAX || o->lo > o->hi || !plan_value(o->lo, &unused) ||
        !plan_value(o->hi, &unused)) {
        return PLAN_FAIL(err, "s", "the scale or the interval of a ratio is out of range");
    }
    return SY_OK;
}

static sy_status check_out(const struct sy_plan *p, const struct sy_plan_out *o,
                           struct sy_error *err)
{
    if (o->name.n == 0 || o->block >= p->n_blocks) {
        return PLAN_FAIL(err, "bl", "a column needs a name and a block");
    }
    const struct sy_plan_block *b = &p->blocks[o->block];
    if (sy_view_is(o->op, "ratio")) {
        return check_ratio(o, b, err);
    }
    if (o->b != 0 || o->lo != 0 || o->hi != 0 || o->scale != 0) {
        return PLAN_FAIL(err, "", "only a ratio has a second figure, an interval and a scale");
    }
    if (sy_view_is(o->op, "key") ? o->a < b->n_keys
                                 : sy_view_is(o->op, "figure") && o->a < b->n_figures) {
        return SY_OK;
    }
    return PLAN_FAIL(err, "o", "a column is an existing key, figure or ratio");
}

/* What the blocks release, to the answer or to the post stage, which is typed elsewhere (wire/post.h). */
static sy_status check_outs(struct plan *x)
{
    const struct sy_plan *p = x->p;
    if (p->n_post > 1 || (p->n_post == 0 && p->n_blocks != 1)) {
        return PLAN_FAIL(x->err, "post",
                         "several blocks need a post stage, and there is one at most");
    }
    if (p->n_outs == 0 || p->n_outs > SY_PLAN_OUTS_MAX) {
        return PLAN_FAIL(x->err, "outs", "1 to %d columns", SY_PLAN_OUTS_MAX);
    }
    for (size_t i = 0; i < p->n_outs; i++) {
        SY_TRY(plan_path(check_out(p, &p->outs[i], x->err), x->err, "outs", i));
        for (size_t j = 0; j < i; j++) {
            if (p->outs[i].block == p->outs[j].block &&
                sy_view_eq(p->outs[i].name, p->outs[j].name)) {
                return PLAN_FAIL(x->err, "outs", "two columns are called %.*s",
                                 SY_PV(p->outs[i].name));
            }
        }
    }
    return SY_OK;
}

/* --- all of it ---------------------------------------------------------------------------------- */

static sy_status type_plan(struct plan *x, const struct sy_dataset_def *defs, size_t n_defs,
                           struct sy_arena *arena)
{
    const struct sy_plan *p = x->p;
    if (p->v != SY_PLAN_SCHEMA) {
        return PLAN_FAIL(x->err, "v", "plan schema %llu is unknown", (unsigned long long)p->v);
    }
    SY_TRY(sy_typer_init(&x->t, p->params, p->n_params, defs, n_defs, arena, x->err));
    x->ret->params = x->t.params;
    SY_TRY(type_rels(x));
    SY_TRY(check_sources(x));
    SY_TRY(type_blocks(x));
    return check_outs(x);
}

sy_status sy_plan_type(const struct sy_plan *plan, const struct sy_dataset_def *defs, size_t n_defs,
                       struct sy_arena *arena, struct sy_plan_types *ret, struct sy_error *reterr)
{
    *ret = (struct sy_plan_types){0};
    struct plan x = {.p = plan, .ret = ret, .err = reterr};
    sy_status st = type_plan(&x, defs, n_defs, arena);
    if (!sy_ok(st)) {
        *ret = (struct sy_plan_types){0};
    }
    return st;
}
