#include "asking.h"

#include <string.h>

#include "check.h"
#include "cli/compile.h"
#include "wire/mask.h"

static void *take(struct sy_arena *a, size_t n, size_t size)
{
    void *p = sy_arena_alloc(a, n + 1, size);
    assert_non_null(p);
    return p;
}

/* --- a grant of everything ------------------------------------------------------------------------ */

static void grant_all(struct bench *b)
{
    static struct sy_view mechanisms[] = {{(const uint8_t *)"gauss", 5},
                                          {(const uint8_t *)"laplace", 7},
                                          {(const uint8_t *)"exact", 5}};
    struct sy_proposal *p = &b->proposal;
    p->mechanisms = mechanisms;
    p->n_mechanisms = 3;
    p->datasets = take(&b->arena, b->ts->n_defs, sizeof *p->datasets);
    p->n_datasets = b->ts->n_defs;
    for (size_t i = 0; i < b->ts->n_defs; i++) {
        const struct sy_dataset_def *def = &b->ts->defs[i];
        struct sy_prop_dataset *d = &p->datasets[i];
        d->dataset = def->id;
        d->fields = take(&b->arena, def->n_fields, sizeof *d->fields);
        d->n_fields = def->n_fields;
        for (size_t k = 0; k < def->n_fields; k++) {
            d->fields[k].name = def->fields[k].name;
        }
    }
}

void bench_open(struct bench *b, struct tables *ts, const char *pack)
{
    static const uint8_t digest[32];
    struct sy_error e = {0};
    *b = (struct bench){.ts = ts};
    if (!sy_ok(cli_compile_pack(pack, &b->arena, &b->pack, &e))) {
        fail_msg("%s", e.reason);
    }
    grant_all(b);
    b->defs = (struct rules_defs){.defs = ts->defs, .n = ts->n_defs};
    b->defs.digests = take(&b->arena, ts->n_defs, sizeof *b->defs.digests);
    for (size_t i = 0; i < ts->n_defs; i++) {
        b->defs.digests[i] = digest;
    }
    check_ok(engine_duckdb.open(&b->engine));
    check_ok(engine_duckdb.prepare(b->engine, 1, (uint64_t)4 << 30));
}

void bench_close(struct bench *b)
{
    engine_duckdb.close(b->engine);
    sy_arena_deinit(&b->arena);
}

/* --- lowering and checking ------------------------------------------------------------------------ */

static void lower(struct bench *b, const struct sy_model_def *model, struct asking *a)
{
    struct sy_lower_job job = {
        .model = *model, .datasets = b->ts->defs, .n_datasets = b->ts->n_defs};
    job.defs = take(&a->arena, b->ts->n_defs, sizeof *job.defs);
    job.n_defs = b->ts->n_defs;
    for (size_t i = 0; i < job.n_defs; i++) {
        job.defs[i] = sy_view(b->defs.digests[i], 32);
    }
    check_ok(worker_lower(&job, engine_duckdb.parse, b->engine, &a->arena, &a->lowered));
}

bool ask_check(struct bench *b, const struct sy_model_def *model, struct asking *a)
{
    *a = (struct asking){.arena = {.ceiling = (size_t)4 << 30}};
    lower(b, model, a);
    if (a->lowered.plan.n == 0) {
        return false;
    }
    check_ok(sy_record_decode(&sy_plan_desc, a->lowered.plan, &SY_MP_REQUEST, &a->arena, &a->plan,
                              NULL));
    struct rules_plan_case c = {&a->plan, &b->defs, &b->pack, &b->proposal};
    sy_status s = rules_plan_check(&c, &a->arena, &a->facts, &a->refused);
    if (!sy_ok(s)) {
        return false;
    }
    check_ok(sy_plan_type(&a->plan, b->ts->defs, b->ts->n_defs, &a->arena, &a->types, &a->refused));
    return true;
}

const char *ask_code(const struct asking *a)
{
    static char text[64];
    if (a->lowered.plan.n == 0) {
        return sy_view_to_cstr(a->lowered.code, text, sizeof text), text;
    }
    return a->refused.code == 0 ? "accepted" : sy_code_name(a->refused.code);
}

/* --- columns -------------------------------------------------------------------------------------- */

/* Values and NULL bitmap in the layout of wire/job.h. */
static struct sy_view column_bytes(struct asking *a, const int64_t *v, size_t n, uint64_t width,
                                   bool nulls)
{
    size_t at = (width * n + 63) & ~(size_t)63;
    size_t size = nulls && n != 0 ? at + (n + 7) / 8 : width * n;
    uint8_t *p = take(&a->arena, size + 64, 1);
    for (size_t i = 0; i < n; i++) {
        if (v[i] != CELL_NULL) {
            memcpy(p + i * width, &v[i], width); /* little-endian */
        } else {
            assert_true(nulls);
            p[at + i / 8] |= (uint8_t)(1u << i % 8);
        }
    }
    return sy_view(p, size);
}

static void feed_column(struct bench *b, struct asking *a, size_t scan, struct sy_view name)
{
    const struct table *t = tables_find(b->ts, a->plan.rels[scan].source);
    const struct sy_field_def *f = tables_field(t->def, name);
    size_t k = (size_t)(f - t->def->fields), i = a->job.n_columns++;
    a->job.columns[i] = (struct sy_run_column){.scan = scan,
                                               .field = name,
                                               .type = f->type,
                                               .nulls = f->nullable,
                                               .rows = t->n_rows,
                                               .width = sy_field_width(f)};
    if (sy_view_is(f->type, "text")) {
        a->job.columns[i].dict = t->texts[k].texts;
        a->job.columns[i].n_dict = t->texts[k].n;
    }
    struct sy_view bytes =
        column_bytes(a, t->cols[k], t->n_rows, a->job.columns[i].width, f->nullable);
    check_ok(engine_column_bytes(&a->job, i, bytes, &a->columns[i]));
}

uint64_t ask_key(const struct bench *b, struct sy_view ns, uint64_t unit)
{
    uint64_t z = b->seed + unit * UINT64_C(0x9E3779B97F4A7C15) + ns.n;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static bool has_key(const struct asking *a, struct sy_view ns)
{
    for (size_t i = 0; i < a->job.n_columns; i++) {
        if (a->job.columns[i].field.n == 0 && sy_view_eq(a->job.columns[i].ns, ns)) {
            return true;
        }
    }
    return false;
}

static void feed_keys(struct bench *b, struct asking *a, struct sy_view ns)
{
    if (ns.n == 0 || has_key(a, ns)) {
        return;
    }
    size_t n = tables_space(b->ts, ns)->ids.n, i = a->job.n_columns++;
    uint64_t *keys = take(&a->arena, n, sizeof *keys);
    for (size_t u = 0; u < n; u++) {
        keys[u] = ask_key(b, ns, u);
    }
    a->job.columns[i] =
        (struct sy_run_column){.type = sy_view_str("key"), .ns = ns, .rows = n, .width = 8};
    check_ok(engine_column_bytes(&a->job, i, sy_view(keys, n * 8), &a->columns[i]));
}

/* Units of other namespaces that a figure counts as values. */
static void feed_value_keys(struct bench *b, struct asking *a, size_t block)
{
    const struct rules_block_facts *k = &a->facts.blocks[block];
    for (size_t i = 0; i < k->n_figures; i++) {
        feed_keys(b, a, k->figures[i].values_ns);
    }
}

void ask_feed(struct bench *b, struct asking *a)
{
    size_t most = a->plan.n_blocks;
    for (size_t i = 0; i < a->plan.n_blocks; i++) {
        most += a->plan.blocks[i].n_figures;
    }
    for (size_t i = 0; i < a->plan.n_rels; i++) {
        most += a->plan.rels[i].n_names;
    }
    a->job = (struct sy_run_job){.plan = a->plan,
                                 .cells_max = 1 << 20,
                                 .datasets = b->ts->defs,
                                 .n_datasets = b->ts->n_defs};
    a->job.columns = take(&a->arena, most, sizeof *a->job.columns);
    a->columns = take(&a->arena, most, sizeof *a->columns);
    for (size_t i = 0; i < a->plan.n_rels; i++) {
        const struct sy_plan_rel *r = &a->plan.rels[i];
        for (size_t k = 0; sy_view_is(r->op, "scan") && k < r->n_names; k++) {
            feed_column(b, a, i, r->names[k]);
        }
    }
    for (size_t i = 0; i < a->plan.n_blocks; i++) {
        feed_keys(b, a, a->plan.blocks[i].ns);
        feed_value_keys(b, a, i);
    }
}

void ask_run(struct bench *b, struct asking *a, const uint64_t *params)
{
    a->job.plan = a->plan;
    a->job.params = (uint64_t *)(uintptr_t)params;
    a->job.n_params = a->plan.n_params;
    check_ok(engine_check_job(&a->job));
    struct engine_job job = {.def = &a->job, .types = &a->types, .columns = a->columns};
    check_ok(engine_duckdb.run(b->engine, &job, &a->arena, &a->result));
}

void ask_end(struct asking *a)
{
    sy_arena_deinit(&a->arena);
}
