/*
 * Minimum necessity: a scan reads only the fields that reach an answer. Lowering binds whole tables;
 * this pass marks which columns are read, from the blocks down, drops the rest with the expressions,
 * functions and relations that served only them, and renumbers what stays.
 *
 * What a relation has depends both on what is read from it and, where columns pass through, on what
 * its inputs have: so marks go down and up until nothing is added.
 */
#include "lower_internal.h"

struct pruning {
    struct builder *b;
    bool **used; /* [rel][column]: read, and in the end present */
    size_t **at; /* [rel][column] -> new ordinal */
    bool *keep;  /* [rel] */
    size_t *rel_at;
    size_t n_marks;
};

/* --- shapes of relations -------------------------------------------------------------------------- */

static size_t cols_of(const struct pruning *p, size_t rel)
{
    return p->b->types[rel].n_cols;
}

static bool is_op(const struct sy_plan_rel *r, const char *op)
{
    return sy_view_is(r->op, op);
}

/* Do columns of the inputs go through? Of a join both sides', of a semi or anti join the left's. */
static bool passes_columns(const struct sy_plan_rel *r)
{
    return is_op(r, "filter") || is_op(r, "join") || is_op(r, "window");
}

static size_t n_in_cols(const struct pruning *p, const struct sy_plan_rel *r)
{
    size_t n = r->n_in == 0 ? 0 : cols_of(p, r->in[0]);
    return is_op(r, "join") ? n + cols_of(p, r->in[1]) : n;
}

/* Where column k of the expressions' inputs comes from. */
static bool *used_in(const struct pruning *p, const struct sy_plan_rel *r, size_t k)
{
    size_t n_left = cols_of(p, r->in[0]);
    return k < n_left ? &p->used[r->in[0]][k] : &p->used[r->in[1]][k - n_left];
}

static size_t fn_args(struct sy_view fn)
{
    static const struct {
        const char *name;
        size_t n;
    } odd[] = {{"arg_max", 2}, {"arg_min", 2}, {"row_number", 0}, {"rank", 0}, {"dense_rank", 0}};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        if (sy_view_is(fn, odd[i].name)) {
            return odd[i].n;
        }
    }
    return 1;
}

/* Column that function j of a reduction or window makes. */
static size_t fn_col(const struct pruning *p, const struct sy_plan_rel *r, size_t j)
{
    return j + (is_op(r, "window") ? cols_of(p, r->in[0]) : (size_t)r->n_keys);
}

/* The function that takes out k, which is none of the keys; n_fns when there is none. */
static size_t fn_of_out(const struct sy_plan_rel *r, size_t k)
{
    size_t at = (size_t)(r->n_keys + r->n_order);
    for (size_t j = 0; j < r->n_fns; j++) {
        at += fn_args(r->fns[j]);
        if (k < at) {
            return j;
        }
    }
    return r->n_fns;
}

static bool out_stays(const struct pruning *p, size_t rel, size_t k)
{
    const struct sy_plan_rel *r = &p->b->plan.rels[rel];
    if (is_op(r, "project")) {
        return p->used[rel][k];
    }
    if (r->n_fns == 0 || k < r->n_keys + r->n_order) {
        return true;
    }
    return p->used[rel][fn_col(p, r, fn_of_out(r, k))];
}

/* A window none of whose functions is read adds nothing: its input takes its place. */
static bool is_idle(const struct pruning *p, size_t rel)
{
    const struct sy_plan_rel *r = &p->b->plan.rels[rel];
    bool idle = is_op(r, "window");
    for (size_t j = 0; idle && j < r->n_fns; j++) {
        idle = !p->used[rel][fn_col(p, r, j)];
    }
    return idle;
}

/* --- expressions ---------------------------------------------------------------------------------- */

static bool *flags(struct builder *b, size_t n)
{
    return sy_arena_alloc(b->arena, n + 1, sizeof(bool));
}

/* Follow live expressions down the flat list, to the columns they read. */
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

/* A copy: relations may share a list. */
static sy_status renumber_args(struct builder *b, struct sy_plan_expr *e, const size_t *at)
{
    uint64_t *args = sy_arena_alloc(b->arena, e->n_args + 1, sizeof *args);
    if (args == NULL) {
        return lower_no_memory(b);
    }
    for (size_t k = 0; k < e->n_args; k++) {
        args[k] = at[e->args[k]];
    }
    e->args = e->n_args == 0 ? NULL : args;
    return SY_OK;
}

/* Keep live expressions, renumber their arguments; columns go through `cols`. */
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
        SY_TRY(renumber_args(b, &e, at));
        at[i] = m;
        kept[m++] = e;
    }
    *exprs = m == 0 ? NULL : kept;
    *n_exprs = m;
    *ret_at = at;
    return SY_OK;
}

/* --- marking -------------------------------------------------------------------------------------- */

static void use(struct pruning *p, bool *mark)
{
    p->n_marks += *mark ? 0 : 1;
    *mark = true;
}

/* count(*) of public rows reads no column, but a relation has at least one. */
static void use_some(struct pruning *p, size_t i)
{
    bool any = false;
    for (size_t k = 0; k < cols_of(p, i); k++) {
        any = any || p->used[i][k];
    }
    if (!any) {
        use(p, &p->used[i][0]);
    }
}

/* Which expressions stay, and which input columns they read. */
static sy_status mark_exprs(struct pruning *p, size_t i, bool **ret_live, bool **ret_cols)
{
    struct builder *b = p->b;
    const struct sy_plan_rel *r = &b->plan.rels[i];
    *ret_live = flags(b, r->n_exprs);
    *ret_cols = flags(b, n_in_cols(p, r));
    if (*ret_live == NULL || *ret_cols == NULL) {
        return lower_no_memory(b);
    }
    bool idle = is_idle(p, i);
    for (size_t k = 0; k < r->n_outs && !idle; k++) {
        (*ret_live)[r->outs[k]] = (*ret_live)[r->outs[k]] || out_stays(p, i, k);
    }
    mark(r->exprs, r->n_exprs, *ret_live, *ret_cols);
    return SY_OK;
}

static sy_status mark_down(struct pruning *p, size_t i)
{
    const struct sy_plan_rel *r = &p->b->plan.rels[i];
    bool *live;
    bool *cols;
    use_some(p, i);
    SY_TRY(mark_exprs(p, i, &live, &cols));
    for (size_t k = 0; k < n_in_cols(p, r); k++) {
        if (cols[k] || (passes_columns(r) && k < cols_of(p, i) && p->used[i][k])) {
            use(p, used_in(p, r, k));
        }
    }
    for (size_t k = 0; k < r->n_keys && is_op(r, "reduce"); k++) {
        use(p, &p->used[i][k]);
    }
    for (size_t j = 0; j < r->n_in; j++) {
        p->keep[r->in[j]] = true;
        for (size_t k = 0; is_op(r, "union") && k < cols_of(p, i); k++) {
            if (p->used[i][k]) {
                use(p, &p->used[r->in[j]][k]);
            }
        }
    }
    return SY_OK;
}

/* What an input has, a relation that passes columns has too. */
static void mark_up(struct pruning *p, size_t i)
{
    const struct sy_plan_rel *r = &p->b->plan.rels[i];
    for (size_t k = 0; passes_columns(r) && k < n_in_cols(p, r) && k < cols_of(p, i); k++) {
        if (*used_in(p, r, k)) {
            use(p, &p->used[i][k]);
        }
    }
    for (size_t j = 0; is_op(r, "union") && j < r->n_in; j++) {
        for (size_t k = 0; k < cols_of(p, i); k++) {
            if (p->used[r->in[j]][k]) {
                use(p, &p->used[i][k]);
            }
        }
    }
}

static void block_roots(const struct sy_plan_block *k, bool *live)
{
    for (size_t i = 0; i < k->n_keys; i++) {
        live[k->keys[i].expr] = true;
    }
    for (size_t i = 0; i < k->n_figures; i++) {
        if (k->figures[i].has_arg) {
            live[k->figures[i].expr] = true;
        }
    }
}

static sy_status mark_block(struct pruning *p, const struct sy_plan_block *k)
{
    bool *live = flags(p->b, k->n_exprs);
    if (live == NULL) {
        return lower_no_memory(p->b);
    }
    block_roots(k, live);
    mark(k->exprs, k->n_exprs, live, p->used[k->rel]);
    p->keep[k->rel] = true;
    if (k->ns.n != 0) {
        p->used[k->rel][k->unit] = true;
    }
    return SY_OK;
}

static sy_status mark_all(struct pruning *p)
{
    const struct sy_plan *plan = &p->b->plan;
    for (size_t i = 0; i < plan->n_blocks; i++) {
        SY_TRY(mark_block(p, &plan->blocks[i]));
    }
    size_t before = SIZE_MAX;
    while (before != p->n_marks) {
        before = p->n_marks;
        for (size_t i = plan->n_rels; i-- > 0;) {
            if (p->keep[i]) {
                SY_TRY(mark_down(p, i));
            }
        }
        for (size_t i = 0; i < plan->n_rels; i++) {
            if (p->keep[i]) {
                mark_up(p, i);
            }
        }
    }
    return SY_OK;
}

/* --- rewriting, first relation first -------------------------------------------------------------- */

static void number_columns(struct pruning *p, size_t i)
{
    size_t n = 0;
    for (size_t k = 0; k < cols_of(p, i); k++) {
        p->at[i][k] = n;
        n += p->used[i][k] ? 1 : 0;
    }
}

/* Names go by column, of a window by function. */
static void rewrite_names(struct pruning *p, size_t i)
{
    struct sy_plan_rel *r = &p->b->plan.rels[i];
    size_t first = is_op(r, "window") ? cols_of(p, r->in[0]) : 0;
    size_t n = 0;
    for (size_t k = 0; k < r->n_names; k++) {
        if (p->used[i][first + k]) {
            r->names[n++] = r->names[k];
        }
    }
    r->n_names = n;
}

static void rewrite_outs(struct pruning *p, size_t i, const size_t *expr_at)
{
    struct sy_plan_rel *r = &p->b->plan.rels[i];
    size_t n = 0;
    for (size_t k = 0; k < r->n_outs; k++) {
        if (out_stays(p, i, k)) {
            r->outs[n++] = expr_at[r->outs[k]];
        }
    }
    r->n_outs = n;
    n = 0;
    for (size_t j = 0; j < r->n_fns; j++) {
        if (p->used[i][fn_col(p, r, j)]) {
            r->fns[n++] = r->fns[j];
        }
    }
    r->n_fns = n;
}

static sy_status rewrite_exprs(struct pruning *p, size_t i)
{
    struct builder *b = p->b;
    struct sy_plan_rel *r = &b->plan.rels[i];
    bool *live;
    bool *ignored;
    size_t n = n_in_cols(p, r);
    size_t *cols = sy_arena_alloc(b->arena, n + 1, sizeof *cols);
    size_t *expr_at;
    size_t now = 0;
    if (cols == NULL) {
        return lower_no_memory(b);
    }
    for (size_t k = 0; k < n; k++) {
        cols[k] = now;
        now += *used_in(p, r, k) ? 1 : 0;
    }
    SY_TRY(mark_exprs(p, i, &live, &ignored));
    SY_TRY(compact(b, &r->exprs, &r->n_exprs, live, cols, &expr_at));
    rewrite_outs(p, i, expr_at);
    return SY_OK;
}

static sy_status rewrite_rel(struct pruning *p, size_t i)
{
    struct sy_plan_rel *r = &p->b->plan.rels[i];
    number_columns(p, i);
    rewrite_names(p, i);
    if (!is_op(r, "scan")) {
        SY_TRY(rewrite_exprs(p, i));
    }
    for (size_t k = 0; k < r->n_in; k++) {
        r->in[k] = p->rel_at[r->in[k]];
    }
    return SY_OK;
}

static sy_status rewrite_block(struct pruning *p, struct sy_plan_block *k)
{
    struct builder *b = p->b;
    bool *live = flags(b, k->n_exprs);
    bool *ignored = flags(b, cols_of(p, k->rel));
    size_t *at;
    if (live == NULL || ignored == NULL) {
        return lower_no_memory(b);
    }
    block_roots(k, live);
    mark(k->exprs, k->n_exprs, live, ignored);
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
    struct sy_plan *plan = &p->b->plan;
    size_t n = 0;
    for (size_t i = 0; i < plan->n_rels; i++) {
        if (!p->keep[i]) {
            continue;
        }
        if (is_idle(p, i)) {
            number_columns(p, i);
            p->rel_at[i] = p->rel_at[plan->rels[i].in[0]];
            p->keep[i] = false;
            continue;
        }
        SY_TRY(rewrite_rel(p, i));
        p->rel_at[i] = n++;
    }
    for (size_t i = 0; i < plan->n_blocks; i++) {
        SY_TRY(rewrite_block(p, &plan->blocks[i]));
    }
    for (size_t i = 0; i < plan->n_rels; i++) {
        if (p->keep[i]) {
            plan->rels[p->rel_at[i]] = plan->rels[i];
        }
    }
    plan->n_rels = n;
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
        p.used[i] = flags(b, cols_of(&p, i));
        p.at[i] = sy_arena_alloc(b->arena, cols_of(&p, i) + 1, sizeof **p.at);
        if (p.used[i] == NULL || p.at[i] == NULL) {
            return lower_no_memory(b);
        }
    }
    SY_TRY(mark_all(&p));
    return rewrite_all(&p);
}
