/* Models and jobs on the worlds of test_world.h: lowering, column bytes, runs. */
#include "test_world.h"

#include <stdlib.h>

#include "src/engine_internal.h"

static struct sy_view world_digests[] = {
    V("11111111111111111111111111111111"), V("22222222222222222222222222222222"),
    V("33333333333333333333333333333333"), V("44444444444444444444444444444444"),
    V("55555555555555555555555555555555")};

struct engine *world_engine(void)
{
    static struct engine *e;
    if (e == NULL) {
        check_ok(engine_duckdb.open(&e));
    }
    return e;
}

/* Bounds that do not bind, where the model sets none. */
static struct sy_model_block filled(struct sy_model_block b)
{
    bool exact = sy_view_is(b.mechanism, "exact");
    b.mechanism = b.mechanism.n == 0 ? sy_view_str("gauss") : b.mechanism;
    b.groups = b.groups == 0 ? 100000 : b.groups;
    b.rows = b.rows == 0 ? 4096 : b.rows;
    b.rho = b.rho == 0 && !exact ? 1000 : b.rho;
    return b;
}

struct sy_lower_result world_lower(const struct world_model *m, struct sy_arena *arena)
{
    struct sy_lower_job job = {.datasets = world_defs,
                               .n_datasets = WORLD_DATASETS,
                               .defs = world_digests,
                               .n_defs = WORLD_DATASETS};
    struct sy_lower_result r;
    const char *mechanism = m->mechanism == NULL ? "" : m->mechanism;
    struct sy_model_block one = {.name = sy_view_str("main"),
                                 .sql = sy_view_str(m->sql == NULL ? "" : m->sql),
                                 .mechanism = sy_view_str(mechanism),
                                 .groups = m->groups,
                                 .rows = m->rows,
                                 .delta = 1}; /* for keys without declared values */
    const struct sy_model_block *blocks = m->blocks == NULL ? &one : m->blocks;
    job.model.n_blocks = m->blocks == NULL ? 1 : m->n_blocks;
    job.model.blocks = sy_arena_alloc(arena, job.model.n_blocks + 1, sizeof *job.model.blocks);
    assert_non_null(job.model.blocks);
    for (size_t i = 0; i < job.model.n_blocks; i++) {
        job.model.blocks[i] = filled(blocks[i]);
    }
    job.model.post = sy_view_str(m->post == NULL ? "" : m->post);
    job.model.params = m->params;
    job.model.n_params = m->n_params;
    check_ok(worker_lower(&job, engine_duckdb.parse, world_engine(), arena, &r));
    return r;
}

static const struct world_column *world_source(struct world *w, struct sy_view dataset,
                                               struct sy_view field, size_t *n)
{
    struct world_table t[WORLD_DATASETS];
    world_tables(w, t);
    for (size_t i = 0; i < WORLD_DATASETS; i++) {
        for (size_t k = 0; sy_view_is(dataset, t[i].dataset) && k < t[i].n_columns; k++) {
            if (sy_view_is(field, t[i].c[k].field)) {
                *n = *t[i].n;
                return &t[i].c[k];
            }
        }
    }
    fail();
    return NULL;
}

const struct sy_field_def *world_field(struct sy_view dataset, struct sy_view field)
{
    for (size_t i = 0; i < WORLD_DATASETS; i++) {
        for (size_t k = 0; sy_view_eq(world_defs[i].id, dataset) && k < world_defs[i].n_fields;
             k++) {
            if (sy_view_eq(world_defs[i].fields[k].name, field)) {
                return &world_defs[i].fields[k];
            }
        }
    }
    fail();
    return NULL;
}

static uint64_t world_width(struct sy_view type)
{
    return sy_view_is(type, "bool") || sy_view_is(type, "enum")       ? 1
           : sy_view_is(type, "int64") || sy_view_is(type, "decimal") ? 8
                                                                      : 4;
}

/* Values and NULL bitmap of a column, in the layout of wire/job.h. */
static struct sy_view world_bytes(const struct world_column *c, size_t n, uint64_t width,
                                  bool nulls, struct sy_arena *arena)
{
    size_t at = (width * n + 63) & ~(size_t)63;
    size_t size = nulls && n != 0 ? at + (n + 7) / 8 : width * n;
    uint8_t *p = sy_arena_alloc(arena, size + 64, 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        if (c->v[i] != WORLD_NULL) {
            memcpy(p + i * width, &c->v[i], width); /* little-endian */
        } else {
            assert_true(nulls);
            p[at + i / 8] |= (uint8_t)(1u << i % 8);
        }
    }
    return sy_view(p, size);
}

static void world_column_of(struct world *w, struct world_run *r, uint64_t scan,
                            struct sy_view field, struct sy_arena *arena)
{
    struct sy_view dataset = r->def.plan.rels[scan].source;
    const struct sy_field_def *f = world_field(dataset, field);
    size_t i = r->def.n_columns++;
    size_t n;
    const struct world_column *c = world_source(w, dataset, field, &n);
    r->def.columns[i] = (struct sy_run_column){.scan = scan,
                                               .field = field,
                                               .type = f->type,
                                               .nulls = f->nullable,
                                               .rows = n,
                                               .width = world_width(f->type)};
    if (sy_view_is(f->type, "text")) {
        r->def.columns[i].dict = w->dict;
        r->def.columns[i].n_dict = w->n_dict;
    }
    struct sy_view bytes = world_bytes(c, n, r->def.columns[i].width, f->nullable, arena);
    check_ok(engine_column_bytes(&r->def, i, bytes, &r->columns[i]));
}

/* The selection or record keys of a namespace, once. */
static void world_keys(const struct world *w, struct world_run *r, struct sy_view ns,
                       struct sy_view type)
{
    for (size_t i = 0; i < r->def.n_columns; i++) {
        if (sy_view_eq(r->def.columns[i].type, type) && sy_view_eq(r->def.columns[i].ns, ns)) {
            return;
        }
    }
    if (ns.n == 0) {
        return;
    }
    size_t i = r->def.n_columns++;
    r->def.columns[i] =
        (struct sy_run_column){.type = type, .ns = ns, .rows = WORLD_UNITS, .width = 8};
    check_ok(engine_column_bytes(&r->def, i, sy_view(w->keys, sizeof w->keys), &r->columns[i]));
}

/* Units of other namespaces that a block may count as values: of all that its datasets refer to. */
static void value_keys(struct world *w, struct world_run *r, const struct sy_plan_block *b)
{
    bool distinct = false;
    for (size_t i = 0; b->ns.n != 0 && i < b->n_figures; i++) {
        distinct = distinct || sy_view_is(b->figures[i].fn, "distinct");
    }
    for (size_t i = 0; distinct && i < WORLD_DATASETS; i++) {
        for (size_t k = 0; k < world_defs[i].n_fields; k++) {
            if (sy_view_is(world_defs[i].fields[k].type, "unit")) {
                world_keys(w, r, world_defs[i].fields[k].ref, sy_view_str("key"));
            }
        }
    }
}

void world_columns(struct world *w, const struct sy_plan *plan, struct world_run *r,
                   struct sy_arena *arena)
{
    memset(r, 0, sizeof *r);
    r->def.plan = *plan;
    r->def.cells_max = SY_PLAN_CELLS_MAX;
    r->def.datasets = world_defs;
    r->def.n_datasets = WORLD_DATASETS;
    r->def.columns = sy_arena_alloc(arena, 64, sizeof *r->def.columns);
    r->columns = sy_arena_alloc(arena, 64, sizeof *r->columns);
    for (size_t i = 0; i < plan->n_rels; i++) {
        const struct sy_plan_rel *rel = &plan->rels[i];
        for (size_t k = 0; sy_view_is(rel->op, "scan") && k < rel->n_names; k++) {
            world_column_of(w, r, i, rel->names[k], arena);
        }
    }
    for (size_t i = 0; i < plan->n_blocks; i++) {
        bool cellkey = sy_view_is(plan->blocks[i].mechanism, "cellkey");
        world_keys(w, r, plan->blocks[i].ns, sy_view_str(cellkey ? "record" : "key"));
        value_keys(w, r, &plan->blocks[i]);
    }
}

void world_job(struct world *w, struct sy_view plan, struct world_run *r, struct sy_arena *arena)
{
    struct sy_plan decoded;
    struct sy_error err = {0};
    check_ok(sy_record_decode(&sy_plan_desc, plan, &SY_MP_REQUEST, arena, &decoded, &err));
    world_columns(w, &decoded, r, arena);
}

static struct engine_job world_open(struct world_run *r, const uint64_t *params,
                                    struct sy_arena *arena)
{
    struct sy_error err = {0};
    r->def.params = (uint64_t *)(uintptr_t)params;
    r->def.n_params = r->def.plan.n_params;
    check_ok(engine_check_job(&r->def));
    if (!sy_ok(sy_plan_type(&r->def.plan, world_defs, WORLD_DATASETS, arena, &r->types, &err))) {
        fail_msg("%s: %s", err.field, err.reason);
    }
    return (struct engine_job){.def = &r->def, .types = &r->types, .columns = r->columns};
}

void world_run_job(struct world_run *r, const uint64_t *params, struct sy_arena *arena)
{
    struct engine_job job = world_open(r, params, arena);
    check_ok(engine_duckdb.run(world_engine(), &job, arena, &r->result));
}

void world_run_many(struct world_run *r, const uint64_t *params, size_t n_worlds,
                    struct sy_run_block **ret, struct sy_arena *arena)
{
    struct engine_job job = world_open(r, params, arena);
    job.worlds_units = WORLD_UNITS;
    check_ok(engine_duckdb_worlds(world_engine(), &job, n_worlds, arena, ret));
}

void world_ask(struct world *w, const struct world_model *m, const uint64_t *params,
               struct world_run *r, struct sy_arena *arena)
{
    struct sy_lower_result lowered = world_lower(m, arena);
    if (lowered.plan.n == 0) {
        print_error("%s\n%.*s: %.*s at %llu: %.*s: %.*s\n", m->sql == NULL ? "" : m->sql,
                    SY_PV(lowered.block), SY_PV(lowered.code), (unsigned long long)lowered.pos,
                    SY_PV(lowered.construct), SY_PV(lowered.reason));
        fail();
    }
    world_job(w, lowered.plan, r, arena);
    world_run_job(r, params, arena);
}
