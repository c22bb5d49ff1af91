/*
 * BOUNDARY: a run's columns, checked against plan and catalogue before one byte is mapped. The warden
 * sends them; the worker believes neither sizes nor types.
 */
#include "base/arith.h"
#include "engine_internal.h"
#include "wire/mask.h"

static const struct sy_dataset_def *find_def(const struct sy_run_job *job, struct sy_view id)
{
    for (size_t i = 0; i < job->n_datasets; i++) {
        if (sy_view_eq(job->datasets[i].id, id)) {
            return &job->datasets[i];
        }
    }
    return NULL;
}

static const struct sy_field_def *find_field(const struct sy_run_job *job, uint64_t scan,
                                             struct sy_view name)
{
    const struct sy_dataset_def *def = find_def(job, job->plan.rels[scan].source);
    for (size_t i = 0; def != NULL && i < def->n_fields; i++) {
        if (sy_view_eq(def->fields[i].name, name)) {
            return &def->fields[i];
        }
    }
    return NULL;
}

/* Keys of a namespace's units: for selecting, or record keys. */
static bool is_key(const struct sy_run_column *c)
{
    return c->field.n == 0 && (sy_view_is(c->type, "key") || sy_view_is(c->type, "record"));
}

/* Type and width as the catalogue says. */
static bool column_fits(const struct sy_run_job *job, const struct sy_run_column *c)
{
    if (is_key(c)) {
        return c->width == 8 && !c->nulls;
    }
    if (c->scan >= job->plan.n_rels || !sy_view_is(job->plan.rels[c->scan].op, "scan")) {
        return false;
    }
    const struct sy_field_def *f = find_field(job, c->scan, c->field);
    return f != NULL && sy_view_eq(f->type, c->type) && c->width == sy_field_width(f) &&
           (f->nullable || !c->nulls);
}

/* Where the NULL bitmap starts. */
static bool nulls_at(const struct sy_run_column *c, uint64_t *ret)
{
    uint64_t n;
    if (!sy_mul_u64(c->width, c->rows, &n) || !sy_add_u64(n, 63, &n)) {
        return false;
    }
    *ret = n & ~(uint64_t)63;
    return true;
}

sy_status engine_column_size(const struct sy_run_job *job, size_t i, uint64_t *ret_bytes)
{
    const struct sy_run_column *c = &job->columns[i];
    uint64_t at;
    if (!column_fits(job, c) || !nulls_at(c, &at)) {
        return sy_status_of(SY_E_FIELD);
    }
    *ret_bytes =
        c->nulls && c->rows != 0 ? at + c->rows / 8 + (c->rows % 8 != 0) : c->width * c->rows;
    return SY_OK;
}

sy_status engine_column_bytes(const struct sy_run_job *job, size_t i, struct sy_view bytes,
                              struct engine_column *ret)
{
    const struct sy_run_column *c = &job->columns[i];
    uint64_t size;
    uint64_t at;
    SY_TRY(engine_column_size(job, i, &size));
    if (size != bytes.n || !nulls_at(c, &at)) {
        return sy_status_of(SY_E_FIELD);
    }
    *ret = (struct engine_column){c, bytes.p, c->nulls && c->rows != 0 ? bytes.p + at : NULL};
    return SY_OK;
}

static sy_status check_column(const struct sy_run_job *job, uint64_t scan, struct sy_view field,
                              uint64_t *rows)
{
    const struct sy_run_column *found = NULL;
    for (size_t i = 0; i < job->n_columns; i++) {
        const struct sy_run_column *c = &job->columns[i];
        if (!is_key(c) && c->scan == scan && sy_view_eq(c->field, field)) {
            if (found != NULL) {
                return sy_status_of(SY_E_FIELD);
            }
            found = c;
        }
    }
    if (found == NULL || (*rows != UINT64_MAX && found->rows != *rows)) {
        return sy_status_of(SY_E_FIELD);
    }
    *rows = found->rows;
    return SY_OK;
}

static sy_status check_scan(const struct sy_run_job *job, uint64_t scan, size_t *n)
{
    const struct sy_plan_rel *r = &job->plan.rels[scan];
    uint64_t rows = UINT64_MAX;
    for (size_t i = 0; i < r->n_names; i++) {
        SY_TRY(check_column(job, scan, r->names[i], &rows));
        (*n)++;
    }
    const struct sy_dataset_def *def = find_def(job, r->source);
    return def == NULL || rows > def->max_rows ? sy_status_of(SY_E_FIELD) : SY_OK;
}

/* Does a block that chooses among different values perhaps count units of this namespace? */
static bool counts_units(const struct sy_run_job *job, const struct sy_plan_block *b,
                         struct sy_view ns)
{
    bool distinct = false;
    bool refers = false;
    for (size_t i = 0; b->ns.n != 0 && i < b->n_figures; i++) {
        distinct = distinct || sql_is_distinct(&b->figures[i]);
    }
    for (size_t i = 0; distinct && i < job->n_datasets; i++) {
        for (size_t k = 0; k < job->datasets[i].n_fields; k++) {
            const struct sy_field_def *f = &job->datasets[i].fields[k];
            refers = refers || (sy_view_is(f->type, "unit") && sy_view_eq(f->ref, ns));
        }
    }
    return refers;
}

/* The keys of a namespace that some block protects (record keys: a cellkey block) or counts units of, and
 * the only ones of their type of it. */
static bool key_fits(const struct sy_run_job *job, size_t i)
{
    const struct sy_run_column *c = &job->columns[i];
    bool record = sy_view_is(c->type, "record");
    bool wanted = false;
    for (size_t b = 0; b < job->plan.n_blocks; b++) {
        const struct sy_plan_block *of = &job->plan.blocks[b];
        wanted = wanted || (c->ns.n != 0 && sy_view_eq(of->ns, c->ns) &&
                            sy_view_is(of->mechanism, "cellkey") == record);
        wanted = wanted || (c->ns.n != 0 && !record && counts_units(job, of, c->ns));
    }
    for (size_t k = 0; wanted && k < i; k++) {
        const struct sy_run_column *earlier = &job->columns[k];
        wanted = !is_key(earlier) || !sy_view_eq(earlier->type, c->type) ||
                 !sy_view_eq(earlier->ns, c->ns);
    }
    return wanted;
}

struct sy_view engine_asserted(const struct sy_run_job *job, size_t p)
{
    size_t at = 0;
    for (size_t i = 0; i < p; i++) {
        at += job->plan.params[i].asserted ? 1 : 0;
    }
    return job->plan.params[p].asserted && at < job->n_asserted ? job->asserted[at]
                                                                : (struct sy_view){0};
}

/* One subject for the plans that are about one, none for others; and its asserted values. */
static bool subject_fits(const struct sy_run_job *job)
{
    bool about = false;
    size_t n = 0;
    for (size_t i = 0; i < job->plan.n_blocks; i++) {
        about = about || sy_view_is(job->plan.blocks[i].mechanism, SY_PLAN_SUBJECT);
    }
    bool fits = about == (job->subject != 0);
    for (size_t i = 0; fits && i < job->plan.n_params; i++) {
        const struct sy_plan_param *p = &job->plan.params[i];
        int64_t unused;
        n += p->asserted ? 1 : 0;
        fits = !p->asserted || sy_plan_asserted_value(p, engine_asserted(job, i), &unused);
    }
    return fits && n == job->n_asserted;
}

/* Whom to leave out, block by block: protected ones only, and nobody of a plan about one subject. */
static bool without_fits(const struct sy_run_job *job)
{
    bool fits = job->n_without == 0 || (job->n_without == job->plan.n_blocks && job->subject == 0);
    for (size_t i = 0; fits && i < job->n_without; i++) {
        fits = job->without[i] == 0 || job->plan.blocks[i].ns.n > 0;
    }
    return fits;
}

sy_status engine_check_job(const struct sy_run_job *job)
{
    size_t wanted = 0;
    for (size_t i = 0; i < job->plan.n_rels; i++) {
        if (sy_view_is(job->plan.rels[i].op, "scan")) {
            SY_TRY(check_scan(job, i, &wanted));
        }
    }
    for (size_t i = 0; i < job->n_columns; i++) {
        bool key = is_key(&job->columns[i]);
        wanted += key ? 1 : 0;
        if (!column_fits(job, &job->columns[i]) || (key && !key_fits(job, i))) {
            return sy_status_of(SY_E_FIELD);
        }
    }
    bool params = job->n_params == job->plan.n_params;
    for (size_t i = 0; params && i < job->n_params; i++) {
        params = job->params[i] < job->plan.params[i].n_values;
    }
    bool fits = wanted == job->n_columns && params && subject_fits(job) && without_fits(job);
    return fits ? SY_OK : sy_status_of(SY_E_FIELD);
}
