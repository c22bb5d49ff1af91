/* The worlds of test_world.h: catalogue, random rows, column bytes, jobs. */
#include "test_world.h"

#include <stdlib.h>

static struct sy_view world_towns[] = {V("north"), V("south"), V("east")};
static struct sy_view world_events[] = {V("htn"), V("diabetes"), V("mi"), V("ckd")};

static struct sy_field_def world_person_fields[] = {
    {.name = V("id"), .type = V("unit"), .ref = V("person"), .grade = 3},
    {.name = V("male"), .type = V("bool"), .grade = 2},
    {.name = V("age"), .type = V("int32"), .lo = 0, .hi = 120, .grade = 2, .nullable = true},
    {.name = V("bmi"),
     .type = V("decimal"),
     .scale = 1,
     .lo = 100,
     .hi = 800,
     .grade = 3,
     .nullable = true},
    {.name = V("birth"), .type = V("date"), .lo = -25567, .hi = 18262, .grade = 3},
    {.name = V("town"), .type = V("enum"), .values = world_towns, .n_values = 3, .grade = 2},
};
static struct sy_field_def world_event_fields[] = {
    {.name = V("id"), .type = V("unit"), .ref = V("person"), .grade = 3, .nullable = true},
    {.name = V("event"),
     .type = V("enum"),
     .values = world_events,
     .n_values = 4,
     .grade = 3,
     .nullable = true},
    {.name = V("day"), .type = V("date"), .lo = 0, .hi = 18262, .grade = 3},
    {.name = V("cost"),
     .type = V("int64"),
     .lo = -1000,
     .hi = 100000,
     .grade = 3,
     .nullable = true},
    {.name = V("note"), .type = V("text"), .grade = 3, .nullable = true},
};
static struct sy_field_def world_town_fields[] = {
    {.name = V("town"), .type = V("enum"), .values = world_towns, .n_values = 3, .grade = 1},
    {.name = V("pop"), .type = V("int32"), .lo = 0, .hi = 1000000, .grade = 1},
    {.name = V("coast"), .type = V("bool"), .grade = 1},
};
struct sy_dataset_def world_defs[WORLD_DATASETS] = {
    {.id = V("persons"),
     .department = V("d"),
     .encoding = V("utf-8"),
     .fields = world_person_fields,
     .n_fields = 6,
     .max_rows = 20000000,
     .membership = 2,
     .ns = V("person"),
     .unit = V("id")},
    {.id = V("events"),
     .department = V("d"),
     .encoding = V("utf-8"),
     .fields = world_event_fields,
     .n_fields = 5,
     .max_rows = 20000000,
     .membership = 3,
     .ns = V("person"),
     .unit = V("id")},
    {.id = V("towns"),
     .department = V("d"),
     .encoding = V("utf-8"),
     .fields = world_town_fields,
     .n_fields = 3,
     .max_rows = 1000,
     .membership = 1},
};
static struct sy_view world_digests[] = {V("11111111111111111111111111111111"),
                                         V("22222222222222222222222222222222"),
                                         V("33333333333333333333333333333333")};

uint64_t world_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int64_t world_pick(uint64_t *state, int64_t lo, int64_t hi)
{
    return lo + (int64_t)(world_random(state) % (uint64_t)(hi - lo + 1));
}

/* One in `one_in` is NULL. */
static int64_t world_maybe(uint64_t *state, int64_t lo, int64_t hi, uint64_t one_in)
{
    return world_random(state) % one_in == 0 ? WORLD_NULL : world_pick(state, lo, hi);
}

void world_fill(struct world *w, uint64_t seed, size_t n_units, size_t n_events)
{
    static const char *const person[] = {"id", "male", "age", "bmi", "birth", "town"};
    static const char *const event[] = {"id", "event", "day", "cost", "note"};
    static const char *const town[] = {"town", "pop", "coast"};
    static const struct sy_view notes[] = {V("fall"), V("burn"), V("rash"), V("gout"), V("odd")};
    uint64_t s = seed;
    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < 6; i++) {
        w->person[i].field = person[i];
        w->event[i < 5 ? i : 0].field = event[i < 5 ? i : 0];
        w->town[i < 3 ? i : 0].field = town[i < 3 ? i : 0];
    }
    w->n_persons = n_units;
    w->n_events = n_events;
    w->n_towns = 3;
    for (size_t i = 0; i < n_units; i++) {
        w->person[0].v[i] = (int64_t)i;
        w->person[1].v[i] = world_pick(&s, 0, 1);
        w->person[2].v[i] = world_maybe(&s, 0, 120, 8);
        w->person[3].v[i] = world_maybe(&s, 100, 800, 8);
        w->person[4].v[i] = world_pick(&s, -25567, 18262);
        w->person[5].v[i] = world_pick(&s, 0, 2);
    }
    for (size_t i = 0; i < n_events; i++) { /* skewed: some units have very many rows */
        int64_t u = world_pick(&s, 0, (int64_t)n_units - 1);
        w->event[0].v[i] = world_random(&s) % 10 == 0 ? WORLD_NULL : u * u / (int64_t)n_units;
        w->event[1].v[i] = world_maybe(&s, 0, 3, 9);
        w->event[2].v[i] = world_pick(&s, 0, 18262);
        w->event[3].v[i] = world_maybe(&s, -1000, 100000, 7);
        w->event[4].v[i] = world_maybe(&s, 0, 4, 6);
    }
    for (size_t i = 0; i < 3; i++) {
        w->town[0].v[i] = (int64_t)i;
        w->town[1].v[i] = (int64_t)(100 * (i + 1));
        w->town[2].v[i] = (int64_t)(i % 2);
    }
    memcpy(w->dict, notes, sizeof notes);
    w->n_dict = 5;
    for (size_t i = 0; i < WORLD_UNITS; i++) {
        w->keys[i] = world_random(&s);
    }
}

/* Drop every row of a unit from a table whose unit is column 0. */
static size_t world_drop(struct world_column *c, size_t n_columns, size_t n, int64_t unit)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (c[0].v[i] == unit) {
            continue;
        }
        for (size_t k = 0; k < n_columns; k++) {
            c[k].v[kept] = c[k].v[i];
        }
        kept++;
    }
    return kept;
}

void world_without(struct world *w, int64_t unit)
{
    w->n_persons = world_drop(w->person, 6, w->n_persons, unit);
    w->n_events = world_drop(w->event, 5, w->n_events, unit);
}

struct engine *world_engine(void)
{
    static struct engine *e;
    if (e == NULL) {
        check_ok(engine_duckdb.open(&e));
    }
    return e;
}

struct sy_lower_result world_lower(const struct world_model *m, struct sy_arena *arena)
{
    struct sy_lower_job job = {
        .datasets = world_defs, .n_datasets = 3, .defs = world_digests, .n_defs = 3};
    struct sy_lower_result r;
    job.model.sql = sy_view_str(m->sql);
    job.model.mechanism = sy_view_str(m->mechanism == NULL ? "gauss" : m->mechanism);
    job.model.groups = m->groups == 0 ? 100000 : m->groups;
    job.model.rows = m->rows == 0 ? 4096 : m->rows;
    job.model.rho = 1000;
    job.model.params = m->params;
    job.model.n_params = m->n_params;
    check_ok(worker_lower(&job, engine_duckdb.parse, world_engine(), arena, &r));
    return r;
}

static const struct world_column *world_source(const struct world *w, struct sy_view dataset,
                                               struct sy_view field, size_t *n)
{
    bool person = sy_view_is(dataset, "persons");
    bool event = sy_view_is(dataset, "events");
    const struct world_column *c = person ? w->person : event ? w->event : w->town;
    *n = person ? w->n_persons : event ? w->n_events : w->n_towns;
    while (!sy_view_is(field, c->field)) {
        c++;
    }
    return c;
}

const struct sy_field_def *world_field(struct sy_view dataset, struct sy_view field)
{
    for (size_t i = 0; i < 3; i++) {
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

void world_job(struct world *w, struct sy_view plan, struct world_run *r, struct sy_arena *arena)
{
    struct sy_error err = {0};
    memset(r, 0, sizeof *r);
    check_ok(sy_record_decode(&sy_plan_desc, plan, &SY_MP_REQUEST, arena, &r->def.plan, &err));
    r->def.cells_max = SY_PLAN_CELLS_MAX;
    r->def.datasets = world_defs;
    r->def.n_datasets = 3;
    r->def.columns = sy_arena_alloc(arena, 64, sizeof *r->def.columns);
    r->columns = sy_arena_alloc(arena, 64, sizeof *r->columns);
    for (size_t i = 0; i < r->def.plan.n_rels; i++) {
        const struct sy_plan_rel *rel = &r->def.plan.rels[i];
        for (size_t k = 0; sy_view_is(rel->op, "scan") && k < rel->n_names; k++) {
            world_column_of(w, r, i, rel->names[k], arena);
        }
    }
    size_t i = r->def.n_columns++;
    r->def.columns[i] = (struct sy_run_column){.type = V("key"), .rows = WORLD_UNITS, .width = 8};
    check_ok(engine_column_bytes(&r->def, i, sy_view(w->keys, sizeof w->keys), &r->columns[i]));
}

void world_run_job(struct world_run *r, const uint64_t *params, struct sy_arena *arena)
{
    struct sy_error err = {0};
    r->def.params = (uint64_t *)(uintptr_t)params;
    r->def.n_params = r->def.plan.n_params;
    check_ok(engine_check_job(&r->def));
    check_ok(sy_plan_type(&r->def.plan, world_defs, 3, arena, &r->types, &err));
    struct engine_job job = {&r->def, &r->types, r->columns};
    check_ok(engine_duckdb.run(world_engine(), &job, arena, &r->result));
}

void world_ask(struct world *w, const struct world_model *m, const uint64_t *params,
               struct world_run *r, struct sy_arena *arena)
{
    struct sy_lower_result lowered = world_lower(m, arena);
    if (lowered.plan.n == 0) {
        print_error("%s\n%.*s at %llu: %.*s: %.*s\n", m->sql, SY_PV(lowered.code),
                    (unsigned long long)lowered.pos, SY_PV(lowered.construct),
                    SY_PV(lowered.reason));
        fail();
    }
    world_job(w, lowered.plan, r, arena);
    world_run_job(r, params, arena);
}
