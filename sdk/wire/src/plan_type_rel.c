/*
 * Types of relations: one function per operator, from the table at the end. Everything that decides
 * which rows there are (filters, join conditions, group keys, membership of the dataset) raises the
 * grade of every column, because the mere presence of a row tells about it.
 */
#include "plan_type_internal.h"

struct rel {
    struct sy_typer *t;
    const struct sy_plan_rel *r;
    const struct sy_rel_types *in[2];
    struct sy_rel_types *ret;
    size_t at; /* ordinal in the plan */
    struct sy_error *err;
};

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

static sy_status alloc_cols(struct rel *x, size_t n)
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

static sy_status type_list(struct rel *x, const struct sy_type *cols, size_t n_cols)
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

/* --- scan --------------------------------------------------------------------------------------- */

static sy_status number_type(const struct sy_field_def *f, struct sy_type *ret,
                             struct sy_error *err)
{
    bool decimal = sy_view_is(f->type, "decimal");
    ret->kind = SY_TYPE_INT;
    ret->scale = decimal ? (uint32_t)f->scale : 0;
    ret->lo = f->lo;
    ret->hi = f->hi;
    int64_t unused;
    if (f->lo > f->hi || !plan_value(f->lo, &unused) || !plan_value(f->hi, &unused) ||
        f->scale > SY_PLAN_SCALE_MAX) {
        return PLAN_FAIL(err, "", "the catalogue's bounds of this number are unusable");
    }
    return SY_OK;
}

static sy_status date_type(const struct sy_field_def *f, struct sy_type *ret, struct sy_error *err)
{
    ret->kind = SY_TYPE_DATE;
    ret->lo = f->lo;
    ret->hi = f->hi;
    if (f->lo > f->hi || f->lo < SY_PLAN_DATE_MIN || f->hi > SY_PLAN_DATE_MAX) {
        return PLAN_FAIL(err, "", "the catalogue's bounds of this date are unusable");
    }
    return SY_OK;
}

static sy_status bool_type(const struct sy_field_def *f, struct sy_type *ret, struct sy_error *err)
{
    (void)f;
    (void)err;
    ret->kind = SY_TYPE_BOOL;
    ret->hi = 1;
    return SY_OK;
}

static sy_status enum_type(const struct sy_field_def *f, struct sy_type *ret, struct sy_error *err)
{
    ret->kind = SY_TYPE_STR;
    ret->labels = f->values;
    ret->n_labels = f->n_values;
    return f->n_values == 0 ? PLAN_FAIL(err, "", "the catalogue declares no values") : SY_OK;
}

static sy_status text_type(const struct sy_field_def *f, struct sy_type *ret, struct sy_error *err)
{
    (void)f;
    (void)err;
    ret->kind = SY_TYPE_STR;
    ret->open = true;
    return SY_OK;
}

static sy_status unit_type(const struct sy_field_def *f, struct sy_type *ret, struct sy_error *err)
{
    ret->kind = SY_TYPE_UNIT;
    ret->ns = f->ref;
    return f->ref.n == 0 ? PLAN_FAIL(err, "", "the catalogue names no namespace") : SY_OK;
}

sy_status plan_field_type(const struct sy_dataset_def *def, const struct sy_field_def *f,
                          struct sy_type *ret, struct sy_error *err)
{
    static const struct {
        const char *name;
        sy_status (*type)(const struct sy_field_def *, struct sy_type *, struct sy_error *);
    } table[] = {{"int32", number_type}, {"int64", number_type}, {"decimal", number_type},
                 {"date", date_type},    {"bool", bool_type},    {"enum", enum_type},
                 {"text", text_type},    {"unit", unit_type}};
    *ret = (struct sy_type){.nullable = f->nullable,
                            .grade = sy_max_u64(f->grade, def->membership),
                            .def = def,
                            .field = f};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (sy_view_is(f->type, table[i].name)) {
            return table[i].type(f, ret, err);
        }
    }
    return PLAN_FAIL(err, "", "the catalogue's type of this field is unknown");
}

static sy_status scan_column(struct rel *x, size_t i)
{
    const struct sy_dataset_def *def = x->ret->def;
    for (size_t j = 0; j < i; j++) {
        if (sy_view_eq(x->r->names[j], x->r->names[i])) {
            return PLAN_FAIL(x->err, "", "the field is repeated");
        }
    }
    for (size_t j = 0; j < def->n_fields; j++) {
        if (sy_view_eq(def->fields[j].name, x->r->names[i])) {
            SY_TRY(plan_field_type(def, &def->fields[j], &x->ret->cols[i], x->err));
            x->ret->cols[i].scan = (uint32_t)x->at;
            x->ret->cols[i].scan_col = (uint32_t)i;
            return SY_OK;
        }
    }
    return PLAN_FAIL(x->err, "", "the dataset has no such field");
}

static sy_status type_scan(struct rel *x)
{
    x->ret->def = plan_def(x->t->defs, x->t->n_defs, x->r->source);
    if (x->ret->def == NULL) {
        return PLAN_FAIL(x->err, "s", "there is no such dataset");
    }
    if (x->r->n_names == 0) {
        return PLAN_FAIL(x->err, "n", "a scan reads at least one field");
    }
    x->ret->grade = x->ret->def->membership;
    x->ret->rows = plan_rows_mul(x->ret->def->max_rows, 1);
    SY_TRY(alloc_cols(x, x->r->n_names));
    for (size_t i = 0; i < x->r->n_names; i++) {
        SY_TRY(plan_path(scan_column(x, i), x->err, "n", i));
    }
    return SY_OK;
}

/* --- filter, project, join, reduce -------------------------------------------------------------- */

static sy_status type_filter(struct rel *x)
{
    const struct sy_type *p;
    SY_TRY(type_list(x, x->in[0]->cols, x->in[0]->n_cols));
    SY_TRY(predicate(x, &p));
    SY_TRY(alloc_cols(x, x->in[0]->n_cols));
    for (size_t i = 0; i < x->ret->n_cols; i++) {
        x->ret->cols[i] = x->in[0]->cols[i];
    }
    x->ret->grade = sy_max_u64(x->in[0]->grade, p->grade);
    x->ret->rows = x->in[0]->rows;
    return SY_OK;
}

static sy_status names_fit(struct rel *x)
{
    if (x->r->n_names != x->r->n_outs || x->r->n_outs == 0) {
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
    SY_TRY(type_list(x, x->in[0]->cols, x->in[0]->n_cols));
    SY_TRY(names_fit(x));
    SY_TRY(alloc_cols(x, x->r->n_outs));
    for (size_t i = 0; i < x->ret->n_cols; i++) {
        x->ret->cols[i] = x->ret->exprs[x->r->outs[i]];
    }
    x->ret->grade = x->in[0]->grade;
    x->ret->rows = x->in[0]->rows;
    return SY_OK;
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
    SY_TRY(alloc_cols(x, n_left + x->in[1]->n_cols));
    for (size_t i = 0; i < x->ret->n_cols; i++) {
        x->ret->cols[i] = i < n_left ? x->in[0]->cols[i] : x->in[1]->cols[i - n_left];
    }
    SY_TRY(type_list(x, x->ret->cols, x->ret->n_cols));
    const struct sy_type *p;
    SY_TRY(predicate(x, &p));
    for (size_t i = n_left; k->right_nullable && i < x->ret->n_cols; i++) {
        x->ret->cols[i].nullable = true;
    }
    x->ret->n_cols = k->keeps_right ? x->ret->n_cols : n_left;
    x->ret->grade = sy_max_u64(p->grade, sy_max_u64(x->in[0]->grade, x->in[1]->grade));
    uint64_t fan = sy_max_u64(x->in[1]->rows, k->right_nullable ? 1 : 0);
    x->ret->rows = k->keeps_right ? plan_rows_mul(x->in[0]->rows, fan) : x->in[0]->rows;
    return SY_OK;
}

static sy_status agg_count(struct rel *x, const struct sy_type *a, struct sy_type *ret)
{
    (void)a;
    ret->kind = SY_TYPE_INT;
    ret->hi = (int64_t)x->in[0]->rows;
    return SY_OK;
}

/* A group has 1 to `rows` rows. */
static sy_status agg_sum(struct rel *x, const struct sy_type *a, struct sy_type *ret)
{
    sy_i128 rows = x->in[0]->rows;
    ret->kind = SY_TYPE_INT;
    ret->scale = a->scale;
    ret->nullable = a->nullable;
    ret->nothing = a->nothing;
    if (a->kind != SY_TYPE_INT || !plan_value(a->lo < 0 ? a->lo * rows : a->lo, &ret->lo) ||
        !plan_value(a->hi > 0 ? a->hi * rows : a->hi, &ret->hi)) {
        return PLAN_FAIL(x->err, "f", "sum: not an integer, or the worst case leaves +-2^62");
    }
    return SY_OK;
}

static sy_status agg_min_max(struct rel *x, const struct sy_type *a, struct sy_type *ret)
{
    if (a->kind != SY_TYPE_INT && a->kind != SY_TYPE_DATE) {
        return PLAN_FAIL(x->err, "f", "min and max take integers and dates");
    }
    *ret = *a;
    ret->def = NULL;
    ret->field = NULL;
    ret->scan = 0;
    ret->scan_col = 0;
    return SY_OK;
}

static sy_status type_fn(struct rel *x, struct sy_view fn, const struct sy_type *a,
                         struct sy_type *ret)
{
    static const struct {
        const char *name;
        sy_status (*type)(struct rel *, const struct sy_type *, struct sy_type *);
    } fns[] = {{"count", agg_count}, {"sum", agg_sum}, {"min", agg_min_max}, {"max", agg_min_max}};
    for (size_t i = 0; i < sizeof fns / sizeof fns[0]; i++) {
        if (sy_view_is(fn, fns[i].name)) {
            SY_TRY(fns[i].type(x, a, ret));
            ret->grade = a->grade;
            return SY_OK;
        }
    }
    return PLAN_FAIL(x->err, "f", "a row-level aggregate is count, sum, min or max");
}

static sy_status type_reduce(struct rel *x)
{
    SY_TRY(type_list(x, x->in[0]->cols, x->in[0]->n_cols));
    SY_TRY(names_fit(x));
    uint64_t n_keys = x->r->n_keys;
    if (n_keys == 0 || n_keys > x->r->n_outs || x->r->n_fns != x->r->n_outs - n_keys) {
        return PLAN_FAIL(x->err, "nk",
                         "at least one key, and one function for each further column");
    }
    SY_TRY(alloc_cols(x, x->r->n_outs));
    x->ret->grade = x->in[0]->grade;
    x->ret->rows = x->in[0]->rows;
    for (size_t i = 0; i < x->ret->n_cols; i++) {
        const struct sy_type *a = &x->ret->exprs[x->r->outs[i]];
        if (i < n_keys) {
            x->ret->cols[i] = *a;
            x->ret->grade = sy_max_u64(x->ret->grade, a->grade);
        } else {
            SY_TRY(type_fn(x, x->r->fns[i - n_keys], a, &x->ret->cols[i]));
        }
    }
    return SY_OK;
}

/* --- the table ---------------------------------------------------------------------------------- */

enum { USES_NAMES = 1, USES_KIND = 2, USES_FNS = 4, USES_SOURCE = 8, USES_EXPRS = 16 };

static const struct rel_op {
    const char *name;
    size_t n_in;
    unsigned uses;
    sy_status (*type)(struct rel *);
} OPS[] = {
    {"scan", 0, USES_NAMES | USES_SOURCE, type_scan},
    {"filter", 1, USES_EXPRS, type_filter},
    {"project", 1, USES_NAMES | USES_EXPRS, type_project},
    {"join", 2, USES_KIND | USES_EXPRS, type_join},
    {"reduce", 1, USES_NAMES | USES_FNS | USES_EXPRS, type_reduce},
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
                 ((op->uses & USES_EXPRS) == 0 && (r->n_exprs != 0 || r->n_outs != 0));
    if (stray) {
        return PLAN_FAIL(x->err, "", "%s: a field is set that it does not use", op->name);
    }
    if (r->n_in != op->n_in) {
        return PLAN_FAIL(x->err, "in", "%s reads %zu relations", op->name, op->n_in);
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
    struct rel x = {t, &rels[i], {NULL, NULL}, &types[i], i, reterr};
    return plan_path(type_rel(&x, types), reterr, "rels", i);
}
