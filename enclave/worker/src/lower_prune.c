/*
 * Minimum necessity: a scan reads only the fields that reach the answer. Lowering binds whole tables;
 * this pass walks the relations from the last to the first, marks which columns are read, drops the
 * rest with the expressions and relations that served only them, and renumbers what stays.
 */
#include "lower_internal.h"

struct pruning {
    struct builder *b;
    bool **used; /* [rel][column] */
    size_t **at; /* [rel][column] -> new ordinal */
    bool *keep;  /* [rel] */
    size_t *rel_at;
};

/* Mark the columns that expression roots read, through the flat list. */
static void mark(const struct sy_plan_expr *e, size_t n, bool *live, bool *cols)
{
    for (size_t i = n; i-- > 0;) {
        if (!live[i]) {
            continue;
        }
        if (sy_view_is(e[i].op, "col")) {
            cols[e[i].i] = true;
        }
        for (size_t k = 0; k < e[i].n_args; k++) {
            live[e[i].args[k]] = true;
        }
    }
}

/* Keep live expressions, renumber their arguments; col ordinals go through `cols`. roots map in place. */
static sy_status compact(struct builder *b, struct sy_plan_expr **exprs, size_t *n_exprs,
                         const bool *live, const size_t *cols, size_t **ret_at)
{
    size_t n = *n_exprs;
    size_t *at = sy_arena_alloc(b->arena, n + 1, sizeof *at);
    struct sy_plan_expr *kept = sy_arena_alloc(b->arena, n + 1, sizeof *kept);
    if (at == NULL || kept == NULL) {
        return lower_no_memory(b);
    }
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!live[i]) {
            continue;
        }
        struct sy_plan_expr e = (*exprs)[i];
        if (sy_view_is(e.op, "col")) {
            e.i = (int64_t)cols[e.i];
        }
        for (size_t k = 0; k < e.n_args; k++) {
            e.args[k] = at[e.args[k]];
        }
        at[i] = m;
        kept[m++] = e;
    }
    *exprs = m == 0 ? NULL : kept;
    *n_exprs = m;
    *ret_at = at;
    return SY_OK;
}

static bool *flags(struct builder *b, size_t n)
{
    return sy_arena_alloc(b->arena, n + 1, sizeof(bool));
}

/* The outs of a relation that stay: all of them, but for unused columns of projections and unused
 * aggregates of reductions. */
static bool out_stays(const struct pruning *p, size_t rel, size_t out)
{
    const struct sy_plan_rel *r = &p->b->plan.rels[rel];
    if (sy_view_is(r->op, "project")) {
        return p->used[rel][out];
    }
    return !sy_view_is(r->op, "reduce") || out < r->n_keys || p->used[rel][out];
}

static bool passes_columns(const struct sy_plan_rel *r)
{
    return sy_view_is(r->op, "filter") || sy_view_is(r->op, "join");
}

/* --- marking, last relation first ----------------------------------------------------------------- */

static sy_status mark_rel(struct pruning *p, size_t i)
{
    struct builder *b = p->b;
    const struct sy_plan_rel *r = &b->plan.rels[i];
    size_t n_left = r->n_in > 0 ? b->types[r->in[0]].n_cols : 0;
    size_t n_in = n_left + (r->n_in > 1 ? b->types[r->in[1]].n_cols : 0);
    bool *live = flags(b, r->n_exprs);
    bool *cols = flags(b, n_in);
    if (live == NULL || cols == NULL) {
        return lower_no_memory(b);
    }
    for (size_t k = 0; k < r->n_outs; k++) {
        live[r->outs[k]] = live[r->outs[k]] || out_stays(p, i, k);
    }
    mark(r->exprs, r->n_exprs, live, cols);
    for (size_t k = 0; passes_columns(r) && k < b->types[i].n_cols; k++) {
        cols[k] = cols[k] || p->used[i][k];
    }
    for (size_t k = 0; k < n_in; k++) {
        bool left = k < n_left;
        bool *u = p->used[r->in[left ? 0 : 1]];
        u[left ? k : k - n_left] = u[left ? k : k - n_left] || cols[k];
    }
    for (size_t k = 0; k < r->n_in; k++) {
        p->keep[r->in[k]] = true;
    }
    return SY_OK;
}

static sy_status mark_all(struct pruning *p)
{
    struct builder *b = p->b;
    struct sy_plan_block *k = &b->plan.blocks[0];
    bool *live = flags(b, k->n_exprs);
    if (live == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < k->n_keys; i++) {
        live[k->keys[i].expr] = true;
    }
    for (size_t i = 0; i < k->n_figures; i++) {
        if (k->figures[i].has_arg) {
            live[k->figures[i].expr] = true;
        }
    }
    mark(k->exprs, k->n_exprs, live, p->used[k->rel]);
    p->keep[k->rel] = true;
    if (k->ns.n != 0) {
        p->used[k->rel][k->unit] = true;
    }
    for (size_t i = b->plan.n_rels; i-- > 0;) {
        if (p->keep[i]) {
            SY_TRY(mark_rel(p, i));
        }
    }
    return SY_OK;
}

/* --- rewriting, first relation first -------------------------------------------------------------- */

static sy_status rewrite_scan(struct pruning *p, size_t i)
{
    struct sy_plan_rel *r = &p->b->plan.rels[i];
    size_t n = 0;
    bool any = false;
    for (size_t k = 0; k < r->n_names; k++) {
        any = any || p->used[i][k];
    }
    p->used[i][0] = any ? p->used[i][0] : true; /* count(*) of a public table still needs rows */
    for (size_t k = 0; k < r->n_names; k++) {
        if (p->used[i][k]) {
            p->at[i][k] = n;
            r->names[n++] = r->names[k];
        }
    }
    r->n_names = n;
    return SY_OK;
}

/* Outs, their names and functions, without the dropped ones. */
static void rewrite_outs(struct pruning *p, size_t i, const size_t *expr_at)
{
    struct sy_plan_rel *r = &p->b->plan.rels[i];
    bool named = r->n_names != 0;
    size_t n = 0;
    size_t n_fns = 0;
    for (size_t k = 0; k < r->n_outs; k++) {
        if (!out_stays(p, i, k)) {
            continue;
        }
        if (named) {
            p->at[i][k] = n;
            r->names[n] = r->names[k];
        }
        if (k >= r->n_keys && r->n_fns != 0) {
            r->fns[n_fns++] = r->fns[k - r->n_keys];
        }
        r->outs[n++] = expr_at[r->outs[k]];
    }
    r->n_outs = n;
    r->n_names = named ? n : 0;
    r->n_fns = n_fns;
}

static sy_status rewrite_exprs(struct pruning *p, size_t i)
{
    struct builder *b = p->b;
    struct sy_plan_rel *r = &b->plan.rels[i];
    size_t n_left = b->types[r->in[0]].n_cols;
    size_t n_in = n_left + (r->n_in > 1 ? b->types[r->in[1]].n_cols : 0);
    size_t left_now = 0;
    for (size_t k = 0; k < n_left; k++) {
        left_now += p->used[r->in[0]][k] ? 1 : 0;
    }
    size_t *cols = sy_arena_alloc(b->arena, n_in + 1, sizeof *cols);
    bool *live = flags(b, r->n_exprs);
    bool *ignored = flags(b, n_in);
    if (cols == NULL || live == NULL || ignored == NULL) {
        return lower_no_memory(b);
    }
    for (size_t k = 0; k < n_in; k++) {
        cols[k] = k < n_left ? p->at[r->in[0]][k] : left_now + p->at[r->in[1]][k - n_left];
        if (passes_columns(r) && k < b->types[i].n_cols) {
            p->at[i][k] = cols[k];
        }
    }
    for (size_t k = 0; k < r->n_outs; k++) {
        live[r->outs[k]] = live[r->outs[k]] || out_stays(p, i, k);
    }
    mark(r->exprs, r->n_exprs, live, ignored);
    size_t *expr_at;
    SY_TRY(compact(b, &r->exprs, &r->n_exprs, live, cols, &expr_at));
    rewrite_outs(p, i, expr_at);
    for (size_t k = 0; k < r->n_in; k++) {
        r->in[k] = p->rel_at[r->in[k]];
    }
    return SY_OK;
}

/* A relation that passes columns through passes all that its input still has. */
static void used_of_passed(struct pruning *p, size_t i)
{
    const struct sy_plan_rel *r = &p->b->plan.rels[i];
    size_t n_left = r->n_in > 0 ? p->b->types[r->in[0]].n_cols : 0;
    for (size_t k = 0; passes_columns(r) && k < p->b->types[i].n_cols; k++) {
        p->used[i][k] = k < n_left ? p->used[r->in[0]][k] : p->used[r->in[1]][k - n_left];
    }
    for (size_t k = 0; sy_view_is(r->op, "reduce") && k < r->n_keys; k++) {
        p->used[i][k] = true;
    }
}

static sy_status rewrite_block(struct pruning *p)
{
    struct builder *b = p->b;
    struct sy_plan_block *k = &b->plan.blocks[0];
    bool *live = flags(b, k->n_exprs);
    bool *ignored = flags(b, b->types[k->rel].n_cols);
    if (live == NULL || ignored == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < k->n_keys; i++) {
        live[k->keys[i].expr] = true;
    }
    for (size_t i = 0; i < k->n_figures; i++) {
        live[k->figures[i].expr] = live[k->figures[i].expr] || k->figures[i].has_arg;
    }
    mark(k->exprs, k->n_exprs, live, ignored);
    size_t *at;
    SY_TRY(compact(b, &k->exprs, &k->n_exprs, live, p->at[k->rel], &at));
    for (size_t i = 0; i < k->n_keys; i++) {
        k->keys[i].expr = at[k->keys[i].expr];
    }
    for (size_t i = 0; i < k->n_figures; i++) {
        k->figures[i].expr = k->figures[i].has_arg ? at[k->figures[i].expr] : 0;
    }
    k->unit = k->ns.n != 0 ? p->at[k->rel][k->unit] : 0;
    k->rel = p->rel_at[k->rel];
    return SY_OK;
}

static sy_status rewrite_all(struct pruning *p)
{
    struct builder *b = p->b;
    size_t n = 0;
    for (size_t i = 0; i < b->plan.n_rels; i++) {
        if (!p->keep[i]) {
            continue;
        }
        used_of_passed(p, i);
        bool scan = sy_view_is(b->plan.rels[i].op, "scan");
        SY_TRY(scan ? rewrite_scan(p, i) : rewrite_exprs(p, i));
        p->rel_at[i] = n++;
    }
    SY_TRY(rewrite_block(p));
    for (size_t i = 0; i < b->plan.n_rels; i++) {
        if (p->keep[i]) {
            b->plan.rels[p->rel_at[i]] = b->plan.rels[i];
        }
    }
    b->plan.n_rels = n;
    return SY_OK;
}

sy_status lower_prune(struct builder *b)
{
    size_t n = b->plan.n_rels;
    struct pruning p = {.b = b};
    p.used = sy_arena_alloc(b->arena, n + 1, sizeof *p.used);
    p.at = sy_arena_alloc(b->arena, n + 1, sizeof *p.at);
    p.keep = flags(b, n);
    p.rel_at = sy_arena_alloc(b->arena, n + 1, sizeof *p.rel_at);
    if (p.used == NULL || p.at == NULL || p.keep == NULL || p.rel_at == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < n; i++) {
        p.used[i] = flags(b, b->types[i].n_cols);
        p.at[i] = sy_arena_alloc(b->arena, b->types[i].n_cols + 1, sizeof **p.at);
        if (p.used[i] == NULL || p.at[i] == NULL) {
            return lower_no_memory(b);
        }
    }
    SY_TRY(mark_all(&p));
    return rewrite_all(&p);
}
