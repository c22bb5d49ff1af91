/*
 * Typing of the post stage's relations, and of all of it (wire/post.h). Expressions are typed in
 * post_type_expr.c. What is kept beside kinds: which columns tell rows apart, so that a join
 * never multiplies rows, and a bound on the rows, so that a plan's work is known before it is run.
 */
#include "post_internal.h"

struct rel {
    const struct sy_post_typer *t;
    const struct sy_plan_rel *r;
    const struct sy_post_rel_types *types; /* of all earlier relations */
    const struct sy_post_rel_types *in;    /* the first input */
    struct sy_post_rel_types *ret;
    size_t at;
    struct sy_error *err;
};

static sy_status no_memory(struct sy_error *err)
{
    return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

static sy_status alloc_cols(struct rel *x, size_t n)
{
    if (n == 0 || n > SY_PLAN_COLS_MAX) {
        return PLAN_FAIL(x->err, "", "1 to %d columns", SY_PLAN_COLS_MAX);
    }
    x->ret->cols = sy_arena_alloc(x->t->arena, n, sizeof *x->ret->cols);
    x->ret->n_cols = n;
    return x->ret->cols == NULL ? no_memory(x->err) : SY_OK;
}

/* Type the relation's expressions over these columns; every out must be one of them. */
static sy_status type_exprs(struct rel *x, const struct sy_post_col *cols, size_t n_cols)
{
    if (x->r->n_exprs > SY_PLAN_EXPRS_MAX) {
        return PLAN_FAIL(x->err, "e", "more than %d expressions", SY_PLAN_EXPRS_MAX);
    }
    x->ret->exprs = sy_arena_alloc(x->t->arena, x->r->n_exprs + 1, sizeof *x->ret->exprs);
    if (x->ret->exprs == NULL) {
        return no_memory(x->err);
    }
    for (size_t i = 0; i < x->r->n_exprs; i++) {
        SY_TRY(sy_post_expr(x->t, cols, n_cols, x->r->exprs, i, x->ret->exprs, x->err));
    }
    for (size_t i = 0; i < x->r->n_outs; i++) {
        if (x->r->outs[i] >= x->r->n_exprs) {
            return PLAN_FAIL(x->err, "x", "there is no expression %llu",
                             (unsigned long long)x->r->outs[i]);
        }
    }
    return SY_OK;
}

static const struct sy_post_col *out(const struct rel *x, size_t i)
{
    return &x->ret->exprs[x->r->outs[i]];
}

static sy_status names_fit(struct rel *x, size_t n)
{
    if (x->r->n_names != n) {
        return PLAN_FAIL(x->err, "n", "one name for each column that the relation makes");
    }
    for (size_t i = 0; i < n; i++) {
        if (x->r->names[i].n == 0) {
            return PLAN_FAIL(x->err, "n", "a column has no name");
        }
    }
    return SY_OK;
}

/* The columns, keys and rows of the first input, and room for `more` columns behind them. */
static sy_status keep_input(struct rel *x, size_t more)
{
    SY_TRY(alloc_cols(x, x->in->n_cols + more));
    memcpy(x->ret->cols, x->in->cols, x->in->n_cols * sizeof *x->in->cols);
    x->ret->rows = x->in->rows;
    return SY_OK;
}

/* --- block, filter, project ----------------------------------------------------------------------------- */

static sy_status type_block(struct rel *x)
{
    const struct sy_post_block *b = NULL;
    for (size_t i = 0; i < x->t->n_blocks; i++) {
        b = sy_view_eq(x->t->blocks[i].name, x->r->source) ? &x->t->blocks[i] : b;
    }
    if (b == NULL) {
        return PLAN_FAIL(x->err, "s", "there is no block %.*s", SY_PV(x->r->source));
    }
    SY_TRY(alloc_cols(x, b->n_cols));
    memcpy(x->ret->cols, b->cols, b->n_cols * sizeof *b->cols);
    x->ret->rows = sy_min_u64(b->rows, SY_POST_ROWS_MAX);
    return SY_OK;
}

static sy_status type_filter(struct rel *x)
{
    SY_TRY(type_exprs(x, x->in->cols, x->in->n_cols));
    if (x->r->n_outs != 1 || out(x, 0)->kind != SY_POST_BOOL) {
        return PLAN_FAIL(x->err, "x", "filter takes one condition");
    }
    return keep_input(x, 0);
}

/* Does the projection copy input column c? */
static bool copies(const struct rel *x, size_t c)
{
    for (size_t i = 0; i < x->r->n_outs; i++) {
        const struct sy_plan_expr *e = &x->r->exprs[x->r->outs[i]];
        if (sy_view_is(e->op, "col") && e->i == (int64_t)c) {
            return true;
        }
    }
    return false;
}

static bool copies_all_keys(const struct rel *x)
{
    for (size_t c = 0; c < x->in->n_cols; c++) {
        if (x->in->cols[c].key && !copies(x, c)) {
            return false;
        }
    }
    return true;
}

static sy_status type_project(struct rel *x)
{
    SY_TRY(type_exprs(x, x->in->cols, x->in->n_cols));
    SY_TRY(names_fit(x, x->r->n_outs));
    SY_TRY(alloc_cols(x, x->r->n_outs));
    bool keyed = copies_all_keys(x);
    for (size_t i = 0; i < x->r->n_outs; i++) {
        x->ret->cols[i] = *out(x, i);
        x->ret->cols[i].key =
            keyed && out(x, i)->key && sy_view_is(x->r->exprs[x->r->outs[i]].op, "col");
    }
    x->ret->rows = x->in->rows;
    return SY_OK;
}

/* --- join ------------------------------------------------------------------------------------------------- */

/* The equality at expression i, as a pair of a left and a right column. */
static bool join_pair(const struct sy_plan_rel *r, size_t i, size_t n_left, struct post_pair *ret)
{
    const struct sy_plan_expr *a = &r->exprs[r->exprs[i].args[0]];
    const struct sy_plan_expr *b = &r->exprs[r->exprs[i].args[1]];
    if (!sy_view_is(a->op, "col") || !sy_view_is(b->op, "col")) {
        return false;
    }
    size_t lo = (size_t)sy_min_i64(a->i, b->i);
    size_t hi = (size_t)sy_max_i64(a->i, b->i);
    *ret = (struct post_pair){lo, hi - n_left};
    return lo < n_left && hi >= n_left;
}

bool post_join_pairs(const struct sy_plan_rel *r, size_t n_left, struct post_pair *ret,
                     size_t *ret_n, bool *seen)
{
    size_t top = (size_t)r->outs[0];
    *ret_n = 0;
    seen[top] = true;
    for (size_t i = top + 1; i-- > 0;) {
        const struct sy_plan_expr *e = &r->exprs[i];
        if (!seen[i]) {
            continue;
        }
        if (sy_view_is(e->op, "eq")) {
            if (!join_pair(r, i, n_left, &ret[(*ret_n)++])) {
                return false;
            }
        } else if (sy_view_is(e->op, "and")) {
            for (size_t j = 0; j < e->n_args; j++) {
                seen[e->args[j]] = true;
            }
        } else {
            return i == top && sy_view_is(e->op, "bool") && e->i == 1;
        }
    }
    return true;
}

/* A left row must find at most one right row. */
static sy_status check_unique(struct rel *x, const struct sy_post_rel_types *right,
                              const struct post_pair *pairs, size_t n)
{
    if (right->rows <= 1) {
        return SY_OK;
    }
    size_t n_keys = 0;
    for (size_t c = 0; c < right->n_cols; c++) {
        bool named = !right->cols[c].key;
        n_keys += right->cols[c].key ? 1 : 0;
        for (size_t i = 0; i < n; i++) {
            named = named || pairs[i].right == c;
        }
        if (!named) {
            return PLAN_FAIL(x->err, "x", "the join does not name key column %zu of its right side",
                             c);
        }
    }
    return n_keys > 0 ? SY_OK
                      : PLAN_FAIL(x->err, "in",
                                  "the right side has no key columns and may have several rows");
}

static sy_status check_predicate(struct rel *x, const struct sy_post_rel_types *right)
{
    struct post_pair *pairs = sy_arena_alloc(x->t->arena, x->r->n_exprs + 1, sizeof *pairs);
    bool *seen = sy_arena_alloc(x->t->arena, x->r->n_exprs + 1, sizeof *seen);
    size_t n;
    if (pairs == NULL || seen == NULL) {
        return no_memory(x->err);
    }
    if (!post_join_pairs(x->r, x->in->n_cols, pairs, &n, seen)) {
        return PLAN_FAIL(x->err, "x",
                         "a join is on equalities of a left and a right column, all of them");
    }
    return check_unique(x, right, pairs, n);
}

static sy_status type_join(struct rel *x)
{
    const struct sy_post_rel_types *right = &x->types[x->r->in[1]];
    if (!sy_view_is(x->r->kind, "inner") && !sy_view_is(x->r->kind, "left")) {
        return PLAN_FAIL(x->err, "k", "a join is inner or left");
    }
    SY_TRY(keep_input(x, right->n_cols));
    for (size_t c = 0; c < right->n_cols; c++) {
        x->ret->cols[x->in->n_cols + c] = right->cols[c];
        x->ret->cols[x->in->n_cols + c].key = false;
    }
    SY_TRY(type_exprs(x, x->ret->cols, x->ret->n_cols));
    if (x->r->n_outs != 1 || out(x, 0)->kind != SY_POST_BOOL) {
        return PLAN_FAIL(x->err, "x", "a join takes one condition");
    }
    return check_predicate(x, right);
}

/* --- reduce, window ------------------------------------------------------------------------------------------ */

enum { IN_REDUCE = 1, IN_WINDOW = 2 };

static const struct fn {
    const char *name;
    unsigned where;
    size_t n_args;
    bool numbers; /* takes numbers only; the others take, and unless they count give, any kind */
    bool counts;
} FNS[] = {
    {"count", IN_REDUCE | IN_WINDOW, 1, false, true},
    {"sum", IN_REDUCE | IN_WINDOW, 1, true, false},
    {"avg", IN_REDUCE | IN_WINDOW, 1, true, false},
    {"min", IN_REDUCE | IN_WINDOW, 1, true, false},
    {"max", IN_REDUCE | IN_WINDOW, 1, true, false},
    {"product", IN_REDUCE | IN_WINDOW, 1, true, false},
    {"quantile", IN_REDUCE, POST_QUANTILE_ARGS, true, false},
    {"lag", IN_WINDOW, 1, false, false},
    {"lead", IN_WINDOW, 1, false, false},
    {"first", IN_WINDOW, 1, false, false},
    {"last", IN_WINDOW, 1, false, false},
    {"row_number", IN_WINDOW, 0, false, true},
};

static const struct fn *find_fn(struct sy_view name, unsigned where)
{
    for (size_t i = 0; i < sizeof FNS / sizeof FNS[0]; i++) {
        if (sy_view_is(name, FNS[i].name) && (FNS[i].where & where) != 0) {
            return &FNS[i];
        }
    }
    return NULL;
}

/* Values that no noise is on (bins), weights, and a literal between 0 and 1; *a becomes the result's type. */
static sy_status check_quantile(struct rel *x, size_t at, struct sy_post_col *a)
{
    const struct sy_plan_expr *q = &x->r->exprs[x->r->outs[at + 2]];
    int64_t one = 1;
    for (uint64_t i = 0; i < q->scale && i < SY_PLAN_SCALE_MAX; i++) {
        one *= 10;
    }
    if (a->noisy || out(x, at + 1)->kind != SY_POST_NUMBER) {
        return PLAN_FAIL(x->err, "f", "quantile takes values without noise, and weights");
    }
    if (!sy_view_is(q->op, "int") || q->i <= 0 || q->i >= one) {
        return PLAN_FAIL(x->err, "f", "a quantile is written as a number between 0 and 1");
    }
    a->noisy = out(x, at + 1)->noisy;
    return SY_OK;
}

/* Type the functions, whose arguments are the outs from `first`, into cols. */
static sy_status type_fns(struct rel *x, unsigned where, size_t first, struct sy_post_col *cols)
{
    size_t at = first;
    for (size_t i = 0; i < x->r->n_fns; i++) {
        const struct fn *f = find_fn(x->r->fns[i], where);
        if (f == NULL || f->n_args > x->r->n_outs - at) {
            return PLAN_FAIL(x->err, "f", "function %zu is unknown or lacks its argument", i);
        }
        struct sy_post_col a = f->n_args == 0 ? (struct sy_post_col){0} : *out(x, at);
        if (f->numbers && a.kind != SY_POST_NUMBER) {
            return PLAN_FAIL(x->err, "f", "%s takes a number", f->name);
        }
        if (f->n_args == POST_QUANTILE_ARGS) {
            SY_TRY(check_quantile(x, at, &a));
        }
        cols[i] = (struct sy_post_col){f->counts ? SY_POST_NUMBER : a.kind, false, a.noisy};
        at += f->n_args;
    }
    return at == x->r->n_outs ? SY_OK
                              : PLAN_FAIL(x->err, "f", "one argument for each function, in order");
}

static sy_status type_reduce(struct rel *x)
{
    size_t n_keys = (size_t)x->r->n_keys;
    SY_TRY(type_exprs(x, x->in->cols, x->in->n_cols));
    if (x->r->n_keys > x->r->n_outs) {
        return PLAN_FAIL(x->err, "nk", "more keys than expressions");
    }
    SY_TRY(alloc_cols(x, n_keys + x->r->n_fns));
    SY_TRY(names_fit(x, n_keys + x->r->n_fns));
    for (size_t i = 0; i < n_keys; i++) {
        x->ret->cols[i] = (struct sy_post_col){out(x, i)->kind, true, false};
    }
    x->ret->rows = n_keys == 0 ? 1 : x->in->rows;
    return type_fns(x, IN_REDUCE, n_keys, x->ret->cols + n_keys);
}

static sy_status check_desc(struct rel *x)
{
    if (x->r->n_desc != x->r->n_order) {
        return PLAN_FAIL(x->err, "d", "one direction for each order key");
    }
    for (size_t i = 0; i < x->r->n_desc; i++) {
        if (x->r->desc[i] > 1) {
            return PLAN_FAIL(x->err, "d", "a direction is 0 or 1");
        }
    }
    return SY_OK;
}

static bool is_frame(struct sy_view kind)
{
    return sy_view_is(kind, "all") || sy_view_is(kind, "rows") || sy_view_is(kind, "before");
}

static sy_status type_window(struct rel *x)
{
    const struct sy_plan_rel *r = x->r;
    SY_TRY(type_exprs(x, x->in->cols, x->in->n_cols));
    SY_TRY(check_desc(x));
    if (r->n_names != 0) {
        SY_TRY(names_fit(x, r->n_fns));
    }
    if (r->n_fns == 0 || r->n_keys > r->n_outs || r->n_order > r->n_outs - r->n_keys) {
        return PLAN_FAIL(x->err, "nk", "at least one function, and as many keys as expressions");
    }
    if (!is_frame(r->kind)) {
        return PLAN_FAIL(x->err, "k", "a frame is all, rows or before");
    }
    SY_TRY(keep_input(x, r->n_fns));
    return type_fns(x, IN_WINDOW, (size_t)(r->n_keys + r->n_order), x->ret->cols + x->in->n_cols);
}

/* --- union, sort ---------------------------------------------------------------------------------------------- */

static sy_status type_union(struct rel *x)
{
    SY_TRY(keep_input(x, 0));
    x->ret->rows = 0;
    for (size_t i = 0; i < x->r->n_in; i++) {
        const struct sy_post_rel_types *in = &x->types[x->r->in[i]];
        if (in->n_cols != x->ret->n_cols) {
            return PLAN_FAIL(x->err, "in", "the parts of a union have the same columns");
        }
        for (size_t c = 0; c < in->n_cols; c++) {
            if (in->cols[c].kind != x->ret->cols[c].kind) {
                return PLAN_FAIL(x->err, "in", "column %zu is of two kinds", c);
            }
            x->ret->cols[c].key = false;
            x->ret->cols[c].noisy = x->ret->cols[c].noisy || in->cols[c].noisy;
        }
        x->ret->rows = sy_min_u64(x->ret->rows + in->rows, SY_POST_ROWS_MAX);
    }
    return SY_OK;
}

static sy_status type_sort(struct rel *x)
{
    SY_TRY(type_exprs(x, x->in->cols, x->in->n_cols));
    SY_TRY(check_desc(x));
    if (x->r->n_outs != x->r->n_order || (x->r->n_order == 0 && x->r->limit == 0)) {
        return PLAN_FAIL(x->err, "no", "sort takes order keys and nothing else, or a limit");
    }
    SY_TRY(keep_input(x, 0));
    x->ret->rows = x->r->limit == 0 ? x->in->rows : sy_min_u64(x->in->rows, x->r->limit);
    return SY_OK;
}

/* --- the table -------------------------------------------------------------------------------------------------- */

enum {
    USES_NAMES = 1,
    USES_KIND = 2,
    USES_FNS = 4, /* functions and their keys */
    USES_SOURCE = 8,
    USES_EXPRS = 16,
    USES_ORDER = 32,
    USES_LIMIT = 64
};

static const struct rel_op {
    const char *name;
    size_t in_min, in_max;
    unsigned uses;
    sy_status (*type)(struct rel *);
} OPS[] = {
    {"block", 0, 0, USES_SOURCE, type_block},
    {"filter", 1, 1, USES_EXPRS, type_filter},
    {"project", 1, 1, USES_NAMES | USES_EXPRS, type_project},
    {"join", 2, 2, USES_KIND | USES_EXPRS, type_join},
    {"reduce", 1, 1, USES_NAMES | USES_FNS | USES_EXPRS, type_reduce},
    {"window", 1, 1, USES_NAMES | USES_FNS | USES_KIND | USES_EXPRS | USES_ORDER, type_window},
    {"union", 2, SY_POST_RELS_MAX, 0, type_union},
    {"sort", 1, 1, USES_EXPRS | USES_ORDER | USES_LIMIT, type_sort},
};

static const struct rel_op *find_op(struct sy_view name)
{
    for (size_t i = 0; i < sizeof OPS / sizeof OPS[0]; i++) {
        if (sy_view_is(name, OPS[i].name)) {
            return &OPS[i];
        }
    }
    return NULL;
}

/* Is a field set that the operator does not use? */
static bool has_stray(const struct sy_plan_rel *r, unsigned uses)
{
    const struct {
        unsigned use;
        bool set;
    } fields[] = {
        {USES_NAMES, r->n_names != 0},
        {USES_KIND, r->kind.n != 0},
        {USES_FNS, r->n_fns != 0 || r->n_keys != 0},
        {USES_SOURCE, r->source.n != 0},
        {USES_EXPRS, r->n_exprs != 0 || r->n_outs != 0},
        {USES_ORDER, r->n_order != 0 || r->n_desc != 0},
        {USES_LIMIT, r->limit != 0},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].set && (uses & fields[i].use) == 0) {
            return true;
        }
    }
    return false;
}

static sy_status type_rel(struct rel *x)
{
    const struct rel_op *op = find_op(x->r->op);
    if (op == NULL) {
        return PLAN_FAIL(x->err, "o", "the post stage has no such operator");
    }
    if (has_stray(x->r, op->uses)) {
        return PLAN_FAIL(x->err, "", "%s: a field is set that it does not use", op->name);
    }
    if (x->r->n_in < op->in_min || x->r->n_in > op->in_max) {
        return PLAN_FAIL(x->err, "in", "%s: wrong number of inputs", op->name);
    }
    for (size_t i = 0; i < x->r->n_in; i++) {
        if (x->r->in[i] >= x->at) {
            return PLAN_FAIL(x->err, "in", "%s: its input is not an earlier relation", op->name);
        }
    }
    x->in = x->r->n_in == 0 ? NULL : &x->types[x->r->in[0]];
    return op->type(x);
}

sy_status sy_post_rel(const struct sy_post_typer *t, const struct sy_plan_rel *rels, size_t i,
                      struct sy_post_rel_types *types, struct sy_error *reterr)
{
    types[i] = (struct sy_post_rel_types){0};
    struct rel x = {t, &rels[i], types, NULL, &types[i], i, reterr};
    return plan_path(type_rel(&x), reterr, "post.rels", i);
}
