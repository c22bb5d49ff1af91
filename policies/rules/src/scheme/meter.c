/* See rules/meter.h. Charges are counted per model first, then each model's fields once. */
#include "rules/meter.h"

#include "proof/ids.h"
#include "scene.h"

/* How often one model was run. */
struct runs {
    uint8_t model[32];
    uint64_t n;
};

struct metering {
    const struct rules_state *state;
    const uint8_t *grant;
    struct sy_arena *arena;
    struct sy_meter *ret;
    struct runs *runs;
    size_t n_runs, cap_runs;
    struct sy_error *err;
};

static sy_status no_memory(struct metering *m)
{
    return sy_fail(m->err, SY_E_NO_MEMORY, NULL, NULL);
}

/* ---- what was granted ---- */

static sy_status add_dataset(struct metering *m, const struct sy_prop_dataset *asked)
{
    struct sy_meter_dataset *d = &m->ret->datasets[m->ret->n_datasets++];
    struct dataset entry;
    SY_TRY(dataset_read(m->state, asked->dataset, m->arena, &entry, m->err));
    d->dataset = asked->dataset;
    d->fields = sy_arena_alloc(m->arena, asked->n_fields + 1, sizeof(*d->fields));
    if (d->fields == NULL) {
        return no_memory(m);
    }
    for (size_t i = 0; i < asked->n_fields; i++) {
        const struct sy_prop_field *f = &asked->fields[i];
        if (!sy_view_is(f->mask, "drop")) {
            d->fields[d->n_fields++] = (struct sy_meter_field){
                .mask = f->mask, .name = f->name, .unit = sy_view_eq(f->name, entry.def.unit)};
        }
    }
    d->granted = d->n_fields;
    return SY_OK;
}

static void least(uint64_t *at, uint64_t left, bool first)
{
    *at = first || left < *at ? left : *at;
}

/* What the shares have left, in the namespace that has least. */
static void fill_left(struct sy_meter *r, const struct sy_row_grant *g,
                      const struct sy_row_account *a, const struct sy_proposal *p)
{
    r->calls_left = a->calls < p->calls ? p->calls - a->calls : 0;
    r->overruns_left = g->overruns < p->overruns ? p->overruns - g->overruns : 0;
    for (size_t i = 0; i < a->n_shares; i++) {
        const struct sy_row_grant_share *h = &a->shares[i];
        least(&r->rho_left, h->rho - h->rho_spent, i == 0);
        least(&r->delta_left, h->delta - h->delta_spent, i == 0);
        least(&r->cells_left, h->cells - h->cells_spent, i == 0);
    }
}

static sy_status fill_granted(struct metering *m)
{
    struct sy_row_grant g;
    struct sy_row_account a;
    struct sy_proposal p;
    SY_TRY(grant_row(m->state, m->grant, m->arena, &g, &p, m->err));
    SY_TRY(account_row(m->state, m->grant, m->arena, &a, m->err));
    m->ret->status = g.status;
    memcpy(m->ret->grant, m->grant, 32);
    m->ret->datasets = sy_arena_alloc(m->arena, p.n_datasets + 1, sizeof(*m->ret->datasets));
    if (m->ret->datasets == NULL) {
        return no_memory(m);
    }
    for (size_t i = 0; i < p.n_datasets; i++) {
        SY_TRY(add_dataset(m, &p.datasets[i]));
    }
    fill_left(m->ret, &g, &a, &p);
    return SY_OK;
}

/* ---- what was run ---- */

static struct runs *runs_of(struct metering *m, const uint8_t model[32])
{
    for (size_t i = 0; i < m->n_runs; i++) {
        if (memcmp(m->runs[i].model, model, 32) == 0) {
            return &m->runs[i];
        }
    }
    return NULL;
}

static sy_status new_runs(struct metering *m, const uint8_t model[32], struct runs **ret)
{
    if (m->n_runs == m->cap_runs) {
        size_t cap = m->cap_runs == 0 ? 16 : 2 * m->cap_runs;
        struct runs *all = sy_arena_alloc(m->arena, cap, sizeof(*all));
        if (all == NULL) {
            return no_memory(m);
        }
        if (m->n_runs > 0) {
            memcpy(all, m->runs, m->n_runs * sizeof(*all));
        }
        m->runs = all;
        m->cap_runs = cap;
    }
    *ret = &m->runs[m->n_runs++];
    memcpy((*ret)->model, model, 32);
    return SY_OK;
}

static sy_status add_charge(struct metering *m, struct sy_view value)
{
    SY_ARENA_CLEANUP struct sy_arena scratch = {0};
    struct sy_row_charge row;
    SY_TRY(sy_record_decode(&sy_row_charge_desc, value, &SY_MP_LARGE, &scratch, &row, m->err));
    if (memcmp(row.grant, m->grant, 32) != 0) {
        return SY_OK;
    }
    struct runs *r = runs_of(m, row.model);
    if (r == NULL) {
        SY_TRY(new_runs(m, row.model, &r));
    }
    r->n++;
    m->ret->runs++;
    return SY_OK;
}

/* ---- what is read ---- */

static struct sy_meter_dataset *measured(struct sy_meter *r, struct sy_view dataset)
{
    for (size_t i = 0; i < r->n_datasets; i++) {
        if (sy_view_eq(r->datasets[i].dataset, dataset)) {
            return &r->datasets[i];
        }
    }
    return NULL;
}

static void add_reads(struct sy_meter *r, const struct sy_row_reads *reads, uint64_t runs)
{
    struct sy_meter_dataset *d = measured(r, reads->dataset);
    for (size_t i = 0; d != NULL && i < d->n_fields; i++) {
        struct sy_meter_field *f = &d->fields[i];
        if (view_in(f->name, reads->fields, reads->n_fields)) {
            d->read += f->models == 0;
            d->ran += f->runs == 0 && runs > 0;
            f->models++;
            f->runs += runs;
        }
    }
}

static sy_status add_model(struct metering *m, struct sy_view value)
{
    SY_ARENA_CLEANUP struct sy_arena scratch = {0};
    struct sy_row_model row;
    uint8_t id[32];
    SY_TRY(sy_record_decode(&sy_row_model_desc, value, &SY_MP_LARGE, &scratch, &row, m->err));
    if (memcmp(row.grant, m->grant, 32) != 0 || !sy_view_is(row.status, "approved")) {
        return SY_OK;
    }
    proof_model_id(id, row.grant, row.plan, row.def);
    const struct runs *r = runs_of(m, id);
    for (size_t i = 0; i < row.n_reads; i++) {
        add_reads(m->ret, &row.reads[i], r == NULL ? 0 : r->n);
    }
    m->ret->models++;
    return SY_OK;
}

static sy_status each_row(struct metering *m, const char *prefix,
                          sy_status (*add)(struct metering *, struct sy_view))
{
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(m->state, sy_view_str(prefix), key, &key, &value)) {
        SY_TRY(add(m, value));
    }
    return SY_OK;
}

sy_status rules_meter(const struct rules_state *s, const uint8_t id[32], struct sy_arena *arena,
                      struct sy_meter *ret, struct sy_error *reterr)
{
    struct sy_meter r = {0};
    struct metering m = {.state = s, .grant = id, .arena = arena, .ret = &r, .err = reterr};
    *ret = r;
    SY_TRY(fill_granted(&m));
    SY_TRY(each_row(&m, "charge/", add_charge));
    SY_TRY(each_row(&m, "model/", add_model));
    *ret = r;
    return SY_OK;
}

sy_status decide_meter(struct ask *c)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(c->state, c->req->header.grant, c->arena, &g, &p, c->err));
    return grant_concerns_asker(c, &g, &p);
}
