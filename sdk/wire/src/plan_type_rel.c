/*
 * Types of relations: one function per operator, from the table at the end (scans in
 * plan_type_scan.c, groups and windows in plan_type_agg.c). Everything that decides
 * which rows there are (filters, join conditions, group keys, membership of the dataset) raises the
 * grade of every column, because the mere presence of a row tells about it.
 */
#include "plan_type_rel.h"

uint64_t plan_rows_mul(uint64_t a, uint64_t b)
{
    uint64_t r;
    if (!sy_mul_u64(a, b, &r) || r > (uint64_t)SY_PLAN_VALUE_MAX) {
        return (uint64_t)SY_PLAN_VALUE_MAX;
    }
    return r;
}

const struct sy_dataset_def *plan_def(const struct sy_dataset_def *defs, size_t n,
                                      struct sy_view id)
{
    for (size_t i = 0; i < n; i++) {
        if (sy_view_eq(defs[i].id, id)) {
            return &defs[i];
        }
    }
    return NULL;
}

sy_status plan_rel_cols(struct rel *x, size_t n)
{
    if (n > SY_PLAN_COLS_MAX) {
        return PLAN_FAIL(x->err, "", "more than %d columns", SY_PLAN_COLS_MAX);
    }
    x->ret->cols = sy_arena_alloc(x->t->arena, n == 0 ? 1 : n, sizeof *x->ret->cols);
    x->ret->n_cols = n;
    return x->ret->cols == NULL ? sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL) : SY_OK;
}

/* Columns so far, with the grade of the rows. */
static void raise_grades(struct sy_rel_types *ret)
{
    for (size_t i = 0; i < ret->n_cols; i++) {
        ret->cols[i].grade = sy_max_u64(ret->cols[i].grade, ret->grade);
    }
}

sy_status plan_rel_exprs(struct rel *x, const struct sy_type *cols, size_t n_cols)
{
    size_t n = x->r->n_exprs;
    x->ret->exprs = sy_arena_alloc(x->t->arena, n == 0 ? 1 : n, sizeof *x->ret->exprs);
    if (x->ret->exprs == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    struct sy_expr_scope scope = {cols, n_cols, x->r->exprs, x->ret->exprs};
    SY_TRY(plan_exprs(x->t, &scope, n, x->err));
    for (size_t i = 0; i < x->r->n_outs; i++) {
        if (x->r->outs[i] >= n) {
            return PLAN_FAIL(x->err, "x", "there is no expression %llu",
                             (unsigned long long)x->r->outs[i]);
        }
    }
    return SY_OK;
}

static sy_status predicate(struct rel *x, const struct sy_type **ret)
{
    if (x->r->n_outs != 1 || x->ret->exprs[x->r->outs[0]].kind != SY_TYPE_BOOL) {
        return PLAN_FAIL(x->err, "x", "it takes one boolean condition");
    }
    *ret = &x->ret->exprs[x->r->outs[0]];
    return SY_OK;
}

/* --- filter, project, join, union --------------------------------------------------------------- */

static sy_status type_filter(struct rel *x)
{
    const struct sy_type *p;
    SY_TRY(plan_rel_exprs(x, x->in[0]->cols, x->in[0]->n_cols));
    SY_TRY(predicate(x, &p));
    SY_TRY(plan_rel_cols(x, x->in[0]->n_cols));
    for (size_t i = 0; i < x->ret->n_cols; i++) {
        x->ret->cols[i] = x->in[0]->cols[i];
    }
    x->ret->grade = sy_max_u64(x->in[0]->grade, p->grade);
    x->ret->rows = x->in[0]->rows;
    return plan_unique_kept(x);
}

sy_status plan_rel_names(struct rel *x, size_t n)
{
    if (x->r->n_names != n || n == 0) {
        return PLAN_FAIL(x->err, "n", "one name for each column, and at least one column");
    }
    for (size_t i = 0; i < x->r->n_names; i++) {
        if (x->r->names[i].n == 0) {
            return PLAN_FAIL(x->err, "n", "a column has no name");
        }
    }
    return SY_OK;
}

static sy_status type_project(struct rel *x)
{
    SY_TRY(plan_rel_exprs(x, x->in[0]->cols, x->in[0]->n_cols));
    SY_TRY(plan_rel_names(x, x->r->n_outs));
    SY_TRY(plan_rel_cols(x, x->r->n_outs));
    for (size_t i = 0; i < x->ret->n_cols; i++) {
        x->ret->cols[i] = x->ret->exprs[x->r->outs[i]];
    }
    x->ret->grade = x->in[0]->grade;
    x->ret->rows = x->in[0]->rows;
    return plan_unique_copied(x);
}

struct join_kind {
    const char *name;
    bool keeps_right;
    bool right_nullable;
};

static const struct join_kind *find_join(struct sy_view name)
{
    static const struct join_kind kinds[] = {{"inner", true, false},
                                             {"left", true, true},
                                             {"semi", false, false},
                                             {"anti", false, false}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (sy_view_is(name, kinds[i].name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

static sy_status type_join(struct rel *x)
{
    const struct join_kind *k = find_join(x->r->kind);
    if (k == NULL) {
        return PLAN_FAIL(x->err, "k", "a join is inner, left, semi or anti");
    }
    size_t n_left = x->in[0]->n_cols;
    SY_TRY(plan_rel_cols(x, n_left + x->in[1]->n_cols));
    for (size_t i = 0; i < x->ret->n_cols; i++) {
        x->ret->cols[i] = i < n_left ? x->in[0]->cols[i] : x->in[1]->cols[i - n_left];
    }
    SY_TRY(plan_rel_exprs(x, x->ret->cols, x->ret->n_cols));
    const struct sy_type *p;
    SY_TRY(predicate(x, &p));
    for (size_t i = n_left; k->right_nullable && i < x->ret->n_cols; i++) {
        x->ret->cols[i].nullable = true;
    }
    x->ret->n_cols = k->keeps_right ? x->ret->n_cols : n_left;
    x->ret->grade = sy_max_u64(p->grade, sy_max_u64(x->in[0]->grade, x->in[1]->grade));
    x->ret->rows = x->in[0]->rows;
    return k->keeps_right ? plan_unique_join(x, k->right_nullable) : plan_unique_kept(x);
}

/* Copies of one column of one scan are no longer that: another input stands beside. */
void plan_forget_source(struct sy_type *t)
{
    t->def = NULL;
    t->field = NULL;
    t->scan = 0;
    t->scan_col = 0;
}

static sy_status union_column(struct rel *x, struct sy_type *ret, const struct sy_type *next)
{
    struct sy_type r = *ret;
    if (r.kind != SY_TYPE_UNIT) {
        SY_TRY(plan_merge(x->t, ret, next, &r, x->err));
    } else if (next->kind != SY_TYPE_UNIT || !sy_view_eq(r.ns, next->ns)) {
        return PLAN_FAIL(x->err, "", "a unit stands beside what is no unit of its namespace");
    }
    r.nullable = ret->nullable || next->nullable;
    r.grade = sy_max_u64(ret->grade, next->grade);
    *ret = r;
    return SY_OK;
}

static sy_status type_union(struct rel *x)
{
    size_t n_cols = x->in[0]->n_cols;
    SY_TRY(plan_rel_cols(x, n_cols));
    for (size_t i = 0; i < n_cols; i++) {
        x->ret->cols[i] = x->in[0]->cols[i];
        plan_forget_source(&x->ret->cols[i]);
    }
    for (size_t k = 0; k < x->r->n_in; k++) {
        if (x->in[k]->n_cols != n_cols) {
            return PLAN_FAIL(x->err, "in", "its inputs have different numbers of columns");
        }
        for (size_t i = 0; k > 0 && i < n_cols; i++) {
            SY_TRY(
                plan_path(union_column(x, &x->ret->cols[i], &x->in[k]->cols[i]), x->err, "c", i));
        }
        x->ret->grade = sy_max_u64(x->ret->grade, x->in[k]->grade);
        x->ret->rows = sy_min_u64(x->ret->rows + x->in[k]->rows, (uint64_t)SY_PLAN_VALUE_MAX);
    }
    return SY_OK;
}

/* --- the table ---------------------------------------------------------------------------------- */

enum {
    USES_NAMES = 1,
    USES_KIND = 2,
    USES_FNS = 4,
    USES_SOURCE = 8,
    USES_EXPRS = 16,
    USES_ORDER = 32
};

static const struct rel_op {
    const char *name;
    size_t in_min, in_max;
    unsigned uses;
    sy_status (*type)(struct rel *);
} OPS[] = {
    {"scan", 0, 0, USES_NAMES | USES_SOURCE, plan_type_scan},
    {"filter", 1, 1, USES_EXPRS, type_filter},
    {"project", 1, 1, USES_NAMES | USES_EXPRS, type_project},
    {"join", 2, 2, USES_KIND | USES_EXPRS, type_join},
    {"union", 2, SY_PLAN_RELS_MAX, 0, type_union},
    {"reduce", 1, 1, USES_NAMES | USES_FNS | USES_EXPRS, plan_type_reduce},
    {"window", 1, 1, USES_NAMES | USES_KIND | USES_FNS | USES_EXPRS | USES_ORDER, plan_type_window},
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

static sy_status check_form(struct rel *x, const struct rel_op *op,
                            const struct sy_rel_types *types)
{
    const struct sy_plan_rel *r = x->r;
    if (op == NULL) {
        return PLAN_FAIL(x->err, "o", "unknown operator");
    }
    bool stray = ((op->uses & USES_NAMES) == 0 && r->n_names != 0) ||
                 ((op->uses & USES_KIND) == 0 && r->kind.n != 0) ||
                 ((op->uses & USES_FNS) == 0 && (r->n_fns != 0 || r->n_keys != 0)) ||
                 ((op->uses & USES_SOURCE) == 0 && r->source.n != 0) ||
                 ((op->uses & USES_EXPRS) == 0 && (r->n_exprs != 0 || r->n_outs != 0)) ||
                 ((op->uses & USES_ORDER) == 0 && (r->n_order != 0 || r->n_desc != 0)) ||
                 r->limit != 0; /* of the post stage only */
    if (stray) {
        return PLAN_FAIL(x->err, "", "%s: a field is set that it does not use", op->name);
    }
    if (r->n_in < op->in_min || r->n_in > op->in_max) {
        return PLAN_FAIL(x->err, "in", "%s: wrong number of inputs", op->name);
    }
    x->in = sy_arena_alloc(x->t->arena, r->n_in + 1, sizeof(const struct sy_rel_types *));
    if (x->in == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < r->n_in; i++) {
        if (r->in[i] >= x->at) {
            return PLAN_FAIL(x->err, "in", "%s: its input is not an earlier relation", op->name);
        }
        x->in[i] = &types[r->in[i]];
    }
    return SY_OK;
}

static sy_status type_rel(struct rel *x, const struct sy_rel_types *types)
{
    const struct rel_op *op = find_op(x->r->op);
    SY_TRY(check_form(x, op, types));
    SY_TRY(op->type(x));
    raise_grades(x->ret);
    return SY_OK;
}

sy_status sy_type_rel(struct sy_typer *t, const struct sy_plan_rel *rels, size_t i,
                      struct sy_rel_types *types, struct sy_error *reterr)
{
    types[i] = (struct sy_rel_types){0};
    struct rel x = {t, &rels[i], NULL, &types[i], i, reterr};
    return plan_path(type_rel(&x, types), reterr, "rels", i);
}
