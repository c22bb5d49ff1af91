/* Types of scans: what the catalogue says a field is. */
#include "plan_type_rel.h"

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

/* A column that the catalogue declares a key: no value is in two rows. */
static sy_status scan_key(struct rel *x)
{
    for (size_t i = 0; i < x->ret->n_cols; i++) {
        if (x->ret->cols[i].field->rows == 1) {
            SY_TRY(plan_unique_first(x, 0));
            x->ret->unique[i] = true;
            return SY_OK;
        }
    }
    return SY_OK;
}

sy_status plan_type_scan(struct rel *x)
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
    SY_TRY(plan_rel_cols(x, x->r->n_names));
    for (size_t i = 0; i < x->r->n_names; i++) {
        SY_TRY(plan_path(scan_column(x, i), x->err, "n", i));
    }
    return scan_key(x);
}
